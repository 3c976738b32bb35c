"""ProductsManager's document: create an import, its status, its errors."""

import re

import pytest

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
IMP = re.compile(r"imp_[0-7][0-9A-HJKMNP-TV-Z]{25}")
IMPORTS = "/api/v1/imports"
CATALOG = b"EAN,Titre,Prix\n3760000000017,Chaise,29.99\n3760000000024,Table,199.00\n"
BAD = CATALOG + b"invalid-ean,Lampe,9.00\n3760000000048,Pouf,free\n"
MAPPING = '{"EAN":"ean","Titre":"title","Prix":"price"}'
MADE = ["id", "status", "format", "total_rows", "created_at"]
DETAIL = [
    "id",
    "status",
    "total_rows",
    "processed_rows",
    "created_rows",
    "updated_rows",
    "error_rows",
    "created_at",
    "completed_at",
]


def created(api, content: bytes = CATALOG, **fields: str) -> str:
    code, made = api.send_form("POST", IMPORTS, content, **{"mapping": MAPPING, **fields})
    assert code == 201, made
    return made["id"]


def imported(api, content: bytes = CATALOG, **fields: str) -> str:
    import_id = created(api, content, **fields)
    api.drain()
    return import_id


@pytest.mark.parametrize("path", [IMPORTS, f"{IMPORTS}/"])
def test_an_import_is_made_and_starts_at_once(api, path):
    code, made = api.send_form("POST", path, CATALOG, format="csv", mapping=MAPPING)
    assert (code, list(made)) == (201, MADE)
    assert IMP.fullmatch(made["id"])
    assert TIME.fullmatch(made["created_at"])
    assert (made["status"], made["format"]) == ("pending", "csv")
    assert api.request("GET", f"{IMPORTS}/{made['id']}")[1]["status"] == "pending"
    api.drain()
    code, job = api.request("GET", f"{IMPORTS}/{made['id']}")
    assert (code, list(job)[: len(DETAIL)]) == (200, DETAIL)
    assert (job["status"], job["total_rows"], job["processed_rows"]) == ("completed", 2, 2)
    assert (job["created_rows"], job["updated_rows"], job["error_rows"]) == (2, 0, 0)
    assert TIME.fullmatch(job["completed_at"])
    assert api.request("GET", f"{IMPORTS}/{made['id'].lower()}/") == (200, job)


@pytest.mark.parametrize("mapping", [None, "", "null", "{}"])
def test_without_a_mapping_the_suggested_one_is_taken(api, mapping):
    fields = {} if mapping is None else {"mapping": mapping}
    code, made = api.send_form("POST", IMPORTS, CATALOG, **fields)
    assert code == 201
    api.drain()
    assert api.request("GET", f"{IMPORTS}/{made['id']}")[1]["created_rows"] == 2
    _, products = api.request("GET", "/api/pim/products/")
    assert [each["name"] for each in products["results"]] == ["Chaise", "Table"]


@pytest.mark.parametrize("mapping", [None, "{}"])
def test_when_nothing_says_what_the_columns_mean_it_is_refused(api, mapping):
    fields = {} if mapping is None else {"mapping": mapping}
    code, refused = api.send_form("POST", IMPORTS, b"x,y\n1,2\n3,4\n", **fields)
    assert (code, refused["error"], list(refused["details"])) == (422, "validation_error", ["mapping"])
    assert '"x"' in refused["message"]
    assert api.request("GET", f"{IMPORTS}?archived=all")[1]["items"] == []


@pytest.mark.parametrize(
    ("mapping", "named"),
    [
        ("{", "mapping"),
        ("EAN=ean", "mapping"),
        ("[]", "mapping"),
        ('"ean"', "mapping"),
        ('{"EAN": 1}', "mapping.EAN"),
        ('{"EAN": {"field": "ean"}}', "mapping.EAN"),
        ('{"EAN": "ean", "Code": "sku"}', "mapping.Code"),
        ('{"Titre": "title"}', "mapping"),
        ('{"EAN": "ean", "Titre": "title", "Prix": "title"}', "mapping"),
        ('{"EAN": "ean", "a\\u0000": null}', "mapping"),
        ('{"EAN": ' + '{"a":' * 200 + "1" + "}" * 201, "mapping"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused_and_leaves_nothing(api, mapping, named):
    code, refused = api.send_form("POST", IMPORTS, CATALOG, mapping=mapping)
    assert (code, refused["error"]) == (422, "validation_error")
    assert named in refused["details"], refused
    assert api.request("GET", f"{IMPORTS}?archived=all")[1]["items"] == []


JSON_CATALOG = b'[{"EAN": "3760000000017", "Titre": "Chaise", "Prix": 29.99}]'


@pytest.mark.parametrize(
    ("content", "fields", "made_format"),
    [
        (CATALOG, {}, "csv"),
        (CATALOG, {"format": "csv"}, "csv"),
        (JSON_CATALOG, {}, "json"),
        (JSON_CATALOG, {"format": "json"}, "json"),
    ],
)
def test_the_format_is_told_from_the_bytes_or_said(api, content, fields, made_format):
    code, made = api.send_form("POST", IMPORTS, content, mapping=MAPPING, **fields)
    assert (code, made["format"]) == (201, made_format)


@pytest.mark.parametrize(
    ("content", "fields", "code"),
    [
        (CATALOG, {"format": "xlsx"}, 400),
        (CATALOG, {"format": "json"}, 400),
        (CATALOG, {"format": "xml"}, 400),
        (b'<?xml version="1.0"?><products><product><EAN>3760000000017</EAN></product></products>', {}, 400),
        (CATALOG, {"format": "pdf"}, 422),
        (b"GIF89a\x01\x00", {}, 400),
        (b"", {}, 400),
        (CATALOG, {"update_existing": "perhaps"}, 422),
    ],
)
def test_what_cannot_be_imported_is_refused_and_leaves_nothing(api, content, fields, code):
    answered, refused = api.send_form("POST", IMPORTS, content, mapping=MAPPING, **fields)
    assert (answered, set(refused)) == (code, {"error", "message", "details"})
    assert api.request("GET", f"{IMPORTS}?archived=all")[1]["items"] == []


def test_a_form_without_a_file_is_refused(api):
    code, refused = api.send_form("POST", IMPORTS, None, mapping=MAPPING)
    assert (code, refused["error"]) == (400, "bad_request")
    assert api.request("POST", IMPORTS, {"mapping": {}})[0] == 400


def test_a_form_over_the_limit_names_the_way_for_large_files(api):
    code, refused = api.send_form("POST", IMPORTS, b"ean,title\n" + b"x,y\n" * 1_200_000)
    assert (code, refused["error"]) == (413, "too_large")
    assert "POST /api/v1/uploads" in refused["message"]


def test_it_needs_a_key(api):
    stranger = type(api)(api.client, "no-key-of-ours", api.drain)
    assert stranger.send_form("POST", IMPORTS, CATALOG)[0] == 401


@pytest.mark.parametrize(
    ("fields", "price", "updated"),
    [
        ({}, "31.99", 2),
        ({"update_existing": "true"}, "31.99", 2),
        ({"update_existing": "yes"}, "31.99", 2),
        ({"update_existing": "false"}, "29.99", 0),
        ({"update_existing": "0"}, "29.99", 0),
    ],
)
def test_existing_products_are_matched_by_ean_and_updated_unless_told_not_to(api, fields, price, updated):
    imported(api)
    import_id = imported(api, CATALOG.replace(b"29.99", b"31.99"), **fields)
    _, job = api.request("GET", f"{IMPORTS}/{import_id}")
    assert (job["created_rows"], job["updated_rows"], job["processed_rows"]) == (0, updated, 2)
    assert job["skipped_rows"] == 2 - updated
    _, products = api.request("GET", "/api/pim/products/?name=Chaise")
    assert products["results"][0]["data"]["price"] == price


def test_rows_that_fail_do_not_fail_the_import(api):
    import_id = imported(api, BAD)
    _, job = api.request("GET", f"{IMPORTS}/{import_id}")
    assert (job["status"], job["total_rows"], job["processed_rows"]) == ("completed_with_errors", 4, 4)
    assert (job["created_rows"], job["error_rows"]) == (2, 2)


def test_errors_tell_row_ean_and_what_is_wrong(api):
    import_id = imported(api, BAD)
    code, errors = api.request("GET", f"{IMPORTS}/{import_id}/errors")
    assert (code, list(errors)) == (200, ["data", "meta"])
    assert errors["meta"] == {"page": 1, "per_page": 20, "total": 2}
    assert [list(each)[:4] for each in errors["data"]] == [["row", "ean", "error", "message"]] * 2
    assert [(each["row"], each["ean"], each["error"]) for each in errors["data"]] == [
        (3, "invalid-ean", "validation_error"),
        (4, None, "validation_error"),
    ]
    assert all(each["message"] for each in errors["data"])


def test_errors_are_of_rows_that_failed_unless_asked_otherwise(api):
    imported(api)
    import_id = imported(api, CATALOG, update_existing="false")
    assert api.request("GET", f"{IMPORTS}/{import_id}/errors")[1]["data"] == []
    _, warned = api.request("GET", f"{IMPORTS}/{import_id}/errors/?severity=warning")
    assert [each["error_type"] for each in warned["data"]] == ["already_exists", "already_exists"]


def test_errors_have_pages(api):
    import_id = imported(api, BAD)
    _, errors = api.request("GET", f"{IMPORTS}/{import_id}/errors?page=2&per_page=1")
    assert [each["row"] for each in errors["data"]] == [4]
    assert errors["meta"] == {"page": 2, "per_page": 1, "total": 2}
    assert api.request("GET", f"{IMPORTS}/{import_id}/errors?per_page=201")[0] == 422
    assert api.request("GET", f"{IMPORTS}/{import_id}/errors?page=0")[0] == 422


def test_a_cancelled_import_is_failed_and_says_why(api):
    import_id = created(api)
    code, job = api.request("POST", f"{IMPORTS}/{import_id}/cancel")
    assert (code, job["status"], job["error_message"]) == (200, "failed", "cancelled")


def test_it_reads_the_same_through_the_other_apis(api):
    import_id = imported(api, BAD)
    [listed] = api.request("GET", IMPORTS)[1]["items"]
    _, job = api.request("GET", f"{IMPORTS}/{listed['id']}")
    assert (job["status"], job["import_type"], job["match_on"]) == ("completed", "api", "ean")
    assert job["ids"]["imp_id"] == import_id
    assert job["column_mapping"] == {"EAN": "ean", "Titre": "title", "Prix": "price"}
    _, wizard = api.request("GET", f"/api/pim/import/{job['ids']['job_id']}/")
    assert (wizard["status"], wizard["imported_count"], wizard["error_count"]) == ("done", 2, 2)


@pytest.mark.parametrize("import_id", ["imp_01HQ", "imp_00000000000000000000000000", "42", "imp_"])
def test_what_is_not_there_is_404(api, import_id):
    for path in (f"{IMPORTS}/{import_id}", f"{IMPORTS}/{import_id}/errors"):
        code, refused = api.request("GET", path)
        assert (code, refused["error"]) == (404, "not_found")


def test_another_workspaces_import_is_not_there(api, other_walk):
    import_id = created(api)
    stranger = type(api)(api.client, other_walk.api_key, api.drain)
    assert stranger.request("GET", f"{IMPORTS}/{import_id}")[0] == 404
    assert stranger.request("GET", f"{IMPORTS}/{import_id}/errors")[0] == 404
