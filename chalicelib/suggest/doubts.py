"""Suggest, where the vocabulary is unsure: which columns a model is asked for, and what its answer may change.

In: a file as the vocabulary understands it, and a model's answer, which nobody has to believe. Out: the question, and a
suggestion that has lost nothing of the vocabulary's own. The answer counts only for columns that were asked for, and
only for concepts that the cells bear out: any, where nobody knows the header's words; one that the words speak of,
where they are known; one of the vocabulary's own candidates, where it has a guess. No field is taken from who holds it,
none is given twice, and what a catalogue cannot do without is never given up. An answer that is refuted in much is
worth nothing in the rest. Anything else in it leaves the suggestion as it was.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from chalicelib.model.mapping import EAN, NAME, SKU, ColumnSuggestion, Origin, Suggestion
from chalicelib.model.product_schema import RESERVED_FIELDS, ProductSchema, SchemaField
from chalicelib.suggest import concepts_of, normalise_header
from chalicelib.suggest.concepts import CONCEPTS, spoken_of
from chalicelib.suggest.evidence import MANY, MOST, Facts, bearing
from chalicelib.suggest.field_types import type_of
from chalicelib.suggest.headers import slug_of
from chalicelib.suggest.lexicon import read
from chalicelib.suggest.question import SAMPLE_CHARACTERS, SAMPLES, AskedColumn, ColumnAnswer, Question

SURE = 0.7
"""A suggestion below this is open to a second opinion."""

_LEAST_CONFIDENCE, _MOST_CONFIDENCE = 0.6, 0.9
"""What an answer must be to count, and what it counts for at most: nobody has checked it."""

_CONTRADICTED = -0.05
_REFUTED, _REFUTED_SHARE = 2, 0.3
_FITS_THE_FIELD = 0.5
_ESSENTIAL = (SKU, NAME, EAN, "price")

KNOWN_COLUMNS = 150
"""Other columns that a question names."""

_REASON_CHARACTERS = 160
_ADDRESS = re.compile(r"\S*(?:://|www\.)\S*")
_MARKUP = re.compile(r"<[^<>]*>|[<>`*_\[\]{}#|\\]")

_TYPES_TOLD = ("number", "price", "boolean", "datetime", "url")


@dataclass(frozen=True, slots=True)
class UnderstoodFile:
    """What the vocabulary made of a file: its columns' facts and suggestions in the same order, and the workspace's
    schema as it is.
    """

    facts: Sequence[Facts]
    suggestion: Suggestion
    schema: ProductSchema


def doubtful(file: UnderstoodFile, *, most: int) -> list[int]:
    """The columns to ask for, at most so many: guesses first, then those that nobody knew, in file order."""
    open_ones = [
        position
        for position, (facts, column) in enumerate(zip(file.facts, file.suggestion.columns, strict=True))
        if facts.values and _is_open(column, file.schema)
    ]
    return sorted(open_ones, key=lambda position: file.suggestion.columns[position].origin is Origin.HEADER)[:most]


def question_of(file: UnderstoodFile, asked: Sequence[int]) -> Question:
    """What is asked for these columns."""
    chosen = frozenset(asked)
    others = [each for position, each in enumerate(file.suggestion.columns) if position not in chosen]
    return Question(
        columns=tuple(_asked(file.facts[position], file.suggestion.columns[position]) for position in asked),
        known={each.column: each.field for each in others[:KNOWN_COLUMNS]},
    )


def merge(file: UnderstoodFile, asked: Sequence[int], answers: Sequence[ColumnAnswer]) -> Suggestion:
    """The suggestion, with those answers that hold."""
    wanted = _wanted(file, asked, answers)
    while (refused := _refused(file, wanted)) is not None:
        del wanted[refused]
    if not wanted:
        return file.suggestion
    columns = tuple(
        _answered(column, wanted[position]) if position in wanted else column
        for position, column in enumerate(file.suggestion.columns)
    )
    return replace(file.suggestion, columns=columns, schema=_schema(file, columns, wanted))


def plain(text: str) -> str:
    """A model's words for people: one line of text, without addresses and markup, 160 characters at most."""
    bare = _MARKUP.sub(" ", _ADDRESS.sub(" ", text))
    printable = "".join(letter if letter.isprintable() else " " for letter in bare)
    line = " ".join(printable.split())
    return line if len(line) <= _REASON_CHARACTERS else line[: _REASON_CHARACTERS - 1].rstrip() + "…"


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A field that a column would get, and the concept it stands for."""

    field: str
    concept: str
    answer: ColumnAnswer


def _is_open(column: ColumnSuggestion, schema: ProductSchema) -> bool:
    named_alike = column.field in schema.by_name and slug_of(column.column, ()) == column.field
    if column.field is None or named_alike:
        return False
    unsure = column.origin in {Origin.HEADER, Origin.VOCABULARY} and column.confidence < SURE
    return unsure and _conceivable(column) != frozenset()


def _conceivable(column: ColumnSuggestion) -> frozenset[str] | None:
    """The fields a column may have as far as its header goes: where the vocabulary has a guess, its other candidates;
    where it knows every word, what these speak of. None: any, for nobody knows what the header says.
    """
    candidates = frozenset(each.field for each in column.candidates)
    if column.origin is Origin.VOCABULARY:
        return candidates
    reading = read(column.column)
    return None if reading.unknown or not reading.parts else candidates | spoken_of(reading)


def _asked(facts: Facts, column: ColumnSuggestion) -> AskedColumn:
    guesses = {each.field: each.confidence for each in column.candidates}
    if column.origin is Origin.VOCABULARY and column.field:
        guesses = {column.field: column.confidence, **guesses}
    fits = {name: round(facts.fit(name), 2) for name in _TYPES_TOLD if facts.fit(name) > 0}
    return AskedColumn(
        header=column.column,
        samples=tuple(dict.fromkeys(each[:SAMPLE_CHARACTERS] for each in facts.values))[:SAMPLES],
        candidates=guesses,
        evidence={"fits": fits, "unique": facts.column.unique},
    )


def _wanted(file: UnderstoodFile, asked: Sequence[int], answers: Sequence[ColumnAnswer]) -> dict[int, _Wanted]:
    """By column, what it would get as far as it alone is concerned."""
    surest = sorted(answers, key=lambda each: each.confidence)
    said = {normalise_header(each.header): each for each in surest if each.field in CONCEPTS}
    by_column = {
        position: answer
        for position in asked
        if (answer := said.get(normalise_header(file.suggestion.columns[position].column))) is not None
    }
    if _talks_at_random(file, by_column):
        return {}
    field_of_concept = {concept: field for field, concept in concepts_of(file.schema).items()}
    wanted = {
        position: _Wanted(field_of_concept.get(answer.field, answer.field), answer.field, answer)
        for position, answer in by_column.items()
    }
    return {position: each for position, each in wanted.items() if _may_have(file, position, each)}


def _talks_at_random(file: UnderstoodFile, answers: Mapping[int, ColumnAnswer]) -> bool:
    """Whether so much of an answer is refuted, by the cells or by itself, that the rest is worth nothing."""
    fields = Counter(answer.field for answer in answers.values())
    refuted = sum(
        fields[answer.field] > 1 or not _borne_out(answer.field, file.facts[position])
        for position, answer in answers.items()
    )
    return refuted >= _REFUTED and refuted > len(answers) * _REFUTED_SHARE


def _may_have(file: UnderstoodFile, position: int, wanted: _Wanted) -> bool:
    column, facts = file.suggestion.columns[position], file.facts[position]
    if wanted.answer.confidence < max(_LEAST_CONFIDENCE, column.confidence) or wanted.field == column.field:
        return False
    conceivable = _conceivable(column)
    if conceivable is not None and conceivable.isdisjoint({wanted.field, wanted.concept}):
        return False
    there = file.schema.by_name.get(wanted.field)
    if there is not None and facts.fit(there.type) < _FITS_THE_FIELD:
        return False
    return bool(facts.values) and _borne_out(wanted.concept, facts)


def _borne_out(concept: str, facts: Facts) -> bool:
    """Whether the cells speak for it, where a shape is to be seen, and never against it."""
    shown = _SHOWN.get(concept)
    return bearing(concept, facts) >= _CONTRADICTED and (shown is None or shown(facts))


def _shows_amounts(facts: Facts) -> bool:
    return max(facts.fit("price"), facts.fit("multi_price")) >= MOST


def _shows_moments(facts: Facts) -> bool:
    return facts.fit("datetime") >= MOST


_SHOWN: Mapping[str, Callable[[Facts], bool]] = {
    SKU: lambda facts: facts.column.unique is True,
    EAN: lambda facts: facts.barcode >= MOST,
    NAME: lambda facts: len(facts.values) > 1 or facts.row_count == 1,
    "price": _shows_amounts,
    "sale_price": _shows_amounts,
    "compare_at_price": _shows_amounts,
    "cost_price": _shows_amounts,
    "inventory_count": lambda facts: facts.number >= MOST,
    "weight": lambda facts: facts.number >= MANY,
    "length": lambda facts: facts.number >= MANY,
    "width": lambda facts: facts.number >= MANY,
    "height": lambda facts: facts.number >= MANY,
    "is_active": lambda facts: facts.boolean >= MOST,
    "created_at": _shows_moments,
    "updated_at": _shows_moments,
}
"""What must be seen in the cells before a model is believed."""


def _refused(file: UnderstoodFile, wanted: Mapping[int, _Wanted]) -> int | None:
    """A column that cannot have what it wants, because of the others; None when all can."""
    columns = file.suggestion.columns
    holders = {each.field: position for position, each in enumerate(columns) if each.field and position not in wanted}
    for position in sorted(wanted, key=lambda each: (-wanted[each].answer.confidence, each)):
        if wanted[position].field in holders:
            return position
        holders[wanted[position].field] = position
    given_up = (each for each in sorted(wanted) if columns[each].field in _ESSENTIAL)
    return next((each for each in given_up if columns[each].field not in holders), None)


def _answered(column: ColumnSuggestion, wanted: _Wanted) -> ColumnSuggestion:
    return replace(
        column,
        field=wanted.field,
        origin=Origin.CLAUDE,
        confidence=round(min(wanted.answer.confidence, _MOST_CONFIDENCE), 2),
        reason=plain(wanted.answer.reason) or f"Claude takes it for {CONCEPTS[wanted.concept].holds}.",
        candidates=tuple(each for each in column.candidates if each.field != wanted.field),
    )


def _schema(
    file: UnderstoodFile, columns: Sequence[ColumnSuggestion], wanted: Mapping[int, _Wanted]
) -> tuple[SchemaField, ...]:
    """The fields there are, then those the columns add, each of the type its cells are."""
    offered = {each.name: each for each in file.suggestion.schema}
    fields = dict(file.schema.by_name)
    for position, column in enumerate(columns):
        name = column.field
        if name is None or name in fields or name in RESERVED_FIELDS:
            continue
        if position in wanted:
            facts, concept = file.facts[position], wanted[position].concept
            fields[name] = SchemaField(
                name,
                type_of(concept, facts, read(facts.column.header)),
                description=CONCEPTS[concept].description,
            )
        elif name in offered:
            fields[name] = offered[name]
    return tuple(fields.values())
