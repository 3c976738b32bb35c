"""A file at an HTTP or HTTPS address, streamed in pieces and within limits. Pixeepim's "Upload from URL".

In: a URL. Out: the file's name, its media type and its bytes, as they arrive. Every hop's address is checked, and the
connection goes to the very IP address that was checked (``network``); certificates are checked against the host's name.

Limits: 5 redirects, never from https to http; ``Settings.upload_limit_bytes``, counted after unpacking;
``fetch_seconds`` in all, ``fetch_connect_seconds`` to connect, ``fetch_silence_seconds`` without a byte. Proxies of the
environment are not used: what they would call is out of our sight.
"""

import http.client
import re
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from io import BufferedReader
from typing import cast
from urllib.parse import unquote, urljoin, urlsplit

import certifi

from chalicelib import __version__
from chalicelib.errors import FetchFailed, InvalidValue
from chalicelib.settings import Settings
from chalicelib.sources.network import Address, Resolve, locate, masked, read_url, resolve

_REDIRECTS = 5
_IPS_TRIED = 8
_PIECE_BYTES = 256 * 1024
_HEAD_BYTES = 256 * 1024
_NAME_CHARACTERS = 255

_MOVED = frozenset({301, 302, 303, 307, 308})
_AGAIN = frozenset({408, 425, 429}) | frozenset(range(500, 600))
_WHAT_TO_DO = {
    401: "It asks for a login; give an address that works without one.",
    403: "It does not give the file to us; give an address that works without a login.",
    404: "Check the address: there is no file there.",
    410: "The file was taken away from there.",
    429: "It asks to be left alone for a while; try again later.",
}

_ENDINGS = {
    "text/csv": "csv",
    "text/tab-separated-values": "csv",
    "text/plain": "csv",
    "application/csv": "csv",
    "application/json": "json",
    "application/x-ndjson": "json",
    "application/jsonl": "json",
    "application/xml": "xml",
    "text/xml": "xml",
    "application/rss+xml": "xml",
    "application/atom+xml": "xml",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
}
_ENDING = re.compile(r"\.[A-Za-z0-9]{1,8}$")
_PARAMETER = re.compile(r';\s*(filename\*?)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]+))', re.IGNORECASE)
_EXTENDED = re.compile(r"(utf-8|iso-8859-1)'[^']*'(.*)", re.IGNORECASE)
_HEADERS = {
    "User-Agent": f"Skuloom/{__version__}",
    "Accept": "*/*",
    # A packed body says nothing of the size of the file; what comes packed all the same is unpacked with care.
    "Accept-Encoding": "identity",
    "Connection": "close",
}


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file on its way.

    Attributes:
        file_name: as the other side or its address calls it, made safe for showing; with an ending where one is known.
        content_type: its media type, lower case and bare; empty when the other side says none.
        size_bytes: as announced; None when it is not known.
        pieces: the bytes; reading them raises FetchFailed. Once only, within the context.
    """

    file_name: str
    content_type: str
    size_bytes: int | None
    pieces: Iterator[bytes]


def check_url(url: str, settings: Settings, *, resolve: Resolve = resolve) -> None:
    """Raise InvalidValue, under ``url``, for what is no URL, leads nowhere, or where we do not go.

    Name servers that do not answer now are no reason to refuse: they are asked again when the file is fetched.
    """
    try:
        locate(read_url(url), settings.allowed_hosts, resolve)
    except FetchFailed as error:
        if not error.worth_retrying:
            raise InvalidValue({"url": str(error)}) from error


def name_in_url(url: str) -> str:
    """What the address calls its file: its last step, or its host where that is bare."""
    parts = urlsplit(url)
    return _safe_name(unquote(parts.path.rstrip("/").rpartition("/")[2])) or (parts.hostname or "file")


@contextmanager
def open_url(
    url: str,
    settings: Settings,
    *,
    seconds: float | None = None,
    resolve: Resolve = resolve,
    trust: ssl.SSLContext | None = None,
) -> Iterator[Fetched]:
    """The file at this address, open for reading: for so many seconds, ``Settings.fetch_seconds`` if not said.
    ``trust`` names other certificates than the usual ones.

    Raises FetchFailed, on entering and while reading.
    """
    clock = _Clock(settings.fetch_seconds if seconds is None else seconds)
    asked = _readable(url)
    with closing(_call(url, settings, resolve, trust, clock)) as call:
        response = call.response
        _refuse_encoding(response)
        size_bytes = _announced(response)
        limit = settings.upload_limit_bytes
        if size_bytes is not None and size_bytes > limit:
            raise _too_large(limit, f"{size_bytes:,} bytes")
        content_type = (response.headers.get("Content-Type") or "").partition(";")[0].strip().lower()
        yield Fetched(
            file_name=_file_name(response.headers.get("Content-Disposition"), asked, call.url, content_type),
            content_type=content_type,
            size_bytes=None if _is_packed(response) else size_bytes,
            pieces=_within(limit, call.pieces()),
        )


# Calling --------------------------------------------------------------------------------------------------------------


class _Clock:
    """What is left of the time for one file."""

    def __init__(self, seconds: float) -> None:
        self._ends_at = time.monotonic() + seconds
        self.seconds = seconds

    @property
    def left(self) -> float:
        return max(0.0, self._ends_at - time.monotonic())

    def run_out(self) -> FetchFailed:
        return FetchFailed(
            f"The file did not come within {self.seconds:.0f} seconds; try again later, or send the file itself.",
            worth_retrying=True,
        )


class _Head:
    """The lines before a body, as long as they are not too many: how many there may be, anybody in the process can
    change for ``http.client``, and somebody does.
    """

    def __init__(self, line: BufferedReader) -> None:
        self._line = line
        self._left_bytes = _HEAD_BYTES

    def readline(self, limit: int = -1) -> bytes:
        read = self._line.readline(limit)
        self._left_bytes -= len(read)
        if self._left_bytes < 0:
            raise http.client.HTTPException(f"more than {_HEAD_BYTES} bytes before the body")
        return read

    def close(self) -> None:
        self._line.close()


class _Response(http.client.HTTPResponse):
    def begin(self) -> None:
        line = self.fp
        self.fp = cast(BufferedReader, _Head(line))
        try:
            super().begin()
        finally:
            self.fp = line


class _Connection(http.client.HTTPConnection):
    """A connection to one of the IP addresses that were checked, under the name of its host."""

    response_class = _Response

    def __init__(self, address: Address, settings: Settings, trust: ssl.SSLContext, clock: _Clock) -> None:
        super().__init__(address.url.host, address.url.port, timeout=settings.fetch_silence_seconds)
        self.default_port = 443 if address.url.is_https else 80
        self._address = address
        self._connect_seconds = settings.fetch_connect_seconds
        self._trust = trust
        self._clock = clock

    def connect(self) -> None:
        link = self._linked()
        if self._address.url.is_https:
            # The timeout of a handshake is for all of it.
            link.settimeout(max(0.001, min(self._connect_seconds, self._clock.left)))
            try:
                link = self._trust.wrap_socket(link, server_hostname=self.host)
            except BaseException:
                link.close()
                raise
        link.settimeout(self.timeout)
        self.sock = link

    def _linked(self) -> socket.socket:
        problem: OSError = TimeoutError()
        for ip in self._address.ips[:_IPS_TRIED]:
            seconds = min(self._connect_seconds, self._clock.left)
            if seconds <= 0:
                break
            try:
                return socket.create_connection((ip, self.port), seconds)
            except OSError as error:
                problem = error
        raise problem


class _Answered:
    """A response whose body is still to be read, and the connection it comes by.

    Whatever the other side does, it ends with the clock: the watch then shuts the line, and reading comes back.
    """

    def __init__(self, url: str, connection: _Connection, clock: _Clock) -> None:
        self.url = url
        self._connection = connection
        self._clock = clock
        self._watch = threading.Timer(clock.left, self._shut)
        self._watch.daemon = True
        self._is_shut = False
        self.response = self._asked()

    def close(self) -> None:
        self._watch.cancel()
        self._connection.close()
        # A connection that is to end with its answer has left the line to it.
        self.response.close()

    def pieces(self) -> Iterator[bytes]:
        """The body, unpacked where it came packed. Raises FetchFailed."""
        arriving = self._arriving()
        return _unpacked(arriving) if _is_packed(self.response) else arriving

    def _asked(self) -> http.client.HTTPResponse:
        url = read_url(self.url)
        try:
            self._connection.connect()
            self._line = self._connection.sock
            self._watch.start()
            self._connection.request("GET", url.target, headers=_HEADERS)
            return self._connection.getresponse()
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._watch.cancel()
            self._connection.close()
            raise self._failed(error) from error

    def _arriving(self) -> Iterator[bytes]:
        announced, taken = _announced(self.response), 0
        try:
            while piece := self.response.read(_PIECE_BYTES):
                taken += len(piece)
                yield piece
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise self._failed(error) from error
        if self._is_shut:
            raise self._clock.run_out()
        if announced is not None and taken < announced:
            raise _broken_off(f"after {taken:,} of {announced:,} bytes")

    def _shut(self) -> None:
        self._is_shut = True
        with suppress(OSError):
            # Below TLS, which would want a word with the other side first.
            socket.socket.shutdown(self._line, socket.SHUT_RDWR)

    def _failed(self, error: Exception) -> FetchFailed:
        where = masked(self.url)
        host = self._connection.host
        if self._is_shut or not self._clock.left:
            return self._clock.run_out()
        match error:
            case ssl.SSLCertVerificationError():
                return FetchFailed(
                    f"{host} cannot prove that it is {host}: {error.verify_message}. Its certificate must be mended.",
                    worth_retrying=False,
                )
            case ssl.SSLError():
                return FetchFailed(f"No secure connection to {host} could be made.", worth_retrying=True)
            case TimeoutError():
                return FetchFailed(f"{where} did not answer in time; try again later.", worth_retrying=True)
            case http.client.IncompleteRead() | ConnectionResetError() | http.client.RemoteDisconnected():
                return _broken_off("before its end")
            case http.client.HTTPException() | ValueError():
                return FetchFailed(f"{where} answered with something that is not HTTP.", worth_retrying=False)
            case _:
                return FetchFailed(f"{where} could not be reached; try again later.", worth_retrying=True)


def _call(url: str, settings: Settings, resolve: Resolve, trust: ssl.SSLContext | None, clock: _Clock) -> _Answered:
    """The answer that is the file, at the end of all redirects."""
    for _ in range(_REDIRECTS + 1):
        try:
            address = locate(read_url(url), settings.allowed_hosts, resolve)
        except InvalidValue as error:
            raise FetchFailed(f"{masked(url)}: {error.fields['url']}.", worth_retrying=False) from error
        call = _Answered(url, _Connection(address, settings, trust or _usual_trust(), clock), clock)
        status = call.response.status
        if status == HTTPStatus.OK:
            return call
        with closing(call):
            if status not in _MOVED:
                raise _answered(url, status)
            url = _next(url, call.response)
    raise FetchFailed(
        f"The address leads on to another more than {_REDIRECTS} times; give the one it ends at.", worth_retrying=False
    )


def _next(url: str, response: http.client.HTTPResponse) -> str:
    """Where a redirect leads."""
    location = _text(response.headers.get("Location") or "").strip()
    if not location:
        raise FetchFailed(f"{masked(url)} leads on to another address and does not say which.", worth_retrying=False)
    try:
        following = urljoin(url, location.replace(" ", "%20"))
    except ValueError as error:
        raise FetchFailed(f"{masked(url)} leads on to what is no address.", worth_retrying=False) from error
    if urlsplit(url).scheme.lower() == "https" and following.lower().startswith("http:"):
        raise FetchFailed(
            f"{masked(url)} leads on from https to http, where anybody on the way could change the file;"
            " give the address it ends at, if that is what you want.",
            worth_retrying=False,
        )
    return following


@cache
def _usual_trust() -> ssl.SSLContext:
    """The system's certificates, and those of the package where the system has none."""
    trust = ssl.create_default_context()
    trust.load_verify_locations(certifi.where())
    return trust


# Reading --------------------------------------------------------------------------------------------------------------


def _announced(response: http.client.HTTPResponse) -> int | None:
    """Bytes that are to come over the line, when that was said."""
    said = response.headers.get("Content-Length") or ""
    is_chunked = "chunked" in (response.headers.get("Transfer-Encoding") or "").lower()
    return int(said) if said.isascii() and said.isdigit() and len(said) < 19 and not is_chunked else None


def _encoding(response: http.client.HTTPResponse) -> str:
    return (response.headers.get("Content-Encoding") or "identity").strip().lower()


def _is_packed(response: http.client.HTTPResponse) -> bool:
    return _encoding(response) in {"gzip", "x-gzip"}


def _refuse_encoding(response: http.client.HTTPResponse) -> None:
    encoding = _encoding(response)
    if encoding != "identity" and not _is_packed(response):
        message = f'The file came packed as "{encoding[:40]}", which was not asked for; give an address that does not.'
        raise FetchFailed(message, worth_retrying=False)


def _within(limit_bytes: int, pieces: Iterator[bytes]) -> Iterator[bytes]:
    taken = 0
    for piece in pieces:
        taken += len(piece)
        if taken > limit_bytes:
            raise _too_large(limit_bytes, "more")
        if piece:
            yield piece


def _unpacked(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The bytes inside gzip, of one member or several, a piece at a time however much is packed into it."""
    unpack = zlib.decompressobj(wbits=31)
    waiting = False
    for piece in pieces:
        packed = piece
        while packed:
            if unpack.eof:
                unpack = zlib.decompressobj(wbits=31)
            try:
                yield unpack.decompress(packed, _PIECE_BYTES)
            except zlib.error as error:
                raise FetchFailed("The file came packed, and the packing is broken.", worth_retrying=True) from error
            packed = unpack.unconsumed_tail or unpack.unused_data
        waiting = not unpack.eof
    while not unpack.eof and (rest := unpack.decompress(b"", _PIECE_BYTES)):
        yield rest
    if waiting and not unpack.eof:
        raise _broken_off("before its end")


# Names ----------------------------------------------------------------------------------------------------------------


def _file_name(disposition: str | None, asked: str, found: str, content_type: str) -> str:
    """What the other side calls the file; else what the address does that was given, or the one it led to."""
    if disposition and (said := _said_name(disposition)):
        return said
    names = [name_in_url(asked), name_in_url(found)]
    ending = _ENDINGS.get(content_type)
    if named := next((name for name in names if _has_ending(name)), None):
        return named
    return f"{names[0]}.{ending}" if ending else names[0]


def _said_name(disposition: str) -> str:
    """The name in a Content-Disposition (RFC 6266), the spelling with its charset before the plain one."""
    found = {name.lower(): quoted or bare for name, quoted, bare in _PARAMETER.findall(disposition)}
    extended = _EXTENDED.fullmatch(found.get("filename*", ""))
    if extended and (name := _safe_name(unquote(extended[2], encoding=extended[1], errors="replace"))):
        return name
    return _safe_name(_text(re.sub(r"\\(.)", r"\1", found.get("filename", ""))))


def _has_ending(name: str) -> bool:
    return _ENDING.search(name) is not None and not name.endswith((".php", ".aspx", ".ashx", ".asp", ".jsp", ".cgi"))


def _safe_name(name: str) -> str:
    """The last step of a path, without what cannot be shown; at most 255 characters, its ending among them."""
    last = name.replace("\\", "/").rpartition("/")[2]
    shown = "".join(letter for letter in last if letter.isprintable()).strip(" .")
    return shown if len(shown) <= _NAME_CHARACTERS else shown[: _NAME_CHARACTERS - 10] + shown[-10:]


def _text(header: str) -> str:
    """A header's text: servers write UTF-8 where Latin-1 is agreed on."""
    try:
        return header.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return header


# Refusals -------------------------------------------------------------------------------------------------------------


def _readable(url: str) -> str:
    """The URL without blanks around it. Raises FetchFailed for what is none."""
    try:
        return str(read_url(url))
    except InvalidValue as error:
        raise FetchFailed(f"{masked(url)}: {error.fields['url']}.", worth_retrying=False) from error


def _answered(url: str, status: int) -> FetchFailed:
    phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""
    to_do = _WHAT_TO_DO.get(status) or (
        "The other side has a problem of its own; try again later." if status in _AGAIN else "There is no file in that."
    )
    return FetchFailed(
        f"{masked(url)} answered {f'{status} {phrase}'.strip()}. {to_do}", worth_retrying=status in _AGAIN
    )


def _too_large(limit_bytes: int, found: str) -> FetchFailed:
    return FetchFailed(
        f"The file has {found}; {limit_bytes:,} bytes are the most one import takes. Split it.", worth_retrying=False
    )


def _broken_off(where: str) -> FetchFailed:
    return FetchFailed(f"The other side broke off {where}; try again later.", worth_retrying=True)
