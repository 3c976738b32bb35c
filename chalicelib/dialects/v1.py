"""What the two v1 dialects share: how an error reads (shared spec, section 2 "Errors")."""

from typing import Any

from chalicelib.errors import (
    BadRequest,
    Conflict,
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
)

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
    (Unavailable, 503, "unavailable"),
)


def error_answer(error: SkuloomError) -> tuple[int, dict[str, Any]]:
    """Status code and body: ``{"error", "message", "details"}``."""
    code, word = next(
        ((code, word) for kind, code, word in CODE_OF_ERROR if isinstance(error, kind)), (500, "internal_error")
    )
    details = error.fields if isinstance(error, InvalidValue | Conflict) else {}
    return code, {"error": word, "message": str(error), "details": details}
