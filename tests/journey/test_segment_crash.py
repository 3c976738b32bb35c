"""SIGKILL in the middle of computes, and started again: readers find a whole set, and the segment is computed later."""

import random
import time

import httpx

from tests.running import DEADLINE_SECONDS, System, import_csv, start
from tests.walk import csv_file, row

ROWS = 3_000
SCHEMA = [{"name": "price", "type": "price"}, {"name": "tags", "type": "array"}]
MAPPING = {"Code": "sku", "Barcode": None, "Title": "name", "Price": "price", "Tags": "tags"}


def shown(parity: int) -> bytes:
    return csv_file(row(number, title="on" if number % 2 == parity else "off") for number in range(ROWS))


def whole(parity: int) -> list[str]:
    return [f"SKU-{number:05d}" for number in range(ROWS) if number % 2 == parity]


def members(client: httpx.Client, path: str) -> list[str]:
    """All skus, page after page."""
    found: list[str] = []
    cursor = 0
    while cursor is not None:
        page = client.get(f"{path}members/", params={"limit": 1_000, "cursor": cursor}).json()
        found += [each["sku"] for each in page["results"]]
        cursor = page["next_cursor"]
    return found


def wait_until_ready(client: httpx.Client, path: str) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while (segment := client.get(path).json())["status"] != "ready":
        assert time.monotonic() < deadline, segment
        time.sleep(0.02)


def test_killed_computes_leave_whole_sets_and_are_done_after_a_restart(tmp_path):
    dice = random.Random(int(time.time()))
    data_dir = tmp_path / "data"
    system = start(data_dir)
    with system.client() as client:
        import_csv(client, shown(0), MAPPING, schema=SCHEMA)
        definition = {"property": "name", "operator": "eq", "value": "on"}
        made = client.post(
            "/api/product-segments/", json={"name": "On", "definition": definition, "refresh_interval": 0}
        )
        path = f"/api/product-segments/{made.json()['id']}/"
        client.post(f"{path}compute/")
        wait_until_ready(client, path)
        assert members(client, path) == whole(0)
    for parity in (1, 0):
        system = killed_while_computing(system, path, parity, dice)
        with system.client() as client:
            assert members(client, path) in (whole(0), whole(1))
            wait_until_ready(client, path)
            assert members(client, path) == whole(parity)
    assert system.stop() == 0


def killed_while_computing(system: System, path: str, parity: int, dice: random.Random) -> System:
    """The system started again, after it died a moment after a compute was asked for."""
    with system.client() as client:
        import_csv(client, shown(parity), MAPPING, schema=SCHEMA)
        assert client.post(f"{path}compute/").status_code == 200
        time.sleep(dice.random() * 0.2)
    system.kill()
    return start(system.data_dir)
