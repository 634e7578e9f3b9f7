"""Who may know of a case: whoever sits or sat in it, whoever asked, and whoever may read the record. Of the record itself a seat shows something
only while the case is under way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import select

from kernel.errors import NotFound
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx, system_actor
from runtime.approvals import case as store
from runtime.approvals.case import Case
from runtime.records import reading
from runtime.records.labels import Wanted, resolve


def require(ctx: Ctx, case: Case) -> None:
    """Raises NotFound for a case out of sight: foreign, hidden and missing look alike."""
    if not seated(ctx, [case.id]) and not reads(ctx, case):
        raise NotFound()


def seated(ctx: Ctx, cases: Iterable[str]) -> set[str]:
    """Those of these cases in which the actor has, or had, a seat, or which they asked for."""
    wanted = list(cases)
    s, c = t.approval_seat.c, t.approval_case.c
    found = set(ctx.conn.execute(select(s.case_id).where(s.case_id.in_(wanted), s.person_id == ctx.actor.person)).scalars())
    return found | set(ctx.conn.execute(select(c.id).where(c.id.in_(wanted), c.requested_by == ctx.actor.person)).scalars())


def reads(ctx: Ctx, case: Case) -> bool:
    """Whether the actor may read the record by their own rights."""
    if case.entity not in ctx.app.entities:
        return False
    try:
        reading.require(ctx, case.entity, case.record_id)
    except NotFound:
        return False
    return True


def titles(ctx: Ctx, cases: Iterable[Case]) -> dict[str, str]:
    """Titles of records by id: for cases under way by the right of a seat, for ended ones as far as the actor may read the record."""
    by_seat, by_right = Wanted(), Wanted()
    for case in cases:
        if case.entity in ctx.app.entities:
            (by_seat if case.under_way else by_right).add(case.entity, case.record_id)
    found = resolve(ctx, by_right) if by_right.ids else {}
    if by_seat.ids:
        found = {**resolve(as_system(ctx), by_seat), **found}
    return found


def as_system(ctx: Ctx) -> Ctx:
    """The same work without narrowed rights, in the reader's language: only for what a seat shows by itself."""
    actor = replace(system_actor(ctx.tenant, ctx.release), language=ctx.actor.language, zone=ctx.actor.zone)
    return ctx.acting(actor=actor)


def open_titles(ctx: Ctx, cases: Iterable[str]) -> dict[str, str]:
    """Titles for notices: of the records whose open cases the actor sits in."""
    wanted = [c for c in cases if c]
    if not wanted:
        return {}
    c = t.approval_case.c
    mine = seated(ctx, wanted)
    rows = ctx.conn.execute(select(c.entity, c.record_id).where(c.id.in_(list(mine)), c.state.in_(store.UNDER_WAY))).all() if mine else []
    found = Wanted()
    for row in rows:
        if row.entity in ctx.app.entities:
            found.add(row.entity, row.record_id)
    return resolve(as_system(ctx), found) if found.ids else {}
