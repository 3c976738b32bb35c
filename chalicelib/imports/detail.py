"""One job with all that is known of it: the jobs it is tied to, what it undid, its receipt (Pixeepim document, "Get a
job").
"""

from uuid import UUID

from chalicelib.imports.receipt import receipt
from chalicelib.imports.undo import undone
from chalicelib.model.import_job import ImportJob, JobKind
from chalicelib.model.outcomes import JobDetail
from chalicelib.services import Services
from chalicelib.store import jobs
from chalicelib.store.postgres import Cursor


def detail(services: Services, job: ImportJob) -> JobDetail:
    """What is known of a job, as it was read."""
    with services.database.workspace(job.workspace_id) as cursor:
        return JobDetail(
            job=job,
            undo_of=_uuid_of(cursor, job.workspace_id, job.undo_of),
            undone_by=_uuid_of(cursor, job.workspace_id, job.undone_by),
            undone=undone(job) if job.kind is JobKind.UNDO else None,
            receipt=receipt(cursor, job, now=services.now()),
        )


def _uuid_of(cursor: Cursor, workspace_id: int, job_id: int | None) -> UUID | None:
    found = jobs.read(cursor, workspace_id, job_id) if job_id is not None else None
    return None if found is None else found.uuid
