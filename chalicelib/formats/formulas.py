"""Cells that a spreadsheet would take for a formula, and the apostrophe that keeps it from doing so.

In: the text of one cell. Out: the same text, with an apostrophe before it where a spreadsheet would calculate; and
back. The two are each other's inverse on every text, so a file that is known to be escaped gives back what went in.

Dangerous are, after OWASP's "CSV Injection": = + - @ TAB CR LF and their full-width twins, also behind blanks, quotes
and characters that are not seen.
"""

import re

_BEFORE = "['\"\\s\\0\ufeff\u200b\u200e\u200f]*"
_FORMULA = re.compile(f"{_BEFORE}[=+\\-@\uff1d\uff0b\uff0d\uff20\\t\\r\\n]")
"""The apostrophe itself may stand before: so an escaped cell is dangerous too, and escaping can be undone."""

_NUMERAL = re.compile(r"-[0-9]+(?:\.[0-9]+)?(?: [A-Z]{3})?")


def escape(cell: str) -> str:
    """The cell, made harmless."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def escape_texts(cell: str) -> str:
    """Like `escape`, but a negative number or price is no formula and stays a number for whoever reads it."""
    return cell if _NUMERAL.fullmatch(cell) else escape(cell)


def unescape(cell: str) -> str:
    """What `escape` was given. A cell that was never escaped stays as it is."""
    return cell[1:] if cell[:1] == "'" and _FORMULA.match(cell, 1) else cell
