"""What each of the two sides must be able to say: the requests of every case, in its own words."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from benchmarks.values import Values
from benchmarks.wsgi import Application, Call


@dataclass(frozen=True)
class Place:
    """Where the data of one side stand: a database, and a folder for what isn't in it (ours: secret, files)."""

    url: str
    folder: Path


class Side(Protocol):
    """One application, served, with everybody signed in. ``role`` is a key of :data:`benchmarks.values.ROLES`."""

    name: str
    app: Application

    def form_page(self, role: str) -> Call: ...
    def form_post(self, role: str, values: Values) -> Call: ...
    def create(self, role: str, values: Values, key: str) -> Call: ...
    def read(self, role: str, id: str) -> Call: ...
    def update(self, role: str, id: str, version: int, note: str) -> Call: ...
    def transition(self, role: str, id: str, version: int) -> Call: ...
    def listing(self, role: str) -> Call: ...

    def statements(self) -> AbstractContextManager[list[str]]:
        """The statements sent to the database while the block runs, without BEGIN and COMMIT."""
        ...

    def close(self) -> None: ...


Opener = Callable[[Place], Side]
Rows = list[dict[str, Any]]
