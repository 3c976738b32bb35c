"""Which sign stands between the cells of a CSV.

In: the first lines of a file. Out: one of the known delimiters. Each is tried by really parsing the lines with it, so
quotes are respected; the one under which most rows are as long as the header wins.
"""

import csv
import io
import re
from itertools import islice

DELIMITERS = (",", ";", "\t", "|")

_EXCEL_HINT = re.compile(r'"?sep=(?P<delimiter>[^\w\s"]|\t)"?[ \t]*(?:[\r\n]|\Z)', re.IGNORECASE)
_RECORDS = 50
_CHARACTERS = 65_536


def excel_hint(text: str) -> str | None:
    """The delimiter a first line ``sep=;`` names, as Excel writes and reads it, or None."""
    found = _EXCEL_HINT.match(text)
    return found["delimiter"] if found else None


def sniff_delimiter(text: str) -> str:
    """The delimiter of a file that begins with ``text``; a comma when there is a single column."""
    sample = text[:_CHARACTERS]
    scores = {delimiter: _score(sample, delimiter) for delimiter in DELIMITERS}
    return max(DELIMITERS, key=lambda delimiter: scores[delimiter])


def _score(sample: str, delimiter: str) -> tuple[float, int]:
    """How well the delimiter fits: the share of rows that are as long as the header, then the number of columns."""
    records = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
    rows = [row for row in islice(records, _RECORDS) if any(map(str.strip, row))]
    if not rows or len(rows[0]) < 2:
        return 0.0, 0
    header = rows[0]
    fitting = [
        row for row in rows if len(row) == len(header) or (len(row) > len(header) and not any(row[len(header) :]))
    ]
    # A tenth of ragged rows is dirt; a delimiter that only stands in some cells misses by more.
    share = len(fitting) / len(rows)
    return (1.0 if share >= 0.9 else share), len(header)
