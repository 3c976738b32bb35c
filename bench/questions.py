"""``python -m bench.questions ROWS RUNS``: what a large catalogue answers, and how fast.

A catalogue of ROWS products is imported into one workspace, a tenth of it into a second beside it, by the running
system in this process. Then every question is asked over HTTP. A segment's preview and compute are told as ratios to
the same question in hand-written SQL on a table with native typed columns in the same engine, asked in turn; what a
list or a facet takes is told in milliseconds, with the rows and bytes it made PostgreSQL and ClickHouse read.
"""

import argparse
import csv
import importlib
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple
from urllib.parse import urlencode

import httpx
import psycopg

from bench.catalogue import write_catalogue
from bench.system import LIMITS, REQUEST_SECONDS, System, SystemFailed, Workspace, free_port
from chalicelib.segments import ask, compute, manage
from chalicelib.services import Services, container_services
from chalicelib.store.migrate import migrate
from chalicelib.store.mirror import create_mirror
from chalicelib.workspaces import ensure_workspace
from infra.local.http import EmbeddedHttp
from infra.local.stack import APP_ROLE, EmbeddedParts

READABLE_FOR_POSTGRES = 0o755
SUGGESTED_FROM_ROWS = 1_000
PAGE_SIZE = 50
AT_MOST = 2.0
"""What a preview and a compute may take, in times of the hand-written SQL."""

NATIVE_TABLE = """
CREATE TABLE bench_native (
    workspace UInt64, sku String, id UInt64, name String, brand Nullable(String), category Nullable(String),
    price Nullable(Float64), stock Nullable(Int64), tags Array(String), weight Nullable(Float64), active Nullable(Bool),
    version UInt64, deleted UInt8
) ENGINE = ReplacingMergeTree(version, deleted) ORDER BY (workspace, sku)
"""
"""Nullable, for the mirror tells a missing value from an empty one, too."""
NATIVE_ROWS = """
INSERT INTO bench_native
SELECT {workspace:UInt64}, SKU, rowNumberInAllBlocks() + 1, Title, Brand, Category, Price, Stock,
       splitByChar('|', Tags), Weight, Active = 'true', rowNumberInAllBlocks() + 1, 0
FROM file({file:String}, 'CSVWithNames', 'SKU String, EAN String, Title String, Brand String, Category String,
    Price Float64, `List Price` Float64, Stock Int64, Tags String, URL String, `Image URL` String, Description String,
    Weight Float64, Active String')
SETTINGS max_threads = 1, max_insert_threads = 1, input_format_parallel_parsing = 0, max_block_size = 5000,
    min_insert_block_size_rows = 5000, min_insert_block_size_bytes = 0
"""
NATIVE_MEMBERS = """
CREATE TABLE bench_members (workspace UInt64, segment UInt64, compute UInt64, sku String)
ENGINE = MergeTree ORDER BY (workspace, segment, compute, sku)
"""


@dataclass(frozen=True, slots=True)
class Words:
    """Values that occur in the catalogue, taken from the file itself."""

    category: str
    brands: tuple[str, str]
    tag: str
    frequent: str
    rare: str


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment's definition and the same question as an expert's WHERE over ``bench_native``."""

    definition: Mapping[str, Any]
    native: str


@dataclass(frozen=True, slots=True)
class Ratio:
    """Medians in milliseconds of the product and of the hand-written SQL."""

    name: str
    product: float
    native: float
    members: int

    @property
    def ratio(self) -> float:
        return self.product / self.native


@dataclass(frozen=True, slots=True)
class Reading:
    """One list or facet: its median in milliseconds, and what it made the databases read."""

    name: str
    milliseconds: float
    slowest: float
    postgres_rows: int
    clickhouse_rows: int
    clickhouse_share: float
    """Of the mirror's uncompressed bytes."""


@dataclass(frozen=True, slots=True)
class Figures:
    """All that was measured. ``parts`` is how many parts each table rested in: FINAL takes longer over more of them."""

    parts: Mapping[str, int]
    ratios: Sequence[Ratio]
    readings: Sequence[Reading]


def main() -> int:
    parser = argparse.ArgumentParser(description="What a large catalogue answers, and how fast.")
    parser.add_argument("rows", type=int, nargs="?", default=1_000_000)
    parser.add_argument("runs", type=int, nargs="?", default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="skuloom-bench-") as name:
        folder = Path(name)
        folder.chmod(READABLE_FOR_POSTGRES)
        try:
            with running_here(folder) as system:
                figures = measure(system, folder, arguments.rows, arguments.runs)
        except SystemFailed as error:
            print(f"bench: {error}", file=sys.stderr)
            return 1
    print(*table(figures, arguments.rows, arguments.runs), sep="\n")
    print(json_line(figures))
    return 0


@contextmanager
def running_here(folder: Path) -> Iterator[System]:
    """The whole system in this process: ClickHouse's engine can be asked by its own process only."""
    overrides = {name.removeprefix("PIM_").lower(): value for name, value in LIMITS.items()}
    with EmbeddedParts(folder / "data", **overrides) as parts:
        migrate(parts.database_admin_url, APP_ROLE)
        create_mirror(parts.settings.clickhouse_url.get_secret_value())
        app = importlib.import_module("app").app
        services = container_services()
        with ExitStack() as serving:
            serving.callback(services.database.close)
            pump, http = parts.pump(app), EmbeddedHttp(app, free_port())
            for part in (pump, http):
                serving.callback(part.stop)
                part.start()
            urls = {
                "database_url": parts.settings.database_url.get_secret_value(),
                "database_admin_url": parts.database_admin_url,
            }
            yield System(http.url, os.getpid(), folder / "data", urls)


def measure(system: System, folder: Path, rows: int, runs: int) -> Figures:
    """Load both workspaces, then ask."""
    services = container_services()
    file = folder / "catalogue.csv"
    write_catalogue(file, rows)
    words = words_of(file)
    workspace = workspace_of(system, services, "bench-questions")
    load(workspace, file, rows)
    beside = workspace_of(system, services, "bench-beside")
    load(beside, shorter(file, rows // 10), rows // 10)
    native(services, {workspace.id: file, beside.id: shorter(file, rows // 10)})
    parts = _rest(system, services)
    asked = Asking(workspace, services, runs)
    segments = segments_of(words)
    ratios = [asked.preview(name, segment) for name, segment in segments.items()]
    ratios += [asked.compute(name, segment) for name, segment in segments.items()]
    return Figures(parts, ratios, [asked.reading(name, path) for name, path in reads(asked, words, rows)])


def words_of(file: Path) -> Words:
    """Words and values of the catalogue: the most frequent ones, and a word of a title that hardly comes again."""
    titles: Counter[str] = Counter()
    brands: Counter[str] = Counter()
    categories: Counter[str] = Counter()
    tags: Counter[str] = Counter()
    with file.open(newline="", encoding="utf-8") as text:
        for row in csv.DictReader(text):
            titles.update(word for word in row["Title"].split() if len(word) > 3)
            brands[row["Brand"]] += 1
            categories[row["Category"]] += 1
            tags.update(row["Tags"].split("|"))
    middle = len(categories) // 2
    return Words(
        category=categories.most_common()[middle][0],
        brands=(brands.most_common()[3][0], brands.most_common()[-1][0]),
        tag=tags.most_common()[0][0],
        frequent=titles.most_common()[0][0],
        rare=titles.most_common()[-1][0],
    )


def segments_of(words: Words) -> dict[str, Segment]:
    """Questions a shop asks, and the same in an expert's SQL."""
    first, second = words.brands

    def attribute(name: str, operator: str, value: Any = None, **more: Any) -> dict[str, Any]:
        return {"type": "product_attribute", "property": name, "operator": operator, "value": value, **more}

    return {
        "category and price": Segment(
            {
                "logic": "AND",
                "conditions": [
                    attribute("category", "eq", words.category),
                    attribute("price", "lte", 150, value_type="number"),
                ],
            },
            f"category = {_quoted(words.category)} AND price <= 150",
        ),
        "tag or one of two brands": Segment(
            {
                "logic": "OR",
                "conditions": [attribute("tags", "contains", words.tag), attribute("brand", "in", [first, second])],
            },
            f"has(tags, {_quoted(words.tag)}) OR brand IN ({_quoted(first)}, {_quoted(second)})",
        ),
        "stock between, not active": Segment(
            {
                "conditions": [
                    attribute("inventory_count", "between", [5, 360]),
                    {"not": attribute("is_active", "is_true")},
                ]
            },
            "stock BETWEEN 5 AND 360 AND NOT active",
        ),
        "word in the name": Segment(
            {"conditions": [attribute("name", "contains", words.frequent)]},
            f"positionCaseInsensitiveUTF8(name, {_quoted(words.frequent)}) > 0",
        ),
        "all products": Segment({"conditions": [{"type": "all_products"}]}, "1"),
    }


def reads(asked: "Asking", words: Words, rows: int) -> Iterator[tuple[str, str]]:
    """What is read, and the address that asks for it."""
    products = "/api/pim/products/"
    pages = rows // PAGE_SIZE
    yield "list, page 1", products
    yield f"list, page {min(1_000, pages):,}", f"{products}?page={min(1_000, pages)}"
    yield f"list, last page ({pages:,})", f"{products}?page={pages}"
    yield "list by cursor, first", f"{products}?cursor="
    yield "list by cursor, far in", asked.get(f"{products}?cursor=&page_size=200", times=rows // 2 // 200)
    yield "field filter", f"{products}?{urlencode({'category': words.category})}"
    yield "q, a frequent word", f"{products}?{urlencode({'q': words.frequent})}"
    yield "q, a rare word", f"{products}?{urlencode({'q': words.rare})}"
    yield "latest updates first", f"{products}?sort=-updated_at"
    yield "facets of the first 1,000", "/api/pim/facets/"
    yield "facets of all", "/api/pim/facets/?scope=all"


@dataclass(frozen=True, slots=True)
class Asking:
    """Questions to one workspace, each ``runs`` times."""

    workspace: Workspace
    services: Services
    runs: int

    def preview(self, name: str, segment: Segment) -> Ratio:
        """Count and sample in one question."""
        body = {"definition": segment.definition, "limit": 10}
        native = (
            "SELECT count(), groupArraySorted(10)(sku) FROM bench_native FINAL"
            f" WHERE workspace = {{workspace:UInt64}} AND ({segment.native})"
        )
        with self._client() as client:

            def preview_it() -> int:
                answer = client.post("/api/product-segments/preview/", json=body)
                return int(_ok(answer)["matched_count"])

            return self._ratio(f"preview: {name}", preview_it, lambda: int(self._native(native)[0][0]))

    def compute(self, name: str, segment: Segment) -> Ratio:
        """The whole work behind the queue, from the lease to the swap, against one INSERT … SELECT and its count."""
        with self._client() as client:
            made = _ok(
                client.post(
                    "/api/product-segments/", json={"name": name, "definition": segment.definition, "is_active": False}
                )
            )
        workspace_id, segment_id = self.workspace.id, int(made["id"])
        number = count(1)

        def compute_it() -> int:
            with self.services.database.workspace(workspace_id) as cursor:
                ask.note(self.services, cursor, workspace_id, [segment_id], now=self.services.now())
            compute.compute(self.services, workspace_id, segment_id)
            return manage.read(self.services, workspace_id, segment_id).computed_count

        def by_hand() -> int:
            values = {"workspace": workspace_id, "segment": segment_id, "compute": next(number)}
            self.services.mirror.command(
                "INSERT INTO bench_members SELECT workspace, {segment:UInt64}, {compute:UInt64}, sku"
                f" FROM bench_native FINAL WHERE workspace = {{workspace:UInt64}} AND ({segment.native})",
                values,
            )
            counted = (
                "SELECT count() FROM bench_members WHERE workspace = {workspace:UInt64} AND segment = {segment:UInt64}"
                " AND compute = {compute:UInt64}"
            )
            return int(self.services.mirror.query(counted, values)[0][0])

        return self._ratio(f"compute: {name}", compute_it, by_hand)

    def get(self, path: str, *, times: int) -> str:
        """The address of a page far in, by following ``next``."""
        with self._client() as client:
            for _ in range(times):
                path = _ok(client.get(path))["next"]
        return path

    def reading(self, name: str, path: str) -> Reading:
        with self._client() as client:
            _ok(client.get(path))
            before = self._read_so_far()
            _ok(client.get(path))
            after = self._read_so_far()
            taken = [_timed(lambda: _ok(client.get(path))) for _ in range(self.runs)]
        size = self.services.mirror.query(
            "SELECT sum(data_uncompressed_bytes) FROM system.parts WHERE active AND table = 'products'", {}
        )[0][0]
        return Reading(
            name,
            median(taken) * 1e3,
            max(taken) * 1e3,
            after.postgres_rows - before.postgres_rows,
            after.clickhouse_rows - before.clickhouse_rows,
            (after.clickhouse_bytes - before.clickhouse_bytes) / size,
        )

    def _client(self) -> httpx.Client:
        return httpx.Client(
            base_url=self.workspace.system.url, headers={"X-API-Key": self.workspace.key}, timeout=REQUEST_SECONDS
        )

    def _native(self, statement: str) -> list[tuple[Any, ...]]:
        return self.services.mirror.query(statement, {"workspace": self.workspace.id})

    def _ratio(self, name: str, product: Callable[[], int], native: Callable[[], int]) -> Ratio:
        """Both in turn, after one round that does not count; refused unless both find as many."""
        found, expected = product(), native()
        if found != expected:
            raise SystemFailed(f"{name}: the product finds {found} products, the hand-written SQL {expected}")
        taken = [(_timed(product), _timed(native)) for _ in range(self.runs)]
        _tell(name)
        return Ratio(name, median(one for one, _ in taken) * 1e3, median(other for _, other in taken) * 1e3, found)

    def _read_so_far(self) -> "ReadSoFar":
        """What was read of products since the parts started, once the counters have caught up."""
        with psycopg.connect(self.workspace.system.admin_url, autocommit=True) as connection:
            time.sleep(STATISTICS_SECONDS)
            rows = connection.execute(
                "SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables WHERE relname = 'products'"
            ).fetchone()
        events = "SELECT event, value FROM system.events WHERE event IN ('SelectedRows', 'SelectedBytes')"
        read = dict(self.services.mirror.query(events, {}))
        assert rows is not None
        return ReadSoFar(rows[0], int(read.get("SelectedRows", 0)), int(read.get("SelectedBytes", 0)))


class ReadSoFar(NamedTuple):
    """Counters of both databases."""

    postgres_rows: int
    clickhouse_rows: int
    clickhouse_bytes: int


STATISTICS_SECONDS = 1.5
"""PostgreSQL's sessions report what they read once a second."""


def workspace_of(system: System, services: Services, name: str) -> Workspace:
    key = ensure_workspace(services, name)
    row = psycopg.connect(system.admin_url).execute("SELECT id FROM workspaces WHERE name = %s", [name]).fetchone()
    assert row is not None
    return Workspace(row[0], key, system)


def load(workspace: Workspace, file: Path, rows: int) -> None:
    """Import the catalogue as a user does."""
    body = workspace.suggestion(shorter(file, SUGGESTED_FROM_ROWS))
    seconds = workspace.import_big_file(file, rows, body)
    _tell(f"{rows:,} products imported in {seconds.work:.0f} s")


def shorter(file: Path, rows: int) -> Path:
    made = file.with_name(f"catalogue-{rows}.csv")
    write_catalogue(made, rows)
    return made


def native(services: Services, files: Mapping[int, Path]) -> None:
    """The expert's table with the same products, filled in blocks as large as the product's chunks."""
    services.mirror.command(NATIVE_TABLE)
    services.mirror.command(NATIVE_MEMBERS)
    for workspace_id, file in files.items():
        services.mirror.command(NATIVE_ROWS, {"workspace": workspace_id, "file": str(file)})


def _rest(system: System, services: Services) -> dict[str, int]:
    """Vacuumed and merged, as a database is some minutes after an import; the parts each table came to rest with."""
    with psycopg.connect(system.admin_url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE products")
    merging = "SELECT count() FROM system.merges"
    while services.mirror.query(merging, {})[0][0]:
        time.sleep(1)
    system.rest()
    parts = services.mirror.query(
        "SELECT table, count() FROM system.parts WHERE active AND table IN ('products', 'bench_native') GROUP BY table"
        " ORDER BY table",
        {},
    )
    return dict(parts)


def table(figures: Figures, rows: int, runs: int) -> Iterator[str]:
    """The readable part."""
    yield f"{rows:,} products, {rows // 10:,} more in a workspace beside; medians of {runs}"
    yield "parts at rest: " + ", ".join(f"{table} {parts}" for table, parts in figures.parts.items())
    yield ""
    yield f"  {'':<36}{'product ms':>11}{'by hand ms':>11}{'ratio':>7}{'members':>10}"
    for each in figures.ratios:
        verdict = "within" if each.ratio <= AT_MOST else "OVER"
        yield (
            f"  {each.name:<36}{each.product:>11.1f}{each.native:>11.1f}{each.ratio:>7.2f}{each.members:>10,}"
            f"  {verdict} {AT_MOST}"
        )
    yield ""
    yield f"  {'':<36}{'ms':>11}{'slowest':>11}{'rows read: PostgreSQL':>23}{'ClickHouse':>12}{'of its bytes':>13}"
    for reading in figures.readings:
        yield (
            f"  {reading.name:<36}{reading.milliseconds:>11.1f}{reading.slowest:>11.1f}{reading.postgres_rows:>23,}"
            f"{reading.clickhouse_rows:>12,}{reading.clickhouse_share:>13.1%}"
        )


def json_line(figures: Figures) -> str:
    return json.dumps(
        {
            "ratios": {each.name: round(each.ratio, 3) for each in figures.ratios},
            "milliseconds": {each.name: round(each.milliseconds, 1) for each in figures.readings},
        }
    )


def _timed(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _ok(answer: httpx.Response) -> Any:
    if answer.is_error:
        raise SystemFailed(f"{answer.request.url.path} answered {answer.status_code}: {answer.text[:500]}")
    return answer.json()


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _tell(progress: str) -> None:
    print(f"bench: {progress}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
