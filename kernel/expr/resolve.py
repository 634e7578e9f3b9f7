"""Names to paths: the row first, then outwards to the record, then the roots."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kernel.expr import tree as t
from kernel.expr.core import Const, Core, Field, RowField, Rows
from kernel.expr.findings import Finding, did_you_mean
from kernel.expr.scope import Member, Namespace, Scope
from kernel.expr.types import ANY, Kind, Type
from kernel.i18n import Text, _

_SHOWN = 300  # names looked through for "did you mean"


@dataclass(frozen=True, slots=True)
class Level:
    """One row scope: the entity of its rows and the path of keys to them."""

    entity: str
    path: tuple[str, ...]
    prefix: str  # written, ends with "/"; keeps names of different scopes apart


class Names:
    """Resolves names and remembers what was read."""

    def __init__(self, scope: Scope, findings: list[Finding]) -> None:
        self.scope = scope
        self.findings = findings
        self.levels: list[Level] = []
        self.reads: set[tuple[str, ...]] = set()
        self.uids: set[str] = set()
        self.written: dict[str, str] = {}

    def resolve(self, node: t.Name) -> Core:
        """The field, rows or field of rows that ``node`` names; a finding and a value of any type if there is none."""
        found = self._first(node)
        if found is None:
            return self._unknown(node, 0, self._visible())
        type_, level, base, prefix, start = found
        path: tuple[str, ...] = base
        rows: Rows | None = None
        for index in range(start, len(node.path)):
            name = node.path[index]
            if isinstance(type_, Namespace):
                member = type_.member(name)
                known: Iterable[Member] = type_.members.values()
            elif type_.kind in (Kind.RECORD, Kind.ROWS) and type_.entity:
                if type_.kind is Kind.ROWS:
                    if rows is not None:
                        return self._fail(
                            node,
                            index,
                            "rows",
                            _("{name} passes through rows of rows.", name=".".join(node.path)),
                            _("Use an aggregate of an aggregate, for example SUM(rows, SUM(inner.value))."),
                        )
                    rows = Rows(type_, node.start, node.spans[index - 1][1], path, level)
                    self.reads.add(self.base(level) + path)
                    path = ()
                member = self.scope.schema.member(type_.entity, name)
                known = self.scope.schema.members(type_.entity)
            else:
                return self._fail(
                    node,
                    index,
                    "no_parts",
                    _("{name} has no fields of its own.", name=node.path[index - 1]),
                    _("Only references and rows go on to further fields."),
                )
            if member is None:
                return self._unknown(node, index, known)
            path += (member.key,)
            self.uids.add(member.uid)
            self.written[prefix + ".".join(node.path[: index + 1])] = member.uid
            type_ = member.type
        if isinstance(type_, Namespace):
            return self._fail(
                node,
                len(node.path) - 1,
                "namespace",
                _("After {name} a dot and a name must follow.", name=node.path[0]),
                _("For example: {example}", example=node.path[0] + "." + next(iter(type_.members), "key")),
            )
        if rows is not None:
            self.reads.add(self.base(level) + rows.path + path)
            if type_.kind is Kind.ROWS:
                return self._fail(
                    node,
                    len(node.path) - 1,
                    "rows",
                    _("{name} passes through rows of rows.", name=".".join(node.path)),
                    _("Use an aggregate of an aggregate, for example SUM(rows, SUM(inner.value))."),
                )
            return RowField(type_, node.start, node.end, rows, path)
        self.reads.add(self.base(level) + path)
        if type_.kind is Kind.ROWS:
            return Rows(type_, node.start, node.end, path, level)
        return Field(type_, node.start, node.end, path, level)

    def base(self, level: int) -> tuple[str, ...]:
        """The path of keys to the scope at ``level``; the outermost is the record itself."""
        index = len(self.levels) - 1 - level
        return self.levels[index].path if index >= 0 else ()

    def prefix(self) -> str:
        """What names of the innermost scope are marked with in :attr:`written`."""
        return self.levels[-1].prefix if self.levels else ""

    def knows(self, name: str) -> bool:
        """Whether a path may begin with ``name``."""
        entities = [level.entity for level in self.levels] + ([self.scope.entity] if self.scope.entity else [])
        return name in self.scope.roots or any(self.scope.schema.member(entity, name) for entity in entities)

    def _first(self, node: t.Name) -> tuple[Type | Namespace, int, tuple[str, ...], str, int] | None:
        """What the first name means: type, level, path so far, written prefix, index of the next name."""
        name = node.path[0]
        for level, scope in enumerate(reversed(self.levels)):
            if self.scope.schema.member(scope.entity, name) is not None:
                return Type(Kind.RECORD, scope.entity), level, (), scope.prefix, 0
        outermost = len(self.levels)
        if self.scope.entity and self.scope.schema.member(self.scope.entity, name) is not None:
            return Type(Kind.RECORD, self.scope.entity), outermost, (), "", 0
        root = self.scope.roots.get(name)
        return (root, outermost, (name,), "", 1) if root is not None else None

    def _visible(self) -> list[Member]:
        entities = [level.entity for level in self.levels] + ([self.scope.entity] if self.scope.entity else [])
        members = [member for entity in entities for member in self.scope.schema.members(entity)]
        return members + [Member(root, root, ANY) for root in self.scope.roots]

    def _unknown(self, node: t.Name, index: int, known: Iterable[Member]) -> Core:
        name = node.path[index]
        names = [n for member in list(known)[:_SHOWN] for n in (member.key, *member.names)]
        where = ".".join(node.path[:index])
        message = _("{where} has no field {name}.", where=where, name=name) if index else _("There is no field {name}.", name=name)
        return self._fail(node, index, "unknown_name", message, did_you_mean(name, names) or _('A text must stand in quotation marks: "{name}".', name=name))

    def _fail(self, node: t.Name, index: int, code: str, message: Text, hint: Text | None) -> Core:
        start, end = node.spans[index]
        self.findings.append(Finding(code, message, start, end, hint))
        return Const(ANY, node.start, node.end, None)
