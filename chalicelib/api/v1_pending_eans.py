"""Pixeepim's EANs pending resolution (``pixeepim-imports-api``, "EANs pending resolution").

A valid EAN waits here when its row could not become a product. It leaves when a product with that EAN appears; ignoring
it takes it out for good (shared spec, section 1 "EANs pending").
"""

from chalice.app import Blueprint

from chalicelib.api.endpoint import Answer, Call, endpoint, uuid_of
from chalicelib.api.v1_bodies import IgnoreBody, IgnoredEan, IgnoredEans, PendingEans, PendingQuery
from chalicelib.catalog import pending_eans
from chalicelib.dialects import pixeepim, v1

blueprint = Blueprint(__name__)

_TAG = "Pending EANs"


@endpoint(
    blueprint,
    "/api/v1/imports/ean-pending",
    ["GET"],
    scope="read",
    errors=v1.error_answer,
    tag=_TAG,
    query=PendingQuery,
    answers={200: PendingEans},
)
def list_pending_eans(call: Call) -> Answer:
    """EANs of imported rows that no product has, the newest first."""
    asked = call.asked(PendingQuery)
    found = pending_eans.listing(
        call.services,
        call.caller.workspace_id,
        page=asked.page,
        per_page=asked.per_page,
        supplier_code=asked.supplier_code,
        search=asked.search,
    )
    items = [pixeepim.pending_ean_json(each) for each in found.entries]
    return Answer(v1.page_json(items, total=found.count, page=asked.page, per_page=asked.per_page))


@endpoint(
    blueprint,
    "/api/v1/imports/ean-pending/{resolution_id}",
    ["DELETE"],
    scope="write",
    errors=v1.error_answer,
    tag=_TAG,
    answers={200: IgnoredEan},
    refusals={404: "There is no such entry in this workspace."},
)
def ignore_pending_ean(call: Call, resolution_id: str) -> Answer:
    """Ignore one EAN: it leaves the list and does not come back."""
    entry_id = uuid_of(resolution_id, "pending EAN")
    pending_eans.ignore(call.services, call.caller.workspace_id, entry_id)
    return Answer({"deleted": True, "id": str(entry_id)})


@endpoint(
    blueprint,
    "/api/v1/imports/ean-pending/bulk-delete",
    ["POST"],
    scope="write",
    errors=v1.error_answer,
    tag=_TAG,
    body=IgnoreBody,
    answers={200: IgnoredEans},
)
def ignore_pending_eans(call: Call) -> Answer:
    """Ignore several EANs; ids of nothing are passed over. The answer counts those that left the list."""
    ids = call.parsed(IgnoreBody).ids
    return Answer({"deleted": pending_eans.ignore_many(call.services, call.caller.workspace_id, ids)})
