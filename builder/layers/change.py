"""One change to a tree, by uid and property. JSON form::

    {"do": "set",    "uid": U, "path": "required" | "labels.zh" | "settings.max" | "key", "value": V}
    {"do": "unset",  "uid": U, "path": "show_when"}
    {"do": "add",    "node": {uid, kind, key, parent, slot, rank, props, origin}}
    {"do": "remove", "uid": U}                      with everything that stands in it
    {"do": "move",   "uid": U, "parent": P, "slot": S, "rank": R}

Mappings (labels, help, placeholder, settings, a right's fields and states ...) change entry by entry: ``labels.zh`` is a
property of its own; the part after the first dot is one key, whatever dots it holds. All else changes as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from kernel.errors import Invalid, Problem
from kernel.i18n import _
from kernel.model.elements import KINDS
from kernel.model.props import props_of
from kernel.model.tree import Node

Do = Literal["set", "unset", "add", "remove", "move"]
KEY, KIND, ORIGIN = "key", "kind", "origin"
OWN = (KEY, KIND, ORIGIN)
"""Paths that name attributes of the node itself."""


@dataclass(frozen=True)
class Change:
    """See the module. ``node`` only with ``add``; ``parent``, ``slot`` and ``rank`` only with ``move``."""

    do: Do
    uid: str
    path: str = ""
    value: Any = None
    node: Node | None = None
    parent: str | None = None
    slot: str | None = None
    rank: str = ""

    def to_json(self) -> dict[str, Any]:
        """The JSON form."""
        if self.do == "add":
            assert self.node is not None
            return {"do": "add", "node": self.node.to_json()}
        if self.do == "move":
            return {"do": "move", "uid": self.uid, "parent": self.parent, "slot": self.slot, "rank": self.rank}
        found: dict[str, Any] = {"do": self.do, "uid": self.uid}
        if self.do != "remove":
            found["path"] = self.path
        if self.do == "set":
            found["value"] = self.value
        return found


def add(node: Node) -> Change:
    """Put ``node`` in."""
    return Change("add", node.uid, node=node)


def changes_from_json(rows: Iterable[Mapping[str, Any]]) -> tuple[Change, ...]:
    """The changes of their JSON form. Raises Invalid that names each row that can't be read."""
    found: list[Change] = []
    problems: list[Problem] = []
    for index, row in enumerate(rows):
        try:
            found.append(_read(row))
        except (KeyError, TypeError, ValueError, AttributeError):
            problems.append(Problem("bad_change", _("This change can't be read."), f"changes[{index}]", _("See builder/layers/change.py for the forms.")))
    if problems:
        raise Invalid(problems)
    return tuple(found)


def _read(row: Mapping[str, Any]) -> Change:
    do = row["do"]
    if do == "add":
        given = dict(row["node"])
        node = Node(**{k: given[k] for k in ("uid", "kind", "key")}, **{k: given[k] for k in ("parent", "slot", "rank", "props", "origin") if k in given})
        if not all(isinstance(v, str) for v in (node.uid, node.kind, node.key, node.rank, node.origin)) or not isinstance(node.props, Mapping):
            raise ValueError
        return add(node)
    if not isinstance(row["uid"], str):
        raise TypeError
    if do == "move":
        return Change("move", row["uid"], parent=row["parent"], slot=row["slot"], rank=str(row["rank"]))
    if do == "remove":
        return Change("remove", row["uid"])
    if do not in ("set", "unset") or not isinstance(row["path"], str):
        raise ValueError
    return Change(do, row["uid"], row["path"], row["value"] if do == "set" else None)


@cache
def entry_props(kind: str) -> frozenset[str]:
    """Properties of a kind that are mappings and therefore change entry by entry."""
    found = {p.name for p in props_of(KINDS[kind]).values() if isinstance(p.default, dict)} if kind in KINDS else set()
    return frozenset(found | ({"settings"} if kind == "field" else set()))


def leaves(node: Node) -> dict[str, Any]:
    """Everything of a node that changes by itself, by path; position apart."""
    found: dict[str, Any] = {KEY: node.key, KIND: node.kind, ORIGIN: node.origin}
    entries = entry_props(node.kind)
    for name, value in node.props.items():
        if name in entries and isinstance(value, Mapping):
            found.update({f"{name}.{k}": v for k, v in value.items()})
        else:
            found[name if name not in OWN else f"{name}."] = value
    return found


def position(node: Node) -> tuple[str | None, str | None, str]:
    """Where it stands."""
    return node.parent, node.slot, node.rank


def from_leaves(uid: str, found: Mapping[str, Any], at: tuple[str | None, str | None, str], source: Any = None) -> Node:
    """The node of its leaves and position."""
    props: dict[str, Any] = {}
    for path, value in found.items():
        if path not in OWN:
            put(props, path, value, found[KIND])
    return Node(uid, found[KIND], found[KEY], *at, props, found[ORIGIN], source)


def put(props: dict[str, Any], path: str, value: Any, kind: str) -> None:
    """Set the property at ``path``; ``props`` and its mappings are not shared with anybody."""
    name, dot, entry = path.partition(".")
    if dot and entry and name in entry_props(kind):
        inner = props.get(name)
        props[name] = {**(inner if isinstance(inner, Mapping) else {}), entry: value}
    else:
        props[name] = value


def drop(props: dict[str, Any], path: str, kind: str) -> None:
    """Remove the property at ``path``; a mapping that becomes empty goes with its last entry."""
    name, dot, entry = path.partition(".")
    if dot and entry and name in entry_props(kind) and isinstance(props.get(name), Mapping):
        inner = {k: v for k, v in props[name].items() if k != entry}
        if inner:
            props[name] = inner
        else:
            props.pop(name)
    else:
        props.pop(name, None)
