"""Hidden data deleted for good: a separate, confirmed act."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, text, update

from builder.changes.ops import Purge
from builder.publish import store
from builder.publish.publish import hurry
from kernel.errors import Conflict, NotFound
from kernel.i18n import Labels, _
from kernel.platform import releases
from kernel.platform import tables as t
from kernel.platform.clock import Clock
from kernel.platform.database import Home


@dataclass(frozen=True)
class HiddenData:
    """What could be purged: the columns of a field, or a table."""

    uid: str
    table: str
    columns: tuple[str, ...]  # empty: the whole table
    retired_at: datetime

    def operation(self) -> Purge:
        return Purge(self.uid, Labels({}, self.uid), self.table, self.columns)


def hidden_data(home: Home) -> list[HiddenData]:
    """Everything hidden and not purged, oldest first; columns of a hidden table go with it."""
    c = t.retired_column.c
    with home.read() as conn:
        rows = conn.execute(
            select(c.table_name, c.column_name, c.uid, c.retired_at).where(c.purged_at.is_(None)).order_by(c.retired_at, c.table_name, c.column_name)
        ).all()
    whole = {row.table_name for row in rows if row.column_name == store.WHOLE}
    found: dict[tuple[str, str], HiddenData] = {}
    for row in rows:
        if row.column_name == store.WHOLE:
            found[row.uid, row.table_name] = HiddenData(row.uid, row.table_name, (), row.retired_at)
        elif row.table_name not in whole:
            before = found.get((row.uid, row.table_name))
            found[row.uid, row.table_name] = HiddenData(row.uid, row.table_name, (*(before.columns if before else ()), row.column_name), row.retired_at)
    return list(found.values())


def purge(home: Home, uid: str, *, clock: Clock) -> Purge:
    """Delete the hidden data of an element. Raises NotFound when there are none, Conflict while a release in force or a
    valid preview uses them."""
    chosen = [h for h in hidden_data(home) if h.uid == uid]
    if not chosen:
        raise NotFound(_("Nothing hidden belongs to “{uid}”.", uid=uid))
    now = clock.now()
    with home.write() as conn:
        hurry(conn)
        store.lock(conn)
        current = releases.current(conn)
        r = t.release.c
        previews = conn.execute(select(r.columns).where(r.kind == "preview", r.expires_at > now)).scalars().all()
        if any(uid in columns for columns in (current.columns, *previews)) and any(
            _in_use(columns.get(uid), h) for columns in (current.columns, *previews) for h in chosen
        ):
            raise Conflict(_("These data are in use again."), hint=_("Remove the element first, or wait until previews have expired."))
        for hidden in chosen:
            if hidden.columns:
                for column in hidden.columns:
                    for index in _indexes(conn, hidden.table, column):
                        conn.execute(text(f'DROP INDEX IF EXISTS "{index}"'))
                    conn.execute(text(f'ALTER TABLE "{hidden.table}" DROP COLUMN "{column}"'))
            else:
                conn.execute(text(f'DROP TABLE "{hidden.table}"'))
            c = t.retired_column.c
            rows = update(t.retired_column).where(c.table_name == hidden.table, c.purged_at.is_(None))
            conn.execute((rows.where(c.column_name.in_(hidden.columns)) if hidden.columns else rows).values(purged_at=now))
        store.write_event(conn, now, "data_purged", {"uid": uid, "tables": [h.table for h in chosen]})
    return chosen[0].operation()


def _in_use(name: str | None, hidden: HiddenData) -> bool:
    return name is not None and (name in hidden.columns if hidden.columns else name == hidden.table)


def _indexes(conn: object, table: str, column: str) -> list[str]:
    from sqlalchemy import inspect

    schema = conn.get_execution_options().get("schema_translate_map", {}).get(None)  # type: ignore[attr-defined]
    return [str(i["name"]) for i in inspect(conn).get_indexes(table, schema=schema) if column in i["column_names"]]
