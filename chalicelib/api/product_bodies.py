"""What requests for products and facets must look like, and what their answers look like (``segops-pim-api``).

Requests are checked against theirs. Answers are printed by ``dialects.segops_products``; their models describe them for
``/openapi.json``, with the examples the document prints.
"""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel

from chalicelib.catalog.products import BULK_PRODUCTS
from chalicelib.model.product import SKU_CHARACTERS

_NIKE: dict[str, Any] = {"brand": "Nike", "price": "129.99", "tags": ["running", "casual"]}
_MADE = "2026-05-03T10:00:00Z"
_PRODUCT: dict[str, Any] = {
    "id": 1,
    "sku": "SHOE-001",
    "name": "Air Max 90",
    "data": _NIKE,
    "source": "csv",
    "ai_readability_score": None,
    "created_at": _MADE,
    "updated_at": _MADE,
}
_DATA = (
    "Values by field. A field the schema does not know is added to it, with the type its name and values speak for. "
    "null, a blank text and an empty list clear a field."
)
_EAN = "8, 12, 13 or 14 digits with a right check digit; null clears it."
_READ_ONLY = "Read-only: may be sent back, and changes nothing."

Sort = Literal["id", "-id", "sku", "-sku", "name", "-name", "created_at", "-created_at", "updated_at", "-updated_at"]


class CreateBody(BaseModel):
    """A new product."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={"examples": [{"sku": "SHOE-002", "name": "Stan Smith", "data": {"brand": "Adidas"}}]},
    )

    sku: str = Field(json_schema_extra={"minLength": 1, "maxLength": SKU_CHARACTERS})
    name: str = Field(json_schema_extra={"minLength": 1})
    data: dict[str, Any] = Field(default={}, description=_DATA)
    ean: str | int | None = Field(default=None, description=_EAN)


class ChangeBody(BaseModel):
    """What is to change of a product: fields are merged by key, the others stay."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "examples": [{"name": "Updated Name", "data": {"brand": "Adidas", "price": "99.99"}}],
        },
    )

    name: str | None = Field(default=None, description="null leaves it as it is.")
    data: dict[str, Any] = Field(default={}, description=_DATA)
    ean: str | int | None = Field(default=None, description=_EAN)
    sku: str | None = Field(default=None, description="A product keeps its sku: it may be sent back unchanged.")
    id: Any = Field(default=None, description=_READ_ONLY)
    source: Any = Field(default=None, description=_READ_ONLY)
    ai_readability_score: Any = Field(default=None, description=_READ_ONLY)
    created_at: Any = Field(default=None, description=_READ_ONLY)
    updated_at: Any = Field(default=None, description=_READ_ONLY)


class BulkBody(BaseModel):
    """Products to create or change by sku. Fields beside sku and name stand beside them, or in ``data``."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "examples": [
                {
                    "products": [
                        {"sku": "SHOE-001", "name": "Air Max 90", "brand": "Nike", "price": "129.99"},
                        {"sku": "SHOE-002", "name": "Stan Smith", "brand": "Adidas", "price": "89.99"},
                    ]
                }
            ]
        },
    )

    products: list[dict[str, Any]] = Field(max_length=BULK_PRODUCTS)


class _Narrowed(BaseModel):
    """What narrows a list; every other parameter is a field of the schema with the value it must have."""

    model_config = ConfigDict(extra="allow")

    q: str | None = Field(default=None, description="Text in the name, whatever its case.")


class ProductsQuery(_Narrowed):
    """Which products, in what order, and which part of the list."""

    page: int = Field(default=1, ge=1, le=10_000_000, description="Page number.")
    page_size: int = Field(default=50, ge=1, le=200)
    cursor: str | None = Field(
        default=None,
        description="Keyset paging instead of page numbers: * begins, the next link of each page goes on.",
    )
    sort: Sort | None = Field(
        default=None, description="id (the order of making) when left out; names and skus by their characters' codes."
    )
    updated_since: datetime | None = Field(
        default=None,
        description="Products written at that moment or later; deleted ones do not come. The first page's synced_until "
        "is what to ask with the next time.",
    )
    expand: Literal["price"] | None = Field(default=None, description="Prices as objects with their currency.")


class OneProductQuery(BaseModel):
    """How a product is printed."""

    expand: Literal["price"] | None = Field(default=None, description="Prices as objects with their currency.")


class FacetsQuery(_Narrowed):
    """What is counted. ``q`` and field filters narrow the whole catalogue, not the sample."""

    scope: Literal["sample", "all"] = Field(
        default="sample",
        description="sample: values of the first 1,000 products; all: values with counts over the whole catalogue.",
    )


class Product(BaseModel):
    """A product of the catalogue."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PRODUCT]})

    id: int
    sku: str
    name: str
    data: dict[str, Any] = Field(description="Values by field, in the schema's order. Prices are text.")
    source: str = Field(description="What made it, or the import that last wrote it: csv, api …")
    ai_readability_score: int | None = Field(json_schema_extra={"minimum": 0, "maximum": 100})
    created_at: datetime
    updated_at: datetime


class ProductsPage(BaseModel):
    """A page of products."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"count": 1024, "next": "/api/pim/products/?page=2", "previous": None, "results": [_PRODUCT]},
            ]
        }
    )

    count: int = Field(description="Products in all.")
    next: str | None
    previous: str | None
    results: list[Product]
    synced_until: datetime | None = Field(
        default=None,
        description="With updated_since: everything written before it is in this answer or was before.",
        json_schema_extra={"type": "string", "format": "date-time"},
    )


class BulkItemErrors(BaseModel):
    """Why one product of a bulk call was not saved."""

    index: int = Field(description="Its place in the call, from 0.")
    sku: str
    errors: dict[str, list[str]]


class BulkDone(BaseModel):
    """What a bulk call did."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"created": 1, "updated": 1}]})

    created: int
    updated: int
    errors: list[BulkItemErrors] = Field(default=[], description="Only there when something was not saved.")


class FacetCount(BaseModel):
    """A value and the number of products that hold it."""

    value: str
    count: int


class Facets(RootModel[dict[str, list[str] | list[FacetCount]]]):
    """Values by field, the most frequent first; with their counts when the whole catalogue was asked for."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "brand": ["Adidas", "Nike", "Puma"],
                    "category": ["footwear", "apparel"],
                    "tags": ["casual", "running", "sport"],
                }
            ]
        }
    )
