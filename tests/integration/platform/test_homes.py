"""Homes: one transaction per use, on both databases."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from kernel.errors import Busy
from kernel.platform import search_table
from kernel.platform import tables as t
from kernel.platform.database import Databases, Home, commit, count_statements
from kernel.platform.migrations import differences


def epoch(home: Home) -> int:
    with home.read() as conn:
        return conn.execute(select(t.tenant_state.c.rights_epoch)).scalar_one()


def test_migrations_make_what_tables_say(home: Home) -> None:
    with home.read() as conn:
        assert differences(conn, "tenant") == []


def test_control_migrations_make_what_tables_say(home: Home, settings, pg_url) -> None:
    from dataclasses import replace

    from kernel.platform.migrations import migrate

    if home.dialect == "postgresql":
        settings = replace(settings, database_url=pg_url)
    assert migrate(settings) == 0
    databases = Databases(settings)
    with databases.control().read() as conn:
        assert differences(conn, "control") == []
    databases.dispose()


def test_a_write_commits_at_the_end(home: Home) -> None:
    with home.write() as conn:
        conn.execute(update(t.tenant_state).values(rights_epoch=7))
    assert epoch(home) == 7


def test_a_failed_write_leaves_nothing(home: Home) -> None:
    with pytest.raises(RuntimeError):
        with home.write() as conn:
            conn.execute(update(t.tenant_state).values(rights_epoch=7))
            raise RuntimeError
    assert epoch(home) == 1


def test_a_reader_cannot_write(home: Home) -> None:
    with pytest.raises(DBAPIError):
        with home.read() as conn:
            conn.execute(update(t.tenant_state).values(rights_epoch=7))
    assert epoch(home) == 1


def test_after_commit_the_connection_only_reads(home: Home) -> None:
    with home.open("write") as conn:
        conn.execute(update(t.tenant_state).values(rights_epoch=7))
        commit(conn)
        assert conn.execute(select(t.tenant_state.c.rights_epoch)).scalar_one() == 7
        with pytest.raises(DBAPIError):
            conn.execute(update(t.tenant_state).values(rights_epoch=8))


def test_a_reader_sees_one_snapshot(home: Home) -> None:
    with home.read() as conn:
        before = conn.execute(select(t.tenant_state.c.rights_epoch)).scalar_one()
        with home.write() as other:
            other.execute(update(t.tenant_state).values(rights_epoch=9))
        assert conn.execute(select(t.tenant_state.c.rights_epoch)).scalar_one() == before


def test_writers_lose_no_update(home: Home) -> None:
    failures: list[Exception] = []

    def work() -> None:
        try:
            for _ in range(10):
                with home.write() as conn:
                    now = conn.execute(select(t.tenant_state.c.rights_epoch).with_for_update()).scalar_one()
                    conn.execute(update(t.tenant_state).values(rights_epoch=now + 1))
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert epoch(home) == 41


def test_statements_are_counted(home: Home) -> None:
    with home.read() as conn:
        with count_statements(conn) as count:
            conn.execute(select(t.tenant_state.c.rights_epoch))
            conn.execute(select(t.account.c.login))
    assert count.total == 2
    assert "tenant_state" in count.statements[0]
    with count_statements(home) as count:
        epoch(home)
    assert count.total == 1


def test_json_is_strict_and_keeps_chinese(home: Home) -> None:
    value = {"名": ["方圆", 1, None, True, {"x": 1.5}]}
    with home.write() as conn:
        conn.execute(update(t.tenant_state).values(settings=value))
        assert conn.execute(select(t.tenant_state.c.settings)).scalar_one() == value
    with pytest.raises(Exception, match="JSON compliant"):
        with home.write() as conn:
            conn.execute(update(t.tenant_state).values(settings={"x": float("nan")}))


def test_instants_are_aware_and_utc(home: Home, clock) -> None:
    from datetime import datetime

    with home.write() as conn:
        conn.execute(t.rate.insert().values(key="k", count=1, window_start=clock.now()))
        assert conn.execute(select(t.rate.c.window_start)).scalar_one() == clock.now()
        assert conn.execute(select(t.rate.c.window_start).where(t.rate.c.window_start <= clock.now())).scalar_one().tzinfo is not None
        with pytest.raises(Exception, match="time zone"):
            conn.execute(t.rate.insert().values(key="j", count=1, window_start=datetime(2026, 1, 1)))


def test_text_compares_by_code_point(home: Home) -> None:
    with home.write() as conn:
        for key in ("b", "B", "a", "é", "方"):
            conn.execute(t.sequence.insert().values(key=key, next=1))
        assert list(conn.execute(select(t.sequence.c.key).order_by(t.sequence.c.key)).scalars()) == ["B", "a", "b", "é", "方"]


def test_a_locked_database_says_busy(settings, home_sqlite: Home) -> None:
    from kernel.platform.database import sqlite_engine

    assert home_sqlite.path is not None
    impatient = Home(sqlite_engine(home_sqlite.path, busy_timeout_ms=1), "other")
    with home_sqlite.write():
        with pytest.raises(Busy):
            with impatient.write():
                pass
    impatient.engine.dispose()


def test_a_slow_statement_says_busy(pg_databases: Databases, home_postgresql: Home) -> None:
    with pytest.raises(Busy):
        with home_postgresql.read() as conn:
            conn.execute(text("SET LOCAL statement_timeout=10"))
            conn.execute(text("SELECT pg_sleep(2)"))


def test_a_waiting_writer_says_busy(home_postgresql: Home) -> None:
    with home_postgresql.write() as conn:
        conn.execute(update(t.tenant_state).values(rights_epoch=3))
        with pytest.raises(Busy):
            with home_postgresql.write() as other:
                other.execute(text("SET LOCAL lock_timeout=10"))
                other.execute(update(t.tenant_state).values(rights_epoch=4))


def test_a_removed_file_is_not_made_again(home_sqlite: Home, settings) -> None:
    databases = Databases(settings)
    gone = databases.home(f"sqlite:///{settings.data_dir / 'gone.sqlite3'}", None, "gone")
    with pytest.raises(DBAPIError):
        with gone.read():
            pass
    assert not (settings.data_dir / "gone.sqlite3").exists()
    databases.dispose()


def test_sqlite_is_as_durable_as_promised(home_sqlite: Home) -> None:
    with home_sqlite.write() as conn:
        pragmas = {name: conn.execute(text(f"PRAGMA {name}")).scalar() for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")}
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}


def test_search_rows_are_replaced_and_removed(home: Home) -> None:
    def found() -> set[tuple[str, str]]:
        return {tuple(r) for r in conn.execute(text("SELECT record_id, field FROM search"))}

    with home.write() as conn:
        search_table.replace(conn, "task", "r1", {"name": "方圆 one", "note": "two"})
        search_table.replace(conn, "task", "r2", {"name": "方圆"})
        assert found() == {("r1", "name"), ("r1", "note"), ("r2", "name")}
        search_table.replace(conn, "task", "r1", {"name": "three", "note": ""})
        assert found() == {("r1", "name"), ("r2", "name")}
        match = "search MATCH '\"方圆\"'" if home.dialect == "sqlite" else "body @@ to_tsquery('simple', '方圆')"
        assert conn.execute(text(f"SELECT record_id FROM search WHERE {match}")).scalars().all() == ["r2"]
        search_table.remove(conn, "r2")
        assert found() == {("r1", "name")}


def test_a_restarted_server_costs_no_request(pg_databases: Databases, home_postgresql: Home) -> None:
    # A pool of its own, so that its only connection is the one that dies.
    databases = Databases(pg_databases.settings)
    home = databases.home(pg_databases.settings.database_url, home_postgresql.schema, home_postgresql.key)
    with home.read() as conn:
        pid = conn.execute(text("SELECT pg_backend_pid()")).scalar_one()
    terminate(home, pid)
    assert epoch(home) == 1
    databases.dispose()


def terminate(home: Home, pid: int) -> None:
    import psycopg

    url = home.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as killer:
        killer.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
