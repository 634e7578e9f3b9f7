"""What design time asks run time. app.py connects implementations; without one, what it would do stays undone and is said so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection

from builder.changes.ops import Need
from kernel.platform.clock import Clock
from kernel.platform.database import Home
from kernel.platform.releases import Release


class Counts(Protocol):
    """Answers what a plan must know about the data."""

    def count(self, conn: Connection, release: Release, need: Need) -> int:
        """How many records (for ``doubled``: values) the need is about, in the release now in force."""


class Fills(Protocol):
    """Works out derived fields of the records there are, after a switch."""

    def fill(self, home: Home, clock: Clock, release: Release, entity: str, fields: Sequence[str]) -> int:
        """Fill in pieces, each a transaction of its own; returns the number of records. Safe to repeat."""


@dataclass(frozen=True)
class Ports:
    """The connections of one process."""

    counts: Counts | None = None
    fills: Fills | None = None
