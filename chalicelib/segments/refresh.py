"""When segments are computed without anybody's asking: after a change of what they read, and by the clock.

``refresh`` follows a change of the catalogue; the rest is the tick's, and what a start after a crash does. Everything
may happen twice: what waits already is not asked for again.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

from chalicelib.catalog import changes
from chalicelib.segments.ask import note, send
from chalicelib.services import Services
from chalicelib.store import catalog_changes, segments
from chalicelib.store.postgres import Cursor
from chalicelib.store.segments import OwnedId

log = logging.getLogger(__name__)

_UNHEARD_SECONDS = 60
"""A change that nobody took up for so long lost its message."""


def refresh(services: Services, workspace_id: int) -> int:
    """Take up what changed in the catalogue; how many segments need to be asked for.

    Those that refresh themselves and read a changed property, all of them when products came or went, and those that
    were never computed.
    """
    to_send = services.database.retrying(workspace_id, lambda cursor: _take_up(services, cursor, workspace_id))
    send(services, workspace_id, to_send)
    with services.database.workspace(workspace_id) as cursor:
        # Written while these were taken, by one that saw them wait and left the announcing to them.
        more = catalog_changes.any_waits(cursor, workspace_id)
    if more:
        changes.announce(services, workspace_id)
    log.info("segments refreshed", extra={"workspace": workspace_id, "segments": len(to_send)})
    return len(to_send)


def _take_up(services: Services, cursor: Cursor, workspace_id: int) -> list[int]:
    """One transaction: the changes are taken, and what they concern is asked for."""
    taken = catalog_changes.take(cursor, workspace_id)
    if not taken.entries:
        return []
    moved = bool(taken.created or taken.deleted)
    concerned = segments.reading(cursor, workspace_id, taken.fields, products_moved=moved)
    return note(services, cursor, workspace_id, concerned, now=services.now())


def refresh_unheard(services: Services) -> int:
    """Segments asked for because of changes whose message was lost."""
    before = services.now() - timedelta(seconds=_UNHEARD_SECONDS)
    asked = 0
    with services.database.sweep() as cursor:
        waiting = catalog_changes.waiting(cursor, before=before, limit=services.settings.segments_a_tick)
    for workspace_id in waiting:
        with _alone(workspace_id):
            asked += refresh(services, workspace_id)
    return asked


def ask_due(services: Services) -> int:
    """Segments the clock asks for, the longest due first, so many at a time, workspaces in turn."""
    now = services.now()
    with services.database.sweep() as cursor:
        found = segments.due(cursor, now=now, limit=services.settings.segments_a_tick)
    for workspace_id, segment_ids in by_workspace(found):
        with _alone(workspace_id):
            _ask(services, workspace_id, segment_ids, postpone=True)
    return len(found)


def ask_forgotten(services: Services) -> int:
    """Segments that were asked for, and whose message was lost or whose worker died."""
    now = services.now()
    before = now - timedelta(seconds=services.settings.segment_lease_seconds)
    with services.database.sweep() as cursor:
        found = segments.forgotten(cursor, now=now, before=before, limit=services.settings.segments_a_tick)
    for workspace_id, segment_ids in by_workspace(found):
        with _alone(workspace_id):
            _ask(services, workspace_id, segment_ids)
    return len(found)


def _ask(services: Services, workspace_id: int, segment_ids: Sequence[int], *, postpone: bool = False) -> None:
    now = services.now()

    def note_all(cursor: Cursor) -> list[int]:
        to_send = note(services, cursor, workspace_id, segment_ids, now=now)
        if postpone:
            segments.postpone(cursor, workspace_id, segment_ids, now=now)
        return to_send

    send(services, workspace_id, services.database.retrying(workspace_id, note_all))


def requeue_lost(services: Services) -> int:
    """Segments asked for again, of all workspaces, when queues are known to be empty and all workers dead."""
    now = services.now()
    with services.database.sweep() as cursor:
        found = segments.unanswered(cursor)
    for workspace_id, segment_ids in by_workspace(found):
        with _alone(workspace_id):
            with services.database.workspace(workspace_id) as cursor:
                segments.end_leases(cursor, workspace_id, segment_ids, now=now)
            send(services, workspace_id, segment_ids)
    return len(found)


def by_workspace(found: Iterable[OwnedId]) -> Iterable[tuple[int, list[int]]]:
    """Ids under their workspace, workspaces and ids in the order they were found in."""
    together: dict[int, list[int]] = {}
    for each in found:
        together.setdefault(each.workspace_id, []).append(each.id)
    return together.items()


@contextmanager
def _alone(workspace_id: int) -> Iterator[None]:
    """One workspace's trouble is no other's: it is logged, and the next one's turn comes."""
    try:
        yield
    except Exception:
        log.exception("segments not asked for", extra={"workspace": workspace_id})
