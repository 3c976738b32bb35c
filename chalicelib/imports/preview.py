"""The first rows of a dry run as a person reads them: what would be done with each, and what it would change.

In: the rows of a chunk and what became of them, with the products as they stand before. Out: `PreviewRow` s, their
values as the products API prints them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from chalicelib.fields import FIELD_TYPES, JsonValue
from chalicelib.imports.file_rows import FileRow
from chalicelib.imports.imagined import ImaginedCatalogue
from chalicelib.imports.plan import ImportPlan
from chalicelib.imports.rows import Converted, Refused, row_explainer, text_reader
from chalicelib.imports.work import ChunkWork, StoredCatalogue
from chalicelib.model.mapping import EAN, NAME
from chalicelib.model.outcomes import Change, PreviewRow, RowAction
from chalicelib.store import products

_PRICE = "price"


@dataclass(frozen=True, slots=True)
class _Shown:
    """A product as it stands before a row."""

    name: str
    ean: str | None
    data: Mapping[str, Any]


@dataclass(slots=True)
class Preview:
    """The first rows of a file, gathered a chunk at a time."""

    plan: ImportPlan
    most: int
    rows: list[PreviewRow] = field(default_factory=list)
    _written: dict[str, _Shown] = field(default_factory=dict)
    _ean_of: Callable[[Sequence[str]], str] = field(init=False)

    def __post_init__(self) -> None:
        self._ean_of = text_reader(self.plan.rows, EAN)

    def add(
        self, stored: StoredCatalogue, catalogue: ImaginedCatalogue, rows: Sequence[FileRow], work: ChunkWork
    ) -> None:
        """More rows, before the catalogue is told that they are written."""
        wanted = rows[: self.most - len(self.rows)]
        if not wanted:
            return
        explain = row_explainer(self.plan.rows)
        changed = {row.number: made for row, made in work.changed}
        refused, skipped = set(work.refused), set(work.skipped)
        read = {row.number: changed.get(row.number) or explain(row.cells) for row in wanted}
        made = {number: each for number, each in read.items() if isinstance(each, Converted)}
        owners = catalogue.ean_owners([each.ean for each in made.values() if each.ean])
        before = self._before(stored, [self._sku_of(each, owners) for each in made.values()])
        for row in wanted:
            each = read[row.number]
            if row.number in refused or isinstance(each, Refused):
                self.rows.append(self._bad(row))
            elif row.number in changed:
                self.rows.append(self._change(row, each, before, is_there=catalogue.is_there(each.sku)))
            else:
                action = RowAction.SKIP if row.number in skipped else RowAction.UNCHANGED
                sku = self._sku_of(each, owners)
                self.rows.append(self._row(row, action, sku, each, before.get(sku)))

    def _sku_of(self, made: Converted, owners: Mapping[str, str]) -> str:
        """The sku of the product a row belongs to."""
        return owners.get(made.ean, made.sku) if made.ean and self.plan.matches_by_ean else made.sku

    def _before(self, stored: StoredCatalogue, skus: Sequence[str]) -> dict[str, _Shown]:
        found = products.by_skus(stored.cursor, stored.job.workspace_id, skus)
        there = {sku: _Shown(product.name, product.ean, product.data) for sku, product in found.items()}
        return there | {sku: self._written[sku] for sku in skus if sku in self._written}

    def _change(self, row: FileRow, made: Converted, before: Mapping[str, _Shown], *, is_there: bool) -> PreviewRow:
        old = before.get(made.sku) if is_there else None
        new = self._after(made, old)
        self._written[made.sku] = new
        if old is None:
            return self._row(row, RowAction.CREATE, made.sku, made, None)
        return self._row(row, RowAction.UPDATE, made.sku, made, old, self._changes(old, new))

    def _after(self, made: Converted, old: _Shown | None) -> _Shown:
        """The product as a row leaves it, by the same rules as ``products.upsert``."""
        if old is None:
            return _Shown(made.name or "", made.ean, made.data)
        cleared = () if self.plan.keeps_blanks else self.plan.data_fields
        kept = {name: value for name, value in old.data.items() if name not in cleared}
        clears_ean = self.plan.rows.has_ean and not self.plan.keeps_blanks
        ean = made.ean if clears_ean else (made.ean or old.ean)
        return _Shown(made.name or old.name, ean, {**kept, **made.data})

    def _changes(self, old: _Shown, new: _Shown) -> dict[str, Change]:
        told = {NAME: Change(old.name, new.name)}
        if EAN not in self.plan.data_fields:
            told[EAN] = Change(old.ean, new.ean)
        told |= {
            name: Change(self._show(name, old.data.get(name)), self._show(name, new.data.get(name)))
            for name in self.plan.data_fields
        }
        return {name: change for name, change in told.items() if _json(change.before) != _json(change.after)}

    def _show(self, name: str, stored: JsonValue) -> JsonValue:
        column = self.plan.rows.column_of(name)
        if stored is None or column is None or not column.type:
            return stored
        return FIELD_TYPES[column.type].show(stored)

    def _row(
        self,
        row: FileRow,
        action: RowAction,
        sku: str | None,
        made: Converted,
        old: _Shown | None,
        changes: Mapping[str, Change] | None = None,
    ) -> PreviewRow:
        return PreviewRow(
            row_number=row.number,
            action=action,
            sku=sku,
            ean=self._ean_of(row.cells) if made.ean else None,
            name=made.name or (old.name if old else None),
            price=self._price(made),
            changes=changes or {},
        )

    def _bad(self, row: FileRow) -> PreviewRow:
        """A bad row in its own words, before any steps."""
        return PreviewRow(row.number, RowAction.ERROR, row.key, self._cell(EAN, row), self._cell(NAME, row), None)

    def _cell(self, name: str, row: FileRow) -> str | None:
        column = self.plan.rows.column_of(name)
        text = row.cells[column.position].strip() if column and column.position < len(row.cells) else ""
        return text.replace("\0", "\u2400") or None

    def _price(self, made: Converted) -> JsonValue:
        """The row's price: of the field with that name, else of the first price there is."""
        fields = [column.field for column in self.plan.rows.columns if column.type == _PRICE]
        named = [name for name in (_PRICE, *fields) if name in fields and name in made.data]
        value = made.data[named[0]] if named else None
        return value["amount"] if isinstance(value, dict) else None


def _json(value: JsonValue) -> bytes:
    return orjson.dumps(value, default=str, option=orjson.OPT_SORT_KEYS)
