"""The row-error ledger: what was wrong with which row, per run of a job."""

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.model.row_error import ErrorType, RowError, Severity
from chalicelib.store.postgres import Cursor
from chalicelib.store.sql import load_statements

_SQL = load_statements("row_errors.sql")


def add(cursor: Cursor, workspace_id: int, job_id: int, run: int, found: Sequence[RowError]) -> None:
    if not found:
        return
    cursor.execute(
        _SQL["add"],
        {
            "workspace_id": workspace_id,
            "job_id": job_id,
            "run": run,
            "row_numbers": [each.row_number for each in found],
            "lines": [each.line for each in found],
            "severities": [each.severity for each in found],
            "error_types": [each.error_type for each in found],
            "fields": [each.field for each in found],
            "columns": [each.column for each in found],
            "messages": [each.message for each in found],
            "raw_values": [each.raw_value for each in found],
        },
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which findings are asked for; None asks for all. ``search`` is looked for in message, field, column and value."""

    error_type: ErrorType | None = None
    severity: Severity | None = None
    search: str | None = None

    def as_values(self) -> dict[str, str | None]:
        """As the statements take them."""
        return {"error_type": self.error_type, "severity": self.severity, "search": self.search}


_ALL = Wanted()


def page(
    cursor: Cursor, workspace_id: int, job_id: int, run: int, wanted: Wanted = _ALL, *, limit: int, offset: int = 0
) -> list[RowError]:
    """The findings of one run in the order of the file."""
    cursor.execute(
        _SQL["page"],
        {
            "workspace_id": workspace_id,
            "job_id": job_id,
            "run": run,
            "limit": limit,
            "offset": offset,
            **wanted.as_values(),
        },
    )
    return _found(cursor)


def of_rows(
    cursor: Cursor,
    workspace_id: int,
    job_id: int,
    run: int,
    severities: Sequence[Severity],
    *,
    first_row: int,
    end_row: int,
    rows: int,
) -> list[RowError]:
    """All findings, in the order of the file, of the first ``rows`` rows in ``[first_row, end_row)`` that have one of
    these severities.
    """
    cursor.execute(
        _SQL["of_rows"],
        {
            "workspace_id": workspace_id,
            "job_id": job_id,
            "run": run,
            "severities": list(severities),
            "first_row": first_row,
            "end_row": end_row,
            "rows": rows,
        },
    )
    return _found(cursor)


def _found(cursor: Cursor) -> list[RowError]:
    return [RowError(row[0], row[1], Severity(row[2]), ErrorType(row[3]), *row[4:]) for row in cursor]


def count(cursor: Cursor, workspace_id: int, job_id: int, run: int, wanted: Wanted = _ALL) -> int:
    cursor.execute(_SQL["count"], {"workspace_id": workspace_id, "job_id": job_id, "run": run, **wanted.as_values()})
    row = cursor.fetchone()
    assert row is not None
    return int(row[0])


def bad_rows(cursor: Cursor, workspace_id: int, job_id: int, run: int) -> int:
    """How many rows have an error."""
    cursor.execute(_SQL["bad_rows"], {"workspace_id": workspace_id, "job_id": job_id, "run": run})
    row = cursor.fetchone()
    assert row is not None
    return int(row[0])


def carry_over(cursor: Cursor, workspace_id: int, job_id: int, run: int) -> None:
    """What the run before ``run`` has found stays told in it."""
    cursor.execute(_SQL["carry_over"], {"workspace_id": workspace_id, "job_id": job_id, "run": run})


def forget_older(cursor: Cursor, workspace_id: int, job_id: int, run: int) -> None:
    cursor.execute(_SQL["forget_older"], {"workspace_id": workspace_id, "job_id": job_id, "run": run})
