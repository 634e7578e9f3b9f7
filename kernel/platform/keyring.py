"""Keys for one purpose each, derived from the installation's secret key; older keys still open what they closed."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Keyring:
    """``keys``: the present key first, then those it replaced. Nothing of it shows in a repr, so nothing can reach a log."""

    keys: tuple[bytes, ...] = field(repr=False)

    def derive(self, purpose: str) -> tuple[bytes, ...]:
        """256 bits per key, for ``purpose`` only: HKDF-SHA256 (RFC 5869) without salt, one block."""
        info = b"fangyuan/" + purpose.encode()
        return tuple(_hkdf(key, info) for key in self.keys)


def _hkdf(key: bytes, info: bytes) -> bytes:
    extracted = hmac.digest(bytes(hashlib.sha256().digest_size), key, "sha256")
    return hmac.digest(extracted, info + b"\x01", "sha256")
