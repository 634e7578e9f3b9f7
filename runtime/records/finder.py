"""How forgiving text (forms, imports) finds the record it names."""

from __future__ import annotations

from sqlalchemy import select

from kernel.fieldtypes.ids import is_id
from kernel.permissions import rights_of
from kernel.platform.ctx import Ctx
from runtime.records.shape import shape_of


class Finder:
    """Records by id, or by the text of their first title field, among those the actor may read."""

    def __init__(self, ctx: Ctx) -> None:
        self.ctx = ctx

    def find(self, entity: str, text: str) -> str | None:
        """The id; None when nothing or more than one thing bears the name."""
        from runtime.records.sqlscope import RecordScope
        from runtime.records.titles import title_of

        written = text.strip()
        if is_id(written.lower()):
            return written.lower()
        if entity not in self.ctx.app.entities:
            return None
        shape = shape_of(self.ctx.release, entity)
        rights = rights_of(self.ctx.release, self.ctx.actor)
        key = next((k for k in title_of(shape).keys if k in rights.queryable(entity) and shape.fields[k].columns), None)
        if key is None:
            return None
        scope = RecordScope(self.ctx, shape, shape.table)
        query = (
            select(shape.table.c.id)
            .where(shape.fields[key].columns[0] == written, shape.table.c.deleted_at.is_(None), rights.where("read", entity, scope))
            .limit(2)
        )
        found = self.ctx.conn.execute(query).scalars().all()
        return found[0] if len(found) == 1 else None
