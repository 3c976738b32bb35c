"""`make run` from outside: one ready line, one sentence for what hinders it, and nothing left behind at any end."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 120

# What the environment of the tests may say of parts that run, and of keys.
OURS = re.compile(r"(PIM|AWS)_|PORT$")


def environment(data_dir: Path, port: int, more: Mapping[str, str] | None = None) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not OURS.match(name)}
    return {**inherited, "PIM_DATA_DIR": str(data_dir), "PORT": str(port), **(more or {})}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True, slots=True)
class System:
    process: "subprocess.Popen[str]"
    data_dir: Path
    port: int
    key: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str, key: str | None = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {key or self.key}"}
        return httpx.get(f"{self.url}{path}", headers=headers, timeout=PATIENCE_SECONDS)

    def end(self) -> tuple[int, str, str]:
        """Exit code, what stdout said after the ready line, stderr."""
        out, error = self.process.communicate(timeout=PATIENCE_SECONDS)
        return self.process.returncode, out, error


@contextmanager
def running(data_dir: Path, more: Mapping[str, str] | None = None) -> Iterator[System]:
    port = free_port()
    with subprocess.Popen(
        [sys.executable, "-m", "infra.local"],
        cwd=ROOT,
        env=environment(data_dir, port, more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            ready = re.fullmatch(rf"ready http://127\.0\.0\.1:{port} key=(\S+)\n", line)
            assert ready, (line, process.stderr.read() if process.stderr else "")
            yield System(process, data_dir, port, ready[1])
        finally:
            process.terminate()
            process.communicate(timeout=PATIENCE_SECONDS)


def refused(data_dir: Path, port: int, more: Mapping[str, str] | None = None, *flags: str) -> str:
    """What a start that fails says; it says it on stderr, in one line, with exit code 1."""
    ended = subprocess.run(
        [sys.executable, *flags, "-m", "infra.local"],
        cwd=ROOT,
        env=environment(data_dir, port, more),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    (sentence,) = [line for line in ended.stderr.splitlines() if not line.startswith("{")]
    return sentence


def servers_of(data_dir: Path) -> list[psutil.Process]:
    cluster = str((data_dir / "postgres" / "cluster").resolve())
    found = []
    for process in psutil.process_iter():
        try:
            if process.name() == "postgres" and process.cwd() == cluster:
                found.append(process)
        except psutil.Error:
            continue
    return found


def until(holds: Callable[[], object]) -> None:
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < give_up_at
        time.sleep(0.02)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running(tmp_path_factory.mktemp("run") / "data") as system:
        yield system


def test_it_answers_and_knows_its_key(system: System) -> None:
    assert httpx.get(f"{system.url}/health").status_code == 200
    assert system.get("/api/pim/schema/").status_code == 200
    assert system.get("/api/pim/schema/", key="sk_" + "x" * 40).status_code == 401


def test_others_find_it_by_its_note(system: System) -> None:
    note = json.loads((system.data_dir / "running.json").read_text())
    assert (note["pid"], note["port"]) == (system.process.pid, system.port)
    assert set(note) == {"pid", "port", "database_url", "database_admin_url", "aws_endpoint_url", "clickhouse_url"}


def make_workspace(data_dir: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "infra.local.workspace", *arguments],
        cwd=ROOT,
        env=environment(data_dir, 1),
        capture_output=True,
        text=True,
        check=False,
    )


def test_another_workspace_gets_a_key_that_works(system: System) -> None:
    made = make_workspace(system.data_dir, "acme")
    assert (made.returncode, made.stderr) == (0, "")
    key = made.stdout.strip()
    assert key != system.key
    assert system.get("/api/pim/schema/", key=key).status_code == 200


@pytest.mark.parametrize("arguments", [[], ["two", "names"], ["Not A Name"]])
def test_a_workspace_without_a_proper_name_is_refused(system: System, arguments: list[str]) -> None:
    made = make_workspace(system.data_dir, *arguments)
    assert (made.returncode, made.stdout, len(made.stderr.splitlines())) == (1, "", 1)


def test_no_workspace_where_nothing_runs(tmp_path: Path) -> None:
    made = make_workspace(tmp_path, "acme")
    assert (made.returncode, made.stdout) == (1, "")
    assert "Nothing runs in" in made.stderr


def test_a_folder_in_use_is_one_sentence(system: System) -> None:
    assert "Another local system runs in" in refused(system.data_dir, free_port())
    assert system.get("/health").status_code == 200


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"PORT": "many"}, "PORT=many is not a port"),
        ({"PORT": "70000"}, "PORT=70000 is not a port"),
        ({"PIM_DATABASE_URL": "postgresql://x"}, "needs PIM_DATABASE_ADMIN_URL"),
        ({"PIM_DEV_API_KEY": "short"}, "20 characters"),  # found out when the parts already run
        (
            {"PIM_DATABASE_URL": "postgresql://x", "PIM_DATABASE_ADMIN_URL": "postgresql://x@127.0.0.1:1/x"},
            "The database does not answer its owner",
        ),
    ],
)
def test_what_hinders_a_start_is_one_sentence(tmp_path: Path, more: dict[str, str], said: str) -> None:
    assert said in refused(tmp_path, free_port(), more)
    assert servers_of(tmp_path) == []


def test_a_busy_port_is_one_sentence_and_nothing_is_started(tmp_path: Path) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        assert f"Port {port} cannot be used" in refused(tmp_path / "data", port)
    assert not (tmp_path / "data").exists()


def test_missing_packages_are_one_sentence(tmp_path: Path) -> None:
    said = refused(tmp_path, free_port(), None, "-S")
    assert said.startswith("Packages are missing (boto3, ")
    assert said.endswith("; `make run` installs them.")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_everything_and_a_restart_goes_on(tmp_path: Path, number: signal.Signals) -> None:
    with running(tmp_path) as first:
        key = make_workspace(tmp_path, "acme").stdout.strip()
        first.process.send_signal(number)
        code, out, error = first.end()
    assert (code, out) == (0, "")
    assert "Traceback" not in error
    assert servers_of(tmp_path) == []
    assert not (tmp_path / "running.json").exists()
    with running(tmp_path) as second:
        assert second.key == first.key
        assert second.get("/api/pim/schema/", key=key).status_code == 200


def test_a_given_key_opens_the_demo_workspace(tmp_path: Path) -> None:
    with running(tmp_path, {"PIM_DEV_API_KEY": "a-key-of-twenty-characters"}) as system:
        assert system.key == "a-key-of-twenty-characters"
        assert system.get("/api/pim/schema/").status_code == 200


def test_a_signal_while_it_starts_leaves_nothing(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "infra.local"],
        cwd=ROOT,
        env=environment(tmp_path, free_port()),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        until(lambda: servers_of(tmp_path))
        process.terminate()
        out, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, out) == (0, "")
    assert servers_of(tmp_path) == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_a_kill_leaves_no_server_and_a_restart_goes_on(tmp_path: Path) -> None:
    with running(tmp_path) as first:
        assert servers_of(tmp_path) != []
        first.process.kill()
        first.process.wait(PATIENCE_SECONDS)
    until(lambda: servers_of(tmp_path) == [])
    with running(tmp_path) as second:
        assert second.get("/api/pim/schema/", key=first.key).status_code == 200


def test_a_part_that_dies_ends_the_rest_with_a_sentence(tmp_path: Path) -> None:
    with running(tmp_path) as system:
        pid = int((tmp_path / "postgres" / "cluster" / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, signal.SIGKILL)
        code, out, error = system.end()
    assert (code, out) == (1, "")
    assert "PostgreSQL ended by itself, so the rest is stopped too." in error.splitlines()
    until(lambda: servers_of(tmp_path) == [])
