"""How much a counted thing falls short of: ``LEN(text) >= 50`` with 38 characters lacks 12, ``COUNT(rows) >= 2`` with one lacks 1."""

from __future__ import annotations

from decimal import Decimal

from kernel.expr import Expression
from kernel.expr.core import Aggregate, Apply, Core
from kernel.expr.python import Frame, compile_core
from kernel.expr.scope import Env

COUNTING = frozenset({"LEN", "COUNT", "count_list"})
# Which side of the comparison must grow, and whether being equal is enough.
COMPARISONS = {">=": (0, 0), ">": (0, 1), "<=": (1, 0), "<": (1, 1)}


def shortfall(expression: Expression, env: Env) -> int | None:
    """How many more make ``expression`` true, where it compares a count or a length with a number; else None."""
    core = expression.core
    if not isinstance(core, Apply) or core.op.op not in COMPARISONS:
        return None
    counted, beyond = COMPARISONS[core.op.op]
    if not _counts(core.args[counted]):
        return None
    have, least = _number(core.args[counted], env), _number(core.args[1 - counted], env)
    if have is None or least is None or least != int(least):
        return None
    lacking = int(least) + beyond - int(have)
    return lacking if lacking > 0 else None


def _counts(core: Core) -> bool:
    if isinstance(core, Aggregate):
        return core.how == "COUNT"
    return isinstance(core, Apply) and core.op.op in COUNTING


def _number(core: Core, env: Env) -> Decimal | None:
    found = compile_core(core)(env, Frame())
    return found if isinstance(found, Decimal) else Decimal(found) if isinstance(found, int) else None
