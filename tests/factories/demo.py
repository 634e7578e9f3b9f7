"""The demo company of the shipped template: built once per run, copied wherever a test works in it, served from a thread.

The clock stands (``tests.conftest.NOW``), so that "half a year of samples" is the same half year in every run.
"""

from __future__ import annotations

import fcntl
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import update
from werkzeug.serving import WSGIRequestHandler, make_server

from app import create_app
from commands.desk import Desk
from commands.serving import DEMO, DEMO_PASSWORD, DEMO_TEMPLATE
from commands.tenants import make
from kernel.platform import accounts, migrations, sessions
from kernel.platform import tables as t
from kernel.platform.clock import Clock, FixedClock
from kernel.platform.ctx import Ctx, system_ctx
from kernel.platform.database import Databases, Home
from kernel.platform.settings import Settings
from kernel.platform.tenants import Tenants, read_tenant
from kernel.web.application import Web
from kernel.web.session import cookie_name
from runtime.web.live import close as close_streams
from tests.conftest import NOW, make_settings
from tests.factories.desk import Api
from tests.factories.platform import make_token
from tests.servers import free_port


def demo_template(session_folder: Path) -> Path:
    """The data folder with the finished demo tenant, common to all workers of the run; nobody writes to it afterwards."""
    folder = session_folder / "demo-template"
    with (session_folder / "demo-template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "finished").exists():
            shutil.rmtree(folder, ignore_errors=True)
            _build(make_settings(folder), FixedClock(NOW))
            (folder / "finished").touch()
    return folder


def _build(settings: Settings, clock: Clock) -> None:
    migrations.migrate(settings)
    databases = Databases(settings)
    try:
        desk = Desk(settings, clock, databases, Tenants(settings, databases, clock))
        make(desk, DEMO, "禾木空间", DEMO_TEMPLATE, samples=True, language="zh", password=DEMO_PASSWORD, must_change=False)
    finally:
        databases.dispose()


@dataclass
class Demo:
    """A copy of the demo company that runs."""

    app: Flask
    home: Home
    clock: Clock
    url: str
    slug: str = DEMO
    password: str = DEMO_PASSWORD

    @property
    def base(self) -> str:
        """The tenant's address."""
        return f"{self.url}/t/{self.slug}"

    @property
    def web(self) -> Web:
        found: Web = self.app.extensions["fangyuan"]
        return found

    def person(self, login: str) -> str:
        """The id of the person who signs in as ``login``."""
        with self.home.read() as conn:
            account = accounts.find_by_login(conn, login)
        assert account is not None, f"nobody signs in as {login}"
        return account.person_id

    def api(self, login: str) -> Api:
        """A caller of the API with a fresh token of this person."""
        return Api(self.app.test_client(), f"/t/{self.slug}/api/v1", make_token(self.home, self.person(login), self.clock))

    def cookie(self, login: str, language: str = "zh") -> dict[str, str]:
        """A session of this person as a browser's cookie; the language becomes theirs."""
        with self.home.write() as conn:
            person = self.person_in(conn, login)
            accounts.set_preferences(conn, person, language=language)
            secret = sessions.create(conn, person, self.clock.now(), 30)
        return {"name": cookie_name(self.web.settings, self.slug), "value": secret, "url": self.url}

    @staticmethod
    def person_in(conn: Any, login: str) -> str:
        account = accounts.find_by_login(conn, login)
        assert account is not None, f"nobody signs in as {login}"
        return account.person_id

    @contextmanager
    def ctx(self) -> Iterator[Ctx]:
        """A unit of work of the system, committed when the block ends well."""
        placement, _home = self.web.tenants.get(self.slug)
        with self.home.write() as conn:
            yield system_ctx(read_tenant(conn, placement), conn, self.clock, "test")


@contextmanager
def demo_copy(template: Path, folder: Path) -> Iterator[Demo]:
    """A copy of the finished company in ``folder``, served over HTTP until the block ends."""
    data = folder / "demo"
    shutil.copytree(template, data)
    port = free_port()
    settings = make_settings(data, base_url=f"http://127.0.0.1:{port}", port=port)
    databases = Databases(settings)
    with databases.control().write() as conn:
        conn.execute(update(t.tenant).where(t.tenant.c.slug == DEMO).values(database_url=f"sqlite:///{data / 'tenants' / f'{DEMO}.sqlite3'}"))
    databases.dispose()
    clock = FixedClock(NOW)
    app = create_app(settings, clock)
    web: Web = app.extensions["fangyuan"]
    with _served(app, port) as url:
        yield Demo(app, web.tenants.get(DEMO)[1], clock, url)
    web.databases.dispose()


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Tests read answers, not the access log."""


@contextmanager
def _served(app: Flask, port: int) -> Iterator[str]:
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        close_streams(app)
        server.shutdown()
        thread.join(10)
        server.server_close()
