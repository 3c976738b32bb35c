"""The way back of an import: what its chunks wrote, and the products as they were before (``undo.sql``).

The import keeps it with its products (``upsert_incoming`` in ``products.sql``).
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

import orjson

from chalicelib.store.postgres import Cursor
from chalicelib.store.sql import load_statements

_SQL = load_statements("undo.sql")


class Write(NamedTuple):
    """What one chunk wrote: its number, and how many products, of which so many were new."""

    id: int
    products: int
    created: int


class CreatedProduct(NamedTuple):
    """A product that the import made, and the version it gave it."""

    product_id: int
    version: int


class ChangedProduct(NamedTuple):
    """A product that the import changed: the version it gave it, and what tells the product of before.

    ``is_own``: the import itself had written it before.
    """

    product_id: int
    version: int
    old_version: int
    sku: str
    ean: str | None
    is_own: bool


class PresentProduct(NamedTuple):
    """A product as it is now. ``version`` is the one its content is of: a product that was brought back has the old."""

    product_id: int
    sku: str
    ean: str | None
    version: int


class EanOwner(NamedTuple):
    product_id: int
    sku: str


def writes(cursor: Cursor, workspace_id: int, job_id: int) -> list[Write]:
    """What of a job can be taken back, the latest write first."""
    cursor.execute(_SQL["writes"], {"workspace_id": workspace_id, "job_id": job_id})
    return [Write(*row) for row in cursor]


def writes_between(cursor: Cursor, workspace_id: int, job_id: int, first_id: int, end_id: int) -> list[Write]:
    """The writes ``[first_id, end_id)`` that are still to be taken back, the latest first."""
    values = {"workspace_id": workspace_id, "job_id": job_id, "first_id": first_id, "end_id": end_id}
    cursor.execute(_SQL["writes_between"], values)
    return [Write(*row) for row in cursor]


def created(cursor: Cursor, workspace_id: int, job_id: int, write_id: int) -> list[CreatedProduct]:
    cursor.execute(_SQL["created"], {"workspace_id": workspace_id, "job_id": job_id, "write_id": write_id})
    return [CreatedProduct(*row) for row in cursor]


def changed(cursor: Cursor, workspace_id: int, job_id: int, write_id: int) -> list[ChangedProduct]:
    cursor.execute(_SQL["changed"], {"workspace_id": workspace_id, "job_id": job_id, "write_id": write_id})
    return [ChangedProduct(*row) for row in cursor]


def lock_products(cursor: Cursor, workspace_id: int, product_ids: Collection[int]) -> list[PresentProduct]:
    """Those of these products that are there, in sku order, held to the transaction's end."""
    cursor.execute(_SQL["lock_products"], {"workspace_id": workspace_id, "product_ids": list(product_ids)})
    return [PresentProduct(*row) for row in cursor]


def see_products(cursor: Cursor, workspace_id: int, product_ids: Collection[int]) -> list[PresentProduct]:
    """The same, with nothing held."""
    cursor.execute(_SQL["see_products"], {"workspace_id": workspace_id, "product_ids": list(product_ids)})
    return [PresentProduct(*row) for row in cursor]


def ean_owners(cursor: Cursor, workspace_id: int, eans: Collection[str]) -> dict[str, EanOwner]:
    """The product that holds each ean (14 digits), for those that are held."""
    if not eans:
        return {}
    cursor.execute(_SQL["ean_owners"], {"workspace_id": workspace_id, "eans": orjson.dumps(sorted(eans)).decode()})
    return {row[0]: EanOwner(*row[1:]) for row in cursor}


def remove(cursor: Cursor, workspace_id: int, product_ids: Collection[int]) -> None:
    """Take products away that the caller holds locked, with inserts barred. Their tombstones are the caller's."""
    cursor.execute(_SQL["remove"], {"workspace_id": workspace_id, "product_ids": list(product_ids)})


def release_eans(cursor: Cursor, workspace_id: int, product_ids: Collection[int]) -> None:
    """Free the eans of products that are restored next. The caller holds them locked."""
    cursor.execute(_SQL["release_eans"], {"workspace_id": workspace_id, "product_ids": list(product_ids)})


def restore(cursor: Cursor, workspace_id: int, job_id: int, write_id: int, product_ids: Collection[int]) -> None:
    """Put these products back to what they were before a write. The caller holds them locked, and their eans are free.

    A taken ean is psycopg's UniqueViolation.
    """
    values = {
        "workspace_id": workspace_id,
        "job_id": job_id,
        "write_id": write_id,
        "product_ids": list(product_ids),
    }
    cursor.execute(_SQL["restore"], values)


def forget_writes(cursor: Cursor, workspace_id: int, job_id: int, write_ids: Sequence[int]) -> None:
    cursor.execute(
        _SQL["forget_writes"], {"workspace_id": workspace_id, "job_id": job_id, "write_ids": list(write_ids)}
    )


def set_undone_by(cursor: Cursor, workspace_id: int, job_id: int, undone_by: int | None) -> None:
    """Say which job undoes this one. The caller holds it locked."""
    cursor.execute(_SQL["set_undone_by"], {"workspace_id": workspace_id, "job_id": job_id, "undone_by": undone_by})


def half_written(cursor: Cursor, *, limit: int) -> list[tuple[int, int]]:
    """(workspace, job) of failed all-or-nothing imports to be taken back. Needs a sweeping transaction."""
    cursor.execute(_SQL["half_written"], {"limit": limit})
    return [(row[0], row[1]) for row in cursor]


def past_undoing(cursor: Cursor, *, before: datetime, limit: int) -> list[tuple[int, int]]:
    """(workspace, job) that ended before then and keep what it takes to undo them. Needs a sweeping transaction."""
    cursor.execute(_SQL["past_undoing"], {"before": before, "limit": limit})
    return [(row[0], row[1]) for row in cursor]


def forget_job(cursor: Cursor, workspace_id: int, job_id: int) -> None:
    """Keep nothing of a job's way back. The caller holds it locked."""
    cursor.execute(_SQL["forget_job"], {"workspace_id": workspace_id, "job_id": job_id})
