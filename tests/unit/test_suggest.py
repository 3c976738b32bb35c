"""The rules of suggesting: memory, keys, concepts, types, one column a field."""

from collections.abc import Container, Sequence
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
from chalicelib.suggest.evidence import amount
from scripts.eval_mapping import evidence_of

pytestmark = pytest.mark.unit


def evidence(header: str, position: int, rows: Sequence[Sequence[str]]) -> ColumnEvidence:
    """The evidence of one column, as if it were the only one."""
    [column] = evidence_of([header], [[row[position]] for row in rows])
    return replace(column, position=position)


NO_SCHEMA = ProductSchema()


def suggested(
    table: dict[str, list[str]],
    *,
    learned: dict[str, str | None] | None = None,
    schema: ProductSchema = NO_SCHEMA,
    unique: dict[str, bool] | None = None,
    by_supplier: Container[str] = (),
) -> Suggestion:
    """A suggestion for columns given as header to cells."""
    rows = list(zip(*table.values(), strict=True))
    columns: list[ColumnEvidence] = [
        replace(evidence(header, position, rows), unique=(unique or {}).get(header))
        for position, header in enumerate(table)
    ]
    return suggest(columns, rows, learned=learned or {}, schema=schema, row_count=len(rows), by_supplier=by_supplier)


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


def test_a_plain_key_of_this_file_goes_before_an_id_remembered_of_others():
    table = {"id": ["1", "2"], "SKU": ["A1", "A2"], "Price": ["1.00", "2.00"]}
    assert suggested(table, learned={"id": "sku"}).mapping == {"id": "id_value", "SKU": "sku", "Price": "price"}


@pytest.mark.parametrize(
    ("learned", "by_supplier", "other"),
    [
        ({"id": "sku"}, ("id",), "A1 A2"),
        ({"id": "sku", "sku": "mpn"}, (), "A1 A2"),
        ({"id": "sku"}, (), "A1 A1"),
        ({"article number": "sku"}, (), "A1 A2"),
    ],
)
def test_a_remembered_key_stands(learned, by_supplier, other):
    """Of the supplier's own file, beside a column remembered as something else or full of repeats, or a plain one."""
    table = {next(iter(learned)): ["1", "2"], "SKU": other.split()}
    assert next(iter(suggested(table, learned=learned, by_supplier=by_supplier).mapping.values())) == "sku"


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


@pytest.mark.parametrize(
    ("header", "distinct", "blank_rows", "field"),
    [
        ("SKU", 199, 0, "sku"),
        ("SKU", 199, 3, "sku"),
        ("SKU", 185, 0, "sku"),
        ("SKU", 150, 0, "sku_value"),
        ("Code", 185, 0, "code"),
        ("g:id", 199, 0, "sku"),
        ("id", 199, 0, "sku"),
        ("id", 199, 3, "id_value"),
        ("id", 180, 0, "id_value"),
    ],
)
def test_a_key_that_hardly_repeats_is_one(header, distinct, blank_rows, field):
    rows = [[f"A{number}"] for number in range(5)]
    column = replace(
        evidence(header, 0, rows), sampled=200, filled=200, distinct=distinct, unique=False, blank_rows=blank_rows
    )
    suggestion = suggest([column], rows, learned={}, schema=NO_SCHEMA, row_count=2_000)
    assert suggestion.mapping == {header: field}


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


def test_columns_without_headers_are_known_by_their_cells():
    suggestion = suggested(
        {
            "column_1": ["AB-1001", "AB-1002", "AB-1003"],
            "column_2": ["4006381333931", "4006381333948", "4006381333955"],
            "column_3": ["Walnut chopping board", "Beech rolling pin", "Oak cutting board"],
            "column_4": ["€ 24.90", "€ 12.50", "€ 31.00"],
            "column_5": ["https://a.example/1.jpg", "https://a.example/2.jpg", "https://a.example/3.jpg"],
            "column_6": ["7", "7", "3"],
        }
    )
    assert list(suggestion.mapping.values()) == ["sku", "ean", "name", "price", "image_url", "column_6"]


@pytest.mark.parametrize(
    ("cells", "field"),
    [
        (["AB-1", "AB-2", "AB-3"], "sku"),
        (["3100.046", "3100.056", "3100.066"], "sku"),
        (["AB-1", "AB-1", "AB-3"], "column_1"),
        (["1.250", "3.999", "4.500"], "column_1"),
        (["12", "15", "19"], "column_1"),
        (["2024-01-02", "2024-01-03", "2024-01-04"], "column_1"),
    ],
)
def test_cells_make_a_key_where_no_header_claims_it(cells, field):
    table = {"column_1": cells, "Name": ["a", "b", "c"], "Farbe": ["x", "y", "z"]}
    assert suggested(table).mapping == {"column_1": field, "Name": "name", "Farbe": "color"}
    assert suggested({**table, "Code": ["7", "8", "9"]}).mapping["Code"] == "sku"


@pytest.mark.parametrize(
    ("table", "field"),
    [
        ({"Item": ["EL-4410", "EL-4411", "TL-0092"]}, "sku"),
        ({"Model": ["KBS-100", "KBS-160", "KBS-200"]}, "sku"),
        ({"Index": ["47554", "47555", "48884"]}, "sku"),
        ({"Index": ["1", "2", "3"]}, "index"),
        ({"Item": ["Oak table", "Pine shelf", "Ash stool"]}, "name"),
        ({"Model": ["KBS-100", "KBS-160", "KBS-200"], "Artikelnr": ["1", "2", "3"]}, "model"),
        ({"Part No": ["P-100", "P-101", "P-102"], "Supplier part no": ["77", "78", "79"]}, "sku"),
    ],
)
def test_what_serves_as_key_where_nothing_says_it_is_one(table, field):
    assert next(iter(suggested({**table, "Colour": ["", "", ""]}).mapping.values())) == field


@pytest.mark.parametrize(
    ("table", "fields"),
    [
        ({"List price": ["5.00", "6.00"], "Cost": ["3.00", "4.00"]}, ["price", "cost_price"]),
        ({"List price": ["5.00", "6.00"], "Price": ["3.00", "4.00"]}, ["compare_at_price", "price"]),
        ({"Promo price": ["5.00", ""], "Cost": ["3.00", "4.00"]}, ["sale_price", "cost_price"]),
        ({"Prices net plus handshake bonanza": ["5.00", "6.00"], "Colour": ["a", "b"]}, ["price", "color"]),
        ({"Valor": ["5,10", "6,20"], "Cor": ["a", "b"]}, ["price", "color"]),
        ({"Acme price": ["5.00", "6.00"], "Acme stock": ["3", "4"]}, ["price", "inventory_count"]),
    ],
)
def test_what_serves_as_price_where_nothing_says_it_is_one(table, fields):
    assert list(suggested(table).mapping.values()) == fields


@pytest.mark.parametrize(
    ("dealer", "field"), [(["6,00", "11,00", "4,00"], "cost_price"), (["12,00", "22,00", "9,00"], "handlerpreis")]
)
def test_a_cost_is_not_above_the_price(dealer, field):
    mapping = suggested({"Preis": ["9,90", "19,00", "7,50"], "Händlerpreis": dealer}).mapping
    assert mapping == {"Preis": "price", "Händlerpreis": field}


def test_the_column_in_the_language_of_the_file_is_taken():
    table = {
        "Artikel_en": ["a", "b"],
        "Beschreibung_en": ["x", "y"],
        "Beschreibung_de": ["z", "w"],
        "Farbe": ["u", "v"],
    }
    assert suggested(table).mapping["Beschreibung_de"] == "description"


def test_a_word_means_what_it_does_in_the_language_of_the_file():
    czech = suggested({"Kód": ["1", "2"], "Název": ["a", "b"], "Sklad": ["3", "4"], "Výrobce": ["x", "y"]})
    polish = suggested(
        {"Kod": ["1", "2"], "Nazwa": ["a", "b"], "Skład materiału": ["len", "wełna"], "Cena": ["3", "4"]}
    )
    assert czech.mapping["Sklad"] == "inventory_count" and polish.mapping["Skład materiału"] == "material"


def test_a_suggestion_says_how_sure_it_is_and_what_else_it_might_be():
    table = {"SKU": ["A1", "A2"], "Tax class": ["x", "y"], "Qwrtz": ["a", "b"], "Prix pro": ["3,00", "4,00"]}
    plain, other, unknown, dealer = suggested({**table, "Prix": ["5,00", "6,00"]}).columns[:4]
    assert plain.confidence > 0.9 and not plain.candidates[0].confidence > plain.confidence
    assert other.confidence > 0.7 > unknown.confidence
    assert dealer.confidence < 0.8 and [each.field for each in dealer.candidates] == ["price"]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1.234,56 €", 1234.56),
        ("1,234.56", 1234.56),
        ("EUR 12", 12),
        ("12,5", 12.5),
        ("1.299", 1299),
        (".4800", 0.48),
        ("1 234,50 zł", 1234.5),
        ("free", None),
    ],
)
def test_amounts_are_compared_by_what_they_look_like(cell, value):
    assert amount(cell) == value


def test_keys_of_categories_stand_in_for_their_names():
    alone = {"categoryId": ["25011", "25012"], "Name": ["a", "b"]}
    assert suggested(alone).mapping["categoryId"] == "category"
    beside = suggested({**alone, "Category": ["Cups", "Mugs"]}).mapping
    assert (beside["categoryId"], beside["Category"]) == ("categoryid", "category")


def test_one_column_a_concept():
    suggestion = suggested(
        {
            "Price net": ["1.00", "2.00"],
            "Price gross": ["1.19", "2.38"],
            "inventory_Berlin": ["1", "2"],
            "inventory_Bonn": ["3", "4"],
        }
    )
    assert list(suggestion.mapping.values()) == ["price_net", "price", "inventory_count", "inventory_bonn"]


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
    suggestion = suggested({"Image": ["photos/1.jpg", "photos/2.jpg"]}, schema=schema)
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
        ("VAT", ["20%", "5%"], "number"),
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


def test_no_field_is_called_what_the_v1_apis_call_another():
    table = {"Name": ["Chair", "Table"], "Title": ["Dr", "Prof"], "Brand": ["A", "B"], "brand_name": ["C", "D"]}
    fields = {each.field for each in suggested(table).columns}
    assert not fields & {"title", "brand_name"}


def test_two_short_names_do_not_overrule_a_plain_header():
    assert suggested({"SKU": ["A-1", "A-2"], "Name": ["x", "y"]}).mapping["Name"] == "name"
