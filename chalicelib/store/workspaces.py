"""Workspaces and the API keys that open them. Keys are stored as SHA-256 only: 256 random bits need no slow hash."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from chalicelib.store.postgres import Cursor, Postgres
from chalicelib.store.sql import load_statements

_SQL = load_statements("workspaces.sql")


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """What a stored key says: whose it is and what it may."""

    workspace_id: int
    prefix: str
    scopes: Sequence[str]
    expires_at: datetime | None


def find(cursor: Cursor, name: str) -> int | None:
    cursor.execute(_SQL["find"], {"name": name})
    row = cursor.fetchone()
    return None if row is None else int(row[0])


def make(cursor: Cursor, name: str) -> int:
    """The id of the workspace of that name, made now when there is none."""
    cursor.execute(_SQL["make"], {"name": name})
    found = find(cursor, name)
    assert found is not None
    return found


def find_key(database: Postgres, key_hash: bytes) -> KeyRecord | None:
    with database.presented_key(key_hash) as cursor:
        cursor.execute(_SQL["key"], {"key_hash": key_hash})
        row = cursor.fetchone()
    return None if row is None else KeyRecord(*row)


def add_key(
    cursor: Cursor,
    workspace_id: int,
    *,
    name: str,
    prefix: str,
    key_hash: bytes,
    scopes: Sequence[str],
    expires_at: datetime | None = None,
) -> None:
    cursor.execute(
        _SQL["add_key"],
        {
            "workspace_id": workspace_id,
            "name": name,
            "prefix": prefix,
            "key_hash": key_hash,
            "scopes": list(scopes),
            "expires_at": expires_at,
        },
    )
