"""Fields that can be made on a page: their few settings, and the changes that make or alter one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from builder.layers.change import Change, add
from builder.layers.place import rank_at
from builder.publish.tenant_overlay import mint
from kernel.errors import Message
from kernel.expr.findings import ExpressionError
from kernel.expr.parse import parse
from kernel.i18n import _
from kernel.model.application import Application
from kernel.model.elements import Entity, Field
from kernel.model.schema import SYSTEM_NAMES
from kernel.model.tree import Node

CREATABLE = (
    "text", "long_text", "integer", "decimal", "money", "percent", "date", "datetime", "boolean", "choice", "choices", "phone", "email", "url",
    "user", "team", "reference", "files", "images", "rating",
)
"""Types offered on the page, in this order. Rows, formulas, roll-ups and look-ups need more than a dialog: they come from a file."""

WITH_OPTIONS = ("choice", "choices")
NEVER_UNIQUE = ("boolean", "choices", "files", "images", "references", "rows", "long_text", "rating", "signature")
_KEY = re.compile(r"[a-z][a-z0-9_]{0,49}\Z")


@dataclass(slots=True)
class Draft:
    """What the dialog holds, as typed; ``errors`` by the name of the input."""

    key: str = ""
    label_zh: str = ""
    label_en: str = ""
    help_zh: str = ""
    help_en: str = ""
    type: str = "text"
    options: str = ""
    to: str = ""
    required: bool = False
    unique: bool = False
    default: str = ""
    errors: dict[str, Message] = field(default_factory=dict)


def read(form: Mapping[str, str]) -> Draft:
    """The dialog's input."""
    def text(name: str) -> str:
        return str(form.get(name, "")).strip()

    return Draft(
        text("key"), text("label_zh"), text("label_en"), text("help_zh"), text("help_en"), text("type") or "text", text("options"), text("to"),
        bool(form.get("required")), bool(form.get("unique")), text("default"))


def draft_of(found: Field) -> Draft:
    """A field as the dialog shows it."""
    return Draft(
        found.key, found.labels.get("zh", ""), found.labels.get("en", ""), found.help.get("zh", ""), found.help.get("en", ""), found.type,
        str(found.settings.get("options") or ""), str(found.settings.get("to") or ""), found.required, found.unique, found.default or "")


def check(app: Application, entity: Entity, draft: Draft, existing: Field | None) -> None:
    """Fill ``draft.errors``: what a person can mend here. Everything else is the matter of the checks."""
    errors = draft.errors
    if not (draft.label_zh or draft.label_en):
        errors["label_zh"] = _("Give the field a name.")
    for name in ("label_zh", "label_en", "help_zh", "help_en"):
        if len(getattr(draft, name)) > 200:
            errors[name] = _("This is too long: at most {n} characters.", n=200)
    if existing is None:
        _check_new(app, entity, draft)
    if draft.unique and draft.type in NEVER_UNIQUE:
        errors["unique"] = _("Values of this type can't be kept unique.")
    if draft.default:
        try:
            parse(draft.default)
        except ExpressionError as error:
            errors["default"] = _("This formula can't be read: {why}", why=error.findings[0].message if error.findings else str(error))


def _check_new(app: Application, entity: Entity, draft: Draft) -> None:
    draft.key = draft.key or key_from(draft.label_en, entity)
    if not _KEY.match(draft.key):
        draft.errors["key"] = _("Use small letters, digits and _, starting with a letter.")
    elif draft.key in entity.by_key or draft.key in SYSTEM_NAMES:
        draft.errors["key"] = _("“{key}” is taken already. Choose another one.", key=draft.key)
    if draft.type not in CREATABLE:
        draft.errors["type"] = _("Choose one of the types in the list.")
    if draft.type in WITH_OPTIONS and draft.options not in app.option_sets:
        draft.errors["options"] = _("Choose the list of options.")
    if draft.type == "reference" and draft.to not in app.entities:
        draft.errors["to"] = _("Choose what it refers to.")


def key_from(label: str, entity: Entity) -> str:
    """A key made of an English name; a numbered one when there is nothing to make it of."""
    made = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")[:40]
    if not made or not made[0].isalpha():
        made = "field"
    key, number = made, 1
    while key in entity.by_key or key in SYSTEM_NAMES:
        number += 1
        key = f"{made}_{number}"
    return key


def adding(app: Application, entity: Entity, draft: Draft, layer: str) -> list[Change]:
    """The changes that add the field at the end, and to the last section of every form of the entity."""
    settings: dict[str, Any] = {}
    if draft.type in WITH_OPTIONS:
        settings["options"] = draft.options
    if draft.type == "reference":
        settings["to"] = draft.to
    props: dict[str, Any] = {"type": draft.type, "labels": _by_language(draft.label_zh, draft.label_en)}
    if draft.help_zh or draft.help_en:
        props["help"] = _by_language(draft.help_zh, draft.help_en)
    props |= {name: True for name in ("required", "unique") if getattr(draft, name)}
    if draft.default:
        props["default"] = draft.default
    if settings:
        props["settings"] = settings
    changes = [add(Node(mint(f"{entity.key}.{draft.key}"), "field", draft.key, entity.uid, "fields", _last(app, entity.uid, "fields"), props, layer))]
    for form in app.forms_of(entity.key):
        if form.sections:
            section = form.sections[-1]
            changes.append(add(Node(
                mint(f"form/{form.key}.{section.key}.{draft.key}"), "item", draft.key, section.uid, "items", _last(app, section.uid, "items"), {}, layer)))
    return changes


def _by_language(zh: str, en: str) -> dict[str, str]:
    return {language: text for language, text in (("zh", zh), ("en", en)) if text}


def _last(app: Application, parent: str, slot: str) -> str:
    return rank_at([n for n in app.tree.values() if n.parent == parent and n.slot == slot])[0]


def altering(found: Field, draft: Draft) -> list[Change]:
    """The changes between the field as it is and what the dialog says."""
    changes: list[Change] = []
    texts = (("labels", "zh", draft.label_zh), ("labels", "en", draft.label_en), ("help", "zh", draft.help_zh), ("help", "en", draft.help_en))
    for head, language, now in texts:
        was = getattr(found, head).get(language, "")
        if now != was:
            changes.append(Change("set", found.uid, f"{head}.{language}", now) if now else Change("unset", found.uid, f"{head}.{language}"))
    for name in ("required", "unique"):
        if getattr(draft, name) != getattr(found, name):
            changes.append(Change("set", found.uid, name, getattr(draft, name)))
    if draft.default != (found.default or ""):
        changes.append(Change("set", found.uid, "default", draft.default) if draft.default else Change("unset", found.uid, "default"))
    return changes
