"""Formats: bytes become rows. Pure: files are handed in as binary file objects, nothing is opened here.

``detect`` says which format a file has. A CSV is analysed and read as it is (``csv_file``). A workbook, a JSON or an
XML file is rewritten into a canonical CSV once, row by row (``REWRITERS``), and everything after reads that. A new
format is one module with a function that rewrites, and one row here.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import IO, Protocol

from chalicelib.errors import UnreadableFile
from chalicelib.formats.canonical import CanonicalRows
from chalicelib.formats.csv_file import analyze_csv, read_rows
from chalicelib.formats.json_file import rewrite_json
from chalicelib.formats.reading import FileLimits, Reading
from chalicelib.formats.signatures import CSV_ONLY, FORMAT_NAMES, detect, refuse_untaken
from chalicelib.formats.xlsx_file import rewrite_xlsx
from chalicelib.formats.xml_file import rewrite_xml
from chalicelib.model.outcomes import Analysis, CsvDialect

__all__ = [
    "CSV_ONLY",
    "FORMATS",
    "FORMAT_NAMES",
    "REWRITERS",
    "FileLimits",
    "Format",
    "Reading",
    "Rewriter",
    "analyze_csv",
    "detect",
    "detect_as",
    "read_rows",
]


class Analyze(Protocol):
    """One pass over a file. Raises UnreadableFile, also for a file of another format or over a limit."""

    def __call__(
        self,
        stream: IO[bytes],
        *,
        chunk_rows: int,
        file_name: str = ...,
        encoding: str | None = ...,
        delimiter: str | None = ...,
        quotechar: str | None = ...,
        skip_header_rows: int | None = ...,
        header: bool | None = ...,
        damaged: bool = ...,
        canonical: bool = ...,
        max_columns: int = ...,
        max_cell_bytes: int = ...,
        max_rows: int = ...,
    ) -> Analysis: ...


class ReadRows(Protocol):
    """The rows of one chunk's bytes, each with the line of the file it begins on."""

    def __call__(
        self, data: bytes, dialect: CsvDialect, *, first_line: int = ...
    ) -> Iterator[tuple[int, list[str]]]: ...


class Rewrite(Protocol):
    """A file's rows, finished, and notes on what was taken. Raises UnreadableFile, also over a limit.

    ``make_rows`` makes an empty spool; of several that were made, the others than the answered one are not needed.
    """

    def __call__(
        self, stream: IO[bytes], reading: Reading, limits: FileLimits, make_rows: Callable[[], CanonicalRows], /
    ) -> tuple[CanonicalRows, list[str]]: ...


@dataclass(frozen=True, slots=True)
class Format:
    """The format that chunks are read by."""

    analyze: Analyze
    read_rows: ReadRows


@dataclass(frozen=True, slots=True)
class Rewriter:
    """A format that becomes a canonical CSV; ``is_read_twice`` says that its stream must seek."""

    rewrite: Rewrite
    is_read_twice: bool = False


FORMATS = {"csv": Format(analyze_csv, read_rows)}
REWRITERS = {
    "xlsx": Rewriter(rewrite_xlsx, is_read_twice=True),
    "json": Rewriter(rewrite_json),
    "xml": Rewriter(rewrite_xml),
}


def detect_as(said: str | None, head: bytes, file_name: str, taken: Collection[str]) -> str:
    """The format of a file that its caller says to be ``said``, or leaves to its bytes.

    Raises UnreadableFile when it is none that is ``taken``, or another than was said.
    """
    if said is not None and said not in FORMAT_NAMES:
        raise UnreadableFile(f'"{said}" is no format known here: {", ".join(FORMAT_NAMES)} are.')
    found = detect(head, f"file.{said}" if said else file_name, taken)
    if said is not None and found != said:
        raise UnreadableFile(
            f"This is {FORMAT_NAMES[found]}, not {FORMAT_NAMES[said]}: say so, or send the other file."
        )
    refuse_untaken(found, taken)
    return found
