"""The workspace's product schema and the mappings it has learned."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from chalicelib.model.mapping import Learned
from chalicelib.model.product_schema import ProductSchema, SchemaField
from chalicelib.store.postgres import Cursor
from chalicelib.store.sql import load_statements

_SQL = load_statements("schemas.sql")


def read(cursor: Cursor, workspace_id: int) -> ProductSchema:
    """The schema; without fields when none was defined yet."""
    cursor.execute(_SQL["read"], {"workspace_id": workspace_id})
    row = cursor.fetchone()
    return ProductSchema() if row is None else _schema(row)


def lock(cursor: Cursor, workspace_id: int, *, now: datetime) -> ProductSchema:
    """The schema, held to the transaction's end: nobody else adds or replaces fields meanwhile."""
    unset = ProductSchema()
    cursor.execute(
        _SQL["lock"],
        {
            "workspace_id": workspace_id,
            "default_currency": unset.default_currency,
            "default_locale": unset.default_locale,
            "now": now,
        },
    )
    row = cursor.fetchone()
    assert row is not None
    return _schema(row)


def replace(
    cursor: Cursor,
    workspace_id: int,
    fields: Sequence[SchemaField],
    *,
    default_currency: str,
    default_locale: str,
    now: datetime,
) -> ProductSchema:
    """The schema after these fields have taken the place of the stored ones."""
    cursor.execute(
        _SQL["replace"],
        {
            "workspace_id": workspace_id,
            "fields": Jsonb([field_json(each) for each in fields]),
            "default_currency": default_currency,
            "default_locale": default_locale,
            "now": now,
        },
    )
    row = cursor.fetchone()
    assert row is not None
    return _schema(row)


def learned(cursor: Cursor, workspace_id: int, header_keys: Sequence[str]) -> dict[str, Learned]:
    """What the headers this workspace confirmed before were confirmed as, by header key."""
    cursor.execute(_SQL["learned"], {"workspace_id": workspace_id, "header_keys": list(header_keys)})
    return {key: Learned(field, tuple(transforms)) for key, field, transforms in cursor}


def learn(cursor: Cursor, workspace_id: int, confirmed: Mapping[str, Learned], *, now: datetime) -> None:
    """Remember columns by header key; the latest word wins."""
    if confirmed:
        cursor.execute(
            _SQL["learn"],
            {
                "workspace_id": workspace_id,
                "header_keys": list(confirmed),
                "fields": [each.field for each in confirmed.values()],
                "transforms": [Jsonb(list(each.transforms)) for each in confirmed.values()],
                "now": now,
            },
        )


def field_json(field: SchemaField) -> dict[str, Any]:
    """A field as the documents print it."""
    return {"name": field.name, "type": field.type, "required": field.required, "description": field.description}


def _schema(row: tuple[Any, ...]) -> ProductSchema:
    return ProductSchema(
        id=row[0],
        fields=tuple(SchemaField(**each) for each in row[1]),
        default_currency=row[2],
        default_locale=row[3],
        version=row[4],
        created_at=row[5],
        updated_at=row[6],
    )
