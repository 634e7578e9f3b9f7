"""The clocks of a record over the API: what is promised, until when, and the ledger from which that can be recomputed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Request
from werkzeug.wrappers import Response

from kernel.errors import Invalid, Problem
from kernel.i18n import Labels, _, to_text
from kernel.platform.ctx import Ctx
from kernel.web.routes import json_response
from runtime.clocks import reading as clocks
from runtime.clocks.find import Wanted, find
from runtime.clocks.sql import STATES
from runtime.clocks.trouble import words as why_not
from runtime.records import reading
from runtime.web.api.records import known
from runtime.web.api.wire import instant

MOMENTS = ("due_before", "due_after", "ended_after", "ended_before")


def of_record(ctx: Ctx, request: Request, entity: str, id: str) -> Response:
    """Every clock of the record, open ones first."""
    known(ctx, entity)
    seen = reading.get(ctx, entity, id)
    return json_response({"items": [_json(ctx, one) for one in clocks.of_record(ctx, entity, id, seen.readable)]})


def search(ctx: Ctx, request: Request) -> Response:
    """Clocks of every record the caller may read: what is due first comes first."""
    asked = _asked(ctx, request)
    found, cursor = find(ctx, asked)
    return json_response({"items": [_short(ctx, one, labels) for one, labels in found], "next_cursor": cursor})


def _asked(ctx: Ctx, request: Request) -> Wanted:
    """Raises Invalid with everything that can't be read."""
    args = request.args
    problems: list[Problem] = []
    unknown = sorted(set(args) - {"policy", "entity", "record", "state", "owner", "limit", "cursor", *MOMENTS})
    problems += [Problem("unknown_parameter", _("There is no parameter {name}.", name=name[:50]), name[:50]) for name in unknown]
    states = tuple(s for text in args.getlist("state") for s in text.split(",") if s)
    problems += [
        Problem("unknown_state", _("There is no state {name} of clocks.", name=s[:50]), "state", _("Choose from: {names}", names=list(STATES)))
        for s in states if s not in STATES]
    moments: dict[str, datetime | None] = {}
    for name in MOMENTS:
        moments[name] = None
        if name in args:
            try:
                moments[name] = datetime.fromisoformat(args[name].replace(" ", "+"))
                if moments[name].tzinfo is None:  # type: ignore[union-attr]
                    raise ValueError
            except ValueError:
                problems.append(Problem("bad_instant", _("This is no moment: {text}", text=args[name][:40]), name, _("Write it like 2026-11-24T09:00:00Z.")))
    limit = args.get("limit", "50")
    if not limit.isdecimal() or not 1 <= int(limit) <= 500:
        problems.append(Problem("bad_limit", _("limit is a number from 1 to {most}.", most=500), "limit"))
    if problems:
        raise Invalid(problems)
    owner = args.get("owner") or None
    policies = tuple(s for text in args.getlist("policy") for s in text.split(",") if s)
    return Wanted(
        policies, args.get("entity") or None, args.get("record") or None, states, moments["due_before"], moments["due_after"], moments["ended_after"],
        moments["ended_before"], ctx.actor.person if owner == "me" else owner, int(limit), args.get("cursor") or None)


def _short(ctx: Ctx, seen: clocks.SeenClock, label: str | None) -> dict[str, Any]:
    row = seen.row
    return {
        "id": row.id, "clock": row.policy, "label": to_text(seen.label, ctx.language), "entity": row.entity, "record": {"id": row.record, "label": label},
        "state": row.state, "tone": seen.tone, "started_at": instant(row.started_at), "due_at": instant(row.due_at), "warns_at": instant(seen.warns_at),
        "breached_at": instant(row.breached_at), "ended_at": instant(row.ended_at), "target": int(row.target.total_seconds()),
        "late": None if row.late is None else int(row.late.total_seconds()), "paused": int(seen.paused(ctx.now).total_seconds()), "calendar": row.calendar,
        "release": row.release_id, "provisional": bool(row.definition.get("provisional"))}


def _json(ctx: Ctx, seen: clocks.SeenClock) -> dict[str, Any]:
    row, language = seen.row, ctx.language
    why = clocks.explain(ctx, row)
    return {
        "id": row.id, "clock": row.policy, "label": to_text(seen.label, language), "state": row.state, "tone": seen.tone, "started_at": instant(row.started_at),
        "due_at": instant(row.due_at), "breached_at": instant(row.breached_at), "ended_at": instant(row.ended_at), "target": int(row.target.total_seconds()),
        "late": None if row.late is None else int(row.late.total_seconds()), "paused": int(seen.paused(ctx.now).total_seconds()), "calendar": row.calendar,
        "release": why.release, "provisional": why.provisional,
        "counted": int(why.counted.total_seconds()), "left": int(why.left.total_seconds()) if row.open else None,
        "segments": [{
            "kind": s.kind, "from": instant(s.start), "to": instant(s.end), "seconds": s.length.total_seconds(),
            **({"days": [{"on": d.on.isoformat(), "kind": d.kind} for d in s.days]} if s.days else {}), **({"why": _why(s.why, language)} if s.why else {}),
        } for s in why.segments],
        "steps": [{"label": to_text(s.label, language), "at": instant(s.at), "done": s.done, "late": None if s.late is None else int(s.late.total_seconds())} for s in why.steps],
        **_refusal(row.definition, language),
        "plans": [{"at": p["at"].replace("+00:00", "Z"), "why": p["why"]} for p in why.plans],
    }


def _refusal(definition: Mapping[str, Any], language: str) -> dict[str, str]:
    fault = definition.get("fault")
    return {} if fault is None else {"refusal": to_text(why_not(str(fault.get("at")), str(fault.get("code"))), language)}


def _why(why: Any, language: str) -> str:
    return to_text(Labels(why, "") if isinstance(why, Mapping) else why, language)
