"""Hard limits of a board's columns: a full state takes no further record, on whichever road it comes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import func, literal, select, text, union_all

from kernel.errors import Missing
from kernel.i18n import _
from kernel.model.application import Application
from kernel.model.elements import Machine
from kernel.platform.ctx import Ctx
from runtime.records.shape import EntityShape


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many records in a state, as a rule of its own."""

    uid: str
    state: str
    most: int


def hard_limits(app: Application, machine: Machine) -> Mapping[str, Limit]:
    """The hard limits of a machine's states, the lowest per state."""
    known: dict[str, dict[str, Limit]] = app.__dict__.setdefault("_hard_limits", {})
    found = known.get(machine.uid)
    if found is None:
        found = {}
        for view in app.views_of(machine.entity):
            for state in view.limits if view.as_ == "board" and view.group_by == machine.column else ():
                most, hard = view.limit(state) or (0, False)
                if hard and (state not in found or most < found[state].most):
                    found[state] = Limit(f"{view.uid}#limits.{state}", state, most)
        known[machine.uid] = found
    return found


def full(ctx: Ctx, shape: EntityShape, machine: Machine, states: Iterable[str], *, lock: bool = False) -> Mapping[str, Missing]:
    """Of these states the ones that take no more, each with why; no statement where there are no hard limits.

    ``lock``: nobody else gets in meanwhile (SQLite has one writer anyway).
    """
    limits = hard_limits(ctx.app, machine)
    asked = [limits[s] for s in dict.fromkeys(states) if s in limits]
    if not asked:
        return {}
    if lock and ctx.conn.dialect.name == "postgresql":
        for limit in asked:
            ctx.conn.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"{ctx.tenant.slug}:{limit.uid}"})
    column = shape.table.c["state"] if machine.first else shape.fields[machine.key].columns[0]
    parts = []
    for index, limit in enumerate(asked):
        rows = select(shape.table.c.id).where(column == limit.state, shape.table.c.deleted_at.is_(None)).limit(limit.most).subquery()
        parts.append(select(literal(index), func.count()).select_from(rows))
    counted: dict[int, int] = {row[0]: row[1] for row in ctx.conn.execute(union_all(*parts))}
    return {limit.state: _missing(machine, limit) for index, limit in enumerate(asked) if counted.get(index, 0) >= limit.most}


def _missing(machine: Machine, limit: Limit) -> Missing:
    label = machine.by_key[limit.state].label if limit.state in machine.by_key else limit.state
    return Missing(
        _("“{state}” is full: at most {n} at once", state=label, n=limit.most), _("whoever moves one on from there"),
        {"kind": "rule", "field": None, "fields": []}, limit.uid)
