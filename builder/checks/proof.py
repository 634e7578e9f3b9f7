"""Conditions that can never hold, proved by trying what matters.

A condition is evaluated over the options of choices, both truth values, the values around every constant a number, date or
duration is compared with, and blank. What can't be tried through (rows, texts, arithmetic between fields) counts as free:
it may take any of the values worth trying. So "never" is a proof where every part is only compared with constants, and is
left open ("not proved") elsewhere or beyond the cap.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise, product
from typing import Any

from builder.checks.defaults import Nowhere
from builder.checks.finding import Finding
from builder.checks.place import Place
from kernel.expr.core import Aggregate, Apply, Const, Core, RowField, Rows, walk
from kernel.expr.core import Field as Read
from kernel.expr.expression import Expression
from kernel.expr.findings import ExpressionError
from kernel.expr.python import Frame, compile_core
from kernel.expr.types import ErrorValue, Kind
from kernel.i18n import _
from kernel.model.elements import Element, Entity, Machine, Transition

MOST = 20_000
_COMPARE = frozenset({"=", "<>", "<", "<=", ">", ">="})
_TRANSPARENT = frozenset({"AND", "OR", "NOT", "IF", "XOR", "ISBLANK", "any_of", "IN", *_COMPARE})

Path = tuple[str, ...]


@dataclass(frozen=True)
class Verdict:
    """``holds``: values that make it true, None when none do. ``proved``: whether that is certain."""

    holds: dict[str, Any] | None
    proved: bool
    tried: int


@dataclass
class Known:
    """What is certain about fields where the condition stands: values they have, and that they are filled."""

    values: dict[Path, tuple[Any, ...]] = field(default_factory=dict)
    filled: frozenset[Path] = frozenset()
    fixed: dict[Path, Any] = field(default_factory=dict)


def check(place: Place) -> Iterable[Finding]:
    """Guards that keep a step closed for ever, and validations that no record can meet."""
    fixed: dict[Path, Any] = {("param", p.key): value for p in place.application.parameters.values() if (value := _parameter(p.type, p.value)) is not None}
    for machine in place.application.machines:
        entity = place.application.entities.get(machine.entity)
        if entity is None:
            continue
        for transition in machine.transitions:
            known = _known(entity, machine, transition, fixed)
            for guard in transition.guards:
                yield from _judge(place, guard, "holds", known, "guard_never")
    for entity in place.application.entities.values():
        known = Known(filled=frozenset((f.key,) for f in entity.fields if f.required), fixed=fixed)
        for validation in entity.validations:
            if validation.when is None:
                yield from _judge(place, validation, "holds", known, "validation_never")


def known_during(place: Place, machine: Machine, transition: Transition) -> Known:
    """What is certain while this transition is being taken."""
    fixed: dict[Path, Any] = {("param", p.key): value for p in place.application.parameters.values() if (value := _parameter(p.type, p.value)) is not None}
    return _known(place.application.entities[machine.entity], machine, transition, fixed)


def never(expression: Expression, known: Known) -> int | None:
    """How many combinations were tried, where it is proved that the expression can't be true; else None."""
    verdict = decide(expression, known)
    return verdict.tried if verdict.holds is None and verdict.proved else None


def _known(entity: Entity, machine: Machine, transition: Transition, fixed: dict[Path, Any]) -> Known:
    """During a transition: the states it starts from, fields it needs or that are always required are filled."""
    states = tuple(s for s in transition.from_ if s in machine.by_key)
    at: dict[Path, tuple[Any, ...]] = {(machine.column,): states, ("old", machine.column): states} if states else {}
    filled = {(f.key,) for f in entity.fields if f.required} | {(n,) for n in transition.needs} | {("ask", a.key) for a in transition.asks if a.required}
    return Known(at, frozenset(filled), fixed)


def _judge(place: Place, element: Element, prop: str, known: Known, code: str) -> Iterator[Finding]:
    try:
        expression = place.schema.expression(element, prop)
    except ExpressionError:
        return
    if expression is None:
        return
    verdict = decide(expression, known)
    if verdict.holds is not None:
        return
    if verdict.proved:
        message = (
            _("This condition can never hold: {text}", text=expression.text)
            if code == "guard_never"
            else _("No record can ever meet this rule: {text}", text=expression.text)
        )
        yield place.find(
            element,
            code,
            prop,
            message,
            _("Look at what it compares; {n} combinations were tried.", n=verdict.tried),
            witness={"tried": verdict.tried, "reads": sorted(".".join(p) for p in expression.reads), "text": expression.text},
        )
    else:
        yield place.find(
            element,
            "not_proved",
            prop,
            _("Whether this condition can hold was not proved: {text}", text=expression.text),
            severity="info",
            witness={"tried": verdict.tried, "reads": sorted(".".join(p) for p in expression.reads)},
        )


def decide(expression: Expression, known: Known | None = None) -> Verdict:
    """Whether any values worth trying make ``expression`` true."""
    known = known or Known()
    free = _Free(known)
    core = free.replaced(expression.core)
    constants = _constants(core)
    domains = [(path, list(_candidates(type_, constants, known, path))) for path, type_ in free.types.items()]
    total = 1
    for _path, values in domains:
        total *= max(len(values), 1)
        if total > MOST:
            return Verdict(None, False, 0)
    run = compile_core(core)
    env = _Env()
    tried = 0
    for chosen in product(*(values for _path, values in domains)):
        tried += 1
        env.values = {path: value for (path, _v), value in zip(domains, chosen, strict=True)}
        if run(env, Frame()) is True:
            return Verdict({".".join(p): _shown(v) for p, v in env.values.items()}, True, tried)
    return Verdict(None, free.exact and _exact(core, free), tried)


class _Env(Nowhere):
    def __init__(self) -> None:
        self.values: dict[Path, Any] = {}

    def get(self, path: Path) -> Any:
        return self.values.get(path)


class _Free:
    """Replaces what can't be enumerated by free variables and collects the types of all variables."""

    def __init__(self, known: Known) -> None:
        self.known = known
        self.types: dict[Path, Any] = {}
        self.exact = True

    def replaced(self, core: Core) -> Core:
        if isinstance(core, Read):
            if core.path in self.known.fixed:
                return Const(core.type, core.start, core.end, self.known.fixed[core.path])
            self.types[core.path] = core.type
            return core
        if isinstance(core, (Aggregate, Rows, RowField)):
            # One variable per written place: more freedom than there is, so "never" stays a proof.
            path = (f"#{core.start}",)
            self.types[path] = core.type
            return Read(core.type, core.start, core.end, path, 0)
        if isinstance(core, Apply):
            if core.op.volatile:
                self.exact = False
            made = replace(core, args=tuple(self.replaced(a) for a in core.args))
            if made.args and not core.op.volatile and all(isinstance(a, Const) for a in made.args):
                # DATE(2020, 1, 1) is a constant like any other.
                value = compile_core(made)(_Env(), Frame())
                if not isinstance(value, ErrorValue):
                    return Const(core.type, core.start, core.end, value)
            return made
        return core


def _exact(core: Core, free: _Free) -> bool:
    """Whether trying the candidates was trying everything: variables only stand beside constants in comparisons, or
    where their few values were all tried."""
    for part in walk(core):
        if not isinstance(part, Apply):
            continue
        if part.op.op not in _TRANSPARENT:
            return False
        if part.op.op in _COMPARE:
            left, right = part.args
            if isinstance(left, Read) and isinstance(right, Read) and left.type.kind not in (Kind.BOOLEAN, Kind.CHOICE):
                return False
    return True


def _constants(core: Core) -> dict[type, set[Any]]:
    found: dict[type, set[Any]] = {}
    for part in walk(core):
        if isinstance(part, Const) and part.value is not None:
            found.setdefault(type(part.value), set()).add(part.value)
    return found


def _candidates(type_: Any, constants: dict[type, set[Any]], known: Known, path: Path) -> Iterator[Any]:
    if path in known.values:
        yield from known.values[path]
        return
    if path not in known.filled:
        yield None
    kind = type_.kind
    if kind is Kind.BOOLEAN:
        yield from (True, False)
    elif kind is Kind.CHOICE:
        yield from (o.key for o in type_.options)
    elif kind is Kind.LIST:
        yield from ((o.key,) for o in type_.options)
        yield tuple(o.key for o in type_.options) or ("x",)
    elif kind is Kind.NUMBER:
        yield from _around(constants.get(Decimal, set()) | {Decimal(0)}, Decimal(1), Decimal("0.000001"))
    elif kind is Kind.DATE:
        yield from _around(constants.get(date, set()) | {Nowhere.now.date()}, timedelta(days=1))
    elif kind is Kind.INSTANT:
        yield from _around(constants.get(datetime, set()) | {Nowhere.now}, timedelta(seconds=1))
    elif kind is Kind.DURATION:
        yield from _around(constants.get(timedelta, set()) | {timedelta(0)}, timedelta(seconds=1))
    else:
        yield from sorted(constants.get(str, set()))
        yield from ("x" * int(n) for n in sorted(constants.get(Decimal, set())) if 0 < n <= 200)
        yield "\U0010fffe"  # a text like no other


def _around(values: set[Any], *steps: Any) -> Iterator[Any]:
    found: dict[Any, None] = {}
    for value in sorted(values):
        for candidate in (value, *(value - s for s in steps), *(value + s for s in steps)):
            found[candidate] = None
    ordered = sorted(values)
    # Between any two neighbours, and beyond both ends, one value stands for all.
    for low, high in pairwise(ordered):
        found[low + (high - low) / 2] = None
    yield from found


def _parameter(kind: str, value: Any) -> Any:
    """The value of a parameter as expressions see it; None for one that does not fit, which another check says."""
    try:
        if kind in ("number", "duration"):
            number = Decimal(str(value)) if not isinstance(value, bool) else None
            return timedelta(seconds=float(number)) if kind == "duration" and number is not None else number
        return date.fromisoformat(str(value)) if kind == "date" else value
    except (ValueError, ArithmeticError):
        return None


def _shown(value: Any) -> Any:
    return value if value is None or isinstance(value, (bool, str)) else [*value] if isinstance(value, tuple) else str(value)
