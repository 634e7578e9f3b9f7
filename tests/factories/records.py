"""Applications from YAML text, tenants with real tables, records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import insert

from builder.packages.yaml_reader import read_yaml
from kernel.errors import Problem
from kernel.model import application as applications
from kernel.model import system, tables
from kernel.model.application import Application
from kernel.model.document import Lines, flatten
from kernel.model.indexes import indexes_of
from kernel.model.tree import Node, to_json
from kernel.platform import tables as t
from kernel.platform.clock import Clock
from kernel.platform.ctx import Actor, Ctx, Tenant, system_actor
from kernel.platform.database import Home
from kernel.platform.ids import uuid7
from kernel.platform.releases import Release, release_hash
from kernel.platform.teams import teams_below
from runtime.records import road
from runtime.records.record import Input, Record

PACKAGE = "test"


def make_tree(text: str) -> dict[str, Node]:
    """The tree of YAML documents beside the built-in package; documents ``labels: zh`` are left out."""
    problems: list[Problem] = []
    found: dict[str, Node] = dict(system.tree())
    read = read_yaml(text, "test.yaml")
    documents = [d for d in read.documents if "labels" not in list(d)[:1]]
    for index, document in enumerate(documents):
        found.update(flatten(document, PACKAGE, Lines("test"), problems, index))
    assert not problems, [str(p.message) for p in problems]
    return found


def make_application(text: str) -> Application:
    """The application of YAML text, with people and teams."""
    return applications.build(make_tree(text))


def make_release(app: Application, number: int = 1) -> Release:
    """A release of an application, with fresh names for all tables."""
    columns = tables.assign_names(app, {}, {})
    return Release(number, release_hash(to_json(app.tree), columns), "published", app, columns, tables.build(app, columns))


@dataclass
class Place:
    """A tenant's home with a release whose tables exist."""

    home: Home
    release: Release
    clock: Clock
    tenant: Tenant

    def ctx(self, conn: Any, actor: Actor | None = None, channel: str = "test") -> Ctx:
        return Ctx(self.tenant, actor or system_actor(self.tenant, self.release), conn, self.release, self.clock, channel, "test")

    @contextmanager
    def write(self, actor: Actor | None = None) -> Iterator[Ctx]:
        """A unit of work that commits."""
        with self.home.write() as conn:
            yield self.ctx(conn, actor)

    @contextmanager
    def read(self, actor: Actor | None = None) -> Iterator[Ctx]:
        with self.home.read() as conn:
            yield self.ctx(conn, actor)

    def person(self, name: str, *roles: str, team: str | None = None, language: str = "en", **fields: Any) -> Actor:
        """A person of the tenant with roles, as an actor."""
        with self.write() as ctx:
            made = road.create(ctx, "person", Input({"name": name, "team": team, **fields}))
            below = teams_below(ctx.conn, team)
        return Actor(made.id, name, team, below, frozenset(roles), language)

    def team(self, name: str, parent: str | None = None) -> str:
        with self.write() as ctx:
            return road.create(ctx, "team", Input({"name": name, "parent": parent})).id

    def again(self, actor: Actor) -> Actor:
        """The actor with the teams of now."""
        with self.read() as ctx:
            return replace(actor, teams=teams_below(ctx.conn, actor.team))


def make_tenant(home: Home, app: Application | str, clock: Clock, *, indexes: bool = True) -> Place:
    """Make the record tables (and their indexes) in a migrated home and a release row beside them."""
    made = make_application(app) if isinstance(app, str) else app
    release = make_release(made)
    with home.write() as conn:
        conn.execute(
            insert(t.release).values(
                id=1, hash=release.hash, kind="published", tree=to_json(made.tree), columns=dict(release.columns), packages=[], published_at=clock.now()
            )
        )
        release.tables.metadata.create_all(conn)
        if indexes:
            for index in indexes_of(made, release.tables):
                index.create(conn)
    return Place(home, release, clock, Tenant("test", "Test", {"language": "en", "zone": "Asia/Shanghai", "currency": "CNY"}, uuid7(clock.now())))


def make_record(place: Place, entity: str, fields: Mapping[str, Any] | None = None, actor: Actor | None = None, **placed: Any) -> Record:
    """A record made on the road and committed."""
    with place.write(actor) as ctx:
        return road.create(ctx, entity, Input(fields or {}), **placed)
