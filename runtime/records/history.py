"""The history of a record for one reader: what they may read now, field by field (D12)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from kernel.permissions import rights_of
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.records import changelog, labels, reading
from runtime.records.shape import EntityShape, FieldShape, shape_of

_CHUNK = 100
_SYSTEM = frozenset({changelog.OWNER, changelog.TEAM, changelog.STATE})


@dataclass(frozen=True, slots=True)
class Entry:
    """One change. ``changes``: ``{"field", "from", "to"}`` or, of rows, ``{"field", "rows": [{"id", "did", "fields"}]}``; references
    are ``{"id", "label"}``. ``reason``: the transition with its answers, or the change elsewhere that it follows from."""

    id: str
    seq: int
    at: datetime
    actor_id: str | None
    actor_name: str | None
    channel: str
    kind: str
    changes: list[dict[str, Any]]
    reason: dict[str, Any] | None


def of(ctx: Ctx, entity: str, id_: str, limit: int = 50, before: str | None = None) -> tuple[Entry, ...]:
    """The changes the actor may know of, newest first; ``before`` is the id of the last entry seen. Raises NotFound."""
    seen = reading.get(ctx, entity, id_)
    below = None
    if before is not None:
        c = t.change_log.c
        below = ctx.conn.execute(select(c.seq).where(c.id == before, c.entity == entity, c.record_id == id_)).scalar()
        if below is None:
            return ()
    rows: list[Raw] = []
    while len(rows) < limit:
        found = chunk(ctx, seen, below=below)
        rows += found.rows
        if found.end is None:
            break
        below = found.end[1]
    rows = rows[:limit]
    wanted = labels.Wanted()
    want(ctx, entity, rows, wanted)
    return named(ctx, entity, rows, labels.resolve(ctx, wanted) if wanted.ids else {})


Raw = tuple[Any, list[dict[str, Any]]]
"""A row of the change log and what of it the reader may see."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one statement found. ``end``: moment and number of the last row looked at, where there are more; else None."""

    rows: list[Raw]
    end: tuple[datetime, int] | None


def chunk(
    ctx: Ctx, seen: reading.Seen, *, below: int | None = None, until: datetime | None = None, kinds: Collection[str] | None = None, by: str | None = None,
    channel: str | None = None,
) -> Chunk:
    """One statement's worth of what the reader may know of, newest first: below a number, or up to a moment; of some kinds, by one person."""
    entity, id_ = seen.record.entity, seen.record.id
    c = t.change_log.c
    query = select(c.id, c.seq, c.at, c.actor_id, c.channel, c.kind, c.changes, c.reason).where(c.entity == entity, c.record_id == id_)
    if below is not None:
        query = query.where(c.seq < below)
    if until is not None:
        query = query.where(c.at <= until)
    if kinds is not None:
        query = query.where(c.kind.in_(sorted(kinds)))
    if by is not None:
        query = query.where(c.actor_id == by)
    if channel is not None:
        query = query.where(c.channel == channel)
    found = ctx.conn.execute(query.order_by(c.seq.desc()).limit(_CHUNK)).all()
    by_uid = {s.uid: s for s in shape_of(ctx.release, entity).fields.values()}
    rows: list[Raw] = []
    for row in found:
        items = [i for item in row.changes["items"] if (i := _visible(item, by_uid, seen.readable)) is not None]
        # An edit of nothing but hidden fields did not happen for this reader.
        if items or row.kind not in ("update", "derive"):
            rows.append((row, items))
    return Chunk(rows, (found[-1].at, found[-1].seq) if len(found) == _CHUNK else None)


def _visible(item: Mapping[str, Any], by_uid: Mapping[str, FieldShape], readable: frozenset[str]) -> dict[str, Any] | None:
    """The item without what the reader may not see; a renamed field bears its name of today."""
    if item["uid"] in _SYSTEM:
        return {"field": item["field"], "from": item.get("from"), "to": item.get("to")}
    field = by_uid.get(item["uid"])
    if field is None or field.key not in readable:
        return None
    if "rows" not in item:
        return {"field": field.key, "from": item.get("from"), "to": item.get("to")}
    rows = []
    for row in item["rows"]:
        cells = {k: v for k, v in row["fields"].items() if f"{field.key}.{k}" in readable}
        if cells or row["did"] in ("added", "removed", "moved"):
            rows.append({"id": row["id"], "did": row["did"], "fields": cells})
    return {"field": field.key, "rows": rows} if rows else None


def want(ctx: Ctx, entity: str, rows: Sequence[Raw], wanted: labels.Wanted) -> None:
    """Whose names these rows need."""
    shape = shape_of(ctx.release, entity)
    for row, items in rows:
        wanted.add("person", row.actor_id)
        for item in items:
            target = _target(shape, item["field"])
            if target and "rows" not in item:
                wanted.add(target, item["from"])
                wanted.add(target, item["to"])
            for inner in item.get("rows", ()):
                for key, pair in inner["fields"].items():
                    for value in pair:
                        wanted.add(_cell_target(shape, item["field"], key), value)


def named(ctx: Ctx, entity: str, rows: Sequence[Raw], names: Mapping[str, str]) -> tuple[Entry, ...]:
    """The rows as entries, with the labels of what they refer to."""
    shape = shape_of(ctx.release, entity)
    access = rights_of(ctx.release, ctx.actor)
    for _row, items in rows:
        for item in items:
            if "rows" not in item and _target(shape, item["field"]):
                item["from"], item["to"] = _with_label(item["from"], names), _with_label(item["to"], names)
            for inner in item.get("rows", ()):
                inner["fields"] = {
                    k: [_with_label(v, names) for v in pair] if _cell_target(shape, item["field"], k) else pair for k, pair in inner["fields"].items()
                }
    return tuple(Entry(r.id, r.seq, r.at, r.actor_id, names.get(r.actor_id or ""), r.channel, r.kind, items, _reason(access, r.reason)) for r, items in rows)


def has_files(ctx: Ctx, entity: str, items: Sequence[Mapping[str, Any]]) -> bool:
    """Whether files came or went with these changes."""
    shape = shape_of(ctx.release, entity)
    return any(
        _target(shape, item["field"]) == labels.FILE
        or any(_cell_target(shape, item["field"], key) == labels.FILE for row in item.get("rows", ()) for key in row["fields"])
        for item in items)


def _reason(access: Any, reason: dict[str, Any] | None) -> dict[str, Any] | None:
    """Why, without naming records of entities the reader may not know of."""
    if not reason:
        return None
    automation = {"automation": reason["automation"]} if "automation" in reason else {}
    for key in ("because", "caused_by"):
        cause = reason.get(key)
        if cause and (cause.get("entity") not in access.app.entities or not access.entity(cause["entity"]).any("read")):
            return automation or None
        if cause and key == "because":
            # Which record it was may be out of sight; that it follows from one of its kind is enough.
            return {key: {"entity": cause.get("entity")}, **automation}
        if cause:
            return {key: {"entity": cause.get("entity")}, **automation}
    if reason.get("evidence"):
        # What counted is said, which event it was only to who may know of such events.
        known = [(one, one.get("event_entity") in access.app.entities and access.entity(one["event_entity"]).any("read")) for one in reason["evidence"]]
        return {"evidence": [one if seen else {k: one[k] for k in ("field", "policy", "level") if k in one} for one, seen in known]}
    return reason


def _target(shape: EntityShape, key: str) -> str | None:
    field = shape.fields.get(key)
    if field is None:
        return {"owner": "person", "team": "team"}.get(key)
    return labels.FILE if field.is_file else field.target


def _cell_target(shape: EntityShape, rows: str, key: str) -> str | None:
    inner = shape.rows[rows].fields.get(key) if rows in shape.rows else None
    return None if inner is None else labels.FILE if inner.is_file else inner.target


def _with_label(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return {"id": value, "label": names.get(value)}
    if isinstance(value, list):
        return [_with_label(v, names) for v in value]
    return value
