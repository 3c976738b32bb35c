"""What requests of the v1 imports APIs must look like, and what their answers look like (``pixeepim-imports-api``,
``productsmanager-imports-api``).

Requests are checked against theirs. Answers are printed by ``dialects.pixeepim`` and ``dialects.productsmanager``;
their models describe them for ``/openapi.json``, with the examples the documents print. What no document prints need
not be there, so that the printed examples hold.
"""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Strict, StringConstraints
from pydantic_core import PydanticCustomError

from chalicelib.api.endpoint import Media
from chalicelib.api.reading_bodies import DETECTED_CSV, CsvReading, Detected, FileFormat
from chalicelib.api.transform_bodies import EXAMPLE, SaidTransforms, Transforms
from chalicelib.formats import Reading
from chalicelib.imports.receive import Terms
from chalicelib.model.import_job import MatchOn
from chalicelib.model.mapping import Origin
from chalicelib.model.row_error import ErrorType, Severity

_PIXEEPIM_ID = "550e8400-e29b-41d4-a716-446655440000"
_META = {"total": 1, "page": 1, "per_page": 20, "total_pages": 1, "has_next": False, "has_previous": False}
_SWITCHES = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}

PixeepimStatus = Literal[
    "pending", "analyzing", "awaiting_mapping", "ready", "processing", "completed", "failed", "cancelled"
]
ProductsManagerStatus = Literal["pending", "processing", "completed", "completed_with_errors", "failed"]
ImportType = Literal["manual", "url", "ftp", "sftp", "email", "s3", "push", "scheduled", "wizard", "api"]

Page = Annotated[int, Field(ge=1, le=10_000_000)]
Code = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Id = Annotated[UUID, Strict(False)]


def _switch(text: Any) -> Any:
    if isinstance(text, bool):
        return text
    value = _SWITCHES.get(text.strip().lower()) if isinstance(text, str) else None
    if value is None:
        raise PydanticCustomError("switch", "must be true or false (1 or 0, yes or no)")
    return value


Switch = Annotated[bool, BeforeValidator(_switch)]


def _lower(text: Any) -> Any:
    return text.lower() if isinstance(text, str) else text


def _form(example: dict[str, Any]) -> ConfigDict:
    return ConfigDict(extra="ignore", json_schema_extra={"examples": [example]})


def _request(example: dict[str, Any]) -> ConfigDict:
    return ConfigDict(extra="ignore", strict=True, json_schema_extra={"examples": [example]})


def _answer(example: dict[str, Any]) -> ConfigDict:
    # Nothing is checked against an answer's model: it is built when it is printed.
    return ConfigDict(defer_build=True, json_schema_extra={"examples": [example]})


class ReadingFields(CsvReading):
    """How a file is to be read; what is left out is found out."""

    format: Annotated[FileFormat | None, BeforeValidator(_lower)] = Field(
        default=None, description="Left out: told from the bytes."
    )
    sheet: str | None = Field(
        default=None, min_length=1, max_length=100, description="Of a workbook: its name, or its number from 1."
    )
    record_path: str | None = Field(
        default=None,
        min_length=1,
        max_length=500,
        description="Where the records are: data.products in JSON, channel/item in XML.",
    )

    def to_reading(self) -> Reading:
        return replace(super().to_reading(), format=self.format, sheet=self.sheet, record_path=self.record_path)


class SupplierFields(ReadingFields):
    """Whose file it is, beside how it is to be read."""

    supplier_code: Code | None = Field(
        default=None, description="Of all its products. An unknown one makes a supplier."
    )
    supplier_id: Id | None = Field(default=None, description="Of a supplier there is, instead of supplier_code.")


class TermsFields(SupplierFields):
    """And by which template."""

    template_id: Id | None = Field(default=None, description="A saved mapping template, applied by itself.")

    def to_terms(self, *, import_type: str, auto_start: bool, match_on: MatchOn = MatchOn.EAN) -> Terms:
        return Terms(
            import_type=import_type,
            match_on=match_on,
            supplier_code=self.supplier_code,
            supplier_id=self.supplier_id,
            template_id=self.template_id,
            reading=self.to_reading(),
            auto_start=auto_start,
        )


class UploadForm(TermsFields):
    """A file to import."""

    model_config = _form({"supplier_code": "SUPPLIER_A", "auto_process": "false"})

    import_type: ImportType = Field(default="manual", description="How the file came.")
    auto_process: Switch = Field(default=False, description="With a template: start after the analysis.")


class UrlBody(TermsFields):
    """A file to fetch and import."""

    model_config = _request(
        {
            "url": "https://supplier.com/exports/products.csv",
            "supplier_id": "b1e9c3d2-1111-4abc-8def-000000000001",
        }
    )

    url: str = Field(min_length=1, max_length=2000, description="HTTP or HTTPS, reachable from the public internet.")
    auto_process: bool = Field(default=False, description="With a template: start after the analysis.")


class ImportForm(SupplierFields):
    """A file to import at once."""

    model_config = _form({"format": "csv", "mapping": '{"EAN":"ean","Titre":"title","Prix":"price"}'})

    mapping: str | None = Field(
        default=None,
        description="A JSON object, column to field. Left out: as suggested, if that has a key and a title.",
    )
    transforms: str | None = Field(
        default=None,
        description="A JSON object, column to the steps its cells go through. Left out: as they were confirmed before.",
    )
    update_existing: Switch = Field(default=True, description="False: products there are stay as they are.")


def _multipart(form: type[BaseModel], file: str) -> Media:
    """A form's description: the file and the fields."""
    properties = {"file": {"type": "string", "format": "binary", "description": file}}
    for name, given in form.model_json_schema()["properties"].items():
        shape = {key: value for key, value in given.items() if key not in {"title", "anyOf"} and value is not None}
        kinds = [kind for kind in given.get("anyOf", ()) if kind != {"type": "null"}]
        properties[name] = {**(kinds[0] if kinds else {}), **shape}
    return Media("multipart/form-data", {"type": "object", "properties": properties, "required": ["file"]})


UPLOAD_FORM = _multipart(UploadForm, "CSV, XLSX, JSON or XML, with a file name; 4.5 MB at most.")
IMPORT_FORM = _multipart(ImportForm, "CSV, XLSX or JSON, with a file name; 4.5 MB at most.")


class MappingBody(BaseModel):
    """What each column means."""

    model_config = _request(
        {
            "column_mapping": {
                "EAN Code": "ean",
                "Titre produit": "title",
                "Prix HT": "price",
                "Marque": "brand_name",
            },
            "import_options": {"overwrite_existing": True},
            "transforms": EXAMPLE,
        }
    )

    column_mapping: dict[str, str | None] = Field(
        description="Each column of the file to a field, or to null to skip it. A field there is not yet is made."
    )
    validation_rules: dict[str, Any] | None = Field(
        default=None,
        description="Field to its rules: required, type, min, max, min_length, max_length, pattern, enum, unique, "
        "severity, message.",
    )
    import_options: dict[str, Any] | None = Field(
        default=None, description="overwrite_existing, create_missing, blank_cells, error_policy, match_on."
    )
    transforms: SaidTransforms = None


class MappingField(BaseModel):
    """The mapping in a form, once it is read as JSON."""

    model_config = ConfigDict(strict=True)

    mapping: dict[str, str | None] | None


class TransformsField(BaseModel):
    """The steps in a form, likewise."""

    model_config = ConfigDict(strict=True)

    transforms: dict[str, Any] | None


class JobsQuery(BaseModel):
    """Which jobs, and which page of them."""

    status: PixeepimStatus | None = None
    supplier_code: str | None = None
    archived: Literal["true", "false", "all"] = Field(
        default="false", description="Archived jobs alone, the others alone, or both."
    )
    page: Page = 1
    per_page: int = Field(default=20, ge=1, le=100)


class RecentQuery(BaseModel):
    """How many jobs."""

    limit: int = Field(default=10, ge=1, le=100)


class ErrorsQuery(BaseModel):
    """Which findings, and which page of them."""

    error_type: ErrorType | None = None
    severity: Severity | None = Field(
        default=None, description="Left out: both for a UUID, error for an imp_ id, whose list is of rows that failed."
    )
    search: str | None = Field(
        default=None, max_length=500, description="A text in the message, the field, the column or the value; any case."
    )
    page: Page = 1
    per_page: int | None = Field(default=None, ge=1, le=200, description="50 for a UUID, 20 for an imp_ id.")


class PendingQuery(BaseModel):
    """Which pending EANs, and which page of them."""

    supplier_code: str | None = None
    search: str | None = Field(
        default=None, max_length=500, description="A text in the EAN or the description; any case."
    )
    page: Page = 1
    per_page: int = Field(default=20, ge=1, le=100)


class UndoQuery(BaseModel):
    """Whether to try only."""

    dry_run: Switch = Field(default=False, description="Say what would happen and change nothing. Also as a JSON body.")


class UndoBody(BaseModel):
    """Likewise, in a body."""

    model_config = _request({"dry_run": True})

    dry_run: bool = False


class IgnoreBody(BaseModel):
    """Which entries to ignore."""

    model_config = _request({"ids": ["aabb1234-0000-0000-0000-000000000001", "aabb1234-0000-0000-0000-000000000002"]})

    ids: list[Id] = Field(min_length=1, max_length=1000)


class Meta(BaseModel):
    """Where a page stands in its list."""

    model_config = _answer(_META)

    total: int
    page: int
    per_page: int
    total_pages: int
    has_next: bool
    has_previous: bool


class MadeImport(BaseModel):
    """A new import. Its file is analysed already when it was sent, and is pending when it is still to be fetched."""

    model_config = _answer(
        {
            "id": _PIXEEPIM_ID,
            "status": "analyzing",
            "file_name": "catalog.csv",
            "file_type": "csv",
            "supplier_code": "SUPPLIER_A",
            "created_at": "2026-03-15T09:00:00Z",
        }
    )

    id: UUID
    status: PixeepimStatus
    file_name: str
    file_type: FileFormat
    supplier_code: str | None = None
    created_at: datetime
    total_rows: int = 0
    notes: list[str] = Field(default=[], description="What a person should know of the file.")
    detected: Detected | None = Field(default=None, description="How the file was read; null before it was.")


class ImportSummary(BaseModel):
    """An import in a list."""

    model_config = _answer(
        {
            "id": _PIXEEPIM_ID,
            "status": "failed",
            "file_name": "catalog.csv",
            "supplier_code": "SUPPLIER_A",
            "total_rows": 1250,
            "failed_rows": 1250,
            "created_at": "2026-03-15T09:00:00Z",
        }
    )

    id: UUID
    status: PixeepimStatus
    file_name: str
    supplier_code: str | None
    total_rows: int
    failed_rows: int
    created_at: datetime
    kind: Literal["import", "undo"] = "import"
    file_type: FileFormat = "csv"
    import_type: ImportType = "manual"
    successful_rows: int = 0
    is_archived: bool = False
    completed_at: datetime | None = None


class ImportsPage(BaseModel):
    """A page of imports, the newest first."""

    model_config = _answer(
        {
            "items": [
                {
                    "id": _PIXEEPIM_ID,
                    "status": "failed",
                    "file_name": "catalog.csv",
                    "supplier_code": "SUPPLIER_A",
                    "total_rows": 1250,
                    "failed_rows": 1250,
                    "created_at": "2026-03-15T09:00:00Z",
                }
            ],
            "meta": _META,
        }
    )

    items: list[ImportSummary]
    meta: Meta


class RecentImports(BaseModel):
    """The newest imports that are not archived."""

    model_config = _answer(
        {
            "items": [
                {
                    "id": _PIXEEPIM_ID,
                    "status": "processing",
                    "file_name": "catalog.csv",
                    "supplier_code": "SUPPLIER_A",
                    "total_rows": 1250,
                    "failed_rows": 0,
                    "created_at": "2026-03-15T09:00:00Z",
                }
            ]
        }
    )

    items: list[ImportSummary]


class ImportIds(BaseModel):
    """The three spellings of an import's id."""

    uuid: UUID
    imp_id: str
    job_id: int = Field(description="As `/api/pim/import/{job_id}/` knows it.")


class Decided(BaseModel):
    """What was decided of an import."""

    column_mapping: dict[str, str | None] | None = None
    mapping_source: Literal["saved", "template", "suggested"] | None = None
    validation_rules: dict[str, Any] = {}
    import_options: dict[str, Any] = {}
    transforms: Transforms = {}


class PhasesSeconds(BaseModel):
    """Seconds at each step; null for a step it has not come to or never takes."""

    receive: float | None
    waiting_for_mapping: float | None
    waiting_for_start: float | None
    queued: float | None
    processing: float | None
    finishing: float | None


class WaitedSeconds(BaseModel):
    """Seconds its chunks spent, summed over chunks, which run side by side."""

    queue: float
    reading: float = Field(description="Of the file.")
    converting: float
    postgres: float
    clickhouse: float


class ImportReceipt(BaseModel):
    """Where the time went; of an import that still runs, as far as known."""

    rows_per_second: float | None
    phases_seconds: PhasesSeconds
    waited_seconds: WaitedSeconds
    chunks: int
    chunks_done: int
    chunk_failures: int = Field(description="Attempts at a chunk that failed and were repeated.")
    takeovers: int = Field(description="How often it was taken up again because its worker fell silent.")


class PixeepimImport(Decided):
    """An import with all that is known of it."""

    model_config = _answer(
        {
            "id": _PIXEEPIM_ID,
            "status": "completed",
            "file_name": "catalog.csv",
            "file_type": "csv",
            "file_size": 1024000,
            "supplier_code": "SUPPLIER_A",
            "import_type": "manual",
            "total_rows": 1250,
            "successful_rows": 1245,
            "failed_rows": 5,
            "products_created": 980,
            "products_updated": 265,
            "last_error": None,
            "started_at": "2026-03-15T09:00:00Z",
            "completed_at": "2026-03-15T09:02:34Z",
            "created_at": "2026-03-15T08:59:55Z",
        }
    )

    id: UUID
    status: PixeepimStatus
    file_name: str
    file_type: FileFormat
    file_size: int | None = Field(description="In bytes; null until the file is there.")
    supplier_code: str | None
    import_type: ImportType
    total_rows: int
    successful_rows: int = Field(description="Created, updated, or left alone on purpose.")
    failed_rows: int
    products_created: int
    products_updated: int = Field(description="Existing ones, changed or not.")
    last_error: str | None
    started_at: datetime | None
    completed_at: datetime | None
    created_at: datetime
    kind: Literal["import", "undo"] = "import"
    ids: ImportIds | None = None
    products_unchanged: int = Field(default=0, description="Existing ones that already were as the file says.")
    rows_skipped: int = Field(default=0, description="Good rows that were left alone on purpose.")
    warnings: int = 0
    supplier_id: UUID | None = None
    template_id: UUID | None = None
    template_version: int | None = None
    file_sha256: str | None = None
    notes: list[str] = Field(default=[], description="What a person should know of the file.")
    detected: Detected | None = Field(default=None, description="How the file was read; null before it was.")
    match_on: Literal["ean", "sku"] = "ean"
    is_archived: bool = False
    undo_of: UUID | None = Field(default=None, description="The import that this one undoes.")
    undone_by: UUID | None = Field(default=None, description="The job that undoes this one.")
    products_removed: int | None = Field(default=None, description="Of an undo: products the import had made.")
    products_restored: int | None = Field(default=None, description="Of an undo: products that are as they were.")
    conflicts: int | None = Field(
        default=None, description="Of an undo: products left alone, as something newer has touched them; see `/errors`."
    )
    receipt: ImportReceipt | None = None


class ProductsManagerImport(BaseModel):
    """An import as ProductsManager tells it."""

    model_config = _answer(
        {
            "id": "imp_01HQ...",
            "status": "completed",
            "total_rows": 1250,
            "processed_rows": 1250,
            "created_rows": 980,
            "updated_rows": 265,
            "error_rows": 5,
            "created_at": "2024-03-15T09:00:00Z",
            "completed_at": "2024-03-15T09:02:34Z",
        }
    )

    id: str
    status: ProductsManagerStatus
    total_rows: int
    processed_rows: int
    created_rows: int
    updated_rows: int = Field(description="Existing products, changed or not.")
    error_rows: int
    created_at: datetime
    completed_at: datetime | None
    format: FileFormat = "csv"
    skipped_rows: int = Field(default=0, description="Good rows that were left alone on purpose.")
    error_message: str | None = None


class MadeProductsManagerImport(BaseModel):
    """A new import, on its way."""

    model_config = _answer(
        {
            "id": "imp_01HQ...",
            "status": "pending",
            "format": "csv",
            "total_rows": 0,
            "created_at": "2024-03-15T09:00:00Z",
        }
    )

    id: str
    status: ProductsManagerStatus
    format: FileFormat
    total_rows: int
    created_at: datetime


class SavedImportMapping(BaseModel):
    """The import, ready to be processed."""

    model_config = _answer(
        {
            "id": _PIXEEPIM_ID,
            "status": "ready",
            "column_mapping": {
                "EAN Code": "ean",
                "Titre produit": "title",
                "Prix HT": "price",
                "Marque": "brand_name",
            },
        }
    )

    id: UUID
    status: PixeepimStatus
    column_mapping: dict[str, str | None] = Field(description="As it was sent.")
    transforms: Annotated[Transforms, Field(description="The steps that hold; only when there are any.")] = {}


class StartedImport(BaseModel):
    """The import, being processed."""

    model_config = _answer({"id": _PIXEEPIM_ID, "status": "processing", "started_at": "2026-03-15T09:01:00Z"})

    id: UUID
    status: PixeepimStatus
    started_at: datetime | None


class CancelledImport(BaseModel):
    """The import, cancelled."""

    model_config = _answer({"id": _PIXEEPIM_ID, "status": "cancelled"})

    id: UUID
    status: PixeepimStatus


class RetriedImport(BaseModel):
    """The import, queued again."""

    model_config = _answer({"id": _PIXEEPIM_ID, "status": "pending"})

    id: UUID
    status: PixeepimStatus


class ArchivedImport(BaseModel):
    """The import, hidden from the default list or shown in it."""

    model_config = _answer({"id": _PIXEEPIM_ID, "status": "completed", "is_archived": True})

    id: UUID
    status: PixeepimStatus
    is_archived: bool


class DeletedImport(BaseModel):
    """What was deleted."""

    model_config = _answer({"deleted": True, "id": _PIXEEPIM_ID})

    deleted: Literal[True]
    id: str


class PixeepimRowError(BaseModel):
    """What is wrong with a row, or what a person should know of it."""

    model_config = _answer(
        {
            "row_number": 42,
            "severity": "error",
            "error_type": "ean_invalid",
            "field": "ean",
            "message": "EAN checksum invalid (expected 13 digits)",
            "raw_value": "123ABC7890",
            "created_at": "2026-03-15T09:01:30Z",
        }
    )

    row_number: int = Field(description="Data rows count from 1; 0 for what concerns no single row.")
    severity: Severity = Field(description="error: the row was not imported; warning: it was dealt with.")
    error_type: ErrorType
    field: str | None
    message: str
    raw_value: str | None = Field(description="The cell as it stands in the file, cut at 500 characters.")
    created_at: datetime
    line: int = Field(default=1, description="Line of the file, from 1.")
    column: str | None = None


class PixeepimErrors(BaseModel):
    """A page of findings in the order of the file."""

    model_config = _answer(
        {
            "items": [
                {
                    "row_number": 42,
                    "severity": "error",
                    "error_type": "ean_invalid",
                    "field": "ean",
                    "message": "EAN checksum invalid (expected 13 digits)",
                    "raw_value": "123ABC7890",
                    "created_at": "2026-03-15T09:01:30Z",
                }
            ],
            "meta": {**_META, "total": 5, "per_page": 50},
        }
    )

    items: list[PixeepimRowError]
    meta: Meta


class ProductsManagerRowError(BaseModel):
    """What is wrong with a row."""

    row: int = Field(description="Data rows count from 1.")
    ean: str | None = Field(description="The EAN as the file has it, when it is the EAN that is wrong.")
    error: Literal["validation_error", "system_error"]
    message: str
    error_type: ErrorType | None = None
    field: str | None = None


class ProductsManagerMeta(BaseModel):
    """Where a page stands in its list."""

    page: int
    per_page: int
    total: int


class ProductsManagerErrors(BaseModel):
    """A page of the rows that failed."""

    model_config = _answer(
        {
            "data": [{"row": 42, "ean": "invalid-ean", "error": "validation_error", "message": "Invalid EAN format."}],
            "meta": {"page": 1, "per_page": 20, "total": 5},
        }
    )

    data: list[ProductsManagerRowError]
    meta: ProductsManagerMeta


class CandidateField(BaseModel):
    """A field that a column might be as well."""

    field: str
    confidence: float = Field(ge=0, le=1)


class ColumnSuggestion(BaseModel):
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
    candidates: list[CandidateField] = Field(default=[], description="Up to 3 fields it might be as well.")
    habit: str | None = Field(
        default=None, description="How cells with two readings are read, where nothing in the file decides it."
    )
    transforms: list[dict[str, Any]] = Field(default=[], description="The steps its cells go through, as remembered.")


class ImportMapping(Decided):
    """What was understood of a file, and what was decided of its columns."""

    model_config = _answer(
        {
            "id": _PIXEEPIM_ID,
            "status": "awaiting_mapping",
            "headers": ["EAN Code", "Titre produit"],
            "sample_rows": [{"EAN Code": "3760000000017", "Titre produit": "Chaise"}],
            "suggested_mapping": {"EAN Code": "ean", "Titre produit": "title"},
            "suggestions": [
                {
                    "column": "EAN Code",
                    "field": "ean",
                    "origin": "vocabulary",
                    "confidence": 0.97,
                    "reason": "the header says so",
                    "type": "string",
                    "fits": 1.0,
                    "counterexamples": [],
                    "candidates": [],
                    "habit": None,
                    "transforms": [],
                },
                {
                    "column": "Titre produit",
                    "field": "title",
                    "origin": "vocabulary",
                    "confidence": 0.95,
                    "reason": "the header says so",
                    "type": "string",
                    "fits": 1.0,
                    "counterexamples": [],
                    "candidates": [],
                    "habit": None,
                    "transforms": [],
                },
            ],
            "total_rows": 1,
            "notes": [],
            "detected": DETECTED_CSV,
            "column_mapping": None,
            "mapping_source": None,
            "validation_rules": {},
            "import_options": {},
        }
    )

    id: str
    status: PixeepimStatus | ProductsManagerStatus
    headers: list[str] = Field(description="In the order of the file; a second one of the same name ends in (2).")
    sample_rows: list[dict[str, str]] = Field(description="The first 5 rows, exactly as they stand in the file.")
    suggested_mapping: dict[str, str | None]
    suggestions: list[ColumnSuggestion] = Field(description="The mapping again, with how sure it is and why.")
    total_rows: int
    notes: list[str] = Field(description="What a person should know of the file.")
    detected: Detected | None = Field(default=None, description="How the file was read; null before it was.")


class ValueChange(BaseModel):
    """A value before and after; null where there is none."""

    model_config = ConfigDict(defer_build=True)

    before: Any = Field(alias="from")
    after: Any = Field(alias="to")


class PreviewedRow(BaseModel):
    """What would be done with a row."""

    row_number: int
    action: Literal["create", "update", "unchanged", "skip", "error"] = Field(
        description="skip: left alone on purpose."
    )
    ean: str | None
    title: str | None
    price: float | None = None
    sku: str | None = None
    changes: dict[str, ValueChange] = Field(default={}, description="Of an update, by field.")


class PreviewedError(BaseModel):
    """What would be wrong with a row, or what a person should know of it."""

    row_number: int
    field: str | None
    message: str
    error_type: ErrorType | None = None
    column: str | None = None
    raw_value: str | None = None
    line: int = 1


class NewField(BaseModel):
    """A field the schema would gain."""

    name: str
    type: str


class TouchedSegment(BaseModel):
    """An active segment of whose members some would change."""

    id: int
    name: str
    changed_members: int


class ImportDryRun(BaseModel):
    """What an import would do if it started now."""

    model_config = _answer(
        {
            "job_id": _PIXEEPIM_ID,
            "total_rows": 1250,
            "preview_rows": [
                {
                    "row_number": 1,
                    "action": "create",
                    "ean": "3760000000001",
                    "title": "Sample Product",
                    "price": 29.99,
                },
                {"row_number": 2, "action": "update", "ean": "3760000000002", "title": "Existing Product"},
            ],
            "validation_errors": [{"row_number": 42, "field": "ean", "message": "EAN checksum invalid"}],
            "products_to_create": 980,
            "products_to_update": 265,
            "rows_with_errors": 5,
        }
    )

    job_id: str
    total_rows: int
    preview_rows: list[PreviewedRow] = Field(description="The first 50 rows.")
    validation_errors: list[PreviewedError] = Field(description="The first 200, with the warnings.")
    products_to_create: int
    products_to_update: int = Field(description="Existing ones, changed or not.")
    rows_with_errors: int
    validation_warnings: list[PreviewedError] = []
    products_unchanged: int = Field(default=0, description="Existing ones that already are as the file says.")
    rows_skipped: int = Field(default=0, description="Good rows that would be left alone on purpose.")
    warnings: int = 0
    column_mapping: dict[str, str | None] = {}
    mapping_source: Literal["saved", "template", "suggested"] = "saved"
    new_fields: list[NewField] = Field(default=[], description="What the schema would gain.")
    segments: list[TouchedSegment] = Field(default=[], description="Active segments of products that would change.")
    segments_complete: bool = Field(default=True, description="False: more products change than were looked up.")
    rows_checked: int = Field(default=0, description="A very long file is not looked at to its end.")
    is_complete: bool = True
    would_fail: str | None = Field(default=None, description="What it would end with, where a bad row ends it.")


class ImportUndoPreview(BaseModel):
    """What undoing an import would do."""

    model_config = _answer(
        {
            "job_id": _PIXEEPIM_ID,
            "products_removed": 980,
            "products_restored": 264,
            "conflicts": 1,
            "first_conflicts": [
                {"row_number": 1, "field": "sku", "message": "The product was changed after the import."}
            ],
            "is_complete": True,
        }
    )

    job_id: str
    products_removed: int = Field(description="That the import made.")
    products_restored: int = Field(description="To what they were before.")
    conflicts: int = Field(description="Products left alone, as something newer has touched them.")
    first_conflicts: list[PreviewedError] = Field(description="The first 100.")
    is_complete: bool = Field(description="False: the import wrote more than is looked at while a caller waits.")


class ImportStats(BaseModel):
    """What the workspace's imports came to."""

    model_config = _answer(
        {
            "total_jobs": 142,
            "completed_jobs": 138,
            "failed_jobs": 4,
            "total_rows_processed": 1842500,
            "total_products_created": 980000,
            "total_products_updated": 250000,
            "success_rate": 97.2,
        }
    )

    total_jobs: int
    completed_jobs: int
    failed_jobs: int
    total_rows_processed: int
    total_products_created: int
    total_products_updated: int
    success_rate: float = Field(description="100 × completed / total, one decimal.")


class PendingEan(BaseModel):
    """An EAN that waits for a product."""

    id: UUID
    ean: str
    supplier_code: str | None
    description: str
    first_seen_at: datetime


class PendingEans(BaseModel):
    """A page of the EANs that wait for a product, the newest first."""

    model_config = _answer(
        {
            "items": [
                {
                    "id": "aabb1234-0000-0000-0000-000000000001",
                    "ean": "3760000000099",
                    "supplier_code": "SUPPLIER_A",
                    "description": "Widget Pro 3000",
                    "first_seen_at": "2026-03-10T08:00:00Z",
                }
            ],
            "meta": _META,
        }
    )

    items: list[PendingEan]
    meta: Meta


class IgnoredEan(BaseModel):
    """Which entry is ignored from now on."""

    model_config = _answer({"deleted": True, "id": "aabb1234-0000-0000-0000-000000000001"})

    deleted: Literal[True]
    id: UUID


class IgnoredEans(BaseModel):
    """How many entries are ignored now that were not before."""

    model_config = _answer({"deleted": 2})

    deleted: int
