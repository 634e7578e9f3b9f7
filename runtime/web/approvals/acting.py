"""What people do in cases: a dialog that asks for words, then the act; several at once with one note."""

from __future__ import annotations

from typing import Any

from flask import Request, redirect
from werkzeug.wrappers import Response

from kernel.errors import BadRequest, Conflict, FangyuanError, Forbidden, Invalid, NotFound
from kernel.fieldtypes.ids import is_id
from kernel.i18n import _, to_text
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from kernel.web.request import is_htmx
from runtime.approvals import acts, panel, sight
from runtime.approvals import case as store
from runtime.approvals.acts import VERBS, Acted
from runtime.files import uploads
from runtime.web.approvals import shown
from runtime.web.edit import trigger
from runtime.web.sight import base_of, over

MOST_AT_ONCE = 100
DONE = {
    "approve": _("Approved"), "decline": _("Declined"), "return": _("Returned"), "pass_on": _("Passed on"), "add": _("Added"), "withdraw": _("Withdrawn"),
}


def ask(ctx: Ctx, request: Request, id: str, verb: str) -> Page:
    """The dialog of an act. Raises NotFound for an act that is not there for this person."""
    return _dialog(ctx, request, id, verb)


def act(ctx: Ctx, request: Request, id: str, verb: str) -> Page | Response:
    """Do it; a refused act comes back as its dialog with what was typed."""
    if verb not in VERBS:
        raise NotFound()
    seen = request.form.get("seen", "")
    files = [f for f in request.form.getlist("files") if f]
    try:
        with ctx.conn.begin_nested():
            done = acts.act(
                ctx, id, verb, note=request.form.get("note", ""), files=files, to=request.form.get("to") or None, seen=int(seen) if seen.isdecimal() else None)
    except Invalid as error:
        return _dialog(ctx, request, id, verb, invalid=error, status=422)
    except (Conflict, Forbidden) as error:
        return _dialog(ctx, request, id, verb, refused=error, status=error.status)
    return _after(ctx, request, done, verb)


def _after(ctx: Ctx, request: Request, done: Acted, verb: str) -> Response:
    words = _("The record was changed in the meantime. Please look at it again.") if done.changed else DONE[verb]
    text, tone = to_text(words, ctx.language), "warning" if done.changed else "ontime"
    here = request.form.get("back", "")
    base = base_of(ctx)
    place = f"{base}/approvals/{done.case.id}" if done.changed else f"{base}/e/{done.case.entity}/{done.case.record_id}" if here == "record" else f"{base}/approvals"
    if is_htmx(request):
        return Response("", 200, headers={"HX-Redirect": place, "HX-Trigger": trigger({"toast": {"text": text, "tone": tone}})})
    return redirect(place, 303)


def _dialog(
    ctx: Ctx, request: Request, id: str, verb: str, *, invalid: Invalid | None = None, refused: FangyuanError | None = None, status: int = 200
) -> Page:
    case = store.load(ctx, id)
    sight.require(ctx, case)
    (view,) = panel.views(ctx, [case])
    if verb not in VERBS or (verb not in view.may and refused is None and invalid is None):
        if verb in VERBS:
            return Page("runtime/approvals/act.html", {
                **over(request), "c": shown.case(ctx, view), "verb": verb, "label": shown.VERBS[verb][0], "refused": _("There is nothing left to decide here."),
                "problems": {}, "given": {}, "closed": True, "stale": False, "seen": "", "hint": None, "files": [], "upload_url": "", "lookup": "", "to": [], "back": ""})
        raise NotFound()
    given = request.form
    seen = given.get("seen") or request.args.get("seen", "")
    stale = verb != "withdraw" and seen.isdecimal() and int(seen) != case.record_version
    if stale and refused is None:
        refused = Conflict(_("The record was changed since you looked at it."), hint=_("Look at it again, then decide."))
    rows = uploads.rows(ctx, [f for f in given.getlist("files") if f])
    to = [(given["to"], to_name)] if given.get("to") and (to_name := _name(ctx, given["to"])) else []
    context = {
        **over(request), "c": shown.case(ctx, view), "verb": verb, "label": shown.VERBS[verb][0], "refused": refused.message if refused else None,
        "hint": refused.hint if refused else None, "problems": {p.path: p.message for p in invalid.problems} if invalid else {},
        "given": {"note": given.get("note", "")}, "to": to, "closed": False, "stale": stale, "seen": seen, "lookup": f"{base_of(ctx)}/lookup/person/owner",
        "files": [{"id": r.id, "name": r.name, "url": f"{base_of(ctx)}/files/{r.id}"} for r in rows.values() if r.created_by == ctx.actor.person],
        "upload_url": f"{base_of(ctx)}/files", "back": given.get("back") or request.args.get("back", ""),
    }
    return Page("runtime/approvals/act.html", context, status=status)


def _name(ctx: Ctx, person: str) -> str | None:
    from runtime.records.labels import of_people

    return of_people(ctx, [person]).get(person)


def several(ctx: Ctx, request: Request) -> Page:
    """Approve or decline several with one note: first the dialog that says which, then each by itself, and what became of each."""
    verb = request.form.get("verb", "")
    if verb not in ("approve", "decline"):
        raise BadRequest(_("Choose what to do with them."))
    # Each with the version of its record that was looked at, as lists send it.
    seen = {id_: int(version) if version.isdecimal() else None for id_, _at, version in (i.partition("@") for i in request.form.getlist("ids")) if is_id(id_)}
    ids = list(seen)
    if not ids:
        raise BadRequest(_("Nothing is selected."), hint=_("Tick the rows first."))
    if len(ids) > MOST_AT_ONCE:
        raise BadRequest(_("At most {n} at once.", n=MOST_AT_ONCE))
    note = request.form.get("note", "")
    cases = {c.id: c for c in panel.load_many(ctx, ids)}
    known = [i for i in ids if i in cases and i in sight.seated(ctx, ids)]
    context: dict[str, Any] = {
        **over(request), "verb": verb, "label": shown.VERBS[verb][0], "ids": [f"{i}@{seen[i]}" if seen[i] is not None else i for i in known], "note": note, "error": None, "results": None,
        "approvals_url": f"{base_of(ctx)}/approvals", "titles": sight.titles(ctx, [cases[i] for i in known]), "cases": [cases[i] for i in known]}
    if "go" not in request.form:
        return Page("runtime/approvals/several.html", context)
    if verb == "decline" and not note.strip():
        return Page("runtime/approvals/several.html", {**context, "error": _("Say why.")}, status=422)
    context["results"] = [_one(ctx, cases[i], verb, note, context["titles"], seen[i]) for i in known]
    context["fine"] = sum(1 for r in context["results"] if r["ok"])
    return Page("runtime/approvals/several.html", context)


def _one(ctx: Ctx, case: store.Case, verb: Any, note: str, titles: dict[str, str], seen: int | None) -> dict[str, Any]:
    title = titles.get(case.record_id) or _("a record that you can't see any more")
    try:
        with ctx.conn.begin_nested():
            done = acts.act(ctx, case.id, verb, note=note, seen=seen)
    except Invalid as error:
        return {"title": title, "ok": False, "words": error.problems[0].message}
    except (Conflict, Forbidden, NotFound) as error:
        return {"title": title, "ok": False, "words": error.message}
    if done.changed:
        return {"title": title, "ok": False, "words": _("The record was changed in the meantime. Please look at it again.")}
    if done.case.state == store.RETURNED:
        return {"title": title, "ok": False, "words": _("Agreed, but the step is closed: it went back to whoever asked.")}
    return {"title": title, "ok": True, "words": DONE[verb]}
