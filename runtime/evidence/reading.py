"""The behaviour log for its readers: whoever may read the subject sees what was done about it; of an event only who may read that, too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select

from kernel.i18n import Labels
from kernel.permissions import rights_of
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.evidence.policy import Policy, policies_of
from runtime.records.env import Scene
from runtime.records.shape import shape_of
from runtime.records.sqlscope import RecordScope

PAGE = 50
_T = t.behaviour.c
_COLUMNS = (
    _T.id, _T.kind, _T.policy, _T.uid, _T.entity, _T.record_id, _T.event_entity, _T.event_id, _T.what, _T.at, _T.noted_at, _T.person_id, _T.verified, _T.level, _T.counts,
    _T.counted_at, _T.because)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the log. ``event_id`` and the words of ``because`` are left out for who may not read the event."""

    id: str
    kind: str
    policy: str
    uid: str
    entity: str
    record: str
    event_entity: str | None
    event: str | None
    what: str | None
    at: datetime
    noted_at: datetime
    person: str | None
    verified: bool
    level: int
    counts: bool
    counted_at: datetime | None
    because: Sequence[Mapping[str, Any]]

    def why(self, language: str) -> list[str]:
        """What stood against it, in words."""
        found = []
        for one in self.because:
            says = one.get("says") or {}
            text = says.get(language) or next(iter(says.values()), None)
            if text:
                found.append(str(text))
        return found


@dataclass(frozen=True, slots=True)
class Asked:
    """What of the log is wanted."""

    record: tuple[str, str] | None = None
    person: str | None = None
    team: str | None = None
    policy: str | None = None
    kind: str | None = None
    counts: bool | None = None
    before: str | None = None


def read(ctx: Ctx, asked: Asked, limit: int = PAGE) -> list[Line]:
    """Lines of subjects that the reader may see, newest first. One statement, whatever their number."""
    visible = _visible(ctx, asked.record[0] if asked.record else None)
    if not visible:
        return []
    query = select(*_COLUMNS, _events(ctx).label("seen")).where(or_(*visible))
    for column, value in ((_T.person_id, asked.person), (_T.team_id, asked.team), (_T.policy, asked.policy), (_T.kind, asked.kind), (_T.counts, asked.counts)):
        if value is not None:
            query = query.where(column == value)
    if asked.record is not None:
        query = query.where(_T.entity == asked.record[0], _T.record_id == asked.record[1])
    if asked.before is not None:
        # By when it happened; of one moment by id.
        edge = select(_T.at).where(_T.id == asked.before).scalar_subquery()
        query = query.where(or_(_T.at < edge, and_(_T.at == edge, _T.id < asked.before)))
    found = []
    for row in ctx.conn.execute(query.order_by(_T.at.desc(), _T.id.desc()).limit(limit)):
        *values, seen = row
        line = Line(*values)
        if line.kind == "event" and not seen:
            line = Line(
                line.id, line.kind, line.policy, line.uid, line.entity, line.record, line.event_entity, None, line.what, line.at, line.noted_at, line.person, line.verified,
                line.level, line.counts, line.counted_at, [{"why": b.get("why")} for b in line.because])
        found.append(line)
    return found


def _visible(ctx: Ctx, entity: str | None) -> list[ColumnElement[bool]]:
    """Per kind of subject: it is one that the reader may see, and the field that is stamped as well."""
    access = rights_of(ctx.release, ctx.actor)
    found = []
    for key in dict.fromkeys(p.subject for p in policies_of(ctx.app).all):
        rights = access.entity(key)
        if (entity is not None and key != entity) or not rights.any("read"):
            continue
        policies = [p.key for p in policies_of(ctx.app).all if p.subject == key and set(p.stamps) & rights.readable_ever()]
        shape = shape_of(ctx.release, key)
        table = shape.table.alias(f"b_{key}")
        scope = RecordScope(ctx, shape, table, access)
        found.append(and_(_T.entity == key, _T.policy.in_(policies), select(table.c.id).where(table.c.id == _T.record_id, scope.seen()).exists()))
    return found


def _events(ctx: Ctx) -> ColumnElement[bool]:
    """Whether the reader may see the event of a line."""
    access = rights_of(ctx.release, ctx.actor)
    found: list[ColumnElement[bool]] = []
    for key in policies_of(ctx.app).by_entity:
        if not access.entity(key).any("read"):
            continue
        shape = shape_of(ctx.release, key)
        table = shape.table.alias(f"v_{key}")
        found.append(and_(_T.event_entity == key, select(table.c.id).where(table.c.id == _T.event_id, RecordScope(ctx, shape, table, access).seen()).exists()))
    return func.coalesce(or_(*found), False) if found else _T.id.is_(None)


@dataclass(frozen=True, slots=True)
class Sum:
    """What one person did in a span: events, how many of them count, clicks, and clicks without evidence beside them."""

    person: str | None
    events: int
    counted: int
    clicks: int
    bare: int


def sums(ctx: Ctx, asked: Asked, since: datetime) -> list[Sum]:
    """Per person, who clicked most without evidence first; over subjects the reader may see. Of several policies about the same event only the first of each
    kind of subject is added up. One statement."""
    visible = _visible(ctx, asked.record[0] if asked.record else None)
    noting = [p.key for p in policies_of(ctx.app).all if p.element.clicks]
    if not visible or not noting:
        return []
    one = {
        "events": case((_T.kind == "event", 1), else_=0), "counted": case((and_(_T.kind == "event", _T.counts.is_(True)), 1), else_=0),
        "clicks": case((_T.kind == "click", 1), else_=0), "bare": case((and_(_T.kind == "click", _T.counts.is_(False)), 1), else_=0)}
    columns = [func.sum(expression) for expression in one.values()]
    query = select(_T.person_id, *columns).where(or_(*visible), _T.at >= since, _T.policy.in_(noting)).group_by(_T.person_id)
    if asked.person is not None:
        query = query.where(_T.person_id == asked.person)
    found = [Sum(row[0], *(int(n or 0) for n in row[1:])) for row in ctx.conn.execute(query)]
    return sorted(found, key=lambda s: (-s.bare, -s.clicks, -s.events, s.person or ""))


@dataclass(frozen=True, slots=True)
class Standing:
    """How a record stands with one policy: how many events there were, how many count, and why the last ones do not."""

    policy: Policy
    attempts: int
    counted: int
    clicked: bool
    why: tuple[str, ...]


def standings(ctx: Ctx, entity: str, record: str, readable: Any, lines: Sequence[Line] | None = None) -> list[Standing]:
    """Per policy that notes clicks (what people say that they did) how the record stands; for its page, from the lines of its log."""
    policies = [p for p in policies_of(ctx.app).all if p.subject == entity and p.element.clicks and set(p.stamps) & set(readable)]
    if not policies:
        return []
    found = lines if lines is not None else read(ctx, Asked(record=(entity, record)), 100)
    made = []
    for policy in policies:
        own = [line for line in found if line.policy == policy.key and line.kind == "event"]
        counted = [line for line in own if line.counts]
        why = dict.fromkeys(text for line in own if not line.counts for text in line.why(ctx.language))
        made.append(Standing(policy, len(own), len(counted), any(line.kind == "click" and line.policy == policy.key for line in found), tuple(why)[:3]))
    return made


@dataclass(frozen=True, slots=True)
class LevelNow:
    """A policy with its level in force; ``typed``: something that is typed in counts at it."""

    label: Labels
    level: int
    name: Labels | None
    typed: bool
    parameter: str | None


def levels(ctx: Ctx) -> list[LevelNow]:
    """The policies that have more than one level, with the one in force and the parameter that switches it."""
    scene, found = Scene(ctx), []
    for policy in policies_of(ctx.app).all:
        if len(policy.levels) < 2 or policy.element.like is not None:
            continue
        number = policy.level_now(scene)
        now = next((one for one in reversed(policy.levels) if one.number <= number), policy.levels[0])
        typed = any(way.element.typed_in for one in policy.levels if one.number >= now.number for way in one.ways)
        reads = next((path[1] for path in (policy.level.reads if policy.level is not None else ()) if path[0] == "param" and len(path) > 1), None)
        found.append(LevelNow(policy.element.label, number, now.element.label, typed, reads))
    return found
