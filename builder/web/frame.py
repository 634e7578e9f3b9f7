"""What every Design page has: its tabs, who published what and when, names of people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask import Request
from sqlalchemy import Connection, select

from kernel.errors import Message
from kernel.i18n import _
from kernel.model.application import Application
from kernel.model.elements import Element
from kernel.platform import tables as t
from kernel.platform.ctx import SYSTEM, Ctx
from kernel.web.rendering import Page
from kernel.web.request import is_htmx

PLACES = (
    ("", _("Overview"), "layout-grid"), ("parameters", _("Parameters"), "adjustments-horizontal"), ("add", _("Add"), "plus"),
    ("releases", _("Releases"), "history"),
)


@dataclass(frozen=True, slots=True)
class Published:
    """A release as history shows it, without its content."""

    id: int
    base: int | None
    by: Message | None
    at: datetime
    note: str
    plan: tuple[Mapping[str, Any], ...]


def base_of(ctx: Ctx) -> str:
    """Where the Design pages of the tenant begin."""
    return f"/t/{ctx.tenant.slug}/design"


def page(ctx: Ctx, template: str, context: Mapping[str, Any], *, place: str | None = None, fragment: str | None = None, status: int = 200) -> Page:
    """A Design page; ``place`` is the tab that is lit."""
    base = base_of(ctx)
    tabs = [{"label": label, "href": f"{base}/{key}", "active": key == place} for key, label, _icon in PLACES]
    return Page(f"builder/{template}", {"design": base, "tabs": tabs, **context}, fragment, status)


def form_page(ctx: Ctx, request: Request, template: str, context: Mapping[str, Any], *, place: str | None = None, status: int = 200) -> Page:
    """A page with a form whose review opens in a dialog: when htmx sent the form and it has to be mended, the page's body comes back in place."""
    found = page(ctx, template, context, place=place, status=status)
    if not is_htmx(request):
        return found
    return replace(found, fragment="content", headers={"HX-Retarget": "#content .page-body", "HX-Reswap": "innerHTML show:top"})


def is_system(app: Application, element: Element) -> bool:
    """Whether an element belongs to what every application stands on: people and teams."""
    return element.uid.startswith("platform:")


def published(ctx: Ctx, limit: int, before: int | None = None) -> list[Published]:
    """The latest releases, newest first."""
    c = t.release.c
    query = select(c.id, c.base_release_id, c.published_by, c.published_at, c.note, c.plan).where(c.kind == "published")
    if before is not None:
        query = query.where(c.id < before)
    rows = ctx.conn.execute(query.order_by(c.id.desc()).limit(limit)).all()
    names = person_names(ctx, {row.published_by for row in rows})
    return [
        Published(row.id, row.base_release_id, names.get(row.published_by or ""), row.published_at, row.note or "", _plan(row.plan))
        for row in rows
    ]


def _plan(stored: Any) -> tuple[Mapping[str, Any], ...]:
    """The operations of a stored plan that are fit to be shown; older shapes are left out."""
    return tuple(o for o in stored if isinstance(o, Mapping) and isinstance(o.get("text"), Mapping)) if isinstance(stored, list) else ()


def person_names(ctx: Ctx, ids: Iterable[str | None]) -> dict[str, Message]:
    """Names of people by id; the system is called so."""
    wanted = sorted({i for i in ids if i})
    found: dict[str, Message] = {SYSTEM: _("the system")} if SYSTEM in wanted else {}
    found.update(_names(ctx.conn, ctx, [i for i in wanted if i != SYSTEM]))
    return found


def _names(conn: Connection, ctx: Ctx, ids: list[str]) -> dict[str, str]:
    if not ids:
        return {}
    found: dict[str, str] = dict(conn.execute(select(t.account.c.person_id, t.account.c.login).where(t.account.c.person_id.in_(ids))).all())
    person = ctx.app.entities.get("person")
    if person is not None and "name" in person.by_key:
        table = ctx.tables.of("person")
        rows = conn.execute(select(table.table.c.id, table.main("name")).where(table.table.c.id.in_(ids))).all()
        found.update((row[0], row[1]) for row in rows if row[1])
    return found
