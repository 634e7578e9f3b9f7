"""The approver's inbox, and the page of one case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Request

from kernel import fieldtypes
from kernel.fieldtypes.ids import is_id
from kernel.i18n import Text, _
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from runtime.approvals import case as store
from runtime.approvals import panel, sight
from runtime.approvals.case import Case
from runtime.forms.prepare import prepared, reader_of
from runtime.forms.shown import display
from runtime.forms.when import moment_text
from runtime.records import history, road
from runtime.records.labels import Wanted, resolve
from runtime.records.shape import shape_of
from runtime.records.titles import title_of
from runtime.web.approvals import shown
from runtime.web.sight import base_of, files_in, surroundings

TABS: tuple[tuple[str, Text], ...] = (("waiting", _("Waiting for me")), ("decided", _("Decided by me")), ("mine", _("Asked by me")))
PAGE = 50


def inbox(ctx: Ctx, request: Request) -> Page:
    """What waits, what I decided, what I asked for. Several can be decided at once."""
    tab = request.args.get("tab", "waiting")
    tab = tab if tab in dict(TABS) else "waiting"
    before = request.args.get("before", "")
    found = panel.mine(ctx, tab, PAGE + 1, before if is_id(before) else None)
    base = f"{base_of(ctx)}/approvals"
    tabs = [
        {"label": label, "href": base if key == "waiting" else f"{base}?tab={key}", "active": key == tab, "alert": True,
         "count": panel.count_waiting(ctx) if key == "waiting" else None}
        for key, label in TABS]
    more = f"{base}?tab={tab}&before={found[PAGE - 1].case.id}" if len(found) > PAGE else None
    context = {"tabs": tabs, "tab": tab, "rows": [_row(ctx, v) for v in found[:PAGE]], "more": more, "approvals_url": base}
    return Page("runtime/approvals/inbox.html", context)


def _row(ctx: Ctx, view: panel.CaseView) -> dict[str, Any]:
    entity = ctx.app.entities.get(view.case.entity)
    return {**shown.case(ctx, view), "kind": entity.label if entity else ""}


def show(ctx: Ctx, request: Request, id: str) -> Page:
    """One case: what is asked, the record as far as its approvers see it, who said what, and what I may do. Raises NotFound."""
    case = store.load(ctx, id)
    sight.require(ctx, case)
    (view,) = panel.views(ctx, [case])
    reads = sight.reads(ctx, case)
    gone = case.entity not in ctx.app.entities
    rows = [] if gone or (not case.under_way and not reads) else record_rows(ctx, case)
    context = {
        "c": shown.case(ctx, view), "rows": rows, "reads": reads, "asks": [] if gone else asks_rows(ctx, case),
        "kind": ctx.app.entities[case.entity].label if not gone else "", "changed": changes(ctx, case) if reads and case.round > 1 else [],
        "approvals_url": f"{base_of(ctx)}/approvals"}
    return Page("runtime/approvals/case.html", context)


def record_rows(ctx: Ctx, case: Case) -> list[dict[str, Any]]:
    """The fields an approver sees: those the transition shows, else title and key facts; by the right of the seat, not of the reader."""
    entity = ctx.app.entities[case.entity]
    shape = shape_of(ctx.release, case.entity)
    there = sight.as_system(ctx)
    record = road.load(there, case.entity, case.record_id)
    keys = [k for k in case.definition.get("shows") or () if k in entity.by_key]
    if not keys:
        keys = [k for k in dict.fromkeys((*title_of(shape).keys, *(f.split(".")[0] for f in entity.facts))) if k in entity.by_key]
    wanted = Wanted()
    wanted.add_record(shape, record, frozenset(keys))
    names = resolve(there, wanted)
    values = _values(there, case, record, keys)
    around = surroundings(ctx, names, files_in(ctx, entity, [{k: values.get(k) for k in keys}]))
    found = []
    for key in keys:
        field = entity.by_key[key]
        if field.type not in fieldtypes.BUILTIN or field.type == "referring":
            continue
        value = values.get(key)
        if value is None or value == ():
            continue
        found.append({"key": key, "label": field.label, "value": display(prepared(ctx, field), value, around), "wide": field.type in ("rows", "long_text")})
    return found


def _values(ctx: Ctx, case: Case, record: Any, keys: list[str]) -> Mapping[str, Any]:
    """Stored values, and those worked out at the moment of reading."""
    from runtime.records.derive import value_of
    from runtime.records.env import RecordEnv, Scene

    shape = shape_of(ctx.release, case.entity)
    env = RecordEnv(Scene(ctx), shape, record)
    late = {s.key: value_of(s, env, reader_of(ctx)) for s in shape.virtual if s.key in keys}
    return {**record.values, **late}


def asks_rows(ctx: Ctx, case: Case) -> list[dict[str, Any]]:
    """What was answered with the request."""
    found = ctx.app.transition(case.entity, case.transition)
    given = case.input.get("asks") or {}
    if found is None or not given:
        return []
    from runtime.web.entries import value_of

    around = surroundings(ctx, {})
    return [
        {"key": f.key, "label": f.label, "value": display(prepared(ctx, f), value, around), "wide": False}
        for f in found[1].asks if f.key in given and f.type in fieldtypes.BUILTIN and (value := value_of(ctx, f, given[f.key])) is not None]


def changes(ctx: Ctx, case: Case) -> list[tuple[Any, str, str, str]]:
    """What changed in the record since it was first asked, for readers who may see the record: (label, old, new, when)."""
    from runtime.web.entries import _changes

    entity = ctx.app.entities[case.entity]
    around = surroundings(ctx, {})
    found = []
    for entry in history.of(ctx, case.entity, case.record_id, 20):
        if entry.at < case.requested_at:
            break
        if entry.kind in ("update", "assign"):
            for item in entry.changes:
                found += [(label, old, new, moment_text(entry.at, around.reader)) for label, old, new in _changes(ctx, entity, entry, item, around)]
    return found
