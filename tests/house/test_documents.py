"""The documents keep what they promise: commands exist, decisions are written down and short."""

import json
import re

import pytest

from chalicelib.settings import Settings
from tests.house.project import ROOT, make_targets

pytestmark = pytest.mark.house

DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
DECISION_WORDS = 500


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE"])
def test_document_is_there(name: str) -> None:
    assert (ROOT / name).read_text().strip()


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_commands_are_make_targets(name: str) -> None:
    code = re.findall(r"```.*?```|`[^`]+`", (ROOT / name).read_text(), re.DOTALL)
    commands = {
        command for piece in code for command in re.findall(r"(?:^|`|[;&|] *)make ([a-z-]+)", piece, re.MULTILINE)
    }
    assert commands
    assert commands <= make_targets()


def test_licence_is_apache_2() -> None:
    assert "Apache License" in (ROOT / "LICENSE").read_text()


def test_decisions_are_written_down() -> None:
    assert DECISIONS


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_decision_is_half_a_page(path) -> None:
    words = path.read_text().split()
    assert words[0] == "#"
    assert len(words) <= DECISION_WORDS


def test_deployed_functions_have_the_times_of_the_settings() -> None:
    config = json.loads((ROOT / ".chalice" / "config.json").read_text())
    chunk_seconds = config["lambda_functions"]["import_chunks"]["lambda_timeout"]
    assert chunk_seconds == Settings.model_fields["chunk_timeout_seconds"].default


def test_deployed_variables_are_settings() -> None:
    config = json.loads((ROOT / ".chalice" / "config.json").read_text())
    template = json.loads((ROOT / "infra" / "package" / "merge.json").read_text())
    variables = {name for stage in config["stages"].values() for name in stage["environment_variables"]}
    variables |= set(template["Globals"]["Function"]["Environment"]["Variables"])
    assert variables <= {f"PIM_{name}".upper() for name in Settings.model_fields}
