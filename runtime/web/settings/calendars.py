"""The working calendars: a year at a glance, with what makes a day another one."""

from __future__ import annotations

from calendar import Calendar as Weeks
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import get_month_names
from flask import Request

from kernel.calendars.calendar import Day, WorkingCalendar
from kernel.calendars.compiled import calendar_of
from kernel.calendars.hours import text_of
from kernel.i18n import Labels, Text, _
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from runtime.clocks.whose import teams_with_their_own
from runtime.web.settings.pages import frame

FIRST, LAST = 2000, 2100
DAYS = (_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun"))
KINDS: dict[str, Text] = {
    "off": _("Day off"), "holiday": _("Public holiday"), "make_up": _("Make-up working day"), "exception_off": _("Closed"), "exception_work": _("Other hours")}


def show(ctx: Ctx, request: Request) -> Page:
    """One calendar's year. An unknown calendar or year falls back to the default one and this year."""
    today = ctx.now.astimezone(ctx.zone).date()
    known = list(ctx.app.calendars.values())
    context = {**frame(ctx, "calendars"), "calendar": None, "choices": []}
    chosen = ctx.app.calendars.get(request.args.get("calendar", "")) or ctx.app.default_calendar
    calendar = calendar_of(ctx.app, chosen.key, ZoneInfo(ctx.tenant.zone)) if chosen else None
    if chosen is None or calendar is None:
        return Page("runtime/settings/calendars.html", context)
    asked = request.args.get("year", "")
    year = int(asked) if asked.isdecimal() and FIRST <= int(asked) <= LAST else today.year
    base = f"{context['base_url']}/settings/calendars?calendar={chosen.key}&year="
    teams = teams_with_their_own(ctx)
    return Page("runtime/settings/calendars.html", {
        **context, "calendar": chosen, "year": year, "today": today, "zone": calendar.zone.key, "hours": _week(calendar), "days": DAYS,
        "months": [_month(calendar, year, month, today, ctx.language) for month in range(1, 13)], "notable": _notable(calendar, year, ctx.language),
        "worked": sum(calendar.day(date.fromordinal(n)).worked for n in range(date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal())),
        "provisional": calendar.day(date(year, 6, 1)).provisional, "teams": teams.get(chosen.key, []), "is_default": chosen is ctx.app.default_calendar,
        "earlier": f"{base}{year - 1}" if year > FIRST else None, "later": f"{base}{year + 1}" if year < LAST else None,
        "choices": [{
            "label": c.label, "href": f"{context['base_url']}/settings/calendars?calendar={c.key}&year={year}", "active": c is chosen} for c in known],
    })


def _week(calendar: WorkingCalendar) -> list[tuple[str, Any]]:
    """Hours of the week, neighbouring days with the same hours together."""
    found: list[tuple[int, int, str]] = []
    for n, shifts in enumerate(calendar.week):
        text = text_of(shifts)
        if found and found[-1][2] == text:
            found[-1] = (found[-1][0], n, text)
        else:
            found.append((n, n, text))
    return [(_range(a, b), text or _("Off")) for a, b, text in found]


def _range(first: int, last: int) -> Any:
    return DAYS[first] if first == last else _("{first} to {last}", first=DAYS[first], last=DAYS[last])


def _month(calendar: WorkingCalendar, year: int, month: int, today: date, language: str) -> dict[str, Any]:
    weeks = [[_cell(calendar.day(on), on.month == month, on == today, language) for on in week] for week in Weeks().monthdatescalendar(year, month)]
    return {"label": get_month_names("wide", "stand-alone", locale=language)[month], "weeks": weeks}


def _cell(day: Day, inside: bool, today: bool, language: str) -> dict[str, Any]:
    name = Labels(day.names, "").to(language) if day.names else ""
    words = [w for w in (name, KINDS[day.kind].to(language) if day.kind in KINDS and not name else "", text_of(day.shifts) if day.kind == "exception_work" else "") if w]
    return {"n": day.on.day, "iso": day.on.isoformat(), "kind": day.kind, "inside": inside, "today": today, "words": " · ".join(words)}


def _notable(calendar: WorkingCalendar, year: int, language: str) -> list[dict[str, Any]]:
    """Holidays, make-up days and own days of the year; days in a row with the same reason together."""
    found: list[dict[str, Any]] = []
    for n in range(date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal()):
        day = calendar.day(date.fromordinal(n))
        if day.kind in ("work", "off"):
            continue
        name = Labels(day.names, "").to(language) if day.names else KINDS[day.kind].to(language)
        same = found and found[-1]["last"].toordinal() == n - 1 and (found[-1]["name"], found[-1]["kind"]) == (name, day.kind)
        if same:
            found[-1]["last"] = day.on
        else:
            found.append({"first": day.on, "last": day.on, "name": name, "kind": day.kind, "what": KINDS[day.kind], "hours": text_of(day.shifts)})
    return found
