"""What a definition says, checked against the workspace as it is: its schema and its other segments.

Shared spec, section 3 "Segments": a wrong property, operator or value is refused by its path, at save and at preview.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.conditions.compile import Where, compile_where
from chalicelib.conditions.definition import Node, leaves, parse_definition, reads, segments_read
from chalicelib.errors import InvalidValue
from chalicelib.model.product_schema import ProductSchema
from chalicelib.model.segment import SegmentNode, circle
from chalicelib.store import segments
from chalicelib.store.postgres import Cursor


@dataclass(frozen=True, slots=True)
class Understood:
    """A definition that holds.

    Attributes:
        node: its conditions.
        memberships: the segments whose members it reads, with the compute that holds them now; None: nobody yet.
    """

    node: Node
    memberships: Mapping[int, int | None]

    @property
    def reads(self) -> list[str]:
        """The properties its conditions read, in order."""
        return sorted(reads(self.node))

    @property
    def where(self) -> Where:
        """It compiled."""
        return compile_where(self.node, memberships=self.memberships)


def understand(
    cursor: Cursor, workspace_id: int, definition: Any, schema: ProductSchema, *, now: datetime, path: str
) -> Understood:
    """The definition by this schema; ``path`` is where it stands in the request, empty when it is the request.

    Raises InvalidValue with the path of each condition that cannot be.
    """
    node = parse_definition(definition, schema, now=now, path=path)
    wanted = segments_read(node)
    known = segments.memberships(cursor, workspace_id, wanted) if wanted else {}
    if missing := wanted - known.keys():
        raise InvalidValue(
            {
                place: f"there is no segment {' or '.join(map(str, sorted(ids)))}"
                for place, ids in _where_read(node, missing, path)
            }
        )
    return Understood(node, known)


def refuse_circle(start: SegmentNode, node: Node, others: Iterable[SegmentNode], *, path: str) -> None:
    """Raise InvalidValue when a segment with these conditions would read its own members, also through others."""
    way = circle(start, others)
    if way is None:
        return
    names = " → ".join(f'"{each.name}" ({each.id})' for each in way)
    problem = f"the segment would read its own members: {names}"
    raise InvalidValue({place: problem for place, _ in _where_read(node, {way[1].id}, path)})


def _where_read(node: Node, wanted: Iterable[int], path: str) -> Iterator[tuple[str, set[int]]]:
    """The paths at which some of these segments are read, and which."""
    for place, leaf in leaves(node, path):
        if found := segments_read(leaf) & set(wanted):
            yield f"{place}.value".lstrip("."), set(found)
