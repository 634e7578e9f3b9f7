"""An installation with a small world of conditions: own fields, rights, records that are referred to and that refer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from kernel.platform import actors
from kernel.platform.clock import FixedClock
from kernel.platform.ctx import Ctx
from runtime.records import road
from runtime.records.record import Input
from tests.conftest import NOW
from tests.factories import desk as desks
from tests.factories.desk import Desk, make_desk, settings_for

ALL = {"read": "all", "create": True, "update": "all", "delete": "all", "assign": "all"}
DOCUMENTS: tuple[Any, ...] = (
    {"entity": "firm", "title": "{name}", "labels": {"en": "Firm", "zh": "公司"}, "fields": {
        "name": {"type": "text", "required": True}, "checked": {"type": "boolean", "labels": {"en": "Checked", "zh": "已核实"}}, "level": {"type": "integer"}}},
    {"entity": "deal", "title": "{name}", "labels": {"en": "Deal", "zh": "单子"}, "fields": {
        "name": {"type": "text", "required": True}, "firm": {"type": "reference", "to": "firm", "labels": {"en": "Firm", "zh": "公司"}},
        "amount": {"type": "decimal", "labels": {"en": "Amount", "zh": "金额"}}, "terms": {"type": "text", "labels": {"en": "Terms", "zh": "条款"}},
        "agreed": {"type": "boolean", "labels": {"en": "Agreed", "zh": "已同意"}}, "urgent": {"type": "boolean"}, "done": {"type": "boolean"},
        "locked": {"type": "text", "read_only_when": "done", "labels": {"en": "Locked", "zh": "锁定"}},
        "fixed": {"type": "text", "read_only_when": "TRUE", "labels": {"en": "Fixed", "zh": "固定"}},
        "calls": {"type": "referring", "from": "call.deal", "labels": {"en": "Calls", "zh": "电话"}},
        "minutes": {"type": "rollup", "from": "call.deal", "field": "minutes", "labels": {"en": "Minutes", "zh": "分钟"}},
        "double": {"type": "computed", "value": "amount * 2", "places": 2}}},
    {"entity": "call", "title": "{topic}", "labels": {"en": "Call", "zh": "电话"}, "fields": {
        "topic": {"type": "text", "required": True}, "deal": {"type": "reference", "to": "deal"}, "minutes": {"type": "decimal"}}},
    {"machine": "deal", "on": "deal",
     "states": {"open": {"labels": {"en": "Open", "zh": "进行中"}}, "signed": {"category": "won", "labels": {"en": "Signed", "zh": "已签"}}, "off": {"category": "lost"}},
     "transitions": {
        "sign": {"from": "open", "to": "signed", "who": ["seller", "boss"], "primary": True, "labels": {"en": "Sign", "zh": "签约"}, "needs": ["amount", "terms"], "guards": {
            "agreed": {"holds": "OR(agreed, amount < 100)", "labels": {"en": "The boss agrees", "zh": "主管同意"}},
            "known": {"holds": "firm.checked"},
            "called": {"holds": "COUNT(calls) >= 2", "labels": {"en": "Two calls", "zh": "打过两次电话"}}}},
        "fast": {"from": "open", "to": "signed", "who": ["boss"], "labels": {"en": "Fast", "zh": "直接签"},
                 "guards": {"long": {"holds": "minutes >= 30", "labels": {"en": "Half an hour on the phone", "zh": "通话半小时"}}}},
        "drop": {"from": "open", "to": "off", "who": ["seller", "boss"]}}},
    {"role": "seller", "labels": {"en": "Seller", "zh": "销售"}, "rights": {
        "deal": {"read": "own", "create": True, "update": "own", "fields": {"agreed": {"write": False}, "terms": {"write": False}}, "states": {"signed": {"update": "none"}}},
        "firm": {"read": "all"}, "call": {"read": "all", "create": True}, "person": {"read": "all"}, "team": {"read": "all"}}},
    {"role": "lawyer", "labels": {"en": "Lawyer", "zh": "法务"}, "rights": {
        "deal": {"read": "all", "update": "all", "fields": {k: {"write": False} for k in ("name", "firm", "amount", "agreed", "urgent", "done", "locked")}},
        "firm": {"read": "all"}, "person": {"read": "all"}, "team": {"read": "all"}}},
    {"role": "clerk", "labels": {"en": "Clerk", "zh": "内勤"}, "rights": {"firm": {"read": "all", "create": True, "update": "all"}, "person": {"read": "all"}, "team": {"read": "all"}}},
    {"role": "boss", "labels": {"en": "Boss", "zh": "主管"}, "can": ["design", "administer", "export", "import"], "rights": {
        "deal": ALL, "firm": {"read": "all"}, "call": ALL, "person": ALL, "team": ALL}},
)
PEOPLE = {"sam": ("seller", "east"), "sue": ("seller", "west"), "leo": ("lawyer", "east"), "liz": ("lawyer", "west"), "cat": ("clerk", "east"), "bob": ("boss", "east")}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    url = request.getfixturevalue("pg_url") if request.param == "postgresql" else None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(desks, "PEOPLE", PEOPLE)
        with make_desk(settings_for(request.param, tmp_path_factory.mktemp("asks"), url), FixedClock(NOW), DOCUMENTS) as made:
            yield made


@contextmanager
def as_person(desk: Desk, login: str) -> Iterator[Ctx]:
    """A unit of work in somebody's name."""
    with desk.ctx() as ctx:
        yield ctx.acting(actor=actors.identify(ctx.conn, ctx.release, desk.people[login], tenant=ctx.tenant, now=ctx.now).actor(ctx.tenant))


def make(desk: Desk, login: str, entity: str, **fields: Any) -> str:
    with as_person(desk, login) as ctx:
        return road.create(ctx, entity, Input(fields)).id


def change(desk: Desk, login: str, entity: str, id_: str, **fields: Any) -> None:
    with as_person(desk, login) as ctx:
        road.update(ctx, entity, id_, Input(fields), version=None)
