"""The running system, as ``make run`` starts it: a process of its own, talked to over HTTP only."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[1]
READY = re.compile(r"ready (http://127\.0\.0\.1:\d+) key=(\S+)")
DEADLINE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class System:
    """A system that said it is ready."""

    process: "subprocess.Popen[str]"
    url: str
    key: str
    data_dir: Path

    def client(self, key: str | None = None) -> httpx.Client:
        """A client with the demo workspace's key, or another."""
        return httpx.Client(base_url=self.url, headers={"X-API-Key": key or self.key}, timeout=DEADLINE_SECONDS)

    def workspace(self, name: str) -> str:
        """The key of another workspace, made by the command a person would use."""
        made = subprocess.run(
            [sys.executable, "-m", "infra.local.workspace", name],
            cwd=ROOT,
            env={**_clean_environment(), "PIM_DATA_DIR": str(self.data_dir)},
            capture_output=True,
            text=True,
            check=True,
        )
        return made.stdout.split()[-1]

    def kill(self) -> None:
        """SIGKILL, as a power cut would."""
        self.process.kill()
        self._reap()

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self._reap()

    def _reap(self) -> int:
        code = self.process.wait(DEADLINE_SECONDS)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


def start(data_dir: Path, **variables: str) -> System:
    """Start on a free port and wait until it is ready; what it logs goes to ``<data_dir>.log``."""
    with data_dir.with_suffix(".log").open("a") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "infra.local"],
            cwd=ROOT,
            env={**_clean_environment(), **variables, "PORT": str(free_port()), "PIM_DATA_DIR": str(data_dir)},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    assert process.stdout is not None
    line = process.stdout.readline()
    found = READY.fullmatch(line.strip())
    if not found:
        process.kill()
        process.wait()
        process.stdout.close()
        raise AssertionError(f"not ready: {line!r}\n{data_dir.with_suffix('.log').read_text()[-3000:]}")
    return System(process, found[1], found[2], data_dir)


@contextmanager
def running(data_dir: Path, **variables: str) -> Iterator[System]:
    """A system that is stopped at the end, whatever happened."""
    system = start(data_dir, **variables)
    try:
        yield system
    finally:
        system.stop()


def wait_for_import(client: httpx.Client, job_id: int, *statuses: str) -> dict[str, Any]:
    """Poll a job as a person's browser would, until it has one of these statuses."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        answer = client.get(f"/api/pim/import/{job_id}/")
        assert answer.status_code == 200, answer.text
        job: dict[str, Any] = answer.json()
        if job["status"] in statuses:
            return job
        assert time.monotonic() < deadline, job
        time.sleep(0.02)


def import_csv(
    client: httpx.Client, content: bytes, mapping: Mapping[str, str | None] | None = None, **confirmed: Any
) -> dict[str, Any]:
    """Upload, confirm (what was suggested, if no mapping is given) and wait for the end."""
    uploaded = client.post("/api/pim/import/csv/", files={"file": ("catalog.csv", content, "text/csv")})
    assert uploaded.status_code == 200, uploaded.text
    draft = uploaded.json()
    body = {"mapping": mapping or draft["suggested_mapping"], "schema": draft["suggested_schema"], **confirmed}
    answer = client.post(f"/api/pim/import/{draft['job_id']}/confirm/", json=body)
    assert answer.status_code == 200, answer.text
    return wait_for_import(client, draft["job_id"], "done", "failed")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _clean_environment() -> dict[str, str]:
    """A newcomer's environment: without what points to the parts of this test process."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PIM_", "AWS_"))}
