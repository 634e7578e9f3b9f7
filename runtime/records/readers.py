"""Which other people may read a record: the same rights as everywhere, asked in their names."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from kernel.permissions import rights_of
from kernel.platform import actors
from kernel.platform.ctx import Actor, Ctx
from runtime.records.env import RecordEnv, Scene
from runtime.records.record import Record
from runtime.records.shape import shape_of


class Readers:
    """Some people as they are now, asked about any number of records.

    A fixed number of statements, whatever the number of people and records; roles and row rights that are formulas add their own.
    """

    def __init__(self, ctx: Ctx, people: Iterable[str]) -> None:
        self.ctx, self.people = ctx, frozenset(people)

    @cached_property
    def actors(self) -> dict[str, Actor]:
        """Those who may sign in."""
        ctx = self.ctx
        found = actors.identify_all(ctx.conn, ctx.release, self.people, tenant=ctx.tenant, now=ctx.now) if self.people else {}
        return {id_: identity.actor(ctx.tenant) for id_, identity in found.items()}

    def who(self, record: Record, people: Iterable[str], field: str | None = None) -> frozenset[str]:
        """Those of ``people`` who may sign in and see the (whole, loaded) record now, and this field of it if one is named."""
        shape = shape_of(self.ctx.release, record.entity)
        found = set()
        for id_ in people:
            actor = self.actors.get(id_)
            if actor is None:
                continue
            rights = rights_of(self.ctx.release, actor).entity(record.entity)
            # A formula may ask for "me": it looks at the record with that person's eyes.
            env = RecordEnv(Scene(self.ctx.acting(actor=actor)), shape, record)
            if rights.any("read") and rights.may("read", env) and (field is None or field in rights.readable(env)):
                found.add(id_)
        return frozenset(found)


def who_may_read(ctx: Ctx, record: Record, people: Iterable[str], field: str | None = None) -> frozenset[str]:
    """As :meth:`Readers.who`, for one record."""
    wanted = list(people)
    return Readers(ctx, wanted).who(record, wanted, field)
