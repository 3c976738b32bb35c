"""The operators of the condition language: a table. Adding an operator is adding a row.

A row says for a kind of value how many operands the operator takes, of what sort, and the SQL of its positive sense:
``{seen}`` stands for what the product holds, ``{value}`` (and ``{value2}``) for the bound operands. A negative operator
is the very negation of its pattern. As every pattern is false on a missing value, every negative operator is true
on one: that is the truth table of the shared spec, section 3.
"""

import re
from dataclasses import dataclass
from enum import Enum


class Takes(Enum):
    """How many operands an operator takes."""

    NOTHING = "no value"
    ONE = "one value"
    TWO = "two values"
    MANY = "a list of values"


class Sort(Enum):
    """What an operand has to be; ``definition`` holds a reader for each."""

    NONE = "nothing"
    TEXT = "text"
    PATTERN = "pattern"
    NUMBER = "number"
    BOOLEAN = "boolean"
    URL = "url"
    HOST = "host"
    COUNT = "count"
    MOMENT = "moment"
    SPAN = "span"
    PERCENT = "percent"
    SEGMENT = "segment"


@dataclass(frozen=True, slots=True)
class Operator:
    """One row. ``case_sensitive`` is the default where letters have a case, None where they have none."""

    name: str
    takes: Takes
    sort: Sort
    sql: str
    negative: bool = False
    case_sensitive: bool | None = None


HOST_PATTERN = r"^(?i:(?:https?|ftp):)?//(?:[^/?#@]*@)?(\[[^\]]*\]|[^/?#:]*)"
"""The host of a web address, without who asks (``user@``) and the port: its only capturing group."""

HOST = re.compile(r"\[[0-9A-Fa-f:.]+\]|[\w.~%-]+")

MOMENT_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.][0-9]{6})?Z$"
"""A stored datetime, as ``fields`` writes it. Another text in such a field is a value of another kind: missing."""

_EQUAL = "{seen} = {value}"
_AMONG = "{seen} IN {value}"
_POSITION = "position({seen}, {value}) > 0"
_WITHIN = "{seen} >= {value} AND {seen} <= {value2}"
_IS_SET = "{set}"
_ANY_ITEM = "arrayExists(item -> ifNull(item IN {value}, 0), {seen})"
_IN_WINDOW = "{seen} >= {value} AND {seen} < {value2}"


def _pair(
    positive: str, negative: str, takes: Takes, sort: Sort, sql: str, *, case_sensitive: bool | None = None
) -> tuple[Operator, Operator]:
    return (
        Operator(positive, takes, sort, sql, negative=False, case_sensitive=case_sensitive),
        Operator(negative, takes, sort, sql, negative=True, case_sensitive=case_sensitive),
    )


_SET = _pair("is_set", "is_not_set", Takes.NOTHING, Sort.NONE, _IS_SET)

_STRING = (
    *_pair("eq", "neq", Takes.ONE, Sort.TEXT, _EQUAL, case_sensitive=True),
    *_pair("contains", "does_not_contain", Takes.ONE, Sort.TEXT, _POSITION, case_sensitive=False),
    *_pair("starts_with", "not_starts_with", Takes.ONE, Sort.TEXT, "startsWith({seen}, {value})", case_sensitive=False),
    *_pair("ends_with", "not_ends_with", Takes.ONE, Sort.TEXT, "endsWith({seen}, {value})", case_sensitive=False),
    *_pair("in", "not_in", Takes.MANY, Sort.TEXT, _AMONG, case_sensitive=True),
    *_pair(
        "matches_regex",
        "not_matches_regex",
        Takes.ONE,
        Sort.PATTERN,
        "{set} AND match({seen}, {value})",
        case_sensitive=True,
    ),
    *_SET,
)

_NUMBER = (
    *_pair("eq", "neq", Takes.ONE, Sort.NUMBER, _EQUAL),
    Operator("gt", Takes.ONE, Sort.NUMBER, "{seen} > {value}"),
    Operator("gte", Takes.ONE, Sort.NUMBER, "{seen} >= {value}"),
    Operator("lt", Takes.ONE, Sort.NUMBER, "{seen} < {value}"),
    Operator("lte", Takes.ONE, Sort.NUMBER, "{seen} <= {value}"),
    *_pair("between", "not_between", Takes.TWO, Sort.NUMBER, _WITHIN),
    *_pair("in", "not_in", Takes.MANY, Sort.NUMBER, _AMONG),
    *_SET,
)

_BOOLEAN = (
    Operator("is_true", Takes.NOTHING, Sort.NONE, "{seen} = true"),
    Operator("is_false", Takes.NOTHING, Sort.NONE, "{seen} = false"),
    Operator("eq", Takes.ONE, Sort.BOOLEAN, _EQUAL),
    *_SET,
)

_ARRAY = (
    *_pair("contains", "does_not_contain", Takes.ONE, Sort.TEXT, "has({seen}, {value})", case_sensitive=True),
    *_pair("contains_any", "contains_none", Takes.MANY, Sort.TEXT, _ANY_ITEM, case_sensitive=True),
    Operator("contains_all", Takes.MANY, Sort.TEXT, "hasAll({seen}, {value})", case_sensitive=True),
    Operator(
        "item_contains",
        Takes.ONE,
        Sort.TEXT,
        "arrayExists(item -> ifNull(position(item, {value}) > 0, 0), {seen})",
        case_sensitive=False,
    ),
    *_pair("length_eq", "length_neq", Takes.ONE, Sort.COUNT, "{set} AND length({seen}) = {value}"),
    Operator("length_gt", Takes.ONE, Sort.COUNT, "{set} AND length({seen}) > {value}"),
    Operator("length_gte", Takes.ONE, Sort.COUNT, "{set} AND length({seen}) >= {value}"),
    Operator("length_lt", Takes.ONE, Sort.COUNT, "{set} AND length({seen}) < {value}"),
    Operator("length_lte", Takes.ONE, Sort.COUNT, "{set} AND length({seen}) <= {value}"),
    *_SET,
)

_URL = (
    *_pair("eq", "neq", Takes.ONE, Sort.URL, _EQUAL, case_sensitive=True),
    Operator("contains", Takes.ONE, Sort.TEXT, _POSITION, case_sensitive=False),
    Operator("host_eq", Takes.ONE, Sort.HOST, "{host} = {value}"),
    Operator("host_in", Takes.MANY, Sort.HOST, "{host} IN {value}"),
    *_SET,
)

_DATETIME = (
    Operator("eq", Takes.ONE, Sort.MOMENT, _IN_WINDOW),
    Operator("before", Takes.ONE, Sort.MOMENT, _IN_WINDOW),
    Operator("after", Takes.ONE, Sort.MOMENT, _IN_WINDOW),
    Operator("on_or_before", Takes.ONE, Sort.MOMENT, _IN_WINDOW),
    Operator("on_or_after", Takes.ONE, Sort.MOMENT, _IN_WINDOW),
    *_pair("between", "not_between", Takes.TWO, Sort.MOMENT, _IN_WINDOW),
    *_pair("in_last", "not_in_last", Takes.ONE, Sort.SPAN, _IN_WINDOW),
    Operator("in_next", Takes.ONE, Sort.SPAN, _IN_WINDOW),
    *_SET,
)

VALUE_TYPES: dict[str, dict[str, Operator]] = {
    value_type: {operator.name: operator for operator in operators}
    for value_type, operators in (
        ("string", _STRING),
        ("number", _NUMBER),
        ("price", _NUMBER),
        ("multi_price", _NUMBER),
        ("boolean", _BOOLEAN),
        ("array", _ARRAY),
        ("url", _URL),
        ("datetime", _DATETIME),
    )
}
"""What a product's value may be read as, and what can then be said of it."""

WHOLE_PRODUCT_TYPES: dict[str, dict[str, Operator]] = {
    leaf_type: {operator.name: operator for operator in operators}
    for leaf_type, operators in (
        ("sku_list", _pair("in", "not_in", Takes.MANY, Sort.TEXT, "{seen} IN {value}")),
        ("random_bucket", _pair("in", "not_in", Takes.TWO, Sort.PERCENT, "{seen} >= {value} AND {seen} < {value2}")),
        ("segment_membership", _pair("in", "not_in", Takes.MANY, Sort.SEGMENT, "{seen} IN {value}")),
        ("all_products", (Operator("in", Takes.NOTHING, Sort.NONE, "1"),)),
    )
}
"""The types of condition that look at no property of a product but at the product as such."""

RESERVED_TYPES = frozenset({"user_behavior_signal", "ai_visibility_metric"})
"""Named by the condition language, not available here."""
