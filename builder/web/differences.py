"""What is different between two applications, in words: one group per element, most noticeable first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from builder.layers.change import Change
from builder.layers.diff import diff
from builder.web import words
from kernel.errors import Message
from kernel.i18n import Labels, Text, _
from kernel.model.application import Application
from kernel.model.elements import Element, Field, Parameter
from kernel.model.tree import Node, Tree

PROPS: Mapping[str, Text] = {
    "key": _("key"), "type": _("type"), "required": _("always required"), "unique": _("no value twice"), "tracked": _("time is kept"), "copy": _("comes along in copies"),
    "default": _("value of a new record"), "show_when": _("shown only while"), "required_when": _("required while"),
    "read_only_when": _("locked while"), "holds": _("condition"), "when": _("checked only while"), "at": _("message beside"), "title": _("title"),
    "icon": _("icon"), "group": _("group of the menu"), "in_navigation": _("in the menu"), "facts": _("key facts"), "sort": _("order"),
    "wide": _("takes the whole width"), "tab": _("tab"), "collapsed": _("folded"), "category": _("kind of state"), "colour": _("colour"),
    "on_path": _("on the path"), "on_entry": _("done on arrival"), "on_exit": _("done on leaving"), "from_whom": _("who can supply it"),
    "from": _("from"), "to": _("to"), "who": _("who may"), "needs": _("must be filled in"), "actions": _("also does"),
    "primary": _("usual next step"), "initial": _("first state"), "as": _("shown as"), "where": _("only where"), "columns": _("columns"),
    "group_by": _("columns of the board"), "roles": _("for roles"), "read": _("see"), "create": _("create"), "update": _("change"),
    "delete": _("delete"), "assign": _("assign"), "can": _("beyond records"), "member_when": _("members by rule"), "value": _("value"),
    "unit": _("unit"), "min": _("least"), "max": _("greatest"), "effective_from": _("holds from"), "retired": _("no longer offered"),
    "parent": _("offered under"), "entity": _("records"), "aliases": _("other names"), "settings.max": _("greatest"), "settings.min": _("least"),
    "settings.options": _("list of options"), "settings.value": _("formula"), "settings.to": _("refers to"), "settings.currency": _("currency"),
    "days": _("days in the bin"), "settings.on_delete": _("when deleted"),
    "role": _("decided by role"), "within": _("looked for"), "relation": _("decided by"), "chain": _("managers above"), "above": _("whose managers"),
    "person": _("decided by rule"), "mode": _("how they decide"), "votes": _("votes needed"), "self": _("requester may decide"), "due": _("due after hours"), "counts": _("which hours count"),
    "on_due": _("when due"), "side_by_side": _("at the same time as"), "returns_to": _("returns to"), "may": _("approvers may"),
    "on_change": _("a change meanwhile"), "free_fields": _("may change meanwhile"), "shows": _("approvers see"), "on_decline": _("when declined"),
    "of": _("occasion"), "step": _("at the step"), "body": _("more words"), "channels": _("ways out"), "urgency": _("urgency"), "essential": _("comes in quiet times"),
    "does": _("spares by"), "until": _("until"), "kinds": _("kinds of notices"),
    "settings.where": _("offered while"), "settings.places": _("digits after the point"), "settings.path": _("looked up"),
}
_LANGUAGES = {"zh": _("Chinese"), "en": _("English")}
_ENTRIES = {"labels": _("name ({language})"), "help": _("help ({language})"), "placeholder": _("example ({language})"), "plural": _("name of several ({language})")}
_SILENT = frozenset({"kind", "origin"})
_ORDER = (
    "entity", "field", "machine", "state", "transition", "guard", "approval", "validation", "parameter", "calendar", "calendar_day", "clock", "clock_step",
    "intake", "intake_find", "evidence", "evidence_stamp", "evidence_level", "evidence_way",
    "similarity", "comparison",
    "automation", "automation_step",
    "option_set", "option", "role", "right", "form", "view", "group", "notification", "quiet_period", "retention",
)


@dataclass(frozen=True, slots=True)
class Line:
    """One difference; ``pair`` when an old and a new value stand beside each other."""

    what: Message
    old: Message | None = None
    new: Message | None = None
    pair: bool = False


@dataclass(slots=True)
class Group:
    """All differences of one element. ``tone``: new, gone or changed."""

    uid: str
    label: Message
    kind: Text
    icon: str
    tone: str
    within: Message | None = None
    lines: list[Line] = field(default_factory=list)
    badge: Text | None = None


def differences(old: Application, new: Application, changes: Iterable[Change] | None = None) -> list[Group]:
    """The difference, grouped. ``changes`` saves working it out again."""
    found: dict[str, Group] = {}
    moved: set[str] = set()
    listed = tuple(diff(old.tree, new.tree) if changes is None else changes)
    added = {c.node.uid for c in listed if c.do == "add" and c.node is not None}
    for change in listed:
        if change.do == "add":
            assert change.node is not None
            if change.node.parent not in added:
                group = _group(found, new, change.uid, "new", _("new"))
                group.lines += _contents(new.tree, change.node)
        elif change.do == "remove":
            if change.uid in old.tree:
                group = _group(found, old, change.uid, "gone", _("goes"))
                group.lines += _contents(old.tree, old.tree[change.uid])
        elif change.do == "move":
            above = new.tree.get(change.parent or "")
            if above is not None and above.uid not in moved and above.uid not in added:
                moved.add(above.uid)
                _group(found, new, above.uid, "changed").lines.append(Line(_("another order")))
        elif change.path not in _SILENT and change.uid in new.tree and change.uid in old.tree:
            _group(found, new, change.uid, "changed").lines.append(_line(old, new, change))
    return sorted(found.values(), key=lambda g: _ORDER.index(k) if (k := _kind(old, new, g.uid)) in _ORDER else len(_ORDER))


def _kind(old: Application, new: Application, uid: str) -> str:
    node = new.tree.get(uid) or old.tree.get(uid)
    return node.kind if node else ""


def _group(found: dict[str, Group], app: Application, uid: str, tone: str, badge: Text | None = None) -> Group:
    if uid not in found:
        node = app.tree[uid]
        element = app.by_uid.get(uid)
        above = app.by_uid.get(node.parent or "")
        if node.kind == "right" and node.key in app.entities:
            label: Message = app.entities[node.key].label
        elif node.kind == "item":
            label = _item_label(app, node)
            above = app.by_uid.get(app.tree[above.uid].parent or "") if above is not None else None
        else:
            label = element.label if element is not None else node.key
        found[uid] = Group(uid, label, words.kind_words(node.kind), words.kind_icon(node.kind), tone, above.label if above is not None else None, badge=badge)
    return found[uid]


def _item_label(app: Application, node: Node) -> Message:
    """A form's item is named like the field whose place it is."""
    at: Node | None = node
    while at is not None and at.kind != "form":
        at = app.tree.get(at.parent or "")
    entity = app.entities.get(at.props.get("entity", "")) if at is not None else None
    return entity.by_key[node.key].label if entity is not None and node.key in entity.by_key else node.key


_ACTIONS = ("read", "update", "delete", "assign")
_COUNTED = (
    ("field", _("{n} fields: {names}")), ("state", _("{n} states: {names}")), ("transition", _("{n} steps: {names}")), ("approval", _("{n} approvals: {names}")), ("option", _("{n} options: {names}")),
    ("right", _("rights to {names}")), ("validation", _("{n} checks")), ("section", _("{n} sections")),
)


def _contents(tree: Tree, node: Node) -> list[Line]:
    inner: dict[str, list[Message]] = {}
    for child in sorted((n for n in tree.values() if n.parent == node.uid), key=lambda n: (n.rank, n.uid)):
        inner.setdefault(child.kind, []).append(Labels(child.props.get("labels") or {}, child.key))
    lines = [Line(Text(text.msgid, {"n": len(inner[kind]), "names": inner[kind][:12]})) for kind, text in _COUNTED if kind in inner]
    if node.kind == "right":
        lines += [Line(_("{action}: {scope}", action=PROPS[a], scope=words.SCOPES.get(node.props[a], str(node.props[a])))) for a in _ACTIONS if a in node.props]
        if node.props.get("create"):
            lines.insert(0, Line(PROPS["create"]))
    if node.kind == "parameter":
        lines.append(Line(_("value {value}", value=words.value_words(str(node.props.get("type")), node.props.get("value")))))
    if node.kind == "field":
        from kernel import fieldtypes

        type_ = fieldtypes.find(str(node.props.get("type")))
        lines.append(Line(type_.label if type_ else str(node.props.get("type"))))
        if node.props.get("required"):
            lines.append(Line(PROPS["required"]))
    return lines


def _line(old: Application, new: Application, change: Change) -> Line:
    before, after = old.tree[change.uid], new.tree[change.uid]
    head, _dot, entry = change.path.partition(".")
    if head in _ENTRIES and entry:
        what: Message = Text(_ENTRIES[head].msgid, {"language": _LANGUAGES.get(entry, entry)})
    elif head == "fields" and entry and after.kind == "right":
        what = _("exception for “{name}”", name=_field_name(new, after.key, entry))
    elif head == "states" and entry and after.kind == "right":
        what = _("narrower in state “{name}”", name=entry)
    else:
        what = PROPS.get(change.path) or PROPS.get(head) or change.path
    element = new.by_uid.get(change.uid)
    return Line(what, value_of(element, change.path, _at(before, change.path)), value_of(element, change.path, _at(after, change.path)), True)


def _field_name(app: Application, entity: str, key: str) -> Message:
    found = app.entities.get(entity)
    return found.by_key[key].label if found is not None and key in found.by_key else key


def _at(node: Node, path: str) -> Any:
    if path == "key":
        return node.key
    head, dot, entry = path.partition(".")
    value = node.props.get(head)
    return value.get(entry) if dot and isinstance(value, Mapping) else value


def value_of(element: Element | None, path: str, value: Any) -> Message | None:
    """A property's value as people read it; None for no value."""
    if value is None or value == "" or value == []:
        return None
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(element, Parameter) and path in ("value", "min", "max"):
        return words.value_words(element.type, value)
    if isinstance(element, Field) and path == "type":
        from kernel import fieldtypes

        type_ = fieldtypes.find(str(value))
        return type_.label if type_ else str(value)
    if element is not None and element.KIND == "right" and isinstance(value, str) and value in words.SCOPES:
        return words.SCOPES[value]
    if isinstance(value, Mapping):
        texts = {"read": {True: _("may see"), False: _("may not see")}, "write": {True: _("may change"), False: _("may not change")}}
        if set(value) <= set(texts) and all(isinstance(v, bool) for v in value.values()):
            return _("{names}", names=[texts[k][v] for k, v in value.items()])
        return ", ".join(f"{k}: {v}" for k, v in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(str(v) if not isinstance(v, Mapping) else str(v.get("do", "…")) for v in value)
    return str(value)
