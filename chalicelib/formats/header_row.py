"""Which of a table's first rows is its header, when titles, remarks or blank cells stand above it.

In: the first records of a table, of any format. Out: the place of the header among them. It is the first record, unless
that one cannot be a header and a later one plainly is: a column taken for a title is lost, a title taken for a column
is only seen.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import repeat, takewhile

from chalicelib.formats.languages import LANGUAGES
from chalicelib.model.ean import check_digit_holds

RECORDS = 50
"""The first records that are looked at; a header stands among the first half of them."""

NO_NAMES_NOTE = (
    "The header looks like the rows below it, not like names of columns: say header=false if the first line is a row."
)
NO_HEADER_NOTE = (
    "The file has no line of names: its first line is a row like the others, and its columns are called column_1 and so"
    " on. Say header=true if that is wrong."
)

_DEEPEST = 25
_NAME_CHARACTERS = 100
_LIKE_MOST = 0.8
_WIDE = 4
_LEAST_DISTINCT = 0.6
_LEAST_BELOW, _LEAST_DATA, _VALUE_WORDS = 3, 2, 3
_PLAIN = 0.5
"""Of a column of prices some are round."""
_CODE = re.compile(r"(?=\D*\d)[A-Z0-9][A-Z0-9._/-]+")
_DECIMAL = re.compile(r"\d{0,7}[.,]\d{1,4}")
_NAMED, _LEAST_NAMED = 0.75, 0.6
"""A header at the top names so many of the columns that most rows fill; one below titles, so many at least."""

_MONEY = r"[€$£¥₹%]|[A-Z]{3}|zł|Kč|kr\.?|kg|g|cm|mm|ml|l"
_DATA = re.compile(
    rf"(?:{_MONEY})?\s?[-+]?[.,]?\d[\d\s.,'’/:\u00a0-]*\s?(?:{_MONEY})?|\d{{4}}-\d\d-\d\d[T ].*|https?://\S+|www\.\S+"
)
"""A number, a price, a date, a code of digits or an address: what a table is made of, and no name of a column."""
_COMMENT = re.compile(r"#(?!$)|//|;;|--\s")

_ENGLISH = (
    "sku id name title price cost description brand manufacturer vendor ean gtin upc barcode isbn mpn stock quantity"
    " qty category type color colour size weight image images url link code number item product products variant"
    " currency status model tags availability material length width height unit units supplier part handle msrp"
    " vat tax"
)
_EASTERN = (
    "商品コード 商品名 価格 品番 品名 数量 カテゴリ 商品编号 名称 价格 商品編號 名稱 價格 數量 상품코드 상품명 가격"
    " 수량 รหัสสินค้า ชื่อสินค้า ราคา"
)
_NAMES = frozenset(
    [
        *f"{_ENGLISH} {_EASTERN}".split(),
        *(word for group in LANGUAGES.values() for each in group for word in each.words),
    ]
)
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Header:
    """Where a table's header is.

    Attributes:
        above: records before it, or before the first row where there is none.
        is_there: False: the table begins with a row.
        notes: what a person should know of it.
    """

    above: int = 0
    is_there: bool = True
    notes: Sequence[str] = field(default_factory=tuple)


def locate_header(records: Sequence[Sequence[str]], said: bool | None, *, is_first: bool) -> Header:
    """The header among a table's first records, none of them blank. ``said``: whether there is one; None: found out.

    ``is_first``: somebody has said what stands above it, so nothing else does, and the first record is it.
    """
    if said is False or not records:
        return Header(is_there=said is not False)
    above = 0 if is_first else find_header(records)
    if said is None and not is_first and above == 0 and begins_with_row(records):
        return Header(is_there=False, notes=[NO_HEADER_NOTE])
    notes = [above_note(above, records[0])] if above else []
    if said is None and looks_like_data(records, above):
        notes.append(NO_NAMES_NOTE)
    return Header(above, notes=notes)


def find_header(records: Sequence[Sequence[str]]) -> int:
    """The index of the header among a table's first records, none of them blank; 0 where nothing speaks against it."""
    rows = [[cell.strip() for cell in record] for record in records[:RECORDS]]
    filled = [sum(map(bool, row)) for row in rows]
    if len(rows) < 2:
        return 0
    usual = sorted(filled)[len(filled) * 3 // 4]
    if filled[0] >= _NAMED * usual and _names_columns(rows[0]):
        return 0
    for at in range(1, min(_DEEPEST, len(rows) - 1)):
        if filled[at] >= _LEAST_NAMED * usual and _names_columns(rows[at], odd=filled[at] // 5):
            is_below_titles = all(map(_may_be_title, rows[:at], repeat(filled[at]), repeat(usual)))
            return at if is_below_titles and _is_borne_out(rows, filled, at, usual) else 0
    return _last_comment(rows, filled, usual)


def _last_comment(rows: Sequence[Sequence[str]], filled: Sequence[int], usual: int) -> int:
    """The header of a table that is the last of some comments above it, behind a comment sign; 0 without such a one."""
    comments = sum(1 for _ in takewhile(_is_comment, rows))
    at = comments - 1
    if at < 1 or comments == len(rows) or filled[at] < _LEAST_NAMED * usual:
        return 0
    return at if all(map(_may_be_title, rows[:at], repeat(filled[at]), repeat(usual))) else 0


def _is_comment(row: Sequence[str]) -> bool:
    return bool(_COMMENT.match(next(filter(None, row))))


def above_note(count: int, first: Sequence[str]) -> str:
    """What a person should know of the records above the header."""
    shown = " ".join(" ".join(first).split())[:60]
    lines = "The line" if count == 1 else f"The {count} lines"
    return f'{lines} above the header left out, beginning "{shown}": say skip_header_rows=0 if that is wrong.'


def looks_like_data(records: Sequence[Sequence[str]], header: int) -> bool:
    """Whether the header looks as the rows below it do: its table may have none."""
    below = [[cell.strip() for cell in record] for record in records[header + 1 : header + 1 + RECORDS]]
    names = [cell.strip() for cell in records[header]] if records else []
    data = [at for at in range(len(names)) if _is_data_column(below, at, least=2)]
    return bool(data) and all(is_data(names[at]) for at in data)


def begins_with_row(records: Sequence[Sequence[str]]) -> bool:
    """Whether the first record of a table unmistakably is a row: each column that holds data below holds data in it,
    one of them prices, EANs or addresses; and its texts are values, not words that name columns. Sizes, years and
    months may head columns of figures.
    """
    rows = [[cell.strip() for cell in record] for record in records[:RECORDS]]
    first, *below = rows
    if len(below) < _LEAST_BELOW or first in below:
        return False
    data = [at for at in range(len(first)) if _is_data_column(below, at, least=_LEAST_BELOW)]
    codes = [at for at, cell in enumerate(first) if at not in data and _is_code(cell)]
    codes = [at for at in codes if _is_column_of(below, at, _is_code)]
    if len(data) + len(codes) < _LEAST_DATA or not all(is_data(first[at]) for at in data):
        return False
    texts = [(at, cell) for at, cell in enumerate(first) if cell and at not in codes and not is_data(cell)]
    if any(_is_name(cell) for _, cell in texts):
        return False
    is_plain = any(
        kind(first[at]) and _is_column_of(below, at, kind, share=_PLAIN)
        for at in data
        for kind in (_is_decimal, _is_ean, _is_address)
    )
    is_value = not texts or any(
        len(_WORD.findall(cell)) >= _VALUE_WORDS or any(row[at] == cell for row in below if at < len(row))
        for at, cell in texts
    )
    return is_plain and is_value


def _is_column_of(
    rows: Sequence[Sequence[str]], column: int, kind: Callable[[str], bool], *, share: float = _LIKE_MOST
) -> bool:
    cells = [row[column] for row in rows if column < len(row) and row[column]]
    return sum(map(kind, cells)) >= share * len(cells)


def _is_name(cell: str) -> bool:
    """Whether a header-like cell: it holds a known name, or is written as technical names are."""
    words = _WORD.findall(cell.casefold())
    return bool(words) and (all(word in _NAMES for word in words) or words[0] in _NAMES or cell.endswith((":", "?")))


def _is_code(cell: str) -> bool:
    return bool(_CODE.fullmatch(cell))


def _is_decimal(cell: str) -> bool:
    return bool(_DECIMAL.fullmatch(cell))


def _is_ean(cell: str) -> bool:
    return len(cell) in {8, 12, 13, 14} and cell.isascii() and cell.isdigit() and check_digit_holds(cell)


def _is_address(cell: str) -> bool:
    return cell.startswith(("https://", "http://"))


def _names_columns(row: Sequence[str], *, odd: int = 0) -> bool:
    """Whether its cells are distinct, no remark, and no data: but for ``odd`` of them, where groups of columns may have
    the same names, too.
    """
    names = [cell for cell in row if cell]
    distinct = len({name.casefold() for name in names})
    return (
        (distinct == len(names) or (odd > 0 and distinct >= _LEAST_DISTINCT * len(names)))
        and sum(map(is_data, names)) <= odd
        and not any(name.endswith(":") or len(name) > _NAME_CHARACTERS for name in names)
        and not _is_comment(row)
    )


def _may_be_title(row: Sequence[str], names: int, usual: int) -> bool:
    """Much narrower than the header (the name of a group of columns may stand in each of them), or a remark, or what
    something is and its value ("Exported on", a date), or the upper half of names that stand over two rows.
    """
    cells = [cell for cell in row if cell]
    if len(set(cells)) <= max(1, names // 2) or _is_comment(row):
        return True
    holds_data = any(map(is_data, cells[1:]))
    if len(cells) <= 2 and (cells[0].endswith(":") or holds_data):
        return True
    return len(cells) < min(names, _NAMED * usual) and not holds_data


def _is_borne_out(rows: Sequence[Sequence[str]], filled: Sequence[int], at: int, usual: int) -> bool:
    """Whether something beside its place says that a row is the header: its words, or where the first row is plainly
    too narrow for one, the columns below it, or that what stands above is so very narrow.
    """
    names = rows[at]
    known = sum(bool(_NAMES.intersection(_WORD.findall(name.casefold()))) for name in names)
    if known >= max(2, filled[at] / 3):
        return True
    if filled[0] >= _LEAST_NAMED * usual and _names_columns(rows[0]):
        return False
    below, odd = rows[at + 1 :], any(map(is_data, names))
    unlike = sum(
        not is_data(name) and _is_data_column(below, column, least=1) for column, name in enumerate(names) if name
    )
    if unlike > odd:
        return True
    return not odd and usual >= _WIDE and all(count <= usual // _WIDE for count in filled[:at])


def _is_data_column(rows: Sequence[Sequence[str]], column: int, *, least: int) -> bool:
    cells = [row[column] for row in rows if column < len(row) and row[column]]
    return len(cells) >= least and sum(map(is_data, cells)) >= _LIKE_MOST * len(cells)


def is_data(cell: str) -> bool:
    """Whether a cell holds a number, a price, a date or an address."""
    return bool(_DATA.fullmatch(cell))
