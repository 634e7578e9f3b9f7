"""Which numbers are public. Pure: a number in, a reason out.

Our own list beside the library's: ``ipaddress`` takes multicast, NAT64 and 6to4 for global whatever they wrap, and its list
moved between releases of Python. A number must pass both.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

Ip = ipaddress.IPv4Address | ipaddress.IPv6Address

# IANA special-purpose registries (RFC 6890 and what followed), and what is not routed at all.
_NOT_PUBLIC_4 = tuple(ipaddress.IPv4Network(text) for text in (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24",
    "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
))
# Beyond 2000::/3 nothing is public; within it these are not.
_GLOBAL_6 = ipaddress.IPv6Network("2000::/3")
_NOT_PUBLIC_6 = tuple(ipaddress.IPv6Network(text) for text in (
    "2001::/23", "2001:db8::/32", "2620:4f:8000::/48", "3fff::/20", "5f00::/16",
))
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_TEREDO = ipaddress.IPv6Network("2001::/32")
_6TO4 = ipaddress.IPv6Network("2002::/16")
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
_TRANSLATED = ipaddress.IPv6Network("::ffff:0:0:0/96")
_COMPATIBLE = ipaddress.IPv6Network("::/96")
# Where an IPv6 number says in its lower half that it is a tunnel to an IPv4 one (RFC 5214).
_ISATAP = (0x00005EFE, 0x02005EFE)


def is_public(ip: Ip) -> bool:
    """Whether the number, and every IPv4 number wrapped in it, belongs to the public internet."""
    wrapped = tuple(_unwrap(ip))
    if not all(_public_4(inner) for inner in wrapped):
        return False
    if isinstance(ip, ipaddress.IPv4Address):
        return _public_4(ip)
    # A mapped number is its IPv4 one; behind NAT64 every IPv4 host has such a number.
    if ip in _MAPPED or ip in _NAT64:
        return bool(wrapped)
    return ip in _GLOBAL_6 and not any(ip in net for net in _NOT_PUBLIC_6) and ip.is_global and not ip.is_multicast


def forms(ip: Ip) -> Iterator[Ip]:
    """The number and those wrapped in it: a forbidden network counts for each."""
    yield ip
    yield from _unwrap(ip)


def _public_4(ip: ipaddress.IPv4Address) -> bool:
    return ip.is_global and not ip.is_multicast and not any(ip in net for net in _NOT_PUBLIC_4)


def _unwrap(ip: Ip) -> Iterator[ipaddress.IPv4Address]:
    if isinstance(ip, ipaddress.IPv4Address):
        return
    value = int(ip)
    low = ipaddress.IPv4Address(value & 0xFFFFFFFF)
    if any(ip in net for net in (_MAPPED, _TRANSLATED, _COMPATIBLE, _NAT64)):
        yield low
    if ip in _6TO4:
        yield ipaddress.IPv4Address((value >> 80) & 0xFFFFFFFF)
    if ip in _TEREDO:
        yield ipaddress.IPv4Address((value >> 64) & 0xFFFFFFFF)
        yield ipaddress.IPv4Address(~value & 0xFFFFFFFF)
    if (value >> 32) & 0xFFFFFFFF in _ISATAP:
        yield low
