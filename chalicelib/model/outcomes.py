"""What the engine's steps hand on: the analysis of a file and the ranges it is imported by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from chalicelib.model.import_job import ImportJob, MappingSource
from chalicelib.model.product_schema import SchemaField
from chalicelib.model.row_error import RowError


@dataclass(frozen=True, slots=True)
class CsvDialect:
    """How the bytes of a CSV become cells. ``bom_bytes`` stand before the header and belong to nothing.

    ``quotechar`` is empty where a quote is a sign like any other; ``escapechar`` is a backslash or empty.
    ``header_line`` is the file's line that the header begins on, or the first row where there is none; ``header`` are
    its cells as they stand, for a record of the same is no row.

    ``damaged`` says that the file is UTF-8 but for some bytes, each of which is read as a NUL character.

    ``report_at`` says that the file is one of our reports of bad rows: from which column on its own columns stand, and
    that the apostrophe before a formula is ours and is taken off.

    ``filled_to`` says that the file is a canonical one, rewritten from another format: a row's last cell is its line in
    the source, which is no cell of the row, and a row is filled up with blank cells to so many.
    """

    encoding: str = "utf-8"
    delimiter: str = ","
    quotechar: str = '"'
    bom_bytes: int = 0
    report_at: int | None = None
    filled_to: int | None = None
    escapechar: str = ""
    header_line: int = 1
    header: Sequence[str] = ()
    damaged: bool = False


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


class DecidedBy(StrEnum):
    """Who decides how what can be read in two ways is read."""

    COLUMN = "column"
    """The column's own cells with one reading."""
    FILE = "file"
    """The other columns of the file, which all write alike."""
    LOCALE = "locale"
    """Nothing in the file: the workspace's locale, and a person is told."""
    MIXED = "mixed"
    """The column's cells contradict one another: a cell with two readings is refused."""


@dataclass(frozen=True, slots=True)
class Writing:
    """How a column writes its numbers, or its dates.

    Attributes:
        habit: of numbers the decimal sign, ``.`` or ``,``; of dates what comes first, ``day`` or ``month``. None where
            neither column nor file decides.
        ambiguous: cells looked at that can be read in two ways; example: one of them.
        contradictions: where cells contradict one another, a cell of each kind.
    """

    habit: str | None = None
    by: DecidedBy = DecidedBy.LOCALE
    ambiguous: int = 0
    example: str | None = None
    contradictions: Sequence[str] = ()

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        return cls(**{**stored, "by": DecidedBy(stored["by"])})


@dataclass(frozen=True, slots=True)
class ColumnEvidence:
    """What the cells of one column look like, from rows spread over the whole file.

    Attributes:
        header: as the mapping names it: trimmed, blank ones named, repeated ones with " (2)".
        position: index of the cell in a row, from 0.
        sampled: cells looked at; filled: those of them that are not blank; distinct: different ones among the filled.
        fits: field type name to the share (0 to 1) of filled cells that parse as it.
        unique: every row of the whole file has a value of its own here, and none is blank; None: not checked.
        blank_rows: blank cells over the whole file; None: not counted.
        examples: up to five distinct filled cells, cut at 160 characters.
        counterexamples: up to three distinct cells that do not fit, cut at 60 characters, by the types that others fit.
        numbers, dates: how it writes them; None in the analyses of before this was kept.
        list_separator: what parts the items in its cells; None: nothing.
        ruined: cells looked at that a spreadsheet has rounded to a number like 4,26E+12.
    """

    header: str
    position: int
    sampled: int
    filled: int
    fits: Mapping[str, float]
    unique: bool | None
    blank_rows: int | None
    examples: Sequence[str] = ()
    distinct: int | None = None
    counterexamples: Mapping[str, Sequence[str]] = field(default_factory=dict)
    numbers: Writing | None = None
    dates: Writing | None = None
    list_separator: str | None = None
    ruined: int = 0

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """A stored one, also from before ``distinct`` and what follows it were kept."""
        writings = {name: Writing.from_json(stored[name]) for name in ("numbers", "dates") if stored.get(name)}
        fits = {name: float(share) for name, share in stored["fits"].items()}
        return cls(**{**stored, **writings, "fits": fits})


@dataclass(frozen=True, slots=True)
class Detected:
    """How a file was read, as it was found out or said; None for what files of its format do not have.

    Attributes:
        format: ``csv``, ``xlsx``, ``json`` or ``xml``.
        encoding: of its text, by the registered name; ``bom``: it begins with a byte order mark.
        delimiter, quotechar (empty: none), escapechar (empty: none): of a CSV.
        header: whether there is one; header_line: the line of a CSV, row of a sheet or item of a JSON list of lists
            that it is in, from 1.
        sheet, record_path: where in the file the records are.
    """

    format: str
    encoding: str | None = None
    bom: bool | None = None
    delimiter: str | None = None
    quotechar: str | None = None
    escapechar: str | None = None
    header: bool | None = None
    header_line: int | None = None
    sheet: str | None = None
    record_path: str | None = None


@dataclass(frozen=True, slots=True)
class Analysis:
    """One pass over a file: what it is, what its columns hold, and where its chunks begin.

    ``file_type``, ``size_bytes`` and ``sha256`` are the uploaded file's. The chunks are ranges of the CSV that is
    imported: the file itself, or the canonical one it was rewritten into (``dialect.filled_to``).
    """

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
    """What a person should know of the file: how it was read where that is unusual, renamed headers, ragged rows."""
    detected: Detected | None = None
    """None in the analyses of before this was kept."""


@dataclass(frozen=True, slots=True)
class Stats:
    """What a workspace's imports came to. ``rows_processed`` and the products count the latest run of each job."""

    total_jobs: int
    completed_jobs: int
    failed_jobs: int
    rows_processed: int
    products_created: int
    products_updated: int

    @property
    def success_rate(self) -> float:
        """100 × completed / total, one decimal; 0 without jobs."""
        return round(100 * self.completed_jobs / self.total_jobs, 1) if self.total_jobs else 0.0


@dataclass(frozen=True, slots=True)
class Undone:
    """What an undo has brought back so far, in products.

    Attributes:
        removed: products the import made, now gone.
        restored: products it changed, now as they were.
        conflicts: products that were left alone, because something newer has touched them.
    """

    removed: int
    restored: int
    conflicts: int


@dataclass(frozen=True, slots=True)
class UndoPreview:
    """What an undo would bring back now, were nothing else to happen."""

    undone: Undone
    first_conflicts: Sequence[RowError]
    """Up to 100, as they would be the job's findings."""
    is_complete: bool
    """Every product was looked at. Otherwise the import wrote more of them than are looked at while a caller waits."""


@dataclass(frozen=True, slots=True)
class Phases:
    """Seconds a job was at each step, as far as known; None for a step it has not come to or never takes.

    Attributes:
        receive: from the job's making until its file is there and read; with ``analyze``, where the two are one.
        waiting_for_mapping: until a person or a template said what the columns are.
        waiting_for_start: with the mapping saved, until it was started.
        queued: started, and waiting for a worker.
        processing: from the first chunk sent to the last one committed.
        finishing: from there to the end.
    """

    receive: float | None
    waiting_for_mapping: float | None
    waiting_for_start: float | None
    queued: float | None
    processing: float | None
    finishing: float | None


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds the chunks of the current run spent, summed over chunks, which run side by side.

    Attributes:
        queue: from the dispatch of the run to the chunk's turn.
        reading: of its range of the file, from S3.
        converting: all work of our own: parsing, checking, converting.
        postgres: waiting for PostgreSQL within the chunk's transaction, up to its commit.
        clickhouse: bringing the committed products to the mirror.
    """

    queue: float
    reading: float
    converting: float
    postgres: float
    clickhouse: float


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a job took. Of one that still runs, as far as known.

    Attributes:
        rows_per_second: rows dealt with in a second of ``processing``; None before the first.
        chunk_failures: attempts at a chunk that failed and were repeated.
        takeovers: how often the job was taken up again because its worker fell silent.
    """

    rows_per_second: float | None
    phases: Phases
    waited: Waits
    chunks: int
    chunks_done: int
    chunk_failures: int
    takeovers: int


class RowAction(StrEnum):
    """What an import does with a row."""

    CREATE = "create"
    UPDATE = "update"
    UNCHANGED = "unchanged"
    SKIP = "skip"
    """Good, and left alone on purpose."""
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Change:
    """A value before and after, as the products API prints them; None where there is none."""

    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """What an import would do with one row.

    Attributes:
        sku: of the product it becomes or belongs to; None for a bad row without one. ``ean`` is printed as the file
            has it.
        price: the amount, as a JSON number; None where the row has none.
        changes: of an update, by field (``name`` and ``ean`` among them).
    """

    row_number: int
    action: RowAction
    sku: str | None
    ean: str | None
    name: str | None
    price: Any
    changes: Mapping[str, Change] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SampledRow:
    """What would be made of one of the first rows of a file: field to value as products print it, none of a row that is
    refused.
    """

    row_number: int
    values: Mapping[str, Any]
    findings: Sequence[RowError]


@dataclass(frozen=True, slots=True)
class TouchedSegment:
    """An active segment, and how many of its present members an import would change."""

    id: int
    name: str
    changed_members: int


@dataclass(frozen=True, slots=True)
class DryRun:
    """What an import would do if it started now.

    Attributes:
        rows_checked: less than ``total_rows`` for a file too long to be looked at while a caller waits.
        preview_rows: the first rows of the file.
        findings: of what would be wrong, the first; errors go before warnings.
        mapping: header to field, for every column of the file. ``new_fields`` are those the schema would gain.
        segments_complete: False when more products would change than were looked up in the segments.
        would_fail: what the job would end with, where a bad row ends it; the counts are those of such an end.
    """

    job_id: int
    job_uuid: UUID
    total_rows: int
    rows_checked: int
    preview_rows: Sequence[PreviewRow]
    findings: Sequence[RowError]
    products_to_create: int
    products_to_update: int
    products_unchanged: int
    rows_skipped: int
    rows_with_errors: int
    warnings: int
    mapping_source: MappingSource
    mapping: Mapping[str, str | None]
    new_fields: Sequence[SchemaField]
    segments: Sequence[TouchedSegment]
    segments_complete: bool
    would_fail: str | None

    @property
    def is_complete(self) -> bool:
        """Every row of the file was looked at."""
        return self.rows_checked >= self.total_rows


@dataclass(frozen=True, slots=True)
class JobDetail:
    """A job with all that is known of it.

    Attributes:
        undo_of, undone_by: the jobs it is tied to; None also when they were deleted since.
        undone: what a job that undoes another has brought back; None for an import.
    """

    job: ImportJob
    undo_of: UUID | None
    undone_by: UUID | None
    undone: Undone | None
    receipt: Receipt
