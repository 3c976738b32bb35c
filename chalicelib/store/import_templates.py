"""Import templates and their versions (``import_templates.sql``)."""

from datetime import datetime
from uuid import UUID

from psycopg.types.json import Json, Jsonb

from chalicelib.model.import_template import Content, ListedTemplate, Template
from chalicelib.store.postgres import Cursor
from chalicelib.store.sql import load_statements

_SQL = load_statements("import_templates.sql")


def read(cursor: Cursor, workspace_id: int, template_id: UUID, version: int | None = None) -> Template | None:
    """The template at this version, or at its newest."""
    cursor.execute(_SQL["read"], {"workspace_id": workspace_id, "template_id": template_id, "version": version})
    row = cursor.fetchone()
    return None if row is None else Template(*row)


def lock(cursor: Cursor, workspace_id: int, template_id: UUID) -> Template | None:
    """The template at its newest version; nobody else changes it until the transaction ends."""
    cursor.execute(_SQL["lock"], {"workspace_id": workspace_id, "template_id": template_id})
    return read(cursor, workspace_id, template_id)


def owner_of(cursor: Cursor, workspace_id: int, name: str) -> UUID | None:
    """The template of this name."""
    cursor.execute(_SQL["owner_of"], {"workspace_id": workspace_id, "name": name})
    row = cursor.fetchone()
    return None if row is None else row[0]


def create(
    cursor: Cursor,
    workspace_id: int,
    template_id: UUID,
    *,
    name: str,
    supplier_id: UUID | None,
    content: Content,
    now: datetime,
) -> bool:
    """Make a template with its first version. False when the name is taken."""
    cursor.execute(
        _SQL["create"],
        {
            "workspace_id": workspace_id,
            "template_id": template_id,
            "name": name,
            "supplier_id": supplier_id,
            "now": now,
        },
    )
    if cursor.fetchone() is None:
        return False
    _add_version(cursor, workspace_id, template_id, 1, content, now)
    return True


def change(
    cursor: Cursor,
    workspace_id: int,
    template: Template,
    *,
    name: str,
    supplier_id: UUID | None,
    content: Content | None,
    now: datetime,
) -> None:
    """Change a template that is held locked; a content makes a new version, None keeps what there is. A taken name is
    psycopg's UniqueViolation.
    """
    version = template.latest_version + (content is not None)
    cursor.execute(
        _SQL["change"],
        {
            "workspace_id": workspace_id,
            "template_id": template.id,
            "name": name,
            "supplier_id": supplier_id,
            "version": version,
            "now": now,
        },
    )
    if content is not None:
        _add_version(cursor, workspace_id, template.id, version, content, now)


def delete(cursor: Cursor, workspace_id: int, template_id: UUID) -> bool:
    """Whether it was there."""
    cursor.execute(_SQL["delete"], {"workspace_id": workspace_id, "template_id": template_id})
    return cursor.fetchone() is not None


def page(
    cursor: Cursor, workspace_id: int, *, supplier_code: str | None, search: str, limit: int, offset: int
) -> tuple[list[ListedTemplate], int]:
    """A page of those whose name holds a text in any case, by name, and how many there are in all."""
    asked = {"workspace_id": workspace_id, "supplier_code": supplier_code, "search": search}
    cursor.execute(_SQL["count"], asked)
    count = cursor.fetchone()
    assert count is not None
    cursor.execute(_SQL["page"], {**asked, "limit": limit, "offset": offset})
    return [ListedTemplate(*row) for row in cursor], int(count[0])


def _add_version(
    cursor: Cursor, workspace_id: int, template_id: UUID, version: int, content: Content, now: datetime
) -> None:
    cursor.execute(
        _SQL["add_version"],
        {
            "workspace_id": workspace_id,
            "template_id": template_id,
            "version": version,
            "mapping": Json(dict(content.mapping)),
            "rules": Jsonb(dict(content.rules)),
            "options": Jsonb(dict(content.options)),
            "reading": Jsonb(dict(content.reading)),
            "transforms": Json(dict(content.transforms)),
            "now": now,
        },
    )
