"""Conditions on the whole record: validations, offered options, references, files, uniqueness."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping
from typing import Any

from sqlalchemy import ColumnElement, and_, literal, or_, select, union_all
from sqlalchemy.exc import IntegrityError

from kernel.errors import Invalid, Problem
from kernel.expr import to_where
from kernel.fieldtypes.reference import KEEP
from kernel.i18n import Labels, _
from kernel.permissions import rights_of
from kernel.platform.database import may_write
from runtime.records.env import RowEnv
from runtime.records.shape import EntityShape, FieldShape, shape_of
from runtime.records.sqlscope import RecordScope
from runtime.records.work import Work, is_blank


def check_validations(work: Work) -> None:
    """Every validation whose time has come must hold; one that can't be worked out does not hold."""
    for validation, holds, when in work.shape.validations:
        assert holds is not None
        if when is not None and when.evaluate(work.env) is not True:
            continue
        if holds.evaluate(work.env) is True:
            continue
        message = Labels(validation.labels, f"{validation.key.replace('_', ' ').capitalize()}: {validation.holds}")
        hint = Labels(validation.help, "") if validation.help else None
        at = [k for k in validation.at if k in work.visible or work.trusted]
        work.problems.append(Problem("validation", message, f"fields.{at[0]}" if at else "", hint, validation.uid, {"at": list(at)} if at else {}))


def _cells(work: Work) -> Iterator[tuple[FieldShape, str, Any, Any, Any]]:
    """Every field and cell: shape, path, new value, old value, Env."""
    for field in work.shape.fields.values():
        if field.rows is None:
            yield field, field.key, work.values.get(field.key), work.was(field.key), work.env
            continue
        before = {row.id: row.values for row in work.was(field.key) or ()}
        for index, row in enumerate(work.values.get(field.key) or ()):
            env = RowEnv(work.env, field.rows, row)
            for inner in field.rows.fields.values():
                yield inner, f"{field.key}[{index}].{inner.key}", row.values.get(inner.key), before.get(row.id, {}).get(inner.key), env


def check_offers(work: Work) -> None:
    """A choice newly made must be offered: not retired, and below the governing choice."""
    for field, path, value, old, env in _cells(work):
        if value is None or field.derived or field.field.type not in ("choice", "choices"):
            continue
        governed_by = field.field.settings.get("governed_by")
        if value == old and not governed_by:
            continue
        kept = () if old is None else (old,) if isinstance(old, str) else old
        governor = env.values.get(governed_by) if governed_by else None
        if governed_by and value == old and (work.old is not None and governor == work.was(governed_by)):
            continue
        offered = field.type.offered(field.field, governor, keep=() if governed_by else kept)  # type: ignore[attr-defined]
        keys = {o.key for o in offered}
        if any(k not in keys for k in ((value,) if isinstance(value, str) else value)):
            work.problem(
                "not_offered",
                _("This choice is not offered here."),
                path,
                field.rule_type,
                _("Choose one of: {options}.", options=[o.label for o in offered][:20]),
            )


def check_references(work: Work) -> None:
    """What is newly referred to must exist and be visible to the actor; what is not is answered like what does not exist (D2)."""
    wanted: dict[str, dict[str, list[tuple[FieldShape, str]]]] = {}
    filtered: list[tuple[FieldShape, str, str, Any]] = []
    for field, path, value, old, env in _cells(work):
        if field.target is None or value is None or field.derived or field.field.type == "referring":
            continue
        before = {old} if isinstance(old, str) else set(old or ())
        for id_ in (value,) if isinstance(value, str) else value:
            if id_ in before:
                continue
            wanted.setdefault(field.target, {}).setdefault(id_, []).append((field, path))
            if field.field.settings.get("where"):
                filtered.append((field, path, id_, env))
    if not wanted:
        return
    _hold(work, wanted)
    rights = rights_of(work.ctx.release, work.ctx.actor)
    parts = []
    for entity, ids in wanted.items():
        shape = shape_of(work.ctx.release, entity)
        visible: ColumnElement[bool] = shape.table.c.deleted_at.is_(None)
        if not work.trusted:
            visible = and_(visible, rights.where("read", entity, RecordScope(work.ctx, shape, shape.table)))
        parts.append(select(literal(entity), shape.table.c.id).where(shape.table.c.id.in_(list(ids)), visible))
    found = {(row[0], row[1]) for row in work.ctx.conn.execute(parts[0] if len(parts) == 1 else union_all(*parts))}
    for entity, ids in wanted.items():
        for id_, places in ids.items():
            if (entity, id_) not in found:
                for field, path in places:
                    work.problem("not_found", _("This record does not exist, or you may not see it."), path, f"{field.uid}#reference", _("Choose another one."))
                filtered = [f for f in filtered if f[2] != id_]
    for field, path, id_, env in filtered:
        _check_filter(work, field, path, id_, env)


def _hold(work: Work, wanted: Mapping[str, Mapping[str, list[tuple[FieldShape, str]]]]) -> None:
    """What a reference with ``on_delete`` is about to hold can't go to the bin before this is committed, nor the other way round.
    SQLite has one writer at a time."""
    if work.ctx.conn.dialect.name != "postgresql" or not may_write(work.ctx.conn):
        return
    for entity, ids in sorted(wanted.items()):
        held = sorted(i for i, places in ids.items() if any(f.field.settings.get("on_delete", KEEP) != KEEP for f, _path in places))
        if held:
            table = shape_of(work.ctx.release, entity).table
            work.ctx.conn.execute(select(table.c.id).where(table.c.id.in_(held)).order_by(table.c.id).with_for_update())


def check_held(work: Work, coming: Container[tuple[str, str]]) -> None:
    """References that hold what they refer to (``on_delete``) must hold something: it is there, or comes back as well."""
    wanted: dict[str, dict[str, list[tuple[FieldShape, str]]]] = {}
    for field, path, value, _old, _env in _cells(work):
        if field.target is None or value is None or field.field.settings.get("on_delete", KEEP) == KEEP:
            continue
        for id_ in (value,) if isinstance(value, str) else value:
            if (field.target, id_) not in coming:
                wanted.setdefault(field.target, {}).setdefault(id_, []).append((field, path))
    _hold(work, wanted)
    for entity, ids in wanted.items():
        table = shape_of(work.ctx.release, entity).table
        there = set(work.ctx.conn.execute(select(table.c.id).where(table.c.id.in_(list(ids)), table.c.deleted_at.is_(None))).scalars())
        for id_, places in ids.items():
            if id_ not in there:
                for field, path in places:
                    work.problem(
                        "not_found", _("What “{label}” refers to is in the bin, or gone.", label=field.field.label), path, f"{field.uid}#on_delete",
                        _("Bring that back first, or choose another one."))


def _check_filter(work: Work, field: FieldShape, path: str, id_: str, env: Any) -> None:
    """The reference's own condition, with the new values of this record as ``this``."""
    expression = work.shape.schema.expression(field.field, "where")
    assert expression is not None and field.target is not None
    target = work.scene.record(field.target, id_)
    if target is None:
        return
    target.roots = {**target.roots, "this": env}
    if expression.evaluate(target) is not True:
        work.problem("not_offered", _("This record can't be chosen here."), path, f"{field.uid}#where", _("Choose another one."))


def check_files(work: Work) -> None:
    """Files must be own uploads that no record has yet, or those the record has."""
    from runtime.files import uploads

    for field, path, value, old, _env in _cells(work):
        if not field.is_file or value is None or value == old or field.derived:
            continue
        ids = (value,) if isinstance(value, str) else tuple(value)
        before = {old} if isinstance(old, str) else set(old or ())
        new = [i for i in ids if i not in before]
        if not new:
            continue
        found = uploads.check(work.ctx, work.shape.key, work.skeleton.id, new, f"fields.{path}", f"{field.uid}#type")
        if found:
            work.problems.extend(found)
            continue
        known = uploads.rows(work.ctx, new)
        for id_ in new:
            row = known[id_]
            for p in field.type.check_file(field.field, row.media_type, row.name, row.size):  # type: ignore[attr-defined]
                work.problem(p.code, p.message, path, f"{field.uid}#type", p.hint)
        work.new_files.append((_plain(path), tuple(new)))


def _plain(path: str) -> str:
    """``items[2].photo`` as files know their place: ``items.photo``."""
    return re.sub(r"\[\d+\]", "", path)


def check_unique(work: Work) -> None:
    """No other record, not even one out of sight, may have the value; the answer does not say which has it."""
    wanted = [(s, work.values.get(s.key)) for s in work.shape.unique]
    changed = [(s, v) for s, v in wanted if not is_blank(v) and (work.old is None or v != work.old.values.get(s.key))]
    if not changed:
        return
    table = work.shape.table
    stored = [(s, s.store(v)[0]) for s, v in changed]
    query = select(*(s.columns[0] for s, _v in stored)).where(
        or_(*(s.columns[0] == v for s, v in stored)), table.c.deleted_at.is_(None), table.c.id != work.skeleton.id
    )
    for row in work.ctx.conn.execute(query):
        for (field, value), found in zip(stored, row, strict=True):
            if value == found:
                taken(work, field)


def taken(work: Work, field: FieldShape) -> None:
    """The value of a unique field is somebody else's."""
    path = f"fields.{field.key}"
    if not any(p.path == path and p.code == "not_unique" for p in work.problems):
        work.problem(
            "not_unique",
            _("Another record already has this “{label}”.", label=field.field.label),
            field.key,
            f"{field.uid}#unique",
            _("Look whether it is the same thing, or give another value."),
        )


def from_integrity(shape: EntityShape, error: IntegrityError) -> Invalid:
    """What a unique index said, in the words of the check: two writers at the same moment get the same answer."""
    text = str(error.orig)
    names: Mapping[str, FieldShape] = {c.name: s for s in shape.unique for c in s.columns[:1]}
    constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", None) or ""
    for name, field in names.items():
        if re.search(rf"\b{re.escape(shape.table.name)}\.{re.escape(name)}\b", text) or f"({name})" in text or constraint.endswith(f"_{name}"):
            return Invalid(
                [
                    Problem(
                        "not_unique",
                        _("Another record already has this “{label}”.", label=field.field.label),
                        f"fields.{field.key}",
                        _("Look whether it is the same thing, or give another value."),
                        f"{field.uid}#unique",
                    )
                ]
            )
    raise error


def where_of(work: Work, field: FieldShape) -> Any:
    """The condition of a reference as SQL, for pickers."""
    expression = work.shape.schema.expression(field.field, "where")
    assert expression is not None and field.target is not None
    target = shape_of(work.ctx.release, field.target)
    return to_where(expression, RecordScope(work.ctx, target, target.table).trusted().with_this(work.env))
