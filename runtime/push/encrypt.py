"""A message closed for one device: ``aes128gcm`` (RFC 8188) under a key that only the device and we can work out (RFC 8291).

Our own forty lines on ``cryptography``, which is here for secrets anyway: the usual library brings an HTTP client that would go around
the guard of kernel/egress. Tests open what this closes with an independent implementation, and check it against the RFC's example.
"""

from __future__ import annotations

import hmac
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

# Push services take 4096 bytes in all; 103 are head and tag.
MOST = 3993
_RECORD = 4096


def encrypt(plain: bytes, p256dh: bytes, auth: bytes, *, ephemeral: EllipticCurvePrivateKey | None = None, salt: bytes | None = None) -> bytes:
    """The body to send. ``p256dh`` and ``auth`` come from the device. ``ephemeral`` and ``salt`` are given in tests only.

    Raises ValueError for keys that are none and for too long a message.
    """
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    if len(plain) > MOST or len(auth) != 16:
        raise ValueError("too long a message, or no key of a device")
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), p256dh)
    ours = ephemeral or ec.generate_private_key(ec.SECP256R1())
    salt = salt or os.urandom(16)
    point = ours.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    shared = _hkdf(auth, ours.exchange(ec.ECDH(), theirs), b"WebPush: info\0" + p256dh + point, 32)
    key = _hkdf(salt, shared, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _hkdf(salt, shared, b"Content-Encoding: nonce\0", 12)
    # One record, the last one: a delimiter of 2, no padding.
    head = salt + _RECORD.to_bytes(4, "big") + bytes([len(point)]) + point
    return head + AESGCM(key).encrypt(nonce, plain + b"\x02", None)


def _hkdf(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    return hmac.digest(hmac.digest(salt, secret, "sha256"), info + b"\x01", "sha256")[:length]
