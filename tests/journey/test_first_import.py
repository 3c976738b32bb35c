"""A person's first import over HTTP, and everything that can go wrong on the way."""

import httpx
import pytest

from tests.running import System, import_csv, wait_for_import

CATALOG = (
    b"Product ID,Barcode,Title,Brand,Sale Price,Stock,Tags\n"
    b'SHOE-001,5410000000019,Air Max 90,Nike,129.90,45,"running|casual"\n'
    b"SHOE-002,5410000000026,Stan Smith,Adidas,89.99,12,casual\n"
    b'SHOE-003,5410000000033,"Gel, ""Kayano""\n30",Asics,159,0,running\n'
)


def upload(client: httpx.Client, content: bytes = CATALOG, name: str = "catalog.csv") -> httpx.Response:
    return client.post("/api/pim/import/csv/", files={"file": (name, content, "text/csv")})


def test_a_csv_becomes_a_catalogue(client):
    draft = upload(client).json()
    assert draft["headers"] == ["Product ID", "Barcode", "Title", "Brand", "Sale Price", "Stock", "Tags"]
    assert draft["sample_rows"][2]["Title"] == 'Gel, "Kayano"\n30'
    assert draft["suggested_mapping"]["Product ID"] == "sku"
    assert draft["suggested_mapping"]["Title"] == "name"
    resumed = client.get(f"/api/pim/import/{draft['job_id']}").json()
    assert (resumed["status"], resumed["row_count"]) == ("mapping", 3)
    assert resumed["suggested_mapping"] == draft["suggested_mapping"]

    mapping = {
        "Product ID": "sku",
        "Barcode": "ean",
        "Title": "name",
        "Brand": "brand",
        "Sale Price": "price",
        "Stock": "inventory_count",
        "Tags": "tags",
    }
    schema = [
        {"name": "ean", "type": "string"},
        {"name": "brand", "type": "string", "required": False, "description": "Product brand"},
        {"name": "price", "type": "price"},
        {"name": "inventory_count", "type": "number"},
        {"name": "tags", "type": "array"},
    ]
    body = {"mapping": mapping, "schema": schema, "default_currency": "USD", "default_locale": "en_US"}
    confirmed = client.post(f"/api/pim/import/{draft['job_id']}/confirm/", json=body)
    assert confirmed.json() == {"job_id": draft["job_id"], "status": "pending"}
    job = wait_for_import(client, draft["job_id"], "done", "failed")
    assert (job["status"], job["imported_count"], job["error_count"]) == ("done", 3, 0)
    assert job["completed_at"]

    page = client.get("/api/pim/products/").json()
    assert (page["count"], page["next"], page["previous"]) == (3, None, None)
    first = page["results"][0]
    assert first["data"] == {
        "ean": "5410000000019",
        "brand": "Nike",
        "price": "129.90",
        "inventory_count": 45,
        "tags": ["running", "casual"],
    }
    assert client.get(f"/api/pim/products/{first['id']}/").json() == first
    assert [each["id"] for each in client.get("/api/pim/import/").json()] == [draft["job_id"]]
    assert [each["name"] for each in client.get("/api/pim/schema/").json()["fields"]] == [
        "ean",
        "brand",
        "price",
        "inventory_count",
        "tags",
    ]


def test_what_is_wrong_with_a_row_is_told_with_its_place_and_what_to_do(client):
    broken = CATALOG.replace(b"89.99", b"free").replace(b"SHOE-003", b"")
    mapping = {"Product ID": "sku", "Title": "name", "Sale Price": "price"}
    job = import_csv(client, broken, mapping, schema=[{"name": "price", "type": "price"}])
    assert (job["status"], job["imported_count"], job["error_count"]) == ("done", 1, 2)
    page = client.get(f"/api/pim/import/{job['id']}/errors/?page_size=1").json()
    assert (page["count"], page["next"]) == (2, f"/api/pim/import/{job['id']}/errors/?page_size=1&page=2")
    [price] = page["results"]
    assert (price["row_number"], price["line"], price["column"], price["raw_value"]) == (2, 3, "Sale Price", "free")
    assert (price["severity"], price["error_type"], price["field"]) == ("error", "invalid_type", "price")
    [key] = client.get(page["next"]).json()["results"]
    assert (key["row_number"], key["error_type"], key["field"]) == (3, "missing_required_field", "sku")


@pytest.mark.parametrize(
    ("query", "skus"),
    [
        ("q=air", ["SHOE-001"]),
        ("q=%25", []),
        ("q=_", []),
        ("brand=Nike", ["SHOE-001"]),
        ("brand=nike", []),
        ("price=129.9", ["SHOE-001"]),
        ("tags=running", ["SHOE-001", "SHOE-003"]),
        ("tags=running&brand=Asics", ["SHOE-003"]),
        ("nothing=such", []),
        ("page=2&page_size=2", ["SHOE-003"]),
        ("page=99", []),
    ],
)
def test_products_are_found_by_name_and_by_exact_values(client, query, skus):
    import_csv(client, CATALOG)
    found = client.get(f"/api/pim/products/?{query}").json()
    assert [each["sku"] for each in found["results"]] == skus


def test_links_to_the_neighbouring_pages_keep_what_was_asked(client):
    import_csv(client, CATALOG)
    page = client.get("/api/pim/products/?page=2&page_size=1&tags=running").json()
    assert page["next"] is None
    assert page["previous"] == "/api/pim/products/?page=1&page_size=1&tags=running"
    assert client.get(page["previous"]).json()["results"][0]["sku"] == "SHOE-001"


def test_a_large_file_goes_straight_to_s3_and_its_arrival_starts_the_analysis(client):
    form = client.post("/api/v1/uploads", json={"name": "large.csv", "size": len(CATALOG), "type": "text/csv"})
    assert form.status_code == 201
    expected = form.json()
    assert client.get(f"/api/pim/import/{expected['job_id']}/").json()["status"] == "pending"
    sent = httpx.post(expected["url"], data=expected["fields"], files={"file": ("large.csv", CATALOG)})
    assert sent.status_code == 204
    job = wait_for_import(client, expected["job_id"], "mapping", "failed")
    assert (job["row_count"], job["filename"]) == (3, "large.csv")
    confirmed = client.post(
        f"/api/pim/import/{expected['job_id']}/confirm",
        json={"mapping": job["suggested_mapping"], "schema": job["suggested_schema"]},
    )
    assert confirmed.status_code == 200
    assert wait_for_import(client, expected["job_id"], "done", "failed")["imported_count"] == 3


def test_an_upload_over_the_limit_names_the_way_for_large_files(client):
    refused = upload(client, b"sku,name\n" + b"x,y\n" * 1_200_000)
    assert refused.status_code == 413
    assert "/api/v1/uploads" in refused.json()["detail"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\n\n", "nothing"),
        (b"GIF89a\x01\x00\x01\x00\x00\xff\xff\xff", "GIF"),
        ("Réf,Désignation\nA1,Fauteuil “Été” – 3€\n".encode("cp1252"), "UTF-8"),
    ],
)
def test_a_file_nobody_can_read_is_refused_and_leaves_nothing(client, content, words):
    refused = upload(client, content)
    assert refused.status_code == 400
    assert words.lower() in refused.json()["file"][0].lower()
    assert client.get("/api/pim/import/").json() == []


@pytest.mark.parametrize(
    ("method", "path", "options", "code"),
    [
        ("POST", "/api/pim/import/csv/", {"content": b"x", "headers": {"Content-Type": "text/csv"}}, {400}),
        ("POST", "/api/pim/import/csv/", {"files": {"other": ("a.csv", b"a\n")}}, {400}),
        ("POST", "/api/pim/import/csv/", {"content": b"--", "headers": {"Content-Type": "multipart/form-data"}}, {400}),
        ("GET", "/api/pim/import/999999999/", {}, {404}),
        ("GET", "/api/pim/import/none/", {}, {404}),
        ("GET", "/api/pim/import/99999999999999999999999/", {}, {404}),
        ("GET", "/api/pim/products/999999999/", {}, {404}),
        ("GET", "/api/pim/products/?page=0", {}, {422}),
        ("GET", "/api/pim/products/?page_size=201", {}, {422}),
        ("GET", "/api/pim/products/?page=x", {}, {422}),
        ("GET", "/api/pim/products/?brand=%00", {}, {422}),
        ("PUT", "/api/pim/schema/", {"json": {"fields": [{"name": "sku", "type": "string"}]}}, {422}),
        ("PUT", "/api/pim/schema/", {"json": {"fields": [{"name": "a", "type": "money"}]}}, {422}),
        ("PUT", "/api/pim/schema/", {"json": {"fields": "x"}}, {422}),
        ("PUT", "/api/pim/schema/", {"json": []}, {400}),
        ("PUT", "/api/pim/schema/", {"json": {"fields": [], "default_currency": "euro"}}, {422}),
        ("PUT", "/api/pim/schema/", {"content": b"{", "headers": {"Content-Type": "application/json"}}, {400}),
        ("POST", "/api/pim/import/1/confirm/", {"json": {"mapping": {"A": 1}}}, {422}),
        ("POST", "/api/pim/import/1/confirm/", {"json": {"mapping": {"A": "a\0"}}}, {422}),
        ("POST", "/api/v1/uploads", {"json": {"name": "a.csv"}}, {422}),
        ("POST", "/api/v1/uploads", {"json": {"name": "a.csv", "size": 10**15}}, {413}),
        ("POST", "/api/v1/uploads", {"json": {"name": "a.csv", "size": 0}}, {422}),
    ],
)
def test_bad_requests_get_a_clear_answer_in_json(client, method, path, options, code):
    answer = client.request(method, path, **options)
    assert answer.status_code in code, answer.text
    assert answer.json()


def test_confirm_is_refused_with_the_documented_codes(client, system: System):
    job = import_csv(client, CATALOG)
    path = f"/api/pim/import/{job['id']}/confirm/"
    body = {"mapping": {"Product ID": "sku"}}
    assert client.post(path, json=body).status_code == 400
    with system.client() as stranger:
        assert stranger.post(path, json=body).status_code == 404
    draft = upload(client).json()
    refused = client.post(f"/api/pim/import/{draft['job_id']}/confirm", json={"mapping": {"Title": "name"}})
    assert refused.status_code == 422
    assert "sku" in refused.json()["mapping"][0]


def test_health_tells_of_each_part(system: System):
    assert httpx.get(f"{system.url}/health").json() == {"status": "ok"}
    ready = httpx.get(f"{system.url}/health/ready").json()
    assert ready["status"] == "ok"
    assert set(ready["parts"]) == {"postgresql", "clickhouse", "s3", "sqs"}
    assert all(part["ok"] for part in ready["parts"].values())
