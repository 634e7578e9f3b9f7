"""``make bench``: us beside the hand-written application. ``--case WORD`` runs the cases whose name contains a word."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from time import perf_counter

from benchmarks import agreement, export, memory, profiling, report, scale, timers
from benchmarks.cases import CASES, MEMORY, NAMES, SMALL, Case, Numbers
from benchmarks.datasets import KEPT, SIDES, Busy, NotMade, PostgresqlStore, SqliteStore, Store, alone, prepare
from benchmarks.measure import Pairs, measure
from benchmarks.postgresql import CannotRun, Server, postgresql
from benchmarks.side import Side
from benchmarks.values import ROLES, SIZES
from benchmarks.wsgi import WrongAnswer

DATABASES = ("sqlite", "postgresql")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print and write the results. Returns 0; 1 when a case was refused or a database could not run; 2 for wrong use."""
    args = _parser().parse_args(arguments)
    # A million records are a thing of their own: only who names them waits for them.
    of_name = tuple(scale.PAGES) if (args.case or "").startswith(scale.SIDE) else (*NAMES, *export.CASES, *timers.CASES)
    known = of_name if args.case else NAMES
    chosen = [name for name in known if (args.case or "") in name]
    if not chosen:
        print(f"No case contains “{args.case}”. There are: {', '.join((*NAMES, *scale.PAGES, *export.CASES, *timers.CASES))}", file=sys.stderr)
        return 2
    started = perf_counter()
    # Ended from outside, the run still stops the server that it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        with alone():
            return _run(args, chosen, started)
    except Busy:
        print("Another comparison is running.", file=sys.stderr)
    except NotMade as error:
        print(f"The data set could not be made: {error}", file=sys.stderr)
    except WrongAnswer as error:
        print(f"A request was not answered as it should: {error}", file=sys.stderr)
    return 1


def _run(args: argparse.Namespace, chosen: list[str], started: float) -> int:
    entries: list[report.Entry] = []
    version: str | None = None
    load = os.getloadavg()[0]
    status = 0
    for database in args.database or DATABASES:
        try:
            with ExitStack() as stack:
                store: Store
                if database == "postgresql":
                    server: Server = stack.enter_context(postgresql(KEPT / "postgresql-server"))
                    version = server.version()
                    store = PostgresqlStore(server, _say)
                else:
                    store = SqliteStore(_say)
                if args.profile:
                    _profile(store, chosen)
                    continue
                if any(name in NAMES for name in chosen):
                    for measured in _compare(store, chosen, args.rounds):
                        entries += _told(measured)
                        _keep(args, entries, version, load, complete=False)
                pages = [name for name in chosen if name in scale.PAGES]
                for results in scale.measure(store, pages, args.rounds) if pages else ():
                    entries += _told([scale.timed(r) for r in results])
                    _keep(args, entries, version, load, complete=False)
                files = [name for name in chosen if name in export.CASES]
                for entry in export.measure(store, files) if files else ():
                    entries += _told([entry])
                    _keep(args, entries, version, load, complete=False)
                clocks = [name for name in chosen if name in timers.CASES]
                for entry in timers.measure(store, clocks, args.rounds) if clocks else ():
                    entries += _told([entry])
                    _keep(args, entries, version, load, complete=False)
        except CannotRun as error:
            print(f"Left out: {database}: {error}", file=sys.stderr)
            status = 1
    _keep(args, entries, version, load, complete=len(chosen) == len(NAMES) and not args.database and status == 0)
    print("\n".join(report.comparisons(entries)))
    for case, database, rows in report.dear(entries):
        _say(f"{case}, {database}, {rows:,} records: the keeper waits more than {report.RATIO_OF_ROLES} times as long as the manager")
        status = 1
    _say(f"{perf_counter() - started:.0f} s in all")
    return status


def _keep(args: argparse.Namespace, entries: list[report.Entry], version: str | None, load: float, *, complete: bool) -> None:
    """Write what is measured so far; a run that is cut off loses only what it had not yet measured."""
    if not entries or args.dry:
        return
    old = json.loads(report.JSON.read_text()) if report.JSON.exists() else []
    words = [f"CASE={args.case}"] if args.case else []
    words += [f"ARGS=--rounds={args.rounds}"] if args.rounds else []
    report.write(report.merge(old, entries, complete), report.Machine.this(version, load), " ".join(["make bench", *words]), datetime.now(UTC).date())


def _compare(store: Store, chosen: list[str], rounds: int | None) -> Iterator[list[report.Entry]]:
    """Every chosen case on one database system."""
    with _opened(store, chosen) as (pairs, numbers):
        for case in CASES:
            if case.name in chosen:
                yield [report.timed(r) for r in measure(case, store.name, pairs, numbers, rounds)]
    if MEMORY in chosen:
        ours, theirs = (memory.of(side, store.copy(side, SMALL), SMALL) for side in SIDES)
        yield [report.weighed(MEMORY, store.name, SMALL, ours, theirs)]


@contextmanager
def _opened(store: Store, chosen: list[str]) -> Iterator[tuple[Pairs, dict[int, Numbers]]]:
    """Both applications on every data set that the cases need, with a copy where a case writes."""
    cases: list[Case] = [case for case in CASES if case.name in chosen]
    sizes = [size for size in SIZES if any(size in case.sizes for case in cases)]
    written = {size for case in cases if case.writes for size in case.sizes}
    pairs: dict[int, tuple[Side, Side]] = {}
    prepare(store, sizes)
    with ExitStack() as stack:
        for size in sizes:
            places = [store.copy(side, size) if size in written else store.kept(side, size) for side in SIDES]
            ours, theirs = (memory.open_side(side, place) for side, place in zip(SIDES, places, strict=True))
            stack.callback(ours.close)
            stack.callback(theirs.close)
            pairs[size] = (ours, theirs)
            agreement.check(pairs[size])
        yield pairs, {size: Numbers(size) for size in sizes}


def _profile(store: Store, chosen: list[str]) -> None:
    with _opened(store, chosen) as (pairs, numbers):
        for case in CASES:
            for size in case.sizes if case.name in chosen else ():
                for role in ROLES:
                    _say(str(profiling.profile(case, store.name, pairs[size][0], numbers[size], role)))


def _told(entries: list[report.Entry]) -> list[report.Entry]:
    print("\n".join(line for line in report.lines(entries) if line and not line.startswith(("| case", "|--"))), flush=True)
    return entries


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Fangyuan beside a hand-written application of the same entity.")
    parser.add_argument("--case", metavar="WORD", help=f"only cases whose name contains the word: {', '.join((*NAMES, *scale.PAGES, *export.CASES, *timers.CASES))}")
    parser.add_argument("--database", choices=DATABASES, action="append", help="only this one (may be repeated)")
    parser.add_argument("--rounds", type=int, help="requests to each side instead of the case's own number (update and transition: at most 100)")
    parser.add_argument("--profile", action="store_true", help="profile our side into var/bench/profiles instead of comparing")
    parser.add_argument("--dry", action="store_true", help="print only, write no results")
    return parser


if __name__ == "__main__":
    sys.exit(main())
