"""Reading jobs: one, the latest, and what was wrong with the rows of one."""

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.errors import NotFound
from chalicelib.model.import_job import ImportJob
from chalicelib.model.row_error import RowError
from chalicelib.services import Services
from chalicelib.store import jobs, row_errors


@dataclass(frozen=True, slots=True)
class ErrorsPage:
    """A page of a job's findings in the order of the file, and how many there are in all."""

    errors: Sequence[RowError]
    count: int


def read(services: Services, workspace_id: int, job_id: int) -> ImportJob:
    """One job of the workspace. Raises NotFound, also for another workspace's."""
    with services.database.workspace(workspace_id) as cursor:
        job = jobs.read(cursor, workspace_id, job_id)
    if job is None:
        raise NotFound(f"There is no import {job_id}.")
    return job


def latest(services: Services, workspace_id: int, limit: int) -> list[ImportJob]:
    """The newest jobs of the workspace first."""
    with services.database.workspace(workspace_id) as cursor:
        return jobs.latest(cursor, workspace_id, limit)


def errors(services: Services, workspace_id: int, job_id: int, *, page: int, page_size: int) -> ErrorsPage:
    """Page ``page`` (from 1) of what the job's current run found. Raises NotFound."""
    job = read(services, workspace_id, job_id)
    with services.database.workspace(workspace_id) as cursor:
        found = row_errors.page(cursor, workspace_id, job_id, job.run, limit=page_size, offset=(page - 1) * page_size)
        return ErrorsPage(found, row_errors.count(cursor, workspace_id, job_id, job.run))
