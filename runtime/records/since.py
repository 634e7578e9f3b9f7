"""What happened to a record since a version somebody looked at: the values as they were, who changed which, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select

from kernel.fieldtypes.base import Unreadable
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.records import changelog
from runtime.records.record import Record, Row
from runtime.records.shape import EntityShape, FieldShape, shape_of

LOOK_BACK = 500
_SYSTEM = frozenset({changelog.OWNER, changelog.TEAM, changelog.STATE})


@dataclass(frozen=True, slots=True)
class Since:
    """``before``: the values of the changed fields as they were. ``changed``: their keys (and ``owner``, ``team``, ``state``), the latest
    first. ``people``: who changed something, the latest first; ``at``: when last. ``complete``: False when it is too long ago to tell."""

    before: Mapping[str, Any]
    changed: tuple[str, ...]
    people: tuple[str, ...]
    at: datetime | None
    complete: bool = True


def since(ctx: Ctx, record: Record, version: int, without: str | None = None) -> Since:
    """What happened since ``version`` (``without``: what this person did is left out), whatever of it the actor may read: the
    caller leaves the rest out. ``record`` is complete."""
    shape = shape_of(ctx.release, record.entity)
    by_uid = {s.uid: s for s in shape.fields.values()}
    c = t.change_log.c
    query = select(c.changes, c.actor_id, c.at).where(c.entity == record.entity, c.record_id == record.id, c.kind != "derive")
    before: dict[str, Any] = {}
    changed: dict[str, None] = {}
    people: dict[str, None] = {}
    at = None
    entries = ctx.conn.execute(query.order_by(c.seq.desc()).limit(LOOK_BACK)).all()
    for changes, actor, moment in entries:
        if changes["v"] <= version:
            break
        if without is not None and actor == without:
            continue
        at = at or moment
        if actor:
            people[actor] = None
        for item in changes["items"]:
            if item["uid"] in _SYSTEM:
                changed[item["field"]] = None
                continue
            field = by_uid.get(item["uid"])
            if field is None or item.get("erased"):
                continue
            changed[field.key] = None
            if "rows" in item:
                before[field.key] = _rows_before(shape, field, before.get(field.key, record.values.get(field.key) or ()), item["rows"])
            else:
                before[field.key] = _value(field, item.get("from"))
    else:
        return Since(before, tuple(changed), tuple(people), at, len(entries) < LOOK_BACK)
    return Since(before, tuple(changed), tuple(people), at)


def _value(field: FieldShape, raw: Any) -> Any:
    """The value of what was kept as JSON; None for what today's type can't read."""
    if raw is None:
        return None
    try:
        return field.type.parse(field.field, raw)
    except (Unreadable, NotImplementedError):
        return None


def _rows_before(shape: EntityShape, field: FieldShape, after: tuple[Row, ...], items: list[dict[str, Any]]) -> tuple[Row, ...]:
    """The rows without what one change did to them."""
    assert field.rows is not None
    rows = {row.id: row for row in after}
    for item in items:
        cells = {k: _value(field.rows.fields[k], pair[0]) for k, pair in item["fields"].items() if k in field.rows.fields}
        if item["did"] == "added":
            rows.pop(item["id"], None)
        elif item["did"] == "removed":
            rows[item["id"]] = Row(item["id"], len(rows), {**dict.fromkeys(field.rows.fields), **cells})
        elif item["id"] in rows:
            rows[item["id"]] = replace(rows[item["id"]], values={**rows[item["id"]].values, **cells})
    return tuple(rows.values())
