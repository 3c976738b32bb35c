"""Import templates: a mapping, rules, options and how the file is read, kept under a name for the next file.

Shared spec, section 1 "Suppliers and templates". A template is made of what a caller says or of what a job was started
with. Each change of its content is a new version; older ones can still be read, and a job goes by the version it was
made with.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any
from uuid import UUID

from chalicelib.catalog import suppliers
from chalicelib.errors import Conflict, InvalidValue, NotFound, UnreadableFile
from chalicelib.formats import encodings
from chalicelib.formats.reading import Reading
from chalicelib.ids import make_job_uuid
from chalicelib.imports.mapping import check_mapping
from chalicelib.model.import_job import ImportJob
from chalicelib.model.import_options import match_on_of, read_options
from chalicelib.model.import_template import Content, ListedTemplate, Template
from chalicelib.model.mapping import EAN
from chalicelib.model.product_schema import RESERVED_FIELDS, ProductSchema, SchemaField, refuse_field_name
from chalicelib.model.transform import read_transforms, transforms_json
from chalicelib.model.validation_rule import FieldRule, check_rules, read_rules
from chalicelib.services import Services
from chalicelib.store import import_templates, jobs, schemas
from chalicelib.store.postgres import Cursor

NAME_CHARACTERS = 255
HEADER_CHARACTERS = 1_000

_LIST = "array"
"""What a field that is not there yet may become: several columns can be mapped to it."""


@dataclass(frozen=True, slots=True)
class NamedSupplier:
    """Whose files a template is for; neither: anybody's. An unknown code makes a supplier."""

    code: str | None = None
    id: UUID | None = None


@dataclass(frozen=True, slots=True)
class TemplateEdit:
    """What a caller says of a template; None, and in ``reading`` what is left out: says nothing of it."""

    name: str | None = None
    supplier: NamedSupplier | None = None
    mapping: Mapping[str, str | None] | None = None
    rules: Mapping[str, Any] | None = None
    options: Mapping[str, Any] | None = None
    reading: Mapping[str, Any] = field(default_factory=dict)
    transforms: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class TemplatesPage:
    """A page of templates, by name, and how many there are in all."""

    templates: Sequence[ListedTemplate]
    count: int


def read(cursor: Cursor, workspace_id: int, template_id: UUID, version: int | None = None) -> Template:
    """The template at this version, or at its newest. Raises NotFound."""
    stored = import_templates.read(cursor, workspace_id, template_id, version)
    if stored is None:
        raise _unknown(template_id, version)
    return stored


def find(services: Services, workspace_id: int, template_id: UUID, version: int | None = None) -> Template:
    """As ``read``, in a transaction of its own."""
    with services.database.workspace(workspace_id) as cursor:
        return read(cursor, workspace_id, template_id, version)


def listing(
    services: Services,
    workspace_id: int,
    *,
    page: int,
    per_page: int,
    supplier_code: str | None = None,
    search: str = "",
) -> TemplatesPage:
    """Page ``page`` (from 1) of the templates whose name holds ``search``, in any case."""
    with services.database.workspace(workspace_id) as cursor:
        found = import_templates.page(
            cursor,
            workspace_id,
            supplier_code=supplier_code,
            search=search,
            limit=per_page,
            offset=(page - 1) * per_page,
        )
    return TemplatesPage(*found)


def create(services: Services, workspace_id: int, said: TemplateEdit, *, from_job: UUID | None = None) -> Template:
    """A new template; what is not said is taken from the job. Raises InvalidValue, NotFound, and Conflict for a taken
    name.
    """
    assert said.name is not None
    name, now = _read_name(said.name), services.now()
    with services.database.workspace(workspace_id) as cursor:
        job = None if from_job is None else _mapped_job(cursor, workspace_id, from_job)
        base = _content_of_job(job) if job else Content()
        content = _checked(services, cursor, workspace_id, _edited(base, said))
        template_id = make_job_uuid(int(now.timestamp() * 1000), services.random_bits())
        if not import_templates.create(
            cursor,
            workspace_id,
            template_id,
            name=name,
            supplier_id=_supplier_id(services, cursor, workspace_id, said.supplier or _supplier_of(job)),
            content=content,
            now=now,
        ):
            raise _taken(name)
        return read(cursor, workspace_id, template_id)


def change(services: Services, workspace_id: int, template_id: UUID, said: TemplateEdit) -> Template:
    """The template as changed; another content makes a new version. Raises NotFound, InvalidValue and Conflict."""
    name = None if said.name is None else _read_name(said.name)

    def work(cursor: Cursor) -> Template:
        stored = import_templates.lock(cursor, workspace_id, template_id)
        if stored is None:
            raise _unknown(template_id)
        if name is not None and import_templates.owner_of(cursor, workspace_id, name) not in {None, template_id}:
            raise _taken(name)
        content = _edited(stored.content, said)
        supplier_id = stored.supplier_id
        if said.supplier is not None:
            supplier_id = _supplier_id(services, cursor, workspace_id, said.supplier)
        import_templates.change(
            cursor,
            workspace_id,
            stored,
            name=name or stored.name,
            supplier_id=supplier_id,
            content=None
            if _plain(content) == _plain(stored.content)
            else _checked(services, cursor, workspace_id, content),
            now=services.now(),
        )
        return read(cursor, workspace_id, template_id)

    return services.database.retrying(workspace_id, work)


def delete(services: Services, workspace_id: int, template_id: UUID) -> None:
    """Take a template away with all its versions. Raises NotFound."""
    with services.database.workspace(workspace_id) as cursor:
        if not import_templates.delete(cursor, workspace_id, template_id):
            raise _unknown(template_id)


# What a template says -------------------------------------------------------------------------------------------------


def _edited(base: Content, said: TemplateEdit) -> Content:
    return Content(
        mapping=base.mapping if said.mapping is None else said.mapping,
        rules=base.rules if said.rules is None else said.rules,
        options=base.options if said.options is None else said.options,
        reading={**base.reading, **said.reading},
        transforms=base.transforms if said.transforms is None else said.transforms,
    )


def _checked(services: Services, cursor: Cursor, workspace_id: int, content: Content) -> Content:
    """The content as it is kept. Raises InvalidValue."""
    content = _plain(content)
    schema = schemas.read(cursor, workspace_id)
    mapped = {header: name for header, name in content.mapping.items() if name}
    _check_columns(content.mapping, most=services.settings.columns)
    _check_encoding(content.reading.get("encoding"))
    check_mapping(mapped, [*schema.fields, *_new_fields(mapped, schema)], list(mapped), at="column_mapping")
    rules = {name: _typeless(name, rule, schema) for name, rule in read_rules(content.rules).items()}
    if problems := check_rules(rules, set(mapped.values()), schema, lenient=True):
        raise InvalidValue(problems)
    return content


def _typeless(name: str, rule: FieldRule, schema: ProductSchema) -> FieldRule:
    """What can be checked of a rule for a field that is not there yet: a file's cells will tell of what type it is."""
    if name in schema.by_name or name in {*RESERVED_FIELDS, EAN} or rule.type:
        return rule
    return FieldRule(required=rule.required, severity=rule.severity)


def _plain(content: Content) -> Content:
    """What is said, in one spelling. Raises InvalidValue."""
    return Content(
        mapping=dict(content.mapping),
        rules={name: rule.to_json() for name, rule in read_rules(content.rules).items()},
        options=read_options(content.options).to_json(),
        reading={name: value for name, value in content.reading.items() if value is not None},
        transforms=transforms_json(read_transforms(content.transforms)),
    )


def _check_columns(mapping: Mapping[str, str | None], *, most: int) -> None:
    if len(mapping) > most:
        raise InvalidValue({"column_mapping": f"has {len(mapping)} columns; a file may have {most}"})
    problems = {
        f"column_mapping.{header[:100]}": f"a column's header has 1 to {HEADER_CHARACTERS} characters"
        for header in mapping
        if not header.strip() or len(header) > HEADER_CHARACTERS
    }
    if problems:
        raise InvalidValue(problems)


def _check_encoding(encoding: str | None) -> None:
    try:
        encodings.resolve(encoding, b"")
    except UnreadableFile as error:
        raise InvalidValue({"encoding": str(error)}) from error


def _new_fields(mapped: Mapping[str, str], schema: ProductSchema) -> list[SchemaField]:
    """Fields the schema would be given. Raises InvalidValue for names that none can have."""
    new = {
        header: name
        for header, name in mapped.items()
        if name not in schema.by_name and name != EAN and name not in RESERVED_FIELDS
    }
    problems = {
        f"column_mapping.{header}": problem for header, name in new.items() if (problem := refuse_field_name(name))
    }
    if problems:
        raise InvalidValue(problems)
    return [SchemaField(name, _LIST) for name in dict.fromkeys(new.values())]


# Templates of jobs ----------------------------------------------------------------------------------------------------


def _mapped_job(cursor: Cursor, workspace_id: int, job_uuid: UUID) -> ImportJob:
    job = jobs.read_by_uuid(cursor, workspace_id, job_uuid)
    if job is None:
        raise NotFound(f"There is no import {job_uuid}.")
    if job.mapping is None:
        raise InvalidValue({"from_import_id": "this import has no saved mapping to make a template of"})
    return job


def _content_of_job(job: ImportJob) -> Content:
    """What a job was, or would be, started with. What its rows are matched by is said, whichever API made it."""
    assert job.mapping is not None and job.analysis is not None
    options = read_options(job.options)
    known = {each.name for each in fields(Reading)}
    return Content(
        # In the order of the file's columns: the store keeps no order.
        mapping={header: job.mapping[header] for header in job.analysis["headers"] if header in job.mapping},
        rules=job.rules,
        options=replace(options, match_on=match_on_of(job, options)).to_json(),
        reading={name: value for name, value in job.reading.items() if name in known},
        transforms={header: job.transforms[header] for header in job.mapping if header in job.transforms},
    )


def _supplier_of(job: ImportJob | None) -> NamedSupplier:
    """By its code: the supplier itself may be gone."""
    return NamedSupplier(code=job.supplier_code if job else None)


def _supplier_id(services: Services, cursor: Cursor, workspace_id: int, named: NamedSupplier) -> UUID | None:
    supplier = suppliers.resolve(
        cursor,
        workspace_id,
        code=named.code,
        supplier_id=named.id,
        now=services.now(),
        random=services.random_bits,
    )
    return supplier.id if supplier else None


def _read_name(text: str) -> str:
    name = text.strip()
    if not name or len(name) > NAME_CHARACTERS or not name.isprintable():
        raise InvalidValue({"name": f"a name of 1 to {NAME_CHARACTERS} characters, none of them a control character"})
    return name


def _unknown(template_id: UUID, version: int | None = None) -> NotFound:
    return NotFound(f"There is no template {template_id}{f' with a version {version}' if version else ''}.")


def _taken(name: str) -> Conflict:
    message = f'the name "{name}" is taken by another template'
    return Conflict(message, {"name": message})
