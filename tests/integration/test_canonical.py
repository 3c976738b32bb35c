"""A file of any format becomes a CSV that can be imported, on a disk: what is told of it, and what it takes."""

import contextlib
import errno
import hashlib
import io
import json
import random

import pytest

from chalicelib.errors import UnreadableFile
from chalicelib.formats import Reading, read_rows
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
