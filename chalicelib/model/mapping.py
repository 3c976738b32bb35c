"""What a column is taken to mean: learned, suggested or confirmed."""

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from enum import StrEnum
from typing import Any

from chalicelib.model.product_schema import SchemaField

SKU = "sku"
NAME = "name"
EAN = "ean"
CURRENCY = "currency"
"""The field that says what the prices of a row are in."""

ALIASES = {"title": NAME, "brand_name": "brand"}
"""The v1 words for fields that the engine calls otherwise. Either word is understood; answers have the v1 word. A field
of such a name could not be told from the other, so none is suggested.
"""


class Origin(StrEnum):
    """Who suggested a column's meaning."""

    MEMORY = "memory"
    VOCABULARY = "vocabulary"
    CLAUDE = "claude"
    HEADER = "header"
    """Nobody knew it: kept under a field of the header's own name, or skipped."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What a column was confirmed as. ``field`` None means skip; ``transforms`` are its steps, as JSON has them."""

    field: str | None
    transforms: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A field that a column might be as well; ``confidence`` is 0 to 1."""

    field: str
    confidence: float


@dataclass(frozen=True, slots=True)
class ColumnSuggestion:
    """What one column is taken for, and what speaks for and against it.

    Attributes:
        field: None means skip.
        confidence: 0 to 1.
        reason: a sentence for people.
        type: the field's type, a key of ``fields.FIELD_TYPES``; None for a column that is skipped.
        fits: share (0 to 1) of the filled cells looked at that are of this type; None where none was filled.
        counterexamples: up to three cells that are not, cut short.
        candidates: up to three next fields, the likeliest first.
        habit: how the cells are read that can be read in two ways, where nothing in the file decided it.
        transforms: the steps its cells go through, as learned.
    """

    column: str
    field: str | None
    origin: Origin
    confidence: float
    reason: str
    type: str | None = None
    fits: float | None = None
    counterexamples: Sequence[str] = ()
    candidates: Sequence[Candidate] = ()
    habit: str | None = None
    transforms: Sequence[Mapping[str, Any]] = ()


_TOLD_SINCE: Mapping[str, Any] = {
    each.name: [] if each.default == () else each.default
    for each in fields(ColumnSuggestion)
    if each.default is not MISSING
}


def suggested_columns(stored: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The columns of a suggestion that a job keeps, also from before all of this was told of a column.

    The store keeps no order of names: they are told in that of ``ColumnSuggestion``.
    """
    names = [each.name for each in fields(ColumnSuggestion)]
    told = [{**_TOLD_SINCE, **column} for column in stored.get("columns", ())]
    return [{name: column[name] for name in names if name in column} for column in told]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One suggestion a column, in file order, and the schema that goes with them (existing fields plus the new
    ones).
    """

    columns: Sequence[ColumnSuggestion] = ()
    schema: Sequence[SchemaField] = field(default_factory=tuple)

    @property
    def mapping(self) -> dict[str, str | None]:
        """Header to field, as the wizard prints it."""
        return {each.column: each.field for each in self.columns}
