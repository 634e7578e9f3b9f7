"""Encryption of one value: AES-256-GCM under a key for this purpose only; what the value belongs to is authenticated with it."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from functools import lru_cache
from typing import TYPE_CHECKING

from kernel.platform.keyring import Keyring

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12


class Unreadable(Exception):
    """No key of this installation opens it, or it belongs to something else."""


def seal(keys: Keyring, about: tuple[str, str, str], value: str) -> tuple[str, str]:
    """The value closed under the present key, and that key's name. ``about``: tenant, name, origin."""
    key_id, cipher = _ciphers(keys)[0]
    nonce = os.urandom(_NONCE)
    return base64.b64encode(nonce + cipher.encrypt(nonce, value.encode(), _bound(about))).decode(), key_id


def open_(keys: Keyring, about: tuple[str, str, str], sealed: str, key_id: str) -> str:
    """The value. Raises :class:`Unreadable`."""
    from cryptography.exceptions import InvalidTag

    cipher = next((cipher for known, cipher in _ciphers(keys) if known == key_id), None)
    if cipher is None:
        raise Unreadable(key_id)
    try:
        raw = base64.b64decode(sealed, validate=True)
        return cipher.decrypt(raw[:_NONCE], raw[_NONCE:], _bound(about)).decode()
    except (InvalidTag, ValueError) as error:
        raise Unreadable(key_id) from error


def present(keys: Keyring) -> str:
    """The name of the key that closes."""
    return _ciphers(keys)[0][0]


def _bound(about: tuple[str, str, str]) -> bytes:
    return json.dumps(about, ensure_ascii=True).encode()


@lru_cache(maxsize=8)
def _ciphers(keys: Keyring) -> tuple[tuple[str, AESGCM], ...]:
    # Loaded when first used: most web processes never open a secret.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return tuple((hashlib.sha256(b"name of " + key).hexdigest()[:16], AESGCM(key)) for key in keys.derive("secrets"))
