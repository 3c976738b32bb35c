"""What becomes of the products of one write when it is taken back, by what is in the catalogue now. No I/O.

In: the products a chunk of an import made and changed (``store.undo``), those of them that are there, and whom EANs
belong to. Out: a `Step`. The undo and its dry run both go through here: they cannot disagree.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from chalicelib.model.mapping import SKU
from chalicelib.model.row_error import ErrorType, RowError, Severity
from chalicelib.store.undo import ChangedProduct, CreatedProduct, EanOwner, PresentProduct

FindOwners = Callable[[Collection[str]], Mapping[str, EanOwner]]
"""From EANs to the products that hold them, for those that are held."""


@dataclass(frozen=True, slots=True)
class LeftAlone:
    """A product that does not go back, and why."""

    sku: str
    error_type: ErrorType
    message: str

    def finding(self, number: int) -> RowError:
        """As the ledger has it: numbered, and standing in no line of a file."""
        return RowError(number, 0, Severity.WARNING, self.error_type, self.message, SKU, None, self.sku)


@dataclass(slots=True)
class Step:
    """What becomes of the products of one write. ``release`` are those of ``restore`` that lose the EAN they have."""

    remove: list[PresentProduct] = field(default_factory=list)
    restore: list[ChangedProduct] = field(default_factory=list)
    release: list[PresentProduct] = field(default_factory=list)
    left_alone: list[LeftAlone] = field(default_factory=list)

    @property
    def brought_back(self) -> int:
        """Products that are as they were. One that the import had written before is on its way, and counts later."""
        return sum(not each.is_own for each in self.restore)


def decide(
    created: Iterable[CreatedProduct],
    changed: Iterable[ChangedProduct],
    present: Mapping[int, PresentProduct],
    find_owners: FindOwners,
) -> Step:
    """A product goes back if its content is still what the write gave it. Where the import had written it before, the
    earlier write has the word on why it does not.
    """
    step = Step()
    for made in created:
        now = present.get(made.product_id)
        if now is not None and now.version == made.version:
            step.remove.append(now)
        elif now is not None:
            step.left_alone.append(_touched(now.sku, "changed"))
    for was in changed:
        now = present.get(was.product_id)
        if now is not None and now.version == was.version:
            step.restore.append(was)
        elif not was.is_own:
            step.left_alone.append(_touched(was.sku, "changed" if now else "deleted"))
    _settle_eans(step, present, find_owners)
    step.left_alone.sort(key=lambda each: each.sku)
    return step


def _settle_eans(step: Step, present: Mapping[int, PresentProduct], find_owners: FindOwners) -> None:
    """Leave alone what cannot have its EAN back, and with it what was to have the EAN it holds, and so on."""
    moving = {each.product_id: each for each in step.restore if each.ean != present[each.product_id].ean}
    owners = find_owners({each.ean for each in moving.values() if each.ean})
    letting_go = {each.product_id for each in step.remove} | moving.keys()
    blocked = set[int]()
    while stopped := [
        each for each in moving.values() if each.product_id in letting_go and _is_held(each.ean, owners, letting_go)
    ]:
        blocked |= {each.product_id for each in stopped}
        letting_go -= blocked
        step.left_alone += [_ean_taken(each, owners) for each in stopped]
    step.restore = [each for each in step.restore if each.product_id not in blocked]
    step.release = [present[each] for each in moving if each not in blocked and present[each].ean is not None]


def _is_held(ean: str | None, owners: Mapping[str, EanOwner], letting_go: Collection[int]) -> bool:
    """Whether the former EAN of a product is another's, and stays there."""
    owner = owners.get(ean) if ean else None
    return owner is not None and owner.product_id not in letting_go


def _touched(sku: str, how: Literal["changed", "deleted"]) -> LeftAlone:
    left = "as it is" if how == "changed" else "so"
    message = f'"{sku}" was {how} after the import and was left {left}. Where that is not wanted, edit it by hand.'
    return LeftAlone(sku, ErrorType.ALREADY_EXISTS, message)


def _ean_taken(was: ChangedProduct, owners: Mapping[str, EanOwner]) -> LeftAlone:
    assert was.ean is not None
    message = (
        f'"{was.sku}" was left as it is: its former EAN {was.ean} belongs to the product with sku'
        f' "{owners[was.ean].sku}" now. Decide which of them it is, and edit them by hand.'
    )
    return LeftAlone(was.sku, ErrorType.NOT_UNIQUE, message)
