"""Segments and the ledger of their computes in PostgreSQL (``segments.sql``); who is in a set is in ClickHouse
(``memberships``).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from psycopg.types.json import Json

from chalicelib.model.segment import ComputedSegment, Membership, Segment, SegmentNode
from chalicelib.store.postgres import Cursor
from chalicelib.store.sql import load_statements

_SQL = load_statements("segments.sql")

_DEFINITION = 5
"""Position of the definition, which comes as text: its numbers are to be what they were when they were sent."""


@dataclass(frozen=True, slots=True)
class SegmentValues:
    """What a person or the definition says of a segment."""

    name: str
    description: str
    is_active: bool
    definition: Any
    reads: Sequence[str]
    members_of: Sequence[int]
    refresh_interval: int
    due_at: datetime | None


class OwnedId(NamedTuple):
    """The id of a thing, and whose it is."""

    workspace_id: int
    id: int


def lock_definitions(cursor: Cursor, workspace_id: int) -> None:
    """Keep others from changing definitions or the schema until the transaction ends."""
    cursor.execute(_SQL["lock_definitions"], {"workspace_id": workspace_id})


def list_all(cursor: Cursor, workspace_id: int) -> list[Segment]:
    """All of a workspace, in the order of making."""
    cursor.execute(_SQL["list_all"], {"workspace_id": workspace_id})
    return [_segment(row) for row in cursor]


def read(cursor: Cursor, workspace_id: int, segment_id: int) -> Segment | None:
    return _one(cursor, "read", workspace_id, segment_id)


def lock(cursor: Cursor, workspace_id: int, segment_id: int) -> Segment | None:
    """The segment, which nobody else changes until the transaction ends."""
    return _one(cursor, "lock", workspace_id, segment_id)


def create(cursor: Cursor, workspace_id: int, values: SegmentValues, *, now: datetime) -> int:
    """The id of a segment made now."""
    cursor.execute(_SQL["create"], {"workspace_id": workspace_id, "now": now, **_columns(values)})
    row = cursor.fetchone()
    assert row is not None
    return int(row[0])


def change(
    cursor: Cursor,
    workspace_id: int,
    segment_id: int,
    values: SegmentValues,
    *,
    definition_changed: bool,
    now: datetime,
) -> None:
    cursor.execute(
        _SQL["change"],
        {
            "workspace_id": workspace_id,
            "segment_id": segment_id,
            "definition_changed": definition_changed,
            "now": now,
            **_columns(values),
        },
    )


def delete(cursor: Cursor, workspace_id: int, segment_id: int, *, now: datetime) -> None:
    """Take a segment away; the members of its computes are dropped by the sweep."""
    cursor.execute(_SQL["delete"], {"workspace_id": workspace_id, "segment_id": segment_id, "now": now})


def nodes(cursor: Cursor, workspace_id: int) -> list[SegmentNode]:
    """Which segment reads the members of which."""
    cursor.execute(_SQL["nodes"], {"workspace_id": workspace_id})
    return [SegmentNode(*row) for row in cursor]


def memberships(cursor: Cursor, workspace_id: int, segment_ids: Iterable[int]) -> dict[int, int | None]:
    """The current compute of each of these segments that exist; None where there was none yet."""
    cursor.execute(_SQL["memberships"], {"workspace_id": workspace_id, "segment_ids": list(segment_ids)})
    return dict(cursor.fetchall())


def computed(cursor: Cursor, workspace_id: int) -> list[ComputedSegment]:
    """The segments that have a set, in the order of making."""
    cursor.execute(_SQL["computed"], {"workspace_id": workspace_id})
    return [ComputedSegment(*row) for row in cursor]


def ask(
    cursor: Cursor, workspace_id: int, segment_ids: Iterable[int], *, now: datetime, forgotten_before: datetime
) -> list[int]:
    """Note that these segments are to be computed. Those that need a message: not the ones that wait already (unless
    since before ``forgotten_before``), nor those being computed, which are sent again by whoever is at it.
    """
    cursor.execute(
        _SQL["ask"],
        {
            "workspace_id": workspace_id,
            "segment_ids": list(segment_ids),
            "now": now,
            "forgotten_before": forgotten_before,
        },
    )
    return sorted(segment_id for segment_id, needs_message in cursor if needs_message)


def postpone(cursor: Cursor, workspace_id: int, segment_ids: Iterable[int], *, now: datetime) -> None:
    """The clock has asked for these; it asks again after their interval."""
    cursor.execute(_SQL["postpone"], {"workspace_id": workspace_id, "segment_ids": list(segment_ids), "now": now})


def reading(cursor: Cursor, workspace_id: int, fields: Iterable[str], *, products_moved: bool) -> list[int]:
    """Segments that refresh themselves and whose set may be another since these properties changed."""
    cursor.execute(
        _SQL["reading"], {"workspace_id": workspace_id, "fields": list(fields), "products_moved": products_moved}
    )
    return [segment_id for (segment_id,) in cursor]


def reading_members(cursor: Cursor, workspace_id: int, segment_id: int) -> list[int]:
    """Segments that refresh themselves and read the members of this one."""
    cursor.execute(_SQL["reading_members"], {"workspace_id": workspace_id, "segment_id": segment_id})
    return [found for (found,) in cursor]


def lease(
    cursor: Cursor, workspace_id: int, segment_id: int, *, now: datetime, lease_until: datetime
) -> Segment | None:
    """The segment with its new ``running_compute``, or None: there is nothing to do, or somebody is at it."""
    cursor.execute(
        _SQL["lease"],
        {"workspace_id": workspace_id, "segment_id": segment_id, "now": now, "lease_until": lease_until},
    )
    return read(cursor, workspace_id, segment_id) if cursor.rowcount else None


def swap(
    cursor: Cursor,
    workspace_id: int,
    segment_id: int,
    compute: int,
    *,
    definition_version: int,
    member_count: int,
    now: datetime,
) -> bool | None:
    """Turn readers to this compute's members: whether more was asked for meanwhile, or None when the segment is no
    longer this compute's to turn.
    """
    cursor.execute(
        _SQL["swap"],
        {
            "workspace_id": workspace_id,
            "segment_id": segment_id,
            "compute": compute,
            "definition_version": definition_version,
            "member_count": member_count,
            "now": now,
        },
    )
    row = cursor.fetchone()
    return None if row is None else bool(row[0])


def give_up(
    cursor: Cursor,
    workspace_id: int,
    segment_id: int,
    compute: int,
    *,
    definition_version: int,
    error: str,
    now: datetime,
) -> bool:
    """Answer with an error. Whether more was asked for meanwhile."""
    cursor.execute(
        _SQL["give_up"],
        {
            "workspace_id": workspace_id,
            "segment_id": segment_id,
            "compute": compute,
            "definition_version": definition_version,
            "error": error,
            "now": now,
        },
    )
    row = cursor.fetchone()
    replace_computes(cursor, workspace_id, [compute], now=now)
    return bool(row and row[0])


def let_go(cursor: Cursor, workspace_id: int, segment_id: int, compute: int, error: str, *, now: datetime) -> None:
    """Leave the work to whoever is told again; nothing happens when it is done, or another's, already."""
    cursor.execute(
        _SQL["let_go"],
        {"workspace_id": workspace_id, "segment_id": segment_id, "compute": compute, "error": error},
    )
    if cursor.rowcount:
        replace_computes(cursor, workspace_id, [compute], now=now)


def give_up_dead(cursor: Cursor, workspace_id: int, segment_id: int, words: str, *, now: datetime) -> bool:
    """Answer what waits with an error: these words and the last one noted. Whether anything waited."""
    cursor.execute(
        _SQL["give_up_dead"], {"workspace_id": workspace_id, "segment_id": segment_id, "words": words, "now": now}
    )
    return bool(cursor.rowcount)


def replace_computes(cursor: Cursor, workspace_id: int, computes: Iterable[int], *, now: datetime) -> None:
    """Nobody reads these, or begins to: their members may be dropped."""
    cursor.execute(_SQL["replace_compute"], {"workspace_id": workspace_id, "computes": list(computes), "now": now})


def current_membership(cursor: Cursor, workspace_id: int, segment_id: int) -> Membership | None:
    """The set that is read now, or None when there was none yet."""
    cursor.execute(_SQL["current_membership"], {"workspace_id": workspace_id, "segment_id": segment_id})
    row = cursor.fetchone()
    return None if row is None else Membership(*row)


def membership(
    cursor: Cursor, workspace_id: int, segment_id: int, ordinal: int, *, kept_since: datetime
) -> Membership | None:
    """The segment's finished compute of this number, or None when its members are, or may soon be, dropped."""
    cursor.execute(
        _SQL["membership"],
        {"workspace_id": workspace_id, "segment_id": segment_id, "ordinal": ordinal, "kept_since": kept_since},
    )
    row = cursor.fetchone()
    return None if row is None else Membership(*row)


# For the scheduled function; each needs a sweeping transaction. -------------------------------------------------------


def due(cursor: Cursor, *, now: datetime, limit: int) -> list[OwnedId]:
    """Segments the clock asks for, the longest due first, workspaces in turn."""
    cursor.execute(_SQL["due"], {"now": now, "limit": limit})
    return [OwnedId(*row) for row in cursor]


def forgotten(cursor: Cursor, *, now: datetime, before: datetime, limit: int) -> list[OwnedId]:
    """Segments that were asked for before then and nobody is at, the longest waiting first, workspaces in turn."""
    cursor.execute(_SQL["forgotten"], {"now": now, "before": before, "limit": limit})
    return [OwnedId(*row) for row in cursor]


def unanswered(cursor: Cursor) -> list[OwnedId]:
    """All segments that were asked for, whoever is at them."""
    cursor.execute(_SQL["unanswered"])
    return [OwnedId(*row) for row in cursor]


def abandoned(cursor: Cursor, *, before: datetime, limit: int) -> list[OwnedId]:
    """Computes begun before then that never ended and are nobody's any more."""
    cursor.execute(_SQL["abandoned"], {"before": before, "limit": limit})
    return [OwnedId(*row) for row in cursor]


def replaced(cursor: Cursor, *, before: datetime, limit: int) -> list[tuple[int, int, int]]:
    """(workspace, segment, compute) whose members nobody may read since before then."""
    cursor.execute(_SQL["replaced"], {"before": before, "limit": limit})
    return [(row[0], row[1], row[2]) for row in cursor]


def dropped(cursor: Cursor, *, before: datetime, limit: int) -> list[OwnedId]:
    """Computes whose members were dropped before then."""
    cursor.execute(_SQL["dropped"], {"before": before, "limit": limit})
    return [OwnedId(*row) for row in cursor]


# What the sweep found, dealt with in its workspace. -------------------------------------------------------------------


def end_leases(cursor: Cursor, workspace_id: int, segment_ids: Iterable[int], *, now: datetime) -> None:
    """For when all workers are known to be dead."""
    cursor.execute(_SQL["end_leases"], {"workspace_id": workspace_id, "segment_ids": list(segment_ids), "now": now})


def mark_dropped(cursor: Cursor, workspace_id: int, computes: Iterable[int], *, now: datetime) -> None:
    """Note that the members are gone; of a segment that is gone too nothing is kept."""
    values = {"workspace_id": workspace_id, "computes": list(computes), "now": now}
    cursor.execute(_SQL["mark_dropped"], values)
    cursor.execute(_SQL["forget_of_deleted"], values)


def forget_computes(cursor: Cursor, workspace_id: int, computes: Iterable[int]) -> None:
    cursor.execute(_SQL["forget"], {"workspace_id": workspace_id, "computes": list(computes)})


def _one(cursor: Cursor, statement: str, workspace_id: int, segment_id: int) -> Segment | None:
    cursor.execute(_SQL[statement], {"workspace_id": workspace_id, "segment_id": segment_id})
    row = cursor.fetchone()
    return None if row is None else _segment(row)


def _segment(row: Sequence[Any]) -> Segment:
    values = list(row)
    values[_DEFINITION] = orjson.loads(values[_DEFINITION])
    return Segment(*values)


def _columns(values: SegmentValues) -> dict[str, Any]:
    return {
        "name": values.name,
        "description": values.description,
        "is_active": values.is_active,
        "definition": Json(values.definition, dumps=orjson.dumps),
        "reads": list(values.reads),
        "members_of": list(values.members_of),
        "refresh_interval": values.refresh_interval,
        "due_at": values.due_at,
    }
