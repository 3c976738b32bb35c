"""Steering a job from outside: cancel and retry. Both are one guarded UPDATE; late work of the old run is undone."""

from chalicelib.catalog import changes
from chalicelib.errors import BadRequest, NotFound
from chalicelib.imports.dispatch import announce
from chalicelib.imports.finish import FILE_GONE, forget_claims
from chalicelib.model.import_job import ImportJob, JobState, Move, refuse
from chalicelib.services import Services
from chalicelib.store import jobs


def cancel(services: Services, workspace_id: int, job_id: int) -> ImportJob:
    """Stop a job; committed chunks stay. Raises NotFound and IllegalTransition."""
    with services.database.workspace(workspace_id) as cursor:
        job = jobs.move(
            cursor,
            workspace_id,
            job_id,
            Move.CANCEL,
            JobState.CANCELLED,
            now=services.now(),
            error_message="cancelled",
        )
    if job is None:
        return _refuse(services, workspace_id, job_id, Move.CANCEL)
    changes.announce(services, workspace_id)
    forget_claims(services, workspace_id, job_id)
    return job


def retry(services: Services, workspace_id: int, job_id: int) -> ImportJob:
    """Run a failed or cancelled job again from the start, with the same file and mapping. Rows that are in already are
    found unchanged. Raises NotFound, IllegalTransition, and BadRequest when the file was deleted.
    """
    now = services.now()
    with services.database.workspace(workspace_id) as cursor:
        found = jobs.lock(cursor, workspace_id, job_id)
        if found is None:
            raise NotFound(f"There is no import {job_id}.")
        refuse(Move.RETRY, found.state)
        if found.file_key is None:
            raise BadRequest(FILE_GONE)
        job = jobs.move(
            cursor,
            workspace_id,
            job_id,
            Move.RETRY,
            JobState.QUEUED if found.plan else JobState.PENDING,
            now=now,
            lease_until=services.settings.lease_from(now),
            new_run=True,
        )
    assert job is not None
    announce(services, job)
    return job


def _refuse(services: Services, workspace_id: int, job_id: int, step: Move) -> ImportJob:
    with services.database.workspace(workspace_id) as cursor:
        job = jobs.read(cursor, workspace_id, job_id)
    if job is None:
        raise NotFound(f"There is no import {job_id}.")
    refuse(step, job.state)
    return job
