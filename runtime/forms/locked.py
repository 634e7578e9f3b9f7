"""A value that stands when a form opens in place: seen and sent, not changed (the record the new one is made for)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from runtime.forms.build import FormView


def ids_of(texts: Any) -> Any:
    """What a reference field's texts name, as its value: one id, several, or None."""
    found = tuple(t for t in (texts or ()) if isinstance(t, str) and t)
    return found if len(found) > 1 else found[0] if found else None


def lock_field(form: FormView, key: str, texts: Any, labels: Mapping[str, str]) -> None:
    """Print the field's value instead of its control, with hidden inputs that send it along."""
    values = [t for t in texts if isinstance(t, str) and t]
    view = next((f for f in form.fields if f.key == key), None)
    if view is None or not values or any(v not in labels for v in values):
        return
    hidden = Markup("").join(Markup('<input type="hidden" name="{}" value="{}">').format(key, v) for v in values)
    words = Markup('<output class="control control-readonly value-output" id="{0}" aria-labelledby="{0}-label" tabindex="0">{1}</output>')
    view.markup = words.format(view.id, ", ".join(labels[v] for v in values)) + hidden
    view.locked, view.help, view.group = True, None, False
