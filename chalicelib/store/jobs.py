"""Import jobs: made, read, and moved by one guarded UPDATE (``jobs.sql``)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from chalicelib.model.import_job import (
    FINISHED,
    MOVES,
    RUNNING,
    Counters,
    ErrorPolicy,
    ImportJob,
    JobKind,
    JobState,
    MappingSource,
    MatchOn,
    Move,
    Phase,
)
from chalicelib.model.outcomes import Stats
from chalicelib.store.postgres import Cursor
from chalicelib.store.sql import load_statements

_SQL = load_statements("jobs.sql")


@dataclass(frozen=True, slots=True)
class NewJob:
    """What a job is made of; the analysis is absent for a file that is still to arrive."""

    uuid: UUID
    state: JobState
    import_type: str
    file_name: str
    file_type: str
    file_key: str | None
    match_on: MatchOn
    kind: JobKind = JobKind.IMPORT
    undo_of: int | None = None
    reading: dict[str, Any] = field(default_factory=dict)
    source: dict[str, Any] | None = None
    supplier_id: UUID | None = None
    supplier_code: str | None = None
    template_id: UUID | None = None
    template_version: int | None = None
    auto_start: bool = False
    plan: dict[str, Any] | None = None
    file_bytes: int | None = None
    file_sha256: str | None = None
    content_key: str | None = None
    content_version: str | None = None
    analysis: dict[str, Any] | None = None
    suggestion: dict[str, Any] | None = None
    total_rows: int = 0
    chunk_count: int = 0
    lease_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class SilentJob:
    """A job whose lease ran out. ``alive``: some other job was worked on within a lease, so workers exist."""

    workspace_id: int
    id: int
    state: JobState
    takeovers: int
    alive: bool


def create(cursor: Cursor, workspace_id: int, job: NewJob) -> int:
    """The integer id of a job made now."""
    cursor.execute(
        _SQL["create"],
        {
            "workspace_id": workspace_id,
            "uuid": job.uuid,
            "state": job.state,
            "import_type": job.import_type,
            "file_name": job.file_name,
            "file_type": job.file_type,
            "file_bytes": job.file_bytes,
            "file_sha256": job.file_sha256,
            "file_key": job.file_key,
            "content_key": job.content_key,
            "kind": job.kind,
            "undo_of": job.undo_of,
            "reading": Jsonb(job.reading),
            "source": _json(job.source),
            "supplier_id": job.supplier_id,
            "supplier_code": job.supplier_code,
            "template_id": job.template_id,
            "template_version": job.template_version,
            "auto_start": job.auto_start,
            "plan": _json(job.plan),
            "content_version": job.content_version,
            "match_on": job.match_on,
            "analysis": _json(job.analysis),
            "suggestion": _json(job.suggestion),
            "total_rows": job.total_rows,
            "chunk_count": job.chunk_count,
            "lease_until": job.lease_until,
        },
    )
    row = cursor.fetchone()
    assert row is not None
    return int(row[0])


def read(cursor: Cursor, workspace_id: int, job_id: int) -> ImportJob | None:
    return _one(cursor, "read", {"workspace_id": workspace_id, "job_id": job_id})


def lock(cursor: Cursor, workspace_id: int, job_id: int) -> ImportJob | None:
    """The job, which nobody else can move until the transaction ends."""
    return _one(cursor, "lock", {"workspace_id": workspace_id, "job_id": job_id})


def read_by_uuid(cursor: Cursor, workspace_id: int, uuid: UUID) -> ImportJob | None:
    return _one(cursor, "read_by_uuid", {"workspace_id": workspace_id, "uuid": uuid})


def latest(cursor: Cursor, workspace_id: int, limit: int) -> list[ImportJob]:
    """The newest jobs first."""
    with cursor.connection.cursor(row_factory=dict_row) as reading:
        reading.execute(_SQL["latest"], {"workspace_id": workspace_id, "limit": limit})
        return [_job(row) for row in reading]


def move(
    cursor: Cursor,
    workspace_id: int,
    job_id: int,
    step: Move,
    to_state: JobState,
    *,
    now: datetime,
    run: int | None = None,
    lease_until: datetime | None = None,
    new_run: bool = False,
    goes_on: bool = False,
    from_states: Collection[JobState] | None = None,
    silent_since: datetime | None = None,
    error_message: str | None = None,
    mapping: dict[str, str | None] | None = None,
    confirmation: dict[str, Any] | None = None,
    plan: dict[str, Any] | None = None,
    mapping_source: MappingSource | None = None,
    rules: dict[str, Any] | None = None,
    options: dict[str, Any] | None = None,
    error_policy: ErrorPolicy | None = None,
    match_on: MatchOn | None = None,
    phase: Phase | None = None,
    transforms: dict[str, Any] | None = None,
) -> ImportJob | None:
    """The job after ``step``, or None when its state (or run) did not allow it.

    ``new_run`` starts a run: the run number rises and the counters begin at zero, unless it ``goes_on`` with what the
    run before has done. ``from_states`` narrows what the
    step allows; ``silent_since`` asks that the lease ran out before then. What is None stays as it is. Mapped, queued,
    started and completed times follow from the state moved to.
    """
    return _one(
        cursor,
        "move",
        {
            "workspace_id": workspace_id,
            "job_id": job_id,
            "from_states": list(MOVES[step] if from_states is None else MOVES[step] & frozenset(from_states)),
            "to_state": to_state,
            "silent_since": silent_since,
            "run": run,
            "run_step": 1 if new_run else 0,
            "anew": new_run and not goes_on,
            "now": now,
            "lease_until": lease_until,
            "error_message": "" if new_run else error_message,
            "started_at": now if to_state is JobState.PROCESSING else None,
            "completed_at": now if to_state in FINISHED else None,
            "mapping": _json(mapping),
            "confirmation": _json(confirmation),
            "plan": _json(plan),
            "mapping_source": mapping_source,
            "rules": _json(rules),
            "options": _json(options),
            "error_policy": error_policy,
            "match_on": match_on,
            "phase": phase,
            "transforms": _json(transforms),
            "retried": step is Move.RETRY if new_run else None,
            "mapped_at": now if to_state is JobState.READY or step is Move.CONFIRM else None,
            "queued_at": now if to_state is JobState.QUEUED else None,
        },
    )


def save_analysis(
    cursor: Cursor,
    workspace_id: int,
    job_id: int,
    *,
    file_name: str,
    file_type: str,
    file_bytes: int,
    file_sha256: str,
    file_key: str,
    content_key: str,
    content_version: str,
    analysis: dict[str, Any],
    suggestion: dict[str, Any],
    total_rows: int,
    chunk_count: int,
    now: datetime,
) -> ImportJob | None:
    """The job, which now awaits its mapping; None when it was no longer being analysed."""
    return _one(
        cursor,
        "save_analysis",
        {
            "workspace_id": workspace_id,
            "job_id": job_id,
            "from_states": list(MOVES[Move.AWAIT_MAPPING]),
            "to_state": JobState.AWAITING_MAPPING,
            "file_name": file_name,
            "file_type": file_type,
            "file_bytes": file_bytes,
            "file_sha256": file_sha256,
            "file_key": file_key,
            "content_key": content_key,
            "content_version": content_version,
            "analysis": Jsonb(analysis),
            "suggestion": Jsonb(suggestion),
            "total_rows": total_rows,
            "chunk_count": chunk_count,
            "now": now,
        },
    )


def note_trouble(cursor: Cursor, workspace_id: int, job_id: int, trouble: str) -> None:
    """Keep why an attempt at a job that is being analysed failed."""
    cursor.execute(_SQL["note_trouble"], {"workspace_id": workspace_id, "job_id": job_id, "trouble": trouble})


def add_note(cursor: Cursor, workspace_id: int, job_id: int, note: str) -> None:
    """Tell one more thing a person should know of the file of an analysed job."""
    cursor.execute(_SQL["add_note"], {"workspace_id": workspace_id, "job_id": job_id, "note": note})


def count_chunk(
    cursor: Cursor,
    workspace_id: int,
    job_id: int,
    *,
    run: int,
    counters: Counters,
    now: datetime,
    lease_until: datetime,
    spent: Mapping[str, int] | None = None,
) -> bool | None:
    """Whether this was the last chunk; None when the run is over and the caller must undo its work.

    ``spent`` is added up under ``run`` in the job's own.
    """
    cursor.execute(
        _SQL["count_chunk"],
        {
            "workspace_id": workspace_id,
            "job_id": job_id,
            "run": run,
            "created": counters.created,
            "updated": counters.updated,
            "unchanged": counters.unchanged,
            "skipped": counters.skipped,
            "error_rows": counters.error_rows,
            "warnings": counters.warnings,
            "now": now,
            "lease_until": lease_until,
            "spent": Jsonb(dict(spent or {})),
        },
    )
    row = cursor.fetchone()
    return None if row is None else bool(row[0])


def count_check(
    cursor: Cursor, workspace_id: int, job_id: int, *, run: int, now: datetime, lease_until: datetime
) -> bool | None:
    """Whether this was the last chunk to check; None when the run is over or past its check."""
    values = {"workspace_id": workspace_id, "job_id": job_id, "run": run, "now": now, "lease_until": lease_until}
    cursor.execute(_SQL["count_check"], values)
    row = cursor.fetchone()
    return None if row is None else bool(row[0])


def count_findings(
    cursor: Cursor, workspace_id: int, job_id: int, *, run: int, error_rows: int = 0, warnings: int = 0
) -> bool:
    """Whether the run still goes on; if so, its counters know of these rows."""
    values = {"workspace_id": workspace_id, "job_id": job_id, "run": run}
    cursor.execute(_SQL["count_findings"], {**values, "error_rows": error_rows, "warnings": warnings})
    return cursor.fetchone() is not None


def begin_writing(
    cursor: Cursor, workspace_id: int, job_id: int, *, run: int, now: datetime, lease_until: datetime
) -> ImportJob | None:
    """The job, whose rows are all checked, about to be written; None when it is not so, or already was."""
    values = {"workspace_id": workspace_id, "job_id": job_id, "run": run, "now": now, "lease_until": lease_until}
    return _one(cursor, "begin_writing", values)


def forget_file(cursor: Cursor, workspace_id: int, job_id: int) -> None:
    cursor.execute(_SQL["forget_file"], {"workspace_id": workspace_id, "job_id": job_id})


def silent(cursor: Cursor, *, now: datetime, alive_since: datetime, limit: int) -> list[SilentJob]:
    """Jobs of all workspaces whose lease ran out. Needs a sweeping transaction."""
    cursor.execute(_SQL["silent"], {"now": now, "alive_since": alive_since, "limit": limit})
    return [SilentJob(row[0], row[1], JobState(row[2]), row[3], row[4]) for row in cursor]


def archive(cursor: Cursor, workspace_id: int, job_id: int, *, is_archived: bool) -> None:
    """Hide a job from the default list, or show it again. The caller holds it locked."""
    cursor.execute(_SQL["archive"], {"workspace_id": workspace_id, "job_id": job_id, "is_archived": is_archived})


def delete(cursor: Cursor, workspace_id: int, job_id: int) -> None:
    """Take a job away with all that hangs on it. The caller holds it locked."""
    cursor.execute(_SQL["delete"], {"workspace_id": workspace_id, "job_id": job_id})


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which jobs a list is about; None and the empty set ask for no such thing. ``retried`` tells a queued retry from
    a queued start: (state, retried) pairs with retried None for both.
    """

    states: Sequence[tuple[JobState, bool | None]] = ()
    supplier_code: str | None = None
    is_archived: bool | None = False


def page(cursor: Cursor, workspace_id: int, wanted: Wanted, *, limit: int, offset: int) -> tuple[list[ImportJob], int]:
    """A page of the wanted jobs, the newest first, and how many there are in all."""
    values = {
        "workspace_id": workspace_id,
        "any_state": not wanted.states,
        "states": [state for state, retried in wanted.states if retried is not True],
        "retried_states": [state for state, retried in wanted.states if retried is not False],
        "supplier_code": wanted.supplier_code,
        "is_archived": wanted.is_archived,
    }
    cursor.execute(_SQL["count"], values)
    count = cursor.fetchone()
    assert count is not None
    with cursor.connection.cursor(row_factory=dict_row) as reading:
        reading.execute(_SQL["page"], {**values, "limit": limit, "offset": offset})
        return [_job(row) for row in reading], int(count[0])


def stats(cursor: Cursor, workspace_id: int) -> Stats:
    """What the imports of the workspace came to; undone ones count as what they were, undoing does not count."""
    cursor.execute(_SQL["stats"], {"workspace_id": workspace_id})
    row = cursor.fetchone()
    assert row is not None
    return Stats(*map(int, row))


def running(cursor: Cursor) -> list[tuple[int, int, JobState]]:
    """(workspace, job, state) of every job a worker owes something to. Needs a sweeping transaction."""
    cursor.execute(_SQL["running"], {"running": [*RUNNING, JobState.PENDING]})
    return [(row[0], row[1], JobState(row[2])) for row in cursor]


def take_over(
    cursor: Cursor, workspace_id: int, job_id: int, state: JobState, *, now: datetime, lease_until: datetime
) -> ImportJob | None:
    """The job with a lease of ours, or None when it moved meanwhile."""
    return _one(
        cursor,
        "take_over",
        {"workspace_id": workspace_id, "job_id": job_id, "state": state, "now": now, "lease_until": lease_until},
    )


def keeping_files(cursor: Cursor, *, before: datetime, limit: int) -> list[tuple[int, int]]:
    """(workspace, job) whose stored file has served. Needs a sweeping transaction."""
    cursor.execute(_SQL["keeping_files"], {"before": before, "limit": limit})
    return [(row[0], row[1]) for row in cursor]


def _one(cursor: Cursor, statement: str, values: dict[str, Any]) -> ImportJob | None:
    with cursor.connection.cursor(row_factory=dict_row) as reading:
        reading.execute(_SQL[statement], values)
        row = reading.fetchone()
    return None if row is None else _job(row)


def _json(value: dict[str, Any] | None) -> Jsonb | None:
    return None if value is None else Jsonb(value)


def _job(row: dict[str, Any]) -> ImportJob:
    counters = Counters(
        processed_rows=row["created"] + row["updated"] + row["unchanged"] + row["skipped"] + row["error_rows"],
        created=row["created"],
        updated=row["updated"],
        unchanged=row["unchanged"],
        skipped=row["skipped"],
        error_rows=row["error_rows"],
        warnings=row["warnings"],
    )
    return ImportJob(
        id=row["id"],
        uuid=row["uuid"],
        workspace_id=row["workspace_id"],
        kind=JobKind(row["kind"]),
        state=JobState(row["state"]),
        run=row["run"],
        phase=Phase(row["phase"]),
        retried=row["retried"],
        auto_start=row["auto_start"],
        is_archived=row["is_archived"],
        import_type=row["import_type"],
        file_name=row["file_name"],
        file_type=row["file_type"],
        file_bytes=row["file_bytes"],
        file_sha256=row["file_sha256"],
        file_key=row["file_key"],
        content_key=row["content_key"],
        content_version=row["content_version"],
        reading=row["reading"],
        source=row["source"],
        supplier_id=row["supplier_id"],
        supplier_code=row["supplier_code"],
        template_id=row["template_id"],
        template_version=row["template_version"],
        match_on=MatchOn(row["match_on"]),
        error_policy=ErrorPolicy(row["error_policy"]),
        rules=row["rules"],
        options=row["options"],
        analysis=row["analysis"],
        suggestion=row["suggestion"],
        mapping=row["mapping"],
        transforms=row["transforms"],
        mapping_source=MappingSource(row["mapping_source"]) if row["mapping_source"] else None,
        confirmation=row["confirmation"],
        plan=row["plan"],
        total_rows=row["total_rows"],
        chunk_count=row["chunk_count"],
        chunks_done=row["chunks_done"],
        chunks_checked=row["chunks_checked"],
        counters=counters,
        takeovers=row["takeovers"],
        error_message=row["error_message"],
        undo_of=row["undo_of"],
        undone_by=row["undone_by"],
        spent=row["spent"],
        created_at=row["created_at"],
        analyzed_at=row["analyzed_at"],
        mapped_at=row["mapped_at"],
        queued_at=row["queued_at"],
        started_at=row["started_at"],
        completed_at=row["completed_at"],
    )
