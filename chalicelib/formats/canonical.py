"""The canonical CSV: what a file of any other format is rewritten into, so that everything after has one reader.

In: records or rows of a workbook, a JSON or an XML file, one at a time. Out: their CSV in a spool: UTF-8, comma, CRLF,
every value as the text that the field types read.

Columns are known only at the end, so rows go into the spool in columns of the order of discovery, and the header is put
before them afterwards. A row that was written before a column was discovered is short, and is filled up when it is read
(``CsvDialect.filled_to``). Its last cell is its line in the source, which is what a person is told.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import IO

from chalicelib.errors import UnreadableFile
from chalicelib.formats.csv_writer import REPORT_COLUMNS
from chalicelib.formats.header_row import RECORDS, locate_header
from chalicelib.formats.reading import FileLimits
from chalicelib.model.outcomes import Detected

PIECE_CHARACTERS = 64 * 1024
PIECE_BYTES = 1024 * 1024
COLUMN_CHARACTERS = 255
LINE_HEADER = "line"


class CanonicalRows:
    """Rows on their way into ``spool``, which is empty, and is read from its start once `finish` was called.

    A column has a key of its own, which need not be its header: the headers of a sheet may repeat.
    """

    def __init__(self, spool: IO[bytes], limits: FileLimits) -> None:
        self.spool = spool
        self.rows = 0
        self.detected = Detected(format="csv")
        """How their file was read, as far as its rewriter tells."""
        self._limits = limits
        self._positions: dict[object, int] = {}
        self._keys: list[object] = []
        self._headers: list[str] = []
        self._lines: list[str] = []
        self._characters = 0
        self._written_bytes = 0

    @property
    def columns(self) -> int:
        return len(self._keys)

    def column(self, key: object, header: str) -> int:
        """The position of a column; made when it is new. Raises UnreadableFile for one too many."""
        position = self._positions.get(key)
        return self._new_column(key, header) if position is None else position

    def add(self, record: Mapping[str, str], line: int) -> None:
        """One record by its columns' names; one of blanks only adds its columns and is no row."""
        if [*record] == self._keys:
            self.add_row([*record.values()], line)
            return
        positions = [self.column(name, name) for name in record]
        cells = [""] * len(self._keys)
        for position, cell in zip(positions, record.values(), strict=True):
            cells[position] = cell
        self.add_row(cells, line)

    def add_row(self, cells: list[str], line: int) -> None:
        """One row by its columns' positions; one of blank cells is none. ``cells`` is not the caller's any more."""
        if not ((cells and cells[0] and not cells[0].isspace()) or any(map(str.strip, cells))):
            return
        self.rows += 1
        cells.append(str(line))
        written = quoted(cells)
        self._lines.append(written)
        self._characters += len(written)
        if self._characters >= PIECE_CHARACTERS:
            if len(written) * 4 > self._limits.cell_bytes:
                self._refuse_long_cells(cells, line)
            self._flush()

    def emptied(self) -> "CanonicalRows":
        """New rows in the same spool."""
        self.spool.seek(0)
        self.spool.truncate()
        return CanonicalRows(self.spool, self._limits)

    def finish(self) -> None:
        """All rows were added."""
        self._flush()

    def header(self) -> bytes:
        """The header's bytes, which belong before the spool's. Raises UnreadableFile when there are no columns."""
        if not self._headers:
            raise UnreadableFile("The file holds no records: not one value with a name.")
        return _encoded(quoted([*self._headers, LINE_HEADER]))

    def pieces(self) -> Iterator[bytes]:
        """The whole canonical file, piece by piece."""
        yield self.header()
        self.spool.seek(0)
        while piece := self.spool.read(PIECE_BYTES):
            yield piece

    def _new_column(self, key: object, header: str) -> int:
        if len(self._keys) >= self._limits.columns + len(REPORT_COLUMNS):
            raise UnreadableFile(
                f"The file has more than {self._limits.columns:,} columns: remove those you do not need, or check that "
                "its records are where they are looked for."
            )
        if len(header) > COLUMN_CHARACTERS or "\0" in header:
            shown = header[:60].replace("\0", "\u2400")
            raise UnreadableFile(
                f'The name of the column "{shown}…" is longer than {COLUMN_CHARACTERS} characters or holds a NUL: '
                "give it another one."
            )
        position = self._positions[key] = len(self._keys)
        self._keys.append(key)
        self._headers.append(header)
        return position

    def _flush(self) -> None:
        piece = _encoded("".join(self._lines))
        self._lines.clear()
        self._characters = 0
        self._written_bytes += len(piece)
        if self._written_bytes > self._limits.canonical_bytes:
            raise UnreadableFile(
                f"The file's rows come to more than {self._limits.canonical_bytes:,} bytes as CSV, the most that is "
                "taken from a file of this format: split it, or upload it as CSV."
            )
        self.spool.write(piece)

    def _refuse_long_cells(self, cells: Sequence[str], line: int) -> None:
        limit = self._limits.cell_bytes
        long = next((at for at, cell in enumerate(cells) if len(_encoded(cell)) > limit), None)
        if long is not None:
            raise UnreadableFile(
                f'"{self._headers[long]}" of row or record {line:,} is longer than {limit:,} bytes: shorten it.',
                line=line,
            )


def quoted(cells: Sequence[str]) -> str:
    """A line of CSV with every cell in quotes: at a tenth of what asking each character for its need of them takes."""
    line = '","'.join(cells)
    if line.count('"') != 2 * len(cells) - 2:
        line = '","'.join([cell.replace('"', '""') for cell in cells])
    return f'"{line}"\r\n'


class Grid:
    """Rows of a table on their way into canonical rows; the first, or the first after titles, is the header.

    Cells come by their positions, from 0. A column without a header is one as soon as a row has a value in it. A row
    that repeats the header is none. ``skip_rows`` None: how many rows stand above the header is found out, for which
    the first rows wait until there are enough of them, or `finish`. So is whether there is a header at all, where
    ``has_header`` is None as well.
    """

    def __init__(self, rows: CanonicalRows, skip_rows: int | None, has_header: bool | None = None) -> None:
        self._rows = rows
        self._skip_rows = skip_rows
        self._said_header = has_header
        self.has_header = has_header is not False
        self._waiting: list[tuple[int, dict[int, str]]] | None = [] if skip_rows is None else None
        self._positions: dict[int, int] = {}
        self._order: list[int] = []
        self._header: dict[int, str] = {}
        self._names: list[str] = []
        self._unnamed: list[str] = []
        self._repeated = 0
        self._first_repeated = 0
        self._notes: list[str] = []
        self.header_line: int | None = None
        """Where the header was found, or the first row where there is none."""

    @property
    def columns(self) -> Mapping[int, int]:
        """By the positions of the columns that have a header, or got one: where they are among the canonical ones."""
        return self._positions

    def add(self, cells: Mapping[int, str], line: int) -> None:
        """The cells of row ``line``, counted from 1."""
        if self._waiting is not None:
            filled = _filled(cells)
            if filled:
                self._waiting.append((line, filled))
                if len(self._waiting) >= RECORDS:
                    self.finish()
        elif cells and [*cells] == self._order:
            values = [*cells.values()]
            if values == self._names:
                self._note_repeated(line)
            else:
                self._rows.add_row(values, line)
        elif line > (self._skip_rows or 0):
            filled = _filled(cells)
            self._add_filled(filled, line) if self._order else self._begin(filled, line)

    def finish(self) -> None:
        """No more rows come, or enough have come to know the header."""
        waiting, self._waiting = self._waiting or [], None
        if not waiting:
            return
        width = 1 + max(max(cells) for _, cells in waiting)
        records = [[cells.get(at, "") for at in range(width)] for _, cells in waiting]
        found = locate_header(records, self._said_header, is_first=False)
        self.has_header = found.is_there
        self._notes += found.notes
        for line, cells in waiting[found.above :]:
            self.add(cells, line)

    def told(self, detected: Detected) -> Detected:
        """What was found out, and where the header is."""
        line = self.header_line if self.has_header else None
        return replace(detected, header=self.has_header, header_line=line)

    def notes_of_header(self) -> list[str]:
        """How the header was found."""
        return self._notes

    def notes(self) -> list[str]:
        """All of what a person should know of the table, the header's among it."""
        notes = [f"Column {name.removeprefix('column_')} has no header; it is called {name}." for name in self._unnamed]
        if self._repeated:
            rows = "One row repeats" if self._repeated == 1 else f"{self._repeated:,} rows repeat"
            notes.append(f"{rows} the header; left out. The first is row {self._first_repeated:,} of the table.")
        return [*self._notes, *notes]

    def _begin(self, headers: dict[int, str], line: int) -> None:
        if headers:
            self.header_line = line
        if headers and self.has_header:
            self._header = {at: headers[at] for at in sorted(headers)}
            self._names = [*self._header.values()]
        for at, header in self._header.items():
            self._new_column(at, header)
        if not self.has_header:
            self._add_filled(headers, line)

    def _add_filled(self, filled: dict[int, str], line: int) -> None:
        if not filled:
            return
        if filled == self._header:
            self._note_repeated(line)
            return
        for at in filled.keys() - self._positions.keys():
            name = f"column_{at + 1}"
            if self.has_header:
                self._unnamed.append(name)
            self._new_column(at, name)
        cells = [""] * len(self._order)
        for at, cell in filled.items():
            cells[self._positions[at]] = cell
        self._rows.add_row(cells, line)

    def _note_repeated(self, line: int) -> None:
        self._repeated += 1
        self._first_repeated = self._first_repeated or line

    def _new_column(self, at: int, header: str) -> None:
        self._positions[at] = self._rows.column(at, header)
        self._order.append(at)


def _filled(cells: Mapping[int, str]) -> dict[int, str]:
    return {at: cell for at, cell in cells.items() if cell and not cell.isspace()}


def _encoded(text: str) -> bytes:
    """UTF-8; half a surrogate pair, which is no character, stays visible as its escape."""
    return text.encode("utf-8", "backslashreplace")
