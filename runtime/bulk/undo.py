"""Taking back what a job did to one record: the former values, where nobody changed them since. By the record road, like everything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from kernel.errors import NotFound, Stale
from kernel.i18n import _, to_text
from kernel.permissions import rights_of
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.bulk.order import Order
from runtime.bulk.outcome import Outcome, Reason
from runtime.records import changelog, road, several
from runtime.records.record import Input
from runtime.records.shape import shape_of

_NEAR = 200  # entries of a record's history that are looked through


def one(ctx: Ctx, original: Order, id_: str, after: int) -> Outcome:
    """Take back what made version ``after``. Raises Stale where all of it was changed since, and what the road raises."""
    entity = original.entity
    if original.act == "delete":
        # It may have come back with another one that it had gone with.
        here = several.standing(ctx, entity, [id_]).get(id_)
        return Outcome("done", here.version if here else road.restore(ctx, entity, id_).version)
    now = several.held(ctx, entity, id_)
    entry = _entry(ctx, entity, id_, after)
    if now is None or entry is None:
        raise NotFound()
    since = changelog.changed_since(ctx, entity, id_, after)
    if original.act == "assign":
        was = {i["field"]: i["from"] for i in entry if i["field"] in ("owner", "team")}
        if since & set(was):
            raise Stale(now)
        return Outcome("done", road.assign(ctx, entity, id_, version=now, **was).version)
    was = _former(ctx, entity, entry)
    kept = sorted(set(was) & since)
    back = {key: value for key, value in was.items() if key not in since}
    if not back:
        raise Stale(now)
    record = road.update(ctx, entity, id_, Input(back), version=now)
    return Outcome("done", record.version, tuple(_stays(ctx, entity, key) for key in kept))


def _entry(ctx: Ctx, entity: str, id_: str, version: int) -> list[Mapping[str, Any]] | None:
    """What the actor's own job changed when it made ``version``."""
    c = t.change_log.c
    query = select(c.changes).where(
        c.entity == entity, c.record_id == id_, c.actor_id == ctx.actor.person, c.channel == "bulk", c.kind.in_(("update", "assign")))
    for (changes,) in ctx.conn.execute(query.order_by(c.seq.desc()).limit(_NEAR)):
        if changes["v"] == version:
            return [i for i in changes["items"] if not i.get("erased")]
    return None


def _former(ctx: Ctx, entity: str, items: list[Mapping[str, Any]]) -> dict[str, Any]:
    """The values before, as the API takes them: of what people write, so that the rest follows from it."""
    shape = shape_of(ctx.release, entity)
    mine = rights_of(ctx.release, ctx.actor).entity(entity).writable_ever()
    found: dict[str, Any] = {}
    for item in items:
        key = item["field"]
        field = shape.fields.get(key)
        if field is None or not field.writable or key not in mine:
            continue
        if "rows" not in item:
            found[key] = item["from"]
        elif item["rows"] and all(row["did"] == "removed" for row in item["rows"]):
            # Rows went because a rule hid them; no act on many changes rows itself.
            found[key] = [{"fields": {k: was for k, (was, _now) in row["fields"].items() if _writes(field.rows, k)}} for row in item["rows"]]
    return found


def _writes(rows: Any, key: str) -> bool:
    return key in rows.fields and rows.fields[key].writable


def _stays(ctx: Ctx, entity: str, key: str) -> Reason:
    label = ctx.app.entity(entity).field(key).label
    return Reason(to_text(_("“{label}” was changed since and stays as it is.", label=label), ctx.language), None, "", key)
