"""CSV that goes out: rows become pieces of a file for spreadsheets and for our own importer.

In: a header and rows of texts, as an iterator. Out: bytes, a piece at a time: UTF-8 with a byte order mark (Excel asks
for one, our reader takes it off), comma, CRLF. Memory: one piece.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence

from chalicelib.formats.formulas import escape

CSV_MEDIA_TYPE = "text/csv; charset=utf-8"

_PIECE_CHARACTERS = 64 * 1024
_BYTE_ORDER_MARK = "\ufeff"

REPORT_COLUMNS = ("error", "row_number", "line", "job_id")
"""The last columns of a report of bad rows. A file that has them in this order is one: its cells are unescaped."""


def csv_pieces(
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    escaped: Callable[[str], str] = escape,
    piece_characters: int = _PIECE_CHARACTERS,
) -> Iterator[bytes]:
    """The file in pieces, each a few rows over ``piece_characters`` long; ``escaped`` makes a cell harmless."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    text.write(_BYTE_ORDER_MARK)
    writer.writerow(map(escaped, header))
    for row in rows:
        writer.writerow(map(escaped, row))
        if text.tell() >= piece_characters:
            yield _taken(text)
    yield _taken(text)


def _taken(text: io.StringIO) -> bytes:
    piece = text.getvalue().encode()
    text.seek(0)
    text.truncate()
    return piece


def report_position(header: Sequence[str]) -> int | None:
    """Where the columns of a report of bad rows begin in a header, or None when the file is none."""
    width = len(REPORT_COLUMNS)
    names = tuple(map(str.strip, header))
    # From the end: a file of somebody else's may have columns of these names before ours.
    return next((at for at in range(len(names) - width, -1, -1) if names[at : at + width] == REPORT_COLUMNS), None)
