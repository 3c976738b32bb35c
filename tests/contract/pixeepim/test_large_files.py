"""The way for large files takes the same parameters as an upload; the file's arrival starts the analysis."""

import pytest

CATALOG = b"EAN Code;Titre produit;Prix HT\n3760000000017;Chaise;29,99\n3760000000024;Table;199,00\n"
UPLOADS = "/api/v1/uploads"
NOBODY = "00000000-0000-4000-8000-000000000000"
TEMPLATE = {
    "name": "Supplier A",
    "column_mapping": {"EAN Code": "ean", "Titre produit": "title", "Prix HT": "price"},
}


@pytest.fixture
def arrived(api, services, embedded):
    """The job of a file that was sent by the form these parameters bring."""

    def send(content: bytes = CATALOG, **parameters) -> dict:
        body = {"name": "catalog.csv", "size": len(content), "type": "text/csv", **parameters}
        code, expected = api.request("POST", UPLOADS, body)
        assert code == 201, expected
        assert expected["status"] == "pending"
        embedded.s3.put_object(Bucket=services.settings.bucket, Key=expected["fields"]["key"], Body=content)
        api.drain()
        return api.request("GET", f"/api/v1/imports/{expected['id']}")[1]

    return send


def test_a_file_that_arrives_is_analysed(arrived):
    job = arrived()
    assert (job["status"], job["total_rows"], job["import_type"]) == ("awaiting_mapping", 2, "push")
    assert (job["match_on"], job["supplier_code"]) == ("sku", None)


def test_it_is_matched_by_ean_when_asked(arrived):
    assert arrived(match_on="ean")["match_on"] == "ean"


def test_it_has_its_supplier(arrived):
    job = arrived(supplier_code="SUPPLIER_A")
    assert job["supplier_code"] == "SUPPLIER_A"
    assert job["supplier_id"]


def test_how_it_is_to_be_read_can_be_said(api, arrived):
    job = arrived(b"Catalogue 2026\n" + CATALOG, skip_header_rows=1, delimiter=";", encoding="utf-8", format="csv")
    _, read = api.request("GET", f"/api/v1/imports/{job['id']}/mapping")
    assert read["headers"] == ["EAN Code", "Titre produit", "Prix HT"]


def test_with_a_template_it_starts_by_itself(api, arrived):
    _, template = api.request("POST", "/api/v1/import-templates", TEMPLATE)
    assert arrived(template_id=template["id"])["status"] == "ready"
    job = arrived(template_id=template["id"], auto_process=True, match_on="ean")
    assert (job["status"], job["products_created"]) == ("completed", 2)


@pytest.mark.parametrize(
    ("parameters", "code", "named"),
    [
        ({"skip_header_rows": 1001}, 422, ["skip_header_rows"]),
        ({"match_on": "name"}, 422, ["match_on"]),
        ({"auto_process": "perhaps"}, 422, ["auto_process"]),
        ({"supplier_id": "x"}, 422, ["supplier_id"]),
        ({"supplier_id": NOBODY}, 404, []),
        ({"template_id": NOBODY}, 404, []),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_sent(api, parameters, code, named):
    answered, refused = api.request("POST", UPLOADS, {"name": "a.csv", "size": 10, **parameters})
    assert (answered, list(refused["details"])) == (code, named)
    assert api.request("GET", "/api/v1/imports")[1]["items"] == []
