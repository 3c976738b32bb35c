"""Pixeepim's and ProductsManager's words: what their documents print, word for word, from what the engine knows."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, get_args
from uuid import UUID

import pytest

from chalicelib.api.v1_bodies import ImportType, PixeepimStatus, ProductsManagerStatus
from chalicelib.dialects import pixeepim, productsmanager, v1
from chalicelib.dialects.v1 import Spelling
from chalicelib.errors import Conflict, IllegalTransition, InvalidValue, NotFound, SkuloomError, UnreadableFile
from chalicelib.ids import imp_id
from chalicelib.model.import_job import (
    IMPORT_TYPES,
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
from chalicelib.model.outcomes import (
    Change,
    DryRun,
    JobDetail,
    Phases,
    PreviewRow,
    Receipt,
    RowAction,
    Stats,
    TouchedSegment,
    Undone,
    Waits,
)
from chalicelib.model.pending_ean import PendingEan
from chalicelib.model.product_schema import SchemaField
from chalicelib.model.row_error import ErrorType, RowError, Severity

UUID_TEXT = "550e8400-e29b-41d4-a716-446655440000"
IMP_TEXT = "imp_2N1T201RMV87AAE5J4CSAM8000"


def at(clock: str) -> datetime:
    return datetime.fromisoformat(f"2026-03-15T{clock}+00:00").astimezone(UTC)


JOB = ImportJob(
    id=42,
    uuid=UUID(UUID_TEXT),
    workspace_id=1,
    kind=JobKind.IMPORT,
    state=JobState.COMPLETED_WITH_ERRORS,
    run=1,
    phase=Phase.WRITE,
    retried=False,
    auto_start=False,
    is_archived=False,
    import_type="manual",
    file_name="catalog.csv",
    file_type="csv",
    file_bytes=1024000,
    file_sha256="ab" * 32,
    file_key="files/1/x/catalog.csv",
    content_key="files/1/x/catalog.csv",
    content_version="1",
    reading={},
    source=None,
    supplier_id=None,
    supplier_code="SUPPLIER_A",
    template_id=None,
    template_version=None,
    match_on=MatchOn.EAN,
    error_policy=ErrorPolicy.SKIP,
    rules={"name": {"max_length": 80}},
    options={"overwrite_existing": True},
    analysis={
        "headers": ["EAN Code", "Titre produit", "Marque"],
        "sample_rows": [["3760000000017", "Chaise", "Ligne"]],
        "notes": ["One column has no header."],
    },
    suggestion={
        "schema": [],
        "columns": [
            {"column": "EAN Code", "field": "ean", "origin": "vocabulary", "confidence": 0.9, "reason": "a"},
            {"column": "Titre produit", "field": "name", "origin": "vocabulary", "confidence": 0.9, "reason": "b"},
            {"column": "Marque", "field": None, "origin": "header", "confidence": 0.0, "reason": "c"},
        ],
    },
    mapping={"Marque": "brand", "Titre produit": "name", "EAN Code": "ean"},
    transforms={"Marque": [{"to": "title", "step": "case"}]},
    mapping_source=MappingSource.SAVED,
    confirmation=None,
    plan={},
    total_rows=1250,
    chunk_count=1,
    chunks_done=1,
    chunks_checked=0,
    counters=Counters(processed_rows=1250, created=980, updated=200, unchanged=65, error_rows=5),
    takeovers=0,
    error_message="",
    undo_of=None,
    undone_by=None,
    spent={},
    created_at=at("08:59:55"),
    analyzed_at=at("08:59:56"),
    mapped_at=at("08:59:58"),
    queued_at=at("09:00:00"),
    started_at=at("09:00:01"),
    completed_at=at("09:02:34"),
)


RECEIPT = Receipt(
    rows_per_second=8.2,
    phases=Phases(1.0, 2.0, 2.0, 1.0, 153.0, 0.1),
    waited=Waits(0.1, 0.2, 0.3, 0.4, 0.5),
    chunks=1,
    chunks_done=1,
    chunk_failures=0,
    takeovers=0,
)


def job(**changes: Any) -> ImportJob:
    return replace(JOB, **changes)


def known(**changes: Any) -> JobDetail:
    """All that is known of a job."""
    return JobDetail(job(**changes), None, None, None, RECEIPT)


def test_a_job_reads_as_the_pixeepim_document_prints_it() -> None:
    documented = {
        "id": UUID_TEXT,
        "status": "completed",
        "file_name": "catalog.csv",
        "file_type": "csv",
        "file_size": 1024000,
        "supplier_code": "SUPPLIER_A",
        "import_type": "manual",
        "total_rows": 1250,
        "successful_rows": 1245,
        "failed_rows": 5,
        "products_created": 980,
        "products_updated": 265,
        "last_error": None,
        "started_at": "2026-03-15T09:00:00Z",
        "completed_at": "2026-03-15T09:02:34Z",
        "created_at": "2026-03-15T08:59:55Z",
    }
    printed = pixeepim.job_json(known())
    assert list(printed)[: len(documented)] == list(documented)
    assert documented.items() <= printed.items()
    assert printed["ids"] == {"uuid": UUID_TEXT, "imp_id": IMP_TEXT, "job_id": 42}
    assert printed["products_unchanged"] == 65


def test_a_job_reads_as_the_productsmanager_document_prints_it() -> None:
    documented = {
        "id": IMP_TEXT,
        "status": "completed_with_errors",
        "total_rows": 1250,
        "processed_rows": 1250,
        "created_rows": 980,
        "updated_rows": 265,
        "error_rows": 5,
        "created_at": "2026-03-15T08:59:55Z",
        "completed_at": "2026-03-15T09:02:34Z",
    }
    printed = productsmanager.job_json(JOB)
    assert list(printed)[: len(documented)] == list(documented)
    assert documented.items() <= printed.items()


@pytest.mark.parametrize(
    ("printed", "documented"),
    [
        (
            pixeepim.made_json(job(state=JobState.ANALYZING)),
            {
                "id": UUID_TEXT,
                "status": "analyzing",
                "file_name": "catalog.csv",
                "file_type": "csv",
                "supplier_code": "SUPPLIER_A",
                "created_at": "2026-03-15T08:59:55Z",
            },
        ),
        (
            pixeepim.summary_json(job(state=JobState.FAILED, counters=Counters(error_rows=1250))),
            {
                "id": UUID_TEXT,
                "status": "failed",
                "file_name": "catalog.csv",
                "supplier_code": "SUPPLIER_A",
                "total_rows": 1250,
                "failed_rows": 1250,
                "created_at": "2026-03-15T08:59:55Z",
            },
        ),
        (
            productsmanager.made_json(job(state=JobState.QUEUED)),
            {
                "id": IMP_TEXT,
                "status": "pending",
                "format": "csv",
                "total_rows": 1250,
                "created_at": "2026-03-15T08:59:55Z",
            },
        ),
        (
            pixeepim.stats_json(Stats(142, 138, 4, 1842500, 980000, 250000)),
            {
                "total_jobs": 142,
                "completed_jobs": 138,
                "failed_jobs": 4,
                "total_rows_processed": 1842500,
                "total_products_created": 980000,
                "total_products_updated": 250000,
                "success_rate": 97.2,
            },
        ),
    ],
)
def test_answers_begin_with_the_fields_the_documents_print(printed: dict[str, Any], documented: dict[str, Any]) -> None:
    assert list(printed)[: len(documented)] == list(documented)
    assert documented.items() <= printed.items()


def test_a_pending_ean_reads_as_the_document_prints_it() -> None:
    entry = PendingEan(
        id=UUID("aabb1234-0000-0000-0000-000000000001"),
        ean14="03760000000099",
        printed="3760000000099",
        supplier_code="SUPPLIER_A",
        description="Widget Pro 3000",
        first_seen_at=datetime(2026, 3, 10, 8, tzinfo=UTC),
    )
    assert list(pixeepim.pending_ean_json(entry).items()) == [
        ("id", "aabb1234-0000-0000-0000-000000000001"),
        ("ean", "3760000000099"),
        ("supplier_code", "SUPPLIER_A"),
        ("description", "Widget Pro 3000"),
        ("first_seen_at", "2026-03-10T08:00:00Z"),
    ]


FINDING = RowError(
    row_number=42,
    line=43,
    severity=Severity.ERROR,
    error_type=ErrorType.EAN_INVALID,
    message="EAN checksum invalid (expected 13 digits)",
    field="ean",
    column="EAN Code",
    raw_value="123ABC7890",
    created_at=at("09:01:30"),
)


def test_a_finding_reads_as_the_pixeepim_document_prints_it() -> None:
    documented = {
        "row_number": 42,
        "severity": "error",
        "error_type": "ean_invalid",
        "field": "ean",
        "message": "EAN checksum invalid (expected 13 digits)",
        "raw_value": "123ABC7890",
        "created_at": "2026-03-15T09:01:30Z",
    }
    printed = pixeepim.row_error_json(FINDING)
    assert list(printed)[: len(documented)] == list(documented)
    assert documented.items() <= printed.items()


def test_a_dry_run_reads_as_the_document_prints_it() -> None:
    rows = (
        PreviewRow(1, RowAction.CREATE, "3760000000001", "3760000000001", "Sample Product", 29.99),
        PreviewRow(2, RowAction.UPDATE, "B", "3760000000002", "Existing Product", None, {"name": Change("A", "B")}),
        PreviewRow(3, RowAction.UNCHANGED, "C", None, "Free", 0),
    )
    warning = replace(FINDING, severity=Severity.WARNING, error_type=ErrorType.ALREADY_EXISTS, field="name")
    tried = DryRun(
        job_id=42,
        job_uuid=UUID(UUID_TEXT),
        total_rows=1250,
        rows_checked=1250,
        preview_rows=rows,
        findings=[replace(FINDING, message="EAN checksum invalid"), warning],
        products_to_create=980,
        products_to_update=200,
        products_unchanged=65,
        rows_skipped=0,
        rows_with_errors=5,
        warnings=1,
        mapping_source=MappingSource.SAVED,
        mapping={"Titre": "name"},
        new_fields=(SchemaField("brand", "string"),),
        segments=(TouchedSegment(7, "Cheap", 3),),
        segments_complete=True,
        would_fail=None,
    )
    printed = pixeepim.dry_run_json(tried, UUID_TEXT)
    assert list(printed)[:7] == [
        "job_id",
        "total_rows",
        "preview_rows",
        "validation_errors",
        "products_to_create",
        "products_to_update",
        "rows_with_errors",
    ]
    first, second, third = printed["preview_rows"]
    documented = {
        "row_number": 1,
        "action": "create",
        "ean": "3760000000001",
        "title": "Sample Product",
        "price": 29.99,
    }
    assert list(first)[:5] == list(documented)
    assert documented.items() <= first.items()
    assert list(second)[:4] == ["row_number", "action", "ean", "title"]
    assert "price" not in second
    assert second["changes"] == {"title": {"from": "A", "to": "B"}}
    assert third["price"] == 0
    [error] = printed["validation_errors"]
    assert list(error.items())[:3] == [("row_number", 42), ("field", "ean"), ("message", "EAN checksum invalid")]
    assert [each["field"] for each in printed["validation_warnings"]] == ["title"]
    assert (printed["products_to_create"], printed["products_to_update"], printed["rows_with_errors"]) == (980, 265, 5)
    assert (printed["job_id"], printed["products_unchanged"], printed["is_complete"]) == (UUID_TEXT, 65, True)
    assert printed["new_fields"] == [{"name": "brand_name", "type": "string"}]
    assert printed["segments"] == [{"id": 7, "name": "Cheap", "changed_members": 3}]


def test_findings_read_as_the_productsmanager_document_prints_them() -> None:
    found = replace(FINDING, raw_value="invalid-ean", message="Invalid EAN format.")
    printed = productsmanager.errors_json([found], total=5, page=1, per_page=20)
    assert list(printed) == ["data", "meta"]
    assert printed["meta"] == {"page": 1, "per_page": 20, "total": 5}
    [row] = printed["data"]
    documented = {"row": 42, "ean": "invalid-ean", "error": "validation_error", "message": "Invalid EAN format."}
    assert list(row)[:4] == list(documented)
    assert documented.items() <= row.items()


@pytest.mark.parametrize(
    ("error_type", "field", "word", "ean"),
    [
        (ErrorType.EAN_INVALID, "ean", "validation_error", "123ABC7890"),
        (ErrorType.INVALID_TYPE, "price", "validation_error", None),
        (ErrorType.IDENTITY_CONFLICT, "ean", "validation_error", "123ABC7890"),
        (ErrorType.MALFORMED_ROW, None, "validation_error", None),
        (ErrorType.SYSTEM_ERROR, None, "system_error", None),
    ],
)
def test_productsmanager_has_a_word_for_each_finding(
    error_type: ErrorType, field: str | None, word: str, ean: str | None
) -> None:
    found = replace(FINDING, error_type=error_type, field=field)
    [row] = productsmanager.errors_json([found], total=1, page=1, per_page=20)["data"]
    assert (row["error"], row["ean"], row["error_type"]) == (word, ean, error_type)


@pytest.mark.parametrize(
    ("state", "retried", "in_pixeepim", "in_productsmanager"),
    [
        (JobState.PENDING, False, "pending", "pending"),
        (JobState.ANALYZING, False, "analyzing", "pending"),
        (JobState.AWAITING_MAPPING, False, "awaiting_mapping", "pending"),
        (JobState.READY, False, "ready", "pending"),
        (JobState.QUEUED, False, "processing", "pending"),
        (JobState.QUEUED, True, "pending", "pending"),
        (JobState.PROCESSING, True, "processing", "processing"),
        (JobState.COMPLETED, False, "completed", "completed"),
        (JobState.COMPLETED_WITH_ERRORS, False, "completed", "completed_with_errors"),
        (JobState.FAILED, False, "failed", "failed"),
        (JobState.CANCELLED, False, "cancelled", "failed"),
    ],
)
def test_each_state_has_its_words(state: JobState, retried: bool, in_pixeepim: str, in_productsmanager: str) -> None:
    found = job(state=state, retried=retried)
    assert pixeepim.head_json(found) == {"id": UUID_TEXT, "status": in_pixeepim}
    assert productsmanager.head_json(found) == {"id": IMP_TEXT, "status": in_productsmanager}
    asked_for = pixeepim.STATES_OF_STATUS[in_pixeepim]
    assert (state, None) in asked_for or (state, retried) in asked_for


def test_the_words_described_are_those_there_are() -> None:
    assert get_args(PixeepimStatus) == pixeepim.STATUSES
    assert get_args(ProductsManagerStatus) == productsmanager.STATUSES
    assert get_args(ImportType) == IMPORT_TYPES
    assert set(v1.STATUS_OF_STATE) == set(productsmanager.STATUS_OF_STATE) == set(JobState)


@pytest.mark.parametrize(
    ("changes", "started"),
    [
        ({"state": JobState.READY, "queued_at": None, "started_at": None}, None),
        ({"state": JobState.QUEUED, "started_at": None}, "2026-03-15T09:00:00Z"),
        ({"state": JobState.PROCESSING}, "2026-03-15T09:00:00Z"),
        ({"state": JobState.QUEUED, "retried": True, "started_at": None}, None),
        ({"state": JobState.PROCESSING, "retried": True}, "2026-03-15T09:00:01Z"),
    ],
)
def test_a_job_is_started_when_it_was_asked_to_and_a_retried_one_when_it_began(
    changes: dict[str, Any], started: str | None
) -> None:
    assert pixeepim.job_json(known(**changes))["started_at"] == started


def test_what_is_not_over_has_no_end() -> None:
    assert pixeepim.job_json(known(state=JobState.PROCESSING))["completed_at"] is None
    assert productsmanager.job_json(job(state=JobState.PROCESSING))["completed_at"] is None


def test_a_cancelled_job_has_no_error_in_pixeepim_and_says_so_in_productsmanager() -> None:
    cancelled = job(state=JobState.CANCELLED, error_message="cancelled")
    assert pixeepim.job_json(known(state=JobState.CANCELLED, error_message="cancelled"))["last_error"] is None
    assert productsmanager.job_json(cancelled)["error_message"] == "cancelled"
    assert pixeepim.job_json(known(state=JobState.FAILED, error_message="no"))["last_error"] == "no"


def test_rows_left_alone_are_successful_and_told_apart() -> None:
    counters = Counters(processed_rows=10, created=3, updated=2, unchanged=1, skipped=3, error_rows=1)
    printed = pixeepim.job_json(known(counters=counters, total_rows=10))
    assert printed["successful_rows"] + printed["failed_rows"] == printed["total_rows"]
    assert printed["successful_rows"] == (
        printed["products_created"] + printed["products_updated"] + printed["rows_skipped"]
    )
    assert productsmanager.job_json(job(counters=counters))["skipped_rows"] == 3


def test_fields_have_the_v1_words_and_columns_the_order_of_the_file() -> None:
    printed = pixeepim.job_json(known())
    assert list(printed["column_mapping"].items()) == [
        ("EAN Code", "ean"),
        ("Titre produit", "title"),
        ("Marque", "brand_name"),
    ]
    assert printed["validation_rules"] == {"title": {"max_length": 80}}
    assert pixeepim.row_error_json(replace(FINDING, field="name"))["field"] == "title"
    assert pixeepim.row_error_json(replace(FINDING, field=None))["field"] is None


def test_a_job_tells_where_its_time_went_and_an_undo_what_it_brought_back() -> None:
    printed = pixeepim.job_json(known())
    assert printed["receipt"] == {
        "rows_per_second": 8.2,
        "phases_seconds": {
            "receive": 1.0,
            "waiting_for_mapping": 2.0,
            "waiting_for_start": 2.0,
            "queued": 1.0,
            "processing": 153.0,
            "finishing": 0.1,
        },
        "waited_seconds": {"queue": 0.1, "reading": 0.2, "converting": 0.3, "postgres": 0.4, "clickhouse": 0.5},
        "chunks": 1,
        "chunks_done": 1,
        "chunk_failures": 0,
        "takeovers": 0,
    }
    assert "conflicts" not in printed
    other = UUID("aabb1234-0000-0000-0000-000000000001")
    undo = pixeepim.job_json(JobDetail(job(kind=JobKind.UNDO), other, None, Undone(3, 2, 1), RECEIPT))
    assert (undo["kind"], undo["undo_of"], undo["undone_by"]) == ("undo", str(other), None)
    assert (undo["products_removed"], undo["products_restored"], undo["conflicts"]) == (3, 2, 1)


def test_what_was_understood_of_a_file_tells_how_to_map_it() -> None:
    printed = pixeepim.mapping_json(job(state=JobState.AWAITING_MAPPING, mapping=None, mapping_source=None))
    assert printed["headers"] == ["EAN Code", "Titre produit", "Marque"]
    assert printed["sample_rows"] == [{"EAN Code": "3760000000017", "Titre produit": "Chaise", "Marque": "Ligne"}]
    assert printed["suggested_mapping"] == {"EAN Code": "ean", "Titre produit": "title", "Marque": None}
    assert [each["field"] for each in printed["suggestions"]] == ["ean", "title", None]
    assert (printed["column_mapping"], printed["notes"]) == (None, ["One column has no header."])


def test_of_a_file_that_was_not_read_nothing_is_understood() -> None:
    printed = pixeepim.mapping_json(job(state=JobState.PENDING, analysis=None, suggestion=None, mapping=None))
    assert (printed["headers"], printed["sample_rows"], printed["suggested_mapping"]) == ([], [], {})


@pytest.mark.parametrize("text", [UUID_TEXT, UUID_TEXT.upper(), IMP_TEXT, IMP_TEXT.lower()])
def test_both_spellings_name_the_same_job(text: str) -> None:
    job_uuid, spelling = v1.read_import_id(text)
    assert job_uuid == UUID(UUID_TEXT)
    assert spelling.spell(job_uuid) == (UUID_TEXT if spelling is Spelling.PIXEEPIM else IMP_TEXT)


@pytest.mark.parametrize(
    "text",
    [
        "42",
        "",
        "imp_",
        imp_id(UUID(UUID_TEXT))[4:],
        "imp_8N1T201RMV87AAE5J4CSAM8000",
        UUID_TEXT.replace("-", ""),
        f"{{{UUID_TEXT}}}",
        f"urn:uuid:{UUID_TEXT}",
        UUID_TEXT + "\n",
        "recent",
    ],
)
def test_what_is_spelled_as_no_id_is_not_there(text: str) -> None:
    with pytest.raises(NotFound):
        v1.read_import_id(text)


def test_either_word_for_a_field_is_understood() -> None:
    said = {"A": "title", "B": "name", "C": "brand_name", "D": "brand", "E": None, "F": "", "G": "price"}
    assert v1.engine_mapping(said) == {
        "A": "name",
        "B": "name",
        "C": "brand",
        "D": "brand",
        "E": None,
        "F": None,
        "G": "price",
    }
    assert v1.engine_rules({"title": {"required": True}, "ean": {}}) == {"name": {"required": True}, "ean": {}}
    with pytest.raises(InvalidValue) as refused:
        v1.engine_rules({"title": {}, "name": {}})
    assert list(refused.value.fields) == ["validation_rules.title"]


@pytest.mark.parametrize(
    ("total", "page", "per_page", "rest"),
    [
        (0, 1, 20, (0, False, False)),
        (1, 1, 20, (1, False, False)),
        (40, 1, 20, (2, True, False)),
        (41, 2, 20, (3, True, True)),
        (41, 3, 20, (3, False, True)),
        (5, 9, 20, (1, False, True)),
    ],
)
def test_a_page_knows_where_it_stands(total: int, page: int, per_page: int, rest: tuple[int, bool, bool]) -> None:
    total_pages, has_next, has_previous = rest
    assert v1.meta_json(total=total, page=page, per_page=per_page) == {
        "total": total,
        "page": page,
        "per_page": per_page,
        "total_pages": total_pages,
        "has_next": has_next,
        "has_previous": has_previous,
    }


@pytest.mark.parametrize(
    ("error", "code", "body"),
    [
        (
            IllegalTransition(JobState.COMPLETED_WITH_ERRORS, Move.CANCEL),
            409,
            {
                "error": "conflict",
                "message": "This import is completed; cancel needs one that is pending or processing.",
                "details": {"status": "completed"},
            },
        ),
        (
            IllegalTransition(JobState.AWAITING_MAPPING, Move.START),
            409,
            {
                "error": "conflict",
                "message": "This import is awaiting_mapping; start-processing needs one that is ready.",
                "details": {"status": "awaiting_mapping"},
            },
        ),
        (
            IllegalTransition(JobState.PROCESSING, Move.DELETE),
            409,
            {
                "error": "conflict",
                "message": "This import is processing; delete needs one that is pending, awaiting_mapping, ready, "
                "completed, failed or cancelled: cancel it first.",
                "details": {"status": "processing"},
            },
        ),
        (
            InvalidValue({"column_mapping.A": "the file has no such column"}),
            422,
            {
                "error": "validation_error",
                "message": "column_mapping.A: the file has no such column",
                "details": {"column_mapping.A": "the file has no such column"},
            },
        ),
        (Conflict("It was undone."), 409, {"error": "conflict", "message": "It was undone.", "details": {}}),
        (UnreadableFile("A GIF."), 400, {"error": "unreadable_file", "message": "A GIF.", "details": {}}),
        (SkuloomError("Oh."), 500, {"error": "internal_error", "message": "Oh.", "details": {}}),
    ],
)
def test_an_error_is_a_word_a_sentence_and_details(error: SkuloomError, code: int, body: dict[str, Any]) -> None:
    assert v1.error_answer(error) == (code, body)


@pytest.mark.parametrize("move", list(Move))
def test_every_refusal_can_be_told(move: Move) -> None:
    for state in JobState:
        code, body = v1.error_answer(IllegalTransition(state, move))
        assert code == 409
        assert body["message"].startswith(f"This import is {v1.STATUS_OF_STATE[state]}; ")
