"""Fills the hand-written application's tables, past the application."""

from __future__ import annotations

from typing import Any

from flask import g
from sqlalchemy import Engine, insert, text

from benchmarks import values as v
from benchmarks.handwritten.app import create
from benchmarks.handwritten.models import Asset, AssetGroup, History, Person, Span
from benchmarks.side import Place

BATCH = 2_000


def build(place: Place, size: int) -> None:
    """An empty database becomes one with ``size`` records."""
    app = create(place.url)
    engine: Engine = app.config["ENGINE"]
    with app.app_context():
        g.writes = True
        with engine.begin() as conn:
            conn.execute(insert(Person), [
                {"id": v.person_id(n), "name": f"Person {n}", "team": v.TEAM, "role": v.role_of(n)} for n in range(v.PEOPLE)])
            conn.execute(insert(AssetGroup), [{"id": v.group_id(n), "name": f"Group {n}"} for n in range(v.GROUPS)])
            for start in range(0, size, BATCH):
                numbers = range(start, min(start + BATCH, size))
                conn.execute(insert(Asset), [asset(n) for n in numbers])
                if size > v.WRITTEN:
                    continue
                conn.execute(insert(History), [_history(n) for n in numbers])
                conn.execute(insert(Span), [_span(n) for n in numbers])
        with engine.begin() as conn:
            conn.execute(text("ANALYZE"))
    engine.dispose()


def asset(number: int) -> dict[str, Any]:
    """One row of the table of assets."""
    one = v.values(number)
    given = one.plain()
    given["group_id"], given["keeper_id"] = given.pop("group"), given.pop("keeper")
    given["tags"] = list(one.tags)
    owner = v.person_id(v.owner_of(number))
    return given | {
        "id": v.record_id(number), "version": 1, "owner_id": owner, "team_id": v.TEAM, "state": "planned", "state_since": v.made_at(number),
        "created_at": v.made_at(number), "created_by": owner, "updated_at": v.made_at(number), "updated_by": owner,
        "currency": v.CURRENCY, "total": one.total, "weight": one.weight,
    }


def _history(number: int) -> dict[str, Any]:
    return {
        "id": v.log_id(number), "record_id": v.record_id(number), "seq": 1, "at": v.made_at(number), "actor_id": v.person_id(v.owner_of(number)),
        "kind": "created", "changes": {}, "prev_hash": None, "hash": v.log_hash(number),
    }


def _span(number: int) -> dict[str, Any]:
    return {
        "id": v.span_id(number), "record_id": v.record_id(number), "facet": "state", "value": "planned", "from_at": v.made_at(number), "to_at": None}
