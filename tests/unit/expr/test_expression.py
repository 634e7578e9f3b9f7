"""What a checked expression knows about itself; renaming; completion; explanations; limits at run time."""

from __future__ import annotations

import timeit
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
import sqlalchemy as sa

from kernel.expr import ExpressionError, check, complete, parse, print_tree, rename, sort_key, to_sql, to_where
from kernel.expr.types import LIMIT

from .targets import TABLES, TableScope
from .world import SCOPE, TASK


def test_reads_uids_and_names() -> None:
    made = check("SUM(步骤, 金额 * count) + project.head.age + param.limit", SCOPE)
    assert made.reads == {("steps",), ("steps", "amount"), ("count",), ("project", "head", "age"), ("param", "limit")}
    assert made.read_uids == {"task.steps", "step.amount", "task.count", "task.project", "project.head", "person.age", "param.limit"}
    assert made.names["步骤/金额"] == "step.amount"
    assert (made.volatile, check("TODAY() > due", SCOPE).volatile) == (False, True)


def test_rename_keeps_everything_else_as_written() -> None:
    made = check("SUM( 步骤 ,金额*hours )  + amount & [标题]", SCOPE)
    new = {"step.amount": "money", "task.amount": "total", "task.title": "my title"}
    assert made.renamed(new) == "SUM( 步骤 ,money*hours )  + total & [my title]"
    assert rename(made.text, made.names, {"task.steps": "stages"}.get) == "SUM( stages ,金额*hours )  + amount & [标题]"


def test_one_spelling() -> None:
    assert print_tree(parse("if(and( 来源＝“展会”，预算>=50%),-a^2,(1+2)*3)")) == 'IF(AND(来源 = "展会", 预算 >= 50%), -a ^ 2, (1 + 2) * 3)'
    assert print_tree(parse("a.b + a"), {"a.b": "c", "a": "x"}) == "x.c + x"
    assert print_tree(parse("1-(2-3)")) == "1 - (2 - 3)"


def test_full_width_signs_and_names_in_chinese() -> None:
    made = check("IF（金额 ≥ １００ ； “多” ； “少”）", SCOPE)
    assert made.evaluate(TASK) == "多"


def test_explain() -> None:
    told = check("IF(amount > 100, amount * 2, 0)", SCOPE).explain(TASK)
    assert (told.text, told.value) == ("IF(amount > 100, amount * 2, 0)", Decimal("246.9"))
    assert [(p.text, p.value) for p in told.parts] == [("amount > 100", True), ("amount * 2", Decimal("246.9")), ("0", Decimal(0))]


def test_completion() -> None:
    assert [s.insert for s in complete("amo", 3, SCOPE)] == ["amount"]
    assert [s.insert for s in complete("1 + project.he", 14, SCOPE)] == ["head"]
    assert [s.insert for s in complete("param.", 6, SCOPE)] == ["limit", "label"]
    assert "hours" in [s.insert for s in complete("COUNTIF(steps, ho", 17, SCOPE)]
    assert [s.insert for s in complete('kind = "of', 10, SCOPE)] == ["office"]
    sumif = next(s for s in complete("SUMI", 4, SCOPE) if s.label == "SUMIF")
    assert (sumif.insert, sumif.kind, sumif.detail) == ("SUMIF(", "function", "SUMIF(rows: rows, condition: boolean, value: number | duration) -> T")
    assert complete("", 0, SCOPE)
    assert complete("nothing.at.all.", 15, SCOPE) == []


def test_holidays_of_the_calendar() -> None:
    env = replace(TASK, holidays=lambda day: day in (date(2026, 3, 16), date(2026, 3, 17)))
    assert check("WORKDAY(due, 1)", SCOPE).evaluate(env) == date(2026, 3, 18)
    assert check("NETWORKDAYS(due, due + 3)", SCOPE).evaluate(env) == Decimal(2)


def test_steps_are_bounded() -> None:
    row = {**TASK.row, "steps": ["s1"] * 10_001}
    assert check("COUNT(steps)", SCOPE).evaluate(replace(TASK, row=row)) == LIMIT


class Quick:
    """The barest Env."""

    def __init__(self) -> None:
        self.get = {("kind",): "office", ("budget",): Decimal(500_000), ("count",): Decimal(7)}.get


def test_speed() -> None:
    made = check('IF(AND(kind = "office", budget >= 500000), "A", IF(OR(budget >= 100000, count <= 2), "B", "C"))', SCOPE)
    env = Quick()
    assert made.evaluate(env) == "A"  # type: ignore[arg-type]
    best = min(timeit.repeat(lambda: made.evaluate(env), number=2_000, repeat=5)) / 2_000  # type: ignore[arg-type]
    assert best < 20e-6  # measured 1.3 µs; the bound only catches a lost order of magnitude on a busy machine


def _where(text: str, dialect: str = "sqlite") -> str:
    compiled = to_where(check(text, SCOPE), TableScope(dialect, "task", TABLES["task"]))
    return str(compiled.compile(compile_kwargs={"literal_binds": True}))


def test_simple_filters_stay_native() -> None:
    assert _where("amount >= 100.5") == "e_task.amount >= 10050"
    assert _where("amount > 100.555") == "e_task.amount > 10055"
    assert _where('kind = "办公"') == "e_task.kind = 'office'"
    assert _where('IN(kind, "home", "office")') == "e_task.kind IN ('home', 'office')"
    assert _where("budget > rate") == "e_task.budget > e_task.rate"
    assert "fy_" not in _where("AND(due >= DATE(2026, 1, 1), done)")
    assert _where("amount > param.limit") == "e_task.amount > 10000"


def test_filters_and_order_on_sqlite(lite: sa.Engine) -> None:
    scope = TableScope("sqlite", "step", TABLES["step"])
    step = replace(SCOPE, entity="step")
    with lite.connect() as connection:
        wanted = to_where(check("amount * 2 > 10", step), scope)
        assert connection.scalars(sa.select(TABLES["step"].c.id).where(wanted).order_by(TABLES["step"].c.id)).all() == ["s1", "s2"]
        risky = to_where(check("amount / hours > 1", step), scope)
        assert connection.scalars(sa.select(TABLES["step"].c.id).where(risky)).all() == ["s1"]
        key = sort_key(to_sql(check("amount * 1.5", step), scope))
        assert connection.scalars(sa.select(TABLES["step"].c.id).where(TABLES["step"].c.amount.is_not(None)).order_by(key)).all() == ["s4", "s1", "s2"]


def test_what_can_not_run_in_a_database_is_refused() -> None:
    with pytest.raises(ExpressionError) as caught:
        to_where(check("WORKDAY(due, 3) > due", SCOPE), TableScope("postgresql", "task", TABLES["task"]))
    assert caught.value.findings[0].code == "not_in_filters"
    nested = "amount"
    for _turn in range(12):
        nested = f"POWER({nested}, 1)"
    with pytest.raises(ExpressionError) as caught:
        to_sql(check(nested, SCOPE), TableScope("postgresql", "task", TABLES["task"]))
    assert caught.value.findings[0].code == "too_large"
