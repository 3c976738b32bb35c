"""An import template: how files are imported, kept under a name. Its content has versions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Content:
    """What one version says.

    Attributes:
        mapping: header to field; ``rules`` and ``options`` as they are saved with a job's mapping.
        reading: how the file is to be read (``formats.Reading``), of its fields those that say something.
        transforms: header to the steps of its cells; those of a column that is not mapped mean nothing.
    """

    mapping: Mapping[str, str | None] = field(default_factory=dict)
    rules: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    reading: Mapping[str, Any] = field(default_factory=dict)
    transforms: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ListedTemplate:
    """A template without what it says; ``version`` is its newest."""

    id: UUID
    name: str
    supplier_id: UUID | None
    supplier_code: str | None
    version: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Template:
    """A template at one of its versions; ``latest_version`` is the newest there is. The rest is as in ``Content``."""

    id: UUID
    name: str
    supplier_id: UUID | None
    supplier_code: str | None
    version: int
    latest_version: int
    mapping: Mapping[str, str | None]
    rules: Mapping[str, Any]
    options: Mapping[str, Any]
    reading: Mapping[str, Any]
    transforms: Mapping[str, Any]
    created_at: datetime
    updated_at: datetime

    @property
    def content(self) -> Content:
        return Content(self.mapping, self.rules, self.options, self.reading, self.transforms)
