"""What people do in a case: approve, decline, return, pass on, add somebody, withdraw. Each on locked rows, each in the history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from kernel.errors import Conflict, Forbidden, Invalid, Problem
from kernel.fieldtypes.base import Unreadable
from kernel.fieldtypes.texts import clean
from kernel.i18n import _
from kernel.permissions import rights_of
from kernel.platform.ctx import Ctx
from runtime.approvals import case as store
from runtime.approvals import decide, opening, seating, sight, watch
from runtime.approvals.case import Case
from runtime.files import uploads
from runtime.notices.tell import settle
from runtime.records import road

Verb = Literal["approve", "decline", "return", "pass_on", "add", "withdraw"]
VERBS: tuple[Verb, ...] = ("approve", "decline", "return", "pass_on", "add", "withdraw")
MOST_NOTE = 2000
MOST_FILES = 10


@dataclass(frozen=True, slots=True)
class Acted:
    """The case afterwards. ``changed``: the record was another one than the approver looked at, so nothing was decided."""

    case: Case
    changed: bool = False


def act(ctx: Ctx, case_id: str, verb: Verb, *, note: str = "", files: Sequence[str] = (), to: str | None = None, seen: int | None = None) -> Acted:
    """Do it. ``seen``: the version of the record the person looked at.

    Raises NotFound (a case out of sight), Forbidden (no seat in it, lost the role), Conflict (closed, decided, changed), Invalid (note, files, to).
    """
    if ctx.actor.scopes is not None and not ctx.actor.scopes & {"all", "write"}:
        raise Forbidden(_("This token is not made for that."))
    case = store.load(ctx, case_id, lock=True)
    sight.require(ctx, case)
    note = _note(note, needed=verb in ("decline", "return"))
    if verb == "withdraw":
        return Acted(_withdraw(ctx, case, note))
    if case.state != store.OPEN:
        raise _ended(case)
    if seen is not None and seen != case.record_version:
        raise Conflict(_("The record was changed since you looked at it."), hint=_("Look at it again, then decide."))
    voided = watch.check(ctx, case)
    if voided is not None:
        return Acted(voided, changed=True)
    seats = store.seats_now(ctx, case)
    if verb in ("pass_on", "add"):
        to = _receiver(ctx, case, to)
    _still_fit(ctx, case, seats)
    decision = decide.act(case.steps, case.step, seats, ctx.actor.person, verb, to)
    _refuse(ctx, case, decision)
    own = {s.id for s in seats if s.person == ctx.actor.person}
    kept = _files(ctx, case, files)
    store.mark(ctx, decision.states, {"note": note or None, "files": kept or None}, own)
    step = next((s.step for s in seats if s.person == ctx.actor.person and s.state == decide.WAITING), case.step)
    instead = next((s.instead_of for s in seats if s.id in own and s.state == decide.WAITING and s.because in decide.SHARED), None)
    store.log(ctx, case, verb, step=case.pinned[step].key, note=note, to=to, instead_of=instead, files=kept)
    settle(ctx, opening.cause(case), [s.person for s in seats if decision.states.get(s.id, decide.WAITING) != decide.WAITING])
    if decision.new:
        opening.place(ctx, case, decision.new)
    return Acted(follow(ctx, case, decision.move, note))


def follow(ctx: Ctx, case: Case, move: decide.Move, note: str = "") -> Case:
    """Take the case where a decision leads it."""
    match move.kind:
        case "next":
            return opening.open_from(ctx, case, decide.group_of(case.steps, case.step)[-1] + 1)
        case "declined":
            return _declined(ctx, case, note)
        case "returned" if move.to is not None:
            return opening.again(ctx, case, move.to)
        case "returned":
            return opening.give_back(ctx, case, {"kind": "return", "by": ctx.actor.person, "note": note})
    return store.load(ctx, case.id)


def _declined(ctx: Ctx, case: Case, note: str) -> Case:
    done = opening.close(ctx, case, store.DECLINED, {"kind": "decline", "by": ctx.actor.person, "note": note}, "approval_declined")
    key = case.definition.get("on_decline")
    identity = seating.active(ctx, [case.requested_by]).get(case.requested_by) if key else None
    if key and identity is not None:
        try:
            with ctx.conn.begin_nested():
                as_requester = ctx.acting(actor=identity.actor(ctx.tenant, language=ctx.language))
                road.transition(as_requester, case.entity, case.record_id, str(key), version=None, approved={"case": case.id, "declined_by": [ctx.actor.person]})
        except opening.REFUSALS as error:
            return store.change(ctx, done, outcome={**(done.outcome or {}), "why": opening.reasons(error)})
    return done


def _withdraw(ctx: Ctx, case: Case, note: str) -> Case:
    if not case.under_way:
        raise _ended(case)
    if ctx.actor.person != case.requested_by and "administer" not in ctx.actor.rights:
        raise Forbidden(_("Only whoever asked for it can withdraw it."), rule=case.rule)
    store.log(ctx, case, "withdraw", note=note)
    return opening.close(ctx, case, store.WITHDRAWN, {"kind": "withdraw", "by": ctx.actor.person, "note": note})


def _ended(case: Case) -> Conflict:
    words = {
        store.APPROVED: _("This has been approved already."), store.DECLINED: _("This has been declined already."),
        store.WITHDRAWN: _("The request was withdrawn."), store.RETURNED: _("This went back to whoever asked for it."),
    }
    return Conflict(words.get(case.state, _("This approval has ended.")), hint=_("There is nothing left to decide here."))


def _still_fit(ctx: Ctx, case: Case, seats: Sequence[decide.Seat]) -> None:
    """Whoever sat there by a role must still have it. Raises Forbidden."""
    mine = [s for s in decide.waiting(case.steps, case.step, seats) if s.person == ctx.actor.person]
    lost = [s for s in mine if s.because == "approver" and case.pinned[s.step].role not in (None, *ctx.actor.roles)]
    if mine and len(lost) == len(mine):
        key = case.pinned[lost[0].step].role or ""
        label: Any = ctx.app.roles[key].label if key in ctx.app.roles else key
        raise Forbidden(_("You no longer have the role “{role}” that decides here.", role=label), rule=case.pinned[lost[0].step].uid)


def _refuse(ctx: Ctx, case: Case, decision: decide.Decision) -> None:
    match decision.refused:
        case "not_yours":
            raise Forbidden(_("It is not your turn to decide here."), rule=case.rule)
        case "done":
            raise Conflict(_("You have decided this already."), hint=_("There is nothing left to decide here."))
        case "not_allowed":
            raise Forbidden(_("This step can't be passed on or widened."), rule=case.rule)
        case "there_already":
            raise Invalid([Problem("there_already", _("This person decides here already."), "to", _("Choose somebody else."), case.rule)])


def _receiver(ctx: Ctx, case: Case, to: str | None) -> str:
    """Somebody the actor may know, who may act and who is not the requester. Raises Invalid."""
    own = all(case.pinned[i].own for i in case.now_open)
    known = to is not None and to in seating.active(ctx, [to]) and rights_of(ctx.release, ctx.actor).entity("person").any("read")
    if not known or to is None:
        raise Invalid([Problem("not_found", _("Choose a person who works here."), "to", None, case.rule)])
    if to == ctx.actor.person:
        raise Invalid([Problem("yourself", _("That is you."), "to", _("Choose somebody else."), case.rule)])
    if to == case.requested_by and not own:
        raise Invalid([Problem("requester", _("Whoever asked for it can't decide it."), "to", _("Choose somebody else."), case.rule)])
    return to


def _note(text: str, needed: bool) -> str:
    try:
        found = clean(text or "", lines=True) or ""
    except Unreadable as error:
        raise Invalid([error.problem("note", "approval#note")]) from error
    if needed and not found:
        raise Invalid([Problem("required", _("Say why."), "note", _("Whoever asked for it must know what to mend."), "approval#note")])
    if len(found) > MOST_NOTE:
        raise Invalid([Problem("too_long", _("At most {n} characters.", n=MOST_NOTE), "note", None, "approval#note")])
    return found


def note_of(text: str) -> str | None:
    """A note that may be left out. Raises Invalid."""
    return _note(text, needed=False) or None


def _files(ctx: Ctx, case: Case, files: Sequence[str]) -> list[str]:
    return take_files(ctx, case.entity, case.record_id, files)


def take_files(ctx: Ctx, entity: str, record_id: str, files: Sequence[str]) -> list[str]:
    """Own uploads that go with a request or a decision. Raises Invalid."""
    ids = list(dict.fromkeys(f for f in files if f))
    problems = uploads.check(ctx, entity, record_id, ids, "files", "approval#files")
    if len(ids) > MOST_FILES:
        problems.append(Problem("too_many", _("At most {n} files.", n=MOST_FILES), "files", None, "approval#files"))
    if problems:
        raise Invalid(problems)
    uploads.attach(ctx, entity, record_id, uploads.APPROVAL, ids)
    return ids


__all__ = ["VERBS", "Acted", "Verb", "act", "follow", "note_of", "take_files"]
