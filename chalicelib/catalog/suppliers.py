"""Suppliers: kept by people, found or made by the files that name them, and remembered by how their files were mapped.

Shared spec, section 1 "Suppliers and templates". A code is what products carry: changing or deleting a supplier leaves
those that were imported as they are.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson

from chalicelib.errors import Conflict, InvalidValue, NotFound
from chalicelib.ids import make_job_uuid
from chalicelib.model.mapping import Learned
from chalicelib.model.supplier import CODE_CHARACTERS, NAME_CHARACTERS, Supplier
from chalicelib.services import Services
from chalicelib.store import suppliers
from chalicelib.store.postgres import Cursor
from chalicelib.suggest import normalise_header


@dataclass(frozen=True, slots=True)
class SuppliersPage:
    """A page of suppliers, by code, and how many there are in all."""

    suppliers: Sequence[Supplier]
    count: int


def listing(services: Services, workspace_id: int, *, page: int, per_page: int, search: str = "") -> SuppliersPage:
    """Page ``page`` (from 1) of the suppliers whose code or name holds ``search``, in any case."""
    with services.database.workspace(workspace_id) as cursor:
        return SuppliersPage(
            *suppliers.page(cursor, workspace_id, search, limit=per_page, offset=(page - 1) * per_page)
        )


def read(services: Services, workspace_id: int, supplier_id: UUID) -> Supplier:
    """One supplier. Raises NotFound, also for another workspace's."""
    with services.database.workspace(workspace_id) as cursor:
        return _found(suppliers.read(cursor, workspace_id, supplier_id), supplier_id)


def create(services: Services, workspace_id: int, *, code: str, name: str = "") -> Supplier:
    """A new supplier. Raises InvalidValue, and Conflict for a taken code."""
    code, name, now = _read_code(code, "code"), _read_name(name), services.now()
    with services.database.workspace(workspace_id) as cursor:
        made = suppliers.create(
            cursor,
            workspace_id,
            _new_id(now, services.random_bits),
            code=code,
            name=name,
            is_stub=False,
            now=now,
        )
    if made is None:
        raise _taken(code)
    return made


def change(
    services: Services, workspace_id: int, supplier_id: UUID, *, code: str | None = None, name: str | None = None
) -> Supplier:
    """The supplier as changed, a stub no longer; None: as it is. Raises NotFound, InvalidValue and Conflict."""
    code = None if code is None else _read_code(code, "code")
    name = None if name is None else _read_name(name)

    def work(cursor: Cursor) -> Supplier:
        old = _found(suppliers.lock(cursor, workspace_id, supplier_id), supplier_id)
        new_code = old.code if code is None else code
        owner = suppliers.by_code(cursor, workspace_id, new_code)
        if owner is not None and owner.id != supplier_id:
            raise _taken(new_code)
        new_name = old.name if name is None else name
        changed = suppliers.change(cursor, workspace_id, supplier_id, code=new_code, name=new_name, now=services.now())
        return _found(changed, supplier_id)

    return services.database.retrying(workspace_id, work)


def delete(services: Services, workspace_id: int, supplier_id: UUID) -> None:
    """Take a supplier away with what was remembered of its files. Raises NotFound."""
    with services.database.workspace(workspace_id) as cursor:
        if not suppliers.delete(cursor, workspace_id, supplier_id):
            raise _unknown(supplier_id)


def resolve(
    cursor: Cursor,
    workspace_id: int,
    *,
    code: str | None,
    supplier_id: UUID | None,
    now: datetime,
    random: Callable[[], int],
) -> Supplier | None:
    """Whom a file is from; a code that nobody has makes a stub. None when neither is said.

    Raises NotFound for an unknown id, and InvalidValue for a code that cannot be or two different suppliers.
    """
    code = (code or "").strip() or None
    if supplier_id is not None:
        named = _found(suppliers.read(cursor, workspace_id, supplier_id), supplier_id)
        if code is not None and code != named.code:
            message = f'is the supplier with the code "{named.code}", and supplier_code names another: send one of them'
            raise InvalidValue({"supplier_id": message})
        return named
    if code is None:
        return None
    code = _read_code(code, "supplier_code")
    return (
        suppliers.by_code(cursor, workspace_id, code)
        or suppliers.create(cursor, workspace_id, _new_id(now, random), code=code, name="", is_stub=True, now=now)
        # Another upload of the same moment was first.
        or suppliers.by_code(cursor, workspace_id, code)
    )


def find(cursor: Cursor, workspace_id: int, code: str) -> Supplier | None:
    """The supplier with this code, if there is one already. Raises InvalidValue for a code that cannot be."""
    code = code.strip()
    return suppliers.by_code(cursor, workspace_id, _read_code(code, "supplier_code")) if code else None


def mapping_for(
    cursor: Cursor, workspace_id: int, supplier_id: UUID, headers: Sequence[str]
) -> Mapping[str, Learned] | None:
    """Each header as in the supplier's last file of these columns it was confirmed, in any order and however they are
    spaced and cased; None: there was none.
    """
    confirmed = suppliers.mapping(cursor, workspace_id, supplier_id, _headers_key(headers))
    if confirmed is None:
        return None
    return {header: confirmed[key] for header in headers if (key := normalise_header(header)) in confirmed}


def remember_mapping(
    cursor: Cursor,
    workspace_id: int,
    supplier_id: UUID,
    headers: Sequence[str],
    confirmed: Mapping[str, Learned],
    now: datetime,
) -> None:
    """Keep what the columns of a file were confirmed as, by header, for the supplier's next file with the same ones."""
    by_key = {normalise_header(header): learned for header, learned in confirmed.items()}
    suppliers.remember(cursor, workspace_id, supplier_id, _headers_key(headers), by_key, now=now)


def _headers_key(headers: Iterable[str]) -> str:
    """A name for the set of these headers."""
    return hashlib.sha256(orjson.dumps(sorted({normalise_header(header) for header in headers}))).hexdigest()


def _read_code(text: str, name: str) -> str:
    code = text.strip()
    if not code or len(code) > CODE_CHARACTERS or not code.isprintable():
        raise InvalidValue({name: f"a code of 1 to {CODE_CHARACTERS} characters, none of them a control character"})
    return code


def _read_name(text: str) -> str:
    name = text.strip()
    if len(name) > NAME_CHARACTERS or "\0" in name:
        raise InvalidValue({"name": f"a name of at most {NAME_CHARACTERS} characters"})
    return name


def _new_id(now: datetime, random: Callable[[], int]) -> UUID:
    return make_job_uuid(int(now.timestamp() * 1000), random())


def _found(supplier: Supplier | None, supplier_id: UUID) -> Supplier:
    if supplier is None:
        raise _unknown(supplier_id)
    return supplier


def _unknown(supplier_id: UUID) -> NotFound:
    return NotFound(f"There is no supplier {supplier_id}.")


def _taken(code: str) -> Conflict:
    message = f'the code "{code}" is taken by another supplier'
    return Conflict(message, {"code": message})
