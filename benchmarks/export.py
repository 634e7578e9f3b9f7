"""``make bench CASE=export``: a list of a hundred thousand records as a file, by the job that does it, in a process of its own.

``python -m benchmarks.export FORM URL FOLDER`` prints records, seconds, megabytes of the file, and the most memory the process held.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, Protocol

from benchmarks import values as v
from benchmarks.datasets import ROOT
from benchmarks.side import Place

ROWS = 100_000
CASES = {"export: xlsx": "xlsx", "export: csv": "csv"}
MOST_MB = 200
COLUMNS = ("state", "kind", "tags", "amount", "cost", "quantity", "rate", "due", "met_at", "group_of", "total", "owner", "updated_at")
"""A state, choices, money, numbers, days, moments, a reference with its title, a formula, a person."""


class Store(Protocol):
    """Where data sets are kept, see :mod:`benchmarks.datasets`."""

    name: str

    def copy(self, side: str, rows: int) -> Place: ...


def measure(store: Store, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Each form once: a run takes long enough to be its own average."""
    place = store.copy("ours", ROWS)
    for name in names:
        command = [sys.executable, "-m", "benchmarks.export", CASES[name], place.url, str(place.folder)]
        answer = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
        found = json.loads(answer.stdout.splitlines()[-1])
        yield {
            "case": name, "database": store.name, "rows": found["rows"], "clients": 1, "role": "manager", "seconds": round(found["seconds"], 1),
            "rows_per_s": round(found["rows"] / found["seconds"]), "cpu_s": round(found["cpu"], 1), "file_mb": round(found["file_mb"], 1), "peak_mb": round(found["peak_mb"], 1)}


def main(form: str, place: Place) -> None:
    """Export in this process."""
    from benchmarks.ours import ENTITY, SLUG, Ours
    from commands.wiring import handlers
    from kernel.jobs import queue
    from kernel.jobs.worker import Worker
    from kernel.platform.tenants import read_tenant
    from runtime.exports import work, write
    from runtime.exports.spec import Spec

    # The roles of the comparison were made without the right; what it costs to ask for it is nothing.
    write.may = lambda ctx: True

    side = Ours(place)
    web, home = side.web, side.home
    placement = web.tenants.get(SLUG)[0]
    spec = Spec(ENTITY, form, COLUMNS)  # type: ignore[arg-type]
    with home.write() as conn:
        id_ = queue.add(conn, work.KIND, {"spec": spec.to_json(), "total": ROWS}, now=web.clock.now(), person=v.person_id(v.ROLES["manager"]))
        tenant = read_tenant(conn, placement)
    worker = Worker(web.settings, web.clock, web.tenants, handlers())
    started, cpu = perf_counter(), process_time()
    worker.round(placement, home)
    seconds, cpu = perf_counter() - started, process_time() - cpu
    with home.read() as conn:
        job = queue.find(conn, id_)
    if job is None or job.state != "done" or job.result is None:
        raise SystemExit(f"the export did not end well: {job}")
    file = work.folder_of(web.settings, tenant) / job.result["file"]
    print(json.dumps({"rows": job.result["rows"], "seconds": seconds, "cpu": cpu, "file_mb": file.stat().st_size / 1_048_576, "peak_mb": peak() / 1024}))
    side.close()


def peak() -> int:
    """The most resident memory this process ever held, in kB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    raise OSError("this system does not tell a process its resident memory")


if __name__ == "__main__":
    main(sys.argv[1], Place(sys.argv[2], Path(sys.argv[3])))
