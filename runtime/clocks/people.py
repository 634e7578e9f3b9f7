"""Who is told of a step: paths from the record to people, and roles near its team."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.records.env import RecordEnv


def named(ctx: Ctx, env: RecordEnv, tell: Sequence[str]) -> list[str]:
    """The people that ``tell`` names for this record, each once; what leads nowhere is left out."""
    found: dict[str, None] = {}
    for name in tell:
        if name.startswith("role:"):
            found.update(dict.fromkeys(_nearest(ctx, name.removeprefix("role:"), env.team)))
        else:
            value = env.get(tuple(name.split(".")))
            found.update(dict.fromkeys((value,) if isinstance(value, str) else value or ()))
    return [person for person in found if isinstance(person, str)]


def _nearest(ctx: Ctx, role: str, team: str | None) -> list[str]:
    """Who holds the role in the record's team, else in the nearest team above where somebody does."""
    if team is None or "person" not in ctx.app.entities:
        return []
    people = ctx.tables.of("person")
    closure = t.team_closure.c
    query = (
        select(closure.depth, t.person_role.c.person_id)
        .select_from(t.person_role.join(people.table, people.table.c.id == t.person_role.c.person_id).join(t.team_closure, closure.ancestor == people.column("team")))
        .where(t.person_role.c.role == role, closure.descendant == team, people.table.c.deleted_at.is_(None))
        .order_by(closure.depth, t.person_role.c.person_id))
    rows = ctx.conn.execute(query).all()
    return [person for depth, person in rows if depth == rows[0][0]]
