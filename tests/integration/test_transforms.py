"""Steps of columns through the whole engine: what is imported, compared, told, tried, taken back and remembered."""

import csv
from dataclasses import replace
from decimal import Decimal

import pytest

from chalicelib.errors import InvalidValue
from chalicelib.imports import templates
from chalicelib.imports.confirm import Confirmation, confirm
from chalicelib.imports.control import cancel, retry
from chalicelib.imports.dispatch import dispatch
from chalicelib.imports.dry_run import dry_run
from chalicelib.imports.report import bad_rows
from chalicelib.imports.sample import preview_sample
from chalicelib.imports.start import start
from chalicelib.imports.templates import TemplateEdit
from chalicelib.imports.undo import undo, undo_part
from chalicelib.model.import_job import ImportJob, JobState, MappingSource, MatchOn
from chalicelib.model.outcomes import RowAction
from chalicelib.model.row_error import ErrorType
from chalicelib.store import schemas
from tests.walk import HEADERS, MAPPING, SCHEMA, Walk, csv_file, row

UPPER = [{"step": "case", "to": "upper"}]
COLOURS = [{"step": "split", "separator": "|", "take": "all"}, {"step": "lookup", "values": {"rouge": "red"}}]
PRICE = [{"step": "number", "decimal": ",", "multiply": "1.2", "round": 2}]


@pytest.fixture
def walk(walk: Walk) -> Walk:
    return walk.with_settings(chunk_rows=10)


def ready(walk: Walk, rows, transforms=None, *, headers=HEADERS, match_on=MatchOn.SKU, **said) -> ImportJob:
    job = walk.receive(csv_file(rows, headers), match_on=match_on)
    return walk.ready(job, said.pop("mapping", MAPPING), transforms=transforms, **said)


def imported(walk: Walk, rows, transforms=None, **said) -> ImportJob:
    return walk.import_ready(ready(walk, rows, transforms, **said))


def suggested(job: ImportJob) -> dict[str, list]:
    assert job.suggestion is not None
    return {each["column"]: list(each["transforms"]) for each in job.suggestion["columns"] if each["transforms"]}


def test_what_is_stored_went_through_its_steps(walk):
    cells = ("kb-1", "54102", "chair", "1.234,50", "rouge|bleu")
    steps = {
        "Code": UPPER,
        "Barcode": [{"step": "pad", "length": 13}],
        "Title": [{"step": "concat", "parts": [{"column": "Title"}, " ", {"column": "Code"}]}],
        "Price": PRICE,
        "Tags": COLOURS,
    }
    job = imported(walk, [cells], steps)
    assert (job.state, job.counters.created, job.transforms) == (JobState.COMPLETED, 1, steps)
    [product] = walk.products()
    assert (product.sku, product.name, product.ean) == ("KB-1", "chair kb-1", "00000000054102")
    assert product.data["price"] == {"amount": Decimal("1481.40"), "currency": "USD"}
    assert product.data["tags"] == ["red", "bleu"]


def test_what_is_wrong_is_told_with_the_cell_as_the_file_has_it(walk):
    bad = (*row(1)[:3], "free", "red")
    refused = (*row(2)[:4], "green")
    steps = {
        "Price": [{"step": "replace", "find": "ee", "with": "y"}],
        "Tags": [{"step": "lookup", "values": {"red": "rouge"}, "otherwise": "refuse"}],
    }
    job = imported(walk, [bad, refused], steps)
    assert job.state is JobState.COMPLETED_WITH_ERRORS
    found = {each.row_number: each for each in walk.findings(job)}
    assert (found[1].raw_value, found[1].error_type) == ("free", ErrorType.INVALID_TYPE)
    assert 'after its steps the cell is "fry"' in found[1].message
    assert (found[2].raw_value, found[2].error_type, found[2].column) == ("green", ErrorType.NOT_IN_LIST, "Tags")
    report = bad_rows(walk.services, walk.workspace_id, job.id, "error").content.decode()
    [_, first, second] = csv.reader(report.lstrip("\ufeff").splitlines())
    assert (tuple(first[:5]), tuple(second[:5])) == (bad, refused)


def test_rows_whose_keys_become_one_are_one_product(walk):
    """The file's own keys are all different, and the rows lie in different chunks."""
    rows = [row(number, sku=f"SKU-{number % 12}{'x' * (number // 12)}") for number in range(24)]
    steps = {"Code": [{"step": "replace", "find": "x", "with": ""}]}
    job = ready(walk, rows, steps)
    tried = dry_run(walk.services, walk.workspace_id, job.id)
    job = walk.import_ready(job)
    assert {product.name for product in walk.products()} == {f"Chair {number}" for number in range(12, 24)}
    assert {each.error_type for each in walk.findings(job)} == {ErrorType.DUPLICATE_IN_FILE}
    assert (job.counters.created, job.counters.warnings) == (12, 12)
    assert tried.products_to_create == 12


def test_a_file_that_comes_again_is_unchanged_until_its_steps_change(walk):
    rows = [row(number) for number in range(3)]
    assert imported(walk, rows, {"Title": UPPER}).counters.created == 3
    assert imported(walk, rows, {"Title": UPPER}).counters.unchanged == 3
    assert imported(walk, rows, {}).counters.updated == 3
    keys = {"Code": [{"step": "prefix", "text": "KB-"}]}
    assert imported(walk, rows, keys, mapping={"Code": "sku", "Title": "name"}).counters.created == 3
    assert imported(walk, rows, keys, mapping={"Code": "sku", "Title": "name"}).counters.unchanged == 3


def test_rows_are_matched_by_the_ean_their_steps_make(walk):
    walk.import_rows([row(1)])
    ean = row(1)[1]
    cut = {"Barcode": [{"step": "extract", "pattern": "[0-9]+"}]}
    cells = ("other", f"EAN: {ean}", "Stool", "9.90", "red")
    tried = dry_run(walk.services, walk.workspace_id, ready(walk, [cells], cut, match_on=MatchOn.EAN).id)
    assert [(each.action, each.sku, each.ean) for each in tried.preview_rows] == [(RowAction.UPDATE, row(1)[0], ean)]
    job = imported(walk, [cells], cut, match_on=MatchOn.EAN)
    assert job.counters.updated == 1
    assert [product.name for product in walk.products()] == ["Stool"]


def test_an_ean_waits_as_its_steps_make_it(walk):
    cells = ("a", f"EAN: {row(1)[1]}", "stool", "9.90", "red")
    steps = {"Barcode": [{"step": "extract", "pattern": "[0-9]+"}], "Title": UPPER}
    imported(walk, [cells], steps, match_on=MatchOn.EAN, options={"create_missing": False})
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        cursor.execute("SELECT ean, description FROM pending_eans")
        assert cursor.fetchall() == [(row(1)[1].zfill(14), "STOOL")]


def test_values_are_compared_as_their_steps_make_them(walk):
    rows = [row(number, title=f"chair {number}") for number in range(11)] + [row(11, title="CHAIR 3")]
    job = imported(walk, rows, {"Title": UPPER}, rules={"name": {"unique": True}})
    [finding] = walk.findings(job)
    assert (finding.error_type, finding.row_number, finding.raw_value) == (ErrorType.NOT_UNIQUE, 12, "CHAIR 3")


def test_a_dry_run_shows_what_the_steps_make(walk):
    walk.import_rows([row(1)])
    job = ready(walk, [row(1, title="stool"), row(2)], {"Title": UPPER, "Code": UPPER})
    [first, second] = dry_run(walk.services, walk.workspace_id, job.id).preview_rows
    assert (first.name, first.changes["name"].after) == ("STOOL", "STOOL")
    assert (second.action, second.name) == (RowAction.CREATE, "CHAIR 2")


def test_an_import_with_steps_is_taken_back(walk):
    walk.import_rows([row(1)])
    [before] = walk.products()
    job = imported(walk, [row(1, title="stool")], {"Title": UPPER})
    assert [product.name for product in walk.products()] == ["STOOL"]
    undoing = undo(walk.services, walk.workspace_id, job.id)
    dispatch(walk.services, walk.workspace_id, undoing.id, undoing.run)
    undo_part(walk.services, walk.workspace_id, undoing.id, undoing.run, 0)
    assert walk.job(undoing.id).state is JobState.COMPLETED
    assert [(product.name, product.data) for product in walk.products()] == [(before.name, before.data)]


def test_a_retry_takes_the_same_steps(walk):
    job = ready(walk, [row(2, title="bench")], {"Title": UPPER})
    start(walk.services, walk.workspace_id, job.id)
    cancel(walk.services, walk.workspace_id, job.id)
    again = walk.deliver(retry(walk.services, walk.workspace_id, job.id))
    assert again.state is JobState.COMPLETED
    assert [product.name for product in walk.products()] == ["BENCH"]


def test_a_new_field_has_the_type_its_steps_see_to(walk):
    headers = ("Code", "Title", "Weight", "Colours", "Size", "Since")
    mapping = dict(zip(headers, ("sku", "name", "weight", "colours", "size", "since"), strict=True))
    steps = {
        "Weight": [{"step": "extract", "pattern": "[0-9,]+"}, {"step": "number", "decimal": ","}],
        "Colours": [{"step": "split", "separator": "/", "take": "all"}],
        "Size": [{"step": "prefix", "text": "EU "}],
        "Since": [{"step": "date", "format": "ddMMyyyy"}],
    }
    rows = [("a", "A", "1,5 kg", "red/blue", "42", "31122026"), ("b", "B", "2 kg", "red", "43", "01022026")]
    job = imported(walk, rows, steps, headers=headers, mapping=mapping)
    assert job.state is JobState.COMPLETED
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        types = {field.name: field.type for field in schemas.read(cursor, walk.workspace_id).fields}
    assert types == {"weight": "number", "colours": "array", "size": "string", "since": "datetime"}
    assert walk.by_sku()["a"].data == {
        "weight": Decimal("1.5"),
        "colours": ["red", "blue"],
        "size": "EU 42",
        "since": "2026-12-31T00:00:00Z",
    }


# What is remembered ---------------------------------------------------------------------------------------------------


def test_steps_are_remembered_with_their_column(walk):
    imported(walk, [row(1)], {"Title": UPPER})
    job = walk.receive(csv_file([row(2)], ("Code", "Barcode", " TITLE ", "Price", "Tags")))
    assert suggested(job) == {"TITLE": UPPER}
    tried = dry_run(walk.services, walk.workspace_id, job.id)
    assert tried.mapping_source is MappingSource.SUGGESTED
    assert [each.name for each in tried.preview_rows] == ["CHAIR 2"]


def test_who_says_nothing_of_steps_means_those_that_are_remembered(walk):
    imported(walk, [row(1)], {"Title": UPPER, "Price": PRICE})
    other = {**MAPPING, "Price": None, "Tags": "price"}
    assert ready(walk, [(*row(2)[:4], "9.90")], mapping=other).transforms == {"Title": UPPER}
    assert ready(walk, [row(2)], {}).transforms == {}
    said = {"Tags": COLOURS}
    assert ready(walk, [row(2)], said).transforms == said


def test_steps_are_forgotten_with_the_next_word(walk):
    imported(walk, [row(1)], {"Title": UPPER})
    imported(walk, [row(2)], {})
    assert suggested(walk.receive(csv_file([row(3)]))) == {}
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        assert schemas.learned(cursor, walk.workspace_id, ["title"])["title"].transforms == ()


def test_a_suppliers_own_files_come_before_the_workspaces(walk):
    job = walk.receive(csv_file([row(1)]), supplier_code="A")
    walk.import_ready(walk.ready(job, transforms={"Title": UPPER}))
    imported(walk, [row(2)], {"Title": [{"step": "case", "to": "lower"}]})
    assert suggested(walk.receive(csv_file([row(3)]), supplier_code="A")) == {"Title": UPPER}
    assert suggested(walk.receive(csv_file([row(3)]))) == {"Title": [{"step": "case", "to": "lower"}]}


def test_a_suggestion_tells_how_the_new_cells_fit_after_the_steps_of_last_time(walk):
    first = [(*row(number)[:3], f"{number},50 HT", "red") for number in range(2)]
    steps = {"Price": [{"step": "replace", "find": " HT", "with": ""}, *PRICE]}
    assert imported(walk, first, steps).counters.created == 2
    told = walk.receive(csv_file(first)).suggestion["columns"][3]
    assert (told["field"], told["fits"], told["counterexamples"], told["habit"]) == ("price", 1.0, [], None)
    other = [(*row(2)[:3], "1.234", "red"), (*row(3)[:3], "9.90", "red")]
    told = walk.receive(csv_file(other)).suggestion["columns"][3]
    assert (told["fits"], told["counterexamples"], told["habit"]) == (0.5, ["9.90"], None)


def test_no_more_steps_are_suggested_than_a_mapping_may_have(walk):
    values = {f"{number:05} {'x' * 60}": "y" for number in range(9_000)}
    lookup = [{"step": "lookup", "values": values}]
    imported(walk, [row(1)], {"Title": lookup})
    imported(walk, [row(1)], {"Tags": lookup}, mapping={"Code": "sku", "Tags": "tags"})
    job = walk.receive(csv_file([row(2)]))
    assert suggested(job) == {"Title": lookup}
    assert "left out" in job.suggestion["columns"][4]["reason"]
    assert list(ready(walk, [row(2)]).transforms) == ["Title"]


def test_steps_that_ask_for_a_column_the_file_lacks_are_not_suggested(walk):
    steps = [{"step": "concat", "parts": [{"column": "Title"}, " ", {"column": "Brand"}]}]
    headers, mapping = (*HEADERS, "Brand"), {**MAPPING, "Brand": None}
    imported(walk, [(*row(1), "Acme")], {"Title": steps}, headers=headers, mapping=mapping)
    assert suggested(walk.receive(csv_file([row(2)]))) == {}
    [told] = suggested(walk.receive(csv_file([(*row(2), "Acme")], (*HEADERS, "BRAND"))))["Title"]
    assert told["parts"][-1] == {"column": "BRAND"}


def test_what_cannot_be_is_refused_and_nothing_is_kept(walk):
    job = walk.receive(csv_file([row(1)]))
    mapping = {**MAPPING, "Tags": None}
    for transforms, path in (
        ({"Colour": UPPER}, "transforms.Colour"),
        ({"Tags": UPPER}, "transforms.Tags"),
        ({"Title": [{"step": "only_if", "column": "Colour", "is": "x"}]}, "transforms.Title.0.column"),
        ({"Title": [{"step": "x"}]}, "transforms.Title.0.step"),
    ):
        for take in (walk.ready, walk.confirm):
            with pytest.raises(InvalidValue) as refused:
                take(job, mapping, transforms=transforms)
            assert list(refused.value.fields) == [path]
    assert walk.job(job.id) == job


# Confirm --------------------------------------------------------------------------------------------------------------


def test_a_confirm_with_steps_can_be_sent_again(walk):
    job = walk.receive(csv_file([row(1)]))
    queued = walk.confirm(job, transforms={"Title": UPPER})
    assert walk.confirm(job, transforms={"Title": UPPER}) == queued
    assert queued.transforms == {"Title": UPPER}
    silent = walk.receive(csv_file([row(2)]))
    queued = walk.confirm(silent)
    assert (queued.transforms, walk.confirm(silent)) == ({"Title": UPPER}, queued)


def test_a_confirm_goes_on_with_the_steps_another_api_has_saved(walk):
    job = ready(walk, [row(1)], {"Title": UPPER, "Price": PRICE})
    without_price = {**MAPPING, "Price": None}
    assert walk.confirm(job, without_price).transforms == {"Title": UPPER}
    job = ready(walk, [row(2)], {"Title": UPPER})
    assert walk.confirm(job, transforms={}).transforms == {}


def test_the_wizard_sees_what_its_steps_would_make(walk):
    job = walk.receive(csv_file([row(1), (*row(2)[:3], "free", "red")]))
    said = Confirmation(MAPPING, SCHEMA, "EUR", "de_DE", {"Title": UPPER, "Price": PRICE})
    good, bad = preview_sample(walk.services, walk.workspace_id, job.id, said)
    assert good.findings[0].message.startswith('"9.90" is not a number written with a decimal comma')
    said = Confirmation(MAPPING, SCHEMA, "EUR", "en_US", {"Title": UPPER})
    good, bad = preview_sample(walk.services, walk.workspace_id, job.id, said)
    assert (good.row_number, good.values["name"], good.values["price"], good.findings) == (1, "CHAIR 1", "9.90", [])
    assert good.values["tags"] == ["red", "blue"]
    assert (bad.values, [each.raw_value for each in bad.findings]) == ({}, ["free"])
    assert walk.job(job.id) == job
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        assert schemas.read(cursor, walk.workspace_id).fields == ()


def test_a_job_of_before_there_were_steps_goes_on(walk):
    job = walk.receive(csv_file([row(1)]))
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        cursor.execute(
            "UPDATE import_jobs SET suggestion = jsonb_set(suggestion, '{columns}',"
            " (SELECT jsonb_agg(each - 'transforms') FROM jsonb_array_elements(suggestion -> 'columns') each))"
            " WHERE id = %s",
            [job.id],
        )
    assert walk.confirm(job).transforms == {}


# Templates ------------------------------------------------------------------------------------------------------------


def template(walk: Walk, transforms, mapping=MAPPING):
    edit = TemplateEdit(name="Monthly", mapping=mapping, transforms=transforms)
    return templates.create(walk.services, walk.workspace_id, edit)


def test_a_template_keeps_steps_by_version(walk):
    made = template(walk, {"Title": [{"step": "trim", "collapse": False}], "Colour": UPPER})
    assert made.transforms == {"Title": [{"step": "trim"}], "Colour": UPPER}
    same = TemplateEdit(transforms={"Title": [{"step": "trim"}], "Colour": UPPER})
    assert templates.change(walk.services, walk.workspace_id, made.id, same).version == 1
    changed = templates.change(walk.services, walk.workspace_id, made.id, TemplateEdit(transforms={}))
    assert (changed.version, changed.transforms) == (2, {})
    assert templates.find(walk.services, walk.workspace_id, made.id, 1).transforms == made.transforms
    renamed = templates.change(walk.services, walk.workspace_id, made.id, TemplateEdit(mapping={"Code": "sku"}))
    assert (renamed.version, renamed.transforms) == (3, {})
    with pytest.raises(InvalidValue) as refused:
        templates.change(walk.services, walk.workspace_id, made.id, TemplateEdit(transforms={"Title": [{}]}))
    assert list(refused.value.fields) == ["transforms.Title.0.step"]


def test_a_template_is_made_of_an_imports_steps(walk):
    job = ready(walk, [row(1)], {"Title": UPPER})
    made = templates.create(walk.services, walk.workspace_id, TemplateEdit(name="Of a job"), from_job=job.uuid)
    assert made.transforms == {"Title": UPPER}


def test_a_templates_steps_find_the_columns_of_the_file(walk):
    """The file spells its columns otherwise and lacks one that the steps ask for."""
    concat = {"step": "concat", "parts": [{"column": "title"}, " ", {"column": "Brand"}]}
    mapping = {"code": "sku", "title": "name", "price": "price"}
    made = template(walk, {"title": [concat, *UPPER], "Colour": UPPER}, mapping)
    job = walk.receive(csv_file([row(1)]), template_id=made.id)
    assert (job.state, job.mapping_source) == (JobState.READY, MappingSource.TEMPLATE)
    ended = walk.import_ready(job)
    assert [product.name for product in walk.products()] == ["CHAIR 1"]
    assert {each.column for each in walk.findings(ended) if each.error_type is ErrorType.COLUMN_NOT_FOUND} == {"Brand"}
    assert suggested(walk.receive(csv_file([row(2)]))) == {}


def test_a_confirm_takes_over_a_templates_steps_in_the_files_spelling(walk):
    made = template(walk, {"title": UPPER}, {"code": "sku", "title": "name"})
    job = walk.receive(csv_file([row(1)]), template_id=made.id)
    said = Confirmation({"Code": "sku", "Title": "name"}, SCHEMA)
    assert confirm(walk.services, walk.workspace_id, job.id, said).transforms == {"Title": UPPER}


def test_a_confirm_of_a_templates_job_tells_of_columns_its_steps_ask_for_in_vain(walk):
    concat = [{"step": "concat", "parts": [{"column": "Title"}, " ", {"column": "Brand"}]}]
    made = template(walk, {"Title": concat}, {"Code": "sku", "Title": "name"})
    job = walk.receive(csv_file([row(1)]), template_id=made.id)
    said = Confirmation({"Code": "sku", "Title": "name"}, SCHEMA)
    with pytest.raises(InvalidValue) as refused:
        confirm(walk.services, walk.workspace_id, job.id, replace(said, transforms={"Title": concat}))
    assert list(refused.value.fields) == ["transforms.Title.0.parts"]
    ended = walk.deliver(confirm(walk.services, walk.workspace_id, job.id, said))
    assert [(each.column, each.error_type) for each in walk.findings(ended)] == [("Brand", ErrorType.COLUMN_NOT_FOUND)]


def test_a_column_without_a_header_is_remembered_of_its_supplier_only(walk):
    """Where it stands says nothing of what another file has there."""
    headers = ("", *HEADERS[1:])
    mapping = {**MAPPING, "column_1": "sku"}
    del mapping["Code"]
    job = walk.receive(csv_file([row(1)], headers), supplier_code="ACME")
    walk.import_ready(walk.ready(job, mapping, transforms={"column_1": UPPER}))
    again = walk.receive(csv_file([row(2)], headers), supplier_code="ACME")
    assert suggested(again) == {"column_1": UPPER}
    assert suggested(walk.receive(csv_file([row(2)], headers))) == {}
