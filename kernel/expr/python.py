"""The Python target: a typed tree becomes nested closures, compiled once.

A compiled part is called with the Env and the outer frame: ``part(env, outer)``. ``outer`` is a :class:`Frame`; the
outermost has no parent and counts the steps of the run.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from kernel.expr.core import Aggregate, Apply, Const, Core, Field
from kernel.expr.functions.aggregate import HOW, join
from kernel.expr.types import LIMIT, ErrorValue, Kind

STEPS = 10_000  # rows looked at by all aggregates of one evaluation

Compiled = Callable[[Any, Any], Any]


class Frame:
    """What lies around a row: the Env outside of it and that one's own frame."""

    __slots__ = ("env", "outer", "root", "steps")

    def __init__(self, env: Any = None, outer: Frame | None = None) -> None:
        self.env = env
        self.outer = outer
        self.root: Frame = outer.root if outer is not None else self
        self.steps = 0


def compile_core(core: Core) -> Compiled:
    """The closure for ``core``."""
    if isinstance(core, Const):
        value = core.value
        return lambda env, outer: value
    if isinstance(core, Field):
        return _field(core)
    if isinstance(core, Aggregate):
        return _aggregate(core)
    assert isinstance(core, Apply), core
    parts = [compile_core(arg) for arg in core.args]
    if core.op.lazy:
        made: Compiled = core.op.run(*parts)
        return made
    return _strict(core, parts)


def _field(core: Field) -> Compiled:
    path, kind = core.path, core.type.kind

    def tidy(value: Any) -> Any:
        # Blank has many outward forms; inside there is one.
        if value == "" or value == ():
            return None
        if kind is Kind.NUMBER and value.__class__ is int:
            return Decimal(value)
        return tuple(value) or None if value.__class__ is list else value

    if core.level == 0:

        def own(env: Any, outer: Any) -> Any:
            value = env.get(path)
            cls = value.__class__
            return value if cls is Decimal or cls is bool or value is None else tidy(value)

        return own

    levels = core.level

    def further(env: Any, outer: Any) -> Any:
        for _turn in range(levels):
            env, outer = outer.env, outer.outer
        return tidy(env.get(path))

    return further


_COMPARISONS = {"=", "<>", "<", "<=", ">", ">="}


def _strict(core: Apply, parts: list[Compiled]) -> Compiled:
    run, blank = core.op.run, core.op.blank
    if core.op.env:
        inner = run
        bound: Compiled = _with_env(inner, blank, parts)
        return bound
    if blank == "raw":
        return _raw(run, parts)
    on_blank = False if blank == "false" else None
    if len(parts) == 2:
        first, second = parts
        if isinstance(core.args[1], Const) and core.args[1].value is not None:
            return _against(run, first, core.args[1].value, on_blank)

        def two(env: Any, outer: Any) -> Any:
            a = first(env, outer)
            if a.__class__ is ErrorValue:
                return a
            b = second(env, outer)
            if b.__class__ is ErrorValue:
                return b
            return on_blank if a is None or b is None else run(a, b)

        return two
    if len(parts) == 1:
        only = parts[0]

        def one(env: Any, outer: Any) -> Any:
            a = only(env, outer)
            if a.__class__ is ErrorValue:
                return a
            return on_blank if a is None else run(a)

        return one

    def many(env: Any, outer: Any) -> Any:
        values = [part(env, outer) for part in parts]
        for value in values:
            if value.__class__ is ErrorValue:
                return value
        return on_blank if None in values else run(*values)

    return many


def _against(run: Any, first: Compiled, constant: Any, on_blank: Any) -> Compiled:
    """The commonest call: a field and a constant."""

    def against(env: Any, outer: Any) -> Any:
        a = first(env, outer)
        if a is None:
            return on_blank
        return a if a.__class__ is ErrorValue else run(a, constant)

    return against


def _raw(run: Any, parts: list[Compiled]) -> Compiled:
    def raw(env: Any, outer: Any) -> Any:
        values = [part(env, outer) for part in parts]
        for value in values:
            if value.__class__ is ErrorValue:
                return value
        return run(*values)

    return raw


def _with_env(run: Any, blank: str, parts: list[Compiled]) -> Compiled:
    on_blank = False if blank == "false" else None

    def with_env(env: Any, outer: Any) -> Any:
        values = [part(env, outer) for part in parts]
        for value in values:
            if value.__class__ is ErrorValue:
                return value
        if None in values:
            return on_blank
        # Time, zone and calendar belong to the outermost Env; rows need not carry them.
        while outer is not None and outer.outer is not None:
            env, outer = outer.env, outer.outer
        return run(env, *values)

    return with_env


def _aggregate(core: Aggregate) -> Compiled:
    path, level, how = core.rows.path, core.rows.level, core.how
    condition = compile_core(core.condition) if core.condition is not None else None
    value = compile_core(core.value) if core.value is not None else None
    separator = compile_core(core.separator) if core.separator is not None else None
    keep_blanks = how in ("ANY", "ALL")
    fold = HOW.get(how)

    def aggregate(env: Any, outer: Any) -> Any:
        frame = Frame(env, outer)
        holder, around = env, outer
        for _turn in range(level):
            holder, around = around.env, around.outer
        mark = separator(env, outer) if separator is not None else None
        if mark.__class__ is ErrorValue:
            return mark
        values: list[Any] = []
        root = frame.root
        failed = None
        for row in holder.rows(path):
            root.steps += 1
            if root.steps > STEPS:
                return LIMIT
            if condition is not None:
                met = condition(row, frame)
                if met is not True:
                    if met.__class__ is ErrorValue and failed is None:
                        failed = met
                    continue
            found = value(row, frame) if value is not None else True
            if found.__class__ is ErrorValue:
                failed = failed or found
            elif found is not None or keep_blanks:
                values.append(found)
        if failed is not None:
            return failed
        return fold(values) if fold is not None else join(mark, values)

    return aggregate
