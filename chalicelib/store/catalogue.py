"""The catalogue as ClickHouse answers for it: counts, pages of ids and the values of fields (``catalogue.sql``).

Conditions come from the compiler and fill ``/*where*/``; the other places are filled from the tables here. Values are
always bound.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.conditions.compile import Where
from chalicelib.store.mirror import Mirror
from chalicelib.store.sql import load_statements

_SQL = load_statements("catalogue.sql")


@dataclass(frozen=True, slots=True)
class _Key:
    """What a list is ordered by: an expression and the type its values are bound as."""

    expression: str
    type: str


_KEYS: Mapping[str, _Key] = {
    "id": _Key("id", "UInt64"),
    "sku": _Key("sku", "String"),
    "name": _Key("leftUTF8(name, 120)", "String"),
    "created_at": _Key("created_at", "DateTime64(6, 'UTC')"),
    "updated_at": _Key("updated_at", "DateTime64(6, 'UTC')"),
}

_VALUES: Mapping[str, str] = {
    "string": "data.`%s`.:String",
    "array": "arrayJoin(arrayDistinct(data.`%s`.:`Array(Nullable(String))`))",
}
"""By field type: the texts a product holds under a field, each once."""

FIRST_PRODUCTS = 201
"""What ``first`` answers: the largest page and one more."""

FACET_TYPES = frozenset(_VALUES)


@dataclass(frozen=True, slots=True)
class Order:
    """The order of a list; ``id`` settles what ``key`` (a column) leaves open."""

    key: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended: the last product's sort key, as text, and its id."""

    key: str
    id: int


def count(mirror: Mirror, workspace_id: int, where: Where) -> int:
    """Products that match."""
    statement = _SQL["count"].replace("/*where*/", where.sql)
    return int(mirror.query(statement, {**where.parameters, "workspace": workspace_id})[0][0])


def first(mirror: Mirror, workspace_id: int, where: Where) -> tuple[list[Place], int]:
    """The first FIRST_PRODUCTS products that match, in the order of making, and how many do."""
    statement = _SQL["first"].replace("/*where*/", where.sql)
    [(matching, ids)] = mirror.query(statement, {**where.parameters, "workspace": workspace_id})
    return [Place(str(product_id), product_id) for product_id in ids], int(matching)


def page(
    mirror: Mirror, workspace_id: int, where: Where, order: Order, *, limit: int, offset: int, after: Place | None
) -> list[Place]:
    """The products of a page by their places, in order."""
    key = _KEYS[order.key]
    values: dict[str, Any] = {**where.parameters, "workspace": workspace_id, "limit": limit, "offset": offset}
    if after is not None:
        values |= {"last_key": int(after.key) if order.key == "id" else after.key, "last_id": after.id}
    statement = (
        _SQL["page"]
        .replace("/*key*/", key.expression)
        .replace("/*where*/", where.sql)
        .replace("/*after*/", "1" if after is None else _after(key, order))
        .replace("/*order*/", f"{key.expression} {_direction(order)}, id {_direction(order)}")
    )
    return [Place(text, product_id) for product_id, text in mirror.query(statement, values)]


def values(
    mirror: Mirror, workspace_id: int, where: Where, field: str, field_type: str, *, limit: int, characters: int
) -> Sequence[tuple[str, int]]:
    """Values of a field (a name of the schema, of a type in FACET_TYPES) with the number of products that hold them."""
    statement = _SQL["values"].replace("/*value*/", _VALUES[field_type] % field).replace("/*where*/", where.sql)
    found = mirror.query(
        statement, {**where.parameters, "workspace": workspace_id, "limit": limit, "characters": characters}
    )
    return [(value, products) for value, products in found]


def _after(key: _Key, order: Order) -> str:
    sign = "<" if order.descending else ">"
    return f"({key.expression}, id) {sign} ({{last_key:{key.type}}}, {{last_id:UInt64}})"


def _direction(order: Order) -> str:
    return "DESC" if order.descending else "ASC"
