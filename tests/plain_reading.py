"""What the rules of the condition language say, read plainly: a definition's JSON and a product, yes or no.

Shared spec, section 3. Nothing of ``chalicelib.conditions`` is used, so that the two can be held against each other.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import re2
from dateutil.relativedelta import relativedelta

POSITIVE_OF = {
    "neq": "eq",
    "not_in": "in",
    "does_not_contain": "contains",
    "not_between": "between",
    "not_starts_with": "starts_with",
    "not_ends_with": "ends_with",
    "not_matches_regex": "matches_regex",
    "contains_none": "contains_any",
    "length_neq": "length_eq",
    "not_in_last": "in_last",
    "is_not_set": "is_set",
}
INSENSITIVE_BY_DEFAULT = {"contains", "starts_with", "ends_with", "item_contains"}


BUILT_INS = {
    **dict.fromkeys(("sku", "name", "ean", "source", "supplier_code"), "string"),
    **dict.fromkeys(("created_at", "updated_at"), "datetime"),
    "ai_readability_score": "number",
}


@dataclass(frozen=True)
class World:
    """What a definition is read in: the types of the schema's fields, and so on."""

    fields: dict[str, str]
    currency: str
    now: datetime
    members: dict[int, set[str]]

    def type_of(self, name: str) -> str:
        return self.fields.get(name) or BUILT_INS[name]


def holds(condition: dict[str, Any], product: dict[str, Any], world: World) -> bool:
    """Whether a product is in what a definition selects. ``product`` is a line of the mirror, as Python values."""
    if "not" in condition:
        return not holds(condition["not"], product, world)
    if "conditions" in condition:
        combine = any if condition.get("logic", "AND") == "OR" else all
        return combine(holds(each, product, world) for each in condition["conditions"])
    operator = condition.get("operator", "in")
    if operator in POSITIVE_OF:
        return not holds({**condition, "operator": POSITIVE_OF[operator]}, product, world)
    match condition["type"]:
        case "all_products":
            return True
        case "sku_list":
            return product["sku"] in condition["value"]
        case "segment_membership":
            return any(product["sku"] in world.members.get(each, set()) for each in condition["value"])
        case "random_bucket":
            return in_bucket(condition, product["sku"])
    return HOLDS[kind_read(condition, world)](operator, condition, value_of(condition, product, world), world)


def kind_read(condition: dict[str, Any], world: World) -> str:
    stored = world.type_of(condition["property"])
    return "array" if stored == "array" else condition.get("value_type") or stored


def in_bucket(condition: dict[str, Any], sku: str) -> bool:
    digest = hashlib.md5(f"{condition.get('seed', '')}:{sku}".encode()).digest()
    bucket = int.from_bytes(digest[:4], "big") % 10_000 / 100
    low, high = condition["value"] if isinstance(condition["value"], list) else (0, condition["value"])
    return low <= bucket < high


def value_of(condition: dict[str, Any], product: dict[str, Any], world: World) -> Any:
    """What the product holds, None where it is missing or of another kind than the property's type."""
    name = condition["property"]
    value = product["data"].get(name) if name in world.fields else product[name]
    match world.type_of(name):
        case "string" | "url":
            # An integer beyond 64 bits, left from a number field: the mirror holds it as the text of its digits.
            value = str(value) if is_beyond_64_bits(value) else value
            return value if isinstance(value, str) and value else None
        case "number":
            return number(value)
        case "boolean":
            return value if isinstance(value, bool) else None
        case "array":
            texts = isinstance(value, list) and value and all(isinstance(each, str) for each in value)
            return value if texts else None
        case "price":
            return value if isinstance(value, dict) else None
        case "multi_price":
            prices = isinstance(value, list) and value and all(isinstance(each, dict) for each in value)
            return value if prices else None
        case "datetime":
            return moment(value)
    raise AssertionError(name)


def number(value: Any) -> int | float | None:
    """A number as the mirror keeps it: whole ones exactly up to 64 bits, all others as floats."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if is_beyond_64_bits(value) else value


def is_beyond_64_bits(value: Any) -> bool:
    return isinstance(value, int) and not -(2**63) <= value < 2**64


def moment(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z", value, re.ASCII):
        return datetime.fromisoformat(value)
    return None


def lowered(text: str, sensitive: bool) -> str:
    return text if sensitive else text.lower().replace("ς", "σ")


def text_holds(operator: str, condition: dict[str, Any], value: str | None, world: World) -> bool:
    if operator == "is_set" or value is None:
        return value is not None
    sensitive = condition.get("case_sensitive", operator not in INSENSITIVE_BY_DEFAULT)
    wanted = condition["value"]
    if operator == "matches_regex":
        options = re2.Options()
        options.dot_nl, options.case_sensitive = True, sensitive
        return re2.search(wanted, value, options) is not None
    if operator in {"host_eq", "host_in"}:
        host = host_of(value)
        return host in ([wanted.lower()] if operator == "host_eq" else [each.lower() for each in wanted])
    if condition["property"] == "ean" and "ean" not in world.fields and operator in {"eq", "in"}:
        wanted = [each.zfill(14) for each in wanted] if operator == "in" else wanted.zfill(14)
    seen = lowered(value, sensitive)
    if operator == "in":
        return seen in [lowered(each, sensitive) for each in wanted]
    wanted = lowered(wanted, sensitive)
    return {
        "eq": seen == wanted,
        "contains": wanted in seen,
        "starts_with": seen.startswith(wanted),
        "ends_with": seen.endswith(wanted),
    }[operator]


def host_of(address: str) -> str:
    scheme, _, rest = address.partition("//")
    if scheme.lower() not in {"", "http:", "https:", "ftp:"}:
        return ""
    authority = re.split(r"[/?#]", rest)[0].rpartition("@")[2]
    return (authority.split("]")[0] + "]" if authority.startswith("[") else authority.split(":")[0]).lower()


def number_holds(operator: str, condition: dict[str, Any], value: Any, world: World) -> bool:
    if isinstance(value, dict):
        if condition.get("currency") not in {None, value["currency"]}:
            return False
        value = number(value["amount"])
    if operator == "is_set" or value is None:
        return value is not None
    wanted = [number(each) for each in values(condition)]
    return {
        "eq": value == wanted[0],
        "in": value in wanted,
        "gt": value > wanted[0],
        "gte": value >= wanted[0],
        "lt": value < wanted[0],
        "lte": value <= wanted[0],
        "between": wanted[0] <= value <= wanted[-1],
    }[operator]


def values(condition: dict[str, Any]) -> list[Any]:
    first = condition["value"]
    both = [first, condition["value2"]] if "value2" in condition else first if isinstance(first, list) else [first]
    amounts = [each["amount"] if isinstance(each, dict) else each for each in both]
    return [float(each) if isinstance(each, str) else each for each in amounts]


def price_holds(operator: str, condition: dict[str, Any], value: Any, world: World) -> bool:
    if operator == "is_set":
        return value is not None and condition.get("currency") in {None, value["currency"]}
    return number_holds(operator, {"currency": world.currency, **condition}, value, world)


def multi_price_holds(operator: str, condition: dict[str, Any], value: Any, world: World) -> bool:
    currency = condition.get("currency") or (None if operator == "is_set" else world.currency)
    locale = condition.get("locale")
    meant = [
        price
        for price in value or []
        if currency in {None, price["currency"]} and (locale is None or same_locale(price.get("locale"), locale))
    ]
    if operator == "is_set":
        return bool(meant)
    hits = [number_holds(operator, {**condition, "currency": currency}, price, world) for price in meant]
    return bool(hits) and all(hits) if condition.get("quantifier") == "all" else any(hits)


def same_locale(one: str | None, other: str) -> bool:
    return one is not None and one.lower().replace("-", "_") == other.lower().replace("-", "_")


def boolean_holds(operator: str, condition: dict[str, Any], value: bool | None, world: World) -> bool:
    if operator == "is_set" or value is None:
        return value is not None
    return value is {"is_true": True, "is_false": False, "eq": condition.get("value")}[operator]


def array_holds(operator: str, condition: dict[str, Any], value: list[str] | None, world: World) -> bool:
    if operator == "is_set" or value is None:
        return value is not None
    wanted = condition["value"]
    if operator.startswith("length_"):
        length = len(value)
        return {
            "length_eq": length == wanted,
            "length_gt": length > wanted,
            "length_gte": length >= wanted,
            "length_lt": length < wanted,
            "length_lte": length <= wanted,
        }[operator]
    sensitive = condition.get("case_sensitive", operator != "item_contains")
    items = [lowered(item, sensitive) for item in value]
    asked = [lowered(each, sensitive) for each in (wanted if isinstance(wanted, list) else [wanted])]
    return {
        "contains": asked[0] in items,
        "contains_any": any(each in items for each in asked),
        "contains_all": all(each in items for each in asked),
        "item_contains": any(asked[0] in item for item in items),
    }[operator]


def datetime_holds(operator: str, condition: dict[str, Any], value: datetime | None, world: World) -> bool:
    if operator == "is_set" or value is None:
        return value is not None
    zone = ZoneInfo(condition.get("tz", "UTC"))
    local = value.astimezone(zone)
    if operator in {"in_last", "in_next"}:
        count, unit = condition["value"], condition["unit"]
        now = world.now
        if operator == "in_last":
            return shifted(now, -count, unit, zone) < value <= now
        return now <= value <= shifted(now, count, unit, zone)
    if operator == "eq":
        wanted = read_moment(condition["value"], zone)
        return local.date() == (wanted if not isinstance(wanted, datetime) else wanted.astimezone(zone).date())
    wanted, last = (read_moment(each, zone) for each in pair(condition))
    before = is_before(value, wanted, zone)
    after = is_after(value, last, zone)
    return {
        "before": before,
        "after": after,
        "on_or_before": not after,
        "on_or_after": not before,
        "between": not before and not after,
    }[operator]


def pair(condition: dict[str, Any]) -> tuple[str, str]:
    first = condition["value"]
    if isinstance(first, list):
        return first[0], first[1]
    return first, condition.get("value2", first)


def read_moment(text: str, zone: ZoneInfo) -> date | datetime:
    if len(text) == 10:
        return date.fromisoformat(text)
    read = datetime.fromisoformat(text)
    return read if read.tzinfo else read.replace(tzinfo=zone)


def is_before(value: datetime, wanted: date | datetime, zone: ZoneInfo) -> bool:
    return value < wanted if isinstance(wanted, datetime) else value.astimezone(zone).date() < wanted


def is_after(value: datetime, wanted: date | datetime, zone: ZoneInfo) -> bool:
    return value > wanted if isinstance(wanted, datetime) else value.astimezone(zone).date() > wanted


def shifted(now: datetime, count: int, unit: str, zone: ZoneInfo) -> datetime:
    if unit in {"month", "year"}:
        return (now.astimezone(zone) + relativedelta(**{f"{unit}s": count})).astimezone(UTC)
    return now + timedelta(**{f"{unit}s": count})


HOLDS = {
    "string": text_holds,
    "url": text_holds,
    "number": number_holds,
    "price": price_holds,
    "multi_price": multi_price_holds,
    "boolean": boolean_holds,
    "array": array_holds,
    "datetime": datetime_holds,
}
