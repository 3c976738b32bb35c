"""The event pump: hands queue messages and the clock's ticks to an app's functions as Lambda would.

Comes in: a Chalice app and an SQS client. Goes out: calls of the app's handlers, and deletions of what they finished.
The rules are those of an SQS event source mapping: a batch whose handler raises, or takes longer than its timeout,
stays; failed messages wait for their visibility timeout; answers name single failures only where that is switched on;
never more than a source's maximum concurrency at once; on stop nothing more is received and what runs is finished.
Unlike Lambda's asynchronous calls, a schedule that fails is not retried before its next time.
"""

import logging
import math
import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from chalice.app import Chalice, ScheduledEventConfig, SQSEventConfig
from chalice.local import LambdaContext

from infra.local.errors import CannotStart
from infra.local.events import Message, failed_message_ids, scheduled_event, to_lambda_event
from infra.local.schedule import Cron, Rate, parse_schedule

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_RECEIVE_LIMIT = 10
_DEFAULT_CONCURRENCY = 5
_DEFAULT_TIMEOUT_SECONDS = 60.0
_MEMORY_MB = 1024
_PAUSE_SECONDS = 1.0
_LONGEST_NAP_SECONDS = 30.0
"""A laptop may sleep; the clock is looked at again at least this often."""
_ACCOUNT = "123456789012"

log = logging.getLogger(__name__)

Handler = Callable[[dict[str, Any], LambdaContext], Any]


@dataclass(frozen=True, slots=True)
class _Function:
    name: str
    handler: Handler
    timeout_seconds: float
    threads: "_WarmThreads"


@dataclass(frozen=True, slots=True)
class _Queue:
    """One event source mapping."""

    function: _Function
    url: str
    arn: str
    batch_size: int
    window_seconds: int
    concurrency: int
    names_failures: bool


@dataclass(frozen=True, slots=True)
class _Schedule:
    function: _Function
    rule_arn: str
    times: Rate | Cron


class _WarmThreads:
    """Threads that wait for the next call as Lambda's containers do: what one opened for its thread is used again."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._idle: list[SimpleQueue[Callable[[], None] | None]] = []

    def run(self, work: Callable[[], Any]) -> Future[Any]:
        """Begin ``work`` at once, in an idle thread or a new one."""
        outcome: Future[Any] = Future()

        def call() -> None:
            try:
                outcome.set_result(work())
            except BaseException as error:  # noqa: BLE001 - whoever waits raises it
                outcome.set_exception(error)

        try:
            inbox = self._idle.pop()
        except IndexError:
            inbox = SimpleQueue()
            threading.Thread(target=self._wait_for_calls, args=(inbox,), name=self._name, daemon=True).start()
        inbox.put(call)
        return outcome

    def end(self) -> None:
        """Let the idle threads go; one that works goes with the process."""
        while self._idle:
            self._idle.pop().put(None)

    def _wait_for_calls(self, inbox: "SimpleQueue[Callable[[], None] | None]") -> None:
        while (call := inbox.get()) is not None:
            call()
            self._idle.append(inbox)


class Pump:
    """Feeds the functions of ``app``.

    ``start`` runs it in threads until ``stop``; ``step`` and ``drain`` run it in the caller's thread instead.

    Args:
        names_failures: handlers whose mapping has ReportBatchItemFailures switched on.
        timeouts_seconds: by handler name; 60 for the others.
        wait_seconds: of a long poll, which is also how long ``stop`` may take when nothing runs.
        now: the clock the schedules go by, in UTC.
    """

    def __init__(
        self,
        app: Chalice,
        sqs: "SQSClient",
        *,
        region: str,
        names_failures: Collection[str] = frozenset(),
        timeouts_seconds: Mapping[str, float] | None = None,
        wait_seconds: int = 1,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._sqs = sqs
        self._region = region
        self._wait_seconds = wait_seconds
        self._now = now
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        timeouts = timeouts_seconds or {}
        self._functions = {
            name: _Function(name, handler, timeouts.get(name, _DEFAULT_TIMEOUT_SECONDS), _WarmThreads(name))
            for name, handler in app.handler_map.items()
        }
        self._queues: list[_Queue] = []
        self._schedules: dict[str, _Schedule] = {}
        for source in app.event_sources:
            function = self._functions[source.name]
            match source:
                case SQSEventConfig():
                    self._queues.append(self._queue(source, function, source.name in names_failures))
                case ScheduledEventConfig():
                    rule_arn = f"arn:aws:events:{region}:{_ACCOUNT}:rule/{app.app_name}-{source.name}"
                    self._schedules[source.name] = _Schedule(function, rule_arn, _times(source))
                case _:
                    kind = type(source).__name__
                    raise CannotStart(
                        f"The function {source.name!r} has an event source ({kind}) that is not run locally."
                    )

    def start(self) -> None:
        """Poll each queue and keep each schedule in a thread of its own."""
        self._stopping.clear()
        self._threads = [
            *(self._thread(self._poll, queue, queue.function) for queue in self._queues),
            *(self._thread(self._keep, schedule, schedule.function) for schedule in self._schedules.values()),
        ]
        for thread in self._threads:
            thread.start()

    def is_alive(self) -> bool:
        return all(thread.is_alive() for thread in self._threads)

    def stop(self) -> None:
        """Receive nothing more, finish what runs (or let it run into its timeout), return."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        self._threads = []
        for function in self._functions.values():
            function.threads.end()

    def step(self) -> int:
        """One batch of each queue that has visible messages; returns the number of messages handed over."""
        handed = 0
        for queue in self._queues:
            batch = self._receive(queue, queue.batch_size, wait_seconds=0)
            if batch:
                self._hand_over(queue, batch)
            handed += len(batch)
        return handed

    def drain(self) -> int:
        """Step until no queue has visible messages; returns the number of messages handed over."""
        handed = 0
        while more := self.step():
            handed += more
        return handed

    def tick(self, name: str) -> Any:
        """Call a scheduled function now, and return its answer or raise its error."""
        schedule = self._schedules[name]
        return _call(schedule.function, scheduled_event(schedule.rule_arn, self._now(), str(uuid.uuid4())))

    def _queue(self, source: SQSEventConfig, function: _Function, names_failures: bool) -> _Queue:
        if source.batch_size > _RECEIVE_LIMIT and source.maximum_batching_window_in_seconds < 1:
            raise CannotStart(f"The function {source.name!r} needs a batching window for batches of more than 10.")
        name = source.queue or str(source.queue_arn).rpartition(":")[2]
        url = self._sqs.get_queue_url(QueueName=name)["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn", "VisibilityTimeout"])
        if int(attributes["Attributes"]["VisibilityTimeout"]) < function.timeout_seconds:
            raise CannotStart(f"The visibility timeout of {name} is shorter than the timeout of {source.name!r}.")
        return _Queue(
            function=function,
            url=url,
            arn=attributes["Attributes"]["QueueArn"],
            batch_size=source.batch_size,
            window_seconds=source.maximum_batching_window_in_seconds,
            concurrency=source.maximum_concurrency or _DEFAULT_CONCURRENCY,
            names_failures=names_failures,
        )

    def _thread(self, run: Callable[[Any], None], subject: Any, function: _Function) -> threading.Thread:
        return threading.Thread(target=run, args=(subject,), name=f"pump {function.name}", daemon=True)

    def _poll(self, queue: _Queue) -> None:
        free = threading.Semaphore(queue.concurrency)
        running: list[threading.Thread] = []
        while not self._stopping.is_set():
            # A message is received only when it can be worked on: its visibility timeout does not wait.
            if not free.acquire(timeout=_PAUSE_SECONDS) or self._stopping.is_set():
                continue
            batch = self._gather(queue)
            if not batch:
                free.release()
                continue
            running = [thread for thread in running if thread.is_alive()]
            running.append(threading.Thread(target=self._hand_over_and_free, args=(queue, batch, free), daemon=True))
            running[-1].start()
        for thread in running:
            thread.join()

    def _gather(self, queue: _Queue) -> list[Message]:
        """A batch: what is there, and for mappings with a window what comes until it closes or the batch is full."""
        batch = self._receive(queue, queue.batch_size, self._wait_seconds)
        closes_at = time.monotonic() + queue.window_seconds
        while batch and len(batch) < queue.batch_size and not self._stopping.is_set():
            left = closes_at - time.monotonic()
            if left <= 0:
                break
            batch += self._receive(queue, queue.batch_size - len(batch), min(self._wait_seconds, math.ceil(left)))
        return batch

    def _receive(self, queue: _Queue, limit: int, wait_seconds: int) -> list[Message]:
        try:
            answer = self._sqs.receive_message(
                QueueUrl=queue.url,
                MaxNumberOfMessages=min(limit, _RECEIVE_LIMIT),
                WaitTimeSeconds=wait_seconds,
                MessageSystemAttributeNames=["All"],
                MessageAttributeNames=["All"],
            )
        except (BotoCoreError, ClientError) as error:
            log.warning("queue not reached", extra={"function": queue.function.name, "error": str(error)})
            self._stopping.wait(_PAUSE_SECONDS)
            return []
        return list(answer.get("Messages", []))

    def _hand_over_and_free(self, queue: _Queue, batch: list[Message], free: threading.Semaphore) -> None:
        try:
            self._hand_over(queue, batch)
        finally:
            free.release()

    def _hand_over(self, queue: _Queue, batch: list[Message]) -> None:
        try:
            answer = _call(queue.function, to_lambda_event(batch, queue.arn, self._region))
        except BaseException as error:  # noqa: BLE001 - whatever a function raises, Lambda goes on
            _log_failure(queue.function, error, len(batch))
            return
        ids = [message["MessageId"] for message in batch]
        failed = failed_message_ids(answer, ids) if queue.names_failures else frozenset[str]()
        if failed:
            log.warning("messages failed", extra={"function": queue.function.name, "messages": len(failed)})
        self._delete(queue, [message for message in batch if message["MessageId"] not in failed])

    def _delete(self, queue: _Queue, messages: list[Message]) -> None:
        for some in _tens(messages):
            entries: Any = [
                {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]} for number, message in enumerate(some)
            ]
            try:
                left: Any = self._sqs.delete_message_batch(QueueUrl=queue.url, Entries=entries).get("Failed", [])
            except (BotoCoreError, ClientError) as error:
                left = str(error)
            if left:
                # They come again after the visibility timeout, as any message may.
                log.warning("messages not deleted", extra={"function": queue.function.name, "left": left})

    def _keep(self, schedule: _Schedule) -> None:
        due = schedule.times.next_after(self._now())
        while due is not None:
            seconds = (due - self._now()).total_seconds()
            if self._stopping.wait(min(max(seconds, 0), _LONGEST_NAP_SECONDS)):
                return
            if seconds > _LONGEST_NAP_SECONDS:
                continue
            try:
                _call(schedule.function, scheduled_event(schedule.rule_arn, due, str(uuid.uuid4())))
            except BaseException as error:  # noqa: BLE001 - whatever a function raises, the clock goes on
                _log_failure(schedule.function, error, 0)
            due = schedule.times.next_after(max(due, self._now()))
        self._stopping.wait()


def _times(source: ScheduledEventConfig) -> Rate | Cron:
    expression = source.schedule_expression
    return parse_schedule(expression if isinstance(expression, str) else expression.to_string())


def _call(function: _Function, event: dict[str, Any]) -> Any:
    """The function's answer.

    Raises:
        TimeoutError: it took too long. Threads cannot be killed: it goes on, and its late answer goes nowhere.
    """
    context = LambdaContext(function.name, _MEMORY_MB, max_runtime_ms=int(function.timeout_seconds * 1000))
    outcome = function.threads.run(lambda: function.handler(event, context))
    return outcome.result(function.timeout_seconds)


def _log_failure(function: _Function, error: BaseException, messages: int) -> None:
    log.error("function failed", exc_info=error, extra={"function": function.name, "messages": messages})


def _tens(messages: list[Message]) -> Iterator[list[Message]]:
    for start in range(0, len(messages), _RECEIVE_LIMIT):
        yield messages[start : start + _RECEIVE_LIMIT]
