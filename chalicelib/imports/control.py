"""Steering a job from outside: cancel, retry, archive, delete. Moves are one guarded UPDATE; late work of an old run
is undone.
"""

from chalicelib.catalog import changes
from chalicelib.errors import BadRequest
from chalicelib.imports.dispatch import announce
from chalicelib.imports.finish import FILE_GONE, forget_claims
from chalicelib.imports.history import locked
from chalicelib.imports.undo import allow_retry, refuse_while_undone
from chalicelib.model.import_job import ImportJob, JobKind, JobState, Move, refuse
from chalicelib.services import Services
from chalicelib.store import chunks, jobs, row_errors
from chalicelib.store.postgres import Cursor


def cancel(services: Services, workspace_id: int, job_id: int) -> ImportJob:
    """Stop a job; committed chunks stay. Raises NotFound and IllegalTransition."""
    with services.database.workspace(workspace_id) as cursor:
        refuse(Move.CANCEL, locked(cursor, workspace_id, job_id).state)
        job = jobs.move(
            cursor,
            workspace_id,
            job_id,
            Move.CANCEL,
            JobState.CANCELLED,
            now=services.now(),
            error_message="cancelled",
        )
    assert job is not None
    if job.chunks_done:
        changes.announce(services, workspace_id)
    forget_claims(services, workspace_id, job_id)
    return job


def retry(services: Services, workspace_id: int, job_id: int) -> ImportJob:
    """Run a failed or cancelled job again from the start, with the same file and mapping. Rows that are in already are
    found unchanged. An undo goes on where it was: what it has taken back stays done and told.

    Raises NotFound, IllegalTransition, BadRequest when the file was deleted, and Conflict while the job is being
    undone, or for an undo that is no longer the last one of its import.
    """
    now = services.now()
    with services.database.workspace(workspace_id) as cursor:
        found = locked(cursor, workspace_id, job_id)
        refuse(Move.RETRY, found.state)
        allow_retry(cursor, found)
        if found.kind is JobKind.IMPORT and found.file_key is None and not (found.source and found.plan is None):
            raise BadRequest(FILE_GONE)
        job = jobs.move(
            cursor,
            workspace_id,
            job_id,
            Move.RETRY,
            JobState.QUEUED if found.plan or found.kind is JobKind.UNDO else JobState.PENDING,
            now=now,
            lease_until=services.settings.lease_from(now),
            new_run=True,
            goes_on=found.kind is JobKind.UNDO,
        )
        assert job is not None
        if job.kind is JobKind.UNDO:
            chunks.carry_over(cursor, workspace_id, job_id, job.run)
            row_errors.carry_over(cursor, workspace_id, job_id, job.run)
    announce(services, job)
    return job


def archive(services: Services, workspace_id: int, job_id: int, *, is_archived: bool = True) -> ImportJob:
    """Hide a job that has ended from the default list, or show it again. Raises NotFound and IllegalTransition."""
    with services.database.workspace(workspace_id) as cursor:
        job = locked(cursor, workspace_id, job_id)
        refuse(Move.ARCHIVE if is_archived else Move.UNARCHIVE, job.state)
        jobs.archive(cursor, workspace_id, job_id, is_archived=is_archived)
        return locked(cursor, workspace_id, job_id)


def delete(services: Services, workspace_id: int, job_id: int) -> ImportJob:
    """Take a job away for good, with its errors, its file and the way back; answers what it was. The products stay.

    Raises NotFound, IllegalTransition while it runs, Conflict while it is being undone, and Unavailable when its file
    could not be deleted: then the job is still there.
    """

    def work(cursor: Cursor) -> ImportJob:
        job = locked(cursor, workspace_id, job_id)
        refuse(Move.DELETE, job.state)
        refuse_while_undone(cursor, job)
        for key in {job.file_key, job.content_key} - {None}:
            assert key is not None
            services.files.delete(key)
        jobs.delete(cursor, workspace_id, job_id)
        return job

    # Again when a late chunk of a cancelled run, which locks its mark before the job, stood in the way.
    return services.database.retrying(workspace_id, work)
