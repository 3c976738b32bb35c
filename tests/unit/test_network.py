"""The address guard: which URLs are read, what is public, what a deployment allows."""

import ipaddress
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from chalicelib.errors import FetchFailed, InvalidValue
from chalicelib.settings import Settings
from chalicelib.sources.network import Resolve, is_public, locate, masked, read_url, resolve

PUBLIC = "93.184.215.14"


def saying(*ips: str) -> Resolve:
    """A name server that says these."""

    def answer(host: str, port: int) -> Sequence[str]:
        return ips

    return answer


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("https://supplier.com/exports/products.csv", "https://supplier.com/exports/products.csv"),
        ("  HTTP://Supplier.COM:80/a?b=c#part \n", "http://supplier.com/a?b=c"),
        ("https://supplier.com", "https://supplier.com/"),
        ("https://supplier.com?x=1", "https://supplier.com/?x=1"),
        ("https://supplier.com.:8443/", "https://supplier.com:8443/"),
        ("https://müller.example/größe.csv", "https://xn--mller-kva.example/gr%C3%B6%C3%9Fe.csv"),
        ("https://supplier.com/a%20b/%2e?c=%26", "https://supplier.com/a%20b/%2e?c=%26"),
        ("http://[2606:4700::1111]:8080/x", "http://[2606:4700::1111]:8080/x"),
        ("http://127.0.0.1。/", "http://127.0.0.1/"),
        ("http://①②⑦.0.0.1/", "http://127.0.0.1/"),
    ],
)
def test_a_url_is_read(text: str, printed: str) -> None:
    assert str(read_url(text)) == printed
    assert str(read_url(printed)) == printed


@pytest.mark.parametrize(
    "text",
    [
        "",
        "supplier.com/products.csv",
        "//supplier.com/products.csv",
        "ftp://supplier.com/products.csv",
        "file:///etc/passwd",
        "gopher://supplier.com/",
        "javascript:alert(1)",
        "https:///products.csv",
        "https://",
        "https://./",
        "https://user@supplier.com/",
        "https://user:secret@supplier.com/",
        "https://supplier.com@10.0.0.1/",
        "https://supplier.com\\@10.0.0.1/",
        "https://supplier.com/a b",
        "https://supplier.com/\r\nHost: 10.0.0.1",
        "https://supplier.com/\x00",
        "https://sup\tplier.com/",
        "https://supplier.com:0/",
        "https://supplier.com:22/",
        "https://supplier.com:5432/",
        "https://supplier.com:99999/",
        "https://supplier.com:x/",
        "https://[::1/",
        "https://[fe80::1%25eth0]/",
        "https://127.0.0.%31/",
        "https://a..b/",
        f"https://{'a' * 64}.com/",
        f"https://supplier.com/{'a' * 2000}",
    ],
)
def test_what_is_no_url_to_be_called_is_refused_under_its_name(text: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        read_url(text)
    assert list(refused.value.fields) == ["url"]
    assert "secret" not in str(refused.value)


@given(st.text())
def test_no_text_does_more_harm_than_being_refused(text: str) -> None:
    for candidate in (text, f"http://{text}", f"https://supplier.com/{text}"):
        masked(candidate)
        try:
            read = read_url(candidate)
        except InvalidValue:
            continue
        assert f"{read.host}{read.target}".isascii()
        assert not set(f"{read.host}{read.target}") & set(" \\\r\n\t\0")
        assert read_url(str(read)) == read


NOT_PUBLIC = [
    "0.0.0.0", "10.1.2.3", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254", "168.63.129.16",
    "169.254.169.254", "169.254.170.2", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.88.99.1",
    "192.168.0.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1",
    "255.255.255.255",
    "::", "::1", "::7f00:1", "::10.0.0.1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:0:127.0.0.1",
    "64:ff9b::10.0.0.1", "64:ff9b::169.254.169.254", "64:ff9b:1::1.1.1.1", "100::1", "2001::1", "2001:db8::1",
    "2002:7f00:1::1", "2002:a00:1::", "2002:101:101::1", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1",
    "fec0::1", "ff02::1",
]  # fmt: skip


@pytest.mark.parametrize("ip", NOT_PUBLIC)
def test_what_is_not_public_is_refused_whatever_name_it_goes_by(ip: str) -> None:
    assert not is_public(ipaddress.ip_address(ip))
    with pytest.raises(InvalidValue, match="public internet"):
        locate(read_url("https://supplier.com/"), (), saying(ip))


@pytest.mark.parametrize(
    "ip",
    ["1.1.1.1", PUBLIC, "100.63.255.255", "100.128.0.1", "172.32.0.1", "2606:4700::1111", "::ffff:1.1.1.1",
     "64:ff9b::1.1.1.1"],
)  # fmt: skip
def test_what_is_public_may_be_called(ip: str) -> None:
    assert is_public(ipaddress.ip_address(ip))
    assert locate(read_url("https://supplier.com/"), (), saying(ip)).ips == (ip,)


@given(st.ip_addresses())
def test_what_python_holds_for_local_is_never_public(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    local = (
        ip.is_private or ip.is_loopback or ip.is_link_local or ip.is_multicast or ip.is_reserved or ip.is_unspecified
    )
    if is_public(ip) and ip not in ipaddress.ip_network("64:ff9b::/96" if ip.version == 6 else "0.0.0.0/32"):
        assert not local or getattr(ip, "ipv4_mapped", None)


def test_one_bad_address_among_good_ones_is_enough() -> None:
    with pytest.raises(InvalidValue):
        locate(read_url("https://supplier.com/"), (), saying(PUBLIC, "10.0.0.1"))


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.0.0.1.", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0", "[::1]", "[::ffff:127.0.0.1]",
     "[::ffff:7f00:1]", "localhost", "LOCALHOST."],
)  # fmt: skip
def test_odd_spellings_are_judged_by_what_they_resolve_to(host: str) -> None:
    with pytest.raises(InvalidValue, match="public internet"):
        locate(read_url(f"http://{host}/"), (), resolve)


def test_a_host_that_is_not_there_says_so() -> None:
    with pytest.raises(FetchFailed, match="no host") as failed:
        locate(read_url("https://supplier.com/"), (), saying())
    assert not failed.value.worth_retrying


@pytest.mark.parametrize(
    ("allowed", "ip", "is_allowed"),
    [
        (["files.intra"], "10.0.0.1", True),
        (["FILES.intra."], "10.0.0.1", True),
        (["intra"], "10.0.0.1", False),
        (["other.intra"], "10.0.0.1", False),
        (["10.0.0.1"], "10.0.0.1", True),
        (["10.0.0.1"], "10.0.0.2", False),
        (["10.0.0.0/8"], "10.9.9.9", True),
        (["10.0.0.0/8"], "::ffff:10.9.9.9", True),
        (["10.0.0.0/8"], "fd00::1", False),
        (["fd00::/8"], "fd00::1", True),
        (["[::1]"], "::1", True),
        (["10.0.0.0/8"], "169.254.169.254", False),
    ],
)
def test_a_deployment_allows_hosts_by_name_or_network(allowed: list[str], ip: str, is_allowed: bool) -> None:
    url = read_url("https://files.intra/")
    if is_allowed:
        assert locate(url, allowed, saying(ip)).ips == (ip,)
    else:
        with pytest.raises(InvalidValue):
            locate(url, allowed, saying(ip))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://supplier.com/a.csv", "https://supplier.com/a.csv"),
        ("https://supplier.com/a.csv?token=secret#secret", "https://supplier.com/a.csv?…"),
        ("https://user:secret@supplier.com/", "https://supplier.com/"),
        ("https://secret@[::1/", "…"),
    ],
)
def test_a_url_is_shown_without_its_secrets(text: str, shown: str) -> None:
    assert masked(text) == shown


def test_the_environment_lists_hosts_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIM_ALLOWED_HOSTS", "127.0.0.1, files.intra,10.0.0.0/8,")
    assert Settings().allowed_hosts == ("127.0.0.1", "files.intra", "10.0.0.0/8")
    monkeypatch.setenv("PIM_ALLOWED_HOSTS", "")
    assert Settings().allowed_hosts == ()


@pytest.mark.parametrize("given", ["*", "*.intra", "https://files.intra", "10.0.0.0/33", "a b"])
def test_what_allows_no_host_stops_the_start(given: str) -> None:
    with pytest.raises(ValidationError, match="allowed_hosts"):
        Settings(allowed_hosts=(given,))
