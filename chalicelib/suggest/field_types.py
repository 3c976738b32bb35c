"""Suggest, the field type of a column: what its concept is, corrected by what its cells are.

In: the concept (or none), the header's ``Reading``, the ``Facts``. Out: a key of ``fields.FIELD_TYPES``. A type that
the cells do not fit would turn good rows into row errors, so the cells decide wherever there are any: a column nobody
knows is text unless practically all of them fit. A number with a unit (``207 g``) is text, one with a percent sign is a
number. Keys are text, whatever their digits look like.
"""

import re
from collections.abc import Callable, Mapping

from chalicelib.model.value_words import BOOLEANS, STATES
from chalicelib.suggest.concepts import CONCEPTS
from chalicelib.suggest.evidence import MANY, MOST, Facts
from chalicelib.suggest.lexicon import Reading

_SEVERAL_LINKS = re.compile(r"(?:https?:)?//\S+?[|,;\s]\s*(?:https?:)?//|\.(?:jpe?g|png|webp)\s*[|,;]", re.IGNORECASE)
_LISTED = re.compile(r"[^|;\n]{1,60}(?:[|;][^|;\n]{1,60})+")
_TYPICAL_DATE = re.compile(
    r"[0-9]{1,4}(?:[-/]|\. ?)[0-9]{1,2}(?:[-/]|\. ?)[0-9]{1,4}\.?(?:[T ,].*)?|[0-9]{4} ?[年년].*"
    r"|(?:\w+\.?,? )?[0-9]{1,2}\.?[ /-]?(?:de )?[^\W\d_]{3,14}\.?[ ,/-]*(?:de )?[0-9]{2,4}(?:[T ,].*)?"
    r"|[^\W\d_]{3,14}\.? [0-9]{1,2},? [0-9]{4}(?:[T ,].*)?"
)
_JSON_LIST = re.compile(r'\[\s*(?:"|\])').match
_CODE_DIGITS = 6
_MANY_CELLS = 20
_NEARLY_ALL, _PRACTICALLY_ALL = 0.97, 0.99
_YES_LETTERS = frozenset("sot")
"""Letters that are a yes in one language and a size or a code in every other."""

_HINTS: tuple[tuple[str, frozenset[str]], ...] = (
    ("datetime", frozenset({"date", "span", "created", "updated"})),
    ("price", frozenset({"price", "buy", "promo", "list", "recommended"})),
    ("number", frozenset({"quantity", "stock", "bound", "pending", "position", "weight", "other_measure"})),
    ("boolean", frozenset({"flag", "active"})),
    ("url", frozenset({"url"})),
)
"""For a column without cells: the type and the meanings in a header that make it likely."""

_OF_MONEY = frozenset({"price", "buy", "dealer", "recommended"})
_OF_AMOUNTS = frozenset({"gross", "net", "tax", "promo", "sell", "list"})
_OF_KEYS = frozenset({"code", "id", "sku", "ean", "mpn", "parent", "handle"})
_OF_TAGS = frozenset({"tag", "item", "filler"})
_OF_FLAGS = frozenset({"flag", "active", "available"})


def type_of(concept: str | None, facts: Facts, reading: Reading) -> str:
    """The field type for a column of a concept, or of none."""
    blind = not facts.values or (facts.prose and facts.link < MANY)
    if concept is None:
        return _of_header(reading) if blind else _of_cells(facts, reading)
    kind = CONCEPTS[concept].type
    if blind:
        return kind
    if concept == "availability":
        return _of_availability(facts)
    return _CHECKED.get(kind, _as_text)(facts)


def _as_text(_facts: Facts) -> str:
    return "string"


def _as_list(_facts: Facts) -> str:
    return "array"


def _enough(facts: Facts) -> float:
    """The share of cells that must fit: of a handful one may be a slip, of many nearly all must."""
    return MOST if facts.column.filled < _MANY_CELLS else _NEARLY_ALL


def _fitting(facts: Facts) -> float:
    """The share of cells that must fit where no concept speaks for the type."""
    return MOST if facts.column.filled < _MANY_CELLS else _PRACTICALLY_ALL


def _of_availability(facts: Facts) -> str:
    """Yes and no, or words. A digit that is always the same may count days."""
    if facts.flags_in_digits and len(facts.values) == 1 and not _ASKS(facts.column.header):
        return "number"
    return "boolean" if facts.boolean >= MOST and not _is_state(facts) else "string"


_ASKS = re.compile(r".*[?？]\s*|(?:is|has|in)[ _].*", re.IGNORECASE).fullmatch
"""A header that asks is answered by yes or no."""


def _is_state(facts: Facts) -> bool:
    """Words like ``active``, of which only one side was seen: the other may be ``draft`` or ``archived``."""
    meant = {STATES.get(each.casefold()) for each in facts.values}
    return None not in meant and len(meant) == 1


def _as_number(facts: Facts) -> str:
    return "number" if facts.number >= _enough(facts) else "string"


def _as_price(facts: Facts) -> str:
    if facts.fit("multi_price") >= MOST and facts.fit("price") < MANY:
        return "multi_price"
    return "price" if facts.fit("price") >= MANY else "string"


def _as_flag(facts: Facts) -> str:
    return "boolean" if facts.boolean >= _enough(facts) and not _is_state(facts) else "string"


def _as_moment(facts: Facts) -> str:
    return "datetime" if facts.fit("datetime") >= _enough(facts) else "string"


def _as_link(facts: Facts) -> str:
    if facts.share(_SEVERAL_LINKS.search):
        return "array"
    return "url" if facts.fit("url") >= _enough(facts) else "string"


_CHECKED: Mapping[str, Callable[[Facts], str]] = {
    "string": _as_text,
    "array": _as_list,
    "number": _as_number,
    "price": _as_price,
    "boolean": _as_flag,
    "datetime": _as_moment,
    "url": _as_link,
}


def _of_header(reading: Reading) -> str:
    return next((kind for kind, meanings in _HINTS if reading.holds(*meanings)), "string")


def _of_cells(facts: Facts, reading: Reading) -> str:
    return next((kind for kind, is_it in _SHAPES if is_it(facts, reading)), "string")


def _is_key(facts: Facts, reading: Reading) -> bool:
    """Digits that count nothing: keys, tariff and postal codes, barcodes."""
    if reading.holds("ean") and not reading.holds(*_OF_MONEY):
        return not _is_flag(facts, reading)
    if reading.holds(*_OF_KEYS) and not reading.holds(*_OF_MONEY) and not facts.flags_in_digits:
        return not _is_flag(facts, reading)
    if facts.share(_IS_DIALLED) >= MANY:
        return True
    digits = [each for each in facts.values if each.isdecimal()]
    if len(digits) < len(facts.values):
        return False
    lengths = {len(each) for each in digits}
    if any(each[0] == "0" and len(each) > 1 for each in digits):
        return True
    is_rounded = facts.share(lambda cell: cell.endswith("00")) >= MOST
    return len(lengths) == 1 and lengths.pop() >= _CODE_DIGITS and not is_rounded


_IS_DIALLED = re.compile(r"\+[1-9][0-9]{7,14}").fullmatch
"""Nobody writes the sign before so long a number but those who dial it."""


def _is_flag(facts: Facts, reading: Reading) -> bool:
    if facts.boolean < 1 or _is_state(facts):
        return False
    if facts.flags_in_digits:
        both_seen = len(facts.values) == 2 and facts.column.sampled >= 20
        return both_seen or reading.holds(*_OF_FLAGS) or facts.column.header.rstrip().endswith("?")
    words = {each.casefold() for each in facts.values}
    letters = [word for word in words if len(word) == 1 and word.isalpha()]
    if len(letters) > len(
        {BOOLEANS.get(letter) for letter in letters}
    ):  # S and O are two sizes, or points of the compass
        return False
    return len(words) > 1 or not words <= _YES_LETTERS


def _is_moment(facts: Facts, reading: Reading) -> bool:
    written_as_one = facts.share(_TYPICAL_DATE.fullmatch) >= MOST or reading.holds("date", "span", "created", "updated")
    return facts.fit("datetime") >= _fitting(facts) and written_as_one


def _is_price(facts: Facts, reading: Reading) -> bool:
    if facts.fit("price") < _fitting(facts):
        return False
    if facts.money >= MANY or _NAMES_CURRENCY(facts.column.header):
        return True
    if facts.flags_in_digits and "1" in facts.values:
        return False
    of_amounts = bool(reading.parts) and all(part & _OF_AMOUNTS for part in reading.parts)
    return reading.holds(*_OF_MONEY) or of_amounts


_NAMES_CURRENCY = re.compile(
    r"[$€£¥₽₴₺]|(?<![^\W_])(?:EUR|USD|GBP|CHF|PLN|CZK|HUF|RON|SEK|DKK|NOK|UAH|RUB|JPY|CNY|KRW|INR|BRL|MXN|AUD)(?![^\W_])",
    re.IGNORECASE,
).search


def _is_number(facts: Facts, _reading: Reading) -> bool:
    return facts.number >= _fitting(facts)


def _is_links(facts: Facts, _reading: Reading) -> bool:
    return facts.link >= MANY and facts.share(_SEVERAL_LINKS.search) > 0


def _is_link(facts: Facts, _reading: Reading) -> bool:
    return facts.fit("url") >= _fitting(facts)


def _is_tags(_facts: Facts, reading: Reading) -> bool:
    return reading.holds("tag") and all(part & _OF_TAGS for part in reading.parts)


def _is_list(facts: Facts, _reading: Reading) -> bool:
    return not facts.markup and max(facts.share(_LISTED.fullmatch), facts.share(_JSON_LIST)) > MANY


_SHAPES: tuple[tuple[str, Callable[[Facts, Reading], bool]], ...] = (
    ("array", _is_tags),
    ("string", _is_key),
    ("boolean", _is_flag),
    ("datetime", _is_moment),
    ("price", _is_price),
    ("number", _is_number),
    ("array", _is_links),
    ("url", _is_link),
    ("array", _is_list),
)
"""Tried in order; what fits none is text."""
