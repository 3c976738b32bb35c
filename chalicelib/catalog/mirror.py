"""Bringing the mirror up to date: what the outbox holds goes to ClickHouse, then leaves the outbox.

The function that wrote products drains at once; the tick drains what is left. ClickHouse away is no reason to fail a
write: the entries wait. A question that only the mirror can answer first lets it catch up (``catch_up``), so that a
mirror that was away is never silently asked.
"""

import logging
from dataclasses import dataclass
from datetime import datetime

from chalicelib.errors import MirrorRefused, Unavailable
from chalicelib.services import Services
from chalicelib.store import outbox

log = logging.getLogger(__name__)

_SWEPT_WORKSPACES = 1_000
_LATE_SECONDS = 5
"""Whoever wrote an entry sends it within moments; one that waits longer was left behind."""


@dataclass(frozen=True, slots=True)
class MirrorWork:
    """An outbox entry that was written a moment ago, and its products as the mirror's lines."""

    entry_id: int
    lines: bytes


def send(services: Services, workspace_id: int, work: MirrorWork, *, job_id: int | None = None) -> None:
    """Bring what was just committed to the mirror, without reading it again. What fails waits in the outbox.

    The time it took is noted with the job it was done for.
    """
    started = services.clock()
    try:
        services.mirror.insert(work.lines)
    except (Unavailable, MirrorRefused) as error:
        log.warning("mirror is behind", extra={"workspace": workspace_id, "why": str(error)})
        return
    milliseconds = round(1000 * (services.clock() - started))
    with services.database.workspace(workspace_id) as cursor:
        if job_id is None:
            outbox.remove(cursor, workspace_id, work.entry_id)
        else:
            outbox.remove_for_job(cursor, workspace_id, work.entry_id, job_id, milliseconds=milliseconds)


def drain(services: Services, workspace_id: int) -> int:
    """Entries sent. Stops when ClickHouse is away; steps over an entry that it refuses, which stays and is told of."""
    sent = after = 0
    try:
        while entry_id := _send_next(services, workspace_id, after):
            sent, after = sent + 1, entry_id
    except Unavailable as error:
        log.warning("mirror is behind", extra={"workspace": workspace_id, "why": str(error)})
    return sent


def catch_up(services: Services, workspace_id: int, *, waiting_seconds: int = _LATE_SECONDS) -> datetime | None:
    """Bring the mirror what has waited longer than that; what is younger is being sent by whoever wrote it.

    Answers since when the oldest entry waits that is still there (another worker is at it, or ClickHouse refused it).
    Raises Unavailable when ClickHouse is away: no answer is better than a stale one.
    """
    with services.database.workspace(workspace_id) as cursor:
        if not outbox.is_late(cursor, workspace_id, waiting_seconds=waiting_seconds):
            return None
    after = 0
    while entry_id := _send_next(services, workspace_id, after):
        after = entry_id
    with services.database.workspace(workspace_id) as cursor:
        return outbox.oldest(cursor, workspace_id)


def drain_all(services: Services) -> int:
    """Entries sent, for every workspace that has some."""
    with services.database.sweep() as cursor:
        waiting = outbox.waiting(cursor, _SWEPT_WORKSPACES)
    return sum(drain(services, workspace_id) for workspace_id in waiting)


def settle(services: Services, workspace_id: int) -> None:
    """Return once the mirror holds every product that was committed before this was called, whoever is sending it.

    An entry that ClickHouse refuses is stepped over, as always. Raises Unavailable when ClickHouse is away.
    """
    with services.database.workspace(workspace_id) as cursor:
        newest = outbox.newest(cursor, workspace_id)
    if newest is None:
        return
    tried, after = set[int](), 0
    while after < newest and (entry_id := _send_next(services, workspace_id, after)):
        tried.add(entry_id)
        after = entry_id
    with services.database.workspace(workspace_id) as cursor:
        left = outbox.left(cursor, workspace_id, newest)
    if left - tried:
        raise Unavailable("ClickHouse has yet to hear of products that changed; trying again may help.")


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
