"""Suppliers: found or made by what files say, changed by people, remembered by how their files were mapped."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest

from chalicelib.catalog import suppliers
from chalicelib.errors import Conflict, InvalidValue, NotFound
from chalicelib.model.mapping import Learned
from chalicelib.model.supplier import Supplier
from tests.walk import MAPPING, Walk, csv_file, row

HEADERS = ["EAN Code", "Titre", "Prix HT"]
CONFIRMED = {"EAN Code": "ean", "Titre": "name", "Prix HT": None}
STEPS = ({"step": "trim", "collapse": True},)


def resolve(walk: Walk, code: str | None = None, supplier_id: UUID | None = None) -> Supplier | None:
    services = walk.services
    with services.database.workspace(walk.workspace_id) as cursor:
        return suppliers.resolve(
            cursor,
            walk.workspace_id,
            code=code,
            supplier_id=supplier_id,
            now=services.now(),
            random=services.random_bits,
        )


def remember(walk: Walk, supplier_id: UUID, headers: list[str], mapping: dict[str, str | None]) -> None:
    confirmed = {header: Learned(field, STEPS if field == "name" else ()) for header, field in mapping.items()}
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        suppliers.remember_mapping(cursor, walk.workspace_id, supplier_id, headers, confirmed, now=walk.services.now())


def remembered(walk: Walk, supplier_id: UUID, headers: list[str]):
    """Header to field; a name comes with its steps, all others with none."""
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        found = suppliers.mapping_for(cursor, walk.workspace_id, supplier_id, headers)
    if found is None:
        return None
    assert all(each.transforms == (STEPS if each.field == "name" else ()) for each in found.values())
    return {header: each.field for header, each in found.items()}


@pytest.fixture
def supplier(walk) -> Supplier:
    return suppliers.create(walk.services, walk.workspace_id, code="SUPPLIER_A", name="Supplier A")


def test_a_code_is_trimmed_unique_and_told_apart_by_case(walk, other_walk, supplier):
    with pytest.raises(Conflict) as taken:
        suppliers.create(walk.services, walk.workspace_id, code=" SUPPLIER_A ")
    assert list(taken.value.fields) == ["code"]
    lower = suppliers.create(walk.services, walk.workspace_id, code=" supplier_a ")
    theirs = suppliers.create(other_walk.services, other_walk.workspace_id, code="SUPPLIER_A")
    assert lower.code == "supplier_a"
    assert len({supplier.id, lower.id, theirs.id}) == 3


@pytest.mark.parametrize("code", ["", "   ", "a" * 101, "a\nb", "a\0b"])
def test_a_code_that_cannot_be_is_refused(walk, code):
    with pytest.raises(InvalidValue) as refused:
        suppliers.create(walk.services, walk.workspace_id, code=code)
    assert list(refused.value.fields) == ["code"]
    if code.strip():
        with pytest.raises(InvalidValue) as refused:
            resolve(walk, code)
        assert list(refused.value.fields) == ["supplier_code"]


def test_an_unknown_code_makes_a_stub_once(walk, supplier):
    stub = resolve(walk, " NEW ")
    assert (stub.code, stub.name, stub.is_stub) == ("NEW", "", True)
    assert resolve(walk, "NEW") == stub
    assert resolve(walk, "SUPPLIER_A") == supplier
    named = suppliers.change(walk.services, walk.workspace_id, stub.id, name="New & Sons")
    assert (named.code, named.name, named.is_stub) == ("NEW", "New & Sons", False)


def test_uploads_of_one_moment_make_one_stub(walk):
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: resolve(walk, "NEW"), range(16)))
    assert len({each.id for each in made}) == 1
    assert suppliers.listing(walk.services, walk.workspace_id, page=1, per_page=10).count == 1


@pytest.mark.parametrize("code", [None, "", "  "])
def test_nothing_said_is_nobody(walk, code):
    assert resolve(walk, code) is None


def test_an_id_names_one_there_is(walk, other_walk, supplier):
    assert resolve(walk, None, supplier.id) == supplier
    assert resolve(walk, "SUPPLIER_A", supplier.id) == supplier
    for stranger in (walk, other_walk):
        with pytest.raises(NotFound):
            resolve(stranger, None, uuid4() if stranger is walk else supplier.id)


def test_two_names_for_two_suppliers_are_refused(walk, supplier):
    with pytest.raises(InvalidValue) as refused:
        resolve(walk, "supplier_a", supplier.id)
    assert list(refused.value.fields) == ["supplier_id"]
    assert suppliers.listing(walk.services, walk.workspace_id, page=1, per_page=10).count == 1


def test_what_is_not_said_stays(walk, supplier):
    changed = suppliers.change(walk.services, walk.workspace_id, supplier.id, code="A2")
    assert (changed.code, changed.name, changed.created_at) == ("A2", "Supplier A", supplier.created_at)
    assert suppliers.change(walk.services, walk.workspace_id, supplier.id).code == "A2"
    assert suppliers.change(walk.services, walk.workspace_id, supplier.id, name=" ").name == ""


def test_a_taken_code_is_a_conflict_also_among_two_at_once(walk, supplier):
    others = [suppliers.create(walk.services, walk.workspace_id, code=f"B{number}") for number in range(4)]
    with pytest.raises(Conflict):
        suppliers.change(walk.services, walk.workspace_id, others[0].id, code="SUPPLIER_A")

    def take(other: Supplier) -> bool:
        try:
            suppliers.change(walk.services, walk.workspace_id, other.id, code="WANTED")
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(take, others)) == 1


def test_what_belongs_to_another_workspace_is_not_there(walk, other_walk, supplier):
    services, theirs = other_walk.services, other_walk.workspace_id
    for attempt in (suppliers.read, suppliers.change, suppliers.delete):
        with pytest.raises(NotFound):
            attempt(services, theirs, supplier.id)
    assert suppliers.listing(services, theirs, page=1, per_page=10).count == 0
    assert suppliers.read(walk.services, walk.workspace_id, supplier.id) == supplier


@pytest.mark.parametrize(
    ("search", "codes"), [("", ["A1", "B%", "C_1"]), ("%", ["B%"]), ("_", ["C_1"]), ("SHOE", ["A1"]), ("x", [])]
)
def test_a_list_is_by_code_and_searched_as_it_is_written(walk, search, codes):
    for code, name in (("C_1", ""), ("A1", "Shoes & more"), ("B%", "")):
        suppliers.create(walk.services, walk.workspace_id, code=code, name=name)
    found = suppliers.listing(walk.services, walk.workspace_id, page=1, per_page=10, search=search)
    assert [each.code for each in found.suppliers] == codes
    assert found.count == len(codes)


def test_a_list_comes_in_pages(walk):
    for number in range(5):
        suppliers.create(walk.services, walk.workspace_id, code=f"S{number}")
    pages = [suppliers.listing(walk.services, walk.workspace_id, page=page, per_page=2) for page in (1, 2, 3, 4)]
    assert [[each.code for each in page.suppliers] for page in pages] == [["S0", "S1"], ["S2", "S3"], ["S4"], []]
    assert {page.count for page in pages} == {5}


# Mappings -------------------------------------------------------------------------------------------------------------


def test_a_mapping_is_known_again_by_the_set_of_columns(walk, supplier):
    remember(walk, supplier.id, HEADERS, CONFIRMED)
    assert remembered(walk, supplier.id, HEADERS) == CONFIRMED
    assert remembered(walk, supplier.id, ["prix  ht", "TITRE ", "EAN Code"]) == {
        "prix  ht": None,
        "TITRE ": "name",
        "EAN Code": "ean",
    }
    for others in (HEADERS[:2], [*HEADERS, "Marque"], ["EAN Code", "Titre", "Prix"], []):
        assert remembered(walk, supplier.id, others) is None


def test_the_last_mapping_stands_and_each_supplier_has_its_own(walk, supplier):
    other = suppliers.create(walk.services, walk.workspace_id, code="B")
    remember(walk, supplier.id, HEADERS, {"EAN Code": "sku"})
    remember(walk, supplier.id, HEADERS, CONFIRMED)
    remember(walk, other.id, HEADERS, {"EAN Code": "sku"})
    assert remembered(walk, supplier.id, HEADERS) == CONFIRMED
    assert remembered(walk, other.id, HEADERS) == {"EAN Code": "sku"}


def test_a_deleted_supplier_is_forgotten_and_nothing_is_kept_for_it(walk, supplier):
    remember(walk, supplier.id, HEADERS, CONFIRMED)
    suppliers.delete(walk.services, walk.workspace_id, supplier.id)
    with pytest.raises(NotFound):
        suppliers.read(walk.services, walk.workspace_id, supplier.id)
    with pytest.raises(NotFound):
        suppliers.delete(walk.services, walk.workspace_id, supplier.id)
    remember(walk, supplier.id, HEADERS, CONFIRMED)
    assert remembered(walk, supplier.id, HEADERS) is None
    again = suppliers.create(walk.services, walk.workspace_id, code="SUPPLIER_A")
    assert remembered(walk, again.id, HEADERS) is None


def test_an_import_goes_on_when_its_supplier_is_deleted(walk):
    job = walk.ready(walk.receive(csv_file([row(1)]), supplier_code="GONE"), MAPPING)
    assert job.supplier_id is not None
    suppliers.delete(walk.services, walk.workspace_id, job.supplier_id)
    assert walk.import_ready(job).counters.created == 1
