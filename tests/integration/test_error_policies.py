"""What a bad row does to its job: nothing, its end, or that nothing is written; and the check that goes before."""

import random
from datetime import timedelta

import pytest

from chalicelib import triggers
from chalicelib.errors import IllegalTransition
from chalicelib.imports.check_chunk import check_chunk
from chalicelib.imports.control import cancel, retry
from chalicelib.imports.dispatch import dispatch
from chalicelib.imports.finish import fail
from chalicelib.imports.recover import reap, requeue_lost
from chalicelib.imports.start import start
from chalicelib.imports.undo import take_back_halves, undo_part
from chalicelib.model.import_job import ImportJob, JobState, Phase
from chalicelib.model.row_error import ErrorType, Severity
from tests.walk import MAPPING, Walk, csv_file, row

LEASE = 500
STOP = {"error_policy": "stop"}
ALL = {"error_policy": "all_or_nothing"}


@pytest.fixture
def walk(walk: Walk) -> Walk:
    return walk.with_settings(chunk_rows=10)


def take_parts(walk: Walk, undoing: ImportJob) -> ImportJob:
    """Work an undo off, part by part."""
    dispatch(walk.services, walk.workspace_id, undoing.id, undoing.run)
    for part in range(undoing.chunk_count):
        undo_part(walk.services, walk.workspace_id, undoing.id, undoing.run, part)
    return walk.job(undoing.id)


def queue(walk: Walk, rows, options, **said) -> ImportJob:
    ready = walk.ready(walk.receive(csv_file(rows)), MAPPING, options=options, **said)
    return start(walk.services, walk.workspace_id, ready.id)


def begin(walk: Walk, rows, options=ALL, **said) -> ImportJob:
    """A processing job; its chunks wait to be checked, or to be imported."""
    job = queue(walk, rows, options, **said)
    dispatch(walk.services, walk.workspace_id, job.id, job.run)
    return walk.job(job.id)


def bad(number: int):
    return row(number, price="free")


def sent(walk: Walk, embedded) -> list[str]:
    """Bodies waiting in the chunk queue."""
    url = embedded.sqs.get_queue_url(QueueName=walk.services.settings.chunk_queue)["QueueUrl"]
    found = []
    while messages := embedded.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            embedded.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            found.append(message["Body"])
    return found


def asked(job: ImportJob, do: str, numbers) -> list[str]:
    return [
        f'{{"do":"{do}","workspace":{job.workspace_id},"job":{job.id},"run":{job.run},"chunk":{number}}}'
        for number in numbers
    ]


def event(body: str, receives: int = 1) -> dict:
    return {
        "Records": [
            {
                "messageId": "message-1",
                "receiptHandle": "gone",
                "body": body,
                "attributes": {"ApproximateReceiveCount": str(receives)},
                "eventSource": "aws:sqs",
            }
        ]
    }


# stop


def test_a_bad_row_ends_the_job_its_chunk_is_not_written_and_earlier_ones_stay(walk):
    rows = [bad(number) if number in (14, 16) else row(number) for number in range(40)]
    job = walk.import_chunks(begin(walk, rows, STOP))
    assert (job.state, job.chunks_done, job.counters.created, job.counters.error_rows) == (JobState.FAILED, 1, 10, 2)
    assert len(walk.products()) == 10
    assert [each.row_number for each in walk.findings(job)] == [15, 17]
    assert job.error_message.startswith("Row 15 (line 16) is bad and error_policy is stop, so the import ended there.")
    assert "free" in job.error_message
    walk.assert_mirror_agrees()


def test_good_rows_and_warnings_stop_nothing(walk):
    rows = [(*row(1)[:1], "4,26E+12", *row(1)[2:]), row(2)]
    job = walk.import_chunks(begin(walk, rows, STOP))
    assert (job.state, job.counters.created, job.counters.warnings) == (JobState.COMPLETED, 2, 1)


def test_of_many_bad_chunks_at_once_one_ends_the_job(walk):
    rows = [bad(number) if number % 2 else row(number) for number in range(60)]
    job = walk.import_chunks(begin(walk, rows, STOP), threads=4)
    assert (job.state, job.counters.error_rows, len(walk.findings(job))) == (JobState.FAILED, 5, 5)
    assert walk.products() == []


def test_a_stopped_job_can_be_retried_and_stops_again(walk):
    rows = [row(number) if number != 15 else bad(number) for number in range(20)]
    job = walk.import_chunks(begin(walk, rows, STOP))
    again = walk.deliver(retry(walk.services, walk.workspace_id, job.id))
    assert (again.state, again.counters.unchanged, again.counters.error_rows) == (JobState.FAILED, 10, 1)
    assert [each.row_number for each in walk.findings(again)] == [16]


# all_or_nothing


@pytest.mark.parametrize("seed", range(3))
def test_one_bad_row_and_nothing_is_written(walk, seed):
    walk.import_rows([row(1)])
    before = walk.products()
    rows = [bad(number) if number in (3, 25, 39) else row(number, title="New") for number in range(40)]
    job = begin(walk, rows)
    order = [0, 1, 2, 3] * 2
    random.Random(seed).shuffle(order)
    failed = walk.check_chunks(job, order, threads=3)
    assert failed.state is JobState.FAILED
    assert failed.error_message == ("3 of 40 rows are bad and error_policy is all_or_nothing, so nothing was written.")
    assert (failed.counters.error_rows, failed.counters.created, failed.chunks_done) == (3, 0, 0)
    assert [each.row_number for each in walk.findings(failed)] == [4, 26, 40]
    assert walk.import_chunks(job).state is JobState.FAILED
    assert walk.products() == before


def test_without_a_bad_row_all_is_written_and_nothing_is_said_twice(walk):
    rows = [(*row(1)[:1], "4,26E+12", *row(1)[2:]), *(row(number) for number in range(2, 26)), row(5, title="Again")]
    job = begin(walk, rows)
    writing = walk.check_chunks(job)
    assert (writing.state, writing.phase, writing.chunks_checked) == (JobState.PROCESSING, Phase.WRITE, 3)
    assert (walk.products(), walk.findings(writing)) == ([], [])
    done = walk.import_chunks(writing)
    assert (done.state, done.counters.created, done.counters.good_rows) == (JobState.COMPLETED, 25, 26)
    assert [each.error_type for each in walk.findings(done)] == [ErrorType.EAN_INVALID, ErrorType.DUPLICATE_IN_FILE]
    assert walk.by_sku()["SKU-00005"].name == "Again"
    walk.assert_mirror_agrees()


def test_rows_that_stand_against_the_catalogue_are_bad_before_anything_is_written(walk):
    walk.import_rows([row(1), row(2)])
    conflict = ("SKU-00001", row(2)[1], "Which?", "1", "")
    failed = walk.check_chunks(begin(walk, [row(3), conflict]))
    assert (failed.state, len(walk.products())) == (JobState.FAILED, 2)
    assert [each.error_type for each in walk.findings(failed)] == [ErrorType.IDENTITY_CONFLICT]


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 2, 0]])
def test_values_that_come_twice_are_bad_rows_each_once(walk, order):
    rows = [row(number, price=str(number)) for number in range(30)]
    for later in (7, 15, 28):
        rows[later] = row(later, price="2", title="Chair 3" if later == 28 else None)
    rules = {"price": {"unique": True}, "name": {"unique": True}}
    failed = walk.check_chunks(begin(walk, rows, rules=rules), order)
    assert failed.error_message.startswith("3 of 30 rows are bad")
    assert (failed.counters.error_rows, walk.products()) == (3, [])
    assert [(each.row_number, each.field) for each in walk.findings(failed)] == [
        (8, "price"),
        (16, "price"),
        *sorted([(29, "price"), (29, "name")], key=lambda each: each[1] != first_field(walk, failed)),
    ]


def first_field(walk: Walk, job: ImportJob) -> str | None:
    """The field of the first of the last row's two findings: which comes first is left open."""
    return walk.findings(job)[-2].field


def test_a_row_that_turns_bad_between_check_and_write_ends_the_job(walk):
    walk.import_rows([row(1)])
    rows = [row(number) for number in range(10, 20)] + [(row(1)[0], row(500)[1], "Mine", "1", "")]
    job = walk.check_chunks(begin(walk, rows))
    walk.import_rows([row(500)])
    failed = walk.import_chunks(job)
    assert (failed.state, failed.counters.error_rows, failed.counters.created) == (JobState.FAILED, 1, 10)
    assert "error_policy is all_or_nothing" in failed.error_message
    assert walk.by_sku()["SKU-00001"].name == "Chair 1"


def test_what_such_a_job_had_written_is_taken_back_at_once(walk):
    walk.import_rows([row(1), row(12)])
    rows = [row(number, title="Mine") for number in range(10, 20)] + [(row(1)[0], row(500)[1], "Mine", "1", "")]
    job = walk.check_chunks(begin(walk, rows))
    walk.import_rows([row(500)])
    failed = walk.import_chunks(job)
    assert failed.error_message.endswith("Rows that were imported before are taken back.")
    assert failed.undone_by is not None
    undoing = take_parts(walk, walk.job(failed.undone_by))
    assert undoing.state is JobState.COMPLETED
    assert {sku: each.name for sku, each in walk.by_sku().items()} == {
        "SKU-00001": "Chair 1",
        "SKU-00012": "Chair 12",
        "SKU-00500": "Chair 500",
    }
    walk.assert_mirror_agrees()


def test_the_tick_takes_back_what_a_dead_worker_left(walk):
    rows = [row(number) for number in range(10, 30)]
    job = walk.check_chunks(begin(walk, rows))
    walk.import_chunks(job, [0])
    fail(walk.services, walk.workspace_id, job.id, "No worker was heard of.")
    assert (walk.job(job.id).undone_by, len(walk.products())) == (None, 10)
    assert take_back_halves(walk.services) >= 1
    undone_by = walk.job(job.id).undone_by
    assert undone_by is not None
    take_parts(walk, walk.job(undone_by))
    assert walk.products() == []
    assert take_back_halves(walk.services) == 0


def test_a_file_without_rows_is_checked_and_done(walk):
    job = begin(walk, [])
    assert (job.state, job.phase) == (JobState.COMPLETED, Phase.WRITE)


# The check holds what the write holds: once is once, whoever dies.


def test_a_check_is_sent_and_then_the_write(walk, embedded):
    job = begin(walk, [row(number) for number in range(25)])
    assert sorted(sent(walk, embedded)[1:]) == asked(job, "check", range(3))
    for body in asked(job, "check", range(3)):
        assert triggers.import_chunks(event(body), None) == {"batchItemFailures": []}
    assert sorted(sent(walk, embedded)) == asked(job, "import", range(3))


def test_a_worker_that_dies_after_the_last_check_is_made_up_for(walk, embedded, monkeypatch):
    """By the message, which comes again, and by whoever takes the job up."""
    for take_up in (
        lambda job: walk.check_chunks(job, [0]),
        lambda _: requeue_lost(walk.services),
        lambda job: dispatch(walk.services, walk.workspace_id, job.id, job.run),
    ):
        job = begin(walk, [row(number) for number in range(20)])
        with monkeypatch.context() as dying:
            dying.setattr("chalicelib.imports.check_chunk.end_check", lambda *_: None)
            assert walk.check_chunks(job).phase is Phase.CHECK
        sent(walk, embedded)
        take_up(job)
        assert walk.job(job.id).phase is Phase.WRITE
        assert [each for each in sent(walk, embedded) if f'"job":{job.id},' in each] == asked(job, "import", range(2))
        assert walk.import_chunks(walk.job(job.id)).state is JobState.COMPLETED


def test_a_worker_that_dies_before_it_sends_the_write_is_made_up_for(walk, embedded):
    job = begin(walk, [row(number) for number in range(20)])
    walk.check_chunks(job)
    sent(walk, embedded)
    walk.check_chunks(job, [1])
    assert sorted(sent(walk, embedded)) == asked(job, "import", range(2))


def test_a_silent_check_is_taken_up_where_it_was(walk, embedded):
    job = begin(walk, [row(number) for number in range(30)])
    walk.check_chunks(job, [1])
    sent(walk, embedded)
    later = walk.with_services(now=lambda: walk.services.now() + timedelta(seconds=LEASE))
    reap(later.services)
    assert sorted(each for each in sent(walk, embedded) if f'"job":{job.id},' in each) == asked(job, "check", (0, 2))
    assert walk.job(job.id).takeovers == 1
    assert walk.import_chunks(walk.check_chunks(job)).state is JobState.COMPLETED


def test_a_cancelled_check_ends_and_late_ones_do_nothing(walk):
    job = begin(walk, [bad(number) for number in range(20)])
    walk.check_chunks(job, [0])
    cancelled = cancel(walk.services, walk.workspace_id, job.id)
    late = walk.check_chunks(job, [1])
    assert (late.state, late.chunks_checked, late.error_message) == (JobState.CANCELLED, 1, "cancelled")
    assert cancelled.counters.error_rows == 0
    with pytest.raises(IllegalTransition):
        cancel(walk.services, walk.workspace_id, job.id)


def test_a_check_in_flight_when_its_run_ends_is_undone(walk):
    job = begin(walk, [bad(number) for number in range(10)])

    def now():
        cancel(walk.services, walk.workspace_id, job.id)
        return walk.services.now()

    slow = walk.with_services(now=now)
    check_chunk(slow.services, walk.workspace_id, job.id, job.run, 0)
    assert (walk.job(job.id).state, walk.findings(job)) == (JobState.CANCELLED, [])


def test_a_retry_checks_again_from_the_start_and_late_checks_of_the_old_run_do_nothing(walk):
    rules = {"price": {"unique": True}}
    rows = [row(number, price=str(number % 15)) for number in range(20)]
    job = begin(walk, rows, {"error_policy": "skip"}, rules=rules)
    walk.check_chunks(job, [1])
    fail(walk.services, walk.workspace_id, job.id, "The worker was lost.")
    again = retry(walk.services, walk.workspace_id, job.id)
    dispatch(walk.services, walk.workspace_id, again.id, again.run)
    walk.check_chunks(job)
    assert walk.job(job.id).chunks_checked == 0
    ended = walk.import_chunks(walk.check_chunks(walk.job(job.id), [1, 0]))
    assert (ended.counters.created, ended.counters.error_rows) == (15, 5)
    assert [each.row_number for each in walk.findings(ended)] == [16, 17, 18, 19, 20]


def test_a_check_that_keeps_failing_fails_its_job_with_the_reason(walk):
    job = begin(walk, [row(number) for number in range(20)])
    [_, body] = asked(job, "check", range(2))
    triggers.dead_chunks(event(body, 6), None)
    failed = walk.job(job.id)
    assert failed.state is JobState.FAILED
    assert "Chunk 1 (rows 11 to 20) failed 5 times" in failed.error_message
    assert "before the first row was written" in failed.error_message


def test_a_dead_check_of_a_chunk_that_was_checked_does_not_fail_its_job(walk):
    job = begin(walk, [row(number) for number in range(20)])
    walk.check_chunks(job, [1])
    triggers.dead_chunks(event(asked(job, "check", [1])[0], 6), None)
    assert walk.import_chunks(walk.check_chunks(job)).state is JobState.COMPLETED


def test_a_write_that_comes_before_the_check_is_over_waits_for_its_own_message(walk):
    job = begin(walk, [bad(number) for number in range(20)])
    assert walk.import_chunks(job).phase is Phase.CHECK
    assert (walk.products(), walk.findings(job)) == ([], [])


def test_errors_are_told_as_errors(walk):
    failed = walk.check_chunks(begin(walk, [bad(1), row(2)]))
    assert {each.severity for each in walk.findings(failed)} == {Severity.ERROR}
    assert failed.error_message.startswith("1 of 2 rows is bad")
