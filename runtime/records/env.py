"""Values for expressions: a record with everything that hangs on it, loaded when first asked for.

Rules of the application run as the system (DESIGN section 6): what they read is not narrowed by the reader's rights.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from kernel import fieldtypes
from kernel.calendars.compiled import calendar_of
from kernel.model.application import Application
from kernel.model.elements import Field
from kernel.platform.ctx import Ctx
from runtime.records import store
from runtime.records.record import Record, Row
from runtime.records.shape import SYSTEM_TARGETS, EntityShape, FieldShape, RowShape, shape_of

Path = tuple[str, ...]
ROOTS = frozenset({"me", "param", "old", "ask", "this"})


class Scene:
    """What all expressions of one piece of work share: time, parameters, the actor, and records already looked at."""

    def __init__(self, ctx: Ctx) -> None:
        self.ctx = ctx
        self.release = ctx.release
        self.now: datetime = ctx.now
        self.zone = ZoneInfo(ctx.tenant.zone)
        calendar = calendar_of(ctx.app, None, self.zone)
        self.holidays: Callable[[date], bool] | None = calendar.is_off if calendar is not None else None
        self._records: dict[tuple[str, str], RecordEnv | None] = {}
        self.referring: dict[tuple[str, str], Sequence[Record]] = {}
        """Records loaded ahead that refer to another one, by ``entity.field`` and its id."""

    @cached_property
    def params(self) -> Mapping[str, Any]:
        return parameters(self.ctx)

    def shape(self, entity: str) -> EntityShape:
        return shape_of(self.release, entity)

    def record(self, entity: str, id_: str | None) -> RecordEnv | None:
        """The record with this id, in the bin or not; None where there is none."""
        if id_ is None:
            return None
        key = (entity, id_)
        if key not in self._records:
            found = store.load(self.ctx, self.shape(entity), [id_], parts=False).get(id_)
            self._records[key] = RecordEnv(self, self.shape(entity), found) if found else None
        return self._records[key]

    def preload(self, entity: str, ids: Sequence[str]) -> None:
        """Load several at once, where they are about to be looked at."""
        wanted = [i for i in dict.fromkeys(ids) if (entity, i) not in self._records]
        if wanted:
            shape = self.shape(entity)
            found = store.load(self.ctx, shape, wanted, parts=False)
            for id_ in wanted:
                self._records[(entity, id_)] = RecordEnv(self, shape, found[id_]) if id_ in found else None

    def remember(self, env: RecordEnv) -> None:
        """Let hops find this record as it will be, not as it is stored."""
        self._records[(env.shape.key, env.id)] = env

    def forget(self, entity: str, id_: str) -> None:
        self._records.pop((entity, id_), None)


class Env:
    """What records and rows have in common."""

    scene: Scene
    fields: Mapping[str, FieldShape]
    values: Any  # by key; may change while the road works on it
    now: datetime
    zone: ZoneInfo
    holidays: Callable[[date], bool] | None

    def _take_time(self, scene: Scene) -> None:
        self.scene = scene
        self.now, self.zone, self.holidays = scene.now, scene.zone, scene.holidays

    def get(self, path: Path) -> Any:
        """See :class:`kernel.expr.scope.Env`."""
        key = path[0]
        field = self.fields.get(key)
        if len(path) == 1:
            if field is not None:
                if field.virtual:
                    return self._virtual(field)
                value = self.values.get(key)
                return value if field.plain_expr or value is None else field.type.to_expr(field.field, value)
            return self._other(key)
        if field is None and key in ("param", "ask"):
            return self._named(key, path[1:])
        target = self._hop(key, field)
        return None if target is None else target.get(path[1:])

    def rows(self, path: Path) -> Sequence[Any]:
        """See :class:`kernel.expr.scope.Env`."""
        key = path[0]
        field = self.fields.get(key)
        if len(path) > 1:
            target = self._named_env(path) if field is None and key == "ask" else self._hop(key, field)
            rest = path[2:] if field is None and key == "ask" else path[1:]
            return () if target is None or not rest else target.rows(rest)
        return self._rows(key, field)

    def _virtual(self, field: FieldShape) -> Any:
        """What is looked up, or moves with time, is worked out each time."""
        return field.expression.evaluate(self) if field.expression is not None else None

    def _other(self, key: str) -> Any:
        raise NotImplementedError

    def _named(self, key: str, rest: Path) -> Any:
        return None

    def _named_env(self, path: Path) -> Any:
        return None

    def _hop(self, key: str, field: FieldShape | None) -> Any:
        raise NotImplementedError

    def _rows(self, key: str, field: FieldShape | None) -> Sequence[Any]:
        return ()

    def _referred(self, field: FieldShape) -> Any:
        value = self._virtual(field) if field.virtual else self.values.get(field.key)
        return self.scene.record(field.target, value) if field.target and isinstance(value, str) else None


class RecordEnv(Env):
    """A record. ``values`` may be replaced while the road works on it; ``roots`` are ``old`` and ``ask`` of a transition."""

    def __init__(self, scene: Scene, shape: EntityShape, record: Record, values: dict[str, Any] | None = None, roots: Mapping[str, Any] | None = None) -> None:
        self._take_time(scene)
        self.shape, self.record = shape, record
        self.fields = shape.fields
        self.values = record.values if values is None else values
        self.roots: Mapping[str, Any] = roots or {}
        self.id = record.id
        self.fresh = False  # being made now: nothing can refer to it yet
        self.owner, self.team, self.state = record.owner, record.team, record.state

    @property
    def env(self) -> RecordEnv:
        """A record's Env is also its Facts (kernel/permissions)."""
        return self

    def _other(self, key: str) -> Any:
        if key == "state":
            return self.state
        if key == "owner":
            return self.owner
        if key == "team":
            return self.team
        if key == "me":
            return self.scene.ctx.actor.person
        if key in ("old", "this"):
            found = self.roots.get(key)
            return found.id if found is not None else None
        if key == "version":
            return Decimal(self.record.version)
        if key.endswith("_since") and key[:-6] in self.record.states:
            return self.record.states[key[:-6]][1]
        return getattr(self.record, key, None)

    def _named(self, key: str, rest: Path) -> Any:
        if key == "param":
            return self.scene.params.get(rest[0])
        asked: Mapping[str, tuple[Field, Any]] = self.roots.get("ask") or {}
        if rest[0] not in asked:
            return None
        field, value = asked[rest[0]]
        if len(rest) == 1:
            return None if value is None else fieldtypes.of(field).to_expr(field, value)
        target = self._named_env(("ask", *rest))
        return None if target is None else target.get(rest[1:])

    def _named_env(self, path: Path) -> Any:
        field, value = (self.roots.get("ask") or {}).get(path[1], (None, None))
        if field is None or not isinstance(value, str):
            return None
        target = self.shape.schema.type_of(field).entity
        return self.scene.record(target, value) if target else None

    def _hop(self, key: str, field: FieldShape | None) -> Any:
        if field is not None:
            return self._referred(field)
        if key == "me":
            return self.scene.record("person", self.scene.ctx.actor.person)
        if key in ("old", "this"):
            return self.roots.get(key)
        target = SYSTEM_TARGETS.get(key)
        return self.scene.record(target, self._other(key)) if target else None

    def _rows(self, key: str, field: FieldShape | None) -> Sequence[Any]:
        if field is None:
            return self._referring(key) if "." in key else ()
        if field.rows is not None:
            return [RowEnv(self, field.rows, row) for row in self._part(key) or ()]
        if field.field.type == "referring":
            return self._referring(".".join(field.type.origin(field.field)))  # type: ignore[attr-defined]
        ids = self._part(key) or ()
        assert field.target is not None
        self.scene.preload(field.target, ids)
        found = [env for env in (self.scene.record(field.target, i) for i in ids) if env is not None]
        for env in found:
            env.roots = {**env.roots, "this": self}
        return found

    def _part(self, key: str) -> Any:
        """Child rows or links: loaded with the record on the road, on demand for records at the end of a hop."""
        if key not in self.values:
            parts = store.parts(self.scene.ctx, self.shape, [self.id], only=(key,))
            self.values = {**self.values, key: parts[self.id][key]}
        return self.values[key]

    def _referring(self, origin: str) -> Sequence[RecordEnv]:
        via = None if self.fresh else referring_field(self.scene.release.application, origin)
        if via is None:
            return ()
        shape = self.scene.shape(via.entity)
        ahead = self.scene.referring.get((origin, self.id))
        found = store.load_referring(self.scene.ctx, shape, via, self.id) if ahead is None else ahead
        made = []
        for record in found:
            key = (shape.key, record.id)
            env = self.scene._records.get(key)
            if env is None:
                env = self.scene._records[key] = RecordEnv(self.scene, shape, record)
            env.roots = {**env.roots, "this": self}
            made.append(env)
        return made


class RowEnv(Env):
    """A child row; ``parent`` is its record."""

    def __init__(self, parent: RecordEnv, shape: RowShape, row: Row) -> None:
        self._take_time(parent.scene)
        self.parent, self.shape = parent, shape
        self.fields = shape.fields
        self.id, self.rank = row.id or "", row.rank
        self.values = row.values

    def _other(self, key: str) -> Any:
        if key == "id":
            return self.id
        if key == "parent" or (key == "this" and "this" not in self.parent.roots):
            return self.parent.id
        return self.parent._other(key) if key in ROOTS else None

    def _named(self, key: str, rest: Path) -> Any:
        return self.parent._named(key, rest)

    def _hop(self, key: str, field: FieldShape | None) -> Any:
        if field is None:
            if key == "parent" or (key == "this" and "this" not in self.parent.roots):
                return self.parent
            return self.parent._hop(key, None) if key in ROOTS else None
        return self._referred(field)

    def _rows(self, key: str, field: FieldShape | None) -> Sequence[Any]:
        if field is None or field.target is None:
            return ()
        ids = self.values.get(key) or ()
        self.scene.preload(field.target, ids)
        return [env for env in (self.scene.record(field.target, i) for i in ids) if env is not None]


def referring_field(app: Application, origin: str) -> Field | None:
    """The reference field named by ``entity.field``, through which its records refer to another one."""
    entity, _, key = origin.partition(".")
    found = app.entities.get(entity)
    return found.by_key.get(key) if found else None


def parameters(ctx: Ctx) -> Mapping[str, Any]:
    """The application's parameters as expression values."""
    app = ctx.release.application
    found: dict[str, Any] | None = app.__dict__.get("_parameter_values")
    if found is None:
        found = app.__dict__["_parameter_values"] = {p.key: _parameter(p.type, p.value) for p in app.parameters.values()}
    return found


def _parameter(type_: str, value: Any) -> Any:
    if value is None:
        return None
    if type_ == "number":
        return Decimal(str(value))
    if type_ == "duration":
        return timedelta(seconds=float(value))
    if type_ == "date":
        return date.fromisoformat(str(value))
    return value
