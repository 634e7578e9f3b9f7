"""A PostgreSQL for the comparison, as the tests start one, but with the durability of production and data that stay."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine, text

from tests.servers import CannotRun, binaries, free_port, run, runner

__all__ = ["CannotRun", "Server", "postgresql"]


@dataclass(frozen=True)
class Server:
    """A running server. ``folder`` is where its data are kept between runs."""

    address: str
    folder: Path

    def url(self, database: str) -> str:
        """The URL of one of its databases."""
        return f"{self.address}/{database}"

    def databases(self) -> frozenset[str]:
        """The names of all databases."""
        return frozenset(self._ask("SELECT datname FROM pg_database"))

    def create(self, name: str, template: str | None = None) -> None:
        """Make a database, empty or as a copy of another, in place of any of that name."""
        self.drop(name)
        self._do(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{template}"' if template else ""))

    def rename(self, old: str, new: str) -> None:
        self._do(f'ALTER DATABASE "{old}" RENAME TO "{new}"')

    def drop(self, name: str) -> None:
        self._do(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def version(self) -> str:
        return self._ask("SHOW server_version")[0]

    def checkpoint(self) -> None:
        """Write everything out, so that no case pays for the loading before it."""
        self._do("CHECKPOINT")

    def _ask(self, statement: str) -> list[str]:
        engine = create_engine(self.url("postgres"))
        try:
            with engine.connect() as conn:
                return [str(row[0]) for row in conn.execute(text(statement))]
        finally:
            engine.dispose()

    def _do(self, statement: str) -> None:
        engine = create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        try:
            with engine.connect() as conn:
                conn.execute(text(statement))
        finally:
            engine.dispose()


@contextmanager
def postgresql(kept: Path) -> Iterator[Server]:
    """The server whose data are kept in ``kept`` (or beside, see :func:`_place`). Raises :class:`CannotRun` with the reason."""
    programs = binaries()
    words, uid, gid = runner()
    folder = _place(kept, words)
    folder.mkdir(parents=True, exist_ok=True)
    os.chown(folder, uid, gid)
    data = folder / "data"
    if not (data / "PG_VERSION").exists():
        shutil.rmtree(data, ignore_errors=True)
        run([*words, str(programs / "initdb"), "-D", str(data), "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8"], folder)
    control = [*words, str(programs / "pg_ctl"), "-D", str(data), "-w", "-t", "60"]
    # A run that was killed left its server behind; whoever holds the lock of the data sets may stop it.
    if subprocess.run([*control, "status"], cwd=folder, capture_output=True).returncode == 0:
        run([*control, "-m", "fast", "stop"], folder)
    port = free_port()
    run([*control, "-o", f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c max_connections=60", "-l", str(folder / "log"), "start"], folder)
    try:
        yield Server(f"postgresql+psycopg://postgres@127.0.0.1:{port}", folder)
    finally:
        run([*control, "-m", "fast", "stop"], folder)


def _place(kept: Path, words: list[str]) -> Path:
    """``kept``, unless the person who runs the server can't reach it: then a folder of the temporary ones, named after it."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    if not words or subprocess.run([*words, "test", "-x", str(kept.parent)], cwd="/", capture_output=True).returncode == 0:
        return kept
    return Path(tempfile.gettempdir()) / f"fangyuan-bench-{hashlib.sha256(str(kept).encode()).hexdigest()[:12]}"
