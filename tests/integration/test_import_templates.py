"""Import templates: made, changed in versions, made of jobs, and applied to the next file."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest

from chalicelib.catalog import suppliers
from chalicelib.errors import Conflict, InvalidValue, NotFound
from chalicelib.formats.reading import Reading
from chalicelib.imports import templates
from chalicelib.imports.templates import NamedSupplier, TemplateEdit
from chalicelib.model.import_job import JobState, MappingSource, MatchOn
from chalicelib.model.import_options import ImportOptions
from chalicelib.model.import_template import Template
from tests.walk import MAPPING, Walk, csv_file, row

COLUMNS = {"Titre": "name", "EAN Code": "ean", "Z": None, "Prix HT": "price"}


def make(walk: Walk, name: str = "Monthly", from_job: UUID | None = None, **said: Any) -> Template:
    if from_job is None:
        said = {"mapping": COLUMNS, **said}
    return templates.create(walk.services, walk.workspace_id, TemplateEdit(name=name, **said), from_job=from_job)


def change(walk: Walk, template: Template, **said: Any) -> Template:
    return templates.change(walk.services, walk.workspace_id, template.id, TemplateEdit(**said))


def find(walk: Walk, template: Template, version: int | None = None) -> Template:
    return templates.find(walk.services, walk.workspace_id, template.id, version)


def test_a_template_is_kept_as_it_was_said(walk):
    made = make(
        walk,
        " Monthly ",
        supplier=NamedSupplier(code="SUPPLIER_A"),
        rules={"price": {"min": 0, "max": 99.5}},
        options={"overwrite_existing": False},
        reading={"format": "csv", "delimiter": ";", "encoding": None, "skip_header_rows": 2},
    )
    assert find(walk, made) == made
    assert (made.name, made.version, made.latest_version, made.supplier_code) == ("Monthly", 1, 1, "SUPPLIER_A")
    assert list(made.mapping.items()) == list(COLUMNS.items())
    assert made.rules == {"price": {"min": 0, "max": pytest.approx(99.5), "severity": "error"}}
    assert made.options == ImportOptions(overwrite_existing=False).to_json()
    assert Reading(**made.reading) == Reading(format="csv", delimiter=";", skip_header_rows=2)
    assert suppliers.read(walk.services, walk.workspace_id, made.supplier_id).is_stub


def test_a_name_is_unique_in_its_workspace(walk, other_walk):
    make(walk)
    with pytest.raises(Conflict) as taken:
        make(walk, " Monthly")
    assert list(taken.value.fields) == ["name"]
    assert make(walk, "monthly").name == "monthly"
    assert make(other_walk).name == "Monthly"


def test_a_refused_template_makes_no_supplier(walk):
    make(walk)
    with pytest.raises(Conflict):
        make(walk, supplier=NamedSupplier(code="NEW"))
    assert suppliers.listing(walk.services, walk.workspace_id, page=1, per_page=10).count == 0


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "a" * 256}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"mapping": {}}, "column_mapping"),
        ({"mapping": {"Titre": "name"}}, "column_mapping"),
        ({"mapping": {"A": "ean", "B": "ean"}}, "column_mapping"),
        ({"mapping": {"A": "sku", "B": "name", "C": "name"}}, "column_mapping"),
        ({"mapping": {"A": "sku", "B": "id"}}, "column_mapping.B"),
        ({"mapping": {"A": "sku", "B": "page_size"}}, "column_mapping.B"),
        ({"mapping": {"A": "sku", "B": "no field"}}, "column_mapping.B"),
        ({"mapping": {"A": "sku", " ": "name"}}, "column_mapping. "),
        ({"mapping": {"A": "sku", **{f"C{number}": None for number in range(1000)}}}, "column_mapping"),
        ({"rules": {"price": {"colour": "red"}}}, "validation_rules.price.colour"),
        ({"rules": {"price": "cheap"}}, "validation_rules.price"),
        ({"options": {"overwrite": True}}, "import_options.overwrite"),
        ({"reading": {"encoding": "klingon"}}, "encoding"),
        ({"supplier": NamedSupplier(code="a" * 101)}, "supplier_code"),
    ],
)
def test_what_cannot_be_is_refused_by_its_name(walk, said, field):
    with pytest.raises(InvalidValue) as refused:
        make(walk, **said)
    assert list(refused.value.fields) == [field]
    assert templates.listing(walk.services, walk.workspace_id, page=1, per_page=10).count == 0
    made = make(walk)
    with pytest.raises(InvalidValue):
        change(walk, made, **said)
    assert find(walk, made) == made


def test_several_columns_may_make_a_list(walk):
    mapping = {"A": "sku", "B": "name", "T1": "tags", "T2": "tags"}
    assert make(walk, mapping=mapping).mapping == mapping
    walk.import_rows([row(1)])
    assert make(walk, "known field", mapping=mapping).mapping == mapping
    with pytest.raises(InvalidValue):
        make(walk, "no list", mapping={"A": "sku", "P1": "price", "P2": "price"})


def test_an_unknown_supplier_id_is_not_found(walk, other_walk):
    theirs = suppliers.create(other_walk.services, other_walk.workspace_id, code="B")
    for stranger in (uuid4(), theirs.id):
        with pytest.raises(NotFound):
            make(walk, supplier=NamedSupplier(id=stranger))


# Versions -------------------------------------------------------------------------------------------------------------


def test_another_content_is_another_version_and_the_old_one_stays(walk):
    first = make(walk, rules={"price": {"max": 0.1}})
    second = change(walk, first, mapping={"Barcode": "ean"})
    assert (second.version, second.mapping, second.rules) == (2, {"Barcode": "ean"}, first.rules)
    third = change(walk, first, reading={"delimiter": ";"})
    assert (third.version, third.reading) == (3, {"delimiter": ";"})
    assert change(walk, first, reading={"delimiter": None}).reading == {}
    assert change(walk, first, options={"create_missing": False}).version == 5
    old = find(walk, first, 1)
    assert (old.version, old.latest_version, old.mapping, old.rules) == (1, 5, first.mapping, first.rules)
    assert find(walk, first).version == 5
    for unknown in (0, 6):
        with pytest.raises(NotFound):
            find(walk, first, unknown)


def test_saying_the_same_again_is_no_new_version(walk):
    made = make(walk, rules={"price": {"max": 0.1, "unique": True}}, reading={"sheet": "1"})
    said = {
        "name": "Monthly",
        "mapping": dict(reversed(COLUMNS.items())),
        "rules": {"price": {"unique": True, "max": 0.1, "required": False}},
        "options": {"overwrite_existing": True},
        "reading": {"sheet": "1", "encoding": None},
    }
    assert change(walk, made, **said).version == 1


def test_a_name_and_a_supplier_are_no_content(walk):
    made = make(walk)
    changed = change(walk, made, name="Weekly", supplier=NamedSupplier(code="B"))
    assert (changed.name, changed.supplier_code, changed.version) == ("Weekly", "B", 1)
    assert change(walk, made, supplier=NamedSupplier()).supplier_id is None
    make(walk, "Monthly")
    with pytest.raises(Conflict):
        change(walk, made, name="Monthly")


def test_changes_at_once_are_versions_one_after_the_other(walk):
    made = make(walk)
    with ThreadPoolExecutor(6) as threads:
        changed = list(threads.map(lambda number: change(walk, made, mapping={f"C{number}": "sku"}), range(6)))
    assert sorted(each.version for each in changed) == [2, 3, 4, 5, 6, 7]
    for each in changed:
        assert find(walk, made, each.version).mapping == each.mapping


def test_a_template_outlives_its_supplier(walk):
    made = make(walk, supplier=NamedSupplier(code="A"))
    suppliers.delete(walk.services, walk.workspace_id, made.supplier_id)
    left = find(walk, made)
    assert (left.supplier_id, left.supplier_code) == (None, None)


def test_a_deleted_template_is_gone_with_its_versions(walk):
    made = make(walk)
    change(walk, made, mapping={"A": "sku"})
    templates.delete(walk.services, walk.workspace_id, made.id)
    for version in (None, 1, 2):
        with pytest.raises(NotFound):
            find(walk, made, version)
    with pytest.raises(NotFound):
        templates.delete(walk.services, walk.workspace_id, made.id)
    with pytest.raises(NotFound):
        change(walk, made, name="x")
    assert make(walk).version == 1


def test_what_belongs_to_another_workspace_is_not_there(walk, other_walk):
    made = make(walk)
    for attempt in (find, change):
        with pytest.raises(NotFound):
            attempt(other_walk, made)
    with pytest.raises(NotFound):
        templates.delete(other_walk.services, other_walk.workspace_id, made.id)
    assert find(walk, made) == made


def test_a_list_is_by_name_and_can_be_asked_for_less(walk):
    make(walk, "B 100%", supplier=NamedSupplier(code="X"))
    make(walk, "a")
    make(walk, "A")

    def names(**asked: Any) -> list[str]:
        found = templates.listing(walk.services, walk.workspace_id, **{"page": 1, "per_page": 10, **asked})
        return [each.name for each in found.templates]

    assert sorted(names()) == ["A", "B 100%", "a"]
    assert names(search="100%") == ["B 100%"]
    assert names(supplier_code="X") == ["B 100%"]
    assert names(supplier_code="x") == []
    assert names(page=1, per_page=2) + names(page=2, per_page=2) == names()


# Jobs -----------------------------------------------------------------------------------------------------------------


def test_a_template_is_made_of_what_a_job_was_mapped_by(walk):
    job = walk.receive(csv_file([row(1)]), supplier_code="A", reading=Reading(delimiter=","), match_on=MatchOn.EAN)
    job = walk.ready(job, MAPPING, rules={"price": {"min": 1}}, options={"blank_cells": "ignore"})
    made = make(walk, from_job=job.uuid)
    assert list(made.mapping.items()) == list(MAPPING.items())
    assert made.rules == {"price": {"min": 1, "severity": "error"}}
    assert (made.options["blank_cells"], made.options["match_on"]) == ("ignore", "ean")
    assert (made.reading, made.supplier_code) == ({"delimiter": ","}, "A")


def test_what_is_said_besides_comes_first(walk):
    job = walk.ready(walk.receive(csv_file([row(1)]), supplier_code="A"), MAPPING)
    made = make(walk, from_job=job.uuid, mapping={"Code": "sku"}, supplier=NamedSupplier(), options={"match_on": "ean"})
    assert (made.mapping, made.supplier_code, made.options["match_on"]) == ({"Code": "sku"}, None, "ean")


def test_a_wizards_job_makes_a_template_that_matches_by_sku(walk):
    job = walk.import_rows([row(1)])
    made = make(walk, from_job=job.uuid)
    assert made.mapping == MAPPING
    assert made.options["match_on"] == "sku"


def test_a_job_without_a_mapping_makes_none(walk, other_walk):
    job = walk.receive(csv_file([row(1)]))
    with pytest.raises(InvalidValue) as refused:
        make(walk, from_job=job.uuid)
    assert list(refused.value.fields) == ["from_import_id"]
    for stranger, uuid in ((walk, uuid4()), (other_walk, job.uuid)):
        with pytest.raises(NotFound):
            make(stranger, from_job=uuid)


def test_the_next_file_is_ready_by_its_template(walk):
    made = make(walk, from_job=walk.ready(walk.receive(csv_file([row(1)])), MAPPING).uuid)
    job = walk.receive(csv_file([row(2)]), template_id=made.id)
    assert (job.state, job.mapping_source, job.template_version) == (JobState.READY, MappingSource.TEMPLATE, 1)
    assert walk.import_ready(job).counters.created == 1
