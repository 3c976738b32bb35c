"""``/openapi.json`` and ``/docs``: what every route says of itself, for machines and for people. No key is asked for.

Both are made when first asked for and kept for the life of the container; most containers never are asked, and do not
even import what makes them.
"""

from base64 import b64encode
from functools import cache
from hashlib import sha256
from typing import Any

import orjson
from chalice.app import Blueprint, Response

from chalicelib.api.endpoint import ENDPOINTS, Media, describe

blueprint = Blueprint(__name__)

_DOCUMENT = "/openapi.json"
_PAGE = "/docs"

_ALWAYS: dict[str, str | list[str]] = {"Cache-Control": "public, max-age=300", "X-Content-Type-Options": "nosniff"}


@blueprint.route(_DOCUMENT, methods=["GET"], name="read_openapi")
@describe(
    _DOCUMENT,
    ["GET"],
    tag="Documentation",
    answers={200: Media("application/json", {"type": "object", "examples": [{"openapi": "3.1.0"}]})},
)
def read_openapi() -> Response:
    """The OpenAPI document of this API."""
    headers = {**_ALWAYS, "Content-Type": "application/json", "Access-Control-Allow-Origin": "*"}
    return Response(body=_json(_server(_DOCUMENT)), status_code=200, headers=headers)


@blueprint.route(_PAGE, methods=["GET"], name="read_docs")
@describe(_PAGE, ["GET"], tag="Documentation", answers={200: Media("text/html")})
def read_docs() -> Response:
    """The same to read: a page without scripts."""
    text, policy = _page(_server(_PAGE))
    headers = {
        **_ALWAYS,
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
    }
    return Response(body=text, status_code=200, headers=headers)


def _server(path: str) -> str:
    """Where the API begins for the caller: behind a stage's name, if API Gateway puts one before the path."""
    context: dict[str, Any] = blueprint.current_request.context or {}
    return str(context.get("path", "")).rstrip("/").removesuffix(path) or "/"


@cache
def _document(server: str) -> dict[str, Any]:
    from chalicelib.api.openapi import document  # noqa: PLC0415 - see above

    return document(ENDPOINTS, server=server)


@cache
def _json(server: str) -> str:
    return orjson.dumps(_document(server)).decode()


@cache
def _page(server: str) -> tuple[str, str]:
    """The page and its Content-Security-Policy, which names the page's one style by its hash."""
    from chalicelib.api.docs_page import STYLE, page  # noqa: PLC0415 - see above

    style = b64encode(sha256(STYLE.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return page(_document(server), document_url=f"{server.rstrip('/')}{_DOCUMENT}"), policy
