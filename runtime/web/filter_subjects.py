"""What one reader can filter an entity by: its fields, those of what it refers to (one hop), cells of its rows, and system columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kernel import fieldtypes
from kernel.errors import Message
from kernel.i18n import _
from kernel.model.elements import Entity, Field
from kernel.permissions import Rights, rights_of
from kernel.platform.ctx import Ctx
from runtime.clocks import sql as clocks
from runtime.forms.prepare import target_of
from runtime.web.filters import OPS, SYSTEM, Subject, kind_of

HOPS = ("reference", "user", "team")


def subjects_of(ctx: Ctx, entity: Entity) -> Mapping[str, Subject]:
    """By key, in the order in which they are offered; kept with the reader's rights."""
    rights = rights_of(ctx.release, ctx.actor)
    kept: dict[str, dict[str, Subject]] = rights.__dict__.setdefault("_filter_subjects", {})
    if entity.key not in kept:
        kept[entity.key] = {s.key: s for s in _all(ctx, rights, entity)}
    return kept[entity.key]


def _all(ctx: Ctx, rights: Rights, entity: Entity) -> Iterator[Subject]:
    machine = ctx.app.first_machine(entity.key)
    open_ = rights.queryable(entity.key)
    if machine is not None:
        yield Subject("state", SYSTEM["state"][1], "choice", OPS["choice"][:2], machine=machine)
    promises = clocks.open_to(ctx, rights, entity.key)
    if promises:
        yield Subject(clocks.ROOT, _("Time limit"), "clock", OPS["clock"])
    for promise in promises if len(promises) > 1 else ():
        yield Subject(f"{clocks.ROOT}:{promise.key}", promise.element.label, "clock", OPS["clock"], group=_("Time limit"))
    fields = [f for f in entity.fields if f.key in open_ and f.type in fieldtypes.BUILTIN]
    for field in fields:
        made = _own(field, field.key, field.label)
        if made is not None:
            yield made
    for key in ("owner", "team"):
        yield Subject(key, SYSTEM[key][1], "record", OPS["record"], target={"owner": "person", "team": "team"}[key])
    for key in ("created_at", "updated_at"):
        yield Subject(key, SYSTEM[key][1], "instant", OPS["instant"])
    for field in fields:
        if field.type == "rows":
            for cell in field.fields:
                if f"{field.key}.{cell.key}" in open_ and cell.type in fieldtypes.BUILTIN:
                    made = _own(cell, f"{field.key}:{cell.key}", _("{reference} › {field}", reference=field.label, field=cell.label), field.label, field.key)
                    if made is not None:
                        yield made
        elif field.type in HOPS:
            yield from _hop(ctx, rights, field.key, field.label, target_of(field))
    yield from _hop(ctx, rights, "owner", SYSTEM["owner"][1], "person")


def _hop(ctx: Ctx, rights: Rights, head: str, label: Message, target: str | None) -> Iterator[Subject]:
    other = ctx.app.entities.get(target or "")
    if other is None or not rights.entity(other.key).any("read"):
        return
    machine = ctx.app.first_machine(other.key)
    if machine is not None:
        words = _("{reference} › {field}", reference=label, field=SYSTEM["state"][1])
        yield Subject(f"{head}:state", words, "choice", OPS["choice"][:2], machine=machine, group=label)
    open_ = rights.queryable(other.key)
    for field in other.fields:
        if field.key not in open_ or field.type not in fieldtypes.BUILTIN or field.type in ("rows", "referring", "references"):
            continue
        made = _own(field, f"{head}:{field.key}", _("{reference} › {field}", reference=label, field=field.label), label)
        if made is not None:
            yield made


def _own(field: Field, key: str, label: Message, group: Message | None = None, rows: str | None = None) -> Subject | None:
    type_ = fieldtypes.of(field)
    shape = type_.shape(field)
    kind = kind_of(shape)
    if kind is None or not (type_.stored or kind in ("records", "rows") or field.type == "lookup") or (rows and kind in ("records", "rows")):
        return None
    target = target_of(shape) if kind in ("record", "records") else None
    return Subject(key, label, kind, OPS[kind], field, target, rows=rows, group=group)
