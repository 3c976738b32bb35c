"""Rows that could become no product: which of them have an EAN that waits for one.

Shared spec, section 1 "EANs pending": a valid EAN, when nothing matches and the import makes no products or the row has
no name. A bad one never waits.
"""

from collections.abc import Iterable, Sequence

from chalicelib.catalog.pending_eans import Waiting
from chalicelib.imports.file_rows import FileRow
from chalicelib.imports.plan import ImportPlan
from chalicelib.model.ean import Ean, parse_ean
from chalicelib.model.mapping import EAN, NAME

_DESCRIPTION = "description"
_DESCRIPTION_CHARACTERS = 500


def waiting_eans(plan: ImportPlan, rows: Iterable[FileRow]) -> list[tuple[str, Waiting]]:
    """For each of these rows with an EAN: the sku it would have been, and what is kept of it."""
    found: list[tuple[str, Waiting]] = []
    for row in rows:
        ean = parse_ean(_cell(plan, EAN, row.cells))
        if isinstance(ean, Ean):
            waiting = Waiting(ean.gtin14, ean.printed, _description(plan, row.cells))
            found.append((row.key or ean.printed, waiting))
    return found


def _description(plan: ImportPlan, cells: Sequence[str]) -> str:
    """What a person may know the thing by: its name, else what is said of it."""
    text = _cell(plan, NAME, cells) or _cell(plan, _DESCRIPTION, cells)
    return text.replace("\0", "\u2400")[:_DESCRIPTION_CHARACTERS]


def _cell(plan: ImportPlan, field: str, cells: Sequence[str]) -> str:
    column = plan.rows.column_of(field)
    return cells[column.position].strip() if column and column.position < len(cells) else ""
