"""Somebody leaves: no more sign-in, and what they own goes to others. Counted first, then done by a job, batch by batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, literal, or_, select, union_all, update

from kernel.errors import Conflict, FangyuanError, Invalid, Message, Problem
from kernel.i18n import Text, _, to_text
from kernel.jobs import Again, Done, Job, Outcome, queue
from kernel.model.elements import Entity
from kernel.platform import accounts, audit, links, tokens
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.approvals import case as cases
from runtime.approvals import decide, opening
from runtime.notices.tell import settle, tell
from runtime.people import roles
from runtime.people.make import PERSON, load
from runtime.records import road
from runtime.records.record import Input
from runtime.records.shape import shape_of

KIND = "hand_over"
CHANNEL = "hand_over"
BATCH = 50
# What is handed over besides records one owns: questions, seats in approvals, the lead of teams, the people who report.
ASKS, SEATS, TEAMS, REPORTS = "#asks", "#seats", "#teams", "#reports"
OTHERS: Mapping[str, Text] = {
    ASKS: _("Questions to answer"), SEATS: _("Approvals to decide"), TEAMS: _("Teams to look after"), REPORTS: _("People who report")}
_MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class Holding:
    """Open things of one kind that somebody has."""

    key: str
    label: Message
    count: int


def _open(ctx: Ctx, entity: Entity, person: str) -> ColumnElement[bool]:
    """Records of a kind that the person owns and that are not over."""
    table = ctx.tables.of(entity.key).table
    machine = next((m for m in ctx.app.machines_of(entity.key) if m.first), None)
    condition = and_(table.c.owner_id == person, table.c.deleted_at.is_(None))
    if machine is None:
        return condition
    over = [state.key for state in machine.states if state.category != "open"]
    return and_(condition, or_(table.c.state.is_(None), table.c.state.not_in(over))) if over else condition


def _kinds(ctx: Ctx) -> list[Entity]:
    return [entity for entity in ctx.app.entities.values() if entity.key != PERSON]


def _pointing(ctx: Ctx, key: str, person: str) -> tuple[Any, ColumnElement[bool]] | None:
    """Teams the person leads, or people who report to them."""
    entity = "team" if key == TEAMS else PERSON
    shape = shape_of(ctx.release, entity) if entity in ctx.app.entities else None
    field = shape.fields.get("manager") if shape is not None else None
    if shape is None or field is None or not field.columns:
        return None
    return shape.table, and_(field.columns[0] == person, shape.table.c.deleted_at.is_(None))


def holdings(ctx: Ctx, person: str) -> list[Holding]:
    """What the person has that is open, in one statement. Counts only: whoever asks may administer, and sees no record by it."""
    labels: dict[str, Message] = {}
    counts = []

    def add(key: str, label: Message, table: Any, condition: ColumnElement[bool]) -> None:
        labels[key] = label
        counts.append(select(literal(key).label("key"), func.count().label("n")).select_from(table).where(condition))

    for entity in _kinds(ctx):
        add(entity.key, entity.label, ctx.tables.of(entity.key).table, _open(ctx, entity, person))
    add(ASKS, OTHERS[ASKS], t.ask, and_(t.ask.c.person_id == person, t.ask.c.closed_at.is_(None)))
    add(SEATS, OTHERS[SEATS], t.approval_seat, and_(t.approval_seat.c.person_id == person, t.approval_seat.c.state == "waiting"))
    for key in (TEAMS, REPORTS):
        found = _pointing(ctx, key, person)
        if found is not None:
            add(key, OTHERS[key], *found)
    rows = {row.key: row.n for row in ctx.conn.execute(union_all(*counts))}
    return [Holding(key, label, rows[key]) for key, label in labels.items() if rows.get(key)]


def deactivate(ctx: Ctx, person: str, receivers: Mapping[str, str]) -> int | None:
    """No more sign-in from this transaction on; then what ``receivers`` names (kind to person) is handed over.

    Returns the id of the job that does it, None when nothing goes to anybody. Raises NotFound, Conflict, Invalid, Forbidden.
    """
    record = load(ctx, person)
    if person == ctx.actor.person:
        raise Conflict(_("You can't deactivate yourself."), hint=_("Ask another administrator."))
    roles.check_grant(ctx, accounts.roles_of(ctx.conn, person))
    plan = {key: to for key, to in receivers.items() if to}
    _check_receivers(ctx, person, plan)
    roles.check_administrator_left(ctx, {person: ()})
    if accounts.find(ctx.conn, person) is not None:
        accounts.disable(ctx.conn, person, ctx.now)
        links.withdraw(ctx.conn, person)
        # Programs that worked in their name stay out, also when the person comes back one day.
        for token in tokens.open_of(ctx.conn, person, ctx.now):
            tokens.revoke(ctx.conn, token.id, person, ctx.now)
            audit.note(ctx, "token.revoked", person, {"name": token.name, "id": token.id})
    if "active" in record.values and record.values["active"] is not False:
        road.update(ctx, PERSON, person, Input({"active": False}), version=None)  # noted by the hook
    else:
        audit.note(ctx, "person.disabled", person)
    return hand_over(ctx, person, plan) if plan else None


def hand_over(ctx: Ctx, person: str, plan: Mapping[str, str]) -> int:
    """Have what somebody owns handed over, kind by kind, in the name of the actor. Returns the job's id. Raises Invalid."""
    _check_receivers(ctx, person, plan)
    total = sum(h.count for h in holdings(ctx, person) if h.key in plan)
    audit.note(ctx, "person.handed_over", person, {"to": dict(plan)})
    data = {"person": person, "plan": dict(plan), "left": list(plan), "after": None, "done": 0, "total": total, "moved": {}, "kept": []}
    return queue.add(ctx.conn, KIND, data, now=ctx.now, person=ctx.actor.person if ctx.actor.kind == "person" else None)


def _check_receivers(ctx: Ctx, person: str, plan: Mapping[str, str]) -> None:
    known = {e.key for e in _kinds(ctx)} | {ASKS, SEATS, TEAMS, REPORTS}
    for key, to in plan.items():
        account = accounts.find(ctx.conn, to)
        if key not in known or to == person or account is None or account.disabled_at is not None:
            raise Invalid([Problem("receiver", _("Choose somebody who can sign in, and not the one who leaves."), f"to-{key}")])


def reactivate(ctx: Ctx, person: str) -> None:
    """They may sign in again, with the roles they had. Raises NotFound, Forbidden."""
    record = load(ctx, person)
    # What they had comes back with them: nobody gives more than they hold (D30).
    roles.check_grant(ctx, accounts.roles_of(ctx.conn, person))
    if record.values.get("active") is False:
        road.update(ctx, PERSON, person, Input({"active": True}), version=None)  # noted by the hook
    else:
        audit.note(ctx, "person.enabled", person)
    if accounts.find(ctx.conn, person) is not None:
        accounts.enable(ctx.conn, person)
        accounts.bump_rights(ctx.conn)


def jobs_of(conn: Connection, person: str) -> list[Job]:
    """The hand-overs of somebody's things, newest first (the last few of all, looked through)."""
    j = t.job.c
    ids = conn.execute(select(j.id, j.data).where(j.kind == KIND).order_by(j.id.desc()).limit(50)).all()
    found = [queue.find(conn, row.id) for row in ids if row.data.get("person") == person][:1]
    return [job for job in found if job is not None]


# --- the job ----------------------------------------------------------------------------------------------------------


def carry_out(ctx: Ctx, job: Job) -> Outcome:
    """One batch of one kind. What the actor may not give away stays, and is named in the result."""
    data: dict[str, Any] = {**job.data, "moved": dict(job.data["moved"]), "kept": list(job.data["kept"]), "left": list(job.data["left"])}
    ctx = ctx.acting(channel=CHANNEL)
    if not data["left"]:
        _tell(ctx, job, data)
        return Done({"moved": data["moved"], "kept": data["kept"], "plan": data["plan"]})
    key = data["left"][0]
    more, moved = _BATCHES.get(key, _records)(ctx, key, data)
    data["moved"][key] = data["moved"].get(key, 0) + moved
    if not more:
        data["left"], data["after"] = data["left"][1:], None
    return Again(data, {"done": data["done"], "total": max(data["total"], data["done"])})


def _each(ctx: Ctx, entity: str, ids: list[str], data: dict[str, Any], act: Any) -> int:
    """Do ``act`` to each record by itself: one that is refused does not hold up the others."""
    moved = 0
    for id_ in ids:
        try:
            with ctx.conn.begin_nested():
                act(id_)
            moved += 1
        except FangyuanError as error:
            if len(data["kept"]) < _MOST_NAMED:
                data["kept"].append({"entity": entity, "id": id_, "why": to_text(error.message, ctx.language)})
            data["kept_n"] = data.get("kept_n", 0) + 1
    data["done"] += len(ids)
    return moved


def _records(ctx: Ctx, key: str, data: dict[str, Any]) -> tuple[bool, int]:
    entity = ctx.app.entities.get(key)
    if entity is None:
        return False, 0
    table, to = ctx.tables.of(key).table, data["plan"][key]
    query = select(table.c.id).where(_open(ctx, entity, data["person"])).order_by(table.c.id).limit(BATCH)
    if data["after"]:
        query = query.where(table.c.id > data["after"])
    ids = list(ctx.conn.execute(query).scalars())
    moved = _each(ctx, key, ids, data, lambda id_: road.assign(ctx, key, id_, owner=to, version=None))
    data["after"] = ids[-1] if ids else None
    return len(ids) == BATCH, moved


def _led(ctx: Ctx, key: str, data: dict[str, Any]) -> tuple[bool, int]:
    found, entity = _pointing(ctx, key, data["person"]), "team" if key == TEAMS else PERSON
    if found is None:
        return False, 0
    table, condition = found
    query = select(table.c.id).where(condition).order_by(table.c.id).limit(BATCH)
    if data["after"]:
        query = query.where(table.c.id > data["after"])
    ids, to = list(ctx.conn.execute(query).scalars()), data["plan"][key]
    # Whoever takes over does not report to themselves.
    moved = _each(ctx, entity, ids, data, lambda id_: road.update(
        ctx, entity, id_, Input({"manager": None if entity == PERSON and id_ == to else to}, style="value"), version=None))
    data["after"] = ids[-1] if ids else None
    return len(ids) == BATCH, moved


def _asks(ctx: Ctx, key: str, data: dict[str, Any]) -> tuple[bool, int]:
    """Questions that wait for an answer, and what stands of them in the inbox."""
    a, n, person, to = t.ask.c, t.notice.c, data["person"], data["plan"][key]
    moved = ctx.conn.execute(update(t.ask).where(a.person_id == person, a.closed_at.is_(None)).values(person_id=to)).rowcount
    other = t.notice.alias()
    there = select(other.c.id).where(other.c.cause == n.cause, other.c.person_id == to).exists()
    ctx.conn.execute(update(t.notice).where(n.person_id == person, n.kind == "ask", n.done_at.is_(None), ~there).values(person_id=to, read_at=None))
    data["done"] += moved
    return False, moved


def _seats(ctx: Ctx, key: str, data: dict[str, Any]) -> tuple[bool, int]:
    """Seats in approvals under way, passed on case by case; who asked for it or sits there already does not decide it instead."""
    s, person, to = t.approval_seat.c, data["person"], data["plan"][key]
    query = select(s.case_id).where(s.person_id == person, s.state == decide.WAITING).distinct().order_by(s.case_id).limit(BATCH)
    if data["after"]:
        query = query.where(s.case_id > data["after"])
    ids = list(ctx.conn.execute(query).scalars())
    moved = _each(ctx, "", ids, data, lambda id_: _pass_on(ctx, id_, person, to))
    data["after"] = ids[-1] if ids else None
    return len(ids) == BATCH, moved


def _pass_on(ctx: Ctx, case_id: str, person: str, to: str) -> None:
    case = cases.load(ctx, case_id, lock=True)
    seats = cases.seats_now(ctx, case)
    mine = [s for s in seats if s.person == person and s.state == decide.WAITING]
    if to == case.requested_by and not all(case.pinned[s.step].own for s in mine):
        raise Conflict(_("Whoever asked for it can't decide it."))
    if any(s.person == to and s.step == m.step and s.state not in decide.GONE for s in seats for m in mine):
        raise Conflict(_("They sit there already."))
    cases.mark(ctx, {s.id: decide.PASSED_ON for s in mine})
    for step in sorted({s.step for s in mine}):
        cases.log(ctx, case, "pass_on", step=case.pinned[step].key, note="", to=to, instead_of=person, files=[])
    settle(ctx, opening.cause(case), [person])
    opening.place(ctx, case, [decide.NewSeat(s.step, to, "added" if s.because == "added" else "passed_on", s.instead_of if s.because == "added" else s.chair) for s in mine])


_BATCHES = {ASKS: _asks, SEATS: _seats, TEAMS: _led, REPORTS: _led}


def _tell(ctx: Ctx, job: Job, data: Mapping[str, Any]) -> None:
    """Each receiver hears once what they got, in their own language."""
    for to in sorted(set(data["plan"].values())):
        account = accounts.find(ctx.conn, to)
        language = (account.language if account else None) or ctx.tenant.language
        kinds = [
            to_text(_("{label} {n}", label=ctx.app.entities[key].label, n=n), language) for key, n in data["moved"].items()
            if n and data["plan"].get(key) == to and key in ctx.app.entities]
        kinds += [to_text(_("{label} {n}", label=label, n=data["moved"][key]), language) for key, label in OTHERS.items() if data["moved"].get(key) and data["plan"].get(key) == to]
        if kinds:
            tell(ctx, [to], KIND, f"{KIND}:{job.id}", data={"detail": ("、" if language == "zh" else ", ").join(kinds)}, urgency="high")
