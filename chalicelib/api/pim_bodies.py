"""The bodies of ``/api/pim``'s schema and import: what requests must look like, and what answers look like.

Requests are checked against theirs. Answers are printed by ``dialects.segops``; their models describe them for
``/openapi.json``, with the examples the documents print (``segops-pim-api``).
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from chalicelib.api.endpoint import Media
from chalicelib.api.reading_bodies import DETECTED_CSV, CsvReading, Detected
from chalicelib.api.transform_bodies import SaidTransforms, Transforms
from chalicelib.fields import FIELD_TYPES
from chalicelib.imports.confirm import Confirmation
from chalicelib.model.mapping import Origin
from chalicelib.model.product_schema import SchemaField
from chalicelib.model.row_error import ErrorType, Severity

_BRAND = {"name": "brand", "type": "string", "required": False, "description": "Product brand"}
_PRICE = {"name": "price", "type": "price", "required": False, "description": "Sale price"}
_STOCK = {"name": "inventory_count", "type": "number", "required": False, "description": "Stock quantity"}
_TAGS = {"name": "tags", "type": "array", "required": False, "description": "Product tags"}
_MADE = "2026-05-03T10:00:00Z"

Currency = Annotated[str, Field(json_schema_extra={"pattern": "^[A-Z]{3}$"})]
Locale = Annotated[str, Field(json_schema_extra={"pattern": "^[a-z]{2,3}([_-]([A-Z]{2}|[0-9]{3}))?$"})]
Status = Literal["pending", "mapping", "importing", "done", "failed"]


def _request(example: dict[str, Any]) -> ConfigDict:
    return ConfigDict(extra="ignore", strict=True, json_schema_extra={"examples": [example]})


def _answer(example: dict[str, Any]) -> ConfigDict:
    # Nothing is checked against an answer's model: it is built when it is printed.
    return ConfigDict(defer_build=True, json_schema_extra={"examples": [example]})


class FieldBody(BaseModel):
    """A field of the product schema."""

    model_config = _request(_BRAND)

    name: str = Field(
        description="A letter or underscore, then letters, digits and underscores.",
        json_schema_extra={"minLength": 1, "maxLength": 63},
    )
    type: str = Field(json_schema_extra={"enum": list(FIELD_TYPES)})
    required: bool = Field(default=False, description="No product without it.")
    description: str = ""

    def to_field(self) -> SchemaField:
        return SchemaField(self.name, self.type, self.required, self.description)


class SchemaBody(BaseModel):
    """A whole product schema."""

    model_config = _request(
        {
            "fields": [{"name": "brand", "type": "string", "required": False, "description": "Brand name"}],
            "default_currency": "EUR",
            "default_locale": "fr_FR",
        }
    )

    fields: list[FieldBody]
    default_currency: Currency | None = Field(default=None, description="Left out: stays as it is.")
    default_locale: Locale | None = Field(default=None, description="Left out: stays as it is.")


class ConfirmBody(BaseModel):
    """What a person decided in the wizard."""

    model_config = _request(
        {
            "mapping": {"Product ID": "sku", "Title": "name", "Brand": "brand", "Sale Price": "price"},
            "schema": [_BRAND, _PRICE],
            "default_currency": "USD",
            "default_locale": "en_US",
            "transforms": {"Brand": [{"step": "lookup", "values": {"NIKE INC.": "Nike"}}]},
        }
    )

    mapping: dict[str, str | None] = Field(
        description="Each header of the file to a field of the schema, to sku, name or ean, or to null to skip it."
    )
    fields: list[FieldBody] | None = Field(
        default=None,
        alias="schema",
        description="The full list of fields; it replaces the stored one. Left out: stays as it is.",
    )
    default_currency: Currency | None = Field(default=None, description="Left out: stays as it is.")
    default_locale: Locale | None = Field(default=None, description="Left out: stays as it is.")
    transforms: SaidTransforms = None

    def to_confirmation(self) -> Confirmation:
        return Confirmation(
            mapping=self.mapping,
            schema=None if self.fields is None else tuple(each.to_field() for each in self.fields),
            default_currency=self.default_currency,
            default_locale=self.default_locale,
            transforms=self.transforms,
        )


class ReplaceQuery(BaseModel):
    """How the schema is replaced."""

    force: bool = Field(default=False, description="Replace it although active segments read what it would lose.")


CSV_FORM = Media(
    "multipart/form-data",
    {
        "type": "object",
        "properties": {
            "file": {
                "type": "string",
                "format": "binary",
                "description": "The CSV, with a file name; UTF-8 unless `encoding` is sent, 4.5 MB at most.",
            },
            **CsvReading.model_json_schema()["properties"],
        },
        "required": ["file"],
    },
)


class Candidate(BaseModel):
    """A field that a column might be as well."""

    field: str
    confidence: float = Field(ge=0, le=1)


class Suggestion(BaseModel):
    """What one column is taken for."""

    column: str
    field: str | None = Field(description="Null: skip the column.")
    origin: Origin = Field(description="Who says so; claude: a model that was asked.")
    confidence: float = Field(ge=0, le=1)
    reason: str
    type: str | None = Field(default=None, description="What its cells are read as; null for a skipped column.")
    fits: float | None = Field(
        default=None, ge=0, le=1, description="Share of the cells looked at that are of the type."
    )
    counterexamples: list[str] = Field(default=[], description="Up to 3 cells that are not.")
    candidates: list[Candidate] = Field(default=[], description="Up to 3 fields it might be as well.")
    habit: str | None = Field(
        default=None, description="How cells with two readings are read, where nothing in the file decides it."
    )
    transforms: list[dict[str, Any]] = Field(default=[], description="The steps its cells go through, as remembered.")


class Draft(BaseModel):
    """What was understood of a file that awaits its mapping."""

    headers: list[str] = Field(description="In the order of the file; a second one of the same name ends in (2).")
    sample_rows: list[dict[str, str]] = Field(description="The first 5 rows, exactly as they stand in the file.")
    suggested_schema: list[FieldBody] = Field(description="The fields there are, then those the file would add.")
    suggested_mapping: dict[str, str | None] = Field(description="Header to field, sku, name or ean; null: skip.")
    suggestions: list[Suggestion] = Field(description="The mapping again, with how sure it is and why.")
    row_count: int | None
    notes: list[str] = Field(description="What a person should know of the file.")
    detected: Detected | None = Field(default=None, description="How the file was read.")


_DRAFT = {
    "headers": ["Product ID", "Title", "Brand", "Sale Price", "Stock"],
    "sample_rows": [
        {"Product ID": "SHOE-001", "Title": "Air Max 90", "Brand": "Nike", "Sale Price": "129.99", "Stock": "45"}
    ],
    "suggested_schema": [_BRAND, _PRICE, _STOCK],
    "suggested_mapping": {
        "Product ID": "sku",
        "Title": "name",
        "Brand": "brand",
        "Sale Price": "price",
        "Stock": "inventory_count",
    },
    "suggestions": [
        {
            "column": "Product ID",
            "field": "sku",
            "origin": "vocabulary",
            "confidence": 0.93,
            "reason": "the header says so, and every value is there once",
            "type": "string",
            "fits": 1.0,
            "counterexamples": [],
            "candidates": [{"field": "mpn", "confidence": 0.62}],
            "habit": None,
            "transforms": [],
        }
    ],
    "row_count": 1,
    "notes": [],
    "detected": DETECTED_CSV,
}


class Upload(Draft):
    """The new import and what was understood of its file."""

    model_config = _answer({"job_id": 42, **_DRAFT})

    job_id: int


class Job(BaseModel):
    """An import. While its status is mapping also what the wizard needs to go on, as the upload answered it."""

    model_config = _answer(
        {
            "id": 42,
            "status": "importing",
            "filename": "catalog.csv",
            "row_count": 10000,
            "imported_count": 3400,
            "mapping": {"Product ID": "sku", "Title": "name"},
            "error_message": "",
            "completed_at": None,
            "created_at": _MADE,
            "error_count": 0,
            "warning_count": 0,
            "products_created": 3400,
            "products_updated": 0,
            "products_unchanged": 0,
        }
    )

    id: int
    status: Status = Field(
        description="pending: waits for the worker; mapping: awaits its mapping; failed: see `error_message`."
    )
    filename: str
    row_count: int | None = Field(description="Null until the file was read.")
    imported_count: int = Field(description="Rows in the catalogue so far.")
    mapping: dict[str, str | None] = Field(description="As it was confirmed.")
    error_message: str
    completed_at: datetime | None
    created_at: datetime
    error_count: int = Field(description="Rows that were not imported.")
    warning_count: int
    products_created: int
    products_updated: int = Field(description="Existing ones, changed or not.")
    products_unchanged: int = Field(description="Existing ones that already were as the file says.")
    headers: list[str] = []
    sample_rows: list[dict[str, str]] = []
    suggested_schema: list[FieldBody] = []
    suggested_mapping: dict[str, str | None] = {}
    suggestions: list[Suggestion] = []
    notes: list[str] = []
    detected: Detected | None = None
    transforms: Transforms = {}


class Confirmed(BaseModel):
    """The import, on its way."""

    model_config = _answer({"job_id": 42, "status": "pending"})

    job_id: int
    status: Status
    warnings: list[str] = Field(default=[], description="Which segments no longer hold; only when there are any.")


class RowFinding(BaseModel):
    """What is wrong with a row, or what a person should know of it."""

    row_number: int = Field(description="Data rows count from 1.")
    line: int = Field(description="Line of the file, from 1.")
    severity: Severity = Field(description="error: the row was not imported; warning: it was.")
    error_type: ErrorType
    field: str | None
    column: str | None
    message: str
    raw_value: str | None = Field(description="The cell as it stands in the file, cut at 500 characters.")


class SampleFinding(BaseModel):
    """What is wrong with one of the first rows, or what a person should know of it."""

    severity: Severity
    error_type: ErrorType
    field: str | None
    column: str | None
    message: str
    raw_value: str | None


class SampleRow(BaseModel):
    """What would be made of one of the first rows."""

    row_number: int = Field(description="Data rows count from 1.")
    values: dict[str, Any] = Field(description="Field to value, as products print it; none of a row that is refused.")
    errors: list[SampleFinding]


class SamplePreview(BaseModel):
    """What would be made of the first rows."""

    model_config = _answer(
        {
            "rows": [
                {
                    "row_number": 1,
                    "values": {"sku": "SHOE-001", "name": "Air Max 90", "brand": "Nike", "price": "129.99"},
                    "errors": [],
                }
            ]
        }
    )

    rows: list[SampleRow]


class FindingsPage(BaseModel):
    """A page of findings."""

    model_config = _answer(
        {
            "count": 1,
            "next": None,
            "previous": None,
            "results": [
                {
                    "row_number": 3,
                    "line": 4,
                    "severity": "error",
                    "error_type": "invalid_type",
                    "field": "price",
                    "column": "Sale Price",
                    "message": '"free" is no price.',
                    "raw_value": "free",
                }
            ],
        }
    )

    count: int
    next: str | None
    previous: str | None
    results: list[RowFinding]


class FindingsQuery(BaseModel):
    """Which page of the findings."""

    page: int = Field(default=1, ge=1, le=10_000_000)
    page_size: int = Field(default=50, ge=1, le=200)


class Schema(BaseModel):
    """The product schema. Nothing but the defaults before one was defined."""

    model_config = _answer(
        {
            "id": 1,
            "fields": [_BRAND, _PRICE, _TAGS],
            "default_currency": "USD",
            "default_locale": "en_US",
            "created_at": _MADE,
            "updated_at": _MADE,
        }
    )

    id: int
    fields: list[FieldBody]
    default_currency: str
    default_locale: str
    created_at: datetime | None
    updated_at: datetime | None
    warnings: list[str] = Field(default=[], description="Which segments no longer hold; only when there are any.")
