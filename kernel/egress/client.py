"""The one client (SAFETY D31). What it does not do has no switch: no redirects, no proxies, no cookies, no second look at a name."""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import structlog

from kernel.egress import resolve as names
from kernel.egress import wire
from kernel.egress.address import Target, parse
from kernel.egress.errors import Blocked, Unreachable
from kernel.egress.operator import Lists
from kernel.egress.ranges import Ip, is_public
from kernel.i18n import _
from kernel.platform.settings import Settings

SECONDS = 10.0
LIMIT = 1_000_000
# For connectors that page through another system's data; nobody gets more.
MOST_SECONDS, MOST_LIMIT = 30.0, 16_000_000
PORTS = (443, 8443)
# A name may have more numbers; all are checked, so many are tried.
_TRIED = 4
# For one number of several to take the connection.
_PATIENCE = 3.0
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
# What the client writes itself: a second one would let the other side read another request than we sent.
_OURS = frozenset({"host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "expect", "proxy-authorization", "proxy-connection"})
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+\Z")
_VALUE = re.compile(r"[\t\x20-\x7e]*\Z")
_log = structlog.get_logger("egress")


class Hosts(Protocol):
    """A list of exact hosts: a set, or a rule that says of each whether it belongs."""

    def __contains__(self, host: object, /) -> bool: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side said. Header names are in small letters; ``cut``: the body is longer than was taken."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cut: bool
    seconds: float

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    def excerpt(self, most: int = 1024) -> str:
        """The beginning of the body as text, for an administrator's own test and nobody else."""
        return self.body[:most].decode("utf-8", "replace")


class Egress:
    """One per process and installation: :func:`of`. ``ask`` and ``tls`` are other resolvers and roots of trust, for tests."""

    def __init__(self, lists: Lists, *, ask: Callable[[str, int], Sequence[str]] = names.ask_system, tls: ssl.SSLContext | None = None) -> None:
        self.lists, self._ask = lists, ask
        self._tls = tls or _roots()

    @classmethod
    def of(cls, settings: Settings) -> Egress:
        """The client of this installation."""
        return _of(settings)

    def check(self, tenant: str, url: str, *, hosts: Hosts | None = None) -> Target:
        """Whether ``url`` may be called at all, as far as that can be told without asking for its numbers: for forms. Raises :class:`Blocked`."""
        target = parse(url)
        named = self.lists.names(tenant, target)
        if target.scheme != "https" and not named:
            raise Blocked("scheme", _("An address begins with https://."))
        if target.port not in PORTS and not named:
            raise Blocked("port", _("Only the ports {ports} can be called.", ports=[str(p) for p in PORTS]))
        if hosts is not None and target.host not in hosts and target.host not in self.lists.push_hosts and not named:
            raise Blocked("host", _("This host is not on the list: {host}", host=target.host))
        if target.literal is not None:
            self._admit(tenant, target, [target.literal])
        return target

    def send(
        self, tenant: str, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes = b"", hosts: Hosts | None = None,
        seconds: float = SECONDS, limit: int = LIMIT,
    ) -> Answer:
        """Call ``url`` in the name of ``tenant`` (its slug). Any status is an answer, also a redirect, which nobody follows.

        ``hosts``: exactly these may be called. Raises :class:`Blocked` (for good) or :class:`Unreachable` (for now). Neither
        the message nor the log names more of the address than its host: paths and queries of webhooks hold keys.
        """
        if method not in _METHODS:
            raise ValueError(method)
        sent = _headers(headers or {})
        begun = time.monotonic()
        deadline = wire.Deadline(min(seconds, MOST_SECONDS))
        host = ""
        try:
            target = self.check(tenant, url, hosts=hosts)
            host = target.host
            ips = [target.literal] if target.literal is not None else names.resolve(host, target.port, deadline.left(), self._ask)
            self._admit(tenant, target, ips)
            sock = self._connect(target, ips[:_TRIED], deadline)
            sent = {"Host": target.netloc, "User-Agent": "Fangyuan", "Accept-Encoding": "identity", "Connection": "close", **sent}
            if body or method in ("POST", "PUT", "PATCH"):
                sent["Content-Length"] = str(len(body))
            reply = wire.exchange(sock, target, method, sent, body, deadline, min(limit, MOST_LIMIT))
        except Blocked as error:
            _log.warning("egress_blocked", tenant=tenant, host=host, reason=error.reason)
            raise
        except Unreachable as error:
            _log.info("egress_unreachable", tenant=tenant, host=host, reason=error.reason)
            raise
        return Answer(reply.status, reply.headers, reply.body, reply.cut, time.monotonic() - begun)

    def _admit(self, tenant: str, target: Target, ips: Sequence[Ip]) -> None:
        """Every number must be public and not forbidden, or allowed for this very target. One bad number spoils the name."""
        for ip in ips:
            if self.lists.exact(tenant, target, ip):
                continue
            if target.scheme != "https" or target.port not in PORTS or not is_public(ip) or self.lists.forbids(ip):
                raise Blocked("inward", _("{host} is not on the public internet.", host=target.host), hint=_("An operator can allow an inner system by its exact address."))

    def _connect(self, target: Target, ips: Sequence[Ip], deadline: wire.Deadline) -> socket.socket:
        for n, ip in enumerate(ips, 1):
            try:
                return wire.open_connection(target, ip, self._tls, deadline, _PATIENCE if n < len(ips) else SECONDS)
            except Unreachable as error:
                if error.reason == "certificate" or n == len(ips):
                    raise
        raise Unreachable("name", _("There is no such host: {host}", host=target.host))


def _headers(given: Mapping[str, str]) -> dict[str, str]:
    for name, value in given.items():
        if not _HEADER.match(name) or name.lower() in _OURS or not _VALUE.match(value):
            raise ValueError(f"not a header to send: {name!r}")
    return dict(given)


def _roots() -> ssl.SSLContext:
    """The system's roots of trust (an operator adds own ones by OpenSSL's SSL_CERT_FILE), TLS 1.2 or newer, names checked."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


@lru_cache(maxsize=8)
def _of(settings: Settings) -> Egress:
    return Egress(Lists.read(settings))
