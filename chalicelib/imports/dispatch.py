"""Step 4, dispatch: a queued job becomes chunk messages.

Confirm sends one message; the queue function that gets it turns it into one a chunk, so that no caller waits for ten
thousand sends. Both may be sent twice: the ledger knows what is done.
"""

from typing import Any

from chalicelib.imports.finish import finish
from chalicelib.model.import_job import ImportJob, JobState, Move
from chalicelib.services import Services
from chalicelib.store import chunks, jobs, row_errors


def announce(services: Services, job: ImportJob) -> None:
    """Ask a queue function to take up a job: to dispatch a queued one, to analyse one whose file is there."""
    if job.state is JobState.QUEUED:
        services.queues.send(services.settings.chunk_queue, [_message("dispatch", job)])
    else:
        services.queues.send(services.settings.arrival_queue, [{**_message("analyze", job), "uuid": str(job.uuid)}])


def dispatch(services: Services, workspace_id: int, job_id: int, run: int) -> None:
    """Start a queued run: its chunks are sent, its state is processing. A job without rows ends at once."""
    now = services.now()
    with services.database.workspace(workspace_id) as cursor:
        job = jobs.move(
            cursor,
            workspace_id,
            job_id,
            Move.DISPATCH,
            JobState.PROCESSING,
            now=now,
            run=run,
            lease_until=services.settings.lease_from(now),
        )
        if job is None:
            job = jobs.read(cursor, workspace_id, job_id)
            if job is None or job.run != run or job.state is not JobState.PROCESSING:
                return
        row_errors.forget_older(cursor, workspace_id, job_id, run)
        numbers = chunks.undone(cursor, workspace_id, job_id, run)
    send_chunks(services, job, numbers)
    if not numbers:
        finish(services, workspace_id, job_id, run)


def send_chunks(services: Services, job: ImportJob, numbers: list[int]) -> None:
    """One message a chunk of the job's current run."""
    services.queues.send(
        services.settings.chunk_queue,
        ({**_message("import", job), "chunk": number} for number in numbers),
    )


def _message(do: str, job: ImportJob) -> dict[str, Any]:
    return {"do": do, "workspace": job.workspace_id, "job": job.id, "run": job.run}
