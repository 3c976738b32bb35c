"""Suggest, what columns say of each other: a net price beside a discount, a code beside an article number.

In: all columns of a file with their claims, concept to score. Out: the same claims, changed where the other columns
make one likelier or refute it. A header alone cannot tell these things, and no column gets a concept here.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.suggest.assign import ACCEPTED
from chalicelib.suggest.concepts import claims
from chalicelib.suggest.evidence import MOST, NEARLY_ALL, Facts, dearer
from chalicelib.suggest.lexicon import FILLER, HOME, Meanings, Reading

PLAIN_CODE = 0.83
"""What a header must score to be a key by itself."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column and what it may hold; ``claims`` are changed in place."""

    facts: Facts
    reading: Reading
    claims: dict[str, float]

    def says(self, *meanings: str) -> bool:
        """Whether the header speaks of all of them, in words that are known."""
        return not self.reading.unknown and all(self.reading.holds(each) for each in meanings)

    def says_only(self, meanings: Meanings) -> bool:
        """Whether every word of the header has one of the meanings."""
        parts = self.reading.parts
        return bool(parts) and not self.reading.unknown and all(part & meanings for part in parts)


def settle(columns: Sequence[Column]) -> None:
    """Change the claims of a file's columns by what the others are."""
    for rule in _RULES:
        rule(columns)


_ORDERED = (("compare_at_price", "price"), ("price", "sale_price"), ("price", "cost_price"))
"""Pairs of prices of which the first is the higher."""
_OUT_OF_ORDER, _SETTLED_PRICE = 0.2, 0.9


def _prices_in_order(columns: Sequence[Column]) -> None:
    """Take from unclear claims what the rows speak against: a list price below the price, a cost above it.

    Only a column that may be either of a pair is judged, and only by one whose header is plain.
    """
    plain = {
        concept: column
        for column in columns
        for concept in ("price", "cost_price")
        if column.claims.get(concept, 0.0) >= _SETTLED_PRICE and column.claims[concept] == max(column.claims.values())
    }
    for higher, lower in _ORDERED:
        for known, other in ((higher, lower), (lower, higher)):
            if known in plain:
                _judge(columns, plain[known], other, above=other == higher)


def _judge(columns: Sequence[Column], known: Column, concept: str, *, above: bool) -> None:
    for column in columns:
        if column is known or not 0.0 < column.claims.get(concept, 0.0) < _SETTLED_PRICE:
            continue
        share = dearer(column.facts, known.facts)
        if share is not None and (share <= 1 - MOST if above else share >= MOST):
            column.claims[concept] -= _OUT_OF_ORDER


_YEAR = re.compile(r"(?<![0-9])20[0-9]{2}(?![0-9])")
_ALL_PRICES = frozenset({"price", "sale_price", "compare_at_price", "cost_price"})
_OUTDATED = 0.45


def _latest_price(columns: Sequence[Column]) -> None:
    """Of prices that differ in nothing but a year, the latest is the one in force."""
    years = [max(map(int, _YEAR.findall(each.facts.column.header)), default=0) for each in columns]
    latest: dict[tuple[Meanings, ...], int] = {}
    for column, year in zip(columns, years, strict=True):
        latest[column.reading.parts] = max(year, latest.get(column.reading.parts, 0))
    for column, year in zip(columns, years, strict=True):
        if 0 < year < latest[column.reading.parts]:
            for concept in _ALL_PRICES & column.claims.keys():
                column.claims[concept] -= _OUTDATED


_DISCOUNTS = frozenset({"discount", "rate", FILLER, "item"})
_NET = frozenset({"net", "price", "money", FILLER, HOME})
_LISTED = ("list", "recommended", "retail", "sell")
_NET_OF_DEALERS = 0.8


def _net_after_discount(columns: Sequence[Column]) -> None:
    """Beside a discount and a list price, what is called net is what the reader of the price list pays."""
    if not any(each.says_only(_DISCOUNTS) and each.says("discount") for each in columns):
        return
    net = [each for each in columns if each.says("net") and each.says_only(_NET)]
    listed = [each for each in columns if not each.reading.holds("net", "gross") or each.reading.holds(*_LISTED)]
    listed = [each for each in listed if each not in net and _ALL_PRICES & each.claims.keys()]
    if len(net) == 1 and any((dearer(each.facts, net[0].facts) or 0.0) >= MOST for each in listed):
        net[0].claims["cost_price"] = max(net[0].claims.pop("price", 0.0), _NET_OF_DEALERS)


_JUST_PRICE = frozenset({"price", "item"})
_PRICE_PAID = 0.6


def _price_below_selling_price(columns: Sequence[Column]) -> None:
    """What is just called price beside a selling price, and is the lower of the two, is what the seller pays."""
    sold = [each for each in columns if each.says("price", "sell") and "price" in each.claims]
    if len(sold) != 1 or any(each.claims.get("cost_price", 0.0) >= ACCEPTED for each in columns):
        return
    for column in columns:
        just_price = column.says("price") and all(part <= _JUST_PRICE for part in column.reading.parts)
        if not just_price or column is sold[0] or column.reading.numbers:
            continue
        if (dearer(sold[0].facts, column.facts) or 0.0) >= NEARLY_ALL:
            column.claims["cost_price"] = _PRICE_PAID


_OF_TOTALS = frozenset({"total", "price", "money", "net", "gross", FILLER})
_SOMETHING_ELSE = 0.6


def _quantities_of_something_else(columns: Sequence[Column]) -> None:
    """A bare quantity is no stock where it goes into a total and is the same in all rows, as in an order form that
    waits to be filled in, nor where prices are told for a unit of it as well: then it is what a pack holds.
    """
    has_total = any(each.says("total") and each.says_only(_OF_TOTALS) for each in columns)
    has_content = _tells_prices_for_a_unit(columns)
    for column in columns:
        bare = column.reading.holds("quantity") and not column.reading.holds("stock", "available")
        if bare and "inventory_count" in column.claims:
            rows = column.facts.rows
            if has_content or (has_total and len({cell for cell in rows if cell}) <= 1 < len(rows)):
                column.claims["inventory_count"] -= _SOMETHING_ELSE


def _tells_prices_for_a_unit(columns: Sequence[Column]) -> bool:
    """As shops must by law: the quantity a pack holds, and the price for a kilogram of it."""
    return any(each.says("price", "unit") for each in columns) and any(
        each.says("quantity", "unit") for each in columns
    )


_MAKERS_ARTICLE, _BELOW_THE_CODE = 0.7, 0.05


def _article_beside_code(columns: Sequence[Column]) -> None:
    """``Артикул`` beside ``Код``: the code is the seller's own key, the article number its maker's."""
    codes = [each for each in columns if "sku" in each.claims and not each.reading.numbers and _is_plain_code(each)]
    for column in columns:
        is_article = any({"code", "sku"} <= part for part in column.reading.parts)
        if codes and is_article and "sku" in column.claims:
            most = min(codes[0].claims["sku"] - _BELOW_THE_CODE, ACCEPTED)
            column.claims["sku"] = min(column.claims["sku"], most)
            column.claims["mpn"] = max(column.claims.get("mpn", 0.0), _MAKERS_ARTICLE)


def _is_plain_code(column: Column) -> bool:
    of_code = column.says("code") and not column.reading.holds("sku")
    return of_code and claims(column.reading).get("sku", 0.0) >= PLAIN_CODE


_KIN, _LEAST_KIN = 0.72, 4


def _group_of_kin(columns: Sequence[Column]) -> None:
    """A group whose codes the keys of its rows are made of is a group of variants."""
    keys = [each for each in columns if each.claims.get("sku", 0.0) >= ACCEPTED]
    for column in columns:
        of_codes = column.reading.holds("group") and "category" in column.claims and column.facts.codes >= MOST
        if of_codes and any(_share_of_kin(column.facts, key.facts) >= MOST for key in keys if key is not column):
            column.claims["parent_sku"] = _KIN
            column.claims["category"] -= _SOMETHING_ELSE


def _share_of_kin(group: Facts, key: Facts) -> float:
    pairs = [(one, other) for one, other in zip(group.rows, key.rows, strict=False) if one and other]
    return sum(_are_kin(one.casefold(), other.casefold()) for one, other in pairs) / len(pairs) if pairs else 0.0


def _are_kin(group: str, key: str) -> bool:
    return len(group) >= _LEAST_KIN and (group in key or group[: _LEAST_KIN + 1] == key[: _LEAST_KIN + 1])


_RULES = (
    _prices_in_order,
    _latest_price,
    _net_after_discount,
    _price_below_selling_price,
    _quantities_of_something_else,
    _article_beside_code,
    _group_of_kin,
)
