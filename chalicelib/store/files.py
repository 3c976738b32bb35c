"""Stored files: S3. Bytes go in once and come out whole, as a stream, as a range, or by a presigned address.

What is made for a caller lies under ``exports/`` for as long as it may be fetched; the bucket's lifecycle deletes it by
that prefix, nothing here does.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import IO, TYPE_CHECKING, cast

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.errors import FileReplaced, NotFound, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

_PART_BYTES = 8 * 1024 * 1024
"""S3 takes at least 5 MiB a part, and 10,000 parts."""


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


@dataclass(frozen=True, slots=True)
class Download:
    """A file made for a caller, to be saved as ``name``: its content, or the address it can be fetched from."""

    name: str
    content: bytes = b""
    url: str | None = None


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

    def offer(
        self,
        key: str,
        pieces: Iterable[bytes],
        *,
        name: str,
        media_type: str,
        direct_bytes: int,
        url_seconds: int,
        made_since: datetime | None = None,
    ) -> Download:
        """A file made of ``pieces``: with its content up to ``direct_bytes``, stored under ``key`` when it is longer.

        One that was stored there at ``made_since`` or later is offered again, and no piece is made. Memory: the direct
        content, or a part.
        """
        stored_at = self.stored_at(key) if made_since else None
        if not (stored_at and made_since and stored_at >= made_since):
            content, rest = _begin(pieces, direct_bytes)
            if rest is None:
                return Download(name, content)
            self.put_stream(key, chain([content], rest), media_type)
        return Download(name, url=self.download_url(key, name=name, media_type=media_type, seconds=url_seconds))

    def stored_at(self, key: str) -> datetime | None:
        """When the file that is there was stored; None when there is none."""
        try:
            with _translated(key):
                return self._client.head_object(Bucket=self._bucket, Key=key)["LastModified"]
        except NotFound:
            return None

    def put_stream(self, key: str, pieces: Iterable[bytes], media_type: str) -> str:
        """Store a file of unknown length; answers its version. It is there as a whole or not at all.

        Memory: one part.
        """
        with _translated(key):
            begun = self._client.create_multipart_upload(Bucket=self._bucket, Key=key, ContentType=media_type)
            upload_id = begun["UploadId"]
            try:
                parts = [
                    self._put_part(key, upload_id, number, part) for number, part in enumerate(_parts(pieces), start=1)
                ]
                done = self._client.complete_multipart_upload(
                    Bucket=self._bucket, Key=key, UploadId=upload_id, MultipartUpload={"Parts": parts}
                )
                return done["ETag"]
            except BaseException:
                self._client.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=upload_id)
                raise

    def _put_part(self, key: str, upload_id: str, number: int, content: bytes) -> "CompletedPartTypeDef":
        put = self._client.upload_part(
            Bucket=self._bucket, Key=key, UploadId=upload_id, PartNumber=number, Body=content
        )
        return {"PartNumber": number, "ETag": put["ETag"]}

    def download_url(self, key: str, *, name: str, media_type: str, seconds: int) -> str:
        """An address that anyone can fetch the file from for so long; a browser saves it as ``name``."""
        with _translated(key):
            return self._client.generate_presigned_url(
                "get_object",
                Params={
                    "Bucket": self._bucket,
                    "Key": key,
                    "ResponseContentType": media_type,
                    "ResponseContentDisposition": f'attachment; filename="{name}"',
                },
                ExpiresIn=seconds,
            )

    def ping(self) -> None:
        """Raise Unavailable unless S3 answers for the bucket."""
        with _translated(self._bucket):
            self._client.head_bucket(Bucket=self._bucket)


def _begin(pieces: Iterable[bytes], most_bytes: int) -> tuple[bytes, Iterator[bytes] | None]:
    """The first pieces together, and the others; None when those were all, and no more than ``most_bytes``."""
    rest = iter(pieces)
    content = bytearray()
    for piece in rest:
        content += piece
        if len(content) > most_bytes:
            return bytes(content), rest
    return bytes(content), None


def _parts(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces again, as long as S3 wants its parts; at least one."""
    part = bytearray()
    for piece in pieces:
        part += piece
        if len(part) >= _PART_BYTES:
            yield bytes(part)
            part.clear()
    yield bytes(part)


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
