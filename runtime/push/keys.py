"""The pair of keys by which push services know us (VAPID, RFC 8292).

One pair per workspace, kept as a secret in its own database: so any number of machines have it, and it moves with the workspace and
its devices. Made at set-up, or when a device first asks. With another pair all subscriptions are void, therefore it is never changed.
"""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete

from kernel import secrets
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

NAME = "push:vapid"
# A token of ours is good for so long; services allow a day.
TOKEN_LASTS = timedelta(hours=12)


def b64(data: bytes) -> str:
    """As web standards write bytes: URL-safe, without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """The bytes. Raises ValueError."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def ensure(ctx: Ctx) -> str:
    """The public key as browsers take it; the pair is made when there is none."""
    found = public(ctx)
    if found is not None:
        return found
    from cryptography.hazmat.primitives.asymmetric import ec

    private = ec.generate_private_key(ec.SECP256R1())
    secrets.put(ctx, NAME, b64(private.private_numbers().private_value.to_bytes(32, "big")), label="Web Push")
    # Those of a pair that is lost can't be reached any more.
    ctx.conn.execute(delete(t.push_subscription))
    return b64(_point(private))


def public(ctx: Ctx) -> str | None:
    """The public key; None before the pair is made."""
    private = load(ctx)
    return None if private is None else b64(_point(private))


def load(ctx: Ctx) -> EllipticCurvePrivateKey | None:
    """The private key."""
    stored = secrets.read(ctx, NAME)
    if stored is None:
        return None
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.derive_private_key(int.from_bytes(unb64(stored), "big"), ec.SECP256R1())


def authorization(private: EllipticCurvePrivateKey, audience: str, subject: str, now: datetime) -> str:
    """The header that says who sends: a token for this push service (``audience``: its origin), signed with ES256."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    claims = {"aud": audience, "exp": int((now + TOKEN_LASTS).timestamp()), "sub": subject}
    signed = f'{b64(json.dumps({"typ": "JWT", "alg": "ES256"}).encode())}.{b64(json.dumps(claims).encode())}'
    r, s = decode_dss_signature(private.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    return f"vapid t={signed}.{b64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}, k={b64(_point(private))}"


def _point(private: EllipticCurvePrivateKey) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
