"""Derived fields of the records there are, worked out again after a release changed their formula."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from kernel.platform.clock import Clock
from kernel.platform.ctx import Tenant, system_ctx
from kernel.platform.database import Home
from kernel.platform.releases import Release
from kernel.platform.tenants import state
from runtime.records.dependents import recalculate
from runtime.records.shape import shape_of

CHUNK = 500


class Refill:
    """The builder's port ``Fills``: in pieces, each in a transaction of its own, so that nobody waits long. Safe to repeat."""

    def fill(self, home: Home, clock: Clock, release: Release, entity: str, fields: Sequence[str]) -> int:
        """Every derived value of the entity's records; ``fields`` say which formulas changed, what follows from them moves too.

        Returns the number of records looked at. A change stands in their history with the release as its reason.
        """
        if entity not in release.application.entities:
            return 0
        looked_at, last = 0, ""
        while True:
            with home.write() as conn:
                settings = state(conn)
                tenant = Tenant("", str(settings.get("name") or ""), settings, home.key)
                ctx = system_ctx(tenant, conn, clock, "release", release)
                shape = shape_of(release, entity)
                ids = list(conn.execute(select(shape.table.c.id).where(shape.table.c.id > last).order_by(shape.table.c.id).limit(CHUNK)).scalars())
                if not ids:
                    return looked_at
                recalculate(ctx, shape, ids, {"because": {"release": release.id, "fields": list(fields)}})
            looked_at, last = looked_at + len(ids), ids[-1]
