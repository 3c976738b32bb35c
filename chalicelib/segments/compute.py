"""Computing a segment: one ``INSERT … SELECT`` in ClickHouse beside the old set, then one UPDATE that turns readers to
it.

Whoever computes holds the segment by a lease, and only the lease's own compute can be swapped in. A worker may die
between any two steps: the old set stays readable, the lease runs out, and the message comes again or the tick asks
again. What it wrote is swept up later (``sweep``).
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from chalicelib.catalog.mirror import settle
from chalicelib.errors import InvalidValue, MirrorRefused, SkuloomError
from chalicelib.model.segment import Segment
from chalicelib.segments.ask import note, send
from chalicelib.segments.definitions import understand
from chalicelib.services import Services
from chalicelib.store import memberships, schemas, segments
from chalicelib.store.postgres import Cursor

log = logging.getLogger(__name__)


def compute(services: Services, workspace_id: int, segment_id: int) -> None:
    """Do what was asked for of a segment, unless it is done or somebody is at it.

    A definition that no longer holds is answered with ``last_error``. Raises Unavailable when a part is away: the
    message is to be shown again.
    """
    now = services.now()
    lease_until = now + timedelta(seconds=services.settings.segment_lease_seconds)
    with services.database.workspace(workspace_id) as cursor:
        segment = segments.lease(cursor, workspace_id, segment_id, now=now, lease_until=lease_until)
    if segment is None:
        log.info("nothing to compute", extra={"workspace": workspace_id, "segment": segment_id})
        return
    with _held(services, segment):
        try:
            count = _write(services, segment)
        except InvalidValue as error:
            _give_up(services, segment, f"The definition no longer holds: {error}")
        except MirrorRefused as error:
            log.exception("segment refused", extra={"workspace": workspace_id, "segment": segment_id})
            _give_up(services, segment, str(error))
        else:
            _swap(services, segment, count)


def give_up_dead(services: Services, workspace_id: int, segment_id: int) -> None:
    """What was asked for failed too often: it is answered with the reason, and the set before it stays."""
    words = f"Computing failed {services.settings.chunk_receives} times: "
    with services.database.workspace(workspace_id) as cursor:
        waited = segments.give_up_dead(cursor, workspace_id, segment_id, words, now=services.now())
    log.warning("segment failed", extra={"workspace": workspace_id, "segment": segment_id, "waited": waited})


def _write(services: Services, segment: Segment) -> int:
    """Write the members of the running compute; how many they are."""
    workspace_id = segment.workspace_id
    settle(services, workspace_id)
    with services.database.workspace(workspace_id) as cursor:
        schema = schemas.read(cursor, workspace_id)
        understood = understand(cursor, workspace_id, segment.definition, schema, now=services.now(), path="")
    return memberships.write(services.mirror, workspace_id, segment.id, _running(segment), understood.where)


def _swap(services: Services, segment: Segment, count: int) -> None:
    """Turn readers to the new set, and ask for the segments that read its members where those are others now."""
    moved = _moved(services, segment)
    to_send = services.database.retrying(
        segment.workspace_id, lambda cursor: _turn(services, cursor, segment, count, moved=moved)
    )
    if to_send is None:
        log.info("compute superseded", extra={"workspace": segment.workspace_id, "segment": segment.id})
        return
    log.info("segment computed", extra={"workspace": segment.workspace_id, "segment": segment.id, "members": count})
    send(services, segment.workspace_id, to_send)


def _turn(services: Services, cursor: Cursor, segment: Segment, count: int, *, moved: bool) -> list[int] | None:
    """The swap's transaction: the segments to send a message for, or None when the segment is another's by now."""
    workspace_id, now = segment.workspace_id, services.now()
    asked_again = segments.swap(
        cursor,
        workspace_id,
        segment.id,
        _running(segment),
        definition_version=segment.definition_version,
        member_count=count,
        now=now,
    )
    if asked_again is None:
        segments.replace_computes(cursor, workspace_id, [_running(segment)], now=now)
        return None
    readers = segments.reading_members(cursor, workspace_id, segment.id) if moved else []
    to_send = note(services, cursor, workspace_id, readers, now=now)
    return [*to_send, segment.id] if asked_again else to_send


def _moved(services: Services, segment: Segment) -> bool:
    """Whether a segment that reads this one's members may see others than before. Compared only where there is one."""
    workspace_id = segment.workspace_id
    with services.database.workspace(workspace_id) as cursor:
        readers = segments.reading_members(cursor, workspace_id, segment.id)
    if not readers or segment.current_compute is None:
        return True
    return memberships.differ(services.mirror, workspace_id, segment.id, [segment.current_compute, _running(segment)])


def _give_up(services: Services, segment: Segment, error: str) -> None:
    log.warning("segment not computed", extra={"workspace": segment.workspace_id, "segment": segment.id, "why": error})
    with services.database.workspace(segment.workspace_id) as cursor:
        asked_again = segments.give_up(
            cursor,
            segment.workspace_id,
            segment.id,
            _running(segment),
            definition_version=segment.definition_version,
            error=error,
            now=services.now(),
        )
    if asked_again:
        send(services, segment.workspace_id, [segment.id])


@contextmanager
def _held(services: Services, segment: Segment) -> Iterator[None]:
    """Let go of the segment when the work on it fails, so that the next delivery need not wait for the lease."""
    try:
        yield
    except Exception as error:
        why = str(error) if isinstance(error, SkuloomError) else type(error).__name__
        with services.database.workspace(segment.workspace_id) as cursor:
            segments.let_go(cursor, segment.workspace_id, segment.id, _running(segment), why, now=services.now())
        raise


def _running(segment: Segment) -> int:
    assert segment.running_compute is not None
    return segment.running_compute
