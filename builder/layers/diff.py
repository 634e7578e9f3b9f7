"""The difference of two trees as changes: ``apply(old, diff(old, new))`` is ``new``."""

from __future__ import annotations

from builder.layers.change import Change, add, leaves, position
from kernel.model.tree import Tree


def diff(old: Tree, new: Tree) -> tuple[Change, ...]:
    """What leads from ``old`` to ``new``: additions from the outside in, moves, properties, removals last."""
    changes = [add(new[uid]) for uid in sorted((u for u in new if u not in old), key=lambda u: (_depth(new, u), u))]
    moves, edits = [], []
    for uid in sorted(set(old) & set(new)):
        before, after = old[uid], new[uid]
        if before is after:
            continue
        if position(before) != position(after):
            moves.append(Change("move", uid, parent=after.parent, slot=after.slot, rank=after.rank))
        was, now = leaves(before), leaves(after)
        edits += [Change("unset", uid, path) for path in sorted(set(was) - set(now))]
        edits += [Change("set", uid, path, now[path]) for path in sorted(now) if path not in was or not same(was[path], now[path])]
    gone = [uid for uid in sorted(old) if uid not in new]
    # What stands in something removed goes with it, unless it was moved out before.
    removals = [Change("remove", uid) for uid in gone if old[uid].parent is None or old[uid].parent in new]
    return (*changes, *moves, *edits, *removals)


def _depth(tree: Tree, uid: str) -> int:
    depth = 0
    at = tree[uid].parent
    while at is not None and at in tree and depth < 64:
        depth += 1
        at = tree[at].parent
    return depth


def same(a: object, b: object) -> bool:
    """Equality that tells true from 1 and 1 from 1.0, as JSON does."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b
