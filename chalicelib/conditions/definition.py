"""From the JSON of a definition, or a list's ``?field=text``, to nodes that are known to hold.

Everything wrong is told at once, each thing by its path (``conditions[0].conditions[2].value``): at save, at preview,
and again at compute, for the schema may have changed since.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal, TypeAlias

from chalicelib.conditions.moments import Window, read_moment
from chalicelib.conditions.operands import (
    MAX_SEGMENTS,
    Operand,
    Reading,
    Wrong,
    plain_number,
    read_number,
    read_operands,
    read_text,
    read_zone,
)
from chalicelib.conditions.operators import (
    RESERVED_TYPES,
    VALUE_TYPES,
    WHOLE_PRODUCT_TYPES,
    Operator,
    Sort,
    Takes,
)
from chalicelib.errors import InvalidValue
from chalicelib.fields import CURRENCIES, FIELD_TYPES, JsonValue, Unfit, habit_of_locale
from chalicelib.model.product_schema import FIELD_NAME, ProductSchema

MAX_LEVELS = 5
MAX_LEAVES = 100

BUILT_INS: Mapping[str, str] = {
    "sku": "string",
    "name": "string",
    "ean": "string",
    "source": "string",
    "supplier_code": "string",
    "created_at": "datetime",
    "updated_at": "datetime",
    "ai_readability_score": "number",
}
"""What every product has beside its fields, and its type. A field of the same name is meant before it."""

_ALWAYS_BUILT_IN = frozenset({"sku", "name"})

_READABLE_AS: Mapping[str, frozenset[str]] = {
    **{field_type: frozenset({field_type}) for field_type in FIELD_TYPES},
    "url": frozenset({"url", "string"}),
    "price": frozenset({"price", "number"}),
    "array": frozenset({"array", "string"}),
}
"""A field's type to the ``value_type`` that suits it. A list read as text is asked about its items."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One condition that holds.

    Attributes:
        type: the condition's type, a word of the definition language.
        operator: its row of the table.
        property: what it reads; None where it looks at the product as such.
        stored_as: the type of what is stored there; ``value_type`` is the type it is read as.
        built_in: whether the property is a column and not a field.
        operands: what it compares with, read and normalised: texts, numbers, one window of moments, segment ids.
        case_sensitive: whether the case of letters counts.
        currency: the one currency that is meant, or None for any.
        locale: of a multi-price, likewise.
        every_price: whether all prices have to hold, not any.
        seed: of a random bucket.
        value: as it was sent, for showing.
    """

    type: str
    operator: Operator
    property: str | None = None
    stored_as: str = ""
    value_type: str = ""
    built_in: bool = False
    operands: tuple[Operand, ...] = ()
    case_sensitive: bool = True
    currency: str | None = None
    locale: str | None = None
    every_price: bool = False
    seed: str = ""
    value: Any = None


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions of which all (AND) or at least one (OR) must hold."""

    logic: Literal["AND", "OR"]
    conditions: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """What must not hold."""

    condition: "Node"


Node: TypeAlias = Leaf | Group | Not

ALL = Leaf("all_products", WHOLE_PRODUCT_TYPES["all_products"]["in"])


# Read -----------------------------------------------------------------------------------------------------------------


def parse_definition(value: Any, schema: ProductSchema, *, now: datetime, path: str = "") -> Node:
    """The node a definition's JSON means, with ``now`` as the present of its relative dates.

    Raises InvalidValue with every problem under its path, which begins with ``path`` where one is given.
    """
    reader = _Reader(schema, now)
    node = reader.node(value, path, level=0)
    if reader.problems or node is None:
        raise InvalidValue({place or "definition": problem for place, problem in reader.problems.items()})
    return node


def all_of(nodes: Sequence[Node]) -> Node:
    """What holds when every one of the nodes does; all products where there are none."""
    if not nodes:
        return ALL
    return nodes[0] if len(nodes) == 1 else Group("AND", tuple(nodes))


def leaves(node: Node, path: str = "") -> Iterator[tuple[str, Leaf]]:
    """The leaves with their paths, in the order of the definition."""
    match node:
        case Leaf():
            yield path, node
        case Not(condition):
            yield from leaves(condition, _under(path, "not"))
        case Group(_, conditions):
            for index, condition in enumerate(conditions):
                yield from leaves(condition, _under(path, f"conditions[{index}]"))


def reads(node: Node) -> frozenset[str]:
    """The properties a node reads: who changes none of them changes no membership, as long as products stay."""
    return frozenset(
        leaf.property or "sku"
        for _, leaf in leaves(node)
        if leaf.property or leaf.type in {"sku_list", "random_bucket"}
    )


def segments_read(node: Node) -> frozenset[int]:
    """The segments whose membership a node reads."""
    return frozenset(
        operand
        for _, leaf in leaves(node)
        if leaf.type == "segment_membership"
        for operand in leaf.operands
        if isinstance(operand, int)
    )


def _under(path: str, step: str) -> str:
    return f"{path}.{step}" if path else step


@dataclass(slots=True)
class _Reader:
    """One reading of a definition: collects what is wrong with it."""

    schema: ProductSchema
    now: datetime
    problems: dict[str, str] = field(default_factory=dict)
    leaf_count: int = 0

    def node(self, value: Any, path: str, level: int) -> Node | None:
        if not isinstance(value, dict):
            return self._refuse(path, "is no condition: write an object")
        if sum(key in value for key in ("conditions", "not")) == 2:
            return self._refuse(_under(path, "not"), "stands beside conditions: write the one inside the other")
        if "not" in value:
            return self._negation(value, path, level)
        if "conditions" in value or "logic" in value or not {"type", "property", "operator"} & value.keys():
            return self._group(value, path, level + 1)
        return self._leaf(value, path)

    def _refuse(self, path: str, problem: str) -> Leaf | None:
        """Note a problem, and stand in for the node there is not."""
        self.problems[path] = problem
        return None

    def _negation(self, value: dict[str, Any], path: str, level: int) -> Node | None:
        negated, inner = value["not"], _under(path, "not")
        if isinstance(negated, dict) and "not" in negated:
            return self._refuse(_under(inner, "not"), "negates what is negated already: leave both out")
        node = self.node(negated, inner, level)
        return Not(node) if node else None

    def _group(self, value: dict[str, Any], path: str, level: int) -> Node | None:
        if level > MAX_LEVELS:
            return self._refuse(path, f"lies {level} levels deep; {MAX_LEVELS} are allowed")
        logic = self._logic(value.get("logic"), path)
        conditions = value.get("conditions")
        place = _under(path, "conditions")
        if not isinstance(conditions, list):
            return self._refuse(place, "is no list of conditions" if conditions is not None else "is missing")
        if not conditions:
            return self._refuse(place, 'is empty; all products are {"type": "all_products"}')
        nodes = []
        for index, condition in enumerate(conditions):
            if self.leaf_count > MAX_LEAVES:
                break
            nodes.append(self.node(condition, f"{place}[{index}]", level))
        return Group(logic, tuple(node for node in nodes if node))

    def _logic(self, written: Any, path: str) -> Literal["AND", "OR"]:
        if written is None:
            return "AND"
        word = written.strip().upper() if isinstance(written, str) else ""
        if word == "AND":
            return "AND"
        if word != "OR":
            self._refuse(_under(path, "logic"), "is neither AND nor OR")
        return "OR"

    def _leaf(self, value: dict[str, Any], path: str) -> Leaf | None:
        self.leaf_count += 1
        if self.leaf_count > MAX_LEAVES:
            return self._refuse(path, f"is one condition too many: {MAX_LEAVES} are allowed")
        try:
            return _leaf(value, self.schema, self.now)
        except Wrong as wrong:
            return self._refuse(_under(path, wrong.step), wrong.problem)


# One condition --------------------------------------------------------------------------------------------------------


def _leaf(value: dict[str, Any], schema: ProductSchema, now: datetime) -> Leaf:
    """The leaf an object means. Raises Wrong."""
    leaf_type = _word(value, "type")
    if leaf_type is None and "property" in value:
        leaf_type = "product_attribute"
    if leaf_type == "product_attribute":
        return _product_attribute(value, schema, now)
    if leaf_type in WHOLE_PRODUCT_TYPES:
        return _WHOLE_PRODUCT_READERS[leaf_type](value, _reading(schema, now))
    if leaf_type in RESERVED_TYPES:
        raise Wrong("type", f"not_available: {leaf_type} conditions are not available here")
    known = ", ".join(("product_attribute", *WHOLE_PRODUCT_TYPES))
    raise Wrong("type", "is missing" if leaf_type is None else f"is no type of condition; there are {known}")


def _product_attribute(value: dict[str, Any], schema: ProductSchema, now: datetime) -> Leaf:
    name, stored_as, built_in = _property(value, schema)
    value_type, asked_as = _value_type(value, stored_as)
    operator = _operator(value, VALUE_TYPES[value_type])
    if asked_as != value_type and operator.sort is Sort.COUNT:
        raise Wrong("value_type", f"is {asked_as}, which has no {operator.name}; the property is a list")
    reading = replace(_reading(schema, now), zone=read_zone(value.get("tz")))
    if built_in and name == "ean" and operator.case_sensitive:
        reading = replace(reading, ean=operator.sort is Sort.TEXT)
    amounts = value
    currency = None
    if stored_as in {"price", "multi_price"}:
        amounts, named = _amounts(value, operator)
        currency = _currency(value, named, value_type, operator, schema)
    return Leaf(
        "product_attribute",
        operator,
        name,
        stored_as,
        value_type,
        built_in,
        read_operands(amounts, operator, reading),
        _case_sensitive(value, operator),
        currency,
        _locale(value, reading) if value_type == "multi_price" else None,
        value_type == "multi_price" and _every_price(value),
        value=_sent(value),
    )


def _reading(schema: ProductSchema, now: datetime) -> Reading:
    return Reading(habit_of_locale(schema.default_locale, schema.default_currency), now, read_zone(None))


def _property(value: dict[str, Any], schema: ProductSchema) -> tuple[str, str, bool]:
    """The property's name, the type of what is stored there, and whether it is a built-in one."""
    name = _word(value, "property")
    if name is None:
        raise Wrong("property", "is missing")
    if name in schema.by_name and name not in _ALWAYS_BUILT_IN and FIELD_NAME.fullmatch(name):
        return name, schema.by_name[name].type, False
    if name in BUILT_INS:
        return name, BUILT_INS[name], True
    raise Wrong("property", f"{_shown(name)} is no field of the schema, nor one of {', '.join(BUILT_INS)}")


def _value_type(value: dict[str, Any], stored_as: str) -> tuple[str, str]:
    """The type the property is read as, and the one that was asked for."""
    asked = _word(value, "value_type")
    if asked is None or asked == stored_as:
        return stored_as, stored_as
    if asked not in VALUE_TYPES:
        raise Wrong("value_type", f"is no type; there are {', '.join(VALUE_TYPES)}")
    if asked not in _READABLE_AS[stored_as]:
        raise Wrong("value_type", f"is {asked}, but the property is of type {stored_as}")
    if stored_as == "array" and value.get("operator") not in VALUE_TYPES["array"]:
        raise Wrong("value_type", f"is {asked}, but the property is a list: ask with contains, contains_any, …")
    return (stored_as if stored_as == "array" else asked), asked


def _operator(value: dict[str, Any], allowed: Mapping[str, Operator], default: str | None = None) -> Operator:
    name = _word(value, "operator") or default
    if name is None:
        raise Wrong("operator", f"is missing; allowed are {', '.join(allowed)}")
    if name not in allowed:
        raise Wrong("operator", f"{_shown(name)} is not allowed here; allowed are {', '.join(allowed)}")
    return allowed[name]


def _word(value: dict[str, Any], key: str) -> str | None:
    """A text of the leaf, or None when it is left out or null."""
    word = value.get(key)
    if word is None or isinstance(word, str):
        return word
    raise Wrong(key, "is no text")


def _case_sensitive(value: dict[str, Any], operator: Operator) -> bool:
    written = value.get("case_sensitive")
    if written is None:
        return operator.case_sensitive is not False
    if not isinstance(written, bool):
        raise Wrong("case_sensitive", "is neither true nor false")
    return written or operator.case_sensitive is None


def _amounts(value: dict[str, Any], operator: Operator) -> tuple[dict[str, Any], str | None]:
    """The leaf with bare amounts where it has ``{amount, currency}``, and the one currency those name."""
    named: set[str] = set()

    def bare(written: Any) -> Any:
        if isinstance(written, list):
            return [bare(each) for each in written]
        if not isinstance(written, dict):
            return written
        if isinstance(written.get("currency"), str):
            named.add(written["currency"].strip().upper())
        return written.get("amount")

    if operator.takes is Takes.NOTHING:
        return value, None
    amounts = {**value, "value": bare(value.get("value")), "value2": bare(value.get("value2"))}
    if len(named) > 1:
        raise Wrong("value", f"names several currencies: {', '.join(sorted(named))}")
    return amounts, named.pop() if named else None


def _currency(
    value: dict[str, Any], named: str | None, value_type: str, operator: Operator, schema: ProductSchema
) -> str | None:
    """The one currency a condition on prices means.

    Left out, it is the workspace's where amounts are compared, and any where the price is read as a bare number or
    only its presence is asked for.
    """
    written = _word(value, "currency")
    if written is None and named is None:
        return None if value_type == "number" or operator.takes is Takes.NOTHING else schema.default_currency
    currency = (written or named or "").strip().upper()
    if currency not in CURRENCIES:
        raise Wrong("currency" if written else "value", f"{_shown(currency)} is no currency; write it like EUR")
    if named is not None and named != currency:
        raise Wrong("value", f"names {_shown(named)}, but the condition's currency is {currency}")
    return currency


def _locale(value: dict[str, Any], reading: Reading) -> str | None:
    written = _word(value, "locale")
    return read_text(written, "locale", reading) if written is not None else None


def _every_price(value: dict[str, Any]) -> bool:
    quantifier = (_word(value, "quantifier") or "any").lower()
    if quantifier not in {"any", "all"}:
        raise Wrong("quantifier", "is neither any nor all")
    return quantifier == "all"


def _sent(value: dict[str, Any]) -> Any:
    """The value as it was sent, for showing: two values as a pair."""
    return [value.get("value"), value["value2"]] if value.get("value2") is not None else value.get("value")


def _shown(text: str) -> str:
    """A text of the caller's, short enough to be quoted to him."""
    quoted = text.encode("utf-8", "replace").decode()
    return f'"{quoted}"' if len(quoted) <= 60 else f'"{quoted[:60]}…"'


# Conditions on the product as such ------------------------------------------------------------------------------------


def _sku_list(value: dict[str, Any], reading: Reading) -> Leaf:
    operator = _operator(value, WHOLE_PRODUCT_TYPES["sku_list"], default="in")
    key = _key(value, "skus")
    return Leaf("sku_list", operator, operands=_listed(value, key, operator, reading), value=value.get(key))


def _random_bucket(value: dict[str, Any], reading: Reading) -> Leaf:
    """A share of the products that stays the same: ``value`` percent of them, or from ``value`` to ``value2``."""
    operator = _operator(value, WHOLE_PRODUCT_TYPES["random_bucket"], default="in")
    written = value.get("value")
    alone = written is not None and not isinstance(written, list) and value.get("value2") is None
    try:
        operands = read_operands({"value": [0, written]} if alone else value, operator, reading)
    except Wrong as wrong:
        raise Wrong("value" if alone else wrong.step, wrong.problem) from wrong
    seed = _word(value, "seed") or ""
    return Leaf(
        "random_bucket",
        operator,
        operands=operands,
        seed=read_text(seed, "seed", reading) if seed else "",
        value=_sent(value),
    )


def _segment_membership(value: dict[str, Any], reading: Reading) -> Leaf:
    operator = _operator(value, WHOLE_PRODUCT_TYPES["segment_membership"], default="in")
    key = _key(value, "segment_id")
    written = value.get(key)
    if isinstance(written, list) and len(written) > MAX_SEGMENTS:
        raise Wrong(key, f"holds {len(written)} segments; {MAX_SEGMENTS} are allowed")
    return Leaf("segment_membership", operator, operands=_listed(value, key, operator, reading), value=written)


def _all_products(_value: dict[str, Any], _reading: Reading) -> Leaf:
    return ALL


_WHOLE_PRODUCT_READERS: Mapping[str, Callable[[dict[str, Any], Reading], Leaf]] = {
    "sku_list": _sku_list,
    "random_bucket": _random_bucket,
    "segment_membership": _segment_membership,
    "all_products": _all_products,
}


def _key(value: dict[str, Any], other_name: str) -> str:
    """Where the operands are: under ``value``, or under the name that says what they are."""
    return other_name if value.get("value") is None and value.get(other_name) is not None else "value"


def _listed(value: dict[str, Any], key: str, operator: Operator, reading: Reading) -> tuple[Operand, ...]:
    """The operands of a list, which may hold one without being a list. Raises Wrong, which names the key."""
    written = value.get(key)
    alone = isinstance(written, str | int)
    try:
        return read_operands({"value": [written] if alone else written}, operator, reading)
    except Wrong as wrong:
        step = wrong.step.replace("value", key, 1)
        raise Wrong(step.removesuffix("[0]") if alone else step, wrong.problem) from wrong


# Filters of lists -----------------------------------------------------------------------------------------------------


def filter_node(name: str, text: str, schema: ProductSchema, *, now: datetime) -> Node | None:
    """What ``?name=text`` of a list asks for, or None where it can match nothing.

    Texts and addresses are compared as they are, a list must hold the item (all of them when the text holds several),
    a price must have the amount in whatever currency, numbers, booleans and datetimes are read by the schema's locale.
    A text that is no value of the field's type is compared with what is stored as text, as is that of a field the
    schema does not know. Nothing is refused: a filter is no definition.
    """
    text = text.strip()
    built_in = name in BUILT_INS and (name in _ALWAYS_BUILT_IN or name not in schema.by_name)
    if not text or not (built_in or FIELD_NAME.fullmatch(name)):
        return None
    if built_in:
        stored_as = BUILT_INS[name]
    else:
        stored_as = schema.by_name[name].type if name in schema.by_name else "string"
    reading = replace(_reading(schema, now), ean=built_in and name == "ean")
    leaf = Leaf("product_attribute", _EQ, name, stored_as, stored_as, built_in, value=text)
    try:
        return _FILTERS[stored_as](leaf, text, reading)
    except (Unfit, Wrong):
        pass
    try:
        return None if built_in else _text_filter(replace(leaf, stored_as="string"), text, reading)
    except Wrong:
        return None


_EQ = VALUE_TYPES["string"]["eq"]


def _parsed(leaf: Leaf, text: str, reading: Reading) -> JsonValue:
    return FIELD_TYPES[leaf.stored_as].parser(reading.habit)(text)


def _text_filter(leaf: Leaf, text: str, reading: Reading) -> Leaf:
    return replace(leaf, value_type="string", operator=_EQ, operands=(read_text(text, "value", reading),))


def _number_filter(leaf: Leaf, text: str, reading: Reading) -> Leaf:
    number = read_number(_parsed(leaf, text, reading), "value", reading)
    return replace(leaf, operator=VALUE_TYPES["number"]["eq"], operands=(number,))


def _price_filter(leaf: Leaf, text: str, reading: Reading) -> Leaf:
    """An amount in any currency, or in the one the text names."""
    eq = VALUE_TYPES[leaf.stored_as]["eq"]
    try:
        return replace(leaf, operator=eq, operands=(read_number(text, "value", reading),))
    except Wrong:
        price = FIELD_TYPES["price"].parser(reading.habit)(text)
    assert isinstance(price, Mapping) and isinstance(price["currency"], str)
    return replace(leaf, operator=eq, operands=(plain_number(price["amount"]),), currency=price["currency"])


def _boolean_filter(leaf: Leaf, text: str, reading: Reading) -> Leaf:
    meant = _parsed(leaf, text, reading)
    return replace(leaf, operator=VALUE_TYPES["boolean"]["is_true" if meant else "is_false"])


def _array_filter(leaf: Leaf, text: str, reading: Reading) -> Leaf:
    listed = _parsed(leaf, text, reading)
    items = listed if isinstance(listed, list) and listed else [text]
    texts = tuple(read_text(item, "value", reading) for item in items)
    return replace(
        leaf, operator=VALUE_TYPES["array"]["contains" if len(texts) == 1 else "contains_all"], operands=texts
    )


def _datetime_filter(leaf: Leaf, text: str, reading: Reading) -> Leaf:
    moment = _parsed(leaf, text, reading)
    assert isinstance(moment, str)
    exact = read_moment(moment, reading.zone)
    return replace(leaf, operator=VALUE_TYPES["datetime"]["eq"], operands=(Window(exact.start, exact.end),))


_FILTERS: Mapping[str, Callable[[Leaf, str, Reading], Leaf]] = {
    "string": _text_filter,
    "url": _text_filter,
    "number": _number_filter,
    "price": _price_filter,
    "multi_price": _price_filter,
    "boolean": _boolean_filter,
    "array": _array_filter,
    "datetime": _datetime_filter,
}
