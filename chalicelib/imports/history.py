"""Reading jobs: one, and the latest."""

from chalicelib.errors import NotFound
from chalicelib.model.import_job import ImportJob
from chalicelib.services import Services
from chalicelib.store import jobs


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
