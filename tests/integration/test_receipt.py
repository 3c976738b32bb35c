"""What a job took: its phases add up to its life, and its chunks tell what they waited for."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from psycopg.errors import DeadlockDetected

from chalicelib.imports import import_chunk
from chalicelib.imports.control import cancel, retry
from chalicelib.imports.dispatch import dispatch
from chalicelib.imports.receipt import receipt
from chalicelib.imports.recover import reap
from chalicelib.imports.undo import undo, undo_part
from chalicelib.model.import_job import ImportJob, JobState
from chalicelib.model.outcomes import Receipt
from chalicelib.store import chunks
from tests.walk import Walk, csv_file, row

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def walk(walk: Walk) -> Walk:
    """Chunks of ten rows, and clocks that go by a second each time somebody looks."""
    ticks = itertools.count(1)
    return walk.with_settings(chunk_rows=10).with_services(clock=lambda: float(next(ticks)))


def receipt_of(walk: Walk, job: ImportJob) -> Receipt:
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        return receipt(cursor, walk.job(job.id), now=walk.services.now())


def set_times(walk: Walk, job: ImportJob, **seconds: float | None) -> None:
    """Say when each step was, in seconds from some moment on; chunks were done at ``done``."""
    moments = {name: None if at is None else LONG_AGO + timedelta(seconds=at) for name, at in seconds.items()}
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        if done := moments.pop("done", None):
            cursor.execute("UPDATE import_chunks SET done_at = %s WHERE job_id = %s", [done, job.id])
        for name, moment in moments.items():
            cursor.execute(f"UPDATE import_jobs SET {name} = %s WHERE id = %s", [moment, job.id])


def test_a_finished_job_tells_each_of_its_phases_and_how_fast_it_was(walk):
    job = walk.import_rows(row(number) for number in range(30))
    set_times(
        walk,
        job,
        created_at=0,
        analyzed_at=1,
        mapped_at=61,
        queued_at=71,
        started_at=73,
        done=83,
        completed_at=83.5,
    )
    told = receipt_of(walk, job)
    assert told.rows_per_second == 3.0
    phases = told.phases
    assert (phases.receive, phases.waiting_for_mapping, phases.waiting_for_start) == (1.0, 60.0, 10.0)
    assert (phases.queued, phases.processing, phases.finishing) == (2.0, 10.0, 0.5)
    assert (told.chunks, told.chunks_done, told.chunk_failures, told.takeovers) == (3, 3, 0, 0)


def test_chunks_add_up_what_they_waited_for(walk):
    """Each look at the clock is a second: one reading and one sending a chunk, each between two looks."""
    job = walk.import_rows(row(number) for number in range(30))
    waited = receipt_of(walk, job).waited
    assert (waited.reading, waited.clickhouse) == (3.0, 3.0)
    assert waited.converting > 0
    assert waited.queue >= 0
    assert 0 < waited.postgres < 60
    sums = walk.job(job.id).spent["run"]
    assert set(sums) == {"queue", "reading", "converting", "postgres", "clickhouse"}


def test_a_job_that_runs_tells_what_is_known(walk):
    job = walk.start([row(number) for number in range(30)])
    waiting = receipt_of(walk, job)
    assert (waiting.rows_per_second, waiting.chunks_done, waiting.phases.finishing) == (None, 0, None)
    assert waiting.phases.processing is not None
    walk.import_chunks(job, [0])
    told = receipt_of(walk, job)
    assert told.chunks_done == 1
    assert told.rows_per_second
    assert told.waited.reading == 1.0


def test_a_job_that_waits_for_its_mapping_tells_for_how_long(walk):
    job = walk.receive(csv_file([row(1)]))
    phases = receipt_of(walk, job).phases
    assert phases.waiting_for_mapping is not None
    assert (phases.waiting_for_start, phases.queued, phases.processing, phases.finishing) == (None, None, None, None)
    ready = walk.ready(job)
    assert receipt_of(walk, ready).phases.waiting_for_start is not None


def test_failed_attempts_and_takeovers_are_told(walk):
    job = walk.start([row(number) for number in range(20)])
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        chunks.note_failure(cursor, walk.workspace_id, job.id, 1, "no")
        chunks.note_failure(cursor, walk.workspace_id, job.id, 1, "no")
    reap(walk.with_services(now=lambda: walk.services.now() + timedelta(seconds=500)).services)
    ended = walk.import_chunks(job)
    assert ended.takeovers == 0
    told = receipt_of(walk, job)
    assert (told.chunk_failures, told.takeovers) == (2, 1)


def test_another_run_begins_its_sums_anew(walk):
    job = walk.start([row(number) for number in range(30)])
    walk.import_chunks(job, [0, 1])
    cancel(walk.services, walk.workspace_id, job.id)
    assert receipt_of(walk, job).waited.reading == 2.0
    retried = retry(walk.services, walk.workspace_id, job.id)
    told = receipt_of(walk, retried)
    assert (told.waited.reading, told.chunks_done, told.phases.waiting_for_start) == (0.0, 0, None)
    ended = walk.deliver(retried)
    assert ended.state is JobState.COMPLETED
    assert receipt_of(walk, ended).waited.reading == 3.0


def test_an_undo_has_a_receipt_too(walk):
    job = walk.import_rows(row(number) for number in range(20))
    undoing = undo(walk.services, walk.workspace_id, job.id)
    dispatch(walk.services, walk.workspace_id, undoing.id, undoing.run)
    for number in range(undoing.chunk_count):
        undo_part(walk.services, walk.workspace_id, undoing.id, undoing.run, number)
    told = receipt_of(walk, undoing)
    assert (told.chunks_done, told.waited.reading, told.waited.clickhouse) == (2, 0.0, 2.0)
    assert (told.phases.receive, told.phases.waiting_for_mapping) == (None, None)
    assert told.phases.processing is not None


def test_a_transaction_that_is_done_again_was_waiting_for_the_database(walk, monkeypatch):
    job = walk.start([row(1)])
    stood_in_the_way = iter([True, False])
    share = import_chunk.products.share_inserts

    def share_or_not(*arguments: object) -> None:
        if next(stood_in_the_way, False):
            raise DeadlockDetected
        share(*arguments)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(import_chunk.products, "share_inserts", share_or_not)
        ended = walk.import_chunks(job)
    assert ended.state is JobState.COMPLETED
    assert receipt_of(walk, ended).waited.postgres >= 1.0
