"""validation_rules: what can be said, what is refused and where, and what a rule means for a value."""

import json
from decimal import Decimal

import orjson
import pytest

from chalicelib.errors import InvalidValue
from chalicelib.fields import FIELD_TYPES, Habit
from chalicelib.imports.rules import rule_check, value_key
from chalicelib.model.product_schema import ProductSchema, SchemaField
from chalicelib.model.row_error import ErrorType, Severity
from chalicelib.model.validation_rule import FIELD_TYPE_NAMES, FieldRule, check_rules, read_rules

HABIT = Habit(currency="EUR")


def test_the_types_are_the_field_types():
    assert set(FIELD_TYPE_NAMES) == set(FIELD_TYPES)


def test_all_words_are_read():
    said = {
        "required": True,
        "type": "number",
        "min": 0.5,
        "max": 10,
        "min_length": 1,
        "max_length": 9,
        "pattern": "^[0-9.]+$",
        "enum": [1, 2.5],
        "unique": True,
        "severity": "warning",
        "message": " Between a half and ten, please. ",
    }
    rule = read_rules({"weight": said})["weight"]
    assert rule == FieldRule(
        required=True,
        type="number",
        min=Decimal("0.5"),
        max=Decimal(10),
        min_length=1,
        max_length=9,
        pattern="^[0-9.]+$",
        enum=(Decimal(1), Decimal("2.5")),
        unique=True,
        severity=Severity.WARNING,
        message="Between a half and ten, please.",
    )


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"required": True},
        {"min": -1, "max": 0},
        {"min": "2026-01-01", "max": "2026-12-31T23:59:59Z"},
        {"enum": ["a", True, 3, 0.1]},
        {"min_length": 0},
        {"unique": True, "severity": "warning", "message": "Twice!"},
    ],
)
def test_rules_survive_json(said):
    rules = read_rules({"field": said})
    told = {name: rule.to_json() for name, rule in rules.items()}
    assert read_rules(json.loads(json.dumps(told))) == rules
    assert read_rules(orjson.loads(orjson.dumps(told))) == rules


def test_null_asks_for_nothing():
    assert read_rules({"a": None, "b": {"min": None, "severity": None}}) == {"b": FieldRule()}


@pytest.mark.parametrize(
    ("said", "where"),
    [
        (5, "price"),
        ("required", "price"),
        ({"minimum": 5}, "price.minimum"),
        ({"required": "yes"}, "price.required"),
        ({"required": 1}, "price.required"),
        ({"type": "integer"}, "price.type"),
        ({"min": "cheap"}, "price.min"),
        ({"min": True}, "price.min"),
        ({"min": float("nan")}, "price.min"),
        ({"min": float("inf")}, "price.min"),
        ({"min": 10**400}, "price.min"),
        ({"max": [1]}, "price.max"),
        ({"min": 5, "max": 4}, "price.max"),
        ({"min": 5, "max": "2026-01-01"}, "price.max"),
        ({"min_length": -1}, "price.min_length"),
        ({"max_length": 2.5}, "price.max_length"),
        ({"min_length": 5, "max_length": 4}, "price.max_length"),
        ({"pattern": "("}, "price.pattern"),
        ({"pattern": "(?=a)"}, "price.pattern"),
        ({"pattern": "a" * 201}, "price.pattern"),
        ({"pattern": ""}, "price.pattern"),
        ({"enum": []}, "price.enum"),
        ({"enum": "red"}, "price.enum"),
        ({"enum": [None]}, "price.enum"),
        ({"enum": ["x" * 501]}, "price.enum"),
        ({"unique": "no"}, "price.unique"),
        ({"severity": "fatal"}, "price.severity"),
        ({"severity": []}, "price.severity"),
        ({"message": " "}, "price.message"),
        ({"pattern": "a\0"}, "price.pattern"),
        ({"enum": ["a\0"]}, "price.enum"),
        ({"min": "0001-01-01T00:00:00+14:00"}, "price.min"),
        ({"message": "a\0"}, "price.message"),
    ],
)
def test_what_cannot_be_is_refused_by_its_path(said, where):
    with pytest.raises(InvalidValue) as refused:
        read_rules({"price": said, "name": {"required": True}})
    assert list(refused.value.fields) == [f"validation_rules.{where}"]


SCHEMA = ProductSchema(
    fields=(
        SchemaField("price", "price"),
        SchemaField("since", "datetime"),
        SchemaField("color", "string"),
        SchemaField("active", "boolean"),
        SchemaField("tags", "array"),
    )
)
MAPPED = {"sku", "name", "price", "since", "color", "active", "tags"}


@pytest.mark.parametrize(
    ("rules", "where"),
    [
        ({"price": {"min": 1}, "since": {"max": "2026-12-31"}, "color": {"enum": ["red", 7]}}, []),
        ({"color": {"type": "number", "min": 1}, "active": {"enum": [True]}, "sku": {"pattern": "^A"}}, []),
        ({"tags": {"enum": ["a"], "max_length": 5}, "ean": {"unique": True}}, []),
        ({"nothing": {"pattern": "a"}}, ["nothing"]),
        ({"ean": {"required": True}}, ["ean.required"]),
        ({"ean": {"required": True, "severity": "warning"}}, []),
        ({"price": {"min": "2026-01-01"}}, ["price.min"]),
        ({"since": {"min": 1}}, ["since.min"]),
        ({"color": {"max": 1}}, ["color.max"]),
        ({"price": {"enum": ["cheap"]}}, ["price.enum"]),
        ({"active": {"enum": ["yes"]}}, ["active.enum"]),
        ({"since": {"enum": ["soon"]}}, ["since.enum"]),
        ({"tags": {"enum": [True]}}, ["tags.enum"]),
    ],
)
def test_rules_are_held_against_mapping_and_schema(rules, where):
    assert list(check_rules(read_rules(rules), MAPPED, SCHEMA)) == [f"validation_rules.{each}" for each in where]


def test_a_templates_rules_may_speak_of_fields_nobody_knows():
    rules = read_rules({"nothing": {"min_length": 1}, "gone": {"required": True}})
    assert list(check_rules(rules, MAPPED, SCHEMA, lenient=True)) == ["validation_rules.gone.required"]


# What a rule means ----------------------------------------------------------------------------------------------------


def broken(said, kind: str, cell: str) -> list[ErrorType]:
    rule = read_rules({"field": said})["field"]
    value = FIELD_TYPES[kind].parser(HABIT)(cell)
    return [error_type for error_type, _ in rule_check(rule, kind, HABIT)(cell, value)]


RANGE, PATTERN, LISTED, TYPE = (
    [ErrorType.OUT_OF_RANGE],
    [ErrorType.PATTERN_MISMATCH],
    [ErrorType.NOT_IN_LIST],
    [ErrorType.INVALID_TYPE],
)


@pytest.mark.parametrize(
    ("said", "kind", "good", "bad", "becomes"),
    [
        ({"min": 5}, "number", ["5", "5.0", "6"], ["4.99", "-5"], RANGE),
        ({"max": 0.1}, "number", ["0.1", "-1"], ["0.11"], RANGE),
        ({"max": 0.1}, "number", ["0.1"], ["0.100000000000000000000001"], RANGE),
        ({"min": 0}, "number", ["0", "-0"], ["-0.01"], RANGE),
        ({"min": 1, "max": 9.90}, "price", ["9.90", "1 USD"], ["9.91", "0.99"], RANGE),
        ({"min": 1}, "multi_price", ["1 EUR|2 USD"], ["1 EUR|0.5 USD"], RANGE),
        ({"min": "2026-05-01"}, "datetime", ["2026-05-01", "2026-05-01T10:00:00Z"], ["2026-04-30"], RANGE),
        ({"max": "2026-05-01"}, "datetime", ["2026-05-01T23:59:59Z"], ["2026-05-02"], RANGE),
        ({"max": "2026-05-01T12:00:00Z"}, "datetime", ["2026-05-01T12:00:00Z"], ["2026-05-01T12:00:01Z"], RANGE),
        ({"min": "2026-05-01T12:00:00+02:00"}, "datetime", ["2026-05-01T10:00:00Z"], ["2026-05-01T09:59:59Z"], RANGE),
        ({"min_length": 2, "max_length": 3}, "string", ["ab", "äöü"], ["a", "abcd"], RANGE),
        ({"max_length": 2}, "array", ["a|b", "aaaa"], ["a|b|c"], RANGE),
        ({"min_length": 2}, "array", ["a|b"], ["abcdef"], RANGE),
        ({"pattern": "[0-9]{2}"}, "string", ["a12b"], ["a1b"], PATTERN),
        ({"pattern": "^[a-z]+$"}, "array", ["a|b"], ["a|B"], PATTERN),
        ({"pattern": "^https:"}, "url", ["https://a.b/"], ["http://a.b/"], PATTERN),
        ({"enum": ["red", "blue"]}, "string", ["red"], ["Red", "re"], LISTED),
        ({"enum": [38, 39.5]}, "string", ["38", "39.5"], ["38.0"], LISTED),
        ({"enum": [1, 2.5]}, "number", ["1", "1.00", "2.5"], ["3"], LISTED),
        ({"enum": [9.9]}, "price", ["9.90", "9.9 USD"], ["9.91"], LISTED),
        ({"enum": [True]}, "boolean", ["yes", "1"], ["no"], LISTED),
        ({"enum": ["a", "b"]}, "array", ["a", "a|b"], ["a|c"], LISTED),
        ({"enum": ["2026-05-01"]}, "datetime", ["2026-05-01"], ["2026-05-02"], LISTED),
        (
            {"enum": ["2026-W18-5", "2026-05-01T12:00+02:00"]},
            "datetime",
            ["2026-05-01T10:00:00Z"],
            ["2026-05-02"],
            LISTED,
        ),
        ({"type": "number"}, "string", ["5", "5.5"], ["five"], TYPE),
        ({"type": "number", "min": 5}, "string", ["5", "5.5"], ["4"], RANGE),
        ({"type": "url"}, "array", ["https://a.b/|https://c.d/"], ["https://a.b/|x"], TYPE),
        ({"type": "datetime", "min": "2026-01-01"}, "string", ["2026-05-05"], ["2025-05-05"], RANGE),
        ({"type": "array", "min_length": 3}, "string", ["abc"], ["ab"], RANGE),
        ({"type": "array", "pattern": "x"}, "string", ["a|x"], ["a|b"], PATTERN),
        ({"type": "multi_price", "min": 2}, "string", ["2 EUR", "2 EUR|3 USD"], ["2 EUR|1 USD"], RANGE),
        ({"type": "multi_price", "enum": [2]}, "array", ["2 EUR|2.00 USD"], ["2 EUR|3 USD"], LISTED),
    ],
)
def test_a_value_keeps_its_rule_or_breaks_it(said, kind, good, bad, becomes):
    assert {cell: broken(said, kind, cell) for cell in good} == {cell: [] for cell in good}
    assert {cell: broken(said, kind, cell) for cell in bad} == dict.fromkeys(bad, becomes)


def test_every_way_to_break_a_rule_is_told():
    assert broken({"min_length": 3, "pattern": "[0-9]", "enum": ["abc"]}, "string", "x") == [
        ErrorType.OUT_OF_RANGE,
        ErrorType.PATTERN_MISMATCH,
        ErrorType.NOT_IN_LIST,
    ]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (1, 1.0, True),
        (orjson.Fragment("1.90"), 1.9, True),
        ({"amount": orjson.Fragment("9.90"), "currency": "EUR"}, {"currency": "EUR", "amount": Decimal("9.9")}, True),
        ({"amount": 9, "currency": "EUR"}, {"amount": 9, "currency": "USD"}, False),
        ("1", 1, True),
        ("a", "A", False),
        (["a", "b"], ["b", "a"], False),
        (True, 1, False),
        (100, orjson.Fragment("1e2"), True),
    ],
)
def test_values_are_compared_by_what_they_are_worth(one, other, same):
    assert (value_key(one) == value_key(other)) is same
