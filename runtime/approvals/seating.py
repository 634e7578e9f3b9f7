"""Who decides a step: by role, relation, managers or rule, without whoever asks, with substitutes for who is away."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import select

from kernel.expr import to_where
from kernel.model.elements import Approval
from kernel.platform import actors, releases
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.approvals.case import Case
from runtime.approvals.decide import NewSeat
from runtime.records.asks import shapes_of
from runtime.records.env import RecordEnv, Scene
from runtime.records.shape import shape_of
from runtime.records.sqlscope import RecordScope
from runtime.records.work import reader_of

Value = Any


def pinned(ctx: Ctx, case: Case) -> Ctx:
    """The same work with the release the case began with: its formulas, parameters and paths."""
    return ctx if case.release_id == ctx.release.id else ctx.acting(release=releases.load(ctx.conn, case.release_id))


def env_of(ctx: Ctx, case: Case) -> RecordEnv | None:
    """The record as it stands, with the answers the request came with; ``ctx`` is :func:`pinned`. None when it is gone."""
    from runtime.records import road

    shape = shape_of(ctx.release, case.entity)
    record = road.load(ctx, case.entity, case.record_id)
    env = RecordEnv(Scene(ctx), shape, record)
    env.scene.remember(env)
    found = ctx.app.transition(case.entity, case.transition)
    answers: dict[str, Any] = {}
    if found is not None:
        reader = reader_of(ctx)
        for key, asked in shapes_of(shape, found[1]).items():
            raw = (case.input.get("asks") or {}).get(key)
            answers[key] = (asked.field, None if raw is None else asked.type.settle(asked.field, asked.type.parse(asked.field, _plain(raw)), reader))
    env.roots = {"old": env, "ask": answers}
    return env


def _plain(raw: Any) -> Any:
    if isinstance(raw, dict) and set(raw) == {"id", "label"}:
        return raw["id"]
    return [_plain(r) for r in raw] if isinstance(raw, list) else raw


def steps_of(ctx: Ctx, case: Case) -> tuple[Approval, ...]:
    """The steps with their formulas; ``ctx`` is :func:`pinned`."""
    found = ctx.app.transition(case.entity, case.transition)
    return found[1].approvals if found is not None else ()


def counts(env: RecordEnv, step: Approval) -> bool:
    """Whether the step is to be taken now. A condition that can't be worked out counts: better one look too many."""
    expression = env.shape.schema.expression(step, "when") if step.when is not None else None
    return expression is None or expression.evaluate(env) not in (False, None)


def deciders(ctx: Ctx, env: RecordEnv, step: Approval, index: int, requester: str) -> list[NewSeat]:
    """The seats of a step, substitutes among them. Nobody found: the requester's manager, else admins."""
    barred = frozenset() if step.self_ else frozenset({requester})
    people = _named(ctx, env, step, requester, barred)
    seats = [NewSeat(index, p, "approver") for p in people]
    if not people:
        people = [p for p in _managers(ctx, env, requester, 1) if p not in barred] or sorted(holders_of_right(ctx, "administer") - barred)
        seats = [NewSeat(index, p, "no_one") for p in people]
    return seats + substitutes(ctx, seats, barred)


def substitutes(ctx: Ctx, seats: Sequence[NewSeat], barred: frozenset[str]) -> list[NewSeat]:
    """Seats beside those who are away now; nobody gets one who may not decide or sits there anyway."""
    c = t.absence.c
    away = [s.person for s in seats]
    if not away:
        return []
    query = select(c.person_id, c.substitute_id).where(c.person_id.in_(away), c.from_at <= ctx.now, c.to_at > ctx.now, c.ended_at.is_(None)).order_by(c.id)
    rows = ctx.conn.execute(query).all()
    fit = active(ctx, [r.substitute_id for r in rows])
    chosen = {r.person_id: r.substitute_id for r in rows if r.substitute_id in fit and r.substitute_id not in barred}
    sitting = {(s.step, s.person) for s in seats}
    return [NewSeat(s.step, chosen[s.person], "substitute", s.person) for s in seats if s.person in chosen and (s.step, chosen[s.person]) not in sitting]


def active(ctx: Ctx, ids: Iterable[str]) -> dict[str, actors.Identity]:
    """Those who may sign in now."""
    wanted = [i for i in dict.fromkeys(ids) if i]
    return actors.identify_all(ctx.conn, ctx.release, wanted, tenant=ctx.tenant, now=ctx.now) if wanted else {}


def manager_of(ctx: Ctx, person: str, barred: Collection[str] = ()) -> str | None:
    """The next manager above a person who may act and is not barred."""
    scene, at, seen = Scene(ctx), person, {person}
    while (env := scene.record("person", at)) is not None and "manager" in env.fields:
        found = env.get(("manager",))
        if not isinstance(found, str) or found in seen:
            return None
        if found not in barred and found in active(ctx, [found]):
            return found
        seen.add(found)
        at = found
    return None


def _named(ctx: Ctx, env: RecordEnv, step: Approval, requester: str, barred: frozenset[str]) -> list[str]:
    if step.role is not None:
        return _by_role(ctx, env, step, barred)
    if step.relation is not None:
        found = _at(env, tuple(step.relation.split(".")))
    elif step.chain is not None:
        found = _managers(ctx, env, requester if step.above == "requester" else env.owner, step.chain)
    else:
        expression = env.shape.schema.expression(step, "person")
        found = _ids(expression.evaluate(env)) if expression is not None else []
    fit = active(ctx, found)
    return [p for p in dict.fromkeys(found) if p in fit and p not in barred]


def _at(env: RecordEnv, path: tuple[str, ...]) -> list[str]:
    field = env.shape.schema.field_at(env.shape.key, path)
    if field is not None and field.type in ("references", "referring"):
        return [row.id for row in env.rows(path)]
    return _ids(env.get(path))


def _ids(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [v for v in value if isinstance(v, str)] if isinstance(value, (list, tuple)) else []


def _managers(ctx: Ctx, env: RecordEnv, start: str | None, levels: int) -> list[str]:
    """The manager ``levels`` above; of a shorter line the topmost. Whoever can't act is stepped over."""
    at, found, seen = start, "", {start}
    for _level in range(levels + 10):
        above = env.scene.record("person", at) if at else None
        at = above.get(("manager",)) if above is not None and "manager" in above.fields else None
        if not isinstance(at, str) or at in seen:
            break
        seen.add(at)
        if at in active(ctx, [at]):
            found, levels = at, levels - 1
            if levels == 0:
                break
    return [found] if found else []


def _by_role(ctx: Ctx, env: RecordEnv, step: Approval, barred: frozenset[str]) -> list[str]:
    fit = {id_: identity for id_, identity in active(ctx, _holders(ctx, str(step.role))).items() if id_ not in barred and step.role in identity.roles}
    if step.within == "anywhere" or env.team is None:
        return sorted(fit)
    for team in _upwards(ctx, env.team) if step.within == "chain" else [env.team]:
        there = sorted(id_ for id_, identity in fit.items() if identity.team == team)
        if there:
            return there
    return []


def _upwards(ctx: Ctx, team: str) -> list[str]:
    c = t.team_closure.c
    return list(dict.fromkeys([team, *ctx.conn.execute(select(c.ancestor).where(c.descendant == team).order_by(c.depth)).scalars()]))


def _holders(ctx: Ctx, role: str) -> list[str]:
    """Everybody who has a role, by name or by the role's rule, active or not."""
    found = list(ctx.conn.execute(select(t.person_role.c.person_id).where(t.person_role.c.role == role)).scalars())
    declared = ctx.app.roles.get(role)
    expression = ctx.app.schema.expression(declared, "member_when") if declared is not None and declared.member_when else None
    if expression is not None:
        shape = shape_of(ctx.release, "person")
        query = select(shape.table.c.id).where(to_where(expression, RecordScope(ctx, shape, shape.table)), shape.table.c.deleted_at.is_(None))
        found += ctx.conn.execute(query).scalars()
    return found


def holders_of_right(ctx: Ctx, right: str) -> set[str]:
    """Who has a right beyond records, such as administer."""
    roles = [key for key, role in ctx.app.roles.items() if right in role.can]
    return {id_ for id_, identity in active(ctx, [p for r in roles for p in _holders(ctx, r)]).items() if right in identity.rights}
