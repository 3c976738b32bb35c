"""Files from a URL, from real servers on the loopback: what comes, what is refused, what ends in time."""

import contextlib
import gzip
import logging
import socket
import threading
import tracemalloc
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from chalicelib.errors import FetchFailed, InvalidValue
from chalicelib.settings import Settings
from chalicelib.sources.http_url import Fetched, check_url, name_in_url, open_url
from tests.site import Site, answer, make_ca, moved, raw, serving

CSV = b"sku,name\nA-1,Chair\nA-2,Table\n"
LIMITS: dict[str, Any] = {
    "allowed_hosts": ("127.0.0.1", "files.example"),
    "fetch_seconds": 20,
    "fetch_connect_seconds": 5,
    "fetch_silence_seconds": 5,
}


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as site:
        yield site


def settings(**changes: Any) -> Settings:
    return Settings(**{**LIMITS, **changes})


def at_home(host: str, port: int) -> Sequence[str]:
    """A name server that knows the loopback only."""
    return ("127.0.0.1",)


def fetch(url: str, **changes: Any) -> tuple[Fetched, bytes]:
    with open_url(url, settings(**changes), resolve=at_home) as fetched:
        return fetched, b"".join(fetched.pieces)


def failure(url: str, **changes: Any) -> FetchFailed:
    with pytest.raises(FetchFailed) as failed:
        fetch(url, **changes)
    return failed.value


def test_a_file_comes_as_it_is(site):
    fetched, body = fetch(site.page("/exports/products.csv", answer(CSV, Content_Type="text/CSV; charset=utf-8")))
    assert body == CSV
    assert (fetched.file_name, fetched.content_type, fetched.size_bytes) == ("products.csv", "text/csv", len(CSV))
    [head] = site.requests
    assert head.startswith("GET /exports/products.csv HTTP/1.1\r\n")
    assert f"\r\nHost: 127.0.0.1:{site.port}\r\n" in head
    assert "\r\nAccept-Encoding: identity\r\n" in head
    assert "\r\nUser-Agent: Skuloom/" in head


def test_query_and_path_go_over_the_line_as_they_were_written(site):
    site.page("/a%20b/gr%C3%B6%C3%9Fe.csv", answer(CSV))
    fetched, _ = fetch(f"http://127.0.0.1:{site.port}/a%20b/größe.csv?token=a%2Bb&x=y#part")
    assert site.requests[0].startswith("GET /a%20b/gr%C3%B6%C3%9Fe.csv?token=a%2Bb&x=y HTTP/1.1\r\n")
    assert fetched.file_name == "größe.csv"


def test_an_empty_file_is_a_file(site):
    assert fetch(site.page("/empty.csv", answer(b"")))[1] == b""


def test_a_body_without_a_length_ends_with_the_connection(site):
    fetched, body = fetch(site.page("/a.csv", raw(b"HTTP/1.0 200 OK\r\n\r\n" + CSV)))
    assert (body, fetched.size_bytes) == (CSV, None)


def test_a_chunked_body_is_put_together(site):
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(each), each) for each in (CSV[:5], CSV[5:])) + b"0\r\n\r\n"
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n"
    fetched, body = fetch(site.page("/a.csv", raw(head + chunks)))
    assert (body, fetched.size_bytes) == (CSV, None)


@pytest.mark.parametrize("members", [1, 3])
def test_a_packed_body_is_unpacked_though_nobody_asked_for_packing(site, members):
    packed = b"".join(gzip.compress(CSV) for _ in range(members))
    fetched, body = fetch(site.page("/a.csv", answer(packed, Content_Encoding="gzip")))
    assert (body, fetched.size_bytes) == (CSV * members, None)


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        ({"Content_Disposition": 'attachment; filename="prices 2026.xlsx"'}, "prices 2026.xlsx"),
        ({"Content_Disposition": "attachment; filename=prices.xlsx"}, "prices.xlsx"),
        ({"Content_Disposition": "attachment; filename=\"x.csv\"; filename*=UTF-8''gr%C3%B6%C3%9Fe.csv"}, "größe.csv"),
        ({"Content_Disposition": "attachment; FileName*=iso-8859-1'de'gr%F6%DFe.csv"}, "größe.csv"),
        ({"Content_Disposition": 'attachment; filename="größe.csv"'.encode().decode("latin-1")}, "größe.csv"),
        ({"Content_Disposition": 'attachment; filename="a\\"b.csv"'}, 'a"b.csv'),
        ({"Content_Disposition": 'attachment; filename="../../etc/passwd"'}, "passwd"),
        ({"Content_Disposition": 'attachment; filename="C:\\\\temp\\\\a.csv"'}, "a.csv"),
        ({"Content_Disposition": 'attachment; filename=""', "Content_Type": "text/csv"}, "export.csv"),
        ({"Content_Disposition": "inline", "Content_Type": "application/json"}, "export.json"),
        ({"Content_Type": "application/xml"}, "export.xml"),
        ({}, "export"),
    ],
)
def test_the_file_is_called_what_the_other_side_calls_it(site, headers, name):
    assert fetch(site.page("/export", answer(CSV, **headers)))[0].file_name == name


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://supplier.com/exports/products.csv?x=1", "products.csv"),
        ("https://supplier.com/exports/", "exports"),
        ("https://supplier.com", "supplier.com"),
        ("https://supplier.com/a%2Fb%00c.csv", "bc.csv"),
        (f"https://supplier.com/{'a' * 300}.csv", f"{'a' * 245}{'a' * 6}.csv"),
    ],
)
def test_an_address_names_its_file(url, name):
    assert name_in_url(url) == name


# Redirects ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_a_redirect_is_followed_and_the_file_keeps_the_name_that_was_asked_for(site, status):
    site.page("/b/0815", answer(CSV))
    fetched, body = fetch(site.page("/a/products.csv", moved("../b/0815", status)))
    assert (body, fetched.file_name) == (CSV, "products.csv")


def test_the_address_at_the_end_names_the_file_where_the_first_one_does_not(site):
    site.page("/files/größe 2.csv".replace(" ", "%20").replace("ö", "%C3%B6").replace("ß", "%C3%9F"), answer(CSV))
    assert fetch(site.page("/latest", moved("/files/größe 2.csv")))[0].file_name == "größe 2.csv"


def test_five_redirects_are_followed_and_no_sixth(site):
    site.page("/5", answer(CSV))
    for number in range(5):
        site.page(f"/{number}", moved(f"/{number + 1}"))
    assert fetch(site.url("/0"))[1] == CSV
    assert "more than 5 times" in str(failure(site.page("/start", moved("/0"))))
    failed = failure(site.page("/loop", moved("/loop")))
    assert not failed.worth_retrying


@pytest.mark.parametrize(
    ("location", "why"),
    [
        ("http://10.0.0.1/", "public internet"),
        ("http://169.254.169.254/latest/meta-data/", "public internet"),
        ("http://[::1]/", "public internet"),
        ("http://2130706434/", "public internet"),
        ("http://127.0.0.2/", "public internet"),
        ("//127.0.0.3/", "public internet"),
        ("file:///etc/passwd", "http:// or https://"),
        ("http://127.0.0.1:22/", "port 22"),
        ("http://user:secret@127.0.0.1/", "user name"),
        ("http://[", "no address"),
        ("", "does not say which"),
    ],
)
def test_every_hop_is_checked(site, location, why):
    url = site.page("/a.csv", moved(location))
    with pytest.raises(FetchFailed, match=why) as failed, open_url(url, settings(allowed_hosts=("127.0.0.1",))):
        pytest.fail("it was opened")
    assert not failed.value.worth_retrying
    assert "secret" not in str(failed.value)
    assert len(site.requests) == 1


def test_a_redirect_does_not_leave_https(tmp_path):
    tls, trust = make_ca(tmp_path, "files.example")
    with serving() as plain, serving(tls) as safe:
        plain.page("/a.csv", answer(CSV))
        safe.page("/a.csv", moved(plain.url("/a.csv", host="files.example")))
        url = safe.url("/a.csv", scheme="https", host="files.example")
        with (
            pytest.raises(FetchFailed, match="from https to http"),
            open_url(url, settings(), resolve=at_home, trust=trust),
        ):
            pytest.fail("it was opened")
        assert plain.requests == []
        plain.page(
            "/up.csv", moved(safe.page("/end.csv", answer(CSV)).replace("http://127.0.0.1", "https://files.example"))
        )
        with open_url(plain.url("/up.csv"), settings(), resolve=at_home, trust=trust) as fetched:
            assert b"".join(fetched.pieces) == CSV


# The address that was checked -----------------------------------------------------------------------------------------


def test_what_was_checked_is_what_is_connected_to(site):
    asked = []

    def rebinding(host: str, port: int) -> Sequence[str]:
        """Answers well once, and with an address of the inside ever after."""
        asked.append(host)
        return ("127.0.0.1",) if len(asked) == 1 else ("127.0.0.2",)

    site.page("/a.csv", answer(CSV))
    url = site.url("/a.csv", host="supplier.example")
    with open_url(url, settings(allowed_hosts=("127.0.0.1",)), resolve=rebinding) as fetched:
        assert b"".join(fetched.pieces) == CSV
    assert asked == ["supplier.example"]
    assert f"\r\nHost: supplier.example:{site.port}\r\n" in site.requests[0]
    with (
        pytest.raises(FetchFailed, match="public internet"),
        open_url(url, settings(allowed_hosts=("127.0.0.1",)), resolve=rebinding),
    ):
        pytest.fail("it was opened")


def test_the_next_address_is_tried_when_one_does_not_answer(site):
    site.page("/a.csv", answer(CSV))
    url = site.url("/a.csv", host="files.example")
    with open_url(url, settings(), resolve=lambda host, port: ("127.0.0.77", "127.0.0.1")) as fetched:
        assert b"".join(fetched.pieces) == CSV


def test_without_leave_the_loopback_is_not_called(site):
    with pytest.raises(FetchFailed, match="public internet"), open_url(site.url("/"), settings(allowed_hosts=())):
        pytest.fail("it was opened")
    assert site.requests == []


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1/a.csv", "http://[::ffff:10.0.0.1]/", "http://169.254.169.254/", "ftp://supplier.com/a.csv",
     "no url", "https://no-such-host.invalid/"],
)  # fmt: skip
def test_a_bad_address_is_refused_when_it_is_asked_for(url):
    with pytest.raises(InvalidValue) as refused:
        check_url(url, settings(allowed_hosts=()))
    assert list(refused.value.fields) == ["url"]


def test_an_address_is_not_refused_because_name_servers_are_away():
    def away(host: str, port: int) -> Sequence[str]:
        raise FetchFailed("away", worth_retrying=True)

    check_url("https://supplier.com/a.csv", settings(), resolve=away)
    with pytest.raises(FetchFailed) as failed, open_url("https://supplier.com/", settings(), resolve=away):
        pytest.fail("it was opened")
    assert failed.value.worth_retrying


# TLS ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["files.example", "127.0.0.1"])
def test_a_certificate_is_checked_against_the_name_and_not_the_address(tmp_path, host):
    tls, trust = make_ca(tmp_path, host)
    heard = []
    tls.sni_callback = lambda line, name, context: heard.append(name)
    with serving(tls) as site:
        site.page("/a.csv", answer(CSV))
        url = site.url("/a.csv", scheme="https", host=host)
        with open_url(url, settings(), resolve=at_home, trust=trust) as fetched:
            assert b"".join(fetched.pieces) == CSV
        assert heard == [host if host == "files.example" else None]


@pytest.mark.parametrize(("name", "expired"), [("other.example", False), ("127.0.0.1", False), ("files.example", True)])
def test_a_certificate_that_does_not_hold_is_refused(tmp_path, name, expired):
    tls, trust = make_ca(tmp_path, name, expired=expired)
    with serving(tls) as site:
        url = site.url("/a.csv", scheme="https", host="files.example")
        with (
            pytest.raises(FetchFailed, match="cannot prove") as failed,
            open_url(url, settings(), resolve=at_home, trust=trust),
        ):
            pytest.fail("it was opened")
        assert not failed.value.worth_retrying
        assert site.requests == []


def test_an_unknown_authority_is_refused(tmp_path):
    tls, _ = make_ca(tmp_path, "files.example")
    with serving(tls) as site:
        assert "cannot prove" in str(failure(site.url("/", scheme="https", host="files.example")))


def test_a_server_without_tls_is_refused(site):
    assert "secure connection" in str(failure(site.url("/", scheme="https", host="files.example")))


# What does not go well ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "worth_retrying", "says"),
    [
        ("401 Unauthorized", False, "401 Unauthorized. It asks for a login"),
        ("403 Forbidden", False, "403 Forbidden"),
        ("404 Not Found", False, "404 Not Found. Check the address"),
        ("410 Gone", False, "410 Gone"),
        ("204 No Content", False, "204 No Content"),
        ("206 Partial Content", False, "206"),
        ("300 Multiple Choices", False, "300"),
        ("408 Request Timeout", True, "408"),
        ("429 Too Many Requests", True, "try again later"),
        ("500 Internal Server Error", True, "500"),
        ("503 <script>", True, "503 Service Unavailable"),
        ("599 Whatever", True, "599."),
        ("799 Whatever", False, "799."),
    ],
)
def test_an_answer_without_a_file_says_what_was_answered_and_what_to_do(site, status, worth_retrying, says):
    failed = failure(f"{site.page('/a.csv', answer(CSV, status=status))}?token=secret")
    assert says in str(failed)
    assert failed.worth_retrying is worth_retrying
    assert f"http://127.0.0.1:{site.port}/a.csv?…" in str(failed)
    assert "secret" not in str(failed)


@pytest.mark.parametrize(
    ("content", "worth_retrying"),
    [
        (b"", True),
        (b"SSH-2.0-OpenSSH_9.9\r\n", False),
        (b"HTTP/1.1 abc OK\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000 + b"\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\n" + (b"X: " + b"a" * 9_000 + b"\r\n") * 60 + b"\r\n", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno-number\r\nab", True),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\n" + CSV, False),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + CSV, True),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(CSV)[:-9], True),
    ],
)
def test_an_answer_that_is_none_or_breaks_off_is_no_file(site, content, worth_retrying):
    assert failure(site.page("/a.csv", raw(content))).worth_retrying is worth_retrying


def test_a_lower_length_than_there_is_ends_the_file(site):
    assert fetch(site.page("/a.csv", answer(CSV, length=8)))[1] == CSV[:8]


def test_a_port_where_nobody_listens_is_worth_another_try():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    failed = failure(f"http://127.0.0.1:{port}/a.csv")
    assert failed.worth_retrying
    assert "could not be reached" in str(failed)


def test_a_file_announced_too_large_is_not_read(site):
    failed = failure(site.page("/a.csv", answer(CSV, length=1001)), upload_limit_bytes=1000)
    assert "1,001 bytes" in str(failed)
    assert not failed.worth_retrying


def test_an_endless_body_ends_at_the_limit(site):
    def endless(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"a,b,c\n" * 10_000)

    sizes: list[int] = []
    url = site.page("/a.csv", endless)
    with (
        open_url(url, settings(upload_limit_bytes=3_000_000), resolve=at_home) as fetched,
        pytest.raises(FetchFailed, match="the most one import takes"),
    ):
        sizes.extend(map(len, fetched.pieces))
    assert sum(sizes) <= 3_000_000


@pytest.mark.parametrize("is_chunked", [False, True])
def test_what_is_packed_small_is_counted_as_large_as_it_is(site, is_chunked):
    bomb = gzip.compress(bytes(200_000_000))
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(bomb), bomb) if is_chunked else bomb
    length = b"Transfer-Encoding: chunked" if is_chunked else b"Content-Length: %d" % len(bomb)
    url = site.page("/a.csv", raw(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n%s\r\n\r\n%s" % (length, body)))
    tracemalloc.start()
    try:
        with (
            open_url(url, settings(upload_limit_bytes=50_000_000), resolve=at_home) as fetched,
            pytest.raises(FetchFailed, match="the most one import takes"),
        ):
            assert all(len(piece) <= 256 * 1024 for piece in fetched.pieces)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n",
    ],
)
def test_a_silent_side_is_not_waited_for_for_ever(site, head):
    def silent(connection: socket.socket) -> None:
        connection.sendall(head)
        site.silence(connection)

    failed = failure(site.page("/a.csv", silent), fetch_silence_seconds=1)
    assert "did not answer in time" in str(failed)
    assert failed.worth_retrying


@pytest.mark.parametrize(
    ("head", "drop"),
    [
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nX: ", b"a"),
        (b"HTTP/1.1 200 OK\r\n\r\n", b"a"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b"a"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"),
    ],
)
def test_a_side_that_drips_ends_with_the_time(site, head, drop):
    def dripping(connection: socket.socket) -> None:
        connection.sendall(head)
        site.drip(connection, drop)

    failed = failure(site.page("/a.csv", dripping), fetch_seconds=1)
    assert "within 1 seconds" in str(failed)
    assert failed.worth_retrying


def test_a_drip_through_tls_ends_with_the_time(tmp_path):
    tls, trust = make_ca(tmp_path, "files.example")
    with serving(tls) as site:

        def dripping(connection: socket.socket) -> None:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            site.drip(connection, b"a")

        site.page("/a.csv", dripping)
        url = site.url("/a.csv", scheme="https", host="files.example")
        with (
            pytest.raises(FetchFailed, match="within 1 seconds"),
            open_url(url, settings(fetch_seconds=1), resolve=at_home, trust=trust) as fetched,
        ):
            assert all(fetched.pieces)


def test_a_handshake_that_does_not_come_is_not_waited_for():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"https://files.example:{listener.getsockname()[1]}/"
        assert failure(url, fetch_connect_seconds=1).worth_retrying


def test_a_caller_with_less_time_says_so(site):
    with (
        pytest.raises(FetchFailed, match="within 1 seconds"),
        open_url(site.page("/a.csv", site.silence), settings(), seconds=1, resolve=at_home),
    ):
        pytest.fail("it was opened")


def test_redirects_share_the_time(site):
    def slow(connection: socket.socket) -> None:
        site.closing.wait(0.4)
        moved("/slow")(connection)

    assert "within 1 seconds" in str(failure(site.page("/slow", slow), fetch_seconds=1))


def test_nothing_is_left_behind_when_the_reader_leaves(site):
    url = site.page("/a.csv", answer(CSV * 100_000))
    before = threading.active_count()
    with open_url(url, settings(), resolve=at_home) as fetched:
        next(fetched.pieces)
    with contextlib.suppress(RuntimeError), open_url(url, settings(), resolve=at_home) as fetched:
        raise RuntimeError
    assert [
        each for each in threading.enumerate() if isinstance(each, threading.Timer) and not each.finished.is_set()
    ] == []
    assert threading.active_count() <= before + 2


def test_no_secret_is_logged(site, caplog):
    odd = b"HTTP/1.1 200 OK\r\nno header\r\n\r\n" + CSV
    with caplog.at_level(logging.DEBUG):
        fetch(f"{site.page('/a.csv', raw(odd))}?token=secret")
        failure(f"{site.url('/none')}?token=secret")
    assert "secret" not in caplog.text
