"""Two workspaces never meet: in the queries, and in the database when a query forgets."""

import psycopg
import pytest

from chalicelib.catalog import changes, pending_eans
from chalicelib.imports import templates
from chalicelib.imports.templates import TemplateEdit
from chalicelib.model.import_job import ImportJob
from chalicelib.model.pending_ean import Waiting
from chalicelib.segments import manage
from chalicelib.segments.ask import request
from chalicelib.segments.compute import compute
from chalicelib.segments.manage import SegmentChange
from chalicelib.segments.refresh import refresh
from chalicelib.store import model_answers, outbox, products
from chalicelib.store.model_answers import Tokens
from chalicelib.workspaces import hash_key
from tests.walk import Walk, csv_file, row

TENANT_TABLES = (
    "api_keys",
    "product_schemas",
    "learned_mappings",
    "import_jobs",
    "import_chunks",
    "row_errors",
    "row_claims",
    "products",
    "mirror_outbox",
    "catalog_changes",
    "catalog_totals",
    "segments",
    "segment_computes",
    "suppliers",
    "supplier_mappings",
    "import_templates",
    "import_template_versions",
    "pending_eans",
    "product_writes",
    "before_images",
    "model_answers",
    "model_spending",
)

SWEPT_TABLES = {"import_jobs", "mirror_outbox", "catalog_changes", "segments", "segment_computes"}


@pytest.fixture
def app_url(embedded):
    return embedded.settings.database_url.get_secret_value()


def test_the_same_skus_and_eans_live_in_two_workspaces_side_by_side(walk, other_walk):
    walk.import_rows([row(number, title="Ours") for number in range(5)])
    other_walk.import_rows([row(number, title="Theirs") for number in range(7)])
    assert {product.name for product in walk.products()} == {"Ours"}
    assert {product.name for product in other_walk.products()} == {"Theirs"}
    assert (len(walk.products()), len(other_walk.products())) == (5, 7)
    walk.assert_mirror_agrees()
    other_walk.assert_mirror_agrees()


def test_a_transaction_of_one_workspace_sees_nothing_of_another_even_if_asked_for_it(walk, other_walk):
    other_walk.import_rows([row(1)])
    theirs = other_walk.products()[0]
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        assert products.read(cursor, other_walk.workspace_id, theirs.id) is None
        cursor.execute("SELECT count(*) FROM products WHERE workspace_id = %s", [other_walk.workspace_id])
        assert cursor.fetchone() == (0,)
        cursor.execute("UPDATE products SET name = 'stolen' WHERE id = %s", [theirs.id])
        assert cursor.rowcount == 0
    assert other_walk.products() == [theirs]


def test_a_row_cannot_be_written_into_another_workspace(walk, other_walk):
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"),
        walk.services.database.workspace(walk.workspace_id) as cursor,
    ):
        cursor.execute(
            "INSERT INTO products (workspace_id, sku, name, data, source) VALUES (%s, 'x', 'x', '{}', 'test')",
            [other_walk.workspace_id],
        )


def fill_every_table(walk: Walk) -> ImportJob:
    """Leave something of the workspace in each table; the job is one of it."""
    supplied = walk.ready(walk.receive(csv_file([row(2, title="Before")]), supplier_code="SUPPLIER_A"))
    walk.import_ready(supplied)
    templates.create(walk.services, walk.workspace_id, TemplateEdit(name="Monthly"), from_job=supplied.uuid)
    job = walk.import_rows([row(1, price="free"), row(2)])
    said = SegmentChange(name="All", definition={"type": "all_products"})
    segment = manage.create(walk.services, walk.workspace_id, said)
    request(walk.services, walk.workspace_id, segment.id)
    compute(walk.services, walk.workspace_id, segment.id)
    refresh(walk.services, walk.workspace_id)
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        changes.note(cursor, walk.workspace_id, fields=["price"])
        outbox.add(cursor, walk.workspace_id, ["SKU-00002"])
        now = walk.services.now()
        model_answers.keep(cursor, walk.workspace_id, "key", [], now=now, since=now)
        model_answers.reserve(cursor, walk.workspace_id, now.date(), Tokens(1, 1), budget_tokens=2)
        pending_eans.add(cursor, walk.workspace_id, job.id, None, [Waiting("03760000000017", "3760000000017")])
        products.claim_rows(cursor, walk.workspace_id, job.id, job.run, [("SKU-00002", 2, 3)])
    return job


@pytest.mark.parametrize("table", TENANT_TABLES)
def test_a_query_that_forgets_the_workspace_is_refused(walk, app_url, table):
    fill_every_table(walk)
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        cursor.execute(f"SELECT count(*) > 0 FROM {table}")
        assert cursor.fetchone() == (True,)
    with psycopg.connect(app_url) as connection, pytest.raises(psycopg.errors.UndefinedObject, match="workspace_id"):
        connection.execute(f"SELECT * FROM {table}")


def test_it_is_refused_also_after_a_rollback(walk, app_url):
    with psycopg.connect(app_url) as connection:
        connection.execute("SELECT set_config('skuloom.workspace_id', %s, true)", [str(walk.workspace_id)])
        connection.rollback()
        with pytest.raises(psycopg.errors.InvalidTextRepresentation):
            connection.execute("SELECT * FROM products")


def test_the_application_is_neither_owner_nor_superuser_and_cannot_step_around(app_url):
    with psycopg.connect(app_url, autocommit=True) as connection:
        role = connection.execute(
            "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
        assert role == (False, False, False, False)
        for statement in (
            "TRUNCATE products",
            "ALTER TABLE products DISABLE ROW LEVEL SECURITY",
            "DROP POLICY own_workspace ON products",
            "SET ROLE postgres",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


def test_every_table_of_a_workspace_has_forced_row_level_security(embedded):
    with psycopg.connect(embedded.database_admin_url) as connection:
        tables = dict(
            connection.execute(
                "SELECT relname, relrowsecurity AND relforcerowsecurity FROM pg_class"
                " JOIN pg_attribute ON attrelid = pg_class.oid AND attname = 'workspace_id'"
                " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            ).fetchall()
        )
    assert tables == dict.fromkeys(TENANT_TABLES, True)


def test_every_unique_key_begins_with_the_workspace(embedded):
    with psycopg.connect(embedded.database_admin_url) as connection:
        found = connection.execute(
            "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public' AND indexdef LIKE 'CREATE UNIQUE%'"
        ).fetchall()
    loose = [index for table, index in found if table in TENANT_TABLES and "(workspace_id" not in index]
    assert loose == []


def test_a_presented_key_shows_its_own_row_only(walk, other_walk):
    with walk.services.database.presented_key(hash_key(walk.api_key)) as cursor:
        cursor.execute("SELECT workspace_id FROM api_keys")
        assert cursor.fetchall() == [(walk.workspace_id,)]


@pytest.mark.parametrize("table", TENANT_TABLES)
def test_the_sweep_reads_what_it_takes_up_and_nothing_else_and_writes_nothing(walk, table):
    fill_every_table(walk)
    with walk.services.database.sweep() as cursor:
        cursor.execute(f"SELECT count(*) > 0 FROM {table} WHERE workspace_id = %s", [walk.workspace_id])
        assert cursor.fetchone() == (table in SWEPT_TABLES,)
        cursor.execute(f"UPDATE {table} SET workspace_id = workspace_id")
        assert cursor.rowcount == 0
        cursor.execute(f"DELETE FROM {table}")
        assert cursor.rowcount == 0
