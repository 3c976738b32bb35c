"""moto's SQS queue without two faults of it: losing messages, and getting slower the more of them there are.

In moto each deletion puts a new list in place of the queue's: of two at once, one undoes the other, and what was sent
meanwhile is gone. And it works out the time anew for each message several times in every send and receive, so that
2,000 messages take more than half a minute to send.
"""

import time

from moto.sqs.exceptions import ReceiptHandleIsInvalid
from moto.sqs.models import Message, Queue


class SteadyQueue(Queue):
    """A queue that keeps what is sent while something is deleted, and looks at the clock once for all messages."""

    def delete_message(self, receipt_handle: str) -> None:
        with self._messages_lock:
            if receipt_handle in self.deleted_messages:
                return
            found = next((message for message in self._messages if message.had_receipt_handle(receipt_handle)), None)
            if found is None:
                raise ReceiptHandleIsInvalid
            self._messages.remove(found)
            self.pending_messages.discard(found)
            self.deleted_messages.update(handle for handle in found.all_receipt_handles if handle)

    @property
    def messages(self) -> list[Message]:
        now = _milliseconds()
        return [message for message in self._messages if now > message.visible_at and now >= message.delayed_until]

    @property
    def approximate_number_of_messages_delayed(self) -> int:
        now = _milliseconds()
        return sum(now < message.delayed_until for message in self._messages)

    @property
    def approximate_number_of_messages_not_visible(self) -> int:
        now = _milliseconds()
        return sum(now <= message.visible_at for message in self._messages)


def _milliseconds() -> float:
    return time.time() * 1000
