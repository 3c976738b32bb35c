"""The CSV pass and the chunk reader: what they find, what they refuse, and that they agree with Python's csv reader."""

import csv
import hashlib
import io
import random
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import UnreadableFile, WrongEncoding
from chalicelib.formats import FORMATS, analyze_csv, read_rows
from chalicelib.formats.csv_file import is_row, name_headers
from chalicelib.model.outcomes import Analysis


def analyze(content: bytes | str, **options) -> Analysis:
    data = content.encode() if isinstance(content, str) else content
    return analyze_csv(io.BytesIO(data), **{"chunk_rows": 2, **options})


def rows_of(data: bytes, analysis: Analysis) -> list[tuple[int, int, list[str]]]:
    """All rows of a file through its chunks, as (row number, line, cells)."""
    found = []
    for chunk in analysis.chunks:
        rows = list(read_rows(data[chunk.byte_start : chunk.byte_end], analysis.dialect, first_line=chunk.first_line))
        assert len(rows) == chunk.rows
        found += [(number, line, cells) for number, (line, cells) in enumerate(rows, start=chunk.first_row)]
    return found


def rows_by_the_book(text: str, delimiter: str) -> list[tuple[int, list[str]]]:
    """What the csv module makes of the whole text: (line, cells), header first."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows, line = [], 1
    for cells in reader:
        if is_row(cells):
            rows.append((line, cells))
        line = reader.line_num + 1
    return rows


# What is found --------------------------------------------------------------------------------------------------------


def test_a_plain_file():
    data = b"sku,name\nA,Chair\nB,Table\nC,Lamp\n"
    analysis = analyze(data)
    assert analysis.headers == ("sku", "name")
    assert analysis.row_count == 3
    assert analysis.sample_rows == (("A", "Chair"), ("B", "Table"), ("C", "Lamp"))
    assert analysis.size_bytes == len(data)
    assert analysis.sha256 == hashlib.sha256(data).hexdigest()
    assert [(c.number, c.first_row, c.rows, c.first_line) for c in analysis.chunks] == [(0, 1, 2, 2), (1, 3, 1, 4)]
    assert [data[c.byte_start : c.byte_end] for c in analysis.chunks] == [b"A,Chair\nB,Table\n", b"C,Lamp\n"]
    assert analysis.notes == ()


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", ["", "\n"])
def test_line_ends_and_quoted_newlines(line_end, last):
    text = line_end.join(["sku,name", 'A,"two', 'lines, ""quoted"""', "B,one"]) + (line_end if last else "")
    analysis = analyze(text)
    assert rows_of(text.encode(), analysis) == [(1, 2, ["A", f'two{line_end}lines, "quoted"']), (2, 4, ["B", "one"])]


def test_a_byte_order_mark_belongs_to_nothing():
    data = b'\xef\xbb\xbf"NOME";x\nA;1\n'
    analysis = analyze(data)
    assert analysis.headers == ("NOME", "x")
    assert analysis.dialect.bom_bytes == 3
    assert rows_of(data, analysis) == [(1, 2, ["A", "1"])]


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a,b\n1,2\n", ","),
        ("a;b;c\n1,5;2,5;3,5\n", ";"),
        ("a\tb\n1,2\t3;4\n", "\t"),
        ("a|b\n1|2\n", "|"),
        ('a,b\n"x;y;z",2\n"p;q;r",3\n', ","),
        ('name;text\n"a, b, c";"d, e"\nf;g\n', ";"),
        ("Name;Price, EUR;Stock\nX;1,5;3\n", ";"),
        ("a\tb\n1\t2\t\n3\t4\t\n", "\t"),
        ("only\none\ntwo\n", ","),
        ("sep=;\na,x;b\n1;2\n", ";"),
        ("a,b,c,d\n1\n2,3,4,5,6\n7,8,9,10\n", ","),
    ],
)
def test_the_delimiter_is_found(text, delimiter):
    assert analyze(text).dialect.delimiter == delimiter


def test_the_line_excel_names_its_delimiter_in_is_no_header():
    data = b"sep=;\r\nsku;name\r\nA;x\r\n"
    analysis = analyze(data)
    assert analysis.headers == ("sku", "name")
    assert rows_of(data, analysis) == [(1, 3, ["A", "x"])]


def test_rows_of_blank_cells_are_no_rows():
    data = "\n\nsku,name\n\nA,x\n,\n \u00a0,\t\nB,y\n\n\n".encode()
    analysis = analyze(data, chunk_rows=1)
    assert analysis.row_count == 2
    assert rows_of(data, analysis) == [(1, 5, ["A", "x"]), (2, 8, ["B", "y"])]


def test_headers_are_trimmed_named_and_told_apart():
    assert name_headers(["\u00a0sku ", "", "Preis", "Preis", "preis", "Preis (2)", "\ufeffx"]) == (
        ("sku", "column_2", "Preis", "Preis (2)", "preis", "Preis (2) (2)", "x"),
        [
            "Column 2 has no header; it is called column_2.",
            'Column 4 has the same header as an earlier one; it is called "Preis (2)".',
            'Column 6 has the same header as an earlier one; it is called "Preis (2) (2)".',
        ],
    )


def test_a_header_alone_is_a_table_of_no_rows():
    analysis = analyze("Product ID,Title")
    assert (analysis.headers, analysis.row_count, analysis.chunks) == (("Product ID", "Title"), 0, ())
    assert analysis.columns[0].unique is None


def test_ragged_rows_are_noted_and_do_not_shift_their_neighbours():
    data = b"a,b,c\n1,2,3\n4\n5,6,7,8\n9,10,11,\n"
    analysis = analyze(data)
    assert analysis.notes == ("2 rows have more or fewer cells than the header; the first is row 2.",)
    assert analysis.sample_rows == (("1", "2", "3"), ("4", "", ""), ("5", "6", "7"), ("9", "10", "11"))
    assert [cells for _, _, cells in rows_of(data, analysis)][1:3] == [["4"], ["5", "6", "7", "8"]]


def test_formulas_stay_as_typed():
    assert analyze("a,b\n=2+5,@x\n").sample_rows == (("=2+5", "@x"),)


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16-le", "utf-16", "cp932"])
def test_another_encoding_on_demand(encoding):
    text = "sku,name\nA,\u00b0x\nB,y\nC,z\n" if encoding == "cp932" else "sku,name\nA,Été \u20ac\nB,y\nC,z\n"
    data = text.encode(encoding)
    analysis = analyze(data, encoding=encoding, block_bytes=10)
    assert analysis.row_count == 3
    assert [cells for _, _, cells in rows_of(data, analysis)] == [row for _, row in rows_by_the_book(text, ",")][1:]


@pytest.mark.parametrize("block_bytes", [3, 11, 100_000])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_lines_before_the_header_are_skipped_as_they_stand(line_end, block_bytes):
    text = line_end.join(["sep=,", 'Prices, "as of', "", "sku;name", "A;x", "B;y"])
    data = b"\xef\xbb\xbf" + text.encode()
    analysis = analyze(data, skip_header_rows=3, block_bytes=block_bytes, delimiter=";")
    assert analysis.headers == ("sku", "name")
    assert rows_of(data, analysis) == [(1, 5, ["A", "x"]), (2, 6, ["B", "y"])]


def test_the_delimiter_is_that_of_the_lines_after_the_skipped_ones():
    assert analyze("a,b,c,d\nsku;name\nA;x\n", skip_header_rows=1).dialect.delimiter == ";"


def test_a_canonical_file_has_its_sources_lines_and_is_filled_up():
    data = b'"a","","sep=;","line"\r\n"1","3"\r\n"2","x,""\r\n","y","5"\r\n"4","","","9"\r\n'
    analysis = analyze(data, canonical=True)
    assert analysis.dialect.filled_to == 3
    assert analysis.headers == ("a", "column_2", "sep=;")
    assert rows_of(data, analysis) == [(1, 3, ["1", "", ""]), (2, 5, ["2", 'x,"\r\n', "y"]), (3, 9, ["4", "", ""])]
    assert analysis.sample_rows == (("1", "", ""), ("2", 'x,"\r\n', "y"), ("4", "", ""))
    assert analysis.columns[1].blank_rows == 2
    assert analysis.notes == ("Column 2 has no header; it is called column_2.",)


# Evidence -------------------------------------------------------------------------------------------------------------


def test_uniqueness_looks_at_every_row():
    rows = 30_000
    text = "id,same,late,gap,pad\n" + "".join(
        f"{n},x,{0 if n == rows - 1 else n},{'' if n == 17_000 else n},{n} \n" for n in range(rows)
    )
    by_header = {column.header: column for column in analyze(text, chunk_rows=5_000).columns}
    assert {name: column.unique for name, column in by_header.items()} == {
        "id": True,
        "same": False,
        "late": False,
        "gap": False,
        "pad": True,
    }
    assert by_header["gap"].blank_rows == 1
    assert {column.sampled for column in by_header.values()} <= set(range(100, 201))


def test_values_that_differ_by_blanks_are_the_same():
    assert analyze("id\nA\nA \n").columns[0].unique is False


def test_uniqueness_is_left_open_beyond_its_limit():
    text = "id,twice\n" + "".join(f"{n},{n % 2}\n" for n in range(200))
    assert [c.unique for c in analyze(text, uniqueness_rows=100, block_bytes=50).columns] == [None, False]


def test_types_seen():
    text = 'p,d,t\n"1.234,56",31/12/2026,a|b\n"1.000,00",01/02/2026,c\n,,\n"0,15",free,\n'
    price, date, tags = analyze(text).columns
    assert (price.sampled, price.filled, price.blank_rows) == (3, 3, 0)
    assert price.fits["price"] == price.fits["number"] == 1.0
    assert (date.fits["datetime"], date.fits["string"]) == (pytest.approx(0.6667), 1.0)
    assert (tags.filled, tags.blank_rows, tags.fits["array"]) == (2, 1, 0.5)


def test_examples_tell_how_numbers_are_written():
    text = "p\n" + "1.000\n" * 3 + "2.000\n3.000\n4.000\n5.000\n6.000\n" + '"7,50"\n'
    assert "7,50" in analyze(text, delimiter=",").columns[0].examples


# What is refused ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (b"", {}, "empty"),
        (b"\n\n", {}, "blank lines"),
        (b" \n,,\n", {"delimiter": ","}, "blank lines"),
        (b"\xef\xbb\xbf", {}, "blank lines"),
        (b"GIF89a\x01\x00\x01\x00\x80\x00\x00", {}, "GIF image"),
        (b"PK\x03\x04\x14\x00" + b"\x00" * 20 + b"[Content_Types].xml", {}, "XLSX workbook"),
        (b'[{"sku": "A"}]', {}, "JSON file"),
        (b"<?xml version='1.0'?><a/>", {}, "XML file"),
        (bytes(range(32)) * 4, {}, "binary data"),
        (b"sk\x00u,name\nA,x\n", {}, "header holds a NUL"),
        (b"a,b,c\n1,2,3\n", {"max_columns": 2}, "3 columns; 2 are the limit"),
        (b"a,b\n1,2\n3,4\n5,6\n", {"max_rows": 2}, "more than 2 rows"),
        (b'a,b\n1,"' + b"x" * 300 + b'"\n', {"max_cell_bytes": 200}, "longer than 200 bytes"),
        ("a,b\n1,2\n1,{}\n".format("\u20ac" * 80).encode(), {"max_cell_bytes": 200}, "longer than 200 bytes"),
        (b"a,b\n1,2\n", {"encoding": "klingon"}, "no encoding"),
        (b"a,b\n1,2\n", {"encoding": "utf\0-8"}, "no encoding"),
        (b"a,b\n1,2\n", {"encoding": "base64"}, "no encoding"),
        (b"a,b\n1,2\n", {"encoding": "unicode_escape"}, "no encoding"),
        (b"a,b\n1,2\n", {"encoding": "iso-2022-jp"}, "cannot be read in parts"),
        (b"a,b\n1,2\n", {"skip_header_rows": 5}, "no header after the 5 lines"),
        (b"PK\x03\x04\x14\x00mimetypeapplication/vnd.oasis.opendocument.spreadsheet", {}, "an OpenDocument file"),
        (b"PK\x03\x04\x14\x00 readme.txt", {}, "a ZIP archive, not a CSV file"),
        (b"PK\x03\x04\x14\x00 readme.txt", {"file_name": "x.xlsx"}, "an XLSX workbook, not a CSV file"),
        ('[{"sku": "A"}]'.encode("utf-16"), {}, "JSON file"),
    ],
)
def test_refusals_say_what_is_wrong(content, options, message):
    with pytest.raises(UnreadableFile, match=message):
        analyze(content, **options)


@pytest.mark.parametrize("block_bytes", [5, 64, 100_000])
@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('a,b\n1,2\n3,"open\n4,5\n6,7\n', 3),
        ('a,b\n"x\ny","open\n4,5\n', 3),
        ('a,b\n1,"', 2),
        ('"a,b\n1,2\n', 1),
        ('a,b\r\n\r\n1,"it\'s ""fine"""\r\n2,"open\r\n', 4),
    ],
)
def test_an_open_quote_is_named_by_its_line(text, line, block_bytes):
    with pytest.raises(UnreadableFile, match=f"quote opened on line {line} is never closed") as refusal:
        analyze(text, block_bytes=block_bytes)
    assert refusal.value.line == line


def test_a_long_record_of_many_lines_is_read_whole():
    cell = "line\n" * 2_000
    data = f'a,b\n1,"{cell}"\n2,"{cell}"\n'.encode()
    analysis = analyze(data, block_bytes=100)
    assert [cells for _, _, cells in rows_of(data, analysis)] == [["1", cell], ["2", cell]]


def test_an_open_quote_is_not_followed_for_ever():
    class Counting(io.BytesIO):
        taken = 0

        def read(self, size=-1):
            data = super().read(size)
            self.taken += len(data)
            return data

    stream = Counting(b'a,b\n1,2\n3,"open\n' + b"4,5\n" * 100_000)
    with pytest.raises(UnreadableFile, match="row at line 3 goes on for more than"):
        analyze_csv(stream, chunk_rows=10, max_cell_bytes=1_000, block_bytes=500)
    assert stream.taken < 200_000


def test_a_stray_quote_is_text():
    data = b'a,b\n5" pipe,x\n6,y "z"\n'
    assert [cells for _, _, cells in rows_of(data, analyze(data))] == [['5" pipe', "x"], ["6", 'y "z"']]


def test_a_nul_in_a_cell_is_left_to_its_row():
    assert analyze(b"a,b\nx\x00,1\ny,2\n").row_count == 2


@pytest.mark.parametrize("block_bytes", [16, 100_000])
@pytest.mark.parametrize(
    ("data", "byte_offset", "line"),
    [
        ("sku,name\nA,plain\nB,\u201cÉté\u201d \u2013 3\u20ac\n".encode("cp1252"), 19, 3),
        ("Artikel;Größe\n1;groß\n".encode("cp1252"), 10, 1),
        ("kod;nazwa\n1;Krzesło ogrodowe żółte\n".encode("cp1250"), 17, 2),
        ("商品コード,商品名,価格\n1001,椅子 木製,1200\n".encode("cp932"), 0, 1),
        ("sku,name\nA,Été\n".encode("utf-16"), 0, 1),
        ("sku,name\nA,x\n".encode("utf-16-le"), 1, 1),
        ("sku,name\nA,x\n".encode("utf-16-be"), 0, 1),
        ("sku,name\nA,x\n".encode("utf-32"), 0, 1),
        (b"sku,name\n" + b"A,x\n" * 100_000 + b"B,\xe9\n", 400_011, 100_002),
    ],
)
def test_what_is_not_utf8_is_named_with_its_first_byte(data, byte_offset, line, block_bytes):
    with pytest.raises(WrongEncoding) as refusal:
        analyze(data, block_bytes=block_bytes)
    assert (refusal.value.byte_offset, refusal.value.line) == (byte_offset, line)
    assert "CSV UTF-8" in str(refusal.value)


def test_damaged_utf8_is_not_taken_for_another_encoding():
    with pytest.raises(WrongEncoding, match="byte 11, on line 2,") as refusal:
        analyze(b"sku,n\xc3\xa9\nA,x\xc3,\xc3\xa9\n")
    assert refusal.value.likely is None


def test_the_process_wide_limit_on_cells_is_left_as_it_was():
    before = csv.field_size_limit()
    data = ("a,b\n1," + "x" * 300_000 + "\n2,y\n").encode()
    analysis = analyze(data)
    reading = read_rows(data[analysis.chunks[0].byte_start :], analysis.dialect)
    next(reading)
    list(read_rows(data[analysis.chunks[0].byte_start :], analysis.dialect))
    assert next(reading) == (2, ["2", "y"])
    reading.close()
    assert csv.field_size_limit() == before


def test_readers_in_threads_do_not_lower_the_limit_for_each_other():
    data = ("a,b\n" + ("1," + "x" * 200_000 + "\n") * 5).encode()
    analysis = analyze(data, chunk_rows=5)
    counts: list[int] = []
    threads = [threading.Thread(target=lambda: counts.append(len(rows_of(data, analysis)))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [5] * 8


# Properties -----------------------------------------------------------------------------------------------------------

cells = st.text(st.sampled_from(list('ab,;\t"\n\r \u00a0é\U0001f600')), max_size=8)


@given(
    rows=st.lists(st.lists(cells, max_size=4), max_size=12),
    delimiter=st.sampled_from([",", ";", "\t"]),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    chunk_rows=st.integers(1, 5),
    block_bytes=st.integers(1, 60),
)
def test_written_rows_are_read_back(rows, delimiter, line_end, chunk_rows, block_bytes):
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator=line_end, quoting=csv.QUOTE_ALL)
    writer.writerows([["head", "er"], *rows])
    data = buffer.getvalue().encode()
    analysis = analyze(data, delimiter=delimiter, chunk_rows=chunk_rows, block_bytes=block_bytes)
    assert [found for _, _, found in rows_of(data, analysis)] == [row for row in rows if is_row(row)]


def ends_within_quotes(text: str) -> bool:
    """Whether a line after the text still belongs to its last cell."""
    *_, last = csv.reader(io.StringIO(text + "\nx,y", newline=""))
    return last != ["x", "y"]


@given(
    text=st.text(st.sampled_from(list('ab,"\n\r é\U0001f600')), max_size=80),
    chunk_rows=st.integers(1, 4),
    block_bytes=st.integers(1, 50),
)
def test_any_text_is_read_as_the_csv_module_reads_it_or_refused_for_an_open_quote(text, chunk_rows, block_bytes):
    text = "head,er\n" + text
    data = text.encode()
    expected = rows_by_the_book(text, ",")[1:]
    if ends_within_quotes(text):
        with pytest.raises(UnreadableFile, match="never closed"):
            analyze(data, delimiter=",", chunk_rows=chunk_rows, block_bytes=block_bytes)
        return
    analysis = analyze(data, delimiter=",", chunk_rows=chunk_rows, block_bytes=block_bytes)
    assert rows_of(data, analysis) == [(n, line, row) for n, (line, row) in enumerate(expected, start=1)]
    assert analysis.row_count == len(expected)
    assert all(chunk.rows == chunk_rows for chunk in analysis.chunks[:-1])


@given(values=st.lists(st.integers(0, 10_000), min_size=1, max_size=300), block_bytes=st.integers(4, 200))
def test_unique_means_unique(values, block_bytes):
    text = "id\n" + "".join(f"{value}\n" for value in values)
    assert analyze(text, block_bytes=block_bytes).columns[0].unique is (len(set(values)) == len(values))


def test_a_larger_file_in_many_blocks():
    rnd = random.Random(5)
    rows = [[str(n), "é" * rnd.randint(0, 60), 'a "quoted"\r\nbreak' if n % 7 == 0 else "x"] for n in range(3_000)]
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows([["id", "b", "c"], *rows])
    data = buffer.getvalue().encode()
    analysis = FORMATS["csv"].analyze(io.BytesIO(data), chunk_rows=700, file_name="x.csv")
    assert [cells for _, _, cells in rows_of(data, analysis)] == rows
    assert [chunk.rows for chunk in analysis.chunks] == [700, 700, 700, 700, 200]
