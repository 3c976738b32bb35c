"""Which format a file has: its first bytes decide, its name only where bytes cannot.

In: the head of a file (a few kilobytes) and its name. Out: ``csv``, ``xlsx``, ``json`` or ``xml``, or an UnreadableFile
that says what the file is instead. Serves the wizard document, "Before you start", and the shared spec, section 1.
"""

import re
from pathlib import PurePath

from chalicelib.errors import UnreadableFile

FORMAT_NAMES = {"csv": "a CSV file", "xlsx": "an XLSX workbook", "json": "a JSON file", "xml": "an XML file"}

_SPREADSHEET_ADVICE = "open it in a spreadsheet program and save it as CSV UTF-8"
_UNPACK_ADVICE = "unpack it and upload the file inside"
_TABLE_ADVICE = "export the products as a CSV file"

_FOREIGN = (
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "an old Excel workbook (.xls) or another old Office file",
        _SPREADSHEET_ADVICE,
    ),
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
_JSON = re.compile(rb"\{\s*[\"}]|\[\s*[\[{\"\]]")
_WEB_PAGE = re.compile(rb"<(?:!doctype\s+html|html)\b", re.IGNORECASE)
_XML = re.compile(rb"<(?:\?xml\b|!DOCTYPE\b|!--)", re.IGNORECASE)
_ELEMENT = re.compile(rb"<[A-Za-z_]")
_CONTROL_BYTES = bytes(range(9)) + bytes(range(14, 32)) + b"\x7f"

_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def detect(head: bytes, file_name: str) -> str:
    """The format of a file that begins with ``head``. Raises UnreadableFile for what is no table of text at all."""
    for first_bytes, kind, advice in _FOREIGN:
        if head.startswith(first_bytes):
            raise UnreadableFile(f"This is {kind}, not a CSV file: {advice}.", byte_offset=0)
    if head.startswith(_ZIP):
        return _detect_zip(head)
    text = _without_bom(head).lstrip()
    if _WEB_PAGE.match(text):
        raise UnreadableFile("This is a web page, not a CSV file: download the file itself.", byte_offset=0)
    extension = PurePath(file_name).suffix.lower().lstrip(".")
    if _JSON.match(text):
        return "json"
    if _XML.match(text) or (_ELEMENT.match(text) and extension == "xml"):
        return "xml"
    refuse_binary(head)
    return extension if extension in {"json", "xml"} else "csv"


def refuse_binary(head: bytes) -> None:
    """Raise UnreadableFile when a file's first bytes are no text.

    A stray NUL or two is left to the rows they stand in; UTF-16, which is half NULs, is left to the encoding check.
    """
    controls = len(head) - len(head.translate(None, _CONTROL_BYTES))
    if controls <= max(2, len(head) // 500) or looks_utf16(head):
        return
    at = next(place for place, byte in enumerate(head) if byte in _CONTROL_BYTES)
    raise UnreadableFile(
        f"This is no CSV file but binary data: byte {at:,} is a control character. Export the products as a CSV file.",
        byte_offset=at,
    )


def looks_utf16(head: bytes) -> str | None:
    """``utf-16``, ``utf-16-le`` or ``utf-16-be`` when the bytes look like one of them, else None."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    half = len(head) // 2
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if half >= 4 and min(even, odd) * 10 <= max(even, odd) and max(even, odd) * 5 >= half * 2:
        return "utf-16-be" if even > odd else "utf-16-le"
    return None


def _detect_zip(head: bytes) -> str:
    if any(part in head for part in _WORKBOOK_PARTS):
        return "xlsx"
    raise UnreadableFile(f"This is a ZIP archive, not a CSV file: {_UNPACK_ADVICE}.", byte_offset=0)


def _without_bom(head: bytes) -> bytes:
    return next((head[len(bom) :] for bom in _BOMS if head.startswith(bom)), head)
