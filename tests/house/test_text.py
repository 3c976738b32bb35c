"""No file tells of the machine it was written on or of where its packages came from."""

import re

import pytest

from tests.house.project import ROOT, files, text

pytestmark = pytest.mark.house

FORBIDDEN = {
    "a path of one machine": re.compile(r"(?<![\w./}$-])/(?:farm|root|tmp|work|home/\w+|Users/\w+)(?![\w-])"),
    "a package registry's host": re.compile(
        r"\bpypi\.(?:org|python)|\bpythonhosted\.|\bnpmjs\.|\byarnpkg\.com|\bgolang\.org|\bcrates\.io"
    ),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_names(what: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}"
        for path in files()
        for number, line in enumerate((text(path) or "").splitlines(), start=1)
        if FORBIDDEN[what].search(line)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ('open("' + "/" + 'tmp/x.csv")', "a path of one machine"),
        ("cd " + "/" + "work", "a path of one machine"),
        ("https://pypi" + ".org/simple", "a package registry's host"),
    ],
)
def test_the_patterns_find(line: str, what: str) -> None:
    assert FORBIDDEN[what].search(line)


@pytest.mark.parametrize("line", ["GET /workspaces", "src/work", "${TMPDIR}/tmp", "/api/v1/imports", "/tmpfiles"])
def test_the_patterns_leave_alone(line: str) -> None:
    assert not any(pattern.search(line) for pattern in FORBIDDEN.values())
