"""Step 6, finish: whoever completes the last chunk ends the job; and the other way jobs end, with a reason."""

import logging
from collections.abc import Collection
from datetime import datetime

from chalicelib.catalog.changes import announce
from chalicelib.catalog.mirror import drain
from chalicelib.errors import Unavailable
from chalicelib.model.import_job import FINISHED, ImportJob, JobState, Move
from chalicelib.services import Services
from chalicelib.store import jobs, products

log = logging.getLogger(__name__)

FILE_GONE = "The stored file of this import is gone. Upload it again."
"""Why a job without its file cannot go on."""


def finish(services: Services, workspace_id: int, job_id: int, run: int) -> None:
    """End a run whose chunks are all done. Told twice, the second finds nothing to do."""
    drain(services, workspace_id)
    with services.database.workspace(workspace_id) as cursor:
        job = jobs.read(cursor, workspace_id, job_id)
        if job is None or job.run != run or job.state is not JobState.PROCESSING or job.chunks_done < job.chunk_count:
            return
        state = JobState.COMPLETED_WITH_ERRORS if job.counters.error_rows else JobState.COMPLETED
        ended = jobs.move(cursor, workspace_id, job_id, Move.COMPLETE, state, now=services.now(), run=run)
    if ended is not None:
        announce(services, workspace_id)
        forget_claims(services, workspace_id, job_id)
        log.info(
            "import ended", extra={"job": job_id, "workspace": workspace_id, "rows": ended.total_rows, "state": state}
        )
        if state is JobState.COMPLETED:
            clear_file(services, workspace_id, job_id)


def fail(
    services: Services,
    workspace_id: int,
    job_id: int,
    reason: str,
    *,
    run: int | None = None,
    from_states: Collection[JobState] | None = None,
    silent_since: datetime | None = None,
) -> bool:
    """End a job that cannot go on, with the reason a person reads; whether it was still running.

    ``run``, ``from_states`` and ``silent_since`` say what must still be true of it: else nothing happens.
    """
    with services.database.workspace(workspace_id) as cursor:
        failed = jobs.move(
            cursor,
            workspace_id,
            job_id,
            Move.FAIL,
            JobState.FAILED,
            now=services.now(),
            run=run,
            from_states=from_states,
            silent_since=silent_since,
            error_message=reason,
        )
    if failed is not None:
        settle_failed(services, failed)
    else:
        log.warning("import had ended", extra={"job": job_id, "workspace": workspace_id})
    return failed is not None


def settle_failed(services: Services, failed: ImportJob) -> None:
    """What follows once a job has failed: segments hear of what it changed, and its claims are forgotten."""
    if failed.chunks_done:
        announce(services, failed.workspace_id)
    forget_claims(services, failed.workspace_id, failed.id)
    log.warning("import failed", extra={"job": failed.id, "workspace": failed.workspace_id})


def forget_claims(services: Services, workspace_id: int, job_id: int) -> None:
    """Empty a job's claims once it has ended; in a transaction of its own, for a chunk in flight locks claims first."""
    with services.database.workspace(workspace_id) as cursor:
        products.forget_claims(cursor, workspace_id, job_id)


def clear_file(services: Services, workspace_id: int, job_id: int) -> None:
    """Delete the stored file of a job that has ended. What cannot be deleted now, the tick deletes.

    The job stays locked meanwhile, so that a retry finds the file or finds it gone.
    """
    with services.database.workspace(workspace_id) as cursor:
        job = jobs.lock(cursor, workspace_id, job_id)
        if job is None or job.state not in FINISHED:
            return
        try:
            for key in {job.file_key, job.content_key} - {None}:
                assert key is not None
                services.files.delete(key)
        except Unavailable as error:
            log.warning("file kept for now", extra={"job": job.id, "why": str(error)})
            return
        jobs.forget_file(cursor, workspace_id, job_id)
