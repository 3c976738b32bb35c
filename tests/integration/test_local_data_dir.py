"""The data folder: one owner at a time, a key that stays, a note only while something runs."""

import subprocess
import sys
from pathlib import Path

import pytest

from infra.local.data_dir import Running, development_key, locked, noted, read_running
from infra.local.errors import CannotStart

OWNER = """
import sys, time
from pathlib import Path
from infra.local.data_dir import locked
with locked(Path(sys.argv[1])):
    print("mine", flush=True)
    time.sleep(600)
"""

RUNNING = Running(1, 8000, "postgresql://app", "postgresql://owner", "http://127.0.0.1:1", "chdb:///x")


def test_a_folder_has_one_owner_until_it_dies(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", OWNER, str(tmp_path)], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        owner.stdout.readline()
        with pytest.raises(CannotStart, match=r"^Another local system runs in .*PIM_DATA_DIR\.$"), locked(tmp_path):
            pass
        owner.kill()
    with locked(tmp_path):
        pass


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotStart, match=r"^The data folder .* cannot be used"), locked(tmp_path / "file"):
        pass


def test_the_key_is_made_once_and_kept_secret(tmp_path: Path) -> None:
    assert development_key(tmp_path, None, "made-1") == "made-1"
    assert development_key(tmp_path, None, "made-2") == "made-1"
    assert development_key(tmp_path, "given", "made-3") == "given"
    assert development_key(tmp_path, None, "made-4") == "made-1"
    assert (tmp_path / "dev-api-key").stat().st_mode & 0o777 == 0o600


def test_the_note_is_for_others_while_it_runs(tmp_path: Path) -> None:
    nothing = r"^Nothing runs in .*make run"
    with pytest.raises(CannotStart, match=nothing):
        read_running(tmp_path / "nowhere")
    with locked(tmp_path):
        with pytest.raises(CannotStart, match=nothing):
            read_running(tmp_path)
        with noted(tmp_path, RUNNING):
            assert read_running(tmp_path) == RUNNING
            assert (tmp_path / "running.json").stat().st_mode & 0o777 == 0o600
        with pytest.raises(CannotStart, match=nothing):
            read_running(tmp_path)


def test_the_note_of_a_killed_run_is_not_believed(tmp_path: Path) -> None:
    with noted(tmp_path, RUNNING):
        assert [path.name for path in tmp_path.iterdir()] == ["running.json"]
        with pytest.raises(CannotStart, match="Nothing runs"):
            read_running(tmp_path)
