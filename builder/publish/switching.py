"""Templates: read from disk, stored as immutable versions, switched on for a tenant."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from builder.packages import catalogue
from builder.packages.package import Package
from builder.packages.reader import read_package
from builder.ports import Ports
from builder.publish import store
from builder.publish.publish import Probe, PublishResult, publish
from kernel.errors import Invalid, Problem
from kernel.platform.clock import Clock
from kernel.platform.database import Home


def switch_on(
    home: Home,
    packages: Sequence[Package] | str,
    *,
    clock: Clock,
    by: str | None = None,
    note: str = "",
    ports: Ports | None = None,
    probe: Probe | None = None,
) -> PublishResult:
    """Make a template (its packages in order, or its key in the catalogue) the ground of a tenant; the tenant's own changes stay on top."""
    chosen = catalogue.load(packages) if isinstance(packages, str) else packages
    _require_readable(chosen)
    return publish(home, by, clock=clock, packages=chosen, note=note, ports=ports, probe=probe)


def import_package(home: Home, package: Package | Path | str, *, clock: Clock, by: str | None = None) -> store.Installed:
    """Store a version of a package without switching it on. Raises Invalid, or Conflict for a version that is there otherwise."""
    read = package if isinstance(package, Package) else read_package(package)
    _require_readable([read])
    with home.write() as conn:
        return store.keep_package(conn, read, clock.now(), by)


def _require_readable(packages: Sequence[Package]) -> None:
    problems = [Problem(p.code, p.message, f"{k.key}/{p.path}", p.hint, p.rule, p.data) for k in packages for p in k.problems]
    if problems:
        raise Invalid(problems)
