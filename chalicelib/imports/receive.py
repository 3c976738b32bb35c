"""Step 1, receive: bytes become a stored file and a job.

A multipart upload is analysed on the spot and its job awaits the mapping, or has it from a template; for a large file
the job is made first, with a form to send the file to S3 by, and the file's arrival starts the analysis; a file at an
address is fetched by the queue function. Serves the wizard document, the Pixeepim document ("Upload a file", "Upload
from URL") and the ProductsManager document ("Create an import").
"""

import io
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from chalicelib.catalog import suppliers
from chalicelib.errors import InvalidValue, SkuloomError, TooLarge
from chalicelib.formats import FORMAT_NAMES
from chalicelib.formats.reading import Reading
from chalicelib.ids import make_job_uuid
from chalicelib.imports.analyze import (
    Analyzed,
    analysis_json,
    analyze_stream,
    apply_template,
    file_key_for,
    suggestion_json,
)
from chalicelib.imports.dispatch import announce
from chalicelib.imports.mapping import SavedMapping, save, suggested_mapping
from chalicelib.imports.report import with_original_evidence
from chalicelib.imports.start import start
from chalicelib.imports.suggest import prepare, suggest_for
from chalicelib.imports.templates import read as read_template
from chalicelib.model.import_job import ImportJob, JobState, MappingSource, MatchOn
from chalicelib.model.import_template import Template
from chalicelib.model.mapping import EAN, NAME, SKU, Suggestion
from chalicelib.model.supplier import Supplier
from chalicelib.services import Services
from chalicelib.sources.http_url import check_url, name_in_url
from chalicelib.store import chunks, jobs
from chalicelib.store.files import UploadForm
from chalicelib.store.postgres import Cursor
from chalicelib.suggest.unclear import habit_notes

_ALL_FORMATS = tuple(FORMAT_NAMES)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a caller says of an import beside its file.

    Attributes:
        import_type: one of IMPORT_TYPES.
        supplier_code: of a supplier there is, or of one to be made; ``supplier_id`` names one there is.
        template_id: whose mapping, rules, options and reading are taken; what ``reading`` says itself comes first.
        auto_start: with a template that fits, start at once.
        formats: what the API takes, keys of FORMAT_NAMES.
        utf8_only: a file of another encoding is refused, unless ``reading`` names it.
    """

    import_type: str = "manual"
    match_on: MatchOn = MatchOn.EAN
    supplier_code: str | None = None
    supplier_id: UUID | None = None
    template_id: UUID | None = None
    reading: Reading = field(default_factory=Reading)
    auto_start: bool = False
    formats: Collection[str] = _ALL_FORMATS
    utf8_only: bool = False


@dataclass(frozen=True, slots=True)
class ExpectedUpload:
    """A job that waits for its file, and the form to send the file by."""

    job: ImportJob
    form: UploadForm
    expires_at: datetime


def receive(services: Services, workspace_id: int, file_name: str, content: bytes, terms: Terms) -> ImportJob:
    """A job for these bytes: ready with a template that fits, queued when it starts by itself, else in
    awaiting_mapping. Raises UnreadableFile, NotFound and InvalidValue, and then nothing was stored.
    """
    job = _receive(services, workspace_id, file_name, content, terms, None)
    return start(services, workspace_id, job.id) if job.state is JobState.READY and job.auto_start else job


def receive_and_start(
    services: Services,
    workspace_id: int,
    file_name: str,
    content: bytes,
    terms: Terms,
    *,
    mapping: Mapping[str, str | None] | None,
    options: Mapping[str, Any],
    transforms: Mapping[str, Any] | None = None,
) -> ImportJob:
    """A queued job for these bytes, by this mapping or else by the suggested one; so its steps.

    Raises UnreadableFile, and InvalidValue when the mapping cannot be or, without one, when the file's columns do not
    say which holds the key and which the name; then nothing was stored.
    """
    said = SavedMapping(mapping or {}, options=options, transforms=transforms)
    job = _receive(services, workspace_id, file_name, content, terms, said)
    return start(services, workspace_id, job.id)


def expect_upload(
    services: Services, workspace_id: int, *, file_name: str, size_bytes: int, content_type: str, terms: Terms
) -> ExpectedUpload:
    """A pending job and the form its file is sent to S3 by. Raises TooLarge, NotFound and InvalidValue."""
    settings = services.settings
    if not file_name.strip():
        raise InvalidValue({"file_name": "the name of the file, with its ending"})
    if size_bytes < 1:
        raise InvalidValue({"size": "the file's size in bytes, 1 at least"})
    if size_bytes > settings.upload_limit_bytes:
        raise TooLarge(f"The file has {size_bytes} bytes; {settings.upload_limit_bytes} are the most one import takes.")
    now = services.now()
    expires_at = now + timedelta(seconds=settings.upload_url_seconds)
    job_uuid = _new_uuid(services)
    file_key = file_key_for(services, workspace_id, job_uuid, file_name, arrives=True)
    form = services.files.upload_form(
        file_key, size_bytes=size_bytes, content_type=content_type, seconds=settings.upload_url_seconds
    )
    with services.database.workspace(workspace_id) as cursor:
        template = _template(cursor, workspace_id, terms)
        job = _create(
            cursor,
            workspace_id,
            terms,
            _supplier(services, cursor, workspace_id, terms, template),
            template,
            uuid=job_uuid,
            state=JobState.PENDING,
            file_name=file_name,
            file_type=_presumed_type(file_name, terms),
            file_key=file_key,
            file_bytes=size_bytes,
            lease_until=settings.lease_from(expires_at),
        )
    return ExpectedUpload(job, form, expires_at)


def receive_url(services: Services, workspace_id: int, url: str, terms: Terms) -> ImportJob:
    """A pending job whose file a queue function fetches. Raises InvalidValue for an address that is refused, and
    NotFound.
    """
    check_url(url, services.settings)
    now = services.now()
    with services.database.workspace(workspace_id) as cursor:
        template = _template(cursor, workspace_id, terms)
        job = _create(
            cursor,
            workspace_id,
            terms,
            _supplier(services, cursor, workspace_id, terms, template),
            template,
            uuid=_new_uuid(services),
            state=JobState.PENDING,
            file_name=name_in_url(url),
            file_type=_presumed_type(name_in_url(url), terms),
            file_key=None,
            source={"url": url},
            lease_until=services.settings.lease_from(now),
        )
    announce(services, job)
    return job


def _receive(
    services: Services,
    workspace_id: int,
    file_name: str,
    content: bytes,
    terms: Terms,
    said: SavedMapping | None,
) -> ImportJob:
    """The job of an upload, mapped when there is a template or ``said``; without a mapping that stands for the
    suggested one.
    """
    began = services.clock()
    prepare(services)
    with services.database.workspace(workspace_id) as cursor:
        template = _template(cursor, workspace_id, terms)
    reading = _reading(terms, template)
    job_uuid = _new_uuid(services)
    file_key = file_key_for(services, workspace_id, job_uuid, file_name)
    with _taken_out_again(services) as stored:
        analyzed = _store_and_analyze(
            services, workspace_id, job_uuid, file_key, file_name, content, reading, terms, stored
        )
        with services.database.workspace(workspace_id) as cursor:
            analyzed = replace(analyzed, analysis=with_original_evidence(cursor, workspace_id, analyzed.analysis))
        suggestion = suggest_for(
            services,
            workspace_id,
            analyzed.analysis,
            supplier_id=_named_supplier(terms, template),
            supplier_code=terms.supplier_code,
            began=began,
            ask=said is None or not said.mapping,
        )
        with services.database.workspace(workspace_id) as cursor:
            job = _create_analyzed(
                services, cursor, workspace_id, terms, template, job_uuid, file_name, file_key, analyzed, suggestion
            )
            if said is not None:
                return save(services, cursor, job, _complete(job, said), MappingSource.SAVED, at="mapping")
            return apply_template(services, cursor, job, template) if template else job


def _complete(job: ImportJob, said: SavedMapping) -> SavedMapping:
    """What was said, or the suggestion when it is enough to import by. Raises InvalidValue."""
    if said.mapping:
        return said
    mapping = suggested_mapping(job)
    fields = set(mapping.values())
    lacking = [
        what for what, found in (("key (sku or ean)", fields & {SKU, EAN}), ("name", NAME in fields)) if not found
    ]
    if lacking:
        columns = ", ".join(f'"{header}"' for header in list(mapping)[:20])
        message = (
            f"which column holds the {' and which the '.join(lacking)} cannot be told from the file; its columns are"
            f' {columns}: send a mapping such as {{"<column>": "ean", "<column>": "title"}}'
        )
        raise InvalidValue({"mapping": message})
    return replace(said, mapping=mapping)


def _template(cursor: Cursor, workspace_id: int, terms: Terms) -> Template | None:
    return None if terms.template_id is None else read_template(cursor, workspace_id, terms.template_id)


def _presumed_type(file_name: str, terms: Terms) -> str:
    """The format of a file nobody has looked into yet: as the caller says, else as its name ends."""
    ending = file_name.rpartition(".")[2].lower()
    return terms.reading.format or (ending if ending in FORMAT_NAMES else "csv")


def _reading(terms: Terms, template: Template | None) -> Reading:
    """How the file is to be read: as the caller says, and where they say nothing as the template does."""
    if template is None:
        return terms.reading
    said = {name: value for name, value in asdict(terms.reading).items() if value is not None}
    return Reading(**{**template.reading, **said})


def _create_analyzed(
    services: Services,
    cursor: Cursor,
    workspace_id: int,
    terms: Terms,
    template: Template | None,
    job_uuid: UUID,
    file_name: str,
    file_key: str,
    analyzed: Analyzed,
    suggestion: Suggestion,
) -> ImportJob:
    analysis = analyzed.analysis
    supplier = _supplier(services, cursor, workspace_id, terms, template)
    job = _create(
        cursor,
        workspace_id,
        terms,
        supplier,
        template,
        uuid=job_uuid,
        state=JobState.AWAITING_MAPPING,
        file_name=file_name,
        file_type=analysis.file_type,
        file_key=file_key,
        file_bytes=analysis.size_bytes,
        file_sha256=analysis.sha256,
        content_key=analyzed.content_key,
        content_version=analyzed.content_version,
        analysis=analysis_json(analysis, habit_notes(suggestion)),
        suggestion=suggestion_json(suggestion),
        total_rows=analysis.row_count,
        chunk_count=len(analysis.chunks),
    )
    chunks.create(cursor, workspace_id, job.id, analysis.chunks)
    return job


def _supplier(
    services: Services, cursor: Cursor, workspace_id: int, terms: Terms, template: Template | None
) -> Supplier | None:
    """The supplier the file is from; an unknown code makes one. Nobody named: the template's own."""
    return suppliers.resolve(
        cursor,
        workspace_id,
        code=terms.supplier_code,
        supplier_id=_named_supplier(terms, template),
        now=services.now(),
        random=services.random_bits,
    )


def _named_supplier(terms: Terms, template: Template | None) -> UUID | None:
    """The supplier that is named by its id: the caller's, or else the template's own where the caller names nobody."""
    if terms.supplier_id is None and terms.supplier_code is None and template is not None:
        return template.supplier_id
    return terms.supplier_id


def _create(
    cursor: Cursor,
    workspace_id: int,
    terms: Terms,
    supplier: Supplier | None,
    template: Template | None,
    **known: Any,
) -> ImportJob:
    new = jobs.NewJob(
        import_type=terms.import_type,
        match_on=terms.match_on,
        reading={**asdict(_reading(terms, template)), "formats": list(terms.formats)},
        supplier_id=supplier.id if supplier else None,
        supplier_code=supplier.code if supplier else None,
        template_id=template.id if template else None,
        template_version=template.version if template else None,
        auto_start=terms.auto_start,
        **known,
    )
    job = jobs.read(cursor, workspace_id, jobs.create(cursor, workspace_id, new))
    assert job is not None
    return job


def _store_and_analyze(
    services: Services,
    workspace_id: int,
    job_uuid: UUID,
    file_key: str,
    file_name: str,
    content: bytes,
    reading: Reading,
    terms: Terms,
    stored: list[str],
) -> Analyzed:
    """The file's analysis, while the file goes to S3. What was stored is noted in ``stored``, however it ends."""
    with ThreadPoolExecutor(1) as background:
        storing = background.submit(services.files.put, file_key, content, "application/octet-stream")
        try:
            return analyze_stream(
                services,
                workspace_id,
                job_uuid,
                io.BytesIO(content),
                file_name,
                reading,
                formats=terms.formats,
                file_key=file_key,
                file_version=storing.result,
                stored=stored,
                again=lambda: io.BytesIO(content),
                utf8_only=terms.utf8_only,
            )
        finally:
            if storing.exception() is None:
                stored.append(file_key)


@contextmanager
def _taken_out_again(services: Services) -> Iterator[list[str]]:
    """A list of stored files; when it ends badly they are deleted, so that a refused upload leaves nothing."""
    stored: list[str] = []
    try:
        yield stored
    except SkuloomError:
        for key in stored:
            services.files.delete(key)
        raise


def _new_uuid(services: Services) -> UUID:
    return make_job_uuid(int(services.now().timestamp() * 1000), services.random_bits())
