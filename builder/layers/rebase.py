"""Three-way rebase: carry the changes of one side over those of another, property by property.

``base`` is what both started from, ``ours`` the side whose changes must not be lost (a tenant), ``theirs`` the new
ground (an upgrade). What only one side changed is taken; where both changed the same property to different values, ours
stands and a conflict says so. Removing counts as changing everything of an element.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from builder.layers.change import from_leaves, leaves, position
from builder.layers.diff import same
from kernel.model.tree import Node, Tree

POSITION = "position"
WHOLE = ""
"""Path of a conflict about whether an element is there at all."""


class _Absent:
    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Any = _Absent()
"""Stands for "not there" among the values of a conflict."""


@dataclass(frozen=True)
class Conflict:
    """Both sides changed ``path`` of ``uid``, to different values; the result has ``ours``."""

    uid: str
    path: str
    base: Any
    ours: Any
    theirs: Any


def rebase(base: Tree, ours: Tree, theirs: Tree) -> tuple[dict[str, Node], tuple[Conflict, ...]]:
    """The merged tree and the conflicts, in order of uid and path."""
    merge = _Merge(base, ours, theirs)
    found = merge.run()
    return found, tuple(sorted(merge.conflicts, key=lambda c: (c.uid, c.path)))


class _Merge:
    def __init__(self, base: Tree, ours: Tree, theirs: Tree) -> None:
        self.base, self.ours, self.theirs = base, ours, theirs
        self.conflicts: list[Conflict] = []
        self.found: dict[str, Node] = {}

    def run(self) -> dict[str, Node]:
        for uid in sorted({*self.base, *self.ours, *self.theirs}):
            b, o, t = self.base.get(uid), self.ours.get(uid), self.theirs.get(uid)
            if o is not None and t is not None:
                self.found[uid] = self._both(uid, b, o, t)
            elif b is None:
                self.found[uid] = o or t  # type: ignore[assignment]
            elif o is not None and not _equal(b, o):
                self._conflict(uid, WHOLE, True, True, ABSENT)
                self.found[uid] = o
            elif t is not None and not _equal(b, t):
                self._conflict(uid, WHOLE, True, ABSENT, True)
        self._ground()
        self._no_circles()
        return self.found

    def _both(self, uid: str, b: Node | None, o: Node, t: Node) -> Node:
        was, mine, yours = ({} if n is None else {**leaves(n), POSITION: position(n)} for n in (b, o, t))
        merged: dict[str, Any] = {}
        for path in {**yours, **mine, **was}:
            value = self._value(uid, path, was.get(path, ABSENT), mine.get(path, ABSENT), yours.get(path, ABSENT))
            if value is not ABSENT:
                merged[path] = value
        at = merged.pop(POSITION)
        return from_leaves(uid, merged, at, t.source or o.source)

    def _value(self, uid: str, path: str, b: Any, o: Any, t: Any) -> Any:
        if _same(o, t) or _same(t, b):
            return o
        if _same(o, b):
            return t
        self._conflict(uid, path, b, o, t)
        return o

    def _conflict(self, uid: str, path: str, b: Any, o: Any, t: Any) -> None:
        self.conflicts.append(Conflict(uid, path, b, o, t))

    def _ground(self) -> None:
        """Nothing hangs in the air. What we added or kept brings back what it stands in, if they removed that; what
        they put into something that we removed goes with it."""
        for uid, node in sorted(self.found.items()):
            mine = self.ours.get(uid)
            if mine is not None and node.parent is not None and node.parent not in self.found and node.parent not in self.ours:
                # They moved it into something that we removed: it stays where we have it.
                self._stay(uid, mine)
        for uid in sorted(self.found):
            missing: list[Node] = []
            step = self.found[uid]
            while step.parent is not None and step.parent not in self.found:
                above = self.ours.get(step.parent)
                if above is None:
                    break
                missing.append(above)
                step = above
            for above in missing:
                self._conflict(above.uid, WHOLE, True, True, ABSENT)
                self.found[above.uid] = above
        while True:
            loose = [uid for uid, n in self.found.items() if n.parent is not None and n.parent not in self.found]
            if not loose:
                return
            for uid in loose:
                if not any(c.uid == uid and c.path == WHOLE for c in self.conflicts):
                    self._conflict(uid, WHOLE, ABSENT if uid not in self.base else True, ABSENT, True)
                del self.found[uid]

    def _no_circles(self) -> None:
        """Two moves that are fine alone may put two elements into each other: then ours counts for all of the circle."""
        while (circle := _circle(self.found)) is not None:
            for uid in circle:
                mine = self.ours.get(uid)
                if mine is not None and position(mine) != position(self.found[uid]):
                    self._stay(uid, mine)

    def _stay(self, uid: str, mine: Node) -> None:
        """Our position stands against theirs."""
        node, was = self.found[uid], self.base.get(uid)
        if not any(c.uid == uid and c.path == POSITION for c in self.conflicts):
            self._conflict(uid, POSITION, position(was) if was else ABSENT, position(mine), position(node))
        self.found[uid] = from_leaves(uid, leaves(node), position(mine), node.source)


def _same(a: Any, b: Any) -> bool:
    return (a is b) if (a is ABSENT or b is ABSENT) else same(a, b)


def _equal(a: Node, b: Node) -> bool:
    return position(a) == position(b) and same(leaves(a), leaves(b))


def _circle(tree: Tree) -> list[str] | None:
    done: set[str] = set()
    for start in tree:
        path: list[str] = []
        at: str | None = start
        while at is not None and at not in done:
            if at in path:
                return path[path.index(at) :]
            path.append(at)
            at = tree[at].parent if at in tree else None
        done.update(path)
    return None
