"""SegOps' words for segments (``segops-pim-api``, "Product Segments")."""

from datetime import datetime
from typing import Any

import orjson

from chalicelib.dialects.segops import time_json
from chalicelib.fields import FIELD_TYPES
from chalicelib.model.product import Product
from chalicelib.model.product_schema import ProductSchema
from chalicelib.model.segment import ComputedSegment, Explanation, MembersPage, Preview, Segment


def segment_json(segment: Segment, now: datetime) -> dict[str, Any]:
    """A segment, and beside what the document prints where it stands at this moment."""
    return {
        "id": segment.id,
        "name": segment.name,
        "description": segment.description,
        "is_active": segment.is_active,
        "definition": segment.definition,
        "computed_count": segment.computed_count,
        "last_computed_at": time_json(segment.last_computed_at),
        "refresh_interval": segment.refresh_interval,
        "created_at": time_json(segment.created_at),
        "updated_at": time_json(segment.updated_at),
        "status": segment.status(now),
        "last_error": segment.last_error,
        "next_refresh_at": time_json(segment.due_at),
    }


def queued_json(segment_id: int) -> dict[str, Any]:
    """What asking for a compute answers."""
    return {"status": "queued", "segment_id": segment_id}


def preview_json(preview: Preview) -> dict[str, Any]:
    return {
        "matched_count": preview.matched_count,
        "sample_skus": list(preview.sample_skus),
        "sql": preview.sql,
        "parameters": dict(preview.parameters),
    }


def members_json(page: MembersPage) -> dict[str, Any]:
    return {
        "count": page.count,
        "results": [member_json(each, page.schema) for each in page.members],
        "next_cursor": page.next_cursor,
        "last_computed_at": time_json(page.last_computed_at),
    }


def explanation_json(explanation: Explanation) -> dict[str, Any]:
    return {
        "sku": explanation.sku,
        "matches": explanation.matches,
        "in_computed_set": explanation.in_computed_set,
        "conditions": [
            {
                "path": each.path,
                "type": each.type,
                "property": each.property,
                "operator": each.operator,
                "value": each.value,
                "seen": each.seen,
                "result": each.result,
            }
            for each in explanation.conditions
        ],
        "groups": [{"path": each.path, "logic": each.logic, "result": each.result} for each in explanation.groups],
    }


def product_segment_json(segment: ComputedSegment) -> dict[str, Any]:
    """A segment as one of those a product is in."""
    return {"id": segment.id, "name": segment.name, "last_computed_at": time_json(segment.last_computed_at)}


def member_json(product: Product, schema: ProductSchema) -> dict[str, Any]:
    """A member: prices are numbers here, with all their digits."""
    return {
        "sku": product.sku,
        "name": product.name,
        "data": {
            field.name: _value(field.type, product.data[field.name])
            for field in schema.fields
            if field.name in product.data
        }
        | {name: value for name, value in product.data.items() if name not in schema.by_name},
    }


def _value(field_type: str, stored: Any) -> Any:
    shown = FIELD_TYPES[field_type].show(stored)
    if field_type == "price" and isinstance(stored, dict):
        return _number(shown)
    if field_type == "multi_price" and isinstance(shown, list):
        return [{**each, "amount": _number(each.get("amount"))} if isinstance(each, dict) else each for each in shown]
    return shown


def _number(amount: Any) -> Any:
    """An amount that is printed as text elsewhere, as the number it is."""
    return orjson.Fragment(amount) if isinstance(amount, str) else amount
