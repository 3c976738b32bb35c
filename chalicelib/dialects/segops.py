"""SegOps' words: how its documents print jobs, uploads and schemas (``segops-csv-import-wizard``,
``segops-pim-api``).
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from chalicelib.errors import (
    BadRequest,
    Conflict,
    Forbidden,
    IllegalTransition,
    InvalidValue,
    NotFound,
    PreconditionFailed,
    SkuloomError,
    TooLarge,
    Unauthenticated,
    Unavailable,
    UnreadableFile,
    WrongEncoding,
)
from chalicelib.formats.encodings import public_name
from chalicelib.model.import_job import FINISHED, ImportJob, JobState
from chalicelib.model.mapping import suggested_columns
from chalicelib.model.outcomes import SampledRow
from chalicelib.model.product_schema import ProductSchema
from chalicelib.model.row_error import RowError

STATUS_OF_STATE: dict[JobState, str] = {
    JobState.PENDING: "pending",
    JobState.ANALYZING: "pending",
    JobState.AWAITING_MAPPING: "mapping",
    JobState.READY: "mapping",
    JobState.QUEUED: "pending",
    JobState.PROCESSING: "importing",
    JobState.COMPLETED: "done",
    JobState.COMPLETED_WITH_ERRORS: "done",
    JobState.FAILED: "failed",
    JobState.CANCELLED: "failed",
}

CODE_OF_ERROR: tuple[tuple[type[SkuloomError], int], ...] = (
    (Unauthenticated, 401),
    (Forbidden, 403),
    (NotFound, 404),
    (IllegalTransition, 400),
    (BadRequest, 400),
    (InvalidValue, 422),
    (Conflict, 409),
    (PreconditionFailed, 412),
    (TooLarge, 413),
    (UnreadableFile, 400),
    (Unavailable, 503),
)


def error_answer(error: SkuloomError) -> tuple[int, dict[str, Any]]:
    """Status code and body: ``{"detail": …}``, or ``{"field": ["…"]}`` where a field is to blame."""
    code = next((code for kind, code in CODE_OF_ERROR if isinstance(error, kind)), 500)
    match error:
        case InvalidValue():
            return code, {name: [problem] for name, problem in error.fields.items()}
        case Conflict(fields=fields) if fields:
            return code, {name: [problem] for name, problem in fields.items()}
        case WrongEncoding():
            return code, {"file": [str(error)], **_way_on(error)}
        case UnreadableFile():
            return code, {"file": [str(error)]}
        case IllegalTransition():
            status = STATUS_OF_STATE[JobState(error.state)]
            return code, {"detail": f"An import that is {status} cannot {error.move.replace('_', ' ')}."}
        case _:
            return code, {"detail": str(error)}


def _way_on(error: WrongEncoding) -> dict[str, Any]:
    """Where the file cannot be read, and what to send with it to have it converted."""
    found = {"byte_offset": error.byte_offset, "line": error.line}
    if error.likely is None:
        return found
    likely = public_name(error.likely)
    return {"likely_encoding": likely, **found, "retry_with": {"encoding": likely}}


def upload_json(job: ImportJob) -> dict[str, Any]:
    """What an upload answers: the job and what the system understood of the file."""
    return {"job_id": job.id, **_draft(job)}


def job_json(job: ImportJob) -> dict[str, Any]:
    """A job as it is polled; while it awaits its mapping, with what the wizard needs to go on."""
    draft = _draft(job) if STATUS_OF_STATE[job.state] == "mapping" else {}
    steps = {"transforms": transforms_json(job)} if job.transforms else {}
    return {**listed_json(job), **draft, **steps}


def listed_json(job: ImportJob) -> dict[str, Any]:
    """A job among others, without what may be large."""
    counters = job.counters
    return {
        "id": job.id,
        "status": STATUS_OF_STATE[job.state],
        "filename": job.file_name,
        "row_count": job.total_rows,
        "imported_count": counters.good_rows,
        "mapping": _mapping(job),
        "error_message": job.error_message,
        "completed_at": time_json(job.completed_at) if job.state in FINISHED else None,
        "created_at": time_json(job.created_at),
        "error_count": counters.error_rows,
        "warning_count": counters.warnings,
        "products_created": counters.created,
        "products_updated": counters.updated + counters.unchanged,
        "products_unchanged": counters.unchanged,
    }


def confirmed_json(job: ImportJob) -> dict[str, Any]:
    """What a confirm answers; the warnings only when there are any."""
    warnings = (job.confirmation or {}).get("warnings")
    return {"job_id": job.id, "status": STATUS_OF_STATE[job.state]} | ({"warnings": warnings} if warnings else {})


def transforms_json(job: ImportJob) -> dict[str, Any]:
    """The steps of a job's columns in the order of the file, each step's name before its words: PostgreSQL keeps no
    order of keys.
    """
    headers = job.analysis["headers"] if job.analysis else ()
    return {
        header: [{"step": step["step"], **step} for step in job.transforms[header]]
        for header in dict.fromkeys([*headers, *job.transforms])
        if header in job.transforms
    }


def sample_json(rows: Sequence[SampledRow]) -> dict[str, Any]:
    """What would be made of the first rows."""
    return {
        "rows": [
            {
                "row_number": row.row_number,
                "values": row.values,
                "errors": [_cell_finding_json(each) for each in row.findings],
            }
            for row in rows
        ]
    }


def schema_json(schema: ProductSchema) -> dict[str, Any]:
    return {
        "id": schema.id,
        "fields": [
            {"name": each.name, "type": each.type, "required": each.required, "description": each.description}
            for each in schema.fields
        ],
        "default_currency": schema.default_currency,
        "default_locale": schema.default_locale,
        "created_at": time_json(schema.created_at),
        "updated_at": time_json(schema.updated_at),
    }


def replaced_schema_json(schema: ProductSchema, warnings: Sequence[str]) -> dict[str, Any]:
    """The schema as it is now; the warnings only when there are any."""
    return schema_json(schema) | ({"warnings": list(warnings)} if warnings else {})


def page_json(
    path: str, asked: Mapping[str, str], page: int, page_size: int, count: int, results: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """A numbered page; next and previous keep the other parameters that were asked."""

    def link(number: int) -> str:
        return f"{path}?{urlencode({**asked, 'page': number})}"

    return {
        "count": count,
        "next": link(page + 1) if page * page_size < count else None,
        "previous": link(page - 1) if page > 1 else None,
        "results": list(results),
    }


def row_error_json(error: RowError) -> dict[str, Any]:
    """What is wrong with a row: where it stands, in which column and field, what was found there, what to do."""
    return {"row_number": error.row_number, "line": error.line, **_cell_finding_json(error)}


def _cell_finding_json(error: RowError) -> dict[str, Any]:
    return {
        "severity": error.severity,
        "error_type": error.error_type,
        "field": error.field,
        "column": error.column,
        "message": error.message,
        "raw_value": error.raw_value,
    }


def detected_json(job: ImportJob) -> dict[str, Any] | None:
    """How a job's file was read, in the words that say it; None where that was not kept, or the file not read yet."""
    detected = (job.analysis or {}).get("detected")
    if detected is None:
        return None
    is_csv = detected["format"] == "csv"
    return {
        **detected,
        "quotechar": detected["quotechar"] or ("none" if is_csv else None),
        "escapechar": detected["escapechar"] or None,
    }


def time_json(moment: datetime | None) -> str | None:
    """UTC to the second, as the documents print it."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _draft(job: ImportJob) -> dict[str, Any]:
    assert job.analysis is not None and job.suggestion is not None
    headers = job.analysis["headers"]
    columns = suggested_columns(job.suggestion)
    return {
        "headers": headers,
        "sample_rows": [dict(zip(headers, row, strict=False)) for row in job.analysis["sample_rows"]],
        "suggested_schema": job.suggestion["schema"],
        "suggested_mapping": {each["column"]: each["field"] for each in columns},
        "suggestions": columns,
        "row_count": job.total_rows,
        "notes": job.analysis["notes"],
        "detected": detected_json(job),
    }


def _mapping(job: ImportJob) -> dict[str, str | None]:
    """As confirmed, in the order of the file's columns: PostgreSQL keeps no order of keys."""
    if job.mapping is None or job.analysis is None:
        return {}
    return {header: job.mapping[header] for header in job.analysis["headers"] if header in job.mapping}
