"""Signatures of messages, as the Standard Webhooks specification describes them (standardwebhooks.com, version 1.0): headers
``webhook-id``, ``webhook-timestamp`` (seconds) and ``webhook-signature`` (space-separated ``v1,<base64>``), an HMAC-SHA256 over
``id.timestamp.body`` with the bytes behind ``whsec_``. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from kernel.errors import FangyuanError
from kernel.i18n import _

PREFIX = "whsec_"
TOLERANCE = 300  # seconds, either way (D33)
LONGEST_ID = 100
MOST_SIGNATURES = 10
_ID = re.compile(r"[!-~]{1,100}\Z")
_TIMESTAMP = re.compile(r"[0-9]{1,12}\Z")


class NotSigned(FangyuanError):
    """The message is not signed by a source of this workspace."""

    status = 401
    code = "bad_signature"
    message = _("The message is not signed by a source of this workspace.")


class TooOld(FangyuanError):
    """The message is not of now: its time differs from ours by more than five minutes."""

    status = 401
    code = "stale_timestamp"
    message = _("The time of the message differs from ours by more than five minutes.")


@dataclass(frozen=True, slots=True)
class Signed:
    """The three headers of a message."""

    id: str
    timestamp: str
    signatures: str


def secret_of(random: bytes) -> str:
    """A signing secret as it is shown."""
    return PREFIX + base64.b64encode(random).decode()


def sign(secret: str, signed_id: str, timestamp: str, body: bytes) -> str:
    """One ``v1`` signature. Raises ValueError for a secret that is none."""
    digest = hmac.new(_key(secret), b".".join([signed_id.encode(), timestamp.encode(), body]), hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("not a signing secret") from error


def verify(secrets: Sequence[str], signed: Signed, body: bytes, now: datetime) -> None:
    """Raises NotSigned, or TooOld for a good signature of another time. Without a secret as much is worked out as with one."""
    good = False
    if _ID.match(signed.id) and _TIMESTAMP.match(signed.timestamp):
        given = [s.encode("utf-8", "replace") for s in signed.signatures.split(" ")[:MOST_SIGNATURES]]
        for secret in secrets or (_NOBODY,):
            wanted = sign(secret, signed.id, signed.timestamp, body).encode()
            for one in given:
                # Every pair is compared, in constant time: how long it takes tells nothing.
                good |= hmac.compare_digest(wanted, one)
    if not good or not secrets:
        raise NotSigned(hint=_("Check the source in the address and its key, and sign id.timestamp.body as it is sent."))
    if abs(int(now.timestamp()) - int(signed.timestamp)) > TOLERANCE:
        raise TooOld(hint=_("Set the sender's clock, and sign each try anew."))


_NOBODY = secret_of(bytes(32))
