"""Cases as people see them: who decided, who is waited for since when, what was said. A fixed number of statements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, select

from kernel.errors import Message
from kernel.i18n import Text, _
from kernel.model.deciders import decider_words
from kernel.model.elements import Transition
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.approvals import case as store
from runtime.approvals import decide, seating, sight
from runtime.approvals.case import Case, SeatRow
from runtime.files import uploads
from runtime.records.env import RecordEnv
from runtime.records.labels import Wanted, resolve

VERBS = ("approve", "decline", "return", "pass_on", "add")


@dataclass(frozen=True, slots=True)
class SeatView:
    """A seat with names. ``instead_of`` is a name; ``files`` are rows."""

    person: str
    name: str
    state: str
    because: str
    instead_of: str | None
    due_at: datetime | None
    decided_at: datetime | None
    note: str | None
    files: Sequence[Any]


@dataclass(frozen=True, slots=True)
class StepView:
    """A step: done, current, todo, skipped (did not count), declined or returned."""

    key: str
    label: Message
    status: str
    mode: Message | None
    who: Message
    seats: tuple[SeatView, ...]


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case. ``may``: what the reader may do; ``why``: why it is where it is; ``since``: when the open steps began to wait."""

    case: Case
    title: str
    requester: str
    steps: tuple[StepView, ...]
    may: tuple[str, ...]
    files: Sequence[Any]
    why: Message | None
    by: str | None
    waiting: tuple[str, ...]
    since: datetime | None


def of_record(ctx: Ctx, entity: str, record_id: str) -> list[CaseView]:
    """What a record page shows: cases under way, else the last one that ended."""
    cases = store.of_records(ctx, entity, [record_id], (*store.UNDER_WAY, store.APPROVED, store.DECLINED, store.WITHDRAWN, store.VOID))
    shown = [c for c in cases if c.under_way] or cases[-1:]
    return views(ctx, shown)


def all_of_record(ctx: Ctx, entity: str, record_id: str) -> list[CaseView]:
    """Every case of a record, oldest first."""
    return views(ctx, store.of_records(ctx, entity, [record_id], (*store.UNDER_WAY, store.APPROVED, store.DECLINED, store.WITHDRAWN, store.VOID)))


def views(ctx: Ctx, cases: Sequence[Case]) -> list[CaseView]:
    """Cases with seats, names and files."""
    if not cases:
        return []
    seats = store.seats_of(ctx, [c.id for c in cases])
    names = _names(ctx, cases, seats)
    titles = sight.titles(ctx, cases)
    files = uploads.rows(ctx, [f for c in cases for ids in (c.files, *(s.files for s in seats[c.id])) for f in ids or ()])
    return [_view(ctx, c, seats[c.id], names, titles.get(c.record_id, ""), files) for c in cases]


def _names(ctx: Ctx, cases: Iterable[Case], seats: Mapping[str, Iterable[SeatRow]]) -> Mapping[str, str]:
    wanted = Wanted()
    for case in cases:
        wanted.add("person", case.requested_by)
        wanted.add("person", (case.outcome or {}).get("by"))
        for seat in seats[case.id]:
            wanted.add("person", seat.person_id)
            wanted.add("person", seat.instead_of)
    # Whoever sees the case must know who decides it.
    return resolve(sight.as_system(ctx), wanted)


def _view(ctx: Ctx, case: Case, rows: Sequence[SeatRow], names: Mapping[str, str], title: str, files: Mapping[str, Any]) -> CaseView:
    present = [r for r in rows if r.round == case.round]
    steps = tuple(_step(ctx, case, i, present, rows, names, files) for i in range(len(case.pinned)))
    mine = [s for s in decide.waiting(case.steps, case.step, [r.seat for r in present]) if s.person == ctx.actor.person] if case.state == store.OPEN else []
    may: list[str] = []
    if mine:
        allowed = {verb for s in mine for verb in case.pinned[s.step].may}
        may = ["approve", "decline", "return", *(["pass_on"] if "delegate" in allowed else []), *(["add"] if "add" in allowed else [])]
    if case.under_way and (case.requested_by == ctx.actor.person or "administer" in ctx.actor.rights):
        may.append("withdraw")
    waiting = [r for r in present if case.state == store.OPEN and r.state == decide.WAITING and r.step in case.now_open]
    since = max((r.decided_at for r in rows if r.decided_at), default=case.requested_at)
    why, by = _why(ctx, case, names)
    return CaseView(
        case, title, names.get(case.requested_by) or str(_("Somebody").to(ctx.language)), steps, tuple(may), [files[f] for f in case.files or () if f in files],
        why, by, tuple(names.get(r.person_id) or "—" for r in waiting), since)


def _step(ctx: Ctx, case: Case, index: int, present: Sequence[SeatRow], rows: Sequence[SeatRow], names: Mapping[str, str], files: Mapping[str, Any]) -> StepView:
    pinned = case.pinned[index]
    # Behind a return to the step before, what earlier steps said still stands.
    own = [r for r in present if r.step == index]
    if not own and case.under_way and index < case.step:
        last = max((r.round for r in rows if r.step == index), default=0)
        own = [r for r in rows if r.step == index and r.round == last and r.state != decide.SKIPPED]
    shown = tuple(
        SeatView(
            r.person_id, names.get(r.person_id) or "—", r.state, r.because, names.get(r.instead_of or ""), r.due_at, r.decided_at, r.note,
            [files[f] for f in r.files or () if f in files])
        for r in own if not (r.state == decide.SKIPPED and r.because in ("up", "substitute")))
    return StepView(pinned.key, pinned.label, _status(case, index, own), _mode(pinned), _who(ctx, case, index), shown)


def _status(case: Case, index: int, own: Sequence[SeatRow]) -> str:
    said = {r.state for r in own}
    if decide.DECLINED in said and case.state == store.DECLINED:
        return "declined"
    if decide.RETURNED in said and case.state == store.RETURNED:
        return "returned"
    if index in case.now_open:
        return "current" if any(r.state == decide.WAITING for r in own) else "done" if own else "skipped"
    if not own:
        return "skipped" if index < case.step or case.state == store.APPROVED else "todo"
    return "done" if decide.APPROVED in said else "todo"


def _mode(step: Any) -> Message | None:
    if step.mode == "all":
        return _("all of them")
    return _("{n} of them", n=step.votes or 1) if step.mode == "votes" else None


def _who(ctx: Ctx, case: Case, index: int) -> Message:
    there = seating.pinned(ctx, case)
    steps = seating.steps_of(there, case)
    return decider_words(there.app, case.entity, steps[index]) if index < len(steps) else case.pinned[index].label


def _why(ctx: Ctx, case: Case, names: Mapping[str, str]) -> tuple[Message | None, str | None]:
    outcome = case.outcome or {}
    by = names.get(outcome.get("by") or "")
    kind = outcome.get("kind")
    if kind == "refused":
        return _("Everybody agreed, but the step is closed: {what}", what=[w["what"].get(ctx.language, "") for w in outcome.get("why") or ()]), by
    fields = [ctx.app.entities[case.entity].by_key[k].label for k in outcome.get("fields") or () if k in ctx.app.entities[case.entity].by_key]
    words: Mapping[str, Text] = {
        "nobody": _("Nobody can decide the next step. An admin has to name somebody."), "requester_gone": _("Whoever asked for it no longer works here."),
        "deleted": _("The record was moved to the bin."), "moved": _("The record moved on by another step."),
        "changed": _("The record was changed ({fields}), so what had been approved before no longer counts.", fields=fields),
    }
    return words.get(str(kind)), by


# --- before it begins ---------------------------------------------------------------------------------------------------


def forecast(ctx: Ctx, env: RecordEnv, transition: Transition) -> list[dict[str, Any]]:
    """Who will be asked, as things stand: per step its name, the people, and whether it runs beside the one before."""
    found: list[dict[str, Any]] = []
    everybody: list[str] = []
    for index, step in enumerate(transition.approvals):
        if not seating.counts(env, step):
            continue
        seats = seating.deciders(ctx, env, step, index, ctx.actor.person)
        everybody += [s.person for s in seats]
        found.append({"label": step.label, "people": [s.person for s in seats if s.because != "substitute"], "group": step.side_by_side, "mode": _mode(step)})
    wanted = Wanted()
    wanted.add("person", tuple(everybody))
    names = resolve(sight.as_system(ctx), wanted) if everybody else {}
    for row in found:
        row["people"] = [names.get(p) or "—" for p in row["people"]]
    return found


# --- lists of one person ------------------------------------------------------------------------------------------------


def count_waiting(ctx: Ctx) -> int:
    """How many cases wait for the actor."""
    return int(ctx.conn.execute(select(func.count(func.distinct(t.approval_case.c.id))).select_from(_join()).where(_waits_for(ctx))).scalar_one())


def _join() -> Any:
    return t.approval_seat.join(t.approval_case, t.approval_seat.c.case_id == t.approval_case.c.id)


def _waits_for(ctx: Ctx) -> Any:
    s, c = t.approval_seat.c, t.approval_case.c
    return and_(s.person_id == ctx.actor.person, s.state == decide.WAITING, c.state == store.OPEN, s.round == c.round)


def mine(ctx: Ctx, tab: str, limit: int = 50, before: str | None = None) -> list[CaseView]:
    """Cases that wait for the actor (the oldest first), that they decided, or that they asked for (the newest first)."""
    s, c = t.approval_seat.c, t.approval_case.c
    if tab == "waiting":
        query = select(c.id).select_from(_join()).where(_waits_for(ctx)).group_by(c.id).order_by(c.id)
        query = query.where(c.id > before) if before else query
    elif tab == "decided":
        said = (decide.APPROVED, decide.DECLINED, decide.RETURNED, decide.PASSED_ON)
        query = select(c.id).select_from(_join()).where(s.person_id == ctx.actor.person, s.state.in_(said)).group_by(c.id).order_by(c.id.desc())
        query = query.where(c.id < before) if before else query
    else:
        query = select(c.id).where(c.requested_by == ctx.actor.person).order_by(c.id.desc())
        query = query.where(c.id < before) if before else query
    ids = list(ctx.conn.execute(query.limit(limit)).scalars())
    found = {row.id: row for row in load_many(ctx, ids)}
    return views(ctx, [found[i] for i in ids])


def load_many(ctx: Ctx, ids: Sequence[str]) -> list[Case]:
    """Cases by id, in no order."""
    columns = [t.approval_case.c[name] for name in Case.__dataclass_fields__]
    return [Case(*row) for row in ctx.conn.execute(select(*columns).where(t.approval_case.c.id.in_(list(ids))))] if ids else []
