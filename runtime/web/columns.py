"""Columns of lists and the cells in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from flask import current_app
from markupsafe import Markup

from kernel import fieldtypes
from kernel.errors import Message
from kernel.i18n import _
from kernel.model.elements import Entity, Machine, View
from kernel.permissions import rights_of
from kernel.platform.ctx import Ctx
from kernel.web.rendering import tone_of
from runtime.forms.prepare import Prepared, prepared
from runtime.forms.shown import Surroundings, display, state_category
from runtime.forms.when import moment_words
from runtime.records import query
from runtime.web.filters import SYSTEM

USUAL = 6


@dataclass(frozen=True, slots=True)
class Column:
    """A column: a field of the record, of a record it refers to (``path``), or a system value."""

    path: tuple[str, ...]
    label: Message
    prepared: Prepared | None = None
    sortable: bool = False
    end: bool = False

    @property
    def key(self) -> str:
        return ".".join(self.path)


def columns_of(
    ctx: Ctx, entity: Entity, view: View | None, machine: Machine | None, readable: frozenset[str], chosen: Sequence[str] = ()
) -> list[Column]:
    """The columns that were chosen, else the view's, as far as the reader may read them; a sensible choice where neither names any."""
    names = list(chosen) or (list(view.columns) if view is not None and view.columns else _usual(entity, machine))
    found = [column for name in names if (column := column_of(ctx, entity, name, machine, readable)) is not None]
    return found


def _usual(entity: Entity, machine: Machine | None) -> list[str]:
    in_title = {f.key for f in entity.fields if "{" + f.key + "}" in entity.title}
    names = ["state"] if machine is not None else []
    for field in entity.fields:
        if field.key in in_title or field.type not in fieldtypes.BUILTIN or len(names) >= USUAL:
            continue
        type_ = fieldtypes.of(field)
        if type_.wide or type_.group == "file" or field.type in ("rows", "referring", "references", "long_text"):
            continue
        names.append(field.key)
    return [*names, "owner", "updated_at"]


def column_of(ctx: Ctx, entity: Entity, name: str, machine: Machine | None, readable: frozenset[str]) -> Column | None:
    """The column with this name, or None for what the reader may not read or what is not there."""
    path = tuple(name.split("."))
    if len(path) > 1:
        return _through(ctx, entity, path, readable)
    field = entity.by_key.get(name)
    if field is not None:
        if name not in readable or field.type not in fieldtypes.BUILTIN or field.type in ("referring",):
            return None
        p = prepared(ctx, field)
        return Column(path, p.label, p, p.type.sortable and p.type.stored, p.end)
    if name == "state" and machine is None:
        return None
    if name == "state_since" and machine is not None:
        return Column(path, _("In this state since"), None, True)
    if name in SYSTEM:
        return Column(path, SYSTEM[name][1], None, name in ("state", "created_at", "updated_at"))
    return None


def _through(ctx: Ctx, entity: Entity, path: tuple[str, ...], readable: frozenset[str]) -> Column | None:
    if path[0] not in readable or len(path) > 2:
        return None
    field = ctx.app.schema.field_at(entity.key, path)
    if field is None or field.type not in fieldtypes.BUILTIN or field.type in ("rows", "referring"):
        return None
    target = rights_of(ctx.release, ctx.actor).entity(field.entity)
    if not target.any("read") or path[1] not in target.readable_ever():
        return None
    p = prepared(ctx, field)
    return Column(path, p.label, p, False, p.end)


def full_label(entity: Entity, column: Column) -> Message:
    """A column in words; one that goes through a reference names the reference first."""
    if len(column.path) == 1:
        return column.label
    head = entity.by_key.get(column.path[0])
    return _("{reference} › {field}", reference=head.label if head else SYSTEM[column.path[0]][1], field=column.label)


def cell(ctx: Ctx, column: Column, record: Any, readable: frozenset[str], machine: Machine | None, around: Surroundings, extra: Any = None) -> str | Markup:
    """What stands in a cell."""
    if column.prepared is not None:
        if len(column.path) > 1:
            return display(column.prepared, (extra or {}).get(column.key), around, near=True)
        return display(column.prepared, record.values.get(column.key), around, near=True) if column.key in readable else ""
    if column.key == "state":
        return state_pill(ctx, machine, record.state)
    if column.key in ("owner", "team"):
        id_ = record.owner if column.key == "owner" else record.team
        label = around.reader.label(id_) if id_ else None
        return person(label, id_) if column.key == "owner" and label else label or ""
    return moment_words(getattr(record, column.key), around.reader)


def state_pill(ctx: Ctx, machine: Machine | None, key: str | None) -> str | Markup:
    """The state as a pill with its colour and words."""
    state = machine.by_key.get(key) if machine is not None and key else None
    if state is None or machine is None:
        return key or ""
    return _pill(state.label.to(ctx.language), state_category(state, machine.start))


def person(name: str, id_: str | None) -> Markup:
    """A person with their mark."""
    return _person(name, tone_of(id_ or name))


def avatar(name: str, id_: str | None) -> Markup:
    """A person's mark alone."""
    return _avatar(name, tone_of(id_ or name))


def badge(text: str, tone: str) -> Markup:
    """Words on a colour."""
    return Markup(_marks().badge(text, tone))  # noqa: S704 - our own macro


# The same few states and people stand in every row: each is drawn once.
@lru_cache(maxsize=1024)
def _pill(label: str, category: str) -> Markup:
    return Markup(_marks().state_pill(label, category))  # noqa: S704 - our own macro


@lru_cache(maxsize=4096)
def _person(name: str, tone: int) -> Markup:
    return Markup(_marks().person(name, None, tone))  # noqa: S704 - our own macro


@lru_cache(maxsize=4096)
def _avatar(name: str, tone: int) -> Markup:
    return Markup(_marks().avatar(name, tone))  # noqa: S704 - our own macro


def _marks() -> Any:
    return current_app.jinja_env.get_template("components/marks.html").module


def keys(columns: Sequence[Column]) -> tuple[str, ...]:
    """The record's own fields that the columns need."""
    return tuple(dict.fromkeys(c.path[0] for c in columns if c.prepared is not None))


def looked_up(ctx: Ctx, entity: Entity, columns: Sequence[Column], records: Sequence[Any]) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """Values of columns that go through one reference, by record and column, and the labels in them: one statement per reference."""
    found: dict[str, dict[str, Any]] = {}
    labels: dict[str, str] = {}
    for head in dict.fromkeys(c.path[0] for c in columns if len(c.path) == 2):
        field = entity.by_key.get(head)
        target = prepared(ctx, field).refers_to if field is not None else None
        ids = list(dict.fromkeys(v for r in records if isinstance(v := r.values.get(head), str)))
        if target is None or not ids:
            continue
        wanted = [c for c in columns if len(c.path) == 2 and c.path[0] == head]
        listing = query.list_records(ctx, target, query.ListQuery(ids=ids, fields=tuple(c.path[1] for c in wanted), limit=len(ids)))
        by_id = {item.record.id: item for item in listing.items}
        labels.update(listing.labels)
        for record in records:
            item = by_id.get(record.values.get(head) or "")
            if item is not None:
                found.setdefault(record.id, {}).update({c.key: item.record.values.get(c.path[1]) for c in wanted if c.path[1] in item.readable})
    return found, labels
