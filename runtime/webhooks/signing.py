"""Signatures as Standard Webhooks writes them (SAFETY D33): HMAC-SHA256 over id, time and body."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterable


def signature(keys: Iterable[str], id: str, timestamp: int, body: bytes) -> str:
    """One signature per key, separated by spaces: the other side takes any that fits."""
    signed = f"{id}.{timestamp}.".encode() + body
    return " ".join("v1," + base64.b64encode(hmac.digest(_bytes(key), signed, "sha256")).decode() for key in keys)


def _bytes(key: str) -> bytes:
    try:
        return base64.b64decode(key.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        return key.encode()
