"""The mail server that the operator named, and handing it one message."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from urllib.parse import parse_qs, unquote, urlsplit

TIMEOUT_S = 20


@dataclass(frozen=True, slots=True)
class Server:
    """``tls``: none, starttls, or implicit (smtps)."""

    host: str
    port: int
    user: str | None
    password: str | None = field(repr=False)
    tls: str


class Rejected(Exception):
    """The server will not take it, now or later."""


def read_url(url: str) -> Server:
    """``smtp://user:password@host:port``, ``smtps://...``, ``?starttls=1``. Raises ValueError saying what is wrong."""
    parts = urlsplit(url)
    query = parse_qs(parts.query, keep_blank_values=True)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or parts.path.strip("/") or set(query) - {"starttls"} or parts.fragment:
        raise ValueError("it must look like smtp://user:password@host:587?starttls=1 or smtps://user:password@host:465")
    starttls = query.get("starttls", ["0"])[-1] in ("1", "true", "yes", "")
    if parts.scheme == "smtps" and starttls:
        raise ValueError("smtps is encrypted from the start: leave starttls out")
    tls = "implicit" if parts.scheme == "smtps" else "starttls" if starttls else "none"
    port = parts.port or {"implicit": 465, "starttls": 587, "none": 25}[tls]
    user = unquote(parts.username) if parts.username else None
    return Server(parts.hostname, port, user, unquote(parts.password) if parts.password else None, tls)


def deliver(server: Server, message: EmailMessage) -> str:
    """Hand the message over; returns what the server answered. Raises :class:`Rejected` for good, OSError or SMTPException for now."""
    sender, to = str(message["From"]), str(message["To"])
    with _connect(server) as client:
        client.ehlo_or_helo_if_needed()
        if server.tls == "starttls":
            client.starttls(context=ssl.create_default_context())
        if server.user is not None:
            client.login(server.user, server.password or "")
        # What the server says to the sender is about us: it may be mended. What it says to recipient and content is about this mail.
        _check(*client.mail(sender), for_good=False)
        _check(*client.rcpt(to), for_good=True)
        code, answer = client.data(message.as_bytes())
        _check(code, answer, for_good=True)
        return f"{code} {_words(answer)}"


def _connect(server: Server) -> smtplib.SMTP:
    if server.tls == "implicit":
        return smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_S, context=ssl.create_default_context())
    return smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_S)


def _check(code: int, answer: bytes, *, for_good: bool) -> None:
    if 200 <= code < 300:
        return
    if for_good and code >= 500:
        raise Rejected(f"{code} {_words(answer)}")
    raise smtplib.SMTPResponseException(code, answer)


def _words(answer: bytes) -> str:
    return " ".join(answer.decode("utf-8", "replace").split())[:200]
