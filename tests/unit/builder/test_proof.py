"""Conditions that can or can't hold, decided by trying what matters."""


from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from builder.checks.proof import Known, decide
from kernel.model.schema import AppSchema
from tests.unit.builder import world


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> AppSchema:
    folder: Path = tmp_path_factory.mktemp("proof")
    return world.application(folder).schema


@pytest.mark.parametrize("text", [
    "cost > 5", "AND(cost > 5, cost < 6)", "COUNT(steps) >= 3", "AND(cost >= 7, cost <= 7)", 'kind = "repair"', 'OR(kind = "build", FALSE)', "due > TODAY()", 'name = "x"', "LEN(name) >= 5",
    "SUM(steps.hours) > 10", "project.budget > 1000", "ISBLANK(due)", "due >= DATE(2030, 1, 1)", "cost >= param.big", 'IF(cost > 5, kind = "build", area = "home")', "owner = me", "NOT(cost > 5)",
    "ISBLANK(note) = FALSE", "cost > 0.01",
])
def test_what_can_hold_has_a_witness(schema: AppSchema, text: str) -> None:
    verdict = decide(schema.expression_of(text, "task"))
    assert verdict.holds is not None and verdict.proved, verdict


@pytest.mark.parametrize("text", [
    "AND(cost > 5, cost < 5)", "AND(cost > 5, ISBLANK(cost))", 'AND(kind = "build", kind = "repair")', "AND(due > DATE(2030, 1, 1), due < DATE(2020, 1, 1))", "FALSE", "1 > 2",
    "AND(COUNT(steps) > 5, FALSE)", 'AND(state = "open", state = "done")', "AND(NOT(ISBLANK(due)), ISBLANK(due))",
])
def test_what_can_not_hold_is_proved(schema: AppSchema, text: str) -> None:
    verdict = decide(schema.expression_of(text, "task"))
    assert verdict.holds is None and verdict.proved and verdict.tried >= 1, verdict


@pytest.mark.parametrize("text", ["AND(cost + 1 > 5, cost < 3)", "LEN(name) > 900", "cost * cost = 3"])
def test_what_was_not_found_by_trying_is_not_called_impossible(schema: AppSchema, text: str) -> None:
    verdict = decide(schema.expression_of(text, "task"))
    assert verdict.holds is None and not verdict.proved


def test_what_is_known_narrows(schema: AppSchema) -> None:
    expression = schema.expression_of("ISBLANK(cost)", "task")
    assert decide(expression).holds is not None
    assert decide(expression, Known(filled=frozenset({("cost",)}))).holds is None
    at = schema.expression_of('state = "open"', "task")
    assert decide(at, Known(values={("state",): ("doing",)})).holds is None
    over = schema.expression_of("AND(cost > param.big, cost < 10)", "task")
    assert decide(over, Known(fixed={("param", "big"): Decimal(1000)})).holds is None
