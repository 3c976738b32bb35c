"""XML: the records of a file, one at a time, as rows of a canonical CSV.

In: a binary file object: a product feed (RSS with or without Google's names, Atom, YML) or any other list of elements.
Out: rows (``formats.canonical``), and notes on what was taken.

Which element is the record is told by the file's beginning, or by ``record_path``. Names stay as written, prefix and
all. Attributes become columns with ``@``, elements within elements with a dot, elements with a name of their own
(``<param name="Colour">``) columns like ``param[Colour]``. Elements that repeat become a list in one cell, or JSON text
when they hold others. A document type is refused where it begins: it is what entities, and so floods, are declared in.
Memory: a record and a few blocks, once the beginning is left behind.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import IO
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

import orjson

from chalicelib.errors import UnreadableFile
from chalicelib.formats.canonical import CanonicalRows
from chalicelib.formats.cells import list_cell
from chalicelib.formats.encodings import (
    BOMS,
    UTF8,
    TextStream,
    codec_named,
    public_name,
    shown_encoding,
    wrong_encoding,
)
from chalicelib.formats.reading import FileLimits, Reading
from chalicelib.formats.record_paths import Paths

BLOCK_BYTES = 64 * 1024
BEGINNING_BYTES = 1024 * 1024
BEGINNING_BYTES_AT_MOST = 8 * 1024 * 1024
NESTING = 100

_DECLARED = re.compile(rb"\s*<\?xml\b[^>]*?\bencoding\s*=\s*[\"']([A-Za-z0-9._-]+)", re.IGNORECASE)
_BEYOND_EXPAT = frozenset({"utf-32-le", "utf-32-be"})
_KNOWN_TO_EXPAT = frozenset({"utf-8", "us-ascii", "ascii", "iso-8859-1"})
_NAMING_ATTRIBUTES = ("name", "key")
_BROKEN_CHARACTER = expat.errors.codes[expat.errors.XML_ERROR_INVALID_TOKEN]

Block = bytes | str


def rewrite_xml(
    stream: IO[bytes], reading: Reading, limits: FileLimits, make_rows: Callable[[], CanonicalRows]
) -> tuple[CanonicalRows, list[str]]:
    """The rows of an XML file, and notes on them. Raises UnreadableFile with the line."""
    head = stream.read(BLOCK_BYTES)
    codec = _codec(head, reading.encoding)
    blocks = _blocks(stream, head, codec)
    beginning, path = _beginning(blocks, reading.record_path)
    rows = make_rows()
    harvest = _Harvest(path, rows)
    document = _Document()
    waiting = 0
    for block in chain(beginning, blocks):
        document.feed(block)
        waiting = 0 if harvest.gather(document.root) else waiting + len(block)
        if waiting > limits.record_bytes:
            raise UnreadableFile(
                f"The element open on line {document.line:,} goes on for more than {limits.record_bytes:,} bytes: it "
                "is too long, or is never closed.",
                line=document.line,
            )
    document.end()
    harvest.gather_rest(document.root)
    rows.finish()
    rows.detected = replace(
        rows.detected,
        encoding=public_name(codec_named(codec or shown_encoding(head) or _declared(head))),
        bom=head.startswith(BOMS),
        record_path="/".join(path),
    )
    notes = [f'The records are the elements "{"/".join(path)}".']
    if reading.skip_header_rows:
        notes.append("skip_header_rows says nothing here: XML has no header.")
    return rows, notes


def _beginning(blocks: Iterator[Block], record_path: str | None) -> tuple[list[Block], tuple[str, ...]]:
    """The file's first blocks, and the path of its records, as these tell it."""
    beginning: list[Block] = []
    document, enough = _Document(), BEGINNING_BYTES
    at_end = False
    counted = Paths()
    while True:
        while not at_end and sum(map(len, beginning)) < enough:
            block = next(blocks, None)
            at_end = block is None
            if block is not None:
                document.feed(block)
                beginning.append(block)
                counted.take_complete(document.root)
        if at_end:
            document.end()
        paths = counted.with_open(document.root)
        path = paths.named(record_path) if record_path else paths.repeated()
        if path is None and (at_end or enough >= BEGINNING_BYTES_AT_MOST):
            path = paths.single() if record_path is None else None
            if path is None:
                raise paths.nothing_found(record_path)
        if path is not None:
            return beginning, path
        enough *= 2


def _codec(head: bytes, encoding: str | None) -> str | None:
    """What is to be decoded before expat sees it; None for what it knows."""
    shown = shown_encoding(head)
    if encoding is not None or shown in _BEYOND_EXPAT:
        return encoding or shown
    declared = _declared(head)
    if declared in _KNOWN_TO_EXPAT or shown:
        return None
    # Declared as UTF-16, and yet its declaration can be read as ASCII: what it says is what somebody's program keeps
    # texts in, not what it writes.
    return UTF8 if declared.startswith("utf-16") else declared


def _declared(head: bytes) -> str:
    declared = _DECLARED.match(head.removeprefix(b"\xef\xbb\xbf"))
    return declared[1].decode().lower() if declared else UTF8


def _blocks(stream: IO[bytes], head: bytes, codec: str | None) -> Iterator[Block]:
    """The file in pieces that expat can read: bytes, or text when it does not know their encoding."""
    if codec is None:
        yield head
        while block := stream.read(BLOCK_BYTES):
            yield block
        return
    text = TextStream(stream, head, codec, block_bytes=BLOCK_BYTES)
    while piece := text.read():
        yield piece


class _Document:
    """A tree that grows while it is fed. Whoever takes elements out of it keeps it small."""

    def __init__(self) -> None:
        self.root: Element | None = None
        self._builder = TreeBuilder()
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._refuse_doctype
        self._parser.StartElementHandler = self._begin
        self._parser.EndElementHandler = self._builder.end
        self._parser.CharacterDataHandler = self._builder.data
        self._fed_bytes = 0

    @property
    def line(self) -> int:
        return self._parser.CurrentLineNumber

    def feed(self, block: Block) -> None:
        self._parse(block, False)
        self._fed_bytes += len(block)
        level, element = 0, self.root
        while element is not None and len(element):
            level, element = level + 1, element[-1]
            if level > NESTING:
                raise UnreadableFile(
                    f"The file is nested more than {NESTING} levels deep on line {self.line:,}: export it flatter.",
                    line=self.line,
                )

    def end(self) -> None:
        self._parse(b"", True)

    def _parse(self, block: Block, is_last: bool) -> None:
        try:
            self._parser.Parse(block, is_last)
        except expat.ExpatError as error:
            raise self._broken(block, error) from error
        except (ValueError, LookupError) as error:
            raise UnreadableFile(f"The file's encoding is not known here ({error}): save it as UTF-8.") from error

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        self.root = self._builder.start(name, attributes)
        # From here on the builder's own methods: no Python runs between the two parsers.
        self._parser.StartElementHandler = self._builder.start

    def _refuse_doctype(self, *_: object) -> None:
        raise UnreadableFile(
            f"The file declares a document type (<!DOCTYPE …>, line {self.line:,}), which is not read here, for it may "
            "hold entities: export the file without it.",
            line=self.line,
        )

    def _broken(self, block: Block, error: expat.ExpatError) -> UnreadableFile:
        at = self._parser.ErrorByteIndex - self._fed_bytes
        if isinstance(block, bytes) and error.code == _BROKEN_CHARACTER and _is_no_utf8(block, at):
            return wrong_encoding(at_byte=self._fed_bytes + at, line=error.lineno)
        return UnreadableFile(
            f"This is no whole XML: on line {error.lineno:,}, at character {error.offset + 1:,}: "
            f"{expat.ErrorString(error.code)}. Nothing was imported; export the file again.",
            line=error.lineno,
        )


def _is_no_utf8(block: bytes, at: int) -> bool:
    if not 0 <= at < len(block) or block[at] < 0x80:
        return False
    try:
        block[at : at + 4].decode()
    except UnicodeDecodeError as bad:
        return bad.start == 0 and at + 4 <= len(block)
    return False


class _Harvest:
    """Takes the elements of one path out of a growing tree, as records, and throws away all others."""

    def __init__(self, path: Sequence[str], rows: CanonicalRows) -> None:
        self._path = path
        self._rows = rows
        self._number = 0

    def gather(self, root: Element | None) -> bool:
        """Take what is complete. False when there was nothing new, neither to take nor to throw away."""
        if root is None or (len(self._path) == 1 and root.tag == self._path[0]):
            return False
        return self._gather_within(root, 1)

    def gather_rest(self, root: Element | None) -> None:
        """The document has ended: take the elements that were open."""
        assert root is not None
        if len(self._path) == 1:
            self._take(root)
        elif root.tag == self._path[0]:
            self._gather_all(root, 1)

    def _gather_within(self, parent: Element, depth: int) -> bool:
        """Take the complete children of an open element; only its last one may still be open."""
        if not len(parent):
            return False
        complete = parent[:-1]
        for child in complete:
            self._gather_child(child, depth)
        del parent[:-1]
        last = parent[0]
        if last.tag != self._path[depth]:
            return _clear_within(last) or bool(complete)
        if depth + 1 < len(self._path):
            return self._gather_within(last, depth + 1) or bool(complete)
        return bool(complete)

    def _gather_all(self, parent: Element, depth: int) -> None:
        for child in parent:
            self._gather_child(child, depth)

    def _gather_child(self, child: Element, depth: int) -> None:
        if child.tag != self._path[depth]:
            return
        if depth + 1 < len(self._path):
            self._gather_all(child, depth + 1)
        else:
            self._take(child)

    def _take(self, record: Element) -> None:
        self._number += 1
        self._rows.add(_record(record, self._number), self._number)


def _clear_within(element: Element) -> bool:
    """Throw away what is complete within an open element."""
    cleared = False
    while len(element):
        cleared = cleared or len(element) > 1
        del element[:-1]
        element = element[0]
    return cleared


# Records --------------------------------------------------------------------------------------------------------------


def _record(record: Element, number: int) -> dict[str, str]:
    """The cells of a record by the names of their columns."""
    cells: dict[str, str] = {}
    repeated: dict[str, list[str]] = {}
    for name, value in record.items():
        if not _is_namespace(name):
            cells[f"@{name}"] = value
    own_text = record.text
    is_mixed = own_text is not None and bool(own_text.strip())
    for child in record:
        tail = child.tail
        if tail and not tail.isspace():
            is_mixed = True
        if len(child) or child.keys():
            for name, value in _columns(child, record, number, 1):
                _put(cells, repeated, name, value)
            continue
        name, text = child.tag, child.text
        if name not in cells:
            cells[name] = text.strip() if text else ""
        elif text:
            _put(cells, repeated, name, text.strip())
    if is_mixed:
        _put(cells, repeated, record.tag, _own_text(record))
    for name, items in repeated.items():
        cells[name] = list_cell(items)
    return cells


def _put(cells: dict[str, str], repeated: dict[str, list[str]], name: str, value: str) -> None:
    """Set a cell; one that is set already becomes a list of both."""
    if name not in cells:
        cells[name] = value
    elif value:
        if name not in repeated:
            repeated[name] = [cells[name]] if cells[name] else []
        repeated[name].append(value)


def _columns(child: Element, parent: Element, number: int, depth: int) -> Iterator[tuple[str, str]]:
    """The columns of an element that holds others or has attributes, and their cells."""
    if depth > NESTING:
        raise UnreadableFile(f"Record {number:,} is nested more than {NESTING} levels deep: export it flatter.")
    name = child.tag
    attributes = {key: value for key, value in child.items() if not _is_namespace(key)}
    text = _own_text(child)
    if not len(child):
        named = next((key for key in _NAMING_ATTRIBUTES if attributes.get(key)), None)
        if named is not None:
            name = f"{name}[{attributes.pop(named)}]"
            text = text or attributes.pop("value", "")
        yield name, text
    elif text:
        yield name, " ".join("".join(child.itertext()).split())
    elif sum(1 for each in parent if each.tag == name and len(each)) > 1:
        yield from _as_json(child, parent, number)
        return
    else:
        for each in child:
            yield from ((f"{name}.{inner}", cell) for inner, cell in _inner(each, child, number, depth))
    for key, value in attributes.items():
        yield f"{name}@{key}", value


def _inner(each: Element, child: Element, number: int, depth: int) -> Iterator[tuple[str, str]]:
    if len(each) or each.keys():
        return _columns(each, child, number, depth + 1)
    return iter([(each.tag, (each.text or "").strip())])


def _as_json(child: Element, parent: Element, number: int) -> Iterator[tuple[str, str]]:
    """All elements of the child's name as JSON text, where the first of them stands."""
    twins = [each for each in parent if each.tag == child.tag]
    if twins[0] is child:
        yield child.tag, orjson.dumps([_record(each, number) for each in twins]).decode()


def _own_text(element: Element) -> str:
    """The text that stands in an element itself, beside the elements it holds."""
    own = (element.text, *(each.tail for each in element))
    return " ".join(text.strip() for text in own if text and text.strip())


def _is_namespace(name: str) -> bool:
    return name == "xmlns" or name.startswith("xmlns:")
