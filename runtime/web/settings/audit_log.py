"""Who did what to people, rights, settings and releases: searched, filtered, taken along as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import Request, current_app
from sqlalchemy import ColumnElement, or_, select
from werkzeug.wrappers import Response

from kernel.errors import Forbidden
from kernel.fieldtypes.ids import is_id
from kernel.i18n import Text, _, to_text
from kernel.platform import audit
from kernel.platform import tables as t
from kernel.platform.ctx import SYSTEM, Ctx
from kernel.web.rendering import Page
from runtime.exports.escape import escape
from runtime.forms.prepare import reader_of
from runtime.forms.when import moment_words
from runtime.records import query
from runtime.records.labels import Wanted, resolve
from runtime.web.settings.audit_words import FAMILIES, ICONS, details, name_people, slots
from runtime.web.settings.pages import frame
from runtime.web.sight import base_of

PAGE = 50
MOST_EXPORTED = 50_000


@dataclass(frozen=True, slots=True)
class Asked:
    """The filters of the page; what can't be read is left out."""

    q: str = ""
    family: str = ""
    person: str = ""
    first: date | None = None
    last: date | None = None

    def args(self, **more: str) -> str:
        given = {"q": self.q, "kind": self.family, "person": self.person, "from": self.first.isoformat() if self.first else "", "to": self.last.isoformat() if self.last else ""}
        return urlencode({k: v for k, v in {**given, **more}.items() if v})


def _read(request: Request) -> Asked:
    args = request.args
    family, person = args.get("kind", ""), args.get("person", "")
    return Asked(args.get("q", "").strip()[:200], family if family in FAMILIES else "", person if is_id(person) else "", _day(args.get("from", "")), _day(args.get("to", "")))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def show(ctx: Ctx, request: Request) -> Page:
    """The page, newest first."""
    asked = _read(request)
    before = request.args.get("before", "")
    rows = _rows(ctx, asked, PAGE + 1, before if is_id(before) else None)
    base = f"{base_of(ctx)}/settings/audit"
    wanted = Wanted()
    wanted.add("person", asked.person)
    names = resolve(ctx, wanted)
    return Page("runtime/settings/audit.html", {
        **frame(ctx, "audit"), "asked": asked, "families": list(FAMILIES.items()), "entries": _entries(ctx, rows[:PAGE]),
        "chosen": [(asked.person, names.get(asked.person) or _("Somebody"))] if asked.person else [],
        "lookup": f"{base_of(ctx)}/lookup/person/manager?all=1", "first": asked.first.isoformat() if asked.first else None, "last": asked.last.isoformat() if asked.last else None,
        "narrowed": asked != Asked(), "more": f"{base}?{asked.args(before=rows[PAGE - 1].id)}" if len(rows) > PAGE else None, "export": f"{base}/export?{asked.args()}"})


def _where(ctx: Ctx, asked: Asked) -> list[ColumnElement[bool]]:
    c = t.audit.c
    found: list[ColumnElement[bool]] = []
    if asked.family:
        found.append(c.kind.startswith(f"{asked.family}.", autoescape=True))
    if asked.person:
        found.append(or_(c.actor_id == asked.person, c.subject == asked.person))
    for day, after in ((asked.first, True), (asked.last, False)):
        if day is not None:
            moment = datetime.combine(day if after else day + timedelta(days=1), time(), tzinfo=ctx.zone)
            found.append(c.at >= moment if after else c.at < moment)
    if asked.q:
        people = [i.record.id for i in query.list_records(ctx, "person", query.ListQuery(fields=(), q=asked.q, limit=50)).items]
        # A kind is found by the words in which it is told.
        kinds = [key for key, words in audit.KINDS.items() if asked.q.casefold() in words.to(ctx.language).casefold()]
        found.append(or_(c.subject.contains(asked.q, autoescape=True), c.actor_id.in_(people), c.subject.in_(people), c.kind.in_(kinds), c.address == asked.q))
    return found


def _rows(ctx: Ctx, asked: Asked, limit: int, before: str | None) -> Sequence[Any]:
    c = t.audit.c
    statement = select(t.audit).where(*_where(ctx, asked)).order_by(c.id.desc()).limit(limit)
    return ctx.conn.execute(statement if before is None else statement.where(c.id < before)).all()


def _entries(ctx: Ctx, rows: Sequence[Any]) -> list[dict[str, Any]]:
    reader = reader_of(ctx)
    told = _told(ctx, rows)
    return [
        {"icon": ICONS.get(row.kind.partition(".")[0], "point-filled"), "words": words, "more": more, "when": moment_words(row.at, reader), "channel": row.channel, "address": row.address}
        for row, (words, more, _who) in zip(rows, told, strict=True)]


def _told(ctx: Ctx, rows: Sequence[Any]) -> list[tuple[str, str, str]]:
    """Each entry as a sentence, what there is to add, and who did it; names in a fixed number of statements."""
    wanted = Wanted()
    for row in rows:
        wanted.add("person", row.actor_id if row.actor_id != SYSTEM else None)
        if row.subject and is_id(row.subject):
            wanted.add("person", row.subject)
            wanted.add("team", row.subject)
        name_people(wanted, row)
    names = resolve(ctx, wanted)
    found = []
    for row in rows:
        who = names.get(row.actor_id or "") or (_("The system") if row.actor_id in (None, SYSTEM) else _("Somebody"))
        subject = names.get(row.subject or "") or row.subject or ""
        words = audit.KINDS.get(row.kind)
        params = {"who": who, "subject": subject, **slots(ctx, row)}
        sentence = Text(words.msgid, params).to(ctx.language) if words is not None else row.kind
        found.append((sentence, details(ctx, row, names), to_text(who, ctx.language)))
    return found


def export(ctx: Ctx, request: Request) -> Response:
    """The same as CSV, at most 50,000 lines; needs the right to export besides. Noted like everything else."""
    if "export" not in ctx.actor.rights:
        raise Forbidden(_("None of your roles may export data."))
    asked = _read(request)
    rows = _rows(ctx, asked, MOST_EXPORTED, None)
    _placement, home = current_app.extensions["fangyuan"].tenants.get(ctx.tenant.slug)
    with home.write() as conn:
        audit.note(replace(ctx, conn=conn), "audit.exported", None, {"n": len(rows)})
    response = current_app.response_class("".join(_lines(ctx, rows)), mimetype="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="audit-{ctx.now:%Y%m%d}.csv"'
    return response


def _lines(ctx: Ctx, rows: Sequence[Any]) -> Iterator[str]:
    yield "\ufeff" + _line([to_text(w, ctx.language) for w in (_("When"), _("Done by"), _("What was done"), _("Details"), _("Kind"), _("Channel"), _("Address"))])
    for at in range(0, len(rows), 500):
        part = rows[at : at + 500]
        for row, (words, more, who) in zip(part, _told(ctx, part), strict=True):
            yield _line([row.at.astimezone(ctx.zone).strftime("%Y-%m-%d %H:%M:%S"), who, words, more, row.kind, row.channel, row.address or ""])


def _line(cells: Sequence[str]) -> str:
    """One line of the file; nothing in it is a formula to a spreadsheet (D19)."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow([escape(cell) for cell in cells])
    return out.getvalue()
