"""Kinds that say what is stored: entities with fields and validations, options, retention, sample data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

from kernel.i18n import Labels
from kernel.model.elements.base import COLOUR, FIELD_PATHS, SORT, Element
from kernel.model.props import BOOLEAN, EXPRESSION, KEY, KEYS, LABELS, Formula, Ref, prop


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
    plural: Mapping[str, str] = prop({}, doc="What several of them are called, per language; none: the name.", schema=LABELS)
    title: str = prop("", doc="What names a record: text with {field} slots.")
    icon: str = prop("file", doc="Name of the icon.", schema={**KEY, "pattern": "^[a-z0-9-]+$"})
    group: str | None = prop(None, doc="Group in the navigation.", schema=KEY, ref=Ref("group"))
    in_navigation: bool = prop(True, doc="Has an entry in the navigation.", schema=BOOLEAN)
    facts: tuple[str, ...] = prop((), doc="The key facts beside the title, at most four.", schema=FIELD_PATHS, ref=Ref("field", "entity", path=True))
    tracked: tuple[str, ...] = prop((), doc="Of state, owner, team and fields: whose time is kept.", schema=KEYS)
    sort: tuple[str, ...] = prop((), doc="Order of lists that name none; minus for descending.", schema=SORT)
    fields: tuple[Field, ...] = ()
    validations: tuple[Validation, ...] = ()

    @property
    def several(self) -> Labels:
        """What a list of them is called, in the reader's language."""
        return Labels({**self.labels, **self.plural}, self.key.replace("_", " ").capitalize())

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
