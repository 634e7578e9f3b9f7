"""Names of tables and columns in the database: chosen once, after the key, and never changed or used again (D10)."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

MAX_BYTES = 50

SYSTEM_COLUMNS = (
    "id",
    "version",
    "owner_id",
    "team_id",
    "state",
    "state_since",
    "created_at",
    "created_by",
    "updated_at",
    "updated_by",
    "release_id",
    "deleted_at",
)
"""Columns of every entity table that no field owns."""

CHILD_COLUMNS = ("id", "record_id", "rank")
"""Columns of every table of child rows that no field owns."""

# Names that one of the two databases treats in its own way even where they are quoted.
RESERVED = frozenset({"rowid", "oid", "_rowid_", "ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"})

_OTHER = re.compile(r"[^a-z0-9_]+")


def plain(key: str) -> str:
    """The key as it may stand in a database: small letters, digits and _, not starting with a digit."""
    name = _OTHER.sub("_", key.lower()).strip("_") or "x"
    return f"x_{name}" if name[0].isdigit() else name


def choose(key: str, taken: Collection[str], suffixes: Sequence[str] = ("",)) -> str:
    """A name after ``key``: at most 50 bytes, not among ``taken`` (names ever used there, without regard to case).

    ``suffixes`` are what the further columns of the same field add to it; none of the longer names may be taken.
    """
    longest = max(len(s) for s in suffixes)
    used = {t.lower() for t in taken} | RESERVED
    base = plain(key)
    number = 1
    while True:
        tail = "" if number == 1 else f"_{number}"
        name = base[: MAX_BYTES - longest - len(tail)].rstrip("_") + tail
        if not any(name + s in used for s in suffixes):
            return name
        number += 1
