"""Suggest, the type of a field that nobody described: its name and the texts it came with.

In: a field's name and some of its values as text, or the column of a file that is mapped to it. Out: a key of
``fields.FIELD_TYPES``, or the whole field. The same knowledge as for a column of a file: the name is read like a
header, the values are weighed like cells.
"""

from collections.abc import Sequence
from dataclasses import replace

from chalicelib.fields import column_habit
from chalicelib.formats.evidence import EXAMPLE_CHARACTERS, EXAMPLES, fits
from chalicelib.model.outcomes import ColumnEvidence
from chalicelib.model.product_schema import RESERVED_FIELDS, SchemaField
from chalicelib.suggest.concepts import CONCEPTS
from chalicelib.suggest.evidence import Facts
from chalicelib.suggest.field_types import type_of
from chalicelib.suggest.vocabulary import understand

_LOOKED_AT_CHARACTERS = 1_000


def type_of_values(name: str, texts: Sequence[str], *, locale: str, currency: str) -> str:
    """The field type for these texts (stripped, none blank) under this name."""
    evidence = ColumnEvidence(
        header=name,
        position=0,
        sampled=len(texts),
        filled=len(texts),
        fits=fits(texts, column_habit(texts, locale, currency)),
        unique=None,
        blank_rows=None,
        examples=[text[:EXAMPLE_CHARACTERS] for text in dict.fromkeys(texts)][:EXAMPLES],
    )
    facts = Facts(evidence, [text[:_LOOKED_AT_CHARACTERS] for text in texts], len(texts))
    [understood] = understand([facts], taken=RESERVED_FIELDS, settled=frozenset())
    return type_of(understood.concept, facts, understood.reading)


def field_of_column(name: str, column: ColumnEvidence, *, row_count: int) -> SchemaField:
    """The field a caller maps a column to under a name of their own; ``row_count`` counts the file's data rows."""
    facts = Facts(replace(column, header=name), (), row_count)
    [understood] = understand([facts], taken=RESERVED_FIELDS, settled=frozenset())
    concept = understood.concept
    description = CONCEPTS[concept].description if concept else f'The column "{column.header}" of the file.'
    return SchemaField(name, type_of(concept, facts, understood.reading), description=description)
