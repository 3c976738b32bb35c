"""Suggest: who knows what a column means, offline (wizard document, "Step 1")."""

from collections.abc import Mapping, Sequence

from chalicelib.model.mapping import ColumnSuggestion, Origin, Suggestion
from chalicelib.model.outcomes import ColumnEvidence
from chalicelib.model.product_schema import ProductSchema, SchemaField
from chalicelib.suggest.headers import normalise_header, slug_of

__all__ = ["normalise_header", "suggest"]

_KNOWN = {"sku": "sku", "name": "name", "title": "name"}


def suggest(
    columns: Sequence[ColumnEvidence],
    sample_rows: Sequence[Sequence[str]],
    *,
    learned: Mapping[str, str | None],
    schema: ProductSchema,
    row_count: int,
) -> Suggestion:
    """A field for every column, and the schema that goes with them."""
    fields = {each.name: each for each in schema.fields}
    taken: set[str] = set()
    found: list[ColumnSuggestion] = []
    for column in columns:
        key = normalise_header(column.header)
        if key in learned and (learned[key] is None or learned[key] not in taken):
            name, origin = learned[key], Origin.MEMORY
        elif _KNOWN.get(key, "") not in {*taken, ""}:
            name, origin = _KNOWN[key], Origin.VOCABULARY
        elif not column.filled:
            name, origin = None, Origin.HEADER
        else:
            name, origin = key if key in fields and key not in taken else slug_of(column.header, {*taken, *fields}), Origin.HEADER
        if name is not None:
            taken.add(name)
            if name not in fields and name not in {"sku", "name"}:
                fields[name] = SchemaField(name, "string")
        found.append(ColumnSuggestion(column.header, name, origin, 0.5, "By its header."))
    return Suggestion(tuple(found), tuple(fields.values()))
