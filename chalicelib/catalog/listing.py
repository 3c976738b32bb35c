"""The products list: numbered pages and keyset paging, filters, text search, sorting, and what changed since.

Two ways to a page. The whole catalogue in the order of making is PostgreSQL's: its count is kept, its ids are an index.
Whatever narrows or sorts otherwise is asked of ClickHouse, which names the ids, and PostgreSQL gives the products; what
the mirror has not heard of yet is sent to it first. A filter means what the same condition in a segment means.

Serves ``segops-pim-api``, "GET /api/pim/products/".
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import orjson

from chalicelib.catalog import mirror
from chalicelib.conditions.compile import Where, compile_where
from chalicelib.conditions.definition import Node, all_of, filter_node, parse_definition
from chalicelib.errors import InvalidValue
from chalicelib.model.product import SKU_CHARACTERS, Product
from chalicelib.model.product_schema import ProductSchema
from chalicelib.services import Services
from chalicelib.store import catalog_changes, catalogue, products, schemas
from chalicelib.store.catalogue import Order, Place
from chalicelib.store.postgres import Cursor

SORT_KEYS = ("id", "sku", "name", "created_at", "updated_at")
"""Each also with a minus sign before it, for the opposite order."""

BEGINNING = frozenset({"", "*"})
"""Cursors that begin keyset paging."""

_KEY_CHARACTERS = max(SKU_CHARACTERS, 120)
_FIRST_MOMENT, _LAST_MOMENT = datetime(1971, 1, 1, tzinfo=UTC), datetime(2261, 1, 1, tzinfo=UTC)
_MOMENT = "%Y-%m-%d %H:%M:%S.%f"


@dataclass(frozen=True, slots=True)
class Narrowing:
    """Which products are meant.

    Attributes:
        filters: field name to the text of its value.
        q: text in the name, whatever its case.
        updated_since: written at that moment or later.
    """

    filters: Mapping[str, str] = field(default_factory=dict)
    q: str | None = None
    updated_since: datetime | None = None

    @property
    def is_everything(self) -> bool:
        return not (self.filters or self.q or self.updated_since)


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What a list is asked for.

    ``sort`` None is the cursor's own order, else the order of making. ``cursor`` None means numbered pages, one of
    BEGINNING the first page of keyset paging, else the token of the page before.
    """

    narrowing: Narrowing = field(default_factory=Narrowing)
    sort: str | None = None
    page: int = 1
    page_size: int = 50
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class ProductsPage:
    """A page of products, how many there are in all, and the schema they are printed by.

    ``next_cursor`` is None on the last page and for numbered pages. ``synced_until`` is there when ``updated_since``
    was asked: nothing written before it can still appear, so the first page's is the next ``updated_since``. It lies
    in the past by as much as the longest running transaction, whose products will carry the moment of its start.
    """

    products: Sequence[Product]
    count: int
    schema: ProductSchema
    next_cursor: str | None = None
    synced_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Span:
    """Which part of the list is wanted; keyset pages look one product further to know whether there is more."""

    limit: int
    offset: int
    after: Place | None
    keyset: bool

    @property
    def looked_at(self) -> int:
        return self.limit + 1 if self.keyset else self.limit


def list_products(services: Services, workspace_id: int, query: ListQuery) -> ProductsPage:
    """Raises InvalidValue naming the parameter, and Unavailable when only ClickHouse could answer and is away."""
    order, after = _start(query)
    keyset = query.cursor is not None
    span = _Span(query.page_size, 0 if keyset else (query.page - 1) * query.page_size, after, keyset)
    if query.narrowing.is_everything and order.key == "id":
        return _in_order_of_making(services, workspace_id, order, span)
    return _asked_of_mirror(services, workspace_id, query.narrowing, order, span)


def where_of(narrowing: Narrowing, schema: ProductSchema, now: datetime) -> Where | None:
    """The narrowing as a condition; None when nothing can match it. Raises InvalidValue naming the parameter."""
    nodes: list[Node] = []
    for name, text in narrowing.filters.items():
        node = filter_node(name, text, schema, now=now)
        if node is None:
            return None
        nodes.append(node)
    if narrowing.q:
        nodes.append(_leaf("q", {"property": "name", "operator": "contains", "value": narrowing.q}, schema, now))
    if narrowing.updated_since:
        since = _within(narrowing.updated_since)
        condition = {"property": "updated_at", "operator": "on_or_after", "value": since.isoformat()}
        nodes.append(_leaf("updated_since", condition, schema, now))
    return compile_where(all_of(nodes))


def _within(moment: datetime) -> datetime:
    """The moment in UTC, or the nearest one at which a product can have been written."""
    return min(max(moment, _FIRST_MOMENT), _LAST_MOMENT).astimezone(UTC)


def _leaf(parameter: str, condition: Mapping[str, Any], schema: ProductSchema, now: datetime) -> Node:
    # The built-ins are meant, whatever fields a schema has.
    bare = replace(schema, fields=())
    try:
        return parse_definition({"conditions": [{"type": "product_attribute", **condition}]}, bare, now=now)
    except InvalidValue as error:
        raise InvalidValue({parameter: next(iter(error.fields.values()))}) from error


# PostgreSQL's lists ---------------------------------------------------------------------------------------------------


def _in_order_of_making(services: Services, workspace_id: int, order: Order, span: _Span) -> ProductsPage:
    with services.database.workspace(workspace_id) as cursor:
        schema = schemas.read(cursor, workspace_id)
        count = catalog_changes.count(cursor, workspace_id)
        if span.keyset:
            found = _next_in_order(cursor, workspace_id, order, span)
        else:
            found = _numbered(cursor, workspace_id, order, span, count)
    shown = found[: span.limit]
    more = [Place(str(each.id), each.id) for each in shown[-1:]] if len(found) > span.limit else []
    return ProductsPage(shown, count, schema, _token(order, more[0]) if more else None)


def _next_in_order(cursor: Cursor, workspace_id: int, order: Order, span: _Span) -> list[Product]:
    limit = span.looked_at
    if span.after is None:
        whole = products.page_from_end if order.descending else products.page
        return whole(cursor, workspace_id, limit=limit)
    further = products.before if order.descending else products.after
    return further(cursor, workspace_id, span.after.id, limit=limit)


def _numbered(cursor: Cursor, workspace_id: int, order: Order, span: _Span, count: int) -> list[Product]:
    """A page by its number: from whichever end of the catalogue is nearer."""
    begin, end = span.offset, min(span.offset + span.limit, count)
    if begin >= end:
        return []
    if order.descending:
        begin, end = count - end, count - begin
    if begin <= count - end:
        found = products.page(cursor, workspace_id, limit=end - begin, offset=begin)
        return found[::-1] if order.descending else found
    found = products.page_from_end(cursor, workspace_id, limit=end - begin, offset=count - end)
    return found if order.descending else found[::-1]


# ClickHouse's lists ---------------------------------------------------------------------------------------------------


def _asked_of_mirror(
    services: Services, workspace_id: int, narrowing: Narrowing, order: Order, span: _Span
) -> ProductsPage:
    with services.database.workspace(workspace_id) as cursor:
        schema = schemas.read(cursor, workspace_id)
        whole_count = catalog_changes.count(cursor, workspace_id) if narrowing.is_everything else None
        settled = products.settled_until(cursor) if narrowing.updated_since else None
    where = where_of(narrowing, schema, services.now())
    if where is None:
        return ProductsPage([], 0, schema, synced_until=settled)
    if settled is None:
        mirror.catch_up(services, workspace_id)
    else:
        # An entry that is still under way holds products the mirror cannot show yet.
        waiting_since = mirror.catch_up(services, workspace_id, waiting_seconds=0)
        settled = min(settled, waiting_since or settled)
    places, count = _places(services, workspace_id, where, order, span, whole_count)
    shown = places[: span.limit]
    with services.database.workspace(workspace_id) as cursor:
        found = products.read_many(cursor, workspace_id, [place.id for place in shown])
    next_cursor = _token(order, shown[-1]) if len(places) > span.limit else None
    return ProductsPage(found, count, schema, next_cursor, settled)


def _places(
    services: Services, workspace_id: int, where: Where, order: Order, span: _Span, whole_count: int | None
) -> tuple[Sequence[Place], int]:
    """The places of the span, and how many products match: ``whole_count`` where that is known beforehand."""
    end = span.offset + span.looked_at
    if order == Order("id") and span.after is None and end <= catalogue.FIRST_PRODUCTS:
        places, count = catalogue.first(services.mirror, workspace_id, where)
        return places[span.offset : end], count
    places = catalogue.page(
        services.mirror, workspace_id, where, order, limit=span.looked_at, offset=span.offset, after=span.after
    )
    counted = whole_count if whole_count is not None else _count_shown(places, span)
    return places, catalogue.count(services.mirror, workspace_id, where) if counted is None else counted


def _count_shown(places: Sequence[Place], span: _Span) -> int | None:
    """How many there are in all, when the page shows the end of the list: no need to ask again."""
    if span.after is None and len(places) < span.looked_at and (places or not span.offset):
        return span.offset + len(places)
    return None


# Orders and cursors ---------------------------------------------------------------------------------------------------


def _start(query: ListQuery) -> tuple[Order, Place | None]:
    """The order of the list and the place its page begins after."""
    if query.cursor is None or query.cursor in BEGINNING:
        return _order(query.sort or "id"), None
    sort, place = _read_token(query.cursor)
    if query.sort is not None and query.sort != sort:
        raise InvalidValue({"cursor": f'it goes on with a list in the order "{sort}", not "{query.sort}"'})
    return _order(sort), place


def _order(sort: str) -> Order:
    order = Order(sort.removeprefix("-"), descending=sort.startswith("-"))
    if order.key not in SORT_KEYS:
        raise InvalidValue({"sort": f"one of {', '.join(SORT_KEYS)}, each also with a minus sign before it"})
    return order


def _token(order: Order, place: Place) -> str:
    sort = f"-{order.key}" if order.descending else order.key
    return base64.urlsafe_b64encode(orjson.dumps([sort, place.key, place.id])).decode().rstrip("=")


def _read_token(token: str) -> tuple[str, Place]:
    """Sort and place of a token. Raises InvalidValue for one that this system did not make."""
    try:
        content = orjson.loads(base64.b64decode(token + "=" * (-len(token) % 4), b"-_", validate=True))
    except (binascii.Error, ValueError):
        content = None
    match content:
        case [str(sort), str(key), int(product_id)] if _is_place(sort, key, product_id):
            return sort, Place(key, product_id)
        case _:
            raise InvalidValue({"cursor": "this is no cursor: take it from the next link of a page"})


def _is_place(sort: str, key: str, product_id: int) -> bool:
    """Whether a product can stand there in that order."""
    column = sort.removeprefix("-")
    if column not in SORT_KEYS or not 0 <= product_id < 2**63 or len(key) > _KEY_CHARACTERS or "\0" in key:
        return False
    if column == "id":
        return key == str(product_id)
    return column not in {"created_at", "updated_at"} or _is_moment(key)


def _is_moment(key: str) -> bool:
    try:
        return datetime.strptime(key, _MOMENT).replace(tzinfo=UTC).strftime(_MOMENT) == key
    except ValueError:
        return False
