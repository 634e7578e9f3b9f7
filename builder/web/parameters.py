"""All parameters on one page: the template's value beside the tenant's, changed in place."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from flask import Request

from builder.layers.change import Change
from builder.web import words
from builder.web.frame import form_page
from builder.web.proposal import LAYER, Proposal, package_names, template_value
from builder.web.review import just_published, review
from builder.web.uses import Use, uses_of_parameter
from kernel.errors import Message
from kernel.i18n import Labels, _
from kernel.model.elements import Parameter
from kernel.platform.ctx import Ctx
from kernel.platform.jsonvalues import JsonRefused, dumps, read_strict
from kernel.web.rendering import Page

MAX_TEXT = 2_000
TITLE = _("Change parameters")


class Unusable(Exception):
    """What was typed is no value of the parameter; the message says how to mend it."""

    def __init__(self, message: Message) -> None:
        super().__init__(str(message))
        self.message = message


@dataclass(frozen=True, slots=True)
class Row:
    """A parameter as the page shows it; ``text`` and ``unit`` fill the inputs, ``was`` is the value the page was made with."""

    parameter: Parameter
    text: str
    unit: str
    was: str
    template: Message | None
    own: bool
    bounds: Message | None
    uses: tuple[Use, ...]
    error: Message | None = None


def parameters(ctx: Ctx, request: Request) -> Page:
    """``GET /design/parameters``"""
    return _page(ctx, request, {}, {})


def change(ctx: Ctx, request: Request) -> Page:
    """``POST /design/parameters``: the review of what differs from what the page showed."""
    form = request.form
    reset = form.get("reset", "")
    errors: dict[str, Message] = {}
    if reset:
        changes = _back_to_template(ctx, reset)
    else:
        changes = []
        for parameter in ctx.app.parameters.values():
            if f"value.{parameter.key}" not in form:
                continue
            try:
                value = read(parameter, form[f"value.{parameter.key}"], form.get(f"unit.{parameter.key}", "s"))
            except Unusable as error:
                errors[parameter.key] = error.message
                continue
            if not _same(value, _shown(form.get(f"was.{parameter.key}", ""), parameter.value)):
                changes.append(Change("set", parameter.uid, "value", value))
    if errors or not changes:
        return _page(ctx, request, form, errors, nothing=not errors, status=422 if errors else 200)
    return review(ctx, request, Proposal("changes", "parameters", tuple(changes)), TITLE, form.get("base", ""))


def _back_to_template(ctx: Ctx, key: str) -> list[Change]:
    parameter = ctx.app.parameters.get(key)
    given = template_value(ctx)
    if parameter is None or parameter.uid not in given:
        return []
    return [Change("set", parameter.uid, "value", given[parameter.uid])]


def _shown(was: str, now: Any) -> Any:
    """The value the page was made with: what nobody touched must not take back what somebody else has published."""
    try:
        return read_strict(was)
    except JsonRefused:
        return now


def _same(a: Any, b: Any) -> bool:
    return isinstance(a, bool) is isinstance(b, bool) and a == b


def read(parameter: Parameter, text: str, unit: str = "s") -> Any:
    """The value of what was typed. Raises Unusable."""
    text = unicodedata.normalize("NFKC", text).strip()
    if not text and parameter.type != "text":
        raise Unusable(_("A value is needed."))
    if parameter.type == "text":
        if len(text) > MAX_TEXT:
            raise Unusable(_("This is too long: at most {n} characters.", n=MAX_TEXT))
        return text
    if parameter.type == "boolean":
        if text not in ("true", "false"):
            raise Unusable(_("Choose yes or no."))
        return text == "true"
    if parameter.type == "date":
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError as error:
            raise Unusable(_("This is no date. Write it like 2026-11-24.")) from error
    value = _number(text)
    if parameter.type == "duration":
        value *= next((size for key, size, _label in words.UNITS if key == unit), 1)
    least, most = (None if b is None else Decimal(str(b)) for b in (parameter.min, parameter.max))
    if (least is not None and value < least) or (most is not None and value > most):
        raise Unusable(_("Only {bounds} is allowed.", bounds=bounds(parameter)))
    return int(value) if value == value.to_integral_value() else float(value)


def _number(text: str) -> Decimal:
    try:
        value = Decimal(text.replace(",", "").replace(" ", "")) if len(text) <= 30 else None
    except InvalidOperation:
        value = None
    # A value beyond 15 digits would not come back from JSON as it was typed.
    if value is None or not value.is_finite() or abs(value) >= 10**15:
        raise Unusable(_("This is no number. Write it like 1500 or 0.25."))
    return value


def bounds(parameter: Parameter) -> Message | None:
    """What is allowed, in words."""
    least, most = (None if b is None else words.value_words(parameter.type, b) for b in (parameter.min, parameter.max))
    if least is not None and most is not None:
        return _("{least} to {most}", least=least, most=most)
    if least is not None:
        return _("{n} or more", n=least)
    return _("at most {n}", n=most) if most is not None else None


def _page(ctx: Ctx, request: Request, form: Mapping[str, str], errors: Mapping[str, Message], *, nothing: bool = False, status: int = 200) -> Page:
    given = template_value(ctx)
    packages = package_names(ctx)
    used = uses_of_parameter(ctx.app)
    groups: dict[str, list[Row]] = {}
    for parameter in ctx.app.parameters.values():
        groups.setdefault(parameter.origin, []).append(_row(parameter, given, used[parameter.uid], form, errors.get(parameter.key)))
    named = [(packages.get(origin) or (_("Your own") if origin == LAYER else Labels({}, origin)), rows) for origin, rows in groups.items()]
    context = {
        "groups": named, "units": [(key, label) for key, _size, label in words.UNITS], "base_hash": ctx.release.hash, "errors": len(errors),
        "nothing": nothing and bool(form), "changed": sum(r.own for rows in groups.values() for r in rows), "published": just_published(request),
    }
    return form_page(ctx, request, "parameters.html", context, place="parameters", status=status)


def _row(parameter: Parameter, given: Mapping[str, Any], uses: list[Use], form: Mapping[str, str], error: Message | None) -> Row:
    if parameter.type == "duration":
        text, unit = words.duration_parts(parameter.value)
    elif parameter.type == "boolean":
        text, unit = "true" if parameter.value else "false", ""
    else:
        text, unit = words.number_text(parameter.value) if parameter.type == "number" else str(parameter.value), ""
    template = given.get(parameter.uid)
    return Row(
        parameter, form.get(f"value.{parameter.key}", text), form.get(f"unit.{parameter.key}", unit), dumps(parameter.value),
        words.value_words(parameter.type, template) if parameter.uid in given else None,
        parameter.uid in given and not _same(template, parameter.value), bounds(parameter), tuple(uses), error)
