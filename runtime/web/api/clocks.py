"""The clocks of a record over the API: what is promised, until when, and the ledger from which that can be recomputed."""

from __future__ import annotations

from typing import Any

from flask import Request
from werkzeug.wrappers import Response

from kernel.i18n import to_text
from kernel.platform.ctx import Ctx
from kernel.web.routes import json_response
from runtime.clocks import reading as clocks
from runtime.records import reading
from runtime.web.api.records import known
from runtime.web.api.wire import instant


def of_record(ctx: Ctx, request: Request, entity: str, id: str) -> Response:
    """Every clock of the record, open ones first."""
    known(ctx, entity)
    seen = reading.get(ctx, entity, id)
    return json_response({"items": [_json(ctx, one) for one in clocks.of_record(ctx, entity, id, seen.readable)]})


def _json(ctx: Ctx, seen: clocks.SeenClock) -> dict[str, Any]:
    row, language = seen.row, ctx.language
    why = clocks.explain(ctx, row)
    return {
        "id": row.id, "clock": row.policy, "label": to_text(seen.label, language), "state": row.state, "tone": seen.tone, "started_at": instant(row.started_at),
        "due_at": instant(row.due_at), "breached_at": instant(row.breached_at), "ended_at": instant(row.ended_at), "target": int(row.target.total_seconds()),
        "late": None if row.late is None else int(row.late.total_seconds()), "calendar": row.calendar, "release": why.release, "provisional": why.provisional,
        "counted": int(why.counted.total_seconds()), "left": int(why.left.total_seconds()) if row.open else None,
        "segments": [{
            "kind": s.kind, "from": instant(s.start), "to": instant(s.end), "seconds": s.length.total_seconds(),
            **({"days": [{"on": d.on.isoformat(), "kind": d.kind} for d in s.days]} if s.days else {}), **({"why": to_text(s.why, language)} if s.why else {}),
        } for s in why.segments],
        "steps": [{"label": to_text(s.label, language), "at": instant(s.at), "done": s.done, "late": None if s.late is None else int(s.late.total_seconds())} for s in why.steps],
        "plans": [{"at": p["at"].replace("+00:00", "Z"), "why": p["why"]} for p in why.plans],
    }
