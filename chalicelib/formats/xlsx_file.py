"""XLSX: the rows of one sheet of a workbook, as rows of a canonical CSV.

In: a binary file object that can seek. Out: rows (``formats.canonical``), and notes on what was taken.

Cells become the text a person sees, as far as the field types read it (``sheet_values``); formulas are their stored
values. The first row with a cell is the header. Rows and columns without values are none, whatever the sheet declares.
A range of merged cells that goes over several rows gives its value to every row and headed column it covers; one in the
header or in a single row has it in its first cell only. Where names of the header go over two rows by merged cells, the
row below names the other columns. Memory: the workbook's texts, and a few rows.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import IO

from chalicelib.errors import UnreadableFile
from chalicelib.formats.canonical import CanonicalRows, Grid
from chalicelib.formats.header_row import is_data
from chalicelib.formats.reading import FileLimits, Reading
from chalicelib.formats.sheet_values import show_number
from chalicelib.formats.sheet_xml import (
    DAMAGED,
    Cell,
    MergedRange,
    NotPlain,
    column_position,
    plain_text,
    without_escapes,
)
from chalicelib.formats.workbook import Sheet, Workbook
from chalicelib.model.outcomes import Detected

COLUMNS = 16_384
ROWS = 1_048_576
"""Of a sheet, in every program there is."""
CELLS = 50_000_000
"""More of them, blank ones counted, are no catalogue."""

_NAMED_SHEETS = 10
_NUMBERS = frozenset({"", "n"})


def rewrite_xlsx(
    stream: IO[bytes], reading: Reading, limits: FileLimits, make_rows: Callable[[], CanonicalRows]
) -> tuple[CanonicalRows, list[str]]:
    """The rows of a workbook's sheet, and notes on them.

    Without ``reading.sheet`` it is the first visible sheet that has a header and rows, and more than the one column
    that instructions have, if any has. Raises UnreadableFile.
    """
    workbook = Workbook(stream, limits)
    taken: tuple[Sheet, CanonicalRows, list[str]] | None = None
    for sheet in _wanted(workbook.sheets, reading.sheet):
        rows, notes = _read_sheet(workbook, sheet, reading.skip_header_rows, reading.header, make_rows)
        if taken is None or _likelihood(rows) > _likelihood(taken[1]):
            taken = sheet, rows, notes
        if rows.rows and rows.columns > 1:
            break
    assert taken is not None
    sheet, rows, notes = taken
    if not rows.columns:
        skipped = f" after the {reading.skip_header_rows:,} rows to skip" if reading.skip_header_rows else ""
        raise UnreadableFile(f'The sheet "{sheet.name}" has no cell with a value{skipped}: it has not even a header.')
    rows.detected = replace(rows.detected, sheet=sheet.name)
    return rows, [*_sheet_notes(workbook.sheets, sheet), *notes]


def _likelihood(rows: CanonicalRows) -> tuple[bool, bool, bool]:
    """Of two sheets the one with more of this holds the records."""
    return rows.rows > 0 and rows.columns > 1, rows.rows > 0, rows.columns > 0


def _wanted(sheets: Sequence[Sheet], wanted: str | None) -> Sequence[Sheet]:
    """The sheets that may be read, in the order they are tried."""
    if not wanted:
        return [sheet for sheet in sheets if sheet.is_visible] or sheets
    found = [sheet for sheet in sheets if sheet.name == wanted]
    found = found or [sheet for sheet in sheets if sheet.name.strip().casefold() == wanted.strip().casefold()]
    if not found and wanted.isascii() and wanted.isdigit() and 0 < int(wanted) <= len(sheets):
        found = [sheets[int(wanted) - 1]]
    if not found:
        raise UnreadableFile(f'The workbook has no sheet "{wanted}". It has {_names(sheets)}.')
    return found[:1]


def _sheet_notes(sheets: Sequence[Sheet], taken: Sheet) -> list[str]:
    others = [sheet for sheet in sheets if sheet is not taken]
    return [f'The sheet "{taken.name}" was read. The workbook also has {_names(others)}.'] if others else []


def _names(sheets: Sequence[Sheet]) -> str:
    names = [f'"{sheet.name}"' + ("" if sheet.is_visible else " (hidden)") for sheet in sheets[:_NAMED_SHEETS]]
    return ", ".join(names) + (f" and {len(sheets) - _NAMED_SHEETS} more" if len(sheets) > _NAMED_SHEETS else "")


def _read_sheet(
    workbook: Workbook,
    sheet: Sheet,
    skip_rows: int | None,
    has_header: bool | None,
    make_rows: Callable[[], CanonicalRows],
) -> tuple[CanonicalRows, list[str]]:
    """The rows of one sheet. Its merged ranges stand at its end; when there are any it is read once more."""
    ranges: list[MergedRange] | None = None
    header: _TwoRowHeader | None = None
    is_plain = True
    notes: list[str] = []
    while True:
        found: list[MergedRange] = []
        rows = make_rows()
        readable = plain_text if is_plain else without_escapes
        walk = _SheetWalk(workbook, Grid(rows, skip_rows, has_header), ranges or (), readable, header)
        try:
            for number, cells in workbook.rows(sheet, found, is_plain=is_plain):
                walk.add(number, cells)
        except NotPlain:
            is_plain = False
        else:
            walk.finish()
            if ranges is not None or not (ranges := [each for each in found if each.bottom > each.top]):
                rows.finish()
                rows.detected = walk.told(rows.detected)
                return rows, [*notes, *walk.notes()]
            if walk.has_header:
                header = _TwoRowHeader.of(found, walk.header_line)
            if skip_rows is None and walk.header_line is not None:
                # The second time the header is known before the first row that a range gives its value to.
                skip_rows, has_header, notes = walk.header_line - 1, walk.has_header, walk.notes_of_header()
        rows.spool.close()


class _Positions(dict[str, int]):
    """The positions of columns by their letters."""

    def __missing__(self, letters: str) -> int:
        position = column_position(letters)
        if position >= COLUMNS:
            raise UnreadableFile(f"The sheet has a column {letters}, which no sheet has: {DAMAGED}.")
        self[letters] = position
        return position


class _SheetWalk:
    """Takes the rows of a sheet in order."""

    def __init__(
        self,
        workbook: Workbook,
        grid: Grid,
        ranges: Sequence[MergedRange],
        readable: Callable[[str], str],
        header: "_TwoRowHeader | None" = None,
    ) -> None:
        self._texts = workbook.texts
        self._shows = workbook.shows
        self._readable = readable
        self._header = header
        self._grid = grid
        self._positions = _Positions()
        self._merges = _Merges(ranges) if ranges else None
        self._seen_rows = 0
        self._seen_cells = 0
        self._errors = _Places()
        self._formulas = _Places()

    def add(self, number: int, raw: Sequence[Cell]) -> None:
        """Row ``number`` of the sheet."""
        self._seen_rows += 1
        self._seen_cells += len(raw)
        if not 0 < number <= ROWS or self._seen_rows > ROWS or len(raw) > COLUMNS or self._seen_cells > CELLS:
            raise UnreadableFile(
                f"The sheet is larger than a sheet can be, or has more than {CELLS:,} cells, at row {number:,}: "
                f"{DAMAGED}."
            )
        cells: dict[int, str] = {}
        positions, texts = self._positions, self._texts
        for written, letters, style, kind, value, own in raw:
            if not value and not own:
                if "<f" in written:
                    self._formulas.add(letters, number)
                continue
            if kind == "s":
                try:
                    text = texts[int(value)]
                except (ValueError, IndexError) as error:
                    raise _missing_text(letters, number) from error
                if value[0] == "-":
                    raise _missing_text(letters, number)
            elif not kind and not style and value.isdigit():
                text = value
            else:
                text = self._shown(letters, number, style, kind, value or own)
            cells[positions[letters]] = text
        if self._merges is not None:
            self._merges.spread(number, cells, self._grid.columns)
        if self._header is None or number > self._header.lower:
            self._grid.add(cells, number)
            return
        for line, joined in self._header.joined(number, cells):
            self._grid.add(joined, line)

    @property
    def header_line(self) -> int | None:
        return self._grid.header_line

    @property
    def has_header(self) -> bool:
        return self._grid.has_header

    def told(self, detected: Detected) -> Detected:
        """What was found out, and where the header is."""
        return self._grid.told(detected)

    def finish(self) -> None:
        """All rows were added."""
        self._grid.finish()

    def notes_of_header(self) -> list[str]:
        return self._grid.notes_of_header()

    def notes(self) -> list[str]:
        return [
            *self._grid.notes(),
            *(self._header.notes() if self._header else ()),
            *self._errors.note("hold an error of the spreadsheet (like #N/A) instead of a value"),
            *self._formulas.note(
                "hold a formula without a stored value and were read as blank; open the file in a spreadsheet program "
                "and save it to have them calculated"
            ),
        ]

    def _shown(self, letters: str, number: int, style: str, kind: str, content: str) -> str:
        if "&" in content or kind not in _NUMBERS:
            content = self._readable(content)
        if kind in _NUMBERS:
            at = int(style) if style.isdigit() else -1
            return self._shows[at](content) if 0 <= at < len(self._shows) else show_number(content)
        if kind == "e":
            self._errors.add(letters, number)
        if kind == "b":
            return "false" if content in {"0", "false"} else "true"
        return content


def _missing_text(letters: str, number: int) -> UnreadableFile:
    return UnreadableFile(f"The workbook is damaged, the text of cell {letters}{number} is missing: {DAMAGED}.")


class _TwoRowHeader:
    """A header over two rows: some names go over both, the others stand in the lower one, mostly below the name of a
    group.
    """

    def __init__(self, upper: int, ranges: Sequence[MergedRange]) -> None:
        self._upper = upper
        self._both = {each.left for each in ranges if each.top == upper and each.bottom == upper + 1}
        self._groups = [each for each in ranges if each.top == each.bottom == upper]
        self._held: dict[int, str] = {}
        self._is_joined = False

    @classmethod
    def of(cls, ranges: Sequence[MergedRange], line: int | None) -> "_TwoRowHeader | None":
        """The header that begins on a line, if a range says that a name of it goes over two rows."""
        goes_over = any(each.top == line and each.bottom == each.top + 1 for each in ranges)
        return cls(line, ranges) if line is not None and goes_over else None

    @property
    def lower(self) -> int:
        return self._upper + 1

    def joined(self, line: int, cells: dict[int, str]) -> list[tuple[int, dict[int, str]]]:
        """The rows to take for one up to the lower; the upper one waits for it."""
        if line < self._upper:
            return [(line, cells)]
        if line == self._upper:
            self._held = cells
            return []
        names = {at: cell for at, cell in cells.items() if cell.strip()}
        self._is_joined = bool(names) and not self._both & names.keys() and not any(map(is_data, names.values()))
        if not self._is_joined:
            return [(self._upper, self._held), (line, cells)]
        return [(self._upper, self._names(names))]

    def _names(self, lower: Mapping[int, str]) -> dict[int, str]:
        """One name a column. That of a group only stands before names that are not told apart without it."""
        names = dict(self._held)
        group = {at: each.left for each in self._groups for at in range(each.left, each.right + 1)}
        often = {name for name in lower.values() if [*lower.values()].count(name) > 1}
        for at, name in lower.items():
            above = self._held.get(group.get(at, at), "")
            names[at] = f"{above} {name}".strip() if name in often or at not in group else name
        return names

    def notes(self) -> list[str]:
        return [f"The header stands in two rows, {self._upper} and {self.lower}."] if self._is_joined else []


class _Merges:
    """Gives the values of merged ranges to the cells they cover. Rows come in their order."""

    def __init__(self, ranges: Sequence[MergedRange]) -> None:
        self._coming = sorted(ranges, reverse=True)
        self._open: dict[int, tuple[MergedRange, str]] = {}

    def spread(self, row: int, cells: dict[int, str], columns: Mapping[int, int]) -> None:
        """Add what covers the cells of a row. ``columns`` are those with a header, none before the header was seen."""
        while self._coming and self._coming[-1].top <= row:
            merged = self._coming.pop()
            value = cells.get(merged.left)
            if columns and value and merged.top == row:
                self._open[merged.left] = merged, value
        if not cells:
            return
        for left, (merged, value) in list(self._open.items()):
            if merged.bottom < row:
                del self._open[left]
                continue
            for position in columns:
                if left <= position <= merged.right:
                    cells.setdefault(position, value)


@dataclass(slots=True)
class _Places:
    """How many cells something was seen in, and where first."""

    count: int = 0
    first: str = ""

    def add(self, letters: str, number: int) -> None:
        self.count += 1
        self.first = self.first or f"{letters}{number}"

    def note(self, what: str) -> list[str]:
        return [f"Cells that {what}: {self.count:,}, the first is {self.first}."] if self.count else []
