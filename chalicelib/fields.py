"""The field types: what a cell or a JSON value means as a string, number, boolean, list, URL, price or date.

In: the text of one cell, or a value from a JSON body, and the `Habit` of the place it came from (which sign is the
decimal point, whether the day stands before the month, which currency is meant when none is named).
Out: the JSON value that is stored, exact to the last digit, or an `Unfit` that says what was seen and what was
expected.

Serves the shared spec, section 2 "Catalogue" (field types, values by locale and evident format). A new type is one
class and one row of ``FIELD_TYPES``.

One rule holds for numbers and dates alike: a text with one possible reading is read that way whatever the habit; a text
with two different readings is read by the habit; without a habit it is refused with both, for a price that is wrong by
a factor of a thousand is worse than one that is missing. The habit of a column is what its cells with one reading show;
where they contradict one another it has none.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from functools import lru_cache
from typing import Protocol, TypeAlias

import orjson

from chalicelib.model.outcomes import DecidedBy, Writing
from chalicelib.model.row_error import ErrorType
from chalicelib.model.value_words import BOOLEANS, MONTHS, PIECES, PLACEHOLDERS

JsonValue: TypeAlias = (
    "bool | int | float | str | Decimal | orjson.Fragment | Sequence[JsonValue] | Mapping[str, JsonValue] | None"
)
"""What goes through orjson. ``Decimal`` only comes in (numbers of PostgreSQL's jsonb), ``Fragment`` only goes out."""

Parser: TypeAlias = Callable[[str], JsonValue]

DIGITS_LIMIT = 60
"""Digits one number may have. More is no quantity, and the databases would carry it about for nothing."""

_SHOWN_CHARACTERS = 60
_NUMERAL_CHARACTERS = 100
"""Longer texts are no number, price or date: refused before any pattern looks at them."""


class Unfit(ValueError):
    """A value does not fit its field type.

    Attributes:
        error_type: the row error it becomes.
        message: what was seen and what was expected, fit for a person.
    """

    def __init__(self, error_type: ErrorType, message: str) -> None:
        self.error_type = error_type
        self.message = message
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Habit:
    """How a place writes its values.

    ``decimal`` is ``"."``, ``","`` or None (each cell must speak for itself); ``day_first`` likewise; ``currency`` is
    meant where none is written; ``list_separator`` None takes the first of new line and ``| ; ,`` that a cell holds.
    ``dotted_day_first`` is ``day_first`` of dates with dots: the day comes first everywhere, unless a column shows that
    it does not.
    """

    decimal: str | None = None
    day_first: bool | None = None
    currency: str = "USD"
    locale: str = "en_US"
    list_separator: str | None = None
    dotted_day_first: bool | None = True


class FieldType(Protocol):
    """One kind of value: from a cell, from JSON, to JSON."""

    def parser(self, habit: Habit, /) -> Parser:
        """A function from a cell's text, stripped and not blank, to the stored value. It raises Unfit."""
        ...

    def accept(self, value: JsonValue, habit: Habit, /) -> JsonValue:
        """The stored value for one that came as JSON. Raises Unfit, also for null and for blank text."""
        ...

    def show(self, stored: JsonValue) -> JsonValue:
        """The stored value as the products API prints it, ready for orjson."""
        ...


# Habits ---------------------------------------------------------------------------------------------------------------

_COMMA_LANGUAGES = frozenset(
    "af az be bg bs ca cs da de el es et eu fi fo fr gl hr hu hy id is it ka kk ky lb lt lv mk mn nb nl nn no pl pt ro "
    "ru sk sl sq sr sv tk tr uk uz vi".split()
)
_POINT_LANGUAGES = frozenset(
    "am ar bn cy en fa fil ga gu he hi ja km kn ko lo ml mr ms my ne pa si sw ta te th ur zh".split()
)
_POINT_LOCALES = frozenset(
    "de_CH de_LI it_CH es_419 es_CU es_DO es_GT es_HN es_MX es_NI es_PA es_PE es_PR es_SV es_US".split()
)
_MONTH_FIRST_LOCALES = frozenset("en en_US es_US es_PR fil fil_PH en_PH".split())
_YEAR_FIRST_LANGUAGES = frozenset("eu fa hu ja ko lt mn ne si sv zh".split())
"""Their own dates begin with the year, so a date that ends with it follows no custom of theirs."""

_LIST_SEPARATORS = ("\n", "|", ";", ",")

SLIPS_FORGIVEN = 100
"""So many cells that show one habit outweigh one that shows the other."""


def habit_of_locale(locale: str, currency: str) -> Habit:
    """How people of a locale (``de_CH``, ``fr-FR``, ``en``) write; what the locale does not decide stays None."""
    language, _, region = locale.replace("-", "_").partition("_")
    name = f"{language.lower()}_{region.upper()}".rstrip("_")
    return Habit(_decimal_of(language.lower(), name), _day_first_of(language.lower(), name), currency.upper(), locale)


def _decimal_of(language: str, locale: str) -> str | None:
    if locale in _POINT_LOCALES or language in _POINT_LANGUAGES:
        return "."
    return "," if language in _COMMA_LANGUAGES else None


def _day_first_of(language: str, locale: str) -> bool | None:
    if locale in _MONTH_FIRST_LOCALES:
        return False
    if language in _YEAR_FIRST_LANGUAGES or locale == "en_CA":
        return None
    return True if language in _COMMA_LANGUAGES | _POINT_LANGUAGES else None


def column_habit(values: Iterable[str], locale: str, currency: str) -> Habit:
    """How one column is written, decided by those of its cells that can only be read one way, else by the locale."""
    filled = [value for value in (each.strip() for each in values) if value]
    decimal, days = Counter(map(decimal_shown, filled)), Counter(map(day_first_shown, filled))
    return written_habit(
        habit_of_locale(locale, currency), numbers_written(decimal), dates_written(days), separator_written(filled)
    )


def written_habit(by_locale: Habit, numbers: Writing, dates: Writing, list_separator: str | None) -> Habit:
    """The habit of a column that writes like this; what nothing in the file decides is the locale's."""
    day_first = None if dates.habit is None else dates.habit == DAY
    undecided = dates.by is DecidedBy.LOCALE
    return replace(
        by_locale,
        decimal=by_locale.decimal if numbers.by is DecidedBy.LOCALE else numbers.habit,
        day_first=by_locale.day_first if undecided else day_first,
        dotted_day_first=True if undecided or dates.by is DecidedBy.FILE else day_first,
        list_separator=list_separator,
    )


DAY, MONTH = "day", "month"


def numbers_written(shown: Mapping[str | None, int]) -> Writing:
    """How a column writes numbers, by how many of its cells show which decimal sign."""
    return _outvoted({".": shown.get(".", 0), ",": shown.get(",", 0)})


def dates_written(shown: Mapping[bool | None, int]) -> Writing:
    """How a column writes dates, by how many of its cells show that the day comes first, or that it does not."""
    return _outvoted({DAY: shown.get(True, 0), MONTH: shown.get(False, 0)})


def _outvoted(votes: Mapping[str, int]) -> Writing:
    (fewer, _), (more, habit) = sorted((count, habit) for habit, count in votes.items())
    if not more:
        return Writing()
    return Writing(habit, DecidedBy.COLUMN) if fewer * SLIPS_FORGIVEN <= more else Writing(None, DecidedBy.MIXED)


def separator_written(filled: Iterable[str]) -> str | None:
    """What most of a column's lists are parted by; None when no sign does it more often than the others."""
    counts = Counter(filter(None, map(_separator_shown, filled))).most_common(2)
    return counts[0][0] if counts and (len(counts) == 1 or counts[0][1] > counts[1][1]) else None


def decimal_shown(text: str) -> str | None:
    """The decimal sign a number or price gives away, or None: ``0,15`` shows ``,``; ``1,234`` shows nothing."""
    readings = _numeral_readings(text)
    return next(iter(readings)) if len(readings) == 1 else None


def two_numbers(text: str) -> tuple[str, str] | None:
    """Both readings of a number or price that has two: with ``.`` and with ``,`` as its decimal sign."""
    readings = _numeral_readings(text)
    return (readings["."], readings[","]) if len(set(readings.values())) > 1 else None


def _numeral_readings(text: str) -> dict[str, str]:
    """The readings of a text that holds a number with a separator, or a price without cents; else none."""
    if len(text) > _NUMERAL_CHARACTERS:
        return {}
    plain = _plain(text)
    found = _MONEY.fullmatch(plain) if _SEPARATED_DIGITS.search(plain) else None
    return _readings_of(found) if found and (found["dash"] or {".", ","} & set(found["body"])) else {}


def day_first_shown(text: str) -> bool | None:
    """Whether a date gives away that its day (True) or its month (False) comes first."""
    found = _DATE_BY_PARTS.match(text) if len(text) <= _NUMERAL_CHARACTERS else None
    if not found:
        return None
    first, second = int(found["first"]), int(found["second"])
    if first > 12 >= second:
        return True
    return False if second > 12 >= first else None


def two_dates(text: str) -> tuple[str, str] | None:
    """Both readings of a date that has two, as ISO dates: with the day first, and with the month first."""
    found = _DATE_BY_PARTS.match(text) if len(text) <= _NUMERAL_CHARACTERS else None
    if not found or found["mark"] == "." or found["first"].zfill(2) == found["second"].zfill(2):
        return None
    first, second, year = _parts(found)
    return (_iso(year, second, first), _iso(year, first, second)) if max(first, second) <= 12 else None


def _parts(found: re.Match[str]) -> tuple[int, int, int]:
    """First part, second part and full year of a date that ends with the year."""
    year = int(found["year"])
    if len(found["year"]) == 2:
        year += 2000 if year < 69 else 1900
    return int(found["first"]), int(found["second"]), year


def _iso(year: int, month: int, day: int) -> str:
    return f"{year:04}-{month:02}-{day:02}"


def _separator_shown(text: str) -> str | None:
    for separator in _LIST_SEPARATORS:
        if separator in text:
            return separator
    return None


# Numerals -------------------------------------------------------------------------------------------------------------

_PLAIN_CHARACTERS = (
    dict.fromkeys(map(ord, "\u00a0\u2007\u2009\u200a\u202f\u3000"), " ")
    | dict.fromkeys(map(ord, "\u2019\u02bc\u00b4`"), "'")
    | dict.fromkeys(map(ord, "\u2212\u2013\u2014"), "-")
    | {wide: chr(wide - 0xFEE0) for wide in range(0xFF01, 0xFF5F)}
    | {0xFFE5: "¥", 0xFFE1: "£", 0x200E: None, 0x200F: None, 0x066B: ".", 0x066C: "'"}
    | {zero + digit: str(digit) for zero in (0x0660, 0x06F0, 0x0966, 0x09E6, 0x0E50) for digit in range(10)}
)
"""Blanks, apostrophes, dashes and digits as other scripts and typesetters write them."""

_DIGIT = re.compile(r"[0-9]")
_SEPARATED_DIGITS = re.compile(r"[.,][0-9-]")

_MONEY = re.compile(
    r"""(?P<sign>[+-])?\s?
        (?P<before>[^\d\s.,'+-][^\d,'+-]*?)?\s?
        (?P<inner>[+-])?\s?
        (?P<body>[.,]?[0-9](?:[0-9.,'\ ]*[0-9])?)
        (?:(?P<dash>[.,]-{1,2})|(?P<minus>-(?!.)))?\s?
        (?P<after>[^\d\s.,'+-][^\d,'+-]*)?""",
    re.VERBOSE,
)
"""A sign, also at the end, as some ERPs write it; a currency before or after; digits with their separators; ``,-`` for
no cents.
"""

_GROUPED = r"[0-9]*|[1-9][0-9]{0,2}(?:(?:%s[0-9]{3})+|(?:\ [0-9]{3})+|(?:'[0-9]{3})+)"
_WHOLE_BY_DECIMAL = {
    ".": re.compile(_GROUPED % "," + r"|[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3}"),  # the last: Indian 12,34,567
    ",": re.compile(_GROUPED % r"\."),
}

_SCIENTIFIC = re.compile(r"([+-]?[0-9]{1,40}(?:[.,][0-9]{1,40})?)[eE]([+-]?[0-9]{1,3})")

_LETTER_AMONG_DIGITS = re.compile(r"[0-9][.,]?[^\W\d_]{1,2}$|[0-9][^\W\d_]+[+-]?[.,]?[0-9]|^[OoIl][.,]?[0-9]")


def _plain(text: str) -> str:
    return text if text.isascii() and "`" not in text else text.translate(_PLAIN_CHARACTERS)


def _readings(body: str) -> dict[str, str]:
    """Canonical decimal texts by the decimal sign under which ``body`` makes sense; one entry when only one does."""
    readings: dict[str, str] = {}
    for decimal, grouped in _WHOLE_BY_DECIMAL.items():
        whole, point, fraction = body.rpartition(decimal) if decimal in body else (body, "", "")
        if (fraction.isdigit() or not point) and (whole or point) and grouped.fullmatch(whole):
            digits = "".join(filter(str.isdigit, whole)).lstrip("0") or "0"
            readings[decimal] = digits + point.replace(",", ".") + fraction
    return readings


def _readings_of(found: re.Match[str]) -> dict[str, str]:
    """What a numeral can mean, by decimal sign, once what stands beside its digits is heard: ``1.299,-`` has its
    decimal sign in the dash, and ``250.000 ₫`` none, for nobody counts thousandths of a dong.
    """
    readings = _readings(found["body"])
    if dash := found["dash"]:
        return {sign: number for sign, number in readings.items() if sign == dash[0] and sign not in found["body"]}
    if len(readings) == 2 and _counts_no_cents(found["before"], found["after"]):
        whole = {sign: number for sign, number in readings.items() if "." not in number}
        return whole or readings
    return readings


def _negative(found: re.Match[str]) -> bool:
    return "-" in found.group("sign", "inner", "minus")


def _signed_twice(found: re.Match[str]) -> bool:
    return found.group("sign", "inner", "minus").count(None) < _SIGNS_IN_A_NUMERAL - 1


_SIGNS_IN_A_NUMERAL = 3


def _shown(text: str) -> str:
    return f'"{text}"' if len(text) <= _SHOWN_CHARACTERS else f'"{text[:_SHOWN_CHARACTERS]}…"'


def _unfit(text: str, expected: str, why: str) -> Unfit:
    return Unfit(ErrorType.INVALID_TYPE, f"{_shown(text)} is not {expected}: {why}")


def _refuse_kind(value: JsonValue, expected: str) -> Unfit:
    try:
        shown = orjson.dumps(value, default=str).decode()
    except TypeError:  # nested deeper than orjson writes
        shown = "a value nested so deep"
    if len(shown) > _SHOWN_CHARACTERS:
        shown = shown[:_SHOWN_CHARACTERS] + "…"
    return Unfit(ErrorType.INVALID_TYPE, f"{shown} is not {expected}")


def _refuse_nul(text: str) -> None:
    if "\0" in text:
        raise Unfit(ErrorType.ENCODING_ERROR, "the text holds a NUL character; remove it")


def _why_no_number(text: str) -> str:
    if text.casefold() in PLACEHOLDERS:
        return "it stands for no value; leave the cell blank"
    if not any(map(str.isdigit, text)):
        return "it holds no digits"
    if _LETTER_AMONG_DIGITS.search(text):
        return "a letter stands among the digits"
    return "its signs and separators make no number"


def _unsigned(found: re.Match[str], habit: Habit, text: str, expected: str) -> str:
    """The one reading of a numeral's digits and separators, as canonical decimal text."""
    readings = _readings_of(found)
    if not readings:
        raise _unfit(text, expected, _why_no_number(text))
    if len(set(readings.values())) > 1 and habit.decimal is None:
        both = " or ".join(sorted(readings.values()))
        raise _unfit(text, expected, f"it can be read as {both}, {_UNDECIDED}")
    number = readings.get(habit.decimal or ".") or next(iter(readings.values()))
    if len(number) > DIGITS_LIMIT:
        raise Unfit(ErrorType.OUT_OF_RANGE, f"{_shown(text)} has more than {DIGITS_LIMIT} digits")
    return number


_UNDECIDED = "and nothing decides which; write it in one way only"


def _signed(number: str, negative: bool) -> str:
    return f"-{number}" if negative and number.strip("0.") else number


def _canonical(number: Decimal | float) -> str:
    return format(number if isinstance(number, Decimal) else Decimal(repr(number)), "f")


def _exact_number(number: str) -> JsonValue:
    """A canonical decimal text as the simplest JSON number that keeps every digit."""
    whole, point, fraction = number.partition(".")
    fraction = fraction.rstrip("0")
    if not fraction:
        integer = int(whole)
        return integer if -(2**63) <= integer < 2**64 else orjson.Fragment(str(integer))
    floating = float(number)
    if len(whole) + len(fraction) <= 15 or Decimal(repr(floating)) == Decimal(number):
        return floating
    return orjson.Fragment(f"{whole}{point}{fraction}")


# Currencies -----------------------------------------------------------------------------------------------------------

CURRENCIES = frozenset(
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF "
    "CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD "
    "HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL "
    "LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR "
    "PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP "
    "TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG".split()
)
"""ISO 4217, the currencies people pay with."""

_WITHOUT_CENTS = frozenset("BIF CLP DJF GNF IDR ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split())
"""Nobody writes fractions of these, and certainly no thousandths."""

_DOLLARS = "USD CAD AUD NZD MXN SGD HKD TWD ARS CLP COP UYU BSD BBD BMD BND BZD FJD GYD JMD KYD LRD NAD SBD SRD TTD XCD"

_CURRENCIES_BY_SIGN: dict[str, tuple[str, ...]] = {
    sign: tuple(codes.split())
    for signs, codes in (
        ("€ euro euros eur. €uro ευρώ евро", "EUR"),
        ("$ dollar dollars", _DOLLARS),
        ("us$ u$s u$d $us usdollars", "USD"),
        ("c$ ca$ can$", "CAD"),
        ("a$ au$", "AUD"),
        ("nz$", "NZD"),
        ("mx$ mex$ m.n. mn", "MXN"),
        ("hk$", "HKD"),
        ("s$", "SGD"),
        ("nt$", "TWD"),
        ("r$ reais", "BRL"),
        ("£ pounds", "GBP EGP SHP FKP GIP"),
        ("¥", "JPY CNY"),
        ("円 yen jp¥", "JPY"),
        ("元 块 rmb cn¥ yuan 人民币 人民幣", "CNY"),
        ("₩ 원 won", "KRW"),
        ("₹", "INR"),
        ("rs rs.", "INR PKR LKR NPR MUR SCR"),
        ("₽ руб руб. р. р рублей rub.", "RUB"),
        ("₴ грн грн. гривень", "UAH"),
        ("₺ tl lira", "TRY"),
        ("₸ тг тг. тенге", "KZT"),
        ("zł zl złotych", "PLN"),
        ("kč kc korun", "CZK"),
        ("ft ft. forint", "HUF"),
        ("lei leu", "RON MDL"),
        ("лв лв. lv lv. лева", "BGN"),
        ("kn", "HRK"),
        ("din din. дин дин.", "RSD"),
        ("ден ден. den den.", "MKD"),
        ("fr fr. sfr sfr. franken", "CHF"),
        ("fcfa cfa f.cfa fcf francscfa frscfa", "XOF XAF"),
        ("₪ שח ש״ח", "ILS"),
        ("฿ บาท baht", "THB"),
        ("₫ đ đồng", "VND"),
        ("₱", "PHP"),
        ("₦", "NGN"),
        ("rp rp.", "IDR"),
        ("rm", "MYR"),
        ("r", "ZAR"),
        ("s/ s/.", "PEN"),
        ("dh dhs dh. درهم", "MAD AED"),
        ("د.إ", "AED"),
        ("ر.س sr", "SAR"),
        ("ج.م", "EGP"),
        ("د.ك", "KWD"),
        ("د.ج", "DZD"),
        ("د.ت", "TND"),
        ("ksh", "KES"),
        ("₵ gh₵", "GHS"),
        ("৳", "BDT"),
        ("₡", "CRC"),
        ("₲ gs gs.", "PYG"),
        ("₼ man", "AZN"),
        ("֏ դր", "AMD"),
        ("₭", "LAK"),
        ("₮", "MNT"),
        ("₾", "GEL"),
    )
    for sign in signs.split()
}
"""A sign to what it may mean: the workspace's own currency where it is among them, else the first."""

_KRONE_SIGNS = frozenset({"kr", "kr."})
_KRONE_BY_LANGUAGE = {"sv": "SEK", "da": "DKK", "nb": "NOK", "nn": "NOK", "no": "NOK", "is": "ISK", "fo": "DKK"}
_KRONER = ("SEK", "DKK", "NOK", "ISK")


_SIGNS_KEPT = 1_000
"""What stands beside the prices of a column is nearly always the same."""
_CODE_AND_SIGN = re.compile(r"([a-z]{3})([^a-z]+)|([^a-z]+)([a-z]{3})")
_PER_ONE = re.compile(r"(?P<currency>[^/]*)/\s*(?P<what>[^\W\d_]+)\.?")


def _currencies(written: str) -> tuple[str, ...]:
    """The ISO codes a sign or code may stand for, the likeliest first; none when nobody can say."""
    sign = "".join(written.casefold().split())
    if sign.upper() in CURRENCIES:
        return (sign.upper(),)
    if found := _CURRENCIES_BY_SIGN.get(sign) or (_KRONER if sign in _KRONE_SIGNS else ()):
        return found
    joined = _CODE_AND_SIGN.fullmatch(sign)  # USD$
    both = [each for each in joined.groups() if each] if joined else written.split()
    return _meant_by_all(list(map(_currencies, both))) if len(both) == 2 else ()


def _meant_by_all(each_may_be: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Currencies that agree with everything written beside an amount: ``$`` and ``MXN`` are pesos."""
    first, *others = each_may_be
    if not others:
        return first
    return tuple(code for code in first if all(code in other for other in others))


def _currency(written: str, habit: Habit) -> str | None:
    """The ISO code a sign or code stands for, or None when nobody can say."""
    return _the_one_meant(_currencies(written), habit)


def _the_one_meant(codes: tuple[str, ...], habit: Habit) -> str | None:
    if not codes or habit.currency in codes:
        return habit.currency if codes else None
    if set(codes) > {"SEK", "DKK"}:
        return _KRONE_BY_LANGUAGE.get(habit.locale[:2].lower())
    return codes[0]


@lru_cache(maxsize=_SIGNS_KEPT)
def _beside(before: str | None, after: str | None) -> Mapping[str, tuple[str, ...]]:
    """What is written before and after an amount, without the one piece it is the price of; each with the currencies it
    may stand for.
    """
    per_one = _PER_ONE.fullmatch(after or "")
    if per_one and per_one["what"].casefold() in PIECES:
        after = per_one["currency"]
    written = [each.strip() for each in (before, after) if each and each.strip()]
    return {each: _currencies(each) for each in written}


@lru_cache(maxsize=_SIGNS_KEPT)
def _counts_no_cents(before: str | None, after: str | None) -> bool:
    may_be = list(_beside(before, after).values())
    codes = _meant_by_all(may_be) if may_be else ()
    return bool(codes) and _WITHOUT_CENTS.issuperset(codes)


_WORDS_TOO = frozenset("ALL ANG BAM CUP CVE ERN GEL KGS LAK MAN MOP MUR SOS STN TOP".split())
"""Codes that are words of headers as well: ``KGS``, ``PRECIO TOP``."""
_KNOWN_IN_LOWER_CASE = "eur usd gbp chf pln czk huf ron sek dkk nok uah rub jpy cny krw inr brl mxn cad aud nzd zar"
_CURRENCY_IN_HEADER = re.compile(
    rf"(?:(?<![^\W\d_])|(?<=[a-z]))(?P<code>{'|'.join(sorted(CURRENCIES - _WORDS_TOO))})(?![^\W\d_])"
    rf"|(?<![^\W\d_])(?P<known>(?i:{_KNOWN_IN_LOWER_CASE.replace(' ', '|')}|euros?|zł|kč|грн|руб|fcfa))(?![^\W\d_])"
    r"|(?P<sign>\b(?:US|CA|AU|NZ|MX|HK|NT|R)\$|[€£$¥₽₴₺₹₩₪₫₸₱₦฿]|(?<=[(（])[円元원](?=[)）]))"
)


def currency_named(header: str, habit: Habit) -> str | None:
    """The currency that a header names for its cells (``Preis (EUR)``, ``price_usd``, ``Цена, ₽``); None for none, and
    where it names several.
    """
    named = [_currencies(found[0]) for found in _CURRENCY_IN_HEADER.finditer(header)]
    return _the_one_meant(_meant_by_all(named), habit) if named else None


# The types ------------------------------------------------------------------------------------------------------------


class StringType:
    """Any text, as it is."""

    def parser(self, _habit: Habit, /) -> Parser:
        return self._parse

    def accept(self, value: JsonValue, _habit: Habit, /) -> JsonValue:
        if isinstance(value, str):
            return self._parse(value)
        if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
            return str(value)
        raise _refuse_kind(value, "a text")

    def show(self, stored: JsonValue) -> JsonValue:
        return stored

    @staticmethod
    def _parse(text: str) -> str:
        _refuse_nul(text)
        return text


class NumberType:
    """A number without a unit (a percent sign is none), exact: an int or a float, or the digits themselves where those
    two would lose some.
    """

    _expected = "a number"

    def parser(self, habit: Habit, /) -> Parser:
        plain_decimal = re.compile(_PLAIN_DECIMALS[habit.decimal]).fullmatch
        grouped = re.compile(_GROUPED_NUMERALS[habit.decimal]).fullmatch
        comma, group = habit.decimal == ",", "." if habit.decimal == "," else ","

        def parse(text: str) -> JsonValue:
            if text.isdigit() and text.isascii() and len(text) < 19:
                return int(text)
            if plain_decimal(text) or grouped(text):
                if group in text:
                    text = text.replace(group, "")
                number = float(text.replace(",", ".") if comma else text)
                return int(number) if number.is_integer() else number
            return self._parse(text, habit)

        return parse

    def accept(self, value: JsonValue, habit: Habit, /) -> JsonValue:
        if isinstance(value, str) and value.strip():
            return self.parser(habit)(value.strip())
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            raise _refuse_kind(value, self._expected)
        return _exact_number(_bounded(value))

    def show(self, stored: JsonValue) -> JsonValue:
        return _exact_number(_canonical(stored)) if isinstance(stored, Decimal) else stored

    def _parse(self, text: str, habit: Habit) -> JsonValue:
        if len(text) > _NUMERAL_CHARACTERS:
            raise _unfit(text, self._expected, "it is too long for one")
        plain = _plain(text)
        if scientific := _SCIENTIFIC.fullmatch(plain):
            return _exact_number(_bounded(Decimal(f"{scientific[1].replace(',', '.')}E{scientific[2]}")))
        found = _DIGIT.search(plain) and _MONEY.fullmatch(plain)
        if not found or found["dash"] or _signed_twice(found):
            raise _unfit(text, self._expected, _why_no_number(plain))
        if found["before"] or found["after"] not in _PER_CENT:
            raise _unfit(text, self._expected, self._why_not_alone(plain, found["before"] or found["after"]))
        return _exact_number(_signed(_unsigned(found, habit, text, self._expected), _negative(found)))

    @staticmethod
    def _why_not_alone(plain: str, unit: str) -> str:
        if len(unit) == 1 and _LETTER_AMONG_DIGITS.search(plain):
            return "a letter stands among the digits"
        return f"{_shown(unit.strip())} stands beside it; keep a unit in a field of its own, or make this field a text"


_PER_CENT = frozenset({None, "", "%"})
"""What a number is counted in when it is a rate, which is no other unit than that of its column."""

_PLAIN_DECIMALS = {
    ".": r"-?[0-9]{1,9}\.[0-9]{1,6}",
    ",": r"-?[0-9]{1,9},[0-9]{1,6}",
    None: r"-?[0-9]{1,9}\.[0-9]{1,2}",
}
"""By the decimal sign: numbers with one reading and at most 15 digits, which a float holds exactly."""


_GROUPED_NUMERALS = {
    ".": r"[1-9][0-9]{0,2}(?:,[0-9]{3}){1,2}(?:\.[0-9]{1,6})?",
    ",": r"[1-9][0-9]{0,2}(?:\.[0-9]{3}){1,2}(?:,[0-9]{1,6})?",
    None: r"(?!)",
}
"""By the decimal sign: what is read at once when its thousands are parted; at most 15 digits."""


def _bounded(number: Decimal | float) -> str:
    decimal = number if isinstance(number, Decimal) else Decimal(repr(number))
    if (
        not decimal.is_finite()
        or abs(decimal.adjusted()) > DIGITS_LIMIT
        or len(decimal.as_tuple().digits) > DIGITS_LIMIT
    ):
        raise Unfit(ErrorType.OUT_OF_RANGE, f"{_shown(str(number))} has more than {DIGITS_LIMIT} digits")
    return _canonical(decimal)


class BooleanType:
    """Yes or no, in many languages."""

    _expected = "a yes or a no"

    def parser(self, _habit: Habit, /) -> Parser:
        return self._parse

    def accept(self, value: JsonValue, _habit: Habit, /) -> JsonValue:
        if isinstance(value, bool):
            return value
        if isinstance(value, int) and value in (0, 1):
            return bool(value)
        if isinstance(value, str):
            return self._parse(value.strip())
        raise _refuse_kind(value, self._expected)

    def show(self, stored: JsonValue) -> JsonValue:
        return stored

    def _parse(self, text: str) -> bool:
        meaning = BOOLEANS.get(text)
        if meaning is None:
            meaning = BOOLEANS.get(text.casefold())
        if meaning is None:
            raise _unfit(text, self._expected, "write true or false, yes or no, 1 or 0")
        return meaning


class ArrayType:
    """A list of texts, in the order given."""

    _expected = "a list of texts"

    def parser(self, habit: Habit, /) -> Parser:
        own = habit.list_separator

        def parse(text: str) -> JsonValue:
            _refuse_nul(text)
            if text[0] == "[" and text[-1] == "]":
                listed = _json_within(text)
                if isinstance(listed, list):
                    return self._texts(listed)
            if "//" in text and len(links := _BETWEEN_LINKS.split(text)) > 1:
                return [link for link in links if link]
            separator = own or _separator_shown(text)
            if separator is None or (separator == "," and _LINK_BEGINS.match(text)):  # an address may hold commas
                return [text]
            return [item for item in map(str.strip, text.split(separator)) if item]

        return parse

    def accept(self, value: JsonValue, habit: Habit, /) -> JsonValue:
        if isinstance(value, str):
            return self.parser(habit)(value.strip()) if value.strip() else []
        if isinstance(value, list):
            return self._texts(value)
        raise _refuse_kind(value, self._expected)

    def show(self, stored: JsonValue) -> JsonValue:
        return stored

    def _texts(self, items: Sequence[JsonValue]) -> list[JsonValue]:
        texts: list[JsonValue] = []
        for item in items:
            if isinstance(item, str):
                _refuse_nul(item)
                texts += [item.strip()] if item.strip() else []
            elif isinstance(item, bool):
                texts.append(str(item).lower())
            elif isinstance(item, int | float | Decimal):
                texts.append(str(item))
            elif item is not None:
                raise _refuse_kind(item, f"a text, and {self._expected} is expected")
        return texts


_BETWEEN_LINKS = re.compile(r"[|;,\s]{1,4}(?=(?:https?:|ftp:)?//)", re.IGNORECASE)
"""What parts web addresses in one cell, whose own commas and semicolons do not."""
_LINK_BEGINS = re.compile(r"(?:https?:|ftp:)?//", re.IGNORECASE)


def _json_within(text: str) -> JsonValue:
    """What a cell that looks like JSON holds, or None when it only looks like it."""
    try:
        value: JsonValue = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return value


class UrlType:
    """A web address: http, https, ftp, or without the protocol: with its two slashes, or beginning with a host that is
    unmistakable (``www.``, or the host of a file: ``cdn.example.com/a.jpg``). It is kept as it was written.
    """

    _expected = "a web address"
    _address = re.compile(
        r"(?:(?:https?|ftp):)?//(?:[^\s\0/?#@\[\]]+@)?(?:[\w.~%-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?:[/?#][^\s\0]*)?",
        re.IGNORECASE,
    )
    _hostname = r"(?:[\w-]{1,63}\.)"
    _bare = re.compile(
        rf"(?:www\.{_hostname}{{1,8}}[^\W\d_]{{2,24}}|{_hostname}{{2,8}}[^\W\d_]{{2,24}}(?=[/:])|"
        rf"{_hostname}(?:com|net|org|info|biz|shop|store|cloud|[a-z]{{2}})(?=[/:]))(?::[0-9]{{1,5}})?"
        r"(?:(?<=.)[/?#][^\s\0]*)?",
        re.IGNORECASE,
    )
    """An address without a protocol. Of a folder and a file (``img.v2/chair.jpg``) it differs by what ends its host."""
    _plain = re.compile(r"https?://[a-zA-Z0-9.-]+/[!-~]*").fullmatch
    """Nearly every address, at a third of the time."""
    _several = re.compile(r"[|,;\s](?:https?:|ftp:)?//", re.IGNORECASE)

    def parser(self, _habit: Habit, /) -> Parser:
        return self._parse

    def accept(self, value: JsonValue, _habit: Habit, /) -> JsonValue:
        if isinstance(value, str):
            return self._parse(value.strip())
        raise _refuse_kind(value, self._expected)

    def show(self, stored: JsonValue) -> JsonValue:
        return stored

    def _parse(self, text: str) -> str:
        if self._plain(text) and text.count("//") == 1:
            return text
        fits = self._address.fullmatch(text) or self._bare.fullmatch(text)
        if fits and not self._several.search(text):
            return text
        _refuse_nul(text)
        raise _unfit(text, self._expected, self._why_no_address(text))

    def _why_no_address(self, text: str) -> str:
        if self._several.search(text):
            return "it holds several; make the field a list"
        if self._address.match(text):
            return "it holds a blank, which an address writes as %20" if " " in text else "its host or port is not one"
        if re.match(r"(?:(?:https?|ftp):)?//", text, re.IGNORECASE):
            return "no host follows the two slashes"
        return "it begins with neither https:// nor http://, ftp://, // nor www."


class PriceType:
    """An exact amount and its currency: ``{"amount": 129.90, "currency": "EUR"}``, the digits as they were written."""

    _expected = "a price"

    def parser(self, habit: Habit, /) -> Parser:
        plain_amount = re.compile(_PLAIN_AMOUNTS[habit.decimal]).fullmatch
        grouped = re.compile(_GROUPED_NUMERALS[habit.decimal]).fullmatch
        currency, comma, fragment = habit.currency, habit.decimal == ",", orjson.Fragment
        group = "." if comma else ","

        def parse(text: str) -> JsonValue:
            if plain_amount(text):
                return {"amount": fragment(text.replace(",", ".") if comma else text), "currency": currency}
            if grouped(text):
                digits = text.replace(group, "")
                return {"amount": fragment(digits.replace(",", ".") if comma else digits), "currency": currency}
            return self._parse(text, habit)

        return parse

    def accept(self, value: JsonValue, habit: Habit, /) -> JsonValue:
        if isinstance(value, str):
            return self._parse(value.strip(), habit)
        if isinstance(value, Mapping):
            return self._from_object(value, habit)
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            raise _refuse_kind(value, f"{self._expected}: a text, a number, or an amount with its currency")
        return {"amount": orjson.Fragment(_bounded(value)), "currency": habit.currency}

    def show(self, stored: JsonValue) -> JsonValue:
        return _amount_text(stored["amount"]) if isinstance(stored, Mapping) else stored

    def _from_object(self, value: Mapping[str, JsonValue], habit: Habit) -> JsonValue:
        written = value.get("currency") or habit.currency
        currency = _currency(written.strip(), habit) if isinstance(written, str) else None
        if currency is None:
            raise _refuse_kind(written, "a currency; write its three letters, like EUR")
        amount = value.get("amount")
        if isinstance(amount, Mapping):
            raise _refuse_kind(amount, "an amount")
        price = self.accept(amount, replace(habit, currency=currency))
        if isinstance(price, Mapping) and price["currency"] != currency:
            raise _refuse_kind(value, f"{self._expected}: its amount names another currency")
        return price

    def _parse(self, text: str, habit: Habit) -> JsonValue:
        if text[:1] == "{" and isinstance(listed := _json_within(text), dict):
            return self._from_object(listed, habit)
        if len(text) > _NUMERAL_CHARACTERS:
            raise _unfit(text, self._expected, "it is too long for one")
        plain = _plain(text)
        found = _DIGIT.search(plain) and _MONEY.fullmatch(plain)
        if not found or _signed_twice(found):
            raise _unfit(text, self._expected, _why_no_number(plain))
        currency = self._currency_of(found, habit, text)
        amount = _signed(_unsigned(found, habit, text, self._expected), _negative(found))
        return {"amount": orjson.Fragment(amount), "currency": currency}

    def _currency_of(self, found: re.Match[str], habit: Habit, text: str) -> str:
        may_be = _beside(found["before"], found["after"])
        if not may_be:
            return habit.currency
        for unknown in (written for written, codes in may_be.items() if not codes):
            raise _unfit(text, self._expected, self._why_no_currency(unknown))
        codes = _meant_by_all(list(may_be.values()))
        if not codes:
            raise _unfit(text, self._expected, "it names two currencies")
        currency = _the_one_meant(codes, habit)
        if currency is None:
            raise _unfit(text, self._expected, self._why_no_currency(next(iter(may_be))))
        return currency

    @staticmethod
    def _why_no_currency(unknown: str) -> str:
        if len(unknown) == 1 and unknown.isalpha():
            return "a letter stands among the digits"
        if per := _PER_ONE.fullmatch(unknown):
            return f"it is a price per {_shown(per['what'])}, not per piece; keep it in a field of its own"
        return f"{_shown(unknown)} is no currency known here; write its three letters"


_PLAIN_AMOUNTS = {
    ".": r"(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,9})?",
    ",": r"(?:0|[1-9][0-9]{0,17})(?:,[0-9]{1,9})?",
    None: r"(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,2})?",
}
"""By the decimal sign: amounts that are their own canonical text, which is nearly all of them."""


def _amount_text(amount: JsonValue) -> JsonValue:
    if isinstance(amount, orjson.Fragment):
        return orjson.dumps(amount).decode()
    if isinstance(amount, int | float | Decimal):
        return _canonical(amount)
    return amount


class MultiPriceType:
    """Prices side by side: a list of ``{"amount", "currency", "locale"}``."""

    _expected = "a list of prices"
    _separators = re.compile(r"[|;\n]")
    _price = PriceType()

    def parser(self, habit: Habit, /) -> Parser:
        def parse(text: str) -> JsonValue:
            if text[0] in "[{" and (listed := _json_within(text)) is not None:
                return self.accept(listed, habit)
            parts = [part for part in map(str.strip, self._separators.split(text)) if part]
            return self._prices(parts, habit)

        return parse

    def accept(self, value: JsonValue, habit: Habit, /) -> JsonValue:
        if isinstance(value, str) and value.strip():
            return self.parser(habit)(value.strip())
        if isinstance(value, Mapping | int | float | Decimal) and not isinstance(value, bool):
            return self._prices([value], habit)
        if isinstance(value, list):
            return self._prices(value, habit)
        raise _refuse_kind(value, self._expected)

    def show(self, stored: JsonValue) -> JsonValue:
        if not isinstance(stored, list):
            return stored
        return [
            {**each, "amount": _amount_text(each["amount"])} if isinstance(each, Mapping) else each for each in stored
        ]

    def _prices(self, values: Sequence[JsonValue], habit: Habit) -> JsonValue:
        if not values:
            raise Unfit(ErrorType.INVALID_TYPE, f"this is not {self._expected}: it holds none")
        prices: list[JsonValue] = []
        for value in values:
            price = self._price.accept(value, habit)
            locale = (value.get("locale") if isinstance(value, Mapping) else None) or habit.locale
            if not isinstance(locale, str):
                raise _refuse_kind(locale, "a locale; write it like en_US")
            _refuse_nul(locale)
            prices.append({**price, "locale": locale} if isinstance(price, Mapping) else price)
        return prices


_DATE_BY_PARTS = re.compile(
    r"(?P<first>[0-9]{1,2})(?P<mark>[-/.])(?:(?<=\.)\ )?(?P<second>[0-9]{1,2})(?P=mark)(?:(?<=\.)\ )?"
    r"(?P<year>[0-9]{4}|[0-9]{2})(?![0-9])(?:\.(?=[\ T]|\Z))?"
)
"""With points also as in Prague and Zagreb: ``13. 5. 2026`` and ``13.05.2026.``"""
_DATE_FROM_YEAR = re.compile(
    r"(?P<year>[0-9]{4})(?P<mark>[-/.])(?:(?<=\.)\ )?(?P<month>[0-9]{1,2})(?P=mark)(?:(?<=\.)\ )?"
    r"(?P<day>[0-9]{1,2})(?![0-9])(?:\.(?=[\ T]|\Z))?"
)
"""With points also as in Budapest and Seoul: ``2026. 05. 13.``"""
_DATE_IN_DIGITS = re.compile(r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})(?![0-9])")
_MOMENT_IN_DIGITS = re.compile(r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})(?=[0-9]{6}$)")
_DATE_IN_SIGNS = re.compile(
    r"(?P<year>[0-9]{4})\ ?[年년]\ ?(?P<month>[0-9]{1,2})\ ?[月월]\ ?(?P<day>[0-9]{1,2})\ ?[日号號일]?(?![0-9])"
)
_WORD = r"(?P<name>[^\W\d_]{3,14})\.?"
_YEAR_AFTER = r"(?:\ del?|,)?[\ ./-]{0,2}(?P<year>[0-9]{4}|[0-9]{2})"
_DATE_BY_NAME = tuple(
    re.compile(rf"(?:[^\W\d_]{{2,10}}\.?,\ )?{pattern}(?![0-9])", re.IGNORECASE)
    for pattern in (
        rf"(?P<day>[0-9]{{1,2}})(?:st|nd|rd|th|er|\.|º)?(?:\ (?:de|of)(?=\ ))?[\ ./-]{{0,2}}{_WORD}{_YEAR_AFTER}",
        rf"{_WORD}[\ ./-]?(?P<day>[0-9]{{1,2}})(?:st|nd|rd|th|\.)?,?[\ ./-]{{1,2}}(?P<year>[0-9]{{4}})",
        rf"(?P<year>[0-9]{{4}})[.,]?(?:\ m\.)?[\ ./-]?{_WORD}[\ ./-]?(?P<day>[0-9]{{1,2}})(?:\.|\ d\.)?",
    )
)
"""Dates with the month's name, in any language of ``MONTHS``: 13 May 2026, May 13, 2026, 2026. május 13."""
_NO_DATE = re.compile(r"0{4}([-/.]?)00\1(?:00)?(?:[T ][0:.]*Z?)?|00([-/.])00\2(?:0000|00)")
_TIME = re.compile(
    r"""(?:[Tt]|,?\ +)(?P<hour>[0-9]{1,2}):?(?P<minute>[0-9]{2})
        (?::?(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?
        (?:\ ?(?P<half>[AaPp])\.?\ ?[Mm]\.?)?
        (?:\ ?(?P<zone>[Zz]|(?:UTC|GMT)?[+-][0-9]{2}(?::?[0-9]{2})?|UTC|GMT))?""",
    re.VERBOSE,
)

_TIME_IN_DIGITS = re.compile(
    r"(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})(?P<second>[0-9]{2})(?P<fraction>)(?P<half>)(?P<zone>)"
)
_DATES = (_DATE_FROM_YEAR, _DATE_BY_PARTS, _DATE_IN_DIGITS, _MOMENT_IN_DIGITS, _DATE_IN_SIGNS)
_WORD_AND_DAY = re.compile(r"(?=.{0,50}\Z)(?=[^0-9]{0,30}[0-9])(?=.{0,12}[^\W\d_]{3})")
"""What a date with a month's name in it has."""
_LIKE_A_DATE = "write it like 2026-12-31 or 2026-12-31T18:30:00Z"


class DatetimeType:
    """A moment, kept as ISO text in UTC: ``2026-12-31T00:00:00Z``. No zone means UTC, no time means midnight."""

    _expected = "a date"

    def parser(self, habit: Habit, /) -> Parser:
        # The dates of a column are few and slow to read.
        @lru_cache(maxsize=1_024)
        def parse(text: str) -> JsonValue:
            return self._parse(text, habit)

        return parse

    def accept(self, value: JsonValue, habit: Habit, /) -> JsonValue:
        if isinstance(value, str):
            return self._parse(value.strip(), habit)
        raise _refuse_kind(value, self._expected)

    def show(self, stored: JsonValue) -> JsonValue:
        return stored

    def _parse(self, text: str, habit: Habit) -> str:
        plain = _plain(text) if len(text) <= _NUMERAL_CHARACTERS else ""
        date = self._date(plain)
        rest = plain[date.end() :] if date else ""
        time = (_TIME_IN_DIGITS if date and date.re is _MOMENT_IN_DIGITS else _TIME).fullmatch(rest)
        if not date or (rest and not time):
            raise self._no_date(text, _LIKE_A_DATE)
        year, month, day = self._day_of(date, habit, text)
        try:
            moment = datetime(year, month, day, tzinfo=UTC)
            if time:
                moment = self._at(moment, time)
            moment = moment.astimezone(UTC)
        except (ValueError, OverflowError) as impossible:
            raise self._no_date(text, "there is no such day or time") from impossible
        return moment.isoformat().replace("+00:00", "Z")

    def _no_date(self, text: str, why: str) -> Unfit:
        never_set = _NO_DATE.fullmatch(text) if len(text) <= _NUMERAL_CHARACTERS else None
        return _unfit(text, self._expected, "no date was ever set; leave the cell blank" if never_set else why)

    @staticmethod
    def _date(plain: str) -> re.Match[str] | None:
        """Where a text says which day it means."""
        for pattern in _DATES:
            if date := pattern.match(plain):
                return date
        named = (each.match(plain) for each in _DATE_BY_NAME) if _WORD_AND_DAY.match(plain) else ()
        return next((date for date in named if date and date["name"].casefold() in MONTHS), None)

    def _day_of(self, date: re.Match[str], habit: Habit, text: str) -> tuple[int, int, int]:
        if date.re is _DATE_BY_PARTS:
            return self._day_by_parts(date, habit, text)
        if date.re in _DATE_BY_NAME:
            return self._day_by_name(date, text)
        return int(date["year"]), int(date["month"]), int(date["day"])

    def _day_by_parts(self, date: re.Match[str], habit: Habit, text: str) -> tuple[int, int, int]:
        first, second, year = _parts(date)
        shown = day_first_shown(text)
        if shown is None and first != second:
            shown = habit.dotted_day_first if date["mark"] == "." else habit.day_first
        if shown is None and first != second:
            both = f"{_iso(year, second, first)} or {_iso(year, first, second)}"
            raise _unfit(text, self._expected, f"it can be read as {both}, {_UNDECIDED}")
        return (year, first, second) if shown is False else (year, second, first)

    def _day_by_name(self, date: re.Match[str], text: str) -> tuple[int, int, int]:
        year, day = int(date["year"]), int(date["day"])
        if len(date["year"]) == 2:
            year += 2000 if year < 69 else 1900
        month, *others = sorted(MONTHS[date["name"].casefold()])
        if others:
            both = f"{_iso(year, month, day)} or {_iso(year, others[0], day)}"
            raise _unfit(text, self._expected, f"it can be read as {both}, {_UNDECIDED}")
        return year, month, day

    @staticmethod
    def _at(day: datetime, time: re.Match[str]) -> datetime:
        hour = int(time["hour"])
        if time["half"]:
            if not 1 <= hour <= 12:
                raise ValueError("no such hour on a clock of twelve")
            hour = hour % 12 + (12 if time["half"] in "Pp" else 0)
        microsecond = int((time["fraction"] or "0").ljust(6, "0")[:6])
        moment = day.replace(
            hour=hour, minute=int(time["minute"]), second=int(time["second"] or 0), microsecond=microsecond
        )
        zone = time["zone"]
        if not zone or zone[0] not in "+-":
            return moment
        digits = zone[1:].replace(":", "").ljust(4, "0")
        if int(digits[2:]) > 59:
            raise ValueError("no such offset")
        offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
        return moment.replace(tzinfo=timezone(-offset if zone[0] == "-" else offset))


FIELD_TYPES: dict[str, FieldType] = {
    "string": StringType(),
    "number": NumberType(),
    "boolean": BooleanType(),
    "array": ArrayType(),
    "url": UrlType(),
    "price": PriceType(),
    "multi_price": MultiPriceType(),
    "datetime": DatetimeType(),
}
"""The closed list of types a schema field may have, under the names the APIs use."""
