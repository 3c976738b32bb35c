"""What a header says before anybody knows what it means: its key, its words, its field name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.model.product_schema import RESERVED_QUERY_WORDS, refuse_field_name
from chalicelib.suggest import normalise_header
from chalicelib.suggest.headers import fold, slug_of, words_of
from chalicelib.suggest.lexicon import languages_of, read
from chalicelib.suggest.vocabulary import readings_of

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("header", "key"),
    [("  Prix\t HT ", "prix ht"), ("STRASSE", "strasse"), ("Straße", "strasse"), ("Größe", "grösse"), ("", "")],
)
def test_headers_are_remembered_by_a_caseless_key(header, key):
    assert normalise_header(header) == key


@given(st.text())
def test_the_key_of_a_key_is_itself(header):
    key = normalise_header(header)
    assert normalise_header(f" {key} ") == key


@pytest.mark.parametrize(
    ("text", "folded"),
    [("Größe", "grosse"), ("Ürün Adı", "urun adi"), ("Łódź", "lodz"), ("バーコード", "バーコード"), ("Ёлка", "елка")],
)
def test_accents_go_and_letters_stay(text, folded):
    assert fold(text) == folded


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("EKPreis", ["ek", "preis"]),
        ("productImageUrl", ["product", "image", "url"]),
        ("URL_IMG", ["url", "img"]),
        ("Art.-Nr.", ["art", "nr"]),
        ("EAN13", ["ean", "13"]),
        ("g:image_link", ["g", "image", "link"]),
        ("Код_товару", ["код", "товару"]),
    ],
)
def test_headers_fall_into_words(header, words):
    assert words_of(header) == words


@pytest.mark.parametrize(
    ("header", "taken", "slug"),
    [
        ("Lead time", (), "lead_time"),
        ("Größe (EU)", (), "grosse_eu"),
        ("sku", (), "sku_value"),
        ("Page", (), "page_value"),
        ("2nd image", (), "column_2nd_image"),
        ("—", (), "column"),
        ("Note", ("note", "note_2"), "note_3"),
        ("備考", (), "備考"),
    ],
)
def test_a_header_makes_a_field_name(header, taken, slug):
    assert slug_of(header, taken) == slug


@given(st.text(), st.sets(st.sampled_from(["column", "a", "b_2", *RESERVED_QUERY_WORDS])))
def test_every_header_makes_a_name_the_schema_takes(header, taken):
    name = slug_of(header, taken)
    assert refuse_field_name(name) is None and name not in taken


@pytest.mark.parametrize(
    ("header", "meanings"),
    [
        ("Lagerbestand", [{"stock"}]),
        ("precioant", [{"price"}, {"old"}]),
        ("Nettoverkaufspreis", [{"net"}, {"sell"}, {"price"}]),
        ("판매가격", [{"sell"}, {"price"}]),
        ("P.V.P", [{"price", "sell"}]),
        ("Ед. изм.", [{"unit"}]),
        ("Verfuegbarkeit", [{"available"}]),
        ("Manufact.", [{"maker"}]),
    ],
)
def test_words_are_understood_taken_apart_and_completed(header, meanings):
    assert [set(part) for part in read(header).parts] == meanings
    assert read(header).unknown == ()


@pytest.mark.parametrize(
    ("header", "meanings"),
    [
        ("prd_nm", [{"item"}, {"name"}]),
        ("ctgry", [{"category"}]),
        ("Wght", [{"weight"}]),
        ("السعر", [{"price"}]),
        ("המחיר", [{"price"}]),
        ("ราคาขาย", [{"price"}, {"sell"}]),
        ("дата_создания", [{"date"}, {"created"}]),
        ("@аvailable", [{"available"}]),
        ("Price ($)", [{"price"}, {"money"}]),
        ("Код маркування (GTIN)", [{"ean"}]),
        ("Available 31.10.2025", [{"available"}]),
        ("GrÃ¶ÃŸe", [{"size"}]),
    ],
)
def test_short_forms_other_scripts_and_signs(header, meanings):
    assert [set(part) for part in read(header).parts] == meanings


def test_the_languages_of_a_file_are_those_most_of_its_words_are_of():
    assert languages_of(["Price", "Name"]) is not None
    assert languages_of(["#", "XK9"]) is None
    czech, polish = languages_of(["Název", "Výrobce", "Sklad"]), languages_of(["Nazwa", "Producent", "Skład"])
    assert read("sklad", czech).holds("stock") and not read("sklad", czech).holds("material")
    assert read("sklad", polish).holds("material") and not read("sklad", polish).holds("stock")


def test_a_word_before_every_header_is_passed_over():
    plain, prefixed = ["nr", "name", "price", "stock"], ["tblx_nr", "tblx_name", "tblx_price", "tblx_stock"]
    assert readings_of(prefixed) == readings_of(plain)


def test_words_nobody_knows_are_said_so():
    reading = read("inventory_Soberish_Kirkwood")
    assert (reading.unknown, reading.leading) == (("soberish", "kirkwood"), 1)


@given(st.text(max_size=80))
def test_any_header_can_be_read(header):
    read(header)
