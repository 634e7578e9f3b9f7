"""The menu behind the three dots of a list: what can be done with the list itself. Other parts add their entries here."""

from __future__ import annotations

from typing import Any

from kernel.i18n import _
from kernel.platform.ctx import Ctx
from runtime.exports.write import may as may_export
from runtime.lists.saved import may_change
from runtime.web.list_state import Asked


def dialog(url: str) -> dict[str, str]:
    """Attributes of a link that opens as a dialog over the list."""
    return {"hx-get": url, "hx-target": "#dialog-root", "hx-swap": "innerHTML"}


def items(ctx: Ctx, asked: Asked) -> list[dict[str, Any]]:
    """The entries."""
    save = asked.url("/views/new", cursor=None)
    manage = asked.url("/views", cursor=None)
    found: list[dict[str, Any]] = [{"label": _("Save as a view"), "icon": "plus", "href": save, "attrs": dialog(save)}]
    saved = asked.lens.saved
    if saved is not None and may_change(ctx, saved):
        edit = asked.url(f"/views/{saved.id}", cursor=None)
        found.append({"label": _("Rename or share this view"), "icon": "pencil", "href": edit, "attrs": dialog(edit)})
    found.append({"label": _("Pin and sort views"), "icon": "star", "href": manage, "attrs": dialog(manage)})
    found.append({"label": _("Print"), "icon": "printer", "href": asked.url("/print", cursor=None)})
    if asked.filters:
        form = asked.url("/filter", cursor=None)
        typed = f"{form}{'&' if '?' in form else '?'}typed=1&chips=1"
        found.append({"label": _("Write the filters as a condition"), "icon": "math-function", "href": typed, "attrs": dialog(typed)})
    if may_export(ctx):
        export = asked.url("/export", cursor=None)
        found += [{"divider": True}, {"label": _("Export"), "icon": "download", "href": export, "attrs": dialog(export)}]
    return found
