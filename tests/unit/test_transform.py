"""Transforms as a caller sends them: what is read, what is refused and where it stands."""

import json

import pytest

from chalicelib.errors import InvalidValue
from chalicelib.model.transform import (
    LOOKUP_VALUES,
    STEPS,
    STEPS_PER_COLUMN,
    check_transforms,
    columns_named,
    read_transforms,
    renamed,
    steps_json,
    transforms_json,
)

TRIM = {"step": "trim"}
ALL_WORDS = [
    {"step": "trim", "collapse": True},
    {"step": "case", "to": "title"},
    {"step": "replace", "find": "x", "with": "y"},
    {"step": "replace", "find": "(a+)b", "with": "\\1", "regex": True, "ignore_case": True},
    {"step": "split", "separator": ">", "take": "all"},
    {"step": "split", "separator": ">", "take": -1},
    {"step": "join", "separator": ""},
    {"step": "number", "decimal": ",", "multiply": "1.2", "divide": "3", "round": 2},
    {"step": "date", "format": "dd.MM.yyyy"},
    {"step": "date", "order": "mdy"},
    {"step": "default", "value": "none"},
    {"step": "concat", "parts": ["Art. ", {"column": "Marke"}, " ", {"column": "Name"}]},
    {"step": "lookup", "values": {"noir": "black", "blanc": ""}, "otherwise": "refuse", "ignore_case": True},
    {"step": "only_if", "column": "Status", "is": ["live", "new"]},
    {"step": "only_if", "matches": "^[0-9]+$"},
    {"step": "only_if", "is_not_blank": True},
    {"step": "prefix", "text": "KB-"},
    {"step": "suffix", "text": " cm"},
    {"step": "pad", "length": 13, "with": " "},
    {"step": "cut", "length": 40},
    {"step": "extract", "pattern": "[0-9]+"},
    {"step": "strip_html"},
]


def steps(*given):
    return read_transforms({"Farbe": list(given)})["Farbe"]


def problems(*given, at: str = "transforms"):
    with pytest.raises(InvalidValue) as refused:
        read_transforms({"Farbe": list(given)}, at=at)
    return refused.value.fields


@pytest.mark.parametrize("step", ALL_WORDS, ids=[each["step"] for each in ALL_WORDS])
def test_a_step_is_told_as_it_was_said_and_read_again(step):
    [told] = steps_json(steps(step))
    assert told == step
    assert next(iter(told)) == "step"
    assert steps(json.loads(json.dumps(told))) == steps(step)


def test_every_step_is_among_those_tried():
    assert {each["step"] for each in ALL_WORDS} == set(STEPS)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"step": "trim", "collapse": False}, {"step": "trim"}),
        ({"step": "lookup", "values": {"a": "b"}, "otherwise": "keep"}, {"step": "lookup", "values": {"a": "b"}}),
        ({"step": "only_if", "is": "live", "otherwise": "blank"}, {"step": "only_if", "is": "live"}),
        ({"step": "number", "decimal": ".", "multiply": 1.2}, {"step": "number", "decimal": ".", "multiply": "1.2"}),
        ({"step": "number", "decimal": ".", "round": None}, {"step": "number", "decimal": "."}),
    ],
)
def test_what_says_the_same_is_told_the_same(given, told):
    assert steps_json(steps(given)) == [told]


def test_a_column_without_steps_has_none():
    assert read_transforms({"Farbe": []}) == {}


@pytest.mark.parametrize(
    ("step", "word", "said"),
    [
        ({"step": "shout"}, "step", "must be one of trim, case"),
        ({}, "step", "must be one of"),
        ({"step": ["trim"]}, "step", "must be one of"),
        ({"step": "trim", "loud": 1}, "loud", "its words are collapse"),
        ({"step": "strip_html", "loud": 1}, "loud", "it has none"),
        ({"step": "trim", "collapse": "yes"}, "collapse", "true or false"),
        ({"step": "case"}, "to", "must be said"),
        ({"step": "case", "to": "LOUD"}, "to", "lower, upper, title, sentence"),
        ({"step": "replace", "find": "", "with": ""}, "find", "1 to 500 characters"),
        ({"step": "replace", "find": "a\0", "with": ""}, "find", "NUL"),
        ({"step": "replace", "find": "\ud800", "with": ""}, "find", "NUL"),
        ({"step": "replace", "find": "(", "with": "", "regex": True}, "find", "RE2"),
        ({"step": "replace", "find": "x*", "with": "", "regex": True}, "find", "empty text"),
        ({"step": "replace", "find": "(x)", "with": "\\2", "regex": True}, "with", "group 2"),
        ({"step": "replace", "find": "x" * 201, "with": "", "regex": True}, "find", "200"),
        ({"step": "split", "separator": ">", "take": 0}, "take", "all, first or last"),
        ({"step": "split", "separator": ">", "take": "second"}, "take", "all, first or last"),
        ({"step": "split", "separator": ">", "take": True}, "take", "all, first or last"),
        ({"step": "split", "separator": ">", "take": ["all"]}, "take", "all, first or last"),
        ({"step": "number", "decimal": ";"}, "decimal", "must be one of"),
        ({"step": "number", "decimal": ",", "multiply": 0}, "multiply", "must be a number"),
        ({"step": "number", "decimal": ",", "multiply": True}, "multiply", "must be a number"),
        ({"step": "number", "decimal": ",", "multiply": "1e99999999"}, "multiply", "must be a number"),
        ({"step": "number", "decimal": ",", "divide": "NaN"}, "divide", "must be a number"),
        ({"step": "number", "decimal": ",", "divide": {}}, "divide", "must be a number"),
        ({"step": "number", "decimal": ",", "multiply": "1." + "1" * 40}, "multiply", "must be a number"),
        ({"step": "number", "decimal": ",", "multiply": "1_000"}, "multiply", "must be a number"),
        ({"step": "number", "decimal": ",", "round": 13}, "round", "0 to 12"),
        ({"step": "date"}, "format", "one of them"),
        ({"step": "date", "format": "dd.MM.yyyy", "order": "dmy"}, "format", "one of them"),
        ({"step": "date", "format": "dd.MM"}, "format", "year"),
        ({"step": "date", "format": "dd.mm.yyyy"}, "format", "month"),
        ({"step": "date", "format": "dd.MM.yyyy dd"}, "format", "twice"),
        ({"step": "date", "format": "Q dd.MM.yyyy"}, "format", '"Q"'),
        ({"step": "date", "format": "dd.MM.yyyy mm"}, "format", "no hour"),
        ({"step": "date", "order": "dym"}, "order", "dmy, mdy, ymd"),
        ({"step": "default", "value": " "}, "value", "blank"),
        ({"step": "default", "value": 3}, "value", "must be a text"),
        ({"step": "concat", "parts": []}, "parts", "1 to 50"),
        ({"step": "concat", "parts": ["a"]}, "parts", "names no column"),
        ({"step": "concat", "parts": [{"column": ""}]}, "parts", "header"),
        ({"step": "concat", "parts": [{"header": "Name"}]}, "parts", "must be a text"),
        ({"step": "lookup", "values": {}}, "values", "1 to 10000 entries"),
        ({"step": "lookup", "values": {"a": 1}}, "values", "texts"),
        ({"step": "lookup", "values": {"a": "1\0"}}, "values", "NUL"),
        ({"step": "lookup", "values": {" ": "1"}}, "values", "blank"),
        ({"step": "lookup", "values": {"a": "1", " a": "2"}}, "values", "two entries"),
        ({"step": "lookup", "values": {"a": "1", "A": "2"}, "ignore_case": True}, "values", "two entries"),
        ({"step": "lookup", "values": {"a": "1"}, "otherwise": "cry"}, "otherwise", "keep, blank, refuse"),
        ({"step": "lookup", "values": {str(n): "x" for n in range(LOOKUP_VALUES + 1)}}, "values", "10000"),
        ({"step": "only_if"}, "is", "say one of"),
        ({"step": "only_if", "is": "a", "is_not": "b"}, "is", "say one of"),
        ({"step": "only_if", "is": []}, "is", "must be a text, or a list"),
        ({"step": "only_if", "is_blank": False}, "is_blank", "must be true"),
        ({"step": "only_if", "is": "a", "otherwise": "keep"}, "otherwise", "is no word"),
        ({"step": "only_if", "matches": "["}, "matches", "RE2"),
        ({"step": "pad", "length": 0}, "length", "1 to 100"),
        ({"step": "pad", "length": 4, "with": "ab"}, "with", "1 to 1"),
        ({"step": "cut", "length": "4"}, "length", "whole number"),
        ({"step": "extract", "pattern": "(a"}, "pattern", "RE2"),
        ({"step": "date", "format": "dMyyyy"}, "format", "two ways"),
        ({"step": "date", "format": "dd.MM.yyyy a"}, "format", "am or pm and no hour"),
        ({"step": "date", "format": "dd.MM.yyyy HH:ss"}, "format", "seconds and no minute"),
    ],
)
def test_what_cannot_be_is_named_by_its_path(step, word, said):
    found = problems(TRIM, step)
    assert list(found) == [f"transforms.Farbe.1.{word}"]
    assert said in found[f"transforms.Farbe.1.{word}"]


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ([], "transforms"),
        ("trim", "transforms"),
        ({"Farbe": {}}, "transforms.Farbe"),
        ({"Farbe": "trim"}, "transforms.Farbe"),
        ({"Farbe": ["trim"]}, "transforms.Farbe.0"),
        ({"Farbe": [None]}, "transforms.Farbe.0"),
        ({"Farbe": [TRIM] * (STEPS_PER_COLUMN + 1)}, "transforms.Farbe"),
        ({"Far\0be": [TRIM]}, "transforms"),
    ],
)
def test_what_is_no_list_of_steps_is_named_by_its_path(given, path):
    with pytest.raises(InvalidValue) as refused:
        read_transforms(given)
    assert list(refused.value.fields) == [path]


def test_everything_that_is_wrong_is_told_at_once():
    assert set(problems({"step": "case", "to": "x", "more": 1}, {"step": "pad"})) == {
        "transforms.Farbe.0.to",
        "transforms.Farbe.0.more",
        "transforms.Farbe.1.length",
    }


def test_of_a_thousand_wrong_steps_not_all_are_told():
    with pytest.raises(InvalidValue) as refused:
        read_transforms({f"Column {number}": [{}] * 20 for number in range(50)})
    told = list(refused.value.fields.items())
    assert (len(told), told[0][0]) == (101, "transforms.Column 0.0.step")
    assert told[-1] == ("more", "900 more things are wrong")


def test_the_transforms_of_a_mapping_are_bounded():
    lookup = {"step": "lookup", "values": {f"{number:0500}": "x" * 500 for number in range(1_100)}}
    with pytest.raises(InvalidValue) as refused:
        read_transforms({"Farbe": [lookup]})
    assert "bytes as JSON" in refused.value.fields["transforms"]


def test_columns_that_are_asked_for():
    found = steps(
        {"step": "concat", "parts": [{"column": "Marke"}, {"column": "Name"}]}, {"step": "only_if", "is": "x"}
    )
    assert columns_named(found) == {"Marke", "Name"}
    assert columns_named(renamed(found, {"Marke": "MARKE"})) == {"MARKE", "Name"}
    assert columns_named(steps({"step": "only_if", "column": "Status", "is_blank": True})) == {"Status"}


def test_columns_must_be_there_and_mapped():
    given = read_transforms(
        {
            "Farbe": [TRIM, {"step": "concat", "parts": [{"column": "Marke"}, {"column": "Modell"}]}],
            "Grösse": [TRIM],
            "Marke": [{"step": "only_if", "column": "Status", "is": "x"}],
        }
    )
    headers = {"Farbe", "Marke"}
    assert check_transforms(given, {"Farbe"}, headers) == {
        "transforms.Farbe.1.parts": 'the file has no column "Modell"',
        "transforms.Grösse": "the file has no such column",
        "transforms.Marke": "the column is not mapped to a field, so it has no use for steps",
        "transforms.Marke.0.column": 'the file has no column "Status"',
    }
    only_farbe = {"Farbe": given["Farbe"]}
    assert check_transforms(only_farbe, {"Farbe"}, headers, lenient=True) == {}
    assert transforms_json(only_farbe)["Farbe"][0] == TRIM
