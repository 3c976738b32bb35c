"""SegOps' ``/api/product-segments`` (``segops-pim-api``, "Product Segments")."""

from datetime import datetime
from typing import Any

from chalice.app import Blueprint
from pydantic import BaseModel, ConfigDict, Field

from chalicelib.api.definition_bodies import Definition
from chalicelib.api.endpoint import Answer, Call, checked, endpoint, number_of
from chalicelib.dialects import segops, segops_segments
from chalicelib.model.segment import REFRESH_DEFAULT_MINUTES, SegmentStatus
from chalicelib.segments import manage, members
from chalicelib.segments.ask import request
from chalicelib.segments.explain import explain
from chalicelib.segments.manage import SegmentChange
from chalicelib.segments.preview import preview

blueprint = Blueprint(__name__)

_TAG = "Product Segments"
_PAGE_SIZE = 50
_PAGE_SIZE_MOST = 1_000
_CURSOR_MOST = 10**18 - 1
_SAMPLE = 10
_SAMPLE_MOST = 100

_DEFINITION: dict[str, Any] = {
    "logic": "AND",
    "conditions": [
        {
            "type": "product_attribute",
            "property": "category",
            "operator": "eq",
            "value": "running",
            "value_type": "string",
        },
        {
            "type": "product_attribute",
            "property": "price",
            "operator": "lte",
            "value": 150,
            "value_type": "number",
        },
    ],
}
_SEGMENT: dict[str, Any] = {
    "id": 1,
    "name": "Running shoes under $150",
    "description": "...",
    "is_active": True,
    "definition": _DEFINITION,
    "computed_count": 243,
    "last_computed_at": "2026-05-03T12:00:00Z",
    "refresh_interval": 60,
    "created_at": "2026-05-03T10:00:00Z",
    "updated_at": "2026-05-03T10:00:00Z",
    "status": "ready",
    "last_error": "",
    "next_refresh_at": "2026-05-03T13:00:00Z",
}
_EVERY_MINUTES = "Minutes between two refreshes, at least 5; 0: computed by hand only."


def _example(value: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [value]})


def _request_example(value: dict[str, Any]) -> ConfigDict:
    return ConfigDict(extra="ignore", strict=True, json_schema_extra={"examples": [value]})


class SegmentBody(BaseModel):
    """A new segment."""

    model_config = _request_example(
        {
            "name": "Running shoes under $150",
            "description": "Optional",
            "is_active": False,
            "definition": _DEFINITION,
        }
    )

    name: str = Field(min_length=1, max_length=200)
    description: str = ""
    is_active: bool = Field(default=True, description="Inactive segments are computed by hand only.")
    definition: Definition = Field(description="Which products belong: conditions, grouped by AND and OR.")
    refresh_interval: int = Field(default=REFRESH_DEFAULT_MINUTES, ge=0, description=_EVERY_MINUTES)

    def to_change(self) -> SegmentChange:
        return SegmentChange(**self.model_dump())


class SegmentPatch(BaseModel):
    """What is to be another; what is left out stays."""

    model_config = _request_example({"name": "Running shoes", "is_active": True})

    name: str = Field(default_factory=str, min_length=1, max_length=200)
    description: str = Field(default_factory=str)
    is_active: bool = Field(default_factory=bool)
    definition: Definition = Field(default_factory=dict)
    refresh_interval: int = Field(default_factory=int, ge=0, description=_EVERY_MINUTES)

    def to_change(self) -> SegmentChange:
        return SegmentChange(**self.model_dump(exclude_unset=True))


class PreviewBody(BaseModel):
    """A definition and how many skus to show of it; the definition alone will do."""

    model_config = _request_example({"definition": _DEFINITION, "limit": 10})

    definition: Definition
    limit: int = Field(default=_SAMPLE, ge=1, le=_SAMPLE_MOST)


class MembersQuery(BaseModel):
    """Which page of the members."""

    cursor: int = Field(
        default=0,
        ge=0,
        le=_CURSOR_MOST,
        description="The next_cursor of the page before; left out: from the beginning.",
    )
    limit: int = Field(default=_PAGE_SIZE, ge=1, le=_PAGE_SIZE_MOST)


class ExplainQuery(BaseModel):
    """Which product is asked about."""

    sku: str = Field(min_length=1)


class SegmentAnswer(BaseModel):
    """A segment."""

    model_config = _example(_SEGMENT)

    id: int
    name: str
    description: str
    is_active: bool
    definition: dict[str, Any] = Field(description="As it was sent.")
    computed_count: int = Field(description="Members of the set that was computed last.")
    last_computed_at: datetime | None = Field(description="Null: never computed.")
    refresh_interval: int = Field(description=_EVERY_MINUTES)
    created_at: datetime
    updated_at: datetime
    status: SegmentStatus = Field(
        description="failed: see last_error; outdated: computed by an earlier definition. The set stays readable."
    )
    last_error: str
    next_refresh_at: datetime | None = Field(description="When the clock asks next; null: never by itself.")


class PreviewAnswer(BaseModel):
    """What a definition selects now."""

    model_config = _example(
        {
            "matched_count": 87,
            "sample_skus": ["SKU-001", "SKU-002", "SKU-003"],
            "sql": "SELECT sku FROM products FINAL WHERE workspace = {workspace:UInt64} AND (…) ORDER BY sku",
            "parameters": {"workspace": 1, "p0": "running", "p1": 150.0},
        }
    )

    matched_count: int
    sample_skus: list[str]
    sql: str = Field(description="For reading: the compiled statement, with places for its values.")
    parameters: dict[str, Any] = Field(description="The values in those places.")


class QueuedAnswer(BaseModel):
    """The compute was asked for; the segment's status tells when it is done."""

    model_config = _example({"status": "queued", "segment_id": 1})

    status: str
    segment_id: int


class Member(BaseModel):
    """A product of the set as it is now; prices are numbers."""

    sku: str
    name: str
    data: dict[str, Any]


class MembersAnswer(BaseModel):
    """A page of members, by sku. The cursor stays with the set it began in."""

    model_config = _example(
        {
            "count": 1280,
            "results": [{"sku": "SKU-001", "name": "Air Runner X", "data": {"category": "running", "price": 129.99}}],
            "next_cursor": 50,
            "last_computed_at": "2026-05-03T12:00:00Z",
        }
    )

    count: int = Field(description="Members as computed; a product deleted since is left out of its page.")
    results: list[Member]
    next_cursor: int | None = Field(description="Null on the last page.")
    last_computed_at: datetime | None


class ConditionAnswer(BaseModel):
    """A condition applied to the product."""

    path: str
    type: str
    property: str | None
    operator: str
    value: Any = Field(description="What the condition compares with, as it was sent.")
    seen: Any = Field(
        description="What the product holds there, or the segments, of those named, that hold it; null: nothing."
    )
    result: bool


class GroupAnswer(BaseModel):
    """A group of conditions, or a negation, applied to the product."""

    path: str
    logic: str = Field(description="AND, OR or NOT.")
    result: bool


class ExplainAnswer(BaseModel):
    """Why a product matches a segment's definition, or does not."""

    model_config = _example(
        {
            "sku": "SKU-001",
            "matches": True,
            "in_computed_set": True,
            "conditions": [
                {
                    "path": "definition.conditions[0]",
                    "type": "product_attribute",
                    "property": "category",
                    "operator": "eq",
                    "value": "running",
                    "seen": "running",
                    "result": True,
                }
            ],
            "groups": [{"path": "definition", "logic": "AND", "result": True}],
        }
    )

    sku: str
    matches: bool
    in_computed_set: bool
    conditions: list[ConditionAnswer]
    groups: list[GroupAnswer]


class ProductSegment(BaseModel):
    """A segment that holds the product."""

    model_config = _example({"id": 1, "name": "Running shoes under $150", "last_computed_at": "2026-05-03T12:00:00Z"})

    id: int
    name: str
    last_computed_at: datetime


@endpoint(
    blueprint,
    "/api/product-segments",
    ["GET"],
    scope="read",
    errors=segops.error_answer,
    tag=_TAG,
    answers={200: list[SegmentAnswer]},
)
def list_segments(call: Call) -> Answer:
    """All segments, in the order of making."""
    now = call.services.now()
    found = manage.list_all(call.services, call.caller.workspace_id)
    return Answer([segops_segments.segment_json(each, now) for each in found])


@endpoint(
    blueprint,
    "/api/product-segments",
    ["POST"],
    scope="write",
    errors=segops.error_answer,
    tag=_TAG,
    body=SegmentBody,
    answers={201: SegmentAnswer},
)
def create_segment(call: Call) -> Answer:
    """Make a segment. A condition that cannot be is refused by its path."""
    said = call.parsed(SegmentBody, limit_bytes=_body_limit(call)).to_change()
    made = manage.create(call.services, call.caller.workspace_id, said)
    return Answer(segops_segments.segment_json(made, call.services.now()), 201)


@endpoint(
    blueprint,
    "/api/product-segments/{segment_id}",
    ["GET"],
    scope="read",
    errors=segops.error_answer,
    tag=_TAG,
    answers={200: SegmentAnswer},
    refusals=(404,),
)
def read_segment(call: Call, segment_id: str) -> Answer:
    """One segment, as it is polled while it is computed."""
    segment = manage.read(call.services, call.caller.workspace_id, number_of(segment_id, "segment"))
    return Answer(segops_segments.segment_json(segment, call.services.now()))


@endpoint(
    blueprint,
    "/api/product-segments/{segment_id}",
    ["PATCH"],
    scope="write",
    errors=segops.error_answer,
    tag=_TAG,
    body=SegmentPatch,
    answers={200: SegmentAnswer},
    refusals=(404,),
)
def change_segment(call: Call, segment_id: str) -> Answer:
    """Change a segment; what is left out stays. A new definition is computed at the next refresh."""
    number = number_of(segment_id, "segment")
    said = call.parsed(SegmentPatch, limit_bytes=_body_limit(call)).to_change()
    changed = manage.change(call.services, call.caller.workspace_id, number, said)
    return Answer(segops_segments.segment_json(changed, call.services.now()))


@endpoint(
    blueprint,
    "/api/product-segments/{segment_id}",
    ["DELETE"],
    scope="write",
    errors=segops.error_answer,
    tag=_TAG,
    answers={204: None},
    refusals={
        404: "There is no such segment in this workspace.",
        409: "Other segments read its members; it says which.",
    },
)
def delete_segment(call: Call, segment_id: str) -> Answer:
    """Delete a segment that no other one reads."""
    manage.delete(call.services, call.caller.workspace_id, number_of(segment_id, "segment"))
    return Answer(None, 204)


@endpoint(
    blueprint,
    "/api/product-segments/preview",
    ["POST"],
    scope="read",
    errors=segops.error_answer,
    tag=_TAG,
    body=PreviewBody | Definition,
    answers={200: PreviewAnswer},
)
def preview_segment(call: Call) -> Answer:
    """What a definition selects now, without keeping it. The body may also be the definition alone."""
    body = call.json_object(limit_bytes=_body_limit(call))
    wrapped = "definition" in body
    asked = checked(PreviewBody, body if wrapped else {"definition": body})
    found = preview(
        call.services,
        call.caller.workspace_id,
        asked.definition,
        limit=asked.limit,
        path="definition" if wrapped else "",
    )
    return Answer(segops_segments.preview_json(found))


@endpoint(
    blueprint,
    "/api/product-segments/{segment_id}/compute",
    ["POST"],
    scope="write",
    errors=segops.error_answer,
    tag=_TAG,
    answers={200: QueuedAnswer},
    refusals=(404,),
)
def compute_segment(call: Call, segment_id: str) -> Answer:
    """Ask for a segment to be computed. Asked twice before it begins, it is computed once."""
    number = number_of(segment_id, "segment")
    request(call.services, call.caller.workspace_id, number)
    return Answer(segops_segments.queued_json(number))


@endpoint(
    blueprint,
    "/api/product-segments/{segment_id}/members",
    ["GET"],
    scope="read",
    errors=segops.error_answer,
    tag=_TAG,
    query=MembersQuery,
    answers={200: MembersAnswer},
    refusals=(404,),
)
def list_members(call: Call, segment_id: str) -> Answer:
    """A page of a segment's members, by sku. None before it was computed."""
    asked = call.asked(MembersQuery)
    found = members.page(
        call.services,
        call.caller.workspace_id,
        number_of(segment_id, "segment"),
        cursor=asked.cursor,
        limit=asked.limit,
    )
    return Answer(segops_segments.members_json(found))


@endpoint(
    blueprint,
    "/api/product-segments/{segment_id}/explain",
    ["GET"],
    scope="read",
    errors=segops.error_answer,
    tag=_TAG,
    query=ExplainQuery,
    answers={200: ExplainAnswer},
    refusals={404: "There is no such segment, or no product with this sku, in this workspace."},
)
def explain_segment(call: Call, segment_id: str) -> Answer:
    """Why a product matches a segment or does not: each condition with the value it saw and its result."""
    found = explain(
        call.services, call.caller.workspace_id, number_of(segment_id, "segment"), call.asked(ExplainQuery).sku
    )
    return Answer(segops_segments.explanation_json(found))


@endpoint(
    blueprint,
    "/api/pim/products/{product_id}/segments",
    ["GET"],
    scope="read",
    errors=segops.error_answer,
    tag=_TAG,
    answers={200: list[ProductSegment]},
    refusals=(404,),
)
def list_segments_of_product(call: Call, product_id: str) -> Answer:
    """The segments whose members a product is among, as they were computed last."""
    found = members.segments_of(call.services, call.caller.workspace_id, number_of(product_id, "product"))
    return Answer([segops_segments.product_segment_json(each) for each in found])


def _body_limit(call: Call) -> int:
    """A definition may list thousands of skus."""
    return call.services.settings.multipart_limit_bytes
