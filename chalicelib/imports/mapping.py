"""The mapping of a job: what it comes to by the schema that holds now, and how it is saved.

Pixeepim document, "Save column mapping"; shared spec, section 1 "Confirm". SegOps confirms a mapping together with
its schema (``confirm``). The v1 APIs speak of no schema: a mapping may name fields there are not yet, and starting
the job makes them, with the type its column's cells show. A template's mapping may name columns this file lacks: they
are passed over and told of in the job's errors.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from chalicelib.catalog.schema import check_fields, check_size
from chalicelib.catalog.values import with_fields
from chalicelib.errors import InvalidValue
from chalicelib.fields import Unfit, habit_of_locale
from chalicelib.imports.history import locked
from chalicelib.imports.plan import ImportPlan, habit_of_column, make_plan
from chalicelib.imports.transforms import compile_steps, respelled, type_after
from chalicelib.model.import_job import ImportJob, JobState, MappingSource, Move, refuse
from chalicelib.model.import_options import ImportOptions, match_on_of, read_options
from chalicelib.model.mapping import EAN, NAME, SKU
from chalicelib.model.outcomes import ColumnEvidence
from chalicelib.model.product_schema import RESERVED_FIELDS, ProductSchema, SchemaField, duplicates, refuse_field_name
from chalicelib.model.transform import Steps, check_transforms, columns_named, read_transforms, transforms_json
from chalicelib.model.validation_rule import FieldRule, check_rules, read_rules
from chalicelib.services import Services
from chalicelib.store import jobs, schemas
from chalicelib.store.postgres import Cursor
from chalicelib.suggest import normalise_header
from chalicelib.suggest.new_fields import field_of_column
from chalicelib.suggest.unclear import as_read_by

_JOINED = "array"
"""The one type several columns may be mapped to: their values are joined."""
_LISTABLE = frozenset({_JOINED, "string"})
"""What a new field would have been, if several columns that are mapped to it are to make a list."""
_ON_THE_PRODUCT = frozenset({SKU, NAME, EAN})


@dataclass(frozen=True, slots=True)
class SavedMapping:
    """What a caller decided: header to field, and the rules and options in the words of the Pixeepim document.

    ``transforms`` are the steps by header, as JSON has them; None: those the columns were confirmed with before.
    """

    mapping: Mapping[str, str | None]
    rules: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    transforms: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """What a job would do if it started now.

    Attributes:
        mapped: header to field, for the columns that are imported.
        new_fields: what the schema lacks and would be given; ``schema`` has them already.
        transforms: the steps of the columns that are imported, by the file's headers.
    """

    plan: ImportPlan
    mapped: Mapping[str, str]
    source: MappingSource
    schema: ProductSchema
    new_fields: Sequence[SchemaField]
    transforms: Mapping[str, Steps]


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
    steps = _steps_said(job, said)
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
        transforms=transforms_json(steps),
    )
    assert ready is not None
    return ready


def draft(services: Services, cursor: Cursor, job: ImportJob) -> Draft:
    """What an analysed job would do now: by its saved mapping, else by the suggested one. Raises InvalidValue."""
    assert job.analysis is not None and job.suggestion is not None
    if job.mapping is not None:
        source = job.mapping_source or MappingSource.SAVED
        saved = SavedMapping(job.mapping, job.rules, job.options, job.transforms)
        return draft_of(services, cursor, job, saved, source)
    return draft_of(services, cursor, job, SavedMapping(suggested_mapping(job)), MappingSource.SUGGESTED)


def suggested_mapping(job: ImportJob) -> dict[str, str | None]:
    """Header to field as an analysed job's suggestion has it."""
    assert job.suggestion is not None
    return {each["column"]: each["field"] for each in job.suggestion["columns"]}


def kept_transforms(job: ImportJob, mapping: Mapping[str, str | None]) -> dict[str, Steps]:
    """The steps of an analysed job that a mapping goes on with: those saved with the job, else those its columns were
    confirmed with before, of the columns that are still mapped to the same field.
    """
    assert job.analysis is not None
    if job.mapping is None:
        return _suggested_transforms(job, mapping)
    lenient = job.mapping_source is MappingSource.TEMPLATE
    headers = job.analysis["headers"]
    spelled, _ = _by_the_files_headers(job.mapping, headers, lenient=lenient)
    saved = _steps_here(read_transforms(job.transforms), spelled, headers)
    return {
        here: saved[here]
        for header, here in spelled.items()
        if here in saved and mapping.get(here) == job.mapping[header]
    }


def _suggested_transforms(job: ImportJob, mapping: Mapping[str, str | None]) -> dict[str, Steps]:
    """The steps of an analysed job's suggestion, of the columns that are mapped as it has them."""
    assert job.suggestion is not None
    return read_transforms(
        {
            each["column"]: each["transforms"]
            for each in job.suggestion["columns"]
            # A job of before there were steps suggests none.
            if each.get("transforms") and each["field"] and mapping.get(each["column"]) == each["field"]
        }
    )


def _steps_said(job: ImportJob, said: SavedMapping) -> dict[str, Steps]:
    """What is said of steps, by the headers of whoever says it; who says nothing means what is suggested."""
    if said.transforms is None:
        return _suggested_transforms(job, said.mapping)
    return read_transforms(said.transforms)


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
    headers, lenient = job.analysis["headers"], source is MappingSource.TEMPLATE
    spelled, missing = _by_the_files_headers(said.mapping, headers, lenient=lenient)
    mapped = {here: name for header, here in spelled.items() if (name := said.mapping[header])}
    steps = _steps_said(job, said)
    if lenient:
        steps = _steps_here(steps, spelled, headers)
    new_fields = _new_fields(job, mapped, stored, steps, at=at)
    schema = with_fields(stored, new_fields)
    check_size(schema.fields, at, most=services.settings.columns)
    check_mapping(mapped, schema.fields, headers, at=at)
    plan = plan_of(job, mapped, schema, options, rules, steps, lenient=lenient, missing=missing)
    return Draft(plan, mapped, source, schema, new_fields, steps)


def plan_of(
    job: ImportJob,
    mapped: Mapping[str, str],
    schema: ProductSchema,
    options: ImportOptions,
    rules: Mapping[str, FieldRule],
    transforms: Mapping[str, Steps],
    *,
    lenient: bool,
    missing: Sequence[str] = (),
) -> ImportPlan:
    """The plan of an analysed job for a checked mapping. Raises InvalidValue for rules and steps that cannot hold;
    ``lenient`` allows those of a template to speak of fields and columns that this file does not have. ``missing``:
    columns the mapping names and the file lacks; those its steps ask for are found here.
    """
    assert job.analysis is not None
    problems = check_rules(rules, set(mapped.values()), schema, lenient=lenient)
    headers = job.analysis["headers"]
    problems |= check_transforms(transforms, mapped, headers, lenient=lenient)
    if problems:
        raise InvalidValue(problems)
    asked = columns_named(step for steps in transforms.values() for step in steps)
    return make_plan(
        job.analysis,
        mapped,
        schema,
        match_on_of(job, options),
        options=options,
        rules=rules,
        supplier_code=job.supplier_code,
        missing_columns=sorted({*missing, *asked.difference(headers)}),
        transforms=transforms,
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
    """For the columns that are imported their headers as the file has them, and the columns the file lacks.

    A template (``lenient``) knows a column again whose header is only written otherwise. Of anybody else's mapping
    nothing is missing here: a column that is not there is refused later.
    """
    wanted = [header for header, name in mapping.items() if name]
    if not lenient:
        return {header: header for header in wanted}, []
    spelled = {normalise_header(header): header for header in reversed(headers)}
    found: dict[str, str] = {}
    missing = []
    for header in wanted:
        here = header if header in headers else spelled.get(normalise_header(header))
        if here is None or here in found.values():
            missing.append(header)
        else:
            found[header] = here
    return found, sorted(missing)


def _steps_here(steps: Mapping[str, Steps], spelled: Mapping[str, str], headers: Sequence[str]) -> dict[str, Steps]:
    """A template's steps in the spelling of this file, those of columns that are imported."""
    return {spelled[header]: respelled(each, headers) for header, each in steps.items() if header in spelled}


def _new_fields(
    job: ImportJob, mapped: Mapping[str, str], stored: ProductSchema, steps: Mapping[str, Steps], *, at: str
) -> list[SchemaField]:
    """A field for each name the schema lacks, of the type the suggestion or the column's cells show."""
    assert job.analysis is not None and job.suggestion is not None
    suggested = {each["name"]: SchemaField(**each) for each in job.suggestion["schema"]}
    told = suggested_mapping(job)
    by_locale = habit_of_locale(stored.default_locale, stored.default_currency)
    columns = {
        each["header"]: as_read_by(by_locale, ColumnEvidence.from_json(each)) for each in job.analysis["columns"]
    }
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
        if name in made and header in steps:
            made[name] = replace(made[name], type=_type_after(job, header, steps[header], made[name].type, stored))
    if problems:
        raise InvalidValue(problems)
    return list(made.values())


def _type_after(job: ImportJob, header: str, steps: Steps, raw_type: str, stored: ProductSchema) -> str:
    """The type of a new field after the steps of its column, by what they make of the rows that a job has kept."""
    assert job.analysis is not None
    headers = job.analysis["headers"]
    evidence = next(each for each in job.analysis["columns"] if each["header"] == header)
    transform, position = compile_steps(steps, header, headers, raw_type), evidence["position"]
    before, after = [], []
    for row in job.analysis["sample_rows"]:
        # A row that is cut short, or that the steps do not take, says nothing.
        with suppress(Unfit, IndexError):
            after.append(transform(row).strip())
            before.append(row[position].strip())
    habit = habit_of_column(evidence, stored)
    return type_after(steps, raw_type, list(filter(None, before)), list(filter(None, after)), habit)
