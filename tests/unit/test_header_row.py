"""Which of a table's first rows is its header, in a CSV, a sheet and a JSON list of lists."""

import io
import json

import pytest

from chalicelib.formats import analyze_csv, read_rows
from chalicelib.formats.csv_file import name_headers
from chalicelib.formats.header_row import begins_with_row, find_header, looks_like_data
from chalicelib.formats.json_file import rewrite_json
from chalicelib.formats.xlsx_file import rewrite_xlsx
from chalicelib.model.outcomes import Analysis
from tests.rewriting import book, rewritten, sheet


def table(text: str) -> list[list[str]]:
    return [line.split(";") for line in text.strip("\n").split("\n")]


def analyze(text: str, **options) -> Analysis:
    return analyze_csv(io.BytesIO(text.encode()), **{"chunk_rows": 2, **options})


TITLED = {
    "a title": "Preisliste Frühjahr 2026\nArtikel;Name;Preis\nA1;Stuhl;10,00\nA2;Tisch;20,00",
    "padded by a spreadsheet": "Price list;;\nCode;Name;Price\nA1;Chair;10.00\nA2;Table;20.00",
    "metadata": "Exported on;2026-01-01\nSupplier:;Acme\nsku;name\nA1;Chair\nA2;Table",
    "a comment": "# made by the shop, 3 products\nsku;name\nA1;Chair\nA2;Table",
    "slashes": "// all prices in euro\nsku;price\nA1;10\nA2;20",
    "groups of columns": "Product;;Price;;\nCode;Name;Net;Gross;Unit\nA1;Chair;10;12;pc\nA2;Table;20;24;pc",
    "names over two rows": "Goods;;in;;Sum:\ngroup;Product;Euro;Origin;Remarks\n1;Eggs;0,57;farm;fresh\n"
    "1;Milk;1,20;farm;fresh",
    "comments, the last of which are the names": "## made by the shop;;\n## do not remove;;\n## id;name;price\n"
    "1;Chair;10\n2;Table;20",
    "groups whose names repeat": "All;All;North;North;South;South\nCode;Flavour;Price;Offer;Price;Offer\n"
    "9;Vanilla;5;4;6;5\n94;Lemon;5;4;6;5",
    "nothing but words": "Our list\nProdotto;Finitura;Linea;Serie\nSedia;Noce;Casa;Uno\nTavolo;Rovere;Casa;Due",
}


@pytest.mark.parametrize("text", TITLED.values(), ids=TITLED)
def test_what_stands_above_the_header_is_passed(text):
    found = find_header(table(text))
    assert found > 0
    analysis = analyze(text, delimiter=";")
    assert list(analysis.headers) == list(name_headers([name for name in table(text)[found] if name])[0])
    assert analysis.row_count == 2
    assert analysis.dialect.header_line == found + 1
    assert "above the header left out" in analysis.notes[0]
    assert "skip_header_rows=0" in analysis.notes[0]


PLAIN = {
    "a header alone": "sku;name;price",
    "a plain table": "sku;name;price\nA1;Chair;10\nA2;Table;20",
    "narrow rows": "sku;name;price;note\nA1;Chair\nA2;Table\nA3;Lamp",
    "a header narrower than the rows": "sku;name\nA1;Chair;10;x;y\nA2;Table;20;x;y",
    "one column": "name\nChair\nTable",
    "two columns of words": "sku\nA;Chair\nB;Table",
    "no header": "A1;Chair;10\nA2;Table;20",
    "years for names": "sku;name;2025;2026\nA1;Chair;10;11\nA2;Table;20;21",
    "words below words": "name;colour\nChair;red\nTable;blue",
    "a second header below": "Name;Gewicht;Preis\nname;kg;EUR\nStuhl;5;10\nTisch;7;20",
    "a number sign for a name": "#;Name;Price\n1;Chair;10\n2;Table;20",
    "a sign before the first name": "#sku;name;price\nA1;Chair;10\nA2;Table;20",
    "a title of as many cells": "Supplier;Acme;Spring\nA1;Chair;10\nA2;Table;20",
    "sparse rows": "a;b;c;d;e;f\n1;;;;;\n;2;;;;\n;;3;;;",
}


@pytest.mark.parametrize("text", PLAIN.values(), ids=PLAIN)
def test_the_first_row_is_the_header_where_nothing_plainly_speaks_against_it(text):
    assert find_header(table(text)) == 0


def test_nothing_is_looked_for_where_it_is_said():
    text = TITLED["a title"]
    assert analyze(text, skip_header_rows=0, delimiter=";").headers == ("Preisliste Frühjahr 2026",)
    assert analyze(text, skip_header_rows=1).headers == ("Artikel", "Name", "Preis")
    assert analyze(text, skip_header_rows=2).headers == ("A1", "Stuhl", "10,00")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_titles_do_not_hide_the_delimiter(delimiter):
    lines = ["Price list, spring; 2026", "", delimiter.join(["Code", "Name", "Price"])]
    lines += [delimiter.join([f"A{n}", f"Chair {n}", f"{n}.50"]) for n in range(5)]
    analysis = analyze("\n".join(lines))
    assert (analysis.dialect.delimiter, analysis.headers) == (delimiter, ("Code", "Name", "Price"))


@pytest.mark.parametrize(
    ("text", "is_data"),
    [
        ("A1;Chair;10\nA2;Table;20\nA3;Lamp;30", True),
        ("4006381333931;Chair;10,00 €\n4006381333948;Table;20,00 €\n4006381333955;Lamp;9,00 €", True),
        ("sku;name;price\nA1;Chair;10\nA2;Table;20", False),
        ("sku;2025;price\nA1;3;10\nA2;4;20", False),
        ("name;colour\nChair;red\nTable;blue", False),
    ],
)
def test_a_header_that_looks_like_data_is_told_of(text, is_data):
    assert looks_like_data(table(text), 0) is is_data
    assert any("looks like the rows below it" in note for note in analyze(text, delimiter=";").notes) is is_data


HEADERLESS = {
    "keys, EANs, prices": "5365;9500733054895;Toy robot, inflatable;2,29\n278;8712581549640;Batteries AA;,48\n"
    "52746;5900851376741;Snow suit red;24,06\n25295;5906824600011;Animals, large;8,66",
    "codes and prices": "A1;Chair, garden, blue;10,00\nA2;Table;20,00\nA3;Lamp;30,00\nA4;Bed;40,00",
    "no text at all": "1001;12.50;3\n1002;13.00;4\n1003;1.25;5\n1004;2.00;0",
    "a unit that comes again": "1001;Stuhl;Stk;12,50\n1002;Tisch;Stk;13,00\n1003;Bett;Stk;1,25\n1004;Lampe;Stk;2,00",
    "addresses": "1;https://example.org/1;Big red chair\n2;https://example.org/2;Blue\n3;https://example.org/3;Green\n"
    "4;https://example.org/4;White",
}


@pytest.mark.parametrize("text", HEADERLESS.values(), ids=HEADERLESS)
def test_a_first_line_that_unmistakably_is_a_row_is_one(text):
    rows = table(text)
    assert begins_with_row(rows)
    analysis = analyze(text, chunk_rows=3)
    assert analysis.headers == tuple(f"column_{at}" for at in range(1, len(rows[0]) + 1))
    assert (analysis.row_count, analysis.dialect.header, analysis.dialect.header_line) == (4, (), 1)
    assert (analysis.detected.header, analysis.detected.header_line) == (False, None)
    assert "header=true" in analysis.notes[0]
    data = text.encode()
    read = [
        row
        for chunk in analysis.chunks
        for row in read_rows(data[chunk.byte_start : chunk.byte_end], analysis.dialect, first_line=chunk.first_line)
    ]
    assert read == list(enumerate(rows, start=1))
    said = analyze(text, header=True)
    assert (said.headers, said.row_count) == (tuple(rows[0]), 3)
    assert analyze(text, skip_header_rows=0).headers == tuple(rows[0])


NAMED = {
    "words over figures": "sku;name;price\nA1;Chair;10,00\nA2;Table;20,00\nA3;Lamp;30,00\nA4;Bed;40,00",
    "years": "Artikel;2024;2025;2026\nStuhl;1,50;2,50;3,00\nTisch;1,50;2,50;3,00\nBett;1,5;2,5;3,0",
    "sizes": "Model;36;37;38\nRunner red;1;2;3\nRunner blue;1;2;3\nRunner green;4;2;3",
    "volumes, and a word of no known language": "Xyzzy;0,5;0,75;1,0\nFoo bar;1,10;1,50;2,0\nBar;1,10;1,5;2,0\n"
    "Baz;1,1;1,5;2,0",
    "months": "Produkt;01.2026;02.2026\nStuhl rot;1,00;2,00\nTisch;3,00;4,00\nBett;5,00;6,00",
    "a name among figures": "EAN13;price;5,00\n4006381333931;1,00;2,00\n4006381333948;2,00;2,00\n4006381333955;3,0;2,0",
    "known words between figures": "1001;Name of the product;12,50\n1002;Chair;13,00\n1003;Bed;1,25\n1004;Lamp;2,0",
    "two rows only": "1001;Chair, garden, blue;12,50\n1002;Table;13,00\n1003;Bed;14,00",
    "a header that comes again": "1001;big blue chair;1,50\n1002;x;1,00\n1003;y;2,00\n1001;big blue chair;1,50",
}


@pytest.mark.parametrize("text", NAMED.values(), ids=NAMED)
def test_a_first_line_that_may_be_names_is_the_header(text):
    assert not begins_with_row(table(text))
    assert analyze(text).headers == tuple(table(text)[0])


def test_that_there_is_no_header_can_be_said():
    analysis = analyze("Chair;red\nTable;blue;wood\n", header=False)
    assert (analysis.headers, analysis.row_count) == (("column_1", "column_2"), 2)
    assert "more or fewer cells" in analysis.notes[-1]
    assert analyze("Prices\nChair;red\nTable;blue\n", header=False, skip_header_rows=1).row_count == 2


# Other formats --------------------------------------------------------------------------------------------------------

PRICES = [["1001", "Big red chair", "12.50"], ["1002", "Table", "13"], ["1003", "Bed", "1.25"], ["1004", "Lamp", "2.2"]]


def test_a_sheet_or_list_without_a_header():
    ranges = '<mergeCells><mergeCell ref="B2:B3"/></mergeCells>'
    of_sheet = rewritten(rewrite_xlsx, in_sheet([["", "", ""], *PRICES]))
    of_list = rewritten(rewrite_json, json.dumps(PRICES).encode())
    for found in (of_sheet, of_list):
        assert (found.headers, found.rows) == (["column_1", "column_2", "column_3"], PRICES)
        assert len(found.notes) == 1
    assert of_sheet.lines == [2, 3, 4, 5]
    merged = rewritten(rewrite_xlsx, in_sheet([*PRICES[:2], ["1003", "", "1.25"], PRICES[3]], ranges))
    assert [row[1] for row in merged.rows] == ["Big red chair", "Table", "Table", "Lamp"]
    assert rewritten(rewrite_xlsx, in_sheet(PRICES), header=True).headers == PRICES[0]
    said = rewritten(rewrite_json, json.dumps([["a", "b"], ["c", "d"]]).encode(), header=False)
    assert said.rows == [["a", "b"], ["c", "d"]]


def test_a_header_over_two_rows():
    rows = [
        ["Stock of today"],
        ["", "", ""],
        ["group", "Price", "Store"],
        ["Code", "", "Count"],
        ["A", 10, 3],
        ["B", 20, 4],
    ]
    merged = '<mergeCells><mergeCell ref="B3:B4"/></mergeCells>'
    found = rewritten(rewrite_xlsx, in_sheet(rows, merged))
    assert found.headers == ["group Code", "Price", "Store Count"]
    assert (found.rows, found.lines) == ([["A", "10", "3"], ["B", "20", "4"]], [5, 6])
    assert "The header stands in two rows, 3 and 4." in found.notes
    grouped = '<mergeCells><mergeCell ref="B3:B4"/><mergeCell ref="A3:A3"/></mergeCells>'
    assert rewritten(rewrite_xlsx, in_sheet(rows, grouped)).headers[0] == "Code"


@pytest.mark.parametrize("lower", [["A0", "", 3], ["Code", "x", "Count"], ["", "", ""]])
def test_a_row_below_a_merged_name_that_holds_no_names_is_a_row(lower):
    rows = [["Name", "Price", "Store"], lower, ["A", 10, 3], ["B", 20, 4]]
    found = rewritten(rewrite_xlsx, in_sheet(rows, '<mergeCells><mergeCell ref="B1:B2"/></mergeCells>'))
    assert found.headers == ["Name", "Price", "Store"]
    assert len(found.rows) == 2 + any(lower)


ROWS = [["Prices 2026"], [], ["sku", "name", "price"], ["A", "Chair", 10], ["sku", "name", "price"], ["B", "Table", 20]]


def in_sheet(rows: list[list], after: str = "") -> bytes:
    xml = ""
    for number, row in enumerate(rows, start=1):
        cells = "".join(
            f'<c r="{letter}{number}" t="str"><v>{cell}</v></c>' for letter, cell in zip("ABC", row, strict=False)
        )
        xml += f'<row r="{number}">{cells}</row>'
    return book(sheet(xml, after))


def test_titles_and_repeated_headers_of_a_sheet():
    found = rewritten(rewrite_xlsx, in_sheet(ROWS))
    assert (found.headers, found.rows) == (["sku", "name", "price"], [["A", "Chair", "10"], ["B", "Table", "20"]])
    assert found.lines == [4, 6]
    assert 'line above the header left out, beginning "Prices 2026"' in found.notes[0]
    assert "One row repeats the header; left out. The first is row 5" in found.notes[1]
    assert rewritten(rewrite_xlsx, in_sheet(ROWS), skip_header_rows=0).headers == [
        "Prices 2026",
        "column_2",
        "column_3",
    ]


def test_a_range_over_rows_below_a_title_gives_its_value_to_each():
    rows = [["Prices 2026"], ["brand", "sku", "price"], ["Acme", "A", 10], ["", "B", 20]]
    ranges = '<mergeCells><mergeCell ref="A1:C1"/><mergeCell ref="A3:A4"/></mergeCells>'
    found = rewritten(rewrite_xlsx, in_sheet(rows, ranges))
    assert found.rows == [["Acme", "A", "10"], ["Acme", "B", "20"]]
    assert [note for note in found.notes if "above the header" in note] == found.notes[:1]


def test_titles_and_repeated_headers_of_a_list_of_lists():
    found = rewritten(rewrite_json, json.dumps(ROWS))
    assert (found.headers, found.rows) == (["sku", "name", "price"], [["A", "Chair", "10"], ["B", "Table", "20"]])
    assert found.lines == [4, 6]


def test_a_sheet_of_instructions_is_passed():
    instructions = sheet(
        '<row r="1"><c r="A1" t="str"><v>How to</v></c></row><row r="2"><c r="A2" t="str"><v>Do</v></c></row>'
    )
    table = sheet(
        '<row r="1"><c r="A1" t="str"><v>sku</v></c><c r="B1" t="str"><v>name</v></c></row>'
        '<row r="2"><c r="A2" t="str"><v>A</v></c><c r="B2" t="str"><v>Chair</v></c></row>'
    )
    assert rewritten(rewrite_xlsx, book(instructions, table)).headers == ["sku", "name"]
    assert rewritten(rewrite_xlsx, book(instructions, table), sheet="1").headers == ["How to"]
    assert rewritten(rewrite_xlsx, book(instructions)).headers == ["How to"]


def test_a_long_sheet_is_read_like_a_short_one():
    rows = [["Prices 2026"], ["sku", "name", "price"], *([f"A{n}", f"Chair {n}", n] for n in range(200))]
    found = rewritten(rewrite_xlsx, in_sheet(rows))
    assert found.rows == [[str(cell) for cell in row] for row in rows[2:]]
