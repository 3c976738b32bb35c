"""Step 2, analyze: what the file is, what its columns hold, where its chunks begin.

An upload's bytes are analysed before a job is made, so a file nobody can read leaves nothing behind. A file that
arrived by itself (presigned upload) has its job already; what is wrong with it ends up in the job.
"""

import logging
from dataclasses import asdict
from typing import IO, Any
from uuid import UUID

from chalicelib.errors import NotFound, UnreadableFile
from chalicelib.formats import FORMATS
from chalicelib.imports.finish import FILE_GONE, fail
from chalicelib.imports.report import with_original_evidence
from chalicelib.imports.suggest import suggest_for
from chalicelib.model.import_job import JobState, Move
from chalicelib.model.mapping import Suggestion
from chalicelib.model.outcomes import Analysis
from chalicelib.services import Services
from chalicelib.settings import Settings
from chalicelib.store import chunks, jobs

log = logging.getLogger(__name__)

_BEFORE_MAPPING = (JobState.PENDING, JobState.ANALYZING)


def analyze_content(stream: IO[bytes], file_name: str, settings: Settings) -> Analysis:
    """One pass over the bytes. Raises UnreadableFile with what, where and what to do."""
    return FORMATS["csv"].analyze(
        stream,
        file_name=file_name,
        chunk_rows=settings.chunk_rows,
        max_columns=settings.columns,
        max_cell_bytes=settings.cell_bytes,
        max_rows=settings.engine_rows,
    )


def analyze_arrival(services: Services, workspace_id: int, job_uuid: UUID) -> None:
    """Analyse the file of a job that waits for it. Told twice, it does it once more and ends the same.

    Raises NotFound when no job waits, or when its file is not there.
    """
    now = services.now()
    lease_until = services.settings.lease_from(now)
    with services.database.workspace(workspace_id) as cursor:
        found = jobs.read_by_uuid(cursor, workspace_id, job_uuid)
        if found is None:
            raise NotFound(f"No job {job_uuid} waits for a file.")
        job = jobs.move(
            cursor, workspace_id, found.id, Move.ANALYZE, JobState.ANALYZING, now=now, lease_until=lease_until
        )
    if job is None:
        log.info("file arrived again", extra={"job": found.id, "state": found.state})
        return
    if job.file_key is None:
        fail(services, workspace_id, job.id, FILE_GONE)
        return
    try:
        with services.files.open(job.file_key) as file:
            content_version = file.version
            analysis = analyze_content(file.stream, job.file_name, services.settings)
    except UnreadableFile as error:
        fail(services, workspace_id, job.id, str(error))
        return
    with services.database.workspace(workspace_id) as cursor:
        analysis = with_original_evidence(cursor, workspace_id, analysis)
        suggestion = suggest_for(cursor, workspace_id, analysis)
        ours = jobs.save_analysis(
            cursor,
            workspace_id,
            job.id,
            file_type=analysis.file_type,
            file_bytes=analysis.size_bytes,
            file_sha256=analysis.sha256,
            content_key=job.file_key,
            content_version=content_version,
            analysis=analysis_json(analysis),
            suggestion=suggestion_json(suggestion),
            total_rows=analysis.row_count,
            chunk_count=len(analysis.chunks),
            now=services.now(),
        )
        if ours:
            chunks.forget(cursor, workspace_id, job.id)
            chunks.create(cursor, workspace_id, job.id, analysis.chunks)


def fail_arrival(services: Services, workspace_id: int, job_uuid: UUID) -> None:
    """End a job whose file could not be analysed however often it was tried."""
    with services.database.workspace(workspace_id) as cursor:
        job = jobs.read_by_uuid(cursor, workspace_id, job_uuid)
    if job is not None:
        reason = f"The file could not be analysed in {services.settings.chunk_receives} attempts. Retry tries again."
        fail(services, workspace_id, job.id, reason, from_states=_BEFORE_MAPPING)


def analysis_json(analysis: Analysis) -> dict[str, Any]:
    """What a job keeps of its analysis; the chunks have a table of their own.

    PostgreSQL keeps no NUL character: in the sample its picture stands for it. The row itself will be a row error.
    """
    kept = asdict(analysis)
    del kept["chunks"]
    kept["sample_rows"] = [list(map(_without_nul, row)) for row in analysis.sample_rows]
    for column in kept["columns"]:
        column["examples"] = list(map(_without_nul, column["examples"]))
    return kept


def _without_nul(text: str) -> str:
    return text.replace("\0", "\u2400")


def suggestion_json(suggestion: Suggestion) -> dict[str, Any]:
    return asdict(suggestion)
