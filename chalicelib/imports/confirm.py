"""Step 4, confirm: what a person decided becomes the schema, the memory and the plan every chunk converts by.

Wizard document, step 3; shared spec, section 1 "Confirm". Sending the same confirm again while the job is pending gives
the same answer. The wizard speaks of no rules and options: those another API has saved with the job hold here, too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.catalog import changes
from chalicelib.catalog.schema import check_defaults, check_size
from chalicelib.imports.dispatch import announce
from chalicelib.imports.history import locked
from chalicelib.imports.mapping import check_mapping, plan_of
from chalicelib.imports.start import remember
from chalicelib.model.import_job import ImportJob, JobState, MappingSource, Move, refuse
from chalicelib.model.import_options import match_on_of, read_options
from chalicelib.model.product_schema import SchemaField
from chalicelib.model.validation_rule import read_rules
from chalicelib.segments.schema_use import broken_segments, note_read_otherwise
from chalicelib.services import Services
from chalicelib.store import jobs, schemas


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What the caller decided. ``schema`` None keeps the stored one; currency and locale None keep theirs."""

    mapping: Mapping[str, str | None]
    schema: Sequence[SchemaField] | None
    default_currency: str | None = None
    default_locale: str | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "mapping": dict(self.mapping),
            "schema": None if self.schema is None else [schemas.field_json(each) for each in self.schema],
            "default_currency": self.default_currency,
            "default_locale": self.default_locale,
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
        assert job.analysis is not None
        stored = schemas.lock(cursor, workspace_id, now=now)
        fields = tuple(stored.fields if confirmation.schema is None else confirmation.schema)
        mapped = {header: field for header, field in confirmation.mapping.items() if field}
        check_size(fields, "schema", most=services.settings.columns)
        check_mapping(mapped, fields, job.analysis["headers"])
        check_defaults(confirmation.default_currency, confirmation.default_locale)
        schema = schemas.replace(
            cursor,
            workspace_id,
            fields,
            default_currency=confirmation.default_currency or stored.default_currency,
            default_locale=confirmation.default_locale or stored.default_locale,
            now=now,
        )
        warnings = [each.warning for each in broken_segments(cursor, workspace_id, stored, schema, now=now)]
        to_announce = note_read_otherwise(cursor, workspace_id, stored, schema)
        remember(cursor, job, confirmation.mapping, now=now)
        options, lenient = read_options(job.options), job.mapping_source is MappingSource.TEMPLATE
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
            match_on=match_on_of(job, options),
            plan=plan_of(job, mapped, schema, options, read_rules(job.rules), lenient=lenient).to_json(),
        )
    assert queued is not None
    announce(services, queued)
    if to_announce:
        changes.announce(services, workspace_id)
    return queued


def _without_warnings(confirmation: Mapping[str, Any] | None) -> dict[str, Any]:
    """What the caller said, of a confirmation as it is kept."""
    return {name: value for name, value in (confirmation or {}).items() if name != "warnings"}
