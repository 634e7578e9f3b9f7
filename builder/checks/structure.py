"""Structure: every element has what its kind needs and nothing else, and hangs together."""

from __future__ import annotations

from builder.checks.finding import Finding, at, of_problem, source_of
from kernel.errors import Problem
from kernel.i18n import _
from kernel.model.elements import KINDS, TOP_KINDS
from kernel.model.schemas import nearest_hint, validate_node
from kernel.model.tree import Node, Tree, children, slots_of


def check_structure(tree: Tree) -> tuple[list[Finding], dict[str, Node]]:
    """Findings, and the part of the tree that can be built: broken elements go with all that stands in them."""
    findings: list[Finding] = []
    broken: set[str] = set()
    for uid in sorted(tree):
        node = tree[uid]
        problems = validate_node(node)
        if problems:
            broken.add(uid)
        findings += [_placed(p, node) for p in problems]
        hangs = _hanging(tree, node)
        if hangs is not None:
            broken.add(uid)
            findings.append(hangs)
    findings += _doubled(tree, broken)
    sound: dict[str, Node] = {}
    below = children(tree)
    waiting = [n for n in below.get(None, ()) if n.uid not in broken and n.kind in TOP_KINDS]
    while waiting:
        node = waiting.pop()
        sound[node.uid] = node
        waiting.extend(n for n in below.get(node.uid, ()) if n.uid not in broken)
    # A machine without states can't be built, nor a list of states without a machine.
    for node in list(sound.values()):
        if node.kind == "machine" and not any(n.slot == "states" and n.uid in sound for n in below.get(node.uid, ())):
            findings.append(at(node, "no_states", "states", _("The machine “{key}” has no states.", key=node.key), _("Write at least one under “states”.")))
            sound = {u: n for u, n in sound.items() if not _inside(tree, n, node.uid)}
    return findings, sound


def _placed(problem: Problem, node: Node) -> Finding:
    found = of_problem(problem)
    return Finding(found.code, found.severity, found.uid, found.path, source_of(node), found.message, found.hint, found.witness)


def _hanging(tree: Tree, node: Node) -> Finding | None:
    if node.parent is None:
        if node.kind in KINDS and node.kind not in TOP_KINDS:
            return at(node, "bad_place", "", _("“{key}” must stand in another element.", key=node.key))
        return None
    above = tree.get(node.parent)
    if above is None or above.kind not in KINDS or slots_of(above.kind).get(node.slot or "") != node.kind:
        return at(node, "bad_place", "", _("“{key}” can't stand here.", key=node.key))
    if node.kind == "field" and above.kind == "field" and above.parent is not None and tree[above.parent].kind == "field":
        return at(node, "too_deep", "", _("Rows can't hold rows: “{key}”.", key=node.key), _("Make it an entity of its own that refers to this one."))
    return None


def _doubled(tree: Tree, broken: set[str]) -> list[Finding]:
    """Keys are unique among what stands side by side; top elements per kind."""
    findings: list[Finding] = []
    seen: dict[tuple[object, ...], Node] = {}
    for uid in sorted(tree, key=lambda u: (tree[u].rank, u)):
        node = tree[uid]
        place = (node.parent, node.slot, node.kind if node.parent is None else "", node.key)
        first = seen.setdefault(place, node)
        if first is not node:
            broken.add(uid)
            findings.append(
                at(
                    node,
                    "doubled_key",
                    "key",
                    _("The key “{key}” stands here twice.", key=node.key),
                    _("First in {place}. Give one of them another key.", place=source_of(first) or first.uid),
                    witness={"first": first.uid},
                )
            )
    return findings


def _inside(tree: Tree, node: Node, uid: str) -> bool:
    step: Node | None = node
    while step is not None:
        if step.uid == uid:
            return True
        step = tree.get(step.parent) if step.parent else None
    return False


__all__ = ["check_structure", "nearest_hint"]
