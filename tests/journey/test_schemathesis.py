"""Requests made up from ``/openapi.json``, sent to the running system: every answer is one the document names.

Schemathesis makes them, twice with a fixed seed: over everything, with ids that are mostly nobody's; then over what is
read and changed by an id, with ids of things that are there.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.running import System, import_csv

SEED = 20_261_121
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
)
CATALOG = (
    b"Product ID,Title,Brand,Sale Price,Tags\n"
    b"SHOE-001,Air Max 90,Nike,129.99,running|casual\n"
    b"SHOE-002,Stan Smith,Adidas,free,casual\n"
    b"SHOE-003,Suede,Puma,69.95,\n"
)
SEGMENT = {
    "name": "Under 150",
    "definition": {"conditions": [{"property": "price", "operator": "lte", "value": 150, "value_type": "number"}]},
}


@pytest.fixture
def key(system: System) -> str:
    return system.workspace("schemathesis")


@pytest.fixture
def client(system: System, key: str) -> Iterator[httpx.Client]:
    with system.client(key) as made:
        yield made


# The coverage phase walks every branch of a body's shape, and a definition has thousands: those are left to chance.
BOUNDED = """
[[operations]]
include-operation-id = ["create_segment", "change_segment", "preview_segment"]
phases.coverage.enabled = false
"""


def run_schemathesis(system: System, key: str, folder: Path, *options: str, config: str = "") -> None:
    """Fails with schemathesis' own report."""
    settings = folder / "schemathesis.toml"
    settings.write_text(config + BOUNDED)
    ran = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(settings), "run"),
            f"{system.url}/openapi.json",
            *("--header", f"X-API-Key: {key}", "--checks", ",".join(CHECKS), "--seed", str(SEED)),
            *("--generation-database", "none", "--no-color", "--warnings", "off"),
            *options,
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, f"{ran.stdout[-8000:]}\n{ran.stderr[-2000:]}"


def test_whatever_is_asked_the_answer_is_one_of_the_documented(system: System, key: str, tmp_path: Path):
    run_schemathesis(system, key, tmp_path, "--max-examples", "10")


def test_so_is_what_things_that_are_there_answer(system: System, key: str, client: httpx.Client, tmp_path: Path):
    job = import_csv(client, CATALOG)
    assert job["error_count"] == 1
    product = client.get("/api/pim/products/").json()["results"][0]
    segment = client.post("/api/product-segments/", json=SEGMENT).json()
    listed = client.get("/api/v1/imports?status=completed").json()["items"][0]
    ids = f"""
    [parameters]
    "path.job_id" = {job["id"]}
    "path.import_id" = "{listed["id"]}"
    "path.product_id" = {product["id"]}
    "path.segment_id" = {segment["id"]}
    """
    run_schemathesis(
        system,
        key,
        tmp_path,
        *("--max-examples", "10", "--phases", "examples,coverage,fuzzing"),
        *("--include-path-regex", "{", "--exclude-method", "DELETE"),
        config=ids,
    )
