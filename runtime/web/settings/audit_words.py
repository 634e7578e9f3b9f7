"""What an entry of the audit log adds to its sentence: which roles, which fields, to whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from kernel.errors import Message
from kernel.i18n import Text, _, to_text
from kernel.platform.ctx import Ctx
from runtime.forms.prepare import reader_of
from runtime.forms.when import full_day
from runtime.records.labels import Wanted
from runtime.web.settings.tokens import SCOPES
from runtime.web.settings.workspace import NAMES as SETTINGS

_FIELDS = {"person.changed": "person", "team.changed": "team"}


def name_people(wanted: Wanted, row: Any) -> None:
    """Ask for the names that :func:`details` tells."""
    for person in _people(row):
        wanted.add("person", person)


def _people(row: Any) -> Iterator[str]:
    if row.kind == "person.handed_over":
        yield from dict.fromkeys(row.data.get("to", {}).values())
    elif row.kind == "absence.added" and row.data.get("substitute"):
        yield row.data["substitute"]


def details(ctx: Ctx, row: Any, names: Mapping[str, str]) -> str:
    """The rest of the story in a few words; empty where the sentence says it all."""
    return to_text(_(", "), ctx.language).join(to_text(m, ctx.language) for m in _details(ctx, row, names))


def _details(ctx: Ctx, row: Any, names: Mapping[str, str]) -> Iterator[Message]:
    data = row.data
    if row.kind == "role.changed":
        for sign, key in (("+", "given"), ("−", "taken")):
            yield from (_("{sign} {name}", sign=sign, name=_role(ctx, role)) for role in data.get(key) or ())
    elif row.kind in _FIELDS and isinstance(data.get("what"), list):
        entity = ctx.app.entities.get(_FIELDS[row.kind])
        yield from (entity.by_key[key].label if entity and key in entity.by_key else key for key in data["what"])
    elif row.kind == "person.login_changed":
        yield f"{data.get('from')} → {data.get('to')}"
    elif row.kind == "token.created":
        yield from (SCOPES[s][0] if s in SCOPES else s for s in data.get("scopes") or ())
    elif row.kind in ("person.handed_over", "absence.added"):
        yield from (f"→ {names.get(p) or '—'}" for p in _people(row))
        if data.get("from") and data.get("to") and row.kind == "absence.added":
            reader = reader_of(ctx)
            yield " – ".join(full_day(datetime.fromisoformat(data[key]).astimezone(reader.zone).date(), reader) for key in ("from", "to"))


def _role(ctx: Ctx, key: str) -> Message:
    return ctx.app.roles[key].label if key in ctx.app.roles else key


def slots(ctx: Ctx, row: Any) -> dict[str, Any]:
    """The values for the slots of the sentence."""
    found: dict[str, Any] = {k: v for k, v in row.data.items() if isinstance(v, (str, int, list))}
    name = found.get("name")
    if row.kind == "settings.changed" and isinstance(name, list):
        found["name"] = [SETTINGS.get(key, key) for key in name]
    if row.kind == "records.exported" and isinstance(name, str) and name in ctx.app.entities:
        found["name"] = ctx.app.entities[name].label
    return found


FAMILIES: Mapping[str, Text] = {
    "person": _("People"), "role": _("Roles"), "team": _("Teams"), "absence": _("Absences"), "sign_in": _("Sign-in"), "session": _("Sessions"),
    "device": _("Devices that ring"),
    "password": _("Passwords"), "token": _("API tokens"), "settings": _("Settings"), "secret": _("Secrets"), "records": _("Exports and final deletions"), "automation": _("Automations"),
    "source": _("Connections"), "connection": _("Web hooks and robots"), "work": _("Work that failed"), "audit": _("Audit log"), "release": _("Releases"), "clock": _("Clock of the machine")}
ICONS: Mapping[str, str] = {
    "person": "user", "role": "shield-check", "team": "users", "absence": "calendar-event", "sign_in": "lock", "session": "device-mobile", "device": "bell", "password": "key",
    "token": "key", "settings": "settings", "secret": "lock", "records": "download", "automation": "bolt", "source": "link", "connection": "world",
    "work": "refresh", "audit": "history", "release": "adjustments-horizontal", "clock": "clock"}
