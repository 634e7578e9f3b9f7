"""A write may bring the moment of an automation nearer: then its alarm rings earlier. Only where a field of date and time is looked at to the minute."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import update

from kernel.jobs import queue
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from kernel.platform.database import wake_after_commit
from runtime.automations import dates
from runtime.automations.rules import rules_of
from runtime.records.happened import Happened


def after_write(ctx: Ctx, written: Sequence[Happened]) -> None:
    """One statement, only for writes of such a field."""
    for rule in rules_of(ctx.app).of(written[0].shape.key, "date"):
        key = str(rule.element.when["date"])
        if not dates.exact(ctx.app, rule.element):
            continue
        moved = [one.new.values.get(key) for one in written if one.kind == "created" or key in one.fields]
        moments = [dates.moment_of(rule.element, value) for value in moved if isinstance(value, datetime)]
        ahead = [moment for moment in moments if moment > ctx.now]
        if ahead:
            due = min(ahead)
            wake_after_commit(ctx.conn, due)
            ctx.conn.execute(update(t.job).where(t.job.c.key == dates.job_key(rule.uid), t.job.c.state == queue.WAITING, t.job.c.due_at > due).values(due_at=due))
