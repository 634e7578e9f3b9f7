"""The one road from a form to a release: review (the plan in words), publish, or a conflict that keeps the input."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask import Request, current_app, redirect
from werkzeug.wrappers import Response as BaseResponse

from builder.changes import ops
from builder.publish.prepare import Impact, Prepared
from builder.publish.publish import publish_prepared
from builder.web import words
from builder.web.differences import Group, Line, differences
from builder.web.frame import base_of, page, published
from builder.web.proposal import MAX_NOTE, Proposal, from_json, ports, prepare
from builder.web.uses import uses_of_parameter
from kernel.errors import Busy, Conflict, Invalid, Message, Problem
from kernel.i18n import Text, _
from kernel.model.elements import Parameter
from kernel.platform.ctx import Ctx
from kernel.platform.database import Home, commit
from kernel.web.rendering import Page
from kernel.web.request import is_htmx

COUNTS = {
    "blank": (_("1 record has no value yet"), _("{n} records have no value yet")),
    "doubled": (_("1 value occurs more than once"), _("{n} values occur more than once")),
    "rows": (_("1 record is concerned"), _("{n} records are concerned")),
    "values": (_("1 record has a value"), _("{n} records have a value")), "holding": (_("1 record holds it"), _("{n} records hold it")),
}


@dataclass(frozen=True, slots=True)
class Step:
    """An operation in words. ``tone``: calm, warning (data need a look) or breach (data go out of sight)."""

    text: Message
    icon: str
    tone: str = "calm"
    note: Message | None = None


def review(ctx: Ctx, request: Request, proposal: Proposal, title: Message, base: str = "") -> Page:
    """What the proposal would change, with one button to publish it. Mistakes come instead, all at once.

    ``base``: hash of the release the person was looking at; another one in force is said, not refused.
    """
    try:
        prepared = prepare(ctx, proposal)
        problems: tuple[Problem, ...] = tuple(f.problem() for f in prepared.errors)
    except Invalid as error:
        return _refused(ctx, request, proposal, title, error.problems)
    if problems:
        return _refused(ctx, request, proposal, title, problems)
    context = {
        **review_words(ctx, prepared), "title": title, "proposal": proposal.to_json(), "base_hash": prepared.base.hash, "back": proposal.back,
        "problems": (), "max_note": MAX_NOTE, "note": proposal.note, "moved": _moved(ctx, base)}
    return page(ctx, "review.html", context, fragment="dialog" if is_htmx(request) else None)


def _refused(ctx: Ctx, request: Request, proposal: Proposal, title: Message, problems: Iterable[Problem]) -> Page:
    context = {"title": title, "problems": tuple(problems), "back": proposal.back}
    return page(ctx, "review.html", context, fragment="dialog" if is_htmx(request) else None, status=422)


def review_words(ctx: Ctx, prepared: Prepared) -> dict[str, Any]:
    """The plan for a template: what people notice, what happens to the data, what is worth a thought."""
    assert prepared.application is not None
    groups = differences(prepared.base.application, prepared.application)
    _say_reach(prepared, groups)
    return {
        "unchanged": prepared.unchanged, "groups": groups,
        "steps": steps(prepared.impacts), "summary": summary(prepared.plan), "destroys": bool(prepared.plan.destructive),
        "warnings": [f for f in prepared.findings if f.severity == "warning"], "reach": reach_words(ctx, prepared),
    }


def reach_words(ctx: Ctx, prepared: Prepared) -> dict[str, Any] | None:
    """What becomes of clocks that run: what happens anyway, and what only happens if the publisher wants it."""
    connected = ports()
    assert prepared.application is not None
    found = connected.promises.reach(ctx, prepared.application) if connected is not None and connected.promises is not None else None
    if found is None or not (found.starts or found.moves or found.ends):
        return None
    parts: list[Message] = []
    if found.moves:
        parts.append(_many(found.moves, _("1 running clock gets another plan"), _("{n} running clocks get another plan")))
    if found.starts:
        parts.append(_many(found.starts, _("1 record gets a clock at once, not only at its next change"), _("{n} records get a clock at once, not only at their next change")))
    ends = _many(found.ends, _("1 clock ends, because nothing is promised any more."), _("{n} clocks end, because nothing is promised any more.")) if found.ends else None
    return {"parts": parts, "ends": ends}


def _say_reach(prepared: Prepared, groups: Iterable[Group]) -> None:
    """What a changed number works on: the rules that read it."""
    app = prepared.application
    assert app is not None
    changed = [g for g in groups if g.uid in prepared.base.application.by_uid and isinstance(app.by_uid.get(g.uid), Parameter)]
    used = uses_of_parameter(app) if changed else {}
    for group in changed:
        if used.get(group.uid):
            group.lines.append(Line(_("works on {names}", names=list({u.uid: u.label for u in used[group.uid]}.values())[:12])))


def steps(impacts: Iterable[Impact]) -> list[Step]:
    """What happens to the data, in words; indexes in one line, because people only care that lists stay fast."""
    found: list[Step] = []
    indexes = 0
    for impact in impacts:
        operation = impact.operation
        if isinstance(operation, (ops.CreateIndex, ops.DropIndex)) and not impact.count:
            indexes += isinstance(operation, ops.CreateIndex)
            continue
        need = operation.needs
        note = _many(impact.count, *COUNTS[need.kind]) if need is not None and impact.count else None
        tone = "breach" if operation.destroys else "warning" if note is not None else "calm"
        found.append(Step(operation.describe(), "eye-off" if operation.destroys else "database", tone, note))
    if indexes:
        one, many = _("Keep lists, filters and look-ups fast: 1 index."), _("Keep lists, filters and look-ups fast: {n} indexes.")
        found.append(Step(_many(indexes, one, many), "bolt"))
    return found


def _many(n: int, one: Text, many: Text) -> Text:
    return one if n == 1 else Text(many.msgid, {"n": n})


def summary(plan: ops.Plan) -> Message:
    """The plan in one line."""
    tables = sum(1 for _op in plan.of(ops.CreateTable))
    columns = sum(len(op.columns) for op in plan.of(ops.AddColumns))
    indexes = sum(1 for _op in plan.of(ops.CreateIndex))
    hidden = len(plan.destructive)
    parts: list[Message] = []
    if tables:
        parts.append(_many(tables, _("1 table appears"), _("{n} tables appear")))
    if columns:
        parts.append(_many(columns, _("1 column appears"), _("{n} columns appear")))
    if indexes:
        parts.append(_many(indexes, _("1 index appears"), _("{n} indexes appear")))
    if hidden:
        parts.append(_many(hidden, _("1 thing goes out of sight, its data are kept"), _("{n} things go out of sight, their data are kept")))
    else:
        parts.append(_("no data are lost"))
    return _("{parts}", parts=parts)


def _moved(ctx: Ctx, base: str) -> Any:
    return next(iter(published(ctx, 1)), None) if base and base != ctx.release.hash else None


def publish(ctx: Ctx, request: Request) -> Page | BaseResponse:
    """``POST /design/publish``: make a reviewed proposal the next release.

    The route is declared as reading, because publishing opens transactions of its own: tables must not be changed
    while this request still holds them open.
    """
    proposal = from_json(request.form.get("proposal", ""), request.form.get("note", ""))
    if request.form.get("base", "") != ctx.release.hash:
        return conflict(ctx, proposal, Conflict(_("Somebody else published in the meantime.")))
    try:
        prepared = prepare(ctx, proposal)
        prepared.require_sound()
        # From here on nothing is read in this transaction: it would stand in the way of the tables' changes.
        commit(ctx.conn)
        done = publish_prepared(_home(ctx), ctx.actor.person, prepared, clock=ctx.clock, note=proposal.note, ports=ports(), replan=request.form.get("replan") == "1")
    except Invalid as error:
        return page(ctx, "review.html", {"title": _("This can't be published"), "problems": error.problems, "back": proposal.back}, status=422)
    except (Conflict, Busy) as error:
        return conflict(ctx, proposal, error)
    place = f"{base_of(ctx)}/{proposal.back}"
    return redirect(f"{place}?published={done.release_id}" if not done.unchanged else place, 303)


def again(ctx: Ctx, request: Request) -> Page:
    """``POST /design/review``: look at a proposal once more, on the release now in force."""
    return review(ctx, request, from_json(request.form.get("proposal", ""), request.form.get("note", "")), _("Look at it once more"))


def conflict(ctx: Ctx, proposal: Proposal, error: Conflict | Busy) -> Page:
    """Nothing was lost: the proposal can be looked at again on top of what is there now."""
    return page(ctx, "conflict.html", {
        "message": error.message, "hint": error.hint, "latest": next(iter(published(ctx, 1)), None), "busy": isinstance(error, Busy),
        "moment": lambda at: words.moment(at, ctx.zone), "proposal": proposal.to_json(), "note": proposal.note, "back": proposal.back, "text": proposal.text,
    }, status=error.status)


def just_published(request: Request) -> int | None:
    """The release that a redirect speaks of."""
    given = request.args.get("published", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else None


def _home(ctx: Ctx) -> Home:
    found: Home = current_app.extensions["fangyuan"].tenants.get(ctx.tenant.slug)[1]
    return found
