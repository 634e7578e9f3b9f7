"""Random typed expressions over random records: all targets agree, with zero differences."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from kernel.expr import Expression, check, to_json_value
from kernel.expr.types import ErrorValue
from tests.scale import scaled

from .page import in_browser
from .random_expressions import TASK, expressions
from .targets import ERROR, fill, in_database
from .world import DB, SCOPE, RecordEnv

RECORDS, PER_RECORD = scaled(8, 60), scaled(60, 250)
_KINDS = expressions(3)
_ONE = st.one_of(*_KINDS.values())


def _job(row: dict[str, Any], formulas: list[str]) -> tuple[dict[str, Any], str, list[Expression]]:
    steps = {f"x{i}": step for i, step in enumerate(row["steps"])}
    db = {**DB, "step": steps, "task": {"t1": {**row, "steps": list(steps)}}}
    return db, "t1", [check(formula, SCOPE) for formula in formulas]


def _jobs() -> list[tuple[dict[str, Any], str, list[Expression]]]:
    found: list[tuple[dict[str, Any], str, list[Expression]]] = []

    @settings(max_examples=RECORDS, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck), phases=(Phase.generate,))
    @given(TASK, st.lists(_ONE.filter(lambda formula: len(formula) < 900), min_size=PER_RECORD, max_size=PER_RECORD))
    def collect(row: dict[str, Any], formulas: list[str]) -> None:
        found.append(_job(row, formulas))

    collect()
    return found


@pytest.fixture(scope="module")
def jobs() -> list[tuple[dict[str, Any], str, list[Expression]]]:
    """Records with formulas, the same in every run."""
    return _jobs()


def _python(job: tuple[dict[str, Any], str, list[Expression]]) -> list[Any]:
    db, record, formulas = job
    env = RecordEnv("task", db["task"][record], db=db)
    return [formula.evaluate(env) for formula in formulas]


@pytest.mark.parametrize("database", ["lite", "pg"])
def test_databases_agree_with_python(database: str, jobs: Any, request: pytest.FixtureRequest) -> None:
    engine: sa.Engine = request.getfixturevalue(database)
    differences = []
    try:
        for job in jobs:
            with engine.begin() as connection:
                fill(connection, job[0])
                got = in_database(connection, job[2], fold=True)
            for formula, mine, theirs in zip(job[2], _python(job), got, strict=True):
                same = theirs is ERROR if isinstance(mine, ErrorValue) else to_json_value(theirs) == to_json_value(mine)
                if not same:
                    differences.append((formula.text, mine, theirs))
    finally:
        with engine.begin() as connection:
            fill(connection, DB)
    assert differences == []


@pytest.mark.browser
def test_the_browser_agrees_with_python(browser: Any, jobs: Any) -> None:
    differences = []
    for job, got in zip(jobs, in_browser(browser, jobs), strict=True):
        for formula, mine, theirs in zip(job[2], map(to_json_value, _python(job)), got, strict=True):
            if mine != theirs or type(mine) is not type(theirs):
                differences.append((formula.text, mine, theirs))
    assert differences == []


def test_there_is_something_to_compare(jobs: Any) -> None:
    values = [value for job in jobs for value in _python(job)]
    known = [v for v in values if v is not None and not isinstance(v, ErrorValue)]
    assert len(jobs) == RECORDS
    assert len(known) > len(values) / 4
