"""How well the suggester maps files of some 45 languages and many shop systems, labelled in ``data/mapping_own.jsonl``.

A line names a file's headers, three rows, and for each header the concepts a careful person would accept, the best
first, with the types that fit (none: not judged). The set was written to check the vocabulary by, so its scores say
that nothing it once knew was lost; they are no promise for files it has not seen.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from scripts.eval_mapping import main, predict

pytestmark = pytest.mark.unit

SET = Path(__file__).parent / "data" / "mapping_own.jsonl"
ITEMS: list[dict[str, Any]] = [json.loads(line) for line in SET.read_text(encoding="utf-8").splitlines()]
PREDICTIONS = {item["file_id"]: predict(item) for item in ITEMS}
CONCEPTS = {concept for item in ITEMS for accepted in item["gold"].values() for concept in accepted}
KEPT = {"attribute", "skip"}


def concept_of(field: str | None) -> str:
    if field is None:
        return "skip"
    field = {"inventory_count": "stock"}.get(field, field)
    return field if field in CONCEPTS - KEPT else "attribute"


def judged() -> list[tuple[list[str], str]]:
    return [
        (accepted, concept_of(PREDICTIONS[item["file_id"]]["mapping"][header]))
        for item in ITEMS
        for header, accepted in item["gold"].items()
    ]


def share(outcomes: list[bool]) -> float:
    return sum(outcomes) / len(outcomes)


@pytest.mark.parametrize("key", ["sku", "name"])
def test_keys_and_names(key):
    right = [said in accepted for accepted, said in judged() if accepted[0] == key]
    wrong = [said for accepted, said in judged() if said == key and key not in accepted]
    assert share(right) >= 0.97 and len(wrong) <= 1


def test_concepts():
    of_concepts = [(accepted, said) for accepted, said in judged() if accepted[0] not in KEPT]
    assert share([said in accepted for accepted, said in of_concepts]) >= 0.97
    assert share([said == accepted[0] for accepted, said in of_concepts]) >= 0.93


def test_other_columns_are_left_alone():
    others = [(accepted, said) for accepted, said in judged() if accepted[0] in KEPT]
    assert share([said not in accepted and said not in KEPT for accepted, said in others]) <= 0.01


def test_types():
    fit = [
        types[header] in accepted
        for item in ITEMS
        for types in [PREDICTIONS[item["file_id"]]["types"]]
        for header, accepted in item["gold_types"].items()
        if accepted and header in types
    ]
    assert share(fit) >= 0.97


def test_files_without_a_correction():
    untouched = [
        all(
            concept_of(PREDICTIONS[item["file_id"]]["mapping"][header]) in accepted
            for header, accepted in item["gold"].items()
        )
        for item in ITEMS
    ]
    assert share(untouched) >= 0.85


def test_no_two_columns_share_a_field():
    for prediction in PREDICTIONS.values():
        fields = [field for field in prediction["mapping"].values() if field]
        assert len(fields) == len(set(fields)), prediction["file_id"]


def test_the_script_writes_a_line_a_file(tmp_path):
    target = tmp_path / "predictions.jsonl"
    assert main([str(SET), str(target)]) == 0
    lines = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    assert [line["file_id"] for line in lines] == [item["file_id"] for item in ITEMS]
