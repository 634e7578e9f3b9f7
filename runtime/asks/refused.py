"""Why a field can't be changed, in words, and what would open it."""

from __future__ import annotations

from dataclasses import dataclass

from kernel import fieldtypes
from kernel.errors import Conflict, Message, NotFound
from kernel.expr import Expression
from kernel.expr.types import BOOLEAN
from kernel.i18n import _
from kernel.model.elements import Field
from kernel.permissions import rights_of
from kernel.platform.ctx import Ctx
from runtime.asks.fact import CHANGE, Fact, label_of
from runtime.records.env import RecordEnv
from runtime.records.reading import Seen
from runtime.records.shape import shape_of
from runtime.records.supply import sources
from runtime.workflow.decide import changeable
from runtime.workflow.why import smallest_sets


@dataclass(frozen=True, slots=True)
class Why:
    """Why the reader may not change a field now. ``opens``: fields whose change would open it, ``mine``: those of them that the
    reader may change; ``from_``: what a derived value follows from."""

    kind: str  # derived, fixed, record, right, state, rule; the first two are nobody's to change
    message: Message
    rule: str
    hint: Message | None = None
    opens: tuple[str, ...] = ()
    mine: tuple[str, ...] = ()
    from_: tuple[str, ...] = ()


def why_not(ctx: Ctx, seen: Seen, field: Field) -> Why | None:
    """None when the reader may change it. The field must be readable."""
    entity = seen.record.entity
    if not fieldtypes.of(field).writable:
        return _derived(ctx, entity, field)
    state = _state_label(ctx, seen)
    decision = seen.may["update"]
    if field.key not in seen.writable:
        rights = rights_of(ctx.release, ctx.actor).entity(entity)
        if not decision:
            near = next((p for p in rights.policies if p.scopes["update"].holds(ctx.actor, _Stateless(seen))), None)
            if near is not None and state is not None:
                return Why("state", _("In “{state}” {role} may not change this.", state=state, role=near.role.label), near.uid)
            return Why("record", decision.reason, decision.rule or f"{field.uid}#right")
        matching = rights.matching("update", seen.env)
        frozen = next((p for p in matching if field.key in p.writable.usual), None)
        if frozen is not None and state is not None:
            return Why("state", _("In “{state}” {role} may not change this field.", state=state, role=frozen.role.label), frozen.uid)
        role = [p.role.label for p in matching or rights.policies]
        return Why("right", _("{roles} may read this field, but not change it.", roles=role), matching[0].uid if matching else f"{field.uid}#right")
    return by_rule(ctx, seen.record.entity, field, seen.env, seen.writable)


def _derived(ctx: Ctx, entity: str, field: Field) -> Why:
    inner = [s for s in sources(ctx.app, entity, (field.key,)) if s.kind == "field" and not s.hops]
    labels = [label for s in inner if (label := label_of(ctx, entity, (s.field,))) is not None]
    if not labels:
        return Why("derived", _("The system fills this in by itself."), f"{field.uid}#derived")
    return Why("derived", _("This follows from: {fields}", fields=labels), f"{field.uid}#derived", _("Change one of these, and it follows."), from_=tuple(s.field for s in inner))


def by_rule(ctx: Ctx, entity: str, field: Field, env: RecordEnv, writable: frozenset[str]) -> Why | None:
    """A rule of the form that closes the field as long as something holds: in the record, or in a form that is being filled in."""
    if not field.read_only_when:
        return None
    expression = ctx.app.schema.expression(field, "read_only_when")
    if expression is None or expression.evaluate(env) is not True:
        return None
    if not expression.reads:
        return Why("fixed", _("This is not changed by hand: the system fills it in."), f"{field.uid}#read_only_when")
    opposite: Expression = ctx.app.schema.expression_of(f"NOT({expression.text})", entity, "record", BOOLEAN)
    paths = changeable(smallest_sets(opposite, env)[0])
    labels = [label for p in paths if (label := label_of(ctx, entity, p)) is not None]
    hint = _("It opens when this changes: {fields}", fields=labels) if labels else None
    opens = tuple(p[0] for p in paths if len(p) == 1)
    mine = tuple(key for key in opens if key in writable)
    reads = [label for p in sorted(expression.reads) if (label := label_of(ctx, entity, p)) is not None]
    words = _("It is closed because of: {fields}", fields=reads) if reads else _("A rule keeps it closed for now.")
    return Why("rule", words, f"{field.uid}#read_only_when", hint, opens, mine)


def change_fact(ctx: Ctx, seen: Seen, key: str) -> Fact:
    """The wish that somebody changes this field, or opens it. Raises NotFound, Conflict when the reader may change it themselves."""
    field = ctx.app.entities[seen.record.entity].by_key.get(key)
    if field is None or key not in seen.readable:
        raise NotFound()
    why = why_not(ctx, seen, field)
    if why is None:
        raise Conflict(_("You may change this yourself."))
    if why.kind == "fixed":
        raise Conflict(why.message)
    wanted = why.opens or (key,)
    ask = {"kind": CHANGE, "field": key} if wanted == (key,) else {"kind": CHANGE, "field": key, "unlock": list(wanted)}
    return Fact(seen.record.entity, None, why.rule, ask)


def _state_label(ctx: Ctx, seen: Seen) -> Message | None:
    machine = shape_of(ctx.release, seen.record.entity).machine
    state = machine.by_key.get(seen.record.state or "") if machine is not None else None
    return state.label if state is not None else None


class _Stateless:
    """The record as rights see it where no state narrows them."""

    def __init__(self, seen: Seen) -> None:
        self.owner, self.team, self.state, self.env = seen.record.owner, seen.record.team, None, seen.env
