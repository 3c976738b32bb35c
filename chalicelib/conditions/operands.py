"""What a condition compares with: its ``value``, ``value2``, ``unit``, ``tz``, checked and normalised by sort.

In: a leaf's object and the operator's row. Out: a tuple of plain values, in the forms the compiler binds. What does not
fit raises Wrong, which names the key.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, Decimal
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import orjson
import re2

from chalicelib.conditions import moments
from chalicelib.conditions.moments import Named, NoMoment, Window
from chalicelib.conditions.operators import HOST, Operator, Sort, Takes
from chalicelib.fields import FIELD_TYPES, Habit, JsonValue, Unfit

MAX_VALUES = 10_000
MAX_SEGMENTS = 100
MAX_PATTERN_CHARACTERS = 200
MAX_ITEMS = 1_000_000
"""More than any list holds: a greater length asked for is a slip."""

LOWEST_INTEGER, HIGHEST_INTEGER = -(2**63), 2**64 - 1

BUCKETS = 10_000
"""The parts a random bucket is counted in: hundredths of a percent."""

Operand: TypeAlias = str | int | float | bool | Window

_EAN_DIGITS = re.compile(r"[0-9]{8,14}")


class Wrong(ValueError):
    """A part of a condition does not hold.

    Attributes:
        step: where, below the condition: ``value``, ``value[3]``, ``unit``.
        problem: what is wrong with it, fit for a person.
    """

    def __init__(self, step: str, problem: str) -> None:
        self.step = step
        self.problem = problem
        super().__init__(f"{step} {problem}")


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading an operand needs to know beside the operand.

    Attributes:
        habit: how the workspace writes numbers.
        now: the present of relative dates.
        zone: the time zone of days and of datetimes without an offset.
        ean: whether texts are compared with stored EANs, which have 14 digits.
    """

    habit: Habit
    now: datetime
    zone: ZoneInfo
    ean: bool = False


def read_operands(value: Mapping[str, Any], operator: Operator, reading: Reading) -> tuple[Operand, ...]:
    """The operands of a leaf. Raises Wrong."""
    if operator.sort in _WINDOWS:
        return (_WINDOWS[operator.sort](value, operator, reading),)
    read = _SORTS[operator.sort]
    operands = tuple(read(written, step, reading) for step, written in written_values(value, operator))
    if operator.takes is Takes.TWO:
        first, second = operands
        assert isinstance(first, int | float) and isinstance(second, int | float)
        if first > second:
            raise Wrong("value", "is above the second value: write the lower one first")
    return operands


def written_values(value: Mapping[str, Any], operator: Operator) -> list[tuple[str, Any]]:
    """The operator's values as they were written, each with its step. Raises Wrong when they are too few or many."""
    written = value.get("value")
    match operator.takes:
        case Takes.NOTHING:
            return []
        case Takes.ONE:
            return [("value", _single(written, operator))]
        case Takes.TWO:
            return _pair(written, value.get("value2"), operator)
        case Takes.MANY:
            return _many(written, operator)


def _single(written: Any, operator: Operator) -> Any:
    if written is None:
        raise Wrong("value", f"is missing: {operator.name} takes one value")
    if isinstance(written, list):
        raise Wrong("value", f"is a list: {operator.name} takes one value")
    return written


def _pair(first: Any, second: Any, operator: Operator) -> list[tuple[str, Any]]:
    if isinstance(first, list):
        if second is not None:
            raise Wrong("value2", "stands beside a list of values: write the two in one way")
        if len(first) != 2:
            raise Wrong("value", f"holds {len(first)} values: {operator.name} takes two, the lower first")
        return [("value[0]", _given(first[0], "value[0]")), ("value[1]", _given(first[1], "value[1]"))]
    if first is None:
        raise Wrong("value", f"is missing: {operator.name} takes value and value2")
    if second is None:
        raise Wrong("value2", f"is missing: {operator.name} takes value and value2")
    return [("value", first), ("value2", second)]


def _many(written: Any, operator: Operator) -> list[tuple[str, Any]]:
    if not isinstance(written, list):
        raise Wrong(
            "value", f"is {'missing' if written is None else 'no list'}: {operator.name} takes a list of values"
        )
    if not written:
        raise Wrong("value", f"is an empty list: {operator.name} takes one value or more")
    if len(written) > MAX_VALUES:
        raise Wrong("value", f"holds {len(written)} values; {MAX_VALUES} are allowed")
    return [(f"value[{index}]", _given(each, f"value[{index}]")) for index, each in enumerate(written)]


def _given(written: Any, step: str) -> Any:
    if written is None:
        raise Wrong(step, "is null")
    return written


# One value, by sort ---------------------------------------------------------------------------------------------------


def read_text(written: Any, step: str, reading: Reading) -> str:
    """A text that is not empty: an empty one is a missing value, which is_not_set finds."""
    text = _accepted("string", written, step, reading)
    assert isinstance(text, str)
    if not text:
        raise Wrong(step, "is empty; products without a value are found by is_not_set")
    if not _is_unicode(text):
        raise Wrong(step, "is no Unicode text")
    if not reading.ean:
        return text
    if not _EAN_DIGITS.fullmatch(text.strip()):
        raise Wrong(step, "is no EAN: it has 8 to 14 digits")
    return text.strip().zfill(14)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _accepted(field_type: str, written: Any, step: str, reading: Reading) -> JsonValue:
    """What a field of that type would store of the value."""
    try:
        return FIELD_TYPES[field_type].accept(written, reading.habit)
    except Unfit as unfit:
        raise Wrong(step, unfit.message) from unfit


def read_pattern(written: Any, step: str, reading: Reading) -> str:
    """A regular expression that RE2 takes."""
    pattern = read_text(written, step, reading)
    if len(pattern) > MAX_PATTERN_CHARACTERS:
        raise Wrong(step, f"has {len(pattern)} characters; a pattern may have {MAX_PATTERN_CHARACTERS}")
    try:
        re2.compile(pattern, _PATTERN_OPTIONS)
    except re2.error as refused:
        why = refused.args[0] if refused.args else ""
        why = why.decode("utf-8", "replace") if isinstance(why, bytes) else str(why)
        raise Wrong(step, f"is no regular expression of RE2: {why}") from refused
    return pattern


def _pattern_options() -> re2.Options:
    """As ClickHouse compiles patterns; with less memory, so that what passes here passes there."""
    options = re2.Options()
    options.log_errors = False
    options.dot_nl = True
    options.max_mem = 4 << 20
    return options


_PATTERN_OPTIONS = _pattern_options()


def read_number(written: Any, step: str, reading: Reading) -> int | float:
    """An integer or a float, whichever keeps it exact; more digits than a float holds become the nearest one."""
    if isinstance(written, str) and not written.strip():
        raise Wrong(step, "is no number")
    return plain_number(_accepted("number", written, step, reading))


def plain_number(stored: JsonValue) -> int | float:
    """The number of a stored value or amount, as the mirror holds it: an integer where 64 bits do, else a float."""
    number = orjson.loads(orjson.dumps(stored)) if isinstance(stored, orjson.Fragment) else stored
    assert isinstance(number, int | float)
    if isinstance(number, int) and not LOWEST_INTEGER <= number <= HIGHEST_INTEGER:
        number = float(number)
    if isinstance(number, float) and number.is_integer() and LOWEST_INTEGER <= number <= HIGHEST_INTEGER:
        return int(number)
    return number


def read_boolean(written: Any, step: str, _reading: Reading) -> bool:
    """True or false."""
    if not isinstance(written, bool):
        raise Wrong(step, "is neither true nor false")
    return written


def read_url(written: Any, step: str, reading: Reading) -> str:
    """A whole web address, as a URL field holds it."""
    address = _accepted("url", written, step, reading)
    assert isinstance(address, str)
    if not _is_unicode(address):
        raise Wrong(step, "is no Unicode text")
    return address


def read_host(written: Any, step: str, reading: Reading) -> str:
    """The host of an address and nothing else."""
    host = read_text(written, step, reading).strip()
    if not HOST.fullmatch(host):
        raise Wrong(step, "is no host: write it without protocol, port and path, like www.example.com")
    return host


def read_count(written: Any, step: str, reading: Reading) -> int:
    """How many items a list has."""
    count = read_number(written, step, reading)
    if not isinstance(count, int) or not 0 <= count <= MAX_ITEMS:
        raise Wrong(step, "is no length: write a whole number, 0 or more")
    return count


def read_percent(written: Any, step: str, reading: Reading) -> int:
    """A share of the products, from 0 to 100, as the first bucket that lies beyond it."""
    percent = read_number(written, step, reading)
    if not 0 <= percent <= 100:
        raise Wrong(step, "is no share: write a number from 0 to 100")
    return int((Decimal(str(percent)) * BUCKETS / 100).to_integral_value(ROUND_CEILING))


def read_segment(written: Any, step: str, _reading: Reading) -> int:
    """The id of a segment."""
    if isinstance(written, bool) or not isinstance(written, int) or not 0 < written < 2**63:
        raise Wrong(step, "is no id of a segment")
    return written


_SORTS: Mapping[Sort, Callable[[Any, str, Reading], str | int | float | bool]] = {
    Sort.NONE: read_text,
    Sort.TEXT: read_text,
    Sort.PATTERN: read_pattern,
    Sort.NUMBER: read_number,
    Sort.BOOLEAN: read_boolean,
    Sort.URL: read_url,
    Sort.HOST: read_host,
    Sort.COUNT: read_count,
    Sort.PERCENT: read_percent,
    Sort.SEGMENT: read_segment,
}


# Windows of moments ---------------------------------------------------------------------------------------------------


def read_zone(written: Any) -> ZoneInfo:
    """The time zone a leaf names, UTC when it names none."""
    if written is None:
        return ZoneInfo("UTC")
    if not isinstance(written, str):
        raise Wrong("tz", "is no text")
    try:
        return ZoneInfo(written)
    except (KeyError, ValueError, OSError) as unknown:
        raise Wrong("tz", "is no time zone; write it like Europe/Paris") from unknown


def _window_of_moments(value: Mapping[str, Any], operator: Operator, reading: Reading) -> Window:
    named = [_named(written, step, reading) for step, written in written_values(value, operator)]
    first, last = named[0], named[-1]
    if first.start > last.start:
        raise Wrong("value", "is after the second value: write the earlier one first")
    return _WINDOWS_BY_OPERATOR[operator.name](first, last, reading)


def _day_around(moment: Named, reading: Reading) -> Window:
    try:
        return moments.day_around(moment.start, reading.zone)
    except NoMoment as no_moment:
        raise Wrong("value", str(no_moment)) from no_moment


_WINDOWS_BY_OPERATOR: Mapping[str, Callable[[Named, Named, Reading], Window]] = {
    "before": lambda named, _, __: Window(None, named.start),
    "on_or_before": lambda named, _, __: Window(None, named.end),
    "after": lambda named, _, __: Window(named.end, None) if named.end else Window(moments.END, moments.END),
    "on_or_after": lambda named, _, __: Window(named.start, None),
    "eq": lambda named, _, reading: _day_around(named, reading),
    "between": lambda first, last, _: Window(first.start, last.end),
    "not_between": lambda first, last, _: Window(first.start, last.end),
}


def _named(written: Any, step: str, reading: Reading) -> Named:
    if not isinstance(written, str):
        raise Wrong(step, "is no date: write it as a text like 2026-12-31")
    try:
        return moments.read_moment(written, reading.zone)
    except NoMoment as no_moment:
        raise Wrong(step, str(no_moment)) from no_moment


def _window_of_span(value: Mapping[str, Any], operator: Operator, reading: Reading) -> Window:
    count = read_number(_single(value.get("value"), operator), "value", reading)
    if not isinstance(count, int) or not 1 <= count <= moments.LONGEST_SPAN:
        raise Wrong("value", f"is no span: write a whole number from 1 to {moments.LONGEST_SPAN}, and its unit")
    unit = value.get("unit")
    if not isinstance(unit, str) or unit not in moments.UNITS:
        raise Wrong("unit", f"{'is missing' if unit is None else 'is no unit'}; there are {', '.join(moments.UNITS)}")
    span = moments.coming if operator.name == "in_next" else moments.last
    return span(count, unit, reading.zone, reading.now)


_WINDOWS: Mapping[Sort, Callable[[Mapping[str, Any], Operator, Reading], Window]] = {
    Sort.MOMENT: _window_of_moments,
    Sort.SPAN: _window_of_span,
}
