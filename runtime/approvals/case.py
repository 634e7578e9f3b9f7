"""Cases and seats as rows: loaded, locked, written. Everything else works with the values."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import insert, select, update

from kernel.errors import Message, NotFound
from kernel.i18n import Labels
from kernel.model.elements import Approval, Transition
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.approvals import decide
from runtime.records import changelog, events
from runtime.records.shape import shape_of

OPEN, RETURNED, APPROVED, DECLINED, WITHDRAWN, VOID = "open", "returned", "approved", "declined", "withdrawn", "void"
UNDER_WAY = (OPEN, RETURNED)


@dataclass(frozen=True)
class PinnedStep:
    """A step as the case began with it: how it is decided, and what it was called."""

    key: str
    uid: str
    labels: Mapping[str, str]
    mode: str
    votes: int | None
    group: str | None
    returns_to: str
    may: tuple[str, ...]
    own: bool
    due: float | None
    on_due: str
    role: str | None
    # Cases that began before hours could be told apart counted every one.
    counts: str = "elapsed"

    @property
    def label(self) -> Message:
        return Labels(self.labels, self.key.replace("_", " ").capitalize())

    @property
    def rules(self) -> decide.Step:
        return decide.Step(self.mode, self.votes, self.group, self.returns_to, frozenset(self.may))


def pin(step: Approval) -> dict[str, Any]:
    """What a case keeps of a step."""
    return {
        "key": step.key, "uid": step.uid, "labels": dict(step.labels), "mode": step.mode, "votes": step.votes, "group": step.side_by_side,
        "returns_to": step.returns_to, "may": list(step.may), "own": step.self_, "due": step.due, "on_due": step.on_due, "role": step.role,
        "counts": step.counts}


@dataclass(frozen=True)
class Case:
    """One run of an approval."""

    id: str
    entity: str
    record_id: str
    transition: str
    release_id: int
    definition: Mapping[str, Any]
    state: str
    step: int
    round: int
    requested_by: str
    requested_at: datetime
    record_version: int
    input: Mapping[str, Any]
    note: str | None
    files: Sequence[str] | None
    outcome: Mapping[str, Any] | None
    closed_at: datetime | None
    closed_by: str | None
    version: int

    @cached_property
    def pinned(self) -> tuple[PinnedStep, ...]:
        return tuple(PinnedStep(**{**s, "may": tuple(s["may"])}) for s in self.definition["steps"])

    @cached_property
    def steps(self) -> tuple[decide.Step, ...]:
        return tuple(s.rules for s in self.pinned)

    @property
    def label(self) -> Message:
        """What the transition was called when the case began."""
        return Labels(self.definition.get("labels") or {}, self.transition.replace("_", " ").capitalize())

    @property
    def rule(self) -> str:
        """The uid refusals bear."""
        return f"{self.definition['uid']}#approvals"

    @property
    def under_way(self) -> bool:
        return self.state in UNDER_WAY

    @property
    def now_open(self) -> tuple[int, ...]:
        """The steps that run now."""
        return decide.group_of(self.steps, self.step) if self.state == OPEN else ()


@dataclass(frozen=True, slots=True)
class SeatRow:
    """A seat with everything that stands in its row."""

    id: str
    case_id: str
    step: int
    round: int
    person_id: str
    instead_of: str | None
    because: str
    state: str
    due_at: datetime | None
    decided_at: datetime | None
    note: str | None
    files: Sequence[str] | None

    @property
    def seat(self) -> decide.Seat:
        return decide.Seat(self.id, self.step, self.person_id, self.state, self.because, self.instead_of)


_CASE = tuple(t.approval_case.c[name] for name in Case.__dataclass_fields__)
_SEAT = tuple(t.approval_seat.c[name] for name in SeatRow.__dataclass_fields__)


def definition_of(transition: Transition) -> dict[str, Any]:
    """What a case keeps of the transition; formulas and people are looked up in the release it names."""
    return {
        "uid": transition.uid, "labels": dict(transition.labels), "on_change": transition.on_change, "free_fields": list(transition.free_fields),
        "shows": list(transition.shows), "on_decline": transition.on_decline, "steps": [pin(s) for s in transition.approvals]}


def load(ctx: Ctx, id_: str, *, lock: bool = False) -> Case:
    """The case. ``lock``: with its record, in the order in which the road locks. Raises NotFound."""
    query = select(*_CASE).where(t.approval_case.c.id == id_)
    row = ctx.conn.execute(query).first()
    if row is None:
        raise NotFound()
    found = Case(*row)
    if lock and ctx.conn.dialect.name == "postgresql":
        if found.entity in ctx.app.entities:
            table = shape_of(ctx.release, found.entity).table
            ctx.conn.execute(select(table.c.id).where(table.c.id == found.record_id).with_for_update())
        found = Case(*ctx.conn.execute(query.with_for_update()).one())
    return found


def of_records(ctx: Ctx, entity: str, ids: Collection[str], states: Sequence[str] = UNDER_WAY) -> list[Case]:
    """The cases of these records, oldest first; one statement."""
    if not ids:
        return []
    c = t.approval_case.c
    query = select(*_CASE).where(c.entity == entity, c.record_id.in_(list(ids)), c.state.in_(list(states))).order_by(c.requested_at, c.id)
    return [Case(*row) for row in ctx.conn.execute(query)]


def seats_of(ctx: Ctx, cases: Collection[str]) -> dict[str, list[SeatRow]]:
    """All seats of these cases, all rounds, in the order they were given."""
    found: dict[str, list[SeatRow]] = {id_: [] for id_ in cases}
    if found:
        c = t.approval_seat.c
        for row in ctx.conn.execute(select(*_SEAT).where(c.case_id.in_(list(found))).order_by(c.id)):
            found[row.case_id].append(SeatRow(*row))
    return found


def seats_now(ctx: Ctx, case: Case) -> list[decide.Seat]:
    """The seats of the present round."""
    return [s.seat for s in seats_of(ctx, [case.id])[case.id] if s.round == case.round]


def add(ctx: Ctx, values: Mapping[str, Any]) -> Case:
    """A new case."""
    id_ = ctx.new_id()
    ctx.conn.execute(insert(t.approval_case).values(id=id_, **values))
    return load(ctx, id_)


def change(ctx: Ctx, case: Case, **values: Any) -> Case:
    """Write some columns."""
    ctx.conn.execute(update(t.approval_case).where(t.approval_case.c.id == case.id).values(**values, version=t.approval_case.c.version + 1))
    return load(ctx, case.id)


def seat(ctx: Ctx, case: Case, made: Iterable[decide.NewSeat], due: Mapping[int, datetime]) -> None:
    """Give seats, each with the deadline of its step."""
    rows = [
        {"id": ctx.new_id(), "case_id": case.id, "step": new.step, "round": case.round, "person_id": new.person, "instead_of": new.instead_of,
         "because": new.because, "state": decide.WAITING, "due_at": due.get(new.step)}
        for new in made]
    if rows:
        ctx.conn.execute(insert(t.approval_seat), rows)


def mark(ctx: Ctx, states: Mapping[str, str], decided: Mapping[str, Any] | None = None, by: Collection[str] = ()) -> None:
    """Write the states of seats; those of ``by`` with note and files of who decided."""
    c = t.approval_seat.c
    for id_, state in states.items():
        values: dict[str, Any] = {"state": state, "decided_at": ctx.now}
        if id_ in by:
            values.update(decided or {})
        ctx.conn.execute(update(t.approval_seat).where(c.id == id_).values(**values))


def log(ctx: Ctx, case: Case, act: str, **more: Any) -> None:
    """The act in the record's history, chained like every other entry."""
    shape = shape_of(ctx.release, case.entity)
    version = ctx.conn.execute(select(shape.table.c.version).where(shape.table.c.id == case.record_id)).scalar_one()
    head = changelog.heads(ctx, case.entity, [case.record_id]).get(case.record_id, (0, None))
    reason = {"case": case.id, "act": act, "transition": case.transition, "round": case.round, **{k: v for k, v in more.items() if v}}
    changelog.write(ctx, shape, [changelog.Entry(case.record_id, "approval", version, (), reason, head)])
    events.write(ctx, f"approval_{act}", case.entity, [(case.record_id, {"case": case.id, "version": version})])
