"""Files that go out: the report of bad rows and the members of a segment, as a browser gets them."""

import csv
import io
import urllib.request
from dataclasses import dataclass, field

import pytest

CSV = "text/csv; charset=utf-8"
HEADER = "Product ID,Barcode,Title,Sale Price\n"
CONFIRM = {
    "mapping": {"Product ID": "sku", "Barcode": None, "Title": "name", "Sale Price": "price"},
    "schema": [{"name": "price", "type": "price", "required": False, "description": ""}],
    "default_currency": "EUR",
    "default_locale": "en_US",
}


@dataclass(frozen=True, slots=True)
class Got:
    """An answer that is no JSON."""

    code: int
    headers: dict[str, str]
    body: bytes
    rows: list[list[str]] = field(init=False)

    def __post_init__(self) -> None:
        text = self.body.decode("utf-8-sig")
        object.__setattr__(self, "rows", list(csv.reader(io.StringIO(text, newline=""))))


@pytest.fixture
def fetch(api):
    def got(method: str, path: str) -> Got:
        answer = api.client.http.request(method, path, headers={"X-API-Key": api.key})
        return Got(answer.status_code, answer.headers, answer.body)

    return got


def imported(api, content: str) -> int:
    _, draft = api.upload(content.encode())
    api.request("POST", f"/api/pim/import/{draft['job_id']}/confirm/", CONFIRM)
    api.drain()
    return draft["job_id"]


def test_the_bad_rows_come_as_a_csv(api, fetch):
    job_id = imported(api, HEADER + 'A,1,=2+5,1.90\nB,2,"@home, chair",free\nC,3,-10% today,+\n')
    got = fetch("GET", f"/api/pim/import/{job_id}/errors.csv")
    assert got.code == 200
    assert got.headers["Content-Type"] == CSV
    assert got.headers["Content-Disposition"] == f'attachment; filename="import-{job_id}-bad-rows.csv"'
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert got.body.startswith(b"\xef\xbb\xbf")
    header, first, second = got.rows
    assert header == ["Product ID", "Barcode", "Title", "Sale Price", "error", "row_number", "line", "job_id"]
    assert first[:4] == ["B", "2", "'@home, chair", "free"] and first[5:] == ["2", "3", str(job_id)]
    assert first[4].startswith('Sale Price: "free" is not a price')
    assert second[:4] == ["C", "3", "'-10% today", "'+"] and second[5:] == ["3", "4", str(job_id)]


def test_what_was_fixed_is_uploaded_again(api, fetch):
    job_id = imported(api, HEADER + "A,1,=2+5,1.90\nC,3,-10% today,+\n")
    report = fetch("GET", f"/api/pim/import/{job_id}/errors.csv").body
    code, draft = api.upload(report.replace(b",'+,", b",2.90,"), "fixed.csv")
    assert code == 200
    assert draft["suggested_mapping"] == {
        "Product ID": "sku",
        "Barcode": draft["suggested_mapping"]["Barcode"],
        "Title": "name",
        "Sale Price": "price",
        "error": None,
        "row_number": None,
        "line": None,
        "job_id": None,
    }
    assert draft["sample_rows"][0]["Title"] == "-10% today"
    api.request("POST", f"/api/pim/import/{draft['job_id']}/confirm/", CONFIRM)
    api.drain()
    _, page = api.request("GET", "/api/pim/products/")
    assert [(each["sku"], each["name"], each["data"]) for each in page["results"]] == [
        ("A", "=2+5", {"price": "1.90"}),
        ("C", "-10% today", {"price": "2.90"}),
    ]


@pytest.mark.parametrize(
    ("query", "skus"),
    [
        ("", ["B"]),
        ("?severity=", ["B"]),
        ("?severity=error", ["B"]),
        ("?severity=warning", ["A"]),
        ("?severity=all", ["A", "B"]),
    ],
)
def test_which_rows_are_told_can_be_asked(api, fetch, query, skus):
    job_id = imported(api, HEADER + "A,1,Chair,1.90\nB,2,Table,free\nA,3,Chair,2.90\n")
    assert [row[0] for row in fetch("GET", f"/api/pim/import/{job_id}/errors.csv{query}").rows[1:]] == skus


def test_an_unknown_severity_is_refused(api):
    _, draft = api.upload(HEADER.encode() + b"A,1,Chair,1.90\n")
    code, refusal = api.request("GET", f"/api/pim/import/{draft['job_id']}/errors.csv?severity=fatal")
    assert (code, list(refusal)) == (422, ["severity"])


@pytest.mark.parametrize("path", ["/api/pim/import/{}/errors.csv", "/api/product-segments/{}/members.csv"])
@pytest.mark.parametrize("number", ["987654321", "x", "-1"])
def test_what_is_not_there_is_not_found(api, path, number):
    code, refusal = api.request("GET", path.format(number))
    assert (code, list(refusal)) == (404, ["detail"])


def a_segment(api) -> int:
    definition = {"logic": "AND", "conditions": [{"type": "all_products"}]}
    _, segment = api.request("POST", "/api/product-segments/", {"name": "All", "definition": definition})
    return segment["id"]


def test_members_come_as_a_csv(api, fetch):
    imported(api, HEADER + 'A,1,"=2+5, a chair",1.90\nB,2,Table,2.5\n')
    segment_id = a_segment(api)
    assert fetch("GET", f"/api/product-segments/{segment_id}/members.csv").rows == [["sku", "name", "price"]]
    api.request("POST", f"/api/product-segments/{segment_id}/compute/")
    api.drain()
    got = fetch("GET", f"/api/product-segments/{segment_id}/members.csv")
    assert (got.code, got.headers["Content-Type"]) == (200, CSV)
    assert got.headers["Content-Disposition"] == f'attachment; filename="segment-{segment_id}-members.csv"'
    assert got.rows == [
        ["sku", "name", "price"],
        ["A", "'=2+5, a chair", "1.90 EUR"],
        ["B", "Table", "2.5 EUR"],
    ]


def test_large_files_are_fetched_from_an_address(api, fetch):
    lines = [f"SKU-{number:05},{number},Chair {number},{'free' if number % 2 else '1.90'}\n" for number in range(5_000)]
    job_id = imported(api, HEADER + "".join(lines))
    segment_id = a_segment(api)
    api.request("POST", f"/api/product-segments/{segment_id}/compute/")
    api.drain()
    for path, name in (
        (f"/api/pim/import/{job_id}/errors.csv", f"import-{job_id}-bad-rows.csv"),
        (f"/api/product-segments/{segment_id}/members.csv", f"segment-{segment_id}-members.csv"),
    ):
        got = fetch("GET", path)
        assert (got.code, got.body) == (303, b"")
        with urllib.request.urlopen(got.headers["Location"]) as answer:
            assert answer.headers["Content-Type"] == CSV
            assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
            assert len(answer.read().splitlines()) == 2_501
