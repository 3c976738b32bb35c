"""The folder a local system lives in: its lock, the demo workspace's key, and a note for other processes while it runs.

Comes in: a path. Goes out: the assurance that nobody else uses it, and files of mode 600 for what is secret.
"""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from infra.local.errors import CannotStart

_LOCK = "lock"
_KEY = "dev-api-key"
_NOTE = "running.json"


@dataclass(frozen=True, slots=True)
class Running:
    """What another process needs to reach a running local system. Holds passwords when the user gave URLs with some."""

    pid: int
    port: int
    database_url: str
    database_admin_url: str
    aws_endpoint_url: str
    clickhouse_url: str


@contextmanager
def locked(data_dir: Path) -> Iterator[None]:
    """Own ``data_dir``, made if missing, until the block ends or the process dies.

    Raises:
        CannotStart: another process owns it.
    """
    with _open_lock(data_dir) as lock:
        if not _take(lock):
            raise CannotStart(f"Another local system runs in {data_dir}; stop it or choose another PIM_DATA_DIR.")
        yield


@contextmanager
def noted(data_dir: Path, running: Running) -> Iterator[None]:
    """Keep a note of the running system in ``data_dir`` while the block runs."""
    note = data_dir / _NOTE
    _write_secret(note, json.dumps(asdict(running), indent=1))
    try:
        yield
    finally:
        note.unlink(missing_ok=True)


def read_running(data_dir: Path) -> Running:
    """The note of the system that runs in ``data_dir``.

    Raises:
        CannotStart: nothing runs there, whatever a killed run left.
    """
    nothing = CannotStart(f"Nothing runs in {data_dir}; start it with `make run` and wait for its ready line.")
    if not data_dir.is_dir():
        raise nothing
    with _open_lock(data_dir) as lock:
        if _take(lock):
            raise nothing
    with suppress(FileNotFoundError):
        return Running(**json.loads((data_dir / _NOTE).read_text()))
    raise nothing


def development_key(data_dir: Path, given: str | None, make: str) -> str:
    """The demo workspace's key: the one given, the one kept in ``data_dir``, or ``make``, which is kept from now on."""
    if given:
        return given
    kept = data_dir / _KEY
    if not kept.exists():
        _write_secret(kept, make + "\n")
    return kept.read_text().strip()


def _open_lock(data_dir: Path) -> IO[bytes]:
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        return (data_dir / _LOCK).open("ab")
    except OSError as error:
        raise CannotStart(f"The data folder {data_dir} cannot be used: {error.strerror}.") from error


def _take(lock: IO[bytes]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write_secret(path: Path, text: str) -> None:
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)
