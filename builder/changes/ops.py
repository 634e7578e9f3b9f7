"""What a plan can consist of. Each operation says in words what it does, and what it costs; how is builder/publish/ddl.py."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from builder.changes.indexes import Index
from kernel.errors import Message
from kernel.i18n import Labels, Text, _, to_text


@dataclass(frozen=True)
class Need:
    """A question about the data that an operation raises. ``builder.ports.Counts`` answers it with a number.

    ``blank``: records without a value; ``doubled``: values that several records share; ``rows``: records at all;
    ``values``: records that have a value; ``holding``: records whose value (or state) is ``value``.
    """

    kind: Literal["blank", "doubled", "rows", "values", "holding"]
    entity: str  # key in the release that is now in force; "task.items" for child rows
    field: str | None = None
    value: str | None = None


@dataclass(frozen=True)
class Operation:
    """One step. ``uid`` is the element it is about, ``label`` its name for people."""

    uid: str
    label: Labels | Text
    KIND: ClassVar[str] = ""

    @property
    def destroys(self) -> bool:
        """Whether data can't be seen or reached afterwards; they are still kept until a purge, except by a purge."""
        return False

    @property
    def needs(self) -> Need | None:
        """What must be asked of the data before."""
        return None

    def describe(self) -> Text:
        """What it does, for people."""
        raise NotImplementedError

    def reverse(self) -> Operation | None:
        """What undoes it; None where nothing can."""
        return None

    def to_json(self) -> dict[str, Any]:
        """For the release row and for programs."""
        return {
            "do": self.KIND,
            "uid": self.uid,
            "destroys": self.destroys,
            **self._detail(),
            "text": {language: to_text(self.describe(), language) for language in ("zh", "en")},
        }

    def _detail(self) -> dict[str, Any]:
        return {}


@dataclass(frozen=True)
class CreateTable(Operation):
    """A table for a new entity, new child rows or a new list of references, with all its columns."""

    KIND: ClassVar[str] = "create_table"
    table: str = ""
    what: Literal["entity", "rows", "links"] = "entity"

    def describe(self) -> Text:
        if self.what == "entity":
            return _("Make room for “{label}”.", label=self.label)
        return _("Make room for the rows of “{label}”.", label=self.label) if self.what == "rows" else _("Make room for the list “{label}”.", label=self.label)

    def reverse(self) -> Operation:
        return RetireTable(self.uid, self.label, self.table, self.what)

    def _detail(self) -> dict[str, Any]:
        return {"table": self.table}


@dataclass(frozen=True)
class RetireTable(Operation):
    """Hide a table; it is kept until it is purged."""

    KIND: ClassVar[str] = "retire_table"
    table: str = ""
    what: Literal["entity", "rows", "links"] = "entity"
    key: str = ""

    @property
    def destroys(self) -> bool:
        return True

    @property
    def needs(self) -> Need | None:
        return Need("rows", self.key) if self.key else None

    def describe(self) -> Text:
        return _("Hide “{label}” and all it holds. The data are kept until they are purged.", label=self.label)

    def reverse(self) -> Operation:
        return RestoreTable(self.uid, self.label, self.table, self.what)

    def _detail(self) -> dict[str, Any]:
        return {"table": self.table}


@dataclass(frozen=True)
class RestoreTable(Operation):
    """Show a table again that had been hidden, with its data."""

    KIND: ClassVar[str] = "restore_table"
    table: str = ""
    what: Literal["entity", "rows", "links"] = "entity"

    def describe(self) -> Text:
        return _("Bring back “{label}” with the data it held.", label=self.label)

    def reverse(self) -> Operation:
        return RetireTable(self.uid, self.label, self.table, self.what)

    def _detail(self) -> dict[str, Any]:
        return {"table": self.table}


@dataclass(frozen=True)
class AddColumns(Operation):
    """The columns of a new field; blank in all records there are."""

    KIND: ClassVar[str] = "add_columns"
    table: str = ""
    columns: tuple[str, ...] = ()
    place: Labels | Text | str = ""

    def describe(self) -> Text:
        return _("Add “{label}” to “{place}”.", label=self.label, place=self.place)

    def reverse(self) -> Operation:
        return RetireColumns(self.uid, self.label, self.table, self.columns, self.place)

    def _detail(self) -> dict[str, Any]:
        return {"table": self.table, "columns": list(self.columns)}


@dataclass(frozen=True)
class RetireColumns(Operation):
    """Hide the columns of a field; they are kept until they are purged."""

    KIND: ClassVar[str] = "retire_columns"
    table: str = ""
    columns: tuple[str, ...] = ()
    place: Labels | Text | str = ""
    entity: str = ""
    key: str = ""
    anew: bool = False  # the values are worked out again elsewhere

    @property
    def destroys(self) -> bool:
        return not self.anew

    @property
    def needs(self) -> Need | None:
        return Need("values", self.entity, self.key) if self.key and not self.anew else None

    def describe(self) -> Text:
        if self.anew:
            return _("Work out “{label}” of “{place}” in another form.", label=self.label, place=self.place)
        return _("Hide “{label}” of “{place}”. Its values are kept until they are purged.", label=self.label, place=self.place)

    def reverse(self) -> Operation:
        return RestoreColumns(self.uid, self.label, self.table, self.columns, self.place)

    def _detail(self) -> dict[str, Any]:
        return {"table": self.table, "columns": list(self.columns)}


@dataclass(frozen=True)
class RestoreColumns(Operation):
    """Show the columns of a field again, with their values."""

    KIND: ClassVar[str] = "restore_columns"
    table: str = ""
    columns: tuple[str, ...] = ()
    place: Labels | Text | str = ""

    def describe(self) -> Text:
        return _("Bring back “{label}” of “{place}” with the values it had.", label=self.label, place=self.place)

    def reverse(self) -> Operation:
        return RetireColumns(self.uid, self.label, self.table, self.columns, self.place)

    def _detail(self) -> dict[str, Any]:
        return {"table": self.table, "columns": list(self.columns)}


@dataclass(frozen=True)
class ConvertColumns(Operation):
    """Another type of field: new columns, filled from the old ones, which are kept hidden."""

    KIND: ClassVar[str] = "convert_columns"
    table: str = ""
    old_columns: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    entity: str = ""
    key: str = ""
    old_type: str = ""
    new_type: str = ""
    place: Labels | Text | str = ""
    lossy: bool = True
    explain: Message = ""

    @property
    def destroys(self) -> bool:
        return self.lossy

    @property
    def needs(self) -> Need | None:
        return Need("values", self.entity, self.key)

    def describe(self) -> Text:
        return _(
            "Turn “{label}” of “{place}” from {old} into {new}. {explain} The old values are kept until they are purged.",
            label=self.label,
            place=self.place,
            old=_type(self.old_type),
            new=_type(self.new_type),
            explain=self.explain,
        )

    def reverse(self) -> Operation:
        return RestoreColumns(self.uid, self.label, self.table, self.old_columns, self.place)

    def _detail(self) -> dict[str, Any]:
        return {"table": self.table, "columns": list(self.columns), "old_columns": list(self.old_columns)}


@dataclass(frozen=True)
class CreateIndex(Operation):
    """An index that the metadata ask for."""

    KIND: ClassVar[str] = "create_index"
    index: Index = field(default_factory=Index)
    entity: str = ""
    key: str = ""

    @property
    def needs(self) -> Need | None:
        return Need("doubled", self.entity, self.key) if self.index.unique and self.key else None

    def describe(self) -> Text:
        if self.index.unique:
            return _("From now on no two records may share a value of “{label}”.", label=self.label)
        return _("Make “{label}” quick to find by {columns}.", label=self.label, columns=", ".join(self.index.columns))

    def reverse(self) -> Operation:
        return DropIndex(self.uid, self.label, self.index)

    def _detail(self) -> dict[str, Any]:
        return {"index": self.index.name, "table": self.index.table, "columns": list(self.index.columns), "unique": self.index.unique}


@dataclass(frozen=True)
class DropIndex(Operation):
    """An index nobody needs any more."""

    KIND: ClassVar[str] = "drop_index"
    index: Index = field(default_factory=Index)

    def describe(self) -> Text:
        if self.index.unique:
            return _("Records may share a value of “{label}” again.", label=self.label)
        return _("Drop an index of “{label}” that nothing uses any more ({columns}).", label=self.label, columns=", ".join(self.index.columns))

    def reverse(self) -> Operation:
        return CreateIndex(self.uid, self.label, self.index)

    def _detail(self) -> dict[str, Any]:
        return {"index": self.index.name, "table": self.index.table}


@dataclass(frozen=True)
class Fill(Operation):
    """Work out a derived field for the records there are; done after the switch, piece by piece."""

    KIND: ClassVar[str] = "fill"
    entity: str = ""
    fields: tuple[str, ...] = ()

    @property
    def needs(self) -> Need | None:
        return Need("rows", self.entity)

    def describe(self) -> Text:
        return _("Work out “{label}” for the records there are.", label=self.label)

    def _detail(self) -> dict[str, Any]:
        return {"entity": self.entity, "fields": list(self.fields)}


@dataclass(frozen=True)
class NeedsFill(Operation):
    """A field is required from now on; records without a value are asked for it when they are next changed."""

    KIND: ClassVar[str] = "needs_fill"
    entity: str = ""
    key: str = ""

    @property
    def needs(self) -> Need | None:
        # A field that is new is blank everywhere.
        return Need("blank", self.entity, self.key) if self.key else Need("rows", self.entity)

    def describe(self) -> Text:
        return _("“{label}” is required from now on. Records without it keep as they are and ask for it when somebody changes them.", label=self.label)

    def _detail(self) -> dict[str, Any]:
        return {"entity": self.entity, "field": self.key}


@dataclass(frozen=True)
class OptionGone(Operation):
    """An option, or a state, is not there any more; records that have it keep its key."""

    KIND: ClassVar[str] = "option_gone"
    entity: str = ""
    key: str | None = None
    value: str = ""
    place: Labels | Text | str = ""

    @property
    def destroys(self) -> bool:
        return True

    @property
    def needs(self) -> Need | None:
        return Need("holding", self.entity, self.key, self.value)

    def describe(self) -> Text:
        return _(
            "“{label}” is no longer a value of “{place}”. Records that have it show only its key; marking it retired would be kinder.",
            label=self.label,
            place=self.place,
        )

    def _detail(self) -> dict[str, Any]:
        return {"entity": self.entity, "field": self.key, "value": self.value}


@dataclass(frozen=True)
class Rename(Operation):
    """An element has another key; its table or column and its data stay what they are."""

    KIND: ClassVar[str] = "rename"
    old_key: str = ""
    new_key: str = ""

    def describe(self) -> Text:
        return _("“{old}” is called “{new}” from now on; its data stay.", old=self.old_key, new=self.new_key)

    def reverse(self) -> Operation:
        return Rename(self.uid, self.label, self.new_key, self.old_key)

    def _detail(self) -> dict[str, Any]:
        return {"old_key": self.old_key, "new_key": self.new_key}


@dataclass(frozen=True)
class Purge(Operation):
    """Remove hidden columns, or a hidden table, with their data: a separate act that nothing reverses."""

    KIND: ClassVar[str] = "purge"
    table: str = ""
    columns: tuple[str, ...] = ()

    @property
    def destroys(self) -> bool:
        return True

    def describe(self) -> Text:
        return _("Delete the hidden data of “{label}” for good.", label=self.label)

    def _detail(self) -> dict[str, Any]:
        return {"table": self.table, "columns": list(self.columns)}


@dataclass(frozen=True)
class Plan:
    """Operations in the order in which they are done, and the names of all tables and columns afterwards."""

    operations: tuple[Operation, ...]
    columns: Mapping[str, str]

    @property
    def destructive(self) -> tuple[Operation, ...]:
        """Those that take data out of sight."""
        return tuple(o for o in self.operations if o.destroys)

    def of(self, *kinds: type[Operation]) -> Iterator[Any]:
        """The operations of some kinds, in order."""
        return (o for o in self.operations if isinstance(o, kinds))

    def to_json(self) -> list[dict[str, Any]]:
        """For the release row."""
        return [o.to_json() for o in self.operations]


def _type(key: str) -> Text | str:
    from kernel import fieldtypes

    found = fieldtypes.find(key)
    return found.label if found else key
