"""SegOps' ``/api/pim``: schema, products, and the wizard's import (``segops-pim-api``,
``segops-csv-import-wizard``).
"""

from collections.abc import Mapping

from chalice.app import Blueprint
from pydantic import BaseModel, ConfigDict, Field

from chalicelib.api.endpoint import Answer, Call, endpoint, integer, number_of
from chalicelib.api.multipart import read_form
from chalicelib.catalog import products, schema
from chalicelib.dialects import segops
from chalicelib.errors import BadRequest
from chalicelib.imports import history
from chalicelib.imports.confirm import Confirmation, confirm
from chalicelib.imports.receive import receive
from chalicelib.model.import_job import MatchOn
from chalicelib.model.product_schema import SchemaField

blueprint = Blueprint(__name__)

_LATEST = 20
_PAGE_SIZE = 50
_PAGE_SIZE_MOST = 200
_PRODUCTS = "/api/pim/products/"


class FieldBody(BaseModel):
    """One schema field of a request."""

    model_config = ConfigDict(extra="ignore", strict=True)

    name: str
    type: str
    required: bool = False
    description: str = ""

    def to_field(self) -> SchemaField:
        return SchemaField(self.name, self.type, self.required, self.description)


class ConfirmBody(BaseModel):
    """The wizard's confirm."""

    model_config = ConfigDict(extra="ignore", strict=True)

    mapping: dict[str, str | None]
    fields: list[FieldBody] | None = Field(default=None, alias="schema")
    default_currency: str | None = None
    default_locale: str | None = None


class SchemaBody(BaseModel):
    """A whole product schema."""

    model_config = ConfigDict(extra="ignore", strict=True)

    fields: list[FieldBody]
    default_currency: str | None = None
    default_locale: str | None = None


@endpoint(blueprint, "/api/pim/import/csv", ["POST"], scope="write", errors=segops.error_answer)
def upload_csv(call: Call) -> Answer:
    """Upload a CSV; the answer is what the system understood of it."""
    form = read_form(call.body, call.request.headers.get("content-type", ""), call.services.settings)
    file = form.files.get("file")
    if file is None:
        raise BadRequest("The form has no file: send it in a part named file, with a file name.")
    job = receive(
        call.services,
        call.caller.workspace_id,
        file_name=file.name or "upload.csv",
        content=file.content,
        import_type="wizard",
        match_on=MatchOn.SKU,
    )
    return Answer(segops.upload_json(job))


@endpoint(blueprint, "/api/pim/import", ["GET"], scope="read", errors=segops.error_answer)
def list_imports(call: Call) -> Answer:
    """The 20 latest imports."""
    latest = history.latest(call.services, call.caller.workspace_id, _LATEST)
    return Answer([segops.job_json(job) for job in latest])


@endpoint(blueprint, "/api/pim/import/{job_id}", ["GET"], scope="read", errors=segops.error_answer)
def read_import(call: Call, job_id: str) -> Answer:
    """One import, as it is polled."""
    return Answer(segops.job_json(history.read(call.services, call.caller.workspace_id, number_of(job_id, "import"))))


@endpoint(blueprint, "/api/pim/import/{job_id}/confirm", ["POST"], scope="write", errors=segops.error_answer)
def confirm_import(call: Call, job_id: str) -> Answer:
    """Confirm mapping and schema; the import starts."""
    body = call.parsed(ConfirmBody)
    confirmation = Confirmation(
        mapping=body.mapping,
        schema=None if body.fields is None else tuple(each.to_field() for each in body.fields),
        default_currency=body.default_currency,
        default_locale=body.default_locale,
    )
    job = confirm(call.services, call.caller.workspace_id, number_of(job_id, "import"), confirmation)
    return Answer(segops.confirmed_json(job))


@endpoint(blueprint, "/api/pim/import/{job_id}/errors", ["GET"], scope="read", errors=segops.error_answer)
def list_import_errors(call: Call, job_id: str) -> Answer:
    """A page of what was wrong with which rows."""
    number = number_of(job_id, "import")
    asked = call.query
    page, page_size = _page_of(asked)
    found = history.errors(call.services, call.caller.workspace_id, number, page=page, page_size=page_size)
    results = [segops.row_error_json(each) for each in found.errors]
    path = f"/api/pim/import/{number}/errors/"
    return Answer(segops.page_json(path, asked, page, page_size, found.count, results))


@endpoint(blueprint, "/api/pim/schema", ["GET"], scope="read", errors=segops.error_answer)
def read_schema(call: Call) -> Answer:
    """The product schema; no fields when none was defined yet."""
    return Answer(segops.schema_json(schema.read(call.services, call.caller.workspace_id)))


@endpoint(blueprint, "/api/pim/schema", ["PUT"], scope="write", errors=segops.error_answer)
def replace_schema(call: Call) -> Answer:
    """Replace the product schema."""
    body = call.parsed(SchemaBody)
    replaced = schema.replace(
        call.services,
        call.caller.workspace_id,
        tuple(each.to_field() for each in body.fields),
        default_currency=body.default_currency,
        default_locale=body.default_locale,
    )
    return Answer(segops.schema_json(replaced))


@endpoint(blueprint, "/api/pim/products", ["GET"], scope="read", errors=segops.error_answer)
def list_products(call: Call) -> Answer:
    """A page of products, by text in the name and by exact field values."""
    asked = call.query
    page, page_size = _page_of(asked)
    found = products.page(call.services, call.caller.workspace_id, asked, page=page, page_size=page_size)
    results = [segops.product_json(product, found.schema) for product in found.products]
    return Answer(segops.page_json(_PRODUCTS, asked, page, page_size, found.count, results))


@endpoint(blueprint, "/api/pim/products/{product_id}", ["GET"], scope="read", errors=segops.error_answer)
def read_product(call: Call, product_id: str) -> Answer:
    """One product by its internal id."""
    product, its_schema = products.read(call.services, call.caller.workspace_id, number_of(product_id, "product"))
    return Answer(segops.product_json(product, its_schema))


def _page_of(asked: Mapping[str, str]) -> tuple[int, int]:
    """Page number and size of a query."""
    page = integer(asked.get("page"), "page", default=1, most=10_000_000)
    return page, integer(asked.get("page_size"), "page_size", default=_PAGE_SIZE, most=_PAGE_SIZE_MOST)
