"""The embedded parts together: PostgreSQL, S3 and SQS, ClickHouse's engine by its URL. For the runner and for tests.

Comes in: a folder, settings to change, the environment. Goes out: ``Settings`` that point to running parts, the same
settings in the environment, and clients. A part whose variable is already set (``PIM_DATABASE_URL``,
``AWS_ENDPOINT_URL``, ``PIM_CLICKHOUSE_URL``) is somebody else's and is not started. ClickHouse's engine starts with its
first client; a process can have one.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from chalice.app import Chalice

from chalicelib.settings import Settings, load_settings
from infra.local.aws import ACCESS_KEY, EmbeddedAws, clients, make_bucket, make_notification, make_queues
from infra.local.data_dir import locked
from infra.local.errors import CannotStart
from infra.local.functions import read_deployment
from infra.local.postgres import EmbeddedPostgres
from infra.local.pump import Pump

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

APP_ROLE = "skuloom_app"

_POOL_SIZE = 16
"""Connections to the database: the threads of a laptop's one process share them."""

# A profile, a token or an endpoint of a single service would win over what we set.
_MISLEADING = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_SQS")


class EmbeddedParts:
    """A context manager; enter it in the main thread, before anything that reads the settings is imported.

    Args:
        data_dir: made if missing; owned until the exit.
        overrides: fields of ``Settings`` to set, by name.

    Attributes:
        settings: as the environment has them while entered.
        database_admin_url: URL of the owner of the tables.
        aws_endpoint_url: of S3 and SQS.
        s3, sqs: clients of it.
    """

    settings: Settings
    database_admin_url: str
    aws_endpoint_url: str
    s3: "S3Client"
    sqs: "SQSClient"

    def __init__(self, data_dir: Path, **overrides: Any) -> None:
        self._data_dir = data_dir.absolute()
        self._overrides = overrides
        self._parts: dict[str, EmbeddedPostgres | EmbeddedAws] = {}
        self._exit = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as starting:
            starting.enter_context(locked(self._data_dir))
            starting.enter_context(
                _environment({f"PIM_{name.upper()}": str(value) for name, value in self._overrides.items()})
            )
            database = self._database(starting)
            clickhouse = os.environ.get("PIM_CLICKHOUSE_URL") or f"chdb://{self._data_dir / 'clickhouse'}"
            sizes = {
                "PIM_DATABASE_POOL_SIZE": str(_POOL_SIZE),
                "PIM_CHUNK_CONCURRENCY": str(max(2, os.cpu_count() or 2)),
                "PIM_SEGMENT_CONCURRENCY": "2",
            }
            starting.enter_context(
                _environment({**database, "PIM_CLICKHOUSE_URL": clickhouse, **sizes, **_given(sizes)})
            )
            starting.enter_context(_environment(self._aws(starting, Settings())))
            self.settings = Settings()
            self.s3, self.sqs = clients(self.aws_endpoint_url, self.settings.aws_region)
            starting.enter_context(closing(self.s3))
            starting.enter_context(closing(self.sqs))
            load_settings.cache_clear()
            starting.callback(load_settings.cache_clear)
            self._exit = starting.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exit.close()
        self._parts = {}

    def database_url_for(self, user: str, database: str) -> str:
        """URL of a role in a database of the embedded cluster.

        Raises:
            CannotStart: the database is somebody else's.
        """
        part = self._parts.get("PostgreSQL")
        if not isinstance(part, EmbeddedPostgres):
            raise CannotStart("The database was given by its URL; there is none of ours to point to.")
        return part.url_for(user, database)

    def pump(self, app: Chalice) -> Pump:
        """What hands this SQS's messages to the functions of ``app``, as they are deployed. Not started."""
        deployment = read_deployment(app.handler_map)
        return Pump(
            app,
            self.sqs,
            region=self.settings.aws_region,
            names_failures=deployment.names_failures,
            timeouts_seconds=deployment.timeouts_seconds,
        )

    def stopped_part(self) -> str | None:
        """The name of a part that ended by itself, or None."""
        return next((name for name, part in self._parts.items() if not part.is_alive()), None)

    def _database(self, starting: ExitStack) -> Mapping[str, str]:
        url = os.environ.get("PIM_DATABASE_URL")
        if url:
            self.database_admin_url = os.environ.get("PIM_DATABASE_ADMIN_URL", "")
            if not self.database_admin_url:
                raise CannotStart(
                    "PIM_DATABASE_URL needs PIM_DATABASE_ADMIN_URL, the owner's URL, to bring the tables up to date."
                )
            return {}
        postgres = EmbeddedPostgres(self._data_dir / "postgres")
        starting.callback(postgres.stop)
        postgres.start()
        self._parts["PostgreSQL"] = postgres
        self.database_admin_url = postgres.admin_url
        return {"PIM_DATABASE_URL": postgres.url_for(APP_ROLE, "postgres")}

    def _aws(self, starting: ExitStack, settings: Settings) -> Mapping[str, str | None]:
        given = os.environ.get("AWS_ENDPOINT_URL")
        if given:
            self.aws_endpoint_url = given
            s3, sqs = clients(given, settings.aws_region)
            with closing(s3), closing(sqs):
                make_bucket(s3, settings)
                make_queues(sqs, settings)
                make_notification(s3, sqs, settings)
        else:
            aws = EmbeddedAws(self._data_dir / "s3", settings)
            starting.enter_context(_environment(_no_proxy()))
            starting.callback(aws.stop)
            aws.start()
            self._parts["S3 and SQS"] = aws
            self.aws_endpoint_url = aws.endpoint_url
        return {
            **dict.fromkeys(_MISLEADING),
            "AWS_ENDPOINT_URL": self.aws_endpoint_url,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": ACCESS_KEY,
            "AWS_DEFAULT_REGION": settings.aws_region,
            "AWS_EC2_METADATA_DISABLED": "true",
        }


@contextmanager
def _environment(changes: Mapping[str, str | None]) -> Iterator[None]:
    """Set variables (None removes one) while the block runs."""
    before = {name: os.environ.get(name) for name in changes}
    _set(changes)
    try:
        yield
    finally:
        _set(before)


def _given(names: Iterable[str]) -> Mapping[str, str]:
    """Those of these variables that are set already."""
    return {name: os.environ[name] for name in names if os.environ.get(name)}


def _set(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _no_proxy() -> Mapping[str, str]:
    """A proxy of the network is not for the loopback."""
    names = ("no_proxy", "NO_PROXY")
    known = next((os.environ[name] for name in names if os.environ.get(name)), "")
    return dict.fromkeys(names, ",".join(filter(None, [known, "127.0.0.1"])))
