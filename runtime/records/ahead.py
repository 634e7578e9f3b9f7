"""What expressions are about to look at, loaded for many records at once: a statement per kind of thing, never one per record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from runtime.records import store
from runtime.records.env import RecordEnv, RowEnv, Scene, referring_field
from runtime.records.shape import SYSTEM_TARGETS, EntityShape, FieldShape, RowShape

Path = tuple[str, ...]
MOST_REFERRING = 20_000
DEEPEST = 8
_KNOWN = frozenset({"param", "me", "ask", "this", "parent"})


class TooMuch(Exception):
    """More records hang on these than are worth loading only to look ahead."""


def load_ahead(scene: Scene, shape: EntityShape, envs: Sequence[RecordEnv], paths: Iterable[Path], depth: int = DEEPEST) -> None:
    """Load everything at the end of these paths, for all records. Raises TooMuch."""
    if not envs or depth == 0:
        return
    for head, rests in _by_head(paths).items():
        if head in _KNOWN:
            continue
        field = shape.fields.get(head)
        if field is None:
            target = SYSTEM_TARGETS.get(head)
            if target and rests:
                _hop(scene, target, (e._other(head) for e in envs), rests, depth)
        elif field.rows is not None:
            _parts(scene, shape, envs, head)
            rows = [RowEnv(e, field.rows, row) for e in envs for row in e.values.get(head) or ()]
            _of_rows(scene, field.rows, rows, rests, depth)
        elif field.field.type == "referring":
            _referring(scene, field, envs, rests, depth)
        elif head in shape.links and field.target is not None:
            _parts(scene, shape, envs, head)
            _hop(scene, field.target, (i for e in envs for i in e.values.get(head) or ()), rests, depth)
        else:
            if field.virtual and field.expression is not None:
                load_ahead(scene, shape, envs, field.expression.reads, depth - 1)
            if rests and field.target is not None:
                ids = (e._virtual(field) if field.virtual else e.values.get(head) for e in envs)
                _hop(scene, field.target, ids, rests, depth)


def _by_head(paths: Iterable[Path]) -> Mapping[str, set[Path]]:
    """The paths by their first step; the record as it was is the record itself."""
    found: dict[str, set[Path]] = defaultdict(set)
    for path in paths:
        own = path[1:] if path and path[0] == "old" else path
        if own:
            found[own[0]].update([own[1:]] if len(own) > 1 else [])
    return found


def _hop(scene: Scene, entity: str, ids: Iterable[Any], rests: set[Path], depth: int) -> None:
    """Records one hop away, in one statement, and what lies behind them."""
    wanted = list(dict.fromkeys(i for i in ids if isinstance(i, str)))
    scene.preload(entity, wanted)
    if rests:
        load_ahead(scene, scene.shape(entity), [e for i in wanted if (e := scene.record(entity, i)) is not None], rests, depth - 1)


def _parts(scene: Scene, shape: EntityShape, envs: Sequence[RecordEnv], key: str) -> None:
    """Child rows or links of all records that don't have them yet."""
    lacking = [e for e in envs if key not in e.values]
    if lacking:
        found = store.parts(scene.ctx, shape, list(dict.fromkeys(e.id for e in lacking)), only=(key,))
        for env in lacking:
            env.values = {**env.values, key: found[env.id][key]}


def _of_rows(scene: Scene, shape: RowShape, rows: Sequence[RowEnv], paths: Iterable[Path], depth: int) -> None:
    for head, rests in _by_head(paths).items():
        field = shape.fields.get(head)
        if field is None or not rows:
            continue
        if field.virtual and field.expression is not None:
            _of_rows(scene, shape, rows, field.expression.reads, depth - 1)
        if field.target is not None and (rests or field.many):
            values = (r._virtual(field) if field.virtual else r.values.get(head) for r in rows)
            _hop(scene, field.target, (i for v in values for i in (v if isinstance(v, tuple) else (v,))), rests, depth)


def _referring(scene: Scene, field: FieldShape, envs: Sequence[RecordEnv], rests: set[Path], depth: int) -> None:
    """The records that refer to these, by the one they refer to."""
    origin = ".".join(field.type.origin(field.field))  # type: ignore[attr-defined]
    via = referring_field(scene.release.application, origin)
    wanted = [e.id for e in envs if (origin, e.id) not in scene.referring]
    if via is None:
        return
    other = scene.shape(via.entity)
    if wanted:
        found = store.load_referring_to(scene.ctx, other, via, wanted, MOST_REFERRING + 1)
        if sum(map(len, found.values())) > MOST_REFERRING:
            raise TooMuch
        for id_ in wanted:
            scene.referring[(origin, id_)] = found.get(id_, [])
    if rests:
        behind = [r for e in envs for r in e._referring(origin)]
        load_ahead(scene, other, behind, rests, depth - 1)
