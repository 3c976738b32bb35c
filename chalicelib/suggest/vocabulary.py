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
"""What a header must score to be a key although rows have none, or nobody looked."""
_BY_CELLS_ALONE = 0.6
_BARCODES_WANTED = 3
_NAMELIKE = 0.38


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
    given = _with_essentials(wanted, taken)
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


def _with_essentials(wanted: Sequence[dict[str, float]], taken: frozenset[str]) -> dict[int, str]:
    """The assignment, with a price and a name wherever some column can serve as one."""
    given = assign(wanted, {})
    have = taken.union(given.values())
    fixed = {
        position: concept
        for concept, find in (("price", _only_price), ("name", _likely_name))
        if concept not in have and (position := find(wanted, given)) is not None
    }
    return assign(wanted, fixed) if fixed else given


def _only_price(wanted: Sequence[dict[str, float]], given: Mapping[int, str]) -> int | None:
    """A promotional price beside no normal one: ``Sale Price`` is then simply what the product sells for."""
    position = next((each for each, concept in given.items() if concept == "sale_price"), None)
    if position is not None:
        wanted[position]["price"] = wanted[position]["sale_price"]
    return position


def _likely_name(wanted: Sequence[dict[str, float]], given: Mapping[int, str]) -> int | None:
    """The column that serves as name where no header says so: the strongest second choice that is no key."""
    likely = [
        (each["name"], -position)
        for position, each in enumerate(wanted)
        if each.get("name", 0.0) >= _NAMELIKE and given.get(position) not in {"sku", "ean"}
    ]
    return -max(likely)[1] if likely else None
