"""What design time asks run time. app.py connects implementations; without one, what it would do stays undone and is said so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection

from builder.changes.ops import Need
from kernel.model.application import Application
from kernel.platform.clock import Clock
from kernel.platform.ctx import Ctx
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


class Reach(Protocol):
    """How many clocks would start, would get another plan, and end because nothing is promised any more."""

    @property
    def starts(self) -> int: ...

    @property
    def moves(self) -> int: ...

    @property
    def ends(self) -> int: ...


class Promises(Protocol):
    """Clocks that run, and another release."""

    def reach(self, ctx: Ctx, new: Application) -> Reach | None:
        """What the new application means for clocks; None where no promise says something else."""

    def follow(self, conn: Connection, base: int, release: int, replan: bool, now: datetime) -> None:
        """In the transaction of the switch: ask for what is to be done with clocks afterwards. ``replan``: running ones follow the new release."""


@dataclass(frozen=True)
class Ports:
    """The connections of one process."""

    counts: Counts | None = None
    fills: Fills | None = None
    promises: Promises | None = None
