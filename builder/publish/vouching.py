"""Who answers for an automation: whoever published it in its present wording (SAFETY D36). It runs with at most their rights."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from kernel.jobs import queue
from kernel.model.tree import Tree, children
from kernel.platform import tables as t

PLAN = "automation_plan"


def vouch(conn: Connection, tree: Tree, release_id: int, by: str | None, now: datetime) -> None:
    """Note new and changed automations under the publisher's name; unchanged ones keep theirs, and one that is switched off stays so."""
    wanted = digests(tree)
    a = t.automation.c
    known = {row.uid: row.digest for row in conn.execute(select(a.uid, a.digest))}
    for uid in sorted(set(known) - set(wanted)):
        conn.execute(delete(t.automation).where(a.uid == uid))
    for uid, digest in sorted(wanted.items()):
        values = {"digest": digest, "publisher_id": by, "release_id": release_id, "vouched_at": now}
        if uid not in known:
            conn.execute(insert(t.automation).values(uid=uid, **values))
        elif known[uid] != digest:
            conn.execute(update(t.automation).where(a.uid == uid).values(**values, told_at=None))
    if wanted or known:
        # Those that go by time get their alarms.
        queue.ring(conn, PLAN, now)


def digests(tree: Tree) -> dict[str, str]:
    """Per automation a digest of what it does: everything but the words people read. Notices and comments are part of what it does."""
    below = children(tree)
    found: dict[str, str] = {}
    for node in below.get(None, ()):
        if node.kind != "automation":
            continue
        parts, waiting = [], [node]
        while waiting:
            one = waiting.pop(0)
            parts.append([one.uid, one.slot, one.rank, {k: v for k, v in one.props.items() if k not in ("labels", "help")}])
            waiting.extend(below.get(one.uid, ()))
        found[node.uid] = hashlib.sha256(json.dumps(parts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    return found
