"""The rules of a form for the browser: trees it works out by itself, and what it must ask the server for.

A rule is local when everything it reads stands in the form or is known beforehand; one that looks through references,
or reads what this person may not see, is answered by the server (``answer``). The record road decides in any case.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kernel.expr.expression import Expression
from kernel.expr.javascript import to_js
from kernel.fieldtypes.options import options_of
from kernel.i18n import pick
from kernel.model.elements import Element, Field
from kernel.platform.ctx import Ctx
from runtime.forms.layout import Layout, Part
from runtime.forms.prepare import Prepared, prepared, reader_of
from runtime.forms.shown import Surroundings, words

LOCAL = frozenset({
    "text", "long_text", "integer", "decimal", "money", "percent", "boolean", "date", "datetime", "choice", "choices", "phone", "email", "url",
    "reference", "references", "user", "team", "rating", "file", "files", "image", "images", "signature",
})
"""Types whose inputs the browser can read as expression values."""

SHOWN_LOCALLY = frozenset({"integer", "decimal", "money", "percent", "text", "long_text", "choice", "boolean", "rating"})
"""Types whose computed values the browser can print as the server would."""

RULES: Mapping[str, str] = {"show": "show_when", "require": "required_when", "read_only": "read_only_when"}


def of(ctx: Ctx, layout: Layout, readable: frozenset[str], writable: frozenset[str], prefix: str) -> dict[str, Any]:
    """The program of a form; JSON."""
    return _Program(ctx, layout, readable, writable, prefix).made


class _Program:
    def __init__(self, ctx: Ctx, layout: Layout, readable: frozenset[str], writable: frozenset[str], prefix: str) -> None:
        self.ctx, self.layout = ctx, layout
        self.schema = ctx.app.schema
        self.entity = layout.entity
        self.readable, self.writable = readable, writable
        self.inputs = {f.key for f in layout.fields if f.key in writable and prepared(ctx, f).type.writable}
        self.fixed: dict[str, Any] = {}
        self.remote: set[str] = set()
        self.computed: dict[str, Any] = {}
        fields: dict[str, Any] = {}
        rows: dict[str, Any] = {}
        for key in self._derived():
            self._compute(self.entity.field(key))
        for field in layout.fields:
            if field.key not in readable:
                continue
            fields[field.key] = self._field(field, field.key)
            if field.type == "rows":
                rows[field.key] = {f.key: self._field(f, f.key) for f in field.fields if f"{field.key}.{f.key}" in readable}
        parts = {f"{prefix}-s-{part.key}": tree for part in layout.parts if (tree := self._part(part)) is not None}
        self.made = {
            "prefix": prefix, "zone": ctx.tenant.zone, "reader_zone": ctx.actor.zone, "now": ctx.now.isoformat().replace("+00:00", "Z"),
            "language": ctx.language, "fields": fields, "rows": rows, "parts": parts, "computed": self.computed, "fixed": self.fixed,
            "remote": sorted(self.remote),
        }

    def _derived(self) -> Iterable[str]:
        """Own computed fields in the order in which they follow from each other."""
        return [k for k in self.schema.derivation_order(self.entity.key) if "." not in k and self.entity.field(k).type == "computed"]

    def _expression(self, element: Element, name: str) -> Expression | None:
        try:
            return self.schema.expression(element, name)
        except KeyError:
            return None

    def _compute(self, field: Field) -> None:
        expression = self._expression(field, "value")
        if expression is None:
            return
        p = prepared(self.ctx, field)
        shown = _format(p, self.ctx.language)
        if shown is None or not self._local(expression, None):
            if field.key in self.readable:
                self.remote.add(field.key)
            return
        self.computed[field.key] = {**to_js(expression), "shown": shown}

    def _field(self, field: Field, key: str) -> dict[str, Any]:
        p = prepared(self.ctx, field)
        found: dict[str, Any] = {"type": p.shape.type, "look": p.attrs.get("data-look"), "required": field.required}
        rows = self.entity.field(field.parent_field) if field.parent_field else None
        for name, prop in RULES.items():
            expression = self._expression(field, prop)
            if expression is None:
                continue
            if self._local(expression, rows):
                found[name] = to_js(expression)
            else:
                self.remote.add(field.parent_field or key)
        default = self._expression(field, "default")
        alone = rows is None and field.type in LOCAL - {"datetime", "files", "images"}
        if default is not None and default.reads and alone and self._local(default, None):
            found["default"] = to_js(default)
        if p.type.key == "computed" and rows is not None:
            expression = self._expression(field, "value")
            shown = _format(p, self.ctx.language)
            if expression is not None and shown is not None and self._local(expression, rows):
                found["value"] = {**to_js(expression), "shown": shown}
            elif field.parent_field:
                self.remote.add(field.parent_field)
        elif not p.type.writable and p.type.key != "computed" and rows is None and p.type.key in ("lookup", "rollup"):
            self.remote.add(key)
        return found

    def _part(self, part: Part) -> dict[str, Any] | None:
        if part.element is None:
            return None
        expression = self._expression(part.element, "show_when")
        if expression is None:
            return None
        if self._local(expression, None):
            return to_js(expression)
        self.remote.add(f"#{part.key}")
        return None

    def _local(self, expression: Expression, rows: Field | None) -> bool:
        """Whether the browser knows everything the expression reads; constants are noted on the way. Of calendars it knows none."""
        return not (expression.by_calendar and self.ctx.app.calendars) and all(self._known(path, rows) for path in expression.reads)

    def _known(self, path: tuple[str, ...], rows: Field | None) -> bool:
        if path[0] == "param" and len(path) == 2:
            parameter = self.ctx.app.parameters.get(path[1])
            if parameter is None:
                return False
            self.fixed[".".join(path)] = parameter.value if isinstance(parameter.value, bool) else str(parameter.value)
            return parameter.type != "duration"
        if path[0] == "me":
            if len(path) == 1 or path == ("me", "id"):
                self.fixed[".".join(path)] = self.ctx.actor.person
                return True
            return False
        if rows is not None:
            if path[0] == "parent":
                return len(path) == 2 and self._own(path[1])
            field = rows.by_key.get(path[0])
            if field is not None:
                return len(path) == 1 and self._row_input(rows, field)
        if len(path) == 1:
            return self._own(path[0])
        field = self.entity.by_key.get(path[0])
        if field is not None and field.type == "rows" and len(path) == 2:
            inner = field.by_key.get(path[1])
            return inner is not None and field.key in self.inputs and self._row_input(field, inner)
        return False

    def _own(self, key: str) -> bool:
        if key in self.computed:
            return True
        field = self.entity.by_key.get(key)
        if field is None:
            return False
        return key in self.inputs and (field.type in LOCAL or field.type == "rows")

    def _row_input(self, rows: Field, field: Field) -> bool:
        return rows.key in self.inputs and field.type in LOCAL and f"{rows.key}.{field.key}" in self.writable


def _format(p: Prepared, language: str) -> dict[str, Any] | None:
    """How the browser prints a computed value; None where only the server can."""
    kind = p.shape.type
    if kind not in SHOWN_LOCALLY:
        return None
    settings = p.shape_type.settings(p.shape)
    if kind in ("integer", "decimal", "rating"):
        unit = pick(getattr(settings, "unit", None) or {}, language)
        places = settings.places if kind == "decimal" else 0
        return {"as": "number", "places": places, "trim": bool(getattr(settings, "trim", False)), "unit": unit}
    if kind == "percent":
        return {"as": "percent", "places": settings.places}
    if kind == "money":
        return {"as": "server"} if settings.currencies else {"as": "money", "places": settings.places}
    if kind == "choice":
        return {"as": "choice", "labels": {o.key: o.label.to(language) for o in options_of(p.shape)}}
    return {"as": kind if kind == "boolean" else "text"}


def answer(
    ctx: Ctx, layout: Layout, found: Any, readable: frozenset[str], labels: Mapping[str, str], hidden: frozenset[str]
) -> dict[str, Any]:
    """What the server says about a form as it stands: rules, and derived values in words."""
    around = Surroundings(f"/t/{ctx.tenant.slug}", reader_of(ctx, labels))
    fields: dict[str, Any] = {}
    for field in layout.fields:
        if field.key not in readable:
            continue
        p = prepared(ctx, field)
        rule = found.rules.get(field.key)
        said: dict[str, Any] = {}
        if rule is not None:
            said.update(shown=rule.shown, required=rule.required or field.required, read_only=rule.read_only)
        if not p.type.writable:
            said["text"] = words(p, found.values.get(field.key), around)
        if said:
            fields[field.key] = said
    for path, rule in found.rules.items():
        if "[" in path and path.split("[")[0] in readable:
            fields[path] = {"shown": rule.shown, "required": rule.required, "read_only": rule.read_only}
    return {"fields": fields, "parts": {part.key: part.key not in hidden for part in layout.parts if part.element is not None}}


