"""Two hands on one job: whatever comes first, no row is in twice, no state lies, and nobody sees a crash."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from threading import Barrier
from typing import Any

import pytest

from chalicelib.errors import BadRequest, IllegalTransition, NotFound, SkuloomError
from chalicelib.imports import control
from chalicelib.imports.dispatch import dispatch
from chalicelib.imports.import_chunk import import_chunk
from chalicelib.imports.start import start
from chalicelib.model.import_job import FINISHED, ImportJob, JobState
from tests.walk import MAPPING, SCHEMA, Walk, csv_file, row

ROUNDS = 50
ROWS = 6


@pytest.fixture
def walk(walk: Walk) -> Walk:
    return walk.with_settings(chunk_rows=2)


def at_once(*hands: Callable[[], Any]) -> list[Any]:
    """What each hand came to: its result, or the error the engine raised on purpose. Any other error fails the test."""
    barrier = Barrier(len(hands))

    def work(hand: Callable[[], Any]) -> Any:
        barrier.wait()
        try:
            return hand()
        except SkuloomError as error:
            return error

    with ThreadPoolExecutor(len(hands)) as workers:
        return list(workers.map(work, hands))


def refused(came: list[Any]) -> list[SkuloomError]:
    return [each for each in came if isinstance(each, SkuloomError)]


def ready(walk: Walk, number: int) -> ImportJob:
    """A ready job whose rows are of this round only."""
    first = number * 100
    content = csv_file(row(first + each) for each in range(1, ROWS + 1))
    return walk.ready(walk.receive(content), MAPPING)


def of_round(walk: Walk, number: int) -> list[str]:
    first = number * 100
    wanted = {row(first + each)[0] for each in range(1, ROWS + 1)}
    return sorted(sku for sku in walk.by_sku() if sku in wanted)


def end(walk: Walk, job: ImportJob) -> ImportJob:
    """The job after all that is still to do for it was done."""
    found = walk.job(job.id)
    if found.state is JobState.QUEUED:
        dispatch(walk.services, walk.workspace_id, found.id, found.run)
        found = walk.job(job.id)
    if found.state is JobState.PROCESSING:
        found = walk.import_chunks(found)
    return found


def tells_the_truth(walk: Walk, job: ImportJob, number: int) -> bool:
    """Whether the job's counters are what stands in the catalogue, and its end is what they say."""
    found = of_round(walk, number)
    complete = job.counters.processed_rows == ROWS and len(found) == ROWS
    return len(found) >= job.counters.created and (job.state is not JobState.COMPLETED or complete)


def test_of_two_starts_one_counts(walk):
    for number in range(ROUNDS):
        job = ready(walk, number)
        came = at_once(*[partial(start, walk.services, walk.workspace_id, job.id)] * 2)
        [error] = refused(came)
        assert isinstance(error, IllegalTransition)
        done = end(walk, job)
        assert (done.state, done.run, done.counters.created) == (JobState.COMPLETED, 1, ROWS)
    walk.assert_mirror_agrees()


def test_a_start_and_a_cancel_end_in_one_of_the_two(walk):
    for number in range(ROUNDS):
        job = ready(walk, number)
        started, cancelled = at_once(
            partial(start, walk.services, walk.workspace_id, job.id),
            partial(control.cancel, walk.services, walk.workspace_id, job.id),
        )
        assert not isinstance(started, SkuloomError)
        done = end(walk, job)
        if isinstance(cancelled, IllegalTransition):
            assert (done.state, len(of_round(walk, number))) == (JobState.COMPLETED, ROWS)
        else:
            assert (done.state, of_round(walk, number)) == (JobState.CANCELLED, [])


def test_a_cancel_and_the_last_chunk_agree_on_the_end(walk):
    for number in range(ROUNDS):
        job = start(walk.services, walk.workspace_id, ready(walk, number).id)
        dispatch(walk.services, walk.workspace_id, job.id, job.run)
        last = walk.job(job.id).chunk_count - 1
        walk.import_chunks(walk.job(job.id), range(last))
        _, cancelled = at_once(
            partial(import_chunk, walk.services, walk.workspace_id, job.id, job.run, last),
            partial(control.cancel, walk.services, walk.workspace_id, job.id),
        )
        done = walk.job(job.id)
        assert done.state is (JobState.COMPLETED if isinstance(cancelled, IllegalTransition) else JobState.CANCELLED)
        assert done.counters.created == len(of_round(walk, number))
        assert tells_the_truth(walk, done, number)
    walk.assert_mirror_agrees()


def test_a_late_chunk_of_the_old_run_does_nothing_in_the_new_one(walk):
    for number in range(ROUNDS):
        job = start(walk.services, walk.workspace_id, ready(walk, number).id)
        dispatch(walk.services, walk.workspace_id, job.id, job.run)
        walk.import_chunks(walk.job(job.id), [0])
        control.cancel(walk.services, walk.workspace_id, job.id)
        at_once(
            partial(import_chunk, walk.services, walk.workspace_id, job.id, job.run, 1),
            partial(control.retry, walk.services, walk.workspace_id, job.id),
        )
        done = end(walk, job)
        assert (done.state, done.run, done.counters.processed_rows) == (JobState.COMPLETED, 2, ROWS)
        assert (done.counters.unchanged, done.counters.created) == (2, ROWS - 2)
        assert len(of_round(walk, number)) == ROWS
    walk.assert_mirror_agrees()


def test_a_late_chunk_and_a_retry_at_the_moment_of_the_cancel(walk):
    """All three at once: the retry may come too early and is refused; nothing is in twice."""
    for number in range(ROUNDS):
        job = start(walk.services, walk.workspace_id, ready(walk, number).id)
        dispatch(walk.services, walk.workspace_id, job.id, job.run)
        at_once(
            partial(import_chunk, walk.services, walk.workspace_id, job.id, job.run, 1),
            partial(control.cancel, walk.services, walk.workspace_id, job.id),
            partial(control.retry, walk.services, walk.workspace_id, job.id),
        )
        done = end(walk, job)
        assert done.state in FINISHED
        assert done.counters.created + done.counters.unchanged == done.counters.processed_rows
        assert tells_the_truth(walk, done, number)


def test_a_delete_waits_for_a_running_job_and_then_takes_it_away(walk):
    for number in range(ROUNDS):
        job = start(walk.services, walk.workspace_id, ready(walk, number).id)
        dispatch(walk.services, walk.workspace_id, job.id, job.run)
        first = at_once(
            partial(import_chunk, walk.services, walk.workspace_id, job.id, job.run, 0),
            partial(control.delete, walk.services, walk.workspace_id, job.id),
        )
        [error] = refused(first)
        assert isinstance(error, IllegalTransition)
        at_once(
            partial(import_chunk, walk.services, walk.workspace_id, job.id, job.run, 1),
            partial(control.cancel, walk.services, walk.workspace_id, job.id),
            partial(control.delete, walk.services, walk.workspace_id, job.id),
        )
        with suppress(NotFound):
            control.delete(walk.services, walk.workspace_id, job.id)
        import_chunk(walk.services, walk.workspace_id, job.id, job.run, 2)
        with pytest.raises(NotFound):
            walk.job(job.id)
        assert len(of_round(walk, number)) in {2, 4}
    walk.assert_mirror_agrees()


def test_two_uploads_of_one_file_make_every_product_once(walk):
    for number in range(ROUNDS):
        content = csv_file(row(number * 100 + each) for each in range(1, ROWS + 1))
        came = at_once(*[partial(walk.receive, content)] * 2)
        made = at_once(*[partial(walk.confirm, each, MAPPING, SCHEMA) for each in came])
        for each in made:
            dispatch(walk.services, walk.workspace_id, each.id, each.run)
        done = at_once(*[partial(walk.import_chunks, walk.job(each.id)) for each in made])
        assert [each.state for each in done] == [JobState.COMPLETED] * 2
        assert sum(each.counters.created for each in done) == ROWS
        assert all(each.counters.processed_rows == ROWS for each in done)
        assert len(of_round(walk, number)) == ROWS
    walk.assert_mirror_agrees()


def test_two_retries_are_one(walk):
    for number in range(ROUNDS):
        job = start(walk.services, walk.workspace_id, ready(walk, number).id)
        control.cancel(walk.services, walk.workspace_id, job.id)
        came = at_once(*[partial(control.retry, walk.services, walk.workspace_id, job.id)] * 2)
        [error] = refused(came)
        assert isinstance(error, IllegalTransition | BadRequest)
        assert end(walk, job).run == 2
