"""Suggest: who knows what a column means, offline and in milliseconds.

In: the columns of a file with their evidence, what the workspace has learned, its product schema. Out: a field for
every column, each with a confidence and a reason, and the schema that goes with them. Serves the wizard document,
"Step 1 — Upload": learned memory wins; then the vocabulary; what nobody knows is kept under a field of its own name,
and an empty column nobody knows is skipped.

The walk: ``headers`` (text) → ``lexicon`` and ``words_*`` (meanings of words) → ``concepts`` (what they amount to) →
``evidence`` (what the cells say) → ``neighbours`` (what the other columns say) → ``assign`` (one column a concept) →
``field_types``.
``vocabulary`` leads the way.
"""

from collections.abc import Container, Mapping, Sequence

from chalicelib.model.mapping import ALIASES, SKU, Candidate, ColumnSuggestion, Origin, Suggestion
from chalicelib.model.outcomes import ColumnEvidence
from chalicelib.model.product_schema import RESERVED_FIELDS, ProductSchema, SchemaField
from chalicelib.suggest.concepts import CONCEPTS, claims
from chalicelib.suggest.evidence import Facts, observation
from chalicelib.suggest.field_types import type_of
from chalicelib.suggest.headers import is_made_up, normalise_header, slug_of
from chalicelib.suggest.lexicon import read
from chalicelib.suggest.vocabulary import Understood, confidence_of, understand

__all__ = ["concepts_of", "facts_of", "is_made_up", "normalise_header", "suggest"]

_ALIAS_SCORE = 0.85
_POOR_KEY, _PLAIN_KEY = 0.62, 0.94
"""How plainly a header says that it is the key: ``id`` hardly, ``Article number`` plainly."""
_EMPTY_CONFIDENCE = 0.6
_CANDIDATES, _WORTH_NAMING = 3, 0.25
_WORTH_MAPPING = 0.5
"""Share of cells that must fit the type of a field that is there already."""


def suggest(
    columns: Sequence[ColumnEvidence],
    sample_rows: Sequence[Sequence[str]],
    *,
    learned: Mapping[str, str | None],
    schema: ProductSchema,
    row_count: int,
    by_supplier: Container[str] = (),
) -> Suggestion:
    """A field for every column, and the schema that goes with them.

    ``learned`` maps normalised headers to fields, None for columns left out; ``by_supplier`` are those of the headers
    that were learned of the file's own supplier. No two columns get the same field; fields the schema has are reused
    and keep their type; ``row_count`` counts the data rows of the whole file.
    """
    facts = [facts_of(each, sample_rows, row_count) for each in columns]
    remembered = _without_a_poorer_key(facts, _remembered(columns, learned), by_supplier)
    own_fields = _fields_by_header(columns, schema, remembered)
    settled = remembered | own_fields
    concept_of_field = concepts_of(schema)
    taken = frozenset(concept_of_field.get(field, field) for field in settled.values() if field)
    understood = understand(facts, taken=taken, settled=frozenset(settled))
    return _Draft(schema, concept_of_field, {field for field in settled.values() if field}).write(
        understood, remembered, own_fields
    )


def facts_of(column: ColumnEvidence, sample_rows: Sequence[Sequence[str]], row_count: int) -> Facts:
    """What is known of a column's cells; ``row_count`` counts the data rows of the whole file."""
    cells = [row[column.position].strip() if column.position < len(row) else "" for row in sample_rows]
    return Facts(column, cells, row_count)


def _remembered(columns: Sequence[ColumnEvidence], learned: Mapping[str, str | None]) -> dict[int, str | None]:
    """Learned fields by column; the first of two columns remembered under one field has it."""
    found: dict[int, str | None] = {}
    for position, column in enumerate(columns):
        key = normalise_header(column.header)
        if key in learned and (learned[key] is None or learned[key] not in found.values()):
            found[position] = learned[key]
    return found


def _without_a_poorer_key(
    facts: Sequence[Facts], remembered: dict[int, str | None], by_supplier: Container[str]
) -> dict[int, str | None]:
    """What is remembered, without a header that was once the key for want of a better one.

    A workspace that took ``id`` for the key of one file means the ``SKU`` of the next, where that one has both. What
    was learned of this very supplier stands.
    """
    key = next((position for position, field in remembered.items() if field == SKU), None)
    if key is None or normalise_header(facts[key].column.header) in by_supplier:
        return remembered
    if not 0 < _claim_to_key(facts[key]) <= _POOR_KEY:
        return remembered
    better = any(
        position not in remembered and _claim_to_key(each) >= _PLAIN_KEY and not each.empty and not each.repeats
        for position, each in enumerate(facts)
    )
    return {position: field for position, field in remembered.items() if position != key} if better else remembered


def _claim_to_key(facts: Facts) -> float:
    return claims(read(facts.column.header)).get(SKU, 0.0)


def _fields_by_header(
    columns: Sequence[ColumnEvidence], schema: ProductSchema, remembered: Mapping[int, str | None]
) -> dict[int, str]:
    """Columns whose header is the very name of a field the schema has."""
    found: dict[int, str] = {}
    for position, column in enumerate(columns):
        name = slug_of(column.header, ())
        used = {*remembered.values(), *found.values()}
        if name in schema.by_name and name not in used and position not in remembered:
            found[position] = name
    return found


def concepts_of(schema: ProductSchema) -> dict[str, str]:
    """Fields of the schema to the concepts their names stand for, one each: ``manufacturer`` is the brand."""
    found = {name: name for name in schema.by_name if name in CONCEPTS}
    for name in schema.by_name:
        best = max(claims(read(name)).items(), key=lambda each: each[1], default=("", 0.0))
        if name not in found and best[1] >= _ALIAS_SCORE and best[0] not in {*found.values(), *RESERVED_FIELDS}:
            found[name] = best[0]
    return found


class _Draft:
    """A suggestion in the making: which fields exist and which are used."""

    def __init__(self, schema: ProductSchema, concept_of_field: Mapping[str, str], used: set[str]) -> None:
        self._fields = dict(schema.by_name)
        self._field_of_concept = {concept: field for field, concept in concept_of_field.items()}
        self._used = used

    def write(
        self,
        understood: Sequence[Understood],
        remembered: Mapping[int, str | None],
        own_fields: Mapping[int, str],
    ) -> Suggestion:
        columns = [
            self._remember(each, remembered[position])
            if position in remembered
            else self._reuse(each, own_fields[position])
            if position in own_fields
            else self._recognise(each, each.concept)
            if each.concept
            else self._keep(each)
            for position, each in enumerate(understood)
        ]
        return Suggestion(tuple(columns), tuple(self._fields.values()))

    def _remember(self, column: Understood, field: str | None) -> ColumnSuggestion:
        header = column.facts.column.header
        if field is None:
            return ColumnSuggestion(header, None, Origin.MEMORY, 1.0, "You left this column out before.")
        self._add(field, column, field if field in CONCEPTS else None)
        return ColumnSuggestion(header, field, Origin.MEMORY, 1.0, f"You mapped this column to {field} before.")

    def _reuse(self, column: Understood, field: str) -> ColumnSuggestion:
        reason = f"Your schema has a field named {field}."
        return ColumnSuggestion(column.facts.column.header, field, Origin.VOCABULARY, 0.95, reason)

    def _recognise(self, column: Understood, concept: str) -> ColumnSuggestion:
        field = self._field_of_concept.get(concept, concept)
        if self._refuses(field, column):
            return self._keep(column, f"Your schema's {field} is of another type than these cells; ")
        self._add(field, column, concept)
        header, confidence = column.facts.column.header, confidence_of(column)
        reason = _reason(column, concept)
        return ColumnSuggestion(
            header, field, Origin.VOCABULARY, confidence, reason, candidates=self._candidates(column, field)
        )

    def _candidates(self, column: Understood, field: str) -> tuple[Candidate, ...]:
        """The fields a column might be as well, the likeliest first; others may hold them by now."""
        named = ((self._field_of_concept.get(concept, concept), score) for concept, score in column.others)
        return tuple(
            Candidate(other, round(min(0.99, score), 2))
            for other, score in named
            if other != field and score >= _WORTH_NAMING
        )[:_CANDIDATES]

    def _refuses(self, field: str, column: Understood) -> bool:
        """Whether a field is there already, and of a type that most of the cells do not fit: rows would be lost."""
        there = self._fields.get(field)
        return there is not None and column.facts.column.filled > 0 and column.facts.fit(there.type) < _WORTH_MAPPING

    def _keep(self, column: Understood, why: str = "No usual product field fits this column; ") -> ColumnSuggestion:
        header = column.facts.column.header
        if column.facts.empty:
            return ColumnSuggestion(header, None, Origin.HEADER, _EMPTY_CONFIDENCE, "The column is empty.")
        field = slug_of(header, self._used | self._fields.keys() | CONCEPTS.keys() | ALIASES.keys())
        self._add(field, column, None)
        return ColumnSuggestion(
            header,
            field,
            Origin.HEADER,
            confidence_of(column),
            f"{why}it is kept as a field of its own.",
            candidates=self._candidates(column, field),
        )

    def _add(self, field: str, column: Understood, concept: str | None) -> None:
        self._used.add(field)
        if field in self._fields or field in RESERVED_FIELDS:
            return
        header = column.facts.column.header
        description = CONCEPTS[concept].description if concept else f'The column "{header}" of the file.'
        self._fields[field] = SchemaField(
            field, type_of(concept, column.facts, column.reading), description=description
        )


def _reason(column: Understood, concept: str) -> str:
    header = " ".join(column.facts.column.header.split())
    said = f'The header "{header}" says that the column holds {CONCEPTS[concept].holds}'
    if not column.facts.values:
        return f"{said}; no cell was filled to check it by."
    if concept == SKU and column.facts.repeats:
        return f"{said}, but some of its values come again in the rows looked at: check that it is the key."
    seen = observation(concept, column.facts)
    return f"{said}, and {seen}." if seen else f"{said}."
