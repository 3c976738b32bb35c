"""Telling segments that the catalogue changed: noted with the products, announced after the commit.

``note`` belongs in every transaction that writes products; ``announce`` follows it. A lost announcement is made up for
by the tick, which looks for notes nobody took up.
"""

import logging
from collections.abc import Iterable

from chalicelib.errors import Unavailable
from chalicelib.services import Services
from chalicelib.store import catalog_changes
from chalicelib.store.postgres import Cursor

log = logging.getLogger(__name__)


def note(cursor: Cursor, workspace_id: int, *, created: int = 0, deleted: int = 0, fields: Iterable[str] = ()) -> bool:
    """Note what this transaction changed: products made and deleted, and the names of the properties it wrote
    (``data`` fields, ``name``, ``ean`` …). Whether it should be announced.
    """
    return catalog_changes.add(cursor, workspace_id, created=created, deleted=deleted, fields=fields)


def note_quietly(
    cursor: Cursor, workspace_id: int, *, created: int = 0, deleted: int = 0, fields: Iterable[str]
) -> None:
    """Note one part of a longer work, whose end is announced: a refresh after each part would be one too many."""
    catalog_changes.add(cursor, workspace_id, created=created, deleted=deleted, fields=fields, announced=False)


def announce(services: Services, workspace_id: int) -> None:
    """Ask for a refresh of the segments that read what changed, in a little while: changes seldom come alone."""
    settings = services.settings
    try:
        services.queues.send(
            settings.segment_queue,
            [{"do": "refresh", "workspace": workspace_id}],
            delay_seconds=settings.refresh_delay_seconds,
        )
    except Unavailable as error:
        log.warning("segments will be refreshed by the tick", extra={"workspace": workspace_id, "why": str(error)})
