"""The field types: what each text means under which habit, what is refused, and what is stored and shown."""

import string
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.fields import FIELD_TYPES, Habit, Unfit, column_habit, currency_named, habit_of_locale
from chalicelib.model.row_error import ErrorType
from chalicelib.store.postgres import exact_json

POINT = habit_of_locale("en_US", "USD")
COMMA = habit_of_locale("de_DE", "EUR")
OPEN = Habit(currency="EUR")
MINUTE = timedelta(minutes=1)


def parsed(field_type: str, text: str, habit: Habit = POINT) -> str:
    """The stored value as JSON text, where exact digits show."""
    return orjson.dumps(FIELD_TYPES[field_type].parser(habit)(text)).decode()


def refusal(field_type: str, text: str, habit: Habit = POINT) -> Unfit:
    with pytest.raises(Unfit) as unfit:
        FIELD_TYPES[field_type].parser(habit)(text)
    return unfit.value


def from_database(stored: str):
    """What a reader of PostgreSQL's jsonb gets."""
    return exact_json(stored)


# Prices ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "habit", "amount", "currency"),
    [
        ("1.90", POINT, "1.90", "USD"),
        ("129,90", COMMA, "129.90", "EUR"),
        ("1.234,56 €", POINT, "1234.56", "EUR"),
        ("1.234,56 €", COMMA, "1234.56", "EUR"),
        ("1,234.56", COMMA, "1234.56", "EUR"),
        ("$1,025.82", POINT, "1025.82", "USD"),
        ("€229,99", POINT, "229.99", "EUR"),
        ("599 CZK", POINT, "599", "CZK"),
        ("eur 5", POINT, "5", "EUR"),
        ("15 000 Fcfa", POINT, "15000", "XOF"),
        ("15 000 Fcfa", Habit(currency="XAF"), "15000", "XAF"),
        (".4800", POINT, "0.4800", "USD"),
        (",48", COMMA, "0.48", "EUR"),
        ("-1", POINT, "-1", "USD"),
        ("- 5,00 €", COMMA, "-5.00", "EUR"),
        ("-$5.00", POINT, "-5.00", "USD"),
        ("$-5.00", POINT, "-5.00", "USD"),
        ("\u22125", POINT, "-5", "USD"),
        ("-0.00", POINT, "0.00", "USD"),
        ("007.50", POINT, "7.50", "USD"),
        ("1'234.50", POINT, "1234.50", "USD"),
        ("1\u2019234.50 CHF", POINT, "1234.50", "CHF"),
        ("12\u00a0345,67\u202f€", POINT, "12345.67", "EUR"),
        ("12,34,567.00", POINT, "1234567.00", "USD"),
        ("12,-", COMMA, "12", "EUR"),
        ("R$ 1.234,50", POINT, "1234.50", "BRL"),
        ("C$5", POINT, "5", "CAD"),
        ("$5", Habit(currency="CAD"), "5", "CAD"),
        ("￥１，２００", POINT, "1200", "JPY"),
        ("499 kr", habit_of_locale("sv_SE", "SEK"), "499", "SEK"),
        ("499 kr", habit_of_locale("nb_NO", "EUR"), "499", "NOK"),
        ("100 zł", POINT, "100", "PLN"),
        ("1,234", POINT, "1234", "USD"),
        ("1,234", COMMA, "1.234", "EUR"),
        ("1.234", POINT, "1.234", "USD"),
        ("1.234", COMMA, "1234", "EUR"),
        ("0.234", COMMA, "0.234", "EUR"),
        ("1.234.567", POINT, "1234567", "USD"),
        ("12,5", POINT, "12.5", "USD"),
        ("12,5", OPEN, "12.5", "EUR"),
        ("12.50", OPEN, "12.50", "EUR"),
        ("1234", OPEN, "1234", "EUR"),
        ('{"amount": "5.10", "currency": "GBP"}', POINT, "5.10", "GBP"),
        ("1.299,-", POINT, "1299", "USD"),
        ("1.299,\u2013 €", POINT, "1299", "EUR"),
        ("1'299.-", COMMA, "1299", "EUR"),
        ("CHF 1'299.00", COMMA, "1299.00", "CHF"),
        ("1 234,50 zł", POINT, "1234.50", "PLN"),
        ("$1,025.82 MXN", POINT, "1025.82", "MXN"),
        ("MXN $5", POINT, "5", "MXN"),
        ("USD$ 5", COMMA, "5", "USD"),
        ("US $5", COMMA, "5", "USD"),
        ("499 kr SEK", POINT, "499", "SEK"),
        ("25 000Fcf", POINT, "25000", "XOF"),
        ("15 000 F CFA", POINT, "15000", "XOF"),
        ("15.000 FCFA", POINT, "15000", "XOF"),
        ("1,234円", COMMA, "1234", "JPY"),
        ("250.000 ₫", POINT, "250000", "VND"),
        ("₹1,29,999", POINT, "129999", "INR"),
        ("12,50 €/St.", COMMA, "12.50", "EUR"),
        ("5.00/pc", POINT, "5.00", "USD"),
        ("12,50-", COMMA, "-12.50", "EUR"),
        ("\u0661\u0662\u0663 ر.س", POINT, "123", "SAR"),
    ],
)
def test_a_price_is_read_to_the_last_digit(text, habit, amount, currency):
    assert parsed("price", text, habit) == f'{{"amount":{amount},"currency":"{currency}"}}'


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("free", "it holds no digits"),
        ("+", "it holds no digits"),
        ("n/a", "it stands for no value; leave the cell blank"),
        ("-", "it stands for no value; leave the cell blank"),
        ("NaN", "it stands for no value; leave the cell blank"),
        ("inf", "it holds no digits"),
        ("4.9O", "a letter stands among the digits"),
        ("O.99", "a letter stands among the digits"),
        ("4l.90", "a letter stands among the digits"),
        ("1e5", "a letter stands among the digits"),
        ("1,2,3", "its signs and separators make no number"),
        ("1,234,56", "its signs and separators make no number"),
        ("12..5", "its signs and separators make no number"),
        ("5 5", "its signs and separators make no number"),
        ("+-5", "its signs and separators make no number"),
        ("12.05.2026", "its signs and separators make no number"),
        ("25 000Fxf", '"Fxf" is no currency known here'),
        ("12,50 €/kg", 'it is a price per "kg"'),
        ("ab 9,99 €", '"ab" is no currency known here'),
        ("12.50,-", "its signs and separators make no number"),
        ("-5-", "its signs and separators make no number"),
        ("$5 EUR", "it names two currencies"),
        ("499 kr", '"kr" is no currency known here'),
        ("(5)", "is no currency known here"),
        ("USD 5 €", "it names two currencies"),
        ("9" * 200, "it is too long"),
    ],
)
def test_what_is_no_price_is_refused_with_the_reason(text, reason):
    unfit = refusal("price", text)
    assert (unfit.error_type, reason in unfit.message) == (ErrorType.INVALID_TYPE, True), unfit.message
    assert unfit.message.startswith('"')


def test_a_price_with_two_readings_is_refused_when_nothing_decides():
    assert "can be read as 1.234 or 1234" in refusal("price", "1,234", OPEN).message
    assert "can be read as 1.234 or 1234" in refusal("number", "1.234", OPEN).message


def test_too_many_digits_are_out_of_range():
    assert refusal("price", "9" * 70).error_type is ErrorType.OUT_OF_RANGE
    assert refusal("number", "1e99").error_type is ErrorType.OUT_OF_RANGE


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("129.90", '{"amount":129.90,"currency":"USD"}'),
        (129.9, '{"amount":129.9,"currency":"USD"}'),
        (5, '{"amount":5,"currency":"USD"}'),
        (Decimal("5.10"), '{"amount":5.10,"currency":"USD"}'),
        ({"amount": "1.50", "currency": "eur"}, '{"amount":1.50,"currency":"EUR"}'),
        ({"amount": 2, "currency": "€"}, '{"amount":2,"currency":"EUR"}'),
        ({"amount": 2}, '{"amount":2,"currency":"USD"}'),
    ],
)
def test_a_price_comes_as_json_in_many_shapes(value, stored):
    assert orjson.dumps(FIELD_TYPES["price"].accept(value, POINT)).decode() == stored


@pytest.mark.parametrize("stored", ['{"amount":129.90,"currency":"EUR"}', '{"amount":129,"currency":"EUR"}'])
def test_a_price_is_shown_as_text(stored):
    assert FIELD_TYPES["price"].show(from_database(stored)) == stored[10 : stored.index(",")]
    assert FIELD_TYPES["price"].show({"amount": orjson.Fragment("1.50"), "currency": "EUR"}) == "1.50"


def test_prices_side_by_side():
    assert parsed("multi_price", "12 EUR|13.50 USD") == (
        '[{"amount":12,"currency":"EUR","locale":"en_US"},{"amount":13.50,"currency":"USD","locale":"en_US"}]'
    )
    listed = '[{"amount":"1.20","currency":"EUR","locale":"fr_FR"}]'
    assert parsed("multi_price", listed) == '[{"amount":1.20,"currency":"EUR","locale":"fr_FR"}]'
    stored = from_database(parsed("multi_price", "12.00 EUR"))
    assert FIELD_TYPES["multi_price"].show(stored) == [{"amount": "12.00", "currency": "EUR", "locale": "en_US"}]
    assert "holds no digits" in refusal("multi_price", "5 EUR|free").message


# Numbers --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "habit", "stored"),
    [
        ("207", POINT, "207"),
        ("-3", POINT, "-3"),
        ("+5", POINT, "5"),
        ("007", POINT, "7"),
        ("1.50", POINT, "1.5"),
        ("12.00", POINT, "12"),
        ("-0", POINT, "0"),
        ("26.067,00", COMMA, "26067"),
        ("26.067,00", POINT, "26067"),
        ("0,15", COMMA, "0.15"),
        ("1.234", COMMA, "1234"),
        ("1e5", POINT, "100000"),
        ("1,5E-3", POINT, "0.0015"),
        ("19 %", POINT, "19"),
        ("7,7%", COMMA, "7.7"),
        ("5-", POINT, "-5"),
        ("1.234,50-", COMMA, "-1234.5"),
        ("9223372036854775808", POINT, "9223372036854775808"),
        ("123456789012345678901234567890", POINT, "123456789012345678901234567890"),
        ("0.123456789012345678901", POINT, "0.123456789012345678901"),
        ("9007199254740993.5", POINT, "9007199254740993.5"),
        ("-9007199254740993.50", POINT, "-9007199254740993.5"),
    ],
)
def test_a_number_is_kept_exactly(text, habit, stored):
    assert parsed("number", text, habit) == stored


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("207 grs", '"grs" stands beside it'),
        ("19 ‰", '"‰" stands beside it'),
        ("€ 5", '"€" stands beside it'),
        ("5O", "a letter stands among the digits"),
        ("NaN", "it stands for no value; leave the cell blank"),
        ("Infinity", "it holds no digits"),
        ("12,-", "make no number"),
        ("x" * 1_000, "too long"),
    ],
)
def test_what_is_no_number_is_refused_with_the_reason(text, reason):
    assert reason in refusal("number", text).message


def test_numbers_of_the_database_are_shown_as_json_numbers():
    show = FIELD_TYPES["number"].show
    assert [show(Decimal("1.5")), show(Decimal(12)), show(7)] == [1.5, 12, 7]
    assert orjson.dumps(show(Decimal("0.123456789012345678901"))) == b"0.123456789012345678901"


# The other types ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    "true TRUE Yes y 1 oui ja si sí x X ✓ vrai wahr ano tak да evet EVET はい on t sim Verdadero".split(),
)
def test_yes(text):
    assert parsed("boolean", text) == "true"


@pytest.mark.parametrize(
    "text",
    "false NO n 0 non nein Não faux falsch ne nie нет hayır HAYIR いいえ off f nej".split(),
)
def test_no(text):
    assert parsed("boolean", text) == "false"


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        *[(word, "true") for word in "active Aktiv aktywny 有効 نعم כן jā igen ใช่".split()],
        *[(word, "false") for word in "inactive Inaktiv disabled 無効 không لا ne tidak".split()],
    ],
)
def test_yes_and_no_in_other_words(text, meaning):
    assert parsed("boolean", text) == meaning


@pytest.mark.parametrize("text", ["maybe", "2", "-", "truefalse"])
def test_neither_yes_nor_no(text):
    assert "is not a yes or a no" in refusal("boolean", text).message


@pytest.mark.parametrize(
    ("text", "habit", "stored"),
    [
        ("2026-12-31", POINT, "2026-12-31T00:00:00Z"),
        ("2026/12/31", POINT, "2026-12-31T00:00:00Z"),
        ("20261231", POINT, "2026-12-31T00:00:00Z"),
        ("2026-12-31 10:11", POINT, "2026-12-31T10:11:00Z"),
        ("2026-12-31T10:11:12Z", POINT, "2026-12-31T10:11:12Z"),
        ("2026-12-31T10:11:12.123+02:00", POINT, "2026-12-31T08:11:12.123000Z"),
        ("2026-01-01T00:30:00+0100", POINT, "2025-12-31T23:30:00Z"),
        ("2026-05-19 10:00:00 UTC", POINT, "2026-05-19T10:00:00Z"),
        ("31/12/2026", COMMA, "2026-12-31T00:00:00Z"),
        ("31/12/2026", POINT, "2026-12-31T00:00:00Z"),
        ("12/31/2026", POINT, "2026-12-31T00:00:00Z"),
        ("05/06/2026", POINT, "2026-05-06T00:00:00Z"),
        ("05/06/2026", COMMA, "2026-06-05T00:00:00Z"),
        ("05-06-2026", COMMA, "2026-06-05T00:00:00Z"),
        ("05.06.2026", POINT, "2026-06-05T00:00:00Z"),
        ("05/05/2026", OPEN, "2026-05-05T00:00:00Z"),
        ("19.05.2026 13:22:01", COMMA, "2026-05-19T13:22:01Z"),
        ("13. 5. 2026", COMMA, "2026-05-13T00:00:00Z"),
        ("2. 5. 2026 08:00", COMMA, "2026-05-02T08:00:00Z"),
        ("13.05.2026.", COMMA, "2026-05-13T00:00:00Z"),
        ("2026.05.02.", COMMA, "2026-05-02T00:00:00Z"),
        ("2026. 5. 2.", COMMA, "2026-05-02T00:00:00Z"),
        ("5/19/26 3:05 PM", POINT, "2026-05-19T15:05:00Z"),
        ("5/19/99 12:00 am", POINT, "1999-05-19T00:00:00Z"),
        ("0001-01-01", POINT, "0001-01-01T00:00:00Z"),
        ("9999-12-31", POINT, "9999-12-31T00:00:00Z"),
        ("13-May-2026", POINT, "2026-05-13T00:00:00Z"),
        ("13-MAY-26", POINT, "2026-05-13T00:00:00Z"),
        ("13 mai 2026", POINT, "2026-05-13T00:00:00Z"),
        ("13. März 2026 10:11", POINT, "2026-03-13T10:11:00Z"),
        ("1er février 2026", POINT, "2026-02-01T00:00:00Z"),
        ("13 de mayo de 2026", POINT, "2026-05-13T00:00:00Z"),
        ("May 13, 2026", POINT, "2026-05-13T00:00:00Z"),
        ("May 13th, 2026 4:05 PM", POINT, "2026-05-13T16:05:00Z"),
        ("Wed, 13 May 2026 10:00:00 GMT", POINT, "2026-05-13T10:00:00Z"),
        ("2026. május 13.", POINT, "2026-05-13T00:00:00Z"),
        ("13 мая 2026", POINT, "2026-05-13T00:00:00Z"),
        ("13 Ağustos 2026", POINT, "2026-08-13T00:00:00Z"),
        ("2026年5月13日", POINT, "2026-05-13T00:00:00Z"),
        ("2026年5月13日 10:11", POINT, "2026-05-13T10:11:00Z"),
        ("2026년 5월 13일", POINT, "2026-05-13T00:00:00Z"),
        ("20260513101112", POINT, "2026-05-13T10:11:12Z"),
        ("5/13/2026 4:05 p. m.", POINT, "2026-05-13T16:05:00Z"),
        ("２０２６/０５/１３", POINT, "2026-05-13T00:00:00Z"),
    ],
)
def test_a_date_is_kept_in_utc(text, habit, stored):
    assert parsed("datetime", text, habit) == f'"{stored}"'


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2026-02-30", "there is no such day"),
        ("31/11/2026", "there is no such day"),
        ("99/99/2026", "there is no such day"),
        ("0000-01-01", "there is no such day"),
        ("2026-12-31T24:00", "there is no such day or time"),
        ("2026-12-31 13:00 pm", "there is no such day or time"),
        ("2026-12-31T10:00+01:99", "there is no such day or time"),
        ("0001-01-01T00:00:00+14:00", "there is no such day or time"),
        ("hello", "write it like"),
        ("2026121", "write it like"),
        ("2026-12-31 later", "write it like"),
        ("46387", "write it like"),
        ("13 Foo 2026", "write it like"),
        ("32 May 2026", "there is no such day"),
        ("13 listopad 2026", "it can be read as 2026-10-13 or 2026-11-13"),
        ("0000-00-00", "no date was ever set"),
        ("0000-00-00 00:00:00", "no date was ever set"),
        ("00.00.0000", "no date was ever set"),
    ],
)
def test_what_is_no_date_is_refused_with_the_reason(text, reason):
    assert reason in refusal("datetime", text).message


def test_a_date_with_two_readings_is_refused_when_nothing_decides():
    assert "it can be read as 2026-06-05 or 2026-05-06" in refusal("datetime", "05/06/2026", OPEN).message


@pytest.mark.parametrize(
    "text",
    [
        "https://a.b/c",
        "http://shop.example.com",
        "HTTPS://EXAMPLE.COM/A?b=c#d",
        "ftp://files.example.com/x.jpg",
        "//cdn.example.com/y.jpg",
        "https://u:p@host.de:8080/?q=1",
        "http://[::1]:80/x",
        "https://münchen.example/straße",
        "https://cdn.example.com/a//b.jpg",
        "https://example.com/r?to=https://b.example/",
        "www.example.com",
        "www.example.co.uk/cdn/1.png?v=2",
        "cdn.example.com/x.jpg",
        "shop.example.de:8080/img/1.png",
        "example.com/x.jpg",
    ],
)
def test_a_web_address(text):
    assert parsed("url", text) == orjson.dumps(text).decode()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("www.example", "it begins with neither"),
        ("example.com", "it begins with neither"),
        ("img.v2/chair.jpg", "it begins with neither"),
        ("chair.jpg", "it begins with neither"),
        ("1.5/2.5", "it begins with neither"),
        ("a.b@example.com", "it begins with neither"),
        ("img/chair.jpg", "it begins with neither"),
        ("/img/chair.jpg", "it begins with neither"),
        ("mailto:a@b.c", "it begins with neither"),
        ("javascript:alert(1)", "it begins with neither"),
        ("https://", "no host"),
        ("http://a.b/my pic.jpg", "a blank"),
        ("https://a.example/1.jpg, https://a.example/2.jpg", "it holds several"),
        ("https://a.example/1.jpg|https://a.example/2.jpg", "it holds several"),
    ],
)
def test_what_is_no_web_address_is_refused_with_the_reason(text, reason):
    assert reason in refusal("url", text).message


@pytest.mark.parametrize(
    ("text", "habit", "items"),
    [
        ("red", POINT, ["red"]),
        ("a|b; c", POINT, ["a", "b; c"]),
        ("a; b,c", POINT, ["a", "b,c"]),
        ("a, b ,,c", POINT, ["a", "b", "c"]),
        ("a, b", Habit(list_separator="|"), ["a, b"]),
        ('["a", 5, null, " "]', POINT, ["a", "5"]),
        ("[sale", POINT, ["[sale"]),
        ("|", POINT, []),
        ("a\nb, c", POINT, ["a", "b, c"]),
        ("https://a.b/1,2.jpg", POINT, ["https://a.b/1,2.jpg"]),
        ("https://a.b/1,2.jpg, https://a.b/3.jpg", POINT, ["https://a.b/1,2.jpg", "https://a.b/3.jpg"]),
        ("https://a.b/1.jpg https://a.b/2.jpg", POINT, ["https://a.b/1.jpg", "https://a.b/2.jpg"]),
        ("Home > Garden", POINT, ["Home > Garden"]),
    ],
)
def test_a_list_is_split_by_its_separator(text, habit, items):
    assert FIELD_TYPES["array"].parser(habit)(text) == items


@pytest.mark.parametrize("field_type", FIELD_TYPES)
@pytest.mark.parametrize("filling", [" ", "1", "a", ",", "1,", "/", "-", "1 "])
def test_long_cells_are_dealt_with_at_once(field_type, filling):
    text = "https://a" + filling * 200_000 + "b"
    try:
        parsed(field_type, text)
    except Unfit as unfit:
        message = unfit.message
        assert len(message) < 250


@pytest.mark.parametrize("field_type", ["string", "array", "url"])
def test_nul_is_an_encoding_error(field_type):
    assert refusal(field_type, "https://a.b/\0").error_type is ErrorType.ENCODING_ERROR


@pytest.mark.parametrize(
    ("field_type", "value", "stored"),
    [
        ("string", "a", "a"),
        ("string", 5, "5"),
        ("string", "", ""),
        ("number", "1,234.5", 1234.5),
        ("number", 7, 7),
        ("boolean", True, True),
        ("boolean", 0, False),
        ("boolean", "oui", True),
        ("array", ["a", 1, True, None, " b "], ["a", "1", "true", "b"]),
        ("array", "a|b", ["a", "b"]),
        ("array", "", []),
        ("url", " https://a.b ", "https://a.b"),
        ("datetime", "2026-12-31", "2026-12-31T00:00:00Z"),
    ],
)
def test_json_values_are_accepted(field_type, value, stored):
    assert FIELD_TYPES[field_type].accept(value, POINT) == stored


@pytest.mark.parametrize(
    ("field_type", "value"),
    [
        *[(field_type, value) for field_type in FIELD_TYPES for value in (None, {"a": [1]}, [["x"]])],
        *[(field_type, "") for field_type in FIELD_TYPES if field_type not in {"string", "array"}],
        *[(field_type, True) for field_type in FIELD_TYPES if field_type != "boolean"],
        ("boolean", 2),
        ("price", {"amount": 5, "currency": "XXX"}),
        ("price", {"amount": "5 USD", "currency": "EUR"}),
        ("price", {"amount": {"amount": 5}}),
        ("price", {"amount": 5, "currency": 7}),
        ("multi_price", []),
        ("multi_price", [{"amount": 5, "locale": 7}]),
        ("number", 1e300),
        ("datetime", 1767139200),
    ],
)
def test_json_values_of_another_kind_are_refused(field_type, value):
    with pytest.raises(Unfit):
        FIELD_TYPES[field_type].accept(value, POINT)


# Habits ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("locale", "decimal", "day_first"),
    [
        ("en_US", ".", False),
        ("en_GB", ".", True),
        ("en-AU", ".", True),
        ("fr_FR", ",", True),
        ("de_CH", ".", True),
        ("es_ES", ",", True),
        ("es_MX", ".", True),
        ("pt-BR", ",", True),
        ("ja_JP", ".", None),
        ("sv_SE", ",", None),
        ("en_CA", ".", None),
        ("tlh", None, None),
        ("", None, None),
    ],
)
def test_habits_of_locales(locale, decimal, day_first):
    habit = habit_of_locale(locale, "eur")
    assert (habit.decimal, habit.day_first, habit.currency) == (decimal, day_first, "EUR")


@pytest.mark.parametrize(
    ("values", "decimal", "day_first", "separator"),
    [
        (["1.234", "26.067,00"], ",", False, ","),
        (["1,234", "0,15"], ",", False, ","),
        (["1,234", "2,345"], ".", False, ","),
        (["1,234", "12.5"], ".", False, ","),
        (["1.234", "€ 5,00"], ",", False, ","),
        (["12,5", "12.5"], None, False, ","),
        (["12,5", "13,5", "12.5"], None, False, ","),
        (["12,5"] * 100 + ["12.5"], ",", False, ","),
        (["1.299,-", "1.234"], ",", False, ","),
        (["250.000 ₫", "1.234"], ",", False, None),
        (["01/02/2026", "31/12/2026"], ".", True, None),
        (["01/02/2026", "12/31/2026"], ".", False, None),
        (["01/02/2026", "12/31/2026", "31/12/2026"], ".", None, None),
        (["a|b", "c, d", "e|f"], ".", False, "|"),
        (["", " "], ".", False, None),
    ],
)
def test_a_column_shows_how_it_is_written(values, decimal, day_first, separator):
    habit = column_habit(values, "en_US", "USD")
    assert (habit.decimal, habit.day_first, habit.list_separator) == (decimal, day_first, separator)


def test_dotted_dates_are_read_with_the_day_first_unless_their_column_shows_otherwise():
    us = column_habit(["05.13.2026"], "de_DE", "EUR")
    assert parsed("datetime", "05.06.2026", us) == '"2026-05-06T00:00:00Z"'
    both = column_habit(["05.13.2026", "13.05.2026"], "de_DE", "EUR")
    assert "it can be read as" in refusal("datetime", "05.06.2026", both).message


# Properties -----------------------------------------------------------------------------------------------------------


@st.composite
def printed_amounts(draw):
    """(habit, how somebody with that habit prints a number, the number as canonical text)"""
    decimal = draw(st.sampled_from([".", ","]))
    group = draw(st.sampled_from(["", " ", "\u00a0", "\u202f", "'", "\u2019", "," if decimal == "." else "."]))
    whole = draw(st.integers(0, 10**15))
    fraction = draw(st.text(string.digits, max_size=4))
    negative = draw(st.booleans()) and bool(str(whole).strip("0") or fraction.strip("0"))
    canonical = ("-" if negative else "") + str(whole) + (f".{fraction}" if fraction else "")
    text = ("-" if negative else "") + f"{whole:,}".replace(",", group) + (decimal + fraction if fraction else "")
    return Habit(decimal=decimal, currency="EUR"), text, canonical


@given(printed_amounts(), st.sampled_from(["", "€", "EUR ", "CHF "]), st.sampled_from(["", " €", "EUR", "\u00a0CHF"]))
def test_a_price_printed_by_a_habit_is_read_back_exactly(printed, before, after):
    habit, text, canonical = printed
    if before and after:
        after = ""
    currency = "CHF" if "CHF" in before + after else "EUR"
    assert parsed("price", before + text + after, habit) == f'{{"amount":{canonical},"currency":"{currency}"}}'


@given(printed_amounts())
def test_a_number_printed_by_a_habit_is_read_back_exactly(printed):
    habit, text, canonical = printed
    assert from_database(parsed("number", text, habit)) == Decimal(canonical)


@given(printed_amounts())
def test_what_a_cell_gives_away_is_how_it_was_printed(printed):
    habit, text, _ = printed
    assert column_habit([text], "tlh", "EUR").decimal in {habit.decimal, None}


@given(st.datetimes(), st.sampled_from(["%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m/%d/%Y", "%Y-%m-%d"]))
def test_a_date_printed_by_a_habit_is_read_back(moment, pattern):
    text = moment.strftime(pattern.replace("%Y", f"{moment.year:04d}"))
    habit = Habit(day_first=not pattern.startswith("%m"))
    assert parsed("datetime", text, habit) == f'"{moment.date().isoformat()}T00:00:00Z"'


offsets = st.builds(timezone, st.timedeltas(timedelta(hours=-14), timedelta(hours=14)).map(lambda d: d - d % MINUTE))


@given(st.datetimes(timezones=offsets).filter(lambda moment: 1 < moment.year < 9999))
def test_an_iso_moment_is_kept(moment):
    assert datetime.fromisoformat(parsed("datetime", moment.isoformat()).strip('"')) == moment


@pytest.mark.parametrize("field_type", FIELD_TYPES)
@given(text=st.text(min_size=1).map(str.strip).filter(bool))
def test_any_text_is_read_or_refused(field_type, text):
    for habit in (POINT, COMMA, OPEN):
        try:
            stored = parsed(field_type, text, habit)
        except Unfit:
            continue
        orjson.dumps(FIELD_TYPES[field_type].show(from_database(stored)))


@pytest.mark.parametrize(
    ("header", "currency"),
    [
        ("Preis (EUR)", "EUR"),
        ("price_usd", "USD"),
        ("priceEUR", "EUR"),
        ("Prix €", "EUR"),
        ("Цена, ₽", "RUB"),
        ("価格(円)", "JPY"),
        ("R$ preço", "BRL"),
        ("Precio $", "MXN"),
        ("Precio US$", "USD"),
        ("Cena zł", "PLN"),
        ("Price", None),
        ("USD/EUR", None),
        ("PRECIO TOP", None),
        ("PRICE KGS", None),
        ("Europe price", None),
        ("Neuro", None),
        ("单元价格", None),
        ("원가", None),
    ],
)
def test_the_currency_that_a_header_names(header, currency):
    assert currency_named(header, habit_of_locale("es_MX", "MXN")) == currency
