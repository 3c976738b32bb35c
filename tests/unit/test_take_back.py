"""What becomes of the products of one write when it is taken back."""

from collections.abc import Collection, Mapping, Sequence

import pytest

from chalicelib.imports.take_back import Step, decide
from chalicelib.model.row_error import ErrorType
from chalicelib.store.undo import ChangedProduct, CreatedProduct, EanOwner, PresentProduct

GIVEN, OLD, NEWER = 20, 10, 30
"""Versions: of the write, of before it, and of somebody else since."""


def was(product_id: int, ean: str | None = None, *, is_own: bool = False) -> ChangedProduct:
    return ChangedProduct(product_id, GIVEN, OLD, f"S{product_id}", ean, is_own)


def now(product_id: int, ean: str | None = None, *, version: int = GIVEN) -> PresentProduct:
    return PresentProduct(product_id, f"S{product_id}", ean, version)


def decided(
    present: Sequence[PresentProduct],
    *,
    created: Sequence[int] = (),
    changed: Sequence[ChangedProduct] = (),
    others: Sequence[PresentProduct] = (),
) -> Step:
    """``others`` are products of the catalogue that the write has nothing to do with."""
    owners = {each.ean: EanOwner(each.product_id, each.sku) for each in [*present, *others] if each.ean}

    def find_owners(eans: Collection[str]) -> Mapping[str, EanOwner]:
        return {ean: owners[ean] for ean in eans if ean in owners}

    made = [CreatedProduct(each, GIVEN) for each in created]
    return decide(made, changed, {each.product_id: each for each in present}, find_owners)


def told(step: Step) -> list[tuple[str, ErrorType]]:
    return [(each.sku, each.error_type) for each in step.left_alone]


@pytest.mark.parametrize(
    ("present", "removed", "left_alone"),
    [
        ([now(1)], [1], []),
        ([now(1, version=NEWER)], [], [("S1", ErrorType.ALREADY_EXISTS)]),
        ([], [], []),
    ],
)
def test_a_product_that_was_made_goes_unless_it_was_touched_or_has_gone(present, removed, left_alone):
    step = decided(present, created=[1])
    assert [each.product_id for each in step.remove] == removed
    assert told(step) == left_alone


@pytest.mark.parametrize(
    ("present", "is_own", "restored", "brought_back", "left_alone"),
    [
        ([now(1)], False, [1], 1, []),
        ([now(1, version=NEWER)], False, [], 0, [("S1", ErrorType.ALREADY_EXISTS)]),
        ([], False, [], 0, [("S1", ErrorType.ALREADY_EXISTS)]),
        ([now(1)], True, [1], 0, []),
        ([now(1, version=NEWER)], True, [], 0, []),
        ([], True, [], 0, []),
    ],
)
def test_a_product_that_was_changed_goes_back_and_the_first_write_of_it_has_the_word(
    present, is_own, restored, brought_back, left_alone
):
    step = decided(present, changed=[was(1, is_own=is_own)])
    assert [each.product_id for each in step.restore] == restored
    assert step.brought_back == brought_back
    assert told(step) == left_alone


@pytest.mark.parametrize(
    ("present", "created", "changed", "others", "restored", "released", "left_alone"),
    [
        pytest.param([now(1, "A")], [], [was(1, "A")], [], [1], [], [], id="kept"),
        pytest.param([now(1, "B")], [], [was(1, "A")], [], [1], [1], [], id="free"),
        pytest.param([now(1, "B")], [], [was(1)], [], [1], [1], [], id="had none"),
        pytest.param([now(1)], [], [was(1, "A")], [now(9, "A")], [], [], ["S1"], id="taken"),
        pytest.param([now(1, "B"), now(2, "A")], [], [was(1, "A"), was(2, "B")], [], [1, 2], [1, 2], [], id="swapped"),
        pytest.param([now(1), now(2, "A")], [2], [was(1, "A")], [], [1], [], [], id="given to a new one"),
        pytest.param(
            [now(1, "B"), now(2, "C"), now(3, "D")],
            [],
            [was(1, "A"), was(2, "B"), was(3, "C")],
            [now(9, "A")],
            [],
            [],
            ["S1", "S2", "S3"],
            id="each holds the place of the next",
        ),
        pytest.param(
            [now(1), now(2, "A", version=NEWER)], [2], [was(1, "A")], [], [], [], ["S1", "S2"], id="owner was touched"
        ),
    ],
)
def test_a_product_goes_back_only_with_its_ean(present, created, changed, others, restored, released, left_alone):
    step = decided(present, created=created, changed=changed, others=others)
    assert [each.product_id for each in step.restore] == restored
    assert [each.product_id for each in step.release] == released
    assert [sku for sku, _ in told(step)] == left_alone


def test_a_finding_names_the_product_and_who_has_its_ean():
    step = decided([now(1)], changed=[was(1, "A")], others=[now(9, "A")])
    finding = step.left_alone[0].finding(7)
    assert (finding.row_number, finding.line, finding.field, finding.raw_value) == (7, 0, "sku", "S1")
    assert 'EAN A belongs to the product with sku "S9" now' in finding.message
