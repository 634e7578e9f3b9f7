"""Which packages there are on this machine, and those a template needs, in order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from builder.packages.package import Package
from builder.packages.reader import read_package
from kernel.errors import Invalid, Problem
from kernel.i18n import _
from kernel.model import system
from kernel.model.schemas import nearest_hint

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "industry_templates"
SYSTEM = Path(__file__).resolve().parent / "system"
"""Holds ``platform``, persons and teams, on which every package stands."""


def read(place: Path) -> Package:
    """The package at ``place``. To the system's own come the elements that the kernel itself knows."""
    package = read_package(place)
    if package.key == system.PACKAGE and place.resolve().parent == SYSTEM:
        return replace(package, tree={**system.tree(), **package.tree})
    return package


def find_places(*roots: Path) -> dict[str, Path]:
    """Folders of packages by the name of the folder: below ``roots``, two levels deep, and the system's own."""
    found: dict[str, Path] = {}
    for root in (*(roots or (TEMPLATES,)), SYSTEM):
        for pattern in ("*/package.yaml", "*/*/package.yaml"):
            for manifest in sorted(root.glob(pattern)):
                found.setdefault(manifest.parent.name, manifest.parent)
    return found


def find_packages(*roots: Path) -> dict[str, Package]:
    """Every package, read, by key. Of two with one key the first counts; the other is a problem of the first."""
    found: dict[str, Package] = {}
    for place in find_places(*roots).values():
        package = read(place)
        found.setdefault(package.key, package)
    return found


def load(template: str, *roots: Path) -> list[Package]:
    """A template with the packages it stands on, lowest first. Raises Invalid with everything that is wrong."""
    return load_all([template], roots)


def load_all(keys: Sequence[str], roots: Iterable[Path] = ()) -> list[Package]:
    """Several packages with what they stand on, lowest first. Raises Invalid."""
    from builder.layers.resolve import in_order

    places = find_places(*roots)
    known: dict[str, Package] = {}
    waiting = list(keys)
    while waiting:
        key = waiting.pop()
        if key in known or key not in places:
            continue
        known[key] = read(places[key])
        waiting.extend(d.key for d in known[key].manifest.depends)
    unknown = [k for k in keys if k not in known]
    if unknown:
        hint = nearest_hint(unknown[0], places) or _("There are: {names}.", names=sorted(places))
        raise Invalid([Problem("unknown_package", _("There is no package “{key}”.", key=unknown[0]), "template", hint)])
    ordered, problems = in_order(keys, known)
    problems += [Problem(p.code, p.message, f"{k.key}/{p.path}", p.hint, p.rule, p.data) for k in ordered for p in k.problems]
    if problems:
        raise Invalid(problems)
    return ordered
