"""EANs that wait for a product: met in an import's row that could not become one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Waiting:
    """An EAN that an import met: its 14 digits, as it was printed, and what the row says of the thing."""

    ean14: str
    printed: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class PendingEan:
    """An EAN that waits. ``supplier_code`` None: its file named no supplier."""

    id: UUID
    ean14: str
    printed: str
    supplier_code: str | None
    description: str
    first_seen_at: datetime


@dataclass(frozen=True, slots=True)
class PendingEansPage:
    """A page of those that wait, the newest first, and how many there are in all."""

    entries: Sequence[PendingEan]
    count: int
