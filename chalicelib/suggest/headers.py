"""Suggest, what a header says: its key in the memory, its words, and the field name it makes when nobody knows it.

In: a header as a supplier wrote it, in any script. Out: folded text, word tokens, a slug. Pure text, no meaning: which
word means what stands in the ``words_*`` tables.
"""

import re
import unicodedata
from collections.abc import Container
from typing import TypeAlias

from chalicelib.model.product_schema import RESERVED_FIELDS, RESERVED_QUERY_WORDS, refuse_field_name

Words: TypeAlias = dict[str, dict[str, str]]
"""Meaning to language to words; ``words_identity`` explains how they are written."""

_SLUG_CHARACTERS = 63

_LETTERS_WITHOUT_PARTS = {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ə": "e"}

_MARKS_MATTER = (range(0x0900, 0x1E00), range(0x2000, 0x110000))
"""Scripts (Devanagari, Thai, kana, Hangul) that use combining marks as letters, not as accents."""

_SAME_WORD = {"ة": "ه", "ى": "ي", "ی": "ي", "ک": "ك", "ـ": "", "ך": "כ", "ם": "מ", "ן": "נ", "ף": "פ", "ץ": "צ"}
"""Letters written one way or the other in the same word: it is looked up in one spelling."""

_MADE_UP = re.compile(r"column_[0-9]+")
_WORD = re.compile(r"[^\W_]+")
_SPOKEN = re.compile(r"(?:[^\W_]|[\u0900-\u0963\u0971-\u0dff\u0e00-\u0eff\u1000-\u109f\u1780-\u17d3])+")
"""A word with its vowel signs, which some scripts write as marks."""

_CAMEL = re.compile(r"(?<=[a-zà-ÿа-я])(?=[A-ZÀ-ÞА-Я])|(?<=[A-ZÀ-ÞА-Я])(?=[A-ZÀ-ÞА-Я][a-zà-ÿа-я]{2})")
_DIGIT_EDGE = re.compile(r"(?<=\d)(?=[^\W\d_])|(?<=[^\W\d_])(?=\d)")


_SIGNS = {
    "€": "eur",
    "$": "usd",
    "£": "gbp",
    "¥": "jpy",
    "₽": "rub",
    "₴": "uah",
    "₺": "try",
    "₹": "inr",
    "%": "percent",
}
_SIGN = re.compile("[€$£¥₽₴₺₹%]")
_MISREAD = re.compile("[ÃÄÅÂÐÑÎÏ][^A-Za-z0-9 ]")
_ITEM_SIGN = re.compile(r"(?<=\w)\s*#(?!\w)")
"""``Item #``: a number sign after a word."""

_LATIN, _CYRILLIC = re.compile("[a-z]"), re.compile("[а-я]")
_TWINS = str.maketrans("авеікмнорстухј", "abeikmhopctyxj")


def normalise_header(header: str) -> str:
    """The key a header is remembered by: caseless, trimmed, runs of whitespace as one blank."""
    return " ".join(header.casefold().split())


def is_made_up(header: str) -> bool:
    """Whether a header is one that columns without any are called by: it says where a column stands, not what it is."""
    return bool(_MADE_UP.fullmatch(header))


def fold(text: str) -> str:
    """Caseless text without accents: ``Größe`` gives ``grosse``, ``Prix d’achat`` gives ``prix d’achat``."""
    lowered = unicodedata.normalize("NFKC", text).casefold()
    return lowered.translate(_PLAIN) if _ACCENTED.search(lowered) else lowered


_ACCENTED = re.compile("[^\\x00-\\x7fа-ик-яא-ת\u0627-\u064a\u0900-\u1dff\u2000-\U0010ffff]")
"""Any letter but those that have no accent to lose; to look for one is quicker than to translate."""


class _Plain(dict[int, str]):
    """Characters to what is left of them without accents, found out once each."""

    def __missing__(self, character: int) -> str:
        plain = self[character] = _without_accents(chr(character))
        return plain


def _without_accents(character: str) -> str:
    if any(ord(character) in scripts for scripts in _MARKS_MATTER):
        return character
    parts = unicodedata.normalize("NFKD", character)
    bare = "".join(part for part in parts if not unicodedata.combining(part))
    return _LETTERS_WITHOUT_PARTS.get(bare, bare)


_PLAIN = _Plain()
_SPELT_ONE_WAY = str.maketrans(_SAME_WORD)
_SPELT_TWO_WAYS = re.compile(f"[{''.join(_SAME_WORD)}]")


def spell(text: str) -> str:
    """Folded text in the one spelling that words are looked up by."""
    folded = fold(text)
    return folded.translate(_SPELT_ONE_WAY) if _SPELT_TWO_WAYS.search(folded) else folded


def words_of(text: str) -> list[str]:
    """The folded words of a header: split at punctuation, camelCase and between letters and digits."""
    signed = _SIGN.sub(lambda sign: f" {_SIGNS[sign[0]]} ", _ITEM_SIGN.sub(" no ", _mended(text)))
    parted = _DIGIT_EDGE.sub(" ", _CAMEL.sub(" ", unicodedata.normalize("NFKC", signed)))
    words = _SPOKEN.findall(spell(parted))
    return words if parted.isascii() else [_in_one_script(word) for word in words]


def _mended(text: str) -> str:
    """A header that was once read in the wrong encoding (``GrÃ¶ÃŸe``), as it was meant; any other as it is."""
    if not _MISREAD.search(text):
        return text
    try:
        return text.encode("cp1252").decode("utf-8")
    except UnicodeError:
        return text


def _in_one_script(word: str) -> str:
    """A word whose Latin letters stand among Cyrillic twins that look the same (``аvailable``), in Latin letters."""
    if not (_LATIN.search(word) and _CYRILLIC.search(word)):
        return word
    latin = word.translate(_TWINS)
    return word if _CYRILLIC.search(latin) else latin


def slug_of(header: str, taken: Container[str]) -> str:
    """A field name made of the header: letters, digits and underscores, not reserved, none of ``taken``."""
    words = _WORD.findall(fold(header.replace("_", " ")))
    stem = "_".join(words)[: _SLUG_CHARACTERS - 4].rstrip("_") or "column"
    if stem[0].isdigit():
        stem = f"column_{stem}"[: _SLUG_CHARACTERS - 4]
    if stem in RESERVED_FIELDS or stem in RESERVED_QUERY_WORDS or refuse_field_name(stem):
        stem = f"{stem}_value"
    name, number = stem, 2
    while name in taken:
        name, number = f"{stem}_{number}", number + 1
    return name
