"""One message to one device."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from kernel.egress import Answer, Blocked, Egress, Unreachable, origin
from kernel.egress.retry import retry_after
from kernel.errors import Message
from kernel.i18n import _
from runtime.push import keys
from runtime.push.encrypt import encrypt
from runtime.push.hosts import SERVICES
from runtime.push.subscriptions import Subscription

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

# How long a service keeps a message for a phone that is off; what can't wait is worth less later.
TTL = {"high": timedelta(hours=4), "normal": timedelta(days=1), "low": timedelta(days=1)}


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of it: taken, gone (the device is no more), refused (for good), or later. ``blame``: the service is in trouble."""

    outcome: str
    why: Message = ""
    after: timedelta | None = None
    blame: bool = False


def push(
    egress: Egress, tenant: str, private: EllipticCurvePrivateKey, device: Subscription, payload: bytes, *, urgency: str, tag: str, subject: str, now: datetime
) -> Sent:
    """Hand it to the device's push service. A later message with the same ``tag`` replaces one that still waits there."""
    try:
        headers = {
            "Authorization": keys.authorization(private, origin(device.endpoint), subject, now), "Content-Encoding": "aes128gcm", "Content-Type": "application/octet-stream",
            "TTL": str(int(TTL.get(urgency, TTL["normal"]).total_seconds())), "Urgency": urgency if urgency in TTL else "normal", "Topic": topic(tag)}
        answer = egress.send(tenant, "POST", device.endpoint, headers=headers, body=encrypt(payload, device.p256dh, device.auth), hosts=SERVICES)
    except (Blocked, ValueError) as error:
        return Sent("refused", error.message if isinstance(error, Blocked) else _("The message is too long for a phone."))
    except Unreachable as error:
        return Sent("later", error.message, blame=True)
    return _judged(answer, now)


def _judged(answer: Answer, now: datetime) -> Sent:
    if answer.ok:
        return Sent("taken")
    said = _("The push service answered {status}.", status=answer.status)
    if answer.status in (404, 410):
        return Sent("gone", said)
    if answer.status == 429 or answer.status >= 500:
        return Sent("later", said, retry_after(answer, now), blame=True)
    return Sent("refused", said)


def topic(tag: str) -> str:
    """At most 32 letters that say nothing about the cause."""
    return base64.urlsafe_b64encode(hashlib.sha256(tag.encode()).digest()[:24]).decode()
