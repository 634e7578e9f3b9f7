"""Addresses and numbers: what is read, what is refused, what is public."""

from __future__ import annotations

import ipaddress
import socket

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.egress import Blocked, origin, parse
from kernel.egress.ranges import is_public


@pytest.mark.parametrize(("url", "host", "port", "path"), [
    ("https://example.com", "example.com", 443, "/"),
    ("https://EXAMPLE.com.:8443/a%20b?x=1&y=%E4#part", "example.com", 8443, "/a%20b?x=1&y=%E4"),
    ("https://例子.测试/路径?q=值", "xn--fsqu00a.xn--0zwm56d", 443, "/%E8%B7%AF%E5%BE%84?q=%E5%80%BC"),
    ("https://192.0.2.1/", "192.0.2.1", 443, "/"),
    ("https://[2001:DB8::1]:8443/", "2001:db8::1", 8443, "/"),
    # Wide digits are digits: what is dialled is what was checked.
    ("https://１２７.0.0.1/", "127.0.0.1", 443, "/"),
])
def test_addresses_are_read_once(url, host, port, path):
    target = parse(url)
    assert (target.host, target.port, target.path) == (host, port, path)


@pytest.mark.parametrize("url", [
    "", "x" * 3000, "example.com", "//example.com/", "ftp://example.com/", "file:///etc/passwd", "gopher://x/", "javascript:alert(1)", "https:///path", "https://:443/",
    "https://user@example.com/", "https://user:pass@example.com/", "https://example.com:443@127.0.0.1/", "https://example.com\\@127.0.0.1/", "https://exa mple.com/",
    "https://example.com\t/", " https://example.com/", "https://example.com/\r\nHost: x", "https://exam%70le.com/", "https://127.0.0.1%00.example.com/",
    "https://2130706433/", "https://017700000001/", "https://0x7f000001/", "https://0x7f.0.0.1/", "https://127.1/", "https://0177.0.0.1/", "https://127.0.0.1.1/",
    "https://1.2.3.256/", "https://example.0x7f/", "https://[::1%25eth0]/", "https://[fe80::1%eth0]/", "https://[::1/", "https://::1/", "https://[::1]evil.com/",
    "https://[127.0.0.1]/", "https://[v1.x]/", "https://x[::1]/", "https://example.com:/", "https://example.com:0/", "https://example.com:65536/", "https://example.com:８０/",
    "https://example.com:-1/", "https://a..b/", "https://-a.example/", "https://.example/", "https://exa<mple.com/", "https://stra\u00dfe.de/", "https://a\u200db.com/",
    "https://" + "a" * 64 + ".com/", "https://" + "a." * 130 + "com/",
])
def test_what_is_no_address_is_refused(url):
    with pytest.raises(Blocked):
        parse(url)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=30) | st.from_regex(r"https?://[ -~]{0,40}", fullmatch=True))
def test_whatever_is_read_is_one_plain_host(url):
    """Nothing that passes can be read as another host by anybody: one name or number, one port, one line."""
    try:
        target = parse(url)
    except Blocked:
        return
    assert target.path.isascii() and target.path.startswith("/") and not set(target.path) & set(" \r\n\t#")
    assert parse(target.origin).origin == target.origin
    assert (target.literal is None) == (not _is_number(target.host))
    if target.literal is None:
        # The system's own, older reader of numbers must not see one where we see a name.
        with pytest.raises(OSError):
            socket.inet_aton(target.host)


def _is_number(host: str) -> bool:
    try:
        return bool(ipaddress.ip_address(host))
    except ValueError:
        return False


def test_an_origin_is_scheme_host_and_port():
    assert origin("https://Example.com:443/a/b?key=1") == "https://example.com"
    assert origin("https://example.com:8443/") == "https://example.com:8443"
    assert origin("https://[2001:db8::1]/") == "https://[2001:db8::1]"


INNER = (
    "0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.1.1",
    "198.18.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
)
INNER_6 = (
    "::", "::1", "fe80::1", "febf::1", "fec0::1", "fc00::1", "fd12:3456::1", "ff02::1", "100::1", "2001:db8::1", "2001::1", "2001:10::1", "2001:20::1", "3fff::1", "5f00::1",
    "64:ff9b:1::808:808", "4000::1", "::808:808",
)


@pytest.mark.parametrize("number", [*INNER, *INNER_6])
def test_inner_numbers(number):
    assert not is_public(ipaddress.ip_address(number))


@pytest.mark.parametrize("number", ["8.8.8.8", "1.1.1.1", "223.5.5.5", "2606:4700::1111", "2400:3200::1", "64:ff9b::808:808", "2002:808:808::1", "::ffff:8.8.8.8"])
def test_public_numbers(number):
    assert is_public(ipaddress.ip_address(number))


def wraps(four: ipaddress.IPv4Address) -> list[ipaddress.IPv6Address]:
    """Every way in which an IPv6 number can stand for this IPv4 one."""
    n, plain = int(four), int(ipaddress.IPv6Address("2606:4700::"))
    return [ipaddress.IPv6Address(value) for value in (
        0xFFFF << 32 | n, 0xFFFF << 48 | n, n, 0x64FF9B << 96 | n, 0x2002 << 112 | n << 80 | 1, 0x20010000 << 96 | n << 64, 0x20010000 << 96 | (8 << 24) << 64 | (n ^ 0xFFFFFFFF),
        plain | 0x5EFE << 32 | n, plain | 0x02005EFE << 32 | n)]


@given(st.sampled_from(INNER))
def test_wrapping_hides_nothing(number):
    assert not any(is_public(six) for six in wraps(ipaddress.IPv4Address(number)))


@given(st.ip_addresses(v=4) | st.ip_addresses(v=6))
def test_never_wider_than_the_library(ip):
    """What Python calls private, or what goes there, is never public here."""
    if is_public(ip):
        inner = getattr(ip, "ipv4_mapped", None) or getattr(ip, "sixtofour", None) or ip
        assert (inner.is_global or ip in ipaddress.IPv6Network("64:ff9b::/96")) and not inner.is_loopback and not inner.is_multicast
