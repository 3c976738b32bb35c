"""Transforms wherever a mapping is taken or told: confirm and preview, save-mapping, upload, templates."""

import json

import pytest

V1 = "/api/v1/imports"
CSV = b"EAN Code;Titre produit;Prix HT;Marque\n3760000000017; CHAISE ;12,50;ACME INC.\n"
MAPPING = {"EAN Code": "ean", "Titre produit": "title", "Prix HT": "price", "Marque": "brand_name"}
STEPS = {
    "Titre produit": [{"step": "case", "to": "sentence"}],
    "Prix HT": [{"step": "number", "decimal": ",", "multiply": "1.2", "round": 2}],
    "Marque": [{"step": "lookup", "values": {"ACME INC.": "Acme"}, "otherwise": "refuse"}],
}
CONFIRM = {
    "mapping": {"EAN Code": "ean", "Titre produit": "name", "Prix HT": "price", "Marque": "brand"},
    "schema": [{"name": "brand", "type": "string"}, {"name": "price", "type": "price"}],
    "transforms": STEPS,
}


def product(api) -> dict:
    [found] = api.request("GET", "/api/pim/products/")[1]["results"]
    return found


def uploaded(api) -> str:
    code, made = api.send_form("POST", f"{V1}/upload", CSV)
    assert code == 201, made
    return made["id"]


def saved(api, **said) -> tuple[int, dict]:
    place = f"{V1}/{uploaded(api)}"
    code, answer = api.request("POST", f"{place}/save-mapping", {"column_mapping": MAPPING, **said})
    return code, {**answer, "place": place}


def imported(api, **said) -> None:
    place = saved(api, **said)[1]["place"]
    assert api.request("POST", f"{place}/start-processing")[0] == 200
    api.drain()


def test_saved_steps_are_told_tried_and_imported(api):
    code, answer = saved(api, transforms=STEPS)
    place = answer["place"]
    assert (code, answer["transforms"]) == (200, STEPS)
    for path in (place, f"{place}/mapping"):
        assert api.request("GET", path)[1]["transforms"] == STEPS
    assert list(api.request("GET", place)[1]["transforms"]) == list(STEPS)
    _, tried = api.request("POST", f"{place}/dry-run")
    assert tried["preview_rows"] == [
        {
            "row_number": 1,
            "action": "create",
            "ean": "3760000000017",
            "title": "Chaise",
            "price": 15.0,
            "sku": "3760000000017",
        }
    ]
    assert api.request("POST", f"{place}/start-processing")[0] == 200
    api.drain()
    assert (product(api)["name"], product(api)["data"]["price"]) == ("Chaise", "15.00")
    assert product(api)["data"]["brand"] == "Acme"


def test_the_next_file_is_suggested_them_and_takes_them(api):
    imported(api, transforms=STEPS)
    import_id = uploaded(api)
    _, read = api.request("GET", f"{V1}/{import_id}/mapping")
    assert {each["column"]: each["transforms"] for each in read["suggestions"] if each["transforms"]} == STEPS
    assert read["transforms"] == {}
    _, draft = api.upload(CSV)
    assert {each["column"]: each["transforms"] for each in draft["suggestions"] if each["transforms"]} == STEPS
    code, answer = saved(api)
    assert (code, answer["transforms"]) == (200, STEPS)
    code, answer = saved(api, transforms={})
    assert (code, "transforms" in answer) == (200, False)
    assert saved(api, transforms=None)[1]["transforms"] == STEPS


@pytest.mark.parametrize(
    ("transforms", "named"),
    [
        ([], "transforms"),
        ({"Marque": {}}, "transforms.Marque"),
        ({"Marque": [{"step": "shout"}]}, "transforms.Marque.0.step"),
        ({"Marque": [{"step": "trim"}, {"step": "lookup", "values": {}}]}, "transforms.Marque.1.values"),
        ({"Couleur": [{"step": "trim"}]}, "transforms.Couleur"),
        ({"Marque": [{"step": "only_if", "column": "Couleur", "is": "x"}]}, "transforms.Marque.0.column"),
        ({"Marque": [{"step": "replace", "find": "(", "with": "", "regex": True}]}, "transforms.Marque.0.find"),
    ],
)
def test_steps_that_cannot_be_are_refused_by_their_path_everywhere(api, transforms, named):
    code, refused = saved(api, transforms=transforms)
    assert (code, list(refused["details"])) == (422, [named])
    code, refused = api.send_form("POST", V1, CSV, mapping=json.dumps(MAPPING), transforms=json.dumps(transforms))
    assert (code, list(refused["details"])) == (422, [named])
    _, draft = api.upload(CSV)
    for verb in ("confirm", "preview"):
        code, refused = api.request(
            "POST", f"/api/pim/import/{draft['job_id']}/{verb}/", {**CONFIRM, "transforms": transforms}
        )
        assert (code, list(refused)) == (422, [named])
    if "Couleur" not in json.dumps(transforms):
        template = {"name": "T", "column_mapping": MAPPING, "transforms": transforms}
        code, refused = api.request("POST", "/api/v1/import-templates", template)
        assert (code, list(refused["details"])) == (422, [named])


def test_the_steps_of_a_form_are_json(api):
    code, refused = api.send_form("POST", V1, CSV, mapping=json.dumps(MAPPING), transforms="{")
    assert (code, list(refused["details"])) == (422, ["transforms"])
    code, _ = api.send_form("POST", V1, CSV, mapping=json.dumps(MAPPING), transforms=json.dumps(STEPS))
    assert code == 201
    api.drain()
    assert product(api)["name"] == "Chaise"


def test_an_import_without_a_mapping_takes_what_is_remembered(api):
    imported(api, transforms=STEPS)
    code, _ = api.send_form("POST", V1, CSV.replace(b"CHAISE", b"TABLE"))
    assert code == 201
    api.drain()
    assert (product(api)["name"], product(api)["data"]["brand"]) == ("Table", "Acme")


def test_a_confirm_takes_steps_and_knows_itself_again(api):
    _, draft = api.upload(CSV)
    place = f"/api/pim/import/{draft['job_id']}"
    confirmed = api.request("POST", f"{place}/confirm/", CONFIRM)
    assert confirmed[0] == 200
    assert api.request("POST", f"{place}/confirm/", CONFIRM) == confirmed
    assert api.request("GET", f"{place}/")[1]["transforms"] == STEPS
    api.drain()
    assert product(api)["name"] == "Chaise"


def test_a_list_of_imports_stays_small(api):
    values = {f"{number:05} {'x' * 60}": "y" for number in range(9_000)}
    lookup = {"Marque": [{"step": "lookup", "values": values}]}
    _, draft = api.upload(CSV)
    path = f"/api/pim/import/{draft['job_id']}/"
    assert api.request("POST", f"{path}confirm/", {**CONFIRM, "transforms": lookup})[0] == 200
    api.upload(CSV)
    for listing in ("/api/pim/import/", V1):
        code, listed = api.request("GET", listing)
        assert (code, len(json.dumps(listed)) < 5_000) == (200, True)
    assert api.request("GET", path)[1]["transforms"] == lookup


def test_the_wizard_is_shown_what_its_steps_make(api):
    _, draft = api.upload(CSV + b"3760000000024;Table;12,50;Bolt\n")
    place = f"/api/pim/import/{draft['job_id']}"
    before = api.request("GET", f"{place}/")
    code, shown = api.request("POST", f"{place}/preview/", CONFIRM)
    assert code == 200
    assert shown == {
        "rows": [
            {
                "row_number": 1,
                "values": {
                    "sku": "3760000000017",
                    "name": "Chaise",
                    "ean": "03760000000017",
                    "price": "15.00",
                    "brand": "Acme",
                },
                "errors": [],
            },
            {
                "row_number": 2,
                "values": {},
                "errors": [
                    {
                        "severity": "error",
                        "error_type": "not_in_list",
                        "field": "brand",
                        "column": "Marque",
                        "message": '"Bolt" is not among the 1 values looked up',
                        "raw_value": "Bolt",
                    }
                ],
            },
        ]
    }
    assert api.request("GET", f"{place}/") == before
    assert api.request("POST", "/api/pim/import/999999/preview/", CONFIRM)[0] == 404
    api.request("POST", f"{place}/confirm/", CONFIRM)
    assert api.request("POST", f"{place}/preview/", CONFIRM)[0] == 400


def test_a_template_brings_its_steps(api):
    body = {"name": "Monthly", "column_mapping": MAPPING, "transforms": STEPS, "delimiter": ";"}
    code, made = api.request("POST", "/api/v1/import-templates", body)
    assert (code, made["transforms"]) == (201, STEPS)
    _, job = api.send_form("POST", f"{V1}/upload", CSV, template_id=made["id"], auto_process="true")
    api.drain()
    assert product(api)["name"] == "Chaise"
    _, other = api.request("POST", "/api/v1/import-templates", {"name": "Of a job", "from_import_id": job["id"]})
    assert other["transforms"] == STEPS
    _, changed = api.request("PATCH", f"/api/v1/import-templates/{made['id']}", {"transforms": {}})
    assert (changed["version"], changed["transforms"]) == (2, {})
