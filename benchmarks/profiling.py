"""Where our time goes: every case under cProfile, one file each in var/bench/profiles."""

from __future__ import annotations

import cProfile
import pstats
from collections import defaultdict
from io import StringIO
from pathlib import Path

from benchmarks.cases import WARM_UP, Case, Numbers
from benchmarks.datasets import KEPT, ROOT
from benchmarks.side import Side
from benchmarks.wsgi import expect, send

FOLDER = KEPT / "profiles"
ROUNDS = 40


def profile(case: Case, database: str, side: Side, numbers: Numbers, role: str) -> Path:
    """The profile of one case: own time by package, the costliest functions, and the statements of one request."""
    def one() -> None:
        call = case.make(role, numbers, (side,))[0]
        expect(call, send(side.app, call))

    for _ in range(WARM_UP):
        one()
    with side.statements() as statements:
        one()
    calls = [case.make(role, numbers, (side,))[0] for _ in range(ROUNDS)]
    profiler = cProfile.Profile()
    for call in calls:
        profiler.enable()
        answer = send(side.app, call)
        profiler.disable()
        expect(call, answer)
    FOLDER.mkdir(parents=True, exist_ok=True)
    target = FOLDER / f"{side.name}-{case.name.replace(' ', '-')}-{database}-{numbers.rows}-{role}.txt"
    target.write_text(_report(profiler, statements))
    return target


def _report(profiler: cProfile.Profile, statements: list[str]) -> str:
    out = StringIO()
    stats = pstats.Stats(profiler, stream=out)
    out.write(f"{ROUNDS} requests, times in seconds for all of them\n\nOwn time by package, ms per request:\n")
    for place, seconds in _by_package(stats)[:25]:
        out.write(f"{seconds * 1000 / ROUNDS:9.3f}  {place}\n")
    stats.strip_dirs().sort_stats("cumulative").print_stats(90)
    stats.sort_stats("tottime").print_stats(45)
    out.write("Statements of one request:\n" + "\n".join(" ".join(s.split())[:400] for s in statements) + "\n")
    return out.getvalue()


def _by_package(stats: pstats.Stats) -> list[tuple[str, float]]:
    found: dict[str, float] = defaultdict(float)
    for (file, _line, name), (_calls, _primitive, own, _total, _callers) in stats.stats.items():  # type: ignore[attr-defined]
        found[_package(file, name)] += own
    return sorted(found.items(), key=lambda item: -item[1])


def _package(file: str, name: str) -> str:
    if file == "~":
        return f"builtins: {name[:60]}" if "sqlite" in name or "psycopg" in name or "hashlib" in name else "builtins"
    path = Path(file)
    if path.is_relative_to(ROOT) and ".venv" not in path.parts:
        return "/".join(path.relative_to(ROOT).parts[:3])
    if "site-packages" in path.parts:
        return path.parts[path.parts.index("site-packages") + 1]
    return "standard library"
