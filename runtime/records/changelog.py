"""The history as it is kept: append-only, one hash chain per record, values outside of the hash as salted digests (D49).

An entry's ``changes`` are ``{"v": version, "salt", "items": [...]}``. An item names a field by key and uid and holds
``from`` and ``to`` as API JSON; of child rows it lists what happened to which row. ``digest`` stands for both values, and
only digests are hashed: a value that must be erased can go, and the chain still holds. So it is with the answers that
came with a step: they stand in ``reason["asks"]``, their digest in ``changes["asks"]``. Erasing takes the salt as well, so
that nobody can find a value by trying.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from kernel.fieldtypes.base import Reader
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from kernel.platform.jsonvalues import canonical
from runtime.records import store
from runtime.records.record import Record, Row
from runtime.records.shape import EntityShape, FieldShape

# The same text as kernel.platform.jsonvalues.canonical; made once, because every field of every change goes through it.
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True).encode

OWNER, TEAM, STATE, ASKS = "#owner", "#team", "#state", "#asks"
Head = tuple[int, str | None]


@dataclass(frozen=True, slots=True)
class Entry:
    """What happened to one record, to be written."""

    record_id: str
    kind: str
    version: int
    items: Sequence[Mapping[str, Any]]
    reason: Mapping[str, Any] | None = None
    head: Head = field(default=(0, None))


def items_of(shape: EntityShape, old: Record | None, new: Record, changed: Iterable[str], reader: Reader) -> list[dict[str, Any]]:
    """The changed fields, then owner, team and state, with the values before and after."""
    found: list[dict[str, Any]] = []
    before: Mapping[str, Any] = old.values if old is not None else {}
    for key in changed:
        shaped = shape.fields.get(key)
        if shaped is None or shaped.virtual or shaped.field.type == "referring":
            continue
        if shaped.rows is not None:
            found.append({"field": key, "uid": shaped.uid, "rows": list(_rows(shaped, before.get(key) or (), new.values.get(key) or (), reader))})
        else:
            found.append({"field": key, "uid": shaped.uid, "from": _json(shaped, before.get(key), reader), "to": _json(shaped, new.values.get(key), reader)})
    for name, uid, was, now in (
        ("owner", OWNER, old and old.owner, new.owner),
        ("team", TEAM, old and old.team, new.team),
        ("state", STATE, old and old.state, new.state),
    ):
        if was != now:
            found.append({"field": name, "uid": uid, "from": was, "to": now})
    return found


def _json(shape: FieldShape, value: Any, reader: Reader) -> Any:
    if value is None:
        return None
    found = shape.type.dump(shape.field, value, reader)
    # Labels change and belong to the reader; the id is what was written.
    if isinstance(found, dict) and set(found) == {"id", "label"}:
        return found["id"]
    if isinstance(found, list) and found and isinstance(found[0], dict) and set(found[0]) == {"id", "label"}:
        return [f["id"] for f in found]
    return found


def _rows(shape: FieldShape, old: Sequence[Row], new: Sequence[Row], reader: Reader) -> Iterable[dict[str, Any]]:
    assert shape.rows is not None
    fields = shape.rows.fields
    before = {row.id: row for row in old}
    after = {row.id for row in new}
    for row in old:
        if row.id not in after:
            yield {
                "id": row.id,
                "did": "removed",
                "fields": {k: [_json(fields[k], v, reader), None] for k, v in row.values.items() if v is not None and k in fields},
            }
    for row in new:
        was = before.get(row.id)
        if was is None:
            yield {
                "id": row.id,
                "did": "added",
                "fields": {k: [None, _json(fields[k], v, reader)] for k, v in row.values.items() if v is not None and k in fields},
            }
            continue
        cells = {
            k: [_json(fields[k], was.values.get(k), reader), _json(fields[k], v, reader)]
            for k, v in row.values.items()
            if k in fields and v != was.values.get(k)
        }
        if cells or row.rank != was.rank:
            yield {"id": row.id, "did": "changed" if cells else "moved", "fields": cells}


def write(ctx: Ctx, shape: EntityShape, entries: Sequence[Entry]) -> None:
    """Append entries, each to the chain of its record, in one statement."""
    rows = []
    now = ctx.now
    because = {"automation": ctx.because.to_json()} if ctx.because is not None else {}
    for entry in entries:
        salt = secrets.token_hex(8)
        items = [{**item, "digest": digest(salt, item)} for item in entry.items]
        changes: dict[str, Any] = {"v": entry.version, "salt": salt, "items": items}
        if entry.reason and entry.reason.get("asks"):
            changes["asks"] = _of_asks(salt, entry.reason["asks"])
        row: dict[str, Any] = {
            "id": ctx.new_id(),
            "entity": shape.key,
            "record_id": entry.record_id,
            "seq": entry.head[0] + 1,
            "at": now,
            "actor_id": ctx.actor.person,
            "channel": ctx.channel,
            "release_id": ctx.release.id,
            "kind": entry.kind,
            "changes": changes,
            "reason": {**because, **(entry.reason or {})} or None,
            "prev_hash": entry.head[1],
        }
        row["hash"] = chained(row)
        rows.append(row)
    ctx.conn.execute(insert(t.change_log), rows)


def digest(salt: str, item: Mapping[str, Any]) -> str:
    """What stands for the values of an item in the chain."""
    values = _encode([item.get("from"), item.get("to"), item.get("rows")])
    return hashlib.sha256(f"{salt}|{item['uid']}|{values}".encode()).hexdigest()[:40]


def _of_asks(salt: str, asks: Any) -> str:
    return digest(salt, {"uid": ASKS, "from": asks})


def chained(row: Mapping[str, Any]) -> str:
    """The hash of an entry: of everything but the values themselves."""
    at: datetime = row["at"]
    covered = [
        row["prev_hash"],
        row["entity"],
        row["record_id"],
        row["seq"],
        at.isoformat(),
        row["actor_id"],
        row["channel"],
        row["release_id"],
        row["kind"],
        row["changes"]["v"],
        [[i["uid"], i["digest"]] for i in row["changes"]["items"]],
        {**(row["reason"] or {}), "asks": row["changes"]["asks"]} if "asks" in row["changes"] else row["reason"],
    ]
    return hashlib.sha256(canonical(covered).encode()).hexdigest()


def verify(ctx: Ctx, entity: str, record_id: str) -> bool:
    """Whether the chain of a record is unbroken and its values are those that were written."""
    c = t.change_log.c
    prev: str | None = None
    for n, row in enumerate(ctx.conn.execute(select(t.change_log).where(c.entity == entity, c.record_id == record_id).order_by(c.seq)).mappings(), 1):
        if row["seq"] != n or row["prev_hash"] != prev or chained(dict(row)) != row["hash"]:
            return False
        changes = row["changes"]
        if "salt" in changes and any(not i.get("erased") and digest(changes["salt"], i) != i["digest"] for i in changes["items"]):
            return False
        if "salt" in changes and "asks" in changes and _of_asks(changes["salt"], (row["reason"] or {}).get("asks")) != changes["asks"]:
            return False
        prev = row["hash"]
    return True


def erase(ctx: Ctx, entity: str, ids: Sequence[str]) -> None:
    """Take every value out of the history of these records; what is left says who did what to which field, and the chain holds.

    Answers written before they had a digest of their own are part of the chain and stay.
    """
    c = t.change_log.c
    for chunk in store.chunks(ids):
        made = []
        for row in ctx.conn.execute(select(c.id, c.changes, c.reason).where(c.entity == entity, c.record_id.in_(chunk))):
            kept = {k: v for k, v in row.changes.items() if k != "salt"}
            kept["items"] = [{"field": i["field"], "uid": i["uid"], "digest": i["digest"], "erased": True} for i in row.changes["items"]]
            reason = {k: v for k, v in row.reason.items() if k != "asks"} if row.reason and "asks" in kept else row.reason
            made.append({"b_id": row.id, "changes": kept, "reason": reason})
        if made:
            ctx.conn.execute(update(t.change_log).where(c.id == bindparam("b_id")), made)


def heads(ctx: Ctx, entity: str, ids: Sequence[str]) -> dict[str, Head]:
    """Number and hash of the last entry of several records."""
    c, later = t.change_log.c, t.change_log.alias().c
    newer = select(later.id).where(later.entity == c.entity, later.record_id == c.record_id, later.seq > c.seq).correlate(t.change_log).exists()
    found: dict[str, Head] = {}
    for chunk in store.chunks(ids):
        query = select(c.record_id, c.seq, c.hash).where(c.entity == entity, c.record_id.in_(chunk), ~newer)
        found.update((row.record_id, (row.seq, row.hash)) for row in ctx.conn.execute(query))
    return found


def changed_since(ctx: Ctx, entity: str, record_id: str, version: int) -> set[str]:
    """Fields (and ``owner``, ``team``, ``state``) that were edited after ``version``."""
    c = t.change_log.c
    query = select(c.changes).where(c.entity == entity, c.record_id == record_id, c.kind != "derive").order_by(c.seq.desc()).limit(200)
    found: set[str] = set()
    for (changes,) in ctx.conn.execute(query):
        if changes["v"] <= version:
            return found
        found.update(i["field"] for i in changes["items"])
    return found
