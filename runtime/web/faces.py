"""What stands on a card of a board, calendar, timeline or gallery: title, a few facts, an amount, whose it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from markupsafe import Markup

from kernel import fieldtypes
from kernel.i18n import _, to_text
from kernel.permissions import rights_of
from kernel.platform.ctx import Ctx
from runtime.forms.prepare import reader_of
from runtime.forms.shown import Surroundings, short
from runtime.records.query import Item, Listing
from runtime.web import clocks
from runtime.web.columns import Column, avatar, column_of, columns_of, keys, looked_up
from runtime.web.lists import Asked
from runtime.web.sight import surroundings

NOTES = 3


@dataclass(frozen=True, slots=True)
class Face:
    """A card's words."""

    id: str
    title: str
    href: str
    version: int
    notes: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    amount: str | None
    person: str | None
    avatar: Markup | None
    clock: Markup | None = None

    @property
    def note(self) -> str | None:
        """The notes in one line."""
        return " · ".join(self.notes) or None


class Faces:
    """Makes the cards of one answer. ``keys`` are the fields they need."""

    def __init__(self, ctx: Ctx, asked: Asked, without: Sequence[str] = ()) -> None:
        self.ctx, self.asked = ctx, asked
        readable = rights_of(ctx.release, ctx.actor).entity(asked.entity.key).readable_ever()
        look = asked.shown
        self.chosen = bool(look.view is not None and look.view.card)
        if look.card:
            found = [c for name in look.card if (c := column_of(ctx, asked.entity, name, asked.machine, readable)) is not None]
        else:
            found = columns_of(ctx, asked.entity, None, asked.machine, readable)
        self.columns = [c for c in found if c.prepared is not None and c.path[0] not in without and _fits(c)]
        self.keys = keys(self.columns)
        self.reader = reader_of(ctx)

    def of(self, found: Listing) -> tuple[list[Face], Surroundings]:
        """The cards, and the surroundings in which they were made; one statement more per reference that is looked through."""
        records = [i.record for i in found.items]
        through = [c for c in self.columns if len(c.path) == 2]
        extra, more = looked_up(self.ctx, self.asked.entity, through, records) if through else ({}, {})
        around = surroundings(self.ctx, {**found.labels, **more})
        pills = clocks.pills(self.ctx, self.asked.entity.key, {i.record.id: i.readable for i in found.items}, around.reader)
        return [replace(self._face(item, around, extra.get(item.record.id) or {}), clock=pills.get(item.record.id)) for item in found.items], around

    def _face(self, item: Item, around: Surroundings, extra: Mapping[str, Any]) -> Face:
        record = item.record
        notes: list[str] = []
        facts: list[tuple[str, str]] = []
        amount = None
        for c in self.columns:
            assert c.prepared is not None
            value = extra.get(c.key) if len(c.path) > 1 else record.values.get(c.key) if c.path[0] in item.readable else None
            text = short(c.prepared, value, around)
            if not text:
                continue
            if c.end and amount is None:
                amount = text
            elif c.prepared.shape.type in ("date", "datetime") or c.end:
                if self.chosen and len(facts) < NOTES:
                    facts.append((to_text(c.label, self.ctx.language), text))
            elif len(notes) < (NOTES if self.chosen else 2):
                notes.append(text)
        owner = around.reader.label(record.owner) if record.owner else None
        return Face(
            record.id, item.title or _("Without a name").to(self.ctx.language), f"{self.asked.base}/{record.id}", record.version, tuple(notes), tuple(facts),
            amount, owner, avatar(owner, record.owner) if owner else None)


def _fits(column: Column) -> bool:
    assert column.prepared is not None
    shape = column.prepared.shape
    return shape.type in fieldtypes.BUILTIN and column.prepared.shape_type.group != "file" and shape.type not in ("rows", "referring", "references")
