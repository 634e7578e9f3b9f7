"""From a tree to a typed expression, with all mistakes found at once."""

from __future__ import annotations

from kernel.expr import tree as t
from kernel.expr.calls import Calls
from kernel.expr.core import Apply, Const, Core, RowField, Rows, walk
from kernel.expr.expression import Expression
from kernel.expr.findings import ExpressionError, Finding
from kernel.expr.fitting import LOOSE, hint_for, mismatch, to_choice, to_text
from kernel.expr.fitting import expect as fit_expected
from kernel.expr.functions import FUNCTIONS, OPERATORS
from kernel.expr.parse import parse
from kernel.expr.resolve import Names
from kernel.expr.scope import Scope
from kernel.expr.types import ANY, BLANK, BOOLEAN, DATE, DURATION, INSTANT, NUMBER, TEXT, Kind, Type, in_words
from kernel.i18n import _

N, D, T, S = Kind.NUMBER, Kind.DATE, Kind.INSTANT, Kind.DURATION

# What an arithmetic sign means for two kinds of values.
_SIGNS: dict[tuple[str, Kind, Kind], tuple[str, Type, bool]] = {
    ("+", N, N): ("add", NUMBER, False), ("-", N, N): ("sub", NUMBER, False),
    ("*", N, N): ("mul", NUMBER, False), ("/", N, N): ("div", NUMBER, False), ("^", N, N): ("POWER", NUMBER, False),
    ("+", D, N): ("add_days", DATE, False), ("+", N, D): ("add_days", DATE, True), ("-", D, N): ("sub_days", DATE, False),
    ("-", D, D): ("days_between", NUMBER, False), ("-", T, T): ("span_between", DURATION, False),
    ("+", T, S): ("add_span", INSTANT, False), ("+", S, T): ("add_span", INSTANT, True), ("-", T, S): ("sub_span", INSTANT, False),
    ("+", S, S): ("add_spans", DURATION, False), ("-", S, S): ("sub_spans", DURATION, False),
    ("*", S, N): ("mul_span", DURATION, False), ("*", N, S): ("mul_span", DURATION, True),
    ("/", S, N): ("div_span", DURATION, False), ("/", S, S): ("ratio", NUMBER, False),
}  # fmt: skip
_ORDERED = frozenset({Kind.NUMBER, Kind.TEXT, Kind.DATE, Kind.INSTANT, Kind.DURATION})
_EQUATABLE = _ORDERED | {Kind.BOOLEAN, Kind.CHOICE, Kind.RECORD, Kind.FILE}
_LIKE_TEXT = ({Kind.TEXT, Kind.CHOICE}, {Kind.TEXT, Kind.RECORD})  # compared by key, by id


def _can_compare(op: str, a: Kind, b: Kind) -> bool:
    equality = op in ("=", "<>")
    if a is b:
        return a in (_EQUATABLE if equality else _ORDERED)
    return equality and {a, b} in _LIKE_TEXT


class Checker(Calls):
    """Types one tree. Calls of functions are in :class:`~kernel.expr.calls.Calls`."""

    def __init__(self, scope: Scope) -> None:
        self.findings: list[Finding] = []
        self.names = Names(scope, self.findings)

    def value(self, node: t.Node) -> Core:
        """The typed form of ``node`` where one value is wanted."""
        core = self.any(node)
        if isinstance(core, (Rows, RowField)):
            written = self.written(node)
            hint = _("Use an aggregate, for example COUNT({name}) or SUM({name}).", name=written)
            self.fail(core, "rows", _("{name} stands for many rows, not for one value.", name=written), hint)
            return Const(ANY, core.start, core.end, None)
        return core

    def any(self, node: t.Node) -> Core:
        """The typed form of ``node``; rows allowed."""
        match node:
            case t.Number():
                return Const(NUMBER, node.start, node.end, node.value)
            case t.String():
                return Const(TEXT, node.start, node.end, node.value)
            case t.Boolean():
                return Const(BOOLEAN, node.start, node.end, node.value)
            case t.Name():
                if len(node.path) == 1 and node.path[0].upper() in FUNCTIONS and not self.known(node):
                    self.fail(
                        node,
                        "function",
                        _("{name} is a function and needs brackets.", name=node.path[0].upper()),
                        _("Write {name}(...).", name=node.path[0].upper()),
                    )
                    return Const(ANY, node.start, node.end, None)
                return self.names.resolve(node)
            case t.Call():
                return self.call(node)
            case t.Unary():
                return self.unary(node)
            case t.Binary() if node.op in ("=", "<>", "<", "<=", ">", ">="):
                return self.comparison(node)
            case t.Binary() if node.op == "&":
                args = tuple(to_text(self.value(side), self.findings) for side in (node.left, node.right))
                return Apply(TEXT, node.start, node.end, OPERATORS["join"], args)
            case t.Binary():
                return self.arithmetic(node)
        return Const(BLANK, node.start, node.end, None)

    def unary(self, node: t.Unary) -> Core:
        inner = self.value(node.operand)
        kind = inner.type.kind
        if kind not in (Kind.NUMBER, Kind.DURATION, *LOOSE):
            mismatch(inner, Kind.NUMBER, self.findings)
            return Const(ANY, node.start, node.end, None)
        if node.op == "+":
            return inner
        span = kind is Kind.DURATION
        return Apply(DURATION if span else NUMBER, node.start, node.end, OPERATORS["neg_span" if span else "neg"], (inner,))

    def arithmetic(self, node: t.Binary) -> Core:
        left, right = self.value(node.left), self.value(node.right)
        a, b = left.type.kind, right.type.kind
        if Kind.ANY in (a, b):
            return Const(ANY, node.start, node.end, None)
        # A written BLANK takes the kind that makes sense beside the other side.
        if a is Kind.BLANK or b is Kind.BLANK:
            return Const(BLANK, node.start, node.end, None) if a is b else self._blank_side(node, left, right)
        found = _SIGNS.get((node.op, a, b))
        if found is None:
            message = _("“{sign}” can't be used between {a} and {b}.", sign=node.op, a=in_words(left.type), b=in_words(right.type))
            wanted = b if a is Kind.TEXT else Kind.NUMBER
            hint = _("Use & to join texts.") if node.op == "+" and Kind.TEXT in (a, b) else hint_for(a if a is not Kind.NUMBER else b, wanted)
            if (a is Kind.INSTANT and b is Kind.NUMBER) or (a is Kind.NUMBER and b is Kind.INSTANT):
                hint = HINT_UNIT
            elif Kind.DATE in (a, b) and Kind.DURATION in (a, b):
                hint = _("To a date add a number of days, for example + 3.")
            elif {a, b} == {Kind.DATE, Kind.INSTANT}:
                hint = hint_for(Kind.INSTANT, Kind.DATE)
            self.fail(node, "type", message, hint)
            return Const(ANY, node.start, node.end, None)
        op, type_, swap = found
        args = (right, left) if swap else (left, right)
        return Apply(type_, node.start, node.end, self.operator(op), args)

    def _blank_side(self, node: t.Binary, left: Core, right: Core) -> Core:
        kind = (right if left.type.kind is Kind.BLANK else left).type.kind
        if kind not in (Kind.NUMBER, Kind.DATE, Kind.INSTANT, Kind.DURATION):
            mismatch(right if left.type.kind is Kind.BLANK else left, Kind.NUMBER, self.findings)
        # Errors of the other side still spread, so both stay in the tree.
        return Apply(BLANK, node.start, node.end, OPERATORS["nothing"], (left, right))

    def comparison(self, node: t.Binary) -> Core:
        if isinstance(node.left, t.Binary) and node.left.op in ("=", "<>", "<", "<=", ">", ">="):
            self.fail(node, "chain", _("Comparisons can't be chained."), _("Write AND(a < b, b < c)."))
            return Const(BOOLEAN, node.start, node.end, False)
        left, right = self.any(node.left), self.any(node.right)
        blanks = [isinstance(side, Const) and side.type.kind is Kind.BLANK for side in (left, right)]
        if node.op in ("=", "<>") and any(blanks):
            other = left if blanks[1] else right
            return self.blank_test(node, other, negated=node.op == "<>")
        left, right = (self.single(core, side) for core, side in ((left, node.left), (right, node.right)))
        left, right = self.comparable(left, right)
        a, b = left.type.kind, right.type.kind
        if a not in LOOSE and b not in LOOSE and not _can_compare(node.op, a, b):
            if a is b or {a, b} in _LIKE_TEXT:
                hint = hint_for(a, Kind.BOOLEAN) if a is Kind.LIST else _("Only = and <> can be used here.")
                self.fail(node, "type", _("“{sign}” can't be used with {a}.", sign=node.op, a=in_words(left.type)), hint)
            else:
                message = _("{a} can't be compared with {b}.", a=in_words(left.type), b=in_words(right.type))
                first, second = (hint_for(b, a), hint_for(a, b)) if isinstance(right, Const) else (hint_for(a, b), hint_for(b, a))
                self.fail(node, "type", message, first or second)
        elif a is b is Kind.RECORD and left.type.entity and right.type.entity and left.type.entity != right.type.entity:
            self.fail(node, "type", _("These are records of different kinds."))
        return Apply(BOOLEAN, node.start, node.end, OPERATORS[node.op], (left, right))

    def comparable(self, left: Core, right: Core) -> tuple[Core, Core]:
        """Texts beside a choice become its options."""
        if left.type.kind is Kind.CHOICE and right.type.kind is Kind.TEXT:
            right = to_choice(right, left.type, self.findings)
        elif right.type.kind is Kind.CHOICE and left.type.kind is Kind.TEXT:
            left = to_choice(left, right.type, self.findings)
        return left, right

    def blank_test(self, node: t.Node, core: Core, *, negated: bool) -> Core:
        """``= BLANK`` and ``<> BLANK``; for rows: whether there are any."""
        if isinstance(core, Rows):
            made: Core = self.over_rows(node, "ANY", core, None, None, BOOLEAN)
            negated = not negated
        else:
            made = Apply(BOOLEAN, node.start, node.end, FUNCTIONS["ISBLANK"].overloads[0], (self.single(core, node),))
        return Apply(BOOLEAN, node.start, node.end, FUNCTIONS["NOT"].overloads[0], (made,)) if negated else made


HINT_UNIT = _("Say the unit: HOURS(2), DAYS(1), MINUTES(15).")


def check(text_or_tree: str | t.Tree, scope: Scope, expect: Type | None = None, *, for_sql: bool = False) -> Expression:
    """The typed expression. ``expect`` is what its place wants; ``for_sql`` refuses what can't run in a filter.

    Raises :class:`ExpressionError` with all findings.
    """
    tree = parse(text_or_tree) if isinstance(text_or_tree, str) else text_or_tree
    checker = Checker(scope)
    core = checker.value(tree.root)
    if expect is not None:
        core = fit_expected(core, expect, checker.findings)
    if for_sql:
        for part in walk(core):
            if isinstance(part, Apply) and not part.op.sql_ok:
                name = part.op.op
                checker.fail(part, "not_in_filters", _("{name} is not available in filters.", name=name), _("Compute it in a field and filter by that field."))
    if checker.findings:
        raise ExpressionError(sorted(checker.findings, key=lambda f: (f.start, f.end)), tree.text)
    names = checker.names
    return Expression(tree.text, tree, core, frozenset(names.reads), frozenset(names.uids), dict(names.written))
