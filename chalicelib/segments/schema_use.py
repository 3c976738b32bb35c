"""What segments read of the product schema, and who says so when the schema loses it.

A schema that breaks active segments is replaced only when the caller insists; a confirmed import is never refused for
it. Either way the answer says which segments no longer hold.
"""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from chalicelib.catalog import changes
from chalicelib.catalog.schema import check_defaults, check_fields, check_size
from chalicelib.conditions.definition import parse_definition
from chalicelib.errors import Conflict, InvalidValue
from chalicelib.model.product_schema import ProductSchema, SchemaField
from chalicelib.model.segment import Segment
from chalicelib.services import Services
from chalicelib.store import schemas, segments
from chalicelib.store.postgres import Cursor

_PRICED = frozenset({"price", "multi_price"})
"""Their conditions mean the workspace's currency when they name none."""
_NUMERIC = _PRICED | {"number"}
"""Their conditions may write a number as a text, in the way of the workspace's locale."""


@dataclass(frozen=True, slots=True)
class BrokenSegment:
    """A segment that no longer holds: the fields to blame, and what its definition would be refused with."""

    segment: Segment
    fields: Sequence[str]
    problem: str

    @property
    def warning(self) -> str:
        """For a person, once it has happened."""
        return f"{self._reads}: it no longer holds and keeps the members it has ({self.problem})"

    @property
    def refusal(self) -> str:
        """For a person, before it happens."""
        return f"{self._reads}, which would no longer hold ({self.problem})"

    @property
    def _reads(self) -> str:
        names = " and ".join(f'"{name}"' for name in self.fields)
        verb = "is" if len(self.fields) == 1 else "are"
        return f'{names} {verb} read by the segment "{self.segment.name}" ({self.segment.id})'


@dataclass(frozen=True, slots=True)
class ReplacedSchema:
    """The schema as it is now, and what no longer holds because of it."""

    schema: ProductSchema
    warnings: Sequence[str]


def replace_schema(
    services: Services,
    workspace_id: int,
    fields: Sequence[SchemaField],
    *,
    default_currency: str | None,
    default_locale: str | None,
    force: bool,
) -> ReplacedSchema:
    """The schema with these fields; None keeps the stored currency or locale.

    Raises InvalidValue, and unless ``force`` Conflict when active segments read what would be gone.
    """
    check_size(fields, "fields", most=services.settings.columns)
    check_fields(fields, "fields")
    check_defaults(default_currency, default_locale)
    now = services.now()
    with services.database.workspace(workspace_id) as cursor:
        segments.lock_definitions(cursor, workspace_id)
        stored = schemas.lock(cursor, workspace_id, now=now)
        schema = schemas.replace(
            cursor,
            workspace_id,
            fields,
            default_currency=default_currency or stored.default_currency,
            default_locale=default_locale or stored.default_locale,
            now=now,
        )
        broken = broken_segments(cursor, workspace_id, stored, schema, now=now)
        active = [each for each in broken if each.segment.is_active]
        if active and not force:
            said = "; ".join(each.refusal for each in active)
            raise Conflict(
                "Segments read what the schema would lose.",
                {"fields": f"{said}; send ?force=true to replace it anyway"},
            )
        to_announce = note_read_otherwise(cursor, workspace_id, stored, schema)
    if to_announce:
        changes.announce(services, workspace_id)
    return ReplacedSchema(schema, [each.warning for each in broken])


def broken_segments(
    cursor: Cursor, workspace_id: int, before: ProductSchema, after: ProductSchema, *, now: datetime
) -> list[BrokenSegment]:
    """The segments, active or not, that held by the schema before and do not by the one after, by id."""
    moved = _lost(before, after)
    if not moved:
        return []
    broken = []
    for segment in segments.list_all(cursor, workspace_id):
        blamed = [name for name in segment.reads if name in moved]
        problem = _problem(segment, after, now) if blamed else None
        if problem and not _problem(segment, before, now):
            broken.append(BrokenSegment(segment, blamed, problem))
    return broken


def note_read_otherwise(cursor: Cursor, workspace_id: int, before: ProductSchema, after: ProductSchema) -> bool:
    """Note the fields whose stored values mean something else to conditions now. Whether it should be announced."""
    moved = _lost(before, after) | _lost(after, before)
    if before.default_currency != after.default_currency:
        moved |= _of_types(after.fields, _PRICED)
    if before.default_locale != after.default_locale:
        moved |= _of_types(after.fields, _NUMERIC)
    return bool(moved) and changes.note(cursor, workspace_id, fields=moved)


def _problem(segment: Segment, schema: ProductSchema, now: datetime) -> str | None:
    try:
        parse_definition(segment.definition, schema, now=now)
    except InvalidValue as error:
        return str(error)
    return None


def _lost(before: ProductSchema, after: ProductSchema) -> set[str]:
    """Fields that are gone or of another type."""
    return {
        field.name
        for field in before.fields
        if field.name not in after.by_name or after.by_name[field.name].type != field.type
    }


def _of_types(fields: Iterable[SchemaField], types: Container[str]) -> set[str]:
    return {field.name for field in fields if field.type in types}
