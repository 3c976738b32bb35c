"""The app's routes over HTTP on the loopback: Chalice's local server, made fit to be lived with.

Comes in: a Chalice app and a port. Goes out: a thread that answers. Beyond ``chalice local`` it reads chunked bodies,
has no pauses on kept-open connections, answers HEAD without a body, is quiet, and can be stopped.
"""

import functools
import json
import logging
import socket
import socketserver
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from chalice.app import Chalice
from chalice.config import Config
from chalice.local import ChaliceRequestHandler, LocalChalice, ThreadedHTTPServer

from infra.local.errors import CannotStart

HOST = "127.0.0.1"

_FINISH_SECONDS = 10

log = logging.getLogger(__name__)


class _BadBody(Exception):
    """The request's body is not framed as HTTP says."""


class _Handler(ChaliceRequestHandler):
    # Head and body of an answer are two writes; on a kept-open connection the second would wait for the client's
    # delayed acknowledgement of the first.
    disable_nagle_algorithm = True
    wbufsize = -1
    server: "_Server"

    def _generic_handle(self) -> None:
        with self.server.one_request():
            try:
                super()._generic_handle()
            except _BadBody as error:
                answer = json.dumps({"Code": "BadRequestError", "Message": str(error)})
                self._send_http_response(400, {"Connection": "close"}, answer)
            self.wfile.flush()

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = do_PATCH = do_OPTIONS = _generic_handle  # noqa: N815 - http.server

    def __getattr__(self, name: str) -> Any:
        """Any other method, too: the app refuses it, where http.server would answer 501."""
        if name.startswith("do_"):
            return self._generic_handle
        raise AttributeError(name)

    def handle_expect_100(self) -> bool:
        go_on: bool = super().handle_expect_100()
        self.wfile.flush()  # the client waits for it before it sends the body
        return go_on

    def _parse_payload(self) -> tuple[dict[str, Any], bytes | None]:
        chunked = self.headers.get("transfer-encoding", "").strip().lower() == "chunked"
        body = self._chunks() if chunked else self._counted()
        return dict(self.headers), body

    def _counted(self) -> bytes | None:
        text = self.headers.get("content-length", "0").strip()
        if not text.isdecimal():
            raise _BadBody("The Content-Length is not a number.")
        size = int(text)
        body = self.rfile.read(size) if size else None
        if size and len(body or b"") < size:
            raise _BadBody("The body is shorter than its Content-Length.")
        return body

    def _chunks(self) -> bytes:
        body = bytearray()
        while size := self._chunk_size():
            body += self.rfile.read(size)
            if self.rfile.readline(3) != b"\r\n":
                raise _BadBody("The chunked body is broken.")
        while self.rfile.readline(65536) not in {b"\r\n", b"\n", b""}:
            pass  # trailers
        return bytes(body)

    def _chunk_size(self) -> int:
        try:
            return int(self.rfile.readline(1024).partition(b";")[0].strip(), 16)
        except ValueError:
            raise _BadBody("The chunked body is broken.") from None

    def _send_http_response_with_body(self, code: int, headers: dict[str, Any], body: str | bytes) -> None:
        if self.command != "HEAD":
            super()._send_http_response_with_body(code, headers, body)
            return
        headers["Content-Length"] = str(len(body.encode() if isinstance(body, str) else body))
        self.send_response(code)
        self._send_headers(headers)

    def log_message(self, *args: Any) -> None:
        """The app logs its own requests."""


class _Server(ThreadedHTTPServer):
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handler: Any) -> None:
        self._running = 0
        self._changed = threading.Condition()
        super().__init__(address, handler)

    def server_bind(self) -> None:
        # Without HTTPServer's look-up of the host's full name, which may take seconds away from a network.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.server_address[1]

    def handle_error(self, *_: Any) -> None:
        error = sys.exc_info()[1]
        if not isinstance(error, ConnectionError):  # a client that went away is no event
            log.error("request failed", exc_info=error)

    @contextmanager
    def one_request(self) -> Iterator[None]:
        self._count(1)
        try:
            yield
        finally:
            self._count(-1)

    def finish(self) -> None:
        """Return when no request is being answered, or after a while."""
        with self._changed:
            self._changed.wait_for(lambda: self._running == 0, _FINISH_SECONDS)

    def _count(self, change: int) -> None:
        with self._changed:
            self._running += change
            self._changed.notify_all()


class EmbeddedHttp:
    """Serves ``app`` on 127.0.0.1:``port``; port 0 takes a free one."""

    def __init__(self, app: Chalice, port: int) -> None:
        self._app = app
        self._port = port
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """``http://127.0.0.1:PORT``, without a slash at its end."""
        return f"http://{HOST}:{self._server.server_port if self._server else self._port}"

    def start(self) -> None:
        """Serve from a thread.

        Raises:
            CannotStart: the port is taken.
        """
        _keep_requests_apart(self._app)
        config = Config.create(app_name=self._app.app_name)
        handler = functools.partial(_Handler, app_object=self._app, config=config)
        try:
            self._server = _Server((HOST, self._port), handler)
        except OSError as error:
            raise _busy(self._port, error) from error
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="http", daemon=True)
        self._thread.start()

    def is_alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def stop(self) -> None:
        """Take no more requests and let those that run be answered."""
        if self._server is None or self._thread is None:
            return
        self._server.shutdown()
        self._server.finish()
        self._server.server_close()
        self._thread.join()
        self._server = self._thread = None


def refuse_busy_port(port: int) -> None:
    """Raise CannotStart when somebody listens on ``port``, before anything else is started for nothing."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise _busy(port, error) from error


def _busy(port: int, error: OSError) -> CannotStart:
    return CannotStart(
        f"Port {port} cannot be used ({error.strerror}); choose another one, for example PORT={port + 1}."
    )


def _keep_requests_apart(app: Chalice) -> None:
    """Give the app a current request per thread: in Lambda there is one at a time, here there are many."""
    if not isinstance(app, LocalChalice):
        app.__class__ = type("LocalApp", (LocalChalice, type(app)), {})
