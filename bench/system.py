"""The system under measurement: started as ``make run`` starts it, in a folder of its own, and used over HTTP only.

A folder comes in; a running system with its address, its demo key and the addresses of its parts comes out, and is
stopped at the end. The superuser's connection is for counting, for checkpoints and for the floor, never for the import.
"""

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, LiteralString

import httpx
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from bench.quiet import wait_until_quiet

POLL_SECONDS = 0.05
START_SECONDS = 180
STOP_SECONDS = 60
REQUEST_SECONDS = 600
LIMITS = {"PIM_MULTIPART_LIMIT_BYTES": str(2**30)}
"""The laptop is measured, not API Gateway's limits."""


class SystemFailed(Exception):
    """The system did not start, refused a request, or failed a job; the text says what it said."""


@dataclass(frozen=True, slots=True)
class ImportSeconds:
    """One import. ``work`` is from the confirm request to done with nothing left to tell the mirror."""

    upload: float
    work: float
    mirror_lag: float
    """The part of ``work`` after the job said done."""


@dataclass(frozen=True, slots=True)
class System:
    """A running system."""

    url: str
    process_id: int
    data_dir: Path
    parts: Mapping[str, Any]
    """What the system wrote of itself: ``running.json``."""

    @property
    def admin_url(self) -> str:
        """The superuser, in the database of the product."""
        database = conninfo_to_dict(self.parts["database_url"])["dbname"]
        return make_conninfo(self.parts["database_admin_url"], dbname=database)

    def workspace(self, name: str) -> "Workspace":
        """Make a workspace as ``make workspace`` does."""
        done = subprocess.run(
            [sys.executable, "-m", "infra.local.workspace", name],
            env=_environment(self.data_dir),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemFailed(f"no workspace {name}: {done.stderr.strip()}")
        key = done.stdout.split()[-1].removeprefix("key=")
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            row = connection.execute("SELECT id FROM workspaces WHERE name = %s", [name]).fetchone()
        if row is None:
            raise SystemFailed(f"workspace {name} was made and is not there")
        return Workspace(row[0], key, self)

    def rest(self) -> None:
        """Checkpoint, and wait until nothing of an earlier measurement is still being tidied up."""
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            connection.execute("CHECKPOINT")
        if not wait_until_quiet(self.process_id):
            print("bench: no rest within 30 s; the next figure carries some of what came before", file=sys.stderr)


@dataclass(frozen=True, slots=True)
class Workspace:
    """A workspace of the running system and the key that opens it."""

    id: int
    key: str
    system: System

    def import_file(self, file: Path, rows: int) -> ImportSeconds:
        """Upload, confirm what was suggested, wait for done; raises SystemFailed unless every row arrived."""
        with self._client() as client:
            started = time.perf_counter()
            with file.open("rb") as content:
                answer = client.post("/api/pim/import/csv/", files={"file": (file.name, content, "text/csv")})
            upload = time.perf_counter() - started
            suggested = _accepted(answer)
            return self._work(client, suggested["job_id"], confirmation(suggested), upload, rows)

    def suggestion(self, file: Path) -> dict[str, Any]:
        """Upload a file, and the body of the confirmation that takes all suggestions."""
        with self._client() as client, file.open("rb") as content:
            answer = client.post("/api/pim/import/csv/", files={"file": (file.name, content, "text/csv")})
        return confirmation(_accepted(answer))

    def import_big_file(self, file: Path, rows: int, body: Mapping[str, Any]) -> ImportSeconds:
        """The way of large files: straight to S3, the arrival starts the analysis; ``body`` is the confirmation."""
        with self._client() as client:
            started = time.perf_counter()
            asked = {"name": file.name, "size": file.stat().st_size, "type": "text/csv"}
            expected = _accepted(client.post("/api/v1/uploads", json=asked))
            _send_to_s3(expected, file)
            _wait_for(client, expected["job_id"], "mapping")
            return self._work(client, expected["job_id"], body, time.perf_counter() - started, rows)

    def _client(self) -> httpx.Client:
        return httpx.Client(base_url=self.system.url, headers={"X-API-Key": self.key}, timeout=REQUEST_SECONDS)

    def _work(
        self, client: httpx.Client, job_id: int, body: Mapping[str, Any], upload: float, rows: int
    ) -> ImportSeconds:
        with psycopg.connect(self.system.admin_url, autocommit=True) as connection:
            started = time.perf_counter()
            _accepted(client.post(f"/api/pim/import/{job_id}/confirm/", json=body))
            job = _wait_for(client, job_id, "done")
            done = time.perf_counter()
            while _one(connection, "SELECT count(*) FROM mirror_outbox WHERE workspace_id = %s", self.id):
                time.sleep(POLL_SECONDS)
            ended = time.perf_counter()
            products = _one(connection, "SELECT count(*) FROM products WHERE workspace_id = %s", self.id)
        if (job["imported_count"], products) != (rows, rows):
            raise SystemFailed(
                f"{rows} rows went in; the job says {job['imported_count']}, the catalogue has {products}"
            )
        return ImportSeconds(upload, ended - started, ended - done)


@contextmanager
def started_system(folder: Path) -> Iterator[System]:
    """Start the system with its data in ``folder`` and stop it at the end."""
    data_dir = folder / "data"
    data_dir.mkdir()
    log = folder / "system.log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "infra.local"],
            env=_environment(data_dir) | {"PORT": str(free_port())} | LIMITS,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
    try:
        url = _ready_address(process, log)
        parts = json.loads((data_dir / "running.json").read_text(encoding="utf-8"))
        yield System(url, process.pid, data_dir, parts)
    finally:
        _stop(process)


def confirmation(suggested: Mapping[str, Any]) -> dict[str, Any]:
    """The confirmation that takes all suggestions; refused when they would not make products."""
    mapping = suggested["suggested_mapping"]
    if missing := {"sku", "name"} - set(mapping.values()):
        raise SystemFailed(f"no column was suggested as {' or '.join(sorted(missing))}: {mapping}")
    return {
        "mapping": mapping,
        "schema": suggested["suggested_schema"],
        "default_currency": "USD",
        "default_locale": "en_US",
    }


def _accepted(answer: httpx.Response) -> dict[str, Any]:
    if answer.is_error:
        raise SystemFailed(f"{answer.request.url.path} answered {answer.status_code}: {answer.text[:500]}")
    accepted: dict[str, Any] = answer.json()
    return accepted


def _send_to_s3(presigned: Mapping[str, Any], file: Path) -> None:
    """Post a file to a presigned address, streamed."""
    with file.open("rb") as content:
        answer = httpx.post(
            presigned["url"], data=presigned["fields"], files={"file": (file.name, content)}, timeout=REQUEST_SECONDS
        )
    if answer.is_error:
        raise SystemFailed(f"S3 answered {answer.status_code}: {answer.text[:500]}")


def _wait_for(client: httpx.Client, job_id: int, status: str) -> dict[str, Any]:
    deadline = time.monotonic() + REQUEST_SECONDS
    while time.monotonic() < deadline:
        job = _accepted(client.get(f"/api/pim/import/{job_id}/"))
        if job["status"] == status:
            return job
        if job["status"] == "failed":
            raise SystemFailed(f"job {job_id} failed: {job['error_message']}")
        time.sleep(POLL_SECONDS)
    raise SystemFailed(f"job {job_id} was not {status} within {REQUEST_SECONDS} s")


def _one(connection: psycopg.Connection, statement: LiteralString, workspace_id: int) -> int:
    row = connection.execute(statement, [workspace_id]).fetchone()
    return 0 if row is None else int(row[0])


def without_parts() -> dict[str, str]:
    """Our environment, without what would point a process at other parts than the bench's."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PIM_", "AWS_"))}


def _environment(data_dir: Path) -> dict[str, str]:
    return without_parts() | {"PIM_DATA_DIR": str(data_dir)}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _ready_address(process: subprocess.Popen[bytes], log: Path) -> str:
    """The address in the ``ready …`` line; the end of the log when the line does not come."""
    output: IO[bytes] | None = process.stdout
    with selectors.DefaultSelector() as selector:
        if output is not None:
            selector.register(output, selectors.EVENT_READ)
            if selector.select(START_SECONDS):
                words = output.readline().decode().split()
                if words[:1] == ["ready"]:
                    return words[1]
    tail = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:])
    raise SystemFailed(f"the system did not become ready; the end of what it said:\n{tail}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
