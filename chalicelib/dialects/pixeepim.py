"""Pixeepim's words: how its imports document prints jobs, row errors, previews and pending EANs.

Comes in: what the engine knows. Goes out: JSON values. Beside the documented fields stand ours, which no documented
name is used for: what a job's file was found to be, what was decided, what its rows came to, where its time went.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from chalicelib.dialects.segops import detected_json, time_json, transforms_json
from chalicelib.dialects.v1 import STATUS_OF_STATE, edge_mapping, edge_name, edge_rules
from chalicelib.ids import imp_id
from chalicelib.model.import_job import FINISHED, ImportJob, JobState
from chalicelib.model.import_options import match_on_of, read_options
from chalicelib.model.mapping import suggested_columns
from chalicelib.model.outcomes import DryRun, JobDetail, PreviewRow, Receipt, Stats, Undone, UndoPreview
from chalicelib.model.pending_ean import PendingEan
from chalicelib.model.row_error import RowError, Severity

STATES_OF_STATUS: dict[str, tuple[tuple[JobState, bool | None], ...]] = {
    "pending": ((JobState.PENDING, None), (JobState.QUEUED, True)),
    "analyzing": ((JobState.ANALYZING, None),),
    "awaiting_mapping": ((JobState.AWAITING_MAPPING, None),),
    "ready": ((JobState.READY, None),),
    "processing": ((JobState.QUEUED, False), (JobState.PROCESSING, None)),
    "completed": ((JobState.COMPLETED, None), (JobState.COMPLETED_WITH_ERRORS, None)),
    "failed": ((JobState.FAILED, None),),
    "cancelled": ((JobState.CANCELLED, None),),
}
"""What each status of a list's filter asks for: states, and whether the job is one that was retried (None: either)."""

STATUSES = tuple(STATES_OF_STATUS)


def status_of(job: ImportJob) -> str:
    """A job's status: one that is queued is processing after a start, and pending after a retry."""
    if job.state is JobState.QUEUED and job.retried:
        return "pending"
    return STATUS_OF_STATE[job.state]


def head_json(job: ImportJob) -> dict[str, Any]:
    """A job's id and status: what most verbs answer."""
    return {"id": str(job.uuid), "status": status_of(job)}


def made_json(job: ImportJob) -> dict[str, Any]:
    """What an upload answers."""
    return {
        **head_json(job),
        "file_name": job.file_name,
        "file_type": job.file_type,
        "supplier_code": job.supplier_code,
        "created_at": time_json(job.created_at),
        "total_rows": job.total_rows,
        "notes": _notes(job),
        "detected": detected_json(job),
    }


def summary_json(job: ImportJob) -> dict[str, Any]:
    """A job in a list."""
    return {
        **head_json(job),
        "file_name": job.file_name,
        "supplier_code": job.supplier_code,
        "total_rows": job.total_rows,
        "failed_rows": job.counters.error_rows,
        "created_at": time_json(job.created_at),
        "kind": job.kind,
        "file_type": job.file_type,
        "import_type": job.import_type,
        "successful_rows": job.counters.good_rows,
        "is_archived": job.is_archived,
        "completed_at": _completed_at(job),
    }


def job_json(known: JobDetail) -> dict[str, Any]:
    """A job with all that is known of it."""
    job, counters = known.job, known.job.counters
    return {
        **head_json(job),
        "file_name": job.file_name,
        "file_type": job.file_type,
        "file_size": job.file_bytes,
        "supplier_code": job.supplier_code,
        "import_type": job.import_type,
        "total_rows": job.total_rows,
        "successful_rows": counters.good_rows,
        "failed_rows": counters.error_rows,
        "products_created": counters.created,
        "products_updated": counters.updated + counters.unchanged,
        "last_error": _last_error(job),
        "started_at": started_at(job),
        "completed_at": _completed_at(job),
        "created_at": time_json(job.created_at),
        "kind": job.kind,
        "ids": {"uuid": str(job.uuid), "imp_id": imp_id(job.uuid), "job_id": job.id},
        "products_unchanged": counters.unchanged,
        "rows_skipped": counters.skipped,
        "warnings": counters.warnings,
        "supplier_id": _uuid(job.supplier_id),
        "template_id": _uuid(job.template_id),
        "template_version": job.template_version,
        "file_sha256": job.file_sha256,
        "notes": _notes(job),
        "detected": detected_json(job),
        "match_on": match_on_of(job, read_options(job.options)),
        **_decided(job),
        "is_archived": job.is_archived,
        "undo_of": _uuid(known.undo_of),
        "undone_by": _uuid(known.undone_by),
        **(_undone_json(known.undone) if known.undone else {}),
        "receipt": _receipt_json(known.receipt),
    }


def _receipt_json(receipt: Receipt) -> dict[str, Any]:
    """Where the time went: seconds by phase, and summed over chunks what they waited for."""
    return {
        "rows_per_second": receipt.rows_per_second,
        "phases_seconds": asdict(receipt.phases),
        "waited_seconds": asdict(receipt.waited),
        "chunks": receipt.chunks,
        "chunks_done": receipt.chunks_done,
        "chunk_failures": receipt.chunk_failures,
        "takeovers": receipt.takeovers,
    }


def _undone_json(undone: Undone) -> dict[str, Any]:
    return {
        "products_removed": undone.removed,
        "products_restored": undone.restored,
        "conflicts": undone.conflicts,
    }


def undo_preview_json(preview: UndoPreview, import_id: str) -> dict[str, Any]:
    """What undoing an import would do; conflicts are products that something newer has touched."""
    return {
        "job_id": import_id,
        **_undone_json(preview.undone),
        "first_conflicts": [_finding_json(each) for each in preview.first_conflicts],
        "is_complete": preview.is_complete,
    }


def started_at(job: ImportJob) -> str | None:
    """When it was asked to start, which the document calls processing; of a retried one, when its rows were begun."""
    moment = job.started_at if job.retried or job.queued_at is None else job.queued_at
    return time_json(moment)


def mapping_json(job: ImportJob) -> dict[str, Any]:
    """What was understood of a job's file, for whoever maps its columns; empty before the file was read."""
    analysis, suggestion = job.analysis or {}, job.suggestion or {}
    headers = analysis.get("headers", [])
    columns = [_suggestion_json(each) for each in suggested_columns(suggestion)]
    return {
        **head_json(job),
        "headers": headers,
        "sample_rows": [dict(zip(headers, row, strict=False)) for row in analysis.get("sample_rows", ())],
        "suggested_mapping": {each["column"]: each["field"] for each in columns},
        "suggestions": columns,
        "total_rows": job.total_rows,
        "notes": _notes(job),
        "detected": detected_json(job),
        **_decided(job),
    }


def _suggestion_json(column: Mapping[str, Any]) -> dict[str, Any]:
    candidates = [{**each, "field": _edge(each["field"])} for each in column["candidates"]]
    return {**column, "field": _edge(column["field"]), "candidates": candidates}


def row_error_json(error: RowError) -> dict[str, Any]:
    """What is wrong with a row, or what a person should know of it."""
    return {
        "row_number": error.row_number,
        "severity": error.severity,
        "error_type": error.error_type,
        "field": _edge(error.field),
        "message": error.message,
        "raw_value": error.raw_value,
        "created_at": time_json(error.created_at),
        "line": error.line,
        "column": error.column,
    }


def stats_json(stats: Stats) -> dict[str, Any]:
    return {
        "total_jobs": stats.total_jobs,
        "completed_jobs": stats.completed_jobs,
        "failed_jobs": stats.failed_jobs,
        "total_rows_processed": stats.rows_processed,
        "total_products_created": stats.products_created,
        "total_products_updated": stats.products_updated,
        "success_rate": stats.success_rate,
    }


def dry_run_json(tried: DryRun, import_id: str) -> dict[str, Any]:
    """What an import would do. As in a job, unchanged products count as updated and are told apart."""
    errors = [each for each in tried.findings if each.severity is Severity.ERROR]
    warnings = [each for each in tried.findings if each.severity is Severity.WARNING]
    return {
        "job_id": import_id,
        "total_rows": tried.total_rows,
        "preview_rows": [_preview_row_json(each) for each in tried.preview_rows],
        "validation_errors": [_finding_json(each) for each in errors],
        "products_to_create": tried.products_to_create,
        "products_to_update": tried.products_to_update + tried.products_unchanged,
        "rows_with_errors": tried.rows_with_errors,
        "validation_warnings": [_finding_json(each) for each in warnings],
        "products_unchanged": tried.products_unchanged,
        "rows_skipped": tried.rows_skipped,
        "warnings": tried.warnings,
        "column_mapping": edge_mapping(tried.mapping),
        "mapping_source": tried.mapping_source,
        "new_fields": [{"name": edge_name(each.name), "type": each.type} for each in tried.new_fields],
        "segments": [
            {"id": each.id, "name": each.name, "changed_members": each.changed_members} for each in tried.segments
        ],
        "segments_complete": tried.segments_complete,
        "rows_checked": tried.rows_checked,
        "is_complete": tried.is_complete,
        "would_fail": tried.would_fail,
    }


def _preview_row_json(row: PreviewRow) -> dict[str, Any]:
    """What would be done with a row; of an update also what would change."""
    printed: dict[str, Any] = {
        "row_number": row.row_number,
        "action": row.action,
        "ean": row.ean,
        "title": row.name,
        "price": row.price,
        "sku": row.sku,
        "changes": {edge_name(name): {"from": each.before, "to": each.after} for name, each in row.changes.items()},
    }
    left_out = {name for name in ("price", "changes") if not printed[name] and printed[name] != 0}
    return {name: value for name, value in printed.items() if name not in left_out}


def _finding_json(error: RowError) -> dict[str, Any]:
    """What would be wrong with a row."""
    return {
        "row_number": error.row_number,
        "field": _edge(error.field),
        "message": error.message,
        "error_type": error.error_type,
        "column": error.column,
        "raw_value": error.raw_value,
        "line": error.line,
    }


def pending_ean_json(entry: PendingEan) -> dict[str, Any]:
    """An EAN that waits for a product."""
    return {
        "id": str(entry.id),
        "ean": entry.printed,
        "supplier_code": entry.supplier_code,
        "description": entry.description,
        "first_seen_at": time_json(entry.first_seen_at),
    }


def _decided(job: ImportJob) -> dict[str, Any]:
    """What was decided of a job: its mapping, rules and options, and where they come from."""
    return {
        "column_mapping": edge_mapping(_in_order(job.mapping, job)) if job.mapping is not None else None,
        "mapping_source": job.mapping_source,
        "validation_rules": edge_rules(job.rules),
        "import_options": job.options,
        "transforms": transforms_json(job),
    }


def _in_order(mapping: Mapping[str, str | None], job: ImportJob) -> dict[str, str | None]:
    """The mapping in the order of the file's columns: PostgreSQL keeps no order of keys."""
    headers: Sequence[str] = job.analysis["headers"] if job.analysis else ()
    return {header: mapping[header] for header in dict.fromkeys([*headers, *mapping]) if header in mapping}


def _last_error(job: ImportJob) -> str | None:
    """None for a cancelled job: its status says it."""
    return None if job.state is JobState.CANCELLED else job.error_message or None


def _completed_at(job: ImportJob) -> str | None:
    return time_json(job.completed_at) if job.state in FINISHED else None


def _notes(job: ImportJob) -> list[str]:
    return list(job.analysis["notes"]) if job.analysis else []


def _edge(field: str | None) -> str | None:
    return edge_name(field) if field else None


def _uuid(value: UUID | None) -> str | None:
    return None if value is None else str(value)
