"""The objects of one S3 bucket as files, so that they outlive the process that emulates S3.

Comes in: a name, what is known of the object, its body. Goes out: the same, after any kill. Each object is a body file
and a description that names it; the description is renamed into place, so an object is replaced whole or not at all.
"""

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

_PIECE_BYTES = 1024 * 1024
_DESCRIPTION = ".json"
_BODY = ".body"


@dataclass(frozen=True, slots=True)
class Description:
    """An object without its body.

    Attributes:
        etag: without quotes.
        last_modified: ISO 8601 in UTC, without an offset.
        metadata: content type, content headers and ``x-amz-meta-*``, as S3 answers them.
    """

    name: str
    etag: str
    last_modified: str
    metadata: dict[str, str]


class BodyFile:
    """A body that is read where it lies. Has the methods of a buffer that moto uses."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size_bytes = path.stat().st_size
        self._position = 0

    def seek(self, position: int) -> None:
        self._position = position

    def read(self, size: int = -1) -> bytes:
        with self.path.open("rb") as file:
            file.seek(self._position)
            read = file.read(size)
        self._position += len(read)
        return read

    def close(self) -> None:
        """Nothing is held open."""


class ObjectFolder:
    """The objects kept in ``folder``. Load before the first change. Calls for one name must not overlap."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._bodies: dict[str, Path] = {}

    def load(self) -> Iterator[tuple[Description, BodyFile]]:
        """All objects; leavings of interrupted writes are removed."""
        used = set()
        for path in self._folder.glob(f"*{_DESCRIPTION}"):
            stored = json.loads(path.read_bytes())
            body = self._folder / stored.pop("body")
            used |= {path, body}
            self._bodies[stored["name"]] = body
            yield Description(**stored), BodyFile(body)
        for path in set(self._folder.iterdir()) - used:
            path.unlink()

    def save(self, description: Description, body: IO[bytes] | BodyFile) -> BodyFile:
        """Write an object and return its body's file. A ``BodyFile`` of the same name is kept, not written again."""
        stem = _stem(description.name)
        saved = body if isinstance(body, BodyFile) else BodyFile(self._write_body(stem, body))
        draft = self._folder / f"{stem}.{secrets.token_hex(4)}.draft"
        with draft.open("wb") as file:
            file.write(json.dumps(asdict(description) | {"body": saved.path.name}).encode())
            _to_disk(file)
        draft.replace(self._folder / f"{stem}{_DESCRIPTION}")
        self._folder_to_disk()
        replaced = self._bodies.get(description.name)
        self._bodies[description.name] = saved.path
        if replaced and replaced != saved.path:
            replaced.unlink()
        return saved

    def remove(self, name: str) -> None:
        """Remove an object. The description goes first: without it the body is a leaving."""
        body = self._bodies.pop(name, None)
        if body:
            (self._folder / f"{_stem(name)}{_DESCRIPTION}").unlink()
            self._folder_to_disk()
            body.unlink()

    def _write_body(self, stem: str, body: IO[bytes]) -> Path:
        path = self._folder / f"{stem}.{secrets.token_hex(4)}{_BODY}"
        body.seek(0)
        with path.open("wb") as file:
            shutil.copyfileobj(body, file, _PIECE_BYTES)
            _to_disk(file)
        return path

    def _folder_to_disk(self) -> None:
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _stem(name: str) -> str:
    """A file name for any object name; those may be longer than file names and hold anything."""
    return hashlib.sha256(name.encode()).hexdigest()[:40]


def _to_disk(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())
