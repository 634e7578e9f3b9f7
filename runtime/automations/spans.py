"""Lengths of time as they are written: 30 minutes, 2 working days. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

_TEXT = re.compile(r"([1-9][0-9]{0,4}) (second|minute|hour|day|working day|week)s?")
_SECONDS = {"second": 1, "minute": 60, "hour": 3600}


@dataclass(frozen=True, slots=True)
class Span:
    """``n`` times a unit."""

    n: int
    unit: str

    @property
    def days(self) -> int:
        """Whole days, where it is made of such; else 0."""
        return self.n * {"day": 1, "working day": 1, "week": 7}.get(self.unit, 0)

    @property
    def length(self) -> timedelta:
        """As plain time."""
        return timedelta(days=self.days) if self.days else timedelta(seconds=self.n * _SECONDS[self.unit])


def read(text: str) -> Span:
    """A length of time. Raises ValueError."""
    found = _TEXT.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return Span(int(found[1]), found[2])
