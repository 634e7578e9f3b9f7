"""Until when a step is to be decided: its hours, counted by the working calendar of whoever's hours they are, as promises with a clock count them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy import func, select

from kernel.calendars import reckon
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.approvals.case import Case
from runtime.clocks import whose


def begin(ctx: Ctx, case: Case, steps: Collection[int]) -> Mapping[int, datetime]:
    """The deadlines of steps that begin to wait now; steps without one are left out."""
    found: dict[int, datetime] = {}
    for index in steps:
        step = case.pinned[index]
        if step.due:
            found[index] = _counted(ctx, case, step.counts, timedelta(hours=step.due))
    return found


def _counted(ctx: Ctx, case: Case, way: str, hours: timedelta) -> datetime:
    table = ctx.tables.of(case.entity).table
    row = ctx.conn.execute(select(table.c.team_id, table.c.owner_id).where(table.c.id == case.record_id)).first()
    calendar = whose.counted_by(ctx, way, row.team_id if row else None, row.owner_id if row else None)
    try:
        due = reckon.add(calendar, ctx.now, hours).due
    except reckon.NoWorkingTime:
        due = None  # the checks tell of a calendar without working time; nobody waits for ever because of it
    return due or ctx.now + hours


def standing(ctx: Ctx, case: Case) -> Mapping[int, datetime]:
    """The deadlines that the steps of the present round have already."""
    s = t.approval_seat.c
    query = select(s.step, func.max(s.due_at)).where(s.case_id == case.id, s.round == case.round, s.due_at.is_not(None)).group_by(s.step)
    return {row[0]: row[1] for row in ctx.conn.execute(query)}
