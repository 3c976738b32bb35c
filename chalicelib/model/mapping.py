"""What a column is taken to mean: learned, suggested or confirmed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from chalicelib.model.product_schema import SchemaField

SKU = "sku"
NAME = "name"
EAN = "ean"


class Origin(StrEnum):
    """Who suggested a column's meaning."""

    MEMORY = "memory"
    VOCABULARY = "vocabulary"
    CLAUDE = "claude"
    HEADER = "header"
    """Nobody knew it: kept under a field of the header's own name, or skipped."""


@dataclass(frozen=True, slots=True)
class ColumnSuggestion:
    """What one column is taken for. ``field`` None means skip; ``confidence`` is 0 to 1."""

    column: str
    field: str | None
    origin: Origin
    confidence: float
    reason: str


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
