"""What counts, compiled once per release: the expressions of each policy, what they read, and who has a say about a field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from kernel.expr import Expression
from kernel.model.application import Application
from kernel.model.elements import Evidence, EvidenceLevel, EvidenceStamp, EvidenceWay, Intake


@dataclass(frozen=True)
class Way:
    """One way to count, with its conditions."""

    element: EvidenceWay
    when: Expression | None
    holds: Expression | None


@dataclass(frozen=True)
class Level:
    element: EvidenceLevel
    ways: tuple[Way, ...]

    @property
    def number(self) -> int:
        return self.element.number


@dataclass(frozen=True)
class Stamp:
    """A field that takes the moment of what counts."""

    element: EvidenceStamp
    apart: Expression | None

    def gap(self, scene: Any) -> timedelta:
        """How far two moments must be apart to be two."""
        found = None if self.apart is None else self.apart.evaluate(ParamEnv(scene))
        if isinstance(found, Decimal):
            found = timedelta(seconds=int(found))
        return found if isinstance(found, timedelta) else timedelta(0)


@dataclass(frozen=True)
class Policy:
    """One policy. ``subject`` is the entity whose fields it stamps; ``keys`` of the event's own fields that matter to it."""

    element: Evidence
    subject: str
    at: Expression | None
    level: Expression | None
    stamps: Mapping[str, Stamp]
    levels: tuple[Level, ...]  # least strict first
    keys: frozenset[str]
    intake: Intake | None

    @property
    def key(self) -> str:
        return self.element.key

    def level_now(self, scene: Any) -> int:
        """The number of the level in force; the least strict one where none is said."""
        lowest = self.levels[0].number if self.levels else 1
        if self.level is None:
            return lowest
        found = self.level.evaluate(ParamEnv(scene))
        return int(found) if isinstance(found, Decimal) else lowest


class ParamEnv:
    """Values for a formula that reads nothing but parameters."""

    def __init__(self, scene: Any) -> None:
        self.scene = scene
        self.now, self.zone, self.holidays = scene.now, scene.zone, scene.holidays

    def get(self, path: tuple[str, ...]) -> Any:
        return self.scene.params.get(path[1]) if path[0] == "param" and len(path) == 2 else None

    def rows(self, path: tuple[str, ...]) -> tuple[Any, ...]:
        return ()


class Policies:
    """The policies of an application."""

    def __init__(self, app: Application) -> None:
        self.app = app
        self.intakes: Mapping[str, Intake] = {i.entity: i for i in app.intakes}
        found: dict[str, list[Policy]] = {}
        for element in app.evidence:
            policy = self._compile(element)
            if policy is not None:
                found.setdefault(element.entity, []).append(policy)
        self.by_entity: Mapping[str, tuple[Policy, ...]] = {k: tuple(v) for k, v in found.items()}

    @cached_property
    def all(self) -> tuple[Policy, ...]:
        return tuple(p for policies in self.by_entity.values() for p in policies)

    @cached_property
    def by_key(self) -> Mapping[str, Policy]:
        return {p.key: p for p in self.all}

    @cached_property
    def of_stamp(self) -> Mapping[tuple[str, str], tuple[Policy, ...]]:
        """Per subject entity and field the policies that have a say about it: calls and reports may fill the same one."""
        found: dict[tuple[str, str], list[Policy]] = {}
        for policy in self.all:
            for field in policy.stamps:
                found.setdefault((policy.subject, field), []).append(policy)
        return {k: tuple(v) for k, v in found.items()}

    @cached_property
    def clicks(self) -> Mapping[str, Mapping[str, tuple[Policy, ...]]]:
        """Per subject entity and step the policies that note it."""
        found: dict[str, dict[str, list[Policy]]] = {}
        for policy in self.all:
            for step in policy.element.clicks:
                found.setdefault(policy.subject, {}).setdefault(step, []).append(policy)
        return {k: {s: tuple(p) for s, p in v.items()} for k, v in found.items()}

    def _compile(self, element: Evidence) -> Policy | None:
        schema = self.app.schema
        target = schema.type_at(element.entity, element.path)
        if target is None or target.entity is None:
            return None  # said by the checks
        model = next((e for e in self.app.evidence if e.key == element.like), element)
        levels = tuple(
            Level(level, tuple(Way(way, schema.expression(way, "when"), schema.expression(way, "holds")) for way in level.ways))
            for level in sorted(model.levels, key=lambda one: one.number))
        at = schema.expression(model, "at")
        read = [e for e in (at, *(e for level in levels for way in level.ways for e in (way.when, way.holds))) if e is not None]
        keys = {path[0] for e in read for path in e.reads} | {element.path[0], "state"}
        intake = self.intakes.get(element.entity)
        return Policy(
            element, target.entity, at, schema.expression(model, "level"),
            {s.key: Stamp(s, schema.expression(s, "apart")) for s in element.stamps}, levels,
            frozenset(keys | ({intake.verified} if intake else set())), intake)


def policies_of(app: Application) -> Policies:
    """The policies of an application; compiled once."""
    found: Policies | None = app.__dict__.get("_evidence_policies")
    if found is None:
        found = app.__dict__["_evidence_policies"] = Policies(app)
    return found
