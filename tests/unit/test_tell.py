"""What people are told beside a field: its type, how many cells fit, which do not, and what was not decided."""

from dataclasses import asdict
from decimal import Decimal

import orjson
import pytest

from chalicelib.fields import habit_of_locale
from chalicelib.model.mapping import Candidate, ColumnSuggestion, Origin, Suggestion, suggested_columns
from chalicelib.model.outcomes import ColumnEvidence, DecidedBy, Writing
from chalicelib.model.product_schema import SchemaField
from chalicelib.suggest.tell import tell
from chalicelib.suggest.unclear import as_read_by

pytestmark = pytest.mark.unit

BY_LOCALE = habit_of_locale("en_US", "USD")


def evidence(header: str = "A", *, filled: int = 10, **more: object) -> ColumnEvidence:
    fits = {"price": 0.9, "number": 0.8, "datetime": 1.0, "array": 0.0, "string": 1.0}
    told = {"fits": fits, "unique": False, "blank_rows": 0, **more}
    return ColumnEvidence(header=header, position=0, sampled=10, filled=filled, **told)


def column(field: str | None, header: str = "A", **more: object) -> ColumnSuggestion:
    return ColumnSuggestion(header, field, Origin.VOCABULARY, 0.8, "It says so.", **more)


def told(field: str | None, kind: str = "price", column_evidence: ColumnEvidence | None = None) -> ColumnSuggestion:
    suggestion = Suggestion([column(field)], [SchemaField(field or "x", kind)])
    return tell(suggestion, [column_evidence or evidence()], BY_LOCALE).columns[0]


def test_the_type_and_how_many_cells_fit_it():
    seen = evidence(counterexamples={"price": ("on request", "-", "n/a", "?"), "number": ("x",)})
    shown = told("price", "price", seen)
    assert (shown.type, shown.fits, shown.counterexamples) == ("price", 0.9, ("on request", "-", "n/a"))


@pytest.mark.parametrize(("field", "kind"), [("sku", "price"), ("name", "price"), ("tags", "array")])
def test_every_cell_is_a_text_and_a_list_of_one(field, kind):
    assert told(field, kind).fits == 1.0


def test_of_an_empty_column_nothing_is_said_of_its_cells():
    assert told("price", "price", evidence(filled=0)).fits is None


def test_a_skipped_column_has_no_type():
    shown = told(None)
    assert (shown.type, shown.fits, shown.counterexamples, shown.habit) == (None, None, (), None)


@pytest.mark.parametrize(
    ("writing", "kind", "told_of"),
    [
        (Writing(None, DecidedBy.LOCALE, 3, "1.234"), "price", True),
        (Writing(None, DecidedBy.LOCALE, 3, "1.234"), "number", True),
        (Writing(None, DecidedBy.LOCALE, 3, "1.234"), "string", False),
        (Writing(None, DecidedBy.LOCALE, 0, None), "price", False),
        (Writing(",", DecidedBy.COLUMN, 3, "1.234"), "price", False),
        (Writing(",", DecidedBy.FILE, 3, "1.234"), "price", True),
    ],
)
def test_cells_with_two_readings_that_the_column_does_not_decide_are_told_of(writing, kind, told_of):
    habit = told("amount", kind, evidence(numbers=writing)).habit
    assert ('"1.234"' in habit) if told_of else habit is None


def test_likewise_dates():
    undecided = Writing(None, DecidedBy.LOCALE, 2, "03/04/2026")
    assert '"03/04/2026"' in told("created_at", "datetime", evidence(dates=undecided)).habit


def test_a_thousand_columns_stay_a_small_answer():
    long = "x" * 160
    columns = [
        column(f"field_{number}", f"Column {number}", candidates=[Candidate(f"other_{each}", 0.5) for each in range(9)])
        for number in range(1_000)
    ]
    seen = [evidence(each.column, counterexamples={"price": (long, long, long, long)}) for each in columns]
    suggestion = tell(Suggestion(columns, [SchemaField(each.field, "price") for each in columns]), seen, BY_LOCALE)
    assert all(len(each.candidates) == 3 for each in suggestion.columns)
    assert len(orjson.dumps([asdict(each) for each in suggestion.columns])) < 600_000


def test_a_suggestion_of_before_all_of_this_was_told_still_prints():
    old = {"column": "A", "field": "brand", "origin": "vocabulary", "confidence": 0.8, "reason": "It says so."}
    assert suggested_columns({"columns": [old]}) == [
        {
            **old,
            "type": None,
            "fits": None,
            "counterexamples": [],
            "candidates": [],
            "habit": None,
            "transforms": [],
        }
    ]
    assert suggested_columns({}) == []


def test_the_evidence_of_a_stored_job_is_read_by_the_locale_too():
    """Its shares come back from the store as Decimals."""
    ambiguous = Writing(None, DecidedBy.LOCALE, 1, "03/04/2026")
    plain = Writing(None, DecidedBy.LOCALE, 0, None)
    stored = evidence(examples=("499 kr",), numbers=plain, dates=ambiguous)
    fits = {kind: Decimal(str(fit)) for kind, fit in stored.fits.items()}
    told_so = as_read_by(
        BY_LOCALE,
        ColumnEvidence.from_json(asdict(stored) | {"fits": fits, "numbers": asdict(plain), "dates": asdict(ambiguous)}),
    )
    assert told_so == as_read_by(BY_LOCALE, stored)
    assert told_so.fits["price"] == 0


@pytest.mark.parametrize(
    ("header", "examples", "currencies", "is_told"),
    [
        ("Price", ("5", "7.50"), 2, True),
        ("Price", ("5", "7.50"), 1, False),
        ("Price EUR", ("5", "7.50"), 2, False),
        ("Price", ("5 EUR", "7.50 CHF"), 2, False),
    ],
)
def test_prices_beside_several_currencies_are_told_of(header, examples, currencies, is_told):
    suggestion = Suggestion(
        [column("price", header), column("currency", "Cur")],
        [SchemaField("price", "price"), SchemaField("currency", "string")],
    )
    seen = [evidence(header, examples=examples), evidence("Cur", examples=("EUR", "CHF"), distinct=currencies)]
    price, currency = tell(suggestion, seen, BY_LOCALE).columns
    assert ('several currencies in "Cur"' in str(price.habit)) == is_told
    assert currency.habit is None
