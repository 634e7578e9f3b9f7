"""A document, flat: every element a node under its uid. Layers, differences and rebase work on trees."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kernel.model.elements import DEFAULT_SLOTS, KINDS


@dataclass(frozen=True, slots=True)
class Source:
    """Where an element was written: for errors only, not part of its content."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Node:
    """One element: ``props`` are its properties in document form, ``slot`` where it stands in its parent."""

    uid: str
    kind: str
    key: str
    parent: str | None = None
    slot: str | None = None
    rank: str = ""
    props: Mapping[str, Any] = field(default_factory=dict)
    origin: str = ""
    source: Source | None = field(default=None, compare=False)

    def to_json(self) -> dict[str, Any]:
        """What the store keeps and the hash covers."""
        return {
            "uid": self.uid, "kind": self.kind, "key": self.key, "parent": self.parent, "slot": self.slot,
            "rank": self.rank, "props": self.props, "origin": self.origin,
        }


Tree = Mapping[str, Node]


def uid_of(kind: str, key: str, package: str, parent: Node | None = None, slot: str | None = None) -> str:
    """The uid of a package's element: its path of keys in the first version that had it.

    ``office:task.due`` is a field of an entity, ``office:machine/task.states.new`` a state of a machine.
    """
    if parent is None:
        return f"{package}:{key}" if kind == "entity" else f"{package}:{kind}/{key}"
    middle = "" if slot in DEFAULT_SLOTS else f"{slot}."
    return f"{parent.uid}.{middle}{key}"


def children(tree: Tree) -> dict[str | None, list[Node]]:
    """Nodes by parent uid (None: top), each list in order of rank, then uid."""
    found: dict[str | None, list[Node]] = {}
    for node in tree.values():
        found.setdefault(node.parent, []).append(node)
    for nodes in found.values():
        nodes.sort(key=lambda n: (n.rank, n.uid))
    return found


def to_json(tree: Tree) -> list[dict[str, Any]]:
    """The tree as stored, in order of uid."""
    return [tree[uid].to_json() for uid in sorted(tree)]


def from_json(rows: Iterable[Mapping[str, Any]]) -> dict[str, Node]:
    """The tree of what ``to_json`` gave."""
    return {row["uid"]: Node(**row) for row in rows}


def content_hash(tree: Tree) -> str:
    """SHA-256 over the canonical JSON; equal applications of different tenants have equal hashes."""
    text = json.dumps(to_json(tree), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def initial_rank(index: int) -> str:
    """Rank of the ``index``-th item of a freshly written list."""
    return f"{index + 1:05d}"


def rank_between(before: str | None, after: str | None) -> str:
    """A rank that sorts after ``before`` and before ``after``; ranks are the digits of a decimal fraction.

    >>> rank_between("00001", "00002")
    '000015'
    >>> rank_between("00009", None) > "00009"
    True
    """
    low = (before or "").rstrip("0") or ""
    width = max(len(before or ""), len(after or ""), 5) + 1
    floor = int((before or "").ljust(width, "0") or 0)
    ceiling = int(after.ljust(width, "0")) if after else floor + 2 * 10 ** (width - 5)
    middle = (floor + ceiling) // 2
    text = str(middle).zfill(width)
    assert not low or text > low
    return text.rstrip("0") or text


def slots_of(kind: str) -> Mapping[str, str]:
    """Slot name to kind of the items."""
    return KINDS[kind].SLOTS
