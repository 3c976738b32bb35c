"""Products, one by one and many at once: read, created, changed, deleted, merged by sku.

Every write is one transaction with its outbox entry and its note of what changed; after the commit the mirror hears of
it. ``values`` says what a request means; ``listing`` finds products. Serves ``segops-pim-api``, "Products".
"""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import orjson

from chalicelib.catalog import changes, mirror, pending_eans
from chalicelib.catalog.values import (
    NOTHING,
    Edit,
    has_new_names,
    missing_fields,
    new_fields,
    read_edit,
    read_name,
    read_sku,
    with_fields,
    without_same,
)
from chalicelib.errors import Conflict, InvalidValue, NotFound, PreconditionFailed
from chalicelib.model.mapping import EAN, NAME
from chalicelib.model.product import Product
from chalicelib.model.product_schema import ProductSchema
from chalicelib.services import Services
from chalicelib.store import outbox, products, schemas
from chalicelib.store.postgres import Cursor

BULK_PRODUCTS = 500
_SOURCE = "api"

Given = Mapping[str, Any]
"""Field names with values as a JSON body has them; ``ean`` may be among them."""

Done = TypeVar("Done")


@dataclass(frozen=True, slots=True)
class PrintedProduct:
    """A product and the schema it is printed by."""

    product: Product
    schema: ProductSchema


@dataclass(frozen=True, slots=True)
class BulkItem:
    """One product of a bulk call. ``name`` None leaves the name of an existing product as it is.

    ``problems`` are those found before the engine saw it; such an item is only counted among the errors.
    """

    sku: str
    name: str | None
    given: Given
    problems: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class BulkError:
    """Why an item (``index`` from 0) was not saved: field name to problem."""

    index: int
    sku: str
    problems: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class BulkDone:
    """What a bulk call did. A product that holds everything already is not rewritten, and counts as updated."""

    created: int
    updated: int
    errors: Sequence[BulkError]


@dataclass(frozen=True, slots=True)
class _Committed:
    """What is left to do for a write after its commit; ``work`` None when nothing was written."""

    work: mirror.MirrorWork | None = None
    announce: bool = False


def read(services: Services, workspace_id: int, product_id: int) -> PrintedProduct:
    """Raises NotFound, also for another workspace's."""
    with services.database.workspace(workspace_id) as cursor:
        product = _found(products.read(cursor, workspace_id, product_id), product_id)
        return PrintedProduct(product, schemas.read(cursor, workspace_id))


def create(services: Services, workspace_id: int, *, sku: str, name: str, given: Given) -> PrintedProduct:
    """A new product. Raises InvalidValue (fields of ``data`` as ``data.price``) and Conflict for a taken sku or ean."""
    sku, name = read_sku(sku), read_name(name)

    def work(cursor: Cursor) -> tuple[PrintedProduct, _Committed]:
        schema = _schema_for(services, cursor, workspace_id, [given])
        edit = _edit(given, schema)
        _refuse(missing_fields(edit, schema))
        taken = products.id_of_sku(cursor, workspace_id, sku)
        if taken is not None:
            message = f'the sku "{sku}" is taken by product {taken}; change that one with PATCH'
            raise Conflict(message, {"sku": message})
        _refuse_taken_ean(cursor, workspace_id, edit, sku)
        product, line = products.insert(
            cursor, workspace_id, sku=sku, ean=edit.ean, name=name, data=orjson.dumps(edit.values), source=_SOURCE
        )
        pending_eans.resolve(cursor, workspace_id, [edit.ean] if edit.ean else [])
        committed = _note(cursor, workspace_id, [sku], line, created=1, fields=edit.written | {NAME})
        return PrintedProduct(product, schema), committed

    return _write(services, workspace_id, work)


def change(
    services: Services,
    workspace_id: int,
    product_id: int,
    *,
    name: str | None,
    given: Given,
    sku: str | None = None,
    versions: AbstractSet[int] | None = None,
) -> PrintedProduct:
    """The product with this name (None: as it is) and these fields merged into its own; null removes one.

    Raises NotFound, InvalidValue, Conflict for a taken ean, and PreconditionFailed unless the product is at one of
    ``versions`` (None: at any). A product keeps its sku; one that is given must be its own.
    """
    name = None if name is None else read_name(name)

    def work(cursor: Cursor) -> tuple[PrintedProduct, _Committed]:
        schema = _schema_for(services, cursor, workspace_id, [given])
        stored = _found(products.lock(cursor, workspace_id, product_id), product_id)
        _refuse_other_version(stored, versions)
        if sku is not None and sku.strip() != stored.sku:
            raise InvalidValue({"sku": f'a product keeps its sku, and this one\'s is "{stored.sku}"'})
        edit = _edit(without_same(given, stored.data, schema), schema)
        _refuse_taken_ean(cursor, workspace_id, edit, stored.sku)
        changed = products.change(
            cursor,
            workspace_id,
            product_id,
            name=name or stored.name,
            ean=edit.ean if edit.speaks_of_ean else stored.ean,
            data=orjson.dumps(edit.values),
            removed=edit.removed,
        )
        if changed is None:
            return PrintedProduct(stored, schema), _Committed()
        product, line = changed
        pending_eans.resolve(cursor, workspace_id, [edit.ean] if edit.ean else [])
        fields = edit.written | ({NAME} if name else set())
        return PrintedProduct(product, schema), _note(cursor, workspace_id, [product.sku], line, fields=fields)

    return _write(services, workspace_id, work)


def delete(services: Services, workspace_id: int, product_id: int, *, versions: AbstractSet[int] | None = None) -> None:
    """Take a product away. Raises NotFound, and PreconditionFailed as ``change`` does."""
    with services.database.workspace(workspace_id) as cursor:
        _found(products.read(cursor, workspace_id, product_id), product_id)

    def work(cursor: Cursor) -> tuple[None, _Committed]:
        products.bar_inserts(cursor, workspace_id)
        stored = _found(products.lock(cursor, workspace_id, product_id), product_id)
        _refuse_other_version(stored, versions)
        tombstone = products.delete(cursor, workspace_id, product_id)
        announce = changes.note(cursor, workspace_id, deleted=1)
        line = outbox.lines(cursor, workspace_id, tombstone)
        return None, _Committed(mirror.MirrorWork(tombstone, line), announce)

    _write(services, workspace_id, work)


def _write(services: Services, workspace_id: int, work: Callable[[Cursor], tuple[Done, _Committed]]) -> Done:
    """Do it in one transaction, again when another stood in its way; then tell the mirror and the segments."""
    done, committed = services.database.retrying(workspace_id, work)
    if committed.work:
        mirror.send(services, workspace_id, committed.work)
    if committed.announce:
        changes.announce(services, workspace_id)
    return done


def _note(
    cursor: Cursor,
    workspace_id: int,
    skus: Sequence[str],
    lines: bytes,
    *,
    created: int = 0,
    fields: AbstractSet[str],
) -> _Committed:
    entry_id = outbox.add(cursor, workspace_id, skus)
    announce = changes.note(cursor, workspace_id, created=created, fields=fields | {"updated_at"})
    return _Committed(mirror.MirrorWork(entry_id, lines), announce)


def _found(product: Product | None, product_id: int) -> Product:
    if product is None:
        raise NotFound(f"There is no product {product_id}.")
    return product


def _refuse(problems: Mapping[str, str]) -> None:
    """Raise InvalidValue for problems of fields, named as the body names them."""
    if problems:
        raise InvalidValue(_named(problems))


def _named(problems: Mapping[str, str]) -> dict[str, str]:
    """Problems by the place of their field in the body; the ean is the product's own, wherever it stood."""
    return {name if name == EAN else f"data.{name}": problem for name, problem in problems.items()}


def _refuse_other_version(stored: Product, versions: AbstractSet[int] | None) -> None:
    if versions is not None and stored.version not in versions:
        raise PreconditionFailed("The product was changed since you read it: read it again and decide anew.")


def _refuse_taken_ean(cursor: Cursor, workspace_id: int, edit: Edit, sku: str) -> None:
    """Raise Conflict when another product has the ean."""
    if edit.ean is None:
        return
    owner = products.ean_owners(cursor, workspace_id, [edit.ean]).get(edit.ean, sku)
    if owner != sku:
        raise Conflict(_taken_ean(edit.ean, owner), {EAN: _taken_ean(edit.ean, owner)})


def _taken_ean(ean: str, owner: str) -> str:
    return f'the EAN {ean} belongs to the product with sku "{owner}"'


def _edit(given: Given, schema: ProductSchema) -> Edit:
    try:
        return read_edit(given, schema)
    except InvalidValue as error:
        raise InvalidValue(_named(error.fields)) from error


def _schema_for(services: Services, cursor: Cursor, workspace_id: int, many: Sequence[Given]) -> ProductSchema:
    """The schema, with a new field for every name it did not know. Held while it is added to, so that two calls at once
    both keep their fields.
    """
    schema = schemas.read(cursor, workspace_id)
    if not new_fields(many, schema):
        return schema
    schema = schemas.lock(cursor, workspace_id, now=services.now())
    added = new_fields(many, schema)
    most = services.settings.columns
    if len(schema.fields) + len(added) > most:
        raise InvalidValue({added[-1].name: f"a schema may have {most} fields, and this would be one more"})
    return schemas.replace(
        cursor,
        workspace_id,
        with_fields(schema, added).fields,
        default_currency=schema.default_currency,
        default_locale=schema.default_locale,
        now=services.now(),
    )


# Many at once ---------------------------------------------------------------------------------------------------------


def bulk(services: Services, workspace_id: int, items: Sequence[BulkItem]) -> BulkDone:
    """Create or change up to 500 products by sku, in the order given; what is wrong with one leaves the others alone.

    Raises InvalidValue for more than that.
    """
    if len(items) > BULK_PRODUCTS:
        raise InvalidValue({"products": f"at most {BULK_PRODUCTS} products a call; these are {len(items)}"})

    def work(cursor: Cursor) -> tuple[BulkDone, _Committed]:
        return _Bulk(services, cursor, workspace_id, items).done()

    return _write(services, workspace_id, work)


class _Bulk:
    """One bulk call at work in its transaction."""

    def __init__(self, services: Services, cursor: Cursor, workspace_id: int, items: Sequence[BulkItem]) -> None:
        self._services = services
        self._cursor = cursor
        self._workspace_id = workspace_id
        self._errors: dict[int, BulkError] = {}
        self._items = dict(enumerate(items))

    def done(self) -> tuple[BulkDone, _Committed]:
        edits = self._edits()
        products.share_inserts(self._cursor, self._workspace_id)
        merged, updates = self._merged(edits)
        written = products.merge(
            self._cursor, self._workspace_id, {sku: each.as_json() for sku, each in merged.items()}, source=_SOURCE
        )
        created = len(written.created)
        done = BulkDone(created, updates - created, [self._errors[index] for index in sorted(self._errors)])
        if not written.written:
            return done, _Committed()
        eans = [merged[sku].edit.ean for sku in written.written]
        pending_eans.resolve(self._cursor, self._workspace_id, [ean for ean in eans if ean])
        fields = frozenset[str]().union(*(merged[sku].written for sku in written.written))
        return done, _note(
            self._cursor,
            self._workspace_id,
            written.written,
            written.mirror_lines,
            created=created,
            fields=fields,
        )

    def _refuse(self, index: int, problems: Mapping[str, str]) -> None:
        self._errors[index] = BulkError(index, self._items[index].sku, problems)

    def _edits(self) -> dict[int, Edit]:
        """What the sound items write. Only they bring new fields: those of a refused one are not wanted."""
        for index, item in self._items.items():
            if item.problems:
                self._refuse(index, item.problems)
        schema = schemas.read(self._cursor, self._workspace_id)
        everything = [item.given for item in self._items.values()]
        if has_new_names(everything, schema):
            tentative = with_fields(schema, new_fields(everything, schema))
            sound = self._read(tentative)
            schema = _schema_for(
                self._services, self._cursor, self._workspace_id, [self._items[index].given for index in sound]
            )
        self._schema = schema
        return self._read(schema)

    def _read(self, schema: ProductSchema) -> dict[int, Edit]:
        edits = {}
        for index, item in self._items.items():
            if index in self._errors:
                continue
            try:
                edits[index] = read_edit(item.given, schema)
            except InvalidValue as error:
                self._refuse(index, error.fields)
        return edits

    def _merged(self, edits: Mapping[int, Edit]) -> tuple[dict[str, "_Merge"], int]:
        """One merge a sku, made of its items in order, and how many items were taken."""
        skus = [self._items[index].sku for index in edits]
        there = products.known(self._cursor, self._workspace_id, skus).keys()
        eans = [edit.ean for edit in edits.values() if edit.ean]
        owners = products.ean_owners(self._cursor, self._workspace_id, eans)
        merged: dict[str, _Merge] = {}
        taken = 0
        for index, edit in edits.items():
            item = self._items[index]
            problems = {} if item.sku in there or item.sku in merged else self._lacks(item, edit)
            if edit.ean and owners.get(edit.ean, item.sku) != item.sku:
                problems = {**problems, EAN: _taken_ean(edit.ean, owners[edit.ean])}
            if problems:
                self._refuse(index, problems)
                continue
            if edit.ean:
                owners[edit.ean] = item.sku
            merged[item.sku] = merged.get(item.sku, _Merge()).then(item.name, edit)
            taken += 1
        return merged, taken

    def _lacks(self, item: BulkItem, edit: Edit) -> dict[str, str]:
        """What keeps an item from becoming a new product."""
        unnamed = {} if item.name else {NAME: "a new product needs a name, and this one has none"}
        return {**unnamed, **missing_fields(edit, self._schema)}


@dataclass(frozen=True, slots=True)
class _Merge:
    """What is written to one sku; ``name`` empty leaves it as it is."""

    name: str = ""
    edit: Edit = NOTHING

    def then(self, name: str | None, edit: Edit) -> "_Merge":
        return replace(self, name=name or self.name, edit=self.edit.then(edit))

    @property
    def written(self) -> frozenset[str]:
        return self.edit.written | ({NAME} if self.name else set())

    def as_json(self) -> dict[str, Any]:
        spoken = {EAN: self.edit.ean} if self.edit.speaks_of_ean else {}
        return {"name": self.name, "data": self.edit.values, "removed": sorted(self.edit.removed), **spoken}
