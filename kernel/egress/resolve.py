"""The numbers of a name, within a time: the system's resolver knows no limit, so it is asked from a thread that may be left behind."""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Sequence

from kernel.egress.errors import Unreachable
from kernel.egress.ranges import Ip
from kernel.i18n import _

# Questions under way, also abandoned ones: a dead resolver must not pile up threads.
_MOST = threading.BoundedSemaphore(32)


def ask_system(host: str, port: int) -> Sequence[str]:
    """Every number of a name, as the system's resolver gives them. Raises OSError."""
    return [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def resolve(host: str, port: int, seconds: float, ask: object = ask_system) -> list[Ip]:
    """The numbers of ``host``, each once. Raises :class:`Unreachable`."""
    assert callable(ask)
    if not _MOST.acquire(blocking=False):
        raise Unreachable("busy", _("Too many names are being looked up."))
    answer: list[Sequence[str] | Exception] = []
    there = threading.Event()

    def look() -> None:
        try:
            answer.append(ask(host, port))
        except (OSError, UnicodeError) as error:
            answer.append(error)
        finally:
            _MOST.release()
            there.set()

    threading.Thread(target=look, name="resolve", daemon=True).start()
    if not there.wait(max(seconds, 0.001)):
        raise Unreachable("slow", _("The host was not found in time: {host}", host=host))
    found = answer[0] if answer else OSError()
    if isinstance(found, Exception) or not found:
        raise Unreachable("name", _("There is no such host: {host}", host=host))
    # A scope (fe80::1%eth0) belongs to this machine's own links: what bears one is never public, the number alone says so.
    return list(dict.fromkeys(ipaddress.ip_address(number.partition("%")[0]) for number in found))
