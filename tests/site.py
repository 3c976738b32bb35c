"""An HTTP server on the loopback that says, byte for byte, what a test wants it to say."""

import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Say = Callable[[socket.socket], None]
"""Writes an answer to a connection."""

_DAY = timedelta(days=1)


def answer(body: bytes = b"", *, status: str = "200 OK", length: int | None = None, **headers: str) -> Say:
    """An answer with its length, or another one that is claimed; header names with _ for -."""
    said = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    claimed = len(body) if length is None else length
    head = f"HTTP/1.1 {status}\r\nContent-Length: {claimed}\r\n{said}\r\n"
    return raw(head.encode("latin-1") + body)


def raw(content: bytes) -> Say:
    return lambda connection: connection.sendall(content)


def moved(location: str, status: str = "302 Found") -> Say:
    return answer(status=status, Location=location.encode().decode("latin-1"))


@dataclass(slots=True)
class Site:
    """What is at which path, and what was asked for."""

    port: int
    pages: dict[str, Say] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    """Whole heads of requests, as they came."""
    closing: threading.Event = field(default_factory=threading.Event)

    def page(self, path: str, say: Say) -> str:
        """Put something at a path. Its address, by number and without TLS."""
        self.pages[path] = say
        return self.url(path)

    def url(self, path: str, *, scheme: str = "http", host: str = "127.0.0.1") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    def drip(self, connection: socket.socket, piece: bytes, *, every_seconds: float = 0.02) -> None:
        """Say this again and again until the other side or the site goes away."""
        while not self.closing.wait(every_seconds):
            connection.sendall(piece)

    def silence(self, _connection: socket.socket) -> None:
        self.closing.wait()


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[Site]:
    """A site, for as long as the block runs."""
    listener = socket.create_server(("127.0.0.1", 0))
    site = Site(listener.getsockname()[1])
    threads: list[threading.Thread] = []

    def serve(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            line = tls.wrap_socket(connection, server_side=True) if tls else connection
            with line:
                head = _head(line)
                site.requests.append(head)
                path = [*head.split(" "), ""][1].partition("?")[0]
                site.pages.get(path, answer(status="404 Not Found"))(line)
                line.shutdown(socket.SHUT_WR)

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                thread = threading.Thread(target=serve, args=[connection])
                thread.start()
                threads.append(thread)

    accepting = threading.Thread(target=accept)
    accepting.start()
    try:
        yield site
    finally:
        site.closing.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join()
        for thread in threads:
            thread.join()


def _head(connection: socket.socket) -> str:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        received = connection.recv(65_536)
        head += received
        if not received or not head[:1].isalpha():
            break
    return head.decode("latin-1")


def make_ca(folder: Path, *names: str, expired: bool = False) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's TLS for these names, and the trust in the authority that vouched for it."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    authority = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority of a test")])
    start, end = (now - 3 * _DAY, now - _DAY) if expired else (now - _DAY, now + _DAY)
    own_key = ec.generate_private_key(ec.SECP256R1())
    ca = (
        x509.CertificateBuilder()
        .subject_name(authority)
        .issuer_name(authority)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 3 * _DAY)
        .not_valid_after(now + _DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(authority)
        .public_key(own_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=True)
        .sign(key, hashes.SHA256())
    )
    chain = folder / "server.pem"
    chain.write_bytes(
        own_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(chain)
    trust = ssl.create_default_context(cadata=ca.public_bytes(serialization.Encoding.PEM).decode())
    return server, trust


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
