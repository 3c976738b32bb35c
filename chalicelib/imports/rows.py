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
from chalicelib.imports.rules import Check, rule_check
from chalicelib.imports.transforms import Transform, compile_steps, writes_numbers
from chalicelib.model.ean import LENGTHS, Ean, check_digit_holds, parse_ean
from chalicelib.model.import_job import MatchOn
from chalicelib.model.import_options import BlankCells
from chalicelib.model.mapping import EAN, NAME, SKU
from chalicelib.model.product import SKU_CHARACTERS
from chalicelib.model.row_error import ErrorType, Severity
from chalicelib.model.transform import Steps, columns_named, read_transforms, transforms_json
from chalicelib.model.validation_rule import FieldRule, read_rules

RULES = 2
"""Goes up whenever the same cells would become something else, here or in ``fields``; it is part of the row hash."""

RAW_VALUE_CHARACTERS = 500
PROBLEMS_PER_ROW = 20
_SHOWN_CHARACTERS = 60
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
    plan in row hashes. ``rules`` are those of mapped fields, ``transforms`` the steps of mapped columns by header.
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
    rules: Mapping[str, FieldRule] = field(default_factory=dict)
    blank_cells: BlankCells = BlankCells.CLEAR
    transforms: Mapping[str, Steps] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """What it says beyond the usual: a plan without rules and steps is told and hashed as before there were any."""
        told = {**asdict(self), "columns": [asdict(column) for column in self.columns], "headers": list(self.headers)}
        del told["rules"], told["blank_cells"], told["transforms"]
        if self.rules:
            told["rules"] = {name: rule.to_json() for name, rule in self.rules.items()}
        if self.blank_cells is not BlankCells.CLEAR:
            told["blank_cells"] = self.blank_cells.value
        if self.transforms:
            told["transforms"] = transforms_json(self.transforms)
        return told

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        return cls(
            **{
                **stored,
                "columns": tuple(ColumnPlan(**column) for column in stored["columns"]),
                "headers": tuple(stored["headers"]),
                "habits": {header: Habit(**habit) for header, habit in stored["habits"].items()},
                "match_on": MatchOn(stored["match_on"]),
                "rules": read_rules(stored.get("rules", {})),
                "blank_cells": BlankCells(stored.get("blank_cells", BlankCells.CLEAR)),
                "transforms": read_transforms(stored.get("transforms", {})),
            }
        )

    def habit(self, column: ColumnPlan) -> Habit:
        """How its cells are written when they are read, after their steps."""
        habit = self.habits.get(column.header) or habit_of_locale(self.locale, self.currency)
        return replace(habit, decimal=".") if writes_numbers(self.transforms.get(column.header, ())) else habit

    def column_of(self, field: str) -> ColumnPlan | None:
        """The first column of a field."""
        return next((column for column in self.columns if column.field == field), None)

    def transform(self, column: ColumnPlan) -> Transform | None:
        """What is read in place of the column's cells; None where they are read as they are."""
        steps = self.transforms.get(column.header)
        return compile_steps(steps, column.header, self.headers, column.type) if steps else None

    @property
    def last_needed(self) -> int:
        """Index of the last cell a row cannot do without."""
        named = columns_named(step for steps in self.transforms.values() for step in steps)
        asked = [place for place, header in enumerate(self.headers) if header in named]
        return max([column.position for column in self.columns] + asked, default=0)

    def is_asked_for(self, column: ColumnPlan) -> bool:
        """The schema or a rule demands a value."""
        rule = self.rules.get(column.field)
        return column.required or bool(rule and rule.required)


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
    file speaks of no names; blank cells are absent from ``data``. ``lacks`` says why the row can change a product and
    make none: blank cells are ignored, and a product cannot do without these.
    """

    sku: str
    ean: str | None
    name: str | None
    data: dict[str, JsonValue]
    warnings: tuple[Problem, ...] = ()
    lacks: tuple[Problem, ...] = ()


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


def text_reader(plan: RowPlan, name: str) -> Callable[[Sequence[str]], str]:
    """A function from a row's cells to the text that its value of a field is read from.

    It is blank where the file has no such column, the row no such cell, or the column's steps cannot take it.
    """
    column = plan.column_of(name)
    if column is None:
        return lambda _cells: ""
    position, transform, last_needed = column.position, plan.transform(column), plan.last_needed
    if transform is None:
        return lambda cells: cells[position].strip() if position < len(cells) else ""

    def read(cells: Sequence[str]) -> str:
        if len(cells) <= last_needed:
            return ""
        try:
            return transform(cells).strip()
        except Unfit:
            return ""

    return read


# All rules ------------------------------------------------------------------------------------------------------------


def row_explainer(plan: RowPlan) -> Convert:
    """A function that converts a row by every rule, and finds all that is wrong with it."""
    columns = [(column, plan.transform(column), _parser(plan, column)) for column in plan.columns]
    checks = _checks(plan)
    last_needed = plan.last_needed

    def explain(cells: list[str]) -> Converted | Refused:
        if malformed := _malformed(cells, len(plan.headers), last_needed):
            return Refused((malformed,))
        finding = _Finding(plan, cells, problems=_nul_cells(plan, cells))
        if finding.problems and plan.transforms:
            # Whatever the steps made of such a cell would be told of as if the file said it.
            return Refused(_first_of(finding.problems))
        for column, transform, parse in columns:
            text = cells[column.position].strip() if transform is None else finding.transformed(column, transform)
            if text is not None and "\0" not in text:
                _READERS.get(column.field, _read_field)(finding, column, parse, text)
        for column, rule, check in checks:
            _apply(finding, column, rule, check)
        _demand_required(plan, finding)
        return _decide(plan, finding)

    return explain


@dataclass(slots=True)
class _Finding:
    """What the cells of one row came to so far. ``ean_problem`` is weighed once the whole row is known.

    ``became`` has by position the texts that the steps of columns made of their cells.
    """

    plan: RowPlan
    cells: Sequence[str]
    problems: list[Problem]
    became: dict[int, str] = field(default_factory=dict)
    data: dict[str, JsonValue] = field(default_factory=dict)
    sku: str = ""
    name: str | None = None
    ean: Ean | None = None
    ean_problem: Problem | None = None
    stands_for_no_ean: bool = False
    warnings: list[Problem] = field(default_factory=list)
    lacks: list[Problem] = field(default_factory=list)

    def transformed(self, column: ColumnPlan, transform: Transform) -> str | None:
        """What the steps of a column make of its cell; None for one they cannot take, which is told."""
        try:
            text = transform(self.cells).strip()
        except Unfit as unfit:
            self.refuse(unfit.error_type, column, unfit.message)
            return None
        self.became[column.position] = text
        return text

    def is_untransformed(self, name: str) -> bool:
        """The steps of the field's column could not take its cell."""
        column = self.plan.column_of(name)
        return column is not None and column.header in self.plan.transforms and column.position not in self.became

    def text(self, column: ColumnPlan) -> str:
        """What is read as the column's value."""
        return self.became.get(column.position, self.cells[column.position].strip())

    def problem(self, error_type: ErrorType, column: ColumnPlan, message: str) -> Problem:
        """What is wrong with a cell, which is told as the file has it."""
        cell, text = self.cells[column.position], self.text(column)
        if text != cell.strip():
            message = f"{message} (after its steps the cell is {_shown(text)})"
        return _problem(error_type, column.field, column.header, message, cell)

    def refuse(self, error_type: ErrorType, column: ColumnPlan, message: str) -> None:
        self.problems.append(self.problem(error_type, column, message))

    def say(self, rule: FieldRule, error_type: ErrorType, column: ColumnPlan, message: str) -> None:
        """The row breaks a rule, which may be worth a warning only."""
        problem = self.problem(error_type, column, rule.message or message)
        if rule.severity is Severity.ERROR:
            self.problems.append(problem)
        else:
            self.warnings.append(replace(problem, severity=Severity.WARNING))

    def demand(self, column: ColumnPlan, message: str, *, by_nature: bool) -> None:
        """A value is missing that a rule asks for, or that no product is without (``by_nature``). One that has it keeps
        it where blank cells are ignored.
        """
        rule = self.plan.rules.get(column.field)
        asked = rule if rule and rule.required else None
        if by_nature and self.plan.blank_cells is BlankCells.CLEAR:
            told = asked.message if asked and asked.message else message
            self.refuse(ErrorType.MISSING_REQUIRED_FIELD, column, told)
            return
        if asked:
            self.say(asked, ErrorType.MISSING_REQUIRED_FIELD, column, message)
        if by_nature:
            self.lacks.append(self.problem(ErrorType.MISSING_REQUIRED_FIELD, column, message))

    def value(self, name: str) -> JsonValue:
        """The value a rule is held against; None when there is none."""
        match name:
            case "sku":
                return self.sku or None
            case "name":
                return self.name or None
            case "ean":
                return self.ean.printed if self.ean else None
            case _:
                return self.data.get(name)


def _read_sku(finding: _Finding, column: ColumnPlan, _parse: Parser, text: str) -> None:
    finding.sku = text
    if len(text) > SKU_CHARACTERS:
        message = f"the sku has {len(text)} characters; {SKU_CHARACTERS} are the limit"
        finding.refuse(ErrorType.OUT_OF_RANGE, column, message)


def _read_name(finding: _Finding, column: ColumnPlan, _parse: Parser, text: str) -> None:
    finding.name = text
    if not text:
        finding.demand(column, "the row has no name", by_nature=True)


def _read_ean(finding: _Finding, column: ColumnPlan, _parse: Parser, text: str) -> None:
    if not text:
        return
    ean = parse_ean(text)
    if not isinstance(ean, Ean):
        finding.ean_problem = finding.problem(ErrorType.EAN_INVALID, column, ean.message)
        finding.stands_for_no_ean = ean.stands_for_none
        return
    finding.ean = ean
    if column.type:
        finding.data[column.field] = ean.printed


def _read_field(finding: _Finding, column: ColumnPlan, parse: Parser, text: str) -> None:
    if not text:
        return
    try:
        value = parse(text)
    except Unfit as unfit:
        finding.refuse(unfit.error_type, column, unfit.message)
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


def _checks(plan: RowPlan) -> list[tuple[ColumnPlan, FieldRule, Check]]:
    """The rules of the plan, each with the first column of its field."""
    found = ((plan.column_of(name), rule) for name, rule in plan.rules.items())
    return [(column, rule, _check(plan, column, rule)) for column, rule in found if column]


def _check(plan: RowPlan, column: ColumnPlan, rule: FieldRule) -> Check:
    return rule_check(rule, "string" if column.field in _READERS else column.type, plan.habit(column))


def _apply(finding: _Finding, column: ColumnPlan, rule: FieldRule, check: Check) -> None:
    value = finding.value(column.field)
    if value is None:
        return
    text = str(value) if column.field in _READERS else finding.text(column)
    for error_type, message in check(text, value):
        finding.say(rule, error_type, column, message)


def _demand_required(plan: RowPlan, finding: _Finding) -> None:
    """A required field needs a value from one of its columns, or has been complained of already."""
    complained = {problem.field for problem in (*finding.problems, *finding.warnings, *finding.lacks)}
    for column in plan.columns:
        if not plan.is_asked_for(column) or column.field in complained or finding.value(column.field) is not None:
            continue
        if column.field == EAN and finding.ean_problem:
            continue
        complained.add(column.field)
        message = f'the field "{column.field}" is required, and the cell is blank'
        finding.demand(column, message, by_nature=column.required)


def _decide(plan: RowPlan, finding: _Finding) -> Converted | Refused:
    if wrong := finding.ean_problem:
        matched_by_sku = plan.match_on is not MatchOn.EAN or finding.stands_for_no_ean
        if finding.sku and matched_by_sku and not _ean_is_needed(plan):
            finding.warnings.append(replace(wrong, severity=Severity.WARNING))
        else:
            finding.problems.append(wrong)
    if not finding.sku:
        _key_by_ean(plan, finding)
    if finding.problems:
        return Refused(_first_of(finding.problems))
    gtin14 = finding.ean.gtin14 if finding.ean else None
    return Converted(
        finding.sku, gtin14, finding.name, finding.data, _first_of(finding.warnings), _first_of(finding.lacks)
    )


def _ean_is_needed(plan: RowPlan) -> bool:
    """A row whose EAN is none cannot do without one."""
    column, rule = plan.column_of(EAN), plan.rules.get(EAN)
    return bool(column and column.required) or bool(rule and rule.required and rule.severity is Severity.ERROR)


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
    if ean_will_do and (finding.ean_problem or finding.is_untransformed(EAN)):
        return
    if any(each.field == SKU or _is_nul_in_ean(each) for each in finding.problems):
        return
    message = "the row has neither a sku nor an EAN" if ean_will_do and plan.has_ean else "the row has no sku"
    key = SKU if plan.has_sku else EAN
    header = next((column.header for column in plan.columns if column.field == key), None)
    finding.problems.append(_problem(ErrorType.MISSING_REQUIRED_FIELD, SKU, header, message, ""))


def _is_nul_in_ean(problem: Problem) -> bool:
    return problem.field == EAN and problem.error_type is ErrorType.ENCODING_ERROR


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
    message = "the cell holds a byte that is not UTF-8, or a NUL character: correct it, or export the file as CSV UTF-8"
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


def _shown(text: str) -> str:
    return f'"{text}"' if len(text) <= _SHOWN_CHARACTERS else f'"{text[:_SHOWN_CHARACTERS]}…"'


def _parser(plan: RowPlan, column: ColumnPlan) -> Parser:
    """How a column's cells are read; the key, the name and the ean are texts with rules of their own."""
    name = "string" if column.field in _READERS else column.type
    return FIELD_TYPES[name].parser(plan.habit(column))


# The fast path --------------------------------------------------------------------------------------------------------


def compile_row_converter(plan: RowPlan) -> Convert:
    """A function from a row's cells to `Converted` or `Refused`, specialised for the plan.

    Its source is made of positions and placeholders only; nothing of a file, a header or a field name enters it.
    """
    steps = [(column.position, made) for column in plan.columns if (made := plan.transform(column))]
    names: dict[str, Any] = {
        "Converted": Converted,
        "Unfit": Unfit,
        "LENGTHS": LENGTHS,
        "check_digit_holds": check_digit_holds,
        "explain": row_explainer(plan),
        **{f"steps_{position}": made for position, made in steps},
    }
    body = ["cells = cells.copy()"] if steps else []
    body += [f"cells[{position}] = steps_{position}(given)" for position, _ in steps]
    lists: dict[str, list[int]] = {}
    for index, column in enumerate(plan.columns):
        names[f"field_{index}"], names[f"parse_{index}"] = column.field, _parser(plan, column)
        if rule := plan.rules.get(column.field):
            names[f"check_{index}"] = _check(plan, column, rule)
        if column.type == _LIST_TYPE and column.field not in _READERS:
            lists.setdefault(column.field, []).append(index)
        else:
            body += _COLUMN_SOURCES.get(column.field, _field_source)(plan, index)
    for indexes in lists.values():
        body += _list_source(plan, indexes)
    key = "" if plan.has_sku else "digits"
    source = [
        "def convert(cells):",
        f"    if len(cells) != {len(plan.headers)} or '\\0' in ''.join(cells): return explain(cells)",
        "    given = cells",
        "    ean = name = None",
        "    sku = digits = ''",
        "    data = {}",
        "    try:",
        *(f"        {line}" for line in body or ["pass"]),
        "    except Unfit:",
        "        return explain(given)",
        *([f"    sku = {key}"] if key else []),
        "    if not sku: return explain(given)",
        "    return Converted(sku, ean, name, data)",
    ]
    exec("\n".join(source), names)  # noqa: S102 - the source is ours to the last character, see above
    convert: Convert = names["convert"]
    return convert


def _sku_source(plan: RowPlan, index: int) -> list[str]:
    column = plan.columns[index]
    return [
        f"sku = cells[{column.position}].strip()",
        f"if len(sku) > {SKU_CHARACTERS}: return explain(given)",
        *(["if not sku: return explain(given)"] if column.field in plan.rules else []),
        *_checked(plan, index, "sku", "sku"),
    ]


def _name_source(plan: RowPlan, index: int) -> list[str]:
    return [
        f"name = cells[{plan.columns[index].position}].strip()",
        "if not name: return explain(given)",
        *_checked(plan, index, "name", "name"),
    ]


def _ean_source(plan: RowPlan, index: int) -> list[str]:
    column = plan.columns[index]
    return [
        f"digits = cells[{column.position}].strip()",
        "if digits:",
        "    if not (len(digits) in LENGTHS and digits.isascii() and digits.isdigit() and check_digit_holds(digits)):",
        "        return explain(given)",
        "    ean = digits.zfill(14)",
        *([f"    data[field_{index}] = digits"] if column.type else []),
        *_indented(_checked(plan, index, "digits", "digits")),
        *_otherwise(plan, column),
    ]


def _field_source(plan: RowPlan, index: int) -> list[str]:
    column = plan.columns[index]
    value = "text" if column.type == "string" else f"parse_{index}(text)"
    return [
        f"text = cells[{column.position}].strip()",
        *(
            [
                "if text:",
                f"    data[field_{index}] = value = {value}",
                *_indented(_checked(plan, index, "text", "value")),
            ]
            if column.field in plan.rules
            else [f"if text: data[field_{index}] = {value}"]
        ),
        *_otherwise(plan, column),
    ]


def _list_source(plan: RowPlan, indexes: Sequence[int]) -> list[str]:
    lines = ["items = []"]
    for index in indexes:
        position = plan.columns[index].position
        lines += [f"text = cells[{position}].strip()", f"if text: items += parse_{index}(text)"]
    first = indexes[0]
    return [
        *lines,
        "if items:",
        f"    data[field_{first}] = items",
        *_indented(_checked(plan, first, "''", "items")),
        *_otherwise(plan, plan.columns[first]),
    ]


def _checked(plan: RowPlan, index: int, text: str, value: str) -> list[str]:
    """A value that breaks its rule is explained."""
    if plan.columns[index].field not in plan.rules:
        return []
    return [f"if check_{index}({text}, {value}): return explain(given)"]


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def _otherwise(plan: RowPlan, column: ColumnPlan) -> list[str]:
    return ["else: return explain(given)"] if plan.is_asked_for(column) else []


_COLUMN_SOURCES = {SKU: _sku_source, NAME: _name_source, EAN: _ean_source}
