"""What steps do: each a function that goes down the record road in the principal's name and says what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from kernel.errors import Conflict
from kernel.fieldtypes.base import Unreadable
from kernel.i18n import _
from kernel.model.elements import AutomationStep, Transition
from kernel.permissions import rights_of
from kernel.platform.ctx import Ctx
from runtime.approvals import opening
from runtime.automations import assigning
from runtime.automations.inputs import plain
from runtime.automations.stretch import Stretch
from runtime.clocks import people
from runtime.notices.tell import tell
from runtime.records import comments, road, titles
from runtime.records.env import Env, RecordEnv, RowEnv, Scene
from runtime.records.readers import who_may_read
from runtime.records.record import Input
from runtime.records.shape import FieldShape, shape_of
from runtime.records.work import reader_of
from runtime.webhooks.sending import send_later

Out = dict[str, Any]
_PLACED = ("owner", "team")


def do(stretch: Stretch, step: AutomationStep, env: Env) -> Out:
    """Carry a step out. Raises whatever the road refuses."""
    return _DO[step.do](stretch, step, env)


def _set(stretch: Stretch, step: AutomationStep, env: Env) -> Out:
    if isinstance(env, RowEnv) and step.of is None:
        return _set_row(stretch, step, env)
    target = _target(stretch, step, env)
    shape = shape_of(stretch.base.release, target[0])
    values = _values(stretch, step, env, shape.fields, step.fields)
    record = road.update(stretch.ctx, *target, Input(values, "value"), version=None)
    stretch.written()
    return {"record": list(target), "version": record.version, "fields": sorted(values)}


def _set_row(stretch: Stretch, step: AutomationStep, env: RowEnv) -> Out:
    parent = env.parent
    values = _values(stretch, step, env, env.shape.fields, step.fields)
    rows = [{"id": row.id, "fields": values if row.id == env.id else {}} for row in parent.values[env.shape.key] or ()]
    record = road.update(stretch.ctx, parent.shape.key, parent.id, Input({env.shape.key: rows}, "value"), version=None)
    stretch.written()
    return {"record": [parent.shape.key, parent.id], "version": record.version, "fields": [f"{env.shape.key}.{k}" for k in sorted(values)]}


def _create(stretch: Stretch, step: AutomationStep, env: Env) -> Out:
    entity = step.entity or stretch.record_env(env).shape.key
    shape = shape_of(stretch.base.release, entity)
    fields = {k: v for k, v in step.fields.items() if k not in _PLACED}
    placed = {k: stretch.value(step, f"fields.{k}", step.fields[k], env) for k in _PLACED if k in step.fields}
    if "owner" not in placed:
        placed["owner"] = stretch.record_env(env).owner
    values = _values(stretch, step, env, shape.fields, fields)
    record = road.create(stretch.ctx, entity, Input(values, "value"), **{k: v for k, v in placed.items() if isinstance(v, str)})
    stretch.written()
    return {"record": [entity, record.id]}


def _link(stretch: Stretch, step: AutomationStep, env: Env) -> Out:
    target = _target(stretch, step, env)
    shape = shape_of(stretch.base.release, target[0])
    field = shape.fields.get(step.field or "")
    other = stretch.value(step, "to", step.to or "", env)
    if field is None or field.target is None:
        raise Conflict(_("There is no field “{name}” that refers to other records.", name=step.field or ""))
    if not isinstance(other, str):
        raise Conflict(_("There is no record to refer to."))
    value: Any = None if step.remove else other
    if field.many:
        before = road.load(stretch.ctx, *target).values.get(field.key) or ()
        value = tuple(i for i in before if i != other) if step.remove else (*before, *(() if other in before else (other,)))
    record = road.update(stretch.ctx, *target, Input({field.key: value}, "value"), version=None)
    stretch.written()
    return {"record": list(target), "version": record.version, "fields": [field.key]}


def _transition(stretch: Stretch, step: AutomationStep, env: Env) -> Out:
    target = _target(stretch, step, env)
    found = stretch.base.app.transition(target[0], step.step or "")
    if found is None:
        raise Conflict(_("There is no step “{name}” any more.", name=step.step or ""))
    shape = shape_of(stretch.base.release, target[0])
    asked = {f.key: FieldShape(f, stretch.base.app.schema) for f in found[1].asks}
    values = _values(stretch, step, env, shape.fields, step.fields)
    answers = _values(stretch, step, env, asked, step.asks, "asks")
    record = road.transition(_asking(stretch, target, found[1]), *target, found[1].key, input=Input(values, "value"), asks=answers, version=None)
    stretch.written()
    return {"record": list(target), "version": record.version, "step_taken": found[1].key, "case": record.waits}


def _asking(stretch: Stretch, target: tuple[str, str], step: Transition) -> Ctx:
    """In whose name a step is taken. Approval is asked for in the name of the record's owner, who then hears of it and may withdraw it;
    the rights are those of the principal. Raises Conflict where nobody owns the record."""
    if not step.approvals:
        return stretch.ctx
    shape = shape_of(stretch.base.release, target[0])
    env = RecordEnv(Scene(stretch.ctx), shape, road.load(stretch.ctx, *target))
    if not opening.needed(env, step):
        return stretch.ctx
    if env.owner is None:
        raise Conflict(_("This step needs approval, but nobody owns the record in whose name it could be asked for."))
    return stretch.ctx.acting(actor=replace(stretch.ctx.actor, person=env.owner))


def _assign(stretch: Stretch, step: AutomationStep, env: Env) -> Out:
    at = stretch.record_env(env)
    chosen = assigning.choose(stretch, step, env)
    placed = {k: v for k, v in (("owner", chosen.person), ("team", chosen.team)) if v is not None}
    record = road.assign(stretch.ctx, at.shape.key, at.id, version=None, **placed)
    stretch.written()
    return {"record": [at.shape.key, at.id], "version": record.version, **chosen.to_json()}


def _notify(stretch: Stretch, step: AutomationStep, env: Env) -> Out:
    about = _target(stretch, step, env)
    at = stretch.record_env(env)
    wanted = people.named(stretch.ctx, at, step.who)
    if not about[1]:
        told = tell(stretch.ctx, wanted, "automation", _cause(stretch), data=_data(stretch, step), urgency=step.urgency)
        return {"told": told, "wanted": len(wanted)}
    record = road.load(stretch.ctx, *about)
    seeing = sorted(who_may_read(stretch.ctx, record, wanted))
    told = tell(stretch.ctx, seeing, "automation", _cause(stretch), entity=about[0], record=about[1], data=_data(stretch, step), urgency=step.urgency)
    return {"told": told, "wanted": len(wanted)}


def _comment(stretch: Stretch, step: AutomationStep, env: Env) -> Out:
    target = _target(stretch, step, env)
    shape = shape_of(stretch.base.release, target[0])
    text = step.text.get(stretch.base.tenant.language) or next(iter(step.text.values()), "")
    record = RecordEnv(Scene(stretch.ctx), shape, road.load(stretch.ctx, *target))
    reader = reader_of(stretch.ctx)

    def words(key: str) -> str:
        field = shape.fields.get(key)
        return field.type.text(field.field, record.values.get(key), reader) if field is not None else ""

    comments.write(stretch.ctx, *target, titles.merge(text, words))
    return {"record": list(target)}


def _webhook(stretch: Stretch, step: AutomationStep, env: Env) -> Out:
    """A call to another system, sent once this stretch is committed. Only what the principal may read leaves the house (D12)."""
    target = _target(stretch, step, env)
    data = {}
    for key, text in step.fields.items():
        for path in stretch.texts.of(step, f"fields.{key}", text).reads:
            _require_readable(stretch, env, path)
        data[key] = plain(stretch.value(step, f"fields.{key}", text, env))
    about = target if target[1] else None
    send_later(stretch.ctx, step.target or "", step.event or stretch.rule.element.key, {"automation": stretch.rule.element.key, **data}, about)
    return {"record": list(target), "target": step.target}


def _require_readable(stretch: Stretch, env: Env, path: tuple[str, ...]) -> None:
    """Raises Conflict where a role of the principal does not read a field on the path in every record that it sees."""
    rights, schema = rights_of(stretch.base.release, stretch.base.actor), stretch.base.app.schema
    if path[0] in ("param", "ask", "this") or stretch.base.actor.kind == "system":
        return
    at: str | None = env.shape.place if isinstance(env, RowEnv) else stretch.record_env(env).shape.key
    for key in path:
        entity, _dot, rows = (at or "").partition(".")
        if schema.find_field(at or "", key) is not None and not rights.declared(entity, f"{rows}.{key}" if rows else key):
            raise Conflict(_("The publisher of this automation may not read “{name}”, so it is not sent.", name=key))
        type_ = schema.type_at(at, (key,)) if at is not None and schema.exists(at) else None
        at = type_.entity if type_ is not None else None


def _cause(stretch: Stretch) -> str:
    """Names the notice: once per run, step and round of a loop."""
    return f"run:{stretch.run.id}:{stretch.pc}:{'.'.join(str(loop['i']) for loop in stretch.loops)}"


def _data(stretch: Stretch, step: AutomationStep) -> dict[str, Any]:
    return {"automation": stretch.run.uid, "step": step.uid, "run": stretch.run.id}


def _target(stretch: Stretch, step: AutomationStep, env: Env) -> tuple[str, str]:
    found = stretch.target(step, env)
    if found is None:
        raise Conflict(_("“{path}” leads to no record.", path=step.of or ""))
    return found


def _values(
    stretch: Stretch, step: AutomationStep, env: Env, fields: Mapping[str, FieldShape], given: Mapping[str, str], place: str = "fields"
) -> dict[str, Any]:
    """What formulas give, as values of the fields they are for. Raises Conflict."""
    made: dict[str, Any] = {}
    for key, text in given.items():
        field = fields.get(key)
        if field is None:
            raise Conflict(_("There is no field “{name}” any more.", name=key))
        value = stretch.value(step, f"{place}.{key}", text, env)
        try:
            made[key] = None if value is None else field.type.from_expr(field.field, value)
        except Unreadable as error:
            raise Conflict(error.message, hint=error.hint) from error
    return made


_DO: Mapping[str, Callable[[Stretch, AutomationStep, Env], Out]] = {
    "set": _set, "create": _create, "link": _link, "transition": _transition, "assign": _assign, "notify": _notify, "comment": _comment, "webhook": _webhook}
