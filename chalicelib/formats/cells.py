"""Stored values as cells: texts that our own importer reads back as the same values, whatever the locale.

In: a value of a product's ``data``, in its stored form (``fields``). Out: the text of one cell; empty for no value.

A numeral is written with a decimal point. ``1.234`` would be a thousand and more where the comma is the decimal sign,
so it gets a zero at its end, which leaves it one reading only. Items of a list are joined by ``|``; a list that would
be read otherwise is written as JSON, and so are prices with a locale of their own.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

import orjson

from chalicelib.fields import JsonValue

_JOINED_BY = "|"
_READ_AS_SEPARATORS = re.compile(r"[|;,]")
_TWO_READINGS = re.compile(r"-?[1-9][0-9]{0,2}\.[0-9]{3}")


def cell_of(stored: JsonValue, locale: str) -> str:
    """The cell of a stored value; ``locale`` is the schema's, which prices without their own are read by.

    The value says its kind: a field that was given another type since may hold older ones.
    """
    match stored:
        case None:
            return ""
        case str():
            return stored
        case bool():
            return "true" if stored else "false"
        case int() | float() | Decimal():
            return _numeral(stored)
        case Mapping():
            return _price(stored)
        case orjson.Fragment():
            return orjson.dumps(stored).decode()
        case _ if prices := [each for each in stored if isinstance(each, Mapping)]:
            return _prices(prices, locale)
        case _:
            return list_cell([each for each in stored if isinstance(each, str)])


def _numeral(number: float | Decimal) -> str:
    text = format(number if isinstance(number, Decimal) else Decimal(repr(number)), "f")
    return f"{text}0" if _TWO_READINGS.fullmatch(text) else text


def _price(price: Mapping[str, JsonValue]) -> str:
    return f"{cell_of(price.get('amount'), '')} {price.get('currency')}"


def _prices(prices: Sequence[Mapping[str, JsonValue]], locale: str) -> str:
    texts = [_price(each) for each in prices]
    if texts[0].startswith("-") or any(each.get("locale") != locale for each in prices):
        exact = [{**each, "amount": cell_of(each.get("amount"), "")} for each in prices]
        return orjson.dumps(exact).decode()
    return _JOINED_BY.join(texts)


def list_cell(items: Sequence[str]) -> str:
    """The cell of a list of texts."""
    joined = _JOINED_BY.join(items)
    looks_like_json = joined.startswith("[") and joined.endswith("]")
    one_would_be_several = len(items) == 1 and _READ_AS_SEPARATORS.search(joined)
    if looks_like_json or one_would_be_several or any(_JOINED_BY in each for each in items):
        quoted = (_without_separators(orjson.dumps(each).decode()) for each in items)
        return f"[{','.join(quoted)}]"
    return joined


def _without_separators(json_text: str) -> str:
    """The reader asks a whole column which separator it shows; these would speak for the wrong one."""
    return json_text.replace(",", "\\u002c").replace(";", "\\u003b")
