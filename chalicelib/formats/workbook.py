"""A workbook's file: a ZIP archive of XML parts, looked through before anything of it is unpacked.

In: a binary file object that can seek. Out: its sheets, its texts, how its numbers are shown, and the rows of a sheet.
Refused is whatever unpacks to more than the limits allow, holds a document type, is encrypted, or is an archive of
another kind; the text says what it is.
"""

import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from posixpath import basename, dirname, join, normpath
from typing import IO

from chalicelib.errors import UnreadableFile
from chalicelib.formats.reading import FileLimits
from chalicelib.formats.sheet_values import Show, shows
from chalicelib.formats.sheet_xml import (
    DAMAGED,
    MergedRange,
    NotPlain,
    Row,
    any_rows,
    any_shared_texts,
    local_name,
    new_parser,
    parse,
    plain_rows,
    plain_shared_texts,
    refused_doctype,
    whole_number,
)

PARTS = 10_000
_DIRECTORY_BYTES = PARTS * 512
_END_RECORD = struct.Struct("<4s4H2LH")
_END_RECORD_MARK = b"PK\x05\x06"
_COMMENT_BYTES = 65_535
_LARGE_END_RECORD = struct.Struct("<4sQ2H2L4Q")
_LARGE_END_LOCATOR_BYTES = 20
_LARGE_END_RECORD_MARK = b"PK\x06\x06"

_SMALL_PART_BYTES = 16 * 1024 * 1024
"""A workbook's list of sheets, its relations and its styles are no larger than this."""
_LARGE_BYTES = 8 * 1024 * 1024
"""Below this much it does not matter how tightly something was packed."""
_PIECE_BYTES = 256 * 1024
_PROLOG_BYTES = 4 * 1024

_ARCHIVES = (".zip", ".7z", ".rar", ".gz", ".jar")
_OTHERS = (
    ("word/", "a Word document"),
    ("ppt/", "a PowerPoint presentation"),
    ("xl/workbook.bin", "a binary workbook (.xlsb)"),
    ("content.xml", "an OpenDocument file (.ods, .odt)"),
)
_DOCTYPES = (b"<!DOCTYPE", b"<!ENTITY")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A worksheet; ``part`` is where its rows are."""

    name: str
    part: str
    is_visible: bool


class Workbook:
    """An open workbook. Raises UnreadableFile when it is none, or a dangerous one."""

    def __init__(self, stream: IO[bytes], limits: FileLimits) -> None:
        self._limits = limits
        _refuse_large_directory(stream)
        with _damages("its directory"):
            self._zip = zipfile.ZipFile(stream)
        infos = self._zip.infolist()
        _refuse_bombs(infos, limits)
        self._parts = {info.filename.replace("\\", "/").lstrip("/").lower(): info for info in infos}
        _refuse_other_archives(self._parts)
        self._refuse_doctypes()
        self._book = self._part_of_kind("_rels/.rels", "officedocument") or "xl/workbook.xml"
        self._relations = join(dirname(self._book), "_rels", f"{basename(self._book)}.rels")
        self._since_1904 = False
        self.sheets = self._read_sheets()
        self.texts = self._read_texts()
        self.shows = self._read_shows()

    def pieces(self, part: str) -> Iterator[bytes]:
        """The bytes of a part. Raises UnreadableFile once there are more than a workbook may hold."""
        info = self._parts.get(part.lower())
        if info is None:
            raise UnreadableFile(f"The workbook is damaged, its part {part} is missing: {DAMAGED}.")
        read_bytes = 0
        with _damages(part), self._zip.open(info) as content:
            while piece := content.read(_PIECE_BYTES):
                read_bytes += len(piece)
                # A directory may lie about what it lists.
                if read_bytes > self._limits.inflated_bytes:
                    raise _too_large(self._limits)
                yield piece

    def rows(self, sheet: Sheet, merged: list[MergedRange], *, is_plain: bool) -> Iterator[Row]:
        """The rows of a sheet in its order; once they are over, ``merged`` has its ranges.

        ``is_plain`` trusts the sheet to be written in the usual way, and raises NotPlain when it is not.
        """
        if is_plain:
            return plain_rows(lambda: self.pieces(sheet.part), merged)
        return any_rows(lambda: self.pieces(sheet.part), sheet.part, merged)

    def _read_sheets(self) -> Sequence[Sheet]:
        targets = self._targets(self._relations)
        sheets = []
        for name, attributes in self._elements(self._book):
            if name == "workbookPr":
                self._since_1904 = attributes.get("date1904", "") in {"1", "true"}
            if name == "sheet":
                relation = next((value for key, value in attributes.items() if local_name(key) == "id"), "")
                kind, part = targets.get(relation, ("", ""))
                if kind == "worksheet":
                    is_visible = attributes.get("state", "visible") == "visible"
                    sheets.append(Sheet(attributes.get("name", ""), part, is_visible))
        if not sheets:
            raise UnreadableFile(f"The workbook has no worksheet to import: {DAMAGED}.")
        return tuple(sheets)

    def _read_texts(self) -> Sequence[str]:
        part = self._part_of_kind(self._relations, "sharedstrings")
        if part is None:
            return ()
        try:
            return plain_shared_texts(lambda: self.pieces(part))
        except NotPlain:
            return any_shared_texts(lambda: self.pieces(part), part)

    def _read_shows(self) -> Sequence[Show]:
        """How numbers are shown, by the number of their style."""
        part = self._part_of_kind(self._relations, "styles")
        codes: dict[int, str] = {}
        styles: list[Show] = []
        within = ""
        for name, attributes in self._elements(part) if part else ():
            if name in {"cellStyleXfs", "cellXfs", "dxfs"}:
                within = name
            elif name == "numFmt" and within != "dxfs":
                codes[whole_number(attributes.get("numFmtId"))] = attributes.get("formatCode", "")
            elif name == "xf" and within == "cellXfs":
                number = whole_number(attributes.get("numFmtId"))
                styles.append(shows(number, codes.get(number), since_1904=self._since_1904))
        return tuple(styles)

    def _part_of_kind(self, relations: str, kind: str) -> str | None:
        """The part a relation of this kind leads to, when it is there."""
        parts = (part for its_kind, part in self._targets(relations).values() if its_kind == kind)
        return next((part for part in parts if part.lower() in self._parts), None)

    def _targets(self, relations: str) -> dict[str, tuple[str, str]]:
        """The relations of a part by their ids: their kind in small letters, and the part they lead to."""
        if relations.lower() not in self._parts:
            return {}
        folder = dirname(dirname(relations))
        found = {}
        for name, attributes in self._elements(relations):
            if name == "Relationship" and attributes.get("TargetMode") != "External":
                part = normpath(join("/", folder, attributes.get("Target", ""))).lstrip("/")
                found[attributes.get("Id", "")] = (attributes.get("Type", "").rpartition("/")[2].lower(), part)
        return found

    def _elements(self, part: str) -> Iterator[tuple[str, Mapping[str, str]]]:
        """The elements of a small part as they begin: their names without prefix, and their attributes."""
        found: list[tuple[str, Mapping[str, str]]] = []
        parser = new_parser(part)
        parser.StartElementHandler = lambda name, attributes: found.append((local_name(name), attributes))
        read_bytes = 0
        for piece in self.pieces(part):
            read_bytes += len(piece)
            if read_bytes > _SMALL_PART_BYTES:
                raise _too_large(self._limits)
            parse(parser, piece, part)
            yield from found
            found.clear()
        parse(parser, b"", part, is_last=True)
        yield from found

    def _refuse_doctypes(self) -> None:
        """Parts that nobody reads are looked into as well: a workbook with a document type in it is a trap."""
        for part, info in self._parts.items():
            if part.endswith((".xml", ".rels", ".vml")):
                with _damages(part), self._zip.open(info) as content:
                    beginning = content.read(_PROLOG_BYTES).replace(b"\0", b"").upper()
                if any(mark in beginning for mark in _DOCTYPES):
                    raise refused_doctype(part)


# What is refused ------------------------------------------------------------------------------------------------------


@contextmanager
def _damages(what: str) -> Iterator[None]:
    """Whatever an archive's reader says of bytes that are no archive."""
    try:
        yield
    except UnreadableFile:
        raise
    except (
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        ArithmeticError,
        EOFError,
        LookupError,
        OSError,
        RuntimeError,
        ValueError,
    ) as error:
        raise UnreadableFile(f"The workbook is damaged, {what} cannot be read ({error}): {DAMAGED}.") from error


def _refuse_large_directory(stream: IO[bytes]) -> None:
    """The directory is read as a whole, so its size is looked at before."""
    size = stream.seek(0, 2)
    stream.seek(max(0, size - _COMMENT_BYTES - _END_RECORD.size - _LARGE_END_LOCATOR_BYTES - _LARGE_END_RECORD.size))
    tail = stream.read()
    stream.seek(0)
    at = tail.rfind(_END_RECORD_MARK)
    if at < 0 or len(tail) - at < _END_RECORD.size:
        raise UnreadableFile(f"The workbook is cut off, its directory is missing: {DAMAGED}.")
    directory_bytes = _END_RECORD.unpack_from(tail, at)[5]
    large_at = at - _LARGE_END_LOCATOR_BYTES - _LARGE_END_RECORD.size
    if large_at >= 0 and tail[large_at : large_at + 4] == _LARGE_END_RECORD_MARK:
        directory_bytes = _LARGE_END_RECORD.unpack_from(tail, large_at)[8]
    if directory_bytes > _DIRECTORY_BYTES:
        raise _too_many_parts()


def _refuse_bombs(infos: Sequence[zipfile.ZipInfo], limits: FileLimits) -> None:
    if len(infos) > PARTS:
        raise _too_many_parts()
    for info in infos:
        if info.flag_bits & 1:
            raise UnreadableFile("The workbook is encrypted: save it without a password.")
        if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise UnreadableFile(
                f"The workbook's part {info.filename} is packed in a way workbooks are not: {DAMAGED}."
            )
        if info.filename.lower().endswith(_ARCHIVES):
            raise UnreadableFile(f"The workbook holds another archive ({info.filename}): take it out.")
    inflated = sum(info.file_size for info in infos)
    packed = sum(info.compress_size for info in infos)
    if inflated > limits.inflated_bytes or (inflated > _LARGE_BYTES and inflated > packed * limits.inflated_ratio):
        raise _too_large(limits)


def _refuse_other_archives(parts: Mapping[str, zipfile.ZipInfo]) -> None:
    if "xl/workbook.bin" not in parts and any(part.startswith("xl/") for part in parts):
        return
    kind = next((kind for begin, kind in _OTHERS if any(part.startswith(begin) for part in parts)), None)
    advice = "open it in a spreadsheet program and save it as XLSX or CSV UTF-8"
    if kind is None:
        kind, advice = "a ZIP archive", "unpack it and upload the file inside"
    raise UnreadableFile(f"This is {kind}, not an XLSX workbook: {advice}.", byte_offset=0)


def _too_large(limits: FileLimits) -> UnreadableFile:
    return UnreadableFile(
        f"The workbook unpacks to more than {limits.inflated_bytes:,} bytes, or is packed more than "
        f"{limits.inflated_ratio} times tighter than workbooks are: split it, or save its sheet as CSV UTF-8."
    )


def _too_many_parts() -> UnreadableFile:
    return UnreadableFile(f"The workbook has more than {PARTS:,} parts: save its sheet as CSV UTF-8.")
