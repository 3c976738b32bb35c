"""What a workbook, a JSON or an XML file costs beside the CSV of the same rows: the analysis, the import, the memory.

A catalogue comes in; by format, seconds and megabytes come out. Every analysis runs in a fresh process (``python -m
bench.formats FILE`` is one), so that its memory is its own; imports run in the system under measurement, each into a
workspace of its own.
"""

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench.own_process import measured
from bench.rewritten import WRITERS, xml_name
from bench.system import System

KIBIBYTES_A_MEGABYTE = 1_000_000 / 1_024
IMPORTS = 3
"""Of each format, at most: they differ in nothing but the reading of the chunks."""


@dataclass(frozen=True, slots=True)
class FormatFigures:
    """Medians of one format. Megabytes are the analysis' highest point above its start."""

    analyze_seconds: float
    import_seconds: float
    peak_megabytes: float


def measure(system: System, catalogue: Path, rows: int, body: Mapping[str, Any], runs: int) -> dict[str, FormatFigures]:
    """The figures of each format, in turn; ``body`` is the confirmation of the catalogue."""
    files = {"csv": catalogue}
    for kind, write in WRITERS.items():
        files[kind] = catalogue.with_suffix(f".{kind}")
        write(catalogue, files[kind])
    analyzed: dict[str, list[dict[str, float]]] = {kind: [] for kind in files}
    imported: dict[str, list[float]] = {kind: [] for kind in files}
    for run in range(runs):
        for kind, file in files.items():
            analyzed[kind].append(measured("bench.formats", file))
            if run < IMPORTS:
                workspace = system.workspace(f"bench-{kind}-{run}")
                system.rest()
                imported[kind].append(workspace.import_big_file(file, rows, _confirmation(body, kind)).work)
    return {
        kind: FormatFigures(
            median(each["seconds"] for each in analyzed[kind]),
            median(imported[kind]),
            max(each["peak_megabytes"] for each in analyzed[kind]),
        )
        for kind in files
    }


def _confirmation(body: Mapping[str, Any], kind: str) -> dict[str, Any]:
    if kind != "xml":
        return dict(body)
    return {**body, "mapping": {xml_name(header): field for header, field in body["mapping"].items()}}


def main(arguments: Sequence[str] | None = None) -> None:
    """Analyse one file and print what that took."""
    parser = argparse.ArgumentParser(description="One analysis in a process of its own.")
    parser.add_argument("file", type=Path)
    file: Path = parser.parse_args(arguments).file
    from bench.memory_worker import status_kib  # noqa: PLC0415 (it loads the whole system)
    from chalicelib.imports.canonical import analyze_file  # noqa: PLC0415
    from chalicelib.settings import Settings  # noqa: PLC0415

    settings = Settings()
    start_kib = status_kib("VmRSS")
    started = time.perf_counter()
    with file.open("rb") as stream:
        analyze_file(stream, file.name, settings, canonical=lambda pieces: print(sum(map(len, pieces))))
    seconds = time.perf_counter() - started
    peak = (status_kib("VmHWM") - start_kib) / KIBIBYTES_A_MEGABYTE
    print(json.dumps({"seconds": seconds, "peak_megabytes": peak}))


if __name__ == "__main__":
    main()
