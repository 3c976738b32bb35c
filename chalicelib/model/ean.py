"""EANs, UPCs and GTINs: which texts are one, how they are compared, and what a spreadsheet does to them.

Shared spec, section 1 "Matching": 8, 12, 13 or 14 digits with a right check digit; leading zeros are kept as printed
and two spellings are the same EAN when they are equal as 14 digits; a value a spreadsheet has turned into a number is
recovered only when all its digits are still there. Nothing is guessed: no zero is put back, no check digit made up; but
what happened to the file is said, for it happened to the whole column.
"""

import re
from dataclasses import dataclass

from chalicelib.model.value_words import PLACEHOLDERS

LENGTHS = frozenset({8, 12, 13, 14})

_GROUPED = re.compile(
    r"[0-9]([ -])[0-9]{6}\1[0-9]{6}|[0-9]([ -])[0-9]{5}\2[0-9]{5}\2[0-9]|[0-9]{4}([ -])[0-9]{4}"
    r"|97[89](?:-[0-9]{1,7}){3,4}|97[89](?: [0-9]{1,7}){3,4}"
    r"|[0-9]{1,3}([,.' ])[0-9]{3}(?:\4[0-9]{3}){1,3}"
)
"""As printed under the bars (EAN-13, UPC, EAN-8), in books, and with the thousands of a spreadsheet; a blank anywhere
else is a slip of the hand.
"""
_SCIENTIFIC = re.compile(r"([0-9])(?:[.,]([0-9]+))?[eE]\+?([0-9]{1,2})")
_DECIMAL = re.compile(r"([0-9]+)[.,]0+")
_TEXT_FORMULA = re.compile(r'="?([^"]*)"?')
_LABEL = re.compile(
    r"(?:(?:EAN|GTIN|UPC|JAN|ISBN)(?:-?(?:8|1[0-4])(?=[\s:#]))?\s?[:#]?\s?|\(01\)\s?)(?=[0-9])", re.IGNORECASE
)
_ISBN_10 = re.compile(r"(?=.{10,13}\Z)(?:[0-9]{1,7}[- ]){3}[0-9Xx]|[0-9]{9}[Xx]")
_SIGNS = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2019": "'", "\u2010": "-", "\u2011": "-", "\u2013": "-"})
_NOT_A_DIGIT = re.compile(r"[^0-9]")

AS_TEXT = "format the column as text in the spreadsheet and export the file again"
"""What brings the digits back: the spreadsheet still shows what it was given, if it was given text."""

_WEIGHED = bytes(
    3 * (group // 1000) + group // 100 % 10 + 3 * (group // 10 % 10) + group % 10 for group in range(10_000)
)
"""Weighted digit sums of four digits at a time: a check is four look-ups."""


@dataclass(frozen=True, slots=True)
class Ean:
    """A valid EAN: its digits as printed, and the 14 digits it is compared by."""

    printed: str
    gtin14: str


@dataclass(frozen=True, slots=True)
class EanProblem:
    """Why a text is no EAN, and what to do, fit for a person. ``stands_for_none``: nobody meant it to be one."""

    message: str
    stands_for_none: bool = False


def check_digit_holds(digits: str) -> bool:
    """Whether the last of up to 16 ASCII digits is the GS1 check digit of the others; zeros alone fail."""
    upper, lower = divmod(int(digits), 100_000_000)
    total = _WEIGHED[lower % 10_000] + _WEIGHED[lower // 10_000] + _WEIGHED[upper % 10_000] + _WEIGHED[upper // 10_000]
    return total > 0 and total % 10 == 0


def parse_ean(text: str) -> Ean | EanProblem:
    """The EAN a stripped cell holds, or why it holds none."""
    digits = _digits_of(text)
    if isinstance(digits, EanProblem):
        return digits
    if not digits.strip("0"):
        return EanProblem(f"{_shown(text)} is not an EAN: it is all zeros", stands_for_none=True)
    if len(digits) not in LENGTHS:
        why = f"it has {len(digits)} digits, an EAN has 8, 12, 13 or 14{_lost_zeros(digits)}"
        return EanProblem(f"{_shown(text)} is not an EAN: {why}")
    if not check_digit_holds(digits):
        right = check_digit(digits[:-1])
        return EanProblem(f"{_shown(text)} is not an EAN: its check digit is {digits[-1]} and should be {right}")
    return Ean(digits, digits.zfill(14))


def check_digit(body: str) -> int:
    """The digit that makes ``body`` (ASCII digits) a valid EAN when it is appended."""
    return -sum(int(digit) * (1 if place % 2 else 3) for place, digit in enumerate(reversed(body))) % 10


def _digits_of(text: str) -> str | EanProblem:
    """All digits of the EAN that was meant, or why they cannot be known."""
    bare = text.translate(_SIGNS).strip("'")
    if bare.startswith("=") and (formula := _TEXT_FORMULA.fullmatch(bare)):
        bare = formula[1].strip("'")
    bare = _LABEL.sub("", bare, count=1) if _LABEL.match(bare) else bare
    if bare.isascii() and bare.isdigit():
        return bare
    if whole := _DECIMAL.fullmatch(bare):
        return whole[1]
    if scientific := _SCIENTIFIC.fullmatch(bare):
        return _recovered(text, scientific)
    if _GROUPED.fullmatch(bare):
        return _NOT_A_DIGIT.sub("", bare)
    if _ISBN_10.fullmatch(bare):
        return EanProblem(f"{_shown(text)} is not an EAN: it is an ISBN of 10 digits; its EAN is the one of 13 digits")
    stands_for_none = text.casefold() in PLACEHOLDERS
    return EanProblem(f"{_shown(text)} is not an EAN: an EAN is 8, 12, 13 or 14 digits", stands_for_none)


def _recovered(text: str, scientific: re.Match[str]) -> str | EanProblem:
    fraction, exponent = scientific[2] or "", int(scientific[3])
    kept = fraction.rstrip("0")
    if len(kept) > exponent:
        return EanProblem(f"{_shown(text)} is not an EAN: it is no whole number")
    if len(fraction) < exponent:
        first = "the first digit is" if not fraction else f"the first {len(fraction) + 1} digits are"
        return EanProblem(
            f"{_shown(text)} is not an EAN: a spreadsheet has turned the barcode into a number and rounded it, {first} "
            f"left and the rest is lost; {AS_TEXT}"
        )
    return scientific[1] + fraction[:exponent]


def _lost_zeros(digits: str) -> str:
    """What to say of digits that would be an EAN with zeros before them, which spreadsheets take away."""
    whole = next((digits.zfill(length) for length in (8, 12) if len(digits) < length), "")
    if len(whole) - len(digits) > 2 or not whole or not check_digit_holds(whole):
        return ""
    return f"; it would be {whole} with the zeros a spreadsheet takes away from the front: {AS_TEXT}"


def _shown(text: str) -> str:
    return f'"{text}"' if len(text) <= 40 else f'"{text[:40]}…"'
