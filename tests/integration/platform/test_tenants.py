"""Tenants and accounts on both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from kernel.errors import Conflict, Invalid, NotFound, TooMany
from kernel.platform import accounts, actors, migrations, rates, releases, teams
from kernel.platform import tables as t
from kernel.platform.database import Databases, Home
from kernel.platform.tenants import Tenants, change_settings, read_tenant


@pytest.fixture(params=["sqlite", "postgresql"])
def tenants(request, settings, clock):
    if request.param == "postgresql":
        settings = replace(settings, database_url=request.getfixturevalue("pg_url"))
    migrations.migrate(settings)
    databases = Databases(settings)
    found = Tenants(settings, databases, clock)
    yield found
    for placement in found.all():
        found.delete(placement.slug)
    databases.dispose()


def test_a_tenant_from_first_to_last(tenants, clock):
    placement, home = tenants.create("acme", "Acme", {"language": "en"})
    assert tenants.find("acme") == (placement, home) or tenants.find("acme")[0] == placement
    with home.read() as conn:
        tenant = read_tenant(conn, placement)
        assert (tenant.name, tenant.language, tenant.zone, tenant.currency) == ("Acme", "en", "Asia/Shanghai", "CNY")
        assert releases.current(conn).id == 0
    with home.write() as conn:
        change_settings(conn, {"name": "New"})
    with home.read() as conn:
        assert read_tenant(conn, placement).name == "New"
    with pytest.raises(Conflict):
        tenants.create("acme", "Again")
    assert [p.slug for p in tenants.all()] == ["acme"]
    tenants.delete("acme")
    assert tenants.find("acme") is None
    with pytest.raises(NotFound):
        tenants.get("acme")
    with pytest.raises(NotFound):
        tenants.delete("acme")
    again, fresh = tenants.create("acme", "Second")
    assert again.id != placement.id
    with fresh.read() as conn:
        assert read_tenant(conn, again).name == "Second"


@pytest.mark.parametrize("slug", ["", "A", "1a", "a_b", "-a", "a-", "x" * 41, "api", "a/b", "../x", "a.b", "方"])
def test_bad_addresses_are_refused(tenants, slug):
    with pytest.raises(Invalid):
        tenants.create(slug, "X")
    assert tenants.find(slug) is None


def test_tenants_are_apart(tenants):
    _one, first = tenants.create("one", "One")
    _two, second = tenants.create("two", "Two")
    with first.write() as conn:
        conn.execute(t.sequence.insert().values(key="k", next=5))
    with second.read() as conn:
        assert conn.execute(select(t.sequence.c.next)).all() == []


def test_a_failed_making_leaves_no_tenant(tenants, monkeypatch):
    def fail(home, settings):
        raise RuntimeError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(migrations, "create_tenant_home", fail)
        with pytest.raises(RuntimeError):
            tenants.create("acme", "Acme")
    assert tenants.all() == []
    tenants.create("acme", "Acme")


def test_migrating_again_changes_nothing(tenants):
    tenants.create("acme", "Acme")
    assert migrations.migrate(tenants.settings) == 0


def test_accounts(home: Home, clock):
    with home.write() as conn:
        made = accounts.create(conn, "p1", " ANN@Example.com ", "hash", roles=["reader"], must_change=True)
        assert made.login == "ann@example.com" and made.must_change
        for person, login in (("p2", "ann@EXAMPLE.com"), ("p1", "other"), ("p3", ""), ("p4", "x" * 121), ("p5", "a\x07b")):
            with pytest.raises(Invalid):
                accounts.create(conn, person, login, "hash")
        assert accounts.find_by_login(conn, "Ann@example.com") == made
        assert [a.login for a in accounts.all_accounts(conn)] == ["ann@example.com"]
        before = conn.execute(select(t.tenant_state.c.rights_epoch)).scalar_one()
        accounts.set_roles(conn, "p1", ["reader"])
        assert conn.execute(select(t.tenant_state.c.rights_epoch)).scalar_one() == before, "nothing changed"
        accounts.set_roles(conn, "p1", ["writer", "admin"])
        assert accounts.roles_of(conn, "p1") == {"writer", "admin"}
        assert conn.execute(select(t.tenant_state.c.rights_epoch)).scalar_one() == before + 1
        accounts.disable(conn, "p1", clock.now())
        assert accounts.password_hash_of(conn, "ann@example.com") is None and accounts.count(conn) == 0
        accounts.enable(conn, "p1")
        assert accounts.count(conn) == 1
        for act in (accounts.get, accounts.enable):
            with pytest.raises(NotFound):
                act(conn, "nobody")
        with pytest.raises(Invalid):
            accounts.set_preferences(conn, "p1", theme="pink")


def test_before_anything_is_published_the_first_admin_may_design(home: Home):
    with home.write() as conn:
        accounts.create(conn, "p1", "ann", "hash", roles=["admin"])
        accounts.create(conn, "p2", "bob", "hash", roles=["reader"])
        release = releases.current(conn)
        admin, reader = (actors.identify(conn, release, person) for person in ("p1", "p2"))
    assert admin is not None and admin.rights == {"design", "administer", "import"}
    assert reader is not None and reader.rights == frozenset() and reader.roles == frozenset()


def test_teams_below(home: Home):
    with home.write() as conn:
        teams.rebuild_closure(conn, [("a", None), ("b", "a"), ("c", "b"), ("d", None)])
        epoch = conn.execute(select(t.tenant_state.c.rights_epoch)).scalar_one()
        assert teams.teams_below(conn, "a") == {"a", "b", "c"}
        assert teams.teams_below(conn, "c") == {"c"}
        assert teams.teams_below(conn, "unknown") == {"unknown"} and teams.teams_below(conn, None) == frozenset()
        teams.rebuild_closure(conn, [("a", None), ("b", "a"), ("c", "b"), ("d", None)])
        assert conn.execute(select(t.tenant_state.c.rights_epoch)).scalar_one() == epoch
        teams.rebuild_closure(conn, [("a", None), ("b", None), ("c", "b")])
        assert teams.teams_below(conn, "a") == {"a"} and teams.teams_below(conn, "b") == {"b", "c"}
        assert conn.execute(select(t.tenant_state.c.rights_epoch)).scalar_one() == epoch + 1


def test_limits_count_in_windows(home: Home, clock):
    limit = rates.Limit(2, rates.SIGN_IN_ACCOUNT.window)
    with home.write() as conn:
        rates.take(conn, "k", limit, clock.now())
        rates.take(conn, "k", limit, clock.now())
        with pytest.raises(TooMany) as refused:
            rates.take(conn, "k", limit, clock.now())
        assert 0 < refused.value.retry_after <= 901
        rates.take(conn, "other", limit, clock.now())
        clock.advance(minutes=15)
        rates.take(conn, "k", limit, clock.now())
        rates.clear(conn, "k")
        assert rates.sweep(conn, clock.now()) == 1
