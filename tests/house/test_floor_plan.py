"""The floor plan is a test: docs tell it, the contracts of pyproject.toml hold it, and this runs them."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.project import ROOT, imported, modules

pytestmark = pytest.mark.house


def test_import_contracts_hold() -> None:
    lint = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert lint.returncode == 0, lint.stdout + lint.stderr


def test_app_only_puts_the_blueprints_together() -> None:
    source = (ROOT / "app.py").read_text()
    assert imported(source) <= {"chalice", "chalicelib"}
    assert len(source.splitlines()) <= 60


def test_only_settings_read_the_environment() -> None:
    readers = {
        path.relative_to(ROOT).as_posix()
        for path in modules("chalicelib")
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"})
        or (isinstance(node, ast.alias) and node.name in {"environ", "getenv"})
    }
    # The migration is a command of its own: the owner's URL it takes is nothing a running part may know.
    assert readers <= {"chalicelib/settings.py", "chalicelib/store/migrate.py"}


@pytest.mark.parametrize("word", ["base", "common", "helper", "helpers", "manager", "misc", "util", "utils"])
def test_rooms_have_names_of_their_own(word: str) -> None:
    assert [path for folder in ("chalicelib", "infra") for path in modules(folder) if path.stem == word] == []


def test_every_module_says_which_room_it_is() -> None:
    silent = [
        path.relative_to(ROOT).as_posix()
        for path in modules("chalicelib")
        if path.read_text().strip() and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []
