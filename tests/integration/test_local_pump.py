"""The event pump: each rule of an SQS event source mapping, on a toy app with queues of its own."""

import json
import queue
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from chalice.app import Chalice, CloudWatchEvent, S3Event, SQSEvent

from chalicelib.settings import Settings
from infra.local.aws import clients
from infra.local.errors import CannotStart
from infra.local.pump import Pump

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

SETTINGS = Settings()
PATIENCE_SECONDS = 60

Answer = Callable[[dict[str, Any]], Any]


@dataclass(frozen=True, slots=True)
class Aws:
    s3: "S3Client"
    sqs: "SQSClient"


@dataclass(slots=True)
class Toy:
    """An app whose functions note what they are handed and answer as the test says."""

    app: Chalice
    sqs: "SQSClient"
    calls: "queue.Queue[dict[str, Any]]" = field(default_factory=queue.Queue)
    contexts: list[Any] = field(default_factory=list)

    def consume(
        self, queue_name: str, answer: Answer = lambda _: None, *, name: str = "consume", **source: Any
    ) -> None:
        def handler(event: SQSEvent) -> Any:
            self.calls.put(event.to_dict())
            self.contexts.append(event.context)
            return answer(event.to_dict())

        self.app.on_sqs_message(queue=queue_name, name=name, **source)(handler)

    def pump(self, **arguments: Any) -> Pump:
        return Pump(self.app, self.sqs, region=SETTINGS.aws_region, **arguments)

    def bodies(self, number: int) -> list[str]:
        """The bodies of the next messages handed over, waited for."""
        found: list[str] = []
        while len(found) < number:
            event = self.calls.get(timeout=PATIENCE_SECONDS)
            found += [record["body"] for record in event["Records"]]
        return found


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    command = [sys.executable, "-m", "infra.local.aws", str(tmp_path_factory.mktemp("s3"))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        s3, sqs = clients(process.stdout.readline().strip(), SETTINGS.aws_region)
        with closing(s3), closing(sqs):
            yield Aws(s3, sqs)
        process.terminate()


@pytest.fixture
def toy(aws: Aws) -> Toy:
    return Toy(Chalice(app_name="toy"), aws.sqs)


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue with a dead-letter queue."""

    sqs: "SQSClient"
    name: str
    url: str
    dead_name: str
    dead_url: str

    def send(self, *bodies: str) -> None:
        for body in bodies:
            self.sqs.send_message(QueueUrl=self.url, MessageBody=body)

    def counts(self) -> tuple[int, int]:
        """Messages that are visible, and that are received and not deleted."""
        names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)["Attributes"]
        return int(found[names[0]]), int(found[names[1]])


MakeQueue = Callable[..., Queue]


@pytest.fixture
def make_queue(aws: Aws) -> MakeQueue:
    def make(*, visibility_seconds: int = 300, receives: int = 3) -> Queue:
        name = f"q-{uuid.uuid4()}"
        dead_url = aws.sqs.create_queue(QueueName=f"{name}-dead", Attributes={"VisibilityTimeout": "300"})["QueueUrl"]
        dead = aws.sqs.get_queue_attributes(QueueUrl=dead_url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        redrive = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": receives})
        attributes: Any = {"VisibilityTimeout": str(visibility_seconds), "RedrivePolicy": redrive}
        url = aws.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return Queue(aws.sqs, name, url, f"{name}-dead", dead_url)

    return make


def until(holds: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < give_up_at
        time.sleep(0.02)


def failing(*words: str) -> Answer:
    def answer(event: dict[str, Any]) -> None:
        if any(record["body"] in words for record in event["Records"]):
            raise ValueError("poison")

    return answer


def naming(*words: str) -> Answer:
    def answer(event: dict[str, Any]) -> dict[str, Any]:
        failed = [record["messageId"] for record in event["Records"] if record["body"] in words]
        return {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in failed]}

    return answer


def test_an_upload_reaches_its_function(aws: Aws, toy: Toy) -> None:
    toy.consume(SETTINGS.arrival_queue)
    pump = toy.pump()
    pump.drain()
    assert "s3:TestEvent" in toy.bodies(1)[0]
    pump.start()
    aws.s3.put_object(Bucket=SETTINGS.bucket, Key="arrivals/file.csv", Body=b"sku\n1\n")
    event = toy.calls.get(timeout=PATIENCE_SECONDS)
    pump.stop()
    (record,) = json.loads(event["Records"][0]["body"])["Records"]
    assert (record["eventName"], record["s3"]["object"]["key"]) == ("ObjectCreated:Put", "arrivals%2Ffile.csv")


def test_the_event_and_the_context(toy: Toy, make_queue: MakeQueue) -> None:
    source = make_queue()
    toy.sqs.send_message(
        QueueUrl=source.url,
        MessageBody="hello",
        MessageAttributes={"kind": {"DataType": "String", "StringValue": "greeting"}},
    )
    toy.consume(source.name)
    assert toy.pump(timeouts_seconds={"consume": 12}).step() == 1
    (record,) = toy.calls.get_nowait()["Records"]
    assert record["body"] == "hello"
    assert record["md5OfBody"] == "5d41402abc4b2a76b9719d911017c592"
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert set(record["attributes"]) >= {"SentTimestamp", "SenderId", "ApproximateFirstReceiveTimestamp"}
    assert record["messageAttributes"]["kind"]["stringValue"] == "greeting"
    assert record["eventSourceARN"].endswith(f":{source.name}")
    assert record["awsRegion"] == SETTINGS.aws_region
    (context,) = toy.contexts
    assert context.function_name == "consume"
    assert 0 < context.get_remaining_time_in_millis() <= 12_000


def test_what_succeeds_is_deleted(toy: Toy, make_queue: MakeQueue) -> None:
    source = make_queue()
    source.send("a", "b", "c")
    toy.consume(source.name, batch_size=2)
    pump = toy.pump()
    assert (pump.step(), pump.step(), pump.step()) == (2, 1, 0)
    assert source.counts() == (0, 0)


def test_a_batch_that_raises_stays_whole_and_is_not_shown_early(toy: Toy, make_queue: MakeQueue) -> None:
    source = make_queue()
    source.send("good", "bad")
    toy.consume(source.name, failing("bad"), batch_size=10)
    pump = toy.pump()
    assert (pump.step(), pump.step()) == (2, 0)
    assert source.counts() == (0, 2)


@pytest.mark.parametrize(
    ("switched_on", "answer", "left"),
    [
        (True, naming("bad"), 1),
        (True, naming(), 0),
        (True, lambda _: {"batchItemFailures": [{"itemIdentifier": "unknown"}]}, 3),
        (True, lambda _: {"batchItemFailures": [{"itemIdentifier": ""}]}, 3),
        (True, lambda _: {"batchItemFailures": [{"itemIdentifier": None}]}, 3),
        (False, naming("bad"), 0),
        (False, lambda _: {"batchItemFailures": [{"itemIdentifier": ""}]}, 0),
    ],
)
def test_single_failures_count_where_they_are_switched_on(
    toy: Toy, make_queue: MakeQueue, switched_on: bool, answer: Answer, left: int
) -> None:
    source = make_queue()
    source.send("a", "bad", "c")
    toy.consume(source.name, answer, batch_size=10)
    assert toy.pump(names_failures={"consume"} if switched_on else set()).drain() == 3
    assert source.counts() == (0, left)


def test_a_failed_message_comes_again_after_its_visibility_timeout(toy: Toy, make_queue: MakeQueue) -> None:
    source = make_queue(visibility_seconds=1)
    source.send("again")
    outcomes = iter([ValueError("first time"), None])

    def answer(_: dict[str, Any]) -> None:
        outcome = next(outcomes)
        if outcome:
            raise outcome

    toy.consume(source.name, answer)
    pump = toy.pump(timeouts_seconds={"consume": 1})
    pump.start()
    events = [toy.calls.get(timeout=PATIENCE_SECONDS) for _ in range(2)]
    pump.stop()
    received = [event["Records"][0] for event in events]
    assert [record["attributes"]["ApproximateReceiveCount"] for record in received] == ["1", "2"]
    assert received[0]["messageId"] == received[1]["messageId"]
    assert source.counts() == (0, 0)


def test_poison_ends_with_the_dead_letters_and_the_rest_is_done_once(toy: Toy, make_queue: MakeQueue) -> None:
    source = make_queue(visibility_seconds=1, receives=3)
    dead: queue.Queue[str] = queue.Queue()
    toy.consume(source.name, failing("poison 1", "poison 2"))

    def bury(event: SQSEvent) -> None:
        for record in event:
            dead.put(record.body)

    toy.app.on_sqs_message(queue=source.dead_name, name="bury")(bury)
    words = [f"word {number}" for number in range(30)]
    source.send("poison 1", *words, "poison 2")
    pump = toy.pump(timeouts_seconds={"consume": 1})
    pump.start()
    buried = {dead.get(timeout=PATIENCE_SECONDS), dead.get(timeout=PATIENCE_SECONDS)}
    until(lambda: source.counts() == (0, 0))
    pump.stop()
    handed = Counter(record["body"] for event in list(toy.calls.queue) for record in event["Records"])
    assert buried == {"poison 1", "poison 2"}
    assert handed == Counter({**dict.fromkeys(words, 1), "poison 1": 3, "poison 2": 3})


def test_a_function_over_its_time_has_failed_and_its_late_answer_is_dropped(toy: Toy, make_queue: MakeQueue) -> None:
    source = make_queue()
    source.send("slow")
    go_on, finished = threading.Event(), threading.Event()

    def answer(_: dict[str, Any]) -> None:
        go_on.wait(PATIENCE_SECONDS)
        finished.set()

    toy.consume(source.name, answer)
    pump = toy.pump(timeouts_seconds={"consume": 0.1})
    assert pump.step() == 1
    assert not finished.is_set()
    go_on.set()
    assert finished.wait(PATIENCE_SECONDS)
    assert source.counts() == (0, 1)
    pump.stop()


def test_never_more_than_the_maximum_concurrency_at_once(toy: Toy, make_queue: MakeQueue) -> None:
    source = make_queue()
    lock, both_in = threading.Lock(), threading.Barrier(2)
    running: list[int] = [0, 0]

    def answer(_: dict[str, Any]) -> None:
        with lock:
            running[0] += 1
            running[1] = max(running)
        both_in.wait(PATIENCE_SECONDS)
        with lock:
            running[0] -= 1

    toy.consume(source.name, answer, maximum_concurrency=2)
    source.send(*"abcdefgh")
    pump = toy.pump()
    pump.start()
    assert sorted(toy.bodies(8)) == list("abcdefgh")
    until(lambda: source.counts() == (0, 0))
    pump.stop()
    assert running == [0, 2]


def test_calls_find_what_earlier_ones_left_in_their_thread(toy: Toy, make_queue: MakeQueue) -> None:
    source = make_queue()
    kept = threading.local()
    opened: list[int] = []

    def answer(_: dict[str, Any]) -> None:
        if not hasattr(kept, "client"):
            kept.client = object()
            opened.append(1)

    toy.consume(source.name, answer)
    source.send(*"abcde")
    assert toy.pump().drain() == 5
    assert opened == [1]


def test_a_window_gathers_more_than_one_receive_gives(toy: Toy, make_queue: MakeQueue) -> None:
    source = make_queue()
    source.send(*(str(number) for number in range(15)))
    toy.consume(source.name, batch_size=15, maximum_batching_window_in_seconds=60)
    pump = toy.pump()
    pump.start()
    event = toy.calls.get(timeout=PATIENCE_SECONDS)
    pump.stop()
    assert len(event["Records"]) == 15


def test_stop_finishes_what_runs_and_receives_no_more(toy: Toy, make_queue: MakeQueue) -> None:
    source = make_queue()
    entered, go_on = threading.Event(), threading.Event()

    def answer(_: dict[str, Any]) -> None:
        entered.set()
        go_on.wait(PATIENCE_SECONDS)

    toy.consume(source.name, answer, maximum_concurrency=1)
    source.send("running")
    pump = toy.pump()
    pump.start()
    assert entered.wait(PATIENCE_SECONDS)
    assert pump.is_alive()
    source.send("left")
    stopping = threading.Thread(target=pump.stop)
    stopping.start()
    until(pump._stopping.is_set)
    go_on.set()
    stopping.join(PATIENCE_SECONDS)
    assert not stopping.is_alive()
    assert source.counts() == (1, 0)
    assert toy.bodies(1) == ["running"]


def test_a_schedule_is_kept(toy: Toy) -> None:
    ticks: queue.Queue[dict[str, Any]] = queue.Queue()

    @toy.app.schedule("rate(5 minutes)", name="tick")
    def tick(event: CloudWatchEvent) -> str:
        ticks.put(event.to_dict())
        return "done"

    start = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
    minutes = iter(range(0, 10_000_000, 10))
    pump = toy.pump(now=lambda: start + timedelta(minutes=next(minutes)))
    assert pump.tick("tick") == "done"
    assert ticks.get_nowait()["detail-type"] == "Scheduled Event"
    pump.start()
    first, second = (ticks.get(timeout=PATIENCE_SECONDS)["time"] for _ in range(2))
    pump.stop()
    assert first < second


def test_a_schedule_goes_on_after_a_failure(toy: Toy) -> None:
    ticked = threading.Semaphore(0)

    @toy.app.schedule("rate(1 minute)", name="tick")
    def tick(event: CloudWatchEvent) -> None:
        ticked.release()
        raise ValueError("not this time")

    start = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
    minutes = iter(range(0, 10_000_000, 10))
    pump = toy.pump(now=lambda: start + timedelta(minutes=next(minutes)))
    with pytest.raises(ValueError, match="not this time"):
        pump.tick("tick")
    pump.start()
    assert all(ticked.acquire(timeout=PATIENCE_SECONDS) for _ in range(3))
    pump.stop()


def test_a_queue_that_is_not_reached_is_tried_again(toy: Toy, make_queue: MakeQueue) -> None:
    source = make_queue()
    toy.consume(source.name)
    pump = toy.pump()
    toy.sqs.delete_queue(QueueUrl=source.url)
    assert pump.step() == 0
    toy.sqs.create_queue(QueueName=source.name)
    source.send("back")
    assert pump.step() == 1


def test_sources_that_could_not_work_are_refused(toy: Toy, make_queue: MakeQueue) -> None:
    source = make_queue(visibility_seconds=5)
    toy.consume(source.name)
    with pytest.raises(CannotStart, match=r"^The visibility timeout of .* is shorter than the timeout of 'consume'"):
        toy.pump()
    toy.consume(source.name, name="large", batch_size=11)
    with pytest.raises(CannotStart, match="'large' needs a batching window"):
        toy.pump(timeouts_seconds={"consume": 1, "large": 1})
    other = Toy(Chalice(app_name="toy"), toy.sqs)

    @other.app.on_s3_event("bucket", name="direct")
    def direct(event: S3Event) -> None: ...

    with pytest.raises(CannotStart, match=r"'direct' has an event source \(S3EventConfig\)"):
        other.pump()


def test_functions_are_run_as_they_are_deployed(tmp_path: Path) -> None:
    from infra.local.functions import read_deployment

    events = {"E": {"Properties": {"FunctionResponseTypes": ["ReportBatchItemFailures"]}}}
    (tmp_path / "merge.json").write_text(
        json.dumps({"Resources": {"ImportChunks": {"Properties": {"Events": events}}, "Api": {"Properties": {}}}})
    )
    (tmp_path / "config.json").write_text(
        json.dumps({"lambda_timeout": 29, "lambda_functions": {"tick": {"lambda_timeout": 300}}})
    )
    names = ["import_chunks", "tick"]
    deployment = read_deployment(names, tmp_path / "merge.json", tmp_path / "config.json")
    assert deployment.names_failures == {"import_chunks"}
    assert deployment.timeouts_seconds == {"import_chunks": 29.0, "tick": 300.0}
