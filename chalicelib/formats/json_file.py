"""JSON: the records of a file, one at a time, as rows of a canonical CSV.

In: a binary file object with a list of objects, such a list somewhere within an object, JSON lines, a list of lists
whose first one is the header, or a single object. Out: rows (``formats.canonical``), and notes on what was taken.

Nested objects become columns with dotted names. A list of plain values becomes one cell that the list type reads back,
a list of objects or lists becomes JSON text, which ``multi_price`` reads. Numbers keep their digits, but for the ".0"
of a whole one: no article number has it. Null, an empty list and an absent key are blank cells. Memory: a record, or
a few blocks.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import count
from typing import IO, Any

import orjson

from chalicelib.errors import UnreadableFile
from chalicelib.fields import DIGITS_LIMIT
from chalicelib.formats.canonical import CanonicalRows, Grid
from chalicelib.formats.cells import list_cell
from chalicelib.formats.encodings import TextStream, public_name
from chalicelib.formats.reading import FileLimits, Reading
from chalicelib.formats.record_paths import is_usual_list

BLOCK_BYTES = 256 * 1024
LISTS_AT_DEPTH = 5
"""How many objects deep the list of records is looked for."""
NESTING = 100
OTHERS_NAMED = 5

_blanks = re.compile(r"[ \t\r\n]*").match


_CONSTANTS = {None: "", True: "true", False: "false"}


class Numeral(str):
    """A number with a fraction or an exponent, with the digits the file has."""

    __slots__ = ()


def _refuse_constant(name: str) -> None:
    raise UnreadableFile(f"The file holds {name}, which JSON has no number for: write null, or a number.")


_scan: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder(
    parse_float=Numeral, parse_constant=_refuse_constant
).raw_decode


def rewrite_json(
    stream: IO[bytes], reading: Reading, limits: FileLimits, make_rows: Callable[[], CanonicalRows]
) -> tuple[CanonicalRows, list[str]]:
    """The rows of a JSON file, and notes on them.

    Raises UnreadableFile with the line, also for a list without objects and for a ``record_path`` that leads nowhere.
    """
    source = TextStream(stream, stream.read(BLOCK_BYTES), reading.encoding, block_bytes=BLOCK_BYTES)
    text = _Text(source, limits.record_bytes)
    records = _Records(text, reading, make_rows)
    match text.peek():
        case "[":
            records.read_list()
        case "{":
            records.read_objects()
        case "":
            raise UnreadableFile("The file is empty: it holds no JSON.", byte_offset=0)
        case _:
            raise text.broken("it begins with neither [ nor {")
    rows, notes = records.taken()
    rows.detected = replace(rows.detected, encoding=public_name(source.encoding), bom=source.has_bom)
    return rows, notes


class _Text:
    """The file's text: values are taken from where it stands, and more is read when one goes on behind its end."""

    def __init__(self, source: TextStream, record_characters: int) -> None:
        self._source = source
        self._record_characters = record_characters
        self._text = source.read()
        self._at = 0
        self._kept_from: int | None = None
        self._passed_lines = 0
        self._counted_at = 0
        self._counted_lines = 0
        self._at_end = False

    def keep(self) -> None:
        """Keep what is passed from here on, for `go_back`."""
        self._kept_from = self._at

    def go_back(self) -> None:
        assert self._kept_from is not None
        self._at, self._kept_from = self._kept_from, None

    @property
    def line(self) -> int:
        """The line it stands on, from 1."""
        if self._at < self._counted_at:
            return self._line_at(self._at)
        self._counted_lines += self._text.count("\n", self._counted_at, self._at)
        self._counted_at = self._at
        return self._counted_lines + 1

    def peek(self) -> str:
        """The next character that is not blank; what is before it is passed. Empty at the end."""
        while True:
            if self._at < len(self._text) and (character := self._text[self._at]) > " ":
                return character
            found = _blanks(self._text, self._at)
            assert found is not None
            self._at = found.end()
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._read_on():
                return ""

    def separates(self) -> bool:
        """Pass what follows an element of a list: True for a comma, False for the end of the list."""
        at = self._at
        if at < len(self._text) and self._text[at] == ",":
            self._at = at + 1
            return True
        return self.expect(",]") == ","

    def expect(self, characters: str) -> str:
        """Pass the next character, which must be one of these."""
        character = self.peek()
        if not character:
            raise self.broken("it ends too soon")
        if character not in characters:
            raise self.broken(f"{' or '.join(characters)} is expected")
        self._at += 1
        return character

    def value(self) -> Any:
        """Pass the next value. Raises UnreadableFile, also for one longer than a record may be."""
        if not self.peek():
            raise self.broken("it ends too soon")
        while True:  # once around, unless the value goes on behind the text
            try:
                value, end = _scan(self._text, self._at)
            except json.JSONDecodeError as error:
                if not self._read_on():
                    raise self._broken_by(error) from error
            except ValueError as error:
                raise self.broken("it holds a number that is too long") from error
            except RecursionError as error:
                raise self.broken(f"it is nested more than {NESTING} levels deep") from error
            else:
                # A number at the very end of the text may go on behind it.
                if end < len(self._text) or not self._read_on():
                    self._at = end
                    return value

    def broken(self, why: str, *, at: int | None = None) -> UnreadableFile:
        """The refusal of a file that is no JSON where it stands, or at ``at``."""
        at = self._at if at is None else at
        line = self._line_at(at)
        character = at - self._text.rfind("\n", 0, at)
        return UnreadableFile(
            f"This is no whole JSON: on line {line:,}, at character {character:,}, {why}. Nothing was imported; "
            "export the file again.",
            line=line,
        )

    def _broken_by(self, error: json.JSONDecodeError) -> UnreadableFile:
        return self.broken("it ends too soon" if error.pos >= len(self._text) else error.msg, at=error.pos)

    def _line_at(self, at: int) -> int:
        return self._passed_lines + self._text.count("\n", 0, at) + 1

    def _read_on(self) -> bool:
        """Read more, and forget what was passed and need not be kept. False at the end of the file."""
        if self._at_end:
            return False
        going_on = len(self._text) - self._at
        if going_on > self._record_characters:
            line = self._line_at(self._at)
            raise UnreadableFile(
                f"The value that begins on line {line:,} goes on for more than {self._record_characters:,} characters: "
                "it is too long, or one of its quotes or brackets is never closed.",
                line=line,
            )
        # A long value is parsed again with each piece: twice the text each time, so at most twice over.
        pieces = [self._source.read()]
        wanted = min(going_on, self._record_characters - going_on)
        while pieces[-1] and sum(map(len, pieces)) < wanted:
            pieces.append(self._source.read())
        self._at_end = not pieces[-1]
        if not any(pieces):
            return False
        self._forget(self._at if self._kept_from is None else self._kept_from)
        self._text += "".join(pieces)
        return True

    def _forget(self, passed: int) -> None:
        self._passed_lines += self._text.count("\n", 0, passed)
        self._counted_at, self._counted_lines = 0, self._passed_lines
        self._text = self._text[passed:]
        self._at -= passed
        if self._kept_from is not None:
            self._kept_from = 0


class _Records:
    """The lists of records that a file holds, of which one is taken: the longest of those under a usual name, for a
    page of products may come with more facets; else the longest.
    """

    def __init__(self, text: _Text, reading: Reading, make_rows: Callable[[], CanonicalRows]) -> None:
        self._text = text
        self._reading = reading
        self._path = reading.record_path or None
        self._make_rows = make_rows
        self._spare: CanonicalRows | None = None
        self._best: CanonicalRows | None = None
        self._best_path = ""
        self._others: list[str] = []
        self._skipped_rows = False
        self._notes: list[str] = []

    def taken(self) -> tuple[CanonicalRows, list[str]]:
        if self._text.peek():
            raise self._text.broken("something stands behind the end")
        if self._best is None:
            raise self._nothing_found()
        self._best.detected = replace(self._best.detected, record_path=self._best_path or None)
        if self._best_path:
            self._notes.append(f'The records are those under "{self._best_path}".')
        if self._others:
            shown = ", ".join(f'"{path}"' for path in self._others)
            self._notes.append(f"Other lists of objects were left out: {shown}. record_path names the one to take.")
        if self._reading.skip_header_rows and not self._skipped_rows:
            self._notes.append("skip_header_rows says nothing here: JSON objects have no header.")
        return self._best, self._notes

    # What a file may be

    def read_list(self) -> None:
        """The whole file is a list."""
        if self._path is not None:
            raise UnreadableFile(
                f'There is nothing under "{self._path}": the file is itself the list of records. Leave record_path out.'
            )
        self._take_list("")

    def read_objects(self) -> None:
        """The whole file is an object, or one after the other."""
        text = self._text
        text.keep()
        first = self._whole_object()
        if first is not None and text.peek() == "{":
            text.go_back()
            self._read_lines()
            return
        text.go_back()
        self._look_within("", 1)
        if self._best is None and first is not None and self._path is None:
            self._take_object(first, "")

    def _whole_object(self) -> dict[str, Any] | None:
        """The object the file begins with, or None when it is longer than a record, or broken."""
        try:
            value = self._text.value()
        except UnreadableFile:
            # It is passed again, key by key, and what is wrong with it found again.
            return None
        return value if isinstance(value, dict) else None

    def _read_lines(self) -> None:
        if self._path is not None:
            raise UnreadableFile(f'There is nothing under "{self._path}": the file has an object on each line.')
        rows, text = self._new_rows(), self._text
        while text.peek():
            line = text.line
            rows.add(_record(text.value(), line), line)
        self._keep_likeliest(rows, "")

    def _look_within(self, path: str, depth: int) -> None:
        """Look through an object for lists of records."""
        text = self._text
        text.expect("{")
        if text.peek() == "}":
            text.expect("}")
            return
        while True:
            if text.peek() != '"':
                raise text.broken("a key in quotes is expected")
            key = text.value()
            text.expect(":")
            self._look_at(f"{path}.{key}" if path else key, depth)
            if text.expect(",}") == "}":
                return

    def _look_at(self, path: str, depth: int) -> None:
        """Pass the value of a key, and take it when it holds the records."""
        opening = self._text.peek()
        wanted = self._path is None or path == self._path
        if opening == "[" and wanted:
            self._take_list(path)
        elif opening == "[":
            self._pass_list()
        elif opening == "{" and path == self._path:
            self._take_object(self._text.value(), path)
        elif opening == "{" and (depth < LISTS_AT_DEPTH or f"{self._path}.".startswith(f"{path}.")):
            self._look_within(path, depth + 1)
        else:
            self._text.value()

    # What is taken

    def _take_list(self, path: str) -> None:
        """A list of objects, or one of lists whose first one is the header. Any other list is passed."""
        self._text.expect("[")
        opening = self._text.peek()
        if opening == "{":
            rows = self._new_rows()
            for number, value in self._elements():
                rows.add(_record(value, number), number)
            self._keep_likeliest(rows, path)
        elif opening == "[" and (not path or self._path):
            rows = self._new_rows()
            grid = Grid(rows, self._reading.skip_header_rows, self._reading.header)
            for number, value in self._elements():
                grid.add(_listed(value, number), number)
            grid.finish()
            rows.detected = grid.told(rows.detected)
            self._skipped_rows = True
            self._notes += grid.notes()
            self._keep_likeliest(rows, path)
        else:
            for _ in self._elements():
                pass

    def _take_object(self, value: dict[str, Any], path: str) -> None:
        rows = self._new_rows()
        rows.add(_record(value, 1), 1)
        self._keep_likeliest(rows, path)

    def _pass_list(self) -> None:
        self._text.expect("[")
        for _ in self._elements():
            pass

    def _elements(self) -> Iterator[tuple[int, Any]]:
        """The elements of a list whose bracket was passed, numbered from 1."""
        text = self._text
        if text.peek() == "]":
            text.expect("]")
            return
        for number in count(1):
            yield number, text.value()
            if not text.separates():
                return

    def _keep_likeliest(self, rows: CanonicalRows, path: str) -> None:
        rows.finish()
        if self._best is not None and _likelihood(rows, path) <= _likelihood(self._best, self._best_path):
            self._leave_out(rows, path)
            return
        if self._best is not None:
            self._leave_out(self._best, self._best_path)
        self._best, self._best_path = rows, path

    def _leave_out(self, rows: CanonicalRows, path: str) -> None:
        if len(self._others) < OTHERS_NAMED:
            self._others.append(path)
        self._spare = rows

    def _new_rows(self) -> CanonicalRows:
        rows, self._spare = self._spare, None
        return self._make_rows() if rows is None else rows.emptied()

    def _nothing_found(self) -> UnreadableFile:
        if self._path is not None:
            return UnreadableFile(
                f'There is no list of records under "{self._path}": name the keys that lead to it, with dots between.'
            )
        return UnreadableFile(
            "The file holds no list of objects, or it lies too deep: name the keys that lead to it in record_path, "
            "with dots between."
        )


def _likelihood(rows: CanonicalRows, path: str) -> tuple[bool, int]:
    """Of two lists the one with more of this holds the records."""
    return rows.rows > 0 and any(map(is_usual_list, path.split("."))), rows.rows


# Values ---------------------------------------------------------------------------------------------------------------


def _record(value: Any, number: int) -> dict[str, str]:
    """The cells of an object by the names of their columns. Null makes no record."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise UnreadableFile(f"Record {number:,} is no object, as the others are: remove it, or name its values.")
    cells: dict[str, str] = {}
    for key, each in value.items():
        kind = each.__class__
        if kind is str:
            cells[key] = each
        elif kind is int:
            cells[key] = str(each)
        elif kind is Numeral:
            cells[key] = each if each[-2:] != ".0" and "e" not in each and "E" not in each else plain_digits(each)
        elif kind is dict:
            _flatten(cells, key, each, number, 1)
        elif kind is list:
            cells[key] = _list_cell(each, number)
        else:
            cells[key] = _CONSTANTS[each]
    return cells


def _listed(value: Any, number: int) -> dict[int, str]:
    """The cells of a list by their positions."""
    if value is None:
        return {}
    if not isinstance(value, list):
        raise UnreadableFile(f"Row {number:,} is no list, as the others are: remove it, or put it into brackets.")
    return {
        position: _json_text(each, number) if isinstance(each, dict) else _cell(each, number)
        for position, each in enumerate(value)
    }


def _flatten(cells: dict[str, str], name: str, value: Mapping[str, Any], number: int, depth: int) -> None:
    """An object within a record: a column for each of its values, named with a dot."""
    if depth > NESTING:
        raise _too_deep(number)
    for key, each in value.items():
        if isinstance(each, dict):
            _flatten(cells, f"{name}.{key}", each, number, depth + 1)
        else:
            cells[f"{name}.{key}"] = _cell(each, number)


def _cell(value: Any, number: int) -> str:
    """A value that is no object as the text of a cell."""
    match value:
        case Numeral():
            return plain_digits(value)
        case str():
            return value
        case list():
            return _list_cell(value, number)
        case bool() | None:
            return _CONSTANTS[value]
        case _:
            return str(value)


def _list_cell(items: Sequence[Any], number: int) -> str:
    kinds = set(map(type, items))
    if dict in kinds or list in kinds:
        return _json_text([each for each in items if each is not None], number)
    texts = items if kinds == {str} else [_cell(each, number) for each in items if each is not None]
    return list_cell(texts if all(map(str.isascii, texts)) else [*map(_whole_characters, texts)])


def _json_text(value: Any, number: int) -> str:
    return orjson.dumps(_plain(value, number, 1)).decode()


def _plain(value: Any, number: int, depth: int) -> Any:
    """The value as orjson writes it, numbers with their digits."""
    if depth > NESTING:
        raise _too_deep(number)
    match value:
        case bool() | None:
            return value
        case Numeral() | int():
            return orjson.Fragment(str(value))
        case str():
            return _whole_characters(value)
        case dict():
            return {_whole_characters(key): _plain(each, number, depth + 1) for key, each in value.items()}
        case _:
            return [_plain(each, number, depth + 1) for each in value]


def plain_digits(numeral: str) -> str:
    """A number without its exponent, and a whole one without the ".0" that programs give it; as it is when that would
    be very long.
    """
    if numeral[-2:] == ".0":
        return numeral[:-2]
    if "e" not in numeral and "E" not in numeral:
        return numeral
    try:
        number = Decimal(numeral)
    except ArithmeticError:
        return numeral
    return format(number, "f") if abs(number.adjusted()) <= DIGITS_LIMIT else numeral


def _whole_characters(text: str) -> str:
    """The text with halves of surrogate pairs, which nothing can store, written out."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def _too_deep(number: int) -> UnreadableFile:
    return UnreadableFile(f"Record {number:,} is nested more than {NESTING} levels deep: export it flatter.")
