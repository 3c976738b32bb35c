"""A segment's members as a CSV file: sku, name, then the schema's fields in their order.

The rows are those of one compute, in sku order, with the products as they are now; a product deleted since is left out.
Cells read back by the importer are the same values (``formats.cells``); a text that a spreadsheet would take for a
formula carries an apostrophe. A large file is stored for each compute and offered again for as long as its address
would hold, so its products may be that much older than the catalogue.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from chalicelib.formats.cells import cell_of
from chalicelib.formats.csv_writer import CSV_MEDIA_TYPE, csv_pieces
from chalicelib.formats.formulas import escape_texts
from chalicelib.model.product import Product
from chalicelib.model.product_schema import ProductSchema
from chalicelib.model.segment import Segment
from chalicelib.segments import manage
from chalicelib.segments.members import iterate_skus
from chalicelib.services import Services
from chalicelib.store import products, schemas
from chalicelib.store.files import Download

_PRODUCTS_AT_ONCE = 1_000


def members_csv(services: Services, workspace_id: int, segment_id: int) -> Download:
    """The members of the current set; only a header when there is none. Raises NotFound."""
    segment = manage.read(services, workspace_id, segment_id)
    settings = services.settings
    is_small = segment.computed_count <= settings.download_rows
    return services.files.offer(
        f"exports/{workspace_id}/segments/{segment_id}/{segment.current_compute}.csv",
        members_pieces(services, segment),
        name=f"segment-{segment_id}-members.csv",
        media_type=CSV_MEDIA_TYPE,
        direct_bytes=settings.download_bytes if is_small else 0,
        url_seconds=settings.download_url_seconds,
        made_since=None if is_small else services.now() - timedelta(seconds=settings.download_url_seconds),
    )


def members_pieces(services: Services, segment: Segment) -> Iterator[bytes]:
    """The file of a segment as it was read, a piece at a time. Memory: a thousand products."""
    with services.database.workspace(segment.workspace_id) as cursor:
        schema = schemas.read(cursor, segment.workspace_id)
    header = ["sku", "name", *(field.name for field in schema.fields)]
    yield from csv_pieces(header, _rows(services, segment, schema), escaped=escape_texts)


def _rows(services: Services, segment: Segment, schema: ProductSchema) -> Iterator[Sequence[str]]:
    for skus in _batches(services, segment):
        with services.database.workspace(segment.workspace_id) as cursor:
            by_sku = products.by_skus(cursor, segment.workspace_id, skus)
        yield from (_row(by_sku[sku], schema) for sku in skus if sku in by_sku)


def _batches(services: Services, segment: Segment) -> Iterator[list[str]]:
    for skus in iterate_skus(services, segment.workspace_id, segment):
        for first in range(0, len(skus), _PRODUCTS_AT_ONCE):
            yield skus[first : first + _PRODUCTS_AT_ONCE]


def _row(product: Product, schema: ProductSchema) -> list[str]:
    values = (cell_of(product.data.get(field.name), schema.default_locale) for field in schema.fields)
    return [product.sku, product.name, *values]
