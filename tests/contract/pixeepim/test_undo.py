"""Undo, beside the Pixeepim document: what an import changed is brought back, by a job that can be tried first."""

import pytest

IMPORTS = "/api/v1/imports"
HEADER = b"EAN Code,Titre produit,Prix HT\n"
FIRST = HEADER + b"3760000000017,Chaise,29.99\n3760000000024,Table,199.00\n"
SECOND = HEADER + b"3760000000017,Chaise longue,24.99\n3760000000024,Table,149.00\n3760000000031,Pouf,49.50\n"
MAPPING = {"column_mapping": {"EAN Code": "ean", "Titre produit": "title", "Prix HT": "price"}}


def imported(api, content: bytes) -> str:
    import_id = api.send_form("POST", f"{IMPORTS}/upload", content, supplier_code="SUPPLIER_A")[1]["id"]
    assert api.request("POST", f"{IMPORTS}/{import_id}/save-mapping", MAPPING)[0] == 200
    assert api.request("POST", f"{IMPORTS}/{import_id}/start-processing")[0] == 200
    api.drain()
    return import_id


def job(api, import_id: str) -> dict:
    return api.request("GET", f"{IMPORTS}/{import_id}")[1]


def catalogue(api) -> dict[str, dict]:
    """Names to data, of all products."""
    _, page = api.request("GET", "/api/pim/products/")
    return {each["name"]: each["data"] for each in page["results"]}


@pytest.fixture
def second(api) -> str:
    """An import that changed two products of another one and made a third."""
    imported(api, FIRST)
    return imported(api, SECOND)


@pytest.mark.parametrize("slash", ["", "/"])
def test_what_an_import_changed_is_brought_back_by_a_job(api, second, slash):
    code, undoing = api.request("POST", f"{IMPORTS}/{second}/undo{slash}")
    assert (code, undoing["kind"], undoing["status"]) == (201, "undo", "processing")
    assert (undoing["undo_of"], undoing["file_name"], undoing["supplier_code"]) == (
        second,
        "catalog.csv",
        "SUPPLIER_A",
    )
    assert undoing["id"] != second
    api.drain()
    done = job(api, undoing["id"])
    assert (done["status"], done["products_removed"], done["products_restored"], done["conflicts"]) == (
        "completed",
        1,
        2,
        0,
    )
    assert job(api, second)["undone_by"] == undoing["id"]
    assert {name: data["price"] for name, data in catalogue(api).items()} == {"Chaise": "29.99", "Table": "199.00"}
    assert [each["kind"] for each in api.request("GET", IMPORTS)[1]["items"]] == ["undo", "import", "import"]
    assert api.request("GET", f"{IMPORTS}/stats")[1]["total_jobs"] == 2


def test_an_undo_is_read_through_the_other_apis_too(api, second):
    _, undoing = api.request("POST", f"{IMPORTS}/{second}/undo")
    api.drain()
    ids = undoing["ids"]
    assert api.request("GET", f"{IMPORTS}/{ids['imp_id']}")[1]["status"] == "completed"
    assert api.request("GET", f"/api/pim/import/{ids['job_id']}/")[1]["status"] == "done"
    assert api.request("GET", "/api/pim/import/")[1][0]["id"] == ids["job_id"]
    for path in ("errors", "mapping"):
        assert api.request("GET", f"{IMPORTS}/{undoing['id']}/{path}")[0] == 200
    assert api.send("GET", f"{IMPORTS}/{undoing['id']}/report?severity=all").status_code == 200


def test_what_something_newer_has_touched_is_left_alone_and_told(api, second):
    _, page = api.request("GET", "/api/pim/products/?name=Table")
    [table] = page["results"]
    api.request("PATCH", f"/api/pim/products/{table['id']}/", {"data": {"price": "155.00"}})
    _, undoing = api.request("POST", f"{IMPORTS}/{second}/undo")
    api.drain()
    done = job(api, undoing["id"])
    assert (done["products_removed"], done["products_restored"], done["conflicts"]) == (1, 1, 1)
    assert {name: data["price"] for name, data in catalogue(api).items()} == {"Chaise": "29.99", "Table": "155.00"}
    [conflict] = api.request("GET", f"{IMPORTS}/{undoing['id']}/errors")[1]["items"]
    assert (conflict["severity"], conflict["raw_value"]) == ("warning", table["sku"])


@pytest.mark.parametrize(
    ("query", "body"), [("?dry_run=true", None), ("?dry_run=1", None), ("", {"dry_run": True}), ("/?dry_run=yes", {})]
)
def test_it_can_be_tried(api, second, query, body):
    before = catalogue(api)
    code, tried = api.request("POST", f"{IMPORTS}/{second}/undo{query}", body)
    assert (code, tried) == (
        200,
        {
            "job_id": second,
            "products_removed": 1,
            "products_restored": 2,
            "conflicts": 0,
            "first_conflicts": [],
            "is_complete": True,
        },
    )
    assert catalogue(api) == before
    assert api.request("GET", IMPORTS)[1]["meta"]["total"] == 2
    assert job(api, second)["undone_by"] is None


@pytest.mark.parametrize("body", [None, {}, {"dry_run": False}])
def test_it_is_done_unless_it_is_only_tried(api, second, body):
    assert api.request("POST", f"{IMPORTS}/{second}/undo?dry_run=false", body)[0] == 201


def test_it_is_done_once_and_cannot_be_undone_itself(api, second):
    _, undoing = api.request("POST", f"{IMPORTS}/{second}/undo")
    code, refused = api.request("POST", f"{IMPORTS}/{second}/undo")
    assert (code, refused["error"]) == (409, "conflict")
    assert api.request("DELETE", f"{IMPORTS}/{second}")[0] == 409
    api.drain()
    assert api.request("POST", f"{IMPORTS}/{second}/undo")[0] == 409
    assert api.request("POST", f"{IMPORTS}/{second}/undo?dry_run=true")[0] == 409
    assert api.request("POST", f"{IMPORTS}/{undoing['id']}/undo")[0] == 409


@pytest.mark.parametrize(
    ("query", "body", "named"), [("?dry_run=perhaps", None, "dry_run"), ("", {"dry_run": "yes"}, "dry_run")]
)
def test_what_cannot_be_asked_is_refused(api, second, query, body, named):
    code, refused = api.request("POST", f"{IMPORTS}/{second}/undo{query}", body)
    assert (code, list(refused["details"])) == (422, [named])
    assert job(api, second)["undone_by"] is None


def test_asked_by_an_imp_id_it_answers_in_productsmanagers_words(api, second):
    imp_id = job(api, second)["ids"]["imp_id"]
    assert api.request("POST", f"{IMPORTS}/{imp_id}/undo?dry_run=true")[1]["job_id"] == imp_id
    code, undoing = api.request("POST", f"{IMPORTS}/{imp_id}/undo")
    assert (code, undoing["status"]) == (201, "pending")
    assert undoing["id"] != imp_id
    api.drain()
    assert api.request("GET", f"{IMPORTS}/{undoing['id']}")[1]["status"] == "completed"
