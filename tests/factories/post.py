"""A mail server on this machine: a real SMTP peer that keeps what it is handed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as POLICY
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from kernel.platform.settings import Settings
from tests.servers import free_port

SENDER = "forms@example.com"


@dataclass
class Postbox:
    """``refusals`` are answered, one per delivery, before anything is taken; ``seen`` counts tries."""

    port: int
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    seen: int = 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """What aiosmtpd calls for each message."""
        self.seen += 1
        if self.refusals:
            return self.refusals.pop(0)
        made = message_from_bytes(envelope.content, policy=POLICY)
        assert isinstance(made, EmailMessage)
        self.mails.append(made)
        self.recipients.append(list(envelope.rcpt_tos))
        return "250 taken"

    def settings(self, given: Settings) -> Settings:
        """The same installation with this mail server."""
        return replace(given, smtp_url=f"smtp://127.0.0.1:{self.port}", mail_from=SENDER)

    def link(self, n: int = -1) -> str:
        """The path that a mail's link leads to."""
        found = re.search(r"https?://[^\s/]+(/t/\S+/link/\S+)", text_of(self.mails[n]))
        assert found is not None, text_of(self.mails[n])
        return found[1]


def text_of(mail: EmailMessage) -> str:
    """The plain text of a mail."""
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


class _Quick(Controller):
    def factory(self) -> SMTP:
        return SMTP(self.handler, hostname="mail.test", enable_SMTPUTF8=False)


@contextmanager
def postbox() -> Iterator[Postbox]:
    """A running server."""
    box = Postbox(free_port())
    controller = _Quick(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()
