"""The report of bad rows: a CSV of the rows that were not imported, with what is wrong with each, to be fixed and
uploaded again.

Its columns are the file's own, as the file had them, and then ``REPORT_COLUMNS``: ``error`` (all findings of the row),
``row_number`` and ``line`` of the original, and ``job_id``. Cells that a spreadsheet would take for a formula carry an
apostrophe. A file with these last columns is known as a report again: the wizard leaves them out, the reader takes the
apostrophes off, and its columns are read by the original's habits, since a few bad rows may not show how the whole file
wrote its numbers. Whoever removes the columns before uploading keeps the apostrophes.

Rows come from the stored file, a chunk at a time, and only from chunks in which something was found. Once the file is
gone (30 days, or a success with warnings), a row holds the cells that the findings remember, cut at 500 characters.
A job that still runs is reported as far as it is. A row with more cells than the header has the surplus after our
columns, so that it stays refused until somebody puts it right; a shorter one is filled up with blank cells. A NUL is
shown by its picture, as everywhere: a file of rows with NULs would be taken for a binary one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from chalicelib.errors import FileReplaced, NotFound
from chalicelib.formats import FORMATS
from chalicelib.formats.csv_writer import CSV_MEDIA_TYPE, REPORT_COLUMNS, csv_pieces
from chalicelib.imports import history
from chalicelib.model.import_job import ImportJob
from chalicelib.model.outcomes import Analysis, ChunkRange, ColumnEvidence, CsvDialect, DecidedBy
from chalicelib.model.row_error import RowError, Severity
from chalicelib.services import Services
from chalicelib.store import chunks, jobs, row_errors
from chalicelib.store.files import Download
from chalicelib.store.postgres import Cursor

ASKED_SEVERITIES = {"error": (Severity.ERROR,), "warning": (Severity.WARNING,), "all": tuple(Severity)}
"""What can be asked for: rows with an error, rows with a warning, or both. Each is told with all its findings."""

_ROWS_AT_ONCE = 500
_JOB_ID_DIGITS = 18


def bad_rows(services: Services, workspace_id: int, job_id: int, asked: str = "error") -> Download:
    """The report of a job's current run; ``asked`` is a key of ASKED_SEVERITIES. Raises NotFound.

    Small ones are the answer; others are stored once for each state the job was in and offered again.
    """
    job = history.read(services, workspace_id, job_id)
    counters, settings = job.counters, services.settings
    counts = {Severity.ERROR: counters.error_rows, Severity.WARNING: counters.warnings}
    found = sum(counts[severity] for severity in ASKED_SEVERITIES[asked])
    is_small = found <= settings.download_rows
    return services.files.offer(
        f"exports/{workspace_id}/imports/{job_id}/{job.run}-{job.chunks_done}-{found}-{asked}.csv",
        report_pieces(services, job, asked),
        name=f"import-{job_id}-bad-rows.csv",
        media_type=CSV_MEDIA_TYPE,
        direct_bytes=settings.download_bytes if is_small else 0,
        url_seconds=settings.download_url_seconds,
        made_since=None if is_small else job.created_at,
    )


def report_pieces(services: Services, job: ImportJob, asked: str = "error") -> Iterator[bytes]:
    """The report of a job as it was read, a piece at a time. Memory: a chunk."""
    layout = _Layout.of(job)
    return csv_pieces(layout.header, _rows(services, job, layout, ASKED_SEVERITIES[asked]))


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the cells of a row go. The columns of an earlier report are left out: ours take their place."""

    headers: Sequence[str]
    left_out: range

    @classmethod
    def of(cls, job: ImportJob) -> "_Layout":
        if job.analysis is None:
            return cls((), range(0))
        return cls(tuple(job.analysis["headers"]), report_columns(CsvDialect(**job.analysis["dialect"])))

    @property
    def header(self) -> list[str]:
        return [*self._own(self.headers), *REPORT_COLUMNS]

    def row(self, cells: Sequence[str], findings: Sequence[RowError], job_id: int) -> list[str]:
        """A row of the report. ``cells`` as the file has them, or as `remembered` has them."""
        width = len(self.headers)
        first = findings[0]
        own = self._own([*cells[:width], *[""] * (width - len(cells))])
        row = [*own, _told(findings), str(first.row_number), str(first.line), str(job_id), *cells[width:]]
        return [cell.replace("\0", "\u2400") for cell in row]

    def remembered(self, findings: Sequence[RowError]) -> list[str]:
        """The cells of a row whose file is gone: those that the findings speak of."""
        values = {each.column: each.raw_value or "" for each in findings}
        return [values.get(header, "") for header in self.headers]

    def _own(self, cells: Sequence[str]) -> list[str]:
        return [cell for position, cell in enumerate(cells) if position not in self.left_out]


def report_columns(dialect: CsvDialect) -> range:
    """The positions of our own columns in a file that is a report; empty for every other file."""
    at = dialect.report_at
    return range(0) if at is None else range(at, at + len(REPORT_COLUMNS))


def _told(findings: Sequence[RowError]) -> str:
    """All findings of a row as one text."""
    return "; ".join(f"{each.column or each.field or 'row'}: {each.message.rstrip('.')}" for each in findings)


def _rows(
    services: Services, job: ImportJob, layout: _Layout, severities: Sequence[Severity]
) -> Iterator[Sequence[str]]:
    with services.database.workspace(job.workspace_id) as cursor:
        spans = chunks.with_findings(cursor, job.workspace_id, job.id, job.run, severities)
    for span in spans:
        stored = _stored_rows(services, job, span)
        for number, findings in _findings(services, job, span, severities):
            cells = next((cells for at, cells in stored if at == number), None)
            yield layout.row(layout.remembered(findings) if cells is None else cells, findings, job.id)


def _stored_rows(services: Services, job: ImportJob, span: ChunkRange) -> Iterator[tuple[int, list[str]]]:
    """The chunk's rows with their numbers, as they were imported; none when the file is gone."""
    if job.content_key is None or job.content_version is None or job.analysis is None:
        return
    try:
        content = services.files.read_range(job.content_key, job.content_version, span.byte_start, span.byte_end)
    except (NotFound, FileReplaced):
        return
    rows = FORMATS["csv"].read_rows(content, CsvDialect(**job.analysis["dialect"]))
    for number, (_, cells) in enumerate(rows, start=span.first_row):
        yield number, cells


def _findings(
    services: Services, job: ImportJob, span: ChunkRange, severities: Sequence[Severity]
) -> Iterator[tuple[int, list[RowError]]]:
    """By row, in the order of the file; a few hundred rows at a time."""
    first_row, end_row = span.first_row, span.first_row + span.rows
    while first_row < end_row:
        with services.database.workspace(job.workspace_id) as cursor:
            found = row_errors.of_rows(
                cursor,
                job.workspace_id,
                job.id,
                job.run,
                severities,
                first_row=first_row,
                end_row=end_row,
                rows=_ROWS_AT_ONCE,
            )
        if not found:
            return
        for number, findings in groupby(found, key=lambda each: each.row_number):
            yield number, list(findings)
        first_row = found[-1].row_number + 1


def with_original_evidence(cursor: Cursor, workspace_id: int, analysis: Analysis) -> Analysis:
    """The analysis of a report, whose columns write their numbers and dates as the original file's do. Any other
    analysis stays as it is.
    """
    original = _original(cursor, workspace_id, analysis)
    if original is None or original.analysis is None:
        return analysis
    original_columns = {column["header"]: column for column in original.analysis["columns"]}
    return replace(
        analysis,
        columns=tuple(_written_as(column, original_columns.get(column.header)) for column in analysis.columns),
    )


def _written_as(column: ColumnEvidence, original: Mapping[str, Any] | None) -> ColumnEvidence:
    """The column of a report with the habits of the file's; an analysis of before they were kept tells them by its
    examples.
    """
    if original is None:
        return column
    found = ColumnEvidence.from_json(original)
    if found.numbers is None or found.dates is None:
        examples = tuple(found.examples) or column.examples
        return replace(column, examples=examples, numbers=None, dates=None, list_separator=None)
    return replace(
        column,
        numbers=column.numbers if found.numbers.by is DecidedBy.LOCALE else found.numbers,
        dates=column.dates if found.dates.by is DecidedBy.LOCALE else found.dates,
        list_separator=found.list_separator or column.list_separator,
    )


def _original(cursor: Cursor, workspace_id: int, analysis: Analysis) -> ImportJob | None:
    """The job whose bad rows a report holds, by its first row."""
    at = analysis.dialect.report_at
    if at is None or not analysis.sample_rows:
        return None
    text = analysis.sample_rows[0][at + REPORT_COLUMNS.index("job_id")].strip()
    if not (text.isascii() and text.isdigit() and len(text) <= _JOB_ID_DIGITS):
        return None
    return jobs.read(cursor, workspace_id, int(text))
