"""A real PostgreSQL for the suite: Debian's server binaries, run as a person who isn't root, in a folder of its own."""

from __future__ import annotations

import fcntl
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

_PREFIX = "fangyuan-pg-"


class CannotRun(Exception):
    """What is missing, in words."""


def free_port() -> int:
    """A port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def postgresql(shared: Path) -> Iterator[str]:
    """URL of the suite's server: the first worker starts it, the last one stops it (``shared`` is common to all workers).

    Raises :class:`CannotRun` with the reason.
    """
    note = shared / "postgresql.json"
    with _locked(shared):
        state = json.loads(note.read_text()) if note.exists() else _start()
        state["users"] += 1
        note.write_text(json.dumps(state))
    try:
        yield state["url"]
    finally:
        with _locked(shared):
            state = json.loads(note.read_text())
            state["users"] -= 1
            note.write_text(json.dumps(state))
            if state["users"] == 0:
                note.unlink()
                _stop(state)


def own_database(url: str, name: str) -> str:
    """The URL of a fresh database of this name on the server at ``url``."""
    parts = urlsplit(url)
    with psycopg.connect(urlunsplit(parts._replace(scheme="postgresql")), autocommit=True) as conn:
        conn.execute(sql.SQL("DROP DATABASE IF EXISTS {0} WITH (FORCE)").format(sql.Identifier(name)))
        conn.execute(sql.SQL("CREATE DATABASE {0}").format(sql.Identifier(name)))
    return urlunsplit(parts._replace(path=f"/{name}"))


@contextmanager
def _locked(shared: Path) -> Iterator[None]:
    with (shared / "postgresql.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def binaries() -> Path:
    """The folder of initdb and pg_ctl, the newest version. Raises :class:`CannotRun`."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]) if p.parts[-3].isdigit() else 0)
    if found:
        return found[-1].parent
    path = shutil.which("initdb")
    if path:
        return Path(path).resolve().parent
    raise CannotRun("no PostgreSQL server (apt-get install postgresql)")


def runner() -> tuple[list[str], int, int]:
    """The words before a command that drop root, and the ids of who runs it."""
    if os.getuid() != 0:
        return [], os.getuid(), os.getgid()
    for name in ("postgres", "nobody"):
        try:
            person = pwd.getpwnam(name)
        except KeyError:
            continue
        if shutil.which("runuser"):
            return ["runuser", "-u", name, "--"], person.pw_uid, person.pw_gid
    raise CannotRun("PostgreSQL does not run as root, and there is neither runuser nor a person postgres or nobody")


def _start() -> dict[str, object]:
    folder_of_programs = binaries()
    words, uid, gid = runner()
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    # Under xdist the run is the workers' parent.
    (folder / "run.pid").write_text(str(os.getppid() if os.environ.get("PYTEST_XDIST_WORKER") else os.getpid()))
    os.chown(folder, uid, gid)
    folder.chmod(0o755)
    data = folder / "data"
    port = free_port()
    init = ["-D", str(data), "-A", "trust", "-U", "postgres", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"]
    run([*words, str(folder_of_programs / "initdb"), *init], folder)
    # What the suite writes need not survive a power cut; everything else is as in production.
    options = (
        f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c full_page_writes=off -c max_connections=200"
        " -c max_locks_per_transaction=256"
    )
    run([*words, str(folder_of_programs / "pg_ctl"), "-D", str(data), "-w", "-t", "60", "-o", options, "-l", str(folder / "log"), "start"], folder)
    pid = int((data / "postmaster.pid").read_text().split()[0])
    return {"url": f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres", "folder": str(folder), "pid": pid, "users": 0}


def _sweep() -> None:
    """Stop what a killed run left behind: a server whose run is gone."""
    for folder in Path(tempfile.gettempdir()).glob(_PREFIX + "*"):
        try:
            run = int((folder / "run.pid").read_text())
            pid = int((folder / "data" / "postmaster.pid").read_text().split()[0])
        except (OSError, ValueError, IndexError):
            continue
        if not Path(f"/proc/{run}").exists():
            _stop({"pid": pid, "folder": str(folder)})


def run(command: list[str], folder: Path) -> None:
    """Run a server command with its words in ``folder``/start.log. Raises :class:`CannotRun` with the end of them."""
    # Not captured by a pipe: the server would keep it open for ever.
    with (folder / "start.log").open("ab") as log:
        if subprocess.run(command, cwd=folder, stdout=log, stderr=log).returncode != 0:
            raise CannotRun("PostgreSQL did not start: " + (folder / "start.log").read_text("utf-8", "replace")[-400:])


def _stop(state: dict[str, object]) -> None:
    with suppress(ProcessLookupError):
        # Immediate shutdown: the data are thrown away.
        os.kill(int(str(state["pid"])), signal.SIGQUIT)
    shutil.rmtree(str(state["folder"]), ignore_errors=True)
