"""Dropping members nobody reads any more, a while after: cursors page on in the compute they began in."""

import logging
from datetime import timedelta

from chalicelib.segments.refresh import by_workspace
from chalicelib.services import Services
from chalicelib.store import memberships, segments
from chalicelib.store.segments import OwnedId

log = logging.getLogger(__name__)

_AT_ONCE = 1_000
_TURNS = 20
"""What one tick may drop is bounded, and is more than a tick's time can compute."""
_READING_SECONDS = 300
"""Nobody begins to read a compute once its time is over; whoever has begun is done after this."""
_HISTORY_DAYS = 90


def drop_computes(services: Services) -> int:
    """Computes whose members were deleted: replaced long enough ago, or left behind by a worker that died."""
    _note_abandoned(services)
    dropped = 0
    for _ in range(_TURNS):
        found = _drop_replaced(services)
        dropped += found
        if found < _AT_ONCE:
            break
    _forget_history(services)
    return dropped


def _drop_replaced(services: Services) -> int:
    """Computes whose members were deleted now, the longest replaced first."""
    now = services.now()
    before = now - timedelta(seconds=services.settings.compute_kept_seconds + _READING_SECONDS)
    with services.database.sweep() as cursor:
        found = segments.replaced(cursor, before=before, limit=_AT_ONCE)
    if found:
        memberships.drop(services.mirror, found)
    for workspace_id, computes in by_workspace(OwnedId(workspace, compute) for workspace, _, compute in found):
        with services.database.workspace(workspace_id) as cursor:
            segments.mark_dropped(cursor, workspace_id, computes, now=now)
    return len(found)


def _note_abandoned(services: Services) -> None:
    now = services.now()
    before = now - timedelta(seconds=services.settings.segment_lease_seconds)
    with services.database.sweep() as cursor:
        found = segments.abandoned(cursor, before=before, limit=_AT_ONCE)
    for workspace_id, computes in by_workspace(found):
        log.warning("computes abandoned", extra={"workspace": workspace_id, "computes": computes})
        with services.database.workspace(workspace_id) as cursor:
            segments.replace_computes(cursor, workspace_id, computes, now=now)


def _forget_history(services: Services) -> None:
    before = services.now() - timedelta(days=_HISTORY_DAYS)
    with services.database.sweep() as cursor:
        found = segments.dropped(cursor, before=before, limit=_AT_ONCE)
    for workspace_id, computes in by_workspace(found):
        with services.database.workspace(workspace_id) as cursor:
            segments.forget_computes(cursor, workspace_id, computes)
