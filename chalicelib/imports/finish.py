"""Step 6, finish: whoever completes the last chunk ends the job; and the other way jobs end, with a reason."""

import logging

from chalicelib.catalog.mirror import drain
from chalicelib.errors import Unavailable
from chalicelib.model.import_job import ImportJob, JobState, Move
from chalicelib.services import Services
from chalicelib.store import jobs, products

log = logging.getLogger(__name__)


def finish(services: Services, workspace_id: int, job_id: int, run: int) -> None:
    """End a run whose chunks are all done. Told twice, the second finds nothing to do."""
    drain(services, workspace_id)
    with services.database.workspace(workspace_id) as cursor:
        job = jobs.read(cursor, workspace_id, job_id)
        if job is None or job.run != run or job.state is not JobState.PROCESSING or job.chunks_done < job.chunk_count:
            return
        state = JobState.COMPLETED_WITH_ERRORS if job.counters.error_rows else JobState.COMPLETED
        ended = jobs.move(cursor, workspace_id, job_id, Move.COMPLETE, state, now=services.now(), run=run)
        products.forget_claims(cursor, workspace_id, job_id)
    if ended is not None:
        log.info(
            "import ended", extra={"job": job_id, "workspace": workspace_id, "rows": ended.total_rows, "state": state}
        )
        if state is JobState.COMPLETED:
            clear_file(services, ended)


def fail(services: Services, workspace_id: int, job_id: int, reason: str, *, run: int | None = None) -> bool:
    """End a job that cannot go on, with the reason a person reads; whether it was still running."""
    with services.database.workspace(workspace_id) as cursor:
        failed = jobs.move(
            cursor, workspace_id, job_id, Move.FAIL, JobState.FAILED, now=services.now(), run=run, error_message=reason
        )
        if failed is not None:
            products.forget_claims(cursor, workspace_id, job_id)
    log.warning("import failed", extra={"job": job_id, "workspace": workspace_id, "was_running": failed is not None})
    return failed is not None


def clear_file(services: Services, job: ImportJob) -> None:
    """Delete the stored file of a job that no longer needs it. What cannot be deleted now, the tick deletes."""
    try:
        for key in {job.file_key, job.content_key} - {None}:
            assert key is not None
            services.files.delete(key)
    except Unavailable as error:
        log.warning("file kept for now", extra={"job": job.id, "why": str(error)})
        return
    with services.database.workspace(job.workspace_id) as cursor:
        jobs.forget_file(cursor, job.workspace_id, job.id)
