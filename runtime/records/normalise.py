"""From what somebody sent to values: known keys, rights, types. All problems at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kernel.errors import Problem
from kernel.expr.findings import did_you_mean
from kernel.fieldtypes.base import Unreadable
from kernel.i18n import _
from runtime.records.finder import Finder
from runtime.records.record import Input, Row, Style
from runtime.records.shape import FieldShape, Group, RowShape
from runtime.records.work import Work

MOST_CHILD_ROWS = 2000

SYSTEM_NAMES = frozenset(
    {
        "id",
        "version",
        "state",
        "state_since",
        "owner",
        "team",
        "tenant",
        "created_at",
        "created_by",
        "updated_at",
        "updated_by",
        "deleted_at",
    }
)


def normalise(work: Work, given: Input, allowed: frozenset[str]) -> None:
    """Put the readable values of ``given`` into the work; ``allowed`` are the fields this actor may write here."""
    for name, raw in given.fields.items():
        key = resolve(work.shape, name)
        field = work.shape.fields.get(key) if key else None
        if field is None or not _known(work, field.key):
            work.problems.append(unknown(work, str(name)))
            continue
        path = f"fields.{name}"
        refusal = _refusal(work, field, field.key, allowed, path)
        if refusal is not None:
            work.problems.append(refusal)
            continue
        if field.rows is not None:
            rows = _rows(work, field, field.rows, raw, given.style, allowed, path)
            if rows is not None:
                work.values[field.key] = rows
                work.given.add(field.key)
                _check(work, field, rows, path)
            continue
        ok, value = read(work, field, raw, given.style, path)
        if ok:
            work.values[field.key] = value
            work.given.add(field.key)


def resolve(group: Group, name: Any) -> str | None:
    """The key a name in a body stands for: itself, or a former key."""
    if name in group.fields:
        return str(name)
    return next((k for k, s in group.fields.items() if name in s.field.aliases), None)


def _known(work: Work, key: str) -> bool:
    return work.trusted or key in work.visible


def unknown(work: Work, name: str) -> Problem:
    """Unknown and hidden are the same answer."""
    if name in SYSTEM_NAMES and name not in work.shape.fields:
        hint = {
            "state": _("States change by transitions."),
            "owner": _("Owner and team change by assigning."),
            "team": _("Owner and team change by assigning."),
        }
        return Problem(
            "not_writable", _("“{name}” is kept by the system and can't be set here.", name=name), f"fields.{name}", hint.get(name), f"{work.shape.uid}#system"
        )
    known = [k for k in work.shape.fields if k in work.visible]
    return Problem(
        "unknown_field",
        _("There is no field “{name}” here.", name=name[:100]),
        f"fields.{name[:100]}",
        did_you_mean(name[:100], known),
        f"{work.shape.uid}#fields",
    )


def _refusal(work: Work, field: FieldShape, key: str, allowed: frozenset[str], path: str) -> Problem | None:
    if not field.writable:
        return Problem("not_writable", _("“{label}” is worked out by the system and can't be set.", label=field.field.label), path, None, field.rule_type)
    if key not in allowed and not work.trusted:
        return Problem("no_right", _("You may not change “{label}”.", label=field.field.label), path, None, work.rights.refusal_of(key))
    return None


def read(work: Work, field: FieldShape, raw: Any, style: Style, path: str, *, check: bool = True) -> tuple[bool, Any]:
    """The value of one raw value, completed and checked against the field's settings; False when it can't be read."""
    type_ = field.type
    try:
        value = _parse(work, field, raw, style)
        if value is not None:
            value = type_.settle(field.field, value, work.reader)
    except Unreadable as error:
        if error.problems:
            work.problems.extend(Problem(p.code, p.message, f"{path}{p.path}", p.hint, p.rule or field.rule_type, p.data) for p in error.problems)
        else:
            work.problems.append(error.problem(path, field.rule_type))
        return False, None
    if check:
        _check(work, field, value, path)
    return True, value


def _parse(work: Work, field: FieldShape, raw: Any, style: Style) -> Any:
    if raw is None:
        return None
    type_ = field.type
    if style == "json":
        return type_.parse(field.field, raw)
    if style == "value":
        return raw
    finder = Finder(work.ctx)
    if isinstance(raw, (list, tuple)):
        return type_.parse_form(field.field, [str(part) for part in raw], work.reader, finder)
    return type_.parse_text(field.field, str(raw), work.reader, finder)


def _check(work: Work, field: FieldShape, value: Any, path: str) -> None:
    if value is None or value == ():
        return
    for p in field.type.check(field.field, value):
        work.problems.append(Problem(p.code, p.message, f"{path}{p.path}", p.hint, p.rule or field.rule_type, p.data))


def _rows(work: Work, field: FieldShape, shape: RowShape, raw: Any, style: Style, allowed: frozenset[str], path: str) -> tuple[Row, ...] | None:
    """A given list replaces the rows there are; rows are matched by id, cells that are not sent stay."""
    if raw is None:
        return ()
    if not isinstance(raw, Sequence) or isinstance(raw, (str, bytes)):
        work.problems.append(Problem("type", _("A list of rows is expected."), path, _("Send {shape}.", shape='[{"fields": {...}}]'), field.rule_type))
        return None
    if len(raw) > MOST_CHILD_ROWS:
        work.problems.append(Problem("too_many", _("At most {n} rows are allowed.", n=MOST_CHILD_ROWS), path, None, field.rule_type))
        return None
    before = {row.id: row for row in work.was(field.key) or ()}
    made: list[Row] = []
    seen: set[str] = set()
    fine = True
    for index, item in enumerate(raw):
        row = _row(work, shape, before, item, index, style, allowed, f"{path}[{index}]")
        if row is None or row.id in seen:
            if row is not None:
                work.problems.append(Problem("twice", _("This row is there twice."), f"{path}[{index}].id", None, field.rule_type))
            fine = False
            continue
        seen.add(row.id or "")
        made.append(row)
    return tuple(made) if fine else None


def _row(work: Work, shape: RowShape, before: Mapping[str, Row], item: Any, index: int, style: Style, allowed: frozenset[str], path: str) -> Row | None:
    if isinstance(item, Row):
        item = {"id": item.id, "fields": item.values}
    if not isinstance(item, Mapping) or not set(item) <= {"id", "fields"} or not isinstance(item.get("fields", {}), Mapping):
        work.problems.append(Problem("type", _("A row can't be read."), path, _("Send {shape}.", shape='{"id": "...", "fields": {...}}'), f"{shape.uid}#type"))
        return None
    id_ = None if item.get("id") in (None, "") else item["id"]
    if id_ is not None and (not isinstance(id_, str) or (id_ not in before and style != "value")):
        problem = Problem("unknown_row", _("This row does not exist any more."), f"{path}.id", _("Leave the id away for a new row."), f"{shape.uid}#type")
        work.problems.append(problem)
        return None
    old = before.get(id_) if id_ else None
    values: dict[str, Any] = dict(old.values) if old else dict.fromkeys(shape.fields)
    count = len(work.problems)
    for name, raw in item.get("fields", {}).items():
        key = resolve(shape, name)
        field = shape.fields.get(key) if key else None
        cell = f"{shape.key}.{key}"
        if field is None or not _known(work, cell):
            known = [k for k in shape.fields if f"{shape.key}.{k}" in work.visible]
            work.problems.append(
                Problem(
                    "unknown_field",
                    _("There is no field “{name}” here.", name=str(name)[:100]),
                    f"{path}.{str(name)[:100]}",
                    did_you_mean(str(name)[:100], known) if len(work.problems) < 50 else None,  # a suggestion costs time
                    f"{shape.uid}#fields",
                )
            )
            continue
        refusal = _refusal(work, field, cell, allowed, f"{path}.{name}")
        if refusal is not None:
            work.problems.append(refusal)
            continue
        # The rows as a whole are checked later, cells with them.
        ok, value = read(work, field, raw, style, f"{path}.{name}", check=False)
        if ok:
            values[field.key] = value
            work.given.add(f"{shape.key}[{index}].{field.key}")
    if len(work.problems) > count:
        return None
    return Row(id_ or work.ctx.new_id(), index, values)
