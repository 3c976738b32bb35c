"""The plan of a job: everything its chunks convert and write by, frozen at confirm and stored with the job."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import orjson

from chalicelib.fields import Habit, column_habit, currency_named, habit_of_locale, written_habit
from chalicelib.imports.rows import RULES, ColumnPlan, RowPlan
from chalicelib.model.import_job import ErrorPolicy, MatchOn
from chalicelib.model.import_options import BlankCells, ImportOptions
from chalicelib.model.mapping import CURRENCY, EAN, NAME, SKU
from chalicelib.model.outcomes import Writing
from chalicelib.model.product_schema import ProductSchema
from chalicelib.model.transform import Steps
from chalicelib.model.validation_rule import FieldRule


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """How a job's rows become products.

    Attributes:
        rows: how cells are converted.
        keys_are_unique: the analysis saw every key of the file once, so no row can push out another.
        data_fields: the schema fields this file speaks of; they are replaced, others stay.
        overwrite_existing: False leaves the products alone that were there before the job.
        create_missing: False makes no products.
        error_policy: what a bad row does to the job.
        supplier_code: whose products they are; None leaves them with whom they have.
        unique_fields: those whose values are to be compared over the whole file before a row is written.
        missing_columns: columns the mapping or its steps name and the file lacks.
    """

    rows: RowPlan
    keys_are_unique: bool
    data_fields: Sequence[str]
    overwrite_existing: bool = True
    create_missing: bool = True
    error_policy: ErrorPolicy = ErrorPolicy.SKIP
    supplier_code: str | None = None
    unique_fields: Sequence[str] = ()
    missing_columns: Sequence[str] = ()

    @property
    def matches_by_ean(self) -> bool:
        """A row belongs to the product with its ean; by their skus only rows without one are matched."""
        return self.rows.match_on is MatchOn.EAN and self.rows.has_ean

    @property
    def keeps_blanks(self) -> bool:
        """A blank cell leaves a product's value as it is."""
        return self.rows.blank_cells is BlankCells.IGNORE

    @property
    def needs_check(self) -> bool:
        """Every row is to be looked at before the first is written."""
        return self.error_policy is ErrorPolicy.ALL_OR_NOTHING or bool(self.unique_fields)

    @property
    def twins_are_skipped(self) -> bool:
        """A row whose twin is stored under its sku needs no second look: nothing but its own cells decides on it."""
        return self.keys_are_unique and self.overwrite_existing and not self.unique_fields

    @property
    def written_fields(self) -> set[str]:
        """The properties an import writes, as segments name them."""
        named = {NAME: self.rows.has_name, EAN: self.rows.has_ean, "supplier_code": self.supplier_code is not None}
        return {*self.data_fields, *(name for name, given in named.items() if given), "source", "updated_at"}

    def to_json(self) -> dict[str, Any]:
        return {
            "rows": self.rows.to_json(),
            "keys_are_unique": self.keys_are_unique,
            "data_fields": list(self.data_fields),
            "overwrite_existing": self.overwrite_existing,
            "create_missing": self.create_missing,
            "error_policy": self.error_policy.value,
            "supplier_code": self.supplier_code,
            "unique_fields": list(self.unique_fields),
            "missing_columns": list(self.missing_columns),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """A stored plan; one from before there were options and rules has none of them."""
        return cls(
            RowPlan.from_json(stored["rows"]),
            stored["keys_are_unique"],
            tuple(stored["data_fields"]),
            overwrite_existing=stored.get("overwrite_existing", True),
            create_missing=stored.get("create_missing", True),
            error_policy=ErrorPolicy(stored.get("error_policy", ErrorPolicy.SKIP)),
            supplier_code=stored.get("supplier_code"),
            unique_fields=tuple(stored.get("unique_fields", ())),
            missing_columns=tuple(stored.get("missing_columns", ())),
        )


def make_plan(
    analysis: Mapping[str, Any],
    mapped: Mapping[str, str],
    schema: ProductSchema,
    match_on: MatchOn,
    *,
    options: ImportOptions = ImportOptions(),  # noqa: B008 - frozen
    rules: Mapping[str, FieldRule] | None = None,
    supplier_code: str | None = None,
    missing_columns: Sequence[str] = (),
    transforms: Mapping[str, Steps] | None = None,
) -> ImportPlan:
    """The plan for a file (its analysis as stored), a checked mapping (header to field), the schema that holds now, and
    rules and steps that ``check_rules`` and ``check_transforms`` found nothing against. Rules of fields that no column
    is mapped to say nothing here.
    """
    columns = []
    habits = {}
    currency = _currency_of_file(analysis["columns"], mapped, transforms or {}, schema)
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
        habits[evidence["header"]] = _with_currency(habit_of_column(evidence, schema), evidence["header"], currency)
    fields = {column.field for column in columns}
    asked = {name: rule for name, rule in (rules or {}).items() if name in fields}
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
        rules=asked,
        blank_cells=options.blank_cells,
        transforms=dict(transforms or {}),
    )
    unique_headers = {column["header"] for column in analysis["columns"] if column["unique"] is True}
    return ImportPlan(
        rows=replace(rows, version=_version(rows, supplier_code)),
        keys_are_unique=(match_on is MatchOn.SKU or EAN not in fields) and _sole_texts(rows, SKU, unique_headers),
        data_fields=tuple(sorted(fields & set(schema.by_name))),
        overwrite_existing=options.overwrite_existing,
        create_missing=options.create_missing,
        error_policy=options.error_policy,
        supplier_code=supplier_code,
        unique_fields=tuple(
            name for name, rule in asked.items() if rule.unique and not _sole_texts(rows, name, unique_headers)
        ),
        missing_columns=tuple(missing_columns),
    )


def habit_of_column(evidence: Mapping[str, Any], schema: ProductSchema) -> Habit:
    """How a column's cells are read, by its evidence as stored; one from before habits were kept has examples only."""
    by_locale = habit_of_locale(schema.default_locale, schema.default_currency)
    currency = currency_named(evidence["header"], by_locale) or by_locale.currency
    if not (evidence.get("numbers") and evidence.get("dates")):
        return column_habit(evidence["examples"], schema.default_locale, currency)
    return written_habit(
        replace(by_locale, currency=currency),
        Writing.from_json(evidence["numbers"]),
        Writing.from_json(evidence["dates"]),
        evidence["list_separator"],
    )


def _currency_of_file(
    columns: Sequence[Mapping[str, Any]],
    mapped: Mapping[str, str],
    transforms: Mapping[str, Steps],
    schema: ProductSchema,
) -> str | None:
    """The currency that every row of the file names in a column of its own; None where rows differ or none does."""
    by_locale = habit_of_locale(schema.default_locale, schema.default_currency)
    for evidence in columns:
        if mapped.get(evidence["header"]) == CURRENCY and evidence["header"] not in transforms:
            is_sole = evidence.get("distinct") == 1 and evidence.get("blank_rows") == 0
            return currency_named(evidence["examples"][0], by_locale) if is_sole else None
    return None


def _with_currency(habit: Habit, header: str, currency: str | None) -> Habit:
    """The habit of a column whose cells are of the file's currency, unless its header says otherwise."""
    return replace(habit, currency=currency) if currency and currency_named(header, habit) is None else habit


def _sole_texts(rows: RowPlan, field: str, unique_headers: Collection[str]) -> bool:
    """Whether the analysis saw that no two rows have the same value of a field. It compared texts as the file has them:
    two spellings of one number or one EAN are two of them, and what steps make of two texts may be one.
    """
    columns = [column for column in rows.columns if column.field == field]
    if any(column.header in rows.transforms for column in columns):
        return False
    is_text = field in {SKU, NAME} or (field != EAN and all(column.type == "string" for column in columns))
    return is_text and len(columns) == 1 and columns[0].header in unique_headers


def _version(rows: RowPlan, supplier_code: str | None) -> str:
    """Names the rules a row was converted by: other rules, another row hash."""
    told = [RULES, rows.to_json(), *([supplier_code] if supplier_code else [])]
    return hashlib.blake2b(orjson.dumps(told, option=orjson.OPT_SORT_KEYS), digest_size=8).hexdigest()
