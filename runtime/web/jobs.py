"""What one asked for that takes long: how far it is, what came of it, take back, call off. Only one's own (D3)."""

from __future__ import annotations

from typing import Any

from flask import Request, redirect
from werkzeug.wrappers import Response

from kernel.errors import NotFound
from kernel.i18n import _, to_text
from kernel.jobs import Job, queue
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from kernel.web.request import is_htmx
from kernel.web.routes import json_response
from runtime.bulk import report, work
from runtime.bulk.outcome import CHANGED, DONE, GONE, REFUSED
from runtime.bulk.words import heading, summary
from runtime.exports import work as exports
from runtime.exports.spec import spec_of
from runtime.exports.write import may as may_export
from runtime.forms.prepare import reader_of
from runtime.forms.shown import size_words
from runtime.forms.when import moment_words
from runtime.web.api.bulk import number
from runtime.web.sight import base_of, over

KINDS = (work.KIND, exports.KIND)
SHOWN = 50
STATES = {"waiting": (_("Waiting for its turn"), "neutral"), "running": (_("At work"), "tinted"), "done": (_("Finished"), "ontime"),
          "failed": (_("Not done"), "breach"), "cancelled": (_("Called off"), "neutral")}
MARKS = {REFUSED: (_("Refused"), "lock"), CHANGED: (_("Changed meanwhile"), "history"), GONE: (_("Gone"), "eye-off"), DONE: (_("Done"), "circle-check")}


def index(ctx: Ctx, request: Request) -> Page:
    """Everything one asked for, newest first."""
    found = queue.of_person(ctx.conn, ctx.actor.person, KINDS, limit=SHOWN)
    shown = _shown(ctx, found)
    context = {"jobs": shown, "any_open": any(j["open"] for j in shown), "base_url": base_of(ctx)}
    return Page("runtime/jobs/rows.html" if is_htmx(request) else "runtime/jobs/index.html", context)


def show(ctx: Ctx, request: Request, id: str) -> Page:
    """One of them: a page, or a dialog over the list."""
    return Page("runtime/jobs/job.html", {**over(request), **_detail(ctx, number(id))})


def state(ctx: Ctx, request: Request, id: str) -> Page:
    """What stands in the dialog, asked for again while it is at work."""
    return Page("runtime/jobs/state.html", _detail(ctx, number(id)))


def said(ctx: Ctx, request: Request, id: str) -> Response:
    """The line that the list says after an act, with the way back."""
    job = _own(ctx, number(id))
    url = f"{base_of(ctx)}/jobs/{job.id}"
    if job.kind == exports.KIND:
        row = _export_row(ctx, job, reader_of(ctx))
        return json_response({"text": to_text(row["heading"], ctx.language), "tone": "info", "undo": None, "dialog": url})
    made = report.reports(ctx, [job])[0]
    open_ = made.job.open
    text = _("Under way: {what}", what=heading(ctx, made.order, made.original)) if open_ else summary(made.counts)
    return json_response({
        "text": to_text(text, ctx.language), "tone": "info" if open_ else "warning" if made.refused else "ontime", "undo": f"{url}/undo" if made.can_undo else None,
        "dialog": url if open_ or made.refused else None})


def undo(ctx: Ctx, request: Request, id: str) -> Response:
    """Take it back; the answer leads to the job that does."""
    return _to(ctx, request, work.take_back(ctx, report.find(ctx, number(id))))


def cancel(ctx: Ctx, request: Request, id: str) -> Response:
    """Call it off; one that has ended meanwhile stays as it is."""
    found = _own(ctx, number(id))
    queue.cancel(ctx.conn, found.id, ctx.now)
    return _to(ctx, request, found)


def _to(ctx: Ctx, request: Request, job: Job) -> Response:
    place = f"{base_of(ctx)}/jobs/{job.id}"
    if request.headers.get("X-Requested-With") == "fetch":
        return json_response({"job": job.id, "url": place})
    if is_htmx(request):
        return Response("", 204, headers={"HX-Redirect": place})
    return redirect(place, 303)


def _own(ctx: Ctx, id_: int) -> Job:
    """Raises NotFound for another one's (D3)."""
    job = queue.find(ctx.conn, id_)
    if job is None or job.kind not in KINDS or job.person != ctx.actor.person:
        raise NotFound()
    return job


def _shown(ctx: Ctx, jobs: list[Job]) -> list[dict[str, Any]]:
    """Rows of the list of jobs, in a fixed number of statements."""
    reader = reader_of(ctx)
    by_id = {made.job.id: made for made in report.reports(ctx, [j for j in jobs if j.kind == work.KIND])}
    return [_bulk_row(ctx, by_id[job.id], reader) if job.id in by_id else _export_row(ctx, job, reader) for job in jobs]


def _export_row(ctx: Ctx, job: Job, reader: Any) -> dict[str, Any]:
    """An export: how many records so far, or the file while it is kept."""
    spec, result, progress = spec_of(job.data["spec"]), job.result or {}, job.progress or {}
    handled, total = int(progress.get("done") or 0), progress.get("total")
    row: dict[str, Any] = {
        **_common(ctx, job, reader), "heading": exports.heading(ctx, spec), "icon": "download", "summary": None, "handled": f"{handled:,}", "total": f"{total:,}" if total else None,
        "percent": round(handled * 100 / total) if total else None, "file": None, "so_far": _("{n} records so far", n=f"{handled:,}") if handled and not total else None}
    if job.state == "done":
        row["summary"] = [_("{n} records", n=f"{result.get('rows', 0):,}"), size_words(int(result.get("size", 0)))]
        if exports.expired(ctx, job):
            row["summary"] = [*row["summary"], _("the file is gone; it was kept for 7 days")]
        elif may_export(ctx):
            row["file"] = f"{base_of(ctx)}/jobs/{job.id}/file"
    return row


def _bulk_row(ctx: Ctx, made: report.Report, reader: Any) -> dict[str, Any]:
    return {**_common(ctx, made.job, reader), "heading": heading(ctx, made.order, made.original), "icon": "list-check", "summary": summary(made.counts) if made.handled else None,
            "handled": made.handled, "total": made.total, "percent": round(made.handled * 100 / made.total) if made.total else None}


def _common(ctx: Ctx, job: Job, reader: Any) -> dict[str, Any]:
    words, tone = STATES[job.state]
    return {"id": job.id, "url": f"{base_of(ctx)}/jobs/{job.id}", "open": job.open, "state": words, "tone": tone, "asked_at": moment_words(job.created_at, reader),
            "error": job.error if job.state == "failed" else None}


def _detail(ctx: Ctx, id_: int) -> dict[str, Any]:
    job = _own(ctx, id_)
    if job.kind == exports.KIND:
        entity = spec_of(job.data["spec"]).entity
        return {
            "job": _export_row(ctx, job, reader_of(ctx)), "jobs_url": f"{base_of(ctx)}/jobs", "groups": [], "refused": [], "more": 0, "can_undo": False, "undone": None,
            "list_url": f"{base_of(ctx)}/e/{entity}" if entity in ctx.app.entities else None}
    made = report.reports(ctx, [job])[0]
    base = base_of(ctx)
    context: dict[str, Any] = {"job": _bulk_row(ctx, made, reader_of(ctx)), "jobs_url": f"{base}/jobs", "list_url": f"{base}/e/{made.order.entity}" if made.order.entity in ctx.app.entities else None}
    if job.open:
        return {**context, "groups": [], "refused": [], "done": [], "can_undo": False, "undone": None, "more": 0}
    not_done, titles = report.page(ctx, made, report.NOT_DONE, limit=SHOWN)
    remarks = [i for i in report.page(ctx, made, {DONE}, limit=SHOWN)[0] if i.reasons]
    entries = [
        {"title": titles.get(i.record) or _("a record that you can't see any more"), "href": f"{base}/e/{made.order.entity}/{i.record}" if i.record in titles else None,
         "icon": MARKS[i.state][1], "mark": MARKS[i.state][0], "reasons": [(r.words, _("from {who}", who=r.source) if r.source else None) for r in i.reasons]}
        for i in (*not_done, *remarks)]
    groups = [{"icon": MARKS[g.state][1], "n": g.n, "words": g.reason.words, "source": _("from {who}", who=g.reason.source) if g.reason.source else None}
              for g in report.reasons(ctx, job)] if made.refused else []
    return {**context, "groups": groups, "refused": entries, "more": made.refused - len(not_done), "can_undo": made.can_undo,
            "undone": f"{base}/jobs/{made.undo.id}" if made.undo else None, "no_undo": made.order.act == "transition" and made.counts.get(DONE, 0) > 0}
