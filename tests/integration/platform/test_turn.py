"""Writers of one SQLite file take turns: who writes without a pause lets everybody else in between."""

from __future__ import annotations

import sqlite3
import threading

import pytest

from kernel.platform.turn import begin_immediate, place_of


@pytest.fixture
def path(tmp_path):
    found = tmp_path / "x.sqlite3"
    connection = sqlite3.connect(found, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE note (who TEXT)")
    connection.close()
    return found


def write(path, who, count, stop=None):
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    for _n in range(count):
        begin_immediate(connection, path, 10_000)
        connection.execute("INSERT INTO note VALUES (?)", [who])
        threading.Event().wait(0.004)
        connection.execute("COMMIT")
        if stop is not None and stop.is_set():
            break
    connection.close()


def test_nobody_starves_beside_one_who_writes_without_a_pause(path):
    stop = threading.Event()
    hog = threading.Thread(target=write, args=[path, "hog", 5_000, stop])
    hog.start()
    write(path, "guest", 20)
    stop.set()
    hog.join()
    order = [who for (who,) in sqlite3.connect(path).execute("SELECT who FROM note ORDER BY rowid")]
    between = [run.count("h") for run in "".join(who[0] for who in order).split("g")[1:-1]]
    assert max(between) <= 3, "the guest waits for the one transaction under way, and for little more"


def test_patience_ends_and_leaves_everything_as_it_was(path):
    holder, guest = (sqlite3.connect(path, isolation_level=None) for _n in range(2))
    begin_immediate(holder, path, 1_000)
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        begin_immediate(guest, path, 30)
    assert guest.execute("PRAGMA busy_timeout").fetchone() == (30,)
    holder.execute("COMMIT")
    begin_immediate(guest, path, 1_000)
    with pytest.raises(sqlite3.OperationalError, match="within a transaction"):
        begin_immediate(guest, path, 1_000)
    guest.execute("ROLLBACK")
    assert place_of(path).stat().st_mode & 0o777 == 0o600
    holder.close()
    guest.close()
