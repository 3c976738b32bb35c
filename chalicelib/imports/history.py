"""Reading jobs: one, the latest, and what was wrong with the rows of one."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from chalicelib.errors import NotFound
from chalicelib.model.import_job import ImportJob
from chalicelib.model.outcomes import Stats
from chalicelib.model.row_error import ErrorType, RowError, Severity
from chalicelib.services import Services
from chalicelib.store import jobs, row_errors
from chalicelib.store.postgres import Cursor


@dataclass(frozen=True, slots=True)
class JobsPage:
    """A page of jobs, and how many there are in all."""

    jobs: Sequence[ImportJob]
    count: int


@dataclass(frozen=True, slots=True)
class ErrorsPage:
    """A page of a job's findings in the order of the file, and how many there are in all."""

    errors: Sequence[RowError]
    count: int


def read(services: Services, workspace_id: int, job_id: int) -> ImportJob:
    """One job of the workspace. Raises NotFound, also for another workspace's."""
    with services.database.workspace(workspace_id) as cursor:
        return _found(jobs.read(cursor, workspace_id, job_id), job_id)


def locked(cursor: Cursor, workspace_id: int, job_id: int) -> ImportJob:
    """One job, held to the transaction's end. Raises NotFound."""
    return _found(jobs.lock(cursor, workspace_id, job_id), job_id)


def latest(services: Services, workspace_id: int, limit: int) -> list[ImportJob]:
    """The newest jobs of the workspace first."""
    with services.database.workspace(workspace_id) as cursor:
        return jobs.latest(cursor, workspace_id, limit)


def find(services: Services, workspace_id: int, job_uuid: UUID) -> ImportJob:
    """One job of the workspace by its 128-bit id. Raises NotFound, also for another workspace's."""
    with services.database.workspace(workspace_id) as cursor:
        job = jobs.read_by_uuid(cursor, workspace_id, job_uuid)
    if job is None:
        raise NotFound("There is no such import in this workspace.")
    return job


def page(services: Services, workspace_id: int, wanted: jobs.Wanted, *, page: int, per_page: int) -> JobsPage:
    """Page ``page`` (from 1) of the wanted jobs, the newest first."""
    with services.database.workspace(workspace_id) as cursor:
        found, count = jobs.page(cursor, workspace_id, wanted, limit=per_page, offset=(page - 1) * per_page)
    return JobsPage(found, count)


def stats(services: Services, workspace_id: int) -> Stats:
    """What the workspace's imports came to, archived ones too."""
    with services.database.workspace(workspace_id) as cursor:
        return jobs.stats(cursor, workspace_id)


def errors(
    services: Services,
    workspace_id: int,
    job_id: int,
    *,
    page: int,
    page_size: int,
    error_type: ErrorType | None = None,
    severity: Severity | None = None,
    search: str | None = None,
) -> ErrorsPage:
    """Page ``page`` (from 1) of what the job's current run found; None asks for all. ``search`` is a text that the
    message, the field, the column or the value holds, in any case. Raises NotFound.
    """
    job = read(services, workspace_id, job_id)
    wanted = row_errors.Wanted(error_type, severity, search)
    with services.database.workspace(workspace_id) as cursor:
        found = row_errors.page(
            cursor, workspace_id, job_id, job.run, wanted, limit=page_size, offset=(page - 1) * page_size
        )
        return ErrorsPage(found, row_errors.count(cursor, workspace_id, job_id, job.run, wanted))


def _found(job: ImportJob | None, job_id: int) -> ImportJob:
    if job is None:
        raise NotFound(f"There is no import {job_id}.")
    return job
