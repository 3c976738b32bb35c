"""Looking at what a definition would select, without keeping it."""

from typing import Any

from chalicelib.catalog.mirror import catch_up
from chalicelib.model.segment import Preview
from chalicelib.segments.definitions import understand
from chalicelib.services import Services
from chalicelib.store import memberships, schemas


def preview(services: Services, workspace_id: int, definition: Any, *, limit: int, path: str) -> Preview:
    """The products a definition selects now; ``limit`` of their skus, at most ``memberships.SAMPLE_MOST``.

    ``path`` is where the definition stands in the request, empty when it is the request.
    Raises InvalidValue with the paths of what cannot be, and Unavailable.
    """
    with services.database.workspace(workspace_id) as cursor:
        schema = schemas.read(cursor, workspace_id)
        where = understand(cursor, workspace_id, definition, schema, now=services.now(), path=path).where
    catch_up(services, workspace_id)
    count, skus = memberships.preview(services.mirror, workspace_id, where)
    return Preview(count, skus[:limit], memberships.shown(where), {"workspace": workspace_id, **where.parameters})
