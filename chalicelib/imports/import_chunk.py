"""Step 5, import a chunk: one message, one ranged read, one PostgreSQL transaction, one ClickHouse insert.

The transaction holds the products, the row errors, the outbox entry, the chunk's mark and the job's counters, so that a
chunk has happened or has not. Its last statement is the fence: when the run was cancelled or started anew meanwhile,
all of it is undone. A redelivered message finds the mark and does nothing twice.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import orjson

from chalicelib.catalog import changes, mirror
from chalicelib.errors import FileReplaced, NotFound, Superseded
from chalicelib.formats import FORMATS
from chalicelib.imports.finish import FILE_GONE, fail, finish
from chalicelib.imports.plan import ImportPlan
from chalicelib.imports.rows import Converted, Problem, Refused, compile_row_converter, raw_data, row_hash
from chalicelib.model.import_job import Counters, ImportJob, JobState
from chalicelib.model.mapping import EAN, NAME, SKU
from chalicelib.model.outcomes import CsvDialect
from chalicelib.model.row_error import ErrorType, RowError, Severity
from chalicelib.services import Services
from chalicelib.store import chunks, jobs, outbox, products, row_errors
from chalicelib.store.postgres import Cursor
from chalicelib.store.products import KnownProduct

log = logging.getLogger(__name__)

_SOURCE = "csv"


_WITH_WARNINGS = b"!"
"""Ends the stored hash of a row that was accepted with warnings: its twin is converted again to say them again."""


class FileRow(NamedTuple):
    """A row as it stands in the file. ``key`` is its sku before conversion, or None where there is none to be had."""

    number: int
    line: int
    cells: list[str]
    key: str | None
    digest: bytes


Accepted = tuple[FileRow, Converted]


@dataclass(slots=True)
class ChunkWork:
    """What becomes of a chunk's rows, gathered until it is written."""

    incoming: list[products.IncomingRow] = field(default_factory=list)
    findings: list[RowError] = field(default_factory=list)
    unchanged: int = 0
    skipped: int = 0
    error_rows: int = 0

    def refuse(self, row: FileRow, problems: Iterable[Problem]) -> None:
        """The row is not imported, for these reasons."""
        self.error_rows += 1
        self.note(row, problems)

    def note(self, row: FileRow, problems: Iterable[Problem]) -> None:
        for problem in problems:
            self.findings.append(
                RowError(
                    row.number,
                    row.line,
                    problem.severity,
                    problem.error_type,
                    problem.message,
                    problem.field,
                    problem.column,
                    problem.raw_value,
                )
            )


@dataclass(frozen=True, slots=True)
class ChunkDone:
    """What is left to do once a chunk's transaction is committed."""

    was_last: bool
    for_mirror: mirror.MirrorWork | None


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
    assert job.plan is not None
    plan = ImportPlan.from_json(job.plan)
    try:
        rows = _read(services, job, plan, chunk)
    except (FileReplaced, NotFound) as error:
        fail(services, workspace_id, job_id, str(error), run=run)
        return
    try:
        done = services.database.retrying(
            workspace_id, lambda cursor: _import(services, cursor, job, plan, number, rows)
        )
    except Superseded:
        log.info("chunk undone", extra={"job": job_id, "run": run, "chunk": number})
        return
    if done.for_mirror:
        mirror.send(services, workspace_id, done.for_mirror)
    if done.was_last:
        finish(services, workspace_id, job_id, run)


def _read(services: Services, job: ImportJob, plan: ImportPlan, chunk: chunks.LedgerChunk) -> list[FileRow]:
    if job.content_key is None or job.content_version is None or job.analysis is None:
        raise NotFound(FILE_GONE)
    span = chunk.range
    content = services.files.read_range(job.content_key, job.content_version, span.byte_start, span.byte_end)
    key_at = plan.sku_position
    version = plan.rows.version
    return [
        FileRow(number, line, cells, _key(cells, key_at), row_hash(cells, version))
        for number, (line, cells) in enumerate(
            FORMATS["csv"].read_rows(content, CsvDialect(**job.analysis["dialect"]), first_line=span.first_line),
            start=span.first_row,
        )
    ]


def _key(cells: Sequence[str], key_at: int | None) -> str | None:
    """The sku of a row, or None where it has none that could be stored; its conversion will say why."""
    key = cells[key_at].strip() if key_at is not None and key_at < len(cells) else ""
    return key if key and "\0" not in key else None


def _import(
    services: Services, cursor: Cursor, job: ImportJob, plan: ImportPlan, number: int, rows: Sequence[FileRow]
) -> ChunkDone:
    """One transaction's work. Raises Superseded when the run is over."""
    now = services.now()
    if not chunks.mark_done(cursor, job.workspace_id, job.id, number, run=job.run, now=now):
        raise Superseded
    work = _work_out(cursor, job, plan, rows)
    written = products.Written()
    for_mirror = None
    if work.incoming:
        written = products.upsert(
            cursor,
            job.workspace_id,
            job.id,
            work.incoming,
            mapped_fields=plan.data_fields,
            has_ean=plan.rows.has_ean,
            source=_SOURCE,
            supplier_code=None,
        )
        for_mirror = mirror.MirrorWork(outbox.add_incoming(cursor, job.workspace_id), written.mirror_lines)
        changes.note_quietly(cursor, job.workspace_id, created=written.created, fields=_written_fields(plan))
    row_errors.add(cursor, job.workspace_id, job.id, job.run, work.findings)
    counters = Counters(
        created=written.created,
        updated=written.updated,
        unchanged=work.unchanged,
        skipped=work.skipped,
        error_rows=work.error_rows,
        warnings=sum(each.severity is Severity.WARNING for each in work.findings),
    )
    last = jobs.count_chunk(
        cursor,
        job.workspace_id,
        job.id,
        run=job.run,
        counters=counters,
        now=now,
        lease_until=services.settings.lease_from(now),
    )
    if last is None:
        raise Superseded
    return ChunkDone(was_last=last, for_mirror=for_mirror)


def _written_fields(plan: ImportPlan) -> set[str]:
    """The properties an import writes, as segments name them."""
    named = {NAME: plan.rows.has_name, EAN: plan.rows.has_ean}
    return {*plan.data_fields, *(name for name, given in named.items() if given), "source", "updated_at"}


def _work_out(cursor: Cursor, job: ImportJob, plan: ImportPlan, rows: Sequence[FileRow]) -> ChunkWork:
    """Which rows must be written, and what is wrong with the others.

    A stored hash stands for a row that these very rules accepted: its twin need not be converted again, unless it was
    accepted with warnings, which are then said again.
    """
    work = ChunkWork()
    convert = compile_row_converter(plan.rows)
    if plan.keys_are_unique:
        known = products.known(cursor, job.workspace_id, [row.key for row in rows if row.key])
        unknown = [row for row in rows if not (row.key and row.key in known and known[row.key].row_hash == row.digest)]
        work.unchanged += len(rows) - len(unknown)
        accepted = _accept(convert, unknown, work)
    else:
        accepted = _accept(convert, rows, work)
        known = products.known(cursor, job.workspace_id, [made.sku for _, made in accepted])
    if not plan.rows.has_name:
        accepted = _existing(accepted, known, work)
    if plan.rows.has_ean:
        accepted = _sole_owners(cursor, job, accepted, known, work)
    if not plan.keys_are_unique:
        # Only a row that will be imported may push out another; and the hash that counts is the one behind the claim.
        accepted = _last_of_each_key(cursor, job, accepted, work)
        known = products.known(cursor, job.workspace_id, [made.sku for _, made in accepted])
    for row, made in _changed(accepted, known, work):
        work.incoming.append(
            (
                made.sku,
                made.ean,
                made.name or "",
                orjson.dumps(made.data),
                raw_data(row.cells, plan.rows.headers),
                _mark(row, made),
            )
        )
    return work


def _accept(
    convert: Callable[[list[str]], Converted | Refused], rows: Iterable[FileRow], work: ChunkWork
) -> list[Accepted]:
    accepted = []
    for row in rows:
        made = convert(row.cells)
        if isinstance(made, Refused):
            work.refuse(row, made.problems)
        else:
            accepted.append((row, made))
    return accepted


def _mark(row: FileRow, made: Converted) -> bytes:
    """The hash a row is stored with."""
    return row.digest + _WITH_WARNINGS if made.warnings else row.digest


def _changed(accepted: Iterable[Accepted], known: Mapping[str, KnownProduct], work: ChunkWork) -> list[Accepted]:
    """Leave out rows whose twin is stored. Warnings are said of all."""
    changed = []
    for row, made in accepted:
        if made.warnings:
            work.note(row, made.warnings)
        stored = known.get(made.sku)
        if stored and stored.row_hash == _mark(row, made):
            work.unchanged += 1
        else:
            changed.append((row, made))
    return changed


def _last_of_each_key(cursor: Cursor, job: ImportJob, accepted: Sequence[Accepted], work: ChunkWork) -> list[Accepted]:
    """The last row in file order wins, here and across chunks, whatever order they finish in."""
    last_here: dict[str, Accepted] = {}
    for row, made in accepted:
        if pushed_out := last_here.pop(made.sku, None):
            work.skipped += 1
            work.note(pushed_out[0], [_pushed_out(made.sku, row.number)])
        last_here[made.sku] = (row, made)
    if not last_here:
        return []
    claims = products.claim_rows(
        cursor,
        job.workspace_id,
        job.id,
        job.run,
        ((key, row.number, row.line) for key, (row, _) in last_here.items()),
    )
    for claim in claims:
        row, _ = last_here[claim.key]
        if claim.row_number != row.number:
            del last_here[claim.key]
            work.skipped += 1
            work.note(row, [_pushed_out(claim.key, claim.row_number)])
        elif claim.previous_row is not None and claim.previous_line is not None:
            earlier = row._replace(number=claim.previous_row, line=claim.previous_line)
            work.note(earlier, [_pushed_out(claim.key, row.number)])
    return list(last_here.values())


def _pushed_out(key: str, by_row: int) -> Problem:
    return Problem(
        Severity.WARNING,
        ErrorType.DUPLICATE_IN_FILE,
        SKU,
        None,
        f'"{key}" comes again in row {by_row}; the last row of the file wins and this one was passed over.',
        key,
    )


def _existing(accepted: Iterable[Accepted], known: Mapping[str, KnownProduct], work: ChunkWork) -> list[Accepted]:
    """A file without a name column can change products, not make them."""
    existing = []
    for row, made in accepted:
        if made.sku in known:
            existing.append((row, made))
            continue
        message = f'"{made.sku}" is new and has no name: map a column to "name" to make new products.'
        work.refuse(row, [Problem(Severity.ERROR, ErrorType.MISSING_REQUIRED_FIELD, NAME, None, message, None)])
    return existing


def _sole_owners(
    cursor: Cursor, job: ImportJob, accepted: Sequence[Accepted], known: Mapping[str, KnownProduct], work: ChunkWork
) -> list[Accepted]:
    """One product an ean.

    A row whose product has another ean and claims one that belongs to a different product is refused: its sku and its
    ean say two things. A row whose product has none yet is taken without it, with a warning.
    """
    eans = [made.ean for _, made in accepted if made.ean]
    owners = products.ean_owners(cursor, job.workspace_id, eans) if eans else {}
    sole = []
    for row, made in accepted:
        owner = owners.setdefault(made.ean, made.sku) if made.ean else made.sku
        if owner != made.sku:
            message = f'EAN {made.ean} belongs to the product with sku "{owner}", not to "{made.sku}": one is wrong.'
            if made.sku in known and known[made.sku].ean:
                work.refuse(row, [Problem(Severity.ERROR, ErrorType.IDENTITY_CONFLICT, EAN, None, message, made.ean)])
                continue
            warning = Problem(Severity.WARNING, ErrorType.NOT_UNIQUE, EAN, None, message, made.ean)
            made.warnings += (warning,)
            made.ean = None
            made.data.pop(EAN, None)
        sole.append((row, made))
    return sole
