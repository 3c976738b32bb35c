"""The edge of every HTTP route: who is calling, run the one call, answer in the dialect's words.

Chalice's middleware never sees exceptions, so the translation of errors lives here, in the decorator.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from chalice.app import Blueprint, Request, Response

from chalicelib.api.auth import Caller, authenticate
from chalicelib.errors import BadRequest, InvalidValue, SkuloomError, TooLarge, Unauthenticated, Unavailable
from chalicelib.services import Services, container_services

log = logging.getLogger(__name__)

_NUL = b"\\u0000"

ErrorAnswer = Callable[[SkuloomError], tuple[int, dict[str, Any]]]


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

    def json_object(self) -> dict[str, Any]:
        """The body as a JSON object. Raises BadRequest and TooLarge."""
        limit = self.services.settings.body_limit_bytes
        if len(self.body) > limit:
            raise TooLarge(f"The body has {len(self.body)} bytes; a JSON body may have {limit}.")
        try:
            value = orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise BadRequest(f"The body is not JSON: {error}.") from error
        if _NUL in self.body and _holds_nul(value):
            raise InvalidValue({"body": "holds a NUL character (\\u0000), which no text here can hold"})
        if not isinstance(value, dict):
            raise BadRequest("The body must be a JSON object.")
        return value


@dataclass(frozen=True, slots=True)
class Answer:
    """A status code and a JSON body."""

    body: Any
    code: int = 200


Route = Callable[..., Answer]


def endpoint(
    blueprint: Blueprint, path: str, methods: Sequence[str], *, scope: str, errors: ErrorAnswer
) -> Callable[[Route], Route]:
    """Register a route that needs ``scope``; it gets a ``Call`` and the path's parameters, and returns an
    ``Answer``.
    """

    def register(route: Route) -> Route:
        def handle(**parameters: str) -> Response:
            request = blueprint.current_request
            try:
                services = container_services()
                caller = authenticate(services, _lower(request.headers))
                caller.require(scope)
                answer = route(Call(services, caller, request), **parameters)
                return json_response(answer.code, answer.body)
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


def integer(text: str | None, name: str, *, default: int, least: int = 1, most: int | None = None) -> int:
    """A whole number of the query. Raises InvalidValue naming the parameter."""
    if text is None or text == "":
        return default
    bounds = f"a whole number from {least}" + (f" to {most}" if most is not None else " on")
    try:
        value = int(text)
    except ValueError as error:
        raise InvalidValue({name: bounds}) from error
    if value < least or (most is not None and value > most):
        raise InvalidValue({name: bounds})
    return value


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
    """Exact decimals outside a price go out as JSON numbers."""
    return float(value)
