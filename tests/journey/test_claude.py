"""A running system with a model to ask: asked once, believed where it may be, and overruled by people for good."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.messages_api import MessagesApi, question_in, says, speaking
from tests.running import System, running, wait_for_import

CATALOG = (
    b"Code,Title,Zorblax,Frumio\n"
    b"SHOE-001,Air Max 90,yes,Nike\n"
    b"SHOE-002,Stan Smith,no,Adidas\n"
    b"SHOE-003,Gel Kayano,yes,Nike\n"
)


@pytest.fixture(scope="module")
def claude() -> Iterator[MessagesApi]:
    with speaking(says({"Zorblax": "is_active", "Frumio": "brand"}, 0.85, "Whether it is sold.")) as api:
        yield api


@pytest.fixture(scope="module")
def system(claude: MessagesApi, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    variables = {
        "PIM_ANTHROPIC_API_KEY": "sk-test-not-a-key",
        "PIM_CLAUDE_BASE_URL": claude.url,
        "PIM_CLAUDE_SECONDS": "60",
        "PIM_CLAUDE_UPLOAD_SECONDS": "120",
    }
    with running(tmp_path_factory.mktemp("claude") / "data", **variables) as started:
        yield started


def upload(client: httpx.Client) -> dict[str, Any]:
    answer = client.post("/api/pim/import/csv/", files={"file": ("catalog.csv", CATALOG, "text/csv")})
    assert answer.status_code == 200, answer.text
    draft: dict[str, Any] = answer.json()
    return draft


def test_it_is_asked_once_and_people_have_the_last_word(claude, client):
    draft = upload(client)
    assert draft["suggested_mapping"] == {"Code": "sku", "Title": "name", "Zorblax": "is_active", "Frumio": "brand"}
    told = {each["column"]: each for each in draft["suggestions"]}
    assert told["Zorblax"] == {
        "column": "Zorblax",
        "field": "is_active",
        "origin": "claude",
        "confidence": 0.85,
        "reason": "Whether it is sold.",
        "type": "boolean",
        "fits": 1.0,
        "counterexamples": [],
        "candidates": [],
        "habit": None,
        "transforms": [],
    }
    assert told["Code"]["origin"] == "vocabulary"
    assert len(claude.requests) == 1

    assert upload(client)["suggested_mapping"] == draft["suggested_mapping"]
    assert len(claude.requests) == 1

    mapping = {**draft["suggested_mapping"], "Frumio": "maker"}
    schema = [{"name": "is_active", "type": "boolean"}, {"name": "maker", "type": "string"}]
    body = {"mapping": mapping, "schema": schema, "default_currency": "EUR", "default_locale": "fr_FR"}
    assert client.post(f"/api/pim/import/{draft['job_id']}/confirm/", json=body).status_code == 200
    job = wait_for_import(client, draft["job_id"], "done", "failed")
    assert (job["status"], job["imported_count"], job["error_count"]) == ("done", 3, 0)
    products = {each["sku"]: each["data"] for each in client.get("/api/pim/products/").json()["results"]}
    assert products["SHOE-001"] == {"is_active": True, "maker": "Nike"}

    again = upload(client)
    assert again["suggested_mapping"] == mapping
    assert {each["origin"] for each in again["suggestions"]} == {"memory"}
    assert len(claude.requests) == 1


def test_the_other_apis_print_it_too(claude, client):
    answer = client.post("/api/v1/imports/upload", files={"file": ("catalog.csv", CATALOG, "text/csv")})
    assert answer.status_code in {200, 201, 202}, answer.text
    told = client.get(f"/api/v1/imports/{answer.json()['id']}/mapping").json()
    assert told["suggested_mapping"] == {
        "Code": "sku",
        "Title": "title",
        "Zorblax": "is_active",
        "Frumio": "brand_name",
    }
    assert [each["origin"] for each in told["suggestions"]] == ["vocabulary", "vocabulary", "claude", "claude"]
    sent = question_in(claude.requests[-1])
    assert sent["other_columns"] == {"Code": "sku", "Title": "name"}
