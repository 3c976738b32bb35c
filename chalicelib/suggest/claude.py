"""Suggest, Claude: the one module that talks to a model.

In: a question. Out: an answer of the shape that was asked for, or ModelUnavailable, both in the time that was given.
The SDK is loaded with the first question: it takes most of a second, and a container that asks none never pays for it.

The answer comes as the input of a tool that the model is made to use, checked here once more. Thinking is off, which is
what lets a tool be forced, and keeps the answer short; parameters of sampling are not sent, current models refuse them.
The models that cannot do without thinking refuse the question, and the suggestion stays offline.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as OutOfTime
from dataclasses import dataclass, field
from threading import Lock, Thread
from time import perf_counter
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chalicelib.errors import ModelUnavailable
from chalicelib.suggest.concepts import CONCEPTS
from chalicelib.suggest.question import (
    ATTRIBUTE,
    REASON_CHARACTERS,
    SKIP,
    ColumnAnswer,
    ModelAnswer,
    Question,
    instructions,
)

log = logging.getLogger(__name__)

ADDRESS = "https://api.anthropic.com"
ANSWER_BYTES = 256 * 1024
"""A longer answer is none to this question."""

_MOST_TOKENS = 10_000_000
"""More than any question can come to."""

_DOWN = frozenset({429})
"""Beside those from 500 on, answers that say nothing of the question: the next one would hear the same."""

_FAIR_SECONDS = 0.9
"""Who had less time than this to answer, because a file took long or the SDK, has not failed."""

_LONGEST_PAUSE = 10
"""In first pauses."""

_TOOL = "report_columns"
_CHATTY = ("anthropic", "httpx2", "httpcore2")
"""Loggers of the SDK, which would write whole requests at DEBUG."""


class _Column(BaseModel):
    """One column of an answer."""

    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True)

    column: int = Field(ge=0)
    field: str = Field(max_length=64)
    confidence: float = Field(ge=0, le=1, allow_inf_nan=False)
    reason: str = Field(max_length=REASON_CHARACTERS)


@dataclass(slots=True)
class _Call:
    """A question on its way. ``sent_at``: when it left the house, which a cold start may put off for too long."""

    question: Question
    seconds: float
    answered: Future[ModelAnswer] = field(default_factory=Future)
    made_at: float = field(default_factory=perf_counter)
    sent_at: float | None = None


class Pause:
    """How long nobody is asked after a failure: twice as long each time, up to ten times, until there is an answer."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._first_seconds = self._next_seconds = seconds
        self._clock = clock
        self._until = clock()
        self._changing = Lock()

    @property
    def holds(self) -> bool:
        """Whether it is not over yet."""
        return self._clock() < self._until

    def begin(self) -> None:
        """Somebody has failed. Questions of the same moment fail together: that is one failure."""
        with self._changing:
            if not self.holds:
                self._until = self._clock() + self._next_seconds
                self._next_seconds = min(2 * self._next_seconds, _LONGEST_PAUSE * self._first_seconds)

    def end(self) -> None:
        """Somebody was answered."""
        with self._changing:
            self._until, self._next_seconds = self._clock(), self._first_seconds


class ClaudeReader:
    """Asks Claude what columns hold. Every question has a connection and a thread of its own."""

    def __init__(
        self,
        api_key: str,
        *,
        model: str,
        base_url: str = "",
        pause_seconds: float = 0,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        """``base_url``: another address that speaks the Messages API; empty: Anthropic's own. ``pause_seconds``: the
        first ``Pause``.
        """
        self._pause = Pause(pause_seconds, clock)
        self._api_key = api_key
        self._model = model
        self._base_url = base_url or ADDRESS
        self._preparing = Lock()
        self._prepared = False

    @property
    def model(self) -> str:
        """Its name."""
        return self._model

    @property
    def pauses(self) -> bool:
        """The API has failed a moment ago, and whoever asks it waits for nothing."""
        return self._pause.holds

    def prepare(self) -> None:
        """Load the SDK in the background, once."""
        with self._preparing:
            if not self._prepared:
                self._prepared = True
                Thread(target=_load, name="claude-loads", daemon=True).start()

    def read(self, question: Question, *, seconds: float) -> ModelAnswer:
        """The answer, ``seconds`` after the call at the latest. Raises ModelUnavailable, and nothing else."""
        call = _Call(question, seconds)
        Thread(target=self._answer, args=[call], name="claude-asks", daemon=True).start()
        try:
            answer = self._awaited(call)
        except ModelUnavailable as error:
            if error.failing:
                self._pause.begin()
            raise
        self._pause.end()
        return answer

    def _awaited(self, call: _Call) -> ModelAnswer:
        try:
            return call.answered.result(call.seconds)
        except OutOfTime as error:
            raise _too_late(call) from error

    def _answer(self, call: _Call) -> None:
        answered = call.answered
        try:
            answered.set_result(asyncio.run(self._in_time(call)))
        except ModelUnavailable as error:
            answered.set_exception(error)
        except Exception as error:  # noqa: BLE001 - whatever a stranger's answer does to the SDK, the upload goes on
            answered.set_exception(
                ModelUnavailable(f"The answer could not be read ({type(error).__name__}).", charged=True)
            )

    async def _in_time(self, call: _Call) -> ModelAnswer:
        try:
            async with asyncio.timeout(call.seconds):
                return await self._ask(call)
        except TimeoutError as error:
            raise _too_late(call) from error

    async def _ask(self, call: _Call) -> ModelAnswer:
        anthropic = _load()
        async with anthropic.AsyncAnthropic(
            api_key=self._api_key,
            base_url=self._base_url,
            max_retries=0,
            timeout=call.seconds,
            default_headers={"Accept-Encoding": "identity"},
            open_telemetry=False,
            http_client=anthropic.DefaultAsyncHttpxClient(
                follow_redirects=False, event_hooks={"response": [_bounding_hook()]}
            ),
        ) as client:
            call.sent_at = perf_counter()
            try:
                message = await client.messages.create(**self._request(call.question))
            except anthropic.APIStatusError as error:
                # The API charges for no request that it refuses.
                raise ModelUnavailable(
                    f"The API answered {error.status_code} ({_kind(error.body)}).",
                    charged=False,
                    failing=error.status_code >= 500 or error.status_code in _DOWN,
                ) from error
            except anthropic.APITimeoutError as error:
                raise _too_late(call) from error
            except anthropic.APIConnectionError as error:
                unheard = type(error.__cause__).__name__ == "ConnectError"
                why = "The API could not be reached." if unheard else "The API broke off."
                raise ModelUnavailable(why, charged=not unheard, failing=True) from error
        return _read(message, call.question)

    def _request(self, question: Question) -> dict[str, Any]:
        return {
            "model": self._model,
            "max_tokens": question.output_tokens,
            "thinking": {"type": "disabled"},
            "system": [{"type": "text", "text": instructions(), "cache_control": {"type": "ephemeral"}}],
            "tools": [_tool()],
            "tool_choice": {"type": "tool", "name": _TOOL, "disable_parallel_tool_use": True},
            "messages": [{"role": "user", "content": question.text}],
        }


def _bounding_hook() -> Callable[[Any], Awaitable[None]]:
    """Lets no body be read without end, be it an answer's or an error's."""
    import httpx2  # noqa: PLC0415 - it comes with the SDK

    class Bounded(httpx2.AsyncByteStream):
        def __init__(self, stream: httpx2.AsyncByteStream) -> None:
            self._stream = stream

        async def __aiter__(self) -> AsyncIterator[bytes]:
            received = 0
            async for piece in self._stream:
                received += len(piece)
                if received > ANSWER_BYTES:
                    raise ModelUnavailable("The answer has no end.", charged=True)
                yield piece

        async def aclose(self) -> None:
            await self._stream.aclose()

    async def bound(response: Any) -> None:
        response.stream = Bounded(response.stream)

    return bound


def _load() -> Any:
    """The SDK. Its logs stay silent: they would hold cells."""
    import anthropic  # noqa: PLC0415 - see above

    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return anthropic


def _tool() -> dict[str, Any]:
    column = {
        "type": "object",
        "properties": {
            "column": {"type": "integer", "description": "The column's number."},
            "field": {"type": "string", "enum": [*CONCEPTS, ATTRIBUTE, SKIP]},
            "confidence": {"type": "number", "description": "0 to 1."},
            "reason": {"type": "string", "description": "At most twelve words."},
        },
        "required": ["column", "field", "confidence", "reason"],
        "additionalProperties": False,
    }
    return {
        "name": _TOOL,
        "description": "Report what columns hold, the surest first. Leave out what holds none of the fields.",
        "input_schema": {
            "type": "object",
            "properties": {"columns": {"type": "array", "items": column}},
            "required": ["columns"],
            "additionalProperties": False,
        },
    }


def _read(message: Any, question: Question) -> ModelAnswer:
    """The answer in a message. What is wrong of its columns is left out; raises ModelUnavailable when all of it is."""
    if message.stop_reason != "tool_use":
        raise ModelUnavailable(f"The model stopped without an answer ({message.stop_reason!s:.40}).", charged=True)
    used = [block.input for block in message.content if block.type == "tool_use" and block.name == _TOOL]
    if len(used) != 1 or not isinstance(used[0], Mapping) or set(used[0]) != {"columns"}:
        raise ModelUnavailable("The model did not answer in the form it was asked for.", charged=True)
    entries = used[0]["columns"]
    if not isinstance(entries, list) or len(entries) > len(question.columns):
        raise ModelUnavailable("The model did not answer in the form it was asked for.", charged=True)
    columns = [read for each in entries if (read := _column(each, question)) is not None]
    if len(columns) < len(entries):
        log.info("left out of a model's answer", extra={"columns": len(entries) - len(columns)})
    return ModelAnswer(tuple(columns), *_counted(message.usage))


def _column(entry: object, question: Question) -> ColumnAnswer | None:
    try:
        read = _Column.model_validate(entry)
    except ValidationError:
        return None
    if read.column >= len(question.columns) or read.field not in {*CONCEPTS, ATTRIBUTE, SKIP}:
        return None
    # The store keeps no NUL.
    return ColumnAnswer(
        question.columns[read.column].header, read.field, read.confidence, read.reason.replace("\0", " ")
    )


def _counted(usage: Any) -> tuple[int, int]:
    """Tokens in and out, those the other side had kept included."""
    sent = (usage.input_tokens, usage.cache_creation_input_tokens, usage.cache_read_input_tokens)
    return sum(map(_tokens, sent)), _tokens(usage.output_tokens)


def _tokens(said: object) -> int:
    return min(max(said, 0), _MOST_TOKENS) if isinstance(said, int) else 0


def _kind(body: object) -> str:
    """The API's word for what went wrong; its sentence may quote the request."""
    error = body.get("error") if isinstance(body, Mapping) else None
    kind = error.get("type") if isinstance(error, Mapping) else None
    return kind if isinstance(kind, str) and len(kind) <= 40 and kind.isascii() and kind.isprintable() else "no reason"


def _too_late(call: _Call) -> ModelUnavailable:
    sent_at = call.sent_at
    had_time = sent_at is not None and call.made_at + call.seconds - sent_at >= _FAIR_SECONDS
    why = f"The model gave no answer within {call.seconds:.1f} s."
    return ModelUnavailable(why, charged=sent_at is not None, failing=had_time)
