"""Binary streams around streams: one that is counted and hashed on its way, and one that begins with bytes of ours."""

import hashlib
from io import RawIOBase
from typing import IO, Any, cast


class HashedStream(RawIOBase):
    """What is read of ``stream``, counted and hashed."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._digest = hashlib.sha256()
        self.size_bytes = 0

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        data = self._stream.read(size)
        self._digest.update(data)
        self.size_bytes += len(data)
        return data


class JoinedStream(RawIOBase):
    """``head``, and then what ``stream`` holds. A read may answer less than was asked, and nothing only at the end."""

    def __init__(self, head: bytes, stream: Any) -> None:
        self._head = head
        self._stream = cast(IO[bytes], stream)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        if not self._head:
            return self._stream.read(size)
        if size < 0:
            data, self._head = self._head + self._stream.read(), b""
        else:
            data, self._head = self._head[:size], self._head[size:]
        return data
