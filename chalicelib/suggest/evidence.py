"""Suggest, what the cells say: shapes of values, how they bear on a concept, and which field type they call for.

In: a column's ``ColumnEvidence`` and sample cells. Out: ``Facts``, and for each concept how much the cells speak for or
against it. The header proposes, the cells can only confirm or veto; an empty column does neither.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from chalicelib.model.ean import check_digit_holds
from chalicelib.model.outcomes import ColumnEvidence

NEARLY_ALL, MOST, MANY, FEW = 0.98, 0.8, 0.5, 0.2
"""Shares of cells."""

AGAINST = -0.6
"""The cells cannot be what the header says."""

_CODE = re.compile(
    r"(?=.*[a-zа-я])(?=.*[0-9])[a-zа-я0-9_./-]{3,24}|[0-9]{4,}[.-][0-9]{3,}|[0-9]{5,}(?:[./-][0-9]+){2,}", re.IGNORECASE
)
"""Letters and digits without a blank, or groups of digits that are no amount."""
_DIGITS = re.compile(r"[0-9]{4,14}")
_GTIN = re.compile(r"[0-9]{8}|[0-9]{12,14}")
_MONEY_SIGN = re.compile(
    r"[$€£¥₩₽₴₺₹₪円원元]|z[łl]|K[čc]|Ft\b|kr\b|руб|грн"
    r"|\b(?:EUR|USD|GBP|CHF|PLN|CZK|HUF|RON|SEK|DKK|NOK|TRY|RUB|UAH|BGN|JPY|CNY|KRW|BRL|AUD|CAD)\b",
    re.IGNORECASE,
)
_LINK = re.compile(r"(?:(?:https?|ftp):)?//\S+|www\.\S+\.\S+", re.IGNORECASE)
_PICTURE = re.compile(r"\.(?:jpe?g|png|gif|webp|svg|bmp|tiff?|avif|jfif|heic)\b|mv2", re.IGNORECASE)
_AMOUNT = re.compile(r"\D{0,5}-?[0-9][0-9.,' \u00a0]*\s*(?:[^\W\d]{1,6}\.?|%|\"|²|³)?")
_WITH_UNIT = re.compile(r"[0-9][0-9.,]*\s*(?:k?g|m?l|[cm]m|m|gr|oz|lbs?|ltr?|л|кг|г|мл|мг|克|ml\.?)", re.IGNORECASE)
_CONDITION_CODE = re.compile(r"[1-7][0-9]{3}")
"""What marketplaces number conditions by."""
_PERCENT = re.compile(r"-?[0-9]{1,3}(?:[.,][0-9]{1,4})?\s*%?")
_IN_STOCK = re.compile(
    r"(?:in|out|out of|on|no|not in|low)[ _-]*stock|in|out|instock|outofstock|(?:not |un)?available|yes|no|si|sí|non?"
    r"|oui|ja|nein|nej|nee|var|yok|auf lager|nicht auf lager|lieferbar|op voorraad|skladem|na sklade|i lager|på lager"
    r"|en stock|agotado|disponibile|disponible|esaurito|есть|нет|в наличии|под заказ"
    r"|有|无|有货|缺货|あり|なし|在庫あり",
    re.IGNORECASE,
)
_RATE = re.compile(r"(?<![0-9.,])[0-9]{1,2}(?:[.,][0-9]{1,4})?\s*[%％]")
_HIGHEST_RATE, _RATE_IN_WORDS, _RATE_TEXT = 50, -0.4, 20
_CURRENCY = re.compile(r"[A-Za-z]{3}|[$€£¥₩₽₴₺₹₪円元원]|z[łl]|K[čc]|Ft|kr\.?|TL|lei|руб\.?|грн\.?|лв\.?", re.IGNORECASE)
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:[-_][a-z]{2,4})?|[^\W\d_]{4,14}", re.IGNORECASE)
_DATE = re.compile(r"[0-9]{1,4}(?:[-/年]|\. ?)[0-9]{1,2}(?:[-/月]|\. ?)[0-9]{1,4}(?:日|\.)?(?:[T ,].*)?|[0-9]{14}")
_STRUCTURE = frozenset(
    (
        "simple variable variation variant configurable grouped external virtual bundle downloadable "
        "affiliate product parent child storable consumable service combo giftcard subscription "
        "combinations stock non-stock inventory non-inventory assembly kit "
        "storable_product physical digital matrix master composite produit article pack enfant padre hijo "
        "jednoduchy varianta service goods lagervara tjänst vara vare tjeneste ydelse lagerware dienstleistung bien "
        "inventario servicio servizio serviço produkt usługa towar služba zboží tovar товар услуга"
    ).split()
)
"""Values by which shop systems tell kinds of rows apart; no category."""

_EXAMPLES, _CELLS_OF_A_LIST, _ROWS_COMPARED = 5, 5, 2
_LONG_TEXT, _NAME_TEXT, _LABEL_TEXT, _A_FEW_WORDS = 150, 80, 60, 6
_MARKUP = re.compile(r"<(?:p|div|br|ul|li|h[1-6]|strong|b|span)\b|&lt;", re.IGNORECASE)


_NUMBER = re.compile(r"[.,]?[0-9][0-9.,' \u00a0\u202f]*")


def has_check_digit(text: str) -> bool:
    """Whether a text is a barcode number of 8, 12, 13 or 14 digits whose last digit is right."""
    return bool(_GTIN.fullmatch(text)) and check_digit_holds(text)


_THOUSAND_DIGITS = 3


def amount(cell: str) -> float | None:
    """The first number in a cell, good enough to compare two prices by; None where there is none.

    A last point or comma before anything but three digits parts the decimals.
    """
    found = _NUMBER.search(cell)
    if found is None:
        return None
    whole, mark, rest = found[0].rstrip(".,' ").rpartition("." if found[0].rfind(".") > found[0].rfind(",") else ",")
    digits = "".join(filter(str.isdigit, whole if mark else ""))
    decimals = "".join(filter(str.isdigit, rest))
    is_whole = not mark or (digits and len(decimals) == _THOUSAND_DIGITS)
    return float(f"{digits}{decimals}" if is_whole else f"{digits or 0}.{decimals or 0}")


def dearer(one: "Facts", other: "Facts") -> float | None:
    """Share of the rows with different amounts in two columns in which the first is the higher; None: too few rows."""
    pairs = [(amount(a), amount(b)) for a, b in zip(one.rows, other.rows, strict=False)]
    apart = [(a, b) for a, b in pairs if a and b and a != b]
    return sum(a > b for a, b in apart) / len(apart) if len(apart) >= _ROWS_COMPARED else None


@dataclass(frozen=True)
class Facts:
    """What is known of a column's cells.

    Attributes:
        column: the evidence as the analysis gathered it.
        rows: the column's cells in the first rows, stripped, blank ones included.
        row_count: rows of the whole file.
    """

    column: ColumnEvidence
    rows: Sequence[str]
    row_count: int

    @cached_property
    def values(self) -> Sequence[str]:
        """Distinct filled cells."""
        seen = dict.fromkeys(each.strip() for each in (*self.column.examples, *self.rows))
        return [each for each in seen if each]

    @cached_property
    def empty(self) -> bool:
        """Nothing was found in it; in the whole file, where that was counted."""
        if self.values or self.column.filled:
            return False
        return self.column.blank_rows is None or self.column.blank_rows >= self.row_count

    @cached_property
    def distinct(self) -> float:
        """Different cells for each filled one, among those looked at."""
        if self.column.distinct is not None and self.column.filled:
            return self.column.distinct / self.column.filled
        filled = [each for each in self.rows if each]
        if self.column.filled > len(self.column.examples) and len(self.column.examples) < _EXAMPLES:
            return min(len(self.column.examples) / self.column.filled, 1.0)
        return len(set(filled)) / len(filled) if filled else 1.0

    @cached_property
    def repeats(self) -> bool:
        """Filled cells come again among those looked at, more often than a slip of a key would explain."""
        return self.column.unique is not True and self.distinct < NEARLY_ALL

    @cached_property
    def thin(self) -> bool:
        """Too few cells to overrule a plain header."""
        return self.column.filled < _CELLS_THAT_OVERRULE

    @cached_property
    def prose(self) -> bool:
        """A few cells of running text, as left behind when a row slipped or a cell was dragged over its neighbours."""
        return self.thin and self.share(lambda cell: len(cell) > _LABEL_TEXT) > MANY

    @cached_property
    def unique(self) -> bool:
        """Every row has a value of its own, as far as anybody looked."""
        if self.column.unique is not None:
            return self.column.unique
        return bool(self.values) and not self.repeats and all(self.rows)

    def fit(self, field_type: str) -> float:
        """Share of filled cells that parse as a field type."""
        return self.column.fits.get(field_type, 0.0) if self.column.filled else 0.0

    def share(self, test: Callable[[str], object]) -> float:
        """Share of the distinct cells that pass a test; 0 when there are none."""
        return sum(1 for each in self.values if test(each)) / len(self.values) if self.values else 0.0

    @cached_property
    def codes(self) -> float:
        """Share of the cells that look like keys: short, of letters and digits."""
        return self.share(_CODE.fullmatch)

    @cached_property
    def long_numbers(self) -> float:
        return self.share(_DIGITS.fullmatch)

    @cached_property
    def number(self) -> float:
        return self.fit("number")

    @cached_property
    def boolean(self) -> float:
        return self.fit("boolean")

    @cached_property
    def flags_in_digits(self) -> bool:
        """Only 0 and 1."""
        return bool(self.values) and {"0", "1"}.issuperset(self.values)

    @cached_property
    def counts(self) -> bool:
        """The rows are numbered one by one."""
        first = self.rows[0] if self.rows else ""
        if len(self.rows) < _CELLS_THAT_OVERRULE or first not in {"0", "1"}:
            return False
        return list(self.rows) == [str(int(first) + at) for at in range(len(self.rows))]

    @cached_property
    def says_available(self) -> float:
        """Share of the cells that say in words whether something is in stock."""
        return self.share(_IN_STOCK.fullmatch)

    @cached_property
    def link(self) -> float:
        return self.share(_LINK.match)

    @cached_property
    def picture(self) -> float:
        return self.share(_PICTURE.search)

    @cached_property
    def barcode(self) -> float:
        return self.share(has_check_digit)

    @cached_property
    def money(self) -> float:
        return self.share(lambda cell: len(cell) < 30 and any(map(str.isdecimal, cell)) and _MONEY_SIGN.search(cell))

    @cached_property
    def text_length(self) -> float:
        """Characters a filled cell has on average."""
        return sum(map(len, self.values)) / len(self.values) if self.values else 0.0

    @cached_property
    def markup(self) -> float:
        return self.share(_MARKUP.search)


def _of_tags(facts: Facts) -> float:
    return AGAINST if facts.link > FEW or facts.boolean >= MOST else 0.0


def _of_sku(facts: Facts) -> float:
    if (
        facts.share(lambda cell: len(cell) > _LABEL_TEXT and " " in cell) > FEW
        or facts.share(lambda cell: len(cell) > _LONG_TEXT) > FEW
        or facts.link > FEW
        or (facts.boolean > MOST and not facts.unique)
    ):
        return AGAINST
    words = facts.share(lambda cell: cell.count(" ") > 2)
    blank = _BLANKS_IN_A_KEY if facts.values and not all(facts.rows) else 0.0
    lettered = facts.share(lambda cell: any(map(str.isalpha, cell)) and any(map(str.isdecimal, cell)))
    return blank - 0.3 * words + 0.02 * lettered + (0.02 if facts.column.unique else 0.0)


_BLANKS_IN_A_KEY = -0.15
"""A key that some rows lack gives way to one that all have."""
_PLACEHOLDERS = -0.1
"""Cells that hold nothing but what stands for no value."""


def _of_ean(facts: Facts) -> float:
    if facts.text_length > 40 or facts.link > FEW:
        return AGAINST
    if facts.boolean > MOST:
        return _PLACEHOLDERS if set(facts.values) == {"0"} else AGAINST
    return 0.08 if facts.barcode >= MOST else 0.0


def _of_mpn(facts: Facts) -> float:
    if facts.boolean > MOST or facts.link > FEW or facts.text_length > _LABEL_TEXT:
        return AGAINST
    if facts.repeats:
        return -0.4 if facts.distinct < MANY else -0.1
    return 0.0


def _of_price(facts: Facts) -> float:
    if facts.flags_in_digits and "1" in facts.values:
        return -0.2
    fits = max(facts.fit("price"), facts.fit("multi_price"), facts.share(_AMOUNT.fullmatch))
    if fits < FEW:
        return -0.25 if facts.share(lambda cell: any(map(str.isdecimal, cell))) > MANY else AGAINST
    return (0.04 if facts.money > MANY else 0.02) if fits >= MOST else -0.05


def _of_stock(facts: Facts) -> float:
    if facts.number >= MOST:
        return 0.02 if facts.flags_in_digits else 0.2
    if facts.boolean >= MOST or facts.share(_WITH_UNIT.fullmatch) >= MANY:
        return AGAINST
    return -0.1 if facts.number == 0 else 0.0


def _of_availability(facts: Facts) -> float:
    if facts.number >= MOST and not facts.flags_in_digits:
        return AGAINST
    return 0.02 if facts.boolean >= MOST else 0.04


def _of_measure(facts: Facts) -> float:
    return 0.02 if max(facts.number, facts.share(_AMOUNT.fullmatch)) >= MANY else AGAINST


def _of_rate(facts: Facts) -> float:
    """Rates of tax are small numbers; words may name one where the header says rate, and not only tax."""
    if facts.share(_RATE.search) >= MOST:
        return 0.1
    if facts.share(_PERCENT.fullmatch) >= MANY:
        return 0.04 if facts.share(lambda cell: (amount(cell) or 0) <= _HIGHEST_RATE) >= MANY else AGAINST
    in_words = max(facts.number, facts.boolean) < FEW and facts.text_length <= _RATE_TEXT
    return _RATE_IN_WORDS if in_words else AGAINST


def _of_date(facts: Facts) -> float:
    return 0.05 if facts.share(_DATE.fullmatch) >= MANY else AGAINST


def _of_flag(facts: Facts) -> float:
    if facts.boolean >= MOST:
        return 0.04
    if (facts.number >= MOST and not facts.flags_in_digits) or facts.text_length > 25:
        return AGAINST
    return -0.03


def _of_image(facts: Facts) -> float:
    if max(facts.link, facts.picture) >= MANY:
        return 0.04
    return AGAINST


def _of_url(facts: Facts) -> float:
    if facts.picture >= MANY:
        return -0.35
    if facts.share(lambda cell: cell.startswith("/")) >= MOST:
        return 0.0
    return 0.04 if facts.link >= MANY else AGAINST


def _of_name(facts: Facts) -> float:
    if facts.link > FEW or (facts.boolean >= MOST and not facts.thin):
        return AGAINST
    if facts.share(lambda cell: len(cell) > _LONG_TEXT) > MANY:
        return AGAINST if facts.markup > FEW else _WORDY
    numbers = facts.share(lambda cell: not any(map(str.isalpha, cell)) or _CODE.fullmatch(cell))
    return -0.35 * numbers - (0.1 if facts.markup > FEW else 0.0)


_WORDY = -0.35
"""Titles of books are long; only a header that says name outright stands against it."""


def _of_long_text(facts: Facts) -> float:
    if facts.number >= MOST or facts.link >= MANY or facts.boolean >= MOST:
        return AGAINST
    if facts.text_length < _A_FEW_WORDS and not facts.markup:
        return -0.25
    return 0.04 if facts.markup > FEW or facts.text_length > _LONG_TEXT else 0.0


def _of_label(facts: Facts) -> float:
    if facts.link > FEW or facts.text_length > _LONG_TEXT:
        return AGAINST
    return -0.3 if facts.number >= MOST else 0.0


_LEAST_KEY = 2


def _of_category(facts: Facts) -> float:
    if facts.link >= MANY or facts.share(lambda cell: len(cell) > _LONG_TEXT) > MANY:
        return AGAINST
    if (facts.text_length < _LEAST_KEY and facts.number < MOST) or facts.share(
        lambda cell: cell.casefold().replace(" ", "_") in _STRUCTURE
    ) >= MANY:
        return AGAINST
    if facts.boolean >= MOST and not facts.flags_in_digits:
        return AGAINST
    return 0.03 if facts.share(lambda cell: ">" in cell or "/" in cell) >= MANY else _numbers_of_groups(facts)


def _numbers_of_groups(facts: Facts) -> float:
    """Keys of groups stand for them, where nothing says it better; single digits hardly."""
    if facts.number < MOST:
        return 0.0
    return -0.12 if facts.text_length >= _LEAST_KEY else -0.4


def _of_trait(facts: Facts) -> float:
    return AGAINST if facts.link > FEW or facts.text_length > _LONG_TEXT else 0.0


def _of_substance(facts: Facts) -> float:
    """Colours and materials are named in words; numbers are keys of a list kept elsewhere."""
    if max(facts.codes, facts.long_numbers) >= MOST:
        return AGAINST
    return AGAINST if facts.number >= MOST else _of_trait(facts)


def _of_unit(facts: Facts) -> float:
    if facts.number >= MANY or facts.text_length > 20:
        return AGAINST
    return -0.4 if facts.unique and facts.column.filled >= _CELLS_OF_A_LIST else 0.02


def _of_currency(facts: Facts) -> float:
    return 0.03 if facts.share(_CURRENCY.fullmatch) >= MANY else AGAINST


def _of_language(facts: Facts) -> float:
    return 0.03 if facts.share(_LANGUAGE.fullmatch) >= MANY else AGAINST


def _of_gender(facts: Facts) -> float:
    return AGAINST if facts.number >= MANY or facts.text_length > 30 else 0.0


def _of_condition(facts: Facts) -> float:
    if facts.number >= MOST and not facts.share(_CONDITION_CODE.fullmatch) >= MOST:
        return AGAINST
    return AGAINST if facts.text_length > 40 or facts.boolean >= MOST else 0.0


def _of_parent(facts: Facts) -> float:
    return AGAINST if facts.text_length > _NAME_TEXT or (facts.boolean >= MOST and "1" in facts.values) else 0.0


_BEARING: Mapping[str, Callable[[Facts], float]] = {
    "sku": _of_sku,
    "name": _of_name,
    "ean": _of_ean,
    "mpn": _of_mpn,
    "parent_sku": _of_parent,
    "brand": _of_label,
    "supplier": _of_label,
    "price": _of_price,
    "sale_price": _of_price,
    "compare_at_price": _of_price,
    "cost_price": _of_price,
    "currency": _of_currency,
    "inventory_count": _of_stock,
    "availability": _of_availability,
    "category": _of_category,
    "description": _of_long_text,
    "short_description": _of_long_text,
    "image_url": _of_image,
    "url": _of_url,
    "tags": _of_tags,
    "weight": _of_measure,
    "length": _of_measure,
    "width": _of_measure,
    "height": _of_measure,
    "color": _of_substance,
    "size": _of_trait,
    "material": _of_substance,
    "gender": _of_gender,
    "condition": _of_condition,
    "is_active": _of_flag,
    "created_at": _of_date,
    "updated_at": _of_date,
    "tax_rate": _of_rate,
    "unit": _of_unit,
    "language": _of_language,
}

_UNSEEN = -0.03
_AGAINST_BY_FEW = -0.3
_CELLS_THAT_OVERRULE = 3


def bearing(concept: str, facts: Facts) -> float:
    """What a column's cells add to its claim to a concept: up to 0.2, down to ``AGAINST``."""
    if not facts.values:
        return _UNSEEN
    found = _BEARING[concept](facts)
    return max(found, _AGAINST_BY_FEW) if facts.prose else found


def observation(concept: str, facts: Facts) -> str | None:
    """What a person would notice in the cells that speaks for the concept, as half a sentence."""
    return next((text for concepts, is_seen, text in _OBSERVATIONS if concept in concepts and is_seen(facts)), None)


_PRICES = frozenset({"price", "sale_price", "compare_at_price", "cost_price"})

_OBSERVATIONS: Sequence[tuple[frozenset[str], Callable[[Facts], bool], str]] = (
    (frozenset({"sku"}), lambda facts: facts.column.unique is True, "every row has a different value"),
    (frozenset({"sku"}), lambda facts: facts.distinct >= 1, "no value comes twice in the rows looked at"),
    (frozenset({"sku"}), lambda facts: facts.distinct < 1, "few values come twice in the rows looked at"),
    (frozenset({"ean"}), lambda facts: facts.barcode >= MOST, "the check digits of its numbers are right"),
    (_PRICES, lambda facts: facts.money > MANY, "its cells show a currency"),
    (_PRICES, lambda facts: facts.fit("price") >= MOST, "its cells read as amounts"),
    (
        frozenset({"image_url"}),
        lambda facts: max(facts.link, facts.picture) >= MANY,
        "its cells are addresses of images",
    ),
    (frozenset({"url"}), lambda facts: facts.link >= MANY, "its cells are web addresses"),
    (frozenset({"created_at", "updated_at"}), lambda facts: facts.fit("datetime") >= MOST, "its cells are dates"),
    (frozenset({"is_active", "availability"}), lambda facts: facts.boolean >= MOST, "its cells say yes or no"),
    (
        frozenset({"inventory_count", "weight", "length", "width", "height", "tax_rate"}),
        lambda facts: facts.number >= MOST,
        "its cells are numbers",
    ),
    (frozenset({"description"}), lambda facts: facts.text_length > _NAME_TEXT, "its cells are long texts"),
    (frozenset({"name"}), lambda facts: facts.text_length <= _NAME_TEXT, "its cells are short texts"),
)
