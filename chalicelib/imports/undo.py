"""Undo: a job that brings back what an import changed, from what the import's chunks kept of before.

Products the import made are removed, products it changed get their former values, unless something newer has touched
them: those are left alone and told as conflicts. The writes of the import are taken back one by one, the last one
first, so that a product that was written twice goes back by both steps, and an EAN that moved from one product to
another finds its way home. A product that was brought back counts as being what it was then: undoing the import before
the last one goes on from there.

The job is worked off in parts, one after the other (each sends the next), each in one transaction with its mark, its
counters and the fence, as an import's chunk is. What was taken back is forgotten with it: it is done once, a cancelled
undo keeps what it has done, and a retry, or another one, goes on with the rest.

Not undone: what the mapping taught, fields the schema gained, and EANs that left the pending list.

Its counters: ``updated`` products brought back (``spent`` says how many of them were removed), ``skipped`` conflicts,
``unchanged`` what there was nothing to do for: made by the import and deleted since, or on the way to an earlier state.
"""

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal, Protocol, overload

from chalicelib.catalog import changes, mirror, pending_eans
from chalicelib.errors import Conflict, IllegalTransition, NotFound, Superseded, Unavailable
from chalicelib.ids import make_job_uuid
from chalicelib.imports.dispatch import announce, take_up
from chalicelib.imports.plan import ImportPlan
from chalicelib.imports.spent import Spent
from chalicelib.imports.take_back import LeftAlone, Step, decide
from chalicelib.model.import_job import RUNNING, Counters, ErrorPolicy, ImportJob, JobKind, JobState, Move, refuse
from chalicelib.model.outcomes import ChunkRange, Undone, UndoPreview
from chalicelib.services import Services
from chalicelib.store import chunks, jobs, outbox, products, row_errors
from chalicelib.store import undo as kept
from chalicelib.store.postgres import Cursor
from chalicelib.store.undo import EanOwner, PresentProduct, Write

log = logging.getLogger(__name__)

_CONFLICTS_SHOWN = 100
_FORGOTTEN_AT_ONCE = 200

_REMOVED = "removed"


# The job --------------------------------------------------------------------------------------------------------------


@overload
def undo(services: Services, workspace_id: int, job_id: int, *, dry_run: Literal[False] = False) -> ImportJob: ...


@overload
def undo(services: Services, workspace_id: int, job_id: int, *, dry_run: Literal[True]) -> UndoPreview: ...


@overload
def undo(services: Services, workspace_id: int, job_id: int, *, dry_run: bool) -> ImportJob | UndoPreview: ...


def undo(services: Services, workspace_id: int, job_id: int, *, dry_run: bool = False) -> ImportJob | UndoPreview:
    """The queued job that undoes an import; with ``dry_run`` what it would do now, and nothing is written.

    Raises NotFound, IllegalTransition unless the import has ended, and Conflict when it is no import, was undone, is
    being undone, or ended too long ago.
    """
    return _preview(services, workspace_id, job_id) if dry_run else _begin(services, workspace_id, job_id)


def take_back_half(services: Services, failed: ImportJob) -> None:
    """Undo what a failed all-or-nothing import had written: a row may turn bad between its check and the write.

    What cannot be undone now (nobody answers) the tick takes back: ``take_back_halves``.
    """
    if failed.error_policy is not ErrorPolicy.ALL_OR_NOTHING or not failed.chunks_done:
        return
    try:
        undo(services, failed.workspace_id, failed.id)
    except (Conflict, IllegalTransition, NotFound, Unavailable) as error:
        log.warning("half an import is left for now", extra={"job": failed.id, "why": str(error)})


def take_back_halves(services: Services) -> int:
    """Failed all-or-nothing imports of all workspaces whose undoing was asked for."""
    with services.database.sweep() as cursor:
        found = kept.half_written(cursor, limit=_FORGOTTEN_AT_ONCE)
    for workspace_id, job_id in found:
        with services.database.workspace(workspace_id) as cursor:
            job = jobs.read(cursor, workspace_id, job_id)
        if job is not None:
            take_back_half(services, job)
    return len(found)


def undone(job: ImportJob) -> Undone:
    """What an undo has done so far."""
    removed = int(job.spent.get("run", {}).get(_REMOVED, 0))
    return Undone(removed, job.counters.updated - removed, job.counters.skipped)


def allow_retry(cursor: Cursor, job: ImportJob) -> None:
    """Before a job that the caller holds locked runs again: an import is then no longer undone, whatever was; an undo
    must still be the last one of its import. Raises Conflict.
    """
    if job.kind is JobKind.IMPORT:
        refuse_while_undone(cursor, job)
        if job.undone_by is not None:
            kept.set_undone_by(cursor, job.workspace_id, job.id, None)
        return
    undone_job = jobs.lock(cursor, job.workspace_id, job.undo_of) if job.undo_of else None
    if undone_job is None or undone_job.undone_by != job.id:
        raise Conflict("The import that was to be undone has gone on since; undo that one again.")


def refuse_while_undone(cursor: Cursor, job: ImportJob) -> None:
    """Raise Conflict while an undo of this job is under way. The caller holds the job locked."""
    if _is_being_undone(cursor, job):
        raise Conflict("The import is being undone: wait for that to end, or cancel it.")


def forget_old(services: Services) -> int:
    """Imports that can no longer be undone, whose way back was deleted."""
    before = services.now() - timedelta(days=services.settings.undo_days)
    with services.database.sweep() as cursor:
        found = kept.past_undoing(cursor, before=before, limit=_FORGOTTEN_AT_ONCE)
    forgotten = 0
    for workspace_id, job_id in found:
        with services.database.workspace(workspace_id) as cursor:
            job = jobs.lock(cursor, workspace_id, job_id)
            if job is None or not job.completed_at or job.completed_at >= before or _is_being_undone(cursor, job):
                continue
            kept.forget_job(cursor, workspace_id, job_id)
            forgotten += 1
    return forgotten


def _is_being_undone(cursor: Cursor, job: ImportJob) -> bool:
    undoing = jobs.read(cursor, job.workspace_id, job.undone_by) if job.undone_by else None
    return undoing is not None and undoing.state in RUNNING


def _begin(services: Services, workspace_id: int, job_id: int) -> ImportJob:
    now = services.now()
    with services.database.workspace(workspace_id) as cursor:
        job = jobs.lock(cursor, workspace_id, job_id)
        writes = _undoable(services, cursor, job, job_id)
        assert job is not None
        parts = _parts(writes, services.settings.chunk_rows)
        undoing = jobs.create(
            cursor,
            workspace_id,
            jobs.NewJob(
                uuid=make_job_uuid(int(now.timestamp() * 1000), services.random_bits()),
                state=JobState.READY,
                import_type=job.import_type,
                file_name=job.file_name,
                file_type=job.file_type,
                file_key=None,
                match_on=job.match_on,
                kind=JobKind.UNDO,
                undo_of=job.id,
                supplier_id=job.supplier_id,
                supplier_code=job.supplier_code,
                total_rows=sum(part.rows for part in parts),
                chunk_count=len(parts),
            ),
        )
        chunks.create(cursor, workspace_id, undoing, parts)
        kept.set_undone_by(cursor, workspace_id, job.id, undoing)
        queued = jobs.move(
            cursor,
            workspace_id,
            undoing,
            Move.START,
            JobState.QUEUED,
            now=now,
            lease_until=services.settings.lease_from(now),
            new_run=True,
        )
    assert queued is not None
    announce(services, queued)
    return queued


def _undoable(services: Services, cursor: Cursor, job: ImportJob | None, job_id: int) -> list[Write]:
    """What is to be taken back, the latest first. Raises what ``undo`` raises."""
    if job is None:
        raise NotFound(f"There is no import {job_id}.")
    if job.kind is not JobKind.IMPORT:
        raise Conflict("This job undoes an import and cannot be undone itself: import the file again.")
    refuse(Move.UNDO, job.state)
    assert job.completed_at is not None
    days = services.settings.undo_days
    if job.completed_at < services.now() - timedelta(days=days):
        raise Conflict(f"The import ended more than {days} days ago; what it changed is no longer kept.")
    writes = kept.writes(cursor, job.workspace_id, job.id)
    if job.undone_by is not None:
        _refuse_second(cursor, job, writes)
    elif not writes and job.counters.created + job.counters.updated > 0:
        raise Conflict("Nothing was kept of what this import changed: it is older than the undo.")
    return writes


def _refuse_second(cursor: Cursor, job: ImportJob, writes: Sequence[Write]) -> None:
    """Raise Conflict unless the undo there was has left something to do."""
    refuse_while_undone(cursor, job)
    assert job.undone_by is not None
    first = jobs.read(cursor, job.workspace_id, job.undone_by)
    if first.state is JobState.COMPLETED if first else not writes:
        raise Conflict("The import was undone already.")


def _parts(writes: Sequence[Write], most: int) -> list[ChunkRange]:
    """Writes that are taken back together, up to ``most`` products unless one alone has more.

    In the ledger ``[byte_start, byte_end)`` are the numbers of the writes, and the rows are products from 1 on.
    """
    parts: list[ChunkRange] = []
    together: list[Write] = []

    def close() -> None:
        first_row = 1 + sum(part.rows for part in parts)
        count = sum(write.products for write in together)
        parts.append(ChunkRange(len(parts), together[-1].id, together[0].id + 1, first_row, count, 0))

    for write in writes:
        if together and sum(each.products for each in together) + write.products > most:
            close()
            together = []
        together.append(write)
    if together:
        close()
    return parts


# A part ---------------------------------------------------------------------------------------------------------------


def undo_part(services: Services, workspace_id: int, job_id: int, run: int, number: int) -> None:
    """Take back one part of what an import wrote, and ask for the next; after the last the job ends."""
    with services.database.workspace(workspace_id) as cursor:
        job = jobs.read(cursor, workspace_id, job_id)
        part = chunks.read(cursor, workspace_id, job_id, number)
    if job is None or part is None or job.run != run or job.state is not JobState.PROCESSING:
        log.info("part of an ended undo", extra={"job": job_id, "run": run, "chunk": number})
        return
    if part.done_run < run:
        spent = Spent(services, job)
        try:
            for_mirror = services.database.retrying(
                workspace_id, lambda cursor: _take_back(services, cursor, job, part.range, spent)
            )
        except Superseded:
            log.info("part undone", extra={"job": job_id, "run": run, "chunk": number})
            return
        if for_mirror is not None:
            mirror.send(services, workspace_id, for_mirror, job_id=job_id)
    take_up(services, job)


def _take_back(
    services: Services, cursor: Cursor, job: ImportJob, part: ChunkRange, spent: Spent
) -> mirror.MirrorWork | None:
    """One transaction's work. Raises Superseded when the run is over."""
    now = services.now()
    spent.attempt(cursor, now)
    if not chunks.mark_done(cursor, job.workspace_id, job.id, part.number, run=job.run, now=now):
        raise Superseded
    assert job.undo_of is not None
    imported = jobs.read(cursor, job.workspace_id, job.undo_of)
    assert imported is not None
    writes = kept.writes_between(cursor, job.workspace_id, imported.id, part.byte_start, part.byte_end)
    if any(write.created for write in writes):
        products.bar_inserts(cursor, job.workspace_id)
    done = _Done()
    for write in writes:
        done.add(_undo_write(cursor, imported, write))
    for_mirror = _tell(cursor, imported, done)
    kept.forget_writes(cursor, job.workspace_id, imported.id, [write.id for write in writes])
    findings = [each.finding(number) for number, each in enumerate(done.left_alone, 1 + job.counters.skipped)]
    row_errors.add(cursor, job.workspace_id, job.id, job.run, findings)
    counters = Counters(
        updated=done.removed + done.restored,
        unchanged=sum(write.products for write in writes) - done.removed - done.restored - len(findings),
        skipped=len(findings),
        warnings=len(findings),
    )
    last = jobs.count_chunk(
        cursor,
        job.workspace_id,
        job.id,
        run=job.run,
        counters=counters,
        now=now,
        lease_until=services.settings.lease_from(now),
        spent={_REMOVED: done.removed, **spent.so_far(cursor)},
    )
    if last is None:
        raise Superseded
    if last:
        kept.forget_job(cursor, job.workspace_id, imported.id)
    return for_mirror


@dataclass(slots=True)
class _Done:
    """What was done with some writes, so far."""

    removed: int = 0
    restored: int = 0
    left_alone: list[LeftAlone] = field(default_factory=list)
    skus: list[str] = field(default_factory=list)

    def add(self, step: Step) -> None:
        self.removed += len(step.remove)
        self.restored += step.brought_back
        self.left_alone += step.left_alone
        self.skus += [each.sku for each in step.remove] + [each.sku for each in step.restore]


def _undo_write(cursor: Cursor, imported: ImportJob, write: Write) -> Step:
    workspace_id = imported.workspace_id
    step = _decide(cursor, imported, write, _Held(cursor, workspace_id))
    if step.remove:
        kept.remove(cursor, workspace_id, [each.product_id for each in step.remove])
    if step.release:
        kept.release_eans(cursor, workspace_id, [each.product_id for each in step.release])
    if step.restore:
        restored = [each.product_id for each in step.restore]
        kept.restore(cursor, workspace_id, imported.id, write.id, restored)
        pending_eans.resolve(cursor, workspace_id, {each.ean for each in step.restore if each.ean})
    return step


def _tell(cursor: Cursor, imported: ImportJob, done: _Done) -> mirror.MirrorWork | None:
    """What the mirror is to hear, and the segments, of what this transaction did."""
    if not done.skus:
        return None
    assert imported.plan is not None
    workspace_id = imported.workspace_id
    fields = ImportPlan.from_json(imported.plan).written_fields
    changes.note_quietly(cursor, workspace_id, deleted=done.removed, fields=fields)
    skus = sorted(set(done.skus))
    entry_id = outbox.add_restored(cursor, workspace_id, skus, removed=done.removed > 0)
    return mirror.MirrorWork(entry_id, outbox.lines(cursor, workspace_id, entry_id))


# The catalogue a write is taken back from -----------------------------------------------------------------------------


class _Catalogue(Protocol):
    def products(self, product_ids: Collection[int]) -> Iterable[PresentProduct]:
        """Those of these products that are there."""
        ...

    def ean_owners(self, eans: Collection[str]) -> Mapping[str, EanOwner]:
        """The product that holds each EAN, for those that are held."""
        ...


def _decide(cursor: Cursor, imported: ImportJob, write: Write, catalogue: _Catalogue) -> Step:
    created = kept.created(cursor, imported.workspace_id, imported.id, write.id)
    changed = kept.changed(cursor, imported.workspace_id, imported.id, write.id)
    ids = [each.product_id for each in created] + [each.product_id for each in changed]
    present = {each.product_id: each for each in catalogue.products(ids)}
    return decide(created, changed, present, catalogue.ean_owners)


@dataclass(frozen=True, slots=True)
class _Held:
    """The products as they are, held to the transaction's end."""

    cursor: Cursor
    workspace_id: int

    def products(self, product_ids: Collection[int]) -> Iterable[PresentProduct]:
        return kept.lock_products(self.cursor, self.workspace_id, product_ids)

    def ean_owners(self, eans: Collection[str]) -> Mapping[str, EanOwner]:
        return kept.ean_owners(self.cursor, self.workspace_id, eans)


class _Imagined:
    """The products as they would be after the steps it was told of, with nothing held or written."""

    def __init__(self, cursor: Cursor, workspace_id: int) -> None:
        self._cursor = cursor
        self._workspace_id = workspace_id
        self._products: dict[int, PresentProduct | None] = {}
        self._owners: dict[str, EanOwner | None] = {}

    def products(self, product_ids: Collection[int]) -> Iterable[PresentProduct]:
        unknown = [each for each in product_ids if each not in self._products]
        stored = kept.see_products(self._cursor, self._workspace_id, unknown)
        self._products |= dict.fromkeys(unknown) | {each.product_id: each for each in stored}
        return [product for each in product_ids if (product := self._products[each]) is not None]

    def ean_owners(self, eans: Collection[str]) -> Mapping[str, EanOwner]:
        stored = kept.ean_owners(self._cursor, self._workspace_id, eans)
        imagined = {ean: self._owners[ean] for ean in eans if ean in self._owners}
        return {ean: owner for ean, owner in {**stored, **imagined}.items() if owner is not None}

    def take(self, step: Step) -> None:
        for each in [*step.remove, *step.release]:
            if each.ean is not None:
                self._owners[each.ean] = None
        for each in step.remove:
            self._products[each.product_id] = None
        for was in step.restore:
            self._products[was.product_id] = PresentProduct(was.product_id, was.sku, was.ean, was.old_version)
            if was.ean is not None:
                self._owners[was.ean] = EanOwner(was.product_id, was.sku)


# Trying it out --------------------------------------------------------------------------------------------------------


def _preview(services: Services, workspace_id: int, job_id: int) -> UndoPreview:
    """The very decisions of the undo, on the catalogue as it would be after each step."""
    with services.database.workspace(workspace_id) as cursor:
        job = jobs.read(cursor, workspace_id, job_id)
        writes = _undoable(services, cursor, job, job_id)
        assert job is not None
        imagined = _Imagined(cursor, workspace_id)
        done = _Done()
        looked_at = 0
        for write in writes:
            if looked_at and looked_at + write.products > services.settings.dry_run_rows:
                break
            looked_at += write.products
            step = _decide(cursor, job, write, imagined)
            imagined.take(step)
            done.add(step)
    findings = [each.finding(number) for number, each in enumerate(done.left_alone[:_CONFLICTS_SHOWN], 1)]
    return UndoPreview(
        Undone(done.removed, done.restored, len(done.left_alone)),
        findings,
        looked_at == sum(write.products for write in writes),
    )
