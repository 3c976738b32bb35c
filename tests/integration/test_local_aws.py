"""S3 and SQS of a laptop: objects outlive any kill, reads and notifications are S3's, queues are those we deploy."""

import gc
import io
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from moto.moto_server.werkzeug_app import BackendRequest
from moto.sqs.models import Message

from chalicelib.settings import Settings
from infra.local.aws import clients, make_bucket, make_notification, make_queues
from infra.local.objects import BodyFile, Description, ObjectFolder
from infra.local.sqs import SteadyQueue

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

SETTINGS = Settings()
BUCKET = SETTINGS.bucket
PART = b"0123456789abcdef" * (5 * 1024 * 1024 // 16)


@dataclass(frozen=True, slots=True)
class Aws:
    process: "subprocess.Popen[str]"
    endpoint_url: str
    s3: "S3Client"
    sqs: "SQSClient"

    def names(self) -> list[str]:
        return [entry["Key"] for entry in self.s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]

    def body(self, name: str) -> bytes:
        return self.s3.get_object(Bucket=BUCKET, Key=name)["Body"].read()


@contextmanager
def serving(folder: Path) -> Iterator[Aws]:
    """In a process of its own, to be killed: moto's state is a process's, and this one may have it in use."""
    command = [sys.executable, "-m", "infra.local.aws", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        endpoint_url = process.stdout.readline().strip()
        s3, sqs = clients(endpoint_url, SETTINGS.aws_region)
        with closing(s3), closing(sqs):
            yield Aws(process, endpoint_url, s3, sqs)
        process.kill()


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    with serving(tmp_path_factory.mktemp("s3")) as served:
        yield served


def post_form(aws: Aws, name: str, content: bytes) -> httpx.Response:
    form = aws.s3.generate_presigned_post(Bucket=BUCKET, Key=name, Fields={"Content-Type": "text/csv"})
    return httpx.post(form["url"], data=form["fields"], files={"file": ("any.csv", content)})


def put_in_parts(aws: Aws, name: str, parts: list[bytes]) -> None:
    upload = aws.s3.create_multipart_upload(Bucket=BUCKET, Key=name, ContentType="text/csv")["UploadId"]
    done: Any = [
        {
            "PartNumber": number,
            "ETag": aws.s3.upload_part(Bucket=BUCKET, Key=name, UploadId=upload, PartNumber=number, Body=part)["ETag"],
        }
        for number, part in enumerate(parts, start=1)
    ]
    aws.s3.complete_multipart_upload(Bucket=BUCKET, Key=name, UploadId=upload, MultipartUpload={"Parts": done})


def received(aws: Aws, queue: str) -> list[dict[str, Any]]:
    """All messages of a queue, which then have gone."""
    url = aws.sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    bodies = []
    while messages := aws.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            bodies.append(json.loads(message["Body"]))
            aws.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return bodies


def test_every_acknowledged_change_outlives_a_kill(tmp_path: Path) -> None:
    with serving(tmp_path) as aws:
        aws.s3.put_object(Bucket=BUCKET, Key="put", Body=b"first")
        aws.s3.put_object(Bucket=BUCKET, Key="put", Body=b"second", ContentType="text/csv", Metadata={"a": "b"})
        aws.s3.put_object(Bucket=BUCKET, Key="empty", Body=b"")
        aws.s3.put_object(Bucket=BUCKET, Key="ünï/a b+c%20.csv", Body=b"strange name")
        assert post_form(aws, "form", b"of a form").status_code == 204
        put_in_parts(aws, "parts", [PART, b"end"])
        aws.s3.copy_object(Bucket=BUCKET, Key="copy", CopySource={"Bucket": BUCKET, "Key": "parts"})
        for name in ("deleted", "deleted in a batch", "deleted too"):
            aws.s3.put_object(Bucket=BUCKET, Key=name, Body=b"x")
        aws.s3.delete_object(Bucket=BUCKET, Key="deleted")
        batch: Any = {"Objects": [{"Key": "deleted in a batch"}, {"Key": "deleted too"}, {"Key": "never there"}]}
        aws.s3.delete_objects(Bucket=BUCKET, Delete=batch)
        before = {name: aws.s3.head_object(Bucket=BUCKET, Key=name) for name in aws.names()}
    with serving(tmp_path) as aws:
        assert aws.names() == ["copy", "empty", "form", "parts", "put", "ünï/a b+c%20.csv"]
        assert [aws.body(name) for name in aws.names()] == [
            PART + b"end",
            b"",
            b"of a form",
            PART + b"end",
            b"second",
            b"strange name",
        ]
        for name, head in before.items():
            now = aws.s3.head_object(Bucket=BUCKET, Key=name)
            for fact in ("ETag", "ContentType", "ContentLength", "LastModified", "Metadata"):
                assert now[fact] == head[fact], (name, fact)  # type: ignore[literal-required]
        assert aws.s3.head_object(Bucket=BUCKET, Key="put")["Metadata"] == {"a": "b"}
        assert aws.s3.head_object(Bucket=BUCKET, Key="form")["ContentType"] == "text/csv"
        aws.s3.delete_object(Bucket=BUCKET, Key="parts")
        aws.s3.put_object(Bucket=BUCKET, Key="put", Body=b"third")
    with serving(tmp_path) as aws:
        assert aws.names() == ["copy", "empty", "form", "put", "ünï/a b+c%20.csv"]
        assert aws.body("put") == b"third"


def test_a_change_that_cannot_be_saved_is_not_acknowledged(tmp_path: Path) -> None:
    with serving(tmp_path / "s3") as aws:
        received(aws, SETTINGS.arrival_queue)
        shutil.rmtree(tmp_path / "s3")
        session = boto3.Session(aws_access_key_id="x", aws_secret_access_key="x", region_name="eu-west-3")
        once = session.client("s3", endpoint_url=aws.endpoint_url, config=Config(retries={"total_max_attempts": 1}))
        with closing(once), pytest.raises(ClientError, match="could not be saved"):
            once.put_object(Bucket=BUCKET, Key="arrivals/lost", Body=b"x")
        assert received(aws, SETTINGS.arrival_queue) == []


@pytest.mark.parametrize(
    ("asked", "first", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=3-7", 3, 8),
        ("bytes=7-", 7, None),
        ("bytes=-5", -5, None),
        ("bytes=5-999999999", 5, None),
        ("bytes=262140-262150", 262140, 262151),
    ],
)
def test_ranges(aws: Aws, asked: str, first: int, end: int | None) -> None:
    content = bytes(range(256)) * 2048
    aws.s3.put_object(Bucket=BUCKET, Key="ranges", Body=content)
    answer = aws.s3.get_object(Bucket=BUCKET, Key="ranges", Range=asked)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert answer["Body"].read() == content[first:end]
    assert answer["ContentLength"] == len(content[first:end])


def test_reads_are_answered_as_s3_answers_them(aws: Aws) -> None:
    etag = aws.s3.put_object(Bucket=BUCKET, Key="read", Body=b"content")["ETag"]
    for error, arguments in (
        ("NoSuchKey", {"Key": "nothing"}),
        ("InvalidRange", {"Key": "read", "Range": "bytes=99-"}),
        ("304", {"Key": "read", "IfNoneMatch": etag}),
    ):
        with pytest.raises(ClientError) as raised:
            aws.s3.get_object(Bucket=BUCKET, **arguments)  # type: ignore[arg-type]
        assert raised.value.response["Error"]["Code"] == error
    url = aws.s3.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": "read"})
    assert httpx.get(url, headers={"Range": "bytes=1-3"}).content == b"ont"
    assert httpx.get(f"{aws.endpoint_url}/{BUCKET}/read").status_code == 403


def test_one_notification_for_each_object_that_arrives(aws: Aws) -> None:
    received(aws, SETTINGS.arrival_queue)
    aws.s3.put_object(Bucket=BUCKET, Key="elsewhere/put", Body=b"x")
    aws.s3.put_object(Bucket=BUCKET, Key="arrivals/a put+ü", Body=b"12345")
    post_form(aws, "arrivals/form", b"of a form")
    put_in_parts(aws, "arrivals/parts", [PART, b"end"])
    aws.s3.copy_object(Bucket=BUCKET, Key="arrivals/copy", CopySource={"Bucket": BUCKET, "Key": "elsewhere/put"})
    aws.s3.delete_object(Bucket=BUCKET, Key="arrivals/copy")
    records = [record for body in received(aws, SETTINGS.arrival_queue) for record in body["Records"]]
    told = {
        (record["eventName"], unquote_plus(record["s3"]["object"]["key"]), record["s3"]["object"]["size"])
        for record in records
    }
    assert len(records) == len(told)
    assert told == {
        ("ObjectCreated:Put", "arrivals/a put+ü", 5),
        ("ObjectCreated:Post", "arrivals/form", 9),
        ("ObjectCreated:CompleteMultipartUpload", "arrivals/parts", len(PART) + 3),
        ("ObjectCreated:Copy", "arrivals/copy", 1),
    }


@pytest.mark.parametrize(
    ("queue", "dead_letter_queue"),
    [
        (SETTINGS.chunk_queue, SETTINGS.dead_letter_queue),
        (SETTINGS.arrival_queue, SETTINGS.arrival_dead_letter_queue),
    ],
)
def test_the_queues(aws: Aws, queue: str, dead_letter_queue: str) -> None:
    urls = [aws.sqs.get_queue_url(QueueName=name)["QueueUrl"] for name in (queue, dead_letter_queue)]
    live, dead = (aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"] for url in urls)
    assert live["VisibilityTimeout"] == dead["VisibilityTimeout"] == str(6 * SETTINGS.chunk_timeout_seconds)
    assert json.loads(live["RedrivePolicy"]) == {
        "deadLetterTargetArn": dead["QueueArn"],
        "maxReceiveCount": SETTINGS.chunk_receives,
    }


def test_what_is_there_stays_as_it_is(aws: Aws) -> None:
    url = aws.sqs.get_queue_url(QueueName=SETTINGS.chunk_queue)["QueueUrl"]
    aws.s3.put_object(Bucket=BUCKET, Key="stays", Body=b"x")
    make_bucket(aws.s3, SETTINGS)
    make_queues(aws.sqs, Settings(chunk_timeout_seconds=7))
    make_notification(aws.s3, aws.sqs, SETTINGS)
    attributes = aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
    assert attributes["VisibilityTimeout"] == str(6 * SETTINGS.chunk_timeout_seconds)
    assert aws.body("stays") == b"x"


NAMES = st.sampled_from(["a", "b/c", "é" * 300])


@given(changes=st.lists(st.tuples(NAMES, st.none() | st.binary(max_size=50)), max_size=12))
def test_a_folder_holds_what_was_saved_last(tmp_path_factory: pytest.TempPathFactory, changes: Any) -> None:
    path = tmp_path_factory.mktemp("objects")
    folder, expected = ObjectFolder(path), dict[str, bytes]()
    for name, content in changes:
        if content is None:
            folder.remove(name)
            expected.pop(name, None)
        else:
            saved = folder.save(Description(name, "etag", "2026-11-21T10:00:00", {"A": "b"}), io.BytesIO(content))
            folder.save(Description(name, "etag", "2026-11-21T10:00:01", {"A": "c"}), saved)
            expected[name] = content
    (path / "interrupted.body").write_bytes(b"half")
    (path / "interrupted.draft").write_bytes(b"{")
    loaded = {description.name: (description, body) for description, body in ObjectFolder(path).load()}
    assert {name: body.read() for name, (_, body) in loaded.items()} == expected
    assert all(description.metadata == {"A": "c"} for description, _ in loaded.values())
    assert len(list(path.iterdir())) == 2 * len(expected)


def test_a_body_is_read_from_any_place(tmp_path: Path) -> None:
    (tmp_path / "body").write_bytes(b"0123456789")
    body = BodyFile(tmp_path / "body")
    body.seek(3)
    assert (body.read(2), body.read(), body.read()) == (b"34", b"56789", b"")


def test_nothing_is_lost_and_nothing_comes_back_under_many_hands(request: pytest.FixtureRequest) -> None:
    steady = SteadyQueue("q", "eu-west-3", "123456789012")

    def send(word: str) -> str:
        message = Message(word, "body")
        message.mark_sent()
        message.mark_received(300)
        steady.add_message(message)
        assert message.receipt_handle
        return message.receipt_handle

    handles = [send(f"old {number}") for number in range(300)]
    usual_seconds = sys.getswitchinterval()
    request.addfinalizer(lambda: sys.setswitchinterval(usual_seconds))
    sys.setswitchinterval(1e-5)
    with ThreadPoolExecutor(4) as threads:
        deleting = threads.map(steady.delete_message, handles)
        sending = threads.map(send, (f"new {number}" for number in range(300)))
        assert (len(list(deleting)), len(list(sending))) == (300, 300)
    assert sorted(message.id for message in steady._messages) == sorted(f"new {number}" for number in range(300))


def test_queues_count_and_refuse_as_sqs_does(aws: Aws) -> None:
    url = aws.sqs.create_queue(QueueName="counted", Attributes={"VisibilityTimeout": "300"})["QueueUrl"]
    for delay_seconds in (0, 0, 300):
        aws.sqs.send_message(QueueUrl=url, MessageBody="x", DelaySeconds=delay_seconds)
    (message,) = aws.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1)["Messages"]
    counts = aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert [counts[f"ApproximateNumberOfMessages{kind}"] for kind in ("", "NotVisible", "Delayed")] == [  # type: ignore[literal-required]
        "1",
        "1",
        "1",
    ]
    for _ in range(2):  # deleting twice is no error
        aws.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    with pytest.raises(ClientError, match="ReceiptHandleIsInvalid"):
        aws.sqs.delete_message(QueueUrl=url, ReceiptHandle="unknown")


def test_a_request_with_its_body_does_not_wait_for_the_garbage_collector(embedded: Any) -> None:
    def held() -> bool:
        return any(type(each) is BackendRequest for each in gc.get_objects())

    gc.collect()
    gc.disable()
    try:
        embedded.s3.put_object(Bucket=BUCKET, Key="body", Body=PART)
        deadline = time.monotonic() + 10
        while held() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not held()
    finally:
        gc.enable()
        embedded.s3.delete_object(Bucket=BUCKET, Key="body")
