"""EANs that wait for a product (``pending_eans.sql``)."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import orjson

from chalicelib.model.pending_ean import PendingEan, Waiting
from chalicelib.store.postgres import Cursor
from chalicelib.store.sql import load_statements

_SQL = load_statements("pending_eans.sql")


def add(cursor: Cursor, workspace_id: int, job_id: int, supplier_code: str | None, waiting: Sequence[Waiting]) -> None:
    """Let these wait, unless they do already, are ignored, or a product has them."""
    cursor.execute(
        _SQL["add"],
        {
            "workspace_id": workspace_id,
            "job_id": job_id,
            "supplier_code": supplier_code or "",
            "eans": [each.ean14 for each in waiting],
            "printed": [each.printed for each in waiting],
            "descriptions": [each.description for each in waiting],
        },
    )


def resolve(cursor: Cursor, workspace_id: int, ean14s: Collection[str]) -> None:
    """These wait no longer; ignored ones stay ignored."""
    cursor.execute(_SQL["resolve"], {"workspace_id": workspace_id, "eans": orjson.dumps(list(ean14s)).decode()})


def page(
    cursor: Cursor, workspace_id: int, *, supplier_code: str | None, search: str, limit: int, offset: int
) -> tuple[list[PendingEan], int]:
    """A page of those that wait, the newest first, and how many there are in all."""
    asked = {"workspace_id": workspace_id, "supplier_code": supplier_code, "search": search}
    cursor.execute(_SQL["count"], asked)
    count = cursor.fetchone()
    assert count is not None
    cursor.execute(_SQL["page"], {**asked, "limit": limit, "offset": offset})
    return [PendingEan(*row) for row in cursor], int(count[0])


def ignore(cursor: Cursor, workspace_id: int, ids: Collection[UUID], *, now: datetime) -> int:
    """How many of these entries are ignored now that were not."""
    cursor.execute(_SQL["ignore"], {"workspace_id": workspace_id, "ids": list(ids), "now": now})
    return cursor.rowcount


def knows(cursor: Cursor, workspace_id: int, entry_id: UUID) -> bool:
    """Whether there is such an entry, ignored or not."""
    cursor.execute(_SQL["knows"], {"workspace_id": workspace_id, "id": entry_id})
    return cursor.fetchone() is not None
