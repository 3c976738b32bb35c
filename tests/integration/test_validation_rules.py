"""validation_rules in an import: which rows they refuse, which they only tell of, and values no two rows may share."""

import random

import pytest

from chalicelib.errors import InvalidValue
from chalicelib.imports.dispatch import dispatch
from chalicelib.imports.start import start
from chalicelib.model.import_job import ImportJob, JobState, MatchOn, Phase
from chalicelib.model.row_error import ErrorType
from chalicelib.store import products
from tests.walk import HEADERS, MAPPING, Walk, csv_file, row


@pytest.fixture
def walk(walk: Walk) -> Walk:
    walk = walk.with_settings(chunk_rows=10)
    walk.import_rows([row(9_000)])
    return walk


def begin(walk: Walk, rows, rules, mapping=MAPPING, headers=HEADERS, match_on=MatchOn.SKU) -> ImportJob:
    """A processing job; its chunks wait to be checked, or to be imported."""
    ready = walk.ready(walk.receive(csv_file(rows, headers), match_on=match_on), mapping, rules=rules)
    job = start(walk.services, walk.workspace_id, ready.id)
    dispatch(walk.services, walk.workspace_id, job.id, job.run)
    return walk.job(job.id)


def run(walk: Walk, rows, rules, *said, **more) -> ImportJob:
    job = begin(walk, rows, rules, *said, **more)
    if job.phase is Phase.CHECK:
        walk.check_chunks(job)
    ended = walk.import_chunks(walk.job(job.id))
    assert ended.counters.processed_rows == ended.total_rows
    walk.assert_mirror_agrees()
    return ended


def found(walk: Walk, job: ImportJob) -> list[tuple[int, str, str | None, str]]:
    return [(each.row_number, each.error_type.value, each.field, each.severity.value) for each in walk.findings(job)]


def test_each_rule_refuses_its_rows(walk):
    rules = {
        "price": {"min": 1, "max": 100},
        "name": {"min_length": 5, "pattern": "^[A-Z]"},
        "tags": {"enum": ["red", "blue"], "max_length": 2},
        "sku": {"max_length": 9},
        "ean": {"required": True},
    }
    rows = [
        row(1),
        row(2, price="0.5"),
        row(3, price="100.01"),
        row(4, title="Chai"),
        row(5, title="chair 5"),
        (*row(6)[:4], "red|green"),
        row(7, sku="SKU-000007"),
        (row(8)[0], "", *row(8)[2:]),
        (*row(9)[:3], "", ""),
    ]
    job = run(walk, rows, rules)
    assert (job.state, job.counters.created, job.counters.error_rows) == (JobState.COMPLETED_WITH_ERRORS, 2, 7)
    assert found(walk, job) == [
        (2, "out_of_range", "price", "error"),
        (3, "out_of_range", "price", "error"),
        (4, "out_of_range", "name", "error"),
        (5, "pattern_mismatch", "name", "error"),
        (6, "not_in_list", "tags", "error"),
        (7, "out_of_range", "sku", "error"),
        (8, "missing_required_field", "ean", "error"),
    ]
    priced = walk.findings(job)[0]
    assert (priced.column, priced.raw_value) == ("Price", "0.5")
    assert "less than 1" in priced.message


def test_a_warning_keeps_the_row_and_is_said_again(walk):
    rules = {
        "price": {"max": 5, "severity": "warning", "message": "Dearer than we sell."},
        "tags": {"required": True, "severity": "warning"},
    }
    rows = [row(1), row(2, price="4"), (*row(3, price="4")[:4], "")]
    for changed in (3, 0):
        job = run(walk, rows, rules)
        assert (job.state, job.counters.warnings) == (JobState.COMPLETED, 2)
        assert (job.counters.created, job.counters.unchanged) == (changed, 3 - changed)
        assert found(walk, job) == [
            (1, "out_of_range", "price", "warning"),
            (3, "missing_required_field", "tags", "warning"),
        ]
        assert walk.findings(job)[0].message == "Dearer than we sell."


def test_a_row_is_held_against_the_rules_before_it_is_skipped_as_unchanged(walk):
    rows = [row(1), row(2, price="500")]
    run(walk, rows, {})
    job = run(walk, rows, {"price": {"max": 100}})
    assert (job.counters.error_rows, job.counters.updated) == (1, 1)
    again = run(walk, rows, {"price": {"max": 100}})
    assert (again.counters.error_rows, again.counters.unchanged) == (1, 1)


def test_what_no_file_could_keep_is_refused_when_it_is_saved(walk):
    job = walk.receive(csv_file([row(1)]))
    mapping = {header: field for header, field in MAPPING.items() if field != "tags"}
    with pytest.raises(InvalidValue) as refused:
        walk.ready(job, mapping, rules={"tags": {"required": True}, "name": {"min": 1}, "nothing": {}})
    assert sorted(refused.value.fields) == [
        "validation_rules.name.min",
        "validation_rules.nothing",
        "validation_rules.tags.required",
    ]
    assert walk.job(job.id).state is JobState.AWAITING_MAPPING


# unique


PRICES_ONCE = {"price": {"unique": True}}


def repeated_prices(seed: int) -> list[tuple[str, ...]]:
    """Forty rows of which many have the price of another, written in two ways; some are bad for another reason."""
    chance = random.Random(seed)
    rows = []
    for number in range(40):
        price = chance.choice(["{}", "{}.0", "{}.00"]).format(chance.randrange(15))
        rows.append(row(number, price=price, title=None if chance.random() < 0.9 else " "))
    return rows


def standing(rows) -> dict[str, int]:
    """Price to the first sound row that has it."""
    first: dict[str, int] = {}
    for number, (_, _, name, price, _) in enumerate(rows, start=1):
        if name.strip():
            first.setdefault(price.split(".")[0], number)
    return first


@pytest.mark.parametrize("seed", range(5))
def test_the_first_row_of_a_value_stands_whatever_order_chunks_run_in(walk, seed):
    rows = repeated_prices(seed)
    job = begin(walk, rows, PRICES_ONCE)
    assert (job.phase, job.chunk_count) == (Phase.CHECK, 4)
    chance = random.Random(seed)
    checked = walk.check_chunks(job, chance.sample([0, 1, 2, 3] * 2, 8), threads=3)
    assert (checked.phase, checked.counters.processed_rows, walk.findings(checked)) == (Phase.WRITE, 0, [])
    ended = walk.import_chunks(checked, chance.sample([0, 1, 2, 3] * 2, 8), threads=3)
    first = standing(rows)
    assert {product.sku for product in walk.products()[1:]} == {rows[number - 1][0] for number in first.values()}
    refused = [each for each in walk.findings(ended) if each.error_type is ErrorType.NOT_UNIQUE]
    assert {each.row_number for each in refused} == {
        number for number, each in enumerate(rows, start=1) if each[2].strip()
    } - set(first.values())
    assert all(f"row {first[(each.raw_value or '').split('.')[0]]} already" in each.message for each in refused)
    assert ended.counters.processed_rows == 40
    walk.assert_mirror_agrees()
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        assert products.claimed_rows(cursor, walk.workspace_id, job.id, job.run, ["SKU-00001"]) == {}
        cursor.execute("SELECT count(*) FROM row_claims")
        assert cursor.fetchone() == (0,)


def test_a_value_of_the_catalogue_is_no_value_of_the_file(walk):
    run(walk, [row(1, price="5")], PRICES_ONCE)
    job = run(walk, [row(2, price="5"), row(3, price="6")], PRICES_ONCE)
    assert (job.state, job.counters.created) == (JobState.COMPLETED, 2)


def test_the_same_file_again_refuses_the_same_rows(walk):
    rows = [row(1, price="5"), row(2, price="5.00"), row(3, price="6")]
    for created, unchanged in ((2, 0), (0, 2)):
        job = run(walk, rows, PRICES_ONCE)
        assert (job.counters.created, job.counters.unchanged, job.counters.error_rows) == (created, unchanged, 1)
        assert found(walk, job) == [(2, "not_unique", "price", "error")]


def test_a_warning_of_a_repeated_value_keeps_the_row(walk):
    rules = {"price": {"unique": True, "severity": "warning"}}
    job = run(walk, [row(1, price="5"), row(2, price="5"), row(3, price="")], rules)
    assert (job.state, job.counters.created) == (JobState.COMPLETED, 3)
    assert found(walk, job) == [(2, "not_unique", "price", "warning")]


@pytest.mark.parametrize(
    ("field", "header"), [("sku", "Code"), ("ean", "Barcode"), ("name", "Title"), ("tags", "Tags")]
)
def test_any_field_can_be_unique(walk, field, header):
    position = HEADERS.index(header)
    rows = [list(row(number)) for number in range(12)]
    for number, cells in enumerate(rows):
        cells[4] = f"t{number}|u"
    rows[11][position] = rows[0][position]
    job = run(walk, [tuple(cells) for cells in rows], {field: {"unique": True}})
    assert (job.counters.created, job.counters.error_rows) == (11, 1)
    assert [each[:3] for each in found(walk, job)] == [(12, "not_unique", field)]


def test_a_column_the_analysis_saw_to_be_unique_needs_no_check(walk):
    job = begin(walk, [row(1), row(2)], {"sku": {"unique": True}, "name": {"unique": True}})
    assert job.phase is Phase.WRITE
    assert walk.import_chunks(job).counters.created == 2
