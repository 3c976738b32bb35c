"""A dry run says what the import then does, and leaves no trace."""

import random
from collections.abc import Sequence
from datetime import timedelta
from itertools import count

import orjson
import pytest

from chalicelib.errors import Conflict, IllegalTransition, NotFound
from chalicelib.imports.dry_run import dry_run
from chalicelib.imports.start import start
from chalicelib.model.import_job import ImportJob, JobState, MappingSource, MatchOn
from chalicelib.model.outcomes import Change, DryRun, RowAction
from chalicelib.model.row_error import ErrorType, RowError, Severity
from chalicelib.segments.ask import request
from chalicelib.segments.compute import compute
from chalicelib.segments.manage import SegmentChange, create
from chalicelib.store import memberships, segments
from chalicelib.store.mirror import Mirror
from tests.walk import HEADERS, MAPPING, Walk, csv_file, row


@pytest.fixture
def walk(walk: Walk) -> Walk:
    return walk.with_settings(chunk_rows=10)


def ready(walk: Walk, rows, mapping=MAPPING, *, headers=HEADERS, match_on=MatchOn.SKU, **said) -> ImportJob:
    return walk.ready(walk.receive(csv_file(rows, headers), match_on=match_on), mapping, **said)


def tried(walk: Walk, job: ImportJob) -> DryRun:
    """A dry run, after which all is as it was."""
    before = trace(walk, job)
    found = dry_run(walk.services, walk.workspace_id, job.id)
    assert trace(walk, job) == before
    return found


def trace(walk: Walk, job: ImportJob) -> list[object]:
    """Everything a dry run could leave behind."""
    tables = (
        "products",
        "row_claims",
        "row_errors",
        "mirror_outbox",
        "catalog_changes",
        "pending_eans",
        "learned_mappings",
    )
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        counts = []
        for table in tables:
            cursor.execute(f"SELECT count(*), coalesce(sum(hashtext({table}::text)), 0) FROM {table}")
            counts.append(cursor.fetchone())
        cursor.execute("SELECT pg_sequence_last_value('products_version')")
        counts.append(cursor.fetchone())
        cursor.execute("SELECT fields FROM product_schemas")
        counts.append(cursor.fetchone())
    return [*counts, walk.job(job.id)]


def imported(walk: Walk, job: ImportJob) -> ImportJob:
    return walk.deliver(start(walk.services, walk.workspace_id, job.id))


def counts(found: DryRun) -> tuple[int, ...]:
    return (found.products_to_create, found.products_to_update, found.products_unchanged, found.rows_skipped)


def test_actions_counts_and_changes(walk):
    walk.import_rows([row(number) for number in range(5)])
    rows = [
        row(0),
        row(1, title="Stool", price="12.50"),
        (*row(2)[:3], "", "red"),
        row(10),
        row(11, price="free"),
        row(10, title="Again"),
        ("", "", "Nobody", "1", ""),
    ]
    job = ready(walk, rows)
    found = tried(walk, job)
    assert (found.job_id, found.job_uuid, found.total_rows, found.rows_checked) == (job.id, job.uuid, 7, 7)
    assert (found.is_complete, found.would_fail) == (True, None)
    actions = [(each.row_number, each.action, each.sku, each.name) for each in found.preview_rows]
    assert actions == [
        (1, RowAction.UNCHANGED, "SKU-00000", "Chair 0"),
        (2, RowAction.UPDATE, "SKU-00001", "Stool"),
        (3, RowAction.UPDATE, "SKU-00002", "Chair 2"),
        (4, RowAction.SKIP, "SKU-00010", "Chair 10"),
        (5, RowAction.ERROR, "SKU-00011", "Chair 11"),
        (6, RowAction.CREATE, "SKU-00010", "Again"),
        (7, RowAction.ERROR, None, "Nobody"),
    ]
    first, second, third, *_ = found.preview_rows
    assert (first.ean, orjson.dumps(first.price), first.changes) == (row(0)[1], b"9.90", {})
    assert second.changes == {"name": Change("Chair 1", "Stool"), "price": Change("9.90", "12.50")}
    assert third.changes == {"price": Change("9.90", None), "tags": Change(["red", "blue"], ["red"])}
    assert counts(found) == (1, 2, 1, 1)
    assert [(each.row_number, each.field, each.error_type) for each in found.findings] == [
        (4, "sku", ErrorType.DUPLICATE_IN_FILE),
        (5, "price", ErrorType.INVALID_TYPE),
        (7, "sku", ErrorType.MISSING_REQUIRED_FIELD),
    ]
    assert (found.rows_with_errors, found.warnings, found.mapping_source, found.mapping) == (
        2,
        1,
        MappingSource.SAVED,
        MAPPING,
    )


def test_a_product_that_earlier_rows_make_is_changed_by_later_ones(walk):
    rows = [row(number % 8, title=f"Edition {number}") for number in range(16)]
    found = tried(walk, ready(walk, rows))
    assert counts(found) == (8, 6, 0, 2)
    [again] = [each for each in found.preview_rows if each.row_number == 13]
    assert (again.action, again.changes) == (RowAction.UPDATE, {"name": Change("Edition 4", "Edition 12")})


def test_by_ean_a_row_shows_the_product_it_belongs_to(walk):
    walk.import_rows([row(1), row(2)])
    rows = [("", row(1)[1], "Chair 1", "9.90", "red|blue"), ("X", row(2)[1], "Stool", "9.90", "red|blue")]
    found = tried(walk, ready(walk, rows, match_on=MatchOn.EAN))
    assert [(each.action, each.sku) for each in found.preview_rows] == [
        (RowAction.UPDATE, "SKU-00001"),
        (RowAction.UPDATE, "SKU-00002"),
    ]
    assert found.preview_rows[0].changes == {}
    assert found.preview_rows[1].changes == {"name": Change("Chair 2", "Stool")}


def test_ignored_blanks_change_nothing(walk):
    walk.import_rows([row(1)])
    job = ready(walk, [(row(1)[0], "", "Stool", "", "")], options={"blank_cells": "ignore"})
    [shown] = tried(walk, job).preview_rows
    assert shown.changes == {"name": Change("Chair 1", "Stool")}


def test_only_the_first_rows_and_findings_are_told_errors_before_warnings(walk):
    walk.import_rows([row(1)])
    rows = [(f"S{number % 200}", "4,26E+12", "Chair", "1", "") for number in range(300)]
    rows += [row(number, price="free") for number in range(1_000, 1_150)]
    found = tried(walk, ready(walk, rows))
    assert (len(found.preview_rows), len(found.findings)) == (50, 200)
    assert sum(each.severity is Severity.ERROR for each in found.findings) == 150
    assert [each.row_number for each in found.findings] == sorted(each.row_number for each in found.findings)
    assert (found.rows_with_errors, found.warnings) == (150, 400)


def test_a_file_too_long_for_an_answer_is_told_to_be_incomplete(walk):
    short = walk.with_settings(dry_run_rows=20)
    found = tried(short, ready(short, [row(number) for number in range(45)]))
    assert (found.total_rows, found.rows_checked, found.is_complete) == (45, 20, False)
    assert found.products_to_create == 20


def test_a_dry_run_that_takes_too_long_is_told_to_be_incomplete(walk):
    job = ready(walk, [row(number) for number in range(45)])
    seconds = count(step=9)
    slow = walk.with_services(now=lambda: walk.services.now() + timedelta(seconds=next(seconds)))
    found = tried(slow, job)
    assert (found.rows_checked, found.products_to_create, found.is_complete) == (20, 20, False)


# Which mapping, and in which state


def test_without_a_saved_mapping_the_suggested_one_is_tried(walk):
    job = walk.receive(csv_file([row(1)], ("SKU", "EAN", "Name", "Price", "Tags")))
    found = tried(walk, job)
    assert (found.mapping_source, found.mapping["SKU"], counts(found)) == (MappingSource.SUGGESTED, "sku", (1, 0, 0, 0))
    assert {field.name for field in found.new_fields} >= {"price", "tags"}
    assert walk.job(job.id).state is JobState.AWAITING_MAPPING


def test_a_pending_file_is_analysed_first(walk):
    content = csv_file([row(1)], ("SKU", "EAN", "Name", "Price", "Tags"))
    expected = walk.expect(len(content), "large.csv")
    with pytest.raises(Conflict):
        dry_run(walk.services, walk.workspace_id, expected.job.id)
    walk.services.files.put(expected.job.file_key, content)
    found = dry_run(walk.services, walk.workspace_id, expected.job.id)
    assert (found.products_to_create, found.mapping_source) == (1, MappingSource.SUGGESTED)
    assert (walk.job(expected.job.id).state, walk.products()) == (JobState.AWAITING_MAPPING, [])


def test_a_job_that_has_started_is_tried_no_more(walk, other_walk):
    job = ready(walk, [row(1)])
    with pytest.raises(NotFound):
        dry_run(other_walk.services, other_walk.workspace_id, job.id)
    imported(walk, job)
    with pytest.raises(IllegalTransition):
        dry_run(walk.services, walk.workspace_id, job.id)


# Bad rows that end the job


def test_a_job_that_would_stop_says_where_and_tells_of_all_bad_rows(walk):
    rows = [row(number, price="free" if number in (14, 33) else "1") for number in range(40)]
    job = ready(walk, rows, options={"error_policy": "stop"})
    found = tried(walk, job)
    assert (counts(found), found.rows_with_errors) == ((10, 0, 0, 0), 2)
    assert [each.row_number for each in found.findings] == [15, 34]
    failed = imported(walk, job)
    assert (found.would_fail, failed.state) == (failed.error_message, JobState.FAILED)


def test_a_job_that_would_write_nothing_says_so(walk):
    walk.import_rows([row(1)])
    rows = [row(number, price="free" if number in (14, 33) else "1") for number in range(40)]
    job = ready(walk, rows, options={"error_policy": "all_or_nothing"})
    found = tried(walk, job)
    assert (counts(found), found.rows_with_errors) == ((0, 0, 0, 0), 2)
    failed = imported(walk, job)
    assert (found.would_fail, failed.counters.error_rows) == (failed.error_message, 2)
    assert found.findings == walk.findings(failed)


# Segments


def segment(walk: Walk, name: str, price_from: str, *, is_active: bool = True) -> int:
    """A computed segment of the products that cost so much or more."""
    definition = {
        "logic": "AND",
        "conditions": [
            {
                "type": "product_attribute",
                "property": "price",
                "operator": "gte",
                "value": price_from,
                "value_type": "price",
            }
        ],
    }
    said = SegmentChange(name=name, definition=definition, is_active=is_active, refresh_interval=0)
    made = create(walk.services, walk.workspace_id, said)
    request(walk.services, walk.workspace_id, made.id)
    compute(walk.services, walk.workspace_id, made.id)
    return made.id


def test_active_segments_tell_how_many_of_their_members_would_change(walk):
    walk.import_rows([row(number, price=str(number)) for number in range(20)])
    dear, all_of_them = segment(walk, "Dear", "15"), segment(walk, "All", "0")
    segment(walk, "Asleep", "0", is_active=False)
    rows = [row(number, title="Stool" if number >= 12 else None, price=str(number)) for number in range(30)]
    found = tried(walk, ready(walk, rows))
    assert {(each.id, each.name, each.changed_members) for each in found.segments} == {
        (dear, "Dear", 5),
        (all_of_them, "All", 8),
    }
    assert found.segments_complete


def test_a_dry_run_goes_on_while_clickhouse_is_away(walk):
    walk.import_rows([row(1, price="5")])
    segment(walk, "All", "0")
    away = walk.with_services(mirror=Mirror("http://127.0.0.1:9/default", timeout_seconds=1))
    found = tried(away, ready(walk, [row(1, title="Stool")]))
    assert (counts(found), found.segments) == ((0, 1, 0, 0), [])


def test_many_skus_are_looked_up_in_parts(walk):
    skus = [f"{number:05d}" + "x" * 240 for number in range(600)]
    fields = {"Code": "sku", "Title": "name", "Price": "price"}
    walk.with_settings(chunk_rows=1_000).import_ready(
        ready(
            walk.with_settings(chunk_rows=1_000),
            [(sku, "Chair", "5") for sku in skus],
            fields,
            headers=("Code", "Title", "Price"),
        )
    )
    made = segment(walk, "All", "0")
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        found = segments.read(cursor, walk.workspace_id, made)
    held = memberships.holding_many(walk.services.mirror, walk.workspace_id, {made: found.current_compute}, skus)
    assert held == {made: 600}


# The same as the import


PRICES_ONCE = {"price": {"unique": True}}
SOME = {"price": {"max": 4}, "tags": {"required": True, "severity": "warning"}}


def random_rows(chance: random.Random, *, sound: bool) -> Sequence[Sequence[str]]:
    """Rows of a few products, with repeated keys and EANs; unless they are sound, also bad cells and contradictions."""

    def one() -> Sequence[str]:
        code, bar, *rest = row(
            chance.randrange(25), title=f"Edition {chance.randrange(9)}", price=str(chance.randrange(6))
        )
        if chance.random() < 0.15 and not sound:
            bar = row(chance.randrange(25))[1]
        if chance.random() < 0.1 and not sound:
            rest[1] = "free"
        cells = [code, bar, *rest]
        for position in range(5):
            if chance.random() < 0.08 and (position > 2 or not sound):
                cells[position] = ""
        return cells

    return [one() for _ in range(chance.randrange(5, 45))]


def in_order(findings: Sequence[RowError]) -> list[RowError]:
    return sorted(findings, key=lambda each: (each.row_number, each.message))


@pytest.mark.parametrize("seed", range(30))
def test_a_dry_run_comes_to_what_the_import_comes_to(walk, seed):
    chance = random.Random(seed)
    match_on = chance.choice(list(MatchOn))
    walk.import_ready(ready(walk, [row(number) for number in range(12)], match_on=match_on))
    policy = chance.choice(["skip", "skip", "stop", "all_or_nothing"])
    left_out = chance.choice(["name", "sku", "ean", None, None, None])
    options = {
        "overwrite_existing": chance.random() < 0.7,
        "create_missing": chance.random() < 0.7,
        "blank_cells": chance.choice(["clear", "ignore"]),
        "error_policy": policy,
    }
    job = ready(
        walk,
        [row(number) for number in range(3)]
        + list(random_rows(chance, sound=policy != "skip" and chance.random() < 0.6)),
        {header: field for header, field in MAPPING.items() if field != left_out},
        match_on=match_on,
        options=options,
        rules=chance.choice(
            [{}, {}, PRICES_ONCE, {**PRICES_ONCE, "name": {"unique": True, "severity": "warning"}}, SOME]
        ),
    )
    found = tried(walk, job)
    ended = imported(walk, job)
    done = ended.counters
    assert counts(found) == (done.created, done.updated, done.unchanged, done.skipped)
    assert found.would_fail == (ended.error_message if ended.state is JobState.FAILED else None)
    walk.assert_mirror_agrees()
    if found.would_fail and found.would_fail.startswith("Row"):
        assert found.rows_with_errors >= done.error_rows
        return
    assert (found.rows_with_errors, found.warnings) == (done.error_rows, done.warnings)
    assert in_order(found.findings) == in_order(walk.findings(ended))
