"""Whose hours count: the calendar of a team, inherited from above."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, bindparam, select

from kernel.calendars.calendar import WorkingCalendar
from kernel.calendars.compiled import calendar_of
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx

FIELD = "calendar"
ELAPSED = "elapsed"


def counted_by(ctx: Ctx, way: str, team: str | None, owner: str | None) -> WorkingCalendar | None:
    """The calendar of one record: of its ``team``, of its owner's team (``owner``), or by key. None: every second counts."""
    if way == ELAPSED:
        return None
    if way in ctx.app.calendars:
        return calendar_of(ctx.app, way, ZoneInfo(ctx.tenant.zone))
    return of_team(ctx, (_team_of(ctx, owner) or team) if way == "owner" else team)


def _team_of(ctx: Ctx, person: str | None) -> str | None:
    entity = ctx.app.entities.get("person")
    if person is None or entity is None or "team" not in entity.by_key:
        return None
    own = ctx.tables.of("person")
    found: str | None = ctx.conn.execute(select(own.column("team")).where(own.table.c.id == person)).scalar()
    return found


def of_team(ctx: Ctx, team: str | None) -> WorkingCalendar | None:
    """The calendar that counts for a team; None when the application has no calendar at all."""
    return calendar_of(ctx.app, keys_of(ctx, [team]).get(team) if team else None, ZoneInfo(ctx.tenant.zone))


def keys_of(ctx: Ctx, teams: Sequence[str | None]) -> Mapping[str, str]:
    """Per team the key of its own calendar, or of the nearest team above that has one; one statement. A key that is gone is skipped."""
    wanted = [team for team in dict.fromkeys(teams) if team]
    entity = ctx.app.entities.get("team")
    if not wanted or entity is None or FIELD not in entity.by_key or not ctx.app.calendars:
        return {}
    # Asked at nearly every write: built once per release.
    query = ctx.tables.__dict__.get("_hours_of_teams")
    if query is None:
        query = ctx.tables.__dict__["_hours_of_teams"] = _hours_of_teams(ctx)
    found: dict[str, str] = {}
    for team, key in ctx.conn.execute(query, {"teams": wanted}):
        found.setdefault(team, key)
    return found


def _hours_of_teams(ctx: Ctx) -> Select[Any]:
    own = ctx.tables.of("team")
    closure, column = t.team_closure.c, own.column(FIELD)
    return (
        select(closure.descendant, column)
        .select_from(t.team_closure.join(own.table, own.table.c.id == closure.ancestor))
        .where(closure.descendant.in_(bindparam("teams", expanding=True)), column.in_(list(ctx.app.calendars)), own.table.c.deleted_at.is_(None))
        .order_by(closure.descendant, closure.depth))


def teams_with_their_own(ctx: Ctx) -> Mapping[str, list[str]]:
    """Per calendar the names of the teams that chose it themselves, in order."""
    entity = ctx.app.entities.get("team")
    if entity is None or FIELD not in entity.by_key:
        return {}
    own = ctx.tables.of("team")
    query = select(own.column(FIELD), own.column("name")).where(own.column(FIELD).is_not(None), own.table.c.deleted_at.is_(None)).order_by(own.column("name"))
    found: dict[str, list[str]] = {}
    for key, name in ctx.conn.execute(query):
        found.setdefault(key, []).append(name)
    return found
