"""Pixeepim's document: lists of jobs, one job, its errors and their report, recent jobs and statistics."""

import csv
import io
import re

import pytest

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
IMPORTS = "/api/v1/imports"
NOBODY = "00000000-0000-4000-8000-000000000000"
HEADER = b"EAN Code,Titre produit,Prix HT\n"
CATALOG = HEADER + b"3760000000017,Chaise,29.99\n3760000000024,Table,199.00\n"
BAD = HEADER + b"3760000000017,Chaise,29.99\n123ABC7890,Table,199.00\n3760000000031,Lampe,free\n3760000000048,,1.00\n"
MAPPING = {"column_mapping": {"EAN Code": "ean", "Titre produit": "title", "Prix HT": "price"}}
DETAIL = [
    "id",
    "status",
    "file_name",
    "file_type",
    "file_size",
    "supplier_code",
    "import_type",
    "total_rows",
    "successful_rows",
    "failed_rows",
    "products_created",
    "products_updated",
    "last_error",
    "started_at",
    "completed_at",
    "created_at",
]
SUMMARY = ["id", "status", "file_name", "supplier_code", "total_rows", "failed_rows", "created_at"]
FINDING = ["row_number", "severity", "error_type", "field", "message", "raw_value", "created_at"]


def uploaded(api, content: bytes = CATALOG, **fields: str) -> str:
    code, made = api.send_form("POST", f"{IMPORTS}/upload", content, **fields)
    assert code == 201, made
    return made["id"]


def imported(api, content: bytes = CATALOG, **fields: str) -> str:
    import_id = uploaded(api, content, **fields)
    assert api.request("POST", f"{IMPORTS}/{import_id}/save-mapping", MAPPING)[0] == 200
    assert api.request("POST", f"{IMPORTS}/{import_id}/start-processing")[0] == 200
    api.drain()
    return import_id


@pytest.fixture
def bad_id(api) -> str:
    return imported(api, BAD, supplier_code="SUPPLIER_A")


def test_a_job_tells_all_that_is_documented(api, bad_id):
    code, job = api.request("GET", f"{IMPORTS}/{bad_id}")
    assert code == 200
    assert list(job)[: len(DETAIL)] == DETAIL
    assert (job["id"], job["status"], job["supplier_code"]) == (bad_id, "completed", "SUPPLIER_A")
    assert (job["file_name"], job["file_type"], job["file_size"]) == ("catalog.csv", "csv", len(BAD))
    assert (job["total_rows"], job["successful_rows"], job["failed_rows"]) == (4, 1, 3)
    assert (job["products_created"], job["products_updated"], job["last_error"]) == (1, 0, None)
    for name in ("started_at", "completed_at", "created_at"):
        assert TIME.fullmatch(job[name])
    assert api.request("GET", f"{IMPORTS}/{bad_id}/") == (200, job)


def test_a_job_has_its_receipt(api, bad_id):
    receipt = api.request("GET", f"{IMPORTS}/{bad_id}")[1]["receipt"]
    assert (receipt["chunks"], receipt["chunks_done"], receipt["chunk_failures"], receipt["takeovers"]) == (1, 1, 0, 0)
    assert receipt["rows_per_second"] > 0
    assert all(seconds is not None and seconds >= 0 for seconds in receipt["phases_seconds"].values())
    assert set(receipt["waited_seconds"]) == {"queue", "reading", "converting", "postgres", "clickhouse"}
    waiting = api.request("GET", f"{IMPORTS}/{uploaded(api)}")[1]["receipt"]
    assert (waiting["rows_per_second"], waiting["phases_seconds"]["processing"]) == (None, None)


def test_unchanged_rows_count_as_updated_and_are_told_apart(api):
    imported(api)
    changed = CATALOG.replace(b"29.99", b"31.99")
    _, job = api.request("GET", f"{IMPORTS}/{imported(api, changed)}")
    assert (job["products_created"], job["products_updated"], job["products_unchanged"]) == (0, 2, 1)
    assert job["successful_rows"] == 2


def test_a_job_answers_to_its_three_spellings(api, bad_id):
    _, job = api.request("GET", f"{IMPORTS}/{bad_id}")
    ids = job["ids"]
    assert ids["uuid"] == bad_id
    assert api.request("GET", f"{IMPORTS}/{bad_id.upper()}")[1] == job
    _, other_words = api.request("GET", f"{IMPORTS}/{ids['imp_id']}")
    assert (other_words["id"], other_words["status"]) == (ids["imp_id"], "completed_with_errors")
    assert api.request("GET", f"/api/pim/import/{ids['job_id']}/")[1]["error_count"] == 3


@pytest.mark.parametrize("import_id", [NOBODY, "42", "0", "imp_00000000000000000000000000", "imp_", "x", "recent.csv"])
@pytest.mark.parametrize(
    ("method", "step"),
    [
        ("GET", ""),
        ("DELETE", ""),
        ("GET", "/errors"),
        ("GET", "/report"),
        ("GET", "/mapping"),
        ("POST", "/dry-run"),
        ("POST", "/start-processing"),
        ("POST", "/cancel"),
        ("POST", "/retry"),
        ("POST", "/archive"),
        ("POST", "/unarchive"),
        ("POST", "/undo"),
    ],
)
def test_what_is_not_there_is_404(api, method, step, import_id):
    code, refused = api.request(method, f"{IMPORTS}/{import_id}{step}")
    assert (code, refused["error"]) == (404, "not_found")
    assert set(refused) == {"error", "message", "details"}


def test_the_integer_of_a_job_is_no_name_here(api, bad_id):
    _, job = api.request("GET", f"{IMPORTS}/{bad_id}")
    assert api.request("GET", f"{IMPORTS}/{job['ids']['job_id']}")[0] == 404


def test_another_workspaces_job_is_not_there(api, other_walk, bad_id):
    stranger = type(api)(api.client, other_walk.api_key, api.drain)
    for method, step in (("GET", ""), ("GET", "/errors"), ("GET", "/report"), ("POST", "/cancel"), ("DELETE", "")):
        assert stranger.request(method, f"{IMPORTS}/{bad_id}{step}")[0] == 404
    assert stranger.request("POST", f"{IMPORTS}/{bad_id}/save-mapping", MAPPING)[0] == 404
    assert stranger.request("GET", IMPORTS)[1]["meta"]["total"] == 0
    assert stranger.request("GET", f"{IMPORTS}/stats")[1]["total_jobs"] == 0


@pytest.mark.parametrize("path", [f"{IMPORTS}/", IMPORTS])
def test_jobs_are_listed_the_newest_first(api, path):
    made = [uploaded(api, supplier_code="SUPPLIER_A") for _ in range(3)]
    code, listed = api.request("GET", path)
    assert (code, list(listed)) == (200, ["items", "meta"])
    assert [each["id"] for each in listed["items"]] == made[::-1]
    assert list(listed["items"][0])[: len(SUMMARY)] == SUMMARY
    assert listed["meta"] == {
        "total": 3,
        "page": 1,
        "per_page": 20,
        "total_pages": 1,
        "has_next": False,
        "has_previous": False,
    }


def test_a_list_has_pages(api):
    made = [uploaded(api) for _ in range(3)]
    _, listed = api.request("GET", f"{IMPORTS}/?page=2&per_page=2")
    assert [each["id"] for each in listed["items"]] == made[:1]
    assert listed["meta"] == {
        "total": 3,
        "page": 2,
        "per_page": 2,
        "total_pages": 2,
        "has_next": False,
        "has_previous": True,
    }
    assert api.request("GET", f"{IMPORTS}?per_page=2")[1]["meta"]["has_next"] is True
    assert api.request("GET", f"{IMPORTS}?page=9")[1]["items"] == []


def test_a_list_is_narrowed_by_status_and_supplier(api):
    waiting, done = uploaded(api, supplier_code="SUPPLIER_B"), imported(api, supplier_code="SUPPLIER_A")
    bad = imported(api, BAD, supplier_code="SUPPLIER_A")

    def found(query: str) -> list[str]:
        return [each["id"] for each in api.request("GET", f"{IMPORTS}?{query}")[1]["items"]]

    assert found("status=awaiting_mapping") == [waiting]
    assert found("status=completed") == [bad, done]
    assert found("status=failed") == []
    assert found("supplier_code=SUPPLIER_A") == [bad, done]
    assert found("supplier_code=SUPPLIER_B&status=completed") == []
    assert found("supplier_code=nobody") == []
    assert found("status=&supplier_code=") == [bad, done, waiting]


def test_a_queued_job_is_listed_under_the_status_it_prints(api):
    started = uploaded(api)
    api.request("POST", f"{IMPORTS}/{started}/save-mapping", MAPPING)
    api.request("POST", f"{IMPORTS}/{started}/start-processing")
    assert [each["id"] for each in api.request("GET", f"{IMPORTS}?status=processing")[1]["items"]] == [started]
    assert api.request("GET", f"{IMPORTS}?status=pending")[1]["items"] == []
    api.request("POST", f"{IMPORTS}/{started}/cancel")
    api.request("POST", f"{IMPORTS}/{started}/retry")
    assert api.request("GET", f"{IMPORTS}?status=processing")[1]["items"] == []
    assert [each["status"] for each in api.request("GET", f"{IMPORTS}?status=pending")[1]["items"]] == ["pending"]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("status=done", "status"),
        ("status=COMPLETED", "status"),
        ("page=0", "page"),
        ("page=x", "page"),
        ("per_page=0", "per_page"),
        ("per_page=101", "per_page"),
        ("archived=maybe", "archived"),
        ("supplier_code=%00", "supplier_code"),
    ],
)
def test_a_list_that_cannot_be_is_refused_by_the_parameter(api, query, named):
    code, refused = api.request("GET", f"{IMPORTS}/?{query}")
    assert (code, refused["error"], list(refused["details"])) == (422, "validation_error", [named])


def test_recent_jobs_are_the_newest_ten(api):
    made = [uploaded(api) for _ in range(11)]
    code, recent = api.request("GET", f"{IMPORTS}/recent")
    assert code == 200
    assert [each["id"] for each in recent["items"]] == made[:0:-1]
    assert list(recent["items"][0])[: len(SUMMARY)] == SUMMARY
    _, fewer = api.request("GET", f"{IMPORTS}/recent/?limit=5")
    assert fewer["items"] == recent["items"][:5]


@pytest.mark.parametrize("limit", ["0", "101", "x"])
def test_a_limit_that_cannot_be_is_refused(api, limit):
    code, refused = api.request("GET", f"{IMPORTS}/recent?limit={limit}")
    assert (code, list(refused["details"])) == (422, ["limit"])


@pytest.mark.parametrize("path", [f"{IMPORTS}/stats", f"{IMPORTS}/stats/"])
def test_statistics_count_jobs_rows_and_products(api, path):
    assert api.request("GET", path)[1] == {
        "total_jobs": 0,
        "completed_jobs": 0,
        "failed_jobs": 0,
        "total_rows_processed": 0,
        "total_products_created": 0,
        "total_products_updated": 0,
        "success_rate": 0.0,
    }
    imported(api)
    imported(api, BAD)
    uploaded(api)
    code, stats = api.request("GET", path)
    assert code == 200
    assert stats == {
        "total_jobs": 3,
        "completed_jobs": 2,
        "failed_jobs": 0,
        "total_rows_processed": 6,
        "total_products_created": 2,
        "total_products_updated": 1,
        "success_rate": 66.7,
    }


def test_errors_are_told_row_by_row(api, bad_id):
    code, listed = api.request("GET", f"{IMPORTS}/{bad_id}/errors")
    assert (code, list(listed)) == (200, ["items", "meta"])
    assert [(each["row_number"], each["error_type"], each["field"]) for each in listed["items"]] == [
        (2, "ean_invalid", "ean"),
        (3, "invalid_type", "price"),
        (4, "missing_required_field", "title"),
    ]
    first = listed["items"][0]
    assert list(first)[: len(FINDING)] == FINDING
    assert (first["severity"], first["raw_value"], first["line"], first["column"]) == (
        "error",
        "123ABC7890",
        3,
        "EAN Code",
    )
    assert TIME.fullmatch(first["created_at"])
    assert listed["meta"] == {
        "total": 3,
        "page": 1,
        "per_page": 50,
        "total_pages": 1,
        "has_next": False,
        "has_previous": False,
    }


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("severity=error&per_page=50", [2, 3, 4]),
        ("severity=warning", []),
        ("error_type=ean_invalid", [2]),
        ("error_type=missing_required_field", [4]),
        ("error_type=not_unique", []),
        ("search=123abc", [2]),
        ("search=FREE", [3]),
        ("search=%25", []),
        ("search=nowhere", []),
        ("page=2&per_page=2", [4]),
        ("page=2&per_page=200", []),
        ("error_type=&severity=&search=&page=&per_page=", [2, 3, 4]),
    ],
)
def test_errors_are_filtered_and_paged(api, bad_id, query, rows):
    code, listed = api.request("GET", f"{IMPORTS}/{bad_id}/errors/?{query}")
    assert code == 200
    assert [each["row_number"] for each in listed["items"]] == rows


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("error_type=typo", "error_type"),
        ("severity=fatal", "severity"),
        ("page=0", "page"),
        ("per_page=201", "per_page"),
        ("per_page=0", "per_page"),
        ("search=%00", "search"),
    ],
)
def test_errors_that_cannot_be_asked_for_are_refused(api, bad_id, query, named):
    code, refused = api.request("GET", f"{IMPORTS}/{bad_id}/errors?{query}")
    assert (code, list(refused["details"])) == (422, [named])


def test_the_report_is_a_csv_of_the_bad_rows(api, bad_id):
    answer = api.send("GET", f"{IMPORTS}/{bad_id}/report")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    header, *rows = csv.reader(io.StringIO(answer.body.decode("utf-8-sig"), newline=""))
    assert header[:4] == ["EAN Code", "Titre produit", "Prix HT", "error"]
    assert [row[0] for row in rows] == ["123ABC7890", "3760000000031", "3760000000048"]
    assert api.send("GET", f"{IMPORTS}/{bad_id}/report/?severity=warning").body.count(b"\n") == 1
    assert api.request("GET", f"{IMPORTS}/{bad_id}/report?severity=fatal")[0] == 422


def test_a_job_that_waits_has_an_empty_report(api):
    answer = api.send("GET", f"{IMPORTS}/{uploaded(api)}/report")
    assert (answer.status_code, answer.body.count(b"\n")) == (200, 1)
