"""Nothing hangs and nothing is lost: silent workers, ClickHouse away, files that arrive by themselves, dead letters."""

from datetime import timedelta

import pytest

from chalicelib import triggers
from chalicelib.catalog.mirror import drain_all
from chalicelib.imports.analyze import analyze_arrival
from chalicelib.imports.recover import reap, requeue_lost, sweep_files
from chalicelib.model.import_job import JobState
from chalicelib.store.mirror import Mirror
from tests.walk import Walk, csv_file, row

FAR_AHEAD = 10_000_000
"""Seconds: no job of another test was heard of then."""
LEASE = 500
"""Seconds: a little longer than a job may stay silent."""


@pytest.fixture
def walk(walk: Walk) -> Walk:
    return walk.with_settings(chunk_rows=10)


def later(walk: Walk, seconds: float) -> Walk:
    """The same workspace, with a clock that is ahead."""
    return walk.with_services(now=lambda: walk.services.now() + timedelta(seconds=seconds))


def sent(walk: Walk, embedded) -> list[str]:
    """Bodies waiting in the chunk queue."""
    url = embedded.sqs.get_queue_url(QueueName=walk.services.settings.chunk_queue)["QueueUrl"]
    found = []
    while messages := embedded.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        found += [message["Body"] for message in messages]
    return found


def test_imports_go_on_while_clickhouse_is_away_and_the_mirror_is_right_after_it_is_back(walk):
    away = walk.with_services(mirror=Mirror("http://127.0.0.1:9/default", timeout_seconds=1))
    job = away.import_rows(row(number) for number in range(25))
    assert job.state is JobState.COMPLETED
    assert away.outbox_depth() == 3
    assert walk.services.mirror.count(walk.workspace_id) == 0
    assert drain_all(walk.services) >= 3
    assert walk.outbox_depth() == 0
    walk.assert_mirror_agrees()


def test_a_silent_job_is_taken_up_and_its_undone_chunks_are_sent_again(walk, embedded):
    job = walk.start([row(number) for number in range(30)])
    walk.import_chunks(job, [1])
    sent(walk, embedded)
    assert reap(walk.services) == 0
    assert reap(later(walk, LEASE).services) >= 1
    bodies = sent(walk, embedded)
    assert sorted(body for body in bodies if f'"job":{job.id},' in body) == [
        f'{{"do":"import","workspace":{walk.workspace_id},"job":{job.id},"run":{job.run},"chunk":{number}}}'
        for number in (0, 2)
    ]
    assert walk.job(job.id).takeovers == 1
    assert walk.import_chunks(job).state is JobState.COMPLETED


def test_a_job_nobody_ever_works_on_fails_with_the_reason(walk):
    job = walk.start([row(1)])
    takeovers = walk.services.settings.takeovers
    for round_number in range(1, takeovers + 2):
        reap(later(walk, FAR_AHEAD + LEASE * round_number).services)
    failed = walk.job(job.id)
    assert failed.state is JobState.FAILED
    assert "No worker was heard of" in failed.error_message


def test_a_job_that_only_waits_behind_others_does_not_fail(walk, other_walk):
    waiting = walk.start([row(1)])
    for round_number in range(1, walk.services.settings.takeovers + 4):
        ahead = later(other_walk, LEASE * round_number)
        ahead.with_settings(lease_seconds=100_000).start([row(1)])
        reap(later(walk, LEASE * round_number + 1).services)
    assert walk.job(waiting.id).state is JobState.PROCESSING


def test_a_job_whose_last_chunk_was_done_by_a_worker_that_died_is_ended(walk, monkeypatch):
    job = walk.start([row(1)])
    with monkeypatch.context() as dying:
        dying.setattr("chalicelib.imports.import_chunk.finish", lambda *_: None)
        assert walk.import_chunks(job).state is JobState.PROCESSING
    requeue_lost(walk.services)
    assert walk.job(job.id).state is JobState.COMPLETED


def test_a_redelivered_last_message_ends_the_job_its_first_delivery_left_open(walk, monkeypatch):
    job = walk.start([row(1)])
    with monkeypatch.context() as dying:
        dying.setattr("chalicelib.imports.import_chunk.finish", lambda *_: None)
        walk.import_chunks(job)
    assert walk.import_chunks(job, [0]).state is JobState.COMPLETED


def test_a_confirmed_job_whose_message_was_lost_is_asked_for_again(walk, embedded):
    job = walk.confirm(walk.receive(csv_file([row(1)])))
    sent(walk, embedded)
    requeue_lost(walk.services)
    assert [body for body in sent(walk, embedded) if f'"job":{job.id},' in body] == [
        f'{{"do":"dispatch","workspace":{walk.workspace_id},"job":{job.id},"run":{job.run}}}'
    ]


def test_a_chunk_that_keeps_failing_fails_its_job_with_rows_and_reason(walk, embedded):
    job = walk.start([row(number) for number in range(20)])
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        cursor.execute("UPDATE import_jobs SET plan = '{}' WHERE id = %s", [job.id])
    body = f'{{"do":"import","workspace":{walk.workspace_id},"job":{job.id},"run":{job.run},"chunk":1}}'
    answer = triggers.import_chunks(_event(body, 1), None)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-1"}]}
    assert triggers.dead_chunks(_event(body, 6), None) == {"batchItemFailures": []}
    failed = walk.job(job.id)
    assert failed.state is JobState.FAILED
    assert "Chunk 1 (rows 11 to 20) failed 5 times" in failed.error_message
    assert "retry" in failed.error_message


def test_a_file_that_arrives_by_itself_is_analysed_once_however_often_it_is_told(walk, embedded):
    content = csv_file(row(number) for number in range(12))
    expected = walk.expect(len(content), "large.csv")
    assert expected.job.state is JobState.PENDING
    walk.services.files.put(expected.job.file_key, content)
    for _ in range(2):
        analyze_arrival(walk.services, walk.workspace_id, expected.job.uuid)
    job = walk.job(expected.job.id)
    assert (job.state, job.total_rows, job.chunk_count) == (JobState.AWAITING_MAPPING, 12, 2)
    assert walk.services.files.exists(job.file_key)


def test_a_file_nobody_can_read_fails_its_job_with_what_to_do(walk):
    expected = walk.expect(10, "picture.csv")
    walk.services.files.put(expected.job.file_key, b"GIF89a\x01\x00\x01\x00\x00")
    analyze_arrival(walk.services, walk.workspace_id, expected.job.uuid)
    failed = walk.job(expected.job.id)
    assert failed.state is JobState.FAILED
    assert failed.error_message


def test_a_file_that_never_arrives_fails_its_job_after_its_form_ran_out(walk):
    expected = walk.expect(10, "never.csv")
    reap(walk.services)
    assert walk.job(expected.job.id).state is JobState.PENDING
    reap(later(walk, 2 * 3600).services)
    failed = walk.job(expected.job.id)
    assert failed.state is JobState.FAILED
    assert "never arrived" in failed.error_message


def test_a_file_with_bad_rows_is_kept_for_its_days_and_then_deleted(walk):
    job = walk.import_rows([row(1, price="free")])
    sweep_files(walk.services)
    assert walk.services.files.exists(job.file_key)
    sweep_files(later(walk, 31 * 24 * 3600).services)
    assert not walk.services.files.exists(job.file_key)
    assert walk.job(job.id).file_key is None


def _event(body: str, receives: int) -> dict:
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
