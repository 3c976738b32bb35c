"""No job stays running for ever: what fell silent is taken up again, or fails with the reason.

The tick calls ``reap`` and ``sweep_files``; a start after a crash calls ``requeue_lost``, when the queues are known to
be empty. The ledger says what is still to do, so asking twice is harmless.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from chalicelib.imports.dispatch import announce, take_up
from chalicelib.imports.finish import FILE_GONE, clear_file, fail
from chalicelib.model.import_job import ImportJob, JobState
from chalicelib.services import Services
from chalicelib.store import jobs
from chalicelib.store.jobs import SilentJob

log = logging.getLogger(__name__)

_REAPED_AT_ONCE = 200


def reap(services: Services) -> int:
    """Jobs taken up or failed because nobody was heard working on them for a lease."""
    now = services.now()
    settings = services.settings
    with services.database.sweep() as cursor:
        silent = jobs.silent(
            cursor, now=now, alive_since=now - timedelta(seconds=settings.lease_seconds), limit=_REAPED_AT_ONCE
        )
    for each in silent:
        with _alone(each.workspace_id, each.id):
            _reap_one(services, each, now)
    return len(silent)


def _reap_one(services: Services, silent: SilentJob, now: datetime) -> None:
    settings = services.settings
    if silent.takeovers >= settings.takeovers and not silent.alive:
        reason = (
            f"No worker was heard of for {settings.takeovers} times {settings.lease_seconds} seconds."
            " Rows that were imported stay; retry runs the rest."
        )
        fail(services, silent.workspace_id, silent.id, reason, silent_since=now)
        return
    with services.database.workspace(silent.workspace_id) as cursor:
        job = jobs.take_over(
            cursor, silent.workspace_id, silent.id, silent.state, now=now, lease_until=settings.lease_from(now)
        )
    if job is not None:
        log.warning("job taken over", extra={"job": job.id, "state": job.state, "takeovers": job.takeovers})
        _take_up(services, job)


def requeue_lost(services: Services) -> int:
    """Running jobs asked for again, of all workspaces."""
    with services.database.sweep() as cursor:
        running = jobs.running(cursor)
    for workspace_id, job_id, _ in running:
        with _alone(workspace_id, job_id):
            with services.database.workspace(workspace_id) as cursor:
                job = jobs.read(cursor, workspace_id, job_id)
            if job is not None:
                _take_up(services, job)
    return len(running)


def sweep_files(services: Services) -> int:
    """Stored files deleted: of jobs that succeeded, and of others once their days are over."""
    before = services.now() - timedelta(days=services.settings.file_kept_days)
    with services.database.sweep() as cursor:
        found = jobs.keeping_files(cursor, before=before, limit=_REAPED_AT_ONCE)
    for workspace_id, job_id in found:
        with _alone(workspace_id, job_id):
            clear_file(services, workspace_id, job_id)
    return len(found)


@contextmanager
def _alone(workspace_id: int, job_id: int) -> Iterator[None]:
    """One job's trouble is no other's: it is logged, and the next job's turn comes."""
    try:
        yield
    except Exception:
        log.exception("job not taken up", extra={"workspace": workspace_id, "job": job_id})


def _take_up(services: Services, job: ImportJob) -> None:
    match job.state:
        case JobState.PENDING | JobState.ANALYZING:
            _wait_for_file(services, job)
        case JobState.QUEUED:
            announce(services, job)
        case JobState.PROCESSING:
            take_up(services, job)
        case _:
            pass


def _wait_for_file(services: Services, job: ImportJob) -> None:
    """A file that came while nobody listened is analysed now; one that never came within its time fails the job."""
    if job.file_key is None and job.source is None:
        fail(services, job.workspace_id, job.id, FILE_GONE)
    elif job.file_key is None or services.files.exists(job.file_key):
        announce(services, job)
    elif services.now() > job.created_at + timedelta(seconds=services.settings.upload_url_seconds):
        reason = "The file never arrived before its upload form ran out. Ask for a new form and upload it again."
        fail(services, job.workspace_id, job.id, reason)
