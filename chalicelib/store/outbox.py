"""The way from PostgreSQL to the mirror: which products ClickHouse has yet to hear of."""

from collections.abc import Sequence
from datetime import datetime

from psycopg.types.json import Jsonb

from chalicelib.store.postgres import Cursor
from chalicelib.store.sql import load_statements

_SQL = load_statements("outbox.sql")


def add(cursor: Cursor, workspace_id: int, skus: Sequence[str]) -> int:
    """The entry made for these products."""
    cursor.execute(_SQL["add"], {"workspace_id": workspace_id, "skus": list(skus)})
    row = cursor.fetchone()
    assert row is not None
    return int(row[0])


def add_restored(cursor: Cursor, workspace_id: int, skus: Sequence[str], *, removed: bool) -> int:
    """The entry made for products that were put back or, some of them, taken away with inserts barred."""
    cursor.execute(_SQL["add_restored"], {"workspace_id": workspace_id, "skus": list(skus), "removed": removed})
    row = cursor.fetchone()
    assert row is not None
    return int(row[0])


def add_incoming(cursor: Cursor, workspace_id: int) -> int:
    """The entry made for the products of the running upsert."""
    cursor.execute(_SQL["add_incoming"], {"workspace_id": workspace_id})
    row = cursor.fetchone()
    assert row is not None
    return int(row[0])


def take(cursor: Cursor, workspace_id: int, *, after: int = 0) -> int | None:
    """The oldest entry after ``after`` that nobody else is at, locked until the transaction ends."""
    cursor.execute(_SQL["take"], {"workspace_id": workspace_id, "after": after})
    row = cursor.fetchone()
    return None if row is None else int(row[0])


def lines(cursor: Cursor, workspace_id: int, entry_id: int) -> bytes:
    """The entry's products as JSON lines with the mirror's columns; empty when there is nothing to tell."""
    cursor.execute(_SQL["lines"], {"workspace_id": workspace_id, "entry_id": entry_id})
    row = cursor.fetchone()
    assert row is not None
    return (row[0] or "").encode()


def remove(cursor: Cursor, workspace_id: int, entry_id: int) -> None:
    cursor.execute(_SQL["remove"], {"workspace_id": workspace_id, "entry_id": entry_id})


def remove_for_job(cursor: Cursor, workspace_id: int, entry_id: int, job_id: int, *, milliseconds: int) -> None:
    """The same, with the time that sending took noted in the job's ``spent``."""
    cursor.execute(
        _SQL["remove_for_job"],
        {
            "workspace_id": workspace_id,
            "entry_id": entry_id,
            "job_id": job_id,
            "spent": Jsonb({"clickhouse": milliseconds}),
        },
    )


def is_late(cursor: Cursor, workspace_id: int, *, waiting_seconds: int) -> bool:
    """Whether an entry has waited longer than that."""
    cursor.execute(_SQL["is_late"], {"workspace_id": workspace_id, "seconds": waiting_seconds})
    row = cursor.fetchone()
    assert row is not None
    return bool(row[0])


def oldest(cursor: Cursor, workspace_id: int) -> datetime | None:
    """Since when the longest waiting entry waits."""
    cursor.execute(_SQL["oldest"], {"workspace_id": workspace_id})
    row = cursor.fetchone()
    assert row is not None
    moment: datetime | None = row[0]
    return moment


def newest(cursor: Cursor, workspace_id: int) -> int | None:
    """The latest entry, or None when nothing waits."""
    cursor.execute(_SQL["newest"], {"workspace_id": workspace_id})
    row = cursor.fetchone()
    assert row is not None
    entry_id: int | None = row[0]
    return entry_id


def left(cursor: Cursor, workspace_id: int, up_to: int) -> set[int]:
    """The entries up to this one that are still there once those who are at them now have ended."""
    cursor.execute(_SQL["left"], {"workspace_id": workspace_id, "up_to": up_to})
    return {entry_id for (entry_id,) in cursor}


def waiting(cursor: Cursor, limit: int) -> list[int]:
    """Workspaces with entries, the longest waiting first. Needs a sweeping transaction."""
    cursor.execute(_SQL["waiting"], {"limit": limit})
    return [workspace_id for (workspace_id,) in cursor]


def depth(cursor: Cursor, workspace_id: int) -> int:
    cursor.execute(_SQL["depth"], {"workspace_id": workspace_id})
    row = cursor.fetchone()
    assert row is not None
    return int(row[0])
