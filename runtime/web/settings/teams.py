"""The tree of teams: to look at, to change, to drag about."""

from __future__ import annotations

from typing import Any

from flask import Request, redirect
from werkzeug.wrappers import Response

from kernel.errors import FangyuanError, Invalid, NotFound
from kernel.fieldtypes.ids import is_id
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from kernel.web.request import is_htmx, read_object
from kernel.web.routes import json_response
from runtime.people import teams
from runtime.records import road
from runtime.web.settings.pages import frame
from runtime.web.sight import base_of


def show(ctx: Ctx, request: Request) -> Page:
    """The tree."""
    return _tree(ctx)


def _tree(ctx: Ctx, fragment: str | None = None) -> Page:
    roots = teams.tree(ctx)
    return Page("runtime/settings/teams.html", {**frame(ctx, "teams"), "roots": roots, "merging": _progress(ctx)}, fragment=fragment)


def _progress(ctx: Ctx) -> dict[str, Any] | None:
    job = teams.latest(ctx)
    if job is None or not (job.open or job.state == "failed" or (job.result or {}).get("kept")):
        return None
    at, result = job.progress or {}, job.result or {}
    done, total = int(at.get("done") or 0), int(at.get("total") or job.data.get("total") or 0)
    return {
        "open": job.open, "failed": job.state == "failed", "error": job.error, "done": done, "total": total, "percent": 100 if not total else min(100, done * 100 // total),
        "kept": result.get("kept", []), "url": f"{base_of(ctx)}/settings/teams/merging"}


def merging(ctx: Ctx, request: Request) -> Page | Response:
    """How far a merge is; the whole page again when it is over."""
    found = _progress(ctx)
    if found is None or not found["open"]:
        return Response("", 204, headers={"HX-Refresh": "true"})
    return Page("runtime/settings/merging.html", {"merging": found, "base_url": base_of(ctx)})


def _form(ctx: Ctx, request: Request, id: str | None, given: dict[str, Any], error: FangyuanError | None = None) -> Page:
    base = base_of(ctx)
    below = {team.id for root in teams.flat(teams.tree(ctx)) if root[0].id == id for team, _depth in teams.flat([root[0]])} if id else set()
    choices = [(team.id, "\u3000" * depth + team.name) for team, depth in teams.flat(teams.tree(ctx)) if team.id not in below]
    manager = given.get("manager")
    names = dict(_person_names(ctx, manager))
    return Page("runtime/settings/team.html", {
        **frame(ctx, "teams"), "layout": "runtime/bare.html" if is_htmx(request) else "runtime/settings/frame.html", "drawer": is_htmx(request), "id": id, "given": given,
        "choices": choices, "manager": [(manager, names.get(manager, "—"))] if manager else [], "lookup": f"{base}/lookup/team/manager?all=1", "error": error,
        "problems": {p.path.removeprefix("fields."): p for p in getattr(error, "problems", ())}}, status=error.status if error and not is_htmx(request) else 200)


def _person_names(ctx: Ctx, id: str | None) -> list[tuple[str, str]]:
    from runtime.records.labels import Wanted, resolve

    wanted = Wanted()
    wanted.add("person", id)
    return list(resolve(ctx, wanted).items()) if id else []


def _values(ctx: Ctx, request: Request) -> dict[str, Any]:
    manager = request.form.get("manager") or None
    return {"name": request.form.get("name", "").strip(), "parent": request.form.get("parent") or None, "manager": ctx.actor.person if manager == "me" else manager}


def new(ctx: Ctx, request: Request) -> Page:
    """The form of a new team, below another one if the address says so."""
    parent = request.args.get("parent", "")
    return _form(ctx, request, None, {"name": "", "parent": parent if is_id(parent) else None, "manager": None})


def create(ctx: Ctx, request: Request) -> Page | Response:
    """A new team."""
    given = _values(ctx, request)
    try:
        with ctx.conn.begin_nested():
            teams.create(ctx, {k: v for k, v in given.items() if v or k == "name"})
    except Invalid as error:
        return _form(ctx, request, None, given, error)
    return redirect(f"{base_of(ctx)}/settings/teams", 303)


def edit(ctx: Ctx, request: Request, id: str) -> Page:
    """The form of a team."""
    record = _load(ctx, id)
    return _form(ctx, request, id, {key: record.values.get(key) for key in ("name", "parent", "manager")})


def _load(ctx: Ctx, id: str) -> Any:
    if not is_id(id):
        raise NotFound()
    record = road.load(ctx, teams.TEAM, id)
    if record.deleted_at is not None:
        raise NotFound()
    return record


def save(ctx: Ctx, request: Request, id: str) -> Page | Response:
    """Another name, parent or manager."""
    _load(ctx, id)
    given = _values(ctx, request)
    try:
        with ctx.conn.begin_nested():
            teams.change(ctx, id, given)
    except Invalid as error:
        return _form(ctx, request, id, given, error)
    return redirect(f"{base_of(ctx)}/settings/teams", 303)


def move(ctx: Ctx, request: Request) -> Response:
    """Dragged, or moved by keyboard: ``{"id", "to"}``, the team and its new parent (empty: none)."""
    sent = read_object(request)
    id_, to = sent.get("id"), sent.get("to") or None
    if not isinstance(id_, str) or not (to is None or isinstance(to, str)):
        raise NotFound()
    _load(ctx, id_)
    teams.change(ctx, id_, {"parent": to})
    return json_response({"moved": True})


def _dissolve_page(ctx: Ctx, id: str, error: FangyuanError | None = None) -> Page:
    record = _load(ctx, id)
    lines = teams.flat(teams.tree(ctx))
    below = {team.id for found, _d in lines if found.id == id for team, _depth in teams.flat([found])}
    return Page("runtime/settings/dissolve.html", {
        **frame(ctx, "teams"), "id": id, "name": record.values.get("name"), "held": teams.held(ctx, id), "parent": record.values.get("parent"), "error": error,
        "choices": [(team.id, "\u3000" * depth + team.name) for team, depth in lines if team.id not in below],
        "problems": {p.path: p for p in getattr(error, "problems", ())}}, status=error.status if error else 200)


def dissolve_form(ctx: Ctx, request: Request, id: str) -> Page:
    """What belongs to the team, and where it should go."""
    return _dissolve_page(ctx, id)


def dissolve(ctx: Ctx, request: Request, id: str) -> Page | Response:
    """Into another team, by a job."""
    _load(ctx, id)
    try:
        with ctx.conn.begin_nested():
            teams.dissolve(ctx, id, request.form.get("into") or None)
    except FangyuanError as error:
        if isinstance(error, NotFound):
            raise
        return _dissolve_page(ctx, id, error)
    return redirect(f"{base_of(ctx)}/settings/teams", 303)

