"""A job's way by the v1 APIs: saved mapping, start, templates, suppliers, archive, delete, lists and statistics."""

from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from chalicelib.catalog import suppliers
from chalicelib.errors import Conflict, FetchFailed, IllegalTransition, InvalidValue, NotFound, UnreadableFile
from chalicelib.imports import control, history, mapping, start, templates
from chalicelib.imports.analyze import analyze_arrival, fail_arrival
from chalicelib.imports.receive import Terms, expect_upload, receive_and_start, receive_url
from chalicelib.imports.templates import NamedSupplier, TemplateEdit
from chalicelib.imports.undo import undo
from chalicelib.model.import_job import FINISHED, JobState, MappingSource, MatchOn
from chalicelib.model.outcomes import Stats
from chalicelib.model.product_schema import SchemaField
from chalicelib.model.row_error import ErrorType, Severity
from chalicelib.store import chunks, jobs, schemas
from tests.site import answer, serving
from tests.walk import HEADERS, MAPPING, SCHEMA, Walk, csv_file, row

TWO_ROWS = (row(1), row(2))
V1 = {"Code": "sku", "Barcode": "ean", "Title": "name", "Price": "price"}


def schema(walk: Walk) -> dict[str, str]:
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        return {each.name: each.type for each in schemas.read(cursor, walk.workspace_id).fields}


def stored_keys(walk: Walk, embedded) -> list[str]:
    prefixes = [f"{folder}/{walk.workspace_id}/" for folder in ("files", "arrivals")]
    pages = [embedded.s3.list_objects_v2(Bucket=walk.services.settings.bucket, Prefix=each) for each in prefixes]
    return sorted(found["Key"] for page in pages for found in page.get("Contents", ()))


def ended(walk: Walk, rows=TWO_ROWS, **terms) -> jobs.ImportJob:
    return walk.import_ready(walk.ready(walk.receive(csv_file(rows), **terms), V1))


def test_a_saved_mapping_makes_the_job_ready_and_changes_nothing_else(walk):
    job = walk.ready(walk.receive(csv_file([row(1)])), V1, options={"overwrite_existing": False})
    assert (job.state, job.mapping, job.mapping_source) == (JobState.READY, V1, MappingSource.SAVED)
    assert job.options["overwrite_existing"] is False
    assert job.mapped_at is not None
    assert schema(walk) == {}
    assert walk.products() == []


def test_a_ready_job_can_be_mapped_anew(walk):
    job = walk.ready(walk.receive(csv_file([row(1)])), V1)
    again = walk.ready(job, {"Code": "sku", "Title": "name"})
    assert again.mapping == {"Code": "sku", "Title": "name"}


def test_a_mapping_that_is_saved_anew_says_anew_what_rows_are_matched_by(walk):
    job = walk.receive(csv_file([row(1)]), match_on=MatchOn.EAN)
    walk.ready(job, V1, options={"match_on": "sku"})
    started = start.start(walk.services, walk.workspace_id, walk.ready(job, V1).id)
    assert started.plan is not None
    assert (started.match_on, started.plan["rows"]["match_on"]) == (MatchOn.EAN, "ean")


def test_starting_makes_the_fields_that_the_mapping_names(walk):
    job = walk.ready(walk.receive(csv_file([row(1)])), {**V1, "Tags": "extras"})
    done = walk.import_ready(job)
    assert (done.state, done.counters.created) == (JobState.COMPLETED, 1)
    assert schema(walk) == {"ean": "string", "price": "price", "extras": "array"}
    assert walk.by_sku()["SKU-00001"].data["extras"] == ["red", "blue"]


@pytest.mark.parametrize(
    ("columns", "field"),
    [
        ({**V1, "No such": "price"}, "column_mapping.No such"),
        ({"Title": "name"}, "column_mapping"),
        ({**V1, "Tags": "price"}, "column_mapping"),
        ({**V1, "Tags": "not a name"}, "column_mapping.Tags"),
        ({**V1, "Tags": "page"}, "column_mapping.Tags"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused_and_names_what(walk, columns, field):
    job = walk.receive(csv_file([row(1)]))
    walk.ready(walk.receive(csv_file([row(1)])), V1)
    with pytest.raises(InvalidValue) as refused:
        walk.ready(job, columns)
    assert field in refused.value.fields
    assert walk.job(job.id).state is JobState.AWAITING_MAPPING


def test_two_columns_of_text_mapped_to_one_new_name_make_a_list(walk):
    content = csv_file([("A", "Chair", "soft", "red")], ("Code", "Title", "Feel", "Look"))
    job = walk.ready(walk.receive(content), {"Code": "sku", "Title": "name", "Feel": "notes", "Look": "notes"})
    walk.import_ready(job)
    assert schema(walk) == {"notes": "array"}
    assert walk.by_sku()["A"].data["notes"] == ["soft", "red"]


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"overwrite": True}, "import_options.overwrite"),
        ({"overwrite_existing": "yes"}, "import_options.overwrite_existing"),
        ({"blank_cells": "keep"}, "import_options.blank_cells"),
    ],
)
def test_an_option_that_is_none_is_refused(walk, options, field):
    with pytest.raises(InvalidValue) as refused:
        walk.ready(walk.receive(csv_file([row(1)])), V1, options=options)
    assert list(refused.value.fields) == [field]


def test_only_a_ready_job_starts_and_only_once(walk):
    job = walk.receive(csv_file([row(1)]))
    with pytest.raises(IllegalTransition):
        start.start(walk.services, walk.workspace_id, job.id)
    queued = start.start(walk.services, walk.workspace_id, walk.ready(job, V1).id)
    assert (queued.state, queued.retried, queued.run) == (JobState.QUEUED, False, 1)
    with pytest.raises(IllegalTransition):
        start.start(walk.services, walk.workspace_id, job.id)


def test_a_retry_is_known_as_one_until_the_next_start(walk):
    job = start.start(walk.services, walk.workspace_id, walk.ready(walk.receive(csv_file([row(1)])), V1).id)
    control.cancel(walk.services, walk.workspace_id, job.id)
    again = control.retry(walk.services, walk.workspace_id, job.id)
    assert (again.state, again.retried) == (JobState.QUEUED, True)
    assert walk.deliver(again).state is JobState.COMPLETED


def test_an_upload_that_is_refused_leaves_nothing_behind(walk, embedded):
    with pytest.raises(UnreadableFile):
        walk.receive(b"GIF89a")
    with pytest.raises(NotFound):
        walk.receive(csv_file([row(1)]), template_id=uuid4())
    with pytest.raises(InvalidValue):
        receive_and_start(
            walk.services, walk.workspace_id, "a.csv", csv_file([row(1)]), Terms(), mapping={"Nope": "ean"}, options={}
        )
    assert stored_keys(walk, embedded) == []
    assert history.latest(walk.services, walk.workspace_id, 10) == []


def test_a_file_can_be_received_and_started_at_once_by_its_suggestion(walk):
    content = csv_file([row(1)], ("SKU", "EAN", "Product name", "Price", "Tags"))
    job = receive_and_start(walk.services, walk.workspace_id, "a.csv", content, Terms(), mapping=None, options={})
    assert (job.state, job.match_on) == (JobState.QUEUED, MatchOn.EAN)
    assert walk.deliver(job).counters.created == 1


def test_without_a_mapping_a_file_whose_key_cannot_be_told_is_refused(walk):
    content = csv_file([("x", "y")], ("Colour", "Length"))
    with pytest.raises(InvalidValue, match="key"):
        receive_and_start(walk.services, walk.workspace_id, "a.csv", content, Terms(), mapping=None, options={})


def test_a_finished_job_is_archived_and_shown_again(walk):
    job = ended(walk)
    assert control.archive(walk.services, walk.workspace_id, job.id).is_archived
    assert history.page(walk.services, walk.workspace_id, jobs.Wanted(), page=1, per_page=10).jobs == []
    shown = history.page(walk.services, walk.workspace_id, jobs.Wanted(is_archived=True), page=1, per_page=10)
    assert [each.id for each in shown.jobs] == [job.id]
    assert not control.archive(walk.services, walk.workspace_id, job.id, is_archived=False).is_archived
    with pytest.raises(IllegalTransition):
        control.archive(walk.services, walk.workspace_id, walk.receive(csv_file([row(1)])).id)


def test_a_deleted_job_is_gone_with_its_file_and_errors_and_the_products_stay(walk, embedded):
    job = ended(walk, [row(1), row(2, price="free")])
    assert job.state is JobState.COMPLETED_WITH_ERRORS
    assert stored_keys(walk, embedded) != []
    control.delete(walk.services, walk.workspace_id, job.id)
    assert stored_keys(walk, embedded) == []
    with pytest.raises(NotFound):
        walk.job(job.id)
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        assert chunks.read(cursor, walk.workspace_id, job.id, 0) is None
        cursor.execute("SELECT count(*) FROM row_errors")
        assert cursor.fetchone() == (0,)
    assert len(walk.products()) == 1


def test_a_running_job_is_not_deleted(walk):
    job = start.start(walk.services, walk.workspace_id, walk.ready(walk.receive(csv_file([row(1)])), V1).id)
    with pytest.raises(IllegalTransition):
        control.delete(walk.services, walk.workspace_id, job.id)
    assert walk.deliver(job).state in FINISHED


def test_jobs_are_listed_by_state_and_supplier_newest_first(walk):
    first = ended(walk, supplier_code="ACME")
    second = walk.receive(csv_file([row(1)]), supplier_code="OTHER")
    third = start.start(walk.services, walk.workspace_id, walk.ready(walk.receive(csv_file([row(3)])), V1).id)

    def listed(**wanted) -> list[int]:
        found = history.page(walk.services, walk.workspace_id, jobs.Wanted(**wanted), page=1, per_page=10)
        assert found.count == len(found.jobs)
        return [each.id for each in found.jobs]

    assert listed() == [third.id, second.id, first.id]
    assert listed(supplier_code="ACME") == [first.id]
    assert listed(states=[(JobState.COMPLETED, None)]) == [first.id]
    assert listed(states=[(JobState.QUEUED, False)]) == [third.id]
    assert listed(states=[(JobState.QUEUED, True)]) == []
    page = history.page(walk.services, walk.workspace_id, jobs.Wanted(), page=2, per_page=2)
    assert ([each.id for each in page.jobs], page.count) == ([first.id], 3)


def test_statistics_count_the_imports_of_the_workspace(walk, other_walk):
    ended(other_walk)
    assert history.stats(walk.services, walk.workspace_id) == Stats(0, 0, 0, 0, 0, 0)
    ended(walk)
    ended(walk, [row(1, price="5"), row(2), row(3, price="free")])
    walk.receive(csv_file([row(1)]))
    found = history.stats(walk.services, walk.workspace_id)
    assert found == Stats(3, 2, 0, 5, 2, 2)
    assert found.success_rate == 66.7


def test_errors_are_found_by_type_severity_and_text(walk):
    job = ended(walk, [row(1, price="free"), row(2, price="dear"), ("", "", "Nobody", "1", ""), row(4), row(5)])

    def found(**wanted) -> list[int]:
        page = history.errors(walk.services, walk.workspace_id, job.id, page=1, page_size=10, **wanted)
        assert page.count == len(page.errors)
        return [each.row_number for each in page.errors]

    assert found() == [1, 2, 3]
    assert found(search="FREE") == [1]
    assert found(search="100%_") == []
    assert found(error_type="missing_required_field") == [3]
    assert found(severity="warning") == []


def test_an_unknown_supplier_code_makes_a_supplier_and_products_carry_it(walk):
    job = ended(walk, supplier_code="ACME")
    assert job.supplier_code == "ACME"
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        found = suppliers.resolve(
            cursor,
            walk.workspace_id,
            code="ACME",
            supplier_id=None,
            now=walk.services.now(),
            random=walk.services.random_bits,
        )
        cursor.execute("SELECT DISTINCT supplier_code FROM products")
        assert cursor.fetchall() == [("ACME",)]
    assert found is not None
    assert (found.id, found.is_stub) == (job.supplier_id, True)


def test_a_file_with_a_suppliers_columns_gets_the_suppliers_last_mapping_suggested(walk):
    odd = {"Code": "sku", "Title": "name", "Barcode": "material", "Price": None, "Tags": None}
    walk.import_ready(walk.ready(walk.receive(csv_file([row(1)]), supplier_code="ODD"), odd))
    walk.import_ready(walk.ready(walk.receive(csv_file([row(1)]), supplier_code="USUAL"), V1))
    again = walk.receive(csv_file([row(2)]), supplier_code="ODD")
    assert mapping.suggested_mapping(again) == odd
    usual = walk.receive(csv_file([row(2)]), supplier_code="USUAL")
    assert mapping.suggested_mapping(usual)["Barcode"] == "ean"


def test_segops_confirms_a_job_that_was_made_by_another_api(walk):
    job = walk.confirm(walk.receive(csv_file([row(1)], HEADERS), match_on=MatchOn.EAN), MAPPING)
    assert job.mapping_source is MappingSource.SAVED
    assert walk.deliver(job).state is JobState.COMPLETED


def test_segops_confirms_a_job_by_the_rules_and_options_it_has(walk):
    job = walk.receive(csv_file([row(1), row(2, price="100")]), match_on=MatchOn.EAN)
    options = {"error_policy": "all_or_nothing", "match_on": "sku"}
    walk.ready(job, V1, rules={"price": {"max": 50}}, options=options)
    done = walk.deliver(walk.confirm(job))
    assert (done.state, done.match_on, done.counters.error_rows) == (JobState.FAILED, MatchOn.SKU, 1)
    assert walk.products() == []


def test_segops_is_told_of_a_rule_that_its_schema_does_not_allow(walk):
    job = walk.ready(walk.receive(csv_file([row(1)])), V1, rules={"price": {"max": 50}})
    with pytest.raises(InvalidValue) as refused:
        walk.confirm(job, schema=[SchemaField("ean", "string"), SchemaField("price", "string"), SCHEMA[2]])
    assert set(refused.value.fields) == {"validation_rules.price.max"}
    assert walk.job(job.id).state is JobState.READY


def test_a_job_being_undone_is_neither_deleted_nor_retried(walk):
    job = ended(walk)
    undo(walk.services, walk.workspace_id, job.id)
    with pytest.raises(Conflict):
        control.delete(walk.services, walk.workspace_id, job.id)


# Files that come by themselves, and templates ------------------------------------------------------------------------


def template_of(walk: Walk, columns: dict[str, str], **content) -> UUID:
    return templates.create(walk.services, walk.workspace_id, TemplateEdit("Usual", mapping=columns, **content)).id


def test_a_template_that_fits_makes_the_job_ready_with_all_it_remembers(walk):
    template = template_of(walk, V1, options={"blank_cells": "ignore"})
    job = walk.receive(csv_file([row(1)]), template_id=template)
    assert (job.state, job.mapping_source, job.template_version) == (JobState.READY, MappingSource.TEMPLATE, 1)
    assert job.options["blank_cells"] == "ignore"
    assert walk.import_ready(job).counters.created == 1


def test_with_a_template_an_upload_can_start_by_itself(walk):
    job = walk.receive(csv_file([row(1)]), template_id=template_of(walk, V1), auto_start=True)
    assert job.state is JobState.QUEUED
    assert walk.deliver(job).state is JobState.COMPLETED


def test_a_template_knows_its_columns_however_they_are_written(walk):
    content = csv_file([row(1)], ("code ", "BARCODE", "Title", "price", "Tags"))
    job = walk.receive(content, template_id=template_of(walk, V1))
    assert walk.import_ready(job).counters.created == 1
    assert walk.by_sku()["SKU-00001"].data["price"]["amount"] == Decimal("9.90")


def test_columns_a_template_knows_and_the_file_lacks_are_told_of(walk):
    content = csv_file([("A", "Chair")], ("Code", "Title"))
    job = walk.import_ready(walk.receive(content, template_id=template_of(walk, V1)))
    assert (job.state, job.counters.created) == (JobState.COMPLETED, 1)
    found = [(each.error_type, each.severity, each.column) for each in walk.findings(job)]
    missing = (ErrorType.COLUMN_NOT_FOUND, Severity.WARNING)
    assert sorted(found) == [(*missing, "Barcode"), (*missing, "Price")]


def test_a_template_that_does_not_fit_leaves_the_mapping_to_a_person_and_says_why(walk):
    job = walk.receive(
        csv_file([("A", "Chair")], ("Number", "Article")), template_id=template_of(walk, V1), auto_start=True
    )
    assert (job.state, job.mapping) == (JobState.AWAITING_MAPPING, None)
    assert job.analysis is not None
    assert 'template "Usual" does not fit' in job.analysis["notes"][-1]


def test_a_template_lends_its_supplier_to_an_upload_that_names_none(walk):
    template = template_of(walk, V1, supplier=NamedSupplier(code="ACME"))
    assert walk.receive(csv_file([row(1)]), template_id=template).supplier_code == "ACME"
    assert walk.receive(csv_file([row(1)]), template_id=template, supplier_code="OTHER").supplier_code == "OTHER"


def arrived(walk: Walk) -> jobs.ImportJob:
    """A pending job whose file is there, to be mapped by a template and to start by itself."""
    terms = Terms(match_on=MatchOn.SKU, template_id=template_of(walk, V1), auto_start=True)
    content = csv_file([row(1), row(2)])
    expected = expect_upload(
        walk.services,
        walk.workspace_id,
        file_name="c.csv",
        size_bytes=len(content),
        content_type="text/csv",
        terms=terms,
    )
    assert expected.job.file_key is not None
    walk.services.files.put(expected.job.file_key, content)
    return expected.job


def test_a_file_that_arrives_by_itself_is_mapped_by_its_template_and_starts(walk):
    job = arrived(walk)
    analyze_arrival(walk.services, walk.workspace_id, job.uuid)
    queued = walk.job(job.id)
    assert queued.state is JobState.QUEUED
    assert walk.deliver(queued).counters.created == 2


def mapped_by_a_worker_that_died(walk: Walk, monkeypatch) -> jobs.ImportJob:
    """Such a job, ready and not started, whose message is told again."""
    job = arrived(walk)
    with monkeypatch.context() as dying:
        dying.setattr("chalicelib.imports.analyze.start", lambda *_: None)
        analyze_arrival(walk.services, walk.workspace_id, job.uuid)
    ready = walk.job(job.id)
    assert ready.state is JobState.READY
    return ready


def test_a_worker_that_dies_before_the_start_is_made_up_for(walk, monkeypatch):
    job = mapped_by_a_worker_that_died(walk, monkeypatch)
    analyze_arrival(walk.services, walk.workspace_id, job.uuid)
    assert walk.job(job.id).state is JobState.QUEUED


def test_a_mapping_that_a_person_saved_waits_for_that_person(walk, monkeypatch):
    job = mapped_by_a_worker_that_died(walk, monkeypatch)
    walk.ready(job, V1)
    analyze_arrival(walk.services, walk.workspace_id, job.uuid)
    assert walk.job(job.id).state is JobState.READY


def test_a_start_by_itself_that_the_schema_no_longer_allows_is_told_of(walk, monkeypatch):
    job = mapped_by_a_worker_that_died(walk, monkeypatch)
    fill = [SchemaField(f"field_{number}", "string") for number in range(walk.services.settings.columns)]
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        schemas.replace(
            cursor,
            walk.workspace_id,
            fill,
            default_currency="EUR",
            default_locale="en_US",
            now=walk.services.now(),
        )
    analyze_arrival(walk.services, walk.workspace_id, job.uuid)
    ready = walk.job(job.id)
    assert ready.analysis is not None
    assert ready.state is JobState.READY
    assert "could not start by itself" in ready.analysis["notes"][-1]


def test_a_file_of_another_format_is_kept_beside_its_canonical_form_and_both_go(walk, embedded):
    content = b'[{"Code": "A", "Title": "Chair", "Price": 5}, {"Code": "B", "Title": "Stool", "Price": "free"}]'
    job = walk.ready(walk.receive(content, "c.json"), {"Code": "sku", "Title": "name", "Price": "price"})
    assert (job.file_type, job.total_rows) == ("json", 2)
    assert len(stored_keys(walk, embedded)) == 2
    done = walk.import_ready(job)
    assert (done.counters.created, done.counters.error_rows) == (1, 1)
    assert [each.line for each in walk.findings(done)] == [2]
    assert walk.by_sku()["A"].source == "json"
    control.delete(walk.services, walk.workspace_id, done.id)
    assert stored_keys(walk, embedded) == []


def test_a_file_is_fetched_from_its_address_by_the_queue(walk, embedded):
    walk = walk.with_settings(allowed_hosts=("127.0.0.1",))
    with serving() as site:
        url = site.page("/list/prices.csv", answer(csv_file([row(1), row(2)]))) + "?token=secret"
        job = receive_url(
            walk.services, walk.workspace_id, url, Terms(import_type="url", template_id=template_of(walk, V1))
        )
        assert (job.state, job.file_name, job.file_key) == (JobState.PENDING, "prices.csv", None)
        analyze_arrival(walk.services, walk.workspace_id, job.uuid)
    fetched = walk.job(job.id)
    assert (fetched.state, fetched.total_rows) == (JobState.READY, 2)
    assert walk.import_ready(fetched).counters.created == 2
    assert stored_keys(walk, embedded) == []


def test_what_cannot_be_fetched_fails_the_job_with_the_reason_and_a_retry_fetches_again(walk):
    walk = walk.with_settings(allowed_hosts=("127.0.0.1",))
    with serving() as site:
        url = site.page("/prices.csv", answer(b"gone", status="404 Not Found"))
        job = receive_url(walk.services, walk.workspace_id, url, Terms())
        analyze_arrival(walk.services, walk.workspace_id, job.uuid)
        failed = walk.job(job.id)
        assert failed.state is JobState.FAILED
        assert "404" in failed.error_message
        site.page("/prices.csv", answer(csv_file([row(1)])))
        again = control.retry(walk.services, walk.workspace_id, job.id)
        assert (again.state, again.retried) == (JobState.PENDING, True)
        analyze_arrival(walk.services, walk.workspace_id, job.uuid)
        assert walk.job(job.id).state is JobState.AWAITING_MAPPING


def test_a_server_that_is_down_for_a_while_is_asked_again_and_in_the_end_named(walk):
    walk = walk.with_settings(allowed_hosts=("127.0.0.1",))
    with serving() as site:
        url = site.page("/prices.csv", answer(b"", status="503 Service Unavailable"))
        job = receive_url(walk.services, walk.workspace_id, url, Terms())
        with pytest.raises(FetchFailed):
            analyze_arrival(walk.services, walk.workspace_id, job.uuid)
        assert walk.job(job.id).state is JobState.ANALYZING
        fail_arrival(walk.services, walk.workspace_id, job.uuid)
    failed = walk.job(job.id)
    assert failed.state is JobState.FAILED
    assert "503" in failed.error_message


def test_an_address_inside_the_house_is_refused_before_there_is_a_job(walk):
    with pytest.raises(InvalidValue) as refused:
        receive_url(walk.services, walk.workspace_id, "http://169.254.169.254/latest/meta-data/", Terms())
    assert list(refused.value.fields) == ["url"]
    assert history.latest(walk.services, walk.workspace_id, 10) == []
