"""One request over one connection to one number, with a limit on time and bytes that counts every byte and every wait."""

from __future__ import annotations

import io
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, IncompleteRead
from typing import Any

from kernel.egress.address import Target
from kernel.egress.errors import Unreachable
from kernel.egress.ranges import Ip
from kernel.i18n import _

# Status line and headers may take this much beside the body.
HEAD = 64 * 1024
_PIECE = 16 * 1024


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back; ``cut``: there was more than the limit."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cut: bool


class Deadline:
    """A moment by the monotonic clock, after which nothing is waited for."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds left. Raises :class:`Unreachable` when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise Unreachable("slow", _("The other side did not answer in time."))
        return left


class _Enough(Exception):
    """More bytes came than are taken."""


def open_connection(target: Target, ip: Ip, tls: ssl.SSLContext, deadline: Deadline, patience: float) -> socket.socket:
    """Connected to ``ip`` and nothing else, within ``patience``; https under the target's own name. Raises :class:`Unreachable`."""
    family = socket.AF_INET if ip.version == 4 else socket.AF_INET6
    place: Any = (str(ip), target.port) if ip.version == 4 else (str(ip), target.port, 0, 0)
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(min(deadline.left(), patience))
        sock.connect(place)
        if target.scheme == "https":
            sock.settimeout(deadline.left())
            # The handshake as a whole keeps to the timeout, not each of its reads.
            sock = tls.wrap_socket(sock, server_hostname=target.host)
        return sock
    except BaseException as error:
        sock.close()
        raise _told(error) from error


def exchange(sock: socket.socket, target: Target, method: str, headers: Mapping[str, str], body: bytes, deadline: Deadline, limit: int) -> Reply:
    """Send one request and read its answer. Raises :class:`Unreachable`."""
    line = _Line(sock, deadline, HEAD + limit)
    connection = HTTPConnection(target.host, target.port)
    connection.sock = line
    try:
        connection.putrequest(method, target.path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders(body or None)
        answer = HTTPResponse(line, method=method)  # type: ignore[arg-type]
        answer.begin()
        pieces, size, cut = [], 0, False
        try:
            # One byte beyond the limit tells an answer that fits from one that does not.
            while size <= limit and (piece := answer.read(min(_PIECE, limit + 1 - size))):
                pieces.append(piece)
                size += len(piece)
            if size <= limit and answer.length and method != "HEAD":
                raise IncompleteRead(b"", answer.length)
        except _Enough:
            cut = True
        return Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, b"".join(pieces)[:limit], cut or size > limit)
    except _Enough as error:
        raise Unreachable("large", _("The other side sent more headers than are taken.")) from error
    except (OSError, HTTPException, UnicodeError) as error:
        raise _told(error) from error
    finally:
        line.close()


class _Line:
    """The socket as http.client sees it; every wait is cut to what the deadline leaves."""

    def __init__(self, sock: socket.socket, deadline: Deadline, most: int) -> None:
        self._sock, self._deadline, self._most = sock, deadline, most

    def sendall(self, data: Any) -> None:
        view = memoryview(data).cast("B")
        while view:
            self._sock.settimeout(self._deadline.left())
            view = view[self._sock.send(view):]

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Stream(self._sock, self._deadline, self._most))

    def close(self) -> None:
        self._sock.close()


class _Stream(io.RawIOBase):
    def __init__(self, sock: socket.socket, deadline: Deadline, most: int) -> None:
        self._sock, self._deadline, self._left = sock, deadline, most

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._left <= 0:
            raise _Enough()
        self._sock.settimeout(self._deadline.left())
        n = self._sock.recv_into(buffer, min(len(buffer), self._left))
        self._left -= n
        return n


def _told(error: BaseException) -> BaseException:
    """In our own words; what is no failure of the line stays what it is."""
    match error:
        case Unreachable():
            return error
        case ssl.SSLCertVerificationError():
            return Unreachable("certificate", _("The other side's certificate is not valid for its address: {why}", why=error.verify_message[:200]))
        case TimeoutError():
            return Unreachable("slow", _("The other side did not answer in time."))
        case ssl.SSLError():
            return Unreachable("certificate", _("No safe connection could be made: {why}", why=str(error.reason or "")[:200]))
        case ConnectionRefusedError():
            return Unreachable("connect", _("The other side takes no connection."))
        case ConnectionError():
            return Unreachable("closed", _("The other side closed the connection."))
        case OSError():
            return Unreachable("connect", _("The other side could not be reached."))
        case HTTPException() | UnicodeError():
            return Unreachable("garbled", _("The other side's answer could not be understood."))
    return error
