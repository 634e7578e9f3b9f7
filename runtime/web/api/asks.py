"""Asking for what is missing, over the API: the same asks as on the screens."""

from __future__ import annotations

from typing import Any

from flask import Request
from werkzeug.wrappers import Response

from kernel.errors import Invalid, NotFound, Problem
from kernel.i18n import _, to_text
from kernel.platform.ctx import Ctx
from kernel.web.routes import json_response
from runtime.asks import act, fact, rows
from runtime.asks.rows import Ask
from runtime.records import labels, reading
from runtime.web.api.conditional import body_of, limit_of
from runtime.web.api.idempotency import once
from runtime.web.api.wire import instant

_KEYS = ("transition", "rule", "field", "role", "person", "note")


def open_ask(ctx: Ctx, request: Request, entity: str, id: str) -> Response:
    """``{"transition", "rule", "field"?, "role"? | "person"?, "note"?}`` as the missing thing says; without transition a wish that ``field`` be changed."""
    if entity not in ctx.app.entities or not reading.may_know(ctx, entity):
        raise NotFound()
    body = body_of(request, *_KEYS)
    wrong = [Problem("bad_type", _("This must be text."), k) for k, v in body.items() if v is not None and not isinstance(v, str)]
    if not body.get("rule") and not body.get("field"):
        wrong.append(Problem("missing_key", _("Say what is asked for."), "rule", _("Send transition and rule of a missing thing, or field.")))
    if wrong:
        raise Invalid(wrong)

    def do() -> Response:
        made = act.open(
            ctx, entity, id, transition=body.get("transition"), rule=body.get("rule") or "", path=_path(ctx, entity, id, body), role=body.get("role"),
            person=body.get("person"), note=body.get("note"))
        return json_response({**ask_json(ctx, [made.ask])[0], "told": len(made.people), "again": made.again}, 200 if made.again else 201)

    return once(ctx, request, do)


def _path(ctx: Ctx, entity: str, id_: str, body: dict[str, Any]) -> str:
    """Which fact of the rule: of a condition with words of its own there is only one, whatever field is named."""
    path = str(body.get("field") or "")
    found = ctx.app.transition(entity, str(body.get("transition") or ""))
    guard = next((g for g in found[1].guards if g.uid == body.get("rule")), None) if found else None
    return "" if (guard is not None and guard.labels) or str(body.get("rule") or "").endswith("#who") else path


def list_asks(ctx: Ctx, request: Request) -> Response:
    """``of=me`` (asked of me, the default) or ``by=me``; ``closed=true`` for those that are settled; ``limit``, ``before``."""
    known = {"of", "by", "closed", "limit", "before"}
    unknown = [k for k in request.args if k not in known]
    wrong = [Problem("unknown_parameter", _("“{key}” is not known here.", key=k), k, _("Known: {keys}.", keys=", ".join(sorted(known)))) for k in unknown]
    wrong += [Problem("bad_value", _("Only “me” is possible."), k) for k in ("of", "by") if request.args.get(k, "me") != "me"]
    if request.args.get("closed", "false") not in ("true", "false"):
        wrong.append(Problem("bad_value", _("This must be true or false."), "closed"))
    if wrong:
        raise Invalid(wrong)
    found = rows.listed(
        ctx, of_me="by" not in request.args, closed=request.args.get("closed") == "true", limit=limit_of(request), before=request.args.get("before") or None)
    return json_response({"items": ask_json(ctx, found)})


def decline(ctx: Ctx, request: Request, id: str) -> Response:
    """``{"reason": ...}``."""
    body = body_of(request, "reason", required=("reason",))
    return once(ctx, request, lambda: _after(ctx, id, lambda: act.decline(ctx, id, _text(body, "reason"))))


def answer(ctx: Ctx, request: Request, id: str) -> Response:
    """``{"text": ...}``: a word to whoever asked."""
    body = body_of(request, "text", required=("text",))
    return once(ctx, request, lambda: _after(ctx, id, lambda: act.answer(ctx, id, _text(body, "text"))))


def withdraw(ctx: Ctx, request: Request, id: str) -> Response:
    """By whoever asked."""
    body_of(request)
    return once(ctx, request, lambda: _after(ctx, id, lambda: act.withdraw(ctx, id)))


def _text(body: dict[str, Any], key: str) -> str | None:
    value = body.get(key)
    if value is not None and not isinstance(value, str):
        raise Invalid([Problem("bad_type", _("This must be text."), key)])
    return value


def _after(ctx: Ctx, id_: str, do: Any) -> Response:
    do()
    found = rows.find(ctx, id_)
    assert found is not None
    return json_response(ask_json(ctx, [found])[0])


def ask_json(ctx: Ctx, asks: list[Ask]) -> list[dict[str, Any]]:
    """Asks as programs read them. Names are those the reader may see."""
    names = labels.of_people(ctx, [p for a in asks for p in (*a.askers, a.person_id)])

    def person(id_: str | None) -> dict[str, Any] | None:
        return None if id_ is None else {"id": id_, "label": names.get(id_)}

    return [
        {
            "id": a.id, "entity": a.entity, "record": a.record_id, "transition": a.transition, "rule": a.rule, "field": a.path or a.place.get("field"),
            "what": to_text(fact.words(ctx, a.data()), ctx.language), "asked_by": person(a.asked_by), "also": [person(p) for p in a.also],
            "person": person(a.person_id), "role": a.role, "note": a.note, "created_at": instant(a.created_at),
            "closed_at": instant(a.closed_at) if a.closed_at else None, "outcome": a.outcome, "answer": a.answer,
        }
        for a in asks]
