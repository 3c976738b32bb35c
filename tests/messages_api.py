"""A server on the loopback that speaks the Messages API, or whatever a test wants to hear instead.

It knows the requests the API takes and answers in the shapes the API documents; the real SDK talks to it.
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[["Asked"], None]
"""Answers one request."""


@dataclass(slots=True)
class Asked:
    """One request, and the ways to answer it."""

    handler: BaseHTTPRequestHandler
    body: dict[str, Any]
    closing: threading.Event

    @property
    def columns(self) -> list[dict[str, Any]]:
        """The columns that are asked for, as the model is told of them."""
        return question_in(self.body)["columns"]

    def send(self, body: bytes, *, status: int = 200, kind: str = "application/json", **headers: str) -> None:
        self.handler.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            self.handler.send_header(name.replace("_", "-"), value)
        self.handler.end_headers()
        self.handler.wfile.write(body)

    def send_json(self, value: Any, *, status: int = 200) -> None:
        self.send(json.dumps(value).encode(), status=status)

    def raw(self, content: bytes) -> None:
        self.handler.wfile.write(content)
        self.handler.wfile.flush()


@dataclass(slots=True)
class MessagesApi:
    """The server: what it says, and what it was asked."""

    url: str
    answer: Answer
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    """Each request's first line."""


def question_in(body: Mapping[str, Any]) -> dict[str, Any]:
    """The data in a request."""
    text = body["messages"][0]["content"]
    data = text.split("<data>\n", 1)[1].split("\n</data>", 1)[0]
    asked: dict[str, Any] = json.loads(data)
    return asked


def message(content: list[dict[str, Any]], *, stop_reason: str = "tool_use", **more: Any) -> dict[str, Any]:
    """A message as the API documents it."""
    return {
        "id": "msg_01XFDUDYJgAACzvnptvVoYEL",
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-5-5",
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": {
            "input_tokens": 400,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 600,
            "output_tokens": 80,
            "service_tier": "standard",
        },
        **more,
    }


def used_tool(columns: Any, name: str = "report_columns") -> dict[str, Any]:
    return {"type": "tool_use", "id": "toolu_01A09q90qw90lq917835lq9", "name": name, "input": {"columns": columns}}


def column(number: int, field_name: str, confidence: float = 0.9, reason: str = "It says so.") -> dict[str, Any]:
    return {"column": number, "field": field_name, "confidence": confidence, "reason": reason}


def says(fields: Mapping[str, str], confidence: float = 0.9, reason: str = "It says so.") -> Answer:
    """A model that takes headers for fields, and leaves the rest out."""

    def answer(asked: Asked) -> None:
        known = [
            column(each["column"], fields[each["header"]], confidence, reason)
            for each in asked.columns
            if each["header"] in fields
        ]
        asked.send_json(message([used_tool(known)]))

    return answer


def says_of_all(field_name: str, confidence: float = 1.0) -> Answer:
    """A model that takes every column for the same."""

    def answer(asked: Asked) -> None:
        said = [column(each["column"], field_name, confidence) for each in asked.columns]
        asked.send_json(message([used_tool(said)]))

    return answer


def fails(status: int, kind: str, text: str = "Something is wrong.") -> Answer:
    """An error as the API documents it."""
    body = {"type": "error", "error": {"type": kind, "message": text}, "request_id": "req_011CSHoEeqs5C35K2UUqR7Fy"}
    return lambda asked: asked.send_json(body, status=status)


def gives(*content: dict[str, Any], **more: Any) -> Answer:
    """A message with this content, whatever was asked."""
    return lambda asked: asked.send_json(message(list(content), **more))


def keeps_silent(asked: Asked) -> None:
    asked.closing.wait()


def drips(head: bytes, piece: bytes) -> Answer:
    """Begins to answer, and never comes to an end."""

    def answer(asked: Asked) -> None:
        asked.raw(head)
        while not asked.closing.wait(0.02):
            asked.raw(piece)

    return answer


def pours(asked: Asked) -> None:
    """As much as the other side takes."""
    asked.raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n")
    while not asked.closing.is_set():
        asked.raw(b" " * 65_536)


def hangs_up(asked: Asked) -> None:
    asked.raw(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"id": ')


@contextmanager
def speaking(answer: Answer) -> Iterator[MessagesApi]:
    """The server, for as long as the block runs."""
    closing = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            api.requests.append(body)
            api.headers.append(dict(self.headers))
            api.heads.append(self.requestline)
            self.close_connection = True
            with suppress(OSError):
                api.answer(Asked(self, body, closing))

        def log_message(self, *_said: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    api = MessagesApi(f"http://127.0.0.1:{server.server_port}", answer)
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    serving.start()
    try:
        yield api
    finally:
        closing.set()
        server.shutdown()
        server.server_close()
        serving.join()
