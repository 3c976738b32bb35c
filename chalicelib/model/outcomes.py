"""What the engine's steps hand on: the analysis of a file and the ranges it is imported by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class CsvDialect:
    """How the bytes of a CSV become cells. ``bom_bytes`` stand before the header and belong to nothing.

    ``report_at`` says that the file is one of our reports of bad rows: from which column on its own columns stand, and
    that the apostrophe before a formula is ours and is taken off.
    """

    encoding: str = "utf-8"
    delimiter: str = ","
    quotechar: str = '"'
    bom_bytes: int = 0
    report_at: int | None = None


@dataclass(frozen=True, slots=True)
class ChunkRange:
    """A run of whole records: bytes ``[byte_start, byte_end)`` of the file, ``rows`` data rows from ``first_row`` on.

    ``first_row`` counts data rows from 1, ``first_line`` the file's lines from 1.
    """

    number: int
    byte_start: int
    byte_end: int
    first_row: int
    rows: int
    first_line: int


@dataclass(frozen=True, slots=True)
class ColumnEvidence:
    """What the cells of one column look like, from rows spread over the whole file.

    Attributes:
        header: as the mapping names it: trimmed, blank ones named, repeated ones with " (2)".
        position: index of the cell in a row, from 0.
        sampled: cells looked at; filled: those of them that are not blank.
        fits: field type name to the share (0 to 1) of filled cells that parse as it.
        unique: every row of the whole file has a value of its own here, and none is blank; None: not checked.
        blank_rows: blank cells over the whole file; None: not counted.
        examples: up to five distinct filled cells, cut at 160 characters.
    """

    header: str
    position: int
    sampled: int
    filled: int
    fits: Mapping[str, float]
    unique: bool | None
    blank_rows: int | None
    examples: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Analysis:
    """One pass over a file: what it is, what its columns hold, and where its chunks begin."""

    file_type: str
    dialect: CsvDialect
    headers: Sequence[str]
    """As the mapping names them."""
    sample_rows: Sequence[Sequence[str]]
    """The first five data rows, exactly as parsed, one cell a header."""
    row_count: int
    size_bytes: int
    sha256: str
    chunks: Sequence[ChunkRange]
    columns: Sequence[ColumnEvidence]
    notes: Sequence[str] = field(default_factory=tuple)
    """What a person should know of the file: renamed headers, ragged rows."""
