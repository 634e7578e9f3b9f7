"""Actions of transitions and states: set fields, create a record, comment. They run on the road, as rules of the application."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from kernel.errors import Conflict, Problem
from kernel.expr.types import ErrorValue
from kernel.fieldtypes.base import Unreadable
from kernel.i18n import _
from runtime.records import comments, titles
from runtime.records.derive import derive
from runtime.records.record import Input, Record
from runtime.records.shape import EntityShape, shape_of
from runtime.records.work import MOST_DEPTH, Work

if TYPE_CHECKING:
    from kernel.model.elements import Transition

Actions = list[tuple[Mapping[str, Any], "Transition | None"]]


def of_states(machine: Any, left: str | None, entered: str | None, transition: Transition | None = None) -> Actions:
    """Leaving, moving, arriving: the actions of a change of state in their order."""
    found: Actions = []
    if left is not None and left in machine.by_key:
        found += [(a, None) for a in machine.by_key[left].on_exit]
    if transition is not None:
        found += [(a, transition) for a in transition.actions]
    if entered is not None and entered in machine.by_key:
        found += [(a, None) for a in machine.by_key[entered].on_entry]
    return found


def _wanted(work: Work, action: Mapping[str, Any], transition: Any) -> bool:
    text = action.get("if")
    return text is None or work.shape.action_expression(text, transition).evaluate(work.env) is True


def set_fields(work: Work, actions: Actions) -> dict[str, str | None]:
    """Carry out what sets fields; returns a new owner or team, if one is set."""
    placed: dict[str, str | None] = {}
    for action, transition in actions:
        if action["do"] != "set" or not _wanted(work, action, transition):
            continue
        for key, text in (action.get("fields") or {}).items():
            value = work.shape.action_expression(text, transition).evaluate(work.env)
            field = work.shape.fields.get(key)
            if field is None and key in ("owner", "team"):
                placed[key] = value if isinstance(value, str) else None
                setattr(work.env, key, placed[key])
            elif field is not None and field.writable:
                ok, made = _value(work, field, value, key)
                if ok:
                    work.values[key] = made
        derive(work)
    return placed


def _value(work: Work, field: Any, value: Any, path: str) -> tuple[bool, Any]:
    if isinstance(value, ErrorValue):
        work.problems.append(
            Problem(
                "action", _("A step could not work out “{label}”: {why}", label=field.field.label, why=value.message), f"fields.{path}", None, field.rule_type
            )
        )
        return False, None
    if value is None:
        return True, None
    try:
        made = field.type.settle(field.field, field.type.from_expr(field.field, value), work.reader)
    except Unreadable as error:
        work.problems.append(error.problem(f"fields.{path}", field.rule_type))
        return False, None
    work.problems.extend(
        Problem(p.code, p.message, f"fields.{path}{p.path}", p.hint, p.rule or field.rule_type, p.data) for p in field.type.check(field.field, made)
    )
    return True, made


def follow(work: Work, record: Record, actions: Actions, reason: Mapping[str, Any]) -> None:
    """Carry out what makes other records and comments, after the record was written."""
    from runtime.records import road

    for action, transition in actions:
        if action["do"] == "set" or not _wanted(work, action, transition):
            continue
        if work.depth >= MOST_DEPTH:
            raise Conflict(
                _("Actions cause each other without end (more than {n} steps).", n=MOST_DEPTH), hint=_("An admin has to change the actions of this workflow.")
            )
        if action["do"] == "comment":
            comments.write(work.ctx, record.entity, record.id, _text(work, str(action.get("text") or "")))
            continue
        target = shape_of(work.ctx.release, str(action.get("entity") or work.shape.key))
        values = dict(_values(work, target, action.get("fields") or {}, transition))
        road.create_for_rule(work, target, Input(values, "value"), {"caused_by": {"entity": record.entity, "id": record.id, **reason}})


def _values(work: Work, target: EntityShape, fields: Mapping[str, str], transition: Any) -> Iterable[tuple[str, Any]]:
    for key, text in fields.items():
        field = target.fields.get(key)
        if field is None:
            continue
        value = work.shape.action_expression(text, transition).evaluate(work.env)
        if isinstance(value, ErrorValue):
            value = None
        try:
            yield key, None if value is None else field.type.from_expr(field.field, value)
        except Unreadable as error:
            raise Conflict(error.message, hint=error.hint) from error


def _text(work: Work, text: str) -> str:
    def value_of(key: str) -> str:
        field = work.shape.fields.get(key)
        return field.type.text(field.field, work.values.get(key), work.reader) if field is not None else ""

    return titles.merge(text, value_of)
