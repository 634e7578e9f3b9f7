"""``plan(old, new, columns, facts)``: the operations that get from one application to another. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from builder.changes import ops
from builder.changes.indexes import Index, wanted
from builder.changes.storage import signature
from kernel import fieldtypes
from kernel.fieldtypes.conversion import Conversion, conversion
from kernel.i18n import Labels
from kernel.model import tables as model_tables
from kernel.model.application import Application
from kernel.model.elements import Element, Entity, Field, Machine
from kernel.model.tables import Tables


@dataclass(frozen=True)
class Retired:
    """A hidden column (or table) that is still there: its name, how it is stored, and for a column its table."""

    name: str
    signature: str
    table: str = ""


@dataclass(frozen=True)
class Facts:
    """What the plan must know beyond the two applications.

    ``used``: all tables that ever were, each with all columns that ever were in it. ``retired``: hidden and not purged,
    by uid of the element.
    """

    used: Mapping[str, Collection[str]] = field(default_factory=dict)
    retired: Mapping[str, Retired] = field(default_factory=dict)


def plan(old: Application | None, new: Application, columns: Mapping[str, str], facts: Facts | None = None) -> ops.Plan:
    """What must be done so that ``new`` can be served where ``old`` is, whose names are ``columns``.

    ``new`` must have passed the checks. The order is that in which the operations are done.
    """
    return _Planner(old, new, columns, facts or Facts()).plan()


class _Planner:
    def __init__(self, old: Application | None, new: Application, columns: Mapping[str, str], facts: Facts) -> None:
        self.old, self.new, self.facts = old, new, facts
        self.columns = columns
        self.was = _stored(old) if old is not None else {}
        self.now = _stored(new)
        # A field whose old column can't hold the new type gets a new one; the old one is hidden, as if it were removed.
        self.renewed = frozenset(uid for uid, at in self.now.items() if uid in self.was and not _stays(self.was[uid], at))
        # A field that comes back after it was removed gets its column back, unless its type is another one now.
        self.back = {
            uid: facts.retired[uid]
            for uid in self.now
            if uid not in self.was and uid in facts.retired and facts.retired[uid].signature == self.now[uid].signature
        }
        self.names = model_tables.assign_names(new, {**columns, **{u: r.name for u, r in self.back.items()}}, facts.used, self.renewed)
        self.tables = model_tables.build(new, self.names)

    def plan(self) -> ops.Plan:
        return ops.Plan(
            (
                *self.renames(),
                *self.new_tables(),
                *self.new_columns(),
                *self.conversions(),
                *self.drop_indexes(),
                *self.gone(),
                *self.create_indexes(),
                *self.options_gone(),
                *self.required(),
                *self.fills(),
            ),
            self.names,
        )

    # --- names ------------------------------------------------------------------------------------------------

    def renames(self) -> Iterator[ops.Operation]:
        if self.old is None:
            return
        for uid, element in self.new.by_uid.items():
            before = self.old.by_uid.get(uid)
            if before is not None and before.key != element.key and isinstance(element, (Entity, Field)) and uid in self.now:
                yield ops.Rename(uid, element.label, before.key, element.key)

    # --- what is new ------------------------------------------------------------------------------------------

    def new_tables(self) -> Iterator[ops.Operation]:
        for uid, at in self.now.items():
            if at.what and (uid not in self.was or uid in self.renewed):
                kind = ops.RestoreTable if uid in self.back else ops.CreateTable
                yield kind(uid, at.element.label, self.names[uid], at.what)

    def new_columns(self) -> Iterator[ops.Operation]:
        for uid, at in self.now.items():
            if at.what or uid in self.was or not at.signature:
                continue
            if (at.parent not in self.was and at.parent not in self.back) or at.parent in self.renewed:
                continue  # comes with its table
            kind = ops.RestoreColumns if uid in self.back else ops.AddColumns
            yield kind(uid, at.element.label, self.names[at.parent], self._columns(at), at.place)

    def conversions(self) -> Iterator[ops.Operation]:
        for uid in sorted(self.renewed):
            before, at = self.was[uid], self.now[uid]
            if at.what or not at.signature:
                continue
            way = self._way(before, at)
            if way is not None:
                old, new = _field(before), _field(at)
                yield ops.ConvertColumns(
                    uid,
                    new.label,
                    self.names[at.parent],
                    _column_names(before, self.columns[uid]),
                    self._columns(at),
                    old.place,
                    old.key,
                    old.type,
                    new.type,
                    at.place,
                    way.destructive,
                    way.explain,
                )
            else:
                yield ops.AddColumns(uid, at.element.label, self.names[at.parent], self._columns(at), at.place)

    def _way(self, before: _Stored, at: _Stored) -> Conversion | None:
        """How old values come into the new columns; None when they don't, or are worked out anew."""
        if before.what or at.what or not before.signature or not at.signature or before.parent not in self.now or before.parent in self.renewed:
            return None
        if fieldtypes.of(_field(at)).derived:
            return None
        found = conversion(_field(before), _field(at))
        return found if found.kind != "impossible" else None

    def _columns(self, at: _Stored) -> tuple[str, ...]:
        return _column_names(at, self.names[at.element.uid])

    # --- what is gone -----------------------------------------------------------------------------------------

    def gone(self) -> Iterator[ops.Operation]:
        for uid, before in self.was.items():
            if uid in self.now and uid not in self.renewed:
                continue
            if uid in self.renewed and self._way(before, self.now[uid]) is not None:
                continue  # the conversion hides the old columns
            if before.what:
                key = (
                    before.element.key
                    if isinstance(before.element, Entity)
                    else f"{_field(before).entity}.{before.element.key}"
                    if before.what == "rows"
                    else ""
                )
                yield ops.RetireTable(uid, before.element.label, self.columns[uid], before.what, key)
            elif before.signature and before.parent in self.now and before.parent not in self.renewed:
                element = _field(before)
                yield ops.RetireColumns(
                    uid,
                    element.label,
                    self.columns[before.parent],
                    _column_names(before, self.columns[uid]),
                    before.place,
                    element.place,
                    element.key,
                    uid in self.now and fieldtypes.of(element).derived and fieldtypes.of(_field(self.now[uid])).derived,
                )

    def options_gone(self) -> Iterator[ops.Operation]:
        if self.old is None:
            return
        for uid, at in self.was.items():
            after = self.now.get(uid)
            if not isinstance(at.element, Field) or after is None or at.element.type not in ("choice", "choices") or not isinstance(after.element, Field):
                continue
            kept = {o.key for o in _options(self.new, after.element)}
            for option in _options(self.old, at.element):
                if option.key not in kept:
                    yield ops.OptionGone(uid, option.label, at.element.place, at.element.key, option.key, at.element.label)
        for machine in self.old.machines:
            now = self.new.by_uid.get(machine.uid)
            if isinstance(now, Machine):
                kept = {s.key for s in now.states}
                for state in machine.states:
                    if state.key not in kept:
                        yield ops.OptionGone(machine.uid, state.label, machine.entity, None if machine.first else machine.key, state.key, machine.label)

    # --- indexes ----------------------------------------------------------------------------------------------

    def _old_indexes(self) -> Mapping[str, tuple[Index, str]]:
        return wanted(self.old, model_tables.build(self.old, self.columns)) if self.old is not None else {}

    def drop_indexes(self) -> Iterator[ops.Operation]:
        now = wanted(self.new, self.tables)
        for name, (index, uid) in sorted(self._old_indexes().items()):
            if name not in now:
                yield ops.DropIndex(uid, self._label(uid), index)

    def create_indexes(self) -> Iterator[ops.Operation]:
        before = self._old_indexes()
        for name, (index, uid) in sorted(wanted(self.new, self.tables).items()):
            if name not in before:
                element = self.new.by_uid.get(uid)
                was = self.old.by_uid.get(uid) if self.old is not None else None
                # Only a field that has data can hold doubled values.
                unique = index.unique and isinstance(element, Field) and isinstance(was, Field)
                yield ops.CreateIndex(uid, self._label(uid), index, was.place if unique else "", was.key if unique else "")  # type: ignore[union-attr]

    def _label(self, uid: str) -> Labels:
        found = self.new.by_uid.get(uid) or (self.old.by_uid.get(uid) if self.old is not None else None)
        return found.label if found is not None else Labels({}, uid)

    # --- data -------------------------------------------------------------------------------------------------

    def required(self) -> Iterator[ops.Operation]:
        if self.old is None:
            return
        for uid, element in self.new.by_uid.items():
            if not isinstance(element, Field) or not element.required or not element.entity or uid in self.back:
                continue
            before = self.old.by_uid.get(uid)
            entity = self.new.entities.get(element.entity)
            if entity is None or self.old.by_uid.get(entity.uid) is None:
                continue  # a new entity has no records
            if not isinstance(before, Field):
                yield ops.NeedsFill(uid, element.label, element.place, "")
            elif not before.required:
                yield ops.NeedsFill(uid, element.label, before.place, before.key)

    def fills(self) -> Iterator[ops.Operation]:
        """Derived fields that are new, whose formula or type changed, or that read a parameter with another value;
        those that read them are worked out with them."""
        if self.old is None:
            return
        moved = {key for key, parameter in self.new.parameters.items() if key not in self.old.parameters or self.old.parameters[key].value != parameter.value}
        for entity in self.new.entities.values():
            was = self.old.by_uid.get(entity.uid)
            if not isinstance(was, Entity):
                continue
            for item in (*entity.fields, *(f for rows in entity.fields for f in rows.fields)):
                type_ = fieldtypes.find(item.type)
                if type_ is None or not type_.derived or not type_.stored:
                    continue
                before = self.old.by_uid.get(item.uid)
                changed = not isinstance(before, Field) or before.type != item.type or before.settings != item.settings
                if changed or (moved and self._reads_parameter(item, moved)):
                    key = item.key if item.parent_field is None else f"{item.parent_field}.{item.key}"
                    yield ops.Fill(item.uid, item.label, entity.key, (key,))

    def _reads_parameter(self, field: Field, keys: set[str]) -> bool:
        """Whether a formula of the field reads one of these parameters."""
        schema = self.new.schema
        found = (schema.expression(field, name) for name in schema.formulas(field))
        return any(path[0] == "param" and path[1] in keys for expression in found if expression is not None for path in expression.reads)


@dataclass(frozen=True)
class _Stored:
    """An element with a table or columns. ``parent``: uid of the element whose table the columns are in."""

    element: Element
    signature: str
    what: Literal["", "entity", "rows", "links"] = ""  # entity, rows, links: has a table of its own
    parent: str = ""
    suffixes: tuple[str, ...] = ()
    place: Labels = field(default_factory=lambda: Labels({}, ""))


def _stored(application: Application) -> dict[str, _Stored]:
    found: dict[str, _Stored] = {}

    def fields(items: tuple[Field, ...], parent: Element) -> None:
        for item in items:
            kept = signature(item, application)
            if not kept:
                continue
            if kept in ("rows", "references"):
                found[item.uid] = _Stored(item, kept, "rows" if kept == "rows" else "links", parent.uid, place=parent.label)
                if kept == "rows":
                    fields(item.fields, item)
            else:
                suffixes = tuple(c.suffix for c in fieldtypes.of(item).columns(item, application.schema))
                found[item.uid] = _Stored(item, kept, "", parent.uid, suffixes, parent.label)

    for entity in application.entities.values():
        found[entity.uid] = _Stored(entity, "entity", "entity")
        fields(entity.fields, entity)
    return found


def _stays(before: _Stored, at: _Stored) -> bool:
    """Whether table or columns serve on as they are."""
    if before.signature != at.signature:
        return False
    old, new = before.element, at.element
    if not isinstance(old, Field) or not isinstance(new, Field) or (old.type == new.type and old.settings == new.settings):
        return True
    kind = conversion(old, new).kind
    if kind == "impossible":
        return False
    # Of the same type only the rules changed (options that are gone stay as keys); texts are texts.
    return kind == "same" or old.type == new.type or {old.type, new.type} <= {"text", "long_text"}


def _column_names(at: _Stored, first: str) -> tuple[str, ...]:
    return tuple(first + suffix for suffix in at.suffixes)


def _field(at: _Stored) -> Field:
    assert isinstance(at.element, Field)
    return at.element


def _options(application: Application, item: Field) -> tuple[Element, ...]:
    found = application.option_sets.get(str(item.settings.get("options")))
    return found.options if found is not None else ()


def used_names(application: Application, columns: Mapping[str, str], retired: Mapping[str, Collection[str]]) -> dict[str, set[str]]:
    """``Facts.used`` of a release and of what was hidden before it."""
    found: dict[str, set[str]] = {table: set(names) for table, names in retired.items()}
    tables: Tables = model_tables.build(application, columns)
    for entity in tables:
        for table in entity.all_tables:
            found.setdefault(table.name, set()).update(c.name for c in table.columns)
    return found
