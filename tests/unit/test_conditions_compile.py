"""What nodes become: the SQL and its parameters, word for word, and the value that is shown beside a result."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.conditions.compile import compile_leaf, compile_where
from chalicelib.conditions.definition import ALL, Group, leaves, parse_definition
from chalicelib.conditions.operators import HOST_PATTERN, MOMENT_PATTERN, VALUE_TYPES
from chalicelib.model.product_schema import ProductSchema, SchemaField

NOW = datetime(2026, 5, 3, 12, tzinfo=UTC)
FIELDS = {
    "category": "string",
    "weight": "number",
    "price": "price",
    "prices": "multi_price",
    "organic": "boolean",
    "tags": "array",
    "link": "url",
    "sold_at": "datetime",
    "größe": "string",
}
SCHEMA = ProductSchema(fields=[SchemaField(*each) for each in FIELDS.items()], default_currency="EUR")

CATEGORY = "data.`category`.:String"
TAGS = "data.`tags`.:`Array(Nullable(String))`"
LINK = "data.`link`.:String"
SOLD = "data.`sold_at`.:String"
HOST = r"^(?i:(?:https?|ftp):)?//(?:[^/?#@]*@)?(\\[[^\\]]*\\]|[^/?#:]*)"
AMOUNTS = "(ifNull(data.`price`.amount.:Float64 {0}, 0) OR ifNull(data.`price`.amount.:Int64 {0}, 0))"
BIG_WEIGHT = "toFloat64OrNull(extract(data.`weight`.:String, '^-?[0-9]{19,}$'))"


def compiled(definition: dict[str, Any], **options: Any) -> tuple[str, dict[str, Any]]:
    where = compile_where(parse_definition(definition, SCHEMA, now=NOW), **options)
    return where.sql, where.parameters


@pytest.mark.parametrize(
    ("condition", "sql", "parameters"),
    [
        ({"property": "category", "operator": "eq", "value": "x"},
         f"ifNull({CATEGORY} = {{p0:String}}, 0)", {"p0": "x"}),
        ({"property": "größe", "operator": "neq", "value": "x"},
         "NOT ifNull(data.`größe`.:String = {p0:String}, 0)", {"p0": "x"}),
        ({"property": "category", "operator": "contains", "value": "Shoe"},
         (f"ifNull(position(replaceAll(lowerUTF8({CATEGORY}), 'ς', 'σ'), "
          "replaceAll(lowerUTF8({p0:String}), 'ς', 'σ')) > 0, 0)"), {"p0": "Shoe"}),
        ({"property": "category", "operator": "not_starts_with", "value": "x", "case_sensitive": True},
         f"NOT ifNull(startsWith({CATEGORY}, {{p0:String}}), 0)", {"p0": "x"}),
        ({"property": "category", "operator": "in", "value": ["x", "y"]},
         f"ifNull({CATEGORY} IN {{p0:Array(String)}}, 0)", {"p0": ["x", "y"]}),
        ({"property": "category", "operator": "matches_regex", "value": "^x", "case_sensitive": False},
         f"ifNull({CATEGORY} != '' AND match({CATEGORY}, {{p0:String}}), 0)", {"p0": "(?i)^x"}),
        ({"property": "category", "operator": "is_not_set"}, f"NOT ifNull({CATEGORY} != '', 0)", {}),
        ({"property": "sku", "operator": "eq", "value": "x"}, "(sku = {p0:String})", {"p0": "x"}),
        ({"property": "supplier_code", "operator": "eq", "value": "x"},
         "ifNull(supplier_code = {p0:String}, 0)", {"p0": "x"}),
        ({"property": "weight", "operator": "gt", "value": 5},
         ("(ifNull(data.`weight`.:Float64 > {p0:Int64}, 0) OR ifNull(data.`weight`.:Int64 > {p0:Int64}, 0)"
          f" OR ifNull(data.`weight`.:UInt64 > {{p0:Int64}}, 0) OR ifNull({BIG_WEIGHT} > {{p0:Int64}}, 0))"),
         {"p0": 5}),
        ({"property": "weight", "operator": "is_set"},
         ("(isNotNull(data.`weight`.:Float64) OR isNotNull(data.`weight`.:Int64)"
          f" OR isNotNull(data.`weight`.:UInt64) OR isNotNull({BIG_WEIGHT}))"), {}),
        ({"property": "weight", "operator": "in", "value": [1, 2.5, -1, 2**63]},
         ("(ifNull(data.`weight`.:Float64 IN {p0:Array(Float64)}, 0)"
          " OR ifNull(data.`weight`.:Int64 IN {p1:Array(Int64)}, 0)"
          " OR ifNull(data.`weight`.:UInt64 IN {p2:Array(UInt64)}, 0)"
          f" OR ifNull({BIG_WEIGHT} IN {{p3:Array(Float64)}}, 0))"),
         {"p0": [1.0, 2.5, -1.0, 2.0**63], "p1": [1, -1], "p2": [1, 2**63], "p3": [1.0, 2.5, -1.0, 2.0**63]}),
        ({"property": "ai_readability_score", "operator": "between", "value": 1, "value2": 2.5},
         "(ifNull(ai_readability_score >= {p0:Int64} AND ai_readability_score <= {p1:Float64}, 0))",
         {"p0": 1, "p1": 2.5}),
        ({"property": "price", "operator": "lte", "value": 150, "value_type": "number"},
         f"({AMOUNTS.format('<= {p0:Int64}')})", {"p0": 150}),
        ({"property": "price", "operator": "neq", "value": 129.99},
         f"NOT ({AMOUNTS.format('= {p0:Float64}')} AND ifNull(data.`price`.currency.:String = {{p1:String}}, 0))",
         {"p0": 129.99, "p1": "EUR"}),
        ({"property": "price", "operator": "is_set"}, "isNotNull(data.`price`.currency.:String)", {}),
        ({"property": "organic", "operator": "eq", "value": False}, "ifNull(data.`organic`.:Bool = false, 0)", {}),
        ({"property": "organic", "operator": "is_set"}, "ifNull(isNotNull(data.`organic`.:Bool), 0)", {}),
        ({"property": "tags", "operator": "contains", "value": "red"}, f"(has({TAGS}, {{p0:String}}))", {"p0": "red"}),
        ({"property": "tags", "operator": "contains_none", "value": ["red"]},
         f"NOT (arrayExists(item -> ifNull(item IN {{p0:Array(String)}}, 0), {TAGS}))", {"p0": ["red"]}),
        ({"property": "tags", "operator": "length_neq", "value": 2},
         f"NOT (notEmpty({TAGS}) AND length({TAGS}) = {{p0:UInt64}})", {"p0": 2}),
        ({"property": "link", "operator": "host_in", "value": ["A.com"]},
         f"ifNull(lowerUTF8(extract({LINK}, '{HOST}')) IN arrayMap(text -> lowerUTF8(text), {{p0:Array(String)}}), 0)",
         {"p0": ["A.com"]}),
        ({"property": "sold_at", "operator": "before", "value": "2026-01-01"},
         f"ifNull(substring({SOLD}, 1, length({SOLD}) - 1) < {{p0:String}} AND match({SOLD}, '{MOMENT_PATTERN}'), 0)",
         {"p0": "2026-01-01T00:00:00"}),
        ({"property": "updated_at", "operator": "between", "value": ["1800-01-01", "2026-01-01T10:00:00.5Z"]},
         "(updated_at >= {p0:DateTime64(6, 'UTC')} AND updated_at < {p1:DateTime64(6, 'UTC')})",
         {"p0": "1900-01-01 00:00:00", "p1": "2026-01-01 10:00:00.500001"}),
        ({"property": "updated_at", "operator": "is_not_set"}, "NOT (1)", {}),
        ({"type": "sku_list", "operator": "not_in", "value": ["x"]}, "NOT (sku IN {p0:Array(String)})", {"p0": ["x"]}),
        ({"type": "all_products"}, "1", {}),
    ],
)  # fmt: skip
def test_a_condition_becomes(condition: dict[str, Any], sql: str, parameters: dict[str, Any]) -> None:
    found, bound = compiled(condition)
    assert found == sql
    assert bound == parameters
    assert [type(bound[name]) for name in parameters] == [type(value) for value in parameters.values()]


def test_the_documents_example() -> None:
    definition = {
        "logic": "AND",
        "conditions": [
            {"type": "product_attribute", "property": "category", "operator": "eq", "value": "running",
             "value_type": "string"},
            {"type": "product_attribute", "property": "price", "operator": "lte", "value": 150, "value_type": "number"},
        ],
    }  # fmt: skip
    sql, parameters = compiled(definition)
    assert sql == f"(ifNull({CATEGORY} = {{p0:String}}, 0) AND ({AMOUNTS.format('<= {p1:Int64}')}))"
    assert parameters == {"p0": "running", "p1": 150}


def test_groups_and_negations() -> None:
    heavy = {"property": "category", "operator": "eq", "value": "x"}
    sql, parameters = compiled({"logic": "OR", "conditions": [heavy, {"not": {"conditions": [{"not": heavy}, heavy]}}]})
    each = f"ifNull({CATEGORY} = {{{{p{{}}:String}}}}, 0)"
    assert sql == f"({each} OR NOT (NOT {each} AND {each}))".format(0, 1, 2).replace("{{", "{").replace("}}", "}")
    assert parameters == {"p0": "x", "p1": "x", "p2": "x"}


def test_prices_side_by_side_are_asked_one_by_one() -> None:
    definition = {"property": "prices", "operator": "lt", "value": 10, "locale": "fr-FR", "quantifier": "all"}
    sql, parameters = compiled(definition)
    assert sql.count("arrayExists(") == 2
    assert parameters == {"p0": "EUR", "p1": "fr-FR", "p2": 10}
    assert {f"data.`prices`[].{each}" in sql for each in ("amount.:Int64", "currency.:String", "locale.:String")} == {
        True
    }


def test_membership_reads_the_computes_it_is_given() -> None:
    definition = {"type": "segment_membership", "operator": "not_in", "value": [3, 4, 5]}
    sql, parameters = compiled(definition, memberships={3: 31, 4: None, 5: 51})
    assert sql == (
        "NOT (sku IN (SELECT sku FROM segment_members WHERE workspace = {workspace:UInt64} AND "
        "(segment = {p0:UInt64} AND compute = {p1:UInt64} OR segment = {p2:UInt64} AND compute = {p3:UInt64})))"
    )
    assert parameters == {"p0": 3, "p1": 31, "p2": 5, "p3": 51}


@pytest.mark.parametrize("memberships", [{}, {3: None}])
def test_nobody_is_in_a_segment_that_was_never_computed(memberships: dict[int, int | None]) -> None:
    assert compiled({"type": "segment_membership", "value": 3}, memberships=memberships) == ("0", {})


def test_parameters_take_the_prefix_they_are_given() -> None:
    definition = {"property": "category", "operator": "eq", "value": "x"}
    assert compiled(definition, prefix="filter_") == (
        f"ifNull({CATEGORY} = {{filter_0:String}}, 0)",
        {"filter_0": "x"},
    )
    ((_, leaf),) = leaves(parse_definition(definition, SCHEMA, now=NOW))
    alone = compile_leaf(leaf, prefix="c7_")
    assert (alone.result, alone.value) == (
        f"ifNull({CATEGORY} = {{c7_0:String}}, 0)",
        f"ifNull(toJSONString({CATEGORY}), 'null')",
    )


def test_all_products_and_a_group_of_it() -> None:
    assert compile_where(ALL).sql == "1"
    assert compile_where(Group("AND", (ALL, ALL))).sql == "(1 AND 1)"


OPERAND = {
    "string": "x", "number": 1, "price": 1, "multi_price": 1, "boolean": True, "array": "x",
    "url": "//a.b", "datetime": "2026-01-01",
}  # fmt: skip
LISTS = {"in", "not_in", "contains_any", "contains_all", "contains_none", "host_in"}
PROPERTY = {kind: name for name, kind in FIELDS.items()}


def a_condition(kind: str, operator: str) -> dict[str, Any]:
    """The simplest condition of a row."""
    value: Any = 2 if operator.startswith("length") or operator.endswith(("in_last", "in_next")) else OPERAND[kind]
    if operator.startswith("host"):
        value = "a.b"
    if operator in LISTS:
        value = [value]
    elif operator.endswith("between"):
        value = [value, value]
    return {"property": PROPERTY[kind], "operator": operator, "value": value, "unit": "day"}


@pytest.mark.parametrize(
    ("kind", "operator"), [(kind, operator) for kind, row in VALUE_TYPES.items() for operator in row]
)
def test_every_row_compiles_and_lets_no_value_into_the_text(kind: str, operator: str) -> None:
    sql, parameters = compiled(a_condition(kind, operator))
    assert sql.startswith("NOT ") == VALUE_TYPES[kind][operator].negative
    assert sql.count("(") - sql.count(r"\\(") == sql.count(")") - sql.count(r"\\)")
    assert set(re.findall(r"\{(\w+):", sql)) == parameters.keys()
    assert re.fullmatch(r"(?:NOT )?(?:ifNull\(.*, 0\)|\(.*\)|arrayExists\(.*\)|isNotNull\([^)]*\))", sql)


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://example.com/a", "example.com"),
        ("HTTPS://Example.com", "Example.com"),
        ("//cdn.example.com:8080/x", "cdn.example.com"),
        ("ftp://user:secret@example.com/", "example.com"),
        ("http://[::1]:80/", "[::1]"),
        ("https://example.com?u=//evil.org", "example.com"),
        ("https://example.com#@evil.org", "example.com"),
        ("no address //example.com", None),
        ("mailto://example.com", None),
    ],
)
def test_the_host_of_an_address(address: str, host: str | None) -> None:
    found = re.search(HOST_PATTERN, address)
    assert (found[1] if found else None) == host
