"""Which other people may read a record: the same rights as everywhere, asked in their names."""

from __future__ import annotations

from collections.abc import Iterable

from kernel.permissions import rights_of
from kernel.platform import actors
from kernel.platform.ctx import Ctx
from runtime.records.env import RecordEnv, Scene
from runtime.records.record import Record
from runtime.records.shape import shape_of


def who_may_read(ctx: Ctx, record: Record, people: Iterable[str], field: str | None = None) -> frozenset[str]:
    """Those of ``people`` who may sign in and see the (whole, loaded) record now, and this field of it if one is named.

    A fixed number of statements, whatever the number of people; roles and row rights that are formulas add their own.
    """
    shape = shape_of(ctx.release, record.entity)
    found = set()
    for id_, identity in actors.identify_all(ctx.conn, ctx.release, people, tenant=ctx.tenant, now=ctx.now).items():
        actor = identity.actor(ctx.tenant)
        rights = rights_of(ctx.release, actor).entity(record.entity)
        # A formula may ask for "me": it looks at the record with that person's eyes.
        env = RecordEnv(Scene(ctx.acting(actor=actor)), shape, record)
        if rights.any("read") and rights.may("read", env) and (field is None or field in rights.readable(env)):
            found.add(id_)
    return frozenset(found)
