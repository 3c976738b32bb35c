"""PostgreSQL: connections, and transactions that are bound to one workspace.

There is no way to a connection but through a transaction that says for whom: ``workspace(id)``, or one of the two
narrow doors that row-level security leaves open (``sweep`` and ``presented_key``, see the first migration).
"""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from functools import partial
from time import perf_counter
from typing import Any, TypeVar

import psycopg
from psycopg import errors
from psycopg.abc import PQGen
from psycopg.rows import TupleRow
from psycopg.types.json import set_json_loads
from psycopg_pool import ConnectionPool, PoolTimeout

from chalicelib.errors import Unavailable

log = logging.getLogger(__name__)

Cursor = psycopg.Cursor[TupleRow]
T = TypeVar("T")

_AGAIN = (errors.DeadlockDetected, errors.SerializationFailure, errors.UniqueViolation, errors.LockNotAvailable)
_ATTEMPTS = 6

_LOOK_SECONDS = 0.1
"""How often a wait looks up for Ctrl-C; psycopg's own default."""

_AWAY = "The database did not answer; trying again may help."
_AWAY_CLASSES = ("08", "53", "57")
"""SQLSTATE classes: the connection, its resources, an operator's intervention."""


def _exact_integer(digits: str) -> int | Decimal:
    """Beyond 64 bits a Decimal, as fractions are: orjson writes no such int."""
    integer = int(digits)
    return integer if -(2**63) <= integer < 2**64 else Decimal(integer)


exact_json = partial(json.loads, parse_float=Decimal, parse_int=_exact_integer)
"""jsonb keeps the digits of a number as they were written; so does this reader."""


class _Connection(psycopg.Connection[TupleRow]):
    """A connection that knows how long it was waited for; everything it does over the network goes through ``wait``."""

    waited_seconds = 0.0

    def wait(self, gen: PQGen[T], interval: float = _LOOK_SECONDS, timeout: float | None = None) -> T:
        started = perf_counter()
        try:
            return super().wait(gen, interval, timeout)
        finally:
            self.waited_seconds += perf_counter() - started


def waited_seconds(cursor: Cursor) -> float:
    """How long the cursor's connection has waited for the database since it was opened."""
    connection = cursor.connection
    assert isinstance(connection, _Connection)
    return connection.waited_seconds


class Postgres:
    """The database, as the application's role. Connections are opened on first use and kept."""

    def __init__(self, url: str, *, pool_size: int, connect_timeout_seconds: int) -> None:
        self._pool = ConnectionPool(
            url,
            connection_class=_Connection,
            min_size=0,
            max_size=pool_size,
            timeout=connect_timeout_seconds,
            kwargs={"connect_timeout": connect_timeout_seconds, "application_name": "skuloom"},
            configure=_configure,
            check=ConnectionPool.check_connection,
            open=False,
            name="skuloom",
        )

    @contextmanager
    def workspace(self, workspace_id: int) -> Iterator[Cursor]:
        """One transaction that sees and changes the things of one workspace."""
        with self._transaction("SELECT set_config('skuloom.workspace_id', %s, true)", str(workspace_id)) as cursor:
            yield cursor

    @contextmanager
    def sweep(self) -> Iterator[Cursor]:
        """One transaction that may read what is to be taken up in all workspaces (jobs, the mirror's outbox, changes,
        segments and their computes), and nothing else.
        """
        with self._transaction(
            "SELECT set_config('skuloom.sweep', 'on', true), set_config('skuloom.workspace_id', %s, true)", "0"
        ) as cursor:
            yield cursor

    @contextmanager
    def presented_key(self, key_hash: bytes) -> Iterator[Cursor]:
        """One transaction that may read the API key with this hash, to learn which workspace it opens."""
        with self._transaction(
            "SELECT set_config('skuloom.presented_key', %s, true), set_config('skuloom.workspace_id', '0', true)",
            key_hash.hex(),
        ) as cursor:
            yield cursor

    def retrying(self, workspace_id: int, work: Callable[[Cursor], T]) -> T:
        """``work`` in a transaction, again from the start when another transaction stood in its way."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                with self.workspace(workspace_id) as cursor:
                    return work(cursor)
            except _AGAIN as error:
                if attempt == _ATTEMPTS:
                    raise
                log.info("transaction again", extra={"attempt": attempt, "sqlstate": error.sqlstate})
        raise AssertionError("unreachable")

    def ping(self) -> None:
        """Raise Unavailable unless the database answers."""
        with self._transaction("SELECT set_config('skuloom.workspace_id', %s, true)", "0"):
            pass

    def close(self) -> None:
        self._pool.close()

    @contextmanager
    def _transaction(self, preparation: Any, value: str) -> Iterator[Cursor]:
        self._pool.open()
        try:
            with self._pool.connection() as connection, connection.cursor() as cursor:
                cursor.execute(preparation, [value])
                yield cursor
        except PoolTimeout as error:
            raise Unavailable(_AWAY) from error
        except psycopg.OperationalError as error:
            if error.sqlstate and error.sqlstate[:2] not in _AWAY_CLASSES:
                raise
            raise Unavailable(_AWAY) from error


def _configure(connection: psycopg.Connection[Any]) -> None:
    set_json_loads(exact_json, connection)
