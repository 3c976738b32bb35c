"""A segment's members as a file: what it holds, that the importer reads it back, and what becomes of it when large."""

import csv
import io
import urllib.request
from datetime import timedelta

import pytest

from chalicelib.errors import NotFound
from chalicelib.imports.dispatch import dispatch
from chalicelib.model.product_schema import SchemaField
from chalicelib.model.segment import Segment
from chalicelib.segments import manage
from chalicelib.segments.ask import request
from chalicelib.segments.compute import compute
from chalicelib.segments.manage import SegmentChange
from chalicelib.segments.members_csv import members_csv, members_pieces
from chalicelib.store.files import Download
from tests.walk import Walk, csv_file, row

ALL = {"logic": "AND", "conditions": [{"type": "all_products"}]}
FORMULAS = ("=cmd|' /C calc'!A0", "@SUM(A1)", "-1+1", "\t=1", "\r=1", "+49")
DANGEROUS = ("=", "+", "@", "\t", "\r")


def made(walk: Walk, definition: object = ALL) -> Segment:
    return manage.create(walk.services, walk.workspace_id, SegmentChange(name="All", definition=definition))


def computed(walk: Walk, segment: Segment) -> Segment:
    request(walk.services, walk.workspace_id, segment.id)
    compute(walk.services, walk.workspace_id, segment.id)
    return manage.read(walk.services, walk.workspace_id, segment.id)


def downloaded(walk: Walk, segment: Segment) -> Download:
    return members_csv(walk.services, walk.workspace_id, segment.id)


def rows_of(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def fetched(download: Download) -> bytes:
    assert download.url is not None
    with urllib.request.urlopen(download.url) as answer:
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{download.name}"'
        return answer.read()


def imported(walk: Walk, content: bytes, mapping, schema, locale: str) -> None:
    job = walk.confirm(walk.receive(content), mapping, schema, locale)
    dispatch(walk.services, walk.workspace_id, job.id, job.run)
    ended = walk.import_chunks(walk.job(job.id))
    assert ended.counters.error_rows == 0, walk.findings(ended)


def test_a_segment_never_computed_has_a_header_only(walk):
    walk.import_rows([row(1)])
    download = downloaded(walk, made(walk))
    assert rows_of(download.content) == [["sku", "name", "ean", "price", "tags"]]
    assert download.url is None


def test_members_stand_in_sku_order_with_the_fields_of_the_schema(walk):
    walk.import_rows([row(number) for number in (3, 1, 2)])
    segment = computed(walk, made(walk))
    download = downloaded(walk, segment)
    assert download.name == f"segment-{segment.id}-members.csv"
    assert rows_of(download.content)[1:] == [
        [f"SKU-0000{number}", f"Chair {number}", row(number)[1], "9.90 EUR", "red|blue"] for number in (1, 2, 3)
    ]


def test_only_members_of_the_current_set_that_are_still_there(walk):
    walk.import_rows([row(number) for number in range(1, 5)])
    definition = {"logic": "AND", "conditions": [{"type": "sku_list", "value": ["SKU-00002", "SKU-00003"]}]}
    segment = computed(walk, made(walk, definition))
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        cursor.execute("DELETE FROM products WHERE sku = 'SKU-00002'")
    walk.import_rows([row(5)])
    assert [each[0] for each in rows_of(downloaded(walk, segment).content)[1:]] == ["SKU-00003"]


def test_no_cell_is_a_formula(walk):
    fields = (SchemaField("note", "string"),)
    text = io.StringIO(newline="")
    rows = [(f"{cell}{number}", f"x{cell}", cell) for number, cell in enumerate(FORMULAS)]
    csv.writer(text).writerows([("Code", "Title", "Note"), *rows])
    imported(walk, text.getvalue().encode(), {"Code": "sku", "Title": "name", "Note": "note"}, fields, "en_US")
    found = rows_of(downloaded(walk, computed(walk, made(walk))).content)
    assert len(found) == len(FORMULAS) + 1
    assert not any(cell.startswith((*DANGEROUS, "-")) for each in found for cell in each)


FIELDS = (
    SchemaField("price", "price"),
    SchemaField("prices", "multi_price"),
    SchemaField("weight", "number"),
    SchemaField("in_stock", "boolean"),
    SchemaField("tags", "array"),
    SchemaField("since", "datetime"),
    SchemaField("link", "url"),
    SchemaField("note", "string"),
)
HEADERS = ("sku", "name", *(field.name for field in FIELDS))
KUWAITI = '[{"amount": "1.500", "currency": "KWD", "locale": "ar_KW"}]'
PRODUCTS = [
    ("A", "Chair", "1234.50 USD", "1.00 EUR|2.50 USD", "-0.125", "yes", '["a, b"]', "31.12.2026 18:30", "", "5"),
    ("B", "Table", "-5.00 EUR", KUWAITI, "1.2340", "no", "x|y;z", "2026-01-02", "https://example.org/?a=1,2", "1,234"),
    ("C", 'A "lamp", red', "0.1230 KWD", "", "12345678901234567890123", "", '["p|q", "r"]', "", "", " two\nlines"),
]


@pytest.mark.parametrize("locale", ["en_US", "de_DE"])
def test_the_importer_reads_back_the_same_products(walk, other_walk, locale):
    mapping = {name: name for name in HEADERS}
    imported(walk, csv_file(PRODUCTS, HEADERS), mapping, FIELDS, locale)
    content = downloaded(walk, computed(walk, made(walk))).content
    imported(other_walk, content, mapping, FIELDS, locale)
    same = {sku: (each.name, each.data) for sku, each in walk.by_sku().items()}
    assert same == {sku: (each.name, each.data) for sku, each in other_walk.by_sku().items()}
    assert same["A"][1]["tags"] == ["a, b"] and same["B"][1]["tags"] == ["x", "y;z"]


def test_another_workspace_has_no_such_file(walk, other_walk):
    segment = computed(walk, made(walk))
    with pytest.raises(NotFound):
        downloaded(other_walk, segment)


# Large ones.


@pytest.fixture
def many(walk: Walk) -> Segment:
    walk.import_rows([row(number) for number in range(1, 20_001)])
    return computed(walk, made(walk))


def renamed(walk: Walk) -> None:
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        cursor.execute("UPDATE products SET name = 'renamed'")


def test_a_large_file_goes_over_s3_and_is_offered_again_for_a_while(walk, many):
    download = downloaded(walk, many)
    found = rows_of(fetched(download))
    assert len(found) == 20_001
    assert [each[0] for each in found[1:]] == sorted(each[0] for each in found[1:])

    renamed(walk)
    assert rows_of(fetched(downloaded(walk, many)))[1][1] == "Chair 1"
    later = walk.with_services(now=lambda: walk.services.now() + timedelta(seconds=1_000))
    assert rows_of(fetched(downloaded(later, many)))[1][1] == "renamed"


def test_a_newer_set_has_a_file_of_its_own(walk, many):
    downloaded(walk, many)
    walk.import_rows([row(number) for number in range(20_001, 20_004)])
    assert len(rows_of(fetched(downloaded(walk, computed(walk, many))))) == 20_004


def test_a_file_is_made_some_products_at_a_time(walk, many):
    pieces = members_pieces(walk.services, many)
    begun = [next(pieces)]
    renamed(walk)
    found = rows_of(b"".join([*begun, *pieces]))[1:]
    before = sum(each[1] != "renamed" for each in found)
    assert len(found) == 20_000
    assert 0 < before <= 2_000


def test_few_members_of_many_bytes_go_over_s3_too(walk):
    walk.import_rows([row(number, title="x" * 10_000) for number in range(1, 201)])
    download = downloaded(walk, computed(walk, made(walk)))
    assert len(rows_of(fetched(download))) == 201
