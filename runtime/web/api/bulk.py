"""One act on many records, and the jobs that do it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flask import Request
from werkzeug.wrappers import Response

from kernel.errors import Conflict, Invalid, NotFound, Problem
from kernel.i18n import _, to_text
from kernel.jobs import queue
from kernel.platform.ctx import Ctx
from kernel.web.routes import json_response
from runtime.bulk import order as orders
from runtime.bulk import report, work
from runtime.bulk.outcome import CHANGED, DONE, GONE, REFUSED, WAITING
from runtime.records import reading
from runtime.web.api.conditional import body_of, limit_of
from runtime.web.api.idempotency import once
from runtime.web.api.wire import instant

INPUT: Mapping[str, tuple[str, ...]] = {"update": ("fields", "add", "remove"), "transition": ("transition", "fields", "asks"), "assign": ("owner", "team"), "delete": ()}
OUTCOMES = (WAITING, DONE, REFUSED, CHANGED, GONE)


def ask(ctx: Ctx, request: Request, entity: str) -> Response:
    """``{act, ids | where, ...}``: 202 with the job; a few records are done by then."""
    if entity not in ctx.app.entities or not reading.may_know(ctx, entity):
        raise NotFound()
    body = body_of(request, "act", "ids", "where", "q", *sorted({name for names in INPUT.values() for name in names}), required=("act",))
    order, selection = read(entity, body)

    def do() -> Response:
        job = work.ask(ctx, order, selection)
        return json_response(job_json(ctx, report.report(ctx, job.id)), 202, {"Location": f"/t/{ctx.tenant.slug}/api/v1/jobs/{job.id}"})

    return once(ctx, request, do)


def read(entity: str, body: Mapping[str, Any]) -> tuple[orders.Order, work.Selection]:
    """What a body asks for. Raises Invalid with every mistake."""
    act = body["act"]
    if act not in orders.ACTS:
        raise Invalid([Problem("unknown_act", _("There is no such act."), "act", _("Known: {keys}.", keys=", ".join(orders.ACTS)))])
    known = {"act", "ids", "where", "q", *INPUT[act]}
    problems = [Problem("unknown_key", _("“{key}” is not known here.", key=key), key, _("Known: {keys}.", keys=", ".join(sorted(known)))) for key in body if key not in known]
    if ("ids" in body) is ("where" in body):
        problems.append(Problem("selection", _("Say which records: either ids, or where."), "ids", _("Send a list of ids, or a condition.")))
    chosen = _ids(body.get("ids"), problems) if "ids" in body else None
    for name, wanted in (("where", "where" in body), ("q", "q" in body), ("transition", act == "transition")):
        if wanted and (not isinstance(body.get(name), str) or (name != "q" and not body[name].strip())):
            problems.append(Problem("bad_type", _("“{key}” must be a text.", key=name), name))
    several: dict[str, dict[str, tuple[str, ...]]] = {name: _several(body.get(name, {}), name, problems) for name in ("add", "remove")}
    to = {key: body[key] for key in ("owner", "team") if key in body}
    problems += [Problem("bad_type", _("This must be an id."), key) for key, value in to.items() if value is not None and not isinstance(value, str)]
    if act == "assign" and not to:
        problems.append(Problem("missing_key", _("Say who gets the record."), "owner", _("Send owner, team or both.")))
    if act == "update" and not (body.get("fields") or several["add"] or several["remove"]):
        problems.append(Problem("missing_key", _("“{key}” is missing.", key="fields"), "fields"))
    if problems:
        raise Invalid(problems)
    order = orders.Order(
        act, entity, fields=body.get("fields", {}), add=several["add"], remove=several["remove"], step=body.get("transition", ""), asks=body.get("asks", {}), to=to)
    return order, work.Selection(chosen, body.get("where"), body.get("q", ""))


def _ids(raw: Any, problems: list[Problem]) -> list[tuple[str, int | None]]:
    """``[id, ...]`` or ``[{"id", "version"}, ...]``."""
    found: list[tuple[str, int | None]] = []
    for n, item in enumerate(raw if isinstance(raw, list) else [None]):
        id_, version = (item.get("id"), item.get("version")) if isinstance(item, Mapping) and set(item) <= {"id", "version"} else (item, None)
        if not isinstance(id_, str) or len(id_) > 36 or (version is not None and (isinstance(version, bool) or not isinstance(version, int))):
            problems.append(Problem("bad_type", _("A list of ids is expected, each alone or as {shape}.", shape='{"id", "version"}'), f"ids[{n}]"))
            break
        found.append((id_, version))
    return found


def _several(raw: Any, name: str, problems: list[Problem]) -> dict[str, tuple[str, ...]]:
    fine = isinstance(raw, Mapping) and all(isinstance(v, list) and all(isinstance(i, str) for i in v) for v in raw.values())
    if not fine:
        problems.append(Problem("bad_type", _("“{key}” holds a list of keys or ids per field.", key=name), name))
        return {}
    return {str(k): tuple(v) for k, v in raw.items()}


def read_job(ctx: Ctx, request: Request, id: str) -> Response:
    """How far it is, and why some records were refused."""
    return json_response(job_json(ctx, report.report(ctx, number(id))))


def read_items(ctx: Ctx, request: Request, id: str) -> Response:
    """What came of each record: ``outcome``, ``limit``, ``cursor``."""
    made = report.report(ctx, number(id))
    outcome, cursor = request.args.get("outcome"), request.args.get("cursor", "")
    if outcome is not None and outcome not in OUTCOMES:
        raise Invalid([Problem("bad_outcome", _("There is no such outcome."), "outcome", _("Known: {keys}.", keys=", ".join(OUTCOMES)))])
    if not re.fullmatch("[0-9]{0,9}", cursor):
        raise Invalid([Problem("bad_cursor", _("This is no place in the list."), "cursor", _("Take the cursor from the last answer."))])
    limit = limit_of(request)
    found, titles = report.page(ctx, made, {outcome} if outcome else None, int(cursor or -1), limit)
    return json_response({
        "items": [
            {"id": i.record, "label": titles.get(i.record), "outcome": i.state, "version": i.after, "reasons": [r.to_json() for r in i.reasons]} for i in found],
        "next_cursor": str(found[-1].n) if len(found) == limit else None})


def undo(ctx: Ctx, request: Request, id: str) -> Response:
    """Take it back: 202 with the job that does."""
    found = report.find(ctx, number(id))

    def do() -> Response:
        job = work.take_back(ctx, found)
        return json_response(job_json(ctx, report.report(ctx, job.id)), 202, {"Location": f"/t/{ctx.tenant.slug}/api/v1/jobs/{job.id}"})

    return once(ctx, request, do)


def cancel(ctx: Ctx, request: Request, id: str) -> Response:
    """Call it off: what is done stays, the rest is left alone."""
    found = report.find(ctx, number(id))
    if not queue.cancel(ctx.conn, found.id, ctx.now):
        raise Conflict(_("This has ended already."))
    return json_response(job_json(ctx, report.report(ctx, found.id)))


def number(id_: str) -> int:
    """A job's number. Raises NotFound."""
    if not re.fullmatch("[0-9]{1,15}", id_):
        raise NotFound()
    return int(id_)


def job_json(ctx: Ctx, made: report.Report) -> dict[str, Any]:
    """A job as the API shows it."""
    job = made.job
    return {
        "id": job.id, "act": made.order.act, "entity": made.order.entity, "state": job.state, "created_at": instant(job.created_at),
        "finished_at": instant(job.finished_at), "error": to_text(job.error, ctx.language) if job.error else None, "total": made.total,
        **{state: made.counts.get(state, 0) for state in OUTCOMES},
        "reasons": [{**g.reason.to_json(), "outcome": g.state, "n": g.n} for g in report.reasons(ctx, job)] if made.refused else [],
        "can_undo": made.can_undo, "undone_by": made.undo.id if made.undo else None,
    }
