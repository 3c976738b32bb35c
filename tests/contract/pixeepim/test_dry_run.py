"""Pixeepim's document: "Dry-run (preview)"."""

import pytest

IMPORTS = "/api/v1/imports"
HEADER = b"EAN Code,Titre produit,Prix HT\n"
CATALOG = HEADER + b"3760000000017,Chaise,29.99\n3760000000024,Table,199.00\n"
CHANGED = (
    HEADER
    + b"3760000000017,Chaise longue,24.99\n"
    + b"3760000000024,Table,199.00\n"
    + b"123ABC7890,Lampe,9.00\n"
    + b"3760000000031,Pouf,49.50\n"
)
COLUMN_MAPPING = {"EAN Code": "ean", "Titre produit": "title", "Prix HT": "price"}
DOCUMENTED = [
    "job_id",
    "total_rows",
    "preview_rows",
    "validation_errors",
    "products_to_create",
    "products_to_update",
    "rows_with_errors",
]


def uploaded(api, content: bytes = CATALOG) -> str:
    return api.send_form("POST", f"{IMPORTS}/upload", content)[1]["id"]


def ready(api, content: bytes, **options) -> str:
    import_id = uploaded(api, content)
    body = {"column_mapping": COLUMN_MAPPING, "import_options": options}
    assert api.request("POST", f"{IMPORTS}/{import_id}/save-mapping", body)[0] == 200
    return import_id


def processed(api, import_id: str) -> dict:
    assert api.request("POST", f"{IMPORTS}/{import_id}/start-processing")[0] == 200
    api.drain()
    return api.request("GET", f"{IMPORTS}/{import_id}")[1]


def without_receipt(api, import_id: str) -> dict:
    """The job, but for the seconds it has been waiting."""
    job = api.request("GET", f"{IMPORTS}/{import_id}")[1]
    return {name: value for name, value in job.items() if name != "receipt"}


@pytest.mark.parametrize("slash", ["", "/"])
def test_it_tells_what_each_row_would_do(api, slash):
    processed(api, ready(api, CATALOG))
    import_id = ready(api, CHANGED)
    code, tried = api.request("POST", f"{IMPORTS}/{import_id}/dry-run{slash}")
    assert (code, list(tried)[: len(DOCUMENTED)]) == (200, DOCUMENTED)
    assert (tried["job_id"], tried["total_rows"]) == (import_id, 4)
    assert (tried["products_to_create"], tried["products_to_update"], tried["rows_with_errors"]) == (1, 2, 1)
    assert (tried["products_unchanged"], tried["rows_skipped"]) == (1, 0)
    assert [(row["row_number"], row["action"]) for row in tried["preview_rows"]] == [
        (1, "update"),
        (2, "unchanged"),
        (3, "error"),
        (4, "create"),
    ]
    made = tried["preview_rows"][3]
    assert list(made)[:5] == ["row_number", "action", "ean", "title", "price"]
    assert (made["ean"], made["title"], made["price"]) == ("3760000000031", "Pouf", 49.5)
    assert tried["preview_rows"][0]["changes"] == {
        "title": {"from": "Chaise", "to": "Chaise longue"},
        "price": {"from": "29.99", "to": "24.99"},
    }
    [error] = tried["validation_errors"]
    assert list(error)[:3] == ["row_number", "field", "message"]
    assert (error["row_number"], error["field"], error["error_type"]) == (3, "ean", "ean_invalid")
    assert (tried["is_complete"], tried["rows_checked"], tried["would_fail"]) == (True, 4, None)


def test_an_import_comes_to_the_same(api):
    processed(api, ready(api, CATALOG))
    import_id = ready(api, CHANGED)
    _, tried = api.request("POST", f"{IMPORTS}/{import_id}/dry-run")
    done = processed(api, import_id)
    assert (tried["products_to_create"], tried["products_to_update"], tried["rows_with_errors"]) == (
        done["products_created"],
        done["products_updated"],
        done["failed_rows"],
    )
    assert (tried["products_unchanged"], tried["rows_skipped"], tried["warnings"]) == (
        done["products_unchanged"],
        done["rows_skipped"],
        done["warnings"],
    )


def test_nothing_is_written(api):
    import_id = ready(api, CATALOG)
    before = without_receipt(api, import_id)
    first, second = (api.request("POST", f"{IMPORTS}/{import_id}/dry-run") for _ in range(2))
    assert first == second
    api.drain()
    assert without_receipt(api, import_id) == before
    assert api.request("GET", f"{IMPORTS}/{import_id}/errors")[1]["items"] == []
    assert api.request("GET", "/api/pim/products/")[1]["count"] == 0
    assert api.request("GET", "/api/pim/schema/")[1]["fields"] == []


def test_without_a_saved_mapping_the_suggested_one_is_taken_and_told(api):
    import_id = uploaded(api)
    _, tried = api.request("POST", f"{IMPORTS}/{import_id}/dry-run")
    assert (tried["mapping_source"], tried["column_mapping"]) == ("suggested", COLUMN_MAPPING)
    assert tried["products_to_create"] == 2
    assert {each["name"]: each["type"] for each in tried["new_fields"]}["price"] == "price"
    assert api.request("GET", f"{IMPORTS}/{import_id}")[1]["status"] == "awaiting_mapping"
    _, tried = api.request("POST", f"{IMPORTS}/{ready(api, CATALOG)}/dry-run")
    assert tried["mapping_source"] == "saved"


def test_rows_left_alone_are_told(api):
    processed(api, ready(api, CATALOG))
    import_id = ready(api, CHANGED, overwrite_existing=False)
    _, tried = api.request("POST", f"{IMPORTS}/{import_id}/dry-run")
    assert (tried["products_to_create"], tried["products_to_update"], tried["rows_skipped"]) == (1, 0, 2)
    assert [each["error_type"] for each in tried["validation_warnings"]] == ["already_exists", "already_exists"]
    assert [row["action"] for row in tried["preview_rows"]] == ["skip", "skip", "error", "create"]


@pytest.mark.parametrize("policy", ["stop", "all_or_nothing"])
def test_an_end_with_the_first_bad_row_is_foretold(api, policy):
    import_id = ready(api, CHANGED, error_policy=policy)
    _, tried = api.request("POST", f"{IMPORTS}/{import_id}/dry-run")
    assert tried["would_fail"]
    done = processed(api, import_id)
    assert (done["status"], done["products_created"]) == ("failed", tried["products_to_create"])


def test_a_pending_job_is_analysed_first(api, services, embedded):
    _, expected = api.request("POST", "/api/v1/uploads", {"name": "catalog.csv", "size": len(CATALOG)})
    path = f"{IMPORTS}/{expected['id']}"
    code, refused = api.request("POST", f"{path}/dry-run")
    assert (code, refused["error"]) == (409, "conflict")
    assert "arrived" in refused["message"]
    embedded.s3.put_object(Bucket=services.settings.bucket, Key=expected["fields"]["key"], Body=CATALOG)
    code, tried = api.request("POST", f"{path}/dry-run")
    assert (code, tried["products_to_create"], tried["mapping_source"]) == (200, 2, "suggested")
    assert api.request("GET", path)[1]["status"] == "awaiting_mapping"
    api.drain()
    assert api.request("GET", path)[1]["status"] == "awaiting_mapping"


def test_a_pending_file_nobody_can_read_is_refused_and_its_job_has_failed(api, services, embedded):
    gif = b"GIF89a\x01\x00\x01\x00\x00\xff\xff\xff"
    _, expected = api.request("POST", "/api/v1/uploads", {"name": "catalog.csv", "size": len(gif)})
    embedded.s3.put_object(Bucket=services.settings.bucket, Key=expected["fields"]["key"], Body=gif)
    code, refused = api.request("POST", f"{IMPORTS}/{expected['id']}/dry-run")
    assert (code, refused["error"]) == (400, "unreadable_file")
    _, job = api.request("GET", f"{IMPORTS}/{expected['id']}")
    assert (job["status"], job["last_error"]) == ("failed", refused["message"])


def test_a_file_whose_columns_say_nothing_is_refused(api):
    import_id = uploaded(api, b"x,y\n1,2\n3,4\n")
    code, refused = api.request("POST", f"{IMPORTS}/{import_id}/dry-run")
    assert (code, refused["error"], list(refused["details"])) == (422, "validation_error", ["column_mapping"])


def test_asked_by_an_imp_id_it_tells_the_same(api):
    import_id = ready(api, CATALOG)
    imp_id = api.request("GET", f"{IMPORTS}/{import_id}")[1]["ids"]["imp_id"]
    _, by_uuid = api.request("POST", f"{IMPORTS}/{import_id}/dry-run")
    _, by_imp_id = api.request("POST", f"{IMPORTS}/{imp_id}/dry-run")
    assert by_imp_id == {**by_uuid, "job_id": imp_id}
