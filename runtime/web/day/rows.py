"""What waits for somebody: gathered from clocks, approvals, requests, dates and records, in a number of statements that the application sets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from kernel import fieldtypes
from kernel.errors import Invalid, Message
from kernel.fieldtypes.base import Reader
from kernel.i18n import _, to_text
from kernel.model.elements import Clock, Entity, Field
from kernel.permissions import rights_of
from kernel.permissions.scopes import Nothing, Own
from kernel.platform.ctx import Ctx
from runtime.approvals import panel
from runtime.clocks import find
from runtime.clocks.find import Wanted
from runtime.clocks.reading import SeenClock
from runtime.forms.prepare import prepared, reader_of
from runtime.forms.shown import Surroundings, short
from runtime.forms.when import moment_text
from runtime.notices import inbox
from runtime.records import query
from runtime.records.query import Item
from runtime.web import clocks
from runtime.web.columns import avatar, state_pill
from runtime.web.day import acts
from runtime.web.day.acts import Act
from runtime.web.filters import quoted
from runtime.web.sight import base_of, known_entities, queryable, surroundings

MOST_CLOCKS = 80
PER_KIND = 8
MOST_KINDS = 8
DUE_DAYS = 7
MOST_TASKS = 30


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that waits. ``due``: when its time is over (None: it has none); ``face``: the words of its clock as runtime.web.clocks
    writes them; ``tone``: ontime, warning, breach, paused, or none for what has no time."""

    kind: str
    title: Message
    href: str
    icon: str
    what: Message
    acts: tuple[Act, ...]
    due: datetime | None = None
    tone: str = "none"
    face: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[Message, ...] = ()
    badge: str | None = None
    pill: Any = None
    person: str | None = None
    avatar: Any = None
    watch: str | None = None
    version: int | None = None
    record: str | None = None
    key: str = ""

    @property
    def main(self) -> Act:
        return self.acts[0]


def entities_of(ctx: Ctx) -> list[Entity]:
    """The kinds of records that have a course and stand in the navigation."""
    return [e for e in known_entities(ctx) if ctx.app.machines_of(e.key) and e.in_navigation][:MOST_KINDS]


def has_team(ctx: Ctx) -> bool:
    """Whether the person sees to other people's records, so that there is a list of the team's: whoever gives them to somebody else."""
    rights = rights_of(ctx.release, ctx.actor)
    keys = {c.entity for c in ctx.app.clocks}
    return any(not isinstance(p.scopes["assign"], (Nothing, Own)) for key in keys for p in rights.entity(key).policies)


# --- clocks ---------------------------------------------------------------------------------------------------------


def of_clocks(ctx: Ctx, *, team: bool = False) -> list[Row]:
    """Running and paused clocks, one row per record: the one that is due first."""
    teams = sorted(ctx.actor.teams) if team and ctx.actor.teams else None
    found = find.clocks(ctx, Wanted(
        states=("running", "paused"), owner=None if team else ctx.actor.person, not_owner=ctx.actor.person if team else None, teams=teams, limit=MOST_CLOCKS))
    first: dict[tuple[str, str], SeenClock] = {}
    more: dict[tuple[str, str], int] = {}
    for one in found:
        key = (one.row.entity, one.row.record)
        more[key] = more.get(key, -1) + 1
        first.setdefault(key, one)
    rows: list[Row] = []
    for entity in dict.fromkeys(e for e, _id in first):
        mine = {id_: one for (e, id_), one in first.items() if e == entity}
        rows += _clock_rows(ctx, ctx.app.entities[entity], mine, more, team)
    return rows


def _clock_rows(ctx: Ctx, entity: Entity, mine: Mapping[str, SeenClock], more: Mapping[tuple[str, str], int], team: bool) -> list[Row]:
    keys = _keys(ctx, entity)
    listing = query.list_records(ctx, entity.key, query.ListQuery(ids=list(mine), fields=keys, limit=MOST_CLOCKS))
    around = surroundings(ctx, listing.labels)
    by_uid = {c.uid: c for c in ctx.app.clocks_of(entity.key)}
    rows = []
    for item in listing.items:
        one = mine[item.record.id]
        face = clocks.face(ctx, one, around.reader)
        others = more[entity.key, item.record.id]
        promise: Clock | None = by_uid.get(one.row.uid)
        notes: list[Message] = [_state(ctx, entity, item)] if item.record.state else []
        if others:
            notes.append(_("1 more time limit") if others == 1 else _("{n} more time limits", n=others))
        rows.append(replace(
            _base(ctx, entity, item, around, "clock", one.label, acts.of(ctx, entity, item, promise, theirs=team)), due=one.row.due_at, tone=one.tone, face=face,
            notes=tuple(notes), icon=_icon(promise, entity), person=around.reader.label(item.record.owner) if team and item.record.owner else None,
            avatar=avatar(name, item.record.owner) if team and item.record.owner and (name := around.reader.label(item.record.owner)) else None))
    return rows


_ICONS = {"call": "phone", "edit": "pencil", "step": "arrow-right", "new": "plus"}


def _icon(promise: Clock | None, entity: Entity) -> str:
    return _ICONS.get((promise.act or "").partition(":")[0], entity.icon) if promise is not None else entity.icon


def _state(ctx: Ctx, entity: Entity, item: Item) -> Message:
    machine = ctx.app.first_machine(entity.key)
    state = machine.by_key.get(item.record.state or "") if machine else None
    return state.label if state is not None else ""


def _keys(ctx: Ctx, entity: Entity) -> list[str]:
    """What rows of this kind read: numbers to call, and the mark that stands beside the title."""
    readable = rights_of(ctx.release, ctx.actor).entity(entity.key).readable_ever()
    mark = _mark(entity)
    return [key for key in (*acts.phones(entity), *([mark.key] if mark else [])) if key in readable]


def _mark(entity: Entity) -> Field | None:
    """The first of the facts that is worked out as a word: how much it matters."""
    fields = (entity.by_key[key] for key in entity.facts if key in entity.by_key)
    return next((f for f in fields if f.type == "computed"), None)


def _base(ctx: Ctx, entity: Entity, item: Item, around: Surroundings, kind: str, what: Message, found: Sequence[Act]) -> Row:
    mark = _mark(entity)
    value = item.record.values.get(mark.key) if mark is not None and mark.key in item.readable else None
    text = short(prepared(ctx, mark), value, around) if mark is not None and isinstance(value, str) else ""
    return Row(
        kind, item.title or _("Without a name"), f"{base_of(ctx)}/e/{entity.key}/{item.record.id}", entity.icon, what, tuple(found),
        badge=text if 0 < len(text) <= 6 else None, watch=f"{entity.key}/{item.record.id}", version=item.record.version, record=item.record.id, key=item.record.id)


# --- approvals, requests --------------------------------------------------------------------------------------------


def of_approvals(ctx: Ctx, reader: Reader) -> list[Row]:
    """Approvals that wait for the person."""
    if not any(s.approvals for m in ctx.app.machines for s in m.transitions):
        return []
    rows = []
    for view in panel.mine(ctx, "waiting", MOST_TASKS):
        seats = [s for step in view.steps for s in step.seats if s.person == ctx.actor.person and s.state == "waiting"]
        due = next((s.due_at for s in seats if s.due_at is not None), None)
        url = f"{base_of(ctx)}/approvals/{view.case.id}"
        note = _("{who} asks for it", who=view.requester)
        rows.append(Row(
            "approval", view.title, url, "clipboard-check", _("Approval"), (Act(_("Decide"), url, "clipboard-check"),), due=due, tone=_tone(ctx, due),
            face=_face(ctx, due, view.since, reader), notes=(note,), key=view.case.id))
    return rows


def of_tasks(ctx: Ctx, reader: Reader) -> list[Row]:
    """What colleagues wait for; approvals have rows of their own."""
    base = base_of(ctx)
    rows = []
    for notice in inbox.entries(ctx, tasks=True, limit=MOST_TASKS):
        if notice.kind.key == "approval":
            continue
        url = f"{base}/inbox"
        if notice.kind.key == "ask":
            url = f"{base}/asks/{notice.data.get('ask')}?back={base}/"
        elif notice.data.get("case"):
            url = f"{base}/approvals/{notice.data['case']}"
        elif notice.entity and notice.record and notice.title is not None:
            url = f"{base}/e/{notice.entity}/{notice.record}"
        label = _("Supply it") if notice.kind.key == "ask" else _("Open")
        rows.append(Row(
            "task", notice.title or notice.words, url, notice.kind.icon, notice.words if notice.title else _("Request"), (Act(label, url, notice.kind.icon),),
            face={"note": moment_text(notice.created_at, reader)}, key=notice.id))
    return rows


# --- dates and the rest -----------------------------------------------------------------------------------------------


def of_records(ctx: Ctx, without: frozenset[str]) -> tuple[list[Row], list[dict[str, Any]]]:
    """What one owns: rows with a date that comes near, and per kind the rest. ``without``: those that have a row already."""
    dated: list[Row] = []
    resting: list[dict[str, Any]] = []
    for entity in entities_of(ctx):
        found = _mine(ctx, entity)
        left = [row for row in found if row.record not in without]
        dated += [row for row in left if row.due is not None]
        others = [row for row in left if row.due is None]
        if others:
            resting.append({"label": entity.label, "rows": others, "all_url": f"{base_of(ctx)}/e/{entity.key}?f=owner.in.me"})
    return dated, resting


def next_date(entity: Entity, readable: frozenset[str]) -> Field | None:
    """The date by which one of these records wants attention: the first date that is tracked or stands among the facts."""
    named = (*entity.facts, *entity.tracked)
    fields = [f for f in entity.fields if f.type in ("date", "datetime") and f.key in readable and fieldtypes.of(f).writable]
    return next((f for f in fields if f.tracked or f.key in named), None)


def _mine(ctx: Ctx, entity: Entity) -> list[Row]:
    """My records in open states, the ones that are due first."""
    machine = ctx.app.first_machine(entity.key)
    assert machine is not None
    open_states = [s.key for s in machine.states if s.category == "open"]
    if not open_states:
        return []
    on = next_date(entity, queryable(ctx, entity.key))
    text = f"AND(owner.id = me.id, IN(state, {', '.join(quoted(s) for s in open_states)}))"
    fields = list(dict.fromkeys([*_keys(ctx, entity), *([on.key] if on else [])]))
    try:
        where = query.read_where(ctx, entity.key, text)
        asked = query.ListQuery(where=where, sort=(on.key,) if on else ("state_since",), fields=fields, limit=PER_KIND * 2)
        found = query.list_records(ctx, entity.key, asked)
    except Invalid:
        return []
    around = surroundings(ctx, found.labels)
    reader = around.reader
    rows = []
    for item in found.items:
        row = _base(ctx, entity, item, around, "record", entity.label, acts.of(ctx, entity, item))
        row = replace(row, pill=state_pill(ctx, machine, item.record.state))
        value = item.record.values.get(on.key) if on is not None and on.key in item.readable else None
        day = value.astimezone(reader.zone).date() if isinstance(value, datetime) else value
        if on is not None and isinstance(day, date) and (day - reader.today).days <= DUE_DAYS:
            due = value if isinstance(value, datetime) else datetime.combine(day, time(23, 59, 59), tzinfo=reader.zone)
            row = replace(row, kind="dated", due=due, what=on.label, tone=_tone_of_day(day, reader), face=_day_face(due, day, value, reader), notes=(_state(ctx, entity, item),))
        rows.append(row)
    return rows


def _tone_of_day(day: date, reader: Reader) -> str:
    off = (day - reader.today).days
    return "breach" if off < 0 else "warning" if off == 0 else "ontime"


def _day_face(due: datetime, day: date, value: Any, reader: Reader) -> dict[str, Any]:
    """A date does not tick: it is today, tomorrow, or so many days late."""
    off = (day - reader.today).days
    text = to_text(_("{n} days late", n=-off) if off < -1 else _("1 day late") if off == -1 else clocks.day_text(value, day, reader), reader.language)
    return {"text": text, "used": 100 if off < 0 else 80 if off == 0 else max(10, 60 - 8 * off)}


# --- time -----------------------------------------------------------------------------------------------------------


def _tone(ctx: Ctx, due: datetime | None) -> str:
    if due is None:
        return "none"
    left = due - ctx.now
    return "breach" if left <= timedelta(0) else "warning" if left < timedelta(hours=4) else "ontime"


def _face(ctx: Ctx, due: datetime | None, since: datetime | None, reader: Reader) -> dict[str, Any]:
    if due is None:
        return {"note": moment_text(since, reader)} if since else {}
    return clocks.until(ctx, due, since, reader)


def ordered(rows: Iterable[Row], reader: Reader) -> list[Row]:
    """By the time that is left. What has no time of its own waits behind what is due today; what is paused comes last."""
    tonight = datetime.combine(reader.today, time(23, 59, 58), tzinfo=reader.zone)
    far = tonight + timedelta(days=36500)
    return sorted(rows, key=lambda r: (r.due or (far if r.tone == "paused" else tonight), to_text(r.title, reader.language)))


__all__ = ["MOST_CLOCKS", "Row", "entities_of", "has_team", "next_date", "of_approvals", "of_clocks", "of_records", "of_tasks", "ordered", "reader_of"]
