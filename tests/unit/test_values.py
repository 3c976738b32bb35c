"""What a JSON body says of a product's fields: values in stored form, problems, and the types of new fields."""

from decimal import Decimal

import orjson
import pytest

from chalicelib.catalog.values import (
    Edit,
    missing_fields,
    new_fields,
    read_edit,
    read_name,
    read_sku,
    with_fields,
    without_same,
)
from chalicelib.errors import InvalidValue
from chalicelib.model.product_schema import ProductSchema, SchemaField

SCHEMA = ProductSchema(
    fields=(
        SchemaField("brand", "string", required=True),
        SchemaField("price", "price"),
        SchemaField("stock", "number"),
        SchemaField("tags", "array"),
        SchemaField("active", "boolean"),
        SchemaField("prices", "multi_price"),
        SchemaField("released", "datetime"),
        SchemaField("image", "url"),
    ),
    default_currency="EUR",
    default_locale="de_DE",
)
EAN = "4006381333931"


def stored(edit):
    return orjson.loads(orjson.dumps(edit.values))


@pytest.mark.parametrize(
    ("given", "values"),
    [
        ({"brand": " Nike "}, {"brand": "Nike"}),
        ({"brand": 5}, {"brand": "5"}),
        ({"price": "1.234,50"}, {"price": {"amount": 1234.50, "currency": "EUR"}}),
        ({"price": 5}, {"price": {"amount": 5, "currency": "EUR"}}),
        ({"price": {"amount": "5", "currency": "USD"}}, {"price": {"amount": 5, "currency": "USD"}}),
        ({"stock": "1.000"}, {"stock": 1000}),
        ({"stock": 4.5}, {"stock": 4.5}),
        ({"tags": "a|b"}, {"tags": ["a", "b"]}),
        ({"tags": ["a", " b ", "", None, 5]}, {"tags": ["a", "b", "5"]}),
        ({"active": "ja"}, {"active": True}),
        ({"prices": "5|6 $"}, {"prices": [
            {"amount": 5, "currency": "EUR", "locale": "de_DE"}, {"amount": 6, "currency": "USD", "locale": "de_DE"},
        ]}),
        ({"released": "31.12.2026"}, {"released": "2026-12-31T00:00:00Z"}),
        ({"image": "https://example.org/a.png"}, {"image": "https://example.org/a.png"}),
        ({"ean": EAN}, {}),
    ],
)  # fmt: skip
def test_a_value_is_stored_by_its_fields_type(given, values):
    edit = read_edit(given, SCHEMA)
    assert stored(edit) == values


@pytest.mark.parametrize("blank", [None, "", "  ", [], ["", None]])
def test_what_is_empty_clears_its_field(blank):
    edit = read_edit({"tags": blank}, SCHEMA)
    assert (edit.values, edit.removed) == ({}, {"tags"})


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"price": "free", "stock": "many"}, ["price", "stock"]),
        ({"stock": True}, ["stock"]),
        ({"brand": ["a"]}, ["brand"]),
        ({"brand": None}, ["brand"]),
        ({"sku": "x", "Name": "x", "page_size": 1, "1st": 1, "": 1}, ["sku", "Name", "page_size", "1st", ""]),
        ({"unheard": {"a": 1}}, ["unheard"]),
        ({"price": {"amount": {"amount": [5]}}}, ["price"]),
        ({"ean": "123"}, ["ean"]),
        ({"ean": True}, ["ean"]),
        ({"ean": [EAN]}, ["ean"]),
    ],
)
def test_every_problem_is_named_by_its_field(given, named):
    with pytest.raises(InvalidValue) as refused:
        read_edit(given, SCHEMA)
    assert list(refused.value.fields) == named


@pytest.mark.parametrize(
    ("given", "speaks", "ean", "printed"),
    [
        ({}, False, None, None),
        ({"ean": EAN}, True, f"0{EAN}", EAN),
        ({"ean": int(EAN)}, True, f"0{EAN}", EAN),
        ({"ean": "96385074"}, True, "00000096385074", "96385074"),
        ({"ean": None}, True, None, None),
        ({"ean": " "}, True, None, None),
    ],
)
def test_an_ean_is_compared_by_14_digits_and_printed_as_it_came(given, speaks, ean, printed):
    edit = read_edit(given, with_fields(SCHEMA, [SchemaField("ean", "string")]))
    assert (edit.speaks_of_ean, edit.ean, edit.values.get("ean")) == (speaks, ean, printed)
    assert ("ean" in edit.removed) == (speaks and ean is None)


PRICE = {"amount": Decimal("1.234"), "currency": "EUR"}


@pytest.mark.parametrize(
    ("own", "value", "is_new"),
    [
        ({"price": PRICE}, {"price": "1.234"}, False),
        ({"price": PRICE}, {"price": {"amount": "1.234", "currency": "EUR"}}, False),
        ({"price": PRICE}, {"price": {"amount": "1.234", "currency": "USD"}}, True),
        ({"price": PRICE}, {"price": "1,234"}, True),
        ({"price": PRICE}, {"price": None}, True),
        ({"price": "1.234"}, {"price": "1.234"}, True),
        ({"tags": "a|b"}, {"tags": "a|b"}, True),
        ({"prices": [PRICE]}, {"prices": [{"amount": "1.234", "currency": "EUR"}]}, False),
        ({"prices": [PRICE]}, {"prices": []}, True),
        ({"stock": Decimal("0.12345678901234567890123")}, {"stock": 0.12345678901234568}, False),
        ({"stock": Decimal("0.12345678901234567890123")}, {"stock": Decimal("0.12345678901234567890124")}, True),
        ({"stock": Decimal("1.5")}, {"stock": True}, True),
        ({"gone": Decimal("1.5")}, {"gone": 1.5}, True),
        ({}, {"price": "1.234"}, True),
    ],
)
def test_what_is_sent_back_as_it_was_printed_says_nothing_new(own, value, is_new):
    assert without_same(value, own, SCHEMA) == (value if is_new else {})


def test_a_new_product_lacks_what_is_required():
    assert list(missing_fields(read_edit({"stock": 5}, SCHEMA), SCHEMA)) == ["brand"]
    assert missing_fields(read_edit({"brand": "Nike"}, SCHEMA), SCHEMA) == {}


@pytest.mark.parametrize(
    ("first", "second", "both"),
    [
        (Edit({"a": 1, "b": 1}, frozenset()), Edit({"b": 2}, frozenset({"a"})), Edit({"b": 2}, frozenset({"a"}))),
        (Edit({}, frozenset({"a"})), Edit({"a": 1}, frozenset()), Edit({"a": 1}, frozenset())),
        (
            Edit({}, frozenset(), speaks_of_ean=True, ean="1"),
            Edit({}, frozenset()),
            Edit({}, frozenset(), speaks_of_ean=True, ean="1"),
        ),
        (
            Edit({}, frozenset(), speaks_of_ean=True, ean="1"),
            Edit({}, frozenset(), speaks_of_ean=True),
            Edit({}, frozenset(), speaks_of_ean=True),
        ),
    ],
)
def test_two_edits_one_after_the_other_are_one(first, second, both):
    assert first.then(second) == both


@pytest.mark.parametrize(
    ("name", "values", "field_type"),
    [
        ("brand", ["Nike"], "string"),
        ("price", ["129.99"], "price"),
        ("price", [129.99], "price"),
        ("stock", [45, 4.5], "number"),
        ("stock", ["45"], "number"),
        ("active", [True, False], "boolean"),
        ("active", ["yes", "no"], "boolean"),
        ("tags", [["a"]], "array"),
        ("tags", ["a|b", "c"], "array"),
        ("cost", [{"amount": 1, "currency": "EUR"}], "price"),
        ("cost", [{"amount": 1, "currency": "EUR"}, "5"], "price"),
        ("prices", [[{"amount": 1, "currency": "EUR"}]], "multi_price"),
        ("released", ["2026-05-03"], "datetime"),
        ("image", ["https://example.org/a.png"], "url"),
        ("note", [True, "perhaps"], "string"),
        ("note", ["5", "or so"], "string"),
        ("odd", [{"a": 1}], None),
        ("odd", [[["a"]]], None),
        ("odd", [["a", {"amount": 1}]], None),
        ("nothing", [None, "", []], None),
        ("sku", ["x"], None),
        ("ean", ["x"], None),
        ("no name", ["x"], None),
    ],
)
def test_a_new_field_has_the_type_its_name_and_values_speak_for(name, values, field_type):
    found = new_fields([{name: value} for value in values], ProductSchema())
    assert found == (() if field_type is None else (SchemaField(name, field_type),))


def test_a_known_field_is_not_new():
    assert new_fields([{"brand": "Nike", "colour": "red"}], SCHEMA) == (SchemaField("colour", "string"),)


@pytest.mark.parametrize("read", [read_sku, read_name])
def test_sku_and_name_are_stripped_and_not_blank(read):
    assert read(" A ") == "A"
    with pytest.raises(InvalidValue):
        read(" ")


def test_a_sku_has_255_characters_at_most():
    assert read_sku("x" * 255) == "x" * 255
    with pytest.raises(InvalidValue):
        read_sku("x" * 256)
