"""Somebody was faster. What the two changed apart goes through without a word more than one line; where they met, before,
theirs and mine stand side by side, and one chooses per field or for all of them. Nothing is overwritten unseen (D46)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from flask import Request

from kernel.errors import Invalid, Stale
from kernel.i18n import Text, _
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from runtime.forms.prepare import Prepared, prepared, reader_of, target_of
from runtime.forms.shown import Surroundings, words
from runtime.forms.when import moment_text
from runtime.records import labels, merging, road
from runtime.records.merging import MINE, THEIRS, Clash, Merged
from runtime.records.record import Input, Record, Row
from runtime.records.since import Since
from runtime.records.since import since as look_back
from runtime.web.record import Open
from runtime.web.sight import base_of, over

TAKE = "_take-"
MOST_NAMED = 4


@dataclass(frozen=True, slots=True)
class Saved:
    """Both changes are in the record. ``note``: what the other one did, in a line; None when there was nothing to tell."""

    record: Record
    note: Text | None


def save(ctx: Ctx, request: Request, shown: Open, sent: Mapping[str, Any], version: int | None, action: str) -> Saved | Page:
    """Save a form, or one value, that was made from ``version``; where that is not the newest, both changes are put together.

    The page that asks whose value stands, where both changed the same. Raises what the road raises, but for Stale that could be merged.
    """
    entity, id_ = shown.entity.key, shown.record.id
    if version is None or version >= shown.record.version:
        return Saved(road.update(ctx, entity, id_, Input(dict(sent), "text"), version=version), None)
    full = road.load(ctx, entity, id_)
    past = look_back(ctx, full, version)
    if not past.complete or full.version != shown.record.version:
        raise Stale(full.version)
    mine, problems = road.read_as(ctx, entity, id_, Input(dict(sent), "text"), past.before)
    if problems:
        raise Invalid(problems)
    before = {**full.values, **past.before}
    writable = shown.seen.writable
    merged = merging.merge(before, full.values, mine, _taken(request, full.version), lambda rows, cell: f"{rows}.{cell}" in writable)
    if merged.open:
        return _page(ctx, request, shown, past, merged, version, action)
    values = {k: _plain(k, v, writable) for k, v in merged.values.items()}
    record = road.update(ctx, entity, id_, Input(values, "value"), version=full.version) if values else full
    return Saved(record, told(ctx, shown, look_back(ctx, full, version, without=ctx.actor.person)))


def _taken(request: Request, current: int) -> Mapping[str, str]:
    """What was chosen, as long as nobody changed the record once more: then one looks again."""
    if request.form.get("_seen") != str(current):
        return {}
    everything = request.form.get("_take_all")
    if everything in (MINE, THEIRS):
        return {name.removeprefix(TAKE): everything for name in request.form if name.startswith(TAKE)} | dict.fromkeys(request.form.getlist("_clash"), everything)
    return {name.removeprefix(TAKE): value for name, value in request.form.items() if name.startswith(TAKE)}


def _plain(key: str, value: Any, writable: frozenset[str]) -> Any:
    """Rows as the road takes them: only cells that may be written."""
    if isinstance(value, tuple) and value and isinstance(value[0], Row):
        return [{"id": r.id, "fields": {k: v for k, v in r.values.items() if f"{key}.{k}" in writable}} for r in value]
    return value


# --- one line ---------------------------------------------------------------------------------------------------------


def told(ctx: Ctx, shown: Open, past: Since) -> Text | None:
    """Who changed what meanwhile, as far as the reader may see it; None when that is nothing."""
    names: list[Any] = [shown.entity.by_key[k].label for k in past.changed if k in shown.seen.readable and k in shown.entity.by_key and prepared(ctx, shown.entity.by_key[k]).type.writable]
    names += [label for key, label in (("state", _("State")), ("owner", _("Owner")), ("team", _("Team"))) if key in past.changed]
    if not names or past.at is None:
        return None
    people = labels.of_people(ctx, past.people)
    who: Any = [people[p] for p in past.people if p in people][:3] or _("Somebody")
    what = names[:MOST_NAMED] if len(names) <= MOST_NAMED else [*names[: MOST_NAMED - 1], _("{n} more", n=len(names) - MOST_NAMED + 1)]
    return _("{who} changed {what} ({when}).", who=who, what=what, when=moment_text(past.at, reader_of(ctx)))


def since_note(ctx: Ctx, shown: Open, version: int) -> Text | None:
    """The same line for the page after a merge: everything since ``version`` that was not the reader's own."""
    return told(ctx, shown, look_back(ctx, road.load(ctx, shown.entity.key, shown.record.id), version, without=ctx.actor.person))


# --- the choice -------------------------------------------------------------------------------------------------------


def _page(ctx: Ctx, request: Request, shown: Open, past: Since, merged: Merged, version: int, action: str) -> Page:
    lines = _lines(ctx, shown, merged)
    posted = [
        (name, value) for name, values in request.form.lists() for value in values
        if (not name.startswith("_") or name in ("_undo", "_ask")) and name != "csrf_token"
    ]
    clashing = {c.key for c in merged.clashes}
    mine = [shown.entity.by_key[k].label for k in merged.own if k not in clashing]
    theirs = [
        shown.entity.by_key[k].label for k in past.changed
        if k in shown.seen.readable and k in shown.entity.by_key and k not in clashing and prepared(ctx, shown.entity.by_key[k]).type.writable]
    people = labels.of_people(ctx, past.people)
    who = [people[p] for p in past.people if p in people][:3]
    context = {
        **over(request), "who": who or _("Somebody"), "when": moment_text(past.at, reader_of(ctx)), "url": shown.url, "action": action, "base_version": version,
        "seen": shown.record.version, "posted": posted, "lines": lines, "mine": mine, "theirs": theirs, "take": TAKE, "back": _back(ctx, request),
    }
    return Page("runtime/record/conflict.html", context, status=412, headers={"HX-Retarget": "#dialog-root", "HX-Reswap": "innerHTML"})


def _back(ctx: Ctx, request: Request) -> str | None:
    """The page the change was made on, where that is a list."""
    given = request.form.get("_back") or (urlsplit(request.headers.get("HX-Current-URL", "")))
    if isinstance(given, str):
        return own_path(ctx, given)
    return own_path(ctx, given.path + (f"?{given.query}" if given.query else "")) if given.path else None


def own_path(ctx: Ctx, path: str | None) -> str | None:
    """A path of this workspace (D28), or None."""
    parts = urlsplit(path or "")
    good = not parts.scheme and not parts.netloc and parts.path.startswith(f"{base_of(ctx)}/") and "\\" not in parts.path and "//" not in parts.path
    return path if good else None


def _lines(ctx: Ctx, shown: Open, merged: Merged) -> list[dict[str, Any]]:
    around = _around(ctx, shown, merged)
    found = []
    for clash in merged.clashes:
        field = shown.entity.by_key[clash.key]
        p = prepared(ctx, field)
        cells = [c for c in p.columns if f"{clash.key}.{c.key}" in shown.seen.readable] if clash.row is not None else []
        texts = [_words(p, cells, clash, value, around) for value in (clash.before, clash.theirs, clash.mine)]
        row = next((t for t in texts if t), "") if clash.row is not None else None
        found.append({
            "name": clash.name, "label": p.label, "row": row[:60] if row else None, "before": texts[0], "theirs": texts[1], "mine": texts[2],
            "removed": [clash.row is not None and v is None for v in (clash.before, clash.theirs, clash.mine)],
        })
    return found


def _words(p: Prepared, cells: list[Prepared], clash: Clash, value: Any, around: Surroundings) -> str:
    if clash.row is None:
        return words(p, value, around)
    if value is None:
        return ""
    return " · ".join(text for c in cells if (text := words(c, value.values.get(c.key), around)))


def _around(ctx: Ctx, shown: Open, merged: Merged) -> Surroundings:
    """Names of whatever these values point at, as far as the reader may see it."""
    wanted = labels.Wanted()
    for clash in merged.clashes:
        p = prepared(ctx, shown.entity.by_key[clash.key])
        for value in (clash.before, clash.theirs, clash.mine):
            for column in p.columns if clash.row is not None else (p,):
                target = labels.FILE if column.shape_type.group == "file" else column.refers_to or target_of(column.shape)
                wanted.add(target, (value.values.get(column.key) if value is not None else None) if clash.row is not None else value)
    return replace(shown.around, reader=reader_of(ctx, {**shown.seen.labels, **labels.resolve(ctx, wanted)}))
