"""The tree of teams: who belongs where, moving a team, and dissolving one into another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, literal, select, union_all

from kernel.errors import Conflict, FangyuanError, Invalid, Message, NotFound, Problem
from kernel.i18n import _, to_text
from kernel.jobs import Again, Done, Job, Outcome, queue
from kernel.permissions import rights_of
from kernel.platform import audit
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.people.make import PERSON
from runtime.records import road
from runtime.records.labels import Wanted, resolve
from runtime.records.record import Input
from runtime.records.shape import shape_of
from runtime.records.sqlscope import RecordScope

TEAM = "team"
KIND = "team_merge"
CHANNEL = "hand_over"
BATCH = 50
PEOPLE, BELOW = "#people", "#below"
_MOST_NAMED = 20


@dataclass
class Team:
    """A team of the tree. ``people``: who belongs to it itself."""

    id: str
    name: str
    parent: str | None
    manager_id: str | None
    manager: str | None
    people: int
    children: list[Team] = field(default_factory=list)

    @property
    def whole(self) -> int:
        """Everybody in the team and below."""
        return self.people + sum(child.whole for child in self.children)


def tree(ctx: Ctx) -> list[Team]:
    """The roots, each with what is below it, by name. Three statements whatever there is."""
    access = rights_of(ctx.release, ctx.actor).entity(TEAM)
    if not access.any("read"):
        raise NotFound()
    shape = shape_of(ctx.release, TEAM)
    columns = {key: shape.fields[key].columns[0] for key in ("name", "parent", "manager") if key in shape.fields and key in access.queryable}
    condition = access.where("read", RecordScope(ctx, shape, shape.table, rights_of(ctx.release, ctx.actor)))
    rows = ctx.conn.execute(select(shape.table.c.id, *(c.label(f"v_{k}") for k, c in columns.items())).where(shape.table.c.deleted_at.is_(None), condition)).all()
    counts = _counts(ctx)
    wanted = Wanted()
    for row in rows:
        wanted.add(PERSON, row._mapping.get("v_manager"))
    names = resolve(ctx, wanted) if wanted.ids else {}
    found: dict[str, Team] = {}
    for row in rows:
        v = row._mapping
        found[row.id] = Team(row.id, v.get("v_name") or row.id[-6:], v.get("v_parent"), v.get("v_manager"), names.get(v.get("v_manager") or ""), counts.get(row.id, 0))
    roots: list[Team] = []
    for team in sorted(found.values(), key=lambda team: (team.name, team.id)):
        above = found.get(team.parent or "")
        (roots if above is None else above.children).append(team)
    return roots


def _counts(ctx: Ctx) -> dict[str, int]:
    shape = shape_of(ctx.release, PERSON)
    if "team" not in shape.fields:
        return {}
    column = shape.fields["team"].columns[0]
    conditions = [shape.table.c.deleted_at.is_(None), column.is_not(None)]
    if "active" in shape.fields:
        conditions.append(shape.fields["active"].columns[0].is_not(False))
    return {row[0]: row[1] for row in ctx.conn.execute(select(column, func.count()).where(*conditions).group_by(column))}


def flat(roots: list[Team], depth: int = 0) -> list[tuple[Team, int]]:
    """The tree as lines, each with how deep it stands."""
    return [line for team in roots for line in ((team, depth), *flat(team.children, depth + 1))]


def create(ctx: Ctx, values: Mapping[str, Any]) -> str:
    """A new team. Raises Forbidden, Invalid."""
    made = road.create(ctx, TEAM, Input(dict(values)))
    audit.note(ctx, "team.changed", made.id, {"name": str(values.get("name", ""))[:80], "what": "created"})
    return made.id


def change(ctx: Ctx, id: str, values: Mapping[str, Any]) -> None:
    """Another name, parent or manager. Raises NotFound, Forbidden, Invalid (a team below itself)."""
    road.update(ctx, TEAM, id, Input(dict(values)), version=None)


# --- dissolving -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Held:
    """What belongs to a team, of one kind."""

    key: str
    label: Message
    count: int


def held(ctx: Ctx, id: str) -> list[Held]:
    """What belongs to the team, in one statement."""
    labels: dict[str, Message] = {}
    counts = []

    def add(key: str, label: Message, table: Any, condition: Any) -> None:
        labels[key] = label
        counts.append(select(literal(key).label("key"), func.count().label("n")).select_from(table).where(condition))

    for key, label, entity, name in ((PEOPLE, _("People"), PERSON, "team"), (BELOW, _("Teams below"), TEAM, "parent")):
        shape = shape_of(ctx.release, entity)
        if name in shape.fields:
            add(key, label, shape.table, (shape.fields[name].columns[0] == id) & shape.table.c.deleted_at.is_(None))
    for known in ctx.app.entities.values():
        if known.key not in (PERSON, TEAM):
            table = ctx.tables.of(known.key).table
            add(known.key, known.label, table, (table.c.team_id == id) & table.c.deleted_at.is_(None))
    rows = {row.key: row.n for row in ctx.conn.execute(union_all(*counts))}
    return [Held(key, label, rows[key]) for key, label in labels.items() if rows.get(key)]


def dissolve(ctx: Ctx, id: str, into: str | None) -> int | None:
    """The team's people, records and teams go to another one, by a job; then it goes to the bin. An empty team goes at once.

    Returns the job's id, or None. Raises NotFound, Invalid, Forbidden, Conflict (already under way).
    """
    team = road.load(ctx, TEAM, id)
    if team.deleted_at is not None:
        raise NotFound()
    there = held(ctx, id)
    name = str(team.values.get("name", ""))[:80]
    if not there:
        road.delete(ctx, TEAM, id, version=None)
        return None
    _check_into(ctx, id, into)
    if under_way(ctx, id) is not None:
        raise Conflict(_("This is under way already."))
    audit.note(ctx, "team.merged", id, {"name": name, "into": into})
    data: dict[str, Any] = {"team": id, "into": into, "left": [h.key for h in there], "after": None, "done": 0, "total": sum(h.count for h in there), "moved": {}, "kept": [], "kept_n": 0}
    return queue.add(ctx.conn, KIND, data, now=ctx.now, person=ctx.actor.person if ctx.actor.kind == "person" else None)


def _check_into(ctx: Ctx, id: str, into: str | None) -> None:
    if not into:
        raise Invalid([Problem("required", _("Choose the team that takes over."), "into")])
    below = select(t.team_closure.c.descendant).where(t.team_closure.c.ancestor == id, t.team_closure.c.descendant == into)
    if not _is_there(ctx, into) or into == id or ctx.conn.execute(below).first() is not None:
        raise Invalid([Problem("into", _("Choose another team that is not below this one."), "into")])


def _is_there(ctx: Ctx, id: str) -> bool:
    """Whether there is such a team, out of the bin."""
    try:
        return road.load(ctx, TEAM, id).deleted_at is None
    except NotFound:
        return False


def under_way(ctx: Ctx, id: str) -> Job | None:
    """The job that dissolves the team, while it runs."""
    j = t.job.c
    for row in ctx.conn.execute(select(j.id, j.data).where(j.kind == KIND, j.state.in_(queue.OPEN))):
        if row.data.get("team") == id:
            return queue.find(ctx.conn, row.id)
    return None


def latest(ctx: Ctx) -> Job | None:
    """The last team that was dissolved, to show how far it is."""
    id_ = ctx.conn.execute(select(t.job.c.id).where(t.job.c.kind == KIND).order_by(t.job.c.id.desc()).limit(1)).scalar()
    return None if id_ is None else queue.find(ctx.conn, id_)


def carry_out(ctx: Ctx, job: Job) -> Outcome:
    """One batch of one kind; at the end the team itself, unless something could not be moved."""
    data: dict[str, Any] = {**job.data, "moved": dict(job.data["moved"]), "kept": list(job.data["kept"]), "left": list(job.data["left"])}
    ctx = ctx.acting(channel=CHANNEL)
    result = {"team": data["team"], "into": data["into"], "moved": data["moved"], "kept": data["kept"]}
    if not data["left"]:
        if not data["kept_n"]:
            road.delete(ctx, TEAM, data["team"], version=None)
        return Done({**result, "gone": not data["kept_n"]})
    key = data["left"][0]
    ids = _ids(ctx, key, data)
    for id_ in ids:
        try:
            with ctx.conn.begin_nested():
                _move(ctx, key, id_, data["into"])
            data["moved"][key] = data["moved"].get(key, 0) + 1
        except FangyuanError as error:
            data["kept_n"] += 1
            if len(data["kept"]) < _MOST_NAMED:
                data["kept"].append({"entity": {PEOPLE: PERSON, BELOW: TEAM}.get(key, key), "id": id_, "why": to_text(error.message, ctx.language)})
    data["done"] += len(ids)
    data["after"] = ids[-1] if ids else None
    if len(ids) < BATCH:
        data["left"], data["after"] = data["left"][1:], None
    return Again(data, {"done": data["done"], "total": max(data["total"], data["done"])})


def _ids(ctx: Ctx, key: str, data: Mapping[str, Any]) -> list[str]:
    if key in (PEOPLE, BELOW):
        shape = shape_of(ctx.release, PERSON if key == PEOPLE else TEAM)
        table, column = shape.table, shape.fields["team" if key == PEOPLE else "parent"].columns[0]
    elif key in ctx.app.entities:
        table = ctx.tables.of(key).table
        column = table.c.team_id
    else:
        return []
    query = select(table.c.id).where(column == data["team"], table.c.deleted_at.is_(None)).order_by(table.c.id).limit(BATCH)
    if data["after"]:
        query = query.where(table.c.id > data["after"])
    return list(ctx.conn.execute(query).scalars())


def _move(ctx: Ctx, key: str, id_: str, into: str) -> None:
    if key == PEOPLE:
        road.update(ctx, PERSON, id_, Input({"team": into}), version=None)
    elif key == BELOW:
        road.update(ctx, TEAM, id_, Input({"parent": into}), version=None)
    else:
        road.assign(ctx, key, id_, team=into, version=None)
