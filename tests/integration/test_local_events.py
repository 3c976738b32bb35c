"""What a function is handed and what its answer means: Lambda's shapes, as tables."""

from datetime import UTC, datetime
from typing import Any

import pytest

from infra.local.events import failed_message_ids, scheduled_event, to_lambda_event

ARN = "arn:aws:sqs:eu-west-3:123456789012:chunks"


def test_the_record_of_a_message() -> None:
    message = {
        "MessageId": "m-1",
        "ReceiptHandle": "r-1",
        "Body": "{}",
        "MD5OfBody": "99914b932bd37a50b983c5e7c90ae93b",
        "Attributes": {"ApproximateReceiveCount": "2", "SentTimestamp": "1795256420991"},
        "MD5OfMessageAttributes": "0123",
        "MessageAttributes": {
            "word": {"StringValue": "w", "DataType": "String"},
            "bytes": {"BinaryValue": b"\x00\xff", "DataType": "Binary"},
        },
    }
    assert to_lambda_event([message], ARN, "eu-west-3") == {
        "Records": [
            {
                "messageId": "m-1",
                "receiptHandle": "r-1",
                "body": "{}",
                "attributes": {"ApproximateReceiveCount": "2", "SentTimestamp": "1795256420991"},
                "messageAttributes": {
                    "word": {"stringValue": "w", "stringListValues": [], "binaryListValues": [], "dataType": "String"},
                    "bytes": {
                        "binaryValue": "AP8=",
                        "stringListValues": [],
                        "binaryListValues": [],
                        "dataType": "Binary",
                    },
                },
                "md5OfBody": "99914b932bd37a50b983c5e7c90ae93b",
                "md5OfMessageAttributes": "0123",
                "eventSource": "aws:sqs",
                "eventSourceARN": ARN,
                "awsRegion": "eu-west-3",
            }
        ]
    }


def test_the_event_of_a_schedule() -> None:
    rule = "arn:aws:events:eu-west-3:123456789012:rule/skuloom-tick"
    event = scheduled_event(rule, datetime(2026, 11, 21, 10, 5, tzinfo=UTC), "e-1")
    assert event["detail-type"] == "Scheduled Event"
    assert event["resources"] == [rule]
    assert (event["account"], event["region"]) == ("123456789012", "eu-west-3")
    assert event["time"] == "2026-11-21T10:05:00Z"


NOTHING: frozenset[str] = frozenset()
ALL = frozenset({"a", "b", "c"})


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        (None, NOTHING),
        ({}, NOTHING),
        ({"batchItemFailures": None}, NOTHING),
        ({"batchItemFailures": []}, NOTHING),
        ({"batchItemFailures": [{"itemIdentifier": "b"}]}, frozenset({"b"})),
        ({"batchItemFailures": [{"itemIdentifier": "b"}, {"itemIdentifier": "c"}]}, frozenset({"b", "c"})),
        ({"batchItemFailures": [{"itemIdentifier": None}]}, ALL),
        ({"batchItemFailures": [{"itemIdentifier": ""}]}, ALL),
        ({"batchItemFailures": [{"itemIdentifier": "a"}, {"itemIdentifier": "unknown"}]}, ALL),
        ({"batchItemFailures": [{"id": "a"}]}, ALL),
        ({"batchItemFailures": ["a"]}, ALL),
        ({"batchItemFailures": "a"}, ALL),
        ("done", ALL),
    ],
)
def test_which_messages_stay(answer: Any, failed: frozenset[str]) -> None:
    assert failed_message_ids(answer, ["a", "b", "c"]) == failed
