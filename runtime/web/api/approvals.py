"""Approvals for programs: the cases of a record, what waits for the token's owner, and the acts."""

from __future__ import annotations

from typing import Any

from flask import Request
from werkzeug.wrappers import Response

from kernel.errors import Invalid, NotFound, Problem
from kernel.i18n import _, to_text
from kernel.platform.ctx import Ctx
from kernel.web.routes import json_response
from runtime.approvals import acts, panel, sight
from runtime.approvals import case as store
from runtime.approvals.panel import CaseView
from runtime.records import reading
from runtime.web.api.conditional import body_of, limit_of
from runtime.web.api.idempotency import once
from runtime.web.api.wire import instant

TABS = ("waiting", "decided", "mine")


def of_record(ctx: Ctx, request: Request, entity: str, id: str) -> Response:
    """Every case of a record, oldest first. Raises NotFound."""
    if not reading.may_know(ctx, entity):
        raise NotFound()
    reading.require(ctx, entity, id)
    return json_response({"items": [case_json(ctx, v) for v in panel.all_of_record(ctx, entity, id)]})


def mine(ctx: Ctx, request: Request) -> Response:
    """``list=waiting`` (default), ``decided`` or ``mine``; ``limit``, ``before=<id of the last one seen>``."""
    tab = request.args.get("list", "waiting")
    if tab not in TABS:
        raise Invalid([Problem("bad_list", _("Known: {keys}.", keys=", ".join(TABS)), "list")])
    return json_response({"items": [case_json(ctx, v) for v in panel.mine(ctx, tab, limit_of(request), request.args.get("before"))]})


def read(ctx: Ctx, request: Request, id: str) -> Response:
    """One case. Raises NotFound for one out of sight."""
    return _answer(ctx, id)


def act(ctx: Ctx, request: Request, id: str, verb: str) -> Response:
    """``{"note", "to", "files", "seen"}``: ``seen`` is the record's version that was looked at."""
    if verb not in acts.VERBS:
        raise NotFound()
    body = body_of(request, "note", "to", "files", "seen")
    wrong = [
        Problem("bad_type", _("“{key}” can't be read.", key=key), key)
        for key, fits in (("note", str), ("to", str), ("files", list), ("seen", int)) if body.get(key) is not None and not isinstance(body[key], fits)]
    files = body.get("files") or []
    if wrong or not all(isinstance(f, str) for f in (files if isinstance(files, list) else ())):
        raise Invalid(wrong or [Problem("bad_type", _("“{key}” can't be read.", key="files"), "files")])

    def do() -> Response:
        done = acts.act(ctx, id, verb, note=body.get("note") or "", files=files, to=body.get("to"), seen=body.get("seen"))
        return _answer(ctx, done.case.id, 409 if done.changed else 200)

    return once(ctx, request, do)


def sent(ctx: Ctx, case: str) -> Response:
    """A transition that waits for approval: 202 with the case."""
    answer = _answer(ctx, case, 202)
    answer.headers["Location"] = f"/t/{ctx.tenant.slug}/api/v1/approvals/{case}"
    return answer


def _answer(ctx: Ctx, id_: str, status: int = 200) -> Response:
    case = store.load(ctx, id_)
    sight.require(ctx, case)
    (view,) = panel.views(ctx, [case])
    return json_response(case_json(ctx, view), status)


def case_json(ctx: Ctx, view: CaseView) -> dict[str, Any]:
    """A case on the wire."""
    case = view.case
    return {
        "id": case.id, "entity": case.entity, "record": {"id": case.record_id, "label": view.title or None}, "transition": case.transition,
        "label": to_text(case.label, ctx.language), "state": case.state, "round": case.round, "record_version": case.record_version,
        "requested_by": {"id": case.requested_by, "label": view.requester}, "requested_at": instant(case.requested_at), "note": case.note,
        "files": [_file(f) for f in view.files], "closed_at": instant(case.closed_at) if case.closed_at else None,
        "why": to_text(view.why, ctx.language) if view.why else (case.outcome or {}).get("note"),
        "problems": [{"message": w["what"].get(ctx.language), "rule": w.get("rule")} for w in (case.outcome or {}).get("why") or ()], "may": list(view.may),
        "steps": [
            {"key": s.key, "label": to_text(s.label, ctx.language), "status": s.status, "who": to_text(s.who, ctx.language),
             "seats": [
                 {"person": {"id": p.person, "label": p.name}, "state": p.state, "because": p.because, "instead_of": p.instead_of, "note": p.note,
                  "due_at": instant(p.due_at) if p.due_at else None, "decided_at": instant(p.decided_at) if p.decided_at else None,
                  "files": [_file(f) for f in p.files]} for p in s.seats]}
            for s in view.steps],
    }


def _file(row: Any) -> dict[str, Any]:
    return {"id": row.id, "label": row.name}
