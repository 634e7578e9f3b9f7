"""Roles by expression: whoever fulfils ``member_when`` holds the role without being named."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, case, select

from kernel.expr import to_where
from kernel.platform.clock import FixedClock
from kernel.platform.ctx import Actor, Ctx, Tenant
from kernel.platform.releases import Release
from runtime.records.shape import shape_of
from runtime.records.sqlscope import RecordScope


def roles_by_expression(conn: Connection, tenant: Tenant, release: Release, person_id: str, now: datetime) -> frozenset[str]:
    """The roles whose condition the person's record fulfils, in one statement; see ``kernel.platform.actors.use_membership``."""
    app = release.application
    if "person" not in app.entities:
        return frozenset()
    found = [(key, app.schema.expression(role, "member_when")) for key, role in app.roles.items() if role.member_when]
    wanted = [(key, expression) for key, expression in found if expression is not None]
    if not wanted:
        return frozenset()
    # At the edge there is no Ctx yet: the person acts for nobody but this question.
    ctx = Ctx(tenant, Actor(person_id, "", zone=tenant.zone), conn, release, FixedClock(now), "sign_in", "")
    shape = shape_of(release, "person")
    scope = RecordScope(ctx, shape, shape.table)
    row = conn.execute(
        select(*(case((to_where(e, scope), 1), else_=0) for _key, e in wanted)).where(shape.table.c.id == person_id, shape.table.c.deleted_at.is_(None))
    ).first()
    return frozenset() if row is None else frozenset(key for (key, _e), held in zip(wanted, row, strict=True) if held)
