"""Data sets under var/bench: made once, kept between runs, copied for cases that write."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from functools import cache
from pathlib import Path
from threading import Lock
from time import perf_counter
from typing import Protocol

from benchmarks.postgresql import Server
from benchmarks.side import Place

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / "var" / "bench"
SIDES = ("ours", "handwritten")
# What a data set looks like depends on these: a change makes a new one.
_SOURCES = {
    "handwritten": ("benchmarks/values.py", "benchmarks/hand_data.py", "benchmarks/handwritten/models.py"),
    "ours": ("benchmarks/values.py", "benchmarks/ours_data.py", "benchmarks/entity.yaml"),
    "scale": ("benchmarks/values.py", "benchmarks/ours_data.py", "benchmarks/scale_data.py", "benchmarks/entity.yaml", "benchmarks/scale.yaml"),
}
Say = Callable[[str], None]


class NotMade(Exception):
    """A data set could not be made; its process has said why."""


class Busy(Exception):
    """Another run works on the data sets."""


@contextmanager
def alone() -> Iterator[None]:
    """One run at a time. Raises :class:`Busy`."""
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / "lock").open("w") as file:
        try:
            flock(file, LOCK_EX | LOCK_NB)
        except BlockingIOError as error:
            raise Busy from error
        yield


@cache
def digest_of(side: str) -> str:
    """What a side's data sets are made from, in 10 characters; of ours also the tables and indexes that the metadata give today."""
    sha = hashlib.sha256()
    for name in _SOURCES[side]:
        sha.update((ROOT / name).read_bytes())
    if side != "handwritten":
        from benchmarks.ours_data import tables_in_words

        sha.update(tables_in_words().encode())
    return sha.hexdigest()[:10]


class Store(Protocol):
    """The data sets of one database system."""

    name: str

    def kept(self, side: str, rows: int) -> Place:
        """The data set, made now if it isn't there; cases only read it."""
        ...

    def copy(self, side: str, rows: int) -> Place:
        """A fresh copy for cases that write."""
        ...

    def empty(self, name: str) -> Place:
        """A place with nothing in it, for cases that make their own."""
        ...


def prepare(store: Store, sizes: Iterable[int]) -> None:
    """Make what is missing, both sides at a time: each is busy in a process of its own."""
    with ThreadPoolExecutor(len(SIDES)) as pool:
        for size in sizes:
            list(pool.map(store.kept, SIDES, [size] * len(SIDES)))


class SqliteStore:
    """Folders with database files."""

    name = "sqlite"

    def __init__(self, say: Say) -> None:
        self.folder = KEPT / "sqlite"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.say = say
        self._sweep()

    def kept(self, side: str, rows: int) -> Place:
        place = self._place(self.folder / _name(side, rows), side)
        if not (place.folder / "complete").exists():
            shutil.rmtree(place.folder, ignore_errors=True)
            place.folder.mkdir(parents=True)
            _build(side, rows, place, self.name, self.say)
            (place.folder / "complete").touch()
        return place

    def copy(self, side: str, rows: int) -> Place:
        source = self.kept(side, rows).folder
        target = self.folder / f"copy-{side}-{rows}"
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target)
        return self._place(target, side)

    def empty(self, name: str) -> Place:
        folder = self.folder / f"copy-{name}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return self._place(folder, name)

    def _place(self, folder: Path, side: str) -> Place:
        return Place(f"sqlite:///{folder / ('assets' if side == 'handwritten' else 'control')}.sqlite3", folder)

    def _sweep(self) -> None:
        current = {digest_of(side) for side in _SOURCES}
        for folder in self.folder.iterdir():
            if not folder.name.startswith("copy-") and folder.name.rsplit("-", 1)[-1] not in current:
                shutil.rmtree(folder)


class PostgresqlStore:
    """Databases of one server; a list beside its data says which are complete."""

    name = "postgresql"

    def __init__(self, server: Server, say: Say) -> None:
        self.server, self.say, self._lock = server, say, Lock()
        self.note = server.folder / "complete.json"
        self._sweep()

    def kept(self, side: str, rows: int) -> Place:
        name = _name(side, rows)
        if name not in self._complete():
            self.server.create(name)
            _build(side, rows, self._place(name), self.name, self.say)
            with self._lock:
                self._write({*self._complete(), name})
        return self._place(name)

    def copy(self, side: str, rows: int) -> Place:
        self.kept(side, rows)
        name = f"copy-{side}-{rows}"
        self.server.create(name, template=_name(side, rows))
        return self._place(name)

    def empty(self, name: str) -> Place:
        name = f"copy-{name}"
        self.server.create(name)
        return self._place(name)

    def _place(self, name: str) -> Place:
        return Place(self.server.url(name), KEPT / "postgresql" / name)

    def _complete(self) -> frozenset[str]:
        return frozenset(json.loads(self.note.read_text())) & self.server.databases() if self.note.exists() else frozenset()

    def _write(self, names: Iterable[str]) -> None:
        self.note.write_text(json.dumps(sorted(names)))

    def _sweep(self) -> None:
        current = {digest_of(side) for side in _SOURCES}
        keep = {name for name in self._complete() if name.rsplit("-", 1)[-1] in current}
        for name in self.server.databases():
            if name.startswith(("ours-", "handwritten-", "scale-", "copy-")) and name not in keep:
                self.server.drop(name)
        self._write(keep)


def _name(side: str, rows: int) -> str:
    return f"{side}-{rows}-{digest_of(side)}"


def _build(side: str, rows: int, place: Place, system: str, say: Say) -> None:
    """In a process of its own: what loading leaves in memory is no part of any measurement."""
    started = perf_counter()
    command = [sys.executable, "-m", "benchmarks.build", side, str(rows), place.url, str(place.folder)]
    if subprocess.run(command, cwd=ROOT).returncode != 0:
        raise NotMade(f"{rows} records for {side} on {system}")
    say(f"made {rows} records for {side} on {system} in {perf_counter() - started:.0f} s")
