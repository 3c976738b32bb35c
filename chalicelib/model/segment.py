"""A segment: a definition that cuts the catalogue, and the set of products it was last computed to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from chalicelib.model.product import Product
from chalicelib.model.product_schema import ProductSchema

REFRESH_LEAST_MINUTES = 5
REFRESH_MOST_MINUTES = 525_600
REFRESH_DEFAULT_MINUTES = 60
NAME_CHARACTERS = 200


class SegmentStatus(StrEnum):
    """Where a segment stands between what was asked for and what was done."""

    NEVER_COMPUTED = "never_computed"
    QUEUED = "queued"
    """A compute was asked for and has not begun."""
    COMPUTING = "computing"
    READY = "ready"
    OUTDATED = "outdated"
    """The set is one of an earlier definition; the next compute makes it that of the present one."""
    FAILED = "failed"
    """The last compute failed; the set before it is still there."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment as stored.

    Attributes:
        definition: as it was sent.
        definition_version: rises with each other definition; computed_definition is the one the current set is of.
        reads: the properties its conditions read; members_of: the segments whose members it reads.
        refresh_interval: minutes; 0: by hand only.
        due_at: when the clock asks for it next; None: never by itself.
        current_compute: the compute whose members are read; None: never computed.
        requested, answered: counts; there is work while the first is ahead.
        running_compute, running_request, lease_until: the compute that is at it, what it answers, and until when it is
            believed to be alive.
    """

    workspace_id: int
    id: int
    name: str
    description: str
    is_active: bool
    definition: Any
    definition_version: int
    reads: Sequence[str]
    members_of: Sequence[int]
    refresh_interval: int
    due_at: datetime | None
    current_compute: int | None
    computed_definition: int | None
    computed_count: int
    last_computed_at: datetime | None
    requested: int
    answered: int
    running_compute: int | None
    running_request: int | None
    lease_until: datetime | None
    last_error: str
    created_at: datetime
    updated_at: datetime

    def status(self, now: datetime) -> SegmentStatus:
        """Where it stands at this moment."""
        if self.running_compute is not None and self.lease_until is not None and self.lease_until > now:
            return SegmentStatus.COMPUTING
        if self.requested > self.answered:
            return SegmentStatus.QUEUED
        if self.last_error:
            return SegmentStatus.FAILED
        if self.current_compute is None:
            return SegmentStatus.NEVER_COMPUTED
        of_this_definition = self.computed_definition == self.definition_version
        return SegmentStatus.READY if of_this_definition else SegmentStatus.OUTDATED

    @property
    def refreshes_itself(self) -> bool:
        """Whether clock and changes ask for it: it is active, and not by hand only."""
        return self.is_active and self.refresh_interval > 0


@dataclass(frozen=True, slots=True)
class Membership:
    """One finished compute: its place among the segment's computes (from 0), how many members, and when."""

    compute: int
    ordinal: int
    member_count: int
    finished_at: datetime
    replaced_at: datetime | None


@dataclass(frozen=True, slots=True)
class SegmentNode:
    """A segment among those that read each other's members."""

    id: int
    name: str
    members_of: Sequence[int]


@dataclass(frozen=True, slots=True)
class ComputedSegment:
    """A segment that has a set, and the compute that holds it."""

    id: int
    name: str
    compute: int
    last_computed_at: datetime


@dataclass(frozen=True, slots=True)
class Preview:
    """How many products match, the first of their skus in order, and the statement with the values bound to it."""

    matched_count: int
    sample_skus: Sequence[str]
    sql: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MembersPage:
    """A page of one compute's members, in sku order, with the schema they are printed by.

    ``count`` is how many were computed, ``next_cursor`` None on the last page.
    """

    count: int
    members: Sequence[Product]
    next_cursor: int | None
    last_computed_at: datetime | None
    schema: ProductSchema


@dataclass(frozen=True, slots=True)
class ExplainedCondition:
    """A condition, what the product holds there (``seen``; None: nothing), and what it came to."""

    path: str
    type: str
    property: str | None
    operator: str
    value: Any
    seen: Any
    result: bool


@dataclass(frozen=True, slots=True)
class ExplainedGroup:
    """A group by its logic (AND, OR), or a negation (NOT), and what it came to."""

    path: str
    logic: str
    result: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a definition says of one product, and whether the current set holds it."""

    sku: str
    matches: bool
    in_computed_set: bool
    conditions: Sequence[ExplainedCondition]
    groups: Sequence[ExplainedGroup]


def refuse_refresh_interval(minutes: int) -> str | None:
    """What is wrong with an interval, or None."""
    if minutes == 0 or REFRESH_LEAST_MINUTES <= minutes <= REFRESH_MOST_MINUTES:
        return None
    return f"minutes: {REFRESH_LEAST_MINUTES} to {REFRESH_MOST_MINUTES}, or 0 to have it computed by hand only"


def next_due(now: datetime, *, is_active: bool, refresh_interval: int, known: bool) -> datetime | None:
    """When the clock asks next, for a set that is known (computed from this definition) as of ``now`` or is not."""
    if not is_active or refresh_interval == 0:
        return None
    return now + timedelta(minutes=refresh_interval) if known else now


def circle(start: SegmentNode, others: Iterable[SegmentNode]) -> list[SegmentNode] | None:
    """The way from ``start`` over the segments it reads back to itself, both ends included, or None.

    ``others`` are the workspace's segments; an older ``start`` among them does not count.
    """
    by_id = {each.id: each for each in others} | {start.id: start}
    seen: set[int] = set()
    ways = [[start]]
    while ways:
        way = ways.pop()
        for node in (by_id[each] for each in way[-1].members_of if each in by_id):
            if node.id == start.id:
                return [*way, node]
            if node.id not in seen:
                seen.add(node.id)
                ways.append([*way, node])
    return None
