"""What confirm refuses before anything is stored."""

import pytest

from chalicelib.errors import InvalidValue
from chalicelib.imports.mapping import check_mapping
from chalicelib.model.product_schema import SchemaField

HEADERS = ["Code", "Barcode", "Titel", "Prijs", "Tag 1", "Tag 2"]
FIELDS = (SchemaField("price", "price"), SchemaField("tags", "array"))


def test_a_sensible_mapping_passes():
    check_mapping({"Code": "sku", "Titel": "name", "Prijs": "price"}, FIELDS, HEADERS)


def test_an_ean_is_key_enough():
    check_mapping({"Barcode": "ean", "Titel": "name"}, FIELDS, HEADERS)


def test_several_columns_may_feed_a_list():
    check_mapping({"Code": "sku", "Tag 1": "tags", "Tag 2": "tags"}, FIELDS, HEADERS)


@pytest.mark.parametrize(
    ("mapped", "fields", "where", "words"),
    [
        ({"Titel": "name"}, FIELDS, "mapping", 'no column is mapped to "sku"'),
        ({"Code": "sku", "Nope": "price"}, FIELDS, "mapping.Nope", "no such column"),
        ({"Code": "sku", "Prijs": "cost"}, FIELDS, "mapping.Prijs", "nor a field of the schema"),
        ({"Code": "sku", "Prijs": "price", "Tag 1": "price"}, FIELDS, "mapping", '"Prijs" and "Tag 1"'),
        ({"Code": "sku", "Barcode": "sku"}, FIELDS, "mapping", "both mapped"),
        ({"Code": "sku"}, (SchemaField("sku", "string"),), "schema[0].name", "reserved"),
        ({"Code": "sku"}, (SchemaField("page_size", "string"),), "schema[0].name", "products query"),
        ({"Code": "sku"}, (SchemaField("a b", "string"),), "schema[0].name", "no field name"),
        ({"Code": "sku"}, (SchemaField("a", "money"),), "schema[0].type", "no field type"),
        ({"Code": "sku"}, (SchemaField("a", "string"), SchemaField("a", "url")), "schema", "twice"),
    ],
)
def test_what_cannot_be_is_refused_by_name(mapped, fields, where, words):
    with pytest.raises(InvalidValue) as refused:
        check_mapping(mapped, fields, HEADERS)
    assert words in refused.value.fields[where]
