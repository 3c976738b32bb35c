"""``/api/v1/suppliers``: whose files are imported (shared spec, section 1 "Suppliers and templates")."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from chalice.app import Blueprint
from pydantic import BaseModel, ConfigDict, Field

from chalicelib.api.endpoint import Answer, Call, endpoint, uuid_of
from chalicelib.api.v1_bodies import Meta, Page
from chalicelib.catalog import suppliers
from chalicelib.dialects import v1
from chalicelib.dialects.v1_suppliers import supplier_json
from chalicelib.model.supplier import CODE_CHARACTERS, NAME_CHARACTERS

blueprint = Blueprint(__name__)

_TAG = "Suppliers"
_CODE = "What uploads name the supplier by, and its products carry. Upper and lower case differ."
_SUPPLIER: dict[str, Any] = {
    "id": "b1e9c3d2-1111-4abc-8def-000000000001",
    "code": "SUPPLIER_A",
    "name": "Supplier A",
    "is_stub": False,
    "created_at": "2026-03-15T09:00:00Z",
    "updated_at": "2026-03-15T09:00:00Z",
}
_META = {"total": 1, "page": 1, "per_page": 20, "total_pages": 1, "has_next": False, "has_previous": False}


def _example(value: dict[str, Any], *, strict: bool = False) -> ConfigDict:
    return ConfigDict(extra="ignore", strict=strict, json_schema_extra={"examples": [value]})


class SuppliersQuery(BaseModel):
    """Which suppliers, and which page of them."""

    search: str = Field(default="", max_length=500, description="A text in the code or the name; any case.")
    page: Page = 1
    per_page: int = Field(default=20, ge=1, le=100)


class SupplierBody(BaseModel):
    """A new supplier."""

    model_config = _example({"code": "SUPPLIER_A", "name": "Supplier A"}, strict=True)

    code: str = Field(min_length=1, max_length=CODE_CHARACTERS, description=_CODE)
    name: str = Field(default="", max_length=NAME_CHARACTERS)


class SupplierPatch(BaseModel):
    """What is to be another; what is left out stays."""

    model_config = _example({"name": "Supplier A"}, strict=True)

    code: str | None = Field(default=None, min_length=1, max_length=CODE_CHARACTERS, description=_CODE)
    name: str | None = Field(default=None, max_length=NAME_CHARACTERS)


class SupplierAnswer(BaseModel):
    """A supplier."""

    model_config = _example(_SUPPLIER)

    id: UUID
    code: str
    name: str
    is_stub: bool = Field(description="An upload named its code, and nobody has said more of it yet.")
    created_at: datetime
    updated_at: datetime


class SuppliersAnswer(BaseModel):
    """A page of suppliers, by code."""

    model_config = _example({"items": [_SUPPLIER], "meta": _META})

    items: list[SupplierAnswer]
    meta: Meta


class DeletedSupplier(BaseModel):
    """Which supplier is no more."""

    model_config = _example({"deleted": True, "id": _SUPPLIER["id"]})

    deleted: Literal[True]
    id: UUID


@endpoint(
    blueprint,
    "/api/v1/suppliers",
    ["GET"],
    scope="read",
    errors=v1.error_answer,
    tag=_TAG,
    query=SuppliersQuery,
    answers={200: SuppliersAnswer},
)
def list_suppliers(call: Call) -> Answer:
    """Suppliers, by code."""
    asked = call.asked(SuppliersQuery)
    found = suppliers.listing(
        call.services, call.caller.workspace_id, page=asked.page, per_page=asked.per_page, search=asked.search
    )
    items = [supplier_json(each) for each in found.suppliers]
    return Answer(v1.page_json(items, total=found.count, page=asked.page, per_page=asked.per_page))


@endpoint(
    blueprint,
    "/api/v1/suppliers",
    ["POST"],
    scope="write",
    errors=v1.error_answer,
    tag=_TAG,
    body=SupplierBody,
    answers={201: SupplierAnswer},
    refusals={409: "Another supplier has the code."},
)
def create_supplier(call: Call) -> Answer:
    """Make a supplier. An upload that names a code nobody has makes one by itself, a stub."""
    said = call.parsed(SupplierBody)
    made = suppliers.create(call.services, call.caller.workspace_id, code=said.code, name=said.name)
    return Answer(supplier_json(made), 201)


@endpoint(
    blueprint,
    "/api/v1/suppliers/{supplier_id}",
    ["GET"],
    scope="read",
    errors=v1.error_answer,
    tag=_TAG,
    answers={200: SupplierAnswer},
    refusals=(404,),
)
def read_supplier(call: Call, supplier_id: str) -> Answer:
    """One supplier."""
    return Answer(
        supplier_json(suppliers.read(call.services, call.caller.workspace_id, uuid_of(supplier_id, "supplier")))
    )


@endpoint(
    blueprint,
    "/api/v1/suppliers/{supplier_id}",
    ["PATCH"],
    scope="write",
    errors=v1.error_answer,
    tag=_TAG,
    body=SupplierPatch,
    answers={200: SupplierAnswer},
    refusals={404: "There is no such supplier in this workspace.", 409: "Another supplier has the code."},
)
def change_supplier(call: Call, supplier_id: str) -> Answer:
    """Change a supplier; what is left out stays. Products that were imported keep the code they came with."""
    said = call.parsed(SupplierPatch)
    changed = suppliers.change(
        call.services, call.caller.workspace_id, uuid_of(supplier_id, "supplier"), code=said.code, name=said.name
    )
    return Answer(supplier_json(changed))


@endpoint(
    blueprint,
    "/api/v1/suppliers/{supplier_id}",
    ["DELETE"],
    scope="write",
    errors=v1.error_answer,
    tag=_TAG,
    answers={200: DeletedSupplier},
    refusals=(404,),
)
def delete_supplier(call: Call, supplier_id: str) -> Answer:
    """Delete a supplier and what was remembered of its files. Its products and imports stay."""
    found = uuid_of(supplier_id, "supplier")
    suppliers.delete(call.services, call.caller.workspace_id, found)
    return Answer({"deleted": True, "id": str(found)})
