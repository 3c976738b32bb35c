"""SegOps' words for products: one, a page with its links, a bulk call's outcome, facets (``segops-pim-api``,
"Products", "Facets").
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from chalicelib.dialects.segops import time_json
from chalicelib.fields import FIELD_TYPES, JsonValue
from chalicelib.model.product import Product
from chalicelib.model.product_schema import ProductSchema, SchemaField

PRODUCTS_PATH = "/api/pim/products/"


def product_json(product: Product, schema: ProductSchema, *, expand_price: bool = False) -> dict[str, Any]:
    """A product; its prices as text, or expanded to ``{"amount", "currency"}``."""
    return {
        "id": product.id,
        "sku": product.sku,
        "name": product.name,
        "data": _data(product, schema, expand_price=expand_price),
        "source": product.source,
        "ai_readability_score": product.ai_readability_score,
        "created_at": time_json(product.created_at),
        "updated_at": time_json(product.updated_at),
    }


def etag(product: Product) -> str:
    """The product's version as a strong entity tag."""
    return f'"{product.version}"'


def numbered_page_json(
    asked: Mapping[str, str], page: int, page_size: int, count: int, results: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """A page by number; next and previous keep the other parameters that were asked."""
    return {
        "count": count,
        "next": _link(asked, page=str(page + 1)) if page * page_size < count else None,
        "previous": _link(asked, page=str(page - 1)) if page > 1 else None,
        "results": list(results),
    }


def keyset_page_json(
    asked: Mapping[str, str], next_cursor: str | None, count: int, results: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """A page of keyset paging, which goes forward only."""
    kept = {name: text for name, text in asked.items() if name != "page"}
    return {
        "count": count,
        "next": _link(kept, cursor=next_cursor) if next_cursor else None,
        "previous": None,
        "results": list(results),
    }


def bulk_json(created: int, updated: int, errors: Sequence[tuple[int, str, Mapping[str, str]]]) -> dict[str, Any]:
    """What a bulk call did; ``errors`` (index, sku, problems) only when there are any."""
    listed = [
        {"index": index, "sku": sku, "errors": {name: [problem] for name, problem in problems.items()}}
        for index, sku, problems in errors
    ]
    return {"created": created, "updated": updated, **({"errors": listed} if listed else {})}


def exact_time_json(moment: datetime) -> str:
    """UTC to the microsecond: as ``updated_since`` it must leave nothing out."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _link(asked: Mapping[str, str], **changed: str) -> str:
    return f"{PRODUCTS_PATH}?{urlencode({**asked, **changed})}"


def _data(product: Product, schema: ProductSchema, *, expand_price: bool) -> dict[str, Any]:
    """The values in the schema's order, then those of fields that are no longer in it."""
    shown = {
        field.name: _value(field, product.data[field.name], expand_price=expand_price)
        for field in schema.fields
        if field.name in product.data
    }
    return shown | {name: value for name, value in product.data.items() if name not in shown}


def _value(field: SchemaField, stored: JsonValue, *, expand_price: bool) -> JsonValue:
    shown = FIELD_TYPES[field.type].show(stored)
    if expand_price and field.type == "price" and isinstance(stored, Mapping):
        return {"amount": shown, "currency": stored["currency"]}
    return shown
