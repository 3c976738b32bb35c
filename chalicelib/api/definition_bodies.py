"""What a segment's definition looks like (shared spec, section 3), for ``/openapi.json``; its operators by the table.

Nothing is checked against these models: ``conditions.definition`` reads a definition, and knows the schema.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, RootModel, TypeAdapter
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from chalicelib.conditions.definition import BUILT_INS, MAX_LEAVES, MAX_LEVELS
from chalicelib.conditions.moments import UNITS
from chalicelib.conditions.operators import VALUE_TYPES, WHOLE_PRODUCT_TYPES

_PAIR = "With between: `[from, to]`, or `value` and `value2`; both belong to it."
_WITHOUT = "Left out with is_set and is_not_set."


def _property(value_type: str) -> Any:
    """A field of the schema, or what every product has beside its fields."""
    built_in = [name for name, its_type in BUILT_INS.items() if its_type == value_type]
    says = f"A field of the schema{', or ' if built_in else ''}{', '.join(built_in)}."
    shown: dict[str, Any] = {"anyOf": [{"enum": built_in}, {"type": "string"}]} if built_in else {}
    return Field(description=says, json_schema_extra=shown)


def _operator(value_type: str) -> Any:
    return Field(json_schema_extra={"enum": [*VALUE_TYPES[value_type]]})


def _membership(leaf_type: str) -> Any:
    return Field(default="in", json_schema_extra={"enum": [*WHOLE_PRODUCT_TYPES[leaf_type]]})


class _Shown(BaseModel):
    # Built when it is printed, if ever.
    model_config = ConfigDict(defer_build=True)


class _Attribute(_Shown):
    type: Literal["product_attribute"] = "product_attribute"


class TextCondition(_Attribute):
    """What a text holds. A missing value makes negative operators true, all others false: so everywhere."""

    property: str = _property("string")
    operator: str = _operator("string")
    value: str | list[str] | None = Field(default=None, description=f"With in and not_in a list. {_WITHOUT}")
    value_type: Literal["string"] | None = Field(default=None, description="Left out: the schema decides.")
    case_sensitive: bool | None = Field(
        default=None, description="Left out: true with eq, in and matches_regex, false with contains and its like."
    )


class NumberCondition(_Attribute):
    """What a number is. Of a price with the value_type number, its amount in whatever currency."""

    property: str = _property("number")
    operator: str = _operator("number")
    value: float | list[float] | None = Field(default=None, description=f"{_PAIR} {_WITHOUT}")
    value2: float | None = None
    value_type: Literal["number"] | None = None


class PriceCondition(_Attribute):
    """What a price is, in one currency; prices in others do not match, nothing is converted."""

    property: str = _property("price")
    operator: str = _operator("price")
    value: float | str | list[float | str] | None = Field(default=None, description=f"{_PAIR} {_WITHOUT}")
    value2: float | str | None = None
    value_type: Literal["price"] | None = None
    currency: str | None = Field(default=None, description="Left out: the schema's default_currency.")


class MultiPriceCondition(_Attribute):
    """What the prices of a product are."""

    property: str = _property("multi_price")
    operator: str = _operator("multi_price")
    value: float | str | list[float | str] | None = Field(default=None, description=f"{_PAIR} {_WITHOUT}")
    value2: float | str | None = None
    value_type: Literal["multi_price"] | None = None
    currency: str | None = Field(default=None, description="Left out: the schema's default_currency.")
    locale: str | None = Field(default=None, description="Only prices of this locale.")
    quantifier: Literal["any", "all"] = Field(default="any", description="Whether one has to hold, or all.")


class BooleanCondition(_Attribute):
    """Whether something is so."""

    property: str = _property("boolean")
    operator: str = _operator("boolean")
    value: bool | None = Field(default=None, description="With eq only.")
    value_type: Literal["boolean"] | None = None


class ListCondition(_Attribute):
    """What a list holds, and how long it is."""

    property: str = _property("array")
    operator: str = _operator("array")
    value: str | int | list[str] | None = Field(default=None, description=f"A text, a length or texts. {_WITHOUT}")
    value_type: Literal["array"] | None = None
    case_sensitive: bool | None = Field(default=None, description="Left out: false with item_contains.")


class UrlCondition(_Attribute):
    """What a URL is, and where it leads."""

    property: str = _property("url")
    operator: str = _operator("url")
    value: str | list[str] | None = Field(default=None, description=f"With host_in a list of hosts. {_WITHOUT}")
    value_type: Literal["url"] | None = None


class DatetimeCondition(_Attribute):
    """When something is: at a day or a moment, or within a span of time before or after now."""

    property: str = _property("datetime")
    operator: str = _operator("datetime")
    value: datetime | str | int | list[str] | None = Field(
        default=None, description=f"A date or a moment; with in_last and its like a count of `unit`. {_PAIR} {_WITHOUT}"
    )
    value2: datetime | str | None = None
    unit: str | None = Field(default=None, json_schema_extra={"enum": [*UNITS, None]})
    tz: str | None = Field(default=None, description="The zone of days and of moments without one: Europe/Paris. UTC.")
    value_type: Literal["datetime"] | None = None


class SkuList(_Shown):
    """Products by their sku."""

    type: Literal["sku_list"]
    operator: str = _membership("sku_list")
    value: list[str] = Field(min_length=1, max_length=10_000)


class RandomBucket(_Shown):
    """A share of all products that stays the same for the same seed."""

    type: Literal["random_bucket"]
    operator: str = _membership("random_bucket")
    value: float | list[float] = Field(description="Percent; or from and to, which does not belong to it, as a pair.")
    value2: float | None = None
    seed: str = ""


class SegmentMembership(_Shown):
    """Members of other segments, as they were last computed."""

    type: Literal["segment_membership"]
    operator: str = _membership("segment_membership")
    value: int | list[int] = Field(description="A segment's id, or several.")


class AllProducts(_Shown):
    """Every product."""

    type: Literal["all_products"]


class Not(_Shown):
    """What must not hold."""

    condition: "Condition" = Field(alias="not")


class Group(_Shown):
    """Conditions of which all must hold (AND), or at least one (OR)."""

    logic: Literal["AND", "OR"] = "AND"
    conditions: list["Condition"] = Field(
        min_length=1, description=f"At most {MAX_LEAVES} in all, at most {MAX_LEVELS} groups deep."
    )


class Condition(RootModel[Any]):
    """A condition, or conditions put together. The whole of a definition is one, most often a group."""

    model_config = ConfigDict(defer_build=True)

    root: (
        Group
        | Not
        | TextCondition
        | NumberCondition
        | PriceCondition
        | MultiPriceCondition
        | BooleanCondition
        | ListCondition
        | UrlCondition
        | DatetimeCondition
        | SkuList
        | RandomBucket
        | SegmentMembership
        | AllProducts
    )


@dataclass(frozen=True, slots=True)
class _ShownAs:
    """Keeps a type as it is checked, and shows another in the JSON schema."""

    shown: Any

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(TypeAdapter(self.shown).core_schema)


Definition = Annotated[dict[str, Any], _ShownAs(Condition)]
"""A definition as a request or an answer carries it: any object to pydantic, a condition to a reader."""
