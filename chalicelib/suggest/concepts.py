"""Suggest, the concepts: what a column can be, and which meanings in its header make it that.

In: a header's ``Reading``. Out: claims, the concepts it may stand for with a score of 0 to 1. A concept is never the
sum of its words: a pattern names the meanings it needs and those it bears beside them, and any other meaning (a
*minimum* stock, the *alt text* of an image, a tax *class*) makes the header something else.

The names of the fields are the product documents' own words; ``inventory_count`` is what they call stock.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from chalicelib.suggest.lexicon import FILLER, HOME, LOCALE, Meanings, Reading


@dataclass(frozen=True, slots=True)
class Concept:
    """A thing a column can hold.

    ``type`` is a key of ``fields.FIELD_TYPES``; ``holds`` completes "it holds …"; ``title`` is how ``segops-pim-api``
    describes the field where it does.
    """

    field: str
    type: str
    holds: str
    title: str = ""

    @property
    def description(self) -> str:
        """What a schema field for it is described as: "Product brand", "Weight"."""
        if self.title:
            return self.title
        words = self.holds.removeprefix("the ")
        return words[:1].upper() + words[1:]


CONCEPTS: dict[str, Concept] = {
    each.field: each
    for each in (
        Concept("sku", "string", "the product's own unique number"),
        Concept("name", "string", "the product's name"),
        Concept("ean", "string", "the barcode number (EAN, GTIN, UPC or ISBN)"),
        Concept("mpn", "string", "the manufacturer's or supplier's part number"),
        Concept("parent_sku", "string", "the number of the product this variant belongs to"),
        Concept("brand", "string", "the brand", "Product brand"),
        Concept("supplier", "string", "the supplier the product is bought from"),
        Concept("price", "price", "the selling price", "Sale price"),
        Concept("sale_price", "price", "the price during a promotion"),
        Concept("compare_at_price", "price", "the list or former price shown for comparison"),
        Concept("cost_price", "price", "what the product costs to buy"),
        Concept("currency", "string", "the currency of the prices"),
        Concept("inventory_count", "number", "the quantity in stock", "Stock quantity"),
        Concept("availability", "string", "whether and when the product can be had"),
        Concept("category", "string", "the category or product group"),
        Concept("description", "string", "the description"),
        Concept("short_description", "string", "the short description"),
        Concept("image_url", "url", "the product's image"),
        Concept("url", "url", "the address of the product's page"),
        Concept("tags", "array", "the keywords", "Product tags"),
        Concept("weight", "number", "the weight"),
        Concept("length", "number", "the length or depth"),
        Concept("width", "number", "the width"),
        Concept("height", "number", "the height"),
        Concept("color", "string", "the colour"),
        Concept("size", "string", "the size"),
        Concept("material", "string", "the material"),
        Concept("gender", "string", "whom the product is made for"),
        Concept("condition", "string", "the condition, new or used"),
        Concept("is_active", "boolean", "whether the product is published"),
        Concept("created_at", "datetime", "when the record was made"),
        Concept("updated_at", "datetime", "when the record was last changed"),
        Concept("tax_rate", "number", "the tax rate in percent"),
        Concept("unit", "string", "the unit the product is sold in"),
        Concept("language", "string", "the language of the row"),
    )
}
"""By field name."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A header with the meanings ``needs``, and beside them at most those of ``bears``, may be ``concept``."""

    concept: str
    needs: Sequence[str]
    bears: Meanings
    score: float


_BORNE_BY_ALL: Mapping[str, float] = {
    FILLER: 0.003,
    "item": 0.0,
    LOCALE: 0.003,
    HOME: -0.003,
    "own": 0.01,
    "shop": 0.02,
    "value": 0.009,
    "variant": 0.05,
}
"""Meanings that change no concept, and what they take from its score, so that the plainer header wins."""

_BORNE_BY_WEAK = frozenset({FILLER, LOCALE, HOME, "item"})
_PLAIN = 0.7
"""A pattern below this is a guess, and holds for the bare words only."""

_GUESS = 0.6

_BORNE_COST = 0.01
_MONEY = "money net gross tax each regular sell value currency rate unit amount"
_MEASURE = "measure net gross value pack each option"

_PATTERNS: tuple[tuple[str, str, str, float], ...] = (
    # concept, needs, bears, score
    ("sku", "sku", "code id stock option main", 1.0),
    ("sku", "sku own", "code stock option main", 1.02),
    ("sku", "item code", "stock id main", 0.95),
    ("sku", "item code own", "stock id main", 0.97),
    ("sku", "code", "own main regular", 0.84),
    ("sku", "variant code", "", 0.9),
    ("sku", "stock code", "id", 0.9),
    ("sku", "stock id", "", 0.7),
    ("sku", "sku dealer", "", 0.9),
    ("sku", "item id", "", 0.8),
    ("sku", "code id", "item", 0.75),
    ("sku", "code unit", "", 0.6),
    ("sku", "variant id", "", 0.56),
    ("sku", "id", "", 0.6),
    ("sku", "model code", "", 0.58),
    ("sku", "mpn", "", 0.76),
    ("sku", "model", "", 0.4),
    ("sku", "item", "", 0.45),
    ("sku", "position", "", 0.3),
    ("sku", "handle", "", 0.3),
    ("ean", "ean", "code id unit main barcode meta each quantity", 1.0),
    ("ean", "code bars", "main", 0.98),
    ("ean", "barcode", "code id unit main meta each", 0.98),
    ("mpn", "mpn", "maker supplier code id brand vendor", 1.0),
    ("mpn", "maker code", "id model brand", 0.96),
    ("mpn", "maker sku", "", 0.96),
    ("mpn", "supplier code", "id", 0.82),
    ("mpn", "supplier item code", "id", 0.9),
    ("mpn", "supplier sku", "code", 0.85),
    ("mpn", "vendor code", "main regular", 0.82),
    ("mpn", "vendor sku", "", 0.85),
    ("mpn", "model code", "", 0.85),
    ("mpn", "sku", "", 0.56),
    ("parent_sku", "parent", "variant", 0.85),
    ("parent_sku", "parent code", "group id", 0.95),
    ("parent_sku", "parent sku", "code", 1.0),
    ("parent_sku", "parent id", "code", 0.9),
    ("parent_sku", "variant group", "code id", 0.85),
    ("name", "name", "long full main", 0.95),
    ("name", "item name", "long main label text", 1.0),
    ("name", "name short", "text", 0.7),
    ("name", "item short text", "", 0.72),
    ("name", "item text", "", 0.75),
    ("name", "item label", "", 0.75),
    ("name", "label", "", 0.6),
    ("name", "model name", "", 0.7),
    ("name", "description short", "", 0.5),
    ("name", "item description", "", 0.53),
    ("name", "description", "", 0.53),
    ("name", "item", "", 0.56),
    ("name", "collection", "", 0.4),
    ("name", "model", "", 0.45),
    ("description", "description", "long text info sell main", 0.95),
    ("description", "description long", "text", 1.0),
    ("description", "text long", "", 0.9),
    ("description", "info", "item main", 0.75),
    ("description", "item text", "", 0.7),
    ("description", "text", "", 0.65),
    ("short_description", "description short", "text info", 1.0),
    ("short_description", "text short", "", 0.9),
    ("short_description", "info short", "", 0.85),
    ("short_description", "summary", "description text", 0.92),
    ("short_description", "name short", "", 0.56),
    ("category", "category", "regular name main type file code long text", 1.0),
    ("category", "category id", "main", 0.48),
    ("category", "category group", "name", 0.95),
    ("category", "group", "name main", 0.85),
    ("category", "group code", "main", 0.6),
    ("category", "item group", "name main code", 0.9),
    ("category", "item type", "", 0.72),
    ("category", "type", "", 0.64),
    ("category", "type name", "", 0.62),
    ("category", "collection", "name", 0.62),
    ("category", "collection category", "", 0.85),
    ("category", "sub category", "name", 0.6),
    ("category", "sub group", "name", 0.57),
    ("category", "sub", "", 0.4),
    ("category", "taxonomy_of_another", "", 0.57),
    ("brand", "brand", "name maker text option", 1.0),
    ("brand", "maker", "name", 0.88),
    ("brand", "vendor", "", 0.74),
    ("supplier", "supplier", "name main regular", 1.0),
    ("supplier", "vendor", "", 0.72),
    ("supplier", "vendor main", "name", 0.8),
    ("supplier", "vendor name", "", 0.76),
    ("supplier", "supplier group", "", 0.6),
    ("supplier", "supplier code", "", 0.58),
    ("supplier", "supplier id", "", 0.57),
    ("supplier", "supplier_number", "", 0.58),
    ("supplier", "vendor code", "", 0.58),
    ("price", "price", _MONEY, 0.97),
    ("price", "price retail", _MONEY, 0.9),
    ("compare_at_price", "price retail", _MONEY, 0.7),
    ("compare_at_price", "price regular", _MONEY, 0.6),
    ("price", "retail", _MONEY, 0.8),
    ("price", "price sell", _MONEY, 0.98),
    ("price", "price regular", _MONEY + " main", 0.955),
    ("price", "price each", _MONEY, 0.93),
    ("price", "price quantity", _MONEY, 0.92),
    ("price", "amount sell", "money net gross tax", 0.6),
    ("cost_price", "amount buy", "money net gross tax", 0.6),
    ("price", "price own", _MONEY, 0.96),
    ("price", "price customer", _MONEY, 0.95),
    ("price", "sell", "money net gross value regular each", 0.85),
    ("price", "sell net", _MONEY, 0.85),
    ("price", "sell gross", _MONEY, 0.85),
    ("price", "each", "money net gross tax", 0.69),
    ("price", "price main", _MONEY, 0.9),
    ("price", "price pack", "", 0.56),
    ("price", "gross", "tax", 0.57),
    ("price", "net", "tax", 0.58),
    ("price", "price dealer", _MONEY, 0.66),
    ("price", "dealer", _MONEY, 0.6),
    ("price", "price list", _MONEY, 0.66),
    ("price", "price recommended", _MONEY, 0.56),
    ("price", "price recommended sell", _MONEY, 0.56),
    ("price", "recommended sell", _MONEY, 0.62),
    ("price", "list", "gross net", 0.57),
    ("price", "value", "", 0.3),
    ("price", "money", "net gross", 0.6),
    ("price", "amount", "money net gross", 0.56),
    ("sale_price", "promo", "money net gross tax", 0.72),
    ("sale_price", "price promo", _MONEY, 1.0),
    ("sale_price", "price discount", _MONEY, 0.9),
    ("sale_price", "promo net", _MONEY, 0.9),
    ("compare_at_price", "recommended", _MONEY + " maker", 0.93),
    ("compare_at_price", "price recommended", _MONEY + " list", 1.0),
    ("compare_at_price", "recommended retail", _MONEY + " price", 1.0),
    ("compare_at_price", "price old", _MONEY, 0.97),
    ("compare_at_price", "old", "money net gross", 0.6),
    ("compare_at_price", "price list", _MONEY, 0.93),
    ("compare_at_price", "list", "gross net money recommended sell regular", 0.85),
    ("cost_price", "buy", "money net gross each unit value main regular dealer tax rate", 0.95),
    ("cost_price", "buy net", _MONEY, 0.95),
    ("cost_price", "buy gross", _MONEY, 0.95),
    ("cost_price", "price buy", _MONEY + " unit main list", 1.0),
    ("cost_price", "buy each", "money net gross", 1.0),
    ("cost_price", "buy supplier", "net", 0.9),
    ("cost_price", "price supplier", _MONEY, 0.9),
    ("cost_price", "price dealer", _MONEY, 0.72),
    ("cost_price", "dealer", _MONEY, 0.62),
    ("currency", "currency", "code price name id unit", 1.0),
    ("currency", "price currency", "code", 1.0),
    ("inventory_count", "stock", "net quantity available unit place shop main each", 0.95),
    ("inventory_count", "stock status", "", 0.76),
    ("inventory_count", "stock quantity", "available unit place", 1.0),
    ("inventory_count", "available quantity", "unit", 1.0),
    ("inventory_count", "quantity", "unit place shop main regular", 0.85),
    ("inventory_count", "available", "", 0.64),
    ("inventory_count", "quantity unit", "", 0.5),
    ("availability", "available", "status flag text question", 0.86),
    ("availability", "stock status", "flag text", 1.0),
    ("availability", "available status", "text", 1.0),
    ("availability", "stock available", "flag text", 0.9),
    ("availability", "stock question", "flag", 0.9),
    ("availability", "delivery", "date text value", 0.62),
    ("availability", "delivery available", "", 0.7),
    ("image_url", "image", "url main file name external", 0.93),
    ("image_url", "image url", "main file external", 1.0),
    ("image_url", "image main", "url file external", 1.01),
    ("image_url", "image main url", "file external", 1.02),
    ("image_url", "main", "", 0.56),
    ("image_url", "variant image", "url", 0.58),
    ("image_url", "image further", "url file", 0.0),
    ("url", "url", "shop main regular promo", 0.9),
    ("url", "item url", "shop main promo", 1.0),
    ("url", "url external", "", 0.75),
    ("url", "shop", "", 0.3),
    ("url", "item shop", "", 0.56),
    ("tags", "tag", "list", 0.96),
    ("weight", "weight", _MEASURE + " delivery dimension", 0.955),
    ("weight", "weight gross", _MEASURE, 0.97),
    ("weight", "weight pack", _MEASURE, 0.7),
    ("weight", "shipping_weight", _MEASURE, 0.75),
    ("length", "length", "measure value dimension option", 0.95),
    ("length", "depth", "measure value dimension option", 0.8),
    ("length", "length pack", "measure", 0.6),
    ("width", "width", "measure value dimension option", 0.95),
    ("width", "width pack", "measure", 0.6),
    ("height", "height", "measure value dimension option", 0.95),
    ("height", "height pack", "measure", 0.6),
    ("color", "color", "name main option regular", 0.97),
    ("color", "color maker", "name", 0.8),
    ("color", "color code", "", 0.58),
    ("size", "size", "name option", 0.97),
    ("size", "dimension", "measure", 0.75),
    ("sku", "material", "code", 0.57),
    ("material", "material", "name main option", 0.93),
    ("gender", "gender", "option group", 0.96),
    ("condition", "condition", "id status type item", 0.96),
    ("is_active", "active", "flag shop status question", 0.95),
    ("is_active", "active available", "", 0.8),
    ("is_active", "flag shop", "status filler", 0.8),
    ("is_active", "status", "", 0.59),
    ("created_at", "created", "date", 0.93),
    ("created_at", "date created", "", 1.0),
    ("created_at", "date", "", 0.5),
    ("updated_at", "updated", "date", 0.93),
    ("updated_at", "date updated", "", 1.0),
    ("updated_at", "date updated price", "", 0.6),
    ("tax_rate", "tax", "rate value sell", 0.86),
    ("tax_rate", "tax rate", "value sell", 1.0),
    ("tax_rate", "tax group", "", 0.5),
    ("tax_rate", "tax code", "", 0.5),
    ("tax_rate", "tax type", "", 0.5),
    ("unit", "unit", "name sell quantity measure each regular main id", 0.93),
    ("unit", "unit code", "quantity", 0.85),
    ("unit", "pack unit", "", 0.57),
    ("unit", "unit quantity", "code", 0.75),
    ("language", "language", "code shop", 0.97),
)


@cache
def _patterns() -> Mapping[str, Sequence[Pattern]]:
    """Patterns by the first meaning they need."""
    found: defaultdict[str, list[Pattern]] = defaultdict(list)
    for concept, needs, bears, score in _PATTERNS:
        first, *_ = meanings = needs.split()
        beside = _BORNE_BY_ALL.keys() if score >= _PLAIN else _BORNE_BY_WEAK
        borne = frozenset(bears.split()) | frozenset(meanings) | beside
        found[first].append(Pattern(concept, tuple(meanings), borne, score))
    return found


_FIRST_UNKNOWN, _FURTHER_UNKNOWN = 0.47, 0.2
_SCOPE_UNKNOWN = 0.3
_SECOND_OF_ITS_KIND, _FIRST_OF_ITS_KIND, _GUESS_IN_A_LIST = 0.5, 0.02, 0.1

SCOPED = frozenset({"price", "inventory_count", "cost_price"})
"""Concepts that files repeat for each place or price list: ``inventory_Berlin``, ``inventory_Hamburg``."""

_YEARS = range(1990, 2100)
_BARCODE_LENGTHS = frozenset({8, 12, 13, 14, 128})


def claims(reading: Reading, *, scoped: bool = False) -> Mapping[str, float]:
    """Concepts a header may stand for, with the score of the best pattern of each.

    ``scoped`` says that the unknown words name a place or price list, because several columns differ in nothing else.
    """
    best: dict[str, float] = {}
    for pattern in _candidates(reading):
        score = _score(pattern, reading)
        if score is not None:
            score -= _strangeness(reading, scoped and pattern.concept in SCOPED) + _numbering(pattern, reading)
            if score > best.get(pattern.concept, 0.0):
                best[pattern.concept] = score
    if _is_first_price_list(reading):
        return {"price": _FIRST_PRICE_LIST}
    return best


def _is_first_price_list(reading: Reading) -> bool:
    """``Listino 1``, the first of several: there a shop keeps what it sells for, not what others recommend."""
    is_list = reading.holds("list") and all(part & _OF_PRICE_LISTS for part in reading.parts)
    return is_list and reading.numbers == (1,) and not reading.unknown


_OF_PRICE_LISTS = frozenset({"list", "price", "sell", "net", "gross", "item", FILLER, HOME})
_FIRST_PRICE_LIST = 0.9


def spoken_of(reading: Reading) -> frozenset[str]:
    """Concepts that some words of a header amount to, whatever its other words make of them: ``Color Code`` speaks of a
    colour and is none.
    """
    return frozenset(pattern.concept for pattern in _candidates(reading))


def _candidates(reading: Reading) -> Iterator[Pattern]:
    present = frozenset[str]().union(*reading.parts)
    for meaning in sorted(present):
        for pattern in _patterns().get(meaning, ()):
            if present.issuperset(pattern.needs):
                yield pattern


def _score(pattern: Pattern, reading: Reading) -> float | None:
    if pattern.concept == "inventory_count" and reading.holds("worth"):
        return None
    if not all(part & pattern.bears for part in reading.parts) or not _fulfilled(pattern.needs, reading.parts):
        return None
    spare = [part for part in reading.parts if part.isdisjoint(pattern.needs)]
    again = len(reading.parts) - len(spare) - len(pattern.needs)
    return pattern.score - sum(_cost(part, pattern) for part in spare) - _BORNE_COST * again


def _cost(part: Meanings, pattern: Pattern) -> float:
    return min(_BORNE_BY_ALL.get(meaning, _BORNE_COST) for meaning in part & pattern.bears) + max(
        _LESS_USUAL.get(meaning, 0.0) for meaning in part
    )


_LESS_USUAL: Mapping[str, float] = {"net": 0.005, "total": 0.02}
"""So that of two prices the one with the tax is the price, and of two weights the one with the packing."""


def _fulfilled(needs: Sequence[str], parts: Sequence[Meanings]) -> bool:
    """Whether each needed meaning has a word of its own."""
    if not needs:
        return True
    first, *rest = needs
    return any(first in part and _fulfilled(rest, [*parts[:at], *parts[at + 1 :]]) for at, part in enumerate(parts))


def _strangeness(reading: Reading, scoped: bool) -> float:
    if not reading.unknown:
        return 0.0
    first = _SCOPE_UNKNOWN if scoped else _FIRST_UNKNOWN
    return first + (0.0 if scoped else _FURTHER_UNKNOWN * (len(reading.unknown) - 1))


def _numbering(pattern: Pattern, reading: Reading) -> float:
    barcode = _BARCODE_LENGTHS if pattern.concept == "ean" else ()
    numbers = [each for each in reading.numbers if each not in barcode and each not in _YEARS]
    if not numbers:
        return 0.0
    if numbers != [1]:
        return _SECOND_OF_ITS_KIND
    return _FIRST_OF_ITS_KIND if pattern.score >= _GUESS else _GUESS_IN_A_LIST
