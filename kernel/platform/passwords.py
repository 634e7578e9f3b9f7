"""Passwords: argon2id, at most a few hashed at once, because each takes 64 MiB and a tenth of a second."""

from __future__ import annotations

import threading
import unicodedata
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from kernel.errors import Busy, Invalid, Problem
from kernel.i18n import _

# In place of a hash while somebody has not chosen a password yet: nothing matches it.
UNSET = "!"
MIN_LENGTH = 10
MAX_LENGTH = 200
_WAIT_S = 15.0

_hasher = PasswordHasher(time_cost=2, memory_cost=65_536, parallelism=1)
_slots = threading.BoundedSemaphore(2)

# What guessers try first; length is what protects, so this list is short.
_COMMON = frozenset({"password", "passw0rd", "qwertyuiop", "1234567890", "0123456789", "iloveyou", "administrator", "letmein"})


def check_new(password: str, login: str, path: str = "password") -> None:
    """Whether a person may choose this password. Raises :class:`Invalid` saying what would do."""
    hint = _("At least {n} characters: three or four unrelated words are easy to remember.", n=MIN_LENGTH)
    folded = _normal(password).casefold()
    if len(_normal(password)) < MIN_LENGTH:
        raise Invalid([Problem("password_short", _("This password is too short."), path, hint)])
    if len(password) > MAX_LENGTH:
        raise Invalid([Problem("password_long", _("A password may have at most {n} characters.", n=MAX_LENGTH), path)])
    if len(set(folded)) < 4 or folded.strip("0123456789!.") in _COMMON or folded in _COMMON or folded == login.casefold():
        raise Invalid([Problem("password_common", _("This password is among the first that others would guess."), path, hint)])


def refuse_same(path: str) -> None:
    """Raises :class:`Invalid`: the new password is the old one."""
    raise Invalid([Problem("password_same", _("Choose another password than the present one."), path)])


def hash_password(password: str) -> str:
    """The argon2id hash. Raises :class:`Busy` when too many are being computed."""
    with _Slot():
        return _hasher.hash(_normal(password))


def verify(stored: str | None, password: str) -> bool:
    """Whether ``password`` is the one behind ``stored``; without an account the same time is spent on a decoy."""
    if len(password) > MAX_LENGTH:
        return False
    if stored == UNSET:
        stored = None
    with _Slot():
        try:
            matches = _hasher.verify(stored or _decoy(), _normal(password))
        except (VerificationError, InvalidHashError):
            return False
    return matches and stored is not None


def outdated(stored: str) -> bool:
    """Whether the hash was made with weaker settings than today's."""
    return _hasher.check_needs_rehash(stored)


class _Slot:
    def __enter__(self) -> None:
        if not _slots.acquire(timeout=_WAIT_S):
            raise Busy()

    def __exit__(self, *exc: object) -> None:
        _slots.release()


@lru_cache(maxsize=1)
def _decoy() -> str:
    return _hasher.hash("nobody has this password")


def _normal(password: str) -> str:
    # The same characters typed on another keyboard or system must be the same password.
    return unicodedata.normalize("NFKC", password)
