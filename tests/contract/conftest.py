"""The app's own routes and functions in this process, on the embedded parts."""

import importlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from chalice.test import Client

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
        headers = {"X-API-Key": self.key, "Content-Type": "application/json"}
        return self._send(method, path, headers, b"" if body is None else json.dumps(body).encode())

    def upload(self, content: bytes, file_name: str = "catalog.csv") -> tuple[int, Any]:
        """Status code and JSON of the wizard's upload."""
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{file_name}"\r\n\r\n'
        headers = {"X-API-Key": self.key, "Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        body = head.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()
        return self._send("POST", "/api/pim/import/csv/", headers, body)

    def _send(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, Any]:
        answer = self.client.http.request(method, path, headers=headers, body=body)
        assert answer.headers["Content-Type"] == "application/json"
        return answer.status_code, answer.json_body


@pytest.fixture
def api(walk: Walk, embedded) -> Api:
    app = importlib.import_module("app").app
    return Api(Client(app), walk.api_key, embedded.pump(app).drain)
