"""What happened to a record: its changes and what people wrote beside it, newest first, in pages of a fixed number of statements."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from kernel.errors import BadRequest
from kernel.fieldtypes.ids import is_id
from kernel.i18n import _, to_text
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.forms.shown import Surroundings
from runtime.records import history, labels, reading
from runtime.talk import thread
from runtime.web import remarks
from runtime.web.entries import line, value_of

__all__ = ["Asked", "page", "read", "value_of"]

PAGE = 20
FOLD_WITHIN = timedelta(minutes=1)
SHOWS = {"all": _("All"), "changes": _("Changes"), "comments": _("Comments"), "steps": _("Steps"), "files": _("Files"), "automations": _("By itself")}
_KINDS: Mapping[str, frozenset[str] | None] = {
    "all": None, "changes": frozenset({"create", "update", "assign", "delete", "restore", "derive"}), "steps": frozenset({"transition", "approval"}),
    "files": frozenset({"create", "update", "transition"}), "comments": frozenset(), "automations": None,
}
_CURSOR = re.compile(r"([0-9]{1,12})~([0-9TZ:.+-]{10,40})~([0-9a-f-]{0,36})")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the reader wants to see: a kind of entries, by whom, from where on; ``at``: an entry that must be among them."""

    show: str = "all"
    by: str | None = None
    at: str | None = None
    below: int | None = None
    since: thread.Position | None = None
    """Where the page begins: changes with a smaller number, comments from this one on."""

    def address(self, url: str, **other: str | None) -> str:
        """Where the same stands with something else asked."""
        asked = {"show": self.show if self.show != "all" else None, "by": self.by, **other}
        query = urlencode({k: v for k, v in asked.items() if v})
        return f"{url}?{query}" if query else url


def read(args: MultiDict[str, str]) -> Asked:
    """What the address asks for. Raises BadRequest for a cursor that is none of ours."""
    show, by, at, cursor = (args.get(name, "") for name in ("show", "by", "at", "cursor"))
    below, since = None, None
    if cursor:
        found = _CURSOR.fullmatch(cursor)
        try:
            below = int(found[1]) if found else None
            since = (datetime.fromisoformat(found[2].replace("Z", "+00:00")), found[3]) if found else None
        except ValueError:
            found = None
        if found is None or since is None or since[0].tzinfo is None:
            raise BadRequest(_("This page of the timeline does not exist."), hint=_("Load the record again."))
    return Asked(show if show in SHOWS else "all", by if is_id(by) else None, at if is_id(at) else None, below, since)


def page(ctx: Ctx, seen: reading.Seen, around: Surroundings, url: str, asked: Asked, most: int = PAGE) -> dict[str, Any]:
    """One page of what happened, with the filters above it."""
    made = _page(ctx, seen, around, url, asked, most=most)
    if asked.at and not any(asked.at in entry["ids"] for entry in made["entries"]):
        start = _place(ctx, seen, asked.at)
        if start is not None:
            made = _page(ctx, seen, around, url, asked, start)
    return made


@dataclass(frozen=True, slots=True)
class _Start:
    """Where a page begins that must hold a certain entry: nothing above this moment."""

    until: datetime
    position: thread.Position


def _place(ctx: Ctx, seen: reading.Seen, id_: str) -> _Start | None:
    """Where an entry of this record stands; None for one that is not there."""
    entity, record = seen.record.entity, seen.record.id
    for table, column in ((t.change_log, t.change_log.c.at), (t.comment, t.comment.c.created_at)):
        at = ctx.conn.execute(select(column).where(table.c.id == id_, table.c.entity == entity, table.c.record_id == record)).scalar()
        if at is not None:
            return _Start(at, (at, id_ if table is t.comment else "g"))
    return None


def _page(ctx: Ctx, seen: reading.Seen, around: Surroundings, url: str, asked: Asked, start: _Start | None = None, most: int = PAGE) -> dict[str, Any]:
    entity, id_ = seen.record.entity, seen.record.id
    kinds = _KINDS[asked.show]
    log = history.Chunk([], None)
    if kinds is None or kinds:
        log = history.chunk(ctx, seen, below=asked.below, until=start.until if start else None, kinds=kinds, by=asked.by, channel="automation" if asked.show == "automations" else None)
        if asked.show == "files":
            log = history.Chunk([r for r in log.rows if history.has_files(ctx, entity, r[1])], log.end)
    notes: Sequence[Any] = []
    if asked.show in ("all", "comments", "files"):
        since = start.position if start else asked.since
        notes = thread.rows(ctx, entity, id_, most + 1, since=since, by=asked.by, with_files=asked.show == "files")
    order, cursor = _merged(log, notes, most)
    raw, remarked = log.rows[: order.count(_CHANGE)], notes[: order.count(_COMMENT)]
    wanted = labels.Wanted()
    history.want(ctx, entity, raw, wanted)
    hung = thread.around(ctx, remarked, wanted)
    wanted.add("person", asked.by)
    names = labels.resolve(ctx, wanted) if wanted.ids else {}
    known = ctx.app.entities[entity]
    made = {
        _CHANGE: iter([line(ctx, known, entry, around, url) for entry in history.named(ctx, entity, raw, names)]),
        _COMMENT: iter([remarks.line(ctx, thread.made(row, hung, names), around, url) for row in remarked])}
    lines = [next(made[kind]) for kind in order]
    return {
        "entries": _folded(lines, asked.at, ctx.language), "history_more": asked.address(f"{url}/history", cursor=cursor) if cursor else None,
        "newest_href": f"{url}#talk" if start else None, "asked": asked.at, "record_mark": f"{entity}/{id_}",
        "self_url": asked.address(f"{url}/timeline"), **_filters(asked, url, names, lines, ctx.actor.person, any(a.entity == entity for a in ctx.app.automations))}


_CHANGE, _COMMENT = 0, 1
_OLDEST = "0001-01-01T00:00:00+00:00"


def _merged(log: history.Chunk, notes: Sequence[Any], most: int) -> tuple[list[int], str | None]:
    """The newest of both in order, a page of them, and where the next page begins (None at the end).

    Where the log was not looked at to its end, nothing older than its last row may come before it.
    """
    order: list[int] = []
    a = b = 0
    while len(order) < most:
        change = log.rows[a][0] if a < len(log.rows) else None
        note = notes[b] if b < len(notes) else None
        if change is not None and (note is None or (change.at, change.id) >= (note.created_at, note.id)):
            order.append(_CHANGE)
            a += 1
        elif note is not None and (change is not None or log.end is None or note.created_at >= log.end[0]):
            order.append(_COMMENT)
            b += 1
        else:
            break
    if a == len(log.rows) and b == len(notes) and log.end is None:
        return order, None
    below = log.rows[a][0].seq + 1 if a < len(log.rows) else log.end[1] if log.end else 0
    since = f"{notes[b].created_at.isoformat()}~{notes[b].id}" if b < len(notes) else f"{_OLDEST}~"
    return order, f"{below}~{since}"


def _folded(lines: Sequence[dict[str, Any]], at: str | None, language: str) -> list[dict[str, Any]]:
    """Changes that one person made within a minute stand as one entry that opens."""
    found: list[dict[str, Any]] = []
    for one in lines:
        last = found[-1]["lines"] if found else []
        quiet = one["kind"] in ("update", "derive")
        if last and quiet and last[-1]["kind"] in ("update", "derive") and _together(last, one):
            last.append(one)
        else:
            found.append({"lines": [one]})
    for group in found:
        inner = group["lines"]
        group["ids"] = [entry["id"] for entry in inner]
        group["open"] = at in group["ids"]
        subjects = dict.fromkeys(to_text(label, language) for entry in reversed(inner) for label, _old, _new in entry["changes"])
        group["subjects"] = list(subjects)
        group["head"] = next((entry for entry in inner if entry["kind"] == "update"), inner[0])
    return found


def _together(group: Sequence[dict[str, Any]], one: dict[str, Any]) -> bool:
    same = bool(one["person"] == group[0]["person"])
    return same and group[0]["at"] - one["at"] < FOLD_WITHIN


def _filters(asked: Asked, url: str, names: Mapping[str, str], lines: Sequence[dict[str, Any]], me: str, automated: bool) -> dict[str, Any]:
    """The kinds to choose from, and the people who stand in what is shown."""
    place = f"{url}/timeline"
    found = {entry["person"] for entry in lines if entry["kind"] != "derive" and entry["person"] in names}
    people = {p: names[p] for p in sorted(found, key=lambda p: (p != me, names[p]))}
    kind = Asked(asked.show)
    return {
        "shows": [
            {"key": key, "label": label, "href": Asked(key, asked.by).address(place), "page": Asked(key, asked.by).address(url), "active": key == asked.show}
            for key, label in SHOWS.items() if key != "automations" or automated],
        "people": [{"label": name, "href": Asked(asked.show, p).address(place), "page": Asked(asked.show, p).address(url)} for p, name in people.items()],
        "only": {"label": names.get(asked.by) or _("Somebody"), "href": kind.address(place), "page": kind.address(url)} if asked.by else None}
