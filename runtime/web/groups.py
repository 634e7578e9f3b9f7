"""What records are grouped by on a board or timeline: states, choices, yes and no, people, other records. Columns, filters and drops follow from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from kernel.errors import Message
from kernel.fieldtypes.options import options_of
from kernel.i18n import _
from kernel.model.elements import Entity, Field, Machine
from kernel.platform.ctx import Ctx
from runtime.forms.prepare import Prepared, prepared
from runtime.forms.shown import state_category
from runtime.records import query, summing
from runtime.records.labels import Wanted, resolve
from runtime.records.query import ListQuery
from runtime.web.filters import quoted

BLANK = "-"
MOST_COLUMNS = 30


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its key in addresses, the value it stands for (None: blank), its words and look."""

    key: str
    value: Any
    label: Message
    final: bool = False
    category: str = "idle"


@dataclass(frozen=True)
class Grouping:
    """How the records of an entity are grouped for one reader. ``key``: a machine's column, a field, or owner."""

    ctx: Ctx
    entity: Entity
    key: str

    @cached_property
    def machine(self) -> Machine | None:
        """The state machine whose states are the columns."""
        return next((m for m in self.ctx.app.machines_of(self.entity.key) if m.column == self.key), None)

    @cached_property
    def field(self) -> Field | None:
        return None if self.machine is not None else self.entity.by_key.get(self.key)

    @cached_property
    def prepared(self) -> Prepared | None:
        return prepared(self.ctx, self.field) if self.field is not None else None

    @property
    def kind(self) -> str:
        """state, choice, boolean, or record (people and teams too)."""
        if self.machine is not None:
            return "state"
        if self.prepared is None:
            return "record"
        return {"choice": "choice", "boolean": "boolean"}.get(self.prepared.shape.type, "record")

    @property
    def writable(self) -> bool:
        """Whether a drop can change it: what is worked out can't be set."""
        return self.prepared is None or self.prepared.type.writable

    def columns(self, asked: ListQuery) -> list[Column]:
        """The columns. States, options and yes/no stand in the metadata; people and records are those that visible records have."""
        if self.machine is not None:
            start = self.machine.start
            return [Column(s.key, s.key, s.label, s.category != "open", state_category(s, start)) for s in self.machine.states]
        blank = Column(BLANK, None, _("Not filled in"))
        if self.kind == "choice":
            assert self.prepared is not None
            options = [o for o in options_of(self.prepared.shape) if not getattr(o, "retired", False)]
            return [*(Column(o.key, o.key, o.label) for o in options), *([] if self.field is not None and self.field.required else [blank])]
        if self.kind == "boolean":
            return [Column("yes", True, _("Yes")), Column("no", False, _("No")), blank]
        return self._of_records(asked, blank)

    def _of_records(self, asked: ListQuery, blank: Column) -> list[Column]:
        found = summing.values_of(self.ctx, self.entity.key, self.key, asked, MOST_COLUMNS)
        named = self.labels(found)
        columns = [Column(v, v, named.get(v) or _("Somebody or something you may not see")) for v in found if v]
        columns.sort(key=lambda c: str(c.label) if isinstance(c.label, str) else "￿")
        return [*columns, *([blank] if None in found or not columns else [])]

    def labels(self, ids: Sequence[Any]) -> dict[str, str]:
        """The names of people or records, in one statement."""
        wanted = Wanted()
        wanted.add(self.target, tuple(i for i in ids if isinstance(i, str)))
        return dict(resolve(self.ctx, wanted))

    @property
    def target(self) -> str | None:
        """The entity whose records the columns are."""
        if self.kind != "record":
            return None
        return self.prepared.refers_to if self.prepared is not None else {"owner": "person", "team": "team"}.get(self.key)

    def value_of(self, column: str) -> Any:
        """What a column's key stands for. Raises KeyError where there is no such column."""
        if self.machine is not None:
            return self.machine.by_key[column].key
        if column == BLANK:
            return None
        if self.kind == "boolean":
            return {"yes": True, "no": False}[column]
        return column[:200]

    def key_of(self, record: Any) -> str:
        """The column in which a record stands."""
        value = self.held(record)
        if value is None:
            return BLANK
        return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)

    def held(self, record: Any) -> Any:
        """What a record has there."""
        if self.machine is not None and self.machine.first:
            return record.state
        if self.machine is not None:
            return (record.states.get(self.machine.key) or (record.values.get(self.machine.key), None))[0]
        return record.owner if self.field is None else record.values.get(self.key)

    def condition(self, column: str) -> str:
        """The records of a column, as a condition. Raises KeyError."""
        value = self.value_of(column)
        if value is None:
            return f"ISBLANK({self.key})"
        if isinstance(value, bool):
            return f"{self.key} = {'TRUE' if value else 'FALSE'}"
        if self.kind == "record":
            return f"{self.key}.id = {quoted(value)}"
        return f"{self.key} = {quoted(value)}"


def whole(asked: Any) -> ListQuery:
    """The list without its order and page: for what is counted over all of it. Raises Unreadable, Invalid."""
    text = asked.condition
    return ListQuery(where=query.read_where(asked.ctx, asked.entity.key, text) if text else None, q=asked.q)
