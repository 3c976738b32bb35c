"""The engine's promises about rows: what is saved, what is refused, what is said of it, and that twice is once."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from chalicelib.errors import IllegalTransition, InvalidValue, NotFound, UnreadableFile
from chalicelib.imports.control import cancel, retry
from chalicelib.imports.dispatch import dispatch
from chalicelib.imports.finish import fail
from chalicelib.imports.import_chunk import import_chunk
from chalicelib.model.import_job import JobState
from chalicelib.model.product_schema import SchemaField
from chalicelib.model.row_error import ErrorType, Severity
from chalicelib.store import schemas
from tests.walk import MAPPING, Walk, csv_file, row


@pytest.fixture
def walk(walk: Walk) -> Walk:
    """Chunks of ten rows, so that a small file has many."""
    return walk.with_settings(chunk_rows=10)


def test_a_file_becomes_a_catalogue_in_both_databases(walk):
    job = walk.import_rows(row(number) for number in range(35))
    assert job.state is JobState.COMPLETED
    assert job.chunk_count == 4
    assert (job.counters.created, job.counters.good_rows, job.counters.error_rows) == (35, 35, 0)
    product = walk.by_sku()["SKU-00003"]
    assert product.name == "Chair 3"
    assert product.ean == "05410000000033"
    assert product.data["tags"] == ["red", "blue"]
    assert str(product.data["price"]["amount"]) == "9.90"
    assert product.data["price"]["currency"] == "EUR"
    walk.assert_mirror_agrees()
    assert walk.outbox_depth() == 0


def test_the_stored_file_is_deleted_after_success_and_its_hash_stays(walk):
    started = walk.start([row(1)])
    ended = walk.import_chunks(started)
    assert ended.file_key is None
    assert len(ended.file_sha256 or "") == 64
    assert not walk.services.files.exists(started.file_key)


def test_a_file_nobody_can_read_is_not_kept(walk, embedded):
    def kept():
        listed = embedded.s3.list_objects_v2(Bucket=walk.services.settings.bucket, Prefix=f"files/{walk.workspace_id}/")
        return listed["KeyCount"]

    with pytest.raises(UnreadableFile):
        walk.receive(b"GIF89a")
    assert kept() == 0
    walk.receive(csv_file([row(1)]))
    assert kept() == 1


def test_a_bad_row_never_takes_a_good_one_with_it_and_the_file_is_kept(walk):
    rows = [row(1), row(2, price="free"), ("", "", "no sku", "1", ""), row(4, price="4.9O"), row(5)]
    job = walk.import_rows(rows)
    assert job.state is JobState.COMPLETED_WITH_ERRORS
    assert (job.counters.created, job.counters.error_rows) == (2, 3)
    assert {each.row_number: each.error_type for each in walk.findings(job)} == {
        2: ErrorType.INVALID_TYPE,
        3: ErrorType.MISSING_REQUIRED_FIELD,
        4: ErrorType.INVALID_TYPE,
    }
    price = walk.findings(job)[0]
    assert (price.line, price.field, price.column, price.raw_value) == (3, "price", "Price", "free")
    assert job.file_key is not None


def test_a_nul_character_is_a_row_error_and_harms_no_other_row(walk):
    job = walk.import_rows([row(1), row(2, title="Cha\0ir"), row(3), row(4, sku="SKU\0")])
    assert (job.counters.created, job.counters.error_rows) == (2, 2)
    assert {each.error_type for each in walk.findings(job)} == {ErrorType.ENCODING_ERROR}


def test_the_same_file_again_creates_nothing_and_changes_nothing(walk):
    rows = [row(number) for number in range(25)]
    walk.import_rows(rows)
    before = walk.products()
    again = walk.import_rows(rows)
    assert (again.counters.unchanged, again.counters.created, again.counters.updated) == (25, 0, 0)
    assert walk.products() == before


def test_a_changed_row_is_rewritten_and_the_others_are_not(walk):
    rows = [row(number) for number in range(25)]
    walk.import_rows(rows)
    versions = {product.sku: product.version for product in walk.products()}
    rows[7] = row(7, title="Stool 7")
    job = walk.import_rows(rows)
    assert (job.counters.unchanged, job.counters.updated) == (24, 1)
    changed = {product.sku for product in walk.products() if product.version != versions[product.sku]}
    assert changed == {"SKU-00007"}
    walk.assert_mirror_agrees()


def test_another_schema_or_locale_means_the_rows_are_read_anew(walk):
    rows = [row(1, price="12.50")]
    walk.import_rows(rows)
    text_prices = (SchemaField("ean", "string"), SchemaField("price", "string"), SchemaField("tags", "array"))
    job = walk.import_rows(rows, schema=text_prices)
    assert job.counters.updated == 1
    assert walk.products()[0].data["price"] == "12.50"


def test_warnings_of_an_unchanged_row_are_said_again(walk):
    rows = [(*row(1)[:1], "4,26E+12", *row(1)[2:]), row(2)]
    first = walk.import_rows(rows)
    assert (first.state, first.counters.created, first.counters.warnings) == (JobState.COMPLETED, 2, 1)
    assert walk.by_sku()["SKU-00001"].ean is None
    again = walk.import_rows(rows)
    assert (again.counters.unchanged, again.counters.warnings) == (2, 1)
    found = walk.findings(again)[0]
    assert (found.error_type, found.severity, found.row_number) == (ErrorType.EAN_INVALID, Severity.WARNING, 1)


def test_a_blank_cell_clears_its_field_and_fields_the_file_does_not_speak_of_stay(walk):
    walk.import_rows([row(1)])
    job = walk.confirm(
        walk.receive(csv_file([("SKU-00001", "")], ("Code", "Price"))),
        mapping={"Code": "sku", "Price": "price"},
    )
    dispatch(walk.services, walk.workspace_id, job.id, job.run)
    ended = walk.import_chunks(walk.job(job.id))
    assert ended.counters.updated == 1
    product = walk.products()[0]
    assert "price" not in product.data
    assert product.data["tags"] == ["red", "blue"]
    assert (product.name, product.ean) == ("Chair 1", "05410000000019")


def test_a_file_without_names_changes_products_and_cannot_make_them(walk):
    walk.import_rows([row(1)])
    job = walk.confirm(
        walk.receive(csv_file([("SKU-00001", "5"), ("SKU-00002", "6")], ("Code", "Price"))),
        mapping={"Code": "sku", "Price": "price"},
    )
    dispatch(walk.services, walk.workspace_id, job.id, job.run)
    ended = walk.import_chunks(walk.job(job.id))
    assert (ended.counters.updated, ended.counters.error_rows) == (1, 1)
    assert walk.findings(ended)[0].error_type is ErrorType.MISSING_REQUIRED_FIELD


def test_sku_and_ean_of_two_different_products_are_an_identity_conflict(walk):
    walk.import_rows([row(1), row(2)])
    job = walk.import_rows([("SKU-00002", row(1)[1], "Chair 2", "1", "")])
    assert job.counters.error_rows == 1
    assert [each.error_type for each in walk.findings(job)] == [ErrorType.IDENTITY_CONFLICT]
    assert walk.by_sku()["SKU-00002"].ean == "05410000000026"


def test_a_new_product_with_the_ean_of_another_is_taken_without_it_and_says_so_each_time(walk):
    rows = [row(1), ("SKU-X", row(1)[1], "Twin", "1", "")]
    first = walk.import_rows(rows)
    assert (first.counters.created, first.counters.warnings) == (2, 1)
    assert [each.error_type for each in walk.findings(first)] == [ErrorType.NOT_UNIQUE]
    twin = walk.by_sku()["SKU-X"]
    assert (twin.ean, "ean" in twin.data) == (None, False)
    again = walk.import_rows(rows)
    assert (again.counters.unchanged, again.counters.warnings) == (2, 1)


def test_without_a_sku_column_the_ean_is_the_sku(walk):
    mapping = {**MAPPING, "Code": None}
    job = walk.import_rows([row(1), ("x", "No barcode found", "Chair", "1", "")], mapping=mapping)
    assert (job.counters.created, job.counters.error_rows) == (1, 1)
    assert walk.products()[0].sku == "5410000000019"
    assert walk.findings(job)[0].error_type is ErrorType.EAN_INVALID


# The last row of the file wins.


@pytest.mark.parametrize("seed", range(5))
def test_the_last_row_of_a_key_wins_whatever_order_chunks_finish_in(walk, seed):
    rows = [row(number % 30, title=f"Edition {number}", price=str(number + 1)) for number in range(90)]
    job = walk.start(rows)
    order = list(range(job.chunk_count))
    random.Random(seed).shuffle(order)
    ended = walk.import_chunks(job, order, threads=3)
    assert ended.state is JobState.COMPLETED
    assert {sku: product.name for sku, product in walk.by_sku().items()} == {
        f"SKU-{number:05d}": f"Edition {number + 60}" for number in range(30)
    }
    assert ended.counters.created == 30
    assert ended.counters.good_rows == 90
    pushed_out = [each.row_number for each in walk.findings(ended) if each.error_type is ErrorType.DUPLICATE_IN_FILE]
    assert sorted(pushed_out) == list(range(1, 61))
    walk.assert_mirror_agrees()


def test_an_earlier_row_never_wins_because_the_last_one_was_unchanged(walk):
    rows = [row(1, title="Old"), *(row(number) for number in range(2, 25)), row(1, title="New")]
    walk.import_rows(rows)
    for order in ([0, 1, 2], [2, 1, 0]):
        walk.import_chunks(walk.start(rows), order)
        assert walk.by_sku()["SKU-00001"].name == "New"


# Redelivery, concurrency, fences.


@pytest.mark.parametrize("seed", range(3))
def test_every_message_three_times_in_any_order_gives_the_same_as_once(walk, seed):
    rows = [row(number, price="free" if number % 7 == 0 else "3") for number in range(60)]
    job = walk.start(rows)
    order = [*range(job.chunk_count)] * 3
    random.Random(seed).shuffle(order)
    ended = walk.import_chunks(job, order, threads=4)
    assert ended.state is JobState.COMPLETED_WITH_ERRORS
    assert (ended.counters.created, ended.counters.updated, ended.counters.error_rows) == (51, 0, 9)
    assert ended.chunks_done == ended.chunk_count
    assert len(walk.findings(ended)) == 9
    assert len(walk.products()) == 51
    walk.assert_mirror_agrees()


def test_a_dispatch_told_twice_is_told_once(walk):
    job = walk.start([row(number) for number in range(20)])
    dispatch(walk.services, walk.workspace_id, job.id, job.run)
    ended = walk.import_chunks(job)
    dispatch(walk.services, walk.workspace_id, job.id, job.run)
    assert walk.job(job.id) == ended


def test_two_jobs_with_the_same_keys_in_opposite_order_never_deadlock(walk):
    numbers = list(range(200))
    wide = walk.with_settings(chunk_rows=200)
    walk.import_rows(row(number) for number in numbers)
    for attempt in range(10):
        up = wide.start([row(number, title=f"Up {attempt}") for number in numbers])
        down = wide.start([row(number, title=f"Down {attempt}") for number in reversed(numbers)])
        with ThreadPoolExecutor(2) as workers:
            ended = list(workers.map(wide.import_chunks, [up, down]))
        assert [job.state for job in ended] == [JobState.COMPLETED] * 2
    assert {product.name.split()[1] for product in walk.products()} == {"9"}
    walk.assert_mirror_agrees()


def test_a_cancelled_run_takes_no_more_chunks_and_keeps_the_committed_ones(walk):
    job = walk.start([row(number) for number in range(30)])
    walk.import_chunks(job, [0])
    cancelled = cancel(walk.services, walk.workspace_id, job.id)
    assert (cancelled.state, cancelled.error_message) == (JobState.CANCELLED, "cancelled")
    late = walk.import_chunks(job, [1, 2])
    assert late.state is JobState.CANCELLED
    assert len(walk.products()) == 10
    with pytest.raises(IllegalTransition):
        cancel(walk.services, walk.workspace_id, job.id)


def test_a_chunk_in_flight_when_its_run_ends_is_undone(walk):
    """The fence is the transaction's last statement: what the chunk wrote before it is gone."""
    job = walk.start([row(number) for number in range(10)])

    def now():
        cancel(walk.services, walk.workspace_id, job.id)
        return walk.services.now()

    slow = walk.with_services(now=now)
    import_chunk(slow.services, walk.workspace_id, job.id, job.run, 0)
    assert walk.products() == []
    assert walk.job(job.id).state is JobState.CANCELLED
    assert walk.outbox_depth() == 0


def test_retry_runs_again_from_the_start_and_late_chunks_of_the_old_run_do_nothing(walk):
    job = walk.start([row(number, price="free" if number == 3 else "1") for number in range(30)])
    walk.import_chunks(job, [0])
    fail(walk.services, walk.workspace_id, job.id, "The worker was lost.")
    assert walk.job(job.id).error_message == "The worker was lost."
    again = retry(walk.services, walk.workspace_id, job.id)
    assert (again.state, again.run, again.counters.processed_rows) == (JobState.QUEUED, job.run + 1, 0)
    dispatch(walk.services, walk.workspace_id, again.id, again.run)
    walk.import_chunks(job)
    assert walk.job(job.id).chunks_done == 0
    ended = walk.import_chunks(walk.job(job.id))
    assert (ended.counters.created, ended.counters.unchanged, ended.counters.error_rows) == (20, 9, 1)
    assert [each.row_number for each in walk.findings(ended)] == [4]
    assert ended.error_message == ""


# Confirm.


def test_the_same_confirm_again_while_pending_gives_the_same_answer(walk):
    job = walk.receive(csv_file([row(1)]))
    assert walk.confirm(job) == walk.confirm(job)
    with pytest.raises(IllegalTransition):
        walk.confirm(job, mapping={"Code": "sku", "Title": "name"})


def test_confirm_after_the_start_is_refused(walk):
    job = walk.import_rows([row(1)])
    with pytest.raises(IllegalTransition) as refused:
        walk.confirm(job)
    assert refused.value.state == JobState.COMPLETED


def test_a_refused_confirm_leaves_no_trace(walk):
    job = walk.receive(csv_file([row(1)]))
    with pytest.raises(InvalidValue):
        walk.confirm(job, mapping={"Title": "name"})
    assert walk.job(job.id) == job
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        assert schemas.read(cursor, walk.workspace_id).fields == ()
        assert schemas.learned(cursor, walk.workspace_id, ["title"]) == {}


def test_another_workspaces_job_is_not_there(walk, other_walk):
    job = walk.receive(csv_file([row(1)]))
    with pytest.raises(NotFound):
        other_walk.confirm(job)
    with pytest.raises(NotFound):
        other_walk.job(job.id)


def test_what_was_confirmed_is_suggested_next_time_and_wins_over_the_vocabulary(walk):
    odd = csv_file([row(1), row(2)], ("Krmpf", "Barcode", "Blub", "Price", "Zing"))
    mapping = {"Krmpf": "sku", "Barcode": None, "Blub": "name", "Price": "cost", "Zing": None}
    walk.confirm(walk.receive(odd), mapping=mapping, schema=(SchemaField("cost", "price"),))
    suggestion = walk.receive(odd).suggestion
    suggested = {each["column"]: each["field"] for each in suggestion["columns"]}
    assert (suggested["Krmpf"], suggested["Blub"], suggested["Price"]) == ("sku", "name", "cost")
    assert "cost" in [field["name"] for field in suggestion["schema"]]


def test_a_header_without_rows_is_an_import_of_nothing(walk):
    job = walk.start([])
    assert (job.state, job.total_rows) == (JobState.COMPLETED, 0)
