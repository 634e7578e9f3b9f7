"""What the person at the screen may know of: entities, and the surroundings in which values are shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask import Request

from kernel import fieldtypes
from kernel.errors import NotFound
from kernel.model.elements import Entity
from kernel.permissions import rights_of
from kernel.platform.ctx import Ctx
from kernel.web.request import is_htmx
from runtime.files import uploads
from runtime.forms.prepare import prepared, reader_of
from runtime.forms.shown import Surroundings, file_ids
from runtime.records import reading


def base_of(ctx: Ctx) -> str:
    """Where the tenant's addresses begin."""
    return f"/t/{ctx.tenant.slug}"


def entity_of(ctx: Ctx, key: str) -> Entity:
    """The entity, if the actor may know of it. Raises NotFound (D2)."""
    entity = ctx.app.entities.get(key)
    if entity is None or not reading.may_know(ctx, key):
        raise NotFound()
    return entity


def known_entities(ctx: Ctx) -> tuple[Entity, ...]:
    """Every entity the actor may know of, in order of rank."""
    return tuple(e for e in ctx.app.entities.values() if reading.may_know(ctx, e.key))


def creatable(ctx: Ctx) -> frozenset[str]:
    """Entities of which the actor may make new records."""
    rights = rights_of(ctx.release, ctx.actor)
    return frozenset(e for e in ctx.app.entities if rights.entity(e).any("create"))


def queryable(ctx: Ctx, entity: str) -> frozenset[str]:
    """Fields that the actor may filter and sort by."""
    return rights_of(ctx.release, ctx.actor).queryable(entity)


def files_in(ctx: Ctx, entity: Entity, records: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The rows of all files that the values of these records name, in one statement."""
    wanted: list[str] = []
    fields = [(p, [c for c in p.columns if c.shape_type.group == "file"]) for f in entity.fields if f.type in fieldtypes.BUILTIN for p in (prepared(ctx, f),)]
    fields = [(p, columns) for p, columns in fields if columns or p.shape_type.group == "file"]
    if not fields:
        return {}
    for values in records:
        for p, columns in fields:
            value = values.get(p.key)
            if value is not None and not columns:
                wanted.extend(file_ids(p, value))
            for row in (value or ()) if columns else ():
                for column in columns:
                    wanted.extend(file_ids(column, row.values.get(column.key)))
    return uploads.rows(ctx, wanted) if wanted else {}


def surroundings(ctx: Ctx, labels: Mapping[str, str], files: Mapping[str, Any] | None = None) -> Surroundings:
    """In what values are shown to the actor."""
    return Surroundings(base_of(ctx), reader_of(ctx, labels), files or {}, frozenset(e.key for e in known_entities(ctx)))


def wants_fragment(request: Request, target: str | None = None) -> bool:
    """Whether htmx asks, for this target if one is named."""
    if not is_htmx(request):
        return False
    given = request.headers.get("HX-Target", "")
    # htmx names the target as tag#id.
    return target is None or given == target or given.endswith(f"#{target}")


def over(request: Request) -> dict[str, Any]:
    """Where a dialog goes: into the open page, or on a page of its own for whoever came by address."""
    return {"layout": "runtime/bare.html" if is_htmx(request) else "layouts/page.html"}
