"""What the columns of a file say: who decides how they write, which types fit, and which cells do not."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal

import orjson
import pytest

from chalicelib.fields import habit_of_locale
from chalicelib.formats.evidence import Evidence
from chalicelib.imports.plan import make_plan
from chalicelib.model.import_job import MatchOn
from chalicelib.model.mapping import ColumnSuggestion, Origin, Suggestion
from chalicelib.model.outcomes import ColumnEvidence, DecidedBy
from chalicelib.model.product_schema import ProductSchema, SchemaField
from chalicelib.suggest.unclear import as_read_by, habit_notes, unclear

BLOCK_ROWS = 100


def evidence(columns: Mapping[str, Sequence[str]], sampled_rows: int = 100) -> dict[str, ColumnEvidence]:
    """The evidence of a file with these columns, read in blocks."""
    gathered = Evidence(list(columns), sampled_rows=sampled_rows, uniqueness_rows=1_000_000)
    rows = list(zip(*columns.values(), strict=True))
    for start in range(0, len(rows), BLOCK_ROWS):
        gathered.add(rows[start : start + BLOCK_ROWS])
    return {each.header: each for each in gathered.columns()}


def numbers(*cells: str, **others: Sequence[str]) -> tuple[str | None, str, int]:
    """How a column writes numbers: decimal sign, who decided, cells with two readings."""
    found = evidence({"column": cells, **others})["column"].numbers
    assert found is not None
    return found.habit, found.by.value, found.ambiguous


def dates(*cells: str, **others: Sequence[str]) -> tuple[str | None, str, int]:
    found = evidence({"column": cells, **others})["column"].dates
    assert found is not None
    return found.habit, found.by.value, found.ambiguous


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (["1.234", "0,15"], (",", "column", 1)),
        (["26.067,00", "-3,00", "1.250"], (",", "column", 1)),
        (["1.234.567", "1.234"], (",", "column", 1)),
        (["$1,025.82", "$1,250"], (".", "column", 1)),
        (["12.500", "1.000", "950"], (None, "locale", 2)),
        (["12,50", "12.50"], (None, "mixed", 0)),
        (["1.234,56", "1,234.56", "1.234"], (None, "mixed", 1)),
        (["12", "13"], (None, "locale", 0)),
        (["1.234 EUR|1.345 USD"], (None, "locale", 2)),
        (["1.234 EUR|12,50 USD"], (",", "column", 1)),
        (["12,50"] * 150 + ["12.50"], (",", "column", 0)),
        (["12,50"] * 50 + ["12.50"], (None, "mixed", 0)),
    ],
)
def test_a_column_shows_how_it_writes_numbers(cells, told):
    assert numbers(*cells) == told


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (["03/04/2026", "13/05/2026"], ("day", "column", 1)),
        (["03/04/2026", "05/13/2026 4:05 PM"], ("month", "column", 1)),
        (["03/04/2026", "05/05/2026"], (None, "locale", 1)),
        (["13/05/2026", "05/13/2026", "03/04/2026"], (None, "mixed", 1)),
        (["03.04.2026", "04.05.2026"], (None, "locale", 0)),
        (["2026-05-13", "20260514"], (None, "locale", 0)),
    ],
)
def test_a_column_shows_how_it_writes_dates(cells, told):
    assert dates(*cells) == told


def test_a_column_that_decides_nothing_is_decided_by_the_others():
    assert numbers("1.234", price=["5,50"]) == (",", "file", 1)
    assert numbers("1.234", price=["5.50"]) == (".", "file", 1)
    assert dates("03/04/2026", changed=["13/05/2026"]) == ("day", "file", 1)


def test_others_that_disagree_or_hold_texts_decide_nothing():
    assert numbers("1.234", price=["5,50"], weight=["0.5"]) == (None, "locale", 1)
    assert numbers("1.234", mixed=["5.50"], other=["USB 3.0"]) == (".", "file", 1)
    assert numbers("1.234", name=["USB 3.0"]) == (None, "locale", 1)
    assert numbers("1.234", "2.345", mixed=["5.50", "5,50"]) == (None, "locale", 2)


@pytest.mark.parametrize("place", [0, 4_321, 9_999])
def test_one_cell_anywhere_in_a_file_decides(place):
    """However few rows are kept as a sample."""
    cells = ["1.234"] * 10_000
    cells[place] = "0,5"
    other = ["03/04/2026"] * 10_000
    other[place] = "13/04/2026"
    found = evidence({"n": cells, "d": other}, sampled_rows=2)
    assert found["n"].numbers and found["d"].dates
    assert (found["n"].numbers.habit, found["d"].dates.habit) == (",", "day")


def test_what_contradicts_itself_is_shown():
    found = evidence({"n": ["1.234,56", "1,234.56", "1.234"], "d": ["13/05/2026", "05/13/2026", "01/02/2026"]})
    assert found["n"].numbers and found["d"].dates
    assert (found["n"].numbers.contradictions, found["n"].numbers.example) == (("1.234,56", "1,234.56"), "1.234")
    assert found["d"].dates.contradictions == ("13/05/2026", "05/13/2026")
    assert found["n"].fits["number"] == pytest.approx(0.6667)
    assert found["n"].counterexamples["number"] == ("1.234",)


def test_cells_that_do_not_fit_are_told():
    column = evidence({"n": ["1", "2", "3", "4", "5", "free", "none", "n/a", "see below", "x" * 100 + "\0"]})["n"]
    assert column.fits["number"] == 0.5
    assert column.counterexamples["number"] == ("free", "none", "n/a")
    assert all("\0" not in cell and len(cell) <= 60 for cell in column.counterexamples["price"])
    assert (column.filled, column.distinct) == (10, 10)


def test_a_rare_value_among_few_does_not_hide_from_the_sample():
    flags = ["0", "1"] * 2_000
    flags[1_234] = "4"
    column = evidence({"flag": flags}, sampled_rows=50)["flag"]
    assert column.fits["number"] == 1.0 > column.fits["boolean"]
    assert column.counterexamples["boolean"] == ("4",)


def test_rounded_barcodes_are_no_numbers():
    column = evidence({"ean": ["4,26E+12", "4,26E+12", "8,7E+12", "7"]})["ean"]
    assert (column.ruined, column.fits["number"]) == (3, 0.25)


@pytest.mark.parametrize(
    ("cells", "separator"), [(["a|b", "c"], "|"), (["a, b", "c, d", "e; f"], ","), (["a\nb"], "\n"), (["a > b"], None)]
)
def test_what_parts_the_items_of_a_list_is_found(cells, separator):
    assert evidence({"tags": cells})["tags"].list_separator == separator


def test_evidence_survives_json_and_one_from_before_habits_were_kept_is_read():
    column = evidence({"n": ["1.234", "0,15"]})["n"]
    stored = orjson.loads(orjson.dumps(asdict(column)))
    assert orjson.dumps(asdict(ColumnEvidence.from_json(stored))) == orjson.dumps(stored)
    old = {name: stored[name] for name in ("header", "position", "sampled", "filled", "fits", "unique", "blank_rows")}
    assert ColumnEvidence.from_json(old).numbers is None
    of_the_database = orjson.loads(orjson.dumps(stored)) | {"fits": {"price": Decimal("0.5")}}
    assert repr(ColumnEvidence.from_json(of_the_database).fits["price"]) == "0.5"


def stored_evidence(columns: Mapping[str, Sequence[str]]) -> list[dict[str, object]]:
    return [orjson.loads(orjson.dumps(asdict(each))) for each in evidence(columns).values()]


@pytest.mark.parametrize(
    ("columns", "currency"),
    [
        ({"Price": ["5", "7"]}, "USD"),
        ({"Price (EUR)": ["5", "7"]}, "EUR"),
        ({"Price": ["5", "7"], "Currency": ["CHF", "CHF"]}, "CHF"),
        ({"Price EUR": ["5", "7"], "Currency": ["CHF", "CHF"]}, "EUR"),
        ({"Price": ["5", "7"], "Currency": ["CHF", "EUR"]}, "USD"),
        ({"Price": ["5", "7"], "Currency": ["CHF", ""]}, "USD"),
        ({"Price": ["5", "7"], "Currency": ["Swiss", "Swiss"]}, "USD"),
    ],
)
def test_the_currency_of_a_column_is_what_its_header_or_every_row_says(columns, currency):
    mapping = {header: "currency" if header == "Currency" else "price" for header in columns}
    schema = ProductSchema(fields=(SchemaField("price", "price"), SchemaField("currency", "string")))
    plan = make_plan({"headers": list(columns), "columns": stored_evidence(columns)}, mapping, schema, MatchOn.SKU)
    assert plan.rows.habits[next(iter(columns))].currency == currency


@pytest.mark.parametrize(
    ("header", "cells", "kind", "locale", "share"),
    [
        ("Pris", ["499 kr", "599 kr"], "price", "sv_SE", 1.0),
        ("Pris", ["499 kr", "599 kr"], "price", "en_US", 0.0),
        ("Pris (SEK)", ["499 kr", "599 kr"], "price", "en_US", 1.0),
        ("Pris", ["499 kr", "599"], "price", "en_US", 0.5),
        ("Date", ["03/04/2026", "05/06/2026"], "datetime", "ja_JP", 0.0),
        ("Date", ["03/04/2026", "05/06/2026"], "datetime", "fr_FR", 1.0),
        ("Date", ["03/04/2026", "13/06/2026"], "datetime", "ja_JP", 1.0),
        ("Preis", ["1.234", "2.345"], "number", "tlh", 0.0),
        ("Preis", ["a", "b", "c", "d", "e", "1.50"], "number", "en_US", 0.1667),
    ],
)
def test_what_only_another_locale_can_read_does_not_fit(header, cells, kind, locale, share):
    column = evidence({header: cells})[header]
    assert as_read_by(habit_of_locale(locale, "USD"), column).fits[kind] == share


def plan_habits(columns: Sequence[Mapping[str, object]], locale: str = "en_US") -> dict[str, object]:
    schema = ProductSchema(fields=(SchemaField("stock", "number"),), default_locale=locale, default_currency="EUR")
    analysis = {"headers": [column["header"] for column in columns], "columns": columns}
    plan = make_plan(analysis, {"n": "stock"}, schema, MatchOn.SKU)
    return asdict(plan.rows.habits["n"])


@pytest.mark.parametrize(
    ("cells", "locale", "decimal"),
    [
        (["1.234", "0,15"], "en_US", ","),
        (["1.234", "0,15", "0.15"], "en_US", None),
        (["1.234"], "en_US", "."),
        (["1.234"], "de_DE", ","),
    ],
)
def test_an_import_reads_by_the_evidence(cells, locale, decimal):
    stored = orjson.loads(orjson.dumps(asdict(evidence({"n": cells})["n"])))
    assert plan_habits([stored], locale)["decimal"] == decimal


def test_an_analysis_from_before_habits_were_kept_is_read_by_its_examples():
    old = {"header": "n", "position": 0, "unique": None, "examples": ["1.234", "0,15"]}
    assert plan_habits([old])["decimal"] == ","


@pytest.mark.parametrize(
    ("cells", "kind", "locale", "said"),
    [
        (["1.234"], "number", "en_US", '"1.234" can be read as 1.234 or as 1234, and nothing in the file says which: '),
        (["1.234"], "price", "en_US", "it is read as 1.234, as in en_US."),
        (["1.234 €|2.345 $"], "multi_price", "en_US", '"1.234 €" can be read as 1.234 or as 1234'),
        (["1.234"], "price", "de_DE", "it is read as 1234, as in de_DE."),
        (["1.234"], "number", "tlh", "neither the file nor the locale says which: such cells are refused."),
        (["03/04/2026"], "datetime", "en_US", "can be read as 2026-04-03 or as 2026-03-04"),
        (["03/04/2026"], "datetime", "en_US", "it is read as 2026-03-04, as in en_US."),
        (["03/04/2026"], "datetime", "fr_FR", "it is read as 2026-04-03, as in fr_FR."),
        (
            ["1.234", "1.5", "1,5"],
            "number",
            "en_US",
            'the column writes both ways ("1.5", "1,5"): such cells are refused',
        ),
    ],
)
def test_a_person_is_told_of_cells_with_two_readings(cells, kind, locale, said):
    assert said in str(unclear(evidence({"n": cells})["n"], kind, habit_of_locale(locale, "EUR")))


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1.234"], "string"),
        (["1.234", "0.5"], "number"),
        (["12", "950"], "number"),
        (["03/04/2026", "13/04/2026"], "datetime"),
        (["03.04.2026"], "datetime"),
        (["1.5", "1,5"], "number"),
    ],
)
def test_nothing_is_said_where_nothing_is_unclear(cells, kind):
    assert unclear(evidence({"n": cells})["n"], kind, habit_of_locale("en_US", "EUR")) is None


def test_a_person_is_told_of_what_other_columns_decide():
    column = evidence({"Gewicht": ["1.234"] * 3, "Preis": ["10,50", "3,20", "7,99"]})["Gewicht"]
    said = "it is read as 1234, as the file's other columns write."
    assert str(unclear(column, "number", habit_of_locale("en_US", "EUR"))).endswith(said)


def test_notes_name_the_column():
    clear = ColumnSuggestion("Name", "name", Origin.VOCABULARY, 1.0, "")
    doubtful = ColumnSuggestion("Preis", "price", Origin.VOCABULARY, 1.0, "", habit='"1.234" can be read as …')
    assert habit_notes(Suggestion((clear, doubtful))) == ['Column "Preis": "1.234" can be read as …']


def test_decided_by_is_a_closed_list():
    assert [each.value for each in DecidedBy] == ["column", "file", "locale", "mixed"]


def test_of_a_wide_file_fewer_rows_are_looked_at_closely():
    columns = {f"c{number}": ["1"] * 150 for number in range(1_000)}
    assert {each.sampled for each in evidence(columns, sampled_rows=150).values()} <= set(range(25, 61))
