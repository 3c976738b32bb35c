"""What a definition may say: every refusal by its path, every operand as it is normalised."""

from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.conditions.definition import (
    ALL,
    MAX_LEAVES,
    MAX_LEVELS,
    Group,
    Leaf,
    Not,
    all_of,
    filter_node,
    leaves,
    parse_definition,
    reads,
    segments_read,
)
from chalicelib.conditions.operands import MAX_SEGMENTS, MAX_VALUES
from chalicelib.conditions.operators import RESERVED_TYPES, VALUE_TYPES
from chalicelib.errors import InvalidValue
from chalicelib.fields import FIELD_TYPES
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
    "source": "number",
}
SCHEMA = ProductSchema(fields=[SchemaField(*each) for each in FIELDS.items()], default_currency="EUR")


def parsed(condition: dict[str, Any], schema: ProductSchema = SCHEMA) -> Leaf:
    node = parse_definition({"conditions": [condition]}, schema, now=NOW)
    ((_, leaf),) = leaves(node)
    return leaf


def problems(definition: Any) -> dict[str, str]:
    with pytest.raises(InvalidValue) as invalid:
        parse_definition(definition, SCHEMA, now=NOW)
    return invalid.value.fields


def problem(condition: dict[str, Any]) -> tuple[str, str]:
    """The path below the one condition, and the words."""
    ((path, words),) = problems({"conditions": [condition]}).items()
    return path.removeprefix("conditions[0]").lstrip("."), words


# Groups ---------------------------------------------------------------------------------------------------------------

HEAVY = {"property": "weight", "operator": "gt", "value": 5}


def deep(levels: int, innermost: dict[str, Any]) -> dict[str, Any]:
    definition = innermost
    for _ in range(levels):
        definition = {"conditions": [definition]}
    return definition


@pytest.mark.parametrize(
    ("logic", "meant"), [(None, "AND"), ("AND", "AND"), ("and", "AND"), ("OR", "OR"), (" or ", "OR"), ("Or", "OR")]
)
def test_logic_in_any_case_and_and_when_left_out(logic: str | None, meant: str) -> None:
    node = parse_definition({"logic": logic, "conditions": [HEAVY]}, SCHEMA, now=NOW)
    assert isinstance(node, Group) and node.logic == meant


def test_groups_nest_and_not_negates_both_groups_and_conditions() -> None:
    definition = {"conditions": [{"not": HEAVY}, {"not": {"logic": "or", "conditions": [HEAVY]}}]}
    node = parse_definition(definition, SCHEMA, now=NOW)
    leaf = parsed(HEAVY)
    assert node == Group("AND", (Not(leaf), Not(Group("OR", (leaf,)))))
    assert [path for path, _ in leaves(node)] == ["conditions[0].not", "conditions[1].not.conditions[0]"]


def test_a_definition_may_be_a_bare_condition_or_a_negation() -> None:
    leaf = parsed(HEAVY)
    assert parse_definition(HEAVY, SCHEMA, now=NOW) == leaf
    assert parse_definition({"not": HEAVY}, SCHEMA, now=NOW) == Not(leaf)


def test_limits_are_reached_and_not_passed() -> None:
    parse_definition(deep(MAX_LEVELS, HEAVY), SCHEMA, now=NOW)
    parse_definition(deep(MAX_LEVELS - 1, {"not": {"conditions": [{"not": HEAVY}]}}), SCHEMA, now=NOW)
    parse_definition({"conditions": [HEAVY] * MAX_LEAVES}, SCHEMA, now=NOW)
    ((path, words),) = problems(deep(MAX_LEVELS + 1, HEAVY)).items()
    assert path == ".".join(["conditions[0]"] * MAX_LEVELS) and "6 levels" in words
    ((path, words),) = problems({"conditions": [HEAVY] * 5_000}).items()
    assert path == f"conditions[{MAX_LEAVES}]" and "100" in words
    halves = {"conditions": [HEAVY] * 51}
    assert [*problems({"conditions": [halves, halves]})] == ["conditions[1].conditions[49]"]


def test_endless_nesting_is_refused_where_it_goes_too_far() -> None:
    negated: dict[str, Any] = HEAVY
    for _ in range(500):
        negated = {"not": negated}
    assert [*problems(negated)] == ["not.not"]
    assert len(problems(deep(500, HEAVY))) == 1


@pytest.mark.parametrize(
    ("definition", "path", "words"),
    [
        (None, "definition", "write an object"),
        ([], "definition", "write an object"),
        ("all", "definition", "write an object"),
        ({}, "conditions", "is missing"),
        ({"logic": "AND"}, "conditions", "is missing"),
        ({"conditions": None}, "conditions", "is missing"),
        ({"conditions": {}}, "conditions", "no list"),
        ({"conditions": []}, "conditions", "all_products"),
        ({"logic": "XOR", "conditions": [HEAVY]}, "logic", "neither AND nor OR"),
        ({"logic": 1, "conditions": [HEAVY]}, "logic", "neither AND nor OR"),
        ({"conditions": ["x"]}, "conditions[0]", "write an object"),
        ({"conditions": [HEAVY, None]}, "conditions[1]", "write an object"),
        ({"conditions": [HEAVY], "not": HEAVY}, "not", "beside conditions"),
        ({"not": None}, "not", "write an object"),
        ({"not": {"conditions": [{"property": "x", "operator": "eq"}]}}, "not.conditions[0].property", "no field"),
        ({"conditions": [HEAVY, {"conditions": [HEAVY, HEAVY, {**HEAVY, "value": "x"}]}]},
         "conditions[1].conditions[2].value", "not a number"),
    ],
)  # fmt: skip
def test_what_is_no_definition_is_refused_by_its_path(definition: Any, path: str, words: str) -> None:
    ((found, said),) = problems(definition).items()
    assert found == path
    assert words in said


def test_all_problems_are_told_at_once_below_the_path_of_the_caller() -> None:
    definition = {
        "logic": "XOR",
        "conditions": [{"property": "brnd", "operator": "eq", "value": "x"}, HEAVY, {"type": "x"}, {"conditions": []}],
    }
    with pytest.raises(InvalidValue) as invalid:
        parse_definition(definition, SCHEMA, now=NOW, path="definition")
    assert [*invalid.value.fields] == [
        "definition.logic",
        "definition.conditions[0].property",
        "definition.conditions[2].type",
        "definition.conditions[3].conditions",
    ]
    with pytest.raises(InvalidValue) as invalid:
        parse_definition(None, SCHEMA, now=NOW, path="definition")
    assert [*invalid.value.fields] == ["definition"]


# Conditions -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "path", "words"),
    [
        ({"type": "magic"}, "type", "product_attribute, sku_list, random_bucket, segment_membership, all_products"),
        ({"operator": "eq", "value": 1}, "type", "is missing"),
        ({"type": 5, "property": "weight"}, "type", "no text"),
        ({"type": "product_attribute"}, "property", "is missing"),
        ({"property": None, "operator": "eq"}, "property", "is missing"),
        ({"property": ["weight"], "operator": "eq"}, "property", "no text"),
        ({"property": "colour", "operator": "eq", "value": "x"}, "property", '"colour" is no field of the schema'),
        ({"property": "id", "operator": "eq", "value": 1}, "property", "nor one of sku, name, ean"),
        ({"property": "weight"}, "operator", "allowed are eq, neq, gt"),
        ({"property": "weight", "operator": 1}, "operator", "no text"),
        ({"property": "weight", "operator": "contains", "value": 1}, "operator", '"contains" is not allowed here'),
        ({"property": "category", "operator": "GT", "value": 1}, "operator", "allowed are eq, neq, contains"),
        ({"property": "organic", "operator": "neq", "value": True}, "operator", "is_true, is_false, eq"),
        ({"property": "weight", "operator": "eq", "value": 1, "value_type": "string"}, "value_type", "of type number"),
        ({"property": "price", "operator": "eq", "value": 1, "value_type": "multi_price"}, "value_type", "type price"),
        ({"property": "category", "operator": "eq", "value": 1, "value_type": "text"}, "value_type", "no type; there"),
        ({"property": "category", "operator": "eq", "value": 1, "value_type": 3}, "value_type", "no text"),
        ({"property": "tags", "operator": "eq", "value": "x", "value_type": "string"}, "value_type", "is a list"),
        ({"property": "tags", "operator": "length_eq", "value": 1, "value_type": "string"}, "value_type", "is a list"),
        ({"property": "weight", "operator": "eq"}, "value", "is missing: eq takes one value"),
        ({"property": "weight", "operator": "eq", "value": [1]}, "value", "is a list: eq takes one value"),
        ({"property": "weight", "operator": "eq", "value": True}, "value", "not a number"),
        ({"property": "weight", "operator": "eq", "value": "heavy"}, "value", "not a number"),
        ({"property": "weight", "operator": "eq", "value": " "}, "value", "no number"),
        ({"property": "weight", "operator": "eq", "value": {}}, "value", "not a number"),
        ({"property": "weight", "operator": "eq", "value": float("nan")}, "value", "digits"),
        ({"property": "weight", "operator": "eq", "value": float("inf")}, "value", "digits"),
        ({"property": "weight", "operator": "between", "value": 1}, "value2", "is missing"),
        ({"property": "weight", "operator": "between", "value2": 1}, "value", "is missing"),
        ({"property": "weight", "operator": "between", "value": [1]}, "value", "holds 1 values"),
        ({"property": "weight", "operator": "between", "value": [1, 2, 3]}, "value", "holds 3 values"),
        ({"property": "weight", "operator": "between", "value": [1, 2], "value2": 3}, "value2", "in one way"),
        ({"property": "weight", "operator": "between", "value": [1, None]}, "value[1]", "null"),
        ({"property": "weight", "operator": "between", "value": ["x", 2]}, "value[0]", "not a number"),
        ({"property": "weight", "operator": "between", "value": 5, "value2": 4}, "value", "the lower one first"),
        ({"property": "weight", "operator": "in"}, "value", "is missing: in takes a list"),
        ({"property": "weight", "operator": "in", "value": 5}, "value", "no list: in takes a list"),
        ({"property": "weight", "operator": "in", "value": []}, "value", "empty list"),
        ({"property": "weight", "operator": "in", "value": [1, "x"]}, "value[1]", "not a number"),
        ({"property": "weight", "operator": "in", "value": [1] * (MAX_VALUES + 1)}, "value", "10000 are allowed"),
        ({"property": "category", "operator": "eq", "value": ""}, "value", "is_not_set"),
        ({"property": "category", "operator": "eq", "value": True}, "value", "not a text"),
        ({"property": "category", "operator": "eq", "value": "a\0b"}, "value", "NUL"),
        ({"property": "category", "operator": "eq", "value": "\ud800"}, "value", "no Unicode"),
        ({"property": "category", "operator": "in", "value": ["a", None]}, "value[1]", "null"),
        ({"property": "category", "operator": "eq", "value": "a", "case_sensitive": "no"}, "case_sensitive", "neither"),
        ({"property": "category", "operator": "matches_regex", "value": "a" * 201}, "value", "201 characters"),
        ({"property": "category", "operator": "matches_regex", "value": "(a"}, "value", "no regular expression of RE2"),
        ({"property": "category", "operator": "matches_regex", "value": r"(a)\1"}, "value", "no regular expression"),
        ({"property": "category", "operator": "matches_regex", "value": "(?=a)"}, "value", "no regular expression"),
        ({"property": "price", "operator": "lte", "value": "129,99 €"}, "value", "not a number"),
        ({"property": "price", "operator": "lte", "value": {"currency": "EUR"}}, "value", "is missing"),
        ({"property": "price", "operator": "lte", "value": 5, "currency": "Euros"}, "currency", "no currency"),
        ({"property": "price", "operator": "lte", "value": 5, "currency": 978}, "currency", "no text"),
        ({"property": "price", "operator": "lte", "value": {"amount": 5, "currency": "XXX"}}, "value", "no currency"),
        ({"property": "price", "operator": "lte", "value": {"amount": 5, "currency": "USD"}, "currency": "EUR"},
         "value", "the condition's currency is EUR"),
        ({"property": "price", "operator": "between",
          "value": [{"amount": 5, "currency": "USD"}, {"amount": 6, "currency": "EUR"}]}, "value", "several"),
        ({"property": "prices", "operator": "lte", "value": 5, "quantifier": "most"}, "quantifier", "any nor all"),
        ({"property": "prices", "operator": "lte", "value": 5, "locale": ""}, "locale", "empty"),
        ({"property": "organic", "operator": "eq", "value": "yes"}, "value", "neither true nor false"),
        ({"property": "organic", "operator": "eq", "value": 1}, "value", "neither true nor false"),
        ({"property": "tags", "operator": "contains_any", "value": "red"}, "value", "no list"),
        ({"property": "tags", "operator": "length_gt", "value": 1.5}, "value", "whole number"),
        ({"property": "tags", "operator": "length_gt", "value": -1}, "value", "whole number"),
        ({"property": "link", "operator": "eq", "value": "example.com"}, "value", "not a web address"),
        ({"property": "link", "operator": "host_eq", "value": "https://example.com/"}, "value", "no host"),
        ({"property": "link", "operator": "host_in", "value": ["a.com", "b.com:80"]}, "value[1]", "no host"),
        ({"property": "ean", "operator": "eq", "value": "123"}, "value", "8 to 14 digits"),
        ({"property": "ean", "operator": "in", "value": ["12345678", "x"]}, "value[1]", "8 to 14 digits"),
        ({"property": "sold_at", "operator": "eq", "value": "31/12/2026"}, "value", "write it like 2026-12-31"),
        ({"property": "sold_at", "operator": "eq", "value": "2026-02-30"}, "value", "no such day"),
        ({"property": "sold_at", "operator": "eq", "value": 20261231}, "value", "write it as a text"),
        ({"property": "sold_at", "operator": "eq", "value": "2026-12-31", "tz": "Mars/Olympus"}, "tz", "no time zone"),
        ({"property": "sold_at", "operator": "eq", "value": "2026-12-31", "tz": "../etc"}, "tz", "no time zone"),
        ({"property": "sold_at", "operator": "eq", "value": "2026-12-31", "tz": 2}, "tz", "no text"),
        ({"property": "sold_at", "operator": "eq", "value": "0001-01-01", "tz": "Asia/Tokyo"}, "value", "no such day"),
        ({"property": "sold_at", "operator": "between", "value": ["2026-02-01", "2026-01-01"]}, "value", "earlier one"),
        ({"property": "sold_at", "operator": "between", "value": ["2026-02-01", 5]}, "value[1]", "as a text"),
        ({"property": "sold_at", "operator": "in_last", "value": 3}, "unit", "is missing; there are minute, hour"),
        ({"property": "sold_at", "operator": "in_last", "value": 3, "unit": "days"}, "unit", "no unit; there are"),
        ({"property": "sold_at", "operator": "in_last", "value": 0, "unit": "day"}, "value", "whole number from 1"),
        ({"property": "sold_at", "operator": "in_last", "value": 1.5, "unit": "day"}, "value", "whole number from 1"),
        ({"property": "sold_at", "operator": "in_last", "unit": "day"}, "value", "is missing"),
        ({"type": "sku_list"}, "value", "is missing"),
        ({"type": "sku_list", "skus": []}, "skus", "empty list"),
        ({"type": "sku_list", "skus": ["a", True]}, "skus[1]", "not a text"),
        ({"type": "sku_list", "value": ["a"], "operator": "eq"}, "operator", "allowed are in, not_in"),
        ({"type": "random_bucket"}, "value", "is missing"),
        ({"type": "random_bucket", "value": 101}, "value", "from 0 to 100"),
        ({"type": "random_bucket", "value": [-1, 5]}, "value[0]", "from 0 to 100"),
        ({"type": "random_bucket", "value": 50, "value2": 10}, "value", "the lower one first"),
        ({"type": "random_bucket", "value": 50, "seed": 7}, "seed", "no text"),
        ({"type": "segment_membership"}, "value", "is missing"),
        ({"type": "segment_membership", "value": "12"}, "value", "no id of a segment"),
        ({"type": "segment_membership", "segment_id": True}, "segment_id", "no id of a segment"),
        ({"type": "segment_membership", "value": [1, 0]}, "value[1]", "no id of a segment"),
        ({"type": "segment_membership", "value": [1] * (MAX_SEGMENTS + 1)}, "value", "100 are allowed"),
    ],
)  # fmt: skip
def test_what_does_not_hold_is_refused_by_its_path(condition: dict[str, Any], path: str, words: str) -> None:
    found, said = problem(condition)
    assert found == path
    assert words in said


@pytest.mark.parametrize("reserved", sorted(RESERVED_TYPES))
def test_reserved_types_are_not_available(reserved: str) -> None:
    path, words = problem({"type": reserved, "value": 1})
    assert path == "type" and words.startswith("not_available:")


def test_there_is_a_row_of_operators_for_every_field_type() -> None:
    assert VALUE_TYPES.keys() == FIELD_TYPES.keys()


@pytest.mark.parametrize(
    ("condition", "operands"),
    [
        ({"property": "category", "operator": "eq", "value": " x "}, (" x ",)),
        ({"property": "category", "operator": "in", "value": ["x", 42]}, ("x", "42")),
        ({"property": "weight", "operator": "eq", "value": "150"}, (150,)),
        ({"property": "weight", "operator": "eq", "value": "1,234.5"}, (1234.5,)),
        ({"property": "weight", "operator": "eq", "value": 150.0}, (150,)),
        ({"property": "weight", "operator": "eq", "value": 2**64 - 1}, (2**64 - 1,)),
        ({"property": "weight", "operator": "eq", "value": 2**64 + 1}, (float(2**64),)),
        ({"property": "weight", "operator": "eq", "value": -(2**63) - 1}, (-(2**63),)),
        ({"property": "weight", "operator": "between", "value": 1, "value2": 2}, (1, 2)),
        ({"property": "weight", "operator": "between", "value": [1, 1]}, (1, 1)),
        ({"property": "weight", "operator": "is_set", "value": "ignored"}, ()),
        ({"property": "price", "operator": "eq", "value": "129.90"}, (129.9,)),
        ({"property": "price", "operator": "eq", "value": {"amount": "129.90"}}, (129.9,)),
        ({"property": "ean", "operator": "eq", "value": "96385074"}, ("00000096385074",)),
        ({"property": "ean", "operator": "in", "value": [12345678, "3760000000017"]},
         ("00000012345678", "03760000000017")),
        ({"property": "ean", "operator": "contains", "value": "376"}, ("376",)),
        ({"property": "link", "operator": "host_eq", "value": " www.Example.com "}, ("www.Example.com",)),
        ({"property": "tags", "operator": "length_lte", "value": "3"}, (3,)),
        ({"type": "sku_list", "skus": ["a"]}, ("a",)),
        ({"type": "sku_list", "value": "a"}, ("a",)),
        ({"type": "random_bucket", "value": 12.5}, (0, 1250)),
        ({"type": "random_bucket", "value": [0.001, 33.333]}, (1, 3334)),
        ({"type": "random_bucket", "value": 10, "value2": 100}, (1000, 10_000)),
        ({"type": "segment_membership", "segment_id": 7}, (7,)),
        ({"type": "segment_membership", "value": [7, 8]}, (7, 8)),
    ],
)  # fmt: skip
def test_operands_are_normalised(condition: dict[str, Any], operands: tuple[Any, ...]) -> None:
    leaf = parsed(condition)
    assert leaf.operands == operands
    assert [type(each) for each in leaf.operands] == [type(each) for each in operands]


@pytest.mark.parametrize(
    ("condition", "attribute", "meant"),
    [
        ({"property": "category", "operator": "eq", "value": "x"}, "case_sensitive", True),
        ({"property": "category", "operator": "not_in", "value": ["x"]}, "case_sensitive", True),
        ({"property": "category", "operator": "matches_regex", "value": "x"}, "case_sensitive", True),
        ({"property": "category", "operator": "contains", "value": "x"}, "case_sensitive", False),
        ({"property": "category", "operator": "not_ends_with", "value": "x"}, "case_sensitive", False),
        ({"property": "category", "operator": "contains", "value": "x", "case_sensitive": True},
         "case_sensitive", True),
        ({"property": "tags", "operator": "contains", "value": "x"}, "case_sensitive", True),
        ({"property": "tags", "operator": "item_contains", "value": "x"}, "case_sensitive", False),
        ({"property": "link", "operator": "eq", "value": "//a.b"}, "case_sensitive", True),
        ({"property": "price", "operator": "eq", "value": 1}, "currency", "EUR"),
        ({"property": "price", "operator": "eq", "value": 1, "currency": "usd"}, "currency", "USD"),
        ({"property": "price", "operator": "eq", "value": {"amount": 1, "currency": "USD"}}, "currency", "USD"),
        ({"property": "price", "operator": "eq", "value": 1, "value_type": "number"}, "currency", None),
        ({"property": "price", "operator": "is_set"}, "currency", None),
        ({"property": "price", "operator": "is_set", "currency": "USD"}, "currency", "USD"),
        ({"property": "weight", "operator": "eq", "value": 1, "currency": "USD"}, "currency", None),
        ({"property": "prices", "operator": "eq", "value": 1}, "every_price", False),
        ({"property": "prices", "operator": "eq", "value": 1, "quantifier": "ALL"}, "every_price", True),
        ({"property": "prices", "operator": "eq", "value": 1, "locale": "fr_FR"}, "locale", "fr_FR"),
        ({"property": "source", "operator": "eq", "value": 1}, "built_in", False),
        ({"property": "supplier_code", "operator": "eq", "value": "x"}, "built_in", True),
        ({"property": "category", "operator": "eq", "value": "x", "type": None}, "type", "product_attribute"),
        ({"property": "weight", "operator": "between", "value": 1, "value2": 2}, "value", [1, 2]),
    ],
)  # fmt: skip
def test_what_is_left_out_has_its_default(condition: dict[str, Any], attribute: str, meant: Any) -> None:
    assert getattr(parsed(condition), attribute) == meant


def test_sku_and_name_are_never_fields() -> None:
    schema = ProductSchema(fields=[SchemaField("name", "number")])
    assert parsed({"property": "name", "operator": "eq", "value": "x"}, schema).built_in


def test_unknown_keys_are_no_matter() -> None:
    assert parsed({**HEAVY, "id": 5, "ui": {"open": True}}) == parsed(HEAVY)


# Read off -------------------------------------------------------------------------------------------------------------


def test_what_a_definition_reads() -> None:
    definition = {
        "conditions": [
            HEAVY,
            {"not": {"property": "ean", "operator": "is_set"}},
            {"type": "random_bucket", "value": 10},
            {"logic": "OR", "conditions": [{"type": "segment_membership", "value": [3, 4]}, {"type": "all_products"}]},
        ]
    }
    node = parse_definition(definition, SCHEMA, now=NOW)
    assert reads(node) == {"weight", "ean", "sku"}
    assert segments_read(node) == {3, 4}


def test_nodes_combine() -> None:
    leaf = parsed(HEAVY)
    assert all_of([]) == ALL
    assert all_of([leaf]) == leaf
    assert all_of([leaf, ALL]) == Group("AND", (leaf, ALL))


# Filters --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text"),
    [("category", ""), ("category", "  "), ("no name", "x"), ("a`b", "x"), ("1st", "x"), ("category", "a\0"),
     ("ai_readability_score", "high"), ("created_at", "soon"), ("ean", "123"), ("category", "\ud800")],
)  # fmt: skip
def test_filters_that_can_match_nothing(name: str, text: str) -> None:
    assert filter_node(name, text, SCHEMA, now=NOW) is None


@pytest.mark.parametrize(
    ("name", "text", "operator", "operands"),
    [
        ("category", " shoes ", "eq", ("shoes",)),
        ("tags", "red", "contains", ("red",)),
        ("tags", "red|blue", "contains_all", ("red", "blue")),
        ("tags", "|", "contains", ("|",)),
        ("weight", "1.5", "eq", (1.5,)),
        ("weight", "heavy", "eq", ("heavy",)),
        ("price", "129.990", "eq", (129.99,)),
        ("prices", "5", "eq", (5,)),
        ("organic", "oui", "is_true", ()),
        ("organic", "perhaps", "eq", ("perhaps",)),
        ("unknown", "x", "eq", ("x",)),
        ("ean", "96385074", "eq", ("00000096385074",)),
    ],
)  # fmt: skip
def test_filters(name: str, text: str, operator: str, operands: tuple[Any, ...]) -> None:
    leaf = filter_node(name, text, SCHEMA, now=NOW)
    assert isinstance(leaf, Leaf)
    assert (leaf.operator.name, leaf.operands) == (operator, operands)


def test_a_price_filter_means_any_currency_unless_it_names_one() -> None:
    bare, named = (filter_node("price", text, SCHEMA, now=NOW) for text in ("5", "5 USD"))
    assert isinstance(bare, Leaf) and isinstance(named, Leaf)
    assert (bare.currency, named.currency) == (None, "USD")
