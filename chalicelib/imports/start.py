"""Step 4 in two: a job whose mapping is saved is started. What it will convert by is frozen, and it is queued.

Pixeepim document, "Start processing". Fields the mapping names and the schema lacks are made here, in the same
transaction: a job that was not started has changed nothing.
"""

from collections.abc import Mapping
from datetime import datetime

from chalicelib.catalog import suppliers
from chalicelib.imports.dispatch import announce
from chalicelib.imports.history import locked
from chalicelib.imports.mapping import draft
from chalicelib.model.import_job import ImportJob, JobState, Move, refuse
from chalicelib.model.import_options import match_on_of, read_options
from chalicelib.model.mapping import Learned
from chalicelib.model.transform import Steps, steps_json
from chalicelib.services import Services
from chalicelib.store import jobs, schemas
from chalicelib.store.postgres import Cursor
from chalicelib.suggest import is_made_up, normalise_header


def start(services: Services, workspace_id: int, job_id: int) -> ImportJob:
    """The queued job. Raises NotFound, IllegalTransition, and InvalidValue when the schema no longer allows it."""
    now = services.now()
    with services.database.workspace(workspace_id) as cursor:
        job = locked(cursor, workspace_id, job_id)
        refuse(Move.START, job.state)
        assert job.mapping is not None
        stored = schemas.lock(cursor, workspace_id, now=now)
        drafted = draft(services, cursor, job)
        if drafted.new_fields:
            schemas.replace(
                cursor,
                workspace_id,
                drafted.schema.fields,
                default_currency=stored.default_currency,
                default_locale=stored.default_locale,
                now=now,
            )
        remember(cursor, job, {**job.mapping, **drafted.mapped}, drafted.transforms, now=now)
        queued = jobs.move(
            cursor,
            workspace_id,
            job_id,
            Move.START,
            JobState.QUEUED,
            now=now,
            lease_until=services.settings.lease_from(now),
            new_run=True,
            match_on=match_on_of(job, read_options(job.options)),
            plan=drafted.plan.to_json(),
        )
    assert queued is not None
    announce(services, queued)
    return queued


def remember(
    cursor: Cursor,
    job: ImportJob,
    mapping: Mapping[str, str | None],
    transforms: Mapping[str, Steps],
    *,
    now: datetime,
) -> None:
    """Keep what was confirmed: for the workspace by column, if that has a header of its own, and for the job's supplier
    by the set of its columns.
    """
    assert job.analysis is not None
    headers = job.analysis["headers"]
    here = {
        header: Learned(field, tuple(steps_json(transforms.get(header, ()))))
        for header, field in mapping.items()
        if header in headers
    }
    learned = {normalise_header(header): each for header, each in here.items() if each.field and not is_made_up(header)}
    schemas.learn(cursor, job.workspace_id, learned, now=now)
    if job.supplier_id is not None:
        suppliers.remember_mapping(cursor, job.workspace_id, job.supplier_id, headers, here, now=now)
