"""Rows matched by their EAN: whose row it is, what it keeps, and what stands against it."""

import random

import pytest

from chalicelib.imports.dispatch import dispatch
from chalicelib.imports.start import start
from chalicelib.model.ean import check_digit
from chalicelib.model.import_job import ImportJob, JobState, MatchOn
from chalicelib.model.product_schema import SchemaField
from chalicelib.model.row_error import ErrorType, Severity
from tests.walk import Walk, csv_file

HEADERS = ("Code", "Barcode", "Title", "Price")
MAPPING = {"Code": "sku", "Barcode": "ean", "Title": "name", "Price": "price"}
SCHEMA = (SchemaField("ean", "string"), SchemaField("price", "price"))


def ean(number: int) -> str:
    """A valid EAN-13, another for each number."""
    body = f"376{number:09d}"
    return f"{body}{check_digit(body)}"


def gtin(number: int) -> str:
    return ean(number).zfill(14)


@pytest.fixture
def walk(walk: Walk) -> Walk:
    return walk.with_settings(chunk_rows=10)


def begin(walk: Walk, rows, mapping=MAPPING, headers=HEADERS, **said) -> ImportJob:
    """A processing job whose rows are matched by EAN; its chunks wait."""
    job = start(
        walk.services,
        walk.workspace_id,
        walk.ready(walk.receive(csv_file(rows, headers), match_on=MatchOn.EAN), mapping, **said).id,
    )
    dispatch(walk.services, walk.workspace_id, job.id, job.run)
    return walk.job(job.id)


def run(walk: Walk, rows, mapping=MAPPING, headers=HEADERS, **said) -> ImportJob:
    job = walk.import_chunks(begin(walk, rows, mapping, headers, **said))
    assert job.counters.processed_rows == job.total_rows
    walk.assert_mirror_agrees()
    return job


def test_a_row_belongs_to_the_product_with_its_ean_which_keeps_its_sku(walk):
    run(walk, [("A", ean(1), "Chair", "1")])
    job = run(walk, [("B", ean(1), "Stool", "2"), ("", ean(2), "Table", "3")])
    assert (job.counters.created, job.counters.updated) == (1, 1)
    assert {sku: (product.name, product.ean) for sku, product in walk.by_sku().items()} == {
        "A": ("Stool", gtin(1)),
        ean(2): ("Table", gtin(2)),
    }


def test_two_spellings_of_an_ean_are_one(walk):
    run(walk, [("A", "012345678905", "Chair", "1")])
    job = run(walk, [("", "0012345678905", "Stool", "1")])
    assert (job.counters.updated, list(walk.by_sku())) == (1, ["A"])


def test_an_ean_nobody_has_goes_to_the_product_with_the_sku(walk):
    run(walk, [("A", "", "Chair", "1"), ("B", ean(1), "Stool", "1")])
    job = run(walk, [("A", ean(2), "Chair", "1"), ("B", ean(3), "Stool", "1")])
    assert job.counters.updated == 2
    assert {sku: product.ean for sku, product in walk.by_sku().items()} == {"A": gtin(2), "B": gtin(3)}


def test_a_row_without_an_ean_is_matched_by_its_sku(walk):
    run(walk, [("A", ean(1), "Chair", "1")])
    job = run(walk, [("A", "", "Stool", "1"), ("C", "", "Table", "1")])
    assert (job.counters.created, job.counters.updated) == (1, 1)
    assert {sku: (product.name, product.ean) for sku, product in walk.by_sku().items()} == {
        "A": ("Stool", None),
        "C": ("Table", None),
    }


@pytest.mark.parametrize("far", [0, 15], ids=["in one chunk", "in two"])
def test_a_sku_and_an_ean_of_two_products_are_a_conflict(walk, far):
    filler = [(f"F{number}", "", "Filler", "1") for number in range(far)]
    job = run(walk, [("A", ean(1), "Chair", "1"), ("B", ean(2), "Stool", "1"), *filler, ("A", ean(2), "Which?", "1")])
    [found] = [each for each in walk.findings(job) if each.severity is Severity.ERROR]
    assert (found.error_type, found.field, found.row_number, found.raw_value) == (
        ErrorType.IDENTITY_CONFLICT,
        "ean",
        job.total_rows,
        gtin(2),
    )
    assert {walk.by_sku()[sku].name for sku in "AB"} == {"Chair", "Stool"}
    again = run(walk, [("B", ean(1), "Which?", "1")])
    assert (again.state, again.counters.error_rows) == (JobState.COMPLETED_WITH_ERRORS, 1)


def test_a_bad_ean_is_an_error_and_the_sku_does_not_help(walk):
    job = run(walk, [("A", "3760000000002", "Chair", "1"), ("B", "3.76E+12", "Stool", "1"), ("C", "", "Table", "1")])
    assert (job.counters.created, job.counters.error_rows) == (1, 2)
    assert {each.error_type for each in walk.findings(job)} == {ErrorType.EAN_INVALID}


def test_without_a_sku_column_the_ean_is_the_sku_as_it_is_printed(walk):
    mapping = {"Barcode": "ean", "Title": "name"}
    job = run(walk, [("0012345678905", "Chair"), ("", "Stool")], mapping, ("Barcode", "Title"))
    assert (list(walk.by_sku()), job.counters.error_rows) == (["0012345678905"], 1)


def test_the_same_file_again_changes_nothing(walk):
    rows = [(f"S{number}" if number % 3 else "", ean(number), "Chair", "1") for number in range(25)]
    run(walk, rows)
    before = walk.products()
    again = run(walk, rows)
    assert (again.counters.unchanged, walk.products()) == (25, before)


@pytest.mark.parametrize("seed", range(4))
def test_the_last_row_of_an_ean_wins_whatever_order_chunks_finish_in(walk, seed):
    rows = [("", ean(number % 20), f"Edition {number}", "1") for number in range(60)]
    job = begin(walk, rows)
    order = [*range(job.chunk_count)] * 2
    random.Random(seed).shuffle(order)
    ended = walk.import_chunks(job, order, threads=3)
    assert (ended.state, ended.counters.created, ended.counters.good_rows) == (JobState.COMPLETED, 20, 60)
    assert {sku: product.name for sku, product in walk.by_sku().items()} == {
        ean(number): f"Edition {number + 40}" for number in range(20)
    }
    pushed_out = [each.row_number for each in walk.findings(ended) if each.error_type is ErrorType.DUPLICATE_IN_FILE]
    assert sorted(pushed_out) == list(range(1, 41))
    walk.assert_mirror_agrees()


@pytest.mark.parametrize("attempt", range(6))
def test_chunks_that_make_the_same_ean_at_once_make_one_product(walk, attempt):
    """The skus differ and their order is turned round, so that each waits for the other's EAN."""
    first = [(f"A{number}", ean(number), "First", "1") for number in range(10)]
    second = [(f"B{9 - number}", ean(number), "Second", "1") for number in range(10)]
    job = begin(walk, [*first, *second])
    ended = walk.import_chunks(job, [1, 0], threads=2)
    assert ended.state is JobState.COMPLETED
    products = walk.products()
    assert sorted(product.ean for product in products) == sorted(gtin(number) for number in range(10))
    assert {product.name for product in products} == {"Second"}
    assert ended.counters.good_rows == 20
    walk.assert_mirror_agrees()


def test_an_ean_that_moves_within_a_file_is_never_with_two_products(walk):
    run(walk, [("Z", ean(1), "Old", "1")])
    job = run(walk, [("Z", ean(2), "New", "1"), ("B", ean(1), "Other", "1")])
    assert job.counters.good_rows == 2
    eans = [product.ean for product in walk.products()]
    assert len(set(eans)) == len(eans)
