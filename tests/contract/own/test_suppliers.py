"""``/api/v1/suppliers``: every request, answer and refusal."""

import pytest

SUPPLIERS = "/api/v1/suppliers"
NOBODY = "b1e9c3d2-1111-4abc-8def-000000000001"


@pytest.fixture
def supplier(api) -> dict:
    code, made = api.request("POST", SUPPLIERS, {"code": " SUPPLIER_A ", "name": "Supplier A"})
    assert code == 201
    return made


def test_a_supplier_is_made_and_read(api, supplier):
    assert set(supplier) == {"id", "code", "name", "is_stub", "created_at", "updated_at"}
    assert (supplier["code"], supplier["name"], supplier["is_stub"]) == ("SUPPLIER_A", "Supplier A", False)
    assert supplier["created_at"].endswith("Z")
    assert api.request("GET", f"{SUPPLIERS}/{supplier['id']}/") == (200, supplier)


def test_the_list_is_paged_as_the_others_are(api, supplier):
    api.request("POST", SUPPLIERS, {"code": "B"})
    code, page = api.request("GET", f"{SUPPLIERS}/?per_page=1")
    assert code == 200
    assert [each["code"] for each in page["items"]] == ["B"]
    assert page["meta"] == {
        "total": 2, "page": 1, "per_page": 1, "total_pages": 2, "has_next": True, "has_previous": False
    }  # fmt: skip
    _, last = api.request("GET", f"{SUPPLIERS}?page=2&per_page=1&search=")
    assert last["items"] == [supplier]
    assert (last["meta"]["has_next"], last["meta"]["has_previous"]) == (False, True)
    _, found = api.request("GET", f"{SUPPLIERS}?search=supplier%20a")
    assert found["items"] == [supplier]
    _, none = api.request("GET", f"{SUPPLIERS}?search=nobody")
    assert (none["items"], none["meta"]["total_pages"]) == ([], 0)


def test_what_is_left_out_stays(api, supplier):
    code, changed = api.request("PATCH", f"{SUPPLIERS}/{supplier['id']}", {"code": "A2"})
    assert code == 200
    assert (changed["code"], changed["name"]) == ("A2", "Supplier A")
    code, same = api.request("PATCH", f"{SUPPLIERS}/{supplier['id']}", {"name": None})
    assert (code, same["name"]) == (200, "Supplier A")


def test_a_deleted_supplier_is_not_there(api, supplier):
    place = f"{SUPPLIERS}/{supplier['id']}"
    assert api.request("DELETE", place) == (200, {"deleted": True, "id": supplier["id"]})
    for method in ("GET", "DELETE"):
        assert api.request(method, place)[0] == 404
    assert api.request("PATCH", place, {"name": "x"})[0] == 404


def test_a_taken_code_is_a_conflict(api, supplier):
    for method, path in (("POST", SUPPLIERS), ("PATCH", f"{SUPPLIERS}/{other(api)}")):
        code, refused = api.request(method, path, {"code": "SUPPLIER_A"})
        assert (code, refused["error"], list(refused["details"])) == (409, "conflict", ["code"])


def other(api) -> str:
    return api.request("POST", SUPPLIERS, {"code": "OTHER"})[1]["id"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "code"),
        ({"code": ""}, "code"),
        ({"code": "  "}, "code"),
        ({"code": 7}, "code"),
        ({"code": "a" * 101}, "code"),
        ({"code": "a\tb"}, "code"),
        ({"code": "A", "name": "n" * 256}, "name"),
        ({"code": "A", "name": None}, "name"),
    ],
)
def test_a_supplier_that_cannot_be_is_refused_by_its_name(api, body, field):
    code, refused = api.request("POST", SUPPLIERS, body)
    assert (code, refused["error"], list(refused["details"])) == (422, "validation_error", [field])


@pytest.mark.parametrize("query", ["page=0", "page=x", "per_page=0", "per_page=101", "search=" + "a" * 501])
def test_a_page_that_cannot_be_is_refused_by_its_name(api, query):
    code, refused = api.request("GET", f"{SUPPLIERS}?{query}")
    assert (code, list(refused["details"])) == (422, [query.partition("=")[0]])


@pytest.mark.parametrize("supplier_id", [NOBODY, "7", "SUPPLIER_A", "imp_2N1T201RMV87AAE5J4CSAM8000"])
def test_what_is_no_suppliers_id_is_not_found(api, supplier_id):
    code, refused = api.request("GET", f"{SUPPLIERS}/{supplier_id}")
    assert (code, refused["error"]) == (404, "not_found")
