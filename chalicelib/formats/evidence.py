"""What the columns of a file hold: the evidence that suggestions of their meaning rest on.

In: the rows of a file, a block at a time. Out: one ColumnEvidence a column. Memory stays bounded however long the file:
a sample of rows spread over it, eight bytes a row for each column that may still be unique, and a few counts of how
each writes its numbers and dates (``habits``). An import reads by these habits: what fits here is what it can read.
"""

import re
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from chalicelib.fields import (
    FIELD_TYPES,
    Habit,
    Parser,
    Unfit,
    day_first_shown,
    decimal_shown,
    habit_of_locale,
    separator_written,
    written_habit,
)
from chalicelib.formats.habits import EXAMPLE_CHARACTERS as COUNTEREXAMPLE_CHARACTERS
from chalicelib.formats.habits import ColumnHabits, by_the_file, printable
from chalicelib.model.outcomes import ColumnEvidence, DecidedBy, Writing

EXAMPLES = 5
EXAMPLE_CHARACTERS = 160
COUNTEREXAMPLES = 3

NEUTRAL = replace(habit_of_locale("en_US", "USD"), locale="sv_SE")
"""Only decides what no cell of the file gives away: somebody can read it. In Sweden that holds for ``499 kr``, too."""

_FEW = 20
"""Different cells of a column up to which all of them are kept."""

_OF_NUMBERS = ("number", "price")
_SPEAKS_FOR_FILE = 0.8
"""Share of a column's cells that must be numbers (or dates) for it to say how the whole file writes them."""

_SAMPLED_CELLS, _FEWEST_ROWS = 60_000, 50
"""Of a file with hundreds of columns fewer rows are looked at closely: somebody waits for the answer."""

_FIRST_SEGMENT_ROWS = 4_000
_LOOKED_AT_FOR_KEYS = 50
_BLANKS_IN_A_KEY = 2
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
        hashes = list(map(hash, values))
        # Most columns repeat a value at once; those that do not are left to the segments.
        if not self._closed_rows and len(set(hashes)) < len(hashes):
            self._give_up()
            return
        self._open.fromlist(hashes)
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
        self._sample = SpreadSample(min(sampled_rows, max(_SAMPLED_CELLS // max(1, len(headers)), _FEWEST_ROWS)))
        self._candidates = {position: UniqueValues() for position in range(len(headers))}
        self._refuted: set[int] = set()
        self._blank = [0] * len(headers)
        self._blank_apart = [0] * len(headers)
        self._habits = [ColumnHabits() for _ in headers]
        self._few: dict[int, set[str]] = {position: set() for position in range(len(headers))}

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
            self._habits[position].add(column)
            if position in self._few:
                self._gather_few(position, column)

    def add_apart(self, rows: Sequence[Sequence[str]]) -> None:
        """More rows, which are totals or remarks: their values count where every row must have its own, and say nothing
        else of the columns.
        """
        for position, column in enumerate(zip(*rows, strict=True)):
            values = [value for value in map(str.strip, column) if value]
            self._blank_apart[position] += len(column) - len(values)
            if position in self._candidates and values:
                self._candidates[position].add(values)
                if not self._candidates[position].unique:
                    self._refuted.add(position)
                    del self._candidates[position]

    def columns(self) -> tuple[ColumnEvidence, ...]:
        """The evidence, once all rows were added."""
        columns = tuple(map(self._column, range(len(self._headers))))
        numbers = by_the_file([each.numbers for each in columns if each.numbers and _speaks(each, _OF_NUMBERS)])
        dates = by_the_file([each.dates for each in columns if each.dates and _speaks(each, ("datetime",))])
        return tuple(self._settled(each, numbers, dates) for each in columns)

    def _gather_few(self, position: int, column: Sequence[str]) -> None:
        """Keep all different cells of a column that has few of them: one of a kind must not hide from the sample."""
        few = self._few[position]
        few.update(column)
        if len(few) > _FEW or any(len(cell) > EXAMPLE_CHARACTERS for cell in few):
            del self._few[position]

    def _watch(self, position: int, column: Sequence[str]) -> None:
        candidate = self._candidates[position]
        values = list(map(str.strip, column))
        if all(values):
            if len(values) == self._rows and _no_key(values):
                del self._candidates[position]
                return
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
        """What the column says by itself."""
        cells = self._cells(position)
        filled = [cell for cell in cells if cell]
        self._habits[position].look_at(filled)
        column = ColumnEvidence(
            header=self._headers[position],
            position=position,
            sampled=len(cells),
            filled=len(filled),
            fits={},
            unique=self._unique(position),
            blank_rows=self._blanks_over_the_file(position),
            distinct=len(set(filled)),
            numbers=self._habits[position].numbers,
            dates=self._habits[position].dates,
            list_separator=separator_written(filled),
            ruined=sum(1 for cell in filled if _RUINED.fullmatch(cell)),
        )
        return _weighed(column, filled)

    def _blanks_over_the_file(self, position: int) -> int:
        """Those of totals and titles count only where nothing but blanks is known: such a column is blank."""
        is_blank = self._blank[position] == self._rows
        return self._blank[position] + (self._blank_apart[position] if is_blank else 0)

    def _settled(self, column: ColumnEvidence, numbers: Writing, dates: Writing) -> ColumnEvidence:
        """The column, by the file's habit where its own cells decide nothing."""
        settled = replace(column, numbers=_decided(column.numbers, numbers), dates=_decided(column.dates, dates))
        if settled == column or not _holds_unclear_cells(column):
            return settled
        return _weighed(settled, [cell for cell in self._cells(column.position) if cell])

    def _cells(self, position: int) -> list[str]:
        """The column's stripped cells in the sample, then those that it lacks where all different ones are known."""
        cells = [row[position].strip() for row in self._sample.rows]
        if missing := self._few.get(position, set()).difference(cells):
            cells += sorted({cell.strip() for cell in missing}.difference(cells, {""}))
        return cells


def _decided(column: Writing | None, file: Writing) -> Writing | None:
    if column is None or column.by is not DecidedBy.LOCALE:
        return column
    return replace(column, habit=file.habit, by=file.by)


def _holds_unclear_cells(column: ColumnEvidence) -> bool:
    return any(each and each.ambiguous for each in (column.numbers, column.dates))


def _speaks(column: ColumnEvidence, types: Sequence[str]) -> bool:
    return max(column.fits[each] for each in types) >= _SPEAKS_FOR_FILE


def _weighed(column: ColumnEvidence, filled: Sequence[str]) -> ColumnEvidence:
    """The column with what its cells are under its habits."""
    assert column.numbers is not None and column.dates is not None
    habit = written_habit(NEUTRAL, column.numbers, column.dates, column.list_separator)
    fitting = fitting_cells(filled, habit)
    return replace(
        column,
        fits=_shares(filled, fitting),
        counterexamples=_counterexamples(filled, fitting),
        examples=_examples(filled, habit),
    )


def _no_key(values: Sequence[str]) -> bool:
    """Whether the first cells of a column are running text or addresses: nobody's keys, and the dearest to compare."""
    looked_at = values[:_LOOKED_AT_FOR_KEYS]
    blanks = sum(value.count(" ") for value in looked_at)
    return blanks > _BLANKS_IN_A_KEY * len(looked_at) or all("://" in value for value in looked_at)


def _blanks(column: Sequence[str]) -> int:
    empty = 0 if all(column) else column.count("")
    return empty + sum(map(str.isspace, column))


def fits(filled: Sequence[str], habit: Habit) -> dict[str, float]:
    """By field type, the share of stripped, not blank cells that parse as it; see `fitting_cells`."""
    return _shares(filled, fitting_cells(filled, habit))


def fitting_cells(filled: Sequence[str], habit: Habit) -> dict[str, set[str]]:
    """By field type, the different cells that parse as it.

    For the two list types a cell counts when it holds two items or more: read as a list of one, every cell would fit.
    What a spreadsheet has rounded to ``4,26E+12`` was a key and counts nothing.
    """
    different = set(filled)
    fitting = {name: _fitting(name, different, habit) for name in FIELD_TYPES}
    fitting["array"] -= fitting["number"] | fitting["price"]  # the comma of 0,15 parts no list
    if any("E+" in text for text in different):
        fitting["number"] -= {text for text in different if _RUINED.fullmatch(text)}
    return fitting


_RUINED = re.compile(r"[0-9](?:[.,][0-9]{1,14})?E\+[01][0-9]")


def _shares(filled: Sequence[str], fitting: Mapping[str, Collection[str]]) -> dict[str, float]:
    counts, cells = Counter(filled), len(filled) or 1
    return {name: round(sum(counts[text] for text in texts) / cells, 4) for name, texts in fitting.items()}


_WORTH_A_COUNTEREXAMPLE = 0.2
_OF_ONE_ITEM = ("number", "boolean", "url", "price", "datetime")


def _counterexamples(filled: Sequence[str], fitting: Mapping[str, Collection[str]]) -> dict[str, tuple[str, ...]]:
    """For the types that a good part of the cells fit, some of the others."""
    different = dict.fromkeys(filled)
    found: dict[str, tuple[str, ...]] = {}
    for name in _OF_ONE_ITEM:
        if _WORTH_A_COUNTEREXAMPLE * len(different) <= len(fitting[name]) < len(different):
            misfits = islice((text for text in different if text not in fitting[name]), COUNTEREXAMPLES)
            found[name] = tuple(printable(text, COUNTEREXAMPLE_CHARACTERS) for text in misfits)
    return found


_NUMERAL = r"(?=.{0,100}\Z)[^\d]*\d"
_MARKS = "-/.\uff0d\uff0f\uff0e\u2212\u2013\u2014"
_POSSIBLE = {
    "number": re.compile(_NUMERAL).match,
    "price": re.compile(rf"\{{|{_NUMERAL}").match,
    "datetime": re.compile(rf"(?=.{{6}})(?=(?:[^{_MARKS}]*[{_MARKS}]){{2}}|.*[^\W\d_]|.*\d{{8}}){_NUMERAL}").match,
    "boolean": re.compile(r".{1,20}\Z").match,
    "url": re.compile(r"(?:\w+:)?//|[^/]+\.[^/]+").match,
    "array": re.compile(r"[|;,\n\[]|\s(?:https?:)?//").search,
    "multi_price": re.compile(r"[|;\n\[{]").search,
}
"""What a cell of a type must have; one that has not need not be parsed to know it."""


def _fitting(name: str, texts: Iterable[str], habit: Habit) -> set[str]:
    parse, is_possible = FIELD_TYPES[name].parser(habit), _POSSIBLE.get(name)
    return {text for text in texts if (is_possible is None or is_possible(text)) and _fits(parse, text)}


def _fits(parse: Parser, text: str) -> bool:
    try:
        value = parse(text)
    except Unfit:
        return False
    return not isinstance(value, list) or len(value) > 1


def _examples(filled: Sequence[str], habit: Habit) -> tuple[str, ...]:
    """Distinct cells in file order, after the ones that show how the column writes its numbers and dates."""
    telling = (
        next((cell for cell in filled if habit.decimal and decimal_shown(cell) == habit.decimal), None),
        next((cell for cell in filled if day_first_shown(cell) is not None), None),
    )
    cells = (cell[:EXAMPLE_CHARACTERS] for cell in (*telling, *dict.fromkeys(filled)) if cell)
    return tuple(islice(dict.fromkeys(cells), EXAMPLES))
