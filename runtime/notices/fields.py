"""Values that words of notices name, for one reader: what they may not read stays empty (D12)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kernel.permissions import rights_of
from kernel.platform.ctx import Ctx
from runtime.records import store
from runtime.records.env import RecordEnv, Scene
from runtime.records.labels import Wanted, resolve
from runtime.records.record import Record
from runtime.records.shape import SYSTEM_TARGETS, EntityShape, shape_of
from runtime.records.work import reader_of

Path = tuple[str, ...]


def texts(ctx: Ctx, wanted: Mapping[str, tuple[Iterable[str], Iterable[str]]]) -> dict[tuple[str, str], str]:
    """By (record, path) the value in words. ``wanted``: per entity its records and the paths to read in each of them.

    One statement per kind of record and step of a path (and one for names), however many records there are.
    """
    found: dict[tuple[str, str], str] = {}
    for entity, (ids, paths) in wanted.items():
        split = [tuple(path.split(".")) for path in paths]
        if entity in ctx.app.entities and split:
            _follow(ctx, entity, {id_: [id_] for id_ in ids}, {path: ".".join(path) for path in split}, found, Scene(ctx))
    return found


def _follow(ctx: Ctx, entity: str, roots: Mapping[str, list[str]], paths: Mapping[Path, str], found: dict[tuple[str, str], str], scene: Scene) -> None:
    """``roots``: by record of this entity, the records from which a path led here. ``paths``: what is left to go, with the whole path."""
    shape = shape_of(ctx.release, entity)
    rights = rights_of(ctx.release, ctx.actor).entity(entity)
    records = store.load(ctx, shape, list(roots), parts=False)
    readable = {}
    for id_, record in records.items():
        env = RecordEnv(scene, shape, record)
        if record.deleted_at is None and rights.any("read") and rights.may("read", env):
            readable[id_] = rights.readable(env)
    ends = {path: whole for path, whole in paths.items() if len(path) == 1}
    names = Wanted()
    for id_ in readable:
        for (key,) in ends:
            names.add(_target(shape, key), _raw(shape, records[id_], key, readable[id_]))
    reader = reader_of(ctx, resolve(ctx, names) if names.ids else {})
    onward: dict[str, tuple[dict[str, list[str]], dict[Path, str]]] = {}
    for id_ in readable:
        for path, whole in paths.items():
            value, target = _raw(shape, records[id_], path[0], readable[id_]), _target(shape, path[0])
            if len(path) == 1:
                text = _text(shape, path[0], value, reader)
                found.update({(root, whole): text for root in roots[id_]})
            elif target and isinstance(value, str):
                ids, rest = onward.setdefault(target, ({}, {}))
                ids.setdefault(value, []).extend(roots[id_])
                rest[path[1:]] = whole
    for target, (ids, rest) in onward.items():
        _follow(ctx, target, ids, rest, found, scene)


def _target(shape: EntityShape, key: str) -> str | None:
    return SYSTEM_TARGETS.get(key) or (shape.fields[key].target if key in shape.fields else None)


def _raw(shape: EntityShape, record: Record, key: str, readable: frozenset[str]) -> Any:
    if key in SYSTEM_TARGETS:
        return getattr(record, key)
    return record.values.get(key) if key in readable else None


def _text(shape: EntityShape, key: str, value: Any, reader: Any) -> str:
    if value is None:
        return ""
    if key in SYSTEM_TARGETS:
        return str(reader.labels.get(value, "")) if reader.labels else ""
    return shape.fields[key].type.text(shape.fields[key].field, value, reader) if key in shape.fields else ""
