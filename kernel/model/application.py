"""The effective application of a tenant: a tree as frozen values, built once per release and shared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from kernel.model.elements import (
    KINDS,
    TOP_KINDS,
    Automation,
    Calendar,
    Clock,
    Element,
    Entity,
    Evidence,
    Field,
    Form,
    Group,
    Intake,
    Machine,
    Notification,
    OptionSet,
    Parameter,
    QuietPeriod,
    Retention,
    Role,
    Similarity,
    View,
)
from kernel.model.props import fill
from kernel.model.tree import Node, Tree, children, content_hash

if TYPE_CHECKING:
    from kernel.model.schema import AppSchema


@dataclass(frozen=True)
class Application:
    """All elements of a tenant's application, by kind and key, in order of rank."""

    tree: Tree
    groups: tuple[Group, ...]
    option_sets: Mapping[str, OptionSet]
    entities: Mapping[str, Entity]
    machines: tuple[Machine, ...]
    forms: tuple[Form, ...]
    views: tuple[View, ...]
    roles: Mapping[str, Role]
    parameters: Mapping[str, Parameter]
    calendars: Mapping[str, Calendar]
    clocks: tuple[Clock, ...]
    evidence: tuple[Evidence, ...]
    intakes: tuple[Intake, ...]
    similarities: tuple[Similarity, ...]
    automations: tuple[Automation, ...]
    notifications: tuple[Notification, ...]
    quiet_periods: tuple[QuietPeriod, ...]
    retentions: Mapping[str, Retention]
    """By entity."""
    by_uid: Mapping[str, Element]

    @cached_property
    def hash(self) -> str:
        """Hash of the content: equal for tenants whose application is equal."""
        return content_hash(self.tree)

    @cached_property
    def schema(self) -> AppSchema:
        """What its entities offer to expressions; one per application, because it remembers what it typed."""
        from kernel.model.schema import AppSchema

        return AppSchema(self)

    def entity(self, key: str) -> Entity:
        """The entity with this key. Raises KeyError."""
        return self.entities[key]

    def find_entity(self, name: str) -> Entity | None:
        """The entity with this key, alias or label."""
        return self.entities.get(name) or next((e for e in self.entities.values() if name in e.names), None)

    def option_set(self, key: str) -> OptionSet:
        return self.option_sets[key]

    def parameter(self, key: str) -> Parameter:
        return self.parameters[key]

    @property
    def default_calendar(self) -> Calendar | None:
        """The calendar that counts where no team has its own: the one that says so, else the first."""
        return next((c for c in self.calendars.values() if c.default), next(iter(self.calendars.values()), None))

    def machines_of(self, entity: str) -> tuple[Machine, ...]:
        """The machines of an entity; the first owns ``state``."""
        return self._machines.get(entity, ())

    def first_machine(self, entity: str) -> Machine | None:
        machines = self.machines_of(entity)
        return machines[0] if machines else None

    def views_of(self, entity: str) -> tuple[View, ...]:
        return tuple(v for v in self.views if v.entity == entity)

    def forms_of(self, entity: str) -> tuple[Form, ...]:
        return tuple(f for f in self.forms if f.entity == entity)

    def clocks_of(self, entity: str) -> tuple[Clock, ...]:
        """The promises on an entity's records."""
        return self._clocks.get(entity, ())

    @cached_property
    def _clocks(self) -> Mapping[str, tuple[Clock, ...]]:
        found: dict[str, list[Clock]] = {}
        for clock in self.clocks:
            found.setdefault(clock.entity, []).append(clock)
        return {k: tuple(v) for k, v in found.items()}

    def transition(self, entity: str, key: str) -> tuple[Machine, Any] | None:
        """Machine and transition by key; transition keys are unique per entity."""
        for machine in self.machines_of(entity):
            found = machine.transition(key)
            if found is not None:
                return machine, found
        return None

    @cached_property
    def _machines(self) -> Mapping[str, tuple[Machine, ...]]:
        found: dict[str, list[Machine]] = {}
        for machine in self.machines:
            found.setdefault(machine.entity, []).append(machine)
        return {k: tuple(v) for k, v in found.items()}

    @cached_property
    def referring(self) -> Mapping[str, tuple[Field, ...]]:
        """Per entity the stored reference fields of other entities that point at it."""
        found: dict[str, list[Field]] = {}
        for entity in self.entities.values():
            for field in entity.fields:
                target = {"user": "person", "team": "team"}.get(field.type) or (
                    field.settings.get("to") if field.type in ("reference", "references") else None
                )
                if target:
                    found.setdefault(target, []).append(field)
        return {k: tuple(v) for k, v in found.items()}

    @cached_property
    def held(self) -> Mapping[str, tuple[Field, ...]]:
        """Per entity the references to it, rows' own included, that have a say when one of its records is deleted (``on_delete``)."""
        found: dict[str, list[Field]] = {}
        for entity in self.entities.values():
            for field in (f for own in entity.fields for f in (own, *own.fields)):
                if field.type in ("reference", "references") and field.settings.get("on_delete", "keep") != "keep":
                    found.setdefault(str(field.settings.get("to")), []).append(field)
        return {k: tuple(v) for k, v in found.items()}


def build(tree: Tree) -> Application:
    """The typed application of a tree that passed the checks of structure. Raises ValueError on one that did not."""
    below = children(tree)
    by_uid: dict[str, Element] = {}
    firsts: set[str] = set()

    def make(node: Node, **fixed: Any) -> Element:
        cls = KINDS[node.kind]
        values = dict(node.props)
        entity = node.key if node.kind == "entity" else fixed.pop("entity", "")
        extra: dict[str, Any] = {}
        if node.kind == "field":
            extra = {"settings": values.pop("settings", {}), "entity": entity, "parent_field": fixed.pop("parent_field", None)}
        if node.kind == "automation":
            entity = values.get("entity", "")
        if node.kind == "machine":
            entity = values.get("entity", "")
            extra = {"first": entity not in firsts}
            firsts.add(entity)
        slots = {
            slot: tuple(
                make(child, entity=entity, **({"parent_field": node.key} if node.kind == "field" else {}))
                if child.kind == "field"
                else make(child, entity=entity) if child.kind == "transition" else make(child)
                for child in below.get(node.uid, ())
                if child.slot == slot
            )
            for slot in cls.SLOTS
        }
        try:
            element: Element = fill(cls, values, uid=node.uid, key=node.key, rank=node.rank, origin=node.origin, **extra, **slots)
        except TypeError as error:
            raise ValueError(f"{node.uid}: {error}") from error
        by_uid[node.uid] = element
        return element

    made: dict[str, list[Any]] = {kind: [] for kind in TOP_KINDS}
    for node in below.get(None, ()):
        if node.kind != "sample":
            made[node.kind].append(make(node))
    entities = {e.key: e for e in map(_with_state_fields(made["machine"]), made["entity"])}
    for entity in entities.values():
        by_uid[entity.uid] = entity
        by_uid.update((f.uid, f) for f in entity.fields)
    application = Application(
        tree=tree,
        groups=tuple(made["group"]),
        option_sets={o.key: o for o in made["option_set"]},
        entities=entities,
        machines=tuple(made["machine"]),
        forms=tuple(made["form"]),
        views=tuple(made["view"]),
        roles={r.key: r for r in made["role"]},
        parameters={p.key: p for p in made["parameter"]},
        calendars={c.key: c for c in made["calendar"]},
        clocks=tuple(made["clock"]),
        evidence=tuple(made["evidence"]),
        intakes=tuple(made["intake"]),
        similarities=tuple(made["similarity"]),
        automations=tuple(made["automation"]),
        notifications=tuple(made["notification"]),
        quiet_periods=tuple(made["quiet_period"]),
        retentions={r.entity: r for r in made["retention"]},
        by_uid=by_uid,
    )
    for element in by_uid.values():
        if isinstance(element, Field):
            object.__setattr__(element, "home", application)  # nobody else knows the value yet
    return application


def _with_state_fields(machines: list[Machine]) -> Any:
    """Every further machine of an entity is a field of type ``state`` under the machine's key."""
    def add(entity: Entity) -> Entity:
        further = [m for m in machines if m.entity == entity.key and not m.first]
        fields = tuple(
            Field(uid=f"{m.uid}#field", key=m.key, rank=m.rank, origin=m.origin, labels=m.labels, help=m.help,
                  type="state", tracked=True, settings={"machine": m.key}, entity=entity.key)
            for m in further
        )
        return replace(entity, fields=entity.fields + fields) if fields else entity
    return add
