"""Asking for computes: noted with the segment, then a message on the queue.

What is asked for twice before it is begun is done once. The note comes first, so that a message that was lost is made
up for by the tick (``refresh``).
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from chalicelib.segments import manage
from chalicelib.services import Services
from chalicelib.store import segments
from chalicelib.store.postgres import Cursor


def request(services: Services, workspace_id: int, segment_id: int) -> None:
    """Ask for one segment to be computed, active or not. Raises NotFound."""
    with services.database.workspace(workspace_id) as cursor:
        manage.find(cursor, workspace_id, segment_id)
        noted = note(services, cursor, workspace_id, [segment_id], now=services.now())
    send(services, workspace_id, noted)


def note(
    services: Services, cursor: Cursor, workspace_id: int, segment_ids: Iterable[int], *, now: datetime
) -> list[int]:
    """Note in this transaction that segments are to be computed; those to ``send`` a message for after it."""
    forgotten_before = now - timedelta(seconds=services.settings.segment_lease_seconds)
    return segments.ask(cursor, workspace_id, segment_ids, now=now, forgotten_before=forgotten_before)


def send(services: Services, workspace_id: int, segment_ids: Iterable[int]) -> None:
    """One message a segment. Raises Unavailable; what was noted is not lost by that."""
    services.queues.send(
        services.settings.segment_queue,
        ({"do": "compute", "workspace": workspace_id, "segment": segment_id} for segment_id in segment_ids),
    )
