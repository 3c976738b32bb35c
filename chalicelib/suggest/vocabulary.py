"""Suggest, the vocabulary: headers and cells together, offline.

In: the columns of a file. Out: for each column the concept it holds, how sure that is and why. The header claims, the
cells confirm or veto (``evidence``), one column gets each concept (``assign``); what a catalogue cannot do without, a
name and a price, is then looked for among second choices.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chalicelib.suggest.assign import assign
from chalicelib.suggest.concepts import claims
from chalicelib.suggest.evidence import MOST, Facts, bearing
from chalicelib.suggest.lexicon import Meanings, Reading, read

_STRONG_KEY = 0.83
_BY_CELLS_ALONE = 0.6
_BARCODES_WANTED = 3


@dataclass(frozen=True, slots=True)
class Understood:
    """A column as the vocabulary understands it; ``concept`` None is an attribute of its own."""

    facts: Facts
    reading: Reading
    concept: str | None
    score: float


def understand(columns: Sequence[Facts], *, taken: frozenset[str], settled: frozenset[int]) -> list[Understood]:
    """What each column holds. Concepts ``taken`` are not given again, ``settled`` columns get none."""
    readings = [read(each.column.header) for each in columns]
    scopes = Counter(_scope_of(each) for each in readings if each.unknown)
    wanted = [
        {} if position in settled else _weighed(facts, reading, scoped=scopes[_scope_of(reading)] > 1)
        for position, (facts, reading) in enumerate(zip(columns, readings, strict=True))
    ]
    for each in wanted:
        for concept in taken & each.keys():
            del each[concept]
    given = _with_essentials(wanted, columns, taken)
    return [
        Understood(facts, reading, given.get(position), wanted[position].get(given.get(position, ""), 0.0))
        for position, (facts, reading) in enumerate(zip(columns, readings, strict=True))
    ]


def _scope_of(reading: Reading) -> tuple[Meanings, ...]:
    """What columns have in common that differ only in unknown words at the end; none when nothing precedes those."""
    return reading.parts[: reading.leading] if reading.leading == len(reading.parts) else ()


def _weighed(facts: Facts, reading: Reading, *, scoped: bool) -> dict[str, float]:
    """A column's claims, header and cells together."""
    if facts.empty and facts.column.blank_rows:
        return {}
    by_header = claims(reading, scoped=scoped and bool(reading.leading))
    weighed = {concept: min(1.0, score + bearing(concept, facts)) for concept, score in by_header.items()}
    if "sku" in weighed and not _may_be_key(facts, by_header["sku"]):
        del weighed["sku"]
    if "ean" not in weighed and _shows_barcodes(facts) and (not by_header or "sku" in by_header):
        weighed["ean"] = _BY_CELLS_ALONE
    return weighed


def _may_be_key(facts: Facts, score: float) -> bool:
    """Whether a column is unique enough for a key.

    Repeated values never are. Blank or doubtful ones are only under a header that can mean nothing else: rows without a
    key are refused one by one at the import, and that is what their owner should see.
    """
    if facts.repeats:
        return False
    if facts.unique:
        return True
    return score >= _STRONG_KEY


def _shows_barcodes(facts: Facts) -> bool:
    return len(facts.values) >= _BARCODES_WANTED and facts.barcode >= MOST


def _with_essentials(
    wanted: Sequence[dict[str, float]], columns: Sequence[Facts], taken: frozenset[str]
) -> dict[int, str]:
    given = assign(wanted, {})
    fixed: dict[int, str] = {}
    if "price" not in {*given.values(), *taken}:
        fixed |= _promoted(given, "price", ("sale_price", "compare_at_price"), wanted)
    if "name" not in {*given.values(), *taken}:
        fixed |= _named(wanted, columns, given)
    return assign(wanted, fixed) if fixed else given


def _promoted(
    given: Mapping[int, str], concept: str, stand_ins: Sequence[str], wanted: Sequence[dict[str, float]]
) -> dict[int, str]:
    """The column of a lesser price where a file has no other."""
    for stand_in in stand_ins:
        for position, held in given.items():
            if held == stand_in:
                wanted[position][concept] = wanted[position][stand_in] - 0.05
                return {position: concept}
    return {}


_NAMELIKE = 0.38


def _named(wanted: Sequence[dict[str, float]], columns: Sequence[Facts], given: Mapping[int, str]) -> dict[int, str]:
    """The column that serves as name where no header says so: the strongest second choice of fitting cells."""
    likely = [
        (each["name"] - (0.1 if given.get(position) in {"sku", "ean"} else 0.0), -position)
        for position, each in enumerate(wanted)
        if each.get("name", 0.0) >= _NAMELIKE and given.get(position) not in {"sku", "ean"}
    ]
    if not likely:
        return {}
    _, position = max(likely)
    return {-position: "name"}
