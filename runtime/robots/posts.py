"""What is to be said in groups: once per robot and cause."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from kernel.i18n import to_text
from kernel.jobs import queue
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.connections import connection
from runtime.connections.connection import Connection
from runtime.notices.channels.channel import Message
from runtime.robots import speak, wording


def robots_of(ctx: Ctx, people: Collection[str]) -> Mapping[str, list[Connection]]:
    """For each of these people the robots that tell of their notices: those of the whole workspace, of their team and of teams above it."""
    robots = connection.robots(ctx)
    wanted = list(people)
    if not robots or not wanted:
        return {}
    teams = _teams(ctx, wanted) if any(one.rules.get("team") for one in robots) else {}
    found = {person: [one for one in robots if not one.rules.get("team") or one.rules["team"] in teams.get(person, ())] for person in wanted}
    return {person: some for person, some in found.items() if some}


def _teams(ctx: Ctx, people: Collection[str]) -> Mapping[str, set[str]]:
    """Each person's team with all above it."""
    if "person" not in ctx.app.entities:
        return {}
    table = ctx.tables.of("person")
    team = table.column("team")
    rows = ctx.conn.execute(
        select(table.table.c.id, t.team_closure.c.ancestor).join(t.team_closure, t.team_closure.c.descendant == team).where(table.table.c.id.in_(list(people))))
    found: dict[str, set[str]] = {}
    for person, above in rows:
        found.setdefault(person, set()).add(above)
    return found


def put(ctx: Ctx, robots: Collection[Connection], message: Message) -> int:
    """Have these robots say it, each once per cause. Returns how many will."""
    insert = postgresql.insert if ctx.conn.dialect.name == "postgresql" else sqlite.insert
    taken = 0
    for one in robots:
        title, body = (message.title, message.body) if one.rules.get("titles") else (to_text(wording.without_names(message.kind), ctx.tenant.language), "")
        row = {"id": ctx.new_id(), "connection_id": one.id, "tag": message.tag, "title": title, "body": body, "url": message.url, "urgency": message.urgency, "created_at": ctx.now}
        made = ctx.conn.execute(insert(t.robot_post).values(row).on_conflict_do_nothing().returning(t.robot_post.c.id)).scalar()
        if made is not None:
            taken += 1
            queue.add(ctx.conn, speak.KIND, {"connection": one.id, "post": made}, now=ctx.now, destination=one.destination)
    return taken


def sweep(ctx: Ctx, before: Any) -> int:
    """Forget what was said long ago. Returns how many."""
    return ctx.conn.execute(delete(t.robot_post).where(t.robot_post.c.created_at < before)).rowcount
