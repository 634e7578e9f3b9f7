"""Whether a notice goes out to somebody by a channel, now, later or not at all, and why. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kernel.calendars.calendar import WorkingCalendar
from runtime.notices.wishes import COLLECTED, OFF, Wishes

WAITING, HELD, SENT, FAILED, SKIPPED = "waiting", "held", "sent", "failed", "skipped"
OPEN = (WAITING, HELD)


@dataclass(frozen=True, slots=True)
class Spared:
    """A quiet period that holds for a person. ``until``: what is held goes out then; None: it is not sent."""

    uid: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """One notice for one person and channel. ``offered``: whether its words allow this channel."""

    channel: str
    urgency: str
    essential: bool
    reachable: bool
    offered: bool = True


@dataclass(frozen=True, slots=True)
class Decision:
    """``state``: waiting (goes out now), held (goes on at ``due``) or skipped; ``why`` in keys. ``digest``: it goes out together with others."""

    state: str
    why: Mapping[str, Any]
    due: datetime | None = None
    digest: bool = False


def decide(asked: Asked, wishes: Wishes, hours: WorkingCalendar | None, spared: Spared | None, now: datetime) -> Decision:
    """``hours`` are the recipient's service hours: only within them something essential pierces a quiet time.

    What is held is decided again when it is due; rules that hold then count.
    """
    if not asked.offered:
        return Decision(SKIPPED, {"code": "not_offered"})
    way = wishes.way(asked.channel, asked.urgency)
    if way == OFF:
        return Decision(SKIPPED, {"code": "not_chosen", "urgency": asked.urgency})
    if not asked.reachable:
        return Decision(SKIPPED, {"code": "no_way"})
    if spared is not None and not asked.essential:
        if spared.until is None:
            return Decision(SKIPPED, {"code": "spared", "rule": spared.uid})
        if spared.until > now:
            return Decision(HELD, {"code": "spared", "rule": spared.uid}, spared.until)
    if way == COLLECTED:
        return Decision(HELD, {"code": "collected"}, wishes.next_digest(now), digest=True)
    return hold_if_quiet(asked, wishes, hours, now)


def hold_if_quiet(asked: Asked, wishes: Wishes, hours: WorkingCalendar | None, now: datetime) -> Decision:
    """Now, unless it is quiet; something essential comes with the first service hour of a quiet time."""
    end = wishes.quiet_until(now)
    if end is None:
        return Decision(WAITING, {})
    if asked.essential and hours is not None:
        span = next(iter(hours.spans(now, end)), None)
        if span is not None and span.start <= now:
            return Decision(WAITING, {"code": "essential"})
        if span is not None:
            return Decision(HELD, {"code": "quiet"}, span.start)
    return Decision(HELD, {"code": "quiet"}, end)
