"""ProductsManager's words: how its imports document prints jobs and row errors.

Its words for states are fewer than the engine's: whatever waits is pending, and a cancelled job is failed. Beside the
documented fields stand a few of ours that tell what those words leave out.
"""

from collections.abc import Sequence
from typing import Any

from chalicelib.dialects.segops import time_json
from chalicelib.dialects.v1 import edge_name
from chalicelib.ids import imp_id
from chalicelib.model.import_job import FINISHED, ImportJob, JobState
from chalicelib.model.mapping import EAN
from chalicelib.model.row_error import ErrorType, RowError

STATUS_OF_STATE: dict[JobState, str] = {
    JobState.PENDING: "pending",
    JobState.ANALYZING: "pending",
    JobState.AWAITING_MAPPING: "pending",
    JobState.READY: "pending",
    JobState.QUEUED: "pending",
    JobState.PROCESSING: "processing",
    JobState.COMPLETED: "completed",
    JobState.COMPLETED_WITH_ERRORS: "completed_with_errors",
    JobState.FAILED: "failed",
    JobState.CANCELLED: "failed",
}

STATUSES = tuple(dict.fromkeys(STATUS_OF_STATE.values()))

FORMATS = ("csv", "xlsx", "json")
"""The formats its document names."""

_ERROR_OF_TYPE = {ErrorType.SYSTEM_ERROR: "system_error"}
"""The one word printed, validation_error, is for what a person can put right in the file; the rest is here."""


def head_json(job: ImportJob) -> dict[str, Any]:
    """A job's id and status."""
    return {"id": imp_id(job.uuid), "status": STATUS_OF_STATE[job.state]}


def made_json(job: ImportJob) -> dict[str, Any]:
    """What an upload answers."""
    return {
        **head_json(job),
        "format": job.file_type,
        "total_rows": job.total_rows,
        "created_at": time_json(job.created_at),
    }


def job_json(job: ImportJob) -> dict[str, Any]:
    """A job as it is polled. Rows that were left alone on purpose are processed and neither created nor updated."""
    counters = job.counters
    return {
        **head_json(job),
        "total_rows": job.total_rows,
        "processed_rows": counters.processed_rows,
        "created_rows": counters.created,
        "updated_rows": counters.updated + counters.unchanged,
        "error_rows": counters.error_rows,
        "created_at": time_json(job.created_at),
        "completed_at": time_json(job.completed_at) if job.state in FINISHED else None,
        "format": job.file_type,
        "skipped_rows": counters.skipped,
        "error_message": job.error_message or None,
    }


def errors_json(errors: Sequence[RowError], *, total: int, page: int, per_page: int) -> dict[str, Any]:
    """A page of what was wrong with which rows."""
    return {
        "data": [_row_error_json(each) for each in errors],
        "meta": {"page": page, "per_page": per_page, "total": total},
    }


def _row_error_json(error: RowError) -> dict[str, Any]:
    return {
        "row": error.row_number,
        "ean": _ean(error),
        "error": _ERROR_OF_TYPE.get(error.error_type, "validation_error"),
        "message": error.message,
        "error_type": error.error_type,
        "field": edge_name(error.field) if error.field else None,
    }


def _ean(error: RowError) -> str | None:
    """The EAN of the cell that is wrong, as the file has it; None when the finding is of another cell."""
    return error.raw_value if error.field == EAN else None
