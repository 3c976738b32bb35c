"""The local HTTP server: bodies of any size and framing, kept-open connections, one sentence for a busy port."""

import http.client
import os
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from chalice.app import Chalice, Response

from infra.local.errors import CannotStart
from infra.local.http import EmbeddedHttp, refuse_busy_port


class Gate:
    """Holds a request until the test lets it go."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.opened = threading.Event()


def toy_app(gate: Gate) -> Chalice:
    app = Chalice(app_name="toy")
    types = ["multipart/form-data", "application/octet-stream"]
    app.api.binary_types = types

    @app.route("/bodies", methods=["POST"], content_types=types, cors=True)
    def bodies() -> Response:
        return Response(app.current_request.raw_body, headers={"Content-Type": "application/octet-stream"})

    @app.route("/words/{word}", methods=["GET"])
    def words(word: str) -> dict[str, Any]:
        return {"word": word, "asked": app.current_request.query_params}

    @app.route("/gate", methods=["GET"])
    def wait() -> str:
        gate.entered.set()
        gate.opened.wait(60)
        return "through"

    return app


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def server(gate: Gate) -> Iterator[EmbeddedHttp]:
    server = EmbeddedHttp(toy_app(gate), 0)
    server.start()
    yield server
    server.stop()


def port(server: EmbeddedHttp) -> int:
    return int(server.url.rpartition(":")[2])


@pytest.fixture
def connection(server: EmbeddedHttp) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection("127.0.0.1", port(server), timeout=60)
    yield connection
    connection.close()


@pytest.fixture
def wire(server: EmbeddedHttp) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port(server)), timeout=60) as wire:
        yield wire


OCTETS = {"Content-Type": "application/octet-stream"}


def test_a_large_body_arrives_whole(server: EmbeddedHttp) -> None:
    content = os.urandom(1024 * 1024) * 50
    answer = httpx.post(f"{server.url}/bodies", content=content, headers=OCTETS, timeout=60)
    assert answer.status_code == 200
    assert answer.content == content


def test_a_multipart_body_arrives_whole(server: EmbeddedHttp) -> None:
    content = os.urandom(1024 * 1024) * 20
    answer = httpx.post(f"{server.url}/bodies", files={"file": ("a.csv", content)}, timeout=60)
    assert answer.status_code == 200
    assert content in answer.content


def test_a_chunked_body_arrives_whole(server: EmbeddedHttp) -> None:
    pieces = [os.urandom(size) for size in (1, 70_000, 3_000_000)]
    answer = httpx.post(f"{server.url}/bodies", content=iter(pieces), headers=OCTETS, timeout=60)
    assert answer.content == b"".join(pieces)


def test_the_client_is_told_to_go_on_before_it_sends_the_body(wire: socket.socket) -> None:
    wire.sendall(
        b"POST /bodies HTTP/1.1\r\nHost: x\r\nAccept: */*\r\nContent-Type: application/octet-stream\r\n"
        b"Content-Length: 4\r\nExpect: 100-continue\r\n\r\n"
    )
    assert wire.recv(100).startswith(b"HTTP/1.1 100 ")
    wire.sendall(b"body")
    assert wire.recv(100).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "request_text",
    [
        b"POST /bodies HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n",
        b"POST /bodies HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /bodies HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nshort",
        b"POST /bodies HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n",
        b"POST /bodies HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
        b"POST /bodies HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcde",
    ],
)
def test_a_badly_framed_body_is_the_clients_fault(wire: socket.socket, request_text: bytes) -> None:
    wire.sendall(request_text)
    wire.shutdown(socket.SHUT_WR)
    assert wire.recv(100).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("HEAD", "/words/a", 405),
        ("HEAD", "/nowhere", 403),
        ("OPTIONS", "/bodies", 200),
        ("OPTIONS", "/words/a", 200),
        ("OPTIONS", "/nowhere", 403),
        ("TRACE", "/words/a", 405),
        ("QUERY", "/nowhere", 403),
    ],
)
def test_a_connection_goes_on_after(
    connection: http.client.HTTPConnection, method: str, path: str, status: int
) -> None:
    connection.request(method, path)
    answer = connection.getresponse()
    answer.read()
    assert answer.status == status
    connection.request("GET", "/words/still?here=yes")
    assert connection.getresponse().read() == b'{"word":"still","asked":{"here":"yes"}}'


def test_requests_do_not_see_each_other(server: EmbeddedHttp) -> None:
    def ask(number: int) -> Any:
        return httpx.get(f"{server.url}/words/{number}", params={"number": number}, timeout=60).json()

    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(ask, range(200)))
    assert answers == [{"word": str(number), "asked": {"number": str(number)}} for number in range(200)]


def test_a_busy_port_is_one_sentence(server: EmbeddedHttp, gate: Gate) -> None:
    said = rf"^Port {port(server)} cannot be used \(.+\); choose another one, for example PORT={port(server) + 1}\.$"
    with pytest.raises(CannotStart, match=said):
        refuse_busy_port(port(server))
    with pytest.raises(CannotStart, match=said):
        EmbeddedHttp(toy_app(gate), port(server)).start()


def test_stop_lets_a_running_request_be_answered(server: EmbeddedHttp, gate: Gate) -> None:
    url = f"{server.url}/gate"
    with ThreadPoolExecutor(2) as threads:
        asked = threads.submit(httpx.get, url, timeout=60)
        assert gate.entered.wait(60)
        stopped = threads.submit(server.stop)
        gate.opened.set()
        assert asked.result().text == "through"
        stopped.result()
    assert not server.is_alive()
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)


def test_an_app_can_be_served_again(gate: Gate) -> None:
    app = toy_app(gate)
    for _ in range(2):
        server = EmbeddedHttp(app, 0)
        server.start()
        assert httpx.get(f"{server.url}/words/again").json()["word"] == "again"
        server.stop()
