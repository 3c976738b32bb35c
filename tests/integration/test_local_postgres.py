"""The embedded PostgreSQL: keeps what was committed through every end, and never outlives its parent."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psutil
import psycopg
import pytest

from infra.local.errors import CannotStart
from infra.local.postgres import EmbeddedPostgres

PARENT = """
import sys, time
from pathlib import Path
from infra.local.postgres import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]))
server.start()
print(server.pid, server.admin_url, flush=True)
time.sleep(600)
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(tmp_path / "a folder with spaces" / "postgres")
    server.start()
    yield server
    server.stop()


def write(url: str, word: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS words (word text)")
        connection.execute("INSERT INTO words VALUES (%s)", [word])


def words(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [word for (word,) in connection.execute("SELECT word FROM words ORDER BY word")]


def socket_dir(url: str) -> Path:
    return Path(parse_qs(urlsplit(url).query)["host"][0])


def test_it_is_what_we_expect(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.admin_url) as connection:
        shown = {
            name: connection.execute("SELECT current_setting(%s)", [name]).fetchone()
            for name in ("server_encoding", "listen_addresses", "fsync", "synchronous_commit", "jit", "TimeZone")
        }
        collation = connection.execute(
            "SELECT datlocprovider::text, datlocale FROM pg_database WHERE datname = 'postgres'"
        ).fetchone()
        connection.execute("CREATE EXTENSION pg_trgm")
        upper = connection.execute("SELECT upper('é')").fetchone()
    assert shown == {
        "server_encoding": ("UTF8",),
        "listen_addresses": ("",),
        "fsync": ("on",),
        "synchronous_commit": ("on",),
        "jit": ("off",),
        "TimeZone": ("UTC",),
    }
    assert collation == ("b", "C.UTF-8")
    assert upper == ("É",)


def test_the_socket_is_ours_alone_and_goes_with_it(server: EmbeddedPostgres) -> None:
    folder = socket_dir(server.admin_url)
    assert folder.stat().st_mode & 0o077 == 0
    server.stop()
    assert not folder.exists()


def test_a_role_gets_its_own_url(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.admin_url, autocommit=True) as connection:
        connection.execute("CREATE ROLE someone LOGIN")
        connection.execute("CREATE DATABASE elsewhere")
    with psycopg.connect(server.url_for("someone", "elsewhere")) as connection:
        assert connection.execute("SELECT current_user, current_database()").fetchone() == ("someone", "elsewhere")


def test_stop_and_start_keep_what_was_written(server: EmbeddedPostgres) -> None:
    write(server.admin_url, "kept")
    server.stop()
    assert not server.is_alive()
    server.start()
    assert words(server.admin_url) == ["kept"]


def test_a_crash_of_the_server_is_seen_and_recovered_from(server: EmbeddedPostgres) -> None:
    write(server.admin_url, "committed")
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(server.pid)], timeout=30)
    assert not server.is_alive()
    server.stop()
    server.start()
    assert words(server.admin_url) == ["committed"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_it_ends_with_a_killed_parent_and_the_next_run_goes_on(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid, url = parent.stdout.readline().split()
        process = psutil.Process(int(pid))
        write(url, "before the kill")
        parent.kill()
    gone, alive = psutil.wait_procs([process], timeout=60)
    assert (len(gone), alive) == (1, [])
    server = EmbeddedPostgres(tmp_path)
    server.start()
    try:
        assert words(server.admin_url) == ["before the kill"]
        assert not socket_dir(url).exists()
    finally:
        server.stop()


def test_a_server_that_was_left_behind_is_taken_over(server: EmbeddedPostgres) -> None:
    write(server.admin_url, "of the first")
    second = EmbeddedPostgres(server._data_dir)
    second.start()
    try:
        assert not server.is_alive()
        assert words(second.admin_url) == ["of the first"]
    finally:
        second.stop()


def test_a_stale_pid_file_with_a_living_number_is_no_hindrance(server: EmbeddedPostgres) -> None:
    write(server.admin_url, "kept")
    pid_file = server._cluster / "postmaster.pid"
    lines = pid_file.read_text().splitlines(keepends=True)
    server.stop()
    pid_file.write_text("".join([f"{os.getpid()}\n", *lines[1:]]))
    server.start()
    assert words(server.admin_url) == ["kept"]


def test_a_half_made_cluster_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "cluster.new").mkdir()
    (tmp_path / "cluster.new" / "PG_VERSION").write_text("18\n")
    server = EmbeddedPostgres(tmp_path)
    server.start()
    try:
        write(server.admin_url, "works")
    finally:
        server.stop()


def test_a_foreign_cluster_is_refused_with_the_servers_own_words(tmp_path: Path) -> None:
    (tmp_path / "cluster").mkdir(mode=0o700)
    (tmp_path / "cluster" / "PG_VERSION").write_text("9.6\n")
    server = EmbeddedPostgres(tmp_path)
    with pytest.raises(CannotStart, match=r"^PostgreSQL did not start: .*(9\.6|configuration)"):
        server.start()
    assert not server.is_alive()


def test_only_the_main_thread_may_start_it(tmp_path: Path) -> None:
    errors: list[CannotStart] = []

    def start() -> None:
        try:
            EmbeddedPostgres(tmp_path).start()
        except CannotStart as error:
            errors.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert [str(error) for error in errors] == ["PostgreSQL must be started from the main thread."]
