"""While somebody is away, a substitute may decide in their place, too."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update

from kernel.errors import Forbidden, Invalid, NotFound, Problem
from kernel.i18n import _
from kernel.platform import audit
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.approvals import case as store
from runtime.approvals import decide, opening, seating

MOST_DAYS = 366


@dataclass(frozen=True, slots=True)
class Absence:
    """A time for which a person named a substitute."""

    id: str
    person_id: str
    substitute_id: str
    from_at: datetime
    to_at: datetime
    note: str | None
    created_at: datetime
    ended_at: datetime | None


_COLUMNS = tuple(t.absence.c[name] for name in Absence.__dataclass_fields__)


def of(ctx: Ctx, person: str | None) -> list[Absence]:
    """Absences that are or come, of one person or (None) of everybody, in order of time."""
    c = t.absence.c
    query = select(*_COLUMNS).where(c.to_at > ctx.now, c.ended_at.is_(None)).order_by(c.from_at, c.id).limit(200)
    return [Absence(*row) for row in ctx.conn.execute(query if person is None else query.where(c.person_id == person))]


def add(ctx: Ctx, person: str, substitute: str | None, from_at: datetime | None, to_at: datetime | None) -> str:
    """Name a substitute: for oneself, or by an administrator for anybody. What waits already goes to the substitute, too. Raises Forbidden, Invalid."""
    _mine(ctx, person)
    problems = []
    if not substitute or substitute not in seating.active(ctx, [substitute]):
        problems.append(Problem("not_found", _("Choose a person who works here."), "substitute"))
    elif substitute == person:
        problems.append(Problem("yourself", _("Nobody stands in for themselves."), "substitute", _("Choose somebody else.")))
    if from_at is None or to_at is None or to_at <= from_at:
        problems.append(Problem("bad_time", _("The end comes after the beginning."), "to", _("Choose both days.")))
    elif (to_at - from_at).days > MOST_DAYS:
        problems.append(Problem("too_long", _("At most a year at a time."), "to"))
    elif to_at <= ctx.now:
        problems.append(Problem("past", _("This time is over already."), "to", _("Choose a day to come.")))
    elif any(a.from_at < to_at and a.to_at > from_at for a in of(ctx, person)):
        problems.append(Problem("overlap", _("There is a substitute for a part of this time already."), "from", _("End the other one first.")))
    if problems or substitute is None or from_at is None or to_at is None:
        raise Invalid(problems)
    id_ = ctx.new_id()
    ctx.conn.execute(insert(t.absence).values(id=id_, person_id=person, substitute_id=substitute, from_at=from_at, to_at=to_at, created_at=ctx.now))
    audit.note(ctx, "absence.added", person, {"substitute": substitute, "from": from_at.isoformat(), "to": to_at.isoformat()})
    if from_at <= ctx.now:
        _hand_over(ctx, person)
    return id_


def end(ctx: Ctx, id_: str) -> None:
    """Back earlier, or never gone. Raises NotFound, Forbidden."""
    row = ctx.conn.execute(select(*_COLUMNS).where(t.absence.c.id == id_)).first()
    if row is None or (row.person_id != ctx.actor.person and "administer" not in ctx.actor.rights):
        raise NotFound()
    if row.ended_at is None:
        ctx.conn.execute(update(t.absence).where(t.absence.c.id == id_).values(ended_at=ctx.now))
        audit.note(ctx, "absence.ended", row.person_id, {"substitute": row.substitute_id})


def _mine(ctx: Ctx, person: str) -> None:
    if person != ctx.actor.person and "administer" not in ctx.actor.rights:
        raise Forbidden(_("You can only do this for yourself."))


def _hand_over(ctx: Ctx, person: str) -> None:
    """Seats beside those where the person is waited for now."""
    s, c = t.approval_seat.c, t.approval_case.c
    query = (
        select(c.id).join_from(t.approval_seat, t.approval_case, s.case_id == c.id)
        .where(s.person_id == person, s.state == decide.WAITING, s.round == c.round, c.state == store.OPEN).distinct())
    for id_ in ctx.conn.execute(query).scalars().all():
        hand_over(ctx, store.load(ctx, id_, lock=True), person)


def hand_over(ctx: Ctx, case: store.Case, person: str) -> None:
    """Give the substitute of somebody who is away now a seat in this case."""
    if case.state != store.OPEN:
        return
    seats = store.seats_now(ctx, case)
    sitting = {(s.step, s.person) for s in seats}
    for seat in decide.waiting(case.steps, case.step, seats):
        if seat.person == person:
            barred = frozenset() if case.pinned[seat.step].own else frozenset({case.requested_by})
            found = seating.substitutes(ctx, [decide.NewSeat(seat.step, person, seat.because)], barred)
            opening.place(ctx, case, [decide.NewSeat(n.step, n.person, n.because, seat.chair) for n in found if (n.step, n.person) not in sitting])
