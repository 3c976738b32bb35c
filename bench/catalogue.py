"""The bench's catalogue: a row count, a seed and an edition in, a realistic CSV out, streamed.

14 columns as a shop would export them; 2 % of the rows hold a quoted newline. The same arguments give the same bytes,
and the first rows of a long catalogue are the rows of a short one. An edition above 0 is the shop's next export: every
row differs from the edition before in its price and in one word of its title, and in nothing else.
"""

import csv
import io
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from random import Random

from bench import words

SEED = 20_260_114
BLOCK_ROWS = 1_000

HEADERS = (
    "SKU",
    "EAN",
    "Title",
    "Brand",
    "Category",
    "Price",
    "List Price",
    "Stock",
    "Tags",
    "URL",
    "Image URL",
    "Description",
    "Weight",
    "Active",
)

ROWS_AT_MOST = 10_000_000
"""SKUs and EANs are unique up to here."""

MULTILINE_SHARE = 0.02

_WORDS = words.vocabulary()
_WORD_WEIGHTS = words.zipf_weights(len(_WORDS))
_SLUGS = [word.lower() for word in _WORDS]
_BRANDS = words.brands()
_BRAND_WEIGHTS = words.zipf_weights(len(_BRANDS))
_CATEGORIES = words.categories()
_CATEGORY_WEIGHTS = words.zipf_weights(len(_CATEGORIES))
_TAGS = words.tags()
_SIZES = ("XS", "S", "M", "L", "XL", "30 cm", "60 cm", "1.5 l", "2 pcs", '12"', '27"', "42")
_SERIES = "ABCDEFGHKLMNPRSTVX"

# Steps prime to the range they walk: each number comes once, in an order that follows neither the file nor the index.
_SKU_STEP = 6_180_339
_EAN_STEP = 61_803_398_873
_EAN_RANGE = 10**11

_ODD_TRIPLE = [n // 100 + 3 * (n // 10 % 10) + n % 10 for n in range(1_000)]
_EVEN_TRIPLE = [3 * (n // 100) + n // 10 % 10 + 3 * (n % 10) for n in range(1_000)]


def blocks(rows: int, *, seed: int = SEED, edition: int = 0) -> Iterator[str]:
    """The file's text in pieces of ``BLOCK_ROWS`` records, the header before the first."""
    if not 0 <= rows <= ROWS_AT_MOST:
        raise ValueError(f"a catalogue has 0 to {ROWS_AT_MOST} rows, not {rows}")
    sentences = _sentences(Random(seed))
    yield _as_csv(iter([HEADERS]))
    for first in range(0, rows, BLOCK_ROWS):
        block = _block(Random(seed * ROWS_AT_MOST + first + 1), first, edition, sentences)
        yield _as_csv(islice(block, rows - first))


def write_catalogue(path: Path, rows: int, *, seed: int = SEED, edition: int = 0) -> int:
    """Write the catalogue as UTF-8 and answer its size in bytes."""
    with path.open("wb") as file:
        return sum(file.write(block.encode()) for block in blocks(rows, seed=seed, edition=edition))


def check_digit(twelve: int) -> int:
    """The GTIN check digit of the twelve digits before it."""
    total = (
        _ODD_TRIPLE[twelve // 10**9]
        + _EVEN_TRIPLE[twelve // 10**6 % 1_000]
        + _ODD_TRIPLE[twelve // 1_000 % 1_000]
        + _EVEN_TRIPLE[twelve % 1_000]
    )
    return -total % 10


def _sentences(rng: Random) -> list[str]:
    """A pool of sentences of about 65 characters; a description is three of them."""
    lengths = rng.choices((8, 9, 10), k=4_000)
    drawn = iter(rng.choices(_SLUGS, cum_weights=_WORD_WEIGHTS, k=sum(lengths)))
    return [_sentence(list(islice(drawn, length))) for length in lengths]


def _sentence(drawn: list[str]) -> str:
    half = len(drawn) // 2
    return f"{' '.join(drawn[:half]).capitalize()}, {' '.join(drawn[half:])}."


def _block(rng: Random, first: int, edition: int, sentences: list[str]) -> Iterator[tuple[object, ...]]:
    count = BLOCK_ROWS
    ranks = rng.choices(range(len(_WORDS)), cum_weights=_WORD_WEIGHTS, k=4 * count)
    brands = rng.choices(_BRANDS, cum_weights=_BRAND_WEIGHTS, k=count)
    categories = rng.choices(_CATEGORIES, cum_weights=_CATEGORY_WEIGHTS, k=count)
    sizes = rng.choices(_SIZES, k=count)
    series = rng.choices(_SERIES, k=count)
    texts = rng.choices(sentences, k=3 * count)
    tags = iter(rng.choices(_TAGS, k=4 * count))
    tag_counts = rng.choices((1, 2, 3, 4), k=count)
    multiline = [draw < MULTILINE_SHARE for draw in (rng.random() for _ in range(count))]
    draws = [rng.random() for _ in range(3 * count)]
    for row, tag_total in enumerate(tag_counts):
        number = first + row
        word = ranks[4 * row : 4 * row + 4]
        price, markup, rest = draws[3 * row : 3 * row + 3]
        cents = 199 + int(price * price * price * 90_000)
        listed = cents + int(markup * cents * 0.4)
        sku = f"{brands[row][:3].upper()}-{number * _SKU_STEP % ROWS_AT_MOST:07d}"
        twelve = 2 * 10**11 + number * _EAN_STEP % _EAN_RANGE
        slug = f"{_SLUGS[word[0]]}-{_SLUGS[word[1]]}-{number}"
        title = " ".join((*(_WORDS[rank] for rank in word[:3]), _WORDS[(word[3] + edition) % len(_WORDS)]))
        lead, *others = texts[3 * row : 3 * row + 3]
        yield (
            sku,
            f"{twelve}{check_digit(twelve)}",
            f"{title} {series[row]}{int(rest * 900) + 100} {sizes[row]}",
            brands[row],
            categories[row],
            f"{(cents + edition) // 100}.{(cents + edition) % 100:02d}",
            f"{listed // 100}.{listed % 100:02d}",
            int(rest * rest * 400),
            "|".join(islice(tags, tag_total)),
            f"https://shop.example/p/{slug}",
            f"https://img.shop.example/{number % 512:03x}/{slug}.jpg",
            lead + ("\n" if multiline[row] else " ") + " ".join(others),
            f"{0.05 + markup * 20:.2f}",
            "true" if rest < 0.93 else "false",
        )


def _as_csv(records: Iterator[tuple[object, ...]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(records)
    return text.getvalue()
