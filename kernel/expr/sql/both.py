"""SQL forms that are the same on both databases: logic, comparisons, lists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, and_, case, false, func, literal, not_, null, or_, true

from kernel.expr.functions.operators import micros
from kernel.expr.sql.literals import micro_value, number_text
from kernel.expr.sql.node import S, Sql, any_of, guarded, negated, num, truth
from kernel.expr.types import Kind

if TYPE_CHECKING:
    from kernel.expr.sql.compiler import Compiler

_BOUND = 2**63 - 1
_OPS: dict[str, Callable[[Sql, Any], Sql]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
_TURNED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def boolean(value: Sql, *, error: Sql | None = None, loose: bool = True) -> S:
    """A boolean part."""
    return S(value, Kind.BOOLEAN, error, loose)


def compare(q: Compiler, op: str, a: S, b: S) -> S:
    """A comparison; NULL where a side is blank. A column and a constant stay native, so that indexes work."""
    if (a.known and a.constant is None) or (b.known and b.constant is None):
        return boolean(false(), loose=False)
    if a.kind is Kind.BOOLEAN or b.kind is Kind.BOOLEAN:
        return _compare_booleans(op, a, b)
    scaled = a.kind is Kind.DURATION or (q.lite and a.kind is Kind.NUMBER)
    if not scaled:
        left, right = a.value, b.value
        if not q.lite and a.kind is Kind.TEXT and op not in ("=", "<>"):
            left = left.collate("C")
        return boolean(_OPS[op](left, right))
    if a.known and not b.known:
        a, b, op = b, a, _TURNED[op]
    if b.known and a.places is not None and not a.known:
        return boolean(_against(op, a, b))
    if a.places is not None and a.places == b.places:
        return boolean(_OPS[op](a.value, b.value))
    if a.kind is Kind.DURATION:
        return boolean(_OPS[op](micro_value(a, q.lite), micro_value(b, q.lite)))
    return boolean(_OPS[op](func.fy_cmp(number_text(a), number_text(b)), 0))


def _compare_booleans(op: str, a: S, b: S) -> S:
    if a.known:
        a, b = b, a
    if b.known:
        wanted = b.constant if op == "=" else not b.constant
        return boolean(a.value if wanted else not_(a.value)) if not a.loose else boolean(truth(a) if wanted else negated(a))
    left, right = (truth(s) if s.loose else s.value for s in (a, b))
    return boolean(_OPS[op](left, right))


def _against(op: str, column: S, known: S) -> Sql:
    """An integer column of 10^-places against a constant that may lie between two of its values or beyond all."""
    value = known.constant
    exact = Fraction(micros(value), 10**6) if known.kind is Kind.DURATION else Fraction(value)
    target = exact * 10 ** (column.places or 0)
    below = target.numerator // target.denominator
    if target.denominator != 1:
        if op in ("=", "<>"):
            return and_(column.value.is_not(None), true() if op == "<>" else false())
        # x < 2.5 is x <= 2; x > 2.5 is x > 2.
        op = "<=" if op in ("<", "<=") else ">"
    if abs(below) > _BOUND:
        met = op == "<>" or ((op in ("<", "<=")) == (below > 0) and op != "=")
        return and_(column.value.is_not(None), true() if met else false())
    return _OPS[op](column.value, literal(below, BigInteger()))


def same(q: Compiler, a: S, b: S) -> Sql:
    """Equality in which blank equals blank, as in SWITCH; never NULL."""
    if b.known and b.constant is None:
        return a.value.is_(None) if not a.loose else false()
    equal = func.coalesce(compare(q, "=", a, b).value, false())
    return equal if b.known else or_(equal, and_(a.value.is_(None), b.value.is_(None)))


def align(q: Compiler, kind: Kind, made: Sequence[S]) -> list[S]:
    """Results of which one will be taken, in one representation."""
    # A written BLANK takes the type of the others, which PostgreSQL wants to know.
    made = [replace(q.blank(kind), error=s.error) if s.kind is Kind.BLANK else s for s in made]
    if kind is Kind.BOOLEAN:
        return [replace(s, value=truth(s), loose=False) if s.loose else s for s in made]
    if kind is Kind.DURATION:
        if all(s.places == made[0].places and not s.known for s in made):
            return list(made)
        return [replace(s, value=s.value if s.known else micro_value(s, q.lite), places=6) for s in made]
    if kind is Kind.NUMBER and q.lite:
        places = {s.places for s in made if not s.known}
        if len(places) == 1 and None not in places:
            one = next(iter(places)) or 0
            scaled = [_scaled(s, one) for s in made]
            if all(s is not None for s in scaled):
                return [s for s in scaled if s is not None]
        return [replace(s, value=number_text(s), places=None) for s in made]
    return list(made)


def _scaled(s: S, places: int) -> S | None:
    if not s.known:
        return s
    if s.constant is None:
        return replace(s, value=null(), places=places)
    target = Fraction(s.constant) * 10**places
    if target.denominator != 1 or abs(target) > _BOUND:
        return None
    return replace(s, value=literal(int(target), BigInteger()), places=places)


def merged(kind: Kind, value: Sql, made: Sequence[S], error: Sql | None) -> S:
    """The part that holds one of several results."""
    return S(value, kind, error, places=made[0].places, digits=max(s.digits for s in made), decimals=max(s.decimals for s in made))


def _choose(q: Compiler, kind: Kind, cases: list[tuple[Sql | None, Sql, S]], otherwise: S) -> S:
    """The first case that holds. Each is (error of its test, test, result)."""
    made = align(q, kind, [result for _e, _t, result in cases] + [otherwise])
    value = case(*((test, s.value) for (_e, test, _r), s in zip(cases, made, strict=False)), else_=made[-1].value)
    whens: list[tuple[Sql, Sql]] = []
    for wrong, test, result in cases:
        if wrong is not None:
            whens.append((wrong, true()))
        whens.append((test, result.error if result.error is not None else false()))
    possible = any(w is not None or r.error is not None for w, _t, r in cases) or otherwise.error is not None
    error = case(*whens, else_=otherwise.error if otherwise.error is not None else false()) if possible else None
    return merged(kind, value, made, error)


def if_(q: Compiler, kind: Kind, args: list[S]) -> S:
    """IF."""
    otherwise = args[2] if len(args) > 2 else q.blank(kind)
    return _choose(q, kind, [(args[0].error, args[0].value, args[1])], otherwise)


def ifs(q: Compiler, kind: Kind, args: list[S]) -> S:
    """IFS."""
    cases = [(c.error, c.value, v) for c, v in zip(args[::2], args[1::2], strict=True)]
    return _choose(q, kind, cases, replace(q.blank(kind), error=true()))


def switch(q: Compiler, kind: Kind, args: list[S]) -> S:
    """SWITCH."""
    subject, rest = args[0], args[1:]
    otherwise = rest[-1] if len(rest) % 2 else replace(q.blank(kind), error=true())
    cases = [(c.error, same(q, subject, c), r) for c, r in zip(rest[: len(rest) // 2 * 2 : 2], rest[1::2], strict=False)]
    made = _choose(q, kind, cases, otherwise)
    return replace(made, error=any_of(subject.error, made.error))


def and_all(q: Compiler, kind: Kind, args: list[S]) -> S:
    """AND: an error only counts if everything before it holds."""
    error: Sql | None = None
    for arg in reversed(args):
        error = any_of(arg.error, guarded(arg.value, error))
    return boolean(and_(true(), *(arg.value for arg in args)), error=error)


def or_any(q: Compiler, kind: Kind, args: list[S]) -> S:
    """OR: an error only counts if nothing before it holds."""
    error: Sql | None = None
    for arg in reversed(args):
        error = any_of(arg.error, guarded(negated(arg), error) if error is not None else None)
    return boolean(or_(false(), *(arg.value for arg in args)), error=error)


def not_one(q: Compiler, kind: Kind, args: list[S]) -> S:
    """NOT."""
    return boolean(negated(args[0]), loose=False)


def xor(q: Compiler, kind: Kind, args: list[S]) -> S:
    """XOR."""
    total: Any = num("0")
    for arg in args:
        total = total + case((truth(arg), num("1")), else_=num("0"))
    return boolean(total % num("2") == num("1"), loose=False)


def iferror(q: Compiler, kind: Kind, args: list[S]) -> S:
    """IFERROR."""
    value, otherwise = args
    if value.error is None:
        return value
    made = align(q, kind, args)
    error = guarded(value.error, otherwise.error)
    return merged(kind, case((value.error, made[1].value), else_=made[0].value), made, error)


def iserror(q: Compiler, kind: Kind, args: list[S]) -> S:
    """ISERROR."""
    error = args[0].error
    return boolean(false() if error is None else func.coalesce(error, false()), loose=False)


def isblank(q: Compiler, kind: Kind, args: list[S]) -> S:
    """ISBLANK."""
    return boolean(false() if args[0].loose else args[0].value.is_(None), loose=False)


def coalesce(q: Compiler, kind: Kind, args: list[S]) -> S:
    """COALESCE."""
    made = align(q, kind, args)
    error: Sql | None = None
    for arg in reversed(args):
        error = any_of(arg.error, guarded(arg.value.is_(None), error) if not arg.loose else None)
    value = func.coalesce(*(s.value for s in made)) if len(made) > 1 else made[0].value
    return merged(kind, value, made, error)


def in_list(q: Compiler, kind: Kind, args: list[S]) -> S:
    """IN: natively one list where all options are texts."""
    subject, options = args[0], [o for o in args[1:] if not (o.known and o.constant is None)]
    if subject.kind in (Kind.TEXT, Kind.CHOICE, Kind.RECORD) and options and all(o.known for o in options):
        return boolean(subject.value.in_([o.constant for o in options]))
    return boolean(or_(false(), *(compare(q, "=", subject, o).value for o in options)))


def has(q: Compiler, kind: Kind, args: list[S]) -> S:
    """HAS: lists are stored as ``|a|b|``."""
    listed, option = args
    place = func.instr if q.lite else func.strpos
    part = literal(f"|{option.constant}|") if option.known else literal("|").concat(option.value).concat("|")
    return boolean(place(listed.value, part) > num("0"))


def count_list(q: Compiler, kind: Kind, args: list[S]) -> S:
    """COUNT of a list."""
    listed = args[0].value
    count = func.coalesce(func.length(listed) - func.length(func.replace(listed, "|", "")) - num("1"), num("0"))
    return q.integer(count)


def nothing(q: Compiler, kind: Kind, args: list[S]) -> S:
    """Arithmetic with a written BLANK."""
    return q.blank(kind)


BUILDERS: dict[str, Callable[[Any, Kind, list[S]], S]] = {
    "IF": if_, "IFS": ifs, "SWITCH": switch, "AND": and_all, "OR": or_any, "NOT": not_one, "XOR": xor,
    "IFERROR": iferror, "ISERROR": iserror, "ISBLANK": isblank, "COALESCE": coalesce, "IN": in_list,
    "HAS": has, "count_list": count_list, "nothing": nothing,
    **{op: (lambda q, kind, args, op=op: compare(q, op, *args)) for op in _OPS},  # type: ignore[misc]
}  # fmt: skip
