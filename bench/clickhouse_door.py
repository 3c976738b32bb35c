"""ClickHouse over HTTP, for one measurement: the engine in a process of its own, its memory not the worker's.

A deployment's worker talks to a ClickHouse server. The memory bench starts this in its place and gives the worker an
``http://`` address: the part of ClickHouse's HTTP interface that inserts, commands and plain queries use.
"""

import argparse
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import NamedTemporaryFile
from urllib.parse import parse_qs, urlsplit

from chdb.session import Session


class Door(ThreadingHTTPServer):
    """One engine, one folder, an address on this machine that the system picks."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self._session = Session(str(folder))
        self._one_at_a_time = threading.Lock()

    def answer(self, query: str, body: bytes) -> bytes:
        """The engine's answer in the query's own format. ``body`` holds the rows of an INSERT."""
        with self._one_at_a_time:
            if not body:
                return self._run(query)
            with NamedTemporaryFile() as rows:
                rows.write(body)
                rows.flush()
                head, found, file_format = query.rpartition(" FORMAT ")
                if not found:
                    raise ValueError(f"an INSERT without a FORMAT: {query}")
                return self._run(f"{head} FROM INFILE '{rows.name}' FORMAT {file_format}")

    def _run(self, query: str) -> bytes:
        return bytes(self._session.query(query, "TabSeparated").bytes())


class _Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Door

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def log_message(self, *_: object) -> None:
        """Nothing: one line a request would only be noise beside the figures."""

    def _answer(self, body: bytes) -> None:
        asked = parse_qs(urlsplit(self.path).query).get("query", [""])[0]
        query, rows = (asked, body) if asked else (body.decode(), b"")
        try:
            self._send(200, self.server.answer(query, rows))
        except (RuntimeError, ValueError) as error:
            self._send(500, str(error).encode())

    def _send(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the address and serve until killed."""
    parser = argparse.ArgumentParser(description="ClickHouse's engine behind HTTP, until killed.")
    parser.add_argument("folder", type=Path)
    door = Door(parser.parse_args(arguments).folder)
    host, port = door.server_address[:2]
    print(f"http://{host!s}:{port}", flush=True)
    door.serve_forever()


if __name__ == "__main__":
    main()
