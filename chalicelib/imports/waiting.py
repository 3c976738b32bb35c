"""Rows that could become no product: which of them have an EAN that waits for one.

Shared spec, section 1 "EANs pending": a valid EAN, when nothing matches and the import makes no products or the row has
no name. A bad one never waits.
"""

from collections.abc import Iterable

from chalicelib.catalog.pending_eans import Waiting
from chalicelib.imports.file_rows import FileRow
from chalicelib.imports.plan import ImportPlan
from chalicelib.imports.rows import text_reader
from chalicelib.model.ean import Ean, parse_ean
from chalicelib.model.mapping import EAN, NAME

_DESCRIPTION = "description"
_DESCRIPTION_CHARACTERS = 500


def waiting_eans(plan: ImportPlan, rows: Iterable[FileRow]) -> list[tuple[str, Waiting]]:
    """For each of these rows with an EAN: the sku it would have been, and what is kept of it."""
    ean_of, name_of, told_of = (text_reader(plan.rows, field) for field in (EAN, NAME, _DESCRIPTION))
    found: list[tuple[str, Waiting]] = []
    for row in rows:
        ean = parse_ean(ean_of(row.cells))
        if isinstance(ean, Ean):
            # What a person may know the thing by: its name, else what is said of it.
            description = (name_of(row.cells) or told_of(row.cells)).replace("\0", "\u2400")
            waiting = Waiting(ean.gtin14, ean.printed, description[:_DESCRIPTION_CHARACTERS])
            found.append((row.key or ean.printed, waiting))
    return found
