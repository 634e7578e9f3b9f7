"""Label documents read as changes: what a path of keys belongs to, and what is said about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from builder.layers.change import Change
from builder.packages.package import Written
from kernel import fieldtypes
from kernel.errors import Problem
from kernel.i18n import _
from kernel.model.elements import KINDS
from kernel.model.props import LABELS, props_of
from kernel.model.schemas import nearest_hint
from kernel.model.tree import Node, Source, Tree, children, slots_of

# Bare keys mean an entity first: it is what people name most.
_ORDER = (
    "entity", "option_set", "role", "parameter", "calendar", "clock", "automation", "evidence", "intake", "similarity", "group", "view", "form", "machine",
    "notification", "quiet_period", "retention")


def label_changes(tree: Tree, documents: tuple[Written, ...]) -> tuple[list[Change], list[Problem]]:
    """The labels of all documents as changes to ``tree``, and what they name that is not there."""
    reader = _Reader(tree)
    for written in documents:
        reader.read(written)
    return reader.changes, reader.problems


class _Reader:
    def __init__(self, tree: Tree) -> None:
        self.below = children(tree)
        self.tops: dict[str, list[Node]] = {}
        for node in self.below.get(None, ()):
            self.tops.setdefault(node.key, []).append(node)
        self.changes: list[Change] = []
        self.problems: list[Problem] = []
        self.source: Source | None = None
        self.language = ""

    def read(self, written: Written) -> None:
        self.language, self.source = written.language, written.source
        for path, said in written.body.items():
            top, *rest = path.split(".")
            nodes = self._tops(top)
            if not nodes:
                self._unknown(path, nearest_hint(top, [*self.tops, *(f"{n.kind}/{n.key}" for ns in self.tops.values() for n in ns)]))
                continue
            # task.start: {...} is short for task: {start: {...}}
            for key in reversed(rest):
                said = {key: said}
            self._say(nodes, said, path)

    def _tops(self, name: str) -> list[Node]:
        kind, slash, key = name.partition("/")
        if slash:
            return [n for n in self.tops.get(key, ()) if n.kind == kind]
        return sorted(self.tops.get(name, ()), key=lambda n: _ORDER.index(n.kind) if n.kind in _ORDER else len(_ORDER))

    def _say(self, nodes: list[Node], said: Any, path: str) -> None:
        """``nodes``: what the path may mean, the likeliest first; a key that the first lacks is looked for in the others."""
        node = nodes[0]
        if not isinstance(said, Mapping):
            self._set(node, "labels", said, path)
            return
        for key, value in said.items():
            here = f"{path}.{key}"
            if key == "_":
                self._set(node, "labels", value, here)
                continue
            found = next(((n, child) for n in nodes for child in [self._child(n, key)] if child), None)
            if found is not None and not (key in _texts_of(node) and isinstance(value, str)):
                self._say(found[1], value, here)
            elif key in _texts_of(node):
                self._set(node, key, value, here)
            elif key in slots_of(node.kind) and isinstance(value, Mapping):
                self._say_slot(node, key, value, here)
            else:
                known = [c.key for n in nodes for c in self.below.get(n.uid, ())]
                self._unknown(here, nearest_hint(key, known))

    def _say_slot(self, node: Node, slot: str, said: Mapping[str, Any], path: str) -> None:
        items = {c.key: c for c in self.below.get(node.uid, ()) if c.slot == slot}
        for key, value in said.items():
            if key in items:
                self._say([items[key]], value, f"{path}.{key}")
            else:
                self._unknown(f"{path}.{key}", nearest_hint(key, items))

    def _child(self, node: Node, key: str) -> list[Node]:
        return [c for c in self.below.get(node.uid, ()) if c.key == key]

    def _set(self, node: Node, name: str, value: Any, path: str) -> None:
        if isinstance(value, (int, bool)):
            value = str(value)
        if not isinstance(value, str):
            self.problems.append(Problem("bad_label", _("The label “{path}” must be a text.", path=path), str(self.source or "")))
            return
        if name in props_of(KINDS[node.kind]):
            self.changes.append(Change("set", node.uid, f"{name}.{self.language}", value))
            return
        current = (node.props.get("settings") or {}).get(name)
        merged = {**(current if isinstance(current, Mapping) else {}), self.language: value}
        self.changes.append(Change("set", node.uid, f"settings.{name}", merged))

    def _unknown(self, path: str, hint: Any) -> None:
        self.problems.append(Problem("unknown_label", _("Labels name “{path}”, which is not there.", path=path), str(self.source or ""), hint))


def _texts_of(node: Node) -> frozenset[str]:
    """Properties (and settings of a field's type) that hold texts per language."""
    found = {p.name for p in props_of(KINDS[node.kind]).values() if p.schema is LABELS and p.name != "labels"}
    if node.kind == "field":
        type_ = fieldtypes.find(str(node.props.get("type")))
        if type_ is not None:
            found |= {p.name for p in props_of(type_.Settings).values() if p.schema is LABELS}
    return frozenset(found)
