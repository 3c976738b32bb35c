"""Step 3, suggest: ask a model for the columns nobody is sure of, within its time and the workspace's budget.

An answer is kept and holds for every file with the same headers. No transaction is open while the model is waited for.
Whatever goes wrong leaves the suggestion as the vocabulary made it, and a line in the log.
"""

import logging
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any

from chalicelib.errors import ModelUnavailable
from chalicelib.model.mapping import Suggestion
from chalicelib.services import Services
from chalicelib.store import model_answers
from chalicelib.store.model_answers import Tokens
from chalicelib.suggest.doubts import UnderstoodFile, doubtful, merge, question_of
from chalicelib.suggest.question import ColumnAnswer, ColumnReader, Question

log = logging.getLogger(__name__)

_WORTH_ASKING_SECONDS = 0.2
_NOTHING = Tokens(0, 0)


def second_opinion(services: Services, workspace_id: int, file: UnderstoodFile, *, began: float) -> Suggestion:
    """The vocabulary's suggestion, with what a model adds to it. ``began``: when the upload did, by ``services.clock``;
    its caller waits.
    """
    reader = services.column_reader
    asked = doubtful(file, most=services.settings.claude_columns) if reader else []
    if reader is None or not asked:
        return file.suggestion
    question = question_of(file, asked)
    return merge(file, asked, _answers(services, workspace_id, reader, question, began))


def _answers(
    services: Services, workspace_id: int, reader: ColumnReader, question: Question, began: float
) -> Sequence[ColumnAnswer]:
    settings, now, key = services.settings, services.now(), question.key(reader.model)
    month, estimate = _month(now), Tokens(question.input_tokens, question.output_tokens)
    with services.database.workspace(workspace_id) as cursor:
        kept = model_answers.read(cursor, workspace_id, key, since=_since(services, now))
        if kept is not None:
            return [_column_answer(each) for each in kept]
        if reader.pauses:
            log.info("a model that failed is left alone", extra={"workspace": workspace_id})
            return ()
        # Counted here: a connection to the database may have been waited for.
        seconds = min(settings.claude_seconds, settings.claude_upload_seconds - (services.clock() - began))
        if seconds < _WORTH_ASKING_SECONDS:
            log.info("no time left to ask a model", extra={"workspace": workspace_id})
            return ()
        if not model_answers.reserve(
            cursor, workspace_id, month, estimate, budget_tokens=settings.claude_monthly_tokens
        ):
            log.info("the month's tokens are used up", extra={"workspace": workspace_id, "month": str(month)})
            return ()
    return _ask(services, workspace_id, reader, question, key, seconds, month, estimate)


def _ask(
    services: Services,
    workspace_id: int,
    reader: ColumnReader,
    question: Question,
    key: str,
    seconds: float,
    month: date,
    estimate: Tokens,
) -> Sequence[ColumnAnswer]:
    """The model's answer, kept and paid for; nothing when it gave none."""
    asked_at = services.clock()
    try:
        answer = reader.read(question, seconds=seconds)
    except ModelUnavailable as error:
        log.warning("a model gave no answer", extra={"workspace": workspace_id, "why": str(error)})
        if not error.charged:
            with services.database.workspace(workspace_id) as cursor:
                model_answers.settle(cursor, workspace_id, month, reserved=estimate, spent=_NOTHING)
        return ()
    spent, now = Tokens(answer.input_tokens, answer.output_tokens), services.now()
    with services.database.workspace(workspace_id) as cursor:
        model_answers.settle(cursor, workspace_id, month, reserved=estimate, spent=spent)
        kept = [asdict(each) | {"header": each.header.replace("\0", "\u2400")} for each in answer.columns]
        model_answers.keep(cursor, workspace_id, key, kept, now=now, since=_since(services, now))
    log.info(
        "a model was asked",
        extra={
            "workspace": workspace_id,
            "columns": len(question.columns),
            "answered": len(answer.columns),
            "input_tokens": spent.sent,
            "output_tokens": spent.received,
            "ms": round(1000 * (services.clock() - asked_at)),
        },
    )
    return answer.columns


def _column_answer(kept: dict[str, Any]) -> ColumnAnswer:
    return ColumnAnswer(kept["header"], kept["field"], float(kept["confidence"]), kept["reason"])


def _since(services: Services, now: datetime) -> datetime:
    return now - timedelta(days=services.settings.claude_answer_days)


def _month(now: datetime) -> date:
    return now.date().replace(day=1)
