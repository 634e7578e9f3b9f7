"""Schedules and dates: one alarm per automation, which finds the records whose moment has come and sets the automation off for each of them.

What was missed while everything was down is made up for: a schedule once, for its last moment; a date for each record. The run says how late it is.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, or_, select

from kernel import jobs
from kernel.calendars import rhythm
from kernel.calendars.calendar import WorkingCalendar, first_instant
from kernel.calendars.compiled import calendar_of
from kernel.expr import to_where
from kernel.jobs import Again, Done, Job, Outcome, queue
from kernel.platform.ctx import Ctx
from runtime.automations import dates, principal, rows
from runtime.automations.rows import WAITING, Run
from runtime.automations.rules import Rule, rule_of, rules_of
from runtime.automations.watch import KIND, Match, set_off
from runtime.records import store
from runtime.records.shape import EntityShape, shape_of
from runtime.records.sqlscope import RecordScope

ALARM, PLAN = "automation_at", "automation_plan"
HANDFUL = 200
LOOK_AGAIN = timedelta(hours=1)
MOST_DAYS = 60


def plan(ctx: Ctx, job: Job) -> Outcome:
    """Standing work, also rung by publishing: every automation that goes by time has its alarm, and ones that are gone have none."""
    wanted = {dates.job_key(rule.uid): rule for rule in rules_of(ctx.app).timed} if ctx.app.automations else {}
    known = queue.by_keys(ctx.conn, list(wanted))
    for key, rule in wanted.items():
        through = principal.standing(ctx, rule.uid).through_at
        if through is None:
            principal.note(ctx, rule.uid, through_at=ctx.now)
        due = _next(ctx, rule, through or ctx.now)
        found = known.get(key)
        if due is None or (found is not None and found.state == queue.RUNNING):
            continue
        if found is None:
            jobs.add(ctx.conn, ALARM, {"uid": rule.uid}, now=ctx.now, due=max(due, ctx.now), key=key)
        else:
            queue.ring(ctx.conn, key, max(due, ctx.now))
    return Done()


def tick(ctx: Ctx, job: Job) -> Outcome:
    """The alarm of one automation."""
    rule = rule_of(ctx.app, str(job.data["uid"]))
    if rule is None or rule.element.trigger not in ("every", "date"):
        return Done()
    known = principal.standing(ctx, rule.uid)
    through = known.through_at or ctx.now
    if known.paused_at is None:
        again = (_by_rhythm if rule.element.trigger == "every" else _by_date)(ctx, rule, through, job.data)
        if again is not None:
            return Again({"uid": rule.uid, **again})
    principal.note(ctx, rule.uid, through_at=ctx.now)
    due = _next(ctx, rule, ctx.now)
    return Again({"uid": rule.uid}, at=due) if due is not None else Done()


def _next(ctx: Ctx, rule: Rule, through: datetime) -> datetime | None:
    """When it has to look next, after what has been seen to."""
    zone = ZoneInfo(ctx.tenant.zone)
    element = rule.element
    if element.trigger == "every":
        return rhythm.read(element.when["every"]).after(through, zone, _calendar(ctx, rule))
    if not dates.exact(ctx.app, element):
        today = through.astimezone(zone).date()
        return next(m for n in range(3) if (m := dates.at_day(element, today + timedelta(days=n), zone)) > through)
    shape = shape_of(ctx.release, element.entity)
    column = shape.fields[str(element.when["date"])].columns[0]
    nearest = ctx.conn.execute(select(func.min(column)).where(column > dates.value_at(element, through), shape.table.c.deleted_at.is_(None))).scalar()
    soon = ctx.now + LOOK_AGAIN
    return min(dates.moment_of(element, nearest), soon) if isinstance(nearest, datetime) else soon


def _calendar(ctx: Ctx, rule: Rule) -> WorkingCalendar | None:
    key = rule.element.when.get("calendar")
    return calendar_of(ctx.app, None if key in (None, "default") else str(key), ZoneInfo(ctx.tenant.zone))


def _late(ctx: Ctx, moment: datetime) -> dict[str, Any]:
    return {"moment": moment.isoformat(), "late_s": int((ctx.now - moment).total_seconds())}


def _by_rhythm(ctx: Ctx, rule: Rule, through: datetime, data: Any) -> dict[str, Any] | None:
    """Set it off for its last moment; where there are more records than a handful, what is left to do."""
    how, zone, calendar = rhythm.read(rule.element.when["every"]), ZoneInfo(ctx.tenant.zone), _calendar(ctx, rule)
    last = datetime.fromisoformat(data["moment"]) if data.get("moment") else None
    if last is None:
        moment = how.after(max(through, ctx.now - timedelta(days=MOST_DAYS)), zone, calendar)
        while moment is not None and moment <= ctx.now:
            last, moment = moment, how.after(moment, zone, calendar)
    if last is None:
        return None
    why = {"trigger": "every", **_late(ctx, last)}
    if rule.element.where is None:
        key = dates.run_key(rule.uid, "", last.isoformat())
        if not rows.known_keys(ctx, [key]):
            id_ = ctx.new_id()
            cause = {**why, "by": ctx.actor.person, "channel": ctx.channel}
            rows.add(ctx, [Run(
                id_, rule.uid, rule.element.entity, None, ctx.release.id, WAITING, cause, (), id_, None, (rule.uid,), key, None, (), None, ctx.now)])
            queue.add_many(ctx.conn, KIND, [{"run": id_}], now=ctx.now)
        return None
    shape = shape_of(ctx.release, rule.element.entity)
    condition = ctx.app.schema.expression(rule.element, "where")
    assert condition is not None
    found = _some(ctx, shape, to_where(condition, RecordScope(ctx, shape, shape.table, None)), data.get("after"))
    _each(ctx, shape, rule, {id_: dates.run_key(rule.uid, id_, last.isoformat()) for id_ in found}, why)
    return {"moment": last.isoformat(), "after": found[-1]} if len(found) == HANDFUL else None


def _by_date(ctx: Ctx, rule: Rule, through: datetime, data: Any) -> dict[str, Any] | None:
    element, shape = rule.element, shape_of(ctx.release, rule.element.entity)
    field = shape.fields[str(element.when["date"])]
    column, zone = field.columns[0], ZoneInfo(ctx.tenant.zone)
    reached: dict[Any, datetime] = {}
    if dates.exact(ctx.app, element):
        condition: Any = and_(column > dates.value_at(element, through), column <= dates.value_at(element, ctx.now))
    else:
        first = max(through, ctx.now - timedelta(days=MOST_DAYS)).astimezone(zone).date()
        days = [first + timedelta(days=n) for n in range((ctx.now.astimezone(zone).date() - first).days + 1)]
        calendar = _calendar(ctx, rule)
        for day in days:
            moment = dates.at_day(element, day, zone)
            if through < moment <= ctx.now:
                reached.update(dict.fromkeys(dates.days_at(element, day, calendar), moment))
        if not reached:
            return None
        if field.kind.name == "DATE":
            condition = column.in_(list(reached))
        else:
            starts = {d: first_instant(datetime.combine(d, datetime.min.time()), zone) for d in reached}
            ends = {d: first_instant(datetime.combine(d + timedelta(days=1), datetime.min.time()), zone) for d in reached}
            condition = or_(*(and_(column >= starts[d], column < ends[d]) for d in reached))
    found = _some(ctx, shape, condition, data.get("after"))
    values = dict(ctx.conn.execute(select(shape.table.c.id, column).where(shape.table.c.id.in_(found))).all()) if found else {}
    keys, late = {}, {}
    for id_ in found:
        value = values[id_]
        day = value.astimezone(zone).date() if isinstance(value, datetime) and reached else value
        keys[id_] = dates.run_key(rule.uid, id_, value.isoformat())
        late[id_] = _late(ctx, reached[day] if reached else dates.moment_of(element, value))
    _each(ctx, shape, rule, keys, {"trigger": "date", "field": field.key}, late)
    return {"after": found[-1]} if len(found) == HANDFUL else None


def _some(ctx: Ctx, shape: EntityShape, condition: Any, after: str | None) -> list[str]:
    query = select(shape.table.c.id).where(condition, shape.table.c.deleted_at.is_(None)).order_by(shape.table.c.id).limit(HANDFUL)
    return list(ctx.conn.execute(query if after is None else query.where(shape.table.c.id > after)).scalars())


def _each(ctx: Ctx, shape: EntityShape, rule: Rule, keys: dict[str, str], why: dict[str, Any], more: dict[str, dict[str, Any]] | None = None) -> None:
    known = rows.known_keys(ctx, list(keys.values()))
    wanted = {id_: key for id_, key in keys.items() if key not in known}
    records = store.load(ctx, shape, list(wanted)) if wanted else {}
    matches = [Match(rule, {**why, **(more or {}).get(id_, {})}, records[id_], None, key) for id_, key in wanted.items() if id_ in records]
    if matches:
        set_off(ctx, shape, matches)
