"""Records as the API shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import lru_cache, partial
from typing import Any

from kernel import fieldtypes
from kernel.fieldtypes.base import FieldType, Reader
from kernel.model.elements import Field
from kernel.platform.ctx import Ctx
from kernel.platform.releases import Release
from runtime.records.record import Record, Row


def reader_of(ctx: Ctx, labels: Mapping[str, str] | None = None) -> Reader:
    """For whom values are written: the actor's language and zone, with the labels that ids stand for."""
    return Reader(ctx.language, ctx.zone, ctx.now.astimezone(ctx.zone).date(), ctx.now, ctx.tenant.currency, labels)


def instant(value: datetime | None) -> str | None:
    """RFC 3339 with Z."""
    return None if value is None else value.isoformat().replace("+00:00", "Z")


def record_json(
    ctx: Ctx, record: Record, readable: frozenset[str], labels: Mapping[str, str], only: Iterable[str] | None = None, reader: Reader | None = None
) -> dict[str, Any]:
    """The fixed shape of a record: only fields its reader may read, and of those only the ones asked for.

    ``reader`` may be given where many records are written for one.
    """
    reader = reader or reader_of(ctx, labels)
    wanted = readable if only is None else readable.intersection(only)
    values = record.values
    fields = {}
    for field, dump in _writers(ctx.release, record.entity, wanted):
        value = values.get(field.key)
        if field.type == "rows":
            fields[field.key] = field_json(field, value, reader, readable)
        else:
            fields[field.key] = value if value is None or dump is None else dump(value, reader)
    return {
        "id": record.id,
        "version": record.version,
        "state": record.state,
        "state_since": instant(record.state_since),
        "owner": named(record.owner, labels),
        "team": named(record.team, labels),
        "created_at": instant(record.created_at),
        "updated_at": instant(record.updated_at),
        "fields": fields,
    }


Writer = tuple[Field, Callable[[Any, Reader], Any] | None]


@lru_cache(maxsize=2048)
def _writers(release: Release, entity: str, keys: frozenset[str]) -> tuple[Writer, ...]:
    """The fields to write, in order, each with what turns its value into JSON; None where a value is JSON as it stands."""
    schema = release.application.schema
    found: list[Writer] = []
    for field in release.application.entity(entity).fields:
        if field.key not in keys or field.type == "referring":
            continue
        # A derived field is written as what it gives; that is looked up once, not for every value.
        given = schema.shape_of(field)
        type_ = fieldtypes.of(given)
        found.append((field, None if type(type_).dump is FieldType.dump else partial(type_.dump, given)))
    return tuple(found)


def field_json(field: Field, value: Any, reader: Reader, readable: frozenset[str]) -> Any:
    """One value; child rows as ``[{"id", "fields"}]`` with the cells that may be read, blank as null."""
    if field.type == "rows":
        return [row_json(field, row, reader, readable) for row in value or ()]
    return None if value is None else fieldtypes.of(field).dump(field, value, reader)


def row_json(field: Field, row: Row, reader: Reader, readable: frozenset[str]) -> dict[str, Any]:
    """A child row; its fields count as ``rows.field`` among the readable ones."""
    cells = {f.key: field_json(f, row.values.get(f.key), reader, readable) for f in field.fields if f"{field.key}.{f.key}" in readable}
    return {"id": row.id, "fields": cells}


def named(id_: str | None, labels: Mapping[str, str]) -> dict[str, str | None] | None:
    """A reference on read."""
    return None if id_ is None else {"id": id_, "label": labels.get(id_)}
