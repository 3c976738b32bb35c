"""Rows become products: every rule of the conversion, and that the fast path and the rules agree."""

import json
from decimal import Decimal

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.fields import Habit
from chalicelib.imports.rows import (
    EXTRA_CELLS,
    ColumnPlan,
    Converted,
    Refused,
    RowPlan,
    compile_row_converter,
    raw_data,
    row_explainer,
    row_hash,
)
from chalicelib.model.import_job import MatchOn
from chalicelib.model.import_options import BlankCells
from chalicelib.model.row_error import ErrorType, Severity
from chalicelib.model.validation_rule import read_rules

EAN = "5410000000019"


def plan_of(
    *columns: str,
    match_on: MatchOn = MatchOn.SKU,
    habits=None,
    surplus: int = 0,
    rules=None,
    blank_cells: BlankCells = BlankCells.CLEAR,
) -> RowPlan:
    """A plan from words like "price:price" or "price:price!" (required); the headers are the fields in capitals."""
    planned = []
    for position, word in enumerate(columns):
        name, _, kind = word.partition(":")
        if name:
            planned.append(ColumnPlan(position, f"{name.upper()}{position}", name, kind.strip("!"), kind.endswith("!")))
    fields = {column.field for column in planned}
    headers = tuple(f"{word.partition(':')[0].upper()}{position}" for position, word in enumerate(columns))
    headers += tuple(f"UNMAPPED{number}" for number in range(surplus))
    return RowPlan(
        columns=tuple(planned),
        headers=headers,
        currency="EUR",
        locale="en_US",
        habits=habits or {},
        match_on=match_on,
        has_sku="sku" in fields,
        has_name="name" in fields,
        has_ean="ean" in fields,
        version="v1",
        rules=read_rules(rules or {}),
        blank_cells=blank_cells,
    )


WIZARD = plan_of("sku", "ean:string", "name", "price:price")


def convert(plan: RowPlan, *cells: str) -> Converted | Refused:
    return compile_row_converter(plan)(list(cells))


def good(plan: RowPlan, *cells: str) -> Converted:
    converted = convert(plan, *cells)
    assert isinstance(converted, Converted), converted
    return converted


def problems(plan: RowPlan, *cells: str) -> list[tuple[ErrorType, str | None]]:
    refused = convert(plan, *cells)
    assert isinstance(refused, Refused), refused
    assert all(problem.severity is Severity.ERROR for problem in refused.problems)
    return [(problem.error_type, problem.field) for problem in refused.problems]


def data_of(converted: Converted):
    return json.loads(orjson.dumps(converted.data), parse_float=Decimal)


def test_a_row_becomes_a_product():
    row = good(WIZARD, "CH-1", EAN, "Chair", "1,129.90")
    assert (row.sku, row.ean, row.name, row.warnings) == ("CH-1", EAN.zfill(14), "Chair", ())
    assert data_of(row) == {"ean": EAN, "price": {"amount": Decimal("1129.90"), "currency": "EUR"}}


def test_cells_are_stripped_and_blank_ones_absent():
    plan = plan_of("sku", "name", "color:string", "stock:number", "url:url")
    row = good(plan, " A\u00a0", "\u2009Chair ", " red ", "\u00a05", " \t")
    assert (row.sku, row.name, data_of(row)) == ("A", "Chair", {"color": "red", "stock": 5})


def test_unmapped_columns_are_left_alone():
    assert data_of(good(plan_of("sku", "", "color:string", surplus=1), "A", "x", "red", "y")) == {"color": "red"}


def test_habits_of_columns_and_of_the_locale():
    plan = plan_of("sku", "price:price", "cost:price", habits={"PRICE1": Habit(decimal=",", currency="CHF")})
    assert data_of(good(plan, "A", "1.234", "1.234")) == {
        "price": {"amount": 1234, "currency": "CHF"},
        "cost": {"amount": Decimal("1.234"), "currency": "EUR"},
    }


def test_leading_zeros_of_an_ean_are_kept_as_printed():
    row = good(WIZARD, "A", "0012345678905", "x", "")
    assert (row.ean, row.data["ean"]) == ("00012345678905", "0012345678905")


def test_a_recovered_ean_is_printed_in_digits():
    row = good(WIZARD, "A", "5.410000000019E+12", "x", "")
    assert (row.ean, row.data["ean"], row.warnings) == (EAN.zfill(14), EAN, ())


def test_an_ean_the_schema_has_no_field_for_is_not_in_data():
    row = good(plan_of("sku", "ean"), "A", EAN)
    assert (row.ean, row.data) == (EAN.zfill(14), {})
    assert good(plan_of("sku", "ean"), "A", f"'{EAN}").data == {}


# Keys -----------------------------------------------------------------------------------------------------------------


def test_a_row_without_a_sku_is_refused_when_rows_are_matched_by_sku():
    assert problems(WIZARD, "", EAN, "x", "3.90") == [(ErrorType.MISSING_REQUIRED_FIELD, "sku")]
    assert problems(WIZARD, " \u00a0", "", "x", "") == [(ErrorType.MISSING_REQUIRED_FIELD, "sku")]


def test_a_row_without_a_sku_is_keyed_by_its_ean_when_rows_are_matched_by_ean():
    plan = plan_of("sku", "ean:string", "name", match_on=MatchOn.EAN)
    assert good(plan, "", EAN, "x").sku == EAN
    assert good(plan, "A", "", "x").sku == "A"
    assert problems(plan, "", "", "x") == [(ErrorType.MISSING_REQUIRED_FIELD, "sku")]
    assert problems(plan, "", "123", "x") == [(ErrorType.EAN_INVALID, "ean")]


@pytest.mark.parametrize("match_on", MatchOn)
def test_without_a_sku_column_the_ean_is_the_sku(match_on):
    plan = plan_of("ean:string", "name", match_on=match_on)
    assert good(plan, EAN, "x").sku == EAN
    assert problems(plan, "", "x") == [(ErrorType.MISSING_REQUIRED_FIELD, "sku")]
    assert problems(plan, "No barcode found", "x") == [(ErrorType.EAN_INVALID, "ean")]


def test_a_sku_has_255_characters_at_most():
    assert good(plan_of("sku"), "x" * 255).sku == "x" * 255
    assert problems(plan_of("sku"), "x" * 256) == [(ErrorType.OUT_OF_RANGE, "sku")]


def test_an_invalid_ean_beside_a_sku_is_a_warning():
    row = good(WIZARD, "A", "4,26E+12", "x", "")
    assert (row.ean, row.data) == (None, {})
    [warning] = row.warnings
    assert (warning.severity, warning.error_type, warning.field, warning.column, warning.raw_value) == (
        Severity.WARNING,
        ErrorType.EAN_INVALID,
        "ean",
        "EAN1",
        "4,26E+12",
    )
    assert "spreadsheet" in warning.message


@pytest.mark.parametrize(
    "plan",
    [plan_of("sku", "ean:string", match_on=MatchOn.EAN), plan_of("sku", "ean:string!")],
    ids=["matched by it", "required"],
)
def test_an_invalid_ean_is_an_error_where_it_matters(plan):
    assert problems(plan, "A", "123") == [(ErrorType.EAN_INVALID, "ean")]


@pytest.mark.parametrize("cell", ["0", "0000000000000", "-", "N/A", "k.A."])
def test_what_stands_for_no_ean_leaves_a_row_to_its_sku(cell):
    plan = plan_of("sku", "ean:string", match_on=MatchOn.EAN)
    row = good(plan, "A", cell)
    assert (row.sku, row.ean, [warning.error_type for warning in row.warnings]) == ("A", None, [ErrorType.EAN_INVALID])
    assert problems(plan, "", cell) == [(ErrorType.EAN_INVALID, "ean")]


# Names and fields -----------------------------------------------------------------------------------------------------


def test_a_blank_name_is_refused_and_an_unmapped_one_is_none():
    assert problems(WIZARD, "A", "", " ", "") == [(ErrorType.MISSING_REQUIRED_FIELD, "name")]
    assert good(plan_of("sku"), "A").name is None


def test_required_fields_need_a_value():
    plan = plan_of("sku", "ean:string!", "brand:string!", "tags:array!", "tags:array")
    assert problems(plan, "A", "", " ", "|", "") == [
        (ErrorType.MISSING_REQUIRED_FIELD, "ean"),
        (ErrorType.MISSING_REQUIRED_FIELD, "brand"),
        (ErrorType.MISSING_REQUIRED_FIELD, "tags"),
    ]
    assert data_of(good(plan, "A", EAN, "b", "", "t")) == {"ean": EAN, "brand": "b", "tags": ["t"]}


def test_several_columns_make_one_list_in_file_order():
    plan = plan_of("images:array", "sku", "images:array", "images:array")
    assert data_of(good(plan, "a|b", "A", "", "c")) == {"images": ["a", "b", "c"]}
    assert data_of(good(plan, "", "A", " ", "|")) == {}


def test_all_bad_cells_of_a_row_are_named():
    plan = plan_of("sku", "name", "price:price", "stock:number", "active:boolean", "added:datetime", "link:url")
    refused = convert(plan, "", "", "4.9O", "207 grs", "maybe", "soon", "img/a.jpg")
    assert isinstance(refused, Refused)
    assert [(each.error_type.value, each.field, each.column, each.raw_value) for each in refused.problems] == [
        ("missing_required_field", "name", "NAME1", ""),
        ("invalid_type", "price", "PRICE2", "4.9O"),
        ("invalid_type", "stock", "STOCK3", "207 grs"),
        ("invalid_type", "active", "ACTIVE4", "maybe"),
        ("invalid_type", "added", "ADDED5", "soon"),
        ("invalid_type", "link", "LINK6", "img/a.jpg"),
        ("missing_required_field", "sku", "SKU0", ""),
    ]


def test_raw_values_are_as_in_the_file_and_cut():
    refused = convert(WIZARD, "A", "", "x", " " + "y" * 600)
    assert isinstance(refused, Refused)
    assert refused.problems[0].raw_value == " " + "y" * 499


# Malformed rows -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["A"], "the row has 1 cell, the header 4"),
        (["A", EAN, "x"], "the row has 3 cells, the header 4"),
        (["A", EAN, "x", "1", "surplus"], "the row has 5 cells, the header 4"),
        ([], "the row has 0 cells, the header 4"),
    ],
)
def test_rows_too_short_or_too_long_are_malformed(cells, message):
    refused = convert(WIZARD, *cells)
    assert isinstance(refused, Refused)
    [problem] = refused.problems
    assert (problem.error_type, problem.message, problem.field) == (ErrorType.MALFORMED_ROW, message, None)


def test_blank_surplus_cells_mean_nothing():
    assert good(WIZARD, "A", EAN, "x", "1", "", " \u00a0").sku == "A"


def test_a_short_row_that_has_all_mapped_cells_is_good():
    assert good(plan_of("sku", "name", surplus=3), "A", "x").name == "x"


def test_a_nul_anywhere_is_an_encoding_error():
    plan = plan_of("sku", "name", "stock:number", surplus=1)
    assert problems(plan, "A", "x", "1", "\0") == [(ErrorType.ENCODING_ERROR, None)]
    assert problems(plan, "A\0", "x", "1", "") == [(ErrorType.ENCODING_ERROR, "sku")]
    assert problems(plan, "A", "x\0", "one", "") == [
        (ErrorType.ENCODING_ERROR, "name"),
        (ErrorType.INVALID_TYPE, "stock"),
    ]
    refused = convert(plan, "A", "x\0y", "1", "")
    assert isinstance(refused, Refused)
    assert refused.problems[0].raw_value == "x\u2400y"


# Rules and ignored blanks ---------------------------------------------------------------------------------------------


def test_a_broken_rule_refuses_the_row_and_says_what_was_asked_for():
    plan = plan_of(
        "sku", "price:price", "color:string", rules={"price": {"min": 5}, "color": {"enum": ["red", "blue"]}}
    )
    refused = convert(plan, "A", "4.90", "green")
    assert isinstance(refused, Refused)
    assert [(each.error_type.value, each.column, each.message, each.raw_value) for each in refused.problems] == [
        ("out_of_range", "PRICE1", '"4.90" is less than 5', "4.90"),
        ("not_in_list", "COLOR2", '"green" is none of red, blue', "green"),
    ]
    assert good(plan, "A", "5", "red").warnings == ()
    assert good(plan, "A", "", "").warnings == ()


def test_a_rules_own_words_are_said_and_a_warning_keeps_the_row():
    rules = {"stock": {"max": 9, "severity": "warning", "message": "More than fits."}, "brand": {"required": True}}
    plan = plan_of("sku", "stock:number", "brand:string", rules=rules)
    row = good(plan, "A", "10", "b")
    assert [(each.severity, each.error_type, each.message) for each in row.warnings] == [
        (Severity.WARNING, ErrorType.OUT_OF_RANGE, "More than fits.")
    ]
    assert row.data == {"stock": 10, "brand": "b"}
    assert problems(plan, "A", "10", "") == [(ErrorType.MISSING_REQUIRED_FIELD, "brand")]


def test_a_value_that_is_none_for_its_type_is_held_against_no_rule():
    plan = plan_of("sku", "stock:number", rules={"stock": {"min": 1, "required": True}})
    assert problems(plan, "A", "many") == [(ErrorType.INVALID_TYPE, "stock")]
    assert problems(plan, "A", "0") == [(ErrorType.OUT_OF_RANGE, "stock")]
    assert problems(plan, "A", " ") == [(ErrorType.MISSING_REQUIRED_FIELD, "stock")]


def test_rules_of_the_key_the_name_and_the_ean():
    rules = {"sku": {"pattern": "^A"}, "name": {"max_length": 5}, "ean": {"required": True, "min_length": 13}}
    plan = plan_of("sku", "name", "ean:string", rules=rules)
    assert good(plan, "A", "Chair", EAN).sku == "A"
    assert problems(plan, "B", "Chairs", "96385074") == [
        (ErrorType.PATTERN_MISMATCH, "sku"),
        (ErrorType.OUT_OF_RANGE, "name"),
        (ErrorType.OUT_OF_RANGE, "ean"),
    ]
    assert problems(plan, "A", "Chair", "") == [(ErrorType.MISSING_REQUIRED_FIELD, "ean")]
    assert problems(plan, "A", "Chair", "4,26E+12") == [(ErrorType.EAN_INVALID, "ean")]


def test_a_required_sku_is_asked_for_although_the_ean_would_do():
    plan = plan_of("sku", "ean:string", match_on=MatchOn.EAN, rules={"sku": {"required": True}})
    assert problems(plan, "", EAN) == [(ErrorType.MISSING_REQUIRED_FIELD, "sku")]
    told = plan_of("sku", "ean", match_on=MatchOn.EAN, rules={"sku": {"required": True, "severity": "warning"}})
    row = good(told, "", EAN)
    assert (row.sku, [each.field for each in row.warnings]) == (EAN, ["sku"])


def test_a_rule_is_held_against_all_items_of_several_columns():
    plan = plan_of("sku", "tags:array", "tags:array", rules={"tags": {"max_length": 2, "enum": ["a", "b", "c"]}})
    assert data_of(good(plan, "A", "a", "b")) == {"tags": ["a", "b"]}
    assert problems(plan, "A", "a|b", "c") == [(ErrorType.OUT_OF_RANGE, "tags")]
    assert problems(plan, "A", "a", "x") == [(ErrorType.NOT_IN_LIST, "tags")]


def test_what_a_product_needs_and_a_row_lacks_is_no_error_where_blanks_are_ignored():
    plan = plan_of("sku", "name", "price:price!", "brand:string", blank_cells=BlankCells.IGNORE)
    row = good(plan, "A", "", "", "b")
    assert (row.name, row.data) == ("", {"brand": "b"})
    assert [(each.error_type, each.field) for each in row.lacks] == [
        (ErrorType.MISSING_REQUIRED_FIELD, "name"),
        (ErrorType.MISSING_REQUIRED_FIELD, "price"),
    ]
    assert good(plan, "A", "Chair", "1", "").lacks == ()


def test_a_rule_that_requires_a_value_requires_it_also_where_blanks_are_ignored():
    rules = {"name": {"required": True}, "brand": {"required": True}}
    plan = plan_of("sku", "name", "brand:string", blank_cells=BlankCells.IGNORE, rules=rules)
    assert problems(plan, "A", "", "") == [
        (ErrorType.MISSING_REQUIRED_FIELD, "name"),
        (ErrorType.MISSING_REQUIRED_FIELD, "brand"),
    ]


# What travels with a row ----------------------------------------------------------------------------------------------


def test_the_hash_knows_every_cell_and_the_plan():
    rows = [["a", "b"], ["ab", ""], ["", "ab"], ["a,b"], ['a","b'], ["a", "b", ""], ["a\x1fb"]]
    hashes = {row_hash(row, version) for row in rows for version in ("1", "2")}
    assert len(hashes) == 2 * len(rows)
    assert {len(each) for each in hashes} == {8}
    assert row_hash(["é"], "1") == row_hash(["é"], "1")


@pytest.mark.parametrize(
    ("cells", "stored"),
    [
        (["1", " 2 "], {"A": "1", "B": " 2 "}),
        (["1"], {"A": "1"}),
        (["1", "2", "", " "], {"A": "1", "B": "2"}),
        (["1", "2", "", "x"], {"A": "1", "B": "2", EXTRA_CELLS: ["", "x"]}),
    ],
)
def test_the_original_row_is_kept(cells, stored):
    assert orjson.loads(raw_data(cells, ["A", "B"])) == stored


def test_a_plan_survives_json():
    plan = plan_of("sku", "ean:string!", "tags:array", habits={"TAGS2": Habit(",", True, "CHF", "de_CH", "|")})
    assert RowPlan.from_json(orjson.loads(orjson.dumps(plan.to_json()))) == plan


def test_a_plan_with_rules_survives_json():
    rules = {"price": {"min": 0.5, "severity": "warning"}, "sku": {"pattern": "^A", "unique": True}}
    plan = plan_of("sku", "price:price", rules=rules, blank_cells=BlankCells.IGNORE)
    assert RowPlan.from_json(orjson.loads(orjson.dumps(plan.to_json()))) == plan
    assert RowPlan.from_json(json.loads(json.dumps(plan.to_json()))) == plan


def test_a_plan_without_rules_is_told_as_before_there_were_any():
    """Or every stored row would be taken for a changed one."""
    told = plan_of("sku", "price:price").to_json()
    assert set(told) == {
        "columns",
        "headers",
        "currency",
        "locale",
        "habits",
        "match_on",
        "has_sku",
        "has_name",
        "has_ean",
        "version",
    }


def test_names_of_a_file_never_enter_the_generated_code():
    evil = "'); raise SystemExit; ('"
    plan = RowPlan(
        (ColumnPlan(0, evil, "sku", "string"), ColumnPlan(1, evil, evil, "string")),
        (evil, evil),
        "EUR",
        "en_US",
        {},
        MatchOn.SKU,
        True,
        False,
        False,
        evil,
    )
    assert good(plan, "A", "x").data == {evil: "x"}


# The two paths --------------------------------------------------------------------------------------------------------

PLANS = [
    WIZARD,
    plan_of("sku", "ean", "name"),
    plan_of("ean:string!", "name", "tags:array", "tags:array", "stock:number"),
    plan_of("sku", "ean:string", "tags:array!", "", "price:price!", match_on=MatchOn.EAN, surplus=1),
    plan_of("name", "active:boolean", "sku", "link:url", "added:datetime", "prices:multi_price"),
    plan_of("color:string!"),
    plan_of(
        "sku",
        "ean:string",
        "name",
        "price:price",
        "tags:array",
        "stock:number",
        match_on=MatchOn.EAN,
        blank_cells=BlankCells.IGNORE,
        rules={
            "sku": {"max_length": 3},
            "ean": {"min_length": 13, "severity": "warning"},
            "name": {"pattern": "[a-zA-Z]"},
            "price": {"max": 1000, "required": True},
            "tags": {"enum": ["a", "b", "1.90"]},
            "stock": {"type": "boolean", "severity": "warning"},
        },
    ),
    plan_of("name", "sku", "stock:number!", "active:boolean", blank_cells=BlankCells.IGNORE),
    plan_of("sku", "stock:number", "tags:array", rules={"stock": {"min": 300}, "tags": {"required": True}}),
]
KEYS = ["", " ", "\u00a0", "A", " B ", "x" * 256, EAN, "5410000000018", "0012345678905", "4,26E+12", f"{EAN}.0", "٣"]
VALUES = ["1.90", "1.234,56 €", "free", "207", "true", "maybe", "a|b", "|", "https://a.b/c", "31/12/2026", "x\0"]
some_cells = st.sampled_from(KEYS + VALUES)


@settings(max_examples=400)
@given(plan=st.sampled_from(PLANS), cells=st.lists(some_cells, max_size=8))
def test_the_fast_path_says_what_the_rules_say(plan, cells):
    fast, slow = compile_row_converter(plan)(cells), row_explainer(plan)(cells)
    if isinstance(slow, Refused):
        assert fast == slow
        return
    assert isinstance(fast, Converted)
    assert (fast.sku, fast.ean, fast.name) == (slow.sku, slow.ean, slow.name)
    assert (fast.warnings, fast.lacks) == (slow.warnings, slow.lacks)
    assert data_of(fast) == data_of(slow)
    assert fast.sku
    assert len(fast.sku) <= 255
