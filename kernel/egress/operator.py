"""What the operator says about calls to other machines (docs/settings.md): exact targets beyond the rules, and networks nobody calls.

A tenant reads none of it and changes none of it.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from kernel.egress.address import Target, parse
from kernel.egress.errors import Blocked
from kernel.egress.ranges import Ip, forms
from kernel.errors import FangyuanError
from kernel.i18n import _
from kernel.platform.settings import Settings

_SPLIT = re.compile(r"[\s,;]+")


class Unreadable(FangyuanError):
    """One of the lists can't be read."""

    code = "settings_refused"


@dataclass(frozen=True, slots=True)
class Allowed:
    """One exact target of one tenant."""

    tenant: str
    scheme: str
    host: str
    port: int
    ip: Ip


@dataclass(frozen=True, slots=True)
class Lists:
    """The operator's lists, read. Nothing here switches the guard off: every entry is one target."""

    allowed: frozenset[Allowed] = frozenset()
    denied: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = ()
    push_hosts: frozenset[str] = frozenset()

    @classmethod
    def read(cls, settings: Settings) -> Lists:
        """Raises :class:`Unreadable` naming setting and entry."""
        allowed = frozenset(_allowed(entry) for entry in _entries(settings.egress_allow))
        return cls(allowed, tuple(_network(entry) for entry in _entries(settings.egress_deny)), frozenset(_push_host(e) for e in _entries(settings.push_hosts)))

    def exact(self, tenant: str, target: Target, ip: Ip) -> bool:
        """Whether the operator allowed this tenant this very target at this very number."""
        return Allowed(tenant, target.scheme, target.host, target.port, ip) in self.allowed

    def names(self, tenant: str, target: Target) -> bool:
        """Whether any number of this target is allowed to this tenant."""
        return any((a.tenant, a.scheme, a.host, a.port) == (tenant, target.scheme, target.host, target.port) for a in self.allowed)

    def forbids(self, ip: Ip) -> bool:
        """Whether the number lies in a network that nobody calls."""
        return any(form in net for form in forms(ip) for net in self.denied if net.version == form.version)


def _entries(text: str) -> list[str]:
    return [entry for entry in _SPLIT.split(text) if entry]


def _allowed(entry: str) -> Allowed:
    try:
        tenant, url, number = entry.split("=")
        target, ip = parse(url), ipaddress.ip_address(number.strip("[]"))
        if not tenant or target.path != "/" or "%" in number:
            raise ValueError(entry)
    except (ValueError, Blocked) as error:
        raise Unreadable(
            _("FANGYUAN_EGRESS_ALLOW can't be read at: {entry}", entry=entry),
            hint=_("Each entry names tenant, target and its number: acme=https://erp.acme.example:8443=10.0.3.7")) from error
    return Allowed(tenant, target.scheme, target.host, target.port, ip)


def _network(entry: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(entry)
    except ValueError as error:
        raise Unreadable(_("FANGYUAN_EGRESS_DENY can't be read at: {entry}", entry=entry), hint=_("Write networks like 198.51.100.0/24.")) from error


def _push_host(entry: str) -> str:
    try:
        target = parse(f"https://{entry}/")
        if target.host != entry.lower() or target.port != 443:
            raise ValueError(entry)
    except (ValueError, Blocked) as error:
        raise Unreadable(_("FANGYUAN_PUSH_HOSTS can't be read at: {entry}", entry=entry), hint=_("Write host names like push.example.com.")) from error
    return target.host
