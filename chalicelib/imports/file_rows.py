"""The rows of one chunk as they stand in the stored file: one ranged read, with what tells each row from all others."""

from contextlib import nullcontext
from typing import NamedTuple

from chalicelib.errors import NotFound
from chalicelib.formats import FORMATS
from chalicelib.imports.finish import FILE_GONE
from chalicelib.imports.plan import ImportPlan
from chalicelib.imports.rows import row_hash, text_reader
from chalicelib.imports.spent import Spent
from chalicelib.model.import_job import ImportJob
from chalicelib.model.mapping import SKU
from chalicelib.model.outcomes import ChunkRange, CsvDialect
from chalicelib.services import Services


class FileRow(NamedTuple):
    """A row as it stands in the file. ``key`` is its sku before conversion, or None where there is none to be had."""

    number: int
    line: int
    cells: list[str]
    key: str | None
    digest: bytes


def read_rows(
    services: Services, job: ImportJob, plan: ImportPlan, span: ChunkRange, spent: Spent | None = None
) -> list[FileRow]:
    """The rows of a chunk. Raises NotFound and FileReplaced when they can no longer be read.

    ``spent`` is told how long the reading itself took.
    """
    if job.content_key is None or job.content_version is None or job.analysis is None:
        raise NotFound(FILE_GONE)
    with spent.reading() if spent else nullcontext():
        content = services.files.read_range(job.content_key, job.content_version, span.byte_start, span.byte_end)
    key_text = text_reader(plan.rows, SKU)
    version = plan.rows.version
    return [
        FileRow(number, line, cells, _key(key_text(cells)), row_hash(cells, version))
        for number, (line, cells) in enumerate(
            FORMATS["csv"].read_rows(content, CsvDialect(**job.analysis["dialect"]), first_line=span.first_line),
            start=span.first_row,
        )
    ]


def _key(key: str) -> str | None:
    """The sku of a row, or None where it has none that could be stored; its conversion will say why."""
    return key if key and "\0" not in key else None
