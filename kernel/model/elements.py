"""The kinds of elements. A new kind is a class here and a line in ``KINDS``.

``SLOTS`` names what stands inside an element (an entity's fields, a machine's states); every item of a slot is an
element of its own with a uid, so that layers merge item by item. Everything else is a property and merges as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

from kernel.i18n import Labels
from kernel.model.props import BOOLEAN, EXPRESSION, KEY, KEYS, LABELS, Formula, Ref, prop

FIELD_PATH = {"type": "string", "pattern": r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$"}
FIELD_PATHS = {"type": "array", "items": FIELD_PATH, "maxItems": 500}
SORT = {"type": "array", "items": {"type": "string", "pattern": r"^-?[a-z][a-z0-9_.]*$"}, "maxItems": 5}
COLOUR = {"enum": ["grey", "blue", "green", "amber", "red", "violet", "teal", "pink"]}
LIMITS = {
    "type": "object",
    "propertyNames": {"pattern": r"^[A-Za-z0-9_-]{1,50}$"},
    "maxProperties": 100,
    "additionalProperties": {
        "anyOf": [
            {"type": "integer", "minimum": 1, "maximum": 1_000_000},
            {
                "type": "object",
                "properties": {"most": {"type": "integer", "minimum": 1, "maximum": 1_000_000}, "hard": BOOLEAN},
                "required": ["most"],
                "additionalProperties": False,
            },
        ]
    },
}
SCOPE = {
    "description": "none, own, team, team_and_below, all, or an expression over the record",
    "anyOf": [{"enum": ["none", "own", "team", "team_and_below", "all"]}, EXPRESSION],
}
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
class Element:
    """What every element has. ``labels`` and ``help`` per language; ``aliases`` are other names in expressions."""

    KIND: ClassVar[str] = ""
    SLOTS: ClassVar[Mapping[str, str]] = {}

    uid: str
    key: str
    rank: str = ""
    origin: str = ""
    labels: Mapping[str, str] = prop({}, doc="What people see, per language.", schema=LABELS)
    help: Mapping[str, str] = prop({}, doc="One line of help, per language.", schema=LABELS)
    aliases: tuple[str, ...] = prop(
        (), doc="Further names in expressions, former keys among them.", schema={"type": "array", "items": {"type": "string", "maxLength": 50}}
    )

    @property
    def label(self) -> Labels:
        """The name in the reader's language; the key in words when there is none."""
        return Labels(self.labels, self.key.replace("_", " ").capitalize())

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Every name under which expressions may know it, besides its key."""
        return tuple(dict.fromkeys([*self.aliases, *self.labels.values()]))


@dataclass(frozen=True, kw_only=True)
class Option(Element):
    """One choice of an option set."""

    KIND: ClassVar[str] = "option"
    colour: str | None = prop(None, doc="Colour of the badge.", schema=COLOUR)
    parent: str | None = prop(None, doc="Key of the option of the governing field under which this one is offered.", schema=KEY)
    retired: bool = prop(False, doc="No longer offered, still readable.", schema=BOOLEAN)


@dataclass(frozen=True, kw_only=True)
class OptionSet(Element):
    """A named list of choices."""

    KIND: ClassVar[str] = "option_set"
    SLOTS: ClassVar[Mapping[str, str]] = {"options": "option"}
    options: tuple[Option, ...] = ()

    @cached_property
    def by_key(self) -> Mapping[str, Option]:
        return {o.key: o for o in self.options}

    @cached_property
    def coloured(self) -> bool:
        """Whether any option has a colour: then all of them are badges."""
        return any(o.colour for o in self.options)


@dataclass(frozen=True, kw_only=True)
class Field(Element):
    """A typed part of an entity. What only its type knows stands in ``settings``.

    The three ``..._when`` rules hold on every road a value can take, not only in forms.
    """

    KIND: ClassVar[str] = "field"
    SLOTS: ClassVar[Mapping[str, str]] = {"fields": "field"}
    type: str = prop(doc="Key of the field type.", schema=KEY)
    required: bool = prop(False, doc="Must have a value in every record.", schema=BOOLEAN)
    unique: bool = prop(False, doc="No two records may share a value.", schema=BOOLEAN)
    tracked: bool = prop(False, doc="Keep the time spent at each value.", schema=BOOLEAN)
    default: str | None = prop(None, doc="Value of a new record, as an expression.", schema=EXPRESSION, formula=Formula(expects="field"))
    show_when: str | None = prop(None, doc="Shown, and its value kept, only while this holds.", schema=EXPRESSION, formula=Formula(expects="boolean"))
    required_when: str | None = prop(None, doc="Must have a value while this holds.", schema=EXPRESSION, formula=Formula(expects="boolean"))
    read_only_when: str | None = prop(None, doc="May not be changed while this holds.", schema=EXPRESSION, formula=Formula(expects="boolean"))
    copy: bool = prop(True, doc="Comes along when a record is copied; unique values, numbers, states and owner never do.", schema=BOOLEAN)
    placeholder: Mapping[str, str] = prop({}, doc="Grey example text in an empty input.", schema=LABELS)
    settings: Mapping[str, Any] = field(default_factory=dict)
    fields: tuple[Field, ...] = ()
    entity: str = ""
    parent_field: str | None = None
    home: Any = field(default=None, compare=False, repr=False)
    """The Application it stands in, set when that is built: types look up option sets and states through it."""

    @cached_property
    def by_key(self) -> Mapping[str, Field]:
        """The columns of a child-rows field."""
        return {f.key: f for f in self.fields}

    @property
    def place(self) -> str:
        """The entity as expressions name it: child rows are ``<entity>.<field>``."""
        return f"{self.entity}.{self.parent_field}" if self.parent_field else self.entity


@dataclass(frozen=True, kw_only=True)
class Validation(Element):
    """A condition on a record at every save on every channel; its label says what is wrong and how to mend it."""

    KIND: ClassVar[str] = "validation"
    holds: str = prop(doc="What must be true.", schema=EXPRESSION, formula=Formula(expects="boolean"))
    at: tuple[str, ...] = prop((), doc="Fields beside which the message stands.", schema=KEYS, ref=Ref("field", "entity"))
    when: str | None = prop(None, doc="Checked only while this holds.", schema=EXPRESSION, formula=Formula(expects="boolean"))


@dataclass(frozen=True, kw_only=True)
class Entity(Element):
    """A kind of thing with fields, stored in a table of its own."""

    KIND: ClassVar[str] = "entity"
    SLOTS: ClassVar[Mapping[str, str]] = {"fields": "field", "validations": "validation"}
    title: str = prop("", doc="What names a record: text with {field} slots.")
    icon: str = prop("file", doc="Name of the icon.", schema={**KEY, "pattern": "^[a-z0-9-]+$"})
    group: str | None = prop(None, doc="Group in the navigation.", schema=KEY, ref=Ref("group"))
    in_navigation: bool = prop(True, doc="Has an entry in the navigation.", schema=BOOLEAN)
    facts: tuple[str, ...] = prop((), doc="The key facts beside the title, at most four.", schema=FIELD_PATHS, ref=Ref("field", "entity", path=True))
    tracked: tuple[str, ...] = prop((), doc="Of state, owner, team and fields: whose time is kept.", schema=KEYS)
    sort: tuple[str, ...] = prop((), doc="Order of lists that name none; minus for descending.", schema=SORT)
    fields: tuple[Field, ...] = ()
    validations: tuple[Validation, ...] = ()

    @cached_property
    def by_key(self) -> Mapping[str, Field]:
        return {f.key: f for f in self.fields}

    def field(self, key: str) -> Field:
        """The field with this key. Raises KeyError."""
        return self.by_key[key]

    def find_field(self, name: str) -> Field | None:
        """The field with this key, alias or label in any language."""
        return self.by_key.get(name) or next((f for f in self.fields if name in f.names), None)


@dataclass(frozen=True, kw_only=True)
class Item(Element):
    """A field's place in a form. Its key is the field's key."""

    KIND: ClassVar[str] = "item"
    wide: bool = prop(False, doc="Takes both columns.", schema=BOOLEAN)


@dataclass(frozen=True, kw_only=True)
class Section(Element):
    """A titled part of a form."""

    KIND: ClassVar[str] = "section"
    SLOTS: ClassVar[Mapping[str, str]] = {"items": "item"}
    tab: Mapping[str, str] = prop({}, doc="Name of the tab it stands on; none: the first.", schema=LABELS)
    collapsed: bool = prop(False, doc="Folded when the form opens.", schema=BOOLEAN)
    show_when: str | None = prop(None, doc="Shown only while this holds.", schema=EXPRESSION, formula=Formula(expects="boolean"))
    items: tuple[Item, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Form(Element):
    """An arrangement of an entity's fields for entry and for the record page."""

    KIND: ClassVar[str] = "form"
    SLOTS: ClassVar[Mapping[str, str]] = {"sections": "section"}
    entity: str = prop(doc="Whose fields.", schema=KEY, ref=Ref("entity"))
    roles: tuple[str, ...] = prop((), doc="Roles that get this form; none: everybody.", schema=KEYS, ref=Ref("role"))
    sections: tuple[Section, ...] = ()


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


@dataclass(frozen=True, kw_only=True)
class View(Element):
    """A saved way to list records."""

    KIND: ClassVar[str] = "view"
    entity: str = prop(doc="Whose records.", schema=KEY, ref=Ref("entity"))
    as_: str = prop("table", doc="How they are shown.", schema={"enum": ["table", "board", "calendar", "timeline", "gallery"]}, name="as")
    where: str | None = prop(None, doc="Which records.", schema=EXPRESSION, formula=Formula(expects="boolean", sql=True))
    columns: tuple[str, ...] = prop((), doc="Fields shown, in order; paths through references are allowed.", schema=FIELD_PATHS, ref=Ref("field", "entity", path=True))
    sort: tuple[str, ...] = prop((), doc="Order; minus for descending.", schema=SORT)
    group_by: str | None = prop(None, doc="Field whose values make the columns of a board, or the bands of a timeline.", schema=KEY)
    starts: str | None = prop(None, doc="Date or moment at which a record stands in a calendar, or its bar in a timeline begins.", schema=KEY, ref=Ref("field", "entity", path=True))
    ends: str | None = prop(None, doc="Date or moment at which its span ends.", schema=KEY, ref=Ref("field", "entity", path=True))
    image: str | None = prop(None, doc="Picture on the cards of a gallery.", schema=KEY, ref=Ref("field", "entity", path=True))
    card: tuple[str, ...] = prop((), doc="Fields on a card, in order; none: the columns.", schema=KEYS, ref=Ref("field", "entity", path=True))
    limits: Mapping[str, Any] = prop(
        {},
        doc="Most cards per column of a board: a number, or {most, hard}; a hard limit refuses the step into a full state.",
        schema=LIMITS,
    )
    total: str | None = prop(None, doc="Number or amount added up per column of a board.", schema=KEY, ref=Ref("field", "entity", path=True))
    roles: tuple[str, ...] = prop((), doc="Roles that see it; none: everybody.", schema=KEYS, ref=Ref("role"))

    def limit(self, key: str) -> tuple[int, bool] | None:
        """The most cards of a column, and whether more are refused."""
        found = self.limits.get(key)
        if found is None:
            return None
        return (found, False) if isinstance(found, int) else (found["most"], bool(found.get("hard")))


@dataclass(frozen=True, kw_only=True)
class Right(Element):
    """What a role may do with one entity. Its key is the entity's key.

    ``fields`` maps a field to ``{read, write}`` (default: both true); ``states`` narrows actions and fields while a
    record is in a state of the first machine. The fields a person sees belong to the right that lets them see the record (D9).
    """

    KIND: ClassVar[str] = "right"
    read: str = prop("none", doc="Which records may be read.", schema=SCOPE, formula=Formula(expects="boolean", sql=True))
    create: bool = prop(False, doc="May make new records.", schema=BOOLEAN)
    update: str = prop("none", doc="Which records may be changed.", schema=SCOPE, formula=Formula(expects="boolean", sql=True))
    delete: str = prop("none", doc="Which records may be moved to the bin.", schema=SCOPE, formula=Formula(expects="boolean", sql=True))
    assign: str = prop("none", doc="Which records may be given to another owner or team.", schema=SCOPE, formula=Formula(expects="boolean", sql=True))
    fields: Mapping[str, Any] = prop(
        {},
        doc="Exceptions per field, or child rows' field as rows.field: may it be read, may it be written.",
        schema={
            "type": "object",
            "propertyNames": {"pattern": r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?$"},
            "additionalProperties": {
                "type": "object",
                "properties": {"read": {"type": "boolean"}, "write": {"type": "boolean"}},
                "additionalProperties": False,
            },
        },
    )
    states: Mapping[str, Any] = prop(
        {},
        doc="Narrower rights per state of the first machine.",
        schema={
            "type": "object",
            "propertyNames": KEY,
            "additionalProperties": {
                "type": "object",
                "properties": {"update": SCOPE, "delete": SCOPE, "read_only": KEYS, "hidden": KEYS},
                "additionalProperties": False,
            },
        },
    )


@dataclass(frozen=True, kw_only=True)
class Role(Element):
    """A named set of rights."""

    KIND: ClassVar[str] = "role"
    SLOTS: ClassVar[Mapping[str, str]] = {"rights": "right"}
    can: tuple[str, ...] = prop((), doc="Rights beyond records.", schema={"type": "array", "items": {"enum": ["design", "administer", "export", "import"]}, "uniqueItems": True})
    member_when: str | None = prop(None, doc="Persons for whom this holds are members without being named.", schema=EXPRESSION, formula=Formula(scope="person", expects="boolean"))
    rights: tuple[Right, ...] = ()

    @cached_property
    def by_entity(self) -> Mapping[str, Right]:
        return {r.key: r for r in self.rights}


@dataclass(frozen=True, kw_only=True)
class Parameter(Element):
    """A number, text, flag or duration that rules use as ``param.<key>`` and an admin may change."""

    KIND: ClassVar[str] = "parameter"
    type: str = prop(doc="number, text, boolean, duration (seconds) or date.", schema={"enum": ["number", "text", "boolean", "duration", "date"]})
    value: Any = prop(doc="The value.", schema={"type": ["number", "string", "boolean"]})  # noqa: RUF009 - a field declaration
    unit: str | None = prop(None, doc="Unit shown beside the value.")
    min: float | None = prop(None, doc="Least allowed value.", schema={"type": "number"})
    max: float | None = prop(None, doc="Greatest allowed value.", schema={"type": "number"})
    effective_from: str | None = prop(None, doc="First day on which it holds.", schema={"type": "string", "format": "date"})


DAYS_OF_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOURS = {"type": "string", "maxLength": 200}


@dataclass(frozen=True, kw_only=True)
class CalendarDay(Element):
    """Own days on top of week and public holidays: a day or a run of days, worked in other hours or off. Of several the last counts."""

    KIND: ClassVar[str] = "calendar_day"
    from_: str = prop(doc="First day.", schema={"type": "string", "format": "date"}, name="from")
    to: str | None = prop(None, doc="Last day; none: the first.", schema={"type": "string", "format": "date"})
    hours: str = prop("", doc="Hours worked then, like 09:00-12:00; none: off.", schema=HOURS)


@dataclass(frozen=True, kw_only=True)
class Calendar(Element):
    """When working time counts: hours per day of the week, public holidays with make-up days, own days on top."""

    KIND: ClassVar[str] = "calendar"
    SLOTS: ClassVar[Mapping[str, str]] = {"days": "calendar_day"}
    zone: str | None = prop(None, doc="Time zone such as Asia/Shanghai; none: the company's.", schema={"type": "string", "maxLength": 60})
    week: Mapping[str, str] = prop(
        doc="Hours per day, like mon: 09:00-12:00, 13:00-18:00; a day left out is off. A shift past midnight counts to the day it begins on.",
        schema={"type": "object", "propertyNames": {"enum": list(DAYS_OF_WEEK)}, "additionalProperties": HOURS, "minProperties": 1},
    )
    holidays: str | None = prop(None, doc="Country (and region) of the public holidays, such as CN or DE-BY.", schema={"type": "string", "pattern": "^[A-Z]{2}(-[A-Z0-9]{1,3})?$"})
    make_up: str | None = prop(None, doc="Hours of a day off that is worked in exchange for a holiday; none: as on the first worked day of the week.", schema=HOURS)
    default: bool = prop(False, doc="Counts where no team has a calendar of its own.", schema=BOOLEAN)
    days: tuple[CalendarDay, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ClockStep(Element):
    """What happens at a moment of a clock: a warning before it is due, the breach, an escalation after it. Its label says what people read."""

    KIND: ClassVar[str] = "clock_step"
    at: float = prop(1, doc="Share of the target that has passed: 0.75 is a warning, 1 the breach.", schema={"type": "number", "minimum": 0, "maximum": 1})
    after: str | None = prop(None, doc="So long after that, in the time that the clock counts.", schema=EXPRESSION, formula=Formula(expects="any"))
    tell: tuple[str, ...] = prop(
        (), doc="Who is told: paths to people (owner, owner.manager, team.manager) or role:<key> for whoever has the role in the record's team or above.",
        schema={"type": "array", "maxItems": 20, "uniqueItems": True, "items": {"type": "string", "pattern": r"^(role:[a-z][a-z0-9_]*|[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*)$"}},
    )
    urgency: str = prop("normal", doc="low, normal, or high: high stands out on whatever page is open.", schema={"enum": ["low", "normal", "high"]})


@dataclass(frozen=True, kw_only=True)
class Clock(Element):
    """A promise with a clock on the records of an entity: what starts it, what pauses it, what keeps it, and how long it may take."""

    KIND: ClassVar[str] = "clock"
    SLOTS: ClassVar[Mapping[str, str]] = {"steps": "clock_step"}
    entity: str = prop(doc="Whose records.", schema=KEY, ref=Ref("entity"))
    starts: str = prop("TRUE", doc="It starts when this becomes true; by itself with the record.", schema=EXPRESSION, formula=Formula(expects="boolean"))
    restarts: bool = prop(False, doc="Starts again each time that becomes true anew.", schema=BOOLEAN)
    from_: str | None = prop(None, doc="The moment from which it counts; none: when it starts.", schema=EXPRESSION, formula=Formula(expects="any"), name="from")
    target: str | None = prop(None, doc="How long it may take: a duration, or seconds.", schema=EXPRESSION, formula=Formula(expects="any"))
    days: str | None = prop(None, doc="Instead of a target: so many working days.", schema=EXPRESSION, formula=Formula(expects="any"))
    counts: str = prop(
        "team", doc="Which time counts: the hours of the record's team, the hours of its owner's team, elapsed (every minute), or a calendar by key.", schema=KEY)
    pauses: str | None = prop(None, doc="Time does not count while this holds.", schema=EXPRESSION, formula=Formula(expects="boolean"))
    done: str | None = prop(None, doc="The promise is kept when this becomes true; none: when what started it no longer holds.", schema=EXPRESSION, formula=Formula(expects="boolean"))
    done_at: str | None = prop(None, doc="The moment at which it was kept; none: when that became true.", schema=EXPRESSION, formula=Formula(expects="any"))
    cancels: str | None = prop(None, doc="The promise falls away when this becomes true.", schema=EXPRESSION, formula=Formula(expects="boolean"))
    steps: tuple[ClockStep, ...] = ()

    @cached_property
    def warns_at(self) -> float:
        """Share of the target from which it is shown as running out: the first step before the breach, else 0.75."""
        return min((s.at for s in self.steps if s.at < 1 and s.after is None), default=0.75)


@dataclass(frozen=True, kw_only=True)
class Group(Element):
    """A group of entries in the navigation."""

    KIND: ClassVar[str] = "group"


@dataclass(frozen=True, kw_only=True)
class Retention(Element):
    """How long deleted records of an entity can be restored; kinds without a rule keep them as long as the tenant has set (90 days)."""

    KIND: ClassVar[str] = "retention"
    entity: str = prop(doc="Whose records.", schema=KEY, ref=Ref("entity"))
    days: int = prop(doc="Days in the bin, after which a record is purged.", schema={"type": "integer", "minimum": 1, "maximum": 3650})


@dataclass(frozen=True, kw_only=True)
class Sample(Element):
    """Sample data: a script replayed through the record road with a moving clock. Not part of a release."""

    KIND: ClassVar[str] = "sample"
    steps: tuple[Mapping[str, Any], ...] = prop((), doc="What happened, in order, at offsets from the day of import.", schema={"type": "array", "items": {"type": "object"}, "maxItems": 20000})


KINDS: Mapping[str, type[Element]] = {
    k.KIND: k
    for k in (
        Group, Entity, Field, Validation, OptionSet, Option, Form, Section, Item,
        Machine, State, Transition, Guard, Approval, View, Role, Right, Parameter, Calendar, CalendarDay, Clock, ClockStep, Retention, Sample,
    )
}
"""Every kind, by key."""

TOP_KINDS = ("group", "option_set", "calendar", "entity", "machine", "form", "view", "role", "parameter", "clock", "retention", "sample")
"""Kinds that stand by themselves in a document, in the order in which they are read."""

DEFAULT_SLOTS = frozenset({"fields", "options", "rights", "items", "sections"})
"""Slots whose name does not stand in the uid of their items."""
