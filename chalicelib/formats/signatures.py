"""Which format a file has: its first bytes decide, its name only where bytes cannot.

In: the head of a file (a few kilobytes) and its name. Out: ``csv``, ``xlsx``, ``json`` or ``xml``, or an UnreadableFile
that says what the file is instead, and what is taken. Serves the wizard document, "Before you start", the imports
document, "Upload a file", and the shared spec, section 1.
"""

import re
from collections.abc import Collection
from pathlib import PurePath

from chalicelib.errors import UnreadableFile

FORMAT_NAMES = {"csv": "a CSV file", "xlsx": "an XLSX workbook", "json": "a JSON file", "xml": "an XML file"}
CSV_ONLY = ("csv",)

_SPREADSHEET_ADVICE = "open it in a spreadsheet program and save it as CSV UTF-8"
_UNPACK_ADVICE = "unpack it and upload the file inside"
_TABLE_ADVICE = "export the products as a CSV file"

_FOREIGN = (
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "an old Excel workbook (.xls), a workbook with a password, or another old Office file",
        _SPREADSHEET_ADVICE,
    ),
    (b"\x09\x04\x06\0", "an old Excel workbook (.xls)", _SPREADSHEET_ADVICE),
    (b"\x09\x02\x06\0", "an old Excel workbook (.xls)", _SPREADSHEET_ADVICE),
    (b"\x09\0\x04\0", "an old Excel workbook (.xls)", _SPREADSHEET_ADVICE),
    (b"GIF8", "a GIF image", _TABLE_ADVICE),
    (b"\x89PNG\r\n", "a PNG image", _TABLE_ADVICE),
    (b"\xff\xd8\xff", "a JPEG image", _TABLE_ADVICE),
    (b"II*\x00", "a TIFF image", _TABLE_ADVICE),
    (b"MM\x00*", "a TIFF image", _TABLE_ADVICE),
    (b"RIFF", "an image, sound or film (RIFF)", _TABLE_ADVICE),
    (b"%PDF-", "a PDF document", _TABLE_ADVICE),
    (b"{\\rtf", "an RTF document", _TABLE_ADVICE),
    (b"\x1f\x8b", "a gzip archive", _UNPACK_ADVICE),
    (b"BZh", "a bzip2 archive", _UNPACK_ADVICE),
    (b"\xfd7zXZ\x00", "an xz archive", _UNPACK_ADVICE),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK_ADVICE),
    (b"Rar!\x1a\x07", "a RAR archive", _UNPACK_ADVICE),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive", _UNPACK_ADVICE),
    (b"SQLite format 3\x00", "an SQLite database", _TABLE_ADVICE),
    (b"PAR1", "a Parquet file", _TABLE_ADVICE),
    (b"\x7fELF", "a program", _TABLE_ADVICE),
    (b"MZ\x90\x00", "a program", _TABLE_ADVICE),
)
"""First bytes, what they are, and what to do. None of them can begin a table of text."""

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_WORKBOOK_PARTS = (b"xl/", b"[Content_Types].xml")
_WORKBOOK_ENDINGS = frozenset({"xlsx", "xlsm", "xltx", "xltm"})
_OPEN_DOCUMENT = b"mimetypeapplication/vnd.oasis.opendocument."
_JSON = re.compile(rb"\{\s*[\"}]|\[\s*[\[{\"\]]")
_WEB_PAGE = re.compile(rb"<(?:!doctype\s+html|html)\b", re.IGNORECASE)
_XML = re.compile(rb"<(?:\?xml\b|!DOCTYPE\b|!--)", re.IGNORECASE)
_TABLES = frozenset({"csv", "tsv", "txt"})
_ELEMENT = re.compile(rb"<[A-Za-z_]")
_CONTROL_BYTES = bytes(range(9)) + bytes(range(14, 32)) + b"\x7f"

_BOM = b"\xef\xbb\xbf"
_UTF32 = (b"\xff\xfe\0\0", b"\0\0\xfe\xff")


def detect(head: bytes, file_name: str, taken: Collection[str] = CSV_ONLY) -> str:
    """The format of a file that begins with ``head``, be it one of the formats ``taken`` or not.

    Raises UnreadableFile for what is none of the four; its text names those that are taken.
    """
    for first_bytes, kind, advice in _FOREIGN:
        if head.startswith(first_bytes):
            raise _refused(kind, taken, advice)
    extension = PurePath(file_name).suffix.lower().lstrip(".")
    if head.startswith(_ZIP):
        return _detect_zip(head, extension, taken)
    text = _as_ascii(head)
    if _WEB_PAGE.match(text):
        raise _refused("a web page", taken, "download the file itself")
    if _JSON.match(text):
        return "json"
    if _XML.match(text) or (_ELEMENT.match(text) and _may_be_xml(text, extension)):
        return "xml"
    refuse_binary(head, taken)
    return extension if extension in {"json", "xml"} else "csv"


def _may_be_xml(text: bytes, extension: str) -> bool:
    """Whether a text that begins with an element, and does not say that it is XML, is. A table may hold HTML."""
    return extension == "xml" or (extension not in _TABLES and (b"</" in text or b"/>" in text))


def refuse_untaken(found: str, taken: Collection[str]) -> None:
    """Raise UnreadableFile unless a file of the format ``found`` is taken."""
    if found not in taken:
        advice = "save it as CSV UTF-8 and upload that" if "csv" in taken else "save it as that and upload it again"
        raise UnreadableFile(f"This is {FORMAT_NAMES[found]}, not {named(taken)}: {advice}.")


def named(taken: Collection[str]) -> str:
    """The formats in words: "a CSV file, an XLSX workbook or a JSON file"."""
    *others, last = (name for key, name in FORMAT_NAMES.items() if key in taken)
    return f"{', '.join(others)} or {last}" if others else last


def refuse_binary(head: bytes, taken: Collection[str] = CSV_ONLY) -> None:
    """Raise UnreadableFile when a file's first bytes are no text.

    A stray NUL or two is left to the rows they stand in; UTF-16, which is half NULs, is left to the encoding check.
    """
    controls = len(head) - len(head.translate(None, _CONTROL_BYTES))
    if controls <= max(2, len(head) // 500) or looks_utf16(head) or head.startswith(_UTF32):
        return
    at = next(place for place, byte in enumerate(head) if byte in _CONTROL_BYTES)
    raise UnreadableFile(
        f"This is binary data, not {named(taken)}: byte {at:,} is a control character. "
        "Export the products as a CSV file.",
        byte_offset=at,
    )


def looks_utf16(head: bytes) -> str | None:
    """``utf-16-le`` or ``utf-16-be`` when the bytes look like one of them, else None."""
    if head.startswith(_UTF32):
        return None
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16-le" if head.startswith(b"\xff") else "utf-16-be"
    half = len(head) // 2
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if half >= 4 and min(even, odd) * 10 <= max(even, odd) and max(even, odd) * 5 >= half * 2:
        return "utf-16-be" if even > odd else "utf-16-le"
    return None


def _detect_zip(head: bytes, extension: str, taken: Collection[str]) -> str:
    if _OPEN_DOCUMENT in head[:128]:
        raise _refused("an OpenDocument file (.ods, .odt)", taken, _SPREADSHEET_ADVICE)
    # The names of a large workbook's parts may stand far behind its first bytes; its reader looks for them.
    if any(part in head for part in _WORKBOOK_PARTS) or extension in _WORKBOOK_ENDINGS:
        return "xlsx"
    raise _refused("a ZIP archive", taken, _UNPACK_ADVICE)


def _refused(kind: str, taken: Collection[str], advice: str) -> UnreadableFile:
    return UnreadableFile(f"This is {kind}, not {named(taken)}: {advice}.", byte_offset=0)


def _as_ascii(head: bytes) -> bytes:
    """The head without BOM and leading blanks; of UTF-16 and UTF-32 its ASCII characters."""
    if wide := "utf-32" if head.startswith(_UTF32) else looks_utf16(head):
        return head.decode(wide, "ignore").removeprefix("\ufeff").encode("ascii", "replace").lstrip()
    return head.removeprefix(_BOM).lstrip()
