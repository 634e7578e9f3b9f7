"""Moments and lengths of time in words. Relative when near, the date when far; the exact moment stands in the tooltip."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from markupsafe import Markup, escape

from kernel.fieldtypes.base import Reader
from kernel.i18n import Text, _

WEEKDAYS: tuple[Text, ...] = (_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun"))


def day_words(day: date, reader: Reader) -> str:
    """A day: today, tomorrow, a weekday within the week, else the date; the year only when it is another."""
    off = (day - reader.today).days
    near = {-1: _("yesterday"), 0: _("today"), 1: _("tomorrow")}.get(off)
    if near is not None:
        return near.to(reader.language)
    if 1 < off < 7:
        return WEEKDAYS[day.weekday()].to(reader.language)
    if reader.language == "zh":
        return f"{day.month}月{day.day}日" if day.year == reader.today.year else f"{day.year}年{day.month}月{day.day}日"
    text = f"{day:%b} {day.day}"
    return text if day.year == reader.today.year else f"{text}, {day.year}"


def full_day(day: date, reader: Reader) -> str:
    """The date with its weekday."""
    weekday = WEEKDAYS[day.weekday()].to(reader.language)
    return f"{day.month}月{day.day}日 {weekday}" if reader.language == "zh" else f"{weekday}, {day:%b} {day.day}"


def clock_words(at: datetime, reader: Reader) -> str:
    """The time of day."""
    return at.astimezone(reader.zone).strftime("%H:%M")


def moment_text(at: datetime | None, reader: Reader) -> str:
    """A moment in words."""
    if at is None:
        return ""
    local = at.astimezone(reader.zone)
    off = (local.date() - reader.today).days
    if off in (-1, 0, 1):
        near = day_words(local.date(), reader)
        return f"{near} {local:%H:%M}"
    return day_words(local.date(), reader) if off < -6 or off > 6 else f"{day_words(local.date(), reader)} {local:%H:%M}"


def moment_words(at: datetime | None, reader: Reader) -> Markup | str:
    """A moment in words, with the exact one on hover."""
    if at is None:
        return ""
    exact = at.astimezone(reader.zone).strftime("%Y-%m-%d %H:%M")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(iso(at), exact, escape(moment_text(at, reader)))


def iso(at: datetime) -> str:
    """RFC 3339 with Z."""
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def span_words(length: timedelta, language: str) -> str:
    """How long something took or takes: the largest unit, and the next one while it is small."""
    minutes = max(0, int(length.total_seconds() // 60))
    days, hours, rest = minutes // 1440, minutes % 1440 // 60, minutes % 60
    if days >= 10 or (days and not hours):
        return _("{n} days", n=days).to(language) if days != 1 else _("1 day").to(language)
    if days:
        return _("{d} d {h} h", d=days, h=hours).to(language)
    if hours >= 10 or (hours and not rest):
        return _("{n} h", n=hours).to(language)
    if hours:
        return _("{h} h {m} min", h=hours, m=rest).to(language)
    return _("{n} min", n=minutes).to(language) if minutes else _("just now").to(language)


def left_words(day: date, reader: Reader) -> str:
    """How far a day is away."""
    off = (day - reader.today).days
    if off == 0:
        return _("today").to(reader.language)
    if off < 0:
        return _("{n} days ago", n=-off).to(reader.language)
    return _("{n} days left", n=off).to(reader.language)


def date_words(day: date, reader: Reader) -> str:
    """A date as it is written out."""
    return f"{day.year}年{day.month}月{day.day}日" if reader.language == "zh" else f"{day:%b} {day.day}, {day.year}"


def full_moment(at: datetime, reader: Reader) -> str:
    """A moment as it is written out."""
    local = at.astimezone(reader.zone)
    return f"{date_words(local.date(), reader)} {local:%H:%M}"
