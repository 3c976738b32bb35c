"""Rows whose columns have steps: what is read, what is told of, and that the fast path and the rules agree."""

import json
from dataclasses import replace

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.fields import Habit
from chalicelib.imports.plan import ImportPlan, make_plan
from chalicelib.imports.rows import (
    Converted,
    Refused,
    RowPlan,
    compile_row_converter,
    row_explainer,
    text_reader,
)
from chalicelib.model.import_job import MatchOn
from chalicelib.model.product_schema import ProductSchema, SchemaField
from chalicelib.model.row_error import ErrorType
from chalicelib.model.transform import read_transforms
from chalicelib.model.validation_rule import read_rules

HEADERS = ["Code", "Barcode", "Title", "Price", "Tags", "Status"]
MAPPING = {"Code": "sku", "Barcode": "ean", "Title": "name", "Price": "price", "Tags": "tags"}
SCHEMA = ProductSchema(
    fields=(SchemaField("ean", "string"), SchemaField("price", "price"), SchemaField("tags", "array")),
    default_currency="EUR",
    default_locale="de_DE",
)
EAN = "5410000000019"


def plan_of(transforms=None, *, rules=None, match_on=MatchOn.SKU, mapping=None, unique=False) -> ImportPlan:
    columns = [
        {"header": header, "position": place, "unique": unique, "examples": [], "fits": {}, "sampled": 0, "filled": 0}
        for place, header in enumerate(HEADERS)
    ]
    return make_plan(
        {"headers": HEADERS, "columns": columns},
        mapping or MAPPING,
        SCHEMA,
        match_on,
        rules=read_rules(rules or {}),
        transforms=read_transforms(transforms or {}),
    )


def row(**cells: str) -> list[str]:
    usual = {"code": "a-1", "barcode": EAN, "title": "Chair", "price": "9,90", "tags": "red", "status": ""}
    return list((usual | cells).values())


def convert(plan: ImportPlan, cells: list[str]) -> Converted | Refused:
    before = list(cells)
    made = compile_row_converter(plan.rows)(cells)
    assert cells == before
    return made


def good(plan: ImportPlan, **cells: str):
    made = convert(plan, row(**cells))
    assert isinstance(made, Converted), made
    return made, json.loads(orjson.dumps(made.data))


def problems(plan: ImportPlan, **cells: str):
    made = convert(plan, row(**cells))
    assert isinstance(made, Refused), made
    return made.problems


UPPER = [{"step": "case", "to": "upper"}]


def test_every_kind_of_column_is_read_after_its_steps():
    made, data = good(
        plan_of(
            {
                "Code": [{"step": "prefix", "text": "KB-"}, *UPPER],
                "Barcode": [{"step": "pad", "length": 13}],
                "Title": [{"step": "concat", "parts": [{"column": "Title"}, " ", {"column": "Status"}]}],
                "Price": [{"step": "number", "decimal": ".", "multiply": "2"}],
                "Tags": [{"step": "split", "separator": "/", "take": "all"}, *UPPER],
            }
        ),
        barcode="54102",
        price="1.234 €",
        tags="a|b / c",
        status="new",
    )
    assert (made.sku, made.name, made.ean) == ("KB-A-1", "Chair new", "00000000054102")
    assert data == {
        "ean": "0000000054102",
        "price": {"amount": 2.468, "currency": "EUR"},
        "tags": ["A|B", "C"],
    }


def test_a_number_of_a_step_is_not_read_by_the_habit_of_the_column():
    """The workspace writes 1.234 for a thousand; the step has said that this column does not."""
    assert good(plan_of(), price="1.234")[1]["price"]["amount"] == 1234
    assert good(plan_of({"Price": [{"step": "number", "decimal": "."}]}), price="1.234")[1]["price"]["amount"] == 1.234


def test_what_is_wrong_is_told_with_the_cell_as_it_stands_and_as_it_became():
    [problem] = problems(plan_of({"Price": [{"step": "replace", "find": "9", "with": "x"}]}), price=" 9,90 ")
    assert problem.raw_value == " 9,90 "
    assert problem.message.endswith('(after its steps the cell is "x,x0")')
    assert (problem.field, problem.column, problem.error_type) == ("price", "Price", ErrorType.INVALID_TYPE)


def test_nothing_is_said_of_steps_that_changed_nothing():
    [problem] = problems(plan_of({"Price": UPPER}), price="FREE")
    assert "after its steps" not in problem.message


def test_a_cell_that_a_step_cannot_take_is_a_row_error():
    lookup = {"step": "lookup", "values": {"noir": "black"}, "otherwise": "refuse"}
    [problem] = problems(plan_of({"Tags": [lookup]}), tags=" rouge ")
    assert (problem.error_type, problem.field, problem.raw_value) == (ErrorType.NOT_IN_LIST, "tags", " rouge ")


@pytest.mark.parametrize(("header", "field"), [("Code", "sku"), ("Barcode", "ean"), ("Title", "name")])
def test_a_key_that_a_step_cannot_take_is_told_of_once(header, field):
    step = {"step": "date", "format": "dd.MM.yyyy"}
    for match_on in MatchOn:
        told = problems(plan_of({header: [step]}, match_on=match_on))
        assert [(each.error_type, each.field) for each in told] == [(ErrorType.INVALID_TYPE, field)]


def test_a_row_that_is_keyed_by_its_ean_is_keyed_by_what_the_steps_make_of_it():
    plan = plan_of({"Barcode": [{"step": "pad", "length": 13}]}, mapping={"Barcode": "ean", "Title": "name"})
    assert good(plan, barcode="54102")[0].sku == "0000000054102"
    bad = plan_of({"Barcode": [{"step": "number", "decimal": ","}]}, mapping={"Barcode": "ean", "Title": "name"})
    assert [each.field for each in problems(bad, barcode="x")] == ["ean"]


def test_rules_are_held_against_what_was_read():
    rules = {"name": {"pattern": "^[A-Z]+$"}, "tags": {"enum": ["RED"]}}
    plan = plan_of({"Title": UPPER, "Tags": UPPER}, rules=rules)
    good(plan)
    [problem] = problems(plan, title="chair 1")
    assert problem.raw_value == "chair 1"
    assert 'after its steps the cell is "CHAIR 1"' in problem.message


def test_a_value_by_default_is_no_missing_one():
    rules = {"tags": {"required": True}}
    default = {"Tags": [{"step": "default", "value": "none"}], "Title": [{"step": "default", "value": "No name"}]}
    made, data = good(plan_of(default, rules=rules), tags="", title="")
    assert (made.name, data["tags"]) == ("No name", ["none"])
    blank = {"Tags": [{"step": "only_if", "is": "x"}]}
    [problem] = problems(plan_of(blank, rules=rules))
    assert problem.error_type is ErrorType.MISSING_REQUIRED_FIELD
    assert problem.raw_value == "red"


def test_a_nul_anywhere_is_told_of_and_nothing_else():
    told = problems(plan_of({"Title": UPPER, "Price": [{"step": "date", "order": "dmy"}]}), status="a\0")
    assert [(each.error_type, each.column) for each in told] == [(ErrorType.ENCODING_ERROR, "Status")]


def test_a_row_needs_the_cells_its_steps_ask_for():
    plan = plan_of({"Code": [{"step": "concat", "parts": [{"column": "Code"}, "-", {"column": "Status"}]}]})
    [problem] = compile_row_converter(plan.rows)(row()[:5]).problems
    assert problem.error_type is ErrorType.MALFORMED_ROW
    assert text_reader(plan.rows, "sku")(row()[:5]) == ""
    assert text_reader(plan.rows, "sku")(row(status=" x ")) == "a-1-x"
    assert compile_row_converter(plan_of().rows)(row()[:5]).sku == "a-1"


def test_the_text_of_a_field_is_what_its_value_is_read_from():
    plan = plan_of({"Code": UPPER, "Price": [{"step": "number", "decimal": ","}]}).rows
    assert text_reader(plan, "sku")(row(code=" a ")) == "A"
    assert text_reader(plan, "name")(row(title=" a ")) == "a"
    assert text_reader(plan, "price")(row(price="x")) == ""
    assert text_reader(plan, "colour")(row()) == ""


def test_keys_that_steps_make_are_not_known_to_be_unique():
    unique = {"name": {"unique": True}}
    assert plan_of(unique=True, rules=unique).keys_are_unique
    assert plan_of(unique=True, rules=unique).unique_fields == ()
    assert not plan_of({"Code": UPPER}, unique=True).keys_are_unique
    assert plan_of({"Title": UPPER}, unique=True, rules=unique).unique_fields == ("name",)
    assert plan_of({"Title": UPPER}, unique=True, rules=unique).keys_are_unique


def test_a_plan_with_steps_survives_json_and_is_another_plan():
    made = plan_of({"Code": UPPER, "Price": [{"step": "number", "decimal": ",", "multiply": "1.20"}]})
    assert ImportPlan.from_json(json.loads(orjson.dumps(made.to_json()))) == made
    versions = {
        plan_of(each).rows.version
        for each in (
            {},
            {"Code": UPPER},
            {"Title": UPPER},
            {"Code": [{"step": "case", "to": "lower"}]},
        )
    }
    assert len(versions) == 4


def test_a_plan_without_steps_is_told_as_before_there_were_any():
    told = plan_of().to_json()["rows"]
    assert "transforms" not in told
    assert RowPlan.from_json(told).transforms == {}


STEPS = st.sampled_from(
    [
        [],
        UPPER,
        [{"step": "default", "value": "9,5"}],
        [{"step": "replace", "find": "1", "with": ""}],
        [{"step": "number", "decimal": ",", "multiply": "2"}],
        [{"step": "lookup", "values": {"1": "5410000000019", "a": ""}, "otherwise": "refuse"}],
        [{"step": "split", "separator": "1", "take": "all"}],
        [{"step": "split", "separator": ",", "take": "first"}, {"step": "suffix", "text": "1"}],
        [{"step": "concat", "parts": [{"column": "Code"}, "1", {"column": "Status"}]}],
        [{"step": "only_if", "column": "Status", "is": "1"}],
        [{"step": "date", "order": "dmy"}],
    ]
)
CELLS = st.one_of(
    st.sampled_from(["", " ", "1", "a", "a1", "9,90", EAN, "1,2", "\0", "31.12.2026"]), st.text(max_size=4)
)
RULES = st.sampled_from(
    [
        {},
        {"price": {"required": True, "min": 1}},
        {"tags": {"enum": ["1", "A"], "severity": "warning"}, "name": {"max_length": 3}},
        {"ean": {"required": True}, "sku": {"pattern": "1"}},
    ]
)


@given(
    st.dictionaries(st.sampled_from(list(MAPPING)), STEPS),
    st.lists(CELLS, min_size=4, max_size=7),
    RULES,
    st.sampled_from(MatchOn),
)
@settings(max_examples=400, deadline=None)
def test_the_fast_path_and_the_rules_agree(transforms, cells, rules, match_on):
    plan = plan_of(transforms, rules=rules, match_on=match_on).rows
    fast, explained = compile_row_converter(plan)(list(cells)), row_explainer(plan)(list(cells))
    assert type(fast) is type(explained)
    if isinstance(fast, Converted) and isinstance(explained, Converted):
        assert orjson.dumps(fast.data) == orjson.dumps(explained.data)
        assert replace(fast, data={}) == replace(explained, data={})
    else:
        assert fast == explained
        assert all(
            each.raw_value in {None, "", *(cell.replace("\0", "\u2400") for cell in cells)} for each in fast.problems
        )


@given(st.lists(CELLS, min_size=6, max_size=6), STEPS)
@settings(max_examples=150, deadline=None)
def test_the_key_before_conversion_is_the_sku_after_it(cells, steps):
    plan = plan_of({"Code": steps}).rows
    made = compile_row_converter(plan)(cells)
    if isinstance(made, Converted):
        assert made.sku == text_reader(plan, "sku")(cells)


@given(st.lists(CELLS, min_size=6, max_size=6), STEPS, st.sampled_from(list(MAPPING)))
@settings(max_examples=150, deadline=None)
def test_a_row_reads_as_one_that_says_what_the_steps_make(cells, steps, header):
    """Steps of a column are as good as a file that was written so; but for lists and numbers, which steps settle."""
    plan = plan_of({header: steps})
    if any(step["step"] in {"number", "split"} for step in steps):
        return
    made = compile_row_converter(plan.rows)(list(cells))
    if isinstance(made, Converted):
        place = HEADERS.index(header)
        field = MAPPING[header]
        written = [*cells[:place], text_reader(plan.rows, field)(cells), *cells[place + 1 :]]
        as_written = compile_row_converter(plan_of().rows)(written)
        assert isinstance(as_written, Converted)
        assert orjson.dumps(as_written.data) == orjson.dumps(made.data)
        assert (as_written.sku, as_written.name, as_written.ean) == (made.sku, made.name, made.ean)


def test_habits_of_other_columns_stay():
    rows = plan_of({"Price": [{"step": "number", "decimal": ","}]}).rows
    habits = {column.header: rows.habit(column) for column in rows.columns}
    assert habits["Price"].decimal == "."
    assert habits["Tags"].decimal == ","
    assert isinstance(habits["Price"], Habit)
