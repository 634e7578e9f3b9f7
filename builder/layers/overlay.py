"""Overlay documents, as people write them, read as changes to the tree below (docs/packages.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from builder.layers.apply import apply
from builder.layers.change import Change, add, entry_props
from builder.layers.place import rank_at
from builder.packages.package import Written
from kernel import fieldtypes
from kernel.errors import Problem
from kernel.i18n import _
from kernel.model.document import Lines, flatten, flatten_item, read_body
from kernel.model.elements import TOP_KINDS
from kernel.model.props import props_of
from kernel.model.schemas import nearest_hint, normal
from kernel.model.tree import Node, Source, Tree, rank_between, slots_of, uid_of

Mint = Callable[[str], str]
"""Makes the uid of an element that is new: gets the path of keys, gives the uid."""


def by_path(package: str) -> Mint:
    """Uids of a package's additions: its key and the path of keys, so that two packages never share one by accident."""
    return lambda path: f"{package}:{path}"


class Overlay:
    """Reads documents one after the other; each sees what those before it did. ``tree`` is the result so far."""

    def __init__(self, tree: Tree, package: str, mint: Mint | None = None) -> None:
        self.tree: dict[str, Node] = dict(tree)
        self.package = package
        self.mint = mint or by_path(package)
        self.changes: list[Change] = []
        self.problems: list[Problem] = []
        self.lines = Lines()

    def read(self, written: Written) -> None:
        """Take one document in."""
        self.lines = written.lines or Lines()
        source = written.source
        document = written.body
        kind = next((k for k in document if k in TOP_KINDS), None)
        key = document.get(kind) if kind else None
        if kind is None or not isinstance(key, str):
            flatten(document, self.package, _At(source), self.problems)  # says what is wrong with it
            return
        body = {k: v for k, v in document.items() if k != kind}
        found = self._top(kind, key)
        if body.get("remove") is True and len(body) == 1:
            if found is None:
                self._missing(kind, key, source)
            else:
                self._do(Change("remove", found.uid))
        elif found is None:
            self._new_top(kind, key, document, source)
        else:
            self._change(found, body, source)

    def _top(self, kind: str, key: str) -> Node | None:
        return next((n for n in self.tree.values() if n.parent is None and n.kind == kind and n.key == key), None)

    def _do(self, change: Change, source: Source | None = None) -> None:
        self.changes.append(change)
        self.tree, problems = apply(self.tree, [change])
        self.problems += [replace(p, path=str(source or p.path)) for p in problems]

    def _put(self, nodes: Mapping[str, Node]) -> None:
        # One change may bring many nodes (an entity with its fields): applied at once, they cost one copy.
        changes = [add(replace(n, props=normal(n.kind, n.props))) for n in nodes.values()]
        self.changes += changes
        self.tree, problems = apply(self.tree, changes)
        self.problems += problems

    # --- new elements -----------------------------------------------------------------------------------------

    def _new_top(self, kind: str, key: str, document: Mapping[str, Any], source: Source | None) -> None:
        written = dict(document)
        placed = {k: written.pop(k, None) for k in ("after", "before")}
        written.setdefault("uid", self.mint(key if kind == "entity" else f"{kind}/{key}"))
        nodes = flatten(written, self.package, self._lines(source), self.problems)
        if nodes:
            siblings = [n for n in self.tree.values() if n.parent is None and n.kind == kind]
            rank = self._rank(siblings, placed, source) if any(placed.values()) else _last([n for n in self.tree.values() if n.parent is None])
            top = next(iter(nodes))
            self._put({**nodes, top: replace(nodes[top], rank=rank, source=source or nodes[top].source)})

    def _new_item(self, parent: Node, slot: str, key: str, body: Any, source: Source | None) -> None:
        placed: dict[str, Any] = {"after": None, "before": None}
        if isinstance(body, Mapping):
            body = dict(body)
            placed = {k: body.pop(k, None) for k in placed}
        elif body is None:
            body = {}
        siblings = [n for n in self.tree.values() if n.parent == parent.uid and n.slot == slot]
        kind = slots_of(parent.kind)[slot]
        uid = self._uid(parent, slot, key)
        if not isinstance(body, Mapping):
            read = read_body(kind, body)
            if read is None:
                flatten_item(kind, key, body, parent, slot, "", self.package, self._lines(source), self.problems, source)
                return
            body = {**read[0], **read[1]}
        written = {"uid": uid, **body}
        nodes = flatten_item(kind, key, written, parent, slot, self._rank(siblings, placed, source), self.package, self._lines(source), self.problems, source)
        self._put(nodes)

    def _uid(self, parent: Node, slot: str, key: str) -> str:
        path = uid_of("field", key, "", parent, slot)
        return self.mint(path.partition(":")[2] or path)

    def _rank(self, siblings: Sequence[Node], placed: Mapping[str, Any], source: Source | None) -> str:
        rank, missing = rank_at(siblings, placed.get("after"), placed.get("before"))
        if missing is not None:
            self.problems.append(
                Problem(
                    "unknown_neighbour",
                    _("There is no “{key}” to stand beside.", key=missing),
                    str(source or ""),
                    nearest_hint(missing, [n.key for n in siblings]),
                )
            )
        return rank

    def _lines(self, source: Source | None) -> Lines:
        return self.lines if self.lines.by_id else _At(source)

    # --- changed elements -------------------------------------------------------------------------------------

    def _change(self, node: Node, body: Any, source: Source | None) -> None:
        source = self.lines.at(body, source)
        placed: dict[str, Any] = {}
        if isinstance(body, Mapping):
            body = dict(body)
            placed = {k: body.pop(k) for k in ("after", "before") if k in body}
            body.pop("uid", None)
        read = read_body(node.kind, body)
        if read is None:
            self.problems.append(
                Problem(
                    "bad_element", _("“{key}” must be a mapping of properties.", key=node.key), str(source or ""), _("Write its properties below it, indented.")
                )
            )
            return
        props, slots = read
        if node.kind == "field":
            self._option_changes(node, props, source)
        props = normal(node.kind, {**({"type": node.props.get("type")} if node.kind == "field" else {}), **props})
        if node.kind == "field" and props.get("type") == node.props.get("type"):
            props.pop("type", None)
        if node.kind == "field" and "type" in props:
            self._forget_settings(node, str(props["type"]))
        for name, value in props.items():
            self._set(node.uid, node.kind, name, value)
        if source is not None and node.uid in self.tree:
            # What is wrong with it from now on is most likely wrong here.
            self.tree[node.uid] = replace(self.tree[node.uid], source=Source(f"{self.package}:{source.file}", source.line))
        if placed:
            siblings = [n for n in self.tree.values() if n.parent == node.parent and n.slot == node.slot and n.kind == node.kind and n.uid != node.uid]
            self._do(Change("move", node.uid, parent=node.parent, slot=node.slot, rank=self._rank(siblings, placed, source)), source)
        for slot, items in slots.items():
            self._slot(node, slot, items, source)

    def _forget_settings(self, node: Node, type_key: str) -> None:
        """With another type go the settings that only the former one knew."""
        type_ = fieldtypes.find(type_key)
        known = props_of(type_.Settings) if type_ is not None else {}
        for name in node.props.get("settings") or {}:
            if type_ is not None and name not in known:
                self._do(Change("unset", node.uid, f"settings.{name}"))

    def _set(self, uid: str, kind: str, name: str, value: Any) -> None:
        if name in entry_props(kind) and isinstance(value, Mapping):
            for entry, inner in value.items():
                self._do(Change("unset", uid, f"{name}.{entry}") if inner is None else Change("set", uid, f"{name}.{entry}", inner))
        else:
            # A property written without a value goes back to its default.
            self._do(Change("unset", uid, name) if value is None else Change("set", uid, name, value))

    def _slot(self, node: Node, slot: str, items: Any, source: Source | None) -> None:
        source = self.lines.at(items, source)
        gone = items.get("remove") if isinstance(items, Mapping) else None
        if isinstance(gone, list):
            items = {k: v for k, v in items.items() if k != "remove"}
            for key in gone:
                found = self._item(node, slot, str(key))
                if found is None:
                    self._missing(slots_of(node.kind)[slot], str(key), source, [n.key for n in self.tree.values() if n.parent == node.uid and n.slot == slot])
                else:
                    self._do(Change("remove", found.uid), source)
        for key, body in _pairs(items):
            found = self._item(node, slot, key)
            if found is None:
                self._new_item(node, slot, key, body, self.lines.at(body, source))
            elif body is not None:
                self._change(found, body, source)

    def _item(self, node: Node, slot: str, key: str) -> Node | None:
        return next((n for n in self.tree.values() if n.parent == node.uid and n.slot == slot and n.key == key), None)

    def _option_changes(self, field: Node, props: dict[str, Any], source: Source | None) -> None:
        """``options: {add, remove}`` under a choice field reaches the option set that the field names."""
        settings = props.get("settings")
        if not isinstance(settings, Mapping):
            return
        options = settings.get("options")
        if not isinstance(options, Mapping):
            return
        props["settings"] = {k: v for k, v in settings.items() if k != "options"}
        if not props["settings"]:
            props.pop("settings")
        now = self.tree.get(field.uid, field)
        name = (now.props.get("settings") or {}).get("options")
        found = self._top("option_set", name) if isinstance(name, str) else None
        unknown = sorted(set(options) - {"add", "remove"})
        if found is None or unknown:
            hint = nearest_hint(unknown[0], ("add", "remove")) if unknown else None
            self.problems.append(
                Problem(
                    "bad_options",
                    _("“{key}” has no option set that could be changed here.", key=field.key)
                    if found is None
                    else _("“{name}” is not known here.", name=unknown[0]),
                    str(source or ""),
                    hint or _("Write options: {add: [...], remove: [...]}."),
                )
            )
            return
        items = dict(_pairs(options.get("add") or {}))
        gone = options.get("remove")
        self._slot(found, "options", {**({"remove": gone if isinstance(gone, list) else [gone]} if gone else {}), **items}, source)

    def _missing(self, kind: str, key: str, source: Source | None, known: Sequence[str] = ()) -> None:
        self.problems.append(
            Problem("gone", _("There is no {kind} “{key}” to remove.", kind=kind.replace("_", " "), key=key), str(source or ""), nearest_hint(key, known))
        )


class _At(Lines):
    """Where nothing is known about lines but the document's own."""

    def __init__(self, source: Source | None) -> None:
        super().__init__(source.file if source else "")
        self.source = source

    def at(self, value: Any, default: Source | None = None) -> Source | None:
        return default or self.source


def _pairs(items: Any) -> list[tuple[str, Any]]:
    if isinstance(items, Mapping):
        return [(str(k), v) for k, v in items.items()]
    found: list[tuple[str, Any]] = []
    for item in items if isinstance(items, list) else []:
        if isinstance(item, Mapping):
            found.extend((str(k), v) for k, v in item.items())
        else:
            found.append((str(item), None))
    return found


def _last(nodes: Sequence[Node]) -> str:
    return rank_between(max((n.rank for n in nodes), default=None), None)
