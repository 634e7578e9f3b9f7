"""Fixtures everybody shares: things, not factories (those are in tests/factories)."""

from __future__ import annotations

import gc
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from kernel.platform import tables as t
from kernel.platform.clock import FixedClock
from kernel.platform.database import Databases, Home, drop_schema
from kernel.platform.ids import uuid7
from kernel.platform.migrations import create_tenant_home, tenant_template
from kernel.platform.settings import TEST_MARK, Settings
from kernel.platform.tenants import DEFAULT_SETTINGS
from tests.factories.quick import routes
from tests.servers import CannotRun, free_port, own_database, postgresql

NOW = datetime(2026, 11, 24, 2, 32, tzinfo=UTC)
CHROMIUM_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
)


routes()
# How long an example takes is the machine's affair, not the example's.
hypothesis.settings.register_profile("suite", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("suite")


def cannot(reason: str) -> None:
    """Skip loudly where something can't be had, but fail where everything must be there (CI=true)."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"under CI this must be there: {reason}", pytrace=False)
    pytest.skip(reason)


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Skipped tests are named with their reason, so that nobody takes half a run for a whole one."""
    reasons: dict[str, int] = {}
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reasons[reason] = reasons.get(reason, 0) + 1
    for reason, count in sorted(reasons.items()):
        terminalreporter.write_line(f"SKIPPED {count} tests: {reason}", yellow=True, bold=True)


@pytest.fixture
def clock() -> FixedClock:
    """A clock that stands at Tuesday 2026-11-24 10:32 in Shanghai."""
    return FixedClock(NOW)


@pytest.fixture(scope="session")
def session_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder common to all workers of the run."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


@pytest.fixture(scope="session")
def pg_url(session_folder: Path) -> Iterator[str]:
    """A real PostgreSQL, started once per run; every worker of the run has a database of its own in it, so that what looks at all
    tenants (migrations, sweeps) meets only those of its own tests."""
    try:
        with postgresql(session_folder) as url:
            yield own_database(url, os.environ.get("PYTEST_XDIST_WORKER", "alone"))
    except CannotRun as reason:
        cannot(str(reason))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a test installation on SQLite."""
    return make_settings(tmp_path / "var")


def make_settings(data_dir: Path, **values: Any) -> Settings:
    """Settings marked as test."""
    data_dir.mkdir(parents=True, exist_ok=True)
    (data_dir / TEST_MARK).touch()
    base: dict[str, Any] = {
        "data_dir": data_dir, "database_url": f"sqlite:///{data_dir / 'control.sqlite3'}", "secret_key": b"k" * 32,
        "pool_size": 4, "threads": 8,
    }
    return Settings(**(base | values))


@pytest.fixture(scope="session")
def pg_databases(pg_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """One pool on the suite's PostgreSQL per worker."""
    databases = Databases(make_settings(tmp_path_factory.mktemp("pg"), database_url=pg_url))
    yield databases
    databases.dispose()


@pytest.fixture(scope="session")
def home_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite tenant to copy."""
    return tenant_template(tmp_path_factory.mktemp("template"))


@contextmanager
def sqlite_home(template: Path, folder: Path, settings: Settings, clock: FixedClock) -> Iterator[Home]:
    """A fresh tenant home in a SQLite file."""
    databases = Databases(settings)
    path = folder / "home.sqlite3"
    shutil.copyfile(template, path)
    home = databases.home(f"sqlite:///{path}", None, uuid7(clock.now()))
    _prepare(home)
    yield home
    databases.dispose()


@contextmanager
def postgresql_home(databases: Databases, clock: FixedClock) -> Iterator[Home]:
    """A fresh tenant home in a PostgreSQL schema."""
    key = uuid7(clock.now())
    home = databases.home(databases.settings.database_url, "t_" + key.replace("-", ""), key)
    create_tenant_home(home, databases.settings)
    _prepare(home)
    yield home
    drop_schema(home)


def _prepare(home: Home) -> None:
    with home.write() as conn:
        conn.execute(t.tenant_state.insert().values(id=1, settings={**DEFAULT_SETTINGS, "name": "Test"}))


@pytest.fixture
def home_sqlite(home_template: Path, tmp_path: Path, settings: Settings, clock: FixedClock) -> Iterator[Home]:
    """A fresh tenant home on SQLite, for tests where the database makes no difference."""
    with sqlite_home(home_template, tmp_path, settings, clock) as home:
        yield home


@pytest.fixture
def home_postgresql(pg_databases: Databases, clock: FixedClock) -> Iterator[Home]:
    """A fresh tenant home on PostgreSQL."""
    with postgresql_home(pg_databases, clock) as home:
        yield home


@pytest.fixture(params=["sqlite", "postgresql"])
def home(request: pytest.FixtureRequest) -> Home:
    """A fresh, migrated tenant home without a release: once per database."""
    found: Home = request.getfixturevalue(f"home_{request.param}")
    return found


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium (Playwright); tests open contexts of their own."""
    path = os.environ.get("FANGYUAN_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        cannot("no Chromium (apt-get install chromium)")
    from playwright.sync_api import Error, sync_playwright

    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=path, args=list(CHROMIUM_FLAGS))
        except Error as error:
            cannot(f"Chromium does not start: {error.message.splitlines()[0]}")
        yield browser
        browser.close()


@pytest.fixture
def live_server() -> Iterator[Callable[..., str]]:
    """``live_server(app, port=None) -> base URL``: serves a WSGI application from a thread until the test ends."""
    from werkzeug.serving import WSGIRequestHandler, make_server

    from runtime.web.live import close as close_streams

    class Quiet(WSGIRequestHandler):
        def log(self, type: str, message: str, *args: Any) -> None:
            """Tests read answers, not the access log."""

    running: list[tuple[Any, threading.Thread]] = []

    def start(app: Any, port: int | None = None) -> str:
        number = port or free_port()
        server = make_server("127.0.0.1", number, app, threaded=True, request_handler=Quiet)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        running.append((server, thread))
        return f"http://127.0.0.1:{number}"

    yield start
    for server, thread in running:
        # Open streams end first: they would look into databases that are about to go.
        close_streams(server.app)
        server.shutdown()
        thread.join(10)
        server.server_close()


@pytest.fixture(autouse=True, scope="module")
def _closed_connections() -> Iterator[None]:
    """What a module left open shows up in that module, not in a later one (a ResourceWarning is an error)."""
    yield
    gc.collect()
    # What is left is left for good; looking through it again and again took a tenth of the whole run.
    gc.freeze()
