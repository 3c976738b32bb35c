"""Who is in a segment: a page of members joined with the catalogue, all skus in order, and a product's segments.

Shared spec, section 3 "Segments": a cursor stays with the compute it began in, so that pages do not shift while newer
sets come; a product deleted since is left out of its page while the count stays the computed one.
"""

from collections.abc import Iterator
from datetime import timedelta

from chalicelib.errors import InvalidValue, NotFound
from chalicelib.model.segment import ComputedSegment, Membership, MembersPage, Segment
from chalicelib.segments import manage
from chalicelib.services import Services
from chalicelib.store import memberships, products, schemas, segments
from chalicelib.store.postgres import Cursor

_COMPUTE_STEP = 1_000_000_000
"""A cursor is the compute's ordinal times this, and the offset: of a segment's first compute it is the offset alone."""
_BATCH = 10_000


def page(services: Services, workspace_id: int, segment_id: int, *, cursor: int, limit: int) -> MembersPage:
    """The members from a cursor on; 0 begins with the current set. Raises NotFound, and InvalidValue for a cursor whose
    compute is no longer kept.
    """
    with services.database.workspace(workspace_id) as transaction:
        manage.find(transaction, workspace_id, segment_id)
        found = _membership(services, transaction, workspace_id, segment_id, cursor)
        schema = schemas.read(transaction, workspace_id)
    if found is None:
        return MembersPage(0, [], None, None, schema)
    offset = cursor % _COMPUTE_STEP
    skus = memberships.page(services.mirror, workspace_id, segment_id, found.compute, limit=limit, offset=offset)
    with services.database.workspace(workspace_id) as transaction:
        by_sku = products.by_skus(transaction, workspace_id, skus)
    reached = offset + len(skus)
    return MembersPage(
        count=found.member_count,
        members=[by_sku[sku] for sku in skus if sku in by_sku],
        next_cursor=found.ordinal * _COMPUTE_STEP + reached if skus and reached < found.member_count else None,
        last_computed_at=found.finished_at,
        schema=schema,
    )


def iterate_skus(services: Services, workspace_id: int, segment: Segment) -> Iterator[list[str]]:
    """The skus of the segment's current set as it was read with the segment, in order, some thousands at a time."""
    if segment.current_compute is None:
        return
    after = ""
    while batch := memberships.following(
        services.mirror, workspace_id, segment.id, segment.current_compute, after=after, limit=_BATCH
    ):
        yield batch
        after = batch[-1]


def segments_of(services: Services, workspace_id: int, product_id: int) -> list[ComputedSegment]:
    """The segments whose current set holds a product, in the order of making. Raises NotFound."""
    with services.database.workspace(workspace_id) as cursor:
        product = products.read(cursor, workspace_id, product_id)
        computed = segments.computed(cursor, workspace_id)
    if product is None:
        raise NotFound(f"There is no product {product_id}.")
    if not computed:
        return []
    current = {each.id: each.compute for each in computed}
    holding = memberships.holding(services.mirror, workspace_id, current, product.sku)
    return [each for each in computed if each.id in holding]


def _membership(
    services: Services, transaction: Cursor, workspace_id: int, segment_id: int, cursor: int
) -> Membership | None:
    """The compute a cursor names, or the current one; None when there was none yet."""
    if cursor == 0:
        return segments.current_membership(transaction, workspace_id, segment_id)
    kept_since = services.now() - timedelta(seconds=services.settings.compute_kept_seconds)
    ordinal = cursor // _COMPUTE_STEP
    found = segments.membership(transaction, workspace_id, segment_id, ordinal, kept_since=kept_since)
    if found is None:
        raise InvalidValue({"cursor": "the set it pages through is no longer kept; begin again without a cursor"})
    return found
