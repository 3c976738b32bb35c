"""What dates and spans mean in a condition: windows of moments in UTC."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from chalicelib.conditions.definition import leaves, parse_definition
from chalicelib.conditions.moments import NoMoment, Window, iso_text, read_moment
from chalicelib.model.product_schema import ProductSchema, SchemaField

NOW = datetime(2026, 3, 31, 10, 30, tzinfo=UTC)
SCHEMA = ProductSchema(fields=[SchemaField("sold_at", "datetime")])
PARIS = "Europe/Paris"


def window(operator: str, value: Any, **rest: Any) -> tuple[str, str]:
    """The bounds as the texts they are compared as; empty where open."""
    condition = {"property": "sold_at", "operator": operator, "value": value, **rest}
    ((_, leaf),) = leaves(parse_definition(condition, SCHEMA, now=NOW))
    (found,) = leaf.operands
    assert isinstance(found, Window)
    return (iso_text(found.start) if found.start else "", iso_text(found.end) if found.end else "")


@pytest.mark.parametrize(
    ("operator", "value", "rest", "start", "end"),
    [
        ("eq", "2026-05-03", {}, "2026-05-03T00:00:00", "2026-05-04T00:00:00"),
        ("eq", "2026-05-03T18:00:00Z", {}, "2026-05-03T00:00:00", "2026-05-04T00:00:00"),
        ("eq", "2026-05-03", {"tz": PARIS}, "2026-05-02T22:00:00", "2026-05-03T22:00:00"),
        ("eq", "2026-05-03T23:00:00Z", {"tz": PARIS}, "2026-05-03T22:00:00", "2026-05-04T22:00:00"),
        ("eq", "2026-03-29", {"tz": PARIS}, "2026-03-28T23:00:00", "2026-03-29T22:00:00"),
        ("before", "2026-05-03", {}, "", "2026-05-03T00:00:00"),
        ("before", "2026-05-03T10:00:00", {}, "", "2026-05-03T10:00:00"),
        ("on_or_before", "2026-05-03", {}, "", "2026-05-04T00:00:00"),
        ("on_or_before", "2026-05-03T10:00:00Z", {}, "", "2026-05-03T10:00:00.000001"),
        ("after", "2026-05-03", {}, "2026-05-04T00:00:00", ""),
        ("after", "2026-05-03T10:00", {"tz": PARIS}, "2026-05-03T08:00:00.000001", ""),
        ("on_or_after", "2026-05-03", {"tz": "America/New_York"}, "2026-05-03T04:00:00", ""),
        ("on_or_after", "2026-05-03T10:00:00.5+02:00", {"tz": PARIS}, "2026-05-03T08:00:00.500000", ""),
        ("on_or_after", "2026-05-03 10:00:00,123456789-0330", {}, "2026-05-03T13:30:00.123456", ""),
        ("between", ["2026-05-03", "2026-05-03"], {}, "2026-05-03T00:00:00", "2026-05-04T00:00:00"),
        ("between", "2026-05-03", {"value2": "2026-05-04T10:00:00Z"},
         "2026-05-03T00:00:00", "2026-05-04T10:00:00.000001"),
        ("not_between", ["2026-05-03", "2026-05-05"], {}, "2026-05-03T00:00:00", "2026-05-06T00:00:00"),
        ("in_last", 90, {"unit": "minute"}, "2026-03-31T09:00:00.000001", "2026-03-31T10:30:00.000001"),
        ("in_last", 24, {"unit": "hour"}, "2026-03-30T10:30:00.000001", "2026-03-31T10:30:00.000001"),
        ("in_last", 7, {"unit": "day"}, "2026-03-24T10:30:00.000001", "2026-03-31T10:30:00.000001"),
        ("in_last", 2, {"unit": "week"}, "2026-03-17T10:30:00.000001", "2026-03-31T10:30:00.000001"),
        ("not_in_last", 1, {"unit": "month"}, "2026-02-28T10:30:00.000001", "2026-03-31T10:30:00.000001"),
        ("in_last", 1, {"unit": "month", "tz": PARIS}, "2026-02-28T11:30:00.000001", "2026-03-31T10:30:00.000001"),
        ("in_last", 25, {"unit": "month"}, "2024-02-29T10:30:00.000001", "2026-03-31T10:30:00.000001"),
        ("in_last", 1, {"unit": "year"}, "2025-03-31T10:30:00.000001", "2026-03-31T10:30:00.000001"),
        ("in_next", 1, {"unit": "month"}, "2026-03-31T10:30:00", "2026-04-30T10:30:00.000001"),
        ("in_next", 3, {"unit": "day"}, "2026-03-31T10:30:00", "2026-04-03T10:30:00.000001"),
        ("in_last", 1_000_000, {"unit": "year"}, "", "2026-03-31T10:30:00.000001"),
        ("in_next", 1_000_000, {"unit": "week"}, "2026-03-31T10:30:00", ""),
        ("eq", "9999-12-31", {}, "9999-12-31T00:00:00", ""),
        ("after", "9999-12-31", {}, "9999-12-31T23:59:59.999999", "9999-12-31T23:59:59.999999"),
        ("before", "0001-01-01", {}, "", "0001-01-01T00:00:00"),
    ],
)  # fmt: skip
def test_windows(operator: str, value: Any, rest: dict[str, Any], start: str, end: str) -> None:
    assert window(operator, value, **rest) == (start, end)


@pytest.mark.parametrize(
    "text",
    ["", "soon", "2026", "2026-13-01", "2026-02-29", "2026-1-1", "20260101", "2026-01-01T", "2026-01-01T24:01",
     "2026-01-01T10:00:00+25:00", "2026-01-01T10", "2026-01-01T10:00:00 Europe/Paris", "٢٠٢٦-٠١-٠١",
     "0001-01-01T00:00:00+01:00"],
)  # fmt: skip
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(NoMoment):
        read_moment(text, ZoneInfo("UTC"))


def test_bounds_are_ordered_as_texts_as_they_are_as_moments() -> None:
    moments = [
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        NOW,
        NOW.replace(microsecond=1),
        NOW.replace(microsecond=500_000),
        NOW.replace(second=1),
        datetime(9999, 12, 31, tzinfo=UTC),
    ]
    texts = [iso_text(moment) for moment in moments]
    assert texts == sorted(texts)
