"""A case as the templates want it: words, pills, times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kernel.errors import Message
from kernel.i18n import Text, _
from kernel.platform.ctx import Ctx
from kernel.web.rendering import tone_of
from runtime.approvals.panel import CaseView, SeatView
from runtime.forms.prepare import reader_of
from runtime.forms.shown import size_words
from runtime.forms.when import iso, moment_text, span_words
from runtime.web.sight import base_of

STATES: Mapping[str, tuple[Text, str]] = {
    "open": (_("In approval"), "approval"), "returned": (_("Returned"), "waiting"), "approved": (_("Approved"), "good"),
    "declined": (_("Declined"), "bad"), "withdrawn": (_("Withdrawn"), "idle"), "void": (_("Ended"), "idle"),
}
SEATS: Mapping[str, Text] = {
    "waiting": _("waits"), "approved": _("agreed"), "declined": _("declined"), "returned": _("returned it"), "passed_on": _("passed it on"),
    "skipped": _("not needed any more"),
}
VERBS: Mapping[str, tuple[Text, str]] = {
    "approve": (_("Approve"), "check"), "decline": (_("Decline"), "x"), "return": (_("Return"), "arrow-back-up"), "pass_on": (_("Pass on"), "share"),
    "add": (_("Add somebody"), "user-plus"), "withdraw": (_("Withdraw"), "trash"),
}


def case(ctx: Ctx, view: CaseView, back: str = "") -> dict[str, Any]:
    """Everything the panel and the page show of a case; acts go back to the record where ``back`` says so."""
    found = view.case
    base = f"{base_of(ctx)}/approvals/{found.id}"
    label, tone = STATES[found.state]
    # What was looked at goes along, so that nobody decides about something they did not see.
    way = f"?seen={found.record_version}" + (f"&back={back}" if back else "")
    acts = [
        {"verb": verb, "label": VERBS[verb][0], "icon": VERBS[verb][1], "url": f"{base}/{verb}{way}", "attrs": _dialog(f"{base}/{verb}{way}")}
        for verb in view.may]
    reader = reader_of(ctx)
    due = min((s.due_at for step in view.steps for s in step.seats if s.state == "waiting" and s.due_at and s.person == ctx.actor.person), default=None)
    return {
        "due": moment_text(due, reader) if due else None, "late": due is not None and due <= ctx.now,
        "id": found.id, "url": base, "title": view.title or _("a record that you can't see any more"), "label": found.label, "state": label, "tone": tone,
        "open": found.state == "open", "requester": view.requester, "requester_tone": tone_of(found.requested_by),
        "asked": moment_text(found.requested_at, reader), "asked_iso": iso(found.requested_at), "note": found.note, "files": files(ctx, view.files),
        "why": view.why, "by": view.by, "outcome_note": (found.outcome or {}).get("note"), "round": found.round, "waiting": view.waiting,
        "since": span_words(ctx.now - view.since, ctx.language) if view.since and found.state == "open" else None,
        "steps": [_step(ctx, s) for s in view.steps],
        "now": [s.label for s in view.steps if s.status == "current"], "acts": {a["verb"]: a for a in acts}, "decides": "approve" in view.may,
        "more": [{"label": a["label"], "icon": a["icon"], "href": a["url"], "attrs": a["attrs"]} for a in acts if a["verb"] in ("pass_on", "add", "withdraw")],
        "seen": found.record_version, "record_url": f"{base_of(ctx)}/e/{found.entity}/{found.record_id}",
    }


def _dialog(url: str) -> dict[str, str]:
    return {"hx-get": url, "hx-target": "#dialog-root", "hx-swap": "innerHTML"}


def _step(ctx: Ctx, step: Any) -> dict[str, Any]:
    words: Mapping[str, Message] = {
        "done": _("done"), "current": _("now here"), "todo": _("still ahead"), "skipped": _("not needed"), "declined": _("declined"), "returned": _("returned")}
    return {
        "label": step.label, "status": step.status, "words": words[step.status], "mode": step.mode, "who": step.who,
        "seats": [_seat(ctx, s) for s in step.seats]}


def _seat(ctx: Ctx, seat: SeatView) -> dict[str, Any]:
    reader = reader_of(ctx)
    late = seat.state == "waiting" and seat.due_at is not None and seat.due_at <= ctx.now
    why: Message | None = None
    if seat.because == "substitute":
        why = _("for {who}, who is away", who=seat.instead_of or "—")
    elif seat.because == "passed_on" and seat.instead_of != seat.name:
        why = _("in place of {who}", who=seat.instead_of or "—")
    elif seat.because == "up":
        why = _("{who} did not decide in time", who=seat.instead_of or "—")
    elif seat.because == "added":
        why = _("added by {who}", who=seat.instead_of or "—")
    return {
        "name": seat.name, "tone": tone_of(seat.person), "state": seat.state, "words": SEATS[seat.state], "why": why, "note": seat.note,
        "files": files(ctx, seat.files), "at": moment_text(seat.decided_at, reader) if seat.state != "waiting" else None,
        "due": moment_text(seat.due_at, reader) if seat.state == "waiting" and seat.due_at else None, "late": late,
        "icon": {"waiting": "clock", "approved": "circle-check", "declined": "circle-x", "returned": "arrow-back-up", "passed_on": "arrow-right"}.get(
            seat.state, "circle-dashed")}


def files(ctx: Ctx, rows: Any) -> list[dict[str, Any]]:
    """Files as links."""
    return [{"name": r.name, "href": f"{base_of(ctx)}/files/{r.id}", "size": size_words(r.size)} for r in rows]
