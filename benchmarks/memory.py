"""How much memory a worker takes: a fresh process with one side, after 200 mixed requests.

``python -m benchmarks.memory SIDE URL FOLDER ROWS`` prints its resident memory in kB.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks import values as v
from benchmarks.cases import Numbers
from benchmarks.datasets import ROOT
from benchmarks.side import Place, Side
from benchmarks.wsgi import Call, expect, send

REQUESTS = 200


def of(side: str, place: Place, rows: int) -> float:
    """Resident memory of a worker in MB."""
    command = [sys.executable, "-m", "benchmarks.memory", side, place.url, str(place.folder), str(rows)]
    answer = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return int(answer.stdout.split()[-1]) / 1024


def mixed(side: Side, rows: int) -> None:
    """Every kind of request in turn, by both roles."""
    numbers, turn = Numbers(rows), 0
    while turn < REQUESTS:
        for role in v.ROLES:
            for call in _one_of_each(side, role, numbers):
                expect(call, send(side.app, call))
                turn += 1


def _one_of_each(side: Side, role: str, numbers: Numbers) -> tuple[Call, ...]:
    new, other = numbers.new(), numbers.new()
    return (
        side.form_page(role), side.form_post(role, v.values(new)), side.create(role, v.values(other), f"memory-{other}"), side.listing(role),
        side.read(role, v.record_id(numbers.some(role))), side.update(role, v.record_id(numbers.untouched(role)), 1, "Changed"),
        side.transition(role, v.record_id(numbers.untouched(role)), 1), side.listing(role),
    )


def resident() -> int:
    """This process's resident memory in kB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise OSError("this system does not tell a process its resident memory")


def main(name: str, place: Place, rows: int) -> None:
    """Serve one side in this process and print what it takes."""
    side = open_side(name, place)
    mixed(side, rows)
    print(resident())


def open_side(name: str, place: Place) -> Side:
    """One of the two applications. The other one is not even imported."""
    if name == "ours":
        from benchmarks.ours import Ours

        return Ours(place)
    from benchmarks.hand import Hand

    return Hand(place)


if __name__ == "__main__":
    main(sys.argv[1], Place(sys.argv[2], Path(sys.argv[3])), int(sys.argv[4]))
