"""A supplier's price list as it comes: Windows-1252, titles above the header, decimal commas, thousands with points, a
header that comes again, a total, barcodes a spreadsheet has spoiled. Nobody says a word, and it is imported right.
"""

import time
from typing import Any

import httpx

from tests.running import wait_for_import

LINES = (
    "Preisliste Großhandel Müller;;;;;;;",
    "Stand: 01.03.2026;;;;;;;",
    "",
    "Artikelnummer;Bezeichnung;EAN;Hersteller;VK brutto;Lagerbestand;Angelegt am;lieferbar;",
    "M-001;Türgriff, groß;4006381333931;Nordwerk;1.299,00 €;1.204;13.02.2026;ja;",
    "M-002;Schloß;4,00638E+12;Nordwerk;12,50 €;0;01.03.2026;nein;",
    "Artikelnummer;Bezeichnung;EAN;Hersteller;VK brutto;Lagerbestand;Angelegt am;lieferbar;",
    "M-003;Schlüssel;5901234123457;Halden;-;26.067,00;28.02.2026;ja;",
    "M-004;Bügel;;Halden;0,99 €;12;02.03.2026;ja;",
    "M-005;Winkel;;Halden;4,10 €;7;03.03.2026;ja;",
    "Summe;;;;1.316,59 €;;;;",
)
FILE = "\r\n".join(LINES).encode("cp1252")
MAPPING = {
    "Artikelnummer": "sku",
    "Bezeichnung": "name",
    "EAN": "ean",
    "Hersteller": "brand",
    "VK brutto": "price",
    "Lagerbestand": "inventory_count",
    "Angelegt am": "created_at",
    "lieferbar": "availability",
}
TYPES = {"price": "price", "inventory_count": "number", "created_at": "datetime", "availability": "boolean"}


def products(client: httpx.Client) -> dict[str, Any]:
    return {each["sku"]: each for each in client.get("/api/pim/products/").json()["results"]}


def test_the_wizard_says_what_it_is_and_reads_it_when_asked_to(client):
    form = {"file": ("preise.csv", FILE, "text/csv")}
    refused = client.post("/api/pim/import/csv/", files=form)
    assert refused.status_code == 400
    told = refused.json()
    assert "Windows-1252" in told["file"][0] and "encoding" in told["file"][0]
    assert told["byte_offset"] == FILE.index("ß".encode("cp1252")) and told["line"] == 1

    draft = client.post("/api/pim/import/csv/", files=form, data=told["retry_with"]).json()
    assert draft["suggested_mapping"] == MAPPING
    assert draft["row_count"] == 6
    assert {each["name"]: each["type"] for each in draft["suggested_schema"]}.items() >= TYPES.items()
    assert draft["detected"]["delimiter"] == ";" and draft["detected"]["header_line"] == 4

    body = {"mapping": draft["suggested_mapping"], "schema": draft["suggested_schema"], "default_currency": "EUR"}
    preview = client.post(f"/api/pim/import/{draft['job_id']}/preview/", json=body).json()
    assert preview["rows"][0]["values"]["price"] == "1299.00"
    client.post(f"/api/pim/import/{draft['job_id']}/confirm/", json=body)
    job = wait_for_import(client, draft["job_id"], "done", "failed")
    assert (job["imported_count"], job["error_count"], job["warning_count"]) == (4, 2, 1)
    findings = client.get(f"/api/pim/import/{draft['job_id']}/errors/").json()["results"]
    assert [(each["line"], each["severity"], each["error_type"]) for each in findings] == [
        (6, "warning", "ean_invalid"),
        (8, "error", "invalid_type"),
        (11, "error", "missing_required_field"),
    ]
    assert "spreadsheet" in findings[0]["message"]
    first = products(client)["M-001"]
    assert first["name"] == "Türgriff, groß"
    assert first["data"] | {"created_at": first["data"]["created_at"]} == {
        "ean": "4006381333931",
        "brand": "Nordwerk",
        "price": "1299.00",
        "inventory_count": 1204,
        "created_at": "2026-02-13T00:00:00Z",
        "availability": True,
    }


def test_a_program_sends_it_and_is_done(client):
    answer = client.post("/api/v1/imports", files={"file": ("preise.csv", FILE, "text/csv")})
    assert answer.status_code == 201, answer.text
    job = finished(client, answer.json()["id"])
    assert (job["total_rows"], job["error_rows"]) == (6, 3)  # matched by EAN, a spoiled one is an error
    assert products(client).keys() == {"M-001", "M-004", "M-005"}


def finished(client: httpx.Client, import_id: str) -> Any:
    while True:
        job = client.get(f"/api/v1/imports/{import_id}").json()
        if job["status"] in {"completed", "completed_with_errors", "failed"}:
            return job
        time.sleep(0.05)
