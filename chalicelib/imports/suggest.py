"""Step 3, suggest: what the supplier's last file of these columns was confirmed as, then the workspace's memory, then
the offline vocabulary.

The seam for a model is here: a suggester that knows more is asked for the columns neither knows, and what it says is
merged the same way.
"""

from dataclasses import replace
from uuid import UUID

from chalicelib.catalog import suppliers
from chalicelib.imports.report import report_columns
from chalicelib.model.mapping import ColumnSuggestion, Origin, Suggestion
from chalicelib.model.outcomes import Analysis
from chalicelib.store import schemas
from chalicelib.store.postgres import Cursor
from chalicelib.suggest import normalise_header, suggest


def suggest_for(
    cursor: Cursor, workspace_id: int, analysis: Analysis, *, supplier_id: UUID | None = None
) -> Suggestion:
    """A field for each column of the file, and the schema that goes with them. ``supplier_id``: whose file it is."""
    ours = report_columns(analysis.dialect)
    columns = [column for column in analysis.columns if column.position not in ours]
    learned: dict[str, str | None] = {
        **schemas.learned(cursor, workspace_id, [normalise_header(column.header) for column in columns])
    }
    if supplier_id is not None:
        confirmed = suppliers.mapping_for(cursor, workspace_id, supplier_id, analysis.headers) or {}
        learned |= {normalise_header(header): field for header, field in confirmed.items()}
    suggestion = suggest(
        columns,
        analysis.sample_rows,
        learned=learned,
        schema=schemas.read(cursor, workspace_id),
        row_count=analysis.row_count,
    )
    told = list(suggestion.columns)
    told[ours.start : ours.start] = [_left_out(analysis.headers[position]) for position in ours]
    return replace(suggestion, columns=tuple(told))


def _left_out(header: str) -> ColumnSuggestion:
    return ColumnSuggestion(header, None, Origin.HEADER, 1.0, "The report of bad rows tells here what was wrong.")
