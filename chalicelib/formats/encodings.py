"""Which bytes are which characters, and what to say when they are not UTF-8.

In: bytes of a file. Out: text, or a WrongEncoding with the first bad byte and the encoding the file most likely has.
Serves the wizard document, "Before you start" (UTF-8, a BOM is handled), and the shared spec, section 1.
"""

import codecs
import re
from typing import IO

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
_NOT_OF_FILES = frozenset(
    {"punycode", "idna", "utf-7", "unicode_escape", "raw_unicode_escape", "unicode-escape", "raw-unicode-escape"}
)
"""Codecs of Python that are no file's encoding, and fail in ways of their own."""
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


class TextStream:
    """A file as text, a piece at a time: in the encoding it is said to have, or that its first bytes show, or UTF-8.

    Raises WrongEncoding at the first bytes that are not of it.
    """

    def __init__(self, stream: IO[bytes], head: bytes, encoding: str | None, *, block_bytes: int) -> None:
        self._stream = stream
        self._block_bytes = block_bytes
        self._head = head
        self.encoding, self._bom_bytes = resolve(encoding or looks_utf16(head) or "utf-8", head)
        self._decoder = codecs.getincrementaldecoder(self.encoding)()
        self._read_bytes = 0
        self._line = 1

    def read(self) -> str:
        """The next piece; empty at the end."""
        text = ""
        while not text:
            block = self._head or self._stream.read(self._block_bytes)
            self._head = b""
            text = self._decoded(block)
            if not block:
                break
        return text

    def _decoded(self, block: bytes) -> str:
        kept = self._decoder.getstate()[0]
        start = self._read_bytes - len(kept)
        self._read_bytes += len(block)
        bom = 0 if start or kept else self._bom_bytes
        try:
            text = self._decoder.decode(block[bom:], not block)
        except UnicodeDecodeError as bad:
            data = kept + block[bom:]
            line = self._line + data[: bad.start].count(b"\n")
            raise wrong_encoding(data, bad.start, at_byte=start + bom, line=line, encoding=self.encoding) from bad
        self._line += text.count("\n")
        return text


def wrong_encoding(data: bytes, bad: int, *, at_byte: int, line: int, encoding: str = "utf-8") -> WrongEncoding:
    """The refusal of ``data``, which stands at ``at_byte`` of its file and cannot be read at byte ``bad``."""
    likely = likely_encoding(data, bad) if encoding == "utf-8" else None
    message = _advice(at_byte + bad, line, likely, encoding, saved_as="UTF-8")
    return WrongEncoding(message, byte_offset=at_byte + bad, likely=likely)


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
    refusal = UnreadableFile(f'"{encoding}" is no encoding known here.')
    try:
        name = codecs.lookup(encoding).name.removesuffix("-sig")
        stateless = "\n".encode(name).decode(name) == "\n" and "a\n".encode(name).endswith("\n".encode(name))
    except (LookupError, ValueError, TypeError) as unknown:
        raise refusal from unknown
    if name in _NOT_OF_FILES:
        raise refusal
    if not stateless and name != "utf-16":
        raise UnreadableFile(f"{encoding} cannot be read in parts: save the file as UTF-8 and upload it again.")
    return name


def _advice(
    offset: int, line: int, likely: str | None, encoding: str = "utf-8", *, saved_as: str = '"CSV UTF-8"'
) -> str:
    where = f"byte {offset:,}, on line {line:,},"
    advice = f"Save it as {saved_as} and upload it again."
    if encoding != "utf-8":
        return f"The file is not {encoding}: {where} cannot be read by it. {advice}"
    if likely:
        return f"The file is not UTF-8: {where} cannot be read; it is most likely {_SPOKEN_NAMES[likely]}. {advice}"
    return f"The file is not UTF-8, or is damaged: {where} cannot be read. {advice}"
