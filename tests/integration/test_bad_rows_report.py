"""The report of bad rows: what it holds, that it can be fixed and uploaded again, and what becomes of it when large."""

import csv
import io
import urllib.request
from collections.abc import Iterable, Mapping, Sequence

import pytest

from chalicelib.errors import NotFound
from chalicelib.imports import report
from chalicelib.imports.control import cancel
from chalicelib.imports.dispatch import dispatch
from chalicelib.model.import_job import ImportJob, JobState
from chalicelib.model.product_schema import SchemaField
from chalicelib.store.files import Download
from tests.walk import HEADERS, MAPPING, SCHEMA, Walk, csv_file, row

OURS = ["error", "row_number", "line", "job_id"]
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


@pytest.fixture
def walk(walk: Walk) -> Walk:
    return walk.with_settings(chunk_rows=10)


def reported(walk: Walk, job: ImportJob, asked: str = "error") -> Download:
    return report.bad_rows(walk.services, walk.workspace_id, job.id, asked)


def content_of(download: Download) -> bytes:
    if download.url is None:
        return download.content
    with urllib.request.urlopen(download.url) as answer:
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{download.name}"'
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        return answer.read()


def rows_of(download: Download) -> list[list[str]]:
    text = content_of(download).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def written(rows: Iterable[Sequence[str]]) -> bytes:
    """A table saved again, as spreadsheets save it where a semicolon parts cells."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=";", lineterminator="\r\n").writerows(rows)
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def run(
    walk: Walk, job: ImportJob, mapping: Mapping[str, str | None], schema: Sequence[SchemaField], **more
) -> ImportJob:
    queued = walk.confirm(job, mapping, schema, **more)
    dispatch(walk.services, walk.workspace_id, job.id, queued.run)
    return walk.import_chunks(walk.job(job.id))


def test_each_bad_row_stands_as_it_was_with_all_that_is_wrong(walk):
    rows = [list(row(number)) for number in range(1, 36)]
    rows[11][3], rows[11][2] = "free", ""
    rows[24][3] = "nothing"
    job = walk.import_rows(rows)
    header, *found = rows_of(reported(walk, job))
    assert header == [*HEADERS, *OURS]
    assert [each[:5] for each in found] == [rows[11], rows[24]]
    assert [each[6:] for each in found] == [["12", "13", str(job.id)], ["25", "26", str(job.id)]]
    for part in ('Price: "free" is not a price', "Title: the row has no name", "; "):
        assert part in found[0][5]


def test_without_bad_rows_there_is_a_header_only(walk):
    assert rows_of(reported(walk, walk.import_rows([row(1)]))) == [[*HEADERS, *OURS]]


def test_a_job_that_was_not_analysed_has_our_columns_only(walk):
    assert rows_of(reported(walk, walk.expect(100, "large.csv").job)) == [OURS]


def test_warnings_are_told_when_asked_for(walk):
    rows = [row(1, sku="TWICE"), row(2, sku="TWICE"), row(3, price="free")]
    job = walk.import_rows(rows)
    assert [each[0] for each in rows_of(reported(walk, job))[1:]] == ["SKU-00003"]
    [warned] = rows_of(reported(walk, job, "warning"))[1:]
    assert warned[:5] == list(rows[0]) and "comes again in row 2" in warned[5]
    assert [each[6] for each in rows_of(reported(walk, job, "all"))[1:]] == ["1", "3"]


def test_a_running_job_is_reported_as_far_as_it_is(walk):
    job = walk.start([row(number, price="free") for number in range(1, 31)])
    walk.import_chunks(job, [1])
    assert [each[6] for each in rows_of(reported(walk, job))[1:]] == [str(number) for number in range(11, 21)]
    walk.import_chunks(job, [0])
    assert len(rows_of(reported(walk, job))) == 21
    cancel(walk.services, walk.workspace_id, job.id)
    assert len(rows_of(reported(walk, job))) == 21


def test_a_ragged_row_keeps_its_place(walk):
    job = walk.import_rows([[*row(1), "surplus"], ["SHORT"], row(3)])
    long, short = rows_of(reported(walk, job))[1:]
    assert long[:5] == list(row(1)) and long[6:] == ["1", "2", str(job.id), "surplus"]
    assert short[:5] == ["SHORT", "", "", "", ""] and short[6:] == ["2", "3", str(job.id)]


def test_a_nul_is_shown_by_its_picture(walk):
    job = walk.import_rows([row(number, title="a\0b" if number <= 5 else None) for number in range(1, 101)])
    assert {each[2] for each in rows_of(reported(walk, job))[1:]} == {"a\u2400b"}
    walk.receive(content_of(reported(walk, job)))


def test_once_the_file_is_gone_the_findings_tell_what_they_know(walk):
    job = walk.import_rows([row(1, price="free"), row(2)])
    assert job.file_key is not None
    walk.services.files.delete(job.file_key)
    [found] = rows_of(reported(walk, job))[1:]
    assert found[:5] == ["", "", "", "free", ""]
    assert found[6:] == ["1", "2", str(job.id)]


def test_a_file_that_was_replaced_is_not_read(walk):
    job = walk.import_rows([row(1, price="free"), row(2)])
    assert job.file_key is not None
    walk.services.files.put(job.file_key, csv_file([row(8), row(9)]))
    assert rows_of(reported(walk, job))[1][:5] == ["", "", "", "free", ""]


def test_another_workspace_has_no_such_report(walk, other_walk):
    job = walk.import_rows([row(1, price="free")])
    with pytest.raises(NotFound):
        reported(other_walk, job)


# Fixed and uploaded again.

FIELDS = (
    SchemaField("price", "price"),
    SchemaField("weight", "number"),
    SchemaField("colour", "string"),
    SchemaField("phone", "string"),
    SchemaField("tags", "array"),
    SchemaField("since", "datetime"),
)
COLUMNS = {
    "Code": "sku",
    "=Title": "name",
    "Price": "price",
    "Weight": "weight",
    "Colour": "colour",
    "Phone": "phone",
    "Tags": "tags",
    "line": None,
    "Since": "since",
}
ODD_CELLS = [
    # code, name, weight, colour, phone, tags
    ("=1+1", "=cmd|' /C calc'!A0", "-5", "-1+1", "+49 30 1234", "red|blue"),
    ("'=1", "'=x", "-0,5", "@SUM(A1)", "'+49", "-red|=blue"),
    ("-5", "''=x", "1.234", "\t=tab", "a 'quoted' one", "a, b"),
    ("@home", 'say "hi"', "1.234,5", "\rreturn", "two\nlines", "one"),
    ("O'Hara", "'", "3", "'quoted'", "=", "'=a|b"),
]


def odd_file(price: str) -> bytes:
    """Rows that all share the same price cell, after others that show how the file writes numbers."""
    rows = [(f"SKU-{number}", "Chair", "1.234,50", "12,5", "red", "1", "x|y", "", "31.12.2026") for number in range(25)]
    rows += [
        (code, name, price, weight, colour, phone, tags, "7", "03/04/2026")
        for code, name, weight, colour, phone, tags in ODD_CELLS
    ]
    text = io.StringIO(newline="")
    csv.writer(text).writerows([COLUMNS, *rows])
    return text.getvalue().encode()


def test_what_is_fixed_in_the_report_is_imported_as_the_original_would_have_been(walk, other_walk):
    other = other_walk.with_settings(chunk_rows=10)
    expected = run(other, other.receive(odd_file("1.234")), COLUMNS, FIELDS)
    assert expected.state is JobState.COMPLETED

    first = run(walk, walk.receive(odd_file("free")), COLUMNS, FIELDS)
    assert first.counters.error_rows == len(ODD_CELLS)
    table = rows_of(reported(walk, first))
    assert not any(cell.startswith(DANGEROUS) for each in table for cell in each)
    assert table[0][1] == "'=Title"

    for each in table[1:]:
        each[2] = "1.234"
    again = walk.receive(written(table), "bad rows, fixed.csv")
    assert again.suggestion is not None and again.analysis is not None
    suggested = {each["column"]: each["field"] for each in again.suggestion["columns"]}
    assert list(suggested) == [*COLUMNS, "error", "row_number", "line (2)", "job_id"]
    assert suggested == COLUMNS | {"line": suggested["line"]} | dict.fromkeys(
        ["error", "row_number", "line (2)", "job_id"]
    )
    assert {"error", "row_number", "job_id"}.isdisjoint(each["name"] for each in again.suggestion["schema"])

    second = run(walk, again, COLUMNS, FIELDS)
    assert (second.state, second.counters.created) == (JobState.COMPLETED, len(ODD_CELLS))
    same = {sku: (each.name, each.data) for sku, each in walk.by_sku().items()}
    assert same == {sku: (each.name, each.data) for sku, each in other.by_sku().items()}


def test_a_report_of_a_report_has_our_columns_once(walk):
    job = walk.import_rows([row(1), row(2, price="=free"), row(3, price="none")])
    table = rows_of(reported(walk, job))
    table[2][3] = "9.90"
    again = run(walk, walk.receive(written(table)), MAPPING, SCHEMA)
    assert (again.counters.good_rows, again.counters.error_rows) == (1, 1)
    [header, found] = rows_of(reported(walk, again))
    assert header == [*HEADERS, *OURS]
    assert found[:5] == ["SKU-00002", row(2)[1], "Chair 2", "'=free", "red|blue"]
    assert found[6:] == ["1", "2", str(again.id)]


def test_a_surplus_cell_stays_refused_until_it_is_put_right(walk):
    job = walk.import_rows([[*row(1), "surplus"]])
    table = rows_of(reported(walk, job))
    again = run(walk, walk.receive(written(table)), MAPPING, SCHEMA)
    assert again.counters.error_rows == 1
    table = rows_of(reported(walk, again))
    assert table[1][9:] == ["surplus"]
    fixed = run(walk, walk.receive(written([table[0], table[1][:9]])), MAPPING, SCHEMA)
    assert fixed.counters.created == 1


def test_a_job_id_of_nobodys_is_passed_over(walk, other_walk):
    theirs = other_walk.import_rows([row(1, price="free")])
    for job_id in (str(theirs.id), "", "free", "9" * 30):
        content = written([["Code", "Title", *OURS], ["A", "Chair", "x", "1", "2", job_id]])
        assert walk.receive(content).total_rows == 1


# Large ones.


def test_a_large_report_goes_over_s3_in_bounded_memory(walk):
    walk = walk.with_settings(chunk_rows=2_000)
    job = walk.import_rows([row(number, price="free", title="=" + "x" * 200) for number in range(1, 20_001)])
    download = reported(walk, job)
    assert download.url is not None
    table = rows_of(download)
    assert len(table) == 20_001
    assert [each[6] for each in table[1:]] == [str(number) for number in range(1, 20_001)]
    assert all(each[2] == "'=" + "x" * 200 for each in table[1:])
    size = len(content_of(download))
    assert size > 6_000_000

    # Told again, it is not made again; it even outlives the file.
    assert job.file_key is not None
    walk.services.files.delete(job.file_key)
    assert len(content_of(reported(walk, job))) == size


def test_a_report_is_made_a_chunk_at_a_time(walk):
    job = walk.with_settings(chunk_rows=200).import_rows(
        [row(number, price="free", title="x" * 1_000) for number in range(1, 2_001)]
    )
    pieces = report.report_pieces(walk.services, job)
    begun = [next(pieces)]
    assert job.file_key is not None
    walk.services.files.delete(job.file_key)
    table = list(csv.reader(io.StringIO(b"".join([*begun, *pieces]).decode("utf-8-sig"))))
    assert [bool(each[0]) for each in table[1:]] == [True] * 200 + [False] * 1_800


def test_what_fails_half_way_leaves_nothing(walk, embedded):
    def pieces():
        yield b"x" * 9_000_000
        raise NotFound("gone")

    with pytest.raises(NotFound):
        walk.services.files.put_stream("exports/half", pieces(), "text/csv")
    assert walk.services.files.stored_at("exports/half") is None
    bucket = embedded.settings.bucket
    assert embedded.s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []) == []


def test_a_stream_is_stored_as_it_was(walk):
    pieces = [bytes([number]) * 3_000_000 for number in range(7)]
    walk.services.files.put_stream("exports/whole", pieces, "text/csv")
    with walk.services.files.open("exports/whole") as file:
        assert file.stream.read() == b"".join(pieces)
