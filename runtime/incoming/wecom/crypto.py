"""Signature and encryption of WeCom's callbacks. Pure.

The formulas are those of WeCom's own description, «加解密方案说明» (developer.work.weixin.qq.com/document/path/90968):
``msg_signature`` is SHA-1 over the sorted and joined token, timestamp, nonce and encrypted text; the key is base64 of
EncodingAESKey plus "="; AES-256-CBC with the first 16 bytes of the key as IV; PKCS#7 to blocks of 32 bytes; inside stand 16 random
bytes, the length (4 bytes, network order), the message, and the id of the receiver (the corp id).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from runtime.incoming.signing import NotSigned

BLOCK = 32
_KEY = re.compile(r"[A-Za-z0-9]{43}\Z")


def is_key(text: str) -> bool:
    """Whether it can be an EncodingAESKey: 43 letters and digits that are base64 of 32 bytes."""
    return bool(_KEY.match(text)) and len(_key(text)) == 32


def signature(token: str, timestamp: str, nonce: str, encrypted: str) -> str:
    """The ``msg_signature`` of an encrypted text."""
    return hashlib.sha1("".join(sorted([token, timestamp, nonce, encrypted])).encode(), usedforsecurity=False).hexdigest()


def check(token: str, timestamp: str, nonce: str, encrypted: str, given: str) -> None:
    """In constant time. Raises NotSigned."""
    if not hmac.compare_digest(signature(token, timestamp, nonce, encrypted).encode(), given.encode("utf-8", "replace")):
        raise NotSigned()


def open_(key: str, encrypted: str, receiver: str) -> bytes:
    """The message in an encrypted text. Raises NotSigned for whatever is not made with this key for this receiver."""
    secret = _key(key)
    try:
        sealed = base64.b64decode(encrypted, validate=True)
    except binascii.Error as error:
        raise NotSigned() from error
    if not sealed or len(sealed) % 16:
        raise NotSigned()
    opener = Cipher(algorithms.AES(secret), modes.CBC(secret[:16])).decryptor()
    padded = opener.update(sealed) + opener.finalize()
    pad = padded[-1]
    if not 1 <= pad <= BLOCK or padded[-pad:] != bytes([pad]) * pad:
        raise NotSigned()
    plain = padded[:-pad]
    size = int.from_bytes(plain[16:20], "big")
    message, whom = plain[20 : 20 + size], plain[20 + size :]
    if len(plain) < 20 or len(message) != size or not hmac.compare_digest(whom, receiver.encode()):
        raise NotSigned()
    return message


def _key(text: str) -> bytes:
    return base64.b64decode(text + "=")
