"""A supplier's file is put right by named steps, once; the next one of the same columns needs no hand."""

import time

import httpx

from tests.running import DEADLINE_SECONDS

IMPORTS = "/api/v1/imports"
FIRST = (
    "Réf;Libellé;Prix HT;Couleur;État\n"
    "kb-1;<b>CHAISE</b> pliante;12,50;noir|rouge;actif\n"
    "kb-2;TABLE;1.250,00;chêne;arrêté\n"
)
NEXT = "Réf;LIBELLÉ;Prix HT;Couleur;État\nkb-3;BANC;9,90;rouge;actif\n"
MAPPING = {"Réf": "sku", "Libellé": "title", "Prix HT": "price", "Couleur": "colours", "État": None}
STEPS = {
    "Réf": [{"step": "case", "to": "upper"}],
    "Libellé": [{"step": "strip_html"}, {"step": "case", "to": "sentence"}],
    "Prix HT": [{"step": "number", "decimal": ",", "multiply": "1.2", "round": 2}],
    "Couleur": [
        {"step": "only_if", "column": "État", "is": "actif"},
        {"step": "split", "separator": "|", "take": "all"},
        {"step": "lookup", "values": {"noir": "black", "rouge": "red"}, "otherwise": "refuse"},
    ],
}


def upload(client: httpx.Client, text: str) -> str:
    made = client.post(f"{IMPORTS}/upload", files={"file": ("tarif.csv", text.encode(), "text/csv")})
    assert made.status_code == 201, made.text
    return f"{IMPORTS}/{made.json()['id']}"


def run(client: httpx.Client, place: str) -> dict:
    assert client.post(f"{place}/start-processing").status_code == 200
    deadline = time.monotonic() + DEADLINE_SECONDS
    while (job := client.get(place).json())["status"] not in {"completed", "failed"}:
        assert time.monotonic() < deadline, job
        time.sleep(0.02)
    return job


def products(client: httpx.Client) -> dict[str, dict]:
    return {each["sku"]: each for each in client.get("/api/pim/products/").json()["results"]}


def test_steps_are_saved_tried_imported_and_suggested_for_the_next_file(client):
    place = upload(client, FIRST)
    saved = client.post(f"{place}/save-mapping", json={"column_mapping": MAPPING, "transforms": STEPS})
    assert (saved.status_code, saved.json()["transforms"]) == (200, STEPS)
    tried = client.post(f"{place}/dry-run").json()
    assert [(each["sku"], each["title"], each["price"]) for each in tried["preview_rows"]] == [
        ("KB-1", "Chaise pliante", 15.0),
        ("KB-2", "Table", 1500.0),
    ]
    assert products(client) == {}
    assert run(client, place)["failed_rows"] == 0
    found = products(client)
    assert found["KB-1"]["name"] == "Chaise pliante"
    assert found["KB-1"]["data"] == {"price": "15.00", "colours": ["black", "red"]}
    assert found["KB-2"]["data"] == {"price": "1500.00"}

    place = upload(client, NEXT)
    read = client.get(f"{place}/mapping").json()
    told = {each["column"]: each["transforms"] for each in read["suggestions"] if each["transforms"]}
    assert told == {"LIBELLÉ" if column == "Libellé" else column: steps for column, steps in STEPS.items()}
    mapping = {each["column"]: each["field"] for each in read["suggestions"] if each["column"] != "État"}
    assert client.post(f"{place}/save-mapping", json={"column_mapping": mapping}).json()["transforms"] == told
    assert run(client, place)["products_created"] == 1
    banc = products(client)["KB-3"]
    assert (banc["name"], banc["data"]) == ("Banc", {"price": "11.88", "colours": ["red"]})
