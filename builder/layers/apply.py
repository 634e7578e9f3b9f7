"""Changes applied to a tree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from builder.layers.change import KEY, KIND, ORIGIN, OWN, Change, drop, put
from kernel.errors import Problem
from kernel.i18n import _
from kernel.model.elements import KINDS
from kernel.model.tree import Node, Tree, slots_of


def apply(tree: Tree, changes: Iterable[Change]) -> tuple[dict[str, Node], list[Problem]]:
    """The changed tree, and what could not be applied; the rest is applied all the same. ``tree`` stays as it is."""
    found = dict(tree)
    problems: list[Problem] = []
    below: dict[str | None, list[str]] | None = None
    for index, change in enumerate(changes):
        where = f"changes[{index}]"
        if change.do == "add":
            _add(found, change, where, problems)
            below = None
            continue
        node = found.get(change.uid)
        if node is None:
            problems.append(
                Problem(
                    "gone",
                    _("“{uid}” is not there, so it can't be changed.", uid=change.uid),
                    where,
                    _("It was removed or renamed below; drop this change."),
                    change.uid,
                    {"do": change.do, "path": change.path},
                )
            )
        elif change.do == "remove":
            if below is None:
                below = _below(found)
            for uid in subtree(found, change.uid, below):
                found.pop(uid, None)
        elif change.do == "move":
            if _may_stand(found, node, change.parent, change.slot):
                found[change.uid] = replace(node, parent=change.parent, slot=change.slot, rank=change.rank)
                below = None
            else:
                problems.append(Problem("bad_place", _("“{uid}” can't stand there.", uid=change.uid), where, None, change.uid))
        else:
            found[change.uid] = _changed(node, change)
    return found, problems


def _add(found: dict[str, Node], change: Change, where: str, problems: list[Problem]) -> None:
    node = change.node
    assert node is not None
    if node.kind not in KINDS:
        problems.append(Problem("unknown_kind", _("“{kind}” is not a kind of element.", kind=node.kind), where, None, node.uid))
    elif node.uid in found:
        problems.append(Problem("twice", _("“{uid}” is defined twice.", uid=node.uid), where, _("Remove one of the two."), node.uid))
    elif not _may_stand(found, node, node.parent, node.slot):
        problems.append(Problem("bad_place", _("“{uid}” can't stand there.", uid=node.uid), where, _("What it stood in is gone."), node.uid))
    else:
        found[node.uid] = node


def _may_stand(found: Tree, node: Node, parent: str | None, slot: str | None) -> bool:
    if parent is None:
        return slot is None
    above = found.get(parent)
    if above is None or above.kind not in KINDS or slots_of(above.kind).get(slot or "") != node.kind:
        return False
    # Not below itself.
    step: Node | None = above
    while step is not None:
        if step.uid == node.uid:
            return False
        step = found.get(step.parent) if step.parent else None
    return True


def _changed(node: Node, change: Change) -> Node:
    if change.path in OWN and change.do == "set":
        return replace(node, **{{KEY: "key", KIND: "kind", ORIGIN: "origin"}[change.path]: change.value})
    props = dict(node.props)
    if change.do == "set":
        put(props, change.path, change.value, node.kind)
    else:
        drop(props, change.path, node.kind)
    return replace(node, props=props)


def _below(tree: Tree) -> dict[str | None, list[str]]:
    found: dict[str | None, list[str]] = {}
    for node in tree.values():
        found.setdefault(node.parent, []).append(node.uid)
    return found


def subtree(tree: Tree, uid: str, below: Mapping[str | None, list[str]] | None = None) -> list[str]:
    """``uid`` and everything below it."""
    below = _below(tree) if below is None else below
    found, waiting = [], [uid]
    while waiting:
        at = waiting.pop()
        found.append(at)
        waiting.extend(u for u in below.get(at, ()) if u in tree and tree[u].parent == at)
    return found
