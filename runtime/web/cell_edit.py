"""One value edited in its cell of a list: the answer is the whole row again, with everything that follows from the value."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Request
from werkzeug.datastructures import MultiDict

from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from runtime.lists.arrangement import read_columns
from runtime.records import query
from runtime.web import lists
from runtime.web.cells import selecting
from runtime.web.columns import keys
from runtime.web.filters import quoted
from runtime.web.list_state import Asked, read
from runtime.web.sight import entity_of


def wanted(request: Request) -> bool:
    """Whether a list asks, not the record page."""
    return "cell" in request.args or "_cell" in request.form


def row(ctx: Ctx, request: Request, entity: str, id_: str) -> Page:
    """The row as it stands now, with the columns that the list shows; nothing when the reader no longer sees the record."""
    asked = _as_shown(ctx, request, entity)
    columns = lists.columns(ctx, asked)
    heads = lists.header(asked, columns)
    where = query.read_where(ctx, entity, f"id = {quoted(id_)}")
    found = query.list_records(ctx, entity, query.ListQuery(where=where, fields=keys(columns), limit=1))
    shown: list[dict[str, Any]] = lists.drawn(ctx, asked, found, columns, heads)
    for made, item in zip(shown, found.items, strict=True):
        made["version"] = item.record.version
    context = {"rows": shown, "columns": heads, "next_url": None, "selecting": selecting(ctx.language), "bulk": lists.bulk(ctx, asked)}
    return Page("runtime/list/rows.html", context)


def _as_shown(ctx: Ctx, request: Request, entity: str) -> Asked:
    asked = read(ctx, entity_of(ctx, entity), MultiDict(), plain=True)
    columns = read_columns(request.form.get("_cols", "").split(","))
    lens = replace(asked.lens, held=replace(asked.lens.held, columns=columns))
    return replace(asked, lens=lens, q=request.form.get("_q", "")[:200])
