"""Opening hours as people write them: ``09:00-12:00, 13:00-18:00``; a shift past midnight ends on the next day (``22:00-06:00``)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from kernel.errors import Invalid, Problem
from kernel.i18n import _

DAY = 24 * 60
_RANGE = re.compile(r"\s*(\d{1,2}):(\d{2})\s*(?:-|–|—|~|至|到)\s*(\d{1,2}):(\d{2})\s*\Z")
PATTERN = r"^\s*\d{1,2}:\d{2}\s*-\s*\d{1,2}:\d{2}(\s*,\s*\d{1,2}:\d{2}\s*-\s*\d{1,2}:\d{2}){0,11}\s*$|^$"


@dataclass(frozen=True, slots=True, order=True)
class Shift:
    """From ``start`` to ``end``, minutes after local midnight of the day it begins on; ``end`` is beyond 1440 past midnight."""

    start: int
    end: int

    def __str__(self) -> str:
        return f"{_clock(self.start)}-{_clock(self.end)}"


def parse(text: str) -> tuple[Shift, ...]:
    """The shifts of a day in order; an empty text is a day off. Raises Invalid naming the part that can't be read."""
    shifts = []
    for part in filter(str.strip, re.split(r"[,，、;；]", text.replace("：", ":"))):
        found = _RANGE.match(part)
        numbers = [int(n) for n in found.groups()] if found else []
        if not found or numbers[1] > 59 or numbers[3] > 59 or numbers[0] * 60 + numbers[1] >= DAY or numbers[2] * 60 + numbers[3] > DAY:
            raise Invalid([Problem("hours_unreadable", _("These hours can't be read: {text}", text=part.strip()[:40]), "hours", _("Write them like 09:00-12:00, 13:00-18:00."))])
        start, end = numbers[0] * 60 + numbers[1], numbers[2] * 60 + numbers[3]
        shifts.append(Shift(start, end if end > start else end + DAY))
    shifts.sort()
    for before, after in pairwise(shifts):
        if after.start < before.end:
            raise Invalid([Problem(
                "hours_overlap", _("{first} and {second} overlap.", first=str(before), second=str(after)), "hours", _("Let one end before the other begins."))])
    return tuple(shifts)


def text_of(shifts: Sequence[Shift]) -> str:
    """What :func:`parse` reads."""
    return ", ".join(map(str, shifts))


def _clock(minutes: int) -> str:
    return "24:00" if minutes == DAY else f"{minutes // 60 % 24:02}:{minutes % 60:02}"
