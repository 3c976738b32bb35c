"""Which texts are an EAN, what is recovered, and what is said of the others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.model.ean import Ean, EanProblem, check_digit, check_digit_holds, parse_ean


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("5410000000019", "5410000000019"),
        ("96385074", "96385074"),
        ("036000291452", "036000291452"),
        ("0012345678905", "0012345678905"),
        ("15410000000016", "15410000000016"),
        ("'5410000000019", "5410000000019"),
        ('="5410000000019"', "5410000000019"),
        ("5410000000019.0", "5410000000019"),
        ("5410000000019,00", "5410000000019"),
        ("5.410000000019E+12", "5410000000019"),
        ("5,410000000019e12", "5410000000019"),
        ("978-3-16-148410-0", "9783161484100"),
        ("978 3 16 148410 0", "9783161484100"),
        ("5 410000 000019", "5410000000019"),
        ("0 36000 29145 2", "036000291452"),
        ("9638\u00a05074", "96385074"),
        ("'5410000000019'", "5410000000019"),
        ("5-410000-000019", "5410000000019"),
        ("0-36000-29145-2", "036000291452"),
        ("5,410,000,000,019", "5410000000019"),
        ("5.410.000.000.019", "5410000000019"),
        ("5\u202f410\u202f000\u202f000\u202f019", "5410000000019"),
        ("96,385,074", "96385074"),
        ("ISBN 978-3-16-148410-0", "9783161484100"),
        ("EAN13: 5410000000019", "5410000000019"),
        ("GTIN:5410000000019", "5410000000019"),
        ("(01)05410000000019", "05410000000019"),
    ],
)
def test_an_ean_is_read(text, printed):
    assert parse_ean(text) == Ean(printed, printed.zfill(14))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("5410000000018", "its check digit is 8 and should be 9"),
        ("5410000000018.0", "its check digit is 8 and should be 9"),
        ("12345678905", "it would be 012345678905 with the zeros a spreadsheet takes away"),
        ("12345678904", "it has 11 digits, an EAN has 8, 12, 13 or 14"),
        ("1234565", "it would be 01234565 with the zeros"),
        ("3-16-148410-0", "an ISBN of 10 digits"),
        ("080442957X", "an ISBN of 10 digits"),
        ("5,410,000,000,018", "its check digit is 8 and should be 9"),
        ("5,410,000,00,019", "8, 12, 13 or 14 digits"),
        ("5,410.000,000,019", "8, 12, 13 or 14 digits"),
        ("4383", "it has 4 digits"),
        ("0", "all zeros"),
        ("00000000", "all zeros"),
        ("0000000000000", "all zeros"),
        ("3.76E+12", "rounded it, the first 3 digits are left"),
        ("4,26E+12", "rounded it, the first 3 digits are left"),
        ("5.41E+12", "rounded it, the first 3 digits are left"),
        ("5.4100000000195E+12", "no whole number"),
        ("5E12", "rounded it, the first digit is left"),
        ("No barcode found", "8, 12, 13 or 14 digits"),
        ("https://example.com", "8, 12, 13 or 14 digits"),
        ("OUTCD22438", "8, 12, 13 or 14 digits"),
        ("040102 172250", "8, 12, 13 or 14 digits"),
        ("2024-01-15", "8, 12, 13 or 14 digits"),
        ("-5410000000019", "8, 12, 13 or 14 digits"),
        ("5410000000019.5", "8, 12, 13 or 14 digits"),
        ("５４１００００００００１９", "8, 12, 13 or 14 digits"),
        ("", "8, 12, 13 or 14 digits"),
    ],
)
def test_anything_else_is_refused_with_the_reason(text, reason):
    problem = parse_ean(text)
    assert isinstance(problem, EanProblem)
    assert reason in problem.message


def test_a_destroyed_ean_says_what_to_do():
    problem = parse_ean("4,26E+12")
    assert isinstance(problem, EanProblem)
    assert "format the column as text" in problem.message
    assert "the rest is lost" in problem.message


@given(st.sampled_from([7, 11, 12, 13]).flatmap(lambda size: st.text("0123456789", min_size=size, max_size=size)))
def test_the_check_digit_is_the_only_one_that_holds(body):
    right = check_digit(body)
    by_the_book = (10 - sum(int(d) * (3 if (len(body) - place) % 2 else 1) for place, d in enumerate(body)) % 10) % 10
    assert right == by_the_book
    holding = [digit for digit in range(10) if check_digit_holds(f"{body}{digit}")]
    assert holding == ([right] if body.strip("0") else [])


@given(st.text("0123456789", min_size=12, max_size=12), st.integers(1, 3))
def test_a_number_with_all_its_digits_is_recovered_and_one_without_is_not(body, lost):
    printed = f"{body}{check_digit(body)}"
    if printed[0] == "0":
        printed = "5" + printed[1:]
        printed = printed[:12] + str(check_digit(printed[:12]))
    assert parse_ean(f"{printed[0]}.{printed[1:]}E+12") == Ean(printed, printed.zfill(14))
    assert isinstance(parse_ean(f"{printed[0]}.{printed[1:-lost]}E+12"), EanProblem)
