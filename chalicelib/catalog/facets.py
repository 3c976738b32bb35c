"""Facets: what the text and list fields hold, for the filters of a user interface.

From the first 1,000 products as ``segops-pim-api`` says, or counted over the whole catalogue by ClickHouse. A text of
more than 255 characters is prose and no facet.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.catalog import mirror
from chalicelib.catalog.listing import Narrowing, where_of
from chalicelib.model.product_schema import ProductSchema, SchemaField
from chalicelib.services import Services
from chalicelib.store import catalogue, products, schemas

_SAMPLED_PRODUCTS = 1_000
_VALUES_A_FIELD = 100
_VALUE_CHARACTERS = 255


@dataclass(frozen=True, slots=True)
class FacetValue:
    """A value and the number of products that hold it."""

    value: str
    count: int


def sampled(services: Services, workspace_id: int) -> dict[str, list[FacetValue]]:
    """By field, at most 100 values of the first 1,000 products by id, the most frequent first, then by the alphabet."""
    with services.database.workspace(workspace_id) as cursor:
        fields = _fields(schemas.read(cursor, workspace_id))
        names = [field.name for field in fields]
        counters: list[Counter[str]] = [Counter() for _ in fields]
        for row in products.first_values(cursor, workspace_id, names, limit=_SAMPLED_PRODUCTS):
            for counter, field, stored in zip(counters, fields, row, strict=True):
                counter.update(_texts(field, stored))
    return {name: _most_frequent(counter) for name, counter in zip(names, counters, strict=True)}


def counted(services: Services, workspace_id: int, narrowing: Narrowing) -> dict[str, list[FacetValue]]:
    """The same over all products that are meant. Raises InvalidValue, and Unavailable when ClickHouse is away."""
    with services.database.workspace(workspace_id) as cursor:
        schema = schemas.read(cursor, workspace_id)
    where = where_of(narrowing, schema, services.now())
    fields = _fields(schema)
    if where is None:
        return {field.name: [] for field in fields}
    mirror.catch_up(services, workspace_id)
    return {
        field.name: [
            FacetValue(value, count)
            for value, count in catalogue.values(
                services.mirror,
                workspace_id,
                where,
                field.name,
                field.type,
                limit=_VALUES_A_FIELD,
                characters=_VALUE_CHARACTERS,
            )
        ]
        for field in fields
    }


def _fields(schema: ProductSchema) -> Sequence[SchemaField]:
    return [field for field in schema.fields if field.type in catalogue.FACET_TYPES]


def _texts(field: SchemaField, stored: Any) -> set[str]:
    """What a product holds under the field; a value left over from another type is none."""
    if field.type == "array":
        items = stored if isinstance(stored, list) else []
    else:
        items = [stored]
    return {item for item in items if isinstance(item, str) and 0 < len(item) <= _VALUE_CHARACTERS}


def _most_frequent(counter: Mapping[str, int]) -> list[FacetValue]:
    ranked = sorted(counter.items(), key=lambda each: (-each[1], each[0]))
    return [FacetValue(value, count) for value, count in ranked[:_VALUES_A_FIELD]]
