"""Products: read, edited one by one and many at once, and upserted a chunk at a time (``products.sql``)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from psycopg import errors

from chalicelib.model.product import Product
from chalicelib.store.postgres import Cursor
from chalicelib.store.sql import load_statements

_SQL = load_statements("products.sql")
_INCOMING_TYPES = ("text", "text", "text", "bytea", "bytea", "bytea")
_JSONB = b"\x01"
"""jsonb's binary form is this version and JSON text; sent as bytes it goes over without being parsed here."""

IncomingRow = tuple[str, str | None, str, bytes, bytes, bytes]
"""sku, ean as 14 digits, name, data, raw_data (both JSON text) and row hash."""


class KnownProduct(NamedTuple):
    """The hash of the row a product was last written from (None: another writer was at it since), its ean, and the
    import that last wrote it.
    """

    row_hash: bytes | None
    ean: str | None
    job_id: int | None


@dataclass(frozen=True, slots=True)
class Claim:
    """Which row of the file holds a key now, and the row it pushed out."""

    key: str
    row_number: int
    previous_row: int | None
    previous_line: int | None


@dataclass(frozen=True, slots=True)
class Written:
    """What an upsert did, and the products as the mirror's lines."""

    created: int = 0
    updated: int = 0
    mirror_lines: bytes = b""


@dataclass(frozen=True, slots=True)
class Merged:
    """What ``merge`` did: skus that were written and those of them that are new, and the mirror's lines."""

    written: Sequence[str]
    created: Sequence[str]
    mirror_lines: bytes


def known(cursor: Cursor, workspace_id: int, skus: Sequence[str]) -> dict[str, KnownProduct]:
    """What must be known of the products with these skus before a row is written, by sku."""
    cursor.execute(_SQL["known"], {"workspace_id": workspace_id, "skus": orjson.dumps(skus).decode()})
    return {row[0]: KnownProduct(*row[1:]) for row in cursor.fetchall()}


def ean_owners(cursor: Cursor, workspace_id: int, eans: Sequence[str]) -> dict[str, str]:
    """The sku that holds each ean (14 digits), for those that are held."""
    cursor.execute(_SQL["ean_owners"], {"workspace_id": workspace_id, "eans": orjson.dumps(eans).decode()})
    return dict(cursor.fetchall())


def claim_rows(
    cursor: Cursor, workspace_id: int, job_id: int, run: int, rows: Iterable[tuple[str, int, int]]
) -> Iterator[Claim]:
    """Claim (key, row_number, line) for this run, where the highest row number holds a key; each key must come once."""
    return _claims(cursor, "claim_rows", workspace_id, job_id, run, rows)


def claim_values(
    cursor: Cursor, workspace_id: int, job_id: int, run: int, rows: Iterable[tuple[str, int, int]]
) -> Iterator[Claim]:
    """Claim (key, row_number, line) for this run, where the lowest row number holds a key; each key must come once."""
    return _claims(cursor, "claim_values", workspace_id, job_id, run, rows)


def claimed_rows(cursor: Cursor, workspace_id: int, job_id: int, run: int, keys: Sequence[str]) -> dict[str, int]:
    """The row that holds each of these keys, for those that are held."""
    cursor.execute(
        _SQL["claimed_rows"], {"workspace_id": workspace_id, "job_id": job_id, "run": run, "keys": list(keys)}
    )
    return dict(cursor.fetchall())


def _claims(
    cursor: Cursor, statement: str, workspace_id: int, job_id: int, run: int, rows: Iterable[tuple[str, int, int]]
) -> Iterator[Claim]:
    keys, row_numbers, lines = zip(*rows, strict=True)
    cursor.execute(
        _SQL[statement],
        {
            "workspace_id": workspace_id,
            "job_id": job_id,
            "run": run,
            "keys": list(keys),
            "row_numbers": list(row_numbers),
            "lines": list(lines),
        },
    )
    return (Claim(*row) for row in cursor.fetchall())


def forget_claims(cursor: Cursor, workspace_id: int, job_id: int) -> None:
    cursor.execute(_SQL["forget_claims"], {"workspace_id": workspace_id, "job_id": job_id})


def upsert(
    cursor: Cursor,
    workspace_id: int,
    job_id: int,
    rows: Iterable[IncomingRow],
    *,
    cleared_fields: Sequence[str],
    clears_ean: bool,
    overwrites: bool,
    source: str,
    supplier_code: str | None,
) -> Written:
    """Create or update these products. Every sku must come once; ``incoming`` holds them to the transaction's end.

    ``cleared_fields`` and the ean (``clears_ean``) of a product are gone unless its row brings them. Unless the job
    ``overwrites`` what is there, a product that came meanwhile stands in the way, as a row that is locked does.
    """
    share_inserts(cursor, workspace_id)
    cursor.execute(_SQL["incoming_table"])
    with cursor.copy(_SQL["copy_incoming"]) as copy:
        copy.set_types(_INCOMING_TYPES)
        write = copy.write_row
        for sku, ean, name, data, raw_data, row_hash in rows:
            write((sku, ean, name, _JSONB + data, _JSONB + raw_data, row_hash))
    incoming = cursor.rowcount
    cursor.execute(
        _SQL["upsert_incoming"],
        {
            "workspace_id": workspace_id,
            "job_id": job_id,
            "cleared_fields": list(cleared_fields),
            "clears_ean": clears_ean,
            "overwrites": overwrites,
            "source": source,
            "supplier_code": supplier_code,
        },
    )
    counts = cursor.fetchone()
    assert counts is not None
    if counts[0] + counts[1] < incoming:
        raise errors.SerializationFailure("a product came that is not to be overwritten")
    return Written(counts[0], counts[1], counts[2].encode())


def share_inserts(cursor: Cursor, workspace_id: int) -> None:
    """Keep deletions of the workspace out to the transaction's end; goes before any insert."""
    cursor.execute(_SQL["share_inserts"], {"workspace_id": workspace_id})


def read(cursor: Cursor, workspace_id: int, product_id: int) -> Product | None:
    cursor.execute(_SQL["read"], {"workspace_id": workspace_id, "product_id": product_id})
    row = cursor.fetchone()
    return None if row is None else Product(*row)


def lock(cursor: Cursor, workspace_id: int, product_id: int) -> Product | None:
    """The product, held to the transaction's end."""
    cursor.execute(_SQL["lock"], {"workspace_id": workspace_id, "product_id": product_id})
    row = cursor.fetchone()
    return None if row is None else Product(*row)


def read_many(cursor: Cursor, workspace_id: int, product_ids: Sequence[int]) -> list[Product]:
    """Those of these products that are there, in the order of the ids."""
    cursor.execute(_SQL["read_many"], {"workspace_id": workspace_id, "product_ids": list(product_ids)})
    found = {row[0]: Product(*row) for row in cursor}
    return [found[product_id] for product_id in product_ids if product_id in found]


def by_skus(cursor: Cursor, workspace_id: int, skus: Sequence[str]) -> dict[str, Product]:
    """Those of these products that are there, by sku."""
    cursor.execute(_SQL["by_skus"], {"workspace_id": workspace_id, "skus": orjson.dumps(skus).decode()})
    return {row[1]: Product(*row) for row in cursor}


def id_of_sku(cursor: Cursor, workspace_id: int, sku: str) -> int | None:
    cursor.execute(_SQL["id_of_sku"], {"workspace_id": workspace_id, "sku": sku})
    row = cursor.fetchone()
    return None if row is None else int(row[0])


def insert(
    cursor: Cursor, workspace_id: int, *, sku: str, ean: str | None, name: str, data: bytes, source: str
) -> tuple[Product, bytes]:
    """The new product and its mirror line. ``data`` is JSON text. A taken sku or ean is psycopg's UniqueViolation."""
    share_inserts(cursor, workspace_id)
    cursor.execute(
        _SQL["insert"],
        {
            "workspace_id": workspace_id,
            "sku": sku,
            "ean": ean,
            "name": name,
            "data": data.decode(),
            "source": source,
        },
    )
    row = cursor.fetchone()
    assert row is not None
    return Product(*row[:-1]), row[-1].encode()


def change(
    cursor: Cursor,
    workspace_id: int,
    product_id: int,
    *,
    name: str,
    ean: str | None,
    data: bytes,
    removed: Iterable[str],
) -> tuple[Product, bytes] | None:
    """The changed product and its mirror line; None when it holds all of that already. ``data`` is merged by key."""
    cursor.execute(
        _SQL["change"],
        {
            "workspace_id": workspace_id,
            "product_id": product_id,
            "name": name,
            "ean": ean,
            "data": data.decode(),
            "removed": sorted(removed),
        },
    )
    row = cursor.fetchone()
    return None if row is None else (Product(*row[:-1]), row[-1].encode())


def merge(cursor: Cursor, workspace_id: int, edits: Mapping[str, Mapping[str, Any]], *, source: str) -> Merged:
    """Create or change products by sku.

    An edit has ``name`` (blank: as it is), ``data`` (merged by key), ``removed`` (field names) and, only when it was
    spoken of, ``ean``. The caller has shared the inserts.
    """
    cursor.execute(
        _SQL["merge"], {"workspace_id": workspace_id, "edits": orjson.dumps(edits).decode(), "source": source}
    )
    row = cursor.fetchone()
    assert row is not None
    return Merged(row[0] or (), row[1] or (), (row[2] or "").encode())


def bar_inserts(cursor: Cursor, workspace_id: int) -> None:
    """Wait for the inserts that are under way and keep others out to the transaction's end; goes before a deletion."""
    cursor.execute(_SQL["bar_inserts"], {"workspace_id": workspace_id})


def delete(cursor: Cursor, workspace_id: int, product_id: int) -> int:
    """The outbox entry with the tombstone of a product that the caller holds locked, with inserts barred."""
    cursor.execute(_SQL["delete"], {"workspace_id": workspace_id, "product_id": product_id})
    row = cursor.fetchone()
    assert row is not None
    return int(row[0])


def page(cursor: Cursor, workspace_id: int, *, limit: int, offset: int = 0) -> list[Product]:
    """Products in the order of making."""
    return _listed(cursor, "page", workspace_id, {"limit": limit, "offset": offset})


def page_from_end(cursor: Cursor, workspace_id: int, *, limit: int, offset: int = 0) -> list[Product]:
    """Products in the opposite order."""
    return _listed(cursor, "page_from_end", workspace_id, {"limit": limit, "offset": offset})


def after(cursor: Cursor, workspace_id: int, product_id: int, *, limit: int) -> list[Product]:
    """The products made next after one, in the order of making."""
    return _listed(cursor, "after", workspace_id, {"product_id": product_id, "limit": limit})


def before(cursor: Cursor, workspace_id: int, product_id: int, *, limit: int) -> list[Product]:
    """The products made last before one, the newest first."""
    return _listed(cursor, "before", workspace_id, {"product_id": product_id, "limit": limit})


def first_values(cursor: Cursor, workspace_id: int, fields: Sequence[str], *, limit: int) -> Iterator[list[Any]]:
    """For each of the first products the stored values of these fields, None where there is none."""
    cursor.execute(_SQL["first_values"], {"workspace_id": workspace_id, "fields": list(fields), "limit": limit})
    return (row[0] for row in cursor)


def settled_until(cursor: Cursor) -> datetime:
    """The moment before which no product can still be written: what is not committed now carries a later one."""
    cursor.execute(_SQL["settled_until"])
    row = cursor.fetchone()
    assert row is not None
    moment: datetime = row[0]
    return moment


def _listed(cursor: Cursor, statement: str, workspace_id: int, values: Mapping[str, int]) -> list[Product]:
    cursor.execute(_SQL[statement], {"workspace_id": workspace_id, **values})
    return [Product(*row) for row in cursor]
