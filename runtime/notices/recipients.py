"""Whoever is told: language, zone, service hours, what they chose, and the quiet periods that hold for them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from kernel.calendars.calendar import WorkingCalendar, first_instant
from kernel.calendars.compiled import calendar_of
from kernel.model.elements import QuietPeriod
from kernel.platform import tables as t
from kernel.platform.ctx import Actor, Ctx
from runtime.clocks import whose
from runtime.notices import wishes
from runtime.notices.decide import Spared
from runtime.notices.wishes import Wishes
from runtime.records import store
from runtime.records.env import RecordEnv, Scene
from runtime.records.shape import shape_of

PERSON = "person"


@dataclass(frozen=True, slots=True)
class Recipient:
    """``usable``: the account may sign in. ``hours``: the working calendar of their team; None: the application has none."""

    id: str
    language: str
    zone: ZoneInfo
    usable: bool
    wishes: Wishes
    hours: WorkingCalendar | None
    periods: Sequence[tuple[QuietPeriod, Spared]]

    def spared(self, kind: str) -> Spared | None:
        """The first quiet period that holds for this kind of notice."""
        return next((spared for period, spared in self.periods if not period.kinds or kind in period.kinds), None)


def load(ctx: Ctx, people: Collection[str]) -> dict[str, Recipient]:
    """Those of ``people`` who have an account; a fixed number of statements."""
    a, entity = t.account.c, ctx.app.entities.get(PERSON)
    columns: list[Any] = [a.person_id, a.language, a.zone, a.disabled_at]
    source: Any = t.account
    if entity is not None:
        table = ctx.tables.of(PERSON)
        columns += [table.table.c.deleted_at, *(table.column(k).label(f"v_{k}") for k in ("team", "active") if k in entity.by_key)]
        source = t.account.outerjoin(table.table, table.table.c.id == a.person_id)
    rows = ctx.conn.execute(select(*columns).select_from(source).where(a.person_id.in_(list(people)))).all() if people else ()
    if not rows:
        return {}
    values = {row.person_id: row._mapping for row in rows}
    zones = {id_: ZoneInfo(v["zone"] or ctx.tenant.zone) for id_, v in values.items()}
    chosen = wishes.load(ctx, zones)
    calendars = whose.keys_of(ctx, [v.get("v_team") for v in values.values()])
    periods = periods_of(ctx, values)
    return {
        id_: Recipient(
            id_, v["language"] or ctx.tenant.language, zones[id_], v["disabled_at"] is None and v.get("deleted_at") is None and v.get("v_active") is not False,
            chosen[id_], calendar_of(ctx.app, calendars.get(v.get("v_team") or ""), ZoneInfo(ctx.tenant.zone)), periods.get(id_, ()))
        for id_, v in values.items()}


def periods_of(ctx: Ctx, people: Collection[str]) -> Mapping[str, Sequence[tuple[QuietPeriod, Spared]]]:
    """Per person the quiet periods that hold now. A condition that fails spares nobody, and one that does not know its end holds nothing."""
    if not ctx.app.quiet_periods or PERSON not in ctx.app.entities or not people:
        return {}
    shape, schema = shape_of(ctx.release, PERSON), ctx.app.schema
    found: dict[str, list[tuple[QuietPeriod, Spared]]] = {}
    for id_, record in store.load(ctx, shape, list(people), parts=False).items():
        env = RecordEnv(Scene(ctx.acting(actor=Actor(id_, "", zone=ctx.tenant.zone))), shape, record)
        for period in ctx.app.quiet_periods:
            holds = schema.expression(period, "holds")
            if holds is None or holds.evaluate(env) is not True:
                continue
            until = schema.expression(period, "until") if period.does == "hold" and period.until else None
            end = _moment(until.evaluate(env), ZoneInfo(ctx.tenant.zone)) if until is not None else None
            if period.does == "skip" or end is not None:
                found.setdefault(id_, []).append((period, Spared(period.uid, end)))
    return found


def _moment(value: Any, zone: ZoneInfo) -> datetime | None:
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    return first_instant(datetime.combine(value, time()), zone) if isinstance(value, date) else None
