"""How a worker hears at once that something fell due in a tenant: the control database tells whoever notes it there.

PostgreSQL notifies its listeners. A SQLite file only knows that somebody wrote; looking costs a few microseconds.
"""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote

import structlog

from kernel.platform.settings import Settings
from kernel.platform.tenants import DUE_CHANNEL

if TYPE_CHECKING:
    import psycopg

# At most so long until a stop, or the end of the parent, is noticed.
PATIENCE_S = 0.5
# How often a file is looked at.
GLANCE_S = 0.05
_log = structlog.get_logger("worker")


class Bell(Protocol):
    """Waits for rings."""

    def wait(self, stop: threading.Event) -> bool:
        """Wait for a ring, half a second at most; False: none came."""

    def close(self) -> None:
        """No more waiting."""


class Silence:
    """Where nobody can ring (a pooler between us and PostgreSQL): the ticks have to do."""

    def wait(self, stop: threading.Event) -> bool:
        stop.wait(PATIENCE_S)
        return False

    def close(self) -> None:
        pass


class FileBell:
    """Rings when somebody else wrote to the control file."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, isolation_level=None)
        self._seen = self._version()

    def _version(self) -> int:
        return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    def wait(self, stop: threading.Event) -> bool:
        for _glance in range(round(PATIENCE_S / GLANCE_S)):
            if stop.wait(GLANCE_S):
                return False
            seen = self._version()
            if seen != self._seen:
                self._seen = seen
                return True
        return False

    def close(self) -> None:
        self._connection.close()


class ListenBell:
    """Rings when PostgreSQL notifies. A lost connection is made anew; meanwhile the ticks have to do."""

    def __init__(self, url: str) -> None:
        self._url = url.replace("postgresql+psycopg://", "postgresql://", 1)
        self._connection: psycopg.Connection | None = None

    def wait(self, stop: threading.Event) -> bool:
        import psycopg

        try:
            if self._connection is None:
                self._connection = psycopg.connect(self._url, autocommit=True, connect_timeout=5, application_name="fangyuan worker bell")
                self._connection.execute(f"LISTEN {DUE_CHANNEL}")
                # What was told before we listened.
                return True
            return any(True for _told in self._connection.notifies(timeout=PATIENCE_S, stop_after=1))
        except psycopg.Error as error:
            _log.warning("bell_lost", error=str(error).partition("\n")[0])
            self.close()
            stop.wait(PATIENCE_S)
            return False

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None


def bell_of(settings: Settings) -> Bell:
    """The bell of this installation's control database."""
    if not settings.on_postgresql:
        return FileBell(Path(settings.database_url.removeprefix("sqlite:///")))
    return Silence() if settings.pgbouncer else ListenBell(settings.database_url)
