"""Looking for records alike: candidates by the database, likeness per field, the likest first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, case, literal, select

from kernel.errors import FangyuanError
from kernel.expr import to_where
from kernel.model.elements import Comparison, Similarity
from kernel.permissions import rights_of
from kernel.platform.ctx import Ctx
from runtime.alike.score import likeness
from runtime.records.env import RecordEnv, Scene
from runtime.records.record import Record
from runtime.records.shape import shape_of
from runtime.records.sqlscope import RecordScope

# So many are scored: those with the most in common, the newest of them.
CANDIDATES = 200


@dataclass(frozen=True, slots=True)
class Part:
    """Why: one comparison and how like the two are in it."""

    comparison: Comparison
    likeness: float


@dataclass(frozen=True, slots=True)
class Match:
    """A record like the one at hand. ``seen``: whether its reader may open it."""

    id: str
    score: float
    parts: tuple[Part, ...]
    seen: bool


def shown_for(ctx: Ctx, record: Record) -> list[Similarity]:
    """What is compared for this record."""
    found = []
    for one in ctx.app.similarities:
        if one.entity == record.entity:
            expression = ctx.app.schema.expression(one, "when")
            if expression is None or expression.evaluate(RecordEnv(Scene(ctx), shape_of(ctx.release, one.entity), record)) is True:
                found.append(one)
    return found


def find(ctx: Ctx, similarity: Similarity, record: Record) -> list[Match]:
    """The likest records, one statement (and what the record at hand refers to)."""
    shape = shape_of(ctx.release, similarity.entity)
    env = RecordEnv(Scene(ctx), shape, record)
    mine = {c.uid: env.get(c.path) for c in similarity.compares}
    table = shape.table.alias()
    system, reader = RecordScope(ctx, shape, table), RecordScope(ctx, shape, table, rights_of(ctx.release, ctx.actor))
    compares = [c for c in similarity.compares if mine[c.uid] not in (None, (), "")]
    try:
        columns = {c.uid: system.column(c.path) for c in compares}
        among = ctx.app.schema.expression(similarity, "among")
        where: list[ColumnElement[bool]] = [table.c.deleted_at.is_(None), table.c.id != record.id, *([to_where(among, system)] if among is not None else [])]
    except (FangyuanError, KeyError):
        return []
    if not similarity.beyond:
        where.append(reader.seen())
    common: ColumnElement[Any] = literal(0)
    for c in compares:
        if c.how == "equal":
            common = common + case((columns[c.uid] == literal(mine[c.uid], columns[c.uid].type), int(c.weight * 100)), else_=0)
    seen = case((reader.seen(), 1), else_=0)
    query = select(table.c.id, seen, *(columns[c.uid].label(f"c{i}") for i, c in enumerate(compares))).where(*where)
    found = []
    for row in ctx.conn.execute(query.order_by(common.desc(), table.c.updated_at.desc(), table.c.id).limit(CANDIDATES)):
        parts, total, weights = [], 0.0, 0.0
        for c, value in zip(compares, row[2:], strict=True):
            like = likeness(c.how, mine[c.uid], value)
            if like is not None:
                parts.append(Part(c, like))
                total, weights = total + c.weight * like, weights + c.weight
        if weights and total / weights >= similarity.least:
            found.append(Match(row[0], total / weights, tuple(parts), bool(row[1])))
    return sorted(found, key=lambda match: -match.score)[: similarity.most]
