"""People as records: names, teams and roles come from the release's own tables, exact at the next request."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, update

from kernel.model import tables as model_tables
from kernel.model.application import build
from kernel.model.tree import Node, from_json, to_json, uid_of
from kernel.platform import accounts, actors, releases, sessions, teams
from kernel.platform import tables as t
from kernel.platform.ctx import Tenant, system_ctx
from kernel.platform.database import Home
from kernel.platform.ids import digest

TENANT = Tenant("acme", "Acme")


def tree():
    nodes: list[Node] = []

    def add(kind, key, parent=None, slot=None, **props):
        node = Node(uid_of(kind, key, "base", parent, slot), kind, key, parent.uid if parent else None, slot, f"{len(nodes):05d}", props)
        nodes.append(node)
        return node

    person, team = add("entity", "person"), add("entity", "team")
    add("field", "name", person, "fields", type="text")
    add("field", "team", person, "fields", type="team")
    add("field", "active", person, "fields", type="boolean")
    add("field", "name", team, "fields", type="text")
    add("role", "maker", can=["design", "export"])
    add("role", "member")
    add("role", "chief", member_when='name = "Ann"')
    return {node.uid: node for node in nodes}


@pytest.fixture(autouse=True)
def unconnected(monkeypatch):
    """Whatever another test connected in this process, here nobody gets a role by expression unless a test says so."""
    monkeypatch.setattr(actors, "_membership", [])


@pytest.fixture
def published(home: Home, clock):
    """A home with people and teams; returns home and release id."""
    built = tree()
    application = build(built)
    columns = model_tables.assign_names(application, {}, {})
    with home.write() as conn:
        stored = to_json(built)
        id_ = conn.execute(insert(t.release).values(
            hash=releases.release_hash(stored, columns), kind="published", tree=stored, columns=columns, packages=[],
            published_at=clock.now()).returning(t.release.c.id)).scalar_one()
        model_tables.build(build(from_json(stored)), columns).metadata.create_all(conn)
        conn.execute(update(t.tenant_state).values(release_id=id_))
    return home


def put(conn, entity, clock, **values):
    table = releases.current(conn).tables.of(entity)
    row = {"version": 1, "created_at": clock.now(), "updated_at": clock.now(), "id": values.pop("id")}
    row |= {table.column(key).name: value for key, value in values.items()}
    conn.execute(insert(table.table).values(**row))


@pytest.fixture
def ann(published: Home, clock):
    with published.write() as conn:
        put(conn, "team", clock, id="t1", name="North")
        put(conn, "person", clock, id="p1", name="Ann", team="t1", active=True)
        teams.rebuild_closure(conn, [("t1", None), ("t2", "t1")])
        accounts.create(conn, "p1", "ann", "hash", roles=["maker", "removed_role"])
        return sessions.create(conn, "p1", clock.now(), 14)


def opened(home: Home, secret: str, clock):
    with home.read() as conn:
        return sessions.open_session(conn, digest(secret), TENANT, clock.now())


def test_the_actor_of_a_session(published, ann, clock):
    found = opened(published, ann, clock)
    actor = found.actor
    assert (actor.person, actor.name, actor.team, actor.teams) == ("p1", "Ann", "t1", {"t1", "t2"})
    assert actor.roles == {"maker"}, "a role that the release does not know grants nothing"
    assert actor.admin and actor.rights == {"design", "export"}
    assert found.release_id > 0 and found.epoch > 1


def test_an_inactive_or_removed_person_may_not_act(published, ann, clock):
    table = None
    with published.write() as conn:
        table = releases.current(conn).tables.of("person")
        conn.execute(update(table.table).values({table.column("active"): False}))
        accounts.bump_rights(conn)
    assert opened(published, ann, clock) is None
    with published.write() as conn:
        conn.execute(update(table.table).values({table.column("active"): True, table.table.c.deleted_at: clock.now()}))
        accounts.bump_rights(conn)
    assert opened(published, ann, clock) is None


def test_roles_by_expression_come_from_whoever_can_evaluate_them(published, ann, clock):
    assert "chief" not in opened(published, ann, clock).actor.roles
    actors.use_membership(lambda conn, tenant, release, person, now: frozenset({"chief"}) if person == "p1" else frozenset())
    assert opened(published, ann, clock).actor.roles == {"maker", "chief"}


def test_a_rolled_back_release_does_not_shadow_the_next_one(published, clock):
    class Undo(Exception):
        pass

    def publish(conn, note):
        extra = Node("base:role/" + note, "role", note, rank="99")
        built = {**tree(), extra.uid: extra}
        stored, columns = to_json(built), dict(releases.current(conn).columns)
        id_ = conn.execute(insert(t.release).values(
            hash=releases.release_hash(stored, columns), kind="published", tree=stored, columns=columns, packages=[],
            published_at=clock.now()).returning(t.release.c.id)).scalar_one()
        return releases.load(conn, id_)

    with pytest.raises(Undo):
        with published.write() as conn:
            assert "first" in publish(conn, "first").application.roles
            raise Undo
    with published.write() as conn:
        assert "second" in publish(conn, "second").application.roles


def test_releases_are_compiled_once_and_shared(published):
    with published.read() as conn:
        one = releases.current(conn)
        assert releases.load(conn, one.id) is one
        with pytest.raises(Exception, match="does not exist"):
            releases.load(conn, 999)


def test_the_system_holds_every_role(published, clock):
    with published.read() as conn:
        ctx = system_ctx(TENANT, conn, clock, "command")
        assert ctx.actor.roles == {"maker", "member", "chief"} and ctx.actor.admin
        assert ctx.now == clock.now() and str(ctx.zone) == "Asia/Shanghai" and len(ctx.new_id()) == 36
        other = ctx.acting(channel="import")
        assert (other.channel, other.conn) == ("import", conn)
