"""The ledger of a job's chunks: which byte ranges there are, and which of them are done in the current run."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from chalicelib.model.outcomes import ChunkRange
from chalicelib.model.row_error import Severity
from chalicelib.store.postgres import Cursor
from chalicelib.store.sql import load_statements

_SQL = load_statements("chunks.sql")


@dataclass(frozen=True, slots=True)
class LedgerChunk:
    """A chunk's range, the last run it was done in (0: never), what went wrong with it so far, and the last run it was
    checked in.
    """

    range: ChunkRange
    done_run: int
    failures: int
    last_failure: str
    checked_run: int


def create(cursor: Cursor, workspace_id: int, job_id: int, ranges: Sequence[ChunkRange]) -> None:
    cursor.execute(
        _SQL["create"],
        {
            "workspace_id": workspace_id,
            "job_id": job_id,
            "numbers": [each.number for each in ranges],
            "byte_starts": [each.byte_start for each in ranges],
            "byte_ends": [each.byte_end for each in ranges],
            "first_rows": [each.first_row for each in ranges],
            "row_counts": [each.rows for each in ranges],
            "first_lines": [each.first_line for each in ranges],
        },
    )


def carry_over(cursor: Cursor, workspace_id: int, job_id: int, run: int) -> None:
    """What the run before ``run`` has done counts as done by it."""
    cursor.execute(_SQL["carry_over"], {"workspace_id": workspace_id, "job_id": job_id, "run": run})


def forget(cursor: Cursor, workspace_id: int, job_id: int) -> None:
    cursor.execute(_SQL["forget"], {"workspace_id": workspace_id, "job_id": job_id})


def read(cursor: Cursor, workspace_id: int, job_id: int, number: int) -> LedgerChunk | None:
    cursor.execute(_SQL["read"], {"workspace_id": workspace_id, "job_id": job_id, "number": number})
    row = cursor.fetchone()
    if row is None:
        return None
    return LedgerChunk(ChunkRange(number, *row[:5]), *row[5:])


def undone(cursor: Cursor, workspace_id: int, job_id: int, run: int) -> list[int]:
    """Numbers of the chunks this run has still to do."""
    cursor.execute(_SQL["undone"], {"workspace_id": workspace_id, "job_id": job_id, "run": run})
    return [number for (number,) in cursor]


def unchecked(cursor: Cursor, workspace_id: int, job_id: int, run: int) -> list[int]:
    """Numbers of the chunks this run has still to check."""
    cursor.execute(_SQL["unchecked"], {"workspace_id": workspace_id, "job_id": job_id, "run": run})
    return [number for (number,) in cursor]


def ranges(cursor: Cursor, workspace_id: int, job_id: int) -> list[ChunkRange]:
    """All chunks in the order of the file."""
    cursor.execute(_SQL["ranges"], {"workspace_id": workspace_id, "job_id": job_id})
    return [ChunkRange(*row) for row in cursor]


def with_findings(
    cursor: Cursor, workspace_id: int, job_id: int, run: int, severities: Sequence[Severity]
) -> list[ChunkRange]:
    """The ranges, in the order of the file, in which this run found something of these severities."""
    cursor.execute(
        _SQL["with_findings"],
        {"workspace_id": workspace_id, "job_id": job_id, "run": run, "severities": list(severities)},
    )
    return [ChunkRange(*row) for row in cursor]


@dataclass(frozen=True, slots=True)
class LedgerSums:
    """What a job's ledger comes to: failed attempts of all its runs, and when the latest chunk of one run was done."""

    failures: int
    last_done_at: datetime | None


def sums(cursor: Cursor, workspace_id: int, job_id: int, run: int) -> LedgerSums:
    cursor.execute(_SQL["sums"], {"workspace_id": workspace_id, "job_id": job_id, "run": run})
    row = cursor.fetchone()
    assert row is not None
    return LedgerSums(int(row[0]), row[1])


def mark_done(cursor: Cursor, workspace_id: int, job_id: int, number: int, *, run: int, now: datetime) -> bool:
    """Whether the mark is ours; False when another delivery of the same message was faster."""
    cursor.execute(
        _SQL["mark_done"], {"workspace_id": workspace_id, "job_id": job_id, "number": number, "run": run, "now": now}
    )
    return cursor.fetchone() is not None


def mark_checked(cursor: Cursor, workspace_id: int, job_id: int, number: int, *, run: int) -> bool:
    """Whether the mark is ours; False when another delivery of the same message was faster."""
    cursor.execute(_SQL["mark_checked"], {"workspace_id": workspace_id, "job_id": job_id, "number": number, "run": run})
    return cursor.fetchone() is not None


def note_failure(cursor: Cursor, workspace_id: int, job_id: int, number: int, failure: str) -> None:
    """Keep why a chunk failed, for the reason its job may end with."""
    cursor.execute(
        _SQL["note_failure"], {"workspace_id": workspace_id, "job_id": job_id, "number": number, "failure": failure}
    )
