"""Values written in the habits of the world are read back exactly, and nothing that can be read in two ways is read
without somebody having decided: the column, the file, the locale.

The walk is the product's own: the evidence of a file's rows, the plan made of it, the rows converted by the plan.
"""

import string
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.fields import FIELD_TYPES, Habit, two_dates, two_numbers
from chalicelib.formats.evidence import Evidence
from chalicelib.imports.plan import make_plan
from chalicelib.imports.rows import Converted, Problem, compile_row_converter, row_explainer
from chalicelib.model.import_job import MatchOn
from chalicelib.model.product_schema import ProductSchema, SchemaField
from chalicelib.store.postgres import exact_json

FIELDS = {"price": "price", "stock": "number", "made": "datetime"}
DETERMINED: dict[str, Any] = {"derandomize": True, "deadline": None, "database": None}
BATCH = settings(max_examples=60, **DETERMINED)

NUMBER_HABITS = [
    (".", ","),
    (".", " "),
    (".", "'"),
    (".", "\u2019"),
    (".", ""),
    (",", "."),
    (",", " "),
    (",", "\u00a0"),
    (",", "\u202f"),
    (",", "'"),
    (",", ""),
]
"""Decimal sign and thousands sign, as countries have them."""

CURRENCIES = [
    ("", "", "EUR"),
    ("€", "", "EUR"),
    ("", " €", "EUR"),
    ("EUR ", "", "EUR"),
    ("", "\u00a0CHF", "CHF"),
    ("$", "", "USD"),
    ("$", " MXN", "MXN"),
    ("R$ ", "", "BRL"),
    ("", " zł", "PLN"),
    ("", " Kč", "CZK"),
    ("£", "", "GBP"),
    ("", " ₽", "RUB"),
    ("", " TL", "TRY"),
    ("₹", "", "INR"),
    ("", " €/Stück", "EUR"),
]

DATE_HABITS = [
    ("%d.%m.%Y", True),
    ("%d/%m/%Y", True),
    ("%d-%m-%Y", True),
    ("%m/%d/%Y", False),
    ("%m-%d-%Y", False),
    ("%m.%d.%Y", False),
    ("%Y-%m-%d", None),
    ("%Y/%m/%d", None),
    ("%Y%m%d", None),
    ("%Y年%m月%d日", None),
    ("%d-%b-%Y", None),
    ("%B %d, %Y", None),
    ("%d %B %Y", None),
]
"""How a date is written, and whether the day stands first where that must be known."""

TIMES = ["", " %H:%M", "T%H:%M:%S", " %H:%M:%S", " %I:%M %p"]


def written(number: Decimal, decimal: str, group: str) -> str:
    """A number as somebody with this habit prints it."""
    whole, _, fraction = format(abs(number), "f").partition(".")
    grouped = f"{int(whole):,}".replace(",", group)
    return ("-" if number < 0 else "") + grouped + (decimal + fraction if fraction else "")


amounts = st.builds(
    lambda whole, fraction, sign: sign * Decimal(f"{whole}.{fraction}" if fraction else whole),
    st.integers(0, 10**9),
    st.text(string.digits, max_size=4),
    st.sampled_from([1, -1]),
).filter(lambda number: number or not number.is_signed())


moments_of_two_lives = st.datetimes(datetime.fromisoformat("1970-01-01"), datetime.fromisoformat("2068-12-31"))


def read_by(text: str, pattern: str) -> datetime:
    return datetime.strptime(text, pattern).replace(tzinfo=UTC)


def rows_of(columns: dict[str, Sequence[str]], locale: str = "tlh") -> list[dict[str, Any] | Problem]:
    """What an import makes of these columns, row by row: the values, or the first problem. The locale decides nothing
    unless one is given.
    """
    cells = [list(row) for row in zip(*columns.values(), strict=True)]
    headers = ["key", *columns]
    rows = [[f"K{number}", *row] for number, row in enumerate(cells)]
    evidence = Evidence(headers, sampled_rows=200, uniqueness_rows=1_000)
    evidence.add(rows)
    analysis = orjson.loads(orjson.dumps({"headers": headers, "columns": list(map(asdict, evidence.columns()))}))
    schema = ProductSchema(
        fields=tuple(SchemaField(name, kind) for name, kind in FIELDS.items()),
        default_locale=locale,
        default_currency="EUR",
    )
    plan = make_plan(analysis, {"key": "sku"} | {name: name for name in columns}, schema, MatchOn.SKU)
    quick, slow = compile_row_converter(plan.rows), row_explainer(plan.rows)
    found: list[dict[str, Any] | Problem] = []
    for row in rows:
        converted = quick(list(row))
        assert slow(list(row)) == converted or isinstance(converted, Converted)
        found.append(
            exact_json(orjson.dumps(converted.data)) if isinstance(converted, Converted) else converted.problems[0]
        )
    return found


@pytest.mark.parametrize(("decimal", "group"), NUMBER_HABITS)
def test_a_column_of_numbers_is_read_back_by_its_own_habit(decimal, group):
    """One cell that can only be read in one way settles all the others."""

    @BATCH
    @given(st.lists(amounts, min_size=1, max_size=8))
    def holds(numbers):
        cells = [f"0{decimal}5", *(written(number, decimal, group) for number in numbers)]
        assert [row["stock"] for row in rows_of({"stock": cells})] == [Decimal("0.5"), *numbers]

    holds()


@pytest.mark.parametrize(("before", "after", "currency"), CURRENCIES)
@pytest.mark.parametrize(("decimal", "group"), NUMBER_HABITS[::3])
def test_a_column_of_prices_is_read_back_to_the_last_digit(decimal, group, before, after, currency):
    @settings(max_examples=15, **DETERMINED)
    @given(st.lists(amounts, min_size=1, max_size=8))
    def holds(numbers):
        cells = [f"{before}{written(number, decimal, group)}{after}" for number in (Decimal("0.5"), *numbers)]
        found = [row["price"] for row in rows_of({"price": cells})]
        assert found == [{"amount": number, "currency": currency} for number in (Decimal("0.5"), *numbers)]

    holds()


@pytest.mark.parametrize(("pattern", "day_first"), DATE_HABITS)
@pytest.mark.parametrize("time", TIMES)
def test_a_column_of_dates_is_read_back(pattern, day_first, time):
    @settings(max_examples=15, **DETERMINED)
    @given(st.lists(moments_of_two_lives, min_size=1, max_size=8))
    def holds(moments):
        settling = [] if day_first is None else [datetime.fromisoformat("2026-05-19")]
        cells = [moment.strftime(pattern + time) for moment in (*settling, *moments)]
        expected = [read_by(cell, pattern + time).isoformat().replace("+00:00", "Z") for cell in cells]
        assert [row["made"] for row in rows_of({"made": cells})] == expected

    holds()


doubtful_numbers = st.builds(
    lambda whole, fraction, sign: f"{whole}{sign}{fraction:03}",
    st.integers(1, 999),
    st.integers(0, 999),
    st.sampled_from(".,"),
)
doubtful_dates = st.builds(
    lambda days, mark, year: f"{days[0]:02}{mark}{days[1]:02}{mark}{year}",
    st.lists(st.integers(1, 12), min_size=2, max_size=2, unique=True),
    st.sampled_from("/-"),
    st.integers(1970, 2068),
)


@given(st.lists(doubtful_numbers, min_size=1, max_size=6))
@BATCH
def test_numbers_with_two_readings_are_refused_where_nothing_decides(cells):
    for cell, problem in zip(cells, rows_of({"stock": cells}), strict=True):
        assert isinstance(problem, Problem)
        readings = two_numbers(cell)
        assert readings and all(reading in problem.message for reading in readings)
        assert problem.raw_value == cell


@given(st.lists(doubtful_dates, min_size=1, max_size=6))
@BATCH
def test_dates_with_two_readings_are_refused_where_nothing_decides(cells):
    for cell, problem in zip(cells, rows_of({"made": cells}), strict=True):
        assert isinstance(problem, Problem)
        readings = two_dates(cell)
        assert readings and all(reading in problem.message for reading in readings)


@given(st.lists(doubtful_numbers, min_size=1, max_size=6))
@BATCH
def test_numbers_with_two_readings_are_refused_in_a_column_that_contradicts_itself_whatever_the_locale(cells):
    found = rows_of({"stock": ["1.234,56", "1,234.56", *cells]}, "de_DE")
    assert [row["stock"] for row in found[:2]] == [Decimal("1234.56")] * 2
    assert all(isinstance(row, Problem) and "can be read as" in row.message for row in found[2:])


@given(st.lists(doubtful_dates, min_size=1, max_size=6))
@BATCH
def test_dates_with_two_readings_are_refused_in_a_column_that_contradicts_itself_whatever_the_locale(cells):
    found = rows_of({"made": ["13/05/2026", "05/13/2026", *cells]}, "de_DE")
    assert [row["made"] for row in found[:2]] == ["2026-05-13T00:00:00Z"] * 2
    assert all(isinstance(row, Problem) and "can be read as" in row.message for row in found[2:])


@pytest.mark.parametrize(("shown", "other"), [("0,5", "."), ("0.5", ",")])
def test_the_other_columns_of_a_file_decide_for_one_that_does_not(shown, other):
    @BATCH
    @given(st.lists(doubtful_numbers, min_size=1, max_size=6))
    def holds(cells):
        found = rows_of({"price": [shown] * len(cells), "stock": cells}, "de_DE" if other == "," else "en_US")
        expected = [Decimal((two_numbers(cell) or ("", ""))[other == "."]) for cell in cells]
        assert [row["stock"] for row in found] == expected

    holds()


@pytest.mark.parametrize(("locale", "reading"), [("en_US", 0), ("de_DE", 1)])
def test_the_locale_decides_last(locale, reading):
    @BATCH
    @given(st.lists(doubtful_numbers, min_size=1, max_size=6))
    def holds(cells):
        expected = [Decimal((two_numbers(cell) or ("", ""))[reading]) for cell in cells]
        assert [row["stock"] for row in rows_of({"stock": cells}, locale)] == expected

    holds()


@given(st.sampled_from(list(FIELD_TYPES)), st.text("0123456789.,-/ €$%:AaMmZz", min_size=1, max_size=14))
@settings(max_examples=400, **DETERMINED)
def test_a_text_read_without_any_habit_is_read_the_same_with_every_habit(field_type, text):
    """What speaks for itself needs nobody to decide."""
    if not text.strip() or field_type == "array":
        return
    try:
        alone = orjson.dumps(FIELD_TYPES[field_type].parser(Habit(currency="EUR", locale=""))(text.strip()))
    except ValueError:
        return
    for decimal, day_first in ((".", True), (",", False), (",", True), (".", False)):
        habit = Habit(decimal=decimal, day_first=day_first, currency="EUR", locale="")
        assert orjson.dumps(FIELD_TYPES[field_type].parser(habit)(text.strip())) == alone


@BATCH
@given(st.dates(date(1970, 1, 1), date(2068, 12, 31)), st.sampled_from(["%d/%m/%y", "%m/%d/%y"]))
def test_a_date_of_two_digit_years_is_read_by_the_habit(day, pattern):
    parse = FIELD_TYPES["datetime"].parser(Habit(day_first=pattern.startswith("%d")))
    expected = read_by(day.strftime(pattern), pattern)
    shown_otherwise = day.day > 12 or day.month > 12
    assert shown_otherwise or parse(day.strftime(pattern))[5:10] == expected.isoformat()[5:10]
