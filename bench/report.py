"""Figures in, lines out: medians, ratios to the floor's median, and the one JSON line a machine reads."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from bench.floor import FloorSeconds
from bench.formats import FormatFigures
from bench.memory import PeakMegabytes
from bench.system import ImportSeconds
from bench.understanding import UnderstandingFigures
from bench.vendor_django import RowSeconds


@dataclass(frozen=True, slots=True)
class Round:
    """One run of everything on one new workspace."""

    floor_fresh: FloorSeconds
    floor_changed: FloorSeconds
    fresh: ImportSeconds
    changed: ImportSeconds
    unchanged: ImportSeconds


@dataclass(frozen=True, slots=True)
class Figures:
    """All that was measured. ``big`` is one fresh import of ``big_rows`` rows."""

    rows: int
    rounds: Sequence[Round]
    same_rows: int
    """Rows of the last run in which floor and product built the same JSON."""
    django: RowSeconds
    big_rows: int
    big: ImportSeconds
    memory: PeakMegabytes
    formats: Mapping[str, FormatFigures]
    understanding: UnderstandingFigures


ANALYSES_AT_MOST = {"xlsx": 6.0, "json": 3.0, "xml": 5.0}
"""What the analysis of a format may take, in times of the CSV's."""
IMPORT_AT_MOST = 1.1
MEGABYTES_AT_MOST = 300.0


@dataclass(frozen=True, slots=True)
class Line:
    """One bound: its name in the JSON line, what it is, the figure, the most it may be (None: only told)."""

    name: str
    text: str
    figure: float
    at_most: float | None


def ratios(figures: Figures) -> list[Line]:
    """Every figure the bounds speak of. Imports are told in medians of the fresh floor."""
    rounds = figures.rounds
    floor = median(each.floor_fresh.total for each in rounds)
    fresh = median(each.fresh.work for each in rounds)
    changed = median(each.changed.work for each in rounds)
    unchanged = median(each.unchanged.work for each in rounds)
    upload = median(one.upload for each in rounds for one in (each.fresh, each.changed, each.unchanged))
    per_row = (figures.big.work / figures.big_rows) / (fresh / figures.rows)
    django = figures.django.created * figures.rows / floor
    understood = figures.understanding
    return [
        Line("import_fresh", "fresh import, in fresh floors", fresh / floor, 1.5),
        Line("import_changed", "every row changed, in fresh floors", changed / floor, 1.7),
        Line("import_unchanged", "unchanged file again, in fresh floors", unchanged / floor, 0.4),
        Line("upload_seconds", "upload answer, seconds", upload, 1.0),
        Line("per_row_1m", f"{figures.big_rows:,} rows, seconds a row in those of {figures.rows:,}", per_row, 1.15),
        Line("rss_mb", f"memory above start, MB, {figures.big_rows:,} rows", figures.memory.whole, 256.0),
        Line("analyze_csv", "CSV analysis, in times of csv.reader over it", understood.analysis, 3.0),
        Line("suggest_ms", "65 columns suggested the first time, milliseconds", understood.suggest_milliseconds, 20.0),
        *_format_ratios(figures.formats),
        Line("django_update_or_create", "Django update_or_create, scaled, in fresh floors", django, None),
    ]


def _format_ratios(formats: Mapping[str, FormatFigures]) -> Iterator[Line]:
    csv = formats["csv"]
    for kind, at_most in ANALYSES_AT_MOST.items():
        figures, name = formats[kind], kind.upper()
        analysis = figures.analyze_seconds / csv.analyze_seconds
        work = figures.import_seconds / csv.import_seconds
        yield Line(f"analyze_{kind}", f"{name} analysis, in those of the CSV", analysis, at_most)
        yield Line(f"import_{kind}", f"{name} import, in those of the CSV", work, IMPORT_AT_MOST)
        yield Line(
            f"analyze_{kind}_mb", f"{name} analysis, memory above start, MB", figures.peak_megabytes, MEGABYTES_AT_MOST
        )


def table(figures: Figures) -> Iterator[str]:
    """The readable part."""
    rounds = figures.rounds
    yield f"medians of {len(rounds)} runs at {figures.rows:,} rows, seconds"
    floors = {"floor fresh": [r.floor_fresh for r in rounds], "floor changed": [r.floor_changed for r in rounds]}
    for name, runs in floors.items():
        medians = {part: median(getattr(run, part) for run in runs) for part in ("copy", "upsert", "mirror")}
        parts = ", ".join(f"{part} {seconds:.2f}" for part, seconds in medians.items())
        yield f"  {name:<18}{_spread([run.total for run in runs])}  ({parts})"
    imports = {
        "product fresh": [r.fresh for r in rounds],
        "product changed": [r.changed for r in rounds],
        "product unchanged": [r.unchanged for r in rounds],
    }
    for name, times in imports.items():
        lag = max(one.mirror_lag for one in times)
        yield f"  {name:<18}{_spread([one.work for one in times])}  (mirror behind done by {lag:.2f} at most)"
    changed_floor = median(each.floor_changed.total for each in rounds)
    changed = median(each.changed.work for each in rounds)
    yield f"  product changed is {changed / changed_floor:.2f} of the floor that changes the same rows"
    yield f"  floor and product hold the same data and raw_data in {figures.same_rows:,} of {figures.rows:,} rows"
    created, updated = figures.django.created, figures.django.updated
    a_row = f"ms a row: {created * 1e3:.2f} new, {updated * 1e3:.2f} changed"
    yield f"  {'Django, scaled':<18}{created * figures.rows:8.2f}  ({a_row})"
    yield f"  {figures.big_rows:,} rows once: {figures.big.work:.1f} s; upload and analysis {figures.big.upload:.1f} s"
    for kind, each in figures.formats.items():
        parts = (
            f"analysis {each.analyze_seconds:.2f} s, {each.peak_megabytes:.0f} MB; import {each.import_seconds:.2f} s"
        )
        yield f"  {kind:<6}{parts}"
    yield f"  worker memory above start: analyse {figures.memory.analyze:.0f} MB, all {figures.memory.whole:.0f} MB"
    yield ""
    for line in ratios(figures):
        yield f"  {line.text:<58}{line.figure:8.2f}  {_verdict(line)}"


def json_line(figures: Figures) -> str:
    return json.dumps({line.name: round(line.figure, 3) for line in ratios(figures)})


def _spread(seconds: Sequence[float]) -> str:
    return f"{median(seconds):8.2f}  [{min(seconds):.2f} – {max(seconds):.2f}]"


def _verdict(line: Line) -> str:
    if line.at_most is None:
        return ""
    return f"{'within' if line.figure <= line.at_most else 'OVER'} {line.at_most}"
