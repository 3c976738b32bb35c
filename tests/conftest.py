"""What tests stand on: a real PostgreSQL, the real ClickHouse engine, emulated S3 and SQS, one of each a process."""

import itertools
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.services import Services, container_services
from chalicelib.store.migrate import migrate
from chalicelib.store.mirror import create_mirror
from chalicelib.workspaces import ensure_workspace
from infra.local.stack import APP_ROLE, EmbeddedParts
from tests.walk import Walk

TESTS = Path(__file__).parent
_numbers = itertools.count(1)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """A temporary folder of this run's own.

    For root the databases run as another user, and any run of pytest that starts shuts the folder that runs share.
    """
    if config.option.basetemp is None:
        made = config.option.basetemp = tempfile.mkdtemp(prefix="skuloom-tests-")
        config.add_cleanup(lambda: shutil.rmtree(made, ignore_errors=True))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test's level is the folder it lies in."""
    for item in items:
        item.add_marker(item.path.relative_to(TESTS).parts[0])


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedParts]:
    """All parts, started once."""
    with EmbeddedParts(tmp_path_factory.mktemp("parts"), refresh_delay_seconds=0, allowed_hosts="127.0.0.1") as parts:
        migrate(parts.database_admin_url, APP_ROLE)
        create_mirror(parts.settings.clickhouse_url.get_secret_value())
        yield parts


@pytest.fixture(scope="session")
def services(embedded: EmbeddedParts) -> Iterator[Services]:
    """The services of this process's container: what the app's handlers use, too."""
    built = container_services()
    assert built.settings == embedded.settings
    yield built
    built.database.close()


@pytest.fixture
def walk(services: Services, embedded: EmbeddedParts) -> Iterator[Walk]:
    """A workspace of its own, to walk files through."""
    yield make_walk(services)
    s = services.settings
    for queue in (s.chunk_queue, s.arrival_queue, s.segment_queue):
        empty(embedded, queue)


@pytest.fixture
def other_walk(services: Services) -> Walk:
    """Another workspace beside it."""
    return make_walk(services)


def make_walk(services: Services) -> Walk:
    name = f"test-{next(_numbers)}"
    key = ensure_workspace(services, name)
    return Walk.of(services, name, key)


def empty(embedded: EmbeddedParts, queue: str) -> None:
    """Take out what a test left; purging is allowed once a minute only."""
    url = embedded.sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    while messages := embedded.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            embedded.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
