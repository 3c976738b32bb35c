"""Any file becomes a CSV that can be imported: the part of reading files that needs a disk.

In: an upload's bytes as a binary file object. Out: an Analysis; of a workbook, a JSON or an XML file also its canonical
CSV (``formats.canonical``), which the caller stores, and whose ranges the analysis' chunks are. A CSV is its own.
"""

import errno
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from tempfile import SpooledTemporaryFile
from typing import IO, cast

from chalicelib.errors import UnreadableFile
from chalicelib.formats import FORMAT_NAMES, REWRITERS, FileLimits, Reading, analyze_csv, detect_as
from chalicelib.formats.canonical import CanonicalRows
from chalicelib.formats.streams import HashedStream, JoinedStream
from chalicelib.model.outcomes import Analysis
from chalicelib.settings import Settings

HEAD_BYTES = 128 * 1024
COPIED_BYTES = 1024 * 1024
SPOOL_BYTES = 4 * 1024 * 1024
"""What is held in memory of a file that is being rewritten; the rest goes to the disk."""


def analyze_file(
    stream: IO[bytes],
    file_name: str,
    settings: Settings,
    reading: Reading = Reading(),  # noqa: B008 (it is frozen)
    *,
    canonical: Callable[[Iterator[bytes]], None] | None,
    formats: Collection[str] = tuple(FORMAT_NAMES),
) -> Analysis:
    """All there is to know of a file, in one pass over ``stream`` from where it stands.

    ``formats`` are those the caller takes. ``canonical`` is given the canonical CSV in pieces, once, when there is one
    and its analysis succeeded; the analysis has ``dialect.filled_to`` then, and its chunks are ranges of that CSV.

    Raises UnreadableFile with what, where and what to do.
    """
    head = stream.read(HEAD_BYTES)
    found = detect_as(reading.format, head, file_name, formats)
    whole = cast(IO[bytes], JoinedStream(head, stream))
    if found != "csv":
        return _analyze_rewritten(whole, found, settings, reading, canonical)
    return analyze_csv(
        whole,
        chunk_rows=settings.chunk_rows,
        file_name=file_name,
        encoding=reading.encoding,
        delimiter=reading.delimiter,
        skip_header_rows=reading.skip_header_rows,
        max_columns=settings.columns,
        max_cell_bytes=settings.cell_bytes,
        max_rows=settings.engine_rows,
    )


def _analyze_rewritten(
    stream: IO[bytes],
    found: str,
    settings: Settings,
    reading: Reading,
    canonical: Callable[[Iterator[bytes]], None] | None,
) -> Analysis:
    limits, rewriter = _limits(settings), REWRITERS[found]
    hashed = HashedStream(stream)
    with _disk_is_large_enough(), ExitStack() as spools:

        def spool() -> IO[bytes]:
            return cast(IO[bytes], spools.enter_context(SpooledTemporaryFile(SPOOL_BYTES)))

        source = _copied(hashed, spool(), limits.inflated_bytes) if rewriter.is_read_twice else hashed
        rows, notes = rewriter.rewrite(cast(IO[bytes], source), reading, limits, lambda: CanonicalRows(spool(), limits))
        rows.spool.seek(0)
        analysis = analyze_csv(
            cast(IO[bytes], JoinedStream(rows.header(), rows.spool)),
            chunk_rows=settings.chunk_rows,
            canonical=True,
            max_columns=settings.columns,
            max_cell_bytes=settings.cell_bytes,
            max_rows=settings.engine_rows,
        )
        if canonical is not None:
            canonical(rows.pieces())
    return replace(
        analysis,
        file_type=found,
        size_bytes=hashed.size_bytes,
        sha256=hashed.sha256,
        notes=(*notes, *analysis.notes),
    )


@contextmanager
def _disk_is_large_enough() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise UnreadableFile("The file is too large to be rewritten here: split it, or upload it as CSV.") from error


def _copied(hashed: HashedStream, copy: IO[bytes], most_bytes: int) -> IO[bytes]:
    """The file where it can be read in any order."""
    while block := hashed.read(COPIED_BYTES):
        if hashed.size_bytes > most_bytes:
            raise UnreadableFile(
                f"The workbook is larger than {most_bytes:,} bytes: split it, or upload its sheet as CSV."
            )
        copy.write(block)
    copy.seek(0)
    return copy


def _limits(settings: Settings) -> FileLimits:
    return FileLimits(
        columns=settings.columns,
        cell_bytes=settings.cell_bytes,
        inflated_bytes=settings.inflated_bytes,
        inflated_ratio=settings.inflated_ratio,
        canonical_bytes=settings.canonical_bytes,
    )
