"""A product of the catalogue."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

SKU_CHARACTERS = 255


@dataclass(frozen=True, slots=True)
class Product:
    """One product as stored: ``data`` in the stored forms of ``fields``, ``ean`` as 14 digits."""

    id: int
    sku: str
    name: str
    data: dict[str, Any]
    source: str
    ai_readability_score: int | None
    created_at: datetime
    updated_at: datetime
    ean: str | None
    version: int
