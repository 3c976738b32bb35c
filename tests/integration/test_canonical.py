"""A file of any format becomes a CSV that can be imported, on a disk: what is told of it, and what it takes."""

import contextlib
import errno
import hashlib
import io
import json
import random

import pytest

from chalicelib.errors import OpenQuote, UnreadableFile, WrongEncoding
from chalicelib.formats import Reading, read_rows
from chalicelib.imports.analyze import analysis_json
from chalicelib.imports.canonical import SPOOL_BYTES, analyze_file
from chalicelib.model.outcomes import Analysis
from chalicelib.settings import Settings
from tests.rewriting import book, sheet

pytestmark = pytest.mark.integration

ROWS = [["sku", "name"], ["A", "Chair"], ["B", "Table"]]
CSV = b"sku,name\nA,Chair\nB,Table\n"
JSON = b'[{"sku": "A", "name": "Chair"}, {"sku": "B", "name": "Table"}]'
XML = b"<?xml version='1.0'?><l><p><sku>A</sku><name>Chair</name></p><p><sku>B</sku><name>Table</name></p></l>"
XLSX = book(
    sheet(
        "".join(
            f'<row r="{n}"><c r="A{n}" t="str"><v>{sku}</v></c><c r="B{n}" t="str"><v>{name}</v></c></row>'
            for n, (sku, name) in enumerate(ROWS, start=1)
        )
    )
)
BY_FORMAT = {"csv": CSV, "json": JSON, "xml": XML, "xlsx": XLSX}


class Pipe(io.RawIOBase):
    """What comes from S3: it cannot seek, and gives as much as it likes."""

    def __init__(self, content: bytes) -> None:
        self._content = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        return self._content.read(min(size, 1_000) if size > 0 else size)


def analyzed(content: bytes, file_name: str = "file", **options) -> tuple[Analysis, bytes | None]:
    """The analysis of a file, and the canonical CSV its chunks are ranges of."""
    handed: list[bytes] = []
    settings = options.pop("settings", Settings())
    taken = options.pop("taken", {})
    analysis = analyze_file(
        Pipe(content),
        file_name,
        settings,
        Reading(**options),
        canonical=lambda pieces: handed.append(b"".join(pieces)),
        **taken,
    )
    assert len(handed) == (analysis.file_type != "csv")
    return analysis, handed[0] if handed else None


@pytest.mark.parametrize("kind", BY_FORMAT)
def test_every_format_becomes_the_same_rows(kind):
    content = BY_FORMAT[kind]
    analysis, canonical = analyzed(content)
    assert (analysis.file_type, analysis.row_count, analysis.headers) == (kind, 2, ("sku", "name"))
    assert (analysis.size_bytes, analysis.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    source = content if canonical is None else canonical
    [chunk] = analysis.chunks
    assert [cells for _, cells in read_rows(source[chunk.byte_start : chunk.byte_end], analysis.dialect)] == ROWS[1:]
    assert analysis.columns[0].unique
    assert (analysis.dialect.filled_to is None) == (kind == "csv")


@pytest.mark.parametrize("said", BY_FORMAT)
@pytest.mark.parametrize("kind", BY_FORMAT)
def test_a_format_that_is_said_must_be_the_one_it_is(kind, said):
    if kind == said:
        assert analyzed(BY_FORMAT[kind], format=said)[0].file_type == kind
    else:
        with pytest.raises(UnreadableFile):
            analyzed(BY_FORMAT[kind], format=said)


def test_xml_that_does_not_say_so_is_told_by_its_elements():
    content = XML.partition(b"?>")[2]
    assert analyzed(content)[0].file_type == analyzed(content, "feed.xml")[0].file_type == "xml"
    assert analyzed(b"<b>sku</b>;name\nA;x\n", "table.csv")[0].headers == ("<b>sku</b>", "name")


def test_an_unknown_format_is_refused():
    with pytest.raises(UnreadableFile, match='"ods" is no format known here: csv, xlsx, json, xml are'):
        analyzed(CSV, format="ods")


@pytest.mark.parametrize(
    ("kind", "name"), [("json", "a JSON file"), ("xml", "an XML file"), ("xlsx", "an XLSX workbook")]
)
def test_a_caller_may_take_only_some_formats(kind, name):
    with pytest.raises(UnreadableFile, match=f"This is {name}, not a CSV file: save it as CSV UTF-8 and upload that"):
        analyzed(BY_FORMAT[kind], f"file.{kind}", taken={"formats": ["csv"]})
    with pytest.raises(UnreadableFile, match="This is a GIF image, not a CSV file, an XLSX workbook, a JSON file or"):
        analyzed(b"GIF89a\x01\x00\x01\x00\x80\x00\x00")


def test_a_csv_is_read_as_its_caller_says():
    content = "list of\nsku;größe\nA;1\n".encode("cp1252")
    analysis, _ = analyzed(content, encoding="cp1252", delimiter=";", skip_header_rows=1)
    assert (analysis.headers, analysis.row_count) == (("sku", "größe"), 1)


def test_notes_of_the_format_come_first():
    content = json.dumps({"products": [{"sku": "A", "": "x"}]}).encode()
    assert [note.partition(" ")[0] for note in analyzed(content)[0].notes] == ["The", "Column"]


def test_a_refused_file_hands_nothing_on():
    for content in (JSON[:-5], XML[:-5], XLSX[:-25], b'[{"a": 1}, {"b": NaN}]'):
        with pytest.raises(UnreadableFile):
            analyze_file(Pipe(content), "file", Settings(), canonical=lambda pieces: pytest.fail("handed on"))


def test_limits_of_the_settings_hold_for_every_format():
    with pytest.raises(UnreadableFile, match=r"2 columns; 1 are the limit"):
        analyzed(JSON, settings=Settings(columns=1))
    with pytest.raises(UnreadableFile, match="more than 1 rows"):
        analyzed(XML, settings=Settings(engine_rows=1))
    with pytest.raises(UnreadableFile, match="larger than 100 bytes"):
        analyzed(XLSX, settings=Settings(inflated_bytes=100))
    with pytest.raises(UnreadableFile, match="more than 30 bytes as CSV"):
        analyzed(JSON, settings=Settings(canonical_bytes=30))


def test_a_file_longer_than_memory_holds_is_read_from_the_disk():
    rows = [{"sku": f"S{number}", "text": "x" * 1_000} for number in range(2 * SPOOL_BYTES // 1_000)]
    analysis, canonical = analyzed(json.dumps(rows).encode())
    assert canonical is not None and len(canonical) > SPOOL_BYTES
    found = [
        cells[0]
        for chunk in analysis.chunks
        for _, cells in read_rows(canonical[chunk.byte_start : chunk.byte_end], analysis.dialect)
    ]
    assert found == [row["sku"] for row in rows]


def test_a_full_disk_is_the_files_fault():
    def full(pieces):
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(UnreadableFile, match="too large to be rewritten here"):
        analyze_file(Pipe(JSON), "file", Settings(), canonical=full)


TOKENS = [*b'"{}[],:<>/&\x00\xff'.decode("latin-1"), "\\ud800", "NaN", "1e999", "<!DOCTYPE x>", "</p>", "9" * 400]


@pytest.mark.parametrize("kind", BY_FORMAT)
def test_damaged_files_are_read_or_refused(kind):
    rnd = random.Random(kind)
    for _ in range(300):
        content = bytearray(BY_FORMAT[kind])
        for _ in range(rnd.randint(1, 5)):
            at = rnd.randrange(len(content))
            match rnd.randrange(4):
                case 0:
                    content[at] = rnd.randrange(256)
                case 1:
                    content[at:at] = rnd.choice(TOKENS).encode("latin-1")
                case 2:
                    del content[at : at + rnd.randrange(1, 10)]
                case 3:
                    content[at:at] = content[rnd.randrange(len(content)) :][:50]
        with contextlib.suppress(UnreadableFile):
            analyzed(bytes(content), f"file.{kind}")
    for length in range(0, len(BY_FORMAT[kind]), 7):
        with contextlib.suppress(UnreadableFile):
            analyzed(BY_FORMAT[kind][:length], f"file.{kind}")


# Files that are read more than once -----------------------------------------------------------------------------------


def opened_again(content: bytes) -> dict:
    return {"again": lambda: Pipe(content)}


POLISH = "kod;nazwa\n" + "".join(f"{n};Krzesło {n}\n" for n in range(2_000)) + "x;Stół dębowy, żółty\n"


def test_a_file_that_is_not_utf8_is_read_by_what_it_is():
    content = POLISH.encode("cp1250")
    analysis, _ = analyzed(content, taken=opened_again(content))
    assert (analysis.dialect.encoding, analysis.headers, analysis.row_count) == ("cp1250", ("kod", "nazwa"), 2_001)
    assert analysis.sha256 == hashlib.sha256(content).hexdigest()
    assert "was read as windows-1250" in analysis.notes[0]
    read = [
        cells
        for chunk in analysis.chunks
        for _, cells in read_rows(content[chunk.byte_start : chunk.byte_end], analysis.dialect)
    ]
    assert read == [line.split(";") for line in POLISH.splitlines()[1:]]


@pytest.mark.parametrize("by", ["json", "xml"])
def test_a_document_that_is_not_utf8_is_rewritten_once(by):
    text = '[{"sku": "A", "name": "Krzesło żółte"}]'
    if by == "xml":
        text = "<l><p><sku>A</sku><name>Krzesło żółte</name></p><p><sku>B</sku></p></l>"
    content = text.encode("cp1250")
    analysis, canonical = analyzed(content, taken=opened_again(content))
    assert canonical is not None
    assert "Krzesło żółte" in canonical.decode()
    assert analysis.detected is not None
    assert (analysis.detected.format, analysis.detected.encoding) == (by, "windows-1250")


def test_a_document_of_one_long_line():
    content = json.dumps([{"品名": f"パイプ椅子 {n}"} for n in range(20_000)], ensure_ascii=False).encode("cp932")
    analysis, _ = analyzed(content, taken=opened_again(content))
    assert analysis.detected is not None
    assert (analysis.headers, analysis.detected.encoding) == (("品名",), "shift_jis")


def test_where_utf8_is_demanded_the_likely_encoding_is_named():
    content = POLISH.encode("cp1250")
    with pytest.raises(WrongEncoding, match="most likely Windows-1250") as refusal:
        analyzed(content, taken={**opened_again(content), "utf8_only": True})
    assert (refusal.value.likely, refusal.value.byte_offset, refusal.value.line) == ("cp1250", 17, 2)
    analysis, _ = analyzed(content, encoding="windows-1250", taken={**opened_again(content), "utf8_only": True})
    assert analysis.notes == ()


@pytest.mark.parametrize(
    "content",
    [
        '[{"a": "Größe"}, {"a": "Müller"}, '.encode() + b'{"a": "Stra\xdfe"}]',  # UTF-8 with one byte damaged
        b"sku;name\n" + random.Random(3).randbytes(4_000).translate(bytes(range(128, 256)) * 2) + b"\n",
    ],
)
def test_what_is_nothing_plausible_is_refused_with_its_place(content):
    with pytest.raises(WrongEncoding, match=r"byte \d+, on line \d, cannot be read") as refusal:
        analyzed(content, taken=opened_again(content))
    assert refusal.value.likely is None


@pytest.mark.parametrize("said", [{}, {"encoding": "utf-8"}])
def test_of_a_damaged_csv_only_the_damaged_rows_are_lost(said):
    content = "sku;name\nA;Größe\nB;Müller\n".encode() + b"C;Stra\xdfe\nD;x\n"
    analysis, _ = analyzed(content, **said, taken=opened_again(content))
    assert (analysis.dialect.damaged, analysis.dialect.encoding, analysis.row_count) == (True, "utf-8", 4)
    assert analysis.sample_rows[2] == ("C", "Stra\0e")
    assert "One row holds bytes that are not UTF-8" in analysis.notes[0]
    with pytest.raises(WrongEncoding, match="byte 35, on line 4, cannot be read"):
        analyzed(content, **said, taken={**opened_again(content), "utf8_only": True})


def test_half_a_character_at_the_end_is_named():
    content = "sku;name\nA;x\n".encode("utf-16") + b"A"
    with pytest.raises(WrongEncoding, match="not utf-16le: byte 28, on line 3"):
        analyzed(content, taken=opened_again(content))


@pytest.mark.parametrize(
    "content",
    [
        b'{"a\\u0000b": [{"x": 1}, {"x": 2}], "c\\ud800": [{"z": 1}]}',
        b'[["Prices\\u0000\\ud800 2026"], ["sku", "price"], ["A", 1], ["B", 2]]',
        b'[{"x": "\\u0000\\ud800"}]',
    ],
)
def test_what_postgresql_cannot_keep_is_kept_as_its_picture(content):
    analysis, _ = analyzed(content)
    kept = analysis_json(analysis)
    stored = json.dumps(kept, ensure_ascii=False).encode().decode()
    assert "\\u0000" not in json.dumps(kept)
    assert "\u2400" in stored


def test_a_refusal_can_be_stored_and_sent_whatever_it_quotes():
    content = b'[{"\\ud800' + b"x" * 300 + b'": 1}]'
    with pytest.raises(UnreadableFile, match="longer than 255") as refusal:
        analyzed(content)
    assert str(refusal.value).encode()


def test_a_damaged_header_is_refused():
    content = b"sku;Gr\xf6sse\n" + "A;Größe\nB;Müller\n".encode()
    with pytest.raises(UnreadableFile, match="header holds a byte that is not UTF-8"):
        analyzed(content, taken=opened_again(content))


ROWS_WITH_INCHES = "".join(f'{n};{n}" rack;10\n' for n in range(20_000))


def test_a_quote_that_is_never_closed_among_inches_is_a_sign():
    content = f'sku;name;price\n{ROWS_WITH_INCHES}x;"open;10\ny;z;10\n'.encode()
    analysis, _ = analyzed(content, taken=opened_again(content))
    assert (analysis.dialect.quotechar, analysis.row_count) == ("", 20_002)
    assert "no quotation mark in this file" in analysis.notes[0]


@pytest.mark.parametrize("last", ['x;"open;10\ny;z\n', 'x;"open;10\ny;"z";10\nz;"a;1\n'])
def test_elsewhere_it_stays_a_refusal(last):
    content = f"sku;name;price\n{ROWS_WITH_INCHES}{last}".encode()
    with pytest.raises(OpenQuote, match="never closed"):
        analyzed(content, taken=opened_again(content))
    with pytest.raises(OpenQuote, match="never closed"):
        analyzed(content, quotechar='"', taken=opened_again(content))
