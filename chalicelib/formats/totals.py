"""Rows of a table that are no records: totals, remarks at its foot, and titles of sections.

In: a block of rows. Out: the others, and these. They stay rows of the file, counted and refused like any that lacks its
key or its name; but what the columns hold is not told by them. Only what cannot be mistaken is taken for one: at least
half of its cells are blank, and it begins with a word for a total, or holds nothing but a sentence, or nothing but one
text where most rows have four cells and more.
"""

import re
from collections.abc import Sequence
from operator import methodcaller
from statistics import median_low

from chalicelib.formats.header_row import is_data

_TOTALS = frozenset(
    """
    total totals subtotal sub-total grandtotal sum summe gesamt gesamtsumme zwischensumme insgesamt endsumme totaal
    subtotaal somme totale subtotale somma totaux sous-total suma razem ogółem łącznie celkem součet spolu összesen
    mindösszesen skupaj ukupno toplam summa yhteensä totalt итого всего сумма разом усього всичко общо укупно σύνολο
    합계 총계 소계 合計 小計 総計 合计 小计 总计 總計 共計 סה״כ סך-הכל المجموع الإجمالي รวม kopā iš-viso kokku
    """.split()
)
_WORD = re.compile(r"[^\s:.,;(]+")
_WIDTH = 3
_SENTENCE_WORDS = 4
_FILLED = 4
"""Where most rows have so many cells, one with a single text is the title of those below it."""
_blanks = methodcaller("count", "")
_FIGURE = re.compile(r"[^\w]*\d[\d\s.,'’/%-]*[^\d]{0,6}")


class Remarks:
    """Tells titles, totals and remarks from the rows of one file."""

    def __init__(self) -> None:
        self._count = 0
        self._first_row = 0

    def apart(
        self, rows: Sequence[Sequence[str]], first_number: int
    ) -> tuple[Sequence[Sequence[str]], Sequence[Sequence[str]]]:
        """The records among the rows, each as long as the header, and what is none."""
        # Most tables of figures have no blank cell, which is quickly seen.
        if not rows or len(rows[0]) < _WIDTH or all(map(all, rows)):
            return rows, ()
        blank = len(rows[0]) // 2 + len(rows[0]) % 2
        blanks = list(map(_blanks, rows))
        if max(blanks) < blank:
            return rows, ()
        width = len(rows[0])
        one = width - 1 if width - median_low(blanks) >= _FILLED else None
        found = [
            at
            for at, count in enumerate(blanks)
            if count >= blank and (_is_remark(rows[at]) or (count == one and _is_title(rows[at])))
        ]
        if not found:
            return rows, ()
        self._first_row = self._first_row or first_number + found[0]
        self._count += len(found)
        apart = set(found)
        return [row for at, row in enumerate(rows) if at not in apart], [rows[at] for at in found]

    def notes(self) -> list[str]:
        if not self._count:
            return []
        rows = "One row looks" if self._count == 1 else f"{self._count:,} rows look"
        said = f"{rows} like a title, a total or a remark, not like a product; the first is row {self._first_row:,}."
        return [f"{said} What the columns hold is told by the other rows."]


def _is_title(row: Sequence[str]) -> bool:
    """Whether the one cell of a row is a text: no figure, and no code."""
    text = next(filter(None, row)).strip()
    return not is_data(text) and not (len(text.split()) == 1 and any(map(str.isdigit, text)))


def _is_remark(row: Sequence[str]) -> bool:
    cells = [cell for cell in map(str.strip, row) if cell]
    if not cells:
        return False
    first, *others = cells
    word = _WORD.match(first)
    if word is not None and word[0].casefold() in _TOTALS:
        return len(first.split()) <= _WIDTH and all(map(_FIGURE.fullmatch, others))
    if others or row[0].strip() != first:
        return False
    return first[:1] in {"*", "\u2020"} or len(first.split()) > _SENTENCE_WORDS
