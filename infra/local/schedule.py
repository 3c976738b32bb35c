"""When a scheduled function runs: EventBridge's ``rate(...)`` and six-field ``cron(...)``, pure.

Comes in: the expression as the app has it, and a moment. Goes out: the next moment, in UTC. ``L``, ``W`` and ``#`` of
EventBridge's cron are refused by name; everything else of both forms is understood.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

_RATE = re.compile(r"rate\(([1-9]\d*) (minute|hour|day)(s?)\)")
_CRON = re.compile(r"cron\((.+)\)")
_UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}
_MONTHS = {name: number for number, name in enumerate("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split(), 1)}
_DAYS = {name: number for number, name in enumerate("SUN MON TUE WED THU FRI SAT".split(), 1)}
_YEARS = range(1970, 2200)
_STEP = re.compile(r"(?P<first>\*|\w+)(?:-(?P<last>\w+))?(?:/(?P<step>\d+))?")


@dataclass(frozen=True, slots=True)
class Rate:
    """Every ``interval``, counted from the start."""

    interval: timedelta

    def next_after(self, moment: datetime) -> datetime | None:
        return moment + self.interval


@dataclass(frozen=True, slots=True)
class Cron:
    """The sets of values of each field; ``weekdays`` has 1 for Sunday. None where the field says ``?``."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int] | None
    months: frozenset[int]
    weekdays: frozenset[int] | None
    years: frozenset[int]

    def next_after(self, moment: datetime) -> datetime | None:
        """The first matching minute after ``moment``, or None when there will be none."""
        earliest = moment.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
        times = [time(hour, minute, tzinfo=UTC) for hour in sorted(self.hours) for minute in sorted(self.minutes)]
        day = earliest.date()
        while day.year <= max(self.years):
            if self._runs_on(day):
                for at in times:
                    candidate = datetime.combine(day, at)
                    if candidate >= earliest:
                        return candidate
            day += timedelta(days=1)
        return None

    def _runs_on(self, day: date) -> bool:
        return (
            day.year in self.years
            and day.month in self.months
            and (self.days is None or day.day in self.days)
            and (self.weekdays is None or day.isoweekday() % 7 + 1 in self.weekdays)
        )


def parse_schedule(expression: str) -> Rate | Cron:
    """Read ``rate(5 minutes)`` or ``cron(0 8 ? * MON-FRI *)``.

    Raises:
        ValueError: the expression is not one EventBridge would take, or uses ``L``, ``W`` or ``#``.
    """
    rate = _RATE.fullmatch(expression)
    if rate and (rate[1] != "1") == bool(rate[3]):
        return Rate(int(rate[1]) * _UNITS[rate[2]])
    cron = _CRON.fullmatch(expression)
    fields = cron[1].split() if cron else []
    if len(fields) != 6:
        raise ValueError(f"{expression!r} is neither rate(VALUE UNIT) nor cron() with six fields.")
    minutes, hours, days, months, weekdays, years = fields
    if (days == "?") == (weekdays == "?"):
        raise ValueError(f"{expression!r} must say ? for either the day of the month or the day of the week.")
    return Cron(
        minutes=_values(minutes, range(60)),
        hours=_values(hours, range(24)),
        days=None if days == "?" else _values(days, range(1, 32)),
        months=_values(months, range(1, 13), _MONTHS),
        weekdays=None if weekdays == "?" else _values(weekdays, range(1, 8), _DAYS),
        years=_values(years, _YEARS),
    )


def _values(text: str, allowed: range, names: Mapping[str, int] | None = None) -> frozenset[int]:
    return frozenset(value for part in text.split(",") for value in _part(part, allowed, names or {}))


def _part(text: str, allowed: range, names: Mapping[str, int]) -> range:
    found = _STEP.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is not understood in a cron expression (L, W and # are not).")
    first_text, last_text, step_text = found["first"], found["last"], found["step"]
    first = allowed[0] if first_text == "*" else _value(first_text, allowed, names)
    if last_text:
        last = _value(last_text, allowed, names)
    else:
        last = allowed[-1] if first_text == "*" or step_text else first
    step = int(step_text or 1)
    if step == 0 or last < first:
        raise ValueError(f"{text!r} covers nothing in a cron expression.")
    return range(first, last + 1, step)


def _value(text: str, allowed: range, names: Mapping[str, int]) -> int:
    value = names.get(text.upper()) or (int(text) if text.isdecimal() else -1)
    if value not in allowed:
        raise ValueError(f"{text!r} is not understood in a cron expression (L, W and # are not).")
    return value
