"""What a model answered, by a name for all it was asked, and what its questions came to (``model_answers.sql``)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from psycopg.types.json import Jsonb

from chalicelib.store.postgres import Cursor
from chalicelib.store.sql import load_statements

_SQL = load_statements("model_answers.sql")


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a question comes to, or several."""

    sent: int
    received: int


def read(cursor: Cursor, workspace_id: int, question_key: str, *, since: datetime) -> list[dict[str, Any]] | None:
    """The columns of an answer that was given at ``since`` or later."""
    cursor.execute(_SQL["read"], {"workspace_id": workspace_id, "question_key": question_key, "since": since})
    row = cursor.fetchone()
    return None if row is None else list(row[0])


def keep(
    cursor: Cursor,
    workspace_id: int,
    question_key: str,
    columns: Sequence[Mapping[str, Any]],
    *,
    now: datetime,
    since: datetime,
) -> None:
    """Keep an answer, and let go of those from before ``since``."""
    cursor.execute(_SQL["forget"], {"workspace_id": workspace_id, "since": since})
    answer = Jsonb([dict(each) for each in columns])
    cursor.execute(
        _SQL["keep"], {"workspace_id": workspace_id, "question_key": question_key, "answer": answer, "now": now}
    )


def reserve(cursor: Cursor, workspace_id: int, month: date, tokens: Tokens, *, budget_tokens: int) -> bool:
    """Take what a question may come to from the month's budget; False when there is too little left."""
    cursor.execute(
        _SQL["reserve"],
        {
            "workspace_id": workspace_id,
            "month": month,
            "input_tokens": tokens.sent,
            "output_tokens": tokens.received,
            "budget_tokens": budget_tokens,
        },
    )
    return cursor.fetchone() is not None


def settle(cursor: Cursor, workspace_id: int, month: date, *, reserved: Tokens, spent: Tokens) -> None:
    """Put what a question came to in place of what was reserved for it."""
    cursor.execute(
        _SQL["settle"],
        {
            "workspace_id": workspace_id,
            "month": month,
            "input_tokens": spent.sent - reserved.sent,
            "output_tokens": spent.received - reserved.received,
        },
    )
