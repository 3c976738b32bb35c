"""ClickHouse, the mirror: what segments, facets and counts are asked of. PostgreSQL is the truth; late is only late."""

import re
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError

from chalicelib.errors import MirrorRefused, SkuloomError, Unavailable
from chalicelib.store.sql import load_statements

_SQL = load_statements("mirror.sql")

_INSERT_SETTINGS = {
    # A block holds a product once and is small: nothing to merge on the way in, nothing to share out between threads.
    "optimize_on_insert": 0,
    "input_format_parallel_parsing": 0,
    # A text that looks like a date is a text: as a date it would come back changed.
    "input_format_try_infer_dates": 0,
    "input_format_try_infer_datetimes": 0,
}

T = TypeVar("T")

_CODE = re.compile(r"[Cc]ode:? ?(\d+)")
_PASSING_CODES = frozenset({159, 202, 203, 209, 210, 241, 242, 243, 252, 319, 425, 999})
"""Timeouts, too many queries or parts, no memory, no disk: passing, and not the block's fault."""


class Mirror:
    """The engine behind ``PIM_CLICKHOUSE_URL``. Clients are opened when needed, and kept for whoever comes next."""

    def __init__(self, url: str, *, timeout_seconds: int) -> None:
        self._url = url
        self._timeout_seconds = timeout_seconds
        self._idle: deque[Client] = deque()

    def create_tables(self) -> None:
        """Make what is missing; what is there stays."""
        for statement in ("create_table", "add_id", "create_members_table"):
            self.command(_SQL[statement])

    def insert(self, json_lines: bytes) -> None:
        """One JSON object a line, keyed by column. Sending the same again is harmless: the highest version stays."""
        self._run(
            lambda client: client.raw_insert(
                "products", insert_block=json_lines, fmt="JSONEachRow", settings=_INSERT_SETTINGS
            )
        )

    def count(self, workspace_id: int) -> int:
        """Products the mirror holds of a workspace."""
        return int(self.query(_SQL["count"], {"workspace": workspace_id})[0][0])

    def skus(self, workspace_id: int) -> list[tuple[str, str, int]]:
        """(sku, name, version) of a workspace, in sku order."""
        return [(row[0], row[1], row[2]) for row in self.query(_SQL["skus"], {"workspace": workspace_id})]

    def query(self, statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Rows of a statement with ``{name:Type}`` places for values."""
        return self._run(
            lambda client: [tuple(row) for row in client.query(statement, parameters=dict(values)).result_rows]
        )

    def command(self, statement: str, values: Mapping[str, Any] | None = None) -> None:
        """Run a statement that answers nothing, with ``{name:Type}`` places for values."""
        # A raw query takes long values in its body; the client's ``command`` would put them into the address.
        self._run(lambda client: client.raw_query(statement, parameters=dict(values or {})))

    def ping(self) -> None:
        """Raise Unavailable unless ClickHouse answers."""
        self._run(lambda client: client.command("SELECT 1"))

    def close(self) -> None:
        """Close the clients nobody uses."""
        while self._idle:
            self._idle.pop().close()

    def _take(self) -> Client:
        try:
            return self._idle.pop()
        except IndexError:
            return _connect(self._url, self._timeout_seconds)

    def _run(self, work: Callable[[Client], T]) -> T:
        try:
            client = self._take()
            result = work(client)
        except (ClickHouseError, OSError) as error:
            raise _translated(error) from error
        self._idle.append(client)
        return result


def _translated(error: Exception) -> SkuloomError:
    """ClickHouse's own words may quote cells and addresses: they stay in the cause."""
    code = _CODE.search(str(error))
    if isinstance(error, DatabaseError) and code and int(code[1]) not in _PASSING_CODES:
        return MirrorRefused(f"ClickHouse refused it (code {code[1]}).")
    return Unavailable("ClickHouse did not answer; what it missed waits for it.")


def create_mirror(url: str) -> None:
    """Make the mirror's tables where there are none."""
    mirror = Mirror(url, timeout_seconds=30)
    mirror.create_tables()
    mirror.close()


def _connect(url: str, timeout_seconds: int) -> Client:
    parts = urlsplit(url)
    if parts.scheme == "chdb":
        return clickhouse_connect.get_client(interface="chdb", path=unquote(parts.path))
    return clickhouse_connect.get_client(
        interface=parts.scheme,
        host=parts.hostname or "localhost",
        port=parts.port or 0,
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password or ""),
        database=parts.path.strip("/") or "default",
        connect_timeout=timeout_seconds,
        send_receive_timeout=timeout_seconds,
        autogenerate_session_id=False,
    )
