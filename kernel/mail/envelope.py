"""A letter as a message on the wire. Headers are made of one line each, whatever stands in names and titles."""

from __future__ import annotations

import re
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from kernel.i18n import to_text
from kernel.mail.letter import Letter

# What we send to: one address, nothing that a mail server could read as two or as a command.
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[^\s@<>()\[\],;:\"\\]{1,255}\Z")
_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


class BadAddress(ValueError):
    """It can't be an e-mail address."""


def checked(address: str) -> str:
    """The address with its domain in ASCII. Raises :class:`BadAddress`."""
    if not _ADDRESS.match(address):
        raise BadAddress(address[:100])
    local, _at, domain = address.rpartition("@")
    try:
        ascii_domain = domain.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise BadAddress(address[:100]) from error
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", ascii_domain) or ".." in ascii_domain:
        raise BadAddress(address[:100])
    return f"{local}@{ascii_domain}"


def is_address(text: str) -> bool:
    """Whether mail could be sent there."""
    try:
        return bool(checked(text))
    except BadAddress:
        return False


def one_line(text: str, most: int = 200) -> str:
    """The text without anything that ends a header."""
    return " ".join(_BREAKS.sub(" ", text).split())[:most]


def message(letter: Letter, sender: str, at: datetime, id: str) -> EmailMessage:
    """The message; ``id`` stays the same however often it is sent. ``sender`` is a bare address. Raises :class:`BadAddress`."""
    to, from_ = checked(letter.to), checked(sender)
    made = EmailMessage(policy=SMTP)
    made["From"] = Address(addr_spec=from_)
    made["To"] = Address(addr_spec=to)
    made["Subject"] = one_line(to_text(letter.subject, letter.language))
    made["Date"] = format_datetime(at)
    made["Message-ID"] = f"<{id}@{from_.rpartition('@')[2]}>"
    made["Auto-Submitted"] = "auto-generated"
    made["X-Auto-Response-Suppress"] = "All"
    made["Content-Language"] = letter.language
    made.set_content(letter.text(), cte="base64")
    made.add_alternative(letter.html(), subtype="html", cte="base64")
    return made
