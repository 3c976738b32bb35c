"""EANs pending: valid EANs of imported rows that could not become a product, until a product has them.

Pixeepim document, "EANs pending resolution"; shared spec, section 1 "EANs pending". Whoever writes products calls
``resolve`` with their EANs in the same transaction. An ignored entry is kept, so that it does not come back.
"""

from collections.abc import Collection, Sequence
from uuid import UUID

from chalicelib.errors import NotFound
from chalicelib.model.pending_ean import PendingEansPage, Waiting
from chalicelib.services import Services
from chalicelib.store import pending_eans
from chalicelib.store.postgres import Cursor

__all__ = ["Waiting", "add", "ignore", "ignore_many", "listing", "resolve"]


def add(cursor: Cursor, workspace_id: int, job_id: int, supplier_code: str | None, waiting: Sequence[Waiting]) -> None:
    """Let these wait, unless they do already, are ignored, or a product has them."""
    if waiting:
        pending_eans.add(cursor, workspace_id, job_id, supplier_code, waiting)


def resolve(cursor: Cursor, workspace_id: int, ean14s: Collection[str]) -> None:
    """These wait no longer: products have them."""
    if ean14s:
        pending_eans.resolve(cursor, workspace_id, ean14s)


def listing(
    services: Services,
    workspace_id: int,
    *,
    page: int,
    per_page: int,
    supplier_code: str | None = None,
    search: str | None = None,
) -> PendingEansPage:
    """Page ``page`` (from 1) of those that wait, the newest first; ``search`` is a text in the EAN or description."""
    with services.database.workspace(workspace_id) as cursor:
        found = pending_eans.page(
            cursor,
            workspace_id,
            supplier_code=supplier_code,
            search=(search or "").strip(),
            limit=per_page,
            offset=(page - 1) * per_page,
        )
    return PendingEansPage(*found)


def ignore(services: Services, workspace_id: int, entry_id: UUID) -> None:
    """Take an entry out of the list for good; twice is as once. Raises NotFound."""
    with services.database.workspace(workspace_id) as cursor:
        ignored = pending_eans.ignore(cursor, workspace_id, [entry_id], now=services.now())
        if not ignored and not pending_eans.knows(cursor, workspace_id, entry_id):
            raise NotFound(f"There is no pending EAN {entry_id}.")


def ignore_many(services: Services, workspace_id: int, ids: Collection[UUID]) -> int:
    """How many of these left the list; what is no entry is passed over."""
    with services.database.workspace(workspace_id) as cursor:
        return pending_eans.ignore(cursor, workspace_id, ids, now=services.now())
