"""Step 1, receive: bytes become a stored file and a job.

A multipart upload is analysed on the spot and its job awaits the mapping; for a large file the job is made first, with
a form to send the file to S3 by, and the file's arrival starts the analysis.
"""

import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.errors import InvalidValue, TooLarge, UnreadableFile
from chalicelib.ids import make_job_uuid
from chalicelib.imports.analyze import analysis_json, analyze_content, suggestion_json
from chalicelib.imports.report import with_original_evidence
from chalicelib.imports.suggest import suggest_for
from chalicelib.model.import_job import ImportJob, JobState, MatchOn
from chalicelib.model.outcomes import Analysis
from chalicelib.services import Services
from chalicelib.store import chunks, jobs
from chalicelib.store.files import UploadForm
from chalicelib.store.postgres import Cursor

_ARRIVALS = "arrivals"
_FILES = "files"


@dataclass(frozen=True, slots=True)
class ExpectedUpload:
    """A job that waits for its file, and the form to send the file by."""

    job: ImportJob
    form: UploadForm
    expires_at: datetime


def receive(
    services: Services,
    workspace_id: int,
    *,
    file_name: str,
    content: bytes,
    import_type: str,
    match_on: MatchOn,
) -> ImportJob:
    """A job in awaiting_mapping for these bytes. Raises UnreadableFile, and then nothing was stored."""
    job_uuid = make_job_uuid(int(services.now().timestamp() * 1000), services.random_bits())
    file_key = f"{_FILES}/{workspace_id}/{job_uuid}/{_safe(file_name)}"
    analysis, content_version = _store_and_analyze(services, file_key, file_name, content)
    with services.database.workspace(workspace_id) as cursor:
        analysis = with_original_evidence(cursor, workspace_id, analysis)
        suggestion = suggest_for(cursor, workspace_id, analysis)
        job = _make_job(
            cursor,
            workspace_id,
            jobs.NewJob(
                uuid=job_uuid,
                state=JobState.AWAITING_MAPPING,
                import_type=import_type,
                file_name=file_name,
                file_type=analysis.file_type,
                file_key=file_key,
                match_on=match_on,
                file_bytes=analysis.size_bytes,
                file_sha256=analysis.sha256,
                content_version=content_version,
                analysis=analysis_json(analysis),
                suggestion=suggestion_json(suggestion),
                total_rows=analysis.row_count,
                chunk_count=len(analysis.chunks),
            ),
        )
        chunks.create(cursor, workspace_id, job.id, analysis.chunks)
    return job


def expect_upload(
    services: Services, workspace_id: int, *, file_name: str, size_bytes: int, content_type: str, match_on: MatchOn
) -> ExpectedUpload:
    """A pending job and the form its file is sent to S3 by. Raises TooLarge and InvalidValue."""
    settings = services.settings
    if not file_name.strip():
        raise InvalidValue({"file_name": "the name of the file, with its ending"})
    if size_bytes < 1:
        raise InvalidValue({"size": "the file's size in bytes, 1 at least"})
    if size_bytes > settings.upload_limit_bytes:
        raise TooLarge(f"The file has {size_bytes} bytes; {settings.upload_limit_bytes} are the most one import takes.")
    now = services.now()
    expires_at = now + timedelta(seconds=settings.upload_url_seconds)
    job_uuid = make_job_uuid(int(now.timestamp() * 1000), services.random_bits())
    file_key = f"{_ARRIVALS}/{workspace_id}/{job_uuid}/{_safe(file_name)}"
    form = services.files.upload_form(
        file_key, size_bytes=size_bytes, content_type=content_type, seconds=settings.upload_url_seconds
    )
    with services.database.workspace(workspace_id) as cursor:
        job = _make_job(
            cursor,
            workspace_id,
            jobs.NewJob(
                uuid=job_uuid,
                state=JobState.PENDING,
                import_type="push",
                file_name=file_name,
                file_type="csv",
                file_key=file_key,
                match_on=match_on,
                file_bytes=size_bytes,
                lease_until=settings.lease_from(expires_at),
            ),
        )
    return ExpectedUpload(job, form, expires_at)


def _make_job(cursor: Cursor, workspace_id: int, new: jobs.NewJob) -> ImportJob:
    job = jobs.read(cursor, workspace_id, jobs.create(cursor, workspace_id, new))
    assert job is not None
    return job


def _store_and_analyze(services: Services, file_key: str, file_name: str, content: bytes) -> tuple[Analysis, str]:
    """The file's analysis and its version in S3, where it goes meanwhile; one nobody can read is taken out again."""
    with ThreadPoolExecutor(1) as background:
        storing = background.submit(services.files.put, file_key, content, "text/csv")
        try:
            analysis = analyze_content(io.BytesIO(content), file_name, services.settings)
        except UnreadableFile:
            if storing.exception() is None:
                services.files.delete(file_key)
            raise
        return analysis, storing.result()


def _safe(file_name: str) -> str:
    """The file's name as the last part of a key: no folders, no control characters, 100 characters at most."""
    last = file_name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in last)[-100:] or "file"
