"""SegOps' documents: every request printed for the wizard and for reading the catalogue, and its answer's shape."""

import pytest

CATALOG = (
    b"Product ID,Title,Brand,Sale Price,Stock\n"
    b"SHOE-001,Air Max 90,Nike,129.99,45\n"
    b"SHOE-002,Stan Smith,Adidas,89.99,12\n"
)
CONFIRM = {
    "mapping": {"Product ID": "sku", "Title": "name", "Brand": "brand", "Sale Price": "price", "Stock": None},
    "schema": [
        {"name": "brand", "type": "string", "required": False, "description": "Product brand"},
        {"name": "price", "type": "price", "required": False, "description": "Sale price"},
    ],
    "default_currency": "USD",
    "default_locale": "en_US",
}
JOB_KEYS = {
    "id",
    "status",
    "filename",
    "row_count",
    "imported_count",
    "mapping",
    "error_message",
    "completed_at",
    "created_at",
}
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


@pytest.fixture
def imported(api):
    _, draft = api.upload(CATALOG)
    api.request("POST", f"/api/pim/import/{draft['job_id']}/confirm/", CONFIRM)
    api.drain()
    return draft["job_id"]


def test_upload_answers_what_was_understood(api):
    code, draft = api.upload(CATALOG)
    assert code == 200
    assert isinstance(draft["job_id"], int)
    assert draft["headers"] == ["Product ID", "Title", "Brand", "Sale Price", "Stock"]
    assert draft["sample_rows"][0] == {
        "Product ID": "SHOE-001",
        "Title": "Air Max 90",
        "Brand": "Nike",
        "Sale Price": "129.99",
        "Stock": "45",
    }
    assert draft["suggested_mapping"] == {
        "Product ID": "sku",
        "Title": "name",
        "Brand": "brand",
        "Sale Price": "price",
        "Stock": "inventory_count",
    }
    assert draft["suggested_schema"] == [
        {"name": "brand", "type": "string", "required": False, "description": "Product brand"},
        {"name": "price", "type": "price", "required": False, "description": "Sale price"},
        {"name": "inventory_count", "type": "number", "required": False, "description": "Stock quantity"},
    ]


def test_a_byte_order_mark_is_handled(api):
    _, draft = api.upload(b"\xef\xbb\xbf" + CATALOG)
    assert draft["headers"][0] == "Product ID"


def test_the_sample_holds_the_first_five_rows(api):
    _, draft = api.upload(b"a,b\n" + b"".join(b"%d,x\n" % number for number in range(9)))
    assert [each["a"] for each in draft["sample_rows"]] == ["0", "1", "2", "3", "4"]


def test_a_job_goes_from_mapping_over_pending_to_done(api):
    _, draft = api.upload(CATALOG)
    path = f"/api/pim/import/{draft['job_id']}/"
    code, job = api.request("GET", path)
    assert (code, job["status"], job["row_count"], job["imported_count"]) == (200, "mapping", 2, 0)
    assert set(job) >= JOB_KEYS
    assert (job["completed_at"], job["error_message"]) == (None, "")

    code, confirmed = api.request("POST", f"{path}confirm/", CONFIRM)
    assert (code, confirmed) == (200, {"job_id": draft["job_id"], "status": "pending"})
    assert api.request("POST", f"{path}confirm/", CONFIRM) == (200, confirmed)
    assert api.request("GET", path)[1]["status"] == "pending"

    api.drain()
    _, job = api.request("GET", path)
    assert (job["status"], job["imported_count"]) == ("done", 2)
    assert job["mapping"] == CONFIRM["mapping"]
    assert job["filename"] == "catalog.csv"
    assert api.request("POST", f"{path}confirm/", CONFIRM)[0] == 400


def test_the_history_lists_the_twenty_latest_first(api):
    made = [api.upload(CATALOG)[1]["job_id"] for _ in range(22)]
    code, jobs = api.request("GET", "/api/pim/import/")
    assert code == 200
    assert [job["id"] for job in jobs] == made[:1:-1]
    assert all(set(job) >= JOB_KEYS for job in jobs)


def test_the_schema_is_empty_before_one_was_defined(api):
    code, schema = api.request("GET", "/api/pim/schema/")
    assert (code, schema["fields"]) == (200, [])
    assert set(schema) == {"id", "fields", "default_currency", "default_locale", "created_at", "updated_at"}


def test_the_schema_is_replaced_as_a_whole(api):
    body = {
        "fields": [{"name": "brand", "type": "string", "required": False, "description": "Brand name"}],
        "default_currency": "EUR",
        "default_locale": "fr_FR",
    }
    code, replaced = api.request("PUT", "/api/pim/schema/", body)
    assert code == 200
    assert {name: replaced[name] for name in body} == body
    assert api.request("GET", "/api/pim/schema")[1] == replaced
    assert api.request("PUT", "/api/pim/schema/", {"fields": []})[1]["default_currency"] == "EUR"


def test_confirm_replaces_the_schema_and_the_next_suggestion_holds_its_fields(api, imported):
    _, schema = api.request("GET", "/api/pim/schema/")
    assert schema["fields"] == CONFIRM["schema"]
    _, draft = api.upload(b"Product ID,Title,Material\nSHOE-001,Air Max 90,Leather\nSHOE-002,Stan Smith,Canvas\n")
    names = [each["name"] for each in draft["suggested_schema"]]
    assert names[:2] == ["brand", "price"]
    assert draft["suggested_mapping"]["Product ID"] == "sku"
    assert "sku" not in names
    assert "name" not in names


def test_products_are_listed_with_links(api, imported):
    code, page = api.request("GET", "/api/pim/products/?page_size=1")
    assert code == 200
    assert (page["count"], page["previous"]) == (2, None)
    assert page["next"] == "/api/pim/products/?page_size=1&page=2"
    [product] = page["results"]
    assert set(product) == {
        "id",
        "sku",
        "name",
        "data",
        "source",
        "ai_readability_score",
        "created_at",
        "updated_at",
    }
    assert (product["sku"], product["name"], product["source"]) == ("SHOE-001", "Air Max 90", "csv")
    assert product["data"] == {"brand": "Nike", "price": "129.99"}
    assert product["ai_readability_score"] is None


def test_one_product_by_its_id_and_none_of_another_workspace(api, imported, other_walk):
    _, page = api.request("GET", "/api/pim/products/?brand=Nike")
    [product] = page["results"]
    assert api.request("GET", f"/api/pim/products/{product['id']}/") == (200, product)
    stranger = type(api)(api.client, other_walk.api_key, api.drain)
    assert stranger.request("GET", f"/api/pim/products/{product['id']}/")[0] == 404
    assert stranger.request("GET", f"/api/pim/import/{imported}/")[0] == 404
    assert stranger.request("POST", f"/api/pim/import/{imported}/confirm/", CONFIRM)[0] == 404
