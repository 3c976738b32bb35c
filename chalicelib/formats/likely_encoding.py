"""Which encoding a text has that is not UTF-8: by the bytes of the whole file and the letters they would be.

In: a binary file object, read once from its start. Out: a `Guess`, or None when nothing plausible is left. Serves the
wizard document, "Before you start", and the shared spec, section 1.

Two kinds of evidence. Structure: an encoding in which the whole file cannot be read, or reads as control characters, is
none. Language: under each encoding that is left, words that hold bytes beyond ASCII are given what they cost in the
language that explains them best (``languages``): a letter of it little, a letter of none much, a sign within a word
much more. The cheapest wins; it takes more to say a rare encoding than Windows-1252. Memory: a bounded sample of lines
spread over the file, and a counter a byte.
"""

import codecs
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import IO

from chalicelib.formats.encodings import public_name
from chalicelib.formats.languages import COMMON_KOREAN, COMMON_SIMPLIFIED, COMMON_TRADITIONAL, LANGUAGES, Language

BLOCK_BYTES = 256 * 1024
SAMPLE_BYTES = 256 * 1024
LINE_BYTES = 4_000
TOKENS = 600
CLOSE, CLOSE_OF_FEW, FEW_WORDS = 1.5, 4.0, 3
"""Two readings whose costs differ by less cannot be told apart; a person is told of both. Few words tell less."""
RUBBISH = -5.75
"""Characters cost so much on the average when they are of no language."""
_FIRST_CHARACTERS, _FIRST_COST = 8, -3.0
"""So many usual ones are thought to come first: one odd sign in a file is no rubbish."""

_ASCII = bytes(range(128))
_WIDE = ("cp932", "euc_jp", "gb18030", "big5", "cp949")
_NARROW: Mapping[str, tuple[str, float]] = {
    "cp1252": ("western", 0.0),
    "cp1250": ("central", -2.0),
    "cp1251": ("cyrillic", -1.5),
    "cp1253": ("greek", -1.5),
    "cp1254": ("turkish", -2.0),
    "cp1255": ("hebrew", -1.5),
    "cp1256": ("arabic", -1.5),
    "cp1257": ("baltic", -3.0),
    "cp874": ("thai", -1.5),
    "iso8859_15": ("western", -2.0),
    "iso8859_2": ("central", -3.5),
    "iso8859_7": ("greek", -2.5),
    "iso8859_5": ("cyrillic", -5.0),
    "mac_roman": ("western", -4.6),
    "mac_latin2": ("central", -5.0),
    "mac_cyrillic": ("cyrillic", -6.0),
    "koi8_r": ("cyrillic", -3.5),
    "koi8_u": ("cyrillic", -4.0),
    "cp866": ("cyrillic", -3.0),
    "cp850": ("western", -4.0),
    "cp852": ("central", -4.0),
    "cp857": ("turkish", -5.0),
}
"""Encodings of a byte a character: whose letters they are for, and what it takes to believe in them."""

_FOREIGN, _MISPLACED, _CONTROL = -9.0, -8.0, -15.0
_ODD_FOLLOWER = -4.0
_SHORT, _UNACCENTED = 3, -2.0
_WORD_FOUND = 2.0
_WORDS_AT_MOST = 6


@dataclass(frozen=True, slots=True)
class Guess:
    """What a file most likely is, by Python's name.

    Attributes:
        rival: another encoding that is nearly as likely and gives other letters, or None.
        example: a word of the file as the two read it, where there is a rival.
    """

    encoding: str
    rival: str | None = None
    example: tuple[str, str] | None = None

    def note(self) -> str:
        """What a person should know of it."""
        said = f"The file is not UTF-8; it was read as {public_name(self.encoding)}, which its letters tell."
        if self.rival is None or self.example is None:
            return said
        ours, theirs = self.example
        return (
            f'{said} It could also be {public_name(self.rival)}, which would make "{theirs}" of "{ours}": say encoding='
            f"{public_name(self.rival)} if that is right."
        )


@dataclass(frozen=True, slots=True)
class Material:
    """What one pass over a file keeps of its bytes beyond ASCII.

    Attributes:
        counts: how often each of them is there.
        first_line: the first line that is not blank, which may be the header; ``lines`` are lines with such bytes.
        valid_characters, broken_bytes: as UTF-8 reads the lines.
        wide: encodings of several bytes a character in which the whole file can be read.
    """

    counts: Mapping[int, int]
    first_line: bytes
    lines: Sequence[bytes]
    valid_characters: int
    broken_bytes: int
    wide: Sequence[str]

    @property
    def is_damaged_utf8(self) -> bool:
        """More than half of what is not ASCII is UTF-8: the rest is damage, and nothing to read all of it by."""
        return self.valid_characters > self.broken_bytes


def likely_encoding(stream: IO[bytes]) -> Guess | None:
    """What a file that is not UTF-8 most likely is; None for damaged UTF-8, and where nothing is plausible."""
    material = gather(stream)
    return None if material.is_damaged_utf8 else guess(material)


def gather(stream: IO[bytes]) -> Material:
    """One pass over a file."""
    counts = [0] * 256
    decoders = {name: codecs.getincrementaldecoder(name)() for name in _WIDE}
    lines = _SpreadLines()
    first_line = kept = b""
    while True:
        block = stream.read(BLOCK_BYTES)
        high = block.translate(None, _ASCII)
        for byte, count in Counter(high).items():
            counts[byte] += count
        for name in list(decoders):
            try:
                decoders[name].decode(block, not block)
            except UnicodeDecodeError:
                del decoders[name]
        is_odd = bool(high) or not kept.isascii()
        *whole, kept = re.split(rb"[\r\n]+", kept + block)
        if not block or len(kept) > LINE_BYTES:
            whole, kept = [*whole, kept], b""
        first_line = first_line or next((line[:LINE_BYTES] for line in whole if line.strip()), b"")
        if is_odd:
            lines.add(line for line in whole if not line.isascii())
        if not block:
            break
    valid, broken = _as_utf8(lines.kept)
    by_byte = {byte: count for byte, count in enumerate(counts) if count}
    return Material(by_byte, first_line, lines.kept, valid, broken, tuple(decoders))


class _SpreadLines:
    """Lines spread over a file of unknown length: every n-th, with n doubling whenever they are too many."""

    def __init__(self) -> None:
        self.kept: list[bytes] = []
        self._stride = 1
        self._seen = 0
        self._bytes = 0

    def add(self, lines: Iterable[bytes]) -> None:
        for line in lines:
            self._seen += 1
            if self._seen % self._stride == 0:
                self.kept.append(_around_high(line))
                self._bytes += len(self.kept[-1])
        while self._bytes > SAMPLE_BYTES:
            self.kept = self.kept[::2]
            self._stride *= 2
            self._bytes = sum(map(len, self.kept))


def _around_high(line: bytes) -> bytes:
    """The part of a long line that its first byte beyond ASCII stands in."""
    if len(line) <= LINE_BYTES:
        return line
    at = len(line) - len(line.lstrip(_ASCII))
    return line[max(0, at - LINE_BYTES // 2) :][:LINE_BYTES]


_UTF8_CHARACTER = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")


def _as_utf8(lines: Sequence[bytes]) -> tuple[int, int]:
    """How many characters beyond ASCII read as UTF-8, and how many bytes beyond them do not."""
    valid = broken = 0
    for line in lines:
        rest, count = _UTF8_CHARACTER.subn(b"", line)
        valid += count
        broken += len(rest.translate(None, _ASCII))
    return valid, broken


# The guess ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Reading:
    """What the text comes to under one encoding; more is better."""

    encoding: str
    score: float
    average: float
    words: Sequence[str]


def guess(material: Material) -> Guess | None:
    """The likeliest encoding of a file that is not UTF-8; None when its text would be rubbish under all of them."""
    tokens = _tokens(material)
    ascii_words = _ascii_words(b" ".join([material.first_line, *material.lines]))
    header_words = _ascii_words(material.first_line)
    narrow = [
        _narrow(name, group, prior, tokens, material, ascii_words, header_words)
        for name, (group, prior) in _NARROW.items()
        if _covers(name, material.counts)
    ]
    high_bytes = sum(len(token.translate(None, _ASCII)) for token in tokens)
    wide = [_wide(name, material, high_bytes) for name in material.wide]
    readings = sorted(
        (reading for reading in [*narrow, *wide] if reading.average > RUBBISH),
        key=lambda reading: reading.score,
        reverse=True,
    )
    if not readings:
        return None
    best = readings[0]
    rival = next((each for each in readings[1:] if each.words != best.words), None)
    close = CLOSE if len(tokens) > FEW_WORDS else CLOSE_OF_FEW
    if rival is None or best.score - rival.score > close:
        return Guess(best.encoding)
    pairs = ([text.decode(each.encoding, "replace").strip(_EDGES) for each in (best, rival)] for text in tokens)
    ours, theirs = next((pair for pair in pairs if pair[0] != pair[1]), ("", ""))
    return Guess(best.encoding, rival.encoding, (ours, theirs)) if ours != theirs else Guess(best.encoding)


def _ascii_words(text: bytes) -> set[str]:
    return set(re.findall(r"[a-z]{2,}", text.decode("latin-1").lower()))


def _covers(encoding: str, counts: Mapping[int, int]) -> bool:
    """Whether each byte of the file is a character in an encoding, and none a control character."""
    try:
        text = bytes(counts).decode(encoding)
    except UnicodeDecodeError:
        return False
    return not any("\x80" <= character <= "\x9f" and character != "\x85" for character in text)


_FROM_HIGH = re.compile(rb"[\x80-\xff][A-Za-z\x80-\xff]{0,40}")
_LETTERS_BEFORE = 24


def _tokens(material: Material) -> Sequence[bytes]:
    """Words with bytes beyond ASCII, each once, with the byte before and after: that one comes often proves nothing."""
    found: dict[bytes, None] = {}
    for line in (material.first_line, *material.lines):
        for high in _FROM_HIGH.finditer(line):
            begin = high.start()
            least = max(0, begin - _LETTERS_BEFORE)
            while begin > least and line[begin - 1 : begin].isalpha():
                begin -= 1
            found[line[max(0, begin - 1) : high.end() + 1]] = None
    spread = list(found)
    return spread[:: -(-len(spread) // TOKENS) or 1]


def _narrow(
    encoding: str,
    group: str,
    prior: float,
    tokens: Sequence[bytes],
    material: Material,
    ascii_words: set[str],
    header_words: set[str],
) -> _Reading:
    texts = [token.decode(encoding) for token in tokens]
    found = ascii_words | {text.strip(_EDGES).lower() for text in texts}
    in_header = header_words | set(re.findall(r"\w{2,}", material.first_line.decode(encoding, "replace").lower()))
    best = max(
        sum(_token_cost(text, language) for text in texts) + _known(language, found, in_header) + language.prior
        for language in LANGUAGES[group]
    )
    count = sum(sum(map(_is_high, text)) for text in texts)
    return _Reading(encoding, best + prior, _average(best, count), [text.strip(_EDGES) for text in texts])


def _average(cost: float, characters: int) -> float:
    return (cost + _FIRST_CHARACTERS * _FIRST_COST) / (characters + _FIRST_CHARACTERS)


_EDGES = "".join(map(chr, range(65))) + "[\\]^_`{|}~"


def _is_high(character: str) -> bool:
    return character > "\x7f"


def _known(language: Language, found: set[str], in_header: set[str]) -> float:
    """What the words of a language in a text speak for it; those of the header twice."""
    words = language.words & (found | in_header)
    return _WORD_FOUND * min(_WORDS_AT_MOST, len(words) + len(words & in_header))


def _token_cost(token: str, language: Language) -> float:
    """What the characters beyond ASCII of one word cost in a language. It stands between its neighbours, if any."""
    letters = [character for character in token if character.isalpha()]
    is_upper = len(letters) > 1 and sum(map(str.isupper, letters)) * 3 >= len(letters) * 2
    total = 0.0
    for at, character in enumerate(token):
        if character > "\x7f":
            before = token[at - 1] if at else " "
            after = token[at + 1] if at + 1 < len(token) else " "
            total += _character_cost(character, before, after, language, is_upper)
    if language.is_latin and len(letters) > 2 and all(map(_is_high, letters)):
        total -= 3.0
    if language.accented and len(letters) > _SHORT and not is_upper and language.accented.isdisjoint(letters):
        total += _UNACCENTED
    return total


def _character_cost(character: str, before: str, after: str, language: Language, is_upper: bool) -> float:
    if (kind := _SIGNS.get(character)) is not None:
        return _sign_cost(kind, before, after)
    category = unicodedata.category(character)
    if category[0] not in "LM":
        return _CONTROL if category[0] == "C" else _MISPLACED if before.isalpha() or after.isalpha() else -6.5
    cost = language.costs.get(character, language.costs.get(character.lower(), _FOREIGN))
    if category[0] == "M":
        return cost if before.isalpha() or unicodedata.category(before)[0] == "M" else cost + _FOREIGN
    if after.isalpha() and after.lower() not in language.followers.get(character.lower(), after.lower()):
        cost += _ODD_FOLLOWER
    return cost + _case_cost(character, before, is_upper, language) + _neighbour_cost(before, after, language)


def _case_cost(character: str, before: str, is_upper: bool, language: Language) -> float:
    """A capital stands at the beginning, or among capitals. A small letter among capitals is what programs leave that
    know ASCII only: in a language of Latin letters.
    """
    if character.isupper():
        return 0.0 if is_upper else -5.0 if before.islower() else -1.0
    if is_upper and character.islower():
        return -1.0 if language.is_latin else -4.0
    return 0.0


def _neighbour_cost(before: str, after: str, language: Language) -> float:
    """A letter stands among letters: in a language of Latin ones mostly among ASCII's, in another never."""
    if not before.isalpha() and not after.isalpha():
        return -3.5 if before.isdigit() or after.isdigit() else -2.0
    if language.ends_words and after.isalpha():
        return -4.0
    if language.is_latin:
        return -1.5 if before.isalpha() and _is_high(before) else 0.0
    return -6.0 if _is_latin(before) or _is_latin(after) else 0.0


def _is_latin(character: str) -> bool:
    return character.isascii() and character.isalpha()


# Signs, by where they may stand: each kind says what it costs at its place, and elsewhere.

_SIGN_KINDS = {
    "\u00a0": "blank",
    "\u2019\u2018": "apostrophe",
    "\u00b4\u00a8": "accent",
    "\u201c\u201d\u00ab\u00bb": "quote",
    "\u201e\u201a\u2039\u203a": "rare quote",
    "\u2013\u2014\u2022\u00b7": "between words",
    "\u2026": "dots",
    "\u20ac\u00a3\u00a5\u00a2": "money",
    "\u00b0\u00ba\u00aa": "ordinal",
    "\u00b2\u00b3": "power",
    "\u00bd\u00bc\u00be\u00d7\u00b1\u2030": "number",
    "\u00ae\u2122\u00a9": "mark",
    "\u00b5": "micro",
    "\u00bf\u00a1": "opening",
    "\u2116": "number sign",
}
_SIGNS = {character: kind for characters, kind in _SIGN_KINDS.items() for character in characters}


def _sign_cost(kind: str, before: str, after: str) -> float:
    lonely = not before.isalpha() and not after.isalpha()
    inside = before.isalpha() and after.isalpha()
    if kind != "blank" and any(_is_high(each) and not each.isalnum() and each != "\u00a0" for each in before + after):
        return -6.0
    match kind:
        case "blank":
            return -2.0 if inside or not after.isalpha() or before.isalnum() else -4.0
        case "apostrophe":
            return -2.0 if before.isalpha() or before.isdigit() else -3.5
        case "accent":
            # Feet and inches, where a keyboard has nothing better.
            return -2.0 if before.isdigit() else -5.0 if inside else -7.0
        case "quote":
            return _MISPLACED if inside else -3.0
        case "rare quote":
            return _MISPLACED if inside else -5.0 if before.isalpha() else -3.0
        case "dots":
            return _MISPLACED if inside else -3.0
        case "between words":
            return -3.0 if not inside else _MISPLACED if before.islower() and after.islower() else -5.0
        case "money":
            return -2.0 if before.isdigit() or after.isdigit() else -3.0 if lonely else _FOREIGN
        case "ordinal":
            fits = before.isdigit() or before in "nN" or (lonely and before.isspace())
            return -2.5 if fits and not after.islower() else -6.5
        case "power":
            return -2.5 if before in "mM" and not after.isalpha() else -7.0
        case "number":
            return -3.0 if lonely else _MISPLACED
        case "mark":
            return -3.0 if not inside and not after.islower() else _MISPLACED
        case "micro":
            return -3.5 if not before.isalpha() else _MISPLACED
        case "opening":
            return -3.0 if after.isalpha() and not before.isalpha() else _MISPLACED
        case _:
            return -4.0


# Encodings of several bytes a character -------------------------------------------------------------------------------

_COMMON = {"gb18030": COMMON_SIMPLIFIED, "big5": COMMON_TRADITIONAL}
_FIRST_LEVEL = {
    "cp932": range(0x88, 0x98),
    "euc_jp": range(0xB0, 0xD0),
    "gb18030": range(0xB0, 0xD8),
    "big5": range(0xA4, 0xC7),
    "cp949": range(0xB0, 0xC9),
}
"""First bytes of the everyday half of the ideographs, or of the Korean syllables, in each encoding."""
_ODD_IN_WIDE = (
    re.compile(r"[a-z][\u3400-\u9fff\uac00-\ud7a3](?=[a-z])"),
    re.compile("(?<![\uff73\uff76-\uff84\uff8a-\uff8e])[\uff9e\uff9f]"),
    re.compile("(?<![\uff61-\uff9f])[\uff61-\uff9f](?![\uff61-\uff9f])"),
)
"""An ideograph within a word of Latin letters; of half-width katakana a voicing mark behind none that can be voiced,
and a lonely one.
"""
_FREQUENT_HALF_WIDTH = frozenset("ｰﾝｲｽﾄﾙｸｼﾌﾗﾘｱｶﾀｯｺﾂｳｷﾊ")
_LINES_READ = 300


def _wide(encoding: str, material: Material, high_bytes: int) -> _Reading:
    """``high_bytes`` is what the encodings of a byte a character are tried on: the cost is brought to as many."""
    text = b"\n".join(_whole_lines(material)).decode(encoding, "replace")
    counted = Counter(character for character in text if _is_high(character))
    written = sum(count * len(character.encode(encoding, "replace")) for character, count in counted.items())
    cost = sum(count * _wide_cost(character, encoding) for character, count in counted.items())
    cost += _MISPLACED * sum(len(odd.findall(text)) for odd in _ODD_IN_WIDE)
    average = cost / max(1, written)
    return _Reading(encoding, average * high_bytes - 2.5, _average(cost, written), text.split("\n"))


def _whole_lines(material: Material) -> Sequence[bytes]:
    lines = (line for line in material.lines if len(line) < LINE_BYTES)
    return [material.first_line, *islice(lines, _LINES_READ)]


def _wide_cost(character: str, encoding: str) -> float:
    if "\u3040" <= character <= "\u30ff":
        return -3.5 if encoding in {"cp932", "euc_jp"} else -9.5
    if "\uff61" <= character <= "\uff9f":
        return -2.0 if character in "ﾞﾟ" else -3.0 if character in _FREQUENT_HALF_WIDTH else -4.0
    if "\u3000" <= character <= "\u303f" or "\uff00" <= character <= "\uff60":
        return -4.0
    if "\u4e00" <= character <= "\u9fff":
        return _ideograph_cost(character, encoding)
    if "\uac00" <= character <= "\ud7a3":
        if encoding == "cp949" and character in COMMON_KOREAN:
            return -5.0
        return -6.5 if encoding == "cp949" and _is_first_level(character, encoding) else -10.5
    if character == "\ufffd" or unicodedata.category(character)[0] == "C":
        return -20.0
    return -9.0


def _ideograph_cost(character: str, encoding: str) -> float:
    if character in _COMMON.get(encoding, ()):
        return -5.5
    if encoding == "cp949":
        return -10.0
    usual = -8.0 if encoding in _COMMON else -7.0
    return usual if _is_first_level(character, encoding) else -10.5


def _is_first_level(character: str, encoding: str) -> bool:
    try:
        written = character.encode(encoding)
    except UnicodeEncodeError:
        return False
    within_set = len(written) == 2 and (encoding in {"cp932", "big5"} or written[1] >= 0xA1)
    return within_set and written[0] in _FIRST_LEVEL[encoding]
