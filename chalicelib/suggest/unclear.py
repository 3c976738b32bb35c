"""Suggest, what a person is told of cells that can be read in two ways: nothing is read so without a word.

In: how a column writes, the type it is read as, the habit of the workspace's locale. Out: a sentence, or none where the
column or the file decides. Serves the shared spec, section 2: values are parsed with the tenant's locale and the file's
evident format.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from chalicelib.fields import (
    DAY,
    FIELD_TYPES,
    Habit,
    Parser,
    Unfit,
    currency_named,
    two_dates,
    two_numbers,
    written_habit,
)
from chalicelib.formats.evidence import NEUTRAL
from chalicelib.model.mapping import Suggestion
from chalicelib.model.outcomes import ColumnEvidence, DecidedBy, Writing

_OF_NUMBERS = frozenset({"number", "price", "multi_price"})


_FIRST_READINGS = frozenset({".", DAY})


def unclear(evidence: ColumnEvidence, kind: str, by_locale: Habit) -> str | None:
    """How the cells of a column are read that can be read in two ways, where neither column nor file decides."""
    if kind in _OF_NUMBERS and evidence.numbers:
        first = {".": True, ",": False, None: None}[by_locale.decimal]
        return _told(evidence.numbers, two_numbers(evidence.numbers.example or ""), first, by_locale.locale)
    if kind == "datetime" and evidence.dates:
        return _told(evidence.dates, two_dates(evidence.dates.example or ""), by_locale.day_first, by_locale.locale)
    return None


def as_read_by(by_locale: Habit, evidence: ColumnEvidence) -> ColumnEvidence:
    """The evidence as the workspace reads the column. The analysis knew no locale: what only another locale can read
    (``499 kr``, ``03/04/2026``) would be refused in every row.
    """
    if evidence.numbers is None or evidence.dates is None:
        return evidence
    by_locale = replace(by_locale, currency=currency_named(evidence.header, by_locale) or by_locale.currency)
    here, anywhere = (
        written_habit(locale, evidence.numbers, evidence.dates, evidence.list_separator)
        for locale in (by_locale, NEUTRAL)
    )
    less: dict[str, float] = {}
    for kind in _BY_LOCALE:
        read = _read(evidence.examples, kind, anywhere) if evidence.fits.get(kind) else 0
        if read and (read_here := _read(evidence.examples, kind, here)) < read:
            less[kind] = round(evidence.fits[kind] * read_here / read, 4)
    return replace(evidence, fits={**evidence.fits, **less}) if less else evidence


_BY_LOCALE = ("number", "price", "multi_price", "datetime")


def _read(examples: Sequence[str], kind: str, habit: Habit) -> int:
    """How many cells are of a type; at least the shares of two habits compare, also where examples are cut."""
    parse = FIELD_TYPES[kind].parser(habit)
    return sum(_is_read(parse, text) for text in examples)


def _is_read(parse: Parser, text: str) -> bool:
    try:
        parse(text)
    except Unfit:
        return False
    return True


def unclear_currency(evidence: ColumnEvidence, kind: str, several: str | None, by_locale: Habit) -> str | None:
    """What is told of prices without a currency beside a column (``several``) in which rows name different ones."""
    if kind != "price" or several is None or currency_named(evidence.header, by_locale):
        return None
    if not all(map(_BARE_AMOUNT, evidence.examples)):
        return None
    return (
        f'The rows name several currencies in "{several}" and these cells none: all are taken for '
        f"{by_locale.currency}, unless a concat step adds each row's own."
    )


_BARE_AMOUNT = re.compile(r"[\d\s.,'+-]*").fullmatch


def habit_notes(suggestion: Suggestion) -> list[str]:
    """The notes a job gets on columns whose cells can be read in two ways."""
    return [f'Column "{each.column}": {each.habit}' for each in suggestion.columns if each.habit]


def _told(writing: Writing, readings: tuple[str, str] | None, first: bool | None, locale: str) -> str | None:
    """``first``: whether the locale takes the first reading; None: it takes neither."""
    if readings is None or not writing.ambiguous:
        return None
    both = f'"{writing.example}" can be read as {readings[0]} or as {readings[1]}'
    if writing.by is DecidedBy.MIXED:
        one, other = writing.contradictions
        return f'{both}, and the column writes both ways ("{one}", "{other}"): such cells are refused.'
    if writing.by is DecidedBy.FILE:
        read = readings[0 if writing.habit in _FIRST_READINGS else 1]
        return f"{both}, and the column does not say which: it is read as {read}, as the file's other columns write."
    if writing.by is not DecidedBy.LOCALE:
        return None
    if first is None:
        return f"{both}, and neither the file nor the locale says which: such cells are refused."
    return f"{both}, and nothing in the file says which: it is read as {readings[0 if first else 1]}, as in {locale}."
