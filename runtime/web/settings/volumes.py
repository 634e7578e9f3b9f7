"""How much there is: records per kind, files, history, the database as a whole. Asked when the page is opened."""

from __future__ import annotations

from typing import Any

from flask import Request
from sqlalchemy import func, literal, select, text, union_all

from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from runtime.forms.shown import size_words
from runtime.web.settings.pages import frame


def show(ctx: Ctx, request: Request) -> Page:
    """The page: a fixed number of statements, whatever there is."""
    kinds = _records(ctx)
    files, size = ctx.conn.execute(select(func.count(), func.coalesce(func.sum(t.file.c.size), 0)).select_from(t.file)).one()
    history, comments = (ctx.conn.execute(select(func.count()).select_from(table)).scalar_one() for table in (t.change_log, t.comment))
    largest = max((k["total"] for k in kinds), default=0) or 1
    for kind in kinds:
        kind["share"] = round(100 * kind["total"] / largest)
    return Page("runtime/settings/volumes.html", {
        **frame(ctx, "volumes"), "kinds": kinds, "records": sum(k["total"] for k in kinds), "binned": sum(k["binned"] for k in kinds), "files": files,
        "files_size": size_words(int(size)), "history": history, "comments": comments, "database": size_words(_database(ctx))})


def _records(ctx: Ctx) -> list[dict[str, Any]]:
    """Records per kind, the largest first; one statement."""
    parts = []
    for key in ctx.app.entities:
        table = ctx.tables.of(key).table
        parts.append(select(literal(key).label("key"), func.count().label("n"), func.count(table.c.deleted_at).label("binned")).select_from(table))
    if not parts:
        return []
    found = []
    for key, total, binned in ctx.conn.execute(union_all(*parts)):
        entity = ctx.app.entities[key]
        found.append({"label": entity.label, "icon": entity.icon, "total": total - binned, "binned": binned})
    return sorted(found, key=lambda kind: -kind["total"])


def _database(ctx: Ctx) -> int:
    """Bytes of the tenant's database or schema."""
    if ctx.conn.dialect.name == "sqlite":
        pages = ctx.conn.execute(text("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")).scalar_one()
        return int(pages)
    query = "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0) FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'"
    return int(ctx.conn.execute(text(query)).scalar_one())
