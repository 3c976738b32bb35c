"""What no document prints and the shared spec asks for: findings of an import, uploads of large files, health."""

import pytest

BAD = b"Product ID,Title,Sale Price\nSHOE-001,Air Max 90,129.99\nSHOE-002,Stan Smith,free\n,Nameless,1.00\n"
CONFIRM = {
    "mapping": {"Product ID": "sku", "Title": "name", "Sale Price": "price"},
    "schema": [{"name": "price", "type": "price", "required": False, "description": "Sale price"}],
}


@pytest.fixture
def job_id(api) -> int:
    _, draft = api.upload(BAD)
    api.request("POST", f"/api/pim/import/{draft['job_id']}/confirm/", CONFIRM)
    api.drain()
    return draft["job_id"]


def test_findings_are_paged_in_the_order_of_the_file(api, job_id):
    code, page = api.request("GET", f"/api/pim/import/{job_id}/errors/?page_size=1")
    assert code == 200
    assert (page["count"], page["previous"]) == (2, None)
    assert page["next"] == f"/api/pim/import/{job_id}/errors/?page_size=1&page=2"
    [first] = page["results"]
    assert {name: first[name] for name in ("row_number", "line", "severity", "error_type", "field", "column")} == {
        "row_number": 2,
        "line": 3,
        "severity": "error",
        "error_type": "invalid_type",
        "field": "price",
        "column": "Sale Price",
    }
    assert first["raw_value"] == "free"
    _, page = api.request("GET", f"/api/pim/import/{job_id}/errors/?page_size=1&page=2")
    assert [each["row_number"] for each in page["results"]] == [3]
    assert (page["next"], page["previous"]) == (None, f"/api/pim/import/{job_id}/errors/?page_size=1&page=1")


@pytest.mark.parametrize("query", ["page=0", "page=x", "page_size=201", "page_size=0", "page=1&page_size=1.5"])
def test_a_page_that_cannot_be_is_refused_by_its_name(api, job_id, query):
    code, refused = api.request("GET", f"/api/pim/import/{job_id}/errors/?{query}")
    name = query.rpartition("&")[2].partition("=")[0]
    assert code == 422
    assert list(refused) == [name]
    assert isinstance(refused[name][0], str)


def test_a_blank_parameter_counts_as_not_given(api, job_id):
    asked = api.request("GET", f"/api/pim/import/{job_id}/errors/?page=&page_size=")
    assert asked[0] == 200
    assert len(asked[1]["results"]) == 2


def test_a_large_file_gets_a_form_to_be_sent_by(api):
    code, expected = api.request("POST", "/api/v1/uploads", {"name": "catalog.csv", "size": 52_428_800})
    assert code == 201
    assert set(expected) == {"id", "job_id", "status", "url", "fields", "expires_at"}
    assert expected["status"] == "pending"
    assert expected["fields"]["key"].endswith("/catalog.csv")
    assert api.request("GET", f"/api/pim/import/{expected['job_id']}/")[1]["status"] == "pending"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"size": 1}, "name"),
        ({"name": "a.csv"}, "size"),
        ({"name": "", "size": 1}, "name"),
        ({"name": " ", "size": 1}, "name"),
        ({"name": "a", "size": 0}, "size"),
        ({"name": "a", "size": True}, "size"),
    ],
)
def test_an_upload_that_cannot_be_is_refused_in_the_words_of_v1(api, body, field):
    code, refused = api.request("POST", "/api/v1/uploads", body)
    assert code == 422
    assert set(refused) == {"error", "message", "details"}
    assert refused["error"] == "validation_error"
    assert list(refused["details"]) == [field]


def test_health_needs_no_key(api):
    assert api.client.http.get("/health").json_body == {"status": "ok"}
    ready = api.client.http.get("/health/ready")
    assert (ready.status_code, ready.json_body["status"]) == (200, "ok")
    assert set(ready.json_body["parts"]) == {"postgresql", "clickhouse", "s3", "sqs"}
