"""The only sources of now. Everything else gets a clock passed in (DESIGN section 8)."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """The instant, aware, in UTC."""

    def monotonic(self) -> float:
        """Seconds that never go back; only differences mean something (D43)."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


class FixedClock:
    """Stands still until it is moved; for tests, samples and rehearsals."""

    def __init__(self, at: datetime) -> None:
        self._now = _utc(at)
        self._elapsed = 0.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._elapsed

    def advance(self, by: timedelta | None = None, **units: float) -> datetime:
        """Move on by ``by`` or by ``days=``, ``hours=``, ``minutes=``, ``seconds=``; returns the new instant."""
        step = by if by is not None else timedelta(**units)
        if step < timedelta(0):
            raise ValueError("advance() goes forward; use set() to go back")
        self._elapsed += step.total_seconds()
        self._now += step
        return self._now

    def set(self, at: datetime) -> None:
        """Jump to ``at``, forward or back."""
        self._now = _utc(at)


class FileClock:
    """A clock several processes share through a small JSON file: ``{"offset": seconds, "rate": factor}``.

    Time runs from the file's modification time on: ``real + offset`` at that moment, then ``rate`` times as fast.
    A missing or half-written file counts as offset 0, rate 1, so that writers need no lock.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: int | None = None
        self._anchor = 0.0
        self._offset = 0.0
        self._rate = 1.0

    def now(self) -> datetime:
        self._refresh()
        return datetime.fromtimestamp(self._scale(time.time()) + self._offset, UTC)

    def monotonic(self) -> float:
        return time.monotonic() * self._rate

    def _scale(self, real: float) -> float:
        return self._anchor + (real - self._anchor) * self._rate

    def _refresh(self) -> None:
        try:
            stamp = self._path.stat().st_mtime_ns
            if stamp == self._stamp:
                return
            data = json.loads(self._path.read_text("utf-8"))
            offset, rate = float(data.get("offset", 0)), float(data.get("rate", 1))
        except (OSError, ValueError, TypeError, AttributeError):
            return
        self._stamp, self._anchor, self._offset, self._rate = stamp, stamp / 1e9, offset, rate


def _utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return at.astimezone(UTC)
