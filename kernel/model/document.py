"""Nested documents (as people write them) to trees and back.

A document starts with its kind: ``{entity: task, title: ..., fields: {...}}``. Shorthands are resolved here, and only
here: lists of keys as items, a single state in ``from``, ``when`` of a transition as its one guard, settings of a field
type beside the field's own properties.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kernel.errors import Problem
from kernel.i18n import _
from kernel.model.elements import KINDS, TOP_KINDS, Field
from kernel.model.props import props_of
from kernel.model.tree import Node, Source, Tree, children, initial_rank, slots_of, uid_of

FIELD_PROPS = frozenset(props_of(Field))


class Lines:
    """Where each mapping of a loaded document began; the loader fills it, other sources have none."""

    def __init__(self, file: str = "", by_id: Mapping[int, int] | None = None) -> None:
        self.file = file
        self.by_id = by_id or {}

    def at(self, value: Any, default: Source | None = None) -> Source | None:
        line = self.by_id.get(id(value))
        return Source(self.file, line) if line is not None else default


def flatten(document: Mapping[str, Any], package: str, lines: Lines, problems: list[Problem], index: int = 0) -> dict[str, Node]:
    """The nodes of one document of ``package``. What can't be read goes into ``problems``, the rest is returned."""
    # The first key that is a kind: a view also has an `entity:`, which is a property of it.
    kind = next((k for k in document if k in TOP_KINDS), None)
    source = lines.at(document) or Source(lines.file, 1)
    if kind is None:
        problems.append(Problem(
            "unknown_kind", _("This document does not say what it describes."), str(source),
            _("Start it with one of: {kinds}.", kinds=", ".join(TOP_KINDS)),
        ))
        return {}
    key = document[kind]
    body = {k: v for k, v in document.items() if k != kind}
    if not isinstance(key, str):
        problems.append(Problem("bad_key", _("The name after “{kind}:” must be a key.", kind=kind), str(source), _("Use small letters, digits and _, starting with a letter.")))
        return {}
    found: dict[str, Node] = {}
    _add(found, kind, key, body, None, None, initial_rank(index), package, lines, source, problems)
    return found


def _add(found: dict[str, Node], kind: str, key: str, body: Any, parent: Node | None, slot: str | None, rank: str,
         package: str, lines: Lines, source: Source | None, problems: list[Problem]) -> None:
    if body is None:
        body = {}
    if not isinstance(body, Mapping):
        short = SHORTHAND.get(kind)
        if short is None:
            problems.append(Problem("bad_element", _("“{key}” must be a mapping of properties.", key=key), str(source or ""), _("Write its properties below it, indented.")))
            return
        body = {short: body}
    source = lines.at(body, source)
    body = _spelled_out(kind, dict(body))
    slots = slots_of(kind)
    uid = body.pop("uid", None) or uid_of(kind, key, package, parent, slot)
    props = {k: v for k, v in body.items() if k not in slots or (kind == "field" and not _is_items(v))}
    if kind == "field":
        props = _with_settings(props)
    node = Node(uid, kind, str(key), parent.uid if parent else None, slot, rank, props, package, source)
    if uid in found:
        problems.append(Problem("twice", _("“{uid}” is defined twice.", uid=uid), str(source or ""), _("Remove one of the two.")))
        return
    found[uid] = node
    for name, child_kind in slots.items():
        items = body.get(name)
        if items is None or (kind == "field" and not _is_items(items)):
            continue
        for i, (child_key, child) in enumerate(_items(items, name, source, problems)):
            _add(found, child_kind, child_key, child, node, name, initial_rank(i), package, lines, lines.at(items, source), problems)


def _is_items(value: Any) -> bool:
    return isinstance(value, (Mapping, list))


def _items(items: Any, name: str, source: Source | None, problems: list[Problem]) -> Iterable[tuple[str, Any]]:
    if isinstance(items, Mapping):
        return [(str(k), v) for k, v in items.items()]
    if isinstance(items, list):
        pairs: list[tuple[str, Any]] = []
        for item in items:
            if isinstance(item, Mapping) and len(item) == 1:
                pairs.extend((str(k), v) for k, v in item.items())
            elif isinstance(item, (str, int, float)) and not isinstance(item, bool):
                pairs.append((str(item), None))
            else:
                problems.append(Problem("bad_item", _("An item of “{name}” can't be read.", name=name), str(source or ""), _("Write a key, or a key with its properties.")))
        return pairs
    problems.append(Problem("bad_slot", _("“{name}” must be a list or a mapping.", name=name), str(source or "")))
    return []


SHORTHAND = {"validation": "holds", "guard": "holds", "field": "type", "state": "category", "parameter": "value", "approval": "role"}


def _spelled_out(kind: str, body: dict[str, Any]) -> dict[str, Any]:
    if kind == "transition":
        if isinstance(body.get("from"), str):
            body["from"] = [body["from"]]
        if isinstance(body.get("who"), str):
            body["who"] = [body["who"]]
        if "when" in body:
            guards = body.get("guards") or {}
            body["guards"] = {"when": {"holds": body.pop("when")}, **(guards if isinstance(guards, Mapping) else {})}
    if kind in ("machine", "clock", "automation", "evidence", "intake", "similarity") and "entity" not in body:
        body["entity"] = body.pop("on", None)
        if body["entity"] is None:
            del body["entity"]
    return body


def _with_settings(props: dict[str, Any]) -> dict[str, Any]:
    """Settings of the field's type stand beside its own properties in a document, under ``settings`` in a tree."""
    own = {k: v for k, v in props.items() if k in FIELD_PROPS}
    settings = {k: v for k, v in props.items() if k not in FIELD_PROPS and k != "settings"}
    given = props.get("settings")
    if isinstance(given, Mapping):
        settings.update(given)
    return {**own, **({"settings": settings} if settings else {})}


def flatten_item(kind: str, key: str, body: Any, parent: Node, slot: str, rank: str, package: str, lines: Lines,
                 problems: list[Problem], source: Source | None = None) -> dict[str, Node]:
    """The nodes of one item that is put into a slot of an element that exists already (overlays)."""
    found: dict[str, Node] = {}
    _add(found, kind, key, body, parent, slot, rank, package, lines, source, problems)
    return found


def read_body(kind: str, body: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Properties and slots of an element as written, shorthands spelled out; None when it can't be a body of this kind."""
    if body is None:
        body = {}
    if not isinstance(body, Mapping):
        short = SHORTHAND.get(kind)
        if short is None:
            return None
        body = {short: body}
    body = _spelled_out(kind, dict(body))
    slots = {k: v for k, v in body.items() if k in slots_of(kind) and (kind != "field" or _is_items(v))}
    props = {k: v for k, v in body.items() if k not in slots}
    return (_with_settings(props) if kind == "field" else props), slots


def nest(tree: Tree) -> list[dict[str, Any]]:
    """The documents of a tree in the order of kinds and ranks; ``flatten`` of each gives the same nodes back."""
    below = children(tree)

    def body(node: Node) -> dict[str, Any]:
        props = dict(node.props)
        if node.kind == "field":
            props.update(props.pop("settings", {}))
        for slot in KINDS[node.kind].SLOTS:
            items = {n.key: body(n) for n in below.get(node.uid, ()) if n.slot == slot}
            if items:
                props[slot] = items
        return props

    order = {kind: i for i, kind in enumerate(TOP_KINDS)}
    top = sorted(below.get(None, ()), key=lambda n: (order[n.kind], n.rank, n.uid))
    return [{n.kind: n.key, **body(n)} for n in top]
