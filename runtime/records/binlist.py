"""The bin for one reader: what they deleted themselves, and what they may delete anyway; nothing that they may not see (D11, D12).

Bundles stand there once, as the record that was deleted by hand. One statement over all kinds for the rows, one for each of
the things beside them, however many records lie in the bin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal, or_, select, tuple_, union_all

from kernel.errors import BadRequest
from kernel.permissions import EntityRights, rights_of
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.records import labels, retention
from runtime.records.shape import EntityShape, shape_of
from runtime.records.sqlscope import RecordScope
from runtime.records.titles import title_of

PAGE = 50
MOST_PEOPLE = 50


@dataclass(frozen=True, slots=True)
class Asked:
    """What of the bin is wanted. ``after``: moment and id of the last row seen."""

    entity: str | None = None
    person: str | None = None
    since: datetime | None = None
    q: str = ""
    after: tuple[datetime, str] | None = None
    limit: int = PAGE


@dataclass(frozen=True, slots=True)
class Line:
    """A record in the bin. ``mine``: deleted by the reader; ``may``: they may bring it back; ``also``: what else comes back, by kind."""

    entity: str
    id: str
    title: str
    deleted_at: datetime
    deleted_by: str | None
    person: str | None
    until: datetime
    may: bool
    also: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bin:
    """A page of it. ``kinds``: how many rows there are of each kind, ``people``: who deleted them, both whatever kind and person are asked for."""

    lines: tuple[Line, ...]
    kinds: Mapping[str, int]
    people: Mapping[str, str]
    after: tuple[datetime, str] | None


def read(ctx: Ctx, asked: Asked) -> Bin:
    """What the actor may see of the bin, newest first."""
    parts = {e: _rows(ctx, e, asked) for e in ctx.app.entities if rights_of(ctx.release, ctx.actor).entity(e).any("read")}
    if not parts:
        return Bin((), {}, {}, None)
    kinds, people = _beside(ctx, parts, asked)
    wanted = [parts[asked.entity]] if asked.entity in parts else list(parts.values()) if asked.entity is None else []
    if not wanted:
        return Bin((), kinds, {}, None)
    rows = union_all(*wanted).subquery()
    query = select(rows).order_by(rows.c.deleted_at.desc(), rows.c.record_id.desc()).limit(asked.limit + 1)
    if asked.person is not None:
        query = query.where(rows.c.deleted_by == asked.person)
    if asked.after is not None:
        query = query.where(tuple_(rows.c.deleted_at, rows.c.record_id) < tuple_(literal(asked.after[0], t.binned.c.deleted_at.type), literal(asked.after[1])))
    found = ctx.conn.execute(query).all()
    more, found = len(found) > asked.limit, found[: asked.limit]
    bundles = [r.bundle for r in found]
    also, terms = _also(ctx, bundles), _kinds_of(ctx, bundles)
    names = _names(ctx, [(r.entity, r.record_id) for r in found], [r.deleted_by for r in found] + list(people))
    lines = tuple(
        Line(
            r.entity, r.record_id, names[r.record_id], r.deleted_at, r.deleted_by, names.get(r.deleted_by or ""),
            r.deleted_at + retention.term(ctx, terms.get(r.bundle, (r.entity,))), bool(r.may), also.get(r.bundle, {}))
        for r in found
    )
    last = found[-1] if more else None
    return Bin(lines, kinds, {p: names[p] for p in people if p in names}, (last.deleted_at, last.record_id) if last else None)


def _rows(ctx: Ctx, entity: str, asked: Asked) -> Any:
    """The faces of bundles of one kind, as far as the actor may see them."""
    shape, access = shape_of(ctx.release, entity), rights_of(ctx.release, ctx.actor).entity(entity)
    scope = RecordScope(ctx, shape, shape.table)
    b, table = t.binned.c, shape.table
    may = access.where("delete", scope)
    conditions: list[ColumnElement[bool]] = [
        b.entity == entity, b.face.is_(True), b.record_id == table.c.id, table.c.deleted_at.is_not(None), access.where("read", scope),
        or_(b.deleted_by == ctx.actor.person, may),
    ]
    if asked.since is not None:
        conditions.append(b.deleted_at >= asked.since)
    if asked.q.strip():
        conditions.append(_titled(shape, access, asked.q))
    columns = (b.entity, b.record_id, b.bundle, b.deleted_at, b.deleted_by, case((may, 1), else_=0).label("may"))
    return select(*columns).where(*conditions)


def _titled(shape: EntityShape, access: EntityRights, q: str) -> ColumnElement[bool]:
    """Every word stands in a text of the title that the reader may search in (D6)."""
    keys = [k for k in title_of(shape).keys if k in access.queryable]
    texts = [shape.fields[k].columns[0] for k in keys if shape.fields[k].stored_as.type in ("text", "auto_number", "email", "phone") and shape.fields[k].columns]
    if not texts:
        return literal(False)
    return and_(*(or_(*(c.icontains(word, autoescape=True) for c in texts)) for word in q.split()[:8]))


def _beside(ctx: Ctx, parts: Mapping[str, Any], asked: Asked) -> tuple[dict[str, int], list[str]]:
    """How many there are of each kind, and whose deletions they are, in one statement."""
    rows = union_all(*parts.values()).subquery()
    found = ctx.conn.execute(select(rows.c.entity, rows.c.deleted_by, func.count()).group_by(rows.c.entity, rows.c.deleted_by)).all()
    kinds: dict[str, int] = {}
    for entity, person, n in found:
        if asked.person is None or person == asked.person:
            kinds[entity] = kinds.get(entity, 0) + n
    people = sorted({person for _e, person, _n in found if person})[:MOST_PEOPLE]
    return kinds, people


def _also(ctx: Ctx, bundles: Sequence[str]) -> dict[str, dict[str, int]]:
    """What went along with these, by bundle and kind: only what the reader may see is counted."""
    rights = rights_of(ctx.release, ctx.actor)
    b = t.binned.c
    parts = []
    for entity in ctx.app.entities if bundles else ():
        access = rights.entity(entity)
        if access.any("read"):
            shape = shape_of(ctx.release, entity)
            seen = access.where("read", RecordScope(ctx, shape, shape.table))
            query = select(b.bundle, b.entity, func.count().label("n")).where(
                b.bundle.in_(bundles), b.entity == entity, b.face.is_(False), b.record_id == shape.table.c.id, seen)
            parts.append(query.group_by(b.bundle, b.entity))
    found: dict[str, dict[str, int]] = {}
    for bundle, entity, n in ctx.conn.execute(union_all(*parts)) if parts else ():
        found.setdefault(bundle, {})[entity] = n
    return found


def _kinds_of(ctx: Ctx, bundles: Sequence[str]) -> dict[str, list[str]]:
    """All kinds in these bundles: they decide how long it is kept."""
    b = t.binned.c
    found: dict[str, list[str]] = {}
    if bundles:
        for bundle, entity in ctx.conn.execute(select(b.bundle, b.entity).where(b.bundle.in_(bundles)).distinct()):
            found.setdefault(bundle, []).append(entity)
    return found


def _names(ctx: Ctx, keys: Sequence[tuple[str, str]], people: Sequence[str | None]) -> dict[str, str]:
    wanted = labels.Wanted()
    for entity, id_ in keys:
        wanted.add(entity, id_)
    for person in people:
        wanted.add("person", person)
    found = labels.resolve(ctx, wanted, marked=False)
    return {**{i: f"{ctx.app.entities[e].label.to(ctx.language)} {i[-6:]}" for e, i in keys}, **found}


def cursor_of(after: tuple[datetime, str]) -> str:
    """The end of a page, for an address."""
    return f"{after[0].isoformat()}~{after[1]}"


def read_cursor(text: str) -> tuple[datetime, str]:
    """Raises BadRequest for what is none."""
    at, _sep, id_ = text.partition("~")
    try:
        moment = datetime.fromisoformat(at)
    except ValueError as error:
        raise BadRequest() from error
    if moment.tzinfo is None or not id_:
        raise BadRequest()
    return moment, id_
