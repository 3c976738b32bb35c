"""Step 3, suggest: the workspace's memory first, the offline vocabulary second.

The seam for a model is here: a suggester that knows more is asked for the columns neither knows, and what it says is
merged the same way.
"""

from chalicelib.model.mapping import Suggestion
from chalicelib.model.outcomes import Analysis
from chalicelib.store import schemas
from chalicelib.store.postgres import Cursor
from chalicelib.suggest import normalise_header, suggest


def suggest_for(cursor: Cursor, workspace_id: int, analysis: Analysis) -> Suggestion:
    """A field for each column of the file, and the schema that goes with them."""
    keys = [normalise_header(header) for header in analysis.headers]
    return suggest(
        analysis.columns,
        analysis.sample_rows,
        learned=schemas.learned(cursor, workspace_id, keys),
        schema=schemas.read(cursor, workspace_id),
        row_count=analysis.row_count,
    )
