"""What time does to a case: deadlines, and seats of people who left or lost their role."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select

from kernel.jobs import Again, Done, Job, Outcome
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.approvals import absence, deadlines, decide, opening, seating
from runtime.approvals import case as store
from runtime.approvals.case import Case
from runtime.approvals.decide import NewSeat, Seat
from runtime.notices.tell import settle, tell

MOST_REMINDERS = 5


def due(ctx: Ctx, job: Job) -> Outcome:
    """A step has waited as long as it may. Runs in one transaction with the note that it ran: never twice."""
    from runtime.approvals import acts

    data = job.data
    case = store.load(ctx, str(data["case"]), lock=True)
    index, time = int(data["step"]), int(data.get("time", 1))
    seats = [s for s in store.seats_now(ctx, case) if s.step == index and s.state == decide.WAITING]
    if case.state != store.OPEN or case.round != data["round"] or index not in case.now_open or not seats:
        return Done({"skipped": True})
    step = case.pinned[index]
    if step.on_due in ("approve", "decline"):
        said = decide.APPROVED if step.on_due == "approve" else decide.DECLINED
        everybody = store.seats_now(ctx, case)
        chairs = {(s.chair, s.because == "added"): s.id for s in seats}
        decision = decide.settle(case.steps, case.step, everybody, dict.fromkeys(chairs.values(), said))
        store.mark(ctx, decision.states)
        store.log(ctx, case, step.on_due, step=step.key, why={"kind": "due"})
        settle(ctx, opening.cause(case), [s.person for s in everybody if decision.states.get(s.id)])
        acts.follow(ctx, case, decision.move)
        return Done({"did": step.on_due})
    again = deadlines.begin(ctx, case, [index])
    if step.on_due == "pass_up" and _pass_up(ctx, case, seats, again):
        did = "pass_up"
    else:
        _remind(ctx, case, index, time, seats)
        did = "remind"
    if time >= MOST_REMINDERS or index not in again:
        return Done({"did": did})
    return Again({**data, "time": time + 1}, at=again[index])


def _remind(ctx: Ctx, case: Case, index: int, time: int, seats: list[Seat]) -> None:
    tell(ctx, [s.person for s in seats], "approval_due", f"approval_due:{case.id}:{case.round}:{index}:{time}", entity=case.entity, record=case.record_id,
         data={"case": case.id, "transition": case.transition})
    store.log(ctx, case, "remind", step=case.pinned[index].key)


def _pass_up(ctx: Ctx, case: Case, seats: list[Seat], due: Mapping[int, datetime]) -> bool:
    """The managers of those who wait may decide in their place; all of them may. Each time it goes one level further up; False: nobody stands above."""
    barred = frozenset() if case.pinned[seats[0].step].own else frozenset({case.requested_by})
    sitting = {(s.step, s.person) for s in store.seats_now(ctx, case)}
    new: list[NewSeat] = []
    for seat in seats:
        above = seating.manager_of(ctx, seat.person, barred)
        # Admins stand in where somebody has no manager at all, not above the topmost.
        admins = sorted(seating.holders_of_right(ctx, "administer") - barred) if above is None and seat.because != "up" else []
        for person in [above] if above else admins:
            if (seat.step, person) not in sitting:
                sitting.add((seat.step, person))
                new.append(NewSeat(seat.step, person, "up", seat.chair))
    if not new:
        return False
    store.log(ctx, case, "pass_up", step=case.pinned[seats[0].step].key, to=[n.person for n in new], why={"kind": "due"})
    opening.place(ctx, case, new, due)
    return True


def tend(ctx: Ctx, job: Job) -> Outcome:
    """Standing work: seats of people who can't decide any more go to somebody who can."""
    c, s = t.approval_case.c, t.approval_seat.c
    query = (
        select(s.case_id, s.person_id).join_from(t.approval_seat, t.approval_case, s.case_id == c.id)
        .where(c.state == store.OPEN, s.state == decide.WAITING, s.round == c.round))
    rows = ctx.conn.execute(query).all()
    identities = seating.active(ctx, {r.person_id for r in rows})
    done = 0
    for id_ in dict.fromkeys(r.case_id for r in rows):
        case = store.load(ctx, id_)
        waiting = decide.waiting(case.steps, case.step, store.seats_now(ctx, case))
        if any(not _fit(case, seat, identities.get(seat.person)) for seat in waiting):
            case = store.load(ctx, id_, lock=True)
            if case.state == store.OPEN:
                reseat(ctx, case)
                done += 1
    for id_, person in _gone_away(ctx):
        absence.hand_over(ctx, store.load(ctx, id_, lock=True), person)
    return Done({"mended": done})


def _gone_away(ctx: Ctx) -> list[tuple[str, str]]:
    """Cases that wait for somebody whose absence has begun and whose substitute has no seat there yet."""
    a, c = t.absence.c, t.approval_case.c
    s, other = t.approval_seat.c, t.approval_seat.alias().c
    query = (
        select(s.case_id, s.person_id).join_from(t.approval_seat, t.approval_case, s.case_id == c.id).join(t.absence, a.person_id == s.person_id)
        .where(
            c.state == store.OPEN, s.state == decide.WAITING, s.round == c.round, a.from_at <= ctx.now, a.to_at > ctx.now, a.ended_at.is_(None),
            a.substitute_id != c.requested_by,
            ~select(other.id).where(other.case_id == s.case_id, other.round == s.round, other.step == s.step, other.person_id == a.substitute_id).exists())
        .distinct())
    return [(row.case_id, row.person_id) for row in ctx.conn.execute(query)]


def _fit(case: Case, seat: Seat, identity: object) -> bool:
    role = case.pinned[seat.step].role if seat.because == "approver" else None
    return identity is not None and (role is None or role in getattr(identity, "roles", ()))


def reseat(ctx: Ctx, case: Case, *, anew: bool = False) -> Case:
    """Take seats from who can't decide any more, find others, and see where that leads. ``anew``: whoever should decide now, instead of the old ones."""
    from runtime.approvals import acts

    there = seating.pinned(ctx, case)
    env = seating.env_of(there, case)
    steps = seating.steps_of(there, case)
    assert env is not None
    seats = store.seats_now(ctx, case)
    if anew and not any(seating.counts(env, steps[i]) for i in case.now_open if i < len(steps)):
        return opening.again(ctx, case, 0)
    identities = seating.active(ctx, {s.person for s in seats})
    dropped: list[Seat] = []
    new: list[NewSeat] = []
    for index in case.now_open:
        own = [s for s in seats if s.step == index and s.state == decide.WAITING]
        wanted = seating.deciders(there, env, steps[index], index, case.requested_by) if index < len(steps) and seating.counts(env, steps[index]) else []
        named = {w.person for w in wanted}
        gone = [s for s in own if not _fit(case, s, identities.get(s.person)) or (anew and s.because in ("approver", "substitute") and s.person not in named)]
        dropped += gone
        sitting = {s.person for s in seats if s.step == index and s not in gone and s.state != decide.SKIPPED}
        fresh = anew or any(s.because not in decide.SHARED | {"added"} for s in gone)
        new += [w for w in wanted if fresh and w.person not in sitting]
        new += [n for s in gone if s.because in decide.SHARED | {"added"} for n in _instead(ctx, case, s, sitting)]
    if not dropped and not new:
        return case
    store.mark(ctx, {s.id: decide.SKIPPED for s in dropped})
    settle(ctx, opening.cause(case), [s.person for s in dropped])
    if dropped:
        store.log(ctx, case, "reseat", to=[n.person for n in new], gone=[s.person for s in dropped])
    opening.place(ctx, case, new)
    decision = decide.settle(case.steps, case.step, store.seats_now(ctx, case), {})
    if not any(s.state == decide.WAITING for s in store.seats_now(ctx, case) if s.step in case.now_open) and decision.move.kind == "wait":
        return opening.give_back(ctx, case, {"kind": "nobody", "step": case.step})
    store.mark(ctx, decision.states)
    return acts.follow(ctx, case, decision.move)


def _instead(ctx: Ctx, case: Case, seat: Seat, sitting: set[str]) -> list[NewSeat]:
    """Who takes the place of somebody who was given it and can't fill it: whose it was, else a manager."""
    for person in (seat.instead_of, seating.manager_of(ctx, seat.person)):
        if person and person != case.requested_by and person not in sitting and person in seating.active(ctx, [person]):
            return [NewSeat(seat.step, person, seat.because, seat.instead_of if seat.because in decide.SHARED else None)]
    return []
