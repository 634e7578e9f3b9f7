"""What the command line and the design pages ask of design time, each in one call."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from builder.checks.finding import Finding, of_problem
from builder.checks.run import check, ordered
from builder.layers.resolve import in_order, resolve
from builder.packages import catalogue
from builder.packages.package import Package
from builder.packages.writer import overlay_text, tree_files
from builder.ports import Ports
from builder.publish import store
from builder.publish.prepare import Prepared, prepare
from builder.publish.publish import PublishResult, finish, roll_back
from builder.publish.tenant_overlay import Additions, add_documents, plan_documents
from kernel.platform import releases
from kernel.platform.database import Home


def check_directory(place: Path | str, *roots: Path) -> list[Finding]:
    """Everything that is wrong with the package at ``place``, read together with those it stands on.

    They are looked for beside it, in ``roots`` and in the shipped templates. Findings about the others are left out,
    unless they are errors that keep this one from being checked.
    """
    place = Path(place).resolve()
    package = catalogue.read(place)
    beside = [place.parent, place.parent.parent] if place.is_dir() else [place.parent]
    known: dict[str, Package] = {package.key: package}
    places = catalogue.find_places(*beside, *roots, catalogue.TEMPLATES)
    waiting = [d.key for d in package.manifest.depends]
    while waiting:
        key = waiting.pop()
        if key not in known and key in places:
            known[key] = catalogue.read(places[key])
            waiting.extend(d.key for d in known[key].manifest.depends)
    packages, problems = in_order([package.key], known)
    if package not in packages:
        packages.append(package)
    found = check(resolve(packages))
    return ordered([*(of_problem(p) for p in problems), *(f for f in found if f.severity == "error" or _is_of(f, package, packages))])


def _is_of(finding: Finding, package: Package, packages: Sequence[Package]) -> bool:
    others = [p.key for p in packages if p is not package]
    return not any(finding.source.startswith(f"{key}/") or (not finding.source and finding.uid.startswith(f"{key}:")) for key in others)


def plan_for(
    home: Home, *, template: str | None = None, additions: Additions | None = None, file: str = "addition.yaml", ports: Ports | None = None
) -> Prepared:
    """What switching a template on, or adding documents, would do to a tenant. Raises Invalid for what can't be read."""
    if additions is not None:
        return plan_documents(home, additions, file=file, ports=ports)
    return prepare(home, packages=catalogue.load(template) if template else None, ports=ports)


def plan_lines(prepared: Prepared, language: str = "en") -> list[str]:
    """A plan for a terminal: one operation a line, destructive ones marked, with the numbers they concern."""
    lines = []
    for impact in prepared.impacts:
        mark = "!" if impact.operation.destroys else " "
        count = f" ({impact.count})" if impact.count is not None else ""
        lines.append(f"{mark} {impact.operation.describe().to(language)}{count}")
    return lines


def export_application(home: Home) -> dict[str, str]:
    """The effective application of a tenant as the files of one package."""
    with home.read() as conn:
        return tree_files(releases.current(conn).application.tree, "tenant")


def export_overlay(home: Home) -> str:
    """The tenant's own changes, one JSON object a line."""
    with home.read() as conn:
        return overlay_text(store.tenant_changes(conn))


__all__ = [
    "PublishResult",
    "add_documents",
    "check_directory",
    "export_application",
    "export_overlay",
    "finish",
    "plan_for",
    "plan_lines",
    "roll_back",
]
