"""Everything these tests know of the shipped template, in one place: its people, keys and numbers."""

from __future__ import annotations

from typing import Any

# People of the sample data. REP and OTHER_REP work in one store under SUPERVISOR; FAR_REP works in another store.
REP, OTHER_REP, FAR_REP = "linxiaoman", "wanghaoran", "dingyi"
SUPERVISOR, DIRECTOR, FINANCE, ADMIN = "zhou", "shen", "fin", "admin"
ROLES = {"rep": REP, "supervisor": SUPERVISOR, "sales_director": DIRECTOR, "finance": FINANCE, "business_admin": ADMIN}

A_BUDGET, B_BUDGET, SHORT_CHAIN = "param.grade_a_budget", "param.grade_b_budget", "param.short_chain"
SUMMARY_MIN = 50
# Stages of an opportunity that finance has to do with.
FINANCE_STATES = {"contract_approval", "won"}

SUMMARY = "客户二楼要改成四十人的培训教室，现有桌椅用了八年坏得多，想年底前一次换完；预算分两个季度付，最在意收纳和走线，下周内部开会定方向。"
READING = "上次电话里聊过教室的尺寸，校长亲自管。"
SHORT_SUMMARY = "客户想换一批培训教室的桌椅，下周再谈。"
assert len(SUMMARY) >= SUMMARY_MIN > len(SHORT_SUMMARY)


def parameter(demo: Any, name: str) -> Any:
    """The value in force of a parameter written as in formulas (``param.key``)."""
    with demo.ctx() as ctx:
        return ctx.app.parameters[name.removeprefix("param.")].value


def cny(amount: int | str) -> dict[str, str]:
    """An amount of money as the API takes it."""
    return {"amount": str(amount), "currency": "CNY"}


def lead_fields(company: str = "杭州云栖培训学校", **more: Any) -> dict[str, Any]:
    """A lead the template accepts as new."""
    return {"company": company, "name": "郭主任", "phone": "13805710001", "source": "website", **more}


def visit_fields(customer: str, **more: Any) -> dict[str, Any]:
    """A prepared visit before anything was brought back from it."""
    return {"customer": customer, "objective": "看现场，量尺寸", "reading": "暑期招生已经开始，最怕误了开班", "visited_at": "2026-11-24T01:00:00Z", **more}


def customer_fields(name: str = "杭州云栖培训学校", **more: Any) -> dict[str, Any]:
    """A customer the template accepts as new."""
    return {"name": name, **more}
