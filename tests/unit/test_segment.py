"""Segments without any database: where one stands, when the clock asks, circles, and how members are printed."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import orjson
import pytest

from chalicelib.dialects.segops_segments import member_json
from chalicelib.model.product import Product
from chalicelib.model.product_schema import ProductSchema, SchemaField
from chalicelib.model.segment import (
    Segment,
    SegmentNode,
    SegmentStatus,
    circle,
    next_due,
    refuse_refresh_interval,
)

NOW = datetime(2026, 5, 3, 12, tzinfo=UTC)
SOON, JUST_NOW = NOW + timedelta(seconds=1), NOW - timedelta(seconds=1)


def segment(**values) -> Segment:
    stored = {
        "workspace_id": 1,
        "id": 1,
        "name": "A segment",
        "description": "",
        "is_active": True,
        "definition": {"type": "all_products"},
        "definition_version": 1,
        "reads": [],
        "members_of": [],
        "refresh_interval": 60,
        "due_at": None,
        "current_compute": None,
        "computed_definition": None,
        "computed_count": 0,
        "last_computed_at": None,
        "requested": 0,
        "answered": 0,
        "running_compute": None,
        "running_request": None,
        "lease_until": None,
        "last_error": "",
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Segment(**{**stored, **values})


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({}, SegmentStatus.NEVER_COMPUTED),
        ({"requested": 1}, SegmentStatus.QUEUED),
        ({"requested": 1, "running_compute": 7, "lease_until": SOON}, SegmentStatus.COMPUTING),
        ({"requested": 1, "running_compute": 7, "lease_until": JUST_NOW}, SegmentStatus.QUEUED),
        ({"requested": 1, "answered": 1, "current_compute": 7, "computed_definition": 1}, SegmentStatus.READY),
        ({"current_compute": 7, "computed_definition": 1, "definition_version": 2}, SegmentStatus.OUTDATED),
        ({"requested": 1, "answered": 1, "last_error": "Away."}, SegmentStatus.FAILED),
        ({"requested": 2, "answered": 1, "last_error": "Away.", "current_compute": 7}, SegmentStatus.QUEUED),
        ({"requested": 2, "answered": 2, "last_error": "Away.", "current_compute": 7}, SegmentStatus.FAILED),
    ],
)
def test_status(values, status):
    assert segment(**values).status(NOW) is status


@pytest.mark.parametrize(
    ("is_active", "interval", "known", "due"),
    [
        (True, 60, True, NOW + timedelta(hours=1)),
        (True, 60, False, NOW),
        (True, 0, False, None),
        (False, 60, False, None),
        (False, 60, True, None),
    ],
)
def test_next_due(is_active, interval, known, due):
    assert next_due(NOW, is_active=is_active, refresh_interval=interval, known=known) == due


@pytest.mark.parametrize(
    ("minutes", "holds"), [(0, True), (1, False), (4, False), (5, True), (525_600, True), (525_601, False)]
)
def test_refresh_interval(minutes, holds):
    assert (refuse_refresh_interval(minutes) is None) is holds


def node(number: int, *members_of: int) -> SegmentNode:
    return SegmentNode(number, f"Segment {number}", members_of)


@pytest.mark.parametrize(
    ("start", "others", "way"),
    [
        (node(1), [], None),
        (node(1, 1), [], [1, 1]),
        (node(1, 2), [node(2)], None),
        (node(1, 2), [node(2, 1)], [1, 2, 1]),
        (node(1, 2), [node(1, 3), node(2, 3), node(3)], None),
        (node(1, 2), [node(2, 3), node(3, 1)], [1, 2, 3, 1]),
        (node(1, 2, 3), [node(2, 4), node(3, 4), node(4, 5), node(5, 4)], None),
        (node(1, 99), [node(2, 1)], None),
    ],
)
def test_circle(start, others, way):
    found = circle(start, others)
    assert (found and [each.id for each in found]) == way


def test_a_deep_chain_is_no_trouble():
    chain = [node(number, number + 1) for number in range(2, 5_000)]
    assert circle(node(1, 2), chain) is None
    found = circle(node(1, 2), [*chain, node(5_000, 1)])
    assert found is not None and len(found) == 5_001


@pytest.mark.parametrize(
    ("field_type", "stored", "printed"),
    [
        ("price", {"amount": Decimal("129.99"), "currency": "EUR"}, b"129.99"),
        ("price", {"amount": Decimal("129.90"), "currency": "EUR"}, b"129.90"),
        ("price", {"amount": 150, "currency": "EUR"}, b"150"),
        ("price", {"amount": Decimal("12345678901234567890.12"), "currency": "EUR"}, b"12345678901234567890.12"),
        ("price", {"amount": Decimal("1E-7"), "currency": "EUR"}, b"0.0000001"),
        ("price", "kept from when it was a text", b'"kept from when it was a text"'),
        (
            "multi_price",
            [{"amount": Decimal("1.50"), "currency": "EUR", "locale": "fr_FR"}],
            b'[{"amount":1.50,"currency":"EUR","locale":"fr_FR"}]',
        ),
        ("number", Decimal("0.1"), b"0.1"),
        ("number", Decimal("0.12345678901234567890"), b"0.1234567890123456789"),
        ("array", ["red", "new"], b'["red","new"]'),
        ("boolean", False, b"false"),
        ("datetime", "2026-12-31T00:00:00Z", b'"2026-12-31T00:00:00Z"'),
    ],
)
def test_a_members_values_are_exact_and_its_prices_numbers(field_type, stored, printed):
    product = Product(1, "A", "A", {"value": stored}, "csv", None, NOW, NOW, None, 1)
    schema = ProductSchema(fields=(SchemaField("value", field_type),))
    assert orjson.dumps(member_json(product, schema)["data"]["value"]) == printed
