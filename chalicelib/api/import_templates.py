"""``/api/v1/import-templates``: how files are imported, kept under a name (shared spec, section 1 "Suppliers and
templates").
"""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from chalice.app import Blueprint
from pydantic import BaseModel, ConfigDict, Field

from chalicelib.api.endpoint import Answer, Call, endpoint, uuid_of
from chalicelib.api.reading_bodies import FileFormat
from chalicelib.api.transform_bodies import EXAMPLE, Transforms
from chalicelib.api.v1_bodies import Code, Id, Meta, Page, ReadingFields
from chalicelib.dialects import v1
from chalicelib.dialects.v1_suppliers import listed_template_json, template_json
from chalicelib.errors import InvalidValue
from chalicelib.imports import templates
from chalicelib.imports.templates import NAME_CHARACTERS, NamedSupplier, TemplateEdit

blueprint = Blueprint(__name__)

_TAG = "Import Templates"
_SUPPLIER = "Whose files it is for. An unknown code makes a supplier; null: anybody's."
_RULES = "Per field, as `save-mapping` of an import takes them."
_MAPPING: dict[str, str | None] = {
    "EAN Code": "ean",
    "Titre produit": "title",
    "Prix HT": "price",
    "Marque": "brand_name",
}
_LISTED: dict[str, Any] = {
    "id": "c2f0d4e3-2222-4abc-8def-000000000001",
    "name": "Supplier A, monthly",
    "supplier_id": "b1e9c3d2-1111-4abc-8def-000000000001",
    "supplier_code": "SUPPLIER_A",
    "version": 1,
    "created_at": "2026-03-15T09:00:00Z",
    "updated_at": "2026-03-15T09:00:00Z",
}
_TEMPLATE: dict[str, Any] = {
    **_LISTED,
    "latest_version": 1,
    "column_mapping": _MAPPING,
    "validation_rules": {"price": {"min": 0, "severity": "error"}},
    "import_options": {
        "overwrite_existing": True,
        "create_missing": True,
        "blank_cells": "clear",
        "error_policy": "skip",
        "match_on": None,
    },
    "transforms": EXAMPLE,
    "format": "csv",
    "encoding": None,
    "delimiter": ";",
    "quotechar": None,
    "skip_header_rows": None,
    "header": None,
    "sheet": None,
    "record_path": None,
}
_META = {"total": 1, "page": 1, "per_page": 20, "total_pages": 1, "has_next": False, "has_previous": False}


def _example(value: dict[str, Any], *, strict: bool = False) -> ConfigDict:
    return ConfigDict(extra="ignore", strict=strict, json_schema_extra={"examples": [value]})


class TemplatesQuery(BaseModel):
    """Which templates, and which page of them."""

    supplier_code: str | None = None
    search: str = Field(default="", max_length=500, description="A text in the name; any case.")
    page: Page = 1
    per_page: int = Field(default=20, ge=1, le=100)


class VersionQuery(BaseModel):
    """Which version."""

    version: int | None = Field(default=None, ge=1, le=2_000_000_000, description="Left out: the newest.")


class TemplateBody(ReadingFields):
    """What a template says; what is left out of a change stays."""

    model_config = _example(
        {
            "name": "Supplier A, monthly",
            "supplier_code": "SUPPLIER_A",
            "column_mapping": _MAPPING,
            "validation_rules": {"price": {"min": 0}},
            "import_options": {"overwrite_existing": True},
            "transforms": EXAMPLE,
            "format": "csv",
            "delimiter": ";",
        },
        strict=True,
    )

    name: str | None = Field(default=None, min_length=1, max_length=NAME_CHARACTERS)
    supplier_code: Code | None = Field(default=None, description=_SUPPLIER)
    supplier_id: Id | None = Field(default=None, description="Of a supplier there is, instead of supplier_code.")
    column_mapping: dict[str, str | None] | None = Field(
        default=None, description="Column of a file to field; null: left out."
    )
    validation_rules: dict[str, Any] | None = Field(default=None, description=_RULES)
    import_options: dict[str, Any] | None = Field(default=None, description="As `save-mapping` takes them.")
    transforms: Annotated[
        Transforms | None,
        Field(description="Column to the steps its cells go through; those of a column left out mean nothing."),
    ] = None

    def to_edit(self) -> TemplateEdit:
        """What was said, in the engine's names."""
        said = self.model_fields_set
        speaks_of_supplier = bool(said & {"supplier_code", "supplier_id"})
        return TemplateEdit(
            name=self.name,
            supplier=NamedSupplier(self.supplier_code, self.supplier_id) if speaks_of_supplier else None,
            mapping=None if self.column_mapping is None else v1.engine_mapping(self.column_mapping),
            rules=None if self.validation_rules is None else v1.engine_rules(self.validation_rules),
            options=self.import_options,
            transforms=self.transforms,
            reading={name: getattr(self, name) for name in ReadingFields.model_fields if name in said},
        )


class NewTemplateBody(TemplateBody):
    """A new template: what it says, or the import it is made of."""

    from_import_id: str | None = Field(
        default=None,
        max_length=64,
        description="Of an import whose mapping is saved, in either spelling: what is not said is taken from it.",
    )


class ListedTemplateAnswer(BaseModel):
    """A template, without what it says."""

    model_config = _example(_LISTED)

    id: UUID
    name: str
    supplier_id: UUID | None
    supplier_code: str | None
    version: int = Field(description="The newest.")
    created_at: datetime
    updated_at: datetime


class TemplateAnswer(BaseModel):
    """A template at one of its versions."""

    model_config = _example(_TEMPLATE)

    id: UUID
    name: str
    supplier_id: UUID | None
    supplier_code: str | None
    version: int
    latest_version: int
    column_mapping: dict[str, str | None]
    validation_rules: dict[str, Any]
    import_options: dict[str, Any]
    transforms: Transforms
    format: FileFormat | None
    encoding: str | None
    delimiter: str | None
    quotechar: str | None
    skip_header_rows: int | None
    header: bool | None
    sheet: str | None
    record_path: str | None
    created_at: datetime
    updated_at: datetime


class TemplatesAnswer(BaseModel):
    """A page of templates, by name."""

    model_config = _example({"items": [_LISTED], "meta": _META})

    items: list[ListedTemplateAnswer]
    meta: Meta


class DeletedTemplate(BaseModel):
    """Which template is no more."""

    model_config = _example({"deleted": True, "id": _LISTED["id"]})

    deleted: Literal[True]
    id: UUID


@endpoint(
    blueprint,
    "/api/v1/import-templates",
    ["GET"],
    scope="read",
    errors=v1.error_answer,
    tag=_TAG,
    query=TemplatesQuery,
    answers={200: TemplatesAnswer},
)
def list_templates(call: Call) -> Answer:
    """Templates, by name."""
    asked = call.asked(TemplatesQuery)
    found = templates.listing(
        call.services,
        call.caller.workspace_id,
        page=asked.page,
        per_page=asked.per_page,
        supplier_code=asked.supplier_code,
        search=asked.search,
    )
    items = [listed_template_json(each) for each in found.templates]
    return Answer(v1.page_json(items, total=found.count, page=asked.page, per_page=asked.per_page))


@endpoint(
    blueprint,
    "/api/v1/import-templates",
    ["POST"],
    scope="write",
    errors=v1.error_answer,
    tag=_TAG,
    body=NewTemplateBody,
    answers={201: TemplateAnswer},
    refusals={404: "There is no such supplier or import in this workspace.", 409: "Another template has the name."},
)
def create_template(call: Call) -> Answer:
    """Make a template, of what is said here or of what an import was started with."""
    said = call.parsed(NewTemplateBody)
    lacking = {
        name: "Field required"
        for name, value in (("name", said.name), ("column_mapping", said.column_mapping or said.from_import_id))
        if value is None
    }
    if lacking:
        raise InvalidValue(lacking)
    from_job = None if said.from_import_id is None else v1.read_import_id(said.from_import_id)[0]
    made = templates.create(call.services, call.caller.workspace_id, said.to_edit(), from_job=from_job)
    return Answer(template_json(made), 201)


@endpoint(
    blueprint,
    "/api/v1/import-templates/{template_id}",
    ["GET"],
    scope="read",
    errors=v1.error_answer,
    tag=_TAG,
    query=VersionQuery,
    answers={200: TemplateAnswer},
    refusals={404: "There is no such template, or no such version of it, in this workspace."},
)
def read_template(call: Call, template_id: str) -> Answer:
    """One template, at its newest version or at one of the older ones."""
    version = call.asked(VersionQuery).version
    return Answer(
        template_json(
            templates.find(call.services, call.caller.workspace_id, uuid_of(template_id, "template"), version)
        )
    )


@endpoint(
    blueprint,
    "/api/v1/import-templates/{template_id}",
    ["PATCH"],
    scope="write",
    errors=v1.error_answer,
    tag=_TAG,
    body=TemplateBody,
    answers={200: TemplateAnswer},
    refusals={
        404: "There is no such template or supplier in this workspace.",
        409: "Another template has the name.",
    },
)
def change_template(call: Call, template_id: str) -> Answer:
    """Change a template; what is left out stays. A mapping, rules, options and steps are each replaced as a whole, and
    the template gets a new version when any of them, or how the file is read, changes.
    """
    found = uuid_of(template_id, "template")
    said = call.parsed(TemplateBody).to_edit()
    return Answer(template_json(templates.change(call.services, call.caller.workspace_id, found, said)))


@endpoint(
    blueprint,
    "/api/v1/import-templates/{template_id}",
    ["DELETE"],
    scope="write",
    errors=v1.error_answer,
    tag=_TAG,
    answers={200: DeletedTemplate},
    refusals=(404,),
)
def delete_template(call: Call, template_id: str) -> Answer:
    """Delete a template with all its versions. Imports that were mapped by it stay as they are."""
    found = uuid_of(template_id, "template")
    templates.delete(call.services, call.caller.workspace_id, found)
    return Answer({"deleted": True, "id": str(found)})
