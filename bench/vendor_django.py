"""The vendor's way, for comparison: Django's ``update_or_create`` for each row (wizard document, "Re-imports").

A CSV of the bench's catalogue and a database URL come in, seconds a row come out. The model is the plainest that
serves: JSON for ``data`` and ``raw_data``, the sku unique in its workspace; no trigram index, no
row-level security, no mirror. Django is configured once a process, so this runs in one of its own.
"""

import argparse
import csv
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

DATABASE = "bench_django"


class VendorFailed(Exception):
    """The comparison could not be run; the text is Django's."""


@dataclass(frozen=True, slots=True)
class RowSeconds:
    """Seconds a row: rows that are new, and the same rows again with other values."""

    created: float
    updated: float


def measure(admin_url: str, first: Path, changed: Path, rows: int) -> RowSeconds:
    """Import the first ``rows`` rows of both files into a database of their own, which is dropped afterwards."""
    _recreate_database(admin_url)
    try:
        arguments = ["--rows", str(rows), _own_url(admin_url), str(first), str(changed)]
        done = subprocess.run(
            [sys.executable, "-m", "bench.vendor_django", *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise VendorFailed(done.stderr.strip())
        return RowSeconds(**json.loads(done.stdout.splitlines()[-1]))
    finally:
        with psycopg.connect(admin_url, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")


def main(arguments: Sequence[str]) -> None:
    """The process of its own: import both files and print the seconds a row."""
    parser = argparse.ArgumentParser(description="Import two editions row by row and print the seconds a row.")
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("database_url")
    parser.add_argument("first", type=Path)
    parser.add_argument("changed", type=Path)
    parsed = parser.parse_args(arguments)
    product = _make_model(parsed.database_url)
    created = _seconds_a_row(product, parsed.first, parsed.rows)
    updated = _seconds_a_row(product, parsed.changed, parsed.rows)
    print(json.dumps({"created": created, "updated": updated}))


def _recreate_database(admin_url: str) -> None:
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {DATABASE}")


def _own_url(admin_url: str) -> str:
    return make_conninfo(admin_url, dbname=DATABASE)


def _make_model(database_url: str) -> Any:
    """Configure Django for the database, make the product table and answer the model."""
    import django  # noqa: PLC0415 - configured by the lines below, before its models can be imported
    from django.conf import settings  # noqa: PLC0415

    parts = {key: str(value) for key, value in conninfo_to_dict(database_url).items()}
    settings.configure(
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": parts["dbname"],
                "USER": parts.get("user", ""),
                "PASSWORD": parts.get("password", ""),
                "HOST": parts.get("host", ""),
                "PORT": parts.get("port", ""),
            }
        },
        INSTALLED_APPS=[],
        USE_TZ=True,
    )
    django.setup()
    from django.db import connection, models  # noqa: PLC0415

    class Product(models.Model):
        """The vendor's product, as its documents describe it."""

        id = models.BigAutoField(primary_key=True)
        workspace_id = models.BigIntegerField()
        sku = models.CharField(max_length=255)
        name = models.CharField(max_length=500)
        data = models.JSONField(default=dict)
        raw_data = models.JSONField(default=dict)
        source = models.CharField(max_length=50, default="csv")
        created_at = models.DateTimeField(auto_now_add=True)
        updated_at = models.DateTimeField(auto_now=True)

        class Meta:
            app_label = "bench"
            db_table = "products"
            constraints = (models.UniqueConstraint(fields=["workspace_id", "sku"], name="one_sku_a_workspace"),)

        def __str__(self) -> str:
            return str(self.sku)

    with connection.schema_editor() as editor:
        editor.create_model(Product)
    return Product


def _seconds_a_row(product: Any, file: Path, rows: int) -> float:
    with file.open(encoding="utf-8", newline="") as lines:
        started = time.perf_counter()
        for cells in islice(csv.DictReader(lines), rows):
            product.objects.update_or_create(
                workspace_id=1,
                sku=cells["SKU"],
                defaults={"name": cells["Title"], "data": dict(_data(cells)), "raw_data": cells},
            )
        return (time.perf_counter() - started) / rows


def _data(cells: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    """The catalogue's row as the product's fields, converted as the wizard's types say."""
    yield "ean", cells["EAN"]
    yield "brand", cells["Brand"]
    yield "category", cells["Category"]
    yield "price", {"amount": float(cells["Price"]), "currency": "USD"}
    yield "list_price", {"amount": float(cells["List Price"]), "currency": "USD"}
    yield "inventory_count", int(cells["Stock"])
    yield "tags", cells["Tags"].split("|")
    yield "url", cells["URL"]
    yield "image_url", cells["Image URL"]
    yield "description", cells["Description"]
    yield "weight", float(cells["Weight"])
    yield "active", cells["Active"] == "true"


if __name__ == "__main__":
    main(sys.argv[1:])
