"""The database as the migrations make it, and that row-level security leaves its indexes usable."""

import json
from pathlib import Path

import psycopg
import pytest

from chalicelib.store import migrate as migrations
from chalicelib.store.migrate import migrate
from chalicelib.store.sql import load_statements
from infra.local.stack import APP_ROLE
from tests.walk import row

MIGRATIONS = Path(migrations.__file__).parent / "migrations"
PRODUCTS, JOBS, CHUNKS = load_statements("products.sql"), load_statements("jobs.sql"), load_statements("chunks.sql")


def test_migrations_are_applied_once_and_again_do_nothing(embedded):
    assert migrate(embedded.database_admin_url, APP_ROLE) == []


def test_migrations_make_the_same_database_from_nothing(embedded):
    """Another database in the same server gets the same columns, keys and policies."""
    with psycopg.connect(embedded.database_admin_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE from_nothing")
    fresh = embedded.database_url_for("postgres", "from_nothing")
    assert migrate(fresh, APP_ROLE) == [
        "0001_foundation.sql",
        "0002_catalogue_and_segments.sql",
        "0003_imports_lifecycle.sql",
        "0004_understanding.sql",
    ]
    assert described(fresh) == described(embedded.database_admin_url)


def test_products_from_before_the_catalogue_was_counted_are_counted_and_told_to_the_mirror_again(embedded):
    with psycopg.connect(embedded.database_admin_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE from_before")
    url = embedded.database_url_for("postgres", "from_before")
    foundation = (MIGRATIONS / "0001_foundation.sql").read_text().replace(":app_role", APP_ROLE)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(foundation.encode())
        connection.execute(
            "CREATE TABLE schema_migrations (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now());"
            "INSERT INTO schema_migrations (name) VALUES ('0001_foundation.sql');"
            "INSERT INTO workspaces (name) VALUES ('one'), ('two');"
            "INSERT INTO products (workspace_id, sku, name, data, source)"
            " SELECT 1 + (number > 6000)::int, 'S-' || number, 'Old', '{}', 'csv' FROM generate_series(1, 6010) number"
        )
        assert migrate(url, APP_ROLE) == [
            "0002_catalogue_and_segments.sql",
            "0003_imports_lifecycle.sql",
            "0004_understanding.sql",
        ]
        totals = connection.execute("SELECT workspace_id, products FROM catalog_totals ORDER BY 1").fetchall()
        entries = connection.execute(
            "SELECT workspace_id, cardinality(skus) FROM mirror_outbox WHERE created_at < now() - interval '1 minute'"
            " ORDER BY 1, 2 DESC"
        ).fetchall()
    assert totals == [(1, 6000), (2, 10)]
    assert entries == [(1, 5000), (1, 1000), (2, 10)]


def described(url: str) -> list[tuple[str, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(
            "SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns"
            " WHERE table_schema = 'public'"
            " UNION ALL SELECT tablename, indexname, indexdef, '' FROM pg_indexes WHERE schemaname = 'public'"
            " UNION ALL SELECT tablename, policyname, qual, '' FROM pg_policies WHERE schemaname = 'public'"
            " ORDER BY 1, 2, 3"
        ).fetchall()


@pytest.mark.parametrize(
    ("statement", "values", "index"),
    [
        (PRODUCTS["known"], {"skus": json.dumps(["SKU-00001"])}, "products_sku"),
        (PRODUCTS["ean_owners"], {"eans": json.dumps(["05410000000019"])}, "products_ean"),
        (PRODUCTS["read"], {"product_id": 1}, "products_"),
        (PRODUCTS["page"], {"limit": 50, "offset": 100}, "products_pkey"),
        (PRODUCTS["page_from_end"], {"limit": 50, "offset": 100}, "products_pkey"),
        (PRODUCTS["after"], {"product_id": 1, "limit": 50}, "products_pkey"),
        (PRODUCTS["before"], {"product_id": 10**9, "limit": 50}, "products_pkey"),
        (PRODUCTS["read_many"], {"product_ids": [1, 2, 3]}, "products_pkey"),
        (PRODUCTS["id_of_sku"], {"sku": "SKU-00001"}, "products_sku"),
        (PRODUCTS["first_values"], {"fields": ["tags"], "limit": 1_000}, "products_pkey"),
        (JOBS["read"], {"job_id": 1}, "import_jobs_"),
        (JOBS["latest"], {"limit": 20}, "import_jobs_latest"),
        (CHUNKS["undone"], {"job_id": 1, "run": 1}, "import_chunks_pkey"),
    ],
)
def test_a_hot_statement_finds_its_index_under_row_level_security(walk, embedded, statement, values, index):
    walk.import_rows(row(number) for number in range(500))
    with psycopg.connect(embedded.database_admin_url, autocommit=True) as connection:
        connection.execute("ANALYZE products, import_jobs, import_chunks")
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
        cursor.execute("EXPLAIN " + statement, {"workspace_id": walk.workspace_id, **values})
        plan = "\n".join(line for (line,) in cursor)
    assert f"using {index}" in plan or f"on {index}" in plan
    assert "Seq Scan" not in plan
