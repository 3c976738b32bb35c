"""Products as they are read: one, and a page by name and field values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from chalicelib.errors import NotFound
from chalicelib.fields import FIELD_TYPES, Unfit, habit_of_locale
from chalicelib.model.product import Product
from chalicelib.model.product_schema import RESERVED_QUERY_WORDS, ProductSchema
from chalicelib.services import Services
from chalicelib.store import products, schemas


@dataclass(frozen=True, slots=True)
class ProductsPage:
    """A page of products, how many there are in all, and the schema they are printed by."""

    products: Sequence[Product]
    count: int
    schema: ProductSchema


def read(services: Services, workspace_id: int, product_id: int) -> tuple[Product, ProductSchema]:
    """One product and the schema it is printed by. Raises NotFound, also for another workspace's."""
    with services.database.workspace(workspace_id) as cursor:
        product = products.read(cursor, workspace_id, product_id)
        schema = schemas.read(cursor, workspace_id)
    if product is None:
        raise NotFound(f"There is no product {product_id}.")
    return product, schema


def page(services: Services, workspace_id: int, asked: Mapping[str, str], *, page: int, page_size: int) -> ProductsPage:
    """Page ``page`` (from 1) of the products whose name contains ``q`` and whose fields hold what was asked."""
    with services.database.workspace(workspace_id) as cursor:
        schema = schemas.read(cursor, workspace_id)
        filters = {name: text for name, text in asked.items() if name not in RESERVED_QUERY_WORDS}
        query = products.PageQuery(asked.get("q") or None, _containing(filters, schema))
        count = products.count(cursor, workspace_id, query)
        offset = (page - 1) * page_size
        found = products.page(cursor, workspace_id, query, limit=page_size, offset=offset) if offset < count else []
    return ProductsPage(found, count, schema)


def _containing(filters: Mapping[str, str], schema: ProductSchema) -> bytes | None:
    """The piece of ``data`` a product must contain, as JSON: each value as its field's type would store it."""
    wanted = {name: _wanted(name, text, schema) for name, text in filters.items()}
    return orjson.dumps(wanted) if wanted else None


def _wanted(name: str, text: str, schema: ProductSchema) -> Any:
    field = schema.by_name.get(name)
    if field is None or not text.strip():
        return text
    habit = habit_of_locale(schema.default_locale, schema.default_currency)
    try:
        stored = FIELD_TYPES[field.type].parser(habit)(text.strip())
    except Unfit:
        return text
    return {"amount": stored["amount"]} if isinstance(stored, dict) else stored
