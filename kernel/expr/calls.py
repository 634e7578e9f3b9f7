"""Calls: the right overload for the arguments, and the functions whose arguments no signature describes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kernel.expr import tree as t
from kernel.expr.core import Aggregate, Apply, Const, Core, Field, RowField, Rows
from kernel.expr.findings import Finding, did_you_mean
from kernel.expr.fitting import LOOSE, hint_for, mismatch, to_choice, to_text, unify
from kernel.expr.functions import FUNCTIONS, OPERATORS, OPS
from kernel.expr.functions.date import UNITS
from kernel.expr.resolve import Level
from kernel.expr.table import Function, Overload
from kernel.expr.textformat import TIME_CODES, date_pattern, number_pattern
from kernel.expr.types import ANY, BOOLEAN, NUMBER, TEXT, Kind, Type, in_words
from kernel.i18n import Text, _

if TYPE_CHECKING:
    from kernel.expr.resolve import Names

_SORTABLE = frozenset({Kind.NUMBER, Kind.DATE, Kind.INSTANT, Kind.DURATION})
_MEASURED = frozenset({Kind.NUMBER, Kind.DURATION})
_CONDITIONAL = {"COUNTIF": "COUNT", "SUMIF": "SUM", "AVERAGEIF": "AVERAGE", "MINIF": "MIN", "MAXIF": "MAX", "FIRSTIF": "FIRST", "LASTIF": "LAST"}


class Calls:
    """The part of the checker that types calls."""

    findings: list[Finding]
    names: Names

    if TYPE_CHECKING:

        def value(self, node: t.Node) -> Core: ...

        def any(self, node: t.Node) -> Core: ...

        def comparable(self, left: Core, right: Core) -> tuple[Core, Core]: ...

    def fail(self, at: t.Node | Core, code: str, message: Text, hint: Text | None = None) -> Core:
        """Notes a finding and gives a value that fits everywhere, so that one mistake is reported once."""
        self.findings.append(Finding(code, message, at.start, at.end, hint))
        return Const(ANY, at.start, at.end, None)

    def written(self, node: t.Node) -> str:
        """The name as written, for messages."""
        return ".".join(node.path) if isinstance(node, t.Name) else "..."

    def known(self, node: t.Name) -> bool:
        """Whether the first name of a path means something here."""
        return self.names.knows(node.path[0])

    def operator(self, op: str) -> Overload:
        """An entry by its op."""
        return OPS[op]

    def single(self, core: Core, node: t.Node) -> Core:
        """``core`` where one value is wanted."""
        if isinstance(core, (Rows, RowField)):
            name = self.written(node)
            return self.fail(
                core,
                "rows",
                _("{name} stands for many rows, not for one value.", name=name),
                _("Use an aggregate, for example COUNT({name}) or SUM({name}).", name=name),
            )
        return core

    def call(self, node: t.Call) -> Core:
        """The typed call."""
        function = FUNCTIONS.get(node.name)
        if function is None:
            return self.fail(node, "unknown_function", _("There is no function {name}.", name=node.name), did_you_mean(node.name, FUNCTIONS))
        if function.rule == "aggregate":
            return self.aggregate(node, function)
        if function.rule == "textjoin" and len(node.args) >= 2:
            return self.textjoin(node, function)
        args = [self.value(arg) for arg in node.args]
        return self.apply(node, function, args)

    def apply(self, node: t.Call, function: Function, args: list[Core]) -> Core:
        """A call of plain values: choose the overload, fit the arguments."""
        way = self._choose(node, function, args)
        if way is None:
            return Const(ANY, node.start, node.end, None)
        bad = len(self.findings)
        args = self._fit(function, way, args, node)
        if len(self.findings) > bad:
            return Const(Type(way.result) if way.result else ANY, node.start, node.end, None)
        type_ = Type(way.result) if way.result else ANY
        rule = getattr(self, f"rule_{function.rule}", None) if function.rule else None
        if rule is not None:
            found = rule(node, way, args)
            if found is None:
                return Const(type_, node.start, node.end, None)
            type_, args = found
        elif way.result is None:
            places = [i for i in range(len(args)) if (p := way.param(i)) is not None and p.generic]
            type_, made = unify([args[i] for i in places], self.findings)
            for i, core in zip(places, made, strict=True):
                args[i] = core
        return Apply(type_, node.start, node.end, way, tuple(args))

    def _choose(self, node: t.Call, function: Function, args: list[Core]) -> Overload | None:
        fitting = [w for w in function.overloads if w.required <= len(args) and (not args or w.param(len(args) - 1) is not None)]
        if not fitting:
            self.fail(
                node,
                "arguments",
                _("{name} is called with {count} values.", name=function.name, count=len(args)),
                _("Write {signature}.", signature=" / ".join(function.signatures)),
            )
            return None
        for way in fitting:
            if all(self._fits(core, way, i) for i, core in enumerate(args)):
                return way
        # None fits: report against the one that fits best.
        return max(fitting, key=lambda w: sum(self._fits(core, w, i) for i, core in enumerate(args)))

    def _fits(self, core: Core, way: Overload, index: int) -> bool:
        param, kind = way.param(index), core.type.kind
        if param is None:
            return False
        return not param.kinds or kind in param.kinds or kind in LOOSE or (kind is Kind.CHOICE and Kind.TEXT in param.kinds)

    def _fit(self, function: Function, way: Overload, args: list[Core], node: t.Call) -> list[Core]:
        made: list[Core] = []
        for index, core in enumerate(args):
            param = way.param(index)
            assert param is not None
            if param.string:
                core = to_text(core, self.findings)
            elif param.literal and not (isinstance(core, Const) and core.type.kind is Kind.TEXT):
                self.fail(core, "literal", _("This must be a text written out in quotation marks."), None)
            elif not self._fits(core, way, index):
                wanted = [in_words(Type(kind)) for kind in sorted(param.kinds)]
                message = _(
                    "{function}, {param}: {wanted} is expected, but this is {found}.",
                    function=function.name,
                    param=param.name,
                    wanted=wanted,
                    found=in_words(core.type),
                )
                hints = [hint for kind in param.kinds if (hint := hint_for(core.type.kind, kind)) is not None]
                self.fail(core, "type", message, hints[0] if hints else None)
            made.append(core)
        return made

    # --- functions with rules of their own -------------------------------------------------------------------------

    def rule_ifs(self, node: t.Call, way: Overload, args: list[Core]) -> tuple[Type, list[Core]] | None:
        """Conditions and values by turns."""
        if len(args) % 2:
            self.fail(node, "arguments", _("IFS needs a value for each condition."), _("Add TRUE and a value at the end for all other cases."))
            return None
        for core in args[::2]:
            if core.type.kind not in (Kind.BOOLEAN, *LOOSE):
                mismatch(core, Kind.BOOLEAN, self.findings)
        type_, values = unify(args[1::2], self.findings)
        args[1::2] = values
        return type_, args

    def rule_switch(self, node: t.Call, way: Overload, args: list[Core]) -> tuple[Type, list[Core]] | None:
        """A value, then cases and results by turns, then a result for all others."""
        for index in range(1, len(args) - 1, 2):
            args[index] = self._like(args[0], args[index])
        places = list(range(2, len(args), 2)) + ([len(args) - 1] if len(args) % 2 == 0 else [])
        type_, values = unify([args[i] for i in places], self.findings)
        for i, core in zip(places, values, strict=True):
            args[i] = core
        return type_, args

    def rule_in_(self, node: t.Call, way: Overload, args: list[Core]) -> tuple[Type, list[Core]] | None:
        """Options of the same kind as the value."""
        return BOOLEAN, [args[0], *(self._like(args[0], core) for core in args[1:])]

    def _like(self, subject: Core, core: Core) -> Core:
        core = self.comparable(subject, core)[1]
        a, b = subject.type.kind, core.type.kind
        texts = {a, b} in ({Kind.TEXT, Kind.CHOICE}, {Kind.TEXT, Kind.RECORD})
        if (a is not b and not texts and a not in LOOSE and b not in LOOSE) or a in (Kind.LIST, Kind.ROWS):
            message = _("{a} can't be compared with {b}.", a=in_words(subject.type), b=in_words(core.type))
            self.fail(core, "type", message, hint_for(a, b) or hint_for(b, a) or hint_for(a, Kind.BOOLEAN))
        return core

    def rule_has(self, node: t.Call, way: Overload, args: list[Core]) -> tuple[Type, list[Core]] | None:
        """The option is one of the list's own."""
        of = args[0].type.of or args[0].type
        return BOOLEAN, [args[0], to_choice(args[1], Type(Kind.CHOICE, options=of.options or args[0].type.options), self.findings)]

    def rule_text(self, node: t.Call, way: Overload, args: list[Core]) -> tuple[Type, list[Core]] | None:
        """The pattern suits the value."""
        pattern = str(args[1].value) if isinstance(args[1], Const) else ""
        if way.op == "TEXT":
            if number_pattern(pattern) is None:
                self.fail(
                    args[1],
                    "pattern",
                    _("“{pattern}” is no pattern for numbers.", pattern=pattern),
                    _("Patterns are 0, 0.00, #,##0, #,##0.00, 0%, 0.0%, with text around them."),
                )
                return None
        else:
            parts = date_pattern(pattern)
            if parts is None or (way.op == "TEXT/date" and TIME_CODES & set(parts)):
                self.fail(
                    args[1],
                    "pattern",
                    _("“{pattern}” is no pattern for this date.", pattern=pattern),
                    _("Use yyyy, mm, m, dd, d, and hh, h, mm, ss for times, for example yyyy-mm-dd."),
                )
                return None
        return TEXT, args

    def rule_datedif(self, node: t.Call, way: Overload, args: list[Core]) -> tuple[Type, list[Core]] | None:
        """A unit that exists."""
        unit = str(args[2].value) if isinstance(args[2], Const) else ""
        if unit.upper() not in UNITS:
            self.fail(args[2], "unit", _("“{unit}” is no unit of DATEDIF.", unit=unit), _('Units are "Y", "M", "D", "YM", "MD", "YD".'))
            return None
        return NUMBER, args

    def textjoin(self, node: t.Call, function: Function) -> Core:
        """TEXTJOIN over values, or over a field of rows. Excel's second value (skip blanks) may only be TRUE."""
        nodes = list(node.args)
        if len(nodes) > 2 and isinstance(nodes[1], t.Boolean):
            if not nodes[1].value:
                return self.fail(nodes[1], "arguments", _("TEXTJOIN always skips blanks."), _('Leave FALSE out, or use COALESCE(..., "-") for the blanks.'))
            del nodes[1]
        separator = self.value(nodes[0])
        if separator.type.kind not in (Kind.TEXT, Kind.CHOICE, *LOOSE):
            mismatch(separator, Kind.TEXT, self.findings)
        first = self.any(nodes[1])
        if isinstance(first, (Rows, RowField)):
            if len(nodes) > 3:
                return self._arguments(node, function)
            rows, value = self._row_value(node, first, nodes[2] if len(nodes) == 3 else None)
            if value is None:
                return self.fail(first, "rows", _("Say which field of the rows is meant."), _("For example {name}.name.", name=self.written(nodes[1])))
            return self.over_rows(node, "JOIN", rows, to_text(value, self.findings), None, TEXT, separator)
        args = [first, *(self.value(arg) for arg in nodes[2:])]
        return self.apply(node, function, [separator, *args])

    def aggregate(self, node: t.Call, function: Function) -> Core:
        """An aggregate over rows, or of the values listed."""
        first = self.any(node.args[0]) if node.args else None
        if not isinstance(first, (Rows, RowField)):
            if not function.overloads:
                if first is not None and first.type.kind is Kind.ANY:
                    return first
                return self.fail(
                    node, "rows", _("{name} needs rows as its first value.", name=function.name), _("Write {signature}.", signature=function.signatures[0])
                )
            if first is not None and first.type.kind is Kind.LIST and function.name == "COUNT" and len(node.args) == 1:
                return Apply(NUMBER, node.start, node.end, OPERATORS["count_list"], (first,))
            args = ([first] if first is not None else []) + [self.value(arg) for arg in node.args[1:]]
            return self._listed(node, function, args)
        how = _CONDITIONAL.get(function.name, function.name)
        rest = list(node.args[1:])
        condition: Core | None = None
        if function.name in _CONDITIONAL or function.name in ("ANY", "ALL"):
            if isinstance(first, RowField) and function.name in ("ANY", "ALL") and not rest:
                pass
            elif isinstance(first, RowField):
                return self.fail(
                    first,
                    "rows",
                    _("{name} needs the rows themselves, not a field of them.", name=function.name),
                    _("Write {signature}.", signature=function.signatures[0]),
                )
            elif rest:
                condition = self._in_row(first, rest.pop(0), self.written(node.args[0]))
                if condition.type.kind not in (Kind.BOOLEAN, *LOOSE):
                    mismatch(condition, Kind.BOOLEAN, self.findings)
            elif function.name != "ANY":
                return self._arguments(node, function)
        if how in ("ANY", "ALL"):
            if rest:
                return self._arguments(node, function)
            return self.over_rows(
                node, how, first if isinstance(first, Rows) else first.rows, condition or self._row_value(node, first, None)[1], None, BOOLEAN
            )
        if how == "COUNT":
            if rest:
                hint = _("To count rows under a condition write COUNTIF(rows, condition).")
                return self.fail(node, "arguments", _("{name} is called with {count} values.", name=function.name, count=len(node.args)), hint)
            rows, value = self._row_value(node, first, None)
            return self.over_rows(node, "COUNT", rows, value, condition, NUMBER)
        if len(rest) > 1 or (isinstance(first, RowField) and rest):
            return self._arguments(node, function)
        rows, value = self._row_value(node, first, rest[0] if rest else None)
        if value is None:
            return self.fail(first, "rows", _("Say which field of the rows is meant."), _("Write {signature}.", signature=function.signatures[-1]))
        return self._typed(node, how, rows, value, condition)

    def _typed(self, node: t.Call, how: str, rows: Rows, value: Core, condition: Core | None) -> Core:
        kind = value.type.kind
        allowed = _MEASURED if how in ("SUM", "AVERAGE") else _SORTABLE if how in ("MIN", "MAX") else None
        if allowed is not None and kind not in allowed and kind not in LOOSE:
            mismatch(value, Kind.NUMBER, self.findings)
            return Const(ANY, node.start, node.end, None)
        type_ = NUMBER if kind is Kind.BLANK and how == "SUM" else value.type
        name = f"{how}_SPAN" if kind is Kind.DURATION and how in ("SUM", "AVERAGE") else how
        return self.over_rows(node, name, rows, value, condition, type_)

    def _listed(self, node: t.Call, function: Function, args: list[Core]) -> Core:
        made = self.apply(node, function, args)
        if isinstance(made, Apply) and function.name in ("MIN", "MAX") and made.type.kind not in _SORTABLE | set(LOOSE):
            mismatch(args[0], Kind.NUMBER, self.findings)
        return made

    def _arguments(self, node: t.Call, function: Function) -> Core:
        return self.fail(
            node,
            "arguments",
            _("{name} is called with {count} values.", name=function.name, count=len(node.args)),
            _("Write {signature}.", signature=" / ".join(function.signatures)),
        )

    def _in_row(self, rows: Rows, node: t.Node, written: str) -> Core:
        """``node`` typed inside the row: its names are looked up there first."""
        names = self.names
        names.levels.append(Level(rows.type.entity or "", names.base(rows.level) + rows.path, names.prefix() + written + "/"))
        try:
            return self.value(node)
        finally:
            names.levels.pop()

    def _row_value(self, node: t.Call, first: Core, inner: t.Node | None) -> tuple[Rows, Core | None]:
        """The rows and the value in each of them."""
        if isinstance(first, RowField):
            return first.rows, Field(first.type, first.start, first.end, first.path, 0)
        assert isinstance(first, Rows)
        if inner is None:
            return first, None
        rows_node = next(arg for arg in node.args if isinstance(arg, t.Name) and arg.start == first.start)
        return first, self._in_row(first, inner, self.written(rows_node))

    def over_rows(self, node: t.Node, how: str, rows: Rows, value: Core | None, condition: Core | None, type_: Type, separator: Core | None = None) -> Core:
        """The aggregate's node."""
        return Aggregate(type_, node.start, node.end, how, rows, value, condition, separator)
