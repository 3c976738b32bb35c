"""Step 5, import a chunk: one message, one ranged read, one PostgreSQL transaction, one ClickHouse insert.

The transaction holds the products, the row errors, the outbox entry, the chunk's mark and the job's counters, so that a
chunk has happened or has not. Its last statement is the fence: when the run was cancelled or started anew meanwhile,
all of it is undone. A redelivered message finds the mark and does nothing twice.

A bad row leaves the others alone, unless the job's ``error_policy`` says that it ends the job: then its chunk is not
written, what was found in it is kept, and chunks that are in stay.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import orjson

from chalicelib.catalog import changes, mirror, pending_eans
from chalicelib.errors import FileReplaced, NotFound, Superseded
from chalicelib.imports.file_rows import FileRow, read_rows
from chalicelib.imports.finish import fail, finish, settle_failed
from chalicelib.imports.plan import ImportPlan
from chalicelib.imports.rows import raw_data
from chalicelib.imports.spent import Spent
from chalicelib.imports.undo import take_back_half
from chalicelib.imports.waiting import waiting_eans
from chalicelib.imports.work import ChunkWork, StoredCatalogue, mark, work_out
from chalicelib.model.import_job import Counters, ErrorPolicy, ImportJob, JobState, Move, Phase
from chalicelib.model.row_error import RowError, Severity
from chalicelib.services import Services
from chalicelib.store import chunks, jobs, outbox, products, row_errors
from chalicelib.store.postgres import Cursor

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ChunkDone:
    """What is left to do once a chunk's transaction is committed. ``failed`` is the job that a bad row has ended."""

    was_last: bool = False
    for_mirror: mirror.MirrorWork | None = None
    failed: ImportJob | None = None


def import_chunk(services: Services, workspace_id: int, job_id: int, run: int, number: int) -> None:
    """Bring one chunk of a run into the catalogue; the last one ends the job."""
    with services.database.workspace(workspace_id) as cursor:
        job = jobs.read(cursor, workspace_id, job_id)
        chunk = chunks.read(cursor, workspace_id, job_id, number)
    if job is None or chunk is None or job.run != run or job.state is not JobState.PROCESSING:
        log.info("chunk of an ended run", extra={"job": job_id, "run": run, "chunk": number})
        return
    if chunk.done_run == run:
        if job.chunks_done >= job.chunk_count:
            finish(services, workspace_id, job_id, run)
        return
    if job.phase is not Phase.WRITE:
        return
    assert job.plan is not None
    spent = Spent(services, job)
    plan = ImportPlan.from_json(job.plan)
    try:
        rows = read_rows(services, job, plan, chunk.range, spent)
    except (FileReplaced, NotFound) as error:
        fail(services, workspace_id, job_id, str(error), run=run)
        return
    try:
        done = services.database.retrying(
            workspace_id, lambda cursor: _import(services, cursor, job, plan, number, rows, spent)
        )
    except Superseded:
        log.info("chunk undone", extra={"job": job_id, "run": run, "chunk": number})
        return
    if done.failed:
        settle_failed(services, done.failed)
        take_back_half(services, done.failed)
    if done.for_mirror:
        mirror.send(services, workspace_id, done.for_mirror, job_id=job_id)
    if done.was_last:
        finish(services, workspace_id, job_id, run)


def _import(
    services: Services,
    cursor: Cursor,
    job: ImportJob,
    plan: ImportPlan,
    number: int,
    rows: Sequence[FileRow],
    spent: Spent,
) -> ChunkDone:
    """One transaction's work. Raises Superseded when the run is over."""
    now = services.now()
    spent.attempt(cursor, now)
    if not chunks.mark_done(cursor, job.workspace_id, job.id, number, run=job.run, now=now):
        raise Superseded
    # What is known of a product must hold until it is written: a row may be good for one that is there only.
    products.share_inserts(cursor, job.workspace_id)
    work = work_out(StoredCatalogue(cursor, job), job.id, plan, rows)
    row_errors.add(cursor, job.workspace_id, job.id, job.run, work.findings)
    if work.refused and plan.error_policy is not ErrorPolicy.SKIP:
        return ChunkDone(failed=_stop(services, cursor, job, plan, work))
    written = products.Written()
    for_mirror = None
    if work.changed:
        written = _upsert(cursor, job, plan, work)
        for_mirror = mirror.MirrorWork(outbox.add_incoming(cursor, job.workspace_id), written.mirror_lines)
        changes.note_quietly(cursor, job.workspace_id, created=written.created, fields=plan.written_fields)
        pending_eans.resolve(cursor, job.workspace_id, [made.ean for _, made in work.changed if made.ean])
    if work.homeless:
        _let_wait(cursor, job, plan, work)
    counters = Counters(
        created=written.created,
        updated=written.updated,
        unchanged=work.unchanged,
        skipped=len(work.skipped),
        error_rows=len(work.refused),
        warnings=work.warnings,
    )
    last = jobs.count_chunk(
        cursor,
        job.workspace_id,
        job.id,
        run=job.run,
        counters=counters,
        now=now,
        lease_until=services.settings.lease_from(now),
        spent=spent.so_far(cursor),
    )
    if last is None:
        raise Superseded
    return ChunkDone(was_last=last, for_mirror=for_mirror)


def _upsert(cursor: Cursor, job: ImportJob, plan: ImportPlan, work: ChunkWork) -> products.Written:
    return products.upsert(
        cursor,
        job.workspace_id,
        job.id,
        _incoming(plan, work),
        cleared_fields=() if plan.keeps_blanks else plan.data_fields,
        clears_ean=plan.rows.has_ean and not plan.keeps_blanks,
        overwrites=plan.overwrite_existing,
        source=job.file_type,
        supplier_code=plan.supplier_code,
    )


def _incoming(plan: ImportPlan, work: ChunkWork) -> Iterator[products.IncomingRow]:
    headers = plan.rows.headers
    for row, made in work.changed:
        yield (
            made.sku,
            made.ean,
            made.name or "",
            orjson.dumps(made.data),
            raw_data(row.cells, headers),
            mark(row, made),
        )


def _let_wait(cursor: Cursor, job: ImportJob, plan: ImportPlan, work: ChunkWork) -> None:
    """Keep the EANs of rows that could be no product, unless their sku names one."""
    found = waiting_eans(plan, work.homeless)
    if found:
        known = products.known(cursor, job.workspace_id, [sku for sku, _ in found])
        waiting = [each for sku, each in found if sku not in known]
        pending_eans.add(cursor, job.workspace_id, job.id, plan.supplier_code, waiting)


def _stop(services: Services, cursor: Cursor, job: ImportJob, plan: ImportPlan, work: ChunkWork) -> ImportJob:
    """The job, failed by the bad rows of a chunk. Raises Superseded when it has ended otherwise."""
    if not jobs.count_findings(
        cursor, job.workspace_id, job.id, run=job.run, error_rows=len(work.refused), warnings=work.warnings
    ):
        raise Superseded
    failed = jobs.move(
        cursor,
        job.workspace_id,
        job.id,
        Move.FAIL,
        JobState.FAILED,
        now=services.now(),
        run=job.run,
        error_message=why_stopped(plan, work.findings),
    )
    assert failed is not None
    return failed


_KEPT = {ErrorPolicy.STOP: "stay", ErrorPolicy.ALL_OR_NOTHING: "are taken back"}


def why_stopped(plan: ImportPlan, findings: Sequence[RowError]) -> str:
    """What is said of a job that a bad row has ended: the first one, of those found with it."""
    errors = (each for each in findings if each.severity is Severity.ERROR)
    first = min(errors, key=lambda each: each.row_number)
    what = f"{first.column or first.field}: {first.message}" if first.column or first.field else first.message
    return (
        f"Row {first.row_number} (line {first.line}) is bad and error_policy is {plan.error_policy.value},"
        f" so the import ended there. {what.rstrip('.')}. Rows that were imported before {_KEPT[plan.error_policy]}."
    )
