"""The plan of a job: what is frozen into it, and which rows it may leave unread."""

import json

import pytest

from chalicelib.imports.plan import ImportPlan, make_plan
from chalicelib.model.import_job import ErrorPolicy, MatchOn
from chalicelib.model.import_options import BlankCells, ImportOptions
from chalicelib.model.product_schema import ProductSchema, SchemaField
from chalicelib.model.validation_rule import read_rules

SCHEMA = ProductSchema(
    fields=(SchemaField("ean", "string"), SchemaField("stock", "number"), SchemaField("size", "string"))
)
MAPPED = {"Code": "sku", "Barcode": "ean", "Title": "name", "Stock": "stock", "Size": "size"}


def analysis(*unique: str) -> dict:
    """Of a file with these headers, of which some were seen to be unique."""
    columns = [
        {"header": header, "position": position, "unique": header in unique, "examples": []}
        for position, header in enumerate(MAPPED)
    ]
    return {"headers": list(MAPPED), "columns": columns}


def plan(*unique: str, mapped=MAPPED, match_on=MatchOn.SKU, rules=None, supplier_code=None, **options) -> ImportPlan:
    return make_plan(
        analysis(*unique),
        mapped,
        SCHEMA,
        match_on,
        options=ImportOptions(**options),
        rules=read_rules(rules or {}),
        supplier_code=supplier_code,
    )


def test_a_plan_survives_json():
    made = plan(
        "Code",
        rules={"stock": {"unique": True, "min": 0.5}},
        supplier_code="ACME",
        overwrite_existing=False,
        create_missing=False,
        blank_cells=BlankCells.IGNORE,
        error_policy=ErrorPolicy.ALL_OR_NOTHING,
    )
    assert ImportPlan.from_json(json.loads(json.dumps(made.to_json()))) == made


def test_a_plan_without_options_reads_rows_as_before_there_were_any():
    """The version is part of every stored row hash."""
    assert plan("Code").rows.version == "e46e69498a69b950"


@pytest.mark.parametrize(
    ("other", "is_same"),
    [
        ({"overwrite_existing": False}, True),
        ({"create_missing": False}, True),
        ({"error_policy": ErrorPolicy.STOP}, True),
        ({"blank_cells": BlankCells.IGNORE}, False),
        ({"rules": {"stock": {"min": 1}}}, False),
        ({"rules": {"nobody": {"min": 1}}}, True),
        ({"supplier_code": "ACME"}, False),
        ({"match_on": MatchOn.EAN}, False),
    ],
)
def test_what_makes_other_products_of_rows_makes_another_version(other, is_same):
    assert (plan(**other).rows.version == plan().rows.version) is is_same


@pytest.mark.parametrize(
    ("made", "is_skipped"),
    [
        (plan("Code"), True),
        (plan(), False),
        (plan("Code", match_on=MatchOn.EAN), False),
        (plan("Code", match_on=MatchOn.EAN, mapped={"Code": "sku", "Title": "name"}), True),
        (plan("Code", overwrite_existing=False), False),
        (plan("Code", rules={"stock": {"min": 1}}), True),
        (plan("Code", rules={"stock": {"unique": True}}), False),
        (plan("Code", "Size", rules={"size": {"unique": True}}), True),
    ],
)
def test_a_twin_is_left_unread_only_where_its_own_cells_decide(made, is_skipped):
    assert made.twins_are_skipped is is_skipped


@pytest.mark.parametrize(
    ("field", "unique", "is_compared"),
    [
        ("sku", "Code", False),
        ("name", "Title", False),
        ("size", "Size", False),
        ("size", "Code", True),
        ("stock", "Stock", True),
        ("ean", "Barcode", True),
    ],
)
def test_unique_values_are_compared_unless_the_analysis_did_it(field, unique, is_compared):
    """It compared texts: of numbers and EANs there are several spellings."""
    made = plan(unique, rules={field: {"unique": True}})
    assert made.unique_fields == ((field,) if is_compared else ())
    assert made.needs_check is is_compared


def test_all_or_nothing_needs_a_check():
    assert plan("Code", error_policy=ErrorPolicy.ALL_OR_NOTHING).needs_check
    assert not plan("Code", error_policy=ErrorPolicy.STOP).needs_check
