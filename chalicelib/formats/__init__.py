"""Formats: bytes become rows. Pure: files are handed in as binary file objects, nothing is opened here.

``detect`` says which format a file has, ``FORMATS`` holds the ones that can be read. A new format is one module with an
analysis and a reader like those of ``csv_file``, and one row here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Protocol

from chalicelib.formats.csv_file import analyze_csv, read_rows
from chalicelib.formats.signatures import FORMAT_NAMES, detect
from chalicelib.model.outcomes import Analysis, CsvDialect

__all__ = ["FORMATS", "FORMAT_NAMES", "Format", "analyze_csv", "detect", "read_rows"]


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
        max_columns: int = ...,
        max_cell_bytes: int = ...,
        max_rows: int = ...,
    ) -> Analysis: ...


class ReadRows(Protocol):
    """The rows of one chunk's bytes, each with the line of the file it begins on."""

    def __call__(
        self, data: bytes, dialect: CsvDialect, *, first_line: int = ...
    ) -> Iterator[tuple[int, list[str]]]: ...


@dataclass(frozen=True, slots=True)
class Format:
    """A format that can be read."""

    analyze: Analyze
    read_rows: ReadRows


FORMATS = {"csv": Format(analyze_csv, read_rows)}
