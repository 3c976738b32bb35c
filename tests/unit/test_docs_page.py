"""A schema in a few words, as the docs page prints it."""

import re
from html import unescape

import pytest

from chalicelib.api.docs_page import kind


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        (True, "anything"),
        ({}, "anything"),
        ({"type": "string"}, "string"),
        ({"type": ["string", "null"]}, "string or null"),
        (
            {"type": "integer", "minimum": 1, "maximum": 200, "default": 50},
            "integer (at least 1, at most 200, default 50)",
        ),
        ({"type": "string", "format": "date-time"}, "string (date-time)"),
        ({"type": "string", "default": ""}, 'string (default "")'),
        ({"type": "array", "items": {"type": "string"}, "maxItems": 500}, "list of string (at most 500)"),
        ({"type": "object", "additionalProperties": {"type": "boolean"}}, "object of boolean"),
        ({"type": "object", "additionalProperties": True}, "object"),
        ({"$ref": "#/components/schemas/Job"}, "Job"),
        ({"anyOf": [{"$ref": "#/components/schemas/Job"}, {"type": "null"}]}, "Job or null"),
        ({"type": "string", "enum": ["AND", "OR"], "default": "AND"}, "one of AND, OR (default AND)"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}], "enum": ["day", None]}, "one of day, null"),
        ({"const": "ok", "type": "string"}, "ok"),
        ({"type": "string", "pattern": "<b>"}, "string (matches <b>)"),
    ],
)
def test_a_schema_in_words(schema, words):
    text = kind(schema)
    assert "<b>" not in text
    assert unescape(re.sub(r"<[^>]*>", "", text)) == words
