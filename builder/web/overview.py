"""What the application consists of."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Request

from builder.checks.finding import Finding
from builder.checks.run import check_tree
from builder.web import words
from builder.web.frame import is_system, page, published
from kernel.errors import Message
from kernel.model.application import Application
from kernel.model.elements import Entity
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page

_KEPT = "_design_findings"
# An application never changes, so its findings are kept beside it, as the expressions it typed are.


@dataclass(frozen=True, slots=True)
class Card:
    """A kind of record on the overview. ``states``: (label, tone) of its first workflow; ``readers``: roles that may see it."""

    entity: Entity
    fields: int
    states: tuple[tuple[Message, str], ...]
    readers: tuple[Message, ...]
    everybody: bool
    system: bool


def overview(ctx: Ctx, request: Request) -> Page:
    """``/design/``"""
    app = ctx.app
    cards = [_card(app, e) for e in app.entities.values()]
    return page(ctx, "overview.html", {
        "own": [c for c in cards if not c.system], "system": [c for c in cards if c.system], "app": app,
        "option_sets": sorted(app.option_sets.values(), key=lambda o: o.label.to(ctx.language)),
        "latest": next(iter(published(ctx, 1)), None), "moment": lambda at: words.moment(at, ctx.zone), "findings": findings(ctx),
        "roles": [(role, [words.CAN[c] for c in role.can if c in words.CAN]) for role in app.roles.values()],
    }, place="")


def _card(app: Application, entity: Entity) -> Card:
    machine = app.first_machine(entity.key)
    readers = [role for role in app.roles.values() if (right := role.by_entity.get(entity.key)) is not None and right.read != "none"]
    return Card(
        entity, len(entity.fields), tuple((s.label, words.state_tone(machine, s)) for s in machine.states) if machine else (),
        tuple(r.label for r in readers), bool(readers) and len(readers) == len(app.roles), is_system(app, entity))


def findings(ctx: Ctx) -> tuple[Finding, ...]:
    """What the checks say about the application in force; worked out once per application and process."""
    known: dict[str, tuple[Finding, ...]] = ctx.app.__dict__
    if _KEPT not in known:
        known[_KEPT] = tuple(f for f in check_tree(ctx.app.tree) if f.severity != "info")
    return known[_KEPT]
