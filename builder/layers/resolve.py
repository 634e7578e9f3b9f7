"""Packages in order and the tenant's changes to one effective tree, with where each property came from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from builder.layers.apply import apply
from builder.layers.change import KEY, Change, leaves
from builder.layers.labels import label_changes
from builder.layers.overlay import Overlay
from builder.packages.package import Package
from kernel.errors import Problem
from kernel.i18n import _
from kernel.model.schemas import nearest_hint
from kernel.model.tree import Node, Tree

TENANT = "tenant"
POSITION = "rank"
"""Path under which the provenance keeps who placed an element."""


@dataclass(frozen=True)
class Effective:
    """The tree, what could not be put together, and per uid and property the layer (package key or ``tenant``)."""

    tree: Tree
    problems: tuple[Problem, ...] = ()
    provenance: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def layer_of(self, uid: str, path: str = KEY) -> str | None:
        """Which layer a property has its value from."""
        return self.provenance.get(uid, {}).get(path)


def resolve(packages: Sequence[Package], changes: Iterable[Change] = ()) -> Effective:
    """``packages`` in order of dependency, lowest first; ``changes`` is the tenant's overlay."""
    below = resolve_packages(packages)
    return with_changes(below, changes)


def resolve_packages(packages: Sequence[Package]) -> Effective:
    """What the packages give without a tenant."""
    tree: dict[str, Node] = {}
    problems: list[Problem] = []
    provenance: dict[str, dict[str, str]] = {}
    for index, package in enumerate(packages):
        problems += _in_package(package, package.problems)
        own: list[Problem] = []
        # Ranks of a package's top elements start with its place, so that what stands on another comes after it.
        for uid, node in package.tree.items():
            if uid in tree:
                own.append(Problem("twice", _("“{uid}” is defined twice.", uid=uid), str(node.source or ""), _("To change it, write it in overlays/.")))
                continue
            tree[uid] = replace(node, rank=f"{index + 1:02d}{node.rank}") if node.parent is None else node
            _note(provenance, tree[uid], package.key)
        overlay = Overlay(tree, package.key)
        for written in package.overlay:
            overlay.read(written)
        tree = overlay.tree
        own += overlay.problems
        labels, unknown = label_changes(tree, package.labels)
        own += unknown
        tree, failed = apply(tree, labels)
        own += failed
        _note_changes(provenance, tree, (*overlay.changes, *labels), package.key)
        problems += _in_package(package, own)
    return Effective(tree, tuple(problems), provenance)


def with_changes(below: Effective, changes: Iterable[Change], layer: str = TENANT) -> Effective:
    """One more layer of changes."""
    changes = tuple(changes)
    tree, problems = apply(below.tree, changes)
    provenance = {uid: dict(paths) for uid, paths in below.provenance.items()}
    _note_changes(provenance, tree, changes, layer)
    return Effective(tree, (*below.problems, *problems), provenance)


def _in_package(package: Package, problems: Iterable[Problem]) -> list[Problem]:
    """Problems say which package they are of: several packages have an ``entities/a.yaml``."""
    return [replace(p, data={**p.data, "package": package.key}) for p in problems]


def _note(provenance: dict[str, dict[str, str]], node: Node, layer: str) -> None:
    provenance[node.uid] = {POSITION: layer, **dict.fromkeys(leaves(node), layer)}


def _note_changes(provenance: dict[str, dict[str, str]], tree: Tree, changes: Iterable[Change], layer: str) -> None:
    for change in changes:
        if change.do == "add" and change.node is not None:
            _note(provenance, change.node, layer)
        elif change.do == "remove":
            provenance.pop(change.uid, None)
        elif change.uid in provenance:
            path = POSITION if change.do == "move" else change.path
            if change.do == "unset":
                provenance[change.uid].pop(path, None)
            else:
                provenance[change.uid][path] = layer
    for uid in [u for u in provenance if u not in tree]:
        del provenance[uid]


# --- dependencies -------------------------------------------------------------------------------------------------


def in_order(wanted: Sequence[str], known: Mapping[str, Package]) -> tuple[list[Package], list[Problem]]:
    """The packages needed for ``wanted``, each after those it depends on; circles, gaps and wrong versions as problems."""
    found: dict[str, Package] = {}
    problems: list[Problem] = []
    path: list[str] = []

    def take_in(key: str, asked_by: Package | None) -> None:
        package = known.get(key)
        if package is None:
            where = f"{asked_by.key}/package.yaml:1" if asked_by else ""
            problems.append(Problem("unknown_package", _("There is no package “{key}”.", key=key), where, nearest_hint(key, known)))
            return
        if key in path:
            circle = [*path[path.index(key) :], key]
            problems.append(
                Problem(
                    "circular_depends",
                    _("These packages depend on each other in a circle: {keys}.", keys=" → ".join(circle)),
                    f"{key}/package.yaml:1",
                    _("Take one of them out of “depends”."),
                )
            )
            return
        if key in found:
            return
        path.append(key)
        for dependency in package.manifest.depends:
            other = known.get(dependency.key)
            if other is not None and not fits(other.version, dependency.version):
                problems.append(
                    Problem(
                        "wrong_version",
                        _(
                            "{key} needs {other} {bound}, but {version} is there.",
                            key=key,
                            other=dependency.key,
                            bound=dependency.version,
                            version=other.version,
                        ),
                        f"{key}/package.yaml:1",
                    )
                )
            take_in(dependency.key, package)
        path.pop()
        found[key] = package

    for key in wanted:
        take_in(key, None)
    return list(found.values()), problems


_BOUND = re.compile(r"(>=|==|~=)?\s*([0-9.]+)\Z")


def fits(version: str, bound: str) -> bool:
    """Whether ``1.4.0`` satisfies ``>=1.2``, ``~=1.2`` (the same first number) or ``==1.4.0`` (the default for a bare number)."""
    match = _BOUND.match(bound.strip())
    if match is None:
        return not bound.strip()
    have, want = ([int(p) for p in v.split(".")] for v in (version, match[2]))
    want_full = [*want, 0, 0][:3]
    if match[1] == ">=":
        return have >= want_full
    if match[1] == "~=":
        return have >= want_full and have[0] == want_full[0]
    return have[: len(want)] == want
