"""Where the engine's promises are thinnest: late messages, two at once, values at the rim, files that change."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from itertools import count
from time import monotonic, sleep
from typing import Any

import psycopg
import pytest

from chalicelib import triggers
from chalicelib.api.multipart import read_form
from chalicelib.errors import IllegalTransition, InvalidValue, SkuloomError, Unavailable, UnreadableFile
from chalicelib.imports.analyze import analyze_arrival
from chalicelib.imports.control import cancel, retry
from chalicelib.imports.dispatch import dispatch
from chalicelib.imports.finish import fail
from chalicelib.imports.recover import reap, sweep_files
from chalicelib.model.import_job import ImportJob, JobState
from chalicelib.model.product_schema import SchemaField
from chalicelib.model.row_error import ErrorType
from chalicelib.store import schemas
from tests.walk import SCHEMA, Walk, csv_file, row

LEASE = 500


@pytest.fixture
def walk(walk: Walk) -> Walk:
    return walk.with_settings(chunk_rows=10)


def later(walk: Walk, seconds: float) -> Walk:
    return walk.with_services(now=lambda: walk.services.now() + timedelta(seconds=seconds))


def arrived(walk: Walk, content: bytes) -> ImportJob:
    """A file sent by a presigned form, analysed."""
    expected = walk.expect(1_000_000, "large.csv")
    assert expected.job.file_key is not None
    walk.services.files.put(expected.job.file_key, content)
    analyze_arrival(walk.services, walk.workspace_id, expected.job.uuid)
    return walk.job(expected.job.id)


def run(walk: Walk, job: ImportJob) -> ImportJob:
    dispatch(walk.services, walk.workspace_id, job.id, job.run)
    return walk.import_chunks(walk.job(job.id))


@contextmanager
def held(embedded, statement: str, values: list[Any]) -> Iterator[psycopg.Connection]:
    """Rows locked by another transaction until the end."""
    with psycopg.connect(embedded.database_admin_url) as connection:
        connection.execute(statement, values)
        yield connection
        connection.rollback()


def wait_for_lock_waiters(embedded, number: int) -> None:
    """Until so many transactions wait for a lock."""
    asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    give_up = monotonic() + 10
    with psycopg.connect(embedded.database_admin_url, autocommit=True) as connection:
        while (found := connection.execute(asked).fetchone()) and found[0] < number:
            assert monotonic() < give_up, f"{found[0]} of {number} wait"
            sleep(0.01)


def dead_letter(body: str) -> dict[str, Any]:
    return {
        "Records": [
            {
                "messageId": "message-1",
                "receiptHandle": "gone",
                "body": body,
                "attributes": {"ApproximateReceiveCount": "1"},
                "eventSource": "aws:sqs",
            }
        ]
    }


# The mirror holds what was written.


TEXTS = ("2026-02-30", "2026-05-03", "2026-05-03T10:00:00Z", "0001-01-01 00:00:00", "007", "1e5", "true", "null")


def test_a_text_stands_in_the_mirror_as_it_was_written(walk):
    fields = (SchemaField("size", "string"),)
    rows = [(f"SKU-{number}", "Chair", text) for number, text in enumerate(TEXTS)]
    job = walk.confirm(
        walk.receive(csv_file(rows, ("Code", "Title", "Size"))),
        mapping={"Code": "sku", "Title": "name", "Size": "size"},
        schema=fields,
    )
    run(walk, job)
    statement = "SELECT data.size::String FROM products FINAL WHERE workspace = {workspace:UInt64} ORDER BY sku"
    mirrored = walk.services.mirror.query(statement, {"workspace": walk.workspace_id})
    assert [text for (text,) in mirrored] == list(TEXTS)


DAYS = ("2026-12-31", "1900-01-01", "2300-01-01", "9999-12-31")


def test_a_datetime_stands_in_the_mirror_on_its_own_day(walk):
    """Together in one block: alone, each of them goes well."""
    rows = [(f"SKU-{number}", "Chair", day) for number, day in enumerate(DAYS)]
    job = walk.confirm(
        walk.receive(csv_file(rows, ("Code", "Title", "Since"))),
        mapping={"Code": "sku", "Title": "name", "Since": "since"},
        schema=(SchemaField("since", "datetime"),),
    )
    run(walk, job)
    statement = "SELECT data.since::String FROM products FINAL WHERE workspace = {workspace:UInt64} ORDER BY sku"
    mirrored = walk.services.mirror.query(statement, {"workspace": walk.workspace_id})
    assert tuple(text[:10] for (text,) in mirrored) == DAYS


# A file is imported as it was analysed, or not at all.


def test_a_file_sent_again_by_its_form_is_never_read_by_the_ranges_of_the_first(walk):
    job = arrived(walk, csv_file(row(number) for number in range(25)))
    second = csv_file(row(100 + number, title="A chair with a much longer title") for number in range(40))
    walk.services.files.put(job.file_key, second)
    analyze_arrival(walk.services, walk.workspace_id, job.uuid)
    with suppress(SkuloomError):
        run(walk, walk.confirm(walk.job(job.id)))
    ended = walk.job(job.id)
    assert len(walk.products()) in {0, 40}
    assert ended.state not in {JobState.COMPLETED, JobState.COMPLETED_WITH_ERRORS} or (
        ended.counters.processed_rows == ended.total_rows == 40
    )


def test_retry_is_refused_with_a_sentence_once_the_file_was_deleted(walk):
    job = walk.start([row(1)])
    fail(walk.services, walk.workspace_id, job.id, "The worker was lost.")
    sweep_files(later(walk, 31 * 24 * 3600).services)
    with pytest.raises(SkuloomError, match="file"):
        retry(walk.services, walk.workspace_id, job.id)


def test_a_job_without_its_file_does_not_stop_the_reaper(walk):
    waiting = walk.start([row(1)])
    broken = arrived(walk, b"GIF89a\x01\x00\x01\x00\x00")
    sweep_files(later(walk, 31 * 24 * 3600).services)
    with suppress(SkuloomError):
        retry(walk.services, walk.workspace_id, broken.id)
    try:
        reap(later(walk, 3 * LEASE).services)
        assert walk.job(waiting.id).takeovers == 1
    finally:
        fail(walk.services, walk.workspace_id, broken.id, "The end of a test.")


def test_a_header_too_long_for_the_memory_is_no_outage(walk):
    """Random letters, so that PostgreSQL cannot compress them into its index."""
    header = "".join(chr(0x4E00 + number * 7919 % 20_000) for number in range(4_000))
    with suppress(UnreadableFile, InvalidValue):
        job = walk.receive(csv_file([("A", "Chair", "1")], ("Code", "Title", header)))
        try:
            walk.confirm(job, {"Code": "sku", "Title": "name", header: "size"}, (SchemaField("size", "string"),))
        except Unavailable as outage:
            pytest.fail(f"a long header is answered with 503: {outage}")


def test_a_field_in_an_unknown_charset_is_refused_by_its_name(services):
    body = (
        b'--X\r\nContent-Disposition: form-data; name="note"\r\nContent-Type: text/plain; charset=klingon\r\n\r\n'
        b"hello\r\n--X--\r\n"
    )
    with pytest.raises(InvalidValue, match=r"note: .*charset"):
        read_form(body, "multipart/form-data; boundary=X", services.settings)


# Late and dead messages end nothing that is well.


def test_a_dead_arrival_does_not_fail_a_job_that_was_analysed_since(walk):
    job = walk.confirm(arrived(walk, csv_file([row(1)])))
    dispatch(walk.services, walk.workspace_id, job.id, job.run)
    body = f'{{"do":"analyze","workspace":{walk.workspace_id},"job":{job.id},"run":0,"uuid":"{job.uuid}"}}'
    triggers.dead_arrivals(dead_letter(body), None)
    assert walk.job(job.id).state is JobState.PROCESSING


def test_a_dead_message_of_a_chunk_that_is_done_does_not_fail_its_job(walk):
    job = walk.start([row(number) for number in range(25)])
    walk.import_chunks(job, [1])
    body = f'{{"do":"import","workspace":{walk.workspace_id},"job":{job.id},"run":{job.run},"chunk":1}}'
    triggers.dead_chunks(dead_letter(body), None)
    assert walk.import_chunks(job).state is JobState.COMPLETED


def test_a_dead_dispatch_of_a_job_that_runs_does_not_fail_it(walk):
    job = walk.start([row(number) for number in range(25)])
    walk.import_chunks(job, [0])
    body = f'{{"do":"dispatch","workspace":{walk.workspace_id},"job":{job.id},"run":{job.run}}}'
    triggers.dead_chunks(dead_letter(body), None)
    assert walk.import_chunks(job).state is JobState.COMPLETED


def test_a_job_whose_turn_has_just_come_is_not_failed_for_having_waited(walk, other_walk):
    waiting = walk.start([row(1)])
    before_it = []
    for round_number in range(1, walk.services.settings.takeovers + 3):
        ahead = later(other_walk, LEASE * round_number)
        before_it.append(ahead.with_settings(lease_seconds=100_000).start([row(1)]))
        reap(later(walk, LEASE * round_number + 1).services)
    now = LEASE * (walk.services.settings.takeovers + 3)
    for job in before_it:
        later(other_walk, now).import_chunks(job)
    assert walk.job(waiting.id).state is JobState.PROCESSING
    reap(later(walk, now + 1).services)
    assert walk.job(waiting.id).state is JobState.PROCESSING


def test_the_reaper_does_not_fail_a_job_that_was_heard_of_while_it_looked(walk):
    job = walk.start([row(number) for number in range(25)])
    for round_number in range(1, walk.services.settings.takeovers + 1):
        reap(later(walk, LEASE * round_number).services)
    ahead = later(walk, LEASE * (walk.services.settings.takeovers + 1))
    asked = count(1)

    def now():
        if next(asked) == 2:
            ahead.import_chunks(job, [0])
        return ahead.services.now()

    reap(walk.with_services(now=now).services)
    if walk.job(job.id).chunks_done == 1:
        assert walk.job(job.id).state is JobState.PROCESSING


def test_the_same_confirm_again_asks_again_for_what_could_not_be_sent(walk, embedded):
    job = walk.receive(csv_file([row(1)]))
    with pytest.raises(Unavailable):
        walk.with_settings(chunk_queue="no-such-queue").confirm(job)
    confirmed = walk.confirm(job)
    assert confirmed.state is JobState.QUEUED
    url = embedded.sqs.get_queue_url(QueueName=walk.services.settings.chunk_queue)["QueueUrl"]
    bodies = [message["Body"] for message in embedded.sqs.receive_message(QueueUrl=url).get("Messages", [])]
    assert any(f'"job":{job.id},' in body for body in bodies)


# Two at once.


def test_of_two_confirms_at_once_the_refused_one_leaves_no_trace(walk, embedded):
    walk.confirm(walk.receive(csv_file([row(1)])))
    job = walk.receive(csv_file([row(2)]))
    other = (SchemaField("ean", "string"), SchemaField("colour", "string"))
    with ThreadPoolExecutor(2) as workers:
        with held(embedded, "SELECT 1 FROM product_schemas WHERE workspace_id = %s FOR UPDATE", [walk.workspace_id]):
            first = workers.submit(walk.confirm, job)
            wait_for_lock_waiters(embedded, 1)
            second = workers.submit(walk.confirm, job, {"Code": "sku", "Title": "name", "Price": "colour"}, other)
            wait_for_lock_waiters(embedded, 2)
        won = [each.result() for each in (first, second) if not each.exception()]
        lost = [each.exception() for each in (first, second) if each.exception()]
    assert [type(error) for error in lost] == [IllegalTransition]
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        stored = {field.name for field in schemas.read(cursor, walk.workspace_id).fields}
        learned = schemas.learned(cursor, walk.workspace_id, ["price"])
    assert learned["price"].field == won[0].mapping["Price"]
    assert learned["price"].field in stored


def test_a_cancel_never_deadlocks_with_a_chunk_that_holds_claims(walk, embedded):
    walk.import_rows([row(3)])
    repeated = [row(1), *(row(number) for number in range(10, 19)), row(1, title="Again"), row(3, title="Held")]
    job = walk.start(repeated)
    walk.import_chunks(job, [0])
    lock = "SELECT 1 FROM products WHERE workspace_id = %s AND sku = 'SKU-00003' FOR UPDATE"
    with ThreadPoolExecutor(2) as workers, held(embedded, lock, [walk.workspace_id]):
        workers.submit(walk.import_chunks, job, [1])
        wait_for_lock_waiters(embedded, 1)
        cancelled: Future[ImportJob] = workers.submit(cancel, walk.services, walk.workspace_id, job.id)
        wait_until_done_or_waiting(embedded, cancelled)
    assert cancelled.exception() is None or isinstance(cancelled.exception(), IllegalTransition)


def wait_until_done_or_waiting(embedded, work: Future[Any]) -> None:
    """Until ``work`` is done, or waits for a lock beside one other."""
    asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with psycopg.connect(embedded.database_admin_url, autocommit=True) as connection:
        while not work.done() and (found := connection.execute(asked).fetchone()) and found[0] < 2:
            sleep(0.01)


# The order in which chunks finish changes nothing.


ORDERS = ([0, 1], [1, 0])


def test_a_last_row_that_is_refused_does_not_push_out_the_good_one_before_it(walk, other_walk):
    names = []
    for each, order in zip((walk, other_walk.with_settings(chunk_rows=10)), ORDERS, strict=True):
        each.import_rows([row(1), row(2)])
        refused = ("SKU-00001", row(2)[1], "Refused", "1", "")
        ended = each.import_chunks(
            each.start([row(1, title="New"), *(row(number) for number in range(10, 19)), refused]), order
        )
        assert ErrorType.IDENTITY_CONFLICT in {finding.error_type for finding in each.findings(ended)}
        names.append(each.by_sku()["SKU-00001"].name)
    assert names[0] == names[1]


def test_an_ean_that_has_become_free_is_taken_when_the_row_comes_again(walk):
    walk.import_rows([row(1)])
    twin = ("SKU-X", row(1)[1], "Twin", "1", "")
    walk.import_rows([twin])
    assert walk.by_sku()["SKU-X"].ean is None
    walk.import_rows([("SKU-00001", row(2)[1], "Chair 1", "1", "")])
    again = walk.import_rows([twin])
    assert walk.by_sku()["SKU-X"].ean == "05410000000019"
    assert again.counters.updated == 1


def test_a_row_with_many_bad_cells_says_the_first_and_how_many_more(walk):
    headers = ("Code", "Title", *(f"P{number}" for number in range(30)))
    mapping = {"Code": "sku", "Title": "name", **{header: header.lower() for header in headers[2:]}}
    job = walk.confirm(
        walk.receive(csv_file([("A", "Chair", *["free"] * 30)], headers)),
        mapping,
        tuple(SchemaField(header.lower(), "price") for header in headers[2:]),
    )
    found = walk.findings(run(walk, job))
    assert len(found) == 20
    assert found[-1].message.endswith("(10 more in this row)")


def test_long_rows_make_chunks_of_fewer_rows(walk):
    wide = walk.with_settings(chunk_rows=5_000)
    rows = [(f"SKU-{number}", "Chair", "x" * 100_000) for number in range(200)]
    job = wide.receive(csv_file(rows, ("Code", "Title", "Text")))
    assert job.chunk_count > 1
    wide.confirm(job, {"Code": "sku", "Title": "name"}, ())
    ended = run(wide, wide.job(job.id))
    assert (ended.counters.created, ended.total_rows) == (200, 200)


@pytest.mark.parametrize(
    "price",
    ["[" * 300 + "]" * 300, '{"amount": %s}' % ("[" * 1000 + "]" * 1000), '[{"amount": 5, "locale": "\\u0000"}]'],
)
def test_json_in_a_cell_that_nothing_could_keep_is_a_bad_row(walk, price):
    schema = [*SCHEMA[:1], SchemaField("price", "multi_price"), *SCHEMA[2:]]
    job = walk.import_rows([row(1, price=price), row(2)], schema=schema)
    assert (job.state, job.counters.created, job.counters.error_rows) == (JobState.COMPLETED_WITH_ERRORS, 1, 1)
    assert [each.field for each in walk.findings(job)] == ["price"]
