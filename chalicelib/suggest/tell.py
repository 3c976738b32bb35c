"""Suggest, what a person is told beside a field: the type its cells are read as, how many fit, which do not.

In: a suggestion and the evidence of its columns in the same order. Out: the suggestion with both together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from chalicelib.fields import Habit
from chalicelib.model.mapping import CURRENCY, ColumnSuggestion, Suggestion
from chalicelib.model.outcomes import ColumnEvidence
from chalicelib.model.product_schema import RESERVED_FIELDS
from chalicelib.suggest.unclear import unclear, unclear_currency

COUNTEREXAMPLES, COUNTEREXAMPLE_CHARACTERS = 3, 60
CANDIDATES = 3


def tell(suggestion: Suggestion, columns: Sequence[ColumnEvidence], by_locale: Habit) -> Suggestion:
    """The suggestion with what speaks for and against each column's type; a thousand columns stay a small answer.

    ``by_locale``: how the workspace's locale writes.
    """
    types = {each.name: each.type for each in suggestion.schema}
    pairs = list(zip(suggestion.columns, columns, strict=True))
    several = next(
        (each.column for each, evidence in pairs if each.field == CURRENCY and (evidence.distinct or 0) > 1), None
    )
    told = (_told(each, evidence, types, by_locale, several) for each, evidence in pairs)
    return replace(suggestion, columns=tuple(told))


def _told(
    column: ColumnSuggestion,
    evidence: ColumnEvidence,
    types: Mapping[str, str],
    by_locale: Habit,
    several_currencies: str | None,
) -> ColumnSuggestion:
    candidates = column.candidates[:CANDIDATES]
    if column.field is None:
        return replace(column, candidates=candidates)
    kind = "string" if column.field in RESERVED_FIELDS else types.get(column.field, "string")
    against = evidence.counterexamples.get(kind, ())[:COUNTEREXAMPLES]
    habits = (unclear(evidence, kind, by_locale), unclear_currency(evidence, kind, several_currencies, by_locale))
    return replace(
        column,
        type=kind,
        fits=round(_share(evidence, kind), 4) if evidence.filled else None,
        counterexamples=tuple(each[:COUNTEREXAMPLE_CHARACTERS] for each in against),
        candidates=candidates,
        habit=" ".join(filter(None, habits)) or None,
    )


def _share(evidence: ColumnEvidence, kind: str) -> float:
    """Any cell is a text and a list of one: what the evidence counts there are lists of several."""
    return 1.0 if kind in {"string", "array"} else evidence.fits.get(kind, 0.0)
