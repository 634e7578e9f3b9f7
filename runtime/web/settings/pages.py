"""The side navigation of the settings, in one list, and what every page of it gets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kernel.i18n import Text, _
from kernel.platform.ctx import Ctx
from runtime.web.sight import base_of


def everybody(ctx: Ctx) -> bool:
    """Whoever is signed in."""
    return True


def administrators(ctx: Ctx) -> bool:
    """Who holds the right to administer; the routes of such pages need ``Need.ADMIN``."""
    return "administer" in ctx.actor.rights


@dataclass(frozen=True, slots=True)
class SettingsPage:
    """One line of the navigation. ``path`` is below the workspace's address."""

    key: str
    label: Text
    icon: str
    path: str
    sees: Callable[[Ctx], bool] = everybody


@dataclass(frozen=True, slots=True)
class SettingsGroup:
    """Lines under one heading."""

    label: Text
    pages: tuple[SettingsPage, ...]


@dataclass(frozen=True, slots=True)
class MeSection:
    """A further section of "My profile": a template and what it needs, asked when the page is shown."""

    template: str
    context: Callable[[Ctx], Mapping[str, Any]]


GROUPS: tuple[SettingsGroup, ...] = (
    SettingsGroup(_("Mine"), (
        SettingsPage("me", _("My profile"), "user", "/me"),
        SettingsPage("jobs", _("My jobs"), "list-check", "/jobs"),
        SettingsPage("notices", _("Notifications"), "bell", "/settings/notices"),
        SettingsPage("absence", _("Absence"), "calendar-event", "/settings/absence"),
        SettingsPage("sessions", _("Signed-in devices"), "device-mobile", "/settings/sessions"),
        SettingsPage("tokens", _("API tokens"), "key", "/settings/tokens"),
    )),
    SettingsGroup(_("Workspace"), (
        SettingsPage("workspace", _("Workspace"), "building", "/settings/workspace", administrators),
        SettingsPage("people", _("People"), "users", "/settings/people", administrators),
        SettingsPage("roles", _("Roles"), "shield-check", "/settings/roles", administrators),
        SettingsPage("teams", _("Teams"), "sitemap", "/settings/teams", administrators),
        SettingsPage("mail", _("Mail"), "mail", "/settings/mail", administrators),
        SettingsPage("promises", _("Time limits"), "clock", "/settings/promises", administrators),
        SettingsPage("connections", _("Connections"), "link", "/settings/connections", administrators),
        SettingsPage("outgoing", _("Web hooks and robots"), "world", "/settings/outgoing", administrators),
        SettingsPage("failed", _("Work that failed"), "refresh", "/settings/failed", administrators),
        SettingsPage("calendars", _("Working calendars"), "calendar-time", "/settings/calendars"),
        SettingsPage("automations", _("Automations"), "bolt", "/settings/automations", administrators),
        SettingsPage("all_tokens", _("Everybody's API tokens"), "shield-lock", "/settings/all-tokens", administrators),
        SettingsPage("deliveries", _("Notices sent"), "send", "/settings/deliveries", administrators),
        SettingsPage("audit", _("Audit log"), "history", "/settings/audit", administrators),
        SettingsPage("volumes", _("Data volumes"), "database", "/settings/volumes", administrators),
    )),
)

# Sections that other parts add to "My profile", in order.
ME_SECTIONS: tuple[MeSection, ...] = ()


def frame(ctx: Ctx, key: str) -> dict[str, Any]:
    """The context of a page of the settings: the navigation as its reader sees it, and where they are."""
    base = base_of(ctx)
    groups = [
        {"label": group.label, "pages": [{"label": p.label, "icon": p.icon, "href": base + p.path, "active": p.key == key} for p in seen]}
        for group in GROUPS if (seen := [p for p in group.pages if p.sees(ctx)])]
    return {"settings_groups": groups, "base_url": base}
