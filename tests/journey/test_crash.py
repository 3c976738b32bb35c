"""SIGKILL in the middle of imports, and started again: the job ends done, every product once, both databases agree.

``make test`` plays a few rounds, ``make test-crash`` many (``CRASH_ROUNDS``).
"""

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.running import ROOT, start, wait_for_import
from tests.walk import csv_file, row

ROWS = 4_000
VARIABLES = {"PIM_CHUNK_ROWS": "200"}


def play(data_dir: Path, rounds: int, seed: int) -> None:
    """Import, die at a random moment, come back, end; every round in the same workspace with every row changed."""
    dice = random.Random(seed)
    for number in range(1, rounds + 1):
        system = start(data_dir, **VARIABLES)
        rows = [row(each, title=f"Round {number} chair {each}") for each in range(ROWS)]
        with system.client() as client:
            uploaded = client.post("/api/pim/import/csv/", files={"file": ("c.csv", csv_file(rows), "text/csv")})
            draft = uploaded.json()
            mapping = {"Code": "sku", "Barcode": "ean", "Title": "name", "Price": "price", "Tags": "tags"}
            schema = [
                {"name": "ean", "type": "string"},
                {"name": "price", "type": "price"},
                {"name": "tags", "type": "array"},
            ]
            confirmed = client.post(
                f"/api/pim/import/{draft['job_id']}/confirm/", json={"mapping": mapping, "schema": schema}
            )
            assert confirmed.status_code == 200, confirmed.text
            time.sleep(dice.random() * 0.8)
        system.kill()
        system = start(data_dir, **VARIABLES)
        with system.client() as client:
            job = wait_for_import(client, draft["job_id"], "done", "failed")
            assert job["status"] == "done", job
            assert job["imported_count"] == job["row_count"] == ROWS
            assert job["products_created"] == (ROWS if number == 1 else 0)
            assert job["products_updated"] == (0 if number == 1 else ROWS)
            assert client.get("/api/pim/products/?page_size=1").json()["count"] == ROWS
        assert system.stop() == 0
        assert_databases_agree(data_dir, f"Round {number} chair ")


def assert_databases_agree(data_dir: Path, name_begins: str) -> None:
    """Count, names and versions of every product are the same in both."""
    command = [sys.executable, "-m", "tests.databases", str(data_dir)]
    held = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
    assert held["waiting"] == [0]
    assert len(held["stored"]) == ROWS
    assert all(name.startswith(name_begins) for _, name, _ in held["stored"])
    assert held["mirrored"] == held["stored"]


def test_a_killed_import_ends_done_after_a_restart(tmp_path):
    play(tmp_path / "data", rounds=2, seed=int(time.time()))


@pytest.mark.crash
def test_killed_at_many_moments(tmp_path):
    play(tmp_path / "data", rounds=int(os.environ.get("CRASH_ROUNDS", "30")), seed=7)
