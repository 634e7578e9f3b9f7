"""What one person chose: which notices go out by which channel, at once or collected, and when it is to be quiet. Pure but for load and save."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from kernel.calendars.calendar import first_instant
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx

KEY = "notices"
URGENCIES = ("high", "normal", "low")
NOW, COLLECTED, OFF = "now", "collected", "off"
CHOICES = (NOW, COLLECTED, OFF)
HOURLY, DAILY = "hourly", "daily"
DAY = 24 * 60

# What counts until somebody chooses otherwise: the phone for what matters today, mail for what can't wait, quiet at night.
USUAL: Mapping[str, Mapping[str, str]] = {
    "push": {"high": NOW, "normal": NOW, "low": OFF},
    "mail": {"high": NOW, "normal": OFF, "low": OFF},
    "robots": {"high": NOW, "normal": OFF, "low": OFF},
}
_NOTHING: Mapping[str, str] = {"high": OFF, "normal": OFF, "low": OFF}


@dataclass(frozen=True, slots=True)
class Wishes:
    """``ways``: by channel and urgency now, collected or off. ``quiet``: minutes after midnight from and to, in ``zone``; None: never.
    ``digest``: hourly or daily; ``daily_at``: minutes after midnight."""

    zone: ZoneInfo
    ways: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    quiet: tuple[int, int] | None = (22 * 60, 7 * 60)
    digest: str = DAILY
    daily_at: int = 8 * 60 + 30

    def way(self, channel: str, urgency: str) -> str:
        """Now, collected or off."""
        return self.ways.get(channel, {}).get(urgency) or USUAL.get(channel, _NOTHING)[urgency]

    def quiet_until(self, now: datetime) -> datetime | None:
        """The end of the quiet time that ``now`` lies in; None outside of one."""
        return next((end for start, end in self._quiet_times(now) if start <= now < end), None)

    def _quiet_times(self, now: datetime) -> Iterator[tuple[datetime, datetime]]:
        if self.quiet is None or self.quiet[0] == self.quiet[1]:
            return
        today = now.astimezone(self.zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
        start, end = self.quiet
        for days in (-1, 0, 1):
            midnight = today + timedelta(days=days)
            yield (
                first_instant(midnight + timedelta(minutes=start), self.zone),
                first_instant(midnight + timedelta(minutes=end + (DAY if end < start else 0)), self.zone))

    def next_digest(self, now: datetime) -> datetime:
        """When what is collected goes out: after ``now``, never in a quiet time."""
        today = now.astimezone(self.zone).replace(minute=0, second=0, microsecond=0, tzinfo=None)
        if self.digest == HOURLY:
            moments = (first_instant(today + timedelta(hours=n), self.zone) for n in range(1, 5))
        else:
            moments = (first_instant(today.replace(hour=0) + timedelta(days=n, minutes=self.daily_at), self.zone) for n in range(4))
        moment = next(at for at in moments if at > now)
        return self.quiet_until(moment) or moment

    def dump(self) -> dict[str, Any]:
        """As JSON."""
        return {"ways": {c: dict(w) for c, w in self.ways.items()}, "quiet": list(self.quiet) if self.quiet else None, "digest": self.digest, "daily_at": self.daily_at}


def read(value: Any, zone: ZoneInfo) -> Wishes:
    """What :meth:`Wishes.dump` gave; what is missing is as usual."""
    plain = Wishes(zone)
    if not isinstance(value, Mapping):
        return plain
    quiet = value.get("quiet", plain.quiet)
    return Wishes(zone, value.get("ways") or {}, (quiet[0], quiet[1]) if quiet else None, value.get("digest", plain.digest), value.get("daily_at", plain.daily_at))


def load(ctx: Ctx, zones: Mapping[str, ZoneInfo]) -> dict[str, Wishes]:
    """What these people chose, with the zone each of them lives in; one statement."""
    c = t.preference.c
    rows = ctx.conn.execute(select(c.person_id, c.value).where(c.person_id.in_(list(zones)), c.key == KEY)) if zones else ()
    chosen = {row.person_id: row.value for row in rows}
    return {person: read(chosen.get(person), zone) for person, zone in zones.items()}


def save(ctx: Ctx, wishes: Wishes) -> None:
    """Keep what the actor chose."""
    insert = postgresql.insert if ctx.conn.dialect.name == "postgresql" else sqlite.insert
    row = {"person_id": ctx.actor.person, "key": KEY, "value": wishes.dump(), "updated_at": ctx.now}
    statement = insert(t.preference).values(row)
    ctx.conn.execute(statement.on_conflict_do_update(
        index_elements=[t.preference.c.person_id, t.preference.c.key], set_={"value": row["value"], "updated_at": ctx.now}))


def problems(value: Wishes, channels: Collection[str]) -> bool:
    """Whether it can't be meant."""
    return (
        any(c not in channels or u not in URGENCIES or w not in CHOICES for c, ways in value.ways.items() for u, w in ways.items())
        or value.digest not in (HOURLY, DAILY) or not 0 <= value.daily_at < DAY
        or (value.quiet is not None and not all(0 <= minutes < DAY for minutes in value.quiet)))
