"""moto's S3 with the objects of our bucket on disk: saved before a change is acknowledged, read without moto's copies.

Comes in: moto's WSGI app and a folder. Goes out: a WSGI app. S3's notification of a change is sent after the change is
saved, and before its answer. Tags, ACLs and versions of objects are not kept.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, Any
from urllib.parse import parse_qsl

from moto.s3 import notifications
from moto.s3.models import FakeKey
from moto.s3.utils import _VersionedKeyStore

from infra.local.objects import BodyFile, Description, ObjectFolder

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


def hold_notifications(hold: bool) -> None:
    """Let moto's notifications wait until what they tell of is saved, or go back to moto's own way."""
    notifications._send_sqs_message = _send_when_saved if hold else _send_now


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
