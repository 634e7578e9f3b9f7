"""Derived fields as expressions: a formula is one already, look-ups and roll-ups are made into one."""

from __future__ import annotations

from kernel import fieldtypes
from kernel.expr import Expression, ExpressionError
from kernel.expr.core import Aggregate, Core, Rows
from kernel.expr.core import Field as FieldCore
from kernel.expr.tree import Blank, Tree
from kernel.expr.types import ANY, Kind, rows
from kernel.fieldtypes.rollup import RollupType
from kernel.model.elements import Field
from kernel.model.schema import AppSchema

_HOW = {"sum": "SUM", "count": "COUNT", "min": "MIN", "max": "MAX", "average": "AVERAGE", "any": "ANY", "all": "ALL"}
_NO_TREE = Tree("", Blank(0, 0))


def formula_of(schema: AppSchema, field: Field) -> Expression | None:
    """What gives the value of a derived field; None when its settings point nowhere (the checks report that)."""
    try:
        if field.type == "computed":
            return schema.expression(field, "value")
        if field.type == "lookup":
            return _lookup(schema, field)
        type_ = fieldtypes.of(field)
        return _rollup(schema, field, type_) if isinstance(type_, RollupType) else None
    except ExpressionError:
        return None


def _lookup(schema: AppSchema, field: Field) -> Expression | None:
    path = fieldtypes.get("lookup").path(field)  # type: ignore[attr-defined]
    found = schema.type_at(field.place, path)
    return None if found is None else _expression(FieldCore(found, 0, 0, path, 0))


def _rollup(schema: AppSchema, field: Field, type_: RollupType) -> Expression | None:
    source = type_.source(field, schema)
    if source is None:
        return None
    settings = type_.settings(field)
    # Referring records have no field on this side that must exist: they are named "entity.field" by their own.
    path = (source.through.key,) if source.kind != "referring" else (f"{source.through.entity}.{source.through.key}",)
    value: Core | None = None
    if source.path:
        value = FieldCore(schema.type_at(source.place, source.path) or ANY, 0, 0, source.path, 0)
    how = _HOW[settings.function]
    if how in ("SUM", "AVERAGE") and value is not None and value.type.kind is Kind.DURATION:
        how += "_SPAN"
    if value is None and how not in ("COUNT", "ANY"):
        return None
    condition = schema.expression(field, "where")
    core = Aggregate(type_.result_type(field, schema), 0, 0, how, Rows(rows(source.place), 0, 0, path, 0), value, condition.core if condition else None)
    return _expression(core)


def _expression(core: Core) -> Expression:
    return Expression("", _NO_TREE, core, frozenset(), frozenset(), {})
