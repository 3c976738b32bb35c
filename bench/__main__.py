"""``python -m bench ROWS RUNS``: measure everything and print medians, ratios, and one JSON line last.

ROWS is the size that is compared with the floor; one import of ten times as many rows gives the rate for large files.
"""

import argparse
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench import formats, memory, understanding, vendor_django
from bench.catalogue import write_catalogue
from bench.floor import Floor, FloorFailed
from bench.report import Figures, Round, json_line, table
from bench.system import System, SystemFailed, started_system

BIG = 10
DJANGO_ROWS = 10_000
READABLE_FOR_POSTGRES = 0o755
"""PostgreSQL refuses to run as root; the user it runs as must be able to walk through our folder."""


def main() -> int:
    parser = argparse.ArgumentParser(description="The import against the raw floor.")
    parser.add_argument("rows", type=int, nargs="?", default=100_000)
    parser.add_argument("runs", type=int, nargs="?", default=5)
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with tempfile.TemporaryDirectory(prefix="skuloom-bench-") as name:
        folder = Path(name)
        folder.chmod(READABLE_FOR_POSTGRES)
        try:
            figures = measure(folder, arguments.rows, arguments.runs)
        except (SystemFailed, FloorFailed, vendor_django.VendorFailed) as error:
            print(f"bench: {error}", file=sys.stderr)
            return 1
    print(*table(figures), sep="\n")
    print(json_line(figures))
    return 0


def measure(folder: Path, rows: int, runs: int) -> Figures:
    """Everything, on one running system."""
    first, changed = _catalogue(folder, rows), _catalogue(folder, rows, edition=1)
    with started_system(folder) as system:
        floor = Floor(system.admin_url, folder, system.rest)
        floor.prepare()
        rounds = [_round(system, floor, first, changed, rows, number) for number in range(1, runs + 1)]
        same_rows = floor.same_rows(system.workspace(f"bench-{runs}").id)
        floor.drop()
        if same_rows != rows:
            raise FloorFailed(f"Floor and product hold the same data and raw_data in {same_rows} of {rows} rows only.")
        _tell("Django")
        system.rest()
        django = vendor_django.measure(system.admin_url, first, changed, min(rows, DJANGO_ROWS))
        big_file = _catalogue(folder, rows * BIG)
        body = system.workspace("bench-suggested").suggestion(first)
        _tell("formats")
        by_format = formats.measure(system, first, rows, body, runs)
        _tell("understanding")
        understood = understanding.measure(first, runs)
        _tell(f"{rows * BIG:,} rows")
        system.rest()
        big = system.workspace("bench-big").import_big_file(big_file, rows * BIG, body)
        _tell("memory")
        system.rest()
        peak = memory.measure(system.workspace("bench-memory"), big_file, body, folder / "memory-clickhouse")
    return Figures(rows, rounds, same_rows, django, rows * BIG, big, peak, by_format, understood)


def _round(system: System, floor: Floor, first: Path, changed: Path, rows: int, number: int) -> Round:
    """The floor and the product in turn on a new workspace, each from rest; who begins changes every time."""
    workspace = system.workspace(f"bench-{number}")
    pairs = (
        (
            ("floor_fresh", lambda: floor.run(first, workspace.id)),
            ("fresh", lambda: workspace.import_file(first, rows)),
        ),
        (
            ("floor_changed", lambda: floor.run(changed, workspace.id)),
            ("changed", lambda: workspace.import_file(changed, rows)),
        ),
        (("unchanged", lambda: workspace.import_file(changed, rows)),),
    )
    measured: dict[str, Any] = {}
    for pair in pairs:
        for name, step in pair if number % 2 else reversed(pair):
            system.rest()
            measured[name] = step()
            _tell(f"run {number} {name}: {measured[name]}")
    return Round(**measured)


def _catalogue(folder: Path, rows: int, edition: int = 0) -> Path:
    file = folder / f"catalogue-{rows}-{edition}.csv"
    size = write_catalogue(file, rows, edition=edition)
    _tell(f"{file.name}: {size / 1e6:.1f} MB")
    return file


def _tell(progress: str) -> None:
    print(f"bench: {progress}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
