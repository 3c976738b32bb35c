"""What a JSON body says of a product's fields: read by the schema, exactly as an import reads its cells. Pure.

In: field names with values as they came, and the product schema. Out: an ``Edit`` in stored forms, or ``InvalidValue``
with every problem. Fields the schema does not know yet get a type from their names and values (``new_fields``).

Serves the shared spec, section 2: types and values, "PATCH merges data by key, null removes the key", "new keys are
merged into the schema with an inferred type".
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from chalicelib.errors import InvalidValue
from chalicelib.fields import FIELD_TYPES, Habit, JsonValue, Unfit, habit_of_locale
from chalicelib.model.ean import Ean, parse_ean
from chalicelib.model.mapping import EAN
from chalicelib.model.product import SKU_CHARACTERS
from chalicelib.model.product_schema import ProductSchema, SchemaField, refuse_field_name
from chalicelib.model.row_error import ErrorType
from chalicelib.suggest.new_fields import type_of_values

_REQUIRED = "this field is required"
_LEVELS = 3
"""A list of prices: a list, an object, an amount. What is nested deeper is looked at no further."""
_NO_FIELD_VALUE = "a value is a text, a number, true or false, a list of texts, a price or a list of prices"


@dataclass(frozen=True, slots=True)
class Edit:
    """What a request writes to a product.

    Attributes:
        values: field name to stored value.
        removed: fields that were sent as null or blank.
        speaks_of_ean: the ean was sent, be it to clear it.
        ean: 14 digits.
    """

    values: Mapping[str, JsonValue]
    removed: frozenset[str]
    speaks_of_ean: bool = False
    ean: str | None = None

    def then(self, later: "Edit") -> "Edit":
        """Both, one after the other, as one."""
        kept = {name: value for name, value in self.values.items() if name not in later.removed}
        return Edit(
            {**kept, **later.values},
            (self.removed | later.removed) - later.values.keys(),
            self.speaks_of_ean or later.speaks_of_ean,
            later.ean if later.speaks_of_ean else self.ean,
        )

    @property
    def written(self) -> frozenset[str]:
        """The properties that may change by it, as segments name them."""
        return self.removed.union(self.values, [EAN] if self.speaks_of_ean else [])


NOTHING = Edit({}, frozenset())


def read_sku(text: str) -> str:
    """The sku, stripped. Raises InvalidValue for what cannot be one."""
    sku = text.strip()
    if not sku:
        raise InvalidValue({"sku": "a product has a sku, and this one is blank"})
    if len(sku) > SKU_CHARACTERS:
        raise InvalidValue({"sku": f"the sku has {len(sku)} characters; {SKU_CHARACTERS} are the limit"})
    return sku


def read_name(text: str) -> str:
    """The name, stripped. Raises InvalidValue for a blank one."""
    name = text.strip()
    if not name:
        raise InvalidValue({"name": "a product has a name, and this one is blank"})
    return name


def read_edit(given: Mapping[str, Any], schema: ProductSchema) -> Edit:
    """The edit that these values mean. Raises InvalidValue with the problem of each field that has one."""
    habit = habit_of_locale(schema.default_locale, schema.default_currency)
    problems: dict[str, str] = {}
    values: dict[str, JsonValue] = {}
    for name, value in given.items():
        if name == EAN:
            continue
        if problem := _refuse_name(name, schema):
            problems[name] = problem
        elif not _clears(value):
            try:
                values[name] = _stored(schema.by_name.get(name), value, habit)
            except Unfit as unfit:
                problems[name] = unfit.message
    ean = _read_ean(given.get(EAN), problems)
    if ean and EAN in schema.by_name:
        values[EAN] = ean.printed
    values = {name: value for name, value in values.items() if value != []}
    removed = frozenset(given) - values.keys() - problems.keys()
    for name in removed:
        if name in schema.by_name and schema.by_name[name].required:
            problems[name] = f"{_REQUIRED} and cannot be removed"
    if problems:
        raise InvalidValue(problems)
    return Edit(values, removed, EAN in given, ean.gtin14 if ean else None)


def without_same(given: Mapping[str, Any], stored: Mapping[str, JsonValue], schema: ProductSchema) -> Mapping[str, Any]:
    """What is given otherwise than the product is printed. The rest says nothing new and is not read again: where
    people write thousands as ``1.234``, a price that was printed so would come back as another.
    """
    return {name: value for name, value in given.items() if not _is_printed(name, value, stored, schema)}


def _is_printed(name: str, value: Any, stored: Mapping[str, JsonValue], schema: ProductSchema) -> bool:
    """Whether the value is what stands there, as ``show`` prints it. What was stored under another type is not: sending
    it again is how it gets the new one.
    """
    if name not in stored or name not in schema.by_name:
        return False
    own, kind = stored[name], FIELD_TYPES[schema.by_name[name].type]
    match schema.by_name[name].type, own:
        case "number", Decimal():
            # Whoever reads JSON numbers as floats gives back the nearest one.
            is_number = _kind(value) == "number"
            return is_number and Decimal(str(value)) in {own, Decimal(repr(float(own)))}
        case "price", {"amount": _, "currency": currency}:
            shown = kind.show(own)
            return value in (shown, {"amount": shown, "currency": currency})
        case "multi_price", [{"amount": _}, *_]:
            return bool(value == kind.show(own))
        case _:
            return False


def missing_fields(edit: Edit, schema: ProductSchema) -> dict[str, str]:
    """What a new product still lacks: the required fields without a value, each with its problem."""
    return {field.name: _REQUIRED for field in schema.fields if field.required and field.name not in edit.values}


def _clears(value: Any) -> bool:
    """A null, a blank text and an empty list clear a field, as a blank cell does."""
    return value is None or value == [] or (isinstance(value, str) and not value.strip())


def _refuse_name(name: str, schema: ProductSchema) -> str | None:
    return None if name in schema.by_name else refuse_field_name(name)


def _stored(field: SchemaField | None, value: JsonValue, habit: Habit) -> JsonValue:
    if field is None or not _is_shallow(value, _LEVELS):
        raise Unfit(ErrorType.INVALID_TYPE, _NO_FIELD_VALUE)
    return FIELD_TYPES[field.type].accept(value.strip() if isinstance(value, str) else value, habit)


def _is_shallow(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return True
    items = value.values() if isinstance(value, dict) else value
    return levels > 1 and all(_is_shallow(item, levels - 1) for item in items)


def _read_ean(value: Any, problems: dict[str, str]) -> Ean | None:
    if _clears(value):
        return None
    if isinstance(value, bool) or not isinstance(value, str | int):
        problems[EAN] = "an EAN is a text of 8, 12, 13 or 14 digits"
        return None
    ean = parse_ean(str(value).strip())
    if isinstance(ean, Ean):
        return ean
    problems[EAN] = ean.message
    return None


# New fields -----------------------------------------------------------------------------------------------------------


def has_new_names(many: Iterable[Mapping[str, Any]], schema: ProductSchema) -> bool:
    """Whether some name is in no schema and could be a field's."""
    return any(_is_new(name, schema) for given in many for name in given)


def new_fields(many: Iterable[Mapping[str, Any]], schema: ProductSchema) -> tuple[SchemaField, ...]:
    """Fields for the names the schema does not know, with the types their values have, in the order of coming.

    A name without any value makes no field, nor does one with a value that no type has.
    """
    collected: dict[str, list[Any]] = {}
    for given in many:
        for name, value in given.items():
            if not _clears(value) and _is_new(name, schema):
                collected.setdefault(name, []).append(value)
    typed = ((name, _type_of(name, values, schema)) for name, values in collected.items())
    return tuple(SchemaField(name, field_type) for name, field_type in typed if field_type)


def with_fields(schema: ProductSchema, fields: Sequence[SchemaField]) -> ProductSchema:
    """The schema with these behind its own."""
    return replace(schema, fields=(*schema.fields, *fields))


def _is_new(name: str, schema: ProductSchema) -> bool:
    return name != EAN and name not in schema.by_name and refuse_field_name(name) is None


def _type_of(name: str, values: Sequence[Any], schema: ProductSchema) -> str | None:
    kinds = {_kind(value) if _is_shallow(value, _LEVELS) else "" for value in values}
    if "" in kinds:
        return None
    if kinds == {"boolean"}:
        return "boolean"
    if kinds & {"multi_price", "array"}:
        return "multi_price" if "array" not in kinds else "array" if "multi_price" not in kinds else None
    if "price" in kinds:
        return "price"
    return _type_of_texts(name, values, schema, numbers_only=kinds == {"number"})


def _type_of_texts(name: str, values: Sequence[Any], schema: ProductSchema, *, numbers_only: bool) -> str:
    """As a column of a file would be understood; a text none of whose readings holds for all values stays a text.

    Numbers are numbers, unless their name says that they are prices.
    """
    texts = [_text(value) for value in values]
    likely = type_of_values(name, texts, locale=schema.default_locale, currency=schema.default_currency)
    if numbers_only:
        return "price" if likely == "price" else "number"
    habit = habit_of_locale(schema.default_locale, schema.default_currency)
    return likely if all(_fits(likely, text, habit) for text in texts) else "string"


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value).strip()


def _fits(field_type: str, text: str, habit: Habit) -> bool:
    try:
        FIELD_TYPES[field_type].accept(text, habit)
    except Unfit:
        return False
    return True


def _kind(value: Any) -> str:
    """What JSON a value is, as the type that would hold it; empty for what none holds."""
    match value:
        case bool():
            return "boolean"
        case int() | float() | Decimal():
            return "number"
        case str():
            return "text"
        case {"amount": _}:
            return "price"
        case list():
            items = set(_kinds_of_items(value))
            if items == {"price"}:
                return "multi_price"
            return "array" if items <= {"boolean", "number", "text"} else ""
        case _:
            return ""


def _kinds_of_items(items: Iterable[Any]) -> Iterator[str]:
    return (_kind(item) for item in items if item is not None)
