"""An import is undone: what it made goes, what it changed is as it was, and what is newer stays and is told of."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import orjson
import psycopg
import pytest

from chalicelib import triggers
from chalicelib.catalog import pending_eans, products
from chalicelib.catalog.products import PrintedProduct
from chalicelib.errors import Conflict, IllegalTransition, NotFound
from chalicelib.imports import control
from chalicelib.imports.control import cancel, retry
from chalicelib.imports.dispatch import dispatch
from chalicelib.imports.finish import fail
from chalicelib.imports.recover import reap
from chalicelib.imports.undo import forget_old, undo, undo_part, undone
from chalicelib.model.import_job import FINISHED, ImportJob, JobKind, JobState
from chalicelib.model.outcomes import Undone
from chalicelib.model.row_error import ErrorType, Severity
from chalicelib.store import catalog_changes, chunks, schemas
from chalicelib.store.sql import load_statements
from tests.walk import HEADERS, Row, Walk, csv_file, row

A, B, C = (row(number)[1] for number in (901, 902, 903))
"""Barcodes that no other row has."""


@pytest.fixture
def walk(walk: Walk) -> Walk:
    """Chunks of ten rows, so that a small file has many."""
    return walk.with_settings(chunk_rows=10)


def stored(walk: Walk) -> dict[str, tuple[Any, ...]]:
    """All that an undo must bring back, by sku, as the database writes it."""
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        cursor.execute(
            "SELECT sku, id, ean, name, data::text, raw_data::text, source, supplier_code, job_id FROM products"
        )
        return {each[0]: each[1:] for each in cursor}


def bring_back(walk: Walk, job: ImportJob) -> ImportJob:
    """All steps of an undo, from the asking to its end; the catalogue's count and the mirror agree afterwards."""
    tried = undo(walk.services, walk.workspace_id, job.id, dry_run=True)
    undoing = undo(walk.services, walk.workspace_id, job.id)
    ended = take_parts(walk, undoing)
    assert tried.undone == undone(ended)
    assert tried.is_complete
    assert list(tried.first_conflicts) == walk.findings(ended)[:100]
    assert ended.state is JobState.COMPLETED
    assert ended.counters.processed_rows == ended.total_rows
    agrees(walk)
    return ended


def take_parts(walk: Walk, undoing: ImportJob) -> ImportJob:
    dispatch(walk.services, walk.workspace_id, undoing.id, undoing.run)
    for number in range(undoing.chunk_count):
        undo_part(walk.services, walk.workspace_id, undoing.id, undoing.run, number)
    return walk.job(undoing.id)


def agrees(walk: Walk) -> None:
    walk.assert_mirror_agrees()
    assert walk.outbox_depth() == 0
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        assert catalog_changes.count(cursor, walk.workspace_id) == len(walk.products())


def kept_images(walk: Walk, job: ImportJob) -> int:
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM product_writes WHERE job_id = %(job)s)"
            " + (SELECT count(*) FROM before_images WHERE job_id = %(job)s)",
            {"job": job.id},
        )
        found = cursor.fetchone()
        assert found is not None
        return int(found[0])


def edit(walk: Walk, sku: str, **given: Any) -> PrintedProduct:
    name = given.pop("name", None)
    return products.change(walk.services, walk.workspace_id, walk.by_sku()[sku].id, name=name, given=given)


def cleared(number: int, ean: str, **changed: Any) -> Row:
    """A row with another barcode."""
    return (row(number, **changed)[0], ean, *row(number, **changed)[2:])


# What comes back -----------------------------------------------------------------------------------------------------


def test_products_the_import_made_are_removed(walk):
    job = walk.import_rows(row(number) for number in range(35))
    ended = bring_back(walk, job)
    assert walk.products() == []
    assert undone(ended) == Undone(removed=35, restored=0, conflicts=0)
    assert (ended.kind, ended.undo_of, ended.chunk_count) == (JobKind.UNDO, job.id, 4)
    assert (ended.file_name, ended.import_type) == (job.file_name, job.import_type)
    assert walk.job(job.id).undone_by == ended.id
    assert kept_images(walk, job) == 0


def test_products_the_import_changed_are_as_they_were_to_the_last_character(walk):
    walk.import_ready(
        walk.ready(walk.receive(csv_file([row(number) for number in range(20)]), supplier_code="SUPPLIER_A"))
    )
    edit(walk, "SKU-00003", tags=["by hand"], price="1.50")
    before = stored(walk)
    rows = [row(number, title="Stool", price="2.00") for number in range(10, 25)]
    job = walk.import_ready(walk.ready(walk.receive(csv_file(rows), supplier_code="SUPPLIER_B")))
    assert (job.counters.created, job.counters.updated) == (5, 10)
    assert walk.by_sku()["SKU-00012"].name == "Stool"
    assert undone(bring_back(walk, job)) == Undone(removed=5, restored=10, conflicts=0)
    assert stored(walk) == before


def test_fields_the_schema_no_longer_has_come_back_too(walk):
    walk.import_rows([row(1)])
    before = stored(walk)
    headers = (*HEADERS, "Note")
    job = walk.import_ready(
        walk.ready(
            walk.receive(csv_file([(*row(1, price="3.00"), "new")], headers)),
            {"Code": "sku", "Title": "name", "Price": "price", "Note": "note"},
        )
    )
    assert walk.by_sku()["SKU-00001"].data["note"] == "new"
    bring_back(walk, job)
    assert stored(walk) == before
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        assert "note" in {each.name for each in schemas.read(cursor, walk.workspace_id).fields}


def test_an_import_that_changed_nothing_is_undone_at_once(walk):
    rows = [row(number) for number in range(5)]
    walk.import_rows(rows)
    before = walk.products()
    again = walk.import_rows(rows)
    ended = bring_back(walk, again)
    assert (ended.total_rows, ended.chunk_count) == (0, 0)
    assert walk.products() == before


def test_the_same_file_can_be_imported_again_after_an_undo(walk):
    rows = [row(number) for number in range(25)]
    first = walk.import_rows(rows)
    after_first = {sku: each[1:-1] for sku, each in stored(walk).items()}
    bring_back(walk, first)
    again = walk.import_rows(rows)
    assert again.counters.created == 25
    assert {sku: each[1:-1] for sku, each in stored(walk).items()} == after_first
    bring_back(walk, again)
    assert walk.products() == []


def test_a_restored_product_is_looked_at_anew_by_the_next_import(walk):
    walk.import_rows([row(1)])
    job = walk.import_rows([row(1, title="Stool")])
    bring_back(walk, job)
    again = walk.import_rows([row(1, title="Stool")])
    assert again.counters.updated == 1
    assert walk.by_sku()["SKU-00001"].name == "Stool"


@pytest.mark.parametrize("seed", range(3))
def test_a_product_the_file_has_twice_goes_back_by_both_steps_and_counts_once(walk, seed):
    walk.import_rows([row(number) for number in range(10)])
    before = stored(walk)
    rows = [row(number % 15, title=f"Edition {number}") for number in range(60)]
    job = walk.start(rows)
    order = list(range(job.chunk_count))
    random.Random(seed).shuffle(order)
    walk.import_chunks(job, order, threads=3)
    assert undone(bring_back(walk, job)) == Undone(removed=5, restored=10, conflicts=0)
    assert stored(walk) == before


def test_both_runs_of_a_retried_import_are_undone(walk):
    walk.import_rows([row(number) for number in range(10)])
    before = stored(walk)
    job = walk.start([row(number, title="Stool") for number in range(40)])
    walk.import_chunks(job, [0, 2])
    cancel(walk.services, walk.workspace_id, job.id)
    ended = walk.deliver(retry(walk.services, walk.workspace_id, job.id))
    assert (ended.counters.created, ended.counters.unchanged) == (20, 20)
    assert undone(bring_back(walk, ended)) == Undone(removed=30, restored=10, conflicts=0)
    assert stored(walk) == before


def test_a_cancelled_import_is_undone_as_far_as_it_came(walk):
    job = walk.start([row(number) for number in range(40)])
    walk.import_chunks(job, [1, 3])
    cancelled = cancel(walk.services, walk.workspace_id, job.id)
    assert undone(bring_back(walk, cancelled)) == Undone(removed=20, restored=0, conflicts=0)
    assert walk.products() == []


def test_a_failed_import_is_undone_and_retried_and_undone_again(walk):
    job = walk.start([row(number) for number in range(30)])
    walk.import_chunks(job, [0])
    fail(walk.services, walk.workspace_id, job.id, "no worker")
    bring_back(walk, walk.job(job.id))
    retry(walk.services, walk.workspace_id, job.id)
    assert walk.job(job.id).undone_by is None
    ended = walk.deliver(walk.job(job.id))
    assert ended.counters.created == 30
    assert undone(bring_back(walk, ended)) == Undone(removed=30, restored=0, conflicts=0)


def test_imports_are_undone_one_after_the_other_from_the_last_to_the_first(walk):
    states, jobs = [stored(walk)], []
    for edition in range(4):
        rows = [row(number, title=f"Edition {edition}") for number in range(edition * 5, edition * 5 + 15)]
        jobs.append(walk.import_rows(rows))
        states.append(stored(walk))
    for edition in reversed(range(4)):
        assert undone(bring_back(walk, jobs[edition])).conflicts == 0
        assert stored(walk) == states[edition]


# What stays ----------------------------------------------------------------------------------------------------------


def test_what_a_later_import_has_touched_stays_and_is_told(walk):
    first = walk.import_rows([row(number) for number in range(10)])
    walk.import_rows([row(number, title="Later") for number in range(7, 12)])
    before = stored(walk)
    ended = bring_back(walk, first)
    assert undone(ended) == Undone(removed=7, restored=0, conflicts=3)
    assert stored(walk) == {sku: before[sku] for sku in before if before[sku][2] == "Later"}
    findings = walk.findings(ended)
    assert [(each.row_number, each.line, each.raw_value) for each in findings] == [
        (1, 0, "SKU-00007"),
        (2, 0, "SKU-00008"),
        (3, 0, "SKU-00009"),
    ]
    assert {(each.severity, each.error_type, each.field) for each in findings} == {
        (Severity.WARNING, ErrorType.ALREADY_EXISTS, "sku")
    }
    assert '"SKU-00007" was changed after the import' in findings[0].message
    assert (ended.counters.skipped, ended.counters.warnings) == (3, 3)


def test_conflicts_are_numbered_across_parts(walk):
    walk.import_rows([row(number) for number in range(40)])
    job = walk.import_rows([row(number, title="Stool") for number in range(40)])
    for number in (3, 14, 25, 36):
        edit(walk, f"SKU-{number:05d}", name="By hand")
    ended = bring_back(walk, job)
    assert undone(ended) == Undone(removed=0, restored=36, conflicts=4)
    assert [each.row_number for each in walk.findings(ended)] == [1, 2, 3, 4]
    assert {sku for sku, each in walk.by_sku().items() if each.name == "By hand"} == {
        each.raw_value for each in walk.findings(ended)
    }


def test_a_product_edited_by_hand_stays_also_when_it_was_edited_back(walk):
    job = walk.import_rows([row(1), row(2)])
    edit(walk, "SKU-00001", name="By hand")
    edit(walk, "SKU-00001", name="Chair 1")
    assert undone(bring_back(walk, job)) == Undone(removed=1, restored=0, conflicts=1)
    assert set(walk.by_sku()) == {"SKU-00001"}


def test_a_product_that_was_deleted_since_is_not_brought_back(walk):
    walk.import_rows([row(1)])
    job = walk.import_rows([row(1, title="Stool"), row(2)])
    for sku in ("SKU-00001", "SKU-00002"):
        products.delete(walk.services, walk.workspace_id, walk.by_sku()[sku].id)
    ended = bring_back(walk, job)
    assert undone(ended) == Undone(removed=0, restored=0, conflicts=1)
    assert ended.counters.unchanged == 1
    assert '"SKU-00001" was deleted after the import' in walk.findings(ended)[0].message
    assert walk.products() == []


def test_a_product_that_was_made_anew_under_its_sku_is_another_one(walk):
    job = walk.import_rows([row(1)])
    products.delete(walk.services, walk.workspace_id, walk.by_sku()["SKU-00001"].id)
    walk.import_rows([row(1)])
    before = stored(walk)
    assert undone(bring_back(walk, job)) == Undone(removed=0, restored=0, conflicts=0)
    assert stored(walk) == before


def test_an_edit_between_two_runs_of_an_import_stays(walk):
    job = walk.start([row(1, title="Stool"), row(2)])
    walk.import_chunks(job)
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        cursor.execute("UPDATE import_jobs SET state = 'failed' WHERE id = %s", [job.id])
        cursor.execute("UPDATE import_jobs SET file_key = %s WHERE id = %s", [job.file_key, job.id])
        cursor.execute("UPDATE import_jobs SET content_key = %s WHERE id = %s", [job.content_key, job.id])
    walk.services.files.put(job.file_key, csv_file([row(1, title="Stool"), row(2)]))
    edit(walk, "SKU-00001", name="By hand")
    before = stored(walk)["SKU-00001"]
    again = walk.deliver(retry(walk.services, walk.workspace_id, job.id))
    assert walk.by_sku()["SKU-00001"].name == "Stool"
    ended = bring_back(walk, again)
    assert undone(ended) == Undone(removed=1, restored=0, conflicts=1)
    assert stored(walk) == {"SKU-00001": before}


# EANs ----------------------------------------------------------------------------------------------------------------


def test_eans_that_moved_in_a_circle_find_their_way_home(walk):
    """Each file takes one step, for no two products may have one EAN at any time."""
    walk.import_rows([cleared(1, A), cleared(2, B)])
    before = stored(walk)
    rows = [cleared(1, ""), *(row(number) for number in range(10, 19)), cleared(2, A)]
    rows += [row(number) for number in range(20, 29)] + [cleared(1, B)]
    job = walk.import_rows(rows)
    assert job.chunk_count == 3
    assert (walk.by_sku()["SKU-00001"].ean, walk.by_sku()["SKU-00002"].ean) == (f"0{B}", f"0{A}")
    bring_back(walk, job)
    assert stored(walk) == before


def test_two_products_give_each_other_their_eans_back_in_one_step(walk):
    walk.import_rows([cleared(1, A), cleared(2, B)])
    before = stored(walk)
    job = walk.import_rows([cleared(1, "", title="Stool"), cleared(2, "", title="Stool")])
    one, two = (walk.by_sku()[sku].id for sku in ("SKU-00001", "SKU-00002"))
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        # As an import would leave them that may swap two in one statement.
        cursor.execute("UPDATE products SET ean = %s WHERE id = %s", [f"0{B}", one])
        cursor.execute("UPDATE products SET ean = %s WHERE id = %s", [f"0{A}", two])
    assert undone(bring_back(walk, job)) == Undone(removed=0, restored=2, conflicts=0)
    assert stored(walk) == before


def test_an_ean_that_the_import_gave_to_a_new_product_goes_back(walk):
    walk.import_rows([cleared(1, A)])
    before = stored(walk)
    job = walk.import_rows([cleared(1, ""), *(row(number) for number in range(10, 19)), cleared(2, A)])
    assert walk.by_sku()["SKU-00002"].ean == f"0{A}"
    bring_back(walk, job)
    assert stored(walk) == before


def test_a_product_whose_ean_was_taken_since_is_left_alone(walk):
    walk.import_rows([cleared(1, A), cleared(2, B)])
    job = walk.import_rows([cleared(1, ""), *(row(number) for number in range(10, 19)), cleared(2, "")])
    products.create(walk.services, walk.workspace_id, sku="OTHER", name="Other", given={"ean": A})
    ended = bring_back(walk, job)
    assert undone(ended) == Undone(removed=9, restored=1, conflicts=1)
    found = walk.findings(ended)[0]
    assert (found.error_type, found.raw_value) == (ErrorType.NOT_UNIQUE, "SKU-00001")
    assert f'EAN 0{A} belongs to the product with sku "OTHER"' in found.message
    assert {sku: each.ean for sku, each in walk.by_sku().items()} == {
        "SKU-00001": None,
        "SKU-00002": f"0{B}",
        "OTHER": f"0{A}",
    }


def test_an_ean_that_waits_for_a_product_waits_no_longer_when_its_product_is_back(walk):
    walk.import_rows([cleared(1, A)])
    job = walk.import_rows([cleared(1, "")])
    walk.import_rows([("", A, "", "1.00", "")], mapping={"Barcode": "ean", "Title": "name", "Price": "price"})
    assert pending_eans.listing(walk.services, walk.workspace_id, page=1, per_page=10).count == 1
    bring_back(walk, job)
    assert pending_eans.listing(walk.services, walk.workspace_id, page=1, per_page=10).count == 0


# Who may, and when ---------------------------------------------------------------------------------------------------


def test_an_import_of_another_workspace_is_not_found(walk, other_walk):
    job = other_walk.import_rows([row(1)])
    for dry_run in (True, False):
        with pytest.raises(NotFound):
            undo(walk.services, walk.workspace_id, job.id, dry_run=dry_run)
    assert len(other_walk.products()) == 1


def test_an_import_is_undone_once(walk):
    job = walk.import_rows([row(1)])
    undoing = undo(walk.services, walk.workspace_id, job.id)
    with pytest.raises(Conflict, match="being undone"):
        undo(walk.services, walk.workspace_id, job.id)
    take_parts(walk, undoing)
    for dry_run in (True, False):
        with pytest.raises(Conflict, match="undone already"):
            undo(walk.services, walk.workspace_id, job.id, dry_run=dry_run)
    control.delete(walk.services, walk.workspace_id, undoing.id)
    with pytest.raises(Conflict, match="undone already"):
        undo(walk.services, walk.workspace_id, job.id)


def test_two_who_ask_at_once_get_one_undo(walk):
    job = walk.import_rows([row(number) for number in range(5)])
    together = threading.Barrier(4)

    def ask() -> bool:
        together.wait()
        try:
            undo(walk.services, walk.workspace_id, job.id)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(4) as asking:
        answers = [each.result() for each in [asking.submit(ask) for _ in range(4)]]
    assert sorted(answers) == [False, False, False, True]


def test_an_undo_is_not_undone(walk):
    ended = bring_back(walk, walk.import_rows([row(1)]))
    with pytest.raises(Conflict, match="cannot be undone itself"):
        undo(walk.services, walk.workspace_id, ended.id)


def test_a_job_that_has_not_ended_is_not_undone(walk):
    waiting = walk.receive(csv_file([row(1)]))
    running = walk.start([row(1)])
    for job in (waiting, running):
        for dry_run in (True, False):
            with pytest.raises(IllegalTransition):
                undo(walk.services, walk.workspace_id, job.id, dry_run=dry_run)


def test_an_import_that_ended_too_long_ago_is_not_undone_and_nothing_is_kept_of_it(walk):
    job = walk.import_rows([row(1)])
    recent = walk.import_rows([row(1, title="Stool")])
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        cursor.execute("UPDATE import_jobs SET completed_at = now() - interval '31 days' WHERE id = %s", [job.id])
    with pytest.raises(Conflict, match="30 days ago"):
        undo(walk.services, walk.workspace_id, job.id)
    assert forget_old(walk.services) >= 1
    assert kept_images(walk, job) == 0
    assert kept_images(walk, recent) == 2
    assert forget_old(walk.services) == 0
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        cursor.execute("UPDATE import_jobs SET completed_at = now() WHERE id = %s", [job.id])
    with pytest.raises(Conflict, match="Nothing was kept"):
        undo(walk.services, walk.workspace_id, job.id)


def test_an_import_that_can_still_be_retried_keeps_its_way_back(walk):
    job = walk.start([row(number) for number in range(20)])
    walk.import_chunks(job, [0])
    cancel(walk.services, walk.workspace_id, job.id)
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        cursor.execute("UPDATE import_jobs SET completed_at = now() - interval '31 days' WHERE id = %s", [job.id])
    forget_old(walk.services)
    assert kept_images(walk, job) == 1
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        cursor.execute("UPDATE import_jobs SET file_key = NULL WHERE id = %s", [job.id])
    forget_old(walk.services)
    assert kept_images(walk, job) == 0


def test_the_tick_forgets_what_can_no_longer_be_undone(walk):
    job = walk.import_rows([row(1)])
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        cursor.execute("UPDATE import_jobs SET completed_at = now() - interval '31 days' WHERE id = %s", [job.id])
    assert triggers._TICK["ways_back"](walk.services) >= 1
    assert kept_images(walk, job) == 0


def test_a_deleted_job_takes_its_way_back_with_it(walk):
    walk.import_rows([row(1)])
    job = walk.import_rows([row(1, title="Stool"), row(2)])
    assert kept_images(walk, job) == 2
    control.delete(walk.services, walk.workspace_id, job.id)
    assert kept_images(walk, job) == 0
    with pytest.raises(NotFound):
        undo(walk.services, walk.workspace_id, job.id)


def test_an_import_that_is_being_undone_is_neither_retried_nor_deleted(walk):
    job = walk.start([row(number) for number in range(30)])
    walk.import_chunks(job, [0, 1])
    cancel(walk.services, walk.workspace_id, job.id)
    undoing = undo(walk.services, walk.workspace_id, job.id)
    for forbidden in (retry, control.delete):
        with pytest.raises(Conflict, match="being undone"):
            forbidden(walk.services, walk.workspace_id, job.id)
    take_parts(walk, undoing)
    assert walk.job(job.id).undone_by == undoing.id
    retry(walk.services, walk.workspace_id, job.id)
    assert walk.job(job.id).undone_by is None


# Nothing twice, nothing half -----------------------------------------------------------------------------------------


def test_a_part_that_is_delivered_twice_does_nothing_twice(walk):
    walk.import_rows([row(number) for number in range(30)])
    before = stored(walk)
    job = walk.import_rows([row(number, title="Stool") for number in range(30)])
    undoing = undo(walk.services, walk.workspace_id, job.id)
    dispatch(walk.services, walk.workspace_id, undoing.id, undoing.run)
    for number in (0, 0, 1, 0, 1, 2, 2, 0):
        undo_part(walk.services, walk.workspace_id, undoing.id, undoing.run, number)
    ended = walk.job(undoing.id)
    assert (ended.state, undone(ended)) == (JobState.COMPLETED, Undone(removed=0, restored=30, conflicts=0))
    assert stored(walk) == before
    agrees(walk)


@pytest.mark.parametrize("dies_in", ["_tell", "row_errors.add", "jobs.count_chunk"])
def test_a_worker_that_dies_within_a_part_leaves_it_undone(walk, monkeypatch, dies_in):
    job = walk.import_rows([row(number) for number in range(20)])
    undoing = undo(walk.services, walk.workspace_id, job.id)
    dispatch(walk.services, walk.workspace_id, undoing.id, undoing.run)
    undo_part(walk.services, walk.workspace_id, undoing.id, undoing.run, 0)
    half = stored(walk)

    def die(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(f"chalicelib.imports.undo.{dies_in}", die)
        with pytest.raises(KeyboardInterrupt):
            undo_part(walk.services, walk.workspace_id, undoing.id, undoing.run, 1)
    assert stored(walk) == half
    assert walk.job(undoing.id).chunks_done == 1
    undo_part(walk.services, walk.workspace_id, undoing.id, undoing.run, 1)
    assert walk.products() == []
    assert undone(walk.job(undoing.id)) == Undone(removed=20, restored=0, conflicts=0)
    agrees(walk)


def test_parts_are_asked_for_one_after_the_other_and_again_when_a_worker_fell_silent(walk, embedded):
    job = walk.import_rows([row(number) for number in range(30)])
    undoing = undo(walk.services, walk.workspace_id, job.id)
    assert asked(walk, embedded, undoing) == [("dispatch", None)]
    dispatch(walk.services, walk.workspace_id, undoing.id, undoing.run)
    assert asked(walk, embedded, undoing) == [("undo", 0)]
    deliver(walk, undoing, 0)
    assert asked(walk, embedded, undoing) == [("undo", 1)]
    ahead = walk.with_services(now=lambda: walk.services.now() + timedelta(seconds=500))
    reap(ahead.services)
    assert asked(walk, embedded, undoing) == [("undo", 1)]
    deliver(walk, undoing, 1)
    deliver(walk, undoing, 2)
    assert asked(walk, embedded, undoing) == [("undo", 2)]
    assert walk.job(undoing.id).state is JobState.COMPLETED
    assert walk.products() == []


def test_a_part_that_keeps_failing_fails_the_undo_which_goes_on_when_it_is_retried(walk):
    job = walk.import_rows([row(number) for number in range(30)])
    walk.import_rows([row(29, title="Stool")])
    undoing = undo(walk.services, walk.workspace_id, job.id)
    dispatch(walk.services, walk.workspace_id, undoing.id, undoing.run)
    undo_part(walk.services, walk.workspace_id, undoing.id, undoing.run, 0)
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        chunks.note_failure(cursor, walk.workspace_id, undoing.id, 1, "the database said no")
    answer = triggers.dead_chunks(event(walk, undoing, 1), None)
    assert answer == {"batchItemFailures": []}
    failed = walk.job(undoing.id)
    assert failed.state is JobState.FAILED
    assert failed.error_message == (
        "Part 1 of the undo failed 5 times: the database said no."
        " What was brought back stays; retry goes on with the rest."
    )
    assert len(walk.products()) == 21
    again = retry(walk.services, walk.workspace_id, undoing.id)
    undo_part(walk.services, walk.workspace_id, undoing.id, undoing.run, 1)
    ended = take_parts(walk, again)
    assert (ended.state, undone(ended)) == (JobState.COMPLETED, Undone(removed=29, restored=0, conflicts=1))
    assert ended.counters.processed_rows == ended.total_rows
    assert [each.raw_value for each in walk.findings(ended)] == ["SKU-00029"]
    assert [each.sku for each in walk.products()] == ["SKU-00029"]
    agrees(walk)


def test_a_cancelled_undo_keeps_what_it_has_done_and_another_one_does_the_rest(walk):
    walk.import_rows([row(number) for number in range(30)])
    before = stored(walk)
    job = walk.import_rows([row(number, title="Stool") for number in range(40)])
    undoing = undo(walk.services, walk.workspace_id, job.id)
    dispatch(walk.services, walk.workspace_id, undoing.id, undoing.run)
    undo_part(walk.services, walk.workspace_id, undoing.id, undoing.run, 0)
    undo_part(walk.services, walk.workspace_id, undoing.id, undoing.run, 1)
    cancel(walk.services, walk.workspace_id, undoing.id)
    undo_part(walk.services, walk.workspace_id, undoing.id, undoing.run, 2)
    half = walk.by_sku()
    assert sorted(each.name == "Stool" for each in half.values()) == [False] * 10 + [True] * 20
    agrees(walk)
    rest = bring_back(walk, walk.job(job.id))
    assert undone(rest) == Undone(removed=0, restored=20, conflicts=0)
    assert stored(walk) == before
    with pytest.raises(Conflict, match="has gone on since"):
        retry(walk.services, walk.workspace_id, undoing.id)


def test_a_part_in_flight_when_its_undo_is_cancelled_is_undone(walk, monkeypatch):
    job = walk.import_rows([row(number) for number in range(10)])
    undoing = undo(walk.services, walk.workspace_id, job.id)
    dispatch(walk.services, walk.workspace_id, undoing.id, undoing.run)
    before = stored(walk)

    def cancelled_meanwhile(*_: Any) -> None:
        cancel(walk.services, walk.workspace_id, undoing.id)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr("chalicelib.imports.undo._tell", cancelled_meanwhile)
        undo_part(walk.services, walk.workspace_id, undoing.id, undoing.run, 0)
    assert stored(walk) == before
    assert walk.job(undoing.id).state is JobState.CANCELLED
    assert undone(bring_back(walk, walk.job(job.id))).removed == 10


@pytest.mark.parametrize("seed", range(4))
def test_an_undo_beside_an_import_of_the_same_rows_leaves_each_product_to_one_of_them(walk, seed):
    walk.import_rows([row(number, title="Old") for number in range(60)])
    first = walk.import_rows([row(number, title="First") for number in range(80)])
    undoing = undo(walk.services, walk.workspace_id, first.id)
    dispatch(walk.services, walk.workspace_id, undoing.id, undoing.run)
    second = walk.start([row(number, title="Second") for number in range(40, 100)])
    order = list(range(second.chunk_count))
    random.Random(seed).shuffle(order)

    def take_all_parts() -> None:
        for number in range(undoing.chunk_count):
            undo_part(walk.services, walk.workspace_id, undoing.id, undoing.run, number)

    with ThreadPoolExecutor(2) as beside:
        taking = beside.submit(take_all_parts)
        importing = beside.submit(walk.import_chunks, second, order)
        for each in (taking, importing):
            each.result()
    ended, imported = walk.job(undoing.id), walk.job(second.id)
    assert (ended.state, imported.state) == (JobState.COMPLETED, JobState.COMPLETED)
    names = {sku: each.name for sku, each in walk.by_sku().items()}
    assert {sku: "Old" for sku in names if sku < "SKU-00040"} == {sku: names[sku] for sku in names if sku < "SKU-00040"}
    assert all(names[f"SKU-{number:05d}"] == "Second" for number in range(40, 100))
    assert len(names) == 100
    done = undone(ended)
    assert done.removed + done.restored + done.conflicts == 80
    agrees(walk)
    # And the second one can be undone as well: nothing it wrote over is lost.
    bring_back(walk, imported)
    assert {each.name for each in walk.by_sku().values()} <= {"Old", "First"}


@pytest.mark.parametrize(
    ("statement", "values", "index"),
    [
        ("writes", {}, "product_writes_pkey"),
        ("writes_between", {"first_id": 1, "end_id": 10**9}, "product_writes_pkey"),
        ("created", {"write_id": 1}, "product_writes_pkey"),
        ("changed", {"write_id": 1}, "before_images_pkey"),
        ("lock_products", {"product_ids": [1, 2, 3]}, "products_pkey"),
        ("see_products", {"product_ids": [1, 2, 3]}, "products_pkey"),
        ("ean_owners", {"eans": '["05410000000019"]'}, "products_ean"),
        ("remove", {"product_ids": [1, 2, 3]}, "products_pkey"),
        ("release_eans", {"product_ids": [1, 2, 3]}, "products_pkey"),
        ("restore", {"write_id": 1, "product_ids": [1, 2, 3]}, "products_pkey"),
        ("restore", {"write_id": 1, "product_ids": [1, 2, 3]}, "before_images_pkey"),
        ("forget_writes", {"write_ids": [1, 2]}, "before_images_pkey"),
    ],
)
def test_a_statement_of_the_undo_finds_its_index(walk, embedded, statement, values, index):
    walk.import_rows(row(number) for number in range(30))
    job = walk.import_rows(row(number, title="Stool") for number in range(30))
    with psycopg.connect(embedded.database_admin_url, autocommit=True) as connection:
        connection.execute("ANALYZE products, product_writes, before_images")
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        given = {"workspace_id": walk.workspace_id, "job_id": job.id, **values}
        cursor.execute("EXPLAIN " + load_statements("undo.sql")[statement], given)
        plan = "\n".join(line for (line,) in cursor)
    assert f"using {index}" in plan or f"on {index}" in plan
    assert "Seq Scan" not in plan


# Any order of things -------------------------------------------------------------------------------------------------


class Model:
    """The catalogue and its imports as plain dictionaries. A content is what was written, by whom and when."""

    def __init__(self) -> None:
        self.catalogue: dict[str, tuple[int, str]] = {}
        self.kept: dict[int, list[tuple[str, tuple[int, str] | None, tuple[int, str]]]] = {}
        self._moments = 0

    def write(self, sku: str, name: str, job_id: int | None = None) -> None:
        self._moments += 1
        now = (self._moments, name)
        if job_id is not None:
            self.kept.setdefault(job_id, []).append((sku, self.catalogue.get(sku), now))
        self.catalogue[sku] = now

    def undo(self, job_id: int) -> None:
        for sku, before, given in reversed(self.kept.pop(job_id, [])):
            if self.catalogue.get(sku) != given:
                continue
            if before is None:
                del self.catalogue[sku]
            else:
                self.catalogue[sku] = before


@pytest.mark.parametrize("seed", range(5))
def test_any_order_of_imports_edits_deletions_and_undos_leaves_what_a_plain_model_says(walk, seed):
    chance, model, jobs = random.Random(seed), Model(), list[ImportJob]()
    for moment in range(25):
        match chance.choice(["import", "import", "import", "edit", "delete", "undo", "undo"]):
            case "import":
                numbers = [chance.randrange(20) for _ in range(chance.randrange(1, 25))]
                job = walk.start([row(each, title=f"{moment}.{at}") for at, each in enumerate(numbers)])
                for part in range(job.chunk_count):
                    walk.import_chunks(job, [part])
                    last_of_part = {each: at for at, each in list(enumerate(numbers))[part * 10 : part * 10 + 10]}
                    for each, at in last_of_part.items():
                        model.write(row(each)[0], f"{moment}.{at}", job.id)
                jobs.append(walk.job(job.id))
            case "edit" if model.catalogue:
                sku = chance.choice(sorted(model.catalogue))
                edit(walk, sku, name=f"{moment} by hand")
                model.write(sku, f"{moment} by hand")
            case "delete" if model.catalogue:
                sku = chance.choice(sorted(model.catalogue))
                products.delete(walk.services, walk.workspace_id, walk.by_sku()[sku].id)
                del model.catalogue[sku]
            case "undo" if jobs:
                job = jobs.pop(chance.randrange(len(jobs)))
                bring_back(walk, job)
                model.undo(job.id)
            case _:
                pass
        assert {sku: each.name for sku, each in walk.by_sku().items()} == {
            sku: name for sku, (_, name) in model.catalogue.items()
        }
    assert all(walk.job(job.id).state in FINISHED for job in jobs)


def asked(walk: Walk, embedded: Any, job: ImportJob) -> list[tuple[str, int | None]]:
    """What waits in the chunk queue for a job, taken out."""
    url = embedded.sqs.get_queue_url(QueueName=walk.services.settings.chunk_queue)["QueueUrl"]
    found = []
    while messages := embedded.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            embedded.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            said = orjson.loads(message["Body"])
            if said["job"] == job.id:
                found.append((said["do"], said.get("chunk")))
    return found


def deliver(walk: Walk, job: ImportJob, number: int) -> None:
    """A part's message, as the queue function gets it."""
    assert triggers.import_chunks(event(walk, job, number), None) == {"batchItemFailures": []}


def event(walk: Walk, job: ImportJob, number: int) -> dict[str, Any]:
    said = {"do": "undo", "workspace": walk.workspace_id, "job": job.id, "run": job.run, "chunk": number}
    return {
        "Records": [
            {
                "messageId": "message-1",
                "receiptHandle": "gone",
                "body": orjson.dumps(said).decode(),
                "attributes": {"ApproximateReceiveCount": "1"},
                "eventSource": "aws:sqs",
            }
        ]
    }
