"""Form rules on the server: defaults, show, require and read-only by formula, for the record and for its rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from kernel.expr.types import ErrorValue
from kernel.i18n import _
from runtime.records.derive import derive, from_expression
from runtime.records.env import Env, RowEnv
from runtime.records.record import Row
from runtime.records.shape import FieldShape, Group
from runtime.records.work import Work, is_blank

_ROUNDS = 5  # a blanked field may hide another one


@dataclass(frozen=True, slots=True)
class FieldRule:
    """What the rules say about one field now; rows' fields have paths such as ``items[2].amount``."""

    shown: bool
    required: bool
    read_only: bool


def fill_defaults(work: Work) -> None:
    """Defaults of fields that nobody gave, in the order of fields; of new rows too."""
    if work.old is None:
        for field, expression in work.shape.defaults:
            if field.key not in work.given and is_blank(work.values.get(field.key)):
                value = from_expression(field, expression.evaluate(work.env), work.reader)
                if value is not None:
                    work.values[field.key] = value
    for key, shape in work.shape.rows.items():
        if not shape.defaults or key not in work.given:
            continue
        known = {row.id for row in work.was(key) or ()}
        rows = []
        for index, row in enumerate(work.values.get(key) or ()):
            if row.id not in known:
                values = dict(row.values)
                env = RowEnv(work.env, shape, replace(row, values=values))
                for field, expression in shape.defaults:
                    if f"{key}[{index}].{field.key}" not in work.given and values.get(field.key) is None:
                        values[field.key] = from_expression(field, expression.evaluate(env), work.reader)
                row = replace(row, values=values)
            rows.append(row)
        work.values[key] = tuple(rows)


def settle(work: Work) -> None:
    """Derive, then blank what is not shown, until nothing changes any more."""
    for _round in range(_ROUNDS):
        derive(work)
        hidden = frozenset(s.key for s, e in work.shape.show_when if not _holds(e.evaluate(work.env)))
        blanked = [k for k in hidden if not is_blank(work.values.get(k))]
        for key in blanked:
            work.values[key] = () if key in work.shape.rows else None
        work.hidden_now = hidden
        if not (_blank_cells(work) or blanked):
            return
    derive(work)


def _holds(value: Any) -> bool:
    """A formula that fails must not cost anybody's data: the field stays."""
    return value is True or isinstance(value, ErrorValue)


def _blank_cells(work: Work) -> bool:
    changed = False
    for key, shape in work.shape.rows.items():
        if not shape.show_when or not work.values.get(key):
            continue
        rows = []
        for row in work.values[key]:
            env = RowEnv(work.env, shape, row)
            gone = [s.key for s, e in shape.show_when if row.values.get(s.key) is not None and not _holds(e.evaluate(env))]
            rows.append(replace(row, values={**row.values, **dict.fromkeys(gone)}) if gone else row)
            changed = changed or bool(gone)
        work.values[key] = tuple(rows)
    return changed


def check_rules(work: Work) -> None:
    """Required and read-only, with the rule's id beside the field."""
    _check_group(work, work.shape, work.env, "", work.values, work.old.values if work.old else None, work.hidden_now)
    for key, shape in work.shape.rows.items():
        rows: Iterable[Row] = work.values.get(key) or ()
        if not (shape.required or shape.rule_keys):
            continue
        before = {row.id: row.values for row in work.was(key) or ()}
        for index, row in enumerate(rows):
            env = RowEnv(work.env, shape, row)
            hidden = frozenset(s.key for s, e in shape.show_when if not _holds(e.evaluate(env)))
            _check_group(work, shape, env, f"{key}[{index}].", row.values, before.get(row.id), hidden)


def _check_group(work: Work, group: Group, env: Env, prefix: str, values: Any, before: Any, hidden: frozenset[str]) -> None:
    for field in group.required:
        if field.key not in hidden and is_blank(values.get(field.key)) and not field.derived:
            _missing(work, field, prefix, "required")
    for field, expression in group.required_when:
        if field.key not in hidden and is_blank(values.get(field.key)) and not field.field.required and expression.evaluate(env) is True:
            _missing(work, field, prefix, "required_when")
    if work.trusted:
        return
    for field, expression in group.read_only_when:
        path = f"{prefix}{field.key}"
        if path not in work.given or _same(values.get(field.key), (before or {}).get(field.key)):
            continue
        if expression.evaluate(env) is True:
            work.problem("read_only", _("“{label}” may not be changed now.", label=field.field.label), path, f"{field.uid}#read_only_when")


def _same(a: Any, b: Any) -> bool:
    return a == b or (is_blank(a) and is_blank(b))


def _missing(work: Work, field: FieldShape, prefix: str, rule: str) -> None:
    path = f"{prefix}{field.key}"
    if any(p.path == f"fields.{path}" for p in work.problems):
        return  # it could not be read: one problem is enough
    work.problem("required", _("“{label}” is needed.", label=field.field.label), path, f"{field.uid}#{rule}")


def rules_of(work: Work) -> dict[str, FieldRule]:
    """What the rules say about each field that has any, for live forms."""
    found: dict[str, FieldRule] = {}

    def collect(group: Group, env: Env, prefix: str) -> None:
        shown = {s.key: _holds(e.evaluate(env)) for s, e in group.show_when}
        needed = {s.key: e.evaluate(env) is True for s, e in group.required_when}
        closed = {s.key: e.evaluate(env) is True for s, e in group.read_only_when}
        for key in group.rule_keys:
            found[prefix + key] = FieldRule(shown.get(key, True), needed.get(key, False) or group.fields[key].field.required, closed.get(key, False))

    collect(work.shape, work.env, "")
    for key, shape in work.shape.rows.items():
        if shape.rule_keys:
            for index, row in enumerate(work.values.get(key) or ()):
                collect(shape, RowEnv(work.env, shape, row), f"{key}[{index}].")
    return found
