"""Carrying out what came due: each step of a clock once, late rather than never, and it says how late."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from kernel.jobs import Again, Done, Job, Outcome
from kernel.platform import releases
from kernel.platform.ctx import Ctx
from runtime.alike import find as alike
from runtime.automations import outside
from runtime.clocks import people, rows
from runtime.clocks.decide import RUNNING
from runtime.clocks.moments import Moment, pending
from runtime.clocks.policy import calendar_by_key
from runtime.clocks.rows import ClockRow
from runtime.notices.tell import tell
from runtime.records import events, store
from runtime.records.env import RecordEnv, Scene
from runtime.records.readers import who_may_read
from runtime.records.record import Record
from runtime.records.shape import shape_of
from runtime.talk.news import QUIET_CHANNELS


def ring(ctx: Ctx, job: Job) -> Outcome:
    """The handler of the job ``clock``, in one transaction with the note that it was done. An alarm of an older plan does nothing."""
    row = rows.find(ctx, str(job.data["clock"]), lock=ctx.conn.dialect.name == "postgresql")
    if row is None or row.state != RUNNING or row.generation != job.data["generation"] or row.entity not in ctx.app.entities:
        return Done()
    release = ctx.release if row.release_id == ctx.release.id else releases.load(ctx.conn, row.release_id)
    # A clock that was planned by an older release counts by the calendar of that release (D42).
    calendar = calendar_by_key(release, row.calendar, ZoneInfo(ctx.tenant.zone))
    ahead = pending(row, calendar)
    # Looked at once: what falls due while this is carried out is the next alarm's.
    now = ctx.now
    due, later = [moment for moment in ahead if moment.at <= now], [moment for moment in ahead if moment.at > now]
    if due:
        row = _carry_out(ctx, row, due)
        rows.store(ctx, row)
    return Again(job.data, at=later[0].at) if later else Done()


def _carry_out(ctx: Ctx, row: ClockRow, due: list[Moment]) -> ClockRow:
    shape = shape_of(ctx.release, row.entity)
    record = store.load(ctx, shape, [row.record]).get(row.record)
    for moment in due:
        told: list[str] = []
        if record is not None and moment.step["tell"] and ctx.channel not in QUIET_CHANNELS:
            wanted = people.named(ctx, RecordEnv(Scene(ctx), shape, record), moment.step["tell"])
            told = tell(
                ctx, sorted(who_may_read(ctx, record, wanted)), "clock", f"clock:{row.id}:{row.generation}:{moment.key}", entity=row.entity, record=row.record,
                data={"clock": row.id, "step": moment.step["uid"], "policy": row.uid, **_alike(ctx, record, moment.step)}, urgency=moment.step["urgency"])
        row = row.moved(
            fired=(*row.fired, {
                "step": moment.key, "generation": row.generation, "at": moment.at.isoformat(), "late_s": _seconds(ctx.now, moment.at), "told": told}),
            breached_at=moment.at if moment.breach else row.breached_at)
        if record is not None and record.deleted_at is None:
            outside.of_clock(ctx, record, row.policy, moment.key, moment.breach, _seconds(ctx.now, moment.at))
        events.write(ctx, "clock_breached" if moment.breach else "clock_step", row.entity, [(row.record, {"clock": row.id, "policy": row.policy, "step": moment.key})])
    return row


def _alike(ctx: Ctx, record: Record, step: Mapping[str, Any]) -> dict[str, Any]:
    """What is told comes with records alike: how many there are; the page names those that its reader may see."""
    element = next((s for s in ctx.app.similarities if s.key == step.get("similar")), None)
    found = alike.find(ctx, element, record) if element is not None and element.entity == record.entity else ()
    return {"similar": element.key, "alike": len(found)} if element is not None and found else {}


def _seconds(now: datetime, at: datetime) -> int:
    return int((now - at).total_seconds())
