"""Dry run: the import's own path over the whole file, and nothing written.

Pixeepim document, "Dry-run (preview)"; shared spec, section 1 "Dry-run". In: a job that has not started; one that is
pending is analysed first, which is all that stays of a dry run. Out: what each row would do, counted, with the first
rows in full. A job in file order would come to the same counts; where a bad row ends it, they are those of that end,
while the bad rows of the whole file are told.

A caller waits for the answer, so only so many rows are looked at (``Settings.dry_run_rows``, ``dry_run_seconds``).
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from chalicelib.errors import FileReplaced, MirrorRefused, NotFound, Unavailable
from chalicelib.imports import history
from chalicelib.imports.analyze import analyze_now
from chalicelib.imports.dispatch import missing_column, nothing_written
from chalicelib.imports.file_rows import FileRow, read_rows
from chalicelib.imports.imagined import ImaginedCatalogue
from chalicelib.imports.import_chunk import why_stopped
from chalicelib.imports.mapping import Draft, draft
from chalicelib.imports.plan import ImportPlan
from chalicelib.imports.preview import Preview
from chalicelib.imports.work import ChunkWork, StoredCatalogue, look_over, work_out
from chalicelib.model.import_job import ErrorPolicy, ImportJob, JobState, Move, refuse
from chalicelib.model.outcomes import ChunkRange, DryRun, TouchedSegment
from chalicelib.model.row_error import RowError, Severity
from chalicelib.services import Services
from chalicelib.store import chunks, memberships, segments
from chalicelib.store.postgres import Cursor

log = logging.getLogger(__name__)

PREVIEW_ROWS = 50
FINDINGS = 200
LOOKED_UP_SKUS = 10_000
"""Changed products that are looked for in the segments."""


def dry_run(services: Services, workspace_id: int, job_id: int) -> DryRun:
    """What the import would do. Raises NotFound, IllegalTransition, InvalidValue for a mapping that cannot be, and of a
    pending job what ``analyze_now`` raises.
    """
    job = _job(services, workspace_id, job_id)
    with services.database.workspace(workspace_id) as cursor:
        drafted = draft(services, cursor, job)
        spans = chunks.ranges(cursor, workspace_id, job.id)
    trial = _Trial(services, job, drafted.plan)
    give_up_at = services.now() + timedelta(seconds=services.settings.dry_run_seconds)
    for span in spans:
        if trial.rows_checked >= services.settings.dry_run_rows or services.now() >= give_up_at:
            break
        trial.go_on(span)
    return _told(services, job, drafted, trial)


def _job(services: Services, workspace_id: int, job_id: int) -> ImportJob:
    job = history.read(services, workspace_id, job_id)
    refuse(Move.DRY_RUN, job.state)
    if job.state is JobState.PENDING:
        job = analyze_now(services, workspace_id, job)
        refuse(Move.DRY_RUN, job.state)
    return job


@dataclass(slots=True)
class _Tally:
    """What the rows came to so far; the first findings of each severity."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    bad: int = 0
    warnings: int = 0
    changed_skus: dict[str, None] = field(default_factory=dict)
    errors: list[RowError] = field(default_factory=list)
    told_warnings: list[RowError] = field(default_factory=list)

    def find(self, findings: Sequence[RowError]) -> None:
        errors = [each for each in findings if each.severity is Severity.ERROR]
        warnings = [each for each in findings if each.severity is Severity.WARNING]
        self.warnings += len(warnings)
        self.errors += errors[: FINDINGS - len(self.errors)]
        self.told_warnings += warnings[: FINDINGS - len(self.told_warnings)]

    @property
    def first_findings(self) -> list[RowError]:
        kept = [*self.errors, *self.told_warnings][:FINDINGS]
        return sorted(kept, key=lambda each: each.row_number)


class _Trial:
    """An import in file order, of which nothing stays."""

    def __init__(self, services: Services, job: ImportJob, plan: ImportPlan) -> None:
        self.rows_checked = 0
        self.preview = Preview(plan, PREVIEW_ROWS)
        self.written = _Tally()
        self.checked = _Tally()
        self._services = services
        self._job = job
        self._plan = plan
        self._catalogue = ImaginedCatalogue(plan, job.id)
        self._check = ImaginedCatalogue(plan, job.id)
        self._stopped: str | None = None
        for tally in (self.written, self.checked):
            tally.find(list(map(missing_column, plan.missing_columns)))

    @property
    def would_fail(self) -> str | None:
        if self.checked.bad:
            return nothing_written(self.checked.bad, self._job.total_rows)
        return self._stopped

    def go_on(self, span: ChunkRange) -> None:
        """The next chunk."""
        rows = _read(self._services, self._job, self._plan, span)
        with self._services.database.workspace(self._job.workspace_id) as cursor:
            stored = StoredCatalogue(cursor, self._job)
            if self._plan.error_policy is ErrorPolicy.ALL_OR_NOTHING:
                self._look_over(stored, rows)
            self._catalogue.stored = stored
            work = self._work_out(rows)
            self.preview.add(stored, self._catalogue, rows, work)
        self.rows_checked += len(rows)
        self._count(work)

    def _look_over(self, stored: StoredCatalogue, rows: Sequence[FileRow]) -> None:
        """What the check before the first write would find."""
        self._check.stored = stored
        work = look_over(stored, self._job.id, self._plan, rows, lambda values, _: self._check.first_rows(values))
        self.checked.bad += len(work.refused)
        self.checked.find([each for each in work.findings if each.severity is Severity.ERROR])

    def _work_out(self, rows: Sequence[FileRow]) -> ChunkWork:
        return work_out(self._catalogue, self._job.id, self._plan, rows)

    def _count(self, work: ChunkWork) -> None:
        """Take over what the chunk does, unless the job has ended before it or ends with it."""
        self.written.bad += len(work.refused)
        self.written.find(work.findings)
        if work.refused and self._plan.error_policy is not ErrorPolicy.SKIP:
            self._stopped = self._stopped or why_stopped(self._plan, work.findings)
        if self._stopped:
            self._catalogue.write(())
            return
        for _, made in work.changed:
            if not self._catalogue.is_there(made.sku):
                self.written.created += 1
                continue
            self.written.updated += 1
            if len(self.written.changed_skus) <= LOOKED_UP_SKUS:
                self.written.changed_skus[made.sku] = None
        self.written.unchanged += work.unchanged
        self.written.skipped += len(work.skipped)
        self._catalogue.write(work.changed)


def _read(services: Services, job: ImportJob, plan: ImportPlan, span: ChunkRange) -> list[FileRow]:
    try:
        return read_rows(services, job, plan, span)
    except FileReplaced as error:
        raise NotFound(str(error)) from error


def _told(services: Services, job: ImportJob, drafted: Draft, trial: _Trial) -> DryRun:
    assert job.analysis is not None
    nothing = bool(trial.checked.bad)
    tally = trial.checked if nothing else trial.written
    touched = list(tally.changed_skus)
    return DryRun(
        job_id=job.id,
        job_uuid=job.uuid,
        total_rows=job.total_rows,
        rows_checked=trial.rows_checked,
        preview_rows=trial.preview.rows,
        findings=tally.first_findings,
        products_to_create=tally.created,
        products_to_update=tally.updated,
        products_unchanged=tally.unchanged,
        rows_skipped=tally.skipped,
        rows_with_errors=tally.bad,
        warnings=tally.warnings,
        mapping_source=drafted.source,
        mapping={header: drafted.mapped.get(header) for header in job.analysis["headers"]},
        new_fields=drafted.new_fields,
        segments=_touched_segments(services, job.workspace_id, touched[:LOOKED_UP_SKUS]),
        segments_complete=len(touched) <= LOOKED_UP_SKUS,
        would_fail=trial.would_fail,
    )


def _touched_segments(services: Services, workspace_id: int, skus: Sequence[str]) -> list[TouchedSegment]:
    """The active segments with a set. While ClickHouse is away nobody knows who is in them, and none is told of."""
    with services.database.workspace(workspace_id) as cursor:
        active = _active(cursor, workspace_id)
    if not active:
        return []
    computes = {segment_id: compute for segment_id, (_, compute) in active.items()}
    try:
        held = memberships.holding_many(services.mirror, workspace_id, computes, skus)
    except (Unavailable, MirrorRefused) as error:
        log.warning("segments left out of a dry run", extra={"workspace": workspace_id, "why": str(error)})
        return []
    return [TouchedSegment(segment_id, name, held.get(segment_id, 0)) for segment_id, (name, _) in active.items()]


def _active(cursor: Cursor, workspace_id: int) -> dict[int, tuple[str, int]]:
    """Id to name and current compute."""
    return {
        each.id: (each.name, each.current_compute)
        for each in segments.list_all(cursor, workspace_id)
        if each.is_active and each.current_compute is not None
    }
