"""results.json for machines, RESULTS.md for people."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.cases import NAMES
from benchmarks.export import CASES as FILES
from benchmarks.measure import Result
from benchmarks.scale import PAGES
from benchmarks.timers import CASES as TIMERS
from benchmarks.timers import lines as of_timers

HERE = Path(__file__).resolve().parent
RATIO_OF_ROLES = 1.3  # at most, of the most restricted role by the one that sees everything
JSON, TABLE = HERE / "results.json", HERE / "RESULTS.md"
Entry = dict[str, Any]


@dataclass(frozen=True)
class Machine:
    """What was measured on."""

    processor: str
    cores: int
    memory_gb: float
    software: str
    load: float = 0.0

    @classmethod
    def this(cls, postgresql: str | None, load: float) -> Machine:
        """This machine; ``load`` is how busy others kept it when the run began (processes that wanted a core)."""
        software = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
        return cls(_processor(), os.cpu_count() or 1, _memory_gb(), software + (f", PostgreSQL {postgresql}" if postgresql else ""), load)

    def __str__(self) -> str:
        busy = f"; busy with other work when it began (load {self.load:.1f}), so look at the ratios" if self.load > self.cores / 2 else ""
        return f"{self.processor}, {self.cores} cores, {self.memory_gb:.0f} GB; {self.software}{busy}"


def timed(result: Result) -> Entry:
    """A case as the file of results holds it. ``*_ms`` are medians of wall time, ``*_cpu_ms`` of the process's processor time."""
    return {
        "case": result.case, "database": result.database, "rows": result.rows, "clients": result.clients, "role": result.role,
        "ours_ms": round(result.ours.wall_ms, 3), "handwritten_ms": round(result.handwritten.wall_ms, 3), "ratio": round(result.ratio, 3),
        "ours_cpu_ms": round(result.ours.cpu_ms, 3), "handwritten_cpu_ms": round(result.handwritten.cpu_ms, 3),
        "cpu_ratio": round(result.cpu_ratio, 3),
        "ours_statements": result.ours.statements, "handwritten_statements": result.handwritten.statements,
    }


def weighed(case: str, database: str, rows: int, ours_mb: float, handwritten_mb: float) -> Entry:
    """Memory of a worker: as :func:`timed`, in MB."""
    return {
        "case": case, "database": database, "rows": rows, "clients": 1, "role": "both",
        "ours_mb": round(ours_mb, 1), "handwritten_mb": round(handwritten_mb, 1), "ratio": round(ours_mb / handwritten_mb, 3),
    }


_KEY = ("case", "database", "rows", "clients", "role")


def merge(old: Iterable[Entry], new: Sequence[Entry], complete: bool) -> list[Entry]:
    """``new``, and what a run of some cases did not measure from before."""
    fresh = {tuple(entry[k] for k in _KEY) for entry in new}
    # The cases of scale and export are measured by name only: a complete run of the others keeps them.
    kept = [entry for entry in old if tuple(entry[k] for k in _KEY) not in fresh and (not complete or entry["case"] in (*PAGES, *FILES, *TIMERS))]
    order = (*NAMES, *PAGES, *FILES, *TIMERS)
    return sorted([*new, *kept], key=lambda entry: (entry["database"] != "sqlite", order.index(entry["case"]) if entry["case"] in order else -1))


def lines(entries: Sequence[Entry]) -> list[str]:
    """The table of times, then that of memory, as Markdown."""
    found = [
        "| case | database | records | role | ours, ms | by hand, ms | ratio | ours, CPU ms | by hand, CPU ms | ratio of CPU | statements |",
        "|---|---|--:|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    found += [
        f"| {e['case']} | {e['database']} | {e['rows']:,} | {e['role']} | {e['ours_ms']:.2f} | {e['handwritten_ms']:.2f} | **{e['ratio']:.2f}** |"
        f" {e['ours_cpu_ms']:.2f} | {e['handwritten_cpu_ms']:.2f} | {e['cpu_ratio']:.2f} | {e['ours_statements']} / {e['handwritten_statements']} |"
        for e in entries if "handwritten_ms" in e
    ]
    found = found if len(found) > 2 else []
    found += _of_files([e for e in entries if "peak_mb" in e])
    found += _of_scale([e for e in entries if e["case"] in PAGES])
    found += of_timers([e for e in entries if e["case"] in TIMERS])
    memory = [e for e in entries if "ours_mb" in e]
    if memory:
        found += ["", "| case | database | ours, MB | by hand, MB | ratio |", "|---|---|--:|--:|--:|"]
        found += [f"| {e['case']} | {e['database']} | {e['ours_mb']:.0f} | {e['handwritten_mb']:.0f} | **{e['ratio']:.2f}** |" for e in memory]
    return found


def _of_files(entries: Sequence[Entry]) -> list[str]:
    """Lists as files: how long, and how much memory the process took at most."""
    if not entries:
        return []
    rows = [
        f"| {e['case'].removeprefix('export: ')} | {e['database']} | {e['rows']:,} | {e['seconds']:.1f}"
        f" | {e['rows_per_s']:,} | {e['cpu_s']:.1f} | {e['file_mb']:.1f} | {e['peak_mb']:.0f} |" for e in entries]
    return ["", "| file | database | records | seconds | records per second | CPU seconds | file, MB | memory at most, MB |", "|---|---|--:|--:|--:|--:|--:|--:|", *rows]


def _of_scale(entries: Sequence[Entry]) -> list[str]:
    """Pages that the hand-written application does not have."""
    if not entries:
        return []
    rows = [
        f"| {e['case'].removeprefix('scale: ')} | {e['database']} | {e['rows']:,} | {e['role']} | {e['ours_ms']:.2f} | {e['ours_cpu_ms']:.2f} | {e['ours_statements']} |" for e in entries
    ]
    return ["", "| page | database | records | role | ours, ms | ours, CPU ms | statements |", "|---|---|--:|---|--:|--:|--:|", *rows]


def comparisons(entries: Sequence[Entry]) -> list[str]:
    """Our 200,000 records beside our 10,000, and our most restricted role beside the one that sees everything."""
    times = {tuple(e[k] for k in ("case", "database", "rows", "role")): e["ours_ms"] for e in entries if "ours_ms" in e}
    found = []
    for (case, database, rows, role), ms in times.items():
        less = [r for (c, d, r, o) in times if (c, d, o) == (case, database, role) and r < rows]
        if less:
            found.append(f"| {case} | {database} | {role}: {rows:,} by {less[0]:,} records | {ms / times[case, database, less[0], role]:.2f} |")
        if role == "keeper" and (case, database, rows, "manager") in times:
            ratio = f"{ms / times[case, database, rows, 'manager']:.2f}"
            above = f" (above {RATIO_OF_ROLES})" if (case, database, rows) in dear(entries) else ""
            found.append(f"| {case} | {database} | {rows:,} records: keeper by manager | {ratio}{above} |")
    return ["| case | database | ours by ours | ratio |", "|---|---|---|--:|", *found] if found else []


def dear(entries: Sequence[Entry]) -> list[tuple[str, str, int]]:
    """Where the most restricted role waits more than it may beside the one that sees everything. On SQLite all work is this process's own, so
    processor time must say so too: a busy machine alone makes nothing dear."""
    known = {(e["case"], e["database"], e["rows"], e["role"]): e for e in entries if "ours_ms" in e}
    found = []
    for (case, database, rows, role), one in known.items():
        other = known.get((case, database, rows, "manager"))
        if role != "keeper" or other is None or one["ours_ms"] <= RATIO_OF_ROLES * other["ours_ms"]:
            continue
        if database == "sqlite" and one.get("ours_cpu_ms", 0) <= RATIO_OF_ROLES * other.get("ours_cpu_ms", 0):
            continue
        found.append((case, database, rows))
    return found


def write(entries: Sequence[Entry], machine: Machine, command: str, day: date) -> None:
    """Both files."""
    JSON.write_text("[\n" + ",\n".join("  " + json.dumps(e) for e in entries) + "\n]\n")
    text = [
        "# Beside a hand-written application", "",
        f"Measured on {day.isoformat()} with `{command}` on {machine}.", "",
        "Medians per request, one client, no network: both applications run in one process, request by request in turn, on the same records.",
        "The ratio is ours by theirs; below 1 we are faster. The manager sees all records, the keeper the twentieth part that is theirs.",
        "Statements are those of one request, ours / by hand. Processor time is that of the Python process; a server's own is in the wall time alone.",
        "The duties on both sides: sign-in, rights, validation, version check, history, idempotency, one transaction, same durability.",
        "Ours keeps words of a quick search and events besides. Pages of `CASE=scale` have no counterpart by hand.", "",
        *lines(entries), "", "## Size and rights", "", *comparisons(entries), "",
    ]
    TABLE.write_text("\n".join(text))


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.machine()


def _memory_gb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
