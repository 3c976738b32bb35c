"""``make run``: the whole system in one process, in the foreground, until a signal or until a part ends by itself.

Comes in: ``PORT`` (8000), ``PIM_DATA_DIR`` (``.local``), ``PIM_DEV_API_KEY``, any variable of the settings. Goes out:
one line on stdout, ``ready http://127.0.0.1:PORT key=KEY``; everything else goes to stderr.
"""

import importlib
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

import psycopg
from chalice.app import Chalice
from pydantic import ValidationError

from chalicelib.errors import SkuloomError
from chalicelib.imports.recover import requeue_lost
from chalicelib.logs import JsonLines
from chalicelib.segments import refresh
from chalicelib.services import container_services
from chalicelib.store.migrate import migrate
from chalicelib.store.mirror import create_mirror
from chalicelib.workspaces import ensure_workspace, make_key
from infra.local.data_dir import Running, development_key, noted
from infra.local.errors import CannotStart
from infra.local.http import EmbeddedHttp, refuse_busy_port
from infra.local.stack import APP_ROLE, EmbeddedParts

DEMO_WORKSPACE = "demo"
DEFAULT_DATA_DIR = ".local"

log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.2
_IMPATIENT_SECONDS = 2.0
"""A second signal this long after the first ends the process at once; a signal to a group may arrive twice."""


_SWITCH_SECONDS = 0.001
"""S3's client and S3's server share this process: at Python's 5 ms each packet would wait for the busiest thread."""


class _Signals:
    """Whether we were asked to stop. Noted only, so that no step of starting is torn in two."""

    def __init__(self) -> None:
        self._first_at: float | None = None
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._note)

    @property
    def received(self) -> bool:
        return self._first_at is not None

    def _note(self, number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._first_at is None:
            self._first_at = now
        elif now - self._first_at > _IMPATIENT_SECONDS:
            os._exit(128 + number)


class _Stopped(Exception):
    """A signal came while we were starting."""


def main() -> int:
    """Run until stopped; returns the exit code."""
    signals = _Signals()
    sys.setswitchinterval(_SWITCH_SECONDS)
    _log_to_stderr()
    try:
        with ExitStack() as parts:
            return _run(signals, parts)
    except _Stopped:
        return 0
    except (CannotStart, SkuloomError, ImportError) as error:
        print(f"Skuloom cannot run: {error}", file=sys.stderr)
    except ValidationError as error:
        print(f"Skuloom cannot run, a variable is wrong: {error}", file=sys.stderr)
    return 1


def _run(signals: _Signals, parts: ExitStack) -> int:
    port, data_dir = _port(), Path(os.environ.get("PIM_DATA_DIR") or DEFAULT_DATA_DIR).absolute()
    refuse_busy_port(port)
    _go_on(signals)
    embedded = parts.enter_context(EmbeddedParts(data_dir))
    _go_on(signals)
    _make_tables(embedded)
    _go_on(signals)
    app = _app()
    key = _prepare(parts, data_dir)
    _go_on(signals)
    pump = embedded.pump(app)
    http = EmbeddedHttp(app, port)
    for part in (pump, http):
        parts.callback(part.stop)
        part.start()
    parts.enter_context(noted(data_dir, _note(embedded, port)))
    print(f"ready {http.url} key={key}", flush=True)
    checks: tuple[Callable[[], str | None], ...] = (
        embedded.stopped_part,
        lambda: None if pump.is_alive() else "The event pump",
        lambda: None if http.is_alive() else "The HTTP server",
    )
    return _wait(signals, checks)


def _wait(signals: _Signals, checks: tuple[Callable[[], str | None], ...]) -> int:
    while not signals.received:
        time.sleep(_LOOK_SECONDS)
        for check in checks:
            stopped = check()
            if stopped and not signals.received:
                print(f"{stopped} ended by itself, so the rest is stopped too.", file=sys.stderr)
                return 1
    return 0


def _go_on(signals: _Signals) -> None:
    if signals.received:
        raise _Stopped


def _port() -> int:
    text = os.environ.get("PORT") or "8000"
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise CannotStart(f"PORT={text} is not a port; choose a number from 1 to 65535.")
    return int(text)


def _make_tables(embedded: EmbeddedParts) -> None:
    try:
        migrate(embedded.database_admin_url, APP_ROLE)
    except psycopg.OperationalError as error:
        raise CannotStart(f"The database does not answer its owner: {str(error).strip().splitlines()[0]}") from error
    create_mirror(embedded.settings.clickhouse_url.get_secret_value())


def _app() -> Chalice:
    """Imported late: it reads the settings, which point to our parts only now."""
    app: Chalice = importlib.import_module("app").app
    return app


def _prepare(parts: ExitStack, data_dir: Path) -> str:
    """Make the demo workspace and ask again for what a killed run left undone; returns the demo workspace's key."""
    services = container_services()
    parts.callback(services.database.close)
    key = development_key(data_dir, os.environ.get("PIM_DEV_API_KEY"), make_key())
    ensure_workspace(services, DEMO_WORKSPACE, api_key=key)
    requeued = {"jobs": requeue_lost(services), "segments": refresh.requeue_lost(services)}
    log.info("lost work requeued", extra=requeued)
    return key


def _note(embedded: EmbeddedParts, port: int) -> Running:
    return Running(
        pid=os.getpid(),
        port=port,
        database_url=embedded.settings.database_url.get_secret_value(),
        database_admin_url=embedded.database_admin_url,
        aws_endpoint_url=embedded.aws_endpoint_url,
        clickhouse_url=embedded.settings.clickhouse_url.get_secret_value(),
    )


def _log_to_stderr() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logger = logging.getLogger("infra")
    logger.handlers = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False
