"""Suggestions while a formula is being written: the fields that may follow, and the functions with their signatures."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kernel.expr.functions import FUNCTIONS
from kernel.expr.scope import Member, Namespace, Scope
from kernel.expr.tree import name_text
from kernel.expr.types import Kind, Type, in_words
from kernel.i18n import Text

_PATH = re.compile(r"((?:[^\W\d]\w*\s*\.\s*)*)([^\W\d]\w*)?$")
_IN_ROWS = re.compile(r"\b([A-Za-z]\w*)\(\s*((?:[^\W\d]\w*\.)*[^\W\d]\w*)\s*,(?:[^()]|\([^()]*\)|[A-Za-z]+\()*$")
_COMPARED = re.compile(r'((?:[^\W\d]\w*\.)*[^\W\d]\w*)\s*(?:=|<>|＝|,(?:\s*"[^"]*"\s*,)*)\s*"([^"]*)$')


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One way to go on. ``insert`` replaces the text from ``start`` to the position; ``kind``: field, root, function, option."""

    insert: str
    label: str
    kind: str
    start: int
    detail: Text | str
    doc: Text | None = None


def complete(text: str, position: int, scope: Scope) -> list[Suggestion]:
    """What may be written at ``position`` (offset in code points). Never raises: half a formula is the usual case."""
    before = text[:position]
    if before.count('"') % 2:
        return _options(before, scope)
    match = _PATH.search(before)
    assert match is not None
    prefix, start = match[2] or "", match.start(2) if match[2] else position
    path = [part.strip() for part in match[1].split(".") if part.strip()]
    row = _row_entity(before, scope)
    if path:
        return _fields(_members(_follow(path, scope, row), scope), prefix, start)
    entities = [entity for entity in (row, scope.entity) if entity]
    found = [s for entity in entities for s in _fields(list(scope.schema.members(entity)), prefix, start)]
    for root, type_ in scope.roots.items():
        if _begins(prefix, root):
            found.append(Suggestion(name_text(root), root, "root", start, in_words(type_) if isinstance(type_, Type) else ""))
    for name, function in FUNCTIONS.items():
        if _begins(prefix, name):
            found.append(Suggestion(f"{name}(", name, "function", start, function.signatures[0], function.doc))
    return found


def _begins(prefix: str, *names: str) -> bool:
    return any(name.casefold().startswith(prefix.casefold()) for name in names)


def _fields(members: list[Member], prefix: str, start: int) -> list[Suggestion]:
    return [
        Suggestion(name_text(member.key), member.names[0] if member.names else member.key, "field", start, in_words(member.type))
        for member in members
        if _begins(prefix, member.key, *member.names)
    ]


def _members(of: Type | Namespace | None, scope: Scope) -> list[Member]:
    if isinstance(of, Namespace):
        return list(of.members.values())
    if of is not None and of.kind in (Kind.RECORD, Kind.ROWS) and of.entity:
        return list(scope.schema.members(of.entity))
    return []


def _follow(path: list[str], scope: Scope, row: str | None) -> Type | Namespace | None:
    """What a path arrives at; None if nowhere."""
    found: Type | Namespace | None = None
    for entity in (row, scope.entity):
        member = scope.schema.member(entity, path[0]) if entity else None
        if member is not None:
            found = member.type
            break
    else:
        found = scope.roots.get(path[0])
    for name in path[1:]:
        entity = found.entity if isinstance(found, Type) else None
        member = found.member(name) if isinstance(found, Namespace) else scope.schema.member(entity, name) if entity else None
        found = member.type if member is not None else None
    return found


def _row_entity(before: str, scope: Scope) -> str | None:
    """The entity of the rows whose condition is being written, as in ``COUNTIF(items, ...``."""
    match = _IN_ROWS.search(before)
    found = _follow(match[2].split("."), scope, None) if match else None
    return found.entity if isinstance(found, Type) and found.kind is Kind.ROWS else None


def _options(before: str, scope: Scope) -> list[Suggestion]:
    """Inside of a text that is compared with a choice: its options."""
    match = _COMPARED.search(before)
    if match is None:
        return []
    of = _follow(match[1].split("."), scope, _row_entity(before[: match.start()], scope))
    options = of.options if isinstance(of, Type) else ()
    written, start = match[2], match.start(2)
    return [
        Suggestion(option.key, option.names[0] if option.names else option.key, "option", start, in_words(Type(Kind.CHOICE)))
        for option in options
        if _begins(written, option.key, *option.names)
    ]
