"""Taking an event in: known already, or a record with what it was made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import insert, select

from kernel import jobs
from kernel.errors import Conflict, Invalid, NotFound
from kernel.i18n import _
from kernel.model.elements import Intake
from kernel.platform import tables as t
from kernel.platform.ctx import Actor, Ctx, system_actor
from runtime.evidence.keep import FROM_SOURCE
from runtime.evidence.policy import policies_of
from runtime.incoming.event import Event
from runtime.incoming.finding import find
from runtime.incoming.sources import Source
from runtime.records import road, store
from runtime.records.record import Input
from runtime.records.shape import shape_of

CHANNEL = "events"
RECORDING = "recording"
TAKEN, WAITING, KNOWN = "taken", "waiting", "known"
_R = t.event_received.c


@dataclass(frozen=True, slots=True)
class Taken:
    """``outcome``: taken; waiting (nobody knows yet whose it is); known (it came before)."""

    id: str
    outcome: str
    entity: str
    record: str | None


def kinds(ctx: Ctx) -> Mapping[str, Intake]:
    """The kinds of events that are taken here, with their intake."""
    return {kind: intake for intake in policies_of(ctx.app).intakes.values() for kind in intake.kinds}


def intake_of(ctx: Ctx, kind: str) -> Intake:
    """Raises NotFound with the kinds there are."""
    known = kinds(ctx)
    if kind not in known:
        raise NotFound(_("Events of this kind are not taken here."), hint=_("There are: {names}.", names=sorted(known)))
    return known[kind]


def writer(ctx: Ctx, source: Source) -> Ctx:
    """The unit of work in the name of a source: the system acts, the channel and the reason say for whom."""
    actor: Actor = replace(system_actor(ctx.tenant, ctx.release), name=source.name)
    return ctx.acting(actor=actor, channel=ctx.channel if ctx.channel == "sample" else CHANNEL)


def take(ctx: Ctx, source: Source, event: Event) -> Taken:
    """Make the record, once per source and id. ``ctx`` is :func:`writer`'s. Raises Conflict for the same id with another content, Invalid."""
    intake = intake_of(ctx, event.kind)
    known = ctx.conn.execute(select(_R.hash, _R.entity, _R.record_id).where(_R.source_id == source.id, _R.event_id == event.id)).first()
    if known is not None:
        if known.hash != event.hash:
            raise Conflict(_("The event “{id}” was sent before, with another content.", id=event.id[:100]), hint=_("What happened stays as it was; send a new event with an id of its own."))
        return Taken(event.id, KNOWN, known.entity or "", known.record_id)
    found = find(ctx, intake, event)
    answered = _answered(ctx, intake, source, event)
    values = {**_values(ctx, intake, source, event), **found.references, **({intake.replies_to: answered} if intake.replies_to and answered else {})}
    try:
        record = road.receive(ctx, intake.entity, Input(values), {FROM_SOURCE: source.id, "event": event.id}, owner=found.owner, team=found.team)
    except Invalid as error:
        raise Invalid([replace(p, path=_place(intake, p.path)) for p in error.problems]) from error
    received = ctx.new_id()
    ctx.conn.execute(insert(t.event_received).values(
        id=received, source_id=source.id, event_id=event.id, kind=event.kind, occurred_at=event.occurred_at, received_at=ctx.now, hash=event.hash, body=dict(event.body),
        entity=intake.entity, record_id=record.id, party=_party(intake, source, event, event.direction)))
    _answers(ctx, intake, source, event, record.id)
    if intake.recording is not None and event.body.get("recording") is not None and ctx.channel != "sample":
        jobs.add(ctx.conn, RECORDING, {"received": received}, now=ctx.now, key=f"recording:{received}")
    waits = bool(intake.waits_without) and not any(record.values.get(key) for key in intake.waits_without)
    return Taken(event.id, WAITING if waits else TAKEN, intake.entity, record.id)


def _values(ctx: Ctx, intake: Intake, source: Source, event: Event) -> dict[str, Any]:
    found = {key: value for key, path in intake.fields.items() if (value := event.part(str(path))) is not None}
    found[intake.occurred_at] = _rfc(event.occurred_at)
    found[intake.verified] = True
    for key, value in ((intake.source, source.name), (intake.received_at, _rfc(ctx.now)), (intake.hash, event.hash)):
        if key is not None:
            found[key] = value
    return found


def _rfc(moment: Any) -> str:
    return str(moment.isoformat().replace("+00:00", "Z"))


def _place(intake: Intake, path: str) -> str:
    """Where in the event it stands, for whoever sent it."""
    key = path.removeprefix("fields.")
    return str(intake.fields.get(key, key))


# --- what answers what ------------------------------------------------------------------------------------------------


def _party(intake: Intake, source: Source, event: Event, direction: str) -> str | None:
    """The other side of a conversation, one way: an answer goes back to whom the message came from."""
    if event.kind not in intake.reply_kinds or not event.theirs:
        return None
    return f"{source.id}:{direction}:{event.theirs}"


def _answered(ctx: Ctx, intake: Intake, source: Source, event: Event) -> str | None:
    """The record that this event answers: the one it names, else the last one to the same side before it."""
    if intake.replies_to is None:
        return None
    named = event.body.get("replies_to")
    if named is not None:
        found: str | None = ctx.conn.execute(select(_R.record_id).where(_R.source_id == source.id, _R.event_id == str(named), _R.entity == intake.entity)).scalar()
        return found
    party = _party(intake, source, event, "out")
    if event.direction != "in" or party is None:
        return None
    since = event.occurred_at - timedelta(days=intake.reply_within)
    query = select(_R.record_id).where(_R.party == party, _R.occurred_at <= event.occurred_at, _R.occurred_at >= since).order_by(_R.occurred_at.desc(), _R.id.desc()).limit(1)
    before: str | None = ctx.conn.execute(query).scalar()
    return before


def _answers(ctx: Ctx, intake: Intake, source: Source, event: Event, record: str) -> None:
    """A message that arrives after its answer: the next one back, if it answered nothing so far, answers this one."""
    party = _party(intake, source, event, "in")
    if intake.replies_to is None or event.direction != "out" or party is None:
        return
    until = event.occurred_at + timedelta(days=intake.reply_within)
    waiting = ctx.conn.execute(
        select(_R.record_id).where(_R.party == party, _R.occurred_at >= event.occurred_at, _R.occurred_at <= until).order_by(_R.occurred_at, _R.id).limit(1)).scalar()
    if waiting is None:
        return
    shape = shape_of(ctx.release, intake.entity)
    answer = store.load(ctx, shape, [waiting], parts=False).get(waiting)
    if answer is not None and answer.values.get(intake.replies_to) is None:
        road.stamp(ctx, intake.entity, waiting, {intake.replies_to: record}, {FROM_SOURCE: source.id, "event": event.id})


def waiting_count(ctx: Ctx, intake: Intake) -> int:
    """How many verified events wait for somebody to say whose they are; at most 1,000 are counted."""
    shape = shape_of(ctx.release, intake.entity)
    columns = [shape.fields[k].columns[0] for k in intake.waits_without if k in shape.fields and shape.fields[k].columns]
    if not columns:
        return 0
    query = select(shape.table.c.id).where(shape.table.c.deleted_at.is_(None), *(c.is_(None) for c in columns)).limit(1000)
    return len(ctx.conn.execute(query).all())


__all__ = ["CHANNEL", "KNOWN", "TAKEN", "WAITING", "Taken", "intake_of", "kinds", "take", "waiting_count", "writer"]
