"""The edge of every HTTP route: who is calling, run the one call, answer in the dialect's words.

Chalice's middleware never sees exceptions, so the translation of errors lives here, in the decorator. What a route
says of itself there (its body, its query, its answers) is what requests are checked against and what ``openapi``
prints: one description, so that they cannot disagree.
"""

import json
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeAlias, TypedDict, TypeVar, Unpack
from uuid import UUID

import orjson
from chalice.app import Blueprint, Request, Response
from pydantic import BaseModel, ValidationError

from chalicelib.api.auth import Caller, authenticate
from chalicelib.errors import BadRequest, InvalidValue, NotFound, SkuloomError, TooLarge, Unauthenticated, Unavailable
from chalicelib.services import Services, container_services

log = logging.getLogger(__name__)

_NUL = b"\\u0000"
_LONG_NUMBER = re.compile(rb"[0-9.]{16}")
"""Shorter ones have at most 15 digits, which a float holds exactly."""

_DEEPEST = 100
"""Levels of lists and objects in a body: more than anything here means, and less than what is kept of it can print."""

ErrorAnswer = Callable[[SkuloomError], tuple[int, dict[str, Any]]]
Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Call:
    """What a route is handed: the services, the caller, and the request."""

    services: Services
    caller: Caller
    request: Request

    @property
    def query(self) -> dict[str, str]:
        """Query parameters; of a repeated one the last. Raises InvalidValue for NUL, which no text here can hold."""
        asked = dict(self.request.query_params or {})
        for name, text in asked.items():
            if "\0" in name + text:
                raise InvalidValue({name.replace("\0", "") or "query": "holds a NUL character"})
        return asked

    @property
    def body(self) -> bytes:
        raw = self.request.raw_body
        assert isinstance(raw, bytes)
        return raw

    def asked(self, kind: type[Model]) -> Model:
        """The query as its model. A blank parameter counts as not given. Raises InvalidValue naming the parameter."""
        return checked(kind, {name: text for name, text in self.query.items() if text != ""})

    def parsed(self, kind: type[Model], *, limit_bytes: int | None = None, exact: bool = False) -> Model:
        """The JSON body as its model. Raises BadRequest, TooLarge, and InvalidValue naming the field."""
        return checked(kind, self.json_object(limit_bytes=limit_bytes, exact=exact))

    def json_object(self, *, limit_bytes: int | None = None, exact: bool = False) -> dict[str, Any]:
        """The body as a JSON object; ``exact`` makes a number that no float holds a Decimal. Raises BadRequest and
        TooLarge.
        """
        limit = limit_bytes or self.services.settings.body_limit_bytes
        if len(self.body) > limit:
            raise TooLarge(f"The body has {len(self.body)} bytes; a JSON body may have {limit}.")
        value = json_value(self.body)
        if not isinstance(value, dict):
            raise BadRequest("The body must be a JSON object.")
        if exact and _LONG_NUMBER.search(self.body):
            exactly: dict[str, Any] = json.loads(self.body, parse_float=_exact_number, parse_int=_exact_number)
            return exactly
        return value


@dataclass(frozen=True, slots=True)
class Answer:
    """A status code, a JSON body (none with 204), and headers of its own."""

    body: Any
    code: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class File:
    """A body that is no JSON: ready text of a media type, offered as a download under ``name``."""

    content: bytes
    media_type: str
    name: str


@dataclass(frozen=True, slots=True)
class Media:
    """Describes a body that is no JSON, for ``answers`` and ``body``: its media type and its JSON schema."""

    media_type: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})


Route: TypeAlias = "Callable[..., Answer | File]"
Described = TypeVar("Described", bound=Callable[..., Any])
Shape: TypeAlias = "type[BaseModel] | Media | Any | None"
"""What a body looks like: a model, a type of models such as ``list[Model]``, a Media, or None for no body."""


class Said(TypedDict, total=False):
    """What a route may say of itself beside its place.

    ``refusals`` are its error codes, with what brings them where that needs words, beside those that follow from the
    rest: 401, 403 and 503 with a scope, 400, 413 and 422 with a body, 413 and 422 with a query. Of the headers those
    that are its own, by name; ``openapi`` knows what they mean.
    """

    body: Shape
    query: type[BaseModel] | None
    answers: Mapping[int, Shape]
    refusals: Sequence[int] | Mapping[int, str]
    request_headers: Sequence[str]
    answer_headers: Sequence[str]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method of a route and what it says of itself. ``scope`` and ``errors`` are None where no key is asked for."""

    path: str
    method: str
    name: str
    tag: str
    description: str
    scope: str | None
    errors: ErrorAnswer | None
    said: Said


ENDPOINTS: list[Endpoint] = []
"""Every route that was registered, in the order of the modules: what ``openapi`` prints."""


def describe(
    path: str,
    methods: Sequence[str],
    *,
    tag: str,
    scope: str | None = None,
    errors: ErrorAnswer | None = None,
    **said: Unpack[Said],
) -> Callable[[Described], Described]:
    """Note down what a route says of itself. Its docstring is its public description: the first sentence the summary.

    ``endpoint`` does it by itself; this alone is for routes that ask for no key.
    """

    def note(route: Described) -> Described:
        ENDPOINTS.extend(
            Endpoint(path, method, route.__name__, tag, route.__doc__ or "", scope, errors, said) for method in methods
        )
        return route

    return note


def endpoint(
    blueprint: Blueprint,
    path: str,
    methods: Sequence[str],
    *,
    scope: str,
    errors: ErrorAnswer,
    tag: str = "",
    **said: Unpack[Said],
) -> Callable[[Route], Route]:
    """Register a route that needs ``scope``; it gets a ``Call`` and the path's parameters, and returns an ``Answer``
    or a ``File``.
    """

    def register(route: Route) -> Route:
        describe(path, methods, tag=tag, scope=scope, errors=errors, **said)(route)

        def handle(**parameters: str) -> Response:
            request = blueprint.current_request
            try:
                services = container_services()
                caller = authenticate(services, _lower(request.headers))
                caller.require(scope)
                answer = route(Call(services, caller, request), **parameters)
                return _carried(_response(answer), services.settings.answer_limit_bytes)
            except SkuloomError as error:
                code, body = errors(error)
                return json_response(code, body, _headers(error))
            except Exception:
                log.exception("request failed", extra={"path": path, "method": request.method})
                code, body = errors(SkuloomError("Something went wrong on our side; it was logged."))
                return json_response(code, body)

        handle.__name__ = route.__name__
        handle.__doc__ = route.__doc__
        blueprint.route(
            path,
            methods=list(methods),
            name=route.__name__,
            # Any: Chalice would refuse in words of its own, where the route says what it wants in the dialect's.
            content_types=["*/*"],
        )(handle)
        return route

    return register


def json_response(code: int, body: Any, headers: Mapping[str, str] | None = None) -> Response:
    """A response with this JSON body."""
    return Response(
        body=orjson.dumps(body, default=_number).decode(),
        status_code=code,
        headers={"Content-Type": "application/json", "Cache-Control": "no-store", **(headers or {})},
    )


def checked(kind: type[Model], value: Mapping[str, Any]) -> Model:
    """The value as its model. Raises InvalidValue with the path of each field that is wrong."""
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        raise InvalidValue({_path(each["loc"]): each["msg"] for each in error.errors()}) from error


def json_value(text: bytes, at: str = "body") -> Any:
    """What ``text`` is as JSON. Raises BadRequest, and InvalidValue naming ``at`` for what cannot be kept."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"The {at} is not JSON: {error}.") from error
    if _lies_deeper(value, _DEEPEST):
        raise InvalidValue({at: f"lies more than {_DEEPEST} levels deep"})
    if _NUL in text and _holds_nul(value):
        raise InvalidValue({at: "holds a NUL character (\\u0000), which no text here can hold"})
    return value


def number_of(text: str, what: str) -> int:
    """The id in a path. Raises NotFound for what is no id: there is nothing by that name."""
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise NotFound(f"There is no {what} {text}.")
    return int(text)


def uuid_of(text: str, what: str) -> UUID:
    """Likewise, where ids are UUIDs."""
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound(f"There is no {what} {text[:64]}.") from error


def _response(answer: Answer | File) -> Response:
    if isinstance(answer, File):
        headers: dict[str, str | list[str]] = {
            "Content-Type": answer.media_type,
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Content-Disposition": f'attachment; filename="{answer.name}"',
        }
        return Response(body=answer.content.decode(), status_code=200, headers=headers)
    if answer.body is None:
        return Response(body="", status_code=answer.code, headers={"Cache-Control": "no-store", **answer.headers})
    return json_response(answer.code, answer.body, answer.headers)


def _carried(response: Response, limit_bytes: int) -> Response:
    """The response, if it can be carried. Raises TooLarge, before API Gateway would answer 502 without a word."""
    size_bytes = len(response.body.encode())
    if size_bytes > limit_bytes:
        raise TooLarge(
            f"The answer would have {size_bytes:,} bytes; {limit_bytes:,} are the limit."
            " Ask for fewer at a time, with a smaller page_size or limit."
        )
    return response


def _path(location: tuple[int | str, ...]) -> str:
    path = ""
    for step in location:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    return path or "body"


def _lies_deeper(value: Any, levels: int) -> bool:
    """Whether there are lists and objects below so many levels of them."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(levels == 1 or _lies_deeper(each, levels - 1) for each in inner if isinstance(each, dict | list))


def _holds_nul(value: Any) -> bool:
    match value:
        case str():
            return "\0" in value
        case dict():
            return any(_holds_nul(name) or _holds_nul(each) for name, each in value.items())
        case list():
            return any(map(_holds_nul, value))
        case _:
            return False


def _exact_number(text: str) -> int | float | Decimal:
    if len(text) > 16:
        return Decimal(text)
    return int(text) if text.lstrip("-").isdigit() else float(text)


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _headers(error: SkuloomError) -> dict[str, str]:
    match error:
        case Unauthenticated():
            return {"WWW-Authenticate": "Bearer"}
        case Unavailable():
            return {"Retry-After": "5"}
        case _:
            return {}


def _number(value: Any) -> Any:
    """Decimals that no field type printed go out as JSON numbers, with all their digits."""
    if isinstance(value, Decimal):
        return orjson.Fragment(format(value, "f"))
    raise TypeError(type(value).__name__)
