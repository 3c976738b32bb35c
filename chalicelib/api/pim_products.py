"""SegOps' ``/api/pim/products`` and ``/api/pim/facets`` (``segops-pim-api``, "Products", "Facets")."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from chalice.app import Blueprint

from chalicelib.api.endpoint import Answer, Call, endpoint, number_of
from chalicelib.api.product_bodies import (
    BulkBody,
    BulkDone,
    ChangeBody,
    CreateBody,
    Facets,
    FacetsQuery,
    OneProductQuery,
    Product,
    ProductsPage,
    ProductsQuery,
)
from chalicelib.catalog import facets, listing, products
from chalicelib.catalog.values import read_name, read_sku
from chalicelib.dialects import segops, segops_products
from chalicelib.errors import InvalidValue
from chalicelib.model.mapping import EAN
from chalicelib.model.product_schema import RESERVED_QUERY_WORDS

blueprint = Blueprint(__name__)

_ENTITY_TAG = re.compile(r'(?:W/)?"([^"]*)"')
_NO_PRODUCT = "There is no such product in this workspace."
_TAKEN = "Another product has the sku or the EAN."
_CHANGED = "The product is no longer at a version that If-Match names."
_KEPT_BY_CALLER = {"Cache-Control": "private, no-cache"}
"""A product may be kept, and is asked for again with its ETag."""


@endpoint(
    blueprint,
    "/api/pim/products",
    ["GET"],
    scope="read",
    errors=segops.error_answer,
    tag="Products",
    query=ProductsQuery,
    answers={200: ProductsPage},
)
def list_products(call: Call) -> Answer:
    """List products: by text in the name, by exact field values, by when they were last written.

    Pages are numbered, or go on from a cursor: then no page shifts while products come and go, and the last is as fast
    as the first.
    """
    asked, query = call.query, call.asked(ProductsQuery)
    found = listing.list_products(call.services, call.caller.workspace_id, _list_query(asked, query))
    results = [
        segops_products.product_json(product, found.schema, expand_price=query.expand == "price")
        for product in found.products
    ]
    if "cursor" in asked:
        printed = segops_products.keyset_page_json(asked, found.next_cursor, found.count, results)
    else:
        printed = segops_products.numbered_page_json(asked, query.page, query.page_size, found.count, results)
    if found.synced_until:
        printed["synced_until"] = segops_products.exact_time_json(found.synced_until)
    return Answer(printed)


@endpoint(
    blueprint,
    "/api/pim/products/{product_id}",
    ["GET"],
    scope="read",
    errors=segops.error_answer,
    tag="Products",
    query=OneProductQuery,
    answers={200: Product, 304: None},
    refusals={404: _NO_PRODUCT},
    request_headers=("If-None-Match",),
    answer_headers=("ETag",),
)
def read_product(call: Call, product_id: str) -> Answer:
    """Read one product by its internal id."""
    query = call.asked(OneProductQuery)
    found = products.read(call.services, call.caller.workspace_id, number_of(product_id, "product"))
    if _is_known(call.request.headers.get("if-none-match"), found.product.version):
        return Answer(None, 304, _tagged(found))
    return Answer(
        segops_products.product_json(found.product, found.schema, expand_price=query.expand == "price"),
        headers=_tagged(found),
    )


@endpoint(
    blueprint,
    "/api/pim/products",
    ["POST"],
    scope="write",
    errors=segops.error_answer,
    tag="Products",
    body=CreateBody,
    answers={201: Product},
    refusals={409: _TAKEN},
    answer_headers=("ETag",),
)
def create_product(call: Call) -> Answer:
    """Create a product."""
    body = call.parsed(CreateBody, exact=True)
    made = products.create(call.services, call.caller.workspace_id, sku=body.sku, name=body.name, given=_given(body))
    return Answer(segops_products.product_json(made.product, made.schema), 201, _tagged(made))


@endpoint(
    blueprint,
    "/api/pim/products/{product_id}",
    ["PATCH"],
    scope="write",
    errors=segops.error_answer,
    tag="Products",
    body=ChangeBody,
    answers={200: Product},
    refusals={404: _NO_PRODUCT, 409: _TAKEN, 412: _CHANGED},
    request_headers=("If-Match",),
    answer_headers=("ETag",),
)
def change_product(call: Call, product_id: str) -> Answer:
    """Change a product's name, EAN or data. Data is merged by key, and null removes a field."""
    body = call.parsed(ChangeBody, exact=True)
    changed = products.change(
        call.services,
        call.caller.workspace_id,
        number_of(product_id, "product"),
        sku=body.sku,
        name=body.name,
        given=_given(body),
        versions=_versions(call.request.headers.get("if-match")),
    )
    return Answer(segops_products.product_json(changed.product, changed.schema), headers=_tagged(changed))


@endpoint(
    blueprint,
    "/api/pim/products/{product_id}",
    ["DELETE"],
    scope="write",
    errors=segops.error_answer,
    tag="Products",
    answers={204: None},
    refusals={404: _NO_PRODUCT, 412: _CHANGED},
    request_headers=("If-Match",),
)
def delete_product(call: Call, product_id: str) -> Answer:
    """Delete a product."""
    versions = _versions(call.request.headers.get("if-match"))
    number = number_of(product_id, "product")
    products.delete(call.services, call.caller.workspace_id, number, versions=versions)
    return Answer(None, 204)


@endpoint(
    blueprint,
    "/api/pim/products/bulk",
    ["POST"],
    scope="write",
    errors=segops.error_answer,
    tag="Products",
    body=BulkBody,
    answers={200: BulkDone},
)
def bulk_products(call: Call) -> Answer:
    """Create or change up to 500 products by sku, in the order given.

    Those in order are saved whatever is wrong with others. A product that exists keeps the fields it is not sent, and
    its name where none is sent.
    """
    body = call.parsed(BulkBody, limit_bytes=call.services.settings.multipart_limit_bytes, exact=True)
    done = products.bulk(call.services, call.caller.workspace_id, [_bulk_item(each) for each in body.products])
    errors = [(each.index, each.sku, each.problems) for each in done.errors]
    return Answer(segops_products.bulk_json(done.created, done.updated, errors))


@endpoint(
    blueprint,
    "/api/pim/facets",
    ["GET"],
    scope="read",
    errors=segops.error_answer,
    tag="Facets",
    query=FacetsQuery,
    answers={200: Facets},
)
def read_facets(call: Call) -> Answer:
    """Read the values of string and array fields: 100 a field, from the first 1,000 products, or counted over all."""
    query = call.asked(FacetsQuery)
    if query.scope == "all":
        counted = facets.counted(call.services, call.caller.workspace_id, _narrowing(call.query, query.q))
        return Answer(
            {name: [{"value": each.value, "count": each.count} for each in found] for name, found in counted.items()}
        )
    sampled = facets.sampled(call.services, call.caller.workspace_id)
    return Answer({name: [each.value for each in found] for name, found in sampled.items()})


def _list_query(asked: Mapping[str, str], query: ProductsQuery) -> listing.ListQuery:
    if asked.get("semantic", "").strip():
        raise InvalidValue({"semantic": "ranking by meaning is not available here; q searches the names"})
    return listing.ListQuery(
        narrowing=_narrowing(asked, query.q, query.updated_since),
        sort=query.sort,
        page=query.page,
        page_size=query.page_size,
        cursor=asked.get("cursor"),
    )


def _narrowing(asked: Mapping[str, str], q: str | None, updated_since: datetime | None = None) -> listing.Narrowing:
    """What the query narrows by; a blank filter counts as not given."""
    filters = {name: text for name, text in asked.items() if name not in RESERVED_QUERY_WORDS and text.strip()}
    if updated_since is not None and updated_since.tzinfo is None:
        updated_since = updated_since.replace(tzinfo=UTC)
    return listing.Narrowing(filters, q if q and q.strip() else None, updated_since)


def _given(body: CreateBody | ChangeBody) -> dict[str, Any]:
    """The fields of a body; its ean among them. Raises InvalidValue when that is there twice."""
    if EAN not in body.model_fields_set:
        return body.data
    if EAN in body.data and body.data[EAN] != body.ean:
        raise InvalidValue({EAN: "it stands beside data and in it, and the two differ"})
    return {**body.data, EAN: body.ean}


def _bulk_item(given: Mapping[str, Any]) -> products.BulkItem:
    """One product of a bulk call, with what is wrong with its frame."""
    problems: dict[str, str] = {}
    beside = {name: value for name, value in given.items() if name not in {"sku", "name", "data"}}
    inside = given.get("data") or {}
    if not isinstance(inside, dict):
        problems["data"] = "it holds fields with their values, as an object"
        inside = {}
    problems |= dict.fromkeys(beside.keys() & inside.keys(), "it stands beside data and in it")
    sku = _frame_text(given, "sku", read_sku, problems) if "sku" in given else ""
    name = _frame_text(given, "name", read_name, problems) if given.get("name") is not None else None
    if not sku and "sku" not in problems:
        problems["sku"] = "a product is known by its sku, and this one has none"
    return products.BulkItem(sku, name, {**beside, **inside}, problems)


def _frame_text(given: Mapping[str, Any], key: str, read: Callable[[str], str], problems: dict[str, str]) -> str:
    """The sku or name of a product of a bulk call; empty, with its problem noted, when it is none."""
    value = given[key]
    if not isinstance(value, str):
        problems[key] = f"the {key} is a text"
        return ""
    try:
        return read(value)
    except InvalidValue as error:
        problems.update(error.fields)
        return value


def _versions(header: str | None) -> frozenset[int] | None:
    """The versions an ``If-Match`` names, weak tags like strong ones; None when any will do."""
    if header is None or header.strip() == "*":
        return None
    tags = _ENTITY_TAG.findall(header)
    return frozenset(int(tag) for tag in tags if tag.isascii() and tag.isdigit() and len(tag) < 19)


def _is_known(header: str | None, version: int) -> bool:
    """Whether an ``If-None-Match`` says that the caller has this version."""
    return header is not None and (header.strip() == "*" or str(version) in _ENTITY_TAG.findall(header))


def _tagged(found: products.PrintedProduct) -> dict[str, str]:
    return {"ETag": segops_products.etag(found.product), **_KEPT_BY_CALLER}
