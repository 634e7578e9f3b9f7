"""Kinds that say how records move: state machines, guards, approvals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from kernel.model.elements.base import COLOUR, FIELD_PATH, Element
from kernel.model.elements.data import Field
from kernel.model.props import BOOLEAN, EXPRESSION, KEY, KEYS, Formula, Ref, prop

ACTIONS = {
    "type": "array",
    "maxItems": 20,
    "items": {
        "type": "object",
        "properties": {
            "do": {"enum": ["set", "create", "comment"]},
            "fields": {"type": "object", "additionalProperties": EXPRESSION},
            "entity": KEY,
            "text": {"type": "string", "maxLength": 2000},
            "if": EXPRESSION,
        },
        "required": ["do"],
        "additionalProperties": False,
    },
}


@dataclass(frozen=True, kw_only=True)
class State(Element):
    """A position a record can be in."""

    KIND: ClassVar[str] = "state"
    category: str = prop("open", doc="open, won, lost or closed; all but open are final.", schema={"enum": ["open", "won", "lost", "closed"]})
    colour: str | None = prop(None, doc="Colour of the badge.", schema=COLOUR)
    on_entry: tuple[Mapping[str, Any], ...] = prop((), doc="Actions when a record comes here.", schema=ACTIONS)
    on_exit: tuple[Mapping[str, Any], ...] = prop((), doc="Actions when a record leaves.", schema=ACTIONS)
    on_path: bool = prop(True, doc="Stands on the path shown above the record.", schema=BOOLEAN)


@dataclass(frozen=True, kw_only=True)
class Guard(Element):
    """A condition that must hold for a transition; its label says what is missing, ``from_whom`` who can supply it."""

    KIND: ClassVar[str] = "guard"
    holds: str = prop(doc="What must be true.", schema=EXPRESSION, formula=Formula(scope="transition", expects="boolean"))
    from_whom: str | None = prop(None, doc="Role that can supply it; none: whoever may change the fields it reads.", schema=KEY, ref=Ref("role"))


@dataclass(frozen=True, kw_only=True)
class Approval(Element):
    """One step of the approval that a transition waits for. Exactly one of role, relation, chain and person says who decides.

    Steps run in their order, neighbours with the same ``side_by_side`` at once. The requester never decides unless ``self``.
    """

    KIND: ClassVar[str] = "approval"
    when: str | None = prop(None, doc="The step counts only while this holds; none: always.", schema=EXPRESSION, formula=Formula(scope="transition", expects="boolean"))
    role: str | None = prop(None, doc="Whoever holds this role decides.", schema=KEY, ref=Ref("role"))
    within: str = prop("team", doc="Where the role is looked for: in the record's team, from there upwards, or anywhere.", schema={"enum": ["team", "chain", "anywhere"]})
    relation: str | None = prop(None, doc="Path to the person who decides, for example owner.manager.", schema=FIELD_PATH, ref=Ref("field", "entity", path=True))
    chain: int | None = prop(None, doc="The manager so many levels above decides; the topmost where there are fewer.", schema={"type": "integer", "minimum": 1, "maximum": 10})
    above: str = prop("requester", doc="Whose managers: the requester's or the owner's.", schema={"enum": ["requester", "owner"]})
    person: str | None = prop(None, doc="An expression that gives the person who decides.", schema=EXPRESSION, formula=Formula())
    mode: str = prop("any", doc="any: the first decides; all: everybody must agree; votes: so many must agree.", schema={"enum": ["any", "all", "votes"]})
    votes: int | None = prop(None, doc="How many must agree.", schema={"type": "integer", "minimum": 1, "maximum": 100})
    self_: bool = prop(False, doc="The requester may decide, too.", schema=BOOLEAN)
    due: float | None = prop(None, doc="Hours until a decision is due.", schema={"type": "number", "exclusiveMinimum": 0, "maximum": 8760})
    counts: str = prop(
        "team", doc="Which hours those are: those of the record's team, of its owner's team (owner), elapsed (every hour), or of a calendar by key.", schema=KEY)
    on_due: str = prop("remind", doc="What happens when it is due.", schema={"enum": ["remind", "pass_up", "approve", "decline"]})
    side_by_side: str | None = prop(None, doc="Neighbouring steps with the same word here run at the same time.", schema=KEY)
    returns_to: str = prop("requester", doc="Where a return leads.", schema={"enum": ["requester", "previous"]})
    may: tuple[str, ...] = prop(("delegate", "add"), doc="Pass on to somebody else, add somebody.", schema={"type": "array", "items": {"enum": ["delegate", "add"]}, "uniqueItems": True})


@dataclass(frozen=True, kw_only=True)
class Transition(Element):
    """An allowed move between states."""

    KIND: ClassVar[str] = "transition"
    SLOTS: ClassVar[Mapping[str, str]] = {"guards": "guard", "asks": "field", "approvals": "approval"}
    from_: tuple[str, ...] = prop(doc="States it starts from.", schema={**KEYS, "minItems": 1}, ref=Ref("state", "machine"))
    to: str = prop(doc="State it leads to.", schema=KEY, ref=Ref("state", "machine"))
    who: tuple[str, ...] = prop((), doc="Roles that may take it; none: whoever may change the record.", schema=KEYS, ref=Ref("role"))
    needs: tuple[str, ...] = prop((), doc="Fields and child rows that must be filled; asked for in the confirmation form.", schema=KEYS, ref=Ref("field", "entity"))
    actions: tuple[Mapping[str, Any], ...] = prop((), doc="Done with the transition.", schema=ACTIONS)
    primary: bool = prop(False, doc="The usual next step.", schema=BOOLEAN)
    on_change: str = prop("void", doc="A change while approval is under way: void what was approved, or allow it.", schema={"enum": ["void", "allow"]})
    free_fields: tuple[str, ...] = prop((), doc="Fields that may change without touching approvals.", schema=KEYS, ref=Ref("field", "entity"))
    shows: tuple[str, ...] = prop((), doc="Fields an approver sees; none: the key facts.", schema=KEYS, ref=Ref("field", "entity"))
    on_decline: str | None = prop(None, doc="Step taken when approval is declined.", schema=KEY)
    guards: tuple[Guard, ...] = ()
    asks: tuple[Field, ...] = ()
    approvals: tuple[Approval, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Machine(Element):
    """A state machine of an entity. The first (by rank) owns ``state``; a further one is a field named by its key."""

    KIND: ClassVar[str] = "machine"
    SLOTS: ClassVar[Mapping[str, str]] = {"states": "state", "transitions": "transition"}
    entity: str = prop(doc="Whose states.", schema=KEY, ref=Ref("entity"))
    initial: str | None = prop(None, doc="State of a new record; none: the first.", schema=KEY, ref=Ref("state", "machine"))
    states: tuple[State, ...] = ()
    transitions: tuple[Transition, ...] = ()
    first: bool = True

    @cached_property
    def by_key(self) -> Mapping[str, State]:
        return {s.key: s for s in self.states}

    @property
    def start(self) -> str:
        return self.initial or self.states[0].key

    @property
    def column(self) -> str:
        """The record attribute that holds the state."""
        return "state" if self.first else self.key

    def transition(self, key: str) -> Transition | None:
        return next((t for t in self.transitions if t.key == key), None)
