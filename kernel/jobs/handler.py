"""What can be done with a job: one handler per kind, and how it says how far it got."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

from kernel.errors import Message
from kernel.jobs.queue import Job
from kernel.platform.ctx import Ctx
from kernel.platform.settings import Settings


@dataclass(frozen=True, slots=True)
class Done:
    """Finished. ``result`` is kept with the job and may be shown to whoever asked for it."""

    result: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Again:
    """This part is done; go on with ``data``, at once or not before ``at``. ``progress`` is ``{"done": n, "total": n}`` and whatever a screen shows."""

    data: Mapping[str, Any]
    progress: Mapping[str, Any] | None = None
    at: datetime | None = None


class GiveUp(Exception):
    """It can't be done, and trying again would not help. ``message`` says why, for people; ``result`` is kept."""

    def __init__(self, message: Message, result: Mapping[str, Any] | None = None) -> None:
        super().__init__(str(message))
        self.message, self.result = message, dict(result or {})


class Later(Exception):
    """What leaves the house could not be handed over now. ``message`` says why, for people; ``after``: not before that long (Retry-After).

    ``blame`` False: the destination is not to blame, others may go on sending there. ``counted`` False: it was not even tried.
    """

    def __init__(self, message: Message, *, after: timedelta | None = None, blame: bool = True, counted: bool = True, result: Mapping[str, Any] | None = None) -> None:
        super().__init__(str(message))
        self.message, self.after, self.blame, self.counted, self.result = message, after, blame, counted, dict(result or {})


Outcome = Done | Again


class Desk(Protocol):
    """What a handler that works outside of a transaction gets: short transactions of its own, and a way to say how far it is."""

    @property
    def settings(self) -> Settings:
        """Of this installation."""

    def read(self) -> AbstractContextManager[Ctx]:
        """A snapshot in the name of whoever asked for the job."""

    def write(self) -> AbstractContextManager[Ctx]:
        """A transaction of its own. It commits even if the job fails later: only for what may be done twice."""

    def progress(self, done: int, total: int | None = None, **more: Any) -> None:
        """Note how far it is and keep the job for another lease. Raises :class:`Lost` when somebody cancelled it or took it over."""


class Lost(Exception):
    """The job is no longer ours: cancelled, or taken over after the lease ran out. Stop without a word."""


@dataclass(frozen=True, slots=True)
class Handler:
    """How jobs of one kind are carried out.

    ``inside(ctx, job)`` runs in one write transaction together with the note that it was done: exactly once.
    ``outside(desk, job)`` runs without one, for what takes long or leaves the house: at least once.
    ``most`` tries with growing pauses; then the job has failed and waits for somebody to look at it. What was added with a
    destination is tried for three days instead.
    """

    kind: str
    inside: Callable[[Ctx, Job], Outcome] | None = None
    outside: Callable[[Desk, Job], Outcome] | None = None
    most: int = 8
    lease: timedelta = timedelta(seconds=60)
    # Of three lanes: what people wait for is not held up by what takes long, and neither by what leaves the house (kernel/jobs/crew.py).
    lane: Literal["quick", "long", "out"] = "quick"
    # Standing work: every tenant has one such job, due again this long after it was done.
    every: timedelta | None = None

    def __post_init__(self) -> None:
        if (self.inside is None) is (self.outside is None):
            raise ValueError(f"{self.kind}: a handler works either inside or outside of a transaction")


class Handlers:
    """Handlers by kind; what stands twice is an error at start."""

    def __init__(self, handlers: Iterable[Handler] = ()) -> None:
        self._by_kind: dict[str, Handler] = {}
        for handler in handlers:
            if handler.kind in self._by_kind:
                raise ValueError(f"two handlers for {handler.kind!r}")
            self._by_kind[handler.kind] = handler

    def find(self, kind: str) -> Handler | None:
        return self._by_kind.get(kind)

    def __iter__(self) -> Iterator[Handler]:
        return iter(self._by_kind.values())

    def kinds(self, lane: str | None = None) -> frozenset[str]:
        """Kinds of one lane, or all."""
        return frozenset(h.kind for h in self if lane is None or h.lane == lane)


def pause_out(attempt: int, after: timedelta | None = None) -> timedelta:
    """The same for what leaves the house: up to a quarter longer, so that what failed together does not come back together; never before ``after``."""
    return max(pause(min(attempt, 20)) * random.uniform(1, 1.25), after or timedelta())  # noqa: S311 - nothing is guarded by it


def pause(attempt: int) -> timedelta:
    """How long to wait after the ``attempt``-th failure: 5 s, doubled each time, at most 6 hours (eight tries span about 20 minutes)."""
    return min(timedelta(seconds=5 * 2 ** (attempt - 1)), timedelta(hours=6))
