"""Pixeepim's document: mapping, start, cancel, retry, archive and delete, with what each refuses."""

import re

import pytest

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
IMPORTS = "/api/v1/imports"
CATALOG = (
    b"EAN Code,Titre produit,Prix HT,Marque\n"
    b"3760000000017,Chaise,29.99,Ligne\n"
    b"3760000000024,Table,199.00,Ligne\n"
    b"123ABC7890,Lampe,9.00,Ligne\n"
)
COLUMN_MAPPING = {"EAN Code": "ean", "Titre produit": "title", "Prix HT": "price", "Marque": "brand_name"}
MAPPING = {"column_mapping": COLUMN_MAPPING, "import_options": {"overwrite_existing": True}}


def uploaded(api, content: bytes = CATALOG) -> str:
    return api.send_form("POST", f"{IMPORTS}/upload", content)[1]["id"]


def ready(api, content: bytes = CATALOG, **changes) -> str:
    import_id = uploaded(api, content)
    code, saved = api.request("POST", f"{IMPORTS}/{import_id}/save-mapping", {**MAPPING, **changes})
    assert code == 200, saved
    return import_id


def started(api) -> str:
    import_id = ready(api)
    assert api.request("POST", f"{IMPORTS}/{import_id}/start-processing")[0] == 200
    return import_id


def ended(api) -> str:
    import_id = started(api)
    api.drain()
    return import_id


def job(api, import_id: str) -> dict:
    return api.request("GET", f"{IMPORTS}/{import_id}")[1]


def imp_id(api, import_id: str) -> str:
    return job(api, import_id)["ids"]["imp_id"]


def test_what_was_understood_is_there_to_be_mapped(api):
    import_id = uploaded(api)
    code, read = api.request("GET", f"{IMPORTS}/{import_id}/mapping")
    assert code == 200
    assert (read["id"], read["status"]) == (import_id, "awaiting_mapping")
    assert read["headers"] == list(COLUMN_MAPPING)
    assert read["sample_rows"][0] == {
        "EAN Code": "3760000000017",
        "Titre produit": "Chaise",
        "Prix HT": "29.99",
        "Marque": "Ligne",
    }
    assert read["suggested_mapping"] == COLUMN_MAPPING
    assert [each["column"] for each in read["suggestions"]] == read["headers"]
    assert (read["column_mapping"], read["mapping_source"]) == (None, None)


def test_what_was_decided_is_read_back(api):
    import_id = ready(api, validation_rules={"title": {"max_length": 80}})
    _, read = api.request("GET", f"{IMPORTS}/{import_id}/mapping/")
    assert read["column_mapping"] == COLUMN_MAPPING
    assert list(read["column_mapping"]) == list(COLUMN_MAPPING)
    assert read["mapping_source"] == "saved"
    assert read["validation_rules"]["title"]["max_length"] == 80
    assert read["import_options"]["overwrite_existing"] is True
    assert read["column_mapping"] == job(api, import_id)["column_mapping"]


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_saved_mapping_makes_it_ready(api, slash):
    import_id = uploaded(api)
    code, saved = api.request("POST", f"{IMPORTS}/{import_id}/save-mapping{slash}", MAPPING)
    assert (code, saved) == (200, {"id": import_id, "status": "ready", "column_mapping": COLUMN_MAPPING})


def test_a_mapping_can_be_saved_again_until_the_start(api):
    import_id = ready(api)
    fewer = {"EAN Code": "ean", "Titre produit": "name", "Prix HT": None, "Marque": "brand"}
    code, saved = api.request("POST", f"{IMPORTS}/{import_id}/save-mapping", {"column_mapping": fewer})
    assert (code, saved["column_mapping"]) == (200, fewer)
    assert job(api, import_id)["column_mapping"] == {
        "EAN Code": "ean",
        "Titre produit": "title",
        "Prix HT": None,
        "Marque": "brand_name",
    }


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "column_mapping"),
        ({"column_mapping": []}, "column_mapping"),
        ({"column_mapping": {"EAN Code": 1}}, "column_mapping.EAN Code"),
        ({"column_mapping": {}}, "column_mapping"),
        ({"column_mapping": {"Titre produit": "title"}}, "column_mapping"),
        ({"column_mapping": {**COLUMN_MAPPING, "Code": "sku"}}, "column_mapping.Code"),
        ({"column_mapping": {**COLUMN_MAPPING, "Prix HT": "title"}}, "column_mapping"),
        ({"column_mapping": {**COLUMN_MAPPING, "Prix HT": "page_size"}}, "column_mapping.Prix HT"),
        ({"column_mapping": COLUMN_MAPPING, "import_options": {"overwrite": True}}, "import_options.overwrite"),
        (
            {"column_mapping": COLUMN_MAPPING, "import_options": {"overwrite_existing": "yes"}},
            "import_options.overwrite_existing",
        ),
        ({"column_mapping": COLUMN_MAPPING, "import_options": []}, "import_options"),
        ({"column_mapping": COLUMN_MAPPING, "validation_rules": []}, "validation_rules"),
        (
            {"column_mapping": COLUMN_MAPPING, "validation_rules": {"price": {"least": 1}}},
            "validation_rules.price.least",
        ),
        (
            {"column_mapping": COLUMN_MAPPING, "validation_rules": {"title": {}, "name": {}}},
            "validation_rules.title",
        ),
        ({"column_mapping": {"EAN\0": None, **COLUMN_MAPPING}}, "body"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused_by_its_part(api, body, named):
    import_id = uploaded(api)
    code, refused = api.request("POST", f"{IMPORTS}/{import_id}/save-mapping", body)
    assert (code, refused["error"]) == (422, "validation_error")
    assert named in refused["details"], refused
    assert job(api, import_id)["status"] == "awaiting_mapping"


def test_what_is_no_json_is_refused(api):
    import_id = uploaded(api)
    for body in (b"{", b"[]", b""):
        answer = api.client.http.request(
            "POST", f"{IMPORTS}/{import_id}/save-mapping", headers={"X-API-Key": api.key}, body=body
        )
        assert (answer.status_code, answer.json_body["error"]) == (400, "bad_request")


def test_starting_is_processing_with_the_time_it_was_asked_for(api):
    import_id = ready(api)
    code, answer = api.request("POST", f"{IMPORTS}/{import_id}/start-processing")
    assert (code, list(answer), answer["status"]) == (200, ["id", "status", "started_at"], "processing")
    assert TIME.fullmatch(answer["started_at"])
    assert job(api, import_id)["started_at"] == answer["started_at"]
    api.drain()
    done = job(api, import_id)
    assert (done["status"], done["successful_rows"], done["failed_rows"]) == ("completed", 2, 1)
    assert done["started_at"] == answer["started_at"]
    _, products = api.request("GET", "/api/pim/products/")
    assert {each["name"]: each["data"]["brand"] for each in products["results"]} == {
        "Chaise": "Ligne",
        "Table": "Ligne",
    }


def test_options_and_rules_of_the_mapping_hold(api):
    ended(api)
    cheap = CATALOG.replace(b"29.99", b"19.99").replace(b"199.00", b"99.00")
    import_id = ready(
        api,
        cheap + b"3760000000031,Tabouret,5000,Ligne\n",
        import_options={"overwrite_existing": False},
        validation_rules={"price": {"max": 1000}},
    )
    api.request("POST", f"{IMPORTS}/{import_id}/start-processing")
    api.drain()
    _, errors = api.request("GET", f"{IMPORTS}/{import_id}/errors")
    assert [(each["row_number"], each["severity"], each["error_type"]) for each in errors["items"]] == [
        (1, "warning", "already_exists"),
        (2, "warning", "already_exists"),
        (3, "error", "ean_invalid"),
        (4, "error", "out_of_range"),
    ]
    done = job(api, import_id)
    assert (done["rows_skipped"], done["failed_rows"], done["warnings"]) == (2, 2, 2)
    assert done["successful_rows"] + done["failed_rows"] == done["total_rows"] == 4
    _, products = api.request("GET", "/api/pim/products/?name=Chaise")
    assert products["results"][0]["data"]["price"] == "29.99"


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_cancelled_job_keeps_what_is_in(api, slash):
    import_id = started(api)
    code, answer = api.request("POST", f"{IMPORTS}/{import_id}/cancel{slash}")
    assert (code, answer) == (200, {"id": import_id, "status": "cancelled"})
    api.drain()
    assert (job(api, import_id)["status"], job(api, import_id)["last_error"]) == ("cancelled", None)


def test_a_pending_job_can_be_cancelled(api):
    _, expected = api.request("POST", "/api/v1/uploads", {"name": "catalog.csv", "size": 100})
    assert api.request("POST", f"{IMPORTS}/{expected['id']}/cancel")[1]["status"] == "cancelled"


def test_a_retried_job_is_pending_and_runs_without_another_start(api):
    import_id = started(api)
    api.request("POST", f"{IMPORTS}/{import_id}/cancel")
    code, answer = api.request("POST", f"{IMPORTS}/{import_id}/retry")
    assert (code, answer) == (200, {"id": import_id, "status": "pending"})
    assert job(api, import_id)["started_at"] is None
    api.drain()
    done = job(api, import_id)
    assert (done["status"], done["products_created"]) == ("completed", 2)
    assert TIME.fullmatch(done["started_at"])


def test_an_archived_job_is_hidden_until_it_is_asked_for(api):
    import_id, other = ended(api), ended(api)

    def listed(query: str = "") -> list[str]:
        return [each["id"] for each in api.request("GET", f"{IMPORTS}{query}")[1]["items"]]

    code, answer = api.request("POST", f"{IMPORTS}/{import_id}/archive")
    assert (code, answer) == (200, {"id": import_id, "status": "completed", "is_archived": True})
    assert listed() == listed("/recent") == [other]
    assert (listed("?archived=true"), listed("?archived=all")) == ([import_id], [other, import_id])
    assert job(api, import_id)["is_archived"] is True
    assert api.request("POST", f"{IMPORTS}/{import_id}/archive")[0] == 200
    code, answer = api.request("POST", f"{IMPORTS}/{import_id}/unarchive")
    assert (code, answer) == (200, {"id": import_id, "status": "completed", "is_archived": False})
    assert listed() == [other, import_id]
    assert api.request("GET", f"{IMPORTS}/stats")[1]["total_jobs"] == 2


def test_a_deleted_job_is_gone_and_its_products_stay(api):
    import_id = ended(api)
    code, answer = api.request("DELETE", f"{IMPORTS}/{import_id}")
    assert (code, answer) == (200, {"deleted": True, "id": import_id})
    for method, step in (("GET", ""), ("GET", "/errors"), ("DELETE", ""), ("POST", "/retry")):
        assert api.request(method, f"{IMPORTS}/{import_id}{step}")[0] == 404
    assert api.request("GET", "/api/pim/products/")[1]["count"] == 2


def test_a_running_job_is_cancelled_before_it_is_deleted(api):
    import_id = started(api)
    code, refused = api.request("DELETE", f"{IMPORTS}/{import_id}/")
    assert (code, refused["error"], refused["details"]) == (409, "conflict", {"status": "processing"})
    assert "cancel it first" in refused["message"]
    api.request("POST", f"{IMPORTS}/{import_id}/cancel")
    assert api.request("DELETE", f"{IMPORTS}/{import_id}/")[0] == 200


def test_retry_of_a_job_whose_mapping_was_never_saved_analyses_it_again(api):
    _, expected = api.request("POST", "/api/v1/uploads", {"name": "catalog.csv", "size": 100})
    path = f"{IMPORTS}/{expected['id']}"
    api.request("POST", f"{path}/cancel")
    code, answer = api.request("POST", f"{path}/retry")
    assert (code, answer["status"]) == (200, "pending")


@pytest.mark.parametrize(
    ("step", "body", "status"),
    [
        ("save-mapping", MAPPING, "pending"),
        ("start-processing", None, "pending"),
        ("cancel", None, "failed"),
        ("retry", None, "pending"),
    ],
)
def test_asked_by_an_imp_id_a_verb_answers_in_productsmanagers_words(api, step, body, status):
    import_id = {"save-mapping": uploaded, "start-processing": ready, "cancel": started, "retry": started}[step](api)
    name = imp_id(api, import_id)
    if step == "retry":
        api.request("POST", f"{IMPORTS}/{name}/cancel")
    code, answer = api.request("POST", f"{IMPORTS}/{name}/{step}", body)
    assert code == 200
    assert (answer["id"], answer["status"]) == (name, status)
    assert answer == api.request("GET", f"{IMPORTS}/{name}")[1]


def test_by_an_imp_id_a_job_is_archived_mapped_and_deleted_too(api):
    import_id = ended(api)
    name = imp_id(api, import_id)
    for step in ("archive", "unarchive"):
        code, answer = api.request("POST", f"{IMPORTS}/{name}/{step}")
        assert (code, answer["id"], answer["status"]) == (200, name, "completed_with_errors")
    _, read = api.request("GET", f"{IMPORTS}/{name}/mapping")
    assert (read["id"], read["status"]) == (name, "completed_with_errors")
    assert api.request("DELETE", f"{IMPORTS}/{name}") == (200, {"deleted": True, "id": name})
    assert api.request("GET", f"{IMPORTS}/{import_id}")[0] == 404
