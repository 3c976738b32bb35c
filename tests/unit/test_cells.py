"""Stored values as cells: what the importer makes of them is what was stored."""

from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.fields import FIELD_TYPES, column_habit
from chalicelib.formats.cells import cell_of
from chalicelib.formats.formulas import escape_texts
from chalicelib.store.postgres import exact_json

LOCALES = ("en_US", "de_DE", "xx_XX")


def stored(value: Any) -> Any:
    """As the database gives it back."""
    return exact_json(orjson.dumps(value))


def read_back(field_type: str, cells: list[str], locale: str) -> list[Any]:
    """What a column of these cells is stored as."""
    parse = FIELD_TYPES[field_type].parser(column_habit(cells, locale, "EUR"))
    return [stored(parse(cell.strip())) for cell in cells]


def priced(amount: str, currency: str = "EUR", **more: str) -> Any:
    return exact_json(f'{{"amount": {amount}, "currency": "{currency}"}}') | more


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        ("a text", "a text"),
        (True, "true"),
        (False, "false"),
        (-5, "-5"),
        (Decimal("0.5"), "0.5"),
        (Decimal("1.234"), "1.2340"),
        (Decimal("0.125"), "0.125"),
        (Decimal("1234.567"), "1234.567"),
        (priced("129.90"), "129.90 EUR"),
        (priced("1.500", "KWD"), "1.5000 KWD"),
        ([], ""),
        (["red"], "red"),
        (["red", "dark, blue"], "red|dark, blue"),
        (["a, b"], '["a\\u002c b"]'),
        (["a|b", "c"], '["a|b","c"]'),
        ([priced("1.00", locale="en_US"), priced("2.00", "USD", locale="en_US")], "1.00 EUR|2.00 USD"),
        ([priced("1.00", locale="fr_FR")], '[{"amount":"1.00","currency":"EUR","locale":"fr_FR"}]'),
        ("2026-12-31T00:00:00Z", "2026-12-31T00:00:00Z"),
    ],
)
def test_the_cell_of_a_value(value, cell):
    assert cell_of(value, "en_US") == cell


texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12).map(str.strip).filter(bool)
items = st.one_of(texts, st.sampled_from(["a, b", "x;y", "p|q", "[1]", "[", "]", "1,5", '"', "\\", "'"]))
numbers = st.one_of(
    st.integers(-(10**30), 10**30),
    st.decimals(-(10**6), 10**6, places=3),
    st.decimals(-(10**9), 10**9, places=2),
    st.decimals(-10, 10, places=9),
)
amounts = numbers.map(lambda number: format(number, "f") if isinstance(number, Decimal) else str(number))
prices = st.builds(priced, amounts, st.sampled_from(["EUR", "USD", "JPY", "KWD"]))


def without_trailing_zeros(value: Any) -> Any:
    match value:
        case dict():
            return {name: without_trailing_zeros(each) for name, each in value.items()}
        case list():
            return [without_trailing_zeros(each) for each in value]
        case str() | bool():
            return value
        case _:
            return Decimal(value)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(
    ("field_type", "values"),
    [
        ("number", numbers.map(lambda number: stored(FIELD_TYPES["number"].accept(number, column_habit([], "", ""))))),
        ("price", prices),
        ("boolean", st.booleans()),
        ("array", st.lists(items, min_size=1, max_size=4)),
        ("string", texts),
        ("datetime", st.datetimes().map(lambda moment: moment.isoformat() + "Z")),
        ("multi_price", st.lists(st.builds(dict, prices, locale=st.sampled_from(LOCALES)), min_size=1, max_size=3)),
    ],
)
def test_the_importer_reads_back_what_was_stored(field_type, values, locale):
    @settings(max_examples=60)
    @given(st.lists(values, min_size=1, max_size=5))
    def holds(column):
        cells = [cell_of(value, locale) for value in column]
        if field_type not in {"string", "array"}:
            assert [escape_texts(cell) for cell in cells] == cells
        found = read_back(field_type, cells, locale)
        assert without_trailing_zeros(found) == without_trailing_zeros(column)

    holds()
