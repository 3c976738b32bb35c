"""Products written by many at once: nothing is lost, nothing waits for ever, and the mirror agrees at the end."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from chalicelib.catalog import facets, listing, mirror, products
from chalicelib.catalog.listing import ListQuery, Narrowing
from chalicelib.catalog.products import BulkItem
from chalicelib.errors import Conflict, NotFound, PreconditionFailed, Unavailable
from chalicelib.imports.import_chunk import import_chunk
from chalicelib.store import catalog_changes, schemas
from chalicelib.store import products as stored_products
from chalicelib.store.mirror import Mirror
from tests.walk import Walk, row


def at_once(works: Sequence[Callable[[], Any]]) -> list[Any]:
    """What each answers or raises, all begun together."""
    barrier = threading.Barrier(len(works))

    def begin(work: Callable[[], Any]) -> Any:
        barrier.wait()
        return work()

    with ThreadPoolExecutor(len(works)) as workers:
        begun = [workers.submit(begin, work) for work in works]
    return [each.exception() or each.result() for each in begun]


def create(walk: Walk, sku: str, **given: Any) -> products.PrintedProduct:
    return products.create(walk.services, walk.workspace_id, sku=sku, name=f"Product {sku}", given=given)


def change(walk: Walk, product_id: int, **given: Any) -> products.PrintedProduct:
    return products.change(walk.services, walk.workspace_id, product_id, name=None, given=given)


def delete(walk: Walk, product_id: int) -> None:
    products.delete(walk.services, walk.workspace_id, product_id)


def bulk(walk: Walk, skus: Sequence[str], **given: Any) -> products.BulkDone:
    items = [BulkItem(sku, f"Product {sku}", given, {}) for sku in skus]
    return products.bulk(walk.services, walk.workspace_id, items)


def count(walk: Walk) -> int:
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        return catalog_changes.count(cursor, walk.workspace_id)


def assert_all_agree(walk: Walk) -> None:
    """The kept count, PostgreSQL and ClickHouse say the same."""
    mirror.drain(walk.services, walk.workspace_id)
    assert count(walk) == len(walk.products())
    walk.assert_mirror_agrees()


# Changes --------------------------------------------------------------------------------------------------------------


def test_of_two_changes_of_one_version_one_wins(walk):
    made = create(walk, "A").product

    def write(number: int) -> Any:
        return products.change(
            walk.services, walk.workspace_id, made.id, name=None, given={"n": number}, versions={made.version}
        )

    outcomes = at_once([lambda: write(1), lambda: write(2)])
    lost = [each for each in outcomes if isinstance(each, PreconditionFailed)]
    [won] = [each for each in outcomes if isinstance(each, products.PrintedProduct)]
    assert len(lost) == 1
    assert walk.products()[0].data == won.product.data


def test_changes_of_different_fields_at_once_are_all_kept(walk):
    made = create(walk, "A").product
    outcomes = at_once([lambda field=f"field_{n}", n=n: change(walk, made.id, **{field: n}) for n in range(8)])
    assert [each for each in outcomes if isinstance(each, Exception)] == []
    assert walk.products()[0].data == {f"field_{number}": number for number in range(8)}
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        schema = schemas.read(cursor, walk.workspace_id)
    assert schema.by_name.keys() == {f"field_{number}" for number in range(8)}
    assert_all_agree(walk)


def test_of_two_products_with_one_sku_or_ean_one_is_made(walk):
    outcomes = at_once([lambda: create(walk, "A"), lambda: create(walk, "A")])
    assert {type(each) for each in outcomes} == {Conflict, products.PrintedProduct}
    ean = "4006381333931"
    outcomes = at_once([lambda: create(walk, "B", ean=ean), lambda: create(walk, "C", ean=ean)])
    assert {type(each) for each in outcomes} == {Conflict, products.PrintedProduct}
    assert_all_agree(walk)


def test_bulk_calls_with_the_same_skus_in_opposite_orders_do_not_stand_in_each_others_way(walk):
    skus = [f"S{number:03d}" for number in range(200)]
    for turn in range(5):
        outcomes = at_once(
            [
                lambda turn=turn: bulk(walk, skus, left=turn, **{f"l{turn}": "x"}),
                lambda turn=turn: bulk(walk, skus[::-1], right=turn, **{f"r{turn}": "x"}),
            ]
        )
        assert [each for each in outcomes if isinstance(each, Exception)] == []
        assert sum(each.created for each in outcomes) == (200 if turn == 0 else 0)
    assert all(each.data["left"] == each.data["right"] == 4 for each in walk.products())
    assert_all_agree(walk)


def test_edits_beside_a_running_import_lose_no_field(walk):
    rows = [row(number) for number in range(600)]
    small = walk.with_settings(chunk_rows=100)
    small.import_rows(rows)
    job = small.start([row(number, price="5.55") for number in range(600)])
    edited = walk.products()[::7]

    def edit() -> None:
        for product in edited:
            change(walk, product.id, note="by hand")

    outcomes = at_once(
        [
            edit,
            lambda: [
                import_chunk(walk.services, walk.workspace_id, job.id, job.run, n) for n in range(job.chunk_count)
            ],
            lambda: bulk(walk, [product.sku for product in walk.products()[::5]], stock=5),
        ]
    )
    assert [each for each in outcomes if isinstance(each, Exception)] == []
    after = walk.by_sku()
    assert all(str(product.data["price"]["amount"]) == "5.55" for product in after.values())
    assert all(after[product.sku].data["note"] == "by hand" for product in edited)
    assert sum("stock" in product.data for product in after.values()) == 120
    assert_all_agree(walk)


def test_an_edit_makes_the_next_import_write_the_row_again(walk):
    walk.import_rows([row(1), row(2)])
    first = walk.products()[0]
    change(walk, first.id, price="1.00")
    job = walk.import_rows([row(1), row(2)])
    assert (job.counters.updated, job.counters.unchanged) == (1, 1)
    assert str(walk.by_sku()[first.sku].data["price"]["amount"]) == "9.90"


# Deletions ------------------------------------------------------------------------------------------------------------


def test_deleted_and_made_again_in_any_order_the_mirror_agrees(walk):
    def make(turn: int) -> None:
        try:
            create(walk, "A")
        except Conflict:
            bulk(walk, ["A"], n=turn)

    def take_away(_turn: int) -> None:
        for product in walk.products():
            try:
                delete(walk, product.id)
            except NotFound:
                continue

    for turn in range(40):
        outcomes = at_once([lambda work=work, turn=turn: work(turn) for work in (make, take_away, make, take_away)])
        assert [each for each in outcomes if isinstance(each, Exception)] == []
        assert_all_agree(walk)


@pytest.mark.parametrize("maker", ["bulk", "import"])
def test_who_makes_a_product_anew_comes_after_its_tombstone(walk, embedded, maker):
    """Three at one product: an edit holds it, a deletion waits for the edit, and an upsert for the deletion.

    Were it to draw its version before it waits, the tombstone would carry the higher one and bury the new product.
    """
    walk.import_rows([row(1)])
    [product] = walk.products()
    job = walk.start([row(1, price="5.55")])
    makers: dict[str, Callable[[], Any]] = {
        "bulk": lambda: bulk(walk, [product.sku]),
        "import": lambda: import_chunk(walk.services, walk.workspace_id, job.id, job.run, 0),
    }
    with ThreadPoolExecutor(2) as workers:
        with walk.services.database.workspace(walk.workspace_id) as cursor:
            assert stored_products.lock(cursor, walk.workspace_id, product.id)
            deletion = workers.submit(delete, walk, product.id)
            wait_for_waiting(embedded, 1)
            upsert = workers.submit(makers[maker])
            wait_for_waiting(embedded, 2)
        deletion.result(timeout=30)
        upsert.result(timeout=30)
    [made] = walk.products()
    assert (made.sku, made.id != product.id) == (product.sku, True)
    assert_all_agree(walk)


def wait_for_waiting(embedded: Any, transactions: int) -> None:
    """Until so many transactions wait for a lock."""
    with psycopg.connect(embedded.database_admin_url, autocommit=True) as connection:
        waiting = 0
        while waiting < transactions:
            found = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            ).fetchone()
            assert found
            [waiting] = found


# Lists ----------------------------------------------------------------------------------------------------------------


def test_a_list_that_needs_the_mirror_says_so_when_it_is_away(walk):
    create(walk, "A", brand="Nike")
    away = walk.with_services(mirror=Mirror("http://127.0.0.1:1/default", timeout_seconds=1))
    with pytest.raises(Unavailable):
        listing.list_products(away.services, walk.workspace_id, ListQuery(Narrowing({"brand": "Nike"})))
    with pytest.raises(Unavailable):
        facets.counted(away.services, walk.workspace_id, Narrowing())
    page = listing.list_products(away.services, walk.workspace_id, ListQuery())
    assert [product.sku for product in page.products] == ["A"]


def test_a_mirror_that_was_away_catches_up_before_it_is_asked(walk):
    away = walk.with_services(mirror=Mirror("http://127.0.0.1:1/default", timeout_seconds=1))
    create(away, "A", brand="Nike")
    assert walk.outbox_depth() == 1
    asked = ListQuery(Narrowing({"brand": "Nike"}))
    assert listing.list_products(walk.services, walk.workspace_id, asked).count == 0
    since = ListQuery(Narrowing(updated_since=datetime(2026, 1, 1, tzinfo=UTC)))
    assert listing.list_products(walk.services, walk.workspace_id, since).count == 1
    create(away, "B", brand="Nike")
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        cursor.execute("UPDATE mirror_outbox SET created_at = now() - interval '6 seconds'")
    assert listing.list_products(walk.services, walk.workspace_id, asked).count == 2
    assert walk.outbox_depth() == 0


def test_what_a_running_transaction_will_bring_is_not_passed_over(walk):
    """``synced_until`` stays behind the start of a transaction that has written and not committed."""
    made = create(walk, "A").product
    since = Narrowing(updated_since=datetime.now(UTC) - timedelta(hours=1))
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        stored_products.change(cursor, walk.workspace_id, made.id, name="Late", ean=None, data=b"{}", removed=())
        page = listing.list_products(walk.services, walk.workspace_id, ListQuery(since))
        cursor.execute("INSERT INTO mirror_outbox (workspace_id, skus) VALUES (%s, %s)", [walk.workspace_id, ["A"]])
    later = Narrowing(updated_since=page.synced_until)
    found = listing.list_products(walk.services, walk.workspace_id, ListQuery(later))
    assert [product.name for product in found.products] == ["Late"]


def test_an_entry_that_another_is_sending_holds_the_moment_back(walk):
    away = walk.with_services(mirror=Mirror("http://127.0.0.1:1/default", timeout_seconds=1))
    made = create(away, "A").product
    since = Narrowing(updated_since=datetime(2026, 1, 1, tzinfo=UTC))
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        cursor.execute("SELECT id FROM mirror_outbox FOR UPDATE")
        page = listing.list_products(walk.services, walk.workspace_id, ListQuery(since))
    assert page.count == 0
    assert page.synced_until == made.updated_at
    again = listing.list_products(
        walk.services, walk.workspace_id, ListQuery(Narrowing(updated_since=page.synced_until))
    )
    assert [product.sku for product in again.products] == ["A"]


@pytest.mark.parametrize("sort", ["id", "-id"])
def test_any_page_by_number_is_the_same_from_both_ends(walk, sort):
    bulk(walk, [f"S{number:02d}" for number in range(23)])
    ids = [product.id for product in walk.products()][:: -1 if sort == "-id" else 1]
    for page_size in (1, 4, 23, 50):
        for page in range(1, 25):
            asked = ListQuery(sort=sort, page=page, page_size=page_size)
            found = listing.list_products(walk.services, walk.workspace_id, asked)
            assert [product.id for product in found.products] == ids[(page - 1) * page_size : page * page_size]
            assert found.count == 23


def test_facets_are_bounded(walk):
    items = [
        BulkItem(f"S{n:04d}", "S", {"kind": f"kind {n:03d}" if n < 150 else "common", "prose": "long " * 60}, {})
        for n in range(400)
    ]
    products.bulk(walk.services, walk.workspace_id, items)
    sampled = facets.sampled(walk.services, walk.workspace_id)
    assert sampled["kind"] == facets.counted(walk.services, walk.workspace_id, Narrowing())["kind"]
    assert [each.value for each in sampled["kind"][:2]] == ["common", "kind 000"]
    assert sampled["kind"][0].count == 250
    assert len(sampled["kind"]) == 100
    assert sampled["prose"] == []
