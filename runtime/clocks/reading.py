"""What people see of clocks: how much is left, what was kept or broken, and the ledger from which the due time can be recomputed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from kernel.calendars.calendar import WorkingCalendar
from kernel.calendars.reckon import Pause, Segment, between
from kernel.errors import Message, NotFound
from kernel.i18n import Labels
from kernel.platform import releases
from kernel.platform.ctx import Ctx
from runtime.clocks import rows
from runtime.clocks.decide import PAUSED, REFUSED, due_of
from runtime.clocks.moments import Moment, moments
from runtime.clocks.policy import calendar_by_key, policies_of
from runtime.clocks.rows import ClockRow


@dataclass(frozen=True, slots=True)
class SeenClock:
    """A clock as its reader sees it. ``tone``: ontime, warning, breach, done (kept in time), late (kept, but late), paused, cancelled, refused (no promise: it can not be worked out)."""

    row: ClockRow
    label: Message
    tone: str
    warns_at: datetime | None

    @property
    def open(self) -> bool:
        return self.row.open

    def paused(self, now: datetime) -> timedelta:
        """How long it has been paused altogether, by the clock on the wall."""
        return sum(((p.end or now) - p.start for p in self.row.pauses), timedelta(0))

    def used(self, now: datetime) -> int:
        """Share of the time from start to due that has passed, in percent."""
        if self.row.due_at is None or self.row.due_at <= self.row.started_at:
            return 0 if self.row.due_at is None else 100
        return max(0, min(100, int(100 * ((now - self.row.started_at) / (self.row.due_at - self.row.started_at)))))


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a clock's plan: when it is due, and when it was carried out, how late, whom it told."""

    label: Message
    at: datetime
    done: bool
    late: timedelta | None
    told: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Explained:
    """Everything a stranger needs to recompute the due time."""

    segments: tuple[Segment, ...]
    counted: timedelta
    left: timedelta
    calendar: WorkingCalendar | None
    calendar_label: Message | None
    release: int
    provisional: bool
    steps: tuple[Step, ...]
    plans: tuple[Mapping[str, Any], ...]


def of_record(ctx: Ctx, entity: str, id_: str, readable: Collection[str]) -> list[SeenClock]:
    """The clocks of a record: open ones by the time that is left, then ended ones, the latest first. One statement."""
    found = [seen for row in rows.all_of(ctx, entity, [id_]) if (seen := _seen(ctx, row, readable)) is not None]
    opened = sorted((s for s in found if s.open), key=_urgency)
    return [*opened, *sorted((s for s in found if not s.open), key=lambda s: s.row.ended_at or s.row.started_at, reverse=True)]


def of_records(ctx: Ctx, entity: str, readable: Mapping[str, Collection[str]]) -> dict[str, SeenClock]:
    """The most urgent open clock of each record (id to the fields its reader may read); one statement, none without promises."""
    if not readable or not ctx.app.clocks_of(entity):
        return {}
    found: dict[str, SeenClock] = {}
    for row in rows.all_of(ctx, entity, list(readable), only_open=True):
        seen = _seen(ctx, row, readable[row.record])
        if seen is not None and (row.record not in found or _urgency(seen) < _urgency(found[row.record])):
            found[row.record] = seen
    return found


def get(ctx: Ctx, entity: str, id_: str, clock: str, readable: Collection[str]) -> SeenClock:
    """One clock of a record. Raises NotFound."""
    row = rows.find(ctx, clock)
    seen = _seen(ctx, row, readable) if row is not None and (row.entity, row.record) == (entity, id_) else None
    if seen is None:
        raise NotFound()
    return seen


def seen(ctx: Ctx, row: ClockRow, readable: Collection[str]) -> SeenClock | None:
    """A clock as a reader of these fields sees it; None where it would tell of others."""
    return _seen(ctx, row, readable)


def _urgency(seen: SeenClock) -> tuple[bool, datetime]:
    return seen.row.due_at is None, seen.row.due_at or seen.row.started_at


def _seen(ctx: Ctx, row: ClockRow, readable: Collection[str]) -> SeenClock | None:
    """None where the promise follows from a field that its reader may not read: the due time would tell of it (D8)."""
    policy = next((p for p in policies_of(ctx.app).by_entity.get(row.entity, ()) if p.key == row.policy), None)
    entity = ctx.app.entities.get(row.entity)
    if entity is None:
        return None
    if policy is not None and any(key in entity.by_key and key not in readable for key in policy.keys):
        return None
    label: Message = policy.element.label if policy is not None else Labels({}, row.policy.replace("_", " ").capitalize())
    warns = _warns_at(row)
    return SeenClock(row, label, _tone(row, ctx.now, warns), warns)


def _warns_at(row: ClockRow) -> datetime | None:
    if row.due_at is None or row.warns_at is not None:
        return row.warns_at
    return row.started_at + (row.due_at - row.started_at) * float(row.definition.get("warn", 0.75))


def _tone(row: ClockRow, now: datetime, warns: datetime | None) -> str:
    if row.state in (PAUSED, REFUSED):
        return row.state
    if not row.open:
        return "cancelled" if row.late is None else "late" if row.late else "done"
    if row.due_at is not None and now >= row.due_at:
        return "breach"
    return "warning" if warns is not None and now >= warns else "ontime"


def explain(ctx: Ctx, row: ClockRow) -> Explained:
    """The ledger of a clock: of an open one up to the due time (or up to now while it is paused), of an ended one up to its end."""
    release = ctx.release if row.release_id == ctx.release.id else releases.load(ctx.conn, row.release_id)
    calendar = calendar_by_key(release, row.calendar, ZoneInfo(ctx.tenant.zone))
    if row.open and row.due_at is not None:
        reckoned = due_of(row.started_at, row.target, calendar, row.pauses)
    else:
        end = row.ended_at or ctx.now
        reckoned = between(calendar, row.started_at, end, [Pause(p.start, p.end or end, p.why) for p in row.pauses])
    element = release.application.calendars.get(calendar.key) if calendar is not None else None
    return Explained(
        reckoned.segments, reckoned.counted, max(row.target - reckoned.counted, timedelta(0)), calendar, element.label if element else None, row.release_id,
        reckoned.provisional, tuple(_steps(ctx, row, calendar)), row.plans)


def _steps(ctx: Ctx, row: ClockRow, calendar: WorkingCalendar | None) -> Sequence[Step]:
    fired = {f["step"]: f for f in row.fired}
    found = []
    for moment in moments(row, calendar) if row.open else ():
        if moment.step["uid"]:
            found.append(_step(ctx, moment, fired.get(moment.key)))
    return found


def _step(ctx: Ctx, moment: Moment, fired: Mapping[str, Any] | None) -> Step:
    element = ctx.app.by_uid.get(moment.step["uid"])
    label: Message = element.label if element is not None else moment.key
    late = timedelta(seconds=int(fired["late_s"])) if fired is not None and "late_s" in fired else None
    return Step(label, moment.at, fired is not None, late, tuple(fired.get("told", ())) if fired is not None else ())
