"""A small application with every kind of rule, and an installation of it with people, tokens and clients.

People: ``wen`` (worker, own records), ``lin`` (worker in another team), ``mei`` (keeper: her team and below), ``chen``
(chief: everything), ``guo`` (guest: reads some fields of everything), ``out`` (no rights to tasks at all).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from kernel.model.application import Application
from kernel.platform import links, migrations
from kernel.platform.clock import Clock
from kernel.platform.ctx import Ctx, system_ctx
from kernel.platform.database import Home
from kernel.platform.ids import uuid7
from kernel.platform.releases import current
from kernel.platform.settings import Settings
from kernel.platform.tenants import read_tenant
from kernel.web.application import Web, create_flask, seal
from kernel.web.routes import mount
from tests.factories.applications import install
from tests.factories.platform import make_account, make_tenant, make_token, signed_in
from tests.factories.quick import prepare

OPTIONS: tuple[Mapping[str, Any], ...] = (
    {
        "option_set": "priorities",
        "labels": {"en": "Priorities", "zh": "优先级"},
        "options": {
            "low": {"labels": {"en": "Low", "zh": "低"}},
            "high": {"labels": {"en": "High", "zh": "高"}},
            "old": {"retired": True, "labels": {"en": "Old", "zh": "旧"}},
        },
    },
    {"option_set": "tags", "options": {"red": {}, "green": {}, "blue": {}}},
    {"option_set": "areas", "options": {"north": {}, "south": {}}},
    {"option_set": "spots", "options": {"top": {"parent": "north"}, "bottom": {"parent": "south"}}},
)

TASK: Mapping[str, Any] = {
    "entity": "task",
    "title": "{title}",
    "labels": {"en": "Task", "zh": "任务"},
    "tracked": ["state", "owner"],
    "fields": {
        "title": {"type": "text", "required": True, "max": 80, "labels": {"en": "Title", "zh": "标题"}},
        "details": {"type": "long_text"},
        "code": {"type": "text", "unique": True, "max": 20},
        "effort": {"type": "decimal", "min": 0, "max": 1000},
        "count": {"type": "integer"},
        "budget": {"type": "money"},
        "share": {"type": "percent"},
        "due": {"type": "date"},
        "starts": {"type": "datetime"},
        "takes": {"type": "duration"},
        "done": {"type": "boolean"},
        "priority": {"type": "choice", "options": "priorities"},
        "tags": {"type": "choices", "options": "tags"},
        "area": {"type": "choice", "options": "areas"},
        "spot": {"type": "choice", "options": "spots", "governed_by": "area"},
        "phone": {"type": "phone"},
        "mail": {"type": "email"},
        "project": {"type": "reference", "to": "project"},
        "helper": {"type": "user"},
        "helpers": {"type": "references", "to": "person"},
        "attachment": {"type": "file", "accept": [".txt", ".pdf"]},
        "photo": {"type": "image"},
        "reason": {"type": "text", "required_when": 'priority = "high"'},
        "locked": {"type": "text", "read_only_when": "done"},
        "extra": {"type": "text", "show_when": 'priority = "high"'},
        "secret": {"type": "text"},
        "grade": {"type": "integer"},
        "lines": {
            "type": "rows",
            "fields": {
                "name": {"type": "text", "required": True, "max": 40},
                "amount": {"type": "decimal"},
                "hidden": {"type": "text"},
                "double": {"type": "computed", "value": "amount * 2", "places": 2},
            },
        },
        "total": {"type": "rollup", "of": "lines.amount"},
        "weight": {"type": "computed", "value": "effort * 2", "places": 2},
        "number": {"type": "auto_number", "pattern": "T-{0000}"},
    },
    "validations": {
        "in_time": {"holds": "OR(ISBLANK(due), due < DATE(2030, 1, 1))", "at": ["due"]},
        "within_year": {"holds": "OR(ISBLANK(count), count <= 365)", "at": ["count"], "labels": {"en": "At most 365", "zh": "最多 365"}},
    },
}

DOCUMENTS: tuple[Mapping[str, Any], ...] = (
    *OPTIONS,
    {
        "entity": "project",
        "title": "{name}",
        "labels": {"en": "Project", "zh": "项目"},
        "fields": {"name": {"type": "text", "required": True}, "note": "text", "budget": "money"},
    },
    TASK,
    {
        "machine": "task",
        "on": "task",
        "states": {"open": {"labels": {"en": "Open", "zh": "未开始"}}, "doing": {}, "closed": {"category": "closed"}},
        "transitions": {
            "start": {"from": "open", "to": "doing", "primary": True},
            "finish": {
                "from": "doing",
                "to": "closed",
                "needs": ["details"],
                "asks": {"why": {"type": "text", "required": True}},
                "guards": {"enough": {"holds": "effort >= 5", "labels": {"en": "Effort of at least 5", "zh": "投入不少于 5"}}},
            },
            "drop": {"from": ["open", "doing"], "to": "closed", "who": ["chief"]},
        },
    },
    {
        "machine": "review",
        "on": "task",
        "states": {"waiting": {}, "checked": {"category": "closed"}},
        "transitions": {"check": {"from": "waiting", "to": "checked", "who": ["keeper", "chief"]}},
    },
    {"form": "task", "entity": "task", "sections": {"main": {"items": [k for k in TASK["fields"] if k not in ("total", "weight", "number")]}}},
    {"view": "tasks", "entity": "task", "columns": ["title", "effort", "project.name"], "sort": ["-created_at"]},
    {
        "role": "worker",
        "rights": {
            "task": {
                "read": "own",
                "create": True,
                "update": "own",
                "fields": {"secret": {"read": False, "write": False}, "grade": {"write": False}, "lines.hidden": {"read": False, "write": False}},
            },
            "project": {"read": "own", "create": True, "update": "own", "fields": {"note": {"read": False, "write": False}}},
            "person": {"read": "all"},
            "team": {"read": "all"},
        },
    },
    {
        "role": "keeper",
        "rights": {
            "task": {
                "read": "team_and_below",
                "create": True,
                "update": "team_and_below",
                "assign": "team_and_below",
                "states": {"closed": {"update": "none"}},
            },
            "project": {"read": "all", "create": True, "update": "own"},
            "person": {"read": "all"},
            "team": {"read": "all"},
        },
    },
    {
        "role": "chief",
        "can": ["design", "administer", "export", "import"],
        "rights": {
            "task": {"read": "all", "create": True, "update": "all", "delete": "all", "assign": "all"},
            "project": {"read": "all", "create": True, "update": "all", "delete": "all", "assign": "all"},
            "person": {"read": "all", "create": True, "update": "all", "delete": "all"},
            "team": {"read": "all", "create": True, "update": "all", "delete": "all"},
        },
    },
    {
        "role": "guest",
        "rights": {
            "task": {"read": "all", "fields": {"secret": {"read": False}, "budget": {"read": False}, "lines": {"read": False}, "total": {"read": False}}},
            "person": {"read": "all"},
        },
    },
    {"role": "outsider", "rights": {"project": {"read": "all", "create": True}}},
)

PEOPLE = {
    "wen": ("worker", "east"),
    "lin": ("worker", "west"),
    "mei": ("keeper", "east"),
    "chen": ("chief", "east"),
    "guo": ("guest", "west"),
    "out": ("outsider", "west"),
}
_numbers = itertools.count(1)


@dataclass
class Api:
    """A caller of the REST API in one person's name. Every answer is a Werkzeug ``TestResponse``."""

    client: FlaskClient
    base: str
    token: str

    def call(
        self,
        method: str,
        path: str,
        json: Any = None,
        *,
        version: int | str | None = None,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> TestResponse:
        """One request; ``version`` becomes If-Match, ``key`` the Idempotency-Key."""
        sent = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        if version is not None:
            sent["If-Match"] = f'"{version}"' if isinstance(version, int) else version
        if key is not None:
            sent["Idempotency-Key"] = key
        if json is not None:
            more["json"] = json
        return self.client.open(f"{self.base}{path}", method=method, headers=sent, **more)

    def get(self, path: str, **more: Any) -> TestResponse:
        return self.call("GET", path, **more)

    def post(self, path: str, json: Any = None, **more: Any) -> TestResponse:
        return self.call("POST", path, json, **more)

    def patch(self, path: str, json: Any = None, **more: Any) -> TestResponse:
        return self.call("PATCH", path, json, **more)

    def delete(self, path: str, **more: Any) -> TestResponse:
        return self.call("DELETE", path, **more)

    def make(self, entity: str = "task", /, **fields: Any) -> dict[str, Any]:
        """A new record as the API answers it."""
        if entity == "task":
            fields.setdefault("title", "Paint the fence")
        answer = self.post(f"/records/{entity}", {"fields": fields})
        assert answer.status_code == 201, answer.text
        return dict(answer.json)


@dataclass
class Desk:
    """The installation."""

    app: Flask
    home: Home
    slug: str
    clock: Clock
    people: dict[str, str] = field(default_factory=dict)
    teams: dict[str, str] = field(default_factory=dict)
    callers: dict[str, Api] = field(default_factory=dict)

    def api(self, login: str, **token: Any) -> Api:
        """A caller in this person's name: always the same, or with a token of its own."""
        if not token:
            if login not in self.callers:
                self.callers[login] = self._api(login)
            return self.callers[login]
        return self._api(login, **token)

    def _api(self, login: str, **token: Any) -> Api:
        return Api(self.app.test_client(), f"/t/{self.slug}/api/v1", make_token(self.home, self.people[login], self.clock, **token))

    @property
    def application(self) -> Application:
        """The published application."""
        with self.home.read() as conn:
            return current(conn).application

    def browser(self, login: str) -> FlaskClient:
        """A client that is signed in."""
        return signed_in(self.app, self.home, self.slug, self.people[login])

    @contextmanager
    def ctx(self, channel: str = "test") -> Iterator[Ctx]:
        """A unit of work of the system; committed when the block ends well."""
        web: Web = self.app.extensions["fangyuan"]
        placement, _home = web.tenants.get(self.slug)
        with self.home.write() as conn:
            yield system_ctx(read_tenant(conn, placement), conn, self.clock, channel)


def make_runtime(settings: Settings, clock: Clock) -> Flask:
    """The application with the routes of run time: screens and API."""
    from runtime.people.make import rename
    from runtime.web.api.urls import ROUTES as API
    from runtime.web.shell import build
    from runtime.web.urls import ROUTES as SCREENS

    links.use_naming(rename)
    app = create_flask(settings, clock, shell=build)
    mount(app, SCREENS)
    mount(app, API)
    return seal(app)


@contextmanager
def make_desk(settings: Settings, clock: Clock, documents: Sequence[Mapping[str, Any]] = DOCUMENTS, slug: str | None = None) -> Iterator[Desk]:
    """An installation with one tenant, its teams and people; the tenant is removed at the end. ``documents`` may be others of the
    same entities and roles; ``slug`` is for settings that name the tenant."""
    from runtime.records import road
    from runtime.records.record import Input

    prepare(settings)
    migrations.migrate(settings)
    app = make_runtime(settings, clock)
    slug = slug or f"desk-{uuid7(clock.now())[-12:]}-{next(_numbers)}"
    home = make_tenant(app, slug, "Desk", language="en")
    desk = Desk(app, home, slug, clock)
    try:
        install(home, clock, documents)
        with desk.ctx() as ctx:
            for team, parent in (("all", None), ("east", "all"), ("west", "all")):
                desk.teams[team] = road.create(ctx, "team", Input({"name": team.capitalize(), "parent": desk.teams.get(parent or "")})).id
            for login, (_role, team) in PEOPLE.items():
                desk.people[login] = road.create(ctx, "person", Input({"name": login.capitalize(), "team": desk.teams[team]})).id
        for login, (role, _team) in PEOPLE.items():
            make_account(home, login, roles=[role], person_id=desk.people[login])
        yield desk
    finally:
        web: Web = app.extensions["fangyuan"]
        web.tenants.delete(slug)
        web.databases.dispose()


def settings_for(database: str, folder: Path, pg_url: str | None) -> Settings:
    """Settings of an installation on ``sqlite`` or ``postgresql``."""
    from tests.conftest import make_settings

    return make_settings(folder / "var", **({"database_url": pg_url} if database == "postgresql" else {}))
