"""The mapping of a job: what it comes to by the schema that holds now, and how it is saved.

Pixeepim document, "Save column mapping"; shared spec, section 1 "Confirm". SegOps confirms a mapping together with
its schema (``confirm``). The v1 APIs speak of no schema: a mapping may name fields there are not yet, and starting
the job makes them, with the type its column's cells show. A template's mapping may name columns this file lacks: they
are passed over and told of in the job's errors.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from chalicelib.catalog.schema import check_fields, check_size
from chalicelib.catalog.values import with_fields
from chalicelib.errors import InvalidValue
from chalicelib.imports.history import locked
from chalicelib.imports.plan import ImportPlan, make_plan
from chalicelib.model.import_job import ImportJob, JobState, MappingSource, Move, refuse
from chalicelib.model.import_options import ImportOptions, match_on_of, read_options
from chalicelib.model.mapping import EAN, NAME, SKU
from chalicelib.model.outcomes import ColumnEvidence
from chalicelib.model.product_schema import RESERVED_FIELDS, ProductSchema, SchemaField, duplicates, refuse_field_name
from chalicelib.model.validation_rule import FieldRule, check_rules, read_rules
from chalicelib.services import Services
from chalicelib.store import jobs, schemas
from chalicelib.store.postgres import Cursor
from chalicelib.suggest import normalise_header
from chalicelib.suggest.new_fields import field_of_column

_JOINED = "array"
"""The one type several columns may be mapped to: their values are joined."""
_LISTABLE = frozenset({_JOINED, "string"})
"""What a new field would have been, if several columns that are mapped to it are to make a list."""
_ON_THE_PRODUCT = frozenset({SKU, NAME, EAN})


@dataclass(frozen=True, slots=True)
class SavedMapping:
    """What a caller decided: header to field, and the rules and options in the words of the Pixeepim document."""

    mapping: Mapping[str, str | None]
    rules: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Draft:
    """What a job would do if it started now.

    Attributes:
        mapped: header to field, for the columns that are imported.
        new_fields: what the schema lacks and would be given; ``schema`` has them already.
        missing_columns: columns the mapping names and the file lacks.
    """

    plan: ImportPlan
    mapped: Mapping[str, str]
    source: MappingSource
    schema: ProductSchema
    new_fields: Sequence[SchemaField]
    missing_columns: Sequence[str]


def save_mapping(services: Services, workspace_id: int, job_id: int, said: SavedMapping) -> ImportJob:
    """The ready job. Raises NotFound, IllegalTransition, and InvalidValue naming what cannot be."""
    with services.database.workspace(workspace_id) as cursor:
        job = locked(cursor, workspace_id, job_id)
        return save(services, cursor, job, said, MappingSource.SAVED)


def save(
    services: Services,
    cursor: Cursor,
    job: ImportJob,
    said: SavedMapping,
    source: MappingSource,
    *,
    at: str = "column_mapping",
) -> ImportJob:
    """The ready job, which the caller holds locked. ``at`` is what the request calls the mapping."""
    refuse(Move.SAVE_MAPPING, job.state)
    options = read_options(said.options)
    draft_of(services, cursor, job, said, source, at=at)
    ready = jobs.move(
        cursor,
        job.workspace_id,
        job.id,
        Move.SAVE_MAPPING,
        JobState.READY,
        now=services.now(),
        mapping=dict(said.mapping),
        mapping_source=source,
        rules={name: rule.to_json() for name, rule in read_rules(said.rules).items()},
        options=options.to_json(),
        error_policy=options.error_policy,
    )
    assert ready is not None
    return ready


def draft(services: Services, cursor: Cursor, job: ImportJob) -> Draft:
    """What an analysed job would do now: by its saved mapping, else by the suggested one. Raises InvalidValue."""
    assert job.analysis is not None and job.suggestion is not None
    if job.mapping is not None:
        source = job.mapping_source or MappingSource.SAVED
        return draft_of(services, cursor, job, SavedMapping(job.mapping, job.rules, job.options), source)
    return draft_of(services, cursor, job, SavedMapping(suggested_mapping(job)), MappingSource.SUGGESTED)


def suggested_mapping(job: ImportJob) -> dict[str, str | None]:
    """Header to field as an analysed job's suggestion has it."""
    assert job.suggestion is not None
    return {each["column"]: each["field"] for each in job.suggestion["columns"]}


def draft_of(
    services: Services,
    cursor: Cursor,
    job: ImportJob,
    said: SavedMapping,
    source: MappingSource,
    *,
    at: str = "column_mapping",
) -> Draft:
    """What this mapping would come to for an analysed job. Raises InvalidValue naming what cannot be."""
    assert job.analysis is not None
    options, rules = read_options(said.options), read_rules(said.rules)
    stored = schemas.read(cursor, job.workspace_id)
    mapped, missing = _by_the_files_headers(
        said.mapping, job.analysis["headers"], lenient=source is MappingSource.TEMPLATE
    )
    new_fields = _new_fields(job, mapped, stored, at=at)
    schema = with_fields(stored, new_fields)
    check_size(schema.fields, at, most=services.settings.columns)
    check_mapping(mapped, schema.fields, job.analysis["headers"], at=at)
    plan = plan_of(job, mapped, schema, options, rules, lenient=source is MappingSource.TEMPLATE, missing=missing)
    return Draft(plan, mapped, source, schema, new_fields, missing)


def plan_of(
    job: ImportJob,
    mapped: Mapping[str, str],
    schema: ProductSchema,
    options: ImportOptions,
    rules: Mapping[str, FieldRule],
    *,
    lenient: bool,
    missing: Sequence[str] = (),
) -> ImportPlan:
    """The plan of an analysed job for a checked mapping. Raises InvalidValue for rules that cannot hold; ``lenient``
    allows those of a template to speak of fields that this file does not fill.
    """
    assert job.analysis is not None
    if problems := check_rules(rules, set(mapped.values()), schema, lenient=lenient):
        raise InvalidValue(problems)
    return make_plan(
        job.analysis,
        mapped,
        schema,
        match_on_of(job, options),
        options=options,
        rules=rules,
        supplier_code=job.supplier_code,
        missing_columns=missing,
    )


def check_mapping(
    mapped: Mapping[str, str], fields: Sequence[SchemaField], headers: Sequence[str], *, at: str = "mapping"
) -> None:
    """Raise InvalidValue unless each header is the file's, each field exists, and rows can be told apart."""
    check_fields(fields, "schema")
    by_name = {field.name: field for field in fields}
    problems: dict[str, str] = {}
    for header, name in mapped.items():
        if header not in headers:
            problems[f"{at}.{header}"] = "the file has no such column"
        elif name not in by_name and name not in _ON_THE_PRODUCT:
            problems[f"{at}.{header}"] = f'"{name}" is neither sku nor name nor a field of the schema'
    for name in duplicates(mapped.values()):
        if name not in by_name or by_name[name].type != _JOINED:
            columns = " and ".join(f'"{header}"' for header, field in mapped.items() if field == name)
            problems[at] = f'{columns} are both mapped to "{name}"; only a field of type array takes several columns'
    if SKU not in mapped.values() and EAN not in mapped.values():
        problems[at] = (
            'no column is mapped to "sku": say which one tells products apart (a column mapped to "ean" will do)'
        )
    if problems:
        raise InvalidValue(problems)


def _by_the_files_headers(
    mapping: Mapping[str, str | None], headers: Sequence[str], *, lenient: bool
) -> tuple[dict[str, str], list[str]]:
    """Header to field for the columns that are imported, and the columns the file lacks.

    A template (``lenient``) knows a column again whose header is only written otherwise. Of anybody else's mapping
    nothing is missing here: a column that is not there is refused later.
    """
    wanted = {header: name for header, name in mapping.items() if name}
    if not lenient:
        return wanted, []
    spelled = {normalise_header(header): header for header in reversed(headers)}
    found: dict[str, str] = {}
    missing = []
    for header, name in wanted.items():
        here = header if header in headers else spelled.get(normalise_header(header))
        if here is None or here in found:
            missing.append(header)
        else:
            found[here] = name
    return found, sorted(missing)


def _new_fields(job: ImportJob, mapped: Mapping[str, str], stored: ProductSchema, *, at: str) -> list[SchemaField]:
    """A field for each name the schema lacks, of the type the suggestion or the column's cells show."""
    assert job.analysis is not None and job.suggestion is not None
    suggested = {each["name"]: SchemaField(**each) for each in job.suggestion["schema"]}
    told = suggested_mapping(job)
    columns = {each["header"]: ColumnEvidence(**each) for each in job.analysis["columns"]}
    made: dict[str, SchemaField] = {}
    problems: dict[str, str] = {}
    for header, name in mapped.items():
        if name in stored.by_name or name in RESERVED_FIELDS or header not in columns:
            continue
        if problem := refuse_field_name(name):
            problems[f"{at}.{header}"] = problem
        elif name in made:
            made[name] = replace(made[name], type=_JOINED if made[name].type in _LISTABLE else made[name].type)
        elif name in suggested and told.get(header) == name:
            made[name] = suggested[name]
        else:
            made[name] = field_of_column(name, columns[header], row_count=job.total_rows)
    if problems:
        raise InvalidValue(problems)
    return list(made.values())
