"""How the columns of a file write numbers and dates: the votes of their cells.

In: the cells of a column, a block at a time. Out: one ``Writing`` a column for its numbers and one for its dates, with
what contradicts them. A cell with one reading votes (``0,15`` for the comma), one with two is counted. All blocks are
looked at until a column is decided, of a decided one every eighth. Numbers are counted by their shape, digits but zero
being alike, for there are few shapes in any column.

Serves the shared spec, section 2: values are parsed with the file's evident format.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from typing import Generic, TypeVar

from chalicelib.fields import (
    dates_written,
    day_first_shown,
    decimal_shown,
    numbers_written,
    two_dates,
    two_numbers,
)
from chalicelib.model.outcomes import DecidedBy, Writing

Shown = TypeVar("Shown", str, bool)

EXAMPLE_CHARACTERS = 60
_PROBED_CELLS = 8
_BLOCKS_PASSED_OVER = 7
"""Of a column that is decided, or holds something else, after each block that is looked at."""
_PATIENCE_CELLS = 20_000
"""After so many cells that decide nothing, every fourth block is looked at."""
_BLOCKS_PASSED_OVER_AT_LAST = 3
_SHAPES_PER_BLOCK = 500
_NUMERAL_CHARACTERS = 40
_LIST_CHARACTERS = 200
_BETWEEN_PRICES = re.compile(r"[|;\n]")

_NUMERAL_LIKE = re.compile(r"[^0-9]{0,8}[0-9][0-9.,'\u2019 \u00a0\u202f]{0,30}[^0-9]{0,8}")
_DATE_LIKE = re.compile(r"[0-9]{1,2}([-/.]) ?[0-9]{1,2}\1 ?[0-9]{2}")
_SHAPE = str.maketrans("23456789", "11111111")
_DATE_CHARACTERS = 12
_SEPARATORS = (",", ".", "\uff0c", "\uff0e", "\u066b")
"""Without one of these no number can be read in two ways."""


class Votes(Generic[Shown]):
    """What the cells of one column show, by one question."""

    def __init__(self, shown: Callable[[str], Shown | None], two: Callable[[str], Collection[str] | None]) -> None:
        self._shown: Callable[[str], Shown | None] = shown
        self._two = two
        self._known: dict[str, tuple[Shown | None, bool]] = {}
        self.counts: Counter[Shown | None] = Counter()
        self.ambiguous = 0
        self._examples: dict[Shown | None, str] = {}

    @property
    def blocks_to_pass_over(self) -> int:
        if any(count for shown, count in self.counts.items() if shown is not None):
            return _BLOCKS_PASSED_OVER
        return _BLOCKS_PASSED_OVER_AT_LAST if self.ambiguous > _PATIENCE_CELLS else 0

    def add(self, counted: Counter[str], cell_of: Callable[[str], str]) -> None:
        """More cells, counted by their shape; ``cell_of`` finds one of a shape."""
        for shape, count in counted.most_common(_SHAPES_PER_BLOCK):
            shown, is_ambiguous = self._meaning(shape)
            if shown is None and not is_ambiguous:
                continue
            self.counts[shown] += count
            self.ambiguous += count if is_ambiguous else 0
            if shown not in self._examples:
                self._examples[shown] = printable(cell_of(shape).strip(), EXAMPLE_CHARACTERS)

    def _meaning(self, shape: str) -> tuple[Shown | None, bool]:
        known = self._known.get(shape)
        if known is None:
            text = shape.strip()
            shown = self._shown(text)
            known = shown, shown is None and self._two(text) is not None
            if len(self._known) < _SHAPES_PER_BLOCK * _PROBED_CELLS:
                self._known[shape] = known
        return known

    def weigh(self, written: Writing) -> Writing:
        """What the votes came to, with the cells that tell of it."""
        examples = [cell for shown, cell in self._examples.items() if shown is not None]
        return replace(
            written,
            ambiguous=self.ambiguous,
            example=self._examples.get(None),
            contradictions=tuple(examples) if len(examples) > 1 else (),
        )


class ColumnHabits:
    """How one column writes, as far as its cells were seen."""

    def __init__(self) -> None:
        self._numbers: Votes[str] = Votes(decimal_shown, two_numbers)
        self._days: Votes[bool] = Votes(day_first_shown, two_dates)
        self._pass_over = 0
        self._is_whole = False
        """The last block held numbers without any separator."""

    def add(self, column: Sequence[str]) -> None:
        """A block of cells. Texts that look like neither are passed over after a glance."""
        if self._pass_over:
            self._pass_over -= 1
            return
        if self._is_whole and not _separated("".join(column)):
            return
        probed = list(_probes(column))
        if any(map(_DATE_LIKE.match, probed)):
            self._add_dates(column)
            self._pass_over = self._days.blocks_to_pass_over
        elif 2 * sum(1 for cell in probed if _NUMERAL_LIKE.fullmatch(cell)) > len(probed):
            self._add_numbers(column)
            self._pass_over = self._numbers.blocks_to_pass_over
        elif probed:
            self._pass_over = _BLOCKS_PASSED_OVER

    def look_at(self, cells: Sequence[str]) -> None:
        """The column's part of a sample, which may hold cells of blocks that were passed over."""
        ambiguous = self._numbers.ambiguous, self._days.ambiguous
        parts = (
            part.strip() for cell in cells if len(cell) <= _LIST_CHARACTERS for part in _BETWEEN_PRICES.split(cell)
        )
        self._numbers.add(Counter(part for part in parts if len(part) <= _NUMERAL_CHARACTERS), lambda part: part)
        self._add_dates(cells)
        self._numbers.ambiguous = ambiguous[0] or self._numbers.ambiguous
        self._days.ambiguous = ambiguous[1] or self._days.ambiguous

    @property
    def numbers(self) -> Writing:
        return self._numbers.weigh(numbers_written(self._numbers.counts))

    @property
    def dates(self) -> Writing:
        return self._days.weigh(dates_written(self._days.counts))

    def _add_numbers(self, cells: Sequence[str]) -> None:
        joined = "\n".join(cells)
        self._is_whole = not _separated(joined)
        if self._is_whole:
            return
        if len(joined) > _NUMERAL_CHARACTERS * len(cells):
            cells = [cell for cell in cells if len(cell) <= _NUMERAL_CHARACTERS]
            joined = "\n".join(cells)
        self._numbers.add(Counter(joined.translate(_SHAPE).split("\n")), lambda shape: _of_shape(cells, shape))

    def _add_dates(self, cells: Sequence[str]) -> None:
        self._days.add(Counter(cell.strip()[:_DATE_CHARACTERS] for cell in cells), lambda cell: cell)


def _separated(joined: str) -> bool:
    return any(sign in joined for sign in _SEPARATORS)


def _of_shape(cells: Sequence[str], shape: str) -> str:
    return next((cell for cell in cells if cell.translate(_SHAPE) == shape), shape)


def _probes(column: Sequence[str]) -> Iterator[str]:
    """A few filled cells from all over a column, stripped."""
    cells = [cell for cell in column[:: len(column) // _PROBED_CELLS or 1] if cell]
    if not cells:
        cells = list(filter(None, column))[:_PROBED_CELLS]
    return filter(None, map(str.strip, cells))


def printable(cell: str, characters: int) -> str:
    """A cell to be shown and stored: cut, and without the NUL that PostgreSQL keeps nowhere."""
    return cell[:characters].replace("\0", "\u2400")


def by_the_file(columns: Sequence[Writing]) -> Writing:
    """What the columns of a file that are decided agree on, for those that are not."""
    habits = {each.habit for each in columns if each.by is DecidedBy.COLUMN}
    return Writing(habits.pop(), DecidedBy.FILE) if len(habits) == 1 else Writing()
