"""The catalogue as it would be after the rows that went before: what a dry run works its rows out against.

Under it lies the catalogue in PostgreSQL, which is only read. Over it lie the products that earlier chunks of the file
would have made and changed, and their claims to keys and values, as if those chunks had been imported in file order.
Memory: some 200 bytes for each row that would be written.
"""

from collections.abc import Iterable, Mapping, Sequence

from chalicelib.imports.plan import ImportPlan
from chalicelib.imports.unique import UniqueValue
from chalicelib.imports.work import Accepted, StoredCatalogue, mark
from chalicelib.store.products import Claim, KnownProduct


class ImaginedCatalogue:
    """What a chunk is worked out against (``work.Catalogue``); ``stored`` is to be set anew for each transaction."""

    def __init__(self, plan: ImportPlan, job_id: int) -> None:
        self.stored: StoredCatalogue | None = None
        self._plan = plan
        self._job_id = job_id
        self._asked: dict[str, KnownProduct] = {}
        self._made: dict[str, KnownProduct] = {}
        self._owners: dict[str, str | None] = {}
        self._claims: dict[str, tuple[int, int]] = {}
        self._first_rows: dict[str, int] = {}

    def known(self, skus: Sequence[str]) -> Mapping[str, KnownProduct]:
        assert self.stored is not None
        found = dict(self.stored.known(skus))
        if self._made:
            found |= {sku: self._made[sku] for sku in skus if sku in self._made}
        self._asked |= found
        return found

    def ean_owners(self, eans: Sequence[str]) -> dict[str, str]:
        assert self.stored is not None
        found: dict[str, str | None] = {**self.stored.ean_owners(eans)}
        found |= {ean: self._owners[ean] for ean in eans if ean in self._owners}
        return {ean: owner for ean, owner in found.items() if owner is not None}

    def claim_rows(self, rows: Iterable[tuple[str, int, int]]) -> Iterable[Claim]:
        claims = []
        for key, number, line in rows:
            previous_row, previous_line = self._claims.get(key, (None, None))
            claims.append(Claim(key, number, previous_row, previous_line))
            self._claims[key] = (number, line)
        return claims

    def first_rows(self, values: Sequence[UniqueValue]) -> Mapping[str, int]:
        return {each.key: self._first_rows.setdefault(each.key, each.row.number) for each in values}

    def is_there(self, sku: str) -> bool:
        """Whether a product that the current chunk asked for is there before it."""
        return sku in self._asked

    def write(self, changed: Iterable[Accepted]) -> None:
        """These are written now; the next chunk begins."""
        keeps_ean = self._plan.keeps_blanks or not self._plan.rows.has_ean
        for row, made in changed:
            before = self._asked.get(made.sku)
            ean = made.ean or (before.ean if before and keeps_ean else None)
            if before and before.ean and before.ean != ean and self._owners.get(before.ean, made.sku) == made.sku:
                self._owners[before.ean] = None
            if ean and not (before and before.ean == ean):
                self._owners[ean] = made.sku
            if not self._plan.keys_are_unique:
                self._made[made.sku] = KnownProduct(mark(row, made), ean, self._job_id)
        self._asked.clear()
