"""One missing fact: which rule wants it, what it is called, and the places where it can be supplied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from kernel.errors import Message, Missing
from kernel.expr.scope import Path
from kernel.i18n import _
from kernel.model.application import Application
from kernel.model.elements import Guard, Transition
from kernel.platform.ctx import Ctx
from runtime.records.env import RecordEnv, Scene
from runtime.records.shape import SYSTEM_TARGETS, shape_of
from runtime.records.supply import Source, sources

CHANGE = "change"  # asks for a field that the asker may not change


@dataclass(frozen=True, slots=True)
class Fact:
    """``step`` is None for a field that somebody wants changed. ``ask`` as in :class:`kernel.errors.Missing`."""

    entity: str
    step: Transition | None
    rule: str
    ask: Mapping[str, Any]

    @property
    def path(self) -> Path:
        """What tells facts of one rule apart: a guard with words of its own is one fact, whatever it reads."""
        if "fields" in self.ask:
            return ()
        return tuple(self.ask.get("path") or ((self.ask["field"],) if self.ask.get("field") else ()))

    @property
    def mark(self) -> str:
        """The path as text."""
        return ".".join(self.path)

    @property
    def paths(self) -> tuple[Path, ...]:
        """Everything whose change would help."""
        if "paths" in self.ask:
            return tuple(tuple(p) for p in self.ask["paths"])
        if "unlock" in self.ask:
            return tuple((key,) for key in self.ask["unlock"])
        if "fields" in self.ask:
            return tuple((key,) for key in self.ask["fields"])
        return (self.path,) if self.path else ()

    @property
    def kind(self) -> str:
        return str(self.ask.get("kind") or "rule")

    @property
    def guard(self) -> Guard | None:
        """The condition that wants it, if one does."""
        return next((g for g in self.step.guards if g.uid == self.rule), None) if self.step is not None else None


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody can supply a fact. ``create``: a new record of ``entity`` whose ``field`` refers to ``record``."""

    kind: Literal["field", "create", "assign"]
    entity: str
    record: str
    field: str


def of_missing(entity: str, step: Transition, missing: Missing) -> Fact:
    """The fact behind one missing thing of a closed step."""
    return Fact(entity, step, missing.rule or step.uid, missing.ask)


def of_row(app: Application, row: Any) -> Fact | None:
    """The fact that an ask is about; None when its step is no longer part of the application."""
    if row.transition is None:
        return Fact(row.entity, None, row.rule, row.place)
    found = app.transition(row.entity, row.transition)
    return None if found is None else Fact(row.entity, found[1], row.rule, row.place)


def places(ctx: Ctx, env: RecordEnv, fact: Fact) -> list[Place]:
    """Where it can be supplied for this very record, in order; a reference that is blank is itself the place."""
    found: dict[Place, None] = {}
    for path in fact.paths:
        for source in sources(ctx.app, fact.entity, path):
            found[_placed(env, source)] = None
    return list(found)


def _placed(env: RecordEnv, source: Source) -> Place:
    for hop in source.hops:
        target = _follow(env, hop)
        if target is None:
            return Place("field" if hop in env.shape.fields else "assign", env.shape.key, env.id, hop)
        env = target
    return Place(source.kind, source.entity, env.id, source.field)


def _follow(env: RecordEnv, hop: str) -> RecordEnv | None:
    field = env.shape.fields.get(hop)
    if field is not None:
        value = env.values.get(hop)
        return env.scene.record(field.target, value) if field.target and isinstance(value, str) else None
    target = SYSTEM_TARGETS.get(hop)
    value = {"owner": env.owner, "team": env.team}.get(hop) or getattr(env.record, hop, None)
    return env.scene.record(target, value) if target and isinstance(value, str) else None


def env_for(ctx: Ctx, entity: str, env: RecordEnv) -> RecordEnv:
    """The same record seen by the actor of ``ctx``."""
    return RecordEnv(Scene(ctx), shape_of(ctx.release, entity), env.record)


def words(ctx: Ctx, data: Mapping[str, Any]) -> Message:
    """What is asked for, for the reader: the guard's words, the field, or the step. Hidden fields have no name."""
    app, entity = ctx.app, str(data.get("of") or "")
    found = app.transition(entity, str(data.get("transition") or "")) if entity in app.entities else None
    step = found[1] if found else None
    rule = str(data.get("rule") or "")
    if step is not None and rule.endswith("#who"):
        return _("the step “{step}”", step=step.label)
    guard = next((g for g in step.guards if g.uid == rule), None) if step is not None else None
    if guard is not None and guard.labels:
        said: Message = guard.label
        return said
    path = tuple(str(data.get("path") or "").split("."))
    label = label_of(ctx, entity, path) or _("something that is missing")
    return label if step is not None else _("a change of “{label}”", label=label)


def label_of(ctx: Ctx, entity: str, path: Path) -> Message | None:
    """What the reader calls the end of a path; None for what they may not read."""
    from kernel.permissions import rights_of

    if entity not in ctx.app.entities or not path or not path[0]:
        return None
    field = ctx.app.entities[entity].by_key.get(path[0])
    if field is None:
        own = {"owner": _("Owner"), "team": _("Team")}.get(path[0])
        return own if len(path) == 1 or own is None else label_of(ctx, SYSTEM_TARGETS[path[0]], path[1:])
    if path[0] not in rights_of(ctx.release, ctx.actor).entity(entity).readable_ever():
        return None
    if len(path) == 1:
        return field.label
    target = ctx.app.schema.type_of(field).entity
    inner = label_of(ctx, target, path[1:]) if target else None
    return field.label if inner is None else _("{field} ({record})", field=inner, record=field.label)
