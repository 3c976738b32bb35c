"""Suggest, the dictionary: which meanings the words of a header may have.

In: a header, and the languages its file is written in. Out: its ``Reading``, one set of possible meanings for each word
or phrase, and what nobody knows. Compound words (``Lagerbestand``, ``precioant``, ``商品コード``) are taken apart into
words the ``words_*`` tables hold; a word that means one thing in one language and another in the next (``sklad``) means
what it does in the languages of the file. What the meanings together amount to is ``concepts``' business.
"""

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TypeAlias

from chalicelib.suggest.headers import Words, spell, words_of
from chalicelib.suggest.words_grammar import GRAMMAR
from chalicelib.suggest.words_groups import GROUPS
from chalicelib.suggest.words_identity import IDENTITY
from chalicelib.suggest.words_keys import KEYS
from chalicelib.suggest.words_measures import MEASURES
from chalicelib.suggest.words_media import MEDIA
from chalicelib.suggest.words_money import MONEY
from chalicelib.suggest.words_names import NAMES
from chalicelib.suggest.words_prices import PRICES
from chalicelib.suggest.words_record import RECORD
from chalicelib.suggest.words_stock import STOCK
from chalicelib.suggest.words_text import TEXT
from chalicelib.suggest.words_traits import TRAITS

TABLES: Sequence[Words] = (
    GRAMMAR,
    GROUPS,
    IDENTITY,
    KEYS,
    MEASURES,
    MEDIA,
    MONEY,
    NAMES,
    PRICES,
    RECORD,
    STOCK,
    TEXT,
    TRAITS,
)

Meanings: TypeAlias = frozenset[str]
Senses: TypeAlias = Mapping[str, int]
"""Meanings of a word, each with the languages it has it in, a bit a language."""

FILLER = "filler"
"""Words that carry no meaning of their own; some have one in another language."""
QUESTION = "question"
"""What a question mark says: the cells answer yes or no."""
LOCALE = "locale"
"""Names of languages; the senses say which ones."""
_SPAN = "span"
"""From and to: they say more than other small words, when something begins or ends."""
HOME = "home"
"""What the name of the file's own language says."""

_SHORT_PIECES = frozenset("ek vk nr id no pv pa um me ve".split())
_LINKS = ("", "s", "n", "en", "es", "e", "er", "ns")
_SHORTEST_PIECE, _SHORTEST_COMPOUND, _LONGEST_COMPOUND = 3, 5, 48
_LONGEST_PHRASE = 5
_CHARACTERS_READ = 300
"""Of a header; what is longer is no header but a text that slipped."""
_SHORTEST_STEM, _MEANINGS_OF_A_STEM = 5, 3
_ENDINGS = ((1, 0), (0, 1), (1, 1), (2, 0), (0, 2), (2, 1), (1, 2), (2, 2))
"""Letters to take off an unknown word and off a known one, so that what is left is the same."""
_SHORTEST_CUT, _SHORTEST_SKELETON = 4, 3
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

_SCOPES = frozenset({"item", "variant", "option", "meta", "shop", FILLER, LOCALE})
_STANDARDS = frozenset({"ean", "barcode", "sku", "mpn"})

_DENSE = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
"""Scripts that put no blanks between words."""

_BRACKETED = re.compile(r"[(（\[【<{]([^()（）\[\]【】<>{}]*)[)）\]】>}]")
_CUT_SHORT = re.compile(r"([^\W\d_]{3,})\.(?![^\W_])")
_INITIALS = re.compile(r"(?<![^\W_])(?:[^\W\d_]\.){2,}[^\W\d_]?(?![^\W_])")
_DATES = re.compile(r"(?<![0-9])(?:(?:[0-9]{1,2}[./-]){1,2}20[0-9]{2}|(?:[0-9]{1,2}[./]){2}[0-9]{2})(?![0-9])")
_VOWELS = re.compile(r"[aeiou]")
_UMLAUTS = (("ae", "a"), ("oe", "o"), ("ue", "u"), ("aa", "a"))
_ARTICLES = ("وال", "بال", "كال", "فال", "ال", "لل")
"""What Arabic writes together with the word it goes before."""
_HEBREW_ARTICLES = frozenset("הלבמשו")
_SHORTEST_WITHOUT_ARTICLE = 3

_SHARED = ("en", "und")
"""Languages every file may use beside its own."""
_FLUENT = 0.4
"""What a language must have of the best one's voices to be spoken in a file as well."""
_VOICES_WANTED = 1.0


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


@dataclass(frozen=True, slots=True)
class Word:
    """A word or phrase of a header. ``senses`` are none for a number or an unknown word; ``guessed`` says that it is in
    no table but resembles words that are.
    """

    text: str
    senses: Senses
    guessed: bool = False


@cache
def _bits() -> dict[str, int]:
    """Languages to their bits; ``_SHARED`` ones first."""
    languages = dict.fromkeys((*_SHARED, *(each for table in TABLES for row in table.values() for each in row)))
    return {language: 1 << at for at, language in enumerate(languages)}


@cache
def _entries() -> Mapping[str, Senses]:
    """Words, and phrases with blanks between their words, to their senses."""
    bits = _bits()
    entries: dict[str, dict[str, int]] = {}
    for table in TABLES:
        for meaning, languages in table.items():
            for language, written in languages.items():
                bit = bits[language]
                for word in _looked_up(spell(written)):
                    senses = entries.setdefault(word, {})
                    senses[meaning] = senses.get(meaning, 0) | bit
    for senses in entries.values():
        if FILLER in senses and _SPAN in senses:
            senses[FILLER] &= ~senses[_SPAN]
            if not senses[FILLER]:
                del senses[FILLER]
    return entries


def _looked_up(row: str) -> Iterable[str]:
    """The words of a table's row, with blanks within phrases and before and after digits."""
    words = row.split()
    if not _DIGITS.search(row):
        return (word.replace("_", " ") for word in words) if "_" in row else words
    return (" ".join(words_of(word)) if _DIGITS.search(word) else word.replace("_", " ") for word in words)


_DIGITS = re.compile(r"[0-9]")


@cache
def _known_words() -> Mapping[str, Senses]:
    """Single words, and phrases written without blanks (``partnumber``), to their senses."""
    known: dict[str, Senses] = dict(_entries())
    for phrase, senses in _entries().items():
        if " " in phrase:
            joined = phrase.replace(" ", "")
            known[joined] = _both(known[joined], senses) if joined in known else senses
    return known


def _both(one: Senses, other: Senses) -> dict[str, int]:
    return {meaning: one.get(meaning, 0) | other.get(meaning, 0) for meaning in (*one, *other)}


@cache
def _sorted_words() -> list[str]:
    return sorted(_known_words())


def _beginning_with(stem: str) -> Iterator[str]:
    words = _sorted_words()
    for at in range(bisect_left(words, stem), len(words)):
        if not words[at].startswith(stem):
            return
        yield words[at]


@cache
def _english_words() -> frozenset[str]:
    english = " ".join(row.get("en", "") for table in TABLES for row in table.values()).split()
    return frozenset(word for word in english if word.isalpha())


@cache
def _skeletons() -> Mapping[str, Senses]:
    """English words without their vowels, as databases shorten them: ``prdct``, ``wght``."""
    skeletons: dict[str, Senses] = {}
    for word in _english_words():
        skeleton = word[0] + _VOWELS.sub("", word[1:])
        if len(word) > len(skeleton) >= _SHORTEST_SKELETON:
            skeletons[skeleton] = _both(skeletons.get(skeleton, {}), _entries()[word])
    return skeletons


@cache
def _shared() -> int:
    return sum(_bits()[language] for language in _SHARED)


def languages_of(headers: Iterable[str]) -> int | None:
    """The languages the headers of a file are written in, as bits; None when too few words tell.

    A word is one voice, shared by all languages that have it. English is in every file.
    """
    voices: defaultdict[int, float] = defaultdict(float)
    for header in headers:
        for word in spoken(header):
            languages = 0 if word.guessed else _own_languages(word.senses)
            for bit in _each(languages):
                voices[bit] += 1 / languages.bit_count()
    best = max(voices.values(), default=0)
    if best < _VOICES_WANTED:
        return None
    return _shared() | sum(bit for bit, count in voices.items() if count >= _FLUENT * best)


def _own_languages(senses: Senses) -> int:
    """Languages a word speaks for; none where it is grammar, or of no one language."""
    found = 0
    for meaning, languages in senses.items():
        if meaning not in {FILLER, LOCALE}:
            found |= languages
    return 0 if found & _bits()["und"] else found


def _each(languages: int) -> Iterator[int]:
    while languages:
        bit = languages & -languages
        yield bit
        languages ^= bit


@lru_cache(maxsize=8192)
def read(header: str, languages: int | None = None, skipped: int = 0) -> Reading:
    """The meanings a header's words may have in some languages (``languages_of``), or in any.

    The first ``skipped`` words are passed over: they stand before every header of the file.
    """
    parts: list[Meanings] = []
    unknown: list[str] = []
    numbers: list[int] = []
    leading = 0
    for word in spoken(header, skipped):
        meant = _meant(word, languages)
        if meant:
            parts.append(meant)
        elif word.text.isdecimal():
            numbers.append(int(word.text[:9]))
        else:
            unknown.append(word.text)
        leading = leading if unknown else len(parts)
    return Reading(tuple(parts), tuple(unknown), tuple(numbers), leading)


def _meant(word: Word, languages: int | None) -> Meanings:
    """What a word means in these languages.

    A word of none of them keeps all its meanings if it is long enough to be no other; a guess has no other.
    """
    if languages is not None and word.senses.get(LOCALE, 0) & languages & ~_shared():
        return frozenset({HOME})
    if languages is not None and (word.guessed or len(word.senses) > 1 or languages != _shared()):
        here = frozenset(meaning for meaning, bits in word.senses.items() if bits & languages)
        if not here and FILLER in word.senses:
            return frozenset({FILLER})
        if here or word.guessed or _is_foreign(word, languages):
            return here
    return frozenset(word.senses)


def _is_foreign(word: Word, languages: int) -> bool:
    """Whether a short word only looks like one of another language: ``Stand`` is no condition in a German file."""
    return bool(languages & ~_shared()) and len(word.text) <= _SHORT_WORD and not _only_grammar(word.senses)


_SHORT_WORD = 5
_ASKED = Word("?", {QUESTION: 1})


@lru_cache(maxsize=8192)
def spoken(header: str, skipped: int = 0) -> tuple[Word, ...]:
    """The words of a header with all their senses."""
    text = _DATES.sub(" ", _INITIALS.sub(lambda found: found[0].replace(".", ""), _label(header[:_CHARACTERS_READ])))
    main = _BRACKETED.sub(" ", text)
    words = words_of(main)
    for inside in _BRACKETED.findall(text):
        aside = [word for word in words_of(inside) if not word.isdecimal()]
        if not words or (_names_key(aside) and not _is_known(words)):
            words = aside
        elif _qualifies(aside):
            words = words + aside
    understood = tuple(_understood(words[skipped:], frozenset(map(spell, _CUT_SHORT.findall(text)))))
    return (*understood, _ASKED) if main.rstrip().endswith("?") else understood


def _label(header: str) -> str:
    """What people read of a header that names its field for programs as well: ``Nazwa::product_name``."""
    label, mark, _field = header.partition("::")
    return label if mark and (words := words_of(label)) and _is_known(words) and not _is_scope(words) else header


def _is_scope(words: Sequence[str]) -> bool:
    """Whether words say only what kind of thing follows them: ``attribute::color``."""
    return all(word.senses.keys() & _SCOPES for word in _understood(words, frozenset()))


def _names_key(aside: Sequence[str]) -> bool:
    """Whether words in brackets name a standard that explains words nobody knows: ``Код маркування (GTIN)``."""
    return any(not _STANDARDS.isdisjoint(word.senses) for word in _understood(aside, frozenset()))


def _is_known(words: Sequence[str]) -> bool:
    return all(word.senses or word.text.isdecimal() for word in _understood(words, frozenset()))


def _qualifies(aside: Sequence[str]) -> bool:
    """Whether words in brackets say more of the same thing (``(net)``, ``(kg)``), not of another one."""
    if len(aside) > _LONGEST_ASIDE:
        return False
    return all(not _QUALIFIERS.isdisjoint(word.senses) for word in _understood(aside, frozenset()))


def _understood(words: Sequence[str], cut_short: frozenset[str]) -> Iterator[Word]:
    at = 0
    while at < len(words):
        length, senses = _phrase_at(words, at)
        if length:
            yield Word(" ".join(words[at : at + length]), senses)
            at += length
            continue
        word = words[at]
        at += 1
        if word.isdecimal():
            yield Word(word, {})
        elif word in cut_short:
            yield from _abbreviated(word)
        else:
            yield from _taken_apart(word)


def _abbreviated(word: str) -> Iterator[Word]:
    """A word that ends in a full stop: what the longer words mean that begin with it, if they agree."""
    senses = _continued(word, _MEANINGS_OF_A_STEM)
    if senses:
        yield Word(word, senses)
    else:
        yield from _taken_apart(word)


def _continued(word: str, meanings: int) -> Senses:
    """The senses of the longer words that begin with a word, unless they have more than so many meanings."""
    senses: dict[str, int] = {}
    for longer in _beginning_with(word):
        if " " not in longer:
            senses = _both(senses, _entries().get(longer, {}))
    return senses if len(senses) <= meanings else {}


def _phrase_at(words: Sequence[str], at: int) -> tuple[int, Senses]:
    entries = _entries()
    for length in range(min(_LONGEST_PHRASE, len(words) - at), 0, -1):
        senses = entries.get(" ".join(words[at : at + length]) if length > 1 else words[at])
        if senses and not (length == 1 and _only_grammar(senses)):
            return length, senses
    for length in (3, 2):
        joined = _known_words().get("".join(words[at : at + length])) if at + length <= len(words) else None
        if joined and not _only_grammar(joined):
            return length, joined
    lesser = entries.get(words[at])
    return (1, lesser) if lesser else (0, {})


def _only_grammar(senses: Senses) -> bool:
    return senses.keys() <= {FILLER, LOCALE}


def _taken_apart(word: str) -> Iterator[Word]:
    for spelling in _spellings(word):
        known = _known_words().get(spelling)
        if known:
            yield Word(spelling, known)
            return
        pieces = _pieces(spelling)
        if pieces:
            yield from (Word(piece, senses) for piece, senses in pieces)
            return
    yield Word(word, _inflected(word) or _shortened(word) or _mistyped(word), guessed=True)


def _inflected(word: str) -> Senses:
    """A word in another case or number (``товаров``, ``produktem``)."""
    if _DENSE.search(word):
        return {}
    for own, other in _ENDINGS:
        stem = word[: len(word) - own]
        if len(stem) < _SHORTEST_STEM:
            continue
        senses: dict[str, int] = {}
        for each in _beginning_with(stem):
            if len(each) == len(stem) + other:
                senses = _both(senses, _known_words()[each])
        if senses and len(senses) <= _MEANINGS_OF_A_STEM:
            return senses
    return {}


def _shortened(word: str) -> Senses:
    """A word cut off (``categ``) or without its vowels (``prdct``)."""
    if not word.isascii():
        return {}
    skeleton = _skeletons().get(word) if not _VOWELS.search(word[1:]) else None
    return skeleton or (_continued(word, 1) if len(word) >= _SHORTEST_CUT else {})


@lru_cache(maxsize=8192)
def _mistyped(word: str) -> Senses:
    """An English word with a letter too few or too many, or with two in the wrong order (``decription``, ``hight``)."""
    if not word.isascii() or not word.isalpha() or len(word) < _SHORTEST_STEM:
        return {}
    parted = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    near = {one + letter + other for one, other in parted for letter in _LETTERS}
    near.update(one + other[1:] for one, other in parted if other)
    near.update(one + other[1] + other[0] + other[2:] for one, other in parted if len(other) > 1)
    english = _bits()["en"]
    found = {meaning for each in near & _long_english_words() for meaning in _english_meanings(each)}
    return dict.fromkeys(found, english) if len(found) == 1 else {}


_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@cache
def _long_english_words() -> frozenset[str]:
    return frozenset(word for word in _english_words() if len(word) > _SHORTEST_STEM)


def _english_meanings(word: str) -> Iterator[str]:
    english = _bits()["en"]
    return (meaning for meaning, bits in _entries()[word].items() if bits & english)


def _spellings(word: str) -> Iterator[str]:
    yield word
    if word.isascii():
        for written, letter in _UMLAUTS:
            if written in word:
                yield word.replace(written, letter)
        return
    for article in _ARTICLES:
        if word.startswith(article) and len(word) >= len(article) + _SHORTEST_WITHOUT_ARTICLE - 1:
            yield word[len(article) :]
    if word[0] in _HEBREW_ARTICLES and len(word) > _SHORTEST_WITHOUT_ARTICLE:
        yield word[1:]


Pieces: TypeAlias = tuple[tuple[str, Senses], ...]


@lru_cache(maxsize=8192)
def _pieces(word: str) -> Pieces:
    """A compound's pieces, as few as possible; empty when it cannot be taken apart.

    All pieces are of one language, but for those that every language borrows.
    """
    dense = bool(_DENSE.search(word))
    if len(word) > _LONGEST_COMPOUND or (len(word) < _SHORTEST_COMPOUND and not dense):
        return ()
    known = _known_words()
    best: list[tuple[int, Pieces, int] | None] = [None] * (len(word) + 1)
    best[0] = (0, (), -1)
    for start in range(len(word)):
        so_far = best[start]
        if so_far is None:
            continue
        cost, pieces, languages = so_far
        for end in range(start + 1, len(word) + 1):
            piece = word[start:end]
            senses = known.get(piece)
            if senses and _may_be_piece(piece, dense, at_edge=start == 0 or end == len(word)):
                common = languages if dense else languages & _languages(senses, piece)
                if not common:
                    continue
                for link in ("",) if dense else _LINKS:
                    after = end + len(link)
                    linked = word.startswith(link, end) and (not link or after < len(word))
                    if linked:
                        _offer(best, after, (cost + 2 + bool(link), (*pieces, (piece, senses)), common))
            elif dense and end == start + 1:
                _offer(best, end, (cost + 9, (*pieces, (piece, {})), languages))
    found = best[len(word)]
    return _without_gaps(found[1]) if found else ()


_BORROWED = 4
"""Letters from which on an English word is at home in compounds of other languages (``barcodenummer``)."""


def _languages(senses: Senses, piece: str) -> int:
    """Languages a piece may be of; all (-1) for the words of every language."""
    found = 0
    for languages in senses.values():
        found |= languages
    bits = _bits()
    shared = found & bits["und"] or (found & bits["en"] and len(piece) >= _BORROWED)
    return -1 if shared else found


def _offer(best: list[tuple[int, Pieces, int] | None], at: int, way: tuple[int, Pieces, int]) -> None:
    held = best[at]
    if held is None or way[0] < held[0]:
        best[at] = way


def _may_be_piece(piece: str, dense: bool, *, at_edge: bool) -> bool:
    if dense:
        return len(piece) > 1 or bool(_DENSE.fullmatch(piece))
    return len(piece) >= _SHORTEST_PIECE or (at_edge and piece in _SHORT_PIECES)


def _without_gaps(pieces: Pieces) -> Pieces:
    """Neighbouring unknown signs are one unknown word; a word of nothing else is no compound."""
    joined: list[tuple[str, Senses]] = []
    for piece, senses in pieces:
        if joined and not senses and not joined[-1][1]:
            joined[-1] = (joined[-1][0] + piece, senses)
        else:
            joined.append((piece, senses))
    return tuple(joined) if any(senses for _, senses in joined) else ()


for table_of_words in (_sorted_words, _skeletons, _long_english_words):
    table_of_words()  # Read when the process starts, not while its first upload waits.
