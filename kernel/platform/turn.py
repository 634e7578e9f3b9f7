"""Whose turn it is to write to a SQLite file.

SQLite lets those who wait for its write lock sleep and try again, up to a tenth of a second at a time; whoever writes one
transaction after the other takes the lock back in between, and the others starve. So a writer first takes its place in
front of the lock (a lock of its own, on a file beside the database), and gives it up when it has the write lock: whoever
has just written finds the place taken. The kernel gives both locks back when a process dies.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from pathlib import Path
from time import monotonic, sleep

# How often a waiting writer looks.
GLANCE_S = 0.002


def place_of(path: Path) -> Path:
    """The file that stands for the place in front of the lock."""
    return path.with_name(path.name + "-turn")


def begin_immediate(connection: sqlite3.Connection, path: Path, patience_ms: int) -> None:
    """Begin a transaction that writes, in turn. Raises sqlite3.OperationalError ("database is locked") when patience is over."""
    until = monotonic() + patience_ms / 1000
    place = os.open(place_of(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while not _taken(place):
            _wait(until)
        # We look ourselves, and more often than SQLite would.
        connection.execute("PRAGMA busy_timeout=0")
        try:
            while not _begun(connection):
                _wait(until)
        finally:
            connection.execute(f"PRAGMA busy_timeout={patience_ms}")
    finally:
        os.close(place)


def _taken(place: int) -> bool:
    try:
        fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _begun(connection: sqlite3.Connection) -> bool:
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True


def _wait(until: float) -> None:
    if monotonic() >= until:
        raise sqlite3.OperationalError("database is locked")
    sleep(GLANCE_S)
