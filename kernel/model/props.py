"""How a kind of element declares its properties: one place for meaning, schema, references and formulas.

``prop()`` puts into a dataclass field everything other parts derive from it: the JSON Schema of the kind, the
checks of cross references and formulas, the index of uses, and later the generated editor.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

JSON = Any
Schema = Mapping[str, Any]

TEXT: Schema = {"type": "string", "maxLength": 2000}
KEY: Schema = {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,49}$"}
KEYS: Schema = {"type": "array", "items": KEY, "uniqueItems": True, "maxItems": 500}
BOOLEAN: Schema = {"type": "boolean"}
LABELS: Schema = {
    "type": "object",
    "propertyNames": {"pattern": "^[a-z]{2}(-[A-Za-z]+)?$"},
    "additionalProperties": {"type": "string", "maxLength": 2000},
}
EXPRESSION: Schema = {"type": "string", "minLength": 1, "maxLength": 4096}


@dataclass(frozen=True, slots=True)
class Formula:
    """A property holds an expression. ``scope`` names what it may read, ``expects`` the type it must have.

    Scopes: ``record`` (the entity's fields, me, param), ``transition`` (also ``old`` and ``ask``),
    ``person`` (the person's fields), ``none`` (only functions, me and param). Of automations (kernel/model/acting.py):
    ``trigger``, ``automation`` (a step), ``candidate`` (a person), ``territory`` (a team), ``each`` (what is gone through).
    """

    scope: Literal["record", "transition", "person", "none", "trigger", "automation", "candidate", "territory", "each"] = "record"
    expects: Literal["boolean", "any", "field"] = "any"
    sql: bool = False  # must also work as a filter in the database


@dataclass(frozen=True, slots=True)
class Ref:
    """A property names other elements by key. ``within`` says where to look: the application, the entity at hand,
    or the machine at hand; a list property names several. ``path`` allows ``a.b`` through references."""

    kind: str
    within: Literal["application", "entity", "machine"] = "application"
    path: bool = False


@dataclass(frozen=True, slots=True)
class Prop:
    """One declared property: document name, meaning, JSON Schema, default and what it points at."""

    name: str
    attribute: str
    doc: str
    schema: Schema
    default: Any
    required: bool
    ref: Ref | None
    formula: Formula | None


def prop(
    default: Any = dataclasses.MISSING,
    *,
    doc: str,
    schema: Schema = TEXT,
    name: str | None = None,
    ref: Ref | None = None,
    formula: Formula | None = None,
) -> Any:
    """A property of an element kind (or of a field type's settings). Without ``default`` it must be given."""
    metadata = {"prop": {"doc": doc, "schema": schema, "name": name, "ref": ref, "formula": formula}}
    if isinstance(default, dict):
        return dataclasses.field(default_factory=dict, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def props_of(cls: type) -> Mapping[str, Prop]:
    """The declared properties of a dataclass by document name, in order of declaration."""
    known = _known.get(cls)
    if known is None:
        known = _known[cls] = _read(cls)
    return known


_known: dict[type, Mapping[str, Prop]] = {}


def _read(cls: type) -> Mapping[str, Prop]:
    found: dict[str, Prop] = {}
    for f in dataclasses.fields(cls):
        meta = f.metadata.get("prop")
        if meta is None:
            continue
        name = meta["name"] or f.name.rstrip("_")
        required = f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
        default = f.default if f.default_factory is dataclasses.MISSING else f.default_factory()
        found[name] = Prop(
            name=name,
            attribute=f.name,
            doc=meta["doc"],
            schema=meta["schema"],
            default=None if required else default,
            required=required,
            ref=meta["ref"],
            formula=meta["formula"],
        )
    return found


def freeze(value: Any) -> Any:
    """Lists become tuples, so that a built model can be shared between threads."""
    if isinstance(value, list):
        return tuple(freeze(v) for v in value)
    if isinstance(value, dict):
        return {k: freeze(v) for k, v in value.items()}
    return value


def fill(cls: type, values: Mapping[str, Any], **fixed: Any) -> Any:
    """An instance of ``cls`` from document values; absent ones take their default. Values must already be checked."""
    given = {p.attribute: freeze(values[p.name]) for p in props_of(cls).values() if p.name in values}
    return cls(**given, **fixed)


def schema_of(cls: type) -> dict[str, Any]:
    """JSON Schema of the declared properties (2020-12), closed: unknown keys are refused."""
    props = props_of(cls)
    return {
        "type": "object",
        "properties": {p.name: {"description": p.doc, **p.schema} for p in props.values()},
        "required": [p.name for p in props.values() if p.required],
        "additionalProperties": False,
    }
