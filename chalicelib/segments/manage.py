"""Segments as people keep them: listed, made, changed and deleted.

Shared spec, section 3 "Segments". A definition is kept as it was sent and understood each time it is used; what it
reads is noted beside it, so that changes find the segments they concern.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson

from chalicelib.errors import Conflict, InvalidValue, NotFound
from chalicelib.model.segment import (
    NAME_CHARACTERS,
    REFRESH_DEFAULT_MINUTES,
    Segment,
    SegmentNode,
    next_due,
    refuse_refresh_interval,
)
from chalicelib.segments.definitions import Understood, refuse_circle, understand
from chalicelib.services import Services
from chalicelib.store import schemas, segments
from chalicelib.store.postgres import Cursor
from chalicelib.store.segments import SegmentValues

_PLACE = "definition"
"""Where the definition stands in a request: the beginning of its paths."""


@dataclass(frozen=True, slots=True)
class SegmentChange:
    """What a caller says of a segment; None: says nothing of it."""

    name: str | None = None
    description: str | None = None
    is_active: bool | None = None
    definition: Any = None
    refresh_interval: int | None = None


def list_all(services: Services, workspace_id: int) -> list[Segment]:
    """All segments of the workspace, in the order of making."""
    with services.database.workspace(workspace_id) as cursor:
        return segments.list_all(cursor, workspace_id)


def read(services: Services, workspace_id: int, segment_id: int) -> Segment:
    """One segment. Raises NotFound, also for another workspace's."""
    with services.database.workspace(workspace_id) as cursor:
        return find(cursor, workspace_id, segment_id)


def find(cursor: Cursor, workspace_id: int, segment_id: int) -> Segment:
    """One segment, within a transaction. Raises NotFound."""
    return _found(segments.read(cursor, workspace_id, segment_id), segment_id)


def create(services: Services, workspace_id: int, said: SegmentChange) -> Segment:
    """The segment as made; name and definition must be said. Raises InvalidValue."""
    now = services.now()
    assert said.name is not None
    _check(said)
    with services.database.workspace(workspace_id) as cursor:
        segments.lock_definitions(cursor, workspace_id)
        understood = _understand(cursor, workspace_id, said.definition, now)
        is_active = True if said.is_active is None else said.is_active
        interval = REFRESH_DEFAULT_MINUTES if said.refresh_interval is None else said.refresh_interval
        values = SegmentValues(
            name=said.name.strip(),
            description=said.description or "",
            is_active=is_active,
            definition=said.definition,
            reads=understood.reads,
            members_of=sorted(understood.memberships),
            refresh_interval=interval,
            due_at=next_due(now, is_active=is_active, refresh_interval=interval, known=False),
        )
        return find(cursor, workspace_id, segments.create(cursor, workspace_id, values, now=now))


def change(services: Services, workspace_id: int, segment_id: int, said: SegmentChange) -> Segment:
    """The segment as changed; what was not said stays. Raises NotFound and InvalidValue."""
    now = services.now()
    _check(said)
    with services.database.workspace(workspace_id) as cursor:
        if said.definition is not None:
            segments.lock_definitions(cursor, workspace_id)
        old = _found(segments.lock(cursor, workspace_id, segment_id), segment_id)
        name = old.name if said.name is None else said.name.strip()
        reads, members_of = old.reads, old.members_of
        if said.definition is not None:
            understood = _understand(cursor, workspace_id, said.definition, now)
            reads, members_of = understood.reads, sorted(understood.memberships)
            node = SegmentNode(segment_id, name, members_of)
            refuse_circle(node, understood.node, segments.nodes(cursor, workspace_id), path=_PLACE)
        values = SegmentValues(
            name=name,
            description=old.description if said.description is None else said.description,
            is_active=old.is_active if said.is_active is None else said.is_active,
            definition=old.definition if said.definition is None else said.definition,
            reads=reads,
            members_of=members_of,
            refresh_interval=old.refresh_interval if said.refresh_interval is None else said.refresh_interval,
            due_at=None,
        )
        changed = _text(values.definition) != _text(old.definition)
        segments.change(
            cursor,
            workspace_id,
            segment_id,
            _with_due(values, old, changed, now),
            definition_changed=changed,
            now=now,
        )
        return find(cursor, workspace_id, segment_id)


def delete(services: Services, workspace_id: int, segment_id: int) -> None:
    """Take a segment away. Raises NotFound, and Conflict naming the segments that read its members."""
    with services.database.workspace(workspace_id) as cursor:
        segments.lock_definitions(cursor, workspace_id)
        _found(segments.lock(cursor, workspace_id, segment_id), segment_id)
        readers = [each for each in segments.nodes(cursor, workspace_id) if segment_id in each.members_of]
        if readers:
            raise Conflict(
                f"The members of this segment are read by {named(readers)}: change or delete"
                f" {'it' if len(readers) == 1 else 'them'} first."
            )
        segments.delete(cursor, workspace_id, segment_id, now=services.now())


def named(nodes: Sequence[SegmentNode]) -> str:
    """Segments by name and id, as a person reads them."""
    return ", ".join(f'"{each.name}" ({each.id})' for each in nodes)


def _check(said: SegmentChange) -> None:
    problems = {}
    if said.name is not None and not 1 <= len(said.name.strip()) <= NAME_CHARACTERS:
        problems["name"] = f"a name of 1 to {NAME_CHARACTERS} characters, not blank"
    if said.refresh_interval is not None and (problem := refuse_refresh_interval(said.refresh_interval)):
        problems["refresh_interval"] = problem
    if problems:
        raise InvalidValue(problems)


def _understand(cursor: Cursor, workspace_id: int, definition: Any, now: datetime) -> Understood:
    return understand(cursor, workspace_id, definition, schemas.read(cursor, workspace_id), now=now, path=_PLACE)


def _with_due(values: SegmentValues, old: Segment, definition_changed: bool, now: datetime) -> SegmentValues:
    """The clock's next time: kept where nothing that it goes by has changed."""
    clock = (values.is_active, values.refresh_interval)
    if not definition_changed and clock == (old.is_active, old.refresh_interval):
        return replace(values, due_at=old.due_at)
    # Whoever did not refresh itself may have missed changes: its set is known of no time.
    known = not definition_changed and old.refreshes_itself and old.computed_definition == old.definition_version
    since = old.last_computed_at if known and old.last_computed_at else now
    due_at = next_due(since, is_active=values.is_active, refresh_interval=values.refresh_interval, known=known)
    return replace(values, due_at=due_at)


def _text(definition: Any) -> bytes:
    """For comparing: to Python, true and 1 are equal."""
    return orjson.dumps(definition, option=orjson.OPT_SORT_KEYS)


def _found(segment: Segment | None, segment_id: int) -> Segment:
    if segment is None:
        raise NotFound(f"There is no segment {segment_id}.")
    return segment
