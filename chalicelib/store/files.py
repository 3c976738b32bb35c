"""Stored files: S3. Bytes go in once and come out whole, as a stream, or as a range."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, cast

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.errors import FileReplaced, NotFound, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, slots=True)
class UploadForm:
    """A presigned POST: where to send the form, and the fields that must go with the file."""

    url: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A stored file being read. ``version`` changes when the file is replaced."""

    stream: IO[bytes]
    version: str


class Files:
    """One bucket."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put(self, key: str, content: bytes, content_type: str = "application/octet-stream") -> str:
        """Store a file; answers its version."""
        with _translated(key):
            put = self._client.put_object(Bucket=self._bucket, Key=key, Body=content, ContentType=content_type)
            return put["ETag"]

    @contextmanager
    def open(self, key: str) -> Iterator[OpenFile]:
        """The whole file as a stream that is read once, forwards."""
        with _translated(key):
            answer = self._client.get_object(Bucket=self._bucket, Key=key)
            with answer["Body"] as body:
                yield OpenFile(cast(IO[bytes], body), answer["ETag"])

    def read_range(self, key: str, version: str, byte_start: int, byte_end: int) -> bytes:
        """Bytes ``[byte_start, byte_end)``. Raises FileReplaced when the file is no longer the one of that version."""
        with _translated(key):
            answer = self._client.get_object(
                Bucket=self._bucket, Key=key, IfMatch=version, Range=f"bytes={byte_start}-{byte_end - 1}"
            )
            return bytes(answer["Body"].read())

    def exists(self, key: str) -> bool:
        try:
            with _translated(key):
                self._client.head_object(Bucket=self._bucket, Key=key)
        except NotFound:
            return False
        return True

    def delete(self, key: str) -> None:
        with _translated(key):
            self._client.delete_object(Bucket=self._bucket, Key=key)

    def upload_form(self, key: str, *, size_bytes: int, content_type: str, seconds: int) -> UploadForm:
        """A form that lets its bearer put exactly one object of at most ``size_bytes`` there."""
        with _translated(key):
            form = self._client.generate_presigned_post(
                Bucket=self._bucket,
                Key=key,
                Fields={"Content-Type": content_type},
                Conditions=[{"Content-Type": content_type}, ["content-length-range", 1, size_bytes]],
                ExpiresIn=seconds,
            )
        return UploadForm(form["url"], form["fields"])

    def ping(self) -> None:
        """Raise Unavailable unless S3 answers for the bucket."""
        with _translated(self._bucket):
            self._client.head_bucket(Bucket=self._bucket)


@contextmanager
def _translated(what: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] in {"NoSuchKey", "404", "NotFound"}:
            raise NotFound(f"The stored file {what} is gone.") from error
        if error.response["Error"]["Code"] in {"PreconditionFailed", "412"}:
            raise FileReplaced("The file was replaced after it was analysed. Upload it as a new import.") from error
        raise Unavailable("S3 did not do what it was asked; trying again may help.") from error
    except BotoCoreError as error:
        raise Unavailable("S3 did not answer; trying again may help.") from error
