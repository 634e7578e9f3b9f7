"""What a field type must answer: one small class per type holds all that there is to know about it.

Values travel in one Python form per type (the *value*): ``str, int, Decimal, Money, bool, date, datetime (aware, UTC),
timedelta, tuple, FileRef ids ...``; ``None`` is blank and nothing else is. From it every other form is made:

    API JSON  --parse-->  value  --dump-->  API JSON
    form text --parse_text--> value --text--> what people read, display and export
    value --store--> column values --load--> value
    value --to_expr--> expression value
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy.types import TypeEngine

from kernel.errors import Message, Problem
from kernel.i18n import Text
from kernel.model.elements import Field
from kernel.model.props import fill, props_of

if TYPE_CHECKING:
    from kernel.expr.types import Type
    from kernel.model.schema import AppSchema


_SETTINGS = "_settings_of_type"


class Unreadable(Exception):
    """A raw value can't be read as a value of this type: what is wrong and how to mend it."""

    def __init__(self, code: str, message: Message, hint: Message | None = None, problems: Sequence[Problem] = ()) -> None:
        super().__init__(str(message))
        self.code, self.message, self.hint = code, message, hint
        self.problems = tuple(problems)  # of parts: child rows name each cell, paths start at the field

    def problem(self, path: str = "", rule: str | None = None) -> Problem:
        """The same as one problem."""
        return Problem(self.code, self.message, path, self.hint, rule)


@dataclass(frozen=True, slots=True)
class Column:
    """A database column of a field: ``suffix`` is empty for the first, which filters and sorts use."""

    suffix: str
    type: TypeEngine[Any]


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom text is read or written: language, zone, today, and the labels that ids stand for.

    ``labels`` maps an id of a record, person, team or file to what people see; who calls has loaded them and
    left out what the reader may not see.
    """

    language: str
    zone: ZoneInfo
    today: date
    now: datetime
    currency: str = "CNY"
    labels: Mapping[str, str] | None = None

    def label(self, id_: str) -> str | None:
        return (self.labels or {}).get(id_)


class Finder(Protocol):
    """How forgiving text (imports, forms) finds what it names: a record, person or team by label."""

    def find(self, entity: str, text: str) -> str | None: ...


class Settings:
    """Settings of a type are a frozen dataclass of ``prop()``s; this empty one serves types without any."""


@dataclass(frozen=True)
class NoSettings(Settings):
    pass


@dataclass(frozen=True, slots=True)
class Example:
    """For the tests and for help: raw API JSON, its value, its text in Chinese and English."""

    raw: Any
    value: Any
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class BadExample:
    """Raw JSON that must be refused with this code. ``schema``: the JSON Schema refuses it too."""

    raw: Any
    code: str
    schema: bool = True


class FieldType(ABC):
    """One type of field. Instances have no state; the field comes with every call."""

    key: ClassVar[str]
    label: ClassVar[Text]
    icon: ClassVar[str]
    group: ClassVar[str]  # text, number, time, choice, link, file, derived: where the palette shows it
    Settings: ClassVar[type] = NoSettings
    writable: ClassVar[bool] = True  # False: derived or given by the platform, never taken from a body
    derived: ClassVar[bool] = False  # worked out of other values: computed, rolled up, looked up
    stored: ClassVar[bool] = True  # False: no column in the entity's table (child rows, links, virtual)
    sortable: ClassVar[bool] = True
    searchable: ClassVar[bool] = False  # its text goes into the quick search
    indexable: ClassVar[bool] = True
    multiple: ClassVar[bool] = False  # the value is a tuple
    operators: ClassVar[tuple[str, ...]] = ("=", "<>", "blank", "not_blank")
    widget: ClassVar[str]  # template widgets/<widget>.html
    wide: ClassVar[bool] = False  # takes both columns of a form unless said otherwise
    refers_to: ClassVar[str | None] = None  # entity a value points at: "person", "team", or None / settings.to
    examples: ClassVar[Sequence[Example]] = ()
    bad_examples: ClassVar[Sequence[BadExample]] = ()
    example_settings: ClassVar[Mapping[str, Any]] = {}

    def settings(self, field: Field) -> Any:
        """The field's settings as this type's dataclass; made once per field."""
        found = field.__dict__.get(_SETTINGS)
        if found is None or found.__class__ is not self.Settings:
            known = props_of(self.Settings)
            # What is missing or unknown is for the checks to report; until then the type must not fall over it.
            missing = {name: "" for name, declared in known.items() if declared.required}
            found = fill(self.Settings, {**missing, **{k: v for k, v in field.settings.items() if k in known and v is not None}})
            # A field never changes, so this is a cache, not a change: two threads would put the same value here.
            field.__dict__[_SETTINGS] = found
        return found

    def shape(self, field: Field) -> Field:
        """The field as which it is stored and shown: derived fields take the form of what they give, others are their own."""
        return field

    def formula_place(self, field: Field, name: str, schema: AppSchema) -> str:
        """The entity whose names the formula in setting ``name`` uses; usually the field's own."""
        return field.place

    def expects(self, field: Field, name: str, schema: AppSchema) -> Type | None:
        """The type which the formula in setting ``name`` must give, where the declaration leaves it open; None for any."""
        return None

    def reads(self, field: Field, schema: AppSchema) -> Iterable[tuple[str, tuple[str, ...]]]:
        """What a derived field is worked out of: paths of keys, each with the entity at which it starts. Raises ExpressionError."""
        return ()

    def columns(self, field: Field, schema: AppSchema) -> tuple[Column, ...]:
        """Database columns; empty when ``stored`` is false."""
        return ()

    @abstractmethod
    def value_type(self, field: Field, schema: AppSchema) -> Type:
        """The type of its values in expressions."""

    @abstractmethod
    def parse(self, field: Field, raw: Any) -> Any:
        """The value of API JSON (never None here). Raises Unreadable."""

    def parse_text(self, field: Field, text: str, reader: Reader, finder: Finder | None = None) -> Any:
        """The value of what a person typed or a sheet holds; forgiving about form. Blank text is None. Raises Unreadable."""
        return self.parse(field, text) if text.strip() else None

    def parse_form(self, field: Field, texts: Sequence[str], reader: Reader, finder: Finder | None = None) -> Any:
        """The value of what a form sent under the field's name: one text, or several where the widget has several inputs.

        Widgets that may send nothing (boxes, radios, uploads) send an empty text first, to say that they were there.
        """
        return self.parse_text(field, next((t for t in texts if t.strip()), ""), reader, finder)

    def input_texts(self, field: Field, value: Any, reader: Reader) -> list[str]:
        """What the inputs of the widget hold for a value; ``parse_form`` reads it back."""
        return [] if value is None else [self.text(field, value, reader)]

    def settle(self, field: Field, value: Any, reader: Reader) -> Any:
        """The value completed by what only the tenant knows (the currency of an amount); called before it is stored."""
        return value

    def check(self, field: Field, value: Any) -> Iterable[Problem]:
        """Breaches of the field's settings (longest, least, pattern ...) by a readable value; ``path`` is left empty."""
        return ()

    def dump(self, field: Field, value: Any, reader: Reader) -> Any:
        """API JSON of a value (DESIGN section 10)."""
        return value

    @abstractmethod
    def text(self, field: Field, value: Any, reader: Reader) -> str:
        """What people read; empty for None."""

    def store(self, field: Field, value: Any) -> tuple[Any, ...]:
        """Values for ``columns``, in their order."""
        return (value,)

    def load(self, field: Field, stored: tuple[Any, ...]) -> Any:
        """The value of what the columns hold."""
        return stored[0]

    def to_expr(self, field: Field, value: Any) -> Any:
        """The expression value of a value."""
        return value

    def from_expr(self, field: Field, value: Any) -> Any:
        """The value of an expression result: defaults, actions and derived fields. Raises Unreadable."""
        return value

    def json_schema(self, field: Field, schema: AppSchema) -> dict[str, Any]:
        """JSON Schema of the API form, settings included, for OpenAPI."""
        return {}

    def read_schema(self, field: Field, schema: AppSchema) -> dict[str, Any]:
        """JSON Schema of what is read; differs for references (id on write, {id, label} on read)."""
        return self.json_schema(field, schema)

    def form_field(self, field: Field, reader: Reader) -> Any:
        """An unbound WTForms field that renders with ``widget`` and gives raw text(s) to ``parse_text``."""
        from kernel.fieldtypes.wtf import form_field

        return form_field(self, field, reader)

    def form_attributes(self, field: Field, reader: Reader) -> dict[str, Any]:
        """What the widget must know beside the value: min, max, step, maxlength, accept, placeholder ..."""
        return {}

    def search_text(self, field: Field, value: Any, reader: Reader) -> str:
        """What quick search finds it by."""
        return self.text(field, value, reader)
