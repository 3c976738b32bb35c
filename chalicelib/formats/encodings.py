"""Which bytes are which characters: the names of encodings, and text out of bytes, or a refusal that says where.

In: bytes of a file and what is said of them. Out: text, or a WrongEncoding with the first bad byte and its line. Which
encoding a file has that is not UTF-8 is found out in ``likely_encoding``.
Serves the wizard document, "Before you start" (UTF-8, a BOM is handled), and the shared spec, section 1.
"""

import codecs
import re
from typing import IO

from chalicelib.errors import UnreadableFile, WrongEncoding
from chalicelib.formats.signatures import looks_utf16

UTF8 = "utf-8"

_SPOKEN_NAMES = {
    "cp1252": "Windows-1252 (Western European)",
    "cp1250": "Windows-1250 (Central European)",
    "cp1251": "Windows-1251 (Cyrillic)",
    "cp1253": "Windows-1253 (Greek)",
    "cp1254": "Windows-1254 (Turkish)",
    "cp1255": "Windows-1255 (Hebrew)",
    "cp1256": "Windows-1256 (Arabic)",
    "cp1257": "Windows-1257 (Baltic)",
    "cp874": "Windows-874 (Thai)",
    "mac_roman": "Mac Roman",
    "cp932": "Shift-JIS (Japanese)",
    "euc_jp": "EUC-JP (Japanese)",
    "gb18030": "GB 18030 (Chinese)",
    "big5": "Big5 (Chinese)",
    "cp949": "EUC-KR (Korean)",
}
_PUBLIC_NAMES = {
    "cp874": "windows-874",
    "cp932": "shift_jis",
    "cp949": "euc-kr",
    "cp866": "ibm866",
    "cp850": "ibm850",
    "cp852": "ibm852",
    "cp857": "ibm857",
    "mac_roman": "macintosh",
    "mac_latin2": "x-mac-ce",
    "mac_cyrillic": "x-mac-cyrillic",
    "utf-16-le": "utf-16le",
    "utf-16-be": "utf-16be",
    "utf-32-le": "utf-32le",
    "utf-32-be": "utf-32be",
}
"""Where the registered name is not Python's with hyphens."""

_SAID_OTHERWISE = {
    "ansi": "cp1252",
    "excel": "cp1252",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "x-mac-ce": "mac_latin2",
    "x-mac-cyrillic": "mac_cyrillic",
    "x-mac-roman": "mac_roman",
    "x-euc-jp": "euc_jp",
    "x-gbk": "gb18030",
    "unicode": "utf-16",
    "ucs-2": "utf-16",
    "iso-8859-8-i": "iso8859-8",
}
_WIDER = {
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "shift_jis": "cp932",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "ascii": UTF8,
}
"""Encodings that are said and not meant: files have the wider one, as browsers know."""
_WINDOWS = re.compile(r"(?:x-)?(?:windows|win|cp|ibm|dos)[-_ ]?(\d{3,5})")

_NOT_OF_FILES = frozenset(
    {"punycode", "idna", "utf-7", "unicode_escape", "raw_unicode_escape", "unicode-escape", "raw-unicode-escape"}
)
"""Codecs of Python that are no file's encoding, and fail in ways of their own."""
_BOM_OF = {
    UTF8: codecs.BOM_UTF8,
    "utf-32-le": codecs.BOM_UTF32_LE,
    "utf-32-be": codecs.BOM_UTF32_BE,
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
}
"""The longer ones before those they begin with."""
BOMS = tuple(_BOM_OF.values())


def codec_named(encoding: str) -> str:
    """Python's name of an encoding by any of its names. Raises UnreadableFile for none that a file here can have."""
    said = encoding.strip().lower()
    windows = _WINDOWS.fullmatch(said)
    refusal = UnreadableFile(f'"{encoding}" is no encoding known here: windows-1252 or shift_jis are, and many more.')
    try:
        name = codecs.lookup(_SAID_OTHERWISE.get(said) or (f"cp{windows[1]}" if windows else said)).name
        name = _WIDER.get(name.removesuffix("-sig"), name.removesuffix("-sig"))
        stateless = (
            "\n".encode(name).decode(name) == "\n"
            and "a\n".encode(name).endswith("\n".encode(name))
            and not name.startswith(("iso2022", "hz"))
        )
    except (LookupError, ValueError, TypeError) as unknown:
        raise refusal from unknown
    if name in _NOT_OF_FILES:
        raise refusal
    if not stateless and name not in {"utf-16", "utf-32"}:
        raise UnreadableFile(f"{encoding} cannot be read in parts: save the file as UTF-8 and upload it again.")
    return name


def public_name(codec: str) -> str:
    """The registered name of an encoding by Python's, as answers print it and ``encoding=`` takes it."""
    if known := _PUBLIC_NAMES.get(codec) or _PUBLIC_NAMES.get(codec.replace("-", "_")):
        return known
    if codec.startswith("cp125"):
        return f"windows-{codec.removeprefix('cp')}"
    return re.sub(r"^iso8859", "iso-8859", codec).replace("_", "-")


def spoken_name(codec: str) -> str:
    """An encoding's name for a person."""
    return _SPOKEN_NAMES.get(codec) or public_name(codec).upper()


def resolve(encoding: str | None, head: bytes) -> tuple[str, int]:
    """The codec to read a file by, and the bytes of its BOM; ``encoding`` None insists on UTF-8.

    Raises UnreadableFile for no encoding, and WrongEncoding for a file that shows at once that it is not UTF-8.
    """
    name = codec_named(encoding or UTF8)
    if name in {"utf-16", "utf-32"}:
        big = next((each for each in (f"{name}-be", f"{name}-le") if head.startswith(_BOM_OF[each])), f"{name}-le")
        name = big
    if encoding is None and (likely := shown_encoding(head)):
        at = 0 if head.startswith(_BOM_OF[likely]) else head.index(0)
        raise wrong_encoding(at_byte=at, line=1, likely=likely)
    bom = _BOM_OF.get(name, b"")
    if name != UTF8 and bom and head and not head.startswith(bom) and b"\0" not in head:
        # Any two bytes are a character in UTF-16; a table or a document that has not one of ASCII's is none.
        raise wrong_encoding(at_byte=0, line=1, encoding=name)
    return name, len(bom) if bom and head.startswith(bom) else 0


def shown_encoding(head: bytes) -> str | None:
    """The UTF-16 or UTF-32 that a file's first bytes show, by its mark or by its NULs, else None."""
    marked = next((name for name, bom in _BOM_OF.items() if name != UTF8 and head.startswith(bom)), None)
    return marked or looks_utf16(head)


def newline_bytes(encoding: str) -> tuple[bytes, bytes]:
    """How LF and CR are written in an encoding."""
    return "\n".encode(encoding), "\r".encode(encoding)


NUL_FOR_BYTES = "skuloom.nul"
"""How the bytes of a damaged file are decoded that are no character: each as a NUL, which as UTF-8 is a byte again."""


def _nul_for_bytes(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "\0" * (error.end - error.start), error.end


codecs.register_error(NUL_FOR_BYTES, _nul_for_bytes)


def decode(data: bytes, encoding: str, *, at: int, line: int, damaged: bool = False) -> str:
    """``data`` as text. ``at`` and ``line`` say where it stands in its file, for the WrongEncoding it may raise; of a
    ``damaged`` file nothing is refused.
    """
    try:
        return data.decode(encoding, NUL_FOR_BYTES if damaged else "strict")
    except UnicodeDecodeError as bad:
        bad_line = line + len(data[: bad.start + 1].splitlines()) - 1
        raise wrong_encoding(at_byte=at + bad.start, line=bad_line, encoding=encoding) from bad


class TextStream:
    """A file as text, a piece at a time: in the encoding it is said to have, or that its first bytes show, or UTF-8.

    Raises WrongEncoding at the first bytes that are not of it.
    """

    def __init__(self, stream: IO[bytes], head: bytes, encoding: str | None, *, block_bytes: int) -> None:
        self._stream = stream
        self._block_bytes = block_bytes
        self._head = head
        self.encoding, self._bom_bytes = resolve(encoding or shown_encoding(head) or UTF8, head)
        self._decoder = codecs.getincrementaldecoder(self.encoding)()
        self._read_bytes = 0
        self._line = 1

    @property
    def has_bom(self) -> bool:
        return self._bom_bytes > 0

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
            raise wrong_encoding(at_byte=start + bom + bad.start, line=line, encoding=self.encoding) from bad
        self._line += text.count("\n")
        return text


def wrong_encoding(*, at_byte: int, line: int, encoding: str = UTF8, likely: str | None = None) -> WrongEncoding:
    """The refusal of a file that cannot be read by ``encoding`` at byte ``at_byte``, and is ``likely`` another."""
    where = f"byte {at_byte:,}, on line {line:,}, cannot be read"
    if encoding != UTF8:
        message = (
            f"The file is not {public_name(encoding)}: {where} by it. Name the encoding it has, or save it as UTF-8 and"
            " upload it again."
        )
    elif likely:
        message = (
            f"The file is not UTF-8: {where}; it is most likely {spoken_name(likely)}. Send it again with encoding="
            f'{public_name(likely)} to have it converted, or save it as "CSV UTF-8" and upload it again.'
        )
    else:
        message = (
            f"The file is not UTF-8, or is damaged: {where}. Save it as UTF-8 (a spreadsheet calls it "
            '"CSV UTF-8") and upload it again, or name the encoding it has with encoding=.'
        )
    return WrongEncoding(message, byte_offset=at_byte, line=line, likely=likely, encoding=encoding)


def damaged_utf8(*, at_byte: int, line: int) -> WrongEncoding:
    """The refusal of a file that is UTF-8 for the most part, and not at byte ``at_byte``."""
    message = (
        f"Most of the file is UTF-8, but byte {at_byte:,}, on line {line:,}, cannot be read: it is damaged, or put"
        " together of parts that are written differently. Correct that line and upload the file again, or name one"
        " encoding to read all of it by, such as encoding=windows-1252."
    )
    return WrongEncoding(message, byte_offset=at_byte, line=line, likely=None)
