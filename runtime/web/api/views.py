"""Views of lists over the API: the application's and those that people saved; made, changed and shared with the rights of the screens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Request, current_app
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from kernel.errors import Invalid, NotFound, Problem
from kernel.fieldtypes.base import Unreadable
from kernel.i18n import _, to_text
from kernel.platform.ctx import Ctx
from kernel.web.routes import json_response
from runtime.lists import personal, saved
from runtime.lists.personal import Personal
from runtime.records import query
from runtime.records.labels import Wanted, resolve
from runtime.web.api.conditional import body_of, version_of
from runtime.web.api.idempotency import once
from runtime.web.api.view_arrangement import arranged, arrangement_json
from runtime.web.api.wire import named
from runtime.web.list_state import Asked, lenses
from runtime.web.list_state import read as read_list
from runtime.web.sight import entity_of

_KEYS = ("name", "audience", "arrangement")


def list_views(ctx: Ctx, request: Request, entity: str) -> Response:
    """Every view the caller has, in the order of the tabs."""
    own = personal.load(ctx, entity_of(ctx, entity).key)
    asked = [_opened(ctx, entity, lens.key, own) for lens in lenses(ctx, ctx.app.entity(entity), own)]
    labels = _labels(ctx, asked)
    return json_response({"items": [view_json(ctx, a, labels) for a in asked]})


def read(ctx: Ctx, request: Request, entity: str, view: str) -> Response:
    """One view, by the key of the application's or the id of a saved one."""
    return _answer(ctx, entity, view)


def create(ctx: Ctx, request: Request, entity: str) -> Response:
    """Body ``{"name", "audience"?, "arrangement"?}``; 201 with the view."""
    known = entity_of(ctx, entity)
    body = _body(request, required=("name",))
    held = arranged(ctx, known, body.get("arrangement", {}), None)

    def do() -> Response:
        made = saved.create(ctx, entity, body["name"], body.get("audience", "me"), held)
        response = _answer(ctx, entity, made.id, 201)
        response.headers["Location"] = f"/t/{ctx.tenant.slug}/api/v1/views/{entity}/{made.id}"
        return response

    return once(ctx, request, do)


def change(ctx: Ctx, request: Request, entity: str, view: str) -> Response:
    """PATCH with If-Match: name, audience and single parts of the arrangement; absent ones stay."""
    known, version = entity_of(ctx, entity), version_of(request)
    body = _body(request)
    before = saved.get(ctx, entity, view)
    held = arranged(ctx, known, body["arrangement"], before.arrangement) if "arrangement" in body else None
    saved.change(ctx, entity, view, name=body.get("name"), audience=body.get("audience"), held=held, version=version)
    return _answer(ctx, entity, view)


def remove(ctx: Ctx, request: Request, entity: str, view: str) -> Response:
    """DELETE with If-Match: away from everybody who saw it; it can be brought back for 30 days."""
    entity_of(ctx, entity)
    saved.remove(ctx, entity, view, version=version_of(request))
    return current_app.response_class(status=204)


def restore(ctx: Ctx, request: Request, entity: str, view: str) -> Response:
    """Bring a removed view back."""
    entity_of(ctx, entity)
    body_of(request)

    def do() -> Response:
        saved.restore(ctx, entity, view)
        return _answer(ctx, entity, view)

    return once(ctx, request, do)


def asked_by(ctx: Ctx, entity: str, view: str) -> Asked:
    """The list as a view has it, for ``records/<entity>?view=``. Raises Invalid for a view that isn't there for the caller, or that can no
    longer be read as it was saved: a program that is told nothing would take the wider list for the narrow one."""
    try:
        asked = _opened(ctx, entity, view, None)
    except NotFound:
        raise Invalid([Problem("unknown_view", _("There is no such view here."), "view", _("GET views/{entity} lists them.", entity=entity))]) from None
    held = asked.lens.saved.arrangement.filters if asked.lens.saved is not None else ()
    if not asked.closed and len(asked.filters) < len(held):
        raise Invalid([Problem("outdated_view", _("This view names what the application no longer has."), "view", _("Save it again without it."))])
    return asked


def condition_of(asked: Asked) -> str | None:
    """Everything the view narrows by, as one condition. Raises Invalid when it is closed to the caller."""
    try:
        return asked.condition
    except Unreadable as error:
        raise Invalid([error.problem("view")]) from None


def view_json(ctx: Ctx, asked: Asked, labels: Mapping[str, str]) -> dict[str, Any]:
    """A view as the API shows it. One whose conditions the caller may not use is named, and no more."""
    lens, kept = asked.lens, asked.lens.saved
    condition, closed = None, asked.closed
    try:
        condition = None if closed else asked.condition
        if condition:
            query.read_where(ctx, asked.entity.key, condition)
    except (Invalid, Unreadable):
        closed = True
    return {
        "id": kept.id if kept is not None else lens.key,
        "kind": "saved" if kept is not None else "application",
        "name": to_text(lens.label, ctx.language),
        "audience": kept.audience if kept is not None else "all",
        "owner": named(kept.owner, labels) if kept is not None else None,
        "team": named(kept.team, labels) if kept is not None else None,
        "version": kept.version if kept is not None else None,
        "editable": kept is not None and saved.may_change(ctx, kept),
        "pinned": kept is not None and kept.id in asked.own.pins,
        "closed": closed,
        "condition": None if closed else condition,
        "arrangement": None if closed else arrangement_json(asked),
        "notes": [to_text(note, ctx.language) for note in asked.notes],
    }


def _answer(ctx: Ctx, entity: str, view: str, status: int = 200) -> Response:
    asked = _opened(ctx, entity, view, None)
    kept = asked.lens.saved
    return json_response(view_json(ctx, asked, _labels(ctx, [asked])), status, {"ETag": f'"{kept.version}"'} if kept is not None else {})


def _opened(ctx: Ctx, entity: str, view: str, own: Personal | None) -> Asked:
    """The list as this view opens it. Raises NotFound: missing and somebody else's are the same."""
    asked = read_list(ctx, entity_of(ctx, entity), MultiDict([("view", view)]), own=own)
    if asked.lens.key != view:
        raise NotFound()
    return asked


def _labels(ctx: Ctx, asked: list[Asked]) -> Mapping[str, str]:
    """The names of owners and teams."""
    kept = [a.lens.saved for a in asked if a.lens.saved is not None]
    wanted = Wanted()
    wanted.add("person", tuple(v.owner for v in kept))
    wanted.add("team", tuple(v.team for v in kept if v.team))
    return resolve(ctx, wanted) if kept else {}


def _body(request: Request, required: tuple[str, ...] = ()) -> dict[str, Any]:
    body = body_of(request, *_KEYS, required=required)
    wrong = [Problem("bad_type", _("A text is expected."), k) for k in ("name", "audience") if k in body and not isinstance(body[k], str)]
    if not isinstance(body.get("arrangement", {}), Mapping):
        wrong.append(Problem("bad_type", _("“{key}” must be an object.", key="arrangement"), "arrangement"))
    if wrong:
        raise Invalid(wrong)
    return body
