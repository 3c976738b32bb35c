"""The raw floor: what PostgreSQL and ClickHouse themselves need for the same rows, with no product in between.

A CSV of the bench's catalogue comes in, seconds come out. ``psql`` COPYs the file into an unlogged text table, one
INSERT … SELECT … ON CONFLICT builds the same jsonb columns in a copy of the product's own ``products`` table (so that
columns, indexes and checks can never drift from it), and one INSERT … FROM INFILE puts the same rows into the product's
mirror table, in a ClickHouse engine of its own. The floor knows the answer beforehand: it does not detect, suggest,
validate, count, report, or survive a crash half-way.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from bench.catalogue import HEADERS
from chalicelib.store.sql import load_statements

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

TABLE = "bench_floor"
STAGING = "bench_floor_staging"

_CURRENCY = "USD"

STAGING_COLUMNS = {header: header.lower().replace(" ", "_") for header in HEADERS}

DATA: dict[str, str] = {
    "ean": "ean",
    "brand": "brand",
    "category": "category",
    "price": f"jsonb_build_object('amount', price::numeric, 'currency', '{_CURRENCY}')",
    "compare_at_price": f"jsonb_build_object('amount', list_price::numeric, 'currency', '{_CURRENCY}')",
    "inventory_count": "stock::bigint",
    "tags": "string_to_array(tags, '|')",
    "url": "url",
    "image_url": "image_url",
    "description": "description",
    "weight": "weight::numeric",
    "is_active": "active::boolean",
}
"""Field of the catalogue's products to its value over the staging table: the product's own stored forms."""

COLUMNS: dict[str, str] = {
    "sku": "sku",
    "ean": "lpad(ean, 14, '0')",
    "name": "title",
    "data": "jsonb_build_object(" + ", ".join(f"'{name}', {value}" for name, value in DATA.items()) + ")",
    "raw_data": "jsonb_build_object("
    + ", ".join(f"'{header}', {column}" for header, column in STAGING_COLUMNS.items())
    + ")",
    "source": "'csv'",
}
"""Column of ``products`` to its value over the staging table. The others keep their defaults."""

_TIMING = re.compile(r"^Time: ([\d.]+) ms", re.MULTILINE)


class FloorFailed(Exception):
    """PostgreSQL or ClickHouse refused the floor's own work; the text is theirs."""


@dataclass(frozen=True, slots=True)
class FloorSeconds:
    """What one run of the floor took, part by part."""

    copy: float
    upsert: float
    mirror: float

    @property
    def total(self) -> float:
        return self.copy + self.upsert + self.mirror


@dataclass(frozen=True, slots=True)
class Floor:
    """The floor on one database (superuser's URL, migrations applied) with a folder for its ClickHouse."""

    admin_url: str
    folder: Path
    rest: Callable[[], None]
    """Waits until nothing of the measurement before is still being tidied up."""

    def prepare(self) -> None:
        """Make the floor's tables anew."""
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            connection.execute(f"DROP TABLE IF EXISTS {TABLE}, {STAGING}")
            connection.execute(f"CREATE TABLE {TABLE} (LIKE products INCLUDING ALL)")
            _copy_storage_parameters(connection)
            _refuse_unknown_columns(connection)
            columns = ", ".join(f"{column} text" for column in STAGING_COLUMNS.values())
            connection.execute(f"CREATE UNLOGGED TABLE {STAGING} ({columns})")

    def drop(self) -> None:
        """Leave nothing of the floor in the database."""
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            connection.execute(f"DROP TABLE IF EXISTS {TABLE}, {STAGING}")

    def run(self, file: Path, workspace_id: int) -> FloorSeconds:
        """Import the file for a workspace; a second file over the same workspace updates its rows."""
        self._psql(f"TRUNCATE {STAGING}")
        copy, upsert = self._psql(
            f"\\copy {STAGING} from '{file}' with (format csv, header)", _upsert(workspace_id), timed=True
        )
        rows = self.folder / "floor-rows.tsv"
        self._psql(f"\\copy ({_mirror_rows(workspace_id)}) to '{rows}'")
        self.rest()
        try:
            return FloorSeconds(copy, upsert, _insert_in_own_process(self.folder / "floor-clickhouse", rows))
        finally:
            rows.unlink()

    def same_rows(self, workspace_id: int) -> int:
        """How many rows of the workspace hold the same ``data`` and ``raw_data`` in the floor and in the product."""
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            found = connection.execute(
                f"SELECT count(*) FROM {TABLE} floor JOIN products product USING (workspace_id, sku)"
                " WHERE workspace_id = %s AND floor.data = product.data AND floor.raw_data = product.raw_data",
                [workspace_id],
            )
            return sum(count for (count,) in found)

    def _psql(self, *commands: str, timed: bool = False) -> list[float]:
        """Run the commands one by one; the seconds of each when timed, by psql's own clock."""
        script = "\n".join(
            ["\\set ON_ERROR_STOP on", *(["\\timing on"] if timed else []), *(_ended(each) for each in commands), ""]
        )
        done = subprocess.run(
            [psql_path(), "--no-psqlrc", "--quiet", "--dbname", self.admin_url],
            input=script,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "LC_ALL": "C", "PGCLIENTENCODING": "UTF8"},
        )
        if done.returncode:
            raise FloorFailed(done.stderr.strip())
        return [float(milliseconds) / 1_000 for milliseconds in _TIMING.findall(done.stdout)]


def psql_path() -> str:
    """The psql of the pgserver wheel."""
    import pgserver  # noqa: PLC0415 - heavy, and the floor's ClickHouse process has no use for it

    return str(Path(pgserver.__file__).parent / "pginstall" / "bin" / "psql")


def insert_rows(clickhouse_folder: Path, rows: Path) -> float:
    """One INSERT … FROM INFILE into the product's mirror table in an engine in this process; its seconds."""
    import clickhouse_connect  # noqa: PLC0415 - the engine is large; only the process that inserts loads it

    client = clickhouse_connect.get_client(interface="chdb", path=str(clickhouse_folder))
    try:
        create_table = load_statements("mirror.sql")["create_table"]
        client.command(create_table)
        client.command("SYSTEM STOP MERGES products")
        _warm_up(client, rows)
        started = time.perf_counter()
        client.command(f"INSERT INTO products FROM INFILE '{rows}' FORMAT TabSeparated")
        return time.perf_counter() - started
    finally:
        client.close()


def main(arguments: Sequence[str]) -> None:
    """The process of its own that the floor's ClickHouse runs in: one engine a process, one process a folder."""
    parser = argparse.ArgumentParser(description="Insert prepared rows into a mirror table and print the seconds.")
    parser.add_argument("clickhouse_folder", type=Path)
    parser.add_argument("rows", type=Path)
    parsed = parser.parse_args(arguments)
    print(json.dumps({"seconds": insert_rows(parsed.clickhouse_folder, parsed.rows)}))


def _insert_in_own_process(clickhouse_folder: Path, rows: Path) -> float:
    done = subprocess.run(
        [sys.executable, "-m", "bench.floor", str(clickhouse_folder), str(rows)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise FloorFailed(done.stderr.strip())
    return float(json.loads(done.stdout.splitlines()[-1])["seconds"])


def _warm_up(client: "Client", rows: Path) -> None:
    """A first small insert elsewhere: the product's engine is warm when it imports, so the floor's must be too."""
    some = rows.with_suffix(".warm-up")
    with rows.open("rb") as whole, some.open("wb") as beginning:
        beginning.writelines(islice(whole, 1_000))
    client.command("CREATE OR REPLACE TABLE warm_up AS products")
    client.command(f"INSERT INTO warm_up FROM INFILE '{some}' FORMAT TabSeparated")
    client.command("DROP TABLE warm_up")
    some.unlink()


def _upsert(workspace_id: int) -> str:
    replaced = ", ".join(f"{column} = excluded.{column}" for column in COLUMNS if column != "sku")
    return (
        f"INSERT INTO {TABLE} (workspace_id, {', '.join(COLUMNS)}) "
        f"SELECT {workspace_id}, {', '.join(COLUMNS.values())} FROM {STAGING} "
        f"ON CONFLICT (workspace_id, sku) DO UPDATE SET {replaced}, "
        "version = nextval('products_version'), updated_at = now()"
    )


def _mirror_rows(workspace_id: int) -> str:
    """The floor's rows in the mirror's column order, as the product's own drain sends them."""
    stamp = "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"
    return (
        "SELECT workspace_id, sku, id, name, ean, source, supplier_code, ai_readability_score, "
        f"{stamp.format('created_at')}, {stamp.format('updated_at')}, data, version, 0 "
        f"FROM {TABLE} WHERE workspace_id = {workspace_id}"
    )


def _copy_storage_parameters(connection: psycopg.Connection) -> None:
    """LIKE copies everything but the table's own storage parameters."""
    found = connection.execute("SELECT unnest(reloptions) FROM pg_class WHERE oid = 'products'::regclass")
    if parameters := [parameter for (parameter,) in found]:
        connection.execute(f"ALTER TABLE {TABLE} SET ({', '.join(parameters)})")


def _refuse_unknown_columns(connection: psycopg.Connection) -> None:
    """A column of ``products`` that must be filled and that the floor knows nothing of would make the ratios a lie."""
    required = connection.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND table_schema = 'public'"
        " AND is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO' AND is_generated = 'NEVER'",
        [TABLE],
    )
    unknown = {name for (name,) in required} - {"workspace_id", *COLUMNS}
    if unknown:
        raise FloorFailed(f"products has columns the floor must fill too: {', '.join(sorted(unknown))}")


def _ended(command: str) -> str:
    return command if command.startswith("\\") else f"{command};"


if __name__ == "__main__":
    main(sys.argv[1:])
