"""What an honest and a lying model do to the suggestions for the labelled files of ``data/mapping_own.jsonl``."""

import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from chalicelib.formats.evidence import Evidence
from chalicelib.model.product_schema import ProductSchema
from chalicelib.suggest import facts_of, suggest
from chalicelib.suggest.concepts import CONCEPTS
from chalicelib.suggest.doubts import UnderstoodFile, doubtful, merge
from chalicelib.suggest.question import ColumnAnswer

pytestmark = pytest.mark.unit

SET = Path(__file__).parent / "data" / "mapping_own.jsonl"
ITEMS: list[dict[str, Any]] = [json.loads(line) for line in SET.read_text(encoding="utf-8").splitlines()]
LABELS = {"stock": "inventory_count"}

Model = Callable[[str, Sequence[str]], str | None]
"""A header and the labels a careful person would accept, to a field; None: nothing is said of it."""


def understood(item: dict[str, Any]) -> UnderstoodFile:
    headers = item["headers"]
    rows = [[str(row.get(header) or "") for header in headers] for row in item["sample_rows"]]
    evidence = Evidence(headers, sampled_rows=200, uniqueness_rows=1_000)
    evidence.add(rows)
    columns = evidence.columns()
    offline = suggest(columns, rows, learned={}, schema=ProductSchema(), row_count=len(rows))
    return UnderstoodFile([facts_of(each, rows, len(rows)) for each in columns], offline, ProductSchema())


FILES = [(item, understood(item)) for item in ITEMS]


def accepted(item: dict[str, Any], header: str) -> list[str]:
    return [LABELS.get(label, label) for label in item["gold"].get(header, ())]


def is_right(labels: Sequence[str], field: str | None) -> bool:
    concept = "skip" if field is None else field if field in CONCEPTS else "attribute"
    return concept in labels or (concept in {"skip", "attribute"} and not {"skip", "attribute"}.isdisjoint(labels))


def outcome(model: Model) -> tuple[int, int, int]:
    """Columns that were asked for, that were right before, and that are right with what the model says."""
    asked_for = before = after = 0
    for item, file in FILES:
        asked = doubtful(file, most=24)
        headers = [file.suggestion.columns[position].column for position in asked]
        said = [(header, model(header, accepted(item, header))) for header in headers]
        answers = [ColumnAnswer(header, field, 0.95, "") for header, field in said if field]
        merged = merge(file, asked, answers)
        asked_for += len(asked)
        for column, new in zip(file.suggestion.columns, merged.columns, strict=True):
            labels = accepted(item, column.column)
            before += is_right(labels, column.field)
            after += is_right(labels, new.field)
    return asked_for, before, after


def test_an_honest_model_loses_nothing():
    def honest(_header: str, labels: Sequence[str]) -> str | None:
        return next((label for label in labels if label in CONCEPTS), None)

    asked, before, after = outcome(honest)
    assert asked > 0
    assert after >= before


@pytest.mark.parametrize("field", sorted(CONCEPTS))
def test_a_model_that_says_the_same_of_everything_is_not_believed(field):
    asked, before, after = outcome(lambda _header, _labels: field)
    assert before - after <= 0.08 * asked, (asked, before, after)


@pytest.mark.parametrize("seed", range(3))
def test_a_model_that_talks_at_random_is_hardly_believed(seed):
    chance = random.Random(seed)

    def lies(_header: str, labels: Sequence[str]) -> str | None:
        return chance.choice([concept for concept in sorted(CONCEPTS) if concept not in labels])

    asked, before, after = outcome(lies)
    assert before - after <= 0.08 * asked, (asked, before, after)
