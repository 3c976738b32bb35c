"""CSV that goes out: no cell is a formula, and what our reader makes of it is what went in."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import UnreadableFile
from chalicelib.formats import analyze_csv, read_rows
from chalicelib.formats.csv_writer import REPORT_COLUMNS, csv_pieces, report_position
from chalicelib.formats.formulas import escape, escape_texts, unescape

DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
FORMULAS = (
    "=cmd|' /C calc'!A0",
    "@SUM(A1)",
    "-1+1",
    "+49 30 1234",
    "\t=1",
    "\r=1",
    "\n=1",
    "'=1",
    "''=1",
    " =1",
    '"=1',
    "\u200b=1",
    "\uff1d1",
    "-5",
    "=",
)
HARMLESS = ("", "Chair", "'Chair", "a=b", "5-4", "'", "''", '"', " x", "129.99 EUR")

cells = st.one_of(
    st.sampled_from(FORMULAS + HARMLESS),
    st.text(alphabet="'=+-@\t\r\n\" a,;0\ufeff\u200b\uff1d", max_size=6),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20),
)
"""Without control characters: a file full of them is taken for a binary one."""


@pytest.mark.parametrize("cell", FORMULAS)
def test_a_formula_gets_one_apostrophe(cell):
    assert escape(cell) == f"'{cell}"
    assert unescape(escape(cell)) == cell


@pytest.mark.parametrize("cell", HARMLESS)
def test_any_other_cell_stays(cell):
    assert escape(cell) == unescape(cell) == cell


@given(cells)
def test_unescaping_undoes_escaping(cell):
    assert unescape(escape(cell)) == cell
    assert not escape(cell).startswith(DANGEROUS)


@pytest.mark.parametrize("cell", ["-5", "-0.50", "-129.99 EUR"])
def test_a_negative_number_is_no_formula_where_numbers_are_wanted(cell):
    assert escape_texts(cell) == cell


@pytest.mark.parametrize("cell", ["-5+1", "-A1", "+5", "=5", "-5 EUR+1", "-5\n"])
def test_anything_more_is_one(cell):
    assert escape_texts(cell) == f"'{cell}"


def test_the_file_is_for_spreadsheets():
    written = b"".join(csv_pieces(["Größe", "b"], [["a,b", 'say "x"'], ["two\nlines", "=1"]]))
    assert written.decode() == '\ufeffGröße,b\r\n"a,b","say ""x"""\r\n"two\nlines",\'=1\r\n'


def test_a_header_is_escaped_too():
    assert b"".join(csv_pieces(["=1", "b"], [])).decode("utf-8-sig") == "'=1,b\r\n"


def test_a_long_file_comes_in_pieces():
    asked = 0

    def rows():
        nonlocal asked
        for number in range(1_000):
            asked = number
            yield [str(number), "x" * 100]

    pieces = csv_pieces(["a", "b"], rows(), piece_characters=10_000)
    first = next(pieces)
    assert 10_000 <= len(first) < 10_200 and asked < 100
    found = list(csv.reader(io.StringIO(b"".join([first, *pieces]).decode("utf-8-sig"))))
    assert [row[0] for row in found[1:]] == [str(number) for number in range(1_000)]


@pytest.mark.parametrize(
    ("header", "at"),
    [
        (["a", *REPORT_COLUMNS], 1),
        ([*REPORT_COLUMNS], 0),
        (["error", "row_number", "line", "job_id", "a", *REPORT_COLUMNS], 5),
        (["a", *REPORT_COLUMNS, "note"], 1),
        (["a", " error ", "row_number", "line", "job_id "], 1),
        (["a", "error", "row_number", "line"], None),
        (["a", "error", "line", "row_number", "job_id"], None),
        ([], None),
    ],
)
def test_a_report_is_known_by_its_columns(header, at):
    assert report_position(header) == at


def read_back(data: bytes) -> tuple[tuple[str, ...], list[list[str]]]:
    analysis = analyze_csv(io.BytesIO(data), chunk_rows=3)
    rows = []
    for chunk in analysis.chunks:
        rows += [cells for _, cells in read_rows(data[chunk.byte_start : chunk.byte_end], analysis.dialect)]
    return tuple(analysis.headers), rows


OURS = ("wrong", "1", "2", "3")


@given(st.lists(st.lists(cells, min_size=3, max_size=3), max_size=12))
def test_a_report_is_read_back_cell_for_cell(rows):
    # A mark before a line, from files put together, belongs to no cell.
    rows = [[first.lstrip("\ufeff"), *others] for first, *others in rows]
    written = b"".join(csv_pieces(["=a", "b", "-c", *REPORT_COLUMNS], [[*row, *OURS] for row in rows]))
    headers, found = read_back(written)
    assert headers == ("=a", "b", "-c", *REPORT_COLUMNS)
    assert found == [[*row, *OURS] for row in rows]
    for record in csv.reader(io.StringIO(written.decode("utf-8-sig"), newline="")):
        assert not any(cell.startswith(DANGEROUS) for cell in record)


def test_the_sample_and_the_evidence_of_a_report_are_the_original_cells():
    written = b"".join(csv_pieces(["price", *REPORT_COLUMNS], [["-5,50", *OURS], ["'=x", *OURS]]))
    analysis = analyze_csv(io.BytesIO(written), chunk_rows=10)
    assert [row[0] for row in analysis.sample_rows] == ["-5,50", "'=x"]
    assert analysis.columns[0].examples == ("-5,50", "'=x")
    assert analysis.dialect.report_at == 1


def test_every_other_file_keeps_its_apostrophes():
    headers, rows = read_back(b"'=a,error,row_number,line\n'=1,x,1,2\n")
    assert headers == ("'=a", "error", "row_number", "line")
    assert rows == [["'=1", "x", "1", "2"]]


def test_a_report_of_the_widest_file_is_not_too_wide():
    header = [f"c{number}" for number in range(1_000)]
    headers, _ = read_back(b"".join(csv_pieces([*header, *REPORT_COLUMNS], [["x"] * 1_000 + list(OURS)])))
    assert len(headers) == 1_004
    with pytest.raises(UnreadableFile, match="1,001 columns"):
        read_back(b"".join(csv_pieces([*header, "one more"], [])))
