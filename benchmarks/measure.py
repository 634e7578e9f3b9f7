"""Request by request in turn: what the machine does meanwhile hits both sides alike."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter_ns, process_time_ns

from benchmarks.cases import WARM_UP, Case, Numbers
from benchmarks.side import Side
from benchmarks.values import ROLES
from benchmarks.wsgi import expect, send


@dataclass
class Times:
    """Wall and processor time of one side in one case, in nanoseconds; statements of one request."""

    wall: list[int] = field(default_factory=list)
    cpu: list[int] = field(default_factory=list)
    statements: int = 0

    @property
    def wall_ms(self) -> float:
        return median(self.wall) / 1e6

    @property
    def cpu_ms(self) -> float:
        return median(self.cpu) / 1e6


@dataclass(frozen=True)
class Result:
    """One line of the table."""

    case: str
    database: str
    rows: int
    role: str
    ours: Times
    handwritten: Times
    clients: int = 1

    @property
    def ratio(self) -> float:
        """Wall time of ours by theirs."""
        return self.ours.wall_ms / self.handwritten.wall_ms

    @property
    def cpu_ratio(self) -> float:
        return self.ours.cpu_ms / self.handwritten.cpu_ms


# By number of records: ours and the hand-written application on the same records.
Pairs = Mapping[int, tuple[Side, Side]]


def measure(case: Case, database: str, pairs: Pairs, numbers: Mapping[int, Numbers], rounds: int | None = None) -> list[Result]:
    """Every role on every size, all within one loop, so that they compare with each other too. Raises WrongAnswer."""
    variants = [(rows, role) for rows in case.sizes for role in ROLES]
    times = {(rows, role, side.name): Times() for rows, role in variants for side in pairs[rows]}
    for rows, role in variants:
        _count(case, role, numbers[rows], pairs[rows], [times[rows, role, s.name] for s in pairs[rows]])
    gc.collect()
    for number in range(-WARM_UP, rounds or case.rounds):
        for rows, role in variants:
            # Who goes first changes: the second one finds the processor's caches as the first one left them.
            sides = pairs[rows] if number % 2 else pairs[rows][::-1]
            for side, call in zip(sides, case.make(role, numbers[rows], sides), strict=True):
                cpu, wall = process_time_ns(), perf_counter_ns()
                answer = send(side.app, call)
                wall, cpu = perf_counter_ns() - wall, process_time_ns() - cpu
                expect(call, answer)
                if number >= 0:
                    kept = times[rows, role, side.name]
                    kept.wall.append(wall)
                    kept.cpu.append(cpu)
    return [
        Result(case.name, database, rows, role, ours=times[rows, role, pairs[rows][0].name], handwritten=times[rows, role, pairs[rows][1].name])
        for rows, role in variants
    ]


def _count(case: Case, role: str, numbers: Numbers, sides: tuple[Side, ...], times: list[Times]) -> None:
    """Statements of a request that isn't the first of its kind."""
    for _ in range(2):
        calls = case.make(role, numbers, sides)
        for side, call, kept in zip(sides, calls, times, strict=True):
            with side.statements() as statements:
                expect(call, send(side.app, call))
            kept.statements = len(statements)


