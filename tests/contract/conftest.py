"""The app's own routes and functions in this process, on the embedded parts."""

import importlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from chalice.test import Client, HTTPResponse

from tests.site import Site, serving
from tests.walk import Walk

BOUNDARY = "a-boundary-that-is-in-no-file"


@dataclass(frozen=True, slots=True)
class Api:
    """Requests with one workspace's key, and the queues brought to rest when asked."""

    client: Client
    key: str
    drain: Callable[[], int]

    def request(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status code and JSON of a request with a JSON body."""
        answer = self.send(method, path, body)
        if answer.status_code in {204, 304}:
            assert answer.body == b""
            return answer.status_code, None
        assert answer.headers["Content-Type"] == "application/json"
        return answer.status_code, answer.json_body

    def send(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> HTTPResponse:
        """The whole answer to a request with a JSON body and headers of its own."""
        sent = {"X-API-Key": self.key, "Content-Type": "application/json", **(headers or {})}
        return self.client.http.request(
            method, path, headers=sent, body=b"" if body is None else json.dumps(body).encode()
        )

    def upload(self, content: bytes, file_name: str = "catalog.csv") -> tuple[int, Any]:
        """Status code and JSON of the wizard's upload."""
        return self.send_form("POST", "/api/pim/import/csv/", content, file_name)

    def send_form(
        self, method: str, path: str, content: bytes | None, file_name: str = "catalog.csv", **fields: str
    ) -> tuple[int, Any]:
        """Status code and JSON of a request with a form: a file, if there is one, and text fields. Bytes that are no
        UTF-8 are said by the surrogates that stand for them.
        """
        body = b"".join(
            _part(f'name="{name}"', text.encode("utf-8", "surrogateescape")) for name, text in fields.items()
        )
        if content is not None:
            body += _part(f'name="file"; filename="{file_name}"', content)
        headers = {"X-API-Key": self.key, "Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        answer = self.client.http.request(method, path, headers=headers, body=body + f"--{BOUNDARY}--\r\n".encode())
        assert answer.headers["Content-Type"] == "application/json"
        return answer.status_code, answer.json_body


def _part(name: str, content: bytes) -> bytes:
    return f"--{BOUNDARY}\r\nContent-Disposition: form-data; {name}\r\n\r\n".encode() + content + b"\r\n"


@pytest.fixture
def api(walk: Walk, embedded) -> Api:
    app = importlib.import_module("app").app
    return Api(Client(app), walk.api_key, embedded.pump(app).drain)


@pytest.fixture
def site() -> Iterator[Site]:
    """Somebody else's server, from which files can be fetched."""
    with serving() as serves:
        yield serves
