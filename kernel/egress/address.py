"""An address, read once: what this module understands is what is called, nobody reads the text a second time."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from kernel.egress.errors import Blocked
from kernel.i18n import _

LONGEST = 2048
DEFAULT_PORTS = {"https": 443, "http": 80}
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\Z")
# The last part of a name that older resolvers read as a number: 127.1, 0x7f.1, 2130706433.
_NUMBER = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)\Z")
# Letters that two generations of international names turn into different hosts.
_AMBIGUOUS = frozenset("ßς\u200c\u200d")
# Read by us before any library: what stands between brackets and port is where readers differ.
_NETLOC = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[^\[\]:@%]+)(?::[0-9]{1,5})?\Z")
_UNSEEN = re.compile(r"[\x00-\x20\x7f-\xa0\\\u2028\u2029\ufeff]")


@dataclass(frozen=True, slots=True)
class Target:
    """Scheme, host and port as they are dialled, and what is asked for. ``literal`` is the host when it is a number."""

    scheme: str
    host: str
    port: int
    path: str
    literal: ipaddress.IPv4Address | ipaddress.IPv6Address | None = None

    @property
    def origin(self) -> str:
        """Scheme, host and port: what a secret is bound to."""
        return f"{self.scheme}://{self.netloc}"

    @property
    def netloc(self) -> str:
        """The host as ``Host`` names it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def parse(url: str) -> Target:
    """Read an address. Raises :class:`Blocked` for what is no plain https (or http) address of one host."""
    if not url or len(url) > LONGEST:
        raise Blocked("length", _("An address has at most {n} characters.", n=LONGEST))
    if _UNSEEN.search(url):
        raise Blocked("characters", _("An address holds no spaces, backslashes or invisible characters."))
    try:
        parts = urlsplit(url)
        port = parts.port
        netloc, host = parts.netloc, parts.hostname or ""
    except ValueError as error:
        raise Blocked("form", _("This is no address: write it like https://example.com/path.")) from error
    if parts.scheme not in DEFAULT_PORTS:
        raise Blocked("scheme", _("An address begins with https://."))
    if "@" in netloc:
        raise Blocked("userinfo", _("An address holds no user name or password."))
    if not _NETLOC.match(netloc) or not host or port == 0:
        raise Blocked("form", _("This is no address: write it like https://example.com/path."))
    name, literal = _host(host, bracketed=netloc.startswith("["))
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    if parts.query:
        path += "?" + quote(parts.query, safe="/%:@!$&'()*+,;=~-._?")
    return Target(parts.scheme, name, port or DEFAULT_PORTS[parts.scheme], path, literal)


def origin(url: str) -> str:
    """Scheme, host and port of an address. Raises :class:`Blocked`."""
    return parse(url).origin


def _host(host: str, *, bracketed: bool) -> tuple[str, ipaddress.IPv4Address | ipaddress.IPv6Address | None]:
    if bracketed:
        try:
            six = ipaddress.IPv6Address(host)
        except ValueError as error:
            raise Blocked("host", _("This is no host: {host}", host=host[:100])) from error
        return str(six), six
    name = _ascii(host).removesuffix(".").lower()
    labels = name.split(".")
    if len(name) > 253 or not all(_LABEL.match(label) for label in labels):
        raise Blocked("host", _("This is no host: {host}", host=host[:100]))
    if _NUMBER.match(labels[-1]):
        try:
            four = ipaddress.IPv4Address(name)
        except ValueError as error:
            # 127.1, 0x7f000001, 0177.0.0.1: what they mean depends on who reads them.
            raise Blocked("number", _("Write a numeric host with four numbers, like 192.0.2.1: {host}", host=host[:100])) from error
        return str(four), four
    return name, None


def _ascii(host: str) -> str:
    """The host as the name system knows it; letters of other scripts become their ASCII form."""
    if host.isascii():
        return host
    if _AMBIGUOUS & set(host):
        raise Blocked("host", _("This is no host: {host}", host=host[:100]))
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise Blocked("host", _("This is no host: {host}", host=host[:100])) from error
