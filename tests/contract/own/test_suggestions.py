"""What is told of each column, in every API's words."""

import pytest

CATALOG = b"Product ID,Title,Marke,Zorblax\nA-1,Chair,Acme,12\nA-2,Table,Bolt,on request\nA-3,Sofa,Acme,7\n"
TOLD = {
    "column",
    "field",
    "origin",
    "confidence",
    "reason",
    "type",
    "fits",
    "counterexamples",
    "candidates",
    "habit",
    "transforms",
}


def test_the_wizards_upload_and_poll_tell_all_of_it(api):
    code, draft = api.upload(CATALOG)
    assert code == 200
    assert [set(each) for each in draft["suggestions"]] == [TOLD] * 4
    brand = draft["suggestions"][2]
    assert (brand["field"], brand["origin"], brand["type"], brand["fits"]) == ("brand", "vocabulary", "string", 1.0)
    code, job = api.request("GET", f"/api/pim/import/{draft['job_id']}/")
    assert job["suggestions"] == draft["suggestions"]


def test_the_v1_mapping_tells_it_in_its_own_words(api):
    _, job = api.send_form("POST", "/api/v1/imports/upload", CATALOG)
    code, mapping = api.request("GET", f"/api/v1/imports/{job['id']}/mapping")
    assert code == 200
    assert [set(each) for each in mapping["suggestions"]] == [TOLD] * 4
    assert [each["field"] for each in mapping["suggestions"]][1:3] == ["title", "brand_name"]


@pytest.mark.parametrize("path", ["/api/pim/import/{}/", "/api/v1/imports/{}/mapping"])
def test_a_job_of_before_all_of_it_was_told_still_prints(api, walk, path):
    _, draft = api.upload(CATALOG)
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        cursor.execute(
            "UPDATE import_jobs SET suggestion = jsonb_set(suggestion, '{columns}', (SELECT jsonb_agg("
            "each - ARRAY['type', 'fits', 'counterexamples', 'candidates', 'habit', 'transforms'])"
            " FROM jsonb_array_elements(suggestion -> 'columns') AS each)) WHERE id = %s RETURNING uuid",
            [draft["job_id"]],
        )
        [uuid] = cursor.fetchone()
    name = uuid if "v1" in path else draft["job_id"]
    code, job = api.request("GET", path.format(name))
    assert code == 200
    assert [set(each) for each in job["suggestions"]] == [TOLD] * 4
    assert {(each["type"], each["fits"], tuple(each["transforms"])) for each in job["suggestions"]} == {
        (None, None, ())
    }


def test_an_answer_for_a_thousand_columns_stays_small(api):
    headers = ",".join(f"Column {number}" for number in range(1_000))
    cells = "\n".join(",".join(f"{'x' * 40}{row}{number}" for number in range(1_000)) for row in range(3))
    code, draft = api.upload(f"{headers}\n{cells}\n".encode())
    assert code == 200
    assert len(draft["suggestions"]) == 1_000
    assert len(str(draft["suggestions"])) < 600_000
