"""Newer versions of packages under a tenant's own changes: three-way rebase, then publish."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from builder.layers.apply import apply
from builder.layers.diff import diff
from builder.layers.rebase import Conflict, rebase
from builder.layers.resolve import resolve_packages
from builder.packages.package import Package
from builder.ports import Ports
from builder.publish import store
from builder.publish.prepare import Prepared, prepare
from builder.publish.publish import PublishResult, publish_prepared
from kernel.platform import releases
from kernel.platform.clock import Clock
from kernel.platform.database import Home


@dataclass(frozen=True)
class Upgrade:
    """What an upgrade would do. In a conflict the tenant's own value stands."""

    prepared: Prepared
    conflicts: tuple[Conflict, ...]


def plan_upgrade(home: Home, packages: Sequence[Package], *, ports: Ports | None = None) -> Upgrade:
    """The tenant's changes carried from its packages to ``packages`` (in order of dependency)."""
    with home.read() as conn:
        base = releases.current(conn)
        before = resolve_packages(store.packages_of(conn, base.id)).tree
        ours, _lost = apply(before, store.tenant_changes(conn))
    ground = resolve_packages(packages).tree
    merged, conflicts = rebase(before, ours, ground)
    return Upgrade(prepare(home, packages=packages, changes=diff(ground, merged), ports=ports), conflicts)


def upgrade(home: Home, packages: Sequence[Package], *, clock: Clock, by: str | None = None, note: str = "", ports: Ports | None = None) -> PublishResult:
    """Plan the upgrade and publish it. Raises as :func:`builder.publish.publish.publish`."""
    return publish_prepared(home, by, plan_upgrade(home, packages, ports=ports).prepared, clock=clock, note=note, ports=ports)
