"""What a rule means for a value: one function per rule, made once a chunk. Pure.

In: the text of a cell and the value it was read as. Out: every way in which they break the rule. Whether a value must
be there is for ``rows`` to say, and whether it comes again in the file for ``unique``. Shared spec, section 1
"error_type".
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

import orjson

from chalicelib.fields import FIELD_TYPES, Habit, JsonValue, Unfit
from chalicelib.model.row_error import ErrorType
from chalicelib.model.validation_rule import Bound, Choice, FieldRule, compiled, moment_of

Broken = tuple[ErrorType, str]
"""How a value breaks its rule: the row error it becomes, and what was seen and asked for."""

Check = Callable[[str, JsonValue], Sequence[Broken]]
"""From a cell's stripped text and its value to what is wrong with them; of a list it is the items that count."""

_Test = Callable[[str, JsonValue], Broken | None]

_SHOWN_CHARACTERS = 60
_SHOWN_CHOICES = 10
_LISTS = frozenset({"array", "multi_price"})


def rule_check(rule: FieldRule, field_type: str, habit: Habit) -> Check:
    """The check of a rule for a field of this type, whose cells are written by this habit."""
    whole = _length_tests(rule, items=field_type in _LISTS)
    each = _value_tests(rule, rule.type or field_type)
    parse = FIELD_TYPES[rule.type].parser(habit) if rule.type and rule.type != field_type else None

    def check(text: str, value: JsonValue) -> Sequence[Broken]:
        broken = [found for test in whole if (found := test(text, value))]
        for item_text, item in _items(text, value) if field_type in _LISTS else ((text, value),):
            try:
                read = parse(item_text) if parse else item
            except Unfit as unfit:
                broken.append((ErrorType.INVALID_TYPE, unfit.message))
                continue
            for part in _parts(item, read):
                broken += [found for test in each if (found := test(item_text, part))]
        return broken

    return check


def value_key(value: JsonValue) -> bytes:
    """16 bytes that two values share when they are the same: numbers by what they are worth, texts letter by letter."""
    return hashlib.blake2b(orjson.dumps(_worth(value), option=orjson.OPT_SORT_KEYS), digest_size=16).digest()


def _worth(value: JsonValue) -> JsonValue:
    if isinstance(value, bool | str) or value is None:
        return value
    if isinstance(value, int | float | Decimal | orjson.Fragment):
        return f"{_number(value).normalize():f}"
    if isinstance(value, dict):
        return {name: _worth(each) for name, each in value.items()}
    assert isinstance(value, list)
    return [_worth(each) for each in value]


def _items(text: str, value: JsonValue) -> Iterable[tuple[str, JsonValue]]:
    """The items of a list; a price stands under the text of its cell."""
    assert isinstance(value, list)
    return ((item if isinstance(item, str) else text, item) for item in value)


def _parts(item: JsonValue, read: JsonValue) -> Sequence[JsonValue]:
    """What is tested of a value as its rule reads it: each price by itself, for a list of texts the text itself."""
    if not isinstance(read, list):
        return (read,)
    return read if any(isinstance(each, dict) for each in read) else (item,)


# Tests ----------------------------------------------------------------------------------------------------------------


def _length_tests(rule: FieldRule, *, items: bool) -> list[_Test]:
    tests: list[_Test] = []
    measure = _count_items if items else _count_characters
    unit = "items" if items else "characters"
    if (least := rule.min_length) is not None:

        def long_enough(text: str, value: JsonValue) -> Broken | None:
            length = measure(text, value)
            if length >= least:
                return None
            return ErrorType.OUT_OF_RANGE, f"{_shown(text)} has {length} {unit}; {least} are the least"

        tests.append(long_enough)
    if (most := rule.max_length) is not None:

        def short_enough(text: str, value: JsonValue) -> Broken | None:
            length = measure(text, value)
            if length <= most:
                return None
            return ErrorType.OUT_OF_RANGE, f"{_shown(text)} has {length} {unit}; {most} are the most"

        tests.append(short_enough)
    return tests


def _count_items(_text: str, value: JsonValue) -> int:
    assert isinstance(value, list)
    return len(value)


def _count_characters(text: str, _value: JsonValue) -> int:
    return len(text)


def _value_tests(rule: FieldRule, kind: str) -> list[_Test]:
    tests: list[_Test] = []
    if rule.min is not None:
        tests.append(_bound_test(rule.min, least=True))
    if rule.max is not None:
        tests.append(_bound_test(rule.max, least=False))
    if rule.pattern is not None:
        tests.append(_pattern_test(rule.pattern))
    if rule.enum is not None:
        tests.append(_enum_test(rule.enum, kind))
    return tests


def _bound_test(bound: Bound, *, least: bool) -> _Test:
    if isinstance(bound, Decimal):
        words = "less" if least else "more"

        def in_range(text: str, value: JsonValue) -> Broken | None:
            number = _number(value)
            if number >= bound if least else number <= bound:
                return None
            return ErrorType.OUT_OF_RANGE, f"{_shown(text)} is {words} than {bound}"

        return in_range

    whole_day = len(bound) <= len("2026-12-31")
    limit = moment_of(bound)
    words = "before" if least else "after"

    def in_time(text: str, value: JsonValue) -> Broken | None:
        moment = moment_of(str(value))
        if whole_day:
            moment = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        if moment >= limit if least else moment <= limit:
            return None
        return ErrorType.OUT_OF_RANGE, f"{_shown(text)} is {words} {bound}"

    return in_time


def _pattern_test(pattern: str) -> _Test:
    search = compiled(pattern).search

    def matches(text: str, _value: JsonValue) -> Broken | None:
        if search(text):
            return None
        return ErrorType.PATTERN_MISMATCH, f'{_shown(text)} does not match the pattern "{pattern}"'

    return matches


def _enum_test(choices: Sequence[Choice], kind: str) -> _Test:
    comparable = _COMPARABLE.get(kind, _text_of)
    allowed = frozenset(comparable(_chosen(choice, kind)) for choice in choices)
    listed = ", ".join(str(_plain(choice)) for choice in choices[:_SHOWN_CHOICES])
    more = ", …" if len(choices) > _SHOWN_CHOICES else ""

    def is_listed(text: str, value: JsonValue) -> Broken | None:
        if comparable(value) in allowed:
            return None
        return ErrorType.NOT_IN_LIST, f"{_shown(text)} is none of {listed}{more}"

    return is_listed


def _chosen(choice: Choice, kind: str) -> JsonValue:
    """A choice as a value of the kind is stored."""
    return moment_of(str(choice)).isoformat().replace("+00:00", "Z") if kind == "datetime" else choice


def _text_of(value: JsonValue) -> str:
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _number(value: JsonValue) -> Decimal:
    """What a number, or a price's amount, is worth."""
    if isinstance(value, dict):
        value = value["amount"]
    if isinstance(value, Decimal):
        return value
    return Decimal(orjson.dumps(value).decode())


def _is_true(value: JsonValue) -> bool:
    return value is True


_COMPARABLE: dict[str, Callable[[JsonValue], object]] = {
    "number": _number,
    "price": _number,
    "multi_price": _number,
    "boolean": _is_true,
}


def _plain(choice: Choice) -> str:
    return str(choice).lower() if isinstance(choice, bool) else _text_of(choice)


def _shown(text: str) -> str:
    if not text:
        return "it"
    return f'"{text}"' if len(text) <= _SHOWN_CHARACTERS else f'"{text[:_SHOWN_CHARACTERS]}…"'
