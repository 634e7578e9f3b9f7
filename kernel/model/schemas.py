"""JSON Schema 2020-12 of every kind of element, made from the declared properties, and the check of a tree against it.

``document_schema`` describes what people write (nested, with slots and shorthands), ``node_schema`` one element of a tree.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from kernel import fieldtypes
from kernel.errors import Problem
from kernel.i18n import Text, _
from kernel.model.document import SHORTHAND
from kernel.model.elements import KINDS, TOP_KINDS
from kernel.model.props import KEY, Schema, props_of, schema_of
from kernel.model.tree import Node, Tree, slots_of

DIALECT = "https://json-schema.org/draft/2020-12/schema"
KEY_PATTERN = re.compile(str(KEY["pattern"]))
# Keys of a right are entities, of an item fields (of child rows, too): references, checked where references are.
_DOTTED = re.compile(r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?$")
_NUMBER = re.compile(r"^-?[0-9]{1,18}(\.[0-9]{1,12})?$")


def _doc_of(cls: type) -> str:
    return " ".join((cls.__doc__ or "").split())


@cache
def node_schema(kind: str) -> Mapping[str, Any]:
    """Schema of the properties of one element, without its slots; of a field with ``settings`` left open."""
    schema = {"$schema": DIALECT, "title": kind, "description": _doc_of(KINDS[kind]), **schema_of(KINDS[kind])}
    if kind == "field":
        schema["properties"] = {**schema["properties"], "settings": {"type": "object", "description": "What only the field's type knows."}}
    return schema


@cache
def settings_schema(type_key: str) -> Mapping[str, Any]:
    """Schema of the settings of a field type. Raises KeyError for a type that does not exist."""
    type_ = fieldtypes.get(type_key)
    return {"$schema": DIALECT, "title": type_key, "description": _doc_of(type(type_)), **schema_of(type_.Settings)}


@cache
def document_schema(kind: str) -> Mapping[str, Any]:
    """Schema of a document of this kind as people write it: ``{entity: task, fields: {...}}``."""
    wanted = list(_below(kind))
    top = _written(kind)
    top["properties"] = {kind: {**KEY, "description": "Key of the element."}, **top["properties"]}
    if kind in ("machine", "clock", "automation", "similarity"):
        top["properties"]["on"] = {**KEY, "description": "The entity, as a shorter word for `entity`."}
        top["required"] = [r for r in top["required"] if r != "entity"]
    top["required"] = [kind, *top["required"]]
    return {"$schema": DIALECT, "title": kind, **top, "$defs": {k: _loose(k) for k in wanted}}


def document_schemas() -> Mapping[str, Mapping[str, Any]]:
    """The schema of every kind of document, by kind."""
    return {kind: document_schema(kind) for kind in TOP_KINDS}


def _below(kind: str) -> Iterator[str]:
    seen: set[str] = set()
    waiting = list(slots_of(kind).values())
    while waiting:
        inner = waiting.pop()
        if inner not in seen:
            seen.add(inner)
            yield inner
            waiting.extend(slots_of(inner).values())


def _written(kind: str) -> dict[str, Any]:
    """An element as written: its properties, its slots, where to put it in an overlay."""
    schema = dict(schema_of(KINDS[kind]))
    properties = dict(schema["properties"])
    for slot, inner in slots_of(kind).items():
        item = {"$ref": f"#/$defs/{inner}"}
        properties[slot] = {
            "description": f"Items by key, in order ({inner}).",
            "anyOf": [
                {"type": "object", "additionalProperties": {"anyOf": [item, {"type": "array", "items": {"type": "string"}}]}},
                {"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "object", "maxProperties": 1, "additionalProperties": item}]}},
            ],
        }
    if kind == "transition":
        short = {
            "from": {"anyOf": [KEY, properties["from"]]},
            "who": {"anyOf": [KEY, properties["who"]]},
            "when": {"type": "string", "description": "Its one guard."},
        }
        properties.update(short)
    properties["uid"] = {"type": "string", "description": "Only for a renamed element: the uid it has had."}
    properties["after"] = properties["before"] = {"type": "string", "description": "In overlays: key of the neighbour."}
    schema["properties"] = properties
    schema["description"] = _doc_of(KINDS[kind])
    if kind == "field":
        # Settings of the type stand beside; which ones is said by settings_schema().
        schema.pop("additionalProperties")
        if "options" not in properties:
            schema["properties"]["options"] = {"description": "Option set; in overlays also {add, remove}."}
    return schema


def _loose(kind: str) -> dict[str, Any]:
    schema = _written(kind)
    short = SHORTHAND.get(kind)
    forms: list[dict[str, Any]] = [schema, {"type": "null"}]
    if short:
        forms.append({"type": ["string", "number", "boolean"], "description": f"Short for {{{short}: ...}}."})
    return {"anyOf": forms}


# --- checking a tree ----------------------------------------------------------------------------------------------


@cache
def _validator(kind: str) -> Draft202012Validator:
    return Draft202012Validator(node_schema(kind))


@cache
def _settings_validator(type_key: str) -> Draft202012Validator:
    return Draft202012Validator(settings_schema(type_key))


def validate(tree: Tree) -> list[Problem]:
    """Every breach of the schemas in a tree; ``path`` is file and line, ``rule`` the uid, ``data["path"]`` the property."""
    return [problem for uid in sorted(tree) for problem in validate_node(tree[uid])]


def validate_node(node: Node) -> list[Problem]:
    """The breaches of one element."""
    if node.kind not in KINDS:
        return [_problem(node, "", "unknown_kind", _("“{kind}” is not a kind of element.", kind=node.kind), nearest_hint(node.kind, KINDS))]
    problems = list(_key_problems(node))
    problems += [p for error in _validator(node.kind).iter_errors(node.props) for p in _said(node, error, "", node_schema(node.kind))]
    if node.kind == "field" and isinstance(node.props.get("type"), str):
        problems += _settings_problems(node)
    return problems


def _key_problems(node: Node) -> Iterator[Problem]:
    pattern = _DOTTED if node.kind in ("item", "right") else KEY_PATTERN
    if not pattern.match(node.key) or len(node.key) > 101:
        yield _problem(
            node, "key", "bad_key", _("“{key}” can't be a key.", key=node.key[:60]), _("Use small letters, digits and _, starting with a letter, at most 50.")
        )


def _settings_problems(node: Node) -> Iterator[Problem]:
    type_key = node.props["type"]
    if type_key not in fieldtypes.BUILTIN:
        hint = nearest_hint(type_key, fieldtypes.BUILTIN) or _("Known types: {types}.", types=list(fieldtypes.BUILTIN))
        yield _problem(node, "type", "unknown_type", _("There is no field type “{type}”.", type=type_key), hint)
        return
    settings = node.props.get("settings") or {}
    if not isinstance(settings, Mapping):
        return
    schema = settings_schema(type_key)
    known = [*schema["properties"], *props_of(KINDS["field"])]
    for error in _settings_validator(type_key).iter_errors(settings):
        yield from _said(node, error, "settings", schema, known)


def _said(node: Node, error: ValidationError, base: str, schema: Mapping[str, Any], known: Iterable[str] = ()) -> Iterator[Problem]:
    """A library error in words of ours: what, where, how to mend it."""
    path = ".".join([*([base] if base else []), *map(str, error.absolute_path)])
    name = str(error.absolute_path[-1]) if error.absolute_path else base or node.key
    shown = [p for p in path.split(".") if p != "settings"]
    where = ".".join(shown) or node.key
    match error.validator:
        case "additionalProperties" if error.validator_value is False:
            names = list(known) if not error.absolute_path and known else list(error.schema.get("properties", {}))
            for extra in sorted(set(error.instance) - set(error.schema.get("properties", {}))):
                at = f"{path}.{extra}" if path else extra
                yield _problem(node, at, "unknown_key", _("“{name}” is not known here.", name=extra), _known_hint(extra, names))
        case "required":
            for missing in error.validator_value:
                if missing not in error.instance:
                    meaning = schema.get("properties", {}).get(missing, {}).get("description") if not error.absolute_path else None
                    yield _problem(
                        node, f"{path}.{missing}" if path else missing, "missing", _("“{name}” is missing.", name=missing), str(meaning) if meaning else None
                    )
        case _:
            message, hint = _words(error, where, name)
            yield _problem(node, path, f"schema_{error.validator}", message, hint)


def _known_hint(written: str, names: list[str]) -> Text:
    if not written.isidentifier():
        return _("Put a text with commas in quotation marks.")
    return nearest_hint(written, names) or _("Known here: {names}.", names=names)


_TYPES = {
    "string": _("a text"),
    "integer": _("a whole number"),
    "number": _("a number"),
    "boolean": _("true or false"),
    "array": _("a list"),
    "object": _("a mapping of keys"),
    "null": _("nothing"),
}


def _words(error: ValidationError, where: str, name: str) -> tuple[Text, Text | None]:
    value = error.validator_value
    got = _short(error.instance)
    match error.validator:
        case "type":
            wanted = [_TYPES[t] for t in ([value] if isinstance(value, str) else value)]
            hint = (
                _("Write true or false.")
                if value == "boolean"
                else _("Put it in quotation marks.")
                if value == "string" and isinstance(error.instance, (int, float))
                else None
            )
            return _("“{name}” must be {type}, not {value}.", name=where, type=wanted, value=got), hint
        case "enum" | "const":
            options = value if isinstance(value, list) else [value]
            near = nearest(str(error.instance), [str(o) for o in options])
            hint = _("Did you mean {name}?", name=near) if near else _("Choose one of: {options}.", options=[str(o) for o in options])
            return _("“{name}” can't be {value}.", name=where, value=got), hint
        case "pattern":
            return _("“{name}” has a form that is not allowed: {value}.", name=where, value=got), _("It must fit {pattern}.", pattern=value)
        case "propertyNames":
            return _("A key in “{name}” is not allowed: {value}.", name=where, value=got), None
        case "minLength" | "minItems":
            return _("“{name}” must not be empty.", name=where), None
        case "maxLength":
            return _("“{name}” is longer than {n} characters.", name=where, n=value), None
        case "maxItems" | "maxProperties":
            return _("“{name}” has more than {n} entries.", name=where, n=value), None
        case "uniqueItems":
            return _("“{name}” names something twice.", name=where), None
        case "minimum" | "exclusiveMinimum":
            return _("“{name}” must be at least {n}.", name=where, n=value), None
        case "maximum" | "exclusiveMaximum":
            return _("“{name}” must be at most {n}.", name=where, n=value), None
    return _("“{name}” can't be {value}.", name=where, value=got), None


def _short(value: Any) -> str:
    text = str(value) if not isinstance(value, str) else f"“{value}”"
    return text if len(text) <= 60 else text[:59] + "…"


def _problem(node: Node, path: str, code: str, message: Text, hint: Text | str | None = None) -> Problem:
    return Problem(code, message, str(node.source or ""), hint, node.uid, {"path": path})


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that was most likely meant."""
    found = difflib.get_close_matches(name.casefold(), [k for k in known if isinstance(k, str)], n=1, cutoff=0.6)
    return found[0] if found else None


def nearest_hint(name: str, known: Iterable[str]) -> Text | None:
    """The hint with the nearest known name, if there is one."""
    found = nearest(name, known)
    return _("Did you mean {name}?", name=found) if found else None


# --- friendly readings --------------------------------------------------------------------------------------------


def normal(kind: str, props: Mapping[str, Any]) -> dict[str, Any]:
    """Properties with numbers where the schema wants numbers and texts where it wants texts: ``default: 7`` is the
    formula "7", ``min: 0.5`` (which the YAML reader gives as exact text) the number 0.5. Nothing else changes."""
    found = {name: _fitting(p.schema, props[name]) for name, p in props_of(KINDS[kind]).items() if name in props}
    found = {name: found.get(name, value) for name, value in props.items()}
    type_ = fieldtypes.find(found["type"]) if kind == "field" and isinstance(found.get("type"), str) else None
    if type_ is not None and isinstance(found.get("settings"), Mapping):
        declared = props_of(type_.Settings)
        found["settings"] = {k: _fitting(declared[k].schema, v) if k in declared else v for k, v in found["settings"].items()}
    return found


def _fitting(schema: Schema, value: Any) -> Any:
    wanted = schema.get("type")
    if wanted is None and "anyOf" in schema and isinstance(value, (int, bool)):
        wanted = "string" if any(s.get("type") == "string" for s in schema["anyOf"]) else None
    if wanted == "string" and isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if wanted == "string" and isinstance(value, int):
        return str(value)
    if wanted == "number" and isinstance(value, str) and _NUMBER.match(value):
        return float(value) if "." in value else int(value)
    if wanted == "object" and isinstance(value, Mapping) and isinstance(schema.get("additionalProperties"), Mapping):
        return {k: _fitting(schema["additionalProperties"], v) for k, v in value.items()}
    if wanted == "array" and isinstance(value, list) and isinstance(schema.get("items"), Mapping):
        items = schema["items"]
        return [_object_fitting(items, v) if isinstance(v, Mapping) else _fitting(items, v) for v in value]
    return value


def _object_fitting(schema: Schema, value: Mapping[str, Any]) -> dict[str, Any]:
    declared = schema.get("properties", {})
    return {k: _fitting(declared[k], v) if k in declared else v for k, v in value.items()}
