"""What Lambda hands to a function, and what it understands of a function's answer. Pure.

Comes in: messages as ``receive_message`` of boto3 gives them. Goes out: the event of an SQS event source mapping, in
the record shape AWS documents, or the event of a schedule.
"""

import base64
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

Message = Mapping[str, Any]


def to_lambda_event(messages: Iterable[Message], queue_arn: str, region: str) -> dict[str, Any]:
    """The event a function of an SQS event source mapping gets for a batch of received messages."""
    return {"Records": [_record(message, queue_arn, region) for message in messages]}


def scheduled_event(rule_arn: str, at: datetime, event_id: str) -> dict[str, Any]:
    """The event EventBridge sends at the times of a schedule; ``at`` is UTC."""
    _, _, _, region, account, _ = rule_arn.split(":", 5)
    return {
        "version": "0",
        "id": event_id,
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": account,
        "time": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": region,
        "resources": [rule_arn],
        "detail": {},
    }


def failed_message_ids(answer: Any, message_ids: Iterable[str]) -> frozenset[str]:
    """The messages of a batch that stay in the queue, of an answer with ``ReportBatchItemFailures`` switched on.

    An answer AWS cannot make sense of (not an object, an identifier that is missing, empty or not of this batch) means
    all of them.
    """
    everything = frozenset(message_ids)
    if answer is None:
        return frozenset()
    if not isinstance(answer, Mapping):
        return everything
    failures = answer.get("batchItemFailures")
    if failures is None:
        return frozenset()
    if not isinstance(failures, list):
        return everything
    failed = [failure.get("itemIdentifier") if isinstance(failure, Mapping) else None for failure in failures]
    known = [identifier for identifier in failed if isinstance(identifier, str) and identifier in everything]
    return frozenset(known) if len(known) == len(failed) else everything


def _record(message: Message, queue_arn: str, region: str) -> dict[str, Any]:
    record = {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": dict(message.get("Attributes", {})),
        "messageAttributes": {
            name: _message_attribute(attribute) for name, attribute in message.get("MessageAttributes", {}).items()
        },
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": region,
    }
    if "MD5OfMessageAttributes" in message:
        record["md5OfMessageAttributes"] = message["MD5OfMessageAttributes"]
    return record


def _message_attribute(attribute: Mapping[str, Any]) -> dict[str, Any]:
    value: dict[str, Any] = {}
    if "StringValue" in attribute:
        value["stringValue"] = attribute["StringValue"]
    if "BinaryValue" in attribute:
        value["binaryValue"] = base64.b64encode(attribute["BinaryValue"]).decode()
    return value | {"stringListValues": [], "binaryListValues": [], "dataType": attribute["DataType"]}
