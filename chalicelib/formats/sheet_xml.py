"""The XML of a sheet and of a workbook's texts: bytes become cells as they are stored, and texts.

In: a function that gives the bytes of a part in pieces, as often as it is asked. Out: the rows of a sheet one at a
time, and then its merged ranges; or the texts that cells refer to by number.

Programs write these parts in nearly one way only. What is written so is read by regular expressions, three times as
fast as by a parser, and only as long as they account for every character of it; at the first one they do not,
`NotPlain` is raised, and the part is read anew by expat, which reads whatever is XML and refuses the rest.
"""

import codecs
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from chalicelib.errors import UnreadableFile

DAMAGED = "open it in a spreadsheet program, save it again as XLSX, and upload that"
MERGED_RANGES = 100_000
TEXTS = 4_000_000
NESTING = 100

_OPEN_BYTES = 4 * 1024 * 1024
"""A row or a text that is not over by then is never closed."""
_AFTER_ROWS_CHARACTERS = 64 * 1024 * 1024

_length_of_whole = itemgetter(0)
_ROW = re.compile(r'\s*(?:<row [^<>]*/>\s*)*<row r="([0-9]{1,7})"(?:[^<>/]|/(?!>))*>')
_EMPTY_ROWS = re.compile(r"\s*(?:<row [^<>]*/>\s*)*")
_CELL = re.compile(
    r'(<c r="([A-Z]{1,3})[0-9]+"(?: s="([0-9]{1,9})")?(?: t="([A-Za-z]+)")?'
    r"(?:/>|>(?:<f[^<>]*/>|<f[^<>]*>[^<]*</f>)?"
    r"(?:<v>([^<]*)</v>|<v/>|<is><t(?: xml:space=\"preserve\")?>([^<]*)</t></is>)?</c>))"
)
_TEXT = re.compile(r"(<si><t(?: xml:space=\"preserve\")?(?:/>|>([^<]*)</t>)</si>)")
_MERGED = re.compile(r'<mergeCell ref="([^"]*)"')
_RANGE = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,7}):\$?([A-Z]{1,3})\$?([0-9]{1,7})")

_ENTITY = re.compile(r"&(?:(amp|lt|gt|quot|apos)|#([0-9]{1,7})|#x([0-9A-Fa-f]{1,6}));|&")
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_ESCAPED_CHARACTER = re.compile(r"_x([0-9A-Fa-f]{4})_")

Pieces = Callable[[], Iterator[bytes]]

Cell = tuple[str, str, str, str, str, str]
"""As stored: its XML, the letters of its column, the number of its style, its kind, its value, its own text."""

Row = tuple[int, Sequence[Cell]]
"""Its number in the sheet, from 1, and its cells."""


class NotPlain(Exception):
    """A part is not written in the usual way."""


@dataclass(frozen=True, slots=True, order=True)
class MergedRange:
    """Cells shown as one, by rows from 1 and columns from 0, all included."""

    top: int
    left: int
    bottom: int
    right: int


def column_position(letters: str) -> int:
    """The position of a column by its letters, from 0."""
    position = 0
    for letter in letters:
        position = position * 26 + ord(letter) - ord("A") + 1
    return position - 1


def without_escapes(text: str) -> str:
    """A text without the ``_x000D_`` that programs write for characters XML cannot hold."""
    return _ESCAPED_CHARACTER.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


# The usual way --------------------------------------------------------------------------------------------------------


def plain_text(text: str) -> str:
    """The characters that a piece of XML without elements stands for. Raises NotPlain."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "&" in text:
        text = _ENTITY.sub(_character, text)
    return without_escapes(text)


def plain_shared_texts(pieces: Pieces) -> list[str]:
    """The texts of a part. Raises NotPlain."""
    part = _PlainPart(pieces, "<si>", "</sst>")
    texts: list[str] = []
    for block in part.blocks("</si>"):
        found = _TEXT.findall(block)
        if sum(map(len, map(_length_of_whole, found))) != len(block):
            raise NotPlain
        texts += [
            text if "&" not in text and "_x" not in text and "\r" not in text else plain_text(text) for _, text in found
        ]
    return texts


def plain_rows(pieces: Pieces, merged: list[MergedRange]) -> Iterator[Row]:
    """The rows of a sheet; once they are over, ``merged`` has its ranges. Raises NotPlain, also between rows."""
    part = _PlainPart(pieces, "<row", "</sheetData>")
    cells_of = _CELL.findall
    for block in part.blocks("</row>"):
        for text in block.split("</row>"):
            begun = _ROW.match(text)
            if begun is None:
                if not text or _EMPTY_ROWS.fullmatch(text):
                    continue
                raise NotPlain
            cells = cells_of(text, begun.end())
            if sum(map(len, map(_length_of_whole, cells))) != len(text) - begun.end():
                raise NotPlain
            yield int(begun[1]), cells
    _add_merged(merged, _MERGED.findall(part.after))


class _PlainPart:
    """A part as text, in blocks of whole elements."""

    def __init__(self, pieces: Pieces, begin: str, end: str) -> None:
        self._pieces = pieces
        self._begin = begin
        self._end = end
        self.after = ""
        """What follows the elements, once they are over."""

    def blocks(self, closing: str) -> Iterator[str]:
        """The elements in order, as many at a time as have ended. Raises NotPlain."""
        texts = self._texts()
        text = self._from_first(texts)
        while self._end not in text:
            ended = text.rfind(closing) + len(closing)
            if ended >= len(closing):
                yield text[:ended]
                text = text[ended:]
            if len(text) > _OPEN_BYTES:
                raise NotPlain
            text += self._next(texts)
        last, _, after = text.partition(self._end)
        yield last
        self.after = self._rest(after, texts)

    def _from_first(self, texts: Iterator[str]) -> str:
        text = ""
        while self._begin not in text and self._end not in text:
            if len(text) > _OPEN_BYTES:
                raise NotPlain
            text += self._next(texts)
        found = [at for at in (text.find(self._begin), text.find(self._end)) if at >= 0]
        if "<!" in text[: min(found)]:
            raise NotPlain
        return text[min(found) :]

    def _rest(self, after: str, texts: Iterator[str]) -> str:
        rest = [after]
        for text in texts:
            rest.append(text)
            if sum(map(len, rest)) > _AFTER_ROWS_CHARACTERS:
                raise NotPlain
        whole = "".join(rest)
        if "<!" in whole or not f"{self._end}{whole}".rstrip().endswith(">"):
            raise NotPlain
        return whole

    @staticmethod
    def _next(texts: Iterator[str]) -> str:
        text = next(texts, None)
        if text is None:
            raise NotPlain
        return text

    def _texts(self) -> Iterator[str]:
        decode = codecs.getincrementaldecoder("utf-8")().decode
        try:
            for piece in self._pieces():
                yield decode(piece)
            yield decode(b"", True)
        except UnicodeDecodeError as error:
            raise NotPlain from error


def _character(found: re.Match[str]) -> str:
    name, decimal, hexadecimal = found.groups()
    if name:
        return _ENTITIES[name]
    code = int(decimal) if decimal else int(hexadecimal, 16) if hexadecimal else 0
    if not 0 < code < 0x110000 or 0xD800 <= code < 0xE000:
        raise NotPlain
    return chr(code)


# Any XML --------------------------------------------------------------------------------------------------------------


def new_parser(part: str) -> expat.XMLParserType:
    """A parser that refuses a document type where it begins."""

    def refuse(*_: object) -> None:
        raise refused_doctype(part)

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = refuse
    return parser


def parse(parser: expat.XMLParserType, piece: bytes, part: str, *, is_last: bool = False) -> None:
    """Raises UnreadableFile for what is no XML."""
    try:
        parser.Parse(piece, is_last)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise UnreadableFile(f"The workbook is damaged, its part {part} is no XML ({error}): {DAMAGED}.") from error


def refused_doctype(part: str) -> UnreadableFile:
    return UnreadableFile(
        f"The workbook's part {part} declares a document type (<!DOCTYPE …>), which no spreadsheet program writes: "
        f"{DAMAGED}."
    )


def any_shared_texts(pieces: Pieces, part: str) -> list[str]:
    """The texts of a part, however it is written."""
    texts: list[str] = []
    for item in _children(pieces, part, {"si"}):
        if len(texts) >= TEXTS:
            raise UnreadableFile(f"The workbook has more than {TEXTS:,} different texts: save its sheet as CSV UTF-8.")
        texts.append(without_escapes(_text_of(item)))
    return texts


def any_rows(pieces: Pieces, part: str, merged: list[MergedRange]) -> Iterator[Row]:
    """The rows of a sheet, however it is written; once they are over, ``merged`` has its ranges."""
    number = 0
    for element in _children(pieces, part, {"row", "mergeCell"}):
        if local_name(element.tag) == "mergeCell":
            _add_merged(merged, [element.get("ref", "")])
            continue
        number = whole_number(element.get("r"), number + 1)
        yield number, list(_cells(element))


def local_name(name: str) -> str:
    return name.rpartition(":")[2]


def whole_number(text: str | None, otherwise: int = 0) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else otherwise


def _cells(row: Element) -> Iterator[Cell]:
    position = -1
    for cell in row:
        if local_name(cell.tag) != "c":
            continue
        letters = cell.get("r", "").rstrip("0123456789")
        position = column_position(letters) if letters.isascii() and letters.isupper() else position + 1
        inner = {local_name(each.tag): each for each in cell}
        own = _text_of(inner["is"]) if "is" in inner else ""
        value = inner["v"].text or "" if "v" in inner else ""
        yield "<f" if "f" in inner else "", _letters(position), cell.get("s", ""), cell.get("t", ""), value, own


def _letters(position: int) -> str:
    letters, left = "", position + 1
    while left > 0:
        left, digit = divmod(left - 1, 26)
        letters = chr(ord("A") + digit) + letters
    return letters


def _text_of(item: Element) -> str:
    """A text of one or more runs, without the reading aid (``rPh``) that stands over some."""
    parts: list[str] = []
    for each in item:
        name = local_name(each.tag)
        if name == "t":
            parts.append(each.text or "")
        elif name == "r":
            parts += [run.text or "" for run in each if local_name(run.tag) == "t"]
    return "".join(parts)


def _children(pieces: Pieces, part: str, names: set[str]) -> Iterator[Element]:
    """The elements of these names in the order of the part; a few blocks of them are in memory."""
    roots: list[Element] = []
    builder, parser = TreeBuilder(), new_parser(part)

    def begin(name: str, attributes: dict[str, str]) -> None:
        roots.append(builder.start(name, attributes))
        parser.StartElementHandler = builder.start

    parser.StartElementHandler = begin
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    waiting = 0
    for piece in pieces():
        parse(parser, piece, part)
        complete = _take_complete(roots[0], names) if roots else []
        for element in complete:
            yield from (each for each in element.iter() if local_name(each.tag) in names)
        waiting = 0 if complete else waiting + len(piece)
        if waiting > _OPEN_BYTES:
            raise UnreadableFile(f"The workbook is damaged, an element of its part {part} does not end: {DAMAGED}.")
    parse(parser, b"", part, is_last=True)
    for root in roots:
        yield from (each for each in root.iter() if local_name(each.tag) in names)


def _take_complete(element: Element, names: set[str]) -> list[Element]:
    """Take what has ended out of a growing tree; the last element of each level may still be open."""
    complete: list[Element] = []
    level = 0
    while len(element) and local_name(element.tag) not in names:
        complete += element[:-1]
        del element[:-1]
        element = element[0]
        if (level := level + 1) > NESTING:
            raise UnreadableFile(f"The workbook is damaged, a part of it is nested too deep: {DAMAGED}.")
    return complete


def _add_merged(merged: list[MergedRange], references: Sequence[Any]) -> None:
    for reference in references:
        found = _RANGE.fullmatch(reference)
        if found is None:
            continue
        if len(merged) >= MERGED_RANGES:
            raise UnreadableFile(f"The sheet has more than {MERGED_RANGES:,} merged ranges: save it as CSV UTF-8.")
        left, top, right, bottom = found.groups()
        merged.append(MergedRange(int(top), column_position(left), int(bottom), column_position(right)))
