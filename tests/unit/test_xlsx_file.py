"""A workbook becomes rows: which sheet is read, how its cells become text, and what is refused."""

import io
import zipfile
from contextlib import suppress
from datetime import date, datetime, time, timedelta

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import UnreadableFile
from chalicelib.formats import FileLimits
from chalicelib.formats.sheet_values import show_number, shows
from chalicelib.formats.xlsx_file import rewrite_xlsx
from tests.rewriting import Rewritten, archive, book, rewritten, sheet

pytestmark = pytest.mark.unit


def read(content: bytes, limits: FileLimits | None = None, **reading) -> Rewritten:
    return rewritten(rewrite_xlsx, content, limits, **reading)


def rows_of(*rows: str) -> str:
    return sheet("".join(f'<row r="{number}">{cells}</row>' for number, cells in enumerate(rows, start=1)))


def text(reference: str, content: str) -> str:
    return f'<c r="{reference}" t="inlineStr"><is><t>{content}</t></is></c>'


HEADER = text("A1", "sku") + text("B1", "value")


def value_of(cell: str, **parts) -> str:
    """What a cell becomes, given as its XML without its reference."""
    row = text("A2", "A") + cell.replace("<c", '<c r="B2"', 1)
    [found] = read(book(rows_of(HEADER, row), **parts)).rows
    return found[1]


# Cells ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("5410000000293", "5410000000293"),
        ("5410000000293.0", "5410000000293"),
        ("5.410000000293E+12", "5410000000293"),
        ("5.410000000293E12", "5410000000293"),
        ("123456789012345678", "123456789012345678"),
        ("91.90000000000001", "91.9"),
        ("91.899999999999991", "91.9"),
        ("0.1", "0.1"),
        ("129.90", "129.9"),
        ("1.0000000000000001E-5", "0.00001"),
        ("1E+21", "1000000000000000000000"),
        ("-0", "0"),
        ("-0.0", "0"),
        ("-3.5", "-3.5"),
        ("0.30000000000000004", "0.3"),
        ("1234567.891", "1234567.891"),
        ("1E+300", "1E+300"),
        ("NaN", "NaN"),
        ("x", "x"),
    ],
)
def test_numbers_are_shown_as_a_spreadsheet_shows_them(stored, shown):
    assert value_of(f"<c><v>{stored}</v></c>") == shown
    assert value_of(f'<c t="n"><v>{stored}</v></c>') == shown


@given(st.integers(-(10**18), 10**18))
def test_whole_numbers_keep_all_their_digits(number):
    assert show_number(str(number)) == str(number)


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=4))
def test_what_a_person_typed_comes_back(number):
    assert float(show_number(repr(float(number)))) == float(number)


@pytest.mark.parametrize(
    ("format_id", "code", "stored", "shown"),
    [
        (14, None, "46161", "2026-05-19"),
        (22, None, "46161.416666666664", "2026-05-19T10:00:00"),
        (20, None, "0.4375", "10:30:00"),
        (46, None, "1.5", "36:00:00"),
        (0, None, "46161", "46161"),
        (2, None, "1.5", "1.5"),
        (164, "dd/mm/yyyy", "46161", "2026-05-19"),
        (164, "[$-409]d\\-mmm\\-yy;@", "46161", "2026-05-19"),
        (164, "yyyy\\-mm\\-dd hh:mm", "46161.5", "2026-05-19T12:00:00"),
        (164, "mmm", "46161", "2026-05-19"),
        (164, "h:mm AM/PM", "0.75", "18:00:00"),
        (164, "h:mm", "46161.75", "18:00:00"),
        (164, "[h]:mm:ss", "1.0423611111111112", "25:01:00"),
        (164, "[mm]:ss", "0.0423611111111112", "01:01:00"),
        (164, "dd/mm/yyyy", "1", "1900-01-01"),
        (164, "dd/mm/yyyy", "59", "1900-02-28"),
        (164, "dd/mm/yyyy", "61", "1900-03-01"),
        (164, "dd/mm/yyyy", "0.5", "12:00:00"),
        (164, "dd/mm/yyyy", "2958465.9999999", "2958465.9999999"),
        (164, "dd/mm/yyyy", "2958465", "9999-12-31"),
        (164, "dd/mm/yyyy", "-1", "-1"),
        (164, "dd/mm/yyyy", "3000000", "3000000"),
        (164, "dd/mm/yyyy", "soon", "soon"),
        (164, "0000000000000", "123456789012", "0123456789012"),
        (164, "00000", "1.5", "1.5"),
        (164, '#,##0.00 "days"', "5", "5"),
        (164, "#,##0\\ [$€-1]", "5", "5"),
        (164, "[Red]0.00", "5", "5"),
        (164, "0.00E+00", "5", "5"),
        (164, "General", "5", "5"),
        (164, "Standard", "5", "5"),
        (164, '0" h"', "5", "5"),
        (164, '0.00;[Red]\\-0.00 "y"', "5", "5"),
    ],
)
def test_dates_and_times_are_told_by_their_format(format_id, code, stored, shown):
    assert shows(format_id, code, since_1904=False)(stored) == shown


def test_days_may_be_counted_from_1904():
    assert shows(14, None, since_1904=True)("44699") == "2026-05-19"
    assert shows(14, None, since_1904=True)("0") == "1904-01-01"


def test_a_cell_names_its_style():
    styles = (
        '<numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy"/></numFmts>'
        '<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>'
        '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/></cellXfs>'
        '<dxfs><dxf><numFmt numFmtId="164" formatCode="0"/></dxf></dxfs>'
    )
    shown = [value_of(f'<c s="{style}"><v>46161</v></c>', styles=styles) for style in (0, 1, 2, 9)]
    assert shown == ["46161", "2026-05-19", "2026-05-19", "46161"]
    since_1904 = '<workbookPr date1904="1"/>'
    assert value_of('<c s="1"><v>44699</v></c>', styles=styles, properties=since_1904) == "2026-05-19"


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ('<c t="s"><v>0</v></c>', "first"),
        ('<c t="s"><v>1</v></c>', " a & b\n<c> "),
        ('<c t="s"><v>2</v></c>', ""),
        ('<c t="b"><v>1</v></c>', "true"),
        ('<c t="b"><v>0</v></c>', "false"),
        ('<c t="str"><f>A1&amp;"x"</f><v>sku &amp; x_x000A_</v></c>', "sku & x\n"),
        ('<c t="inlineStr"><is><t xml:space="preserve"> x </t></is></c>', " x "),
        ('<c t="inlineStr"><is><r><t>two </t></r><r><rPr><b/></rPr><t>runs</t></r></is></c>', "two runs"),
        ('<c t="d"><v>2026-05-19T10:00:00</v></c>', "2026-05-19T10:00:00"),
        ('<c t="e"><v>#N/A</v></c>', "#N/A"),
        ("<c><f>1+1</f><v>2</v></c>", "2"),
        ("<c/>", ""),
        ('<c t="s"/>', ""),
        ("<c><v/></c>", ""),
    ],
)
@pytest.mark.parametrize("is_usual", [True, False])
def test_the_kinds_of_cells(cell, shown, is_usual):
    texts = '<si><t>first</t></si><si><t xml:space="preserve"> a &amp; b_x000A_&lt;c&#62; </t></si><si><t/></si>'
    # A comment is no usual way of writing texts.
    assert value_of(cell, texts=texts if is_usual else f"{texts}<!-- x -->") == shown


def test_reading_aids_are_no_text():
    texts = '<si><t>東京</t><rPh sb="0" eb="2"><t>トウキョウ</t></rPh></si>'
    assert value_of('<c t="s"><v>0</v></c>', texts=texts) == "東京"


def test_errors_and_formulas_without_values_are_noted():
    rows = rows_of(
        HEADER, text("A2", "A") + '<c r="B2" t="e"><v>#DIV/0!</v></c>', text("A3", "B") + '<c r="B3"><f>1</f></c>'
    )
    found = read(book(rows))
    assert found.rows == [["A", "#DIV/0!"], ["B", ""]]
    assert [note.partition(": ")[2] for note in found.notes] == ["1, the first is B2.", "1, the first is B3."]
    assert "#N/A" in found.notes[0] and "save it to have them calculated" in found.notes[1]


cells = st.sampled_from(
    [
        "<v>1</v>",
        "<v>2.50</v>",
        "<v/>",
        "",
        "<f>x</f>",
        "<f>x</f><v>3</v>",
        "<is><t>a &amp; b</t></is>",
        "<v>a&#65;</v>",
    ]
)
kinds = st.sampled_from(["", ' t="s"', ' t="str"', ' t="inlineStr"', ' t="b"', ' t="n"', ' t="e"'])


@given(st.lists(st.lists(st.tuples(kinds, st.sampled_from(["", ' s="1"']), cells), max_size=4), min_size=1, max_size=5))
def test_both_ways_of_reading_agree(rows):
    written = []
    for number, row in enumerate(rows, start=2):
        made = "".join(
            f'<c r="{letter}{number}"{style}{kind}>{content}</c>'
            for letter, (kind, style, content) in zip("ABCD", row, strict=False)
        )
        written.append(f'<row r="{number}">{made}</row>')
    xml = f'<row r="1">{text("A1", "a")}</row>' + "".join(written)
    texts = "".join(f"<si><t>text {number}</t></si>" for number in range(3))
    styles = '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>'
    usual, other = (book(sheet(xml, before=before), texts=texts, styles=styles) for before in ("", "<!-- other -->"))
    found = []
    for content in (usual, other):
        try:
            made = read(content)
            found.append((made.headers, made.rows, made.lines, made.notes))
        except UnreadableFile as refusal:
            found.append(str(refusal))
    assert found[0] == found[1]


def test_a_workbook_another_program_wrote():
    made = openpyxl.Workbook()
    first = made.active
    first.append(["sku", "ean", "price", "active", "since", "at", "time", "duration", "text"])
    first.append(
        [
            *("A", 5410000000293, 91.9, True, date(2026, 5, 19), datetime(2026, 5, 19, 10)),  # noqa: DTZ001
            *(time(10, 30), timedelta(hours=36), "Été & <b>\n"),
        ]
    )
    first.append(["B", None, 0.1 + 0.2, False])
    first["B3"].number_format = "0000000000000"
    first["B3"] = 12345678905
    packed = io.BytesIO()
    made.save(packed)
    assert read(packed.getvalue()).rows == [
        [
            *("A", "5410000000293", "91.9", "true", "2026-05-19", "2026-05-19T10:00:00"),
            *("10:30:00", "36:00:00", "Été & <b>\n"),
        ],
        ["B", "0012345678905", "0.3", "false", *[""] * 5],
    ]


# Rows and columns -----------------------------------------------------------------------------------------------------


def test_blank_rows_and_columns_are_none():
    xml = sheet(
        f'<row r="3">{text("B3", "sku")}{text("D3", "name")}<c r="E3" s="1"/></row><row r="4"><c r="B4" s="1"/></row>'
        f'<row r="5"/><row r="7" spans="1:5">{text("B7", "A")}{text("D7", "x")}<c r="ZZ7" s="3"/></row><row r="900"/>',
        before='<dimension ref="A1:AA1000"/>',
    )
    found = read(book(xml))
    assert (found.headers, found.rows, found.lines) == (["sku", "name"], [["A", "x"]], [7])


def test_values_without_a_header_get_a_column():
    found = read(book(rows_of(HEADER, text("A2", "A") + text("D2", "x"), text("A3", "B") + text("B3", "y"))))
    assert found.headers == ["sku", "value", "column_4"]
    assert found.rows == [["A", "", "x"], ["B", "y", ""]]
    assert found.notes == ["Column 4 has no header; it is called column_4."]


def test_headers_may_be_numbers_and_may_repeat():
    header = '<c r="A1"><v>2026</v></c>' + text("B1", "price") + text("C1", "price") + '<c r="D1" t="b"><v>1</v></c>'
    found = read(book(rows_of(header, text("A2", "A") + text("C2", "x"))))
    assert found.headers == ["2026", "price", "price (2)", "true"]
    assert found.rows == [["A", "", "x", ""]]


def test_rows_before_the_header_are_skipped_by_their_number():
    xml = rows_of(text("A1", "Prices of May"), "", HEADER.replace("1", "3"), text("A4", "A"))
    assert read(book(xml), skip_header_rows=1).records == [{"sku": "A"}]
    assert read(book(xml), skip_header_rows=2).headers == ["sku", "value"]
    assert read(book(xml)).headers == ["Prices of May", "column_2"]


def test_references_may_be_left_out():
    xml = sheet("<row><c><v>1</v></c><c><v>2</v></c></row><row><c><v>3</v></c><c><v>4</v></c></row>")
    found = read(book(xml))
    assert (found.headers, found.rows, found.lines) == (["1", "2"], [["3", "4"]], [2])


def test_names_may_have_a_prefix():
    xml = sheet(f'<row r="1">{HEADER}</row><row r="2">{text("A2", "A")}</row>')
    prefixed = xml.replace("</", "@@").replace("<", "<x:").replace("@@", "</x:").replace("xmlns=", "xmlns:x=")
    assert read(book(prefixed)).records == [{"sku": "A"}]


def test_a_report_of_bad_rows_saved_as_a_workbook_is_still_one():
    header = "".join(
        text(f"{letter}1", name)
        for letter, name in zip("ABCDE", ["name", "error", "row_number", "line", "job_id"], strict=True)
    )
    found = read(book(rows_of(header, text("A2", "'=1+1") + text("B2", "x"))))
    assert found.analysis.dialect.report_at == 1
    assert found.rows == [["=1+1", "x", "", "", ""]]


# Merged ranges --------------------------------------------------------------------------------------------------------


def merged(*references: str) -> str:
    return f"<mergeCells>{''.join(f'<mergeCell ref={chr(34)}{each}{chr(34)}/>' for each in references)}</mergeCells>"


BRANDS = (
    f'<row r="1">{text("A1", "brand")}{text("B1", "sku")}{text("C1", "note")}</row>'
    f'<row r="2">{text("A2", "Acme")}{text("B2", "1")}</row><row r="3"><c r="A3" s="1"/>{text("B3", "2")}</row>'
    f'<row r="4"><c r="A4"/>{text("B4", "3")}</row><row r="5">{text("B5", "4")}</row>'
)


@pytest.mark.parametrize("before", ["", "<!-- read by the other parser -->"])
@pytest.mark.parametrize(
    ("references", "brands", "notes"),
    [
        ([], ["Acme", "", "", ""], ["", "", "", ""]),
        (["A2:A4"], ["Acme", "Acme", "Acme", ""], ["", "", "", ""]),
        (["$A$2:$A$4"], ["Acme", "Acme", "Acme", ""], ["", "", "", ""]),
        (["A2:C2"], ["Acme", "", "", ""], ["", "", "", ""]),
        (["A1:A3"], ["Acme", "", "", ""], ["", "", "", ""]),
        (["A2:A1048576"], ["Acme"] * 4, ["", "", "", ""]),
        (["B2:C3"], ["Acme", "", "", ""], ["1", "1", "", ""]),
        (["A2:A3", "nonsense", "A3"], ["Acme", "Acme", "", ""], ["", "", "", ""]),
    ],
)
def test_merged_ranges_give_their_value_to_the_rows_they_cover(references, brands, notes, before):
    found = read(book(sheet(BRANDS, after=merged(*references), before=before)))
    assert [row[0] for row in found.rows] == brands
    assert [row[2] for row in found.rows] == notes


def test_a_row_of_merged_cells_alone_is_no_row():
    xml = sheet(f'<row r="1">{text("A1", "a")}</row><row r="2">{text("A2", "x")}</row><row r="3"><c r="A3"/></row>')
    assert read(book(xml.replace("</worksheet>", merged("A2:A3") + "</worksheet>"))).rows == [["x"]]


# Sheets ---------------------------------------------------------------------------------------------------------------

COVER = rows_of(text("A1", "Welcome"))
PRODUCTS = rows_of(HEADER, text("A2", "A"))
OTHERS = rows_of(HEADER, text("A2", "B"))
NAMES = ["Cover", "Empty", "Old", "Products", "Others"]
BOOK = book(COVER, sheet(""), OTHERS, PRODUCTS, OTHERS, names=NAMES, hidden=[3])


def test_the_first_visible_sheet_with_rows_is_read():
    found = read(BOOK)
    assert found.records == [{"sku": "A"}]
    assert found.notes == [
        'The sheet "Products" was read. The workbook also has "Cover", "Empty", "Old" (hidden), "Others".'
    ]


@pytest.mark.parametrize("wanted", ["Others", "others ", "5", "Old", "3"])
def test_a_sheet_is_named_or_numbered(wanted):
    assert read(BOOK, sheet=wanted).records == [{"sku": "B"}]


def test_a_sheet_whose_name_is_a_number_is_meant_by_it():
    assert read(book(PRODUCTS, OTHERS, names=["2", "1"]), sheet="1").records == [{"sku": "B"}]


@pytest.mark.parametrize("wanted", ["Nothing", "0", "6", "99999999999"])
def test_an_unknown_sheet_is_refused_with_those_there_are(wanted):
    with pytest.raises(UnreadableFile, match=f'no sheet "{wanted}". It has "Cover", "Empty", "Old" .hidden.'):
        read(BOOK, sheet=wanted)


def test_a_header_alone_is_a_table_of_no_rows():
    assert (read(book(sheet(""), rows_of(HEADER))).headers, read(book(rows_of(HEADER))).rows) == (["sku", "value"], [])


# What is refused ------------------------------------------------------------------------------------------------------

PLAIN = book(PRODUCTS)


def damaged(at: int, content: bytes = PLAIN) -> bytes:
    return content[:at] + bytes([content[at] ^ 0x55]) + content[at + 1 :]


def encrypted() -> bytes:
    content = bytearray(PLAIN)
    at = content.index(b"PK\x01\x02")
    content[at + 8] |= 1
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04", "cut off"),
        (PLAIN[:-30], "cut off"),
        (PLAIN[: len(PLAIN) // 2], "cut off"),
        (damaged(60), "damaged"),
        (encrypted(), "encrypted"),
        (archive({"a.csv": "x"}), "a ZIP archive"),
        (archive({"[Content_Types].xml": "<Types/>", "word/document.xml": "<w/>"}), "a Word document"),
        (archive({"[Content_Types].xml": "<Types/>", "xl/workbook.bin": b"x"}), "a binary workbook"),
        (archive({"content.xml": "<x/>"}), "an OpenDocument file"),
        (book(PRODUCTS, without=["xl/workbook.xml"]), "xl/workbook.xml is missing"),
        (book(PRODUCTS, without=["xl/worksheets/sheet1.xml"]), "sheet1.xml is missing"),
        (book(PRODUCTS, without=["xl/_rels/workbook.xml.rels"]), "no worksheet"),
        (book(PRODUCTS, without=["_rels/.rels"], extra={"a.zip": b"PK"}), "another archive"),
        (book(), "no worksheet"),
        (book(sheet("")), "not even a header"),
        (book("<worksheet><sheetData>"), "sheet1.xml is no XML"),
        (book("<worksheet><sheetData><row r='1'><c></row>"), "sheet1.xml is no XML"),
        (book(sheet('<row r="1"><c r="A1" t="s"><v>5</v></c></row>')), "the text of cell A1 is missing"),
        (
            book(sheet('<row r="1"><c r="A1" t="s"><v>-1</v></c></row>'), texts="<si><t>x</t></si>"),
            "the text of cell A1 is missing",
        ),
        (book(sheet('<row r="1"><c r="XFE1"><v>5</v></c></row>')), "a column XFE"),
        (
            book(sheet('<row r="1048577"><c r="A1"><v>5</v></c></row>')),
            "larger than a sheet can be, .* at row 1,048,577",
        ),
        (book("<worksheet>" + "<a>" * 5_000), "nested too deep"),
        (book(sheet(f'<row r="1">{"<c/>" * 16_385}</row>')), "larger than a sheet can be, .* at row 1"),
        (book("<!DOCTYPE x>" + PRODUCTS), "sheet1.xml declares a document type"),
        (
            book("<?xml version='1.0'?>" + " " * 5_000 + "<!DOCTYPE x>" + PRODUCTS),
            "sheet1.xml declares a document type",
        ),
        (book(PRODUCTS, extra={"docProps/core.xml": "<!doctype x><x/>"}), "docprops/core.xml declares"),
        (
            book(PRODUCTS, extra={"docProps/core.xml": "<!DOCTYPE x><x/>".encode("utf-16")}),
            "docprops/core.xml declares",
        ),
        (book(PRODUCTS, texts="<si><t>&x;</t></si>"), "sharedStrings.xml is no XML"),
        (book(PRODUCTS, extra={f"xl/media/{n}": b"" for n in range(10_001)}), "more than 10,000 parts"),
    ],
)
def test_refusals_say_what_is_wrong(content, message):
    with pytest.raises(UnreadableFile, match=message):
        read(content)


def test_what_unpacks_to_too_much_is_refused_before_it_is_unpacked():
    content = book(sheet(" " * 100_000))
    with pytest.raises(UnreadableFile, match="unpacks to more than 50,000 bytes"):
        read(content, FileLimits(inflated_bytes=50_000))
    with pytest.raises(UnreadableFile, match="packed more than 20 times tighter"):
        read(book(sheet(" " * 40_000_000)), FileLimits(inflated_ratio=20))


def test_a_directory_that_lies_about_sizes_is_found_out():
    content = bytearray(book(rows_of(HEADER, *[text(f"A{n}", "x" * 50) for n in range(2, 500)])))
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        size = packed.getinfo("xl/worksheets/sheet1.xml").file_size
    at = content.index(b"PK\x01\x02")
    while content[at + 46 : at + 46 + 24] != b"xl/worksheets/sheet1.xml":
        at = content.index(b"PK\x01\x02", at + 4)
    content[at + 24 : at + 28] = (size // 10).to_bytes(4, "little")
    with pytest.raises(UnreadableFile, match="damaged"):
        read(bytes(content))


@pytest.mark.parametrize(
    ("content", "limits", "message"),
    [
        (
            book(rows_of("".join(text(f"A{c}1", "x") for c in "ABCDEFGHIJ"))),
            FileLimits(columns=5),
            "more than 5 columns",
        ),
        (book(rows_of(HEADER, text("A2", "x" * 70_000))), FileLimits(cell_bytes=60_000), '"sku" of row or record 2'),
    ],
)
def test_limits_are_named(content, limits, message):
    with pytest.raises(UnreadableFile, match=message):
        read(content, limits)


@given(st.data())
def test_a_damaged_workbook_is_read_or_refused(data):
    content = bytearray(BOOK)
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    del content[data.draw(st.integers(0, len(content))) or len(content) :]
    with suppress(UnreadableFile):
        read(bytes(content))
