"""The receipt of a job: how fast it was, how long each step took, and what its chunks waited for.

Made from the times in the job's row, what its chunks noted in ``spent``, and one look into the ledger. Of a job that
still runs it tells what is known.
"""

from datetime import datetime

from chalicelib.model.import_job import ImportJob, JobKind
from chalicelib.model.outcomes import Phases, Receipt, Waits
from chalicelib.store import chunks
from chalicelib.store.chunks import LedgerSums
from chalicelib.store.postgres import Cursor


def receipt(cursor: Cursor, job: ImportJob, *, now: datetime) -> Receipt:
    """What the job has taken until ``now``, or until its end."""
    ledger = chunks.sums(cursor, job.workspace_id, job.id, job.run)
    phases = _phases(job, ledger, now)
    processed = job.counters.processed_rows
    return Receipt(
        rows_per_second=round(processed / phases.processing, 1) if processed and phases.processing else None,
        phases=phases,
        waited=_waits(job),
        chunks=job.chunk_count,
        chunks_done=job.chunks_done,
        chunk_failures=ledger.failures,
        takeovers=int(job.spent.get("takeovers", 0)),
    )


def _phases(job: ImportJob, ledger: LedgerSums, now: datetime) -> Phases:
    """A step lasts until the next one begins; the one the job is at, until now or until the job's end.

    A run after the first was neither mapped nor started: it was queued.
    """
    until = job.completed_at or now
    mapped = job.mapped_at or job.queued_at
    all_done = ledger.last_done_at if job.chunks_done >= job.chunk_count else None
    return Phases(
        receive=_seconds(job.created_at, job.analyzed_at or until) if job.kind is JobKind.IMPORT else None,
        waiting_for_mapping=_seconds(job.analyzed_at, mapped or until),
        waiting_for_start=None if job.retried else _seconds(job.mapped_at, job.queued_at or until),
        queued=_seconds(job.queued_at, job.started_at or until),
        processing=_seconds(job.started_at, all_done or until),
        finishing=_seconds(all_done, until),
    )


def _seconds(begin: datetime | None, end: datetime) -> float | None:
    return None if begin is None else max(round((end - begin).total_seconds(), 3), 0.0)


def _waits(job: ImportJob) -> Waits:
    sums = job.spent.get("run", {})
    return Waits(
        **{word: int(sums.get(word, 0)) / 1000 for word in ("queue", "reading", "converting", "postgres", "clickhouse")}
    )
