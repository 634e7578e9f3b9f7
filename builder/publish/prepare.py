"""What a publish will do, worked out on a snapshot: resolve, check, plan. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from builder.changes import ops
from builder.changes.plan import plan as make_plan
from builder.checks.finding import Finding
from builder.checks.run import check
from builder.layers.change import Change
from builder.layers.resolve import Effective, resolve
from builder.packages.package import Package
from builder.ports import Counts, Ports
from builder.publish import store
from builder.publish.facts import SqlCounts, facts
from kernel.errors import Invalid
from kernel.model import application as model
from kernel.model import tables as model_tables
from kernel.model.application import Application
from kernel.model.tree import Tree, to_json
from kernel.platform import releases
from kernel.platform.database import Home
from kernel.platform.releases import Release


@dataclass(frozen=True)
class Impact:
    """An operation with the number that its need asked for; None where nothing was asked."""

    operation: ops.Operation
    count: int | None = None


@dataclass(frozen=True)
class Prepared:
    """A plan against the release ``base``. ``findings`` holds errors, too: then ``plan`` is empty and nothing can be published."""

    base: Release
    packages: tuple[Package, ...]
    changes: tuple[Change, ...]
    effective: Effective
    findings: tuple[Finding, ...]
    plan: ops.Plan
    impacts: tuple[Impact, ...] = ()
    application: Application | None = None
    hash: str = ""

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.severity == "error")

    @property
    def unchanged(self) -> bool:
        """Whether the release now in force says exactly the same."""
        return not self.errors and self.base.id != 0 and self.hash == self.base.hash

    def require_sound(self) -> None:
        """Raises Invalid with every error."""
        if self.errors:
            raise Invalid([f.problem() for f in self.errors])

    def release(self) -> Release:
        """The release to be, not yet stored: id 0."""
        assert self.application is not None
        return Release(0, self.hash, "published", self.application, self.plan.columns, model_tables.build(self.application, self.plan.columns))


def prepare(
    home: Home, *, packages: Sequence[Package] | None = None, changes: Iterable[Change] | None = None, tree: Tree | None = None, ports: Ports | None = None
) -> Prepared:
    """The plan from the release now in force to what ``packages`` and ``changes`` give.

    None means: those of the current release, the tenant's overlay as it is. ``tree`` (rolling back) is taken as it stands.
    """
    with home.read() as conn:
        return prepare_on(conn, packages=packages, changes=changes, tree=tree, ports=ports)


def prepare_on(
    conn: Connection,
    *,
    packages: Sequence[Package] | None = None,
    changes: Iterable[Change] | None = None,
    tree: Tree | None = None,
    ports: Ports | None = None,
) -> Prepared:
    """As :func:`prepare`, on an open transaction."""
    base = releases.current(conn)
    chosen = tuple(packages) if packages is not None else store.packages_of(conn, base.id)
    overlay = tuple(changes) if changes is not None else store.tenant_changes(conn)
    effective = Effective(tree) if tree is not None else resolve(chosen, overlay)
    findings = tuple(check(effective))
    if any(f.severity == "error" for f in findings):
        return Prepared(base, chosen, overlay, effective, findings, ops.Plan((), base.columns))
    application = model.build(effective.tree)
    old = base.application if base.id else None
    plan = make_plan(old, application, base.columns, facts(conn, base, application.by_uid))
    counts = (ports.counts if ports is not None else None) or SqlCounts()
    impacts = tuple(Impact(o, _count(conn, base, o, counts)) for o in plan.operations)
    return Prepared(base, chosen, overlay, effective, findings, plan, impacts, application, releases.release_hash(to_json(effective.tree), plan.columns))


def _count(conn: Connection, base: Release, operation: ops.Operation, counts: Counts) -> int | None:
    need = operation.needs
    return counts.count(conn, base, need) if need is not None and base.id else None
