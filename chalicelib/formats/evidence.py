"""What the columns of a file hold: the evidence that suggestions of their meaning rest on.

In: the rows of a file, a block at a time. Out: one ColumnEvidence a column. Memory stays bounded however long the file:
a sample of rows spread over it, and eight bytes a row for each column that may still be unique.
"""

import re
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence

from chalicelib.fields import FIELD_TYPES, Habit, Parser, Unfit, column_habit, day_first_shown, decimal_shown
from chalicelib.model.outcomes import ColumnEvidence

EXAMPLES = 5
EXAMPLE_CHARACTERS = 160

_NEUTRAL_LOCALE, _NEUTRAL_CURRENCY = "en_US", "USD"
"""Only decide what no cell of a column gives away; a column's own cells come first."""

_FIRST_SEGMENT_ROWS = 4_000
_SEGMENT_ROWS = 250_000


class SpreadSample:
    """Rows spread evenly over a file of unknown length: every n-th, with n doubling whenever the sample is full."""

    def __init__(self, rows: int) -> None:
        self._limit = max(2, rows)
        self._stride = 1
        self._seen = 0
        self.rows: list[Sequence[str]] = []

    def add(self, rows: Sequence[Sequence[str]]) -> None:
        self.rows += rows[-self._seen % self._stride :: self._stride]
        self._seen += len(rows)
        while len(self.rows) > self._limit:
            self.rows = self.rows[::2]
            self._stride *= 2


class UniqueValues:
    """Whether every row of a column has a value of its own, by 64-bit hashes of the stripped values.

    Two different values share a hash once in billions of files; the column is then taken for not unique, which is safe.
    Hashes are compared within a block at once, and across blocks a growing segment at a time: small sets stay in the
    processor's cache, and only one large one is ever alive.
    """

    def __init__(self) -> None:
        self.unique = True
        self._segments: list[array[int]] = []
        self._open = array("q")
        self._closed_rows = 0

    def add(self, values: Sequence[str]) -> None:
        """More rows of the column, stripped and not blank."""
        hashes = set(map(hash, values))
        if len(hashes) < len(values):
            self._give_up()
            return
        self._open.fromlist(list(hashes))
        if len(self._open) >= min(_SEGMENT_ROWS, max(_FIRST_SEGMENT_ROWS, 3 * self._closed_rows)):
            self.close_segment()

    def close_segment(self) -> None:
        """Compare the rows since the last call with each other and with all before."""
        values = set(self._open)
        if len(values) < len(self._open) or not all(map(values.isdisjoint, self._segments)):
            self._give_up()
            return
        self._closed_rows += len(self._open)
        self._segments.append(self._open)
        self._open = array("q")

    def _give_up(self) -> None:
        self.unique = False
        self._segments.clear()
        self._open = array("q")


class Evidence:
    """Collects what all columns of one file hold."""

    def __init__(self, headers: Sequence[str], *, sampled_rows: int, uniqueness_rows: int) -> None:
        self._headers = headers
        self._uniqueness_rows = uniqueness_rows
        self._rows = 0
        self._sample = SpreadSample(sampled_rows)
        self._candidates = {position: UniqueValues() for position in range(len(headers))}
        self._refuted: set[int] = set()
        self._blank = [0] * len(headers)

    def add(self, rows: Sequence[Sequence[str]]) -> None:
        """More rows, each exactly as long as the header."""
        if not rows:
            return
        self._rows += len(rows)
        self._sample.add(rows)
        if self._rows > self._uniqueness_rows:
            self._candidates = {}
        for position, column in enumerate(zip(*rows, strict=True)):
            if position in self._candidates:
                self._watch(position, column)
            else:
                self._blank[position] += _blanks(column)

    def columns(self) -> tuple[ColumnEvidence, ...]:
        """The evidence, once all rows were added."""
        return tuple(map(self._column, range(len(self._headers))))

    def _watch(self, position: int, column: Sequence[str]) -> None:
        candidate = self._candidates[position]
        values = list(map(str.strip, column))
        if all(values):
            candidate.add(values)
        else:
            candidate.unique = False
            self._blank[position] += values.count("")
        if not candidate.unique:
            self._refuted.add(position)
            del self._candidates[position]

    def _unique(self, position: int) -> bool | None:
        if position in self._refuted or self._blank[position]:
            return False
        candidate = self._candidates.get(position)
        if candidate is None or not self._rows:
            return None
        candidate.close_segment()
        return candidate.unique

    def _column(self, position: int) -> ColumnEvidence:
        cells = [row[position].strip() for row in self._sample.rows]
        filled = [cell for cell in cells if cell]
        habit = column_habit(filled, _NEUTRAL_LOCALE, _NEUTRAL_CURRENCY)
        return ColumnEvidence(
            header=self._headers[position],
            position=position,
            sampled=len(cells),
            filled=len(filled),
            fits=fits(filled, habit),
            unique=self._unique(position),
            blank_rows=self._blank[position],
            examples=_examples(filled, habit),
        )


def _blanks(column: Sequence[str]) -> int:
    empty = 0 if all(column) else column.count("")
    return empty + sum(map(str.isspace, column))


def fits(filled: Sequence[str], habit: Habit) -> dict[str, float]:
    """By field type, the share of stripped, not blank cells that parse as it.

    For the two list types a cell counts when it holds two items or more: read as a list of one, every cell would fit.
    """
    if not filled:
        return dict.fromkeys(FIELD_TYPES, 0.0)
    counts = Counter(filled)
    fitting = {name: _fitting(name, counts, habit) for name in FIELD_TYPES}
    fitting["array"] -= fitting["number"] | fitting["price"]  # the comma of 0,15 parts no list
    return {name: round(sum(counts[text] for text in texts) / len(filled), 4) for name, texts in fitting.items()}


_SEVERAL = {"array": re.compile(r"[|;,\[]"), "multi_price": re.compile(r"[|;\n\[]")}
"""A cell without any of these holds one item, and need not be parsed to know it."""


def _fitting(name: str, texts: Iterable[str], habit: Habit) -> set[str]:
    parse, several = FIELD_TYPES[name].parser(habit), _SEVERAL.get(name)
    return {text for text in texts if (several is None or several.search(text)) and _fits(parse, text)}


def _fits(parse: Parser, text: str) -> bool:
    try:
        value = parse(text)
    except Unfit:
        return False
    return not isinstance(value, list) or len(value) > 1


def _examples(filled: Sequence[str], habit: Habit) -> tuple[str, ...]:
    """Distinct cells in file order, after the ones that show how the column writes its numbers and dates.

    Cells that show the opposite are left out, so that the habit can be told from the examples alone.
    """
    telling = (
        next((cell for cell in filled if decimal_shown(cell) == habit.decimal), None),
        next((cell for cell in filled if day_first_shown(cell) == habit.day_first), None),
    )
    examples: dict[str, None] = {}
    for cell in (*telling, *dict.fromkeys(filled)):
        if len(examples) == EXAMPLES:
            break
        if cell and decimal_shown(cell) in {None, habit.decimal} and day_first_shown(cell) in {None, habit.day_first}:
            examples[cell[:EXAMPLE_CHARACTERS]] = None
    return tuple(examples)
