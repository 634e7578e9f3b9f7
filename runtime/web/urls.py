"""The screens' addresses, below ``/t/<tenant>``."""

from __future__ import annotations

from kernel.web.routes import Need, Route
from runtime.web import (
    bin,
    board,
    calendar,
    clocks,
    day,
    display,
    drop,
    edit,
    files,
    filter_form,
    grouped,
    inline,
    jobs,
    lists,
    live,
    lookup,
    manage,
    me,
    printing,
    record,
    related,
    saved_views,
    search,
    steps,
    talk,
    totals,
)
from runtime.web.bulk import dialogs as bulk
from runtime.web.settings import calendars
from runtime.web.settings import sessions as my_sessions
from runtime.web.settings import tokens as my_tokens

_LIST = "/e/<entity>"
_RECORD = f"{_LIST}/<id>"


def _get(rule: str, view: object, **more: object) -> Route:
    return Route(rule, view, needs=Need.SIGNED_IN, **more)  # type: ignore[arg-type]


def _post(rule: str, view: object, method: str = "POST", **more: object) -> Route:
    return Route(rule, view, methods=(method,), needs=Need.SIGNED_IN, **more)  # type: ignore[arg-type]


def _admin(rule: str, view: object, method: str = "GET", **more: object) -> Route:
    return Route(rule, view, methods=(method,), needs=Need.ADMIN, **more)  # type: ignore[arg-type]


ROUTES = (
    _get("/", day.show),
    _get("/me", me.show),
    _post("/me/zone", me.save_zone),
    _get("/settings/", me.index),
    _get("/settings/calendars", calendars.show),
    _get("/settings/sessions", my_sessions.show),
    _post("/settings/sessions/end", my_sessions.end),
    _get("/settings/tokens", my_tokens.show),
    _post("/settings/tokens", my_tokens.create),
    _post("/settings/tokens/<id>/revoke", my_tokens.revoke),
    _admin("/settings/all-tokens", my_tokens.show_all),
    _admin("/settings/all-tokens/<id>/revoke", my_tokens.revoke_any, "POST"),
    _get("/bin", bin.show),
    _post("/bin/restore", bin.restore),
    _post("/bin/purge", bin.purge),
    Route("/bin/days", bin.save_days, methods=("POST",), needs=Need.ADMIN),
    _get("/bin/<entity>/<id>", bin.look),
    _post("/bin/<entity>/<id>/mend", bin.mend),
    _get("/create", me.create),
    _get("/search", search.search),
    _get("/lookup/<entity>/<field>", lookup.search),
    _get("/live", live.stream),
    _get("/live/news", live.news),
    _post("/files", files.upload, reads=True, body_limit=files.BODY_LIMIT),
    _get("/files/<id>", files.content, name="runtime.web.files.content"),
    _get("/jobs", jobs.index),
    _get("/jobs/<id>", jobs.show),
    _get("/jobs/<id>/state", jobs.state),
    _get("/jobs/<id>/said", jobs.said),
    _post("/jobs/<id>/undo", jobs.undo),
    _post("/jobs/<id>/cancel", jobs.cancel),
    _get(_LIST, lists.show),
    _get(f"{_LIST}/total", lists.total),
    _get(f"{_LIST}/tabs", lists.tabs),
    _get(f"{_LIST}/figures", totals.show),
    _get(f"{_LIST}/group", grouped.rows),
    _post(f"{_LIST}/group", grouped.keep_open),
    _get(f"{_LIST}/display", display.show),
    _post(f"{_LIST}/layout", display.save),
    _post(f"{_LIST}/layout/reset", display.reset),
    _get(f"{_LIST}/views", saved_views.manage),
    _post(f"{_LIST}/views", saved_views.create),
    _get(f"{_LIST}/views/new", saved_views.new),
    _post(f"{_LIST}/views/pins", saved_views.pin),
    _get(f"{_LIST}/views/<id>", saved_views.edit),
    _post(f"{_LIST}/views/<id>", saved_views.change),
    _post(f"{_LIST}/views/<id>/hold", saved_views.hold),
    _post(f"{_LIST}/views/<id>/delete", saved_views.remove),
    _post(f"{_LIST}/views/<id>/restore", saved_views.restore),
    _get(f"{_LIST}/filter", filter_form.show),
    _get(f"{_LIST}/filter/apply", filter_form.apply),
    _get(f"{_LIST}/board/sums", board.sums),
    _get(f"{_LIST}/board/<state>", board.column),
    _get(f"{_LIST}/board/card/<id>", drop.card),
    _post(f"{_LIST}/board/move", drop.move),
    _get(f"{_LIST}/calendar/day/<id>", calendar.menu),
    _post(f"{_LIST}/calendar/move", calendar.move),
    _get(f"{_LIST}/print", printing.listed),
    _post(f"{_LIST}/bulk", bulk.do),
    _post(f"{_LIST}/bulk/<act>", bulk.ask, reads=True),
    _get(f"{_LIST}/new", edit.new),
    _post(f"{_LIST}/new", edit.create),
    _post(f"{_LIST}/preview", edit.preview, reads=True),
    _post(f"{_LIST}/draft", edit.save_draft, "PUT"),
    _post(f"{_LIST}/draft/discard", edit.discard_draft),
    _get(_RECORD, record.show),
    _get(f"{_RECORD}/print", printing.record),
    _get(f"{_RECORD}/edit", edit.edit),
    _post(f"{_RECORD}/edit", edit.update),
    _get(f"{_RECORD}/field/<key>", inline.show),
    _post(f"{_RECORD}/field/<key>", inline.save),
    _get(f"{_RECORD}/field/<key>/read", inline.read),
    _get(f"{_RECORD}/do/<key>", steps.show),
    _post(f"{_RECORD}/do/<key>", steps.take),
    _get(f"{_RECORD}/move", drop.menu),
    _get(f"{_RECORD}/assign", manage.assign_form),
    _post(f"{_RECORD}/assign", manage.assign),
    _post(f"{_RECORD}/delete", manage.delete),
    _post(f"{_RECORD}/restore", manage.restore),
    _get(f"{_RECORD}/timeline", talk.show),
    _get(f"{_RECORD}/history", talk.older),
    _post(f"{_RECORD}/comments", talk.add),
    _get(f"{_RECORD}/comments/<comment>", talk.read),
    _post(f"{_RECORD}/comments/<comment>", talk.change),
    _get(f"{_RECORD}/comments/<comment>/edit", talk.edit),
    _post(f"{_RECORD}/comments/<comment>/delete", talk.remove),
    _post(f"{_RECORD}/comments/<comment>/react", talk.react),
    _post(f"{_RECORD}/follow", talk.choose),
    _get(f"{_RECORD}/people", talk.candidates),
    _get(f"{_RECORD}/related", related.counts),
    _get(f"{_RECORD}/related/<other>/<field>", related.show),
    _get(f"{_RECORD}/related/<other>/<field>/link", related.link_form),
    _post(f"{_RECORD}/related/<other>/<field>/link", related.link),
    _get(f"{_RECORD}/related/<other>/<field>/candidates", related.candidates),
    _get(f"{_RECORD}/clocks/<clock>", clocks.explain),
)
