"""The controls of a dialog: fields to change with what to do to each, and what a step needs and asks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kernel import fieldtypes
from kernel.errors import Message
from kernel.i18n import _
from kernel.model.elements import Entity, Field
from kernel.permissions import rights_of
from kernel.platform.ctx import Ctx
from runtime.forms.build import Builder, FieldView, Filling
from runtime.forms.prepare import prepared, target_of
from runtime.records.labels import Wanted, resolve
from runtime.web.sight import files_in, known_entities

PREFIX = "b"
# What can be done to the value: for all, and for those that hold several.
OPS: Mapping[str, Message] = {"set": _("Set to"), "clear": _("Clear"), "add": _("Add"), "remove": _("Remove")}


@dataclass(frozen=True, slots=True)
class Picked:
    """A field that is to be changed: how, and the control for the value."""

    field: Field
    op: str
    ops: Sequence[Mapping[str, Any]]
    view: FieldView


def pickable(ctx: Ctx, entity: Entity) -> list[Field]:
    """Fields that one value may be written into in many records: not rows and files, which belong to one, nor what must be unique."""
    access = rights_of(ctx.release, ctx.actor).entity(entity.key)
    mine = access.writable_ever() & access.readable_ever()
    return [
        f for f in entity.fields
        if f.key in mine and f.type in fieldtypes.BUILTIN and not f.unique and f.type not in ("rows", "signature", "address")
        and fieldtypes.of(f).writable and fieldtypes.of(f).group != "file"]


def ops_of(field: Field) -> list[dict[str, Any]]:
    """What can be done to a field."""
    keys = ["set"] if field.required else ["set", "clear"]
    if field.type in ("choices", "references"):
        keys = ["add", "remove", *keys]
    return [{"value": key, "label": OPS[key]} for key in keys]


def picked(ctx: Ctx, entity: Entity, chosen: Sequence[tuple[Field, str]], raw: Mapping[str, Any], errors: Mapping[str, str]) -> list[Picked]:
    """The controls of the fields chosen, with what was typed."""
    views = controls(ctx, entity, [f for f, _op in chosen], raw, errors)
    return [Picked(f, op, ops_of(f), view) for (f, op), view in zip(chosen, views, strict=True)]


def controls(ctx: Ctx, entity: Entity, fields: Iterable[Field], raw: Mapping[str, Any], errors: Mapping[str, str], required: bool = False) -> list[FieldView]:
    """Controls with what was typed, named by the fields' keys."""
    known = list(fields)
    keys = frozenset(f.key for f in known)
    wanted = Wanted()
    for f in known:
        target = prepared(ctx, f).refers_to or target_of(f)
        if target:
            wanted.add(target, tuple(t for t in raw.get(f.key) or () if isinstance(t, str) and t))
    values = {f.key: tuple(t for t in raw.get(f.key) or () if t) for f in known if fieldtypes.of(f).group == "file"}
    filling = Filling(
        raw=dict(raw), readable=keys, writable=keys, errors=errors, labels=resolve(ctx, wanted), files=files_in(ctx, entity, [values]) if values else {},
        linked=frozenset(e.key for e in known_entities(ctx)))
    builder = Builder(ctx, entity.key, filling, PREFIX)
    views = [builder.view(f, True) for f in known]
    for view, f in zip(views, known, strict=True):
        view.required = required or f.required
    return views
