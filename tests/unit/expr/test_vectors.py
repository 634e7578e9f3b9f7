"""Every vector on every target: Python, SQLite, PostgreSQL, a browser. The files are the public conformance set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from kernel.expr import Expression, check, to_json_value
from kernel.expr.core import Aggregate, Apply, walk
from kernel.expr.functions import FUNCTIONS, OPS

from .page import in_browser
from .targets import ERROR, in_database
from .world import DB, SCOPE, TASK

FOLDER = Path(__file__).resolve().parents[2] / "vectors"
VECTORS: list[dict[str, Any]] = [v for path in sorted(FOLDER.glob("*.json")) for v in json.loads(path.read_text(encoding="utf-8"))]
EXPRESSIONS: list[Expression] = [check(v["formula"], SCOPE) for v in VECTORS]


def _misses(found: list[Any]) -> list[tuple[str, Any, Any]]:
    return [(v["formula"], v["value"], got) for v, got in zip(VECTORS, found, strict=True) if got != v["value"] or type(got) is not type(v["value"])]


def test_types() -> None:
    assert [(v["formula"], x.type.kind.value) for v, x in zip(VECTORS, EXPRESSIONS, strict=True) if x.type.kind.value != v["type"]] == []


def test_python() -> None:
    assert _misses([to_json_value(x.evaluate(TASK)) for x in EXPRESSIONS]) == []


@pytest.mark.parametrize("fold", [False, True], ids=["as_written", "constants_folded"])
@pytest.mark.parametrize("database", ["lite", "pg"])
def test_sql(database: str, fold: bool, request: pytest.FixtureRequest) -> None:
    engine: sa.Engine = request.getfixturevalue(database)
    runnable = [(v, x) for v, x in zip(VECTORS, EXPRESSIONS, strict=True) if x.sql_ok]
    with engine.connect() as connection:
        found = in_database(connection, [x for _v, x in runnable], fold=fold)
    misses = []
    for (vector, _x), got in zip(runnable, found, strict=True):
        wanted: Any = vector["value"]
        if isinstance(wanted, dict):
            ok = got is ERROR
        else:
            got = to_json_value(got)
            ok = got == wanted and type(got) is type(wanted)
        if not ok:
            misses.append((vector["formula"], wanted, got))
    assert misses == []


@pytest.mark.browser
def test_browser(browser: Any) -> None:
    assert _misses(in_browser(browser, [(DB, "t1", EXPRESSIONS)])[0]) == []


def test_every_function_and_operator_has_vectors() -> None:
    used = {core.op.op for x in EXPRESSIONS for core in walk(x.core) if isinstance(core, Apply)}
    assert set(OPS) - used == set()
    written = " ".join(v["formula"] for v in VECTORS)
    assert [name for name in FUNCTIONS if f"{name}(" not in written] == []
    hows = {core.how for x in EXPRESSIONS for core in walk(x.core) if isinstance(core, Aggregate)}
    assert hows == {"COUNT", "SUM", "SUM_SPAN", "AVERAGE", "AVERAGE_SPAN", "MIN", "MAX", "ANY", "ALL", "FIRST", "LAST", "JOIN"}


def test_the_table_is_as_large_as_promised() -> None:
    assert len(FUNCTIONS) >= 70
    assert len(VECTORS) >= 500
