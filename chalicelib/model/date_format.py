"""How a column's dates are written, in a small language: ``dd.MM.yyyy``, ``yyyyMMdd HH:mm``, ``M/d/yy h:mm a``.

In: a format, and texts. Out: what keeps a format from being one; a reader from a text to ISO 8601.
``docs/transforms.md`` tells the letters. Pure.
"""

import re
from collections.abc import Callable
from datetime import datetime

_TOKENS = {
    "yyyy": ("year", "[0-9]{4}"),
    "yy": ("year", "[0-9]{2}"),
    "MM": ("month", "[0-9]{2}"),
    "M": ("month", "[0-9]{1,2}"),
    "dd": ("day", "[0-9]{2}"),
    "d": ("day", "[0-9]{1,2}"),
    "HH": ("hour", "[0-9]{2}"),
    "H": ("hour", "[0-9]{1,2}"),
    "hh": ("hour", "[0-9]{2}"),
    "h": ("hour", "[0-9]{1,2}"),
    "mm": ("minute", "[0-9]{2}"),
    "ss": ("second", "[0-9]{2}"),
    "a": ("half", "[AaPp]\\.?[Mm]\\.?"),
}
"""The runs of one letter a format may have, with the part of a date each is."""

_PIECE = re.compile(r"([A-Za-z])\1*|\s+|[^A-Za-z\s]")
_PIVOT = 69
"""Years of two digits below this are of the 2000s."""
_LONGEST = 100

_ORDERED = {
    "dmy": r"(?P<day>[0-9]{1,2})(?P<mark>[-/. ]\s?)(?P<month>[0-9]{1,2})(?P=mark)(?P<year>[0-9]{4}|[0-9]{2})",
    "mdy": r"(?P<month>[0-9]{1,2})(?P<mark>[-/. ]\s?)(?P<day>[0-9]{1,2})(?P=mark)(?P<year>[0-9]{4}|[0-9]{2})",
    "ymd": r"(?P<year>[0-9]{4}|[0-9]{2})(?P<mark>[-/. ]\s?)(?P<month>[0-9]{1,2})(?P=mark)(?P<day>[0-9]{1,2})",
}
_TIME_OF_DAY = (
    r"(?:(?:T|,?\s+)(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.[0-9]{1,9})?)?"
    r"(?:\s?(?P<half>[AaPp]\.?[Mm]\.?))?(?P<zone>Z|\s?[+-][0-9]{2}:?[0-9]{2})?)?"
)

IsoReader = Callable[[str], str | None]
"""From a text to its date as ISO 8601, with a time if it has one; None for a text that is no such date."""


def unreadable_format(text: str) -> str | None:
    """What keeps a text from being a format; None when it is one."""
    parts: list[str] = []
    for piece in _PIECE.finditer(text):
        run = piece.group()
        if piece[1] is None:
            continue
        if run not in _TOKENS:
            return f'has "{run[:20]}" in it; the letters are {" ".join(_TOKENS)}'
        parts.append(_TOKENS[run][0])
    if missing := {"year", "month", "day"} - set(parts):
        return f"says nothing of the {min(missing)}; write it like dd.MM.yyyy"
    if len(set(parts)) < len(parts):
        return "says one part of the date twice"
    for part, needed in (("minute", "hour"), ("second", "minute"), ("half", "hour")):
        if part in parts and needed not in parts:
            return f"has {_TOLD[part]} and no {needed}"
    return _two_readings(text)


_TOLD = {"minute": "minutes", "second": "seconds", "half": "am or pm"}


def _two_readings(text: str) -> str | None:
    """What is wrong with parts that touch, where nothing tells how many digits each of them has."""
    open_ended: list[str] = []
    for piece in (found.group() for found in _PIECE.finditer(text)):
        if piece not in _TOKENS:
            open_ended = []
        elif piece in _OPEN_ENDED:
            open_ended.append(piece)
        if len(open_ended) > 1:
            run = " and ".join(open_ended)
            return f"has {run} in one run of digits, which can be read in two ways; double the letters"
    return None


_OPEN_ENDED = frozenset("M d H h".split())


def read_by_format(text: str) -> IsoReader:
    """A reader of dates written by a format that is none of ``unreadable_format``."""
    pieces = [piece.group() for piece in _PIECE.finditer(text)]
    source = ""
    for index, piece in enumerate(pieces):
        if piece in _TOKENS:
            touches = any(each in _TOKENS for each in (*pieces[index - 1 : index], *pieces[index + 1 : index + 2]))
            name, shape = _TOKENS[piece]
            # A day of one digit is no less a day, unless nothing but the count of digits tells the parts apart.
            source += f"(?P<{name}>{shape if touches or name == 'year' else shape.replace('{2}', '{1,2}')})"
        else:
            source += r"\s+" if piece.isspace() else re.escape(piece)
    return _reader(source)


def read_by_order(order: str) -> IsoReader:
    """A reader of dates in digits whose parts come in this order, with or without a time."""
    return _reader(_ORDERED[order] + _TIME_OF_DAY)


def _reader(source: str) -> IsoReader:
    pattern = re.compile(source)

    def read(text: str) -> str | None:
        found = pattern.fullmatch(text) if len(text) <= _LONGEST else None
        return _iso(found.groupdict()) if found else None

    return read


def _iso(found: dict[str, str | None]) -> str | None:
    numbers = {name: int(text) for name, text in found.items() if text and name not in {"mark", "half", "zone"}}
    year = (
        numbers["year"]
        if len(found["year"] or "") == 4
        else numbers["year"] + (1900 if numbers["year"] >= _PIVOT else 2000)
    )
    hour = _hour(numbers.get("hour", 0), found.get("half"))
    try:
        moment = datetime(  # noqa: DTZ001 - the zone, if any, is text
            year, numbers["month"], numbers["day"], hour, numbers.get("minute", 0), numbers.get("second", 0)
        )
    except ValueError:
        return None
    if "hour" not in numbers:
        return moment.date().isoformat()
    return moment.isoformat() + (found.get("zone") or "").strip()


def _hour(hour: int, half: str | None) -> int:
    """Of a day of 24; 99 for one there is not."""
    if half is None:
        return hour
    if not 1 <= hour <= 12:
        return 99
    return hour % 12 + (12 if half[0] in "Pp" else 0)
