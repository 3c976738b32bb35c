"""The address guard: where a URL leads, and whether we go there. Nothing that a caller names is called but through it.

In: a URL as somebody wrote it. Out: an ``Address`` with the IP addresses its host has now, all of them public or
allowed by the deployment; whoever calls it connects to one of these and asks no name server again. Shared spec,
section 1 "Remote files".

A host is judged by what it resolves to, however it is spelled. Allowed are names and networks the deployment lists
(``Settings.allowed_hosts``) and what is publicly routable. Refused are user names and passwords in a URL (the address
is kept and shown; a secret has no place there), schemes beside http and https, and ports where no web server listens.
"""

import re
import socket
import threading
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from string import punctuation
from typing import TypeAlias
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

from chalicelib.errors import FetchFailed, InvalidValue

URL_CHARACTERS = 2_000
_NAME_SECONDS = 5

_DEFAULT_PORTS = {"http": 80, "https": 443}

_REFUSED_PORTS = frozenset(
    {
        1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 79, 88, 109, 110, 111, 113, 119, 123, 135,
        137, 138, 139, 143, 161, 162, 179, 389, 427, 445, 465, 512, 513, 514, 515, 540, 548, 554, 587, 631, 636, 873,
        989, 990, 993, 995, 1433, 1521, 1723, 2049, 2375, 2379, 3306, 3389, 5060, 5061, 5432, 5900, 6379, 6667, 9042,
        9200, 11211, 27017,
    }
)  # fmt: skip
"""Mail, shells, databases and the like: a request sent there is no request for a file."""

_FORBIDDEN_CHARACTERS = re.compile(r"[\x00-\x20\x7f-\xa0\\\u2028\u2029]")
"""Control characters, blanks and backslashes: readers of URLs disagree on what they mean."""

_NAME = re.compile(r"[a-z0-9._-]+")

_NOT_PUBLIC_4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",
            "100.64.0.0/10",  # carriers' own; some clouds' metadata
            "127.0.0.0/8",
            "168.63.129.16/32",  # a cloud's own services, on a public address
            "169.254.0.0/16",  # link-local, and clouds' metadata
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
        ),
    )
)

_PUBLIC_6 = IPv6Network("2000::/3")
_NOT_PUBLIC_6 = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # the protocols' own, with Teredo
            "2001:db8::/32",
            "2002::/16",  # 6to4: an IPv4 address in disguise
            "3fff::/20",
        ),
    )
)
_MAPPED = IPv6Network("::ffff:0:0/96")
_NAT64 = IPv6Network("64:ff9b::/96")

IP: TypeAlias = IPv4Address | IPv6Address

Resolve: TypeAlias = Callable[[str, int], Sequence[str]]
"""The IP addresses of a host, as texts. Raises FetchFailed."""


@dataclass(frozen=True, slots=True)
class Url:
    """A URL, read. ``host`` is ASCII, without brackets or closing dot; ``target`` is the path with its query."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def is_https(self) -> bool:
        return self.scheme == "https"

    def __str__(self) -> str:
        """As it can be read again."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.target}"


@dataclass(frozen=True, slots=True)
class Address:
    """A URL and the IP addresses that may be connected to for it, in the name server's order."""

    url: Url
    ips: Sequence[str]


def read_url(text: str) -> Url:
    """The URL this text is. Raises InvalidValue, under ``url``, for one that is none or that we never call."""
    text = text.strip()
    if not text or len(text) > URL_CHARACTERS:
        raise _refused(f"a URL of 1 to {URL_CHARACTERS} characters")
    if _FORBIDDEN_CHARACTERS.search(text):
        raise _refused("holds a blank, a backslash or a control character; a URL writes them as %20, %5C …")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise _refused("is not a URL") from error
    scheme = parts.scheme.lower()
    if scheme not in _DEFAULT_PORTS:
        raise _refused("must begin with http:// or https://")
    if "@" in parts.netloc:
        raise _refused("must hold no user name or password: the address is kept and shown")
    port = _DEFAULT_PORTS[scheme] if port is None else port
    if port in _REFUSED_PORTS or port == 0:
        raise _refused(f"names port {port}, where no web server listens")
    return Url(scheme, _host(parts), port, _target(parts))


def locate(url: Url, allowed_hosts: Collection[str], resolve: Resolve) -> Address:
    """Where the URL leads now. Raises InvalidValue, under ``url``, when any of its host's addresses is refused, and
    FetchFailed when it has none.
    """
    ips = resolve(url.host, url.port)
    if not ips:
        raise FetchFailed(f'There is no host "{url.host}": check the address.', worth_retrying=False)
    if url.host in {_plain(each) for each in allowed_hosts}:
        return Address(url, tuple(ips))
    networks = _networks(allowed_hosts)
    for each in ips:
        ip = ip_address(each)
        if not is_public(ip) and not any(ip in network or _embedded(ip) in network for network in networks):
            raise _refused(
                f'leads to {url.host}, which is not on the public internet; ask whoever runs this to allow "{url.host}"'
            )
    return Address(url, tuple(ips))


def is_public(ip: IP) -> bool:
    """Whether the address is one anybody on the internet can be reached at."""
    if isinstance(ip, IPv4Address):
        return ip.is_global and not any(ip in network for network in _NOT_PUBLIC_4)
    if ip in _MAPPED or ip in _NAT64:
        return is_public(_embedded(ip))
    return ip in _PUBLIC_6 and ip.is_global and not any(ip in network for network in _NOT_PUBLIC_6)


def masked(text: str) -> str:
    """A URL as it may be shown and logged: without what may be a secret, user name, password and query."""
    try:
        parts = urlsplit(text)
        place = parts.netloc.rpartition("@")[2]
    except ValueError:
        return "…"
    return urlunsplit((parts.scheme, place, parts.path, "…" if parts.query else "", ""))


def resolve(host: str, port: int) -> Sequence[str]:
    """What the name servers say; an odd spelling of an IP address is read as the system reads it. Empty: no such host.

    Raises FetchFailed when they say nothing, or not in time.
    """
    answers: list[Sequence[str] | OSError] = []
    asking = threading.Thread(target=lambda: answers.append(_asked(host, port)), daemon=True)
    asking.start()
    asking.join(_NAME_SECONDS)
    answer = answers[0] if answers else TimeoutError()
    if isinstance(answer, OSError):
        message = f'The name servers did not say where "{host}" is; trying again later may help.'
        raise FetchFailed(message, worth_retrying=True) from answer
    return answer


def _asked(host: str, port: int) -> Sequence[str] | OSError:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        return () if error.errno in {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)} else error
    except (OSError, UnicodeError):
        return ()
    # A scope (fe80::1%eth0) belongs to the link, not to the address.
    return tuple(dict.fromkeys(str(address[0]).partition("%")[0] for *_, address in found))


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    if len(host) > 255 or "%" in host:
        raise _refused("names a host that cannot be")
    if ":" in host:
        return host
    try:
        # Also turns letters and digits that only look like ASCII into what name servers would take them for.
        name = host.encode("idna").decode("ascii").lower().rstrip(".")
    except UnicodeError as error:
        raise _refused("names a host that cannot be") from error
    if not _NAME.fullmatch(name):
        raise _refused("names no host")
    return name


def _target(parts: SplitResult) -> str:
    """Path and query as they go over the line; what is there already stays as it was written."""
    path, query = quote(parts.path or "/", safe=punctuation), quote(parts.query, safe=punctuation)
    return f"{path}?{query}" if query else path


def _embedded(ip: IP) -> IP:
    """The IPv4 address inside an IPv6 one that stands for it; others as they are."""
    if isinstance(ip, IPv6Address) and (ip in _MAPPED or ip in _NAT64):
        return IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip


def _networks(allowed_hosts: Collection[str]) -> list[IPv4Network | IPv6Network]:
    networks = []
    for each in allowed_hosts:
        with suppress(ValueError):
            networks.append(ip_network(_plain(each), strict=False))
    return networks


def _plain(name: str) -> str:
    return name.strip().strip("[]").rstrip(".").lower()


def _refused(why: str) -> InvalidValue:
    return InvalidValue({"url": why})
