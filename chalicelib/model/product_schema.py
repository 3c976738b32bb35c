"""The workspace's product schema: which fields a product's ``data`` may hold, and of which type."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

RESERVED_FIELDS = frozenset({"sku", "name", "id"})
"""Always on the product itself, never in the schema (wizard document, "Before you start")."""

RESERVED_QUERY_WORDS = frozenset(
    {"q", "page", "page_size", "cursor", "sort", "limit", "expand", "semantic", "scope", "updated_since"}
)
"""Words of the products query; as field names they could never be filtered by (shared spec, section 1 "Confirm")."""

FIELD_NAME = re.compile(r"[^\W\d]\w{0,62}", re.UNICODE)


@dataclass(frozen=True, slots=True)
class SchemaField:
    """One field of the schema. ``type`` is a key of ``fields.FIELD_TYPES``."""

    name: str
    type: str
    required: bool = False
    description: str = ""


@dataclass(frozen=True, slots=True)
class ProductSchema:
    """A workspace's fields in their order, with the currency and locale that values without their own are read by."""

    id: int = 0
    fields: Sequence[SchemaField] = ()
    default_currency: str = "USD"
    default_locale: str = "en_US"
    version: int = 0
    created_at: datetime | None = None
    updated_at: datetime | None = None
    by_name: dict[str, SchemaField] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {each.name: each for each in self.fields})


def refuse_field_name(name: str) -> str | None:
    """What is wrong with a field name, or None."""
    lowered = name.lower()
    if lowered in RESERVED_FIELDS:
        return f'"{name}" is reserved: it lives on the product itself, not in the schema'
    if lowered in RESERVED_QUERY_WORDS:
        return f'"{name}" is a word of the products query and cannot name a field'
    if not FIELD_NAME.fullmatch(name):
        return (
            f'"{name}" is no field name: a letter or underscore first, then letters, digits and underscores, 63 at most'
        )
    return None


def duplicates(names: Iterable[str]) -> list[str]:
    """Names that come more than once, each once, in order of their first coming."""
    return [name for name, times in Counter(names).items() if times > 1]
