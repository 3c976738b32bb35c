"""Pixeepim's document: "Upload a file" and "Upload from URL", parameter by parameter."""

import io
import re

import pytest
from openpyxl import Workbook

from tests.site import Site, answer

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
CATALOG = b"EAN Code,Titre produit,Prix HT\n3760000000017,Chaise,29.99\n3760000000024,Table,199.00\n"
JSON_CATALOG = b'{"products": [{"ean": "3760000000017", "title": "Chaise"}], "recalled": [{"ean": "3760000000024"}]}'
XML_CATALOG = b"<products><product><ean>3760000000017</ean><title>Chaise</title></product></products>"
NOBODY = "00000000-0000-4000-8000-000000000000"
DOCUMENTED = ["id", "status", "file_name", "file_type", "supplier_code", "created_at"]
UPLOAD = "/api/v1/imports/upload"
FROM_URL = "/api/v1/imports/upload-from-url"


@pytest.mark.parametrize("path", [UPLOAD, f"{UPLOAD}/"])
def test_an_upload_is_analysed_and_awaits_its_mapping(api, path):
    code, made = api.send_form("POST", path, CATALOG, supplier_code="SUPPLIER_A", auto_process="false")
    assert code == 201
    assert list(made)[:6] == DOCUMENTED
    assert UUID.fullmatch(made["id"])
    assert TIME.fullmatch(made["created_at"])
    assert (made["status"], made["file_name"], made["file_type"]) == ("awaiting_mapping", "catalog.csv", "csv")
    assert (made["supplier_code"], made["total_rows"]) == ("SUPPLIER_A", 2)


def test_only_the_file_is_needed(api):
    code, made = api.send_form("POST", UPLOAD, CATALOG)
    assert (code, made["supplier_code"]) == (201, None)
    assert api.request("GET", f"/api/v1/imports/{made['id']}")[1]["import_type"] == "manual"


def workbook(**sheets: list[list[object]]) -> bytes:
    book, content = Workbook(), io.BytesIO()
    for number, (name, rows) in enumerate(sheets.items()):
        sheet = book.create_sheet(name, number)
        for row in rows:
            sheet.append(row)
    del book["Sheet"]
    book.save(content)
    return content.getvalue()


XLSX_CATALOG = workbook(
    New=[["EAN Code", "Titre produit"], [3760000000017, "Chaise"]],
    Old=[["Code", "Libellé"], [3760000000024, "Table"]],
)


@pytest.mark.parametrize(
    ("content", "file_name", "file_type"),
    [
        (XLSX_CATALOG, "catalog.xlsx", "xlsx"),
        (CATALOG, "catalog.csv", "csv"),
        (JSON_CATALOG, "catalog.json", "json"),
        (XML_CATALOG, "catalog.xml", "xml"),
    ],
)
def test_each_format_is_told_from_its_bytes(api, content, file_name, file_type):
    code, made = api.send_form("POST", UPLOAD, content, file_name)
    assert (code, made["file_type"], made["file_name"]) == (201, file_type, file_name)


def test_a_supplier_is_named_by_its_id(api):
    _, supplier = api.request("POST", "/api/v1/suppliers", {"code": "SUPPLIER_A", "name": "Supplier A"})
    code, made = api.send_form("POST", UPLOAD, CATALOG, supplier_id=supplier["id"])
    assert (code, made["supplier_code"]) == (201, "SUPPLIER_A")
    assert api.request("GET", f"/api/v1/imports/{made['id']}")[1]["supplier_id"] == supplier["id"]


TEMPLATE = {
    "name": "Supplier A",
    "column_mapping": {"EAN Code": "ean", "Titre produit": "title", "Prix HT": "price"},
}


def test_a_template_makes_it_ready(api):
    _, template = api.request("POST", "/api/v1/import-templates", TEMPLATE)
    code, made = api.send_form("POST", UPLOAD, CATALOG, template_id=template["id"])
    assert (code, made["status"]) == (201, "ready")
    _, job = api.request("GET", f"/api/v1/imports/{made['id']}")
    assert (job["template_id"], job["mapping_source"]) == (template["id"], "template")
    assert job["column_mapping"] == TEMPLATE["column_mapping"]


@pytest.mark.parametrize("yes", ["true", "1", "yes", "TRUE"])
def test_with_auto_process_a_template_starts_it(api, yes):
    _, template = api.request("POST", "/api/v1/import-templates", TEMPLATE)
    code, made = api.send_form("POST", UPLOAD, CATALOG, template_id=template["id"], auto_process=yes)
    assert (code, made["status"]) == (201, "processing")
    api.drain()
    _, job = api.request("GET", f"/api/v1/imports/{made['id']}")
    assert (job["status"], job["products_created"]) == ("completed", 2)


def test_without_a_template_auto_process_waits_for_the_mapping(api):
    _, made = api.send_form("POST", UPLOAD, CATALOG, auto_process="true")
    assert made["status"] == "awaiting_mapping"


@pytest.mark.parametrize("import_type", ["manual", "ftp", "sftp", "email", "s3", "push", "scheduled", "wizard", "api"])
def test_how_a_file_came_is_kept(api, import_type):
    _, made = api.send_form("POST", UPLOAD, CATALOG, import_type=import_type)
    assert api.request("GET", f"/api/v1/imports/{made['id']}")[1]["import_type"] == import_type


def headers(api, content: bytes, file_name: str = "catalog.csv", **fields: str) -> list[str]:
    code, made = api.send_form("POST", UPLOAD, content, file_name, **fields)
    assert code == 201, made
    return api.request("GET", f"/api/v1/imports/{made['id']}/mapping")[1]["headers"]


@pytest.mark.parametrize(
    ("content", "fields"),
    [
        (b"Catalogue 2026\n\nEAN Code,Titre produit,Prix HT\n3760000000017,Chaise,2\n", {"skip_header_rows": "2"}),
        (CATALOG, {"format": "csv"}),
        (CATALOG, {"format": "CSV"}),
        (CATALOG.replace(b",", b"|"), {"delimiter": "|"}),
        (CATALOG.replace(b",", b"\t"), {"delimiter": "\t"}),
        (CATALOG.replace(b",", b"\t"), {"delimiter": "tab"}),
        ("EAN Code,Titre produit,Prix HT\n3760000000017,Siège,2\n".encode("cp1252"), {"encoding": "cp1252"}),
        (CATALOG, {"skip_header_rows": "", "encoding": "", "import_type": "", "auto_process": ""}),
    ],
)
def test_how_a_file_is_to_be_read_can_be_said(api, content, fields):
    assert headers(api, content, **fields) == ["EAN Code", "Titre produit", "Prix HT"]


def test_where_the_records_are_can_be_said(api):
    assert headers(api, JSON_CATALOG, "catalog.json", record_path="recalled") == ["ean"]
    assert headers(api, XML_CATALOG, "catalog.xml", record_path="products/product") == ["ean", "title"]
    for sheet in ("Old", "2"):
        assert headers(api, XLSX_CATALOG, "catalog.xlsx", sheet=sheet) == ["Code", "Libellé"]
    assert headers(api, XLSX_CATALOG, "catalog.xlsx") == ["EAN Code", "Titre produit"]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"import_type": "pigeon"}, "import_type"),
        ({"auto_process": "maybe"}, "auto_process"),
        ({"skip_header_rows": "-1"}, "skip_header_rows"),
        ({"skip_header_rows": "1001"}, "skip_header_rows"),
        ({"skip_header_rows": "two"}, "skip_header_rows"),
        ({"supplier_id": "SUPPLIER_A"}, "supplier_id"),
        ({"template_id": "7"}, "template_id"),
        ({"supplier_code": "x" * 101}, "supplier_code"),
        ({"supplier_code": "a\0b"}, "supplier_code"),
        ({"supplier_code": "\udcff"}, "supplier_code"),
        ({"format": "pdf"}, "format"),
        ({"encoding": "not an encoding"}, "encoding"),
        ({"delimiter": "||"}, "delimiter"),
    ],
)
def test_a_field_that_cannot_be_is_refused_by_its_name(api, fields, named):
    code, refused = api.send_form("POST", UPLOAD, CATALOG, **fields)
    assert (code, refused["error"], list(refused["details"])) == (422, "validation_error", [named])
    assert set(refused) == {"error", "message", "details"}
    assert api.request("GET", "/api/v1/imports")[1]["items"] == []


@pytest.mark.parametrize("name", ["supplier_id", "template_id"])
def test_an_unknown_supplier_or_template_is_not_there(api, name):
    code, refused = api.send_form("POST", UPLOAD, CATALOG, **{name: NOBODY})
    assert (code, refused["error"]) == (404, "not_found")
    assert api.request("GET", "/api/v1/imports")[1]["items"] == []


@pytest.mark.parametrize(
    ("content", "fields", "words"),
    [
        (b"", {}, "empty"),
        (b"GIF89a\x01\x00\x01\x00\x00\xff\xff\xff", {}, "GIF"),
        (b'[{"ean": "1"', {}, ""),
        (CATALOG, {"format": "xlsx"}, "xlsx"),
        (CATALOG, {"encoding": "klingon"}, "klingon"),
        (CATALOG, {"encoding": "punycode"}, "punycode"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><products><product><ean>&b;</ean></product></products>', {}, ""),
    ],
)
def test_a_file_nobody_can_read_is_refused_and_leaves_nothing(api, content, fields, words):
    code, refused = api.send_form("POST", UPLOAD, content, **fields)
    assert (code, refused["error"]) == (400, "unreadable_file"), refused
    assert words.lower() in refused["message"].lower()
    assert api.request("GET", "/api/v1/imports")[1]["items"] == []


def test_a_form_without_a_file_is_refused(api):
    code, refused = api.send_form("POST", UPLOAD, None, supplier_code="SUPPLIER_A")
    assert (code, refused["error"]) == (400, "bad_request")
    assert "file" in refused["message"]
    assert api.request("POST", UPLOAD, {"file": "catalog.csv"})[0] == 400


def test_a_form_over_the_limit_names_the_way_for_large_files(api):
    code, refused = api.send_form("POST", UPLOAD, b"ean,title\n" + b"x,y\n" * 1_200_000)
    assert (code, refused["error"]) == (413, "too_large")
    assert "POST /api/v1/uploads" in refused["message"]


def test_an_upload_needs_a_key(api):
    stranger = type(api)(api.client, "no-key-of-ours", api.drain)
    code, refused = stranger.send_form("POST", UPLOAD, CATALOG)
    assert (code, refused["error"]) == (401, "unauthenticated")


@pytest.mark.parametrize("path", [FROM_URL, f"{FROM_URL}/"])
def test_a_file_at_an_address_is_fetched_and_analysed(api, site: Site, path):
    url = site.page("/exports/products.csv", answer(CATALOG, Content_Type="text/csv"))
    code, made = api.request("POST", path, {"url": url})
    assert code == 201
    assert {"id", "status", "file_name", "file_type", "created_at"} <= set(made)
    assert (made["status"], made["file_name"], made["file_type"]) == ("pending", "products.csv", "csv")
    api.drain()
    _, job = api.request("GET", f"/api/v1/imports/{made['id']}")
    assert (job["status"], job["total_rows"], job["import_type"]) == ("awaiting_mapping", 2, "url")
    assert job["file_size"] == len(CATALOG)


def test_a_fetched_file_has_its_supplier_template_and_reading(api, site: Site):
    _, supplier = api.request("POST", "/api/v1/suppliers", {"code": "SUPPLIER_A", "name": "Supplier A"})
    _, template = api.request("POST", "/api/v1/import-templates", TEMPLATE)
    url = site.page("/products.csv", answer(b"Catalogue 2026\n" + CATALOG))
    body = {"url": url, "supplier_id": supplier["id"], "template_id": template["id"], "skip_header_rows": 1}
    code, made = api.request("POST", FROM_URL, body)
    assert code == 201
    api.drain()
    _, job = api.request("GET", f"/api/v1/imports/{made['id']}")
    assert (job["status"], job["supplier_id"], job["template_id"]) == ("ready", supplier["id"], template["id"])


def test_a_file_that_cannot_be_had_fails_its_job_with_the_reason(api, site: Site):
    url = site.page("/gone.csv", answer(status="410 Gone"))
    _, made = api.request("POST", FROM_URL, {"url": f"{url}?token=s3cr3t"})
    api.drain()
    _, job = api.request("GET", f"/api/v1/imports/{made['id']}")
    assert job["status"] == "failed"
    assert "410" in job["last_error"]
    assert "s3cr3t" not in str(job)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "url"),
        ({"url": ""}, "url"),
        ({"url": "ftp://supplier.com/a.csv"}, "url"),
        ({"url": "http://169.254.169.254/latest/meta-data"}, "url"),
        ({"url": "http://10.0.0.1/a.csv"}, "url"),
        ({"url": "products.csv"}, "url"),
        ({"url": "https://example.org/a.csv", "skip_header_rows": -1}, "skip_header_rows"),
        ({"url": "https://example.org/a.csv", "skip_header_rows": "2"}, "skip_header_rows"),
        ({"url": "https://example.org/a.csv", "supplier_id": "x"}, "supplier_id"),
        ({"url": "https://example.org/a.csv", "template_id": 7}, "template_id"),
        ({"url": "https://example.org/a.csv", "auto_process": "yes"}, "auto_process"),
    ],
)
def test_what_cannot_be_fetched_is_refused_at_once(api, body, named):
    code, refused = api.request("POST", FROM_URL, body)
    assert (code, refused["error"], list(refused["details"])) == (422, "validation_error", [named]), refused
    assert api.request("GET", "/api/v1/imports")[1]["items"] == []


def test_an_address_is_fetched_for_no_unknown_supplier_or_template(api, site: Site):
    url = site.page("/products.csv", answer(CATALOG))
    for name in ("supplier_id", "template_id"):
        assert api.request("POST", FROM_URL, {"url": url, name: NOBODY})[0] == 404
    assert site.requests == []
