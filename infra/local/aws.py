"""S3 and SQS from moto's server in this process, with objects that survive it, and the parts our system expects there.

Comes in: a folder and the settings. Goes out: an endpoint URL. Every change of an object in our bucket is on disk
before its client gets an answer. Queues are not kept: the engine requeues from its ledger.
"""

import json
import logging
import signal
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.s3.models import s3_backends
from moto.sqs import models
from moto.sqs.models import Queue, sqs_backends
from werkzeug.serving import make_server

from chalicelib.settings import Settings, load_settings
from infra.local.errors import CannotStart
from infra.local.objects import ObjectFolder
from infra.local.s3 import ObjectsOnDisk, hold_notifications
from infra.local.sqs import SteadyQueue

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


class EmbeddedAws:
    """moto's server on a free port of the loopback. One at a time in a process: moto's state is the process's."""

    _running = threading.Lock()

    def __init__(self, folder: Path, settings: Settings) -> None:
        self._settings = settings
        moto = DomainDispatcherApplication(_backend_app)
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
        hold_notifications(True)
        models.Queue = SteadyQueue  # type: ignore[misc]
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
        hold_notifications(False)
        models.Queue = Queue  # type: ignore[misc]
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
        (settings.segment_queue, settings.segment_dead_letter_queue),
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


def _backend_app(service: Any) -> Any:
    app = create_backend_app(service)
    # In debug mode each request is held by a class made for it, until the garbage collector comes, which it seldom does
    # here: bodies of gigabytes would wait for it.
    app.debug = False
    return app


def _forget_everything() -> None:
    for backends in (s3_backends, sqs_backends):
        for backend in list(backends[_ACCOUNT].values()):
            backend.reset()


if __name__ == "__main__":
    main(sys.argv[1:])
