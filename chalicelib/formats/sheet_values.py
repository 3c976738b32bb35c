"""What a stored number of a workbook means: the text a person sees, as the field types read it.

In: the digits of a cell, and the number format its style names. Out: text without exponents and without the noise of
binary fractions, ISO dates, times.

A workbook stores dates as days since an epoch, and says only by a number format that they are dates. Numbers show 15
digits, as in a spreadsheet; whole numbers keep all of theirs. A format of zeros (``0000000000000``) is what keeps the
leading zeros of article numbers and barcodes.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

from chalicelib.fields import DIGITS_LIMIT

Show = Callable[[str], str]

_SECONDS_A_DAY = 86_400
_LAST_DAY = 2_958_466
"""The day after 31 December 9999."""
_DAY_BEFORE_THE_BUG = 60
"""29 February 1900, which never was; days before it are counted from one later."""

_PLAIN_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]*[1-9]", re.ASCII).fullmatch
_SHOWN_DIGITS = 15

_NOT_OF_A_DATE = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
_ELAPSED = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_ZEROS = re.compile(r"0{2,}")
_UNDATED_NAMES = frozenset({"general", "standard"})

_BUILT_IN_DATES = frozenset({*range(14, 18), 22, *range(27, 32), *range(34, 37), *range(50, 59)})
_BUILT_IN_TIMES = frozenset({*range(18, 22), 32, 33, 45, 47})
_BUILT_IN_ELAPSED = 46


def show_number(digits: str) -> str:
    """A number as a spreadsheet shows it: without exponent, with 15 digits; whole numbers with all of theirs."""
    if digits.isdigit() or (len(digits) <= _SHOWN_DIGITS and _PLAIN_DECIMAL(digits)):
        return digits
    try:
        number = Decimal(digits)
    except ArithmeticError:
        return digits
    if not number.is_finite() or abs(number.adjusted()) > DIGITS_LIMIT:
        return digits
    if number == number.to_integral_value():
        return format(number.to_integral_value(), "f") if number else "0"
    shown = Decimal(format(float(digits), f".{_SHOWN_DIGITS}g"))
    return format(shown.normalize(), "f")


def shows(built_in: int, code: str | None, *, since_1904: bool) -> Show:
    """How numbers of a format are shown; ``code`` None means one of the built-in formats."""
    if built_in == _BUILT_IN_ELAPSED or (code is not None and _is_dated(code) and _ELAPSED.search(code)):
        return _show_elapsed
    if code is None:
        if built_in in _BUILT_IN_TIMES:
            return _show_time
        return _date_shower(since_1904) if built_in in _BUILT_IN_DATES else show_number
    if _ZEROS.fullmatch(code):
        return _zero_filler(len(code))
    if not _is_dated(code):
        return show_number
    letters = _letters(code)
    is_time = not {"d", "y"} & letters and bool({"h", "s"} & letters)
    return _show_time if is_time else _date_shower(since_1904)


def _is_dated(code: str) -> bool:
    return bool(_letters(code) & set("dmyhs"))


def _letters(code: str) -> set[str]:
    """The letters of a format's first section that mean something."""
    meant = _ELAPSED.sub("h", _NOT_OF_A_DATE.sub("", code)).partition(";")[0].lower()
    return set() if meant.strip() in _UNDATED_NAMES else set(meant)


def _zero_filler(width: int) -> Show:
    def show(digits: str) -> str:
        shown = show_number(digits)
        return shown.zfill(width) if shown.isdigit() else shown

    return show


def _days(digits: str) -> float | None:
    """The days since the epoch, or None for a number that is no day."""
    try:
        days = float(digits)
    except ValueError:
        return None
    return days if 0 <= days < _LAST_DAY else None


def _show_time(digits: str) -> str:
    days = _days(digits)
    return show_number(digits) if days is None else _clock(round(days % 1 * _SECONDS_A_DAY) % _SECONDS_A_DAY)


def _show_elapsed(digits: str) -> str:
    days = _days(digits)
    return show_number(digits) if days is None else _clock(round(days * _SECONDS_A_DAY))


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _date_shower(since_1904: bool) -> Show:
    def show(digits: str) -> str:
        days = _days(digits)
        if days is None:
            return show_number(digits)
        if days < 1 and not since_1904:
            return _show_time(digits)
        epoch = datetime(1904, 1, 1) if since_1904 else datetime(1899, 12, 30)  # noqa: DTZ001 (sheets know no zones)
        if not since_1904 and days < _DAY_BEFORE_THE_BUG:
            days += 1
        seconds = round(days * _SECONDS_A_DAY)
        try:
            moment = epoch + timedelta(seconds=seconds)
        except OverflowError:
            return show_number(digits)
        return moment.isoformat() if seconds % _SECONDS_A_DAY else moment.date().isoformat()

    return show
