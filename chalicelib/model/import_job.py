"""The import job: its states, the one table of allowed moves, and what a reader may know of it.

Shared spec, section 1 "Jobs". A move is carried out by one guarded UPDATE in ``store/jobs.sql``; this table says which
moves exist, and each dialect has its own words for the states.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from chalicelib.errors import IllegalTransition


class JobState(StrEnum):
    """The engine's own states."""

    PENDING = "pending"
    """Made; the file is not analysed yet."""
    ANALYZING = "analyzing"
    AWAITING_MAPPING = "awaiting_mapping"
    READY = "ready"
    """The mapping is known; not started."""
    QUEUED = "queued"
    """Confirmed or retried; no chunk has begun."""
    PROCESSING = "processing"
    COMPLETED = "completed"
    COMPLETED_WITH_ERRORS = "completed_with_errors"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Move(StrEnum):
    """The verbs that can be asked of a job. Most change its state; the others still ask for one."""

    ANALYZE = "analyze"
    AWAIT_MAPPING = "await_mapping"
    SAVE_MAPPING = "save_mapping"
    CONFIRM = "confirm"
    """SegOps' one step: save the mapping and start."""
    START = "start"
    DRY_RUN = "dry_run"
    DISPATCH = "dispatch"
    COMPLETE = "complete"
    FAIL = "fail"
    CANCEL = "cancel"
    RETRY = "retry"
    ARCHIVE = "archive"
    UNARCHIVE = "unarchive"
    DELETE = "delete"
    UNDO = "undo"


S = JobState

RUNNING = frozenset({S.ANALYZING, S.QUEUED, S.PROCESSING})
"""States in which a worker owes a heartbeat."""

FINISHED = frozenset({S.COMPLETED, S.COMPLETED_WITH_ERRORS, S.FAILED, S.CANCELLED})

MOVES: dict[Move, frozenset[JobState]] = {
    Move.ANALYZE: frozenset({S.PENDING, S.ANALYZING}),
    Move.AWAIT_MAPPING: frozenset({S.ANALYZING}),
    Move.SAVE_MAPPING: frozenset({S.AWAITING_MAPPING, S.READY}),
    Move.CONFIRM: frozenset({S.AWAITING_MAPPING, S.READY}),
    Move.START: frozenset({S.READY}),
    Move.DRY_RUN: frozenset({S.PENDING, S.AWAITING_MAPPING, S.READY}),
    Move.DISPATCH: frozenset({S.QUEUED}),
    Move.COMPLETE: frozenset({S.PROCESSING}),
    Move.FAIL: frozenset({S.PENDING, S.ANALYZING, S.QUEUED, S.PROCESSING}),
    Move.CANCEL: frozenset({S.PENDING, S.QUEUED, S.PROCESSING}),
    Move.RETRY: frozenset({S.FAILED, S.CANCELLED}),
    Move.ARCHIVE: FINISHED,
    Move.UNARCHIVE: FINISHED,
    Move.DELETE: frozenset(JobState) - RUNNING,
    Move.UNDO: FINISHED,
}
"""Each move and the states it may start from. ``ANALYZE`` and a takeover may start again what a dead worker began."""


def refuse(move: Move, state: JobState) -> None:
    """Raise IllegalTransition unless ``move`` may start from ``state``."""
    if state not in MOVES[move]:
        raise IllegalTransition(state, move)


class MatchOn(StrEnum):
    """Which key a row is matched to an existing product by."""

    SKU = "sku"
    EAN = "ean"


class ErrorPolicy(StrEnum):
    """What a bad row does to its job."""

    SKIP = "skip"
    STOP = "stop"
    ALL_OR_NOTHING = "all_or_nothing"


class JobKind(StrEnum):
    """What a job does."""

    IMPORT = "import"
    UNDO = "undo"
    """Brings back what an import changed."""


class Phase(StrEnum):
    """What the chunks of a processing run are at."""

    CHECK = "check"
    """Every row is looked at before one is written: ``all_or_nothing``, and rules that compare rows."""
    WRITE = "write"


class MappingSource(StrEnum):
    """Where the mapping of a job comes from."""

    SAVED = "saved"
    TEMPLATE = "template"
    SUGGESTED = "suggested"


IMPORT_TYPES = ("manual", "url", "ftp", "sftp", "email", "s3", "push", "scheduled", "wizard", "api")
"""How a file came (shared spec, section 1 "import_type")."""


@dataclass(frozen=True, slots=True)
class Counters:
    """What became of the rows of the current run so far. good + error_rows = processed_rows."""

    processed_rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    """Good rows that were left alone on purpose (``already_exists``, or an earlier row of a key that comes again)."""
    error_rows: int = 0
    warnings: int = 0

    @property
    def good_rows(self) -> int:
        return self.created + self.updated + self.unchanged + self.skipped


@dataclass(frozen=True, slots=True)
class ImportJob:
    """One import, as its row in ``import_jobs`` has it."""

    id: int
    uuid: UUID
    workspace_id: int
    kind: JobKind
    state: JobState
    run: int
    """Counts starts and retries; work of an older run is refused."""
    phase: Phase
    retried: bool
    """The queued run is a second one: dialects tell a retry from a start."""
    auto_start: bool
    """Starts by itself once its mapping is known."""
    is_archived: bool
    import_type: str
    file_name: str
    file_type: str
    file_bytes: int | None
    file_sha256: str | None
    file_key: str | None
    """S3 key of the file; None once it was cleared."""
    content_key: str | None
    """S3 key of the canonical CSV the chunks are ranges of; the same as ``file_key`` for a CSV."""
    content_version: str | None
    """What S3 calls the version that was analysed; a file that was replaced since is refused."""
    reading: dict[str, Any]
    """How the caller says the file is to be read (``formats.Reading`` as JSON)."""
    source: dict[str, Any] | None
    """Where the file is to be fetched from; None when it was sent to us."""
    supplier_id: UUID | None
    supplier_code: str | None
    template_id: UUID | None
    template_version: int | None
    match_on: MatchOn
    error_policy: ErrorPolicy
    rules: dict[str, Any]
    """``validation_rules`` as they were saved with the mapping."""
    options: dict[str, Any]
    """``import_options`` likewise."""
    analysis: dict[str, Any] | None
    """``model.outcomes.Analysis`` as JSON; None until the file was analysed."""
    suggestion: dict[str, Any] | None
    """``model.mapping.Suggestion`` as JSON."""
    mapping: dict[str, str | None] | None
    """Header to field, as saved or confirmed."""
    transforms: dict[str, Any]
    """Header to the steps of its cells, likewise."""
    mapping_source: MappingSource | None
    confirmation: dict[str, Any] | None
    """The confirm request as it was sent, to know the same one again."""
    plan: dict[str, Any] | None
    """What the chunks convert by: frozen at confirm, so a later schema change cannot split a job in two."""
    total_rows: int
    chunk_count: int
    chunks_done: int
    chunks_checked: int
    counters: Counters
    takeovers: int
    error_message: str
    undo_of: int | None
    """The import that this job undoes."""
    undone_by: int | None
    """The job that undoes this import, or has undone it."""
    spent: dict[str, Any]
    """Milliseconds by what they were spent on, for the receipt."""
    created_at: datetime
    analyzed_at: datetime | None
    mapped_at: datetime | None
    queued_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
