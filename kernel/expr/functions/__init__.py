"""The one table of functions, by family. Documentation, checker and all targets read it."""

from __future__ import annotations

from dataclasses import replace

from kernel.expr.functions import aggregate, date, logic, lookup, number, text, workday
from kernel.expr.functions.operators import OPERATORS
from kernel.expr.table import Function, Overload
from kernel.i18n import Text, _

FAMILIES: tuple[tuple[str, Text, tuple[Function, ...]], ...] = (
    ("logic", _("Logic"), logic.FUNCTIONS),
    ("text", _("Text"), text.FUNCTIONS),
    ("number", _("Numbers"), number.FUNCTIONS),
    ("aggregate", _("Aggregates"), aggregate.FUNCTIONS),
    ("date", _("Dates and times"), date.FUNCTIONS),
    ("workday", _("Working days"), workday.FUNCTIONS),
    ("lookup", _("Look-ups"), lookup.FUNCTIONS),
)

FUNCTIONS: dict[str, Function] = {function.name: replace(function, family=family) for family, _title, functions in FAMILIES for function in functions}

OPS: dict[str, Overload] = {**OPERATORS, **{way.op: way for function in FUNCTIONS.values() for way in function.overloads}}

__all__ = ["FAMILIES", "FUNCTIONS", "OPERATORS", "OPS"]
