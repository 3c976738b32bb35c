"""Bringing the mirror up to date: what the outbox holds goes to ClickHouse, then leaves the outbox.

The function that wrote products drains at once; the tick drains what is left. ClickHouse away is no reason to fail
anything: the entries wait.
"""

import logging
from dataclasses import dataclass

from chalicelib.errors import MirrorRefused, Unavailable
from chalicelib.services import Services
from chalicelib.store import outbox

log = logging.getLogger(__name__)

_SWEPT_WORKSPACES = 1_000


@dataclass(frozen=True, slots=True)
class MirrorWork:
    """An outbox entry that was written a moment ago, and its products as the mirror's lines."""

    entry_id: int
    lines: bytes


def send(services: Services, workspace_id: int, work: MirrorWork) -> None:
    """Bring what was just committed to the mirror, without reading it again. What fails waits in the outbox."""
    try:
        services.mirror.insert(work.lines)
    except (Unavailable, MirrorRefused) as error:
        log.warning("mirror is behind", extra={"workspace": workspace_id, "why": str(error)})
        return
    with services.database.workspace(workspace_id) as cursor:
        outbox.remove(cursor, workspace_id, work.entry_id)


def drain(services: Services, workspace_id: int) -> int:
    """Entries sent. Stops when ClickHouse is away; steps over an entry that it refuses, which stays and is told of."""
    sent = after = 0
    try:
        while entry_id := _send_next(services, workspace_id, after):
            sent, after = sent + 1, entry_id
    except Unavailable as error:
        log.warning("mirror is behind", extra={"workspace": workspace_id, "why": str(error)})
    return sent


def drain_all(services: Services) -> int:
    """Entries sent, for every workspace that has some."""
    with services.database.sweep() as cursor:
        waiting = outbox.waiting(cursor, _SWEPT_WORKSPACES)
    return sum(drain(services, workspace_id) for workspace_id in waiting)


def _send_next(services: Services, workspace_id: int, after: int) -> int | None:
    """The entry that was dealt with, or None when there is none left."""
    with services.database.workspace(workspace_id) as cursor:
        entry_id = outbox.take(cursor, workspace_id, after=after)
        if entry_id is None:
            return None
        lines = outbox.lines(cursor, workspace_id, entry_id)
        try:
            if lines:
                services.mirror.insert(lines)
        except MirrorRefused as error:
            log.error(
                "mirror refused an entry", extra={"workspace": workspace_id, "entry": entry_id, "why": str(error)}
            )
        else:
            outbox.remove(cursor, workspace_id, entry_id)
    return entry_id
