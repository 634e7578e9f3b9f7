"""A new record made like another one: what may be copied, what stays behind and why, and the way of the copy down the create road.

Files come along as new rows for the same bytes; nothing else of the original is touched, and a copy is a new record in
every respect: owner, states, numbers and unique values are its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from kernel.i18n import Text, _
from kernel.permissions import rights_of
from kernel.platform.ctx import Ctx
from runtime.files import uploads
from runtime.records import reading
from runtime.records.record import Input, Record, Row
from runtime.records.shape import FieldShape, shape_of
from runtime.records.work import is_blank

UNIQUE, ANEW, STAYS = _("must be unique"), _("given anew"), _("stays with the original")


@dataclass(frozen=True, slots=True)
class Copied:
    """``values`` by field key, rows without ids; ``left``: fields with a value that is not copied, and why. ``files``: ids that come along."""

    source: reading.Seen
    values: Mapping[str, Any]
    left: tuple[tuple[str, Text], ...]
    files: frozenset[str] = field(default_factory=frozenset)


def copied(ctx: Ctx, entity: str, id_: str) -> Copied:
    """What a copy of the record begins with, for the actor. Raises NotFound."""
    source = reading.get(ctx, entity, id_)
    shape = shape_of(ctx.release, entity)
    creatable = rights_of(ctx.release, ctx.actor).entity(entity).creatable
    values: dict[str, Any] = {}
    left: list[tuple[str, Text]] = []
    files: set[str] = set()
    for key, own in shape.fields.items():
        value = source.record.values.get(key)
        if value is None or is_blank(value) or key not in source.readable:
            continue
        why = _left(own, key in creatable)
        if why is not None:
            if not own.derived and own.field.type not in ("referring", "state"):
                left.append((key, why))
            continue
        if own.rows is None:
            files.update(_files(own, value))
            values[key] = value
            continue
        cells = [c for c in own.rows.fields.values() if _left(c, f"{key}.{c.key}" in creatable) is None and f"{key}.{c.key}" in source.readable]
        for row in value:
            for cell in cells:
                files.update(_files(cell, row.values.get(cell.key)))
        values[key] = tuple(Row("", n, {c.key: row.values.get(c.key) for c in cells}) for n, row in enumerate(value))
    return Copied(source, values, tuple(left), frozenset(files))


def _left(own: FieldShape, writable: bool) -> Text | None:
    """Why a field stays behind; None when it comes along."""
    if own.field.type == "auto_number":
        return ANEW
    if own.field.unique:
        return UNIQUE
    # A signature says that somebody signed that record, not this one.
    if not own.writable or not writable or not own.field.copy or own.field.type == "signature":
        return STAYS
    return None


def _files(own: FieldShape, value: Any) -> tuple[str, ...]:
    return () if not own.is_file or value is None else (value,) if isinstance(value, str) else tuple(value)


def copy(ctx: Ctx, entity: str, source: str, input: Input) -> Record:
    """Make the record that a form made of a copy has sent: by the road of every new record, with rows of its own for the files
    that came along. Raises as ``road.create``, and NotFound when the original is out of sight."""
    from runtime.records import road

    known = copied(ctx, entity, source).files
    shape = shape_of(ctx.release, entity)
    fields = dict(input.fields)
    used = {i for key, raw in fields.items() for i in _named(shape.fields.get(key), raw) if i in known}
    made = uploads.copy(ctx, sorted(used)) if used else {}
    return road.create(ctx, entity, replace(input, fields={k: _own(shape.fields.get(k), raw, made) for k, raw in fields.items()}))


def _named(own: FieldShape | None, raw: Any) -> list[str]:
    """The ids in what was sent for a file field, or for the file cells of rows."""
    if own is None or raw is None:
        return []
    if own.rows is not None:
        rows = raw if isinstance(raw, (list, tuple)) else ()
        return [i for row in rows if isinstance(row, Mapping) for k, cell in (row.get("fields") or {}).items() for i in _named(own.rows.fields.get(k), cell)]
    if not own.is_file:
        return []
    return [raw] if isinstance(raw, str) else [i for i in raw if isinstance(i, str)] if isinstance(raw, (list, tuple)) else []


def _own(own: FieldShape | None, raw: Any, made: Mapping[str, str]) -> Any:
    """The same with the copy's own files."""
    if own is None or raw is None or not made:
        return raw
    if own.rows is not None and isinstance(raw, (list, tuple)):
        return [
            {**row, "fields": {k: _own(own.rows.fields.get(k), cell, made) for k, cell in (row.get("fields") or {}).items()}} if isinstance(row, Mapping) else row
            for row in raw
        ]
    if not own.is_file:
        return raw
    if isinstance(raw, str):
        return made.get(raw, raw)
    return [made.get(i, i) if isinstance(i, str) else i for i in raw] if isinstance(raw, (list, tuple)) else raw
