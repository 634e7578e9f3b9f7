"""The desk with approvals: ``mei`` keeps the team, ``chen`` is the chief of everybody, ``wen`` asks, ``lin`` and ``guo`` are colleagues."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from flask import Flask

from kernel.platform import accounts, actors, migrations
from kernel.platform.clock import Clock
from kernel.platform.ctx import Ctx
from kernel.platform.ids import uuid7
from kernel.platform.settings import Settings
from kernel.web.application import Web
from runtime.records import road
from runtime.records.record import Input, Record
from tests.factories import desk as base
from tests.factories.applications import install
from tests.factories.desk import Desk, make_runtime
from tests.factories.platform import make_account, make_tenant

LIMIT = {"parameter": "limit", "type": "number", "value": 100}
STEPS: Mapping[str, Any] = {
    "keeper": {"role": "keeper", "labels": {"en": "Team", "zh": "团队"}},
    "chief": {"role": "chief", "within": "anywhere", "when": "effort > param.limit", "labels": {"en": "Chief", "zh": "总监"}},
}
CHECK = {"from": "open", "to": "doing", "primary": True, "needs": ["details"], "asks": {"why": {"type": "text", "required": True}},
         "guards": {"some": {"holds": "effort >= 5", "labels": {"en": "Effort of at least 5", "zh": "投入不少于 5"}}}}
MANAGERS = {"wen": "mei", "lin": "mei", "mei": "chen", "guo": "chen"}


def documents(approvals: Mapping[str, Any], *, beside: Sequence[Mapping[str, Any]] = (), **more: Any) -> tuple[Mapping[str, Any], ...]:
    """The desk's application whose step ``send`` needs these approvals; ``beside``: further documents."""
    found = []
    for document in base.DOCUMENTS:
        if document.get("machine") == "task":
            step = {**CHECK, "approvals": dict(approvals), **more}
            document = {**document, "transitions": {**{k: v for k, v in document["transitions"].items() if k != "start"}, "send": step, "give_up": {"from": ["open"], "to": "closed"}}}
        found.append(document)
    return (*found, LIMIT, *beside)


class World:
    """A desk and short ways to act in it."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.people = desk, desk.people

    @contextmanager
    def ctx(self, login: str) -> Iterator[Ctx]:
        """A unit of work in somebody's name."""
        with self.desk.ctx() as ctx:
            identity = actors.identify(ctx.conn, ctx.release, self.people[login], tenant=ctx.tenant, now=ctx.now)
            assert identity is not None
            yield ctx.acting(actor=identity.actor(ctx.tenant))

    def make(self, login: str = "wen", **fields: Any) -> str:
        with self.ctx(login) as ctx:
            return road.create(ctx, "task", Input({"title": "Paint", "details": "all of it", "effort": 10, **fields})).id

    def send(self, id_: str, login: str = "wen", **fields: Any) -> Record:
        with self.ctx(login) as ctx:
            return road.transition(ctx, "task", id_, "send", input=Input(fields), asks={"why": "because"}, version=None)

    def ask(self, login: str = "wen", **fields: Any) -> tuple[str, str]:
        """A new record, sent; its id and the case's."""
        id_ = self.make(login, **fields)
        case = self.send(id_, login).waits
        assert case is not None
        return id_, case

    def act(self, login: str, case: str, verb: Any, note: str = "", to: str | None = None, **more: Any) -> Any:
        from runtime.approvals import acts

        with self.ctx(login) as ctx:
            return acts.act(ctx, case, verb, note=note, to=self.people.get(to or ""), **more)

    def case(self, id_: str) -> Any:
        from runtime.approvals import case

        with self.desk.ctx() as ctx:
            return case.load(ctx, id_)

    def waiting(self, id_: str) -> list[str]:
        """Log-ins of who must act."""
        from runtime.approvals import case, decide

        names = {v: k for k, v in self.people.items()}
        with self.desk.ctx() as ctx:
            found = case.load(ctx, id_)
            return sorted(names[s.person] for s in decide.waiting(found.steps, found.step, case.seats_now(ctx, found))) if found.state == "open" else []

    def state(self, id_: str) -> str | None:
        with self.desk.ctx() as ctx:
            return road.load(ctx, "task", id_).state

    def update(self, id_: str, login: str = "wen", **fields: Any) -> None:
        with self.ctx(login) as ctx:
            road.update(ctx, "task", id_, Input(fields), version=None)

    def history(self, id_: str) -> list[Any]:
        from runtime.records import history

        with self.desk.ctx() as ctx:
            return [e.reason["act"] if e.kind == "approval" else e.kind for e in reversed(history.of(ctx, "task", id_))]

    def tasks(self, login: str) -> list[str]:
        """Kinds of the notices that wait for somebody."""
        from runtime.notices import inbox

        with self.ctx(login) as ctx:
            return [n.kind.key for n in inbox.entries(ctx, tasks=True)]

    def news(self, login: str) -> list[str]:
        from runtime.notices import inbox

        with self.ctx(login) as ctx:
            return [n.kind.key for n in inbox.entries(ctx, tasks=False)]

    def roles(self, login: str, *roles: str) -> None:
        with self.desk.ctx() as ctx:
            accounts.set_roles(ctx.conn, self.people[login], roles)

    def leave(self, login: str) -> None:
        with self.desk.ctx() as ctx:
            road.update(ctx, "person", self.people[login], Input({"active": False}), version=None)


@contextmanager
def make_world(settings: Settings, clock: Clock, approvals: Mapping[str, Any] = STEPS, **more: Any) -> Iterator[World]:
    """An installation whose people have managers; the tenant is removed at the end."""
    migrations.migrate(settings)
    app: Flask = make_runtime(settings, clock)
    slug = f"appr-{uuid7(clock.now())[-12:]}"
    home = make_tenant(app, slug, "Desk", language="en")
    desk = Desk(app, home, slug, clock)
    try:
        install(home, clock, documents(approvals, **more))
        with desk.ctx() as ctx:
            for team, parent in (("all", None), ("east", "all"), ("west", "all")):
                desk.teams[team] = road.create(ctx, "team", Input({"name": team.capitalize(), "parent": desk.teams.get(parent or "")})).id
            for login, (_role, team) in base.PEOPLE.items():
                desk.people[login] = road.create(ctx, "person", Input({"name": login.capitalize(), "team": desk.teams[team]})).id
            for login, manager in MANAGERS.items():
                road.update(ctx, "person", desk.people[login], Input({"manager": desk.people[manager]}), version=None)
        for login, (role, _team) in base.PEOPLE.items():
            make_account(home, login, roles=[role], person_id=desk.people[login])
        yield World(desk)
    finally:
        web: Web = app.extensions["fangyuan"]
        web.tenants.delete(slug)
        web.databases.dispose()
