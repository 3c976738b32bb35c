"""Import jobs: made, read, and moved by one guarded UPDATE (``jobs.sql``)."""

from collections.abc import Collection
from dataclasses import dataclass
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
    JobState,
    MatchOn,
    Move,
)
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
    file_key: str
    match_on: MatchOn
    file_bytes: int | None = None
    file_sha256: str | None = None
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
            "content_key": job.file_key if job.analysis else None,
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
    from_states: Collection[JobState] | None = None,
    silent_since: datetime | None = None,
    error_message: str | None = None,
    mapping: dict[str, str | None] | None = None,
    confirmation: dict[str, Any] | None = None,
    plan: dict[str, Any] | None = None,
) -> ImportJob | None:
    """The job after ``step``, or None when its state (or run) did not allow it.

    ``new_run`` starts a run: the run number rises and the counters begin at zero. ``from_states`` narrows what the
    step allows; ``silent_since`` asks that the lease ran out before then. Started and completed times follow from the
    state moved to.
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
            "now": now,
            "lease_until": lease_until,
            "error_message": "" if new_run else error_message,
            "started_at": now if to_state is JobState.PROCESSING else None,
            "completed_at": now if to_state in FINISHED else None,
            "mapping": _json(mapping),
            "confirmation": _json(confirmation),
            "plan": _json(plan),
        },
    )


def save_analysis(
    cursor: Cursor,
    workspace_id: int,
    job_id: int,
    *,
    file_type: str,
    file_bytes: int,
    file_sha256: str,
    content_key: str,
    content_version: str,
    analysis: dict[str, Any],
    suggestion: dict[str, Any],
    total_rows: int,
    chunk_count: int,
    now: datetime,
) -> bool:
    """Whether the job was still being analysed and now awaits its mapping."""
    cursor.execute(
        _SQL["save_analysis"],
        {
            "workspace_id": workspace_id,
            "job_id": job_id,
            "from_states": list(MOVES[Move.AWAIT_MAPPING]),
            "to_state": JobState.AWAITING_MAPPING,
            "file_type": file_type,
            "file_bytes": file_bytes,
            "file_sha256": file_sha256,
            "content_key": content_key,
            "content_version": content_version,
            "analysis": Jsonb(analysis),
            "suggestion": Jsonb(suggestion),
            "total_rows": total_rows,
            "chunk_count": chunk_count,
            "now": now,
        },
    )
    return cursor.fetchone() is not None


def count_chunk(
    cursor: Cursor,
    workspace_id: int,
    job_id: int,
    *,
    run: int,
    counters: Counters,
    now: datetime,
    lease_until: datetime,
) -> bool | None:
    """Whether this was the last chunk; None when the run is over and the caller must undo its work."""
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
        },
    )
    row = cursor.fetchone()
    return None if row is None else bool(row[0])


def forget_file(cursor: Cursor, workspace_id: int, job_id: int) -> None:
    cursor.execute(_SQL["forget_file"], {"workspace_id": workspace_id, "job_id": job_id})


def silent(cursor: Cursor, *, now: datetime, alive_since: datetime, limit: int) -> list[SilentJob]:
    """Jobs of all workspaces whose lease ran out. Needs a sweeping transaction."""
    cursor.execute(_SQL["silent"], {"now": now, "alive_since": alive_since, "limit": limit})
    return [SilentJob(row[0], row[1], JobState(row[2]), row[3], row[4]) for row in cursor]


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
        state=JobState(row["state"]),
        run=row["run"],
        import_type=row["import_type"],
        file_name=row["file_name"],
        file_type=row["file_type"],
        file_bytes=row["file_bytes"],
        file_sha256=row["file_sha256"],
        file_key=row["file_key"],
        content_key=row["content_key"],
        content_version=row["content_version"],
        match_on=MatchOn(row["match_on"]),
        error_policy=ErrorPolicy(row["error_policy"]),
        analysis=row["analysis"],
        suggestion=row["suggestion"],
        mapping=row["mapping"],
        confirmation=row["confirmation"],
        plan=row["plan"],
        total_rows=row["total_rows"],
        chunk_count=row["chunk_count"],
        chunks_done=row["chunks_done"],
        counters=counters,
        takeovers=row["takeovers"],
        error_message=row["error_message"],
        created_at=row["created_at"],
        started_at=row["started_at"],
        completed_at=row["completed_at"],
    )
