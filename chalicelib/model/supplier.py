"""A supplier: who sends files. Its code goes with every product of them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

CODE_CHARACTERS = 100
NAME_CHARACTERS = 255


@dataclass(frozen=True, slots=True)
class Supplier:
    """``is_stub``: a file's upload named its code, and nobody has said more of it."""

    id: UUID
    code: str
    name: str
    is_stub: bool
    created_at: datetime
    updated_at: datetime
