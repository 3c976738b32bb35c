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

_LETTERS_WITHOUT_PARTS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"}
)

_MARKS_MATTER_FROM = "\u0900"
"""Scripts from here on (Devanagari, kana, Hangul) use combining marks as letters, not as accents."""

_WORD = re.compile(r"[^\W_]+")
_CAMEL = re.compile(r"(?<=[a-zà-ÿа-я])(?=[A-ZÀ-ÞА-Я])|(?<=[A-ZÀ-ÞА-Я])(?=[A-ZÀ-ÞА-Я][a-zà-ÿа-я]{2})")
_DIGIT_EDGE = re.compile(r"(?<=\d)(?=[^\W\d_])|(?<=[^\W\d_])(?=\d)")


def normalise_header(header: str) -> str:
    """The key a header is remembered by: caseless, trimmed, runs of whitespace as one blank."""
    return " ".join(header.casefold().split())


def fold(text: str) -> str:
    """Caseless text without accents: ``Größe`` gives ``grosse``, ``Prix d’achat`` gives ``prix d’achat``."""
    lowered = unicodedata.normalize("NFKC", text).casefold()
    if lowered.isascii():
        return lowered
    plain = "".join(map(_without_accents, lowered))
    return plain.translate(_LETTERS_WITHOUT_PARTS)


def _without_accents(character: str) -> str:
    if character >= _MARKS_MATTER_FROM:
        return character
    return "".join(part for part in unicodedata.normalize("NFKD", character) if not unicodedata.combining(part))


def words_of(text: str) -> list[str]:
    """The folded words of a header: split at punctuation, camelCase and between letters and digits."""
    parted = _DIGIT_EDGE.sub(" ", _CAMEL.sub(" ", unicodedata.normalize("NFKC", text)))
    return _WORD.findall(fold(parted))


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
