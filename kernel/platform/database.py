"""The doors to the databases: the control database and one home per tenant.

A home is a SQLite file or a PostgreSQL schema (docs/decisions/0003-tenant-addressing.md). Every use is one
transaction: ``with home.read() as conn`` sees one snapshot and can't write; ``with home.write() as conn`` takes the
write lock first and commits at the end. Only the edge (web wrapper, command, job) opens them; services get ``conn``.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
import sqlite3
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import QueuePool

from kernel.errors import Busy
from kernel.platform.jsonvalues import dumps, loads
from kernel.platform.keyring import Keyring
from kernel.platform.settings import Settings
from kernel.platform.turn import begin_immediate

_MODE = "fangyuan_mode"
_SCHEMA = "fangyuan_schema"
_HOME = "fangyuan_home"
_DUE = "fangyuan_due"
_WAKE = "fangyuan_wake"
_KEYS = "fangyuan_keys"
CONTROL_SCHEMA = "fangyuan"
_OPEN_ENGINES = 128
_SAFE_SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,62}\Z")
# PostgreSQL: query cancelled (timeout), lock not available, serialization failure, deadlock, idle in transaction,
# too many connections, shut down by the administrator, starting up.
_BUSY_STATES = {"57014", "55P03", "40001", "40P01", "25P03", "53300", "57P01", "57P03"}


class Home:
    """One database or schema; ``engine`` is a proxy that shares its pool and compiled statements with its server.

    ``key`` names what lives here for caches: a tenant's id, never its place, which a later tenant may take over.
    """

    def __init__(
        self, engine: Engine, key: str, schema: str | None = None, path: Path | None = None, wake: Callable[[datetime], None] | None = None,
        keys: Keyring | None = None,
    ) -> None:
        options: dict[str, Any] = {_HOME: key, _WAKE: wake, _KEYS: keys}
        if schema is not None:
            options |= {_SCHEMA: schema, "schema_translate_map": {None: schema}}
        self.engine = engine.execution_options(**options)
        self.key = key
        self.schema = schema
        self.path = path

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self.engine.dialect.name

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one snapshot and refuses to write."""
        with self.open("read") as conn:
            yield conn

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that holds the write lock from the start (SQLite) and commits if the block ends well."""
        with self.open("write") as conn:
            yield conn
            commit(conn)

    @contextmanager
    def open(self, mode: str) -> Iterator[Connection]:
        """A begun transaction in ``mode`` (``read`` or ``write``) that is rolled back unless :func:`commit` was called."""
        with _busy_errors(), self._begun(mode) as conn:
            yield conn

    def _begun(self, mode: str) -> Connection:
        for last in (False, True):
            conn = self.engine.connect()
            conn.execution_options(**{_MODE: mode})
            conn.info.pop(_DUE, None)
            try:
                conn.begin()
                return conn
            except Exception as error:
                if not _lost(error):
                    conn.close()
                    raise
                # BEGIN is the first word of a pooled connection: when the server was restarted, all of the pool is dead.
                conn.invalidate()
                conn.close()
                if last:
                    raise
                self.engine.dispose()
            except BaseException:
                conn.close()
                raise
        raise AssertionError


def home_key(conn: Connection) -> str:
    """Which home a connection belongs to."""
    return str(conn.get_execution_options().get(_HOME, ""))


def keyring(conn: Connection) -> Keyring:
    """The keys of the installation a connection belongs to: for what is stored encrypted in its home."""
    found = conn.get_execution_options().get(_KEYS)
    if not isinstance(found, Keyring):
        raise RuntimeError("this connection was not opened by Databases")
    return found


def may_write(conn: Connection) -> bool:
    """Whether this is a transaction that writes."""
    return bool(conn.get_execution_options().get(_MODE) == "write")


def commit(conn: Connection) -> None:
    """Make the unit of work last. What is read on ``conn`` afterwards sees a new, read-only transaction."""
    conn.commit()
    conn.execution_options(**{_MODE: "read"})
    due, wake = conn.info.pop(_DUE, None), conn.get_execution_options().get(_WAKE)
    if due is not None and wake is not None:
        wake(due)


def wake_after_commit(conn: Connection, due: datetime) -> None:
    """Something in this home is due at ``due``: once the unit of work is committed, the home's ``wake`` is told the earliest."""
    known = conn.info.get(_DUE)
    conn.info[_DUE] = due if known is None else min(known, due)


@dataclass(slots=True)
class StatementCount:
    """What :func:`count_statements` saw."""

    statements: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        return len(self.statements)


@contextmanager
def count_statements(target: Connection | Home) -> Iterator[StatementCount]:
    """Counts the statements sent on one connection, or on every connection of a home (without BEGIN and COMMIT)."""
    count = StatementCount()

    def before(conn: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        count.statements.append(statement)

    watched: Any = target.engine if isinstance(target, Home) else target
    event.listen(watched, "before_cursor_execute", before)
    try:
        yield count
    finally:
        event.remove(watched, "before_cursor_execute", before)


class Databases:
    """All engines of a process: one per SQLite file, one per PostgreSQL server, made when first used."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._keys = Keyring((settings.secret_key, *settings.secret_key_fallbacks))
        self._lock = threading.Lock()
        self._engines: OrderedDict[str, Engine] = OrderedDict()

    def control(self) -> Home:
        """Tenants, their placement and the operators; nothing of any tenant's business."""
        return self.home(self.settings.database_url, CONTROL_SCHEMA, "control")

    def home(self, url: str, schema: str | None, key: str, wake: Callable[[datetime], None] | None = None) -> Home:
        """The home at this placement (as the control database's ``tenant`` row gives it). ``wake`` hears of what falls due there."""
        engine = self._engine(url)
        if engine.dialect.name == "sqlite":
            return Home(engine, key, path=Path(engine.url.database or ""), wake=wake, keys=self._keys)
        if schema is None or not _SAFE_SCHEMA.match(schema):
            raise ValueError(f"not a schema name: {schema!r}")
        return Home(engine, key, schema=schema, wake=wake, keys=self._keys)

    def _engine(self, url: str) -> Engine:
        with self._lock:
            engine = self._engines.get(url)
            if engine is None:
                file = url.startswith("sqlite")
                engine = sqlite_engine(Path(url.removeprefix("sqlite:///"))) if file else postgresql_engine(url, self.settings)
                self._engines[url] = engine
            self._engines.move_to_end(url)
            # Thousands of tenants must not hold thousands of open files; a connection in use outlives its engine's eviction.
            if len(self._engines) > _OPEN_ENGINES:
                self._engines.popitem(last=False)[1].dispose()
            return engine

    def forget(self, home: Home) -> None:
        """Close what is open for a file about to be moved or removed."""
        if home.path is not None:
            with self._lock:
                engine = self._engines.pop(f"sqlite:///{home.path}", None)
            if engine is not None:
                engine.dispose()

    def dispose(self) -> None:
        """Close everything; for the end of a process and before a fork."""
        with self._lock:
            for engine in self._engines.values():
                engine.dispose()
            self._engines.clear()


def sqlite_engine(path: Path, busy_timeout_ms: int = 10_000) -> Engine:
    """An engine for one existing SQLite file (D40). It never creates the file: a removed tenant must not come back empty."""
    engine = create_engine(
        f"sqlite:///{path}",
        creator=lambda: _connect_sqlite(path, busy_timeout_ms),
        poolclass=QueuePool,
        pool_size=8,
        max_overflow=56,
        pool_timeout=10,
        query_cache_size=5000,
        json_serializer=dumps,
        json_deserializer=loads,
    )

    @event.listens_for(engine, "begin")
    def begin(conn: Connection) -> None:
        writes = conn.get_execution_options().get(_MODE, "read") == "write"
        info = conn.info
        driver = conn.connection.driver_connection
        assert driver is not None
        if info.get("may_write") is not writes:
            # A reader can't write by mistake: a GET has no effects (D26).
            driver.execute(f"PRAGMA query_only={'OFF' if writes else 'ON'}")
            info["may_write"] = writes
        # A transaction that reads first and then writes fails at once when another one wrote: take the lock up front.
        if writes:
            begin_immediate(driver, path, busy_timeout_ms)
        else:
            driver.execute("BEGIN")

    return engine


def _connect_sqlite(path: Path, busy_timeout_ms: int) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?mode=rw",
        uri=True,
        timeout=busy_timeout_ms / 1000,
        isolation_level=None,
        cached_statements=512,
        check_same_thread=False,
    )
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA cache_size=-8000")
    connection.execute("PRAGMA temp_store=MEMORY")
    register = expression_functions()
    if register is not None:
        register(connection)
    return connection


@lru_cache(maxsize=1)
def expression_functions() -> Callable[[sqlite3.Connection], None] | None:
    """What puts the expression language's functions on a SQLite connection, if that part is there."""
    name = "kernel.expr.sqlite"
    try:
        found = importlib.util.find_spec(name)
    except ModuleNotFoundError:
        return None
    return None if found is None else importlib.import_module(name).register


def postgresql_engine(url: str, settings: Settings) -> Engine:
    """An engine for one PostgreSQL server; homes are proxies of it, one per schema.

    The driver is in autocommit and we send BEGIN ourselves: search path and time limits travel in the same message,
    cost no round trip, end with the transaction, and therefore work behind PgBouncer in transaction mode.
    """
    engine = create_engine(
        url,
        pool_size=settings.pool_size,
        max_overflow=settings.pool_size,
        pool_timeout=10,
        pool_pre_ping=False,
        pool_recycle=1800,
        query_cache_size=5000,
        json_serializer=dumps,
        json_deserializer=loads,
        # Prepared statements belong to a server session, which a transaction pooler changes under us.
        connect_args={"prepare_threshold": None if settings.pgbouncer else 5, "application_name": "fangyuan", "connect_timeout": 5},
    )
    limits = (
        f"SET LOCAL statement_timeout={int(settings.statement_timeout_s * 1000)};"
        f"SET LOCAL lock_timeout={int(settings.lock_timeout_s * 1000)};"
        "SET LOCAL idle_in_transaction_session_timeout=60000;"
    )

    @event.listens_for(engine, "connect")
    def connect(driver: Any, record: Any) -> None:
        driver.autocommit = True
        driver.prepared_max = 300

    @event.listens_for(engine, "begin")
    def begin(conn: Connection) -> None:
        options = conn.get_execution_options()
        writes = options.get(_MODE, "read") == "write"
        schema = options.get(_SCHEMA)
        kind = "BEGIN;SET LOCAL synchronous_commit=on;" if writes else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
        # The schema also stands in every statement (translate map); the path covers DDL and hand-written SQL.
        path = f'SET LOCAL search_path="{schema}";' if schema else ""
        driver = conn.connection.driver_connection
        assert driver is not None
        driver.execute((kind + path + limits).encode(), prepare=False)

    return engine


def create_schema(home: Home) -> None:
    """Make the empty schema or file of a new home."""
    if home.path is not None:
        home.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        home.path.touch(mode=0o600, exist_ok=False)
        return
    with home.write() as conn:
        conn.execute(text(f'CREATE SCHEMA "{home.schema}"'))


def drop_schema(home: Home) -> None:
    """Remove a home with everything in it; the caller closed it by :meth:`Databases.forget`."""
    if home.path is not None:
        for suffix in ("", "-wal", "-shm", "-turn"):
            home.path.with_name(home.path.name + suffix).unlink(missing_ok=True)
        return
    with home.write() as conn:
        conn.execute(text(f'DROP SCHEMA IF EXISTS "{home.schema}" CASCADE'))


@contextmanager
def _busy_errors() -> Iterator[None]:
    try:
        yield
    except PoolTimeout as error:
        raise Busy() from error
    except Exception as error:
        if isinstance(error, (DBAPIError, sqlite3.OperationalError, *_postgresql_errors("Error"))) and is_busy(error):
            raise Busy() from error
        raise


def _postgresql_errors(name: str) -> tuple[type[Exception], ...]:
    """The driver's exception of this name, if the driver is loaded: an installation on SQLite never loads it (9 MB)."""
    driver = sys.modules.get("psycopg")
    return () if driver is None else (getattr(driver, name),)


def _lost(error: Exception) -> bool:
    """Whether the server is gone, or was when we asked."""
    return isinstance(error, _postgresql_errors("OperationalError"))


def is_busy(error: Exception) -> bool:
    """Whether the same work may succeed when it is tried again: locks, timeouts, a lost connection."""
    original = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(original, sqlite3.OperationalError):
        message = str(original)
        return "locked" in message or "busy" in message
    state = getattr(original, "sqlstate", None)
    if state in _BUSY_STATES:
        return True
    # Without a SQLSTATE the server never answered.
    return state is None and isinstance(original, Exception) and _lost(original)
