"""Values that no two rows of a file may share: what is compared, and what is said of a row whose value stands before.

The first sound row of the file with a value keeps it, whatever order chunks run in: each value is claimed by the lowest
row before a row is written. Shared spec, section 1 "error_type" (``not_unique``).
"""

from collections.abc import Iterator
from typing import NamedTuple

from chalicelib.fields import JsonValue
from chalicelib.imports.file_rows import FileRow
from chalicelib.imports.plan import ImportPlan
from chalicelib.imports.rows import RAW_VALUE_CHARACTERS, Converted, Problem
from chalicelib.imports.rules import value_key
from chalicelib.model.mapping import EAN, NAME, SKU
from chalicelib.model.row_error import ErrorType


class UniqueValue(NamedTuple):
    """A value of a row. ``key`` names field and value; it begins with a blank, so it is no sku."""

    field: str
    key: str
    row: FileRow


def unique_values(plan: ImportPlan, row: FileRow, made: Converted) -> Iterator[UniqueValue]:
    """The values of a row that are to be unique; a blank is none."""
    for field in plan.unique_fields:
        value = _value(field, row, made)
        if value is not None:
            yield UniqueValue(field, f" {field} {value_key(value).hex()}", row)


def not_unique(plan: ImportPlan, value: UniqueValue, first_row: int) -> Problem:
    """What is said of a row whose value an earlier row has."""
    rule = plan.rows.rules[value.field]
    column = plan.rows.column_of(value.field)
    assert column is not None
    cell = value.row.cells[column.position] if column.position < len(value.row.cells) else ""
    message = f'the value stands in row {first_row} already, and no two rows may have the same "{value.field}"'
    return Problem(
        rule.severity,
        ErrorType.NOT_UNIQUE,
        value.field,
        column.header,
        rule.message or message,
        cell[:RAW_VALUE_CHARACTERS],
    )


def _value(field: str, row: FileRow, made: Converted) -> JsonValue:
    """What is compared; the sku is the row's own, not that of the product it belongs to."""
    if field == SKU:
        return row.key
    if field == NAME:
        return made.name or None
    if field == EAN:
        return made.ean
    return made.data.get(field)
