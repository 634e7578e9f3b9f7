"""``make bench CASE=scale``: list, board and record page at a thousand, a hundred thousand and a million records, by the role that sees
everything and by the most restricted one. The hand-written application has no such pages, so ours are compared with ours."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from time import perf_counter_ns, process_time_ns
from typing import Any, Protocol

from benchmarks import values as v
from benchmarks.cases import WARM_UP
from benchmarks.measure import Times
from benchmarks.ours import ENTITY, SLUG, Ours
from benchmarks.side import Place
from benchmarks.wsgi import Call, expect, send

SIDE = "scale"
SIZES = (1_000, 100_000, 1_000_000)
ROUNDS = 40

_LIST = f"/t/{SLUG}/e/{ENTITY}"
PAGES: Mapping[str, tuple[str, str]] = {
    "scale: list page": (_LIST, "view=by_kind"),
    "scale: board": (_LIST, "view=by_state"),
    "scale: board column": (f"{_LIST}/board/planned", "view=by_state"),
    "scale: board sums": (f"{_LIST}/board/sums", "view=by_state"),
    "scale: record page": (f"{_LIST}/{v.record_id(v.KEEPER)}", ""),
}
"""Name of the case, path and query. The record is one of the keeper's that both roles see."""


class Store(Protocol):
    """Where data sets are kept, see :mod:`benchmarks.datasets`."""

    name: str

    def kept(self, side: str, rows: int) -> Place: ...


@dataclass(frozen=True)
class Result:
    """One line of the table."""

    case: str
    database: str
    rows: int
    role: str
    ours: Times


class Pages(Ours):
    """The screens of the product, with a signed-in manager and keeper."""

    def page(self, role: str, path: str, query: str) -> Call:
        return Call("GET", path, 200, query, {"Cookie": self._cookies[role]})


def measure(store: Store, chosen: list[str], rounds: int | None = None) -> Iterator[list[Result]]:
    """Every size and role of one case within one loop. Raises WrongAnswer."""
    with _opened(store) as sides:
        for case in chosen:
            yield _measure(case, store.name, sides, rounds or ROUNDS)


@contextmanager
def _opened(store: Store) -> Iterator[Mapping[int, Pages]]:
    with ExitStack() as stack:
        sides = {}
        for size in SIZES:
            sides[size] = Pages(store.kept(SIDE, size))
            stack.callback(sides[size].close)
        yield sides


def _measure(case: str, database: str, sides: Mapping[int, Pages], rounds: int) -> list[Result]:
    path, query = PAGES[case]
    times = {(rows, role): Times() for rows in sides for role in v.ROLES}
    for (rows, role), kept in times.items():
        side = sides[rows]
        for _ in range(2):
            call = side.page(role, path, query)
            with side.statements() as statements:
                expect(call, send(side.app, call))
            kept.statements = len(statements)
    gc.collect()
    for number in range(-min(WARM_UP, rounds), rounds):
        for (rows, role), kept in times.items():
            call = sides[rows].page(role, path, query)
            cpu, wall = process_time_ns(), perf_counter_ns()
            answer = send(sides[rows].app, call)
            wall, cpu = perf_counter_ns() - wall, process_time_ns() - cpu
            expect(call, answer)
            if number >= 0:
                kept.wall.append(wall)
                kept.cpu.append(cpu)
    return [Result(case, database, rows, role, kept) for (rows, role), kept in times.items()]


def timed(result: Result) -> dict[str, Any]:
    """A case as the file of results holds it; there is no other side."""
    return {
        "case": result.case, "database": result.database, "rows": result.rows, "clients": 1, "role": result.role,
        "ours_ms": round(result.ours.wall_ms, 3), "ours_cpu_ms": round(result.ours.cpu_ms, 3), "ours_statements": result.ours.statements,
    }
