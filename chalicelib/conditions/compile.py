"""From nodes to SQL: one boolean ClickHouse expression over ``products``, its values as parameters.

A value never enters the text, it becomes a place (``{p0:String}``); names come from the schema, quoted, or are fixed
columns. Every condition is 0 or 1 and never NULL, so that NOT and OR have two values too. The statement around it
reads ``products FINAL`` and always says ``workspace = {workspace:UInt64}``.

What is read: a typed subcolumn of ``data``, which is NULL (an empty array for a list) where the product has no value or
one of another kind. A number is in one of several subcolumns by its form, and each is compared as it is: integers of
64 bits exactly, all others as Float64.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from chalicelib.conditions.definition import Group, Leaf, Node, Not
from chalicelib.conditions.moments import Window, iso_text
from chalicelib.conditions.operands import BUCKETS, Operand
from chalicelib.conditions.operators import HOST_PATTERN, MOMENT_PATTERN, Sort, Takes
from chalicelib.model.product_schema import FIELD_NAME

Memberships: TypeAlias = Mapping[int, int | None]
"""A segment to the compute whose members count, None when it was never computed."""

NOBODY: Memberships = {}


@dataclass(frozen=True, slots=True)
class Where:
    """A boolean expression and its parameters, ready for the mirror's client."""

    sql: str
    parameters: dict[str, Any]


@dataclass(frozen=True, slots=True)
class LeafSql:
    """One condition for an explanation: its result (0 or 1) and, as JSON text, the value it saw."""

    result: str
    value: str
    parameters: dict[str, Any]


def compile_where(node: Node, *, memberships: Memberships = NOBODY, prefix: str = "p") -> Where:
    """The expression that is 1 for the products a node selects. Parameters are ``prefix`` and a number."""
    compiler = _Compiler(memberships, prefix)
    return Where(compiler.node(node), compiler.parameters)


def compile_leaf(leaf: Leaf, *, memberships: Memberships = NOBODY, prefix: str = "p") -> LeafSql:
    """One condition as ``compile_where`` compiles it, and what it looks at."""
    compiler = _Compiler(memberships, prefix)
    return LeafSql(compiler.leaf(leaf), compiler.value_seen(leaf), compiler.parameters)


# What is read ---------------------------------------------------------------------------------------------------------

_NULLABLE_COLUMNS = frozenset({"ean", "supplier_code", "ai_readability_score"})

_NUMBER_KINDS = ("Float64", "Int64", "UInt64")
_AMOUNT_KINDS = ("Float64", "Int64")
"""Each form is one more column to read. An amount of money has less than 19 digits before its point: a whole one with
more is compared with nothing."""

_AMOUNT_PATHS = {"price": ".amount", "multi_price": "[].amount"}

_KIND_RANGES = {"Int64": (-(2**63), 2**63 - 1), "UInt64": (0, 2**64 - 1)}

_BEYOND_64_BITS = "^-?[0-9]{19,}$"
"""An integer too large for 64 bits is a text in the mirror."""

_FIRST_COLUMN_MOMENT, _LAST_COLUMN_MOMENT = "1900-01-01T00:00:00", "2299-12-31T23:59:59.999999"
"""What a DateTime64 column can hold; a bound beyond is as good as the end."""

_MEMBERS = "SELECT sku FROM segment_members WHERE workspace = {workspace:UInt64}"

_HOST_LITERAL = HOST_PATTERN.replace("\\", "\\\\")


def _path(leaf: Leaf) -> str:
    """A field's path below ``data``. Only what the schema may hold as a name comes this far."""
    assert leaf.property and FIELD_NAME.fullmatch(leaf.property)
    return f"data.`{leaf.property}`"


def _column(leaf: Leaf) -> str:
    """The text, boolean, list or built-in column a leaf reads."""
    if leaf.built_in:
        assert leaf.property
        return leaf.property
    kind = {"boolean": "Bool", "array": "`Array(Nullable(String))`"}.get(leaf.stored_as, "String")
    return f"{_path(leaf)}.:{kind}"


def _numbers(leaf: Leaf) -> dict[str, str]:
    """The forms of the number a leaf reads: kind of the form to its expression."""
    if leaf.built_in:
        return {"Int64": _column(leaf)}
    if leaf.stored_as in _AMOUNT_PATHS:
        path = f"{_path(leaf)}{_AMOUNT_PATHS[leaf.stored_as]}"
        return {kind: f"{path}.:{kind}" for kind in _AMOUNT_KINDS}
    forms = {kind: f"{_path(leaf)}.:{kind}" for kind in _NUMBER_KINDS}
    return forms | {"String": f"toFloat64OrNull(extract({_path(leaf)}.:String, '{_BEYOND_64_BITS}'))"}


def _folded(text: str) -> str:
    """A text without the difference of capital and small letters; the Greek final sigma is a sigma."""
    return f"replaceAll(lowerUTF8({text}), 'ς', 'σ')"


def _without_z(text: str) -> str:
    return f"substring({text}, 1, length({text}) - 1)"


def _set(leaf: Leaf, column: str) -> str:
    """Whether a text, list, boolean or datetime is there."""
    match leaf.stored_as:
        case "array":
            return f"notEmpty({column})"
        case "boolean":
            return f"isNotNull({column})"
        case "datetime":
            return "1" if leaf.built_in else f"match({column}, '{MOMENT_PATTERN}')"
        case _:
            return f"{column} != ''"


def _never_null(leaf: Leaf, sql: str) -> str:
    """0 instead of NULL where there can be one; a column that has none keeps the use of its index."""
    if leaf.stored_as == "array" or (leaf.built_in and leaf.property not in _NULLABLE_COLUMNS):
        return f"({sql})"
    return f"ifNull({sql}, 0)"


def _any(conditions: Sequence[str]) -> str:
    return f"({' OR '.join(conditions)})" if conditions else "0"


# The compiler ---------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Compiler:
    """One compilation: hands out the places of its parameters."""

    memberships: Memberships
    prefix: str
    parameters: dict[str, Any] = field(default_factory=dict)

    def bind(self, value: Any, kind: str) -> str:
        """A place for a value; the only way a value takes part in a statement."""
        name = f"{self.prefix}{len(self.parameters)}"
        self.parameters[name] = value
        return f"{{{name}:{kind}}}"

    def node(self, node: Node) -> str:
        match node:
            case Leaf():
                return self.leaf(node)
            case Not(condition):
                return f"NOT {self.node(condition)}"
            case Group(logic, conditions):
                return f"({f' {logic} '.join(self.node(each) for each in conditions)})"

    def leaf(self, leaf: Leaf) -> str:
        positive = self._positive(leaf)
        return f"NOT {positive}" if leaf.operator.negative else positive

    def _positive(self, leaf: Leaf) -> str:
        """The operator's positive sense: 0 or 1, never NULL, in brackets of its own."""
        match leaf.type, leaf.stored_as:
            case "all_products", _:
                return "1"
            case "sku_list", _:
                return f"(sku IN {self._texts(leaf)})"
            case "random_bucket", _:
                return self._in_bucket(leaf)
            case "segment_membership", _:
                return self._is_member(leaf)
            case _, "number":
                return self._number(leaf)
            case _, "price":
                return self._price(leaf)
            case _, "multi_price":
                return self._multi_price(leaf)
            case _, "datetime":
                return self._datetime(leaf)
            case _:
                return self._text(leaf)

    # Texts, addresses, lists, booleans

    def _text(self, leaf: Leaf) -> str:
        column = _column(leaf)
        sql = leaf.operator.sql.format(
            seen=self._seen(leaf, column),
            set=_set(leaf, column),
            host=f"lowerUTF8(extract({column}, '{_HOST_LITERAL}'))",
            value=self._value(leaf),
        )
        return _never_null(leaf, sql)

    def _seen(self, leaf: Leaf, column: str) -> str:
        if leaf.case_sensitive or leaf.operator.sort is Sort.PATTERN:
            return column
        return f"arrayMap(item -> {_folded('item')}, {column})" if leaf.stored_as == "array" else _folded(column)

    def _value(self, leaf: Leaf) -> str:
        """The bound operand or list of operands, in the form the column is compared in."""
        sort, takes = leaf.operator.sort, leaf.operator.takes
        match takes, sort:
            case Takes.NOTHING, _:
                return ""
            case _, Sort.HOST:
                return self._folded_texts(leaf, "lowerUTF8({})")
            case _, Sort.PATTERN:
                return self.bind(f"{'' if leaf.case_sensitive else '(?i)'}{leaf.operands[0]}", "String")
            case _, Sort.BOOLEAN:
                return "true" if leaf.operands[0] else "false"
            case _, Sort.COUNT:
                return self.bind(leaf.operands[0], "UInt64")
            case _ if leaf.case_sensitive:
                return self._texts(leaf)
            case _:
                return self._folded_texts(leaf, _folded("{}"))

    def _texts(self, leaf: Leaf) -> str:
        if leaf.operator.takes is Takes.MANY:
            return self.bind(list(leaf.operands), "Array(String)")
        return self.bind(leaf.operands[0], "String")

    def _folded_texts(self, leaf: Leaf, folding: str) -> str:
        """Both sides are folded by ClickHouse: its letters may be newer than Python's."""
        if leaf.operator.takes is Takes.MANY:
            return f"arrayMap(text -> {folding.format('text')}, {self._texts(leaf)})"
        return folding.format(self._texts(leaf))

    # Numbers and prices

    def _number(self, leaf: Leaf) -> str:
        return _any(self._number_hits(leaf, _numbers(leaf)))

    def _number_hits(self, leaf: Leaf, forms: Mapping[str, str]) -> list[str]:
        """A condition for each form a number can have."""
        operator = leaf.operator
        if operator.takes is Takes.NOTHING:
            return [f"isNotNull({form})" for form in forms.values()]
        if operator.takes is Takes.MANY:
            lists = [(form, kind, _exact(leaf.operands, kind)) for kind, form in forms.items()]
            return [
                f"ifNull({operator.sql.format(seen=form, value=self.bind(numbers, _list_kind(kind)))}, 0)"
                for form, kind, numbers in lists
                if numbers
            ]
        places = [self._number_place(operand) for operand in leaf.operands]
        return [
            f"ifNull({operator.sql.format(seen=form, value=places[0], value2=places[-1])}, 0)"
            for form in forms.values()
        ]

    def _number_place(self, number: Operand) -> str:
        """Integers are bound as such: ClickHouse compares them with floats without losing a digit."""
        kind = next((kind for kind in _KIND_RANGES if _holds(kind, number)), "Float64")
        return self.bind(number, kind)

    def _price(self, leaf: Leaf) -> str:
        currency = f"{_path(leaf)}.currency.:String"
        conditions = []
        if leaf.operator.takes is not Takes.NOTHING:
            conditions.append(self._number(leaf))
        if leaf.currency is not None:
            conditions.append(f"ifNull({currency} = {self.bind(leaf.currency, 'String')}, 0)")
        return f"({' AND '.join(conditions)})" if conditions else f"isNotNull({currency})"

    def _multi_price(self, leaf: Leaf) -> str:
        names, arrays = _parallel(leaf)
        meant = self._prices_meant(leaf)
        if leaf.operator.takes is Takes.NOTHING:
            return _exists(meant or ["1"], arrays)
        hits = _any(self._number_hits(leaf, names))
        exists = _exists([*meant, hits], arrays)
        return f"({exists} AND NOT {_exists([*meant, f'NOT {hits}'], arrays)})" if leaf.every_price else exists

    def _prices_meant(self, leaf: Leaf) -> list[str]:
        meant = []
        if leaf.currency is not None:
            meant.append(f"ifNull(currency = {self.bind(leaf.currency, 'String')}, 0)")
        if leaf.locale is not None:
            written, given = "replaceAll(lowerUTF8({}), '-', '_')", self.bind(leaf.locale, "String")
            meant.append(f"ifNull({written.format('locale')} = {written.format(given)}, 0)")
        return meant

    # Datetimes

    def _datetime(self, leaf: Leaf) -> str:
        column = _column(leaf)
        if leaf.operator.takes is Takes.NOTHING:
            return _never_null(leaf, _set(leaf, column))
        window = leaf.operands[0]
        assert isinstance(window, Window)
        seen = column if leaf.built_in else _without_z(column)
        bounds = [
            f"{seen} {comparison} {self._moment_place(leaf, iso_text(moment))}"
            for comparison, moment in ((">=", window.start), ("<", window.end))
            if moment is not None
        ]
        return _never_null(leaf, " AND ".join([*bounds, *([] if leaf.built_in and bounds else [_set(leaf, column)])]))

    def _moment_place(self, leaf: Leaf, text: str) -> str:
        if not leaf.built_in:
            return self.bind(text, "String")
        held = min(max(text, _FIRST_COLUMN_MOMENT), _LAST_COLUMN_MOMENT)
        return self.bind(held.replace("T", " "), "DateTime64(6, 'UTC')")

    # The product as such

    def _bucket(self, leaf: Leaf) -> str:
        seed = self.bind(leaf.seed, "String")
        return f"reinterpretAsUInt32(reverse(substring(MD5(concat({seed}, ':', sku)), 1, 4))) % {BUCKETS}"

    def _in_bucket(self, leaf: Leaf) -> str:
        places = [self.bind(bucket, "UInt32") for bucket in leaf.operands]
        return f"({leaf.operator.sql.format(seen=self._bucket(leaf), value=places[0], value2=places[1])})"

    def _is_member(self, leaf: Leaf) -> str:
        """Membership of a segment as its last compute left it; nobody is in one that was never computed."""
        computes = []
        for segment in leaf.operands:
            assert isinstance(segment, int)
            if (compute := self.memberships.get(segment)) is not None:
                computes.append(
                    f"segment = {self.bind(segment, 'UInt64')} AND compute = {self.bind(compute, 'UInt64')}"
                )
        if not computes:
            return "0"
        return f"(sku IN ({_MEMBERS} AND {_any(computes)}))"

    # The value seen

    def value_seen(self, leaf: Leaf) -> str:
        """The value a leaf looks at, as JSON text; ``null`` where there is none."""
        match leaf.type, leaf.stored_as:
            case (("all_products" | "segment_membership"), _):
                return "'null'"
            case "sku_list", _:
                return "toJSONString(sku)"
            case "random_bucket", _:
                return f"toString(({self._bucket(leaf)}) / {BUCKETS // 100})"
            case _, "number":
                return f"coalesce({', '.join(f'toString({form})' for form in _numbers(leaf).values())}, 'null')"
            case _, "price":
                currency = f"{_path(leaf)}.currency.:String"
                return f"if(isNull({currency}), 'null', toJSONString({_price_seen(_numbers(leaf), currency)}))"
            case _, "multi_price":
                return _multi_price_seen(leaf)
            case _, "array":
                return f"if(notEmpty({_column(leaf)}), toJSONString({_column(leaf)}), 'null')"
            case _, "datetime" if leaf.built_in:
                return f"toJSONString(concat(replaceOne(toString({_column(leaf)}), ' ', 'T'), 'Z'))"
            case _:
                return f"ifNull(toJSONString({_column(leaf)}), 'null')"


def _holds(kind: str, number: Operand) -> bool:
    """Whether a kind of integer can hold a number."""
    lowest, highest = _KIND_RANGES[kind]
    return isinstance(number, int) and lowest <= number <= highest


def _exact(numbers: Sequence[Operand], kind: str) -> list[Operand] | list[float]:
    """Those of the numbers that a form can hold without losing a digit: the others it cannot equal."""
    if kind in _KIND_RANGES:
        return [number for number in numbers if _holds(kind, number)]
    return [float(number) for number in numbers if isinstance(number, int | float) and float(number) == number]


def _list_kind(kind: str) -> str:
    return f"Array({kind if kind in _KIND_RANGES else 'Float64'})"


def _parallel(leaf: Leaf) -> tuple[dict[str, str], dict[str, str]]:
    """The prices of a multi-price side by side: form of the amount to its name, and name to its array."""
    forms = _numbers(leaf)
    names = {kind: f"amount_{kind.lower()}" for kind in forms}
    arrays = {names[kind]: form for kind, form in forms.items()}
    return names, arrays | {each: f"{_path(leaf)}[].{each}.:String" for each in ("currency", "locale")}


def _exists(conditions: Sequence[str], arrays: Mapping[str, str]) -> str:
    return f"arrayExists(({', '.join(arrays)}) -> {' AND '.join(conditions)}, {', '.join(arrays.values())})"


def _amount(forms: Mapping[str, str]) -> str:
    return f"coalesce({', '.join(f'toFloat64({form})' for form in forms.values())})"


def _price_seen(forms: Mapping[str, str], currency: str) -> str:
    return f"tuple({_amount(forms)}, {currency})::Tuple(amount Nullable(Float64), currency Nullable(String))"


def _multi_price_seen(leaf: Leaf) -> str:
    names, arrays = _parallel(leaf)
    kind = "Tuple(amount Nullable(Float64), currency Nullable(String), locale Nullable(String))"
    price = f"tuple({_amount(names)}, currency, locale)::{kind}"
    prices = f"arrayMap(({', '.join(arrays)}) -> {price}, {', '.join(arrays.values())})"
    return f"if(notEmpty({arrays['currency']}), toJSONString({prices}), 'null')"
