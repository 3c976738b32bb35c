"""Step 4, confirm: what a person decided becomes the schema, the memory and the plan every chunk converts by.

Wizard document, step 3; shared spec, section 1 "Confirm". Sending the same confirm again while the job is pending gives
the same answer. The wizard speaks of no rules and options: those another API has saved with the job hold here, too.
Who says nothing of steps goes on with those saved with the job, else with those the columns were confirmed with before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chalicelib.catalog import changes
from chalicelib.catalog.schema import check_defaults, check_size
from chalicelib.errors import InvalidValue
from chalicelib.imports.dispatch import announce
from chalicelib.imports.history import locked
from chalicelib.imports.mapping import check_mapping, kept_transforms, plan_of
from chalicelib.imports.plan import ImportPlan
from chalicelib.imports.start import remember
from chalicelib.model.import_job import ImportJob, JobState, MappingSource, Move, refuse
from chalicelib.model.import_options import match_on_of, read_options
from chalicelib.model.product_schema import ProductSchema, SchemaField
from chalicelib.model.transform import Steps, check_transforms, read_transforms, transforms_json
from chalicelib.model.validation_rule import read_rules
from chalicelib.segments.schema_use import broken_segments, note_read_otherwise
from chalicelib.services import Services
from chalicelib.store import jobs, schemas


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What the caller decided. ``schema`` None keeps the stored one; currency and locale None keep theirs.

    ``transforms`` are the steps by header, as JSON has them; None says nothing of them.
    """

    mapping: Mapping[str, str | None]
    schema: Sequence[SchemaField] | None
    default_currency: str | None = None
    default_locale: str | None = None
    transforms: Mapping[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        told = {} if self.transforms is None else {"transforms": dict(self.transforms)}
        return {
            "mapping": dict(self.mapping),
            "schema": None if self.schema is None else [schemas.field_json(each) for each in self.schema],
            "default_currency": self.default_currency,
            "default_locale": self.default_locale,
            **told,
        }


def confirm(services: Services, workspace_id: int, job_id: int, confirmation: Confirmation) -> ImportJob:
    """The queued job. Raises NotFound, IllegalTransition, and InvalidValue naming what cannot be.

    Segments that no longer hold by the new schema are no reason to refuse it: they are among the ``warnings`` of the
    job's confirmation.
    """
    now = services.now()
    said = confirmation.as_json()
    with services.database.workspace(workspace_id) as cursor:
        job = locked(cursor, workspace_id, job_id)
        if job.state is JobState.QUEUED and _without_warnings(job.confirmation) == said:
            announce(services, job)
            return job
        refuse(Move.CONFIRM, job.state)
        stored = schemas.lock(cursor, workspace_id, now=now)
        wanted = wanted_schema(services, job, stored, confirmation)
        schema = schemas.replace(
            cursor,
            workspace_id,
            wanted.fields,
            default_currency=wanted.default_currency,
            default_locale=wanted.default_locale,
            now=now,
        )
        steps = steps_of(job, confirmation)
        warnings = [each.warning for each in broken_segments(cursor, workspace_id, stored, schema, now=now)]
        to_announce = note_read_otherwise(cursor, workspace_id, stored, schema)
        remember(cursor, job, confirmation.mapping, steps, now=now)
        queued = jobs.move(
            cursor,
            workspace_id,
            job_id,
            Move.CONFIRM,
            JobState.QUEUED,
            now=now,
            lease_until=services.settings.lease_from(now),
            new_run=True,
            mapping=dict(confirmation.mapping),
            mapping_source=MappingSource.SAVED,
            confirmation={**said, "warnings": warnings} if warnings else said,
            match_on=match_on_of(job, read_options(job.options)),
            plan=plan_by(job, confirmation, schema, steps).to_json(),
            transforms=transforms_json(steps),
        )
    assert queued is not None
    announce(services, queued)
    if to_announce:
        changes.announce(services, workspace_id)
    return queued


def wanted_schema(
    services: Services, job: ImportJob, stored: ProductSchema, confirmation: Confirmation
) -> ProductSchema:
    """The schema as the confirmation would have it. Raises InvalidValue when it cannot be, or the mapping cannot."""
    assert job.analysis is not None
    fields = tuple(stored.fields if confirmation.schema is None else confirmation.schema)
    check_size(fields, "schema", most=services.settings.columns)
    check_mapping(_mapped(confirmation), fields, job.analysis["headers"])
    check_defaults(confirmation.default_currency, confirmation.default_locale)
    return replace(
        stored,
        fields=fields,
        default_currency=confirmation.default_currency or stored.default_currency,
        default_locale=confirmation.default_locale or stored.default_locale,
    )


def plan_by(
    job: ImportJob, confirmation: Confirmation, schema: ProductSchema, steps: Mapping[str, Steps]
) -> ImportPlan:
    """What the rows would be converted by. Raises InvalidValue for rules and steps that cannot hold."""
    lenient = job.mapping_source is MappingSource.TEMPLATE
    rules, options = read_rules(job.rules), read_options(job.options)
    return plan_of(job, _mapped(confirmation), schema, options, rules, steps, lenient=lenient)


def _mapped(confirmation: Confirmation) -> dict[str, str]:
    return {header: field for header, field in confirmation.mapping.items() if field}


def steps_of(job: ImportJob, confirmation: Confirmation) -> dict[str, Steps]:
    """The steps of the job's columns by what the confirmation says, or else was kept of them. Raises InvalidValue."""
    if confirmation.transforms is None:
        return kept_transforms(job, confirmation.mapping)
    assert job.analysis is not None
    steps = read_transforms(confirmation.transforms)
    # Not as leniently as a template's, even where the job has one: these are for this file.
    if problems := check_transforms(steps, _mapped(confirmation), job.analysis["headers"]):
        raise InvalidValue(problems)
    return steps


def _without_warnings(confirmation: Mapping[str, Any] | None) -> dict[str, Any]:
    """What the caller said, of a confirmation as it is kept."""
    return {name: value for name, value in (confirmation or {}).items() if name != "warnings"}
