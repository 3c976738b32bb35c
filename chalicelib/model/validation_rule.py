"""``validation_rules``: what is asked of a field's values beyond being of its type.

Pixeepim document, "Save column mapping"; shared spec, section 1 "error_type". In: the rules a caller sent or we stored,
by field. Out: one frozen `FieldRule` a field, or InvalidValue naming each word that cannot be. What a rule means for a
cell is in ``imports.rules``.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import re2

from chalicelib.errors import InvalidValue
from chalicelib.model.mapping import EAN, NAME, SKU
from chalicelib.model.product_schema import ProductSchema
from chalicelib.model.row_error import Severity

FIELD_TYPE_NAMES = ("string", "number", "boolean", "array", "url", "price", "multi_price", "datetime")
"""The keys of ``fields.FIELD_TYPES``, which lies a floor above."""

PATTERN_CHARACTERS = 200
ENUM_VALUES = 1_000
MESSAGE_CHARACTERS = 500
VALUE_CHARACTERS = 500

_LARGEST = Decimal(10**18)

Bound = Decimal | str
"""A number, or a date as ISO text; without a time it means the whole day."""
Choice = Decimal | bool | str


@dataclass(frozen=True, slots=True)
class FieldRule:
    """What is asked of one field.

    Attributes:
        required: the field has a value.
        type: the cell can also be read as this type.
        min: smallest value of a number, a price's amount or a date, itself allowed; ``max`` likewise.
        min_length: characters of a text, items of a list; ``max_length`` likewise.
        pattern: RE2, found anywhere in the text; in every item of a list.
        enum: the values there may be; of a list, what each item may be.
        unique: no two rows of the file have the same value; the first row keeps it.
        severity: whether a row that breaks the rule is refused, or imported and told of.
        message: said instead of our own words.
    """

    required: bool = False
    type: str | None = None
    min: Bound | None = None
    max: Bound | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    enum: Sequence[Choice] | None = None
    unique: bool = False
    severity: Severity = Severity.ERROR
    message: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The words that are said, as a caller may send them."""
        said = {word: getattr(self, word) for word in _WORDS}
        told = {word: _plain(value) for word, value in said.items() if value is not None and value is not False}
        return {**told, "severity": self.severity.value}


def read_rules(given: Mapping[str, Any], *, at: str = "validation_rules") -> dict[str, FieldRule]:
    """The rules by field; a word that is left out or null asks for nothing. Raises InvalidValue."""
    rules: dict[str, FieldRule] = {}
    problems: dict[str, str] = {}
    for name, words in given.items():
        path = f"{at}.{name}"
        if words is None:
            continue
        if "\0" in name:
            problems[path] = "no field has a NUL in its name"
            continue
        if not isinstance(words, Mapping):
            problems[path] = f"must be an object with some of {', '.join(_WORDS)}"
            continue
        said, wrong = _read_words(words)
        problems |= {f"{path}.{word}": why for word, why in wrong.items()}
        if not wrong:
            rules[name] = FieldRule(**said)
            problems |= {f"{path}.{word}": why for word, why in _contradictions(rules[name]).items()}
    if problems:
        raise InvalidValue(problems)
    return rules


def check_rules(
    rules: Mapping[str, FieldRule],
    mapped_fields: Collection[str],
    schema: ProductSchema,
    *,
    at: str = "validation_rules",
    lenient: bool = False,
) -> dict[str, str]:
    """What keeps these rules from holding for a file whose columns are mapped to these fields: path to problem.

    ``lenient``: they were made for another file (a template's), and may speak of fields nobody here knows.
    """
    problems: dict[str, str] = {}
    for name, rule in rules.items():
        path = f"{at}.{name}"
        field = schema.by_name.get(name)
        if field is None and name not in _ON_THE_PRODUCT and not lenient:
            problems[path] = f'"{name}" is neither sku nor name nor ean nor a field of the schema'
            continue
        if rule.required and name not in mapped_fields and rule.severity is Severity.ERROR:
            problems[f"{path}.required"] = f'no column is mapped to "{name}", so every row would lack it'
        kind = rule.type or ("string" if field is None or name in _ON_THE_PRODUCT else field.type)
        problems |= {f"{path}.{word}": why for word, why in _unfit_for(rule, kind).items()}
    return problems


_ON_THE_PRODUCT = frozenset({SKU, NAME, EAN})
_NUMBERS = frozenset({"number", "price", "multi_price"})


def _unfit_for(rule: FieldRule, kind: str) -> dict[str, str]:
    """Words that ask something of a type which it does not have."""
    problems = {}
    for word, bound in (("min", rule.min), ("max", rule.max)):
        if bound is None:
            continue
        if kind in _NUMBERS:
            if not isinstance(bound, Decimal):
                problems[word] = f"must be a number for a {kind}"
        elif kind != "datetime":
            problems[word] = f'a {kind} has none; say "type": "number" or "datetime" if the cells are to be read so'
        elif not isinstance(bound, str):
            problems[word] = "must be a date like 2026-12-31 for a datetime"
    for choice in rule.enum or ():
        if not _CHOOSABLE.get(kind, _is_text)(choice):
            problems["enum"] = f"{_shown(choice)} can be no {kind}"
    return problems


def _is_number(choice: Choice) -> bool:
    return isinstance(choice, Decimal)


def _is_boolean(choice: Choice) -> bool:
    return isinstance(choice, bool)


def _is_date(choice: Choice) -> bool:
    return isinstance(choice, str) and is_iso_date(choice)


def _is_text(choice: Choice) -> bool:
    return not isinstance(choice, bool)


_CHOOSABLE: dict[str, Callable[[Choice], bool]] = {
    **dict.fromkeys(_NUMBERS, _is_number),
    "boolean": _is_boolean,
    "datetime": _is_date,
}


def is_iso_date(text: str) -> bool:
    """Whether it is a date, or a date with a time, as ISO 8601 writes it."""
    try:
        moment_of(text)
    except (ValueError, OverflowError):
        return False
    return True


def moment_of(text: str) -> datetime:
    """The moment of an ISO date, in UTC, which is meant where no zone is named. Raises ValueError and OverflowError."""
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def compiled(pattern: str) -> Any:
    """A pattern as it is searched for. Raises ValueError with what RE2 has against it."""
    try:
        return re2.compile(pattern, _PATTERN_OPTIONS)
    except re2.error as refused:
        why = refused.args[0] if refused.args else ""
        raise ValueError(why.decode("utf-8", "replace") if isinstance(why, bytes) else str(why)) from refused


def _pattern_options() -> re2.Options:
    options = re2.Options()
    options.log_errors = False
    options.dot_nl = True
    options.max_mem = 4 << 20
    return options


_PATTERN_OPTIONS = _pattern_options()


# Reading --------------------------------------------------------------------------------------------------------------


class _Wrong(ValueError):
    """A word's value cannot be; the text says why."""


def _read_words(words: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """What the words of one rule say, and what is wrong with the others."""
    said: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for word, value in words.items():
        if word not in _WORDS:
            wrong[word] = f"is no word of a rule; the words are {', '.join(_WORDS)}"
        elif value is not None:
            try:
                said[word] = _WORDS[word](value)
            except _Wrong as error:
                wrong[word] = str(error)
    return said, wrong


def _read_switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Wrong("must be true or false")
    return value


def _read_type(value: Any) -> str:
    if not isinstance(value, str) or value not in FIELD_TYPE_NAMES:
        raise _Wrong(f"must be one of {', '.join(FIELD_TYPE_NAMES)}")
    return value


def _read_bound(value: Any) -> Bound:
    number = _number(value)
    if number is not None:
        return number
    if not isinstance(value, str) or not is_iso_date(value):
        raise _Wrong("must be a number, or a date like 2026-12-31")
    return value


def _read_length(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 1_000_000:
        raise _Wrong("must be a whole number from 0 to 1000000")
    return value


def _read_pattern(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= PATTERN_CHARACTERS or "\0" in value:
        raise _Wrong(f"must be a text of 1 to {PATTERN_CHARACTERS} characters, none of them a NUL")
    try:
        compiled(value)
    except ValueError as error:
        raise _Wrong(f"is no regular expression of RE2: {error}") from error
    return value


def _read_enum(value: Any) -> Sequence[Choice]:
    if not isinstance(value, list | tuple) or not 0 < len(value) <= ENUM_VALUES:
        raise _Wrong(f"must be a list of 1 to {ENUM_VALUES} values")
    return tuple(map(_choice, value))


def _choice(value: Any) -> Choice:
    number = _number(value)
    if number is not None:
        return number
    if not isinstance(value, str | bool):
        raise _Wrong("must hold texts, numbers, or true and false")
    if isinstance(value, str) and (len(value) > VALUE_CHARACTERS or "\0" in value):
        raise _Wrong(f"holds a text of more than {VALUE_CHARACTERS} characters, or with a NUL")
    return value


def _read_severity(value: Any) -> Severity:
    if not isinstance(value, str) or value not in list(Severity):
        raise _Wrong(f"must be {' or '.join(Severity)}")
    return Severity(value)


def _read_message(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > MESSAGE_CHARACTERS or "\0" in value:
        raise _Wrong(f"must be a text of 1 to {MESSAGE_CHARACTERS} characters")
    return value.strip()


_WORDS: dict[str, Callable[[Any], Any]] = {
    "required": _read_switch,
    "type": _read_type,
    "min": _read_bound,
    "max": _read_bound,
    "min_length": _read_length,
    "max_length": _read_length,
    "pattern": _read_pattern,
    "enum": _read_enum,
    "unique": _read_switch,
    "severity": _read_severity,
    "message": _read_message,
}


def _contradictions(rule: FieldRule) -> dict[str, str]:
    """Words of a rule that no value could satisfy together."""
    problems = {}
    if rule.min is not None and rule.max is not None:
        if isinstance(rule.min, Decimal) != isinstance(rule.max, Decimal):
            problems["max"] = "must be of the same kind as min"
        elif isinstance(rule.min, Decimal) and isinstance(rule.max, Decimal) and rule.min > rule.max:
            problems["max"] = "is less than min"
    if rule.min_length is not None and rule.max_length is not None and rule.min_length > rule.max_length:
        problems["max_length"] = "is less than min_length"
    return problems


def _number(value: Any) -> Decimal | None:
    """A JSON number, exactly; None for anything else, and for one that is too large to be meant."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    number = value if isinstance(value, Decimal) else Decimal(repr(value))
    return number if number.is_finite() and abs(number) < _LARGEST else None


def _plain(value: Any) -> Any:
    """As JSON has it."""
    match value:
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case tuple():
            return [_plain(each) for each in value]
        case _:
            return value


def _shown(choice: Choice) -> str:
    return f'"{choice}"' if isinstance(choice, str) else str(choice).lower()
