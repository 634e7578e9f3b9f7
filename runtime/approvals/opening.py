"""Beginning a case, opening its steps one after the other, and what happens behind the last one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select

from kernel import jobs
from kernel.errors import Conflict, FangyuanError, Forbidden, Invalid, NotFound, Refused, Stale
from kernel.i18n import LANGUAGES, to_text
from kernel.model.elements import Transition
from kernel.platform.ctx import Ctx
from runtime.approvals import case as store
from runtime.approvals import deadlines, decide, doors, seating
from runtime.approvals.case import Case
from runtime.notices.tell import settle, tell
from runtime.records.env import RecordEnv
from runtime.records.record import Record

DUE = "approval_due"
REFUSALS = (Refused, Invalid, Forbidden, NotFound, Conflict, Stale)


def needed(env: RecordEnv, transition: Transition) -> bool:
    """Whether any step of the approval counts for the record as it would be."""
    return any(seating.counts(env, step) for step in transition.approvals)


def refuse_if_waiting(ctx: Ctx, record: Record, transition: Transition) -> None:
    """Raises Refused while the same step already waits for approval."""
    found = next((c for c in store.of_records(ctx, record.entity, [record.id], (store.OPEN,)) if c.transition == transition.key), None)
    if found is not None:
        raise Refused([doors.waits(found)])


def begin(ctx: Ctx, record: Record, transition: Transition, asks: Mapping[str, Any], note: str | None, files: Sequence[str]) -> Case:
    """Open a case for a record that passed everything the transition asks for; a returned one goes on with a new round."""
    back = next((c for c in store.of_records(ctx, record.entity, [record.id], (store.RETURNED,)) if c.transition == transition.key), None)
    if back is not None:
        case = store.change(
            ctx, back, state=store.OPEN, round=back.round + 1, step=0, record_version=record.version, input={"asks": dict(asks)}, note=note or back.note,
            files=list(files) or list(back.files or ()), outcome=None, closed_at=None, closed_by=None, requested_by=ctx.actor.person)
        settle(ctx, f"approval_back:{case.id}:{back.round}")
    else:
        case = store.add(ctx, {
            "entity": record.entity, "record_id": record.id, "transition": transition.key, "release_id": ctx.release.id,
            "definition": store.definition_of(transition), "state": store.OPEN, "step": 0, "round": 1, "requested_by": ctx.actor.person,
            "requested_at": ctx.now, "record_version": record.version, "input": {"asks": dict(asks)}, "note": note, "files": list(files), "version": 1})
    store.log(ctx, case, "request", note=note, files=list(files))
    return open_from(ctx, case, 0)


def open_from(ctx: Ctx, case: Case, at: int) -> Case:
    """Open the first group from step ``at`` on that counts now; behind the last one the transition is taken."""
    there = seating.pinned(ctx, case)
    env = seating.env_of(there, case)
    steps = seating.steps_of(there, case)
    assert env is not None
    for group in decide.groups(case.steps):
        if group[0] < at:
            continue
        counting = [i for i in group if i < len(steps) and seating.counts(env, steps[i])]
        if not counting:
            continue
        wanted = [seat for i in counting for seat in seating.deciders(there, env, steps[i], i, case.requested_by)]
        if any(not any(s.step == i for s in wanted) for i in counting):
            return give_back(ctx, case, {"kind": "nobody", "step": counting[0]})
        case = store.change(ctx, case, step=group[0])
        due = deadlines.begin(ctx, case, counting)
        place(ctx, case, wanted, due)
        plan(ctx, case, due)
        return case
    return complete(ctx, case)


def place(ctx: Ctx, case: Case, seats: Sequence[decide.NewSeat], due: Mapping[int, datetime] | None = None) -> None:
    """Give seats and tell whoever got one. ``due``: deadlines by step; left out, those that the steps have: passing on gains no time."""
    store.seat(ctx, case, seats, deadlines.standing(ctx, case) if due is None else due)
    asking = ctx if ctx.actor.person == case.requested_by else ctx.acting(actor=_named(ctx, case.requested_by))
    tell(asking, [s.person for s in seats], "approval", cause(case), entity=case.entity, record=case.record_id, data=_about(case, case.note))


def plan(ctx: Ctx, case: Case, due: Mapping[int, datetime]) -> None:
    """A job for the deadline of each step."""
    for index, at in due.items():
        data = {"case": case.id, "step": index, "round": case.round, "time": 1}
        jobs.add(ctx.conn, DUE, data, now=ctx.now, due=at, key=f"{DUE}:{case.id}:{case.round}:{index}")


def cause(case: Case) -> str:
    """Names the notices of the steps that are open."""
    return f"approval:{case.id}:{case.round}:{case.step}"


def complete(ctx: Ctx, case: Case) -> Case:
    """Everybody agreed: the transition is taken in the requester's name, by the rules of this moment. What they refuse returns the case."""
    from runtime.records import road

    identity = seating.active(ctx, [case.requested_by]).get(case.requested_by)
    if identity is None:
        return give_back(ctx, case, {"kind": "requester_gone"})
    agreed = [s.person_id for s in store.seats_of(ctx, [case.id])[case.id] if s.state == decide.APPROVED]
    try:
        with ctx.conn.begin_nested():
            done = store.change(ctx, case, state=store.APPROVED, closed_at=ctx.now, closed_by=ctx.actor.person, outcome=None)
            as_requester = ctx.acting(actor=identity.actor(ctx.tenant, language=ctx.language))
            approved = {"case": case.id, "approved_by": list(dict.fromkeys(agreed))}
            road.transition(as_requester, case.entity, case.record_id, case.transition, asks=case.input.get("asks") or {}, version=None, approved=approved)
    except REFUSALS as error:
        return give_back(ctx, case, {"kind": "refused", "why": reasons(error)})
    settle(ctx, cause(case))
    _heard(ctx, case, store.APPROVED)
    tell(ctx, [case.requested_by], "approval_agreed", f"approval_agreed:{case.id}:{case.round}", entity=case.entity, record=case.record_id, data=_about(case))
    return done


def reasons(error: FangyuanError) -> list[dict[str, Any]]:
    """Why the road refused, in every language, with the rules."""
    if isinstance(error, Refused):
        return [{"what": _both(m.what), "rule": m.rule} for m in error.missing]
    if isinstance(error, Invalid):
        return [{"what": _both(p.message), "rule": p.rule} for p in error.problems]
    return [{"what": _both(error.message), "rule": getattr(error, "rule", None)}]


def _both(message: Any) -> dict[str, str]:
    return {language: to_text(message, language) for language in LANGUAGES}


def give_back(ctx: Ctx, case: Case, outcome: Mapping[str, Any]) -> Case:
    """Back to the requester, who mends the record and asks again, or withdraws. Nothing is lost."""
    if outcome["kind"] != "return":
        store.log(ctx, case, "stopped", why=outcome)
    _clear(ctx, case)
    back = store.change(ctx, case, state=store.RETURNED, outcome=dict(outcome))
    _heard(ctx, case, store.RETURNED)
    record = f"approval_back:{case.id}:{case.round}"
    tell(ctx, [_asker(ctx, case)], "approval_returned", record, entity=case.entity, record=case.record_id, data=_about(case, outcome.get("note")))
    return back


def _asker(ctx: Ctx, case: Case) -> str:
    """Whoever asked, or has the record now where they left: somebody must know that it came back."""
    if seating.active(ctx, [case.requested_by]):
        return case.requested_by
    table = ctx.tables.of(case.entity).table
    owner: str | None = ctx.conn.execute(select(table.c.owner_id).where(table.c.id == case.record_id)).scalar()
    return owner or case.requested_by


def close(ctx: Ctx, case: Case, state: str, outcome: Mapping[str, Any], kind: str | None = None) -> Case:
    """End a case without the transition."""
    _clear(ctx, case)
    done = store.change(ctx, case, state=state, outcome=dict(outcome), closed_at=ctx.now, closed_by=ctx.actor.person)
    settle(ctx, f"approval_back:{case.id}:{case.round}")
    _heard(ctx, case, state)
    if kind is not None:
        tell(ctx, [case.requested_by], kind, f"{kind}:{case.id}", entity=case.entity, record=case.record_id, data=_about(case, outcome.get("note")))
    return done


def _heard(ctx: Ctx, case: Case, state: str) -> None:
    """Automations that wait for how an approval ends."""
    from runtime.automations import outside

    outside.of_approval(ctx, case.entity, case.record_id, state, case.transition)


def again(ctx: Ctx, case: Case, at: int, **values: Any) -> Case:
    """A new round from step ``at`` on: what was said in the old one stays in its seats and counts no more."""
    _clear(ctx, case)
    return open_from(ctx, store.change(ctx, case, round=case.round + 1, step=at, **values), at)


def _clear(ctx: Ctx, case: Case) -> None:
    """Nobody needs to do anything any more in the present round."""
    store.mark(ctx, {s.id: decide.SKIPPED for s in store.seats_now(ctx, case) if s.state == decide.WAITING})
    settle(ctx, cause(case))


def _about(case: Case, detail: Any = None) -> dict[str, Any]:
    return {"case": case.id, "transition": case.transition, **({"detail": str(detail)[:200]} if detail else {})}


def _named(ctx: Ctx, person: str) -> Any:
    return replace(ctx.actor, person=person)

