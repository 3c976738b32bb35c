"""Step 2, analyze: what the file is, what its columns hold, where its chunks begin.

An upload's bytes are analysed before a job is made, so a file nobody can read leaves nothing behind. A file that
arrived by itself (presigned upload) or is to be fetched from an address has its job already; what is wrong with it
ends up in the job. A CSV is imported as it is; any other format is rewritten into a canonical CSV, stored beside the
file.
"""

import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from typing import IO, Any
from uuid import UUID

from chalicelib.errors import Conflict, FetchFailed, IllegalTransition, InvalidValue, NotFound, UnreadableFile
from chalicelib.formats import FORMAT_NAMES
from chalicelib.formats.reading import Reading
from chalicelib.imports.canonical import analyze_file
from chalicelib.imports.finish import FILE_GONE, fail
from chalicelib.imports.mapping import SavedMapping, save
from chalicelib.imports.report import with_original_evidence
from chalicelib.imports.start import start
from chalicelib.imports.suggest import prepare, suggest_for
from chalicelib.imports.templates import read as read_template
from chalicelib.model.import_job import ImportJob, JobState, MappingSource, Move
from chalicelib.model.import_template import Template
from chalicelib.model.mapping import Suggestion
from chalicelib.model.outcomes import Analysis
from chalicelib.services import Services
from chalicelib.sources.http_url import open_url
from chalicelib.store import chunks, jobs
from chalicelib.store.postgres import Cursor
from chalicelib.suggest.unclear import habit_notes

log = logging.getLogger(__name__)

_BEFORE_MAPPING = (JobState.PENDING, JobState.ANALYZING)
_ARRIVALS = "arrivals"
_FILES = "files"
_WAITED_FOR_SECONDS = 15
"""A caller that waits for the analysis has its answer within 29 seconds or none."""
_BINARY, _CSV = "application/octet-stream", "text/csv"


@dataclass(frozen=True, slots=True)
class Analyzed:
    """An analysis, and the stored object its chunks are ranges of."""

    analysis: Analysis
    content_key: str
    content_version: str


def analyze_stream(
    services: Services,
    workspace_id: int,
    job_uuid: UUID,
    stream: IO[bytes],
    file_name: str,
    reading: Reading,
    *,
    formats: Collection[str],
    file_key: str,
    file_version: Callable[[], str],
    stored: list[str],
    again: Callable[[], IO[bytes]],
    utf8_only: bool = False,
) -> Analyzed:
    """One pass over the bytes, or more where they are not UTF-8, for which ``again`` opens the file once more.

    What it stores beside the file is noted in ``stored``.

    Raises UnreadableFile with what, where and what to do.
    """
    canonical_key = f"{_FILES}/{workspace_id}/{job_uuid}/{services.random_bits():x}.csv"
    versions: list[str] = []

    def store(pieces: Iterator[bytes]) -> None:
        versions.append(services.files.put_stream(canonical_key, pieces, _CSV))
        stored.append(canonical_key)

    analysis = analyze_file(
        stream,
        file_name,
        services.settings,
        reading,
        canonical=store,
        formats=formats,
        again=again,
        utf8_only=utf8_only,
    )
    if versions:
        return Analyzed(analysis, canonical_key, versions[0])
    return Analyzed(analysis, file_key, file_version())


def analyze_arrival(services: Services, workspace_id: int, job_uuid: UUID) -> None:
    """Analyse the file of a job that waits for it. Told twice, it does it once more and ends the same.

    Raises NotFound when no job waits, or when its file is not there.
    """
    with services.database.workspace(workspace_id) as cursor:
        found = jobs.read_by_uuid(cursor, workspace_id, job_uuid)
    if found is None:
        raise NotFound(f"No job {job_uuid} waits for a file.")
    job = _begin(services, found)
    if job is None:
        log.info("file arrived again", extra={"job": found.id, "state": found.state})
        _start_by_itself(services, found)
        return
    try:
        _analyze(services, job)
    except FetchFailed as error:
        if error.worth_retrying:
            _note_trouble(services, job, error)
            raise
        fail(services, workspace_id, job.id, str(error), from_states=_BEFORE_MAPPING)
    except UnreadableFile as error:
        fail(services, workspace_id, job.id, str(error), from_states=_BEFORE_MAPPING)


def analyze_now(services: Services, workspace_id: int, job: ImportJob) -> ImportJob:
    """A pending job, analysed while the caller waits. Raises Conflict when its file is not here yet, UnreadableFile and
    FetchFailed (the job has failed then), and IllegalTransition when somebody else was faster.
    """
    if job.source is None and (job.file_key is None or not services.files.exists(job.file_key)):
        raise Conflict("The file of this import has not arrived yet: send it first.")
    begun = _begin(services, job)
    if begun is None:
        raise IllegalTransition(job.state, Move.ANALYZE)
    try:
        _analyze(services, begun, fetch_seconds=_WAITED_FOR_SECONDS)
    except (UnreadableFile, FetchFailed) as error:
        fail(services, workspace_id, job.id, str(error), from_states=_BEFORE_MAPPING)
        raise
    with services.database.workspace(workspace_id) as cursor:
        analyzed = jobs.read(cursor, workspace_id, job.id)
    assert analyzed is not None
    return analyzed


def fail_arrival(services: Services, workspace_id: int, job_uuid: UUID) -> None:
    """End a job whose file could not be analysed however often it was tried."""
    with services.database.workspace(workspace_id) as cursor:
        job = jobs.read_by_uuid(cursor, workspace_id, job_uuid)
    if job is not None:
        why = f" {job.error_message}" if job.error_message else ""
        reason = (
            f"The file could not be analysed in {services.settings.chunk_receives} attempts.{why} Retry tries again."
        )
        fail(services, workspace_id, job.id, reason, from_states=_BEFORE_MAPPING)


def file_key_for(
    services: Services, workspace_id: int, job_uuid: UUID, file_name: str, *, arrives: bool = False
) -> str:
    """Where a job's file is stored, a place of its own each time. One that ``arrives`` by itself is told of by S3."""
    if arrives:
        return f"{_ARRIVALS}/{workspace_id}/{job_uuid}/{_safe(file_name)}"
    return f"{_FILES}/{workspace_id}/{job_uuid}/{services.random_bits():x}/{_safe(file_name)}"


def apply_template(services: Services, cursor: Cursor, job: ImportJob, template: Template) -> ImportJob:
    """The ready job, when the template fits its file; else the job as it is, whose notes say why."""
    said = SavedMapping(template.mapping, template.rules, template.options, template.transforms)
    try:
        return save(services, cursor, job, said, MappingSource.TEMPLATE)
    except InvalidValue as error:
        jobs.add_note(
            cursor, job.workspace_id, job.id, f'The template "{template.name}" does not fit this file: {error}.'
        )
    noted = jobs.read(cursor, job.workspace_id, job.id)
    assert noted is not None
    return noted


def _begin(services: Services, job: ImportJob) -> ImportJob | None:
    """The job as ours to analyse, or None when it is past that."""
    now = services.now()
    with services.database.workspace(job.workspace_id) as cursor:
        return jobs.move(
            cursor,
            job.workspace_id,
            job.id,
            Move.ANALYZE,
            JobState.ANALYZING,
            now=now,
            lease_until=services.settings.lease_from(now),
        )


def _note_trouble(services: Services, job: ImportJob, trouble: FetchFailed) -> None:
    """Keep why an attempt failed, for the reason its job may end with."""
    with services.database.workspace(job.workspace_id) as cursor:
        jobs.note_trouble(cursor, job.workspace_id, job.id, str(trouble))


def _analyze(services: Services, job: ImportJob, *, fetch_seconds: float | None = None) -> None:
    """Analyse a job's file, fetched first where it is elsewhere. Raises UnreadableFile, FetchFailed and NotFound."""
    stored: list[str] = []
    kept = False
    prepare(services)
    try:
        if job.file_key is None and job.source is not None:
            file_name, file_key = _fetch(services, job, stored, fetch_seconds)
        elif job.file_key is not None:
            file_name, file_key = job.file_name, job.file_key
        else:
            raise UnreadableFile(FILE_GONE)
        with ExitStack() as opened:
            versions: list[str] = []

            def again() -> IO[bytes]:
                file = opened.enter_context(services.files.open(file_key))
                versions.append(file.version)
                return file.stream

            analyzed = analyze_stream(
                services,
                job.workspace_id,
                job.uuid,
                again(),
                file_name,
                _reading_of(job),
                formats=job.reading.get("formats", tuple(FORMAT_NAMES)),
                file_key=file_key,
                file_version=lambda: versions[-1],
                stored=stored,
                again=again,
            )
        settled = _save(services, job, file_name, file_key, analyzed)
        kept = settled is not None
    finally:
        if not kept:
            # Nobody will ask for them: it cannot be read, or somebody else was faster.
            for key in stored:
                services.files.delete(key)
    if settled is not None:
        _start_by_itself(services, settled)


def _start_by_itself(services: Services, job: ImportJob) -> None:
    """Start a job that its template has mapped, if it is to go on alone; also when it is told of a second time, for
    whoever mapped it may have died before. A mapping that a person has saved since waits for that person.
    """
    if job.state is not JobState.READY or not job.auto_start or job.mapping_source is not MappingSource.TEMPLATE:
        return
    try:
        start(services, job.workspace_id, job.id)
    except (IllegalTransition, NotFound) as error:
        log.info("job needs no start", extra={"job": job.id, "why": str(error)})
    except InvalidValue as error:
        with services.database.workspace(job.workspace_id) as cursor:
            jobs.add_note(cursor, job.workspace_id, job.id, f"The import could not start by itself: {error}.")


def _fetch(services: Services, job: ImportJob, stored: list[str], seconds: float | None) -> tuple[str, str]:
    """The name and key of a file that was fetched from where the job says."""
    assert job.source is not None
    with open_url(job.source["url"], services.settings, seconds=seconds) as fetched:
        file_key = file_key_for(services, job.workspace_id, job.uuid, fetched.file_name)
        services.files.put_stream(file_key, fetched.pieces, _BINARY)
        stored.append(file_key)
        return fetched.file_name, file_key


def _save(services: Services, job: ImportJob, file_name: str, file_key: str, analyzed: Analyzed) -> ImportJob | None:
    """The analysed job, mapped when its template fits; None when it moved on meanwhile."""
    workspace_id = job.workspace_id
    with services.database.workspace(workspace_id) as cursor:
        analysis = with_original_evidence(cursor, workspace_id, analyzed.analysis)
    suggestion = suggest_for(services, workspace_id, analysis, supplier_id=job.supplier_id)
    with services.database.workspace(workspace_id) as cursor:
        ours = jobs.save_analysis(
            cursor,
            workspace_id,
            job.id,
            file_name=file_name,
            file_type=analysis.file_type,
            file_bytes=analysis.size_bytes,
            file_sha256=analysis.sha256,
            file_key=file_key,
            content_key=analyzed.content_key,
            content_version=analyzed.content_version,
            analysis=analysis_json(analysis, habit_notes(suggestion)),
            suggestion=suggestion_json(suggestion),
            total_rows=analysis.row_count,
            chunk_count=len(analysis.chunks),
            now=services.now(),
        )
        if ours is None:
            return None
        chunks.forget(cursor, workspace_id, job.id)
        chunks.create(cursor, workspace_id, job.id, analysis.chunks)
        if job.template_id is None:
            return ours
        try:
            template = read_template(cursor, workspace_id, job.template_id, job.template_version)
        except NotFound:
            jobs.add_note(cursor, workspace_id, job.id, "The template of this import was deleted: map its columns.")
            return ours
        return apply_template(services, cursor, ours, template)


def _reading_of(job: ImportJob) -> Reading:
    return Reading(**{name: value for name, value in job.reading.items() if name != "formats"})


def analysis_json(analysis: Analysis, notes: Sequence[str] = ()) -> dict[str, Any]:
    """What a job keeps of its analysis, and further notes on it; the chunks have a table of their own.

    PostgreSQL keeps no NUL character: its picture stands for it. A row that holds one will be a row error.
    """
    kept = asdict(replace(analysis, chunks=(), notes=(*analysis.notes, *notes)))
    del kept["chunks"]
    stored: dict[str, Any] = _storable(kept)
    return stored


def _storable(value: Any) -> Any:
    """A value without NUL characters, and with escapes for halves of surrogate pairs, which are no characters."""
    match value:
        case str():
            text = value.replace("\0", "\u2400")
            return text if text.isprintable() else text.encode("utf-8", "backslashreplace").decode()
        case dict():
            return {name: _storable(each) for name, each in value.items()}
        case list() | tuple():
            return list(map(_storable, value))
        case _:
            return value


def suggestion_json(suggestion: Suggestion) -> dict[str, Any]:
    """What a job keeps of its suggestion."""
    return asdict(suggestion)


def _safe(file_name: str) -> str:
    """The file's name as the last part of a key: no folders, no control characters, 100 characters at most."""
    last = file_name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in last)[-100:] or "file"
