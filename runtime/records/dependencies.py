"""Which records' derived values follow from which other records: found once per application, asked after every write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from kernel import fieldtypes
from kernel.expr import Expression
from kernel.expr.types import Kind
from kernel.fieldtypes.rollup import RollupType
from kernel.model.application import Application
from kernel.model.elements import Field
from runtime.records.shape import SYSTEM_TARGETS

HopKind = Literal["reference", "system", "links", "rows", "referring"]
_POINTING = frozenset({"reference", "user", "team"})


@dataclass(frozen=True, slots=True)
class Hop:
    """One step from a record: ``place`` is where it starts, ``key`` the field (for ``referring`` the other side's)."""

    kind: HopKind
    place: str
    key: str


@dataclass(frozen=True, slots=True)
class Dependency:
    """Records of ``entity`` hold derived values that follow from ``keys`` of the record at the end of ``hops``."""

    entity: str
    hops: tuple[Hop, ...]
    keys: frozenset[str]


@dataclass(frozen=True)
class Dependencies:
    """``by_source``: what follows from an entity's records. ``own``: per derived field the record's own fields it reads first."""

    by_source: Mapping[str, tuple[Dependency, ...]]
    own: Mapping[str, frozenset[str]]


def dependencies_of(app: Application) -> Dependencies:
    """The dependencies of an application; worked out once."""
    found: Dependencies | None = app.__dict__.get("_dependencies")
    if found is None:
        found = app.__dict__["_dependencies"] = _Finder(app).find()
    return found


def sources_of(app: Application, formulas: Iterable[tuple[str, Expression]]) -> Mapping[str, tuple[Dependency, ...]]:
    """For formulas over records of entities that are no fields (promises, what was asked for): what else they read, by the entity
    whose records they read it of. Walked backwards (``dependents.reach``) this leads from a changed record to those it matters to."""
    finder = _Finder(app)
    for entity, expression in formulas:
        for path in expression.reads:
            finder.follow(entity, path[1:] if path[0] == "old" else path)
    return finder.by_source()


class _Finder:
    def __init__(self, app: Application) -> None:
        self.app, self.schema = app, app.schema
        self.keys: dict[tuple[str, str, tuple[Hop, ...]], set[str]] = {}
        self.own: dict[str, set[str]] = {}

    def find(self) -> Dependencies:
        for entity in self.app.entities.values():
            for field in entity.fields:
                for inner in (field, *field.fields):
                    if fieldtypes.of(inner).derived:
                        self._field(entity.key, inner)
        return Dependencies(self.by_source(), {k: frozenset(v) for k, v in self.own.items()})

    def by_source(self) -> Mapping[str, tuple[Dependency, ...]]:
        found: dict[str, list[Dependency]] = {}
        for (source, entity_key, hops), keys in self.keys.items():
            found.setdefault(source, []).append(Dependency(entity_key, hops, frozenset(keys)))
        return {k: tuple(v) for k, v in found.items()}

    def follow(self, entity: str, path: tuple[str, ...]) -> None:
        """Note what a path from a record leads over."""
        self._walk(entity, entity, path, (), set(), True)

    def _field(self, entity: str, field: Field) -> None:
        from runtime.records.formulas import formula_of

        own = self.own.setdefault(field.uid, set())
        if formula_of(self.schema, field) is None:
            return
        start: tuple[Hop, ...] = (Hop("rows", entity, str(field.parent_field)),) if field.parent_field else ()
        type_ = fieldtypes.of(field)
        if field.parent_field:
            own.add(field.parent_field)
        stored = bool(type_.columns(field, self.schema))
        source = type_.source(field, self.schema) if isinstance(type_, RollupType) else None
        for place, path in type_.reads(field, self.schema):
            hops, at = start, place
            if source is not None and place == source.place and place != field.place:
                hops = (*start, self._step(source, field))
                if source.kind != "referring":
                    own.add(source.through.key)
            self._walk(entity, at, path, hops, own, stored)
        if source is not None and stored:
            hop = self._step(source, field)
            if source.kind == "referring":
                self._note(source.place, source.through.key, entity, (*start, hop))
            else:
                own.add(source.through.key)

    @staticmethod
    def _step(source: Any, field: Field) -> Hop:
        kinds: dict[str, HopKind] = {"rows": "rows", "references": "links", "referring": "referring"}
        kind = kinds[source.kind]
        place = source.place if kind == "referring" else field.entity
        return Hop(kind, place, source.through.key)

    def _note(self, source: str, key: str, entity: str, hops: tuple[Hop, ...]) -> None:
        head, _, rows = source.partition(".")
        if not any(h.kind != "rows" for h in hops):
            return  # the record itself: its own derivation sees to that
        self.keys.setdefault((head, entity, hops), set()).add(rows or key)

    def _walk(self, entity: str, place: str, path: tuple[str, ...], hops: tuple[Hop, ...], own: set[str], stored: bool, depth: int = 0) -> None:
        for index, key in enumerate(path):
            if not hops or all(h.kind == "rows" for h in hops):
                own.add(hops[0].key if hops else key)
            field = self.schema.find_field(place, key)
            if stored:
                self._note(place, key, entity, hops)
            if field is not None and field.type == "lookup" and depth < 10:
                inner = fieldtypes.of(field).path(field)  # type: ignore[attr-defined]
                self._walk(entity, place, (*inner, *path[index + 1 :]), hops, own, stored, depth + 1)
                return
            if index == len(path) - 1 and not (field is not None and field.type in ("rows", "references", "referring")):
                return
            step = self._hop(place, key, field)
            if step is None:
                return
            if step == "parent":
                hops, place = hops[:-1], place.partition(".")[0]
                continue
            hop, place = step
            hops = (*hops, hop)
            if hop.kind == "referring" and stored:
                self._note(place, hop.key, entity, hops)

    def _hop(self, place: str, key: str, field: Field | None) -> Any:
        if field is None:
            if key == "parent" and "." in place:
                return "parent"
            target = SYSTEM_TARGETS.get(key)
            return (Hop("system", place, key), target) if target and "." not in place else None
        if field.type == "rows":
            return Hop("rows", place, key), f"{place}.{key}"
        if field.type == "referring":
            origin, via = fieldtypes.of(field).origin(field)  # type: ignore[attr-defined]
            return Hop("referring", origin, via), origin
        found = self.schema.type_of(field)
        if field.type == "references":
            return Hop("links", place, key), found.entity
        return (Hop("reference", place, key), found.entity) if found.kind is Kind.RECORD and found.entity else None


def touched(deps: Iterable[Dependency], changed: frozenset[str] | None) -> list[Dependency]:
    """Those that follow from one of the changed keys; None: everything changed."""
    return [d for d in deps if changed is None or d.keys & changed]
