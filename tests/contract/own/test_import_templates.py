"""``/api/v1/import-templates``: every request, answer and refusal."""

import pytest

TEMPLATES = "/api/v1/import-templates"
NOTHING = "c2f0d4e3-2222-4abc-8def-000000000001"
CSV = b"EAN Code;Titre produit;Prix HT;Marque\n3760000000017;Chaise;12,50;Acme\n"
MAPPING = {"EAN Code": "ean", "Titre produit": "title", "Prix HT": "price", "Marque": "brand_name"}
BODY = {
    "name": "Supplier A, monthly",
    "supplier_code": "SUPPLIER_A",
    "column_mapping": MAPPING,
    "validation_rules": {"title": {"max_length": 80}},
    "import_options": {"overwrite_existing": False},
    "format": "csv",
    "delimiter": ";",
}


@pytest.fixture
def template(api) -> dict:
    code, made = api.request("POST", TEMPLATES, BODY)
    assert code == 201, made
    return made


def test_a_template_answers_in_the_words_it_was_made_with(api, template):
    assert list(template) == [
        "id", "name", "supplier_id", "supplier_code", "version", "latest_version", "column_mapping",
        "validation_rules", "import_options", "transforms", "format", "encoding", "delimiter", "quotechar",
        "skip_header_rows", "header", "sheet",
        "record_path", "created_at", "updated_at",
    ]  # fmt: skip
    assert list(template["column_mapping"].items()) == list(MAPPING.items())
    assert template["validation_rules"] == {"title": {"max_length": 80, "severity": "error"}}
    assert template["import_options"]["overwrite_existing"] is False
    assert (template["format"], template["delimiter"], template["skip_header_rows"]) == ("csv", ";", None)
    assert (template["version"], template["latest_version"], template["supplier_code"]) == (1, 1, "SUPPLIER_A")
    assert api.request("GET", f"{TEMPLATES}/{template['id']}/") == (200, template)
    assert api.request("GET", f"/api/v1/suppliers/{template['supplier_id']}")[1]["is_stub"] is True


def test_the_list_tells_templates_without_what_they_say(api, template):
    api.request("POST", TEMPLATES, {"name": "Other", "column_mapping": {"Code": "sku"}})
    code, page = api.request("GET", f"{TEMPLATES}/?search=MONTHLY&supplier_code=SUPPLIER_A&page=1&per_page=5")
    assert code == 200
    [listed] = page["items"]
    assert listed == {name: template[name] for name in listed}
    assert "column_mapping" not in listed
    assert (page["meta"]["total"], page["meta"]["per_page"]) == (1, 5)
    assert api.request("GET", TEMPLATES)[1]["meta"]["total"] == 2


def test_a_change_is_a_version_and_the_old_one_stays(api, template):
    place = f"{TEMPLATES}/{template['id']}"
    code, changed = api.request("PATCH", place, {"column_mapping": {"Code": "sku"}, "delimiter": None})
    assert code == 200
    assert (changed["version"], changed["column_mapping"], changed["delimiter"]) == (2, {"Code": "sku"}, None)
    assert (changed["format"], changed["name"]) == ("csv", template["name"])
    code, renamed = api.request("PATCH", place, {"name": "Weekly", "supplier_code": None})
    assert (code, renamed["name"], renamed["version"], renamed["supplier_id"]) == (200, "Weekly", 2, None)
    code, old = api.request("GET", f"{place}?version=1")
    assert (code, old["version"], old["latest_version"], old["delimiter"]) == (200, 1, 2, ";")
    assert old["column_mapping"] == MAPPING
    assert api.request("GET", f"{place}?version=3")[0] == 404


@pytest.mark.parametrize("spelling", ["pixeepim", "productsmanager"])
def test_a_template_is_made_of_an_import(api, spelling):
    _, job = api.send_form("POST", "/api/v1/imports/upload", CSV, supplier_code="SUPPLIER_A", delimiter=";")
    saved = {"column_mapping": MAPPING, "import_options": {"blank_cells": "ignore"}}
    assert api.request("POST", f"/api/v1/imports/{job['id']}/save-mapping", saved)[0] == 200
    _, detail = api.request("GET", f"/api/v1/imports/{job['id']}")
    ids = {"pixeepim": job["id"], "productsmanager": detail.get("imp_id", job["id"])}
    code, made = api.request("POST", TEMPLATES, {"name": "Of a job", "from_import_id": ids[spelling]})
    assert code == 201
    assert made["column_mapping"] == MAPPING
    assert (made["import_options"]["blank_cells"], made["delimiter"]) == ("ignore", ";")
    assert made["supplier_code"] == "SUPPLIER_A"


def test_the_next_upload_is_ready_by_its_template(api, template):
    code, job = api.send_form("POST", "/api/v1/imports/upload", CSV, template_id=template["id"])
    assert (code, job["status"]) == (201, "ready")


def test_a_deleted_template_is_not_there(api, template):
    place = f"{TEMPLATES}/{template['id']}"
    assert api.request("DELETE", place) == (200, {"deleted": True, "id": template["id"]})
    for method in ("GET", "DELETE"):
        assert api.request(method, place)[0] == 404
    assert api.request("PATCH", place, {"name": "x"})[0] == 404


def test_a_taken_name_is_a_conflict(api, template):
    _, other = api.request("POST", TEMPLATES, {"name": "Other", "column_mapping": {"Code": "sku"}})
    for method, path in (("POST", TEMPLATES), ("PATCH", f"{TEMPLATES}/{other['id']}")):
        code, refused = api.request(method, path, {**BODY, "name": template["name"]})
        assert (code, refused["error"], list(refused["details"])) == (409, "conflict", ["name"])


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": None}, "name"),
        ({"name": ""}, "name"),
        ({"name": " "}, "name"),
        ({"column_mapping": None}, "column_mapping"),
        ({"column_mapping": {}}, "column_mapping"),
        ({"column_mapping": {"Titre": "title"}}, "column_mapping"),
        ({"column_mapping": {"A": 7}}, "column_mapping.A"),
        ({"column_mapping": {"A": "ean", "B": "no field"}}, "column_mapping.B"),
        ({"validation_rules": {"price": {"min": []}}}, "validation_rules.price.min"),
        ({"validation_rules": {"title": {}, "name": {}}}, "validation_rules.title"),
        ({"import_options": {"error_policy": "panic"}}, "import_options.error_policy"),
        ({"format": "pdf"}, "format"),
        ({"delimiter": ";;"}, "delimiter"),
        ({"encoding": "klingon"}, "encoding"),
        ({"skip_header_rows": -1}, "skip_header_rows"),
        ({"supplier_id": "SUPPLIER_A"}, "supplier_id"),
    ],
)
def test_a_template_that_cannot_be_is_refused_by_its_name(api, changes, field):
    code, refused = api.request("POST", TEMPLATES, {**BODY, **changes})
    assert (code, refused["error"], list(refused["details"])) == (422, "validation_error", [field])
    assert api.request("GET", TEMPLATES)[1]["meta"]["total"] == 0


@pytest.mark.parametrize(
    "changes", [{"supplier_id": NOTHING, "supplier_code": None}, {"from_import_id": NOTHING}, {"from_import_id": "42"}]
)
def test_what_it_refers_to_must_be_there(api, changes):
    code, refused = api.request("POST", TEMPLATES, {**BODY, **changes})
    assert (code, refused["error"]) == (404, "not_found")


@pytest.mark.parametrize("query", ["page=0", "per_page=101"])
def test_a_page_that_cannot_be_is_refused_by_its_name(api, query):
    code, refused = api.request("GET", f"{TEMPLATES}?{query}")
    assert (code, list(refused["details"])) == (422, [query.partition("=")[0]])


@pytest.mark.parametrize("path", [NOTHING, "7", "x", f"{NOTHING}?version=1"])
def test_what_is_no_templates_id_is_not_found(api, path):
    assert api.request("GET", f"{TEMPLATES}/{path}")[0] == 404


def test_a_version_that_cannot_be_is_refused_by_its_name(api, template):
    code, refused = api.request("GET", f"{TEMPLATES}/{template['id']}?version=0")
    assert (code, list(refused["details"])) == (422, ["version"])
