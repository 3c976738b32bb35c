"""CSV: one pass that learns everything about a file, and the reader of its chunks.

In: a binary file object, or the bytes of one chunk. Out: an Analysis (headers, sample, row count, checksum, evidence,
and the byte range of every chunk), or rows. Nothing is kept of a file but what the Analysis holds.

Serves the wizard document, "Before you start" and "Step 1", and ARCHITECTURE, "The walk of one file", step 2.

Both directions are Python's own ``csv`` reader, so they cannot disagree about quotes, and rows are skipped by the one
rule of `is_row`. The pass parses blocks of whole lines. Whether a block ends between two records is asked of the parser
itself: a line of our own is parsed after the block, and only comes out as a record of its own when no quote is open.
What stands after the last whole record of a block is parsed again with the next one.
"""

import csv
import hashlib
import io
import re
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from typing import IO, Protocol

from chalicelib.errors import UnreadableFile
from chalicelib.formats.csv_writer import REPORT_COLUMNS, report_position
from chalicelib.formats.delimiter import excel_hint, sniff_delimiter
from chalicelib.formats.encodings import decode, newline_bytes, resolve
from chalicelib.formats.evidence import Evidence
from chalicelib.formats.formulas import unescape
from chalicelib.formats.signatures import CSV_ONLY, detect, refuse_untaken
from chalicelib.model.outcomes import Analysis, ChunkRange, CsvDialect

SAMPLE_ROWS = 5
"""Rows of the wizard's preview."""
BLOCK_BYTES = 128 * 1024
HEADER_CHARACTERS = 255
CHUNK_BYTES = 8 * 1024 * 1024
"""A chunk ends after so many bytes, however few rows that are: a worker holds all of it, several times over."""
CELLS_PER_RECORD = 4
"""A record may be as long as this many of the longest cells; what is longer is an open quote that swallows the file."""

_CANONICAL_ENCODING = "utf-8"

_INVISIBLE = "\ufeff\u200b\u200e\u200f"


def is_row(cells: Sequence[str]) -> bool:
    """Whether a record is a row: it has a cell that is not blank. Anything else is counted and imported nowhere."""
    return any(map(str.strip, cells))


def read_rows(data: bytes, dialect: CsvDialect, *, first_line: int = 1) -> Iterator[tuple[int, list[str]]]:
    """The rows of one chunk, each with the line it begins on; the chunk's first byte stands on ``first_line``."""
    rows = _rows(data, dialect, first_line)
    if dialect.filled_to is not None:
        rows = _source_rows(rows, dialect.filled_to)
    return rows if dialect.report_at is None else ((line, _unescaped(cells)) for line, cells in rows)


def _rows(data: bytes, dialect: CsvDialect, first_line: int) -> Iterator[tuple[int, list[str]]]:
    text = data.decode(dialect.encoding)
    with _unlimited_cells():
        records = _records(io.StringIO(text, newline=""), dialect.delimiter, dialect.quotechar)
        line = first_line
        for cells in records:
            # Most rows begin with a cell that is filled; only the others are looked through.
            if (cells and cells[0] and not cells[0].isspace()) or is_row(cells):
                yield line, cells
            line = first_line + records.line_num


def _source_rows(rows: Iterable[tuple[int, list[str]]], width: int) -> Iterator[tuple[int, list[str]]]:
    """The rows of a canonical file as its source has them: with its lines, and one cell a column."""
    for _, cells in rows:
        line = int(cells.pop())
        missing = width - len(cells)
        yield line, cells + [""] * missing if missing else cells


def _without_lines(rows: list[list[str]], width: int) -> list[list[str]]:
    """Many rows of a canonical file, one cell a column, where their lines do not matter. The rows are used up."""
    for cells in rows:
        del cells[-1]
    if set(map(len, rows)) == {width}:
        return rows
    return [cells + [""] * (width - len(cells)) for cells in rows]


def _unescaped(cells: Iterable[str]) -> list[str]:
    return list(map(unescape, cells))


def analyze_csv(
    stream: IO[bytes],
    *,
    chunk_rows: int,
    file_name: str = "",
    encoding: str | None = None,
    delimiter: str | None = None,
    skip_header_rows: int = 0,
    canonical: bool = False,
    max_columns: int = 1_000,
    max_cell_bytes: int = 1024 * 1024,
    max_rows: int = 10_000_000,
    sampled_rows: int = 200,
    uniqueness_rows: int = 2_000_000,
    block_bytes: int = BLOCK_BYTES,
) -> Analysis:
    """All there is to know of a CSV, in one pass over ``stream`` from where it stands.

    ``encoding`` None insists on UTF-8; ``delimiter`` None finds it out; ``skip_header_rows`` are lines before the
    header; ``canonical`` says that the file is one of ``formats.canonical``. ``max_…`` are limits of what is accepted;
    ``sampled_rows`` are looked at closely; beyond ``uniqueness_rows`` rows uniqueness is left open. Memory: a few
    blocks, the sample, and 8 bytes a row for each column that may be unique.

    Raises UnreadableFile, or WrongEncoding when the bytes are not the encoding's.
    """
    head = stream.read(block_bytes)
    if not head:
        raise UnreadableFile("The file is empty: it has not even a header.", byte_offset=0)
    if not canonical:
        refuse_untaken(detect(head, file_name), CSV_ONLY)
    codec, bom_bytes = resolve(_CANONICAL_ENCODING if canonical else encoding, head)
    lines = _Lines(stream, head, codec, bom_bytes, block_bytes)
    limits = _Limits(max_columns, max_cell_bytes, max_rows, sampled_rows, uniqueness_rows)
    reading = _Reading(lines, chunk_rows, "," if canonical else delimiter, limits, skip_header_rows, canonical)
    with _unlimited_cells():
        while reading.read_on():
            pass
    return reading.analysis()


@dataclass(frozen=True, slots=True)
class _Limits:
    columns: int
    cell_bytes: int
    rows: int
    sampled_rows: int
    uniqueness_rows: int


class _Lines:
    """The file's bytes, hashed and counted on the way; ``pending`` begins at byte ``at`` and is not consumed yet."""

    def __init__(self, stream: IO[bytes], head: bytes, encoding: str, bom_bytes: int, block_bytes: int) -> None:
        self._stream = stream
        self._block_bytes = block_bytes
        self._line_feed, self._carriage_return = newline_bytes(encoding)
        self._digest = hashlib.sha256()
        self._head = head
        self._offered = 0
        self.encoding = encoding
        self.bom_bytes = bom_bytes
        self.at = 0
        self.pending = b""
        self.size_bytes = 0
        self.at_end = False

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def more(self) -> bytes:
        """Read one block on: the pending bytes up to the last line end; empty when no further line has ended."""
        # A long record is parsed again with each block until it ends: twice the bytes each time, so at most twice over.
        block = self._head or self._stream.read(max(self._block_bytes, len(self.pending)))
        self._head = b""
        self._digest.update(block)
        self.at_end = not block
        self.pending += block
        if not self.size_bytes:
            self.consume(self.bom_bytes)
        self.size_bytes += len(block)
        end = len(self.pending) if self.at_end else self._after_last_line()
        if end <= self._offered and not self.at_end:
            return b""
        self._offered = end
        return self.pending[:end]

    def again(self) -> bytes:
        """What `more` answered, as far as it was not consumed since."""
        return self.pending[: self._offered]

    def consume(self, count: int) -> None:
        self.pending = self.pending[count:]
        self.at += count
        self._offered = max(0, self._offered - count)

    def _after_last_line(self) -> int:
        # A CR at the very end may be half of a CRLF and ends nothing yet.
        before_last_character = len(self.pending) - len(self._carriage_return)
        return _after_last(self.pending, self._line_feed, len(self.pending)) or _after_last(
            self.pending, self._carriage_return, before_last_character
        )


def _after_last(data: bytes, newline: bytes, end: int) -> int:
    """Where the last newline before ``end`` stops, or 0; in UTF-16 only one that stands on a character's border."""
    at = data.rfind(newline, 0, end)
    while at > 0 and at % len(newline):
        at = data.rfind(newline, 0, at + len(newline) - 1)
    return at + len(newline) if at >= 0 else 0


class _Reading:
    """One pass in progress."""

    def __init__(
        self,
        lines: _Lines,
        chunk_rows: int,
        delimiter: str | None,
        limits: _Limits,
        skip_lines: int,
        canonical: bool,
    ) -> None:
        self._lines = lines
        self._limits = limits
        self._delimiter = delimiter
        self._skipped = self._skip_lines = skip_lines
        self._canonical = canonical
        self._begun = False
        self._hint_expected = False
        self._line = 1
        """The file's line that the pending bytes begin with."""
        self._headers: tuple[str, ...] = ()
        self._report_at: int | None = None
        self._evidence: Evidence | None = None
        self._sample: list[tuple[str, ...]] = []
        self._chunks = _Chunks(chunk_rows)
        self._notes: list[str] = []
        self._ragged_rows = 0
        self._first_ragged_row = 0

    def read_on(self) -> bool:
        """Read a block on. False at the end of the file."""
        data = self._lines.more()
        if data and self._skip_lines:
            data = self._skip(data)
        if data:
            self._take(self._parse(data))
        if len(self._lines.pending) > CELLS_PER_RECORD * self._limits.cell_bytes:
            self._refuse_long_record()
        return not self._lines.at_end

    def analysis(self) -> Analysis:
        if self._evidence is None:
            raise self._no_header()
        filled_to = len(self._headers) if self._canonical else None
        return Analysis(
            file_type="csv",
            dialect=CsvDialect(
                self._lines.encoding, self._comma, '"', self._lines.bom_bytes, self._report_at, filled_to
            ),
            headers=self._headers,
            sample_rows=tuple(self._sample),
            row_count=self._chunks.rows,
            size_bytes=self._lines.size_bytes,
            sha256=self._lines.sha256,
            chunks=self._chunks.finished(self._lines.at, self._line),
            columns=self._evidence.columns(),
            notes=(*self._notes, *self._ragged_note()),
        )

    @property
    def _comma(self) -> str:
        return self._delimiter or ","

    # Blocks

    def _skip(self, data: bytes) -> bytes:
        """Pass over lines before the header. Answers what is left of the data."""
        text = decode(data, self._lines.encoding, at=self._lines.at, line=self._line)
        lines = list(islice(io.StringIO(text, newline=""), self._skip_lines))
        self._skip_lines -= len(lines)
        self._line += len(lines)
        self._lines.consume(len("".join(lines).encode(self._lines.encoding)))
        return self._lines.again()

    def _parse(self, data: bytes) -> "_Block":
        text = decode(data, self._lines.encoding, at=self._lines.at, line=self._line)
        if not self._begun and text.strip():
            self._begin(text)
        sentinel = ["end", "end"]
        reader = _records(chain(io.StringIO(text, newline=""), (self._comma.join(sentinel),)), self._comma)
        records = list(reader)
        if records.pop() == sentinel:
            return _Block(data, text, records, len(text), reader.line_num - 1)
        [(characters, lines)] = _positions(text, self._comma, [len(records)])
        if self._lines.at_end:
            line = self._line + lines + _open_quote_line(text[characters:], self._comma)
            raise UnreadableFile(
                f"The quote opened on line {line:,} is never closed, so it swallows the rest of the file: close it, "
                "or write it twice if it belongs to the text, and upload the file again.",
                line=line,
            )
        return _Block(data, text, records, characters, lines)

    def _begin(self, text: str) -> None:
        self._begun = True
        hint = None if self._canonical else excel_hint(text)
        self._hint_expected = hint is not None
        self._delimiter = self._delimiter or hint or sniff_delimiter(text)

    def _take(self, block: "_Block") -> None:
        if len(block.data) > self._limits.cell_bytes:
            self._refuse_long_cells(block)
        ends = [count for count, cells in enumerate(block.records, start=1) if any(map(str.strip, cells))]
        if self._evidence is None:
            ends = self._take_header(block, ends)
        if self._evidence is not None and ends:
            self._take_rows(self._evidence, block, ends)
        self._line += block.lines
        self._lines.consume(self._bytes(block, block.characters))

    def _take_header(self, block: "_Block", ends: list[int]) -> list[int]:
        """Take what comes before the rows; the ends that are left are rows."""
        if self._hint_expected and ends:
            self._hint_expected = False
            ends = ends[1:]
        if not ends:
            return ends
        cells = block.records[ends[0] - 1]
        if self._canonical:
            cells = cells[:-1]  # the last one is the header of the source's lines
        self._report_at = report_position(cells)
        allowed = self._limits.columns
        if self._report_at is not None:
            cells, allowed = _unescaped(cells), allowed + len(REPORT_COLUMNS)
        if len(cells) > allowed:
            raise UnreadableFile(
                f"The header has {len(cells):,} columns; {self._limits.columns:,} are the limit. "
                "Remove columns you do not need, or check that the first line is the header.",
                line=self._line,
            )
        if any(len(cell.strip()) > HEADER_CHARACTERS for cell in cells):
            raise UnreadableFile(
                f"A header is longer than {HEADER_CHARACTERS} characters: shorten it, or check that the first line is "
                "the header and that no quote in it is left open.",
                line=self._line,
            )
        if any("\0" in cell for cell in cells):
            raise UnreadableFile(
                "The header holds a NUL character: export the file again as CSV UTF-8.", line=self._line
            )
        self._headers, self._notes = name_headers(cells)
        self._evidence = Evidence(
            self._headers, sampled_rows=self._limits.sampled_rows, uniqueness_rows=self._limits.uniqueness_rows
        )
        [(characters, lines)] = _positions(block.text, self._comma, ends[:1])
        self._chunks.begin(self._lines.at + self._bytes(block, characters), self._line + lines)
        return ends[1:]

    def _take_rows(self, evidence: Evidence, block: "_Block", ends: list[int]) -> None:
        rows = [block.records[end - 1] for end in ends]
        if self._canonical:
            rows = _without_lines(rows, len(self._headers))
        if self._report_at is not None:
            rows = list(map(_unescaped, rows))
        chunk_ends = self._chunks.ends_within(len(rows))
        places = _positions(block.text, self._comma, [ends[row - 1] for row in chunk_ends])
        if set(map(len, rows)) != {len(self._headers)}:
            rows = list(map(self._fitted, rows, range(self._chunks.rows + 1, self._chunks.rows + 1 + len(rows))))
        taken = 0
        for row, (characters, lines) in zip(chunk_ends, places, strict=True):
            self._chunks.add(row - taken)
            taken = row
            self._chunks.end(self._lines.at + self._bytes(block, characters), self._line + lines)
        self._chunks.add(len(rows) - taken)
        self._chunks.end_if_long(self._lines.at + self._bytes(block, block.characters), self._line + block.lines)
        if self._chunks.rows > self._limits.rows:
            raise UnreadableFile(f"The file has more than {self._limits.rows:,} rows: split it and upload the parts.")
        if len(self._sample) < SAMPLE_ROWS:
            self._sample += map(tuple, rows[: SAMPLE_ROWS - len(self._sample)])
        evidence.add(rows)

    def _fitted(self, cells: list[str], row_number: int) -> list[str]:
        """The row with one cell a header; remembers rows that had to be cut or filled up."""
        width = len(self._headers)
        if len(cells) < width or any(map(str.strip, cells[width:])):
            self._ragged_rows += 1
            self._first_ragged_row = self._first_ragged_row or row_number
        return cells[:width] + [""] * (width - len(cells))

    def _bytes(self, block: "_Block", characters: int) -> int:
        if len(block.text) == len(block.data):
            return characters
        if characters == len(block.text):
            return len(block.data)
        return len(block.text[:characters].encode(self._lines.encoding))

    # Notes and refusals

    def _no_header(self) -> UnreadableFile:
        if self._skipped:
            return UnreadableFile(
                f"The file has no header after the {self._skipped:,} lines that were to be skipped: skip fewer."
            )
        return UnreadableFile("The file holds nothing but blank lines: it has not even a header.", byte_offset=0)

    def _ragged_note(self) -> tuple[str, ...]:
        if not self._ragged_rows:
            return ()
        rows = "1 row has" if self._ragged_rows == 1 else f"{self._ragged_rows:,} rows have"
        return (f"{rows} more or fewer cells than the header; the first is row {self._first_ragged_row:,}.",)

    def _refuse_long_cells(self, block: "_Block") -> None:
        limit = self._limits.cell_bytes
        for count, cells in enumerate(block.records):
            if sum(map(len, cells)) * 4 > limit and any(len(cell.encode()) > limit for cell in cells):
                [(_, lines)] = _positions(block.text, self._comma, [count])
                line = self._line + lines
                raise UnreadableFile(
                    f"A cell of the row that begins on line {line:,} is longer than {limit:,} bytes: shorten it, "
                    "or look for a quote in it that is not closed.",
                    line=line,
                )

    def _refuse_long_record(self) -> None:
        text = self._lines.pending.decode(self._lines.encoding, errors="replace")
        line = self._line + _open_quote_line(text, self._comma)
        raise UnreadableFile(
            f"The row at line {line:,} goes on for more than {len(self._lines.pending):,} bytes: a quote opened there "
            "is probably never closed. Close it, or write it twice if it belongs to the text, and upload again.",
            line=line,
        )


@dataclass(frozen=True, slots=True)
class _Block:
    """Whole lines and the whole records among them, which end after ``characters`` of the text and ``lines`` lines."""

    data: bytes
    text: str
    records: list[list[str]]
    characters: int
    lines: int


class _Chunks:
    """Measures the file into ranges of ``chunk_rows`` rows, or fewer where rows are long."""

    def __init__(self, chunk_rows: int) -> None:
        self._chunk_rows = chunk_rows
        self._ranges: list[ChunkRange] = []
        self._byte_start = 0
        self._first_line = 1
        self._open_rows = 0
        self.rows = 0

    def begin(self, byte_start: int, first_line: int) -> None:
        self._byte_start, self._first_line = byte_start, first_line

    def ends_within(self, rows: int) -> range:
        """After which of the next ``rows`` rows, counted from 1, a chunk is full."""
        return range(self._chunk_rows - self._open_rows, rows + 1, self._chunk_rows)

    def add(self, rows: int) -> None:
        """So many more rows belong to the open chunk."""
        self.rows += rows
        self._open_rows += rows

    def end(self, byte_end: int, next_line: int) -> None:
        """Close the open chunk; the next one begins there."""
        first_row = self.rows - self._open_rows + 1
        self._ranges.append(
            ChunkRange(len(self._ranges), self._byte_start, byte_end, first_row, self._open_rows, self._first_line)
        )
        self._open_rows = 0
        self.begin(byte_end, next_line)

    def end_if_long(self, byte_end: int, next_line: int) -> None:
        if self._open_rows and byte_end - self._byte_start >= CHUNK_BYTES:
            self.end(byte_end, next_line)

    def finished(self, byte_end: int, next_line: int) -> tuple[ChunkRange, ...]:
        if self._open_rows:
            self.end(byte_end, next_line)
        return tuple(self._ranges)


def name_headers(cells: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """A name of its own for each column, and notes on those that had to be made up or told apart."""
    names: list[str] = []
    notes: list[str] = []
    for position, cell in enumerate(cells, start=1):
        written = cell.strip().strip(_INVISIBLE).strip()
        name = wanted = written or f"column_{position}"
        times = 2
        while name in names:
            name, times = f"{wanted} ({times})", times + 1
        if not written:
            notes.append(f"Column {position} has no header; it is called {name}.")
        elif name != written:
            notes.append(f'Column {position} has the same header as an earlier one; it is called "{name}".')
        names.append(name)
    return tuple(names), notes


# The parser -----------------------------------------------------------------------------------------------------------


class _Records(Protocol):
    """What ``csv.reader`` makes: records, and how many lines it took to read them."""

    @property
    def line_num(self) -> int: ...
    def __iter__(self) -> Iterator[list[str]]: ...
    def __next__(self) -> list[str]: ...


def _records(lines: Iterable[str], delimiter: str, quotechar: str = '"') -> _Records:
    return csv.reader(lines, delimiter=delimiter, quotechar=quotechar)


def _positions(text: str, delimiter: str, counts: Sequence[int]) -> list[tuple[int, int]]:
    """For each of some ascending numbers of records: how many characters and lines of ``text`` they take."""
    lines = io.StringIO(text, newline="")
    reader = _records(lines, delimiter)
    places: list[tuple[int, int]] = []
    passed = 0
    for count in counts:
        deque(islice(reader, count - passed), maxlen=0)
        passed = count
        places.append((lines.tell(), reader.line_num))
    return places


def _open_quote_line(text: str, delimiter: str) -> int:
    """How many line ends of ``text`` come before the quote that is still open at its end; ``text`` begins a record."""
    field_end = re.compile(f"[{re.escape(delimiter)}\\r\\n]")
    at, opened = 0, 0
    while at < len(text):
        if text[at] == '"':
            opened, at = at, _after_closing_quote(text, at + 1)
        found = field_end.search(text, at) if at >= 0 else None
        if found is None:
            break
        at = found.end()
    return len(re.findall(r"\r\n|\r|\n", text[:opened]))


def _after_closing_quote(text: str, at: int) -> int:
    """Where the quoted text that goes on at ``at`` has ended, or -1 when it has not."""
    while (at := text.find('"', at)) >= 0:
        if text[at + 1 : at + 2] != '"':
            return at + 1
        at += 2
    return -1


_reader_count = 0
_default_limit = 0
_limit_lock = threading.Lock()


@contextmanager
def _unlimited_cells() -> Iterator[None]:
    """Lift the csv module's limit on cells, which belongs to the whole process, for as long as a reader of ours works.

    The last of them to finish puts back what the first one found. Our own limit is checked by the pass.
    """
    global _reader_count, _default_limit  # noqa: PLW0603
    with _limit_lock:
        if not _reader_count:
            _default_limit = csv.field_size_limit(sys.maxsize)
        _reader_count += 1
    try:
        yield
    finally:
        with _limit_lock:
            _reader_count -= 1
            if not _reader_count:
                csv.field_size_limit(_default_limit)
