"""The project as a folder of files: what the tests of this level look at."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

NOT_OURS = {
    ".git", ".venv", ".local", ".package", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis",
    ".import_linter_cache", "__pycache__", "deployments", "node_modules",
}  # fmt: skip


def files(folder: Path = ROOT) -> Iterator[Path]:
    """Every file of the project, nothing that make, Python or the tools made."""
    for path in sorted(folder.iterdir()):
        if path.is_dir() and path.name not in NOT_OURS and not path.name.startswith(".venv"):
            yield from files(path)
        elif path.is_file():
            yield path


def text(path: Path) -> str | None:
    """A file's text, or None when it is binary."""
    content = path.read_bytes()
    return None if b"\0" in content else content.decode("utf-8", errors="replace")


def modules(folder: str) -> Iterator[Path]:
    return (path for path in files(ROOT / folder) if path.suffix == ".py")


def imported(source: str) -> set[str]:
    """Top-level names a module imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=aliases):
                names |= {alias.name.split(".")[0] for alias in aliases}
            case ast.ImportFrom(module=str(module)):
                names.add(module.split(".")[0])
            case _:
                pass
    return names


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
