"""How a file writes numbers and dates, from its upload to its products: what decides, what is told, what is refused."""

from decimal import Decimal
from functools import partial

import orjson
import pytest
from psycopg.types.json import Jsonb

from chalicelib.model.import_job import ImportJob, JobState
from chalicelib.model.product_schema import SchemaField
from tests.integration.test_bad_rows_report import reported, rows_of, run, written
from tests.walk import Walk, csv_file

COLUMNS = {"Code": "sku", "Title": "name", "Stock": "stock", "Made": "made"}
FIELDS = (SchemaField("stock", "number"), SchemaField("made", "datetime"))
CERTAIN_DATE = "2026-05-13"


as_json = partial(orjson.dumps, default=float)


def stock_file(*stock: str, made: str = CERTAIN_DATE) -> bytes:
    return csv_file([(f"A-{number}", "Chair", cell, made) for number, cell in enumerate(stock)], tuple(COLUMNS))


def imported(walk: Walk, content: bytes) -> ImportJob:
    return run(walk, walk.receive(content), COLUMNS, FIELDS)


def stock_of(walk: Walk) -> list[Decimal]:
    return [Decimal(str(each.data["stock"])) for each in walk.products()]


def test_a_cell_at_the_end_of_the_file_decides_for_all(walk):
    job = imported(walk, stock_file(*["1.234"] * 300, "0,5"))
    assert (job.state, job.counters.error_rows) == (JobState.COMPLETED, 0)
    assert set(stock_of(walk)) == {Decimal(1234), Decimal("0.5")}
    assert job.analysis is not None
    assert not any("Stock" in note for note in job.analysis["notes"])


def test_where_nothing_decides_the_locale_does_and_the_job_and_the_suggestion_tell(walk):
    job = walk.receive(stock_file("1.234", "2.345", made="03/04/2026"))
    assert job.analysis is not None
    assert job.suggestion is not None
    notes = [note for note in job.analysis["notes"] if note.startswith("Column")]
    assert [note.split(", and ")[0] for note in notes] == [
        'Column "Stock": "1.234" can be read as 1.234 or as 1234',
        'Column "Made": "03/04/2026" can be read as 2026-04-03 or as 2026-03-04',
    ]
    told = {each["column"]: each["habit"] for each in job.suggestion["columns"]}
    assert told["Stock"] in notes[0]
    assert told["Title"] is None
    run(walk, job, COLUMNS, FIELDS)
    assert stock_of(walk) == [Decimal("1.234"), Decimal("2.345")]


def test_a_column_that_contradicts_itself_has_its_doubtful_cells_refused(walk):
    job = imported(walk, stock_file("1.234,56", "1,234.56", "1.234", "7"))
    assert (job.counters.error_rows, job.counters.created) == (1, 3)
    [error] = walk.findings(job)
    assert (error.column, error.raw_value) == ("Stock", "1.234")
    assert '"1.234" is not a number: it can be read as 1.234 or 1234' in error.message


def test_the_report_of_such_a_column_is_read_no_other_way(walk):
    """In the report alone the repaired cell would decide for the other."""
    first = imported(walk, stock_file("1.234,56", "1,234.56", "1.234", "2.345"))
    table = rows_of(reported(walk, first))
    table[1][2] = "1234,00"
    second = run(walk, walk.receive(written(table)), COLUMNS, FIELDS)
    assert (second.counters.error_rows, second.counters.created) == (1, 1)


@pytest.mark.parametrize("kept", [{"numbers", "dates", "list_separator"}, set()])
def test_a_job_analysed_before_habits_were_kept_is_still_imported(walk, kept):
    job = walk.receive(stock_file("1.234", "0,5"))
    assert job.analysis is not None
    since = {"numbers", "dates", "list_separator", "counterexamples", "distinct", "ruined"} - kept
    columns = [{name: each[name] for name in each if name not in since} for each in job.analysis["columns"]]
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        cursor.execute(
            "UPDATE import_jobs SET analysis = %s WHERE workspace_id = %s AND id = %s",
            [Jsonb(job.analysis | {"columns": columns}, dumps=as_json), walk.workspace_id, job.id],
        )
    run(walk, walk.job(job.id), COLUMNS, FIELDS)
    assert stock_of(walk) == [Decimal(1234), Decimal("0.5")]
