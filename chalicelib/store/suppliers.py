"""Suppliers, and the mappings their files were confirmed with (``suppliers.sql``)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from chalicelib.model.mapping import Learned
from chalicelib.model.supplier import Supplier
from chalicelib.store.postgres import Cursor
from chalicelib.store.sql import load_statements

_SQL = load_statements("suppliers.sql")


def read(cursor: Cursor, workspace_id: int, supplier_id: UUID) -> Supplier | None:
    return _one(cursor, "read", workspace_id, {"supplier_id": supplier_id})


def lock(cursor: Cursor, workspace_id: int, supplier_id: UUID) -> Supplier | None:
    """The supplier, which nobody else changes until the transaction ends."""
    return _one(cursor, "lock", workspace_id, {"supplier_id": supplier_id})


def by_code(cursor: Cursor, workspace_id: int, code: str) -> Supplier | None:
    return _one(cursor, "by_code", workspace_id, {"code": code})


def create(
    cursor: Cursor, workspace_id: int, supplier_id: UUID, *, code: str, name: str, is_stub: bool, now: datetime
) -> Supplier | None:
    """The new supplier, or None when the code is taken."""
    said = {"supplier_id": supplier_id, "code": code, "name": name, "is_stub": is_stub, "now": now}
    return _one(cursor, "create", workspace_id, said)


def change(
    cursor: Cursor, workspace_id: int, supplier_id: UUID, *, code: str, name: str, now: datetime
) -> Supplier | None:
    """The supplier as changed. A taken code is psycopg's UniqueViolation."""
    return _one(cursor, "change", workspace_id, {"supplier_id": supplier_id, "code": code, "name": name, "now": now})


def delete(cursor: Cursor, workspace_id: int, supplier_id: UUID) -> bool:
    """Whether it was there."""
    cursor.execute(_SQL["delete"], {"workspace_id": workspace_id, "supplier_id": supplier_id})
    return cursor.fetchone() is not None


def page(cursor: Cursor, workspace_id: int, search: str, *, limit: int, offset: int) -> tuple[list[Supplier], int]:
    """A page of those whose code or name holds a text in any case, by code, and how many there are in all."""
    asked = {"workspace_id": workspace_id, "search": search}
    cursor.execute(_SQL["count"], asked)
    count = cursor.fetchone()
    assert count is not None
    cursor.execute(_SQL["page"], {**asked, "limit": limit, "offset": offset})
    return [Supplier(*row) for row in cursor], int(count[0])


def mapping(cursor: Cursor, workspace_id: int, supplier_id: UUID, headers_key: str) -> dict[str, Learned] | None:
    """What was confirmed last for files with these columns, by header key."""
    cursor.execute(
        _SQL["mapping"], {"workspace_id": workspace_id, "supplier_id": supplier_id, "headers_key": headers_key}
    )
    row = cursor.fetchone()
    if row is None:
        return None
    fields, transforms = row
    return {key: Learned(field, tuple(transforms.get(key, ()))) for key, field in fields.items()}


def remember(
    cursor: Cursor,
    workspace_id: int,
    supplier_id: UUID,
    headers_key: str,
    confirmed: Mapping[str, Learned],
    *,
    now: datetime,
) -> None:
    """Keep what was confirmed for files with these columns; of a supplier that is no more nothing is kept."""
    cursor.execute(
        _SQL["remember"],
        {
            "workspace_id": workspace_id,
            "supplier_id": supplier_id,
            "headers_key": headers_key,
            "mapping": Jsonb({key: each.field for key, each in confirmed.items()}),
            "transforms": Jsonb({key: list(each.transforms) for key, each in confirmed.items() if each.transforms}),
            "now": now,
        },
    )


def _one(cursor: Cursor, statement: str, workspace_id: int, values: Mapping[str, Any]) -> Supplier | None:
    cursor.execute(_SQL[statement], {"workspace_id": workspace_id, **values})
    row = cursor.fetchone()
    return None if row is None else Supplier(*row)
