"""What the steps of a column do to its cells: one function a column, made once a chunk. Pure.

In: the cells of a row as the file has them. Out: for a column with steps the text that is read as its value, or Unfit
for a cell that a step cannot take. No step raises anything else whatever the cell says, and none makes more of it than
``CELL_CHARACTERS``. ``docs/transforms.md`` tells what each step does.

A cell is a text on its way; ``split`` may make a list of it, whose items the steps after it take one by one. Blank
texts pass through all steps but ``default`` and ``concat``.
"""

import html
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache
from typing import Any, TypeAlias, assert_never

import orjson

from chalicelib.errors import InvalidValue
from chalicelib.fields import FIELD_TYPES, Habit, Unfit
from chalicelib.model.date_format import read_by_format, read_by_order
from chalicelib.model.row_error import ErrorType
from chalicelib.model.transform import (
    ON_THE_WHOLE,
    Case,
    Column,
    Concat,
    Cut,
    Date,
    Default,
    Extract,
    Join,
    Lookup,
    Number,
    OnlyIf,
    Pad,
    Part,
    Prefix,
    Replace,
    Split,
    Step,
    Steps,
    StripHtml,
    Suffix,
    Trim,
    columns_named,
    compiled,
    condition_words,
    lookup_key,
    read_transforms,
    renamed,
    replacement_pieces,
)
from chalicelib.suggest import normalise_header

CELL_CHARACTERS = 1_048_576

Transform: TypeAlias = Callable[[Sequence[str]], str]
"""From the cells of a row to the text a column's value is read from. Raises Unfit."""

_Value: TypeAlias = str | list[str]
_Apply: TypeAlias = Callable[[_Value, Sequence[str]], _Value]
_OfText: TypeAlias = Callable[[str], str]

_SHOWN_CHARACTERS = 60
_NUMERAL_CHARACTERS = 100
_REMEMBERED_CELLS = 1_024
_REMEMBERED_CHARACTERS = 100


def compile_steps(steps: Iterable[Step], header: str, headers: Sequence[str], field_type: str) -> Transform:
    """What the steps of the column ``header`` come to in a file of these headers, for a field of this type.

    A list that is left at the end is a list to an array, and one text to all others. A column that the steps ask for
    and the file lacks is blank.
    """
    steps = tuple(steps)
    position = headers.index(header)
    places = {name: place for place, name in enumerate(headers)}
    applied = tuple(_compile(step, places) for step in steps)
    tell_list = _LIST_AS_TEXT.get(field_type, ", ".join)

    def transform(cell: str, cells: Sequence[str]) -> str:
        value: _Value = cell.strip()
        for apply in applied:
            value = apply(value, cells)
        return value if isinstance(value, str) else tell_list(value) if value else ""

    if columns_named(steps):
        return lambda cells: transform(cells[position], cells)

    # Most columns say the same few things over and over.
    @lru_cache(maxsize=_REMEMBERED_CELLS)
    def remembered(cell: str) -> str:
        return transform(cell, ())

    def alone(cells: Sequence[str]) -> str:
        cell = cells[position]
        return remembered(cell) if len(cell) <= _REMEMBERED_CHARACTERS else transform(cell, ())

    return alone


def writes_numbers(steps: Iterable[Step]) -> bool:
    """Whether numbers come out of the steps with a decimal point, however the column writes them."""
    return any(isinstance(step, Number) for step in _in_effect(steps))


def writes_dates(steps: Iterable[Step]) -> bool:
    """Whether dates come out of them as ISO, likewise."""
    return any(isinstance(step, Date) for step in _in_effect(steps))


def _in_effect(steps: Iterable[Step]) -> list[Step]:
    """The steps whose work is not put aside by a later one: a concat takes the cells as the file has them."""
    found: list[Step] = []
    for step in steps:
        found = [] if isinstance(step, Concat) else [*found, step]
    return found


def type_after(steps: Iterable[Step], raw_type: str, before: Sequence[str], after: Sequence[str], habit: Habit) -> str:
    """The type of a new field whose column has these steps.

    ``raw_type`` is what the cells are without them; ``before`` are some cells, written by ``habit``, and ``after`` what
    the steps make of them, blank ones in neither. It is never more than the steps see to: a type that only some cells
    fit loses the rows of the others.
    """
    steps = tuple(steps)
    if _leaves_a_list(steps):
        return raw_type if raw_type in _LIST_AS_TEXT else "array"
    if writes_dates(steps):
        return "datetime"
    if writes_numbers(steps):
        habit = replace(habit, decimal=".")
        likely = (raw_type,) if raw_type in _OF_NUMBERS else ("number", "price")
        return next((each for each in likely if _fitting(after, each, habit) == len(after)), "string")
    return raw_type if _fitting(after, raw_type, habit) >= _fitting(before, raw_type, habit) else "string"


_OF_NUMBERS = frozenset({"number", "price", "multi_price"})


def _leaves_a_list(steps: Iterable[Step]) -> bool:
    is_list = False
    for step in steps:
        match step:
            case Split():
                is_list = step.take == ON_THE_WHOLE
            case Join() | Concat():
                is_list = False
            case _:
                pass
    return is_list


def _fitting(texts: Iterable[str], field_type: str, habit: Habit) -> int:
    """How many texts are of the type."""
    parse = FIELD_TYPES[field_type].parser(habit)
    count = 0
    for text in texts:
        with suppress(Unfit):
            parse(text)
            count += 1
    return count


def first_rows_read(
    steps: Steps, header: str, headers: Sequence[str], rows: Iterable[Sequence[str]], field_type: str, habit: Habit
) -> list[tuple[str, bool]]:
    """The filled cells that these rows have in the column ``header``, each with whether it is of the type after its
    steps. Blank then is, too. ``habit`` is how the column is written before them.
    """
    transform, position = compile_steps(steps, header, headers, field_type), headers.index(header)
    parse = FIELD_TYPES[field_type].parser(replace(habit, decimal=".") if writes_numbers(steps) else habit)
    read = []
    for row in rows:
        # A row that is cut short says nothing.
        if len(row) < len(headers) or not row[position].strip():
            continue
        try:
            text = transform(row).strip()
            if text:
                parse(text)
            read.append((row[position].strip(), True))
        except Unfit:
            read.append((row[position].strip(), False))
    return read


def steps_for(learned: Sequence[Mapping[str, Any]], headers: Sequence[str]) -> Steps:
    """The steps a column was confirmed with before, for a file of these headers; none when it lacks a column that they
    ask for.
    """
    try:
        steps = read_transforms({"": learned}).get("", ())
    except InvalidValue:
        return ()
    told = respelled(steps, headers)
    return told if columns_named(told) <= set(headers) else ()


def respelled(steps: Steps, headers: Sequence[str]) -> Steps:
    """The steps, with the columns they ask for as this file spells them."""
    spelled = {normalise_header(header): header for header in reversed(headers)}
    asked = columns_named(steps) - set(headers)
    return renamed(steps, {name: spelled.get(normalise_header(name), name) for name in asked}) if asked else steps


def _json_list(items: list[str]) -> str:
    return orjson.dumps(items).decode()


_LIST_AS_TEXT: dict[str, Callable[[list[str]], str]] = {"array": _json_list, "multi_price": " | ".join}
"""How a list is told to the types that have lists of their own."""


def _compile(step: Step, places: Mapping[str, int]) -> _Apply:
    match step:
        case Split():
            return _split(step)
        case Join(separator=separator):
            return lambda value, _cells: value if isinstance(value, str) else _bounded(separator.join(value))
        case Default(value=default):
            return lambda value, _cells: default if _is_blank(value) else value
        case Concat():
            return _concat(step, places)
        case OnlyIf():
            return _only_if(step, places)
        case _:
            return _on_each(_of_text(step))


def _of_text(step: Step) -> _OfText:
    """A step that takes texts, one at a time."""
    match step:
        case Trim(collapse=collapse):
            return (lambda text: " ".join(text.split())) if collapse else str.strip
        case Case(to=case):
            return _CASES[case]
        case Replace(regex=True):
            return _replace_pattern(step)
        case Replace():
            return _replace_text(step)
        case Number():
            return _number(step)
        case Date():
            return _date(step)
        case Lookup():
            return _lookup(step)
        case Prefix(text=added):
            return lambda text: added + text
        case Suffix(text=added):
            return lambda text: text + added
        case Pad(length=length, with_=letter):
            return lambda text: text.strip().rjust(length, letter)
        case Cut(length=length):
            return lambda text: text[:length].rstrip()
        case Extract():
            return _extract(step)
        case StripHtml():
            return _without_tags
        case Split() | Join() | Default() | Concat() | OnlyIf():
            raise AssertionError(step)
        case _:
            assert_never(step)


def _on_each(apply: _OfText) -> _Apply:
    """A step that takes the texts of a list one by one; items that come out blank are none."""

    def on_each(value: _Value, _cells: Sequence[str]) -> _Value:
        if isinstance(value, str):
            return _bounded(apply(value)) if value and not value.isspace() else value
        made: list[str] = []
        characters = 0
        for item in value:
            text = apply(item).strip()
            if text:
                made.append(text)
                characters = _counted(characters + len(text))
        return made

    return on_each


def _is_blank(value: _Value) -> bool:
    return not value or (isinstance(value, str) and value.isspace())


def _bounded(text: str) -> str:
    _counted(len(text))
    return text


def _counted(characters: int) -> int:
    if characters > CELL_CHARACTERS:
        raise Unfit(
            ErrorType.OUT_OF_RANGE,
            f"the steps of the column make more of the cell than {CELL_CHARACTERS} characters",
        )
    return characters


def _shown(text: str) -> str:
    return f'"{text}"' if len(text) <= _SHOWN_CHARACTERS else f'"{text[:_SHOWN_CHARACTERS]}…"'


# Letters --------------------------------------------------------------------------------------------------------------

_WORD = re.compile(r"[^\s\-/]+")


def _as_title(text: str) -> str:
    return _WORD.sub(lambda word: _as_sentence(word.group()), text)


def _as_sentence(text: str) -> str:
    return text[:1].upper() + text[1:].lower()


_CASES: dict[str, _OfText] = {
    "lower": str.lower,
    "upper": str.upper,
    "title": _as_title,
    "sentence": lambda text: _as_sentence(text.lstrip()),
}


def _replace_text(step: Replace) -> _OfText:
    find, made = step.find, step.with_
    if step.ignore_case:
        return _replace_pattern(Replace(re.escape(find), made.replace("\\", "\\\\"), regex=True, ignore_case=True))
    growth = max(0, len(made) - len(find))

    def apply(text: str) -> str:
        if growth and len(text) * growth > CELL_CHARACTERS:
            _counted(len(text) + text.count(find) * growth)
        return text.replace(find, made)

    return apply


def _replace_pattern(step: Replace) -> _OfText:
    """What the pattern finds is put together here: of what RE2 would write the size is not known beforehand."""
    pattern = compiled(step.find, ignore_case=step.ignore_case)
    pieces = replacement_pieces(step.with_)

    def apply(text: str) -> str:
        made: list[str] = []
        characters = end = 0
        for found in pattern.finditer(text):
            written = [text[end : found.start()], *(_piece(piece, found) for piece in pieces)]
            characters = _counted(characters + sum(map(len, written)))
            made += written
            end = found.end()
        return "".join([*made, text[end:]]) if made else text

    return apply


def _piece(piece: str | int, found: Any) -> str:
    return piece if isinstance(piece, str) else found.group(piece) or ""


def _extract(step: Extract) -> _OfText:
    pattern = compiled(step.pattern, ignore_case=step.ignore_case)
    group = 1 if pattern.groups else 0

    def apply(text: str) -> str:
        found = pattern.search(text)
        return (found.group(group) or "") if found else ""

    return apply


_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)\b[^<>]*>|<[!?][^<>]*>")
_WITHIN_A_LINE = frozenset("a abbr b big code em font i mark s small span strike strong sub sup tt u".split())
_UNSAID = ("script", "style")


def _without_tags(text: str) -> str:
    """Tags end a word, but for those that stand within one; blanks are told as one."""
    if "<" in text:
        text = _TAG.sub(_blank_of, _without_unsaid(text))
    # A character's number of more digits than Python reads stands for nothing.
    with suppress(ValueError):
        text = html.unescape(text)
    return " ".join(text.split())


def _blank_of(tag: re.Match[str]) -> str:
    return "" if (tag[2] or "").lower() in _WITHIN_A_LINE else " "


def _without_unsaid(text: str) -> str:
    """Without scripts and styles, which are no text."""
    for name in _UNSAID:
        opening = re.compile(f"<{name}\\b", re.IGNORECASE)
        closing = re.compile(f"</{name}\\b", re.IGNORECASE)
        kept: list[str] = []
        end = 0
        while (begun := opening.search(text, end)) and (ended := closing.search(text, begun.end())):
            kept.append(text[end : begun.start()])
            end = ended.start()
        text = "".join([*kept, text[end:]])
    return text


# Lists and parts ------------------------------------------------------------------------------------------------------


def _split(step: Split) -> _Apply:
    separator, take = step.separator, step.take

    def pieces(value: _Value) -> list[str]:
        texts = [value] if isinstance(value, str) else value
        return [piece.strip() for text in texts for piece in text.split(separator)]

    def one(value: _Value, _cells: Sequence[str]) -> _Value:
        found = pieces(value)
        if isinstance(take, str):
            filled = [piece for piece in found if piece]
            return (filled[0] if take == "first" else filled[-1]) if filled else ""
        at = take - 1 if take > 0 else take
        return found[at] if -len(found) <= at < len(found) else ""

    if take == ON_THE_WHOLE:
        return lambda value, _cells: [piece for piece in pieces(value) if piece]
    return one


def _concat(step: Concat, places: Mapping[str, int]) -> _Apply:
    opening, columns, closing = _laid_out(step.parts)
    placed = [(before, places.get(header)) for before, header in columns]

    def apply(_value: _Value, cells: Sequence[str]) -> _Value:
        made: list[str] = []
        characters = 0
        for before, place in placed:
            cell = cells[place].strip() if place is not None and place < len(cells) else ""
            if cell:
                made.append(before + cell if made else cell)
                characters = _counted(characters + len(made[-1]))
        return "".join([opening, *made, closing]) if made else ""

    return apply


def _laid_out(parts: Sequence[Part]) -> tuple[str, list[tuple[str, str]], str]:
    """The text before all columns, each column with the text that stands before it, and the text after them all."""
    texts, headers = [""], []
    for part in parts:
        if isinstance(part, Column):
            headers.append(part.header)
            texts.append("")
        else:
            texts[-1] += part
    between = ["", *texts[1:-1]]
    return texts[0], list(zip(between, headers, strict=True)), texts[-1]


_Holds: TypeAlias = Callable[[str], bool]


def _only_if(step: OnlyIf, places: Mapping[str, int]) -> _Apply:
    holds = _condition(step)
    if step.column is None:
        return lambda value, _cells: _those_that_hold(value, holds)
    place = places.get(step.column)

    def apply(value: _Value, cells: Sequence[str]) -> _Value:
        other = cells[place].strip() if place is not None and place < len(cells) else ""
        return value if holds(other) else ""

    return apply


def _those_that_hold(value: _Value, holds: _Holds) -> _Value:
    if isinstance(value, str):
        return value if holds(value.strip()) else ""
    return [item for item in value if holds(item)]


def _condition(step: OnlyIf) -> _Holds:
    def keys(texts: Sequence[str]) -> frozenset[str]:
        return frozenset(lookup_key(text, ignore_case=step.ignore_case) for text in texts)

    [word] = condition_words(step)
    match word:
        case "is":
            wanted = keys(step.is_ or ())
            return lambda text: lookup_key(text, ignore_case=step.ignore_case) in wanted
        case "is_not":
            refused = keys(step.is_not or ())
            return lambda text: lookup_key(text, ignore_case=step.ignore_case) not in refused
        case "matches":
            pattern = compiled(step.matches or "", ignore_case=step.ignore_case)
            return lambda text: pattern.search(text) is not None
        case "is_blank":
            return lambda text: not text
        case _:
            return bool


def _lookup(step: Lookup) -> _OfText:
    meant = {lookup_key(found, ignore_case=step.ignore_case): value for found, value in step.values.items()}
    ignore_case, otherwise = step.ignore_case, step.otherwise

    def apply(text: str) -> str:
        value = meant.get(lookup_key(text, ignore_case=ignore_case))
        if value is not None:
            return value
        if otherwise == "refuse":
            raise Unfit(ErrorType.NOT_IN_LIST, f"{_shown(text.strip())} is not among the {len(meant)} values looked up")
        return text if otherwise == "keep" else ""

    return apply


# Numbers and dates ----------------------------------------------------------------------------------------------------

_PLAIN = (
    dict.fromkeys(map(ord, "\u00a0\u2007\u2009\u200a\u202f\u3000"), " ")
    | dict.fromkeys(map(ord, "\u2019\u02bc\u00b4`"), "'")
    | dict.fromkeys(map(ord, "\u2212\u2013\u2014"), "-")
)
_AROUND = re.compile(
    r"(?P<before>[^0-9]*?)(?P<sign>(?:[-+]\s?)?)"
    r"(?P<body>(?:(?<![^\W\d_])[.,])?[0-9](?:[0-9.,' ]*[0-9])?)(?P<after>[^0-9]*)"
)
"""A point after a letter ends a word (``Rs.500``)."""
_GROUPED = r"[0-9]*|[0-9]{1,3}(?:(?:%s[0-9]{3})+|(?: [0-9]{3})+|(?:'[0-9]{3})+)"
_WHOLE = {
    ".": _GROUPED % "," + r"|[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}",  # the last: Indian 12,34,567
    ",": _GROUPED % r"\.",
}
_BODY = {
    decimal: re.compile(f"(?P<whole>{whole})(?:{re.escape(decimal)}(?P<fraction>[0-9]+))?")
    for decimal, whole in _WHOLE.items()
}
"""By the decimal sign: digits in groups as people write them, and those behind the sign."""

_DECIMAL_NAME = {".": "a decimal point", ",": "a decimal comma"}
_EXACT = Context(prec=200, rounding=ROUND_HALF_UP)
_QUOTIENT_DECIMALS = 12


def _number(step: Number) -> _OfText:
    body_of = _BODY[step.decimal]
    reckons = step.multiply is not None or step.divide is not None or step.round is not None

    def apply(text: str) -> str:
        plain = text.translate(_PLAIN).strip()
        around = _AROUND.fullmatch(plain) if len(plain) <= _NUMERAL_CHARACTERS else None
        body = body_of.fullmatch(around["body"]) if around else None
        if around is None or body is None:
            raise Unfit(
                ErrorType.INVALID_TYPE, f"{_shown(text)} is not a number written with {_DECIMAL_NAME[step.decimal]}"
            )
        digits = "".join(filter(str.isdigit, body["whole"])).lstrip("0") or "0"
        number = around["sign"].strip() + (f"{digits}.{body['fraction']}" if body["fraction"] else digits)
        return f"{around['before']}{_reckoned(number, step) if reckons else number}{around['after']}"

    return apply


def _reckoned(number: str, step: Number) -> str:
    """The number after what is reckoned with it, half a digit rounded away from zero."""
    result = Decimal(number)
    if step.multiply is not None:
        result = _EXACT.multiply(result, step.multiply)
    if step.divide is not None:
        result = _EXACT.divide(result, step.divide)
        result = _EXACT.quantize(result, Decimal(1).scaleb(-_QUOTIENT_DECIMALS))
    if step.round is not None:
        result = _EXACT.quantize(result, Decimal(1).scaleb(-step.round))
    # A zero has no sign.
    told = format(_EXACT.plus(result), "f")
    if step.round is not None:
        return told
    return told.rstrip("0").rstrip(".") if "." in told else told


def _date(step: Date) -> _OfText:
    read = read_by_format(step.format) if step.format is not None else read_by_order(step.order or "")
    expected = step.format or f"in the order {', '.join(_PARTS_OF_ORDER[letter] for letter in step.order or '')}"

    def apply(text: str) -> str:
        iso = read(text.strip())
        if iso is None:
            raise Unfit(ErrorType.INVALID_TYPE, f"{_shown(text)} is not a date written {expected}")
        return iso

    return apply


_PARTS_OF_ORDER = {"d": "day", "m": "month", "y": "year"}
