"""The search table: FTS5 on SQLite, a tsvector with GIN on PostgreSQL. Same columns: entity, record_id, field, body.

``body`` is text we cut into words and bigrams ourselves, separated by blanks, so both sides only split at blanks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, bindparam, text

_SQLITE = (
    "CREATE VIRTUAL TABLE search USING fts5(entity UNINDEXED, record_id UNINDEXED, field UNINDEXED, body, tokenize='unicode61')",
    # FTS5 can't index its unindexed columns: rows of a record are found through this table.
    "CREATE TABLE search_row (id INTEGER PRIMARY KEY, record_id TEXT NOT NULL, field TEXT NOT NULL)",
    "CREATE INDEX ix_search_row_record_id ON search_row (record_id, field)",
    "CREATE TRIGGER search_row_gone AFTER DELETE ON search_row BEGIN DELETE FROM search WHERE rowid = old.id; END",
)
_POSTGRESQL = (
    'CREATE TABLE search (entity text COLLATE "C" NOT NULL, record_id varchar(36) COLLATE "C" NOT NULL,'
    ' field text COLLATE "C" NOT NULL, body tsvector NOT NULL)',
    "CREATE INDEX ix_search_body ON search USING gin (body)",
    "CREATE INDEX ix_search_record_id ON search (record_id, field)",
)


def create(conn: Connection) -> None:
    """Make the empty search table of a tenant."""
    for statement in _SQLITE if conn.dialect.name == "sqlite" else _POSTGRESQL:
        conn.execute(text(statement))


def replace(conn: Connection, entity: str, record_id: str, bodies: Mapping[str, str]) -> None:
    """Make ``bodies`` (words separated by blanks, per field) what can be found of these fields; an empty body removes the field."""
    remove(conn, record_id, bodies)
    rows = [
        {"entity": entity, "record_id": record_id, "field": field, "body": body} for field, body in bodies.items() if body
    ]
    if conn.dialect.name != "sqlite":
        if rows:
            conn.execute(_PG_INSERT, rows)
        return
    for row in rows:
        id_ = conn.execute(_ROW_INSERT, row).scalar_one()
        conn.execute(_FTS_INSERT, row | {"id": id_})


def remove(conn: Connection, record_id: str, fields: Iterable[str] | None = None) -> None:
    """Forget what can be found of a record, or of some of its fields."""
    table = "search_row" if conn.dialect.name == "sqlite" else "search"
    if fields is None:
        conn.execute(text(f"DELETE FROM {table} WHERE record_id = :record_id"), {"record_id": record_id})
        return
    names = list(fields)
    if names:
        statement = text(f"DELETE FROM {table} WHERE record_id = :record_id AND field IN :fields").bindparams(
            bindparam("fields", expanding=True))
        conn.execute(statement, {"record_id": record_id, "fields": names})


_ROW_INSERT = text("INSERT INTO search_row (record_id, field) VALUES (:record_id, :field) RETURNING id")
_FTS_INSERT = text("INSERT INTO search (rowid, entity, record_id, field, body) VALUES (:id, :entity, :record_id, :field, :body)")
_PG_INSERT = text(
    "INSERT INTO search (entity, record_id, field, body) VALUES (:entity, :record_id, :field, to_tsvector('pg_catalog.simple', :body))")
