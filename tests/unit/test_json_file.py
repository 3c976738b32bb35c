"""JSON becomes rows: what is found in it, how its values become cells, and what is refused."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import UnreadableFile, WrongEncoding
from chalicelib.fields import FIELD_TYPES, Habit
from chalicelib.formats import FileLimits
from chalicelib.formats.json_file import rewrite_json
from tests.rewriting import Rewritten, rewritten

pytestmark = pytest.mark.unit


def read(content, **reading) -> Rewritten:
    text = content if isinstance(content, str | bytes) else json.dumps(content)
    return rewritten(rewrite_json, text, **reading)


# Where the records are ------------------------------------------------------------------------------------------------

TWO = [{"sku": "A", "name": "Chair"}, {"sku": "B", "name": "Table"}]


@pytest.mark.parametrize(
    ("content", "note"),
    [
        (TWO, None),
        ({"products": TWO}, '"products"'),
        ({"meta": {"page": 1, "tags": ["x"]}, "data": {"items": TWO}, "next": None}, '"data.items"'),
        ({"facets": [{"name": "red"}], "products": TWO}, '"products"'),
        ({"products": TWO, "facets": [{"name": "red"}]}, '"products"'),
        ({"facets": [{"name": "red"}] * 3, "Products": TWO, "products": [{}]}, '"Products"'),
        ({"data": {"items": {"list": TWO}}, "facets": [{"name": "red"}] * 3}, '"data.items.list"'),
        ({"articles": TWO, "offers": [{"name": "red"}]}, '"articles"'),
        ([["sku", "name"], ["A", "Chair"], ["B", "Table"]], None),
        ("\n".join(map(json.dumps, TWO)), None),
        ("\n\n" + "\r\n\r\n".join(map(json.dumps, TWO)) + "\n\n", None),
    ],
)
def test_the_records_are_found(content, note):
    found = read(content)
    assert (found.headers, found.rows) == (["sku", "name"], [["A", "Chair"], ["B", "Table"]])
    assert (note in found.notes[0]) if note else (found.notes == [])


def test_lists_that_were_left_out_are_named():
    notes = read({"facets": [{"name": "red"}], "data": {"products": TWO}}).notes
    assert notes == [
        'The records are those under "data.products".',
        'Other lists of objects were left out: "facets". record_path names the one to take.',
    ]


def test_a_record_path_decides():
    content = {"facets": [{"name": "red"}], "data": {"products": TWO, "deep": {"er": {"and": {"er": {"x": TWO}}}}}}
    assert read(content, record_path="facets").records == [{"name": "red"}]
    assert read(content, record_path="data.deep.er.and.er.x").rows == [["A", "Chair"], ["B", "Table"]]
    with pytest.raises(UnreadableFile, match=r'no list of records under "data[.]nothing"'):
        read(content, record_path="data.nothing")
    with pytest.raises(UnreadableFile, match="itself the list"):
        read(TWO, record_path="data")
    assert read({"product": {"sku": "A", "sizes": [{"s": 1}]}}, record_path="product").records == [
        {"sku": "A", "sizes": '[{"s":1}]'}
    ]


def test_a_single_object_is_one_record():
    assert read({"sku": "A", "tags": ["x", "y"], "price": {"amount": 5}}).records == [
        {"sku": "A", "tags": "x|y", "price.amount": "5"}
    ]


def test_a_long_object_is_walked_through_piece_by_piece():
    rows = [{"sku": f"S{number}", "text": "x" * 900} for number in range(1_000)]
    limits = FileLimits(cell_bytes=2_000)
    found = rewritten(rewrite_json, json.dumps({"head": {"a": 1}, "data": {"rows": rows}, "end": [1, 2]}), limits)
    assert [row[0] for row in found.rows] == [row["sku"] for row in rows]


def test_lines_are_those_of_json_lines_and_numbers_of_records_otherwise():
    assert read('\n{"a":1}\n\n{"a":\n2}\n{"a":3}').lines == [2, 4, 6]
    assert read([{"a": 1}, {}, None, {"a": 2}]).lines == [1, 4]
    assert read([["a"], [1], [], [2]]).lines == [2, 4]


def test_rows_before_the_header_of_a_list_of_lists_are_skipped():
    assert read([["Prices 2026"], ["sku"], ["A"]], skip_header_rows=1).records == [{"sku": "A"}]
    assert "skip_header_rows says nothing" in read(TWO, skip_header_rows=1).notes[0]


def test_cells_beyond_the_header_of_a_list_of_lists_get_a_column():
    found = read([["sku", ""], ["A", ""], ["B", "", "x"]])
    assert found.records == [{"sku": "A"}, {"sku": "B", "column_3": "x"}]
    assert found.notes == ["Column 3 has no header; it is called column_3."]


# Values ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ('"text"', "text"),
        ("true", "true"),
        ("false", "false"),
        ("5410000000293", "5410000000293"),
        ("-0.50", "-0.50"),
        ("129.90", "129.90"),
        ("0.1000000000000000055511151231257827", "0.1000000000000000055511151231257827"),
        ("12345678901234567890123", "12345678901234567890123"),
        ("1001.0", "1001"),
        ("129.00", "129.00"),
        ("1.5e3", "1500"),
        ("25E-4", "0.0025"),
        ("1e999999999", "1e999999999"),
        ("1e99999999999999999999", "1e99999999999999999999"),
        ("[1, 2.50, 3.0, true, null]", "1|2.50|3|true"),
        ('["a", "b"]', "a|b"),
        ('["one, two"]', '["one\\u002c two"]'),
        ('[{"amount": 5.10, "currency": "EUR"}]', '[{"amount":5.10,"currency":"EUR"}]'),
        ("[[1, 99999999999999999999], null]", "[[1,99999999999999999999]]"),
        ('"\\ud83d\\ude00"', "\U0001f600"),
        ('"half \\ud83d"', "half \\ud83d"),
        ('["\\udc00", "x"]', "\\udc00|x"),
        ('[["\\udc00"]]', '[["\\\\udc00"]]'),
        ('" a\\r\\nb "', " a\r\nb "),
    ],
)
def test_values_become_cells(value, cell):
    assert read(f'[{{"key": "k", "value": {value}}}]').rows == [["k", cell]]


@pytest.mark.parametrize("value", ["null", "[]", "{}", '""'])
def test_nothing_is_a_blank_cell(value):
    assert read(f'[{{"key": "k", "value": {value}}}]').records == [{"key": "k"}]


def test_nested_objects_are_columns_with_dots():
    found = read([{"sku": "A", "price": {"amount": 1.10, "currency": "EUR", "was": {"amount": 2}}}, {"sku": "B"}])
    assert found.headers == ["sku", "price.amount", "price.currency", "price.was.amount"]
    assert found.rows == [["A", "1.1", "EUR", "2"], ["B", "", "", ""]]


def test_columns_found_late_do_not_shift_earlier_rows():
    found = read([{"a": 1}, {"b": 2}, {"c": 3, "a": 4}, {}, {"b": 5, "a": 6}])
    assert found.headers == ["a", "b", "c"]
    assert found.rows == [["1", "", ""], ["", "2", ""], ["4", "", "3"], ["6", "5", ""]]
    assert found.notes == []


def test_the_last_of_two_same_keys_counts():
    assert read('[{"a": 1, "b": 2, "a": 3}]').records == [{"a": "3", "b": "2"}]


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1), min_size=2, max_size=5))
def test_lists_are_read_back(items):
    [[cell]] = read([{"tags": [*items, "end"]}]).rows
    expected = [item.strip() for item in [*items, "end"] if item.strip()]
    assert FIELD_TYPES["array"].parser(Habit(list_separator="|"))(cell.strip()) == expected


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12))
def test_numbers_keep_their_value(number):
    [[cell]] = read(f'[{{"n": {number}}}]').rows
    assert Decimal(cell) == number
    assert "e" not in cell.lower()


def test_several_prices_are_read():
    [[cell]] = read([{"prices": [{"amount": 1.5, "currency": "EUR"}, {"amount": 2, "currency": "USD"}]}]).rows
    prices = FIELD_TYPES["multi_price"].parser(Habit())(cell)
    assert [each["currency"] for each in prices] == ["EUR", "USD"]


# Encodings ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_the_encodings_of_json_are_told_by_its_first_bytes(encoding):
    assert read('[{"sku": "Ä", "name": "\u20ac"}]'.encode(encoding)).rows == [["Ä", "\u20ac"]]


def test_another_encoding_is_read_when_it_is_named():
    content = '[\n{"name": "plain"},\n{"name": "\u201cÉté\u201d \u2013 3\u20ac"}]'.encode("cp1252")
    assert read(content, encoding="cp1252").rows[1] == ["\u201cÉté\u201d \u2013 3\u20ac"]
    with pytest.raises(WrongEncoding, match=r"not UTF-8, .* on line 3, cannot be read") as refusal:
        read(content)
    assert refusal.value.byte_offset == content.index(b"\x93")


def test_characters_may_be_cut_between_blocks(monkeypatch):
    monkeypatch.setattr("chalicelib.formats.json_file.BLOCK_BYTES", 7)
    rows = [{"a": "\u20ac" * n, "b": n * 1111} for n in range(1, 30)]
    assert read(json.dumps(rows, ensure_ascii=False)).rows == [[row["a"], str(row["b"])] for row in rows]


# What is refused ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "empty"),
        (" \n ", "empty"),
        ("[]", "holds no list of objects"),
        ("{}", "holds no list of objects|no records"),
        ('["a", "b"]', "holds no list of objects"),
        ("[{}]", "holds no records"),
        ('{"a": 1} x', "on line 1, at character 10, something stands behind the end"),
        ('[{"a": 1},\n {"a": "cut o', "on line 2, at character 8, Unterminated string"),
        ('[{"a": 1},\n {"a": 2}', "line 2, .* it ends too soon"),
        ('[{"a": 1},\n {"a" 2}]', "line 2, .*':' delimiter"),
        ('[{"a": 1},]', "Expecting value"),
        ('[{"a": 1}] [', "behind the end"),
        ('[{"a": 1} {"a": 2}]', ", or ] is expected"),
        ('{"a": 1}\n{"a": ', "line 2"),
        ('{"products": [{"a": 1}, {"a": ]}', "Expecting value"),
        ('{"products": [{"a": 1}], 5: 6}', "a key in quotes"),
        ('[{"a": NaN}]', "NaN"),
        ('[{"a": -Infinity}]', "-Infinity"),
        ('[{"a": 1}, 5]', "Record 2 is no object"),
        ('[["a"], 5]', "Row 2 is no list"),
        ("[" * 100_000, "nested"),
        ('[{"a":' + '{"b":' * 200 + "1" + "}" * 201 + "]", "nested more than 100"),
        ('[{"a":' + "[" * 200 + "]" * 200 + "}]", "nested more than 100"),
        ('[{"a": ' + "9" * 5_000 + "}]", "number that is too long. Nothing"),
        ('[{"%s": 1}]' % ("k" * 256), "longer than 255"),
        ('[{"a\\u0000b": 1}]', "holds a NUL"),
        ('[{"a": "tab\there"}]', "Invalid control character"),
        (b'[{"a": "\xc3"}]', "not UTF-8"),
    ],
)
def test_refusals_say_what_is_wrong_and_where(content, message):
    with pytest.raises(UnreadableFile, match=message):
        read(content)


@pytest.mark.parametrize(
    ("content", "limits", "message"),
    [
        ([{f"k{n}": n for n in range(20)}], FileLimits(columns=5), "more than 5 columns"),
        ([{"a": "x" * 70_000, "b": "y" * 500}], FileLimits(cell_bytes=69_000), '"a" of row or record 1 is longer than'),
        ([{"a": "x" * 9_000_000}], FileLimits(cell_bytes=1_000), "goes on for more than 4,000 characters"),
        ([{"a": "x" * 500}] * 1_000, FileLimits(canonical_bytes=100_000), "more than 100,000 bytes as CSV"),
    ],
)
def test_limits_are_named(content, limits, message):
    with pytest.raises(UnreadableFile, match=message):
        rewritten(rewrite_json, json.dumps(content), limits)
