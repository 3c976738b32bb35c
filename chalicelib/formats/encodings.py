"""Which bytes are which characters, and what to say when they are not UTF-8.

In: bytes of a file. Out: text, or a WrongEncoding with the first bad byte and the encoding the file most likely has.
Serves the wizard document, "Before you start" (UTF-8, a BOM is handled), and the shared spec, section 1.
"""

import codecs
import re

from chalicelib.errors import UnreadableFile, WrongEncoding
from chalicelib.formats.signatures import looks_utf16

_SPOKEN_NAMES = {  # what spreadsheets and older shop systems write when they do not write UTF-8
    "cp1252": "Windows-1252 (Western European)",
    "cp1250": "Windows-1250 (Central European)",
    "cp1251": "Windows-1251 (Cyrillic)",
    "cp1253": "Windows-1253 (Greek)",
    "cp1254": "Windows-1254 (Turkish)",
    "cp1257": "Windows-1257 (Baltic)",
    "mac_roman": "Mac Roman",
    "cp932": "Shift-JIS (Japanese)",
    "euc_jp": "EUC-JP (Japanese)",
    "gb18030": "GB 18030 (Chinese)",
    "big5": "Big5 (Chinese)",
    "cp949": "CP949 (Korean)",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
}
_LOOKED_LIKE_1252 = frozenset({"cp1252", "cp1250", "cp1254", "cp1257", "mac_roman"})
_NOT_WESTERN = re.compile(r"[šžŠŽŸ]|[ìð]\w|ù[a-zà-ÿ]|\w[¹³¿¥¼¾]|[³¿¹]\w|õ(?!e)|[þý]|[^\W\d_][–—‡ˆ][^\W\d_]")
"""Signs that text decoded as Windows-1252 was Central European, Turkish or from a Mac: this is what they turn into."""

_SAMPLE_BEFORE_BYTES, _SAMPLE_AFTER_BYTES = 2_000, 8_000


def resolve(encoding: str | None, head: bytes) -> tuple[str, int]:
    """The codec to read a file by, and the bytes of its BOM; ``encoding`` None insists on UTF-8."""
    name = _codec_name(encoding or "utf-8")
    if name == "utf-16":
        name = "utf-16-be" if head.startswith(codecs.BOM_UTF16_BE) else "utf-16-le"
    boms = {"utf-8": codecs.BOM_UTF8, "utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}
    bom = boms.get(name, b"")
    if encoding is None and (likely := looks_utf16(head)):
        at = 0 if likely == "utf-16" else head.index(0)
        raise WrongEncoding(_advice(at, 1, likely), byte_offset=at, likely=likely)
    return name, len(bom) if bom and head.startswith(bom) else 0


def newline_bytes(encoding: str) -> tuple[bytes, bytes]:
    """How LF and CR are written in an encoding."""
    return "\n".encode(encoding), "\r".encode(encoding)


def decode(data: bytes, encoding: str, *, at: int, line: int) -> str:
    """``data`` as text. ``at`` and ``line`` say where it stands in its file, for the WrongEncoding it may raise."""
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as bad:
        offset, bad_line = at + bad.start, line + len(data[: bad.start + 1].splitlines()) - 1
        likely = likely_encoding(data, bad.start) if encoding == "utf-8" else None
        message = _advice(offset, bad_line, likely, encoding)
        raise WrongEncoding(message, byte_offset=offset, likely=likely) from bad


def likely_encoding(data: bytes, bad: int) -> str | None:
    """What data that is not UTF-8 at byte ``bad`` most likely is; None for UTF-8 that is merely damaged there."""
    if not data[:bad].isascii():
        return None
    # Needed for refused files only, and slow to import.
    from charset_normalizer import from_bytes  # noqa: PLC0415

    start = data.rfind(b"\n", 0, max(0, bad - _SAMPLE_BEFORE_BYTES)) + 1
    end = data.rfind(b"\n", bad, bad + _SAMPLE_AFTER_BYTES)
    sample = data[start : end if end > 0 else bad + _SAMPLE_AFTER_BYTES]
    candidates = [name for name in _SPOKEN_NAMES if not name.startswith("utf")]
    found = [match.encoding for match in from_bytes(sample, cp_isolation=candidates)]
    if (not found or found[0] in _LOOKED_LIKE_1252) and _may_be_western(sample):
        return "cp1252"
    return next((name for name in found if name != "cp1252"), None)


def _may_be_western(sample: bytes) -> bool:
    text = sample.decode("cp1252", errors="replace")
    return "\ufffd" not in text and not _NOT_WESTERN.search(text)


def _codec_name(encoding: str) -> str:
    try:
        name = codecs.lookup(encoding).name.removesuffix("-sig")
        stateless = "\n".encode(name).decode(name) == "\n" and "a\n".encode(name).endswith("\n".encode(name))
    except (LookupError, UnicodeError, TypeError) as unknown:
        raise UnreadableFile(f'"{encoding}" is no encoding known here.') from unknown
    if not stateless and name != "utf-16":
        raise UnreadableFile(f"{encoding} cannot be read in parts: save the file as UTF-8 and upload it again.")
    return name


def _advice(offset: int, line: int, likely: str | None, encoding: str = "utf-8") -> str:
    where = f"byte {offset:,}, on line {line:,},"
    advice = 'Save it as "CSV UTF-8" and upload it again.'
    if encoding != "utf-8":
        return f"The file is not {encoding}: {where} cannot be read by it. {advice}"
    if likely:
        return f"The file is not UTF-8: {where} cannot be read; it is most likely {_SPOKEN_NAMES[likely]}. {advice}"
    return f"The file is not UTF-8, or is damaged: {where} cannot be read. {advice}"
