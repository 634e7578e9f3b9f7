"""Automations over the API: what happened to a record by itself and why, and pressing a button."""

from __future__ import annotations

from typing import Any

from flask import Request
from werkzeug.wrappers import Response

from kernel.errors import Invalid, Problem
from kernel.i18n import _, to_text
from kernel.platform.ctx import Ctx
from kernel.web.routes import json_response
from runtime.automations import outside, trouble
from runtime.automations import reading as automations
from runtime.automations.reading import SeenRun
from runtime.records import reading
from runtime.web.api.conditional import body_of
from runtime.web.api.idempotency import once
from runtime.web.api.records import known
from runtime.web.api.wire import instant

_CAUSE = ("trigger", "step", "clock", "at", "outcome", "transition", "moment", "late_s", "by", "channel", "version")


def of_record(ctx: Ctx, request: Request, entity: str, id: str) -> Response:
    """The record's runs, newest first, with what their conditions read; and which automations look at it at all."""
    known(ctx, entity)
    seen = reading.get(ctx, entity, id)
    looking, runs = automations.of_record(ctx, entity, id, seen.readable)
    return json_response({
        "items": [_json(ctx, one, seen.readable) for one in runs],
        "automations": [{
            "automation": one.element.key, "label": to_text(one.element.label, ctx.language), "trigger": one.element.trigger, "on": not one.paused, "ran": one.ran,
            "last": one.last.run.id if one.last is not None else None} for one in looking],
        "actions": [{"key": element.key, "label": to_text(element.label, ctx.language), "asks": [f.key for f in element.asks]} for element in outside.buttons(ctx, seen)]})


def act(ctx: Ctx, request: Request, entity: str, id: str, key: str) -> Response:
    """Press a button; ``asks`` answer its questions. What it does is done soon after: 202 with the run."""
    known(ctx, entity)
    body = body_of(request, "asks")
    asks = body.get("asks") or {}
    if not isinstance(asks, dict):
        raise Invalid([Problem("bad_type", _("“{key}” can't be read.", key="asks"), "asks")])

    def press() -> Response:
        run = outside.press(ctx, entity, id, key, asks)
        seen = reading.get(ctx, entity, id)
        return json_response(_json(ctx, automations.of_run(ctx, run.id, entity, id, seen.readable), seen.readable), 202)

    return once(ctx, request, press)


def _json(ctx: Ctx, one: SeenRun, readable: Any) -> dict[str, Any]:
    run = one.run
    cause = {k: run.cause[k] for k in _CAUSE if k in run.cause}
    if "fields" in run.cause:
        cause["fields"] = [k for k in run.cause["fields"] if k in readable or k in ("owner", "team", "state")]
    error = None
    if run.error is not None:
        error = {"kind": run.error["kind"], "words": trouble.words_of(run.error, ctx.language) if one.open_error else [], "rule": run.error.get("rule") if one.open_error else None}
        if run.error.get("circle"):
            error["circle"] = list(run.error["circle"])
    return {
        "id": run.id, "automation": one.element.key, "label": to_text(one.element.label, ctx.language), "state": run.state, "cause": cause, "release": run.release_id,
        "inputs": [{"path": path, "value": value, **({} if open_ else {"withheld": True})} for path, value, open_ in one.inputs],
        "steps": [_step(one, line, readable) for line in run.log], "error": error, "created_at": instant(run.created_at), "due_at": instant(run.due_at),
        "ended_at": instant(run.ended_at), "root": run.root, "parent": run.parent}


def _step(one: SeenRun, line: Any, readable: Any) -> dict[str, Any]:
    """A line of the log without what only the system needs: fields the reader may not see are not named, nor the values a branch read."""
    return {
        **{k: line[k] for k in ("step", "at", "did", "record", "version", "told", "to", "team", "why", "among", "until", "yes", "n", "undone", "failed", "case") if k in line},
        **({"fields": list(automations.fields_of(one, line, readable))} if "fields" in line else {})}
