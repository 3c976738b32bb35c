"""The rules of suggesting: memory, keys, concepts, types, one column a field."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.fields import FIELD_TYPES
from chalicelib.model.mapping import Origin, Suggestion
from chalicelib.model.outcomes import ColumnEvidence
from chalicelib.model.product_schema import ProductSchema, SchemaField, refuse_field_name
from chalicelib.suggest import suggest
from chalicelib.suggest.concepts import CONCEPTS
from scripts.eval_mapping import evidence

pytestmark = pytest.mark.unit

NO_SCHEMA = ProductSchema()


def suggested(
    table: dict[str, list[str]],
    *,
    learned: dict[str, str | None] | None = None,
    schema: ProductSchema = NO_SCHEMA,
    unique: dict[str, bool] | None = None,
) -> Suggestion:
    """A suggestion for columns given as header to cells."""
    rows = list(zip(*table.values(), strict=True))
    columns: list[ColumnEvidence] = [
        replace(evidence(header, position, rows), unique=(unique or {}).get(header))
        for position, header in enumerate(table)
    ]
    return suggest(columns, rows, learned=learned or {}, schema=schema, row_count=len(rows))


def types(suggestion: Suggestion) -> dict[str, str]:
    return {each.name: each.type for each in suggestion.schema}


@pytest.mark.parametrize(
    ("header", "cells", "field"),
    [
        ("Artikelnummer", ["A-1", "A-2"], "sku"),
        ("Référence produit", ["A-1", "A-2"], "sku"),
        ("Cikkszám", ["A-1", "A-2"], "sku"),
        ("商品コード", ["A-1", "A-2"], "sku"),
        ("Código de barras", ["4006381333931", "4006381333948"], "ean"),
        ("Herstellernummer", ["H1", "H2"], "mpn"),
        ("Lev. varenr", ["H1", "H2"], "mpn"),
        ("Parent SKU", ["P1", "P1"], "parent_sku"),
        ("PrezzoPromo", ["9,90", "8,00"], "price"),
        ("Cena brutto", ["9,90", "8,00"], "price"),
        ("Preço de custo", ["9,90", "8,00"], "cost_price"),
        ("Старая цена", ["990", "800"], "compare_at_price"),
        ("Adviesprijs", ["9,90", "8,00"], "compare_at_price"),
        ("Voorraad", ["4", "8"], "inventory_count"),
        ("Dostupnost", ["Skladem", "Do týdne"], "availability"),
        ("Disponibilità", ["4", "12"], "inventory_count"),
        ("In stock?", ["1", "0"], "availability"),
        ("Alv-kanta", ["24", "14"], "tax_rate"),
        ("Mennyiségi egység", ["db", "db"], "unit"),
        ("Para Birimi", ["TRY", "TRY"], "currency"),
        ("Wysokość (cm)", ["10", "12"], "height"),
        ("Laatst gewijzigd", ["2024-01-02", "2024-01-03"], "updated_at"),
    ],
)
def test_headers_of_many_languages(header, cells, field):
    assert suggested({header: cells}).mapping == {header: field}


@pytest.mark.parametrize(
    "header",
    [
        "Stock minimum",
        "Low stock amount",
        "Image alt text",
        "Tax class",
        "Steuerklasse",
        "Weight unit",
        "Meta description",
        "Sale price from date",
        "Manage stock",
        "Kategorie-ID",
        "Shipping class",
        "Option1 Name",
        "Pfand",
        "Bild 2",
        "Product Image 3",
        "Kundenbewertungen",
    ],
)
def test_words_beside_a_concept_make_it_something_else(header):
    assert not CONCEPTS.keys() & set(suggested({header: ["3", "4"]}).mapping.values())


def test_memory_wins_over_the_vocabulary():
    suggestion = suggested(
        {"Price": ["1.00", "2.00"], "Brand": ["A", "B"]}, learned={"price": "cost_price", "brand": None}
    )
    assert suggestion.mapping == {"Price": "cost_price", "Brand": None}
    assert {each.origin for each in suggestion.columns} == {Origin.MEMORY}


def test_what_is_remembered_is_not_given_again():
    suggestion = suggested({"Amount due": ["1.00", "2.00"], "Price": ["3.00", "4.00"]}, learned={"amount due": "price"})
    assert suggestion.mapping == {"Amount due": "price", "Price": "price_2"}


def test_two_headers_remembered_under_one_field_do_not_collide():
    suggestion = suggested({"Colour": ["a", "b"], "Color": ["c", "d"]}, learned={"colour": "color", "color": "color"})
    assert suggestion.mapping == {"Colour": "color", "Color": "color_2"}


@pytest.mark.parametrize(
    ("cells", "unique", "field"),
    [
        (["A1", "A2", "A3"], True, "sku"),
        (["A1", "A2", "A3"], None, "sku"),
        (["A1", "A2", ""], False, "sku"),
        (["A1", "A1", "A2"], False, "sku_value"),
        (["A1", "A1", "A2"], None, "sku_value"),
    ],
)
def test_a_key_repeats_nothing(cells, unique, field):
    suggestion = suggested({"SKU": cells}, unique=None if unique is None else {"SKU": unique})
    assert suggestion.mapping["SKU"] == field


@pytest.mark.parametrize(("unique", "field"), [(True, "sku"), (False, "id_value")])
def test_a_doubtful_key_must_be_unique(unique, field):
    assert suggested({"ID": ["11", "12"]}, unique={"ID": unique}).mapping["ID"] == field


def test_a_database_id_beside_a_key_is_none():
    suggestion = suggested({"ID": ["11", "12"], "Reference": ["A", "B"]}, unique={"ID": True, "Reference": True})
    assert suggestion.mapping == {"ID": "id_value", "Reference": "sku"}


def test_a_file_without_a_key_gets_none():
    mapping = suggested({"Nome": ["Vinho", "Queijo"], "Preço": ["9,90", "4,50"]}).mapping
    assert mapping == {"Nome": "name", "Preço": "price"}


def test_barcodes_are_known_by_their_check_digits():
    cells = ["4006381333931", "4006381333948", "4006381333955"]
    suggestion = suggested({"SKU": ["A", "B", "C"], "XK9": cells})
    assert suggestion.mapping == {"SKU": "sku", "XK9": "ean"}


def test_one_column_a_concept():
    suggestion = suggested(
        {
            "Price net": ["1.00", "2.00"],
            "Price gross": ["1.19", "2.38"],
            "inventory_Berlin": ["1", "2"],
            "inventory_Bonn": ["3", "4"],
        }
    )
    assert list(suggestion.mapping.values()) == ["price", "price_gross", "inventory_count", "inventory_bonn"]


def test_a_sale_price_alone_is_the_price():
    assert suggested({"Sale Price": ["1.00", "2.00"]}).mapping == {"Sale Price": "price"}
    both = suggested({"Sale Price": ["1.00", "2.00"], "Price": ["2.00", "3.00"]})
    assert both.mapping == {"Sale Price": "sale_price", "Price": "price"}


def test_a_description_is_the_name_where_nothing_else_is():
    mapping = suggested({"Descripción": ["Silla", "Mesa"], "Información": ["De roble", "De pino"]}).mapping
    assert mapping == {"Descripción": "name", "Información": "description"}


def test_cells_veto_a_header():
    assert suggested({"Weight": ["heavy stuff", "light as a feather"]}).mapping == {"Weight": "weight_2"}


def test_fields_of_the_schema_are_reused_and_keep_their_type():
    schema = ProductSchema(
        fields=(
            SchemaField("manufacturer", "string"),
            SchemaField("weight", "string"),
            SchemaField("lagerbestand", "price"),
        )
    )
    suggestion = suggested(
        {"Marke": ["A", "B"], "Gewicht": ["1", "2"], "Lagerbestand": ["3", "4"], "Farbe": ["rot", "blau"]},
        schema=schema,
    )
    assert list(suggestion.mapping.values()) == ["manufacturer", "weight", "lagerbestand", "color"]
    assert suggestion.schema[:3] == schema.fields
    assert [each.name for each in suggestion.schema] == ["manufacturer", "weight", "lagerbestand", "color"]


def test_a_field_of_the_schema_whose_type_the_cells_do_not_fit_is_left_alone():
    schema = ProductSchema(fields=(SchemaField("image_url", "url"),))
    suggestion = suggested({"Image": ["www.example.com/1.jpg", "www.example.com/2.jpg"]}, schema=schema)
    assert suggestion.mapping == {"Image": "image"}
    assert [(each.name, each.type) for each in suggestion.schema] == [("image_url", "url"), ("image", "string")]


def test_empty_columns_nobody_knows_are_left_out():
    suggestion = suggested({"Xyzzy": ["", ""], "Price": ["", ""]})
    assert suggestion.mapping == {"Xyzzy": None, "Price": "price"}


@pytest.mark.parametrize(
    ("header", "cells", "kind"),
    [
        ("Prices", ["EUR 89.00;USD 95.00", "EUR 79.00;USD 85.00"], "multi_price"),
        ("Price", ["89.00", "79.00"], "price"),
        ("Images", ["https://a.example/1.jpg, https://a.example/2.jpg", "https://a.example/3.jpg"], "array"),
        ("Image", ["https://a.example/1.jpg", "https://a.example/3.jpg"], "url"),
        ("Image", ["img/1.jpg", "img/3.jpg"], "string"),
        ("Availability", ["yes", "no"], "boolean"),
        ("Availability", ["in stock", "5 days"], "string"),
        ("Tags", ["red|blue", "green"], "array"),
        ("VAT", ["20%", "5%"], "string"),
        ("VAT", ["20", "5.5"], "number"),
        ("Xyzzy", ["0012", "0013"], "string"),
        ("Tariff code", ["82011000", "82019000"], "string"),
        ("Xyzzy", ["12", "7"], "number"),
        ("Xyzzy", ["€ 12", "€ 7"], "price"),
        ("Xyzzy", ["ja", "nein"], "boolean"),
        ("Xyzzy", ["2024-01-02", "2024-01-03"], "datetime"),
        ("Xyzzy", ["a|b", "c|d"], "array"),
        ("Xyzzy", ["https://a.example/x", "https://a.example/y"], "url"),
        ("Is xyzzy", ["1", "0"], "boolean"),
    ],
)
def test_types_follow_the_cells(header, cells, kind):
    assert list(types(suggested({header: cells})).values()) == [kind]


cells = st.sampled_from(
    ["", "1", "0", "A-1", "Stuhl", "9,90 €", "4006381333931", "https://a.example/1.jpg", "ja", "2024-01-02"]
)
headers = st.one_of(
    st.sampled_from(
        ["SKU", "sku", "Name", "name (2)", "Preis", "Price", "EAN", "id", "page", "Bild 1", "Lager", "Farbe"]
    ),
    st.text(min_size=1, max_size=20),
)


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(headers, st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=8),
    st.dictionaries(st.sampled_from(["sku", "name", "preis"]), st.sampled_from([None, "sku", "name", "price"])),
)
def test_every_suggestion_can_be_confirmed(table, learned):
    suggestion = suggested(table, learned=learned)
    used = [each.field for each in suggestion.columns if each.field]
    names = [each.name for each in suggestion.schema]
    assert [each.column for each in suggestion.columns] == list(table)
    assert len(used) == len(set(used)) and len(names) == len(set(names))
    assert not {"sku", "name"} & set(names) and set(used) - {"sku", "name"} <= set(names)
    assert all(refuse_field_name(name) is None for name in names)
    assert all(each.type in FIELD_TYPES for each in suggestion.schema)
    assert all(0 <= each.confidence <= 1 and each.reason.endswith(".") for each in suggestion.columns)
