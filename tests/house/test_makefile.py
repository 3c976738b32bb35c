"""`make` is the door: it lists itself, asks for the right Python, and lets signals through."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.project import ROOT, make_targets

pytestmark = pytest.mark.house

# Run by `make run` of a copied Makefile in place of the system: says who started it, ends on a signal with a word.
STAND_IN = """
import os, signal, sys
import psutil
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
print("ready", psutil.Process().parent().name(), flush=True)
print("stopped by", signal.sigwait({signal.SIGTERM, signal.SIGINT}).name, flush=True)
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    for name in ("Makefile", "requirements.txt", "requirements-dev.txt"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


@pytest.fixture
def installed_clone(clone: Path) -> Path:
    binaries = clone / ".venv" / "bin"
    binaries.mkdir(parents=True)
    (binaries / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (binaries / "python").chmod(0o755)
    (clone / ".venv" / ".installed").touch()
    package = clone / "infra" / "local"
    package.mkdir(parents=True)
    (package / "__main__.py").write_text(STAND_IN)
    return clone


def plain_environment() -> dict[str, str]:
    """Without what a `make` above us exports."""
    return {
        name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MAKELEVEL", "MFLAGS", "ARGS"}
    }


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", *arguments], cwd=folder, capture_output=True, text=True, check=False, env=plain_environment()
    )


def test_make_alone_lists_every_command() -> None:
    listed = make(ROOT)
    assert listed.returncode == 0
    assert {line.split()[1] for line in listed.stdout.splitlines()} == make_targets()


@pytest.mark.parametrize("python", ["false", "no-such-python"])
def test_an_unfit_python_is_refused_in_one_sentence(clone: Path, python: str) -> None:
    refused = make(clone, "run", f"PYTHON={python}")
    assert refused.returncode != 0
    assert refused.stderr.splitlines()[0].startswith("Skuloom needs Python 3.11 or newer")
    assert not (clone / ".venv").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["workspace"], "say which: make workspace NAME=acme"),
        (["eval-mapping", "SET=x"], "say which: make eval-mapping SET=eval.jsonl OUT=predictions.jsonl"),
    ],
)
def test_a_missing_argument_is_asked_for(installed_clone: Path, arguments: list[str], sentence: str) -> None:
    refused = make(installed_clone, *arguments)
    assert refused.returncode != 0
    assert refused.stderr.splitlines()[0] == sentence


@pytest.mark.parametrize(("sent", "to_group"), [(signal.SIGTERM, False), (signal.SIGTERM, True), (signal.SIGINT, True)])
def test_signals_reach_the_system(installed_clone: Path, sent: signal.Signals, to_group: bool) -> None:
    with subprocess.Popen(
        ["make", "run"],
        cwd=installed_clone,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        env=plain_environment(),
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "ready make\n"
        (os.killpg if to_group else os.kill)(running.pid, sent)
        assert running.stdout.read() == f"stopped by {sent.name}\n"
