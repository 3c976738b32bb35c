"""What an import may do to the catalogue: leave products alone, make none, keep what blank cells do not speak of."""

import random
from concurrent.futures import ThreadPoolExecutor
from time import sleep

import psycopg
import pytest
from psycopg.types.json import Jsonb

from chalicelib.catalog import pending_eans
from chalicelib.imports.control import retry
from chalicelib.imports.dispatch import dispatch
from chalicelib.imports.finish import fail
from chalicelib.imports.plan import ImportPlan
from chalicelib.imports.start import start
from chalicelib.model.import_job import ImportJob, JobState, MatchOn
from chalicelib.model.product_schema import SchemaField
from chalicelib.model.row_error import ErrorType, Severity
from tests.walk import HEADERS, MAPPING, Row, Walk, csv_file, row

KEEP = {"overwrite_existing": False}
NONE_NEW = {"create_missing": False}
IGNORE = {"blank_cells": "ignore"}


@pytest.fixture
def walk(walk: Walk) -> Walk:
    return walk.with_settings(chunk_rows=10)


def begin(walk: Walk, rows, mapping=MAPPING, headers=HEADERS, *, match_on=MatchOn.SKU, terms=None, **said) -> ImportJob:
    received = walk.receive(csv_file(rows, headers), match_on=match_on, **(terms or {}))
    job = start(walk.services, walk.workspace_id, walk.ready(received, mapping, **said).id)
    dispatch(walk.services, walk.workspace_id, job.id, job.run)
    return walk.job(job.id)


def run(walk: Walk, rows, mapping=MAPPING, headers=HEADERS, **said) -> ImportJob:
    job = walk.import_chunks(begin(walk, rows, mapping, headers, **said))
    assert job.counters.processed_rows == job.total_rows
    walk.assert_mirror_agrees()
    return job


def with_blanks(cells: Row, *positions: int) -> Row:
    return tuple("" if position in positions else cell for position, cell in enumerate(cells))


# overwrite_existing


@pytest.mark.parametrize("match_on", MatchOn)
def test_existing_products_are_left_as_they_are_and_every_row_is_told_of(walk, match_on):
    run(walk, [row(number) for number in range(15)], match_on=match_on)
    before = walk.products()
    rows = [row(number, title="New" if number % 2 else None) for number in range(25)]
    job = run(walk, rows, match_on=match_on, options=KEEP)
    assert (job.state, job.counters.created, job.counters.updated, job.counters.skipped) == (
        JobState.COMPLETED,
        10,
        0,
        15,
    )
    assert walk.products()[:15] == before
    assert {(each.error_type, each.severity, each.row_number <= 15) for each in walk.findings(job)} == {
        (ErrorType.ALREADY_EXISTS, Severity.WARNING, True)
    }
    assert job.counters.warnings == 15


def test_a_row_is_validated_before_its_product_is_left_alone(walk):
    run(walk, [row(1)])
    job = run(walk, [row(1, price="free")], options=KEEP)
    assert (job.counters.error_rows, job.counters.skipped) == (1, 0)


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 0, 2]])
def test_the_last_row_of_a_new_key_wins_also_where_products_are_left_alone(walk, order):
    run(walk, [row(100)])
    rows = [row(number % 10, title=f"Edition {number}") for number in range(20)]
    rows += [row(100, title="Not this"), *(row(number) for number in range(200, 209))]
    job = walk.import_chunks(begin(walk, rows, options=KEEP), order)
    assert (job.counters.created, job.counters.good_rows) == (19, 30)
    assert walk.by_sku()["SKU-00003"].name == "Edition 13"
    assert walk.by_sku()["SKU-00100"].name == "Chair 100"


def test_a_second_run_goes_on_with_the_products_of_the_first(walk):
    job = begin(walk, [row(number) for number in range(20)], options=KEEP)
    walk.import_chunks(job, [0])
    fail(walk.services, walk.workspace_id, job.id, "The worker was lost.")
    again = walk.deliver(retry(walk.services, walk.workspace_id, job.id))
    assert (again.counters.unchanged, again.counters.created, again.counters.skipped) == (10, 10, 0)


def test_a_product_that_comes_while_a_chunk_is_written_is_left_as_it_is(walk, embedded):
    job = begin(walk, [row(1), row(2)], options=KEEP)
    insert = (
        "INSERT INTO products (workspace_id, sku, name, data, source) VALUES (%s, 'SKU-00002', 'Mine', '{}', 'api')"
    )
    with ThreadPoolExecutor(1) as worker:
        with psycopg.connect(embedded.database_admin_url) as other:
            other.execute(insert, [walk.workspace_id])
            importing = worker.submit(walk.import_chunks, job)
            wait_for_a_lock(embedded)
            other.commit()
        ended = importing.result()
    assert (ended.counters.created, ended.counters.skipped) == (1, 1)
    assert {sku: product.name for sku, product in walk.by_sku().items()} == {
        "SKU-00001": "Chair 1",
        "SKU-00002": "Mine",
    }
    assert [each.error_type for each in walk.findings(ended)] == [ErrorType.ALREADY_EXISTS]


def wait_for_a_lock(embedded) -> None:
    """Until a transaction waits for another."""
    asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with psycopg.connect(embedded.database_admin_url, autocommit=True) as connection:
        while (found := connection.execute(asked).fetchone()) and not found[0]:
            sleep(0.01)


# create_missing


@pytest.mark.parametrize("match_on", MatchOn)
def test_rows_that_match_nothing_make_nothing(walk, match_on):
    run(walk, [row(number) for number in range(5)], match_on=match_on)
    job = run(walk, [row(number, title="New") for number in range(12)], match_on=match_on, options=NONE_NEW)
    assert (job.state, job.counters.updated, job.counters.skipped) == (JobState.COMPLETED, 5, 7)
    assert {product.name for product in walk.products()} == {"New"}
    [first, *_] = found = walk.findings(job)
    assert {(each.error_type, each.severity) for each in found} == {(ErrorType.NOT_IN_LIST, Severity.WARNING)}
    assert "SKU-00005" in first.message
    assert row(5)[1] in first.message


def test_neither_made_nor_changed_leaves_all_alone(walk):
    run(walk, [row(1)])
    job = run(walk, [row(1, title="New"), row(2)], options={**KEEP, **NONE_NEW})
    assert (job.counters.skipped, [product.name for product in walk.products()]) == (2, ["Chair 1"])


def test_a_file_without_names_that_makes_no_products_has_no_bad_rows(walk):
    run(walk, [row(1)])
    mapping = {"Code": "sku", "Price": "price"}
    rows = [("SKU-00001", "5"), ("SKU-00002", "5")]
    job = run(walk, rows, mapping, ("Code", "Price"), options=NONE_NEW)
    assert (job.state, job.counters.updated, job.counters.skipped) == (JobState.COMPLETED, 1, 1)


# blank_cells


@pytest.mark.parametrize("match_on", MatchOn)
def test_blank_cells_that_are_ignored_keep_what_the_product_has(walk, match_on):
    run(walk, [row(1), row(2)], match_on=match_on)
    blank_name = with_blanks(row(1, price="5"), 2, 4)
    blank_ean = with_blanks(row(2, title="Stool"), 1, 3)
    job = run(walk, [blank_name, blank_ean], match_on=match_on, options=IGNORE)
    assert (job.counters.updated, job.counters.error_rows) == (2, 0)
    first, second = walk.products()
    assert (first.name, str(first.data["price"]["amount"]), first.data["tags"]) == ("Chair 1", "5", ["red", "blue"])
    assert (second.name, second.ean, second.data["ean"]) == ("Stool", row(2)[1].zfill(14), row(2)[1])
    assert str(second.data["price"]["amount"]) == "9.90"


def test_a_new_product_still_needs_its_name(walk):
    job = run(walk, [with_blanks(row(1), 2), with_blanks(row(2), 3)], options=IGNORE)
    assert (job.counters.created, job.counters.error_rows) == (1, 1)
    [found] = walk.findings(job)
    assert (found.row_number, found.error_type, found.field) == (1, ErrorType.MISSING_REQUIRED_FIELD, "name")


def test_a_required_field_may_be_blank_for_a_product_that_has_it(walk):
    fields = (SchemaField("ean", "string"), SchemaField("price", "price", required=True), SchemaField("tags", "array"))
    walk.import_rows([row(1)], schema=fields)
    job = run(walk, [with_blanks(row(1, title="Stool"), 3), with_blanks(row(2), 3)], options=IGNORE)
    assert (job.counters.updated, job.counters.error_rows) == (1, 1)
    assert [(each.row_number, each.field) for each in walk.findings(job)] == [(2, "price")]
    assert str(walk.products()[0].data["price"]["amount"]) == "9.90"


def test_the_same_file_with_and_without_its_blanks_ignored_is_read_anew(walk):
    blank = with_blanks(row(1), 3)
    run(walk, [row(1)])
    kept = run(walk, [blank], options=IGNORE)
    assert (kept.counters.updated, "price" in walk.products()[0].data) == (1, True)
    again = run(walk, [blank], options=IGNORE)
    assert again.counters.unchanged == 1
    cleared = run(walk, [blank])
    assert (cleared.counters.updated, "price" in walk.products()[0].data) == (1, False)


# The supplier, the template's columns, and old plans


def test_products_are_their_suppliers(walk):
    run(walk, [row(1)], terms={"supplier_code": "ACME"})
    assert suppliers(walk) == ["ACME"]
    other = run(walk, [row(1)], terms={"supplier_code": "BOLT"})
    assert (other.counters.updated, suppliers(walk)) == (1, ["BOLT"])
    nobody = run(walk, [row(1, title="Stool")])
    assert (nobody.counters.updated, suppliers(walk)) == (1, ["BOLT"])


def suppliers(walk: Walk) -> list[str | None]:
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        cursor.execute("SELECT supplier_code FROM products WHERE workspace_id = %s ORDER BY id", [walk.workspace_id])
        return [code for (code,) in cursor]


def with_plan(walk: Walk, job: ImportJob, change) -> None:
    """Put another plan in the place of a queued job's."""
    stored = walk.job(job.id).plan
    assert stored is not None
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        cursor.execute("UPDATE import_jobs SET plan = %s WHERE id = %s", [Jsonb(change(stored)), job.id])


def test_a_column_that_the_mapping_names_and_the_file_lacks_is_told_of_once(walk):
    job = walk.confirm(walk.receive(csv_file([row(1)])))
    with_plan(walk, job, lambda plan: {**plan, "missing_columns": ["Weight", "Colour"]})
    for _ in range(2):
        dispatch(walk.services, walk.workspace_id, job.id, job.run)
    ended = walk.import_chunks(walk.job(job.id))
    assert (ended.state, ended.counters.warnings, ended.counters.error_rows) == (JobState.COMPLETED, 2, 0)
    assert [
        (each.row_number, each.line, each.error_type, each.severity, each.column) for each in walk.findings(ended)
    ] == [
        (0, 1, ErrorType.COLUMN_NOT_FOUND, Severity.WARNING, "Weight"),
        (0, 1, ErrorType.COLUMN_NOT_FOUND, Severity.WARNING, "Colour"),
    ]


def test_a_plan_from_before_there_were_options_still_serves(walk):
    job = walk.confirm(walk.receive(csv_file([row(1), row(2)])))
    with_plan(walk, job, lambda plan: {name: plan[name] for name in ("rows", "keys_are_unique", "data_fields")})
    ended = walk.deliver(walk.job(job.id))
    assert (ended.state, ended.counters.created) == (JobState.COMPLETED, 2)
    stored = ended.plan
    assert stored is not None
    assert ImportPlan.from_json(stored).create_missing


# Against a plain model


@pytest.mark.parametrize("seed", range(8))
def test_any_options_give_what_a_plain_model_gives(walk, seed):
    """By sku, in file order, each row once: what a person would do by hand."""
    chance = random.Random(seed)
    options = {
        "overwrite_existing": chance.random() < 0.6,
        "create_missing": chance.random() < 0.6,
        "blank_cells": chance.choice(["clear", "ignore"]),
    }
    run(walk, [row(number) for number in range(10)])
    model = {product.sku: (product.name, "price" in product.data) for product in walk.products()}
    numbers = chance.sample(range(20), 15)
    rows = [
        with_blanks(row(number, title=f"New {number}"), *chance.sample([2, 3], chance.choice([0, 0, 1])))
        for number in numbers
    ]
    job = run(walk, rows, options=options)
    ignore = options["blank_cells"] == "ignore"
    bad = 0
    for sku, _, name, price, _ in rows:
        is_there = sku in model
        if not name and not (ignore and (is_there or not options["create_missing"])):
            bad += 1
        elif is_there and options["overwrite_existing"]:
            old_name, had_price = model[sku]
            model[sku] = (name or old_name, bool(price) or (ignore and had_price))
        elif not is_there and options["create_missing"]:
            model[sku] = (name, bool(price))
    assert {product.sku: (product.name, "price" in product.data) for product in walk.products()} == model
    assert job.counters.error_rows == bad


# EANs that wait


def waiting(walk: Walk) -> dict[str, str]:
    """EAN as printed to description, of those that wait."""
    found = pending_eans.listing(walk.services, walk.workspace_id, page=1, per_page=100)
    return {each.printed: each.description for each in found.entries}


@pytest.mark.parametrize("match_on", MatchOn)
def test_the_ean_of_a_row_that_may_not_be_made_waits(walk, match_on):
    run(walk, [row(1)], match_on=match_on)
    rows = [row(1), row(2, title="Stool"), row(3, price="free"), ("X", "3760000000002", "Bad digit", "1", "")]
    run(walk, rows, match_on=match_on, options=NONE_NEW)
    assert waiting(walk) == {row(2)[1]: "Stool", row(3)[1]: "Chair 3"}


@pytest.mark.parametrize("match_on", MatchOn)
def test_the_ean_of_a_row_without_a_name_is_an_error_and_waits(walk, match_on):
    run(walk, [row(1)], match_on=match_on)
    rows = [with_blanks(row(number), 2) for number in (1, 2)] + [row(3, price="free")]
    job = run(walk, rows, match_on=match_on)
    assert job.counters.error_rows == 3
    assert waiting(walk) == {row(2)[1]: ""}


def test_the_eans_of_a_file_without_names_wait_for_their_products(walk):
    headers, mapping = ("Barcode", "About"), {"Barcode": "ean", "About": "description"}
    job = run(walk, [(row(number)[1], f"Thing {number}") for number in range(12)], mapping, headers)
    assert (job.counters.error_rows, len(waiting(walk))) == (12, 12)
    assert waiting(walk)[row(3)[1]] == "Thing 3"
    run(walk, [row(3), row(4)])
    assert len(waiting(walk)) == 10
    run(walk, [(row(3)[1], "Again")], mapping, headers)
    assert len(waiting(walk)) == 10


def test_a_row_whose_sku_has_a_product_lets_no_ean_wait(walk):
    run(walk, [with_blanks(row(1), 1)])
    job = run(walk, [with_blanks(row(1), 2)])
    assert (job.counters.error_rows, waiting(walk)) == (1, {})
