"""A tenant's own changes: YAML or changes taken into its overlay, planned, published on the live tenant."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from builder.checks.finding import source_of
from builder.layers.apply import apply
from builder.layers.change import Change, changes_from_json
from builder.layers.diff import diff
from builder.layers.labels import label_changes
from builder.layers.overlay import Overlay
from builder.layers.resolve import TENANT, resolve_packages
from builder.packages.package import Package
from builder.packages.reader import read_documents
from builder.ports import Ports
from builder.publish import store
from builder.publish.prepare import Prepared, prepare
from builder.publish.publish import Probe, PublishResult, publish_prepared
from kernel.errors import Conflict, Invalid, Problem
from kernel.i18n import _
from kernel.platform import releases
from kernel.platform.clock import Clock
from kernel.platform.database import Home

Additions = str | bytes | Iterable[Change] | Sequence[Mapping[str, Any]]
"""YAML text, changes, or changes in their JSON form."""


def mint(path: str) -> str:
    """A uid of a tenant's element: its path and something random, so that no later element ever gets it again (D10)."""
    return f"{TENANT}:{path}~{secrets.token_hex(4)}"


@dataclass(frozen=True)
class Overlaid:
    """The tenant's overlay with additions: complete, and the smallest that has this effect."""

    base_release: int
    packages: tuple[Package, ...]
    changes: tuple[Change, ...]
    sources: Mapping[str, str] = field(default_factory=dict)  # file and line of what the additions touch, by uid


def overlaid(home: Home, additions: Additions, *, file: str = "addition.yaml") -> Overlaid:
    """The overlay as it would be. Raises Invalid with every problem of the additions, with line numbers for YAML."""
    with home.read() as conn:
        base = releases.current(conn)
        packages = store.packages_of(conn, base.id)
        now = store.tenant_changes(conn)
    below = resolve_packages(packages).tree
    before, _lost = apply(below, now)
    if isinstance(additions, (str, bytes)):
        after = _with_documents(before, read_documents(additions, file))
    else:
        rows = list(additions)
        given = (
            [r for r in rows if isinstance(r, Change)]
            if rows and isinstance(rows[0], Change)
            else list(changes_from_json(r for r in rows if isinstance(r, Mapping)))
        )
        after, problems = apply(before, given)
        if problems:
            raise Invalid(problems)
    touched = {uid: source_of(node) for uid, node in after.items() if node.source is not None and node is not before.get(uid)}
    return Overlaid(base.id, packages, diff(below, after), touched)


def _with_documents(tree: Any, read: Package) -> Any:
    problems = list(read.problems)
    if read.samples:
        problems.append(Problem("samples_here", _("Samples can't be added to a living application."), "", _("Leave the sample out.")))
    overlay = Overlay(tree, TENANT, mint)
    for written in read.overlay:
        overlay.read(written)
    labels, unknown = label_changes(overlay.tree, read.labels)
    problems += [*overlay.problems, *unknown]
    if problems:
        raise Invalid(problems)
    after, failed = apply(overlay.tree, labels)
    if failed:
        raise Invalid(failed)
    return after


def plan_documents(home: Home, additions: Additions, *, file: str = "addition.yaml", ports: Ports | None = None) -> Prepared:
    """What :func:`add_documents` would do, for showing it; publish it with ``publish_prepared``. Raises Invalid for what can't be read.

    Errors of the metadata are in ``findings``.
    """
    made = overlaid(home, additions, file=file)
    prepared = prepare(home, packages=made.packages, changes=made.changes, ports=ports)
    if prepared.base.id != made.base_release:
        raise Conflict(_("Somebody else published in the meantime."), hint=_("Look at the new plan and publish again."))
    findings = tuple(replace(f, source=f.source or made.sources.get(f.uid, "")) for f in prepared.findings)
    return replace(prepared, findings=findings)


def add_documents(
    home: Home,
    additions: Additions,
    *,
    clock: Clock,
    by: str | None = None,
    note: str = "",
    file: str = "addition.yaml",
    expected: int | None = None,
    ports: Ports | None = None,
    probe: Probe | None = None,
) -> PublishResult:
    """Add or change elements of a live tenant, and publish. ``additions`` is YAML (one file, several documents) or changes.

    What exists is changed property by property, what does not is added. Raises Invalid with everything that is wrong,
    Conflict when ``expected`` is no longer the release in force or somebody publishes at the same moment.
    """
    prepared = plan_documents(home, additions, file=file, ports=ports)
    if expected is not None and prepared.base.id != expected:
        raise Conflict(_("Somebody else published in the meantime."), hint=_("Look at the new plan and publish again."))
    return publish_prepared(home, by, prepared, clock=clock, note=note, ports=ports, probe=probe)
