"""The parser of CSV: Python's own ``csv`` reader, for both directions, and where its records stand in a text.

In: lines of text, and how they are written (`Syntax`). Out: records. Nothing is decided here: how a file is written is
found out in ``csv_syntax``.
"""

import csv
import io
import re
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

NO_QUOTES = ""
"""The quotechar of a file in which a quote is a sign like any other."""


@dataclass(frozen=True, slots=True)
class Syntax:
    """How the cells of a CSV are written. ``quotechar`` may be NO_QUOTES; ``escapechar`` is a backslash or empty."""

    delimiter: str = ","
    quotechar: str = '"'
    escapechar: str = ""


class Records(Protocol):
    """What ``csv.reader`` makes: records, and how many lines it took to read them."""

    @property
    def line_num(self) -> int: ...
    def __iter__(self) -> Iterator[list[str]]: ...
    def __next__(self) -> list[str]: ...


def records(lines: Iterable[str], syntax: Syntax) -> Records:
    """The records of some lines, which keep their ends."""
    if syntax.quotechar == NO_QUOTES:
        return csv.reader(lines, delimiter=syntax.delimiter, quoting=csv.QUOTE_NONE)
    return csv.reader(
        lines, delimiter=syntax.delimiter, quotechar=syntax.quotechar, escapechar=syntax.escapechar or None
    )


def placed_records(text: str, syntax: Syntax, most: int) -> list[tuple[int, list[str]]]:
    """The first records of a text that are not blank, each with the number of lines before it."""
    reader = records(io.StringIO(text, newline=""), syntax)
    found: list[tuple[int, list[str]]] = []
    line = 0
    for cells in reader:
        if any(map(str.strip, cells)):
            found.append((line, cells))
            if len(found) == most:
                break
        line = reader.line_num
    return found


def positions(text: str, syntax: Syntax, counts: Sequence[int]) -> list[tuple[int, int]]:
    """For each of some ascending numbers of records: how many characters and lines of ``text`` they take."""
    if not counts:
        return []
    lines = io.StringIO(text, newline="")
    reader = records(lines, syntax)
    places: list[tuple[int, int]] = []
    passed = 0
    for count in counts:
        deque(islice(reader, count - passed), maxlen=0)
        passed = count
        places.append((lines.tell(), reader.line_num))
    return places


def open_quote_line(text: str, syntax: Syntax) -> int:
    """How many line ends of ``text`` come before the quote that is still open at its end; ``text`` begins a record."""
    field_end = re.compile(f"[{re.escape(syntax.delimiter)}\\r\\n]")
    at, opened = 0, 0
    while at < len(text) and syntax.quotechar:
        if text[at] == syntax.quotechar:
            opened, at = at, _after_closing_quote(text, at + 1, syntax)
        found = field_end.search(text, at) if at >= 0 else None
        if found is None:
            break
        at = found.end()
    return len(re.findall(r"\r\n|\r|\n", text[:opened]))


def _after_closing_quote(text: str, at: int, syntax: Syntax) -> int:
    """Where the quoted text that goes on at ``at`` has ended, or -1 when it has not."""
    quote = syntax.quotechar
    while (at := text.find(quote, at)) >= 0:
        if syntax.escapechar and text[at - 1] == syntax.escapechar:
            at += 1
        elif text[at + 1 : at + 2] != quote:
            return at + 1
        else:
            at += 2
    return -1


_reader_count = 0
_default_limit = 0
_limit_lock = threading.Lock()


@contextmanager
def unlimited_cells() -> Iterator[None]:
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
