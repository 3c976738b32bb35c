"""What understanding a file costs: its analysis beside the mere reading of its records, and suggesting 65 columns.

A catalogue comes in; ratios and milliseconds come out. Every run is a fresh process (``python -m bench.understanding
FILE`` is one), so that no header was read before: the first upload after a cold start is what is measured.
"""

import argparse
import csv
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.own_process import measured

READINGS = 3
"""Of each kind in a process, in turn; the fastest counts."""
ROWS_SHOWN = 5

WIDE: tuple[tuple[str, Sequence[str]], ...] = (
    ("Artikelnummer", ("AX-1001", "AX-1002", "AX-1003", "AX-1004", "AX-1005")),
    ("Bezeichnung", ("Akkuschrauber 18 V", "Bohrhammer", "Winkelschleifer 125", "Stichsäge", "Exzenterschleifer")),
    ("EAN-Code", ("4006381333931", "5901234123457", "3760000000017", "7612345678900", "8712345678906")),
    ("Hersteller", ("Nordwerk", "Nordwerk", "Halden", "Halden", "Brio")),
    ("Hersteller-Artikelnr.", ("NW-18", "NW-40", "H125", "H90", "B-7")),
    ("EK netto", ("49,90", "89,00", "39,50", "45,00", "52,10")),
    ("VK brutto", ("99,90", "179,00", "79,00", "89,90", "109,00")),
    ("UVP", ("119,00", "199,00", "89,00", "99,00", "129,00")),
    ("Aktionspreis", ("", "159,00", "", "", "99,00")),
    ("Währung", ("EUR",) * 5),
    ("MwSt-Satz", ("19",) * 5),
    ("Lagerbestand", ("12", "0", "1.204", "7", "33")),
    ("Verfügbarkeit", ("sofort", "14 Tage", "sofort", "sofort", "auf Anfrage")),
    ("Warengruppe", ("Werkzeug > Akku", "Werkzeug > Netz", "Werkzeug > Netz", "Sägen", "Schleifer")),
    ("Kurztext", ("Kraftvoll und leicht", "Für Beton", "Mit Softstart", "Pendelhub", "Staubarm")),
    ("Langtext", ("<p>Der Schrauber für jeden Tag.</p>", "<p>Hammer.</p>", "", "<p>Säge.</p>", "")),
    ("Bild 1", tuple(f"https://img.shop.example/{number}.jpg" for number in range(5))),
    ("Bild 2", ("", "https://img.shop.example/1-b.jpg", "", "", "")),
    ("Produkt-URL", tuple(f"https://shop.example/p/{number}" for number in range(5))),
    ("Gewicht (kg)", ("1,4", "3,2", "2,1", "2,5", "1,9")),
    ("Länge (mm)", ("200", "380", "310", "260", "240")),
    ("Breite (mm)", ("80", "110", "120", "90", "115")),
    ("Höhe (mm)", ("220", "260", "105", "210", "160")),
    ("Farbe", ("blau", "schwarz", "grün", "grün", "rot")),
    ("Material", ("Metall", "Metall", "Kunststoff", "Metall", "Kunststoff")),
    ("Zustand", ("neu",) * 5),
    ("Aktiv", ("ja", "ja", "nein", "ja", "ja")),
    ("Angelegt am", ("01.02.2026", "13.02.2026", "28.02.2026", "03.03.2026", "04.03.2026")),
    ("Geändert am", ("05.03.2026", "15.03.2026", "25.03.2026", "06.04.2026", "07.04.2026")),
    ("Einheit", ("Stk",) * 5),
    *((f"Merkmal {number}", ("a", "b", "c", "d", "e")) for number in range(1, 16)),
    *((f"attribut_{word}", ("10 mm", "12 mm", "", "8 mm", "")) for word in "akku motor spannung drehzahl hub".split()),
    *((f"Lager {place}", ("1", "0", "5", "2", "9")) for place in "Nord Sud Ost West Mitte".split()),
    *((f"{word}_internal", ("", "", "", "", "")) for word in "batch notes owner audit shelf".split()),
    *((f"Zusatz_{number:02}", ("", "x", "", "x", "")) for number in range(5)),
)
"""Headers and cells of a wholesaler's list: 65 columns, more than half of them nobody's usual field."""


@dataclass(frozen=True, slots=True)
class UnderstandingFigures:
    """Medians. ``analysis``: in times of csv.reader over the same file."""

    analysis: float
    suggest_milliseconds: float


def measure(catalogue: Path, runs: int) -> UnderstandingFigures:
    """The figures of a CSV, each run in a process of its own."""
    figures = [measured("bench.understanding", catalogue) for _ in range(runs)]
    return UnderstandingFigures(
        median(each["analyze"] / each["reading"] for each in figures),
        median(each["suggest"] for each in figures) * 1_000,
    )


def _suggest_seconds() -> float:
    from chalicelib.formats.evidence import Evidence  # noqa: PLC0415 (as in main)
    from chalicelib.model.product_schema import ProductSchema  # noqa: PLC0415
    from chalicelib.suggest import suggest  # noqa: PLC0415

    headers = [header for header, _ in WIDE]
    rows = list(zip(*(cells for _, cells in WIDE), strict=True))
    evidence = Evidence(headers, sampled_rows=ROWS_SHOWN, uniqueness_rows=ROWS_SHOWN)
    evidence.add(rows)
    columns = evidence.columns()
    started = time.perf_counter()
    suggest(columns, rows, learned={}, schema=ProductSchema(), row_count=len(rows))
    return time.perf_counter() - started


def _reading_seconds(file: Path) -> float:
    started = time.perf_counter()
    with file.open(encoding="utf-8", newline="") as stream:
        for _ in csv.reader(stream):
            pass
    return time.perf_counter() - started


def _analyze_seconds(file: Path) -> float:
    from chalicelib.imports.canonical import analyze_file  # noqa: PLC0415 (as in main)
    from chalicelib.settings import Settings  # noqa: PLC0415

    settings = Settings()
    started = time.perf_counter()
    with file.open("rb") as stream:
        analyze_file(stream, file.name, settings, canonical=None)
    return time.perf_counter() - started


def main(arguments: Sequence[str] | None = None) -> None:
    """Understand one file and print what that took, in seconds."""
    parser = argparse.ArgumentParser(description="One understanding in a process of its own.")
    parser.add_argument("file", type=Path)
    file: Path = parser.parse_args(arguments).file
    suggest_seconds = _suggest_seconds()
    rounds = [(_reading_seconds(file), _analyze_seconds(file)) for _ in range(READINGS)]
    reading, analyze = (min(each) for each in zip(*rounds, strict=True))
    print(json.dumps({"suggest": suggest_seconds, "reading": reading, "analyze": analyze}))


if __name__ == "__main__":
    main()
