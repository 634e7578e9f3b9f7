"""What people and programs see of automations on a record: which look at it, how each went last, and why; only what the reader may read (D12)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from kernel.errors import NotFound
from kernel.model.elements import Automation, Field
from kernel.platform import releases
from kernel.platform.ctx import Ctx
from kernel.platform.releases import Release
from runtime.automations import principal, rows
from runtime.automations.principal import Standing
from runtime.automations.rows import Run
from runtime.automations.rules import rules_of

_PLAIN = frozenset({"owner", "team", "state", "created_at", "created_by", "updated_at", "updated_by", "version", "state_since"})


@dataclass(frozen=True, slots=True)
class SeenRun:
    """A run for one reader. ``element``: the automation in its wording of then; ``inputs`` without values the reader may not read."""

    run: Run
    element: Automation
    release: Release
    inputs: tuple[tuple[str, Any, bool], ...]
    """Path, value, and whether the value may be seen."""
    open_error: bool


@dataclass(frozen=True, slots=True)
class Looking:
    """An automation that looks at a kind of record, and its last run for the record at hand."""

    element: Automation
    last: SeenRun | None
    ran: int
    paused: bool


def of_record(ctx: Ctx, entity: str, record: str, readable: Collection[str]) -> tuple[list[Looking], list[SeenRun]]:
    """Every automation that looks at this kind of record, and the record's runs, newest first. A fixed number of statements per release among them."""
    found = [_seen(ctx, run, readable) for run in rows.of_record(ctx, entity, record)]
    runs = [one for one in found if one is not None]
    known = principal.standings(ctx)
    looking = []
    for rule in rules_of(ctx.app).about(entity) if ctx.app.automations else ():
        own = [one for one in runs if one.run.uid == rule.uid]
        standing = known.get(rule.uid)
        looking.append(Looking(rule.element, own[0] if own else None, sum(one.run.state != rows.NOT_MET for one in own), standing is not None and standing.paused_at is not None))
    return looking, runs


def of_run(ctx: Ctx, id_: str, entity: str, record: str | None, readable: Collection[str]) -> SeenRun:
    """One run of this record. Raises NotFound."""
    run = rows.find(ctx, id_)
    seen = _seen(ctx, run, readable) if run is not None and run.entity == entity and run.record == record else None
    if seen is None:
        raise NotFound()
    return seen


def _seen(ctx: Ctx, run: Run, readable: Collection[str]) -> SeenRun | None:
    release = ctx.release
    if run.release_id != release.id:
        try:
            release = releases.load(ctx.conn, run.release_id)
        except NotFound:
            release = ctx.release
    element = release.application.by_uid.get(run.uid) or ctx.app.by_uid.get(run.uid)
    if not isinstance(element, Automation):
        return None
    inputs = tuple((str(i["path"]), i["value"] if _open(str(i["path"]), readable) else None, _open(str(i["path"]), readable)) for i in run.inputs)
    return SeenRun(run, element, release, inputs, _tells(ctx, run, readable))


def _open(path: str, readable: Collection[str]) -> bool:
    """Whether the reader may see the value of a path: the record's own fields only; what lies behind a reference has rights of its own."""
    own = path.removeprefix("old.")
    return "." not in own and (own in readable or own in _PLAIN)


def _tells(ctx: Ctx, run: Run, readable: Collection[str]) -> bool:
    """Whether the words of its error may be told: not where they speak of a field the reader may not see."""
    rule = str((run.error or {}).get("rule") or "").partition("#")[0]
    element = ctx.app.by_uid.get(rule)
    return not isinstance(element, Field) or (element.entity == run.entity and element.key in readable)


def fields_of(seen: SeenRun, line: Mapping[str, Any], readable: Collection[str]) -> Sequence[str]:
    """The fields that a step wrote, as far as the reader may know of them."""
    about = (line.get("record") or [None])[0]
    return [key for key in line.get("fields") or () if about == seen.run.entity and key.partition(".")[0] in readable]


@dataclass(frozen=True, slots=True)
class Kept:
    """An automation for administrators: how it stands, its runs of the last days by state."""

    element: Automation
    standing: Standing
    counts: Mapping[str, int]
    last: Any


def overview(ctx: Ctx, days: int = 7) -> list[Kept]:
    """Every automation of the release; three statements."""
    counts, last = rows.tally(ctx, ctx.now - timedelta(days=days))
    known = principal.standings(ctx)
    return [
        Kept(rule.element, known.get(rule.uid) or Standing(rule.uid, None, ctx.release.id, None), counts.get(rule.uid, {}), last.get(rule.uid))
        for rule in (rules_of(ctx.app).all if ctx.app.automations else ())]
