"""What dates and spans mean: a half-open window of moments in UTC.

A date without a time is a whole day in the condition's time zone; a datetime without an offset is read in that zone.
Minutes to weeks are so many seconds, months and years go by the calendar of the zone, the 31st becoming the last day
of a shorter month.
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

_ISO = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[Tt ](?P<time>[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,9})?)?)(?P<zone>[Zz]|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_TICK = timedelta(microseconds=1)
"""The finest step of a stored moment: "up to and with" is "before the next tick"."""

SECONDS = {"minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}
MONTHS = {"month": 1, "year": 12}
UNITS = (*SECONDS, *MONTHS)

LONGEST_SPAN = 1_000_000


class NoMoment(ValueError):
    """The text is no date, or there is no such day or time. ``str(error)`` is fit for a person."""


@dataclass(frozen=True, slots=True)
class Window:
    """Moments from ``start`` on and before ``end``, both in UTC; None is open."""

    start: datetime | None
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Named:
    """The moment or the whole day that a text names: from ``start`` on, before ``end``; None ends with the calendar."""

    start: datetime
    end: datetime | None


END = datetime.max.replace(tzinfo=UTC)
"""The last moment there is."""


def read_moment(text: str, zone: ZoneInfo) -> Named:
    """What an ISO text names. Raises NoMoment."""
    found = _ISO.fullmatch(text.strip())
    if not found:
        raise NoMoment("is no date: write it like 2026-12-31 or 2026-12-31T18:30:00+01:00")
    try:
        if found["time"] is None:
            day = date.fromisoformat(found["day"])
            return Named(_start_of(day, zone), _end_of(day, zone))
        moment = _moment(found, zone)
    except (ValueError, OverflowError) as impossible:
        raise NoMoment("is no date: there is no such day or time") from impossible
    return Named(moment, _after(moment))


def day_around(moment: datetime, zone: ZoneInfo) -> Window:
    """The whole day of the zone that a moment lies in. Raises NoMoment at the ends of the calendar."""
    try:
        day = moment.astimezone(zone).date()
        return Window(_start_of(day, zone), _end_of(day, zone))
    except OverflowError as impossible:
        raise NoMoment("is no date: its day lies outside the calendar") from impossible


def last(count: int, unit: str, zone: ZoneInfo, now: datetime) -> Window:
    """From ``count`` units ago, that moment left out, up to and with now."""
    return Window(_next_tick(_shifted(now, -count, unit, zone)), _after(now.astimezone(UTC)))


def coming(count: int, unit: str, zone: ZoneInfo, now: datetime) -> Window:
    """From now up to and with the moment ``count`` units ahead."""
    return Window(now.astimezone(UTC), _next_tick(_shifted(now, count, unit, zone)))


def iso_text(moment: datetime) -> str:
    """A moment as stored datetimes write theirs, without the Z: texts then compare as their moments do."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat()


def _moment(found: re.Match[str], zone: ZoneInfo) -> datetime:
    """The named moment in UTC."""
    offset = (found["zone"] or "").upper().replace("Z", "+00:00").replace(":", "")
    local = datetime.fromisoformat(
        f"{found['day']}T{found['time'].replace(',', '.')}{offset[:3]}{offset[3:] and ':'}{offset[3:]}"
    )
    return (local if local.tzinfo else local.replace(tzinfo=zone)).astimezone(UTC)


def _start_of(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def _end_of(day: date, zone: ZoneInfo) -> datetime | None:
    return _start_of(day + timedelta(days=1), zone) if day < date.max else None


def _next_tick(moment: datetime | None) -> datetime | None:
    return _after(moment) if moment else None


def _after(moment: datetime) -> datetime | None:
    return moment + _TICK if moment < END else None


def _shifted(moment: datetime, count: int, unit: str, zone: ZoneInfo) -> datetime | None:
    """A moment so many units away, in UTC, or None when it lies outside the calendar."""
    try:
        if unit in SECONDS:
            return moment.astimezone(UTC) + timedelta(seconds=count * SECONDS[unit])
        local = moment.astimezone(zone)
        year, month = divmod(local.year * 12 + local.month - 1 + count * MONTHS[unit], 12)
        day = min(local.day, monthrange(year, month + 1)[1])
        return local.replace(year=year, month=month + 1, day=day).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
