"""Where a fact can be supplied: the value itself, what it is worked out from, or a record that has yet to be made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from kernel import fieldtypes
from kernel.expr.types import Kind
from kernel.fieldtypes.rollup import RollupType
from kernel.model.application import Application
from kernel.model.elements import Field
from kernel.permissions.policy import Policy
from kernel.permissions.rights import policy_of
from kernel.permissions.scopes import Nothing, Own
from runtime.records.shape import SYSTEM_TARGETS

_DEPTH = 10


@dataclass(frozen=True, slots=True)
class Source:
    """``field``: a value of the record at the end of ``hops``. ``create``: a new record of ``entity`` whose ``field`` refers to
    that record. ``assign``: its owner or team."""

    kind: Literal["field", "create", "assign"]
    hops: tuple[str, ...]
    entity: str
    field: str

    def by(self, policy: Policy) -> bool:
        """Whether a role could supply it in some record."""
        if self.kind == "create":
            return policy.create
        if self.kind == "assign":
            return not isinstance(policy.scopes["assign"], Nothing)
        return self.field in policy.writable.usual and not isinstance(policy.scopes["update"], Nothing)


def sources(app: Application, entity: str, path: tuple[str, ...]) -> tuple[Source, ...]:
    """Where what ``path`` leads to can be supplied, seen from a record of ``entity``; of a value worked out from others, where these can be."""
    return tuple(dict.fromkeys(_sources(app, entity, path, (), 0)))


def _sources(app: Application, entity: str, path: tuple[str, ...], hops: tuple[str, ...], depth: int) -> Iterable[Source]:
    known = app.entities.get(entity)
    if known is None or not path or depth > _DEPTH:
        return
    key, rest = path[0], path[1:]
    field = known.by_key.get(key)
    if field is None:
        if rest and key in SYSTEM_TARGETS:
            yield from _sources(app, SYSTEM_TARGETS[key], rest, (*hops, key), depth + 1)
        elif key in ("owner", "team"):
            yield Source("assign", hops, entity, key)
        return
    type_: Any = fieldtypes.of(field)
    if field.type == "referring":
        origin, via = type_.origin(field)
        yield Source("create", hops, origin, via)
    elif field.type == "lookup":
        yield from _sources(app, entity, (*type_.path(field), *rest), hops, depth + 1)
    elif isinstance(type_, RollupType):
        yield from _rolled_up(app, field, type_, hops, depth)
    elif type_.derived:
        for place, inner in type_.reads(field, app.schema):
            if place == entity:
                yield from _sources(app, entity, tuple(inner), hops, depth + 1)
    elif rest and field.type not in ("rows", "references") and (target := _target(app, field)) is not None:
        yield from _sources(app, target, rest, (*hops, key), depth + 1)
    else:
        yield Source("field", hops, entity, key)


def _rolled_up(app: Application, field: Field, type_: RollupType, hops: tuple[str, ...], depth: int) -> Iterable[Source]:
    source = type_.source(field, app.schema)
    if source is None:
        return
    if source.kind == "referring":
        yield Source("create", hops, source.place, source.through.key)
    else:
        yield from _sources(app, field.entity, (source.through.key,), hops, depth + 1)


def _target(app: Application, field: Field) -> str | None:
    found = app.schema.type_of(field)
    return found.entity if found.kind is Kind.RECORD else None


def roles_for(app: Application, found: Iterable[Source]) -> list[tuple[str, bool]]:
    """The roles that could supply one of these, in order of role; with each whether only in records of their own."""
    places = tuple(found)
    roles = []
    for key in app.roles:
        policies = [(s, p) for s in places if (p := policy_of(app, key, s.entity)) is not None and s.by(p)]
        if policies:
            roles.append((key, all(s.kind == "field" and isinstance(p.scopes["update"], Own) for s, p in policies)))
    return roles
