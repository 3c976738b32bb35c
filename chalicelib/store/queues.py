"""Queues: SQS. Messages carry ids, never rows."""

import json
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

_BATCH = 10
"""Entries SQS takes in one send."""


class Queues:
    """The queues of one deployment, by name; addresses are asked for once."""

    def __init__(self, client: "SQSClient") -> None:
        self._client = client
        self._urls: dict[str, str] = {}

    def send(self, queue: str, messages: Iterable[Mapping[str, Any]], *, delay_seconds: int = 0) -> None:
        """Send JSON messages, ten at a time, to be shown after a delay (at most 900 seconds).

        Raises Unavailable when one was not taken; those before it were.
        """
        rest = iter(messages)
        while batch := list(islice(rest, _BATCH)):
            entries: list[SendMessageBatchRequestEntryTypeDef] = [
                {
                    "Id": str(number),
                    "MessageBody": json.dumps(message, separators=(",", ":")),
                    "DelaySeconds": delay_seconds,
                }
                for number, message in enumerate(batch)
            ]
            try:
                answer = self._client.send_message_batch(QueueUrl=self._url(queue), Entries=entries)
            except (ClientError, BotoCoreError) as error:
                raise Unavailable(f"SQS did not take messages for {queue}: {error}") from error
            if answer.get("Failed"):
                raise Unavailable(
                    f"SQS did not take {len(answer['Failed'])} messages for {queue}: {answer['Failed'][0]}"
                )

    def retry_in(self, queue: str, receipt_handle: str, seconds: int) -> None:
        """Show a received message again after ``seconds`` instead of the queue's visibility timeout."""
        try:
            self._client.change_message_visibility(
                QueueUrl=self._url(queue), ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
            )
        except (ClientError, BotoCoreError) as error:
            raise Unavailable(f"SQS did not answer for {queue}: {error}") from error

    def ping(self, queues: Iterable[str]) -> None:
        """Raise Unavailable unless each queue is there."""
        for queue in queues:
            try:
                self._client.get_queue_attributes(QueueUrl=self._url(queue), AttributeNames=["QueueArn"])
            except (ClientError, BotoCoreError) as error:
                raise Unavailable(f"SQS did not answer for {queue}: {error}") from error

    def _url(self, queue: str) -> str:
        if queue not in self._urls:
            self._urls[queue] = self._client.get_queue_url(QueueName=queue)["QueueUrl"]
        return self._urls[queue]
