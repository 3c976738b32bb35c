"""S3 and SQS from moto's server in this process, with objects that survive it, and the parts our system expects there.

Comes in: a folder and the settings. Goes out: an endpoint URL. Serves issue "One process with nothing but pip": every
change of an object in our bucket is on disk before its client gets an answer, and before S3's notification of it is
sent. Queues are not kept: the engine requeues from its ledger. Object tags, ACLs and versions are not kept either.
"""

import json
import logging
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import boto3
from botocore.exceptions import ClientError
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.s3 import notifications
from moto.s3.models import FakeKey, s3_backends
from moto.s3.utils import _VersionedKeyStore
from moto.sqs.models import sqs_backends
from werkzeug.serving import make_server

from chalicelib.settings import Settings, load_settings
from infra.local.errors import CannotStart
from infra.local.objects import BodyFile, Description, ObjectFolder

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

ARRIVALS_PREFIX = "arrivals/"
ACCESS_KEY = "local"
"""Access key id and secret; moto looks at neither."""

_ACCOUNT = "123456789012"
_VISIBILITY_TIMEOUTS = 6
"""Visibility of a message in timeouts of its function, as AWS advises for event source mappings."""
_DEAD_LETTERS_KEPT_SECONDS = 14 * 24 * 3600
_PIECE_BYTES = 256 * 1024
_LOCKS = 16
_PLAIN_READ = ("x-id", "X-Amz-")
"""How query parameters begin that do not turn a GET into something else than reading the object."""

Environ = dict[str, Any]
StartResponse = Callable[..., Any]


@dataclass(slots=True)
class _Request:
    """What one request has changed so far: names of objects, and the notifications S3 owes for them."""

    names: set[str] = field(default_factory=set)
    notifications: list[tuple[str, dict[str, Any], str, str]] = field(default_factory=list)


_request: ContextVar[_Request | None] = ContextVar("request", default=None)
_send_now = notifications._send_sqs_message


def _send_when_saved(account_id: str, event_body: Any, queue_name: str, region_name: str) -> None:
    request = _request.get()
    if request is None:
        _send_now(account_id, event_body, queue_name, region_name)
    else:
        request.notifications.append((account_id, event_body, queue_name, region_name))


class _NotingKeys(_VersionedKeyStore):
    """moto's objects of a bucket, noting which of them the running request changes."""

    def setlist(self, key: Any, list_: Any) -> None:
        super().setlist(key, list_)
        _note(key)

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, value)
        _note(key)

    def pop(self, key: str) -> None:  # type: ignore[override]
        super().pop(key)
        _note(key)


def _note(name: str) -> None:
    request = _request.get()
    if request is not None:
        request.names.add(name)


class _Answer:
    """Holds back the head of an answer until we know that it is true."""

    def __init__(self) -> None:
        self.status = ""
        self.headers: list[tuple[str, str]] = []

    def start(self, status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> None:
        self.status, self.headers = status, headers

    def header(self, name: str) -> str | None:
        return next((value for found, value in self.headers if found.lower() == name), None)


class ObjectsOnDisk:
    """WSGI middleware around moto: saves what a request changed before its answer goes out, and reads from disk."""

    def __init__(self, moto: Callable[[Environ, StartResponse], Any], bucket: str, folder: ObjectFolder) -> None:
        self._moto = moto
        self._path = f"/{bucket}/"
        self._folder = folder
        self._keys = _NotingKeys()
        self._locks = [threading.Lock() for _ in range(_LOCKS)]

    def take_bucket(self, bucket: Any) -> None:
        """Put the saved objects into moto's bucket and note its changes from now on."""
        for description, body in self._folder.load():
            self._keys.setlist(description.name, [_key(bucket, description, body)])
        bucket.keys = self._keys

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "GET" and self._is_plain_read(environ):
            pieces = self._read(environ, start_response)
            if pieces is not None:
                return pieces
        return self._change(environ, start_response)

    def _change(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        request, answer = _Request(), _Answer()
        token = _request.set(request)
        try:
            body: Iterable[bytes] = self._moto(environ, answer.start)
        finally:
            _request.reset(token)
        try:
            for name in request.names:
                self._save(name)
        except OSError as error:
            logging.getLogger(__name__).error("object not saved", extra={"error": str(error)})
            start_response("500 Internal Server Error", [("Content-Type", "application/xml")])
            return [b"<Error><Code>InternalError</Code><Message>The object could not be saved.</Message></Error>"]
        for owed in _owed(request.notifications):
            _send_now(*owed)
        start_response(answer.status, answer.headers)
        return body

    def _save(self, name: str) -> None:
        with self._locks[hash(name) % _LOCKS]:
            key = self._keys.get(name)
            if not isinstance(key, FakeKey):
                self._folder.remove(name)
                return
            body: Any = key._value_buffer
            with key.lock:
                saved = self._folder.save(_describe(key), body)
                key._value_buffer = saved  # type: ignore[assignment]
            if saved is not body:
                body.close()
            if key.multipart:
                key.multipart.dispose()
                key.multipart = None

    def _is_plain_read(self, environ: Environ) -> bool:
        parameters = parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)
        return environ["PATH_INFO"].startswith(self._path) and all(
            name.startswith(_PLAIN_READ) for name, _ in parameters
        )

    def _read(self, environ: Environ, start_response: StartResponse) -> Iterator[bytes] | None:
        """Answer a GET as moto answers HEAD, with the body from disk: a range of a large file costs only the range.

        None when there is nothing to read, or the object is replaced at this moment: then moto answers itself.
        """
        answer = _Answer()
        self._moto({**environ, "REQUEST_METHOD": "HEAD"}, answer.start).close()
        if answer.status[:3] not in {"200", "206"}:
            return None
        key = self._keys.get(environ["PATH_INFO"].encode("latin-1").decode()[len(self._path) :])
        body = getattr(key, "_value_buffer", None)
        if not isinstance(body, BodyFile) or key.etag != answer.header("etag"):
            return None
        first, size = _range(answer.header("content-range"), body.size_bytes)
        try:
            file = body.path.open("rb")
        except FileNotFoundError:
            return None
        # moto's HEAD gives a checksum of parts as if it were one of the body.
        headers = [(name, value) for name, value in answer.headers if not name.lower().startswith("x-amz-checksum-")]
        start_response(answer.status, headers)
        return _pieces(file, first, size)


class EmbeddedAws:
    """moto's server on a free port of the loopback. One at a time in a process: moto's state is the process's."""

    _running = threading.Lock()

    def __init__(self, folder: Path, settings: Settings) -> None:
        self._settings = settings
        moto = DomainDispatcherApplication(create_backend_app)
        self._objects = ObjectsOnDisk(moto, settings.bucket, ObjectFolder(folder))
        self._server: Any = None
        self._thread: threading.Thread | None = None

    @property
    def endpoint_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def start(self) -> None:
        """Load the objects, make bucket, queues and notification, and serve."""
        if not self._running.acquire(blocking=False):
            raise CannotStart("S3 and SQS are already emulated in this process.")
        logging.getLogger("werkzeug").setLevel(logging.WARNING)
        notifications._send_sqs_message = _send_when_saved
        _forget_everything()
        self._server = make_server("127.0.0.1", 0, self._objects, threaded=True, request_handler=MotoRequestHandler)
        self._thread = threading.Thread(target=self._server.serve_forever, name="s3 and sqs", daemon=True)
        self._thread.start()
        s3, sqs = clients(self.endpoint_url, self._settings.aws_region)
        with closing(s3), closing(sqs):
            make_bucket(s3, self._settings)
            self._objects.take_bucket(s3_backends[_ACCOUNT]["aws"].buckets[self._settings.bucket])
            make_queues(sqs, self._settings)
            make_notification(s3, sqs, self._settings)

    def is_alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def stop(self) -> None:
        if self._thread is None:
            return
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._thread = None
        _forget_everything()
        notifications._send_sqs_message = _send_now
        self._running.release()


def main(arguments: list[str]) -> None:
    """``python -m infra.local.aws FOLDER``: S3 and SQS alone; prints their endpoint and ends on a signal."""
    aws = EmbeddedAws(Path(arguments[0]), load_settings())
    signals = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    aws.start()
    print(aws.endpoint_url, flush=True)
    signal.sigwait(signals)
    aws.stop()


def clients(endpoint_url: str, region: str) -> tuple["S3Client", "SQSClient"]:
    """Clients of an emulator, which takes any credentials."""
    session = boto3.Session(aws_access_key_id=ACCESS_KEY, aws_secret_access_key=ACCESS_KEY, region_name=region)
    return session.client("s3", endpoint_url=endpoint_url), session.client("sqs", endpoint_url=endpoint_url)


def make_bucket(s3: "S3Client", settings: Settings) -> None:
    """Make the bucket unless it is there."""
    try:
        s3.head_bucket(Bucket=settings.bucket)
    except ClientError:
        place: Any = {"LocationConstraint": settings.aws_region}
        in_default_region = settings.aws_region == "us-east-1"
        s3.create_bucket(Bucket=settings.bucket, **({} if in_default_region else {"CreateBucketConfiguration": place}))


def make_queues(sqs: "SQSClient", settings: Settings) -> None:
    """Make the queues that are missing, each with its dead-letter queue; those that are there stay as they are."""
    visibility_seconds = str(_VISIBILITY_TIMEOUTS * settings.chunk_timeout_seconds)
    for name, dead_name in (
        (settings.chunk_queue, settings.dead_letter_queue),
        (settings.arrival_queue, settings.arrival_dead_letter_queue),
    ):
        dead = {"VisibilityTimeout": visibility_seconds, "MessageRetentionPeriod": str(_DEAD_LETTERS_KEPT_SECONDS)}
        dead_arn = _make_queue(sqs, dead_name, dead)
        redrive = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": settings.chunk_receives})
        _make_queue(sqs, name, {"VisibilityTimeout": visibility_seconds, "RedrivePolicy": redrive})


def make_notification(s3: "S3Client", sqs: "SQSClient", settings: Settings) -> None:
    """Tell the arrival queue of each object made under ``arrivals/``, unless the bucket tells somebody already."""
    if s3.get_bucket_notification_configuration(Bucket=settings.bucket).get("QueueConfigurations"):
        return
    s3.put_bucket_notification_configuration(
        Bucket=settings.bucket,
        NotificationConfiguration={
            "QueueConfigurations": [
                {
                    "Id": "arrivals",
                    "QueueArn": _queue_arn(sqs, sqs.get_queue_url(QueueName=settings.arrival_queue)["QueueUrl"]),
                    "Events": ["s3:ObjectCreated:*"],
                    "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": ARRIVALS_PREFIX}]}},
                }
            ]
        },
    )


def _make_queue(sqs: "SQSClient", name: str, attributes: dict[Any, str]) -> str:
    try:
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    except sqs.exceptions.QueueDoesNotExist:
        url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return _queue_arn(sqs, url)


def _queue_arn(sqs: "SQSClient", url: str) -> str:
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def _forget_everything() -> None:
    for backends in (s3_backends, sqs_backends):
        for backend in list(backends[_ACCOUNT].values()):
            backend.reset()


def _owed(held: list[tuple[str, dict[str, Any], str, str]]) -> Iterator[tuple[str, dict[str, Any], str, str]]:
    """Without the Put that moto sends beside CompleteMultipartUpload; S3 sends only the latter."""
    completed = any(_event_name(body) == "ObjectCreated:CompleteMultipartUpload" for _, body, _, _ in held)
    for notification in held:
        if not (completed and _event_name(notification[1]) == "ObjectCreated:Put"):
            yield notification


def _event_name(body: dict[str, Any]) -> str:
    return next((record["eventName"] for record in body.get("Records", [])), "")


def _describe(key: FakeKey) -> Description:
    return Description(
        name=key.name,
        etag=key.etag.strip('"'),
        last_modified=key.last_modified.isoformat(),
        metadata={str(name): str(value) for name, value in key.metadata.items()},
    )


def _key(bucket: Any, description: Description, body: BodyFile) -> FakeKey:
    key = FakeKey(
        name=description.name,
        value=b"",
        account_id=bucket.account_id,
        region_name=bucket.region_name,
        etag=description.etag,
        version_id="null",
        bucket_name=bucket.name,
    )
    key._value_buffer.close()
    key._value_buffer = body  # type: ignore[assignment]
    key.contentsize = body.size_bytes
    key.last_modified = datetime.fromisoformat(description.last_modified)
    key.set_metadata(dict(description.metadata))
    return key


def _range(content_range: str | None, size_bytes: int) -> tuple[int, int]:
    """First byte and number of bytes of ``bytes FIRST-LAST/SIZE``; everything when there is no range."""
    if content_range is None:
        return 0, size_bytes
    first, last = content_range.removeprefix("bytes ").partition("/")[0].split("-")
    return int(first), int(last) - int(first) + 1


def _pieces(file: IO[bytes], first: int, size: int) -> Iterator[bytes]:
    with file:
        file.seek(first)
        while size > 0 and (piece := file.read(min(size, _PIECE_BYTES))):
            size -= len(piece)
            yield piece


if __name__ == "__main__":
    main(sys.argv[1:])
