"""The options that a field's value can be: those of its option set, the states of its machine, or the working calendars."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from kernel.expr.types import Option as ExprOption
from kernel.fieldtypes.base import Unreadable
from kernel.i18n import _
from kernel.model.elements import Calendar, Element, Field, Option, OptionSet, State


def options_of(field: Field) -> tuple[Option | State | Calendar, ...]:
    """Options in their order, retired ones included; none while the field stands in no application."""
    home = field.home
    if home is None:
        return ()
    if field.type == "state":
        machine = machine_of(field)
        return machine.states if machine else ()
    if field.type == "calendar":
        return tuple(home.calendars.values())
    found = home.option_sets.get(str(field.settings.get("options", "")))
    return found.options if found else ()


def machine_of(field: Field):  # type: ignore[no-untyped-def]
    """The state machine of a field of type state."""
    if field.home is None:
        return None
    wanted = field.settings.get("machine")
    return next((m for m in field.home.machines_of(field.entity) if m.key == wanted), None)


def option_of(field: Field, key: str) -> Option | State | Calendar | None:
    """The option with this key."""
    if field.home is not None and field.type not in ("state", "calendar"):
        found: OptionSet | None = field.home.option_sets.get(str(field.settings.get("options", "")))
        if found is not None:
            return found.by_key.get(key)
    return next((o for o in options_of(field) if o.key == key), None)


def expr_options(options: Sequence[Element]) -> tuple[ExprOption, ...]:
    """Options as expressions know them."""
    return tuple(ExprOption(o.key, o.names) for o in options)


def label_of(field: Field, key: str, language: str) -> str:
    """What people read for a key; the key itself when the option is gone."""
    option = option_of(field, key)
    return option.label.to(language) if option else key


def by_words(field: Field, text: str) -> str:
    """The key of the option that ``text`` names: by key, or by label or alias in any language. Raises Unreadable."""
    written = unicodedata.normalize("NFKC", text).strip()
    options = options_of(field)
    for option in options:
        if option.key == written:
            return option.key
    folded = written.casefold()
    found = {o.key for o in options if any(unicodedata.normalize("NFKC", n).strip().casefold() == folded for n in (o.key, *o.names))}
    if len(found) == 1:
        return found.pop()
    if len(found) > 1:
        raise Unreadable("unknown_option", _("“{name}” could mean several options.", name=written), _("Write the key: {keys}.", keys=sorted(found)))
    raise unknown_option(field, written)


def unknown_option(field: Field, written: str) -> Unreadable:
    offered = [o.label for o in options_of(field) if not getattr(o, "retired", False)]
    shown = _("Choose one of: {options}.", options=offered[:20]) if offered else None
    return Unreadable("unknown_option", _("“{name}” is not among the options.", name=written[:100]), shown)
