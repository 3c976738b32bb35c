"""What columns say of each other, and what cells say against a plain header."""

import pytest

from chalicelib.model.mapping import Suggestion
from chalicelib.model.product_schema import ProductSchema
from chalicelib.suggest import suggest
from chalicelib.suggest.lexicon import read
from scripts.eval_mapping import evidence_of

pytestmark = pytest.mark.unit


def suggested(table: dict[str, list[str]], row_count: int = 1000) -> Suggestion:
    """A suggestion for the first rows of a longer file, given as header to cells."""
    headers, rows = list(table), list(zip(*table.values(), strict=True))
    return suggest(evidence_of(headers, rows), rows, learned={}, schema=ProductSchema(), row_count=row_count)


def mapped(table: dict[str, list[str]]) -> list[str | None]:
    return list(suggested(table).mapping.values())


PRICES = ["10.00", "20.00", "30.00"]
LOWER = ["7.00", "14.00", "21.00"]


@pytest.mark.parametrize(
    ("table", "fields"),
    [
        ({"Listpris": PRICES, "Rabatt %": ["30", "30", "30"], "Nettopris": LOWER}, ["price", "rabatt", "cost_price"]),
        (
            {"Prezzo al pubblico": PRICES, "Sconto": ["30", "30", "30"], "Netto": LOWER},
            ["price", "sconto", "cost_price"],
        ),
        ({"Precio de venta": PRICES, "Precio": LOWER}, ["price", "cost_price"]),
        ({"Precio de venta": LOWER, "Precio": PRICES}, ["price", "precio"]),
        ({"Price net": LOWER, "Price gross": PRICES}, ["price_net", "price"]),
        ({"Listenpreis 2025": LOWER, "Listenpreis 2026": PRICES}, ["listenpreis_2025", "price"]),
        ({"Listino 1": PRICES, "Listino 2": LOWER}, ["price", "listino_2"]),
        ({"UVPE": PRICES, "Preis": LOWER}, ["compare_at_price", "price"]),
        ({"Net weight": LOWER, "Gross weight": PRICES}, ["net_weight", "weight"]),
    ],
)
def test_prices_and_weights_are_told_apart_by_what_stands_beside_them(table, fields):
    assert mapped(table) == fields


def test_a_quantity_that_waits_to_be_filled_in_is_no_stock():
    form = {"Art. no.": ["A1", "A2", "A3"], "Qty": ["0", "0", "0"], "Total": ["0", "0", "0"]}
    assert mapped(form)[1] == "qty"
    assert mapped({**form, "Qty": ["3", "0", "12"]})[1] == "inventory_count"
    assert mapped({"Art. no.": ["A1", "A2", "A3"], "Qty": ["0", "0", "0"]})[1] == "inventory_count"


def test_a_quantity_that_prices_are_told_for_is_what_a_pack_holds():
    table = {"Quantity": ["80", "1", "500"], "UnitQty": ["Gram", "Unit", "Gram"], "Price": PRICES}
    assert mapped(table)[0] == "inventory_count"
    assert mapped({**table, "UnitOfMeasurePrice": LOWER})[0] == "quantity"


def test_an_article_number_beside_a_code_is_the_makers():
    both = {"Код": ["00-01", "00-02", "00-03"], "Артикул": ["PS-1", "PS-2", ""]}
    assert mapped(both) == ["sku", "mpn"]
    assert mapped({"Артикул": ["PS-1", "PS-2", "PS-3"]}) == ["sku"]


def test_a_group_that_keys_are_made_of_is_their_parent():
    keys = {"SKU": ["TS01-red", "TS01-blue", "TS02-red"]}
    assert mapped({**keys, "Gruppe": ["TS01", "TS01", "TS02"]})[1] == "parent_sku"
    assert mapped({**keys, "Gruppe": ["WG10", "WG10", "WG20"]})[1] == "category"


@pytest.mark.parametrize(
    ("header", "cells", "field"),
    [
        ("Lagerbestand", ["auf Lager", "nein", "auf Lager"], "availability"),
        ("Stock", ["in stock", "out of stock", "in stock"], "availability"),
        ("Magazyn", ["MAG", "MAG2", "MAG"], "inventory_count"),
        ("Barcode", ["minispatula02", "minispatula03", "spatula01"], "sku"),
        ("№", ["1", "2", "3"], "no"),
        ("Code", ["1", "2", "3"], "sku"),
        ("VAT", ["standard", "reduced", "standard"], "vat"),
        ("VAT rate", ["standard", "reduced", "standard"], "tax_rate"),
        ("IVA", ["DIAN IVA 19%", "DIAN IVA 5%", "DIAN IVA 19%"], "tax_rate"),
        ("IVA", ["4750", "8014", "1295"], "iva"),
        ("Warengruppe", ["12", "17", "12"], "category"),
        ("Valuta", ["руб.", "руб.", "руб."], "currency"),
        ("Color Code", ["red", "blue", "red"], "color"),
        ("Color Code", ["12", "17", "12"], "color_code"),
        ("Stock value", ["80.50", "17.00", "12.00"], "stock_value"),
    ],
)
def test_cells_settle_what_the_header_leaves_open(header, cells, field):
    assert mapped({header: cells}) == [field]


@pytest.mark.parametrize("header", ["SKU", "Article number", "Code"])
def test_a_key_that_repeats_in_a_few_rows_of_a_longer_file_is_a_guess(header):
    cells = ["A1", "A1", "A2", "A3", "A4"]
    [column] = suggested({header: cells}).columns
    assert column.field == "sku" and column.confidence < 0.6
    assert "come again" in column.reason
    assert suggested({header: cells}, row_count=len(cells)).columns[0].field != "sku"
    assert suggested({header: ["A1"] * 5}).columns[0].field != "sku"


def test_a_key_that_repeats_gives_way_to_one_that_does_not():
    assert mapped({"SKU": ["A1", "A1", "A2"], "id": ["7", "8", "9"]})[1] == "sku"


def test_a_key_that_some_rows_lack_gives_way_to_one_that_all_have():
    assert mapped({"品番": ["SB-500", "SB-501", ""], "商品コード": ["A100", "A200", "A300"]}) == ["mpn", "sku"]


@pytest.mark.parametrize(
    ("header", "same"),
    [
        ("DECRIPTION", "description"),
        ("Hight", "height"),
        ("Catagory", "category"),
        ("Quantitty", "quantity"),
        ("Magazyn::product_depository", "magazyn"),
        ("Kod producenta::man_code", "kod producenta"),
    ],
)
def test_headers_that_mean_the_same(header, same):
    assert read(header).parts == read(same).parts


def test_a_mark_after_the_kind_of_a_field_does_not_hide_its_name():
    assert read("attribute::color").holds("color")
