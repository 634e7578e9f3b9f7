"""The smallest sets of fields whose change could make a condition hold.

A condition is taken apart at AND, OR, NOT and IF; what remains are atoms such as ``amount > 100``. Each way to make the
whole true is a set of atoms that must turn; each atom can be turned by some of the fields it reads. Sets are tried from
the smallest; one is kept when some values of its fields make the condition true (tried over the options of choices and
the values around the constants it is compared with). Fields that can't be enumerated, such as rows, are believed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import combinations, product
from typing import Any

from kernel.expr import Expression, Kind
from kernel.expr.core import Aggregate, Apply, Const, Core, Field, RowField, Rows, walk
from kernel.expr.python import Frame, compile_core
from kernel.expr.scope import Env
from kernel.expr.types import Type

Path = tuple[str, ...]
FieldSet = tuple[Path, ...]

MOST_SETS = 512
MOST_TRIES = 20_000
ROOTS = frozenset({"me", "old", "param"})


def smallest_sets(expression: Expression, env: Env) -> list[FieldSet]:
    """The sets of field paths of smallest size that could make ``expression`` TRUE; ``[()]`` when it is, or nothing can.

    Paths below ``me``, ``old`` and ``param`` are facts that nobody changes in this record, so they never stand in a set.
    """
    if expression.evaluate(env) is True:
        return [()]
    found: list[FieldSet] = []
    for fields in sorted(_minimal(_ways(expression.core, True, env)), key=len):
        if found and len(fields) > len(found[0]):
            break
        if _can_hold(expression, env, fields):
            found.append(fields)
    return found or [()]


def fitting_sets(expression: Expression, env: Env, most: int = 12) -> list[FieldSet]:
    """Sets of field paths that could make ``expression`` TRUE, smallest first, none of them a part of another one; at most ``most``."""
    if expression.evaluate(env) is True:
        return [()]
    found: list[FieldSet] = []
    for fields in sorted(_minimal(_ways(expression.core, True, env)), key=len):
        if len(found) >= most:
            break
        if not any(set(known) <= set(fields) for known in found) and _can_hold(expression, env, fields):
            found.append(fields)
    return found or [()]


def choose(options: Sequence[Sequence[FieldSet]], free: frozenset[Path] = frozenset()) -> list[FieldSet]:
    """One set for each of several conditions, so that all of them together want as few fields as possible. ``free`` ones must be
    filled anyway and cost nothing."""
    tries = 1
    for sets in options:
        tries *= max(len(sets), 1)
    if tries > MOST_SETS:
        taken: set[Path] = set(free)
        chosen = []
        for sets in options:
            best = min(sets, key=lambda fields: len(set(fields) - taken))
            chosen.append(best)
            taken |= set(best)
        return chosen
    return list(min(product(*options), key=lambda sets: (len({p for fields in sets for p in fields} - free), sum(map(len, sets)))))


def _ways(core: Core, wanted: bool, env: Env) -> list[FieldSet]:
    """All ways to make ``core`` equal ``wanted``, each a set of fields that would have to change."""
    if compile_core(core)(env, Frame()) is wanted:
        return [()]
    name = core.op.op if isinstance(core, Apply) else ""
    if isinstance(core, Apply) and name in ("AND", "OR"):
        parts = [_ways(part, wanted, env) for part in core.args]
        return _all_of(parts) if (name == "AND") is wanted else _any_of(parts)
    if isinstance(core, Apply) and name == "NOT":
        return _ways(core.args[0], not wanted, env)
    if isinstance(core, Apply) and name == "IF" and len(core.args) == 3:
        condition, then, otherwise = core.args
        return _any_of([
            _all_of([_ways(condition, True, env), _ways(then, wanted, env)]),
            _all_of([_ways(condition, False, env), _ways(otherwise, wanted, env)]),
        ])
    return _subsets(_fields(core))


def _subsets(fields: Sequence[Path]) -> list[FieldSet]:
    """Every way to turn an atom by some of its fields; of many fields only each alone and all together."""
    if len(fields) <= 4:
        return [chosen for size in range(1, len(fields) + 1) for chosen in combinations(fields, size)]
    return [*((path,) for path in fields), tuple(fields)]


def _fields(core: Core) -> list[Path]:
    """Paths the record itself can change, in order of appearance: rows as a whole, fields of the outermost level."""
    found: dict[Path, None] = {}
    for part in walk(core):
        path: Path | None = None
        if isinstance(part, Field) and part.level == 0 and not _inside_rows(core, part):
            path = part.path
        elif isinstance(part, Aggregate):
            path = part.rows.path
        elif isinstance(part, Rows):
            path = part.path
        elif isinstance(part, RowField):
            path = part.rows.path
        if path is not None and path[0] not in ROOTS:
            found[path] = None
    return list(found)


def _inside_rows(core: Core, field: Field) -> bool:
    """Whether ``field`` belongs to the rows of an aggregate: its change is a change of the rows."""
    return any(
        isinstance(part, Aggregate) and any(inner is field for side in (part.value, part.condition) if side is not None for inner in walk(side))
        for part in walk(core)
    )


def _all_of(parts: Sequence[list[FieldSet]]) -> list[FieldSet]:
    ways: list[FieldSet] = [()]
    for part in parts:
        ways = _minimal([_union(a, b) for a in ways for b in part])
    return ways


def _any_of(parts: Iterable[list[FieldSet]]) -> list[FieldSet]:
    return _minimal([way for part in parts for way in part])


def _union(a: FieldSet, b: FieldSet) -> FieldSet:
    return tuple(dict.fromkeys((*a, *b)))


def _minimal(ways: Sequence[FieldSet]) -> list[FieldSet]:
    """Without doubles, smallest first, at most ``MOST_SETS``. Larger supersets stay: a smaller set may prove impossible."""
    seen: dict[frozenset[Path], FieldSet] = {}
    for way in ways:
        seen.setdefault(frozenset(way), way)
    return sorted(seen.values(), key=len)[:MOST_SETS]


class _Changed:
    """An Env in which some fields have other values."""

    def __init__(self, env: Env, values: dict[Path, Any]) -> None:
        self._env, self._values = env, values
        self.now, self.zone = env.now, env.zone
        self.holidays = getattr(env, "holidays", None)

    def get(self, path: Path) -> Any:
        return self._values[path] if path in self._values else self._env.get(path)

    def rows(self, path: Path) -> Sequence[Env]:
        return self._env.rows(path)


def _can_hold(expression: Expression, env: Env, fields: FieldSet) -> bool:
    types = {part.path: part.type for part in walk(expression.core) if isinstance(part, Field) and part.level == 0}
    if any(path not in types for path in fields):
        return True
    values = [list(_candidates(types[path], expression, env)) for path in fields]
    tries = 1
    for options in values:
        tries *= max(len(options), 1)
    if tries > MOST_TRIES:
        return True
    return any(expression.evaluate(_Changed(env, dict(zip(fields, chosen, strict=True)))) is True for chosen in product(*values))


def _candidates(type_: Type, expression: Expression, env: Env) -> Iterator[Any]:
    """Values worth trying for a field of this type: options, and what lies around everything it is compared with."""
    yield None
    kind = type_.kind
    if kind is Kind.BOOLEAN:
        yield from (True, False)
    elif kind is Kind.CHOICE:
        yield from (option.key for option in type_.options)
    elif kind is Kind.LIST:
        yield from ((option.key,) for option in type_.options)
        yield tuple(option.key for option in type_.options) or ("x",)
    elif kind is Kind.NUMBER:
        for number in sorted(_known(expression, env, Decimal)):
            yield from (number - 1, number, number + 1)
        yield from (Decimal(0), Decimal(1), Decimal(10) ** 9)
    elif kind is Kind.TEXT:
        yield from sorted(_known(expression, env, str))
        for number in sorted(_known(expression, env, Decimal)):
            if 0 < number <= 4096:
                yield "x" * int(number + 1)
        yield "x"
    elif kind in (Kind.DATE, Kind.INSTANT, Kind.DURATION):
        step = timedelta(days=1)
        wanted: type = {Kind.DATE: date, Kind.INSTANT: datetime, Kind.DURATION: timedelta}[kind]
        near: Any = {Kind.DATE: env.now.astimezone(env.zone).date(), Kind.INSTANT: env.now, Kind.DURATION: timedelta(0)}[kind]
        for value in [near, *_known(expression, env, wanted)]:
            yield from (value - step, value, value + step)
        yield near + 3650 * step
    else:
        yield from sorted(_known(expression, env, str))
        yield "?"


def _known(expression: Expression, env: Env, wanted: type) -> set[Any]:
    """Constants of the condition and present values of what it reads, of one Python type."""
    found: set[Any] = set()
    for part in walk(expression.core):
        value = part.value if isinstance(part, Const) else env.get(part.path) if isinstance(part, Field) and part.level == 0 else None
        if type(value) is wanted:
            found.add(value)
    return found
