"""The ledger of what changed in the catalogue: how many products there are, and which fields moved since somebody
looked (``catalog_changes.sql``).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from chalicelib.store.postgres import Cursor
from chalicelib.store.sql import load_statements

_SQL = load_statements("catalog_changes.sql")


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed since the last look: products that came and went, and the fields that were written."""

    created: int
    deleted: int
    entries: int
    fields: frozenset[str]


def add(
    cursor: Cursor,
    workspace_id: int,
    *,
    created: int = 0,
    deleted: int = 0,
    fields: Iterable[str] = (),
    announced: bool = True,
) -> bool:
    """Note a change in the transaction that makes it. Whether it is the first that waits, of those announced."""
    values = {
        "workspace_id": workspace_id,
        "created": created,
        "deleted": deleted,
        "fields": sorted(set(fields)),
        "announced": announced,
    }
    cursor.execute(_SQL["add"], values)
    row = cursor.fetchone()
    assert row is not None
    return bool(row[0])


def take(cursor: Cursor, workspace_id: int) -> Changes:
    """Take all that waits; the count of products stays right."""
    cursor.execute(_SQL["take"], {"workspace_id": workspace_id})
    row = cursor.fetchone()
    assert row is not None
    changes = Changes(int(row[0]), int(row[1]), int(row[2]), frozenset(row[3]))
    if changes.created != changes.deleted:
        cursor.execute(_SQL["fold"], {"workspace_id": workspace_id, "change": changes.created - changes.deleted})
    return changes


def count(cursor: Cursor, workspace_id: int) -> int:
    """Products of the workspace, exactly, without counting them."""
    cursor.execute(_SQL["count"], {"workspace_id": workspace_id})
    row = cursor.fetchone()
    assert row is not None
    return int(row[0])


def any_waits(cursor: Cursor, workspace_id: int) -> bool:
    """Whether there is something to take."""
    cursor.execute(_SQL["any"], {"workspace_id": workspace_id})
    row = cursor.fetchone()
    assert row is not None
    return bool(row[0])


def waiting(cursor: Cursor, *, before: datetime, limit: int) -> list[int]:
    """Workspaces with changes from before then that nobody took up, the oldest first. Needs a sweeping transaction."""
    cursor.execute(_SQL["waiting"], {"before": before, "limit": limit})
    return [workspace_id for (workspace_id,) in cursor]
