"""Services: the parts a step of the engine may use, made once per container on first use and handed in from then on."""

import gc
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import perf_counter

from chalicelib.logs import configure_logs
from chalicelib.settings import Settings, load_settings
from chalicelib.store.aws import aws_clients
from chalicelib.store.files import Files
from chalicelib.store.mirror import Mirror
from chalicelib.store.postgres import Postgres
from chalicelib.store.queues import Queues
from chalicelib.suggest.claude import ClaudeReader
from chalicelib.suggest.question import ColumnReader


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _random_bits() -> int:
    return secrets.randbits(74)


@dataclass(frozen=True, slots=True)
class Services:
    """What the engine works with. Time and randomness come from here too, so that a test can hand in its own."""

    settings: Settings
    database: Postgres
    mirror: Mirror
    files: Files
    queues: Queues
    column_reader: ColumnReader | None = None
    """A model to ask what columns hold; None: nobody is asked."""
    now: Callable[[], datetime] = field(default=_utc_now)
    clock: Callable[[], float] = field(default=perf_counter)
    """Seconds since some moment: for how long something took."""
    random_bits: Callable[[], int] = field(default=_random_bits)


def build_services(settings: Settings) -> Services:
    """Services for these settings. Nothing connects until it is used."""
    clients = aws_clients(settings.aws_region, threads=settings.database_pool_size)
    return Services(
        settings=settings,
        database=Postgres(
            settings.database_url.get_secret_value(),
            pool_size=settings.database_pool_size,
            connect_timeout_seconds=settings.database_connect_timeout_seconds,
        ),
        mirror=Mirror(settings.clickhouse_url.get_secret_value(), timeout_seconds=settings.clickhouse_timeout_seconds),
        files=Files(clients.s3, settings.bucket),
        queues=Queues(clients.sqs),
        column_reader=_column_reader(settings),
    )


def _column_reader(settings: Settings) -> ColumnReader | None:
    if not settings.asks_claude:
        return None
    return ClaudeReader(
        settings.anthropic_api_key.get_secret_value(),
        model=settings.claude_model,
        base_url=settings.claude_base_url,
        pause_seconds=settings.claude_pause_seconds,
    )


_container: list[Services] = []
_making = threading.Lock()


def container_services() -> Services:
    """The services of this container, from the environment. With them its logs are set up, whatever woke it."""
    with _making:
        if not _container:
            _calm_the_collector()
            settings = load_settings()
            configure_logs(settings.log_level)
            _container.append(build_services(settings))
        return _container[0]


def _calm_the_collector() -> None:
    """Look for garbage cycles seldom: a chunk makes tens of thousands of rows that hold none (a fifth of its time)."""
    gc.freeze()
    gc.set_threshold(200_000, 20, 100)
