"""Everybody who works here, with their sign-in: one page of the list, and one person. The same few statements however many there are."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal, or_, select

from kernel.errors import NotFound
from kernel.i18n import Text, _
from kernel.permissions import rights_of
from kernel.platform import passwords, rates
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from kernel.platform.sign_in import lock_key
from runtime.records.labels import Wanted, resolve
from runtime.records.shape import EntityShape, shape_of
from runtime.records.sqlscope import RecordScope

PAGE = 50
STATES: Mapping[str, Text] = {"active": _("Active"), "invited": _("Invited"), "disabled": _("Deactivated"), "none": _("No sign-in")}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the list is narrowed to."""

    q: str = ""
    state: str = ""
    team: str = ""
    role: str = ""
    page: int = 1

    @property
    def narrowed(self) -> bool:
        return bool(self.q or self.state or self.team or self.role)


@dataclass(frozen=True, slots=True)
class Member:
    """A person as administrators see them. ``login`` is None for somebody who is a record only; ``locked_until``: after too many tries."""

    id: str
    name: str
    login: str | None
    email: str | None
    phone: str | None
    team_id: str | None
    team: str | None
    manager_id: str | None
    manager: str | None
    roles: tuple[str, ...]
    state: str
    last_seen: datetime | None
    locked_until: datetime | None
    version: int


def _source(ctx: Ctx) -> tuple[EntityShape, dict[str, ColumnElement[Any]], list[ColumnElement[bool]]]:
    """The columns that may be read, and whom the reader may see at all."""
    shape = shape_of(ctx.release, "person")
    access = rights_of(ctx.release, ctx.actor).entity("person")
    if not access.any("read"):
        raise NotFound()
    readable = access.queryable
    columns: dict[str, ColumnElement[Any]] = {
        key: shape.fields[key].columns[0] for key in ("name", "email", "phone", "team", "manager", "active")
        if key in shape.fields and key in readable and shape.fields[key].columns}
    return shape, columns, [shape.table.c.deleted_at.is_(None), access.where("read", RecordScope(ctx, shape, shape.table, rights_of(ctx.release, ctx.actor)))]


def _state(columns: Mapping[str, ColumnElement[Any]]) -> ColumnElement[str]:
    a = t.account.c
    gone = or_(a.disabled_at.is_not(None), columns["active"].is_(False)) if "active" in columns else a.disabled_at.is_not(None)
    return case((a.person_id.is_(None), literal("none")), (gone, literal("disabled")), (a.password_hash == passwords.UNSET, literal("invited")), else_=literal("active"))


def _statement(ctx: Ctx, shape: EntityShape, columns: Mapping[str, ColumnElement[Any]], conditions: Collection[ColumnElement[bool]], *what: Any) -> Any:
    return select(*what).select_from(shape.table.outerjoin(t.account, t.account.c.person_id == shape.table.c.id)).where(*conditions)


def _narrow(asked: Asked, shape: EntityShape, columns: Mapping[str, ColumnElement[Any]]) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    for word in asked.q.lower().split()[:5]:
        places = [columns[k] for k in ("name", "email", "phone") if k in columns] + [t.account.c.login]
        found.append(or_(*(func.lower(place).contains(word, autoescape=True) for place in places)))
    if asked.state in STATES:
        found.append(_state(columns) == asked.state)
    if asked.team and "team" in columns:
        below = select(t.team_closure.c.descendant).where(t.team_closure.c.ancestor == asked.team)
        found.append(columns["team"].in_(below))
    if asked.role:
        found.append(select(t.person_role.c.role).where(t.person_role.c.person_id == shape.table.c.id, t.person_role.c.role == asked.role).exists())
    return found


def members(ctx: Ctx, asked: Asked) -> tuple[list[Member], int]:
    """A page of the list by name, and how many there are in all. Raises NotFound."""
    shape, columns, conditions = _source(ctx)
    conditions += _narrow(asked, shape, columns)
    total = int(ctx.conn.execute(_statement(ctx, shape, columns, conditions, func.count())).scalar_one())
    order = columns.get("name", shape.table.c.id)
    statement = _statement(ctx, shape, columns, conditions, *_what(shape, columns)).order_by(order, shape.table.c.id)
    return _made(ctx, ctx.conn.execute(statement.limit(PAGE).offset((asked.page - 1) * PAGE)).all()), total


def member(ctx: Ctx, id: str) -> Member:
    """One person. Raises NotFound."""
    shape, columns, conditions = _source(ctx)
    rows = ctx.conn.execute(_statement(ctx, shape, columns, [*conditions, shape.table.c.id == id], *_what(shape, columns))).all()
    if not rows:
        raise NotFound()
    return _made(ctx, rows)[0]


def _what(shape: EntityShape, columns: Mapping[str, ColumnElement[Any]]) -> list[Any]:
    a = t.account.c
    return [shape.table.c.id, shape.table.c.version, a.login, a.last_seen_at, _state(columns).label("state"), *(c.label(f"v_{k}") for k, c in columns.items())]


def _made(ctx: Ctx, rows: Collection[Any]) -> list[Member]:
    ids = [row.id for row in rows]
    roles: dict[str, list[str]] = {}
    p = t.person_role.c
    for person, role in ctx.conn.execute(select(p.person_id, p.role).where(p.person_id.in_(ids)).order_by(p.role)) if ids else ():
        if role in ctx.app.roles:
            roles.setdefault(person, []).append(role)
    wanted = Wanted()
    for row in rows:
        values = row._mapping
        wanted.add("team", values.get("v_team"))
        wanted.add("person", values.get("v_manager"))
    names = resolve(ctx, wanted) if wanted.ids else {}
    locks = rates.locked(ctx.conn, [lock_key(ctx.tenant.slug, row.login) for row in rows if row.login], rates.SIGN_IN_ACCOUNT, ctx.now)

    def made(row: Any) -> Member:
        v = row._mapping
        team, manager = v.get("v_team"), v.get("v_manager")
        return Member(
            row.id, v.get("v_name") or row.login or row.id[-6:], row.login, v.get("v_email"), v.get("v_phone"), team, names.get(team or ""), manager,
            names.get(manager or ""), tuple(roles.get(row.id, ())), row.state, row.last_seen_at,
            locks.get(lock_key(ctx.tenant.slug, row.login)) if row.login else None, row.version)

    return [made(row) for row in rows]


def teams(ctx: Ctx) -> list[tuple[str, str]]:
    """(id, name) of the teams the reader may see, by name."""
    access = rights_of(ctx.release, ctx.actor).entity("team")
    if not access.any("read"):
        return []
    shape = shape_of(ctx.release, "team")
    name = shape.fields["name"].columns[0]
    condition = and_(shape.table.c.deleted_at.is_(None), access.where("read", RecordScope(ctx, shape, shape.table, rights_of(ctx.release, ctx.actor))))
    return [(row[0], row[1] or "") for row in ctx.conn.execute(select(shape.table.c.id, name).where(condition).order_by(name, shape.table.c.id).limit(2000))]
