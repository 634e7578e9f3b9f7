"""Secrets: written, never shown, read only for where they may go, and by no other tenant or name."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select, update

from kernel import secrets
from kernel.egress import Blocked
from kernel.errors import Invalid
from kernel.platform import tables as t
from kernel.platform.database import Databases
from tests.factories.desk import make_desk


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    from kernel.platform.clock import FixedClock
    from tests.conftest import NOW, make_settings

    with make_desk(make_settings(tmp_path_factory.mktemp("secrets") / "var"), FixedClock(NOW)) as made:
        yield made


def test_a_value_comes_back_only_for_its_origin(desk):
    with desk.ctx() as ctx:
        secrets.put(ctx, "c:1", "whsec_täglich", "https://Shop.example:443/hook?x=1", label="Shop")
        assert secrets.read(ctx, "c:1", "https://shop.example/other") == "whsec_täglich"
        for origin in (None, "http://shop.example", "https://shop.example:8443", "https://shop.example.evil.org"):
            assert secrets.read(ctx, "c:1", origin) is None
        assert secrets.known(ctx, "c:")["c:1"].origin == "https://shop.example" and "c:1" in secrets.known(ctx)
        assert secrets.read(ctx, "c:2") is None
        secrets.put(ctx, "c:1", "another", "https://shop.example")
        assert secrets.read(ctx, "c:1", "https://shop.example") == "another"


def test_a_change_of_host_clears_it(desk):
    with desk.ctx() as ctx:
        value = secrets.fresh(ctx, "c:3", "https://a.example")
        assert len(value) >= 43 and secrets.hold(ctx, "c:3", "https://a.example/new/path")
        assert secrets.read(ctx, "c:3", "https://a.example") == value
        assert not secrets.hold(ctx, "c:3", "https://b.example") and "c:3" not in secrets.known(ctx)
        assert not secrets.hold(ctx, "c:3", "https://a.example") and not secrets.forget(ctx, "c:3")
        with pytest.raises(Blocked):
            secrets.put(ctx, "c:4", "x", "ftp://a.example")
        for wrong in ("", "x" * 8001):
            with pytest.raises(Invalid):
                secrets.put(ctx, "c:4", wrong)


def test_nothing_stored_or_noted_holds_the_value(desk):
    with desk.ctx() as ctx:
        secrets.put(ctx, "c:5", "hunter2-hunter2", label="Till")
        row = ctx.conn.execute(select(t.secret).where(t.secret.c.name == "c:5")).one()
        notes = ctx.conn.execute(select(t.audit.c.data, t.audit.c.kind).where(t.audit.c.subject == "c:5")).all()
        assert "hunter2" not in repr(row) + repr(notes) + repr(ctx.conn.get_execution_options()) and "kkkk" not in repr(ctx.conn.get_execution_options())
        assert [(n.kind, n.data["name"]) for n in notes] == [("secret.set", "Till")]


@pytest.mark.parametrize("change", [{"name": "c:7"}, {"origin": "https://evil.example"}, {"origin": None}, {"sealed": "AAAA"}, {"sealed": "no base64!"}, {"key_id": "0" * 16}])
def test_a_row_that_was_moved_or_touched_opens_nothing(desk, change):
    with desk.ctx() as ctx:
        secrets.put(ctx, "c:6", "value", "https://a.example")
        ctx.conn.execute(update(t.secret).where(t.secret.c.name == "c:6").values(**change))
        assert secrets.read(ctx, change.get("name", "c:6"), change.get("origin", "https://a.example")) is None
        secrets.forget(ctx, "c:6")
        secrets.forget(ctx, "c:7")


def test_a_row_of_another_tenant_opens_nothing(desk):
    with desk.ctx() as ctx:
        secrets.put(ctx, "c:8", "value")
        stranger = desk.app.extensions["fangyuan"].databases.home(f"sqlite:///{desk.home.path}", None, "another")
        assert secrets.read(ctx, "c:8") == "value"
    with stranger.read() as conn:
        assert secrets.read(replace(ctx, conn=conn), "c:8") is None


def test_a_new_key_opens_what_the_old_one_closed_and_takes_it_over(desk):
    settings = desk.app.extensions["fangyuan"].settings
    url = f"sqlite:///{desk.home.path}"
    with desk.ctx() as ctx:
        secrets.put(ctx, "c:9", "value", "https://a.example")
    new = Databases(replace(settings, secret_key=b"n" * 32, secret_key_fallbacks=(settings.secret_key,)))
    alone = Databases(replace(settings, secret_key=b"n" * 32))
    try:
        with desk.ctx() as ctx:
            old = ctx
        with new.home(url, None, desk.home.key).write() as conn:
            assert secrets.read(replace(old, conn=conn), "c:9", "https://a.example") == "value"
        with alone.home(url, None, desk.home.key).read() as conn:
            assert secrets.read(replace(old, conn=conn), "c:9", "https://a.example") is None
        with new.home(url, None, desk.home.key).write() as conn:
            assert secrets.rewrap(conn) >= 1 and secrets.rewrap(conn) == 0
        with alone.home(url, None, desk.home.key).read() as conn:
            assert secrets.read(replace(old, conn=conn), "c:9", "https://a.example") == "value"
    finally:
        new.dispose()
        alone.dispose()
