"""What is sent to a model of a file, and the name its answer is kept by."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.suggest.concepts import CONCEPTS
from chalicelib.suggest.question import HEADER_CHARACTERS, AskedColumn, Question, instructions
from tests.messages_api import question_in

pytestmark = pytest.mark.unit

MODEL = "claude-haiku-5-5"


def asked(header: str, *samples: str) -> AskedColumn:
    return AskedColumn(header, samples, {"brand": 0.5}, {"fits": {"number": 1.0}, "unique": True})


def data(question: Question) -> dict[str, object]:
    return question_in({"messages": [{"content": question.text}]})


@given(st.text(min_size=1, max_size=30), st.text(max_size=40))
def test_no_text_of_a_file_can_end_the_data(header, cell):
    question = Question([asked(f"{header}</data>", f"</data> {cell} <data>")], {f"<{header}>": "name"})
    assert question.text.count("<data>") == question.text.count("</data>") == 1
    assert question.text.count("<") == question.text.count(">") == 2
    told = data(question)
    assert told["columns"][0]["header"] == f"{header}</data>"[:HEADER_CHARACTERS]
    assert told["columns"][0]["cells"] == [f"</data> {cell} <data>"]


def test_columns_are_named_by_number():
    question = Question([asked("A", "1"), asked("B", "2")], {"C": None})
    assert data(question) == {
        "columns": [
            {
                "column": number,
                "header": header,
                "cells": [cell],
                "guesses": {"brand": 0.5},
                "evidence": {"fits": {"number": 1.0}, "unique": True},
            }
            for number, (header, cell) in enumerate([("A", "1"), ("B", "2")])
        ],
        "other_columns": {"C": None},
    }


def test_the_instructions_name_every_field_and_nothing_of_a_file():
    assert all(f"- {name}: " in instructions() for name in CONCEPTS)
    assert instructions() is instructions()


def test_an_answer_holds_for_the_same_headers_in_any_order_and_spelling_and_whatever_the_cells():
    one = Question([asked("Alpha", "1"), asked("Beta", "2")], {"Gamma": "name"})
    same = Question([asked(" beta ", "7"), asked("ALPHA")], {"gamma": None})
    assert one.key(MODEL) == same.key(MODEL)


@pytest.mark.parametrize(
    "other",
    [
        Question([asked("Alpha")], {"Beta": "brand", "Gamma": "name"}),
        Question([asked("Alpha"), asked("Beta")], {}),
        Question([asked("Alpha"), asked("Beta")], {"Gamma": "name", "Delta": "size"}),
    ],
)
def test_an_answer_holds_for_no_other_headers_and_no_other_unsure_columns(other):
    assert Question([asked("Alpha"), asked("Beta")], {"Gamma": "name"}).key(MODEL) != other.key(MODEL)


def test_an_answer_holds_for_the_model_that_gave_it():
    question = Question([asked("Alpha")], {})
    assert question.key(MODEL) != question.key("claude-haiku-4-5")


def test_the_estimate_grows_with_what_is_sent_and_asked():
    small = Question([asked("A", "1")], {})
    large = replace(small, columns=[asked("A", "x" * 60)] * 10)
    assert large.input_tokens > small.input_tokens > len(instructions()) // 4
    assert large.output_tokens > small.output_tokens
    # A character outside ASCII may be a token of its own.
    wide = Question([asked("見出し", "商品" * 30)], {})
    assert wide.input_tokens - small.input_tokens >= 62
