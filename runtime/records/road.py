"""The one road for a write (DESIGN section 7). Screens, API, samples, imports and actions all come through here.

Every function works in ``ctx.conn``'s transaction and never commits; an exception means that nothing may stay.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import select

from kernel.errors import Forbidden, Invalid, Missing, NotFound, Problem, Refused, Stale
from kernel.i18n import _
from kernel.model.elements import Machine, Transition
from kernel.permissions import EntityRights, rights_of
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.records import actions, asks, changelog, commit, events, limits, store
from runtime.records.env import RecordEnv
from runtime.records.facts import TransitionFacts, state_of
from runtime.records.normalise import normalise, resolve
from runtime.records.numbering import give_numbers
from runtime.records.record import NO_WORDS, ForApproval, Input, Record
from runtime.records.removing import delete, delete_many, mend, restore, restore_many
from runtime.records.rules import FieldRule, check_rules, fill_defaults, rules_of, settle
from runtime.records.shape import EntityShape, shape_of
from runtime.records.validate import check_files, check_offers, check_references, check_unique, check_validations
from runtime.records.work import Work, is_blank
from runtime.workflow.decide import decide

_UNSET: Any = object()


@dataclass(frozen=True, slots=True)
class Preview:
    """What a write would give. ``values`` holds the fields the actor may read; ``rules`` what the form rules say, by path
    (``phone``, ``items[2].amount``); ``missing`` what keeps a transition closed."""

    values: Mapping[str, Any]
    problems: tuple[Problem, ...]
    rules: Mapping[str, FieldRule] = field(default_factory=dict)
    missing: tuple[Missing, ...] = ()


# --- creating ---------------------------------------------------------------------------------------------------------


def create(ctx: Ctx, entity: str, input: Input, *, owner: str | None = None, team: str | None = None, id: str | None = None) -> Record:
    """A new record. ``owner`` and ``team`` default to the actor and the owner's team; another owner needs the right to assign.

    Raises NotFound, Forbidden, Invalid (all problems at once).
    """
    return create_many(ctx, entity, [input], owner=owner, team=team, ids=None if id is None else [id])[0]


def create_many(
    ctx: Ctx, entity: str, inputs: Sequence[Input], *, owner: str | None = None, team: str | None = None, ids: Sequence[str] | None = None
) -> list[Record]:
    """Several new records by the same rules, written with one statement per table. Of several bad ones all are named
    (``items[3].fields.x``); none is written then."""
    shape = shape_of(ctx.release, entity)
    rights = rights_of(ctx.release, ctx.actor).entity(entity)
    if not rights.any("read") and not rights.any("create"):
        raise NotFound()
    decision = rights.may("create")
    if not decision:
        raise Forbidden(decision.reason, rule=decision.rule)
    works = []
    for index, given in enumerate(inputs):
        work = _new(ctx, shape, ids[index] if ids else None, owner, team)
        _place(work, rights, owner, team)
        _run_create(work, given, rights.creatable)
        works.append(work)
    return _commit_new(ctx, shape, works, None)


def create_for_rule(cause: Work, shape: EntityShape, input: Input, reason: Mapping[str, Any]) -> Record:
    """A record that an action makes: it belongs to the actor, and the actor's rights don't stand against it."""
    ctx = cause.ctx
    work = _new(ctx, shape, None, None, None, trusted=True, depth=cause.depth + 1)
    _run_create(work, input, frozenset(shape.fields))
    return _commit_new(ctx, shape, [work], reason)[0]


def _new(ctx: Ctx, shape: EntityShape, id_: str | None, owner: str | None, team: str | None, *, trusted: bool = False, depth: int = 0) -> Work:
    now = ctx.now
    person = None if ctx.actor.kind == "system" else ctx.actor.person
    values: dict[str, Any] = {key: () if s.rows is not None else None for key, s in shape.fields.items() if not s.virtual and s.field.type != "referring"}
    states = {}
    for machine in shape.machines[1:]:
        values[machine.key] = machine.start
        states[machine.key] = (machine.start, now)
    skeleton = Record(
        id_ or ctx.new_id(),
        shape.key,
        1,
        shape.machine.start if shape.machine else None,
        now if shape.machine else None,
        owner or person,
        team,
        now,
        ctx.actor.person,
        now,
        ctx.actor.person,
        ctx.release.id,
        None,
        values,
        states,
    )
    work = Work(ctx, shape, None, skeleton, trusted=trusted, depth=depth)
    if team is None:
        work.env.team = _team_of(work, work.env.owner)
    return work


def _team_of(work: Work, owner: str | None) -> str | None:
    """A record belongs to its owner's team unless somebody says otherwise."""
    if owner is None or owner == work.ctx.actor.person:
        return work.ctx.actor.team
    person = work.scene.record("person", owner) if "person" in work.ctx.app.entities else None
    found = person.values.get("team") if person is not None else None
    return found if isinstance(found, str) else None


def _place(work: Work, rights: EntityRights, owner: str | None, team: str | None) -> None:
    """Another owner or team than one's own: only by who may assign, only to who exists."""
    if owner is None and team is None:
        return
    decision = rights.may("assign", work.env)
    foreign = (owner is not None and owner != work.ctx.actor.person) or (team is not None and team not in work.ctx.actor.teams)
    if foreign and not decision:
        raise Forbidden(decision.reason, rule=decision.rule)
    _check_placed(work, owner, team)


def _check_placed(work: Work, owner: str | None, team: str | None) -> None:
    rights = rights_of(work.ctx.release, work.ctx.actor)
    for key, entity, id_ in (("owner", "person", owner), ("team", "team", team)):
        if id_ is None:
            continue
        env = work.scene.record(entity, id_) if entity in work.ctx.app.entities else None
        if env is None or env.record.deleted_at is not None or not rights.may("read", entity, env):
            raise Invalid(
                [Problem("not_found", _("This record does not exist, or you may not see it."), key, _("Choose another one."), f"{work.shape.uid}#{key}")]
            )


def _run_create(work: Work, given: Input, allowed: frozenset[str]) -> None:
    work.visible = work.rights.readable_ever() | allowed
    normalise(work, given, allowed)
    fill_defaults(work)
    entered = _entry_actions(work)
    if any(a["do"] == "set" for a, _t in entered):
        settle(work)
        _place_by(work, actions.set_fields(work, entered))
    _check_all(work)


def _entry_actions(work: Work) -> actions.Actions:
    return [a for m in work.shape.machines for a in actions.of_states(m, None, m.start)]


def _commit_new(ctx: Ctx, shape: EntityShape, works: Sequence[Work], reason: Mapping[str, Any] | None) -> list[Record]:
    _refuse_if_wrong(works)
    for work in works:
        if give_numbers(work) & shape.read_by_formulas:
            settle(work)
    _same_in_batch(shape, works)
    records = commit.created(ctx, shape, works, reason)
    for work, record in zip(works, records, strict=True):
        entered = _entry_actions(work)
        if entered:
            actions.follow(work, record, entered, {"state": record.state})
    return records


def _refuse_if_wrong(works: Sequence[Work]) -> None:
    wrong = [(n, p) for n, w in enumerate(works) for p in w.problems]
    if wrong:
        raise Invalid([p if len(works) == 1 else replace(p, path=f"items[{n}].{p.path}" if p.path else f"items[{n}]") for n, p in wrong])


def _same_in_batch(shape: EntityShape, works: Sequence[Work]) -> None:
    if len(works) < 2:
        return
    for unique in shape.unique:
        seen: set[Any] = set()
        for work in works:
            value = work.values.get(unique.key)
            if not is_blank(value):
                if value in seen:
                    work.problem("not_unique", _("Another record already has this “{label}”.", label=unique.field.label), unique.key, f"{unique.uid}#unique")
                seen.add(value)
    _refuse_if_wrong(works)


def _check_all(work: Work) -> None:
    settle(work)
    check_rules(work)
    check_offers(work)
    check_validations(work)
    check_references(work)
    check_files(work)
    check_unique(work)


# --- changing ---------------------------------------------------------------------------------------------------------


def update(ctx: Ctx, entity: str, id: str, input: Input, *, version: int | None, merge: bool = False) -> Record:
    """Change the given fields. ``version`` is the one the change was made on; None: whatever there is.

    ``merge``: a change made on an older version goes through as long as nobody changed the same fields since.
    Raises NotFound, Forbidden, Stale, Invalid.
    """
    work, rights = _existing(ctx, entity, id)
    old = work.old
    assert old is not None
    _require(rights, "update", work)
    stale = version is not None and version != old.version
    if stale and (not merge or version is None or version > old.version):
        raise _overtaken(work, rights, version, input)
    apply_update(work, input, rights)
    # What follows from others may follow from both changes: only what people write can clash.
    if stale and {k for k in work.changed() if work.shape.fields[k].writable} & changelog.changed_since(ctx, entity, id, version or 0):
        raise _overtaken(work, rights, version, input)
    _refuse_if_wrong([work])
    changed = work.changed()
    return commit.updated(work, changed) if changed else old


def _overtaken(work: Work, rights: EntityRights, version: int | None, given: Input) -> Stale:
    """Somebody was faster: which fields they changed, as far as the actor may read them, and which of these were to be changed now."""
    assert work.old is not None
    readable = rights.readable(_before(work)) | {"owner", "team", "state"}
    theirs = changelog.changed_since(work.ctx, work.shape.key, work.old.id, version or 0) & readable
    mine = {resolve(work.shape, name) for name in given.fields}
    return Stale(work.old.version, changed=sorted(theirs), conflicts=sorted(k for k in theirs if k in mine))


def _existing(ctx: Ctx, entity: str, id_: str, *, binned: bool | None = False, lock: bool = True) -> tuple[Work, EntityRights]:
    """The locked record, if the actor may see it and it is where it should be (None: in the bin or not). Raises NotFound."""
    shape = shape_of(ctx.release, entity)
    rights = rights_of(ctx.release, ctx.actor).entity(entity)
    found = store.load_with_head(ctx, shape, id_, lock=lock) if rights.any("read") else None
    if found is None:
        raise NotFound()
    record, seq, hash_ = found
    if binned is not None and (record.deleted_at is not None) is not binned:
        raise NotFound()
    work = Work(ctx, shape, record, record)
    work.head = (seq, hash_)
    before = RecordEnv(work.scene, shape, record)
    if not rights.may("read", before):
        raise NotFound()
    work.env.roots = {"old": before}
    return work, rights


def _before(work: Work) -> RecordEnv:
    found: RecordEnv = work.env.roots["old"]
    return found


def _require(rights: EntityRights, action: Any, work: Work) -> None:
    decision = rights.may(action, _before(work))
    if not decision:
        raise Forbidden(decision.reason, rule=decision.rule)


def apply_update(work: Work, given: Input, rights: EntityRights) -> None:
    """The new values of an existing record with everything that is wrong with them."""
    before = _before(work)
    allowed = rights.writable(before)
    work.visible = rights.readable(before) | allowed
    normalise(work, given, allowed)
    fill_defaults(work)
    _check_all(work)


def read_as(ctx: Ctx, entity: str, id: str, input: Input, base: Mapping[str, Any]) -> tuple[Mapping[str, Any], tuple[Problem, ...]]:
    """What somebody sent as values, read as a change of the record as it was (``base``: its values of then), with what can't be read.

    Writes nothing and checks no rule: the values are merged and go down the road afterwards. Raises NotFound, Forbidden.
    """
    work, rights = _existing(ctx, entity, id, lock=False)
    assert work.old is not None
    _require(rights, "update", work)
    work.old = replace(work.old, values={**work.old.values, **base})
    work.values.update(base)
    before = _before(work)
    allowed = rights.writable(before)
    work.visible = rights.readable(before) | allowed
    normalise(work, input, allowed)
    return {k: work.values[k] for k in work.given if k in work.shape.fields}, tuple(work.problems)


def assign(ctx: Ctx, entity: str, id: str, *, owner: str | None = _UNSET, team: str | None = _UNSET, version: int | None) -> Record:
    """Give a record to another owner, team or both; a new owner brings the own team along unless ``team`` is said.

    Raises NotFound, Forbidden, Stale, Invalid.
    """
    work, rights = _existing(ctx, entity, id)
    old = work.old
    assert old is not None
    _require(rights, "assign", work)
    if version is not None and version != old.version:
        raise Stale(old.version)
    _check_placed(work, None if owner is _UNSET else owner, None if team is _UNSET else team)
    if owner is not _UNSET:
        work.env.owner = owner
        if team is _UNSET and owner is not None:
            work.env.team = _team_of(work, owner) or old.team
    if team is not _UNSET:
        work.env.team = team
    if (work.env.owner, work.env.team) == (old.owner, old.team):
        return old
    settle(work)
    return commit.updated(work, work.changed(), kind="assign", event=events.ASSIGNED)


# --- transitions ------------------------------------------------------------------------------------------------------


def transition(
    ctx: Ctx, entity: str, id: str, key: str, *, input: Input = Input(), asks: Mapping[str, Any] | None = None, version: int | None,
    request: ForApproval = NO_WORDS, approved: Mapping[str, Any] | None = None,
) -> Record:
    """Take a transition on the locked record; guards see the new values.

    One that needs approval is checked like every other, then waits: the record stays where it is, and ``waits`` of the answer names the
    case. ``request`` goes with it. ``approved`` is how the last approver takes it after all (runtime/approvals only).
    Raises NotFound, Stale, Invalid, Refused (with what is missing and from whom).
    """
    work, _rights, machine, step, answers = _weighed(ctx, entity, id, key, input, asks, version)
    if step.approvals and approved is None:
        from runtime.approvals import opening

        assert work.old is not None
        opening.refuse_if_waiting(ctx, work.old, step)
        if opening.needed(work.env, step):
            _move_on(work, machine, step)
            return _ask_for_it(ctx, _weighed(ctx, entity, id, key, input, asks, version), request)
    return _take(work, machine, step, answers, approved)


def _weighed(
    ctx: Ctx, entity: str, id: str, key: str, given: Input, asked: Mapping[str, Any] | None, version: int | None
) -> tuple[Work, EntityRights, Machine, Transition, asks.Answers]:
    work, rights = _existing(ctx, entity, id)
    assert work.old is not None
    found = ctx.app.transition(entity, key)
    if found is None:
        raise NotFound()
    if version is not None and version != work.old.version:
        raise Stale(work.old.version)
    answers, missing = _weigh(work, rights, *found, given, asked or {})
    if missing:
        raise Refused(missing, problems=work.problems)
    _refuse_if_wrong([work])
    return work, rights, *found, answers


def _ask_for_it(ctx: Ctx, weighed: tuple[Work, EntityRights, Machine, Transition, asks.Answers], request: ForApproval) -> Record:
    """Write what was filled in, so that approvers see what they sign, and open the case."""
    from runtime.approvals import acts, opening

    work, _rights, _machine, step, answers = weighed
    assert work.old is not None
    _check_all(work)
    _refuse_if_wrong([work])
    note = acts.note_of(request.note)
    files = acts.take_files(ctx, work.old.entity, work.old.id, request.files)
    changed = work.changed()
    record = commit.updated(work, changed) if changed else work.old
    case = opening.begin(ctx, record, step, asks.dumped(work, answers), note, files)
    if case.state == "approved":
        return load(ctx, record.entity, record.id)
    return replace(record, waits=case.id)


def _weigh(
    work: Work, rights: EntityRights, machine: Machine, step: Transition, given: Input, asked: Mapping[str, Any]
) -> tuple[dict[str, Any], tuple[Missing, ...]]:
    """Read what came with the transition and decide on the new values."""
    before = _before(work)
    readable = rights.readable(before)
    allowed = rights.writable(before)
    if step.who:
        # Whoever takes the step fills in what it asks for, even where the record as such is not theirs to change.
        allowed |= frozenset(step.needs) & rights.writable_ever() & readable
    work.visible = readable | allowed
    normalise(work, given, allowed)
    answers = asks.read(work, step, asked, given.style)
    work.env.roots = {"old": before, "ask": answers}
    settle(work)
    facts = TransitionFacts(work.shape, machine, work.env, before, rights, readable)
    schema = work.shape.schema
    opening = decide(machine, step, work.env, facts, lambda guard: schema.expression(guard, "holds"))  # type: ignore[arg-type,return-value]
    missing = opening.missing
    if state_of(before, machine) != step.to:
        missing = (*missing, *limits.full(work.ctx, work.shape, machine, (step.to,), lock=not missing).values())
    if not missing:
        asks.require(work, step, answers)
    return answers, missing


def _move_on(work: Work, machine: Machine, step: Transition) -> actions.Actions:
    """The record as it would be behind the step, checked."""
    left = state_of(_before(work), machine)
    _move(work, machine, step.to)
    todo = actions.of_states(machine, left, step.to, step)
    _place_by(work, actions.set_fields(work, todo))
    _check_all(work)
    _refuse_if_wrong([work])
    return todo


def _take(work: Work, machine: Machine, step: Transition, answers: Mapping[str, Any], approved: Mapping[str, Any] | None) -> Record:
    ctx, shape = work.ctx, work.shape
    left = state_of(_before(work), machine)
    todo = _move_on(work, machine, step)
    system: dict[str, Any] = {}
    if machine.first:
        system = {"state": step.to, "state_since": ctx.now}
    elif machine.key in shape.since_columns:
        system = {shape.since_columns[machine.key][1].name: ctx.now}
    reason = {"transition": step.key, "uid": step.uid, "machine": machine.key, "from": left, "to": step.to, "asks": asks.dumped(work, answers)}
    reason |= approved or {}
    record = commit.updated(work, work.changed(), kind="transition", event=events.TRANSITIONED, reason=reason, system=system)
    actions.follow(work, record, todo, {"transition": step.key})
    return record


def _move(work: Work, machine: Machine, to: str) -> None:
    now = work.ctx.now
    if machine.first:
        work.skeleton = replace(work.skeleton, state=to, state_since=now)
        work.env.state = to
    else:
        work.values[machine.key] = to
        work.skeleton = replace(work.skeleton, states={**work.skeleton.states, machine.key: (to, now)})
    work.env.record = work.skeleton


def _place_by(work: Work, placed: Mapping[str, str | None]) -> None:
    """An owner set by a rule brings the own team along."""
    if "owner" in placed and "team" not in placed and placed["owner"] is not None:
        work.env.team = _team_of(work, placed["owner"]) or work.env.team


# --- looking ahead ----------------------------------------------------------------------------------------------------


def preview(ctx: Ctx, entity: str, id: str | None, input: Input, *, transition: str | None = None, asks: Mapping[str, Any] | None = None) -> Preview:
    """The same road without the write: for live forms, and with ``transition`` for its confirmation form. Raises NotFound, Forbidden."""
    if id is None:
        shape = shape_of(ctx.release, entity)
        rights = rights_of(ctx.release, ctx.actor).entity(entity)
        decision = rights.may("create")
        if not decision:
            raise NotFound() if not rights.any("read") else Forbidden(decision.reason, rule=decision.rule)
        work = _new(ctx, shape, None, None, None)
        _run_create(work, input, rights.creatable)
        return _previewed(work, rights.readable_ever() | rights.creatable, ())
    work, rights = _existing(ctx, entity, id, binned=None if transition is None else False, lock=False)
    missing: tuple[Missing, ...] = ()
    if transition is None:
        _require(rights, "update", work)
        apply_update(work, input, rights)
    else:
        found = ctx.app.transition(entity, transition)
        if found is None:
            raise NotFound()
        _answers, missing = _weigh(work, rights, *found, input, asks or {})
        check_rules(work)
        check_validations(work)
    return _previewed(work, work.visible, missing)


def _previewed(work: Work, readable: frozenset[str], missing: tuple[Missing, ...]) -> Preview:
    from runtime.records.reading import shown

    values = shown(work.shape, {**work.values, **_virtual(work)}, readable)
    rules = {k: v for k, v in rules_of(work).items() if k.split("[")[0] in readable}
    return Preview(values, tuple(work.problems), rules, missing)


def _virtual(work: Work) -> dict[str, Any]:
    from runtime.records.derive import value_of

    reader = work.reader
    return {s.key: value_of(s, work.env, reader) for s in work.shape.virtual}


# --- for samples and imports ------------------------------------------------------------------------------------------


def load(ctx: Ctx, entity: str, id: str) -> Record:
    """A record as it is stored, for the system's own work; people read through ``reading``. Raises NotFound."""
    shape = shape_of(ctx.release, entity)
    found = store.load(ctx, shape, [id]).get(id)
    if found is None:
        raise NotFound()
    return found


def last_created_by(ctx: Ctx, entity: str, source: str, source_id: str) -> str | None:
    """The last record of ``entity`` that an action of this source record made; None when there is none."""
    e = t.event.c
    query = select(e.record_id, e.data).where(e.kind == events.CREATED, e.entity == entity).order_by(e.id.desc()).limit(100)
    for id_, data in ctx.conn.execute(query):
        cause = (data or {}).get("caused_by") or {}
        if (cause.get("entity"), cause.get("id")) == (source, source_id):
            return str(id_)
    return None


__all__ = [
    "Preview", "apply_update", "assign", "create", "create_many", "delete", "delete_many", "last_created_by", "load", "mend", "preview", "restore",
    "restore_many", "transition", "update",
]
