"""Files of other formats for tests, and what they are rewritten into."""

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.formats import FileLimits, Reading, analyze_csv, read_rows
from chalicelib.formats.canonical import CanonicalRows
from chalicelib.model.outcomes import Analysis

SHEETS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


@dataclass(frozen=True)
class Rewritten:
    """What the importer sees of a file."""

    headers: list[str]
    rows: list[list[str]]
    lines: list[int]
    notes: list[str]
    analysis: Analysis

    @property
    def records(self) -> list[dict[str, str]]:
        """The rows by header, without blank cells."""
        return [{k: v for k, v in zip(self.headers, row, strict=True) if v} for row in self.rows]


def rewritten(
    rewrite: Callable[..., Any], content: bytes | str, limits: FileLimits | None = None, **reading: Any
) -> Rewritten:
    """The rows of a file, read as a worker reads them: from the chunks of its canonical CSV."""
    data = content.encode() if isinstance(content, str) else content
    limits = limits or FileLimits()
    made, notes = rewrite(io.BytesIO(data), Reading(**reading), limits, lambda: CanonicalRows(io.BytesIO(), limits))
    canonical = b"".join(made.pieces())
    analysis = analyze_csv(io.BytesIO(canonical), chunk_rows=2, canonical=True)
    numbered = [
        each
        for chunk in analysis.chunks
        for each in read_rows(canonical[chunk.byte_start : chunk.byte_end], analysis.dialect)
    ]
    assert len(numbered) == analysis.row_count == made.rows
    lines, rows = [line for line, _ in numbered], [cells for _, cells in numbered]
    return Rewritten(list(analysis.headers), rows, lines, [*notes, *analysis.notes], analysis)


def sheet(rows: str, after: str = "", before: str = "") -> str:
    return f'<worksheet xmlns="{SHEETS}">{before}<sheetData>{rows}</sheetData>{after}</worksheet>'


def book(
    *sheets: str,
    texts: str | None = None,
    styles: str | None = None,
    names: Sequence[str] = (),
    hidden: Sequence[int] = (),
    properties: str = "",
    extra: Mapping[str, str | bytes] | None = None,
    without: Sequence[str] = (),
) -> bytes:
    """A workbook as programs write it: its sheets' XML, its shared texts' and its styles'."""
    numbers = range(1, len(sheets) + 1)
    listed = "".join(
        f'<sheet name="{names[n - 1] if names else f"Sheet{n}"}" sheetId="{n}"'
        f'{" state=" + chr(34) + "hidden" + chr(34) if n in hidden else ""} r:id="rId{n}"/>'
        for n in numbers
    )
    relations = [("officeDocument", "xl/workbook.xml")]
    inner = [("worksheet", f"worksheets/sheet{n}.xml") for n in numbers]
    inner += [("sharedStrings", "sharedStrings.xml"), ("styles", "/xl/styles.xml")]
    parts: dict[str, str | bytes | None] = {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": _relations(relations),
        "xl/workbook.xml": (
            f'<workbook xmlns="{SHEETS}" xmlns:r="{RELATIONS}">{properties}<sheets>{listed}</sheets></workbook>'
        ),
        "xl/_rels/workbook.xml.rels": _relations(inner),
        "xl/sharedStrings.xml": texts and f'<sst xmlns="{SHEETS}">{texts}</sst>',
        "xl/styles.xml": styles and f'<styleSheet xmlns="{SHEETS}">{styles}</styleSheet>',
        **{f"xl/worksheets/sheet{n}.xml": xml for n, xml in zip(numbers, sheets, strict=True)},
        **(extra or {}),
    }
    return archive({name: part for name, part in parts.items() if part is not None and name not in without})


def archive(parts: Mapping[str, str | bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for name, part in parts.items():
            file.writestr(name, part)
    return packed.getvalue()


def _relations(targets: Sequence[tuple[str, str]]) -> str:
    each = "".join(
        f'<Relationship Id="rId{n}" Type="{RELATIONS}/{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(targets, start=1)
    )
    return f'<Relationships xmlns="{PACKAGE}">{each}</Relationships>'
