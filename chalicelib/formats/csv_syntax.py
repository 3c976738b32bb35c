"""How a CSV is written, told from its beginning: delimiter, quotes, and what stands above its header.

In: the first lines of a file, and what the caller says of them. Out: a `Found`. Each delimiter is tried by really
parsing the lines with it, so quotes are respected. Quotes are taken as CSV has them unless that makes nonsense and
another habit makes none.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from io import TextIOWrapper
from itertools import islice
from typing import IO, BinaryIO, cast

from chalicelib.formats.csv_parser import NO_QUOTES, Syntax, placed_records, records
from chalicelib.formats.encodings import NUL_FOR_BYTES
from chalicelib.formats.header_row import RECORDS, find_header, locate_header
from chalicelib.formats.streams import JoinedStream
from chalicelib.model.outcomes import CsvDialect

DELIMITERS = (",", ";", "\t", "|")
RARE_DELIMITERS = ("^", "~", "\u00a6", ":")
"""Taken only where all records have as many of them, and none of the usual ones parts the records."""

LOOKED_AT_CHARACTERS = 128 * 1024

_EXCEL_HINT = re.compile(r'"?sep=(?P<delimiter>[^\w\s"]|\t)"?[ \t]*(?:\r\n|[\r\n]|\Z)', re.IGNORECASE)
_FITTING = 0.9
"""A tenth of ragged rows is dirt; a delimiter that only stands in some cells misses by more."""
_COMMA_BESIDE_NO_DIGIT = re.compile(r"(?<!\d),|,(?!\d)")
"""Where there is none, commas may be decimal ones."""
_LINE_END = re.compile(r"\r\n|\r|\n")
_INCHES = re.compile(r'\d"')

Placed = Sequence[tuple[int, Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Found:
    """How a file is written.

    Attributes:
        lines_above: lines before the one that is the header, or before blank ones above it.
        has_header: the first record is the header, and no row.
        notes: what a person should know of it.
    """

    syntax: Syntax
    lines_above: int = 0
    has_header: bool = True
    notes: Sequence[str] = field(default_factory=tuple)


def find_syntax(
    text: str,
    *,
    is_whole: bool,
    delimiter: str | None = None,
    quotechar: str | None = None,
    skip_lines: int | None = None,
    has_header: bool | None = None,
) -> Found:
    """How a file that begins with ``text`` is written; what is given is not found out. ``text`` is some whole lines.

    ``skip_lines`` stand above the header, if the file ``has_header``; None finds each of them out.
    """
    skipped = _after_lines(text, skip_lines or 0)
    text = text[skipped:]
    hint = excel_hint(text)
    above = _line_end(text, 0) if hint is not None else 0
    sample = text[above : above + LOOKED_AT_CHARACTERS]
    is_whole = is_whole and len(sample) == len(text) - above
    quotes = '"' if quotechar is None else quotechar
    delimiter = delimiter or hint or sniff_delimiter(sample, quotes, is_whole=is_whole)
    syntax = Syntax(delimiter, quotes)
    notes: list[str] = []
    if quotechar is None:
        syntax, notes = _with_quotes(sample, syntax, is_whole=is_whole)
    lines_above = (skip_lines or 0) + (hint is not None)
    placed = _placed(sample, syntax, is_whole=is_whole)
    cells = [record for _, record in placed]
    found = locate_header(cells, has_header, is_first=skip_lines is not None)
    if found.above:
        lines_above += placed[found.above][0]
    return Found(syntax, lines_above, found.is_there, [*notes, *found.notes])


def excel_hint(text: str) -> str | None:
    """The delimiter a first line ``sep=;`` names, as Excel writes and reads it, or None."""
    found = _EXCEL_HINT.match(text)
    return found["delimiter"] if found else None


def sniff_delimiter(text: str, quotechar: str = '"', *, is_whole: bool = True) -> str:
    """The delimiter of a file that begins with ``text``; a comma when there is a single column."""
    scores = {
        delimiter: _score(_placed(text, Syntax(delimiter, quotechar), is_whole=is_whole)) for delimiter in DELIMITERS
    }
    best = max(DELIMITERS, key=lambda delimiter: scores[delimiter])
    if best == "," and not _COMMA_BESIDE_NO_DIGIT.search(text):
        other = max(DELIMITERS[1:], key=lambda delimiter: scores[delimiter])
        best = other if scores[other][0] == 1.0 else best
    if scores[best][0] < 1.0:
        for rare in RARE_DELIMITERS:
            widths = [len(record) for _, record in _placed(text, Syntax(rare, quotechar), is_whole=is_whole)]
            if len(widths) > 2 and len(set(widths)) == 1 and widths[0] > 2:
                return rare
    return best


def _score(placed: Placed) -> tuple[float, int, int]:
    """How well a delimiter fits: the share of rows that are as long as the header, the columns, and how few rows have
    to stand above the header for it.
    """
    rows = [record for _, record in placed]
    header = find_header(rows)
    if not rows or len(rows[header]) < 2:
        return 0.0, 0, 0
    share = _fitting_share(rows[header:])
    if header and share < _FITTING:
        return 0.0, 0, 0
    return (1.0 if share >= _FITTING else share), len(rows[header]), -header


def _fitting_share(rows: Sequence[Sequence[str]]) -> float:
    width = len(rows[0])
    fitting = sum(len(row) == width or (len(row) > width and not any(row[width:])) for row in rows)
    return fitting / len(rows)


def _placed(text: str, syntax: Syntax, *, is_whole: bool) -> Placed:
    placed = placed_records(text, syntax, RECORDS)
    # The last record of a beginning may be half of one.
    return placed if is_whole or len(placed) in {1, RECORDS} else placed[:-1]


# Quotes ---------------------------------------------------------------------------------------------------------------


def _with_quotes(text: str, syntax: Syntax, *, is_whole: bool) -> tuple[Syntax, list[str]]:
    """The syntax with the quotes that the file plainly has, and a note where they are not the usual ones."""
    usual = [record for _, record in _placed(text, syntax, is_whole=is_whole)]
    if syntax.delimiter in {"'", "\\"}:
        return syntax, []
    single = replace(syntax, quotechar="'")
    if _are_single_quoted(usual) and _is_even([record for _, record in _placed(text, single, is_whole=is_whole)]):
        return single, ["Cells stand in single quotes (quotechar ')."]
    escaped = replace(syntax, escapechar="\\")
    if _escapes(text, syntax) and _is_even([record for _, record in _placed(text, escaped, is_whole=is_whole)]):
        return escaped, ['A quote within quotes is written \\" in this file, and was read so.']
    without = replace(syntax, quotechar=NO_QUOTES)
    if '"' in text and not _is_even(usual) and are_no_quotes(text, without):
        return without, [NO_QUOTES_NOTE]
    return syntax, []


NO_QUOTES_NOTE = (
    'A quote is no quotation mark in this file but a sign like any other (as in 19"), and was read so: say quotechar=" '
    "if that is wrong."
)


def are_no_quotes(text: str, without: Syntax) -> bool:
    """Whether quotes in a text are signs like others: inches are among them, no cell stands in quotes, and without any
    quoting every record is as long as the first.
    """
    placed = placed_records(text, without, len(text))
    rows = [record for _, record in placed]
    quoted = any(len(cell) > 1 and cell[0] == cell[-1] == '"' for row in rows for cell in map(str.strip, row))
    return bool(_INCHES.search(text)) and len(rows) > 1 and not quoted and _is_even(rows)


def quotes_are_signs(stream: IO[bytes], dialect: CsvDialect) -> bool:
    """As `are_no_quotes`, for a whole file and from its header on."""
    syntax = Syntax(dialect.delimiter, NO_QUOTES)
    errors = NUL_FOR_BYTES if dialect.damaged else "strict"
    text = TextIOWrapper(cast(BinaryIO, JoinedStream(b"", stream)), dialect.encoding, errors, newline="")
    lines = islice(text, dialect.header_line - 1, None)
    width, has_inches = 0, False
    for cells in records(lines, syntax):
        stripped = list(map(str.strip, cells))
        if not any(stripped):
            continue
        width = width or len(cells)
        if len(cells) < width or any(cells[width:]):
            return False
        quotes = [cell for cell in stripped if '"' in cell]
        if any(len(cell) > 1 and cell[0] == cell[-1] == '"' for cell in quotes):
            return False
        has_inches = has_inches or any(map(_INCHES.search, quotes))
    return has_inches


def _is_even(rows: Sequence[Sequence[str]]) -> bool:
    """Whether all records are as long as the first, which has columns; no cell goes over lines."""
    return (
        bool(rows)
        and len(rows[0]) > 1
        and _fitting_share(rows) == 1.0
        and not any("\n" in cell or "\r" in cell for row in rows for cell in row)
    )


def _are_single_quoted(rows: Sequence[Sequence[str]]) -> bool:
    """Whether most cells stand in single quotes, whatever they were read by."""
    cells = [cell.strip() for row in rows for cell in row if cell.strip()]
    marks = sum((cell[0] == "'") + (cell[-1] == "'") for cell in cells if len(cell) > 1)
    return bool(cells) and marks > len(cells)


def _escapes(text: str, syntax: Syntax) -> bool:
    """Whether a backslash keeps a quote from ending its cell: a letter follows, where a cell's end would have to."""
    end = re.escape(syntax.delimiter)
    return bool(re.search(rf'(?:^|[{end}\r\n])"[^"\r\n]*\\"[^{end}"\r\n]', text)) and not re.search(
        rf'[^{end}"\r\n]""[^{end}"\r\n]', text
    )


# Above the header -----------------------------------------------------------------------------------------------------


def _after_lines(text: str, count: int) -> int:
    """How many characters the first ``count`` lines take."""
    at = 0
    for _ in range(count):
        at = _line_end(text, at)
    return at


def _line_end(text: str, at: int) -> int:
    found = _LINE_END.search(text, at)
    return found.end() if found else len(text)
