"""Products: read, and upserted a chunk at a time (``products.sql``)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

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
    """The hash of the row a product was last written from (None: another writer was at it since) and its ean."""

    row_hash: bytes | None
    ean: str | None


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
class PageQuery:
    """What a products page is asked for. ``name_contains`` ignores case; ``containing`` is a piece of ``data`` as
    JSON.
    """

    name_contains: str | None = None
    containing: bytes | None = None


def known(cursor: Cursor, workspace_id: int, skus: Sequence[str]) -> dict[str, KnownProduct]:
    """What must be known of the products with these skus before a row is written, by sku."""
    cursor.execute(_SQL["known"], {"workspace_id": workspace_id, "skus": orjson.dumps(skus).decode()})
    return {row[0]: KnownProduct(row[1], row[2]) for row in cursor.fetchall()}


def ean_owners(cursor: Cursor, workspace_id: int, eans: Sequence[str]) -> dict[str, str]:
    """The sku that holds each ean (14 digits), for those that are held."""
    cursor.execute(_SQL["ean_owners"], {"workspace_id": workspace_id, "eans": orjson.dumps(eans).decode()})
    return dict(cursor.fetchall())


def claim_rows(
    cursor: Cursor, workspace_id: int, job_id: int, run: int, rows: Iterable[tuple[str, int, int]]
) -> Iterator[Claim]:
    """Claim (key, row_number, line) for this run; each key must come once."""
    keys, row_numbers, lines = zip(*rows, strict=True)
    cursor.execute(
        _SQL["claim_rows"],
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
    mapped_fields: Sequence[str],
    has_ean: bool,
    source: str,
    supplier_code: str | None,
) -> Written:
    """Create or update these products. Every sku must come once; ``incoming`` holds them to the transaction's end."""
    cursor.execute(_SQL["incoming_table"])
    with cursor.copy(_SQL["copy_incoming"]) as copy:
        copy.set_types(_INCOMING_TYPES)
        write = copy.write_row
        for sku, ean, name, data, raw_data, row_hash in rows:
            write((sku, ean, name, _JSONB + data, _JSONB + raw_data, row_hash))
    cursor.execute(
        _SQL["upsert_incoming"],
        {
            "workspace_id": workspace_id,
            "job_id": job_id,
            "fields": list(mapped_fields),
            "has_ean": has_ean,
            "source": source,
            "supplier_code": supplier_code,
        },
    )
    counts = cursor.fetchone()
    assert counts is not None
    return Written(counts[0], counts[1], counts[2].encode())


def read(cursor: Cursor, workspace_id: int, product_id: int) -> Product | None:
    cursor.execute(_SQL["read"], {"workspace_id": workspace_id, "product_id": product_id})
    row = cursor.fetchone()
    return None if row is None else Product(*row)


def page(cursor: Cursor, workspace_id: int, query: PageQuery, *, limit: int, offset: int) -> list[Product]:
    """Products in the order of making."""
    cursor.execute(_SQL["page"], {**_asked(workspace_id, query), "limit": limit, "offset": offset})
    return [Product(*row) for row in cursor]


def count(cursor: Cursor, workspace_id: int, query: PageQuery) -> int:
    cursor.execute(_SQL["count"], _asked(workspace_id, query))
    row = cursor.fetchone()
    assert row is not None
    return int(row[0])


def _asked(workspace_id: int, query: PageQuery) -> dict[str, Any]:
    words = query.name_contains
    if words is not None:
        words = "%" + words.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"
    return {
        "workspace_id": workspace_id,
        "name_like": words,
        "filter": None if query.containing is None else query.containing.decode(),
    }
