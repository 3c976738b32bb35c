"""Transforms: the steps a column's cells go through before they are read as values.

In: what a caller sent or we stored, JSON: header to a list of steps, each an object with its name under ``step``. Out:
frozen steps by header, or InvalidValue naming each word that cannot be by its path (``transforms.Farbe.0.values``).
What a step does to a cell is in ``imports.transforms``; the words are told in ``docs/transforms.md``.

A step is one class here, one function there and one row of ``STEPS``.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from decimal import Decimal
from typing import Any, TypeAlias

import orjson
import re2

from chalicelib.errors import InvalidValue
from chalicelib.model.date_format import unreadable_format

STEPS_PER_COLUMN = 20
LOOKUP_VALUES = 10_000
TEXT_CHARACTERS = 500
PATTERN_CHARACTERS = 200
PARTS = 50
PADDED_CHARACTERS = 100
CUT_CHARACTERS = 1_000_000
DECIMALS = 12
TRANSFORMS_BYTES = 1_048_576
"""All transforms of a mapping, as JSON: they travel with every chunk of a job."""

ON_THE_WHOLE = "all"
CASES = ("lower", "upper", "title", "sentence")
ORDERS = ("dmy", "mdy", "ymd")
OTHERWISE = ("keep", "blank", "refuse")

FACTOR_CHARACTERS = 40
_FACTOR = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:e-?[0-9]{1,2})?")
_SMALLEST_FACTOR, _LARGEST_FACTOR = Decimal("0.000000001"), Decimal(1_000_000_000)


class _Wrong(ValueError):
    """A word's value cannot be; the text says why."""


# Readers of words -----------------------------------------------------------------------------------------------------


def _word(read: Callable[[Any], Any], default: Any = MISSING) -> Any:
    """A word of a step; without a default it must be said."""
    return field(metadata={"read": read}) if default is MISSING else field(default=default, metadata={"read": read})


def _switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Wrong("must be true or false")
    return value


def _yes(value: Any) -> bool:
    if value is not True:
        raise _Wrong("must be true where it is said")
    return True


def _text_of(least: int, most: int) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if not isinstance(value, str) or not least <= len(value) <= most or not _can_be_kept(value):
            raise _Wrong(f"must be a text of {least} to {most} characters, none of them a NUL")
        return value

    return read


_text, _some_text = _text_of(0, TEXT_CHARACTERS), _text_of(1, TEXT_CHARACTERS)


def _can_be_kept(text: str) -> bool:
    """The store keeps neither a NUL nor half of a surrogate pair."""
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _filled_text(value: Any) -> str:
    text = _some_text(value)
    if not text.strip():
        raise _Wrong("must not be blank")
    return text


def _one_of(*words: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in words:
            raise _Wrong(f"must be one of {', '.join(words)}")
        return value

    return read


def _whole(least: int, most: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise _Wrong(f"must be a whole number from {least} to {most}")
        return value

    return read


def _take(value: Any) -> str | int:
    if value in (ON_THE_WHOLE, "first", "last"):
        return str(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= abs(value) <= 1_000:
        raise _Wrong("must be all, first or last, or which one: 1 is the first, -1 the last")
    return value


def _factor(value: Any) -> Decimal:
    """A number, or its text; a text keeps every digit."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    text = repr(value) if is_number else value.strip() if isinstance(value, str) else ""
    found = _FACTOR.fullmatch(text) if len(text) <= FACTOR_CHARACTERS else None
    number = Decimal(text) if found else Decimal(0)
    if not _SMALLEST_FACTOR <= number.copy_abs() <= _LARGEST_FACTOR:
        raise _Wrong(f'must be a number such as "1.2", from {_SMALLEST_FACTOR} to {_LARGEST_FACTOR}')
    return number


def _pattern(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= PATTERN_CHARACTERS or not _can_be_kept(value):
        raise _Wrong(f"must be a text of 1 to {PATTERN_CHARACTERS} characters, none of them a NUL")
    try:
        compiled(value)
    except ValueError as error:
        raise _Wrong(f"is no regular expression of RE2: {error}") from error
    return value


def _date_format(value: Any) -> str:
    text = _text_of(1, 60)(value)
    if why := unreadable_format(text):
        raise _Wrong(why)
    return text


def _texts(value: Any) -> tuple[str, ...]:
    """One text, or several."""
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list | tuple) or not 0 < len(listed) <= 1_000:
        raise _Wrong("must be a text, or a list of 1 to 1000 texts")
    return tuple(map(_text, listed))


def _lookup_values(value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping) or not 0 < len(value) <= LOOKUP_VALUES:
        raise _Wrong(f"must be an object with 1 to {LOOKUP_VALUES} entries, what a cell says to what is meant")
    for found, meant in value.items():
        for each in (found, meant):
            if not isinstance(each, str) or len(each) > TEXT_CHARACTERS or not _can_be_kept(each):
                raise _Wrong(f"must hold texts of at most {TEXT_CHARACTERS} characters, none of them with a NUL")
        if not found.strip():
            raise _Wrong("has an entry for blank cells, which are not looked up: say those with the step default")
    return dict(value)


@dataclass(frozen=True, slots=True)
class Column:
    """A part of a concat: the cell of a column of the same row, by its header."""

    header: str


Part: TypeAlias = str | Column


def _parts(value: Any) -> tuple[Part, ...]:
    if not isinstance(value, list | tuple) or not 0 < len(value) <= PARTS:
        raise _Wrong(f'must be a list of 1 to {PARTS} texts and columns, such as [{{"column": "Brand"}}, " "]')
    parts = tuple(map(_part, value))
    if not any(isinstance(part, Column) for part in parts):
        raise _Wrong('names no column; one is written {"column": "Brand"}')
    return parts


def _part(value: Any) -> Part:
    if isinstance(value, Column):
        return value
    if isinstance(value, Mapping) and set(value) == {"column"}:
        return Column(_header(value["column"]))
    return _text(value)


def _header(value: Any) -> str:
    if not isinstance(value, str) or not value or not _can_be_kept(value):
        raise _Wrong("must be the header of a column")
    return value


# The steps ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Trim:
    """No blanks around the text; ``collapse``: and but one wherever several stand within."""

    collapse: bool = _word(_switch, False)


@dataclass(frozen=True, slots=True)
class Case:
    """Other letters: ``title`` begins each word with a capital, ``sentence`` the first word only."""

    to: str = _word(_one_of(*CASES))


@dataclass(frozen=True, slots=True)
class Replace:
    """Each ``find`` becomes ``with``. ``regex``: it is an RE2 pattern, and ``with`` may name its groups (1 to 9)."""

    find: str = _word(_some_text)
    with_: str = _word(_text)
    regex: bool = _word(_switch, False)
    ignore_case: bool = _word(_switch, False)


@dataclass(frozen=True, slots=True)
class Split:
    """The text in pieces: all of them as a list, or the one at a place."""

    separator: str = _word(_some_text)
    take: str | int = _word(_take)


@dataclass(frozen=True, slots=True)
class Join:
    """A list as one text again."""

    separator: str = _word(_text)


@dataclass(frozen=True, slots=True)
class Number:
    """How the number in the cell is written, and what is reckoned with it. What stands around it (a currency) stays."""

    decimal: str = _word(_one_of(".", ","))
    multiply: Decimal | None = _word(_factor, None)  # noqa: RUF009 - a field
    divide: Decimal | None = _word(_factor, None)  # noqa: RUF009 - a field
    round: int | None = _word(_whole(0, DECIMALS), None)


@dataclass(frozen=True, slots=True)
class Date:
    """How the date in the cell is written: its ``format`` (``date_format``), or only the ``order`` of its parts."""

    format: str | None = _word(_date_format, None)
    order: str | None = _word(_one_of(*ORDERS), None)


@dataclass(frozen=True, slots=True)
class Default:
    """What a blank cell says."""

    value: str = _word(_filled_text)


@dataclass(frozen=True, slots=True)
class Concat:
    """Cells of this row in place of the cell's own, with texts between; a text beside a blank cell is left out."""

    parts: tuple[Part, ...] = _word(_parts)


@dataclass(frozen=True, slots=True)
class Lookup:
    """What is meant by what the cell says; ``otherwise`` tells what becomes of a text that is not listed."""

    values: Mapping[str, str] = _word(_lookup_values)
    otherwise: str = _word(_one_of(*OTHERWISE), "keep")
    ignore_case: bool = _word(_switch, False)


@dataclass(frozen=True, slots=True)
class OnlyIf:
    """The cell stays only where a condition holds, of itself or of the cell of another ``column``; else it is blank."""

    column: str | None = _word(_header, None)
    is_: tuple[str, ...] | None = _word(_texts, None)
    is_not: tuple[str, ...] | None = _word(_texts, None)
    matches: str | None = _word(_pattern, None)
    is_blank: bool = _word(_yes, False)
    is_not_blank: bool = _word(_yes, False)
    ignore_case: bool = _word(_switch, False)


@dataclass(frozen=True, slots=True)
class Prefix:
    """A text before every cell that is not blank."""

    text: str = _word(_some_text)


@dataclass(frozen=True, slots=True)
class Suffix:
    """A text after every cell that is not blank."""

    text: str = _word(_some_text)


@dataclass(frozen=True, slots=True)
class Pad:
    """At least ``length`` characters: zeros, or what is said, go before the text."""

    length: int = _word(_whole(1, PADDED_CHARACTERS))
    with_: str = _word(_text_of(1, 1), "0")


@dataclass(frozen=True, slots=True)
class Cut:
    """At most ``length`` characters."""

    length: int = _word(_whole(1, CUT_CHARACTERS))


@dataclass(frozen=True, slots=True)
class Extract:
    """What an RE2 pattern finds first: its first group, if it has one. Blank where it finds nothing."""

    pattern: str = _word(_pattern)
    ignore_case: bool = _word(_switch, False)


@dataclass(frozen=True, slots=True)
class StripHtml:
    """The text without tags, and its entities as what they stand for."""


Step: TypeAlias = (
    Trim
    | Case
    | Replace
    | Split
    | Join
    | Number
    | Date
    | Default
    | Concat
    | Lookup
    | OnlyIf
    | Prefix
    | Suffix
    | Pad
    | Cut
    | Extract
    | StripHtml
)

Steps: TypeAlias = tuple[Step, ...]

STEPS: dict[str, type[Step]] = {
    "trim": Trim,
    "case": Case,
    "replace": Replace,
    "split": Split,
    "join": Join,
    "number": Number,
    "date": Date,
    "default": Default,
    "concat": Concat,
    "lookup": Lookup,
    "only_if": OnlyIf,
    "prefix": Prefix,
    "suffix": Suffix,
    "pad": Pad,
    "cut": Cut,
    "extract": Extract,
    "strip_html": StripHtml,
}

_NAMES = {kind: name for name, kind in STEPS.items()}
_CONDITIONS = ("is", "is_not", "matches", "is_blank", "is_not_blank")
_BLANK: dict[str, Any] = {"otherwise": "blank"}
"""What only_if may say beside its words: there is nothing else it could do."""


# Reading --------------------------------------------------------------------------------------------------------------


def read_transforms(given: Any, *, at: str = "transforms") -> dict[str, Steps]:
    """The steps by header, for the columns that have any. Raises InvalidValue."""
    if not isinstance(given, Mapping):
        raise InvalidValue({at: "must be an object, column to a list of steps"})
    read: dict[str, Steps] = {}
    problems: dict[str, str] = {}
    for header, steps in given.items():
        path = f"{at}.{header}"
        if not _can_be_kept(header):
            problems[at] = "no column has a NUL in its header"
        elif not isinstance(steps, list | tuple):
            problems[path] = "must be a list of steps"
        elif len(steps) > STEPS_PER_COLUMN:
            problems[path] = f"has {len(steps)} steps; {STEPS_PER_COLUMN} are the most a column takes"
        else:
            found = [_read_step(step, f"{path}.{number}", problems) for number, step in enumerate(steps)]
            if found:
                read[header] = tuple(step for step in found if step is not None)
    if problems:
        raise InvalidValue(problems)
    size_bytes = len(orjson.dumps(transforms_json(read)))
    if size_bytes > TRANSFORMS_BYTES:
        raise InvalidValue({at: f"has {size_bytes} bytes as JSON; {TRANSFORMS_BYTES} are the most a mapping takes"})
    return read


def _read_step(given: Any, path: str, problems: dict[str, str]) -> Step | None:
    """A step, or None when there is something wrong with it, which is added to the problems."""
    if not isinstance(given, Mapping):
        problems[path] = 'must be an object such as {"step": "trim"}'
        return None
    name = given.get("step")
    kind = STEPS.get(name) if isinstance(name, str) else None
    if kind is None:
        problems[f"{path}.step"] = f"must be one of {', '.join(STEPS)}"
        return None
    said, wrong = _read_words(kind, given)
    if not wrong:
        step = kind(**said)
        wrong = _contradictions(step)
        if not wrong:
            return step
    problems |= {f"{path}.{word}": why for word, why in wrong.items()}
    return None


def _read_words(kind: type[Step], given: Mapping[Any, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """What the words of a step say, and what is wrong with the others."""
    known = _words_of(kind)
    ignored = _BLANK if kind is OnlyIf else {}
    said: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for word, value in given.items():
        if word == "step" or (word in ignored and value == ignored[word]):
            continue
        each = known.get(word)
        if each is None:
            words = f"its words are {', '.join(known)}" if known else "it has none"
            wrong[str(word)[:TEXT_CHARACTERS]] = f"is no word of this step; {words}"
            continue
        if value is None and each.default is not MISSING:
            continue
        try:
            said[each.name] = each.metadata["read"](value)
        except _Wrong as error:
            wrong[word] = str(error)
    for word, each in known.items():
        if each.default is MISSING and each.name not in said and word not in wrong:
            wrong[word] = "must be said"
    return said, wrong


def _words_of(kind: type[Step]) -> dict[str, Field[Any]]:
    """The words of a step as JSON has them; ``with`` and ``is`` are words of Python, too."""
    return {each.name.removesuffix("_"): each for each in fields(kind)}


def _contradictions(step: Step) -> dict[str, str]:
    """What no single word of a step shows."""
    match step:
        case Replace(regex=True):
            return _unfit_replacement(step)
        case Date() if (step.format is None) == (step.order is None):
            return {"format": "say the format, such as dd.MM.yyyy, or the order (dmy, mdy or ymd): one of them"}
        case OnlyIf() if len(condition_words(step)) != 1:
            return {"is": f"say one of {', '.join(_CONDITIONS)}"}
        case Lookup() if twice := _looked_up_twice(step):
            return {"values": f'has two entries for "{twice[:100]}"'}
        case _:
            return {}


def _unfit_replacement(step: Replace) -> dict[str, str]:
    try:
        pattern = compiled(step.find, ignore_case=step.ignore_case)
    except ValueError as error:
        return {"find": f"is no regular expression of RE2: {error}"}
    if len(step.find) > PATTERN_CHARACTERS:
        return {"find": f"may have {PATTERN_CHARACTERS} characters as a pattern"}
    if pattern.search("") is not None:
        return {"find": "finds the empty text, so it would replace nothing everywhere: make it ask for a character"}
    asked = max((group for group in map(_group, replacement_pieces(step.with_)) if group is not None), default=0)
    if asked > pattern.groups:
        return {"with": f"names group {asked}, and the pattern has {pattern.groups}"}
    return {}


def _group(piece: str | int) -> int | None:
    return piece if isinstance(piece, int) else None


def _looked_up_twice(step: Lookup) -> str | None:
    """An entry that says another thing than one before it which is the same to a cell."""
    seen: dict[str, str] = {}
    for found, meant in step.values.items():
        if seen.setdefault(lookup_key(found, ignore_case=step.ignore_case), meant) != meant:
            return found
    return None


def lookup_key(text: str, *, ignore_case: bool) -> str:
    """By what a text is looked up: blanks around it do not count."""
    return text.strip().casefold() if ignore_case else text.strip()


def condition_words(step: OnlyIf) -> list[str]:
    """Which conditions are said."""
    said = {"is": step.is_, "is_not": step.is_not, "matches": step.matches}
    said_so = [word for word, value in said.items() if value is not None]
    return said_so + [word for word in ("is_blank", "is_not_blank") if getattr(step, word)]


def replacement_pieces(text: str) -> list[str | int]:
    """A regex replacement in pieces: texts, and the numbers of the groups that a backslash and a digit name. Two
    backslashes are one.
    """
    pieces: list[str | int] = []
    literal = ""
    letters = iter(text)
    for letter in letters:
        if letter != "\\":
            literal += letter
            continue
        escaped = next(letters, "\\")
        if escaped.isascii() and escaped.isdigit():
            pieces += [literal, int(escaped)] if literal else [int(escaped)]
            literal = ""
        else:
            literal += escaped if escaped == "\\" else f"\\{escaped}"
    return [*pieces, literal] if literal else pieces


def compiled(pattern: str, *, ignore_case: bool = False) -> Any:
    """A pattern as it is searched for. Raises ValueError with what RE2 has against it."""
    options = re2.Options()
    options.log_errors = False
    options.dot_nl = True
    options.max_mem = 4 << 20
    options.case_sensitive = not ignore_case
    try:
        return re2.compile(pattern, options)
    except re2.error as refused:
        why = refused.args[0] if refused.args else ""
        raise ValueError(why.decode("utf-8", "replace") if isinstance(why, bytes) else str(why)) from refused


# Telling --------------------------------------------------------------------------------------------------------------


def transforms_json(transforms: Mapping[str, Sequence[Step]]) -> dict[str, list[dict[str, Any]]]:
    """As a caller may send them, in one spelling: what is left out is as it is by itself."""
    return {header: steps_json(steps) for header, steps in transforms.items()}


def steps_json(steps: Iterable[Step]) -> list[dict[str, Any]]:
    """The steps of one column, likewise."""
    return [_step_json(step) for step in steps]


def _step_json(step: Step) -> dict[str, Any]:
    said = {word: getattr(step, each.name) for word, each in _words_of(type(step)).items()}
    defaults = {word: each.default for word, each in _words_of(type(step)).items()}
    told = {word: _plain(value) for word, value in said.items() if value != defaults[word]}
    return {"step": _NAMES[type(step)], **told}


def _plain(value: Any) -> Any:
    """As JSON has it."""
    match value:
        case Decimal():
            return format(value, "f")
        case tuple():
            return value[0] if len(value) == 1 and isinstance(value[0], str) else [_plain(each) for each in value]
        case Column():
            return {"column": value.header}
        case Mapping():
            return dict(value)
        case _:
            return value


# Columns --------------------------------------------------------------------------------------------------------------


def columns_named(steps: Iterable[Step]) -> set[str]:
    """Headers of the columns whose cells the steps ask for, beside their own."""
    found: set[str] = set()
    for step in steps:
        if isinstance(step, Concat):
            found |= {part.header for part in step.parts if isinstance(part, Column)}
        elif isinstance(step, OnlyIf) and step.column is not None:
            found.add(step.column)
    return found


def renamed(steps: Iterable[Step], names: Mapping[str, str]) -> Steps:
    """The steps, the columns they ask for by other names; one that has none keeps its own."""
    return tuple(_renamed(step, names) for step in steps)


def _renamed(step: Step, names: Mapping[str, str]) -> Step:
    match step:
        case Concat():
            parts = (
                Column(names.get(part.header, part.header)) if isinstance(part, Column) else part for part in step.parts
            )
            return replace(step, parts=tuple(parts))
        case OnlyIf(column=str(column)):
            return replace(step, column=names.get(column, column))
        case _:
            return step


def check_transforms(
    transforms: Mapping[str, Sequence[Step]],
    mapped: Collection[str],
    headers: Collection[str],
    *,
    at: str = "transforms",
    lenient: bool = False,
) -> dict[str, str]:
    """What keeps these steps from being taken with a file of these headers, of which some are mapped: path to problem.

    ``lenient``: they were made for another file (a template's), and may ask for columns nobody here knows.
    """
    problems: dict[str, str] = {}
    for header, steps in transforms.items():
        if header not in headers:
            problems[f"{at}.{header}"] = "the file has no such column"
        elif header not in mapped:
            problems[f"{at}.{header}"] = "the column is not mapped to a field, so it has no use for steps"
        for number, step in enumerate(steps):
            unknown = sorted(columns_named([step]) - set(headers))
            if unknown and not lenient:
                word = "column" if isinstance(step, OnlyIf) else "parts"
                problems[f"{at}.{header}.{number}.{word}"] = f'the file has no column "{unknown[0][:100]}"'
    return problems
