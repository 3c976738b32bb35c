"""Step 4, dispatch: a queued job becomes chunk messages.

Confirm sends one message; the queue function that gets it turns it into one a chunk, so that no caller waits for ten
thousand sends. Both may be sent twice: the ledger knows what is done. A job whose rows are all to be looked at before
one is written is dispatched twice, for the check and then for the write.
"""

from collections.abc import Sequence
from typing import Any

from chalicelib.imports.finish import finish, settle_failed
from chalicelib.imports.plan import ImportPlan
from chalicelib.model.import_job import ErrorPolicy, ImportJob, JobKind, JobState, Move, Phase
from chalicelib.model.row_error import ErrorType, RowError, Severity
from chalicelib.services import Services
from chalicelib.store import chunks, jobs, row_errors
from chalicelib.store.postgres import Cursor

_HEADER_LINE = 1


def announce(services: Services, job: ImportJob) -> None:
    """Ask a queue function to take up a job: to dispatch a queued one, to analyse one whose file is there."""
    if job.state is JobState.QUEUED:
        services.queues.send(services.settings.chunk_queue, [_message("dispatch", job)])
    else:
        services.queues.send(services.settings.arrival_queue, [{**_message("analyze", job), "uuid": str(job.uuid)}])


def dispatch(services: Services, workspace_id: int, job_id: int, run: int) -> None:
    """Start a queued run: its chunks are sent, its state is processing. A job without rows ends at once."""
    with services.database.workspace(workspace_id) as cursor:
        job = _begin(services, cursor, workspace_id, job_id, run)
        if job is None:
            return
        row_errors.forget_older(cursor, workspace_id, job_id, run)
    take_up(services, job)


def _begin(services: Services, cursor: Cursor, workspace_id: int, job_id: int, run: int) -> ImportJob | None:
    """The job in processing, begun now or before; None when the run is over."""
    found = jobs.lock(cursor, workspace_id, job_id)
    if found is None or found.run != run:
        return None
    if found.state is not JobState.QUEUED:
        return found if found.state is JobState.PROCESSING else None
    plan = ImportPlan.from_json(found.plan) if found.plan else None
    now = services.now()
    job = jobs.move(
        cursor,
        workspace_id,
        job_id,
        Move.DISPATCH,
        JobState.PROCESSING,
        now=now,
        run=run,
        lease_until=services.settings.lease_from(now),
        phase=Phase.CHECK if plan and plan.needs_check else Phase.WRITE,
    )
    assert job is not None
    if plan and plan.missing_columns:
        _note_missing_columns(cursor, job, plan.missing_columns)
    return job


def _note_missing_columns(cursor: Cursor, job: ImportJob, headers: Sequence[str]) -> None:
    """One warning a column that the mapping names and the file lacks; it belongs to no row."""
    row_errors.add(cursor, job.workspace_id, job.id, job.run, list(map(missing_column, headers)))
    jobs.count_findings(cursor, job.workspace_id, job.id, run=job.run, warnings=len(headers))


def missing_column(header: str) -> RowError:
    """What is said of a column that the mapping or its steps name and the file lacks."""
    message = (
        f'The file has no column "{header}"; its field was left as it is, and steps that ask for it found it blank.'
    )
    return RowError(0, _HEADER_LINE, Severity.WARNING, ErrorType.COLUMN_NOT_FOUND, message, None, header)


def take_up(services: Services, job: ImportJob) -> None:
    """Send what is still to be done of a processing job; end what is done. Asking twice is harmless."""
    find = chunks.unchecked if job.phase is Phase.CHECK else chunks.undone
    with services.database.workspace(job.workspace_id) as cursor:
        numbers = find(cursor, job.workspace_id, job.id, job.run)
    if numbers:
        send_chunks(services, job, numbers)
    elif job.phase is Phase.CHECK:
        end_check(services, job.workspace_id, job.id, job.run)
    else:
        finish(services, job.workspace_id, job.id, job.run)


def end_check(services: Services, workspace_id: int, job_id: int, run: int) -> None:
    """Once every row was looked at, the job fails or its chunks are sent to be written. Told twice is as told once."""
    now = services.now()
    with services.database.workspace(workspace_id) as cursor:
        writing = jobs.begin_writing(
            cursor, workspace_id, job_id, run=run, now=now, lease_until=services.settings.lease_from(now)
        )
        if writing is None:
            return
        failed = _fail_for_bad_rows(services, cursor, writing)
    if failed is not None:
        settle_failed(services, failed)
    else:
        take_up(services, writing)


def _fail_for_bad_rows(services: Services, cursor: Cursor, job: ImportJob) -> ImportJob | None:
    """The failed job, when its check found bad rows and its policy is to write all rows or none."""
    assert job.plan is not None
    if ImportPlan.from_json(job.plan).error_policy is not ErrorPolicy.ALL_OR_NOTHING:
        return None
    bad = row_errors.bad_rows(cursor, job.workspace_id, job.id, job.run)
    if not bad:
        return None
    jobs.count_findings(cursor, job.workspace_id, job.id, run=job.run, error_rows=bad)
    return jobs.move(
        cursor,
        job.workspace_id,
        job.id,
        Move.FAIL,
        JobState.FAILED,
        now=services.now(),
        run=job.run,
        error_message=nothing_written(bad, job.total_rows),
    )


def nothing_written(bad_rows: int, rows: int) -> str:
    """Why a job that writes all rows or none has failed."""
    are = "is" if bad_rows == 1 else "are"
    return f"{bad_rows} of {rows} rows {are} bad and error_policy is all_or_nothing, so nothing was written."


def send_chunks(services: Services, job: ImportJob, numbers: list[int]) -> None:
    """One message a chunk of the job's current run, for what its phase does with it. An undo's parts go one by one."""
    do = "check" if job.phase is Phase.CHECK else "import"
    if job.kind is JobKind.UNDO:
        do, numbers = "undo", numbers[:1]
    services.queues.send(
        services.settings.chunk_queue,
        ({**_message(do, job), "chunk": number} for number in numbers),
    )


def _message(do: str, job: ImportJob) -> dict[str, Any]:
    return {"do": do, "workspace": job.workspace_id, "job": job.id, "run": job.run}
