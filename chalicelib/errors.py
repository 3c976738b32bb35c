"""The errors of the engine, on one screen. Dialects turn them into their own shapes and codes.

::

    SkuloomError
    ├── Unauthenticated        who are you?                                    401
    ├── Forbidden              you may not                                     403
    ├── NotFound               no such thing in this workspace                 404
    ├── IllegalTransition      the job's state does not allow it               400 (SegOps), 409 (v1)
    ├── BadRequest             the request cannot be read                      400
    ├── InvalidValue           the request reads well and asks the impossible  422, names the field
    ├── Conflict               it stands against something that is there       409, names the field
    ├── PreconditionFailed     the thing is no longer what the caller saw      412
    ├── TooLarge               over a limit, says which and the way around     413
    ├── UnreadableFile         the file cannot be read as what it claims       400, says what, where, what to do
    │   ├── OpenQuote          a CSV's quote is never closed
    │   └── WrongEncoding      it is not UTF-8: the likely encoding and the first bad byte
    ├── FetchFailed            a file elsewhere could not be had               its job fails with it
    ├── FileReplaced           the stored file is no longer the analysed one   its job fails with it
    ├── Superseded             this run of the job is over; a worker stops     never leaves the engine
    ├── MirrorRefused          ClickHouse will never take this                 never leaves the engine
    ├── ModelUnavailable       the model gave no answer that can be used       never leaves the engine
    └── Unavailable            a part we need is away; worth a retry           503
"""

from collections.abc import Mapping
from itertools import islice

PROBLEMS_TOLD = 100
"""Of one request: an answer to a thousand wrong columns helps nobody, and a function may not send it."""


class SkuloomError(Exception):
    """Base of all errors the engine raises on purpose. ``str(error)`` is fit for a person."""


class Unauthenticated(SkuloomError):
    """No credentials, or none that hold."""


class Forbidden(SkuloomError):
    """The caller is known and lacks the scope."""


class NotFound(SkuloomError):
    """Nothing by that name in the caller's workspace; also the answer for another workspace's things."""


class BadRequest(SkuloomError):
    """The request cannot be read: not JSON, not multipart, a part is missing."""


class InvalidValue(SkuloomError):
    """A field of the request holds something impossible.

    Attributes:
        fields: field name (dotted or indexed for nested ones) to what is wrong with it; at most ``PROBLEMS_TOLD``, and
            how many more there are.
    """

    def __init__(self, fields: Mapping[str, str]) -> None:
        self.fields = dict(islice(fields.items(), PROBLEMS_TOLD))
        if len(fields) > PROBLEMS_TOLD:
            self.fields["more"] = f"{len(fields) - PROBLEMS_TOLD} more things are wrong"
        super().__init__("; ".join(f"{name}: {problem}" for name, problem in self.fields.items()))


class Conflict(SkuloomError):
    """What is asked stands against something that is there: a sku that is taken, a segment that others read.

    Attributes:
        fields: field name to what stands in the way; empty when no single field is to blame.
    """

    def __init__(self, message: str, fields: Mapping[str, str] | None = None) -> None:
        self.fields = dict(fields or {})
        super().__init__(message)


class PreconditionFailed(SkuloomError):
    """The thing was changed since the caller read it (``If-Match``); reading it again shows how."""


class TooLarge(SkuloomError):
    """A body or file is over a limit; the text names the limit and the way around it."""


class IllegalTransition(SkuloomError):
    """The job is in a state from which this move is not allowed.

    Attributes:
        state: the engine state the job was found in.
        move: the verb that was refused.
    """

    def __init__(self, state: str, move: str) -> None:
        self.state = state
        self.move = move
        super().__init__(f"A job that is {state} cannot {move}.")


class UnreadableFile(SkuloomError):
    """The file cannot be read as what it claims to be. The text says what, where and what to do.

    Attributes:
        byte_offset: position of the first offending byte, when there is one.
        line: line of the file, from 1, when known.
    """

    def __init__(self, message: str, *, byte_offset: int | None = None, line: int | None = None) -> None:
        self.byte_offset = byte_offset
        self.line = line
        # It may quote the file, and is stored and sent: neither knows a NUL or half a surrogate pair.
        super().__init__(message.replace("\0", "\u2400").encode("utf-8", "backslashreplace").decode())


class OpenQuote(UnreadableFile):
    """A quote of a CSV is never closed, or not for longer than a row can be."""


class WrongEncoding(UnreadableFile):
    """The file is not UTF-8, or not the encoding it was said to have.

    Attributes:
        encoding: what it was read by; ``likely``: what it most likely is, or None. Both are Python's names.
    """

    def __init__(
        self,
        message: str,
        *,
        byte_offset: int,
        likely: str | None,
        line: int | None = None,
        encoding: str = "utf-8",
    ) -> None:
        self.likely = likely
        self.encoding = encoding
        super().__init__(message, byte_offset=byte_offset, line=line)


class FetchFailed(SkuloomError):
    """A file that lies elsewhere could not be had. The text says what the other side answered and what to do; no secret
    is in it.

    Attributes:
        worth_retrying: the same may go well a little later.
    """

    def __init__(self, message: str, *, worth_retrying: bool) -> None:
        self.worth_retrying = worth_retrying
        super().__init__(message)


class FileReplaced(SkuloomError):
    """The stored file is not the one that was analysed: its ranges mean nothing any more."""


class Superseded(SkuloomError):
    """The job was cancelled, finished or started anew while a worker was at it: the worker's transaction is undone."""


class MirrorRefused(SkuloomError):
    """ClickHouse answered and refused: sending the same again is of no use."""


class ModelUnavailable(SkuloomError):
    """A model that was asked gave no answer, or none in time, or none that can be used. No cell is in the text.

    Attributes:
        charged: the question may have been counted on the other side.
        failing: the other side is out of order or out of reach, and the next question would fare no better.
    """

    def __init__(self, message: str, *, charged: bool, failing: bool = False) -> None:
        self.charged = charged
        self.failing = failing
        super().__init__(message)


class Unavailable(SkuloomError):
    """PostgreSQL, ClickHouse, S3 or SQS did not answer. Nothing was changed; trying again is right."""
