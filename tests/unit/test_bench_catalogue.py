"""The bench's catalogue: real enough to measure with, the same every time, and an edition is a true re-export."""

import csv
import io
from collections import Counter
from itertools import islice, pairwise
from math import gcd
from pathlib import Path

import pytest

from bench import catalogue, words

ROWS = 3_000
TITLE, PRICE = catalogue.HEADERS.index("Title"), catalogue.HEADERS.index("Price")


def read(rows: int = ROWS, *, seed: int = catalogue.SEED, edition: int = 0) -> list[list[str]]:
    text = "".join(catalogue.blocks(rows, seed=seed, edition=edition))
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def column(name: str, rows: int = ROWS) -> list[str]:
    position = catalogue.HEADERS.index(name)
    return [row[position] for row in read(rows)[1:]]


def gtin_sum(digits: str) -> int:
    return sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))


@pytest.mark.parametrize("rows", [0, 1, 999, 1_000, 1_001])
def test_it_has_the_rows_asked_for_and_every_row_has_every_cell(rows: int) -> None:
    header, *records = read(rows)
    assert tuple(header) == catalogue.HEADERS
    assert len(records) == rows
    assert all(len(record) == len(catalogue.HEADERS) and all(record) for record in records)


@pytest.mark.parametrize("rows", [-1, catalogue.ROWS_AT_MOST + 1])
def test_a_row_count_it_cannot_keep_unique_is_refused(rows: int) -> None:
    with pytest.raises(ValueError, match=str(rows)):
        next(catalogue.blocks(rows))


@pytest.mark.parametrize("name", ["SKU", "EAN", "URL", "Image URL"])
def test_keys_come_once(name: str) -> None:
    assert len(set(column(name))) == ROWS


def test_the_numbers_in_keys_walk_their_whole_range_before_they_repeat() -> None:
    assert gcd(catalogue._SKU_STEP, catalogue.ROWS_AT_MOST) == 1
    assert gcd(catalogue._EAN_STEP, catalogue._EAN_RANGE) == 1


def test_eans_have_thirteen_digits_and_a_right_check_digit() -> None:
    assert all(len(ean) == 13 and gtin_sum(ean) % 10 == 0 for ean in column("EAN"))


def test_the_check_digit_is_the_published_examples() -> None:
    assert catalogue.check_digit(629_104_150_021) == 3
    assert catalogue.check_digit(400_638_133_393) == 1


def test_two_in_a_hundred_rows_hold_a_quoted_newline_and_no_other_cell_does() -> None:
    multiline = [row for row in read(20_000)[1:] if any("\n" in cell for cell in row)]
    assert 0.017 < len(multiline) / 20_000 < 0.023
    place = catalogue.HEADERS.index("Description")
    assert all("\n" in row[place] for row in multiline)


def test_descriptions_are_about_two_hundred_characters() -> None:
    lengths = [len(text) for text in column("Description")]
    assert 180 < sum(lengths) / ROWS < 220


def test_the_list_price_is_never_below_the_price() -> None:
    prices, listed = column("Price"), column("List Price")
    assert all(0 < float(price) <= float(full) for price, full in zip(prices, listed, strict=True))


def test_titles_use_thousands_of_words_and_a_few_of_them_often() -> None:
    assert len(words.vocabulary()) > 2_000
    counts = Counter(word for title in column("Title", 20_000) for word in title.split()[:4])
    frequencies = [count for _, count in counts.most_common()]
    assert len(frequencies) > 2_000
    assert sum(frequencies[:100]) > sum(frequencies) * 0.4


def test_zipf_weights_rise_by_less_each_rank() -> None:
    shares = [after - before for before, after in pairwise(words.zipf_weights(50))]
    assert all(before > after > 0 for before, after in pairwise(shares))


def test_the_same_arguments_give_the_same_rows_and_another_seed_gives_others() -> None:
    assert read() == read()
    titles, others = column("Title"), [row[TITLE] for row in read(seed=catalogue.SEED + 1)[1:]]
    assert sum(title == other for title, other in zip(titles, others, strict=True)) < ROWS // 100


def test_a_short_catalogue_is_the_beginning_of_a_long_one() -> None:
    assert read(1_500) == read(ROWS)[:1_501]


@pytest.mark.parametrize("edition", [1, 2, 5])
def test_an_edition_differs_from_the_one_before_in_price_and_one_title_word_of_every_row(edition: int) -> None:
    for before, after in zip(read(edition=edition - 1)[1:], read(edition=edition)[1:], strict=True):
        differing = {place for place, (old, new) in enumerate(zip(before, after, strict=True)) if old != new}
        assert differing == {TITLE, PRICE}
        old_words, new_words = before[TITLE].split(" "), after[TITLE].split(" ")
        assert sum(old != new for old, new in zip(old_words, new_words, strict=True)) == 1


def test_what_is_written_is_what_the_blocks_say_and_its_size_is_answered(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.csv"
    size = catalogue.write_catalogue(path, ROWS)
    assert path.stat().st_size == size
    assert path.read_text(encoding="utf-8") == "".join(catalogue.blocks(ROWS))


def test_blocks_are_made_one_at_a_time() -> None:
    first = list(islice(catalogue.blocks(catalogue.ROWS_AT_MOST), 2))
    assert first[1].count(",https://shop.example/p/") == catalogue.BLOCK_ROWS
