"""The smallest set suffices, and no smaller one does: checked by brute force over small conditions."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from itertools import combinations, product
from zoneinfo import ZoneInfo

import pytest

from kernel.expr import Scope, check
from kernel.expr.scope import Member
from kernel.expr.types import BOOLEAN, NUMBER, TEXT, Option, choice
from runtime.workflow.why import smallest_sets

TYPES = {"a": NUMBER, "b": NUMBER, "n": TEXT, "f": BOOLEAN, "c": choice([Option("x", ()), Option("y", ())])}
DOMAIN = {
    "a": [None, Decimal(0), Decimal(3), Decimal(4), Decimal(5)],
    "b": [None, Decimal(0), Decimal(3), Decimal(4), Decimal(5)],
    "n": [None, "x", "xxxxxx"],
    "f": [None, True, False],
    "c": [None, "x", "y"],
}


class Schema:
    def member(self, entity, name):
        return Member(name, f"u:{name}", TYPES[name]) if name in TYPES else None

    def members(self, entity):
        return [Member(name, f"u:{name}", type_) for name, type_ in TYPES.items()]


class Values:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    zone = ZoneInfo("Asia/Shanghai")
    holidays = None

    def __init__(self, **values):
        self.values = values

    def get(self, path):
        return self.values.get(path[0])

    def rows(self, path):
        return []


SCOPE = Scope(Schema(), "thing", {})
CONDITIONS = [
    "AND(a>3,b>4)",
    "OR(AND(a>3,b>3),f)",
    "NOT(ISBLANK(c))",
    "IF(f,a>4,AND(a>3,b>3))",
    "LEN(n)>=5",
    'AND(a>b,OR(c="x",LEN(n)>3))',
    'OR(AND(f,c="y"),AND(a=5,b=5,LEN(n)>=5))',
    'AND(NOT(f),OR(a>3,b>3),c<>"x")',
    "NOT(OR(f,a<4))",
]
STARTS = [{}, {"f": False, "a": Decimal(3)}, {"a": Decimal(5), "c": "x"}, {"f": True, "b": Decimal(4), "n": "x"}]


def suffices(expression, start, fields):
    return any(
        expression.evaluate(Values(**{**start, **dict(zip(fields, chosen, strict=True))})) is True
        for chosen in product(*(DOMAIN[f] for f in fields))
    )


@pytest.mark.parametrize("text", CONDITIONS)
@pytest.mark.parametrize("start", STARTS, ids=str)
def test_set_suffices_and_none_is_smaller(text, start):
    expression = check(text, SCOPE)
    found = smallest_sets(expression, Values(**start))
    size = len(found[0])
    for fields in found:
        assert suffices(expression, start, [path[0] for path in fields])
    smaller = [s for n in range(size) for s in combinations(DOMAIN, n) if suffices(expression, start, s)]
    assert smaller == []


def test_condition_that_nothing_can_open_names_no_field():
    assert smallest_sets(check("AND(a>3,a<2)", SCOPE), Values()) == [()]
