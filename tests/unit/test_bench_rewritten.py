"""The bench's catalogue in the other formats holds the rows of its CSV, or it would measure something else."""

import csv
import io
from pathlib import Path

import openpyxl
import pytest

from bench.catalogue import write_catalogue
from bench.rewritten import NUMBERS, WRITERS, xml_name
from chalicelib.formats import REWRITERS
from tests.rewriting import rewritten

pytestmark = pytest.mark.unit

ROWS = 300


@pytest.mark.parametrize("kind", WRITERS)
def test_the_rows_are_those_of_the_csv(kind: str, tmp_path: Path) -> None:
    catalogue, file = tmp_path / "catalogue.csv", tmp_path / f"catalogue.{kind}"
    write_catalogue(catalogue, ROWS)
    headers, *rows = csv.reader(io.StringIO(catalogue.read_text(encoding="utf-8"), newline=""))
    WRITERS[kind](catalogue, file)
    found = rewritten(REWRITERS[kind].rewrite, file.read_bytes())
    assert found.headers == ([*map(xml_name, headers)] if kind == "xml" else headers)
    assert [comparable(headers, row) for row in found.rows] == [comparable(headers, row) for row in rows]


def comparable(headers: list[str], row: list[str]) -> list[str | float]:
    """1.50 is 1.5 where numbers are numbers."""
    return [float(cell) if header in NUMBERS else cell for header, cell in zip(headers, row, strict=True)]


def test_other_programs_read_the_workbook(tmp_path: Path) -> None:
    write_catalogue(tmp_path / "catalogue.csv", ROWS)
    WRITERS["xlsx"](tmp_path / "catalogue.csv", tmp_path / "catalogue.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "catalogue.xlsx", read_only=True).worksheets[0]
    assert len(list(sheet.iter_rows())) == ROWS + 1
