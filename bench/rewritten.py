"""The bench's catalogue in the other formats: the same rows and columns, as programs write them.

A CSV of ``catalogue`` comes in; a JSON list of objects, an XML list of elements, or a workbook comes out, streamed.
Numbers, booleans and lists are what they are in each format. An XML name holds no blank: ``List Price`` becomes
``List_Price``.
"""

import csv
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

NUMBERS = frozenset({"Price", "List Price", "Weight"})
WHOLE_NUMBERS = frozenset({"Stock"})
LISTS = frozenset({"Tags"})
BOOLEANS = frozenset({"Active"})

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_SHEETS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def xml_name(header: str) -> str:
    return header.replace(" ", "_")


def write_json(catalogue: Path, file: Path) -> None:
    with file.open("w", encoding="utf-8") as out:
        separator = "["
        for row in _rows(catalogue):
            out.write(separator + json.dumps({header: _json_value(header, cell) for header, cell in row.items()}))
            separator = ",\n"
        out.write("]\n")


def write_xml(catalogue: Path, file: Path) -> None:
    with file.open("w", encoding="utf-8") as out:
        out.write(f"{_DECLARATION}<products>\n")
        for row in _rows(catalogue):
            out.write(f"<product>\n{''.join(_elements(row))}</product>\n")
        out.write("</products>\n")


def write_xlsx(catalogue: Path, file: Path) -> None:
    """As a spreadsheet program saves it: texts once, in a part of their own, and cells that refer to them."""
    texts: dict[str, int] = {}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as book:
        for name, part in _parts_around().items():
            book.writestr(name, _DECLARATION + part)
        with book.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            sheet.write(f'{_DECLARATION}<worksheet xmlns="{_SHEETS}"><sheetData>'.encode())
            for number, row in enumerate(_with_header(catalogue), start=1):
                cells = "".join(
                    _cell(f"{_LETTERS[position]}{number}", header, cell, texts)
                    for position, (header, cell) in enumerate(row)
                )
                sheet.write(f'<row r="{number}" spans="1:{len(row)}">{cells}</row>'.encode())
            sheet.write(b"</sheetData></worksheet>")
        with book.open("xl/sharedStrings.xml", "w", force_zip64=True) as shared:
            shared.write(f'{_DECLARATION}<sst xmlns="{_SHEETS}" uniqueCount="{len(texts)}">'.encode())
            for text in texts:
                kept = ' xml:space="preserve"' if text != text.strip() or "\n" in text else ""
                shared.write(f"<si><t{kept}>{escape(text)}</t></si>".encode())
            shared.write(b"</sst>")


WRITERS = {"json": write_json, "xml": write_xml, "xlsx": write_xlsx}


def _rows(catalogue: Path) -> Iterator[dict[str, str]]:
    with catalogue.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _with_header(catalogue: Path) -> Iterator[list[tuple[str, str]]]:
    """The cells of the header and of all rows, each with its header; the header's own have none."""
    with catalogue.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        headers = next(rows)
        yield [("", header) for header in headers]
        for row in rows:
            yield list(zip(headers, row, strict=True))


def _json_value(header: str, cell: str) -> Any:
    if header in NUMBERS:
        return float(cell)
    if header in WHOLE_NUMBERS:
        return int(cell)
    if header in LISTS:
        return cell.split("|")
    return cell == "true" if header in BOOLEANS else cell


def _elements(row: dict[str, str]) -> Iterator[str]:
    for header, cell in row.items():
        name = xml_name(header)
        for item in cell.split("|") if header in LISTS else [cell]:
            yield f"<{name}>{escape(item)}</{name}>\n"


def _cell(reference: str, header: str, cell: str, texts: dict[str, int]) -> str:
    if header in NUMBERS | WHOLE_NUMBERS:
        return f'<c r="{reference}"><v>{float(cell):.17g}</v></c>'
    if header in BOOLEANS:
        return f'<c r="{reference}" t="b"><v>{int(cell == "true")}</v></c>'
    return f'<c r="{reference}" t="s"><v>{texts.setdefault(cell, len(texts))}</v></c>'


def _parts_around() -> dict[str, str]:
    content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    overrides = {
        "/xl/workbook.xml": "sheet.main",
        "/xl/worksheets/sheet1.xml": "worksheet",
        "/xl/sharedStrings.xml": "sharedStrings",
    }
    types = "".join(
        f'<Override PartName="{part}" ContentType="{content_type}.{kind}+xml"/>' for part, kind in overrides.items()
    )
    relations = 'application/vnd.openxmlformats-package.relationships+xml"/>'
    return {
        "[Content_Types].xml": (
            f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" ContentType="{relations}'
            f'<Default Extension="xml" ContentType="application/xml"/>{types}</Types>'
        ),
        "_rels/.rels": _relations(("officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": (
            f'<workbook xmlns="{_SHEETS}" xmlns:r="{_RELATIONS}"><sheets><sheet name="Products" sheetId="1" '
            'r:id="rId1"/></sheets></workbook>'
        ),
        "xl/_rels/workbook.xml.rels": _relations(
            ("worksheet", "worksheets/sheet1.xml"), ("sharedStrings", "sharedStrings.xml")
        ),
    }


def _relations(*targets: tuple[str, str]) -> str:
    each = "".join(
        f'<Relationship Id="rId{number}" Type="{_RELATIONS}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, start=1)
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{each}</Relationships>'
