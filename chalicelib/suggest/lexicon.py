"""Suggest, the dictionary: which meanings the words of a header may have.

In: a header. Out: its ``Reading``, one set of possible meanings for each word or phrase, and what nobody knows.
Compound words (``Lagerbestand``, ``precioant``, ``商品コード``) are taken apart into words the ``words_*`` tables hold.
What the meanings together amount to is ``concepts``' business.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import TypeAlias

from chalicelib.suggest.headers import fold, words_of
from chalicelib.suggest.words_identity import IDENTITY
from chalicelib.suggest.words_money import MONEY
from chalicelib.suggest.words_record import RECORD
from chalicelib.suggest.words_stock import STOCK
from chalicelib.suggest.words_text import TEXT

Meanings: TypeAlias = frozenset[str]

FILLER = "filler"
QUESTION = "question"
"""What a question mark says: the cells answer yes or no."""
LOCALE = "locale"

_FILLERS = frozenset(
    (
        "a an the of for in on at by and or to per de du des d l la le les un une et en au aux par el los las "
        "del y o al il lo gli i di da dei della delle dello do dos das e em no na der die den dem von im und "
        "oder fur zu van het voor bij met z w ze dla v ve s k pro az es si cu pe din och av pa som og af til "
        "ja tai ile icin по на в для и с у к от до з та і από και του της το τα των για σε の 的 之 의 및 が を と 台 "
        "個 点 件 个 개 su sul sulla nel nella col sur dans avec auf aus nach bei op uit pelo pela pelos paa med "
        "fra ett g c p f m n t x b u r"
    ).split()
)
"""Words that carry no meaning of their own; some have one in another language."""

_LOCALES = frozenset(
    (
        "en fr de es it pt nl pl cs cz sk hu ro sv se da dk fi nb no tr ru uk ua el gr ja jp zh cn ko kr us "
        "gb at ch be br mx ca au eng fra deu ger spa ita por nld pol"
    ).split()
)

_SHORT_PIECES = frozenset("ek vk nr id no pv pa um me ve".split())
_LINKS = ("", "s", "n", "en", "es", "e", "er", "ns")
_SHORTEST_PIECE, _SHORTEST_COMPOUND, _LONGEST_COMPOUND = 3, 5, 48
_LONGEST_PHRASE = 5
_SHORTEST_STEM, _MEANINGS_OF_A_STEM = 5, 3
_ENDING = 2
_ENDINGS = ((1, 0), (0, 1), (1, 1), (2, 0), (0, 2), (2, 1))
"""Letters to take off an unknown word and off a known one, so that what is left is the same."""
_LONGEST_ASIDE = 3
"""Words in brackets that still say what the column is; longer asides explain something else."""

_QUALIFIERS = frozenset(
    (
        "filler locale money net gross tax each measure unit currency value regular main bound further parent "
        "ean barcode sku mpn code rate long short buy sell promo old new pending shop meta item variant "
        "about_image"
    ).split()
)
"""Meanings that words in brackets may add to a header."""

_DENSE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
"""Scripts that put no blanks between words."""

_BRACKETED = re.compile(r"[(（\[【<{]([^()（）\[\]【】<>{}]*)[)）\]】>}]")
_CUT_SHORT = re.compile(r"([^\W\d_]{3,})\.(?![^\W_])")
_INITIALS = re.compile(r"(?<![^\W_])(?:[^\W\d_]\.){2,}[^\W\d_]?(?![^\W_])")
_UMLAUTS = (("ae", "a"), ("oe", "o"), ("ue", "u"), ("aa", "a"))


@dataclass(frozen=True, slots=True)
class Reading:
    """What a header says.

    Attributes:
        parts: possible meanings, one set a word or phrase, in order.
        unknown: words in no table.
        numbers: the numbers among the words.
        leading: how many parts stand before the first unknown word.
    """

    parts: tuple[Meanings, ...]
    unknown: tuple[str, ...]
    numbers: tuple[int, ...]
    leading: int

    def holds(self, *meanings: str) -> bool:
        """Whether one of the meanings is possible somewhere."""
        return any(not part.isdisjoint(meanings) for part in self.parts)


@cache
def _entries() -> dict[tuple[str, ...], Meanings]:
    """Words and phrases to their meanings."""
    entries: dict[tuple[str, ...], set[str]] = {}
    for table in (IDENTITY, MONEY, STOCK, TEXT, RECORD):
        for meaning, languages in table.items():
            for written in " ".join(languages.values()).split():
                plain = written.isascii() and written.isalpha() and written.islower()
                entries.setdefault((written,) if plain else tuple(words_of(written)), set()).add(meaning)
    return {words: frozenset(meanings) for words, meanings in entries.items()}


@cache
def _known_words() -> dict[str, Meanings]:
    """Single words, and phrases written without blanks (``partnumber``), to their meanings."""
    known: dict[str, Meanings] = {}
    for words, meanings in _entries().items():
        joined = "".join(words)
        known[joined] = known.get(joined, frozenset()) | meanings
    return known


@lru_cache(maxsize=4096)
def read(header: str) -> Reading:
    """The meanings a header's words may have."""
    text = _INITIALS.sub(lambda found: found[0].replace(".", ""), header)
    main = _BRACKETED.sub(" ", text)
    words = words_of(main)
    for inside in _BRACKETED.findall(text):
        aside = [word for word in words_of(inside) if not word.isdecimal()]
        if not words or _qualifies(aside):
            words = words + aside
    reading = _parse(words, frozenset(map(fold, _CUT_SHORT.findall(text))))
    if main.rstrip().endswith("?"):
        return replace(reading, parts=(*reading.parts, frozenset({QUESTION})))
    return reading


def _qualifies(aside: Sequence[str]) -> bool:
    """Whether words in brackets say more of the same thing (``(net)``, ``(kg)``), not of another one."""
    reading = _parse(aside)
    return len(aside) <= _LONGEST_ASIDE and not reading.unknown and all(map(_QUALIFIERS.intersection, reading.parts))


def _parse(words: Sequence[str], cut_short: frozenset[str] = frozenset()) -> Reading:
    parts: list[Meanings] = []
    unknown: list[str] = []
    numbers: list[int] = []
    leading = 0
    for word, meanings in _understood(words, cut_short):
        if word.isdecimal() and not meanings:
            numbers.append(int(word[:9]))
        elif not meanings:
            unknown.append(word)
        else:
            parts.append(meanings)
        leading = leading if unknown else len(parts)
    return Reading(tuple(parts), tuple(unknown), tuple(numbers), leading)


def _understood(words: Sequence[str], cut_short: frozenset[str]) -> Iterator[tuple[str, Meanings]]:
    """Each word or phrase with its meanings; none for a number or an unknown word."""
    at = 0
    while at < len(words):
        length, meanings = _phrase_at(words, at)
        if length:
            yield " ".join(words[at : at + length]), meanings
            at += length
            continue
        word = words[at]
        at += 1
        if word.isdecimal():
            yield word, frozenset()
        else:
            yield from _abbreviated(word) if word in cut_short else _taken_apart(word)


def _abbreviated(word: str) -> Iterator[tuple[str, Meanings]]:
    """A word that ends in a full stop: what the longer words mean that begin with it, if they agree."""
    longer = (meanings for words, meanings in _entries().items() if len(words) == 1 and words[0].startswith(word))
    found = frozenset[str]().union(*longer)
    if 0 < len(found) <= _MEANINGS_OF_A_STEM:
        yield word, found
    else:
        yield from _taken_apart(word)


def _phrase_at(words: Sequence[str], at: int) -> tuple[int, Meanings]:
    entries = _entries()
    for length in range(min(_LONGEST_PHRASE, len(words) - at), 0, -1):
        meanings = entries.get(tuple(words[at : at + length]))
        if meanings:
            return length, meanings | _lesser(words[at]) if length == 1 and "span" not in meanings else meanings
    for length in (3, 2):
        joined = _known_words().get("".join(words[at : at + length])) if at + length <= len(words) else None
        if joined:
            return length, joined
    lesser = _lesser(words[at])
    return (1, lesser) if lesser else (0, frozenset())


def _lesser(word: str) -> Meanings:
    found = {FILLER} if word in _FILLERS else set()
    if word in _LOCALES:
        found.add(LOCALE)
    return frozenset(found)


def _taken_apart(word: str) -> Iterator[tuple[str, Meanings]]:
    for spelling in _spellings(word):
        known = _known_words().get(spelling)
        if known:
            yield spelling, known
            return
        pieces = _pieces(spelling)
        if pieces:
            yield from pieces
            return
    yield word, _inflected(word)


@cache
def _stems() -> dict[tuple[str, int], Meanings]:
    """Beginnings of words, to know them by in other cases and numbers (``товаров``, ``produktem``)."""
    stems: dict[tuple[str, int], Meanings] = {}
    for word, meanings in _known_words().items():
        for cut in range(_ENDING + 1):
            stem = word[: len(word) - cut]
            if len(stem) >= _SHORTEST_STEM and not _DENSE.search(stem):
                stems[stem, cut] = stems.get((stem, cut), frozenset()) | meanings
    return stems


def _inflected(word: str) -> Meanings:
    for own, other in _ENDINGS:
        meanings = _stems().get((word[: len(word) - own], other))
        if meanings and len(meanings) <= _MEANINGS_OF_A_STEM:
            return meanings
    return frozenset()


def _spellings(word: str) -> Iterator[str]:
    yield word
    for written, letter in _UMLAUTS:
        if written in word:
            yield word.replace(written, letter)


@lru_cache(maxsize=4096)
def _pieces(word: str) -> tuple[tuple[str, Meanings], ...]:
    """A compound's pieces, as few as possible; empty when it cannot be taken apart."""
    dense = bool(_DENSE.search(word))
    if len(word) > _LONGEST_COMPOUND or (len(word) < _SHORTEST_COMPOUND and not dense):
        return ()
    known = _known_words()
    best: list[tuple[int, tuple[tuple[str, Meanings], ...]] | None] = [None] * (len(word) + 1)
    best[0] = (0, ())
    for start in range(len(word)):
        so_far = best[start]
        if so_far is None:
            continue
        cost, pieces = so_far
        for end in range(start + 1, len(word) + 1):
            piece = word[start:end]
            meanings = known.get(piece)
            if meanings and _may_be_piece(piece, dense, at_edge=start == 0 or end == len(word)):
                for link in ("",) if dense else _LINKS:
                    after = end + len(link)
                    linked = word.startswith(link, end) and (not link or after < len(word))
                    _offer(best, after, cost + 2 + bool(link), (*pieces, (piece, meanings)), possible=linked)
            elif dense and end == start + 1:
                lesser = _lesser(piece)
                gap = (*pieces, (piece, lesser))
                _offer(best, end, cost + (1 if lesser else 9), gap, possible=True)
    found = best[len(word)]
    return _without_gaps(found[1]) if found else ()


def _offer(
    best: list[tuple[int, tuple[tuple[str, Meanings], ...]] | None],
    at: int,
    cost: int,
    pieces: tuple[tuple[str, Meanings], ...],
    *,
    possible: bool,
) -> None:
    if not possible or at >= len(best):
        return
    held = best[at]
    if held is None or cost < held[0]:
        best[at] = (cost, pieces)


def _may_be_piece(piece: str, dense: bool, *, at_edge: bool) -> bool:
    if dense:
        return len(piece) > 1 or bool(_DENSE.fullmatch(piece))
    return len(piece) >= _SHORTEST_PIECE or (at_edge and piece in _SHORT_PIECES)


def _without_gaps(pieces: tuple[tuple[str, Meanings], ...]) -> tuple[tuple[str, Meanings], ...]:
    """Neighbouring unknown signs are one unknown word; a word of nothing else is no compound."""
    joined: list[tuple[str, Meanings]] = []
    for piece, meanings in pieces:
        if joined and not meanings and not joined[-1][1]:
            joined[-1] = (joined[-1][0] + piece, meanings)
        else:
            joined.append((piece, meanings))
    return tuple(joined) if any(meanings for _, meanings in joined) else ()


_stems()  # The tables are read when the process starts, not while its first upload waits.
