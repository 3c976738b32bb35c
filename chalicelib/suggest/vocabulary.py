"""Suggest, the vocabulary: headers and cells together, offline.

In: the columns of a file. Out: for each column the concept it holds, how sure that is and why. The header claims, the
cells confirm or veto (``evidence``), so do the other columns (``neighbours``), one column gets each concept
(``assign``); what a catalogue can hardly do without, a key, a name, a price, a category, is then looked for among
second choices. A column whose header says nothing, or in words nobody knows, is known by its cells alone where they can
mean one thing only.
"""

from collections import Counter
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass

from chalicelib.suggest.assign import ACCEPTED, assign
from chalicelib.suggest.concepts import claims
from chalicelib.suggest.evidence import MANY, MOST, NEARLY_ALL, Facts, bearing
from chalicelib.suggest.headers import words_of
from chalicelib.suggest.lexicon import FILLER, Meanings, Reading, languages_of, read
from chalicelib.suggest.neighbours import PLAIN_CODE, Column, settle

_STRONG_KEY, _PLAIN_KEY = PLAIN_CODE, 0.94
"""What a header must score to be a key although rows have none or nobody looked, and although some come twice."""
_KEY_WITH_SLIPS = 0.9
"""Share of different values of such a key."""
_ROWS_TELLING = 50
"""Rows that must have been looked at for repeated keys to be slips, or to be none."""
_REPEATED_KEY = 0.58
"""What a key counts for that comes again in the few rows that were looked at."""
_BY_CELLS_ALONE = 0.6
_BARCODES_WANTED = 3
_NAMELIKE, _KEYLIKE, _LIST_PRICE, _CATEGORYLIKE = 0.38, 0.25, 0.57, 0.35


@dataclass(frozen=True, slots=True)
class Understood:
    """A column as the vocabulary understands it; ``concept`` None is an attribute of its own.

    ``others`` are the concepts it might be as well, with their scores, the likeliest first.
    """

    facts: Facts
    reading: Reading
    concept: str | None
    score: float
    others: Sequence[tuple[str, float]] = ()


def understand(columns: Sequence[Facts], *, taken: frozenset[str], settled: frozenset[int]) -> list[Understood]:
    """What each column holds. Concepts ``taken`` are not given again, ``settled`` columns get none."""
    readings = readings_of([each.column.header for each in columns])
    scopes = Counter(_scope_of(each) for each in readings if each.unknown)
    places = _places(readings)
    wanted = [
        {}
        if position in settled
        else _weighed(facts, reading, scoped=scopes[_scope_of(reading)] > 1 or places.issuperset(reading.unknown))
        for position, (facts, reading) in enumerate(zip(columns, readings, strict=True))
    ]
    _by_cells(columns, readings, wanted, settled)
    for each in wanted:
        for concept in taken & each.keys():
            del each[concept]
    settle([Column(*each) for each in zip(columns, readings, wanted, strict=True)])
    given = _with_essentials(columns, readings, wanted, taken)
    return [
        _understood(facts, reading, wanted[position], given.get(position))
        for position, (facts, reading) in enumerate(zip(columns, readings, strict=True))
    ]


def _understood(facts: Facts, reading: Reading, wanted: Mapping[str, float], concept: str | None) -> Understood:
    others = sorted(((each, score) for each, score in wanted.items() if each != concept), key=lambda each: -each[1])
    return Understood(facts, reading, concept, wanted.get(concept or "", 0.0), others)


_SOMETHING_ELSE, _SECOND_OF_ITS_KIND, _HALF_UNDERSTOOD, _UNKNOWN = 0.85, 0.65, 0.5, 0.3
_CLOSE, _CLOSENESS_COSTS = 0.1, 0.15


def confidence_of(column: Understood) -> float:
    """How sure a person may be of a column's concept, or of its having none: 0.05 to 0.99.

    Of a column that is an attribute: sure when its header says something that is no concept, or is a second one of its
    kind; hardly when nobody knows its words.
    """
    if column.concept is not None:
        runner_up = max((score for _concept, score in column.others), default=0.0)
        doubt = _CLOSENESS_COSTS if runner_up > column.score - _CLOSE else 0.0
        return round(max(0.05, min(0.99, column.score - doubt)), 2)
    best = max((score for _concept, score in column.others), default=0.0)
    if best >= ACCEPTED:
        return _SECOND_OF_ITS_KIND
    if _is_silent(column.reading):
        return _UNKNOWN
    return _HALF_UNDERSTOOD if column.reading.unknown or best >= _WORTH_ASKING else _SOMETHING_ELSE


_WORTH_ASKING = 0.3
_ENOUGH_COLUMNS, _SHARED_PREFIX = 4, 0.75
_IDLE = frozenset({"item", "variant", "option", "shop", "value", FILLER})
"""Meanings that say nothing where every header begins with them, or where they stand alone."""
_NAMES_OF_TABLES = _IDLE | {"id", "code"}


def readings_of(headers: Sequence[str]) -> list[Reading]:
    """What the headers of one file say, in its languages, without a first word that they share."""
    languages = languages_of(headers)
    prefix = _shared_prefix(headers)
    return [read(header, languages, _begins_with(prefix, header)) for header in headers]


def _begins_with(prefix: str | None, header: str) -> int:
    """How many words of a header its file's prefix takes, 0 or 1; one is left."""
    if prefix is None:
        return 0
    first, *others = words_of(header) or [""]
    return int(first == prefix and bool(others))


def _shared_prefix(headers: Sequence[str]) -> str | None:
    """The word that nearly all headers begin with, where it names a table or nothing (``tblart_preis``)."""
    first = Counter(words[0] for header in headers if len(words := words_of(header)) > 1)
    word, times = max(first.items(), key=lambda each: each[1], default=("", 0))
    if len(headers) < _ENOUGH_COLUMNS or times < _SHARED_PREFIX * len(headers):
        return None
    meant = read(word)
    return word if not meant.parts or meant.parts[0] & _NAMES_OF_TABLES else None


def _scope_of(reading: Reading) -> tuple[Meanings, ...]:
    """What columns have in common that differ only in unknown words at the end; none when nothing precedes those."""
    return reading.parts[: reading.leading] if reading.leading == len(reading.parts) else ()


def _places(readings: Sequence[Reading]) -> frozenset[str]:
    """Unknown words that several headers have: the name of a shop or warehouse, or of the company."""
    words = Counter(word for reading in readings for word in set(reading.unknown))
    return frozenset(word for word, headers in words.items() if headers > 1)


def _weighed(facts: Facts, reading: Reading, *, scoped: bool) -> dict[str, float]:
    """A column's claims, header and cells together."""
    if facts.empty and facts.column.blank_rows:
        return {}
    by_header = claims(reading, scoped=scoped and bool(reading.leading))
    weighed = {concept: score + bearing(concept, facts) for concept, score in by_header.items()}
    _as_the_cells_are(facts, weighed)
    if "sku" in weighed and facts.counts and _NUMBER_SIGNS.issuperset(words_of(facts.column.header)):
        weighed["sku"] -= _RUNNING_NUMBER
    if "sku" in weighed and not _may_be_key(facts, by_header.get("sku", _STRONG_KEY)):
        del weighed["sku"]
    elif "sku" in weighed and facts.repeats and _is_a_handful(facts):
        weighed["sku"] = min(weighed["sku"], _REPEATED_KEY)
    if "ean" not in weighed and _shows_barcodes(facts) and (not by_header or "sku" in by_header):
        weighed["ean"] = _BY_CELLS_ALONE
    return weighed


def _as_the_cells_are(facts: Facts, weighed: dict[str, float]) -> None:
    """Barcodes that are no numbers are keys, and stock in words is whether there is any."""
    if (
        weighed.get("ean", 0.0) >= _PLAIN_KEY - _KEY_WITH_LETTERS
        and facts.unique
        and facts.codes >= MOST > facts.barcode
    ):
        weighed["sku"] = max(weighed.get("sku", 0.0), _KEY_WITH_LETTERS)
        weighed["ean"] -= _IN_WORDS
    stock = weighed.get("inventory_count", 0.0)
    if stock >= ACCEPTED and facts.says_available >= MOST:
        weighed["availability"] = max(weighed.get("availability", 0.0), _STOCK_IN_WORDS)
        weighed["inventory_count"] = stock - _IN_WORDS


_NUMBER_SIGNS = frozenset("no nr n num number nro numero nummer lp pos rownumber line row с п".split())
_RUNNING_NUMBER = 0.5
_KEY_WITH_LETTERS, _STOCK_IN_WORDS, _IN_WORDS = 0.86, 0.7, 0.35


def _may_be_key(facts: Facts, score: float) -> bool:
    """Whether a column is unique enough for a key.

    Plainly repeated values never are, but that a few rows of a longer file repeat them says little where the header is
    plain: a guess, of which a person is told. Blank ones, and a few that come twice among many, are only under a header
    that can mean nothing else: such rows are refused or warned of one by one at the import, and that is what their
    owner should see.
    """
    if facts.repeats and _is_a_handful(facts):
        return (score >= _PLAIN_KEY and len(facts.values) > 1) or (score >= _STRONG_KEY and facts.distinct > MANY)
    if facts.repeats:
        return score >= _PLAIN_KEY and facts.distinct >= _KEY_WITH_SLIPS
    return facts.unique or score >= _STRONG_KEY or _hardly_repeats(facts)


def _is_a_handful(facts: Facts) -> bool:
    """Too few rows were looked at, of a file nobody counted, for one that comes twice to say much."""
    return facts.column.unique is None and facts.column.filled < _ROWS_TELLING and len(facts.rows) < facts.row_count


def _hardly_repeats(facts: Facts) -> bool:
    return facts.column.filled >= _ROWS_TELLING and facts.distinct >= NEARLY_ALL and not facts.column.blank_rows


def _shows_barcodes(facts: Facts) -> bool:
    return len(facts.values) >= _BARCODES_WANTED and facts.barcode >= MOST


def _by_cells(
    columns: Sequence[Facts],
    readings: Sequence[Reading],
    wanted: Sequence[dict[str, float]],
    settled: frozenset[int],
) -> None:
    """Claims of columns whose headers say nothing, to concepts that no header claims.

    What only the shape of text suggests, a name, is claimed in a file that has hardly a header to go by.
    """
    silent = [position for position, each in enumerate(readings) if position not in settled and _is_silent(each)]
    claimed = {concept for each in wanted for concept, score in each.items() if score >= ACCEPTED}
    shapes = (*_PLAIN_SHAPES, *(_VAGUE_SHAPES if len(silent) > MANY * len(columns) else ()))
    for concept, score, is_shaped in shapes:
        if concept in claimed:
            continue
        free = (each for each in silent if max(wanted[each].values(), default=0.0) < ACCEPTED)
        position = next((each for each in free if is_shaped(columns[each])), None)
        if position is not None:
            wanted[position][concept] = score


def _is_silent(reading: Reading) -> bool:
    """Whether a header says nothing of its cells: blank, numbered, or in words of no table."""
    return all(part <= _IDLE or part & {"position"} for part in reading.parts)


def _looks_like_image(facts: Facts) -> bool:
    return facts.picture >= MOST and facts.link >= MOST


def _looks_like_price(facts: Facts) -> bool:
    return facts.money >= MOST and facts.fit("price") >= MOST


def _looks_like_key(facts: Facts) -> bool:
    """Short codes of letters and digits, or of groups of digits that are no amount; each row another."""
    if not (facts.unique and len(facts.values) >= _BARCODES_WANTED) or facts.link or facts.picture or facts.money:
        return False
    return facts.fit("datetime") < MANY and facts.codes >= MOST


def _looks_like_name(facts: Facts) -> bool:
    if facts.repeats or facts.link or facts.markup or len(facts.values) < _BARCODES_WANTED:
        return False
    return _NAME_LENGTHS[0] <= facts.text_length <= _NAME_LENGTHS[1] and facts.share(lambda cell: " " in cell) >= MOST


_NAME_LENGTHS = (10, 90)

_Shape = tuple[str, float, Callable[[Facts], bool]]
_PLAIN_SHAPES: Sequence[_Shape] = (
    ("image_url", 0.58, _looks_like_image),
    ("price", 0.58, _looks_like_price),
    ("sku", 0.56, _looks_like_key),
)
_VAGUE_SHAPES: Sequence[_Shape] = (("name", 0.56, _looks_like_name),)


def _with_essentials(
    columns: Sequence[Facts], readings: Sequence[Reading], wanted: Sequence[dict[str, float]], taken: frozenset[str]
) -> dict[int, str]:
    """The assignment, with a key, a price, a name and a category wherever some column can serve as one."""
    given = assign(wanted, {})
    have = taken.union(given.values())
    fixed = dict[int, str]()
    if "sku" not in have and (position := _likely_key(columns, wanted, given if "ean" in have else {})) is not None:
        wanted[position]["sku"] = max(ACCEPTED, wanted[position]["sku"])
        fixed[position] = "sku"
    if "price" not in have:
        likely = (
            _promotional_price(columns, wanted, given),
            _list_price(wanted, given),
            _wordy_price(columns, readings, wanted, given),
        )
        position = next((each for each in likely if each is not None), None)
        if position is not None:
            fixed[position] = "price"
    if "name" not in have and (position := _likely_name(columns, wanted, given)) is not None:
        fixed[position] = "name"
    if "category" not in have and (position := _likely_category(readings, wanted, given)) is not None:
        fixed.setdefault(position, "category")
    return assign(wanted, fixed) if fixed else given


def _likely_category(
    readings: Sequence[Reading], wanted: Sequence[dict[str, float]], given: Mapping[int, str]
) -> int | None:
    """The keys of categories that are kept elsewhere, where the file does not name them: ``categoryId``."""
    weak = [
        (each["category"], -position)
        for position, (reading, each) in enumerate(zip(readings, wanted, strict=True))
        if position not in given and not reading.unknown and each.get("category", 0.0) >= _CATEGORYLIKE
    ]
    return -max(weak)[1] if weak else None


def _likely_key(columns: Sequence[Facts], wanted: Sequence[dict[str, float]], settled: Container[int]) -> int | None:
    """The column that serves as key where no header says so plainly: ``Item`` or ``Model``, full of codes."""
    likely = [
        (each["sku"], -position)
        for position, (facts, each) in enumerate(zip(columns, wanted, strict=True))
        if each.get("sku", 0.0) >= _KEYLIKE
        and position not in settled
        and facts.unique
        and max(facts.codes, facts.long_numbers) >= MOST
    ]
    return -max(likely)[1] if likely else None


def _promotional_price(
    columns: Sequence[Facts], wanted: Sequence[dict[str, float]], given: Mapping[int, str]
) -> int | None:
    """A promotional price beside no normal one: ``Sale Price`` is then simply what the product sells for, if all have
    one.
    """
    position = next((each for each, concept in given.items() if concept == "sale_price"), None)
    if position is None or (columns[position].values and not all(columns[position].rows)):
        return None
    wanted[position]["price"] = wanted[position]["sale_price"]
    return position


def _list_price(wanted: Sequence[dict[str, float]], given: Mapping[int, str]) -> int | None:
    """A list price beside no other but what the product costs: it is what the product sells for."""
    if "sale_price" in given.values():
        return None
    listed = (position for position, concept in given.items() if concept == "compare_at_price")
    return next((each for each in listed if wanted[each].get("price", 0.0) >= _LIST_PRICE), None)


def _wordy_price(
    columns: Sequence[Facts],
    readings: Sequence[Reading],
    wanted: Sequence[dict[str, float]],
    given: Mapping[int, str],
) -> int | None:
    """The only column whose header speaks of a price, in however many words, where there are no other prices."""
    if not {"cost_price", "compare_at_price"}.isdisjoint(given.values()):
        return None
    spoken = [
        position
        for position, reading in enumerate(readings)
        if position not in given and "price" in wanted[position] and _speaks_of_price(reading)
    ]
    if len(spoken) != 1 or columns[spoken[0]].fit("price") < MOST:
        return None
    wanted[spoken[0]]["price"] = max(ACCEPTED, wanted[spoken[0]]["price"])
    return spoken[0]


def _speaks_of_price(reading: Reading) -> bool:
    """Whether a header has a word for price, or is nothing but the word for value (``Valor``)."""
    return reading.holds("price") or (
        len(reading.parts) == 1 and reading.holds("value") and not (reading.unknown or reading.numbers)
    )


def _likely_name(columns: Sequence[Facts], wanted: Sequence[dict[str, float]], given: Mapping[int, str]) -> int | None:
    """The column that serves as name where no header says so: the strongest second choice that is no key, one with
    cells before one without.
    """
    likely = [
        (bool(columns[position].values), each["name"], -position)
        for position, each in enumerate(wanted)
        if each.get("name", 0.0) >= _NAMELIKE and given.get(position) not in {"sku", "ean"}
    ]
    return -max(likely)[-1] if likely else None
