"""To whom a record goes: by turns, to who has least, to who fits, by territory. Exactly fair, also when many go out at once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from kernel.errors import Conflict
from kernel.expr import to_where
from kernel.i18n import _
from kernel.model.elements import AutomationStep
from kernel.platform import actors
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.automations.stretch import Stretch
from runtime.records.env import Env, RecordEnv
from runtime.records.shape import shape_of
from runtime.records.sqlscope import RecordScope


@dataclass(frozen=True, slots=True)
class Chosen:
    """Who, and why: ``why`` is turns, load, first, named or else; ``among`` how many there were to choose from, ``left_out`` who is away."""

    person: str | None
    team: str | None
    why: str
    among: int = 0
    left_out: int = 0

    def to_json(self) -> dict[str, Any]:
        """For the run's log."""
        return {"to": self.person, "team": self.team, "why": self.why, "among": self.among, "left_out": self.left_out}


def choose(stretch: Stretch, step: AutomationStep, env: Env) -> Chosen:
    """Who gets the record at hand. Raises Conflict when there is nobody."""
    at = stretch.record_env(env)
    if step.to is not None:
        named = stretch.value(step, "to", step.to, env)
        if isinstance(named, str):
            return Chosen(named, None, "named")
        return _otherwise(stretch, step, env, None, 0, 0)
    team = _territory(stretch, step, env) if step.team is not None else None
    if step.among is None:
        if team is None:
            raise Conflict(_("No team was found for it."))
        return Chosen(None, team, "territory", 1)
    around = team or at.team
    everybody = members(stretch.base, step.among.removeprefix("role:"), step.within, around)
    away = absent(stretch.base, everybody)
    here = [person for person in everybody if person not in away]
    if step.fits is not None:
        here = _fitting(stretch, step, env, here)
    if not here:
        return _otherwise(stretch, step, env, team, 0, len(away))
    person = here[0]
    if step.by != "first":
        last = _lock(stretch.base, step.uid, around)
        order = [p for p in here if last is not None and p > last] + [p for p in here if last is None or p <= last]
        person = order[0]
        if step.by == "load":
            held = _held(stretch, step, at, here)
            person = min(order, key=lambda p: held.get(p, 0))
        _pass_on(stretch.base, step.uid, around, person)
    return Chosen(person, team, step.by, len(here), len(away))


def _otherwise(stretch: Stretch, step: AutomationStep, env: Env, team: str | None, among: int, away: int) -> Chosen:
    fallback = env.get(tuple(step.else_.split("."))) if step.else_ is not None else None
    if not isinstance(fallback, str):
        raise Conflict(_("Nobody was found to give it to."), hint=_("Name somebody for this case, or loosen the rule."))
    return Chosen(fallback, team, "else", among, away)


def members(ctx: Ctx, role: str, within: str, team: str | None) -> list[str]:
    """Who holds a role, may sign in and is active, near a team; of a record without a team: anywhere. In a fixed order."""
    if "person" not in ctx.app.entities:
        return []
    element = ctx.app.roles.get(role)
    a, r = t.account.c, t.person_role.c
    wanted = select(a.person_id).where(a.disabled_at.is_(None))
    if element is None or not element.member_when:
        wanted = wanted.join(t.person_role, r.person_id == a.person_id).where(r.role == role)
    found = actors.identify_all(ctx.conn, ctx.release, ctx.conn.execute(wanted.order_by(a.person_id)).scalars().all(), tenant=ctx.tenant, now=ctx.now)
    people = {person: one.team for person, one in sorted(found.items()) if role in one.roles}
    if within == "anywhere" or team is None:
        return list(people)
    if within == "chain":
        closure = t.team_closure.c
        for above in ctx.conn.execute(select(closure.ancestor).where(closure.descendant == team).order_by(closure.depth)).scalars():
            near = [p for p, own in people.items() if own == above]
            if near:
                return near
        return []
    teams = {team}
    if within == "below":
        teams |= set(ctx.conn.execute(select(t.team_closure.c.descendant).where(t.team_closure.c.ancestor == team)).scalars())
    return [p for p, own in people.items() if own in teams]


def absent(ctx: Ctx, people: Sequence[str]) -> set[str]:
    """Those who are away now."""
    c = t.absence.c
    query = select(c.person_id).where(c.person_id.in_(list(people)), c.from_at <= ctx.now, c.to_at > ctx.now, c.ended_at.is_(None))
    return set(ctx.conn.execute(query).scalars()) if people else set()


def _fitting(stretch: Stretch, step: AutomationStep, env: Env, people: Sequence[str]) -> list[str]:
    condition = stretch.texts.of(step, "fits", step.fits or "", scope="person")
    stretch.scene.preload("person", people)
    found = []
    for person in people:
        candidate = stretch.scene.record("person", person)
        if candidate is not None:
            candidate.roots = {**candidate.roots, "this": stretch.record_env(env)}
            if condition.evaluate(candidate) is True:
                found.append(person)
    return found


def _territory(stretch: Stretch, step: AutomationStep, env: Env) -> str:
    shape = shape_of(stretch.base.release, "team")
    condition = stretch.texts.of(step, "team", step.team or "", scope="team")
    ids = list(stretch.base.conn.execute(select(shape.table.c.id).where(shape.table.c.deleted_at.is_(None)).order_by(shape.table.c.id)).scalars())
    stretch.scene.preload("team", ids)
    for id_ in map(str, ids):
        team = stretch.scene.record("team", id_)
        if team is not None:
            team.roots = {**team.roots, "this": stretch.record_env(env)}
            if condition.evaluate(team) is True:
                return id_
    raise Conflict(_("No team was found for it."), hint=_("Look at the territories of the teams."))


def _held(stretch: Stretch, step: AutomationStep, at: RecordEnv, people: Sequence[str]) -> dict[str, int]:
    """How many records each of them has: those that count by ``load``, else the open ones of this kind."""
    ctx, shape = stretch.base, at.shape
    conditions: list[Any] = [shape.table.c.owner_id.in_(list(people)), shape.table.c.deleted_at.is_(None), shape.table.c.id != at.id]
    if step.load is not None:
        expression = ctx.app.schema.expression_of(step.load, shape.key, for_sql=True)
        conditions.append(to_where(expression, RecordScope(ctx, shape, shape.table, None)))
    elif shape.machine is not None:
        conditions.append(shape.table.c.state.in_([s.key for s in shape.machine.states if s.category == "open"]))
    query = select(shape.table.c.owner_id, func.count()).where(*conditions).group_by(shape.table.c.owner_id)
    return {owner: int(n) for owner, n in ctx.conn.execute(query)}


def _key(step: str, team: str | None) -> str:
    return hashlib.sha256(f"{step}|{team or ''}".encode()).hexdigest()[:40]


def _lock(ctx: Ctx, step: str, team: str | None) -> str | None:
    """Whose turn it was last. From here to the end of the transaction nobody else hands out by the same step in the same team."""
    key = _key(step, team)
    make = postgresql.insert if ctx.conn.dialect.name == "postgresql" else sqlite.insert
    ctx.conn.execute(make(t.automation_turn).values(key=key, person_id=None, given=0, at=ctx.now).on_conflict_do_nothing())
    query = select(t.automation_turn.c.person_id).where(t.automation_turn.c.key == key)
    found: str | None = ctx.conn.execute(query.with_for_update() if ctx.conn.dialect.name == "postgresql" else query).scalar()
    return found


def _pass_on(ctx: Ctx, step: str, team: str | None, person: str) -> None:
    turn = t.automation_turn.c
    ctx.conn.execute(update(t.automation_turn).where(turn.key == _key(step, team)).values(person_id=person, given=turn.given + 1, at=ctx.now))
