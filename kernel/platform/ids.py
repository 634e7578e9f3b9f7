"""Ids of records and secrets that grant access (SAFETY D2)."""

from __future__ import annotations

import hashlib
import secrets
import threading
from datetime import datetime, timedelta
from uuid import UUID

_COUNTER_BITS = 12
_COUNTER_MAX = (1 << _COUNTER_BITS) - 1
# A step back of the clock smaller than this keeps the order of ids; a larger one is meant (a replay, a moved test clock).
_STEP_BACK = timedelta(seconds=10) // timedelta(milliseconds=1)


class _Sequence:
    """Millisecond and counter of the last id, so that ids of one process sort in the order they were made."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._millisecond = 0
        self._counter = 0

    def next(self, millisecond: int) -> tuple[int, int]:
        with self._lock:
            behind = self._millisecond - millisecond
            if behind < 0 or behind > _STEP_BACK:
                # Starting low leaves room to count on; the random start hides how many ids were made before.
                self._millisecond, self._counter = millisecond, secrets.randbelow(_COUNTER_MAX // 2)
            elif self._counter < _COUNTER_MAX:
                self._counter += 1
            else:
                self._millisecond, self._counter = self._millisecond + 1, 0
            return self._millisecond, self._counter


_sequence = _Sequence()
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def uuid7(now: datetime) -> str:
    """A UUIDv7 (RFC 9562) as 36 characters: time first, so ids sort by creation; 62 bits are random.

    ``now`` must be aware. Ids made by one process are strictly increasing while its clock does not jump back
    by more than ten seconds.
    """
    millisecond, counter = _sequence.next((now - _EPOCH) // timedelta(milliseconds=1))
    value = (
        (millisecond & ((1 << 48) - 1)) << 80
        | 0x7 << 76
        | counter << 64
        | 0b10 << 62
        | secrets.randbits(62)
    )
    return str(UUID(int=value))


def secret() -> str:
    """256 random bits, safe in URLs and cookies, for whatever grants access."""
    return secrets.token_urlsafe(32)


def digest(value: str) -> str:
    """What is stored in place of a secret of 256 random bits (passwords go through argon2 instead)."""
    return hashlib.sha256(value.encode()).hexdigest()
