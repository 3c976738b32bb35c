"""Pixeepim's document: "EANs pending resolution"."""

import re

import pytest

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
PENDING = "/api/v1/imports/ean-pending"
NOBODY = "aabb1234-0000-0000-0000-000000000001"
HEADER = b"EAN,Titre,Description\n"


def imported(api, content: bytes, *, supplier_code: str = "SUPPLIER_A", create_missing: bool = False) -> None:
    path = "/api/v1/imports"
    _, made = api.send_form("POST", f"{path}/upload", HEADER + content, supplier_code=supplier_code)
    body = {
        "column_mapping": {"EAN": "ean", "Titre": "title", "Description": "description"},
        "import_options": {"create_missing": create_missing},
    }
    assert api.request("POST", f"{path}/{made['id']}/save-mapping", body)[0] == 200
    assert api.request("POST", f"{path}/{made['id']}/start-processing")[0] == 200
    api.drain()


def listed(api, query: str = "") -> list[dict]:
    code, page = api.request("GET", f"{PENDING}{query}")
    assert code == 200, page
    return page["items"]


@pytest.fixture
def waiting(api) -> dict[str, dict]:
    """Three EANs that wait, of two suppliers."""
    imported(api, b"3760000000017,Widget Pro 3000,x\n3760000000024,Gadget,x\n")
    imported(api, b"3760000000031,Widget Mini,x\n", supplier_code="SUPPLIER_B")
    return {each["ean"]: each for each in listed(api)}


@pytest.mark.parametrize("path", [PENDING, f"{PENDING}/"])
def test_eans_that_no_product_has_are_listed(api, waiting, path):
    code, page = api.request("GET", path)
    assert (code, list(page)) == (200, ["items", "meta"])
    assert {each["ean"] for each in page["items"]} == {"3760000000017", "3760000000024", "3760000000031"}
    assert page["meta"] == {
        "total": 3,
        "page": 1,
        "per_page": 20,
        "total_pages": 1,
        "has_next": False,
        "has_previous": False,
    }
    first = waiting["3760000000017"]
    assert list(first) == ["id", "ean", "supplier_code", "description", "first_seen_at"]
    assert (first["supplier_code"], first["description"]) == ("SUPPLIER_A", "Widget Pro 3000")
    assert TIME.fullmatch(first["first_seen_at"])


@pytest.mark.parametrize(
    ("query", "eans"),
    [
        ("?supplier_code=SUPPLIER_B", {"3760000000031"}),
        ("?supplier_code=nobody", set()),
        ("?search=000001", {"3760000000017"}),
        ("?search=widget", {"3760000000017", "3760000000031"}),
        ("?search=widget&supplier_code=SUPPLIER_A", {"3760000000017"}),
        ("?search=%25", set()),
        ("?search=&supplier_code=&page=&per_page=", {"3760000000017", "3760000000024", "3760000000031"}),
    ],
)
def test_they_are_found_by_supplier_and_text(api, waiting, query, eans):
    assert {each["ean"] for each in listed(api, query)} == eans


def test_they_have_pages(api, waiting):
    first, second = (api.request("GET", f"{PENDING}?page={page}&per_page=2")[1] for page in (1, 2))
    assert (len(first["items"]), len(second["items"])) == (2, 1)
    assert {each["ean"] for each in first["items"] + second["items"]} == set(waiting)
    assert (first["meta"]["has_next"], second["meta"]["has_previous"]) == (True, True)


@pytest.mark.parametrize("query", ["page=0", "per_page=101", "per_page=0", "search=%00"])
def test_a_page_that_cannot_be_is_refused(api, query):
    code, refused = api.request("GET", f"{PENDING}?{query}")
    assert (code, list(refused["details"])) == (422, [query.partition("=")[0]])


def test_an_ignored_entry_leaves_and_does_not_come_back(api, waiting):
    entry = waiting["3760000000017"]["id"]
    assert api.request("DELETE", f"{PENDING}/{entry}") == (200, {"deleted": True, "id": entry})
    assert {each["ean"] for each in listed(api)} == {"3760000000024", "3760000000031"}
    imported(api, b"3760000000017,Widget Pro 3000,x\n")
    assert {each["ean"] for each in listed(api)} == {"3760000000024", "3760000000031"}
    assert api.request("DELETE", f"{PENDING}/{entry}/")[0] == 200


def test_several_are_ignored_at_once(api, waiting):
    ids = [waiting["3760000000017"]["id"], waiting["3760000000031"]["id"], NOBODY]
    assert api.request("POST", f"{PENDING}/bulk-delete", {"ids": ids}) == (200, {"deleted": 2})
    assert {each["ean"] for each in listed(api)} == {"3760000000024"}
    assert api.request("POST", f"{PENDING}/bulk-delete/", {"ids": ids}) == (200, {"deleted": 0})


@pytest.mark.parametrize("entry", [NOBODY, "42", "x"])
def test_what_is_not_there_is_404(api, entry):
    code, refused = api.request("DELETE", f"{PENDING}/{entry}")
    assert (code, refused["error"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "ids"),
        ({"ids": []}, "ids"),
        ({"ids": NOBODY}, "ids"),
        ({"ids": ["x"]}, "ids[0]"),
        ({"ids": [NOBODY] * 1001}, "ids"),
    ],
)
def test_ids_that_cannot_be_are_refused(api, body, named):
    code, refused = api.request("POST", f"{PENDING}/bulk-delete", body)
    assert (code, list(refused["details"])) == (422, [named])


def test_an_entry_leaves_when_a_product_comes(api, waiting):
    imported(api, b"3760000000017,Widget Pro 3000,x\n", create_missing=True)
    assert {each["ean"] for each in listed(api)} == {"3760000000024", "3760000000031"}


def test_an_ean_that_is_wrong_never_waits(api):
    imported(api, b"123ABC7890,Widget,x\n")
    assert listed(api) == []


def test_another_workspaces_entries_are_not_there(api, other_walk, waiting):
    stranger = type(api)(api.client, other_walk.api_key, api.drain)
    entry = waiting["3760000000017"]["id"]
    assert stranger.request("GET", PENDING)[1]["items"] == []
    assert stranger.request("DELETE", f"{PENDING}/{entry}")[0] == 404
    assert stranger.request("POST", f"{PENDING}/bulk-delete", {"ids": [entry]}) == (200, {"deleted": 0})
    assert len(listed(api)) == 3
