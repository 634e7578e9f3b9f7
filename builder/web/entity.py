"""One kind of record: its fields, checks, workflows, forms, lists, rights, and where it is used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import Request

from builder.web import diagram, uses, words
from builder.web.frame import is_system, page
from builder.web.words import Code
from kernel.errors import Message, NotFound
from kernel.i18n import Labels, Text, _
from kernel.model.application import Application
from kernel.model.deciders import decider_words, mode_words
from kernel.model.elements import Element, Entity, Field, Form, Guard, Machine, Right, Role, Transition
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of a field: what it is in words, and its formula if it has one. ``uid`` leads to the very rule."""

    what: Text
    icon: str
    code: Code | None = None


@dataclass(frozen=True, slots=True)
class FieldRow:
    """A field as the table shows it. ``other`` is its name in the language the reader does not use."""

    field: Field
    name: str
    other: str
    type: Message
    icon: str
    details: tuple[Message, ...]
    rules: tuple[Rule, ...]
    uses: int
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """A transition in words."""

    transition: Transition
    sources: tuple[Message, ...]
    target: Message
    who: tuple[Message, ...]
    conditions: tuple[tuple[Message, Code, Message | None], ...]
    needs: tuple[Message, ...]
    asks: tuple[Message, ...]
    does: tuple[Message, ...]
    approvals: tuple[tuple[Message, Message, Message | None, Code | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Flow:
    """A workflow: the drawing, and the same as words."""

    machine: Machine
    drawing: diagram.Diagram
    states: tuple[tuple[Message, str, Message], ...]
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class RightRow:
    """What a role may do; ``cells`` for read, create, change, delete, assign: words or a rule, and whether it is nothing."""

    role: Role
    cells: tuple[tuple[Message | Code, bool], ...]
    exceptions: tuple[Message, ...]


CATEGORIES = {"open": _("running"), "won": _("ended well"), "lost": _("ended badly"), "closed": _("closed")}
RIGHT_COLUMNS = (("read", _("See")), ("create", _("Create")), ("update", _("Change")), ("delete", _("Delete")), ("assign", _("Assign")))


def entity(ctx: Ctx, request: Request, key: str) -> Page:
    """``/design/entities/<key>``"""
    found = ctx.app.entities.get(key)
    if found is None:
        raise NotFound()
    app, language = ctx.app, ctx.language
    used = uses.uses_of_parts(app, found)
    return page(ctx, "entity.html", {
        "entity": found, "system": is_system(app, found), "rows": list(field_rows(app, found, language, used)), "used": used,
        "other_name": other_name(found, language),
        "validations": [
            (v, words.formula(app, v, "holds", language), words.formula(app, v, "when", language), _labels(found, v.at)) for v in found.validations],
        "flows": [flow(app, m, language) for m in app.machines_of(key)], "forms": [_form(app, found, f, language) for f in app.forms_of(key)],
        "views": [_view(app, v, language) for v in app.views_of(key)], "rights": list(rights(app, found, language)),
        "right_columns": [{"label": label} for _action_key, label in RIGHT_COLUMNS],
        "uses": uses.uses_of_entity(app, key), "is_code": lambda value: isinstance(value, Code), "help": Labels(found.help, ""),
    })


def other_name(element: Element, language: str) -> str:
    """The name in the other language; empty when there is none or it is the same."""
    other = "en" if language == "zh" else "zh"
    text = element.labels.get(other, "")
    return text if text != element.label.to(language) else ""


def field_rows(app: Application, entity: Entity, language: str, used: dict[str, list[uses.Use]]) -> Iterator[FieldRow]:
    """Every field, columns of rows below their field."""
    for field in entity.fields:
        yield _row(app, field, language, len(used.get(field.key, ())))
        for column in field.fields:
            yield _row(app, column, language, 0, 1)


def _row(app: Application, field: Field, language: str, count: int, depth: int = 0) -> FieldRow:
    return FieldRow(
        field, field.label.to(language), other_name(field, language), words.type_words(field), words.type_icon(field),
        tuple(words.settings_words(app, field)), tuple(_rules(app, field, language)), count, depth)


def _rules(app: Application, field: Field, language: str) -> Iterator[Rule]:
    if field.required:
        yield Rule(_("always required"), "flag")
    if field.unique:
        yield Rule(_("no value twice"), "key")
    if field.tracked:
        yield Rule(_("time at each value is kept"), "clock")
    formulas = (
        ("value", _("worked out as"), "math-function"), ("default", _("starts as"), "wand"), ("show_when", _("shown only while"), "eye"),
        ("required_when", _("required while"), "flag"), ("read_only_when", _("locked while"), "lock"), ("where", _("offered while"), "filter"),
    )
    for name, what, icon in formulas:
        code = words.formula(app, field, name, language)
        if code is not None:
            yield Rule(what, icon, code)


def flow(app: Application, machine: Machine, language: str) -> Flow:
    """A workflow with everything said about it."""
    entity = app.entities.get(machine.entity)
    return Flow(
        machine, diagram.lay_out(machine, language),
        tuple((s.label, words.state_tone(machine, s), CATEGORIES.get(s.category, s.category)) for s in machine.states),
        tuple(_step(app, entity, machine, t, language) for t in machine.transitions))


def _step(app: Application, entity: Entity | None, machine: Machine, transition: Transition, language: str) -> Step:
    def state(key: str) -> Message:
        return machine.by_key[key].label if key in machine.by_key else key

    return Step(
        transition, tuple(state(k) for k in transition.from_), state(transition.to), _labels_of_roles(app, transition.who),
        tuple(_condition(app, g, language) for g in transition.guards),
        _labels(entity, transition.needs) if entity else tuple(transition.needs), tuple(f.label for f in transition.asks),
        tuple(_action(app, entity, a) for a in transition.actions),
        tuple((a.label, decider_words(app, machine.entity, a), mode_words(a), words.formula(app, a, "when", language)) for a in transition.approvals))


def _condition(app: Application, guard: Guard, language: str) -> tuple[Message, Code, Message | None]:
    code = words.formula(app, guard, "holds", language) or Code(guard.holds, guard.holds)
    role = app.roles.get(guard.from_whom or "")
    label: Message = Labels(guard.labels, "") if guard.labels else ""
    return label, code, role.label if role else None


def _action(app: Application, entity: Entity | None, action: Any) -> Message:
    do = action.get("do")
    names = tuple((action.get("fields") or {}).keys())
    if do == "create":
        target = app.entities.get(str(action.get("entity")))
        return _("creates “{name}”", name=target.label if target else str(action.get("entity")))
    if do == "comment":
        return _("leaves a comment")
    return _("sets {fields}", fields=_labels(entity, names) if entity else names)


def _form(app: Application, entity: Entity, form: Form, language: str) -> dict[str, Any]:
    return {
        "form": form, "roles": _labels_of_roles(app, form.roles),
        "sections": [(s.label, _labels(entity, [i.key for i in s.items]), words.formula(app, s, "show_when", language)) for s in form.sections],
    }


LOOKS = {"board": "layout-kanban", "calendar": "calendar", "timeline": "timeline", "gallery": "photo"}


def _view(app: Application, view: Any, language: str) -> dict[str, Any]:
    return {
        "view": view, "where": words.formula(app, view, "where", language), "roles": _labels_of_roles(app, view.roles),
        "columns": tuple(words.path_words(app, view.entity, c) for c in view.columns),
        "sort": tuple(words.path_words(app, view.entity, s.lstrip("-")) for s in view.sort), "icon": LOOKS.get(view.as_, "table"),
        "stands_on": tuple(words.path_words(app, view.entity, k) for k in dict.fromkeys((view.group_by, view.starts, view.ends, view.image)) if k and view.as_ != "table"),
    }


def rights(app: Application, entity: Entity, language: str) -> Iterator[RightRow]:
    """One row per role, those without any right too: what is not said is refused."""
    machine = app.first_machine(entity.key)
    for role in app.roles.values():
        right = role.by_entity.get(entity.key)
        cells: list[tuple[Message | Code, bool]] = []
        for action, _label in RIGHT_COLUMNS:
            if action == "create":
                may = right is not None and right.create
                cells.append((_("yes") if may else _("no"), not may))
            else:
                cells.append((words.scope_words(app, right, action, language), right is None or getattr(right, action) == "none"))
        yield RightRow(role, tuple(cells), tuple(_exceptions(app, entity, machine, right)) if right is not None else ())


def _exceptions(app: Application, entity: Entity, machine: Machine | None, right: Right) -> Iterator[Message]:
    hidden = [k for k, v in right.fields.items() if v.get("read") is False]
    locked = [k for k, v in right.fields.items() if v.get("write") is False and v.get("read") is not False]
    if hidden:
        yield _("does not see {fields}", fields=_labels(entity, hidden))
    if locked:
        yield _("may not change {fields}", fields=_labels(entity, locked))
    for key, narrower in right.states.items():
        state: Message = machine.by_key[key].label if machine is not None and key in machine.by_key else key
        if narrower.get("hidden"):
            yield _("in “{state}”: does not see {fields}", state=state, fields=_labels(entity, narrower["hidden"]))
        if narrower.get("read_only"):
            yield _("in “{state}”: may not change {fields}", state=state, fields=_labels(entity, narrower["read_only"]))
        if narrower.get("update") is not None:
            yield _("in “{state}”: changes {scope}", state=state, scope=words.SCOPES.get(narrower["update"], narrower["update"]))
        if narrower.get("delete") is not None:
            yield _("in “{state}”: deletes {scope}", state=state, scope=words.SCOPES.get(narrower["delete"], narrower["delete"]))


def _labels(entity: Entity, keys: Any) -> tuple[Message, ...]:
    found: list[Message] = []
    for key in keys:
        head, _dot, inner = str(key).partition(".")
        field = entity.by_key.get(head)
        if field is None:
            found.append(str(key))
        elif inner and inner in field.by_key:
            found.append(_("{first} › {rest}", first=field.label, rest=field.by_key[inner].label))
        else:
            found.append(field.label)
    return tuple(found)


def _labels_of_roles(app: Application, keys: Any) -> tuple[Message, ...]:
    return tuple(app.roles[k].label if k in app.roles else k for k in keys)
