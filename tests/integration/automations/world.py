"""The desk with automations of every kind, and what tests ask of it."""

from __future__ import annotations

import copy
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select, update

from kernel.model.tree import to_json
from kernel.platform import actors
from kernel.platform import tables as t
from kernel.platform.clock import FixedClock
from kernel.platform.releases import release_hash
from runtime.automations import rows, timed
from runtime.records import road
from runtime.records.record import Input
from tests.factories.applications import make_tree
from tests.factories.desk import DOCUMENTS, Desk
from tests.factories.work import work

SHANGHAI = ZoneInfo("Asia/Shanghai")


def auto(key: str, when: dict[str, Any], steps: dict[str, Any], on: str = "task", **more: Any) -> dict[str, Any]:
    return {"automation": key, "on": on, "when": when, "steps": steps, **more}


# Each looks at a title of its own, so that they don't meet in one and the same test.
AUTOMATIONS: tuple[dict[str, Any], ...] = (
    {"calendar": "office", "week": dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), "09:00-12:00, 13:00-18:00"), "default": True},
    {"clock": "answer", "on": "task", "counts": "elapsed", "target": "3600", "starts": 'title = "clocked"', "done": 'state = "doing"', "steps": {"late": {}}},
    auto("hand_out", {"created": True}, {"give": {"do": "assign", "among": "role:worker", "within": "anywhere"}}, **{"if": 'title = "turns"'}, labels={"en": "Hand out", "zh": "分派"}),
    auto("least", {"created": True}, {"give": {"do": "assign", "by": "load", "among": "role:worker", "within": "anywhere"}}, **{"if": 'title = "load"'}),
    auto("skilled", {"created": True}, {"give": {"do": "assign", "by": "first", "among": "role:worker", "within": "anywhere", "fits": "name = this.details", "else": "created_by"}},
         **{"if": 'title = "skill"'}),
    auto("territory", {"created": True}, {"give": {"do": "assign", "team": "name = this.details"}}, **{"if": 'title = "territory"'}),
    auto("rush", {"changed": ["priority"]}, {
        "mark": {"do": "set", "fields": {"grade": "5", "details": '"rushed"'}},
        "tell": {"do": "notify", "who": ["owner"], "text": {"en": "Rush: {title}, {secret}", "zh": "加急：{title}{secret}"}}}, **{"if": 'priority = "high"'}),
    auto("started", {"step": "start"}, {"check": {"do": "transition", "step": "check"}}),
    auto("refused", {"changed": ["code"]}, {
        "mark": {"do": "set", "fields": {"details": '"half"'}},
        "finish": {"do": "transition", "step": "finish", "asks": {"why": '"x"'}}}, **{"if": 'code = "R"'}),
    auto("ping", {"changed": ["count"]}, {"up": {"do": "set", "fields": {"grade": "count + 1"}}}, **{"if": 'title = "loop"'}),
    auto("pong", {"changed": ["grade"]}, {"up": {"do": "set", "fields": {"count": "grade + 1"}}}, **{"if": 'title = "loop"'}),
    auto("pause", {"changed": ["effort"]}, {
        "sleep": {"do": "wait", "for": "2 working days"}, "mark": {"do": "set", "fields": {"details": '"first"'}}}, **{"if": 'title = "wait"'}),
    auto("patient", {"changed": ["effort"]}, {
        "until": {"do": "wait", "until": "done", "for": "3 days"}, "mark": {"do": "set", "if": "done", "fields": {"details": '"done"'}}}, **{"if": 'title = "until"'}),
    auto("rows", {"changed": ["tags"]}, {
        "each": {"do": "each", "of": "lines", "where": "amount > 1", "steps": {
            "mark": {"do": "set", "fields": {"hidden": "this.title"}},
            "make": {"do": "create", "entity": "project", "fields": {"name": "name", "budget": "parent.budget"}}}},
        "which": {"do": "branch", "if": "COUNT(lines) > 2", "steps": {"many": {"do": "comment", "text": {"en": "Many: {title}"}}},
                  "otherwise": {"few": {"do": "set", "fields": {"details": '"few"'}}}},
        "link": {"do": "link", "field": "helpers", "to": "owner"}}),
    auto("daily", {"every": "workday 09:00", "calendar": "office"}, {"mark": {"do": "set", "fields": {"count": "COALESCE(count, 0) + 1"}}}, where='title = "daily"'),
    auto("nightly", {"every": "day 22:00"}, {"make": {"do": "create", "entity": "project", "fields": {"name": '"nightly"'}}}, on="project"),
    auto("before", {"date": "due", "before": "1 working day", "time": "09:00"}, {"mark": {"do": "set", "fields": {"details": '"soon"'}}}, **{"if": "NOT(done)"}),
    auto("minutes", {"date": "starts", "before": "30 minutes"}, {"mark": {"do": "set", "fields": {"details": '"30 min"'}}}),
    auto("overdue", {"clock": "answer"}, {"mark": {"do": "set", "fields": {"details": '"overdue"'}}}),
    auto("call", {"button": True, "roles": ["keeper", "chief"], "states": ["open"]}, {"mark": {"do": "set", "fields": {"details": "ask.why"}}},
         **{"if": 'title <> "closed"'}, asks={"why": {"type": "text", "required": True, "labels": {"en": "Why", "zh": "为什么"}}}, labels={"en": "Call back", "zh": "回电"}),
    auto("call_out", {"changed": ["phone"]}, {"call": {"do": "webhook", "target": "ERP", "event": "task.phoned", "fields": {"number": "phone", "word": "secret"}}}),
    auto("from_import", {"created": True}, {"mark": {"do": "set", "fields": {"details": '"imported"'}}}, also=["import"], **{"if": 'title = "import"'}),
    {"role": "designer", "can": ["design"]},
    {"role": "shaper", "can": ["design"], "rights": {"task": {"read": "all"}}},
)
ALL = (*DOCUMENTS, *AUTOMATIONS)


@contextmanager
def as_person(desk: Desk, login: str, channel: str = "test"):
    with desk.ctx(channel) as ctx:
        identity = actors.identify(ctx.conn, ctx.release, desk.people[login], tenant=ctx.tenant, now=ctx.now)
        assert identity is not None
        yield ctx.acting(actor=identity.actor(ctx.tenant))


def make(desk: Desk, login: str = "chen", entity: str = "task", channel: str = "test", **fields: Any) -> str:
    with as_person(desk, login, channel) as ctx:
        return road.create(ctx, entity, Input({"title": "t", **fields} if entity == "task" else fields)).id


def change(desk: Desk, id: str, login: str = "chen", **fields: Any) -> None:
    with as_person(desk, login) as ctx:
        road.update(ctx, "task", id, Input(fields), version=None)


def step(desk: Desk, id: str, key: str, login: str = "chen") -> None:
    with as_person(desk, login) as ctx:
        road.transition(ctx, "task", id, key, version=None)


def record(desk: Desk, id: str) -> Any:
    with desk.ctx() as ctx:
        return road.load(ctx, "task", id)


def runs(desk: Desk, id: str, key: str | None = None) -> list[rows.Run]:
    with desk.ctx() as ctx:
        return [run for run in reversed(rows.of_record(ctx, "task", id)) if key is None or run.uid.endswith(f"/{key}")]


def one(desk: Desk, id: str, key: str) -> rows.Run:
    (run,) = runs(desk, id, key)
    return run


def done(desk: Desk, id: str, key: str) -> rows.Run:
    """The only run, carried out and well."""
    work(desk.app, desk.slug)
    run = one(desk, id, key)
    assert run.state == "done", run.error
    return run


def plan(desk: Desk) -> None:
    """Alarms for what goes by time, as the standing work makes them."""
    with desk.ctx("job") as ctx:
        timed.plan(ctx, None)  # type: ignore[arg-type]


def go(desk: Desk, clock: FixedClock, to: str) -> None:
    """Let time pass to a moment in Shanghai, with whatever falls due on the way carried out at its time."""
    goal = datetime.strptime(f"2026-{to}", "%Y-%m-%d %H:%M").replace(tzinfo=SHANGHAI)
    while clock.now() < goal:
        with desk.home.read() as conn:
            due = conn.execute(select(t.job.c.due_at).where(t.job.c.state == "waiting", t.job.c.due_at > clock.now(), t.job.c.kind.like("automation%")).order_by(t.job.c.due_at)).scalar()
        clock.set(min(due, goal) if due else goal)
        work(desk.app, desk.slug)


def republish(desk: Desk, change: Any) -> None:
    """A further release of the same entities; ``change`` gets the documents."""
    documents = copy.deepcopy([dict(d) for d in ALL])
    change(documents)
    with desk.home.write() as conn:
        old = conn.execute(select(t.release.c.columns, t.release.c.id).order_by(t.release.c.id.desc())).first()
        content = to_json(make_tree(documents, "test"))
        conn.execute(insert(t.release).values(
            id=old.id + 1, hash=release_hash(content, old.columns), kind="published", tree=content, columns=old.columns, packages=[], published_at=desk.clock.now()))
        conn.execute(update(t.tenant_state).values(release_id=old.id + 1))


def notices(desk: Desk, kind: str) -> list[str]:
    names = {v: k for k, v in desk.people.items()}
    with desk.home.read() as conn:
        return [names[p] for p in conn.execute(select(t.notice.c.person_id).where(t.notice.c.kind == kind).order_by(t.notice.c.id)).scalars()]
