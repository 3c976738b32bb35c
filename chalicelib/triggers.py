"""The non-HTTP entry points: the queues of chunks, arrivals and segments, their dead letters, and the 5-minute tick.

A handler's body says which step of the engine a message asks for. What a step raises is logged here with the job,
noted in the ledger, and the message is shown again after a growing pause; SQS dead-letters what keeps failing, and the
job then ends with the reason.
"""

import json
import logging
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import unquote_plus
from uuid import UUID

from chalice.app import Blueprint, CloudWatchEvent, SQSEvent

from chalicelib.catalog.mirror import drain_all
from chalicelib.errors import SkuloomError, Unavailable
from chalicelib.imports.analyze import analyze_arrival, fail_arrival
from chalicelib.imports.check_chunk import check_chunk
from chalicelib.imports.dispatch import dispatch
from chalicelib.imports.finish import fail
from chalicelib.imports.import_chunk import import_chunk
from chalicelib.imports.recover import reap, sweep_files
from chalicelib.imports.undo import forget_old, take_back_halves, undo_part
from chalicelib.model.import_job import JobState
from chalicelib.segments.compute import compute, give_up_dead
from chalicelib.segments.refresh import ask_due, ask_forgotten, refresh, refresh_unheard
from chalicelib.segments.sweep import drop_computes
from chalicelib.services import Services, container_services
from chalicelib.settings import load_settings
from chalicelib.store import chunks

log = logging.getLogger(__name__)

blueprint = Blueprint(__name__)

_OUR_KEY = re.compile(r"arrivals/([0-9]{1,18})/([0-9a-f-]{36})/")

_settings = load_settings()

Message = Mapping[str, Any]
BatchAnswer = dict[str, list[dict[str, str]]]


@blueprint.on_sqs_message(
    queue=_settings.chunk_queue, name="import_chunks", batch_size=1, maximum_concurrency=_settings.chunk_concurrency
)
def import_chunks(event: SQSEvent) -> BatchAnswer:
    """A queued job to dispatch, or a chunk of rows to check or to import."""
    return _each(event, _settings.chunk_queue, _take_chunk_message)


@blueprint.on_sqs_message(queue=_settings.arrival_queue, name="arrivals", batch_size=1)
def arrivals(event: SQSEvent) -> BatchAnswer:
    """A file that came to S3, or a job whose file is to be analysed again."""
    return _each(event, _settings.arrival_queue, _take_arrival_message)


@blueprint.on_sqs_message(queue=_settings.dead_letter_queue, name="dead_chunks", batch_size=1)
def dead_chunks(event: SQSEvent) -> BatchAnswer:
    """A chunk that failed too often ends its job."""
    return _each(event, _settings.dead_letter_queue, _fail_job_of)


@blueprint.on_sqs_message(queue=_settings.arrival_dead_letter_queue, name="dead_arrivals", batch_size=1)
def dead_arrivals(event: SQSEvent) -> BatchAnswer:
    """A file whose analysis failed too often ends its job."""
    return _each(event, _settings.arrival_dead_letter_queue, _fail_arrival_of)


@blueprint.on_sqs_message(
    queue=_settings.segment_queue,
    name="compute_segments",
    batch_size=1,
    maximum_concurrency=_settings.segment_concurrency,
)
def compute_segments(event: SQSEvent) -> BatchAnswer:
    """A segment to compute, or a change of the catalogue whose segments are to be refreshed."""
    return _each(event, _settings.segment_queue, _take_segment_message)


@blueprint.on_sqs_message(queue=_settings.segment_dead_letter_queue, name="dead_segments", batch_size=1)
def dead_segments(event: SQSEvent) -> BatchAnswer:
    """A segment whose computing failed too often says so."""
    return _each(event, _settings.segment_dead_letter_queue, _give_up_segment_of)


@blueprint.schedule(f"rate({_settings.tick_minutes} minutes)", name="tick")
def tick(_event: CloudWatchEvent) -> dict[str, int]:
    """Take up what fell silent, bring the mirror up to date, delete files that have served."""
    services = container_services()
    done = {name: _tried(work, services) for name, work in _TICK.items()}
    log.info("tick", extra=done)
    return done


def _take_chunk_message(services: Services, message: Message) -> None:
    match message["do"]:
        case "dispatch":
            dispatch(services, message["workspace"], message["job"], message["run"])
        case "import":
            import_chunk(services, message["workspace"], message["job"], message["run"], message["chunk"])
        case "check":
            check_chunk(services, message["workspace"], message["job"], message["run"], message["chunk"])
        case "undo":
            undo_part(services, message["workspace"], message["job"], message["run"], message["chunk"])
        case unknown:
            raise ValueError(f"no step is called {unknown!r}")


def _take_arrival_message(services: Services, message: Message) -> None:
    for workspace_id, job_uuid in _arrived(message):
        analyze_arrival(services, workspace_id, job_uuid)


def _take_segment_message(services: Services, message: Message) -> None:
    match message["do"]:
        case "compute":
            compute(services, message["workspace"], message["segment"])
        case "refresh":
            refresh(services, message["workspace"])
        case unknown:
            raise ValueError(f"no step is called {unknown!r}")


def _give_up_segment_of(services: Services, message: Message) -> None:
    """A change that could not be announced is taken up by the tick; there is nothing to answer."""
    if message["do"] == "compute":
        give_up_dead(services, message["workspace"], message["segment"])


def _fail_job_of(services: Services, message: Message) -> None:
    """A message that is dead ends its job only if what it asked for is still to be done."""
    workspace_id, job_id, run = message["workspace"], message["job"], message["run"]
    receives = services.settings.chunk_receives
    if message["do"] == "dispatch":
        reason = f"The job could not be started in {receives} attempts. Retry starts it again."
        fail(services, workspace_id, job_id, reason, run=run, from_states=(JobState.QUEUED,))
        return
    with services.database.workspace(workspace_id) as cursor:
        chunk = chunks.read(cursor, workspace_id, job_id, message["chunk"])
    if chunk is None or (chunk.checked_run if message["do"] == "check" else chunk.done_run) >= run:
        return
    rows = f"rows {chunk.range.first_row} to {chunk.range.first_row + chunk.range.rows - 1}"
    why = chunk.last_failure or "its worker died each time without a word"
    if message["do"] == "undo":
        reason = f"Part {message['chunk']} of the undo failed {receives} times: {why}."
        kept = "What was brought back stays; retry goes on with the rest."
    else:
        reason = f"Chunk {message['chunk']} ({rows}) failed {receives} times: {why}."
        kept = "Rows that were imported stay; retry runs the rest."
    if message["do"] == "check":
        kept = "It was looked at before the first row was written, so nothing was; retry looks again."
    fail(services, workspace_id, job_id, f"{reason} {kept}", run=run)


def _fail_arrival_of(services: Services, message: Message) -> None:
    for workspace_id, job_uuid in _arrived(message):
        fail_arrival(services, workspace_id, job_uuid)


def _arrived(message: Message) -> Iterable[tuple[int, UUID]]:
    """(workspace, job) of each object an S3 notification tells of; its test event tells of none."""
    if message.get("do") == "analyze":
        yield message["workspace"], UUID(message["uuid"])
    for record in message.get("Records", []):
        key = unquote_plus(record["s3"]["object"]["key"])
        if ours := _OUR_KEY.match(key):
            yield int(ours[1]), UUID(ours[2])
        else:
            log.warning("an object that no job waits for", extra={"key": key[:200]})


def _each(event: SQSEvent, queue: str, take: Callable[[Services, Message], None]) -> BatchAnswer:
    """Run ``take`` on each message; the ones it failed on are named, to be delivered again."""
    services = container_services()
    failures = []
    for record in event.to_dict()["Records"]:
        message: Message = {}
        try:
            message = json.loads(record["body"])
            take(services, message)
        except Exception as error:
            facts = {"queue": queue, **{name: message.get(name) for name in ("job", "chunk", "segment")}}
            log.exception("message failed", extra=facts)
            failures.append({"itemIdentifier": record["messageId"]})
            _soon_again(services, queue, record, message, error)
    return {"batchItemFailures": failures}


def _soon_again(services: Services, queue: str, record: Mapping[str, Any], message: Message, error: Exception) -> None:
    """Wait a little instead of the visibility timeout, which is meant for dead workers; and note why.

    2, 4, 8 … seconds, or 30, 60, 90 … when a part of ours is away: five attempts must outlast a short outage.
    """
    receives = int(record["attributes"]["ApproximateReceiveCount"])
    pause_seconds = 30 * receives if isinstance(error, Unavailable) else min(2**receives, 60)
    failure = str(error) if isinstance(error, SkuloomError) else type(error).__name__
    try:
        services.queues.retry_in(queue, record["receiptHandle"], pause_seconds)
        if "chunk" in message:
            with services.database.workspace(message["workspace"]) as cursor:
                chunks.note_failure(cursor, message["workspace"], message["job"], message["chunk"], failure[:500])
    except Unavailable as unavailable:
        log.warning("failure not noted", extra={"queue": queue, "why": str(unavailable)})


_TICK: dict[str, Callable[[Services], int]] = {
    "reaped": reap,
    "mirrored": drain_all,
    "files": sweep_files,
    "halves_taken_back": take_back_halves,
    "ways_back": forget_old,
    "segments_due": ask_due,
    "segments_forgotten": ask_forgotten,
    "segments_changed": refresh_unheard,
    "computes_dropped": drop_computes,
}


def _tried(work: Callable[[Services], int], services: Services) -> int:
    """How much was done; 0 when a part is away or the work fails: the other work of the tick is done all the same."""
    try:
        return work(services)
    except SkuloomError as error:
        log.warning("tick left something undone", extra={"work": work.__name__, "why": str(error)})
    except Exception:
        log.exception("tick left something undone", extra={"work": work.__name__})
    return 0
