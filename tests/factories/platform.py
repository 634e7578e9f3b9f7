"""Makes tenants, people and installations for tests. Passwords are hashed once per run: argon2 is slow on purpose."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from kernel.platform import accounts, migrations, passwords, sessions, tokens
from kernel.platform.clock import Clock
from kernel.platform.ctx import Actor, Ctx, Tenant
from kernel.platform.database import Home
from kernel.platform.ids import uuid7
from kernel.platform.releases import Release
from kernel.platform.settings import Settings
from kernel.platform.tenants import DEFAULT_SETTINGS
from kernel.web import csrf
from kernel.web.application import Web, create_flask
from kernel.web.session import cookie_name

PASSWORD = "correct horse battery"


@lru_cache(maxsize=4)
def password_hash(password: str = PASSWORD) -> str:
    """The hash of a test password."""
    return passwords.hash_password(password)


def make_app(settings: Settings, clock: Clock, **options: Any) -> Flask:
    """A migrated installation without tenants."""
    migrations.migrate(settings)
    return create_flask(settings, clock, **options)


def make_tenant(app: Flask, slug: str = "acme", name: str = "Acme", **settings: Any) -> Home:
    """A tenant without a release."""
    web: Web = app.extensions["fangyuan"]
    return web.tenants.create(slug, name, settings)[1]


def make_account(
    home: Home, login: str, *, roles: Iterable[str] = (), person_id: str | None = None, must_change: bool = False, language: str | None = None
) -> str:
    """A sign-in with the usual password; returns the person's id."""
    id_ = person_id or f"person-{login}"
    with home.write() as conn:
        accounts.create(conn, id_, login, password_hash(), roles=roles, must_change=must_change, language=language)
    return id_


def make_token(home: Home, person_id: str, clock: Clock, **options: Any) -> str:
    """The secret of an API token."""
    with home.write() as conn:
        return tokens.create(conn, person_id, "test", clock.now(), **options)[1]


def signed_in(app: Flask, home: Home, slug: str, person_id: str) -> FlaskClient:
    """A client with a session, without the detour over the sign-in page."""
    web: Web = app.extensions["fangyuan"]
    with home.write() as conn:
        secret = sessions.create(conn, person_id, web.clock.now(), web.settings.session_days)
    client = app.test_client()
    client.set_cookie(cookie_name(web.settings, slug), secret)
    return client


def csrf_of(client: FlaskClient, app: Flask, slug: str) -> str:
    """The CSRF token of a client's session."""
    web: Web = app.extensions["fangyuan"]
    cookie = client.get_cookie(cookie_name(web.settings, slug))
    assert cookie is not None
    return csrf.token_for(web.settings, cookie.value)


def make_ctx(conn: Any, release: Release, clock: Clock, *, actor: Actor | None = None, channel: str = "test", **settings: Any) -> Ctx:
    """A Ctx on an open unit of work, in the name of ``actor`` or of somebody who holds every role."""
    from kernel.platform.ctx import system_actor

    tenant = Tenant("test", "Test", {**DEFAULT_SETTINGS, **settings}, "tenant-test")
    return Ctx(tenant, actor or system_actor(tenant, release), conn, release, clock, channel, uuid7(clock.now()))
