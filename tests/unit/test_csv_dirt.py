"""What stands in CSV files beside their rows, and how else than usual they are written."""

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import OpenQuote, UnreadableFile
from chalicelib.formats import analyze_csv, read_rows
from chalicelib.model.outcomes import Analysis


def analyze(content: bytes | str, **options) -> Analysis:
    data = content.encode() if isinstance(content, str) else content
    return analyze_csv(io.BytesIO(data), **{"chunk_rows": 2, **options})


def rows_of(content: bytes | str, analysis: Analysis) -> list[tuple[int, list[str]]]:
    """All rows of a file through its chunks, as (line, cells)."""
    data = content.encode() if isinstance(content, str) else content
    found = []
    for chunk in analysis.chunks:
        rows = list(read_rows(data[chunk.byte_start : chunk.byte_end], analysis.dialect, first_line=chunk.first_line))
        assert len(rows) == chunk.rows
        found += rows
    return found


def cells_of(content: bytes | str, **options) -> list[list[str]]:
    return [cells for _, cells in rows_of(content, analyze(content, **options))]


# Repeated headers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block_bytes", [4, 17, 100_000])
@pytest.mark.parametrize("chunk_rows", [1, 2, 50])
def test_a_repeated_header_is_no_row(chunk_rows, block_bytes):
    text = 'sku,name\nA,x\nsku,name\nB,y\n"sku",name\nsku,name\nC,z\nsku,name\n'
    analysis = analyze(text, chunk_rows=chunk_rows, block_bytes=block_bytes)
    assert rows_of(text, analysis) == [(2, ["A", "x"]), (4, ["B", "y"]), (7, ["C", "z"])]
    assert analysis.row_count == 3
    assert analysis.columns[0].unique is True
    assert analysis.notes == ("4 lines repeat the header; left out. The first is line 3.",)


def test_files_put_together_repeat_their_mark_as_well():
    part = "\ufeffsku,name\nA,x\n"
    assert cells_of(part + part.replace("A", "B")) == [["A", "x"], ["B", "y".replace("y", "x")]]


def test_what_only_resembles_the_header_is_a_row():
    text = "sku,name\nsku,x\nSKU,name\nsku,name,\n"
    assert cells_of(text) == [["sku", "x"], ["SKU", "name"], ["sku", "name", ""]]


def test_blank_lines_and_a_repeated_header_before_the_first_row():
    text = "sku,name\n\nsku,name\n,\nA,x\n"
    assert rows_of(text, analyze(text)) == [(5, ["A", "x"])]


def test_what_repeats_the_header_a_million_times_is_read_at_once():
    analysis = analyze("# a remark\n" * 500_000)
    assert analysis.row_count == 0
    assert "499,999 lines repeat the header" in analysis.notes[-1]


def test_the_mark_of_a_file_that_was_put_behind_another_is_no_part_of_a_key():
    text = "sku,name\nA,x\n\ufeffsku,name\nB,y\n\ufeffC,z\n\ufeff\n"
    analysis = analyze(text)
    assert rows_of(text, analysis) == [(2, ["A", "x"]), (4, ["B", "y"]), (5, ["C", "z"])]
    assert analysis.sample_rows == (("A", "x"), ("B", "y"), ("C", "z"))


def test_a_file_without_line_ends_is_told_to_be_one():
    with pytest.raises(UnreadableFile, match="no line ends"):
        analyze("a,b," * 500, max_cell_bytes=100, block_bytes=100)


# Totals and remarks ---------------------------------------------------------------------------------------------------

TABLE = "sku;name;price;stock\n" + "".join(f"A{n};Chair {n};{n},50;{n}\n" for n in range(20))


@pytest.mark.parametrize(
    "row",
    [
        "Total;;210,00;",
        ";Summe;210,00;",
        "TOTAL GENERAL;;;190",
        "Итого:;;190;",
        "合計;;190;",
        "* all prices without VAT;;;",
        "Prices are valid until the end of May;;;",
        "ACCESSORIES;;;",
        ";Garden chairs;;",
    ],
)
def test_a_total_is_a_row_and_tells_nothing_of_the_columns(row):
    analysis = analyze(TABLE + row + "\n")
    assert analysis.row_count == 21
    by_header = {column.header: column for column in analysis.columns}
    assert by_header["sku"].unique is True
    assert by_header["stock"].fits["number"] == by_header["price"].fits["price"] == 1.0
    assert "One row looks like a title, a total or a remark" in analysis.notes[-1]
    assert "row 21." in analysis.notes[-1]


@pytest.mark.parametrize(
    "row",
    ["Total cleaner;Spray;3,50;4", "Total;Spray;3,50;4", "A20;;;", "A20;Chair;;", "Total;Spray;;", "Totalizer;;3,50;"],
)
def test_a_product_is_no_total(row):
    assert not any("a total" in note for note in analyze(TABLE + row + "\n").notes)


def test_titles_of_sections_are_told_and_tell_nothing():
    text = "code;name;price;stock\nCHAIRS;;;\n" + "".join(f"{n};Chair {n};{n},50;{n}\n" for n in range(100, 120))
    text += "TABLES;;;\n200;Table;9,00;1\n"
    analysis = analyze(text)
    assert (analysis.row_count, analysis.sample_rows[0]) == (23, ("CHAIRS", "", "", ""))
    code = analysis.columns[0]
    assert (code.fits["number"], code.unique, analysis.columns[1].blank_rows) == (1.0, True, 0)
    assert "2 rows look like a title, a total or a remark, not like a product; the first is row 1." in analysis.notes[0]
    empty = analyze(text.replace("\n", ";\n").replace("stock;", "stock;note"))
    assert empty.columns[4].blank_rows == empty.row_count
    again = analyze(text + "CHAIRS;;;\n")
    assert again.columns[0].unique is False


def test_in_a_table_of_few_cells_a_lonely_one_is_no_title():
    text = "code;name;price;stock;size\n" + "".join(f"{n};Chair {n};;;\n" for n in range(100, 120)) + "Lamp;;;;\n"
    assert analyze(text).notes == ()


def test_totals_that_share_their_word_are_not_unique():
    analysis = analyze(TABLE + "Total;;1,50;\nTotal;;2,50;\n")
    assert analysis.columns[0].unique is False


# Columns at the end ---------------------------------------------------------------------------------------------------


def test_columns_without_header_and_values_at_the_end_are_none():
    text = "sku;name;;;\nA;x;;;\nB;y; ;;\nC;z\n"
    analysis = analyze(text, block_bytes=9)
    assert analysis.headers == ("sku", "name")
    assert [column.header for column in analysis.columns] == ["sku", "name"]
    assert analysis.sample_rows == (("A", "x"), ("B", "y"), ("C", "z"))
    assert "3 columns at the end without header and values left out: lines end with delimiters." in analysis.notes


def test_a_value_at_the_end_keeps_its_column_and_those_before():
    analysis = analyze("sku;name;;;\nA;x;;;\n" * 1 + "B;y;;5;\n")
    assert analysis.headers == ("sku", "name", "column_3", "column_4")
    assert analysis.notes[:2] == (
        "Column 3 has no header; it is called column_3.",
        "Column 4 has no header; it is called column_4.",
    )


def test_an_unnamed_column_within_stays():
    assert analyze("sku;;name\nA;;x\nB;;y\n").headers == ("sku", "column_2", "name")


def test_delimiters_at_the_ends_of_the_rows_alone():
    text = "sku\tname\nA\tx\t\nB\ty\t\n"
    analysis = analyze(text)
    assert (analysis.headers, analysis.notes) == (("sku", "name"), ())


# Delimiters and quotes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", ["^", "~", "\u00a6", ":"])
def test_a_rare_delimiter_is_taken_where_it_is_unmistakable(delimiter):
    rows = [["sku", "name", "price"], ["A", "Chair", "10"], ["B", "Table", "20"], ["C", "Lamp", "30"]]
    analysis = analyze("\n".join(map(delimiter.join, rows)))
    assert (analysis.dialect.delimiter, analysis.headers) == (delimiter, ("sku", "name", "price"))
    assert analyze("time\n10:20:30\n11:20:30\n12:20:30\n").headers == ("time",)


@pytest.mark.parametrize("delimiter", ["x", "#", "\u00a7", " "])
def test_any_delimiter_can_be_said(delimiter):
    text = f"sku{delimiter}name\nA{delimiter}B\n"
    assert analyze(text, delimiter=delimiter).headers == ("sku", "name")


def test_single_quotes():
    text = "'sku';'name';'price'\n'A';'Chair; red';'1,50'\n'B';'it''s blue';'2,50'\n"
    analysis = analyze(text)
    assert (analysis.dialect.quotechar, analysis.headers) == ("'", ("sku", "name", "price"))
    assert cells_of(text) == [["A", "Chair; red", "1,50"], ["B", "it's blue", "2,50"]]
    assert "single quotes" in analysis.notes[0]


def test_an_apostrophe_is_no_quote():
    text = "sku,name\nA,'s Gravenhage\nB,don't\nC,'quoted'\n"
    assert cells_of(text) == [["A", "'s Gravenhage"], ["B", "don't"], ["C", "'quoted'"]]


def test_quotes_behind_a_backslash():
    text = 'sku,name,price\nA,"19\\" rack, black",10\nB,"the \\"best\\" one",20\n'
    analysis = analyze(text)
    assert (analysis.dialect.escapechar, analysis.dialect.quotechar) == ("\\", '"')
    assert cells_of(text) == [["A", '19" rack, black', "10"], ["B", 'the "best" one', "20"]]


def test_a_backslash_is_itself_in_an_ordinary_file():
    text = 'sku,path\nA,"C:\\temp\\"\nB,"x ""\\"" y"\n'
    analysis = analyze(text)
    assert analysis.dialect.escapechar == ""
    assert cells_of(text) == [["A", "C:\\temp\\"], ["B", 'x "\\" y']]


INCHES = 'sku;name;price\nA;19" rack;10\nB;"Ultra" 27" monitor;20\nC;"open;30\nD;24" monitor;40\n'


def test_quotes_that_are_inches():
    analysis = analyze(INCHES)
    assert analysis.dialect.quotechar == ""
    assert cells_of(INCHES) == [
        ["A", '19" rack', "10"],
        ["B", '"Ultra" 27" monitor', "20"],
        ["C", '"open', "30"],
        ["D", '24" monitor', "40"],
    ]
    assert "no quotation mark in this file" in analysis.notes[0]


def test_quotes_can_be_said():
    with pytest.raises(OpenQuote, match="say quotechar=none"):
        analyze(INCHES + 'E;"x;50\n', quotechar='"')
    assert cells_of('sku;name\nA;"x"\n', quotechar="") == [["A", '"x"']]
    assert cells_of("sku;name\nA;'x;y'\n", quotechar="'") == [["A", "x;y"]]
    assert cells_of("sku;name\nA;`x;y`\n", quotechar="`") == [["A", "x;y"]]


def test_an_open_quote_alone_is_refused():
    with pytest.raises(OpenQuote, match="line 3 is never closed"):
        analyze('sku,name\nA,x\nB,"open\nC,y\n')


# Both directions agree ------------------------------------------------------------------------------------------------

SIGNS = st.text(st.sampled_from(list("ab,;'\"\\\n\r é")), max_size=8)


@given(
    rows=st.lists(st.lists(SIGNS, min_size=1, max_size=4), max_size=12),
    quotechar=st.sampled_from(['"', "'", "`"]),
    chunk_rows=st.integers(1, 5),
    block_bytes=st.integers(1, 60),
)
def test_chunks_have_the_rows_the_pass_has_counted(rows, quotechar, chunk_rows, block_bytes):
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, quotechar=quotechar, quoting=csv.QUOTE_ALL)
    writer.writerows([["head", "er"], *rows, ["head", "er"], ["last", "row"]])
    data = buffer.getvalue().encode()
    analysis = analyze(
        data, delimiter=",", quotechar=quotechar, skip_header_rows=0, chunk_rows=chunk_rows, block_bytes=block_bytes
    )
    expected = [row for row in rows if any(map(str.strip, row))]
    assert [cells for _, cells in rows_of(data, analysis)] == [*expected, ["last", "row"]]


@given(
    text=st.text(st.sampled_from(list("ab,;'\"\\\n\r 1é")), max_size=80),
    chunk_rows=st.integers(1, 4),
    block_bytes=st.integers(1, 50),
)
def test_any_text_without_quotes_has_a_row_a_line(text, chunk_rows, block_bytes):
    data = f"head,er\n{text}".encode()
    analysis = analyze(
        data, delimiter=",", quotechar="", skip_header_rows=0, chunk_rows=chunk_rows, block_bytes=block_bytes
    )
    lines = [line.split(",") for line in re.split(r"\r\n|\r|\n", text)]
    assert [cells for _, cells in rows_of(data, analysis)] == [line for line in lines if any(map(str.strip, line))]


# Bytes that are not UTF-8 ---------------------------------------------------------------------------------------------


@given(
    st.lists(st.lists(st.sampled_from(["a", "é", "漢", "x y", ""]), min_size=2, max_size=2), min_size=1, max_size=12),
    st.lists(st.tuples(st.integers(0, 200), st.sampled_from([b"\x80", b"\xc9", b"\xe2\x82", b"\xff"])), max_size=5),
    st.integers(1, 5),
    st.sampled_from([1, 7, 64, 4096]),
)
def test_pass_and_chunks_agree_on_damage(cells, damage, chunk_rows, block_bytes):
    content = "".join(f"k{number},{','.join(row)}\r\n" for number, row in enumerate(cells)).encode()
    for at, odd in damage:
        content = content[: at % len(content)] + odd + content[at % len(content) :]
    data = b"sku,name,note\r\n" + content
    analysis = analyze(data, damaged=True, chunk_rows=chunk_rows, block_bytes=block_bytes, delimiter=",")
    rows = [row for _, row in rows_of(data, analysis)]
    assert len(rows) == analysis.row_count
    assert [row[:3] for row in rows[:5] if len(row) == 3] == [
        list(row) for row, written in zip(analysis.sample_rows, rows, strict=False) if len(written) == 3
    ]
    intact = [line for line in data.split(b"\r\n")[1:] if line and b"k" in line and _is_utf8(line)]
    assert {line.decode() for line in intact} <= {",".join(row) for row in rows}


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
