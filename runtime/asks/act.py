"""What people do with asks: open one, take it back, decline, answer in words. Facts themselves are supplied on the record road."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import func, select

from kernel.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from kernel.fieldtypes.base import Unreadable
from kernel.fieldtypes.texts import clean
from kernel.i18n import _
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.asks import rows
from runtime.asks.fact import CHANGE, Fact, of_missing, places
from runtime.asks.refused import change_fact
from runtime.asks.rows import Ask
from runtime.asks.suppliers import Group, can_supply, groups
from runtime.notices.tell import settle, tell
from runtime.records import events, reading

MOST_NOTE = 1000
# Open asks of one person: whoever waits for more waits for everything.
MOST_OPEN = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """``people`` were told now; ``again``: somebody had asked the same before, and it is still open."""

    ask: Ask
    people: tuple[str, ...]
    again: bool


def fact_of(ctx: Ctx, seen: reading.Seen, transition: str | None, rule: str, path: str = "") -> Fact:
    """The fact somebody wants to ask for, as it is missing now for this reader. Raises NotFound for a step that is not there,
    Conflict when nothing of that kind is missing (any more)."""
    if transition is None:
        return change_fact(ctx, seen, path)
    door = next((d for d in reading.doors(ctx, seen) if d.key == transition), None)
    found = ctx.app.transition(seen.record.entity, transition)
    if door is None or found is None:
        raise NotFound()
    for missing in door.missing:
        fact = of_missing(seen.record.entity, found[1], missing)
        if fact.rule == rule and fact.mark == path:
            return fact
    raise Conflict(_("This is not missing any more."), hint=_("Load the page again: the step may be open now."))


def open(
    ctx: Ctx, entity: str, record_id: str, *, transition: str | None = None, rule: str = "", path: str = "", role: str | None = None,
    person: str | None = None, note: str | None = None,
) -> Asked:
    """Ask everybody with ``role`` who could supply the fact, or one ``person``; without either whoever is nearest to it.

    Raises NotFound, Conflict (not missing any more), Invalid (nobody to ask, or not this one).
    """
    seen = reading.get(ctx, entity, record_id)
    fact = fact_of(ctx, seen, transition, rule, path)
    found = groups(ctx, seen.env, fact)
    role, people = _chosen(ctx, found, role, person)
    words = _words(note, "note")
    known = next((a for a in rows.open_of(ctx, entity, record_id) if _same(a, fact, role, person)), None)
    if known is not None:
        return _joined(ctx, known)
    waiting = ctx.conn.execute(select(func.count()).where(t.ask.c.asked_by == ctx.actor.person, t.ask.c.closed_at.is_(None))).scalar_one()
    if waiting >= MOST_OPEN:
        raise Invalid([Problem("too_many_asks", _("You are waiting for {n} answers already.", n=MOST_OPEN), "", _("Take back what is no longer needed."))])
    ask = rows.add(
        ctx, entity=entity, record_id=record_id, transition=transition, rule=fact.rule, place=dict(fact.ask), role=None if person else role, person_id=person,
        note=words)
    told = _tell(ctx, ask, fact, seen, people)
    events.write(ctx, "ask_opened", entity, [(record_id, {"ask": ask.id})])
    return Asked(ask, tuple(told), again=False)


def _chosen(ctx: Ctx, found: list[Group], role: str | None, person: str | None) -> tuple[str | None, tuple[str, ...]]:
    if not found:
        raise Invalid([Problem(
            "nobody_to_ask", _("Nobody could supply this at the moment."), "", _("Ask an admin: somebody needs the right to change it."))])
    if person is not None:
        if not any(person in g.people for g in found):
            raise Invalid([Problem("not_a_supplier", _("This person can't supply it."), "person", _("Choose one of the people offered."))])
        return None, (person,)
    chosen = next((g for g in found if g.role == role), None) if role is not None else found[0]
    if chosen is None:
        raise Invalid([Problem("not_a_supplier", _("Nobody with this role can supply it."), "role", _("Choose one of the roles offered."))])
    return chosen.role, chosen.people


def _same(ask: Ask, fact: Fact, role: str | None, person: str | None) -> bool:
    step = fact.step.key if fact.step is not None else None
    return (ask.transition, ask.rule, ask.path, ask.person_id, ask.role) == (step, fact.rule, fact.mark, person, None if person else role)


def _joined(ctx: Ctx, ask: Ask) -> Asked:
    """The same thing asked twice is one ask; it is noted who wants to know as well."""
    if ctx.actor.person not in ask.askers:
        also = (*ask.also, ctx.actor.person)
        rows.change(ctx, ask.id, also=list(also))
        ask = replace(ask, also=also)
        events.write(ctx, "ask_opened", ask.entity, [(ask.record_id, {"ask": ask.id})])
    return Asked(ask, (), again=True)


def _tell(ctx: Ctx, ask: Ask, fact: Fact, seen: reading.Seen, people: Iterable[str]) -> list[str]:
    """The notice names the record where it is supplied: who is asked may not see the other one."""
    where = places(ctx, seen.env, fact) if fact.kind != "role" else []
    entity, record = ask.entity, ask.record_id
    if where and all(p.kind != "create" and p.record != record for p in where):
        entity, record = where[0].entity, where[0].record
    return tell(ctx, people, "ask", ask.cause, entity=entity, record=record, data=ask.data())


def withdraw(ctx: Ctx, id_: str) -> None:
    """Take it back; of an ask that others joined only one's own wish to know. Raises NotFound, Forbidden, Conflict."""
    ask = _open(ctx, id_)
    if ctx.actor.person not in ask.askers:
        raise Forbidden(_("Only who asked can take it back."))
    rest = [p for p in ask.askers if p != ctx.actor.person]
    if rest:
        rows.change(ctx, ask.id, asked_by=rest[0], also=rest[1:])
    else:
        rows.close(ctx, [ask.id], rows.WITHDRAWN)
        settle(ctx, ask.cause)
    events.write(ctx, "ask_closed", ask.entity, [(ask.record_id, {"ask": ask.id})])


def decline(ctx: Ctx, id_: str, reason: str | None) -> None:
    """Say no, and why. Where several were asked the others still may; with the last one the ask is closed. Raises NotFound, Forbidden, Invalid."""
    ask = _open(ctx, id_)
    words = _words(reason, "reason")
    if not words:
        raise Invalid([Problem("required", _("Say why, so that whoever asked can go on."), "reason", None, "ask#reason")])
    waiting = _waiting(ctx, ask)
    if ctx.actor.person not in waiting:
        raise Forbidden(_("This was asked of somebody else."))
    settle(ctx, ask.cause, [ctx.actor.person])
    if waiting == {ctx.actor.person}:
        rows.close(ctx, [ask.id], rows.DECLINED, words)
    else:
        rows.change(ctx, ask.id, answer=words)
    events.write(ctx, "ask_closed", ask.entity, [(ask.record_id, {"ask": ask.id})])
    tell(ctx, ask.askers, "ask_declined", f"declined:{ask.id}:{ctx.actor.person}", entity=ask.entity, record=ask.record_id, data=ask.data())


def answer(ctx: Ctx, id_: str, text: str | None) -> None:
    """A word to whoever asked. It closes an ask to change something; a fact is there when it is there. Raises NotFound, Forbidden, Invalid."""
    ask = _open(ctx, id_)
    words = _words(text, "text")
    if not words:
        raise Invalid([Problem("required", _("Write something first."), "text", None, "ask#answer")])
    if ctx.actor.person not in _waiting(ctx, ask):
        raise Forbidden(_("This was asked of somebody else."))
    if ask.place.get("kind") == CHANGE:
        rows.close(ctx, [ask.id], rows.SUPPLIED, words)
        settle(ctx, ask.cause)
        events.write(ctx, "ask_closed", ask.entity, [(ask.record_id, {"ask": ask.id})])
    else:
        rows.change(ctx, ask.id, answer=words)
    tell(
        ctx, ask.askers, "ask_word", f"word:{ask.id}:{ctx.new_id()}", entity=ask.entity, record=ask.record_id, data=ask.data())


def asked_of_me(ctx: Ctx, id_: str) -> Ask:
    """An ask that the actor was told about, open or not. Raises NotFound for everything else (D2)."""
    ask = rows.find(ctx, id_)
    c = t.notice.c
    if ask is None or ctx.conn.execute(select(c.id).where(c.person_id == ctx.actor.person, c.cause == ask.cause)).first() is None:
        raise NotFound()
    return ask


def place_for(ctx: Ctx, env: Any, fact: Fact) -> Any:
    """The first place where the actor may supply the fact; None where they can't (any more)."""
    return next((p for p in places(ctx, env, fact) if can_supply(ctx, env, p)), None)


def _open(ctx: Ctx, id_: str) -> Ask:
    """An open ask that the actor takes part in. Raises NotFound, and Conflict for one that is closed."""
    ask = rows.find(ctx, id_)
    if ask is None or not (ctx.actor.person in ask.askers or ctx.actor.person in _told(ctx, ask)):
        raise NotFound()
    if ask.closed_at is not None:
        raise Conflict(_("This is settled already."))
    return ask


def _told(ctx: Ctx, ask: Ask) -> set[str]:
    return set(ctx.conn.execute(select(t.notice.c.person_id).where(t.notice.c.cause == ask.cause)).scalars())


def _waiting(ctx: Ctx, ask: Ask) -> set[str]:
    """Whom it still waits for."""
    return set(ctx.conn.execute(select(t.notice.c.person_id).where(t.notice.c.cause == ask.cause, t.notice.c.done_at.is_(None))).scalars())


def _words(given: str | None, path: str) -> str | None:
    """Free text, cleaned. Raises Invalid."""
    if given is None or not given.strip():
        return None
    try:
        text = clean(given, lines=True)
    except Unreadable as error:
        raise Invalid([error.problem(path, "ask#type")]) from error
    if text and len(text) > MOST_NOTE:
        raise Invalid([Problem("too_long", _("At most {n} characters.", n=MOST_NOTE), path, None, "ask#type")])
    return text or None

