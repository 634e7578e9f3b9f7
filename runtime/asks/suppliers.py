"""Who could supply a missing fact: people by role, each checked with their own rights on this very record."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from kernel.errors import Message
from kernel.expr import to_where
from kernel.i18n import _
from kernel.permissions import rights_of
from kernel.permissions.rights import policy_of
from kernel.permissions.scopes import Nothing
from kernel.platform import actors
from kernel.platform import tables as t
from kernel.platform.ctx import Actor, Ctx
from runtime.asks.fact import CHANGE, Fact, Place, env_for, places
from runtime.records.env import RecordEnv
from runtime.records.shape import shape_of
from runtime.records.sqlscope import RecordScope
from runtime.records.supply import roles_for, sources

# Of one role; whoever asks a thousand people asks nobody.
MOST = 500


@dataclass(frozen=True, slots=True)
class Group:
    """Everybody with a role who could supply it. ``own``: the role only changes records of its own, so this is the owner."""

    role: str
    label: Message
    people: tuple[str, ...]
    own: bool = False


def groups(ctx: Ctx, env: RecordEnv, fact: Fact) -> list[Group]:
    """The roles that could supply ``fact``, with the people of each who may: the owner first, then who is nearest to the record's
    team, few before many, admins last. Whoever asks is not among them."""
    where = places(ctx, env, fact)
    roles = _roles(ctx, fact)
    named = fact.guard is not None and fact.guard.from_whom is not None
    by_role = _members(ctx, [role for role, _own in roles])
    known = actors.identify_all(ctx.conn, ctx.release, {p for people in by_role.values() for p in people}, tenant=ctx.tenant, now=ctx.now)
    acting = {id_: found.actor(ctx.tenant) for id_, found in known.items() if id_ != ctx.actor.person}
    able = {id_ for id_, actor in acting.items() if _able(ctx.acting(actor=actor), env, fact, where, trusted=named)}
    found = []
    for role, own in roles:
        people = tuple(p for p in by_role[role] if p in able)
        if people:
            label = ctx.app.roles[role].label
            found.append(Group(role, _("the owner ({role})", role=label) if own else label, people, own))

    def distance(group: Group) -> tuple[bool, bool, int, int]:
        reach = min((len(acting[p].teams) for p in group.people if env.team in acting[p].teams), default=MOST * MOST)
        return "administer" in ctx.app.roles[group.role].can, not group.own, reach, len(group.people)

    return sorted(found, key=distance)


def _roles(ctx: Ctx, fact: Fact) -> list[tuple[str, bool]]:
    app = ctx.app
    guard, found = fact.guard, []
    if guard is not None and guard.from_whom:
        found = [(guard.from_whom, False)]
    elif fact.kind == "role" and fact.step is not None:
        found = [(role, False) for role in fact.step.who] or [
            (key, False) for key in app.roles if (p := policy_of(app, key, fact.entity)) is not None and not isinstance(p.scopes["update"], Nothing)]
    else:
        found = roles_for(app, [s for path in fact.paths for s in sources(app, fact.entity, path)])
    found = [(role, own) for role, own in found if role in app.roles]
    return found or [(key, False) for key, role in app.roles.items() if "administer" in role.can]


def _members(ctx: Ctx, roles: Sequence[str]) -> dict[str, list[str]]:
    """Who holds these roles: one statement, and one for each role that is given by an expression."""
    found: dict[str, list[str]] = {role: [] for role in roles}
    r, a = t.person_role.c, t.account.c
    query = (
        select(r.role, r.person_id).join(t.account, a.person_id == r.person_id)
        .where(r.role.in_(list(roles)), a.disabled_at.is_(None)).order_by(r.role, r.person_id))
    for role, person in ctx.conn.execute(query):
        if len(found[role]) < MOST:
            found[role].append(person)
    for role in roles:
        element = ctx.app.roles[role]
        expression = ctx.app.schema.expression(element, "member_when") if element.member_when and "person" in ctx.app.entities else None
        if expression is None:
            continue
        shape = shape_of(ctx.release, "person")
        holds = to_where(expression, RecordScope(ctx, shape, shape.table))
        more = ctx.conn.execute(select(shape.table.c.id).where(holds, shape.table.c.deleted_at.is_(None)).order_by(shape.table.c.id).limit(MOST)).scalars()
        found[role] = list(dict.fromkeys((*found[role], *more)))
    return found


def _able(ctx: Ctx, env: RecordEnv, fact: Fact, where: Iterable[Place], *, trusted: bool) -> bool:
    """Whether the actor of ``ctx`` sees the record and could supply the fact. ``trusted``: the application names their role for it."""
    rights = rights_of(ctx.release, ctx.actor)
    mine = env_for(ctx, fact.entity, env)
    sees = rights.entity(fact.entity).any("read") and bool(rights.may("read", fact.entity, mine))
    if fact.kind == "role":
        return sees and bool(rights.may("update", fact.entity, mine) if fact.step is not None and not fact.step.who else True)
    if trusted or fact.kind == "rule":
        return sees
    # What lies in another record may be supplied by people who don't see this one.
    return any(can_supply(ctx, env, place) and (sees or (place.entity, place.record) != (fact.entity, env.id)) for place in where)


def can_supply(ctx: Ctx, env: RecordEnv, place: Place) -> bool:
    """Whether the actor may do what the place asks for, with the rights of this moment."""
    rights = rights_of(ctx.release, ctx.actor)
    entity = place.entity
    if place.kind == "create":
        via = ctx.app.entities[entity].by_key.get(place.field)
        target = ctx.app.schema.type_of(via).entity if via is not None else None
        if target is None or not rights.entity(entity).any("create") or place.field not in rights.entity(entity).creatable:
            return False
        entity = target  # the record it will refer to must be in sight
    found = env if (entity, place.record) == (env.shape.key, env.id) else env.scene.record(entity, place.record)
    if found is None or found.record.deleted_at is not None:
        return False
    access, seen = rights.entity(entity), env_for(ctx, entity, found)
    if not access.any("read") or not access.may("read", seen):
        return False
    if place.kind == "create":
        return True
    if place.kind == "assign":
        return bool(access.may("assign", seen))
    return bool(access.may("update", seen)) and place.field in access.writable(seen)


def reachable(ctx: Ctx, people: Iterable[str]) -> dict[str, Actor]:
    """Those of ``people`` who may sign in, as actors."""
    found = actors.identify_all(ctx.conn, ctx.release, people, tenant=ctx.tenant, now=ctx.now)
    return {id_: identity.actor(ctx.tenant) for id_, identity in found.items()}


__all__ = ["CHANGE", "Group", "can_supply", "groups", "reachable"]
