"""EANs that wait for a product: how they come, when they leave, and that an ignored one does not come back."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest

from chalicelib.catalog import pending_eans, products
from chalicelib.catalog.products import BulkItem
from chalicelib.errors import NotFound
from chalicelib.model.ean import check_digit
from chalicelib.model.pending_ean import PendingEan, Waiting
from tests.walk import Walk, row


def ean(number: int) -> str:
    digits = f"{376_000_000_000 + number:012d}"
    return f"{digits}{check_digit(digits)}"


def waiting(number: int, description: str = "") -> Waiting:
    return Waiting(ean(number).zfill(14), ean(number), description)


def add(walk: Walk, *entries: Waiting, supplier_code: str | None = "A") -> None:
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        pending_eans.add(cursor, walk.workspace_id, 1, supplier_code, entries)


def resolve(walk: Walk, *eans: str) -> None:
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        pending_eans.resolve(cursor, walk.workspace_id, eans)


def listed(walk: Walk, **asked) -> list[PendingEan]:
    found = pending_eans.listing(walk.services, walk.workspace_id, **{"page": 1, "per_page": 100, **asked})
    assert found.count == len(found.entries)
    return list(found.entries)


def printed(walk: Walk, **asked) -> list[str]:
    return sorted(each.printed for each in listed(walk, **asked))


def create(walk: Walk, sku: str, ean: str) -> int:
    given = {"ean": ean}
    return products.create(walk.services, walk.workspace_id, sku=sku, name="Chair", given=given).product.id


def test_what_comes_is_kept_as_it_came_first(walk):
    add(walk, waiting(1, "Widget Pro 3000"), waiting(1, "again"))
    [first] = listed(walk)
    assert (first.ean14, first.printed, first.supplier_code) == (ean(1).zfill(14), ean(1), "A")
    assert first.description == "Widget Pro 3000"
    add(walk, waiting(1, "another description"))
    assert listed(walk) == [first]


def test_each_supplier_has_its_own_entry_and_a_file_may_have_none(walk):
    add(walk, waiting(1))
    add(walk, waiting(1), supplier_code="B")
    add(walk, waiting(1), supplier_code=None)
    assert sorted(each.supplier_code or "" for each in listed(walk)) == ["", "A", "B"]
    assert [each.supplier_code for each in listed(walk, supplier_code="B")] == ["B"]
    assert listed(walk, supplier_code="b") == []


def test_what_a_product_has_does_not_wait(walk):
    walk.import_rows([row(1)])
    taken = row(1)[1]
    add(walk, Waiting(taken.zfill(14), taken), waiting(1))
    assert printed(walk) == [ean(1)]


def test_a_long_description_is_cut(walk):
    add(walk, waiting(1, "x" * 10_000))
    assert len(listed(walk)[0].description) == 500


@pytest.mark.parametrize(
    ("search", "numbers"),
    [
        ("WIDGET", [1]),
        ("100%", [2]),
        ("_", []),
        (ean(3), [3]),
        (f"0{ean(3)}", [3]),
        ("376000", [1, 2, 3]),
        (" ", [1, 2, 3]),
    ],
)
def test_a_search_is_for_a_text_in_the_ean_or_the_description(walk, search, numbers):
    add(walk, waiting(1, "Widget Pro"), waiting(2, "100% cotton"), waiting(3))
    assert printed(walk, search=search) == [ean(number) for number in numbers]


def test_the_newest_come_first_in_pages(walk):
    for number in range(5):
        add(walk, waiting(number))
    seen = []
    for page in (1, 2, 3):
        found = pending_eans.listing(walk.services, walk.workspace_id, page=page, per_page=2)
        assert found.count == 5
        seen += [each.printed for each in found.entries]
    assert seen == [ean(number) for number in (4, 3, 2, 1, 0)]


# The way out ----------------------------------------------------------------------------------------------------------


def test_a_product_with_the_ean_resolves_it_for_every_supplier(walk):
    add(walk, waiting(1), waiting(2))
    add(walk, waiting(1), supplier_code="B")
    resolve(walk, waiting(1).ean14)
    assert printed(walk) == [ean(2)]
    resolve(walk)
    assert printed(walk) == [ean(2)]


def test_making_changing_and_merging_products_resolves(walk):
    add(walk, *map(waiting, range(6)))
    first = create(walk, "A", ean(0))
    products.change(walk.services, walk.workspace_id, first, name=None, given={"ean": ean(1)})
    items = [
        BulkItem("A", None, {"ean": ean(2)}, {}),
        BulkItem("B", "Table", {"ean": ean(3)}, {}),
        BulkItem("C", "", {"ean": ean(4)}, {}),
        BulkItem("D", "Lamp", {"ean": "123"}, {}),
    ]
    products.bulk(walk.services, walk.workspace_id, items)
    assert printed(walk) == [ean(4), ean(5)]


def test_an_import_resolves(walk):
    taken = row(1)[1]
    add(walk, Waiting(taken.zfill(14), taken), waiting(2))
    walk.import_rows([row(1)])
    assert printed(walk) == [ean(2)]


def test_a_refused_product_resolves_nothing(walk):
    create(walk, "A", ean(1))
    add(walk, waiting(2))
    with pytest.raises(Exception, match="taken"):
        create(walk, "A", ean(2))
    assert printed(walk) == [ean(2)]


def test_what_got_a_product_unnoticed_is_not_shown(walk):
    add(walk, waiting(1), waiting(2))
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        cursor.execute(
            "INSERT INTO products (workspace_id, sku, ean, name, data, source) VALUES (%s, 'x', %s, 'x', '{}', 'test')",
            [walk.workspace_id, waiting(1).ean14],
        )
    assert printed(walk) == [ean(2)]


def test_an_ignored_one_does_not_come_back(walk):
    add(walk, waiting(1), waiting(2))
    one = next(each for each in listed(walk) if each.printed == ean(1))
    pending_eans.ignore(walk.services, walk.workspace_id, one.id)
    pending_eans.ignore(walk.services, walk.workspace_id, one.id)
    add(walk, waiting(1), waiting(2))
    assert printed(walk) == [ean(2)]
    product_id = create(walk, "A", ean(1))
    products.delete(walk.services, walk.workspace_id, product_id)
    add(walk, waiting(1))
    assert printed(walk) == [ean(2)]
    add(walk, waiting(1), supplier_code="B")
    assert printed(walk) == [ean(1), ean(2)]


def test_many_are_ignored_at_once_and_counted(walk, other_walk):
    add(walk, *map(waiting, range(4)))
    add(other_walk, waiting(1))
    ids = [each.id for each in listed(walk)]
    theirs = listed(other_walk)[0].id
    assert pending_eans.ignore_many(walk.services, walk.workspace_id, [*ids[:3], ids[0], theirs, uuid4()]) == 3
    assert pending_eans.ignore_many(walk.services, walk.workspace_id, ids) == 1
    assert listed(walk) == []
    assert len(listed(other_walk)) == 1


def test_what_is_not_there_cannot_be_ignored(walk, other_walk):
    add(other_walk, waiting(1))
    for stranger in (uuid4(), listed(other_walk)[0].id):
        with pytest.raises(NotFound):
            pending_eans.ignore(walk.services, walk.workspace_id, stranger)
    assert listed(walk) == []


def test_chunks_at_once_do_not_stand_in_each_others_way(walk):
    many = [waiting(number) for number in range(300)]

    def work(turn: int) -> None:
        entries = many[turn:] + many[:turn]
        with walk.services.database.workspace(walk.workspace_id) as cursor:
            pending_eans.add(cursor, walk.workspace_id, 1, f"S{turn % 2}", entries[::-1] if turn % 3 else entries)
            pending_eans.resolve(cursor, walk.workspace_id, [each.ean14 for each in entries[:50]])

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(0, 240, 10)))
    left: list[UUID] = [each.id for each in listed(walk, per_page=1_000)]
    with ThreadPoolExecutor(8) as threads:
        counts = threads.map(
            lambda turn: pending_eans.ignore_many(walk.services, walk.workspace_id, left[turn:] + left[:turn]),
            range(8),
        )
    assert sum(counts) == len(left)
