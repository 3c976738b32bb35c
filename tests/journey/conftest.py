"""One running system for all journeys; each makes its own workspace."""

import itertools
from collections.abc import Iterator

import httpx
import pytest

from tests.running import System, running

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running(tmp_path_factory.mktemp("journey") / "data") as started:
        yield started


@pytest.fixture
def client(system: System) -> Iterator[httpx.Client]:
    """A client of a workspace of its own."""
    with system.client(system.workspace(f"journey-{next(_numbers)}")) as made:
        yield made
