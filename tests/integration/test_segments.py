"""Segments under load and in trouble: sets swap whole, work is done once, nothing is lost, the tick is fair."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from chalicelib import triggers
from chalicelib.catalog import products
from chalicelib.errors import Conflict, InvalidValue, Unavailable
from chalicelib.imports.control import cancel
from chalicelib.imports.finish import fail
from chalicelib.model.segment import SegmentStatus
from chalicelib.segments import manage, members, refresh, sweep
from chalicelib.segments.ask import request
from chalicelib.segments.compute import compute
from chalicelib.segments.manage import SegmentChange
from chalicelib.segments.schema_use import replace_schema
from chalicelib.store import catalog_changes, outbox
from chalicelib.store.mirror import Mirror
from chalicelib.store.sql import load_statements
from infra.local.events import scheduled_event
from tests.walk import SCHEMA, Walk, row

SEGMENTS, MEMBERSHIPS = load_statements("segments.sql"), load_statements("memberships.sql")
ALL = {"type": "all_products"}
ON = {"property": "name", "operator": "eq", "value": "on"}
YEARS = 100_000_000
"""Seconds: long enough that every segment of any workspace is due."""


class Killed(BaseException):
    """A worker that dies here: nothing catches it."""


def make(walk: Walk, definition=ALL, *, name: str = "A segment", is_active: bool = True, every: int = 60) -> int:
    said = SegmentChange(name=name, definition=definition, is_active=is_active, refresh_interval=every)
    return manage.create(walk.services, walk.workspace_id, said).id


def segment(walk: Walk, number: int):
    return manage.read(walk.services, walk.workspace_id, number)


def status(walk: Walk, number: int) -> SegmentStatus:
    return segment(walk, number).status(walk.services.now())


def ask(walk: Walk, number: int) -> None:
    request(walk.services, walk.workspace_id, number)


def work(walk: Walk, number: int) -> None:
    compute(walk.services, walk.workspace_id, number)


def compute_now(walk: Walk, number: int) -> None:
    ask(walk, number)
    work(walk, number)


def skus(walk: Walk, number: int, *, limit: int = 1_000) -> list[str]:
    """All members, read page after page as a caller would."""
    found, cursor = [], 0
    while True:
        page = members.page(walk.services, walk.workspace_id, number, cursor=cursor, limit=limit)
        found += [each.sku for each in page.members]
        if page.next_cursor is None:
            assert len(found) == page.count
            return found
        cursor = page.next_cursor


def later(walk: Walk, seconds: float) -> Walk:
    """The same workspace, with a clock that is ahead."""
    return walk.with_services(now=lambda: walk.services.now() + timedelta(seconds=seconds))


def messages(walk: Walk, embedded) -> list[dict]:
    """What waits in the segment queue for this workspace, taken out."""
    return [each for each in everything(walk, embedded) if each["workspace"] == walk.workspace_id]


def everything(walk: Walk, embedded) -> list[dict]:
    """What waits in the segment queue for any workspace, taken out."""
    url = embedded.sqs.get_queue_url(QueueName=walk.services.settings.segment_queue)["QueueUrl"]
    found = []
    while batch := embedded.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in batch:
            embedded.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            found.append(json.loads(message["Body"]))
    return found


def asked(walk: Walk, embedded) -> list[int]:
    """The segments that are to be computed by the messages that wait."""
    return [each["segment"] for each in messages(walk, embedded) if each["do"] == "compute"]


def deliver(walk: Walk, embedded) -> None:
    """Hand over what waits for this workspace, until nothing does."""
    while waiting := messages(walk, embedded):
        for message in waiting:
            if message["do"] == "refresh":
                refresh.refresh(walk.services, walk.workspace_id)
            else:
                work(walk, message["segment"])


def ledger(walk: Walk, number: int) -> list[tuple]:
    """(id, finished, replaced, dropped) of a segment's computes."""
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        cursor.execute(
            "SELECT id, finished_at IS NOT NULL, replaced_at IS NOT NULL, dropped_at IS NOT NULL FROM segment_computes"
            " WHERE workspace_id = %s AND segment_id = %s ORDER BY id",
            [walk.workspace_id, number],
        )
        return cursor.fetchall()


def rows_kept(walk: Walk, number: int) -> int:
    """Members of all computes of a segment that ClickHouse holds."""
    statement = "SELECT count() FROM segment_members WHERE workspace = {w:UInt64} AND segment = {s:UInt64}"
    return walk.services.mirror.query(statement, {"w": walk.workspace_id, "s": number})[0][0]


def work_and_die(walk: Walk, number: int, monkeypatch, *, before: str) -> None:
    """A worker that is killed when it comes to this step of a compute."""

    def die(*_):
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(f"chalicelib.segments.compute.{before}", die)
        with pytest.raises(Killed):
            work(walk, number)


# One set or the other -------------------------------------------------------------------------------------------------


def test_readers_see_one_whole_set_or_another_while_products_change_and_two_computes_race(walk):
    def shown(parity: int):
        return [row(number, title="on" if number % 2 == parity else "off") for number in range(300)]

    whole = {parity: [f"SKU-{number:05d}" for number in range(300) if number % 2 == parity] for parity in (0, 1)}
    walk.import_rows(shown(0))
    number = make(walk, ON)
    compute_now(walk, number)
    done = threading.Event()

    def flip() -> None:
        for turn in range(1, 9):
            walk.import_rows(shown(turn % 2))
            ask(walk, number)
        done.set()

    def keep_computing() -> int:
        turns = 0
        while not done.is_set() or segment(walk, number).requested > segment(walk, number).answered:
            ask(walk, number)
            work(walk, number)
            turns += 1
        return turns

    def keep_reading() -> list[list[str]]:
        reads = []
        while not done.is_set():
            reads.append(skus(walk, number, limit=40))
        return reads

    with ThreadPoolExecutor(5) as threads:
        computing = [threads.submit(keep_computing) for _ in range(2)]
        reading = [threads.submit(keep_reading) for _ in range(2)]
        threads.submit(flip).result()
        reads = [read for each in reading for read in each.result()]
        assert sum(each.result() for each in computing) > 8
    assert len(reads) > 8
    assert all(read in (whole[0], whole[1]) for read in reads)
    assert len({tuple(read) for read in reads}) == 2
    compute_now(walk, number)
    assert skus(walk, number) == whole[0]


def test_a_page_begun_before_a_swap_goes_on_in_its_own_set(walk):
    walk.import_rows([row(number, title="on") for number in range(10)])
    number = make(walk, ON)
    compute_now(walk, number)
    first = members.page(walk.services, walk.workspace_id, number, cursor=0, limit=4)
    walk.import_rows([row(number, title="off") for number in range(0, 10, 2)])
    compute_now(walk, number)
    rest = members.page(walk.services, walk.workspace_id, number, cursor=first.next_cursor, limit=100)
    assert [each.sku for each in [*first.members, *rest.members]] == [f"SKU-{number:05d}" for number in range(10)]
    assert len(skus(walk, number)) == 5


def test_skus_are_walked_through_in_order_in_batches(walk, monkeypatch):
    monkeypatch.setattr("chalicelib.segments.members._BATCH", 7)
    walk.import_rows([row(number) for number in range(30)])
    number = make(walk)
    assert list(members.iterate_skus(walk.services, walk.workspace_id, segment(walk, number))) == []
    compute_now(walk, number)
    batches = list(members.iterate_skus(walk.services, walk.workspace_id, segment(walk, number)))
    assert [len(batch) for batch in batches] == [7, 7, 7, 7, 2]
    assert [sku for batch in batches for sku in batch] == [f"SKU-{number:05d}" for number in range(30)]


# Done once ------------------------------------------------------------------------------------------------------------


def test_what_is_asked_for_twice_before_it_begins_is_one_message_and_one_compute(walk, embedded):
    number = make(walk)
    for _ in range(3):
        ask(walk, number)
    assert asked(walk, embedded) == [number]
    work(walk, number)
    work(walk, number)
    assert len(ledger(walk, number)) == 1
    assert status(walk, number) is SegmentStatus.READY


def test_what_is_asked_for_during_a_compute_is_done_after_it(walk, embedded, monkeypatch):
    number = make(walk)
    ask(walk, number)
    messages(walk, embedded)
    settle = walk.services.mirror.query

    def asking_meanwhile(*arguments):
        monkeypatch.undo()
        assert status(walk, number) is SegmentStatus.COMPUTING
        ask(walk, number)
        ask(walk, number)
        work(walk, number)
        assert messages(walk, embedded) == []
        return settle(*arguments)

    monkeypatch.setattr(walk.services.mirror, "query", asking_meanwhile)
    work(walk, number)
    assert status(walk, number) is SegmentStatus.QUEUED
    assert asked(walk, embedded) == [number]
    work(walk, number)
    assert status(walk, number) is SegmentStatus.READY
    assert [finished for _, finished, _, _ in ledger(walk, number)] == [True, True]


def test_a_definition_with_thousands_of_skus_is_computed(walk):
    walk.import_rows([row(number) for number in range(20)])
    listed = [f"SKU-{number:05d}" for number in range(10, 10_010)]
    number = make(walk, {"conditions": [{"type": "sku_list", "value": listed}] * 3})
    compute_now(walk, number)
    assert skus(walk, number) == listed[:10]


def test_many_workers_told_at_once_compute_once(walk):
    walk.import_rows([row(number) for number in range(50)])
    number = make(walk)
    ask(walk, number)
    together = threading.Barrier(6)

    def told() -> None:
        together.wait()
        work(walk, number)

    with ThreadPoolExecutor(6) as workers:
        for each in [workers.submit(told) for _ in range(6)]:
            each.result()
    assert len(ledger(walk, number)) == 1
    assert len(skus(walk, number)) == 50
    assert rows_kept(walk, number) == 50


def test_a_definition_changed_during_a_compute_stays_due(walk, monkeypatch):
    number = make(walk)
    ask(walk, number)
    query = walk.services.mirror.query

    def changing_meanwhile(*arguments):
        monkeypatch.undo()
        manage.change(walk.services, walk.workspace_id, number, SegmentChange(definition=ON))
        return query(*arguments)

    monkeypatch.setattr(walk.services.mirror, "query", changing_meanwhile)
    work(walk, number)
    computed = segment(walk, number)
    assert computed.computed_definition == computed.definition_version - 1
    assert computed.due_at <= walk.services.now()


def test_a_definition_mended_during_a_compute_that_fails_stays_due(walk, monkeypatch):
    number = make(walk)
    ask(walk, number)
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        cursor.execute('UPDATE segments SET definition = \'{"property": "gone"}\' WHERE id = %s', [number])

    def mending_meanwhile(*_):
        manage.change(walk.services, walk.workspace_id, number, SegmentChange(definition=ON))

    monkeypatch.setattr("chalicelib.segments.compute.settle", mending_meanwhile)
    work(walk, number)
    failed = segment(walk, number)
    assert status(walk, number) is SegmentStatus.FAILED
    assert "property" in failed.last_error
    assert failed.due_at <= walk.services.now()


def test_a_segment_that_is_switched_on_again_is_due_at_once_for_it_may_have_missed_changes(walk):
    number = make(walk)
    compute_now(walk, number)
    for off, on in (
        (SegmentChange(is_active=False), SegmentChange(is_active=True)),
        (SegmentChange(refresh_interval=0), SegmentChange(refresh_interval=60)),
    ):
        assert manage.change(walk.services, walk.workspace_id, number, off).due_at is None
        assert manage.change(walk.services, walk.workspace_id, number, on).due_at <= walk.services.now()


# Nothing lost ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["settle", "_swap"])
def test_a_worker_killed_before_or_after_writing_leaves_the_old_set_and_the_tick_has_it_computed(
    walk, embedded, monkeypatch, step
):
    walk.import_rows([row(1), row(2)])
    number = make(walk)
    compute_now(walk, number)
    walk.import_rows([row(3)])
    ask(walk, number)
    messages(walk, embedded)
    work_and_die(walk, number, monkeypatch, before=step)
    assert status(walk, number) is SegmentStatus.COMPUTING
    assert skus(walk, number) == ["SKU-00001", "SKU-00002"]
    work(walk, number)
    assert len(ledger(walk, number)) == 2, "a lease that is alive is not taken over"

    after = later(walk, walk.services.settings.segment_lease_seconds + 1)
    assert status(after, number) is SegmentStatus.QUEUED
    assert refresh.ask_forgotten(after.services) >= 1
    assert asked(walk, embedded) == [number]
    work(after, number)
    assert status(after, number) is SegmentStatus.READY
    assert skus(walk, number) == ["SKU-00001", "SKU-00002", "SKU-00003"]
    assert [(finished, replaced) for _, finished, replaced, _ in ledger(walk, number)] == [
        (True, True),
        (False, True),
        (True, False),
    ]


def test_a_message_that_comes_again_after_its_worker_died_is_enough(walk, monkeypatch):
    number = make(walk)
    ask(walk, number)
    work_and_die(walk, number, monkeypatch, before="_swap")
    after = later(walk, walk.services.settings.segment_lease_seconds + 1)
    work(after, number)
    assert status(after, number) is SegmentStatus.READY


def test_a_worker_whose_lease_ran_out_cannot_swap_its_set_in(walk, monkeypatch):
    walk.import_rows([row(1)])
    number = make(walk)
    ask(walk, number)
    swap = "chalicelib.segments.compute._swap"
    late: list = []
    with monkeypatch.context() as slow:
        slow.setattr(swap, lambda *arguments: late.append(arguments))
        work(walk, number)
    walk.import_rows([row(2)])
    after = later(walk, walk.services.settings.segment_lease_seconds + 1)
    work(after, number)
    from chalicelib.segments.compute import _swap

    _swap(*late[0])
    assert skus(walk, number) == ["SKU-00001", "SKU-00002"]
    assert segment(walk, number).computed_count == 2


def test_lost_work_is_asked_for_again_at_a_start(walk, embedded, monkeypatch):
    number, waiting = make(walk), make(walk)
    ask(walk, number)
    ask(walk, waiting)
    work_and_die(walk, number, monkeypatch, before="_swap")
    messages(walk, embedded)
    refresh.requeue_lost(walk.services)
    assert sorted(asked(walk, embedded)) == [number, waiting]
    work(walk, number)
    assert status(walk, number) is SegmentStatus.READY


def test_while_clickhouse_is_away_a_segment_waits_and_says_why(walk):
    walk.import_rows([row(1)])
    number = make(walk)
    compute_now(walk, number)
    away = walk.with_services(mirror=Mirror("http://127.0.0.1:9/default", timeout_seconds=1))
    away.import_rows([row(2)])
    ask(walk, number)
    with pytest.raises(Unavailable):
        work(away, number)
    waiting = segment(walk, number)
    assert (status(walk, number), waiting.running_compute) == (SegmentStatus.QUEUED, None)
    assert "ClickHouse" in waiting.last_error
    work(walk, number)
    assert status(walk, number) is SegmentStatus.READY
    assert segment(walk, number).last_error == ""
    assert skus(walk, number) == ["SKU-00001", "SKU-00002"]


def test_a_compute_that_keeps_failing_says_so_once_its_message_is_dead(walk, embedded):
    number = make(walk)
    ask(walk, number)
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        cursor.execute("UPDATE segments SET last_error = 'ClickHouse did not answer.' WHERE id = %s", [number])
    assert triggers.dead_segments(
        _event({"do": "compute", "workspace": walk.workspace_id, "segment": number}), None
    ) == {"batchItemFailures": []}
    dead = segment(walk, number)
    assert status(walk, number) is SegmentStatus.FAILED
    assert dead.last_error == "Computing failed 5 times: ClickHouse did not answer."
    assert dead.due_at > walk.services.now()
    compute_now(walk, number)
    assert triggers.dead_segments(
        _event({"do": "compute", "workspace": walk.workspace_id, "segment": number}), None
    ) == {"batchItemFailures": []}
    assert status(walk, number) is SegmentStatus.READY, "a message that died after the work was done changes nothing"
    assert triggers.dead_segments(_event({"do": "refresh", "workspace": walk.workspace_id}), None) == {
        "batchItemFailures": []
    }


def test_a_compute_that_died_is_tried_again_within_the_hour_however_long_the_interval(walk):
    number = make(walk, every=525_600)
    ask(walk, number)
    triggers.dead_segments(_event({"do": "compute", "workspace": walk.workspace_id, "segment": number}), None)
    assert status(walk, number) is SegmentStatus.FAILED
    assert segment(walk, number).due_at <= walk.services.now() + timedelta(hours=1)


def test_a_segment_deleted_during_its_compute_leaves_nothing_behind(walk, embedded, monkeypatch):
    walk.import_rows([row(1)])
    number = make(walk)
    ask(walk, number)
    messages(walk, embedded)
    swap = "chalicelib.segments.compute._swap"
    late: list = []
    with monkeypatch.context() as slow:
        slow.setattr(swap, lambda *arguments: late.append(arguments))
        work(walk, number)
    manage.delete(walk.services, walk.workspace_id, number)
    from chalicelib.segments.compute import _swap

    _swap(*late[0])
    work(walk, number)
    assert messages(walk, embedded) == []
    assert rows_kept(walk, number) == 1
    sweep.drop_computes(later(walk, walk.services.settings.compute_kept_seconds + 1_000).services)
    assert (rows_kept(walk, number), ledger(walk, number)) == (0, [])


def test_while_postgresql_is_away_at_the_swap_the_old_set_stays_and_the_segment_is_computed_later(
    walk, embedded, monkeypatch
):
    walk.import_rows([row(1)])
    number = make(walk)
    compute_now(walk, number)
    walk.import_rows([row(2)])
    ask(walk, number)
    messages(walk, embedded)

    def away(*_, **__):
        raise Unavailable("The database did not answer; trying again may help.")

    with monkeypatch.context() as outage:
        outage.setattr("chalicelib.store.segments.swap", away)
        outage.setattr("chalicelib.store.segments.let_go", away)
        with pytest.raises(Unavailable):
            work(walk, number)
    assert (status(walk, number), skus(walk, number)) == (SegmentStatus.COMPUTING, ["SKU-00001"])
    work(walk, number)
    assert len(ledger(walk, number)) == 2, "its message comes again while the lease is alive: that is left to the tick"
    after = later(walk, walk.services.settings.segment_lease_seconds + 1)
    assert status(after, number) is SegmentStatus.QUEUED
    refresh.ask_forgotten(after.services)
    assert asked(walk, embedded) == [number]
    work(after, number)
    assert (status(after, number), segment(walk, number).last_error) == (SegmentStatus.READY, "")
    assert skus(walk, number) == ["SKU-00001", "SKU-00002"]


def test_an_unknown_message_is_shown_again(walk):
    body = {"do": "dance", "workspace": walk.workspace_id}
    assert triggers.compute_segments(_event(body), None) == {"batchItemFailures": [{"itemIdentifier": "message-1"}]}


# By themselves --------------------------------------------------------------------------------------------------------


def test_an_import_refreshes_the_segments_that_read_what_it_wrote_without_the_clock(walk, embedded):
    walk.import_rows([row(1)])
    numbers = [
        make(walk, {"property": "price", "operator": "gt", "value": 5, "value_type": "number"}),
        make(walk, {"property": "supplier_code", "operator": "is_set"}),
        make(walk, is_active=False),
        make(walk, every=0),
    ]
    for number in numbers:
        compute_now(walk, number)
    deliver(walk, embedded)
    before = [segment(walk, number).last_computed_at for number in numbers]
    walk.import_rows([row(1, price="1.00")])
    deliver(walk, embedded)
    assert [segment(walk, number).last_computed_at > at for number, at in zip(numbers, before, strict=True)] == [
        True,
        False,
        False,
        False,
    ]
    assert skus(walk, numbers[0]) == []
    walk.import_rows([row(2)])
    deliver(walk, embedded)
    assert [segment(walk, number).last_computed_at > at for number, at in zip(numbers, before, strict=True)] == [
        True,
        True,
        False,
        False,
    ], "products came: every set may be another"


def test_an_edit_refreshes_the_segments_that_read_its_field_without_the_clock(walk, embedded):
    walk.import_rows([row(1), row(2)])
    by_name, by_price = make(walk, ON), make(walk, {"property": "price", "operator": "is_set"})
    for number in (by_name, by_price):
        compute_now(walk, number)
    deliver(walk, embedded)
    before = segment(walk, by_price).last_computed_at
    product = walk.by_sku()["SKU-00002"]
    products.change(walk.services, walk.workspace_id, product.id, name="on", given={})
    deliver(walk, embedded)
    assert skus(walk, by_name) == ["SKU-00002"]
    assert segment(walk, by_price).last_computed_at == before
    products.delete(walk.services, walk.workspace_id, product.id)
    deliver(walk, embedded)
    assert skus(walk, by_name) == []
    assert skus(walk, by_price) == ["SKU-00001"]


def test_another_currency_or_locale_refreshes_the_segments_whose_conditions_it_reads_otherwise(walk, embedded):
    walk.import_rows([row(1, price="1.50"), row(2, price="1500")])
    text, price = make(walk, ON), make(walk, {"property": "price", "operator": "gt", "value": "1.234"})
    for number in (text, price):
        compute_now(walk, number)
    deliver(walk, embedded)
    before = segment(walk, text).last_computed_at
    assert skus(walk, price) == ["SKU-00001", "SKU-00002"]
    for currency, locale, expected in (("EUR", "de_DE", ["SKU-00002"]), ("USD", "de_DE", [])):
        replace_schema(
            walk.services,
            walk.workspace_id,
            SCHEMA,
            default_currency=currency,
            default_locale=locale,
            force=False,
        )
        deliver(walk, embedded)
        assert skus(walk, price) == expected
    assert segment(walk, text).last_computed_at == before


def test_segments_that_read_members_follow_when_the_members_are_others(walk, embedded):
    walk.import_rows([row(1, title="on")])
    inner = make(walk, ON)
    outer = make(walk, {"type": "segment_membership", "operator": "in", "value": [inner]})
    outermost = make(walk, {"type": "segment_membership", "operator": "not_in", "value": [outer]})
    by_hand = make(walk, {"type": "segment_membership", "operator": "in", "value": inner}, every=0)
    for number in (inner, outer, outermost, by_hand):
        compute_now(walk, number)
    deliver(walk, embedded)
    assert (skus(walk, outer), skus(walk, outermost)) == (["SKU-00001"], [])
    before = {number: segment(walk, number).last_computed_at for number in (outer, outermost, by_hand)}
    compute_now(walk, inner)
    assert asked(walk, embedded) == [inner], "its members are the same: nobody follows"
    product = walk.by_sku()["SKU-00001"]
    products.change(walk.services, walk.workspace_id, product.id, name="off", given={})
    deliver(walk, embedded)
    assert (skus(walk, outer), skus(walk, outermost)) == ([], ["SKU-00001"])
    assert segment(walk, by_hand).last_computed_at == before[by_hand]


def test_a_change_whose_message_was_lost_is_taken_up_by_the_tick(walk, embedded):
    number = make(walk, ON)
    compute_now(walk, number)
    walk.import_rows([row(1, title="on")])
    messages(walk, embedded)
    refresh.refresh_unheard(walk.services)
    assert asked(walk, embedded) == []
    refresh.refresh_unheard(later(walk, 61).services)
    assert asked(walk, embedded) == [number]
    assert refresh.refresh(walk.services, walk.workspace_id) == 0


def test_an_edit_made_while_changes_are_taken_up_is_announced_by_itself(walk, embedded):
    walk.import_rows([row(1)])
    product = walk.by_sku()["SKU-00001"]
    messages(walk, embedded)
    with walk.services.database.workspace(walk.workspace_id) as taking:
        assert catalog_changes.take(taking, walk.workspace_id).entries
        products.change(walk.services, walk.workspace_id, product.id, name="on", given={})
    assert [each["do"] for each in messages(walk, embedded)] == ["refresh"]


def test_an_edit_during_an_import_does_not_wait_for_its_end(walk, embedded):
    job = walk.with_settings(chunk_rows=1).start([row(1), row(2), row(3)])
    deliver(walk, embedded)
    walk.import_chunks(job, [0])
    assert messages(walk, embedded) == []
    number = make(walk, {"property": "name", "operator": "eq", "value": "on"})
    products.change(walk.services, walk.workspace_id, walk.products()[0].id, name="on", given={})
    assert [each["do"] for each in messages(walk, embedded)] == ["refresh"]
    refresh.refresh(walk.services, walk.workspace_id)
    assert asked(walk, embedded) == [number]


def test_an_edit_committed_while_changes_are_taken_up_is_announced_by_whoever_took_them(walk, embedded):
    walk.import_rows([row(1)])
    products.change(walk.services, walk.workspace_id, walk.products()[0].id, name="on", given={})
    messages(walk, embedded)
    with ThreadPoolExecutor(1) as threads:
        with walk.services.database.workspace(walk.workspace_id) as editing:
            assert not catalog_changes.add(editing, walk.workspace_id, fields={"name"}), "another one waits already"
            taking = threads.submit(refresh.refresh, walk.services, walk.workspace_id)
            blocked(walk)
        taking.result()
    assert [each["do"] for each in messages(walk, embedded)] == ["refresh"]
    refresh.refresh(walk.services, walk.workspace_id)
    assert messages(walk, embedded) == []


def test_a_cancelled_import_announces_what_it_wrote(walk, embedded):
    job = walk.with_settings(chunk_rows=1).start([row(1), row(2)])
    walk.import_chunks(job, [0])
    messages(walk, embedded)
    cancel(walk.services, walk.workspace_id, job.id)
    assert [each["do"] for each in messages(walk, embedded)] == ["refresh"]


def test_a_failed_import_announces_what_it_wrote_and_only_that(walk, embedded):
    for written, announced in (([0], ["refresh"]), ([], [])):
        job = walk.with_settings(chunk_rows=1).start([row(1), row(2)])
        walk.import_chunks(job, written)
        messages(walk, embedded)
        assert fail(walk.services, walk.workspace_id, job.id, "The worker was lost.")
        assert [each["do"] for each in messages(walk, embedded)] == announced


def test_a_workspace_with_hundreds_of_segments_due_keeps_no_other_waiting(walk, other_walk, embedded):
    bounded = walk.with_settings(segments_a_tick=20)
    many, few = [make(walk) for _ in range(30)], [make(other_walk) for _ in range(2)]
    set_due(walk, dict.fromkeys(many, "1981-01-01"))
    set_due(other_walk, dict.fromkeys(few, "1982-01-01"))
    refresh.ask_due(bounded.services)
    waiting = everything(walk, embedded)
    assert {each["segment"] for each in waiting if each["workspace"] == other_walk.workspace_id} == set(few)
    assert 10 <= sum(each["workspace"] == walk.workspace_id for each in waiting) <= 18

    for each, numbers, day in ((walk, many, "1981-01-01"), (other_walk, few, "1982-01-01")):
        with each.services.database.workspace(each.workspace_id) as cursor:
            cursor.execute(
                "UPDATE segments SET requested = answered + 1, requested_at = %s WHERE id = ANY(%s)", [day, numbers]
            )
    refresh.ask_forgotten(bounded.services)
    waiting = everything(walk, embedded)
    assert {each["segment"] for each in waiting if each["workspace"] == other_walk.workspace_id} == set(few)
    assert 10 <= sum(each["workspace"] == walk.workspace_id for each in waiting) <= 18


def test_work_of_the_tick_that_fails_keeps_the_other_work_from_nothing(walk, monkeypatch):
    def fail(_services):
        raise ValueError("unlucky")

    monkeypatch.setitem(triggers._TICK, "reaped", fail)
    number = make(walk)
    set_due(walk, {number: "1980-01-01"})
    done = triggers.tick(scheduled_event("arn:aws:events:eu-west-3:1:rule/tick", walk.services.now(), "an event"), None)
    assert done["reaped"] == 0
    assert segment(walk, number).due_at > walk.services.now()


def test_the_tick_asks_for_what_is_due_the_longest_first_so_many_at_a_time_and_once(walk, embedded):
    numbers = [make(walk, name=f"Segment {each}") for each in range(6)]
    idle = [make(walk, is_active=False), make(walk, every=0)]
    for number in numbers:
        compute_now(walk, number)
    messages(walk, embedded)
    set_due(walk, {number: f"19{70 + 5 - place}-01-01" for place, number in enumerate(numbers)})
    bounded = walk.with_settings(segments_a_tick=4)
    assert refresh.ask_due(bounded.services) == 4
    assert asked(walk, embedded) == sorted(numbers[-4:])
    assert all(segment(walk, number).due_at > walk.services.now() for number in numbers[-4:])
    refresh.ask_due(bounded.services)
    assert asked(walk, embedded) == sorted(numbers[:2])
    set_due(walk, {numbers[0]: "1970-01-01"})
    refresh.ask_due(bounded.services)
    assert asked(walk, embedded) == [], "it waits already"
    assert all(segment(walk, number).due_at is None for number in idle)


def test_a_new_segment_is_due_at_once_and_a_computed_one_after_its_interval(walk):
    number = make(walk, every=5)
    assert segment(walk, number).due_at <= walk.services.now()
    compute_now(walk, number)
    computed = segment(walk, number)
    assert computed.due_at == computed.last_computed_at + timedelta(minutes=5)
    changed = manage.change(walk.services, walk.workspace_id, number, SegmentChange(refresh_interval=30))
    assert changed.due_at == computed.last_computed_at + timedelta(minutes=30)
    assert manage.change(walk.services, walk.workspace_id, number, SegmentChange(name="x")).due_at == changed.due_at
    assert manage.change(walk.services, walk.workspace_id, number, SegmentChange(refresh_interval=0)).due_at is None
    manage.change(walk.services, walk.workspace_id, number, SegmentChange(refresh_interval=30))
    other = manage.change(walk.services, walk.workspace_id, number, SegmentChange(definition=ON))
    assert other.due_at <= walk.services.now()


# Swept ----------------------------------------------------------------------------------------------------------------


def test_replaced_sets_are_kept_for_their_cursors_and_dropped_after(walk):
    walk.import_rows([row(number) for number in range(4)])
    number = make(walk)
    compute_now(walk, number)
    cursor = members.page(walk.services, walk.workspace_id, number, cursor=0, limit=2).next_cursor
    compute_now(walk, number)
    sweep.drop_computes(walk.services)
    assert rows_kept(walk, number) == 8

    kept = walk.services.settings.compute_kept_seconds
    over = later(walk, kept + 1)
    with pytest.raises(InvalidValue, match="begin again"):
        members.page(over.services, walk.workspace_id, number, cursor=cursor, limit=2)
    sweep.drop_computes(over.services)
    assert rows_kept(walk, number) == 8, "who has begun to read may end"
    sweep.drop_computes(later(walk, kept + 1_000).services)
    assert rows_kept(walk, number) == 4
    assert [dropped for *_, dropped in ledger(walk, number)] == [True, False]
    assert len(skus(walk, number)) == 4
    with pytest.raises(InvalidValue, match="begin again"):
        members.page(walk.services, walk.workspace_id, number, cursor=cursor, limit=2)
    sweep.drop_computes(later(walk, YEARS).services)
    assert [dropped for *_, dropped in ledger(walk, number)] == [False], "history ends, the current set does not"
    assert rows_kept(walk, number) == 4


def test_more_sets_than_are_dropped_at_once_are_dropped_in_one_tick(walk, monkeypatch):
    sweep.drop_computes(later(walk, walk.services.settings.compute_kept_seconds + 1_000).services)
    monkeypatch.setattr("chalicelib.segments.sweep._AT_ONCE", 2)
    walk.import_rows([row(1)])
    number = make(walk)
    for _ in range(6):
        compute_now(walk, number)
    sweep.drop_computes(later(walk, walk.services.settings.compute_kept_seconds + 1_000).services)
    assert rows_kept(walk, number) == 1


def test_what_a_dead_worker_left_and_what_a_deleted_segment_held_is_dropped(walk, monkeypatch):
    walk.import_rows([row(1)])
    number, doomed = make(walk), make(walk)
    ask(walk, number)
    work_and_die(walk, number, monkeypatch, before="_swap")
    compute_now(walk, doomed)
    manage.delete(walk.services, walk.workspace_id, doomed)
    after = later(walk, walk.services.settings.segment_lease_seconds + 1)
    work(after, number)
    assert (rows_kept(walk, number), rows_kept(walk, doomed)) == (2, 1)
    sweep.drop_computes(later(walk, walk.services.settings.compute_kept_seconds + 1_000).services)
    assert (rows_kept(walk, number), rows_kept(walk, doomed)) == (1, 0)
    assert ledger(walk, doomed) == []
    assert skus(walk, number) == ["SKU-00001"]


def test_a_compute_nobody_waits_for_any_more_is_dropped_too(walk, monkeypatch):
    walk.import_rows([row(1)])
    number = make(walk)
    ask(walk, number)
    work_and_die(walk, number, monkeypatch, before="_swap")
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        cursor.execute("UPDATE segments SET running_compute = NULL, answered = requested WHERE id = %s", [number])
    lease, kept = walk.services.settings.segment_lease_seconds, walk.services.settings.compute_kept_seconds
    sweep.drop_computes(later(walk, lease + 1).services)
    sweep.drop_computes(later(walk, lease + kept + 1_000).services)
    assert rows_kept(walk, number) == 0


# After the mirror -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sends_it", [True, False])
def test_a_compute_waits_for_whoever_is_sending_products_to_the_mirror(walk, sends_it):
    """The other one is done with the entry, or gave it up: then the set would lack its products."""
    away = walk.with_services(mirror=Mirror("http://127.0.0.1:9/default", timeout_seconds=1))
    away.import_rows([row(1)])
    number = make(walk)
    ask(walk, number)
    with ThreadPoolExecutor(1) as threads:
        with walk.services.database.workspace(walk.workspace_id) as sending:
            entry = outbox.take(sending, walk.workspace_id)
            waiting = threads.submit(work, walk, number)
            blocked(walk)
            assert not waiting.done()
            if sends_it:
                walk.services.mirror.insert(outbox.lines(sending, walk.workspace_id, entry))
                outbox.remove(sending, walk.workspace_id, entry)
        if sends_it:
            waiting.result()
            assert skus(walk, number) == ["SKU-00001"]
        else:
            with pytest.raises(Unavailable):
                waiting.result()
    if not sends_it:
        work(walk, number)
        assert skus(walk, number) == ["SKU-00001"]


def blocked(walk: Walk) -> None:
    """Return once a transaction waits for another's lock."""
    while True:
        with walk.services.database.workspace(walk.workspace_id) as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone() != (0,):
                return


# Found by their indexes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "values", "index"),
    [
        ("due", {"now": "2020-01-01", "limit": 10}, "segments_due"),
        ("forgotten", {"now": "2020-01-01", "before": "2020-01-01", "limit": 10}, "segments_asked"),
        ("replaced", {"before": "2020-01-01", "limit": 10}, "segment_computes_replaced"),
        ("abandoned", {"before": "2020-01-01", "limit": 10}, "segment_computes_replaced"),
        ("dropped", {"before": "2020-01-01", "limit": 10}, "segment_computes_dropped"),
    ],
)
def test_the_sweep_looks_at_what_is_due_only(walk, statement, values, index):
    with walk.services.database.sweep() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN " + SEGMENTS[statement], values)
        plan = "\n".join(line for (line,) in cursor)
    assert f"using {index}" in plan or f"on {index}" in plan


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        ("page", {"segment": 1, "compute": 1, "limit": 50, "offset": 0}),
        ("after", {"segment": 1, "compute": 1, "limit": 50, "after": "A"}),
        ("holding", {"segments": [1, 2], "computes": [1, 2], "sku": "A"}),
        ("differs", {"segment": 1, "computes": [1, 2]}),
    ],
)
def test_members_are_found_by_their_key(walk, statement, values):
    walk.import_rows([row(number) for number in range(20)])
    number = make(walk)
    compute_now(walk, number)
    asked = {**values, "workspace": walk.workspace_id}
    plan = walk.services.mirror.query("EXPLAIN indexes = 1 " + MEMBERSHIPS[statement], asked)
    text = "\n".join(line for (line,) in plan)
    assert "PrimaryKey" in text
    keys = {"workspace", "segment", "compute"} | ({"sku"} & values.keys() | ({"sku"} if "after" in values else set()))
    assert all(key in text.split("Condition")[0] for key in keys), text


# Side by side ---------------------------------------------------------------------------------------------------------


def test_two_changes_at_once_close_no_circle(walk):
    def read(other: int):
        return {"type": "segment_membership", "operator": "in", "value": [other]}

    for _ in range(8):
        first, second = make(walk), make(walk)
        together = threading.Barrier(2)

        def change(number: int, other: int, together=together) -> bool:
            together.wait()
            try:
                manage.change(walk.services, walk.workspace_id, number, SegmentChange(definition=read(other)))
            except InvalidValue:
                return False
            return True

        with ThreadPoolExecutor(2) as threads:
            outcomes = [threads.submit(change, first, second), threads.submit(change, second, first)]
            assert sorted(each.result() for each in outcomes) == [False, True]


def test_a_segment_is_not_deleted_while_another_begins_to_read_it(walk):
    for _ in range(8):
        inner, outer = make(walk), make(walk)
        together = threading.Barrier(2)

        def read(inner=inner, outer=outer, together=together) -> bool:
            together.wait()
            definition = {"type": "segment_membership", "operator": "in", "value": [inner]}
            try:
                manage.change(walk.services, walk.workspace_id, outer, SegmentChange(definition=definition))
            except InvalidValue:
                return False
            return True

        def delete(inner=inner, together=together) -> bool:
            together.wait()
            try:
                manage.delete(walk.services, walk.workspace_id, inner)
            except Conflict:
                return False
            return True

        with ThreadPoolExecutor(2) as threads:
            outcomes = [threads.submit(read), threads.submit(delete)]
            assert sorted(each.result() for each in outcomes) == [False, True]


def test_the_same_segments_live_in_two_workspaces_side_by_side(walk, other_walk, embedded):
    walk.import_rows([row(number) for number in range(3)])
    other_walk.import_rows([row(number) for number in range(5)])
    ours, theirs = make(walk), make(other_walk)
    compute_now(walk, ours)
    compute_now(other_walk, theirs)
    assert (len(skus(walk, ours)), len(skus(other_walk, theirs))) == (3, 5)
    refresh.ask_due(later(walk, YEARS).services)
    sweep.drop_computes(later(walk, YEARS).services)
    assert (len(skus(walk, ours)), len(skus(other_walk, theirs))) == (3, 5)


def set_due(walk: Walk, due: dict[int, str]) -> None:
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        for number, day in due.items():
            cursor.execute("UPDATE segments SET due_at = %s WHERE id = %s", [f"{day}T00:00:00Z", number])


def _event(message: dict) -> dict:
    return {
        "Records": [
            {
                "messageId": "message-1",
                "receiptHandle": "gone",
                "body": json.dumps(message),
                "attributes": {"ApproximateReceiveCount": "1"},
                "eventSource": "aws:sqs",
            }
        ]
    }
