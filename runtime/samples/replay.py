"""Plays sample scripts through the record road with a moving clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from kernel.errors import FangyuanError, Invalid, Problem, Refused
from kernel.i18n import _
from kernel.jobs import Again, queue
from kernel.model.elements import Sample
from kernel.platform import accounts, actors
from kernel.platform.clock import FixedClock
from kernel.platform.ctx import Actor, Ctx
from runtime.approvals import acts
from runtime.approvals import case as cases
from runtime.clocks.alarm import ring
from runtime.clocks.keep import ALARM
from runtime.incoming.event import read
from runtime.incoming.sources import SAMPLE
from runtime.incoming.taking import take, writer
from runtime.records import comments, road
from runtime.records.record import ForApproval, Input
from runtime.samples.values import Values, wrong

CHANNEL = "sample"


@dataclass(frozen=True, slots=True)
class Played:
    """What an import did: steps, and the people it made as (login, roles)."""

    steps: int
    people: tuple[tuple[str, tuple[str, ...]], ...]


def replay(
    ctx: Ctx, samples: Sequence[Sample], *, upload: Callable[[Ctx, str], str], password_hash: str, known: Mapping[str, tuple[str, str]] | None = None
) -> Played:
    """Play all steps in order of time, in the transaction of ``ctx``; steps without ``by`` are the actor's own.

    ``upload(ctx, path)`` takes in a file of the package and returns its id; everybody with a ``login`` gets
    ``password_hash``; ``known`` names what is there already, as (entity, id). A step that is refused raises Invalid with
    the step's place; nothing of the import stays.
    """
    return _Replay(ctx, upload, password_hash, known or {}).run(samples)


class _Replay:
    def __init__(self, ctx: Ctx, upload: Callable[[Ctx, str], str], password_hash: str, known: Mapping[str, tuple[str, str]]) -> None:
        self.clock = FixedClock(ctx.now)
        self.ctx = ctx.acting(channel=CHANNEL, clock=self.clock)
        self.now: datetime = ctx.now
        self.refs: dict[str, tuple[str, str]] = dict(known)
        self.people: list[tuple[str, tuple[str, ...]]] = []
        self.actors: dict[str, Actor] = {}
        self.password_hash = password_hash
        zone = ZoneInfo(ctx.tenant.zone)
        self.values = Values(ctx.now.astimezone(zone).date(), zone, self.refs, lambda path: upload(self.acting, path))
        self.acting = self.ctx

    def run(self, samples: Sequence[Sample]) -> Played:
        steps = [(self._at(step, sample, i), i, sample, step) for sample in samples for i, step in enumerate(sample.steps)]
        # Stable: steps of the same moment keep their order.
        steps.sort(key=lambda s: s[0])
        for at, index, sample, step in steps:
            if at > self.now:
                continue  # a plan for tomorrow has not happened yet
            self._ring(at)
            self._play(step, at, f"{sample.key}.steps[{index}]")
        self._ring(self.now)
        return Played(len(steps), tuple(self.people))

    def _ring(self, until: datetime) -> None:
        """Clocks that fall due on the way do so at their time, and nobody is told: these are histories, not news."""
        while (job := queue.first_due(self.ctx.conn, ALARM, until)) is not None:
            self.clock.set(job.due_at)
            outcome = ring(self.ctx, job)
            queue.settle(self.ctx.conn, job, outcome.at if isinstance(outcome, Again) else None, self.clock.now())

    def _at(self, step: Mapping[str, Any], sample: Sample, index: int) -> datetime:
        return self.values.instant(str(step.get("at", "")), f"{sample.key}.steps[{index}].at")

    def _play(self, step: Mapping[str, Any], at: datetime, where: str) -> None:
        self.clock.set(at)
        self.acting = self.ctx.acting(actor=self._actor(step, where))
        do = getattr(self, f"_{step.get('do', 'create')}", None)
        if do is None or step.get("do", "create") not in STEPS:
            raise wrong(where, _("“{do}” is not something a step can do. Choose one of: {known}.", do=step.get("do"), known=", ".join(STEPS)))
        try:
            do(step, where)
        except FangyuanError as error:
            raise Invalid(_placed(error, where)) from error

    def _actor(self, step: Mapping[str, Any], where: str) -> Actor:
        name = step.get("by")
        if name is None:
            return self.ctx.actor
        id_ = self.values.id_of(name, f"{where}.by")
        if id_ not in self.actors:
            identity = actors.identify(self.ctx.conn, self.ctx.release, id_)
            if identity is None:
                raise wrong(f"{where}.by", _("“{name}” may not act: the person is not active.", name=name))
            self.actors[id_] = identity.actor(self.ctx.tenant)
        return self.actors[id_]

    def _fields(self, step: Mapping[str, Any], where: str, key: str = "fields") -> dict[str, Any]:
        given = step.get(key) or {}
        if not isinstance(given, Mapping):
            raise wrong(f"{where}.{key}", _("“{key}” must be an object.", key=key))
        return {str(k): self.values.read(v, f"{where}.{key}.{k}") for k, v in given.items()}

    def _create(self, step: Mapping[str, Any], where: str) -> None:
        entity = _word(step, "entity", where)
        placed = {k: self.values.id_of(step[k], f"{where}.{k}") for k in ("owner", "team") if step.get(k)}
        record = road.create(self.acting, entity, Input(self._fields(step, where)), **placed)
        if step.get("ref"):
            self.refs[_word(step, "ref", where)] = (entity, record.id)
        if step.get("login"):
            login, roles = _word(step, "login", where), self._roles(step.get("roles") or (), where)
            accounts.create(self.ctx.conn, record.id, login, self.password_hash, roles=roles)
            self.people.append((login, roles))

    def _roles(self, given: Any, where: str) -> tuple[str, ...]:
        named = [given] if isinstance(given, str) else list(given) if isinstance(given, (list, tuple)) else [None]
        unknown = [role for role in named if not isinstance(role, str) or role not in self.ctx.app.roles]
        if unknown:
            raise wrong(f"{where}.roles", _("There is no role “{name}”.", name=unknown[0]))
        return tuple(named)

    def _record(self, step: Mapping[str, Any], where: str) -> tuple[str, str]:
        name = step.get("record") or step.get("ref") or ""
        found = self.refs.get(name) if isinstance(name, str) else None
        if found is None:
            raise wrong(f"{where}.record", _("No earlier step has the name “{name}”.", name=name))
        return found

    def _update(self, step: Mapping[str, Any], where: str) -> None:
        entity, id_ = self._record(step, where)
        road.update(self.acting, entity, id_, Input(self._fields(step, where)), version=None)
        self.actors.clear()  # a changed person or team may have other rights

    def _transition(self, step: Mapping[str, Any], where: str) -> None:
        entity, id_ = self._record(step, where)
        road.transition(
            self.acting,
            entity,
            id_,
            _word(step, "transition", where),
            input=Input(self._fields(step, where)),
            asks=self._fields(step, where, "asks"),
            version=None,
            request=ForApproval(str(step.get("text", ""))),
        )
        creates = step.get("creates") or {}
        if not isinstance(creates, Mapping):
            raise wrong(f"{where}.creates", _("“{key}” must be an object.", key="creates"))
        self._name_created(creates, entity, id_)

    def _name_created(self, creates: Mapping[str, str], entity: str, id_: str) -> None:
        """Names for what the transition's actions made: ``creates: {entity: name}``."""
        for made, name in creates.items():
            found = road.last_created_by(self.acting, made, entity, id_)
            if found is not None:
                self.refs[name] = (made, found)

    def _approve(self, step: Mapping[str, Any], where: str) -> None:
        """``verb`` (approve, decline, return, pass_on, add, withdraw) in the record's open approval, with ``text`` as the note."""
        entity, id_ = self._record(step, where)
        case = next(iter(cases.of_records(self.acting, entity, [id_])), None)
        verb = step.get("verb", "approve")
        if case is None or verb not in acts.VERBS:
            raise wrong(f"{where}.record", _("There is no approval under way of “{name}”.", name=step.get("record")))
        to = self.values.id_of(step["to"], f"{where}.to") if step.get("to") else None
        acts.act(self.acting, case.id, verb, note=str(step.get("text", "")), to=to)

    def _assign(self, step: Mapping[str, Any], where: str) -> None:
        entity, id_ = self._record(step, where)
        given = {k: self.values.id_of(step[k], f"{where}.{k}") for k in ("owner", "team") if step.get(k)}
        road.assign(self.acting, entity, id_, version=None, **given)

    def _event(self, step: Mapping[str, Any], where: str) -> None:
        """What a telephone or messaging system would have sent at this moment: id, kind, direction, from, to, duration_s, status, replies_to, text."""
        raw = {key: step[key] for key in ("id", "direction", "from", "to", "duration_s", "status", "replies_to") if key in step}
        body = {**raw, "occurred_at": self.clock.now().isoformat(), **({"data": {"text": step["text"]}} if "text" in step else {})}
        kind = _word(step, "kind", where)
        take(writer(self.acting, SAMPLE), SAMPLE, read(body, kind, self.clock.now()))

    def _comment(self, step: Mapping[str, Any], where: str) -> None:
        entity, id_ = self._record(step, where)
        comments.add(self.acting, entity, id_, str(step.get("text", "")))


def _word(step: Mapping[str, Any], key: str, where: str) -> str:
    """A text that the step must hold. Raises Invalid."""
    found = step.get(key)
    if not isinstance(found, str) or not found:
        raise wrong(f"{where}.{key}", _("“{key}” is missing.", key=key))
    return found


STEPS = ("create", "update", "transition", "approve", "assign", "event", "comment")


def _placed(error: FangyuanError, where: str) -> list[Problem]:
    """The problems of a refused step, with the step's place in front."""
    if isinstance(error, Refused):
        return [Problem("refused", _("Missing: {what} (from {who})", what=m.what, who=m.source), where, None, m.rule) for m in error.missing]
    if isinstance(error, Invalid):
        return [replace(p, path=f"{where}.{p.path}" if p.path and not p.path.startswith(where) else p.path or where) for p in error.problems]
    return [Problem(error.code, error.message, where, error.hint, getattr(error, "rule", None))]
