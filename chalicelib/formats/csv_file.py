"""CSV: one pass that learns everything about a file, and the reader of its chunks.

In: a binary file object, or the bytes of one chunk. Out: an Analysis (headers, sample, row count, checksum, evidence,
and the byte range of every chunk), or rows. Nothing is kept of a file but what the Analysis holds.

Serves the wizard document, "Before you start" and "Step 1", and ARCHITECTURE, "The walk of one file", step 2.

How the file is written is told by its beginning (``csv_syntax``). Both directions are Python's own ``csv`` reader, so
they cannot disagree about quotes, and rows are skipped by the one rule of `is_row`. The pass parses blocks of whole
lines. Whether a block ends between two records is asked of the parser itself: a line of our own is parsed after the
block, and only comes out as a record of its own when no quote is open. What stands after the last whole record of a
block is parsed again with the next one.
"""

import hashlib
import io
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import IO, cast

from chalicelib.errors import OpenQuote, UnreadableFile
from chalicelib.formats.csv_parser import Syntax, open_quote_line, positions, records, unlimited_cells
from chalicelib.formats.csv_syntax import Found, find_syntax
from chalicelib.formats.csv_writer import REPORT_COLUMNS, report_position
from chalicelib.formats.encodings import NUL_FOR_BYTES, decode, newline_bytes, public_name, resolve
from chalicelib.formats.evidence import Evidence
from chalicelib.formats.formulas import unescape
from chalicelib.formats.signatures import CSV_ONLY, detect, refuse_untaken
from chalicelib.formats.streams import JoinedStream
from chalicelib.formats.totals import Remarks
from chalicelib.model.outcomes import Analysis, ChunkRange, CsvDialect, Detected

SAMPLE_ROWS = 5
"""Rows of the wizard's preview."""
BLOCK_BYTES = 128 * 1024
BEGINNING_BYTES = 128 * 1024
SKIPPED_BYTES = 4 * 1024 * 1024
"""Of lines to skip so many bytes are read before what follows is looked at."""
HEADER_CHARACTERS = 255
CHUNK_BYTES = 8 * 1024 * 1024
"""A chunk ends after so many bytes, however few rows that are: a worker holds all of it, several times over."""
CELLS_PER_RECORD = 4
"""A record may be as long as this many of the longest cells; what is longer is an open quote that swallows the file."""

_CANONICAL_ENCODING = "utf-8"
_CANONICAL = Found(Syntax())

_BYTE_ORDER_MARK = "\ufeff"
_INVISIBLE = "\ufeff\u200b\u200e\u200f"


def is_row(cells: Sequence[str], header: Sequence[str] = ()) -> bool:
    """Whether a record is a row: it has a cell that is not blank, and does not repeat the ``header``'s, as files do
    that were put together or have pages. Anything else is counted and imported nowhere.
    """
    return any(map(str.strip, cells)) and not (header and cells == header)


def _strip_mark(cells: list[str]) -> None:
    """Take off the byte order mark that a record begins with: in the middle of a file that was put together of two."""
    if cells and cells[0][:1] == _BYTE_ORDER_MARK:
        cells[0] = cells[0][1:]


def read_rows(data: bytes, dialect: CsvDialect, *, first_line: int = 1) -> Iterator[tuple[int, list[str]]]:
    """The rows of one chunk, each with the line it begins on; the chunk's first byte stands on ``first_line``."""
    rows = _rows(data, dialect, first_line)
    if dialect.filled_to is not None:
        rows = _source_rows(rows, dialect.filled_to)
    return rows if dialect.report_at is None else ((line, _unescaped(cells)) for line, cells in rows)


def _rows(data: bytes, dialect: CsvDialect, first_line: int) -> Iterator[tuple[int, list[str]]]:
    text = data.decode(dialect.encoding, NUL_FOR_BYTES if dialect.damaged else "strict")
    header = list(dialect.header)
    first_name = header[0] if header else None
    with unlimited_cells():
        reader = records(io.StringIO(text, newline=""), syntax_of(dialect))
        line = first_line
        for cells in reader:
            # Most rows begin with a cell that is filled, and not as the header does; the others are looked through.
            first = cells[0] if cells else ""
            if first[:1] == _BYTE_ORDER_MARK:
                _strip_mark(cells)
                first = cells[0]
            is_plain = first and first != first_name and not first.isspace()
            if is_plain or is_row(cells, header):
                yield line, cells
            line = first_line + reader.line_num


def syntax_of(dialect: CsvDialect) -> Syntax:
    """What the parser needs of a dialect."""
    return Syntax(dialect.delimiter, dialect.quotechar, dialect.escapechar)


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
    quotechar: str | None = None,
    skip_header_rows: int | None = None,
    header: bool | None = None,
    damaged: bool = False,
    canonical: bool = False,
    max_columns: int = 1_000,
    max_cell_bytes: int = 1024 * 1024,
    max_rows: int = 10_000_000,
    sampled_rows: int = 200,
    uniqueness_rows: int = 2_000_000,
    block_bytes: int = BLOCK_BYTES,
) -> Analysis:
    """All there is to know of a CSV, in one pass over ``stream`` from where it stands.

    ``encoding`` None insists on UTF-8; ``delimiter``, ``quotechar`` (empty: none), ``skip_header_rows``, the lines
    before the header, and whether there is a ``header`` are found out where they are None. ``damaged`` says that some
    bytes are not UTF-8: the rows that hold them are rows, with a NUL for each of them. ``canonical`` says that the file
    is one of ``formats.canonical``. ``max_…`` are limits of what is accepted;
    ``sampled_rows`` are looked at closely; beyond ``uniqueness_rows`` rows uniqueness is left open. Memory: a few
    blocks, the sample, and 8 bytes a row for each column that may be unique.

    Raises UnreadableFile, OpenQuote, or WrongEncoding when the bytes are not the encoding's.
    """
    if delimiter and delimiter == quotechar:
        raise UnreadableFile(
            f'"{delimiter}" cannot both part cells and quote them: say another delimiter or quotechar.'
        )
    head = _read(stream, BEGINNING_BYTES)
    if not head:
        raise UnreadableFile("The file is empty: it has not even a header.", byte_offset=0)
    if not canonical:
        refuse_untaken(detect(head, file_name), CSV_ONLY)
    codec, bom_bytes = resolve(_CANONICAL_ENCODING if canonical else encoding, head)
    limits = _Limits(max_columns, max_cell_bytes, max_rows, sampled_rows, uniqueness_rows)
    with unlimited_cells():
        found = _CANONICAL
        if not canonical:
            head, text = _beginning(stream, head, codec, bom_bytes, skip_header_rows or 0, damaged)
            found = find_syntax(
                text,
                is_whole=len(head) < BEGINNING_BYTES,
                delimiter=delimiter,
                quotechar=quotechar,
                skip_lines=skip_header_rows,
                has_header=header,
            )
        lines = _Lines(cast(IO[bytes], JoinedStream(head, stream)), codec, bom_bytes, block_bytes, damaged)
        reading = _Reading(lines, chunk_rows, found, limits, skip_header_rows or 0, canonical)
        while reading.read_on():
            pass
    return reading.analysis()


def _read(stream: IO[bytes], size: int) -> bytes:
    """So many bytes, or all there are: a stream may answer fewer at a time."""
    pieces = [stream.read(size)]
    while pieces[-1] and sum(map(len, pieces)) < size:
        pieces.append(stream.read(size - sum(map(len, pieces))))
    return b"".join(pieces)


def _beginning(
    stream: IO[bytes], head: bytes, codec: str, bom_bytes: int, skip_lines: int, damaged: bool
) -> tuple[bytes, str]:
    """The head, read on until something stands behind the lines to skip, and its whole lines as text."""
    line_feed, _ = newline_bytes(codec)
    while len(head) % BEGINNING_BYTES == 0 and head.count(line_feed) < skip_lines and len(head) < SKIPPED_BYTES:
        more = _read(stream, BEGINNING_BYTES)
        head += more
        if not more:
            break
    data = head[bom_bytes:]
    if len(head) < BEGINNING_BYTES:
        return head, decode(data, codec, at=bom_bytes, line=1, damaged=damaged)
    if end := after_last(data, line_feed, len(data)):
        return head, decode(data[:end], codec, at=bom_bytes, line=1, damaged=damaged)
    # A line of more than a block, or lines that end otherwise: half a character may stand at the end.
    return head, data.decode(codec, "ignore")


@dataclass(frozen=True, slots=True)
class _Limits:
    columns: int
    cell_bytes: int
    rows: int
    sampled_rows: int
    uniqueness_rows: int


class _Lines:
    """The file's bytes, hashed and counted on the way; ``pending`` begins at byte ``at`` and is not consumed yet."""

    def __init__(self, stream: IO[bytes], encoding: str, bom_bytes: int, block_bytes: int, damaged: bool) -> None:
        self._stream = stream
        self._block_bytes = block_bytes
        self._line_feed, self._carriage_return = newline_bytes(encoding)
        self._digest = hashlib.sha256()
        self._offered = 0
        self.encoding = encoding
        self.bom_bytes = bom_bytes
        self.damaged = damaged
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
        block = self._stream.read(max(self._block_bytes, len(self.pending)))
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
        return after_last(self.pending, self._line_feed, len(self.pending)) or after_last(
            self.pending, self._carriage_return, before_last_character
        )


def after_last(data: bytes, newline: bytes, end: int) -> int:
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
        found: Found,
        limits: _Limits,
        said_lines: int,
        canonical: bool,
    ) -> None:
        self._lines = lines
        self._limits = limits
        self._syntax = found.syntax
        self._said_lines = said_lines
        self._skip_lines = found.lines_above
        self._has_header = found.has_header
        self._canonical = canonical
        self._line = 1
        """The file's line that the pending bytes begin with."""
        self._headers: tuple[str, ...] = ()
        self._header: list[str] = []
        """Its cells as they stand; none of a canonical file, whose source's header is never repeated in it."""
        self._header_line = 1
        self._named = 0
        """How many headers come before those at the end that are blank."""
        self._used = 0
        """How many columns come before those at the end that have neither a header nor, so far, a value."""
        self._report_at: int | None = None
        self._evidence: Evidence | None = None
        self._sample: list[tuple[str, ...]] = []
        self._chunks = _Chunks(chunk_rows)
        self._notes: list[str] = list(found.notes)
        self._damaged_rows = 0
        self._first_damaged_row = 0
        self._ragged_rows = 0
        self._first_ragged_row = 0
        self._repeated_headers = 0
        self._first_repeated_line = 0
        self._remarks = Remarks()

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
        width = self._used
        return Analysis(
            file_type="csv",
            dialect=CsvDialect(
                encoding=self._lines.encoding,
                delimiter=self._syntax.delimiter,
                quotechar=self._syntax.quotechar,
                bom_bytes=self._lines.bom_bytes,
                report_at=self._report_at,
                filled_to=len(self._headers) if self._canonical else None,
                escapechar=self._syntax.escapechar,
                header_line=self._header_line,
                header=tuple(self._header),
                damaged=self._lines.damaged,
            ),
            headers=self._headers[:width],
            sample_rows=tuple(row[:width] for row in self._sample),
            row_count=self._chunks.rows,
            size_bytes=self._lines.size_bytes,
            sha256=self._lines.sha256,
            chunks=self._chunks.finished(self._lines.at, self._line),
            columns=self._evidence.columns()[:width],
            notes=(
                *self._notes,
                *self._damage_note(),
                *self._notes_of_headers(),
                *self._ragged_note(),
                *self._remarks.notes(),
            ),
            detected=Detected(
                format="csv",
                encoding=public_name(self._lines.encoding),
                bom=self._lines.bom_bytes > 0,
                delimiter=self._syntax.delimiter,
                quotechar=self._syntax.quotechar,
                escapechar=self._syntax.escapechar,
                header=self._has_header,
                header_line=self._header_line if self._has_header else None,
            ),
        )

    # Blocks

    def _skip(self, data: bytes) -> bytes:
        """Pass over lines before the header. Answers what is left of the data."""
        text = self._decoded(data)
        lines = list(islice(io.StringIO(text, newline=""), self._skip_lines))
        self._skip_lines -= len(lines)
        self._line += len(lines)
        self._lines.consume(len("".join(lines).encode(self._lines.encoding)))
        return self._lines.again()

    def _decoded(self, data: bytes) -> str:
        lines = self._lines
        return decode(data, lines.encoding, at=lines.at, line=self._line, damaged=lines.damaged)

    def _parse(self, data: bytes) -> "_Block":
        text = self._decoded(data)
        sentinel = ["end", "end"]
        ending = (self._syntax.delimiter.join(sentinel),)
        reader = records(chain(io.StringIO(text, newline=""), ending), self._syntax)
        parsed = list(reader)
        if _BYTE_ORDER_MARK in text:
            deque(map(_strip_mark, parsed), maxlen=0)
        if parsed.pop() == sentinel:
            return _Block(data, text, parsed, len(text), reader.line_num - 1)
        [(characters, lines)] = positions(text, self._syntax, [len(parsed)])
        if self._lines.at_end:
            line = self._line + lines + open_quote_line(text[characters:], self._syntax)
            raise OpenQuote(
                f"The quote opened on line {line:,} is never closed, so it swallows the rest of the file: close it, "
                "or write it twice if it belongs to the text, and upload the file again. If no cell of it stands in "
                "quotes, say quotechar=none.",
                line=line,
            )
        return _Block(data, text, parsed, characters, lines)

    def _take(self, block: "_Block") -> None:
        if len(block.data) > self._limits.cell_bytes:
            self._refuse_long_cells(block)
        # Most records begin with a cell that is filled; only the others are looked through.
        ends = [
            count
            for count, cells in enumerate(block.records, start=1)
            if (cells and cells[0] and not cells[0].isspace()) or any(map(str.strip, cells))
        ]
        if self._header:
            ends = self._without_repeated(block, ends)
        if self._evidence is None:
            ends = self._take_header(block, ends)
        if self._evidence is not None and ends:
            self._take_rows(self._evidence, block, ends)
        self._line += block.lines
        self._lines.consume(self._bytes(block, block.characters))

    def _take_header(self, block: "_Block", ends: list[int]) -> list[int]:
        """Take what comes before the rows; the ends that are left are rows."""
        if not ends:
            return ends
        cells = block.records[ends[0] - 1]
        if self._canonical:
            cells = cells[:-1]  # the last one is the header of the source's lines
        elif self._has_header:
            self._header = cells
        else:
            cells = [""] * len(cells)
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
            what = "a byte that is not UTF-8" if self._lines.damaged else "a NUL character"
            raise UnreadableFile(
                f"The header holds {what}: export the file again as CSV UTF-8, or correct the header.", line=self._line
            )
        self._headers, _ = name_headers(cells)
        self._named = next((at for at in range(len(cells), 1, -1) if visible(cells[at - 1])), 1)
        self._used = len(cells) if self._canonical else self._named
        self._notes += name_headers(cells[: self._used])[1] if self._has_header else []
        self._evidence = Evidence(
            self._headers, sampled_rows=self._limits.sampled_rows, uniqueness_rows=self._limits.uniqueness_rows
        )
        [(_, lines_before), (characters, lines)] = positions(block.text, self._syntax, [ends[0] - 1, ends[0]])
        self._header_line = self._line + lines_before
        if not self._has_header:
            self._chunks.begin(self._lines.at, self._line)
            return ends
        self._chunks.begin(self._lines.at + self._bytes(block, characters), self._line + lines)
        return self._without_repeated(block, ends[1:]) if self._header else ends[1:]

    def _without_repeated(self, block: "_Block", ends: list[int]) -> list[int]:
        """The ends of those records that do not repeat the header."""
        if self._header not in block.records:
            return ends
        repeated = [end for end in ends if block.records[end - 1] == self._header]
        if not repeated:
            return ends
        if not self._repeated_headers:
            [(_, lines)] = positions(block.text, self._syntax, [repeated[0] - 1])
            self._first_repeated_line = self._line + lines
        self._repeated_headers += len(repeated)
        apart = set(repeated)
        return [end for end in ends if end not in apart]

    def _take_rows(self, evidence: Evidence, block: "_Block", ends: list[int]) -> None:
        is_all = len(ends) == len(block.records)
        rows = block.records if is_all else [block.records[end - 1] for end in ends]
        if self._canonical:
            rows = _without_lines(rows, len(self._headers))
        if self._report_at is not None:
            rows = list(map(_unescaped, rows))
        chunk_ends = self._chunks.ends_within(len(rows))
        places = positions(block.text, self._syntax, [ends[row - 1] for row in chunk_ends])
        first_number = self._chunks.rows + 1
        if self._lines.damaged:
            self._note_damage(rows, first_number)
        if set(map(len, rows)) != {len(self._headers)}:
            rows = list(map(self._fitted, rows, range(first_number, first_number + len(rows))))
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
        if self._used < len(self._headers):
            self._used = max(self._used, *(_last_filled(cells) for cells in rows))
        products, remarks = self._remarks.apart(rows, first_number)
        evidence.add(products)
        evidence.add_apart(remarks)

    def _note_damage(self, rows: Sequence[Sequence[str]], first_number: int) -> None:
        for number, cells in enumerate(rows, start=first_number):
            if any("\0" in cell for cell in cells):
                self._damaged_rows += 1
                self._first_damaged_row = self._first_damaged_row or number

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

    def _notes_of_headers(self) -> list[str]:
        notes = [
            f"Column {at + 1} has no header; it is called {self._headers[at]}."
            for at in range(self._named, self._used)
            if self._has_header and not self._canonical
        ]
        if self._used < len(self._headers):
            count = len(self._headers) - self._used
            columns = "One column" if count == 1 else f"{count:,} columns"
            notes.append(f"{columns} at the end without header and values left out: lines end with delimiters.")
        if self._repeated_headers:
            lines = "One line repeats" if self._repeated_headers == 1 else f"{self._repeated_headers:,} lines repeat"
            notes.append(f"{lines} the header; left out. The first is line {self._first_repeated_line:,}.")
        return notes

    def _damage_note(self) -> tuple[str, ...]:
        """Damage outside of the rows, or in lines that are left out, does no harm, and is not spoken of."""
        if not self._damaged_rows:
            return ()
        count = self._damaged_rows
        rows, they = ("One row holds", "it is") if count == 1 else (f"{count:,} rows hold", "they are")
        note = (
            f"{rows} bytes that are not UTF-8, unlike the rest of the file: {they} not imported, and reported as"
            f" encoding_error; the first is row {self._first_damaged_row:,}. If the whole file is written differently,"
            " send it again with its encoding, such as encoding=windows-1252."
        )
        return (note,)

    def _no_header(self) -> UnreadableFile:
        if self._said_lines:
            return UnreadableFile(
                f"The file has no header after the {self._said_lines:,} lines that were to be skipped: skip fewer."
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
                [(_, lines)] = positions(block.text, self._syntax, [count])
                line = self._line + lines
                raise UnreadableFile(
                    f"A cell of the row that begins on line {line:,} is longer than {limit:,} bytes: shorten it, "
                    "or look for a quote in it that is not closed.",
                    line=line,
                )

    def _refuse_long_record(self) -> None:
        text = self._lines.pending.decode(self._lines.encoding, errors="replace")
        if not self._syntax.quotechar or self._syntax.quotechar not in text:
            raise UnreadableFile(
                f"Line {self._line:,} goes on for more than {len(self._lines.pending):,} bytes: the file has no line"
                " ends where its rows end, or is no CSV. Export it again, one row a line.",
                line=self._line,
            )
        line = self._line + open_quote_line(text, self._syntax)
        raise OpenQuote(
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


def visible(cell: str) -> str:
    """A header without what is not seen around it."""
    return cell.strip().strip(_INVISIBLE).strip()


def _last_filled(cells: Sequence[str]) -> int:
    """How many cells come before the blank ones at the end."""
    return next((at for at in range(len(cells), 0, -1) if not cells[at - 1].isspace() and cells[at - 1]), 0)


def name_headers(cells: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """A name of its own for each column, and notes on those that had to be made up or told apart."""
    names: dict[str, None] = {}
    notes: list[str] = []
    next_times: dict[str, int] = {}
    for position, cell in enumerate(cells, start=1):
        written = visible(cell)
        name = wanted = written or f"column_{position}"
        times = next_times.get(wanted, 2)
        while name in names:
            name, times = f"{wanted} ({times})", times + 1
        next_times[wanted] = times
        if not written:
            notes.append(f"Column {position} has no header; it is called {name}.")
        elif name != written:
            notes.append(f'Column {position} has the same header as an earlier one; it is called "{name}".')
        names[name] = None
    return tuple(names), notes
