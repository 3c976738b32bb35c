"""The plan of a job: everything its chunks convert and write by, frozen at confirm and stored with the job."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import orjson

from chalicelib.fields import column_habit
from chalicelib.imports.rows import RULES, ColumnPlan, RowPlan
from chalicelib.model.import_job import MatchOn
from chalicelib.model.mapping import EAN, NAME, SKU
from chalicelib.model.product_schema import ProductSchema


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """How a job's rows become products.

    Attributes:
        rows: how cells are converted.
        keys_are_unique: the analysis saw every key of the file once, so no row can push out another.
        data_fields: the schema fields this file speaks of; they are replaced, others stay.
    """

    rows: RowPlan
    keys_are_unique: bool
    data_fields: Sequence[str]

    @property
    def sku_position(self) -> int | None:
        """Index of the cell that holds the sku; None when the key is made from the ean."""
        return next((column.position for column in self.rows.columns if column.field == SKU), None)

    def to_json(self) -> dict[str, Any]:
        return {
            "rows": self.rows.to_json(),
            "keys_are_unique": self.keys_are_unique,
            "data_fields": list(self.data_fields),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        return cls(RowPlan.from_json(stored["rows"]), stored["keys_are_unique"], tuple(stored["data_fields"]))


def make_plan(
    analysis: Mapping[str, Any], mapped: Mapping[str, str], schema: ProductSchema, match_on: MatchOn
) -> ImportPlan:
    """The plan for a file (its analysis as stored), a checked mapping (header to field) and the schema that holds
    now.
    """
    columns = []
    habits = {}
    for evidence in analysis["columns"]:
        name = mapped.get(evidence["header"])
        if name is None:
            continue
        field = schema.by_name.get(name)
        columns.append(
            ColumnPlan(
                position=evidence["position"],
                header=evidence["header"],
                field=name,
                type=field.type if field else "",
                required=field.required if field else False,
            )
        )
        habits[evidence["header"]] = column_habit(evidence["examples"], schema.default_locale, schema.default_currency)
    fields = {column.field for column in columns}
    rows = RowPlan(
        columns=tuple(columns),
        headers=tuple(analysis["headers"]),
        currency=schema.default_currency,
        locale=schema.default_locale,
        habits=habits,
        match_on=match_on,
        has_sku=SKU in fields,
        has_name=NAME in fields,
        has_ean=EAN in fields,
        version="",
    )
    key_column = next((column for column in analysis["columns"] if mapped.get(column["header"]) == SKU), None)
    return ImportPlan(
        rows=replace(rows, version=_version(rows)),
        keys_are_unique=key_column is not None and key_column["unique"] is True,
        data_fields=tuple(sorted(fields & set(schema.by_name))),
    )


def _version(rows: RowPlan) -> str:
    """Names the rules a row was converted by: other rules, another row hash."""
    return hashlib.blake2b(
        orjson.dumps([RULES, rows.to_json()], option=orjson.OPT_SORT_KEYS), digest_size=8
    ).hexdigest()
