"""Rows become products: one function per job, made from its mapping and schema.

In: the cells of a row as the file has them. Out: `Converted` (key, name and data in their stored forms) or `Refused`
with every problem of the row. Pure: no clock, no database, so the same row always becomes the same product.

Serves the shared spec, section 1 ("Matching", "error_type") and section 2 ("Values are parsed …").

Nearly every row is in order, so there are two paths. The fast one is a function written for this very plan: no loop
over the mapping, no question whose answer is known beforehand; at the first thing amiss it gives up. Then the row goes
through `row_explainer`, which knows all rules, collects every problem, and may still find the row good.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

import orjson

from chalicelib.fields import FIELD_TYPES, Habit, JsonValue, Parser, Unfit, habit_of_locale
from chalicelib.model.ean import LENGTHS, Ean, check_digit_holds, parse_ean
from chalicelib.model.import_job import MatchOn
from chalicelib.model.mapping import EAN, NAME, SKU
from chalicelib.model.product import SKU_CHARACTERS
from chalicelib.model.row_error import ErrorType, Severity

RULES = 1
"""Goes up whenever the same cells would become something else, here or in ``fields``; it is part of the row hash."""

RAW_VALUE_CHARACTERS = 500
PROBLEMS_PER_ROW = 20
EXTRA_CELLS = " extra cells"
"""Where ``raw_data`` keeps cells that stand under no header. Headers are trimmed, so none begins with a blank."""


@dataclass(frozen=True, slots=True)
class ColumnPlan:
    """One mapped column.

    Attributes:
        position: index of its cell, from 0.
        field: ``sku``, ``name``, ``ean``, or a field of the schema.
        type: a key of FIELD_TYPES; empty for ``ean`` when the schema has no such field to print it in.
        required: the schema demands a value.
    """

    position: int
    header: str
    field: str
    type: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class RowPlan:
    """All that a row's conversion depends on; stored with the job, so that every chunk converts alike.

    ``habits`` says by header how a column is written; a column without one follows the locale. ``version`` names this
    plan in row hashes.
    """

    columns: Sequence[ColumnPlan]
    headers: Sequence[str]
    currency: str
    locale: str
    habits: Mapping[str, Habit]
    match_on: MatchOn
    has_sku: bool
    has_name: bool
    has_ean: bool
    version: str

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "columns": [asdict(column) for column in self.columns], "headers": list(self.headers)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        return cls(
            **{
                **stored,
                "columns": tuple(ColumnPlan(**column) for column in stored["columns"]),
                "headers": tuple(stored["headers"]),
                "habits": {header: Habit(**habit) for header, habit in stored["habits"].items()},
                "match_on": MatchOn(stored["match_on"]),
            }
        )

    def habit(self, column: ColumnPlan) -> Habit:
        return self.habits.get(column.header) or habit_of_locale(self.locale, self.currency)


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding about a row, before it is known which row of the file it is."""

    severity: Severity
    error_type: ErrorType
    field: str | None
    column: str | None
    message: str
    raw_value: str | None


@dataclass(slots=True)
class Converted:
    """A good row. One is made per row, and a frozen one takes three times as long to make.

    ``sku`` is the printed ean where the row has no sku of its own; ``ean`` has 14 digits; ``name`` None means that the
    file speaks of no names; blank cells are absent from ``data``.
    """

    sku: str
    ean: str | None
    name: str | None
    data: dict[str, JsonValue]
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """A bad row, with all that is wrong with it."""

    problems: tuple[Problem, ...]


Convert = Callable[[list[str]], Converted | Refused]


def row_hash(cells: Sequence[str], version: str) -> bytes:
    """8 bytes that change when a cell or the plan changes. Cells are joined as JSON, so no two rows look alike."""
    return hashlib.blake2b(orjson.dumps((version, cells)), digest_size=8).digest()


def raw_data(cells: Sequence[str], headers: Sequence[str]) -> bytes:
    """The original row as a JSON object. A short row lacks keys, surplus cells are a list under EXTRA_CELLS."""
    row: dict[str, Any] = dict(zip(headers, cells, strict=False))
    if len(cells) > len(headers) and any(map(str.strip, cells[len(headers) :])):
        row[EXTRA_CELLS] = cells[len(headers) :]
    return orjson.dumps(row)


# All rules ------------------------------------------------------------------------------------------------------------


def row_explainer(plan: RowPlan) -> Convert:
    """A function that converts a row by every rule, and finds all that is wrong with it."""
    columns = [(column, _parser(plan, column)) for column in plan.columns]
    last_needed = max((column.position for column in plan.columns), default=0)

    def explain(cells: list[str]) -> Converted | Refused:
        if malformed := _malformed(cells, len(plan.headers), last_needed):
            return Refused((malformed,))
        finding = _Finding(problems=_nul_cells(plan, cells))
        for column, parse in columns:
            cell = cells[column.position]
            if "\0" not in cell:
                _READERS.get(column.field, _read_field)(finding, column, parse, cell)
        _demand_required(plan, finding, cells)
        return _decide(plan, finding)

    return explain


@dataclass(slots=True)
class _Finding:
    """What the cells of one row came to so far. ``ean_problem`` is weighed once the whole row is known."""

    problems: list[Problem]
    data: dict[str, JsonValue] = field(default_factory=dict)
    sku: str = ""
    name: str | None = None
    ean: Ean | None = None
    ean_problem: Problem | None = None
    ean_required: bool = False

    def refuse(self, error_type: ErrorType, column: ColumnPlan, message: str, cell: str) -> None:
        self.problems.append(_problem(error_type, column.field, column.header, message, cell))


def _read_sku(finding: _Finding, column: ColumnPlan, _parse: Parser, cell: str) -> None:
    finding.sku = cell.strip()
    if len(finding.sku) > SKU_CHARACTERS:
        message = f"the sku has {len(finding.sku)} characters; {SKU_CHARACTERS} are the limit"
        finding.refuse(ErrorType.OUT_OF_RANGE, column, message, cell)


def _read_name(finding: _Finding, column: ColumnPlan, _parse: Parser, cell: str) -> None:
    finding.name = cell.strip()
    if not finding.name:
        finding.refuse(ErrorType.MISSING_REQUIRED_FIELD, column, "the row has no name", cell)


def _read_ean(finding: _Finding, column: ColumnPlan, _parse: Parser, cell: str) -> None:
    finding.ean_required = column.required
    text = cell.strip()
    if not text:
        return
    ean = parse_ean(text)
    if not isinstance(ean, Ean):
        finding.ean_problem = _problem(ErrorType.EAN_INVALID, column.field, column.header, ean.message, cell)
        return
    finding.ean = ean
    if column.type:
        finding.data[column.field] = ean.printed


def _read_field(finding: _Finding, column: ColumnPlan, parse: Parser, cell: str) -> None:
    text = cell.strip()
    if not text:
        return
    try:
        value = parse(text)
    except Unfit as unfit:
        finding.refuse(unfit.error_type, column, unfit.message, cell)
        return
    if column.type == _LIST_TYPE and isinstance(value, list):
        earlier = finding.data.get(column.field)
        value = [*(earlier if isinstance(earlier, list) else ()), *value]
    if value != []:
        finding.data[column.field] = value


_LIST_TYPE = "array"
"""The one type that several columns may be mapped to; their items are joined in file order."""

_READERS: dict[str, Callable[[_Finding, ColumnPlan, Parser, str], None]] = {
    SKU: _read_sku,
    NAME: _read_name,
    EAN: _read_ean,
}


def _demand_required(plan: RowPlan, finding: _Finding, cells: Sequence[str]) -> None:
    """A required field needs a value from one of its columns, or has been complained of already."""
    settled = {problem.field for problem in finding.problems} | finding.data.keys()
    for column in plan.columns:
        waits = column.field == EAN and (finding.ean or finding.ean_problem)
        if column.required and column.field not in settled and not waits:
            settled.add(column.field)
            message = f'the field "{column.field}" is required, and the cell is blank'
            finding.refuse(ErrorType.MISSING_REQUIRED_FIELD, column, message, cells[column.position])


def _decide(plan: RowPlan, finding: _Finding) -> Converted | Refused:
    warnings: tuple[Problem, ...] = ()
    if wrong := finding.ean_problem:
        if finding.sku and plan.match_on is not MatchOn.EAN and not finding.ean_required:
            warnings = (replace(wrong, severity=Severity.WARNING),)
        else:
            finding.problems.append(wrong)
    if not finding.sku:
        _key_by_ean(plan, finding)
    if finding.problems:
        return Refused(_first_of(finding.problems))
    gtin14 = finding.ean.gtin14 if finding.ean else None
    return Converted(finding.sku, gtin14, finding.name, finding.data, warnings)


def _first_of(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """As many as a person reads; the last of them says how many more there are."""
    more = len(problems) - PROBLEMS_PER_ROW
    if more <= 0:
        return tuple(problems)
    last = problems[PROBLEMS_PER_ROW - 1]
    return (*problems[: PROBLEMS_PER_ROW - 1], replace(last, message=f"{last.message} ({more} more in this row)"))


def _key_by_ean(plan: RowPlan, finding: _Finding) -> None:
    """A row without a sku is keyed by its ean, unless the file has a sku column and rows are matched by it."""
    ean_will_do = not plan.has_sku or plan.match_on is MatchOn.EAN
    if finding.ean and ean_will_do:
        finding.sku = finding.ean.printed
        return
    if ean_will_do and finding.ean_problem:
        return
    if any(each.error_type is ErrorType.ENCODING_ERROR and each.field in {SKU, EAN} for each in finding.problems):
        return
    message = "the row has neither a sku nor an EAN" if ean_will_do and plan.has_ean else "the row has no sku"
    key = SKU if plan.has_sku else EAN
    header = next((column.header for column in plan.columns if column.field == key), None)
    finding.problems.append(_problem(ErrorType.MISSING_REQUIRED_FIELD, SKU, header, message, ""))


def _malformed(cells: Sequence[str], width: int, last_needed: int) -> Problem | None:
    """A row too short for the mapping, or with values under no header. Blank surplus cells mean nothing."""
    if len(cells) > last_needed and not any(map(str.strip, cells[width:])):
        return None
    count = "1 cell" if len(cells) == 1 else f"{len(cells)} cells"
    surplus = next((cell for cell in cells[width:] if cell.strip()), None)
    return _problem(ErrorType.MALFORMED_ROW, None, None, f"the row has {count}, the header {width}", surplus)


def _nul_cells(plan: RowPlan, cells: Sequence[str]) -> list[Problem]:
    fields = {column.position: column.field for column in plan.columns}
    headers = dict(enumerate(plan.headers))
    message = "the cell holds a NUL character: export the file again as CSV UTF-8"
    return [
        _problem(ErrorType.ENCODING_ERROR, fields.get(position), headers.get(position), message, cell)
        for position, cell in enumerate(cells)
        if "\0" in cell
    ]


def _problem(
    error_type: ErrorType, field_name: str | None, column: str | None, message: str, cell: str | None
) -> Problem:
    raw_value = None if cell is None else cell[:RAW_VALUE_CHARACTERS].replace("\0", "\u2400")
    return Problem(Severity.ERROR, error_type, field_name, column, message, raw_value)


def _parser(plan: RowPlan, column: ColumnPlan) -> Parser:
    """How a column's cells are read; the key, the name and the ean are texts with rules of their own."""
    name = "string" if column.field in _READERS else column.type
    return FIELD_TYPES[name].parser(plan.habit(column))


# The fast path --------------------------------------------------------------------------------------------------------


def compile_row_converter(plan: RowPlan) -> Convert:
    """A function from a row's cells to `Converted` or `Refused`, specialised for the plan.

    Its source is made of positions and placeholders only; nothing of a file, a header or a field name enters it.
    """
    names: dict[str, Any] = {
        "Converted": Converted,
        "Unfit": Unfit,
        "LENGTHS": LENGTHS,
        "check_digit_holds": check_digit_holds,
        "explain": row_explainer(plan),
    }
    body: list[str] = []
    lists: dict[str, list[int]] = {}
    for index, column in enumerate(plan.columns):
        names[f"field_{index}"], names[f"parse_{index}"] = column.field, _parser(plan, column)
        if column.type == _LIST_TYPE and column.field not in _READERS:
            lists.setdefault(column.field, []).append(index)
        else:
            body += _COLUMN_SOURCES.get(column.field, _field_source)(index, column)
    for indexes in lists.values():
        body += _list_source(indexes, plan.columns)
    key = "" if plan.has_sku else "digits"
    source = [
        "def convert(cells):",
        f"    if len(cells) != {len(plan.headers)} or '\\0' in ''.join(cells): return explain(cells)",
        "    ean = name = None",
        "    sku = digits = ''",
        "    data = {}",
        "    try:",
        *(f"        {line}" for line in body or ["pass"]),
        "    except Unfit:",
        "        return explain(cells)",
        *([f"    sku = {key}"] if key else []),
        "    if not sku: return explain(cells)",
        "    return Converted(sku, ean, name, data)",
    ]
    exec("\n".join(source), names)  # noqa: S102 - the source is ours to the last character, see above
    convert: Convert = names["convert"]
    return convert


def _sku_source(_index: int, column: ColumnPlan) -> list[str]:
    return [
        f"sku = cells[{column.position}].strip()",
        f"if len(sku) > {SKU_CHARACTERS}: return explain(cells)",
    ]


def _name_source(_index: int, column: ColumnPlan) -> list[str]:
    return [
        f"name = cells[{column.position}].strip()",
        "if not name: return explain(cells)",
    ]


def _ean_source(index: int, column: ColumnPlan) -> list[str]:
    return [
        f"digits = cells[{column.position}].strip()",
        "if digits:",
        "    if not (len(digits) in LENGTHS and digits.isascii() and digits.isdigit() and check_digit_holds(digits)):",
        "        return explain(cells)",
        "    ean = digits.zfill(14)",
        *([f"    data[field_{index}] = digits"] if column.type else []),
        *_otherwise(column),
    ]


def _field_source(index: int, column: ColumnPlan) -> list[str]:
    value = "text" if column.type == "string" else f"parse_{index}(text)"
    return [
        f"text = cells[{column.position}].strip()",
        f"if text: data[field_{index}] = {value}",
        *_otherwise(column),
    ]


def _list_source(indexes: Sequence[int], columns: Sequence[ColumnPlan]) -> list[str]:
    lines = ["items = []"]
    for index in indexes:
        lines += [f"text = cells[{columns[index].position}].strip()", f"if text: items += parse_{index}(text)"]
    return [*lines, f"if items: data[field_{indexes[0]}] = items", *_otherwise(columns[indexes[0]])]


def _otherwise(column: ColumnPlan) -> list[str]:
    return ["else: return explain(cells)"] if column.required else []


_COLUMN_SOURCES = {SKU: _sku_source, NAME: _name_source, EAN: _ean_source}
