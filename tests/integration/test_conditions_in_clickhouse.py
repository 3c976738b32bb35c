"""What a definition's SQL selects is what its plain reading selects, in the real engine; hostile texts do nothing."""

import json
import random
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.conditions.compile import compile_leaf, compile_where
from chalicelib.conditions.definition import Node, filter_node, leaves, parse_definition
from chalicelib.conditions.operators import VALUE_TYPES
from chalicelib.errors import InvalidValue
from chalicelib.model.product_schema import ProductSchema, SchemaField
from chalicelib.services import Services
from chalicelib.store.mirror import Mirror
from tests.plain_reading import World, holds
from tests.plain_reading import value_of as read_value

WORKSPACE, NEIGHBOUR = 7_000_001, 7_000_002
NOW = datetime(2026, 3, 31, 10, 30, 0, 250_000, tzinfo=UTC)
PRODUCTS = 2_000

FIELDS = {
    "brand": "string",
    "größe_ñ": "string",
    "weight": "number",
    "price": "price",
    "prices": "multi_price",
    "organic": "boolean",
    "tags": "array",
    "link": "url",
    "sold_at": "datetime",
    "source": "number",
}
"""The last has the name of a built-in property and is meant before it."""

SCHEMA = ProductSchema(fields=[SchemaField(*each) for each in FIELDS.items()], default_currency="EUR")

TEXTS = (
    "Nike", "nike", "NIKE", "Puma", " Puma ", "Größe", "GRÖSSE", "ΟΔΟΣ", "οδος", "οδοσ", "İstanbul", "istanbul",
    "éa", "É",
    "ﬁx", "ǅ", "ǆ", "日本", "😀 shoe", "it's", 'say "x"', "back\\slash", "per%cent_", "{p0:String}", "`tick`",
    "line\nbreak",
    "tab\t", "null", "NaN", "0", "150", "2026-01-01", "a", "ab", "b", "'; DROP TABLE products; --", "~", "ß", "ẞ",
)  # fmt: skip
NUMBERS = (
    0, 1, -1, 5, 150, 2.5, -2.5, 0.1, 129.99, 130, 1e-7, 1e15, 9007199254740992, 9007199254740993, 2**63 - 1, 2**63,
    2**63 + 1, 2**64 - 1, 2**64, 10**20, -(2**63), -(2**63) - 1, 1e25, 99.5, 100, 255, 256, 100.0, 12345678901234567.25,
)  # fmt: skip
AMOUNTS = (0, 1, 9.99, 10, 129.99, 130, 130.0, 149.5, 150, 1000, 2**53 + 1, -5)
CURRENCIES = ("EUR", "USD", "JPY")
LOCALES = ("fr_FR", "fr-FR", "de_DE", "en_us")
LINKS = (
    "https://example.com/a", "https://EXAMPLE.com", "http://user:pass@example.com:8080/x?y=http://other.org/#z",
    "//cdn.example.com/i.png", "ftp://example.com", "https://example.com.evil.org/", "https://[::1]:80/",
    "HTTPS://Ünï.de/p",
    "https://evil.org/?u=//example.com/", "https://example.com?x", "https://example.com#y@evil.org",
)  # fmt: skip
HOSTS = ("example.com", "EXAMPLE.COM", "cdn.example.com", "[::1]", "evil.org", "ünï.de", "pass")
PATTERNS = (
    "nike", "^N", "a$", "^.b?$", "[0-9]+", "é|É", "line.break", r"\d{3}", "x*", "(?i)puma", "ß", r"back\\",
    "'", r"\bshoe\b", "a{1,3}",
    r"\p{Han}", "^(?:Nike|Puma)$", "[^a-z]",
)  # fmt: skip
MOMENTS = tuple(
    moment.isoformat().replace("+00:00", "Z")
    for moment in (
        NOW,
        *(NOW + timedelta(microseconds=each) for each in (-1, 1)),
        *(
            datetime(2026, month, day, hour, tzinfo=UTC)
            for month, day in ((1, 1), (2, 28), (3, 30), (3, 31), (4, 30))
            for hour in (0, 10, 22, 23)
        ),
        *(NOW - timedelta(days=days) for days in (1, 7, 28, 31, 59, 90, 365, 366)),
        *(NOW + timedelta(days=days) for days in (1, 7, 30, 31, 365)),
        datetime(1, 1, 2, tzinfo=UTC),
        datetime(9999, 12, 30, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(1899, 12, 31, 23, tzinfo=UTC),
    )
)  # fmt: skip
ASKED_MOMENTS = (
    *MOMENTS[:-3], "2026-01-01", "2026-03-31", "2026-03-29", "2026-02-28", "1850-01-01", "2500-06-01", "9999-12-31",
    "2026-03-31T10:30:00",
    "2026-03-31T12:30:00.250000+02:00", "2025-03-31",
)  # fmt: skip
ZONES = ("UTC", "Europe/Paris", "America/New_York", "Asia/Kathmandu", "Pacific/Kiritimati")
SCORES = (None, 0, 25, 80, 100)
EANS = (None, "00012345678905", "03760000000017", "00000096385074")
MEMBERS = {11: 501, 12: 502, 13: None}


# Products -------------------------------------------------------------------------------------------------------------


def prices(chance: random.Random) -> list[dict[str, Any]]:
    return [
        {"amount": chance.choice(AMOUNTS), "currency": chance.choice(CURRENCIES), "locale": chance.choice(LOCALES)}
        for _ in range(chance.randint(1, 3))
    ]


def value_of(kind: str, chance: random.Random) -> Any:
    """A value as ``fields`` stores one of that type."""
    match kind:
        case "string":
            return chance.choice(TEXTS)
        case "number":
            return chance.choice(NUMBERS)
        case "price":
            return {"amount": chance.choice(AMOUNTS), "currency": chance.choice(CURRENCIES)}
        case "multi_price":
            return prices(chance)
        case "boolean":
            return chance.random() < 0.5
        case "array":
            return chance.sample(TEXTS, chance.randint(1, 4))
        case "url":
            return chance.choice(LINKS)
        case _:
            return chance.choice(MOMENTS)


def data_of(chance: random.Random) -> dict[str, Any]:
    """Mostly values of the right type, some missing in every way there is, some left from another type."""
    data: dict[str, Any] = {}
    for name, kind in FIELDS.items():
        fate = chance.random()
        if fate < 0.1:
            continue
        if fate < 0.2:
            data[name] = chance.choice([None, "", []])
        elif fate < 0.3:
            data[name] = value_of(chance.choice([*FIELDS.values()]), chance)
        else:
            data[name] = value_of(kind, chance)
    return data


def made_products() -> list[dict[str, Any]]:
    chance = random.Random(2026)
    return [
        {
            "sku": f"SKU-{number:04d}" if number % 50 else f"sku '{number}' é\\",
            "id": number,
            "name": chance.choice(TEXTS),
            "ean": chance.choice(EANS),
            "source": chance.choice(["api", "wizard"]),
            "supplier_code": chance.choice([None, "ACME", "acme", "Müller"]),
            "ai_readability_score": chance.choice(SCORES),
            "created_at": datetime.fromisoformat(chance.choice(MOMENTS[:-3])),
            "updated_at": datetime.fromisoformat(chance.choice(MOMENTS[:-3])),
            "data": data_of(chance),
        }
        for number in range(1, PRODUCTS + 1)
    ]


def line(product: dict[str, Any], workspace: int) -> bytes:
    """As PostgreSQL's mirror_line writes it."""
    written = {**product, "workspace": workspace, "version": 1, "deleted": 0}
    for moment in ("created_at", "updated_at"):
        since = product[moment] - datetime(1970, 1, 1, tzinfo=UTC)
        written[moment] = f"{since // timedelta(seconds=1)}.{product[moment].microsecond:06d}"
    text = json.dumps(written, ensure_ascii=False)
    # The float of 1e25 is the integer of 26 digits to jsonb.
    return text.replace("1e+25", "10000000000000000000000000").encode()


ALL_PRODUCTS = [
    {**product, "data": json.loads(json.dumps(product["data"]).replace("1e+25", "10000000000000000000000000"))}
    for product in made_products()
]
MEMBER_SKUS = {
    11: {product["sku"] for product in ALL_PRODUCTS[::3]},
    12: {product["sku"] for product in ALL_PRODUCTS[::7]},
}
WORLD = World(FIELDS, "EUR", NOW, MEMBER_SKUS)


@pytest.fixture(scope="module")
def mirror(services: Services) -> Mirror:
    """The engine with the products of one workspace, and the same under other skus in a second one."""
    mirror = services.mirror
    mirror.insert(b"\n".join(line(product, WORKSPACE) for product in ALL_PRODUCTS))
    mirror.insert(b"\n".join(line({**each, "sku": "N-" + each["sku"]}, NEIGHBOUR) for each in ALL_PRODUCTS))
    for segment, compute in ((11, 501), (12, 502), (11, 500)):
        skus = sorted(MEMBER_SKUS[segment]) if compute != 500 else [product["sku"] for product in ALL_PRODUCTS]
        mirror.command(
            "INSERT INTO segment_members SELECT {workspace:UInt64}, {segment:UInt64}, {compute:UInt64}, "
            "arrayJoin({skus:Array(String)})",
            {"workspace": WORKSPACE, "segment": segment, "compute": compute, "skus": skus},
        )
    return mirror


def selected(mirror: Mirror, node: Node, workspace: int = WORKSPACE) -> set[str]:
    where = compile_where(node, memberships=MEMBERS)
    statement = f"SELECT sku FROM products FINAL WHERE workspace = {{workspace:UInt64}} AND {where.sql}"
    return {row[0] for row in mirror.query(statement, {"workspace": workspace, **where.parameters})}


def read_plainly(definition: dict[str, Any]) -> set[str]:
    return {product["sku"] for product in ALL_PRODUCTS if holds(definition, product, WORLD)}


# Definitions ----------------------------------------------------------------------------------------------------------

texts = st.sampled_from(TEXTS)
numbers = st.sampled_from([*NUMBERS, "150", "2.5"])
amounts = st.sampled_from(AMOUNTS)
moments = st.sampled_from(ASKED_MOMENTS)


def listed(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(values, min_size=1, max_size=4)


def ranged(low: Any, high: Any, draw: st.DrawFn) -> dict[str, Any]:
    return {"value": [low, high]} if draw(st.booleans()) else {"value": low, "value2": high}


def text_operands(draw: st.DrawFn, operator: str) -> dict[str, Any]:
    operands: dict[str, Any] = {}
    if operator.endswith("regex"):
        operands["value"] = draw(st.sampled_from(PATTERNS))
    elif operator in {"in", "not_in", "contains_any", "contains_all", "contains_none"}:
        operands["value"] = draw(listed(texts))
    else:
        operands["value"] = draw(texts)
    if draw(st.booleans()):
        operands["case_sensitive"] = draw(st.booleans())
    return operands


def ean_operands(draw: st.DrawFn, operator: str) -> dict[str, Any]:
    eans = st.sampled_from(["12345678905", "3760000000017", "96385074", "00000096385074", "11111111"])
    if operator in {"in", "not_in"}:
        return {"value": draw(listed(eans))}
    return {"value": draw(eans)} if operator in {"eq", "neq"} else text_operands(draw, operator)


def number_operands(draw: st.DrawFn, operator: str, values: st.SearchStrategy[Any] = numbers) -> dict[str, Any]:
    if operator in {"in", "not_in"}:
        return {"value": draw(listed(values))}
    if operator.endswith("between"):
        low, high = sorted((draw(values), draw(values)), key=float)
        return ranged(low, high, draw)
    return {"value": draw(values)}


def price_operands(draw: st.DrawFn, operator: str) -> dict[str, Any]:
    operands = number_operands(draw, operator, amounts) if not operator.endswith("_set") else {}
    if draw(st.booleans()):
        operands["currency"] = draw(st.sampled_from(CURRENCIES))
    return operands


def multi_price_operands(draw: st.DrawFn, operator: str) -> dict[str, Any]:
    operands = price_operands(draw, operator)
    if draw(st.booleans()):
        operands["locale"] = draw(st.sampled_from(LOCALES))
    if draw(st.booleans()):
        operands["quantifier"] = draw(st.sampled_from(["any", "all"]))
    return operands


def array_operands(draw: st.DrawFn, operator: str) -> dict[str, Any]:
    if operator.startswith("length_"):
        return {"value": draw(st.integers(0, 5))}
    return text_operands(draw, operator)


def url_operands(draw: st.DrawFn, operator: str) -> dict[str, Any]:
    match operator:
        case "host_eq":
            return {"value": draw(st.sampled_from(HOSTS))}
        case "host_in":
            return {"value": draw(listed(st.sampled_from(HOSTS)))}
        case "contains":
            return {"value": draw(st.sampled_from(["example", "EXAMPLE", ".com", "@", "evil"]))}
    operands = {"value": draw(st.sampled_from(LINKS))}
    return operands | ({"case_sensitive": False} if draw(st.booleans()) else {})


def datetime_operands(draw: st.DrawFn, operator: str) -> dict[str, Any]:
    operands: dict[str, Any] = {}
    zone = draw(st.sampled_from(ZONES))
    if draw(st.booleans()):
        operands["tz"] = zone
    if operator in {"in_last", "not_in_last", "in_next"}:
        unit = draw(st.sampled_from(["minute", "hour", "day", "week", "month", "year"]))
        return operands | {"value": draw(st.integers(1, 14)), "unit": unit}
    if operator.endswith("between"):
        days = st.sampled_from([each for each in ASKED_MOMENTS if len(each) == 10])
        low, high = sorted((draw(days), draw(days)))
        return operands | ranged(low, high, draw)
    return operands | {"value": draw(moments)}


OPERANDS = {
    "string": text_operands,
    "number": number_operands,
    "price": price_operands,
    "multi_price": multi_price_operands,
    "boolean": lambda draw, operator: {"value": draw(st.booleans())},
    "array": array_operands,
    "url": url_operands,
    "datetime": datetime_operands,
}
PROPERTIES = {
    **FIELDS,
    **dict.fromkeys(("sku", "name", "ean", "supplier_code"), "string"),
    **dict.fromkeys(("created_at", "updated_at"), "datetime"),
    "ai_readability_score": "number",
}
ATTRIBUTE_TABLE = [(kind, operator) for kind, row in VALUE_TYPES.items() for operator in row]
READ_AS = [*PROPERTIES.items(), ("price", "number"), ("link", "string")]


@st.composite
def attribute(draw: st.DrawFn, rows: tuple[tuple[str, str], ...] = tuple(ATTRIBUTE_TABLE)) -> dict[str, Any]:
    kind, operator = draw(st.sampled_from(rows))
    name = draw(st.sampled_from([name for name, read_as in READ_AS if read_as == kind]))
    condition: dict[str, Any] = {"type": "product_attribute", "property": name, "operator": operator}
    if kind != PROPERTIES[name] or draw(st.booleans()):
        condition["value_type"] = kind
    takes_nothing = operator in {"is_set", "is_not_set", "is_true", "is_false"}
    if takes_nothing and kind not in {"price", "multi_price"}:
        return condition
    if name == "ean":
        return condition | ean_operands(draw, operator)
    return condition | OPERANDS[kind](draw, operator)


@st.composite
def whole_product(draw: st.DrawFn) -> dict[str, Any]:
    operator = draw(st.sampled_from(["in", "not_in"]))
    match draw(st.sampled_from(["sku_list", "random_bucket", "segment_membership", "all_products"])):
        case "sku_list":
            skus = [product["sku"] for product in ALL_PRODUCTS[:60]] + ["none"]
            return {"type": "sku_list", "operator": operator, "value": draw(listed(st.sampled_from(skus)))}
        case "random_bucket":
            low = draw(st.sampled_from([0, 10, 12.5, 33.33]))
            share = draw(st.sampled_from([low, [low, 50], [low, 33.337], [0, 100]]))
            seed = draw(st.sampled_from(["", "spring", "é'"]))
            return {"type": "random_bucket", "operator": operator, "value": share, "seed": seed}
        case "segment_membership":
            return {
                "type": "segment_membership",
                "operator": operator,
                "value": draw(listed(st.sampled_from([*MEMBERS]))),
            }
    return {"type": "all_products"}


def nested(conditions: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    groups = st.builds(
        lambda logic, inner: {"logic": logic, "conditions": inner},
        st.sampled_from(["AND", "OR"]),
        st.lists(conditions, min_size=1, max_size=4),
    )
    return groups | groups.map(lambda group: {"not": group})


any_leaf = attribute() | attribute() | attribute() | attribute() | whole_product()
negated = any_leaf | any_leaf.map(lambda leaf: {"not": leaf})
definitions = nested(negated | nested(negated | nested(negated))).filter(lambda definition: "conditions" in definition)


def agreed(mirror: Mirror, definition: dict[str, Any]) -> tuple[Node, set[str]]:
    """The node and whom it selects, when the engine and the plain reading agree on it."""
    node = parse_definition(definition, SCHEMA, now=NOW)
    found = selected(mirror, node)
    assert found == read_plainly(definition)
    return node, found


DETERMINED = {"derandomize": True, "deadline": None, "database": None, "suppress_health_check": [*HealthCheck]}


def test_300_random_definitions_select_what_their_plain_reading_selects(mirror: Mirror) -> None:
    sizes: list[int] = []

    @settings(max_examples=300, **DETERMINED)
    @given(definitions)
    def run(definition: dict[str, Any]) -> None:
        sizes.append(len(agreed(mirror, definition)[1]))

    run()
    assert len(sizes) >= 300
    assert sum(0 < size < PRODUCTS for size in sizes) > 200


def test_every_operator_alone_selects_what_its_plain_reading_selects(mirror: Mirror) -> None:
    """A few conditions for each row of the table; most rows select some products and leave some out."""
    told: dict[tuple[str, str], bool] = {}

    def run(row: tuple[str, str]) -> None:
        @settings(max_examples=6, **DETERMINED)
        @given(attribute(rows=(row,)))
        def run_some(condition: dict[str, Any]) -> None:
            node, found = agreed(mirror, condition)
            (_, leaf) = next(leaves(node))
            assert (leaf.value_type, leaf.operator.name) == row
            told[row] = told.get(row, False) or 0 < len(found) < PRODUCTS

        run_some()

    for row in ATTRIBUTE_TABLE:
        run(row)
    assert told.keys() == set(ATTRIBUTE_TABLE)
    assert [row for row, both in told.items() if not both] == []


@pytest.mark.parametrize("operator", ["in", "not_in"])
@pytest.mark.parametrize(
    "condition",
    [
        {"type": "sku_list", "value": ["SKU-0001", "sku '50' é\\", "none"]},
        {"type": "random_bucket", "value": 25},
        {"type": "random_bucket", "value": [99.99, 100], "seed": "x"},
        {"type": "segment_membership", "value": [11, 12]},
        {"type": "segment_membership", "value": [13]},
    ],
)
def test_conditions_on_the_product_as_such(mirror: Mirror, condition: dict[str, Any], operator: str) -> None:
    agreed(mirror, {**condition, "operator": operator})


def test_a_random_bucket_is_about_its_share(mirror: Mirror) -> None:
    _, found = agreed(mirror, {"type": "random_bucket", "value": 25, "seed": "spring"})
    assert 0.2 * PRODUCTS < len(found) < 0.3 * PRODUCTS


# The truth table ------------------------------------------------------------------------------------------------------

MISSING = 7_000_003
SIMPLEST: dict[str, Any] = {
    "string": "x",
    "number": 1,
    "price": 1,
    "multi_price": 1,
    "boolean": False,
    "array": "x",
    "url": "//a.b",
    "datetime": "2026-01-01",
}
OTHER_KIND: dict[str, Any] = {
    "string": 5,
    "number": "heavy",
    "price": 5,
    "multi_price": {"amount": 1, "currency": "EUR"},
    "boolean": "false",
    "array": "x",
    "url": True,
    "datetime": "spring",
}
ODD_NAMES = ("null", "size0", "keys", "order", "select", "amount", "_x", "日本", "x" * 63)


@pytest.fixture(scope="module")
def mirror_of_missing(services: Services) -> Mirror:
    """Products that lack every value, each in one of the ways there are."""
    named = {kind: {name: None for name, each in FIELDS.items() if each == kind} for kind in SIMPLEST}
    others = {name: OTHER_KIND[kind] for kind, names in named.items() for name in names}
    ways: dict[str, dict[str, Any]] = {
        "absent": {},
        "null": dict.fromkeys(FIELDS),
        "empty text": dict.fromkeys(FIELDS, ""),
        "empty list": {name: [] for name in FIELDS},
        "another kind": others,
    }
    blank = {**ALL_PRODUCTS[0], "ean": None, "supplier_code": None, "ai_readability_score": None}
    lines = [line({**blank, "sku": way, "data": data}, MISSING) for way, data in ways.items()]
    services.mirror.insert(b"\n".join(lines))
    return services.mirror


@pytest.mark.parametrize(("kind", "operator"), ATTRIBUTE_TABLE)
def test_missing_is_false_to_what_is_positive_and_true_to_what_is_negative(
    mirror_of_missing: Mirror, kind: str, operator: str
) -> None:
    """Shared spec, section 3: one truth table for values that are missing."""
    negative = operator.startswith(("not_", "is_not_")) or operator in {
        *("neq", "length_neq", "does_not_contain", "contains_none"),
    }
    value = SIMPLEST[kind]
    if operator.startswith("length") or operator.endswith(("in_last", "in_next")):
        value = 0 if operator == "length_eq" else 1
    if operator.startswith("host"):
        value = "a.b"
    if operator in {"in", "not_in", "contains_any", "contains_all", "contains_none", "host_in"}:
        value = [value]
    elif operator.endswith("between"):
        value = [value, value]
    everyone = {"absent", "null", "empty text", "empty list", "another kind"}
    for name, stored_as in PROPERTIES.items():
        if stored_as == kind and name not in {"sku", "name", "created_at", "updated_at"}:
            condition = {"property": name, "operator": operator, "value": value, "unit": "day"}
            if name == "ean" and operator in {"eq", "neq", "in", "not_in"}:
                condition["value"] = "96385074" if operator in {"eq", "neq"} else ["96385074"]
            node = parse_definition(condition, SCHEMA, now=NOW)
            assert selected(mirror_of_missing, node, MISSING) == (everyone if negative else set()), name


def test_names_that_mean_something_to_clickhouse_are_names(services: Services) -> None:
    schema = ProductSchema(fields=[SchemaField(name, "string") for name in ODD_NAMES])
    for number, name in enumerate(ODD_NAMES):
        services.mirror.insert(line({**ALL_PRODUCTS[0], "sku": name, "data": {name: "x"}}, MISSING + 10 + number))
        node = parse_definition({"property": name, "operator": "eq", "value": "x"}, schema, now=NOW)
        assert selected(services.mirror, node, MISSING + 10 + number) == {name}


def test_the_longest_lists_are_taken(mirror: Mirror) -> None:
    many = [f"SKU-{number:04d}" for number in range(10_000)]
    every = {product["sku"] for product in ALL_PRODUCTS if product["sku"].startswith("SKU-")}
    for condition in (
        {"type": "sku_list", "value": many},
        {"property": "sku", "operator": "in", "value": many, "case_sensitive": False},
    ):
        assert selected(mirror, parse_definition(condition, SCHEMA, now=NOW)) == every
    some = parse_definition(
        {"property": "tags", "operator": "contains_any", "value": [*many[:-1], "Nike"]}, SCHEMA, now=NOW
    )
    assert selected(mirror, some) == read_plainly(
        {"type": "product_attribute", "property": "tags", "operator": "contains", "value": "Nike"}
    )


# Explanations and filters ---------------------------------------------------------------------------------------------


def test_a_leaf_compiled_alone_gives_its_result_and_the_value_it_saw(mirror: Mirror) -> None:
    conditions = [
        {"property": "brand", "operator": "eq", "value": "Nike"},
        {"property": "weight", "operator": "gt", "value": 1},
        {"property": "price", "operator": "lte", "value": 150},
        {"property": "prices", "operator": "is_set"},
        {"property": "organic", "operator": "is_true"},
        {"property": "tags", "operator": "contains", "value": "a"},
        {"property": "link", "operator": "host_eq", "value": "example.com"},
        {"property": "sold_at", "operator": "not_in_last", "value": 1, "unit": "month"},
        {"property": "created_at", "operator": "before", "value": "2026-03-31"},
        {"property": "ai_readability_score", "operator": "gte", "value": 80},
        {"property": "ean", "operator": "is_not_set"},
        {"type": "sku_list", "value": ["SKU-0001"]},
        {"type": "random_bucket", "value": 50},
        {"type": "segment_membership", "value": [11, 13]},
        {"type": "all_products"},
    ]
    named = [{"type": "product_attribute", **condition} for condition in conditions]
    compiled = [
        compile_leaf(leaf, memberships=MEMBERS, prefix=f"c{number}_")
        for number, (_, leaf) in enumerate(leaves(parse_definition({"conditions": named}, SCHEMA, now=NOW)))
    ]
    columns = ", ".join(f"{each.result}, {each.value}" for each in compiled)
    parameters = {name: value for each in compiled for name, value in each.parameters.items()}
    rows = mirror.query(
        f"SELECT sku, {columns} FROM products FINAL WHERE workspace = {{workspace:UInt64}}",
        {"workspace": WORKSPACE, **parameters},
    )
    by_sku = {product["sku"]: product for product in ALL_PRODUCTS}
    assert len(rows) == PRODUCTS
    for sku, *cells in rows:
        assert cells[::2] == [int(holds(condition, by_sku[sku], WORLD)) for condition in named]
        seen = [json.loads(text) for text in cells[1::2]]
        for condition, value in zip(named[:8], seen, strict=False):
            assert shown_alike(value, value_of_property(condition["property"], by_sku[sku])), condition
        assert seen[8] == by_sku[sku]["created_at"].strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        assert seen[9] == by_sku[sku]["ai_readability_score"]
        assert seen[10] == by_sku[sku]["ean"]
        assert seen[11] == sku


def value_of_property(name: str, product: dict[str, Any]) -> Any:
    return read_value({"property": name}, product, WORLD)


def shown_alike(seen: Any, value: Any) -> bool:
    if isinstance(value, datetime):
        return datetime.fromisoformat(seen) == value
    if isinstance(value, list | dict):
        return json.loads(json.dumps(seen), parse_int=float) == json.loads(json.dumps(value), parse_int=float)
    if isinstance(value, float):
        return bool(float(seen) == value)
    return bool(seen == value) or (value is None and (seen == "" or isinstance(seen, str)))


@pytest.mark.parametrize(
    ("name", "text", "meant"),
    [
        ("brand", "Nike", {"property": "brand", "operator": "eq", "value": "Nike"}),
        ("größe_ñ", " Größe ", {"property": "größe_ñ", "operator": "eq", "value": "Größe"}),
        ("weight", "150", {"property": "weight", "operator": "eq", "value": 150}),
        ("weight", "1e15", {"property": "weight", "operator": "eq", "value": 1e15}),
        ("price", "129.990", {"property": "price", "value_type": "number", "operator": "eq", "value": 129.99}),
        ("price", "130 USD", {"property": "price", "operator": "eq", "value": 130, "currency": "USD"}),
        ("organic", "yes", {"property": "organic", "operator": "is_true"}),
        ("organic", "0", {"property": "organic", "operator": "is_false"}),
        ("tags", "Nike", {"property": "tags", "operator": "contains", "value": "Nike"}),
        ("tags", "Nike|a", {"property": "tags", "operator": "contains_all", "value": ["Nike", "a"]}),
        ("link", "//cdn.example.com/i.png", {"property": "link", "operator": "eq", "value": "//cdn.example.com/i.png"}),
        ("sku", "SKU-0001", {"property": "sku", "operator": "eq", "value": "SKU-0001"}),
        ("name", "Puma", {"property": "name", "operator": "eq", "value": "Puma"}),
        ("supplier_code", "ACME", {"property": "supplier_code", "operator": "eq", "value": "ACME"}),
        ("ean", "96385074", {"property": "ean", "operator": "eq", "value": "96385074"}),
        ("ai_readability_score", "80", {"property": "ai_readability_score", "operator": "eq", "value": 80}),
    ],
)
def test_a_filter_means_what_the_condition_means(mirror: Mirror, name: str, text: str, meant: dict[str, Any]) -> None:
    node = filter_node(name, text, SCHEMA, now=NOW)
    assert node
    found = selected(mirror, node)
    assert found == read_plainly({"type": "product_attribute", **meant}) != set()


def test_a_filter_on_a_datetime_means_the_very_moment(mirror: Mirror) -> None:
    node = filter_node("sold_at", "2026-03-31T12:30:00.250000+02:00", SCHEMA, now=NOW)
    assert node
    wanted = {product["sku"] for product in ALL_PRODUCTS if product["data"].get("sold_at") == MOMENTS[0]}
    assert selected(mirror, node) == wanted != set()


def test_a_filter_on_prices_side_by_side_finds_any_of_them(mirror: Mirror) -> None:
    node = filter_node("prices", "129.99", SCHEMA, now=NOW)
    assert node
    amounts = {
        product["sku"]: [price["amount"] for price in read_value({"property": "prices"}, product, WORLD) or []]
        for product in ALL_PRODUCTS
    }
    assert selected(mirror, node) == {sku for sku, held in amounts.items() if 129.99 in held} != set()


def test_what_does_not_parse_is_compared_as_text(mirror: Mirror) -> None:
    text = next(each for each in TEXTS if each.isalpha() and each in [p["data"].get("weight") for p in ALL_PRODUCTS])
    node = filter_node("weight", text, SCHEMA, now=NOW)
    assert node
    wanted = {product["sku"] for product in ALL_PRODUCTS if product["data"].get("weight") == text}
    assert selected(mirror, node) == wanted != set()


# Letters --------------------------------------------------------------------------------------------------------------


def test_letters_of_all_unicode_are_folded_as_python_folds_them(mirror: Mirror) -> None:
    """Different are only letters that are younger than Python's tables; both sides are folded by the engine."""
    points = [point for point in range(1, 0x110000) if not 0xD800 <= point < 0xE000]
    unlike = []
    for start in range(0, len(points), 50_000):
        letters = [chr(point) for point in points[start : start + 50_000]]
        folded = mirror.query(
            "SELECT arrayMap(text -> replaceAll(lowerUTF8(text), 'ς', 'σ'), splitByString('\\n', {letters:String}))",
            {"letters": "\n".join(letters).replace("\n\n\n", "\n \n")},
        )[0][0]
        unlike += [
            (letter, found)
            for letter, found in zip(letters, folded, strict=True)
            if letter != "\n" and found != letter.lower().replace("ς", "σ")
        ]
    assert {letter for letter, _ in unlike if unicodedata.category(letter) != "Cn"} == set()


# Hostile texts --------------------------------------------------------------------------------------------------------

HOSTILE = (
    *(f"{quote}{attack}{end}" for quote in ("", "'", '"', "`", "\\'", ")") for attack in (
        " OR 1=1", "; DROP TABLE products", " UNION ALL SELECT sku FROM products", ") OR (1", "} OR {workspace:UInt64}",
    ) for end in ("", " -- ", " /* ")),
    "{p0:String}", "{workspace:UInt64}", "{p0:Identifier}", "{{p0}}", "{}", "{0}", "{value}", "{seen}",
    "%(workspace)s", "%s", "%",
    "\\", "\\\\", "\\'", "''", "``", "`", "'", '"', "\x00", "a\x00b", "\ud800", "\U0001f4a9", "\u202egnirts",
    "\u0000'--", "\n", "\r\n", "\t",
    "x" * 300_000, "'" * 5_000, "(" * 199, "a" * 201, "((((((((((a*)*)*)*)*)*)*)*)*)*)*$", "[[:^alpha:]]{1000}",
    "(?P<x>a)\\1", "\\C", "\\x00",
    "data.`brand`.:String", "workspace", "version", "deleted", "data", "id", "_part", "__class__",
    "brand`.:String OR 1 --", "sku\x00", "brand ",
    "BRAND", "null", "NULL", "true", "nan", "inf", "-inf", "1e999", "0x10", "1;2", "١٢٣", "٪", "../../etc/passwd",
    "/etc/localtime", "UTC\x00", "posixrules",
)  # fmt: skip


def carrying(text: str) -> Iterator[dict[str, Any]]:
    """Conditions that hold a text wherever a definition takes one."""
    for operator in ("eq", "not_in", "contains", "ends_with", "matches_regex"):
        value = [text] if operator == "not_in" else text
        yield {"property": "brand", "operator": operator, "value": value, "case_sensitive": operator != "eq"}
    yield {"property": "tags", "operator": "contains_any", "value": [text, "Nike"], "case_sensitive": False}
    yield {"property": "tags", "operator": "contains_all", "value": [text]}
    yield {"property": "link", "operator": "neq", "value": text}
    yield {"property": "link", "operator": "host_eq", "value": text}
    yield {"property": "weight", "operator": "gte", "value": text}
    yield {"property": "weight", "operator": "in", "value": [text]}
    yield {"property": "price", "operator": "lt", "value": 5, "currency": text}
    yield {"property": "price", "operator": "lt", "value": {"amount": text, "currency": "EUR"}}
    yield {"property": "prices", "operator": "neq", "value": 5, "locale": text}
    yield {"property": "prices", "operator": "eq", "value": 5, "quantifier": text}
    yield {"property": "organic", "operator": "eq", "value": text}
    yield {"property": "ean", "operator": "eq", "value": text}
    yield {"property": "sold_at", "operator": "on_or_after", "value": text}
    yield {"property": "sold_at", "operator": "eq", "value": "2026-03-31", "tz": text}
    yield {"property": "sold_at", "operator": "in_last", "value": 3, "unit": text}
    yield {"property": "brand", "operator": "is_set", "value_type": text}
    yield {"type": "sku_list", "value": [text]}
    yield {"type": "random_bucket", "value": 50, "seed": text}
    yield {"type": "segment_membership", "value": [text]}
    yield {"type": text, "value": 1}


def takes_any_text(harmless: dict[str, Any]) -> bool:
    with suppress(InvalidValue):
        return bool(sql_of(harmless))
    return False


@cache
def _sql_of(condition: str) -> str:
    definition = {"conditions": [{"type": "product_attribute", **json.loads(condition)}]}
    return compile_where(parse_definition(definition, SCHEMA, now=NOW)).sql


def sql_of(condition: dict[str, Any]) -> str:
    return _sql_of(json.dumps(condition))


def fingerprint(mirror: Mirror) -> list[tuple[Any, ...]]:
    """All that the engine holds, in a few numbers."""
    return mirror.query(
        "SELECT count(), sum(cityHash64(workspace, sku, name, toString(data), version, deleted)) FROM products "
        "UNION ALL SELECT count(), sum(cityHash64(workspace, segment, compute, sku)) FROM segment_members",
        {},
    )


def test_there_are_a_hundred_hostile_texts() -> None:
    assert len(set(HOSTILE)) >= 100


def test_hostile_texts_are_refused_with_a_path_or_mean_what_they_say(mirror: Mirror) -> None:
    before, own = fingerprint(mirror), {product["sku"] for product in ALL_PRODUCTS}
    few = ALL_PRODUCTS[:200]
    some = {product["sku"] for product in few}
    refused: list[list[str]] = []
    asked = 0
    for text in HOSTILE:
        for condition, harmless in zip(carrying(text), carrying("harmless"), strict=True):
            definition = {"conditions": [{"type": "product_attribute", **condition}]}
            try:
                node = parse_definition(definition, SCHEMA, now=NOW)
            except InvalidValue as invalid:
                refused.append([*invalid.fields])
                continue
            asked += 1
            if takes_any_text(harmless):
                assert compile_where(node).sql == sql_of(harmless)
            found = selected(mirror, node)
            assert found <= own
            if "tz" not in condition:
                assert found & some == {product["sku"] for product in few if holds(definition, product, WORLD)}
    assert len(refused) > 500 and asked > 500
    assert all(len(paths) == 1 and paths[0].startswith("conditions[0].") for paths in refused)
    assert fingerprint(mirror) == before


@pytest.mark.parametrize("key", ["property", "operator", "logic"])
def test_a_hostile_property_operator_or_logic_is_refused_by_its_path(key: str) -> None:
    for text in HOSTILE:
        leaf = {"property": "brand", "operator": "eq", "value": "x"}
        definition: dict[str, Any] = {"conditions": [leaf]}
        (definition if key == "logic" else leaf)[key] = text
        with pytest.raises(InvalidValue) as invalid:
            parse_definition(definition, SCHEMA, now=NOW)
        assert [*invalid.value.fields] == [key if key == "logic" else f"conditions[0].{key}"]
        str(invalid.value).encode()


def test_hostile_filters_select_what_is_stored_and_nothing_else(mirror: Mirror) -> None:
    before, own = fingerprint(mirror), {product["sku"] for product in ALL_PRODUCTS}
    for text in HOSTILE:
        for name in ("brand", "weight", "price", "tags", "sold_at", "unknown_field", "sku", "ean", "created_at", text):
            node = filter_node(name, text, SCHEMA, now=NOW)
            if node and len(text) < 1_000:
                found = selected(mirror, node)
                assert found <= own
                assert found == set() or text.strip() in {"null", "true", "NULL", "{p0:String}", "0x10", "1;2"}, (
                    name,
                    text,
                )
    assert fingerprint(mirror) == before
