"""What goes to the bin together, and what stands against it: the references' ``on_delete`` (kernel/fieldtypes/reference.py).

``with`` brings the referring record along, and what refers to that one in turn; all of it is one bundle and comes back
together. ``refuse`` holds the record back while something outside of the bundle refers to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, case, func, select

from kernel.errors import Invalid, Problem
from kernel.i18n import _
from kernel.model.elements import Field
from kernel.permissions import rights_of
from kernel.platform.ctx import Ctx
from runtime.records import store
from runtime.records.shape import shape_of
from runtime.records.sqlscope import RecordScope

MOST = 2000
"""Records that may go to the bin in one act."""

Key = tuple[str, str]
"""Entity and id."""


class InUse(Invalid):
    """Others refer to the record and hold it back. ``problems[].data`` names entity, field, ids and the number that may be seen."""

    status, code = 409, "in_use"
    message = _("This can't be deleted now.")


@dataclass
class Bundles:
    """Which records go, by which reference they came along, and which of them belong together."""

    via: dict[Key, str | None] = field(default_factory=dict)
    _at: dict[Key, int] = field(default_factory=dict)
    _head: dict[Key, Key] = field(default_factory=dict)

    def add(self, key: Key, via: str | None = None) -> bool:
        """Take a record in; False when it is in already."""
        if key in self.via:
            return False
        self.via[key], self._head[key], self._at[key] = via, key, len(self._at)
        return True

    def head(self, key: Key) -> Key:
        """What stands for the bundle that a record belongs to: of those deleted by hand the first."""
        while self._head[key] != key:
            key = self._head[key]
        return key

    def join(self, one: Key, other: Key) -> None:
        """Both belong together, and with them whatever belongs to either."""
        first, second = sorted((self.head(one), self.head(other)), key=self._at.__getitem__)
        self._head[second] = first

    def by_entity(self) -> dict[str, list[str]]:
        """Ids by entity, in the order in which they came."""
        found: dict[str, list[str]] = {}
        for entity, id_ in self.via:
            found.setdefault(entity, []).append(id_)
        return found


def gather(ctx: Ctx, entity: str, ids: Sequence[str]) -> Bundles:
    """What goes with these records. Raises InUse when something stands against it, or when it is too much at once."""
    found = Bundles()
    for id_ in ids:
        found.add((entity, id_))
    waiting: dict[str, list[str]] = {entity: list(ids)}
    while waiting:
        target, level = waiting.popitem()
        for via in _held(ctx, target, "with"):
            for id_, held in _holders(ctx, via, level):
                if found.add((via.entity, id_), via.uid):
                    waiting.setdefault(via.entity, []).append(id_)
                found.join((target, held), (via.entity, id_))
            if len(found.via) > MOST:
                raise InUse([Problem(
                    "too_many", _("More than {n} records would go to the bin with it.", n=MOST), "", _("Delete some of them first."), f"{via.uid}#on_delete")])
    problems = [p for target, level in found.by_entity().items() for via in _held(ctx, target, "refuse") if (p := _against(ctx, via, target, level, found))]
    if problems:
        raise InUse(problems)
    return found


def _held(ctx: Ctx, entity: str, what: str) -> list[Field]:
    return [f for f in ctx.app.held.get(entity, ()) if f.settings.get("on_delete") == what]


def _pointing(ctx: Ctx, via: Field, ids: list[str]) -> tuple[Any, ColumnElement[str], list[ColumnElement[bool]]]:
    """The holder's id column, the column that points, and the conditions for live holders of ``ids``."""
    shape = shape_of(ctx.release, via.entity)
    table = shape.table
    live: list[ColumnElement[bool]] = [table.c.deleted_at.is_(None)]
    if via.parent_field:
        rows = shape.rows[via.parent_field]
        live.append(rows.table.c.record_id == table.c.id)
        if via.key in rows.links:
            link = rows.links[via.key]
            live.append(link.c.record_id == rows.table.c.id)
            return table.c.id, link.c.target_id, [link.c.target_id.in_(ids), *live]
        column = rows.fields[via.key].columns[0]
    elif via.key in shape.links:
        link = shape.links[via.key]
        live.append(link.c.record_id == table.c.id)
        column = link.c.target_id
    else:
        column = shape.fields[via.key].columns[0]
    return table.c.id, column, [column.in_(ids), *live]


def _holders(ctx: Ctx, via: Field, ids: Sequence[str]) -> list[Key]:
    """Live records that refer to one of ``ids`` through ``via``, each with what it refers to."""
    found: list[Key] = []
    for chunk in store.chunks(ids):
        id_, column, conditions = _pointing(ctx, via, chunk)
        found += [(row[0], row[1]) for row in ctx.conn.execute(select(id_, column).where(*conditions).order_by(id_).limit(MOST + 1))]
    return found


def _against(ctx: Ctx, via: Field, target: str, ids: Sequence[str], found: Bundles) -> Problem | None:
    """What refers to these records and does not go with them. Only visible ones are counted (D11)."""
    shape = shape_of(ctx.release, via.entity)
    going = [id_ for entity, id_ in found.via if entity == via.entity]
    seen = rights_of(ctx.release, ctx.actor).where("read", via.entity, RecordScope(ctx, shape, shape.table))
    total = visible = 0
    held: list[str] = []
    for chunk in store.chunks(ids):
        id_, column, conditions = _pointing(ctx, via, chunk)
        if going:
            conditions.append(id_.not_in(going))
        query = select(column, func.count(id_.distinct()), func.count(case((seen, id_)).distinct())).where(*conditions).group_by(column)
        for pointed, all_, visible_ in ctx.conn.execute(query):
            total, visible = total + all_, visible + visible_
            held.append(pointed)
    if not total:
        return None
    label = ctx.app.entities[via.entity].label
    message = (
        _("{n} × {label} still refer to it (“{field}”).", n=visible, label=label, field=via.label)
        if visible == total
        else _("{n} × {label} still refer to it (“{field}”), and others that you may not see.", n=visible, label=label, field=via.label)
        if visible
        else _("Something that you may not see still refers to it.")
    )
    hint = _("Delete them, or let them refer to something else.") if visible else _("Ask somebody with more rights.")
    # The list of them is reached through the reference; rows' references can't be filtered by.
    data = {"entity": via.entity, "field": via.key, "ids": held, "count": visible, "target": target} if visible and not via.parent_field else {"target": target}
    return Problem("in_use", message, "", hint, f"{via.uid}#on_delete", data)


def decided(ctx: Ctx, entity: str, ids: Sequence[str]) -> Mapping[str, tuple[bool, bool]]:
    """Of records that are there: may they be read, may they be deleted, by the actor's rights; one statement per 500."""
    shape, rights = shape_of(ctx.release, entity), rights_of(ctx.release, ctx.actor)
    scope = RecordScope(ctx, shape, shape.table)
    flags = [case((rights.where(action, entity, scope), 1), else_=0) for action in ("read", "delete")]
    found = {}
    for chunk in store.chunks(ids):
        for id_, read, delete in ctx.conn.execute(select(shape.table.c.id, *flags).where(shape.table.c.id.in_(chunk))):
            found[id_] = (bool(read), bool(read) and bool(delete))
    return found
