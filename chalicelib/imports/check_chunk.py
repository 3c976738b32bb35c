"""Step 5 before step 5, check a chunk: where every row is to be looked at before the first is written.

``error_policy`` all_or_nothing asks for it, and rules that compare rows of the file: the lowest row with a value keeps
it, which is known once all chunks were looked at. One transaction holds the claims to values, the findings, the chunk's
mark and the job's count, with the fence as its last statement, as an import's does. Nothing goes into the catalogue.

Findings are kept only where they are the last word: errors, when one of them ends the job. Everything else is found
again and told by the write.
"""

import logging
from collections.abc import Mapping, Sequence

from chalicelib.errors import FileReplaced, NotFound, Superseded
from chalicelib.imports.dispatch import end_check, take_up
from chalicelib.imports.file_rows import FileRow, read_rows
from chalicelib.imports.finish import fail
from chalicelib.imports.plan import ImportPlan
from chalicelib.imports.unique import UniqueValue, not_unique
from chalicelib.imports.work import ChunkWork, StoredCatalogue, look_over
from chalicelib.model.import_job import ErrorPolicy, ImportJob, JobState, Phase
from chalicelib.model.row_error import Severity
from chalicelib.services import Services
from chalicelib.store import chunks, jobs, products, row_errors
from chalicelib.store.postgres import Cursor

log = logging.getLogger(__name__)


def check_chunk(services: Services, workspace_id: int, job_id: int, run: int, number: int) -> None:
    """Look at one chunk of a run; the last one fails the job or sends what is to be written."""
    with services.database.workspace(workspace_id) as cursor:
        job = jobs.read(cursor, workspace_id, job_id)
        chunk = chunks.read(cursor, workspace_id, job_id, number)
    if job is None or chunk is None or job.run != run or job.state is not JobState.PROCESSING:
        log.info("chunk of an ended run", extra={"job": job_id, "run": run, "chunk": number})
        return
    if chunk.checked_run == run:
        if job.chunks_checked >= job.chunk_count:
            take_up(services, job)
        return
    if job.phase is not Phase.CHECK:
        return
    assert job.plan is not None
    plan = ImportPlan.from_json(job.plan)
    try:
        rows = read_rows(services, job, plan, chunk.range)
    except (FileReplaced, NotFound) as error:
        fail(services, workspace_id, job_id, str(error), run=run)
        return
    try:
        was_last = services.database.retrying(
            workspace_id, lambda cursor: _check(services, cursor, job, plan, number, rows)
        )
    except Superseded:
        log.info("check undone", extra={"job": job_id, "run": run, "chunk": number})
        return
    if was_last:
        end_check(services, workspace_id, job_id, run)


def _check(
    services: Services, cursor: Cursor, job: ImportJob, plan: ImportPlan, number: int, rows: Sequence[FileRow]
) -> bool:
    """One transaction's work; whether the chunk was the last. Raises Superseded when the run is over."""
    now = services.now()
    if not chunks.mark_checked(cursor, job.workspace_id, job.id, number, run=job.run):
        raise Superseded

    def claim(values: Sequence[UniqueValue], work: ChunkWork) -> Mapping[str, int]:
        return _claim(cursor, job, plan, values, work)

    work = look_over(StoredCatalogue(cursor, job), job.id, plan, rows, claim)
    if plan.error_policy is ErrorPolicy.ALL_OR_NOTHING:
        errors = [each for each in work.findings if each.severity is Severity.ERROR]
        row_errors.add(cursor, job.workspace_id, job.id, job.run, errors)
    last = jobs.count_check(
        cursor, job.workspace_id, job.id, run=job.run, now=now, lease_until=services.settings.lease_from(now)
    )
    if last is None:
        raise Superseded
    return last


def _claim(
    cursor: Cursor, job: ImportJob, plan: ImportPlan, values: Sequence[UniqueValue], work: ChunkWork
) -> Mapping[str, int]:
    """The lowest row of each value, of those that were looked at so far. A row of another chunk that was the lowest
    until now is told of here, once.
    """
    first_here: dict[str, UniqueValue] = {}
    for value in values:
        first_here.setdefault(value.key, value)
    claims = products.claim_values(
        cursor,
        job.workspace_id,
        job.id,
        job.run,
        ((key, value.row.number, value.row.line) for key, value in first_here.items()),
    )
    lowest = {}
    for claim in claims:
        lowest[claim.key] = claim.row_number
        value = first_here[claim.key]
        if claim.row_number == value.row.number and claim.previous_row is not None and claim.previous_line is not None:
            later = value.row._replace(number=claim.previous_row, line=claim.previous_line)
            work.note(later, [not_unique(plan, value, claim.row_number)])
    return lowest
