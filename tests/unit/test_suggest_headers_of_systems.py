"""What the headers of shops, ERPs and spreadsheets mean in some thirty languages, by the header alone.

A line of ``data/headers_of_systems.txt`` reads ``language concept: header | header``. A header must claim its concept
before any other; one of an ``attribute``, a neighbour of a concept (a minimum stock, a tax class, the text of an
image), must claim none. Headers are read in the language of their file, here all those of one language.
"""

from collections import defaultdict
from pathlib import Path

import pytest

from chalicelib.suggest.assign import ACCEPTED
from chalicelib.suggest.concepts import CONCEPTS, claims
from chalicelib.suggest.lexicon import languages_of, read

pytestmark = pytest.mark.unit

HEADERS = Path(__file__).parent / "data" / "headers_of_systems.txt"
ATTRIBUTE = "attribute"


def known() -> dict[str, dict[str, list[str]]]:
    """Language to concept to headers."""
    found: defaultdict[str, dict[str, list[str]]] = defaultdict(dict)
    for line in HEADERS.read_text(encoding="utf-8").splitlines():
        labels, headers = line.split(": ", 1)
        language, concept = labels.split()
        found[language].setdefault(concept, []).extend(headers.split(" | "))
    return found


KNOWN = known()
SPOKEN = {
    language: languages_of([header for headers in concepts.values() for header in headers])
    for language, concepts in KNOWN.items()
}


def claimed(header: str, language: str) -> str:
    """The concept a header claims most, if it claims one well enough to be given it."""
    scores = claims(read(header, SPOKEN[language]))
    best = max(scores, key=scores.__getitem__, default=ATTRIBUTE)
    return best if scores.get(best, 0.0) >= ACCEPTED else ATTRIBUTE


def test_the_table_speaks_of_every_concept_and_of_neighbours():
    concepts = [concept for concepts in KNOWN.values() for concept in concepts]
    assert set(concepts) == {*CONCEPTS, ATTRIBUTE}
    neighbours = sum(len(concepts.get(ATTRIBUTE, ())) for concepts in KNOWN.values())
    assert neighbours >= sum(len(headers) for each in KNOWN.values() for headers in each.values()) / 3


@pytest.mark.parametrize(
    ("language", "concept"), [(language, concept) for language, concepts in KNOWN.items() for concept in concepts]
)
def test_a_header_claims_what_it_names(language, concept):
    assert {header: claimed(header, language) for header in KNOWN[language][concept]} == dict.fromkeys(
        KNOWN[language][concept], concept
    )
