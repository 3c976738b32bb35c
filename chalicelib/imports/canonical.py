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

from chalicelib.errors import OpenQuote, UnreadableFile, WrongEncoding
from chalicelib.formats import FORMAT_NAMES, REWRITERS, FileLimits, Reading, analyze_csv, detect_as
from chalicelib.formats.canonical import CanonicalRows
from chalicelib.formats.csv_parser import NO_QUOTES
from chalicelib.formats.csv_syntax import NO_QUOTES_NOTE, quotes_are_signs
from chalicelib.formats.encodings import UTF8, damaged_utf8, public_name, wrong_encoding
from chalicelib.formats.likely_encoding import Material, gather, guess
from chalicelib.formats.streams import HashedStream, JoinedStream
from chalicelib.model.outcomes import Analysis
from chalicelib.settings import Settings

HEAD_BYTES = 128 * 1024
COPIED_BYTES = 1024 * 1024
SPOOL_BYTES = 4 * 1024 * 1024
"""What is held in memory of a file that is being rewritten; the rest goes to the disk."""


Open = Callable[[], IO[bytes]]
"""Opens the file once more, from its beginning."""
Store = Callable[[Iterator[bytes]], None]


def analyze_file(
    stream: IO[bytes],
    file_name: str,
    settings: Settings,
    reading: Reading = Reading(),  # noqa: B008 (it is frozen)
    *,
    canonical: Store | None,
    formats: Collection[str] = tuple(FORMAT_NAMES),
    again: Open | None = None,
    utf8_only: bool = False,
) -> Analysis:
    """All there is to know of a file, in one pass over ``stream`` from where it stands.

    ``formats`` are those the caller takes. ``canonical`` is given the canonical CSV in pieces, once, when there is one
    and its analysis succeeded; the analysis has ``dialect.filled_to`` then, and its chunks are ranges of that CSV.
    A file that is not UTF-8 is read ``again`` twice, to find out what it is and to read it by that, or as a CSV that is
    UTF-8 but for some rows; with ``utf8_only``, or without ``again``, it is refused, ``utf8_only`` with what it most
    likely is.

    Raises UnreadableFile with what, where and what to do.
    """
    try:
        return _analyze(stream, file_name, settings, reading, canonical, formats, again)
    except WrongEncoding as refusal:
        if again is None or refusal.encoding != UTF8 or (utf8_only and reading.encoding is not None):
            raise
        material = None if refusal.likely else gather(again())
        if material is not None and material.is_damaged_utf8:
            damage = damaged_utf8(at_byte=refusal.byte_offset or 0, line=refusal.line or 1)
            if utf8_only:
                raise damage from refusal
            return _analyze_damaged(again, file_name, settings, reading, formats, damage)
        if reading.encoding is not None:
            raise
        encoding, note = _found_encoding(refusal, material)
        if utf8_only:
            at_byte, line = refusal.byte_offset or 0, refusal.line or 1
            raise wrong_encoding(at_byte=at_byte, line=line, likely=encoding) from refusal
    read_by = replace(reading, encoding=public_name(encoding))
    analysis = _analyze(again(), file_name, settings, read_by, canonical, formats, again)
    return replace(analysis, notes=(note, *analysis.notes))


def _analyze_damaged(
    again: Open,
    file_name: str,
    settings: Settings,
    reading: Reading,
    formats: Collection[str],
    damage: WrongEncoding,
) -> Analysis:
    """A file that is UTF-8 for the most part: of a CSV only the rows that are not are lost. Raises ``damage`` else."""
    stream = again()
    head = stream.read(HEAD_BYTES)
    if detect_as(reading.format, head, file_name, formats) != "csv":
        raise damage
    whole = cast(IO[bytes], JoinedStream(head, stream))
    return _analyze_csv_either_way(whole, file_name, settings, reading, again, damaged=True)


def _found_encoding(refusal: WrongEncoding, material: Material | None) -> tuple[str, str]:
    """What a file that is not UTF-8 is, and what to say of it. Raises the refusal where nothing is plausible."""
    if refusal.likely is not None:
        return refusal.likely, f"The file is {public_name(refusal.likely).upper()}, not UTF-8, and was read so."
    found = guess(material) if material is not None else None
    if found is None:
        raise refusal
    return found.encoding, found.note()


def _analyze(
    stream: IO[bytes],
    file_name: str,
    settings: Settings,
    reading: Reading,
    canonical: Store | None,
    formats: Collection[str],
    again: Open | None,
) -> Analysis:
    """By the encoding of ``reading``, or else as UTF-8."""
    head = stream.read(HEAD_BYTES)
    found = detect_as(reading.format, head, file_name, formats)
    whole = cast(IO[bytes], JoinedStream(head, stream))
    if found != "csv":
        return _analyze_rewritten(whole, found, settings, reading, canonical)
    return _analyze_csv_either_way(whole, file_name, settings, reading, again)


def _analyze_csv_either_way(
    stream: IO[bytes],
    file_name: str,
    settings: Settings,
    reading: Reading,
    again: Open | None,
    *,
    damaged: bool = False,
) -> Analysis:
    """With quotes, or where they make nonsense of the file without them."""
    try:
        return _analyze_csv(stream, file_name, settings, reading, damaged)
    except OpenQuote:
        if reading.quotechar is not None or again is None:
            raise
        without = _without_quotes(again, file_name, settings, reading, damaged)
        if without is None:
            raise
        return without


def _analyze_csv(stream: IO[bytes], file_name: str, settings: Settings, reading: Reading, damaged: bool) -> Analysis:
    return analyze_csv(
        stream,
        chunk_rows=settings.chunk_rows,
        file_name=file_name,
        encoding=reading.encoding,
        delimiter=reading.delimiter,
        quotechar=reading.quotechar,
        skip_header_rows=reading.skip_header_rows,
        header=reading.header,
        damaged=damaged,
        max_columns=settings.columns,
        max_cell_bytes=settings.cell_bytes,
        max_rows=settings.engine_rows,
    )


def _without_quotes(
    again: Open, file_name: str, settings: Settings, reading: Reading, damaged: bool
) -> Analysis | None:
    """A file whose quotes make nonsense, read as if they were signs like others, where that makes sense of it."""
    try:
        analysis = _analyze_csv(again(), file_name, settings, replace(reading, quotechar=NO_QUOTES), damaged)
    except UnreadableFile:
        return None
    if not quotes_are_signs(again(), analysis.dialect):
        return None
    return replace(analysis, notes=(NO_QUOTES_NOTE, *analysis.notes))


def _analyze_rewritten(
    stream: IO[bytes],
    found: str,
    settings: Settings,
    reading: Reading,
    canonical: Store | None,
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
        detected=replace(rows.detected, format=found),
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
