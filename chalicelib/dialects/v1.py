"""What the two v1 dialects share: how an import's id is spelled, two words for one field, pages, and how an error reads
(shared spec, section 1 "Identity of a job" and "Aliases at the edge", section 2 "Errors").
"""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any
from uuid import UUID

from chalicelib.errors import (
    BadRequest,
    Conflict,
    FetchFailed,
    Forbidden,
    IllegalTransition,
    InvalidValue,
    NotFound,
    PreconditionFailed,
    SkuloomError,
    TooLarge,
    Unauthenticated,
    Unavailable,
    UnreadableFile,
    WrongEncoding,
)
from chalicelib.formats.encodings import public_name
from chalicelib.ids import imp_id, parse_imp_id
from chalicelib.model.import_job import MOVES, JobState, Move
from chalicelib.model.mapping import ALIASES

CODE_OF_ERROR: tuple[tuple[type[SkuloomError], int, str], ...] = (
    (Unauthenticated, 401, "unauthenticated"),
    (Forbidden, 403, "forbidden"),
    (NotFound, 404, "not_found"),
    (IllegalTransition, 409, "conflict"),
    (BadRequest, 400, "bad_request"),
    (InvalidValue, 422, "validation_error"),
    (Conflict, 409, "conflict"),
    (PreconditionFailed, 412, "precondition_failed"),
    (TooLarge, 413, "too_large"),
    (UnreadableFile, 400, "unreadable_file"),
    (FetchFailed, 400, "fetch_failed"),
    (Unavailable, 503, "unavailable"),
)

_EDGE_NAMES = {name: word for word, name in ALIASES.items()}

STATUS_OF_STATE: dict[JobState, str] = {
    JobState.PENDING: "pending",
    JobState.ANALYZING: "analyzing",
    JobState.AWAITING_MAPPING: "awaiting_mapping",
    JobState.READY: "ready",
    JobState.QUEUED: "processing",
    JobState.PROCESSING: "processing",
    JobState.COMPLETED: "completed",
    JobState.COMPLETED_WITH_ERRORS: "completed",
    JobState.FAILED: "failed",
    JobState.CANCELLED: "cancelled",
}
"""Pixeepim's words, in which both are told refusals: ProductsManager's are too few to say what stands in the way."""

_VERBS = {Move.SAVE_MAPPING: "save-mapping", Move.START: "start-processing", Move.DRY_RUN: "dry-run"}
_WAYS = {Move.DELETE: ": cancel it first"}
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class Spelling(StrEnum):
    """Whose spelling an import's id has, and so in whose words the answer is."""

    PIXEEPIM = "pixeepim"
    PRODUCTSMANAGER = "productsmanager"

    def spell(self, job_uuid: UUID) -> str:
        """An import's id in this spelling."""
        return str(job_uuid) if self is Spelling.PIXEEPIM else imp_id(job_uuid)


def read_import_id(text: str) -> tuple[UUID, Spelling]:
    """The id behind one of the two spellings. Raises NotFound for anything else: there is nothing by that name."""
    if _UUID.fullmatch(text):
        return UUID(text), Spelling.PIXEEPIM
    if (found := parse_imp_id(text)) is not None:
        return found, Spelling.PRODUCTSMANAGER
    raise NotFound(f"There is no import {text[:64]}: an import's id is a UUID, or imp_ and 26 letters and digits.")


def engine_name(word: str) -> str:
    """The engine's name of a field a v1 caller named."""
    return ALIASES.get(word, word)


def edge_name(name: str) -> str:
    """The v1 word for a field of the engine."""
    return _EDGE_NAMES.get(name, name)


def engine_mapping(said: Mapping[str, str | None]) -> dict[str, str | None]:
    """Header to field, in the engine's names."""
    return {header: engine_name(field) if field else None for header, field in said.items()}


def edge_mapping(mapping: Mapping[str, str | None]) -> dict[str, str | None]:
    """Header to field, in the v1 words."""
    return {header: edge_name(field) if field else None for header, field in mapping.items()}


def engine_rules(said: Mapping[str, Any]) -> dict[str, Any]:
    """Rules by the engine's names. Raises InvalidValue when both words for one field have a rule."""
    twice = {word: name for word, name in ALIASES.items() if word in said and name in said}
    if twice:
        raise InvalidValue(
            {f"validation_rules.{word}": f'is the same field as "{name}": keep one' for word, name in twice.items()}
        )
    return {engine_name(word): rule for word, rule in said.items()}


def edge_rules(rules: Mapping[str, Any]) -> dict[str, Any]:
    """Rules by the v1 words."""
    return {edge_name(name): rule for name, rule in rules.items()}


def meta_json(*, total: int, page: int, per_page: int) -> dict[str, Any]:
    """Where a page of a list stands, as Pixeepim prints it."""
    total_pages = -(-total // per_page)
    return {
        "total": total,
        "page": page,
        "per_page": per_page,
        "total_pages": total_pages,
        "has_next": page < total_pages,
        "has_previous": page > 1,
    }


def page_json(items: Sequence[dict[str, Any]], *, total: int, page: int, per_page: int) -> dict[str, Any]:
    """A page of a list, as Pixeepim prints it."""
    return {"items": list(items), "meta": meta_json(total=total, page=page, per_page=per_page)}


def error_answer(error: SkuloomError) -> tuple[int, dict[str, Any]]:
    """Status code and body: ``{"error", "message", "details"}``."""
    code, word = next(
        ((code, word) for kind, code, word in CODE_OF_ERROR if isinstance(error, kind)), (500, "internal_error")
    )
    match error:
        case InvalidValue() | Conflict():
            return code, {"error": word, "message": str(error), "details": error.fields}
        case WrongEncoding():
            return code, {"error": word, "message": str(error), "details": _place(error)}
        case IllegalTransition():
            status = STATUS_OF_STATE[JobState(error.state)]
            return code, {"error": word, "message": _refusal(Move(error.move), status), "details": {"status": status}}
        case _:
            return code, {"error": word, "message": str(error), "details": {}}


def _place(error: WrongEncoding) -> dict[str, Any]:
    likely = {"likely_encoding": public_name(error.likely)} if error.likely else {}
    return {**likely, "byte_offset": error.byte_offset, "line": error.line}


def _refusal(move: Move, status: str) -> str:
    wanted = list(dict.fromkeys(STATUS_OF_STATE[state] for state in JobState if state in MOVES[move]))
    states = " or ".join([", ".join(wanted[:-1]), wanted[-1]] if len(wanted) > 1 else wanted)
    return f"This import is {status}; {_VERBS.get(move, move)} needs one that is {states}{_WAYS.get(move, '')}."
