"""SQL is kept as SQL: named statements in ``.sql`` files, read once.

A file holds statements, each headed by ``-- name: words_with_underscores`` and a line that says what it is for. The
type says "trusted text": nothing but these files and psycopg's own binder ever makes a statement.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import LiteralString, cast

_HEAD = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)


def load_statements(file_name: str) -> Mapping[str, LiteralString]:
    """The statements of one ``.sql`` file of this folder, by name."""
    text = (Path(__file__).parent / file_name).read_text(encoding="utf-8")
    parts = _HEAD.split(text)[1:]
    return {name: cast(LiteralString, body.strip()) for name, body in zip(parts[::2], parts[1::2], strict=True)}
